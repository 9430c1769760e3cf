#!/usr/bin/perl

# The claim: who gets hold of a dump of Redis, or of the logs, has no password,
# no key of a second factor and no cookie that opens anything.  A journey through
# every page is made with values that are known, and everything that was written
# anywhere is searched for them in all the ways they could be spelled.
#
# That a sealed key does not open in another account is in 31-code.t.
#
# When this fails, a copy of the database or of a log is a copy of the keys.

use strict;
use warnings;

use File::Basename qw(dirname);
use File::Find qw(find);
use MIME::Base64 qw(decode_base64url encode_base64 encode_base64url);
use lib dirname(__FILE__) . '/lib';

use Test::More;

use MFA::Journey;

my $stage = MFA::Journey->new(
    workers => 2,
    level   => 'debug',
    portals => {
        user => 'limit password=1000/15m code=1000/15m address=10000/10m;',
    });


# --- the journey ---

# What must be found nowhere: kind => [texts and bytes].
my %secrets;

sub secret {
    my ($kind, @values) = @_;

    push @{ $secrets{$kind} }, @values;

    return $values[0];
}


# A browser that notes every cookie it is given.
sub note_cookies {
    my ($browser) = @_;

    for my $value (values %{ $browser->{cookies} }) {
        my ($id, $name) = split /\./, $value;
        secret('cookie', $value, $id, decode_base64url($id));
    }

    return $browser;
}


sub raw_key {
    my ($base32) = @_;
    my %at;
    @at{'A' .. 'Z', 2 .. 7} = 0 .. 31;

    return pack 'B*', join '', map { sprintf '%05b', $at{$_} } split //, $base32;
}


sub note_key {
    my ($key) = @_;

    secret('key', $key, raw_key($key));

    return $key;
}


my $password = secret('password', "Canary p\xc3\xa4ssword & 1 + 1 = 2");
my $wrong    = secret('password', 'Canary-that-is-wrong-7421');
my $changed  = secret('password', 'Canary-that-is-new-5312');

# The most careful kind of hash, and the cheapest that gives the password away
# if it were left out.
$stage->account('user', 'alice', hash => crypt($password, '$y$j75$saltsaltsalt$'),
                options => ['--require-mfa', '--email', 'alice@example.com']);

my $browser = $stage->browser(agent => 'Canary browser');
$stage->login($browser, 'alice', $wrong);
note_cookies($browser);
$stage->login($browser, 'nobody', $wrong);
$stage->login($browser, 'alice', $password);
note_cookies($browser);

# What goes wrong must not be written down either.
for my $body ("login=alice&password=$wrong&password=$wrong",
              'login=alice&password=' . MFA::Browser::escape($password) . '%FF',
              'login=alice&password=' . $wrong x 500)
{
    $browser->post('/mfa/login', $body);
}

$browser->post('/mfa/login', [login => 'alice', password => $wrong],
               'Content-Type' => 'text/plain');
$browser->get('/app');
$browser->submit('/mfa/enrol', '/mfa/enrol/later');
$browser->get('/app');

my $key = note_key($browser->get('/mfa/enrol/scan')->key);
my $uri = secret('link', $browser->answer->otpauth);
secret('form token', $browser->csrf);
my @codes = (MFA::Journey::wrong_code($key), MFA::Journey::totp($key));
$browser->post('/mfa/enrol/scan', [csrf => $browser->csrf, code => $_])
    for @codes;
is($browser->answer->location, '/mfa/enrol/done', 'a factor is set up');
note_cookies($browser);
$browser->get($_) for '/mfa/enrol/done', '/mfa/security', '/app',
                      '/mfa/enrol/scan';
secret('form token', $browser->get('/mfa/security')->csrf);

# Sessions are left open on purpose: their records are what a dump holds.
my $second = $stage->browser;
$stage->login($second, 'alice', $password);
note_cookies($second);
push @codes, MFA::Journey::totp($key, 1);
$second->submit('/mfa/code', '/mfa/code', code => $_) for @codes;
is($second->answer->location, '/', 'and used');
note_cookies($second);
my $pending = $stage->browser;
$stage->account('user', 'bobby', options => ['--require-mfa']);
$stage->login($pending, 'bobby');
note_cookies($pending);
note_key($pending->get('/mfa/enrol/scan')->key);
my $half = $stage->browser;
$stage->login($half, 'alice', $password);
note_cookies($half);

my ($exit, @said) = $stage->mfactl($changed, 'account', 'password', 'user',
                                   'bobby', '--password-stdin');
is($exit, 0, 'a password is changed');
push @said, $stage->mfactl('', @$_) for ['account', 'show', 'user', 'alice'],
    ['--json', 'account', 'show', 'user', 'alice'], ['keys', 'list'],
    ['--json', 'session', 'list', 'user', 'alice'], ['audit', 'user'],
    ['--json', 'audit', 'user'], ['doctor'];

is($second->get('/app')->status, 200, 'a session is open');
is($half->get('/app')->status, 303, 'and half a login');
is(scalar $stage->keys_of('mfa:enrolment:*'), 1, 'and a key is pending');

secret('key ring', $MFA::Env::RAW_KEY, $MFA::Env::KEY_TEXT);


# --- the search ---

# All the ways in which a value could have been written.
sub spellings {
    my ($value) = @_;
    my $hex = unpack 'H*', $value;
    my $base64 = encode_base64($value, '');
    my %spelled = map { $_ => 1 } $value, $hex, uc $hex, $base64,
        $base64 =~ s/=+$//r, encode_base64url($value),
        MFA::Browser::escape($value),
        MFA::Browser::escape($value) =~ s/%20/+/gr, scalar reverse $value;

    $spelled{lc $value} = $spelled{join ' ', $value =~ /(.{4})/g} = 1
        if $value =~ /^[A-Z2-7]{32}$/;

    return grep { length >= 8 } keys %spelled;
}


# Kinds of secrets that are in a text.
sub found {
    my ($text, @kinds) = @_;
    my @found;

    for my $kind (@kinds ? @kinds : sort keys %secrets) {
        my %values = map { $_ => 1 } @{ $secrets{$kind} };
        my @seen = grep { index($text, $_) >= 0 } map { spellings($_) }
                   keys %values;
        push @found, map { "$kind: $_" } @seen;
    }

    return @found;
}


# Everything a client of Redis can read.
sub everything {
    my @all;

    for my $name ($stage->keys_of('*')) {
        my $read = {
            string => ['GET', $name],
            hash   => ['HGETALL', $name],
            zset   => ['ZRANGE', $name, 0, -1, 'WITHSCORES'],
            set    => ['SMEMBERS', $name],
            list   => ['LRANGE', $name, 0, -1],
            stream => ['XRANGE', $name, '-', '+'],
        }->{$stage->redis('TYPE', $name)};

        push @all, $name, flat($stage->redis(@$read)),
            $stage->redis('DUMP', $name);
    }

    return join "\n", @all;
}


sub flat { return map { ref ? flat(@$_) : $_ // '' } @_ }


sub files {
    my (@under) = @_;
    my @files;

    find({ no_chdir => 1, wanted => sub { push @files, $_ if -f } }, @under);

    return @files;
}


subtest 'The search finds what is there' => sub {
    for my $kind (sort keys %secrets) {
        for my $spelling (spellings($secrets{$kind}[0])) {
            my $hit = found("...$spelling...", $kind);
            is($hit ? 1 : 0, 1, "$kind as " . MFA::Browser::escape($spelling));
        }
    }

    my $everything = everything();

    for my $known ('alice@example.com', 'Canary browser', 'bobby', '1.k1.',
                   $stage->account_get('user', 'alice', 'password'),
                   MFA::Record::hash_of(decode_base64url(
                       (split /\./, $second->cookie('mfa_user'))[0])))
    {
        isnt(index($everything, $known), -1, "\"$known\" is in the store");
    }

    $stage->redis('HSET', 'planted', 'x', "a${key}z");
    is_deeply([found(everything())], ["key: $key"], 'a planted key is seen');
    $stage->redis('DEL', 'planted');
};


subtest 'A dump of Redis holds no password, no key and no cookie that opens '
    . 'anything (security 29, 97)' => sub
{
    my @found = found(everything());
    is(scalar @found, 0, 'what can be read from it') or diag(join "\n", @found);

    $stage->redis('CONFIG', 'SET', 'rdbcompression', 'no');
    $stage->redis('SAVE');
    my $n = 0;

    for my $file (files($stage->dir)) {
        next unless $file =~ m{/appendonlydir/|\.rdb$|redis\.log$};
        my $text = MFA::Nginx::read_file($file);
        # The appended commands hold the planted key of above.
        $text =~ s/a${key}z//g;
        @found = found($text);
        is(scalar @found, 0, (split m{/}, $file)[-1]) or diag("@found");
        $n += length $text;
    }

    cmp_ok($n, '>', 5000, 'the files are there');
};


subtest 'What the store holds instead opens nothing (security 27, 29)' => sub {
    for my $session ($stage->sessions('user', 'alice')) {
        my ($name) = $second->cookie('mfa_user') =~ /(\..*)/;

        for my $value ($session->{hash}, "$session->{hash}$name") {
            is($stage->browser(cookies => { mfa_user => $value })
               ->get('/app')->location, '/mfa/login?next=/app',
               'a name of a session is no cookie');
        }
    }

    my $hash = $stage->account_get('user', 'alice', 'password');
    is($stage->login($stage->browser, 'alice', $hash)->status, 401,
       'a password record is no password');
};


subtest 'Logs hold none of it, from us not even at debug (security 93, 144)' =>
    sub
{
    my $log = $stage->log_text;
    my @ours = grep { /\bmfa[ :]/ } split /\n/, $log;

    cmp_ok(scalar @ours, '>', 10, 'there are lines of ours');
    my @found = found(join "\n", @ours);
    is(scalar @found, 0, 'in them is nothing') or diag(join "\n", @found);

    for my $code (@codes) {
        is(scalar(grep { /(?<!\d)$code(?!\d)/ } @ours), 0, 'no code either');
    }

    # nginx's own debug lines print headers, cookies and all.
    @found = found($log, 'password', 'key', 'link', 'key ring');
    is(scalar @found, 0, 'no password and no key in nginx\'s own lines either')
        or diag(join "\n", @found);

    my $plain = join "\n", grep { !/\[debug\]/ && / \[\w+\] / } split /\n/, $log;
    @found = found($plain);
    is(scalar @found, 0, 'above debug there is nothing at all')
        or diag(join "\n", @found);

    my $access = join '', map { MFA::Nginx::read_file($_) }
                          grep { /access\.log$/ } files($stage->dir);
    cmp_ok(length $access, '>', 1000, 'the access log is there');
    @found = found($access);
    is(scalar @found, 0, 'with nothing in it') or diag(join "\n", @found);
};


subtest 'No file, no page and no command gives any of it away (security 23, 99, '
    . '103)' => sub
{
    my @found = found(join "\n", grep { defined } @said);
    is(scalar @found, 0, 'mfactl') or diag(join "\n", @found);

    # A body that spills to disk would leave the password there.
    my @spilt = files(grep { -d } glob $stage->dir . '/nginx0/temp_*');
    is(scalar @spilt, 0, 'no body was written to a file') or diag("@spilt");

    for my $file (files($stage->dir)) {
        next if $file =~ m{/(?:keys|error\.log)$|/appendonlydir/};
        @found = found(MFA::Nginx::read_file($file));
        is(scalar @found, 0, "$file") or diag(join "\n", @found);
    }

    for my $page (qw(/mfa/security /mfa/login /mfa/enrol /mfa/enrol/scan
                     /mfa/enrol/done /app))
    {
        @found = found($second->get($page)->bytes, 'password', 'key', 'link',
                       'cookie', 'key ring');
        is(scalar @found, 0, "$page") or diag(join "\n", @found);
    }
};


$stage->finish;
done_testing;
