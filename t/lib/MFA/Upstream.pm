package MFA::Upstream;

# A site behind the gate that hides nothing: it answers with the very bytes of the
# request, so that a test sees what the gate let through.  It listens on a unix
# socket and ends with the object.
#
#   my $upstream = MFA::Upstream->start($dir);      # $upstream->socket
#
# The query of a request can order the answer, percent-encoded:
#   status=404          another status than 200
#   head=A:%20b         a header line; may stand several times
#   body=text           another body than the request
# "reached" is its first line in any case but the last.

use strict;
use warnings;

use IO::Socket::UNIX;
use POSIX qw(_exit);


sub start {
    my ($class, $dir, $name) = @_;

    my $path = "$dir/" . ($name // 'upstream') . '.sock';
    my $log  = "$path.log";

    my $listen = IO::Socket::UNIX->new(Local => $path, Listen => 64)
        or die "upstream: $!";
    chmod 0777, $path;

    my $parent = $$;
    my $pid    = fork // die "fork: $!";

    if ($pid == 0) {
        $SIG{TERM} = $SIG{INT} = sub { _exit(0) };
        $SIG{PIPE} = 'IGNORE';
        $SIG{ALRM} = sub { _exit(0) if getppid != $parent; alarm 2 };
        alarm 2;
        _serve($listen, $log) while 1;
    }

    return bless { socket => $path, log => $log, pid => $pid, owner => $$ },
        $class;
}


sub socket { $_[0]{socket} }


# The requests since the last forget, as they came.
sub seen {
    my ($self) = @_;

    open my $fh, '<:raw', $self->{log} or return '';
    local $/;

    return scalar(<$fh>) // '';
}


sub forget { truncate $_[0]{log}, 0 if -e $_[0]{log} }


sub DESTROY {
    my ($self) = @_;

    return if $$ != $self->{owner};

    local ($?, $@, $!);
    kill TERM => $self->{pid};
    waitpid $self->{pid}, 0;
}


sub _serve {
    my ($listen, $log) = @_;

    my $sock = $listen->accept or return;
    my $request = '';

    while ($request !~ /\r\n\r\n/) {
        sysread($sock, $request, 65536, length $request) or return;
    }

    my ($head, $body) = split /\r\n\r\n/, $request, 2;

    if ($head =~ /^Content-Length: *(\d+)/mi) {
        while (length $body < $1) {
            sysread($sock, $body, 65536, length $body) or last;
        }
    }

    $request = "$head\r\n\r\n$body";

    open my $fh, '>>:raw', $log or return;
    print $fh $request;
    close $fh;

    print $sock _answer($request);
    close $sock;
}


sub _answer {
    my ($request) = @_;

    my ($query) = $request =~ m{\A\S+ [^? ]*\?(\S*)};
    my ($status, $body, @head) = (200, "reached\n$request");

    for my $pair (split /&/, $query // '') {
        my ($name, $value) = split /=/, $pair, 2;

        $value //= '';
        $value =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge;

        $status = $value if $name eq 'status';
        $body   = $value if $name eq 'body';
        push @head, $value if $name eq 'head';
    }

    my $length = $status == 101 || $status == 304
        ? '' : 'Content-Length: ' . length($body) . "\r\n";
    $body = '' if $status == 304 || $request =~ /\AHEAD /;

    return join "\r\n", "HTTP/1.1 $status Upstream",
        'Content-Type: text/plain', @head, "$length\r\n$body";
}


1;
