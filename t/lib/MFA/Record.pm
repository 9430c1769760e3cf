package MFA::Record;

# Session records as core/session.c writes them, made and taken apart a second
# time: what a suite puts into Redis is what the product has to read, and what it
# reads is what the product wrote.
#
#   my $bytes   = MFA::Record::encode(\%session);
#   my $session = MFA::Record::decode($bytes);
#   my $hash    = MFA::Record::hash_of($id);       # of a token's 32 bytes
#
# Facts by name as in core/session.h, and "format" and "hash"; decode gives the
# first 12 characters of the hash, a record holds no more.  encode takes facts
# that are wrong, too, as far as there is a way to write them.

use strict;
use warnings;

use Digest::SHA qw(sha256);
use MIME::Base64 qw(decode_base64url encode_base64url);
use Socket qw(AF_INET6 inet_aton inet_ntoa inet_ntop inet_pton);

my @browsers = (undef, 'Edge', 'Opera', 'Samsung Internet', 'Firefox', 'Chrome',
                'Safari');
my @systems  = (undef, 'iPhone', 'iPad', 'Android', 'Windows', 'macOS',
                'ChromeOS', 'Linux');


sub hash_of { return encode_base64url(substr sha256($_[0]), 0, 24) }


sub encode {
    my ($s) = @_;

    my ($kind, $address) = _address($s->{address});
    my $created = $s->{created};

    return pack('CC a9 C/a C/a', $s->{format} // 2,
                $s->{level} | ($s->{later} ? 4 : 0) | $kind << 3,
                decode_base64url(substr $s->{hash}, 0, 12),
                $s->{portal}, $s->{login})
        . _number($s->{generation}) . _number($created)
        . join('', map { _number(_distance($created, $s->{$_})) }
                   qw(expires seen password_at))
        . _number($s->{code_at} ? _distance($created, $s->{code_at}) + 1 : 0)
        . $address . _agent($s->{agent});
}


sub decode {
    my ($bytes) = @_;
    my %s;

    (@s{qw(format bits hash portal login)}, my $rest)
        = unpack 'CC a9 C/a C/a a*', $bytes;
    my $take = sub { my $n = shift;
                     return substr $rest, 0, $n, '' };
    my $number = sub {
        my ($n, $shift) = (0, 0);
        while (1) {
            my $byte = ord $take->(1);
            $n |= ($byte & 0x7f) << $shift;
            $shift += 7;
            return $n if $byte < 0x80;
        }
    };
    my $text = sub { $take->(ord $take->(1)) };

    my $bits = delete $s{bits};
    $s{hash}  = encode_base64url($s{hash});
    $s{level} = $bits & 3;
    $s{later} = $bits >> 2 & 1;
    $s{generation} = $number->();
    my $created = $s{created} = $number->();
    $s{$_} = _time_at($created, $number->()) for qw(expires seen password_at);
    my $code = $number->();
    $s{code_at} = $code ? _time_at($created, $code - 1) : 0;
    my $kind = $bits >> 3;
    $s{address} = $kind == 1 ? inet_ntoa($take->(4))
                : $kind == 2 ? inet_ntop(AF_INET6, $take->(16)) : $text->();
    my $agent = ord $take->(1);
    $s{agent} = $agent ? join ', ', grep { defined } $browsers[$agent >> 4],
                                    $systems[$agent & 15]
                       : $text->();
    die 'more than a record' if length $rest;

    return \%s;
}


sub _number {
    my ($n) = @_;
    my $bytes = '';

    for (; $n > 0x7f; $n >>= 7) {
        $bytes .= chr($n & 0x7f | 0x80);
    }

    return $bytes . chr $n;
}


sub _distance {
    my ($from, $to) = @_;

    return $to < $from ? ($from - $to) * 2 - 1 : ($to - $from) * 2;
}


sub _time_at {
    my ($from, $n) = @_;

    return $n & 1 ? $from - ($n >> 1) - 1 : $from + ($n >> 1);
}


sub _address {
    my ($text) = @_;

    return (1, inet_aton($text)) if $text =~ /^\d+(?:\.\d+){3}$/;
    return (2, inet_pton(AF_INET6, $text)) if $text =~ /:.*:/;
    return (0, pack 'C/a', $text);
}


# Of browser and system by name, as decode gives them; else the text.
sub _agent {
    my ($text) = @_;

    for my $code (1 .. 255) {
        my ($browser, $system) = ($browsers[$code >> 4], $systems[$code & 15]);
        next if $code >> 4 && !$browser || $code & 15 && !$system;
        return chr $code
            if $text eq join ', ', grep { defined } $browser, $system;
    }

    return pack 'C C/a', 0, $text;
}


1;
