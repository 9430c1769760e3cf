# Identity over fastcgi_pass, uwsgi_pass, scgi_pass and grpc_pass: these make
# parameters of header names, in which '-', '_' and case are one, so what passes
# beside the true HTTP_REMOTE_USER in any spelling takes its place (security 75,
# nginx trap 47).  Over http it is 22-gate-identity.t that looks.
#
# Fails when a forged name arrives on a gated location or one with the gate off,
# by any method, and when the true one does not arrive, or twice.

use strict;
use warnings;

use Test::More;

use MFA::Env;
use MFA::Gateway;
use MFA::Nginx;
use MFA::Upstream;

my $env = MFA::Env->start;
my $dir = $env->dir;

my %gateway = map { $_ => MFA::Gateway->start($dir, $_) }
              qw(fastcgi uwsgi scgi);

# HTTP/2 is read by an nginx that takes every name as it comes; it has no gate.
my $upstream = MFA::Upstream->start($dir);
my $site     = 'http://unix:' . $upstream->socket . ':';

my %pass = (
    (map { $_ => "${_}_pass unix:$dir/$_.sock; "
               . "${_}_param REQUEST_METHOD \$request_method; " }
         qw(fastcgi uwsgi scgi)),
    grpc => "grpc_pass grpc://unix:$dir/h2.sock; ",
);

# What a location must say to give an application its REMOTE_USER.
my %user = (
    (map { $_ => "${_}_param REMOTE_USER \$mfa_user; " } qw(fastcgi uwsgi scgi)),
    grpc => 'grpc_set_header X-User $mfa_user; ',
);

# What passes it on unproved.
my %basic = map { $_ => $user{$_} =~ s/\$mfa_user/\$remote_user/r } keys %user;

my $locations = join "\n", map { <<"EOC" } sort keys %pass;
    location /$_/ { $pass{$_} $user{$_} }
    location /$_/off/ { mfa off; $pass{$_} $user{$_} }
    location /$_/prefix/ { mfa_identity_headers X-Auth-; $pass{$_} }
    location /$_/none/ { mfa_identity_headers off; $pass{$_} }
    location /$_/basic/ { $pass{$_} $basic{$_} }
    location /$_/both/ { $pass{$_} $basic{$_} $user{$_} }
    location /$_/both/off/ { mfa off; $pass{$_} $basic{$_} $user{$_} }
    location /$_/toopen/ { error_page 418 = \@$_; return 418; }
    location \@$_ { mfa off; $pass{$_} }
EOC

my $nginx = MFA::Nginx->start($dir, http => $env->conf(user => '') . <<"EOC");
underscores_in_headers on;
ignore_invalid_headers off;

server {
    listen LISTEN;
    mfa user;
$locations
    location / { return 404; }
    location /mfa/ { mfa_pages; }
}

server {
    listen unix:$dir/h2.sock http2;
    location / { proxy_pass $site; proxy_set_header Host x; }
}
EOC

$env->account('user', 'alice', role => 'manager', name => 'Älice "A"');
my $alice = $env->cookie('user', 'alice');

my @forged = map { "$_: forged" }
    map({ my $s = $_; map { "Remote$s$_" }
          qw(User Email Name Role Portal Level) } '-', '_'),
    qw(REMOTE-USER remote_user REMOTE_USER ReMoTe_UsEr rEMOTE-rOLE
       X-Auth-User X_Auth_Role x_AUTH-email);

my @claims = ('Authorization: Basic Zm9yZ2VkOng=');     # forged:x


sub forget {
    $upstream->forget;
    $_->forget for values %gateway;
}


# Names and values as the application has them, as CGI writes names.
sub seen {
    my ($protocol) = @_;

    return $gateway{$protocol}->seen if $gateway{$protocol};

    my ($head) = $upstream->seen =~ /\A([^\n]*\n.*?)\r\n\r\n/s or return;
    my ($first, @lines) = split /\r\n/, $head;

    return 'REQUEST_METHOD=' . $first =~ s/ .*//sr,
        map { my ($name, $value) = split /: ?/, $_, 2;
              'HTTP_' . $name =~ tr/a-z-/A-Z_/r . "=$value" } @lines;
}


sub params {
    my ($prefix, @seen) = @_;

    return join '|', sort grep { /^\Q$prefix\E/ } @seen;
}


my $identity = 'HTTP_REMOTE_EMAIL=alice@example.com|HTTP_REMOTE_LEVEL=password|'
    . 'HTTP_REMOTE_NAME=Älice "A"|HTTP_REMOTE_PORTAL=user|'
    . 'HTTP_REMOTE_ROLE=manager|HTTP_REMOTE_USER=alice';

for my $protocol (sort keys %pass) {
    for my $method (qw(GET HEAD POST OPTIONS PROPFIND)) {
        for my $case ([ "/$protocol/x",        $alice, 'a gated location',
                        $identity ],
                      [ "/$protocol/off/x",    $alice,
                        'a location with the gate off', '' ],
                      [ "/$protocol/off/x",    'a=b',
                        'a location with the gate off, a stranger', '' ],
                      [ "/$protocol/prefix/x", $alice,
                        'a location with a prefix of its own', '' ],
                      [ "/$protocol/none/x",   $alice,
                        'a location without identity headers', '' ])
        {
            my ($path, $cookie, $what, $expected) = @$case;
            my $title = "$protocol, $method, $what";

            forget();
            $nginx->request($method, $path, "Cookie: $cookie",
                            'Content-Length: 0', @forged);
            my @seen = seen($protocol);

            ok(scalar(grep { $_ eq "REQUEST_METHOD=$method" } @seen),
               "$title: it arrives");
            unlike(join("\n", @seen), qr/forged/,
                   "$title: no forged identity with it (security 75)");
            is(params('HTTP_REMOTE_', @seen), $expected,
               "$title: the true one once, or none");
        }
    }

    forget();
    $nginx->get("/$protocol/prefix/x", "Cookie: $alice", @forged);
    is(params('HTTP_X_AUTH_', seen($protocol)),
       $identity =~ s/REMOTE_/X_AUTH_/gr,
       "$protocol: a prefix of its own names them");

    forget();
    $nginx->get("/$protocol/toopen/x", "Cookie: $alice", @forged);
    ok(scalar(() = seen($protocol)), "$protocol: an open named location is reached");
    unlike(join("\n", seen($protocol)), qr/forged|alice/,
           "$protocol: with nobody's identity, forged or true");

    forget();
    is($nginx->get("/$protocol/x", @forged)->{status}, 401,
       "$protocol: a stranger is refused");
    is(scalar(() = seen($protocol)), 0, "$protocol: and does not reach it");

    forget();
    $nginx->get("/$protocol/x", "Cookie: $alice; a=b");
    is(params('HTTP_COOKIE', seen($protocol)), 'HTTP_COOKIE=a=b',
       "$protocol: the session cookie does not arrive (security 46)");

    # REMOTE_USER is no header: only the configuration can fill it.
    my $name = $protocol eq 'grpc' ? 'HTTP_X_USER' : 'REMOTE_USER';

    forget();
    $nginx->get("/$protocol/x", "Cookie: $alice", @forged, @claims);
    is(params($name, seen($protocol)), "$name=alice",
       "$protocol: $name is the account where it is \$mfa_user");

    forget();
    $nginx->get("/$protocol/off/x", "Cookie: $alice", @forged, @claims);
    is(params($name, seen($protocol)) =~ s/^\w+=$//r, '',
       "$protocol: and empty with the gate off");

    forget();
    $nginx->get("/$protocol/basic/x", "Cookie: $alice", @claims);
    is(params($name, seen($protocol)), "$name=forged",
       "$protocol: \$remote_user is what a client claims, as README warns");

    next if $protocol eq 'grpc';

    # As with Debian's fastcgi_params.  PHP and most others keep the last.
    for my $case ([ 'x', 'alice' ], [ 'off/x', '' ]) {
        my ($path, $expected) = @$case;

        forget();
        $nginx->get("/$protocol/both/$path", "Cookie: $alice", @claims);
        is(join('|', grep { /^REMOTE_USER=/ } seen($protocol)),
           "REMOTE_USER=forged|REMOTE_USER=$expected",
           "$protocol: a parameter set twice is sent twice, ours last: $path");
    }
}

is(join("\n", $nginx->stop), '', 'the error log is clean');

done_testing;
