# What a request is taken for, and how it is answered: every method is gated, only
# a navigation is ever redirected, and a cookie counts only when it is ours to the
# byte.  Fails when a script is sent a login page, when a POST is redirected and
# loses its body, when a planted or disguised cookie opens a session, and when an
# answer of the module goes out without its headers.

use strict;
use warnings;

use Test::Nginx::Socket;
use MFA::Blocks;

our ($env, $upstream) = MFA::Blocks::stage(
    user   => 'grace 7d; cookie secure=auto;',
    admin  => 'require all; grace 0; pages /adm/; cookie secure=auto;',
    strict => 'pages /strict/; cookie secure=on;',
    named  => 'pages /named/; cookie name=sid secure=auto;',
);

$env->account($_, 'alice') for qw(user admin strict named);
$env->account('user', 'bob');
$env->account('admin', 'root', MFA::Env::factor);

our $token  = $env->session('user', 'alice');
our $bob    = $env->session('user', 'bob');
our $strict = $env->session('strict', 'alice');
our $named  = $env->session('named', 'alice');
our $root   = $env->session('admin', 'root', level => 2);
our $alice  = "Cookie: mfa_user=$token";
our $login  = 'Location: /mfa/login?next=/app';

# Pieces of a cookie's value, for values that are almost right.
our ($id, $mask) = split /\./, $token;

# More lines than the first part of nginx's header list takes.
our $many = join "\r\n", map({ "Cookie: c$_=" . 'v' x 30 } 1 .. 90), $alice,
    map { "X-H$_: y" } 1 .. 60;

repeat_each(2);
plan 'no_plan';

no_shuffle();
run_tests();

__DATA__

=== TEST 1: every method of a stranger is refused (security 63)
--- request eval
[map { "$_ /app" } qw(GET OPTIONS PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK DELETE FOO GETX)]
--- error_code eval
[map { 401 } 1 .. 12]
--- response_body_unlike eval
[map { qr/reached/ } 1 .. 12]


=== TEST 2: methods with a body are refused without a redirect, also when a page is wanted (security 53)
--- request eval
["POST /app\na=1", "PUT /app\na=1", "PATCH /app\na=1", "POST /app\na=1", "POST /app\na=1"]
--- more_headers eval
['Accept: text/html', 'Accept: text/html', "Accept: text/html\r\nSec-Fetch-Mode: navigate", 'Sec-Fetch-Mode: navigate', '']
--- error_code eval
[401, 401, 401, 401, 401]
--- raw_response_headers_unlike eval
[qr/Location/, qr/Location/, qr/Location/, qr/Location/, qr/Location/]


=== TEST 3: a preflight carries no session and gets no content (security 63, 151)
--- request
OPTIONS /app
--- more_headers
Origin: https://evil.example
Access-Control-Request-Method: GET
--- error_code: 401
--- raw_response_headers_unlike: Access-Control


=== TEST 4: methods of a session reach the site (security 63)
--- request eval
["POST /app\na=1", 'PROPFIND /app', 'FOO /app', 'OPTIONS /app', "PATCH /app\nx"]
--- more_headers eval: $::alice
--- error_code eval
[200, 200, 200, 200, 200]
--- response_body_like eval
[qr{reached\nPOST /app.*a=1\z}s, qr{reached\nPROPFIND}, qr{reached\nFOO}, qr{reached\nOPTIONS}, qr{reached\nPATCH}]


=== TEST 5: HEAD is answered like GET, without a body (security 63)
--- request eval
['HEAD /app', 'HEAD /app', 'HEAD /app']
--- more_headers eval
['', 'Accept: text/html', $::alice]
--- error_code eval
[401, 303, 200]
--- response_body eval
['', '', '']
--- response_headers eval
["! Location", $::login, "! Location"]


=== TEST 6: what a browser says about a navigation is believed (security 53)
--- request eval
[map { 'GET /app' } 1 .. 8]
--- more_headers eval
['Sec-Fetch-Mode: navigate', "Sec-Fetch-Mode: navigate\r\nAccept: */*", "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe", "Sec-Fetch-Mode: cors\r\nAccept: text/html", "Sec-Fetch-Mode: no-cors\r\nAccept: text/html", "Sec-Fetch-Mode: same-origin\r\nAccept: text/html", "Sec-Fetch-Mode: websocket\r\nAccept: text/html", "Sec-Fetch-Mode: Navigate\r\nAccept: text/html"]
--- error_code eval
[303, 303, 303, 401, 401, 401, 401, 401]


=== TEST 7: without those headers the wish for a page makes a navigation (security 53)
--- request eval
[map { 'GET /app' } 1 .. 9]
--- more_headers eval
['Accept: text/html', 'Accept: application/json, text/html;q=0.5', 'ACCEPT: TEXT/HTML', 'Accept: */*', 'Accept: application/json', 'Accept: text/*', '', "Accept: text/html\r\nX-Requested-With: XMLHttpRequest", "Accept: text/html\r\nUpgrade: websocket"]
--- error_code eval
[303, 303, 303, 401, 401, 401, 401, 401, 401]


=== TEST 8: the way back is the path and query that was asked for, and nothing else (security 51, 52, 55)
--- request eval
['GET /a/b%20c?x=1&y=%26', 'GET /', 'GET /?a', "GET //evil.example/", 'GET /%0d%0aSet-Cookie:x', 'GET /a\\b', 'GET /a#b', 'GET /.//evil', 'GET /%2f%2fevil', 'GET /@evil']
--- more_headers
Accept: text/html
Host: evil.example
X-Forwarded-Host: evil.example
X-Forwarded-Proto: gopher
--- error_code eval
[map { 303 } 1 .. 10]
--- raw_response_headers_unlike eval
[map { qr{Location: (?!/mfa/login)|Set-Cookie|next=[^\r\n]*(?:evil\.example|//|%0d)|gopher}i } 1 .. 10]


=== TEST 9: the way back keeps its own escapes (security 51)
--- request eval
['GET /a/b%20c?x=1&y=%26', 'GET /', 'GET /?a']
--- more_headers
Accept: text/html
--- error_code eval
[303, 303, 303]
--- response_headers eval
['Location: /mfa/login?next=/a/b%2520c%3Fx%3D1%26y%3D%2526', 'Location: /mfa/login', 'Location: /mfa/login?next=/%3Fa']


=== TEST 10: an answer of the module is never kept and never framed (security 149)
--- request eval
['GET /app', 'GET /mfa/login', 'GET /mfa/none', 'POST /mfa/logout', "PUT /mfa/login\nx"]
--- error_code_like eval
[qr/401/, qr/200/, qr/404/, qr/^40/, qr/405/]
--- response_headers eval
[map { "Cache-Control: no-store\nX-Content-Type-Options: nosniff\nReferrer-Policy: no-referrer\nCross-Origin-Opener-Policy: same-origin\nX-Frame-Options: DENY\n! Access-Control-Allow-Origin\n! ETag\n! Last-Modified" } 1 .. 5]
--- raw_response_headers_like eval
[map { qr/Content-Security-Policy: default-src 'none'; style-src 'sha256-[A-Za-z0-9+\/]{43}='; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'\r\n/ } 1 .. 5]


=== TEST 11: every answer of the module says its charset (security 149)
--- request eval
['GET /app', 'GET /mfa/login', 'GET /mfa/none']
--- response_headers eval
['Content-Type: application/problem+json; charset=utf-8', 'Content-Type: text/html; charset=utf-8', 'Content-Type: text/html; charset=utf-8']
--- error_code eval
[401, 200, 404]


=== TEST 12: what a gated site says nothing about is private, what it says stays (security 150)
--- request eval
['GET /app', 'GET /app?head=Cache-Control:%20public,max-age=5', 'GET /app?head=Cache-Control:%20no-cache', 'GET /app?status=404', 'GET /off/x']
--- more_headers eval: $::alice
--- error_code eval
[200, 200, 200, 404, 200]
--- response_headers eval
['Cache-Control: private', 'Cache-Control: public,max-age=5', 'Cache-Control: no-cache', 'Cache-Control: private', '! Cache-Control']


=== TEST 13: files with an expiry set by nginx keep it (security 150)
--- config
    mfa user;
    location / { root html; expires 1h; }
    location /max/ { root html; add_header Cache-Control immutable; }
    location /mfa/ { mfa_pages; }
--- user_files
>>> a
x
>>> max/a
x
--- request eval
['GET /a', 'GET /max/a']
--- more_headers eval: $::alice
--- error_code eval
[200, 200]
--- raw_response_headers_like eval
[qr/Cache-Control: (?:max-age=3600|private)/, qr/Cache-Control: /]


=== TEST 14: a passed request sets no cookie of ours (security 47)
--- request
GET /app
--- more_headers eval: $::alice
--- error_code: 200
--- response_headers
! Set-Cookie


=== TEST 15: our cookie is found among others, wherever it stands (security 43)
--- request eval
[map { 'GET /app' } 1 .. 7]
--- more_headers eval
["Cookie: a=b; mfa_user=$::token", "Cookie: mfa_user=$::token; a=b", "Cookie: a=b;mfa_user=$::token;c=d", "Cookie: a=\"x\";  mfa_user=$::token;", "Cookie: a=b\r\nCookie: mfa_user=$::token", "Cookie: mfa_user=$::token\r\nCookie: a=b", "cookie: ;;; mfa_user=$::token"]
--- error_code eval
[map { 200 } 1 .. 7]


=== TEST 16: only a pair of its own between semicolons is our cookie (security 43)
--- request eval
[map { 'GET /app' } 1 .. 12]
--- more_headers eval
[map { "Cookie: $_" } "a=\"x, mfa_user=$::token\"", "a=b, mfa_user=$::token", "a=b mfa_user=$::token", "mfa_user=\"$::token\"", "MFA_USER=$::token", "Mfa_User=$::token", "mfa_user =$::token", "mfa_user= $::token", "mfa_user=$::token\t.", "xmfa_user=$::token", "mfa_user_login=$::token", "__Host-mfa_user=$::token"]
--- error_code eval
[map { 401 } 1 .. 12]


=== TEST 17: two session cookies are none, in any order, spelling and line (security 44)
--- request eval
[map { 'GET /app' } 1 .. 10]
--- more_headers eval
["Cookie: mfa_user=$::token; mfa_user=x", "Cookie: mfa_user=x; mfa_user=$::token", "Cookie: mfa_user=$::token; mfa_user=$::token", "Cookie: mfa_user=$::token; mfa_user=$::bob", "Cookie: mfa_user=$::token\r\nCookie: mfa_user=$::bob", "Cookie: mfa_user=x\r\nCookie: mfa_user=$::token", "Cookie: MFA_USER=x; mfa_user=$::token", "Cookie: mfa_user=$::token; Mfa_User=", "Cookie: mfa_user=$::token; mfa_user", "Cookie: mfa_user=$::token;\x01mfa_user =y"]
--- error_code_like eval
[map { qr/^40[01]$/ } 1 .. 10]
--- error_log
session cookie is malformed or not alone


=== TEST 18: a value that is almost a token is no session (security 45)
--- request eval
[map { 'GET /app' } 1 .. 17]
--- more_headers eval
[map { "Cookie: mfa_user=$_" } '', '.', 'x', $::id, "$::id.", ".$::mask", "$::id.$::mask.", "$::id..$::mask", "$::id$::mask", substr($::token, 1), "A$::token", "$::token=", $::id =~ tr/A-Za-z0-9_-/+/cdr . 'A', "$::id.$::mask" . 'A' x 200, 'A' x 7900, '%00' . $::token, "$::id,$::mask"]
--- error_code_like eval
[map { qr/^40[01]$/ } 1 .. 17]


=== TEST 19: a token of nobody, with another's name or with a name that is none (security 43, 45)
--- request eval
['GET /app', 'GET /app', 'GET /app', 'GET /app']
--- more_headers eval
[map { "Cookie: mfa_user=$_" } MFA::Env::token('x' x 32, 'alice'), MFA::Env::token("\0" x 32, 'root'), MFA::Env::token('y' x 32, '../../x'), MFA::Env::token('z' x 32, 'A' x 128)]
--- error_code eval
[401, 401, 401, 401]


=== TEST 20: the name in a token is a guess: the record says who it is (security 30)
--- request eval
['GET /app', 'GET /app']
--- more_headers eval
[map { 'Cookie: ' . $::env->cookie('user', 'alice', guess => $_) } 'bob', 'No Name']
--- error_code eval
[200, 200]
--- response_body_like eval
[qr/Remote-User: alice\r/, qr/Remote-User: alice\r/]


=== TEST 21: on plain http a portal that needs TLS neither reads nor sets its cookie (security 40)
--- config
    mfa strict;
    location / { proxy_pass UPSTREAM; }
    location /strict/ { mfa_pages; }
--- request eval
['GET /app', 'GET /app', 'GET /app', 'GET /strict/login']
--- more_headers eval
["Cookie: __Host-mfa_strict=$::strict", "Cookie: mfa_strict=$::strict", "Cookie: __Host-mfa_strict=$::strict\r\nAccept: text/html", '']
--- error_code_like eval
[qr/401/, qr/401/, qr/303/, qr/^[234]/]
--- raw_response_headers_unlike eval
[map { qr/Set-Cookie/i } 1 .. 4]


=== TEST 22: a cookie with a name of its own (security 42)
--- config
    mfa named;
    location / { proxy_pass UPSTREAM; }
    location /named/ { mfa_pages; }
--- request eval
['GET /app', 'GET /app', 'GET /app']
--- more_headers eval
["Cookie: sid=$::named", "Cookie: mfa_named=$::named", "Cookie: mfa_user=$::token"]
--- error_code eval
[200, 401, 401]


=== TEST 23: a session of one portal is none in another, whatever the cookie's name (security 41)
--- config
    mfa user;
    location / { proxy_pass UPSTREAM; }
    location /admin/ { mfa admin; proxy_pass UPSTREAM; }
    location /mfa/ { mfa_pages; }
    location /adm/ { mfa admin; mfa_pages; }
--- request eval
['GET /', 'GET /', 'GET /admin/', 'GET /admin/', 'GET /admin/', 'GET /']
--- more_headers eval
["Cookie: mfa_user=$::root", "Cookie: mfa_admin=$::root", "Cookie: mfa_admin=$::token", "Cookie: mfa_user=$::token", "Cookie: mfa_admin=$::root; mfa_user=$::token", "Cookie: mfa_admin=$::root; mfa_user=$::token"]
--- error_code eval
[401, 401, 401, 401, 200, 200]
--- response_body_like eval
[qr/login/, qr/login/, qr{/adm/login}, qr{/adm/login}, qr/Remote-User: root\r/, qr/Remote-User: alice\r/]


=== TEST 24: values of other kinds are no sessions (security 27)
--- request eval
['GET /app', 'GET /app', 'GET /app']
--- more_headers eval
["Cookie: mfa_user=1.k1.AAAA", "Cookie: mfa_user_login=$::token", 'Cookie: mfa_user=' . 'A' x 43]
--- error_code eval
[401, 401, 401]


=== TEST 25: a header block of many cookies is read to its end (security 45)
--- request
GET /app
--- more_headers eval
$::many
--- error_code: 200
--- response_body_like eval
qr/c90=v+/
