#!/usr/bin/perl

# The console: admins require MFA of users and of each other, by pages that need
# no script.  Who may what is compared with the table of roles written down here
# once more (features 003-14..-21, security 78-86); everything else walks the
# ways of features 000-02..-16, 002-07..-10, 003-04..-24 and 004-04..-09.
#
# When this fails, somebody decides over accounts whose role does not allow it,
# without having proved who he is, or over what somebody else has just changed;
# or what a user calls himself runs in an admin's browser.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;

use MFA::Journey;

my $limits = 'limit password=1000/15m code=1000/15m address=10000/10m;';
my $stage = MFA::Journey->new(
    workers => 2,
    portals => {
        user  => "grace 7d; $limits",
        ad    => "directory_mfa on; $limits",
        admin => "grace 7d; locale en de fr; session max=1000; $limits",
    },
    locations => 'location /mfa/console/ { mfa_console user ad admin; }');

my $console = '/mfa/console/';
my @roles = qw(administrator_with_billing administrator manager help_desk
               read_only billing_only command_runner
               command_runner_with_billing);

sub login_of { my ($prefix, $role) = @_; return "$prefix-" . $role =~ tr/_/-/r }

for my $role (@roles) {
    $stage->account('admin', login_of($_, $role), options => ['--role', $role])
        for qw(acts is);
}

$stage->account('user', 'alice', options => ['--email', 'alice@example.com']);

# Logged in a moment ago: without a factor that is proof enough.
my %acting = map { $_ => $stage->visitor(login_of('acts', $_),
                                         portal => 'admin') } @roles;
my $owner = $acting{administrator_with_billing};


sub version { $stage->account_get(@_[0, 1], 'version') || 0 }

sub field { $stage->account_get(@_) // '' }

# A form of an account, sent by who has its page before him.
sub change {
    my ($browser, $portal, $login, $action, @fields) = @_;
    my %field = (version => version($portal, $login), @fields);

    $browser->get("${console}settings") unless $browser->{token_of_console};
    $browser->{token_of_console} ||= $browser->csrf;

    return $browser->post("$console$portal/$login",
        [csrf => $browser->{token_of_console}, action => $action, %field]);
}

sub error_of {
    my ($answer) = @_;

    return $answer->body =~ /data-mfa-error="([a-z-]+)"/ ? $1 : '';
}


# --- who may what ---

# Pages, and who gets them.  "tile" is the home page with its tile.
my %all = map { $_ => 1 } @roles;
my %looks = map { $_ => 1 } @roles[0 .. 4];
my %home = %all;
delete $home{billing_only};
my %pages = (
    ''                      => \%home,
    'users'                 => \%looks,
    'users?portal=user&show=locked' => \%looks,
    'admins'                => \%looks,
    'admins?show=not-required' => \%looks,
    'user/alice'            => \%looks,
    'admin/is-manager'      => \%looks,
    'audit'                 => \%looks,
    'audit?portal=admin'    => \%looks,
    'settings'              => \%looks,
    'new?portal=user'       => { map { $_ => 1 } @roles[0 .. 2] },
    'new?portal=admin'      => { map { $_ => 1 } @roles[0, 1] },
);

subtest 'Each of the eight roles sees the pages of the table and no other '
    . '(security 78, features 003-14 to 003-21)' => sub
{
    for my $page (sort keys %pages) {
        my @got = map { $acting{$_}->get("$console$page")->status } @roles;
        my @want = map { $pages{$page}{$_} ? 200 : 403 } @roles;

        is("@got", "@want", "/$page");
    }

    for my $role (@roles) {
        my $body = $acting{$role}->get($console)->body;

        is($body =~ /data-mfa-widget="not-required"/ ? 1 : 0,
           $looks{$role} ? 1 : 0, "the tile, for $role");
        next if $looks{$role};
        unlike($body, qr/alice|audit|settings/, "$role learns no more");
    }

    my $tokens = join '', map { $acting{$_}->get("${console}settings")->body
                                =~ /id="tokens"/ ? 1 : 0 } @roles;
    is($tokens, '11000000', 'tokens of the API: two roles');

    $stage->account('admin', 'roleless');
    $stage->account('admin', 'odd');
    $stage->account_set('admin', 'odd', role => 'emperor');

    for my $login (qw(roleless odd)) {
        my $browser = $stage->visitor($login, portal => 'admin');
        is(join(' ', map { $browser->get("$console$_")->status }
                     sort keys %pages),
           join(' ', map { 403 } sort keys %pages), "nothing for $login");
    }

    my $user = $stage->visitor('alice', portal => 'user');
    is($user->get($console)->status, 403, 'nor for a user');
    is($stage->browser(portal => 'admin')->get("${console}users")->story,
       '303 /mfa/login?next=/mfa/console/users', 'a stranger logs in first');
};


# Who may do what to whom: nobody's table but this one's.
sub may {
    my ($role, $action, $target) = @_;
    my $helps = $action =~ /^(?:reset|unlock|extend)$/;

    return 1 if $role eq 'administrator_with_billing';

    if ($role eq 'administrator') {
        return $target ne 'administrator_with_billing';
    }

    return 0 unless $target eq 'user';

    # A user with a role would be an admin.
    return 0 if $action eq 'role';

    return $role eq 'manager' || ($role eq 'help_desk' && $helps);
}

subtest 'Eight roles, eleven actions, nine kinds of accounts: what the table '
    . 'says and nothing else (security 78, 86, features 003-04, 003-05)' => sub
{
    # With a version that is none, what is allowed is a conflict and changes
    # nothing, and what is not is refused for that.
    my @versioned = qw(permissions reset extend disable enable role edit delete);
    my @others = qw(unlock end-sessions end-devices);

    for my $role (@roles) {
        for my $target ('user', @roles) {
            my ($portal, $login) = $target eq 'user' ? qw(user alice)
                                 : ('admin', login_of('is', $target));
            my (@got, @want);

            for my $action (@versioned, @others) {
                my $answer = change($acting{$role}, $portal, $login, $action,
                    version => 99999, days => 3, reason => 'x', role => 'read_only',
                    require => 1, ref => 'nothing12345');
                my $done = grep { $_ eq $action } @others;

                push @got, "$action " . $answer->status;
                push @want, "$action " . (may($role, $action, $target)
                                          ? $done ? 303 : 409 : 403);
            }

            is("@got", "@want", "$role, of $target");
        }
    }
};


subtest 'Nobody gives a role above the own one, himself included (security 79)'
    => sub
{
    for my $given (@roles) {
        my $answer = change($acting{administrator}, 'admin', 'is-read-only',
                            'role', version => 99999, role => $given);
        my $billing = $given =~ /billing/;

        is($answer->status, $billing ? 403 : 409, "an administrator, $given");
        is(error_of($answer), $billing ? 'right' : 'changed', '- and why');
    }

    is(change($acting{administrator}, 'admin', 'acts-administrator', 'role',
              role => 'administrator_with_billing')->status, 403, 'himself');
    is(field('admin', 'acts-administrator', 'role'), 'administrator',
       'nothing has changed');
    unlike($acting{administrator}->get("${console}new?portal=admin")->body,
           qr/value="[a-z_]*billing/, 'nor is it offered');

    my $body = $acting{administrator}->get("${console}admin/is-read-only")->body;
    unlike($body, qr/value="administrator_with_billing"/, 'nor here');
};


# --- ways ---

subtest 'A user is required with three days, and nothing happens before Save '
    . '(features 000-05 to 000-09, 003-08, 004-06)' => sub
{
    my $answer = $owner->get("${console}user/alice");

    like($answer->body, qr/User Security &amp; Permissions/, 'the section');
    like($answer->body, qr/Require Multi-Factor Authentication on Login Portal/,
         'the checkbox');
    unlike($answer->body, qr/name="require" value="1" checked/, 'not ticked');
    like($answer->body, qr/<option value="0">.*<option value="365">/s,
         'days from 0 to 365');
    is(field('user', 'alice', 'required'), '', 'looking changes nothing');

    is(change($owner, 'user', 'alice', 'permissions', require => 1, days => 3)
       ->story, '303 /mfa/console/user/alice?done=permissions', 'saved');
    is(field('user', 'alice', 'required'), 1, 'required');
    cmp_ok(abs(field('user', 'alice', 'deadline') - time - 3 * 86400), '<', 30,
           'in three days');

    $answer = $owner->get("${console}user/alice?done=permissions");
    like($answer->body, qr/role="status">Saved\./, 'which is said');
    like($answer->body, qr/name="require" value="1" checked/, 'and shown');
    like($answer->body, qr/data-mfa-days="3"/, 'with the days left');

    my ($event) = $stage->audit('user', event => 'require', login => 'alice');
    is($event->{actor}, 'acts-administrator-with-billing', 'audited');

    change($owner, 'user', 'alice', 'permissions', require => 1, days => 300);
    cmp_ok(abs(field('user', 'alice', 'deadline') - time - 3 * 86400), '<', 30,
           'saved again it buys no time');

    for my $days ('', -1, 366, 'x', '3.5', '99999999999999999999') {
        my $status = change($owner, 'user', 'alice', 'permissions',
                            require => 1, days => $days)->status;
        is($status, $days eq '' ? 303 : 400, "\"$days\" days");
    }
};


subtest 'Extend with a reason, reset, unlock, disable, enable, end sessions, '
    . 'edit, delete (features 003-26, 100-05)' => sub
{
    my $deadline = field('user', 'alice', 'deadline');

    is(error_of(change($owner, 'user', 'alice', 'extend', days => 10)),
       'no-reason', 'no extension without a reason');
    is(error_of(change($owner, 'user', 'alice', 'extend', days => 1,
                       reason => 'ill')), 'shorter', 'none that shortens');
    is(change($owner, 'user', 'alice', 'extend', days => 10, reason => 'ill')
       ->status, 303, 'ten days');
    cmp_ok(field('user', 'alice', 'deadline'), '>', $deadline + 6 * 86400,
           'are given');
    my ($event) = $stage->audit('user', event => 'extend');
    is($event->{detail}, 'ill', 'the reason is in the audit');

    my $offers = sub {
        return $owner->get("${console}user/alice")->body =~ /value="extend"/;
    };
    my $days = sub {
        return $owner->get("${console}user/alice")->body =~ /<div class="days">/;
    };
    ok($offers->(), 'it is offered');
    ok($days->(), 'and so is what to say of the days');

    my $visitor = $stage->visitor('alice', portal => 'user');
    $stage->enrol($visitor);
    is($visitor->get('/app')->status, 200, 'alice sets it up');
    like($owner->get("${console}user/alice")->body,
         qr/data-mfa-state="enrolled"/, 'the key is shown as set up');
    ok(!$offers->(), 'and a deadline that binds nobody is not extended');
    ok(!$days->(), 'nor are there days to set up what is set up');
    $owner->get("${console}user/alice");
    my ($session) = $owner->answer->body =~ /data-mfa-session="([^"]+)"/;
    is(change($owner, 'user', 'alice', 'end-sessions', ref => $session)->story,
       '303 /mfa/console/user/alice?done=end-sessions', 'a session is ended');
    is(change($owner, 'user', 'alice', 'end-sessions', ref => $session)->story,
       '303 /mfa/console/user/alice?done=unchanged', 'once');
    is($visitor->get('/app')->status, 303, 'at once');

    change($owner, 'user', 'alice', 'reset');
    is(field('user', 'alice', 'secret'), '', 'reset: the factor is forgotten');

    for my $action (qw(disable enable unlock end-sessions end-devices)) {
        is(change($owner, 'user', 'alice', $action)->status, 303, $action);
    }

    change($owner, 'user', 'alice', 'disable');
    is(field('user', 'alice', 'disabled'), 1, 'disabled');
    change($owner, 'user', 'alice', 'enable');

    is(change($owner, 'user', 'alice', 'edit', name => "Alice O'Hara",
              email => 'a@example.org')->status, 303, 'edited');
    is(field('user', 'alice', 'name'), "Alice O'Hara", 'the name');
    is(error_of(change($owner, 'user', 'alice', 'edit', name => 'A',
                       email => 'none')), 'new-email', 'no address');
    is(field('user', 'alice', 'email'), 'a@example.org', 'nothing is written');

    $stage->account('user', 'goes');
    like($owner->get("${console}user/goes?confirm=delete")->body,
         qr/data-mfa-page="console-confirm"/, 'deleting asks first');
    is(field('user', 'goes', 'created') ne '', 1, 'and has not yet');
    is(change($owner, 'user', 'goes', 'delete')->story,
       '303 /mfa/console/users?portal=user&done=delete', 'then it is done');
    is($owner->get("${console}user/goes")->status, 404, 'gone');
};


subtest 'The tile counts admins without MFA, leads to them, and all of a page '
    . 'are required after a confirmation (features 003-11 to 003-13, 003-22, '
    . '003-23, security 80)' => sub
{
    my ($count) = $owner->get($console)->body =~ /data-mfa-count="(\d+)"/;
    my ($link) = $owner->answer->body
        =~ m{class="tile" href="([^"]+)"};
    is($link, '/mfa/console/admins?show=not-required', 'the tile leads there');

    my $list = $owner->get($link)->body;
    my @logins = $list =~ /<li data-mfa-login="([^"]+)"/g;
    is(scalar @logins, $count, 'as many as it says');

    my ($all) = $list =~ /name="logins" value="([^"]+)"/;
    my @form = (portal => 'admin', logins => $all, back => $link,
                csrf => $owner->csrf);
    my $asked = $owner->post("${console}bulk", [@form, scope => 'picked',
        pick0 => 'is-manager', pick1 => 'is-help-desk']);

    is($asked->page, 'console-bulk', 'the page that asks');
    is(join(' ', $asked->body =~ /<li data-mfa-login="([^"]+)"/g),
       'is-manager is-help-desk', 'those who were ticked');
    like($asked->body, qr{<a class="button quiet" href="\Q$link\E">Cancel},
         'with a way back');
    is(field('admin', 'is-manager', 'required'), '', 'nothing has changed');

    is($owner->post("${console}bulk", [@form, scope => 'picked'])->status, 400,
       'nobody ticked');
    is($owner->post("${console}bulk", [@form, scope => 'all'])->body
       =~ /data-mfa-login/ ? 1 : 0, 1, 'all of the page');

    my ($chosen) = $asked->body =~ /name="logins" value="([^"]+)"/;
    my $done = $owner->post("${console}bulk", [portal => 'admin', back => $link,
        logins => "$chosen nobody-there", confirm => 1,
        csrf => $owner->csrf || $asked->body =~ /name="csrf" value="([^"]+)/]);
    my %result = $done->body
        =~ /data-mfa-login="([^"]+)" data-mfa-result="([^"]+)"/g;

    is($done->page, 'console-results', 'a result for each');
    is($result{'is-manager'}, 'changed', 'one is required');
    isnt($result{'nobody-there'}, 'changed', 'who is not there is not');
    is(field('admin', 'is-manager', 'deadline'), 0, 'at the next login');

    my ($now) = $owner->get($console)->body =~ /data-mfa-count="(\d+)"/;
    is($now, $count - 2, 'the tile counts two fewer');

    for my $role (@roles[1 .. 7]) {
        $acting{$role}->get("${console}settings");
        is($acting{$role}->post("${console}bulk",
            [portal => 'admin', logins => 'is-read-only', confirm => 1,
             csrf => $acting{$role}{token_of_console}])->status, 403,
           "$role does not do this");
    }

    is($acting{manager}->post("${console}bulk",
        [portal => 'user', logins => 'alice', confirm => 1, days => 5,
         csrf => $acting{manager}{token_of_console}])->status, 200,
       'a manager does with users');
    is($owner->post("${console}bulk", [portal => 'user', confirm => 1,
        logins => join(' ', map { "u$_" } 1 .. 101), csrf => $owner->{token_of_console}])
       ->status, 400, 'so many at once are refused (security 80)');
};


subtest 'The tile is removed and restored, for oneself alone (feature 003-24)'
    => sub
{
    my $tile = sub { $_[0]->get($console)->body =~ /data-mfa-widget/ ? 1 : 0 };
    my $csrf = sub { $_[0]->get("${console}settings"); $_[0]->csrf };

    is($owner->post("${console}settings",
        [csrf => $csrf->($owner), action => 'widget'])->story,
        '303 /mfa/console/settings?done=widget', 'off');
    is($tile->($owner), 0, 'it is gone');
    is($tile->($acting{manager}), 1, 'others have theirs');
    $owner->post("${console}settings", [csrf => $csrf->($owner),
                                        action => 'widget', widget => 1]);
    is($tile->($owner), 1, 'and back');
};


subtest 'A new account: required from the first day, its password hashed, '
    . 'roles below the own one (features 002-08, 002-09)' => sub
{
    my $new = sub {
        my ($browser, @fields) = @_;
        my %field = @fields;
        $browser->get("${console}new?portal=$field{portal}");
        return $browser->post("${console}new", [csrf => $browser->csrf, %field]);
    };
    my @good = (portal => 'user', login => ' Carol ', name => 'Carol',
                email => 'carol@example.com', password => 'a long password',
                require => 1, days => 5);

    is($new->($owner, @good)->story, '303 /mfa/console/user/carol?done=add',
       'made, under its canonical name');
    like(field('user', 'carol', 'password'), qr/^\$y\$/, 'the password hashed');
    is(field('user', 'carol', 'required'), 1, 'required');
    my $browser = $stage->browser(portal => 'user');
    like($stage->login($browser, 'carol', 'a long password')->story,
         qr{^303 /mfa/enrol}, 'it logs in and is asked to set up');

    is(error_of($new->($owner, @good)), 'exists', 'there is one already');
    like($owner->answer->body, qr/value="carol\@example.com"/,
         'what was typed is kept');
    unlike($owner->answer->body, qr/a long password/, 'but the password');

    my %wrong = (login => ['no spaces', 'new-login'],
                 password => ['short', 'new-password'],
                 email => ['none', 'new-email'], name => ["a\tb", 'new-name'],
                 role => ['administrator', 'form'], days => ['x', 'form']);

    for my $field (sort keys %wrong) {
        is(error_of($new->($owner, @good, login => 'dora',
                           $field => $wrong{$field}[0])),
           $wrong{$field}[1], "wrong: $field");
    }

    is(field('user', 'dora', 'created'), '', 'none of them was made');

    is($new->($acting{administrator}, portal => 'admin', login => 'eve',
              password => 'a long password', role => 'manager')->status, 303,
       'an administrator makes a manager');
    is(error_of($new->($acting{administrator}, portal => 'admin',
        login => 'mallory', password => 'a long password',
        role => 'administrator_with_billing')), 'right', 'and none above him');
    is(error_of($new->($owner, portal => 'admin', login => 'nobody',
        password => 'a long password')), 'form', 'an admin has a role');
};


subtest 'An account of a directory has no MFA option unless the portal allows '
    . 'it (feature 002-01)' => sub
{
    $stage->account($_, 'dirk', options => ['--directory', 'corp'])
        for qw(user ad);

    my $off = $owner->get("${console}user/dirk")->body;
    unlike($off, qr/<input[^>]*name="require"/, 'no option');
    like($off, qr/data-mfa-directory="off"/, 'and why');
    is(error_of(change($owner, 'user', 'dirk', 'permissions', require => 1,
                       days => 3)), 'directory', 'nor by hand');
    like($owner->get("${console}ad/dirk")->body, qr/<input[^>]*name="require"/,
         'allowed: there is one');
    is(change($owner, 'ad', 'dirk', 'permissions', require => 1, days => 3)
       ->status, 303, 'that works');
};


# --- proof, forms, conflicts ---

subtest 'Who has not proved for ten minutes that it is he is led to where he '
    . 'does, and back to his form (security 37, 83)' => sub
{
    my $browser = $stage->visitor('acts-administrator', portal => 'admin');
    $stage->account('user', 'paul');
    $stage->sessions_set('admin', 'acts-administrator',
                         password_at => time - 601);

    my $page = $browser->get("${console}user/paul");
    like($page->body, qr/data-mfa-proof="password"/, 'it is said beforehand');
    my $csrf = $browser->csrf;
    my @form = (csrf => $csrf, action => 'permissions', require => 1,
                days => 3, version => version('user', 'paul'));
    my $answer = $browser->post("${console}user/paul", [@form]);
    is($answer->story,
       '303 /mfa/login?again=1&next=/mfa/console/user/paul', 'to the password');
    is(field('user', 'paul', 'required'), '', 'nothing has changed');

    for my $post (['bulk', portal => 'user', logins => 'paul', confirm => 1],
                  ['new', portal => 'user', login => 'x', password => 'y' x 9],
                  ['settings', action => 'widget'],
                  ['settings', action => 'token-add', name => 'x', days => 1,
                   role => 'read_only']) {
        my ($path, @fields) = @$post;
        like($browser->post("$console$path", [csrf => $csrf, @fields])->story,
             qr{^303 /mfa/login\?again=1}, "the same at $path");
    }

    is($browser->get('/mfa/login?again=1&next=/mfa/console/user/paul')->page,
       'login', 'the password is asked');
    is($browser->post('/mfa/login', [csrf => $browser->csrf,
        next => '/mfa/console/user/paul', login => 'acts-administrator',
        password => $stage->password])->story,
        '303 /mfa/console/user/paul', 'and back');
    unlike($browser->get("${console}user/paul")->body, qr/data-mfa-proof/,
           'now it may be changed');
    $form[1] = $browser->csrf;
    is($browser->post("${console}user/paul", [@form])->status, 303, 'done');

    my $key = $stage->enrolled('admin', 'coded',
        options => ['--role', 'administrator']);
    my $coded = $stage->browser(portal => 'admin');
    $stage->enter($coded, 'coded', $key, 0);
    is($coded->get("${console}user/paul")->status, 200, 'one with a factor');
    unlike($coded->answer->body, qr/data-mfa-proof/, 'has just given a code');
    $stage->sessions_set('admin', 'coded', code_at => time - 601);
    is(change($coded, 'user', 'paul', 'unlock')->story,
       '303 /mfa/code?next=/mfa/console/user/paul', 'ten minutes later: again');
    $stage->unspend('admin', 'coded');
    $coded->get('/mfa/code?next=/mfa/console/user/paul');
    is($coded->post('/mfa/code', [csrf => $coded->csrf,
        next => '/mfa/console/user/paul', code => MFA::Journey::totp($key, 1)])
       ->story, '303 /mfa/console/user/paul', 'a code leads back');
    delete $coded->{token_of_console};
    is(change($coded, 'user', 'paul', 'unlock')->status, 303, 'and is proof');
};


subtest 'Of two admins who edit one account the second is told what is there '
    . 'now (done when 3)' => sub
{
    $stage->account('user', 'shared');
    my $other = $acting{manager};
    my $seen = version('user', 'shared');

    is(change($other, 'user', 'shared', 'edit', name => 'First',
              email => 'first@example.com', version => $seen)->status, 303,
       'the first is saved');
    my $answer = change($owner, 'user', 'shared', 'edit', name => 'Second',
                        email => '', version => $seen);
    is($answer->status, 409, 'the second is not');
    is($answer->page, 'console-conflict', 'and told so');
    like($answer->body, qr/First.*first\@example\.com/s, 'with what is there');
    is(field('user', 'shared', 'name'), 'First', 'nothing is lost');
    is(change($owner, 'user', 'shared', 'edit', name => 'Second', email => '')
       ->status, 303, 'from the page as it is now it works');

    for my $version ('', -1, 'x') {
        is(change($owner, 'user', 'shared', 'edit', name => 'x', email => '',
                  version => $version)->status, 400, "version \"$version\"");
    }
};


subtest 'Two owners demote each other at once, and one remains (security 79)'
    => sub
{
    $stage->account('admin', 'boss', options => ['--role',
                                                 'administrator_with_billing']);
    change($owner, 'admin', 'is-administrator-with-billing', 'role',
           role => 'read_only');
    my $boss = $stage->visitor('boss', portal => 'admin');
    my %of = (boss => [$boss, 'acts-administrator-with-billing'],
              owner => [$owner, 'boss']);

    is(change($boss, 'admin', 'boss', 'unlock')->status, 303, 'both may');

    for my $who (sort keys %of) {
        my ($browser, $target) = @{ $of{$who} };
        $browser->send('POST', "${console}admin/$target", body =>
            MFA::Browser::form(csrf => $browser->{token_of_console},
                action => 'role', role => 'manager',
                version => version('admin', $target)));
    }

    my @status = sort map { $of{$_}[0]->receive->status } sort keys %of;
    is(scalar(grep { $_ == 303 } @status), 1, "one of two is done (@status)");
    my @left = grep { field('admin', $_, 'role')
                      eq 'administrator_with_billing' }
               qw(boss acts-administrator-with-billing);
    is(scalar @left, 1, 'one remains');

    my $last = $left[0] eq 'boss' ? $boss : $owner;
    for my $action (qw(disable delete role)) {
        is(error_of(change($last, 'admin', $left[0], $action,
                           role => 'manager')), 'last', "no $action of the last");
    }

    $stage->admin('account', 'role', 'admin', $_, '--role',
                  'administrator_with_billing')
        for 'boss', 'acts-administrator-with-billing';
    $owner = $acting{administrator_with_billing}
        = $stage->visitor('acts-administrator-with-billing', portal => 'admin');
};


subtest 'A form opened before a demotion is refused after it (security 86)'
    => sub
{
    my $browser = $stage->visitor('acts-manager', portal => 'admin');
    is(change($browser, 'user', 'shared', 'unlock')->status, 303, 'a manager');
    $stage->admin('account', 'role', 'admin', 'acts-manager', '--role', 'read_only');
    is(change($browser, 'user', 'shared', 'unlock')->status, 403, 'is none now');
    $stage->admin('account', 'role', 'admin', 'acts-manager', '--role', 'manager');
};


subtest 'Forms are this site\'s, of this session, and as they were made '
    . '(security 47, 48, 82)' => sub
{
    my @form = (action => 'unlock', version => 0);
    my $path = "${console}user/shared";
    $owner->get($path);
    my $csrf = $owner->csrf;

    is(error_of($owner->post($path, [@form])), 'csrf', 'no token');
    is(error_of($owner->post($path, [@form, csrf => 'x' x 43])), 'csrf',
       'a wrong one');
    $acting{manager}->get($path);
    is(error_of($owner->post($path, [@form, csrf => $acting{manager}->csrf])),
       'csrf', 'another session\'s');

    {
        local $owner->{headers} = { Origin => 'https://evil.example' };
        is(error_of($owner->post($path, [@form, csrf => $csrf])), 'origin',
           'from elsewhere');
    }

    is($owner->post($path, [@form, csrf => $csrf, action => 'delete'])->status,
       400, 'a field twice');
    is($owner->post($path, [csrf => $csrf, action => $_, version => 0])->status,
       400, "no action \"$_\"")
        for '', 'add', 'rehash', 'password', 'widget', 'require', 'x' x 300;
    is($owner->post("$console$_", [csrf => $csrf])->status, 405, "no POST: /$_")
        for '', 'users', 'admins', 'audit';
    is($owner->get("${console}bulk")->status, 405, 'no GET: /bulk');
    is($owner->get("$console$_")->status, 404, "no page: /$_")
        for 'nothing', 'user/', 'user/nobody', 'nosuch/alice', 'user/Alice',
            'user/a/b', 'users?portal=admin', 'new';
    is($owner->get("$console$_")->status, 400, "nonsense: /$_")
        for 'users?show=x', 'users?cursor=%2b%2b', 'users?until=x',
            'audit?before=x', 'users?q=%ff', 'users?q=a&q=b';
    is(change($owner, 'user', 'shared', 'edit', name => 'N', email => '',
              role => 'administrator', password => 'x', required => 1)->status,
       303, 'fields that are none of the form\'s');
    is(join('|', map { field('user', 'shared', $_) } qw(role required)), '|',
       'are not written');
};


# --- what users call themselves ---

subtest 'Whatever an account is called, on every page it is text '
    . '(security 152, done when 4)' => sub
{
    my @payloads = (
        '<script>alert(1)</script>', '"><svg onload=alert(1)>',
        "' autofocus onfocus=alert(1) '", '{{csrf}}{{#rows}}', '${7*7}<%= 1 %>',
        '=HYPERLINK("http://evil")', '</style></title><b>',
        'javascript:alert(1)', "\xe2\x80\xaegpj.exe", '&lt;b&gt;&#60;',
        "\xd8\x9ca\xe2\x81\xa6b\xe2\x80\x8b", "\xd7\x93\xd7\x95\xd7\x93",
    );
    my $i = 0;

    for my $payload (@payloads) {
        my $login = 'odd' . $i++;
        $stage->account('user', $login);
        $stage->account_set('user', $login, name => $payload,
            email => $payload, directory => $payload, role => $payload);
        my $safe = $payload;
        $safe =~ s/&/&amp;/g; $safe =~ s/</&lt;/g; $safe =~ s/>/&gt;/g;
        $safe =~ s/"/&quot;/g; $safe =~ s/'/&#39;/g;
        $safe =~ s/\xd8\x9c|\xe2\x80[\x8b\xae]|\xe2\x81\xa6/\xef\xbf\xbd/g;

        for my $page ("users?q=$login", "user/$login",
                      "user/$login?confirm=delete") {
            my $body = $owner->get("$console$page")->body;
            is($owner->answer->status, 200, "/$page");
            like($body, qr/\Q$safe\E/, "shows $payload");
            like($body, qr{<bdi>\Q$safe\E</bdi>}, '- and turns nothing beside it')
                if $page !~ /confirm/;
            my $rest = $body =~ s/\Q$safe\E//gr;
            unlike($rest, qr/\Q$payload\E/, '- as text and nowhere else')
                if $safe ne $payload;
        }

        my $query = MFA::Browser::escape($payload);
        for my $page ("users?q=$query", "audit?about=$query&event=$query") {
            my $body = $owner->get("$console$page")->body;
            unlike($body, qr/\Q$payload\E/, "/$page")
                if $safe ne $payload;
        }
    }

    for my $hidden ("\xe2\x80\xae", "\xe2\x81\xa7", "\xd8\x9c", "\xc2\xa0",
                    "\xe2\x80\x8b", "\xef\xbb\xbf") {
        is(change($owner, 'user', 'shared', 'edit', name => "a${hidden}b",
                  email => '')->status, 400, 'nothing hidden is a name');
        is(change($owner, 'user', 'shared', 'edit', name => 'Shared',
                  email => "a$hidden\@example.org")->status, 400,
           '- or in an e-mail address');
    }

    change($owner, 'user', 'shared', 'permissions', require => 1, days => 1);
    change($owner, 'user', 'shared', 'extend', days => 9,
           reason => '<img src=x onerror=alert(1)>');
    like($owner->get("${console}audit?portal=user")->body,
         qr/&lt;img src=x onerror/, 'a reason in the audit');
    unlike($owner->answer->body, qr/<img/, '- is text');
    is($owner->get("${console}user/shared?done=%3Cb%3E")->status, 200,
       'a word of ours or none');
    unlike($owner->answer->body, qr/<b>/, '- none');

    for my $page ('', 'users', 'settings', 'audit', 'user/shared', 'nothing') {
        like($owner->get("$console$page")->header('Content-Security-Policy'),
             qr/^default-src 'none'; style-src 'sha256-\S+ 'sha256-\S+; form-action 'self'/,
             "no script runs on /$page");
        unlike($owner->answer->body, qr/<script|style="| on[a-z]+="/,
               '- nor is there one');
    }

    my @secrets = grep { length } map { field('user', 'shared', $_) }
                  qw(password secret);
    my $body = $owner->get("${console}user/shared")->body;
    is(scalar(grep { index($body, $_) >= 0 } @secrets), 0,
       'no secret is shown (security 81)');
};


subtest 'The tenth unlock in 30 days is refused in its own words, in each '
    . 'language, and is on record (security 15)' => sub
{
    $stage->account('user', 'guessed');
    my ($unlock, $run) = map { "mfa:fail:$_:user:guessed" } qw(unlock code-run);
    $stage->redis('SET', $unlock, 9, 'EX', 86400);
    $stage->redis('SET', $run, 10, 'EX', 3600);

    my $answer = change($owner, 'user', 'guessed', 'unlock');
    is($answer->story, '429 console-error unlocks', 'refused');
    like($answer->body, qr/unlocked nine times in 30 days.*Reset its TOTP MFA/s,
         '- and what to do instead is said');
    unlike($answer->body, qr/Try again in/, '- not to wait for');
    is($answer->header('Retry-After'), 86400, '- though a script may');
    is($stage->redis('GET', $run), 10, '- nothing is cleared');

    my @events = $stage->audit('user', login => 'guessed', event => 'unlock');
    is_deeply([map { "$_->{result} $_->{actor}" } @events],
              ['limited ' . login_of('acts', 'administrator_with_billing')],
              'it is in the audit');
    change($owner, 'user', 'guessed', 'unlock');
    is(scalar $stage->audit('user', login => 'guessed', event => 'unlock'), 1,
       'once, however often it is tried');

    change($owner, 'user', 'guessed', 'reset');
    is($stage->redis('EXISTS', $unlock, $run), 0, 'a reset does away with both');
};


# --- lists, audit, tokens ---

subtest 'Lists are paged, searched and filtered; links lead on (feature '
    . '000-03)' => sub
{
    $stage->account('ad', sprintf('row%02d', $_)) for 1 .. 45;
    my (%seen, $pages);
    my $next = "${console}users?portal=ad";

    while ($next) {
        my $body = $owner->get($next)->body;
        $seen{$_}++ for $body =~ /<li data-mfa-login="([^"]+)"/g;
        ($next) = $body =~ /href="([^"]+)" rel="next"/;
        $next =~ s/&amp;/&/g if $next;
        last if ++$pages > 5;
    }

    is(scalar keys %seen, 46, 'everybody, by pages');
    is(scalar(grep { $_ > 1 } values %seen), 0, 'nobody twice');
    is($pages, 3, 'of twenty');
    my @found = $owner->get("${console}users?portal=ad&q=row1")->body
        =~ /<li data-mfa-login="([^"]+)"/g;
    is(scalar @found, 10, 'found by how they begin');
    @found = $owner->get("${console}users?portal=ad&show=enrolled")->body
        =~ /<li data-mfa-login="([^"]+)"/g;
    is(scalar @found, 0, 'filtered');
    like($owner->get("${console}users?portal=ad&show=forecast&until=2036-01-01")
         ->body, qr/data-mfa-login="dirk"/, 'who will be locked out by then');
};


subtest 'The audit page filters by account and event (feature 100-11)' => sub
{
    my $all = sub { $owner->get("${console}audit?portal=user$_[0]")->body
                    =~ /data-mfa-event="([^"]+)"/g };
    my @events = $all->('&about=carol');

    ok(scalar(grep { $_ eq 'add' } @events), 'all of one account');
    my @extends = $all->('&event=extend');
    is(scalar(grep { $_ ne 'extend' } @extends), 0, 'one kind of event');
    cmp_ok(scalar @extends, '>=', 2, '- all of them');
};


subtest 'A token of the API is shown once, kept as a hash, and revoked'
    => sub
{
    my $page = "${console}settings";
    my $post = sub { $owner->get($page);
                     $owner->post($page, [csrf => $owner->csrf, @_]) };
    my $made = $post->(action => 'token-add', name => 'nightly <b>', days => 30,
                       role => 'read_only');
    my ($token) = $made->body =~ /data-mfa-token>(mfa_[A-Za-z0-9_-]{43})</;

    ok($token, 'shown');
    like($made->body, qr/nightly &lt;b&gt;/, 'and listed');
    unlike($owner->get($page)->body, qr/\Q$token\E/, 'once');
    is(scalar(grep { /\Q$token\E/ } $stage->keys_of('*')), 0, 'no key is it');
    my ($ref) = $owner->answer->body =~ /data-mfa-api-token="([^"]+)"/;
    is($post->(action => 'token-revoke', ref => $ref)->story,
       "303 $page?done=revoke", 'revoked');
    unlike($owner->get($page)->body, qr/data-mfa-api-token/, 'gone');
    is($post->(action => 'token-add', name => 'x', days => $_,
               role => 'read_only')->status, 400, "\"$_\" days") for 0, 366, 'x';
    is($post->(action => 'token-add', name => '', days => 1,
               role => 'read_only')->status, 400, 'without a name');
    is($acting{manager}->post($page, [csrf => $acting{manager}{token_of_console},
        action => 'token-add', name => 'x', days => 1, role => 'read_only'])
       ->status, 403, 'a manager makes none');
};


subtest 'The console speaks the languages of its portal' => sub
{
    local $owner->{headers} = { 'Accept-Language' => 'de' };
    like($owner->get("${console}admins")->body, qr/Administratoren/, 'German');
    local $owner->{headers} = { 'Accept-Language' => 'fr' };
    like($owner->get("${console}audit")->body, qr/Journal/, 'French');
};


$stage->finish;

done_testing();
