#!/usr/bin/perl

# The one-time code, against two nginx with four workers each on one Redis: a
# code works once, an older one never after a newer one, wrong ones are counted
# over all sessions before they are looked at, and a factor that is damaged is
# never taken for none.
#
# When this fails, a code that was looked at over a shoulder is good a second
# time, codes can be guessed, or who can delete a field in Redis needs no code.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;

use MFA::Journey;

my $stage = MFA::Journey->new(
    workers   => 4,
    instances => 2,
    locations => 'location /fresh/ { mfa PORTAL fresh=5m; proxy_pass http://site; }',
    portals   => {
        user => 'session max=1000;
                 limit password=1000/15m code=5/15m address=10000/10m;',
        wide => 'session max=1000;
                 limit password=1000/15m code=1000/15m address=10000/10m;',
    });

my @wide = (portal => 'wide');

# What a right code is worth is not looked at for every kind of account anew.
my $alice = $stage->enrolled('user', 'alice');
my $bobby = $stage->enrolled('wide', 'bobby');


sub totp  { return MFA::Journey::totp(@_) }
sub wrong { return MFA::Journey::wrong_code(@_) }


# Gives a code, as the form does.
sub give {
    my ($browser, $code) = @_;

    return $browser->submit('/mfa/code', '/mfa/code', code => $code);
}


subtest 'One code lets one session in, whatever is posted at the same time, '
    . 'through workers and hosts (security 11)' => sub
{
    my @browsers = map {
        my $browser = $stage->visitor('bobby', @wide, instance => $_ % 2);
        $browser->get('/mfa/code');
        $browser;
    } 1 .. 50;

    MFA::Journey::settle(12);
    my $code = totp($bobby);
    my (%n, %workers);

    for my $answer (MFA::Browser::together(map {
        [$_, 'POST', '/mfa/code', body => MFA::Browser::form(
            csrf => $_->csrf, code => $code)] } @browsers))
    {
        $n{$answer->story}++;
        $workers{$answer->header('X-Worker')} = 1;
    }

    is_deeply(\%n, { '303 /' => 1, '401 code code' => 49 },
              'fifty at once, one gets in');
    cmp_ok(scalar keys %workers, '>=', 3, 'through several workers');
    is(scalar(grep { $_->get('/app')->status == 200 } @browsers), 1,
       'and into the portal');
    is(scalar $stage->audit('wide', event => 'code', reason => 'replayed'), 49,
       'the others are on record as replays (security 22)');

    my $browser = $stage->visitor('bobby', @wide);
    is(give($browser, $code)->story, '401 code code', 'it is spent');
    is(give($browser, totp($bobby, -1))->story, '401 code code',
       'and so is the one before it');
    is(give($browser, totp($bobby, 1))->story, '303 /', 'the next one is not');
    is(give($stage->visitor('bobby', @wide), totp($bobby))->story,
       '401 code code', 'after which the one before is');
};


subtest 'The code that confirmed the set-up is spent for the login (security '
    . '12)' => sub
{
    $stage->account('wide', 'carol');
    MFA::Journey::settle(10);
    my $browser = $stage->visitor('carol', @wide);
    my $key = $browser->get('/mfa/enrol/scan')->key;
    my $code = totp($key);

    is($browser->post('/mfa/enrol/scan', [csrf => $browser->csrf,
        code => $code])->location, '/mfa/enrol/done', 'it confirms');
    is($stage->account_get('wide', 'carol', 'validated'), undef,
       'one code validates nothing yet (feature 001-11)');

    $browser = $stage->visitor('carol', @wide);
    is(give($browser, $code)->story, '401 code code', 'and opens nothing');
    is(give($browser, totp($key, 1))->story, '303 /', 'the next one does');
    is($stage->account_get('wide', 'carol', 'validated'),
       $stage->account_get('wide', 'carol', 'secret_id'),
       'and is the second that validates the key');
};


subtest 'A code is good one step before and after, and no further (security '
    . '13)' => sub
{
    MFA::Journey::settle(10);

    for my $steps (-3, -2, 2, 3) {
        my $browser = $stage->visitor('bobby', @wide);
        is(give($browser, totp($bobby, $steps))->story, '401 code code',
           "$steps steps");
    }

    for my $steps (-1, 0, 1) {
        $stage->unspend('wide', 'bobby');
        my $browser = $stage->visitor('bobby', @wide);
        is(give($browser, totp($bobby, $steps))->story, '303 /',
           "$steps steps");
    }
};


subtest 'Codes are six ASCII digits (security 5, 18)' => sub {
    my $browser = $stage->visitor('bobby', @wide);
    my $right = totp($bobby);
    my $digit = substr $right, 0, 1;
    my (%bytes, @codes);

    $stage->unspend('wide', 'bobby');
    $browser->get('/mfa/code');

    @codes = ('', '1', '12345', '1234567', '+12345', '-12345', ' 12345',
              '12345 ', '0x1234', '1e5000', 'abcdef', '12 456', '123.56',
              '******', "$right ", " $right", "0$right", "${right}0",
              "+$right", substr($right, 0, 3) . ' ' . substr($right, 3),
              join('', map { "\xef\xbc" . chr(0x90 + $_) } split //, $right),
              join('', map { "\xd9" . chr(0xa0 + $_) } split //, $right),
              "$right\n", "$right\t", $right x 2, '9' x 4000);

    for my $code (@codes) {
        my $answer = $browser->post('/mfa/code',
            [csrf => $browser->csrf, code => $code]);
        is($answer->story, '401 code code',
           '"' . MFA::Browser::escape(substr $code, 0, 30) . '"');
        $bytes{$answer->bytes} = 1;
    }

    for my $body ('', 'code', 'code[]=' . $right, 'Code=' . $right) {
        my $answer = $browser->post('/mfa/code',
                                    'csrf=' . $browser->csrf . "&$body");
        is($answer->story, '401 code code', $body || 'no code');
        $bytes{$answer->bytes} = 1;
    }

    is(scalar keys %bytes, 1, 'all of them have the same answer');

    for my $body ("code=$right&code=$right", "code=000000&code=$right",
                  "code=$right%00", "code=%FF")
    {
        is($browser->post('/mfa/code', 'csrf=' . $browser->csrf . "&$body")
           ->status, 400, $body =~ s/\d{6}/CODE/gr);
    }

    is($browser->get('/app')->status, 303, 'nothing was opened');
    is(give($browser, totp($bobby))->story, '303 /', 'the code itself is good');
};


subtest 'The code\'s form belongs to its session (security 48, 50)' => sub {
    my $browser = $stage->visitor('bobby', @wide);
    my $other = $stage->visitor('bobby', @wide);
    my $code = totp($bobby);
    my $charged = $stage->redis('GET', 'mfa:fail:code:wide:bobby') // 0;

    $stage->unspend('wide', 'bobby');
    $other->get('/mfa/code');
    $browser->get('/mfa/login');
    my $login_form = $browser->csrf;
    $browser->get('/mfa/code');
    my $own = $browser->csrf;

    for my $csrf ('', 'x', $other->csrf, $login_form, substr($own, 1)) {
        is($browser->post('/mfa/code', [csrf => $csrf, code => $code])->story,
           '403 error csrf', "the token \"$csrf\"");
    }

    is($browser->post('/mfa/code', [csrf => $own, code => $code],
                      Origin => 'http://evil.example')->story,
       '403 error origin', 'another site');
    is($browser->get("/mfa/code?code=$code&csrf=$own")->story, '200 code',
       'a GET');
    is($stage->redis('GET', 'mfa:fail:code:wide:bobby') // 0, $charged,
       'none of them cost an attempt');
    is($browser->post('/mfa/code', [csrf => $own, code => $code])->story,
       '303 /', 'its own token is good');
};


subtest 'Wrong codes are counted over all sessions before they are looked at '
    . '(security 14, 106, 107)' => sub
{
    my @browsers = map {
        my $browser = $stage->visitor('alice', instance => $_ % 2,
                                      address => '127.0.2.' . $_);
        $browser->get('/mfa/code');
        $browser;
    } 1 .. 200;
    my $bad = wrong($alice);
    my %n;

    $n{$_->story}++ for MFA::Browser::together(map {
        [$_, 'POST', '/mfa/code', body => MFA::Browser::form(
            csrf => $_->csrf, code => $bad)]
    } @browsers);

    is_deeply(\%n, { '401 code code' => 5, '429 code limited' => 195 },
              'five of two hundred were looked at');
    is(scalar $stage->audit('user', login => 'alice', event => 'code',
        result => 'refused'), 5, 'and are on record');

    my $right = give($browsers[0], totp($alice));
    is($right->story, '429 code limited', 'then the right one is none');
    cmp_ok($right->header('Retry-After'), '<=', 900, 'for so many seconds');
    is(give($stage->visitor('alice', address => '127.0.3.1', instance => 1),
            totp($alice))->story, '429 code limited',
       'nor from a new session and network');

    $stage->admin('mfa', 'unlock', 'user', 'alice');
    $stage->unspend('user', 'alice');
    is(give($stage->visitor('alice'), totp($alice))->story, '303 /',
       'an admin can end that');
};


subtest 'Codes of the set-up are counted by the same count (security 107)' =>
    sub
{
    $stage->account('user', 'dave');
    my @browsers = map { $stage->visitor('dave', instance => $_ % 2) } 0 .. 3;
    my $key;

    for my $i (0 .. 4) {
        my $browser = $browsers[$i % 4];
        $key = $browser->get('/mfa/enrol/scan')->key;
        is($browser->post('/mfa/enrol/scan',
           [csrf => $browser->csrf, code => wrong($key)])->story,
           '401 enrol-scan code', "wrong code $i, in one of four sessions");
    }

    my $browser = $browsers[1];
    $key = $browser->get('/mfa/enrol/scan')->key;
    is($browser->post('/mfa/enrol/scan',
       [csrf => $browser->csrf, code => totp($key)])->error, 'limited',
       'the right one comes too late');
    is($stage->account_get('user', 'dave', 'enrolled'), undef,
       'and sets nothing up');
};


subtest 'Unlock after unlock is no way to try codes for ever: nine in 30 days, '
    . 'on record by number (security 15, 106)' => sub
{
    my $login = 'unlucky';
    $stage->enrolled('user', $login);
    my $count = 'mfa:fail:code-run:user:' . $login;

    $stage->redis('SET', $count, 10, 'EX', 3600);
    $stage->admin('mfa', 'unlock', 'user', $login);
    $stage->admin('mfa', 'unlock', 'user', $login) for 1 .. 20;
    is($stage->redis('GET', "mfa:fail:unlock:user:$login"), 1,
       'an unlock of nothing is not counted');

    for my $n (2 .. 9) {
        $stage->redis('SET', $count, 10, 'EX', 3600);
        $stage->admin('mfa', 'unlock', 'user', $login);
        is($stage->redis('EXISTS', $count), 0, "unlock $n clears the row");
    }

    my %details = map { $_->{detail} // '' => 1 }
                  @{[ $stage->audit('user', login => $login, event => 'unlock') ]};
    ok($details{"$_ of 9 in 30 days"}, "the audit tells of number $_") for 1 .. 9;

    $stage->redis('SET', $count, 10, 'EX', 3600);
    my ($exit, undef, $err) = $stage->mfactl('', qw(mfa unlock user), $login);
    is($exit, 1, 'the tenth is refused');
    like($err, qr/nine times in 30 days/, '- and says so');
    is($stage->redis('GET', $count), 10, 'the tenth clears nothing');
    cmp_ok($stage->redis('TTL', "mfa:fail:unlock:user:$login"), '>', 29 * 86400,
           'for 30 days from the first');

    $stage->admin('mfa', 'reset', 'user', $login);
    is($stage->redis('EXISTS', $count, "mfa:fail:unlock:user:$login"), 0,
       'a reset takes the factor and begins anew');
};


subtest 'Who fails passwords of others uses up no unlock; a reset without a '
    . 'factor and a deletion begin anew (security 15)' => sub
{
    my $login = 'unfactored';
    $stage->account('user', $login);
    my ($unlock, $account, $code) = map { "mfa:fail:$_:user:$login" }
                                        qw(unlock account code);

    for my $n (1 .. 12) {
        $stage->redis('SET', $account, 3, 'EX', 900);
        $stage->admin('mfa', 'unlock', 'user', $login);
    }

    is($stage->redis('EXISTS', $unlock, $account), 0,
       'twelve unlocks of failed passwords are done and not counted');

    $stage->redis('SET', $code, 5, 'EX', 900);
    $stage->admin('mfa', 'unlock', 'user', $login);
    is($stage->redis('GET', $unlock), 1, 'one of codes is');

    $stage->redis('SET', $unlock, 9, 'EX', 86400);
    my $version = $stage->account_get('user', $login, 'version');
    my (undef, $out) = $stage->mfactl('', qw(mfa reset user), $login);
    unlike($out, qr/so already/, 'a reset is a change, without a factor too');
    is($stage->redis('EXISTS', $unlock), 0, '- unlocks begin anew');
    is($stage->account_get('user', $login, 'version'), $version,
       '- nothing else is changed');
    (undef, $out) = $stage->mfactl('', qw(mfa reset user), $login);
    like($out, qr/so already/, 'and the next one is none');

    $stage->redis('SET', $unlock, 9, 'EX', 86400);
    $stage->admin('account', 'delete', 'user', $login);
    is($stage->redis('EXISTS', $unlock), 0,
       'who is made anew with the same login has none of it');
};


subtest 'Wrong codes in a row end the factor, windows or not (security 15)' =>
    sub
{
    my $browser = $stage->visitor('alice');
    my $bad = wrong($alice);

    $stage->admin('mfa', 'unlock', 'user', 'alice');

    for my $window (1, 2) {
        give($browser, $bad) for 1 .. 5;
        $stage->redis('DEL', 'mfa:fail:code:user:alice');
    }

    $stage->unspend('user', 'alice');
    my $answer = give($browser, totp($alice));
    is($answer->story, '429 code limited',
       'after ten in a row the right one is refused');
    cmp_ok($answer->header('Retry-After'), '>', 86400, 'for longer than a day');

    $stage->admin('mfa', 'unlock', 'user', 'alice');
    is(give($browser, totp($alice))->story, '303 /', 'until an admin unlocks');

    $browser = $stage->visitor('alice');
    give($browser, $bad) for 1 .. 4;
    $stage->unspend('user', 'alice');
    is(give($browser, totp($alice))->story, '303 /', 'four wrong, one right');
    is($stage->redis('EXISTS', 'mfa:fail:code-run:user:alice'), 0,
       'the row ends there');

    # Who keeps trying while limited has not failed any more often.
    $browser = $stage->visitor('alice');
    give($browser, $bad) for 1 .. 20;
    $stage->redis('DEL', 'mfa:fail:code:user:alice');
    $stage->unspend('user', 'alice');
    is(give($browser, totp($alice))->story, '303 /',
       'attempts that were not looked at are not in the row');
};


subtest 'Half a login waits ten minutes for its code (security 28)' => sub {
    my $browser = $stage->visitor('bobby', @wide);

    $stage->unspend('wide', 'bobby');
    $browser->get('/mfa/code');
    my $csrf = $browser->csrf;
    $stage->sessions_set('wide', 'bobby', password_at => time - 590);
    is($browser->get('/app')->location, '/mfa/code?next=/app', 'so long');
    $stage->sessions_set('wide', 'bobby', password_at => time - 601);
    is($browser->get('/app')->location, '/mfa/login?next=/app', 'no longer');
    is($browser->post('/mfa/code', [csrf => $csrf,
        code => totp($bobby)])->location, '/mfa/login',
       'nor for a right code');
    is($browser->get('/app')->status, 303, 'which opens nothing');
};


subtest 'A fresh code is asked where it is needed, the password is not '
    . '(feature 100-06)' => sub
{
    my $browser = $stage->browser(@wide);

    $stage->unspend('wide', 'bobby');
    $stage->enter($browser, 'bobby', $bobby);
    is($browser->get('/fresh/x')->status, 200, 'a code just given will do');
    $stage->sessions_set('wide', 'bobby', code_at => time - 301);
    is($browser->get('/fresh/x')->story, '303 /mfa/code?next=/fresh/x',
       'one of five minutes ago will not');
    is($browser->get('/app')->status, 200, 'but does everywhere else');

    my $before = $browser->cookie('mfa_wide');
    $stage->unspend('wide', 'bobby');
    is(give($browser, totp($bobby))->story, '303 /', 'a new one');
    is($browser->get('/fresh/x')->status, 200, 'opens it');
    is($stage->browser(@wide, cookies => { mfa_wide => $before })
       ->get('/app')->status, 303, 'under a new cookie (security 26)');
};


sub alarms {
    return scalar grep { /\[error\].*(?:secret|factor)/ }
                  split /\n/, $stage->log_text;
}


# Whoever can write to Redis must not be able to switch a factor off by half.
subtest 'A damaged factor denies and alarms, it is never none (security 21, '
    . '97, 98, 101)' => sub
{
    my $mallory = $stage->enrolled('wide', 'mallory');
    my %foreign = map { $_ => $stage->account_get('wide', 'mallory', $_) }
                  qw(secret secret_id);
    my $key = $stage->enrolled('wide', 'eve');
    my $sealed = $stage->account_get('wide', 'eve', 'secret');
    my %before = @{ $stage->redis('HGETALL', 'mfa:{wide}:account:eve') };
    my ($format, $id, $text) = split /\./, $sealed;
    my $flip = sub {
        my ($at) = @_;
        my $flipped = $text;
        substr($flipped, $at, 1) = substr($text, $at, 1) eq 'A' ? 'B' : 'A';
        return "$format.$id.$flipped";
    };

    my @cases = (
        ['the secret gone',        secret => undef],
        ['its id gone',            secret_id => undef],
        ['both gone',              secret => undef, secret_id => undef],
        ['the time gone',          enrolled => undef],
        ['only the secret left',   enrolled => undef, secret_id => undef],
        ['time 0',                 enrolled => 0],
        ['time no number',         enrolled => 'yes'],
        ['a negative time',        enrolled => -1],
        ['the secret empty',       secret => ''],
        ['the secret garbage',     secret => 'garbage'],
        ['the secret plain',       secret => $key],
        ['of another account',     secret => $foreign{secret}],
        ['of another account, with its id', %foreign],
        ['the id of another',      secret_id => $foreign{secret_id}],
        ['an unknown key',         secret => "$format.k9.$text"],
        ['another format',         secret => "2.$id.$text"],
        ['the IV changed',         secret => $flip->(0)],
        ['the tag changed',        secret => $flip->(20)],
        ['a byte changed',         secret => $flip->(50)],
        ['cut',                    secret => substr($sealed, 0, -4)],
        ['made longer',            secret => "${sealed}AAAA"],
    );

    for my $case (@cases) {
        my ($title, %fields) = @$case;

        $stage->redis('DEL', 'mfa:{wide}:account:eve');
        $stage->account_set('wide', 'eve', %before);
        $stage->unspend('wide', 'eve');
        my $full = $stage->browser(@wide);
        is($stage->enter($full, 'eve', $key)->status, 303, "$title: eve is in");
        $stage->unspend('wide', 'eve');
        $stage->redis('DEL', "mfa:fail:code-run:wide:eve");

        for my $field (keys %fields) {
            defined $fields{$field}
                ? $stage->account_set('wide', 'eve', $field => $fields{$field})
                : $stage->redis('HDEL', 'mfa:{wide}:account:eve', $field);
        }

        my $alarms = alarms();
        my $browser = $stage->browser(@wide);
        my @stories = map { $_->story } $stage->login($browser, 'eve'),
            map({ $browser->get($_) } qw(/app /mfa/enrol /mfa/enrol/scan
                                         /mfa/security /mfa/code)),
            map({ give($browser, totp($_)) } $key, $mallory),
            $browser->get('/app');
        my @in = grep { m{^200 (?!code$)|^303 /(?:app)?$|enrol|login} } @stories;

        is(scalar @in, 0, "$title: nothing opens, nothing is set up")
            or diag(join "\n", @stories);
        cmp_ok(alarms(), '>', $alarms, "$title: an alarm in the log");

        # A seal is tried with a code only; what is missing shows at once.
        if (grep { !defined || !/^[\w.-]{5}/ } values %fields) {
            isnt($full->get('/app')->status, 200,
                 "$title: the open session does not go on");
        }
    }

    $stage->redis('DEL', 'mfa:{wide}:account:eve');
    $stage->account_set('wide', 'eve', %before);
    $stage->admin('mfa', 'reset', 'wide', 'eve');
    $stage->enrol($stage->visitor('eve', @wide));
    $stage->account_set('wide', 'eve', secret => $sealed);
    my $browser = $stage->visitor('eve', @wide);
    $stage->unspend('wide', 'eve');
    is(give($browser, totp($key))->story, '403 blocked fault',
       'a secret from before a reset does not open when it is put back');
};


$stage->finish;
done_testing;
