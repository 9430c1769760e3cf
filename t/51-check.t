# mfa_check (feature 100-15): the verdict for another proxy's forward-auth.  First
# the location by itself, then the two nginx of examples/forward-auth in front of
# a site that echoes what it gets, with a person who logs in through both.
#
# Fails when anything but an allowing verdict gives 2xx (security 56, 61), when a
# no is a page or a redirect that a proxy would pass on or follow, when what the
# proxy says it was asked for decides anything (65) or leads off the site (51),
# when "could not tell" reads as "logged out" (115), and when a forged identity
# crosses the front (75).

use strict;
use warnings;

use Test::More;

use MFA::Browser;
use MFA::Env;
use MFA::Judge;
use MFA::Nginx;
use MFA::Upstream;

my $env      = MFA::Env->start;
my $dir      = $env->dir;
my $upstream = MFA::Upstream->start($dir);
my $site     = 'http://unix:' . $upstream->socket . ':';
my $now      = time;

my $servers = <<'EOC';
server {
    listen LISTEN;
    mfa user;

    location = /check { mfa_check; }
    location = /check/fresh { mfa user fresh=5m; mfa_check; }
    location = /check/always { mfa user require=always; mfa_check; }
    location = /check/password { mfa user require=password; mfa_check; }
    location = /check/prefix { mfa_identity_headers X-Auth-; mfa_check; }
    location = /check/none { mfa_identity_headers off; mfa_check; }
    location = /check/admin { mfa admin; mfa_check; }
    location = /check/if { if ($arg_a) { set $b 1; } mfa_check; }
    location = /check/limit { limit_except GET { deny all; } mfa_check; }
    location = /check/report { mfa_report on; mfa_check; }
    location = /check/inside { internal; mfa_check; }
    location /check/error { error_page 401 = @page; mfa_check; }
    location @page { mfa off; return 200 page; }
    location /app/ { mfa off; auth_request /check/inside; proxy_pass SITE; }
    location / { proxy_pass SITE; }
    location /mfa/ { mfa_pages; }
    location /adm/ { mfa admin; mfa_pages; }
}
EOC

$servers =~ s/\bSITE\b/$site/g;

mkdir "$dir/alone";
my $nginx = MFA::Nginx->start("$dir/alone", http =>
    $env->conf(user => 'grace 7d;', admin => 'require all; pages /adm/;')
    . "mfa_cache off;\n$servers");

$env->account('user', 'alice', role => 'manager', name => 'Älice "A"');
$env->account('user', 'bob', MFA::Env::factor(role => '', email => ''));
$env->account('user', 'new', required => 1, deadline => 0);
$env->account('user', 'late', required => 1, deadline => $now - 10);
$env->account('user', 'gone', disabled => 1);
$env->account('admin', 'root', MFA::Env::factor());

my $alice = $env->cookie('user', 'alice');
my $bob   = $env->cookie('user', 'bob', level => 2, code_at => $now - 1000);
my $half  = $env->cookie('user', 'bob', level => 1);
my $new   = $env->cookie('user', 'new');
my $late  = $env->cookie('user', 'late');
my $gone  = $env->cookie('user', 'gone');
my $root  = $env->cookie('admin', 'root', level => 2);

my @navigation = ('Accept: text/html', 'Sec-Fetch-Mode: navigate',
                  'Sec-Fetch-Dest: document');


sub header { return $nginx->header(@_) }

sub identity {
    my ($answer, $prefix) = @_;

    return join '|', sort grep { /^\Q$prefix\E/i } split /\r\n/, $answer->{head};
}


# --- yes ---

for my $method (qw(GET HEAD POST PUT DELETE OPTIONS PROPFIND)) {
    my $answer = $nginx->request($method, '/check', "Cookie: $alice",
                                 'Content-Length: 0');

    is($answer->{status}, 204, "$method with a session: 204");
    is($answer->{body}, '', "$method: and no body");
    is(identity($answer, 'Remote-'),
       'Remote-Email: alice@example.com|Remote-Level: password|'
       . 'Remote-Name: Älice "A"|Remote-Portal: user|Remote-Role: manager|'
       . 'Remote-User: alice', "$method: with who it is (feature 100-15)");
}

my $answer = $nginx->get('/check', "Cookie: $bob", @navigation);
is($answer->{status}, 204, 'a navigation with a session: 204');
is(identity($answer, 'Remote-'),
   'Remote-Level: mfa|Remote-Name: Name of bob|Remote-Portal: user|'
   . 'Remote-User: bob', 'what an account does not have is not sent');
is(header($answer, 'Cache-Control'), 'no-store', 'nobody may keep the answer');
is(header($answer, 'Content-Type') . header($answer, 'Set-Cookie')
   . header($answer, 'Location') . header($answer, 'Mfa-Location'), '',
   'and there is nothing else in it');

is(identity($nginx->get('/check/prefix', "Cookie: $bob"), 'X-Auth-'),
   'X-Auth-Level: mfa|X-Auth-Name: Name of bob|X-Auth-Portal: user|'
   . 'X-Auth-User: bob', 'the location says how the headers are called');

$answer = $nginx->get('/check/none', "Cookie: $bob", 'Remote-User: root');
is($answer->{status} . identity($answer, 'Remote-'), 204,
   'a location without identity headers answers with none');

is(identity($nginx->get('/check/admin', "Cookie: $root; $alice"),
            'Remote-User'), 'Remote-User: root',
   'each portal answers for its own account');

for my $bad ("a\r\nRemote-User: root", "a\0b", "\xff") {
    $env->account('user', 'mallory', name => $bad, role => $bad, email => $bad);
    $answer = $nginx->get('/check', 'Cookie: ' . $env->cookie('user', 'mallory'));
    is(identity($answer, 'Remote-'),
       'Remote-Level: password|Remote-Portal: user|Remote-User: mallory',
       'a stored name with a control byte begins no header (security 52)');
}

for my $path ('/check/if?a=1', '/check/if', '/check/limit', '/check/password') {
    is($nginx->get($path, "Cookie: $alice")->{status}, 204,
       "$path answers as well (nginx trap 51)");
    is($nginx->get($path)->{status}, 401, "$path refuses as well");
}


# --- no ---

for my $case ([ '/check',        '',                401, 'login' ],
              [ '/check',        'Cookie: mfa_user=AAAA', 401, 'login' ],
              [ '/check',        "Cookie: $root",   401, 'login' ],
              [ '/check',        "Cookie: $half",   401, 'code' ],
              [ '/check/fresh',  "Cookie: $bob",    401, 'code' ],
              [ '/check/always', "Cookie: $alice",  401, 'enrol' ],
              [ '/check',        "Cookie: $new",    401, 'enrol' ],
              [ '/check',        "Cookie: $late",   403, 'locked' ],
              [ '/check',        "Cookie: $gone",   403, 'blocked' ])
{
    my ($path, $cookie, $status, $page) = @$case;

    for my $kind ([ 'XHR', 'Sec-Fetch-Mode: cors' ],
                  [ 'navigation', @navigation ])
    {
        my ($what, @headers) = @$kind;

        $answer = $nginx->get($path, $cookie || 'A: b', @headers,
                              'X-Original-URI: /list?a=1&b=/x');

        is($answer->{status}, $status,
           "$path, $page, $what: $status, never a redirect (security 61)");
        is(header($answer, 'Content-Type'),
           'application/problem+json; charset=utf-8',
           "$path, $page, $what: never a page");
        is(header($answer, 'Location') . identity($answer, 'Remote-'), '',
           "$path, $page, $what: no way to follow and nobody named");
        is(header($answer, 'Mfa-Location'),
           "/mfa/$page?next=/list%3Fa%3D1%26b%3D/x",
           "$path, $page, $what: the proxy is told where the user goes");
        like($answer->{body}, qr{"status":$status,.*"page":"/mfa/$page"},
             "$path, $page, $what: the problem says so, too");
    }
}

is($nginx->get('/check/error')->{status}, 401,
   'error_page does not turn a no into something else (security 59)');

# A body is announced and not sent: whoever waits for it waits for ever.
$answer = $nginx->send("POST /check HTTP/1.1\r\nHost: x\r\nCookie: $alice\r\n"
    . "Content-Length: 100000\r\nExpect: 100-continue\r\n\r\n", 5);
is($answer->{status}, 204, 'no body is waited for (security 72)');
unlike($answer->{raw}, qr/100 Continue/, 'nor asked for');


# --- the return URL, and nothing but that ---

for my $case ([ '/a/b?c=d',             '?next=/a/b%3Fc%3Dd' ],
              [ '/',                    '' ],
              [ '',                     '' ],
              [ '//evil.example',       '' ],
              [ '/\\evil.example',      '' ],
              [ '/%2f%2fevil.example',  '' ],
              [ '/%5cevil.example',     '' ],
              [ '/@evil.example',       '' ],
              [ 'https://evil.example', '' ],
              [ 'javascript:alert(1)',  '' ],
              [ '/a%0d%0aSet-Cookie:x', '' ],
              [ "/a\tb",                '' ],
              [ '/' . 'a' x 3000,       '' ])
{
    my ($uri, $expected) = @$case;

    for my $name ('X-Original-URI', 'X-Forwarded-Uri') {
        is(header($nginx->get('/check', "$name: $uri"), 'Mfa-Location'),
           "/mfa/login$expected",
           "$name leads back to the site or nowhere (security 51): "
           . substr $uri, 0, 40);
    }
}

is(header($nginx->get('/check', 'X-Original-URI: /b', 'X-Forwarded-Uri: /a'),
          'Mfa-Location'), '/mfa/login?next=/a',
   'of both, X-Forwarded-Uri is read');
is(header($nginx->get('/check?next=/x', 'X-Forwarded-Host: evil'),
          'Mfa-Location'), '/mfa/login',
   'the check\'s own query is no return URL, and no host is taken (security 55)');

for my $claim ('X-Original-URI: /mfa/login', 'X-Original-URI: /public',
               'X-Forwarded-Uri: /health', 'X-Forwarded-Method: OPTIONS',
               'X-Original-Method: OPTIONS', 'Remote-User: alice',
               'X-Forwarded-For: 127.0.0.1', 'X-Rewrite-Url: /mfa/')
{
    is($nginx->get('/check', $claim)->{status}, 401,
       "what the proxy says decides nothing (security 65): $claim");
}


# --- under mfa_report ---

is(identity($nginx->get('/check/report', "Cookie: $alice"), 'Remote-User'),
   'Remote-User: alice', 'a check that only reports names who may');
$answer = $nginx->get('/check/report', "Cookie: $half");
is($answer->{status} . identity($answer, 'Remote-'), 204,
   'and stops nobody who may not, but names nobody');


# --- as a subrequest of the same nginx ---

for my $case ([ "Cookie: $alice", 200 ], [ "Cookie: $half", 401 ],
              [ "Cookie: $late", 403 ], [ 'A: b', 401 ])
{
    my ($cookie, $status) = @$case;

    $upstream->forget;
    is($nginx->get('/app/x', $cookie)->{status}, $status,
       "auth_request to a check in the same nginx: $status");
    is(!!($upstream->seen), $status == 200,
       'and the site is asked only when it may');
}

is($nginx->get('/check/inside', "Cookie: $alice")->{status}, 404,
   'an internal check is none to others');


# --- could not tell ---

$env->redis->freeze;
$answer = $nginx->get('/check', "Cookie: $alice", @navigation);
$env->redis->thaw;
is($answer->{status}, 503, 'a store that does not answer: 503 (security 115)');
isnt(header($answer, 'Retry-After'), '', 'with a time to come back');
is(header($answer, 'Content-Type'), 'application/problem+json; charset=utf-8',
   'and no page');
is(header($answer, 'Set-Cookie') . header($answer, 'Mfa-Location'), '',
   'nobody is logged out or sent away');

for (1 .. 100) {
    last if $nginx->get('/check', "Cookie: $alice")->{status} == 204;
    select undef, undef, undef, 0.1;
}

is($nginx->get('/check', "Cookie: $alice")->{status}, 204,
   'when it answers again, so does the check');
is(join("\n", $nginx->stop), '', 'the error log is clean');


# --- nginx -t ---

my $judge = MFA::Judge->new($env);

$judge->accepted('mfa_check in a gated location', server =>
    'location = /check { mfa user; mfa_check; } '
    . 'location /mfa/ { mfa user; mfa_pages; }');
$judge->accepted('mfa_check below a gated server',
    server => 'mfa user; location /mfa/ { mfa_pages; } '
    . 'location = /check { if ($arg_a) { set $b 1; } mfa_check; }');
$judge->refused('mfa_check without a gate', '"mfa_check" in a place without a gate',
    server => 'location = /check { mfa_check; # HERE' . "\n}");
$judge->refused('mfa_check under mfa off', '"mfa_check" in a place without a gate',
    server => "mfa user;\nlocation /mfa/ { mfa_pages; }\n"
    . "location = /check { mfa off; mfa_check; # HERE\n}");
$judge->refused('mfa_check beside another handler', 'another handler takes the place',
    server => "mfa user;\nlocation /mfa/ { mfa_pages; }\n"
    . "location = /check { mfa_check; # HERE\n proxy_pass http://127.0.0.1:9; }");
$judge->refused('mfa_check after another handler', 'already has a handler',
    server => "mfa user;\nlocation /mfa/ { mfa_pages; }\n"
    . "location = /check { proxy_pass http://127.0.0.1:9;\n mfa_check; # HERE\n}");
$judge->refused('mfa_check where the pages are', 'already has a handler',
    server => "mfa user;\nlocation /mfa/ { mfa_pages;\nmfa_check; # HERE\n}");
$judge->refused('mfa_check twice', '"mfa_check" directive is duplicate',
    server => "mfa user;\nlocation /mfa/ { mfa_pages; }\n"
    . "location = /check { mfa_check;\nmfa_check; # HERE\n}");
$judge->refused('mfa_check in a server', '"mfa_check" directive is not allowed here',
    server => "mfa user;\nlocation /mfa/ { mfa_pages; }\nmfa_check; # HERE");
$judge->refused('mfa_check with a parameter', 'invalid number of arguments',
    server => "mfa user;\nlocation /mfa/ { mfa_pages; }\n"
    . "location = /check { mfa_check user; # HERE\n}");

my ($status, $said) = MFA::Nginx::judge($dir, $judge->configuration(server =>
    "mfa user;\nlocation /mfa/ { mfa_pages; }\n"
    . 'location = /check { if ($arg_a) { mfa off; } mfa_check; }'));
isnt($status, 0, 'refused: "mfa off" in a block inside a check');
like($said, qr/"mfa off" inside a location with "mfa_check"/, 'and says why');


# --- the example: a front without the module ---

my ($auth_port, $front_port) = MFA::Nginx::free_ports(2);

sub example {
    my ($name) = @_;

    my $text = MFA::Nginx::read_file(
        "$MFA::Env::ROOT/examples/forward-auth/$name");

    $text = $1 if $text =~ /^http \{\n(.*)^\}/ms;
    $text =~ s/127\.0\.0\.1:8082/127.0.0.1:$auth_port/g;
    $text =~ s/127\.0\.0\.1:8081/127.0.0.1:$front_port/g;
    $text =~ s/127\.0\.0\.1:8083/unix:@{[ $upstream->socket ]}/g;
    $text =~ s/^ *access_log .*//mg;
    $text =~ s/^( *server \{)/server { listen LISTEN; location \/ { return 404; } }\n$1/m;

    return $text;
}


my $portals = MFA::Nginx::read_file(
    "$MFA::Env::ROOT/examples/forward-auth/mfa.conf");
$portals =~ s{unix:/\S+\.sock}{'unix:' . $env->socket}e;
$portals =~ s{/etc/nginx/mfa/keys}{$env->keys_file}e;
$portals .= 'mfa_templates ' . MFA::Env::templates() . ";\n";

mkdir "$dir/$_" for 'auth', 'front';

my $auth = MFA::Nginx->start("$dir/auth",
    http => example('auth.conf') =~ s/^ *include  mfa\.conf;/$portals/mr);
my $front = MFA::Nginx->start("$dir/front", http => example('front.conf'));

my $password = 'correct horse battery';
$env->account('user', 'carol', name => 'Carol', role => 'manager',
    password => crypt($password, '$5$rounds=1000$checkssalt$'));

my %from_page = ('Sec-Fetch-Mode' => 'navigate', Accept => 'text/html');
my $browser = MFA::Browser->new(port => $front_port, address => '127.0.0.5',
                                headers => { %from_page });

$upstream->forget;
my $page = $browser->get('/list?a=1');
is($page->status, 303, 'a stranger at the front is led away');
is($page->location, '/mfa/login?next=/list%3Fa%3D1',
   'to the login page, on the very host, with the way back');
is($upstream->seen, '', 'the site is not asked');

$page = $browser->get($page->location);
is($page->page, 'login', 'the front shows the login page');

$page = $browser->submit('/mfa/login', '/mfa/login', login => 'carol',
                         password => 'wrong', next => '/list?a=1');
is($page->status, 401, 'a wrong password is refused');
$page = $browser->submit('/mfa/login', '/mfa/login', login => 'carol',
                         password => $password, next => '/list?a=1');
is($page->status, 303, 'the right one is taken');
is($page->location, '/list?a=1', 'and leads back');

my @known = @{ $env->redis->call('KEYS', 'mfa:known:*') };
is("@known", 'mfa:known:user:carol:127.0.0.5',
   'the client\'s address is the one the front names');

$upstream->forget;
$browser->{headers} = { %from_page, 'Remote-User' => 'root',
    'Remote_Role' => 'administrator', 'remote-level' => 'mfa',
    'Remote-Portal' => 'admin', 'X-Forwarded-Uri' => '/evil' };
$browser->{cookies}{app} = 'x';
$page = $browser->get('/list?a=1');
is($page->status, 200, 'the session passes the front');
is(join('|', sort $upstream->seen =~ /^(remote\S+ [^\r]*)/mig),
   'Remote-Email: carol@example.com|Remote-Level: password|'
   . 'Remote-Name: Carol|Remote-Portal: user|Remote-Role: manager|'
   . 'Remote-User: carol',
   'the site gets the identity the check gave, and no forged one (security 75)');
unlike($upstream->seen, qr/mfa_user/,
       'the session cookie stays at the front (security 46)');
like($upstream->seen, qr/^Cookie: .*app=x/m, 'the application\'s own does not');

$upstream->forget;
my %kept = %{ $browser->{cookies} };
$browser->{cookies}{mfa_user_device} = 'x' x 43;
$browser->get('/list');
unlike($upstream->seen, qr/mfa_user/, '- nor do the gate\'s other cookies pass');
like($upstream->seen, qr/^Cookie: (?:.*; )?app=x/m, '- the application\'s does');

$upstream->forget;
$browser->{cookies}{'__Host-mfa_user'} = 'x' x 43;
$browser->get('/list');
unlike($upstream->seen, qr/mfa_user/, '- nor those of https');
%{ $browser->{cookies} } = %kept;

is($browser->get('/list')->status, 200, 'again');
$env->account('user', 'carol', disabled => 1);
is($browser->get('/list')->location, '/mfa/blocked?next=/list',
   'disabling an account holds at once (security 33)');
$env->account('user', 'carol', MFA::Env::factor());
is($browser->get('/list')->location, '/mfa/code?next=/list',
   'where a code is due, its page is shown');

for my $case ([ 'an XHR', 'GET', 'Sec-Fetch-Mode: cors', 401 ],
              [ 'a tool', 'GET', 'A: b', 401 ],
              [ 'a POST of a page', 'POST', 'Sec-Fetch-Mode: navigate', 401 ])
{
    my ($what, $method, $line, $expected) = @$case;

    $upstream->forget;
    my $bare = MFA::Browser->new(port => $front_port,
        headers => { split /: /, $line });
    $page = $method eq 'GET' ? $bare->get('/x') : $bare->post('/x', [ a => 1 ]);
    is($page->status, $expected, "$what without a session: $expected");
    is($page->location // '', '', "$what is led nowhere");
    is($upstream->seen, '', "$what does not reach the site");
}

is(MFA::Browser->new(port => $front_port)->get('/check')->status, 404,
   'nobody asks the check through the front');

# Lockout: the front is told 403, and says so to what is no navigation.
$env->account('user', 'late', required => 1, deadline => $now - 10);
my $locked = MFA::Browser->new(port => $front_port, headers =>
    { Cookie => $env->cookie('user', 'late') });
is($locked->get('/x')->status, 403, 'an account locked out: 403');

$env->redis->freeze;
$page = MFA::Browser->new(port => $front_port, headers => {
    %from_page, Cookie => $alice })->get('/x');
$env->redis->thaw;
is($page->status, 503, 'a store that does not answer: 503 at the front, too');
is($page->header('Retry-After'), 2, 'with a time to come back');

is(join("\n", $auth->stop, $front->stop), '', 'the error logs are clean');

done_testing;
