# shellcheck shell=bash disable=SC2034,SC2154
#
# Sourced by run.sh: Redis, the nginx that is asked, the nginx under test, and a
# session in it that has gone through password and code.  All of it lives in
# $dir, and none of it outlives run.sh.

pids=()


# NAME COMMAND...; ends with this shell, however that ends.
start() {
    local name=$1
    shift

    (cd "$dir" && exec setpriv --pdeathsig TERM "$@") > "$dir/$name.out" 2>&1 &
    pids+=($!)
}


stop() {
    local pid

    for pid in "${pids[@]}"; do
        kill "$pid" 2> /dev/null || true
    done

    wait 2> /dev/null || true
    pids=()
}


# COMMAND..., until it succeeds.
patiently() {
    local i

    for ((i = 0; i < 100; i++)); do
        ! "$@" > /dev/null 2>&1 || return 0
        sleep 0.1
    done

    tail -n 3 "$dir"/*.out "$dir"/*.log >&2
    die "did not happen: $*"
}


# Sets the variables named to ports nobody listens on.
free_ports() {
    local name port=$((20000 + RANDOM % 10000))

    for name in "$@"; do
        while (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do
            port=$((port + 1))
        done

        printf -v "$name" %s "$port"
        port=$((port + 1))
    done
}


configure() {
    local file

    for file in "$@"; do
        sed -e "s|@dir@|$dir|" -e "s|@lua_files@|$lua_files|" \
            -e "s|@app@|$app|" -e "s|@ungated@|$ungated|" \
            -e "s|@gated@|$gated|" -e "s|@auth_request@|$auth_request|" \
            -e "s|@lua@|$lua|" "$here/$file" > "$dir/$file"
    done
}


mfactl() {
    "$build/mfactl" -c "$dir/mfa.conf" "$@"
}


# The output goes to NAME.out.
nginx_valid() {
    "${library[@]}" "${nginx[@]}" -t -e error.log -c "$dir/nginx.conf" \
        > "$dir/$1.out" 2>&1
}


# Debian's packages, unpacked; without them the candidate is left out.
with_lua() {
    "$here/lua.sh" "$lua_files" > "$dir/lua.out" 2>&1 || return 1

    configure lua.conf
    echo "load_module $lua_files/usr/lib/nginx/modules/ndk_http_module.so;" \
        >> "$dir/modules.conf"
    echo "load_module $lua_files/usr/lib/nginx/modules/ngx_http_lua_module.so;" \
        >> "$dir/modules.conf"

    # OpenResty's LuaJIT, which the module asks for.
    library=(env "LD_LIBRARY_PATH=$(echo "$lua_files"/usr/lib/*-linux-*)")
    nginx_valid lua
}

without_lua() {
    : > "$dir/lua.conf"
    echo "load_module $build/ngx_http_mfa_module.so;" > "$dir/modules.conf"
    library=()
}


servers_configure() {
    lua_files=${dir%/*}/lua
    nginx=(nginx -p "$dir/")

    # Its workers read what only this user can.
    [ "$(id -u)" != 0 ] || nginx+=(-g 'user root;')

    free_ports app ungated gated auth_request lua
    configure nginx.conf backend.conf mfa.conf
    mfactl keys new > /dev/null

    # shellcheck disable=SC2016
    perl -e 'print "bench:", crypt($ARGV[0], q($2y$10$) . "bench" x 4 . "be"),
        "\n"' "$password" > "$dir/basic"

    candidates=(ungated gated auth_request)
    without_lua
    nginx_valid nginx || die "$(cat "$dir/nginx.out")"

    if with_lua; then
        candidates+=(lua)
    else
        notes+=("Lua is left out: $(tail -n 1 "$dir/lua.out")")
        without_lua
    fi
}


servers_start() {
    start redis taskset -c "$other_cores" redis-server redis.conf \
        --daemonize no
    patiently mfactl account list bench

    start backend taskset -c "$other_cores" "${nginx[@]}" -e backend.log \
        -c "$dir/backend.conf"
    start nginx "${library[@]}" taskset -c "$worker_core" "${nginx[@]}" \
        -e error.log -c "$dir/nginx.conf"
    under_test=$!
    patiently curl -sSf "127.0.0.1:$ungated/app/1k"
    read -r worker _ < "/proc/$under_test/task/$under_test/children" \
        || [ "$worker" ]
}


get() {
    curl -sSf --max-time 20 -b "$dir/jar" -c "$dir/jar" "$@"
}

csrf() {
    sed -n 's/.*name="csrf" value="\([^"]*\)".*/\1/p' | head -n 1
}

cookie() {
    awk -v name="$1" '$6 == name { print name "=" $7 }' "$dir/jar"
}


# Two accounts: one with a session behind password and code, and one that logs in
# all the time.
servers_login() {
    local pages=127.0.0.1:$gated/mfa page token

    echo "$password" | mfactl account add bench member --require-mfa \
        --password-stdin > /dev/null
    echo "$password" | mfactl account add bench visitor \
        --password-stdin > /dev/null

    token=$(get "$pages/login" | csrf)
    get -o /dev/null -d "csrf=$token" -d login=member \
        -d "password=$password" "$pages/login"
    page=$(get "$pages/enrol/scan")
    token=$(csrf <<< "$page")
    sed -n 's/.*data-mfa-key>\([^<]*\)<.*/\1/p' <<< "$page" | tr -d ' ' \
        | oathtool --totp -b - | tr -d '\n' \
        | get -o /dev/null -d "csrf=$token" --data-urlencode code@- \
            "$pages/enrol/scan"
    session=$(cookie mfa_bench)

    # What the Lua candidate looks up is as long as a session is here.
    head -c 200 /dev/zero | tr '\0' x \
        | redis-cli -s "$dir/redis.sock" -x set "lua:${session#*=}" > /dev/null

    rm "$dir/jar"
    form_token=$(get "$pages/login" | csrf)
    form_cookie=$(cookie mfa_bench_login)
}


expect() {
    local status=$1 got
    shift

    got=$(curl -s -o /dev/null -w '%{http_code}' "$@") || true
    [ "$got" = "$status" ] || die "$got instead of $status: curl $*"
}

# A candidate that lets nobody in, or everybody, is not worth measuring.
servers_check() {
    local name

    for name in "${candidates[@]}"; do
        expect 200 -b "$session" "127.0.0.1:${!name}/static/1k"
        expect 200 -b "$session" "127.0.0.1:${!name}/app/1k"

        case $name in
        gated | lua) expect 401 "127.0.0.1:${!name}/static/1k" ;;
        esac
    done

    expect 401 "127.0.0.1:$ungated/basic/1k"
    expect 200 -u "bench:$password" "127.0.0.1:$ungated/basic/1k"
}
