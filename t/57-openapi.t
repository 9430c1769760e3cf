#!/usr/bin/perl

# docs/openapi.yaml and the API, compared in both directions: the operations of
# the document are the rows of the routing table in nginx/api.c, its problems are
# those of nginx/api_reply.c, and every operation is carried out and answers as
# the document's schemas have it; so is every problem that can be brought about.
#
# When this fails, a script written after the document meets something else.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use File::Temp qw(tempdir);
use MIME::Base64 qw(encode_base64);
use Test::More;

use MFA::Api;
use MFA::Env;
use MFA::Journey;

my $src = "$MFA::Env::ROOT/ngx_http_mfa_module/nginx";


sub slurp {
    my ($file) = @_;

    open my $in, '<', $file or die "$file: $!";
    local $/;

    return scalar <$in>;
}


# "GET /home" of each row, as the compiler puts its texts together.
sub routed {
    my ($source) = @_;
    my %word;

    $word{$1} = $2 while $source =~ /^#define\s+(\w+)\s+((?:"[^"]*"|\w+|[ ])+)$/mg;
    my ($table) = $source =~ /routes\[\]\s*=\s*\{\n(.*?)\n\};/s;
    my @rows;

    while ($table =~ /\{\s*NGX_HTTP_(\w+),\s*([^,]+),/g) {
        my ($method, $path) = ($1, $2);
        1 while $path =~ s/\b(ACCOUNTS?)\b/$word{$1}/g;
        push @rows, "$method /" . join '', $path =~ /"([^"]*)"/g;
    }

    return @rows;
}


subtest 'What is routed is described, what is described is routed' => sub
{
    my $source = slurp("$src/api.c");
    my @routed = sort(routed($source));

    cmp_ok(scalar @routed, '>', 25, 'the table has been read');
    is($source =~ s/(\{ NGX_HTTP_GET, ")me"/$1mine"/r eq $source ? 0
       : (grep { $_ eq 'GET /mine' } routed(
              $source =~ s/(\{ NGX_HTTP_GET, ")me"/$1mine"/r)), 1,
       'a row that is not described would be seen');
    is_deeply([sort(MFA::Api::document('routes'))], \@routed,
              'the document has these operations and no others');
};


subtest 'Problems have the codes that are described, each with its status' => sub
{
    my ($table) = slurp("$src/api_reply.c") =~ /problems\[.*?\{\n(.*?)\n\};/s;
    my %code;

    $code{"$2 $1"} = 1 while $table =~ /\{\s*"([\w-]+)",\s*(\d+),/g;
    delete $code{'200 ok'};
    is_deeply([sort(MFA::Api::document('codes'))], [sort keys %code],
              'the same on both sides');
};


# --- every operation ---

# The people of "who" are asked by nginx itself.
my $own = tempdir(CLEANUP => 1);
chmod 0755, $own;
MFA::Nginx::write_file("$own/passwords", "ida:{PLAIN}pw\n");
MFA::Nginx::write_file("$own/$_.conf", "location /mfa/console/ "
    . "{ mfa_console user admin; }\n" . ($_ eq 'who' ? 'auth_basic w; '
        . "auth_basic_user_file $own/passwords;\n" : '')) for qw(user admin who);

my $limits = 'limit password=1000/15m code=1000/15m address=1000/10m;';
my $stage = MFA::Journey->new(
    workers => 1,
    portals => { user => "remember_device 30d; mail from=no-reply\@example.com"
                         . " base_url=https://portal.example.com; $limits",
                 admin => "session max=100; $limits",
                 who => 'first_factor identity=$remote_user;' },
    locations => "include $own/PORTAL.conf;",
);
my $env = $stage->{env};
my @owner = (options => ['--role', 'administrator_with_billing']);

$stage->account('admin', $_, @owner) for qw(boss other);
$stage->account('admin', 'reader', options => ['--role', 'read_only']);
$stage->account('user', 'owned', options => ['--directory', 'ad']);

my $boss = MFA::Api->new($stage->visitor('boss', portal => 'admin'));
my $one = 'portals/user/accounts/alice';

sub told { return MFA::Api::told(@_) }


# In their order: what one makes the next one finds.
my @walk = (
    [GET    => 'me', undef, 200],
    [GET    => 'home?until=2100-01-01', undef, 200],
    [GET    => 'settings', undef, 200],
    [PATCH  => 'settings', { widget => JSON::PP::false }, 200],
    [POST   => 'portals/user/accounts', { login => 'alice', name => 'Alice',
        email => 'a@example.com', password => 'correct horse battery',
        require => JSON::PP::true, grace_days => 3 }, 201],
    [POST   => 'portals/user/accounts', { login => 'bobby' }, 201],
    [POST   => 'portals/user/accounts', { login => 'cora',
        email => 'c@example.com', invite => JSON::PP::true }, 201],
    [GET    => 'portals/user/accounts?q=a&limit=1&filter=all', undef, 200],
    [GET    => 'portals/user/accounts?filter=grace', undef, 200],
    [GET    => $one, undef, 200],
    [PATCH  => $one, { name => undef }, 200],
    [POST   => "$one/require", { grace_days => 1 }, 200],
    [POST   => "$one/extend", { grace_days => 9, reason => 'ill' }, 200],
    [POST   => "$one/resend", undef, 200],
    [POST   => "$one/unrequire", undef, 200],
    [POST   => "$one/reset", { reason => 'lost' }, 200],
    [POST   => "$one/unlock", {}, 200],
    [POST   => "$one/disable", { reason => 'left' }, 200],
    [POST   => "$one/enable", undef, 200],
    [POST   => "$one/password", { password => 'another good one' }, 200],
    [POST   => "$one/role", { role => 'read_only' }, 200],
    [POST   => "$one/role", { role => undef }, 200],
    [GET    => 'portals/user/audit?limit=50&about=alice&actor=boss&event=add'
               . '&result=ok&login=alice', undef, 200],
    [GET    => 'portals/user/audit', undef, 200],
    [POST   => 'portals/user/bulk', { action => 'require', grace_days => 2,
        logins => ['alice', 'nobody', 'A B'] }, 200],
    [GET    => 'portals/user/forecast?until=2100-01-01&limit=5', undef, 200],
    [GET    => 'tokens', undef, 200],
);

subtest 'Every operation answers as it is described' => sub
{
    for my $step (@walk) {
        my ($method, $path, $body, $status) = @$step;
        my $answer = $boss->call($method, $path, $body);
        is($answer->status, $status, "$method $path") or diag $answer->body;
    }

    # A session and a trusted browser of alice's to be ended.
    my $version = $stage->account_get('user', 'alice', 'generation');
    $stage->account_set('user', 'alice', MFA::Env::validated_factor());
    my $device = substr $env->device('user', 'alice',
                                     generation => $version), 0, 12;
    $env->device('user', 'alice', generation => $version);
    $env->session('user', 'alice', generation => $version, level => 2)
        for 1, 2;
    my $list = MFA::Api::json($boss->call(GET => "$one/sessions"));
    is(scalar @{ $list->{sessions} }, 2, 'two sessions');
    my $devices = MFA::Api::json($boss->call(GET => "$one/devices"));
    is(scalar @{ $devices->{devices} }, 2, 'two trusted browsers');
    is($boss->call(DELETE => "$one/$_")->status, 204, "DELETE $_")
        for "sessions/$list->{sessions}[0]{id}", "devices/$device", 'devices',
            'sessions';

    my $answer = $boss->call(POST => 'tokens',
        { name => 'a script', role => 'manager', expires_in => 60 });
    is($answer->status, 201, 'a token');
    my $token = MFA::Api::json($answer);
    my $script = MFA::Api->new($stage->browser(portal => 'admin'),
                               token => $token->{token});
    is(told($script->call(GET => 'me')), '200', 'it is let in');
    is(told($boss->call(GET => 'tokens')), '200', 'it is listed');
    is($boss->call(DELETE => "tokens/$token->{id}")->status, 204, 'revoked');
    is(told($script->call(GET => 'me')), '401 token', 'it is not');
    is($boss->call(DELETE => $one)->status, 204, 'alice is deleted');
    is($boss->call(HEAD => 'me')->status, 200, 'HEAD');

    my %done = map { $_ => 1 } grep { /^\S+ \S+ 2/ } map {
        my ($method, $path) = @$_{qw(method path)};
        $path =~ s/\?.*//;
        $path =~ s{/portals/\w+}{/portals/{portal}};
        $path =~ s{/accounts/\w+}{/accounts/{login}};
        $path =~ s{/(sessions|devices|tokens)/.+}{/$1/{id}};
        "$method $path $_->{status}";
    } MFA::Api::exchanges();
    is(join("\n", grep { !$done{$_} } grep { / 2\d\d$/ }
            MFA::Api::document('answers')), '', 'none was left out');
};


subtest 'Every problem looks as it is described' => sub
{
    my $reader = MFA::Api->new($stage->visitor('reader', portal => 'admin'));
    my $nobody = MFA::Api->new($stage->browser(portal => 'admin'), token => undef,
                               csrf => undef);
    my $bobby = 'portals/user/accounts/bobby';
    my $cora = 'portals/user/accounts/cora';
    my @not_seen = qw(error busy full);     # and why not stands in t/56

    $env->account('admin', 'keyed', MFA::Env::factor(),
                  role => 'administrator_with_billing');
    my $with = sub {
        my ($login, %fact) = @_;
        my $browser = $stage->browser(portal => 'admin');
        $browser->cookie(mfa_admin => $env->session('admin', $login,
            generation => $stage->account_get('admin', $login, 'generation'),
            %fact));
        return MFA::Api->new($browser);
    };
    # By a session of the portal whose people nginx names.
    $env->account('who', 'ida', role => 'administrator_with_billing');
    my $known = $stage->browser(portal => 'who', headers => {
        Authorization => 'Basic ' . encode_base64('ida:pw', '') });
    $known->cookie(mfa_who => $env->session('who', 'ida'));
    my $ida = MFA::Api->new($known);
    my %late = (password_at => time - 700, created => time - 700);

    for my $case (
        ['400 malformed', $boss, POST => "$bobby/role", '{'],
        ['400 member', $boss, POST => "$bobby/role", '{"x":1}'],
        ['400 query', $boss, GET => 'home?x=1'],
        ['400 if-match', $boss, POST => "$bobby/unlock", undef,
         'If-Match' => 'x'],
        ['401 login', $nobody, GET => 'home'],
        ['401 token', $boss, GET => 'home', undef,
         Authorization => 'Bearer mfa_x'],
        ['401 code', $with->('keyed', level => 1), GET => 'home'],
        ['403 forbidden', $reader, GET => 'tokens'],
        ['403 csrf', $boss, POST => "$bobby/unlock", undef,
         'X-CSRF-Token' => 'x'],
        ['403 origin', $boss, POST => "$bobby/unlock", undef,
         Origin => 'https://evil.example'],
        ['403 proof-code', $with->('keyed', level => 2, code_at => time - 700,
                                   %late), POST => "$bobby/unlock"],
        ['403 proof-password', $with->('boss', %late), POST => "$bobby/unlock"],
        ['403 proof-enrol', $ida, POST => "$bobby/unlock"],
        ['404 not-found', $boss, GET => 'portals/nix/accounts'],
        ['404 absent', $boss, GET => 'portals/user/accounts/nobody'],
        ['405 method', $boss, PUT => 'home'],
        ['409 exists', $boss, POST => 'portals/user/accounts',
         { login => 'bobby' }],
        ['409 not-required', $boss, POST => "$bobby/extend",
         { grace_days => 1, reason => 'x' }],
        ['409 nothing-due', $boss, POST => 'portals/user/accounts/owned/resend'],
        ['409 no-mail', $boss, POST => 'portals/user/accounts',
         { login => 'carl', invite => JSON::PP::true }],
        (map { ['200', $boss, POST => "$cora/resend"] } 1 .. 5),
        ['429 limited', $boss, POST => "$cora/resend"],
        ['409 directory', $boss, POST => 'portals/user/accounts/owned/require'],
        ['200', $boss, POST => "$bobby/require", { grace_days => 9 }],
        ['409 shorter', $boss, POST => "$bobby/extend",
         { grace_days => 1, reason => 'x' }],
        ['412 version', $boss, POST => "$bobby/unlock", undef,
         'If-Match' => '"999"'],
        ['413 too-large', $boss, POST => "$bobby/role", ' ' x 70000],
        ['415 type', $boss, POST => "$bobby/role", 'x',
         'Content-Type' => 'text/plain'],
        ['422 invalid', $boss, POST => "$bobby/role", { role => 'king' }],
        ['204', $boss, DELETE => 'portals/admin/accounts/other'],
        ['409 last', $boss, DELETE => 'portals/admin/accounts/boss'],
    ) {
        my ($expected, $api, @call) = @$case;
        is(told($api->call(@call)), $expected, "$expected: @call[0, 1]");
    }

    # Whose session is good until the account is not.
    for my $case (
        ['401 enrol', required => 1, deadline => 0],
        ['403 locked', required => 1, deadline => time - 60],
        ['403 blocked', disabled => 1],
    ) {
        my ($expected, @fields) = @$case;
        $stage->account('admin', 'shaky', @owner)
            unless $stage->account_get('admin', 'shaky', 'created');
        my $api = $with->('shaky');
        $stage->account_set('admin', 'shaky', @fields);
        is(told($api->call(GET => 'home')), $expected, $expected);
        $stage->redis('HDEL', 'mfa:{admin}:account:shaky', 'required',
                      'deadline', 'disabled');
    }

    $env->redis->stop;
    is(told($boss->call(GET => 'home')), '503 unavailable', '503 unavailable');

    my %seen = map { $_ => 1 } map { /"code":"([\w-]+)"/ }
               map { $_->{body} } grep { $_->{status} >= 400 }
               MFA::Api::exchanges();
    is(join(' ', sort grep { !$seen{$_} }
                 map { (split)[1] } MFA::Api::document('codes')),
       join(' ', sort @not_seen), 'all but these have been seen');
};


subtest 'The comparison would see what is not as described' => sub
{
    my ($good) = grep { $_->{status} == 200 && $_->{path} eq '/me' }
                 MFA::Api::exchanges();
    my ($first) = grep { $_->{status} == 200 && $_->{path} eq "/$one" }
                  MFA::Api::exchanges();

    for my $case (
        ['a member too many', { %$good, body => $good->{body}
                                =~ s/\{/{"more":1,/r }],
        ['a member missing', { %$good, body => $good->{body}
                               =~ s/"proof":"\w+",//r }],
        ['another type', { %$good, body => $good->{body}
                           =~ s/"login":"\w+"/"login":7/r }],
        ['another status', { %$good, status => 202 }],
        ['another path', { %$good, path => '/mine' }],
        ['no ETag', { %$first, headers => { %{ $first->{headers} },
                                            etag => undef } }],
        ['HTML', { %$good, headers => { 'content-type' => 'text/html' } }],
    ) {
        my ($title, $exchange) = @$case;
        cmp_ok(scalar(MFA::Api::document('check', $exchange)), '>', 0, $title);
    }
};


is(join("\n", MFA::Api::complaints()), '',
   'no answer differs from the document');

$stage->finish;

done_testing();
