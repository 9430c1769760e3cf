#!/usr/bin/perl

# The days a required user has for setting a factor up: shown, put off, over.
# The deadline is set once, when the requirement meets the account, and moved by
# an explicit "extend" alone.
#
# When this fails, a required user goes on for ever without a factor, or is
# locked out before the time that was promised.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;

use MFA::Journey;

my $limits = 'limit password=1000/15m code=1000/15m address=10000/10m;';
my $stage = MFA::Journey->new(
    workers => 4,
    portals => {
        user  => "grace 7d; $limits",
        every => "require all; grace 3d; $limits",
        once  => "require all; grace 0; $limits",
        young => "require new_since=2023-10-01; grace 2d; $limits",
    });

my $day = 86400;


sub deadline {
    my ($portal, $login) = @_;

    return $stage->account_get($portal, $login, 'deadline');
}


sub set_deadline {
    my ($portal, $login, $at) = @_;

    $stage->account_set($portal, $login, deadline => $at);
}


sub put_off {
    my ($browser, @more) = @_;

    return $browser->submit('/mfa/enrol', '/mfa/enrol/later', @more);
}


# What a lockout looks like to every kind of request (100-02).
sub is_locked {
    my ($browser, $title) = @_;
    my %kinds = (
        'a page'       => ['303 /mfa/locked?next=/app', {}],
        'a page, told by Sec-Fetch-Mode' =>
            ['303 /mfa/locked?next=/app', { 'Sec-Fetch-Mode' => 'navigate' }],
        'a script'     => ['403', { 'Sec-Fetch-Mode' => 'cors' }],
        'an old script' => ['403', { 'X-Requested-With' => 'XMLHttpRequest' }],
        'a program'    => ['403', { Accept => 'application/json' }],
        'a WebSocket'  => ['403', { Upgrade => 'websocket',
            Connection => 'Upgrade', 'Sec-WebSocket-Version' => 13,
            'Sec-WebSocket-Key' => 'dGhlIHNhbXBsZSBub25jZQ==' }],
        'a range'      => ['403', { Range => 'bytes=0-1', Accept => '*/*' }],
    );

    for my $kind (sort keys %kinds) {
        my ($expected, $headers) = @{ $kinds{$kind} };
        is($browser->get('/app', %$headers)->story, $expected,
           "$title: $kind");
        like($browser->answer->header('Content-Type'),
             qr{^application/problem\+json}, '- in JSON')
            if $expected eq '403';
    }

    for my $method (qw(POST PUT DELETE PROPFIND OPTIONS)) {
        is($browser->request($method, '/app')->status, 403, "$title: $method");
    }
}


subtest 'Within the days a required user is let in, and told how many there '
    . 'are (features 000-11, 001-03, 100-01)' => sub
{
    $stage->account('user', 'alice', options => ['--require-mfa']);
    my $browser = $stage->visitor('alice');
    my $due = deadline('user', 'alice');

    cmp_ok(abs($due - time - 7 * $day), '<', 30, 'the portal\'s seven days');
    is($browser->get('/app')->story, '303 /mfa/enrol?next=/app', 'prompted');

    for my $case ([7 * $day - 5, 7, ''], [6 * $day + 60, 7, ''],
                  [2 * $day, 2, ''], [$day + 60, 2, ''], [$day - 60, '', 24],
                  [7200, '', 2], [3000, '', 1], [60, '', 1])
    {
        my ($left, $days, $hours) = @$case;
        set_deadline('user', 'alice', time + $left);

        for my $page ('/mfa/enrol', '/mfa/security') {
            my $answer = $browser->get($page);
            is($answer->days . ' ' . $answer->hours, "$days $hours",
               "$left seconds on $page");
            ok($answer->body =~ />[^<]*\d{4}-\d\d-\d\d/, '- with the date')
                if $days;
        }
    }

    set_deadline('user', 'alice', time + 3 * $day);
    is(put_off($browser, next => '/app')->story, '303 /app', 'put off');
    is($browser->get('/app')->status, 200, 'the portal opens');
    is($browser->get('/app', 'Sec-Fetch-Mode' => 'cors')->status, 200,
       'to scripts as well');
    is($browser->get('/always/x')->story, '303 /mfa/enrol?next=/always/x',
       'but not where a factor is always needed');
    is($browser->get('/mfa/security')->days, 3, 'and the days stay in sight');

    is($stage->login($stage->browser, 'alice')->story, '303 /mfa/enrol',
       'the next login asks again');
    is(scalar $stage->audit('user', login => 'alice', result => 'put off'), 1,
       'who put it off is on record');

    $stage->account('user', 'amber', options => ['--require-mfa', '--grace',
                                                 '30d']);
    cmp_ok(abs(deadline('user', 'amber') - time - 30 * $day), '<', 30,
           'the days are chosen for each user (feature 000-08)');
};


subtest 'When the days are over the account is locked out, for everything '
    . '(features 000-10, 100-02)' => sub
{
    my $open = $stage->visitor('alice');
    put_off($open);
    is($open->get('/app')->status, 200, 'a session at work');
    set_deadline('user', 'alice', time + 2);
    is($open->get('/app')->status, 200, 'to the last second');
    sleep 3;
    is_locked($open, 'a session that was open');

    my $browser = $stage->browser;
    is($stage->login($browser, 'alice')->story, '303 /mfa/locked',
       'a login leads to the lockout');
    is($browser->get('/mfa/locked')->story, '403 locked', 'which says so');
    is_locked($browser, 'a new session');

    for my $page ('enrol', 'enrol/scan') {
        my $answer = $browser->get("/mfa/$page");
        is($answer->status, 403, "$page is closed");
        is($answer->key, '', '- no key');
    }

    my $other = $stage->visitor('amber');
    $other->get('/mfa/enrol');
    $browser->get('/mfa/locked');
    my $csrf = $browser->csrf;
    is($browser->post('/mfa/enrol/later', [csrf => $csrf])->status, 403,
       'it cannot be put off any more');
    is($browser->post('/mfa/enrol/scan', [csrf => $csrf, code => '123456'])
       ->status, 403, 'nor set up');
    is($browser->get('/mfa/security')->story, '303 /mfa/locked',
       'the security page leads back');
    is($browser->post('/mfa/logout', [csrf => $csrf])->status, 303,
       'logging out works');
    is($stage->browser->get('/open/x')->status, 200,
       'what is not gated is open');

    is($stage->login($stage->browser, 'alice', 'wrong')->story,
       '401 login credentials',
       'a wrong password does not tell of it (security 4)');
};


subtest 'A page from before the deadline does not help after it' => sub {
    $stage->account('user', 'late', options => ['--require-mfa']);
    my $browser = $stage->visitor('late');
    my $key = $browser->get('/mfa/enrol/scan')->key;
    my $csrf = $browser->csrf;

    set_deadline('user', 'late', time - 1);
    is($browser->post('/mfa/enrol/later', [csrf => $csrf])->status, 403,
       'put off a second late');
    is($browser->post('/mfa/enrol/scan', [csrf => $csrf,
        code => MFA::Journey::totp($key)])->status, 403,
       'set up a second late');
    is($stage->account_get('user', 'late', 'enrolled'), undef, 'nothing is set');
    is(put_off($browser)->status, 403, 'nor with a new form');
};


subtest 'The deadline does not move (feature 100-02, security 84)' => sub {
    $stage->account('user', 'bobby', options => ['--require-mfa', '--grace',
                                                 '5d']);
    my $due = time + 3 * $day;
    set_deadline('user', 'bobby', $due);
    my $same = sub { is(deadline('user', 'bobby'), $due, $_[0]) };

    $stage->visitor('bobby') for 1 .. 3;
    $same->('by logging in');
    put_off($stage->visitor('bobby'));
    $same->('by putting it off');
    $stage->admin('mfa', 'unrequire', 'user', 'bobby');
    $same->('by ending the requirement');
    is($stage->login($stage->browser, 'bobby')->story, '303 /',
       'which ends the prompt');
    $stage->admin('mfa', 'require', 'user', 'bobby', '--grace', '300d');
    $same->('by requiring again, with other days');
    $stage->admin('mfa', 'require', 'user', 'bobby');
    $same->('nor once more');

    my $key = $stage->enrol($stage->visitor('bobby'));
    $same->('by setting a factor up');
    $stage->admin('mfa', 'reset', 'user', 'bobby');
    $same->('by a reset');
    $stage->admin('account', 'disable', 'user', 'bobby');
    $stage->admin('account', 'enable', 'user', 'bobby');
    $same->('by disabling and enabling');
    $stage->admin('mfa', 'unlock', 'user', 'bobby');
    $same->('by an unlock');
    my ($exit) = $stage->mfactl('another password', 'account', 'password',
                                'user', 'bobby', '--password-stdin');
    is($exit, 0, 'another password');
    $same->('by another password');
    is($stage->login($stage->browser, 'bobby', 'another password')->story,
       '303 /mfa/enrol', 'after all that the days run on');

    $due = time - $day;
    set_deadline('user', 'bobby', $due);
    $stage->admin('mfa', $_, 'user', 'bobby') for qw(unrequire require reset
                                                     unlock);
    $same->('one that is over stays over');
    is($stage->login($stage->browser, 'bobby', 'another password')->story,
       '303 /mfa/locked', 'and locks');
};


subtest 'An admin extends it, with a reason, or resets a lost app (features '
    . '000-10, 003-26)' => sub
{
    my $browser = $stage->browser;
    my ($exit, $out, $err) = $stage->mfactl('', 'mfa', 'extend', 'user',
        'bobby', '--grace', '2d');
    isnt($exit, 0, 'not without a reason');
    $stage->login($browser, 'bobby', 'another password');
    is($browser->get('/app')->location, '/mfa/locked?next=/app', 'locked');

    $stage->admin('mfa', 'extend', 'user', 'bobby', '--grace', '2d',
                  '--reason', 'was on holiday');
    cmp_ok(abs(deadline('user', 'bobby') - time - 2 * $day), '<', 30,
           'two days from now');
    is($browser->get('/app')->story, '303 /mfa/enrol?next=/app',
       'acts on the next request of an open session');
    is($browser->get('/mfa/enrol')->days, 2, 'and is shown');
    is(($stage->audit('user', event => 'extend'))[0]{detail}, 'was on holiday',
       'the reason is on record');

    my $key = $stage->enrol($browser);
    set_deadline('user', 'bobby', time - 1);
    is($browser->get('/app')->status, 200,
       'who has a factor is past all deadlines');
    $stage->admin('mfa', 'reset', 'user', 'bobby');
    is($browser->get('/app')->location, '/mfa/login?next=/app',
       'a reset ends the sessions (security 33)');
    is($stage->login($stage->browser, 'bobby', 'another password')->story,
       '303 /mfa/locked', 'and renews no days: an admin has to extend them');
};


subtest 'Where all are required the days begin at the first visit, once' => sub {
    my @every = (portal => 'every');

    # As accounts that were there before the directive.
    $stage->account('every', $_) for qw(alice bobby);
    for my $login (qw(alice bobby)) {
        $stage->redis('HDEL', "mfa:{every}:account:$login", 'deadline');
        $stage->redis('ZREM', 'mfa:{every}:unenrolled', $login);
    }

    my $browser = $stage->browser(@every);
    is($stage->login($browser, 'alice')->story, '303 /mfa/enrol', 'prompted');
    is($browser->get('/mfa/enrol')->days, 3, 'with the portal\'s days');
    my $due = deadline('every', 'alice');
    cmp_ok(abs($due - time - 3 * $day), '<', 30, 'which are set');
    is($stage->redis('ZSCORE', 'mfa:{every}:unenrolled', 'alice'), $due,
       'and listed');

    $stage->account_set('every', 'alice', deadline => $due - $day);
    $stage->visitor('alice', @every)->get('/app');
    is(deadline('every', 'alice'), $due - $day, 'once');

    my @browsers = map { $stage->visitor('bobby', @every) } 1 .. 10;
    $stage->redis('HDEL', 'mfa:{every}:account:bobby', 'deadline');
    MFA::Browser::together(map { [$_, 'GET', '/app'] } @browsers);
    $due = deadline('every', 'bobby');
    cmp_ok(abs($due - time - 3 * $day), '<', 30, 'also by ten at once');
    set_deadline('every', 'bobby', time - 1);
    is_locked($browsers[3], 'and then it is over');
};


subtest 'Without grace the factor is set up at the next login (features '
    . '000-16, 003-23)' => sub
{
    my @once = (portal => 'once');
    $stage->account('once', 'carol');
    my $browser = $stage->browser(@once);

    is($stage->login($browser, 'carol')->story, '303 /mfa/enrol', 'prompted');
    my $answer = $browser->get('/mfa/enrol');
    is($answer->days . $answer->hours, '', 'no days are promised');
    unlike($answer->body, qr{enrol/later}, 'and it cannot be put off');
    is(put_off($browser)->status, 403, '- not by hand either');
    is($browser->get('/app')->location, '/mfa/enrol?next=/app',
       'nothing opens');
    is($browser->get('/app', Accept => '*/*')->status, 401, '- to a script');
    $stage->enrol($browser);
    is($browser->get('/app')->status, 200, 'set up, it opens');

    $stage->account('user', 'today', options => ['--require-mfa', '--grace',
                                                 '0']);
    $browser = $stage->visitor('today');
    is(put_off($browser)->status, 403, 'the same for one user of others');
    $stage->enrol($browser);
    is($browser->get('/app')->status, 200, '- who sets it up');
};


subtest 'Accounts made since a day are required, older ones keep their setting '
    . '(feature 003-02)' => sub
{
    my @young = (portal => 'young');
    my $midnight = 1696118400;              # 2023-10-01T00:00:00Z

    $stage->account('young', $_) for qw(fresh first older);
    $stage->account('young', 'asked', options => ['--require-mfa', '--grace',
                                                  '9d']);
    cmp_ok(abs(deadline('young', 'fresh') - time - 2 * $day), '<', 30,
           'made today: the portal\'s days run');

    # As accounts that were there before the directive.
    my %created = (first => $midnight, older => $midnight - 1,
                   asked => $midnight - 1);
    $stage->account_set('young', $_, created => $created{$_})
        for sort keys %created;

    for my $login (qw(first older)) {
        $stage->redis('HDEL', "mfa:{young}:account:$login", 'deadline');
        $stage->redis('ZREM', 'mfa:{young}:unenrolled', $login);
        $stage->redis('ZADD', 'mfa:{young}:not-required', 0, $login);
    }

    is($stage->login($stage->browser(@young), 'fresh')->story,
       '303 /mfa/enrol', 'made after the day');

    my $browser = $stage->browser(@young);
    is($stage->login($browser, 'first')->story, '303 /mfa/enrol',
       'made at its midnight, UTC');
    is($browser->get('/mfa/enrol')->days, 2, '- with the portal\'s days');
    my $due = deadline('young', 'first');
    cmp_ok(abs($due - time - 2 * $day), '<', 30,
           '- which are set then');
    is($stage->redis('ZSCORE', 'mfa:{young}:unenrolled', 'first'), $due,
       '- and it is listed');
    is($stage->redis('ZSCORE', 'mfa:{young}:not-required', 'first'), undef,
       '- as required');
    $stage->admin('mfa', 'unrequire', 'young', 'first');
    is($browser->get('/app')->story, '303 /mfa/enrol?next=/app',
       '- what the portal asks no admin takes back');
    set_deadline('young', 'first', time - 1);
    is_locked($browser, '- when they are over');

    $browser = $stage->browser(@young);
    is($stage->login($browser, 'older')->story, '303 /',
       'made the second before it');
    is($browser->get('/app')->status, 200, '- the portal opens');
    is(deadline('young', 'older'), undef, '- no days run for it');

    $due = deadline('young', 'asked');
    is($stage->login($stage->browser(@young), 'asked')->story,
       '303 /mfa/enrol', 'an older one that an admin has required');
    is(deadline('young', 'asked'), $due, '- has the days it was given');
};


subtest 'A deadline that is no time denies (security 56)' => sub {
    $stage->account('user', 'strange', options => ['--require-mfa']);

    for my $value ('soon', '-5', '1e9', ' 99999999999', '99999999999999999999')
    {
        set_deadline('user', 'strange', $value);
        my $browser = $stage->browser;
        $stage->login($browser, 'strange');
        is($browser->get('/app')->location, '/mfa/blocked?next=/app',
           "\"$value\"");
        put_off($browser);
        isnt($browser->get('/app')->status, 200, '- and cannot be put off');
    }
};


$stage->finish;
done_testing;
