#!/usr/bin/perl

# The page "validate": two codes in a row show that an authenticator holds the
# key, for the resources that ask only people with a validated key (features
# 001-07, -08, -09, -10, -11, -12).
#
# When this fails, somebody is asked for codes by a resource without having shown
# that they can make them, or codes can be guessed on this page uncounted.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use JSON::PP qw(decode_json);
use Test::More;

use MFA::Journey;

my $stage = MFA::Journey->new(
    workers   => 2,
    locations => 'location /ssh/ { mfa PORTAL require=validated;
                                   proxy_pass http://site; }',
    portals   => {
        user => 'session max=1000; locale en de fr;
                 limit password=1000/15m code=5/15m address=10000/10m;',
    });


sub totp { return MFA::Journey::totp(@_) }


# Enrolled, logged in with a code, the key not yet validated: as after the
# set-up itself.
sub newcomer {
    my ($login) = @_;

    $stage->account('user', $login);
    my $browser = $stage->visitor($login);
    my $key = $stage->enrol($browser);
    $stage->unspend('user', $login);

    return ($browser, $key);
}


sub give {
    my ($browser, $first, $second) = @_;

    return $browser->submit('/mfa/validate', '/mfa/validate',
                            code1 => $first, code2 => $second);
}


sub shown {
    my ($login) = @_;

    return decode_json($stage->admin('--json', 'account', 'show', 'user',
                                     $login))->{mfa};
}


subtest 'Two codes in a row validate the key, and everybody can see it '
    . '(features 001-07, 001-08, 001-11)' => sub
{
    my ($browser, $key) = newcomer('alice');

    my $security = $browser->get('/mfa/security');
    like($security->body, qr{data-mfa-state="enrolled"}, 'set up, no more yet');
    like($security->body, qr{href="/mfa/validate"}, 'the way is shown');
    is(shown('alice'), 'enrolled', 'mfactl says the same');
    is($browser->get('/ssh/')->status, 200,
       'a resource for validated keys asks others for nothing (001-10)');

    MFA::Journey::settle(10);
    is($browser->get('/mfa/validate')->page, 'validate', 'the page');
    like($browser->answer->body, qr{name="code1".*name="code2"}s, 'two fields');
    is(give($browser, totp($key, -1), totp($key))->story,
       '303 /mfa/security?done=1', 'two codes in a row');

    $security = $browser->get('/mfa/security?done=1');
    like($security->body, qr{data-mfa-state="validated"}, 'the page shows it');
    like($security->body, qr{role="status"}, '- and says that it is done');
    unlike($security->body, qr{href="/mfa/validate"}, '- and nothing to do');
    is(shown('alice'), 'validated', 'mfactl shows it');
    like($stage->admin('account', 'show', 'user', 'alice'), qr/validated/,
         '- as text, too');
    is(scalar $stage->audit('user', event => 'validate', result => 'ok',
                            login => 'alice'), 1, 'it is on record');

    my ($other) = newcomer('bobby');
    is(shown('bobby'), 'enrolled', 'it is per person (001-12)');

    is($browser->get('/mfa/validate')->page, 'validate', 'it can be repeated');
};


subtest 'What is not two fresh codes in a row validates nothing (feature '
    . '001-07, security 11)' => sub
{
    my ($browser, $key) = newcomer('carol');

    MFA::Journey::settle(12);

    for my $try (
        ['the same code twice', totp($key), totp($key)],
        ['the wrong way round', totp($key), totp($key, -1)],
        ['one left out', totp($key, -1), totp($key, 1)],
        ['too old', totp($key, -3), totp($key, -2)],
    ) {
        my ($title, @codes) = @$try;
        is(give($browser, @codes)->story, '401 validate codes', $title);
    }

    is(shown('carol'), 'enrolled', 'not validated');
    is(give($browser, totp($key, -1), totp($key))->story,
       '303 /mfa/security?done=1', 'the fifth try is right');
    is(give($browser, totp($key, -1), totp($key))->story,
       '401 validate codes', 'a second code that was spent is refused');

    $browser = $stage->visitor('carol');
    is($browser->submit('/mfa/code', '/mfa/code', code => totp($key))->story,
       '401 code code', 'also at the code page');
};


subtest 'Guesses here and at the code page are counted together, and before '
    . 'they are looked at (security 14, 107)' => sub
{
    my ($browser, $key) = newcomer('dora');

    is(give($browser, '000000', '000001')->story, '401 validate codes',
       "wrong pair $_") for 1 .. 5;

    my $answer = give($browser, totp($key, -1), totp($key));
    is($answer->story, '429 validate limited', 'the right pair is too late');
    cmp_ok($answer->header('Retry-After'), '>', 0, 'and told for how long');

    my $half = $stage->visitor('dora');
    is($half->submit('/mfa/code', '/mfa/code', code => totp($key))->story,
       '429 code limited', 'the code page waits, too');
    is(shown('dora'), 'enrolled', 'nothing is validated');
};


subtest 'Nobody comes here without a code, and everybody is led to what they '
    . 'owe (security 7, 19)' => sub
{
    my ($browser, $key) = newcomer('emily');
    my $half = $stage->visitor('emily');

    is($half->get('/mfa/validate')->story, '303 /mfa/code',
       'half a login is led to the code');
    is($half->submit('/mfa/code', '/mfa/validate', code1 => totp($key, -1),
                     code2 => totp($key))->status, 403,
       'and its codes are not looked at');
    is(shown('emily'), 'enrolled', '- nor do they validate');
    is($stage->browser->get('/mfa/validate')->story, '303 /mfa/login',
       'a stranger is led to the login');
    is($stage->browser->post('/mfa/validate', [code1 => 1])->status, 403,
       'and posts nothing');

    $stage->account('user', 'frank');
    is($stage->visitor('frank')->get('/mfa/validate')->story,
       '303 /mfa/enrol', 'who has no key is led to the set-up');

    $browser->get('/mfa/validate');
    my @codes = (code1 => totp($key, -1), code2 => totp($key));
    is($browser->post('/mfa/validate', [@codes])->status, 403,
       'without the form\'s token nothing happens (security 48)');
    is($browser->request('POST', '/mfa/validate',
        body => MFA::Browser::form(csrf => $browser->csrf, @codes),
        headers => { Origin => 'http://evil.example' })->status, 403,
       'nor from another site');
    is(shown('emily'), 'enrolled', 'still not validated');
};


subtest 'Two logins with two codes validate by themselves (feature 001-11)' =>
    sub
{
    $stage->enrolled('user', 'grace');
    my $key = $stage->enrolled('user', 'henry');
    is(shown('grace'), 'enrolled', 'the set-up\'s code is one');
    $stage->enter($stage->browser, 'henry', $key);
    is(shown('henry'), 'validated', 'a login\'s is the second');
};


subtest 'The page is there in every language' => sub {
    my ($browser) = newcomer('ines');

    for my $language (['de', 'Schlüssel validieren'], ['fr', 'Valider votre clé'])
    {
        my ($tag, $title) = @$language;
        like($browser->get('/mfa/validate', 'Accept-Language' => $tag)->body,
             qr/<h1>$title/, $tag);
    }
};


$stage->finish;
done_testing();
