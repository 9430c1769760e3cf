#!/usr/bin/perl

# Mails that admins cause: what each change puts into the outbox, by the pages of
# the console, by its API and by mfactl, and who may have one sent again
# (features 002-03, 002-04, 002-08 to 002-10, 003-09, 003-26, 003-27, 004-07,
# security 90, 95).  And the admin whom nginx names, who must set a factor up
# before he changes anything.
#
# When this fails, somebody is never told that a factor is due and is locked out
# by it, or is told of what has not happened; or an outbox holds a secret.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use File::Temp qw(tempdir);
use MIME::Base64 qw(encode_base64);
use Test::More;

use MFA::Api;
use MFA::Journey;
use MFA::Mailer;

my $limits = 'limit password=1000/15m code=1000/15m address=10000/10m;';
my $mail = 'mail from=no-reply@example.com base_url=https://portal.example.com;';
my @portals = qw(user pw none bare mute admin who);

# nginx itself asks those of "who".
my $own = tempdir(CLEANUP => 1);
MFA::Nginx::write_file("$own/passwords", "ida:{PLAIN}pw\n");
MFA::Nginx::write_file("$own/$_.conf", "location /mfa/console/ { mfa_console "
    . "@portals; }\n" . ($_ eq 'who' ? "auth_basic w; auth_basic_user_file "
                                       . "$own/passwords;\n" : '')) for @portals;
chmod 0755, $own;

my $stage = MFA::Journey->new(
    workers => 1,
    portals => {
        user  => "$mail $limits",
        pw    => "on_require mail=password_reset; $mail $limits",
        none  => "on_require mail=none; $mail $limits",
        bare  => "mail from=no-reply\@example.com; $limits",
        mute  => $limits,
        admin => "session max=1000; $mail $limits",
        who   => 'first_factor identity=$remote_user;' . " $mail $limits",
    },
    locations => "include $own/PORTAL.conf;");

my $console = '/mfa/console/';
my @with = (options => ['--email', 'alice@example.com', '--name', 'Alice A']);

$stage->account('admin', 'boss', options => ['--role',
                                             'administrator_with_billing']);
my $boss = $stage->visitor('boss', portal => 'admin');
$boss->get("${console}settings");
my $csrf = $boss->csrf;


# Mails since this was last asked, "kind to" or with more fields.
sub mails {
    my ($portal, @more) = @_;
    my $key = "mfa:{$portal}:outbox";
    my @mails = map { +{ @{ $_->[1] } } }
                @{ $stage->redis('XRANGE', $key, '-', '+') };

    $stage->redis('DEL', $key);

    return join ', ', map { my $m = $_;
        join ' ', map { $m->{$_} // '-' } qw(mail to), @more } @mails;
}


sub change {
    my ($portal, $login, $action, @fields) = @_;

    return $boss->post("$console$portal/$login",
        [csrf => $csrf, action => $action,
         version => $stage->account_get($portal, $login, 'version') || 0,
         @fields]);
}


sub forget_charges {
    my @keys = $stage->keys_of('mfa:fail:mail:*');

    $stage->redis('DEL', @keys) if @keys;
}


sub error_of {
    my ($answer) = @_;

    return $answer->body =~ /data-mfa-error="([a-z-]+)"/ ? $1 : '';
}


$stage->account($_, 'alice', @with) for qw(user pw none bare mute);


subtest 'mfactl: requiring MFA mails its owner how to set it up, as on_require '
    . 'says, and says so (features 002-03, 002-04, 003-09)' => sub
{
    is(mails('user'), '', 'making an account with a password mails nobody '
       . '(feature 002-09)');

    my $said = $stage->admin(qw(mfa require user alice --grace 3d));
    like($said, qr/^require alice: done, deadline \S+Z, mail queued to alice\@example\.com$/m,
         'it is said');
    is(mails('user', qw(login name generation)),
       'enabled alice@example.com alice Alice A '
       . $stage->account_get('user', 'alice', 'generation'), 'and queued');
    $stage->admin(qw(mfa require user alice));
    is(mails('user'), '', 'once');

    $stage->admin(qw(mfa require), $_, 'alice') for qw(pw none bare);
    is(mails('pw'), 'password-reset alice@example.com', 'mail=password_reset');
    is(mails('none'), '', 'mail=none');
    is(mails('bare'), 'enabled alice@example.com', 'without base_url: no link, '
       . 'but a mail');

    like($stage->admin(qw(mfa require mute alice)),
         qr/done.*, no mail: the portal sends none/, 'a portal without mail');
    is(join(' ', $stage->keys_of('mfa:{mute}:outbox')), '', 'has no outbox');
    is($stage->account_get('mute', 'alice', 'required'), 1, 'and requires');

    $stage->account('user', 'plain');
    like($stage->admin(qw(mfa require user plain)),
         qr/no mail: the account has no e-mail address/, 'nor one without');
    is(mails('user'), '', '- an address');

    $stage->admin(qw(mfa unrequire user alice));
    is(mails('user'), '', 'what is not required any more is no news');
};


subtest 'The console: each change and its mail (security 95)' => sub
{
    my $to = 'alice@example.com';

    is(change('user', 'alice', 'permissions', require => 1, days => 3)->story,
       '303 /mfa/console/user/alice?done=permissions&mail=queued', 'required');
    is(mails('user'), "enabled $to", '- the set-up mail (feature 003-09)');
    like($boss->get("${console}user/alice?done=permissions&mail=queued")->body,
         qr/Saved\. <span data-mfa-mailed>A mail/, '- which is said');
    is(change('user', 'alice', 'permissions', require => 1)->story,
       '303 /mfa/console/user/alice?done=unchanged', 'saved again');
    is(mails('user'), '', '- none');

    $stage->enrol($stage->visitor('alice', portal => 'user'));
    mails('user');
    my $generation = $stage->account_get('user', 'alice', 'generation');
    is(change('user', 'alice', 'reset')->status, 303, 'reset');
    is(mails('user', qw(generation address)), "reset $to " . ($generation + 1)
       . ' -', '- with the generation that holds now (features 003-26, 003-27), '
       . 'and not with the address of the admin');
    is(change('user', 'alice', 'reset')->status, 303, 'nothing to reset');
    is(mails('user'), '', '- none');

    change('user', 'alice', 'disable');
    is(mails('user', 'address'), "disabled $to -", 'disabled');
    change('user', 'alice', 'disable');
    is(mails('user'), '', '- once');
    change('user', 'alice', 'enable');
    change('user', 'alice', 'unlock');
    change('user', 'alice', 'extend', days => 30, reason => 'ill');
    change('user', 'alice', 'end-sessions');
    is(mails('user'), '', 'enabled, unlocked, extended, sessions ended: none');

    change('user', 'alice', 'edit', name => 'Alice B', email => $to);
    is(mails('user'), '', 'another name');
    change('user', 'alice', 'edit', name => 'Alice B', email => 'b@example.com');
    is(mails('user'), "email-changed $to", 'another address: the old one is told');
    change('user', 'alice', 'edit', name => 'Alice B', email => $to);
    is(mails('user'), 'email-changed b@example.com', '- each time');

    change('user', 'alice', 'role', role => 'read_only');
    is(mails('user', 'detail'), "role-changed $to none to read_only", 'a role');
    change('user', 'alice', 'role', role => '');
    is(mails('user', 'detail'), "role-changed $to read_only to none", 'none');

    my ($exit) = $stage->mfactl("another good one\n", qw(account password user
                                alice --password-stdin));
    is($exit, 0, 'a password is set');
    is(mails('user'), "password-changed $to", '- and its owner told');

    change('user', 'alice', 'delete');
    is(mails('user'), '', 'deleted');
    $stage->account('user', 'alice', @with);
};


subtest 'A new account: no mail with an initial password, an invitation without '
    . 'one (features 002-08 to 002-10)' => sub
{
    my $new = sub {
        return $boss->post("${console}new",
            [csrf => $csrf, portal => $_[0], login => $_[1], @_[2 .. $#_]]);
    };
    my @address = (email => 'new@example.com');
    my @required = (require => 1, days => 3);

    is($new->('user', 'first', @address, password => 'good enough', @required)
       ->story, '303 /mfa/console/user/first?done=add', 'with a password');
    is(mails('user'), '', '- no mail (002-09)');
    like($boss->get("${console}user/first")->body,
         qr/value="resend">.*Sends[ ]\xe2\x81\xa8new\@example\.com\xe2\x81\xa9[ ]the
            .*>Resend[ ]Email</xs, '- but a button (002-10)');
    change('user', 'first', 'resend');
    is(mails('user'), 'enabled new@example.com', '- that sends it');

    like($boss->get("${console}new?portal=user")->body,
         qr/name="invite" value="1">With an invitation/, 'there is a choice');
    unlike($boss->get("${console}new?portal=$_")->body, qr/type="radio" name="invite"/,
           "none where no invitation goes: $_") for qw(bare mute who);

    is($new->('user', 'second', @address, invite => 1, @required)->story,
       '303 /mfa/console/user/second?done=add&mail=queued', 'with an invitation');
    is(mails('user', 'generation'), 'invitation new@example.com '
       . $stage->account_get('user', 'second', 'generation'), '- queued');
    is($stage->account_get('user', 'second', 'password'), undef, '- no password');
    is($stage->account_get('user', 'second', 'required'), 1, '- MFA from the '
       . 'first day (002-08)');

    is($new->('user', 'third', @address, invite => 1, password => 'good enough')
       ->status, 303, 'what stood in a field that is not shown');
    is($stage->account_get('user', 'third', 'password'), undef, '- is not taken');
    is(mails('user'), 'invitation new@example.com', '- an invitation it is');

    for my $case (['user'], ['bare', @address], ['mute', @address],
                  ['who', @address]) {
        my ($portal, @fields) = @$case;
        my $answer = $new->($portal, 'nobody', @fields, invite => 1);
        is($answer->status . ' ' . error_of($answer), '409 not-mailed',
           "no invitation of $portal: @fields");
        like($answer->body, qr/value="nobody"/, '- what was typed is there');
        is($stage->account_get($portal, 'nobody', 'created'), undef, '- no '
           . 'account');
    }

    is($new->('admin', 'chief', @address, invite => 1, role => 'manager')->status,
       303, 'an admin is invited as well');
    is(mails('admin'), 'invitation new@example.com', '- by mail');

    like($stage->admin(qw(account add user fourth --invite --email
                          d@example.com)),
         qr/^add fourth: done, mail queued to d\@example\.com$/m, 'by mfactl');
    is(mails('user'), 'invitation d@example.com', '- too');
    my ($exit, $out, $err) = $stage->mfactl('', qw(account add user fifth
                                                   --invite));
    is($exit, 1, 'who has no address');
    like($err, qr/add fifth: no mail: the account has no e-mail address/,
         '- cannot be invited');
    is($stage->account_get('user', 'fifth', 'created'), undef, '- nor made');
};


subtest 'Resend Email: the mail that fits the account now (feature 004-07)' => sub
{
    $stage->account('user', 'rita', options => ['--email', 'r@example.com']);
    my $again = sub { forget_charges(); change('user', 'rita', 'resend') };
    my $answer = $again->();
    is($answer->status . ' ' . error_of($answer), '403 nothing-due',
       'nothing is required: nothing to send');
    unlike($boss->get("${console}user/rita")->body, qr/value="resend"/,
           '- nor is it offered');

    $stage->admin(qw(mfa require user rita));
    mails('user');
    my $version = $stage->account_get('user', 'rita', 'version');
    is($again->()->story, '303 /mfa/console/user/rita?done=resend', 'required');
    is(mails('user'), 'enabled r@example.com', '- how to set it up');
    is($stage->account_get('user', 'rita', 'version'), $version,
       '- and the account is as it was');
    my ($event) = $stage->audit('user', event => 'resend', login => 'rita');
    is($event->{actor}, 'boss', 'audited');
    like($boss->get("${console}user/rita?done=resend")->body,
         qr/role="status">The mail is queued\./, 'said');

    $stage->admin(qw(mfa require none alice));
    $stage->admin(qw(mfa resend none alice));
    is(mails('none'), 'enabled alice@example.com',
       'where none goes by itself: that one, it was asked for');
    $stage->admin(qw(mfa resend pw alice));
    is(mails('pw'), 'password-reset alice@example.com', 'as on_require says');

    $stage->enrol($stage->visitor('rita'));
    mails('user');
    is(error_of($again->()), 'nothing-due', 'enrolled: nothing');
    $stage->admin(qw(mfa reset user rita));
    mails('user');
    $stage->account_set('user', 'rita', deadline => time - 86400);
    $again->();
    is(mails('user', 'generation'), 'reset r@example.com '
       . $stage->account_get('user', 'rita', 'generation'),
       'after a reset: that mail, also behind the deadline');

    is(change('mute', 'alice', 'resend')->status, 403, 'without mail');
    my ($exit, $out, $err) = $stage->mfactl('', qw(mfa resend mute alice));
    is($exit, 1, 'mfactl says');
    like($err, qr/resend alice: no mail: the portal sends none/, '- why not');
    ($exit, $out, $err) = $stage->mfactl('', qw(mfa resend user nobody rita));
    is($exit, 1, 'one of two');
    like($err, qr/resend nobody: there is no such account/, '- is not there');
    is(mails('user'), 'reset r@example.com', '- the other is mailed');
};


subtest 'Five in ten minutes, whoever asks (security 90)' => sub
{
    forget_charges();
    my $api = MFA::Api->new($boss);
    my @ways = (
        sub { change('user', 'rita', 'resend')->status },
        sub { $api->call(POST => 'portals/user/accounts/rita/resend')->status },
        sub { ($stage->mfactl('', qw(mfa resend user rita)))[0] },
    );
    is(join(' ', map { $ways[$_ % 3]->() } 0 .. 4), '303 200 0 303 200', 'five');
    my $limited = change('user', 'rita', 'resend');
    is($limited->status, 429, 'the sixth is too many, for the console');
    like($limited->header('Retry-After'), qr/^[1-9]\d\d$/, '- for minutes');
    my $answer = $api->call(POST => 'portals/user/accounts/rita/resend');
    is(MFA::Api::told($answer), '429 limited', 'for the API');
    like($answer->header('Retry-After'), qr/^[1-9]\d\d$/, '- for minutes');
    my ($exit, $out, $err) = $stage->mfactl('', qw(mfa resend user rita));
    is($exit, 1, 'and for mfactl');
    like($err, qr/too many mails/, '- which says so');
    is(scalar(my @sent = split /, /, mails('user')), 5, 'five are queued');

    is(change('user', 'second', 'resend')->status, 303, 'others have their own');
    is(mails('user'), 'invitation new@example.com', '- who was invited is '
       . 'invited again');
    forget_charges();
};


subtest 'Many at once: one mail each, and what came of each (feature 003-22, '
    . 'security 80)' => sub
{
    $stage->account('user', "many$_", options => ['--email', "m$_\@example.com"])
        for 1 .. 3;
    my @form = (csrf => $csrf, portal => 'user', back => "${console}users");
    my @many = (logins => 'many1 many2 many3 rita');

    my $asked = $boss->post("${console}bulk", [@form, @many,
                                               scope => 'resend-all']);
    is($asked->page, 'console-bulk', 'a page asks first');
    like($asked->body, qr/Send mails again\?/, '- about mails');
    is(mails('user'), '', '- and nothing is sent yet');

    my $done = $boss->post("${console}bulk", [@form, @many, scope => 'all',
                                              confirm => 1, days => 3]);
    is(join(' ', $done->body =~ /data-mfa-result="([^"]+)"/g),
       'changed changed changed unchanged', 'three are required');
    is(scalar(() = $done->body =~ /data-mfa-mailed/g), 3, '- and mailed');
    is(mails('user'), join(', ', map { "enabled m$_\@example.com" } 1 .. 3),
       'one mail each');

    $stage->account_set('user', 'many2', email => '');
    $done = $boss->post("${console}bulk", [@form, scope => 'resend-all',
        confirm => 1, logins => 'many1 many2 first nobody alice']);
    is(join(' ', $done->body =~ /data-mfa-result="([^"]+)"/g),
       'changed no-mail changed absent nothing-due', 'again: as it fits');
    is(mails('user'), 'enabled m1@example.com, enabled new@example.com',
       'to whom it does');
    like($done->body, qr/data-mfa-changed="2" data-mfa-failed="3">Mails queued: 2\./,
         'and summed up');

    my $api = MFA::Api->new($boss);
    my $results = MFA::Api::json($api->call(POST => 'portals/user/bulk',
        { action => 'resend', logins => [qw(many3 many2 nobody)] }))->{results};
    is(join(' ', map { "$_->{code}/" . ($_->{mail} // '-') } @$results),
       'ok/enabled no-mail/- absent/-', 'by the API');
    is(MFA::Api::json($api->call(POST => 'portals/user/accounts/many3/disable'))
       ->{mail}, 'disabled', 'which names the mail of a change');
    is(MFA::Api::told($api->call(POST => 'portals/user/accounts',
        { login => 'both', email => 'x@example.com', invite => \1,
          password => 'good enough' })), '422 invalid',
       'an invitation and a password are two things');
    is(MFA::Api::told($api->call(POST => 'portals/user/accounts',
        { login => 'both', invite => \1 })), '409 no-mail', 'nor without address');
    mails('user');
};


subtest 'The list offers it to whoever may, where mail goes (design 7)' => sub
{
    my %may = (administrator => 'user admin', manager => 'user', help_desk => '',
               read_only => '');

    for my $role (sort keys %may) {
        my $login = $role =~ tr/_/-/r;
        $stage->account('admin', $login, options => ['--role', $role]);
        my $browser = $stage->visitor($login, portal => 'admin');
        my @offers = grep {
            my $list = $_ eq 'admin' ? 'admins' : "users?portal=$_";
            $browser->get("$console$list")->body =~ /value="resend-all"/
        } qw(user admin mute);
        is("@offers", $may{$role}, $role);

        forget_charges();
        $browser->get("${console}settings");
        my $answer = $browser->post("${console}user/first",
            [csrf => $browser->csrf, action => 'resend']);
        is($answer->status, $may{$role} ? 303 : 403, '- an account');
        mails('user');
    }
};


subtest 'An outbox holds no secret (security 87)' => sub
{
    $stage->admin(qw(mfa require user first));
    change('user', 'first', 'permissions');
    change('user', 'first', 'permissions', require => 1);
    my $entry = $stage->redis('XRANGE', 'mfa:{user}:outbox', '-', '+')->[0][1];
    my %field = @$entry;
    is(join(' ', sort keys %field), 'at generation login mail to',
       'these fields and no others');
    is(join(' ', $stage->keys_of('mfa:{*}:pending-token:*')), '',
       'no token is made before it is sent');
    mails('user');
};


# The way of a mailed link, on the site of this test.
sub path_of {
    my ($link) = @_;

    return $link =~ s{^https://portal\.example\.com}{}r;
}


subtest 'What is queued arrives, and its link leads in: who was invited, and who '
    . 'was reset behind a deadline (features 002-11 to 002-14, 003-26 to 003-33)'
    => sub
{
    my $mailer = MFA::Mailer->start;
    mails('user');

    my $answer = $boss->post("${console}new", [csrf => $csrf, portal => 'user',
        login => 'guest', email => 'guest@example.com', invite => 1,
        require => 1, days => 3]);
    is($answer->status, 303, 'somebody is invited');
    $mailer->send($stage->{conf});
    my $path = path_of($mailer->link('guest@example.com'));
    like($path, qr{^/mfa/password\?t=}, 'the mail leads to the page of passwords');
    my $guest = $stage->browser;
    my ($token) = $path =~ /t=(.*)/;
    my $chosen = 'a phrase nobody knows';
    is($guest->submit($path, '/mfa/password', t => $token,
                      password => $chosen, password2 => $chosen)->story,
       '303 /mfa/enrol', 'which leads on to the set-up');
    $stage->enrol($guest);
    is($guest->get('/app')->status, 200, 'and in');

    my $key = $stage->enrolled('user', 'late', options => ['--email',
        'late@example.com', '--require-mfa', '--grace', '1d']);
    change('user', 'late', 'reset');
    $stage->account_set('user', 'late', deadline => time - 60);
    $stage->redis('ZADD', 'mfa:{user}:unenrolled', time - 60, 'late');
    my $late = $stage->visitor('late');
    is($late->get('/app')->location, '/mfa/locked?next=/app', 'whose deadline is over is '
       . 'locked out');
    is(change('user', 'late', 'resend')->status, 303, 'the mail is sent again');
    $mailer->send($stage->{conf});
    # The notice that he is locked out goes with it, and has no link.
    $path = path_of((grep { m{/mfa/setup\?t=} } map { @{ $_->{links} } }
                     $mailer->mails)[-1]);
    like($path, qr{^/mfa/setup\?t=}, 'it leads to Set Up MFA');
    ($token) = $path =~ /t=(.*)/;
    $late = $stage->browser;
    is($late->submit($path, '/mfa/setup', t => $token, login => 'late',
                     password => $stage->password)->status, 303, 'with the '
       . 'password');
    isnt($stage->enrol($late), $key, 'another factor is set up');
    is($late->get('/app')->status, 200, 'and that is the way in');
    mails('user');
};


subtest 'An admin whom nginx names sets a factor up before he changes anything '
    . '(security 37): he is told so and led there, not in a circle' => sub
{
    $stage->account('who', 'ida', options => ['--role',
        'administrator_with_billing', '--email', 'ida@example.com']);
    my $ida = $stage->browser(portal => 'who', headers => {
        Authorization => 'Basic ' . encode_base64('ida:pw', '') });
    $ida->get('/mfa/login');

    my $page = $ida->get("${console}user/first");
    is($page->status, 200, 'looking is free');
    like($page->body, qr/data-mfa-proof="enrol"/, 'the page says what is due');
    my ($link) = $page->body =~ m{<a href="([^"]+)">Set it up};
    is($link, '/mfa/enrol?next=/mfa/console/user/first', 'with a link');
    my $version = $stage->account_get('user', 'first', 'version');
    my $write = sub {
        $ida->get("${console}settings");
        return $ida->post("${console}user/first", [csrf => $ida->csrf,
            action => 'disable', version => $version]);
    };
    my $answer = $write->();
    is($answer->status . ' ' . error_of($answer), '403 enrol-first',
       'a change is refused, though his session is new');
    like($answer->body, qr/data-mfa-proof="enrol".*Set it up/s, '- with the link');
    is($stage->account_get('user', 'first', 'disabled'), undef, '- not done');

    my $api = MFA::Api->new($ida);
    is(MFA::Api::json($api->call(GET => 'me'))->{proof}, 'enrol', 'the API says');
    is(MFA::Api::told($api->call(POST => 'portals/user/accounts/first/unlock')),
       '403 proof-enrol', '- the same');

    is($ida->get('/mfa/enrol?next=/mfa/console/user/first')->page, 'enrol-app',
       'the link leads to the set-up');
    $stage->enrol($ida);
    is($write->()->status, 303, 'with a factor he may');
    is($stage->account_get('user', 'first', 'disabled'), 1, '- and it is done');
};


$stage->finish;

done_testing();
