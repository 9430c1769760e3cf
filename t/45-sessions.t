#!/usr/bin/perl

# Sessions from their beginning to their end: logging out, being ended by an
# admin or by a change of the account, growing old, being too many.  Forty
# connections that stay open to four workers see every end on the next request.
#
# When this fails, a session goes on that was ended, in one worker of four or in
# all of them, or ends that should go on.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use IO::Socket::UNIX;
use JSON::PP qw(decode_json);
use Test::More;

use MFA::Journey;

my $limits = 'limit password=1000/15m code=1000/15m address=10000/10m;';
my $stage = MFA::Journey->new(
    workers => 4,
    portals => {
        user  => "grace 7d; session max=1000; $limits",
        few   => "session max=3; $limits",
        short => "session idle=10m absolute=1h; $limits",
    });

my $login_page = '/mfa/login?next=/app';


# Forty connections of one session; all workers have answered on them.
sub forty {
    my ($browser) = @_;
    my @forty = map { $browser->twin(keep => 1) } 1 .. 40;
    my %workers;

    for my $answer (MFA::Browser::together(map { [$_, 'GET', '/app'] } @forty)) {
        $workers{$answer->header('X-Worker')}++ if $answer->status == 200;
    }

    is(scalar keys %workers, 4, 'a session at work in four workers');

    return @forty;
}


# Four hundred requests on them; how they were answered.
sub stories {
    my (@forty) = @_;
    my %n;

    for my $round (1 .. 10) {
        $n{$_->story}++ for MFA::Browser::together(
            map { [$_, 'GET', '/app'] } @forty);
    }

    return \%n;
}


subtest 'Logging out is a POST of its own page, and can be done twice '
    . '(security 35, 48, 50)' => sub
{
    $stage->account('user', 'alice');
    my $browser = $stage->visitor('alice');
    my $other = $stage->visitor('alice');
    $other->get('/mfa/security');
    $browser->get('/mfa/security');
    my ($own, $cookie) = ($browser->csrf, $browser->cookie('mfa_user'));

    for my $try (
        ['a GET', 405, 'GET', '/mfa/logout'],
        ['a GET with the token', 405, 'GET', "/mfa/logout?csrf=$own"],
        ['a HEAD', 405, 'HEAD', '/mfa/logout'],
        ['no token', 403, 'POST', '/mfa/logout', body => ''],
        ['the token of another session', 403, 'POST', '/mfa/logout',
            body => 'csrf=' . $other->csrf],
        ['the token in the address', 403, 'POST', "/mfa/logout?csrf=$own",
            body => ''],
        ['another site', 403, 'POST', '/mfa/logout', body => "csrf=$own",
            headers => { Origin => 'http://evil.example' }],
        ['another type of body', 400, 'POST', '/mfa/logout',
            body => "csrf=$own", headers => { 'Content-Type' => 'text/plain' }],
    ) {
        my ($title, $status, $method, $path, %opt) = @$try;
        my $answer = $browser->request($method, $path, %opt);
        is($answer->status, $status, $title);
        is($answer->header('Allow'), 'POST', '- says what to use')
            if $status == 405;
        is($browser->get('/app')->status, 200, '- logs nobody out');
    }

    my $answer = $browser->post('/mfa/logout', [csrf => $own]);
    is($answer->story, '303 /mfa/login?logged_out=1', 'its own form does');
    is($answer->header('Set-Cookie'),
       'mfa_user=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0',
       'the cookie goes as it came');
    like($answer->header('Clear-Site-Data'), qr/"cache"/, 'and so does the cache');
    like($browser->get('/mfa/login?logged_out=1')->body, qr/role="status"/,
         'the login page tells of it');

    my $kept = $stage->browser(cookies => { mfa_user => $cookie });
    is($kept->get('/app')->story, "303 $login_page",
       'who kept the cookie is out');
    is($kept->post('/mfa/logout', [csrf => $own])->story,
       '303 /mfa/login?logged_out=1', 'and may log out again');
    is($other->get('/app')->status, 200, 'other sessions go on');
    is($stage->browser->post('/mfa/logout', [csrf => $own])->status, 403,
       'without a cookie there is nothing to log out');
};


subtest 'Whatever ends a session ends it on the next request, in every worker '
    . '(security 33, 34, 85)' => sub
{
    my %ends = (
        'a logout' => sub {
            $_[0]->submit('/mfa/security', '/mfa/logout');
        },
        'a session revoked' => sub {
            my ($session) = $stage->sessions('user', $_[1]);
            $stage->admin('session', 'revoke', '--', 'user', $_[1],
                          substr $session->{hash}, 0, 12);
        },
        'all sessions revoked' => sub {
            $stage->admin('session', 'revoke', 'user', $_[1]);
        },
        'the account disabled' => sub {
            $stage->admin('account', 'disable', 'user', $_[1]);
        },
        'the account deleted' => sub {
            $stage->admin('account', 'delete', 'user', $_[1]);
        },
        'the account deleted and made anew' => sub {
            $stage->admin('account', 'delete', 'user', $_[1]);
            $stage->account('user', $_[1]);
        },
        'another password' => sub {
            $stage->mfactl('another password', 'account', 'password', 'user',
                           $_[1], '--password-stdin');
        },
        'another generation' => sub {
            $stage->redis('HINCRBY', "mfa:{user}:account:$_[1]",
                          'generation', 1);
        },
        'a factor set up elsewhere' => sub {
            $stage->enrol($stage->visitor($_[1]));
        },
        'the requirement, overdue' => sub {
            $stage->admin('mfa', 'require', 'user', $_[1]);
            $stage->account_set('user', $_[1], deadline => time - 1);
        },
    );
    my %elsewhere = (
        'the account disabled'     => '303 /mfa/blocked?next=/app',
        'the account deleted'      => '303 /mfa/blocked?next=/app',
        'the requirement, overdue' => '303 /mfa/locked?next=/app',
    );
    my $n = 0;

    for my $end (sort keys %ends) {
        my $login = 'ended' . ++$n;
        $stage->account('user', $login);
        my $browser = $stage->visitor($login);
        my @forty = forty($browser);

        $ends{$end}->($browser, $login);
        my $stories = stories(@forty);
        my $expected = $elsewhere{$end} // "303 $login_page";
        is_deeply($stories, { $expected => 400 }, "$end: nobody passes");
    }

    my $key = $stage->enrolled('user', 'lost');
    my $browser = $stage->browser;
    $stage->enter($browser, 'lost', $key);
    my @forty = forty($browser);
    $stage->admin('mfa', 'reset', 'user', 'lost');
    is_deeply(stories(@forty), { "303 $login_page" => 400 },
              'a factor reset: nobody passes');
};


subtest 'What does not end a session does not (security 33, 115)' => sub {
    $stage->account('user', 'steady');
    my $browser = $stage->visitor('steady');
    my @forty = forty($browser);

    $stage->visitor('steady', agent => 'elsewhere');
    $stage->login($stage->browser, 'steady', 'wrong');
    $stage->admin('mfa', 'unlock', 'user', 'steady');
    $stage->admin('account', 'enable', 'user', 'steady');
    my ($session) = grep { $_->{agent} eq 'elsewhere' }
                    $stage->sessions('user', 'steady');
    $stage->admin('session', 'revoke', '--', 'user', 'steady',
                  substr $session->{hash}, 0, 12);
    is_deeply(stories(@forty),
        { '200' => 400 }, 'a login elsewhere, a wrong one, an unlock, another '
        . 'session ended');

    $stage->admin('mfa', 'require', 'user', 'steady');
    is_deeply(stories(@forty), { '303 /mfa/enrol?next=/app' => 400 },
              'a requirement asks at once (feature 000-11)');
    $stage->admin('mfa', 'unrequire', 'user', 'steady');
    is_deeply(stories(@forty), { '200' => 400 }, 'and ends at once');
};


subtest 'An admin sees the sessions and ends one of them (feature 100-05, '
    . 'security 29)' => sub
{
    $stage->account('user', 'bobby');
    my %browsers = map {
        $_ => $stage->visitor('bobby', agent => "Agent $_",
                              address => "127.0.0.1$_")
    } 1 .. 3;
    my $list = decode_json($stage->admin('--json', 'session', 'list', 'user',
                                         'bobby'));

    is(join(', ', sort map { "$_->{agent} $_->{address} $_->{level}" }
                  @{ $list->{sessions} }),
       join(', ', map { "Agent $_ 127.0.0.1$_ password" } 1 .. 3),
       'three, with where from and with what');
    my ($two) = grep { $_->{agent} eq 'Agent 2' } @{ $list->{sessions} };
    $stage->admin('session', 'revoke', '--', 'user', 'bobby', $two->{id});
    is(join(' ', map { $browsers{$_}->get('/app')->status } 1 .. 3),
       '200 303 200', 'the one that was named is over');

    my $everything = join "\n", $stage->keys_of('*'), map {
        $stage->redis('GET', $_)
    } $stage->keys_of('mfa:session:*');

    for my $browser (values %browsers) {
        my ($id) = split /\./, $browser->cookie('mfa_user');
        is(index($everything, $id), -1, 'the store knows no id');
        is(index($stage->log_text, $id), -1, 'nor does the log');
    }
};


subtest 'An account has so many sessions and no more, whoever logs in at the '
    . 'same time (security 36)' => sub
{
    my @few = (portal => 'few');
    $stage->account('few', 'alice');

    my @visitors = map { $stage->visitor('alice', @few) } 1 .. 3;
    $stage->sessions_set('few', 'alice');
    my ($oldest) = map { $_->{hash} } $stage->sessions('few', 'alice');
    $stage->redis('ZINCRBY', 'mfa:{few}:sessions:alice', -60_000_000,
                  $oldest);
    push @visitors, $stage->visitor('alice', @few);
    is(scalar(grep { $_->get('/app')->status == 200 } @visitors), 3,
       'three of four');
    is($stage->redis('EXISTS', "mfa:session:$oldest"), 0,
       'the oldest made room');

    my @crowd = map { $stage->browser(@few) } 1 .. 20;
    $_->get('/mfa/login') for @crowd;
    my @answers = MFA::Browser::together(map {
        [$_, 'POST', '/mfa/login', body => MFA::Browser::form(
            csrf => $_->csrf, login => 'alice', password => $stage->password)]
    } @crowd);

    is(scalar(grep { $_->status == 303 } @answers), 20,
       'twenty log in at once');
    my $open = grep { $_->get('/app')->status == 200 } @visitors, @crowd;
    cmp_ok($open, '<=', 3, 'three at most are open then');
    cmp_ok($open, '>=', 1, 'but not none');
    is($stage->redis('ZCARD', 'mfa:{few}:sessions:alice'), 3,
       'and as many are listed');
    is(scalar(grep { $_->{portal} eq 'few' } map {
        MFA::Record::decode($stage->redis('GET', $_)) } $stage->keys_of('mfa:session:*')), $open,
       'nothing else is left of them');
};


subtest 'A session at work is touched once a minute and keeps its times '
    . '(security 32)' => sub
{
    $stage->account('user', 'carol');
    my $browser = $stage->visitor('carol');
    my $watch = IO::Socket::UNIX->new(Peer => $stage->{env}->socket) or die $!;
    print $watch "MONITOR\r\n";
    $watch->flush;
    <$watch>;

    my $writes = sub {
        my $mark = 'mark-' . rand;
        $stage->redis('ECHO', $mark);
        my $n = 0;

        while (my $line = <$watch>) {
            last if index($line, $mark) >= 0;
            $n++ if $line =~ /"(?:SET|EXPIRE|HSET|PEXPIRE|GETEX)" /i;
        }

        return $n;
    };

    my ($before) = $stage->sessions('user', 'carol');
    $writes->();
    $browser->get('/app') for 1 .. 50;
    is($writes->(), 0, 'fifty requests of a young session write nothing');

    $stage->sessions_set('user', 'carol', seen => $before->{seen} - 61);
    $stage->redis('EXPIRE', "mfa:session:$before->{hash}", 100);
    $writes->();
    $browser->get('/app') for 1 .. 50;
    is($writes->(), 1, 'after a minute one of fifty does');

    my ($after) = $stage->sessions('user', 'carol');
    cmp_ok($after->{seen}, '>=', $before->{seen}, 'that it was seen');
    cmp_ok($stage->redis('TTL', "mfa:session:$before->{hash}"), '>', 1700,
           'and keeps it');

    is($after->{$_}, $before->{$_}, "$_ is what it was")
        for qw(created expires password_at code_at level generation hash);

    $stage->sessions_set('user', 'carol', seen => $before->{seen} - 61);
    my $cut = $stage->redis('DEL', "mfa:session:$before->{hash}");
    is($browser->get('/app')->location, $login_page, 'a touch brings nothing');
    is($stage->redis('EXISTS', "mfa:session:$before->{hash}"), 0,
       '- back that has ended');
};


subtest 'Sessions grow old by the times in their records, whatever the key\'s '
    . 'own end is (security 31)' => sub
{
    my @short = (portal => 'short');
    $stage->account('short', 'alice');
    my $now = time;
    my %cases = (
        'seen 9 minutes ago'          => [200, seen => -540],
        'not seen for 10 minutes'     => [303, seen => -600],
        'begun 59 minutes ago'        => [200, created => -3540],
        'begun an hour ago'           => [303, created => -3600],
        'over by what it says itself' => [303, expires => 0],
        'of the day before'           => [303, created => -86400,
                                          seen => -86400],
    );

    for my $case (sort keys %cases) {
        my ($status, %times) = @{ $cases{$case} };
        my $browser = $stage->visitor('alice', @short);
        my ($session) = grep { $_->{seen} >= $now }
                        $stage->sessions('short', 'alice');

        $stage->sessions_set('short', 'alice',
                             map { $_ => time + $times{$_} } keys %times);
        $stage->redis('PERSIST', "mfa:session:$session->{hash}");
        is($browser->get('/app')->status, $status, $case);
        $stage->admin('session', 'revoke', 'short', 'alice');
    }
};


subtest 'A record is good under its own key and in its own portal '
    . '(security 30, 41)' => sub
{
    $stage->account('user', 'mallory');
    $stage->account('short', 'mallory');
    $stage->account('user', 'victim');
    my $victim = $stage->visitor('victim');
    my ($of_victim) = $stage->sessions('user', 'victim');
    my $record = $stage->redis('GET', "mfa:session:$of_victim->{hash}");

    my %records = (
        'another\'s record'     => $record,
        'a record cut short'    => substr($record, 0, -1),
        'no record'             => 'x',
        'an empty one'          => '',
        'a newer format'        => chr(3 << 5 | ord($record) & 31) . substr($record, 1),
        'eight kilobytes'       => 'x' x 8192,
    );

    for my $kind (sort keys %records) {
        my $browser = $stage->visitor('mallory');
        my ($session) = $stage->sessions('user', 'mallory');
        my $key = "mfa:session:$session->{hash}";

        $stage->redis('SET', $key, $records{$kind}, 'KEEPTTL');
        is($browser->get('/app')->location, $login_page, "$kind: nobody");
        $stage->admin('session', 'revoke', 'user', 'mallory');
    }

    like($stage->log_text, qr/\[error\][^\n]*session record/,
         'with an alarm in the log');
    is($victim->get('/app')->status, 200, 'the victim is not touched');

    my $browser = $stage->visitor('mallory');
    my ($session) = $stage->sessions('user', 'mallory');
    $stage->redis('SET', "mfa:session:$session->{hash}",
        $stage->redis('GET', "mfa:session:$session->{hash}")
        =~ s/^\x43(.{7})user/\x44$1short/sr);
    is($browser->get('/app')->location, $login_page,
       'a record of another portal');

    my $cookie = $stage->visitor('mallory')->cookie('mfa_user');
    is($stage->browser(portal => 'short', cookies =>
       { mfa_short => $cookie, mfa_user => $cookie })->get('/app')->location,
       $login_page, 'nor is its cookie one there');
};


$stage->finish;
done_testing;
