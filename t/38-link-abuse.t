#!/usr/bin/perl

# Mailed links in the wrong hands, at the wrong page, too late, too often, all at
# once: what security 87 to 93 says of them.  And that a token leaves no trace in a
# log, whatever protocol it came by and whoever refused it.
#
# When this fails, a link is good twice, for somebody else, without the password,
# or for whoever reads a log.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;

use MFA::Http2;
use MFA::Journey;
use MFA::Link;
use MFA::Mailer;
use MFA::Nginx;

my $limits = 'limit password=1000/15m code=1000/15m address=10000/10m;';
my $mail = 'mail from=mfa@example.com base_url=https://portal.example.com;';
my ($h1, $h2) = MFA::Nginx::free_ports(2);
my @variables = qw(request request_uri args query_string uri document_uri
    http_referer is_args arg_t request_filename http_cookie status
    upstream_http_location sent_http_location request_body server_protocol);
my $format = join ' ', map { "\$$_" } @variables;

my $stage = MFA::Journey->new(
    workers => 4,
    portals => {
        user   => "issuer Example; $mail $limits",
        admin  => "$mail $limits",
        strict => "$mail limit password=3/15m address=1000/10m;",
    },
    http => <<"END");
log_format everything '$format';
limit_req_zone \$server_name zone=one:1m rate=1r/m;
server {
    listen 127.0.0.1:$h1;
    server_name localhost;
    access_log everything.log everything;
    mfa user;
    location / { proxy_pass http://site; }
    location /mfa/ { mfa_pages; }
    location = /mfa/password { limit_req zone=one; mfa_pages; }
    location /app/setup { mfa off; return 200 "\$args"; }
}
server {
    listen 127.0.0.1:$h2 http2;
    server_name localhost;
    access_log everything.log everything;
    mfa user;
    location / { proxy_pass http://site; }
    location /mfa/ { mfa_pages; }
    location = /mfa/password { limit_req zone=one; mfa_pages; }
}
END

my $password = $stage->password;


sub mint { return MFA::Link::mint($stage, @_) }


sub setup {
    my ($browser, $token, $login, $typed) = @_;

    return MFA::Link::follow($browser, 'setup', $token, login => $login,
                             password => $typed // $password);
}


sub enrolled {
    my ($login) = @_;

    return $stage->enrolled('user', $login,
                            options => ['--email', "$login\@example.com"]);
}


# Browsers that have a link's page open, and what they post.
sub crowd {
    my ($n, $page, $token, @fields) = @_;

    return map {
        my $browser = $stage->browser;
        $browser->get("/mfa/$page?t=$token");
        [$browser, 'POST', "/mfa/$page", body => MFA::Browser::form(
            csrf => $browser->csrf, t => $token, @fields)];
    } 1 .. $n;
}


sub tally {
    my %tally;

    $tally{ $_->story }++ for @_;

    return \%tally;
}


subtest 'Twenty at once with one link: one has it (security 87)' => sub {
    enrolled('alma');
    my @crowd = crowd(20, 'setup', mint('user', 'alma', 'reset'),
                      login => 'alma', password => $password);
    my @answers = MFA::Browser::together(@crowd);

    is_deeply(tally(@answers), { '303 /mfa/enrol' => 1,
                                 '410 setup link' => 19 }, 'one success');

    my @open = grep { $_->[0]->get('/mfa/enrol/scan')->key } @crowd;
    is(scalar @open, 1, 'one sees a key');
    # Who came late has not even logged in.
    is(scalar(grep { $_->[0]->get('/app')->story
                     !~ m{^303 /mfa/(?:code|login)\?} } @crowd), 0,
       'all have half a login at most');
    is(scalar $stage->keys_of('mfa:enrolment:*'), 1, 'one secret waits');

    $stage->account('user', 'anke');
    my $n = 0;
    @answers = MFA::Browser::together(map {
        $n++;
        crowd(1, 'password', $_, password => "number $n of 20",
              password2 => "number $n of 20")
    } (mint('user', 'anke', 'password')) x 20);
    is_deeply(tally(@answers), { '303 /' => 1, '410 password link' => 19 },
              'one new password');
    my ($won) = grep { $answers[$_]->status == 303 } 0 .. 19;
    is($stage->login($stage->browser, 'anke', 'number ' . ($won + 1)
       . ' of 20')->story, '303 /', '- which is the one that was told so');
};


subtest 'A link is good for its purpose, account, portal and time alone '
    . '(security 88)' => sub
{
    $stage->account('user', $_) for qw(bodo bela);
    $stage->account('admin', 'bodo');

    my $dead = sub {
        my ($token, $title, $page, $portal) = @_;
        $page //= 'setup';
        my $browser = $stage->browser(portal => $portal // 'user');
        my @two = map { ($_ => 'a new long one') } qw(password password2);

        is($browser->get("/mfa/$page?t=$token")->story, "410 $page link",
           $title);
        like($browser->answer->body, qr{href="/mfa/login"},
             '- with a way on') if $page eq 'setup';
        is(MFA::Link::follow($browser, $page, $token, $page eq 'setup'
               ? (login => 'bodo', password => $password) : @two)->story,
           "410 $page link", '- and posted');
        is($browser->cookie("mfa_" . ($portal // 'user')), undef,
           '- no session');
    };

    $dead->(mint('user', 'bodo', 'password'), 'a link to another page');
    $dead->(mint('user', 'bodo', $_), "the other way round: $_", 'password')
        for qw(setup reset);
    $dead->(mint('user', 'bodo', 'setup', expires => time - 1), 'an hour later');
    $dead->(mint('user', 'bodo', 'setup'), 'another portal', 'setup', 'admin');
    $dead->(mint('user', 'bodo', 'setup', portal => 'admin'),
            'a record of another portal');
    $dead->(mint('user', 'bodo', 'setup', login => 'bela'),
            'a record of another account');
    $dead->(mint('user', 'bodo', 'setup', generation => 0),
            'of an older state of the account');
    $dead->('A' x 43, 'one that was never sent');
    $dead->($_, 'what is none') for 'x', 'A' x 42, 'A' x 4000, '%00', '',
        ('A' x 42) . '*';

    my $older = mint('user', 'bodo', 'setup');
    my $newer = mint('user', 'bodo', 'setup');
    $dead->($older, 'an older one');
    $stage->account_set('user', 'bodo', disabled => 1);
    $dead->($newer, 'of a disabled account');
    $stage->redis('HDEL', 'mfa:{user}:account:bodo', 'disabled');
    is($stage->browser->get("/mfa/setup?t=$newer")->story, '200 setup',
       'and back');

    my ($exit) = $stage->mfactl("a brand new password\n", 'account',
        'password', 'user', 'bodo', '--password-stdin');
    is($exit, 0, 'a new password');
    $dead->($newer, 'after it');
    $dead->(mint('user', 'nobody', 'setup', generation => 0),
            'of nobody');

    my $token = mint('user', 'bela', 'setup');
    my ($hash) = $stage->keys_of('mfa:{user}:pending-token:*');
    $stage->redis('SET', 'mfa:{user}:pending-token:'
                  . MFA::Record::hash_of('x' x 32),
                  $stage->redis('GET', $hash));
    $dead->(MIME::Base64::encode_base64url('x' x 32),
            'a record under another hash');
};


# The mailer reads the account, writes the token and sends: the address may change
# between these, and what it writes then is the account's newest token.
subtest 'A link that went to an address is dead when the account has another '
    . '(security 88)' => sub
{
    my $to = sub { "emil.$_[0]\@example.com" };
    my @two = map { ($_ => 'a new long one') } qw(password password2);
    my $edit = sub {
        $stage->admin('account', 'edit', 'user', 'emil', '--email', $_[0]);
    };
    my $dead = sub {
        my ($token, $page, $title) = @_;
        my $browser = $stage->browser;

        is($browser->get("/mfa/$page?t=$token")->story, "410 $page link",
           $title);
        is(MFA::Link::follow($browser, $page, $token, $page eq 'setup'
               ? (login => 'emil', password => $password) : @two)->story,
           "410 $page link", '- and posted');
    };

    $stage->account('user', 'emil', options => ['--email', $to->('old')]);

    for my $case (['setup', 'reset'], ['setup', 'setup'],
                  ['password', 'password'])
    {
        my ($page, $purpose) = @$case;
        $edit->($to->('old'));
        my $before = mint('user', 'emil', $purpose);
        is($stage->browser->get("/mfa/$page?t=$before")->story, "200 $page",
           "$purpose: a link");
        $edit->($to->('new'));
        $dead->($before, $page, 'the address changes when the mail is out');

        my $late = mint('user', 'emil', $purpose, address => $to->('old'));
        $dead->($late, $page, 'it changes while the mail is made');
        $edit->('');
        $dead->($late, $page, '- or goes');
        $edit->($to->('old'));
        $dead->($late, $page, '- also when the old one is back');
    }

    my $token = mint('user', 'emil', 'setup');
    my $key = 'mfa:{user}:pending-token:' . MFA::Record::hash_of(
        MIME::Base64::decode_base64url($token));
    my $record = $stage->redis('GET', $key);
    is($stage->browser->get("/mfa/setup?t=$token")->story, '200 setup',
       'a new one is good');
    $stage->redis('SET', $key, $record =~ s/^2/1/r =~ s/\t[^\t]*$//r);
    $dead->($token, 'setup', 'a record as it was before addresses stood there');
};


subtest 'A link without its owner\'s password is nothing, and tells nothing '
    . '(security 89, 92; done when 4)' => sub
{
    $stage->account('user', $_) for qw(cara cleo clay);
    $stage->admin('account', 'disable', 'user', 'clay');
    my $token = mint('user', 'cara', 'reset');
    my %bytes;

    for my $case ([ 'a wrong password',        'cara', 'wrong wrong' ],
                  [ 'an unknown name',         'ciao', $password ],
                  [ 'another\'s right one',    'cleo', $password ],
                  [ 'another\'s wrong one',    'cleo', 'wrong wrong' ],
                  [ 'a disabled one',          'clay', $password ])
    {
        my ($title, $login, $typed) = @$case;
        my $browser = $stage->browser;
        $browser->get("/mfa/setup?t=$token");
        $browser->cookie($_, 'A' x 43)
            for grep { $_ !~ /^mfa_user$/ } keys %{ $browser->{cookies} };
        my $page = $browser->get("/mfa/setup?t=$token");
        my $seen = scalar $stage->audit('user');
        my $answer = $browser->post('/mfa/setup', [csrf => $page->csrf,
            t => $token, login => $login, password => $typed]);

        is($answer->story, '401 setup credentials', $title);
        is(scalar($stage->audit('user')) - $seen, 1, '- on record');
        is($browser->cookie('mfa_user'), undef, '- no session');
        $bytes{ $answer->bytes =~ s/\b$login\b/NAME/gr }++;
    }

    is(keys %bytes, 1, 'all of them the same to the byte');
    is(scalar $stage->keys_of('mfa:{user}:sessions:cleo'), 0,
       'nobody else is logged in by it');
    is($stage->browser->get("/mfa/setup?t=$token")->story, '200 setup',
       'and the link is not used by it');

    my $strict = 'strict';
    $stage->account($strict, 'curt');
    my $curt = mint($strict, 'curt', 'setup');
    my $browser = $stage->browser(portal => $strict);
    is(setup($browser, $curt, 'curt', "guess $_")->story,
       '401 setup credentials', "guess $_") for 1 .. 3;
    is(setup($browser, $curt, 'curt')->story, '429 setup limited',
       'guesses count as logins (security 107)');
    is($stage->login($browser, 'curt')->story, '429 login limited',
       '- and for them');

    $browser = $stage->browser;
    is($browser->post('/mfa/setup', [t => $token, login => 'cara',
        password => $password])->story, '403 setup csrf',
       'a form from elsewhere is none (security 49)');
    is($browser->post('/mfa/setup', [csrf => $browser->csrf, t => $token,
        login => 'cara', password => $password],
        Origin => 'https://evil.example')->story, '403 error origin',
       '- nor one from another site');
};


subtest 'Looking at a link uses nothing up (security 91)' => sub {
    $stage->account('user', 'dana', options => ['--require-mfa']);
    my $token = mint('user', 'dana', 'setup');
    my ($key) = grep { $stage->redis('GET', $_) =~ /\tdana\t/ }
                $stage->keys_of('mfa:{user}:pending-token:*');
    my $before = $stage->redis('GET', $key);

    for my $method (qw(GET HEAD GET HEAD GET HEAD)) {
        is($stage->browser->request($method, "/mfa/setup?t=$token")->status,
           200, $method);
    }

    is($stage->redis('GET', $key), $before, 'the token is as it was');
    is(scalar $stage->keys_of('mfa:session:*dana*'), 0, 'nobody is in');
    is(scalar $stage->keys_of('mfa:fail:address:user:*'), 1, 'nothing charged '
       . 'but what was before');
    is($stage->browser->request('DELETE', "/mfa/setup?t=$token")->story,
       '405 error method', 'other methods are none');
    is(setup($stage->browser, $token, 'dana')->story, '303 /mfa/enrol',
       'and then it works');
};


subtest 'Links come from base_url, whatever Host says (security 55)' => sub {
    my $mailer = MFA::Mailer->start;
    my $key = enrolled('edda');
    my $browser = $stage->browser;

    $stage->login($browser, 'edda');
    $browser->get('/mfa/code');
    is($browser->post('/mfa/reset', [csrf => $browser->csrf],
        Host => 'evil.example', 'X-Forwarded-Host' => 'evil.example')->story,
       '200 reset-sent', 'asked for under another name');
    $mailer->send($stage->{conf});

    my $link = $mailer->link('edda@example.com');
    like($link, qr{^https://portal\.example\.com/mfa/setup\?t=[\w-]{43}$},
         'the link of the mail');
    unlike(join('', map { $_->{raw} } $mailer->mails), qr/evil/,
           'nothing of it in the mails');

    my ($token) = $link =~ /t=([\w-]+)/;
    my $other = $stage->browser;
    is(setup($other, $token, 'edda@example.com')->story, '303 /mfa/enrol',
       'which works (feature 003-28)');
    isnt($stage->enrol($other), $key, '- to its end');
    $mailer->stop;
};


subtest 'A token is in no log (security 93)' => sub {
    $stage->account('user', 'fred');
    my $token = mint('user', 'fred', 'setup');
    my $other = mint('user', 'fred', 'password', older => 1);
    my %at = (port => $h1, address => '127.0.0.1');
    my $browser = MFA::Browser->new(%at);

    is($browser->get("/mfa/setup?t=$token")->story, '200 setup', 'a page');
    like($browser->answer->body, qr/name="t" value="\Q$token\E"/,
         '- that knows it');
    unlike($browser->answer->body, qr/(?:action|href)="[^"]*\Q$token\E/,
           '- and carries it in no address');
    $browser->get("/mfa/setup?lang=de&%74=$token&x=1");
    $browser->get("/mfa//./setup?t=$token");
    $browser->get("http://localhost/mfa/setup?t=$token");
    $browser->request('HEAD', "/mfa/setup?t=$token");
    # Nearly a link is typed from one.
    is($browser->get("$_?t=$token")->status, 404, "no page: $_")
        for '/mfa/setup/', '/mfa/SETUP', '/mfa/setup.', '/mfa/Password/x';
    $browser->request('PUT', "/mfa/setup?t=$token", body => 'x');
    is($browser->post("/mfa/setup?t=$token", [login => 'fred',
        password => 'x', t => $token, csrf => 'x'],
        Referer => "http://localhost:$h1/mfa/setup?t=$token")->status, 403,
       'a form, with all of its page\'s address');
    $browser->get('/', Referer => "http://localhost:$h1/mfa/setup?t=$token");

    my %limited = map {
        MFA::Browser->new(%at)->get("/mfa/password?t=$other")->status => 1
    } 1 .. 4;
    ok($limited{503}, 'refused by limit_req');
    is($browser->get("/mfa/setup?t=$token", 'X-Large' => 'x' x 40000)->status,
       400, 'refused by nginx while it reads: the access log');

    my $http2 = MFA::Http2->new($h2);
    my @ids = map { $http2->get($_, referer => "https://x/mfa/setup?t=$token") }
        "/mfa/setup?t=$token", "/mfa/setup?t=$token", '/',
        map { "/mfa/password?t=$other" } 1 .. 4;
    ok($http2->wait(20, @ids), 'the same over HTTP/2');
    is($http2->status($ids[0]), 200, '- the page');
    like($http2->answer($ids[0]), qr/value="\Q$token\E"/, '- that knows it');
    $http2->close;

    is($browser->get('/app/setup?t=abc')->body, 't=abc',
       'other addresses keep their query');

    my $logs = '';

    for my $file (glob $stage->dir . "/nginx0/*.log") {
        open my $in, '<', $file or next;
        local $/;
        $logs .= <$in>;
    }

    # What nginx says itself of a request that it could not read names it whole,
    # before any module is asked: README says so.
    my @lines = grep { !/client sent too long header line/ } split /\n/, $logs;

    ok(@lines > 20, 'there is something in the logs');
    ok((grep { m{GET /mfa/setup\?\*+ HTTP} } @lines), 'also of these requests');
    ok((grep { /limiting requests/ && m{/mfa/password\?\*+} } @lines),
       '- and of the refused ones');
    is(join("\n", grep { /\Q$token\E|\Q$other\E/ } @lines), '',
       'and no line has a token');
};


$stage->finish;
done_testing();
