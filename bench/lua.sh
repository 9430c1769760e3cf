#!/bin/bash
# Unpacks Debian's Lua module for nginx and its Redis client into a folder, once,
# and installs nothing: lua-nginx-redis would bring all of nginx-extras with it.
#
#   lua.sh DIR
set -eu

dir=$1
here=$(cd "$(dirname "$0")" && pwd)
packages=(libnginx-mod-http-ndk libnginx-mod-http-lua lua-resty-core
          lua-resty-lrucache lua-nginx-redis libluajit2-5.1-2)

# What was unpacked fits the nginx it was fetched for.
state="$(nginx -v 2>&1) $(cksum < "$0")"
[ "$state" != "$(cat "$dir/state" 2> /dev/null)" ] || exit 0

# shellcheck source=build-aux/private-apt.sh
. "$here/../build-aux/private-apt.sh"

rm -rf "$dir"
mkdir -p "$dir/packages"
private_apt_init "$dir/apt" deb || { echo 'no mirror is configured'; exit 1; }
private_apt apt-get update
cd "$dir/packages"

# Not the PCRE of every nginx.
mapfile -t pcre < <(private_apt apt-cache depends libnginx-mod-http-lua \
                        | sed -n 's/^ *Depends: \(libpcre.*\)/\1/p')
private_apt apt-get download "${packages[@]}" "${pcre[@]}"

for package in *.deb; do
    dpkg -x "$package" "$dir"
done

rm -rf "$dir/apt" "$dir/packages"
echo "$state" > "$dir/state"
