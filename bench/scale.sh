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


# shellcheck source=bench/alone.sh
. "$here/alone.sh"


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
    local number=$1 port

    at=$dir/$number
    mkdir "$at"
    head -c 1024 /dev/zero | tr '\0' x > "$at/1k"
    port=$(free_port)
    configure "$port"
    mfactl keys new > /dev/null

    redis_start
    "$build/bench/fill" $portal $((number / 10)) "$number" "$at/keys" \
        "$at/cookies" $((number < n_cookies ? number : n_cookies)) | redis_pipe
    visitor_add $portal visitor
    nginx_start
    url[$number]=http://127.0.0.1:$port
    patiently curl -sSf -c "$at/jar" -o "$at/page" "${url[$number]}/mfa/login"

    csrf[$number]=$(token_of "$at/page")
    jar[$number]=$(awk '$6 ~ /_login$/ { print $6 "=" $7 }' "$at/jar")
}


# ROUND WHAT NUMBER ARGUMENT-OF-WRK...
measure() {
    local round=$1 what=$2 number=$3 p50 said
    shift 3

    said=$(wrk -t 1 -c 1 -d "$seconds" --timeout 30 -s "$here/scale.lua" "$@")
    p50=$(measured "$what of $number" "$said")

    printf '%s\t%s\t%s\t%s\n' "$round" "$what" "$number" "$p50" \
        >> "$dir/samples"
}


turn() {
    local round=$1 number

    for number in "${numbers[@]}"; do
        measure "$round" gate "$number" "${url[$number]}/1k" -- \
            gate "$dir/$number/cookies" mfa_$portal
        measure "$round" login "$number" -H "Cookie: ${jar[$number]}" \
            "${url[$number]}/mfa/login" -- \
            login visitor $password "${csrf[$number]}"
    done
}


table() {
    echo '| sessions in Redis | gated request, µs | times the first |' \
        'login, µs | times the first |'
    echo '|---|---|---|---|---|'

    awk -v numbers="${numbers[*]}" -v rounds="$rounds" -f "$here/scale.awk" \
        -f /dev/stdin "$dir/samples" << 'EOF'
        END {
            k = split(numbers, number, " ")

            for (r = 1; r <= k; r++) {
                printf "| %d | %s | %s | %s | %s |\n", number[r],
                    time("gate", number[r]), share("gate", number[r]),
                    time("login", number[r]), share("login", number[r])
            }
        }
EOF
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
