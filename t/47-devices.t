#!/usr/bin/perl

# Trusted browsers (feature 100-04): after a code its owner may ask for no more
# codes in this browser for some days.  It stands in for the code, never for the
# password, is as old as the code it was given for, and ends with whatever changes
# the account; its owner sees and ends it.  Off unless the portal says otherwise
# (security 38).
#
# When this fails, a cookie is worth more than its owner was told: it opens what
# it was revoked for, for another account, another portal, after a reset, or it
# reaches somebody who can read it.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;

use MFA::Journey;

my $limits = 'limit password=1000/15m code=1000/15m address=10000/10m;';
my $stage = MFA::Journey->new(
    workers   => 2,
    locations => 'location /fresh/ { mfa PORTAL fresh=5m;
                                     proxy_pass http://site; }
                  location /age/ { proxy_set_header X-Age $mfa_code_age;
                                   proxy_pass http://age; }
                  location /sets/ { proxy_pass http://sets; }',
    http      => 'upstream age { server unix:SOCKET.age; }
                  server { listen unix:SOCKET.age;
                           location / { return 200 "age=$http_x_age\n"; } }
                  upstream sets { server unix:SOCKET.sets; }
                  server { listen unix:SOCKET.sets;
                      location / {
                          add_header Set-Cookie "mfa_user_device=planted";
                          add_header Set-Cookie "theirs=kept";
                          return 200; } }' =~
                  s/SOCKET/my $s = "\/tmp\/mfa-47-$$"; $s/ger,
    portals   => {
        user  => "session max=1000; remember_device 30d; locale en de fr;
                  $limits",
        plain => "session max=1000; $limits",
        other => "session max=1000; remember_device 12h; $limits",
    });

END { unlink glob "/tmp/mfa-47-$$.*" }

my $n = 0;


sub totp { return MFA::Journey::totp(@_) }


# Gives a code and asks for trust.
sub trust {
    my ($browser, $key) = @_;

    return $browser->submit('/mfa/code', '/mfa/code', code => totp($key),
                            remember => 1);
}


# An account and a browser that it trusts, logged out again.
sub trusted {
    my (%opt) = @_;
    my $portal = $opt{portal} || 'user';
    my $login = 'person' . ++$n;
    my $key = $stage->enrolled($portal, $login);
    my $browser = $stage->browser(portal => $portal, %opt);

    $stage->login($browser, $login);
    my $answer = trust($browser, $key);
    die 'no trust: ' . $answer->story if $answer->status != 303;
    $stage->unspend($portal, $login);
    $browser->forget("mfa_$portal");

    return ($browser, $login, $key);
}


sub device { return $_[0]->cookie($_[1] || 'mfa_user_device') }


subtest 'It is offered where the portal says so and nowhere else (security 38)'
    => sub
{
    my $key = $stage->enrolled('plain', 'alice');
    my $browser = $stage->browser(portal => 'plain');

    $stage->login($browser, 'alice');
    unlike($browser->get('/mfa/code')->body, qr/name="remember"/,
           'off by default');
    trust($browser, $key);
    is(device($browser, 'mfa_plain_device'), undef,
       'asking for it all the same brings nothing');
    is(scalar $stage->keys_of('mfa:{plain}:device*'), 0, 'nor keeps anything');

    $key = $stage->enrolled('user', 'alice');
    $browser = $stage->browser;
    $stage->login($browser, 'alice');
    like($browser->get('/mfa/code')->body,
         qr{<label class="check"><input type="checkbox" name="remember"[^>]*> <span>Trust this browser for 30 days</span>},
         'a checkbox, not ticked');
    $browser->post('/mfa/code', [csrf => $browser->csrf, code => totp($key)]);
    is(device($browser), undef, 'unticked, nothing is set');

    $browser = $stage->browser(portal => 'other');
    $stage->enrolled('other', 'alice');
    $stage->login($browser, 'alice');
    like($browser->get('/mfa/code')->body, qr/for 12 h</, 'hours are hours');
};


subtest 'A trusted browser asks for the password and not for the code '
    . '(feature 100-04)' => sub
{
    my $login = 'bobby';
    my $key = $stage->enrolled('user', $login);
    my $browser = $stage->browser(agent => 'Agent B');
    $stage->login($browser, $login);
    my $answer = trust($browser, $key);

    is($answer->story, '303 /', 'a code with the box ticked');
    my ($line) = grep { /_device=/ } $answer->headers('Set-Cookie');
    like($line, qr{^mfa_user_device=[\w-]{43}\.[\w-]+; Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000$},
         'sets a cookie');
    my $device = device($browser);
    my ($id) = split /\./, $device;

    my ($record) = map { $stage->redis('GET', $_) }
                   $stage->keys_of('mfa:{user}:device:*');
    is(index($record, $id), -1, 'the store keeps only its hash (security 29)');
    my ($key_name) = $stage->keys_of('mfa:{user}:device:*');
    cmp_ok($stage->redis('TTL', $key_name), '>', 2591000, 'with an end');
    is(scalar $stage->audit('user', event => 'device-trust', login => $login), 1,
       'that is on record');

    $browser->submit('/mfa/security', '/mfa/logout');
    is(device($browser), $device, 'logging out leaves the browser trusted');
    is($browser->get('/app')->story, '303 /mfa/login?next=/app',
       'the cookie alone opens nothing');
    is($stage->login($browser, $login, 'wrong')->story,
       '401 login credentials', 'a wrong password stays wrong');
    is($stage->login($browser, $login)->story, '303 /',
       'the password is enough');
    is($browser->get('/app')->body =~ /level=(\w+)/ && $1, 'mfa',
       'the site is told of a second factor');
    is(scalar $stage->audit('user', event => 'device-use', login => $login), 1,
       'that is on record, too');

    is($stage->login($stage->browser, $login)->story, '303 /mfa/code',
       'any other browser gives a code (security 38)');
};


subtest 'It is no younger than its code (feature 100-06, security 37)' => sub {
    my ($browser, $login, $key) = trusted();
    my ($name) = grep { $stage->redis('GET', $_) =~ /\t$login\t/ }
                 $stage->keys_of('mfa:{user}:device:*');
    my @field = split /\t/, $stage->redis('GET', $name), -1;
    $field[9] = time - 3600;
    $stage->redis('SET', $name, join("\t", @field), 'KEEPTTL');

    $stage->login($browser, $login);
    is($browser->get('/app')->status, 200, 'it opens the site');
    like($browser->get('/age/')->body, qr/age=36\d\d$/, 'its age is told');
    is($browser->get('/fresh/')->story, '303 /mfa/code?next=/fresh/',
       'a fresh code is asked for all the same');
    is($browser->submit('/mfa/code', '/mfa/code', code => totp($key))->status,
       303, 'and given');
    is($browser->get('/fresh/')->status, 200, 'opens that place, too');
};


subtest 'Whatever changes the account ends it (security 33, 34)' => sub {
    my %ends = (
        'another password' => sub {
            $stage->mfactl('correct horse battery', 'account', 'password',
                           'user', $_[0], '--password-stdin');
        },
        'the account disabled and enabled' => sub {
            $stage->admin('account', $_, 'user', $_[0]) for qw(disable enable);
        },
        'another generation' => sub {
            $stage->redis('HINCRBY', "mfa:{user}:account:$_[0]", 'generation',
                          1);
        },
        'another key' => sub {
            $stage->redis('HSET', "mfa:{user}:account:$_[0]",
                          'secret_id', 'c2VjcmV0LTI');
        },
        'its index gone' => sub {
            $stage->redis('DEL', "mfa:{user}:devices:$_[0]");
        },
        'its record gone' => sub {
            my ($hash) = @{ $stage->redis('ZRANGE', "mfa:{user}:devices:$_[0]",
                                          0, -1) };
            $stage->redis('DEL', "mfa:{user}:device:$hash");
        },
        'its time over by its record, whatever the key\'s end' => sub {
            my ($hash) = @{ $stage->redis('ZRANGE', "mfa:{user}:devices:$_[0]",
                                          0, -1) };
            my $name = "mfa:{user}:device:$hash";
            my @field = split /\t/, $stage->redis('GET', $name), -1;
            $field[7] = time;
            $stage->redis('SET', $name, join "\t", @field);
        },
        'its record of another hash' => sub {
            my ($hash) = @{ $stage->redis('ZRANGE', "mfa:{user}:devices:$_[0]",
                                          0, -1) };
            my $name = "mfa:{user}:device:$hash";
            my @field = split /\t/, $stage->redis('GET', $name), -1;
            $field[1] = 'A' x 32;
            $stage->redis('SET', $name, join "\t", @field);
        },
    );

    for my $end (sort keys %ends) {
        my ($browser, $login) = trusted();
        $ends{$end}->($login);
        is($stage->login($browser, $login)->story, '303 /mfa/code', $end);
    }

    my ($browser, $login) = trusted();
    $stage->admin('mfa', 'reset', 'user', $login);
    $stage->login($browser, $login);
    $stage->enrol($browser);
    $browser->forget('mfa_user');
    is($stage->login($browser, $login)->story, '303 /mfa/code',
       'a reset and a new key');

    ($browser, $login) = trusted();
    $stage->admin('account', 'delete', 'user', $login);
    $stage->enrolled('user', $login);
    is($stage->login($browser, $login)->story, '303 /mfa/code',
       'deleted and made anew');

    ($browser, $login) = trusted();
    $stage->admin('mfa', 'unlock', 'user', $login);
    is($stage->login($browser, $login)->story, '303 /',
       'an unlock changes nothing of it');
};


subtest 'A cookie that is not this account\'s, not alone or not well formed is '
    . 'none (security 44, 45)' => sub
{
    my ($browser, $login) = trusted();
    my ($theirs, $other) = trusted();
    my $device = device($browser);

    is($stage->login($stage->browser(cookies => { mfa_user_device => $device }),
                     $other)->story, '303 /mfa/code', 'another account\'s');

    $stage->enrolled('other', $login);
    is($stage->login($stage->browser(portal => 'other',
        cookies => { mfa_other_device => $device }), $login)->story,
        '303 /mfa/code', 'another portal\'s');

    my ($id, $mask) = split /\./, $device;

    for my $value ('', 'x', "$id.", ".$mask", $id, "$device=", "$device.$mask",
                   'A' x 43 . ".$mask", $id . '.' . 'A' x 200, 'x' x 4000)
    {
        my $visitor = $stage->browser(cookies => { mfa_user_device => $value });
        is($stage->login($visitor, $login)->story, '303 /mfa/code',
           'malformed: ' . substr $value, 0, 60);
    }

    for my $line ("mfa_user_device=$device; mfa_user_device=$device",
                  "mfa_user_device=$device; MFA_USER_DEVICE=x",
                  "mfa_user_device=x; mfa_user_device=$device")
    {
        my $visitor = $stage->browser;
        $visitor->get('/mfa/login');
        my $form = $visitor->cookie('mfa_user_login');
        is($visitor->request('POST', '/mfa/login',
            headers => { Cookie => "mfa_user_login=$form; $line" },
            body => MFA::Browser::form(csrf => $visitor->csrf,
                login => $login, password => $stage->password))->story,
            '303 /mfa/code', 'twice: ' . substr $line, 0, 30);
    }

    is($stage->login($browser, $login)->story, '303 /', 'alone and whole it is');

    my ($session) = split /\./, $browser->cookie('mfa_user');
    is($stage->login($stage->browser(cookies => {
        mfa_user_device => $browser->cookie('mfa_user') }), $login)->story,
        '303 /mfa/code', 'a session is no device');
    is($stage->browser(cookies => { mfa_user => $device })->get('/app')->story,
        '303 /mfa/login?next=/app', 'nor a device a session');
};


subtest 'The cookie stays between browser and gate (security 40)' => sub {
    my ($browser, $login) = trusted();
    $stage->login($browser, $login);

    unlike($browser->get('/app')->body, qr/device/, 'the site does not see it');
    unlike($browser->get('/open/')->body, qr/device/, 'nor under mfa off');
    my $answer = $browser->get('/sets/');
    is(join(' ', $answer->headers('Set-Cookie')), 'theirs=kept',
       'nor can it set it');
    my ($id) = split /\./, device($browser);
    is(index($stage->log_text, $id), -1, 'no log knows it');
};


subtest 'Its owner sees and ends it, one or all (feature 100-05)' => sub {
    my ($browser, $login, $key) = trusted(agent => 'Agent One');
    $stage->login($browser, $login);
    my $second = $stage->browser(agent => 'Agent Two');
    $stage->login($second, $login);
    trust($second, $key);

    my $rows = sub {
        my $body = $browser->get('/mfa/security')->body;
        return $body =~ m{<li data-mfa-device="([^"]+)">(.*?)</li>}gs;
    };
    my %rows = $rows->();
    my ($one) = grep { $rows{$_} =~ /Agent One/ } keys %rows;
    my ($two) = grep { $rows{$_} =~ /Agent Two/ } keys %rows;

    is(scalar keys %rows, 2, 'two');
    like($rows{$one}, qr/This browser/, 'one is this');
    unlike($rows{$two}, qr/This browser/, 'the other is not');
    like($rows{$two}, qr/Trusted since \d{4}-.*Until \d{4}-.*Last used \d{4}-/s,
         'with its times');

    is($browser->post('/mfa/security', [csrf => $browser->csrf,
        action => 'end-device', ref => $two])->story,
        '303 /mfa/security?done=1', 'the other is ended');
    $browser->get('/mfa/security');
    is($browser->post('/mfa/security', [csrf => $browser->csrf,
        action => 'end-device', ref => $two])->story,
        '303 /mfa/security?gone=1', '... and the next time it was gone');
    my %left = $rows->();
    is(join(' ', keys %left), $one, 'one is left');
    $second->forget('mfa_user');
    is($stage->login($second, $login)->story, '303 /mfa/code',
       'the other gives codes again');
    my ($event) = $stage->audit('user', event => 'device-revoke',
                                login => $login);
    is($event->{detail}, $two, 'on record');

    my ($stranger, $theirs) = trusted();
    $stage->login($stranger, $theirs);
    $stranger->get('/mfa/security');
    $stranger->post('/mfa/security', [csrf => $stranger->csrf,
        action => 'end-device', ref => $one]);
    is(scalar(my @still = $rows->()), 2, 'a stranger ends nothing of it');

    $browser->post('/mfa/security', [csrf => $browser->csrf,
                                     action => 'end-devices']);
    is(scalar(my @none = $rows->()), 0, 'all are ended');
    like($browser->answer->body, qr/No browser is trusted/, 'and the page says so');
    $browser->forget('mfa_user');
    is($stage->login($browser, $login)->story, '303 /mfa/code', 'this one, too');
};


subtest 'An account trusts ten browsers, the newest; a browser is trusted once'
    => sub
{
    my $login = 'many';
    my $key = $stage->enrolled('user', $login);
    my @browsers;

    for (1 .. 12) {
        my $browser = $stage->browser;
        $stage->login($browser, $login);
        trust($browser, $key);
        $stage->unspend('user', $login);
        push @browsers, $browser;
    }

    is($stage->redis('ZCARD', "mfa:{user}:devices:$login"), 10, 'ten');
    $_->forget('mfa_user') for @browsers;
    is(join('', map { $stage->login($_, $login)->location eq '/' ? 1 : 0 }
                @browsers), '001111111111', 'the two oldest left');

    my $before = device($browsers[5]);
    trust($browsers[5], $key);
    isnt(device($browsers[5]), $before, 'trusted again it has a new token');
    is($stage->redis('ZCARD', "mfa:{user}:devices:$login"), 10,
       'in place of the old');
    is($stage->login($stage->browser(cookies => {
        mfa_user_device => $before }), $login)->story, '303 /mfa/code',
        'which is worth nothing');
};


$stage->finish;
done_testing();
