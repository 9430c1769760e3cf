#!/usr/bin/perl

# Which server nginx takes a request to be for, and what it does with one that it
# cannot read: every form of a Host, targets that name another host, TLS that names
# one and HTTP another, HTTP/0.9 and 1.0, requests refused while they are read, and
# many requests in one connection.  Fails when one of these forms reaches what is
# gated without a session of its own, and when an error page leads there (security
# 65, 68, 70, 71).

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;

use MFA::Env;
use MFA::Nginx;
use MFA::Upstream;

my $env  = MFA::Env->start;
my $dir  = $env->dir;
my $site = MFA::Upstream->start($dir);

for my $login ('alice', 'bob') {
    $env->account('user', $login, MFA::Env::factor());
}

my $alice = 'Cookie: ' . $env->cookie('user', 'alice', level => 2);
my $bob   = 'Cookie: ' . $env->cookie('user', 'bob', level => 2);
my $half  = 'Cookie: ' . $env->cookie('user', 'alice', level => 1);

# Where the error pages of a server lead: the directive, the error_page's target,
# and whether that is open to everybody.
my %targets = (
    'a gated URI'            => ['/gated/s.txt'],
    'a gated URI, =200'      => ['=200 /gated/s.txt'],
    'a gated name'           => ['@gated'],
    'a gated name, =200'     => ['=200 @gated'],
    'a gated name, returning' => ['=200 @return'],
    'an open URI'            => ['/open/o.txt', 1],
    'an open name, =200'     => ['=200 @open', 1],
    'a page of the portal'   => ['=200 /mfa/login'],
    'nowhere'                => [''],
);
my @targets = sort keys %targets;

mkdir "$dir/$_" for 'root', 'root/gated', 'root/open';
MFA::Nginx::write_file("$dir/root/gated/s.txt", "treasure\n");
MFA::Nginx::write_file("$dir/root/open/o.txt", "open file\n");

system('openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1'
       . " -nodes -days 2 -keyout $dir/tls.key -out $dir/tls.crt"
       . ' -subj /CN=gated.example >/dev/null 2>&1') == 0
    or die 'openssl made no certificate';

my $nginx = MFA::Nginx->start($dir, http => http());


sub http {
    my $sock = $site->socket;
    my $errors = join '', map {
        my ($n, $target) = ($_, $targets{ $targets[$_] }[0]);
        my $page = $target ? "error_page 400 405 414 494 495 496 497 $target;" : '';
        server("listen unix:$dir/error$n.sock", '_', "mfa user; $page");
    } 0 .. $#targets;
    my $tls = join '', map {
        my $page = $targets{ $targets[$_] }[0];
        server("listen unix:$dir/tls$_.sock ssl;", '_', 'mfa user;'
               . ($page ? " error_page 497 $page;" : ''));
    } 0 .. $#targets;

    return $env->conf(user => '') . <<"EOC"
root $dir/root;
large_client_header_buffers 2 1k;
ssl_certificate $dir/tls.crt;
ssl_certificate_key $dir/tls.key;
upstream site { server unix:$sock; }
EOC
        # The gated server is the default one; and the other way round.
        . server('listen LISTEN default_server; listen 127.0.0.1:PORT ssl',
                 'gated.example', 'mfa user;')
        . server('listen LISTEN; listen 127.0.0.1:PORT ssl', 'open.example',
                 'mfa off;')
        . server("listen unix:$dir/other.sock default_server", 'open.example',
                 'mfa off;')
        . server("listen unix:$dir/other.sock", 'gated.example', 'mfa user;')
        . $errors . $tls;
}


sub server {
    my ($listen, $name, $mfa) = @_;

    $listen =~ s/;?\z/;/;

    return <<"EOC";
server {
    $listen
    server_name $name;
    $mfa
    location /app    { proxy_set_header X-Server $name; proxy_pass http://site; }
    location /gated/ { mfa user; }
    location /open/  { mfa off; }
    location \@gated  { mfa user; rewrite ^ /gated/s.txt break; }
    location \@open   { mfa off; rewrite ^ /open/o.txt break; }
    location \@return { mfa user; return 200 "treasure"; }
    location /mfa/   { mfa user; mfa_pages; }
    location /return { mfa user; return 200 "treasure"; }
}
EOC
}


# One connection to a listener; bytes as they are.
sub say_to {
    my ($socket, $bytes) = @_;

    local $nginx->{socket} = "$dir/$socket.sock";

    return $nginx->send($bytes);
}


sub lines { return join "\r\n", @_, '', '' }


subtest 'No form of a Host leads past the gate of the default server (security '
    . '68)' => sub
{
    for my $host ('gated.example', 'GATED.Example', 'gated.example.',
                  'gated.example:80', 'gated.example:65535', 'GATED.EXAMPLE.:1',
                  'other.example', 'localhost', '127.0.0.1', '[::1]', '[::1]:80',
                  'xn--gated-1ra.example', '_', '*.example', 'gated.example..',
                  'open.example.evil', 'a' x 200, "gated.example\t", '',
                  'open.example@gated.example', 'open.example/gated.example',
                  'open.example, gated.example', 'open_example', "open\\example",
                  '%6fpen.example', "\xc3\xb6pen.example")
    {
        my $named = $host =~ /[!-~]/ ? $host : 'no text';
        my $answer = say_to('nginx', lines('GET /app HTTP/1.1', "Host: $host",
                                           'Connection: close'));
        like($answer->{status}, qr/^40[01]$/, "a stranger at \"$named\"");
        unlike($answer->{raw}, qr/reached/, '- is not shown the site');

        my $in = say_to('nginx', lines('GET /app HTTP/1.1', "Host: $host",
                                       'Connection: close', $alice));
        is($in->{status}, $answer->{status} == 401 ? 200 : 400,
           '- a session is, where the host can be read');
    }
};


subtest 'The open server beside it is open by its own name alone (security 68)'
    => sub
{
    for my $host ('open.example', 'OPEN.example', 'open.example.',
                  'open.example:80')
    {
        my $answer = say_to('nginx', lines('GET /app HTTP/1.1', "Host: $host",
                                           'Connection: close'));
        is($answer->{status}, 200, "$host is open");
        like($answer->{body}, qr/^X-Server: open\.example\r$/m,
             '- and is the open server');
        is(say_to('nginx', lines('GET /gated/s.txt HTTP/1.1', "Host: $host",
            'Connection: close'))->{status}, 401, '- but for what it gates');
    }
};


subtest 'An absolute target decides, and not the Host beside it (security 68)' =>
    sub
{
    my @cases = (
        # target, Host, the server whose content may be seen
        ['http://gated.example/app', 'open.example',  'gated'],
        ['http://GATED.example./app', 'open.example', 'gated'],
        ['HTTP://gated.example/app', 'open.example',  'gated'],
        ['http://gated.example:1/app', 'open.example:1', 'gated'],
        ['http://open.example/app',  'gated.example', 'open'],
        ['http://open.example./app', 'gated.example', 'open'],
        ['http://other.example/app', 'open.example',  'default'],
        ['https://gated.example/app', 'open.example', 'gated'],
        ['http://gated.example?/app', 'open.example', 'gated'],
    );

    for my $listener ('nginx', 'other') {
        my $default = $listener eq 'nginx' ? 'gated' : 'open';

        for my $case (@cases) {
            my ($target, $host, $server) = @$case;
            my $answer = say_to($listener, lines("GET $target HTTP/1.1",
                "Host: $host", 'Connection: close'));

            $server = $default if $server eq 'default';
            my $title = "$target, Host: $host, where $default is the default";

            if ($server eq 'open') {
                like($answer->{raw}, qr/^X-Server: open\.example\r$/m,
                     "$title: the open server");
            } else {
                like($answer->{status}, qr/^40[014]$/, "$title: gated");
            }

            unlike($answer->{raw}, qr/X-Server: gated/, '- nothing of the gated');
        }
    }

    like(say_to('nginx', lines('GET http://gated.example/app HTTP/1.1',
        'Host: evil.example', 'Accept: text/html', 'Connection: close'))->{head},
        qr{^Location: /mfa/login\?next=/app\r?$}m,
        'the way back names no host (security 55)');
};


subtest 'Old HTTP is gated as new is (security 70)' => sub {
    for my $request ("GET /app HTTP/1.0\r\n\r\n",
                     "GET /app HTTP/1.0\r\nHost: other\r\n\r\n",
                     "HEAD /app HTTP/1.0\r\n\r\n",
                     "GET /app HTTP/1.1\nHost: x\nConnection: close\n\n",
                     "\r\n\r\nGET /app HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                     "GET /app HTTP/1.9\r\nHost: x\r\nConnection: close\r\n\r\n")
    {
        my $answer = say_to('nginx', $request);
        is($answer->{status}, 401, 'refused: ' . quoted($request));
        unlike($answer->{raw}, qr/reached/, '- without the site');
    }

    for my $request ("GET /app\r\n", "GET /app\n", "GET /gated/s.txt\r\n",
                     "GET /open/../app\r\n")
    {
        my $answer = say_to('nginx', $request);
        unlike($answer->{raw}, qr/reached|treasure/,
               'HTTP/0.9: ' . quoted($request));
        like($answer->{raw}, qr/Login is required/, '- is told why');
    }

    unlike(say_to('nginx', "GET /return\r\n")->{raw}, qr/treasure/,
           'nor does it show what "return" says in a gated place');
    is(say_to('nginx', "GET /open/o.txt\r\n")->{raw}, "open file\n",
       'HTTP/0.9 works where nothing is gated');
    is(say_to('nginx', "GET /app HTTP/1.0\r\n$alice\r\n\r\n")->{status}, 200,
       'a session passes by HTTP/1.0 without a Host');

    for my $request ("GET /app HTTP/2.0\r\nHost: x\r\n\r\n",
                     "GET /app HTTP/1.1 \r\nHost: x\r\n\r\n",
                     "GET  /app HTTP/1.1\r\nHost: x\r\n\r\n",
                     "GET /app HTP/1.1\r\nHost: x\r\n\r\n",
                     "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                     "GET\t/app HTTP/1.1\r\nHost: x\r\n\r\n")
    {
        unlike(say_to('nginx', $request . lines('GET /gone HTTP/1.0'))->{raw},
               qr/reached|treasure/, 'no HTTP: ' . quoted($request));
    }
};


sub quoted { return join '', map { /[ -~]/ ? $_ : $_ eq "\n" ? '|' : '' }
                             split //, $_[0] }


my $long = 'x' x 3000;

my %early = (
    '400, a bad escape'     => "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
    '400, no Host'          => "GET /app HTTP/1.1\r\n\r\n",
    '400, two Hosts'        => "GET /app HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    '400, a bad Host'       => "GET /app HTTP/1.1\r\nHost: a/b\r\n\r\n",
    '400, a control byte'   => "GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
    '400, a NUL'            => "GET /app HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n",
    '400, two lengths'      => "POST /app HTTP/1.1\r\nHost: x\r\nContent-Length: 1"
        . "\r\nContent-Length: 2\r\n\r\nx",
    '400, a length and chunks' => "POST /app HTTP/1.1\r\nHost: x\r\n"
        . "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    '400, above the root'   => "GET /../../x HTTP/1.1\r\nHost: x\r\n\r\n",
    '400, no method'        => " /app HTTP/1.1\r\nHost: x\r\n\r\n",
    '405, TRACE'            => "TRACE /app HTTP/1.1\r\nHost: x\r\n\r\n",
    '405, CONNECT'          => "CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n",
    '414'                   => "GET /$long HTTP/1.1\r\nHost: x\r\n\r\n",
    '494'                   => "GET /app HTTP/1.1\r\nHost: x\r\nA: $long\r\n\r\n",
    '494, a cookie'         => "GET /app HTTP/1.1\r\nHost: x\r\nCookie: $long\r\n\r\n",
    '501, an encoding'      => "POST /app HTTP/1.1\r\nHost: x\r\n"
        . "Transfer-Encoding: gzip\r\n\r\n",
    '505'                   => "GET /app HTTP/3.1\r\nHost: x\r\n\r\n",
);

subtest 'What nginx refuses while it reads leads nowhere by an error page '
    . '(security 71)' => sub
{
    for my $n (0 .. $#targets) {
        my ($page, $open) = @{ $targets{ $targets[$n] } };
        my %seen;

        for my $early (sort keys %early) {
            for my $cookie ('', "$half\r\n") {
                my $bytes = $early{$early} =~ s/\r\n/\r\n$cookie/r;
                my $answer = say_to("error$n", $bytes);
                my $shown = $answer->{raw} =~ /treasure|reached/;
                my $fine = !$shown && $answer->{raw} ne ''
                    && ($open || $page =~ /mfa/ || $answer->{status} =~ /^[45]|^303/);

                $seen{open}++ if $answer->{raw} =~ /open file/;
                ok($fine, "$early to $targets[$n]" . ($cookie ? ', half a login' : '')
                   . ": $answer->{status}") or diag($answer->{raw});
            }
        }

        ok($open ? $seen{open} : !$seen{open},
           "$targets[$n]: " . ($open ? 'shown' : 'nothing open is shown'));
    }
};


subtest 'Plain HTTP on a TLS port leads nowhere by an error page (security 71)' =>
    sub
{
    for my $n (0 .. $#targets) {
        my ($page, $open) = @{ $targets{ $targets[$n] } };

        for my $request ("GET /app HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                         "GET /app HTTP/1.1\r\nHost: x\r\nConnection: close\r\n$half\r\n\r\n",
                         "GET /app HTTP/1.0\r\n\r\n")
        {
            my $answer = say_to("tls$n", $request);
            unlike($answer->{raw}, qr/reached|treasure/,
                   "497 to $targets[$n]: $answer->{status}");
            like($answer->{raw}, $open ? qr/open file/ : qr/./s, '- as it should');
        }
    }
};


# A request over TLS whose handshake names another host.
sub over_tls {
    my ($sni, @lines) = @_;

    my $file = $env->file('tls.request', lines(@lines));
    my @name = defined $sni ? "-servername $sni" : '-noservername';
    my $port = $nginx->port;

    return `openssl s_client -quiet -connect 127.0.0.1:$port @name < $file 2>/dev/null`;
}


subtest 'What TLS names and what HTTP names is the same to the gate (security 68)'
    => sub
{
    for my $sni ('gated.example', 'open.example', 'other.example', undef) {
        my $name = $sni // 'nothing';

        for my $host ('gated.example', 'GATED.example.', 'other.example') {
            my $answer = over_tls($sni, 'GET /app HTTP/1.1', "Host: $host",
                                  'Connection: close');
            like($answer, qr{\AHTTP/1\.1 4(?:01|21)},
                 "TLS for $name, Host: $host: gated");
            unlike($answer, qr/reached/, '- nothing is shown');
        }

        like(over_tls($sni, 'GET http://gated.example/app HTTP/1.1',
                      'Host: open.example', 'Connection: close'),
             qr{\AHTTP/1\.1 4(?:01|21)}, "TLS for $name, an absolute target");
        unlike(over_tls($sni, 'GET /app HTTP/1.1', 'Host: open.example',
                        'Connection: close'), qr/X-Server: gated/,
               "TLS for $name, Host: open.example: nothing of the gated one");
        like(over_tls($sni, 'GET /app HTTP/1.1', 'Host: gated.example',
                      $alice =~ s/mfa_user/__Host-mfa_user/r, 'Connection: close'),
             qr/^X-Server: gated\.example\r$/m, "TLS for $name: a session passes");
    }
};


# What comes back for requests in one connection: "status user" of each.
sub pipeline {
    my (@requests) = @_;
    my $raw = say_to('nginx', join '', @requests)->{raw};

    return map {
        my ($status) = m{\AHTTP/1\.\d (\d+)};
        my ($user) = /^Remote-User: (\S+)\r$/m;
        join ' ', $status, $user // ();
    } split m{(?=^HTTP/1\.\d \d)}m, $raw;
}


subtest 'Requests in one connection are judged each by its own cookie (security '
    . '70)' => sub
{
    my $ask = sub {
        my ($line, @headers) = @_;
        return lines("$line HTTP/1.1", 'Host: gated.example', @headers);
    };
    my $end = $ask->('GET /app', 'Connection: close');

    is_deeply([pipeline($ask->('GET /app', $alice), $ask->('GET /app'),
        $ask->('GET /app', $bob), $ask->('GET /app', $half),
        $ask->('GET /app', $alice), $end)],
        ['200 alice', '401', '200 bob', '401', '200 alice', '401'],
        'one person, nobody, another, half a login');

    is_deeply([pipeline(($ask->('GET /app', $alice), $ask->('GET /app')) x 20, $end)],
        [('200 alice', '401') x 20, '401'], 'forty in turns');

    is_deeply([pipeline($ask->('GET /app', $alice, 'Remote-User: bob'),
        $ask->('GET /app', 'Remote-User: alice'), $end)],
        ['200 alice', '401', '401'], 'an identity is that of the cookie');

    # The body of a refused request is no request.
    my $inner = $ask->('GET /app', $alice);
    my $n = length $inner;
    is_deeply([pipeline($ask->('POST /app', "Content-Length: $n") . $inner, $end)],
        ['401', '401'], 'a request inside the body of a refused one is not read');
    is_deeply([pipeline($ask->('POST /app', 'Transfer-Encoding: chunked')
        . sprintf("%x\r\n%s\r\n0\r\n\r\n", $n, $inner), $end)],
        ['401', '401'], 'nor one inside its chunks');
    is_deeply([pipeline($ask->('POST /app', $bob, "Content-Length: $n") . $inner,
        $end)], ['200 bob', '401'], 'nor one inside a body that is let through');
    is_deeply([pipeline($ask->('POST /app', "Content-Length: $n",
        'Expect: 100-continue') . $inner)], ['401'],
        'nor one where the client should have waited');
    is_deeply([grep { /alice/ } pipeline($ask->('POST /app', 'Content-Length: 0',
        'Transfer-Encoding: chunked') . "0\r\n\r\n", $end)], [],
        'a body of two lengths passes nothing');
    is_deeply([grep { /alice|bob/ } pipeline($ask->('GET /%zz', $alice), $end)],
        [], 'a request that cannot be read lends its cookie to none');
};


is_deeply([$nginx->stop], [],
          'the error log has no alert, crit, emerg or Sanitizer line');

done_testing();
