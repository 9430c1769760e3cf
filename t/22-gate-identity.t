# What crosses the gate: the site behind it gets the identity the gate has proved,
# never one a client claims, never our cookies, and every other byte as it came.
# Fails when a forged Remote-User reaches a site (security 75), when a session
# cookie leaks to it (46), when a site can set our cookie, and when a stored name
# smuggles a header.
#
# Plain Perl and a site that echoes raw bytes, because nginx's own variables read
# "Remote_User" and "Remote-User" as one.

use strict;
use warnings;

use Test::More;

use MFA::Env;
use MFA::Nginx;
use MFA::Upstream;

my $env      = MFA::Env->start;
my $upstream = MFA::Upstream->start($env->dir);
my $site     = 'http://unix:' . $upstream->socket . ':';

my $conf = $env->conf(user  => 'grace 7d;',
                      admin => 'require all; grace 0; pages /adm/;')
    . <<'EOC';
log_format mfa '$uri|$mfa_user|$mfa_email|$mfa_name|$mfa_role|$mfa_portal|$mfa_level|$mfa_verdict|$mfa_grace_left|$mfa_code_age|$mfa_session';
map $mfa_role $is_manager { manager yes; default no; }
underscores_in_headers on;
ignore_invalid_headers off;

server {
    listen LISTEN;
    access_log DIR/access.log mfa;
    mfa user;
    error_page 400 /off/error;

    location / { proxy_pass SITE; }
    location /off/ { mfa off; proxy_pass SITE; }
    location /mfa/ { mfa_pages; }
    location /own/ {
        proxy_set_header X-Own "$mfa_user,$mfa_level,$mfa_role,$is_manager";
        proxy_set_header Host $host;
        proxy_pass SITE;
    }
    location /replaced/ {
        proxy_set_header Remote-User "own:$mfa_user";
        proxy_set_header Remote-Role "";
        proxy_pass SITE;
    }
    location /prefix/ { mfa_identity_headers X-Auth-; proxy_pass SITE; }
    location /none/ { mfa_identity_headers off; proxy_pass SITE; }
    location /named/ {
        add_header X-Name "$mfa_name" always;
        proxy_set_header X-Name $mfa_name;
        proxy_pass SITE;
    }
    location /answer/ {
        add_header X-Who "$mfa_user $mfa_verdict" always;
        proxy_pass SITE;
    }
    location /early/ {
        set $early "[$mfa_user]";
        if ($mfa_user = "") { set $guest yes; }
        add_header X-Early $early;
        add_header X-Late $mfa_user;
        proxy_pass SITE;
    }
    location /fcgi/ {
        fastcgi_pass unix:DIR/fcgi.sock;
        fastcgi_param SCRIPT_NAME x;
    }
    location /ssi/ { mfa off; ssi on; root DIR; }
    location /both/ { ssi on; root DIR; }
    location /inner/ { proxy_pass SITE; }
    location /admin/ { mfa admin; proxy_pass SITE; }
    location /adm/ { mfa admin; mfa_pages; }
    location /twice/ { proxy_pass SITE; error_page 404 = @again; proxy_intercept_errors on; }
    location @again { rewrite ^ /again? break; proxy_pass SITE; }
    location /toopen/ { error_page 404 = @open; proxy_intercept_errors on; proxy_pass SITE; }
    location @open { mfa off; rewrite ^ /open? break; proxy_pass SITE; }
    location /auth/ { mfa off; auth_request /inner/; proxy_pass SITE; }
}

server {
    listen unix:DIR/other.sock;
    mfa user;
    mfa_identity_headers off;
    location / { proxy_pass SITE; }
    location /mfa/ { mfa_pages; }
}
EOC

my $dir = $env->dir;

mkdir "$dir/both";
$env->file('both/p.html', '<!--#include virtual="/admin/x" wait="yes" -->'
           . '<!--#include virtual="/own/x" wait="yes" -->');
mkdir "$dir/ssi";
$env->file('ssi/p.html', "a<!--#include virtual=\"/inner/x\" -->z");

$conf =~ s/\bSITE\b/$site/g;
$conf =~ s/\bDIR\b/$dir/g;

my $nginx = MFA::Nginx->start($dir, http => $conf);

$env->account('user', 'alice', role => 'manager', email => 'alice@example.com',
              name => 'Älice "A" <b>');
$env->account('user', 'bob', MFA::Env::factor(role => '', email => ''));
$env->account('admin', 'root', MFA::Env::factor);

my $now   = time;
my $alice = $env->cookie('user', 'alice');
my $bob   = $env->cookie('user', 'bob', level => 2, code_at => $now - 100);
my $root  = $env->cookie('admin', 'root', level => 2);

# The header lines of an echoed request whose names, read as loosely as the
# loosest site may, begin with a prefix.
sub lines {
    my ($answer, $prefix) = @_;

    return join '|', sort grep { tr/_A-Z/-a-z/r =~ /^\Q$prefix\E/ }
        split /\r\n/, $answer->{body} =~ s/\A.*?\r\n//sr =~ s/\r\n\r\n.*//sr;
}


# --- identity of a session ---

my $answer = $nginx->get('/x', "Cookie: $alice");

is($answer->{status}, 200, 'a session passes');
is(lines($answer, 'remote-'),
   'Remote-Email: alice@example.com|Remote-Level: password|'
   . 'Remote-Name: Älice "A" <b>|Remote-Portal: user|Remote-Role: manager|'
   . 'Remote-User: alice',
   'the site gets the identity of the account (security 75)');

$answer = $nginx->get('/x', "Cookie: $bob");
is(lines($answer, 'remote-'),
   'Remote-Level: mfa|Remote-Name: Name of bob|Remote-Portal: user|'
   . 'Remote-User: bob', 'what an account does not have is not sent');


# --- forged copies ---

my @forged = map { "$_: forged" }
    'Remote-User', 'remote-user', 'REMOTE-USER', 'Remote_User', 'remote_USER',
    'Remote-User', 'Remote-Email', 'Remote_Email', 'Remote-Name', 'Remote-Role',
    'REMOTE_ROLE', 'Remote-Portal', 'Remote-Level', 'Remote_Level',
    'X-Auth-User', 'X_Auth_Role', 'x-auth_email';

for my $case ([ '/x',        $alice, 'a gated location' ],
              [ '/own/',     $alice, 'a location with its own proxy_set_header' ],
              [ '/prefix/',  $alice, 'a location with a prefix of its own' ],
              [ '/none/',    $alice, 'a location without identity headers' ],
              [ '/off/',     '',     'a location with the gate off' ],
              [ '/off/',     $alice, 'a location with the gate off, with a session' ],
              [ '/twice/?status=404', $alice, 'a named location after an error' ],
              [ '/toopen/?status=404', $alice, 'an open named location after a gated one' ],
              [ '/auth/',    $alice, 'a location behind a gated auth_request' ],
              [ '/ssi/p.html', $alice, 'a gated subrequest of an open page' ])
{
    my ($path, $cookie, $what) = @$case;

    $upstream->forget;
    $answer = $nginx->get($path, "Cookie: $cookie", @forged);

    is($answer->{status}, 200, "forged identity, $what: an answer");
    like($upstream->seen, qr/\r\n\r\n/, "forged identity, $what: the site was asked");
    unlike($upstream->seen, qr/forged/,
           "forged identity does not reach $what (security 75)");
}

for my $method ('OPTIONS', 'POST', 'HEAD') {
    $upstream->forget;
    $nginx->request($method, '/off/x', 'Content-Length: 0', @forged);
    like($upstream->seen, qr/^$method/, "$method of an open location arrives");
    unlike($upstream->seen, qr/forged/,
           "forged identity does not come along with $method (security 75)");
}

$upstream->forget;
my $other = MFA::Nginx::send({ socket => "$dir/other.sock" },
    join "\r\n", 'GET / HTTP/1.1', 'Host: x', 'Connection: close',
    "Cookie: $alice", @forged, '', '');
is($other->{status}, 200, 'a server that sends no identity answers');
unlike($upstream->seen, qr/forged/,
       'forged identity does not reach a server that sends none (security 75)');

$answer = $nginx->get('/off/', 'Remote-Users: a', 'XRemote-User: b',
                      'Remote-Use: c', 'X-Remote-User: d', 'Remote: e');
is(lines($answer, 'remote') . '|' . lines($answer, 'x'),
   'Remote-Use: c|Remote-Users: a|Remote: e|X-Remote-User: d|XRemote-User: b',
   'headers with other names stay');


# --- where identity is sent, and how ---

$answer = $nginx->get('/own/', "Cookie: $alice", 'X-Own: forged');
is(lines($answer, 'remote-user'), 'Remote-User: alice',
   'identity is sent where a location sets its own headers (security 75)');
is(lines($answer, 'x-own'), 'X-Own: alice,password,manager,yes',
   'variables have their values in proxy_set_header and in a map');

$answer = $nginx->get('/replaced/', "Cookie: $alice");
is(lines($answer, 'remote-user'), 'Remote-User: own:alice',
   'a location may replace an identity header by its own');
is(lines($answer, 'remote-role'), '', 'a location may leave one out');

$answer = $nginx->get('/prefix/', "Cookie: $alice");
is(lines($answer, 'x-auth-'),
   'X-Auth-Email: alice@example.com|X-Auth-Level: password|'
   . 'X-Auth-Name: Älice "A" <b>|X-Auth-Portal: user|X-Auth-Role: manager|'
   . 'X-Auth-User: alice', 'mfa_identity_headers PREFIX names them');
is(lines($answer, 'remote-'), '', 'and no others are sent');

is(lines($nginx->get('/none/', "Cookie: $alice"), 'remote-'), '',
   'mfa_identity_headers off sends none');
is(lines($nginx->get('/off/', "Cookie: $alice"), 'remote-'), '',
   'a location with the gate off sends none');
is(lines($nginx->get('/toopen/?status=404', "Cookie: $alice"), 'remote-'), '',
   'an open location sends none after a gated one of the same request');
is(lines($nginx->get('/admin/', "Cookie: $root; $alice"), 'remote-'),
   'Remote-Email: root@example.com|Remote-Level: mfa|Remote-Name: Name of root|'
   . 'Remote-Portal: admin|Remote-User: root',
   'each portal sends its own account');

$answer = $nginx->get('/twice/?status=404', "Cookie: $alice");
is(lines($answer, 'remote-user'), 'Remote-User: alice',
   'identity is sent once after an internal redirect');

# A record somebody wrote past the module.
for my $bad ("a\r\nRemote-User: root", "a\nX: y", "a\0b", "a\x7fb", "a\tb") {
    $env->account('user', 'mallory', name => $bad, role => $bad, email => $bad);
    $answer = $nginx->get('/x', 'Cookie: ' . $env->cookie('user', 'mallory'));

    is(lines($answer, 'remote-'),
       'Remote-Level: password|Remote-Portal: user|Remote-User: mallory',
       'a stored name with a control byte is not sent (security 52, 75)');
    unlike($answer->{body}, qr/root|X: y/, 'and makes no header of its own');
}


# --- cookies upstream ---

for my $case ([ $alice,                                 undef ],
              [ "a=b; $alice",                          'a=b' ],
              [ "$alice; a=b",                          'a=b' ],
              [ "a=b; $alice; c=d",                     'a=b; c=d' ],
              [ "mfa_user_login=x; $alice; a=b",        'a=b' ],
              [ "__Host-mfa_user=x; $alice; a=b",       'a=b' ],
              [ "__Host-mfa_admin_login=x; $alice",     undef ],
              [ "mfa_admin=x; $alice; mfa_user2=y",     'mfa_user2=y' ],
              [ "a=\"x, y\"; $alice; b= c ; d==e=; f",  'a="x, y"; b= c ; d==e=; f' ],
              [ "ä=ö; $alice; x=%20%3b",                'ä=ö; x=%20%3b' ])
{
    my ($cookies, $left) = @$case;

    $answer = $nginx->get('/x', "Cookie: $cookies");
    is($answer->{status}, 200, 'a session among other cookies passes');
    is(lines($answer, 'cookie'), defined $left ? "Cookie: $left" : '',
       'ours are taken out, others stay as they are (security 46): '
       . ($left // 'none'));
}

for my $cookies ('a=b;  c=d', 'a="x, y"; b=c;', ';;a=b', 'a', 'a=b;c=d') {
    is(lines($nginx->get('/off/', "Cookie: $cookies"), 'cookie'),
       "Cookie: $cookies", "a line without ours stays byte for byte: $cookies");
}

for my $disguise ('MFA_user=x', 'Mfa_User=x', ' mfa_user=x',
                  "mfa_user\t=x", 'mfa_user=x; mfa_user=y', 'mfa_user',
                  '__HOST-MFA_USER=x')
{
    $answer = $nginx->get('/off/', "Cookie: a=b; $disguise; c=d");
    is(lines($answer, 'cookie'), 'Cookie: a=b; c=d',
       "a disguised one does not pass either (security 46): $disguise");
}

$answer = $nginx->get('/off/', "Cookie: $alice", 'Cookie: a=b', "cookie: $bob");
is(lines($answer, 'cookie'), 'Cookie: a=b',
   'every Cookie line is cleaned (security 46)');

$upstream->forget;
$nginx->get('/ssi/p.html', "Cookie: $alice; a=b");
unlike($upstream->seen, qr/mfa_user/, 'nor does a subrequest show ours');


# --- cookies from upstream ---

sub set_cookies {
    my ($path, @cookies) = @_;

    my $query = join '&', map {
        'head=' . "Set-Cookie: $_" =~ s/([^A-Za-z0-9])/sprintf '%%%02x', ord $1/ger
    } @cookies;

    return $nginx->header($nginx->get("$path?$query", "Cookie: $alice"),
                          'Set-Cookie');
}


for my $path ('/x', '/off/') {
    is(set_cookies($path, 'a=1', 'mfa_user=evil; Path=/', 'b=2; Secure',
                   '__Host-mfa_user=evil', 'mfa_user_login=evil',
                   '__Host-mfa_admin=evil', 'mfa_admin_login=evil', 'mfa_users=3'),
       "a=1\nb=2; Secure\nmfa_users=3",
       "a site below $path cannot set our cookies, others it can (security 46)");

    for my $evil ('MFA_USER=evil', ' mfa_user=evil', 'mfa_user =evil',
                  '=mfa_user=evil', '; mfa_user=evil', "\tmfa_user=evil")
    {
        unlike(set_cookies($path, $evil), qr/\A[\s=]*mfa_user *=/i,
               "nor in disguise below $path: $evil");
    }
}


# --- variables ---

is($nginx->header($nginx->get('/answer/', "Cookie: $alice"), 'X-Who'),
   'alice allow', 'variables have their values in add_header');
is($nginx->header($nginx->get('/answer/'), 'X-Who'), 'login',
   'a verdict against a stranger is known to add_header');

$answer = $nginx->get('/early/', "Cookie: $alice");
is($nginx->header($answer, 'X-Early'), '[]',
   'before the gate a variable is empty');
is($nginx->header($answer, 'X-Late'), 'alice',
   'and its early use does not freeze it');

$nginx->get('/log/1', "Cookie: $bob");
$nginx->get('/log/2');
$nginx->get('/off/log3', "Cookie: $bob");
$nginx->get('/log/4', "Cookie: $alice");
$env->account('user', 'dora', required => 1, deadline => $now + 5000);
$nginx->get('/log/5', 'Cookie: ' . $env->cookie('user', 'dora'));

my $log = MFA::Nginx::read_file("$dir/access.log");

like($log, qr{^/log/1\|bob\|\|Name of bob\|\|user\|mfa\|allow\|\|10\d\|[\w-]{12}$}m,
     'the log shows who passed, and how long ago the code was');
like($log, qr{^/log/2\|\|\|\|\|\|none\|login\|\|\|$}m,
     'the log shows that a stranger was asked to log in');
like($log, qr{^/off/log3\|\|\|\|\|\|\|off\|\|\|$}m,
     'the log shows where the gate is off');
like($log, qr{^/log/4\|alice\|alice\@example\.com\|[^|]+\|manager\|user\|password\|allow\|}m,
     'the log shows the level');
like($log, qr{^/log/5\|dora\|[^|]*\|[^|]*\|\|user\|password\|enrol\|(?:49\d\d|5000)\|\|[\w-]{12}$}m,
     'the log shows how much of the grace is left');

# A page of one portal that includes one of another.
$upstream->forget;
$nginx->get('/both/p.html', "Cookie: $alice; $root");
$nginx->get('/both/p.html?2', "Cookie: $alice");
$nginx->get('/ssi/p.html', "Cookie: $alice");
like($upstream->seen, qr/^Remote-User: root\r.*^X-Own: alice,password,/ms,
     'subrequests into two portals show each its own account');
$log = MFA::Nginx::read_file("$dir/access.log");
is(() = $log =~ m{^/both/p\.html\|alice\|.*\|user\|password\|allow\|}mg, 2,
   'the log shows the verdict on the page, not on what it includes');
like($log, qr{^/ssi/p\.html\|\|\|\|\|\|\|off\|}m,
     'the log of an open page shows no verdict on what it includes');

my ($reference) = $log =~ m{^/log/1\|.*\|([\w-]{12})$}m;
ok(defined $reference && index($bob, $reference) < 0,
   '$mfa_session is no part of the cookie (security 29)');
unlike($log . $nginx->log, qr/\Q${\($bob =~ s,^.*?=,,r)}\E/,
       'no log holds a cookie of ours (security 144)');


# --- what never passed the first phase ---

for my $broken ("Content-Length: abc", "Host: a\r\nHost: b") {
    $upstream->forget;
    $nginx->send(join "\r\n", 'GET /x HTTP/1.1', 'Host: localhost',
                 'Remote-User: root', 'Remote_Role: administrator',
                 "Cookie: $alice; a=1", $broken, 'Connection: close', '', '');
    like($upstream->seen, qr{^GET /off/error}m,
         'a request that fails early is shown an ungated page');
    unlike($upstream->seen, qr/remote.user|remote.role|mfa_user/i,
           'but takes neither forged identity nor our cookie there '
           . '(security 46, 71, 75)');
}


# --- a line break in the store ---

$env->account('user', 'crlf', name => "X\r\nRemote-Role: administrator\r\nX-Y: z");
$upstream->forget;
$answer = $nginx->get('/named/x', 'Cookie: ' . $env->cookie('user', 'crlf'));
is($answer->{status}, 200, 'an account with a line break in its name gets in');
unlike($upstream->seen . $answer->{head}, qr/administrator|X-Y/i,
       'which begins no header, in neither direction (security 52)');


# --- paths that an upstream may read as others ---

for my $path ('/off/..;/x', '/off/..%5cx', '/off/..%252fx', '/off/%252e%252e/x',
              '/off/a%2f..%2f..%3b/x')
{
    $upstream->forget;
    is($nginx->get($path)->{status}, 400, "$path is refused (security 65)");
    unlike($upstream->seen, qr{^GET /off/(?!error)}m, 'and reaches nobody');
}

for my $path ('/off/a;b=1/x', '/off/100%25', '/off/a%2fb', '/off/x?y=/..;/') {
    is($nginx->get($path)->{status}, 200, "$path is not");
}

is(join("\n", $nginx->stop), '', 'the error log is clean');

done_testing;
