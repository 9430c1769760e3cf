package MFA::Directory;

# Somebody else's login, for first_factor request=: an HTTP server whose answer
# lies in the password, and which keeps every request it gets.  It listens on a
# unix socket and ends with the object.
#
#   my $directory = MFA::Directory->start;
#   $directory->socket;  $directory->asked;         # requests, as they came
#
# A password is "KIND" or "KIND-anything"; KIND is a status, "slow" (says nothing
# for three seconds), "dead" (hangs up), "away" (X-Accel-Redirect), "half" (200 and
# a body that does not end).  Anything else is 401.

use strict;
use warnings;

use File::Temp;
use IO::Socket::UNIX;
use POSIX qw(_exit);


sub start {
    my ($class) = @_;
    my $self = bless {
        dir => File::Temp->newdir('mfa-directory-XXXXXX', TMPDIR => 1),
    }, $class;

    chmod 0755, "$self->{dir}";
    $self->open;

    return $self;
}


sub socket { return "$_[0]{dir}/sock" }


sub open {
    my ($self) = @_;

    unlink $self->socket;
    my $listen = IO::Socket::UNIX->new(Local => $self->socket, Listen => 128)
        or die "directory: $!";
    chmod 0777, $self->socket;

    my $parent = $$;
    $self->{owner} = $$;
    $self->{pid} = fork // die "fork: $!";

    return if $self->{pid};

    $SIG{TERM} = sub { _exit(0) };
    $SIG{PIPE} = $SIG{CHLD} = 'IGNORE';
    $SIG{ALRM} = sub { _exit(0) if getppid != $parent; alarm 2 };
    alarm 2;

    while (1) {
        my $client = $listen->accept or next;
        my $pid = fork;
        next if $pid;
        alarm 0;
        eval { $self->serve($client) };
        _exit(0);
    }
}


sub serve {
    my ($self, $client) = @_;
    my $text = '';

    while ($text !~ /\r\n\r\n/) {
        sysread $client, $text, 65536, length $text or return;
    }

    my ($length) = $text =~ /^Content-Length: (\d+)/mi;
    my ($head, $body) = split /\r\n\r\n/, $text, 2;

    while (length $body < ($length || 0)) {
        sysread $client, $body, 65536, length $body or return;
    }

    CORE::open(my $log, '>>', "$self->{dir}/asked") or return;
    syswrite $log, "$head\r\n\r\n$body\0";
    close $log;

    my ($kind) = $body =~ /&password=([^&-]*)/;
    my $status = ($kind || '') =~ /^\d{3}$/ ? $kind
               : ($kind || '') =~ /^(?:away|half)$/ ? 200 : 401;
    my $more = $kind eq 'away' ? "X-Accel-Redirect: /yes\r\n"
             : $status == 302 ? "Location: /elsewhere\r\n" : '';
    my $said = $status == 204 ? '' : "the answer of the directory\n";

    return if $kind eq 'dead';
    sleep 3 if $kind eq 'slow';

    syswrite $client, "HTTP/1.1 $status Whatever\r\n$more"
        . "Set-Cookie: directory=1\r\nX-Directory: 1\r\nConnection: close\r\n"
        . ($status == 204 ? '' : 'Content-Length: '
           . (length($said) + ($kind eq 'half' ? 100000 : 0)) . "\r\n")
        . "\r\n$said";
    sleep 3 if $kind eq 'half';
}


sub asked {
    my ($self) = @_;

    CORE::open(my $log, '<', "$self->{dir}/asked") or return;
    local $/;
    my @asked = split /\0/, <$log>;

    return @asked;
}


sub forget { unlink "$_[0]{dir}/asked" }


sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;

    kill TERM => $pid;
    waitpid $pid, 0;
}


sub DESTROY {
    my ($self) = @_;

    local ($?, $@, $!);
    $self->stop if ($self->{owner} || 0) == $$;
}


1;
