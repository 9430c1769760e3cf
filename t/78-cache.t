#!/usr/bin/perl

# The worker's cache, seen from outside: what it may answer without a question,
# and all the ways in which it might not have heard of a change: an answer that
# is late, news that are late, a connection that ends, hangs, lies, or is refused;
# a session's own end, too many sessions, a worker that leaves.
#
# When this fails, a worker lets somebody in of whom Redis says no, or asks Redis
# for each request and nobody notices.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;
use Time::HiRes qw(sleep time);

use FakeRedis;
use MFA::Outage;
use MFA::Tap;
use MFA::Worker;

my $account = 'mfa:{user}:account:alice';
my $blocked = '303 /mfa/blocked?next=/private';


# An nginx with a cache and a tap before its Redis; alice is logged in.
sub stage {
    my (%opt) = @_;

    my $stage = MFA::Outage->new(without => 1, address => 'unix:FAKE',
        args => 'timeout=20s', cache => 'entries=1000', %opt);

    $stage->{tap} = MFA::Tap->start($stage->fake_socket,
                                    $stage->redis->socket);
    $stage->account('alice');
    $stage->{alice} = $stage->visitor('alice');

    return $stage;
}


sub finish {
    my ($stage) = @_;

    $stage->{tap}->stop;
    $stage->finish;
}


sub visit {
    my ($stage) = @_;

    return $stage->{alice}->twin->get('/private')->story;
}


# Readings of sessions since the last forget.
sub readings {
    my ($stage) = @_;

    return scalar grep { $_->{argv}[0] eq 'GET'
                         && $_->{argv}[1] =~ /^mfa:session:/ }
                  $stage->{tap}->commands;
}


# How often the store is asked for one visit, and what comes of it.
sub asked {
    my ($stage) = @_;

    $stage->{tap}->forget;
    my $story = visit($stage);

    return readings($stage) . " $story";
}


sub warm {
    my ($stage, $name, $seconds) = @_;

    ok(MFA::Worker::until(sub { asked($stage) eq '0 200' }, $seconds),
       $name // 'after a while nothing is asked');
}


# The session's readings have reached Redis although nobody has the answers.
sub is_read {
    my ($stage, $n) = @_;

    return MFA::Worker::until(sub { readings($stage) >= $n });
}


subtest 'A session that is known costs no question, until something changes '
    . '(security 33)' => sub
{
    my $stage = stage();

    warm($stage);
    is(asked($stage), '0 200', 'again') for 1 .. 3;

    $stage->redis->call('HSET', $account, 'disabled', 1);
    sleep 0.1;
    is(asked($stage), "1 $blocked", 'an account that is disabled');
    is(asked($stage), "1 $blocked", 'who is refused is asked for each time');
    $stage->redis->call('HDEL', $account, 'disabled');
    is(asked($stage), '1 200', 'and let in at once when that is over');
    warm($stage);

    $stage->redis->call('DEL', $stage->env->session_key(
        $stage->{alice}->cookie('mfa_user')));
    sleep 0.1;
    is(asked($stage), '1 303 /mfa/login?next=/private', 'a session that ends');
    finish($stage);
};


subtest 'An answer that is older than a change is for its request and for '
    . 'nothing else (security 33)' => sub
{
    my $stage = stage();
    my $tap   = $stage->{tap};
    my $key   = $stage->env->session_key($stage->{alice}->cookie('mfa_user'));

    warm($stage);

    for my $change (['its account', 'HSET', $account, 'disabled', 1],
                    ['its session', 'DEL', $key], ['everything', 'FLUSHALL'])
    {
        my ($name, @command) = @$change;
        my $record = $stage->redis->call('GET', $key);
        my $twin   = $stage->{alice}->twin;

        # It is not known at this moment.
        $stage->redis->call('HINCRBY', $account, 'version', 1);
        sleep 0.1;
        $tap->forget;
        $tap->hold('shared');
        $twin->send('GET', '/private');
        is_read($stage, 1);
        sleep 0.1;

        # The change, and the news of it; then the answer of before.
        $stage->redis->call(@command);
        sleep 0.1;
        $tap->pass('shared');
        is($twin->receive->story, '200', "$name: the answer is taken");
        like(asked($stage), qr/^1 303 /, 'but it is not remembered');

        $stage->redis->call('SET', 'mfa:schema', 1);
        $stage->redis->call('SET', $key, $record, EX => 1800);
        $stage->account('alice');
        warm($stage);
    }

    finish($stage);
};


subtest 'News that are late hold as soon as they are there (security 33)' => sub {
    my $stage = stage();
    my $tap   = $stage->{tap};

    warm($stage);
    $tap->hold('listen');
    $stage->redis->call('HSET', $account, 'disabled', 1);
    sleep 0.1;
    is(asked($stage), '0 200', 'nobody has told yet');

    $tap->pass('listen');
    sleep 0.1;
    is(asked($stage), "1 $blocked", 'now somebody has');
    finish($stage);
};


subtest 'While nobody listens, each request is asked for: connections that end '
    . '(security 33, 117)' => sub
{
    my $stage = stage();
    my $tap   = $stage->{tap};

    for my $kind ('listen', 'shared') {
        warm($stage, "$kind: nothing is asked");
        $tap->cut($kind);

        # What changes now is told to nobody.
        $stage->redis->call('HSET', $account, 'disabled', 1);
        sleep 0.1;
        is(asked($stage), "1 $blocked", 'what was known is forgotten');
        $stage->redis->call('HDEL', $account, 'disabled');
        warm($stage, 'it begins again');
    }

    $stage->redis->call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    sleep 0.1;
    like(asked($stage), qr/^1 200/, 'ended by Redis');
    warm($stage, 'it begins again');

    finish($stage);
};


subtest 'A listening connection that hangs is found out in time (security 117)'
    => sub
{
    my $stage = stage(args => 'timeout=400ms');
    my $tap   = $stage->{tap};

    warm($stage);
    $tap->hold('listen');
    $stage->redis->call('HSET', $account, 'disabled', 1);
    my $began = time;
    ok(MFA::Worker::until(sub { visit($stage) eq $blocked }, 10),
       'the change holds although nobody could tell');
    cmp_ok(time - $began, '<', 2, 'after 250 ms and the timeout');

    $stage->redis->call('HDEL', $account, 'disabled');
    is(asked($stage), '1 200', 'while it hangs each request is asked for')
        for 1 .. 20;
    $tap->pass('listen');
    warm($stage, 'it begins again');
    finish($stage);
};


my @needed = qw(client|id client|tracking subscribe ping);

ok(MFA::Nginx::read_file("$MFA::Env::ROOT/README.md") =~ join('\s+',
    '\n    ACL SETUSER gate', map { quotemeta }
    (map { "+$_" } @needed), '&__redis__:invalidate'),
   'README names what is tried here');

for my $missing (@needed, '&__redis__:invalidate') {
    subtest "A server that refuses $missing is asked for each request, and "
        . 'tried again later' => sub
    {
        my $canary = 'Canary-of-Redis-51c';
        my $stage = stage(password => $canary,
            args => 'user=gate password_file=PASSWORD timeout=20s');
        my $redis = $stage->redis;
        my @may = map { /^&/ ? $_ : "+$_" } grep { $_ ne $missing }
                  @needed, '&__redis__:invalidate';

        $redis->call('ACL', 'SETUSER', 'gate', 'on', ">$canary", 'resetkeys',
                     'resetchannels', '~mfa:*', '+get', '+set', '+hmget', @may);

        is(visit($stage), '200', 'it works');
        $stage->told(qr/does not tell of changes/, sub { visit($stage) })
            if $missing eq 'ping';          # some time after it began
        is(asked($stage), '1 200', 'and is asked for') for 1 .. 10;

        my $warnings = () = $stage->nginx->log
            =~ /\[warn\][^\n]*does not tell of changes/g;
        is($warnings, 1, 'the log says it once');

        if ($missing eq 'subscribe') {
            $redis->call('ACL', 'SETUSER', 'gate', "+$missing");
            warm($stage, 'when it may, it begins', 15);
        }

        finish($stage);
    };
}


subtest 'A session that ends by itself ends at that second, without a word from '
    . 'Redis (security 31)' => sub
{
    my $stage = stage();
    my $end   = int(time) + 4;

    $stage->{alice} = $stage->visitor('alice', expires => $end, ttl => 1000);
    warm($stage);

    my (%early, %late);

    for (my $story = ''; time < $end + 0.5; sleep 0.01) {
        my $before = time;
        $story = visit($stage);
        my $after = time;

        $early{$story}++ if $after < $end - 0.01;
        $late{$story}++ if $before > $end + 0.01;
    }

    is(join(' ', keys %early), '200', 'before');
    is(join(' ', keys %late), '303 /mfa/login?next=/private', 'and after');
    finish($stage);
};


subtest 'More sessions than it has room for, and more than Redis watches '
    . 'over' => sub
{
    my $stage = stage(cache => 'entries=16');
    my $tap   = $stage->{tap};
    my @all   = map {
        $stage->account("visitor$_");
        $stage->visitor("visitor$_");
    } 1 .. 40;

    warm($stage);

    for my $round (1 .. 2) {
        $tap->forget;
        my %stories;
        $stories{ $_->twin->get('/private')->story }++ for @all;
        is_deeply(\%stories, { 200 => 40 }, 'all are let in');
        is(readings($stage), 40, 'and asked for: there is room for eight');
    }

    $tap->forget;
    $_->twin->get('/private') for (@all[36 .. 39]) x 5;
    is(readings($stage), 0, 'the last ones are known');

    # Redis forgets whom it has told of what: it says so.
    $stage->redis->call('CONFIG', 'SET', 'tracking-table-max-keys', 4);
    $_->twin->get('/private') for @all[36 .. 39];

    for my $i (36 .. 39) {
        $stage->redis->call('HSET', 'mfa:{user}:account:visitor'
                                    . ($i + 1), 'disabled', 1);
        sleep 0.1;
        is($all[$i]->twin->get('/private')->story, $blocked,
           'a change holds all the same');
    }

    $stage->redis->call('CONFIG', 'SET', 'tracking-table-max-keys', 0);
    warm($stage);
    $stage->redis->call('FLUSHALL');
    sleep 0.1;
    is(visit($stage), '303 /mfa/login?next=/private', 'nothing is left');
    finish($stage);
};


subtest 'Workers that leave: in time, and the next one knows nothing' => sub {
    my $stage  = stage();
    my $tap    = $stage->{tap};
    my $master = $stage->nginx->pid;

    my $next = sub {
        my ($signal, $to, $name) = @_;
        my ($old) = MFA::Worker::of($master);
        my $began = time;

        kill $signal => $to // $old;
        ok(MFA::Worker::until(sub {
            my @now = MFA::Worker::of($master);
            return @now == 1 && $now[0] != $old;
        }), "$name: another worker");

        return ($old, $began);
    };
    my $gone = sub {
        my ($old, $began) = @_;
        ok(MFA::Worker::until(sub { !-d "/proc/$old" }), 'the old one leaves');
        cmp_ok(time - $began, '<', 3, 'soon');
        like(asked($stage), qr/^1 200/, 'the new one has to ask');
        warm($stage);
    };

    warm($stage);
    $gone->($next->('HUP', $master, 'a reload at rest'));
    $gone->($next->('TERM', undef, 'a quick end'));

    # In the middle of a reading.
    $stage->redis->call('HINCRBY', $account, 'version', 1);
    sleep 0.1;
    $tap->forget;
    $tap->hold('shared');
    my $twin = $stage->{alice}->twin;
    $twin->send('GET', '/private');
    is_read($stage, 1);
    my @at = $next->('HUP', $master, 'a reload at work');
    sleep 0.6;
    ok(-d "/proc/$at[0]", 'the old one waits');
    $tap->pass('shared');
    is($twin->receive->story, '200', 'and answers');
    $gone->($at[0], time);

    finish($stage);
};


# A killed worker is an alert of the master's.
subtest 'A worker that is killed leaves nothing behind' => sub {
    my $stage = stage();

    warm($stage);
    my ($old) = MFA::Worker::of($stage->nginx->pid);
    kill KILL => $old;
    ok(MFA::Worker::until(sub {
        my ($now) = MFA::Worker::of($stage->nginx->pid);
        return $now && $now != $old;
    }), 'another worker');
    like(asked($stage), qr/^1 200/, 'the new one has to ask');
    warm($stage);

    $stage->{tap}->stop;
    $stage->finish(qr/exited on signal 9/);
};


subtest 'mfa_cache off asks for each request and listens to nothing' => sub {
    my $stage = stage(cache => 'off');

    visit($stage);
    is(asked($stage), '1 200', 'asked for') for 1 .. 10;
    is(scalar(grep { $_->{argv}[0] =~ /^(?:CLIENT|SUBSCRIBE)$/ }
              $stage->{tap}->commands), 0, 'nothing is listened to');
    finish($stage);
};


subtest 'A Redis that freezes is an outage soon, one that restarts at once '
    . '(security 115, 117)' => sub
{
    my $stage = stage(args => 'timeout=400ms');

    warm($stage);
    $stage->redis->freeze;
    my $began = time;
    my %stories;
    ok(MFA::Worker::until(sub {
        my $story = visit($stage);
        $stories{$story}++;
        return $story =~ /^503/;
    }, 10), 'it is found out');
    cmp_ok(time - $began, '<', 2.5, 'after 250 ms and twice the timeout');
    delete $stories{'200'};
    is(scalar(keys %stories), 1, 'until then the session is believed');
    $stage->redis->thaw;
    warm($stage, 'thawed: it begins again');

    # What it held is gone.
    $stage->redis->restart;
    MFA::Worker::until(sub { visit($stage) !~ /^503/ });
    is(visit($stage), '303 /mfa/login?next=/private', 'restarted and empty');
    finish($stage);
};


subtest 'Whatever is said on the listening connection, what was known is '
    . 'forgotten and nobody is let in (security 122, 124)' => sub
{
    my $stage = stage();
    my $tap   = $stage->{tap};
    my $bulk  = \&FakeRedis::bulk;
    my $told  = sub { FakeRedis::array($bulk->('message'), @_) };
    my $channel = $bulk->('__redis__:invalidate');

    my %lies = (
        'another channel'    => $told->($bulk->('news'), FakeRedis::nil()),
        'a number'           => $told->($channel, ":1\r\n"),
        'a text'             => $told->($channel, $bulk->($account)),
        'keys of numbers'    => $told->($channel, FakeRedis::array(":1\r\n")),
        'keys of nothing'    => $told->($channel,
                                        FakeRedis::array(FakeRedis::nil())),
        'keys of arrays'     => $told->($channel,
                                        FakeRedis::array("*0\r\n")),
        'no message'         => FakeRedis::array($bulk->('pmessage'),
                                                 $channel, $channel),
        'an answer too many' => "+OK\r\n",
        'an error'           => "-ERR no\r\n",
        'no protocol'        => "HTTP/1.1 200 OK\r\n\r\n",
        'too many keys'      => $told->($channel, "*2147483647\r\n"),
        'an endless key'     => $told->($channel, FakeRedis::array(
                                "\$536870912\r\n" . 'x' x 2_000_000)),
    );

    for my $name (sort keys %lies) {
        warm($stage, "$name: known before");
        $tap->forget;
        $tap->say(listen => $lies{$name});
        sleep 0.1;
        is(visit($stage), '200', 'alice is let in');
        is(readings($stage), 1, 'having been asked for');
    }

    # True ones, though nobody changed anything.
    for my $name ('nothing of ours', 'everything', 'alice', 'many') {
        warm($stage);
        my $said = $name eq 'everything' ? FakeRedis::nil()
            : FakeRedis::array(map { $bulk->($_) }
                $name eq 'alice' ? ('x', $account)
              : $name eq 'many' ? map { "mfa:session:$_" } 1 .. 4000
              : ('x', '', "\0" x 100));
        $tap->say(listen => $told->($channel, $said));
        sleep 0.1;
        is(asked($stage), ($name =~ /^(?:every|alice)/ ? 1 : 0) . ' 200',
           "told of $name");
    }

    finish($stage);
};


subtest 'The site sees the same, known or not' => sub {
    my $stage = stage(
        locations => 'location /twice { error_page 418 = /private; return 418; }
            location /says { return 200 "$mfa_user $mfa_level $mfa_session"; }');
    my $pair  = 'Cookie: mfa_user=' . $stage->{alice}->cookie('mfa_user');
    my $nginx = $stage->nginx;

    my $look = sub {
        my $two = "GET /private HTTP/1.1\r\nHost: x\r\n$pair\r\n\r\n"
            . "GET /twice HTTP/1.1\r\nHost: x\r\n$pair\r\nConnection: close"
            . "\r\n\r\n";
        my @said = ($nginx->send($two)->{raw},
                    map { $nginx->get($_, $pair)->{raw} } '/private',
                    '/says');
        s/^Date: [^\r\n]*//mg for @said;
        return join '|', @said;
    };

    warm($stage);
    $stage->{tap}->forget;
    my $known = $look->();
    is(readings($stage), 0, 'nothing was asked');
    like($known, qr/Remote-User: alice.*Remote-User: alice.*alice/s,
         'the site is told who it is');

    $stage->{tap}->cut('listen');
    sleep 0.1;
    $stage->{tap}->hold('listen');
    $stage->{tap}->forget;
    is($look->(), $known, 'it is the same when all is asked for');
    cmp_ok(readings($stage), '>=', 3, 'which it was');
    $stage->{tap}->pass('listen');
    finish($stage);
};


done_testing;
