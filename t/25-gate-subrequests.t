# Subrequests and the modules beside the gate: SSI, additions, auth_request,
# slices, caches and "satisfy any" make parts of answers or decide on them without
# a request of a client.  Fails when such a part shows a stranger what is gated,
# when another module's yes replaces the gate's, and when a page that includes
# something gated breaks instead of staying without it.
#
# Every secret of this file holds the word "treasure"; a stranger must never see
# it (security 57, 58, 61, 62, 74).

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

=== TEST 1: an SSI include of a gated page from an open one stays empty (security 57)
--- config eval
"$::rest" . <<'EOC'
    root html;
    ssi on;
    location /gated/ { mfa user; }
EOC
--- user_files eval: $::page
--- request eval
['GET /page.html', 'HEAD /page.html']
--- error_code eval
[200, 200]
--- response_body eval
["before  after\n", '']


=== TEST 2: an SSI include of a gated page is filled in for a session (security 57)
--- config eval
"$::rest" . <<'EOC'
    root html;
    ssi on;
    location /gated/ { mfa user; }
EOC
--- user_files eval: $::page
--- request
GET /page.html
--- more_headers eval: $::alice
--- response_body
before treasure
 after


=== TEST 3: SSI into "return", a proxy and a named error page of gated places stays empty (security 57, 58)
--- config eval
"$::rest" . <<'EOC'
    root html;
    ssi on;
    location /ret   { mfa user; return 200 treasure; }
    location /proxy { mfa user; proxy_pass UPSTREAM; }
    location /err   { mfa user; error_page 404 =200 /open.txt; }
EOC
--- user_files
>>> a.html
a<!--#include virtual="/ret" -->z
>>> b.html
a<!--#include virtual="/proxy?body=treasure" -->z
>>> c.html
a<!--#include virtual="/err?x" wait="yes" --><!--#include virtual="/proxy?body=treasure" wait="yes" -->z
>>> d.html
<!--#block name="e" -->none<!--#endblock --><!--#include virtual="/proxy?body=treasure" stub="e" -->z
>>> e.html
<!--#include virtual="/proxy?body=treasure" set="v" --><!--#echo var="v" -->z
--- request eval
['GET /a.html', 'GET /b.html', 'GET /c.html', 'GET /d.html', 'GET /e.html']
--- response_body_unlike eval
[qr/treasure/, qr/treasure/, qr/treasure/, qr/treasure/, qr/treasure/]


=== TEST 4: add_before_body and add_after_body add nothing gated (security 57)
--- config eval
"$::rest" . <<'EOC'
    location /open/  { root html; addition_types *; add_before_body /gated/s.html; add_after_body /proxy; }
    location /gated/ { mfa user; root html; }
    location /proxy  { mfa user; rewrite ^ /x?body=treasure break; proxy_pass UPSTREAM; }
EOC
--- user_files eval: $::page
--- request
GET /open/o.html
--- error_code: 200
--- response_body
open


=== TEST 5: add_before_body and add_after_body add what is gated for a session (security 57)
--- config eval
"$::rest" . <<'EOC'
    location /open/  { root html; addition_types *; add_before_body /gated/s.html; add_after_body /proxy; }
    location /gated/ { mfa user; root html; }
    location /proxy  { mfa user; rewrite ^ /x?body=treasure break; proxy_pass UPSTREAM; }
EOC
--- user_files eval: $::page
--- request
GET /open/o.html
--- more_headers eval: $::alice
--- error_code: 200
--- response_body chomp
treasure
open
treasure


=== TEST 6: a gated target of auth_request says no to a stranger and yes to a session (security 61)
--- config eval
"$::rest" . <<'EOC'
    location /x    { auth_request /auth; proxy_pass UPSTREAM; }
    location = /auth { internal; mfa user; proxy_pass UPSTREAM; proxy_pass_request_body off; proxy_set_header Content-Length ""; }
EOC
--- request eval
['GET /x', 'GET /x', "POST /x\nabc", "POST /x\nabc"]
--- more_headers eval
['', $::alice, '', $::alice]
--- error_code eval
[401, 200, 401, 200]
--- response_body_unlike eval
[qr/reached/, qr/nothing like this/, qr/reached/, qr/nothing like this/]


=== TEST 7: a gated "return 200" as target of auth_request lets nobody in (security 58, 61)
--- config eval
"$::rest" . <<'EOC'
    location /x      { auth_request /auth; proxy_pass UPSTREAM; }
    location = /auth { internal; mfa user; return 200; }
EOC
--- request eval
['GET /x', 'GET /x']
--- more_headers eval
['', $::alice]
--- error_code_like eval
[qr/^[45]/, qr/^[45]/]
--- response_body_unlike eval
[qr/reached/, qr/reached/]


=== TEST 8: a gated location behind auth_request asks both (security 61, 62)
--- config eval
"$::rest" . <<'EOC'
    location /both   { mfa user; auth_request /yes; proxy_pass UPSTREAM; }
    location /not    { mfa user; auth_request /no;  proxy_pass UPSTREAM; }
    location = /yes  { internal; return 204; }
    location = /no   { internal; return 403; }
EOC
--- request eval
['GET /both', 'GET /both', 'GET /not', 'GET /not']
--- more_headers eval
['', $::alice, '', $::alice]
--- error_code eval
[401, 200, 403, 403]


=== TEST 9: "satisfy any" with an address that is allowed still asks for a session (security 62)
--- config eval
"$::rest" . <<'EOC'
    satisfy any;
    location /allow { mfa user; allow all; proxy_pass UPSTREAM; }
    location /deny  { mfa user; deny all; proxy_pass UPSTREAM; }
    location /req   { mfa user; deny all; auth_request /yes; proxy_pass UPSTREAM; }
    location /plain { mfa user; proxy_pass UPSTREAM; }
    location /off   { mfa off; deny all; proxy_pass UPSTREAM; }
    location = /yes { internal; return 204; }
EOC
--- request eval
['GET /allow', 'GET /deny', 'GET /req', 'GET /plain', 'GET /off', 'GET /allow', 'GET /deny', 'GET /req']
--- more_headers eval
['', '', '', '', '', $::alice, $::alice, $::alice]
--- error_code eval
[401, 403, 401, 401, 403, 200, 403, 200]


=== TEST 10: a gate stands in front of a cache (security 74)
--- http_config eval
"proxy_cache_path $ENV{TEST_NGINX_SERVROOT}/cache keys_zone=c:1m;\n"
--- config eval
"$::rest" . <<'EOC'
    location /c { mfa user; mfa_identity_headers off; proxy_cache c; proxy_cache_valid 200 1h; proxy_pass UPSTREAM; add_header X-Cache $upstream_cache_status; }
EOC
--- request eval
['GET /c?body=treasure', 'GET /c?body=treasure', 'GET /c?body=treasure', 'HEAD /c?body=treasure']
--- more_headers eval
[$::alice, $::alice, '', '']
--- error_code eval
[200, 200, 401, 401]
--- response_headers eval
["Cache-Control: private", "X-Cache: HIT\nCache-Control: private", '! X-Cache', '! X-Cache']
--- response_body_unlike eval
[qr/nothing/, qr/nothing/, qr/treasure/, qr/treasure/]


=== TEST 11: slices of a gated file are fetched for a session alone (security 57)
--- config eval
"$::rest" . <<'EOC'
    location /s { mfa user; slice 4; proxy_set_header Range $slice_range; proxy_pass http://$server_addr:$server_port/file; }
    location /file { alias html/s.txt; }
EOC
--- user_files
>>> s.txt
treasure
--- request eval
['GET /s', 'GET /s']
--- more_headers eval
['', $::alice]
--- error_code eval
[401, 200]
--- response_body_like eval
[qr/Login is required/, qr/\Atreasure\n\z/]


=== TEST 12: what is added to a page of the module is gated, and a "return" in it adds nothing (security 57, 58)
--- config
    mfa user;
    addition_types *;
    location / { proxy_pass UPSTREAM; }
    location /mfa/ { mfa_pages; add_before_body /ret; add_after_body /proxy; }
    location = /ret { return 200 "treasure"; }
    location = /proxy { rewrite ^ /x?body=treasure break; proxy_pass UPSTREAM; }
--- request eval
['GET /mfa/login', 'GET /mfa/none']
--- error_code eval
[200, 404]
--- response_body_unlike eval
[qr/treasure/, qr/treasure/]
