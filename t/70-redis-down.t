#!/usr/bin/perl

# Redis that is not there: absent when nginx starts, stopped, killed, restarted,
# frozen, unreachable; by unix socket and by TCP.  What an outage must look like
# is said once, in MFA::Outage.
#
# When this fails, an outage of Redis logs people out, lets them in without being
# asked, reports a logout that did not happen, or hangs what needs no Redis.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use IO::Select;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep time);

use FakeRedis;
use MFA::Nginx;
use MFA::Outage;

my @durable = ('--appendonly', 'yes', '--appendfsync', 'no');


# Runs a Redis through all ways of not being there.
sub outages {
    my ($stage) = @_;

    my $redis = $stage->redis;
    my $kept  = $stage->kept;

    is($stage->recovery, '', 'everybody is let in, as far as they are');

    $redis->freeze;
    is($stage->outage, '', 'frozen: 503, and only for what needs it');
    $redis->thaw;
    is($stage->recovery, '', 'thawed: the same cookies');
    is_deeply($stage->kept, $kept, 'nothing was deleted or changed');

    $redis->stop;
    is($stage->outage, '', 'stopped: 503');
    is($stage->outage, '', 'still stopped: 503');
    $redis->restart;
    is($stage->recovery, '', 'restarted: the same cookies');
    is_deeply($stage->kept, $kept, 'nothing was deleted or changed');

    # Its socket file stays, and what it was about to say is lost.
    kill KILL => $redis->pid;
    waitpid $redis->pid, 0;
    is($stage->outage, '', 'killed: 503');
    $redis->restart;
    is($stage->recovery, '', 'restarted: the same cookies');
    is_deeply($stage->kept, $kept, 'nothing was deleted or changed');

    is(scalar(() = $stage->nginx->log =~ /unavailable at "logout"/g), 4,
       'each logout during it is one that could not be done');
    like($stage->nginx->log,
         qr/\[error\] .*mfa: unavailable at "login", client: 127\.0\./,
         'the log has who tried what, at its default level (security 146)');
}


subtest 'A Redis that goes away takes nobody\'s session along: unix socket '
    . '(security 115, 117)' => sub
{
    my $stage = MFA::Outage->new(redis => \@durable, args => 'timeout=1500ms');

    outages($stage);

    my $erin = $stage->person('erin');
    my $lines = sub {
        my ($level) = @_;

        return scalar(grep { /\[$level\] .*unavailable at "login"/ }
                      split /\n/, $stage->nginx->log);
    };
    my ($errors, $all) = ($lines->('error'), $lines->('\w+'));
    $stage->redis->stop;
    sleep 1.1;                  # this second's lines may be used up
    my $begun = time;
    MFA::Browser::together(map { [$erin->twin, 'POST', '/mfa/login',
        body => MFA::Browser::form(csrf => $erin->csrf, login => 'erin',
                                   password => "try $_")] } 1 .. 60)
        for 1 .. 2;
    my $most = 10 * (2 + time - $begun);
    is($lines->('\w+') - $all, 120, 'each attempt has its line');
    cmp_ok($lines->('error') - $errors, '>=', 10, 'some of them by default');
    cmp_ok($lines->('error') - $errors, '<=', $most, 'but no flood');
    cmp_ok($most, '<', 100, '(which would be more)');
    $stage->redis->restart;
    $stage->finish;
};


subtest 'The same by TCP (security 115, 117)' => sub {
    my ($port) = MFA::Nginx::free_ports(1);
    my $stage = MFA::Outage->new(redis => [@durable, '--port', $port],
        address => "127.0.0.1:$port", args => 'timeout=1500ms');

    outages($stage);
    $stage->finish;
};


subtest 'With four workers the outage ends for all of them at once (security '
    . '117)' => sub
{
    my $stage = MFA::Outage->new(redis => \@durable, workers => 4,
                                 args => 'timeout=1500ms');
    my $alice = $stage->person('alice');

    $stage->redis->stop;

    # Long enough for the longest pause between two tries.
    for (my $end = time + 2.5; time < $end; sleep 0.02) {
        my $answer = $alice->twin->get('/private');
        is($answer->story, 'another answer') if $answer->status != 503;
    }

    $stage->redis->restart;
    is($stage->recovery(2), '', 'everybody is back in less than 2 s');

    # In every worker, as far as chance finds them.
    sleep 1.1;
    my @stories = map { $_->story } MFA::Browser::together(
        map { [$alice->twin, 'GET', '/private'] } 1 .. 40);
    is(scalar(grep { $_ ne '200' } @stories), 0, 'whichever worker answers');

    $stage->finish;
};


subtest 'A Redis that is slow, but not too slow, is waited for, and nobody else '
    . 'waits with it (security 117)' => sub
{
    my $stage = MFA::Outage->new(args => 'timeout=20s');
    my $alice = $stage->person('alice')->twin;

    $stage->redis->freeze;
    $alice->send('GET', '/private');

    is($stage->browser->get('/open/x')->story, '200', 'what is not gated');
    is($stage->browser->get('/mfa/login')->story, '200 login',
       'the login page');
    is($stage->browser->get('/private')->story,
       '303 /mfa/login?next=/private', 'a stranger');
    ok(!IO::Select->new($alice->{socket})->can_read(0),
       'were answered while a request waits');

    $stage->redis->thaw;
    is($alice->receive->story, '200', 'which is let in then');
    $stage->finish;
};


subtest 'What is no cookie of ours asks Redis nothing: an outage is not seen '
    . '(security 45)' => sub
{
    my $stage = MFA::Outage->new(args => 'timeout=20s');
    my $good  = $stage->person('alice')->cookie('mfa_user');

    $stage->redis->stop;

    for my $value ('', 'x', 'x' x 43, 'x' x 8000, "$good.x", "x$good",
                   substr($good, 1), $good =~ s/\./!/r, '%00' . $good,
                   "\"$good\"", "$good; mfa_user=$good", '../' . $good,
                   "$good,", '*', '$1', "\x7f")
    {
        my $browser = $stage->browser;
        $browser->cookie(mfa_user => $value);
        is($browser->get('/private')->story, '303 /mfa/login?next=/private',
           'a stranger: ' . substr($value, 0, 20) =~ s/[^ -~]/?/gr);
    }

    $stage->finish;
};


subtest 'nginx starts without Redis, and finds it when it comes (security 115, '
    . '133)' => sub
{
    my ($port) = MFA::Nginx::free_ports(1);

    for my $address ("127.0.0.1:$port", undef) {
        my $stage = MFA::Outage->new(absent => 1, args => 'timeout=1500ms',
            redis => ['--port', $port], address => $address);
        my $name = $address ? 'TCP' : 'unix socket';

        my $browser = $stage->browser;
        $browser->cookie(mfa_user => MFA::Env::token('x' x 32, 'alice'));
        my $answer = $browser->get('/private');

        is(join("\n", $stage->refusal($answer, 'GET', 1)), '', "$name: 503");
        ok($browser->cookie('mfa_user'), 'the cookie is kept');
        is($stage->browser->get('/open/x')->story, '200', 'the rest is served');

        $stage->redis->restart;
        sleep 0.2;
        $stage->people;
        is($stage->recovery, '', 'then it is there');
        $stage->finish;
    }
};


subtest 'A host that answers no connection costs one deadline (security 117)'
    => sub
{
    # A full queue: what wants to connect is not even refused.
    my $deaf = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 0)
        or die "deaf: $!";
    listen $deaf, 0;
    my @fill = map {
        IO::Socket::INET->new(PeerAddr => '127.0.0.1', Blocking => 0,
                              PeerPort => $deaf->sockport)
    } 1 .. 4;

    my $stage = MFA::Outage->new(address => '127.0.0.1:' . $deaf->sockport,
                                 args => 'timeout=300ms', without => 1);
    my $browser = $stage->browser;
    $browser->cookie(mfa_user => MFA::Env::token('x' x 32, 'alice'));

    my $began = time;
    my $answer = $browser->get('/private');

    is(join("\n", $stage->refusal($answer, 'GET', 1)), '', 'it is an outage');
    cmp_ok(time - $began, '>=', 0.29, 'not before the deadline');
    like($stage->nginx->log, qr/redis 127\S+: connect failed \(110: /,
         'the log says why');
    $stage->finish;
};


subtest 'While it is down, tries to connect become fewer, however many ask '
    . '(security 117)' => sub
{
    my $stage = MFA::Outage->new(without => 1, args => 'timeout=2s',
                                 address => 'unix:FAKE');
    my $fake = FakeRedis->start(socket => $stage->fake_socket,
        hello => FakeRedis::error('ERR max number of clients reached'));
    my $browser = $stage->browser(keep => 1);
    $browser->cookie(mfa_user => MFA::Env::token('x' x 32, 'alice'));

    my $began = time;
    my $asked = 0;

    for (my $end = $began + 3; time < $end; $asked++) {
        my $answer = $browser->get('/private');
        is($answer->status, 503, 'an outage') if $answer->status != 503;
    }

    my $took  = time - $began;
    my %tries = map { $_->{conn} => 1 } $fake->commands;

    # 25 ms after the first failure, twice as long after each, at most 500 ms.
    my $most = 6 + ($took - 0.775) / 0.5;

    cmp_ok(scalar keys %tries, '>=', 3, 'it is tried again');
    cmp_ok(scalar keys %tries, '<=', $most, 'with pauses in between');
    cmp_ok($asked, '>', 5 * $most, 'for many more requests');

    my @lines = $stage->nginx->log =~ /\[error\][^\n]*mfa: redis/g;
    cmp_ok(scalar @lines, '<=', 2 * ($took + 2),
           'and the log is told once a second (security 145)');
    $stage->finish;
};


done_testing;
