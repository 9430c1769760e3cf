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
# first 8 characters of the hash, a record holds no more.  encode takes facts
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

    my @numbers = ($s->{generation}, $created,
                   map { $_ - $created } @$s{qw(expires seen password_at)});
    push @numbers, $s->{code_at} ? $s->{code_at} - $created : 0;
    my @bytes = map { _bytes(abs) } @numbers;
    my @sizes = map { length($bytes[$_]) | ($numbers[$_] < 0 ? 8 : 0) } 0 .. 5;

    return pack('CC a6 a* C/a C3', ($s->{format} // 2) << 5
                | length($s->{portal}) - 1 & 31,
                $s->{level} | ($s->{later} ? 4 : 0) | $kind << 3
                | ($s->{code_at} ? 32 : 0),
                decode_base64url(substr $s->{hash}, 0, 8),
                $s->{portal}, $s->{login},
                map { $sizes[2 * $_] | $sizes[2 * $_ + 1] << 4 } 0 .. 2)
        . join('', @bytes) . $address . _agent($s->{agent});
}


sub decode {
    my ($bytes) = @_;
    my %s;

    my ($first, $bits, $hash, $rest) = unpack 'CC a6 a*', $bytes;
    my $take = sub { substr $rest, 0, $_[0], '' };
    my $text = sub { $take->(ord $take->(1)) };

    $s{format} = $first >> 5;
    $s{hash}   = encode_base64url($hash);
    $s{level}  = $bits & 3;
    $s{later}  = $bits >> 2 & 1;
    $s{portal} = $take->(($first & 31) + 1);
    $s{login}  = $text->();
    my @sizes = map { ($_ & 15, $_ >> 4) } unpack 'C3', $take->(3);
    my @numbers = map {
        my $n = unpack 'Q<', $take->($_ & 7) . "\0" x 8;
        $_ & 8 ? -$n : $n
    } @sizes;
    @s{qw(generation created)} = splice @numbers, 0, 2;
    $s{$_} = $s{created} + shift @numbers for qw(expires seen password_at);
    $s{code_at} = $bits & 32 ? $s{created} + shift @numbers : 0;
    my $kind = $bits >> 3 & 3;
    $s{address} = $kind == 1 ? inet_ntoa($take->(4))
                : $kind == 2 ? inet_ntop(AF_INET6, $take->(16)) : $text->();
    my $agent = ord $take->(1);
    $s{agent} = $agent ? join ', ', grep { defined } $browsers[$agent >> 4],
                                    $systems[$agent & 15]
                       : $text->();
    die 'more than a record' if length $rest;

    return \%s;
}


sub _bytes { return pack('Q<', $_[0]) =~ s/\0+\z//r }


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
