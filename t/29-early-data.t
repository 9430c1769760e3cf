# TLS 1.3 early data (0-RTT): whoever records it can send it again, so a request
# that changes something must not be taken from it (security 73).  Fails when one
# is carried out, at the site or at the module's own pages, and when reading
# becomes slower because of it.

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use IPC::Open3 qw(open3);
use Test::More;
use Time::HiRes qw(sleep time);

use MFA::Env;
use MFA::Nginx;
use MFA::Upstream;

my $env      = MFA::Env->start;
my $dir      = $env->dir;
my $upstream = MFA::Upstream->start($dir);

system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
       . " -nodes -keyout $dir/tls.key -out $dir/tls.crt -days 2"
       . " -subj /CN=localhost >/dev/null 2>&1") == 0 or die 'openssl failed';

my $conf = $env->conf(user => 'grace 7d;') . <<'EOC';
log_format early '$request_method $uri early=$ssl_early_data $status';
ssl_certificate DIR/tls.crt;
ssl_certificate_key DIR/tls.key;
ssl_session_cache shared:s:1m;
ssl_protocols TLSv1.3;
ssl_early_data on;
server {
    access_log DIR/access.log early;
    listen LISTEN;
    listen 127.0.0.1:PORT ssl;
    mfa user;
    error_page 425 = @again;
    location / { proxy_pass SITE; }
    location @again { proxy_pass SITE; }
    location /mfa/ { mfa_pages; }
    location /open/ { mfa off; proxy_pass SITE; }
}
server {
    access_log DIR/access.log early;
    listen 127.0.0.1:PORT2 ssl;
    location / { proxy_pass SITE; }
}
server {
    access_log DIR/access.log early;
    listen 127.0.0.1:PORT3 ssl;
    location / { root /nonexistent; }
    location = /verify { mfa_verify user; }
}
EOC

my $site = 'http://unix:' . $upstream->socket . ':';
$conf =~ s/\bSITE\b/$site/g;
$conf =~ s/\bDIR\b/$dir/g;

my $nginx = MFA::Nginx->start($dir, http => $conf);

$env->account('user', 'alice');
my $cookie = 'Cookie: __Host-' . $env->cookie('user', 'alice');


# What s_client says that is given some bytes to send.
sub client {
    my ($port, $input, @options) = @_;
    my $pid = open3(my $in, my $out, undef, 'timeout', 20, 'openssl', 's_client',
                    '-connect', "127.0.0.1:$port", '-ign_eof',
                    '-servername', 'localhost', @options);
    print $in $input;
    close $in;
    local $/;
    my $said = <$out>;
    waitpid $pid, 0;

    return $said // '';
}


sub text {
    my ($method, $path) = @_;

    return join "\r\n", "$method $path HTTP/1.1", 'Host: localhost', $cookie,
        'Connection: close', $method =~ /^(?:GET|HEAD|OPTIONS)$/
        ? () : 'Content-Length: 0', '', '';
}


# The first flight of a client that resumes a session: all it sends before it has
# heard of the server, so all that somebody can have recorded.
my $trap = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 8)
    or die "socket: $!";

sub flight {
    my ($method, $path) = @_;

    my $early = $env->file('early', text($method, $path));
    my $pid = open3(my $in, my $out, undef, 'openssl', 's_client', '-connect',
                    '127.0.0.1:' . $trap->sockport, '-servername', 'localhost',
                    '-sess_in', "$dir/session", '-early_data', $early);
    my $sock = $trap->accept;
    my ($bytes, $select) = ('', IO::Select->new($sock));

    while ($select->can_read($bytes eq '' ? 20 : 0.2)) {
        sysread($sock, $bytes, 65536, length $bytes) or last;
    }

    close $sock;
    close $in;
    kill KILL => $pid;
    waitpid $pid, 0;

    return $bytes;
}


# Sends it to nginx, which cannot tell the thief from the client; the line of the
# access log says what became of it.
sub replayed {
    my ($port, $method, $path) = @_;

    my $log = "$dir/access.log";
    my $known = -s $log;
    my $bytes = flight($method, $path);

    $upstream->forget;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $nginx->port($port))
        or die "nginx does not listen: $!";
    $sock->syswrite($bytes);

    for (my $end = time + 5; time < $end && (-s $log) == $known; sleep 0.02) { }

    return substr(MFA::Nginx::read_file($log), $known) =~ s/\n\z//r;
}


# A connection as usual leaves the session to be resumed.
like(client($nginx->port, text('POST', '/x'), '-sess_out', "$dir/session"),
     qr{^HTTP/1\.1 200}m, 'what comes after the handshake is carried out');

for my $method ('GET', 'HEAD', 'OPTIONS') {
    is(replayed(0, $method, '/x'), "$method /x early=1 200",
       "$method is answered at once");
}

for my $method ('POST', 'PUT', 'DELETE', 'PATCH', 'PROPFIND', 'ODD') {
    is(replayed(0, $method, '/x'), "$method /x early=1 425",
       "$method has to come again (security 73)");
    is($upstream->seen, '', 'and has reached nobody, also by no error page');
}

is(replayed(0, 'POST', '/open/x'), 'POST /open/x early=1 425',
   'so has one to an open location');

for my $page ('login', 'code', 'logout', 'enrol/scan') {
    is(replayed(0, 'POST', "/mfa/$page"), "POST /mfa/$page early=1 425",
       "and one to the page $page");
}

like(client($nginx->port(1), text('GET', '/x'), '-sess_out', "$dir/session"),
     qr{^HTTP/1\.1 200}m, 'a server without the gate');
is(replayed(1, 'POST', '/x'), 'POST /x early=1 200', 'is left alone');

client($nginx->port(2), text('GET', '/verify'), '-sess_out', "$dir/session");
is(replayed(2, 'POST', '/verify'), 'POST /verify early=1 425',
   'a question of another resource has to come again');

is(join("\n", $nginx->stop), '', 'the log is clean');

done_testing;
