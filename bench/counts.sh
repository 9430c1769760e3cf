# shellcheck shell=bash disable=SC2154
#
# Sourced by run.sh: instructions of a request, as valgrind counts them, and
# system calls, as strace does.  They do not depend on what else the machine does.
# Of two runs that differ by a number of requests, start and end cancel out, but
# for sched_yield, in which nginx waits for its threads to end.
#
# Instructions leave the kernel out, and are counted over as many connections as
# everything else; system calls one request after the other on one connection,
# where each is in the same place every time.

counts_few=200
counts_many=1200


# TOOL CANDIDATE REQUESTS; what was counted is in $dir/TOOL.CANDIDATE.REQUESTS.
counts_run() {
    local tool=$1 name=$2 n=$3 group url result=$dir/$1.$2.$3 with parallel=()
    local started pid

    group=$(group_of "$name")
    url=http://127.0.0.1:${!name}/static/1k

    case $tool in
    callgrind)
        with=(valgrind --tool=callgrind --callgrind-out-file="$result")
        parallel=(-Z --parallel-max "$clients") ;;
    strace)
        with=(strace -f -c -o "$result") ;;
    esac

    rm -f "$dir/$group.pid"
    start "$tool" "${library[@]}" "${with[@]}" "${nginx[@]}" -e "$tool.log" \
        -c "$dir/$group.single.conf"
    started=$!
    patiently test -s "$dir/$group.pid"
    pids+=("$(< "$dir/$group.pid")")
    patiently curl -s "$url"

    # Known to the cache, which has its link by then: of the requests below as many
    # as come at once would ask the store first, some more in one run than in another.
    sleep 1
    curl -s -b "$session" -o /dev/null "$url"

    # What stands behind '#' is not sent: all requests are the same.
    curl "${parallel[@]}" --no-progress-meter -b "$session" -o /dev/null \
        "$url#[1-$n]"

    # Once is not always enough: a signal between nginx's look at what it was told
    # and epoll_wait is seen at the next event, and none may come.
    pid=${pids[-1]}
    while [ -s "$dir/$group.pid" ] && kill -QUIT "$pid"; do
        sleep 1
    done

    wait "$started" || true
}


# CANDIDATE; prints its instructions for a request.
instructions() {
    local n

    for n in $counts_few $counts_many; do
        counts_run callgrind "$1" "$n"
    done

    awk -v n=$((counts_many - counts_few)) '
        /^totals:/ { total[++files] = $2 }
        END { printf "%d", (total[2] - total[1]) / n }' \
        "$dir/callgrind.$1.$counts_few" "$dir/callgrind.$1.$counts_many"
}


# CANDIDATE; prints how many system calls a request takes, and which.
system_calls() {
    local n

    for n in $counts_few $counts_many; do
        counts_run strace "$1" "$n"
    done

    # percent seconds usecs/call calls [errors] name
    LC_ALL=C awk -v n=$((counts_many - counts_few)) '
        $4 ~ /^[0-9]+$/ && $NF !~ /^(total|sched_yield)$/ {
            calls[$NF] += (FNR == NR ? -$4 : $4) / n
        }
        END {
            for (name in calls) {
                all += calls[name]
                if (calls[name] >= 0.005) {
                    which = which (which ? ", " : "") name
                    if (calls[name] < 0.995 || calls[name] >= 1.005) {
                        which = which sprintf(" × %.2f", calls[name])
                    }
                }
            }
            printf "%.2f\t%s", all, which
        }' "$dir/strace.$1.$counts_few" "$dir/strace.$1.$counts_many"
}


# Instead of the nginx under test, whose ports they take.
counts() {
    local group name n which base=0

    for group in "${groups[@]}"; do
        kill "${master[$group]}"
        wait "${master[$group]}" || true
        sed 's/^daemon .*/daemon off; master_process off;/' \
            "$dir/$group.conf" > "$dir/$group.single.conf"
    done

    echo '| | instructions, without the kernel | more than ungated |'
    echo '|---|---|---|'

    for name in ungated "${candidates[@]}"; do
        # Hardly other than their neighbours, and valgrind takes its time.
        case $name in again | auth_tcp | lua_dict) continue ;; esac

        n=$(instructions "$name")
        [ "$name" != ungated ] || base=$n
        echo "| $(called "$name") | $n | $((n - base)) |"
    done

    echo
    echo '| | system calls | which |'
    echo '|---|---|---|'

    for name in ungated warm cold; do
        IFS=$'\t' read -r n which < <(system_calls "$name") || true
        echo "| $(called "$name") | $n | $which |"
    done
}
