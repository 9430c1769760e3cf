#!/bin/sh
# An sshd for the tests, into DIR unless the machine or DIR has one.
#
#   sshd.sh DIR               DIR/root/usr/sbin/sshd and what belongs to it
#
# The package is unpacked, not installed: installing it starts a daemon that the
# machine's network can reach.
set -eu

dir=$1
here=$(dirname "$0")

test -z "${MFA_OWN_SSHD:-}" && test -x /usr/sbin/sshd && exit 0
test -x "$dir/root/usr/sbin/sshd" && exit 0

rm -rf "$dir"
mkdir -p "$dir/got"
dir=$(cd "$dir" && pwd)

# shellcheck source=build-aux/private-apt.sh
. "$here/private-apt.sh"

echo "sshd: getting openssh-server"

if ! private_apt_init "$dir/apt" deb \
    || ! private_apt apt-get update \
    || ! (cd "$dir/got" && private_apt apt-get download openssh-server) \
    || ! dpkg -x "$dir"/got/openssh-server_*.deb "$dir/unpacked"
then
    echo "sshd: no openssh-server from the Debian mirror" >&2
    exit 1
fi

mv "$dir/unpacked" "$dir/root"
rm -rf "$dir/apt" "$dir/got"
