#!/bin/sh
# Postfix for the tests, into DIR unless it is there.
#
#   postfix.sh DIR            DIR/root/usr/lib/postfix and what belongs to it
#
# The package is unpacked, not installed: installing it starts a mail server and
# takes the place of the one the machine may have.
set -eu

dir=$1
here=$(dirname "$0")

test -x "$dir/root/usr/lib/postfix/sbin/master" && exit 0

rm -rf "$dir"
mkdir -p "$dir/got"
dir=$(cd "$dir" && pwd)

# shellcheck source=build-aux/private-apt.sh
. "$here/private-apt.sh"

echo "postfix: getting postfix"

if ! private_apt_init "$dir/apt" deb \
    || ! private_apt apt-get update \
    || ! (cd "$dir/got" && private_apt apt-get download postfix) \
    || ! dpkg -x "$dir"/got/postfix_*.deb "$dir/unpacked"
then
    echo "postfix: no postfix from the Debian mirror" >&2
    exit 1
fi

mv "$dir/unpacked" "$dir/root"
rm -rf "$dir/apt" "$dir/got"
