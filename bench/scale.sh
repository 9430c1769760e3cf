#!/bin/bash
# Whether a million sessions make anything slower: how long one client waits for
# a gated request that is asked of Redis, and for a login, with a thousand, ten
# thousand, a hundred thousand and a million sessions there (fill.c; a tenth as
# many accounts).  Prints a table in Markdown.
#
#   BENCH_SCALE="1000 10000 100000 1000000"
#   BENCH_ROUNDS=5       how often each is measured, by turns
#   BENCH_SECONDS=2      how long one measurement takes
#   MFA_BUILD=build      where the module, mfactl and fill were built
#
# Each number of sessions has a Redis and an nginx of its own, all there at the
# same time, so that what the machine does meanwhile hits all of them.
set -euo pipefail
umask 077

PATH=$PATH:/usr/sbin:/sbin

root=$(cd "$(dirname "$0")/.." && pwd)
here=$root/bench
build=$(cd "${MFA_BUILD:-$root/build}" && pwd)
rounds=${BENCH_ROUNDS:-5}
seconds=${BENCH_SECONDS:-2}
read -ra numbers <<< "${BENCH_SCALE:-1000 10000 100000 1000000}"

portal=user
password=bench-password
n_cookies=1000
pids=()


die() {
    echo "bench: $*" >&2
    exit 1
}


# COMMAND..., until it succeeds.
patiently() {
    local i

    for ((i = 0; i < 100; i++)); do
        ! "$@" > /dev/null 2>&1 || return 0
        sleep 0.1
    done

    die "did not happen: $*"
}


stop() {
    [ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2> /dev/null || true
    wait 2> /dev/null || true
    rm -rf "$dir"
}


free_port() {
    local port=$((20000 + RANDOM % 10000))

    while (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do
        port=$((port + 1))
    done

    echo $port
}


mfactl() {
    "$build/mfactl" -c "$at/mfa.conf" "$@"
}


configure() {
    local port=$1

    cat > "$at/mfa.conf" << EOF
mfa_redis      "unix:$at/redis.sock";
mfa_keys       $at/keys;
mfa_templates  $root/lua-free-templates;

mfa_portal $portal {
    issuer  "Benchmark";
    limit   password=1000000/1d code=1000000/1d address=1000000/1d;
    cookie  secure=auto;
}
EOF

    # A request that the worker knows the answer to would measure nothing here.
    ! grep -q '"mfa_cache"' "$root"/ngx_http_mfa_module/nginx/*.c \
        || echo 'mfa_cache  off;' >> "$at/mfa.conf"

    cat > "$at/nginx.conf" << EOF
load_module $build/ngx_http_mfa_module.so;

worker_processes  1;
daemon     off;
pid        $at/nginx.pid;
error_log  $at/error.log warn;

events {
    worker_connections  256;
}

http {
    access_log          off;
    keepalive_requests  1000000000;
    root                $at;
    include             $at/mfa.conf;

    server {
        listen  127.0.0.1:$port;
        mfa     $portal;

        location = /1k  { }
        location /mfa/  { mfa_pages; }
    }
}
EOF
}


# NUMBER; Redis, its sessions, nginx, an account to log in with.
prepare() {
    local number=$1 said port nginx=(nginx -p "$dir/")

    at=$dir/$number
    mkdir "$at"
    head -c 1024 /dev/zero | tr '\0' x > "$at/1k"
    port=$(free_port)
    configure "$port"
    mfactl keys new > /dev/null

    redis-server --port 0 --unixsocket "$at/redis.sock" --dir "$at" --save '' \
        --appendonly no --hz 500 > "$at/redis.out" &
    pids+=($!)
    patiently redis-cli -s "$at/redis.sock" ping

    said=$("$build/bench/fill" $portal $((number / 10)) "$number" "$at/keys" \
        "$at/cookies" $((number < n_cookies ? number : n_cookies)) \
        | redis-cli -s "$at/redis.sock" --pipe | tail -n 1)
    [[ $said == 'errors: 0,'* ]] || die "$said"

    # As cheap as a hash can be that is not made anew at a login.
    # shellcheck disable=SC2016
    perl -e 'print crypt($ARGV[0], q($y$j75$benchbenchbe$)), "\n"' $password \
        | mfactl account add $portal visitor --password-hash-stdin > /dev/null

    # Its worker reads what only this user can.
    [ "$(id -u)" != 0 ] || nginx+=(-g 'user root;')
    "${nginx[@]}" -e "$at/error.log" -c "$at/nginx.conf" > "$at/nginx.out" 2>&1 &
    pids+=($!)
    url[number]=http://127.0.0.1:$port
    patiently curl -sSf -c "$at/jar" -o "$at/page" "${url[number]}/mfa/login"

    csrf[number]=$(sed -n 's/.*name="csrf" value="\([^"]*\)".*/\1/p' "$at/page" \
        | head -n 1)
    jar[number]=$(awk '$6 ~ /_login$/ { print $6 "=" $7 }' "$at/jar")
}


# ROUND WHAT NUMBER ARGUMENT-OF-WRK...
measure() {
    local round=$1 what=$2 number=$3 p50 requests otherwise said
    shift 3

    said=$(wrk -t 1 -c 1 -d "$seconds" --timeout 30 -s "$here/scale.lua" "$@")
    read -r p50 requests otherwise < <(sed -n 's/^RESULT //p' <<< "$said") \
        || die "$what: $said"
    [[ $requests -gt 0 && $otherwise -eq 0 ]] \
        || die "$what of $number: $otherwise of $requests answered otherwise"

    printf '%s\t%s\t%s\t%s\n' "$round" "$what" "$number" "$p50" \
        >> "$dir/samples"
}


turn() {
    local round=$1 number

    for number in "${numbers[@]}"; do
        measure "$round" gate "$number" "${url[number]}/1k" -- \
            gate "$dir/$number/cookies" mfa_$portal
        measure "$round" login "$number" -H "Cookie: ${jar[number]}" \
            "${url[number]}/mfa/login" -- \
            login visitor $password "${csrf[number]}"
    done
}


table() {
    echo '| sessions in Redis | gated request, µs | times the first |' \
        'login, µs | times the first |'
    echo '|---|---|---|---|---|'

    awk -v numbers="${numbers[*]}" -v rounds="$rounds" '
        # The median of list[1..rounds], with the least and the largest.
        function spread(format,    i, j, x) {
            for (i = 2; i <= rounds; i++) {
                x = list[i]
                for (j = i - 1; j > 0 && list[j] > x; j--) list[j + 1] = list[j]
                list[j + 1] = x
            }

            x = (list[int((rounds + 1) / 2)] + list[int(rounds / 2) + 1]) / 2

            return sprintf(format " (" format "–" format ")", x, list[1],
                           list[rounds])
        }

        function time(what, n,    i) {
            for (i = 1; i <= rounds; i++) list[i] = p50[i, what, n]

            return spread("%d")
        }

        function share(what, n,    i) {
            for (i = 1; i <= rounds; i++) {
                list[i] = p50[i, what, n] / p50[i, what, number[1]]
            }

            return spread("%.2f")
        }

        { p50[$1, $2, $3] = $4 }

        END {
            k = split(numbers, number, " ")

            for (r = 1; r <= k; r++) {
                printf "| %d | %s | %s | %s | %s |\n", number[r],
                    time("gate", number[r]), share("gate", number[r]),
                    time("login", number[r]), share("login", number[r])
            }
        }' "$dir/samples"
}


[ -x "$build/bench/fill" ] || die 'fill is missing: make bench-fill'

declare -A url csrf jar
dir=$(mktemp -d)
trap stop EXIT

for number in "${numbers[@]}"; do
    prepare "$number"
done

for ((round = 0; round <= rounds; round++)); do
    turn $round
done

table
