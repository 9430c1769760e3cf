# Caches behind the gate (security 74): what a site has answered to one person must
# not be shown to the next.  Fails when an answer to a request with identity headers
# is shared, also when its maker tries to pass it off as nobody's, and when an
# answer that names nobody is not cached any more.

use strict;
use warnings;

use Test::More;

use MFA::Env;
use MFA::Nginx;
use MFA::Upstream;

my $env      = MFA::Env->start;
my $dir      = $env->dir;
my $upstream = MFA::Upstream->start($dir);
my $site     = 'http://unix:' . $upstream->socket . ':';

my $conf = $env->conf(user => 'grace 7d;') . <<'EOC';
proxy_cache_path DIR/cache keys_zone=c:1m;
proxy_cache c;
proxy_cache_valid 200 404 1h;
server {
    listen LISTEN;
    mfa user;
    add_header X-Cache $upstream_cache_status always;
    location / { proxy_pass SITE; }
    location /own/ { proxy_cache_key $uri:$mfa_session; proxy_pass SITE; }
    location /nameless/ { mfa_identity_headers off; proxy_pass SITE; }
    location /bare/ { proxy_pass_request_headers off; proxy_pass SITE; }
    location /path/ { proxy_cache_key $uri; proxy_pass SITE; }
    location /gone/ { rewrite ^ /y? break; proxy_cache_key $request_uri; proxy_pass SITE; }
    location /report/ { mfa_report on; proxy_pass SITE; }
    location /off/ { mfa off; proxy_pass SITE; }
    location /ssi/ { mfa off; ssi on; proxy_cache off; root DIR; }
    location /included { proxy_pass SITE; }
    location /unbuffered/ { proxy_buffering off; proxy_pass SITE; }
    location /mfa/ { mfa_pages; }
}
EOC

mkdir "$dir/ssi";
$env->file('ssi/p.html', '<!--#include virtual="/included" -->');
$conf =~ s/\bSITE\b/$site/g;
$conf =~ s/\bDIR\b/$dir/g;

my $nginx = MFA::Nginx->start($dir, http => $conf);

$env->account('user', $_) for qw(alice bob);

my $token = $env->session('user', 'alice');
my %cookie = (
    alice  => "Cookie: mfa_user=$token",
    bob    => 'Cookie: ' . $env->cookie('user', 'bob'),
    nobody => 'X-None: 1',
);


# The status, the state of the cache, and whom the site was told of.
sub fetch {
    my ($who, $path) = @_;
    my $answer = $nginx->get($path, $cookie{$who});
    my ($user) = $answer->{body} =~ /^Remote-User: (\S+)\r$/mi;

    return join ' ', $answer->{status},
        $nginx->header($answer, 'X-Cache') || 'none', $user // 'none';
}


# Alice, bob, nobody, alice and bob again.
sub all_of {
    my ($path) = @_;

    return [map { fetch($_, $path) } qw(alice bob nobody alice bob)];
}


for my $path ('/x', '/unbuffered/x', '/x?status=404') {
    my $status = $path =~ /404/ ? 404 : 200;

    is_deeply(all_of($path),
        ["$status MISS alice", "$status MISS bob", '401 none none',
         "$status MISS alice", "$status MISS bob"],
        "$path: everybody gets an answer of the site's own (security 74)");
}

is_deeply(all_of('/own/x'),
    ['200 MISS alice', '200 MISS bob', '401 none none', '200 HIT alice',
     '200 HIT bob'],
    'with $mfa_session in the key everybody has a cache of their own');
is_deeply(all_of('/nameless/x'),
    ['200 MISS none', '200 HIT none', '401 none none', '200 HIT none',
     '200 HIT none'],
    'without identity headers one answer serves all who may see it');
is_deeply(all_of('/bare/x'),
    ['200 MISS none', '200 HIT none', '401 none none', '200 HIT none',
     '200 HIT none'], 'and so when no header at all goes to the site');
is_deeply(all_of('/off/x'),
    ['200 MISS none', '200 HIT none', '200 HIT none', '200 HIT none',
     '200 HIT none'], 'an ungated cache is as ever');
is_deeply(all_of('/report/x'),
    ['200 MISS alice', '200 MISS bob', '200 MISS none', '200 HIT none',
     '200 HIT none'],
    'under report nothing with a name is stored, and what is stored has none');

like($nginx->get('/ssi/p.html', $cookie{alice})->{body},
     qr/^Remote-User: alice/m, 'an include is made for one person');
like($nginx->get('/ssi/p.html', $cookie{bob})->{body},
     qr/^Remote-User: bob/m, 'and for the next one anew');

# Whoever writes the own reference into a path makes the key hold it.
my ($reference) = $env->session_key($token) =~ /:([^:]{12})[^:]*\z/;
my $hidden = join '', map { sprintf '%%%02x', ord } split //, $reference;

for my $path ("/x?$reference", "/path/$reference", "/gone/$reference", "/path/$hidden") {
    is(fetch('alice', $path), '200 MISS alice', "$path is alice's");
    is(fetch('bob', $path), '200 MISS bob', 'and not passed on to bob');
}

is(join("\n", $nginx->stop), '', 'the log is clean');

done_testing;
