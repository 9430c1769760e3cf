# Read by the benchmarks that have Redis and nginx of their own for each size
# (scale.sh, console.sh): they set dir and pids, and "at" while they prepare one.
# shellcheck shell=bash disable=SC2154

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


redis_start() {
    redis-server --port 0 --unixsocket "$at/redis.sock" --dir "$at" --save '' \
        --appendonly no --hz 500 > "$at/redis.out" &
    pids+=($!)
    patiently redis-cli -s "$at/redis.sock" ping
}


# Commands from standard input.
redis_pipe() {
    local said

    said=$(redis-cli -s "$at/redis.sock" --pipe | tail -n 1)
    [[ $said == 'errors: 0,'* ]] || die "$said"
}


# Its worker reads what only this user can.
nginx_start() {
    local nginx=(nginx -p "$dir/")

    [ "$(id -u)" != 0 ] || nginx+=(-g 'user root;')
    "${nginx[@]}" -e "$at/error.log" -c "$at/nginx.conf" > "$at/nginx.out" 2>&1 &
    pids+=($!)
}


# LOGIN [OPTION...]; as cheap as a hash can be that is not made anew at a login.
visitor_add() {
    # shellcheck disable=SC2016
    perl -e 'print crypt($ARGV[0], q($y$j75$benchbenchbe$)), "\n"' "$password" \
        | mfactl account add "$@" --password-hash-stdin > /dev/null
}


# FILE; the form token of a page.
token_of() {
    sed -n 's/.*name="csrf" value="\([^"]*\)".*/\1/p' "$1" | head -n 1
}


# WHAT SAID; "p50 requests" of scale.lua, all of them answered as expected.
measured() {
    local what=$1 said=$2 p50 requests otherwise

    read -r p50 requests otherwise < <(sed -n 's/^RESULT //p' <<< "$said") \
        || die "$what: $said"
    [[ $requests -gt 0 && $otherwise -eq 0 ]] \
        || die "$what: $otherwise of $requests answered otherwise"

    echo "$p50"
}
