package MFA::Browser;

# A small browser for journeys: one cookie jar, one address, one last answer.
#
# It does what the journeys look at and nothing else: it keeps cookies by name
# (Max-Age=0 removes one), picks the form token and the page's name out of the
# last answer, and follows nothing by itself.  It speaks HTTP/1.1 over a socket
# of its own, so that a test can come from any loopback address, send what no
# library would send, and have two hundred requests under way at once (send and
# receive are separate).

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;

my $patience = 60;                          # seconds for one answer


# port, address (where it comes from), keep (one connection for all requests),
# agent, headers (sent with each request).
sub new {
    my ($class, %opt) = @_;

    return bless {
        address => '127.0.0.1', headers => {}, cookies => {}, %opt
    }, $class;
}


# Another browser at the same place, with the same cookies.
sub twin {
    my ($self, %opt) = @_;

    return ref($self)->new(
        (map { $_ => $self->{$_} } grep { exists $self->{$_} }
            qw(port address headers agent portal)),
        cookies => { %{ $self->{cookies} } }, %opt);
}


sub escape {
    my ($text) = @_;

    $text =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/ge;

    return $text;
}


# A list, so that a name can come twice.
sub form {
    my (@fields) = @_;
    my @pairs;

    while (my ($name, $value) = splice @fields, 0, 2) {
        push @pairs, escape($name) . '=' . escape($value);
    }

    return join '&', @pairs;
}


sub connection {
    my ($self) = @_;

    if ($self->{keep} && $self->{socket}) {
        return $self->{socket};
    }

    return $self->{socket} = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1', PeerPort => $self->{port},
        LocalAddr => $self->{address}, Proto => 'tcp', Timeout => $patience
    ) || die "no connection to port $self->{port}: $!";
}


sub close {
    my ($self) = @_;

    $self->{socket} = undef;
}


# Sends a request and does not wait.  A header given as undef is left out.
sub send {
    my ($self, $method, $path, %opt) = @_;
    my %headers = (
        'Host'       => "localhost:$self->{port}",
        'Accept'     => 'text/html',
        'Connection' => $self->{keep} ? 'keep-alive' : 'close',
        defined $self->{agent} ? ('User-Agent' => $self->{agent}) : (),
        %{ $self->{headers} },
        %{ $opt{headers} || {} },
    );

    if (!exists $headers{Cookie} && %{ $self->{cookies} }) {
        $headers{Cookie} = join '; ',
            map { "$_=$self->{cookies}{$_}" } sort keys %{ $self->{cookies} };
    }

    my $body = $opt{body};

    if (defined $body) {
        $headers{'Content-Type'} = 'application/x-www-form-urlencoded'
            unless exists $headers{'Content-Type'};
        $headers{'Content-Length'} = length $body
            unless exists $headers{'Content-Length'};
    }

    my $text = "$method $path HTTP/1.1\r\n"
        . join('', map { "$_: $headers{$_}\r\n" }
                   grep { defined $headers{$_} } sort keys %headers)
        . "\r\n" . (defined $body ? $body : '');

    $self->{method} = $method;
    local $SIG{PIPE} = 'IGNORE';
    my $socket = $self->connection;

    while (length $text) {
        my $n = syswrite $socket, $text;
        last unless defined $n;
        substr $text, 0, $n, '';
    }

    return $self;
}


sub more {
    my ($self, $text) = @_;

    IO::Select->new($self->{socket})->can_read($patience)
        or die "no answer within $patience seconds\n";
    my $n = sysread $self->{socket}, $$text, 65536, length $$text;

    return $n;
}


# Waits for the answer to what was sent.
sub receive {
    my ($self) = @_;
    my $text = '';

    while ($text !~ /\r\n\r\n/) {
        $self->more(\$text) or last;
    }

    my ($head, $body) = split /\r\n\r\n/, $text, 2;
    $head = '' unless defined $head;
    $body = '' unless defined $body;

    my ($line, @lines) = split /\r\n/, $head;
    my @headers = map { [split /:\s*/, $_, 2] } @lines;
    my ($status) = ($line || '') =~ m{^HTTP/1\.1 (\d+)};
    my $answer = MFA::Browser::Answer->new($status || 0, \@headers);

    my $length = $answer->header('Content-Length');

    if ($self->{method} eq 'HEAD' || $answer->status == 304) {
        $body = '';

    } elsif (defined $length) {
        while (length $body < $length) {
            $self->more(\$body) or last;
        }

    } elsif (($answer->header('Transfer-Encoding') || '') eq 'chunked') {
        until ($body =~ /(?:^|\r\n)0\r\n\r\n\z/) {
            $self->more(\$body) or last;
        }

        my $plain = '';

        while ($body =~ s/^([0-9a-fA-F]+)\r\n// && hex $1) {
            $plain .= substr $body, 0, hex $1, '';
            $body =~ s/^\r\n//;
        }

        $body = $plain;

    } else {
        1 while $self->more(\$body);
    }

    $answer->{body} = $body;

    if (!$self->{keep}
        || ($answer->header('Connection') || '') eq 'close')
    {
        $self->close;
    }

    $self->remember($_) for $answer->headers('Set-Cookie');

    return $self->{answer} = $answer;
}


sub remember {
    my ($self, $line) = @_;
    my ($name, $value) = $line =~ /^([^=]+)=([^;]*)/ or return;

    if ($line =~ /;\s*Max-Age=0\b/i) {
        delete $self->{cookies}{$name};

    } else {
        $self->{cookies}{$name} = $value;
    }
}


sub request {
    my ($self, $method, $path, %opt) = @_;

    return $self->send($method, $path, %opt)->receive;
}


sub get {
    my ($self, $path, %headers) = @_;

    return $self->request('GET', $path, headers => \%headers);
}


# Posts fields as they are.
sub post {
    my ($self, $path, $fields, %headers) = @_;

    return $self->request('POST', $path, headers => \%headers,
                          body => ref $fields ? form(@$fields) : $fields);
}


# Fetches a page for its token, then posts fields with it, as a person does.
sub submit {
    my ($self, $from, $path, @fields) = @_;

    $self->get($from);

    return $self->post($path, [csrf => $self->csrf, @fields]);
}


sub csrf {
    my ($self) = @_;

    return $self->{answer} ? $self->{answer}->csrf : '';
}


sub answer { return $_[0]{answer} }


# Reads a cookie, or sets one.
sub cookie {
    my ($self, $name, $value) = @_;

    $self->{cookies}{$name} = $value if @_ > 2;

    return $self->{cookies}{$name};
}


sub forget {
    my ($self, $name) = @_;

    delete $self->{cookies}{$name};
}


# All at once: requests are [browser, method, path, options...]; the answers in
# their order.
sub together {
    my (@requests) = @_;

    for my $r (@requests) {
        my ($browser, @request) = @$r;
        $browser->send(@request);
    }

    return map { $_->[0]->receive } @requests;
}


package MFA::Browser::Answer;

sub new {
    my ($class, $status, $headers) = @_;

    return bless { status => $status, headers => $headers, body => '' },
        $class;
}


sub status { return $_[0]{status} }
sub body   { return $_[0]{body} }


sub headers {
    my ($self, $name) = @_;

    return map { $_->[1] } grep { lc $_->[0] eq lc $name } @{ $self->{headers} };
}


sub header {
    my ($self, $name) = @_;
    my ($value) = $self->headers($name);

    return $value;
}


sub location { return $_[0]->header('Location') }


sub first {
    my ($self, $pattern) = @_;
    my ($value) = $self->{body} =~ $pattern;

    return defined $value ? unescape($value) : '';
}


sub unescape {
    my ($text) = @_;

    $text =~ s/&lt;/</g;
    $text =~ s/&gt;/>/g;
    $text =~ s/&quot;/"/g;
    $text =~ s/&#(\d+);/chr $1/ge;
    $text =~ s/&amp;/&/g;

    return $text;
}


# What the page says about itself.
sub page    { return $_[0]->first(qr/<body data-mfa-page="([^"]*)"/) }
sub error   { return $_[0]->first(qr/data-mfa-error="([^"]*)"/) }
sub csrf    { return $_[0]->first(qr/name="csrf" value="([^"]*)"/) }
sub days    { return $_[0]->first(qr/data-mfa-days="([^"]*)"/) }
sub hours   { return $_[0]->first(qr/data-mfa-hours="([^"]*)"/) }
sub otpauth { return $_[0]->first(qr/href="(otpauth:[^"]*)"/) }


# The key as shown, without the blanks between its groups.
sub key {
    my ($self) = @_;
    my $key = $self->first(qr/<code data-mfa-key>([^<]*)</);

    $key =~ s/\s//g;

    return $key;
}


# "200 portal", "303 /mfa/code", "401 login credentials": in one word what
# happened.
sub story {
    my ($self) = @_;

    return join ' ', grep { defined && length } $self->{status},
        $self->location, $self->page, $self->error;
}


# All of it but what differs between two equal answers: the time, and which
# worker gave it.
sub bytes {
    my ($self) = @_;

    return join "\n", $self->{status},
        (map { "$_->[0]: $_->[1]" } grep { $_->[0] !~ /^(?:Date|X-Worker)$/i }
            @{ $self->{headers} }),
        '', $self->{body};
}


1;
