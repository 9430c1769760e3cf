#!/usr/bin/perl

# mfa_verify: what another resource is told about somebody who wants to come in
# there.  Against two nginx with four workers each on one Redis: who is asked for
# a code, what counts as a question, that limits and used codes are those of the
# login pages, and that a store that is away lets nobody in.
#
# When this fails, codes can be guessed where the login page no longer takes
# them, a code opens the portal and a shell, or a shell opens without one.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;

use MFA::Env;
use MFA::Journey;
use MFA::Judge;

my $stage = MFA::Journey->new(
    workers   => 4,
    instances => 2,
    locations => <<'EOC',
location = /verify { mfa_verify PORTAL; }
location /noname/ {
    mfa_verify PORTAL;
    if ($arg_if) { add_header X-If yes always; }
    limit_except POST { deny all; }
}
location /aim/ { mfa off; auth_request /verify; proxy_pass http://site; }
EOC
    portals   => {
        user => 'session max=1000;
                 limit password=5/15m code=5/15m address=30/10m;',
        wide => 'session max=1000;
                 limit password=1000/15m code=1000/15m address=10000/10m;',
    });

my @wide = (portal => 'wide');
my %json = ('Content-Type' => 'application/json', Accept => undef);

sub totp  { return MFA::Journey::totp(@_) }
sub wrong { return MFA::Journey::wrong_code(@_) }


# Strings only, and none that needs more than this.
sub json {
    my (@members) = @_;
    my @pairs;

    while (my ($name, $value) = splice @members, 0, 2) {
        $value =~ s/(["\\])/\\$1/g;
        push @pairs, "\"$name\":\"$value\"";
    }

    return '{' . join(',', @pairs) . '}';
}


sub post {
    my ($browser, $body, %headers) = @_;

    return $browser->request('POST', '/verify', body => $body,
                             headers => { %json, %headers });
}


# "200 ok asked", "403 refused": status and what the JSON says.
sub told {
    my ($answer) = @_;
    my ($result) = $answer->body =~ /\A\{"result":"(\w+)"[^{}]*\}\n\z/;

    return join ' ', grep { defined } $answer->status, $result,
        $answer->body =~ /"asked":true/ ? 'asked'
        : $answer->body =~ /"asked":false/ ? 'not asked' : undef;
}


# Asks about somebody on the portal without limits to speak of.
sub ask  { return told(post($stage->browser(@wide), json(@_))) }
sub asks { return told(post($stage->browser, json(@_))) }


# Somebody whose key has seen a second code.
sub validated {
    my ($portal, $login) = @_;
    my $key = $stage->enrolled($portal, $login);

    $stage->enter($stage->browser(portal => $portal), $login, $key);
    $stage->unspend($portal, $login);
    die 'not validated'
        unless $stage->account_get($portal, $login, 'validated');

    return $key;
}


my $password = $stage->password;
my $alice = validated('wide', 'alice');
my $bobby = $stage->enrolled('wide', 'bobby');

$stage->account('wide', 'carol');
$stage->account('wide', 'late', options => ['--require-mfa', '--grace', '1d']);
$stage->account_set('wide', 'late', deadline => time - 60);
$stage->account('wide', 'gone');
$stage->admin('account', 'disable', 'wide', 'gone');


subtest 'Only who has a validated key is asked for a code (feature 001-09, '
    . '001-10, 001-12)' => sub
{
    MFA::Journey::settle(10);

    for my $case (
        ['200 ok not asked', 'carol has no key', login => 'carol'],
        ['200 ok not asked', 'with her password', login => 'carol',
            password => $password],
        ['200 ok not asked', 'bobby\'s key has seen one code (feature 001-11)',
            login => 'bobby'],
        ['200 ok not asked', 'what he types is not looked at',
            login => 'bobby', code => '000000'],
        ['200 ok not asked', 'late is locked out of the portal, not of this',
            login => 'late', password => $password],
        ['401 code', 'alice\'s key is validated', login => 'alice'],
        ['401 code', 'her password is not enough', login => ' ALICE ',
            password => $password],
        ['403 refused', 'a wrong code', login => 'alice', code => wrong($alice)],
        ['403 refused', 'no code', login => 'alice', code => ''],
        ['403 refused', 'a right code with a wrong password', login => 'alice',
            password => 'x', code => totp($alice)],
        ['403 refused', 'a wrong password', login => 'carol', password => 'x'],
        ['403 refused', 'an empty one', login => 'carol', password => ''],
        ['403 refused', 'nobody', login => 'nobody'],
        ['403 refused', 'nobody with a password', login => 'nobody',
            password => $password],
        ['403 refused', 'no name at all', login => 'a b'],
        ['403 refused', 'an empty one', login => ''],
        ['403 refused', 'an account that is disabled', login => 'gone'],
        ['403 refused', 'and its password', login => 'gone',
            password => $password],
        ['200 ok asked', 'the right code', login => 'alice',
            password => $password, code => totp($alice)],
    ) {
        my ($expected, $title, @members) = @$case;
        is(ask(@members), $expected, $title);
    }

    is($stage->visitor('late', @wide)->get('/app')->story,
       '303 /mfa/locked?next=/app', 'late is locked out of the portal');
};


subtest 'Everything that is wrong has one answer (security 4)' => sub {
    my %bytes;

    for my $members ([login => 'alice', password => 'x'],
                     [login => 'nobody', password => 'x'], [login => 'nobody'],
                     [login => 'gone', password => $password],
                     [login => 'gone'], [login => 'alice', code => '12345'])
    {
        my $answer = post($stage->browser(@wide), json(@$members));
        $bytes{$answer->bytes} = 1;
        is($answer->header('Cache-Control'), 'no-store', 'it is kept nowhere');
        is(scalar $answer->headers('Set-Cookie'), 0, 'no cookie');
        is(scalar(grep { $_->[0] =~ /^Access-Control/i }
                  @{ $answer->{headers} }), 0, 'no other site is let in');
    }

    is(scalar keys %bytes, 1, 'byte for byte');
};


# What is sent, the status, and a word of the answer.
subtest 'What is no question is refused clearly' => sub {
    my $big = 'x' x 8192;
    my $charged = $stage->redis('DBSIZE');

    for my $case (
        ['no JSON at all',        'login=alice', 400, 'no JSON object'],
        ['nothing',               '', 400, 'no JSON object'],
        ['an array',              '["alice"]', 400, 'no JSON object'],
        ['a string',              '"alice"', 400, 'no JSON object'],
        ['something behind it',   '{"login":"alice"} x', 400, 'no JSON object'],
        ['two of them',           '{"login":"alice"}{}', 400, 'no JSON object'],
        ['cut off',               '{"login":"alice"', 400, 'no JSON object'],
        ['a member twice',        '{"login":"bobby","login":"alice"}', 400,
            'no JSON object'],
        ['twice, once escaped',   '{"login":"bobby","\u006cogin":"alice"}', 400,
            'no JSON object'],
        ['bytes that are no UTF-8', "{\"login\":\"\xff\"}", 400,
            'no JSON object'],
        ['half a surrogate',      '{"login":"\ud800"}', 400, 'no JSON object'],
        ['a zero byte',           "{\"login\":\"alice\0\"}", 400,
            'no JSON object'],
        ['a zero byte, escaped',  '{"login":"alice\u0000"}', 400,
            'no JSON object'],
        ['deep',                  '[' x 3000 . ']' x 3000, 400,
            'no JSON object'],
        ['wide',                  '[' . '[],' x 2700 . '[]]', 400,
            'no JSON object'],
        ['no member',             '{}', 400, 'login is missing'],
        ['no login',              '{"code":"123456"}', 400, 'login is missing'],
        ['a member nobody knows', '{"login":"alice","user":"x"}', 400,
            'Members are'],
        ['in capitals',           '{"Login":"alice"}', 400, 'Members are'],
        ['a zero in its name',    '{"login\u0000":"alice"}', 400,
            'no JSON object'],
        ['a number',              '{"login":"alice","code":123456}', 400,
            'no string'],
        ['null',                  '{"login":"alice","code":null}', 400,
            'no string'],
        ['a list',                '{"login":["alice"]}', 400, 'no string'],
        ['an object',             '{"login":{"a":"b"}}', 400, 'no string'],
        ['true',                  '{"login":true}', 400, 'no string'],
        (map { ["the address $_", json(login => 'alice', address => $_), 400,
                'no IP address'] }
            '', 'localhost', '127.0.0.1:80', '1.2.3', '1.2.3.4.5', '1.2.3.256',
            '[::1]', '::1%lo', 'fe80::1%eth0', '10.0.0.0/8', 'unix:', ' ::1'),
        ['too much', json(login => 'alice', code => $big), 413, 'too large'],
        ['far too much', json(login => $big x 4), 413, ''],
    ) {
        my ($title, $body, $status, $text) = @$case;
        my $answer = post($stage->browser(@wide), $body);

        is($answer->status, $status, $title);
        next if $text eq '';
        like($answer->body, qr/"title":"[^"]*\Q$text\E/, "$title: it says why");
        like($answer->header('Content-Type'), qr{^application/problem\+json\b},
             "$title: as a problem document");
    }

    for my $type (undef, '', 'application/x-www-form-urlencoded', 'text/plain',
                  'application/jsonp', 'application/json5, text/plain',
                  'multipart/form-data')
    {
        is(post($stage->browser(@wide), json(login => 'carol'),
                'Content-Type' => $type)->status, 415,
           'the type ' . ($type // 'left out'));
    }

    for my $type ('application/json; charset=utf-8', 'Application/JSON') {
        is(told(post($stage->browser(@wide), json(login => 'carol'),
                     'Content-Type' => $type)), '200 ok not asked',
           "the type $type");
    }

    for my $method (qw(GET HEAD PUT DELETE PATCH OPTIONS PROPFIND)) {
        my $answer = $stage->browser(@wide)->request($method, '/verify',
            $method =~ /GET|HEAD/ ? (headers => \%json)
            : (body => json(login => 'carol'), headers => \%json));
        is($answer->status, 405, $method);
        is($answer->header('Allow'), 'POST', "$method: what is allowed");
    }

    is(told(post($stage->browser(@wide),
                 ' { "login" : "\u0063arol" , "password" : "x" } ')),
       '403 refused', 'escapes and blanks are JSON');
    is($stage->redis('DBSIZE'), $charged, 'nothing but known names came of it');
};


subtest 'A body in pieces, and one that never ends' => sub {
    my $browser = $stage->browser(@wide);
    my $chunked = sub {
        return $browser->request('POST', '/verify', headers => { %json,
            'Transfer-Encoding' => 'chunked', 'Content-Length' => undef },
            body => join('', map { sprintf "%x\r\n%s\r\n", length, $_ } @_)
                    . "0\r\n\r\n");
    };

    is(told($chunked->(split //, json(login => 'carol'))), '200 ok not asked',
       'byte for byte');
    is($chunked->(json(login => 'carol', code => 'x' x 9000))->status, 413,
       'too large');
    is($chunked->(('x' x 4000) x 20)->status, 413, 'far too large');
};


# Whoever can make a browser post could guess from everybody's browser.
subtest 'It is not for browsers (security 48)' => sub {
    for my $headers ([Origin => 'http://evil.example'], [Origin => 'null'],
                     [Origin => 'http://localhost'],
                     ['Sec-Fetch-Site' => 'cross-site'],
                     ['Sec-Fetch-Site' => 'same-origin'],
                     ['Sec-Fetch-Site' => 'none'])
    {
        is(post($stage->browser(@wide), json(login => 'carol'), @$headers)
           ->status, 403, "@$headers");
    }
};


subtest 'A location inside it is the same place' => sub {
    my $there = sub {
        my ($query, $method) = @_;
        return $stage->browser(@wide)->request($method || 'POST',
            "/noname/$query", body => json(login => 'alice'),
            headers => \%json);
    };

    is(told($there->('')), '401 code', 'around them');
    is(told($there->('?if=1')), '401 code', 'inside "if"');
    is($there->('', 'GET')->status, 403, 'outside "limit_except"');
    isnt($stage->browser(@wide)->get('/aim/x')->status, 200,
         'a subrequest asks nothing (security 61)');
};


# --- shared with the pages ---

my $victor = validated('user', 'victor');

subtest 'Wrong codes count for the pages and the other way round (security 14, '
    . '107)' => sub
{
    my $browser = $stage->visitor('victor');
    my $bad = wrong($victor);

    is(asks(login => 'victor', code => $bad, address => '127.0.9.1'),
       '403 refused', "wrong code $_ by a resource") for 1 .. 3;
    is($browser->submit('/mfa/code', '/mfa/code', code => $bad)->story,
       '401 code code', "wrong code $_ on the page") for 4, 5;
    is($browser->submit('/mfa/code', '/mfa/code', code => totp($victor))->story,
       '429 code limited', 'then the right one is none on the page');

    my $answer = post($stage->browser(instance => 1),
        json(login => 'victor', code => totp($victor), address => '::9'));
    is(told($answer), '429 limited',
       'nor by a resource, on another host and for another address');
    cmp_ok($answer->header('Retry-After'), '<=', 900, 'for so many seconds');
    cmp_ok($answer->header('Retry-After'), '>', 800, 'and not fewer');
    is(asks(login => 'victor'), '401 code', 'who is asked is told all the same');

    $stage->admin('mfa', 'unlock', 'user', 'victor');
    is(asks(login => 'victor', code => totp($victor)), '200 ok asked',
       'until an admin unlocks');
    is($stage->redis('EXISTS', 'mfa:fail:code:user:victor'), 0,
       'what was right is forgiven');
};


subtest 'Passwords likewise, for the address the resource names (security 107, '
    . '110)' => sub
{
    $stage->account('user', 'wanda');

    is(asks(login => 'wanda', password => "guess $_", address => '127.0.8.1'),
       '403 refused', "guess $_") for 1 .. 5;
    is(asks(login => 'wanda', password => $password, address => '127.0.8.1'),
       '429 limited', 'the sixth is not looked at');
    is(asks(login => 'wanda', password => $password,
            address => '::ffff:127.0.8.1'), '429 limited',
       'under another spelling of the address');

    my $browser = $stage->browser(address => '127.0.8.1');
    is($stage->login($browser, 'wanda')->story, '429 login limited',
       'nor on the login page from there');
    is(asks(login => 'wanda', password => $password, address => '127.0.8.2'),
       '200 ok not asked', 'from elsewhere it is');

    my ($event) = $stage->audit('user', event => 'verify', result => 'limited');
    is($event->{address}, '127.0.8.1', 'the address is in the audit');
    is($stage->redis('EXISTS', 'mfa:known:user:wanda:127.0.8.2'), 1,
       'and known from then on');
};


subtest 'A network asks for so many names; IPv6 by its /64 (security 109)' =>
    sub
{
    asks(login => "guess$_", address => "2001:db8:0:7::$_") for 1 .. 30;
    is(asks(login => 'wanda', address => '2001:DB8:0:7:1::1'), '429 limited',
       'another address of the network');
    is(asks(login => 'wanda', address => '2001:db8:0:8::1'),
       '200 ok not asked', 'another network');
};


subtest 'A code is good once for everything (security 11)' => sub {
    MFA::Journey::settle(15);
    $stage->unspend('wide', 'alice');
    my $code = totp($alice);
    my @browsers = map { $stage->browser(@wide, instance => $_ % 2) } 1 .. 20;
    my %n;

    $n{told($_)}++ for MFA::Browser::together(map {
        [$_, 'POST', '/verify', headers => \%json,
         body => json(login => 'alice', code => $code)]
    } @browsers);

    is_deeply(\%n, { '200 ok asked' => 1, '403 refused' => 19 },
              'of twenty at once on two hosts one is let in');
    is($stage->enter($stage->browser(@wide), 'alice', $alice)->story,
       '401 code code', 'the portal does not take it then');
    is(ask(login => 'alice', code => totp($alice, -1)), '403 refused',
       'nor is an older one any good');

    is($stage->enter($stage->browser(@wide), 'alice', $alice, 1)->story,
       '303 /', 'the portal takes the next');
    is(ask(login => 'alice', code => totp($alice, 1)), '403 refused',
       'which a resource does not take then');

    my @sessions = $stage->keys_of('mfa:session:*');
    $stage->unspend('wide', 'alice');
    is(ask(login => 'alice', password => $password, code => totp($alice)),
       '200 ok asked', 'whoever is let in');
    is_deeply([$stage->keys_of('mfa:session:*')], \@sessions,
              'gets no session by it');
};


subtest 'It is audited as logins are (feature 100-11)' => sub {
    my %n;

    $n{"$_->{result} " . ($_->{reason} // '')}++
        for $stage->audit('wide', event => 'verify');

    ok($n{$_}, $_) for 'ok ', 'ok not asked', 'refused code',
        'refused credentials', 'refused account', 'refused replayed', 'code ';
};


subtest 'A damaged factor lets nobody in and alarms (security 21)' => sub {
    my $damaged = validated('wide', 'eve');

    $stage->account_set('wide', 'eve', secret => 'garbage');
    is(ask(login => 'eve', code => totp($damaged)), '403 refused', 'garbage');
    $stage->redis('HDEL', 'mfa:{wide}:account:eve', 'secret');
    is(ask(login => 'eve'), '403 refused', 'gone');
    my @alarms = grep { /\[error\].*(?:secret|factor)/ }
                 split /\n/, $stage->log_text;
    cmp_ok(scalar @alarms, '>=', 2, 'an alarm for each');
};


subtest 'No secret is in the logs (security 92)' => sub {
    unlike($stage->log_text, qr/\Q$password\E/, 'no password');
};


subtest 'A store that is away lets nobody in' => sub {
    my $redis = $stage->{env}->redis;
    my $dead = $stage->browser(@wide);

    $redis->stop;

    for my $members ([login => 'carol'], [login => 'alice', code => '000000'],
                     [login => 'carol', password => $password])
    {
        my $answer = post($dead, json(@$members));
        is(told($answer), '503 unavailable', "@$members[0, 1]");
        is($answer->header('Retry-After'), 2, 'try again');
    }
};


$stage->finish;


# --- configurations ---

my $env = MFA::Env->start;
my $judge = MFA::Judge->new($env);

sub with {
    my ($text) = @_;

    return (server => "listen 127.0.0.1:8080;\n$text");
}

$judge->accepted('mfa_verify where nothing is gated',
                 with('location = /verify { mfa_verify user; }'));
$judge->accepted('below a gate', with('mfa user; location /mfa/ { mfa_pages; } '
                 . 'location = /verify { mfa_verify admin; }'));
$judge->accepted('with "mfa off"',
                 with('location = /verify { mfa off; mfa_verify user; }'));
$judge->refused('of a portal nobody made', 'unknown portal "guest"',
                with('location = /verify { mfa_verify guest; # HERE' . "\n}"));
$judge->refused('without a portal', 'invalid number of arguments',
                with('location = /verify { mfa_verify; # HERE' . "\n}"));
$judge->refused('twice', 'is duplicate',
                with('location = /verify { mfa_verify user; mfa_verify user; # '
                     . "HERE\n}"));
$judge->refused('in a server', 'is not allowed here',
                with('mfa_verify user; # HERE'));
$judge->refused('beside a gate', 'who asks has no session',
                with('location /mfa/ { mfa user; mfa_pages; } location = '
                     . "/verify { mfa user; mfa_verify user; # HERE\n}"));
$judge->refused('beside pages', 'already has a handler',
                with('location /mfa/ { mfa user; mfa_pages; mfa_verify user; # '
                     . "HERE\n}"));
$judge->refused('with another handler behind it', 'another handler takes',
                with('location = /verify { mfa_verify user; # HERE' . "\n"
                     . 'proxy_pass http://127.0.0.1:1; }'));

for my $case (['8080', 1], ['0.0.0.0:8080', 1], ['[::]:8080', 1],
              ['127.0.0.1:8080', 0], ['[::1]:8080', 0],
              ['unix:' . $env->dir . '/verify.sock', 0])
{
    my ($listen, $warns) = @$case;
    my ($status, $said) = MFA::Nginx::judge($env->dir, $judge->configuration(
        server => "listen $listen;\nlocation = /verify { mfa_verify user; }"));

    is($status, 0, "listen $listen: taken");
    is($said =~ /\[warn\].*mfa_verify.*neither https nor local.*judge.conf:\d/
       ? 1 : 0, $warns, "listen $listen: " . ($warns ? 'warned' : 'no warning'));
}

done_testing;
