package FakeRedis;

# A scripted Redis for the suites: it is slow, silent, lying or gone when told,
# which a real server never is on demand.  It knows no data: every command has
# an answer from a table.  It runs as a child process and ends with the object.
#
#   use FakeRedis;
#
#   my $redis = FakeRedis->start(
#       socket => "$dir/redis.sock",        # or: port => 16379 (127.0.0.1)
#       schema => '1',                      # what GET mfa:schema says
#       on     => {                         # by command; the reply's raw bytes
#           GET     => FakeRedis::bulk('x'),
#           HGETALL => sub { my ($argv) = @_; ... },
#           '*'     => FakeRedis::nil(),    # all others; default +OK
#       },
#       silent => 1,                        # any mode, from the start
#   );
#
#   $redis->mode(drip => 0.001);            # at once, for all connections
#   $redis->mode(drip => 0);                # and off again
#   my @seen = $redis->commands;            # what came in, see there
#   $redis->forget;                         # ... since now
#   $redis->stop;
#
# Without a table it answers as Redis does to AUTH, SELECT, PING, MULTI (then
# +QUEUED to all), EXEC, DISCARD, WATCH, UNWATCH and the schema check.
#
# Modes (0 or '' ends one):
#   silent       read everything, answer nothing
#   delay        seconds before each answer
#   drip         seconds between single bytes of an answer
#   close_after  close a connection after this many answers
#   refuse       close a connection when it is accepted
#   answer       these raw bytes instead of any answer but the hello's (AUTH,
#                SELECT, schema): a wrong type, garbage, an error
#   hello        these raw bytes instead of each of the hello's answers
#   extra        these raw bytes behind every answer but the hello's
#   greeting     these raw bytes as soon as a connection is accepted

use strict;
use warnings;

use Errno qw(EAGAIN EINTR EWOULDBLOCK);
use File::Temp ();
use IO::Handle;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(AF_UNIX PF_UNSPEC SOCK_STREAM);
use Time::HiRes qw(time);


# --- replies, as bytes ---

sub status  { "+$_[0]\r\n" }
sub error   { "-$_[0]\r\n" }
sub integer { ":$_[0]\r\n" }
sub bulk    { '$' . length($_[0]) . "\r\n$_[0]\r\n" }
sub nil     { "\$-1\r\n" }
sub array   { '*' . scalar(@_) . "\r\n" . join('', @_) }


# --- the test's side ---

sub start {
    my ($class, %arg) = @_;

    my $self = bless {
        log    => File::Temp->new,
        on     => delete $arg{on} // {},
        schema => delete $arg{schema} // '1',
        socket => delete $arg{socket},
        port   => delete $arg{port},
        modes  => { %arg },
        from   => 0,
    }, $class;

    my $listen = $self->_listen;

    socketpair(my $mine, my $its, AF_UNIX, SOCK_STREAM, PF_UNSPEC)
        or die "socketpair: $!";
    $_->autoflush(1) for $mine, $its;

    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        close $mine;
        $SIG{TERM} = 'DEFAULT';
        $SIG{PIPE} = 'IGNORE';
        eval { $self->_serve($listen, $its); 1 } or warn "FakeRedis: $@";
        POSIX::_exit(0);
    }

    close $its;
    close $listen;
    $self->{pid} = $pid;
    $self->{owner} = $$;
    $self->{control} = $mine;

    return $self;
}


# Changes modes; returns when they hold.
sub mode {
    my ($self, %modes) = @_;

    for my $name (sort keys %modes) {
        print { $self->{control} } "$name ", unpack('H*', $modes{$name}), "\n";
        defined readline($self->{control}) or die "the fake Redis has died";
    }
}


# What was received since the last forget: a list of
#   { conn => number of the connection, read => number of the read on it,
#     argv => [ command, arguments ... ] }
# The same read: these commands came in one write.
sub commands {
    my ($self) = @_;

    open my $fh, '<', $self->{log}->filename or die "log: $!";
    seek $fh, $self->{from}, 0;

    return map {
        chomp;
        my ($conn, $read, @argv) = split / /, $_, -1;
        { conn => $conn, read => $read,
          argv => [ map { s/%(..)/chr hex $1/ger } @argv ] };
    } <$fh>;
}


sub forget {
    my ($self) = @_;

    $self->{from} = -s $self->{log}->filename;
}


sub stop {
    my ($self) = @_;

    if ($self->{pid} && $self->{owner} == $$) {
        local $?;
        kill 'KILL', $self->{pid};
        waitpid $self->{pid}, 0;
        delete $self->{pid};
        unlink $self->{socket} if defined $self->{socket};
    }
}


sub DESTROY {
    my ($self) = @_;

    $self->stop;
}


# --- the server's side ---

sub _listen {
    my ($self) = @_;

    if (defined $self->{socket}) {
        unlink $self->{socket};
        return IO::Socket::UNIX->new(Local => $self->{socket}, Listen => 128)
            // die "$self->{socket}: $!";
    }

    return IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 128,
                                 LocalPort => $self->{port}, ReuseAddr => 1)
        // die "port $self->{port}: $!";
}


sub _serve {
    my ($self, $listen, $control) = @_;

    my %conns;
    my $n = 0;

    open $self->{log_out}, '>>', $self->{log}->filename or die "log: $!";
    $self->{log_out}->autoflush(1);

    while (1) {
        my @busy = grep { @{ $_->{out} } } values %conns;
        my $wait = 60;

        for my $conn (@busy) {
            my $left = $conn->{out}[0]{at} - time;
            $wait = $left if $left < $wait;
        }

        my $now = time;
        my @due = map { $_->{fh} } grep { $_->{out}[0]{at} <= $now } @busy;

        my ($can_read, $can_write) = IO::Select->select(
            IO::Select->new($listen, $control, map { $_->{fh} } values %conns),
            IO::Select->new(@due), undef, $wait > 0 ? $wait : 0);

        for my $fh (@{ $can_read // [] }) {
            if ($fh == $control) {
                $self->_control($control) or return;

            } elsif ($fh == $listen) {
                my $peer = $listen->accept or next;
                $peer->blocking(0);
                $conns{ fileno $peer } = { fh => $peer, n => ++$n,
                                           in => '', out => [],
                                           reads => 0, answers => 0 };
                $self->_accepted($conns{ fileno $peer });

            } else {
                $self->_read($conns{ fileno $fh });
            }
        }

        for my $fh (@{ $can_write // [] }) {
            $self->_write($conns{ fileno $fh });
        }

        for my $key (keys %conns) {
            my $conn = $conns{$key};

            if ($conn->{gone} || ($conn->{last} && !@{ $conn->{out} })) {
                close $conn->{fh};
                delete $conns{$key};
            }
        }
    }
}


sub _control {
    my ($self, $control) = @_;

    my $line = readline($control) // return 0;

    my ($name, $hex) = $line =~ /^(\S+) ([0-9a-f]*)$/ or die "mode: $line";
    $self->{modes}{$name} = pack 'H*', $hex;
    print {$control} "\n";

    return 1;
}


sub _accepted {
    my ($self, $conn) = @_;

    if ($self->{modes}{refuse}) {
        $conn->{gone} = 1;
        return;
    }

    if (length($self->{modes}{greeting} // '')) {
        push @{ $conn->{out} }, { at => time,
                                  bytes => $self->{modes}{greeting} };
    }
}


sub _read {
    my ($self, $conn) = @_;

    my $got = sysread $conn->{fh}, my $bytes, 65536;

    if (!$got) {
        return if !defined $got
                  && ($! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR);
        $conn->{gone} = 1;
        return;
    }

    $conn->{in} .= $bytes;
    $conn->{reads}++;

    while (my $argv = _command(\$conn->{in})) {
        $self->_log($conn, $argv);
        $self->_answer($conn, $argv) unless $conn->{last};
    }
}


# Takes one complete command off the front.
sub _command {
    my ($in) = @_;

    my ($n) = $$in =~ /^\*(\d+)\r\n/ or return;
    my $at = $+[0];
    my @argv;

    for (1 .. $n) {
        pos($$in) = $at;
        $$in =~ /\G\$(\d+)\r\n/gc or return;
        my $len = $1;
        my $start = pos $$in;
        length $$in >= $start + $len + 2 or return;
        push @argv, substr $$in, $start, $len;
        $at = $start + $len + 2;
    }

    substr($$in, 0, $at) = '';

    return \@argv;
}


sub _log {
    my ($self, $conn, $argv) = @_;

    print { $self->{log_out} } join(' ', $conn->{n}, $conn->{reads},
        map { s/([^!-\$&-~])/sprintf '%%%02x', ord $1/ger } @$argv), "\n";
}


sub _answer {
    my ($self, $conn, $argv) = @_;

    my $modes = $self->{modes};

    return if $modes->{silent};

    my $bytes = $self->_bytes($conn, $argv);
    my $at = time + ($modes->{delay} || 0);

    if ($modes->{drip}) {
        for my $byte (split //, $bytes) {
            push @{ $conn->{out} }, { at => $at, bytes => $byte,
                                      pause => $modes->{drip} };
        }

    } else {
        push @{ $conn->{out} }, { at => $at, bytes => $bytes };
    }

    $conn->{answers}++;

    if ($modes->{close_after} && $conn->{answers} >= $modes->{close_after}) {
        $conn->{last} = 1;
    }
}


sub _bytes {
    my ($self, $conn, $argv) = @_;

    my $modes = $self->{modes};
    my $name = uc $argv->[0];

    if ($name eq 'AUTH' || $name eq 'SELECT'
        || ($argv->[1] // '') eq 'mfa:schema')
    {
        return $modes->{hello} if length($modes->{hello} // '');
        return $name eq 'GET' ? bulk($self->{schema}) : status('OK');
    }

    my $extra = $modes->{extra} // '';

    return $modes->{answer} . $extra if length($modes->{answer} // '');

    return $self->_scripted($conn, $name, $argv) . $extra;
}


sub _scripted {
    my ($self, $conn, $name, $argv) = @_;

    if ($name eq 'EXEC' || $name eq 'DISCARD') {
        my $queued = delete $conn->{queued} // [];

        return $self->_reply($name, $argv) if $self->{on}{$name};
        return $name eq 'EXEC' ? array(@$queued) : status('OK');
    }

    if ($conn->{queued}) {
        push @{ $conn->{queued} }, $self->_reply($name, $argv);
        return status('QUEUED');
    }

    $conn->{queued} = [] if $name eq 'MULTI';

    return $self->_reply($name, $argv);
}


sub _reply {
    my ($self, $name, $argv) = @_;

    my $reply = $self->{on}{$name};

    if (!defined $reply) {
        $reply = $name eq 'PING' ? status('PONG')
               : $name =~ /^(?:MULTI|WATCH|UNWATCH)$/ ? status('OK')
               : $self->{on}{'*'} // status('OK');
    }

    return ref $reply ? $reply->($argv) : $reply;
}


sub _write {
    my ($self, $conn) = @_;

    my $item = $conn->{out}[0];
    my $n = syswrite $conn->{fh}, $item->{bytes};

    if (!defined $n) {
        $conn->{gone} = 1 unless $! == EAGAIN || $! == EWOULDBLOCK
                                 || $! == EINTR;
        return;
    }

    if ($n < length $item->{bytes}) {
        substr($item->{bytes}, 0, $n) = '';
        return;
    }

    shift @{ $conn->{out} };

    if ($item->{pause} && @{ $conn->{out} }) {
        $conn->{out}[0]{at} = time + $item->{pause};
    }
}


1;
