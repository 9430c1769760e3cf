#!/usr/bin/perl

# nginx is as it was: what auth_request, access, auth_basic, proxy, ssi and
# addition promise by themselves holds with the module beside them, wherever it is
# switched off.  Every case is asked of the same configuration four times: without
# the module, with it loaded and no word of it, with a gate on another server, and
# under "mfa off".  The answers are the same to the byte, and are those that nginx
# documents.
#
# When this fails, loading the module changes sites that have nothing to do with
# it (design: a server without any mfa directive is left alone).

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use MIME::Base64 qw(encode_base64);
use Test::More;

use MFA::Env;
use MFA::Nginx;
use MFA::Upstream;

my $env  = MFA::Env->start;
my $dir  = $env->dir;
my $site = MFA::Upstream->start($dir);

my $conf = <<'EOC';
    root ROOT;
    ssi_silent_errors off;

    # auth_request
    location /ar/yes       { auth_request /sub/204; SITE }
    location /ar/body      { auth_request /sub/200; SITE }
    location /ar/201       { auth_request /sub/201; SITE }
    location /ar/401       { auth_request /sub/401; SITE }
    location /ar/403       { auth_request /sub/403; SITE }
    location /ar/404       { auth_request /sub/404; SITE }
    location /ar/500       { auth_request /sub/500; SITE }
    location /ar/302       { auth_request /sub/302; SITE }
    location /ar/proxied   { auth_request /sub/site; SITE }
    location /ar/asks      { auth_request /sub/asks; SITE }
    location /ar/error     { auth_request /sub/401; error_page 401 = @sorry; SITE }
    location /ar/set       { auth_request /sub/set; auth_request_set $who $upstream_http_x_who;
                             proxy_set_header X-Who $who; SITE }
    location /ar/off       { auth_request /sub/403;
                             location /ar/off/on { auth_request off; SITE } }
    location /ar/file/     { auth_request /sub/204; }
    location /ar/nofile/   { auth_request /sub/403; }
    location /ar/basic     { auth_request /sub/basic; SITE }
    location /ar/twice     { auth_request /sub/inner; SITE }
    location = /sub/204    { return 204; }
    location = /sub/200    { return 200 "not shown"; }
    location = /sub/201    { return 201; }
    location = /sub/401    { return 401; }
    location = /sub/403    { return 403; }
    location = /sub/404    { return 404; }
    location = /sub/500    { return 500; }
    location = /sub/302    { return 302 /; }
    location = /sub/set    { proxy_pass http://unix:SOCK:/x?head=X-Who:%20alice; }
    location = /sub/site   { internal; proxy_pass_request_body off;
                             proxy_set_header Content-Length ""; SITE }
    location = /sub/asks   { internal; proxy_pass_request_body off;
                             proxy_set_header Content-Length "";
                             proxy_pass http://unix:SOCK:/x?status=401&head=WWW-Authenticate:%20Basic; }
    location = /sub/basic  { BASIC empty_gif; }
    location = /sub/inner  { auth_request /sub/403; return 204; }
    location @sorry        { return 200 "sorry\n"; }

    # access
    location /ac/none      { SITE }
    location /ac/allow     { allow all; SITE }
    location /ac/deny      { deny all; SITE }
    location /ac/unix      { allow unix:; deny all; SITE }
    location /ac/nounix    { deny unix:; allow all; SITE }
    location /ac/first     { deny all; allow all; SITE }
    location /ac/net       { set_real_ip_from unix:; real_ip_header X-Real-IP;
                             deny 10.1.2.3; allow 10.0.0.0/8; allow 2001:db8::/32; deny all; SITE }
    location /ac/deny/in   { allow all; SITE }
    location /ac/limit     { limit_except GET { deny all; } SITE }
    location /ac/file/     { deny all; }
    location /ac/error     { deny all; error_page 403 /page/sorry.html; }
    location /ac/any       { satisfy any; deny all; BASIC SITE }
    location /ac/any2      { satisfy any; allow all; BASIC SITE }
    location /ac/all       { satisfy all; allow all; BASIC SITE }
    location /ac/anyreq    { satisfy any; deny all; auth_request /sub/204; SITE }
    location /ac/anyno     { satisfy any; deny all; auth_request /sub/401; SITE }

    # auth_basic
    location /ab/on        { BASIC proxy_set_header X-User $remote_user; SITE }
    location /ab/on/off    { auth_basic off; SITE }
    location /ab/var       { auth_basic $host; auth_basic_user_file ROOT/users; SITE }
    location /ab/nofile    { auth_basic x; auth_basic_user_file ROOT/no-users; SITE }
    location /ab/file/     { BASIC }
    location /ab/error     { BASIC error_page 401 /page/sorry.html; }

    # proxy
    location /px/as/       { SITE }
    location /px/to/       { proxy_pass http://unix:SOCK:/other/; }
    location /px/var       { set $to unix:SOCK:; proxy_pass http://$to/named?$args; }
    location /px/set       { proxy_set_header Host $host:1; proxy_set_header X-A "b c";
                             proxy_set_header Accept-Encoding ""; SITE }
    location /px/method    { proxy_method PUT; SITE }
    location /px/body      { proxy_set_body changed; SITE }
    location /px/nobody    { proxy_pass_request_body off; proxy_set_header Content-Length ""; SITE }
    location /px/nohead    { proxy_pass_request_headers off; SITE }
    location /px/11        { proxy_http_version 1.1; proxy_set_header Connection ""; SITE }
    location /px/redirect  { proxy_redirect http://inside/ /outside/; SITE }
    location /px/cookie    { proxy_cookie_path / /px/; proxy_cookie_domain inside outside.example; SITE }
    location /px/hide      { proxy_hide_header X-Hidden; proxy_pass_header Server; SITE }
    location /px/ignore    { proxy_ignore_headers X-Accel-Redirect; SITE }
    location /px/icept     { proxy_intercept_errors on; error_page 404 =200 /page/sorry.html; SITE }
    location /px/plain     { proxy_buffering off; SITE }
    location /px/dead      { proxy_pass http://unix:ROOT/dead.sock; error_page 502 504 = @sorry; }
    location /px/next      { proxy_pass http://two; }
    location /px/cache     { proxy_cache unchanged; proxy_cache_valid 200 1h; add_header X-Cache $upstream_cache_status; SITE }
    location /px/store     { SITE add_header X-Up $upstream_status; add_after_body /page/plain.txt; addition_types *; }
    location /px/break     { rewrite ^/px/break/(.*) /broken/$1?z=1 break; SITE }
    location /px/inside    { internal; SITE }

    # ssi
    location /ssi/         { ssi on; set $mine here; }
    location /ssi-types/   { ssi on; ssi_types text/plain; alias ROOT/ssi/; }
    location /ssi-off/     { alias ROOT/ssi/; }
    location /ssi-site     { ssi on; proxy_pass http://unix:SOCK:; }

    # addition
    location /add/both.txt { add_before_body /page/plain.txt; add_after_body /px/as/x?body=AFTER;
                             addition_types text/plain; }
    location /add/wrong    { add_after_body /page/plain.txt; alias ROOT/add/both.txt; }
    location /add/page.html { add_before_body /page/plain.txt; }
    location /add/none     { add_after_body /page/plain.txt; addition_types *; }
    location /add/site     { add_before_body /page/none; add_after_body /sub/403; addition_types *;
                             proxy_pass http://unix:SOCK:; }
    location /add/empty    { add_before_body ""; add_after_body /page/plain.txt; addition_types *;
                             alias ROOT/add/both.txt; }
    location /add/ssi.html { ssi on; add_after_body /ssi/echo.html; }
    location /page/        { }
EOC

my %files = (
    'users'           => join("\n", 'plain:{PLAIN}secret',
        'crypt:' . crypt('secret', 'ab'),
        'apr:' . '$apr1$abcdefgh$' . 'x' x 22,
        'sha:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=', '# comment', 'none:', ''),
    'page/sorry.html' => "sorry page\n",
    'page/plain.txt'  => "plain\n",
    'ar/file/a.txt'   => "file of ar\n",
    'ar/nofile/a.txt' => "no file of ar\n",
    'ac/file/a.txt'   => "file of ac\n",
    'ab/file/a.txt'   => "file of ab\n",
    'add/both.txt'    => "both\n",
    'add/page.html'   => "page\n",
    'add/ssi.html'    => "ssi <!--#echo var=\"mine\" default=\"none\" -->\n",
    'ssi/echo.html'   => "<!--#echo var=\"arg_a\" --> <!--#echo var=\"arg_b\" "
        . "default=\"none\" --> <!--#echo var=\"mine\" encoding=\"url\" -->\n",
    'ssi/virtual.html' => "x<!--#include virtual=\"/ssi/echo.html?a=1\" -->y\n",
    'ssi/file.html'   => "x<!--#include file=\"echo.html\" -->y\n",
    'ssi/set.html'    => "<!--#set var=\"v\" value=\"is \$arg_a\" -->"
        . "<!--#echo var=\"v\" -->\n",
    'ssi/if.html'     => "<!--#if expr=\"\$arg_a\" -->a<!--#elif "
        . "expr=\"\$arg_b = /^x/\" -->bx<!--#else -->none<!--#endif -->\n",
    'ssi/stub.html'   => "<!--#block name=\"s\" -->stub<!--#endblock -->"
        . "<!--#include virtual=\"/sub/204\" stub=\"s\" -->\n",
    'ssi/wait.html'   => "1<!--#include virtual=\"/px/as/1?body=one\" "
        . "wait=\"yes\" -->2<!--#include virtual=\"/px/as/2?body=two\" -->\n",
    'ssi/into.html'   => "<!--#include virtual=\"/px/as/1?body=kept\" "
        . "set=\"k\" -->[<!--#echo var=\"k\" -->]\n",
    'ssi/error.html'  => "x<!--#config errmsg=\"[wrong]\" -->"
        . "<!--#nonsense a=\"b\" -->y\n",
    'ssi/missing.html' => "x<!--#include virtual=\"/page/none\" -->y\n",
    'ssi/denied.html' => "x<!--#include virtual=\"/ac/deny\" -->y\n",
    'ssi/deep.html'   => "x<!--#include virtual=\"/ssi/virtual.html\" -->y\n",
    'ssi/plain.txt'   => "<!--#echo var=\"uri\" -->\n",
);

my $root = "$dir/root";

for my $name (keys %files) {
    my $path = '';

    for my $part (split m{/}, dirname("root/$name")) {
        $path .= "/$part";
        mkdir "$dir$path";
    }

    MFA::Nginx::write_file("$root/$name", $files{$name});
    utime 1700000000, 1700000000, "$root/$name";
}

sub basic { return 'Authorization: Basic ' . encode_base64(shift, '') }

my $right = basic('plain:secret');

# What is sent (GET where no method stands), the status, what the answer shows, and
# header lines.
my @cases = (
    ['/ar/yes',              200, qr/^reached/m],
    ['HEAD /ar/yes',         200, qr/\r\n\r\n\z/],
    ['POST /ar/yes',         200, qr/\r\n\r\na=1&b=2\z/],
    ['/ar/body',             200, qr/^reached/m],
    ['/ar/201',              200, qr/^reached/m],
    ['/ar/401',              401, qr/401 Authorization Required/],
    ['/ar/403',              403, qr/403 Forbidden/],
    ['/ar/404',              500, qr/500 Internal/],
    ['/ar/500',              500, qr/500 Internal/],
    ['/ar/302',              500, qr/500 Internal/],
    ['/ar/proxied',          200, qr/^reached/m],
    ['POST /ar/proxied',     200, qr/\r\n\r\na=1&b=2\z/],
    ['/ar/asks',             401, qr/^WWW-Authenticate: Basic\r$/m],
    ['/ar/error',            200, qr/^sorry$/m],
    ['/ar/set',              200, qr/^X-Who: alice\r$/m],
    ['/ar/off/',             403, qr/403 Forbidden/],
    ['/ar/off/on',           200, qr/^reached/m],
    ['/ar/file/a.txt',       200, qr/^file of ar/m],
    ['/ar/file/a.txt',       206, qr/\r\n\r\nfile\z/, 'Range: bytes=0-3'],
    ['/ar/file/a.txt',       304, qr/\r\n\r\n\z/,
        'If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT'],
    ['/ar/nofile/a.txt',     403, qr/403 Forbidden/],
    # Subrequests skip nginx's access checks.
    ['/ar/basic',            200, qr/^reached/m],
    ['/ar/twice',            200, qr/^reached/m],

    ['/ac/none',             200, qr/^reached/m],
    ['/ac/allow',            200, qr/^reached/m],
    ['/ac/deny',             403, qr/403 Forbidden/],
    ['HEAD /ac/deny',        403, qr/\r\n\r\n\z/],
    ['POST /ac/deny',        403, qr/403 Forbidden/],
    ['/ac/unix',             200, qr/^reached/m],
    ['/ac/nounix',           403, qr/403 Forbidden/],
    ['/ac/first',            403, qr/403 Forbidden/],
    ['/ac/net',              403, qr/403 Forbidden/],
    ['/ac/net',              200, qr/^reached/m, 'X-Real-IP: 10.9.9.9'],
    ['/ac/net',              403, qr/403 Forbidden/, 'X-Real-IP: 10.1.2.3'],
    ['/ac/net',              200, qr/^reached/m, 'X-Real-IP: 2001:db8::1'],
    ['/ac/deny/in',          200, qr/^reached/m],
    ['/ac/limit',            200, qr/^reached/m],
    ['POST /ac/limit',       403, qr/403 Forbidden/],
    ['/ac/file/a.txt',       403, qr/403 Forbidden/],
    ['/ac/error',            403, qr/^sorry page/m],
    ['/ac/any',              401, qr/^WWW-Authenticate: Basic/m],
    ['/ac/any',              200, qr/^reached/m, $right],
    ['/ac/any2',             200, qr/^reached/m],
    ['/ac/all',              401, qr/^WWW-Authenticate: Basic/m],
    ['/ac/all',              200, qr/^reached/m, $right],
    ['/ac/anyreq',           200, qr/^reached/m],
    ['/ac/anyno',            401, qr/401 Authorization Required/],

    ['/ab/on',               401, qr/^WWW-Authenticate: Basic realm="realm"\r$/m],
    ['/ab/on',               200, qr/^X-User: plain\r$/m, $right],
    ['/ab/on',               401, qr/401 Auth/, basic('plain:Secret')],
    ['/ab/on',               401, qr/401 Auth/, basic('plain:secret2')],
    ['/ab/on',               200, qr/^X-User: crypt\r$/m, basic('crypt:secret')],
    ['/ab/on',               401, qr/401 Auth/, basic('crypt:Secret')],
    ['/ab/on',               401, qr/401 Auth/, basic('apr:secret')],
    ['/ab/on',               200, qr/^X-User: sha\r$/m, basic('sha:secret')],
    ['/ab/on',               401, qr/401 Auth/, basic('sha:other')],
    ['/ab/on',               401, qr/401 Auth/, basic('nobody:secret')],
    ['/ab/on',               401, qr/401 Auth/, basic('plain')],
    ['/ab/on',               401, qr/401 Auth/, basic(':')],
    ['/ab/on',               401, qr/401 Auth/, 'Authorization: Basic'],
    ['/ab/on',               401, qr/401 Auth/, 'Authorization: Basic !!!'],
    ['/ab/on',               401, qr/401 Auth/, 'Authorization: Bearer x'],
    ['POST /ab/on',          200, qr/a=1&b=2\z/, $right],
    ['/ab/on/off',           200, qr/^reached/m],
    ['/ab/var',              401, qr/realm="localhost"/],
    ['/ab/nofile',           403, qr/403 Forbidden/, $right],
    ['/ab/file/a.txt',       401, qr/401 Auth/],
    ['/ab/file/a.txt',       200, qr/^file of ab/m, $right],
    ['/ab/error',            401, qr/^sorry page/m],

    ['/px/as/a?b=c',         200, qr{^GET /px/as/a\?b=c HTTP/1.0\r$}m],
    ['/px/as/%61%2Fb?c',     200, qr{^GET /px/as/%61%2Fb\?c HTTP}m],
    ['HEAD /px/as/a',        200, qr/\r\n\r\n\z/],
    ['POST /px/as/a',        200, qr/a=1&b=2\z/],
    ['DELETE /px/as/a',      200, qr/^DELETE /m],
    ['PROPFIND /px/as/a',    200, qr/^PROPFIND /m],
    ['/px/as/a',             200, qr/^Cookie: a=b; c="d, e"\r$/m,
        'Cookie: a=b; c="d, e"'],
    ['/px/as/a',             200, qr/^X-Any: y\r\nX-User: me\r$/m,
        'X-Any: y', 'X-User: me'],
    ['/px/as/a',             200, qr/^Range: bytes=0-3\r$/m, 'Range: bytes=0-3'],
    ['/px/as/?status=404',   404, qr/^reached/m],
    ['/px/as/?status=503',   503, qr/^reached/m],
    ['/px/as/?head=Set-Cookie:%20a=b&head=Set-Cookie:%20c=d', 200,
        qr/^Set-Cookie: a=b\r\nSet-Cookie: c=d\r$/m],
    ['/px/as/?head=Cache-Control:%20no-store', 200,
        qr/^Cache-Control: no-store\r$/m],
    ['/px/as/?head=X-Accel-Redirect:%20/page/plain.txt', 200, qr/^plain$/m],
    ['/px/as/?head=X-Accel-Redirect:%20/px/inside?body=in', 200, qr/^in\z/m],
    ['/px/ignore?head=X-Accel-Redirect:%20/page/plain.txt', 200, qr/^reached/m],
    ['/px/to/a%20b?c=d',     200, qr{^GET /other/a%20b\?c=d HTTP}m],
    ['/px/to/a/../b//c',     200, qr{^GET /other/b/c HTTP}m],
    ['/px/var?x=1',          200, qr{^GET /named\?x=1 HTTP}m],
    ['/px/set',              200, qr/^Host: localhost:1\r\nX-A: b c\r$/m,
        'Accept-Encoding: gzip'],
    ['/px/method',           200, qr{^PUT /px/method}m],
    ['POST /px/body',        200, qr/\r\n\r\nchanged\z/],
    ['POST /px/nobody',      200, qr/\r\n\r\n\z/],
    ['/px/nohead',           200, qr/^Host: localhost\r\nConnection: close\r\n\r\n/m,
        'X-Any: y'],
    ['/px/11',               200, qr{^GET /px/11 HTTP/1.1\r$}m],
    ['/px/redirect?status=302&head=Location:%20http://inside/a', 302,
        qr{^Location: http://localhost/outside/a\r$}m],
    ['/px/cookie?head=Set-Cookie:%20a=b;%20path=/;%20domain=inside', 200,
        qr{^Set-Cookie: a=b; path=/px/; domain=outside\.example\r$}m],
    ['/px/hide?head=X-Hidden:%20a&head=X-Shown:%20b', 200, qr/^X-Shown: b\r$/m],
    ['/px/icept?status=404', 200, qr/^sorry page/m],
    ['/px/plain?body=' . 'x' x 500, 200, qr/x{500}\z/],
    ['/px/dead',             200, qr/^sorry$/m],
    ['/px/next',             200, qr/^reached/m],
    ['/px/cache?body=1',     200, qr/^X-Cache: MISS\r$/m],
    ['/px/cache?body=1',     200, qr/^X-Cache: HIT\r$/m],
    ['HEAD /px/cache?body=1', 200, qr/^X-Cache: HIT\r$/m],
    ['/px/store?body=b',     200, qr/^X-Up: 200\r$/m],
    ['/px/break/a',          200, qr{^GET /broken/a\?z=1 HTTP}m],
    ['/px/inside',           404, qr/404 Not Found/],

    ['/ssi/echo.html?a=%26',  200, qr/^%26 none here$/m],
    ['/ssi/echo.html?a=<b>',  200, qr/^&lt;b&gt; none here$/m],
    ['HEAD /ssi/echo.html',   200, qr/\r\n\r\n\z/],
    ['/ssi/echo.html',        200, qr/none/, 'Range: bytes=0-3'],
    ['/ssi/virtual.html',     200, qr/x1 none here/],
    ['/ssi/file.html?a=2',    200, qr/x.*y/s],
    ['/ssi/set.html?a=3',     200, qr/is 3/],
    ['/ssi/if.html?a=1',      200, qr/\ba\b/],
    ['/ssi/if.html?b=xy',     200, qr/bx/],
    ['/ssi/if.html',          200, qr/none/],
    ['/ssi/stub.html',        200, qr/stub/],
    ['/ssi/wait.html',        200, qr/one.*two/s],
    ['/ssi/into.html',        200, qr/\[kept\]/],
    ['/ssi/error.html',       200, qr/x\[wrong\]y/],
    ['/ssi/missing.html',     200, qr/404 Not Found/],
    ['/ssi/denied.html',      200, qr/^xreached/m],
    ['/ssi/deep.html',        200, qr/xx1 none here/],
    ['/ssi-types/plain.txt',  200, qr{/ssi-types/plain\.txt}],
    ['/ssi/plain.txt',        200, qr/<!--#echo/],
    ['/ssi-off/echo.html',    200, qr/<!--#echo/],
    ['/ssi-site?head=Content-Type:%20text/html&body=%3C!--%23echo%20var=%22uri%22%20--%3E',
        200, qr{/ssi-site}],

    ['/add/both.txt',         200, qr/plain.*both.*AFTER/s],
    ['HEAD /add/both.txt',    200, qr/\r\n\r\n\z/],
    ['/add/both.txt',         200, qr/plain.*both/s, 'Range: bytes=0-1'],
    ['/add/wrong',            200, qr/\r\n\r\nboth\n\z/],
    ['/add/page.html',        200, qr/plain.*page/s],
    ['/add/none',             404, qr/404 Not Found/],
    ['/add/site?body=b',      200, qr/404 Not Found.*b.*403 Forbidden/s],
    ['/add/empty',            200, qr/both.*plain/s],
    ['/add/ssi.html?a=1',     200, qr/ssi .*none here/s],
);

my %mfa = (
    'without the module'         => ['', ''],
    'loaded, no word of it'      => ['', ''],
    'a gate on another server'   => [$env->conf(user => '') . <<"EOC", ''],
server { listen unix:$dir/gated.sock; mfa user; location /mfa/ { mfa_pages; } }
EOC
    '"mfa off"'                  => [$env->conf(user => ''), 'mfa off;'],
);

my @ways = ('without the module', 'loaded, no word of it',
            'a gate on another server', '"mfa off"');
# A sanitized nginx has the module inside.
shift @ways if $ENV{MFA_ASAN};


sub answers {
    my ($way, $n) = @_;
    my ($before, $inside) = @{ $mfa{$way} };
    my $home = "$dir/way$n";

    mkdir $home or die "$home: $!";
    local $ENV{TEST_NGINX_LOAD_MODULES} = '' if $way eq 'without the module';
    unlink "$dir/gated.sock";

    my $text = <<"EOC";
$before
default_type text/plain;
types { text/html html; text/plain txt; }
proxy_cache_path $home/cache keys_zone=unchanged:1m;
upstream two { server unix:ROOT/dead.sock; server unix:SOCK; }
server { listen LISTEN; server_name localhost; $inside
$conf
}
EOC
    my $sock = $site->socket;

    $text =~ s/\bSITE\b/proxy_pass http:\/\/unix:SOCK:;/g;
    $text =~ s/\bBASIC\b/auth_basic realm; auth_basic_user_file ROOT\/users;/g;
    $text =~ s/\bSOCK\b/$sock/g;
    $text =~ s/\bROOT\b/$root/g;

    my $nginx = MFA::Nginx->start($home, http => $text);
    my @got = map { ask($nginx, @$_) } @cases;
    # By the rule for every location of a server in which "mfa" stands.
    my $identity = ask($nginx, '/px/as/a', 200, qr//, 'Remote-User: me');
    is($identity =~ /^Remote-User: me\r$/m, $way ne '"mfa off"',
       "$way: an identity of the client's " . ($way eq '"mfa off"'
           ? 'goes no further (security 75)' : 'is none of our business'));
    # The upstream that is not there is one of the cases.
    my @bad = grep { !/dead\.sock failed|no-users" failed/ } $nginx->stop;

    return (\@got, \@bad);
}


sub ask {
    my ($nginx, $what, $status, $like, @headers) = @_;
    my ($method, $path) = $what =~ /^([A-Z]+) (.*)/ ? ($1, $2) : ('GET', $what);
    my $body = $method eq 'POST' ? 'a=1&b=2' : '';

    push @headers, 'Content-Length: ' . length $body if $body;

    my $answer = $nginx->send(join("\r\n", "$method $path HTTP/1.1",
        'Host: localhost', 'Connection: close', @headers, '', '') . $body);
    my ($head, $text) = @$answer{qw(head body)};

    if ($head =~ /^Transfer-Encoding: chunked/m) {
        my $left = $text;
        $text = '';

        while ($left =~ s/\A([0-9a-f]+)\r\n// && hex $1) {
            $text .= substr $left, 0, hex $1, '';
            $left =~ s/\A\r\n//;
        }
    }

    return ($head =~ s/^Date: [^\r\n]*/Date: now/mr) . "\r\n\r\n$text";
}


my %got;

for my $n (0 .. $#ways) {
    my ($got, $bad) = answers($ways[$n], $n);

    $got{ $ways[$n] } = $got;
    is(scalar @$bad, 0, "$ways[$n]: a clean error log") or diag("@$bad");
}

my ($first, @others) = @ways;

for my $n (0 .. $#cases) {
    my ($what, $status, $like, @headers) = @{ $cases[$n] };
    my $answer = $got{$first}[$n];
    my $name = join ', ', length $what > 60 ? substr($what, 0, 60) . '...' : $what,
        @headers;
    my ($said) = $answer =~ m{\AHTTP/1\.1 (\d+)};
    my @other = grep { $got{$_}[$n] ne $answer } @others;

    ok(($said // 0) == $status && $answer =~ $like && !@other,
       "$name: $status, the same in all ways")
        or diag("$first:\n$answer", map { "\n$_:\n$got{$_}[$n]" } @other);
}

done_testing();
