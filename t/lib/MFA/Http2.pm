package MFA::Http2;

# Just enough of HTTP/2 (RFC 9113, cleartext, prior knowledge) to ask many things
# at once over one connection, and to change one's mind: a client library would
# not reset a stream at the moment a test needs it.
#
#   my $h2 = MFA::Http2->new($port);
#   my $id = $h2->get('/path', cookie => 'a=b');
#   $h2->reset($id);
#   $h2->pump(0.5);                     # reads what comes within 0.5 s
#   $h2->status($id);                   # "200", or undef: no answer yet
#   $h2->ended($id);                    # its answer is complete
#   $h2->wait(20, @ids);                # until these are complete, or so long
#   $h2->answer($id);                   # bytes of its header blocks and body
#
# Among the headers of a request, ":authority" stands for the host (localhost) and
# ":body" for a body.

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;

use constant {
    DATA => 0, HEADERS => 1, RST_STREAM => 3, SETTINGS => 4, PING => 6,
    GOAWAY => 7, WINDOW_UPDATE => 8, END_STREAM => 1, ACK => 1,
    END_HEADERS => 4, CANCEL => 8,
};


sub new {
    my ($class, $port) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $port)
        or die "no connection to port $port: $!";
    binmode $sock;
    $sock->autoflush(1);

    my $self = bless { sock => $sock, next => 1, in => '', streams => {} },
        $class;

    $self->_write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    $self->_frame(SETTINGS, 0, 0, '');
    # No stream waits for the window of the connection.
    $self->_frame(WINDOW_UPDATE, 0, 0, pack 'N', 0x7fff0000 - 65535);

    return $self;
}


sub _write {
    my ($self, $bytes) = @_;

    local $SIG{PIPE} = 'IGNORE';
    syswrite $self->{sock}, $bytes;
}


sub _frame {
    my ($self, $type, $flags, $id, $payload) = @_;

    my $n = length $payload;
    $self->_write(pack('CnCCN', $n >> 16, $n & 0xffff, $type, $flags, $id)
                  . $payload);
}


# A string literal without Huffman coding (RFC 7541, 5.2).
sub _string {
    my ($text) = @_;

    my $n = length $text;

    return chr($n) . $text if $n < 127;

    my $head = chr 127;

    for ($n -= 127; $n >= 128; $n >>= 7) {
        $head .= chr($n & 127 | 128);
    }

    return $head . chr($n) . $text;
}


sub get { my ($self, $path, @headers) = @_; $self->send('GET', $path, @headers) }


# Sends a request; returns its stream.
sub send {
    my ($self, $method, $path, @headers) = @_;
    my ($authority, $body) = 'localhost';

    for (my $i = 0; $i < @headers; ) {
        if ($headers[$i] eq ':authority') {
            $authority = (splice @headers, $i, 2)[1];
        } elsif ($headers[$i] eq ':body') {
            $body = (splice @headers, $i, 2)[1];
        } else {
            $i += 2;
        }
    }

    my $block = "\x00" . _string(':method') . _string($method)
        . "\x86"                                # :scheme http
        . "\x00" . _string(':path') . _string($path)
        . "\x00" . _string(':authority') . _string($authority);

    while (my ($name, $value) = splice @headers, 0, 2) {
        $block .= "\x00" . _string($name) . _string($value);
    }

    my $id = $self->{next};
    $self->{next} += 2;
    $self->{streams}{$id} = {};
    $self->_frame(HEADERS,
                  END_HEADERS | (defined $body ? 0 : END_STREAM), $id, $block);
    $self->_frame(DATA, END_STREAM, $id, $body) if defined $body;

    return $id;
}


sub reset {
    my ($self, $id) = @_;

    $self->_frame(RST_STREAM, 0, $id, pack 'N', CANCEL);
}


# Reads until nothing came for so many seconds; 0 when the connection has ended.
sub pump {
    my ($self, $seconds) = @_;

    my $select = IO::Select->new($self->{sock});

    while ($select->can_read($seconds // 0)) {
        sysread($self->{sock}, $self->{in}, 65536, length $self->{in})
            or return 0;
        $self->_frames;
    }

    return 1;
}


sub wait {
    my ($self, $seconds, @ids) = @_;
    my $select = IO::Select->new($self->{sock});
    my $end = time + $seconds;

    while (grep { !$self->{streams}{$_}{ended} } @ids) {
        return 0 if time > $end || !$select->can_read($seconds);
        sysread($self->{sock}, $self->{in}, 65536, length $self->{in})
            or return 0;
        $self->_frames;
    }

    return 1;
}


# Statuses that HPACK has an index for (RFC 7541, appendix A).
my @indexed = (200, 204, 206, 304, 400, 404, 500);

sub _frames {
    my ($self) = @_;

    while (length $self->{in} >= 9) {
        my ($hi, $lo, $type, $flags, $id) = unpack 'CnCCN', $self->{in};
        my $n = $hi << 16 | $lo;

        last if length $self->{in} < 9 + $n;

        substr $self->{in}, 0, 9, '';
        my $payload = substr $self->{in}, 0, $n, '';
        my $stream = $self->{streams}{$id};

        if ($type == SETTINGS && !($flags & ACK)) {
            $self->_frame(SETTINGS, ACK, 0, '');

        } elsif ($type == HEADERS) {
            # nginx: a size update perhaps, then :status, by its index or as text.
            my ($index, $status) = $payload
                =~ /\A[\x20-\x3f]?(?:([\x88-\x8e])|[\x08\x48]\x03(\d{3}))/;
            $stream->{status} //= defined $index
                ? $indexed[ord($index) - 0x88] : $status // 0;

        } elsif ($type == RST_STREAM) {
            $stream->{ended} = 1;
        }

        $stream->{answer} .= $payload if $type <= HEADERS;
        $stream->{ended} = 1 if $type <= HEADERS && $flags & END_STREAM;
    }
}


sub status { $_[0]{streams}{ $_[1] }{status} }
sub ended  { $_[0]{streams}{ $_[1] }{ended} }
sub answer { $_[0]{streams}{ $_[1] }{answer} // '' }


# How many answers there are, by status.
sub tally {
    my ($self) = @_;

    my %tally;
    $tally{ $_->{status} // 'none' }++ for values %{ $self->{streams} };

    return \%tally;
}


sub close {
    my ($self) = @_;

    close $self->{sock};
}


1;
