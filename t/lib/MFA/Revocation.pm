package MFA::Revocation;

# How soon the end of a session is felt: many connections that stay open ask with
# a session's cookie, one request after the other, while somebody else ends it.
# bench/revocation.pl prints what this measures, t/77-revocation.t holds it to a
# bound.
#
#   my $found = MFA::Revocation::run(
#       port     => $port,              # of 127.0.0.1
#       path     => '/app',             # what is asked for
#       sessions => [
#           { cookie => 'mfa_user=...', end => sub { ... }, means => 'logout' },
#       ],
#   );
#
#   $found->{sessions}[0]   # the same hash, with what follows; not all of them
#                           # when several did not end at all
#       early               # refusals before anybody ended it
#       ended               # why end failed, if it did
#       acknowledged        # when end came back
#       first               # when the first refusal came
#       passed              # when each request that got through after the order
#                           # to end it had been sent
#       other               # what was neither 200 nor 401 or 403, by status
#   $found->{alive}         # sessions that were let in at the very end
#   $found->{workers}       # names in X-Worker that answered
#   $found->{requests}, $found->{seconds}
#
#   MFA::Revocation::late($session, 0.1)    # passed, sent that much after
#
# Times are those of CLOCK_MONOTONIC, which all processes share: sessions are
# ended by a process of its own, one by one, which takes the time as soon as end
# has returned.  The time before a request's first byte leaves is when it was
# sent, so that no request seems to be younger than it is.
#
# A session is ended when every connection has passed twice with it, so that each
# worker knows it well.  Once every connection was refused the next one's turn
# comes, and every other request still asks for one that is over, for $after
# seconds: who was refused must stay so.

use strict;
use warnings;

use IO::Handle ();
use IO::Socket::INET;
use POSIX qw(_exit);
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

my $known    = 2;                       # answers on each connection before
my $after    = 0.25;                    # s of questions about one that is over
my $patience = 2;                       # s until one counts as never ended
my $hopeless = 5;                       # of these, and no more are tried
my $silence  = 60;                      # s without any answer


sub now () { clock_gettime(CLOCK_MONOTONIC) }


sub run {
    my (%arg) = @_;

    my $n    = $arg{connections} // 40;
    my $self = bless {
        %arg,
        sessions => [@{ $arg{sessions} }],
        endless => 0,                   # how many of them would not end
        turn    => 0,                   # index of the session that is asked for
        over    => [],                  # sessions whose turn it was
        workers => {},
        asked   => 0,
    }, __PACKAGE__;

    for my $s (@{ $arg{sessions} }) {
        @$s{qw(early passed other refused)} = (0, [], {}, 0);
        $s->{bytes} = "GET $arg{path} HTTP/1.1\r\nHost: localhost\r\n"
            . "Accept: application/json\r\nCookie: $s->{cookie}\r\n\r\n";
    }

    $self->_executioner;
    $self->{connections} = [map { $self->_connect } 1 .. $n];

    my $began = now;
    $self->_loop;
    my $seconds = now - $began;

    close $self->{orders};
    waitpid $self->{pid}, 0;

    return {
        sessions => $self->{sessions},
        workers  => [sort keys %{ $self->{workers} }],
        requests => $self->{asked},
        seconds  => $seconds,
        alive    => $self->_alive,
    };
}


sub late {
    my ($session, $seconds) = @_;

    my $bound = $session->{acknowledged} + $seconds;

    return scalar grep { $_ > $bound } @{ $session->{passed} };
}


# The process that ends sessions: is told an index, answers with it, the time and
# what went wrong.
sub _executioner {
    my ($self) = @_;

    pipe my $in, my $orders or die "pipe: $!";
    pipe my $reports, my $out or die "pipe: $!";

    $self->{pid} = fork // die "fork: $!";

    if ($self->{pid} == 0) {
        close $orders;
        close $reports;
        $out->autoflush(1);

        while (my $i = <$in>) {
            chomp $i;
            my $failed = eval { $self->{sessions}[$i]{end}->(); 1 } ? '' : $@;
            my $time = now;
            $failed =~ s/\s+/ /g;
            printf $out "%d %.6f %s\n", $i, $time, $failed;
        }

        _exit(0);
    }

    close $in;
    close $out;
    $orders->autoflush(1);
    $reports->blocking(0);
    @$self{qw(orders reports)} = ($orders, $reports);
}


sub _connect {
    my ($self) = @_;

    my $sock = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1', PeerPort => $self->{port}, Proto => 'tcp',
    ) or die "no connection to port $self->{port}: $!";

    setsockopt $sock, IPPROTO_TCP, TCP_NODELAY, 1;

    return { sock => $sock, got => '', turns => 0, answers => 0, refused => 0 };
}


sub _loop {
    my ($self) = @_;

    my @by_fd;
    my $wanted = '';
    my $reports = fileno $self->{reports};

    vec($wanted, $reports, 1) = 1;

    for my $c (@{ $self->{connections} }) {
        my $fd = fileno $c->{sock};

        vec($wanted, $fd, 1) = 1;
        $by_fd[$fd] = $c;
        $self->_ask($c);
    }

    until ($self->_finished) {
        my $n = select my $ready = $wanted, undef, undef, $silence;
        die "nobody answers\n" if $n <= 0;

        $self->_report if vec $ready, $reports, 1;

        for my $fd (grep { $by_fd[$_] && vec $ready, $_, 1 } 0 .. $#by_fd) {
            my $status = $self->_read($by_fd[$fd]) or next;

            $self->_judge($by_fd[$fd], $status);
            $self->_next;
            $self->_ask($by_fd[$fd]);
        }
    }
}


# Every session had its turn, and its time after that.
sub _finished {
    my ($self) = @_;

    return $self->{turn} > $#{ $self->{sessions} } && !@{ $self->{over} };
}


# The session whose turn it is; in every other request one that is over.
sub _ask {
    my ($self, $c) = @_;

    my $over = $self->{over};
    my $s = $self->{sessions}[$self->{turn}];

    $s = $over->[$self->{asked} % @$over]
        if @$over && (!$s || ++$c->{turns} % 2);

    $c->{session} = $s or return;
    $c->{sent} = now;
    $self->{asked}++;
    syswrite($c->{sock}, $s->{bytes}) == length $s->{bytes}
        or die "cannot send: $!";
}


# The status, when the answer is there as a whole.
sub _read {
    my ($self, $c) = @_;

    sysread($c->{sock}, $c->{got}, 65536, length $c->{got})
        or die 'the connection was closed after: '
            . substr($c->{got}, 0, 200) . "\n";

    my $end = index $c->{got}, "\r\n\r\n";
    return if $end < 0;

    my ($length) = $c->{got} =~ /^Content-Length: (\d+)/mi
        or die "an answer without a length: $c->{got}\n";
    return if length $c->{got} < $end + 4 + $length;

    my $status = substr $c->{got}, 9, 3;
    $self->{workers}{$1} = 1 if $c->{got} =~ /^X-Worker: (\S+)/m;
    $c->{got} = '';

    return $status;
}


# Each answer belongs to a session, whoever's turn it is now.
sub _judge {
    my ($self, $c, $status) = @_;

    my $s = $c->{session};

    if ($status == 200) {
        push @{ $s->{passed} }, $c->{sent} if $s->{ordered};

    } elsif ($status == 401 || $status == 403) {
        $s->{early}++ if !$s->{ordered};
        $s->{first} //= now;

    } else {
        $s->{other}{$status}++;
    }

    # Where this connection stands with the one whose turn it is.
    my $current = $self->{sessions}[$self->{turn}];
    return if !$current || $s != $current;

    if (($c->{knows} // -1) != $self->{turn}) {
        @$c{qw(knows answers refused)} = ($self->{turn}, 0, 0);
    }

    $s->{known}++ if ++$c->{answers} == $known;

    if (($status == 401 || $status == 403) && !$c->{refused}) {
        $c->{refused} = 1;
        $s->{refused}++;
    }
}


sub _next {
    my ($self) = @_;

    my $all = @{ $self->{connections} };
    my $s = $self->{sessions}[$self->{turn}];

    shift @{ $self->{over} }
        while @{ $self->{over} } && $self->{over}[0]{until} < now;

    return if !$s;

    if (!$s->{ordered}) {
        return if ($s->{known} // 0) < $all;

        # Refused before it was ended, it cannot be waited for.
        $s->{refused} = 0 if $s->{early};
        $s->{ordered} = now;
        print { $self->{orders} } "$self->{turn}\n";

        return;
    }

    return if !defined $s->{acknowledged};

    if ($s->{refused} < $all && !$s->{early}) {
        return if now < $s->{acknowledged} + $patience;
        $#{ $self->{sessions} } = $self->{turn}
            if ++$self->{endless} == $hopeless;
    }

    $s->{until} = $s->{acknowledged} + $after;
    push @{ $self->{over} }, $s;
    $self->{turn}++;
}


sub _report {
    my ($self) = @_;

    my $line = readline $self->{reports};
    die "the process that ends sessions is gone\n" if !defined $line;

    my ($i, $time, $failed) = $line =~ /^(\d+) (\S+) (.*)$/ or die $line;
    my $s = $self->{sessions}[$i];

    $s->{acknowledged} = $time;
    $s->{ended} = $failed if length $failed;
}


# How many of all the sessions are let in at last.
sub _alive {
    my ($self) = @_;

    my $c = $self->_connect;
    my $alive = 0;

    for my $s (@{ $self->{sessions} }) {
        my $status;

        syswrite $c->{sock}, $s->{bytes};
        $status = $self->_read($c) until $status;
        $alive++ if $status == 200;
    }

    return $alive;
}


1;
