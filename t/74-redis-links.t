#!/usr/bin/perl

# How a worker uses its connections to Redis: what leaves together, how much may
# be on the way, how answers of any size and pace come in, and that a connection
# on which somebody watches an account is nobody else's.
#
# When this fails, requests pay a system call for each command, a flood piles up
# in a worker's memory, a large answer hangs, or a change is lost because another
# change was watched.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;
use Time::HiRes qw(sleep time);

use FakeRedis;
use MFA::Http2;
use MFA::Outage;
use MFA::Relay;
use MFA::Worker;


subtest 'What one turn of the event loop asks for leaves in one write (security '
    . '126, style: link)' => sub
{
    my $stage = MFA::Outage->new(without => 1, address => 'unix:FAKE',
                                 args => 'timeout=20s');
    my $fake = FakeRedis->start(socket => $stage->fake_socket, on => {
        GET => FakeRedis::nil(), HMGET => FakeRedis::array(),
    });

    my @browsers = map {
        my $browser = $stage->browser(keep => 1);
        $browser->cookie(mfa_user => MFA::Env::token('x' x 32, 'alice'));
        $browser->get('/private');
        $browser;
    } 1 .. 40;

    my ($worker) = MFA::Worker::of($stage->nginx->pid);

    $fake->forget;
    kill STOP => $worker;
    $_->send('GET', '/private') for @browsers;
    kill CONT => $worker;
    is(scalar(grep { $_->receive->status != 303 } @browsers), 0,
       'forty requests');

    my %reads = map { $_->{read} => 1 } $fake->commands;

    is(scalar($fake->commands), 80, 'two commands of each');
    cmp_ok(scalar keys %reads, '<=', 4, 'in few writes');

    undef $fake;
    $stage->finish;
};


subtest 'What is on the way is bounded: beyond it 503 at once (security 126)'
    => sub
{
    my $stage = MFA::Outage->new(without => 1, address => 'unix:FAKE',
                                 args => 'timeout=60s');
    my $fake = FakeRedis->start(socket => $stage->fake_socket, silent => 1);
    my $cookie = 'mfa_user=' . MFA::Env::token('x' x 32, 'alice');

    # 33 times as many as one connection may ask.
    my @h2 = map { MFA::Http2->new($stage->nginx->port(1)) } 1 .. 33;

    for my $h2 (@h2) {
        $h2->get('/private', cookie => $cookie) for 1 .. 128;
        $h2->pump(0);
    }

    my $tally = sub {
        my %sum;

        for my $h2 (@h2) {
            $h2->pump(0.01);
            my $tally = $h2->tally;
            $sum{$_} += $tally->{$_} for keys %$tally;
        }

        return \%sum;
    };

    ok(MFA::Worker::until(sub { ($tally->()->{503} // 0) >= 128 }),
       'some are refused while the others wait');
    is_deeply($tally->(), { 503 => 128, none => 4096 }, 'as many as are over');
    like($stage->nginx->log, qr/more than 4096 calls in flight/,
         'the log tells of it');

    undef $fake;
    ok(MFA::Worker::until(sub { !$tally->()->{none} }),
       'all are answered when the connection breaks');
    is_deeply($tally->(), { 503 => 33 * 128 }, 'with 503');
    $_->close for @h2;

    $stage->redis->call('PING');
    my $relay = MFA::Relay->start($stage->fake_socket, $stage->redis->socket);
    sleep 1;
    $stage->people;
    is($stage->recovery, '', 'nothing is left over');
    $relay->stop;
    $stage->finish;
};


subtest 'Answers are put together from any pieces (security 125)' => sub {
    my $stage = MFA::Outage->new(args => 'timeout=20s');
    my $redis = $stage->redis;
    my $alice = $stage->person('alice');

    # Names no key of hers, and no page or header has it.
    my $key = 'mfa:{user}:account:alice';

    for my $size (16_000, 16_384, 16_400, 100_000, 900_000) {
        $redis->call('HSET', $key, 'validated', 'x' x $size);
        is($alice->twin->get('/private')->story, '200', "$size bytes");
    }

    $redis->call('HSET', $key, 'validated', 'x' x 20_000);
    my @stories = map { $_->story } MFA::Browser::together(
        map { [$alice->twin, 'GET', '/private'] } 1 .. 40);
    is(scalar(grep { $_ ne '200' } @stories), 0, 'forty at once');

    $redis->call('HSET', $key, 'validated', 'x' x 1_100_000);
    is($alice->twin->get('/private')->status, 503, 'more than is sane');
    $redis->call('HDEL', $key, 'validated');
    is($stage->recovery, '', 'and back');

    # The list of sessions that are too many.
    $redis->call('ZADD', 'mfa:{user}:sessions:erin',
                 map { ($_, sprintf 'A' x 28 . '%04d', $_) } 1 .. 1500);
    my $erin = $stage->person('erin');
    is($erin->twin->post('/mfa/login', [csrf => $erin->csrf, login => 'erin',
       password => $stage->password])->story, '303 /', 'a long list');

    # The same answers, a byte at a time.
    my $session = $redis->call('GET',
        $stage->env->session_key($alice->cookie('mfa_user')));
    my @fields = qw(created email name role generation disabled
        required deadline enrolled secret_id validated secret);
    my $account = FakeRedis::array(map {
        defined $_ ? FakeRedis::bulk($_) : FakeRedis::nil()
    } @{ $redis->call('HMGET', $key, @fields) });

    my $slow = MFA::Outage->new(without => 1, address => 'unix:FAKE',
                                args => 'timeout=30s');
    my $fake = FakeRedis->start(socket => $slow->fake_socket, drip => 0.001,
        on => { GET => FakeRedis::bulk($session), HMGET => $account });
    my $browser = $slow->browser;
    $browser->cookie(mfa_user => $alice->cookie('mfa_user'));
    is($browser->get('/private')->story, '200', 'byte by byte');

    undef $fake;
    $slow->finish;
    $stage->finish;
};


subtest 'A connection that Redis ends while nobody needs it is not an outage '
    . '(security 117, trap 40)' => sub
{
    my $stage = MFA::Outage->new(args => 'timeout=20s');
    my ($worker) = MFA::Worker::of($stage->nginx->pid);
    my $alice = $stage->person('alice');

    # Listening ones, those to Redis.
    my $sockets = sub { scalar grep { /^socket/ } MFA::Worker::fds($worker) };
    my $with;

    for (0 .. 5) {
        # The first time there is one more, for changes.
        sleep 0.2;
        $with = $sockets->() if $_ <= 1;
        $stage->redis->call('CLIENT', 'KILL', 'TYPE', 'normal');
        ok(MFA::Worker::until(sub { $sockets->() < $with }), 'it is noticed');
        is($alice->twin->get('/private')->story, '200',
           'the next request has a new one');
    }

    ok(MFA::Worker::until(sub { $sockets->() == $with }),
       'instead of the old one');
    unlike($stage->nginx->log, qr/\[error\]/, 'nothing to tell of');
    $stage->finish;
};


# Orders to the relay, which is another process, are in Redis.
my ($stage, $redis, $relay);


# Enrols an account from the page to the end; the last answer.
sub enrol {
    my ($login) = @_;

    $stage->account($login, required => 1);
    my $browser = $stage->reader($login, '/mfa/enrol/scan');

    return $browser->post('/mfa/enrol/scan', [csrf => $browser->csrf,
        code => MFA::Journey::totp($browser->answer->key)]);
}


sub enrolled {
    my ($login) = @_;

    return $redis->call('HGET', "mfa:{user}:account:$login", 'enrolled') // 0;
}


# What the commands of all connections do that they may not.
sub leaks {
    my (%watched, @wrong);

    for my $seen ($relay->commands) {
        my ($conn, $name, $key) = ($seen->{conn}, @{ $seen->{argv} });
        my $watch = $watched{$conn};

        if ($name eq 'WATCH') {
            push @wrong, "$conn: WATCH $key after WATCH $watch" if $watch;
            $watched{$conn} = $key;

        } elsif ($name =~ /^(?:EXEC|UNWATCH)$/) {
            delete $watched{$conn};

        } elsif ($watch) {
            push @wrong, "$conn: $name $key while $watch is watched"
                if $name eq 'GET'
                   || ($key // '') =~ /:account:/ && $key ne $watch;
        }
    }

    return join "\n", @wrong;
}


subtest 'Changes that collide are made one after the other, and a watch is '
    . 'never left behind (security 14, 84; design 4)' => sub
{
    $stage = MFA::Outage->new(without => 1, address => 'unix:FAKE',
                              args => 'timeout=60s');
    $redis = $stage->redis;

    my %watching;

    $relay = MFA::Relay->start($stage->fake_socket, $redis->socket,
        WATCH => sub {
            my ($argv, $conn) = @_;

            $watching{$conn} = 1;

            # Another admin was faster.
            $redis->call('HINCRBY', $argv->[1], 'version', 1)
                if $redis->call('DECR', 'order:collide') >= 0;

            return $redis->call('DEL', 'order:cut-watch') ? 'close' : '';
        },
        EXEC => sub {
            my ($argv, $conn) = @_;

            return delete $watching{$conn}
                   && $redis->call('DEL', 'order:cut-exec') ? 'close' : '';
        });

    is(enrol('one')->story, '303 /mfa/enrol/done', 'nobody else');

    $redis->call('SET', 'order:collide', 1);
    is(enrol('two')->story, '303 /mfa/enrol/done',
       'somebody changes the account at that moment: it is tried again');
    ok(enrolled('two'), 'and done');
    is($redis->call('HGET', 'mfa:{user}:account:two', 'version'), 3,
       'behind the other change');

    $redis->call('SET', 'order:collide', 100);
    is(enrol('three')->story, '409 error conflict', 'again and again');
    ok(!enrolled('three'), 'and nothing is changed');
    $redis->call('DEL', 'order:collide');

    $redis->call('SET', 'order:cut-watch', 1);
    is(enrol('four')->story, '503 unavailable unavailable',
       'the connection ends after WATCH');
    ok(!enrolled('four'), 'and nothing is changed');

    $redis->call('SET', 'order:cut-exec', 1);
    is(enrol('five')->story, '503 unavailable unavailable',
       'the connection ends after EXEC: done or not, nobody is in by it');

    # Two set-ups of one account: the second finds it changed, and lets go.
    $stage->account('six', required => 1);
    my @six = map {
        my $browser = $stage->reader('six', '/mfa/enrol/scan');
        [$browser, 'POST', '/mfa/enrol/scan', body => MFA::Browser::form(
            csrf => $browser->csrf,
            code => MFA::Journey::totp($browser->answer->key))];
    } 1 .. 2;

    $redis->freeze;
    $_->[0]->send(@$_[1 .. $#$_]) for @six;
    sleep 0.3;
    $redis->thaw;
    is(join(', ', sort map { $_->[0]->receive->status } @six), '303, 403',
       'one of two is the first');

    is(enrol("seven$_")->story, '303 /mfa/enrol/done',
       'all in order after it') for 1 .. 3;
    is(leaks(), '', 'each watch ends where it began');
};


subtest 'Changes use few connections, however many there are (security 126)'
    => sub
{
    my @twelve = map {
        my $login = "many$_";
        $stage->account($login, required => 1);
        my $browser = $stage->reader($login, '/mfa/enrol/scan');
        [$browser, 'POST', '/mfa/enrol/scan', body => MFA::Browser::form(
            csrf => $browser->csrf,
            code => MFA::Journey::totp($browser->answer->key))];
    } 1 .. 12;

    $relay->forget;
    $redis->freeze;
    $_->[0]->send(@$_[1 .. $#$_]) for @twelve;
    sleep 0.3;
    $redis->thaw;

    is(scalar(grep { $_->[0]->receive->status != 303 } @twelve), 0,
       'twelve at once: all are set up');

    my %conns = map { $_->{conn} => 1 } $relay->commands;
    cmp_ok(scalar keys %conns, '>', 2, 'some at the same time');
    cmp_ok(scalar keys %conns, '<=', 9, 'over one connection and eight more');
    is(leaks(), '', 'each watch ends where it began');

    my $began = time;
    $stage->finish;
    cmp_ok(time - $began, '<', 30, 'a worker leaves when nobody waits any more '
           . '(security 129)');
    $relay->stop;
};


done_testing;
