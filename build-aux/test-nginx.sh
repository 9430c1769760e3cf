#!/bin/sh
# Test::Nginx, the Perl module the suites are written with, into DIR unless the
# machine or DIR has it.
#
#   test-nginx.sh DIR         the modules end up in DIR/lib
#
# It is a Debian package (libtest-nginx-perl) in newer suites only, but plain
# Perl: the package is unpacked, not installed.  Without a mirror that has it,
# cpanm is tried.
set -eu

dir=$1
here=$(dirname "$0")

perl -e 'for (@INC) { exit 0 if -e "$_/Test/Nginx/Socket.pm" } exit 1' \
    && exit 0
test -e "$dir/lib/Test/Nginx/Socket.pm" && exit 0

rm -rf "$dir"
mkdir -p "$dir/got"
dir=$(cd "$dir" && pwd)

# shellcheck source=build-aux/private-apt.sh
. "$here/private-apt.sh"

from_apt() {
    private_apt_init "$dir/apt" deb sid || return 1
    private_apt apt-get update || return 1
    (cd "$dir/got" && private_apt apt-get download libtest-nginx-perl) || return 1
    dpkg -x "$dir"/got/*.deb "$dir/got/root" || return 1
    mv "$dir/got/root/usr/share/perl5" "$dir/lib"
}

from_cpan() {
    command -v cpanm > /dev/null || return 1
    cpanm --notest --quiet --local-lib-contained "$dir/got" Test::Nginx \
        || return 1
    mv "$dir/got/lib/perl5" "$dir/lib"
}

echo "test-nginx: getting Test::Nginx"

if ! from_apt && ! from_cpan; then
    echo "test-nginx: no Test::Nginx: neither libtest-nginx-perl from the" \
         "Debian mirror nor cpanm worked" >&2
    exit 1
fi

rm -rf "$dir/apt" "$dir/got"
test -e "$dir/lib/Test/Nginx/Socket.pm"
