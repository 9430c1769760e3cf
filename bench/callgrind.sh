# shellcheck shell=bash disable=SC2154
#
# Sourced by run.sh: instructions of a request, as valgrind counts them.  They do
# not depend on what else the machine does, and they leave the kernel out.  Of
# two runs that differ by a number of requests, start and end cancel out.

# CANDIDATE REQUESTS; prints the instructions of nginx from start to end.
callgrind_run() {
    local url=http://127.0.0.1:${!1}/static/1k out=$dir/callgrind.$1.$2 pid

    start callgrind "${library[@]}" valgrind --tool=callgrind \
        --callgrind-out-file="$out" "${nginx[@]}" -e error.log \
        -c "$dir/callgrind.conf"
    pid=$!
    patiently curl -s "$url"

    curl -Z --no-progress-meter --parallel-max "$clients" \
        -b "$session" -o /dev/null "$url?[1-$2]"
    kill -QUIT "$pid"
    wait "$pid" || true
    awk '/^totals:/ { print $2 }' "$out"
}


# Instead of the nginx under test, whose ports it takes.
callgrind() {
    local name few many base=0

    kill "$under_test"
    wait "$under_test" || true

    sed 's/^daemon .*/daemon off; master_process off;/' "$dir/nginx.conf" \
        > "$dir/callgrind.conf"

    printf '\n## Instructions for a request, without the kernel\n\n'
    echo '| | instructions | more than ungated |'
    echo '|---|---|---|'

    for name in "${candidates[@]}"; do
        few=$(callgrind_run "$name" 200)
        many=$(callgrind_run "$name" 1200)
        many=$(((many - few) / 1000))
        [ "$name" != ungated ] || base=$many
        echo "| $name | $many | $((many - base)) |"
    done
}
