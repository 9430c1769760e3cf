#!/usr/bin/perl

# The password step, in front of a real nginx and a real Redis: who gets in, who
# does not and learns nothing from it, what a form may look like, what a session
# cookie is and is not.  Attempts and their limits are in 30-login-limits.t.
#
# When this fails, somebody gets in who must not, a stranger can tell which
# accounts exist, another site can log a visitor in, or a cookie planted before
# the login is worth something after it.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use IO::Select;
use Test::More;

use MFA::Journey;
use MFA::Worker;

my $password = MFA::Journey->password;
my $stage = MFA::Journey->new(
    workers => 2,
    portals => {
        user => 'issuer "Example";
                 limit password=1000/15m code=1000/15m address=10000/10m;',
    });

my $cookie = 'mfa_user';

$stage->account('user', 'alice');
my $key = $stage->enrolled('user', 'bobby');
$stage->account('user', 'carol', options => ['--require-mfa']);
$stage->account('user', 'dizzy');
$stage->admin('account', 'disable', 'user', 'dizzy');
$stage->account('user', 'lapse', options => ['--require-mfa']);
$stage->account_set('user', 'lapse', deadline => time - 60);


sub is_in {
    my ($browser, $login, $level, $title) = @_;
    my $answer = $browser->get('/app');

    ok($answer->status == 200
       && $answer->body =~ /^user=$login level=$level /, $title)
        or diag($answer->story, "\n", $answer->body);
}


sub is_out {
    my ($browser, $title) = @_;
    my $answer = $browser->get('/app');

    is($answer->story, '303 /mfa/login?next=/app', $title);
}


subtest 'A visitor is led to the login page and back (feature 000-17)' => sub {
    my $browser = $stage->browser;

    is($browser->get('/app/a?x=1&y=2')->location,
       '/mfa/login?next=/app/a%3Fx%3D1%26y%3D2', 'to the login page');
    is($browser->get('/mfa/login?next=/app/a%3Fx%3D1%26y%3D2')->story,
       '200 login', 'which asks name and password first');
    like($browser->answer->body,
         qr/type="password"[^>]*autocomplete="current-password"/,
         'in fields that password managers know (security 10)');

    is($browser->post('/mfa/login', [csrf => $browser->csrf, login => 'alice',
        password => $password, next => '/app/a?x=1&y=2'])->story,
       '303 /app/a?x=1&y=2', 'and back');
    is_in($browser, 'alice', 'password', 'where the name is known');
    is($browser->get('/mfa/login')->story, '303 /',
       'who is in is not asked again');
};


subtest 'Password and code are both needed, in this order (features 000-17, '
    . '000-18, 000-23, 002-21, security 7, 28)' => sub
{
    my $browser = $stage->browser;

    is($browser->get('/mfa/code')->story, '303 /mfa/login',
       'no code page before the password');
    is($stage->login($browser, 'bobby', 'wrong', code => MFA::Journey::totp($key))
       ->story, '401 login credentials', 'a right code makes no password right');
    is($browser->cookie($cookie), undef, 'and no session');

    is($stage->login($browser, 'bobby')->story, '303 /mfa/code',
       'the code is asked after the password');
    is($browser->get('/app')->story, '303 /mfa/code?next=/app',
       'the password alone opens nothing');

    for my $method (qw(HEAD POST PUT DELETE OPTIONS PROPFIND WHATEVER)) {
        my $status = $browser->request($method, '/app')->status;
        is($status, $method eq 'HEAD' ? 303 : 401, "not by $method either");
    }

    my $half = $browser->cookie($cookie);
    my $hash = $stage->account_get('user', 'bobby', 'password');
    my $answer = $browser->submit('/mfa/code', '/mfa/code',
                                  code => MFA::Journey::wrong_code($key));
    is($answer->story, '401 code code', 'a wrong code is refused');
    is($answer->header('Set-Cookie'), undef, 'and changes no cookie');
    is($browser->cookie($cookie), $half, 'the half-login stays one');
    is($stage->account_get('user', 'bobby', 'password'), $hash,
       'and no password record');

    is($browser->submit('/mfa/code', '/mfa/code', next => '/app',
                        code => MFA::Journey::totp($key))->story,
       '303 /app', 'the right one is accepted');
    is_in($browser, 'bobby', 'mfa', 'and opens the portal');

    $browser = $stage->browser;
    unlike($stage->login($browser, 'carol', 'wrong')->body, qr/enrol/,
           'set-up is not spoken of before the password is right');
    is($stage->login($browser, 'carol')->story, '303 /mfa/enrol',
       'but after it, where it is required');
    is($stage->login($stage->browser, 'alice')->story, '303 /',
       'and not where it is not');
};


subtest 'Unknown, disabled and wrong look the same (security 4)' => sub {
    my $browser = $stage->browser;
    my %answers;

    $browser->get('/mfa/login');

    my %tries = (
        'wrong password'              => ['alice', 'wrong'],
        'unknown'                     => ['nobdy', $password],
        'disabled, wrong password'    => ['dizzy', 'wrong'],
        'disabled, right password'    => ['dizzy', $password],
        'grace over, wrong password'  => ['lapse', 'wrong'],
        'enrolled, wrong password'    => ['bobby', 'wrong'],
        'required, wrong password'    => ['carol', 'wrong'],
        'a name that no account has'  => ['al!ce', $password],
        'a password of 1025 bytes'    => ['alice', 'x' x 1025],
    );

    for my $kind (sort keys %tries) {
        my ($login, $given) = @{ $tries{$kind} };
        my $answer = $browser->post('/mfa/login',
            [csrf => $browser->csrf, login => $login, password => $given]);

        (my $bytes = $answer->bytes) =~ s/value="\Q$login\E"/value="NAME"/;
        push @{ $answers{$bytes} }, $kind;
        is($answer->story, '401 login credentials', $kind);
    }

    is(scalar keys %answers, 1, 'status, headers and every byte are the same')
        or diag(join "\n", map { join ', ', @$_ } values %answers);
    is($browser->cookie($cookie), undef, 'nobody got in');
};


subtest 'A name is one name however it is typed (security 6)' => sub {
    for my $typed ('Alice', 'ALICE', ' alice ', "\talice") {
        my $browser = $stage->browser;
        is($stage->login($browser, $typed)->status, 303, "\"$typed\"");
        is_in($browser, 'alice', 'password', 'is alice');
    }

    for my $typed ("\xef\xbd\x81lice", 'alice@', 'alice/', "ali\xcc\x81ce",
                   'alice}:x', "alice\nx")
    {
        my $browser = $stage->browser;
        is($stage->login($browser, $typed)->status, 401,
           '"' . MFA::Browser::escape($typed) . '" is not');
        is($browser->cookie($cookie), undef, 'and gets no session');
    }
};


subtest 'A form that is not ours is refused and breaks nothing (security 5, 52,'
    . ' 123)' => sub
{
    my $right = MFA::Browser::escape($password);
    my $browser = $stage->browser;
    $browser->get('/mfa/login');
    my $csrf = 'csrf=' . $browser->csrf;

    my @bodies = (
        ['no password',            401, "$csrf&login=alice"],
        ['an empty password',      401, "$csrf&login=alice&password="],
        ['no login',               401, "$csrf&password=$right"],
        ['an empty login',         401, "$csrf&login=&password=$right"],
        ['blanks for a login',     401, "$csrf&login=+++&password=$right"],
        ['only the token',         401, $csrf],
        ['names without values',   401, "$csrf&login&password"],
        ['names as arrays',        401, "$csrf&login[]=alice&password[]=$right"],
        ['names in capitals',      401, "$csrf&LOGIN=alice&PASSWORD=$right"],
        ['another name',           401, "$csrf&user=alice&password=$right"],
        ['the login twice',        400,
            "$csrf&login=alice&login=alice&password=$right"],
        ['two logins',             400,
            "$csrf&login=bobby&login=alice&password=$right"],
        ['the password twice',     400,
            "$csrf&login=alice&password=$right&password=$right"],
        ['the token twice',        400,
            "$csrf&$csrf&login=alice&password=$right"],
        ['a name twice, escaped',  400,
            "$csrf&login=alice&l%6fgin=alice&password=$right"],
        ['a byte that is no text', 400, "$csrf&login=alice&password=$right%FF"],
        ['an overlong sequence',   400, "$csrf&login=alice&password=%C0%AF"],
        ['a surrogate',            400, "$csrf&login=alice&password=%ED%A0%80"],
        ['raw Latin-1',            400, "$csrf&login=\xe9lo\xefse&password=x"],
        ['a NUL behind the right password', 400,
            "$csrf&login=alice&password=$right%00"],
        ['a NUL in the login',     400, "$csrf&login=alice%00&password=$right"],
        ['half an escape',         400, "$csrf&login=alice&password=%4"],
        ['a wrong escape',         400, "$csrf&login=alice&password=%zz"],
        ['a login of 129 bytes',   401,
            "$csrf&login=" . ('a' x 129) . "&password=$right"],
        ['a login of 4000 bytes',  401,
            "$csrf&login=" . ('a' x 4000) . "&password=$right"],
        ['a password of 4000 bytes', 401,
            "$csrf&login=alice&password=" . ('x' x 4000)],
        ['more than a form holds', 413,
            "$csrf&login=alice&password=$right&x=" . ('x' x 8192)],
        ['forty fields',           413,
            join '&', $csrf, "login=alice&password=$right",
                      map { "f$_=" } 1 .. 40],
        ['format characters',      401, "$csrf&login=%25s%25n&password=%25s"],
        ['line ends in the login', 401,
            "$csrf&login=alice%0d%0aSET+x+1&password=$right"],
        ['no body',                403, ''],
        ['only ampersands',        403, '&&&&'],
    );

    for my $case (@bodies) {
        my ($title, $status, $body) = @$case;
        is($browser->post('/mfa/login', $body)->status, $status, $title);
    }

    my $body = "$csrf&login=alice&password=$right";
    my @types = (
        ['no Content-Type', undef], ['multipart', 'multipart/form-data'],
        ['JSON', 'application/json'], ['text', 'text/plain'],
        ['a longer name', 'application/x-www-form-urlencodedx'],
    );

    for my $case (@types) {
        my ($title, $type) = @$case;
        is($browser->post('/mfa/login', $body, 'Content-Type' => $type)->status,
           400, $title);
    }

    my $chunked = sub {
        my ($text) = @_;
        return $browser->post('/mfa/login', join('', map {
            sprintf "%x\r\n%s\r\n", length $_, $_
        } $text =~ /(.{1,7})/gs) . "0\r\n\r\n", 'Content-Length' => undef,
            'Transfer-Encoding' => 'chunked')->status;
    };

    is($chunked->($body . '&x=' . 'x' x 8192), 413, 'too large in chunks');
    is($browser->cookie($cookie), undef, 'none of them got a session');
    is($chunked->($body), 303, 'small chunks are a form like another');
    is_in($browser, 'alice', 'password', 'which opens the portal');

    $browser = $stage->browser;
    $browser->get('/mfa/login');
    is($browser->post('/mfa/login', [csrf => $browser->csrf, login => 'alice',
        password => $password],
        'Content-Type' => 'application/x-www-form-urlencoded; charset=UTF-8')
       ->status, 303, 'a charset behind the type is fine');
};


subtest 'The whole password counts, whatever is in it (security 3)' => sub {
    my $yescrypt = sub { crypt $_[0], '$y$j75$longpassword$' };
    my %passwords = (
        'seventy-three bytes' => ('a' x 72) . 'b',
        'two hundred bytes'   => 'correct horse ' x 14 . 'xyz',
        'five hundred bytes'  => ('0123456789' x 50),
        'form characters'     => 'a+b&c=d%25;e "<>\'',
        'letters of the world' => "p\xc3\xa4ssw\xc3\xb6rd \xe5\xaf\x86\xe7\xa0\x81!",
        'blanks around'       => '  blanks around  ',
    );
    my $n = 0;

    for my $kind (sort keys %passwords) {
        my $right = $passwords{$kind};
        my $login = 'long' . ++$n;

        $stage->account('user', $login, hash => $yescrypt->($right));
        is($stage->login($stage->browser, $login, $right)->status, 303, $kind);

        for my $wrong (substr($right, 0, -1), "$right ", uc($right) . "x",
                       substr($right, 0, -1) . 'c')
        {
            is($stage->login($stage->browser, $login, $wrong)->status, 401,
               '- almost is not enough');
        }
    }
};


subtest 'The login form belongs to the browser it was given to (security 48, '
    . '49)' => sub
{
    my @fields = (login => 'alice', password => $password);
    my $browser = $stage->browser;
    my $other = $stage->browser;
    $other->get('/mfa/login');
    my $foreign = $other->csrf;
    my $refused = sub {
        my ($title, $answer) = @_;
        is($answer->story, '403 login csrf', $title);
        is($browser->cookie($cookie), undef, '- and no session');
    };

    $refused->('no visit before, no token', $browser->post('/mfa/login',
        [@fields]));

    $browser = $stage->browser;
    $refused->('no visit before, the token of another',
        $browser->post('/mfa/login', [csrf => $foreign, @fields]));

    $browser->get('/mfa/login');
    my $own = $browser->csrf;
    isnt($own, $foreign, 'two browsers, two tokens');
    $refused->('the token absent', $browser->post('/mfa/login', [@fields]));
    $refused->('the token empty', $browser->post('/mfa/login',
        [csrf => '', @fields]));
    $refused->('the token of another browser', $browser->post('/mfa/login',
        [csrf => $foreign, @fields]));
    $refused->('a character changed', $browser->post('/mfa/login',
        [csrf => substr($own, 0, -2)
                 . (substr($own, -2, 1) eq 'A' ? 'B' : 'A')
                 . substr($own, -1), @fields]));
    $refused->('one character less', $browser->post('/mfa/login',
        [csrf => substr($own, 0, -1), @fields]));
    $refused->('the cookie itself as the token', $browser->post('/mfa/login',
        [csrf => $browser->cookie("${cookie}_login"), @fields]));

    my $twice = $browser->cookie("${cookie}_login");
    $refused->('the cookie twice', $browser->post('/mfa/login',
        [csrf => $own, @fields],
        Cookie => "${cookie}_login=$twice; ${cookie}_login=$twice"));

    is($browser->get('/mfa/login?' . MFA::Browser::form(csrf => $own, @fields))
       ->story, '200 login', 'a GET logs nobody in');
    is($browser->cookie($cookie), undef, '- it has no session');
    is($browser->request('HEAD', '/mfa/login?'
       . MFA::Browser::form(csrf => $own, @fields))->status, 200,
       'nor does a HEAD');
    is($browser->request('PUT', '/mfa/login',
                         body => MFA::Browser::form(csrf => $own, @fields))
       ->status, 405, 'nor a PUT');
    is($browser->cookie($cookie), undef, '- no session');

    $browser->cookie("${cookie}_login", $twice);
    is($browser->post('/mfa/login', [csrf => $own, @fields])->status, 303,
       'its own token is good');
};


subtest 'A form comes from this site or is refused (security 50)' => sub {
    my $browser = $stage->browser;
    $browser->get('/mfa/login');
    my $here = "http://localhost:$browser->{port}";
    my $body = [csrf => $browser->csrf, login => 'alice',
                password => 'wrong'];
    my @cases = (
        ['from here', 401, Origin => $here, 'Sec-Fetch-Site' => 'same-origin'],
        ['from here, an old browser', 401, Origin => $here],
        ['only Sec-Fetch-Site', 401, 'Sec-Fetch-Site' => 'same-origin'],
        ['neither header', 401],
        ['Origin: null', 403, Origin => 'null'],
        ['Origin: null, said to be from here', 403, Origin => 'null',
            'Sec-Fetch-Site' => 'same-origin'],
        ['another site', 403, Origin => 'http://evil.example',
            'Sec-Fetch-Site' => 'cross-site'],
        ['another site that hides its Origin', 403,
            'Sec-Fetch-Site' => 'cross-site'],
        ['a neighbour', 403, 'Sec-Fetch-Site' => 'same-site', Origin => $here],
        ['no site at all', 403, 'Sec-Fetch-Site' => 'none'],
        ['another port', 403, Origin => 'http://localhost:1'],
        ['another site in front of ours', 403,
            Origin => "http://localhost:$browser->{port}.evil.example"],
        ['no scheme', 403, Origin => "localhost:$browser->{port}"],
        ['an empty Origin', 403, Origin => ''],
    );

    for my $case (@cases) {
        my ($title, $status, %headers) = @$case;
        my $answer = $browser->post('/mfa/login', $body, %headers);
        is($answer->status, $status, $title);
        is($answer->error, 'origin', '- says why') if $status == 403;
        is($answer->header('Access-Control-Allow-Origin'), undef,
           '- and invites nobody (security 151)');
    }
};


subtest 'A cookie from before the login is worth nothing after it (security '
    . '26)' => sub
{
    my $browser = $stage->browser;
    my $planted = $stage->visitor('alice')->cookie($cookie);
    my ($id, $name) = split /\./, $planted;

    # A cookie that an attacker made up, and one of a session of their own.
    (my $made_up = $planted) =~ tr/A-Za-z/N-ZA-Mn-za-m/;

    for my $case ([$made_up, 'made up'], [$planted, 'the attacker\'s own']) {
        my ($value, $title) = @$case;
        $browser->cookie($cookie, $value);
        $browser->get('/mfa/login') if $value eq $made_up;
        $browser->get('/mfa/login', Cookie => undef) if $value eq $planted;
        $browser->post('/mfa/login', [csrf => $browser->csrf, login => 'bobby',
                                      password => $password]);

        my $half = $browser->cookie($cookie);
        isnt($half, $value, "$title: the login gives a new one");
        is_out($stage->browser(cookies => { $cookie => $value }),
               "$title: dead after the login");

        $stage->unspend('user', 'bobby');
        $browser->submit('/mfa/code', '/mfa/code',
                         code => MFA::Journey::totp($key));
        isnt($browser->cookie($cookie), $half, 'the code gives a new one again');
        is_out($stage->browser(cookies => { $cookie => $half }),
               'the half-login is dead after the code');
        is_in($browser, 'bobby', 'mfa', 'the last one is the session');
    }

    my $before = $browser->cookie($cookie);
    $browser->submit('/mfa/security', '/mfa/logout');
    is_out($stage->browser(cookies => { $cookie => $before }),
           'and dead after the logout');

    $browser = $stage->visitor('alice');
    $before = $browser->cookie($cookie);
    $stage->login($browser->twin(cookies => {}), 'alice');
    is_in($browser, 'alice', 'password',
          'a login somewhere else ends no session');
    $browser->get('/mfa/login', Cookie => undef);
    $browser->post('/mfa/login', [csrf => $browser->csrf, login => 'alice',
                                  password => $password]);
    is_out($stage->browser(cookies => { $cookie => $before }),
           'a login in the same browser ends the one before');
    like($browser->cookie($cookie), qr/^[\w-]{43}\.[\w-]+$/,
         'a cookie is 256 bits and an opaque name (security 42)');
    unlike($browser->cookie($cookie), qr/\.YWxpY2U$/, 'which is not readable');
};


subtest 'Only a session cookie is one (security 27, 43, 45)' => sub {
    my $half = $stage->visitor('bobby');
    my $form = $half->cookie("${cookie}_login");
    my ($session) = $stage->sessions('user', 'bobby');
    my $good = $stage->visitor('alice')->cookie($cookie);
    my ($id, $name) = split /\./, $good;
    my ($record) = reverse $stage->sessions('user', 'alice');

    $half->get('/mfa/code');

    my %values = (
        'the login form\'s cookie'      => $form,
        'the same with a name'          => "$form.$name",
        'a form token'                  => $half->csrf,
        'the same as an id'             => $half->csrf . ".$name",
        'what the store calls a session' => $record->{hash},
        'the same with a name'          => "$record->{hash}.$name",
        'an id without a name'          => $id,
        'an id with an empty name'      => "$id.",
        'in quotes'                     => "\"$good\"",
        'with a blank inside'           => "$id. $name",
        'padded'                        => "$good=",
        'eight kilobytes'               => 'A' x 6000,
        'nothing'                       => '',
        'a star'                        => '*',
    );

    for my $kind (sort keys %values) {
        is_out($stage->browser(cookies => { $cookie => $values{$kind} }), $kind);
    }

    my %lines = (
        'another spelling of the name' => "MFA_USER=$good",
        'a name that ends like it'     => "x$cookie=$good",
        'inside another\'s value'      => "a=\"x; b=$cookie=$good\"",
        'behind a comma'               => "a=b, $cookie=$good",
        'twice'                        => "$cookie=$good; $cookie=$good",
        'with one that is nothing'     => "$cookie=x; $cookie=$good",
        'nothing but separators'       => ';;;',
    );

    for my $kind (sort keys %lines) {
        is($stage->browser->get('/app', Cookie => $lines{$kind})->story,
           '303 /mfa/login?next=/app', $kind);
    }

    is($stage->browser->get('/app', Cookie => "a=b; $cookie=$good;c=d")->status,
       200, 'the session itself is good');
    is($half->get('/app')->story, '303 /mfa/code?next=/app',
       'a half-login is not (security 28)');

    # The part behind the id only saves a round trip.
    my ($bobby) = $half->cookie($cookie) =~ /(\..*)/;

    for my $guess ($bobby, "${name}A", '.' . 'A' x 170) {
        $guess =~ s/^\.?/./;
        is_in($stage->browser(cookies => { $cookie => "$id$guess" }), 'alice',
              'password', 'the record says who it is, not the cookie');
    }
};


subtest 'Nothing typed comes back as anything but text (security 51, 52)' => sub
{
    my $browser = $stage->browser;

    for my $next ('//evil.example', '/\\evil.example', 'https://evil.example',
                  '/%2f/evil.example', "/\r\nSet-Cookie: x=y", '/ok@evil.example',
                  '/mfa/logout', '\\\\evil.example', "/\tx", 'javascript:alert(1)')
    {
        is($stage->login($browser, 'alice', $password, next => $next)->location,
           '/', 'not led to ' . join '', map { /[ -~]/ ? $_ : '?' }
                                         split //, $next);
        is($browser->answer->header('Set-Cookie') =~ /^mfa_user=[\w.-]+;/, 1,
           '- and no header was made of it');
        $browser = $stage->browser;
    }

    my $answer = $stage->login($browser, q("'><svg onload=alert(1)>), 'x',
                               next => '/"><script>');
    unlike($answer->body, qr/<svg onload|<script/, 'markup stays text');
    like($answer->body, qr/&lt;svg onload/, 'and is shown as typed');

    $answer = $browser->get('/mfa/login?next=%2Fa%0d%0aSet-Cookie:x');
    is($answer->status, 200, 'a line end in the address');
    is(scalar(grep { /^x/ } $answer->headers('Set-Cookie')), 0,
       'is no header');
    like($answer->header('Content-Security-Policy'), qr/default-src 'none'/,
         'nothing else is loaded (security 149)');
    is($answer->header('Cache-Control'), 'no-store', 'nothing is kept');

    for my $header ('Host', 'X-Forwarded-Host') {
        my $b = $stage->browser;
        unlike($b->get('/app', $header => 'evil.example')->location, qr/evil/,
               "$header does not say where to go (security 55)");
    }
};


subtest 'Every kind of password record that crypt knows logs in (security 1)'
    => sub
{
    my %settings = (
        yescrypt    => '$y$j75$saltsaltsalt$',
        gost        => '$gy$j75$saltsaltsalt$',
        scrypt      => '$7$6/..../....salt$',
        bcrypt      => '$2b$04$abcdefghijklmnopqrstuu',
        'bcrypt of PHP' => '$2y$04$abcdefghijklmnopqrstuu',
        'bcrypt of htpasswd' => '$2a$04$abcdefghijklmnopqrstuu',
        sha512crypt => '$6$rounds=1000$saltsalt$',
        'sha512crypt without rounds' => '$6$saltsalt$',
        sha256crypt => '$5$rounds=1000$saltsalt$',
        sha1crypt   => '$sha1$1000$saltsalt$',
        sunmd5      => '$md5,rounds=10$saltsalt$',
        md5crypt    => '$1$saltsalt$',
        bsdicrypt   => '_J9..salt',
    );
    my $n = 0;

    for my $kind (sort keys %settings) {
        my $hash = crypt $password, $settings{$kind};
        my $login = 'crypt' . ++$n;

        SKIP: {
            skip "this system's crypt does not know $kind", 7
                unless defined $hash && length $hash >= 13;

            $stage->account('user', $login, hash => $hash);
            my $browser = $stage->browser;
            is($stage->login($browser, $login, "${password}x")->status, 401,
               "$kind: a wrong password is refused");
            is($stage->login($browser, $login)->status, 303,
               "$kind: the right one is not");
            is_in($browser, $login, 'password', "$kind: is in");

            my $record = $stage->account_get('user', $login, 'password');
            like($record, qr/^\$y\$/, "$kind: is hashed anew, now that it is known");
            is($record eq $hash, $kind eq 'yescrypt', '- if it was of another kind');
            is($stage->login($stage->browser, $login)->status, 303,
               "$kind: and is right as before");
            is_in($browser, $login, 'password', '- nobody is logged out');
        }
    }
};


subtest 'A password record that cannot be read lets nobody in' => sub {
    my %records = (
        'nothing'             => ['', 401],
        'no record at all'    => ['x', 401],
        'traditional DES, which reads eight bytes' => [crypt($password, 'ab'), 401],
        'a star'              => ['*', 401],
        'the failure token'   => ['*0', 401],
        'an empty hash'       => ['$y$j9T$$', 401],
        'a kind of hash that is unknown' => ['$zz$abcdefgh$ijklmnop', 503],
        'half a yescrypt'     => ['$y$', 401],
        'a cost out of range' => ['$2b$99$abcdefghijklmnopqrstuu', 503],
        'only a setting'      => ['$5$rounds=1000$saltsalt$', 401],
        'another account\'s text' => ["\$5\$rounds=1000\$salt\n\$x", 401],
        'plain text'          => [$password, 401],
        'plain text, dressed' => ["\$0\$$password", 401],
    );

    $stage->account('user', 'broken');

    for my $kind (sort keys %records) {
        my ($record, $status) = @{ $records{$kind} };
        my $browser = $stage->browser;

        $stage->account_set('user', 'broken', password => $record);

        for my $typed ($password, $record || 'x') {
            next if $typed =~ /\n/;
            is($stage->login($browser, 'broken', $typed)->status, $status, $kind);
        }

        is($browser->answer->header('Retry-After') ? 1 : 0,
           $status == 503 ? 1 : 0, '- and when to come again');
        is($browser->cookie($cookie), undef, '- no session');
    }

    $stage->redis('HDEL', 'mfa:{user}:account:broken', 'password');
    is($stage->login($stage->browser, 'broken', '')->status, 401,
       'no password is not an empty password');

    $stage->account('user', 'empty', hash => crypt('', '$5$rounds=1000$s$'));
    is($stage->login($stage->browser, 'empty', '')->status, 401,
       'not even where the record is one of an empty password');
};


subtest 'An account without factor data never reads as not enrolled '
    . '(security 21)' => sub
{
    $stage->account('user', 'half');
    $stage->account_set('user', 'half', enrolled => time);
    my $browser = $stage->browser;
    is($stage->login($browser, 'half')->story, '303 /mfa/blocked', 'blocked');
    is($browser->get('/mfa/blocked')->story, '403 blocked fault', 'and told so');
    like($stage->log_text, qr/\[error\].*factor data/, 'with an alarm');
};


subtest 'Every login and every refusal is on record (security 143)' => sub {
    my $browser = $stage->browser(address => '127.0.0.77');
    $stage->login($browser, 'alice', 'wrong');
    $stage->login($browser, 'alice');
    my @events = $stage->audit('user', address => '127.0.0.77');

    is(join(' ', map { "$_->{event} $_->{result} $_->{login}" } @events),
       'login refused alice login ok alice', 'with who, where and result');
};


# How many passwords a worker hashes at a time depends on the processors; one
# more may wait here, and there are more visitors than both.
subtest 'When too many passwords wait the rest is told to come again, and '
    . 'nobody else waits (security 2)' => sub
{
    my $busy = MFA::Journey->new(
        workers => 1,
        http    => 'mfa_threads default queue=1;',
        portals => { user => 'limit password=1000/15m address=10000/10m;' });
    my $cpus = MFA::Journey::output_of('getconf', '_NPROCESSORS_ONLN');
    my $room = ($cpus > 2 ? int($cpus / 2) : 1) + 1;
    my $slow = crypt $password, '$6$rounds=900000$slow$';

    $busy->account('user', 'slow', hash => $slow);
    $busy->account('user', 'quick');
    my $in = $busy->visitor('quick');
    my @browsers = map { $busy->browser } 1 .. $room + 6;

    $_->get('/mfa/login') for @browsers;
    $_->send('POST', '/mfa/login', body => MFA::Browser::form(
        csrf => $_->csrf, login => 'slow', password => $password))
        for @browsers;

    my $well = grep { $in->get($_ % 2 ? '/open/x' : '/app')->status == 200 }
               1 .. 20;
    my @waiting = grep { !IO::Select->new($_->{socket})->can_read(0) }
                  @browsers;

    is($well, 20, 'twenty other requests are answered');
    cmp_ok(scalar @waiting, '>=', 1, 'before the logins are');

    my ($worker) = MFA::Worker::of($busy->{nginx}[0]->pid);
    my %policy   = MFA::Worker::policies($worker);

    is($policy{$worker}, 0, 'the event loop runs as any program does');
    cmp_ok(scalar(grep { $_ == 5 } values %policy), '>=', $room - 1,
           'and makes those wait that hash: they are SCHED_IDLE');

    my %n;

    for my $browser (@browsers) {
        my $answer = $browser->receive;
        $n{$answer->status}++;

        if ($answer->status == 503) {
            ok($answer->header('Retry-After'), '503 says when to come again');
            is($browser->cookie($cookie), undef, '- and opens nothing');
        }
    }

    is(join(' ', sort keys %n), '303 503', 'there is no other answer');
    cmp_ok($n{303}, '>=', $room, 'those that run and the one that waits get in');
    is($busy->login($busy->browser, 'quick')->status, 303,
       'and then there is room again');
    $busy->finish;
};


$stage->finish;
done_testing;
