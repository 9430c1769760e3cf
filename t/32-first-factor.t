#!/usr/bin/perl

# First factors that are not a local password.  A location that is asked
# (first_factor request=): what its answers mean, what it is sent, that whatever is
# neither right nor wrong lets nobody in and is never called a wrong password.  An
# identity nginx has verified (identity=): whose session it makes.  Accounts made
# at their first login (provision=on), once, however many come at a time.
#
# When this fails, a dead directory lets people in or locks them out, a password
# or a cookie goes where it must not, or one person gets another's session.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use File::Temp;
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64);
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes qw(sleep time);

use MFA::Directory;
use MFA::Http2;
use MFA::Journey;
use MFA::Worker;

my $directory = MFA::Directory->start;
my $own = File::Temp->newdir('mfa-first-XXXXXX', TMPDIR => 1);
chmod 0755, "$own";

MFA::Nginx::write_file("$own/users", join '', map {
    "$_:" . crypt("pw-$_", '$1$stagehan$') . "\n" }
    'odd,one', qw(ida Ivan nobody off quinn));

my $request = <<"END";
location = /check {
    internal;
    mfa off;
    proxy_pass http://directory;
    proxy_read_timeout 1s;
}
error_page 500 502 504 =200 /sorry;
location = /sorry { mfa off; proxy_pass http://site; }
location = /yes { internal; mfa off; proxy_pass http://site; }
location = /verify { mfa_verify user; }
END
MFA::Nginx::write_file("$own/user.conf", $request);
MFA::Nginx::write_file("$own/made.conf", $request);
my $basic = "auth_basic who; auth_basic_user_file $own/users;\n";
MFA::Nginx::write_file("$own/who.conf",
                       "$basic\nlocation = /verify { mfa_verify who; }");
MFA::Nginx::write_file("$own/new.conf", $basic);
MFA::Nginx::write_file("$own/gated.conf",
    'location ~ ^/gated$ { internal; proxy_pass http://directory; }');
MFA::Nginx::write_file("$own/public.conf",
    'location ~ ^/public$ { mfa off; proxy_pass http://directory; }');

my $wide = 'session max=1000; limit password=1000/15m code=1000/15m '
    . 'address=10000/10m;';

my $stage = MFA::Journey->new(
    workers   => 4,
    instances => 2,
    http      => 'upstream directory { server unix:' . $directory->socket
        . "; }\n" . <<"END",
server {
    listen 127.0.0.1:PORT2 http2;
    server_name localhost;
    mfa user;
    location / { proxy_pass http://site; }
    location /mfa/ { mfa_pages; }
    $request
}
END
    locations => "include $own/PORTAL.conf;",
    portals   => {
        user   => "first_factor request=/check; $wide",
        made   => "first_factor request=/check provision=on; require all; "
                  . "grace 2d; $wide",
        gated  => "first_factor request=/gated; $wide",
        public => "first_factor request=/public; $wide",
        who    => 'first_factor identity=$remote_user; session max=5;',
        new    => 'first_factor identity=$remote_user provision=on; '
                  . "require new_since=2020-01-01; $wide",
    });


# One login with a password of the directory's.
sub login {
    my ($login, $password, %opt) = @_;

    return $stage->login($stage->browser(%opt), $login, $password);
}


# A browser that says to nginx who it is.
sub known_as {
    my ($login, %opt) = @_;

    return $stage->browser(portal => 'who', %opt, headers => {
        Authorization => 'Basic ' . encode_base64("$login:pw-$login", '') });
}


$stage->account('user', 'alice');
my $key = do {
    # Set up while the record is as good as the directory.
    my $browser = $stage->browser;
    $stage->login($browser, 'alice', '200');
    $stage->enrol($browser);
};
$stage->unspend('user', 'alice');
$stage->account('user', 'bob');
$stage->account('user', 'gone');
$stage->admin('account', 'disable', 'user', 'gone');


subtest 'Other resources are told what the outside says, too (security 107)' => sub
{
    my $ask = sub {
        my ($browser, $login, $password) = @_;

        return $browser->request('POST', '/verify',
            body    => qq({"login":"$login","password":"$password"}),
            headers => { 'Content-Type' => 'application/json' })->status;
    };
    my %means = (200 => 200, 204 => 200, 401 => 403, 403 => 403, 302 => 503,
                 500 => 503, slow => 503);

    is($ask->($stage->browser, 'bob', $_), $means{$_}, "it says $_: $means{$_}")
        for sort keys %means;

    is($ask->($stage->browser, 'bob', ''), 403, 'nothing is no password');
    is($ask->($stage->browser, 'gone', 200), 403, 'disabled here');
    is($ask->($stage->browser, 'stranger', 200), 403, 'no account here');

    is($ask->(known_as('ida'), 'ida', $stage->password), 403,
       'where no password is asked for, none is right');
};


subtest '2xx is right, 401 and 403 are wrong, anything else is 503 (security 56)'
    => sub
{
    my %means = (
        '200' => '303 /', '204' => '303 /', '299' => '303 /',
        '401' => '401 login credentials', '403' => '401 login credentials',
        map { $_ => '503 unavailable unavailable' }
            qw(302 304 400 404 418 429 500 502 503 dead slow away),
    );

    for my $password (sort keys %means) {
        my $browser = $stage->browser;
        my $answer = $stage->login($browser, 'bob', $password);
        my $right = $means{$password} =~ /^303/;

        is($answer->story, $means{$password}, "the location says $password");
        unlike($answer->bytes, qr/directory/i,
               '... of which the client sees nothing');
        is($browser->get('/app')->status, $right ? 200 : 303,
           $right ? '... in' : '... and stays out');
        ok($answer->header('Retry-After'), '... later') if $answer->status == 503;
    }

    is(login('bob', '200-half')->story, '303 /', 'the body is not waited for');
    is(login('alice', '200')->story, '303 /mfa/code',
       'whoever has a factor is asked for a code');
    is(login('bob', $stage->password)->story, '401 login credentials',
       'a local record counts for nothing');
};


subtest 'A directory that is not there is no wrong password (security 115)' => sub {
    $directory->stop;
    is(login('bob', '200')->story, '503 unavailable unavailable',
       'no connection');
    $directory->open;
    is(login('bob', '200')->story, '303 /', 'and it is back');
};


subtest 'A location that is gated, or open to anybody, is no answer (security 107)'
    => sub
{
    for my $portal (qw(gated public)) {
        $stage->account($portal, 'bob');
        is(login('bob', $_, portal => $portal)->story,
           '503 unavailable unavailable', "$portal, $_") for qw(200 401);
    }

    like($stage->log_text, qr/request=\/gated is gated/, 'the log says why');
    like($stage->log_text, qr/request=\/public is not "internal"/, 'both times');
    is($stage->browser->get('/check')->status, 404,
       'from outside there is no such place');
};


subtest 'What is sent: login and password, and nothing of the client\'s (security '
    . '46, 75)' => sub
{
    my $browser = $stage->browser(headers => {
        'Remote-User' => 'root', 'X-Mine' => 'mine', 'Range' => 'bytes=0-1',
        'Accept-Encoding' => 'gzip' }, agent => 'Mine/1.0');
    my $password = "200-\x{c3}\x{a4}&login=root=%41+ \"'/?";

    $browser->{cookies}{other} = 'mine';
    $directory->forget;
    is($stage->login($browser, ' ALICE ', $password)->story, '303 /mfa/code',
       'right');

    my ($asked, @more) = $directory->asked;
    is(scalar @more, 0, 'one question');
    my ($head, $body) = split /\r\n\r\n/, $asked, 2;

    like($head, qr{\APOST /check HTTP/1\.[01]\r\n}, 'a POST');
    like($head, qr/^Content-Type: application\/x-www-form-urlencoded\r?$/m,
         'a form');
    like($head, qr/^Content-Length: @{[ length $body ]}\r?$/m,
         'its own length, once');
    is(() = $head =~ /^Content-Length/mig, 1, '... and once only');
    unlike($head, qr/^(?:Cookie|Remote-|X-Mine|Range|Accept|User-Agent|Referer)/mi,
           'no cookie, no header of the client');
    unlike($asked, qr/mine|csrf|mfa_user/i, 'nothing else of it');

    my @pairs = split /&/, $body;
    is(scalar @pairs, 2, 'two fields, whatever is typed');
    is($pairs[0], 'login=alice', 'the canonical login');
    s/%([0-9A-F]{2})/chr hex $1/ge for @pairs;
    is($pairs[1], "password=$password", 'and the password, byte for byte');

    $directory->forget;
    is(login('bob', '')->story, '401 login credentials', 'an empty password');
    is(login('no name!', '200')->story, '401 login credentials', 'no name');
    is(scalar(my @none = $directory->asked), 0, 'are not asked about');
    is(login('bob', '200' . 'x' x 509)->story, '401 login credentials',
       'nor one that is too long');
};


subtest 'Unknown, disabled, wrong: the same answer, the same question (security 4)'
    => sub
{
    my %said;

    for my $case (['unknown', 'stranger', '200'], ['disabled', 'gone', '200'],
                  ['wrong', 'bob', '401'], ['unknown and wrong', 'nobody', '401'])
    {
        my ($name, @try) = @$case;

        $directory->forget;
        my $answer = login(@try);
        is($answer->story, '401 login credentials', $name);
        is(scalar(my @asked = $directory->asked), 1, '... is asked about once');

        (my $body = $answer->body) =~ s/value="[^"]*"//g;
        $said{ $answer->status . $body } = 1;
    }

    is(scalar keys %said, 1, 'byte for byte');
    is(scalar $stage->audit('user', event => 'login', reason => 'no account'), 1,
       'the audit knows');
};


subtest 'Attempts are charged before anybody is asked (security 14, 107)' => sub {
    $directory->forget;
    login('limited', '401', address => '127.0.0.77') for 1 .. 3;
    my @keys = grep { /limited/ } $stage->keys_of('mfa:fail:*');
    cmp_ok(scalar @keys, '>=', 2, 'by account, from here and from anywhere');
    $stage->redis('SET', $_, 100000, 'KEEPTTL') for @keys;
    is(login('limited', '200', address => '127.0.0.77')->status, 429,
       'over the limit');
    is(scalar(my @asked = $directory->asked), 3, 'nobody is asked');
};


subtest 'provision=on: the first right login makes the account, once (security 6)'
    => sub
{
    my @made = (portal => 'made');

    is(login('carla', '401', @made)->story, '401 login credentials', 'wrong');
    is(login('carla', '500', @made)->story, '503 unavailable unavailable',
       'not to be told');
    is($stage->account_get('made', 'carla', 'created'), undef, 'make none');

    my @browsers = map {
        my $browser = $stage->browser(@made, instance => $_ % 2);
        $browser->get('/mfa/login');
        $browser;
    } 1 .. 40;
    my %n;

    $n{ $_->story }++ for MFA::Browser::together(map {
        [$_, 'POST', '/mfa/login', body => MFA::Browser::form(
            csrf => $_->csrf, login => 'Carla', password => '200')]
    } @browsers);

    is($n{'303 /mfa/enrol'}, 40, 'forty at once through two nginx get in')
        or diag(explain(\%n));
    is(scalar $stage->audit('made', event => 'add', login => 'carla'), 1,
       'and one account is made');
    is(scalar(grep { $_->get('/app')->location =~ /enrol/ } @browsers), 40,
       'their sessions are all of it');
    is($stage->redis('ZSCORE', 'mfa:{made}:accounts', 'carla'), 0,
       'it is in the list');

    my $deadline = $stage->account_get('made', 'carla', 'deadline');
    cmp_ok(abs($deadline - time - 2 * 86400), '<', 120,
           'require all and its grace hold for it');
    is($stage->redis('ZSCORE', 'mfa:{made}:unenrolled', 'carla'), $deadline,
       'also in the list of who has to set up');

    $stage->account('made', 'dora', options => ['--name', 'Dora']);
    my @before = @{ $stage->redis('HGETALL', 'mfa:{made}:account:dora') };
    is(login('dora', '200', @made)->story, '303 /mfa/enrol', 'one that is there');
    is_deeply([@{ $stage->redis('HGETALL', 'mfa:{made}:account:dora') }],
              \@before, 'stays as it is');

    $stage->admin('account', 'disable', 'made', 'dora');
    is(login('dora', '200', @made)->story, '401 login credentials',
       'and disabled when it is');
    is(login('eve', '200')->story, '401 login credentials',
       'without provision=on there is no new one');
    is($stage->account_get('user', 'eve', 'created'), undef, '... at all');
};


subtest 'identity=: whom nginx has verified gets a session and goes on (design 6)'
    => sub
{
    $stage->account('who', $_) for qw(ida ivan off);
    $stage->admin('account', 'disable', 'who', 'off');

    my $ida = known_as('ida');
    is($ida->get('/app?a=b')->story, '303 /mfa/login?next=/app%3Fa%3Db',
       'the gate leads to the login page');
    is($ida->get('/mfa/login?next=/app%3Fa%3Db')->story, '303 /app?a=b',
       'which leads back');
    like($ida->get('/app')->body, qr/user=ida level=password/, 'with a session');
    is(scalar(my @one = $stage->sessions('who', 'ida')), 1, 'one');
    is($ida->get('/mfa/login')->story, '303 /', 'the page again');
    is(scalar(@one = $stage->sessions('who', 'ida')), 1, '... makes no other');
    is(scalar $stage->audit('who', event => 'login', result => 'ok',
                            login => 'ida'), 1, 'it is on record');

    my $answer = $ida->post('/mfa/login', [login => 'ida', password => 'x']);
    is($answer->status, 405, 'a form cannot be posted');
    is($answer->header('Allow'), 'GET, HEAD', '... and is told so');

    like(do { my $b = known_as('Ivan'); $b->get('/mfa/login');
              $b->get('/app')->body }, qr/user=ivan /,
         'the login is canonical (security 6)');

    my $key = $stage->enrol($ida);
    $stage->unspend('who', 'ida');
    my $again = known_as('ida');
    is($again->get('/mfa/login')->story, '303 /', 'whoever has a factor');
    is($again->get('/app')->location, '/mfa/code?next=/app',
       '... is asked for the code by the gate');
    is($again->get('/mfa/login?next=/app')->location, '/mfa/code?next=/app',
       '... and by the page');
    is($again->submit('/mfa/code', '/mfa/code',
                      code => MFA::Journey::totp($key))->story, '303 /', 'in');
};


subtest 'identity=: nobody, somebody unknown, no navigation: 403 and no loop '
    . '(security 54)' => sub
{
    my %why = ('odd,one' => 'no login', nobody => 'no account', off => 'disabled');

    for my $login (sort keys %why) {
        my $browser = known_as($login);

        is($browser->get('/mfa/login?next=/app')->story, '403 error no-account',
           "$login: $why{$login}");
        is(scalar keys %{ $browser->{cookies} }, 0, '... no session');
        is(scalar $stage->audit('who', event => 'login',
                                reason => $why{$login}), 1, '... on record');
    }

    is($stage->browser(portal => 'who')->get('/mfa/login')->status, 401,
       'without a password nginx itself asks');

    my $image = known_as('Ivan');
    is($image->get('/mfa/login', 'Sec-Fetch-Mode' => 'no-cors')->story, '403 error forbidden', 'an image makes no session');
    is($image->send('HEAD', '/mfa/login')->receive->status, 403, 'nor does HEAD');
};


subtest 'identity=: a session is of whom nginx verifies now (security 26)' => sub {
    my $ida = known_as('ida');
    $ida->get('/mfa/login');
    my $was = $ida->cookie('mfa_who');
    my $ivan = known_as('Ivan', cookies => { %{ $ida->{cookies} } });

    is($ivan->get('/mfa/code')->location, '/mfa/login',
       'the pages do not go on with another person\'s');
    is($ivan->get('/mfa/login')->story, '303 /', 'but make a new one');
    isnt($ivan->cookie('mfa_who'), $was, '... under another id');
    like($ivan->get('/app')->body, qr/user=ivan /, '... of the new person');
    is($ida->get('/mfa/security')->location, '/mfa/login',
       'the one before is over');
};


subtest 'identity=: logging out stays so until the person goes on (security 35)'
    => sub
{
    $stage->account('who', 'quinn');
    my $browser = known_as('quinn');
    $browser->get('/mfa/login');
    like($browser->get('/mfa/enrol')->body, qr/Protect your account with a second proof of who/,
         'the set-up speaks of no password');
    unlike($browser->get('/mfa/enrol')->body =~ s/<footer.*//sr,
           qr/besides your password/, '... at all');

    is($browser->submit('/mfa/security', '/mfa/logout')->story,
       '303 /mfa/logged-out', 'logged out, to a page of its own');
    is(scalar(my @open = $stage->sessions('who', 'quinn')), 0, 'it is over');

    my $page = $browser->get('/mfa/logged-out');
    is($page->story, '200 logged-out', 'which is shown');
    like($page->body, qr{<a class="button" href="/mfa/login">Log in again</a>},
         'with the way in');
    unlike($page->body, qr/http-equiv/i, '... for the person to take');
    is($page->header('Refresh'), undef, '... and nobody else');
    is(scalar(@open = $stage->sessions('who', 'quinn')), 0, 'nobody is let in');
    is($browser->get('/mfa/login')->story, '303 /', 'the link lets in');
    is($browser->get('/mfa/logged-out')->story, '303 /',
       'who is in is not told to be out');
};


subtest 'identity= with provision=on (security 6)' => sub {
    my $ida = known_as('ida', portal => 'new');

    is($ida->get('/mfa/login')->story, '303 /', 'in');
    is($ida->get('/app')->location, '/mfa/enrol?next=/app',
       'new_since holds for it');
    is(scalar $stage->audit('new', event => 'add', login => 'ida'), 1, 'made');
    is(known_as('odd,one', portal => 'new')->get('/mfa/login')->story,
       '403 error no-account', 'what is no login makes none');
};


subtest 'Clients that vanish while somebody else is asked (security 111, trap 25)'
    => sub
{
    my @workers = map { MFA::Worker::of($_->pid) } @{ $stage->{nginx} };

    for my $round (1 .. 6) {
        my @socks;

        for my $n (1 .. 20) {
            my $browser = $stage->browser(instance => $n % 2);

            $browser->get('/mfa/login');
            $browser->send('POST', '/mfa/login', body => MFA::Browser::form(
                csrf => $browser->csrf, login => 'bob',
                password => $n % 3 ? 'slow' : '200'));
            push @socks, $browser->{socket};
        }

        sleep 0.02 * $round;

        for my $n (0 .. $#socks) {
            setsockopt $socks[$n], SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0
                if $n % 2;
            shutdown $socks[$n], 1 if $n % 3 == 0;
            close $socks[$n];
        }
    }

    is(login('bob', '200')->story, '303 /', 'whoever stays is let in');
    is_deeply([map { MFA::Worker::of($_->pid) } @{ $stage->{nginx} }],
              \@workers, 'by the same workers');
};


subtest 'Over HTTP/2, with streams that are reset meanwhile (security 70, trap 31)'
    => sub
{
    my $nginx = $stage->{nginx}[0];
    my @workers = MFA::Worker::of($nginx->pid);
    my $browser = $stage->browser;
    $browser->get('/mfa/login');

    my ($cookie) = map { "$_=$browser->{cookies}{$_}" }
        keys %{ $browser->{cookies} };
    my $ask = sub {
        my ($h2, $password) = @_;
        return $h2->send('POST', '/mfa/login', ':body' => MFA::Browser::form(
            csrf => $browser->csrf, login => 'bob', password => $password),
            'content-type' => 'application/x-www-form-urlencoded',
            cookie => $cookie);
    };

    for my $round (1 .. 4) {
        my $h2 = MFA::Http2->new($nginx->port(1));
        my %id = map { $_ => $ask->($h2, $_) } qw(200 401 500 slow);
        my @gone = map { $ask->($h2, $_ % 2 ? 'slow' : '200') } 1 .. 20;

        $h2->pump(0.02 * $round);
        $h2->reset($_) for @gone;
        MFA::Worker::until(sub {
            $h2->pump(0.05);
            return !grep { !$h2->ended($id{$_}) } keys %id;
        });
        is(join(' ', map { $h2->status($id{$_}) } sort keys %id),
           '303 401 503 503', 'right, wrong, neither, too late');

        $ask->($h2, 'slow') for 1 .. 10;
        $h2->pump(0.01);
        $h2->close;
    }

    is_deeply([MFA::Worker::of($nginx->pid)], \@workers, 'the same workers');
};


subtest 'No password is in a log (security 144)' => sub {
    unlike($stage->log_text, qr/200-half|&login=root|pw-ida/, 'none');
};


$stage->finish;

done_testing;
