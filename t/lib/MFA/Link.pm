package MFA::Link;

# Tokens of mailed links, put into Redis as the mailer does when it sends one
# (core/mailtoken.c): made a second time here, so that a suite can have one of any
# kind, age and account without a mail server.
#
#   my $token = MFA::Link::mint($stage, 'user', 'alice', 'reset');
#   my $token = MFA::Link::mint(..., expires => time - 1, older => 1);
#
# The account's generation is the one it has, unless told otherwise.

use strict;
use warnings;

use MIME::Base64 qw(encode_base64url);

use MFA::Record;


# purpose    setup, reset, password
# expires, generation, portal, login, address
#            of the record, where they are to be others
# older      another one was sent since: this is not the newest
sub mint {
    my ($stage, $portal, $login, $purpose, %opt) = @_;
    my $id = join '', map { chr int rand 256 } 1 .. 32;
    my $token = encode_base64url($id);
    my $hash = MFA::Record::hash_of($id);

    my $record = join "\t", 2, $hash, $purpose, $opt{portal} // $portal,
        $opt{login} // $login,
        $opt{generation} // $stage->account_get($portal, $login, 'generation'),
        $opt{expires} // time + 3600,
        MFA::Record::hash_of($opt{address}
            // $stage->account_get($portal, $login, 'email') // '');

    $stage->redis('SET', "mfa:{$portal}:pending-token:$hash", $record,
                  'EX', 3600);
    $stage->redis('SET', "mfa:{$portal}:newest-token:$login", $hash,
                  'EX', 3600) unless $opt{older};

    return $token;
}


# Mails that wait for an account, of one kind or of all, oldest first, as hashes.
sub queued {
    my ($stage, $portal, $login, $kind) = @_;

    return grep { $_->{login} eq $login && ($kind // $_->{mail}) eq $_->{mail} }
           map { +{ @{ $_->[1] } } }
           @{ $stage->redis('XRANGE', "mfa:{$portal}:outbox", '-', '+') };
}


# Opens a link's page and fills its form in, as a person does.
sub follow {
    my ($browser, $page, $token, @fields) = @_;

    $browser->get("/mfa/$page?t=$token");
    # The page of a dead link has no form; somebody kept one from before.
    $browser->get('/mfa/login?again=1') if !$browser->csrf;

    return $browser->post("/mfa/$page",
        [csrf => $browser->csrf, t => $token, @fields]);
}


1;
