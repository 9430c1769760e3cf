#!/usr/bin/perl

# People's ways through the gate in a real browser (Chromium, driven from
# t/e2e/journey.js, which says what they are): what breaks for a browser and for
# none of the requests that other suites make by hand, like a policy header that
# refuses the page's own style, a redirect that a cookie does not survive, or
# text that nobody can read.  Screenshots of every page are left in the build's
# folder screenshots.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use Test::More;

my $here = dirname(abs_path(__FILE__)) . '/e2e';

-d "$here/node_modules/playwright-core"
    or BAIL_OUT("t/e2e has no playwright-core: make deps-test installs it");

open my $journey, '-|', 'node', "$here/journey.js" or BAIL_OUT("node: $!");

my $planned;

while (my $line = <$journey>) {
    chomp $line;

    if ($line =~ /^(not )?ok \d+ - (.*)/) {
        ok(!$1, $2);

    } elsif ($line =~ /^1\.\.(\d+)$/) {
        $planned = $1;

    } elsif ($line =~ /^# ?(  )?(.*)/) {
        # What is indented tells of the failure before it.
        defined $1 ? diag($2) : note($2);

    } elsif ($line =~ /^Bail out! (.*)/) {
        diag($1);
    }
}

ok(close $journey, 'the browser came to its end');
is($planned, Test::More->builder->current_test - 1, 'with every journey made');

done_testing();
