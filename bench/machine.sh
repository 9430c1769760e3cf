# shellcheck shell=bash disable=SC2034,SC2154
#
# Sourced by run.sh: on which cores what runs, what machine this is, and whether
# somebody else is using it.

# The workers under test have the first cores this process may use, one each;
# everything else, load generator and Redis included, has the rest.  Where nothing
# is left over, it shares all of them.
cores() {
    local n=$1 part list=()

    IFS=, read -ra part <<< "$(taskset -cp $$ | sed 's/.*: //')"
    for part in "${part[@]}"; do
        mapfile -t -O ${#list[@]} list < <(seq "${part%-*}" "${part#*-}")
    done

    worker_cores=("${list[@]:0:n}")
    other_cores=$(IFS=,; echo "${list[*]:n}")
    [ "$other_cores" ] && return

    other_cores=$(IFS=,; echo "${list[*]}")
    notes+=("$n of ${#list[@]} cores under test: load generator, Redis and the\
 application share them, and shares are nearer to 1 than they are")
}


# In hundredths of a second: what the processors were not idle for, taken away by
# a hypervisor included; what of that the ended children of this shell had; what
# has gone by, on all processors.
ticks() {
    awk 'NR == 1 {
             busy = $2 + $3 + $4 + $7 + $8 + $9
             for (i = 2; i <= 9; i++) time += $i
         }
         NR > 1 && FNR == 1 {
             sub(/.*\) /, "")
             print busy, $14 + $15, time
         }' /proc/stat "/proc/$$/stat"
}


# Percent of the processors' time that others used since a call of ticks.
others_since() {
    awk '{ busy = $1 - busy; own = $2 - own; time = $3 - time }
         END { printf "%d", 100 * (busy - own) / time }' <<< "$1
$(ticks)"
}


machine() {
    echo "- $(getconf _NPROCESSORS_ONLN) cores," \
        "$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)"
    echo "- Linux $(uname -r) $(uname -m)"
    echo "- $(command nginx -v 2>&1 | sed 's/nginx version: //')," \
        "Redis $(redis-server --version | sed 's/.* v=\([^ ]*\).*/\1/')," \
        "$(openssl version | cut -d' ' -f1,2)"
    echo "- load average $load at the start; others used $others % of the" \
        "processors meanwhile"
    echo "- medians of $rounds rounds of $seconds s (with two workers" \
        "$(((rounds + 1) / 2))), least and largest beside them; requests and" \
        "shares: $turns times as many rounds of turns, and their middle half;" \
        "$clients keepalive connections"

    [ "$others" -le 5 ] \
        || echo '- **that is too much of them: do not quote these numbers**'

    [ ${#notes[@]} = 0 ] || printf -- '- %s\n' "${notes[@]}" | awk '!said[$0]++'
}
