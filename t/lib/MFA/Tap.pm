package MFA::Tap;

# Stands between nginx and a real Redis as MFA::Relay does, and can keep back
# what Redis says, on the connection that listens for changes or on the one whose
# readings are tracked; end either; say something of its own on it.  So answers
# and news of changes arrive in an order the test has chosen.
#
#   my $tap = MFA::Tap->start("$dir/tap.sock", $redis->socket);
#   $tap->hold('shared');               # or 'listen': nothing reaches nginx
#   $tap->pass('shared');               # all that was kept back, and on
#   $tap->cut('listen');                # ends such connections
#   $tap->say(listen => $bytes);        # as if Redis had said it
#   my @seen = $tap->commands; $tap->forget; $tap->stop;    # as MFA::Relay's
#
# A connection is "listen" when it has subscribed, "shared" when its readings
# were to be tracked, and "other" before.

use strict;
use warnings;

use parent 'MFA::Relay';

use IO::Select;
use IO::Socket::UNIX;
use Socket qw(AF_UNIX PF_UNSPEC SOCK_STREAM);

use FakeRedis;
use MFA::Relay;


sub start {
    my ($class, $socket, $target) = @_;

    socketpair(my $mine, my $its, AF_UNIX, SOCK_STREAM, PF_UNSPEC)
        or die "socketpair: $!";
    $_->autoflush(1) for $mine, $its;

    local our $control = $its;
    my $self = $class->SUPER::start($socket, $target);

    close $its;
    $self->{control} = $mine;

    return $self;
}


sub hold { $_[0]->_tell(hold => $_[1]) }
sub pass { $_[0]->_tell(pass => $_[1]) }
sub cut  { $_[0]->_tell(cut => $_[1]) }
sub say  { $_[0]->_tell(say => $_[1], unpack 'H*', $_[2]) }


sub _tell {
    my ($self, @words) = @_;

    print { $self->{control} } "@words\n";
    defined readline($self->{control}) or die 'the tap has died';
}


# --- the relay's side ---

sub _serve {
    my ($self, $listen, $life) = @_;

    our $control;
    open my $log, '>>', $self->{log}->filename or die "log: $!";
    $log->autoflush(1);

    my (%ends, %held);
    my $n = 0;
    my $select = IO::Select->new($listen, $life, $control);

    my $end = sub {
        my ($conn) = @_;

        for my $fh (@$conn{qw(nginx redis)}) {
            delete $ends{$fh};
            $select->remove($fh);
            close $fh;
        }
    };

    while (1) {
        for my $fh ($select->can_read) {
            return if $fh == $life;

            if ($fh == $listen) {
                my $conn = $self->_accept($listen, ++$n) or next;
                $conn->{kind} = 'other';
                $ends{$_} = $conn for @$conn{qw(nginx redis)};
                $select->add(@$conn{qw(nginx redis)});

            } elsif ($fh == $control) {
                my ($what, $kind, $hex)
                    = split ' ', readline($control) // return;
                my %seen;
                my @of = grep { $_->{kind} eq $kind && !$seen{ $_->{n} }++ }
                         values %ends;

                $held{$kind} = $what eq 'hold'
                    if $what eq 'hold' || $what eq 'pass';

                for my $conn (@of) {
                    if ($what eq 'cut') {
                        $end->($conn);
                        next;
                    }

                    my $bytes = $what eq 'say' ? pack 'H*', $hex
                              : $what eq 'pass' ? delete $conn->{kept} // ''
                              : '';
                    _write($conn->{nginx}, $bytes);
                }

                print {$control} "\n";

            } elsif (my $conn = $ends{$fh}) {
                $self->_carry($conn, $fh, $log, \%held) or $end->($conn);
            }
        }
    }
}


# Not in one piece when it is much; false when the other end is gone.
sub _write {
    my ($fh, $bytes) = @_;

    while (length $bytes) {
        my $n = syswrite $fh, $bytes or return 0;
        substr $bytes, 0, $n, '';
    }

    return 1;
}


sub _carry {
    my ($self, $conn, $from, $log, $held) = @_;

    my $got = sysread($from, my $bytes, 65536) or return 0;

    if ($from == $conn->{redis}) {
        return _write($conn->{nginx}, $bytes) if !$held->{ $conn->{kind} };
        $conn->{kept} .= $bytes;
        return 1;
    }

    $conn->{in} .= $bytes;

    while (my $argv = FakeRedis::_command(\$conn->{in})) {
        FakeRedis::_log({ log_out => $log }, { n => $conn->{n}, reads => 0 },
                        $argv);
        $conn->{kind} = 'listen' if uc $argv->[0] eq 'SUBSCRIBE';
        $conn->{kind} = 'shared' if "@$argv" =~ /^CLIENT TRACKING/i;
    }

    return _write($conn->{redis}, $bytes);
}


1;
