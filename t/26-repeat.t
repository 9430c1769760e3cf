# A connection's Cookie header is compared with the one it sent last, and only read
# when it differs.  Fails when what was found in one line is taken for another's,
# when a session that has ended passes because its line was seen before, when a copy
# of the cookie in a second line is overlooked (security 44), or when our cookie
# reaches the site with a line that was repeated (security 46).

use strict;
use warnings;

use IO::Socket::UNIX;
use Test::More;

use MFA::Env;
use MFA::Nginx;
use MFA::Upstream;

my $env      = MFA::Env->start;
my $dir      = $env->dir;
my $upstream = MFA::Upstream->start($dir);
my $site     = 'http://unix:' . $upstream->socket . ':';

system('openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1'
       . " -nodes -days 2 -keyout $dir/tls.key -out $dir/tls.crt"
       . ' -subj /CN=localhost >/dev/null 2>&1') == 0
    or die 'openssl made no certificate';

my $nginx = MFA::Nginx->start($dir, http => $env->conf(
    user  => 'grace 7d;',
    admin => 'pages /adm/; grace 7d;',
) . <<"EOC");
server {
    listen LISTEN;
    listen 127.0.0.1:PORT ssl http2;
    ssl_certificate $dir/tls.crt;
    ssl_certificate_key $dir/tls.key;
    mfa user;
    location / { proxy_pass $site; }
    location /mfa/ { mfa_pages; }
    location /off/ { mfa off; proxy_pass $site; }
    location /slow/ { auth_request /ask; proxy_pass $site; }
    location = /ask { internal; mfa off; proxy_pass $site; }
    location /admin/ { mfa admin; proxy_pass $site; }
    location /adm/ { mfa admin; mfa_pages; }
}
EOC

# Logins of one length: so are the cookies.
$env->account('user', $_) for qw(alice carol);
$env->account('admin', 'alice');

my $alice = $env->cookie('user', 'alice');
my $carol = $env->cookie('user', 'carol');
my $admin = $env->cookie('admin', 'alice');

is(length $alice, length $carol, 'two cookies of one length');


# A connection that stays open.
sub dial {
    my $sock = IO::Socket::UNIX->new(Peer => $nginx->{socket})
        or die "nginx does not listen: $!";
    binmode $sock;
    $sock->autoflush(1);

    return $sock;
}


# "STATUS USER COOKIE" of an answer: whom the site was told of, and which cookies.
sub ask {
    my ($sock, $path, @cookies) = @_;
    my $got = '';

    print $sock join "\r\n", "GET $path HTTP/1.1", 'Host: localhost',
        (map { "Cookie: $_" } @cookies), '', '';

    until ($got =~ /\r\n\r\n/ && whole($got)) {
        sysread($sock, $got, 65536, length $got) or last;
    }

    my ($status) = $got =~ m{\AHTTP/1.1 (\d+)};
    my ($user)   = $got =~ /^Remote-User: (\S+)\r$/mi;
    my ($cookie) = $got =~ /^Cookie: (.*)\r$/mi;

    return join ' ', $status // 0, $user // '-', $cookie // '-';
}


sub whole {
    my ($head, $body) = split /\r\n\r\n/, $_[0], 2;

    return $head =~ /^Content-Length: (\d+)/mi ? length $body >= $1
                                               : $body =~ /^0\r\n\r\n\z/m;
}


my $sock = dial();

is(ask($sock, '/x', "a=1; $alice; b=2"), '200 alice a=1; b=2',
   "the same line again and again, request $_") for 1 .. 5;
is(ask($sock, '/x', "$alice; b=2"), '200 alice b=2',
   "another place of it, request $_") for 1 .. 4;
is(ask($sock, '/x', $alice), '200 alice -', "alone, request $_") for 1 .. 4;
is(ask($sock, '/x', "b=2; c=3"), '401 - -', "without it, request $_") for 1 .. 4;
is(ask($sock, '/x'), '401 - -', 'no line at all');
is(ask($sock, '/x', $alice), '200 alice -', 'and back');

for my $round (1 .. 6) {
    is(ask($sock, '/x', "a=1; $alice"), '200 alice a=1', "alice, round $round");
    is(ask($sock, '/x', "a=1; $carol"), '200 carol a=1', "carol, round $round")
        for 1 .. $round % 3;
}

# A byte that differs, after the line was seen often: wherever it is.  What follows
# the dot proves nothing (t/21, security 30).
sub but_one {
    my ($text, $at) = @_;

    substr $text, $at, 1, substr($text, $at, 1) eq 'A' ? 'B' : 'A';

    return $text;
}

my $name  = length 'mfa_user=';
my $other = but_one($alice, $name);

for my $at ($name .. index $alice, '.') {
    is(ask($sock, '/x', "a=1; $alice"), '200 alice a=1', 'the true token');
    like(ask($sock, '/x', 'a=1; ' . but_one($alice, $at)), qr/^401 /,
         "byte $at of it changed");
}

# Or the last of the line: with it, this is a second copy (security 44).
for (1 .. 3) {
    like(ask($sock, '/x', "$alice; mfa_user="), qr/^401 /, 'another copy, empty');
    is(ask($sock, '/x', "$alice; mfa_user2"), '200 alice mfa_user2',
       'a name that only begins like it');
}

# A line that is met first where nobody asks who sends it, or in a second header.
for my $round (1 .. 3) {
    is(ask($sock, '/x', "a=1; $_->[1]"), "200 $_->[0] a=1", "$_->[0] at the gate")
        for [alice => $alice], [alice => $alice];
    is(ask($sock, '/off/x', "a=1; $carol"), '200 - a=1', 'carol beside it');
    is(ask($sock, '/x', "a=1; $carol"), '200 carol a=1', 'and at it');

    is(ask($sock, '/x', 'c=3', $_->[1]), "200 $_->[0] c=3",
       "$_->[0] in a second header")
        for [alice => $alice], [carol => $carol], [carol => $carol];
}

# Copies, in the line or in a second one (security 44).
for (1 .. 4) {
    is(ask($sock, '/x', "a=1; $alice"), '200 alice a=1', 'one copy');
    like(ask($sock, '/x', "a=1; $alice", $carol), qr/^401 /,
         'the same line, and a copy in another');
    like(ask($sock, '/x', "a=1; $alice", 'MFA_user=x'), qr/^401 /,
         'the same line, and a disguised copy in another');
    is(ask($sock, '/x', "a=1; $alice", 'c=3'), '200 alice a=1',
       'the same line, and another without one');
    is(ask($sock, '/x', 'c=3', "a=1; $alice"), '200 alice c=3',
       'the other way round');
    like(ask($sock, '/x', "$alice; a=1; mfa_user=x"), qr/^401 /,
         'two in one line') for 1 .. 3;
}

# Cookies of two portals in a line, each judged for its own.
for (1 .. 4) {
    is(ask($sock, '/x', "$alice; $admin"), '200 alice -', 'the user portal');
    is(ask($sock, '/admin/x', "$alice; $admin"), '200 alice -', 'the admin portal');
    like(ask($sock, '/admin/x', $alice), qr/^401 /, 'not with the other cookie');
}

# Longer than what is kept, and kept again afterwards.
my $long = 'l=' . 'x' x 3000;

for (1 .. 3) {
    is(ask($sock, '/x', "$long; $alice"), "200 alice $long", 'a long line');
    is(ask($sock, '/x', "$alice; s=1"), '200 alice s=1', 'a short one');
    is(ask($sock, '/x', 's=' . 'y' x 1000 . "; $carol"),
       '200 carol s=' . 'y' x 1000, 'one between');
}

# Whatever is sent in whatever order, it is answered as on a new connection.
{
    my ($token) = $alice =~ /=(.*)/;
    my @pair = ($alice, $alice, $carol, $admin, $other, 'a=1', 'a=2', 'b=2', '=x',
        '', ' ', 'mfa_user', 'mfa_user=', 'mfa_user=x', 'MFA_user=x', "x=$token",
        "x=\"$token\"", "mfa_user =$token", "mfa_user=\"$token\"",
        "__Host-$alice", "a=1, $alice", 'z=' . 'q' x 1900);
    my @between = ('; ', '; ', ';', '; ; ', ';;', ' ;', "\t;");
    my @path = ('/x', '/x', '/off/x', '/admin/x', '/slow/x');
    my (@open, @line, %seen);
    my $differ = 0;
    my $any    = sub { $_[rand @_] };

    srand 26;
    local $SIG{PIPE} = 'IGNORE';            # nginx ends a connection some time

    for my $i (1 .. 3000) {
        my $new = rand() < 0.3 ? int rand 6 : @line ? -1 : 0;

        # One header, or sometimes two, of one pair to four.
        $line[$new] = [map {
            join '', $any->(@pair),
                map { $any->(@between), $any->(@pair) } 1 .. rand 4;
        } 1 .. (rand() < 0.8 ? 1 : 2)] if $new >= 0;

        my @sent = @{$any->(grep { $_ } @line)};
        my $path = $any->(@path);
        my $slot = rand 2;
        my $want = ask(dial(), $path, @sent);
        my $told = ask($open[$slot] //= dial(), $path, @sent);

        $told = ask($open[$slot] = dial(), $path, @sent) if $told =~ /^0 /;

        $seen{$want =~ s/^(\d+ \S+) .*/$1/r}++;
        next if $told eq $want;

        $differ++ or diag("request $i, $path, ", explain(\@sent),
                          "a new connection: $want\nan open one: $told");
    }

    is($differ, 0, 'as on a new connection, request after request');
    ok($seen{$_}, "some of them: $_")
        for '200 alice', '200 carol', '200 -', '401 -';
}

# What was read is remembered, what it is worth is not.
is(ask($sock, '/x', "a=1; $carol"), '200 carol a=1', 'a session, seen before')
    for 1 .. 3;
$env->redis->call('DEL', $env->session_key($carol));

my $last;
for (1 .. 100) {
    $last = ask($sock, '/x', "a=1; $carol");
    last if $last !~ /^200/;
    select undef, undef, undef, 0.02;
}
like($last, qr/^401 - /, 'which has ended: refused on the same connection');
is(ask($sock, '/x', "a=1; $alice"), '200 alice a=1', 'the other one has not');


# Requests of two people, mixed on a connection of HTTP/2; below /slow/ others come
# in between the headers of a request and its gate.
SKIP: {
    skip 'curl cannot speak HTTP/2', 6 unless `curl --version` =~ /\bHTTP2\b/;

    $carol = $env->cookie('user', 'carol');
    my $url = 'https://127.0.0.1:' . $nginx->port(0);

    for my $path ('/x', '/slow/x') {
        my (@part, @file, @who);

        for my $i (1 .. 400) {
            push @file, "$dir/h2.$i";
            push @who, rand 2 < 1 ? 'alice' : 'carol';
            push @part, ($i > 1 ? '--next' : ()), '-sk',
                '-H', 'Cookie: a=1; __Host-' . ($who[-1] eq 'alice' ? $alice : $carol),
                '-o', $file[-1], "$url$path";
        }

        is(system('curl', '-Z', '--parallel-max', 12, '--no-progress-meter',
                  @part), 0, "HTTP/2: $path");

        my @told = map { MFA::Nginx::read_file($_) =~ /^Remote-User: (\S+)\r$/mi
                             ? $1 : 'none' } @file;

        is("@told", "@who", 'each is who he is');
        like(MFA::Nginx::read_file($file[0]), qr/^Cookie: a=1\r$/mi,
             'and his cookie stays here');
    }
}

is_deeply([$nginx->stop], [], 'the log is clean');

done_testing;
