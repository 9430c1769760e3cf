#!/usr/bin/perl

# Another authenticator in place of one that works: what it takes (a fresh code),
# what goes on working until the new one is confirmed, what ends then, and what the
# page says.  A password alone gets nothing of it (security 19, 89).
#
# When this fails, who knows a password can put a factor of their own in place of
# the owner's, or who replaces a lost phone leaves the finder a way in.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;

use MFA::Journey;

my $limits = 'session max=1000; limit password=1000/15m code=1000/15m '
           . 'address=10000/10m;';
my $mail = 'mail from=mfa@example.com;';
my $stage = MFA::Journey->new(
    workers => 4,
    portals => {
        user => "remember_device 30d; $limits $mail",
        news => "$limits mail from=mfa\@example.com new_network=on;",
    });


sub totp { return MFA::Journey::totp(@_) }


sub mails {
    my ($portal, $kind) = @_;

    return grep { $_->{mail} eq $kind } map { +{ @{ $_->[1] } } }
        @{ $stage->redis('XRANGE', "mfa:{$portal}:outbox", '-', '+') };
}


# Nothing is on its way to become a factor.
sub none_pending { $stage->redis('DEL', $_) for $stage->keys_of('mfa:enrolment:*') }


# The hash of the newest session of an account that has had no code.
sub half_of {
    my ($login) = @_;
    my $generation = $stage->account_get('user', $login, 'generation');

    for my $key ($stage->keys_of('mfa:session:*')) {
        my $session = MFA::Record::decode($stage->redis('GET', $key));

        return $key =~ s/^mfa:session://r
            if $session->{login} eq $login && $session->{level} == 1
               && $session->{generation} == $generation;
    }

    die "no half login of $login";
}


sub replace {
    my ($browser) = @_;

    return $browser->submit('/mfa/security', '/mfa/security',
                            action => 'replace');
}


# An account with a factor and a browser that has just given a code.
sub owner {
    my ($login, %opt) = @_;
    my $key = $stage->enrolled('user', $login, options =>
        ['--email', "$login\@example.com"]);
    my $browser = $stage->browser(%opt);
    $stage->enter($browser, $login, $key);
    $stage->unspend('user', $login);

    return ($key, $browser);
}


sub confirm {
    my ($browser, $code) = @_;

    $browser->get('/mfa/enrol/scan');

    return $browser->post('/mfa/enrol/scan', [csrf => $browser->csrf,
                                              code => $code]);
}


# Whether a code of this key opens the portal, in a browser of its own.
sub opens {
    my ($login, $key) = @_;

    $stage->unspend('user', $login);

    return $stage->enter($stage->browser, $login, $key)->story;
}


subtest 'An authenticator is replaced by who has just given a code (feature '
    . '003-33, security 20)' => sub
{
    my ($key, $browser) = owner('alice');
    my $phone = $stage->browser;
    $stage->login($phone, 'alice');
    $phone->submit('/mfa/code', '/mfa/code', code => totp($key), remember => 1);
    my $device = $phone->cookie('mfa_user_device');
    ok($device, 'another browser of hers is trusted');
    is($phone->get('/app')->status, 200, '... and logged in');
    my $secret = $stage->account_get('user', 'alice', 'secret');
    my $codes = $stage->redis('SMEMBERS', 'mfa:{user}:recovery:alice');

    my $page = $browser->get('/mfa/security');
    is($page->key . $page->otpauth, '', 'the security page shows no key');
    unlike($page->body, qr/class="qr"/, '... and no picture');
    is(replace($browser)->story, '303 /mfa/enrol/scan', 'replace');
    is($stage->account_get('user', 'alice', 'secret'), $secret,
       'nothing is changed yet');

    $page = $browser->get('/mfa/enrol/scan');
    my $new = $page->key;
    is($page->story, '200 enrol-scan', 'the new key is shown');
    like($new, qr/^[A-Z2-7]{32}$/, '... a whole one');
    isnt($new, $key, '... another one');
    like($page->body, qr/present authenticator works until/, '... and said so');
    is($browser->get('/mfa/enrol/scan')->key, $new, 'a reload shows the same');
    is($browser->get('/mfa/enrol')->story, '200 enrol-app', 'so may the app');

    is(opens('alice', $key), '303 /', 'the old one works until then');
    is(confirm($browser, MFA::Journey::wrong_code($new))->story,
       '401 enrol-scan code', 'a wrong code');
    is(confirm($browser, totp($key))->story, '401 enrol-scan code',
       'one of the old key confirms nothing');
    is(opens('alice', $key), '303 /', 'the old one still works');

    $stage->unspend('user', 'alice');
    my $before = $browser->cookie('mfa_user');
    is(confirm($browser, totp($new))->story,
       '303 /mfa/enrol/done?replaced=1', 'confirmed');
    isnt($browser->cookie('mfa_user'), $before, 'a new id (security 26)');
    $page = $browser->get('/mfa/enrol/done?replaced=1');
    is($page->story, '200 enrol-done', 'done');
    like($page->body, qr{<h1>Your authenticator was replaced</h1>}, 'said so');
    like($page->body, qr/replacement was successful/, '... twice');
    like($page->body, qr/data-mfa-recovery>/, 'with new recovery codes');
    like($browser->get('/mfa/enrol/done?reset=1')->body,
         qr{<h1>Your TOTP MFA reset was successful</h1>},
         'a reset is called one (feature 003-33)');
    is($browser->get('/app')->status, 200, 'this session goes on');

    is($phone->get('/app')->story, '303 /mfa/login?next=/app',
       'the others have ended (security 33)');
    is($stage->login($phone, 'alice')->story, '303 /mfa/code',
       'the trust in browsers has ended with the old key');
    is(opens('alice', $key), '401 code code', 'the old key opens nothing');
    is(opens('alice', $new), '303 /', 'the new one does');
    is(scalar(grep { my $old = $_; grep { $old eq $_ } @{ $stage->redis(
           'SMEMBERS', 'mfa:{user}:recovery:alice') } } @$codes), 0,
       'none of the old recovery codes is left');

    my ($mail) = mails('user', 'replaced');
    is_deeply([@$mail{qw(login to generation)}],
              ['alice', 'alice@example.com',
               $stage->account_get('user', 'alice', 'generation')],
              'its owner is told (feature 003-34, security 95)');
    is(scalar(grep { $_->{login} eq 'alice' } mails('user', 'enrolled')), 1,
       '... as of the first one');
    my ($event) = $stage->audit('user', event => 'enrol', login => 'alice',
                                reason => 'replaced');
    is($event->{result}, 'ok', 'on record');
    is($browser->get('/mfa/enrol/scan')->story, '303 /mfa/security',
       'the key is not shown again (security 23)');
};


subtest 'A code older than five minutes is not enough (security 37)' => sub {
    my ($key, $browser) = owner('bert');

    $stage->sessions_set('user', 'bert', code_at => time - 301);
    is(replace($browser)->story, '303 /mfa/code?next=/mfa/security',
       'to the code page');
    is(scalar $stage->keys_of('mfa:enrolment:*'), 0, 'nothing is on its way');
    $browser->get('/mfa/code?next=/mfa/security');
    is($browser->post('/mfa/code', [csrf => $browser->csrf,
        code => totp($key), next => '/mfa/security'])->story,
       '303 /mfa/security', '... and back');
    is(replace($browser)->story, '303 /mfa/enrol/scan', 'now it is');

    for my $next ('/mfa/logout', '/mfa/security?x', '/mfa/security/',
                  '/mfa/enrol/scan')
    {
        $browser->get('/mfa/code?next=' . MFA::Browser::escape($next));
        unlike($browser->answer->body, qr/name="next"/,
               "no other page is one to go back to: $next (security 51)");
    }
};


subtest 'Abandoned, it changes nothing' => sub {
    my ($key, $browser) = owner('carol');

    none_pending();
    replace($browser);
    my $new = $browser->get('/mfa/enrol/scan')->key;
    my ($pending) = $stage->keys_of('mfa:enrolment:*');
    my $ttl = $stage->redis('TTL', $pending);
    ok($ttl > 0 && $ttl <= 600, 'ten minutes at most (security 20)');
    unlike($stage->redis('GET', $pending), qr/\Q$new\E/, 'sealed (security 97)');
    $stage->redis('DEL', $pending);
    is($browser->get('/mfa/enrol/scan')->story, '303 /mfa/security',
       'later there is nothing to confirm');
    is(opens('carol', $new), '401 code code', 'the new key is none');
    is(opens('carol', $key), '303 /', 'the old one is');

    replace($browser);
    my $second = $browser->get('/mfa/enrol/scan')->key;
    replace($browser);
    isnt($browser->get('/mfa/enrol/scan')->key, $second,
         'begun again, it is another key');
    $browser->submit('/mfa/security', '/mfa/logout');
    is(scalar $stage->keys_of('mfa:enrolment:*'), 0,
       'it ends with the session');
};


subtest 'With the password alone nobody replaces anything (security 19, 89)' =>
    sub
{
    my ($key, $full) = owner('dora');
    my $generation = $stage->account_get('user', 'dora', 'generation');
    none_pending();
    my $half = $stage->visitor('dora');

    $half->get('/mfa/code');
    my $csrf = $half->csrf;
    is($half->post('/mfa/security', [csrf => $csrf, action => 'replace'])
       ->story, '403 error forbidden', 'a replacement is not begun');
    is(scalar $stage->keys_of('mfa:enrolment:*'), 0, 'nothing is on its way');

    # Somebody with the code begins; half a login sees nothing of it.
    replace($full);
    my $new = $full->get('/mfa/enrol/scan')->key;

    for my $path ('enrol', 'enrol/scan') {
        is($half->get("/mfa/$path")->story, '403 error forbidden', $path);
    }

    is($half->post('/mfa/enrol/scan', [csrf => $csrf, code => totp($new)])
       ->story, '403 error forbidden', 'nor confirms it');

    # What was put there for the one session is nothing to the other.
    my ($pending) = $stage->keys_of('mfa:enrolment:*');
    my $hash = half_of('dora');
    $stage->redis('COPY', $pending, "mfa:enrolment:$hash", 'REPLACE');
    is($half->get('/mfa/enrol/scan')->story, '403 error forbidden',
       'one that takes a code is not shown to who has given none');
    is($half->post('/mfa/enrol/scan', [csrf => $csrf, code => totp($new)])
       ->story, '403 error forbidden', '... nor confirmed');

    # A secret for a first factor, of a session from before there was one.
    $stage->account('user', 'emil');
    my ($first, $second) = map { $stage->visitor('emil') } 1, 2;
    $second->get('/mfa/enrol/scan');
    my ($first_pending) = grep { !/\Q$hash\E/ && $_ ne $pending }
                          $stage->keys_of('mfa:enrolment:*');
    my $sealed = $stage->redis('GET', $first_pending);
    $stage->enrol($first);
    my $late = $stage->visitor('emil');
    $hash = half_of('emil');

    for my $kind ('pending', 'replace', 'reset') {
        (my $as = $sealed) =~ s/^[^.]*/$kind/;
        $stage->redis('SET', "mfa:enrolment:$hash", $as);
        is($late->get('/mfa/enrol/scan')->story, '403 error forbidden',
           "one for a first factor replaces none, also called \"$kind\"");
    }

    is($stage->account_get('user', 'dora', 'generation'), $generation,
       'no factor was changed');
};


subtest 'A login from an unknown network is told of, where the portal does so' =>
    sub
{
    my @with = (options => ['--email', 'owner@example.com']);
    my $key = $stage->enrolled('news', 'fritz', @with);
    my $firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 '
                . 'Firefox/128.0';
    my $enter = sub {
        my ($address) = @_;
        my $browser = $stage->browser(portal => 'news', agent => $firefox,
                                      address => $address);
        $stage->unspend('news', 'fritz');
        return $stage->enter($browser, 'fritz', $key)->status;
    };
    my $told = sub { scalar mails('news', 'new-network') };

    # The very first login, by the password alone, was from an unknown one, too.
    my $before = $told->();
    is($enter->('127.0.0.1'), 303, 'from where the factor was set up');
    is($told->() - $before, 0, '... nothing is said');

    my $half = $stage->browser(portal => 'news', address => '127.0.0.77');
    $stage->login($half, 'fritz');
    is($told->() - $before, 0, 'the password alone is no login');
    is($enter->('127.0.0.77'), 303, 'from elsewhere');
    is($told->() - $before, 1,
       '... its owner is told, though the password was right there before');
    my ($mail) = reverse mails('news', 'new-network');
    is("$mail->{login} $mail->{address} $mail->{detail}",
       'fritz 127.0.0.77 Firefox, Linux', '... from where and with what');
    is($enter->('127.0.0.77'), 303, 'once more');
    is($told->() - $before, 1, '... it is known now');

    is(scalar mails('user', 'new-network'), 0,
       'a portal that does not ask for it tells of none');
};


subtest 'Each replacement is a mail, and what one account causes is bounded '
    . '(security 90)' => sub
{
    my ($key, $browser) = owner('gerda');
    my @begun = map { replace($browser)->story } 1 .. 5;

    is(scalar(grep { /^303/ } @begun), 5, 'begun five times')
        or diag(join "\n", @begun);

    my $answer = replace($browser);
    is($answer->story, '429 error limited', 'the sixth is too many');
    ok($answer->header('Retry-After') > 500, '- for a while');
};


$stage->finish;
done_testing();
