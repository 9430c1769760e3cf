#!/usr/bin/perl

# Clients that go away, by a close, by a reset, by saying no more, at every point
# of every kind of request: while the gate waits for Redis, while a password is
# being hashed, in the middle of a body, of an answer, of an HTTP/2 stream, inside
# a subrequest.  After each storm the same worker serves on, and it holds what it
# held before: not a descriptor, not a connection to Redis more.
#
# When this fails, an answer from Redis finds a request that is no more, and a
# worker dies of it; or what the dead leave behind piles up.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes qw(sleep time);

use MFA::Http2;
use MFA::Outage;
use MFA::Worker;

# The same storm each time.
srand 75;

my $www = File::Temp->newdir('mfa-www-XXXXXX', TMPDIR => 1);

my $stage = MFA::Outage->new(
    args      => 'timeout=20s',
    portal    => 'session max=1000;',
    locations => <<"END",
    location /files/ { alias $www/; }
    location /ssi/ { mfa off; ssi on; alias $www/; }
    location /asked/ { mfa off; auth_request /private/inner; alias $www/; }
END
);

chmod 0755, "$www";
MFA::Nginx::write_file("$www/big", 'x' x 8_000_000);
MFA::Nginx::write_file("$www/page.html",
    join "\n", map { "<!--# include virtual=\"/files/small?$_\" -->" } 1 .. 8);
MFA::Nginx::write_file("$www/small", "small\n");

my $redis    = $stage->redis;
my $alice    = $stage->person('alice');
my $cookie   = 'Cookie: mfa_user=' . $alice->cookie('mfa_user');
my ($worker) = MFA::Worker::of($stage->nginx->pid);


sub redis_clients {
    return scalar split /\n/, $redis->call('CLIENT', 'LIST');
}


# A connection with some bytes on it.
sub sender {
    my ($bytes) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $stage->nginx->port)
        or die "no connection: $!";
    binmode $sock;
    local $SIG{PIPE} = 'IGNORE';
    syswrite $sock, $bytes;

    return $sock;
}


# Goes away: what way is up to the number.
sub vanish {
    my ($sock, $n) = @_;

    if ($n % 3 == 0) {
        setsockopt $sock, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;

    } elsif ($n % 3 == 1) {
        shutdown $sock, 1;
    }

    close $sock;
}


# A request as bytes; a body makes it a form.
sub request {
    my ($method, $path, $headers, $body) = @_;

    my @lines = ("$method $path HTTP/1.1", 'Host: localhost', @$headers);

    push @lines, 'Content-Type: application/x-www-form-urlencoded',
        'Content-Length: ' . length $body if defined $body;

    return join("\r\n", @lines, '', '') . ($body // '');
}


# A person's form, ready to be sent.
sub form {
    my ($person, $path, @fields) = @_;

    my $browser = $stage->person($person);
    my @cookies = map { "$_=$browser->{cookies}{$_}" }
        sort keys %{ $browser->{cookies} };

    return request('POST', $path, ['Cookie: ' . join '; ', @cookies],
                   MFA::Browser::form(csrf => $browser->csrf, @fields));
}


my %requests = (
    'a page behind the gate' => request('GET', '/private', [$cookie]),
    'a page of our own'      => request('GET', '/mfa/security', [$cookie]),
    'an upload'              => request('POST', '/private', [$cookie],
                                        'x' x 200_000),
    'a subrequest\'s gate'   => request('GET', '/asked/page.html', [$cookie]),
    'eight subrequests'      => request('GET', '/ssi/page.html', [$cookie]),
    'a login'                => form('erin', '/mfa/login', login => 'erin',
                                     password => $stage->password),
    'a code'                 => form('carol', '/mfa/code', code => '123456'),
    'a set-up code'          => form('dave', '/mfa/enrol/scan',
                                     code => '123456'),
    'setting up later'       => form('dave', '/mfa/enrol/later'),
    'three in a row'         => request('GET', '/private', [$cookie]) x 3,
);

# As much as there will ever be: idle connections to Redis are kept.
for (1 .. 2) {
    $stage->people;
    $stage->recovery;
}

%requests = (%requests,
    'a login'          => form('erin', '/mfa/login', login => 'erin',
                               password => $stage->password),
    'a code'           => form('carol', '/mfa/code', code => '123456'),
    'a set-up code'    => form('dave', '/mfa/enrol/scan', code => '123456'),
    'setting up later' => form('dave', '/mfa/enrol/later'),
);

sleep 0.3;

my @fds   = sort(MFA::Worker::fds($worker));
my $links = redis_clients();


# After a storm: everything is as it was.
sub calm {
    my ($name) = @_;

    subtest "$name: as if nothing had been" => sub {
        is($alice->twin->get('/private')->story, '200', 'it serves');

        my @left;
        ok(MFA::Worker::until(sub {
            @left = MFA::Worker::fds($worker);
            @left <= @fds;
        }), 'no descriptor is left behind') or diag(join "\n", sort @left);

        is(redis_clients(), $links, 'nor a connection to Redis');
        is_deeply([MFA::Worker::of($stage->nginx->pid)], [$worker],
                  'and it is the same worker');
    };
}


subtest 'Clients that vanish while Redis is silent (security 111, trap 25)'
    => sub
{
    for my $name (sort keys %requests) {
        $redis->freeze;

        my @socks = map { sender($requests{$name}) } 1 .. 9;
        # The worker has them all, and waits.
        $stage->browser->get('/open/x');

        vanish($socks[$_], $_) for 0 .. $#socks;
        $stage->browser->get('/open/x');
        $redis->thaw;

        calm($name);
    }
};


subtest 'Clients that vanish in the middle of what they say (security 72)'
    => sub
{
    for my $name (sort keys %requests) {
        my $bytes = $requests{$name};

        for my $n (0 .. 14) {
            my $cut  = int(rand length $bytes);
            my $sock = sender(substr $bytes, 0, $cut);

            sleep 0.002 if $n % 2;
            vanish($sock, $n);
        }

        calm($name);
    }

    my $chunked = request('POST', '/mfa/login',
        ['Content-Type: application/x-www-form-urlencoded',
         'Transfer-Encoding: chunked']) . "400\r\nlogin=erin&password=x";
    vanish(sender(substr $chunked, 0, length($chunked) - $_), $_)
        for 0 .. 20;
    calm('chunks');
};


subtest 'Clients that vanish at any moment of a journey (security 124)' => sub {
    my @names = sort keys %requests;

    for my $round (1 .. 6) {
        my @socks = map { sender($requests{ $names[$_ % @names] }) } 1 .. 40;

        for my $sock (sort { rand() <=> 0.5 } @socks) {
            sleep rand 0.002;
            vanish($sock, int rand 3);
        }
    }

    calm('a storm');
};


subtest 'Clients that vanish while their password is being hashed (security 2, '
    . 'trap 28)' => sub
{
    # Some tenths of a second each.
    $redis->call('HSET', 'mfa:{user}:account:erin', 'password',
                 crypt $stage->password, '$6$rounds=200000$stagehandsalt$');

    my @socks = map { sender($requests{'a login'}) } 1 .. 12;
    sleep 0.1;
    vanish($socks[$_], $_) for 0 .. $#socks;

    # Behind them in the queue.
    my $erin = $stage->person('erin');
    is($erin->twin->post('/mfa/login', [csrf => $erin->csrf, login => 'erin',
       password => $stage->password])->story, '303 /',
       'whoever stays is let in');
    calm('hashing');
};


subtest 'Clients that vanish in the middle of an answer' => sub {
    my @socks = map { sender(request('GET', '/files/big', [$cookie])) } 1 .. 6;

    for my $n (0 .. $#socks) {
        sysread $socks[$n], my $bytes, 1 + 10_000 * $n;
        vanish($socks[$n], $n);
    }

    calm('a download');
};


subtest 'Streams that are reset, and connections that end with their streams '
    . '(security 70, trap 31)' => sub
{
    my @header = (cookie => $cookie =~ s/^Cookie: //r);

    for my $round (1 .. 4) {
        $redis->freeze;
        my @h2 = map { MFA::Http2->new($stage->nginx->port(1)) } 1 .. 5;
        my @kept;

        for my $h2 (@h2) {
            my @ids = map {
                $h2->get($_ % 3 ? '/files/small' : '/mfa/security', @header)
            } 1 .. 100;
            $h2->reset($ids[$_ * 2]) for 0 .. 49;
            push @kept, [@ids[map { $_ * 2 + 1 } 0 .. 49],
                         $h2->get('/ssi/page.html', @header)];
            $h2->pump(0.01);
        }

        $h2[$_]->close for 0 .. 2;
        $stage->browser->get('/open/x');
        $redis->thaw;

        for my $i (3, 4) {
            my $h2 = $h2[$i];

            MFA::Worker::until(sub {
                $h2->pump(0.01);
                return !grep { !$h2->ended($_) } @{ $kept[$i] };
            });
            is(scalar(grep { $h2->status($_) != 200 } @{ $kept[$i] }), 0,
               'whoever stays is answered');
            $h2->close;
        }
    }

    calm('streams');
};


# Behind an answer that had to wait for its reader, nginx is told of whatever
# happens on the connection as if it could write again.
sub reader_of_much {
    my $sock = sender(request('GET', '/files/big', [$cookie]));

    sleep 0.05;
    my $left = 8_000_000;
    while ($left > 0) {
        my $n = sysread $sock, my $bytes, 262144 or die 'the answer is short';
        $left -= $n;
    }

    return $sock;
}


subtest 'A request that waits is woken by its answer and by nothing else (trap '
    . '8, 25)' => sub
{
    my @socks = map { reader_of_much() } 1 .. 9;

    $redis->forget;
    $redis->freeze;

    for my $n (0 .. $#socks) {
        syswrite $socks[$n], request('GET', '/private/1', [$cookie]);
        $stage->browser->get('/open/x');

        # The beginnings of another request.
        for my $piece ("GE", "T /private/2 HTTP/1.1\r\n", "Host: x\r\n") {
            syswrite $socks[$n], $piece;
            $stage->browser->get('/open/x');
        }
    }

    vanish($socks[$_], $_) for 0 .. 5;
    $stage->browser->get('/open/x');
    $redis->thaw;

    for my $sock (@socks[6 .. 8]) {
        syswrite $sock, "Connection: close\r\n\r\n";
        my $got = do { local $/; <$sock> };
        is(join(', ', $got =~ /HTTP\/1\.1 (\d+)/g), '200, 401',
           'whoever stays is answered, once for each question');
    }

    my ($asked) = $redis->call('INFO', 'commandstats')
        =~ /cmdstat_hmget:calls=(\d+)/;
    is($asked, 9, 'and Redis is asked once for each');
    calm('wakers');
};


subtest 'Each request of a row is judged by its own cookie (security 70)' => sub {
    my $bob = 'Cookie: mfa_user=' . $stage->person('bob')->cookie('mfa_user');

    for my $frozen (0, 1) {
        $redis->freeze if $frozen;

        my $sock = sender(
            request('GET', '/private/1', [$cookie])
            . request('GET', '/private/2', [])
            . request('GET', '/private/3', [$bob])
            . request('POST', '/private/4', [$bob], 'a=b')
            . request('GET', '/private/5', ["$cookie; x=y"])
            . request('GET', '/private/6', ['Cookie: mfa_user=x'])
            . request('GET', '/open/7', [$bob])
            . request('GET', '/private/8', ['Connection: close']));

        if ($frozen) {
            $stage->browser->get('/open/x');
            $redis->thaw;
        }

        my $got = do { local $/; <$sock> };
        my @answers = map { s/^HTTP\/1.1 //r } $got
            =~ /HTTP\/1\.1 \d+|^(?:GET|POST) \/\S+|^Remote-User: \S+/mg;

        is(join(', ', @answers), '200, GET /private/1, Remote-User: alice, '
           . '401, 200, GET /private/3, Remote-User: bob, '
           . '200, POST /private/4, Remote-User: bob, '
           . '200, GET /private/5, Remote-User: alice, 401, '
           . '200, GET /open/7, 401',
           $frozen ? 'while Redis is slow' : 'while all is well');
    }

    calm('rows');
};


$stage->finish;
# The site resets what it has not read: that is its business.
my @errors = grep { /\[error\]/ && !/, upstream: / }
                  split /\n/, $stage->nginx->log;
is("@errors", '', 'nor was anything an error');

done_testing;
