package MFA::Clock;

# Whether two kinds of request take the same time, on a machine that does other
# things as well.
#
#   my %took = MFA::Clock::race(60, 40, 20, known => sub { ... },
#                               unknown => sub { ... });
#   MFA::Clock::same(\%took, 'unknown', 'known', 'title');
#
# race() calls all of them once a round, in an order of its own each time: what
# slows the machine down for a while slows down all of them.  It makes as many
# rounds as are wanted, or fewer when they take too long, but never less than the
# least.
#
# same() asks in how many rounds one took longer than the other.  If they take the
# same time that is the toss of a coin, however slow or uneven the machine is: no
# limit in seconds has to be guessed, and a busy machine makes the test no less
# right.  They differ when chance would do as much once in a million times, and
# the medians are more than 5 % apart (security 4's measure) or what is told.

use strict;
use warnings;

use List::Util qw(shuffle);
use Test::More ();
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

my $chance = 1e-6;


sub now { return clock_gettime(CLOCK_MONOTONIC) }


sub race {
    my ($most, $least, $seconds, %runners) = @_;
    my $end = now() + $seconds;
    my @names = sort keys %runners;
    my %took;

    # What is done at the first time only is nobody's.
    $runners{$_}->() for @names;

    for my $round (1 .. $most) {
        for my $name (shuffle @names) {
            my $at = now();
            $runners{$name}->();
            push @{ $took{$name} }, now() - $at;
        }

        last if $round >= $least && now() > $end;
    }

    return %took;
}


sub median {
    my @sorted = sort { $a <=> $b } @_;

    return ($sorted[$#sorted / 2] + $sorted[@sorted / 2]) / 2;
}


# How likely it is that of n coins at most k, or at least n - k, show heads.
sub by_chance {
    my ($n, $k) = @_;
    my ($ways, $sum) = (1, 0);

    $k = $n - $k if 2 * $k > $n;

    for my $i (0 .. $k) {
        $sum += $ways;
        $ways *= ($n - $i) / ($i + 1);
    }

    my $p = 2 * $sum / 2 ** $n;

    return $p < 1 ? $p : 1;
}


sub same {
    my ($took, $one, $other, $title, $apart) = @_;
    my @pairs = map { $took->{$other}[$_] <=> $took->{$one}[$_] }
                0 .. $#{ $took->{$one} };
    my $longer = grep { $_ > 0 } @pairs;
    my $n = grep { $_ } @pairs;
    my ($a, $b) = map { median(@{ $took->{$_} }) } $one, $other;
    my $p = by_chance($n, $longer);
    my $said = sprintf '%s: %.2f ms, %s: %.2f ms, which took longer %d times of '
        . '%d', $one, $a * 1000, $other, $b * 1000, $longer, $n;

    Test::More::ok($p > $chance || abs($b / $a - 1) <= ($apart // 0.05),
                   $title)
        or Test::More::diag($said);
    Test::More::note($said);
}


1;
