#!/usr/bin/perl

# What a connection to Redis begins with: who we are, which database, which format
# its data has; and what happens when Redis does not like it, from the start or
# later.  Also the list of commands a Redis user for the module needs: this suite
# uses each of them and no other.
#
# When this fails, commands run in the wrong database or under the wrong name, a
# refused password is taken for an answer, or the list in README is wrong.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use POSIX qw(strftime);
use Test::More;
use Time::HiRes qw(sleep);

use FakeRedis;
use MFA::Outage;
use MFA::Relay;
use MFA::Worker;

my $canary = 'Canary-of-Redis-51c';

# All a Redis user for nginx may do, on ~mfa:*.
my @commands = qw(
    decr exec exists expire get getdel hdel hget hincrby hmget hset hsetnx
    incr multi sadd scard select set srem ttl unlink unwatch watch xadd zadd
    zrange zrem zremrangebyrank zremrangebyscore zscore
);


# Ends the module's connections; the next one begins anew.
sub cut {
    my ($redis) = @_;

    $redis->call('CLIENT', 'KILL', 'TYPE', 'normal');
}


sub logged {
    my ($stage, $pattern, $name) = @_;

    ok($stage->told($pattern), "the log says why: $name")
        or diag($stage->nginx->log);
    unlike($stage->nginx->log, qr/\Q$canary\E/, 'and no password');
}


subtest 'AUTH, SELECT and the schema are acknowledged before any other command '
    . 'leaves (security 127)' => sub
{
    my $stage = MFA::Outage->new(without => 1, address => 'unix:FAKE',
        args => 'user=gate password_file=PASSWORD db=7 timeout=20s',
        password => $canary);
    my $fake = FakeRedis->start(socket => $stage->fake_socket, silent => 1);

    my @browsers = map {
        my $browser = $stage->browser;
        $browser->cookie(mfa_user => MFA::Env::token('x' x 32, 'alice'));
        $browser->send('GET', '/private');
    } 1 .. 5;

    MFA::Worker::until(sub { $fake->commands >= 4 });
    sleep 0.2;

    is_deeply([map { $_->{argv} } $fake->commands],
        [['AUTH', 'gate', $canary], ['SELECT', '7'],
         ['SET', 'mfa:schema', '1', 'NX'], ['GET', 'mfa:schema']],
        'five requests wait behind the hello of one connection');

    # The connection breaks before it is answered.
    $fake->stop;
    is($_->receive->status, 503, 'an outage') for @browsers;

    $fake = FakeRedis->start(socket => $stage->fake_socket, on => {
        GET => FakeRedis::nil(), HMGET => FakeRedis::array(),
    });
    MFA::Worker::until(sub {
        $browsers[0]->request('GET', '/private')->status == 303 || undef;
    });

    my %reads;
    push @{ $reads{"$_->{conn}"}[ $_->{read} - 1 ] }, $_->{argv}[0]
        for $fake->commands;

    for my $conn (sort keys %reads) {
        is_deeply($reads{$conn}[0], ['AUTH', 'SELECT', 'SET', 'GET'],
                  'the hello is a write of its own');
        like(join(' ', @{ $reads{$conn}[1] // [] }), qr/^(?:GET HMGET ?)*$/,
             'questions come after it');
    }

    is(scalar(grep { $_->{argv}[0] eq 'CLIENT' } $fake->commands), 0,
       'nothing is named');

    undef $fake;
    logged($stage, qr/connection lost|connect failed/, 'connection');
    $stage->finish;
};


subtest 'A Redis user with nothing but the listed commands and keys suffices '
    . '(security 105)' => sub
{
    my $tomorrow = strftime('%Y-%m-%d', gmtime time + 86400);
    my $stage = MFA::Outage->new(without => 1,
        portal => "session max=4; remember_device 1d;
                   require new_since=$tomorrow;",
        address => 'unix:FAKE', password => $canary,
        args => 'user=gate password_file=PASSWORD db=3 timeout=20s');
    my $redis = $stage->redis;

    # The test itself stays what it is, in the same database.
    $redis->call('SELECT', 3);
    $redis->call('ACL', 'SETUSER', 'gate', 'on', ">$canary", 'resetkeys',
                 '~mfa:*', '-@all', map { "+$_" } @commands);

    my $relay = MFA::Relay->start($stage->fake_socket, $redis->socket);

    # Reads, a first enrolment, a code, counters.
    $stage->people;
    is($stage->recovery, '', 'everybody is let in, as far as they are');

    # Sessions that are too many.
    $stage->visitor('carol', generation => 2, created => int(time) - 9)
        for 1 .. 3;

    my $browser = $stage->browser;
    $browser->get('/mfa/login');

    for my $try (['wrong', '401 login credentials'],
                 [$stage->password, '303 /mfa/code'])
    {
        is($browser->post('/mfa/login', [csrf => $browser->csrf,
           login => 'carol', password => $try->[0]])->story, $try->[1],
           'the password');
    }

    $redis->call('ZREM', 'mfa:{user}:steps', 'carol');
    $browser->get('/mfa/code');
    my $code = MFA::Journey::totp($stage->key);
    is($browser->post('/mfa/code', [csrf => $browser->csrf, code => $code,
       remember => 1])->story, '303 /', 'the code, for this browser to be trusted');

    $browser->forget('mfa_user');
    $browser->get('/mfa/login');
    is($browser->post('/mfa/login', [csrf => $browser->csrf, login => 'carol',
       password => $stage->password])->story, '303 /', 'which it is');

    my $again = $stage->reader('carol', '/mfa/code', generation => 2);
    is($again->post('/mfa/code', [csrf => $again->csrf, code => $code])
       ->story, '401 code code', 'the code once more');

    is($again->post('/mfa/code', [csrf => $again->csrf,
        code => 'AAAA-BBBB-CCCC-DDDD'])->story, '401 code code',
       'a recovery code that is none');
    is($browser->get('/mfa/enrol/done')->status, 200,
       'no recovery codes to show');
    is($browser->get('/mfa/security')->status, 200, 'how many are left');

    my $dave = $stage->person('dave');
    is($dave->post('/mfa/enrol/later', [csrf => $dave->csrf])->story, '303 /',
       'put off');

    # Two set-ups of one account at the same time: one lets go.
    $stage->account('fred', required => 1);
    my @fred = map {
        my $fred = $stage->reader('fred', '/mfa/enrol/scan');
        [$fred, 'POST', '/mfa/enrol/scan', body => MFA::Browser::form(
            csrf => $fred->csrf,
            code => MFA::Journey::totp($fred->answer->key))];
    } 1 .. 2;

    $redis->freeze;
    $_->[0]->send(@$_[1 .. $#$_]) for @fred;
    sleep 0.3;
    $redis->thaw;
    is(join(', ', sort map { $_->[0]->receive->status } @fred), '303, 403',
       'one of two set-ups is the first');

    my $old = $stage->reader('alice', '/mfa/security',
                             seen => int(time) - 300);
    is($old->post('/mfa/logout', [csrf => $old->csrf])->story,
       '303 /mfa/login?logged_out=1', 'logout');

    $stage->account('gina', created => time + 2 * 86400);
    is($stage->visitor('gina')->get('/private')->story,
       '303 /mfa/enrol?next=/private', 'whose grace begins with this request');

    is_deeply($redis->call('ACL', 'LOG'), [], 'nothing was refused');

    my %used = map { lc $_->{argv}[0] => 1 } $relay->commands;
    delete $used{auth};
    is_deeply([sort keys %used], [sort @commands],
              'and the list has nothing that is not needed');

    # Whatever else there is on this server is none of its business.
    $redis->call('SET', 'other', 'x');
    $redis->call('ACL', 'SETUSER', 'gate', 'resetkeys', '~other:*');
    cut($redis);
    is($stage->outage, '', 'a user who may not is an outage (NOPERM)');
    logged($stage, qr/mfa: redis \S+: NOPERM/, 'NOPERM');
    $redis->call('ACL', 'SETUSER', 'gate', '~mfa:*');

    $redis->call('ACL', 'DELUSER', 'gate');
    is($stage->outage, '', 'a user who is deleted is an outage (WRONGPASS)');
    logged($stage, qr/mfa: redis \S+: WRONGPASS/, 'WRONGPASS');

    $relay->stop;
    $stage->finish;
};


subtest 'A password that is asked for later, changed, or wrong is an outage '
    . '(security 127)' => sub
{
    my $stage = MFA::Outage->new(args => 'timeout=20s');
    my $redis = $stage->redis;
    my $kept  = $stage->kept;

    $redis->call('CONFIG', 'SET', 'requirepass', $canary);
    is($stage->recovery, '', 'who is connected stays connected');

    cut($redis);
    is($stage->outage, '', 'a new connection is refused: NOAUTH');
    logged($stage, qr/mfa: redis \S+: NOAUTH/, 'NOAUTH');

    $redis->call('CONFIG', 'SET', 'requirepass', '');
    is($stage->recovery, '', 'the same cookies when it is asked for no more');
    is_deeply($stage->kept, $kept, 'nothing was deleted or changed');
    $stage->finish;

    my $other = MFA::Outage->new(password => $canary, without => 1,
        args => 'password_file=PASSWORD timeout=20s');
    $redis = $other->redis;

    $redis->call('CONFIG', 'SET', 'requirepass', $canary);
    $other->people;
    is($other->recovery, '', 'a password without a user');
    $redis->call('CONFIG', 'SET', 'requirepass', 'another');
    cut($redis);
    is($other->outage, '', 'the password was changed');
    logged($other, qr/mfa: redis \S+: WRONGPASS/, 'WRONGPASS');
    $redis->call('CONFIG', 'SET', 'requirepass', $canary);
    is($other->recovery, '', 'and changed back');
    $other->finish;
};


subtest 'Data of a newer version, or of none that can be read, is refused '
    . '(feature 000-09, 010-02, security 122)' => sub
{
    my $stage = MFA::Outage->new(args => 'timeout=20s');
    my $redis = $stage->redis;

    for my $case (
        ['2', qr/its data is of a newer version, refused/],
        ['9223372036854775807', qr/newer version/],
        ['99999999999999999999', qr/does not say of which version/],
        ['', qr/does not say (?s:.*does not say)/],
        ['1 or so', qr/does not say (?s:.*does not say){2}/],
    ) {
        my ($schema, $why) = @$case;

        $redis->call('SET', 'mfa:schema', $schema);
        cut($redis);
        is($stage->outage, '', "\"$schema\"");
        logged($stage, $why, "\"$schema\"");
        is($redis->call('GET', 'mfa:schema'), $schema, 'it is left as it is');
    }

    $redis->call('DEL', 'mfa:schema');
    $redis->call('LPUSH', 'mfa:schema', '1');
    is($stage->outage, '', 'a list');
    logged($stage, qr/mfa: redis \S+: WRONGTYPE/, 'WRONGTYPE');

    $redis->call('DEL', 'mfa:schema');
    is($stage->recovery, '', 'an empty store is made one of this version');
    is($redis->call('GET', 'mfa:schema'), '1', 'which is 1');
    $stage->finish;
};


done_testing;
