#!/usr/bin/perl

# A Redis that is there and says no: keys of another type, no memory left, a
# replica that may not be written, a server that is still loading, a cluster that
# moved.  What it answers is an error, and an error is no answer.
#
# When this fails, a key of the wrong type counts as "no session" or "not
# enrolled", an attempt that could not be counted goes on, or a session is given
# out that is not in the store.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;

use FakeRedis;
use MFA::Outage;
use MFA::Worker;


# An answer to a form that could not be carried out.
sub undone {
    my ($stage, $answer, $name) = @_;

    is(join("\n", $stage->refusal($answer, 'POST', 1)), '', "$name: 503");
}


# Puts a key of another type there, looks, and puts it back.
sub spoiled {
    my ($stage, $key, $sub) = @_;

    my $redis = $stage->redis;
    my $there = $redis->call('EXISTS', $key);

    $redis->call('RENAME', $key, 'aside') if $there;
    $redis->call($key =~ /sessions:|steps$/ ? ('SET', $key, 'x')
                                            : ('RPUSH', $key, 'x'));
    $sub->($key);
    is($redis->call('TYPE', $key), $key =~ /sessions:|steps$/
       ? 'string' : 'list', "$key: is left as it is");
    $redis->call('DEL', $key);
    $redis->call('RENAME', 'aside', $key) if $there;
}


my $stage = MFA::Outage->new(args => 'timeout=20s');
my $redis = $stage->redis;


subtest 'A key of the wrong type is an outage for whom it belongs to, not an '
    . 'answer (bad input: wrong type of key)' => sub
{
    my $alice = $stage->person('alice');
    my $token = $alice->cookie('mfa_user');

    for my $key ($stage->env->session_key($token),
                 'mfa:{user}:account:alice')
    {
        spoiled($stage, $key, sub {
            is(join("\n", $stage->refusal($alice->twin->get('/private'),
               'GET', 1)), '', "$key: 503");
            is($stage->person('bob')->twin->get('/private')->story, '200',
               'others are not concerned');
        });
        is($alice->twin->get('/private')->story, '200', 'put right: as before');
    }

    my $dave = $stage->person('dave');

    spoiled($stage, $stage->env->session_key($dave->cookie('mfa_user'))
                    =~ s/session/enrolment/r, sub {
        undone($stage, $dave->twin->get('/mfa/enrol/scan'), 'the key to scan');
        undone($stage, $dave->twin->post('/mfa/enrol/scan',
               [csrf => $dave->csrf, code => '123456']), 'its confirmation');
    });
};


# Every counter there is: each is found by making it.
subtest 'An attempt that cannot be counted does not happen (security 14, '
    . 'wrong type of key)' => sub
{
    my $erin  = $stage->person('erin');
    my $carol = $stage->person('carol');

    my $login = sub {
        $erin->twin->post('/mfa/login', [csrf => $erin->csrf, login => 'erin',
                                         password => $_[0]]);
    };
    my $code = sub {
        $carol->twin->post('/mfa/code', [csrf => $carol->csrf,
                                         code => $_[0]]);
    };

    is($login->('wrong')->story, '401 login credentials', 'a wrong password');
    is($code->('000000')->story, '401 code code', 'a wrong code');

    my @counters = grep { /:erin|:carol|:address:/ }
        sort @{ $redis->call('KEYS', 'mfa:fail:*') };
    cmp_ok(scalar @counters, '>=', 5, 'they are counted');

    for my $key (@counters) {
        spoiled($stage, $key, sub {
            if ($key =~ /:code/) {
                undone($stage, $code->(MFA::Journey::totp($stage->key)),
                       'the right code');

            } else {
                undone($stage, $login->($stage->password),
                       'the right password');
            }
        });
    }

    spoiled($stage, 'mfa:{user}:steps', sub {
        undone($stage, $code->(MFA::Journey::totp($stage->key)),
               'a code that cannot be spent');
    });

    for my $key ('mfa:{user}:account:erin', 'mfa:{user}:sessions:erin',
                 'mfa:{user}:audit')
    {
        spoiled($stage, $key, sub {
            undone($stage, $login->($stage->password), 'the right password');
        });
    }

    is($login->($stage->password)->story, '303 /', 'put right: in');
};


subtest 'With no memory left who is in stays in, and nobody else comes in '
    . '(security 121)' => sub
{
    my $kept = $stage->kept;

    is($stage->person('alice')->twin->get('/private')->story, '200', 'before');
    $redis->call('CONFIG', 'SET', 'maxmemory', 1);

    is($stage->person('alice')->twin->get('/private')->story, '200',
       'a session that is there is read');

    for my $case (
        ['erin', '/mfa/login', login => 'erin', password => $stage->password],
        ['carol', '/mfa/code', code => MFA::Journey::totp($stage->key)],
        ['dave', '/mfa/enrol/scan', code => '123456'],
        ['dave', '/mfa/enrol/later'],
    ) {
        my ($login, $path, @fields) = @$case;
        my $person = $stage->person($login);

        undone($stage, $person->twin->post($path,
               [csrf => $person->csrf, @fields]), "$login at $path");
    }

    ok($stage->told(qr/mfa: redis \S+: OOM/, sub {
        my $dave = $stage->person('dave');
        $dave->twin->post('/mfa/enrol/later', [csrf => $dave->csrf]);
    }), 'the log says why');

    # A new connection cannot even say which format it writes.
    $redis->call('CLIENT', 'KILL', 'TYPE', 'normal');
    is($stage->outage, '', 'a new connection is an outage');
    $redis->call('CONFIG', 'SET', 'maxmemory', 0);
    is($stage->recovery, '', 'the same cookies with memory');
    is_deeply($stage->kept, $kept, 'nothing was deleted or changed');
};


subtest 'A server that became a replica is left for the next connection '
    . '(security 119)' => sub
{
    my $erin = $stage->person('erin');

    $redis->call('REPLICAOF', '127.0.0.1', 1);
    undone($stage, $erin->twin->post('/mfa/login', [csrf => $erin->csrf,
           login => 'erin', password => $stage->password]), 'READONLY');
    is($stage->outage, '', 'and nobody asks it for anything');
    ok($stage->told(qr/mfa: redis \S+: READONLY/), 'the log says why');

    $redis->call('REPLICAOF', 'NO', 'ONE');
    is($stage->recovery, '', 'a master again: the same cookies');

    $redis->call('CONFIG', 'SET', 'replica-serve-stale-data', 'no');
    $redis->call('REPLICAOF', '127.0.0.1', 1);
    is($stage->outage, '', 'MASTERDOWN');
    $redis->call('REPLICAOF', 'NO', 'ONE');
    is($stage->recovery, '', 'a master again: the same cookies');
};


$stage->finish;


subtest 'Error replies that no server here gives on demand (security 119)'
    => sub
{
    my $fake_stage = MFA::Outage->new(without => 1, address => 'unix:FAKE',
                                      args => 'timeout=20s');
    my $fake = FakeRedis->start(socket => $fake_stage->fake_socket, on => {
        GET => FakeRedis::nil(), HMGET => FakeRedis::array(),
    });
    my $browser = $fake_stage->browser;
    $browser->cookie(mfa_user => MFA::Env::token('x' x 32, 'alice'));

    my @errors = (
        'LOADING Redis is loading the dataset in memory',
        'CLUSTERDOWN Hash slot not served',
        'TRYAGAIN Multiple keys request during rehashing of slot',
        'MOVED 3999 127.0.0.1:1', 'ASK 3999 127.0.0.1:1',
        'BUSY Redis is busy running a script', 'NOREPLICAS Not enough good '
            . 'replicas to write', 'MISCONF Redis is configured to save',
        'NOAUTH Authentication required.', 'ERR', '', "ERR \x01\xff%s%n",
    );

    for my $error (@errors) {
        for my $mode ('answer', 'hello') {
            $fake->mode($mode => FakeRedis::error($error));
            $fake->mode(close_after => 0);

            # The hello is only said again on a new connection.
            $fake->mode(close_after => 1) if $mode eq 'hello';
            $browser->get('/private') if $mode eq 'hello';

            is(join("\n", $fake_stage->refusal($browser->get('/private'),
               'GET', 1)), '', "\"" . ($error =~ s/[^ -~]/?/gr)
               . "\" as $mode");

            $fake->mode($mode => '');
            $fake->mode(close_after => 0);
            MFA::Worker::until(sub {
                $browser->get('/private')->status == 303;
            }) or fail('it does not recover');
        }
    }

    $fake->mode(answer => FakeRedis::error("ERR \x01\xff\n%s%n"));
    ok($fake_stage->told(qr/ERR \?\?\?%s%n$/m, sub {
        $browser->get('/private');
    }), 'what it says is told') or diag($fake_stage->nginx->log);
    unlike($fake_stage->nginx->log, qr/[^\x20-\x7e\n\t]/,
           'but never written to the log as it is');
    undef $fake;
    $fake_stage->finish;
};


done_testing;
