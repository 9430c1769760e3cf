package MFA::Matrix;

# Every kind of place nginx can answer from, every method and every trick with a
# request, multiplied: what t/26-matrix.t sends.
#
# The word CANARY is in everything that is gated and in nothing else.  A cell is
# one request for one kind by one method with one trick; somebody who may not see
# the canary has found a leak when it is in the answer (head or body), when a place
# that is gated as a whole answers 1xx, 2xx, 206 or 304, or when the site behind a
# gated place was asked (its log).
#
#   my $matrix = MFA::Matrix->start(load => $module_so);
#   my $found = $matrix->sweep($http, $who, methods => ['GET']);
#       # http 1 or 2; who: stranger, half, full
#   $found->{cells}; $found->{answers}; $found->{leaks};      # leaks: texts
#   $found->{seen}{kind}{trick}                               # GETs that showed it
#   $matrix->stop;                                            # lines of bad logs

use strict;
use warnings;

use IO::Select;
use IO::Socket::UNIX;
use POSIX qw(_exit);

use MFA::Env;
use MFA::Http2;
use MFA::Nginx;

our $SHOWS = qr/CANARY|GIF89a|Active connections/;

my $canary = 'CANARY ' x 40;

our @METHODS = qw(
    GET HEAD POST PUT DELETE OPTIONS PROPFIND MKCOL COPY MOVE PATCH TRACE CONNECT
    FOO get
);

# name, path, what stands in the server, how it is judged:
#   part    the place is open and only includes what is gated: 200 is right
#   open    methods the place lets everybody use
#   nobody  not even a session is shown it
#   behind  its canary is this request of the site behind it
#   host    the server asked
#   after   the trick without which the place has nothing to show
my @kinds = (
    ['file', '/files/s.txt', 'location /files/ { }'],
    ['file by an exact location', '/exact.txt', 'location = /exact.txt { }'],
    ['file by a regex', '/rx/s.txt', 'location ~ ^/rx/.*\.txt$ { }'],
    ['file by a nested location', '/nest/in/s.txt',
        'location /nest/ { location /nest/in/ { location ~ \.txt$ { } } }'],
    ['file by alias', '/alias/s.txt', 'location /alias/ { alias ROOT/files/; }'],
    ['index', '/index/', 'location /index/ { }'],
    ['index elsewhere, from an open place', '/oindex/',
        'location /oindex/ { mfa off; index /files/s.txt; }'],
    ['directory listing', '/list/', 'location /list/ { autoindex on; }'],
    ['random index', '/random/', 'location /random/ { random_index on; }'],
    ['try_files', '/try/x', 'location /try/ { try_files /files/s.txt =404; }'],
    ['try_files from an open place', '/otry/x',
        'location /otry/ { mfa off; try_files /none /files/s.txt; }'],
    ['try_files to a name, from an open place', '/ontry/x',
        'location /ontry/ { mfa off; try_files /none @named; }'],
    ['error_page to a URI, from an open place', '/oerr/none',
        'location /oerr/ { mfa off; error_page 404 /files/s.txt; }'],
    ['error_page =200 to a URI, from an open place', '/oerr2/none',
        'location /oerr2/ { mfa off; error_page 404 405 =200 /files/s.txt; }'],
    ['error_page to a name, from an open place', '/onerr/none',
        'location /onerr/ { mfa off; error_page 404 405 =200 @named; }'],
    ['error_page of a dead upstream', '/odead',
        'location /odead { mfa off; error_page 502 = @named;'
        . ' proxy_pass http://127.0.0.1:PORT3; }'],
    ['error_page of every denial', '/none',
        'error_page 400 401 403 404 405 408 411 413 414 416 494 497 500 501 503'
        . ' =200 /files/s.txt; location /files/ { }',
        host => 'denials.example'],
    ['X-Accel-Redirect', '/oaccel',
        'location /oaccel { mfa off; OWN proxy_pass http://site/out/accel; }'
        . ' location /internal/ { internal; alias ROOT/files/; }'],
    ['X-Accel-Redirect to a name', '/onaccel',
        'location /onaccel { mfa off; OWN'
        . ' proxy_pass http://site/out/accel-name; }'],
    ['rewrite last', '/olast',
        'location /olast { mfa off; rewrite ^ /files/s.txt last; }'],
    ['rewrite break', '/break',
        'location /break { rewrite ^ /in/break break; proxy_pass http://site; }'],
    ['if', '/oif?gate=1',
        'location /oif { mfa off; proxy_pass http://site/in/if;'
        . ' if ($arg_gate) { mfa user; } }'],
    ['if in a gated place', '/if?a=1',
        'location /if { proxy_pass http://site/in/if2;'
        . ' if ($arg_a) { add_header X-A a; } }'],
    ['limit_except', '/olimit',
        'location /olimit { mfa off; proxy_pass http://site/in/limit;'
        . ' limit_except GET { mfa user; } }', open => { GET => 1, HEAD => 1 }],
    ['proxy', '/proxy', 'location /proxy { proxy_pass http://site/in/proxy; }'],
    ['proxy, require=always', '/always',
        'location /always { mfa user require=always;'
        . ' proxy_pass http://site/in/always; }'],
    ['proxy, fresh=', '/fresh',
        'location /fresh { mfa user fresh=1h; proxy_pass http://site/in/fresh; }'],
    ['proxy, its errors intercepted', '/icept',
        'location /icept { proxy_intercept_errors on; error_page 404 =200 @named;'
        . ' proxy_pass http://site/out/404; }'],
    ['SSI', '/ossi/all.html', 'location /ossi/ { mfa off; ssi on; }', part => 1],
    ['SSI in a gated place', '/ssi/all.html', 'location /ssi/ { ssi on; }'],
    ['SSI of return', '/ossi/return.html', '', part => 1, nobody => 1],
    ['SSI of another portal', '/ossi/admin.html',
        'location /admin/ { mfa admin; alias ROOT/files/; }'
        . ' location /adm/ { mfa admin; mfa_pages; }', part => 1, nobody => 1],
    ['a place of another portal', '/admin/s.txt', '', nobody => 1],
    ['a gated place in an open one', '/outer/in',
        'location /outer/ { mfa off; proxy_pass http://site/out/;'
        . ' location /outer/in { mfa user; proxy_pass http://site/in/nested; } }'],
    ['addition', '/oadd/o.txt',
        'location /oadd/ { mfa off; addition_types *; add_before_body /proxy;'
        . ' add_after_body /files/s.txt; }', part => 1],
    ['addition of return', '/oradd/o.txt',
        'location /oradd/ { mfa off; addition_types *; add_before_body /return;'
        . ' add_after_body /return; }', part => 1, nobody => 1],
    ['auth_request', '/oauth',
        'location /oauth { mfa off; auth_request /auth-gated;'
        . ' proxy_pass http://site/in/auth; }'
        . ' location = /auth-gated { internal;'
        . ' proxy_pass http://site/in/auth-target; }'],
    ['auth_request to return', '/orauth',
        'location /orauth { mfa off; auth_request /auth-return;'
        . ' proxy_pass http://site/in/auth-return; }'
        . ' location = /auth-return { internal; return 204; }', nobody => 1],
    ['auth_request beside the gate', '/auth',
        'location /auth { auth_request /yes; proxy_pass http://site/in/auth3; }'
        . ' location = /yes { internal; mfa off; return 204; }'],
    ['satisfy any beside the gate', '/any',
        'location /any { satisfy any; allow all; proxy_pass http://site/in/any; }'],
    ['mirror', '/omirror',
        'location /omirror { mfa off; mirror /mirrored;'
        . ' proxy_pass http://site/out/mirror; }'
        . ' location = /mirrored { internal; proxy_pass http://site/in/mirror; }',
        part => 1, behind => '/in/mirror'],
    ['mirror of a gated place', '/mirror',
        'location /mirror { mirror /mirrored-open; proxy_pass http://site/in/m2; }'
        . ' location = /mirrored-open { internal; mfa off;'
        . ' proxy_pass http://site/in/m3; }', behind => '/in/m3'],
    ['post_action', '/opost',
        'location /opost { mfa off; post_action /posted;'
        . ' proxy_pass http://site/out/post; }'
        . ' location = /posted { internal; proxy_pass http://site/in/posted; }',
        part => 1, behind => '/in/posted'],
    ['slice', '/slice',
        'location /slice { slice 64; proxy_set_header Range $slice_range;'
        . ' proxy_pass http://site/in/files/s.txt; }'],
    ['cache', '/cache',
        'location /cache { proxy_cache matrix; proxy_cache_valid 200 1h;'
        . ' proxy_pass http://site/in/cache; }'],
    ['WebSocket', '/ws',
        'location /ws { proxy_http_version 1.1;'
        . ' proxy_set_header Upgrade $http_upgrade;'
        . ' proxy_set_header Connection upgrade;'
        . ' proxy_pass http://unix:DIR/ws.sock; }'],
    ['memcached', '/memcached',
        'location /memcached { set $memcached_key k;'
        . ' memcached_pass unix:DIR/memcached.sock; }'],
    ['SCGI', '/scgi', 'location /scgi { scgi_pass unix:DIR/scgi.sock; }'],
    ['uwsgi', '/uwsgi', 'location /uwsgi { uwsgi_pass unix:DIR/scgi.sock; }'],
    ['FastCGI', '/fcgi', 'location /fcgi { fastcgi_pass unix:DIR/fcgi.sock; }'],
    ['gRPC', '/grpc', 'location /grpc { grpc_pass grpc://127.0.0.1:PORT2; }'],
    ['empty_gif', '/gif', 'location /gif { empty_gif; }'],
    ['stub_status', '/status', 'location /status { stub_status; }'],
    ['WebDAV', '/dav/s.txt',
        'location /dav/ { dav_methods PUT DELETE MKCOL COPY MOVE; }'],
    ['below the pages', '/mfa/inner/x',
        ''],
    ['beside the pages, in an if', '/mfa/login?site=1', ''],
    ['return', '/return', 'location = /return { return 200 "CANARY"; }',
        nobody => 1],
    ['return 201', '/return1', 'location = /return1 { return 201 "CANARY"; }',
        nobody => 1],
    ['return of a server', '/any', 'return 200 "CANARY";',
        host => 'return.example', nobody => 1],
    ['return in an if', '/return2?x=1',
        'location = /return2 { if ($arg_x) { return 200 "CANARY"; } }',
        nobody => 1],
    ['error_page to a name with return', '/oreturn/none',
        'location /oreturn/ { mfa off; error_page 404 405 =200 @return; }'
        . ' location @return { mfa user; return 200 "CANARY"; }', nobody => 1],
);

# name, options, header lines.  FULL is a good session of the account, HALF one of
# it that lacks the code.  Options:
#   host, path (a function of it), version, body, first (of a pipeline)
#   h1    only where the request is text
#   hides a session is not shown the canary by this trick (for some kinds)
my @tricks = (
    ['plain', {}],
    ['a page wanted', {}, 'Accept: text/html'],
    ['a navigation', {}, 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document'],
    ['a prefetch', {}, 'Purpose: prefetch', 'Sec-Purpose: prefetch'],
    ['a script', {}, 'X-Requested-With: XMLHttpRequest', 'Sec-Fetch-Mode: cors',
        'Origin: https://evil.example'],
    ['a preflight', {}, 'Origin: https://evil.example',
        'Access-Control-Request-Method: GET',
        'Access-Control-Request-Headers: cookie'],
    ['a range', {}, 'Range: bytes=0-19'],
    ['a range from the end', {}, 'Range: bytes=-20'],
    ['many ranges', {}, 'Range: bytes=0-19,30-49,60-79'],
    ['If-Range', {}, 'Range: bytes=0-19', 'If-Range: "x"'],
    ['If-None-Match', { hides => 1 }, 'If-None-Match: *'],
    ['If-Modified-Since', { hides => 1 },
        'If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT'],
    ['If-Match', { hides => 1 }, 'If-Match: "x"'],
    ['If-Unmodified-Since', { hides => 1 },
        'If-Unmodified-Since: Fri, 01 Jan 1990 00:00:00 GMT'],
    ['Expect', { h1 => 1, body => 'abc', hides => 1 }, 'Expect: 100-continue'],
    ['Expect of a wonder', { h1 => 1 }, 'Expect: wonder'],
    ['WebSocket', { h1 => 1 }, 'Upgrade: websocket', 'Connection: Upgrade',
        'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='],
    ['h2c', { h1 => 1 }, 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'],
    ['Accept-Encoding', {}, 'Accept-Encoding: gzip, br'],
    ['TE', {}, 'TE: trailers'],
    ['Cache-Control', {}, 'Cache-Control: only-if-cached', 'Pragma: no-cache'],
    ['Early-Data', {}, 'Early-Data: 1'],
    ['Max-Forwards', {}, 'Max-Forwards: 0'],
    ['Translate', {}, 'Translate: f', 'Depth: infinity'],
    ['Destination', {}, 'Destination: /dav/copied.txt', 'Overwrite: T'],
    ['X-Original-URI', {}, 'X-Original-URI: /open/', 'X-Original-URL: /open/',
        'X-Rewrite-URL: /open/', 'X-Original-Method: OPTIONS'],
    ['X-Forwarded', {}, 'X-Forwarded-For: 127.0.0.1',
        'X-Forwarded-Host: open.example', 'X-Forwarded-Proto: https',
        'X-Forwarded-Uri: /mfa/login', 'X-Forwarded-Method: OPTIONS',
        'X-Forwarded-Prefix: /open', 'X-Real-IP: 127.0.0.1',
        'Forwarded: for=127.0.0.1;host=open.example'],
    ['X-HTTP-Method-Override', {}, 'X-HTTP-Method-Override: GET',
        'X-HTTP-Method: GET', 'X-Method-Override: OPTIONS'],
    ['X-Accel-Redirect', {}, 'X-Accel-Redirect: /internal/s.txt',
        'X-Sendfile: /files/s.txt', 'X-Accel-Internal: /internal/'],
    ['a forged identity', {}, 'Remote-User: alice', 'Remote-Role: admin',
        'Remote-Level: mfa', 'Remote-Portal: user', 'X-Remote-User: alice',
        'X-Forwarded-User: alice', 'X-Auth-Request-User: alice'],
    ['a forged identity, spelled otherwise', {}, 'REMOTE-USER: alice',
        'remote-level: mfa', 'X-Mfa-Verdict: allow', 'Mfa-Verdict: allow'],
    ['Basic', {}, 'Authorization: Basic YWxpY2U6YWxpY2U='],
    ['the session as a bearer token', { other => 1 },
        'Authorization: Bearer FULL'],
    ['the session as another header', { other => 1 }, 'X-Cookie: mfa_user=FULL',
        'Cookie2: mfa_user=FULL'],
    ['another Host', { host => 'other.example' }],
    ['Host in capitals with a dot', { host => 'LOCALHOST.' }],
    ['Host with a port', { host => 'localhost:1' }],
    ['Host that is an address', { host => '[::1]' }],
    ['no Host, HTTP/1.0', { h1 => 1, host => undef, version => '1.0' }],
    ['HTTP/1.0', { h1 => 1, version => '1.0' }],
    ['two Hosts', { hides => 1 }, 'Host: open.example'],
    ['no Host', { h1 => 1, host => undef, hides => 1 }],
    ['an absolute target', { h1 => 1,
        path => sub { "http://localhost$_[0]" } }],
    ['an absolute target of another host', { h1 => 1,
        path => sub { "http://open.example$_[0]" } }],
    ['an absolute target with a user', { h1 => 1, hides => 1,
        path => sub { "http://alice\@localhost$_[0]" } }],
    ['slashes', { path => sub { $_[0] =~ s{/}{//}r } }],
    ['dots', { path => sub { "/mfa/login/../..$_[0]" } }],
    ['coded dots', { path => sub { "/mfa/%2e%2e$_[0]" } }],
    ['coded letters', { path => sub {
        $_[0] =~ s{^/(.)}{sprintf '/%%%02x', ord $1}er } }],
    ['a query', { path => sub {
        $_[0] . ($_[0] =~ /\?/ ? '&' : '?') . 'next=/mfa/login&mfa=off' } }],
    ['a fragment', { h1 => 1, path => sub { "$_[0]#/mfa/login" } }],
    ['a long query', { path => sub {
        $_[0] . ($_[0] =~ /\?/ ? '&' : '?') . 'x' x 3000 } }],
    ['a body', { body => 'a=1&b=2' },
        'Content-Type: application/x-www-form-urlencoded'],
    ['a body in chunks', { h1 => 1, chunked => 'a=1' }],
    ['a body of two lengths', { h1 => 1, hides => 1, chunked => 'a=1' },
        'Content-Length: 3'],
    ['Content-Range', { body => 'abc' }, 'Content-Range: bytes 0-2/3'],
    ['behind one that may pass', { h1 => 1, first => 1 }],
    ['a cookie of other capitals', { other => 1 }, 'Cookie: MFA_USER=FULL'],
    ['a cookie in another', { other => 1 }, 'Cookie: a="x, mfa_user=FULL"'],
    ['a cookie with a blank', { other => 1 }, 'Cookie: mfa_user =FULL'],
    ['a cookie in quotes', { other => 1 }, 'Cookie: mfa_user="FULL"'],
    ['a cookie with a prefix', { other => 1 }, 'Cookie: __Host-mfa_user=FULL'],
    ['a cookie of another portal', { other => 1 }, 'Cookie: mfa_admin=FULL'],
    ['the session twice', { other => 1 }, 'Cookie: mfa_user=FULL; mfa_user=FULL'],
    ['two sessions', { other => 1 }, 'Cookie: mfa_user=HALF', 'Cookie: mfa_user=FULL'],
    ['a session of another portal', { other => 1 }, 'Cookie: mfa_user=ADMIN'],
    ['a session that is over', { other => 1 }, 'Cookie: mfa_user=OVER'],
    ['many cookies', {}, map { "Cookie: c$_=" . 'v' x 20 } 1 .. 30],
);


sub kinds  { map { $_->[0] } @kinds }
sub tricks { map { $_->[0] } @tricks }


sub option {
    my ($name) = @_;

    my ($kind) = grep { $_->[0] eq $name } @kinds;
    my ($n, $p, $c, %opt) = @$kind;

    return \%opt;
}


# Tricks by which a session is to be shown the canary of a file, in HTTP/1 or 2.
sub showing {
    my ($http) = @_;

    return map { $_->[0] }
        grep { !$_->[1]{hides} && !$_->[1]{other} && ($http == 1 || !$_->[1]{h1}) }
        @tricks;
}


sub start {
    my ($class, %arg) = @_;

    my $env = MFA::Env->start;
    my $dir = $env->dir;
    my $self = bless { env => $env, dir => $dir, owner => $$, pids => [] },
        $class;

    $self->_files;
    $self->_sites;

    $env->account($_, 'alice', MFA::Env::factor()) for qw(user admin);
    my $now = time;
    $self->{tokens} = {
        HALF  => $env->session('user', 'alice', level => 1),
        FULL  => $env->session('user', 'alice', level => 2),
        ADMIN => $env->session('admin', 'alice', level => 2),
        OVER  => $env->session('user', 'alice', level => 2, expires => $now - 1),
    };

    # The module with its backstop is the one every other suite loads.
    local $ENV{TEST_NGINX_LOAD_MODULES} = $arg{load} if defined $arg{load};

    $self->{nginx} = MFA::Nginx->start($dir, level => 'error',
                                       http => $self->_http);

    return $self;
}


sub _files {
    my ($self) = @_;
    my $root = "$self->{dir}/root";

    mkdir $_ or die "$_: $!" for $root, map { "$root/$_" }
        qw(files rx nest nest/in index oindex list random ossi ssi oadd oradd dav);

    my $include = join "\n",
        (map { "<!--#include virtual=\"$_\" -->" }
             qw(/files/s.txt /proxy /exact.txt)),
        '<!--#include virtual="/proxy" wait="yes" -->',
        '<!--#include file="../files/s.txt" -->',
        '<!--#include virtual="/proxy" set="v" --><!--#echo var="v" -->',
        '<!--#block name="e" -->none<!--#endblock -->'
        . '<!--#include virtual="/proxy" stub="e" -->';

    my %files = (
        (map { $_ => "$canary\n" } qw(files/s.txt exact.txt rx/s.txt
            nest/in/s.txt index/index.html list/CANARY.txt random/s.txt
            dav/s.txt)),
        'ossi/all.html' => $include, 'ssi/all.html' => $include,
        'ossi/admin.html' => '<!--#include virtual="/admin/s.txt" -->',
        'ossi/return.html' => '<!--#include virtual="/return" -->',
        'oadd/o.txt' => "open\n", 'oradd/o.txt' => "open\n",
    );

    MFA::Nginx::write_file("$root/$_", $files{$_}) for keys %files;
    chmod 0777, "$root/dav";
}


# Sites that speak no HTTP, or answer an upgrade.
sub _sites {
    my ($self) = @_;
    my $page = "Status: 200 OK\r\nContent-Type: text/plain\r\n\r\n$canary";
    my $n = length $canary;
    my $record = sub { pack('CCnnCC', 1, $_[0], 1, length $_[1], 0, 0) . $_[1] };

    $self->_canned('scgi', sub { $page });
    $self->_canned('fcgi', sub { $record->(6, $page) . $record->(6, '')
                                 . $record->(3, "\0" x 8) });
    $self->_canned('memcached', sub { "VALUE k 0 $n\r\n$canary\r\nEND\r\n" });
    $self->_canned('ws', sub {
        return $_[0] =~ /^Upgrade: websocket/mi
            ? "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
              . "Connection: upgrade\r\n\r\n$canary"
            : "HTTP/1.1 200 OK\r\nContent-Length: $n\r\nConnection: close\r\n\r\n"
              . ($_[0] =~ /\AHEAD/ ? '' : $canary);
    });
}


sub _canned {
    my ($self, $name, $answer) = @_;
    my $path = "$self->{dir}/$name.sock";
    my $listen = IO::Socket::UNIX->new(Local => $path, Listen => 64)
        or die "$path: $!";
    chmod 0777, $path;

    my $parent = $$;
    my $pid = fork // die "fork: $!";

    if ($pid) {
        push @{ $self->{pids} }, $pid;
        return;
    }

    $SIG{TERM} = sub { _exit(0) };
    $SIG{PIPE} = 'IGNORE';
    $SIG{ALRM} = sub { _exit(0) if getppid != $parent; alarm 2 };
    alarm 2;

    while (1) {
        my $sock = $listen->accept or next;
        sysread $sock, my $in, 65536 or next;
        syswrite $sock, $answer->($in);
        close $sock;
    }
}


sub _http {
    my ($self) = @_;
    my $locations = join "\n", map { $_->[2] } grep { !_host($_) } @kinds;
    my $pages = 'location /mfa/ { mfa_pages;'
        . ' if ($arg_site) { proxy_pass http://site; }'
        . ' location /mfa/inner/ { proxy_pass http://site/in/inner; } }';
    my $servers = join '', map { <<"EOC" } grep { _host($_) } @kinds;
server {
    listen LISTEN;
    listen 127.0.0.1:PORT http2;
    server_name @{[ _host($_) ]};
    root ROOT;
    mfa user;
    location /mfa/ { mfa_pages; }
    $_->[2]
}
EOC

    my $text = $self->{env}->conf(user => '', admin => 'pages /adm/;') . <<"EOC";
proxy_cache_path DIR/cache keys_zone=matrix:1m;
keepalive_requests 100000;
client_body_buffer_size 4k;
large_client_header_buffers 8 8k;
log_format plain '\$request_method \$request_uri';
upstream site { server unix:DIR/site.sock; }

# The first is asked where nobody else is meant.
server {
    listen LISTEN default_server;
    listen 127.0.0.1:PORT http2 default_server;
    server_name localhost;
    root ROOT;
    mfa user;
    location /quiet { proxy_pass http://site/out/quiet; }
    location \@named { rewrite ^ /in/named break; proxy_pass http://site; }
    $pages
    $locations
}
server {
    listen LISTEN;
    listen 127.0.0.1:PORT http2;
    server_name open.example;
    root ROOT;
    mfa user;
    location / { proxy_pass http://site/in/open; }
    $pages
}
$servers
server {
    listen unix:DIR/site.sock;
    location /out/ { return 200 "open\\n"; }
    location = /out/404 { return 404; }
    location = /out/accel { add_header X-Accel-Redirect /internal/s.txt;
                            return 200; }
    location = /out/accel-name { add_header X-Accel-Redirect \@named; return 200; }
    location / { access_log DIR/behind.log plain; return 200 "$canary"; }
    location /in/files/ { access_log DIR/behind.log plain; alias ROOT/files/; }
}
server {
    listen 127.0.0.1:PORT2 http2;
    access_log DIR/behind.log plain;
    location / { return 200 "$canary"; }
}
EOC

    # A site that looks at conditions itself would answer them.
    $text =~ s/\bOWN\b/proxy_pass_request_headers off;/g;
    $text =~ s/\bROOT\b/DIR\/root/g;
    $text =~ s/\bDIR\b/$self->{dir}/g;

    return $text;
}


sub _host {
    my ($name, $path, $conf, %opt) = @{ $_[0] };

    return $opt{host};
}


# Requests that reached a site behind a gated place since this was last asked.
sub behind {
    my ($self) = @_;
    my $file = "$self->{dir}/behind.log";
    my $text = MFA::Nginx::read_file($file);

    truncate $file, 0 if -e $file;

    return split /\n/, $text;
}


sub dav {
    my ($self) = @_;

    return join ' ', sort map { s{.*/}{}r } glob "$self->{dir}/root/dav/*";
}


sub log { $_[0]{nginx}->log }


# What kind, method and trick come to: { method, path, host, headers => [...],
# body } or nothing where the cell says nothing about this visitor.
sub _cell {
    my ($self, $http, $who, $kind, $method, $trick) = @_;
    my ($k_name, $k_path, $conf, %k) = @$kind;
    my ($t_name, $t, $lines) = @$trick;

    return if $http == 2 && $t->{h1};
    return if $who eq 'full' && $t->{other};
    return if $who ne 'full' && $k{open}{$method};

    return {
        kind => $k_name, trick => $t_name, method => $method,
        path => $t->{path} ? $t->{path}->($k_path) : $k_path,
        host => exists $t->{host} ? $t->{host} : $k{host} // 'localhost',
        version => $t->{version} // '1.1', headers => $lines,
        body => $t->{body}, chunked => $t->{chunked}, first => $t->{first},
        part => $k{part}, nobody => $k{nobody},
    };
}


sub _cells {
    my ($self, $http, $who, $kind, %arg) = @_;

    return map {
        my $method = $_;
        map { $self->_cell($http, $who, $kind, $method, $_) } @{ $arg{tricks} };
    } @{ $arg{methods} || \@METHODS };
}


# The tricks as this visitor does them, who has a cookie or none.
sub _tricks_of {
    my ($self, $who) = @_;
    my %cookie = (half => ['Cookie: mfa_user=HALF'],
                  full => ['Cookie: mfa_user=FULL']);

    return map {
        my ($name, $opt, @lines) = @$_;
        push @lines, @{ $cookie{$who} || [] };
        s/\b(HALF|FULL|ADMIN|OVER)\b/$self->{tokens}{$1}/g for @lines;
        [$name, $opt, \@lines];
    } @tricks;
}


sub sweep {
    my ($self, $http, $who, %arg) = @_;
    local $SIG{PIPE} = 'IGNORE';
    my %found = (cells => 0, answers => 0, leaks => [], seen => {}, mute => []);

    $self->behind;
    $arg{tricks} = [$self->_tricks_of($who)];

    for my $kind (@kinds) {
        my @cells = $self->_cells($http, $who, $kind, %arg);

        $http == 1 ? $self->_ask1(@cells) : $self->_ask2(@cells);
        $found{cells} += @cells;
        _judge(\%found, $who, $_) for @cells;
    }

    $found{behind} = [$self->behind];

    return \%found;
}


sub _judge {
    my ($found, $who, $cell) = @_;
    my $name = "$cell->{kind}, $cell->{method}, $cell->{trick}";

    if (!defined $cell->{status}) {
        push @{ $found->{mute} }, $name;
        return;
    }

    $found->{answers}++;
    $found->{status}{ $cell->{status} }++;

    my $shown = $cell->{answer} =~ $SHOWS;

    if ($who eq 'full') {
        $found->{seen}{ $cell->{kind} }{ $cell->{trick} } = 1
            if $shown && $cell->{method} ne 'HEAD';

    } elsif ($shown) {
        push @{ $found->{leaks} }, "$name: shown with $cell->{status}";
        $found->{of}{ $cell->{kind} }++;

    } elsif (!$cell->{part} && $cell->{status}
             =~ ($cell->{nobody} ? qr/^(?:[12]..|304)$/ : qr/^(?:[12]..|304|41[26])$/))
    {
        push @{ $found->{leaks} }, "$name: status $cell->{status}";
        $found->{of}{ $cell->{kind} }++;
    }
}


# --- HTTP/1 ---

sub _text {
    my ($self, $cell, $last) = @_;
    my @lines = ("$cell->{method} $cell->{path} HTTP/$cell->{version}");

    push @lines, "Host: $cell->{host}" if defined $cell->{host};
    push @lines, @{ $cell->{headers} };
    push @lines, 'Connection: close' if $last;
    push @lines, 'Content-Length: ' . length $cell->{body}
        if defined $cell->{body};
    push @lines, 'Transfer-Encoding: chunked' if defined $cell->{chunked};

    my $body = $cell->{body} // '';
    $body = sprintf "%x\r\n%s\r\n0\r\n\r\n", length $cell->{chunked},
        $cell->{chunked} if defined $cell->{chunked};

    return join("\r\n", @lines, '', '') . $body;
}


# Many requests in one connection, as they fit: what closes it is followed by
# another one.  Each answer is that of the request at its place.
sub _ask1 {
    my ($self, @cells) = @_;
    my $alone = sub { $_[0]{trick} eq 'WebSocket' || $_[0]{version} eq '1.0' };

    $self->_ask_alone($_) for grep { $alone->($_) } @cells;
    @cells = grep { !$alone->($_) } @cells;

    while (@cells) {
        my @now = @cells[0 .. ($#cells < 39 ? $#cells : 39)];
        my @answers = $self->_talk(@now);

        if (!@answers) {
            shift @cells;                       # mute
            next;
        }

        @answers = @answers[0 .. $#now] if @answers > @now;
        ($_->{status}, $_->{answer}) = @{ shift @answers }
            for splice @cells, 0, scalar @answers;
    }
}


sub _ask_alone {
    my ($self, $cell) = @_;
    my ($answer) = $self->_talk($cell);

    ($cell->{status}, $cell->{answer}) = @$answer if $answer;
}


sub _talk {
    my ($self, @cells) = @_;
    my $text = '';

    for my $i (0 .. $#cells) {
        $text .= "GET /quiet HTTP/1.1\r\nHost: localhost\r\n"
            . "Cookie: mfa_user=$self->{tokens}{FULL}\r\n\r\n"
            if $cells[$i]{first};
        $text .= $self->_text($cells[$i], $i == $#cells);
    }

    my @answers;

    for my $part (split m{(?=HTTP/1\.[01] \d\d\d )},
                  $self->{nginx}->send($text)->{raw})
    {
        my ($status) = $part =~ m{\AHTTP/1\.[01] (\d\d\d)};
        next if !defined $status || $status == 100;
        push @answers, [$status, $part];
    }

    # The answers of what went before are not asked for.
    my @kept;

    for my $cell (@cells) {
        shift @answers if $cell->{first};
        push @kept, shift @answers if @answers;
    }

    return @kept;
}


# --- HTTP/2 ---

sub _ask2 {
    my ($self, @cells) = @_;
    my $h2 = MFA::Http2->new($self->{nginx}->port);

    # A stream may take four of nginx's connections (its site's and a mirror's, at
    # both ends): with too many nginx closes this one to have more.
    while (my @now = splice @cells, 0, 25) {
        my %cells;

        for my $cell (@now) {
            my @headers = map { /\A([^:]+): (.*)/ ? (lc $1, $2) : () }
                @{ $cell->{headers} };

            push @headers, 'content-length' => length $cell->{body}
                if defined $cell->{body};
            $cells{ $h2->send($cell->{method}, $cell->{path}, @headers,
                              ':authority' => $cell->{host},
                              defined $cell->{body}
                                  ? (':body' => $cell->{body}) : ()) } = $cell;
        }

        $h2->wait(20, keys %cells);

        for my $id (keys %cells) {
            $cells{$id}{status} = $h2->status($id);
            $cells{$id}{answer} = $h2->answer($id);

            # A mirror or post_action outlives its answer, and streams beyond the
            # limit are refused unseen: asked again, as clients do.
            push @cells, $cells{$id}
                if !defined $cells{$id}{status} && $cells{$id}{again}++ < 5;
        }
    }

    $h2->close;
}


sub stop {
    my ($self) = @_;

    kill TERM => @{ $self->{pids} } if @{ $self->{pids} };
    waitpid $_, 0 for splice @{ $self->{pids} };

    return $self->{nginx} ? $self->{nginx}->stop : ();
}


sub DESTROY {
    my ($self) = @_;

    local ($?, $@, $!);
    $self->stop if $$ == $self->{owner};
}


1;
