#!/usr/bin/perl

# A new password chosen by its owner: by the link of a mail (features 002-11 to
# 002-14, 004-08, 004-09) or by the current one.  What a new password may be, what
# ends with the old one, and that a link is no way past the factor.
#
# When this fails, people cannot set their password, set one that anybody guesses,
# or a mailbox is enough to come in.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;

use MFA::Journey;
use MFA::Link;

my $limits = 'limit password=1000/15m code=1000/15m address=10000/10m;';
my $mail = 'mail from=mfa@example.com base_url=http://127.0.0.1:8080;';

my $stage = MFA::Journey->new(
    workers => 2,
    portals => {
        user    => "issuer \"Example Portal\"; remember_device 30d; $mail
                    $limits",
        strict  => "$mail limit password=3/15m address=1000/10m;",
        outside => "$mail $limits first_factor request=/check;",
    },
    locations => 'location = /check { internal; mfa off;
        proxy_pass http://site/check; }');

my $old = MFA::Journey->password;
my $new = 'another long one';


sub account {
    my ($portal, $login, @options) = @_;

    $stage->account($portal, $login,
        options => ['--email', "$login\@example.com", @options]);
}


sub mint { return MFA::Link::mint($stage, 'user', $_[0], 'password') }


# By a link: sets $password, typed the second time as $again.
sub by_link {
    my ($browser, $token, $password, $again) = @_;

    return MFA::Link::follow($browser, 'password', $token,
        password => $password, password2 => $again // $password);
}


sub by_current {
    my ($browser, $current, $password, $again) = @_;

    return $browser->submit('/mfa/password', '/mfa/password',
        current => $current, password => $password,
        password2 => $again // $password);
}


subtest 'Who is invited has no password: the page speaks of none that is there, '
    . 'and a dead link says whom to ask (feature 002-08)' => sub
{
    account('user', 'ines');
    $stage->redis('HDEL', 'mfa:{user}:account:ines', 'password');

    my $had = qr/It may be the one you have|Everywhere else|Change Password|New pass/;
    my $token = mint('ines');
    my $browser = $stage->browser;
    my $answer = $browser->get("/mfa/password?t=$token");

    is($answer->story, '200 password', 'the link opens the page');
    like($answer->body, qr{<h1>Choose a password</h1>}, '- to choose one');
    unlike($answer->body, $had, '- by somebody who has none');
    $answer = by_link($browser, $token, $new, 'another one');
    is($answer->story, '400 password password-differ', 'what is refused');
    like($answer->body, qr{<h1>Choose a password</h1>}, '- is asked again');
    unlike($answer->body, $had, '- likewise');
    is(by_link($browser, $token, $new)->story, '303 /', 'and is in with it');

    $answer = $browser->get("/mfa/password?t=$token");
    is($answer->story, '410 password link', 'the link is used');
    like($answer->body, qr/whoever invited you, to send you another mail/,
         '- whom to ask for another is said');
    $answer = $stage->browser->get('/mfa/password?t=' . mint('ines'));
    like($answer->body, qr{<h1>Change Password</h1>.*It may be the one}s,
         'now there is one to change');
};


subtest 'A link leads to a page for a new password, then to the set-up, then in '
    . '(features 002-11 to 002-15)' => sub
{
    account('user', 'anna', '--require-mfa');
    my $before = $stage->visitor('anna');
    my $token = mint('anna');
    my $browser = $stage->browser;
    my $answer = $browser->get("/mfa/password?t=$token");

    is($answer->story, '200 password', 'Change Password opens a page');
    like($answer->body, qr/value="anna" readonly autocomplete="username"/,
         '- that a password manager understands');
    unlike($answer->body, qr/name="current"/, '- and does not ask for the old');
    is($answer->header('Cache-Control'), 'no-store', '- and is not kept');

    is(by_link($browser, $token, $new)->story, '303 /mfa/enrol',
       'then the page with the apps (feature 002-13)');
    my $key = $stage->enrol($browser);
    like($browser->get('/app')->body, qr/^user=anna level=mfa /,
         'in without another code, this once (feature 002-14)');

    is($before->get('/app')->story, '303 /mfa/login?next=/app',
       'the sessions from before are over');
    is($stage->login($stage->browser, 'anna', $old)->story,
       '401 login credentials', 'so is the old password');
    my $again = $stage->browser;
    is($stage->login($again, 'anna', $new)->story, '303 /mfa/code',
       'the new one asks for a code (feature 002-15)');
    is($again->submit('/mfa/code', '/mfa/code',
                      code => MFA::Journey::totp($key, 1))->story, '303 /',
       '- and lets in');

    is($browser->get("/mfa/password?t=$token")->story, '410 password link',
       'the link is used (security 87)');
    is(by_link($browser, $token, 'yet another one')->story,
       '410 password link', '- for everything');
    is(join(' ', map { $_->{mail} } grep { $_->{mail} =~ /password/ }
            MFA::Link::queued($stage, 'user', 'anna')), 'password-changed',
       'its owner is told (security 95)');
    is(scalar $stage->audit('user', event => 'password', result => 'ok',
                            login => 'anna'), 1, 'and it is on record');
};


subtest 'A link sets the password and never passes the factor by (security 89)'
    => sub
{
    my $key = $stage->enrolled('user', 'bert',
        options => ['--email', 'bert@example.com']);
    my $browser = $stage->browser;

    is(by_link($browser, mint('bert'), $new)->story, '303 /mfa/code',
       'who has a factor is asked for its code');
    is($browser->get('/app')->story, '303 /mfa/code?next=/app', '- in earnest');
    is($browser->get('/mfa/enrol/scan')->status, 403, '- and gets no other');
    is($browser->get('/mfa/password')->story, '303 /mfa/code',
       '- and sets no other password');
    is($browser->submit('/mfa/code', '/mfa/code',
                        code => MFA::Journey::totp($key, 1))->story, '303 /',
       'the code lets in');

    account('user', 'carl');
    is(by_link($stage->browser, mint('carl'), $old)->story, '303 /',
       'the same password may be chosen again (feature 004-08)');
    is($stage->login($stage->browser, 'carl', $old)->story, '303 /',
       '- and is good');

    account('user', 'dora', '--require-mfa');
    $stage->account_set('user', 'dora', deadline => time - 60);
    is(by_link($stage->browser, mint('dora'), $new)->story, '303 /mfa/locked',
       'a deadline that is over stays so');
};


subtest 'What a password may be (security 9)' => sub {
    account('user', 'erika', '--name', 'Erika Mustermann');
    my $browser = $stage->browser;
    my $token = mint('erika');

    for my $case (
        [ 'short',  'ab cdef' ],
        [ 'short',  "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f" ],
        [ 'short',  '' ],
        [ 'form',   'x y' x 200 ],
        [ 'form',   "tab\tand more" ],
        [ 'common', 'Password123' ],
        [ 'common', 'iloveyou' ],
        [ 'common', '12345678' ],
        [ 'common', '98765432' ],
        [ 'common', 'QWERTZUI' ],
        [ 'common', 'aaaaaaaaaaaa' ],
        [ 'common', 'abcabcabcabc' ],
        [ 'common', 'Erika@example.com' ],
        [ 'common', 'erika mustermann' ],
        [ 'common', 'example portal' ],
        [ 'differ', 'a good password', 'a good passwort' ],
        [ 'differ', 'a good password', '' ],
    ) {
        my ($error, $password, $again) = @$case;

        is(by_link($browser, $token, $password, $again)->story,
           "400 password password-$error",
           "$error: \"" . substr($password, 0, 30) . '"');
    }

    is($stage->login($stage->browser, 'erika', $old)->story, '303 /',
       'none of it changed anything');
    is(by_link($browser, $token, 'erika 5 ')->story, '303 /',
       'eight characters of any kind will do, and used nothing up');
    is($stage->login($stage->browser, 'erika', 'erika 5 ')->story, '303 /',
       'blanks count');

    my $long = "\xe2\x82\xac" x 170 . 'x';
    is(by_link($stage->browser, mint('erika'), $long)->story, '303 /',
       'so do 511 bytes');
    is($stage->login($stage->browser, 'erika', $long)->story, '303 /',
       '- all of them (security 3)');
    is($stage->login($stage->browser, 'erika', substr($long, 0, -1))->story,
       '401 login credentials', '- to the last');
};


subtest 'Who is logged in sets one by the current one' => sub {
    my $key = $stage->enrolled('user', 'fritz',
        options => ['--email', 'fritz@example.com']);
    my $browser = $stage->browser;
    my $other = $stage->browser;
    $stage->enter($browser, 'fritz', $key, 0);
    $stage->enter($other, 'fritz', $key, 1);
    my ($session) = grep { $_->{level} == 2 } $stage->sessions('user', 'fritz');

    is($browser->get('/mfa/password')->story, '200 password', 'the page');
    like($browser->answer->body, qr/name="current"/, 'asks for the current one');
    is(by_current($browser, $new, $new)->story,
       '401 password password-current', 'a wrong one is refused');
    is(by_current($browser, '', $new)->story,
       '401 password password-current', '- so is none');
    is(by_current($browser, $old, 'password1')->story,
       '400 password password-common', 'the new one is looked at');

    my $cookie = $browser->cookie('mfa_user');
    is(by_current($browser, $old, $new)->story, '303 /mfa/security?done=1',
       'set');
    isnt($browser->cookie('mfa_user'), $cookie, 'under a new id (security 26)');
    like($browser->get('/app')->body, qr/^user=fritz level=mfa /,
         'with the code it had');
    is($other->get('/app')->story, '303 /mfa/login?next=/app',
       'other sessions are over (security 33)');
    is(scalar(my @left = $stage->sessions('user', 'fritz')), 1,
       'and in no list');
    is(($stage->sessions('user', 'fritz'))[0]{code_at}, $session->{code_at},
       'the code is as old as it was');

    $stage->account('user', 'greta');
    my $greta = $stage->visitor('greta');
    is(by_current($greta, $old, $new)->story, '303 /mfa/security?done=1',
       'without a factor the password is enough');
    like($greta->get('/app')->body, qr/^user=greta level=password /, '- for '
         . 'what it was');

    my $half = $stage->browser;
    $stage->login($half, 'fritz', $new);
    is($half->get('/mfa/password')->story, '303 /mfa/code', 'half a login');
    is($half->post('/mfa/password', [csrf => $half->get('/mfa/code')->csrf,
        current => $new, password => $old, password2 => $old])->story,
       '403 error forbidden', '- sets none');
    is($stage->browser->get('/mfa/password')->story, '303 /mfa/login',
       'nor does a stranger');
    is($greta->get('/mfa/password') && $greta->post('/mfa/password', [
        csrf => 'x' x 43, current => $new, password => $old,
        password2 => $old])->story, '403 error csrf',
       'nor a form from elsewhere (security 48)');
};


subtest 'Guesses at the current one are guesses at the login (security 107)'
    => sub
{
    account('strict', 'hans');
    my $hans = $stage->visitor('hans', portal => 'strict');

    is(by_current($hans, "guess $_", $new)->story,
       '401 password password-current', "guess $_") for 1 .. 3;
    is(by_current($hans, $old, $new)->story, '429 password limited',
       'then not even the right one');
    is($stage->login($stage->browser(portal => 'strict'), 'hans')->story,
       '429 login limited', '- nor at the login');
};


subtest 'Each change is a mail, and what one account causes is bounded '
    . '(security 90)' => sub
{
    $stage->account('user', 'jana');
    my $jana = $stage->visitor('jana');
    my $held = $old;

    for my $n (1 .. 5) {
        like(by_current($jana, $held, "$new $n")->story, qr{^303 }, "change $n");
        $held = "$new $n";
    }

    is(by_current($jana, $held, $new)->story, '429 password limited',
       'the sixth is too many');
};


subtest 'Where passwords are not kept here, none is set here' => sub {
    $stage->account('outside', 'ida');
    my $token = MFA::Link::mint($stage, 'outside', 'ida', 'password');
    my $browser = $stage->browser(portal => 'outside');

    is($browser->get("/mfa/password?t=$token")->story, '404 error not-found',
       'there is no such page');
    is(by_link($browser, $token, $new)->story, '404 error not-found',
       '- nor form');
};


$stage->finish;
done_testing();
