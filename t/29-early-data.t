# TLS 1.3 early data (0-RTT): whoever records it can send it again, so a request
# that changes something must not be taken from it (security 73).  Fails when one
# is carried out, at the site or at the module's own pages, and when reading
# becomes slower because of it.

use strict;
use warnings;

use IPC::Open3 qw(open3);
use Symbol qw(gensym);
use Test::More;

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
access_log DIR/access.log early;
server {
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
    listen 127.0.0.1:PORT2 ssl;
    location / { proxy_pass SITE; }
}
EOC

my $site = 'http://unix:' . $upstream->socket . ':';
$conf =~ s/\bSITE\b/$site/g;
$conf =~ s/\bDIR\b/$dir/g;

my $nginx = MFA::Nginx->start($dir, http => $conf);

$env->account('user', 'alice');
my $cookie = 'Cookie: __Host-' . $env->cookie('user', 'alice');


sub client {
    my ($port, $input, @options) = @_;
    my $pid = open3(my $in, my $out, gensym, 'timeout', 20, 'openssl', 's_client',
                    '-connect', '127.0.0.1:' . $nginx->port($port), '-ign_eof',
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


# The status of a request sent as early data of a resumed connection.
sub early {
    my ($port, $method, $path) = @_;

    unlink "$dir/session", "$dir/early";
    client($port, text('GET', '/open/first'), '-sess_out', "$dir/session");
    $env->file('early', text($method, $path));
    $upstream->forget;
    my $said = client($port, '', '-sess_in', "$dir/session", '-early_data',
                      "$dir/early");

    like($said, qr/^Early data was accepted/m, "$method $path went as early data")
        or diag($said);
    my ($status) = $said =~ m{^HTTP/1\.1 (\d+)}m;

    return $status // 0;
}


for my $method ('GET', 'HEAD', 'OPTIONS') {
    is(early(0, $method, '/x'), 200, "$method is answered at once");
}

like(MFA::Nginx::read_file("$dir/access.log"), qr{^GET /x early=1 200$}m,
     'it was early indeed');

for my $method ('POST', 'PUT', 'DELETE', 'PATCH', 'PROPFIND', 'ODD') {
    is(early(0, $method, '/x'), 425, "$method has to come again (security 73)");
    is($upstream->seen, '', 'and has reached nobody, also by no error page');
}

is(early(0, 'POST', '/open/x'), 425, 'so has one to an open location');

for my $page ('login', 'code', 'logout', 'enrol/scan') {
    is(early(0, 'POST', "/mfa/$page"), 425, "and one to the page $page");
}

is(early(1, 'POST', '/x'), 200, 'a server without the gate is left alone');

like(client(0, text('POST', '/x')), qr{^HTTP/1\.1 200}m,
     'what comes after the handshake is carried out');

is(join("\n", $nginx->stop), '', 'the log is clean');

done_testing;
