# What stays open after it has passed the gate: WebSockets, event streams, long
# downloads are judged again while they run (security 39).  Fails when one
# outlives the session it began with, when an outage of the store cuts all of them
# at once or none ever, when a stream keeps a session alive that nobody uses, and
# when the end of one leaves something behind in the worker.

use strict;
use warnings;

use IO::Select;
use IO::Socket::UNIX;
use POSIX qw(_exit);
use Test::More;
use Time::HiRes qw(sleep time);

use MFA::Env;
use MFA::Http2;
use MFA::Nginx;

my $env = MFA::Env->start;
my $dir = $env->dir;

my @portals = (
    user  => 'session recheck=1s;',
    brief => 'pages /b/; session recheck=1s idle=4s;',
    calm  => 'pages /c/;',
);
my $mfactl = ($ENV{MFA_BUILD} || "$MFA::Env::ROOT/build") . '/mfactl';
my $conf_file = $env->file('mfa.conf', $env->conf(@portals));

my $site = site("$dir/site.sock");

my $conf = $env->conf(@portals) . <<'EOC';
proxy_http_version 1.1;
proxy_buffering off;
server {
    listen LISTEN;
    listen 127.0.0.1:PORT http2;
    mfa user;
    location / { proxy_pass SITE; }
    location /ws {
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
        proxy_pass SITE;
    }
    location /buffered { proxy_buffering on; proxy_pass SITE/events; }
    location /action { post_action /after; proxy_pass SITE/events; }
    location /after { mfa off; proxy_pass SITE; }
    location /report/ { mfa_report on; proxy_pass SITE/; }
    location /off/ { mfa off; proxy_pass SITE/; }
    location /slow { limit_rate 200k; root DIR; }
    location /fresh/ { mfa user fresh=4s; proxy_pass SITE/; }
    location /brief/ { mfa brief; proxy_pass SITE/; }
    location /calm/ { mfa calm; proxy_pass SITE/; }
    location /mfa/ { mfa_pages; }
    location /b/ { mfa brief; mfa_pages; }
    location /c/ { mfa calm; mfa_pages; }
}
EOC

$conf =~ s{\bSITE\b}{http://unix:$dir/site.sock:}g;
$conf =~ s/\bDIR\b/$dir/g;

$env->file('slow', 'x' x 4_000_000);

my $nginx = MFA::Nginx->start($dir, http => $conf);

$env->account($_, 'alice', MFA::Env::factor) for qw(user brief calm);
$env->account('user', 'bob');

END { kill TERM => $site if $site }


# --- a site whose answers take their time ---

sub site {
    my ($path) = @_;
    my $listen = IO::Socket::UNIX->new(Local => $path, Listen => 64)
        or die "site: $!";
    chmod 0777, $path;

    my $pid = fork // die "fork: $!";
    return $pid if $pid;

    # One process for each answer.
    $SIG{TERM} = 'DEFAULT';
    $SIG{CHLD} = 'IGNORE';

    for ( ;; ) {
        my $sock = $listen->accept or next;
        next if fork;
        $SIG{PIPE} = 'DEFAULT';
        $sock->autoflush(1);
        answer($sock);
        close $sock;
        _exit(0);
    }
}


sub answer {
    my ($sock) = @_;
    my $head = '';

    while ($head !~ /\r\n\r\n/) {
        sysread($sock, $head, 4096, length $head) or return;
    }

    my ($what) = $head =~ m{\A\S+ /+(\w+)};
    my $size = $what eq 'download' ? 2_000_000 : 1000;
    my $chunked = $what eq 'events' || $what eq 'short';

    print $sock $what eq 'ws'
        ? "HTTP/1.1 101 Switching Protocols\r\nUpgrade: odd\r\n"
          . "Connection: upgrade\r\n\r\n"
        : "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
          . ($chunked ? "Transfer-Encoding: chunked\r\n\r\n"
                      : "Content-Length: $size\r\n\r\n");

    # What is short ends; the rest goes on for longer than any test waits.
    my $n_max = $what eq "short" ? 3 : $what eq "size" ? 50 : 400;

    for my $n (1 .. $n_max) {
        my $line = sprintf '%-19s', "tick $n";
        print $sock $chunked ? sprintf("%x\r\n%s\n\r\n", 20, $line) : "$line\n";
        sleep $what eq 'short' ? 0.05 : 0.1;
    }

    print $sock "0\r\n\r\n" if $chunked;
}


# --- clients ---

sub open_one {
    my ($path, $cookie, $kept) = @_;
    my $sock = IO::Socket::UNIX->new(Peer => $nginx->{socket})
        or die "nginx does not listen: $!";

    $sock->autoflush(1);
    print $sock join "\r\n", "GET $path HTTP/1.1", 'Host: localhost',
        ($cookie ? "Cookie: $cookie" : ()),
        ($path =~ /ws/ ? ('Connection: upgrade', 'Upgrade: odd')
                       : 'Connection: ' . ($kept ? 'keep-alive' : 'close')),
        '', '';

    return { path => $path, sock => $sock, got => '' };
}


# Reads from all of them for so long, or until all have ended.
sub watch {
    my ($seconds, @streams) = @_;

    for (my $end = time + $seconds; time < $end; ) {
        my @open = grep { !$_->{ended} } @streams or last;
        my $select = IO::Select->new(map { $_->{sock} } @open);

        $select->can_read($end - time > 0 ? $end - time : 0);

        for my $stream (@open) {
            next unless IO::Select->new($stream->{sock})->can_read(0);
            sysread($stream->{sock}, $stream->{got}, 65536,
                    length $stream->{got}) or $stream->{ended} = time;
        }
    }
}


sub running { return join ' ', sort map { $_->{path} } grep { !$_->{ended} } @_ }
sub status  { return $_[0]{got} =~ m{\AHTTP/1\.1 (\d+)} ? $1 : 0 }


sub admin {
    my (@words) = @_;

    return system("$mfactl -c $conf_file @words >$dir/mfactl.out 2>&1") == 0;
}


my $lines = 0;                              # of the error log, seen so far

sub cuts {
    my @all = split /\n/, $nginx->log;
    my @new = splice @all, $lines;

    $lines += @new;

    return grep { /an open answer is cut/ } @new;
}


# --- the session ends ---

my $alice = $env->cookie('user', 'alice', level => 2);
my $bob   = $env->cookie('user', 'bob');

my @watched = map { open_one($_, $alice) }
    qw(/ws /events /download /buffered /action /slow);

# As browsers do: what is cut must not go on as a connection for the next request.
push @watched, open_one('/events', $alice, 1);
my @others = map { open_one(@$_) }
    [ '/ws', $bob ], [ '/size', $alice ], [ '/report/events', $alice ],
    [ '/off/events', $alice ];

my $h2 = MFA::Http2->new($nginx->port);
my $h2_alice = $h2->get('/events', cookie => $alice);
my $h2_bob   = $h2->get('/events', cookie => $bob);

watch(3.5, @watched, @others);
is(scalar(grep { !$_->{ended} } @watched, @others), 11,
   'while the session is good nothing is cut');
is(join(' ', map { status($_) } @watched), '101 200 200 200 200 200 200',
   'all are answers of the site');
like($watched[0]{got}, qr/tick 20 /, 'and go on');

$h2->pump(0);
ok(!$h2->ended($h2_alice) && !$h2->ended($h2_bob), 'streams of HTTP/2 too');

cuts();
my $since = time;
ok(admin(qw(session revoke user alice)), 'alice\'s sessions are revoked');
watch(8, @watched);

is(running(@watched), '', 'what runs on a revoked session is cut (security 39)');

for my $stream (@watched) {
    cmp_ok(($stream->{ended} || time) - $since, '<', 5,
           "$stream->{path} within the bound");
}

unlike($watched[1]{got}, qr/\r\n0\r\n/,
       'and not as if the site had come to its end');

for (my $end = time + 5; time < $end && !$h2->ended($h2_alice); sleep 0.1) {
    $h2->pump(0);
}

ok($h2->ended($h2_alice), 'a stream of HTTP/2 too');
ok(!$h2->ended($h2_bob), 'and not the other one of its connection');

watch(3, @others);
is(running(@others), '/off/events /report/events /ws',
   'others\' and ungated ones go on, and what is small comes to its end');
is(scalar(grep { /mfa: login for portal "user"/ } cuts()), 8,
   'one line in the log for each');
is($nginx->get('/events', "Cookie: $alice")->{status}, 401,
   'the session is gone indeed');
$h2->close;
close $_->{sock} for @others;


# --- the account is disabled; a proof gets old ---

$alice = $env->cookie('user', 'alice', level => 2);
my $disabled = open_one('/ws', $bob);
my $stale    = open_one('/fresh/events', $alice);
my $fine     = open_one('/events', $alice);

watch(1.5, $disabled, $stale);
is(running($disabled, $stale, $fine), '/events /fresh/events /ws', 'three run');
ok(admin(qw(account disable user bob)), 'one account is disabled');
watch(8, $disabled, $stale);
is(running($disabled, $stale, $fine), '/events',
   'its stream is cut, and one whose code is too old by now');


# --- nobody is there ---

my $brief = $env->cookie('brief', 'alice', level => 2);
my $idle = open_one('/brief/events', $brief);
$since = time;
watch(12, $idle);
ok($idle->{ended}, 'an open stream is not activity: the session idles out');
cmp_ok(($idle->{ended} || 0) - $since, '>', 2, 'after its time');


# --- the default: half a minute, so nothing of it is seen here ---

$env->redis->forget;
my $calm = open_one('/calm/events', $env->cookie('calm', 'alice', level => 2));
close $fine->{sock};
sleep 0.3;
$env->redis->forget;
watch(2.5, $calm);
is($env->redis->calls, 0, 'between two looks nothing is asked');
close $calm->{sock};


# --- the store is silent ---

my $short_of = open_one('/events', $alice);
watch(1.5, $short_of);
$env->redis->freeze;
watch(3, $short_of);
ok(!$short_of->{ended}, 'a store that is silent for three rounds cuts nothing');
$env->redis->thaw;
watch(5, $short_of);
ok(!$short_of->{ended}, 'and when it is back all goes on');

$env->redis->stop;
$since = time;
my $later = watch(2.5, $short_of);
ok(!$short_of->{ended}, 'one that is gone cuts nothing at once');
watch(12, $short_of);
ok($short_of->{ended}, 'when nobody could tell for five rounds it is cut');
cmp_ok(($short_of->{ended} || 0) - $since, '>', 3, 'not before');
cmp_ok(($short_of->{ended} || time) - $since, '<', 9, 'and not long after');
like((cuts())[-1], qr/mfa: unavailable for portal/, 'the log says why');


# --- what is over leaves nothing ---

$env->redis->restart;
$env->account('user', 'alice', MFA::Env::factor);
$alice = $env->cookie('user', 'alice', level => 2);

for (my $end = time + 5; time < $end; sleep 0.1) {
    last if $nginx->get('/short', "Cookie: $alice")->{status} == 200;
}

my @ended = map { open_one($_, $alice) } ('/short') x 5, ('/ws') x 5;
watch(1, @ended);
is(scalar(grep { $_->{ended} } @ended), 5, 'what is short ends by itself');
close $_->{sock} for @ended;
sleep 0.5;
$env->redis->forget;
sleep 2.5;
is($env->redis->calls, 0, 'nothing is asked for what is over');


# --- a reload ---

my $old = open_one('/ws', $alice);
watch(0.5, $old);
my @workers = workers();
kill HUP => $nginx->pid;

for (my $end = time + 10; time < $end; sleep 0.1) {
    last if grep { my $pid = $_; !grep { $_ == $pid } @workers } workers();
}

watch(2.5, $old);
ok(!$old->{ended}, 'a reload cuts nothing');
ok(admin(qw(session revoke user alice)), 'the session is revoked after it');
watch(6, $old);
ok($old->{ended}, 'and the old worker cuts what runs on it');

for (my $end = time + 10; time < $end; sleep 0.1) {
    last unless grep { kill 0, $_ } @workers;
}

is(scalar(grep { kill 0, $_ } @workers), 0, 'then it leaves');

sub workers {
    my $pid = $nginx->pid;

    return split ' ', `pgrep -P $pid`;
}


# --- the end of nginx, with something open ---

$alice = $env->cookie('user', 'alice', level => 2);
my @last = map { open_one($_, $alice) } qw(/ws /events);
watch(1.2, @last);
close $_->{sock} for @last;

is(join("\n", $nginx->stop), '', 'the log is clean');

done_testing;
