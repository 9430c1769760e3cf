#!/usr/bin/perl

# mfactl audit: which events it shows, and --follow, which shows them as they
# come (feature 100-11).  Broken, somebody who looks for an attack is shown
# other events than there were, is shown some twice or never, or is left with a
# program that hangs.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Select;
use JSON::PP qw(decode_json);
use Test::More;
use Time::HiRes qw(sleep time);

use MFA::Mfactl;


sub event {
    my ($id, %fields) = @_;

    return $redis->call('XADD', 'mfa:{user}:audit', $id, map { $_ => $fields{$_} }
                        sort keys %fields);
}


sub details {
    my (@words) = @_;

    return join ' ', map { $_->{detail} }
           @{ json(0, qw(audit user), @words)->{events} };
}


# A run that goes on, and what it has said so far.

sub follow {
    my (@words) = @_;
    my $run = spawn('-c', $conf, @words);

    @$run{qw(said complained)} = ('', '');
    $_->blocking(0) for $run->{out}, $run->{err};

    return $run;
}


# Waits until a run has said something; whether it did.
sub says {
    my ($run, $pattern, $where) = @_;
    my $handle = $where ? $run->{err} : $run->{out};
    my $key = $where ? 'complained' : 'said';

    for (my $end = time + 15; time < $end; ) {
        return 1 if $run->{$key} =~ $pattern;
        IO::Select->new($handle)->can_read(0.2) or next;
        sysread($handle, $run->{$key}, 65536, length $run->{$key}) or return 0;
    }

    return 0;
}


sub told_to_end {
    my ($run, $signal) = @_;

    kill $signal => $run->{pid};
    my $begun = time;
    my ($exit) = finish($run);

    cmp_ok(time - $begun, '<', 3, "$signal ends it soon");

    return $exit;
}


# Filters.

{
    my $now = int time;

    for my $i (1 .. 1500) {
        event(($now - 3 * 86400 + $i) * 1000 . '-0',
              event => $i % 10 ? 'login' : 'enrol',
              result => $i % 3 ? 'ok' : 'refused',
              login => $i % 7 ? 'alice' : 'bob', detail => "old$i");
    }

    event(($now - 7200) * 1000 . '-1', event => 'code', result => 'ok',
          login => 'alice', detail => 'a');
    event(($now - 3600) * 1000 . '-1', event => 'login', result => 'refused',
          login => 'alice', detail => 'b');
    event(($now - 60) * 1000 . '-1', event => 'code', result => 'refused',
          login => 'bob', detail => 'c');

    is(details('-n', 4), 'old1500 a b c', 'the newest');
    is(details(qw(--since 1d)), 'a b c', 'since a time ago: all of them');
    is(details(qw(--since 90m)), 'b c', '- the border is a second');
    is(details(qw(--since 1d -n 2)), 'b c', '- or the newest of them');
    is(scalar(split ' ', details(qw(--since 1970-01-01))), 1503,
       'since a date');
    is(details(qw(--since 2100-01-01)), '', 'none since a date to come');
    is(details(qw(--login Alice --since 1d)), 'a b', 'of a login');
    is(details(qw(--event code)), 'a c', 'of a kind, far back');
    is(details(qw(--result refused -n 3)), 'old1500 b c', 'of a result');
    is(details(qw(--login bob --event enrol --result refused)),
       join(' ', map { "old$_" } grep { $_ % 210 == 0 } 1 .. 1500),
       'all three, through all pages');
    is(details(qw(--event cod)), '', 'a kind is a whole word');
    is(details(qw(--event alice)), '', 'and looked for in its own field');

    misused(qw(audit user --since soon));
    misused(qw(audit user --since 2026-02-30));
    misused(qw(audit user --login), 'b d');
    misused(qw(audit user --event), '');
    misused(qw(audit user --result), "a\nb");
    misused(qw(audit user --follow -n -1));
    misused(qw(audit user -n 0));
}


# As they come.

{
    my $run = follow(qw(audit user --follow -n 2));
    ok(says($run, qr/detail=c\n/), 'feature 100-11: begins with the newest');
    like($run->{said}, qr/\A\S+Z  login .* alice detail=b\n\S+Z  code .*c\n\z/,
         'a line each');

    event('*', event => 'login', result => 'ok', login => 'carol',
          address => '192.0.2.7', actor => 'x', detail => 'd');
    ok(says($run, qr/carol actor=x address=192\.0\.2\.7 detail=d\n/),
       'one that comes is shown at once, through a pipe');

    event('*', event => "e\e[2J", result => "r\x9b", login => "l\n0000 root",
          detail => "\e]0;x\a\xe2\x80\xae actor=admin");
    ok(says($run, qr/actor=admin\n/), 'what is said of one');
    is(($run->{said} =~ tr/\n//), 4, '- is one line');
    unlike($run->{said}, qr/[^\n\x20-\x7e]/, '- no byte of it drives a terminal');
    is(told_to_end($run, 'INT'), 0, 'done');
}

{
    my $run = follow(qw(--json audit user --follow -n 0 --login carol));
    sleep 0.3;
    event('*', event => 'login', result => 'ok', login => $_, detail => "to $_")
        for qw(alice carol);
    event('*', event => 'code', result => 'ok', login => 'carol',
          detail => "\e[1mx\n");
    ok(says($run, qr/code.*\n/), 'JSON comes by lines');

    my @lines = map { decode_json($_) } split /\n/, $run->{said};
    is_deeply([ map { "$_->{login} $_->{event} $_->{detail}" } @lines ],
              [ 'carol login to carol', 'carol code ?[1mx?' ],
              'of those that are wanted; -n 0: nothing from before');
    like($lines[0]{time}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'with its time');
    like($lines[0]{id}, qr/^\d+-\d+$/, 'and its id');

    event('*', event => 'many', result => 'ok', login => 'carol', detail => $_)
        for 1 .. 1200;
    ok(says($run, qr/"1200"\}?.*\n\z/), 'many at once');
    is_deeply([ map { decode_json($_)->{detail} }
                grep { /"many"/ } split /\n/, $run->{said} ], [ 1 .. 1200 ],
              'each once, in order');
    is(told_to_end($run, 'TERM'), 0, 'done');
}

{
    my $run = follow(qw(audit admin --follow));
    sleep 0.3;
    $redis->call('XADD', 'mfa:{admin}:audit', '*', event => 'first',
                 result => 'ok', detail => 'of all');
    ok(says($run, qr/first +ok +- detail=of all\n/),
       'where there was no event before');
    is(told_to_end($run, 'INT'), 0, 'done');
}


# Whoever reads no more.

{
    my $run = follow(qw(audit user --follow));
    ok(says($run, qr/\n/), 'a reader');
    close $run->{out};

    my $gone;
    for (1 .. 40) {
        event('*', event => 'pipe', result => 'ok');
        sleep 0.25;
        last if $gone = !kill(0, $run->{pid})
                        || slurp("/proc/$run->{pid}/stat") =~ /\) Z /;
    }
    ok($gone, 'whose end is the end of the run');
    waitpid $run->{pid}, 0;
}


# A store that goes away.

{
    my $run = follow(qw(--json audit user --follow -n 0));
    sleep 0.3;
    event('*', event => 'before', result => 'ok');
    ok(says($run, qr/"before"/), 'follows');

    $redis->stop;
    ok(says($run, qr/store at .*; trying again\n/, 1), 'a store that ended');
    sleep 1.5;
    $redis->restart;
    event('*', event => 'after', result => 'ok');
    ok(says($run, qr/"after"/), 'feature 100-11: and is there again');
    is(() = ($run->{said} =~ /\n/g), 2, 'nothing is told twice');

    $redis->freeze;
    ok(says($run, qr/trying again\n.*trying again\n/s, 1), 'one that is silent');
    $redis->thaw;
    event('*', event => 'thawed', result => 'ok');
    ok(says($run, qr/"thawed"/), '- and speaks again');
    is(() = ($run->{complained} =~ /\n/g), 2, 'it is said once each time');

    $redis->stop;
    sleep 0.7;
    is(told_to_end($run, 'TERM'), 0, 'it ends while the store is away');
    $redis->restart;
}

{
    my ($exit, undef, $err) = elsewhere('unix:/nowhere', qw(audit user
                                                            --follow));
    is($exit, 3, 'a store that was never there') or diag($err);

    event('*', event => 'one', result => 'ok');
    $redis->call(qw(ACL SETUSER default -xread));
    ($exit, undef, $err) = mfactl('', qw(audit user --follow -n 0));
    is($exit, 3, 'a store that refuses to be followed');
    like($err, qr/NOPERM.*xread/, '- says so');
    $redis->call(qw(ACL SETUSER default +@all));

    $redis->call('DEL', 'mfa:{user}:audit');
    my $run = follow(qw(audit user --follow));
    sleep 0.3;
    $redis->call('SET', 'mfa:{user}:audit', 'x');
    is((finish($run))[0], 3, 'a stream that is none');
    $redis->call('DEL', 'mfa:{user}:audit');
}

done(qw(account add user zoe --no-password));
done(qw(account list user));
secrets_kept();
done_testing();
