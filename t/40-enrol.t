#!/usr/bin/perl

# Setting a factor up, as a person does it: the key read from the picture by a
# decoder that is not ours, the codes made by oathtool.  Then what must not be:
# a password alone replacing a factor that is there, a secret of one session
# confirmed in another, a key that stays readable.
#
# When this fails, people cannot enrol with a standard app, or who knows a
# password can put a factor of their own in place of the owner's.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;

use MFA::Journey;

my $limits = 'limit password=1000/15m code=1000/15m address=10000/10m;';
my $odd = "100% K\xc3\xa4se & Co? #1 \xf0\x9f\x94\x92 a=b/c";
my $stage = MFA::Journey->new(
    workers => 4,
    portals => {
        user => "issuer \"Example\"; $limits",
        odd  => "issuer \"$odd\"; $limits",
        big  => "issuer \"Big\"; totp digits=8 period=60 algorithm=sha256;
                 $limits",
    });

my @required = (options => ['--require-mfa']);


sub totp { return MFA::Journey::totp(@_) }


# An otpauth address taken apart.
sub parts {
    my ($uri) = @_;
    my ($label, $query) = $uri =~ m{^otpauth://totp/([^?]*)\?(.*)$} or return;
    my %parts = map { split /=/, $_, 2 } split /&/, $query;

    $parts{label} = $label;
    s/%([0-9A-Fa-f]{2})/chr hex $1/ge for values %parts;

    return \%parts;
}


subtest 'A required user sets the factor up and uses it (features 000-01, '
    . '000-16 to 000-23, 001-01 to 001-08, 001-13)' => sub
{
    $stage->account('user', 'carol', @required);
    my $browser = $stage->browser;

    $browser->get('/mfa/login?next=/app');
    my $answer = $browser->post('/mfa/login', [csrf => $browser->csrf,
        login => 'carol', password => $stage->password, next => '/app']);
    is($answer->story, '303 /mfa/enrol?next=/app', 'prompted after the login');

    $answer = $browser->get('/mfa/enrol?next=/app');
    is($answer->story, '200 enrol-app', 'step 1: get an app');
    is($answer->days, 7, 'with the days left (feature 100-01)');
    like($answer->body, qr{href="/mfa/enrol/scan\?next=/app"}, 'Next');
    is($answer->key, '', 'no key yet');

    $answer = $browser->get('/mfa/enrol/scan?next=/app');
    is($answer->story, '200 enrol-scan', 'step 2: the picture');
    my $key = $answer->key;
    my $seen = $stage->scan($answer);
    my $parts = parts($seen);

    is($seen, $answer->otpauth, 'the picture is the link');
    is_deeply($parts, { label => 'Example:carol', issuer => 'Example',
        secret => $key, algorithm => 'SHA1', digits => 6, period => 30 },
        'which any app understands, and holds the key shown');
    like($key, qr/^[A-Z2-7]{32}$/, 'a key of 160 bits (security 16)');
    like($answer->body, qr/<code data-mfa-key>(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}</,
         'in groups that can be typed');
    is($answer->header('Cache-Control'), 'no-store', 'not kept (security 23)');
    unlike($answer->body, qr/<(?:script|img|link|iframe)\b/,
           'and nothing is loaded');

    my $post = sub {
        return $browser->post('/mfa/enrol/scan',
            [csrf => $browser->csrf, code => $_[0], next => '/app']);
    };

    $answer = $post->(MFA::Journey::wrong_code($key));
    is($answer->story, '401 enrol-scan code', 'step 3: a wrong code');
    is($answer->key, $key, 'shows the same key again');
    is($post->('')->story, '401 enrol-scan code', 'none');
    is($browser->get('/mfa/enrol/scan?next=/app')->key, $key,
       'so does a reload');
    is($stage->scan($browser->answer), $seen, 'with the same picture');
    is($stage->account_get('user', 'carol', 'enrolled'), undef,
       'nothing is set up yet');

    my $before = $browser->cookie('mfa_user');
    $answer = $post->(totp($key));
    is($answer->story, '303 /mfa/enrol/done?next=/app', 'a right code');
    isnt($browser->cookie('mfa_user'), $before, 'and a new cookie');
    $answer = $browser->get('/mfa/enrol/done?next=/app');
    is($answer->story, '200 enrol-done', 'done');
    like($answer->body, qr/TOTP MFA Setup is Complete/, 'and said so');
    like($answer->body, qr{href="/app"}, 'with the way back');
    like($browser->get('/app')->body, qr/^user=carol level=mfa /,
         'the code counts for this login (feature 002-14)');
    like($browser->get('/mfa/security')->body, qr/data-mfa-state="enrolled"/,
         'the new state is shown (feature 001-08)');

    is($browser->get('/mfa/enrol/scan')->story, '303 /mfa/security',
       'the key is not shown again (security 23)');
    is(scalar $stage->keys_of('mfa:enrolment:*'), 0, 'nor kept as pending');

    $browser->submit('/mfa/security', '/mfa/logout');
    is($stage->login($browser, 'carol')->story, '303 /mfa/code',
       'the next login asks for a code');
    is($browser->submit('/mfa/code', '/mfa/code', code => totp($key, 1))
       ->story, '303 /', 'and takes the app\'s');
    like($browser->get('/mfa/security')->body, qr/data-mfa-state="validated"/,
         'two codes validate the key (feature 001-11)');

    my @events = map { "$_->{event} $_->{result}" }
                 $stage->audit('user', login => 'carol');
    is(join(', ', @events), 'add ok, login ok, enrol refused, enrol refused, '
       . 'enrol ok, session ok, logout ok, login ok, code ok',
       'all of it is on record');
};


subtest 'The prompt appears only where it is required (feature 000-18)' => sub {
    $stage->account('user', 'alice');
    my $browser = $stage->browser;

    is($stage->login($browser, 'alice')->story, '303 /', 'no prompt');
    is($browser->get('/app')->status, 200, 'and none later');
    like($browser->get('/mfa/security')->body, qr{href="/mfa/enrol"},
         'the security page offers it (features 001-01, 002-16)');
    is($browser->get('/mfa/enrol')->story, '200 enrol-app', 'who wants may');
    $stage->enrol($browser);
    like($browser->get('/app')->body, qr/^user=alice level=mfa /, 'and has it');

    is($stage->browser->get('/mfa/enrol')->story, '303 /mfa/login',
       'without a session there is nothing to set up');
    is($stage->browser->get('/mfa/enrol/scan')->story, '303 /mfa/login',
       '- nor a key');
    is($stage->browser->post('/mfa/enrol/scan', [code => '000000'])->story,
       '403 error csrf', '- nor a form');
};


subtest 'A password alone never replaces a factor that is there (security 19)'
    => sub
{
    my $key = $stage->enrolled('user', 'bobby');
    my $before = $stage->account_get('user', 'bobby', 'secret');
    my $browser = $stage->visitor('bobby');
    my %expected = (
        'GET /mfa/enrol'         => '403 error forbidden',
        'HEAD /mfa/enrol'        => '403',
        'GET /mfa/enrol/scan'    => '403 error forbidden',
        'HEAD /mfa/enrol/scan'   => '403',
        'POST /mfa/enrol/scan'   => '403 error forbidden',
        'POST /mfa/enrol/later'  => '403 error forbidden',
        'GET /mfa/enrol/done'    => '303 /mfa/code',
        'GET /mfa/security'      => '303 /mfa/code',
    );

    $browser->get('/mfa/code');
    my $csrf = $browser->csrf;

    for my $path (map { "/mfa/$_" } 'enrol', 'enrol/scan', 'enrol/later',
                  'enrol/done', 'security', 'enrol/', 'enrol/scan/', 'ENROL',
                  'enrol%2fscan', '/enrol/scan', 'enrol/scan;x', 'enrol/../enrol')
    {
        for my $method (qw(GET HEAD POST PUT DELETE PATCH OPTIONS WHATEVER)) {
            my @body = $method =~ /POST|PUT|PATCH/
                ? (body => MFA::Browser::form(csrf => $csrf,
                                              code => totp($key)))
                : ();
            my $answer = $browser->request($method, $path, @body);
            my $expected = $expected{"$method $path"};

            is($answer->story, $expected, "$method $path") if $expected;
            isnt($answer->status, 200, "$method $path is not answered")
                if !$expected;
            is($answer->key . $answer->otpauth, '', '- there is no key')
                or diag($answer->body);
        }
    }

    is(scalar $stage->keys_of('mfa:enrolment:*'), 0, 'nothing became pending');
    is($stage->account_get('user', 'bobby', 'secret'), $before,
       'the factor is the one it was');

    my $full = $stage->browser;
    $stage->unspend('user', 'bobby');
    $stage->enter($full, 'bobby', $key);
    is($full->get('/mfa/enrol/scan')->story, '303 /mfa/security',
       'a full session sees no key either');
    $full->get('/mfa/security');
    is($full->post('/mfa/enrol/scan', [csrf => $full->csrf,
        code => totp($key, 1)])->story, '403 error expired',
       'and confirms nothing');
};


subtest 'Every session has a pending key of its own, used once, for ten '
    . 'minutes (security 16, 20)' => sub
{
    $stage->account('user', 'dave', @required);
    my ($one, $two) = map { $stage->visitor('dave') } 1, 2;
    my $first = $one->get('/mfa/enrol/scan')->key;
    my $second = $two->get('/mfa/enrol/scan')->key;

    isnt($first, $second, 'two sessions, two keys');
    is($one->twin->get('/mfa/enrol/scan')->key, $first,
       'two tabs of one session, one key');
    is($one->post('/mfa/enrol/scan', [csrf => $one->csrf,
        code => totp($second)])->story, '401 enrol-scan code',
       'the code of the other is wrong here');

    for my $pending ($stage->keys_of('mfa:enrolment:*')) {
        my $ttl = $stage->redis('TTL', $pending);
        ok($ttl > 0 && $ttl <= 600, 'it ends within ten minutes');
        unlike($stage->redis('GET', $pending), qr/\Q$first\E|\Q$second\E/,
               'and is not readable there (security 97)');
    }

    $two->get('/mfa/enrol/scan');
    my ($csrf, $code) = ($two->csrf, totp($second));
    is($one->post('/mfa/enrol/scan', [csrf => $one->csrf,
        code => totp($first)])->location, '/mfa/enrol/done',
       'one confirms its own');
    is($two->post('/mfa/enrol/scan', [csrf => $csrf, code => $code])->location,
       '/mfa/login', 'the other comes too late: its session is over');
    is($two->get('/app')->location, '/mfa/login?next=/app',
       'for everything (security 33)');

    $stage->unspend('user', 'dave');
    is($stage->enter($stage->browser, 'dave', $second)->story, '401 code code',
       'its key is no factor');
    is($stage->enter($stage->browser, 'dave', $first)->story, '303 /',
       'the confirmed one is');

    # Both at the same moment.
    $stage->account('user', 'erin', @required);
    my @tabs = map { $stage->visitor('erin') } 1 .. 6;
    my @keys = map { $_->get('/mfa/enrol/scan')->key } @tabs;
    my @answers = MFA::Browser::together(map {
        [$tabs[$_], 'POST', '/mfa/enrol/scan', body => MFA::Browser::form(
            csrf => $tabs[$_]->csrf, code => totp($keys[$_]))]
    } 0 .. 5);
    my @won = grep {
        ($answers[$_]->location // '') eq '/mfa/enrol/done'
    } 0 .. 5;
    is(scalar @won, 1, 'of six sessions that confirm at once one does')
        or diag(join "\n", map { $_->story } @answers);
    $stage->unspend('user', 'erin');
    is($stage->enter($stage->browser, 'erin', $keys[$won[0]])->story, '303 /',
       'and its key is the factor');
    is(scalar(grep { $_->get('/app')->status == 200 } @tabs), 1,
       'and its session the only one');
};


subtest 'A pending key that is gone or is another\'s confirms nothing '
    . '(security 20, 97)' => sub
{
    $stage->account('user', $_, @required) for qw(frank gina);
    my $frank = $stage->visitor('frank');
    my $gina = $stage->visitor('gina');
    my $key = $frank->get('/mfa/enrol/scan')->key;
    my ($of_frank, $of_gina) = map {
        'mfa:enrolment:' . ($stage->sessions('user', $_))[0]{hash}
    } qw(frank gina);
    my $pending = $stage->redis('GET', $of_frank);

    $gina->get('/mfa/enrol/scan');
    $stage->redis('SET', $of_gina, $pending);
    is($gina->post('/mfa/enrol/scan', [csrf => $gina->csrf,
        code => totp($key)])->story, '403 error expired',
       'the pending key of another account does not open');
    is($gina->get('/mfa/enrol/scan')->key, '', 'and is not shown');
    $stage->redis('DEL', $of_gina);

    $stage->redis('SET', $of_frank, substr($pending, 0, -2));
    is($frank->post('/mfa/enrol/scan', [csrf => $frank->csrf,
        code => totp($key)])->story, '403 error expired', 'nor a cut one');
    $stage->redis('DEL', $of_frank);
    $frank->get('/mfa/security');
    is($frank->post('/mfa/enrol/scan', [csrf => $frank->csrf,
        code => totp($key)])->story, '403 error expired',
       'one that took too long is gone');
    my $fresh = $frank->get('/mfa/enrol/scan')->key;
    isnt($fresh, $key, 'and there is a new one');
    is($frank->post('/mfa/enrol/scan', [csrf => $frank->csrf,
        code => totp($key)])->story, '401 enrol-scan code',
       'the old one is worth nothing');
    is($frank->post('/mfa/enrol/scan', [csrf => $frank->csrf,
        code => totp($fresh)])->location, '/mfa/enrol/done', 'the new one is');

    my %keys;
    for my $i (1 .. 100) {
        $keys{$gina->get('/mfa/enrol/scan')->key}++;
        $stage->redis('DEL', $of_gina);
    }

    is(scalar(grep { /^[A-Z2-7]{32}$/ } keys %keys), 100,
       'a hundred keys, none of them twice');
};


subtest 'The set-up\'s forms belong to their session (security 48)' => sub {
    $stage->account('user', 'henry', @required);
    my $browser = $stage->visitor('henry');
    my $other = $stage->visitor('henry');
    $other->get('/mfa/enrol/scan');
    my $key = $browser->get('/mfa/enrol/scan')->key;
    my $code = totp($key);

    for my $csrf ('', $other->csrf, $browser->cookie('mfa_user')) {
        for my $path ('/mfa/enrol/scan', '/mfa/enrol/later') {
            is($browser->post($path, [csrf => $csrf, code => $code])->story,
               '403 error csrf', "$path with \"" . substr($csrf, 0, 6) . '"');
        }
    }

    $browser->get('/mfa/enrol/scan');
    my $csrf = $browser->csrf;
    is($browser->post('/mfa/enrol/scan', [csrf => $csrf, code => $code],
                      Origin => 'null')->story, '403 error origin',
       'another site');
    is($browser->get("/mfa/enrol/scan?csrf=$csrf&code=$code")->story,
       '200 enrol-scan', 'a GET confirms nothing');
    is($stage->account_get('user', 'henry', 'enrolled'), undef, '- nothing');
    is($browser->post('/mfa/enrol/scan', [csrf => $csrf, code => $code])
       ->location, '/mfa/enrol/done', 'its own token');
};


subtest 'Names and issuers of every kind reach the app (security 24, 55)' => sub
{
    my $long = join '', map { chr(97 + $_ % 26) } 1 .. 128;

    for my $login ('a+b@example.com', 'x', '_.-', '0', $long) {
        $stage->account('odd', $login);
        my $browser = $stage->visitor($login, portal => 'odd');
        my $answer = $browser->get('/mfa/enrol/scan', Host => 'evil.example',
                                   'X-Forwarded-Host' => 'evil.example');
        my $uri = $answer->otpauth;
        my $parts = parts($uri);

        unlike($uri, qr/evil/, 'what the browser says of the host is not in it');
        like($uri, qr/^[!-~]+$/, 'it is plain ASCII');
        is($parts->{secret}, $answer->key, 'the key');
        is($parts->{issuer}, $odd, 'the issuer');
        my ($label) = $parts->{label} =~ /^\Q$odd\E: ?(.*)$/;
        my $part = length $login > 100 ? substr $login, 0, length $label
                                       : $login;
        is($label, $part, 'the name ' . substr $login, 0, 20);
        cmp_ok(length $label, '>=', 100, '- cut, if at all, where nobody reads')
            if length $login > 100;
        is($stage->scan($answer), $uri, 'all of it in the picture');
    }
};


subtest 'Other digests, lengths and periods are told to the app' => sub {
    $stage->account('big', 'ivan', @required);
    my $browser = $stage->visitor('ivan', portal => 'big');
    my $answer = $browser->get('/mfa/enrol/scan');
    my $parts = parts($stage->scan($answer));
    my $make = sub {
        my $code = MFA::Journey::output_of('oathtool',
            '--totp=' . lc $parts->{algorithm}, '-d', $parts->{digits}, '-s',
            "$parts->{period}s", '-N', '@' . (time + $_[0] * 60), '-b', '--',
            $parts->{secret});
        chomp $code;
        return $code;
    };

    is("$parts->{algorithm} $parts->{digits} $parts->{period}", 'SHA256 8 60',
       'as configured');
    is($browser->post('/mfa/enrol/scan', [csrf => $browser->csrf,
        code => totp($answer->key)])->story, '401 enrol-scan code',
       'a code of six digits is none');
    is($browser->post('/mfa/enrol/scan', [csrf => $browser->csrf,
        code => $make->(0)])->location, '/mfa/enrol/done', 'one of eight is');
    $stage->login($browser = $stage->browser(portal => 'big'), 'ivan');
    is($browser->submit('/mfa/code', '/mfa/code', code => $make->(1))->story,
       '303 /', 'and the next one logs in');
};


subtest 'Setting a factor up ends every other session (security 33, 34)' => sub {
    $stage->account('user', 'judy', @required);
    my @others = map { $stage->visitor('judy') } 1 .. 3;
    $_->submit('/mfa/enrol', '/mfa/enrol/later') for @others;
    is(scalar(grep { $_->get('/app')->status == 200 } @others), 3,
       'three are at work');
    my $browser = $stage->visitor('judy');
    my $old = $browser->cookie('mfa_user');
    $stage->enrol($browser);

    is(scalar(grep { $_->get('/app')->status == 200 } @others), 0, 'none is');
    is($stage->browser(cookies => { mfa_user => $old })->get('/app')->status,
       303, 'nor the one that enrolled, under its old cookie');
    like($browser->get('/app')->body, qr/level=mfa/, 'only under its new one');
};


$stage->finish;
done_testing;
