#!/usr/bin/perl

# The login page that asks for password and code in one form (login_form combined).
# Both have to be right; which of them was wrong is told to nobody; whoever has no
# factor leaves the field empty and goes on as with two pages.
#
# When this fails, a password can be guessed without the code, a code opens a
# session that its password did not, or a stranger can disable somebody's factor.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;

use MFA::Directory;
use MFA::Journey;

my $directory = MFA::Directory->start;
my $wide = 'login_form combined; session max=1000;';

my $stage = MFA::Journey->new(
    workers   => 4,
    instances => 2,
    http      => 'upstream directory { server unix:' . $directory->socket
        . '; }',
    locations => 'location = /check { internal; mfa off;
                                      proxy_pass http://directory; }',
    portals   => {
        user   => "$wide locale en de fr; "
                  . 'limit password=1000/15m code=5/15m address=10000/10m;',
        free   => "$wide limit password=1000/15m code=1000/15m "
                  . 'address=10000/10m;',
        away   => "$wide first_factor request=/check; limit "
                  . 'password=1000/15m code=1000/15m address=10000/10m;',
        steps  => 'login_form steps;',
        keep   => "$wide remember_device 30d;",
    });

my $password = $stage->password;


sub totp  { return MFA::Journey::totp(@_) }
sub wrong { return MFA::Journey::wrong_code(@_) }


sub sessions { return scalar $stage->keys_of('mfa:session:*') }


# One form, one answer; and the browser.
sub enter {
    my ($login, $password, $code, %opt) = @_;
    my $browser = $stage->browser(%opt);

    return ($browser->submit('/mfa/login?next=/app', '/mfa/login',
        login => $login, password => $password, next => '/app',
        defined $code ? (code => $code) : ()), $browser);
}


my $alice = $stage->enrolled('user', 'alice');
my $bobby = $stage->enrolled('free', 'bobby');
$stage->account('user', 'fresh', options => ['--require-mfa', '--grace', '3d']);
$stage->account('user', 'plain');


subtest 'The login page has the field, in every language (feature 002-19)' => sub {
    my %label = (en => 'One-Time Password', de => 'Einmalpasswort',
                 fr => 'Mot de passe à usage unique');

    for my $lang (sort keys %label) {
        my $body = $stage->browser->get('/mfa/login',
                                        'Accept-Language' => $lang)->body;

        like($body, qr{<label for="code">\Q$label{$lang}\E</label>}, $lang);
        like($body, qr{<input[^>]* name="code"[^>]* inputmode="numeric"},
             '... a field for digits');
        like($body, qr{name="code"[^>]* autocomplete="one-time-code"},
             '... that a browser may fill in (security 10)');
        unlike($body, qr{name="code"[^>]* required}, '... and may be empty');
    }

    unlike($stage->browser(portal => 'steps')->get('/mfa/login')->body,
           qr/name="code"/, 'without "combined" there is none');
};


subtest 'Password and code right in one form: in (feature 002-02, 002-21)' => sub {
    MFA::Journey::settle(10);
    my ($answer, $browser) = enter('alice', $password, totp($alice));

    is($answer->story, '303 /app', 'on to where it was going');
    like($browser->get('/app')->body, qr/user=alice level=mfa/, 'with a code');
    is(sessions(), 3, 'one session more than those of the set-up');
    is(scalar $stage->audit('user', event => 'login', result => 'ok',
                            login => 'alice'), 2, 'the password is on record');
    is(scalar $stage->audit('user', event => 'code', result => 'ok',
                            login => 'alice'), 1, '... and the code');

    my $before = $browser->cookie('mfa_user');
    my $form = $stage->browser;
    $form->get('/mfa/login');
    $browser->{cookies} = { %{ $browser->{cookies} }, %{ $form->{cookies} } };
    is($browser->post('/mfa/login', [csrf => $form->csrf, login => 'alice',
        password => $password, code => totp($alice, 1)])->story, '303 /',
        'another time');
    isnt($browser->cookie('mfa_user'), $before, 'under a new id (security 26)');
    is(sessions(), 3, '... in place of the old one');
};


subtest 'The form offers to trust the browser, where the portal does (feature '
    . '002-21)' => sub
{
    my $box = qr{<input type="checkbox" name="remember"[^>]*> <span>Trust this browser for 30 days</span>};
    my $karl = $stage->enrolled('keep', 'karl');
    $stage->unspend('keep', 'karl');
    MFA::Journey::settle(10);

    unlike($stage->browser->get('/mfa/login')->body, qr/name="remember"/,
           'no portal without remember_device has the box');
    my $browser = $stage->browser(portal => 'keep');
    like($browser->get('/mfa/login')->body, $box, 'the others have');

    my @form = (login => 'karl', password => $password);
    is($browser->submit('/mfa/login', '/mfa/login', @form, remember => 1,
                        code => wrong($karl))->story, '401 login credentials',
       'with a wrong code');
    is($browser->cookie('mfa_keep_device'), undef, '... nothing is trusted');
    is($browser->submit('/mfa/login', '/mfa/login', @form, remember => 1,
                        code => totp($karl))->story, '303 /', 'with the right one');
    ok($browser->cookie('mfa_keep_device'), '... the browser is');
    is(scalar $stage->audit('keep', event => 'device-trust', login => 'karl'), 1,
       '... on record');

    $browser->forget('mfa_keep');
    is($browser->submit('/mfa/login', '/mfa/login', @form, code => '')->story,
       '303 /', 'the password alone lets in then');
    like($browser->get('/app')->body, qr/level=mfa/, '... as if with a code');

    $stage->unspend('keep', 'karl');
    my $other = $stage->browser(portal => 'keep');
    $other->submit('/mfa/login', '/mfa/login', @form, code => totp($karl, 1));
    is($other->cookie('mfa_keep_device'), undef, 'who does not ask is not trusted');
};


subtest 'Anything wrong: one answer, no session, no cookie (feature 002-21, security '
    . '4, 7)' => sub
{
    $stage->unspend('free', 'bobby');
    MFA::Journey::settle(15);

    my $right = totp($bobby);
    my $before = sessions();
    my @free = (portal => 'free');
    my %said;

    enter('bobby', $password, $right, @free);   # spends it
    $before++;

    for my $case (['a wrong code', 'bobby', $password, wrong($bobby)],
                  ['a spent code', 'bobby', $password, $right],
                  ['no code but letters', 'bobby', $password, 'abcdef'],
                  ['a wrong password', 'bobby', 'wrong', totp($bobby, 1)],
                  ['both wrong', 'bobby', 'wrong', wrong($bobby)],
                  ['nobody', 'nobby', $password, $right])
    {
        my ($name, @form) = @$case;
        my ($answer, $browser) = enter(@form, @free);

        is($answer->story, '401 login credentials', $name);
        is($browser->cookie('mfa_free'), undef, '... no cookie');

        (my $bytes = $answer->bytes) =~ s/value="[^"]*"//g;
        $said{$bytes} = 1;
    }

    is(scalar keys %said, 1, 'byte for byte');
    is(sessions(), $before, 'no session was made, half or whole (security 7)');
    is((enter('bobby', $password, totp($bobby, 1), @free))[0]->story,
       '303 /app', 'a wrong password has not spent the code');
};


subtest 'An empty field: whoever has no factor goes on, the others get the page for '
    . 'it (feature 003-25)' => sub
{
    is((enter('plain', $password, ''))[0]->story, '303 /app', 'not required');
    is((enter('plain', $password, undef))[0]->story, '303 /app', 'no field');
    is((enter('plain', $password, '123456'))[0]->story, '303 /app',
       'a code where there is no factor says nothing');
    is((enter('fresh', $password, ''))[0]->story, '303 /mfa/enrol?next=/app',
       'required: to the set-up');
    is((enter('fresh', 'wrong', ''))[0]->story, '401 login credentials',
       'a wrong password');

    my ($answer, $browser) = enter('alice', $password, '');
    is($answer->story, '303 /mfa/code?next=/app', 'with a factor');
    is($browser->get('/app')->location, '/mfa/code?next=/app',
       '... the password alone opens nothing (security 28)');
};


subtest 'Codes are charged before they are looked at, and only with a right password '
    . '(security 14, 110, 112)' => sub
{
    $stage->unspend('user', 'alice');
    my $before = sessions();

    enter('alice', 'wrong', '000000') for 1 .. 30;
    is(scalar(grep { /code/ } $stage->keys_of('mfa:fail:*alice*')), 0,
       'who does not know the password cannot use the attempts up');

    my %n;
    $n{ (enter('alice', $password, wrong($alice), instance => $_ % 2))[0]
        ->story }++ for 1 .. 7;
    is_deeply(\%n, { '401 login credentials' => 7 },
              'over the limit is told as wrong: else the password were told');
    is(scalar $stage->audit('user', event => 'code', reason => 'code',
                            login => 'alice'), 5, 'five are looked at');

    MFA::Journey::settle(5);
    is((enter('alice', $password, totp($alice, 1)))[0]->story,
       '401 login credentials', 'then not even the right one');
    is(sessions(), $before, 'and there is no session');
};


subtest 'One code lets one in, whatever is posted at the same time (security 11)'
    => sub
{
    $stage->unspend('free', 'bobby');
    my @browsers = map {
        my $browser = $stage->browser(portal => 'free', instance => $_ % 2);
        $browser->get('/mfa/login');
        $browser;
    } 1 .. 20;

    MFA::Journey::settle(12);
    my $code = totp($bobby);
    my %n;

    $n{ $_->story }++ for MFA::Browser::together(map {
        [$_, 'POST', '/mfa/login', body => MFA::Browser::form(
            csrf => $_->csrf, login => 'bobby', password => $password,
            code => $code)] } @browsers);

    is_deeply(\%n, { '303 /' => 1, '401 login credentials' => 19 }, 'one');
};


subtest 'With a password that is looked at outside' => sub {
    my @away = (portal => 'away');
    $stage->account('away', 'carol');
    my $browser = $stage->browser(@away);

    is($stage->login($browser, 'carol', '200')->story, '303 /', 'in');
    my $carol = $stage->enrol($browser);
    $stage->unspend('away', 'carol');
    MFA::Journey::settle(10);

    is((enter('carol', '401', totp($carol), @away))[0]->story,
       '401 login credentials', 'wrong there');
    is((enter('carol', '500', totp($carol), @away))[0]->story,
       '503 unavailable unavailable', 'not to be told');
    is((enter('carol', '200', wrong($carol), @away))[0]->story,
       '401 login credentials', 'right there, a wrong code');
    my ($answer, $in) = enter('carol', '200', totp($carol), @away);
    is($answer->story, '303 /app', 'both right');
    like($in->get('/app')->body, qr/user=carol level=mfa/, 'in');
};


subtest 'A factor that cannot be read lets nobody in (security 21)' => sub {
    $stage->unspend('free', 'bobby');
    $stage->redis('HSET', 'mfa:{free}:account:bobby', 'secret', 'spoiled');
    my ($answer, $browser) = enter('bobby', $password, totp($bobby, 1),
                                   portal => 'free');

    is($answer->status, 403, 'denied');
    is($browser->cookie('mfa_free'), undef, 'without a session');
};


subtest 'An old password record is hashed anew when both were right (security 1, '
    . '7)' => sub
{
    my $key = $stage->enrolled('free', 'elder');
    my $record = sub { $stage->account_get('free', 'elder', 'password') };

    $stage->unspend('free', 'elder');
    $stage->account_set('free', 'elder',
                        password => crypt $password, '$5$rounds=1000$salt$');
    enter('elder', $password, wrong($key), portal => 'free');
    like($record->(), qr/^\$5\$/, 'not for a wrong code');
    is((enter('elder', $password, totp($key), portal => 'free'))[0]->story,
       '303 /app', 'both right');
    like($record->(), qr/^\$y\$/, 'hashed anew');
};


$stage->finish;

done_testing;
