#!/bin/bash
# What the gate costs: requests through it against the same requests without it
# and against other ways of asking somebody about each request, what logins do to
# everybody else, how soon the end of a session is felt, and what a store full of
# sessions weighs.  README.md beside this file says how to read the result, which
# is printed and kept in build/bench/result.md.
#
#   BENCH_ONLY="throughput stall"   sections, see README.md
#   BENCH_ROUNDS=5                  how often everything is measured; shares 20
#                                   times as often, by turns
#   BENCH_SECONDS=2                 how long one measurement takes
#   BENCH_ENDS=1000                 how many sessions are ended
#   MFA_BUILD=build                 where the module was built; all happens in its
#                                   "bench"
set -euo pipefail
umask 077

PATH=$PATH:/usr/sbin:/sbin

root=$(cd "$(dirname "$0")/.." && pwd)
here=$root/bench
mkdir -p "${MFA_BUILD:=$root/build}/bench"
build=$(cd "$MFA_BUILD" && pwd)
export MFA_BUILD=$build
out=$build/bench
dir=$out/run
samples=$out/samples
sections=${BENCH_ONLY:-throughput stall callgrind revocation memory scale console}
rounds=${BENCH_ROUNDS:-5}
seconds=${BENCH_SECONDS:-2}
turns=20
ends=${BENCH_ENDS:-1000}

clients=64
login_clients=8
password=bench-password
others=0
notes=()

# shellcheck source=bench/machine.sh
. "$here/machine.sh"
# shellcheck source=bench/servers.sh
. "$here/servers.sh"
# shellcheck source=bench/counts.sh
. "$here/counts.sh"
# shellcheck source=bench/turns.sh
. "$here/turns.sh"


die() {
    echo "bench: $*" >&2
    exit 1
}


wanted() {
    case " $sections " in
    *" $1 "*) ;;
    *) return 1 ;;
    esac
}


# What a candidate is called in tables.
called() {
    awk -f "$here/samples.awk" -f /dev/stdin \
        <<< "BEGIN { print says[\"$1\"]; exit }"
}


# GROUP; hundredths of a second its workers have computed.
worker_ticks() {
    local pid

    for pid in ${workers[$1]}; do
        awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$pid/stat"
    done | awk '{ sum += $1 } END { print sum }'
}


# ROUND NAME CLIENTS URL [WRK-ARGUMENT...]; appends to the samples
# "ROUND NAME requests/s p50 p99 percent-of-a-core".
measure() {
    local round=$1 name=$2 n=$3 url=$4 group before said requests usec p50 p99 \
        failed
    shift 4

    group=$(group_of "${name#*.}")
    before=$(worker_ticks "$group")
    said=$(taskset -c "$other_cores" wrk -t "$n_workers" -c "$n" -d "$seconds" \
        --timeout 30 -s "$here/measure.lua" -H "Cookie: $session" "$url" "$@")
    read -r requests usec p50 p99 failed \
        < <(sed -n 's/^RESULT //p' <<< "$said") || die "$name: $said"

    [ "$failed" = 0 ] || die "$name: $failed requests failed"

    # Who got no answer at all has waited for one all the time.
    [ "$requests" != 0 ] || p50=$usec p99=$usec

    awk -v OFS='\t' -v round="$round" -v name="$name" -v n="$requests" \
        -v usec="$usec" -v p50="$p50" -v p99="$p99" \
        -v ticks=$(($(worker_ticks "$group") - before)) \
        'BEGIN { print round, name, n / usec * 1e6, p50, p99,
                 ticks / usec * 1e6 }' >> "$samples"
}


# How long requests take, in an order that turns around, and how many there are.
throughput() {
    local round=$1 work i n name names=(ungated "${candidates[@]}")

    n=${#names[@]}

    for work in static app; do
        for ((i = 0; i < n; i++)); do
            name=${names[round % 2 ? i : n - 1 - i]}
            measure "$round" "$work$n_workers.$name" "$clients" \
                "http://127.0.0.1:${!name}/$work/1k"
        done

        for ((i = 1; i <= turns; i++)); do
            turns_of $(((round - 1) * turns + i)) $work
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
        set -- -H "Cookie: $form_cookie" "http://127.0.0.1:$warm/mfa/login" \
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
        "$((answered * 1000000 / usec))" >> "$samples"

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


# WORKERS ROUNDS PART...; the parts by turns, round by round.
by_turns() {
    local n=$1 rounds=$2 before busy round part
    shift 2

    servers_up "$n"
    before=$(ticks)

    echo "bench: $*, workers: $n_workers: warming up"
    seconds=1 turns=0 throughput 0

    for ((round = 1; round <= rounds; round++)); do
        echo "bench: $*, workers: $n_workers: round $round of $rounds"

        for part in "$@"; do
            $part $round
        done
    done

    stop
    busy=$(others_since "$before")
    ((busy <= others)) || others=$busy
}


# NAME TITLE COMMAND...; a section whose command prints its tables.
section() {
    local name=$1 title=$2
    shift 2

    wanted "$name" || return 0

    echo "bench: $name"
    printf '\n## %s\n\n' "$title" > "$out/$name.md"
    "$@" >> "$out/$name.md" || die "$name failed"
    tables+=("$out/$name.md")
}


counted() {
    servers_up 1 >&2
    counts
    stop
}


result() {
    echo "# What ngx_http_mfa_module $(< "$root/VERSION") costs"
    echo
    machine
    awk -f "$here/samples.awk" -f "$here/report.awk" "$samples"
    [ ${#tables[@]} = 0 ] || cat "${tables[@]}"
}


picture() {
    awk -f "$here/samples.awk" -f "$here/picture.awk" "$samples" \
        > "$out/result.svg"

    # README's is not made of a hasty try.
    ((rounds < 5 || seconds < 2)) || cp "$out/result.svg" "$root/docs/bench.svg"
}


((rounds > 0 && seconds > 0 && ends > 0)) \
    || die 'BENCH_ROUNDS, BENCH_SECONDS or BENCH_ENDS is too small'

for name in $sections; do
    case $name in
    throughput | stall | callgrind | revocation | memory | scale | console) ;;
    *) die "there is no section \"$name\"" ;;
    esac
done

if wanted callgrind && ! "$root/build-aux/deps.sh" callgrind; then
    notes+=('instructions are not counted: valgrind or strace is not to be had')
    sections=${sections/callgrind/}
fi

trap stop EXIT
trap 'exit 1' INT TERM HUP

load=$(cut -d' ' -f1 /proc/loadavg)
[ "${load%.*}" = 0 ] || echo "bench: the machine is busy, its load is $load" >&2

tables=()
: > "$samples"

parts=()
! wanted throughput || parts+=(throughput)
! wanted stall || parts+=(stall)

[ ${#parts[@]} = 0 ] || by_turns 1 "$rounds" "${parts[@]}"
! wanted throughput || by_turns 2 $(((rounds + 1) / 2)) throughput

section callgrind 'What a request takes' counted
section revocation 'Sessions that end' perl "$here/revocation.pl" "$ends"
section memory 'What sessions weigh in Redis' "$here/memory.sh"
section scale 'With more and more sessions' "$here/scale.sh"
section console 'The console with more and more accounts' "$here/console.sh"

echo
result | tee "$out/result.md"
! wanted throughput || picture
