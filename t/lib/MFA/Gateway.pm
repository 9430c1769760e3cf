package MFA::Gateway;

# An application behind fastcgi_pass, uwsgi_pass or scgi_pass that hides nothing:
# it writes down the parameters of each request, by name and value, and answers
# 200.  Bytes are read by hand: what a library makes of two parameters of one name
# is not what a test wants to know.  It ends with the object.
#
#   my $gateway = MFA::Gateway->start($dir, 'fastcgi');   # 'uwsgi', 'scgi'
#   $gateway->socket;
#   $gateway->forget;
#   my @lines = $gateway->seen;             # "NAME=value" each, as they came

use strict;
use warnings;

use IO::Socket::UNIX;
use POSIX qw(_exit);

my %read = (fastcgi => \&_fastcgi, uwsgi => \&_uwsgi, scgi => \&_scgi);


sub start {
    my ($class, $dir, $protocol) = @_;

    my $path = "$dir/$protocol.sock";
    my $log  = "$path.log";
    my $read = $read{$protocol} or die "no protocol $protocol";

    my $listen = IO::Socket::UNIX->new(Local => $path, Listen => 64)
        or die "gateway: $!";
    chmod 0777, $path;

    my $parent = $$;
    my $pid    = fork // die "fork: $!";

    if ($pid == 0) {
        $SIG{TERM} = $SIG{INT} = sub { _exit(0) };
        $SIG{PIPE} = 'IGNORE';
        $SIG{ALRM} = sub { _exit(0) if getppid != $parent; alarm 2 };
        alarm 2;
        _serve($listen, $log, $read) while 1;
    }

    return bless { socket => $path, log => $log, pid => $pid, owner => $$ },
        $class;
}


sub socket { $_[0]{socket} }


sub seen {
    my ($self) = @_;

    open my $fh, '<:raw', $self->{log} or return;
    chomp(my @lines = <$fh>);

    return @lines;
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
    my ($listen, $log, $read) = @_;

    my $sock = $listen->accept or return;
    my ($answer, @pairs) = $read->($sock);

    return unless defined $answer;

    open my $fh, '>>:raw', $log or return;

    while (my ($name, $value) = splice @pairs, 0, 2) {
        $value =~ s/[\r\n]/?/g;
        print $fh "$name=$value\n";
    }

    close $fh;

    print $sock $answer;
    close $sock;
}


# Exactly n bytes, or undef when there are no more.
sub _bytes {
    my ($sock, $n) = @_;
    my $got = '';

    while (length $got < $n) {
        my $more = sysread $sock, $got, $n - length $got, length $got;
        # The alarm interrupts.
        next if !defined $more && $!{EINTR};
        return unless $more;
    }

    return $got;
}


my $page = "Content-Type: text/plain\r\n\r\nreached\n";


# FastCGI 1.0: records of 8 bytes and their content.
sub _fastcgi {
    my ($sock) = @_;
    my ($params, $id) = ('', 1);

    for (;;) {
        my $head = _bytes($sock, 8) // return;
        my ($type, $length, $padding);
        (undef, $type, $id, $length, $padding) = unpack 'CCnnC', $head;
        my $content = _bytes($sock, $length) // return;
        _bytes($sock, $padding) // return;

        $params .= $content if $type == 4;
        last if $type == 5 && $length == 0;
    }

    my @pairs;

    while (length $params) {
        my @length;

        for (0, 1) {
            my $n = ord $params;
            $n = unpack('N', $params) & 0x7fffffff if $n & 0x80;
            substr $params, 0, $n > 127 ? 4 : 1, '';
            push @length, $n;
        }

        push @pairs, map { substr $params, 0, $_, '' } @length;
    }

    my $answer = pack('CCnnCC', 1, 6, $id, length $page, 0, 0) . $page
        . pack('CCnnCC', 1, 6, $id, 0, 0, 0)
        . pack('CCnnCCNCa3', 1, 3, $id, 8, 0, 0, 0, 0, '');

    return ($answer, @pairs);
}


# uwsgi: one packet of 16-bit lengths.
sub _uwsgi {
    my ($sock) = @_;

    my (undef, $size) = unpack 'CvC', _bytes($sock, 4) // return;
    my $params = _bytes($sock, $size) // return;

    return ("HTTP/1.1 200 OK\r\n$page", unpack '(v/a*)*', $params);
}


# SCGI: a netstring of names and values, each ended by a zero byte.
sub _scgi {
    my ($sock) = @_;
    my $size = '';

    while ($size !~ /:/) {
        $size .= _bytes($sock, 1) // return;
    }

    chop $size;
    my $params = _bytes($sock, $size) // return;

    return ("Status: 200 OK\r\n$page", $params =~ /([^\0]*)\0/g);
}


1;
