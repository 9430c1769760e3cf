# shellcheck shell=bash disable=SC2034,SC2154
#
# Sourced by run.sh: Redis, the nginx that is asked, the nginx under test, and a
# session in it that has gone through password and code.  All of it lives in
# $dir, and none of it outlives run.sh.

pids=()

# Those under test: "main" has all candidates but "cold", which has a group of
# its own, because mfa_cache holds for the whole of an nginx.
groups=(main cold)
declare -A master workers               # a pid; several

group_of() {
    case $1 in
    cold) echo cold ;;
    *)    echo main ;;
    esac
}


# NAME COMMAND...; ends with this shell, however that ends.
start() {
    local name=$1
    shift

    (cd "$dir" && exec setpriv --pdeathsig TERM "$@") > "$dir/$name.out" 2>&1 &
    pids+=($!)
}


stop() {
    local pid

    # TERM waits for ever in who is stopped.
    for pid in "${pids[@]}"; do
        kill "$pid" 2> /dev/null || true
        kill -CONT "$pid" 2> /dev/null || true
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


ports=(app null ungated warm cold auth_unix auth_tcp secure_link lua lua_dict)

# FILE TO [WORD=TEXT...]
configure() {
    local file=$1 to=$2 name words=()
    shift 2

    for name in "${ports[@]}"; do
        words+=(-e "s|@$name@|${!name}|")
    done

    for name in "dir=$dir" "bench=$here" "lua_files=$lua_files" \
                "workers=$n_workers" "$@"; do
        words+=(-e "s|@${name%%=*}@|${name#*=}|")
    done

    sed "${words[@]}" "$here/$file" > "$dir/$to"
}


mfactl() {
    "$build/mfactl" -c "$dir/mfa.conf" "$@"
}


# The output goes to NAME.out.
nginx_valid() {
    "${library[@]}" "${nginx[@]}" -t -e main.log -c "$dir/main.conf" \
        > "$dir/$1.out" 2>&1
}


# Debian's packages, unpacked; without them the candidate is left out.
with_lua() {
    "$here/lua.sh" "$lua_files" > "$dir/lua.out" 2>&1 || return 1

    configure lua.conf lua.conf

    # The module looks for its own files wherever it is loaded.
    grep lua_package_path "$dir/lua.conf" > "$dir/none.conf"

    echo "load_module $lua_files/usr/lib/nginx/modules/ndk_http_module.so;" \
        >> "$dir/modules.conf"
    echo "load_module $lua_files/usr/lib/nginx/modules/ngx_http_lua_module.so;" \
        >> "$dir/modules.conf"

    # OpenResty's LuaJIT and the PCRE that the module was built with.
    library=(env "LD_LIBRARY_PATH=$(printf '%s:' \
        "$lua_files"/usr/lib/*-linux-* "$lua_files"/lib/*-linux-*)")
    nginx_valid lua
}

without_lua() {
    : > "$dir/lua.conf"
    : > "$dir/none.conf"
    echo "load_module $build/ngx_http_mfa_module.so;" > "$dir/modules.conf"
    library=()
}


files() {
    local site

    rm -rf "$dir"

    for site in static app basic; do
        mkdir -p "$dir/site/$site"
        head -c 1024 /dev/zero | tr '\0' x > "$dir/site/$site/1k"
    done

    ln -s "$root/lua-free-templates" "$dir/templates"
    cp "$root/examples/quickstart/redis.conf" "$dir/"
}


servers_configure() {
    lua_files=$out/lua
    nginx=(nginx -p "$dir/")

    # Its workers read what only this user can.
    [ "$(id -u)" != 0 ] || nginx+=(-g 'user root;')

    free_ports "${ports[@]}"
    configure mfa.conf mfa.conf
    configure backend.conf backend.conf
    configure others.conf others.conf
    configure nginx.conf main.conf group=main cache= others=others \
        "gated=$warm"
    configure nginx.conf cold.conf group=cold 'cache=mfa_cache  off;' \
        others=none "gated=$cold"
    mfactl keys new > /dev/null

    # shellcheck disable=SC2016
    perl -e 'print "bench:", crypt($ARGV[0], q($2y$10$) . "bench" x 4 . "be"),
        "\n"' "$password" > "$dir/basic"

    # Measured twice, ungated requests show how much a share may be trusted.
    # shellcheck disable=SC2034
    again=$ungated
    candidates=(warm cold again secure_link auth_unix auth_tcp)
    without_lua
    nginx_valid nginx || die "$(cat "$dir/nginx.out")"

    if with_lua; then
        candidates+=(lua_dict lua)
    else
        notes+=("Lua is left out: $(grep -m 1 -F '[emerg]' "$dir/lua.out" \
            || tail -n 1 "$dir/lua.out")")
        without_lua
    fi
}


# Its workers have a core each, with all their threads.
group_start() {
    local group=$1 i=0 pid

    start "$group" "${library[@]}" taskset -c "$(IFS=,; echo "${worker_cores[*]}")" \
        "${nginx[@]}" -e "$group.log" -c "$dir/$group.conf"
    master[$group]=$!
    patiently group_has_workers "$group"

    for pid in ${workers[$group]}; do
        taskset -acp "${worker_cores[i++ % ${#worker_cores[@]}]}" "$pid" \
            > /dev/null
    done
}

group_has_workers() {
    local pid=${master[$1]}

    workers[$1]=$(cat "/proc/$pid/task/$pid/children")
    [ "$(wc -w <<< "${workers[$1]}")" = "$n_workers" ]
}


servers_start() {
    local group

    start redis taskset -c "$other_cores" redis-server redis.conf \
        --daemonize no
    patiently mfactl account list bench

    start backend taskset -c "$other_cores" "${nginx[@]}" -e backend.log \
        -c "$dir/backend.conf"

    for group in "${groups[@]}"; do
        group_start "$group"
    done

    patiently curl -sSf "127.0.0.1:$ungated/app/1k"
}


# WORKERS; everything, with so many of them under test.
servers_up() {
    n_workers=$1
    files
    cores "$n_workers"
    servers_configure
    servers_start
    servers_login
    servers_check
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
    local pages=127.0.0.1:$warm/mfa page token expires

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

    # Every candidate is sent all of this.
    expires=$(($(date +%s) + 86400))
    session="$session; until=$expires; signed=$(printf %s \
        "$expires member bench-secret" | openssl md5 -binary | openssl base64 \
        | tr '+/' -_ | tr -d =)"

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

    for name in ungated "${candidates[@]}"; do
        expect 200 -b "$session" "127.0.0.1:${!name}/static/1k"
        expect 200 -b "$session" "127.0.0.1:${!name}/app/1k"

        case $name in
        warm | cold | secure_link | lua | lua_dict)
            expect 401 "127.0.0.1:${!name}/static/1k" ;;
        esac
    done

    expect 401 "127.0.0.1:$ungated/basic/1k"
    expect 200 -u "bench:$password" "127.0.0.1:$ungated/basic/1k"
}
