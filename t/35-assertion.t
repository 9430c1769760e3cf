# $mfa_assertion (feature 100-10): what an application behind the gate can verify
# without trusting the network in between.  It is verified here by two programs
# that are not ours, Crypt::JWT and openssl.
#
# Fails when an assertion does not verify, lives longer than a minute, names
# somebody else or another host than the configured one (security 55), comes
# without an allowing verdict (56), differs within a request (nginx trap 44), when
# a key file others can read is taken (99), or when a key shows in any output.

use strict;
use warnings;

# A clock that Crypt::JWT believes.
my $ahead;
BEGIN { $ahead = 0; *CORE::GLOBAL::time = sub () { CORE::time() + $ahead }; }

use Test::More;

use Crypt::JWT qw(decode_jwt);
use Crypt::PK::ECC;
use Digest::SHA qw(sha256);
use MIME::Base64 qw(decode_base64url encode_base64 encode_base64url);

use MFA::Env;
use MFA::Judge;
use MFA::Nginx;
use MFA::Upstream;

my $env      = MFA::Env->start;
my $dir      = $env->dir;
my $upstream = MFA::Upstream->start($dir);
my $site     = 'http://unix:' . $upstream->socket . ':';

sub openssl {
    my (@words) = @_;

    open my $pipe, '-|', 'openssl', @words or die "openssl: $!";
    local $/;
    my $said = <$pipe>;
    close $pipe;

    return ($? == 0, $said);
}


sub new_key {
    my ($name) = @_;

    my ($ok, $pem) = openssl(qw(genpkey -algorithm EC -pkeyopt
                                ec_paramgen_curve:P-256));
    $ok or die 'openssl makes no key';
    $env->file("$name.pem", $pem, 0600);
    openssl('pkey', '-in', "$dir/$name.pem", '-pubout', '-out',
            "$dir/$name.pub");

    return Crypt::PK::ECC->new("$dir/$name.pub");
}


my $secret = join '', map { chr 160 + $_ } 0 .. 39;
my %key = (
    ES256 => new_key('ec'),
    HS256 => $secret,
);
my %file = (
    ES256 => "$dir/ec.pem",
    HS256 => $env->file('hs.key', encode_base64($secret, '') . "\n", 0640),
);
my $other = new_key('other');

# RFC 7638.
my %kid = (
    ES256 => $key{ES256}->export_key_jwk_thumbprint('SHA256'),
    HS256 => encode_base64url(sha256('{"k":"' . encode_base64url($secret)
                                     . '","kty":"oct"}')),
);

my $servers = <<'EOC';
mfa_assertion_key KEYFILE;
map $mfa_assertion $has_one { default yes; "" no; }

server {
    listen LISTEN;
    server_name portal.example.com alias.example.com;
    mfa user;
    proxy_set_header X-Assertion $mfa_assertion;
    proxy_set_header X-Again "$mfa_assertion $mfa_assertion $has_one";
    add_header X-Out "$mfa_assertion" always;
    ssi_types text/plain;

    location / { proxy_pass SITE; }
    location /off/ { mfa off; proxy_pass SITE; }
    location /mfa/ { mfa_pages; }
    location /early/ {
        set $early "[$mfa_assertion]";
        add_header X-Early $early;
        add_header X-Late $mfa_assertion;
        proxy_pass SITE;
    }
    location /password/ { mfa user require=password; proxy_pass SITE; }
    location /fresh/ { mfa user fresh=5m; proxy_pass SITE; }
    location /toopen/ { error_page 404 = @open; proxy_intercept_errors on; proxy_pass SITE; }
    location @open { mfa off; rewrite ^ /open? break; proxy_pass SITE; }
    location /admin/ { mfa admin; proxy_pass SITE; }
    location /adm/ { mfa admin; mfa_pages; }
    location /auth/ { mfa off; auth_request /inner/; proxy_pass SITE; }
    location /inner/ { proxy_pass SITE; }
    location /ssi/ { ssi on; proxy_pass SITE; }
    location /openssi/ { mfa off; ssi on; proxy_pass SITE; }
    location /sliced/ {
        slice 1k;
        proxy_set_header Range $slice_range;
        proxy_set_header X-Assertion $mfa_assertion;
        proxy_pass SITE;
    }
}

server {
    listen unix:DIR/second.sock;
    server_name _;
    mfa user;
    proxy_set_header X-Assertion $mfa_assertion;
    location / { proxy_pass SITE; }
    location /mfa/ { mfa_pages; }
}

server {
    listen unix:DIR/second.sock;
    server_name other.example.com;
    mfa user;
    proxy_set_header X-Assertion $mfa_assertion;
    location / { proxy_pass SITE; }
    location /mfa/ { mfa_pages; }
}
EOC

$servers =~ s/\bSITE\b/$site/g;
$servers =~ s/\bDIR\b/$dir/g;

$env->account('user', 'alice', role => 'manager');
$env->account('user', 'bob', MFA::Env::factor(role => ''));
$env->account('admin', 'root', MFA::Env::factor(role => 'administrator'));
$env->account('user', 'new', required => 1, deadline => 0);

my $now   = CORE::time();
my $alice = $env->cookie('user', 'alice');
my $bob   = $env->cookie('user', 'bob', level => 2, code_at => $now - 1000);
my $half  = $env->cookie('user', 'bob', level => 1);
my $new   = $env->cookie('user', 'new');
my $root  = $env->cookie('admin', 'root', level => 2);
my ($nginx, $alg);


# The values a header had in what the site was sent.
sub sent {
    my ($name) = @_;

    return $upstream->seen =~ /^\Q$name\E: ([^\r\n]*)/mg;
}


# The assertion that comes to the site with a request.
sub assertion {
    my ($path, @headers) = @_;

    $upstream->forget;
    $nginx->get($path, @headers);
    my @got = sent('X-Assertion');

    return @got == 1 ? $got[0] : '';
}


# The claims of an assertion that holds, and its header; or nothing.
sub verified {
    my ($jwt, $key, @more) = @_;

    # The very type of key: an algorithm is never taken from the assertion.  A
    # second of leeway, as our time() is the kernel's of its last tick and may be
    # behind that of nginx.
    my ($header, $claims) = eval {
        decode_jwt(token => $jwt, key => $key // $key{$alg},
            accepted_alg => $alg, decode_header => 1, verify_exp => 1,
            verify_iat => 1, leeway => 1, verify_aud => 'portal.example.com',
            verify_iss => 'Example "A" \\ B', @more);
    };

    return ($claims, $header);
}


# openssl knows ECDSA signatures in DER only.
sub der {
    my ($raw) = @_;

    my $both = join '', map {
        my $n = $_ =~ s/\A\0+(?=.)//sr;
        $n = "\0$n" if ord($n) & 0x80;
        "\x02" . chr(length $n) . $n;
    } substr($raw, 0, 32), substr $raw, 32;

    return "\x30" . chr(length $both) . $both;
}


sub openssl_verifies {
    my ($jwt, $name) = @_;

    my ($text, $signature) = $jwt =~ /\A(.*)\.(.*)\z/s;

    $env->file('signed', $text);
    $env->file('signature', der(decode_base64url($signature)));

    return (openssl('dgst', '-sha256', '-verify', "$dir/$name.pub",
                    '-signature', "$dir/signature", "$dir/signed"))[0];
}


for (sort keys %file) {
    $alg = $_;
    $nginx = MFA::Nginx->start($dir, http =>
        $env->conf(user  => 'issuer "Example \\"A\\" \\\\ B";',
                   admin => 'require all; pages /adm/;')
        . $servers =~ s/\bKEYFILE\b/$file{$alg}/r);

    my $jwt = assertion('/x', "Cookie: $bob");
    my ($claims, $header) = verified($jwt);

    is_deeply($header, { alg => $alg, typ => 'JWT', kid => $kid{$alg} },
              "$alg: the header names algorithm and key (RFC 7638)");
    like($claims->{jti}, qr/\A[\w-]{22}\z/, "$alg: it has a number of its own");
    cmp_ok(abs($claims->{iat} - CORE::time()), '<=', 5, "$alg: it is of now");
    is_deeply({ %$claims, jti => '', iat => 0 },
              { iss => 'Example "A" \\ B', aud => 'portal.example.com',
                sub => 'bob', portal => 'user', role => '', level => 'mfa',
                iat => 0, jti => '', exp => $claims->{iat} + 60 },
              "$alg: an assertion verifies and states who, where and how "
              . '(feature 100-10)');

    my ($second) = verified(assertion('/x', "Cookie: $alice"));
    is("@{$second}{qw(sub role level)}", 'alice manager password',
       "$alg: another session is stated as it is");
    isnt($second->{jti}, $claims->{jti}, "$alg: no two have one number");

    is(verified($jwt, $alg eq 'ES256' ? $other : 'x' x 40), undef,
       "$alg: it does not verify with another key");

    my $good = 0;
    my @parts = split /\./, $jwt;

    for my $part (0 .. 2) {
        for my $at (0, 5, length($parts[$part]) - 3) {
            my @forged = @parts;
            my $c = substr $forged[$part], $at, 1;

            substr($forged[$part], $at, 1) = $c eq 'A' ? 'B' : 'A';
            $good += defined verified(join '.', @forged);
        }
    }

    is($good, 0, "$alg: with any character changed it does not verify");
    is(verified("$parts[0].$parts[1]."), undef,
       "$alg: without its signature it does not verify");

    $ahead = 58;
    ok(verified($jwt), "$alg: it lives for most of a minute");
    $ahead = 62;
    is(verified($jwt), undef, "$alg: after a minute it is over");
    $ahead = 0;

    if ($alg eq 'ES256') {
        ok(openssl_verifies($jwt, 'ec'), 'openssl verifies it');
        ok(!openssl_verifies($jwt, 'other'), 'openssl does not with another key');
        ok(!openssl_verifies($jwt =~ s/\A./f/r, 'ec'),
           'openssl does not when it is changed');

        my ($recipe) = MFA::Nginx::read_file("$MFA::Env::ROOT/docs/assertion.md")
            =~ /^```sh\n(.*?)^```/ms;
        $env->file('verify.sh', $recipe);

        for my $case ([ 'ec', $jwt, 'Verified OK' ],
                      [ 'other', $jwt, 'Verification [Ff]ailure' ],
                      [ 'ec', $jwt =~ s/\A./f/r, 'Verification [Ff]ailure' ])
        {
            my ($name, $shown, $expected) = @$case;

            like(`sh $dir/verify.sh '$shown' $dir/$name.pub 2>&1`, qr/$expected/,
                 "the recipe in docs/assertion.md says: $expected");
        }

        # One integer of r and s in 128 begins with a zero byte.
        my @bad = grep { !verified(assertion('/x', "Cookie: $bob")) } 1 .. 300;
        is(scalar @bad, 0, '300 assertions verify, short integers among them');
    }

    # --- the same bytes ---

    $upstream->forget;
    my $answer = $nginx->get('/x', "Cookie: $bob");
    my ($once) = sent('X-Assertion');

    is(join('|', sent('X-Again')), "$once $once yes",
       "$alg: in a request it is the same each time (nginx trap 44)");
    is($nginx->header($answer, 'X-Out'), $once,
       "$alg: also where the answer goes out");

    $upstream->forget;
    $nginx->get('/sliced/x?head=Content-Range:%20bytes%200-1023/2048'
                . '&status=206&body=' . 'x' x 1024, "Cookie: $bob");
    my @slices = sent('X-Assertion');
    is(scalar @slices, 2, "$alg: the site is asked for two slices");
    ok(verified($slices[0]), "$alg: with an assertion");
    is($slices[1], $slices[0], "$alg: the same for what is asked behind the gate");

    # --- the audience ---

    for my $host ('evil.example.com', 'alias.example.com',
              'PORTAL.example.com:8443') {
        $upstream->forget;
        $nginx->send("GET /x HTTP/1.1\r\nHost: $host\r\nCookie: $bob\r\n"
                     . "X-Forwarded-Host: evil\r\nConnection: close\r\n\r\n");
        ok(verified((sent('X-Assertion'))[0] // ''),
           "$alg: the audience is the configured name, whatever the Host "
           . "(security 55): '$host'");
    }

    for my $case ([ 'other.example.com', 'other.example.com' ],
                  [ 'nobody.example.com', undef ])
    {
        my ($host, $expected) = @$case;

        $upstream->forget;
        MFA::Nginx::send({ socket => "$dir/second.sock" },
            "GET /x HTTP/1.0\r\nHost: $host\r\nCookie: $bob\r\n\r\n");
        my ($got) = sent('X-Assertion');
        is(!!$upstream->seen, 1, "$alg: $host is served");
        is($got && verified($got, undef, verify_aud => $expected)
           ? $expected : undef, $expected,
           "$alg: a server states its own name, one without a name none: $host");
    }

    # --- where there is none ---

    for my $case ([ '/x',         '',     401, 'a stranger' ],
                  [ '/x',         $half,  401, 'a half-login' ],
                  [ '/fresh/x',   $bob,   401, 'a code that is too old' ],
                  [ '/x',         $new,   401, 'an account that must enrol' ],
                  [ '/x',         $root,  401, 'a session of another portal' ],
                  [ '/mfa/security', $bob,   200, 'a page of the portal' ],
                  [ '/off/x',     $bob,   200, 'an open location' ])
    {
        my ($path, $cookie, $status, $what) = @$case;

        $upstream->forget;
        my $refused = $nginx->get($path, "Cookie: $cookie");
        is($refused->{status}, $status, "$alg: the answer to $what");
        is($nginx->header($refused, 'X-Out') . join('', sent('X-Assertion')), '',
           "$alg: $what gets no assertion (security 56)");
    }

    is(assertion('/off/x', "Cookie: $bob", 'X-Assertion: forged'), '',
       "$alg: where it is empty a forged one does not pass");

    $answer = $nginx->get('/early/', "Cookie: $bob");
    is($nginx->header($answer, 'X-Early'), '[]',
       "$alg: before the gate there is none");
    ok(verified($nginx->header($answer, 'X-Late')),
       "$alg: and that does not freeze it");

    ok(verified(assertion('/password/x', "Cookie: $half")),
       "$alg: what a location asks for is enough for its assertion");

    # The site is asked twice: by a location with and by one without.
    for my $case ([ '/toopen/?status=404', 'an open location after a gated one' ],
                  [ '/auth/x', 'an open page behind a gated auth_request' ],
                  [ '/openssi/?body=<!--%23include%20virtual="/inner/x"-->',
                    'an open page with a gated fragment' ],
                  [ '/ssi/?body=<!--%23include%20virtual="/off/x"-->',
                    'an open fragment of a gated page' ])
    {
        my ($path, $what) = @$case;

        $upstream->forget;
        $nginx->get($path =~ s/"/%22/gr, "Cookie: $bob");
        my @seen = split /(?=^GET )/m, $upstream->seen;
        is(scalar @seen, 2, "$alg: $what: both were asked");
        is(join(' ', sort map { /^X-Assertion: (\S+)/m && verified($1)
                                ? 'one' : 'none' } @seen),
           'none one', "$alg: $what has none of the other");
    }

    # --- two portals in one request ---

    $upstream->forget;
    $nginx->get('/x?head=X-Accel-Redirect:%20/admin/x&status=200',
                "Cookie: $bob; $root");
    my @both = map { verified($_, undef, verify_iss => qr/./) }
               sent('X-Assertion');
    is(join(' ', map { "$_->{portal}/$_->{sub}" } grep { $_->{portal} } @both),
       'user/bob admin/root',
       "$alg: a redirect into another portal's location states its account");

    # --- what an account may be called ---

    for my $role ('a"b', 'a\\', '","sub":"root', "\xc3\x84 \xf0\x9f\x98\x80") {
        $env->account('user', 'odd', role => $role);
        my ($odd) = verified(assertion('/x', 'Cookie: '
                                       . $env->cookie('user', 'odd')));
        utf8::encode(my $got = $odd->{role});
        is("$odd->{sub}|$got", "odd|$role",
           "$alg: a role with quotes stays in its place (security 52): $role");
    }

    for my $role ("a\nb", "a\0b", "\xff") {
        $env->account('user', 'odd', role => $role);
        my ($odd) = verified(assertion('/x', 'Cookie: '
                                       . $env->cookie('user', 'odd')));
        is("$odd->{sub}|$odd->{role}", 'odd|',
           "$alg: a role written past the module is none");
    }

    is(join("\n", $nginx->stop), '', "$alg: the error log is clean");
    unlike($nginx->log, qr/\Q$parts[1]\E|\Q$parts[2]\E/,
           "$alg: no log holds an assertion (security 144)");
}


# --- another key ---

my $changing = $env->file('now.pem', MFA::Nginx::read_file("$dir/ec.pem"),
                          0600);
$alg   = 'ES256';
$nginx = MFA::Nginx->start($dir, workers => 2, http =>
    $env->conf(user => 'issuer "Example \\"A\\" \\\\ B";',
               admin => 'require all; pages /adm/;')
    . $servers =~ s/\bKEYFILE\b/$changing/r);

ok(verified(assertion('/x', "Cookie: $bob")), 'before a reload: the old key');
$env->file('now.pem', MFA::Nginx::read_file("$dir/other.pem"), 0600);
ok(verified(assertion('/x', "Cookie: $bob")),
   'a file that changes is not looked at before it');
kill HUP => $nginx->pid;

my $fresh;

for (1 .. 100) {
    $fresh = assertion('/x', "Cookie: $bob");
    last if verified($fresh, $other);
    select undef, undef, undef, 0.1;
}

my (undef, $renamed) = verified($fresh, $other);
is($renamed->{kid}, $other->export_key_jwk_thumbprint('SHA256'),
   'after a reload: the new key, under its own name');
is(verified($fresh), undef, 'which the old one does not verify');
is(join("\n", $nginx->stop), '', 'the error log is clean');


# --- key files ---

my $judge = MFA::Judge->new($env);
my $canary = substr MFA::Nginx::read_file("$dir/ec.pem"), 40, 40;
my $hs_text = encode_base64($secret, '');

sub key_file {
    my ($text, $mode) = @_;

    return 'mfa_assertion_key '
        . $env->file('some.key', $text, $mode // 0600) . ';';
}


my $uses = join "\n", 'server_name portal.example.com;', 'mfa user;',
    'location / { proxy_pass http://127.0.0.1:9;',
    'proxy_set_header X-A $mfa_assertion; }', 'location /mfa/ { mfa_pages; }';

$judge->accepted('a P-256 key', server => $uses,
                 http => key_file(MFA::Nginx::read_file("$dir/ec.pem")));
$judge->accepted('a key as openssl ecparam writes it', http => key_file(
    (openssl(qw(ecparam -name prime256v1 -genkey)))[1]));
$judge->accepted('a secret of 32 bytes', server => $uses,
                 http => key_file(encode_base64('x' x 32, '')));
$judge->accepted('a key for its group', http => key_file($hs_text, 0640));
$judge->accepted('a key and no use of the variable',
                 http => key_file($hs_text));

my %bad = (
    'an empty file'           => [ '', 'shorter than 32' ],
    'a word'                  => [ "secret\n", 'neither a private key' ],
    'a secret of 31 bytes'    => [ encode_base64('x' x 31, ''), 'shorter than 32' ],
    'a secret of 257 bytes'   => [ encode_base64('x' x 257, ''), '32 to 256 bytes' ],
    'two lines'               => [ "$hs_text\n$hs_text\n", 'neither a private' ],
    'a public key'            => [ MFA::Nginx::read_file("$dir/ec.pub"),
                                   'no private key in PEM' ],
    'a P-384 key'             => [ (openssl(qw(ecparam -name secp384r1 -genkey
                                               -noout)))[1], 'not one on P-256' ],
    'a secp256k1 key'         => [ (openssl(qw(ecparam -name secp256k1 -genkey
                                               -noout)))[1], 'not one on P-256' ],
    'an Ed25519 key'          => [ (openssl(qw(genpkey -algorithm ed25519)))[1],
                                   'not one on P-256' ],
    'an RSA key'              => [ (openssl(qw(genrsa 2048)))[1],
                                   'not one on P-256' ],
    'a key with a passphrase' => [ (openssl('pkcs8', '-topk8', '-in',
                                   "$dir/ec.pem", '-passout', 'pass:x'))[1],
                                   'with a passphrase' ],
);

for my $what (sort keys %bad) {
    my ($text, $message) = @{ $bad{$what} };

    $judge->refused("$what as key", "mfa_assertion_key: [^\\n]*$message",
                    http => key_file($text) . ' # HERE');
}

for my $mode (0644, 0604, 0602, 0601, 0620, 0660) {
    my $octal = sprintf '%04o', $mode;

    $judge->refused("a key of mode $octal (security 99)",
                    "some.key\" is open to others \\(mode $octal\\)",
                    http => key_file($hs_text, $mode) . ' # HERE');
}

$judge->refused('a key that is not there', 'cannot open "\S+/none"',
                http => "mfa_assertion_key $dir/none; # HERE");
$judge->refused('a folder as key', 'is not a file',
                http => "mfa_assertion_key $dir; # HERE");
$judge->refused('a key twice', '"mfa_assertion_key" directive is duplicate',
                http => key_file($hs_text) . "\n" . key_file($hs_text)
                        . ' # HERE');
$judge->refused('a key in a server', '"mfa_assertion_key" directive is not '
                . 'allowed here', server => key_file($hs_text) . ' # HERE');
$judge->refused('mfa_assertion_key without a file',
                'invalid number of arguments in "mfa_assertion_key"',
                http => 'mfa_assertion_key; # HERE');

my ($status, $said) = MFA::Nginx::judge($dir,
    $judge->configuration(server => $uses));
isnt($status, 0, 'the variable without a key is refused');
like($said, qr/\[emerg\].*"mfa_assertion_key" is missing/,
     'the message says what is missing');

my $unnamed = $uses =~ s/server_name.*\n//r;
($status, $said) = MFA::Nginx::judge($dir, $judge->configuration(
    server => $unnamed, http => key_file($hs_text)));
is($status, 0, 'a server without a name is taken');
like($said, qr/\[warn\].*"server_name".* in \Q$dir\E\/judge\.conf:\d+$/m,
     'with a warning that it has no audience');

# --- what shows ---

($status, $said) = MFA::Nginx::judge($dir, $judge->configuration(
    server => $uses, http => "mfa_assertion_key $dir/ec.pem;"), '-T');
is($status, 0, 'nginx -T prints the configuration');
unlike($said, qr/\Q$canary\E|\Q$hs_text\E/, 'and no key (security 99)');

my $mfactl = ($ENV{MFA_BUILD} || "$MFA::Env::ROOT/build") . '/mfactl';
my $conf = $env->file('mfa.conf', $env->conf(user => '')
                      . "mfa_assertion_key $dir/ec.pem;\n");
is(system("$mfactl -c $conf account list user > $dir/mfactl.out 2>&1"), 0,
   'mfactl reads a configuration with a key')
    or diag MFA::Nginx::read_file("$dir/mfactl.out");

done_testing;
