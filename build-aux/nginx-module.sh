#!/bin/bash
# Builds the dynamic module against nginx's sources, by default those of the
# Debian package nginx-dev.
#
#   nginx-module.sh DIR       the module ends up as DIR/ngx_http_mfa_module.so
#
# From the environment: CC, NGINX_SRC (another nginx source tree), MFA_CC_OPT,
# MFA_LD_OPT, MFA_TEMPLATES_DIR, JOBS.
#
# nginx's configure writes a Makefile next to itself: it runs in a folder of
# links to the sources, which may belong to somebody else.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1/tree"
out=$(cd "$1" && pwd)
src=${NGINX_SRC:-/usr/share/nginx/src}

if [ ! -f "$src/src/core/nginx.h" ] || [ ! -f "$src/configure" ]; then
    echo "module: no nginx sources in $src: run \"make deps\" (package" \
         "nginx-dev) or give NGINX_SRC=dir" >&2
    exit 1
fi

src=$(cd "$src" && pwd)

NGX_CONF_FLAGS=(--with-compat --with-debug --with-threads
                --with-http_ssl_module --with-http_v2_module)
if [ -f "$src/conf_flags" ]; then
    # shellcheck source=/dev/null
    . "$src/conf_flags"
fi

configure=(./configure "${NGX_CONF_FLAGS[@]}" --with-cc="${CC:-cc}"
           --with-cc-opt="${MFA_CC_OPT:-}" --with-ld-opt="${MFA_LD_OPT:-}"
           --builddir=objs --add-dynamic-module="$root")

# Everything that decides what configure would write.
state=$(printf '%s\n' "$src" "${configure[@]}" "${MFA_TEMPLATES_DIR:-}"
        cat "$root/config" "$root/VERSION"
        cksum "$src/src/core/nginx.h" "$src/configure"
        ls "$root"/ngx_http_mfa_module/*/*.h)

cd "$out/tree"

if [ ! -f objs/Makefile ] || [ "$state" != "$(cat "$out/state" 2>/dev/null)" ]
then
    rm -rf "$out/tree" "$out/state"
    mkdir -p "$out/tree"
    cd "$out/tree"

    for entry in "$src"/*; do
        case ${entry##*/} in
        objs | Makefile) ;;
        *) ln -s "$entry" . ;;
        esac
    done

    if ! "${configure[@]}" > "$out/configure.log" 2>&1; then
        tail -n 20 "$out/configure.log" >&2
        exit 1
    fi

    printf '%s\n' "$state" > "$out/state"
fi

"${MAKE:-make}" --no-print-directory ${JOBS:+-j"$JOBS"} -s \
    -f objs/Makefile modules

if ! cmp -s objs/ngx_http_mfa_module.so "$out/ngx_http_mfa_module.so"; then
    cp objs/ngx_http_mfa_module.so "$out/ngx_http_mfa_module.so"
fi
