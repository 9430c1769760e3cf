#!/bin/bash
# What the gate costs: requests through it against the same requests without it
# and against two other ways of asking somebody about each request, and what
# logins do to everybody else.  README.md beside this file says how to read the
# result, which is printed and kept in build/bench/result.md.
#
#   BENCH_ROUNDS=5       how often everything is measured, by turns
#   BENCH_SECONDS=2      how long one measurement takes
#   BENCH_CALLGRIND=1    counts instructions, too
#   MFA_BUILD=build      where the module was built; all happens in its "bench"
set -euo pipefail
umask 077

PATH=$PATH:/usr/sbin:/sbin

root=$(cd "$(dirname "$0")/.." && pwd)
here=$root/bench
build=${MFA_BUILD:-$root/build}
rounds=${BENCH_ROUNDS:-5}
seconds=${BENCH_SECONDS:-2}

clients=64
login_clients=8
password=bench-password
notes=()

# shellcheck source=bench/machine.sh
. "$here/machine.sh"
# shellcheck source=bench/servers.sh
. "$here/servers.sh"
# shellcheck source=bench/callgrind.sh
. "$here/callgrind.sh"


die() {
    echo "bench: $*" >&2
    exit 1
}


files() {
    local site

    dir=$build/bench/run
    rm -rf "$dir"
    mkdir -p "$dir"
    build=$(cd "$build" && pwd)
    dir=$build/bench/run

    # The system's limit for the path of a socket is 107 bytes.
    [ ${#dir} -le 95 ] || die "the path $dir is too long for a socket"

    for site in static app basic; do
        mkdir -p "$dir/site/$site"
        head -c 1024 /dev/zero | tr '\0' x > "$dir/site/$site/1k"
    done

    ln -s "$root/lua-free-templates" "$dir/templates"
    cp "$root/examples/quickstart/redis.conf" "$dir/"
}


# Hundredths of a second the worker under test has computed.
worker_ticks() {
    awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$worker/stat"
}


# ROUND NAME CLIENTS URL [WRK-ARGUMENT...]; appends to the samples
# "ROUND NAME requests/s p50 p99 percent-of-a-core".
measure() {
    local round=$1 name=$2 n=$3 url=$4 before said requests usec p50 p99 failed
    shift 4

    before=$(worker_ticks)
    said=$(taskset -c "$other_cores" wrk -t 1 -c "$n" -d "$seconds" \
        --timeout 30 -s "$here/measure.lua" -H "Cookie: $session" "$url" "$@")
    read -r requests usec p50 p99 failed \
        < <(sed -n 's/^RESULT //p' <<< "$said") || die "$name: $said"

    [ "$failed" = 0 ] || die "$name: $failed requests failed"

    # Who got no answer at all has waited for one all the time.
    [ "$requests" != 0 ] || p50=$usec p99=$usec

    awk -v OFS='\t' -v round="$round" -v name="$name" -v n="$requests" \
        -v usec="$usec" -v p50="$p50" -v p99="$p99" \
        -v ticks=$(($(worker_ticks) - before)) \
        'BEGIN { print round, name, n / usec * 1e6, p50, p99,
                 ticks / usec * 1e6 }' >> "$dir/samples"
}


# Requests through every candidate, in an order that turns around.
throughput() {
    local round=$1 work name i n=${#candidates[@]}

    for work in static app; do
        for ((i = 0; i < n; i++)); do
            name=${candidates[round % 2 ? i : n - 1 - i]}
            measure "$round" "$work.$name" "$clients" \
                "http://127.0.0.1:${!name}/$work/1k"
        done
    done
}


# Clients that do nothing but log in.
hammer_start() {
    case $1 in
    none)
        hammer=
        return ;;
    login)
        set -- -H "Cookie: $form_cookie" "http://127.0.0.1:$gated/mfa/login" \
            -- visitor "$password" "$form_token" ;;
    basic)
        set -- -H "Authorization: Basic $(printf %s "bench:$password" | base64)" \
            "http://127.0.0.1:$ungated/basic/1k" ;;
    esac

    taskset -c "$other_cores" wrk -t 1 -c "$login_clients" -d 1h --timeout 60 \
        -s "$here/login.lua" "$@" > "$dir/hammer.out" 2>&1 &
    hammer=$!
    pids+=("$hammer")
    sleep 0.5
}

hammer_stop() {
    local round=$1 kind=$2 usec answered other

    [ "$hammer" ] || return 0

    kill -INT "$hammer"
    wait "$hammer" || true
    read -r usec answered other \
        < <(sed -n 's/^RESULT //p' "$dir/hammer.out") \
        || die "logins: $(cat "$dir/hammer.out")"
    [ "$other" = 0 ] || die "$other of the logins were answered otherwise"

    printf '%s\tlogins.%s\t%s\n' "$round" "$kind" \
        "$((answered * 1000000 / usec))" >> "$dir/samples"

    # What was under way when they were cut off is still worked at.
    sleep 0.5
}


# What others see of logins: ungated requests to the same worker.
stall() {
    local round=$1 kind url=http://127.0.0.1:$ungated/static/1k

    for kind in none login basic; do
        hammer_start $kind
        measure "$round" "full.$kind" "$clients" "$url"
        measure "$round" "light.$kind" 16 "$url" -- 8
        hammer_stop "$round" $kind
    done
}


result() {
    echo "# What ngx_http_mfa_module $(< "$root/VERSION") costs"
    echo
    machine
    awk -f "$here/report.awk" "$dir/samples"
    [ -z "${BENCH_CALLGRIND:-}" ] || cat "$dir/callgrind"
}


((rounds > 0 && seconds > 0)) || die 'BENCH_ROUNDS or BENCH_SECONDS is too small'

[ -z "${BENCH_CALLGRIND:-}" ] || "$root/build-aux/deps.sh" callgrind

files
cores
trap stop EXIT
trap 'exit 1' INT TERM HUP

load=$(cut -d' ' -f1 /proc/loadavg)
[ "${load%.*}" = 0 ] || echo "bench: the machine is busy, its load is $load" >&2

servers_configure
servers_start
servers_login
servers_check

before=$(ticks)
echo 'bench: warming up'
seconds=1 throughput 0

for ((round = 1; round <= rounds; round++)); do
    echo "bench: round $round of $rounds"
    throughput $round
    stall $round
done

if [ "${BENCH_CALLGRIND:-}" ]; then
    echo 'bench: counting instructions'
    callgrind > "$dir/callgrind"
fi

stop
others=$(others_since "$before")

echo
result | tee "$build/bench/result.md"
