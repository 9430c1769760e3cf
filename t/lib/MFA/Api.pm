package MFA::Api;

# A client of the console's JSON API: a browser with a session, or a token, that
# sends JSON and reads it.  What it has sent and got is kept, for a test that
# compares it with docs/openapi.yaml.
#
#   my $api = MFA::Api->new($browser);              # asks for the form token
#   my $api = MFA::Api->new($browser, token => $t); # by a token alone
#   my $answer = $api->call(POST => 'tokens', { name => 'x', role => 'manager' });
#   my $answer = $api->call(GET => 'home', undef, 'If-Match' => '"1"');
#   MFA::Api::told($answer);                        # "403 forbidden", "200"
#   MFA::Api::json($answer);                        # decoded, {} when it is none
#   my @complaints = MFA::Api::complaints();        # against the document

use strict;
use warnings;

use IPC::Open2 qw(open2);
use JSON::PP ();

use MFA::Env;

our $base = '/mfa/console/api/v1/';

my $coder = JSON::PP->new->utf8->allow_nonref->canonical;
my @exchanges;


sub new {
    my ($class, $browser, %opt) = @_;
    my $self = bless { browser => $browser, %opt }, $class;

    $self->{csrf} = json($self->call(GET => 'me'))->{csrf}
        unless defined $opt{token};

    return $self;
}


# A body is a structure, or text that is sent as it is.  A header given as undef
# is left out.
sub call {
    my ($self, $method, $path, $body, %headers) = @_;
    my $text = ref $body ? $coder->encode($body) : $body;
    my %all = (
        Accept => 'application/json',
        defined $text ? ('Content-Type' => 'application/json') : (),
        defined $self->{token}
            ? (Authorization => "Bearer $self->{token}") : (),
        defined $self->{csrf} && $method ne 'GET' && $method ne 'HEAD'
            ? ('X-CSRF-Token' => $self->{csrf}) : (),
        %headers,
    );
    my $answer = $self->{browser}->request($method, "$base$path",
        headers => \%all, defined $text ? (body => $text) : ());

    push @exchanges, {
        method => $method, path => "/$path", status => $answer->status,
        sent => ref $body ? $body : undef,
        headers => { map { (lc $_->[0] => $_->[1]) } @{ $answer->{headers} } },
        body => $answer->body,
    };

    return $answer;
}


sub json {
    my ($answer) = @_;
    my $json = eval { $coder->decode($answer->body) };

    return ref $json eq 'HASH' ? $json : {};
}


sub told {
    my ($answer) = @_;

    return join ' ', $answer->status, grep { defined } json($answer)->{code};
}


sub exchanges { return @exchanges }


# The document's side: t/lib/openapi-check.
sub document {
    my ($what, @lines) = @_;
    my $pid = open2(my $out, my $in, 'python3',
                    "$MFA::Env::ROOT/t/lib/openapi-check",
                    "$MFA::Env::ROOT/docs/openapi.yaml", $what);

    # Read in one piece when all of it is there: it answers at the end.
    print $in map { $coder->encode($_) . "\n" } @lines;
    close $in;
    my @said = <$out>;
    waitpid $pid, 0;
    die "openapi-check $what failed\n" if $?;
    chomp @said;

    return @said;
}


sub complaints { return document('check', @exchanges) }


1;
