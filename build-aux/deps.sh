#!/bin/sh
# Installs the Debian packages a part of the work needs, and only when one is
# missing: with everything there apt is not called and no privilege is asked.
#
#   deps.sh build|test|demo|bench|callgrind|fuzz|lint ...
#
# "package:command" counts as there when the command is, wherever it came from.
set -eu

PATH=$PATH:/usr/sbin:/sbin

build="build-essential nginx nginx-dev libhiredis-dev libqrencode-dev
       libssl-dev libcrypt-dev libjansson-dev libyaml-dev
       libcurl4-openssl-dev redis-server"
test="libcmocka-dev oathtool zbar-tools librsvg2-bin chromium nodejs:node
      npm:npm curl:curl procps openssl:openssl ca-certificates
      libtest-base-perl libtest-longstring-perl liblist-moreutils-perl
      libtext-diff-perl libipc-run-perl libwww-perl libio-socket-ssl-perl
      libcrypt-jwt-perl python3-yaml python3-jsonschema
      python3-aiosmtpd openssh-client:ssh libwrap0"
demo="oathtool curl:curl openssl:openssl python3-aiosmtpd"
bench="wrk oathtool curl:curl openssl:openssl"
callgrind="valgrind strace"
fuzz="clang"
lint="clang clang-format:clang-format shellcheck:shellcheck"

die() {
    echo "deps: $1" >&2
    exit 1
}

there() {
    case $1 in
    *:*) command -v "${1#*:}" > /dev/null 2>&1 && return 0 ;;
    esac

    test "$(dpkg-query -W -f '${db:Status-Status}' "${1%:*}" 2>/dev/null)" \
         = installed
}

collect() {
    missing=
    for package in "$@"; do
        there "$package" || missing="$missing ${package%:*}"
    done
}

install() {
    test -n "$missing" || return 0

    echo "deps: installing$missing"

    sudo=
    if [ "$(id -u)" != 0 ]; then
        command -v sudo > /dev/null || die "not root and no sudo; install by \
hand:$missing"
        sudo=sudo
    fi

    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq update
    # shellcheck disable=SC2086
    $sudo env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 \
        install $missing > /dev/null
}

wanted=
for part in "$@"; do
    case $part in
    build) wanted="$wanted $build" ;;
    test)  wanted="$wanted $test" ;;
    demo)  wanted="$wanted $demo" ;;
    bench) wanted="$wanted $bench" ;;
    callgrind) wanted="$wanted $callgrind" ;;
    fuzz)  wanted="$wanted $fuzz" ;;
    lint)  wanted="$wanted $lint" ;;
    *)     die "unknown part \"$part\"" ;;
    esac
done

command -v dpkg-query > /dev/null \
    || die "this is no Debian; install what these packages hold:$wanted"

# shellcheck disable=SC2086
collect $wanted
install

# libFuzzer and clang's sanitizers are in a package named after clang's version.
case " $* " in
*" fuzz "*)
    version=$(clang -dumpversion)
    collect "libclang-rt-${version%%.*}-dev"
    install
    ;;
esac
