#!/bin/bash
# How much memory a session takes in Redis, and an account: a million sessions in
# the very shape the product writes (fill.c), with ten for each account and with
# one, in a Redis of its own that writes no file.  Prints a table in Markdown.
#
#   BENCH_SESSIONS=1000000
#   MFA_BUILD=build          where "make bench-fill" has put fill
set -euo pipefail
umask 077

root=$(cd "$(dirname "$0")/.." && pwd)
build=${MFA_BUILD:-$root/build}
sessions=${BENCH_SESSIONS:-1000000}
fill=$build/bench/fill
portal=user


die() {
    echo "bench: $*" >&2
    exit 1
}


redis() {
    redis-cli -s "$dir/redis.sock" "$@"
}


# hz: tables that grow are moved in seconds and not in minutes.
redis_start() {
    redis-server --port 0 --unixsocket "$dir/redis.sock" --dir "$dir" \
        --save '' --appendonly no --hz 500 --daemonize no > "$dir/redis.out" &
    pid=$!

    for ((i = 0; i < 100; i++)); do
        ! redis ping > /dev/null 2>&1 || return 0
        sleep 0.1
    done

    die "no Redis: $(cat "$dir/redis.out")"
}

redis_stop() {
    kill "$pid" 2> /dev/null || true
    wait "$pid" 2> /dev/null || true
}


used() {
    redis info memory | sed -n 's/^used_memory:\([0-9]*\).*/\1/p'
}

# Bytes in use, once they are the same for two seconds: while a table moves to a
# larger one there are both.
settled() {
    local now before=0

    while now=$(used); ((now > before ? now - before > 65536
                                      : before - now > 65536)); do
        before=$now
        sleep 2
    done

    echo "$now"
}


# ACCOUNTS; a row of the table.
row() {
    local accounts=$1 empty with_accounts with_all said i

    redis_start
    empty=$(settled)
    # Twice: the second time ends what the first has begun.  Redis moves the table of
    # a hash on to a larger one while the hash is used; how far it gets at once
    # hangs on its hash seed, and both tables of an account are 64 bytes more.
    for ((i = 0; i < 2; i++)); do
        "$fill" $portal "$accounts" 0 | redis --pipe > "$dir/pipe"
    done
    with_accounts=$(settled)
    said=$("$fill" $portal "$accounts" "$sessions" | redis --pipe | tail -n 1)
    [[ $said == 'errors: 0,'* ]] || die "$said"
    with_all=$(settled)

    # What has expired meanwhile would count as small.
    [ "$(redis dbsize)" = $((2 * accounts + sessions + $(indexes))) ] \
        || die "$(redis dbsize) keys in Redis"

    awk -v n="$sessions" -v a="$accounts" -v empty="$empty" \
        -v accounts="$with_accounts" -v all="$with_all" \
        -v record="$(records)" 'BEGIN {
            printf "| %d | %.0f | %s | %.0f | %.0f |\n", n / a,
                (all - accounts) / n, record, (accounts - empty) / a,
                (all - empty) / 1024 / 1024
        }'
    redis_stop
}

# How many keys there are that are the portal's and no account's.
indexes() {
    redis --scan --pattern "mfa:{$portal}:*" \
        | grep -cv "^mfa:{$portal}:[a-z]*:"
}

# Of some sessions: least, most bytes of a record.
records() {
    local name

    redis --scan --pattern 'mfa:session:*' | sed -n '1,500p;500q' \
        | while read -r name; do redis strlen "$name"; done | sort -n \
        | awk 'NR == 1 { printf "%d–", $1 } END { print $1 }'
}


[ -x "$fill" ] || die "$fill is missing: make bench-fill"
((sessions >= 10)) || die 'BENCH_SESSIONS is too small'

dir=$(mktemp -d)
trap 'redis_stop; rm -rf "$dir"' EXIT

echo "| sessions of an account | bytes a session, with its index entry |" \
    "its record | bytes an account | all, MiB |"
echo '|---|---|---|---|---|'
row $((sessions / 10))
row "$sessions"
