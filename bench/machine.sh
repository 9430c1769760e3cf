# shellcheck shell=bash disable=SC2034,SC2154
#
# Sourced by run.sh: on which cores what runs, what machine this is, and whether
# somebody else is using it.

# The first core this process may use is the worker's under test; everything
# else, load generator and Redis included, has the rest.
cores() {
    local part list=()

    IFS=, read -ra part <<< "$(taskset -cp $$ | sed 's/.*: //')"
    for part in "${part[@]}"; do
        mapfile -t -O ${#list[@]} list < <(seq "${part%-*}" "${part#*-}")
    done

    worker_core=${list[0]}
    other_cores=$(IFS=,; echo "${list[*]:1}")
    other_cores=${other_cores:-$worker_core}
}


# Percent of the processors' time that was not idle in two seconds.
busy_percent() {
    {
        head -n 1 /proc/stat
        sleep 2
        head -n 1 /proc/stat
    } | awk '{
        idle = $5 + $6 - idle
        all = $2 + $3 + $4 + $5 + $6 + $7 + $8 + $9 - all
    }
    END { printf "%d", 100 * (1 - idle / all) }'
}


machine() {
    echo "- $(getconf _NPROCESSORS_ONLN) cores," \
        "$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)"
    echo "- Linux $(uname -r) $(uname -m)"
    echo "- $(command nginx -v 2>&1 | sed 's/nginx version: //')," \
        "Redis $(redis-server --version | sed 's/.* v=\([^ ]*\).*/\1/')," \
        "$(openssl version | cut -d' ' -f1,2)"
    echo "- load average $load_before at the start, and the processors were" \
        "$busy_before % busy"
    echo "- medians of $rounds rounds of $seconds s, least and largest beside" \
        "them; $clients keepalive connections"

    [ "$worker_core" != "$other_cores" ] \
        || echo '- **one core only, which everything shares: ratios are off**'
    [ "$busy_before" -le 10 ] \
        || echo '- **somebody else was using the machine: do not quote this**'

    [ ${#notes[@]} = 0 ] || printf -- '- %s\n' "${notes[@]}"
}
