#!/bin/bash
# Whether the console minds how many accounts there are: how long an admin waits
# for its home page, for a page of the list of users, and for what a search finds,
# with a hundred and with a hundred thousand of them (fill.c; one in ten has not
# set its factor up), and how many commands Redis is sent for each.  Prints a table
# in Markdown.
#
#   BENCH_CONSOLE="100 100000"
#   BENCH_ROUNDS=5       how often each is measured, by turns
#   BENCH_SECONDS=1      how long one measurement takes
#   MFA_BUILD=build      where the module, mfactl and fill were built
#
# Each number of accounts has a Redis and an nginx of its own, all there at the
# same time, so that what the machine does meanwhile hits all of them.
set -euo pipefail
umask 077

PATH=$PATH:/usr/sbin:/sbin

root=$(cd "$(dirname "$0")/.." && pwd)
here=$root/bench
build=$(cd "${MFA_BUILD:-$root/build}" && pwd)
rounds=${BENCH_ROUNDS:-5}
seconds=1
read -ra numbers <<< "${BENCH_CONSOLE:-100 100000}"

password=bench-password
counted=20
pids=()

# What is asked, below the console's path.
declare -A page=(
    [home]=''
    [list]='users?portal=user'
    [unenrolled]='users?portal=user&show=unenrolled'
    [search]='users?portal=user&q=user00000'
    [name]='users?portal=user&q=member'
)
order=(home list unenrolled search name)

# shellcheck source=bench/alone.sh
. "$here/alone.sh"


configure() {
    local port=$1

    cat > "$at/mfa.conf" << EOF
mfa_redis      "unix:$at/redis.sock";
mfa_keys       $at/keys;
mfa_templates  $root/lua-free-templates;
mfa_cache      off;

mfa_portal user {
    issuer  "Benchmark";
    cookie  secure=auto;
}

mfa_portal admin {
    issuer   "Benchmark";
    session  idle=1h absolute=12h;
    cookie   secure=auto;
}
EOF

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
    include             $at/mfa.conf;

    server {
        listen  127.0.0.1:$port;
        mfa     admin;

        location /mfa/          { mfa_pages; }
        location /mfa/console/  { mfa_console user admin; }
    }
}
EOF
}


# NUMBER; takes the factor from one account in ten and gives it a deadline between
# yesterday and in a month.
some_unenrolled() {
    awk -v n="$1" -v now="$(date +%s)" 'BEGIN {
        for (i = 5; i < n; i += 10) {
            key = sprintf("mfa:{user}:account:user%07d@example.com", i)
            print "HDEL " key " enrolled secret_id secret validated"
            print "HSET " key " deadline " now + 86400 * (i / 10 % 31 - 1)
        }
    }'
}


# NUMBER; Redis, its accounts, nginx, an admin who has logged in.
prepare() {
    local number=$1 port csrf

    at=$dir/$number
    mkdir "$at"
    port=$(free_port)
    configure "$port"
    mfactl keys new > /dev/null

    redis_start
    "$build/bench/fill" user "$number" 0 | redis_pipe
    some_unenrolled "$number" | redis_pipe
    mfactl doctor --reindex > /dev/null
    visitor_add admin root --role administrator_with_billing
    nginx_start

    url[$number]=http://127.0.0.1:$port/mfa/
    patiently curl -sSf -c "$at/jar" -o "$at/page" "${url[$number]}login"
    csrf=$(token_of "$at/page")
    curl -sS -b "$at/jar" -c "$at/jar" -o "$at/page" "${url[$number]}login" \
        -d "login=root&password=$password" --data-urlencode "csrf=$csrf"
    awk '$6 == "mfa_admin" { print $7 }' "$at/jar" > "$at/cookie"
    [ -s "$at/cookie" ] || die "nobody is logged in: $(< "$at/page")"
}


# NUMBER WHAT; its address.
address_of() {
    printf '%s' "${url[$1]}console/${page[$2]}"
}


# NUMBER; how many commands it has been sent, with this one.
commands() {
    redis-cli -s "$dir/$1/redis.sock" info stats \
        | sed -n 's/^total_commands_processed:\([0-9]*\).*/\1/p'
}


# NUMBER WHAT; commands for one page.  Asking is one of them itself.
count() {
    local number=$1 what=$2 before i
    local cookie

    cookie=mfa_admin=$(< "$dir/$number/cookie")
    before=$(commands "$number")

    for ((i = 0; i < counted; i++)); do
        curl -sSf -o "$dir/$number/page" -b "$cookie" \
            "$(address_of "$number" "$what")" || die "$what of $number"
    done

    grep -q 'data-mfa-page="console-' "$dir/$number/page" \
        || die "$what of $number is another page"
    awk -v n=$(($(commands "$number") - before - 1)) -v c=$counted \
        'BEGIN { printf "%.1f", n / c }'
}


turn() {
    local round=$1 number what said p50

    for what in "${order[@]}"; do
        for number in "${numbers[@]}"; do
            said=$(wrk -t 1 -c 1 -d "$seconds" --timeout 30 \
                -s "$here/scale.lua" "$(address_of "$number" "$what")" -- \
                gate "$dir/$number/cookie" mfa_admin)
            p50=$(measured "$what of $number" "$said")

            printf '%s\t%s\t%s\t%s\n' "$round" "$what" "$number" "$p50" \
                >> "$dir/samples"
        done
    done
}


table() {
    local number what

    for what in "${order[@]}"; do
        for number in "${numbers[@]}"; do
            printf 'count\t%s\t%s\t%s\n' "$what" "$number" \
                "$(count "$number" "$what")"
        done
    done > "$dir/counts"

    awk -v numbers="${numbers[*]}" -v order="${order[*]}" -v rounds="$rounds" \
        -f "$here/scale.awk" -f /dev/stdin "$dir/counts" "$dir/samples" << 'EOF'
        BEGIN {
            says["home"] = "home page"
            says["list"] = "list, first page"
            says["unenrolled"] = "list, those who have not set it up"
            says["search"] = "search: how a login begins"
            says["name"] = "search: a word that all names have"
        }

        END {
            n = split(order, whats, " ")
            k = split(numbers, number, " ")

            printf "| page |"
            for (i = 1; i <= k; i++) printf " %d accounts, µs |", number[i]
            for (i = 2; i <= k; i++) printf " times the first |"
            print " commands to Redis |"

            printf "|---|"
            for (i = 1; i <= 2 * k; i++) printf "---|"
            print ""

            for (w = 1; w <= n; w++) {
                what = whats[w]
                printf "| %s |", says[what]
                for (i = 1; i <= k; i++) printf " %s |", time(what, number[i])
                for (i = 2; i <= k; i++) printf " %s |", share(what, number[i])

                same = ""
                for (i = 1; i <= k; i++) {
                    same = same (i > 1 ? ", " : "") count[what, number[i]]
                }
                print " " same " |"
            }
        }
EOF
}


[ -x "$build/bench/fill" ] || die 'fill is missing: make bench-fill'

declare -A url
dir=$(mktemp -d)
trap stop EXIT

for number in "${numbers[@]}"; do
    prepare "$number"
done

for ((round = 0; round <= rounds; round++)); do
    turn $round
done

table
