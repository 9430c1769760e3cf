#!/usr/bin/perl

# The unit programs (t/unit/test_*.c, cmocka) as tests of this suite: every test
# of every program is one line here, under its program's name.
#
# Fails when a program fails, dies, ends before its plan is fulfilled, or was not
# built, and when there are none at all: silence is not success.

use strict;
use warnings;

use File::Basename qw(basename dirname);
use File::Spec;
use lib dirname(__FILE__) . '/lib';

use Test::More;

use MFA::Lists;

my $root  = dirname(dirname(File::Spec->rel2abs(__FILE__)));
my $build = $ENV{MFA_BUILD} || "$root/build";

# Payloads for test_return_url, besides those it has inside.
$ENV{MFA_REDIRECT_LISTS} = join ':', MFA::Lists::files('open-redirects');

my @names = map { basename($_, '.c') } sort glob "$root/t/unit/test_*.c";

ok(@names > 0, 'there are unit programs');
run($_) for @names;
done_testing();


sub run {
    my ($name) = @_;
    my $program = "$build/unit/$name";

    if (!-x $program) {
        fail("$name: built");
        diag("$program is missing: make unit");
        return;
    }

    local $ENV{CMOCKA_MESSAGE_OUTPUT} = 'TAP';

    # Under a sanitizer nginx is excused from freeing everything, these are not.
    local $ENV{ASAN_OPTIONS} = join ':', $ENV{ASAN_OPTIONS} || (),
                                    'detect_leaks=1';

    my $output = `$program 2>&1`;
    my $status = $?;
    my ($planned, $seen, $failing) = (0, 0, 0);
    my @aside;

    for my $line (split /\n/, $output) {
        if ($line =~ /^1\.\.(\d+)/) {
            $planned += $1;

        } elsif ($line =~ /^(?:not )?ok \d+ # SKIP (.*)$/) {
            $seen++;
            $failing = 0;
            skipped("$name: $1");

        } elsif ($line =~ /^(not )?ok \d+(?: - (.*))?$/) {
            my ($bad, $title) = ($1, defined $2 ? $2 : '');

            $seen++;

            ok(!$bad, "$name: $title");
            $failing = $bad;

        } elsif ($failing) {
            diag($line);

        } else {
            push @aside, $line;
        }
    }

    ok($status == 0 && $seen > 0 && $seen == $planned, "$name: ended well")
        or diag("exit status ", $status >> 8, ", signal ", $status & 127,
                ", $seen of $planned tests\n", join "\n", @aside);
}


sub skipped {
    my ($title) = @_;

    SKIP: { skip($title, 1); }
}
