# No way around the gate: whatever nginx does to make an answer (files, rewrites,
# internal redirects, its own error pages), nothing of a gated location leaves
# without a verdict.  Fails when one of these ways is open, and when the gate is
# in the way of somebody who may pass.
#
# Security 56 to 72 name the ways; those by subrequests are in
# 25-gate-subrequests.t.  Every secret of this file holds the word "treasure"; a
# stranger must never see it.

use strict;
use warnings;

use Test::Nginx::Socket;
use MFA::Blocks;

our ($env, $upstream) = MFA::Blocks::stage(user  => 'grace 7d;',
                                           admin => 'require all; grace 0;');

$env->account('user', 'alice');
our $alice = 'Cookie: ' . $env->cookie('user', 'alice');

our $page = ">>> page.html\nbefore <!--#include virtual=\"/gated/s.html\" --> after\n"
    . ">>> gated/s.html\ntreasure\n>>> open/o.html\nopen\n";

# The pages a gated server needs, and the site's files.
our $rest = <<'EOC';
    location /mfa/ { mfa user; mfa_pages; }
EOC

repeat_each(2);
plan 'no_plan';

no_shuffle();
run_tests();

__DATA__

=== TEST 1: a stranger's navigation is sent to the login page with the way back (security 53, 56)
--- request
GET /app/list?a=1&b=%20c
--- more_headers
Accept: text/html
--- error_code: 303
--- response_headers
Location: /mfa/login?next=/app/list%3Fa%3D1%26b%3D%2520c
Cache-Control: no-store
! Set-Cookie
--- response_body:


=== TEST 2: any other request of a stranger is refused without a redirect (security 53)
--- request
GET /app
--- error_code: 401
--- response_headers
Content-Type: application/problem+json; charset=utf-8
! Location
! Set-Cookie
--- response_body
{"type":"about:blank","status":401,"title":"Login is required","page":"/mfa/login"}


=== TEST 3: a session passes (feature 000)
--- request
GET /app
--- more_headers eval: $::alice
--- error_code: 200
--- response_body_like: \Areached\nGET /app HTTP/1\.0


=== TEST 4: "mfa off" inside a gated server lets everybody in
--- request
GET /off/x
--- error_code: 200
--- response_body_like: reached


=== TEST 5: "return" in a gated location never passes, with and without a session (security 58)
--- config eval
"$::rest" . <<'EOC'
    mfa user;
    location /ret  { return 200 "treasure"; }
    location /text { return 200; }
    location /made { return 201 "treasure"; }
    location /set  { set $x treasure; return 200 $x; }
EOC
--- request eval
['GET /ret', 'GET /text', 'GET /made', 'GET /set', 'HEAD /ret', 'POST /ret']
--- error_code eval
[403, 403, 403, 403, 403, 403]
--- response_body_unlike eval
[qr/treasure/, qr/treasure/, qr/treasure/, qr/treasure/, qr/treasure/, qr/treasure/]
--- error_log
had no verdict on record


=== TEST 6: "return" in a gated location does not pass a session either (security 58)
--- config eval
"$::rest" . 'mfa user; location /ret { return 200 "treasure"; }'
--- request
GET /ret
--- more_headers eval: $::alice
--- error_code: 403
--- response_body_unlike: treasure
--- error_log
had no verdict on record


=== TEST 7: "return" in a gated server never passes (security 58)
--- config eval
"$::rest" . 'mfa user; return 200 "treasure";'
--- request eval
['GET /', 'GET /mfa/x', 'GET /any']
--- error_code eval
[403, 403, 403]
--- response_body_unlike eval
[qr/treasure/, qr/treasure/, qr/treasure/]


=== TEST 8: an error page cannot turn a refused "return" into its content (security 58, 59)
--- config eval
"$::rest" . <<'EOC'
    mfa user;
    error_page 403 =200 /ret2;
    location /ret  { return 200 "treasure one"; }
    location /ret2 { return 200 "treasure two"; }
EOC
--- request
GET /ret
--- error_code_like: ^(403|500)$
--- response_body_unlike: treasure


=== TEST 9: files are gated, also for ranges and conditions (security 69)
--- config eval
"$::rest" . 'mfa user; location / { root html; etag on; }'
--- user_files
>>> s.txt 202601010000.00
treasure
>>> index.html
treasure
--- request eval
['GET /s.txt', 'GET /s.txt', 'HEAD /s.txt', 'GET /', 'GET /none', 'GET /s.txt']
--- more_headers eval
['', 'Range: bytes=0-3', '', 'Range: bytes=99-', 'If-None-Match: *', 'If-Modified-Since: Fri, 01 Jan 2027 00:00:00 GMT']
--- error_code eval
[401, 401, 401, 401, 401, 401]
--- response_body_unlike eval
[qr/treas/, qr/treas/, qr/./, qr/treas/, qr/treas/, qr/treas/]


=== TEST 10: "If-Match", "If-Unmodified-Since" and "If-Range" tell a stranger nothing (security 69)
--- config eval
"$::rest" . 'mfa user; location / { root html; }'
--- user_files
>>> s.txt
treasure
--- request eval
['GET /s.txt', 'GET /s.txt', 'GET /s.txt', 'GET /s.txt']
--- more_headers eval
['If-Match: "x"', 'If-Unmodified-Since: Fri, 01 Jan 1999 00:00:00 GMT', "Range: bytes=0-3\r\nIf-Range: \"x\"", 'If-None-Match: *']
--- error_code eval
[401, 401, 401, 401]


=== TEST 11: a session gets files, parts of them and "not modified" (security 69)
--- config eval
"$::rest" . 'mfa user; location / { root html; }'
--- user_files
>>> s.txt
treasure
--- request eval
['GET /s.txt', 'GET /s.txt', 'GET /s.txt', 'HEAD /s.txt']
--- more_headers eval
["$::alice", "$::alice\r\nRange: bytes=0-3", "$::alice\r\nIf-None-Match: *", $::alice]
--- error_code eval
[200, 206, 304, 200]
--- response_body eval
["treasure\n", 'trea', '', '']


=== TEST 12: an index file, a directory listing and a missing file look alike to a stranger (security 60, 77)
--- config eval
"$::rest" . 'mfa user; location / { root html; autoindex on; }'
--- user_files
>>> dir/treasure.txt
treasure
>>> with/index.html
treasure
--- request eval
['GET /dir/', 'GET /with/', 'GET /none', 'GET /with/none']
--- error_code eval
[401, 401, 401, 401]
--- response_body_unlike eval
[qr/treasure/, qr/treasure/, qr/treasure/, qr/treasure/]


=== TEST 13: an index file and a directory listing are shown to a session (security 60)
--- config eval
"$::rest" . 'mfa user; location / { root html; autoindex on; }'
--- user_files
>>> dir/treasure.txt
treasure
>>> with/index.html
treasure
--- request eval
['GET /dir/', 'GET /with/']
--- more_headers eval: $::alice
--- error_code eval
[200, 200]
--- response_body_like eval
[qr/treasure\.txt/, qr/treasure/]


=== TEST 14: try_files of an open location into a gated one is judged there (security 60)
--- config eval
"$::rest" . <<'EOC'
    location /try/   { try_files /none /gated/s.html; root html; }
    location /named/ { try_files /none @gated; root html; }
    location /code/  { mfa user; try_files /gated/s.html =404; root html; }
    location /gated/ { mfa user; root html; }
    location @gated  { mfa user; root html; try_files /gated/s.html =404; }
EOC
--- user_files eval: $::page
--- request eval
['GET /try/x', 'GET /named/x', 'GET /code/x']
--- error_code eval
[401, 401, 401]
--- response_body_unlike eval
[qr/treasure/, qr/treasure/, qr/treasure/]


=== TEST 15: try_files works for a session, in and into gated locations (security 60)
--- config eval
"$::rest" . <<'EOC'
    location /try/   { try_files /none /gated/s.html; root html; }
    location /named/ { try_files /none @gated; root html; }
    location /code/  { mfa user; try_files /gated/s.html =404; root html; }
    location /gated/ { mfa user; root html; }
    location @gated  { mfa user; root html; try_files /gated/s.html =404; }
EOC
--- user_files eval: $::page
--- request eval
['GET /try/x', 'GET /named/x', 'GET /code/x']
--- more_headers eval: $::alice
--- error_code eval
[200, 200, 200]
--- response_body eval
["treasure\n", "treasure\n", "treasure\n"]


=== TEST 16: rewrites and index redirects into a gated location are judged there (security 60, 65)
--- config eval
"$::rest" . <<'EOC'
    root html;
    location /last/  { rewrite ^ /gated/s.html last; }
    location /index/ { index /gated/s.html; }
    location /error/ { error_page 404 /gated/s.html; }
    location /equal/ { error_page 404 =200 /gated/s.html; }
    location /at/    { error_page 404 =200 @gated; }
    location /up/    { error_page 502 =200 @gated; proxy_pass http://127.0.0.1:1; }
    location /gated/ { mfa user; }
    location @gated  { mfa user; rewrite ^ /gated/s.html break; }
EOC
--- user_files eval: ">>> index/x\n\n$::page"
--- request eval
['GET /last/', 'GET /index/', 'GET /error/x', 'GET /equal/x', 'GET /at/x', 'GET /up/x']
--- error_code_like eval
[qr/401/, qr/401/, qr/40[14]/, qr/^(?!2)/, qr/^(?!2)/, qr/^(?!2)/]
--- response_body_unlike eval
[qr/treasure/, qr/treasure/, qr/treasure/, qr/treasure/, qr/treasure/, qr/treasure/]
--- no_error_log
header already sent


=== TEST 17: rewrites, index redirects and error pages work for a session (security 60)
--- config eval
"$::rest" . <<'EOC'
    root html;
    location /last/  { rewrite ^ /gated/s.html last; }
    location /index/ { index /gated/s.html; }
    location /error/ { error_page 404 /gated/s.html; }
    location /at/    { error_page 404 =200 @gated; }
    location /gated/ { mfa user; }
    location @gated  { mfa user; rewrite ^ /gated/s.html break; }
EOC
--- user_files eval: ">>> index/x\n\n$::page"
--- request eval
['GET /last/', 'GET /index/', 'GET /error/x', 'GET /at/x']
--- more_headers eval: $::alice
--- error_code eval
[200, 200, 404, 200]
--- response_body eval
["treasure\n", "treasure\n", "treasure\n", "treasure\n"]


=== TEST 18: error_page does not reroute a denial to an open location (security 59)
--- config eval
"$::rest" . <<'EOC'
    mfa user;
    root html;
    error_page 401 403 404 =200 @fallback;
    error_page 303 /open/o.html;
    location /app    { proxy_pass UPSTREAM; proxy_intercept_errors on; }
    location @fallback { mfa off; proxy_pass UPSTREAM; }
    location /open/  { mfa off; }
EOC
--- user_files eval: $::page
--- request eval
['GET /app', 'GET /app']
--- more_headers eval
['', 'Accept: text/html']
--- error_code eval
[401, 303]
--- response_body_unlike eval
[qr/reached/, qr/./]


=== TEST 19: X-Accel-Redirect into a gated location is judged there (security 60)
--- config eval
"$::rest" . <<'EOC'
    location /open   { proxy_pass UPSTREAM; }
    location /gated/ { internal; mfa user; root html; }
EOC
--- user_files eval: $::page
--- request
GET /open?head=X-Accel-Redirect:%20/gated/s.html
--- error_code: 401
--- response_body_unlike: treasure


=== TEST 20: X-Accel-Redirect into a gated location works for a session (security 60)
--- config eval
"$::rest" . <<'EOC'
    location /open   { proxy_pass UPSTREAM; }
    location /gated/ { internal; mfa user; root html; }
EOC
--- user_files eval: $::page
--- request
GET /open?head=X-Accel-Redirect:%20/gated/s.html
--- more_headers eval: $::alice
--- error_code: 200
--- response_body
treasure


=== TEST 21: nested, regex, exact and named locations inherit the gate (security 64)
--- config eval
"$::rest" . <<'EOC'
    mfa user;
    root html;
    location /a/ {
        location /a/b/ {
            location ~ \.txt$ { }
            location = /a/b/exact { proxy_pass UPSTREAM; }
        }
        location ^~ /a/off/ { mfa off; }
    }
    location ~ ^/rx(\d+)$ { proxy_pass UPSTREAM; }
    location ~* \.PHP$ { proxy_pass UPSTREAM; }
EOC
--- user_files
>>> a/b/s.txt
treasure
>>> a/off/o.txt
open
--- request eval
['GET /a/b/s.txt', 'GET /a/b/exact', 'GET /rx7', 'GET /x.php', 'GET /a/off/o.txt', 'GET /a/x', 'GET /elsewhere']
--- error_code eval
[401, 401, 401, 401, 200, 401, 401]


=== TEST 22: handlers of nested and regex locations answer a session (security 64)
--- config eval
"$::rest" . <<'EOC'
    mfa user;
    root html;
    location /a/ {
        location /a/b/ {
            location ~ \.txt$ { }
            location = /a/b/exact { proxy_pass UPSTREAM; }
        }
    }
    location ~ ^/rx(\d+)$ { proxy_pass UPSTREAM; }
EOC
--- user_files
>>> a/b/s.txt
treasure
--- request eval
['GET /a/b/s.txt', 'GET /a/b/exact', 'GET /rx7']
--- more_headers eval: $::alice
--- error_code eval
[200, 200, 200]
--- response_body_like eval
[qr/treasure/, qr/reached/, qr/reached/]


=== TEST 23: "if" and limit_except inherit the gate and may set one of their own (security 64)
--- config eval
"$::rest" . <<'EOC'
    mfa user;
    location /if    { if ($arg_a) { set $b 1; } if ($arg_c) { add_header X-C c; } proxy_pass UPSTREAM; }
    location /open  { mfa off; proxy_pass UPSTREAM; if ($arg_gate) { mfa user; } }
    location /limit { mfa off; proxy_pass UPSTREAM; limit_except GET { mfa user; } }
EOC
--- request eval
['GET /if', 'GET /if?a=1', 'GET /if?c=1', 'GET /open', 'GET /open?gate=1', 'GET /limit', "POST /limit\nx", 'HEAD /limit', 'DELETE /limit']
--- error_code eval
[401, 401, 401, 200, 401, 200, 401, 200, 401]


=== TEST 24: a session passes the gates of "if" and limit_except, and the handler is still there (security 64)
--- config eval
"$::rest" . <<'EOC'
    mfa user;
    location /if    { if ($arg_c) { add_header X-C c; } proxy_pass UPSTREAM; }
    location /open  { mfa off; proxy_pass UPSTREAM; if ($arg_gate) { mfa user; } }
    location /limit { mfa off; proxy_pass UPSTREAM; limit_except GET { mfa user; } }
EOC
--- request eval
['GET /if?c=1', 'GET /open?gate=1', "POST /limit\nx", 'DELETE /limit']
--- more_headers eval: $::alice
--- error_code eval
[200, 200, 200, 200]
--- response_body_like eval
[qr/reached/, qr/reached/, qr/reached/, qr/reached/]


=== TEST 25: the pages work inside "if" and limit_except, too (security 64)
--- config
    mfa user;
    location / { proxy_pass UPSTREAM; }
    location /mfa/ { mfa_pages; if ($arg_a) { add_header X-A a; } limit_except GET POST { allow all; } }
--- request eval
['GET /mfa/login', 'GET /mfa/login?a=1', 'HEAD /mfa/login?a=1', 'PUT /mfa/login']
--- error_code eval
[200, 200, 200, 405]
--- response_body_like eval
[qr/data-mfa-page="login"/, qr/data-mfa-page="login"/, qr/\A\z/, qr/data-mfa-error="method"/]


=== TEST 26: a proxy beside the pages in an "if" is gated (security 64)
--- config
    mfa user;
    location / { proxy_pass UPSTREAM; }
    location /mfa/ { mfa_pages; if ($arg_a) { proxy_pass UPSTREAM; } location /mfa/inner/ { proxy_pass UPSTREAM; } }
--- request eval
['GET /mfa/login?a=1', 'GET /mfa/inner/x']
--- error_code eval
[401, 401]
--- response_body_unlike eval
[qr/reached/, qr/reached/]


=== TEST 27: an unauthenticated PUT leaves no file behind (security 63)
--- config eval
"$::rest" . <<'EOC'
    root html;
    location /dav/ { mfa user; dav_methods PUT DELETE MKCOL COPY MOVE; create_full_put_path on; client_body_temp_path client_body_temp; }
    location /see/ { alias html/dav/; }
EOC
--- user_files
>>> dav/kept.txt
kept
--- request eval
["PUT /dav/new.txt\ntreasure", 'DELETE /dav/kept.txt', 'MKCOL /dav/dir/', 'GET /see/new.txt', 'GET /see/kept.txt']
--- error_code eval
[401, 401, 401, 404, 200]


=== TEST 28: other content handlers are gated as well (security 57)
--- config eval
"$::rest" . <<'EOC'
    mfa user;
    location /gif    { empty_gif; }
    location /status { stub_status; }
    location /random/ { root html; random_index on; }
    location /fcgi   { fastcgi_pass 127.0.0.1:1; }
    location /proxy  { proxy_pass http://127.0.0.1:1; }
EOC
--- user_files
>>> random/a
treasure
--- request eval
['GET /gif', 'GET /status', 'GET /random/', 'GET /fcgi', 'GET /proxy']
--- error_code eval
[401, 401, 401, 401, 401]


=== TEST 29: pipelined requests are judged each by its own cookie (security 70)
--- pipelined_requests eval
["GET /1?body=one", "GET /2?body=two", "GET /3?body=three"]
--- more_headers eval
[$::alice, '', $::alice]
--- error_code eval
[200, 401, 200]
--- response_body_like eval
[qr/\Aone\z/, qr/Login is required/, qr/\Athree\z/]


=== TEST 30: HTTP/0.9 is refused as well (security 70)
--- http09
--- raw_request eval
"GET /app\r\n"
--- ignore_response
--- no_error_log
reached


=== TEST 31: HTTP/1.0 without a Host is refused as well (security 70)
--- raw_request eval
"GET /app HTTP/1.0\r\n\r\n"
--- error_code: 401
--- response_body_like: Login is required


=== TEST 32: an absolute request target does not leave the gated server (security 68)
--- raw_request eval
"GET http://localhost/app HTTP/1.1\r\nHost: LOCALHOST.:80\r\nConnection: close\r\n\r\n"
--- error_code: 401


=== TEST 33: an unknown host falls into the gated default server (security 68)
--- raw_request eval
"GET /app HTTP/1.1\r\nHost: Other.Example.\r\nX-Original-URI: /off/\r\nX-Forwarded-Uri: /off/\r\nUser-Agent: kube-probe/1.0\r\nConnection: close\r\n\r\n"
--- error_code: 401


=== TEST 34: other spellings of a gated path are gated (security 65)
--- request eval
['GET //app', 'GET /off/../app', 'GET /off/%2e%2e/app', 'GET /off%2f..%2fapp', 'GET /./app', 'GET /app%00', 'GET /OFF/app', 'GET /off/..%2f', 'GET /app?/off/', 'GET /app;/off/', 'GET /off/.././app', 'GET /%6fff/../app']
--- error_code_like eval
[qr/401/, qr/401/, qr/401/, qr/401/, qr/401/, qr/40[01]/, qr/401/, qr/401/, qr/401/, qr/401/, qr/401/, qr/401/]


=== TEST 35: requests nginx itself refuses lead nowhere, also by an error page in a gated place (security 71)
--- config eval
"$::rest" . <<'EOC'
    mfa user;
    root html;
    error_page 400 405 414 494 /gated/s.html;
    large_client_header_buffers 2 1k;
    location / { proxy_pass UPSTREAM; }
    location /gated/ { }
EOC
--- user_files eval: $::page
--- raw_request eval
["GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n"]
--- error_code_like: ^40[01]$
--- response_body_unlike: treasure|reached


=== TEST 36: too long a request leads nowhere by an error page in a gated place (security 71)
--- config eval
"$::rest" . <<'EOC'
    mfa user;
    root html;
    error_page 400 405 414 494 /gated/s.html;
    large_client_header_buffers 2 1k;
    location / { proxy_pass UPSTREAM; }
    location /gated/ { }
EOC
--- user_files eval: $::page
--- raw_request eval
['GET /' . ('a' x 3000) . " HTTP/1.1\r\nHost: x\r\n\r\n"]
--- error_code_like: ^4(14|01)$
--- response_body_unlike: treasure|reached


=== TEST 37: a request without a usable host leads nowhere by an error page in a gated place (security 71)
--- config eval
"$::rest" . <<'EOC'
    mfa user;
    root html;
    error_page 400 /gated/s.html;
    location / { proxy_pass UPSTREAM; }
    location /gated/ { }
EOC
--- user_files eval: $::page
--- raw_request eval
["GET /app HTTP/1.1\r\nConnection: close\r\n\r\n"]
--- error_code_like: ^40[01]$
--- response_body_unlike: treasure|reached


=== TEST 38: the gate of http{} reaches every server and location (security 68)
--- http_config
mfa user;
--- config
    location /mfa/ { mfa_pages; }
    location / { proxy_pass UPSTREAM; }
    location /off/ { mfa off; proxy_pass UPSTREAM; }
--- request eval
['GET /', 'GET /x/y', 'GET /off/']
--- error_code eval
[401, 401, 200]


=== TEST 39: 1 MB of an unauthenticated body is refused without being stored (security 72)
--- config eval
"$::rest" . <<'EOC'
    mfa user;
    client_body_buffer_size 1k;
    location / { proxy_pass UPSTREAM; }
EOC
--- request eval
"POST /app\n" . 'x' x 1048576
--- error_code: 401
--- no_error_log
a client request body is buffered to a temporary file
