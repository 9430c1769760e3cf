# The gate and its store: what is asked of Redis and what is not, what happens
# while it is silent or gone, and that every worker and every protocol sees the
# same.  Fails when nonsense in a cookie costs a round trip (security 45), when an
# outage logs people out or lets them in (115), when a revocation takes effect in
# one worker only (33), and when HTTP/2 or TLS find another way.

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep time);

use MFA::Env;
use MFA::Nginx;
use MFA::Upstream;

my $env      = MFA::Env->start;
my $redis    = $env->redis;
my $dir      = $env->dir;
my $upstream = MFA::Upstream->start($dir);
my $site     = 'http://unix:' . $upstream->socket . ':';

# A certificate for the TLS server.
system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
       . " -nodes -keyout $dir/tls.key -out $dir/tls.crt -days 2"
       . " -subj /CN=localhost >/dev/null 2>&1") == 0 or die 'openssl failed';

my $gated = <<'EOC';
    mfa user;
    location / { proxy_pass SITE; }
    location /mfa/ { mfa_pages; }
    location /off/ { mfa off; proxy_pass SITE; }
    location /admin/ { mfa admin; proxy_pass SITE; }
    location /adm/ { mfa admin; mfa_pages; }
    location /strict/ { mfa strict; proxy_pass SITE; location /strict/mfa/ { mfa_pages; } }
    location /auth/ { mfa off; auth_request /inner; proxy_pass SITE; }
    location /inner { proxy_pass SITE; }
    location /ssi/ { mfa off; ssi on; root DIR; }
    location /mirrored/ { mirror /mirror; proxy_pass SITE; }
    location = /mirror { internal; mfa off; proxy_pass SITE; }
    location /tomirror/ { mfa off; mirror /gated-mirror; proxy_pass SITE; }
    location = /gated-mirror { internal; proxy_pass SITE; }
    location /action/ { mfa off; post_action /gated-action; proxy_pass SITE; }
    location = /gated-action { proxy_pass SITE; }
    location /ws/ {
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
        proxy_pass SITE;
    }
    location /cache/ {
        mfa_identity_headers off;
        proxy_cache c;
        proxy_cache_background_update on;
        proxy_cache_use_stale updating;
        add_header X-Cache $upstream_cache_status;
        proxy_pass SITE;
    }
    location /redirected/ { error_page 404 = @other; proxy_intercept_errors on; proxy_pass SITE; }
    location @other { rewrite ^ /other? break; proxy_pass SITE; }
EOC

sub configuration {
    my ($redis) = @_;

    my $conf = $env->conf(user   => 'grace 7d;',
                          admin  => 'pages /adm/; cookie secure=auto;',
                          strict => 'pages /strict/mfa/; cookie secure=on;')
        . "mfa_cache off;\n"
        . "proxy_cache_path DIR/cache keys_zone=c:1m;\n"
        . "server {\nlisten LISTEN;\nlisten 127.0.0.1:PORT http2;\n"
        . "add_header X-Worker \$pid always;\n$gated}\n"
        . "server {\nlisten 127.0.0.1:PORT2 ssl http2;\n"
        . "ssl_certificate DIR/tls.crt;\nssl_certificate_key DIR/tls.key;\n"
        . "$gated}\n";

    $conf =~ s/\bSITE\b/$site/g;
    $conf =~ s/\bDIR\b/$dir/g;

    return $conf;
}


mkdir "$dir/ssi";
$env->file('ssi/p.html', "a<!--#include virtual=\"/inner\" -->z");

my $nginx = MFA::Nginx->start($dir, http => configuration());

$env->account($_, 'alice') for qw(user admin strict);

my $id     = 'i' x 32;
my $alice  = $env->cookie('user', 'alice', id => $id);
my $strict = $env->session('strict', 'alice');

is($nginx->get('/x', "Cookie: $alice")->{status}, 200, 'a session passes');


# --- what is asked ---

sub asked {
    my ($n, $what, $path, @headers) = @_;

    $redis->forget;
    my $answer = $nginx->get($path, @headers);

    is($redis->calls, $n, "$what: $n commands");

    return $answer->{status};
}


is(asked(2, 'a session and its account', '/x', "Cookie: $alice"), 200,
   'in one round trip');
is(asked(3, 'a session whose cookie names somebody else', '/x', 'Cookie: '
         . $env->cookie('user', 'alice', guess => 'bob')), 200,
   'the account is read behind the record');
is(asked(0, 'no cookie', '/x'), 401, 'no cookie: nothing is asked');
is(asked(0, 'an open location', '/off/', "Cookie: $alice"), 200,
   'the gate is off: nothing is asked');
is(asked(0, 'the cookie of another portal', '/admin/', "Cookie: $alice"), 401,
   'its session is not even looked for');

my ($token) = $alice =~ /=(.*)/;

for my $case ([ 'an empty value',            "mfa_user=" ],
              [ 'dots',                      "mfa_user=....." ],
              [ 'semicolons',                ";;;mfa_user=;;;" ],
              [ 'a value cut short',         'mfa_user=' . substr($token, 0, 43) ],
              [ 'a value without its name',  'mfa_user=' . substr($token, 0, 44) ],
              [ 'a value of 8 kilobytes',    'mfa_user=' . 'A' x 7000 ],
              [ 'a stray bit at the end',    'mfa_user=' . ('A' x 42) . "B.AAAA" ],
              [ 'a foreign character',       'mfa_user=' . ('A' x 42) . "*.AAAA" ],
              [ 'a plus sign',               'mfa_user=' . ('A' x 42) . "+.AAAA" ],
              [ 'quotes',                    "mfa_user=\"$token\"" ],
              [ 'a comma behind it',         "mfa_user=$token,x" ],
              [ 'a comma before it',         "a=\"x, mfa_user=$token\"" ],
              [ 'upper case in the name',    "MFA_USER=$token" ],
              [ 'a space in the name',       "mfa_user =$token" ],
              [ 'the name of the form',      "mfa_user_login=$token" ],
              [ 'the name for TLS',          "__Host-mfa_user=$token" ],
              [ 'two of them',               "mfa_user=$token; mfa_user=$token" ],
              [ 'two, one in upper case',    "mfa_user=$token; MFA_user=x" ],
              [ 'two, one of them bare',     "mfa_user; mfa_user=$token" ],
              [ 'a session for TLS alone',   "mfa_strict=$strict" ])
{
    my ($what, $cookie) = @$case;
    my $path = $cookie =~ /strict/ ? '/strict/x' : '/x';

    is(asked(0, $what, $path, "Cookie: $cookie"), 401,
       "$what is no session, and nothing is asked (security 40, 43-45)");
}

is(asked(0, 'two lines', '/x', "Cookie: $alice", "Cookie: $alice"), 401,
   'two header lines count as two (security 44)');

# One touch a minute, also when many come at once and through redirects.
my $old = $env->cookie('user', 'alice', seen => int(time) - 120);

$redis->forget;
my %statuses = map {
    $nginx->get('/redirected/?status=404', "Cookie: $old")->{status} => 1
} 1 .. 20;
is(join(' ', keys %statuses), 200, 'a redirected request passes twice');
sleep 0.1;

my ($sets) = $redis->call('INFO', 'commandstats') =~ /^cmdstat_set:calls=(\d+)/m;
is($sets, 1, 'twenty requests through a redirect touch a session once (security 32)');


# --- subrequests and connections that stay ---

$upstream->forget;
is($nginx->get('/mirrored/')->{status}, 401, 'a stranger is refused');
is($nginx->get('/tomirror/')->{status}, 200, 'an open location answers');
is($nginx->get('/action/')->{status}, 200, 'an open location answers');
sleep 0.1;
unlike($upstream->seen, qr{ /(?:mirrored/|mirror|gated-mirror|gated-action) },
       'nothing gated is mirrored or acted on for a stranger (security 57)');

$upstream->forget;
$nginx->get($_, "Cookie: $alice") for '/mirrored/', '/tomirror/', '/action/';
sleep 0.1;
like($upstream->seen, qr{ $_ }, "$_ is reached for a session")
    for '/mirror', '/gated-mirror', '/gated-action';

my @switch = ('Connection: upgrade', 'Upgrade: websocket');
is($nginx->request('GET', '/ws/?status=101', @switch)->{status}, 401,
   'no protocol is switched for a stranger (security 63)');
is($nginx->request('GET', '/ws/?status=101', @switch, "Cookie: $alice")->{status},
   101, 'it is for a session');

my $stale = '/cache/?head=Cache-Control:%20max-age=1,%20stale-while-revalidate=60';
is($nginx->get($stale, "Cookie: $alice")->{status}, 200, 'an answer is cached');
sleep 2.1;
my $answer = $nginx->get($stale, "Cookie: $alice");
is($answer->{status} . ' ' . $nginx->header($answer, 'X-Cache'), '200 STALE',
   'a stale one is served while it is fetched anew');
sleep 0.2;
$answer = $nginx->get($stale, "Cookie: $alice");
is($answer->{status} . ' ' . $nginx->header($answer, 'X-Cache'), '200 HIT',
   'and was fetched anew in the background, behind the gate');
is($nginx->get($stale)->{status}, 401, 'the cache is not for strangers (security 74)');


# --- the store goes away (security 115) ---

sub unavailable {
    my ($when) = @_;

    my $page = $nginx->get('/x', "Cookie: $alice", 'Accept: text/html');

    is($page->{status}, 503, "$when: a person gets 503");
    like($page->{body}, qr/data-mfa-page="unavailable"/, "$when: and a page");
    like($nginx->header($page, 'Retry-After'), qr/^[1-9]\d?$/, "$when: with Retry-After");
    is($nginx->header($page, 'Location'), '', "$when: and no redirect to the login");
    is($nginx->header($page, 'Set-Cookie'), '', "$when: and the cookie is kept");
    is($nginx->header($page, 'Cache-Control'), 'no-store', "$when: and it is not kept");

    my $script = $nginx->request('POST', '/x', "Cookie: $alice", 'Content-Length: 0');

    is($script->{status}, 503, "$when: a script gets 503");
    like($script->{body}, qr/^\{"type":"about:blank","status":503,/, "$when: as JSON");
    like($nginx->header($script, 'Retry-After'), qr/^[1-9]\d?$/, "$when: with Retry-After");
    is($nginx->header($script, 'Set-Cookie'), '', "$when: and no cookie");

    unlike($nginx->get($_, "Cookie: $alice")->{body}, qr/reached/,
           "$when: $_ shows nothing of the site (security 56)")
        for '/auth/', '/ssi/p.html', '/cache/', $stale;

    is($nginx->get('/x')->{status}, 401, "$when: who has no cookie is a stranger");
    is($nginx->get('/off/')->{status}, 200, "$when: open locations do not care");
}


sub recovered {
    my ($when) = @_;

    my $status = 0;

    for (my $end = time + 5; $status != 200 && time < $end; sleep 0.05) {
        $status = $nginx->get('/x', "Cookie: $alice")->{status};
    }

    is($status, 200, "$when: the same cookie passes again (security 115, 117)");
}


$redis->freeze;
unavailable('a silent store');
$redis->thaw;
recovered('a store that answers again');

$redis->stop;
unavailable('a store that is gone');
$redis->restart;
$env->account('user', 'alice');
$env->session('user', 'alice', id => $id);
recovered('a store that is back');

$redis->call('CONFIG', 'SET', 'requirepass', 'secret');
$redis->call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
unavailable('a store that wants a password');
$redis->call('CONFIG', 'SET', 'requirepass', '');
recovered('a store that wants none again');

$redis->call('SET', 'mfa:schema', 999);
$redis->call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
unavailable('a store of a newer format');
$redis->call('DEL', 'mfa:schema');
recovered('a store of this format again');


# --- HTTP/2 ---

my $curl = `curl -V 2>/dev/null` // '';

sub curl {
    my (@args) = @_;

    open my $pipe, '-|', 'curl', '-sik', '--max-time', 20, @args
        or die "curl: $!";
    local $/;
    my $got = <$pipe> // '';
    close $pipe;

    return $got;
}


SKIP: {
    skip 'curl cannot speak HTTP/2', 13 unless $curl =~ /\bHTTP2\b/;

    my $url = 'http://127.0.0.1:' . $nginx->port(0);
    my @h2  = ('--http2-prior-knowledge');

    like(curl(@h2, "$url/x"), qr/\AHTTP\/2 401.*Login is required/s,
         'HTTP/2: a stranger is refused (security 70)');
    like(curl(@h2, '-H', 'Accept: text/html', "$url/x?a=b"),
         qr{\AHTTP/2 303.*^location: /mfa/login\?next=/x%3Fa%3Db\r}ms,
         'HTTP/2: a navigation is sent to the login');
    like(curl(@h2, '-X', 'POST', '-H', 'Accept: text/html', "$url/x"),
         qr/\AHTTP\/2 401/, 'HTTP/2: a POST is not (security 53)');
    like(curl(@h2, '-b', "a=b; $alice; c=d", '-H', 'Remote-User: root', "$url/x"),
         qr/\AHTTP\/2 200.*^Remote-User: alice\r.*\z/ms,
         'HTTP/2: a session passes');
    unlike(curl(@h2, '-b', "a=b; $alice; c=d", '-H', 'Remote-User: root', "$url/x"),
           qr/mfa_user|: root\r/, 'HTTP/2: without our cookie and forged headers');
    like(curl(@h2, '-b', "a=b; $alice; c=d", "$url/x"), qr/^Cookie: a=b; c=d\r/mi,
         'HTTP/2: the other cookies arrive');
    like(curl(@h2, '-b', "$alice; mfa_user=x", "$url/x"), qr/\AHTTP\/2 401/,
         'HTTP/2: two of our cookies are none (security 44)');
    like(curl(@h2, '-H', "Cookie: $alice", '-H', 'Cookie: mfa_user=x', "$url/x"),
         qr/\AHTTP\/2 401/, 'HTTP/2: nor when they come as crumbs (security 44)');
    like(curl(@h2, '-I', "$url/x"), qr/\AHTTP\/2 401[^\n]*\r\n/,
         'HTTP/2: HEAD of a stranger');
    like(curl(@h2, "$url/mfa/login"), qr/\AHTTP\/2 200.*data-mfa-page="login"/s,
         'HTTP/2: pages are served');

    $env->file('body', 'x' x 60_000);
    $upstream->forget;

    # nginx resets the stream of a body it does not read, so the answer may be
    # lost on the way.
    like(curl(@h2, '--data-binary', "\@$dir/body", "$url/x"), qr/\A(?:HTTP\/2 401|\z)/,
         'HTTP/2: an upload of a stranger is refused (security 72)');
    is($upstream->seen, '', 'HTTP/2: and nothing of it reaches the site');
    like(curl(@h2, '-b', $alice, '--data-binary', "\@$dir/body", "$url/x"),
         qr/\AHTTP\/2 200.*x{60000}\z/s, 'HTTP/2: that of a session arrives whole');
}


# --- TLS ---

my $tls    = 'https://127.0.0.1:' . $nginx->port(1);
my $secure = '__Host-' . $env->cookie('user', 'alice');

like(curl('-b', $secure, "$tls/x"), qr/\AHTTP\/\S+ 200.*^Remote-User: alice\r/ms,
     'TLS: the cookie with the prefix counts (security 42)');
like(curl('-b', $alice, "$tls/x"), qr/\AHTTP\/\S+ 401/,
     'TLS: the one without does not');
like(curl('-b', "$secure; $alice", "$tls/x"), qr/\AHTTP\/\S+ 200/,
     'TLS: and does no harm beside it');
unlike(curl('-b', "$secure; $alice; a=b", "$tls/x"), qr/mfa_user/,
       'TLS: neither reaches the site (security 46)');
$env->account('strict', 'alice');
$strict = $env->session('strict', 'alice');
like(curl('-b', "__Host-mfa_strict=$strict", "$tls/strict/x"), qr/\AHTTP\/\S+ 200/,
     'TLS: a portal that needs it is open there (security 40)');
like(curl("$tls/x"), qr/^strict-transport-security: max-age=\d+\r/mi,
     'TLS: answers of the module ask for TLS from now on (security 149)');
unlike(curl('http://127.0.0.1:' . $nginx->port(0) . '/x', '--http2-prior-knowledge'),
       qr/^strict-transport-security/mi, 'plain http: they do not');

my $login = curl("$tls/mfa/login");
like($login, qr/^set-cookie: __Host-mfa_user_login=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax(?:; Max-Age=\d+)?\r/mi,
     'TLS: the form\'s cookie has every attribute (security 42)');
like(curl('--http2-prior-knowledge', 'http://127.0.0.1:' . $nginx->port(0) . '/mfa/login'),
     qr/^set-cookie: mfa_user_login=[^;]+; Path=\/; HttpOnly; SameSite=Lax/mi,
     'loopback without TLS: the same without Secure and prefix');

is(join("\n", $nginx->stop), '', 'the error log is clean');


# --- workers ---

$nginx = MFA::Nginx->start($dir, http => configuration(), workers => 2);

my %workers;

# Many at a time, so that both workers have some of them.
sub storm {
    my ($n, $cookie) = @_;

    my @sockets = map {
        my $sock = IO::Socket::UNIX->new(Peer => "$dir/nginx.sock")
            or die "nginx does not listen: $!";
        $sock->autoflush(1);
        $sock;
    } 1 .. $n;

    print $_ "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        . "Cookie: $cookie\r\n\r\n" for @sockets;

    my %count;

    for my $sock (@sockets) {
        local $/;
        my $got = <$sock> // '';
        $count{ $got =~ m{\AHTTP/1.1 (\d+)} ? $1 : 'nothing' }++;
        $workers{$1} = 1 if $got =~ /^X-Worker: (\d+)/m;
    }

    return \%count;
}


for my $round (1 .. 5) {
    my $cookie = $env->cookie('user', 'alice');

    is_deeply(storm(40, $cookie), { 200 => 40 }, "two workers, round $round: a session passes");
    $redis->call('DEL', $env->session_key($cookie));
    is_deeply(storm(40, $cookie), { 401 => 40 },
              "two workers, round $round: ended, it passes nowhere (security 33)");

    $cookie = $env->cookie('user', 'alice');
    $redis->call('HSET', 'mfa:{user}:account:alice', 'disabled', 1);
    is_deeply(storm(40, $cookie), { 403 => 40 },
              "two workers, round $round: disabled, it passes nowhere (security 33)");
    $redis->call('HDEL', 'mfa:{user}:account:alice', 'disabled');
}

for (my $end = time + 20; keys %workers < 2 && time < $end; ) {
    storm(40, $alice);
}

is(scalar keys %workers, 2, 'both workers had some of the requests');

is(join("\n", $nginx->stop), '', 'the error log of two workers is clean');

done_testing;
