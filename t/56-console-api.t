#!/usr/bin/perl

# The console's JSON API against a real nginx and Redis: who may do what to whom
# (each of the eight roles, every operation, targets of each role, compared with
# design's table spelled out below a second time), tokens, form tokens, proofs,
# conflicts of two writers, what is no request, and a store that is away.  All
# that was asked and answered is compared with docs/openapi.yaml in the end.
#
# When this fails, somebody does through a script what the pages would not let
# him do, or somebody else's page does it in his name.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;

use MFA::Api;
use MFA::Journey;

my $limits = 'limit password=1000/15m code=1000/15m address=10000/10m;';
my $mail = 'mail from=no-reply@example.com base_url=https://a.example;';
my $stage = MFA::Journey->new(
    workers   => 2,
    portals   => { user => "session max=1000; $mail $limits",
                   admin => "session max=1000; $mail $limits" },
    locations => <<'EOC',
location /mfa/console/ { mfa_console user admin; }
location /fresh/ { mfa PORTAL fresh=5m; mfa_console user admin; }
EOC
);
my $env = $stage->{env};

my @roles = qw(administrator_with_billing administrator manager help_desk
               read_only billing_only command_runner
               command_runner_with_billing);
my %boss = (role => 'administrator_with_billing');


sub told { return MFA::Api::told(@_) }
sub json { return MFA::Api::json(@_) }


# Somebody of the admin portal, logged in; facts of the session may be given.
sub api_of {
    my ($login, %fact) = @_;
    my $browser = $stage->browser(portal => 'admin');

    $browser->cookie(mfa_admin => $env->session('admin', $login,
        generation => $stage->account_get('admin', $login, 'generation') || 0,
        %fact));

    return MFA::Api->new($browser);
}


sub by_token {
    my ($token) = @_;

    return MFA::Api->new($stage->browser(portal => 'admin'), token => $token);
}


sub token_of {
    my ($api, %with) = @_;
    my $answer = $api->call(POST => 'tokens',
        { name => 'a script', role => 'manager', %with });

    return json($answer)->{token} || die 'no token: ' . $answer->body;
}


# There is room for so many.
sub tokens_forget {
    my @keys = $stage->keys_of('mfa:{admin}:*token*');

    $stage->redis('DEL', @keys) if @keys;
}


# What the account is now, for one that is changed again and again.
sub fresh {
    my ($portal, $login, %fields) = @_;

    return $env->account($portal, $login, required => 1,
                         deadline => time + 86400, %fields);
}


$stage->account('admin', $_, options => ['--role', $_]) for @roles;
$stage->account('admin', 'boss', options => ['--role', $boss{role}]);
$stage->account('user', 'alice',
    options => ['--email', 'a@example.com', '--name', 'Alice A']);
my $boss = api_of('boss');


# --- who may what ---

# How far a role reaches over users and over admins: 0 nowhere, 1 looks, 2 helps,
# 3 all but administrators with billing, 4 all.  design.md, section 7.
my %reach = (
    administrator_with_billing => [4, 4], administrator => [4, 3],
    manager => [4, 1], help_desk => [2, 1], read_only => [1, 1],
    billing_only => [0, 0], command_runner => [0, 0],
    command_runner_with_billing => [0, 0],
);

# Operations on one account: method, path below it, body, how far one must reach.
my @on_account = (
    [GET    => '',             undef, 1],
    [GET    => '/sessions',    undef, 1],
    [GET    => '/devices',     undef, 1],
    [POST   => '/reset',       { reason => 'lost' }, 2],
    [POST   => '/unlock',      undef, 2],
    [POST   => '/extend',      { grace_days => 30, reason => 'ill' }, 2],
    [POST   => '/require',     { grace_days => 3 }, 3],
    [POST   => '/unrequire',   undef, 3],
    [POST   => '/resend',      undef, 3],
    [POST   => '/disable',     undef, 3],
    [POST   => '/enable',      undef, 3],
    [POST   => '/password',    { password => 'correct horse battery' }, 3],
    [POST   => '/role',        { role => undef }, 3],
    [PATCH  => '',             { name => 'Another' }, 3],
    [DELETE => '/sessions',    undef, 3],
    [DELETE => '/sessions/AAAAAAAAAAAA', undef, 3],
    [DELETE => '/devices',     undef, 3],
    [DELETE => '/devices/AAAAAAAAAAAA',  undef, 3],
    [DELETE => '',             undef, 3],
);

subtest 'Each role may on accounts of each role exactly what the table says '
    . '(security 78, 79, features 003-04, 003-14 to 003-21)' => sub
{
    my @targets = (['user', 'target', ''],
                   map { ['admin', 'target', $_] } '', @roles);

    for my $role (@roles) {
        my $api = api_of($role);
        my (@wrong, $n);

        for my $target (@targets) {
            my ($portal, $login, $of) = @$target;

            for my $operation (@on_account) {
                my ($method, $path, $body, $need) = @$operation;
                my $has = $reach{$role}[$portal eq 'admin' ? 1 : 0];
                my $may = $has >= $need
                    && ($has != 3 || $need == 1 || $of ne $boss{role});

                fresh($portal, $login, email => 't@example.com',
                      $of ? (role => $of) : ());
                $stage->redis('DEL', "mfa:fail:mail:$portal:$login");
                my $answer = $api->call($method,
                    "portals/$portal/accounts/$login$path", $body);
                my $told = told($answer);
                my $expected = !$may ? '403 forbidden'
                    : $path =~ /AAAA/ ? '404 absent'
                    : $method eq 'DELETE' ? '204' : '200';

                $n++;
                push @wrong, "$method $path on $portal $of: $told, not $expected"
                    if $told ne $expected;
            }
        }

        is(join("\n", @wrong), '', "$role: $n operations");
    }
};


# Operations about no account, and which roles may: the answer when they may.
my @none = ();
my @looks = @roles[0 .. 4];
my @home = (@looks, @roles[6, 7]);
my @users = @roles[0 .. 2];
my @admins = @roles[0, 1];
my @about_none = (
    [GET    => 'me', undef, '200', @roles],
    [GET    => 'home', undef, '200', @home],
    [GET    => 'settings', undef, '200', @looks],
    [PATCH  => 'settings', { widget => \1 }, '200', @looks],
    [GET    => 'portals/user/accounts', undef, '200', @looks],
    [GET    => 'portals/admin/accounts', undef, '200', @looks],
    [GET    => 'portals/user/forecast?until=2100-01-01', undef, '200', @looks],
    [GET    => 'portals/admin/forecast?until=2100-01-01', undef, '200', @looks],
    [GET    => 'portals/user/audit', undef, '200', @looks],
    [GET    => 'portals/admin/audit', undef, '200', @looks],
    [POST   => 'portals/user/accounts', { login => 'new' }, '201', @users],
    [POST   => 'portals/admin/accounts', { login => 'new' }, '201', @admins],
    [POST   => 'portals/user/bulk',
        { action => 'require', logins => ['target'] }, '200', @users],
    [POST   => 'portals/user/bulk',
        { action => 'unlock', logins => ['target'] }, '200', @looks[0 .. 3]],
    [POST   => 'portals/admin/bulk',
        { action => 'require', logins => ['target'] }, '200', @admins],
    [POST   => 'portals/user/bulk',
        { action => 'resend', logins => ['target'] }, '200', @users],
    [POST   => 'portals/admin/bulk',
        { action => 'resend', logins => ['target'] }, '200', @admins],
    [GET    => 'tokens', undef, '200', @admins],
    [POST   => 'tokens', { name => 'x', role => 'read_only' }, '201', @admins],
    [DELETE => 'tokens/AAAAAAAAAAAA', undef, '404 absent', @admins],
);

subtest 'The same for what is about no account (features 003-11, 003-19 to '
    . '003-21)' => sub
{
    for my $role (@roles) {
        my $api = api_of($role);
        my @wrong;

        for my $operation (@about_none) {
            my ($method, $path, $body, $answer, @may) = @$operation;
            my $expected = (grep { $_ eq $role } @may) ? $answer
                                                       : '403 forbidden';
            fresh($_, 'target') for qw(user admin);
            $env->redis->call('DEL', "mfa:{$_}:account:new") for qw(user admin);
            my $told = told($api->call($method, $path, $body));
            push @wrong, "$method $path: $told, not $expected"
                if $told ne $expected;
        }

        is(join("\n", @wrong), '', $role);

        my @portals = map { $_->{portal} }
            @{ json($api->call(GET => 'home'))->{portals} || [] };
        is("@portals", $role eq 'billing_only' ? ''
                       : $role =~ /^command/ ? 'user' : 'user admin',
           "$role: whose numbers are on the home page");
    }

    my $answer = api_of('administrator')->call(POST => 'portals/admin/bulk',
        { action => 'require', logins => ['target'] });
    is(json($answer)->{results}[0]{code}, 'forbidden',
       'an administrator does not act on the list of admins (003-15)');
    $answer = $boss->call(POST => 'portals/admin/bulk',
        { action => 'require', logins => ['target'] });
    is(json($answer)->{results}[0]{code}, 'ok',
       'an administrator_with_billing does (003-14)');
};


subtest 'Nobody gives a role with a right he has not, nobody without a role may '
    . 'anything (security 79)' => sub
{
    my %within = (
        administrator_with_billing => \@roles,
        administrator => [grep { !/billing/ } @roles],
    );

    for my $role (@roles) {
        my $api = api_of($role);
        my (@wrong, %may);
        $may{$_} = 1 for @{ $within{$role} || [] };

        for my $given (@roles) {
            my $expected = $may{$given} ? '200' : '403 forbidden';
            fresh('admin', 'target');
            my $told = told($api->call(
                POST => 'portals/admin/accounts/target/role',
                { role => $given }));
            push @wrong, "role $given: $told" if $told ne $expected;

            $env->redis->call('DEL', 'mfa:{user}:account:new');
            $told = told($api->call(POST => 'portals/user/accounts',
                { login => 'new', role => $given }));
            push @wrong, "add $given: $told"
                if $told ne ($may{$given} ? '201' : '403 forbidden');

            $told = told($api->call(POST => 'tokens',
                { name => 'x', role => $given }));
            push @wrong, "token $given: $told"
                if $told ne ($may{$given} ? '201' : '403 forbidden');
        }

        is(join("\n", @wrong), '', $role);
    }

    fresh('admin', 'plain', required => 0);
    my $plain = api_of('plain');
    is(json($plain->call(GET => 'me'))->{role}, undef, 'no role');
    is(told($plain->call(GET => $_)), '403 forbidden', "$_ without a role")
        for qw(home settings tokens portals/user/accounts);

    tokens_forget();
};


# --- tokens ---

subtest 'A token acts as the admin who made it, and no longer than he may '
    . '(security 83, 85)' => sub
{
    fresh('admin', 'maker', required => 0, role => 'administrator');
    my $maker = api_of('maker');
    my $token = token_of($maker, role => 'manager');
    my $script = by_token($token);

    like($token, qr/\Amfa_[A-Za-z0-9_-]{43}\z/, 'the form of a token');
    is(scalar(grep { index($stage->redis('DUMP', $_), $token) >= 0 }
              $stage->keys_of('*')), 0, 'it is nowhere in the store');
    is_deeply([@{ json($script->call(GET => 'me')) }{qw(login role by csrf)}],
              ['maker', 'manager', 'token', undef], 'whose it is');
    fresh('user', 'target');
    is(told($script->call(POST => 'portals/user/accounts/target/unrequire')),
       '200', 'it writes without a form token');
    is(told($script->call(POST => 'portals/admin/accounts/target/unrequire')),
       '403 forbidden', 'no more than its role may');
    is(told($script->call(GET => 'tokens')), '403 forbidden',
       'a manager\'s sees no tokens');
    my ($event) = reverse $stage->audit('user', event => 'unrequire');
    is($event->{actor}, 'maker', 'the audit names its maker');
    my ($listed) = grep { $_->{login} eq 'maker' }
        @{ json($boss->call(GET => 'tokens'))->{tokens} };
    is($event->{token}, "a script ($listed->{id})", 'and the token');
    my ($told) = grep { ($_->{token} // '') eq $event->{token} }
        @{ json($boss->call(GET => 'portals/user/audit'))->{events} };
    is($told->{event}, 'unrequire', 'also by the API');

    my $got = $script->{browser}->request(GET => '/mfa/console/',
        headers => { Authorization => "Bearer $token" });
    is($got->status, 303, 'it opens no page of the console');
    is($script->{browser}->request(GET => '/app',
           headers => { Authorization => "Bearer $token" })->status, 303,
       'and nothing else behind the gate');

    for my $case (
        ['demoted', sub { fresh('admin', 'maker', required => 0,
                                role => 'read_only') }, '403 forbidden', '200'],
        ['of a role that is none', sub { fresh('admin', 'maker', required => 0,
                                role => 'king') }, '401 token', '401 token'],
        ['disabled', sub { fresh('admin', 'maker', required => 0,
                           role => 'administrator', disabled => 1) },
         '401 token', '401 token'],
        ['locked out', sub { fresh('admin', 'maker', role => 'administrator',
                             deadline => time - 60) },
         '401 token', '401 token'],
        ['somebody else of that name', sub { fresh('admin', 'maker',
            required => 0, role => 'administrator', created => time - 5) },
         '401 token', '401 token'],
        ['gone', sub { $env->redis->call('DEL', 'mfa:{admin}:account:maker') },
         '401 token', '401 token'],
    ) {
        my ($title, $do, $write, $read) = @$case;
        my $created = $stage->account_get('admin', 'maker', 'created');
        $do->();
        $stage->account_set('admin', 'maker', created => $created)
            unless $title =~ /gone|else/;
        fresh('user', 'target');
        is(told($script->call(POST => 'portals/user/accounts/target/unrequire')),
           $write, "its maker is $title: writing");
        is(told($script->call(GET => 'me')), $read, '- and reading');
        fresh('admin', 'maker', required => 0, role => 'administrator',
              created => $created);
    }

    is(told($script->call(GET => 'me')), '200', 'all of it put back');
};


subtest 'What is no token of this time is one answer (security 27, 112)' => sub
{
    my $answer = $boss->call(POST => 'tokens',
        { name => 'short', role => 'manager', expires_in => 2 });
    my $short = json($answer)->{token};
    my $made = $boss->call(POST => 'tokens',
        { name => 'revoked', role => 'manager' });
    my ($revoked, $id) = @{ json($made) }{qw(token id)};

    is(told(by_token($short)->call(GET => 'me')), '200', 'a short one holds');
    is(told(by_token($revoked)->call(GET => 'me')), '200', 'so does the other');
    is(told($boss->call(DELETE => "tokens/$id")), '204', 'it is revoked');
    is(told($boss->call(DELETE => "tokens/$id")), '404 absent', 'once');
    sleep 3;

    my %bodies;

    for my $case (
        ['expired', $short], ['revoked', $revoked],
        ['made up', 'mfa_' . 'A' x 43], ['empty', ''], ['short', 'mfa_A'],
        ['long', $revoked . 'A'], ['another word', 'x' x 47],
        ['a session\'s cookie', $boss->{browser}->cookie('mfa_admin')],
        ['a form token', $boss->{csrf}], ['two', "$revoked $short"],
    ) {
        my ($title, $token) = @$case;
        my $got = by_token($token)->call(GET => 'me');
        is(told($got), '401 token', "a token that is $title");
        is($got->header('WWW-Authenticate'), 'Bearer error="invalid_token"',
           '- says what was wrong');
        $bodies{$got->body}++;
    }

    is(scalar keys %bodies, 1, 'and the same of all of them');

    my $live = token_of($boss);
    my $anybody = MFA::Api->new($stage->browser(portal => 'admin'),
                                token => undef, csrf => undef);
    is(told($anybody->call(GET => 'me')), '401 login', 'nobody at all');
    is(told($anybody->call(GET => "me?$_=$live")), '401 login',
       "in the query as $_ it counts for nothing")
        for qw(token access_token authorization);
    is(told($anybody->call(GET => 'me', undef,
                           Authorization => "Basic $live")), '401 login',
       'nor under another name');
    is(told($anybody->call(GET => 'me', undef,
                           Authorization => "bEaReR $live")), '200',
       'that name is of any case');
    is(told($boss->call(GET => 'me', undef,
                        Authorization => "Bearer mfa_x")), '401 token',
       'beside a session the token alone counts');
    is(json($boss->call(GET => 'me', undef,
                        Authorization => "Bearer $live"))->{by}, 'token',
       '- also a good one');
    is(told($boss->call(POST => 'tokens', { name => 'x', role => 'manager' },
                        Authorization => "Bearer $live")), '403 forbidden',
       '- whose role is then the limit');
};


# --- sessions: form tokens and proofs ---

subtest 'Another site\'s page does nothing in an admin\'s name (security 48, 50, '
    . '151)' => sub
{
    my $other = api_of('administrator');
    my $path = 'portals/user/accounts/alice/require';

    for my $case (
        ['no form token', '403 csrf', 'X-CSRF-Token' => undef],
        ['an empty one', '403 csrf', 'X-CSRF-Token' => ''],
        ['another session\'s', '403 csrf', 'X-CSRF-Token' => $other->{csrf}],
        ['one that was changed', '403 csrf',
         'X-CSRF-Token' => $boss->{csrf} =~ s/^(.)/$1 eq 'A' ? 'B' : 'A'/er],
        ['another origin', '403 origin', Origin => 'https://evil.example'],
        ['origin null', '403 origin', Origin => 'null'],
        ['a browser that says so', '403 origin',
         'Sec-Fetch-Site' => 'cross-site'],
    ) {
        my ($title, $expected, @headers) = @$case;
        is(told($boss->call(POST => $path, undef, @headers)), $expected, $title);
    }

    is($stage->account_get('user', 'alice', 'required'), undef,
       'nothing was changed by them');
    my $answer = $boss->call(GET => 'me', undef,
                             Origin => 'https://evil.example');
    is($answer->header('Access-Control-Allow-Origin'), undef,
       'and no answer is for other sites to read');
    is($answer->header('Cache-Control'), 'no-store', 'or for anybody to keep');
    is(told($boss->call(POST => $path)), '200', 'with its own token it is done');
};


subtest 'Writing takes a proof of the last ten minutes, looking does not '
    . '(security 37, 83)' => sub
{
    fresh('admin', 'keyed', MFA::Env::factor(), %boss);
    fresh('admin', 'bare', required => 0, %boss);
    my $old = time - 601;

    for my $case (
        ['a code of now', 'keyed', '200', level => 2],
        ['an old code', 'keyed', '403 proof-code', level => 2, code_at => $old],
        ['an old password, a code of now', 'keyed', '200', level => 2,
         password_at => $old],
        ['a password of now', 'bare', '200'],
        ['an old password', 'bare', '403 proof-password',
         password_at => $old, created => $old],
    ) {
        my ($title, $login, $expected, %fact) = @$case;
        my $api = api_of($login, %fact);
        my $answer = $api->call(POST => 'portals/user/accounts/alice/unlock');
        is(told($answer), $expected, $title);
        like(json($answer)->{page}, qr{^/mfa/(?:code|login)}, '- says where')
            if $expected =~ /proof/;
        is(told($api->call(GET => 'home')), '200', '- and may look');
    }

    is(told(MFA::Api::call(
           { browser => $stage->browser(portal => 'admin', cookies => {
               mfa_admin => $env->session('admin', 'keyed', level => 1) }) },
           GET => 'me')), '401 code', 'half a login may nothing');
};


subtest 'The tenth unlock in 30 days is limited, not for mails (security 15)' =>
    sub
{
    fresh('user', 'guessed');
    $stage->redis('SET', 'mfa:fail:unlock:user:guessed', 9, 'EX', 86400);
    $stage->redis('SET', 'mfa:fail:code-run:user:guessed', 10, 'EX', 3600);

    my $answer = $boss->call(POST => 'portals/user/accounts/guessed/unlock');
    is(told($answer), '429 limited', 'refused');
    like(json($answer)->{title}, qr/unlocks/, '- with words that fit');
    cmp_ok($answer->header('Retry-After'), '>', 86000, '- and for how long');
    my ($event) = $stage->audit('user', login => 'guessed', event => 'unlock');
    is($event->{result}, 'limited', '- on record');
};


# --- conflicts ---

subtest 'Two who edit one account: neither change is lost, the second is told '
    . '(security 86)' => sub
{
    fresh('user', 'shared', name => 'before');
    my $path = 'portals/user/accounts/shared';
    my $one = $boss->call(GET => $path);
    my $other = api_of('administrator');
    my $two = $other->call(GET => $path);
    my $etag = $one->header('ETag');

    is($two->header('ETag'), $etag, 'both have read one version');
    my $answer = $boss->call(PATCH => $path, { name => 'first' },
                             'If-Match' => $etag);
    is(told($answer), '200', 'the first changes it');
    isnt($answer->header('ETag'), $etag, '- it has another version now');
    is(told($other->call(PATCH => $path, { name => 'second' },
                         'If-Match' => $etag)), '412 version',
       'the second is told');
    is($stage->account_get('user', 'shared', 'name'), 'first',
       '- and has changed nothing');
    is(told($other->call(PATCH => $path, { email => 'x@example.com' },
            'If-Match' => $other->call(GET => $path)->header('ETag'))), '200',
       'once he has read it again he can');
    is($stage->account_get('user', 'shared', 'name'), 'first',
       '- the first change is still there');

    for my $case (
        ['any', '*', '200'], ['a weak one', 'W/"1"', '412 version'],
        ['another one\'s', '"x"', '412 version'],
        ['no ETag', 'abc', '400 if-match'], ['half of one', '"', '400 if-match'],
        ['of old', '"1"', '412 version'],
    ) {
        my ($title, $value, $expected) = @$case;
        is(told($boss->call(POST => "$path/unlock", undef,
                            'If-Match' => $value)), $expected,
           "If-Match: $title");
    }

    is(told($boss->call(DELETE => $path, undef, 'If-Match' => '"1"')),
       '412 version', 'nor is an account deleted that was changed');
    is(told($boss->call(POST => 'portals/user/accounts', { login => 'new2' },
                        'If-Match' => '"1"')), '400 if-match',
       'what is not there has no version');

    # At once, with the same version in hand.
    my @tries;
    fresh('user', 'shared');
    $etag = $boss->call(GET => $path)->header('ETag');

    for my $n (1 .. 8) {
        my $body = "{\"name\":\"n$n\"}";
        push @tries, [$boss->{browser}->twin, 'PATCH',
            "${MFA::Api::base}$path", body => $body, headers => {
                'Content-Type' => 'application/json', 'If-Match' => $etag,
                'X-CSRF-Token' => $boss->{csrf} }];
    }

    my %n;
    $n{told($_)}++ for MFA::Browser::together(@tries);
    is($n{200}, 1, 'eight at once: one is the first');
    is(($n{'412 version'} || 0) + ($n{'409 busy'} || 0), 7,
       '- seven have a conflict');
};


subtest 'The last administrator_with_billing stays, also when two demote each '
    . 'other at once (security 79)' => sub
{
    # The two that are left; all others of that role go first.
    my @owners = grep { $_ !~ /^(?:boss|administrator_with_billing)$/ }
        map { s/.*://r } $stage->keys_of('mfa:{admin}:account:*');
    $stage->mfactl('', 'account', 'delete', 'admin', $_) for @owners;
    $stage->account('admin', $_, options => ['--role', $_])
        for @roles[1 .. $#roles];

    for my $round (1 .. 5) {
        my ($one, $two) = map { api_of($_) } 'boss', $boss{role};
        my @answers = MFA::Browser::together(map {
            my ($api, $whom) = @$_;
            [$api->{browser}, 'POST',
             "${MFA::Api::base}portals/admin/accounts/$whom/role",
             body => '{"role":"manager"}', headers => {
                'Content-Type' => 'application/json',
                'X-CSRF-Token' => $api->{csrf} }];
        } [$one, $boss{role}], [$two, 'boss']);
        my @told = sort map { told($_) } @answers;
        is($told[0], '200', 'one of two is done');
        like($told[1], qr/^(?:409 last|409 busy|403 forbidden|401)/,
             "- the other is not: $told[1]");
        my @left = grep { ($stage->account_get('admin', $_, 'role') || '')
                          eq $boss{role} } 'boss', $boss{role};
        is(scalar @left, 1, '- one is left');
        my $last = api_of($left[0]);
        my $path = "portals/admin/accounts/$left[0]";
        is(told($last->call(POST => "$path/disable")), '409 last', 'disable');
        is(told($last->call(DELETE => $path)), '409 last', 'delete');
        is(told($last->call(POST => "$path/role", { role => 'manager' })),
           '409 last', 'demote');
        my ($gone) = grep { $_ ne $left[0] } 'boss', $boss{role};
        is(told($last->call(POST => "portals/admin/accounts/$gone/role",
                            { role => $boss{role} })), '200', 'put back');
    }

    $boss = api_of('boss');
};


# --- what is no request ---

subtest 'What is no request is refused with its own code, and changes nothing '
    . '(security 5, 82)' => sub
{
    my $accounts = 'portals/user/accounts';
    my $deep = '{"name":' . '[' x 20000 . ']' x 20000 . '}';

    for my $case (
        ['nothing', '', '400 malformed'], ['no JSON', '{', '400 malformed'],
        ['a list', '[]', '400 malformed'], ['a text', '"x"', '400 malformed'],
        ['something behind it', '{"login":"z"} x', '400 malformed'],
        ['a name twice', '{"login":"z","login":"y"}', '400 malformed'],
        ['NUL', "{\"login\":\"z\0\"}", '400 malformed'],
        ['NUL in disguise', '{"login":"z\u0000"}', '400 malformed'],
        ['no UTF-8', "{\"login\":\"z\xff\"}", '400 malformed'],
        ['half a surrogate', '{"login":"\ud800"}', '400 malformed'],
        ['deep', $deep, '400 malformed'],
        ['a number too large', '{"login":"z","grace_days":' . '9' x 30 . '}',
         '400 malformed'],
        ['an unknown member', '{"login":"z","generation":7}', '400 member'],
        ['another operation\'s', '{"login":"z","widget":true}', '400 member'],
        ['no login', '{}', '400 member'],
        ['a login that is a number', '{"login":1}', '400 member'],
        ['a flag that is a text', '{"login":"z","require":"yes"}', '400 member'],
        ['days that are a text', '{"login":"z","grace_days":"1"}', '400 member'],
        ['half a day', '{"login":"z","grace_days":0.5}', '400 member'],
        ['days before now', '{"login":"z","grace_days":-1}', '400 member'],
        ['too many days', '{"login":"z","require":true,"grace_days":366}',
         '422 invalid'],
        ['a login that is none', '{"login":"A B"}', '422 invalid'],
        ['a login of null', '{"login":null}', '422 invalid'],
        ['a path', '{"login":"../x"}', '422 invalid'],
        ['an address that is none', '{"login":"z","email":"x"}', '422 invalid'],
        ['two lines', '{"login":"z","email":"x@y\r\nBcc: z@y"}', '422 invalid'],
        ['a name with control bytes', '{"login":"z","name":"a\u001bb"}',
         '422 invalid'],
        ['a long name', '{"login":"z","name":"' . 'n' x 129 . '"}',
         '422 invalid'],
        ['a directory with control bytes', '{"login":"z","directory":"a\u001bb"}',
         '422 invalid'],
        ['one that turns what follows', '{"login":"z","directory":"a\u202eb"}',
         '422 invalid'],
        ['a long one', '{"login":"z","directory":"' . 'd' x 129 . '"}',
         '422 invalid'],
        ['a role that is none', '{"login":"z","role":"king"}', '422 invalid'],
        ['a short password', '{"login":"z","password":"short"}', '422 invalid'],
        ['a body of 64 KiB and a byte', ' ' x 65537, '413 too-large'],
    ) {
        my ($title, $body, $expected) = @$case;
        is(told($boss->call(POST => $accounts, $body)), $expected, $title);
        is($stage->redis('EXISTS', 'mfa:{user}:account:z'), 0, '- nothing made');
    }

    my @chunked = ('Transfer-Encoding' => 'chunked', 'Content-Length' => undef);
    is(told($boss->call(POST => $accounts, "1\r\n{\r\n0\r\n\r\n", @chunked)),
       '400 malformed', 'half an object in a chunk');
    is(told($boss->call(POST => $accounts,
                        "11000\r\n" . ' ' x 0x11000 . "\r\n0\r\n\r\n",
                        @chunked)),
       '413 too-large', 'a chunk too large');
    is(told($boss->call(POST => $accounts,
                        "11\r\n{\"login\":\"chunk\"}\r\n0\r\n\r\n", @chunked)),
       '201', 'one that is right');

    for my $type ('text/plain', 'application/x-www-form-urlencoded',
                  'application/jsonx', undef)
    {
        is(told($boss->call(POST => $accounts, '{"login":"z"}',
                            'Content-Type' => $type)), '415 type',
           'a body of type ' . ($type || 'none'));
    }

    is(told($boss->call(POST => $accounts, '{"login":"typed"}',
            'Content-Type' => 'application/json; charset=utf-8')), '201',
       'a parameter of the type does no harm');
    is(told($boss->call(POST => "$accounts/typed/unlock", '{"x":1}')),
       '400 member', 'members where there are none');

    for my $case (
        ['', '200'], ['?limit=30', '200'], ['?limit=31', '400 query'],
        ['?limit=0', '400 query'], ['?limit=x', '400 query'],
        ['?filter=locked', '200'], ['?filter=x', '400 query'],
        ['?filter=forecast', '400 query'], ['?cursor=!', '400 query'],
        ['?nix=1', '400 query'], ['?q=a&q=b', '400 query'],
        ['?q=%00', '400 query'], ['?q=%ff', '400 query'], ['?q=%e9x', '400 query'],
    ) {
        my ($query, $expected) = @$case;
        is(told($boss->call(GET => "$accounts$query")), $expected,
           "query \"$query\"");
    }

    is(told($boss->call(GET => "portals/user/forecast$_")), '400 query',
       "forecast \"$_\"") for '', '?until=x', '?until=2026-02-30';
};


subtest 'Paths and methods that are none (security 63)' => sub
{
    for my $case (
        [GET => 'nix'], [GET => ''], [GET => 'me/'], [GET => 'me/x'],
        [GET => 'portals'], [GET => 'portals/user'], [GET => 'portals/x/accounts'],
        [POST => 'portals/x/accounts'], [GET => 'portals/user/accounts/'],
        [GET => 'portals/user/accounts/alice/nix'], [GET => '../v2/me'],
    ) {
        my ($method, $path) = @$case;
        is(told($boss->call($method, $path, $method eq 'POST' ? {} : undef)),
           '404 not-found', "$method $path");
    }

    is(told($boss->call(GET => "portals/user/accounts/$_")), '404 absent',
       "no account $_") for 'nobody', 'A%20B', '%3Csvg%3E', 'ALICE';

    for my $case (
        [POST => 'me', 'GET, HEAD'], [PUT => 'settings', 'GET, HEAD, PATCH'],
        [OPTIONS => 'portals/user/accounts', 'GET, HEAD, POST'],
        [PATCH => 'portals/user/accounts/alice/reset', 'POST'],
        [GET => 'portals/user/accounts/alice/reset', 'POST'],
        [DELETE => 'home', 'GET, HEAD'], [PROPFIND => 'home', 'GET, HEAD'],
    ) {
        my ($method, $path, $allow) = @$case;
        my $answer = $boss->call($method, $path);
        is(told($answer), '405 method', "$method $path");
        is($answer->header('Allow'), $allow, '- says what to use');
    }

    my $answer = $boss->call(HEAD => 'me');
    is($answer->status, 200, 'HEAD is GET');
    is($answer->body, '', '- without a body');
    is($boss->call(GET => 'me', undef, Accept => 'text/html',
        'Sec-Fetch-Mode' => 'navigate', 'Sec-Fetch-Dest' => 'document')->status,
       200, 'a browser that is led there sees it');
    my $nobody = MFA::Api::call({ browser => $stage->browser(
        portal => 'admin') }, GET => 'me', undef, Accept => 'text/html',
        'Sec-Fetch-Mode' => 'navigate', 'Sec-Fetch-Dest' => 'document');
    is(told($nobody), '401 login', '- and is led nowhere else without a session');
    is(told($boss->call(GET => 'me', undef, Range => 'bytes=0-3',
        'If-None-Match' => '*')), '200', 'there are no parts and no copies of it');
};


# --- what people can choose ---

subtest 'Strings that people choose come back as they are, in JSON '
    . '(security 52, 152)' => sub
{
    my @payloads = (
        '<script>alert(1)</script>', '"><svg onload=alert(1)>', "'; --",
        '{{csrf}}', '%0d%0aSet-Cookie: x=y', '=cmd|\'/c calc\'!A1',
        '\\u003c \\" \\', '${jndi:ldap://x}', "\x{5d3}\x{5d5}\x{5d3}",
        "\x{639}\x{644}\x{6cc}\x{200c}\x{631}",
    );

    for my $payload (@payloads) {
        my $answer = $boss->call(PATCH => 'portals/user/accounts/alice',
                                 { name => $payload });
        is(told($answer), '200', 'a name') or diag $payload;
        $answer = $boss->call(GET => 'portals/user/accounts/alice');
        is(json($answer)->{name}, $payload, '- is what it was');
        is($answer->header('Content-Type'), 'application/json; charset=utf-8',
           '- and nothing that a browser would run');
        is($answer->header('X-Content-Type-Options'), 'nosniff', '- or guess');
        $answer = $boss->call(POST => 'portals/user/accounts/alice/reset',
                              { reason => $payload });
        is(told($answer), '200', '- as a reason');
        $answer = $boss->call(POST => 'tokens',
                              { name => $payload, role => 'read_only' });
        is(json($answer)->{name}, $payload, '- as the name of a token');
        $boss->call(DELETE => 'tokens/' . json($answer)->{id});
    }

    # What is not seen, or turns what stands beside it, is not taken.
    for my $hidden ("\x{202e}", "\x{2066}", "\x{200f}", "\x{61c}", "\x{a0}",
                    "\x{2028}", "\x{200b}", "\x{feff}", "\x{e0041}", "\x{85}") {
        my $alice = 'portals/user/accounts/alice';
        is(told($boss->call(@$_)), '422 invalid', sprintf 'U+%04X: %s',
           ord $hidden, $_->[1])
            for [PATCH => $alice, { name => "a${hidden}b" }],
                [PATCH => $alice, { email => "a${hidden}b\@example.org" }],
                [POST => 'portals/user/accounts',
                 { login => 'hidden', name => "a${hidden}b", password => 'a long one' }],
                [POST => "$alice/reset", { reason => "a${hidden}b" }],
                [POST => 'tokens', { name => "a${hidden}b", role => 'read_only' }];
    }

    for my $hidden (qw(password secret secret_id)) {
        my $value = $stage->account_get('user', 'alice', $hidden) or next;
        unlike($_->{body}, qr/\Q$value\E/, "no $hidden in any answer "
            . '(security 81)') for MFA::Api::exchanges();
    }
};


subtest 'Lists are paged, whoever is added meanwhile' => sub
{
    $stage->account('user', sprintf 'row%03d', $_) for 1 .. 25;
    my ($cursor, %seen, $pages) = ('');

    do {
        my $answer = $boss->call(GET => 'portals/user/accounts?q=row&limit=10'
                                 . ($cursor ? "&cursor=$cursor" : ''));
        my $page = json($answer);
        $seen{$_->{login}}++ for @{ $page->{accounts} };
        $cursor = $page->{next};
        $pages++;
    } while ($cursor && $pages < 20);

    is(scalar keys %seen, 25, 'each is there');
    is((grep { $_ != 1 } values %seen), 0, '- once');

    my $answer = $boss->call(GET => 'portals/user/audit?event=add&limit=7');
    is(scalar @{ json($answer)->{events} }, 7, 'events, too');
    is(told($boss->call(GET => 'portals/user/audit?cursor=0-0')), '400 query',
       'an entry that cannot be is none to begin at');
    my $first = json($answer)->{events}[0]{id};
    $answer = $boss->call(GET => 'portals/user/audit?event=add&limit=7&cursor='
                          . json($answer)->{next});
    isnt(json($answer)->{events}[0]{id}, $first, '- the next page is another');
};


subtest 'A bulk has a result for each account (security 80)' => sub
{
    fresh('user', $_, required => 0) for qw(b1 b2);
    my $answer = $boss->call(POST => 'portals/user/bulk',
        { action => 'require', grace_days => 2,
          logins => ['b1', 'nobody', 'b2', 'No One'] });
    is(told($answer), '200', 'it is done');
    is(join(' ', map { "$_->{login}=$_->{code}" . ($_->{changed} ? '!' : '') }
                 @{ json($answer)->{results} }),
       'b1=ok! nobody=absent b2=ok! No One=invalid', 'item by item');
    is($stage->account_get('user', 'b1', 'required'), 1, 'b1 is required');
    is(scalar(grep { $_->{login} eq 'b1' }
              $stage->audit('user', event => 'require', actor => 'boss')), 1,
       'and audited by itself');

    fresh('admin', 'target', required => 0);
    $env->redis->call('HDEL', 'mfa:{admin}:account:target', 'deadline');
    $boss->call(POST => 'portals/admin/bulk',
                { action => 'require', logins => ['target'] });
    is($stage->account_get('admin', 'target', 'deadline'), 0,
       'an admin that is required so is asked at his next login (003-23)');

    for my $case (
        ['no logins', { action => 'require', logins => [] }, '400 member'],
        ['501', { action => 'require', logins => [('x') x 501] }, '400 member'],
        ['a number', { action => 'require', logins => [1] }, '400 member'],
        ['one twice', { action => 'extend', reason => 'x', grace_days => 9,
                        logins => ['b1', 'b2', 'b1'] }, '422 invalid'],
        ['delete', { action => 'delete', logins => ['b1'] }, '422 invalid'],
        ['rehash', { action => 'rehash', logins => ['b1'] }, '422 invalid'],
        ['nothing', { action => '', logins => ['b1'] }, '422 invalid'],
    ) {
        my ($title, $body, $expected) = @$case;
        is(told($boss->call(POST => 'portals/user/bulk', $body)), $expected,
           "bulk: $title");
    }

    $answer = $boss->call(POST => 'portals/user/bulk',
        { action => 'unlock', logins => [map { "nobody$_" } 1 .. 500] });
    is(scalar @{ json($answer)->{results} || [] }, 500, '500 fit');
};


subtest 'A store that is away is 503, and logs nobody out (security 115)' => sub
{
    my $token = token_of($boss);
    my $script = by_token($token);
    $env->redis->stop;

    for my $case (['a session', $boss], ['a token', $script]) {
        my ($title, $api) = @$case;
        for my $do ([GET => 'home'], [GET => 'portals/user/accounts'],
                    [POST => 'portals/user/accounts/alice/unlock'])
        {
            my $answer = $api->call(@$do);
            is(told($answer), '503 unavailable', "$title: @$do");
            ok($answer->header('Retry-After'), '- when to ask again');
            is($answer->header('Set-Cookie'), undef, '- no cookie goes');
        }
    }
};


is(join("\n", MFA::Api::complaints()), '',
   'every one of these answers is as docs/openapi.yaml has it');

$stage->finish;

done_testing();
