package MFA::Relay;

# Stands between nginx and a real Redis: every byte goes through, and a test sees
# which commands went over which connection, and can do something at a moment
# that never comes by chance, between a command and its answer.  What no real
# Redis answers is FakeRedis's subject.
#
#   my $relay = MFA::Relay->start("$dir/relay.sock", $redis->socket,
#       WATCH => sub { my ($argv, $conn) = @_; ... });
#   my @seen = $relay->commands;        # { conn => 1, argv => [...] } each
#   $relay->forget;
#   $relay->stop;
#
# The function is called once for each such command, when its answer is there
# and before it is passed on, in the relay's process.  When it returns 'close',
# the connection ends instead.

use strict;
use warnings;

use File::Temp ();
use IO::Select;
use IO::Socket::UNIX;
use POSIX qw(_exit);

use FakeRedis;


sub start {
    my ($class, $socket, $target, %on) = @_;

    my $self = bless {
        target => $target, on => \%on, log => File::Temp->new, from => 0,
        owner => $$,
    }, $class;

    my $listen = IO::Socket::UNIX->new(Local => $socket, Listen => 64)
        or die "relay: $!";

    # Ends with the test, also when that is killed.
    pipe my $life, $self->{life} or die "pipe: $!";

    $self->{pid} = fork // die "fork: $!";

    if ($self->{pid} == 0) {
        close $self->{life};
        $SIG{PIPE} = 'IGNORE';
        $SIG{TERM} = 'DEFAULT';
        eval { $self->_serve($listen, $life); 1 } or warn "relay: $@";
        _exit(0);
    }

    return $self;
}


sub commands {
    my ($self) = @_;

    open my $fh, '<', $self->{log}->filename or die "log: $!";
    seek $fh, $self->{from}, 0;

    return map {
        chomp;
        my ($conn, $read, @argv) = split / /, $_, -1;
        { conn => $conn, argv => [ map { s/%(..)/chr hex $1/ger } @argv ] };
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
    }
}


sub DESTROY { $_[0]->stop }


sub _serve {
    my ($self, $listen, $life) = @_;

    open my $log, '>>', $self->{log}->filename or die "log: $!";
    $log->autoflush(1);

    my %ends;                               # a socket's connection
    my $n = 0;
    my $select = IO::Select->new($listen, $life);

    while (1) {
        for my $fh ($select->can_read) {
            return if $fh == $life;

            if ($fh == $listen) {
                my $conn = $self->_accept($listen, ++$n) or next;
                $ends{$_} = $conn for @$conn{qw(nginx redis)};
                $select->add(@$conn{qw(nginx redis)});
                next;
            }

            # Closed with its other end.
            my $conn = $ends{$fh} or next;
            next if $self->_pass($conn, $fh, $log);

            for my $end (@$conn{qw(nginx redis)}) {
                delete $ends{$end};
                $select->remove($end);
                close $end;
            }
        }
    }
}


sub _accept {
    my ($self, $listen, $n) = @_;

    my $nginx = $listen->accept or return;
    my $redis = IO::Socket::UNIX->new(Peer => $self->{target}) or return;

    return { nginx => $nginx, redis => $redis, n => $n, in => '', todo => [] };
}


# One read's bytes to the other end; false when the connection has ended.
sub _pass {
    my ($self, $conn, $from, $log) = @_;

    my $got = sysread($from, my $bytes, 65536) or return 0;

    if ($from == $conn->{redis}) {
        while (my $argv = shift @{ $conn->{todo} }) {
            my $said = $self->{on}{ uc $argv->[0] }->($argv, $conn->{n})
                // '';
            return 0 if $said eq 'close';
        }

        return defined syswrite $conn->{nginx}, $bytes;
    }

    $conn->{in} .= $bytes;

    while (my $argv = FakeRedis::_command(\$conn->{in})) {
        FakeRedis::_log({ log_out => $log }, { n => $conn->{n}, reads => 0 },
                        $argv);
        push @{ $conn->{todo} }, $argv if $self->{on}{ uc $argv->[0] };
    }

    return defined syswrite $conn->{redis}, $bytes;
}


1;
