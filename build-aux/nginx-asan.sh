#!/bin/bash
# nginx itself under AddressSanitizer and UndefinedBehaviorSanitizer, the module
# compiled in, every pool allocation an allocation of its own so that a read past
# one is seen.
#
#   nginx-asan.sh DIR         the binary ends up as DIR/nginx
#
# From the environment: CC, NGINX_SRC (a complete nginx source tree; by default
# the distribution's source package is unpacked), NGINX_SUITE (a Debian suite to
# take it from), SANITIZE (the compiler's flags), MFA_TEMPLATES_DIR, JOBS.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
suite=${NGINX_SUITE:-}
src=${NGINX_SRC:-$out/source${suite:+-$suite}}

# shellcheck source=build-aux/private-apt.sh
. "$root/build-aux/private-apt.sh"

unpack() {
    rm -rf "$out/fetch"
    mkdir -p "$out/fetch"
    private_apt_init "$out/fetch/apt" deb-src "$suite" || return 1
    private_apt apt-get update || return 1

    # Newest first; a mirror can lack the files of what it lists.
    for version in $(private_apt apt-cache showsrc nginx \
                     | sed -n 's/^Version: //p' | sort -Vru)
    do
        (cd "$out/fetch" \
         && private_apt apt-get source "nginx=$version" > /dev/null) || continue
        mv "$out"/fetch/nginx-*/ "$src"
        rm -rf "$out/fetch"
        return 0
    done

    return 1
}

if [ ! -f "$src/configure" ]; then
    echo "asan: getting nginx's source package"
    if ! unpack; then
        echo "asan: no nginx source: the Debian mirror gave none; give" \
             "NGINX_SRC=dir" >&2
        exit 1
    fi
fi

configure=(./configure --with-debug --with-threads --with-pcre-jit
           --with-http_ssl_module --with-http_v2_module
           --with-http_auth_request_module --with-http_realip_module
           --with-http_addition_module --with-http_sub_module
           --with-http_slice_module --with-http_stub_status_module
           --with-http_random_index_module --with-http_secure_link_module
           --with-http_gunzip_module --with-http_gzip_static_module
           --with-http_dav_module
           --with-cc="${CC:-cc}"
           --with-cc-opt="$SANITIZE -DNGX_DEBUG_PALLOC=1"
           --with-ld-opt="$SANITIZE"
           --prefix="$out/prefix" --error-log-path=stderr
           --builddir=objs --add-module="$root")

state=$(printf '%s\n' "${configure[@]}" "$src" "${MFA_TEMPLATES_DIR:-}"
        cat "$root/config" "$root/VERSION"
        ls "$root"/ngx_http_mfa_module/*/*.h)

cd "$src"

if [ ! -f objs/Makefile ] || [ "$state" != "$(cat "$out/state" 2>/dev/null)" ]
then
    rm -rf objs "$out/state"

    # configure runs small programs to look at their answers; a leak in one of
    # them is none of ours.
    if ! ASAN_OPTIONS=detect_leaks=0 "${configure[@]}" \
            > "$out/configure.log" 2>&1
    then
        tail -n 20 "$out/configure.log" >&2
        exit 1
    fi

    printf '%s\n' "$state" > "$out/state"
fi

"${MAKE:-make}" --no-print-directory ${JOBS:+-j"$JOBS"} -s \
    -f objs/Makefile binary

mkdir -p "$out/prefix/conf" "$out/prefix/logs"
cmp -s objs/nginx "$out/nginx" || cp objs/nginx "$out/nginx"
