#!/usr/bin/perl

# A lost authenticator, and the first one by a mailed link: "Reset TOTP MFA" on the
# code page (features 003-25 to 003-35), the page the link leads to, and what is
# left of the old factor on the way.
#
# When this fails, a lost phone locks its owner out, or a link is a way around the
# password or the factor.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;

use MFA::Journey;
use MFA::Link;

my $limits = 'limit password=1000/15m code=1000/15m address=10000/10m;';
my $mail = 'mail from=mfa@example.com base_url=http://127.0.0.1:8080;';

# nginx verifies people of "known" by a header, for the test.
my $stage = MFA::Journey->new(
    workers => 2,
    http    => 'map $http_x_person $person { default $http_x_person; }',
    portals => {
        user    => "issuer Example; $mail $limits",
        never   => "$mail self_reset off; $limits",
        silent  => $limits,
        known   => "$mail $limits first_factor identity=\$person;",
        outside => "$mail $limits first_factor request=/check;",
    },
    locations => 'location = /check { internal; mfa off;
        proxy_pass http://site/check; }');


sub totp { return MFA::Journey::totp(@_) }


sub enrolled {
    my ($portal, $login, @options) = @_;

    return $stage->enrolled($portal, $login,
        options => ['--email', "$login\@example.com", @options]);
}


# The password step alone.
sub half {
    my ($login, %opt) = @_;
    my $browser = $stage->browser(%opt);

    $stage->login($browser, $login);

    return $browser;
}


sub ask { return $_[0]->submit('/mfa/code', '/mfa/reset') }


sub mint { return MFA::Link::mint($stage, @_) }


sub follow {
    my ($browser, $token, $login, $password) = @_;

    return MFA::Link::follow($browser, 'setup', $token,
        defined $login ? (login => $login) : (),
        defined $login ? (password => $password // $stage->password) : ());
}


subtest 'Reset TOTP MFA: asked for behind the password, the old factor works '
    . 'until the new one is confirmed (features 003-25 to 003-33)' => sub
{
    my $old = enrolled('user', 'bob');
    my $browser = half('bob');
    my $answer = $browser->get('/mfa/code?next=/app');

    like($answer->body, qr{action="/mfa/reset"}, 'the code page offers it');
    like($answer->body, qr{>Reset TOTP MFA</button>}, 'by its name');
    $answer = $browser->post('/mfa/reset', [csrf => $browser->csrf,
                                            next => '/app']);
    is($answer->story, '200 reset-sent', 'asked for');
    like($answer->body, qr{href="/mfa/code\?next=/app"}, 'with a way back');

    my ($queued, @more) = MFA::Link::queued($stage, 'user', 'bob', 'reset');
    is(@more, 0, 'one mail waits (feature 003-27)');
    is("$queued->{mail} $queued->{to}", 'reset bob@example.com', '- for him');
    is($queued->{generation},
       $stage->account_get('user', 'bob', 'generation'), '- as he is now');
    unlike(join(' ', %$queued), qr/[A-Za-z0-9_-]{43}/, '- and holds no secret');
    is(scalar $stage->audit('user', event => 'reset-asked', result => 'ok'), 1,
       'it is on record');
    is($stage->enter($stage->browser, 'bob', $old, 0)->story, '303 /',
       'asking changes nothing');
    $stage->unspend('user', 'bob');

    my $token = mint('user', 'bob', 'reset');
    my $other = $stage->browser;
    $answer = $other->get("/mfa/setup?t=$token");
    is($answer->story, '200 setup', 'the link leads to a page (feature 003-28)');
    like($answer->body, qr{name="login"[^>]*required.*name="password"[^>]*required
        .*>Set\ Up\ MFA</button>}sx, 'for name and password, both needed '
        . '(feature 003-29)');
    is($answer->header('Cache-Control'), 'no-store', '- that is not kept');
    like($answer->body, qr{<meta name="referrer" content="strict-origin">},
         '- and tells nobody where it was (security 93)');

    $answer = follow($other, $token, 'bob');
    is($answer->story, '303 /mfa/enrol', 'then to the set-up');
    is($other->get('/app')->story, '303 /mfa/code?next=/app',
       '- while the portal stays closed (security 89)');
    $answer = $other->get('/mfa/enrol');
    is($answer->story, '200 enrol-app', 'get an app, or have one '
       . '(feature 003-30)');
    $answer = $other->get('/mfa/enrol/scan');
    my $key = $answer->key;
    isnt($key, $old, 'the picture is of another key (feature 003-31)');
    like($key, qr/^[A-Z2-7]{32}$/, '- a whole one');

    is($stage->enter($stage->browser, 'bob', $old, 0)->story, '303 /',
       'the old one still works (security 20)');
    is($stage->enter($stage->browser, 'bob', $key, 0)->story,
       '401 code code', 'the new one does not yet');

    $stage->unspend('user', 'bob');
    $other->get('/mfa/enrol/scan');
    $answer = $other->post('/mfa/enrol/scan',
        [csrf => $other->csrf, code => totp($key)]);
    like($answer->location, qr{^/mfa/}, 'the first code of the new one');
    like($other->get($answer->location)->body, qr/reset was successful/i,
         'and a message says so (feature 003-33)');
    like($other->get('/app')->body, qr/^user=bob level=mfa /, 'and is in');
    like(join(' ', map { $_->{mail} }
              MFA::Link::queued($stage, 'user', 'bob')), qr/reset-done/,
         'a mail confirms it (feature 003-34)');

    is($stage->enter($stage->browser, 'bob', $old, 1)->story, '401 code code',
       'the old one is dead');
    is($stage->enter($stage->browser, 'bob', $key, 1)->story, '303 /',
       'the new one works');
    is(follow($stage->browser, $token, 'bob')->story, '410 setup link',
       'the link is used (security 87)');
};


subtest 'Who may ask: only behind the password, and at most five times in ten '
    . 'minutes (feature 003-35, security 90)' => sub
{
    enrolled('user', 'ruth');
    $stage->account('user', 'nils', options => ['--email', 'n@example.com']);
    my $stranger = $stage->browser;

    $stranger->get('/mfa/login');
    is($stranger->post('/mfa/reset', [csrf => $stranger->csrf])->story,
       '403 error csrf', 'without a session there is nothing to ask with');
    is($stranger->get('/mfa/reset')->story, '405 error method',
       'a GET asks for nothing');

    my $without = half('nils');
    $without->get('/mfa/security');
    is($without->post('/mfa/reset', [csrf => $without->csrf])->story,
       '403 error forbidden', 'who has no factor has none to reset');

    my $ruth = half('ruth');
    is(ask($ruth)->story, '200 reset-sent', "mail $_") for 1 .. 5;
    my $answer = ask($ruth);
    is($answer->story, '429 code limited', 'the sixth is too many');
    ok($answer->header('Retry-After') > 500, '- for a while');
    is(ask(half('ruth'))->story, '429 code limited', '- in any session');
    is(scalar(my @five = MFA::Link::queued($stage, 'user', 'ruth', 'reset')), 5,
       'five mails wait');
    is(scalar $stage->audit('user', event => 'reset-asked',
                            result => 'limited'), 1, 'the sixth is on record');
    is(scalar(my @none = MFA::Link::queued($stage, 'user', 'nils')), 0,
       'nobody else has one');

    $stage->admin('account', 'disable', 'user', 'ruth');
    is($ruth->get('/mfa/code')->page, '', 'who is disabled');
    is($ruth->post('/mfa/reset', [csrf => $ruth->csrf])->status, 403,
       '- asks for nothing');
};


subtest 'New recovery codes are mailed as well, and counted with the links '
    . '(security 90)' => sub
{
    my $key = enrolled('user', 'rita');
    my $rita = $stage->browser;
    $stage->enter($rita, 'rita', $key, 0);
    my $renew = sub {
        return $rita->submit('/mfa/security', '/mfa/security',
                             action => 'recovery');
    };

    is(ask(half('rita'))->story, '200 reset-sent', 'a link');
    is($renew->()->story, '303 /mfa/recovery', "new codes $_") for 2 .. 5;
    my $answer = $renew->();
    is($answer->story, '429 error limited', 'the sixth mail is too many');
    ok($answer->header('Retry-After') > 500, '- for a while');
    is(scalar(grep { $_->{mail} eq 'recovery-made' }
              MFA::Link::queued($stage, 'user', 'rita')), 4, 'four of it wait');
};


subtest 'Without an address, a base_url or the permission there is no link'
    => sub
{
    $stage->enrolled('user', 'oslo');
    my $oslo = half('oslo');
    is(ask($oslo)->story, '403 code no-mail', 'no address: the asker is told, '
       . 'having proved the password');
    is(scalar(my @none = MFA::Link::queued($stage, 'user', 'oslo')), 0,
       'and none waits');

    for my $portal (qw(never silent)) {
        enrolled($portal, 'otto');
        my $otto = half('otto', portal => $portal);
        my $answer = $otto->get('/mfa/code');
        unlike($answer->body, qr{/mfa/reset}, "$portal: nothing is offered");
        like($answer->body, qr/ask your administrator/, '- but a word on whom '
             . 'to ask');
        is($otto->post('/mfa/reset', [csrf => $otto->csrf])->story,
           '403 error forbidden', '- nor taken');
        is(scalar(my @none = MFA::Link::queued($stage, $portal, 'otto',
                                               'reset')), 0, '- nor queued');
    }
};


subtest 'A set-up link is a login that goes on to the set-up (feature 003-10)'
    => sub
{
    $stage->account('user', 'eva', options => ['--email', 'Eva.M@example.com',
                                               '--require-mfa']);
    my $browser = $stage->browser;
    my $token = mint('user', 'eva', 'setup');

    is(follow($browser, $token, ' eva.m@EXAMPLE.com ')->story,
       '303 /mfa/enrol', 'the e-mail address stands for the login');
    $stage->enrol($browser);
    like($browser->get('/app')->body, qr/^user=eva level=mfa /, 'and is in');

    $stage->account('user', 'ida');
    is(follow($stage->browser, mint('user', 'ida', 'setup'), 'ida')->story,
       '303 /mfa/enrol', 'also where it is not required');

    my $key = enrolled('user', 'ulf');
    my $ulf = $stage->browser;
    is(follow($ulf, mint('user', 'ulf', 'setup'), 'ulf')->story,
       '303 /mfa/code', 'who has a factor is asked for its code');
    is($ulf->get('/mfa/enrol/scan')->status, 403, '- and gets no other');
};


subtest 'A link moves no deadline: a set-up link is locked behind it, a reset is '
    . 'for that, and no link is for who is disabled (security 84)' => sub
{
    my @late = (options => ['--require-mfa', '--grace', '1d']);

    for my $login (qw(late reset)) {
        $stage->account('user', $login, @late);
        $stage->account_set('user', $login, deadline => time - 60);
    }

    is(follow($stage->browser, mint('user', 'late', 'setup'), 'late')->story,
       '303 /mfa/locked', 'the days are over');

    my $browser = $stage->browser;
    is(follow($browser, mint('user', 'reset', 'reset'), 'reset')->story,
       '303 /mfa/enrol', 'after a reset by an admin they may be, too');
    my $deadline = $stage->account_get('user', 'reset', 'deadline');
    $stage->enrol($browser);
    like($browser->get('/app')->body, qr/^user=reset level=mfa /, 'in again');
    is($stage->account_get('user', 'reset', 'deadline'), $deadline,
       'by the same deadline');

    $stage->account('user', 'gone');
    my $token = mint('user', 'gone', 'setup');
    $stage->account_set('user', 'gone', disabled => 1);
    is($stage->browser->get("/mfa/setup?t=$token")->story, '410 setup link',
       'who is disabled has no link');
    is(follow($stage->browser, $token, 'gone')->story, '410 setup link',
       '- nor a form');
};


subtest 'Where nginx knows who it is, there is no password to type, and the link '
    . 'is good for whom it was sent to' => sub
{
    my %ada = ('X-Person' => 'ada');
    $stage->account('known', 'ada', options => ['--require-mfa']);
    $stage->account('known', 'bea');
    my $token = mint('known', 'ada', 'setup');
    my $page = "/mfa/setup?t=$token";

    my $bea = $stage->browser(portal => 'known',
                              headers => { 'X-Person' => 'bea' });
    $bea->get($page);
    is($bea->post('/mfa/setup', [csrf => $bea->csrf, t => $token])->story,
       '403 error no-account', 'somebody else');

    my $ada = $stage->browser(portal => 'known', headers => \%ada);
    my $answer = $ada->get($page);
    is($answer->story, '200 setup', 'who it is for');
    unlike($answer->body, qr/type="password"/, '- types nothing');
    is($ada->post('/mfa/setup', [csrf => $ada->csrf, t => $token])->story,
       '303 /mfa/enrol', '- and goes on');
    $stage->enrol($ada);
    like($ada->get('/app')->body, qr/^user=ada level=mfa /, 'and in');
};


$stage->finish;
done_testing();
