# shellcheck shell=bash disable=SC2154
#
# Sourced by run.sh: shares.  A machine that is shared changes its speed by a third
# from one second to the next, so candidates have turns of 50 ms: each has its own
# wrk, and all of them but one are stopped.  Where the memory of connections happens
# to be makes a server faster or slower by some percent for as long as they live, so
# there are many rounds, each with new connections.
#
# Whoever connects first finds memory in one piece, so who is first changes from
# round to round.  Else the order stays the same: were it turned around, those at
# its ends would have two turns on end, and find the processor's caches as they
# left them.

turn=0.05                               # seconds
cycles=2                                # turns in a round

# Nothing ever comes from it: reading sleeps, without a process.
exec {nothing}<> <(:)

pause() {
    read -r -t "$1" -u "$nothing" || true
}


# PID; sets writes: how often it has written, which wrk does once for a request.
writes_of() {
    local word count

    while read -r word count; do
        [ "$word" != syscw: ] || writes=$count
    done < "/proc/$1/io"
}


# GROUP; sets cpu: nanoseconds its workers have computed.
cpu_of() {
    local pid own rest

    cpu=0
    for pid in ${workers[$1]}; do
        # shellcheck disable=SC2034
        read -r own rest < "/proc/$pid/schedstat"
        cpu=$((cpu + own))
    done
}


# PID GROUP; the turn of one: adds to n, usec and nsec.
take_turn() {
    local pid=$1 group=$2 cpu writes start end

    writes_of "$pid"
    n=$((n - writes))
    cpu_of "$group"
    nsec=$((nsec - cpu))

    start=${EPOCHREALTIME/[.,]/}
    kill -CONT "$pid"
    pause $turn
    kill -STOP "$pid"
    end=${EPOCHREALTIME/[.,]/}
    usec=$((usec + end - start))

    # What is under way comes to its end, and not in the turn of the next one.
    pause 0.01

    cpu_of "$group"
    nsec=$((nsec + cpu))
    writes_of "$pid"
    n=$((n + writes))
}


# ROUND WORK; appends to the samples "ROUND NAME requests/s - - percent-of-a-core
# requests-per-second-of-a-core".
turns_of() {
    local round=$1 work=$2 all=(ungated "${candidates[@]}") names running=()
    local first=$((round % ${#all[@]})) ns=() usecs=() nsecs=() i cycle n usec nsec failed
    local before=("${pids[@]}")

    names=("${all[@]:first}" "${all[@]:0:first}")

    for i in "${!names[@]}"; do
        taskset -c "$other_cores" wrk -t "$n_workers" -c "$clients" -d 1m \
            --timeout 30 -s "$here/measure.lua" -H "Cookie: $session" \
            "http://127.0.0.1:${!names[i]}/$work/1k" > "$dir/turns.$i" 2>&1 &
        running+=($!)
        pids+=($!)
    done

    pause 0.3
    kill -STOP "${running[@]}"
    pause 0.1

    for ((cycle = 0; cycle < cycles; cycle++)); do
        for i in "${!names[@]}"; do
            n=${ns[i]:-0} usec=${usecs[i]:-0} nsec=${nsecs[i]:-0}
            take_turn "${running[i]}" "$(group_of "${names[i]}")"
            ns[i]=$n usecs[i]=$usec nsecs[i]=$nsec
        done
    done

    # The INT must find the first thread in its sleep, not on its way to it.
    kill -CONT "${running[@]}"
    pause 0.05
    kill -INT "${running[@]}"
    wait "${running[@]}" || true
    pids=("${before[@]}")

    for i in "${!names[@]}"; do
        failed=$(sed -n 's/^RESULT .* //p' "$dir/turns.$i")
        [ "$failed" = 0 ] || die "${names[i]}: $(< "$dir/turns.$i")"

        awk -v OFS='\t' -v round="$round" -v name="$work$n_workers.${names[i]}" \
            -v n="${ns[i]}" -v usec="${usecs[i]}" -v nsec="${nsecs[i]}" \
            -v most=$((n_workers * 100)) \
            'BEGIN { busy = nsec / usec / 10       # with what was under way
                     print round, name, n / usec * 1e6, "-", "-",
                     busy < most ? busy : most, n / nsec * 1e9 }' >> "$samples"
    done
}
