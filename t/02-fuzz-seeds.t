#!/usr/bin/perl

# Gives each fuzz target (t/fuzz/*.c) its seeds and every input that once broke
# it (t/fuzz/seeds/TARGET/): one test for each file.
#
# Fails when a target crashes, has no seeds or was not built, when a folder of
# seeds belongs to no target, and when there are no targets at all.

use strict;
use warnings;

use File::Basename qw(basename dirname);
use File::Spec;
use Test::More;

my $root  = dirname(dirname(File::Spec->rel2abs(__FILE__)));
my $build = $ENV{MFA_BUILD} || "$root/build";

my @targets = grep { $_ ne 'replay' }
              map { basename($_, '.c') } sort glob "$root/t/fuzz/*.c";
my %known = map { $_ => 1 } @targets;

ok(@targets > 0, 'there are fuzz targets');

for my $dir (sort grep { -d } glob "$root/t/fuzz/seeds/*") {
    ok($known{basename($dir)}, 'seeds of ' . basename($dir)
       . ' belong to a target');
}

replay($_) for @targets;
done_testing();


sub replay {
    my ($target) = @_;
    my $program = "$build/fuzz/$target";
    my @seeds = sort grep { -f } glob "$root/t/fuzz/seeds/$target/*";

    if (!ok(-x $program, "$target: built")) {
        diag("$program is missing: make fuzz-seeds");
        return;
    }

    ok(@seeds > 0, "$target: has seeds");

    for my $seed (@seeds) {
        my $output = output_of($program, $seed);

        is($?, 0, "$target: " . basename($seed)) or diag($output);
    }
}


# Without a shell: a seed's name is whatever the fuzzer made of it.
sub output_of {
    my @command = @_;

    my $pid = open(my $out, '-|');
    die "fork: $!" unless defined $pid;

    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT;
        exec @command or die "@command: $!";
    }

    local $/;
    my $output = <$out>;
    close $out;

    return $output;
}
