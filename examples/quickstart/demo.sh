#!/bin/bash
# Two gated portals on this machine, to be tried in a browser.
#
#   demo.sh up      starts them; Ctrl-C ends them, with DETACH=1 "down" does
#   demo.sh down
#
# TLS=1 serves them over https with a certificate of its own making.  USER_PORT,
# ADMIN_PORT and MAIL_PORT choose other ports, MFA_BUILD names where the module
# was built, DEMO_DIR where the demo keeps its state: accounts and keys stay there
# from one start to the next, and removing the folder starts over.
set -euo pipefail
umask 077

PATH=$PATH:/usr/sbin:/sbin

root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/examples/quickstart
tls_files=$root/examples/tls
build=${MFA_BUILD:-$root/build}
dir=${DEMO_DIR:-$build/demo}
tls=${TLS:-}

if [ "$tls" ]; then
    scheme=https user_default=8443 admin_default=8444
else
    scheme=http user_default=8080 admin_default=8081
fi

user_port=${USER_PORT:-$user_default}
admin_port=${ADMIN_PORT:-$admin_default}
mail_port=${MAIL_PORT:-8025}
user_url=$scheme://localhost:$user_port
admin_url=$scheme://localhost:$admin_port

mail_url=http://localhost:$mail_port

# Of all accounts: nobody but this machine can reach the demo.
password=demo-password


die() {
    echo "demo: $*" >&2
    exit 1
}


mfactl() {
    "$build/mfactl" -c "$dir/mfa.conf" "$@"
}


# Whether a process has this in its command line; a dead one has none.
runs() {
    grep -qaF -e "$2" "/proc/$1/cmdline" 2> /dev/null
}


# The process a pid file names, unless the number went to a stranger since.
process() {
    local pid

    pid=$(cat "$dir/$1.pid" 2> /dev/null) && [ "$pid" ] && runs "$pid" "$2" \
        && echo "$pid"
}

nginx_process() { process nginx "$dir"; }
redis_process() { process redis redis.sock; }
mailbox_process() { process mailbox mailbox.py; }
mailer_process() { process mailer mailer; }


stop() {
    local pid i

    pid=$("$1") || return 0
    kill "$pid" 2> /dev/null || return 0

    for ((i = 0; i < 100; i++)); do
        runs "$pid" '' || return 0
        sleep 0.05
    done

    kill -KILL "$pid" 2> /dev/null || true
}


stop_mail() {
    stop mailer_process
    stop mailbox_process
    rm -f "$dir/mailer.pid" "$dir/mailbox.pid"
}


down() {
    stop_mail
    stop nginx_process
    stop redis_process
}


files() {
    local conf=$here

    [ -z "$tls" ] || conf=$tls_files

    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)

    # The system's limit for the path of a socket is 107 bytes.
    [ ${#dir} -le 95 ] \
        || die "the path $dir is too long for a socket; DEMO_DIR names another"

    sed -e "s|unix:/run/redis/redis-server.sock|\"unix:$dir/redis.sock\"|" \
        -e "s|$scheme://localhost:$user_default|$user_url|" \
        -e "s|$scheme://localhost:$admin_default|$admin_url|" \
        "$conf/mfa.conf" > "$dir/mfa.conf"
    sed -e "s/127\.0\.0\.1:$user_default/127.0.0.1:$user_port/" \
        -e "s/127\.0\.0\.1:$admin_default/127.0.0.1:$admin_port/" \
        "$conf/nginx.conf" > "$dir/nginx.conf"
    sed "s/127\.0\.0\.1:8025/127.0.0.1:$mail_port/" "$here/sites.conf" \
        > "$dir/sites.conf"
    cp "$here/redis.conf" "$dir/"
    mkdir -p "$dir/mail"

    ln -sfn "$root/lua-free-templates" "$dir/templates"
    ln -sfn "$here/site-user" "$dir/site-user"
    ln -sfn "$here/site-admin" "$dir/site-admin"

    # A copy: the running nginx must not have its module rebuilt under it.
    rm -f "$dir/ngx_http_mfa_module.so"
    cp "$build/ngx_http_mfa_module.so" "$dir/"

    [ -z "$tls" ] || "$tls_files/certificate.sh" "$dir"
    [ -e "$dir/keys" ] || mfactl keys new > /dev/null
}


port_free() {
    ! (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null \
        || die "port $1 is taken; choose others:" \
               "USER_PORT=9080 ADMIN_PORT=9081 make demo"
}


start_redis() {
    local i

    # Left by one that was killed.
    redis_process > /dev/null || rm -f "$dir/redis.sock"
    redis_process > /dev/null || (cd "$dir" && redis-server redis.conf) \
        || die "Redis did not start: see $dir/redis.log"

    for ((i = 0; i < 100; i++)); do
        mfactl account list user > /dev/null 2>&1 && return
        sleep 0.1
    done

    die "Redis does not answer: see $dir/redis.log"
}


start_nginx() {
    local options=()

    # Its workers read what only this user can.
    [ "$(id -u)" != 0 ] || options=(-g 'user root;')

    rm -f "$dir"/site-*.sock
    (cd "$dir" && nginx -p "$dir/" -c "$dir/nginx.conf" -e error.log \
        "${options[@]}") || die "nginx did not start: see $dir/error.log"
}


# Mails go to a folder; whoever sets this up for people names a mail server.
start_mail() {
    local i

    "$here/mailbox.py" "$dir/mail.sock" "$dir/mail" \
        < /dev/null > "$dir/mailbox.log" 2>&1 &
    echo $! > "$dir/mailbox.pid"

    for ((i = 0; i < 100; i++)); do
        [ ! -S "$dir/mail.sock" ] || break
        sleep 0.1
    done

    [ -S "$dir/mail.sock" ] || die "no mailbox: see $dir/mailbox.log"

    "$build/mfactl" -c "$dir/mfa.conf" mailer --smtp "smtp+unix:$dir/mail.sock" \
        < /dev/null > "$dir/mailer.log" 2>&1 &
    echo $! > "$dir/mailer.pid"
}


known() {
    mfactl account show "$1" "$2" > /dev/null 2>&1
}


# An account as it is meant to be at first; later, what visitors made of it.
account() {
    local portal=$1 login=$2
    shift 2

    known "$portal" "$login" || printf '%s\n' "$password" \
        | mfactl account add "$portal" "$login" --password-stdin "$@" > /dev/null
}


accounts() {
    account user anna  --name Anna --email anna@example.com \
                       --require-mfa --grace 7d
    account user erik  --name Erik --email erik@example.com --require-mfa
    account user nora  --name Nora --email nora@example.com

    if ! known user lena; then
        account user lena --name Lena --email lena@example.com \
                          --require-mfa --grace 1s
        sleep 1
    fi

    if ! known user oskar; then
        account user oskar --name Oskar --email oskar@example.com
        mfactl account disable user oskar > /dev/null
    fi

    account admin root  --name Root --email root@example.com \
                        --role administrator_with_billing
    account admin helen --name Helen --email helen@example.com --role help_desk
}


# The key is written down once; without it, erik starts anew.
enrol_erik() {
    local trust=()

    [ ! -s "$dir/erik.key" ] || return 0
    [ -z "$tls" ] || trust=(--cacert "$dir/portal.pem")

    mfactl mfa reset user erik > /dev/null
    printf '%s\n' "$password" \
        | "$here/enrol.sh" "$user_url" erik "${trust[@]}" > "$dir/erik.key" \
        || die "erik could not be enrolled: see $dir/error.log"
}


tell() {
    local short=${dir#"$PWD"/} tool=${build#"$PWD"/}/mfactl

    cat << END

The demo is running; only this machine can reach it.

  User portal   $user_url
  Admin portal  $admin_url
  Console       $admin_url/mfa/console/
  Mails         $mail_url/

Every password is: $password
  anna    must set up an authenticator app within 7 days, may put it off
  erik    has one: type $(cat "$dir/erik.key") into an app, or run
          oathtool --totp -b $(cat "$dir/erik.key")
  lena    let her time run out and is locked out
  nora    need not have one (and may), oskar's account is disabled
  root, helen   of the admin portal: must set one up at once; in the console root
          sees to all accounts, helen resets, unlocks and gives more time

Try: log in as anna, scan, type the code; use a code twice; visit Payroll five
minutes later.  As erik, say that the phone is lost where the code is asked, and
read the mail.  Then give lena more time, and see what was written down:
  $tool -c $short/mfa.conf mfa extend user lena --grace 2d --reason demo
  $tool -c $short/mfa.conf audit user
Logs are in $short; removing that folder starts over.
END

    [ "$tls" ] || echo 'With https and a certificate of its own: make demo TLS=1'
}


up() {
    local pid

    "$root/build-aux/deps.sh" demo
    files
    stop_mail
    stop nginx_process
    port_free "$user_port"
    port_free "$admin_port"
    port_free "$mail_port"

    trap down EXIT
    start_redis
    start_nginx
    accounts
    enrol_erik
    start_mail
    tell

    if [ "${DETACH:-}" ]; then
        trap - EXIT
        echo 'make demo-stop ends it.'
        return
    fi

    trap 'exit 0' INT TERM HUP
    echo 'Ctrl-C ends it.'
    pid=$(nginx_process)

    while [ "$(nginx_process)" = "$pid" ]; do
        sleep 1
    done

    # Ended, or started anew, from elsewhere.
    trap - EXIT
    echo 'demo: nginx was stopped'
}


case ${1:-} in
up)   up ;;
down) down ;;
*)    die 'demo.sh up, or demo.sh down' ;;
esac
