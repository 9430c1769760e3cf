#!/usr/bin/perl

# The security page: people see where they are logged in and end one session or
# all others (security 34, feature 100-05).  And which sessions make room when
# there are too many that began in the same second (security 36).
#
# When this fails, whoever finds a session that is not theirs cannot end it, ends
# somebody else's, or learns what a session's cookie is.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;

use MFA::Journey;

my $limits = 'limit password=1000/15m code=1000/15m address=10000/10m;';
my $stage = MFA::Journey->new(
    workers => 2,
    portals => {
        user  => "grace 7d; session max=1000; locale en de fr; $limits",
        few   => "session max=3; $limits",
        other => $limits,
    });


# The rows of the page: id => text, in their order as a list of ids.
sub rows {
    my ($answer) = @_;
    my (@order, %text);
    my $body = $answer->body;

    while ($body =~ m{<li data-mfa-session="([^"]+)">(.*?)</li>}gs) {
        push @order, $1;
        $text{$1} = $2;
    }

    return (\@order, \%text);
}


sub row_of {
    my ($answer, $pattern) = @_;
    my ($order, $text) = rows($answer);
    my ($id) = grep { $text->{$_} =~ $pattern } @$order;

    return $id;
}


my $linux = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 '
          . 'Firefox/128.0';
my $phone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) '
          . 'AppleWebKit/605.1.15 (KHTML, like Gecko)';


subtest 'The page lists the open sessions, newest first, and says which is '
    . 'this one (security 34)' => sub
{
    $stage->account('user', 'alice');
    my $first = $stage->visitor('alice', agent => $linux,
                                address => '127.0.0.11');
    my $second = $stage->visitor('alice', agent => $phone,
                                 address => '127.0.0.12');
    my $third = $stage->visitor('alice', agent => '<b>"x"</b>');
    my $answer = $first->get('/mfa/security');
    my ($order, $text) = rows($answer);

    is(scalar @$order, 3, 'three sessions');
    like($text->{$order->[0]}, qr/&lt;b&gt;&quot;x&quot;/,
         'the newest first, what it calls itself escaped (security 152)');
    like($text->{$order->[1]}, qr/iPhone.*127\.0\.0\.12/s, 'the second');
    like($text->{$order->[2]}, qr/Firefox, Linux.*127\.0\.0\.11/s, 'the first');
    like($text->{$order->[2]}, qr/This session/, 'which is this one');
    unlike($text->{$order->[2]}, qr/<form/, '- and is ended by logging out');
    like($text->{$order->[1]},
         qr/Begun \d{4}-\d\d-\d\d \d\d:\d\d UTC.*Last seen \d{4}-/s,
         'with its times');
    is(scalar(() = $text->{$order->[1]} =~ /<form/g), 1, 'and a way to end it');

    for my $browser ($first, $second, $third) {
        my ($id) = split /\./, $browser->cookie('mfa_user');
        is(index($answer->body, $id), -1, 'no cookie is on it (security 29)');
    }

    my ($session) = $stage->sessions('user', 'alice');
    unlike($answer->body, qr/\Q$session->{hash}\E/, 'nor a whole hash');

    $stage->account('user', 'bobby');
    my ($ids) = rows($stage->visitor('bobby')->get('/mfa/security'));
    is(scalar @$ids, 1, 'nobody sees those of others');

    $stage->sessions_set('user', 'bobby', created => time - 86400);
    my $browser = $stage->visitor('bobby');
    ($ids) = rows($browser->get('/mfa/security'));
    is(scalar @$ids, 1, 'one that is over by its times is not listed');
};


subtest 'One session is ended, and at once; the others go on (security 33, 34)'
    => sub
{
    $stage->account('user', 'carol');
    my @browsers = map { $stage->visitor('carol', agent => "Agent $_",
                                         keep => 1) } 1 .. 3;
    my $answer = $browsers[0]->get('/mfa/security');
    my $id = row_of($answer, qr/Agent 2/);

    is($browsers[0]->post('/mfa/security', [csrf => $browsers[0]->csrf,
        action => 'end-session', ref => $id])->story,
        '303 /mfa/security?done=1', 'ended');
    is(join(' ', map { $_->get('/app')->status } @browsers), '200 303 200',
       'the one that was named is out, the others are in');
    like($browsers[0]->get('/mfa/security?done=1')->body,
         qr/role="status">Done/, 'the page says that it is done');
    is(scalar(@{ (rows($browsers[0]->answer))[0] }), 2, 'and lists two');
    my ($event) = $stage->audit('user', event => 'session-revoke',
                                login => 'carol');
    is($event->{detail}, $id, 'it is on record');
    is($stage->redis('ZCARD', 'mfa:{user}:sessions:carol'), 2,
       'nothing is left in the index');

    is($browsers[0]->post('/mfa/security', [csrf => $browsers[0]->csrf,
        action => 'end-session', ref => $id])->story,
        '303 /mfa/security?gone=1', 'what is over is not ended again');
    like($browsers[0]->get('/mfa/security?gone=1')->body,
         qr/role="status">Nothing was left to end/, '... and the page says so');

    for my $ref ('', substr($id, 0, 4), '*', 'x' x 500) {
        $browsers[0]->post('/mfa/security', [csrf => $browsers[0]->csrf,
            action => 'end-session', ref => $ref]);
    }

    is(join(' ', map { $_->get('/app')->status } @browsers[0, 2]), '200 200',
       'what names no session ends none');
};


subtest 'All other sessions are ended together, however many (security 34)' =>
    sub
{
    $stage->account('user', 'dora');
    my @browsers = map { $stage->visitor('dora') } 1 .. 30;
    my $own = $browsers[7];

    like($own->get('/mfa/security')->body, qr/value="end-others"/,
         'it is offered');
    is($own->post('/mfa/security', [csrf => $own->csrf,
        action => 'end-others'])->story, '303 /mfa/security?done=1', 'done');
    is(join(',', grep { $browsers[$_]->get('/app')->status == 200 } 0 .. 29),
       '7', 'this one goes on alone');
    is(scalar $stage->audit('user', event => 'session-revoke',
                            login => 'dora'), 29, 'each is on record');
    unlike($own->get('/mfa/security')->body, qr/value="end-others"/,
           'and nothing more is offered');
};


subtest 'Nobody ends what is not theirs, and no other site for them (security '
    . '48, 50)' => sub
{
    $stage->account('user', 'emily');
    $stage->account('user', 'frank');
    $stage->account('other', 'emily');
    my $emily = $stage->visitor('emily');
    my $phone = $stage->visitor('emily', agent => $phone);
    my $frank = $stage->visitor('frank');
    my $namesake = $stage->visitor('emily', portal => 'other');
    my $id = row_of($emily->get('/mfa/security'), qr/iPhone/);

    for my $browser ($frank, $namesake) {
        $browser->get('/mfa/security');
        $browser->post('/mfa/security', [csrf => $browser->csrf,
            action => 'end-session', ref => $id]);
        $browser->post('/mfa/security', [csrf => $browser->csrf,
            action => 'end-others']);
    }

    is($phone->get('/app')->status, 200, 'neither a stranger\'s nor a namesake\'s '
       . 'post ends it');

    $emily->get('/mfa/security');
    my @end = (action => 'end-session', ref => $id);
    is($emily->post('/mfa/security', [@end])->status, 403, 'no token');
    is($emily->post('/mfa/security', [csrf => $frank->csrf, @end])->status,
       403, 'the token of another session');
    $emily->get('/mfa/security');
    is($emily->request('POST', '/mfa/security',
        body => MFA::Browser::form(csrf => $emily->csrf, @end),
        headers => { Origin => 'http://evil.example' })->status, 403,
       'another site');
    is($emily->get("/mfa/security?action=end-session&ref=$id")->status, 200,
       'a GET changes nothing');
    is($phone->get('/app')->status, 200, 'still there');
    is($emily->post('/mfa/security', [csrf => $emily->csrf,
        action => 'end-everything'])->story, '400 error form',
       'an unknown action is refused');

    my $key = $stage->enrolled('user', 'grace');
    my $full = $stage->browser;
    $stage->enter($full, 'grace', $key);
    my $half = $stage->visitor('grace');
    $half->get('/mfa/code');
    is($half->post('/mfa/security', [csrf => $half->csrf,
        action => 'end-others'])->status, 403,
       'half a login ends nobody\'s sessions');
    is($full->get('/app')->status, 200, '- they go on');
    is($half->get('/mfa/security')->story, '303 /mfa/code', 'nor sees them');
};


subtest 'Sessions that begin in one second make room in the order in which they '
    . 'began (security 36)' => sub
{
    $stage->account('few', 'alice');

    for my $round (1 .. 8) {
        my @browsers = map { $stage->visitor('alice', portal => 'few') } 1 .. 5;
        is(join('', map { $_->get('/app')->status == 200 ? 1 : 0 } @browsers),
           '00111', "the last three of five, round $round");
    }

    my $scores = $stage->redis('ZRANGE', 'mfa:{few}:sessions:alice', 0, -1,
                               'WITHSCORES');
    my @times = map { $scores->[2 * $_ + 1] } 0 .. 2;
    is(scalar(grep { abs($_ / 1e6 - time) < 30 } @times), 3,
       'their scores are microseconds');
    is(scalar(keys %{ { map { $_ => 1 } @times } }), 3, 'no two alike');
};


subtest 'A new id at each level, also when a fresh code is given (security 26)'
    => sub
{
    my $key = $stage->enrolled('user', 'henry');
    my $browser = $stage->visitor('henry');
    my @cookies = $browser->cookie('mfa_user');

    for my $step (0, 1) {
        $browser->submit('/mfa/code', '/mfa/code',
                         code => MFA::Journey::totp($key, $step));
        push @cookies, $browser->cookie('mfa_user');
    }

    is(scalar(keys %{ { map { $_ => 1 } @cookies } }), 3,
       'password, code, fresh code: three ids');
    is(join(' ', map {
        $stage->browser(cookies => { mfa_user => $_ })->get('/app')->status
    } @cookies), '303 303 200', 'only the last is worth anything');
};


subtest 'It shows the factor and the way to another one, never its key (feature '
    . '002-16, 100-01, 100-03)' => sub
{
    $stage->account('user', 'gerd', options => ['--require-mfa']);
    my $browser = $stage->visitor('gerd');
    my $page = $browser->get('/mfa/security');

    like($page->body, qr/data-mfa-state="none".*data-mfa-days="7"/s,
         'without a factor: the days of grace');
    unlike($page->body, qr/value="replace"|value="recovery"/,
           '... nothing to replace, no recovery codes');
    is($browser->post('/mfa/security', [csrf => $browser->csrf,
        action => 'replace'])->story, '403 error forbidden', '... nor by hand');
    $browser->get('/mfa/security');
    is($browser->post('/mfa/security', [csrf => $browser->csrf,
        action => 'recovery'])->story, '403 error forbidden', '... either');
    like($page->body, qr{href="/mfa/password"}, 'the password can be changed');

    my $key = $stage->enrol($browser);
    $page = $browser->get('/mfa/security');
    like($page->body, qr/data-mfa-state="enrolled"/, 'with one: set up');
    like($page->body, qr/value="replace"/, '... another one is offered');
    like($page->body, qr/data-mfa-recovery-left="10"/, '... ten recovery codes');
    unlike($page->body, qr/class="state bad" data-mfa-recovery/, '... are enough');
    unlike($page->body, qr/data-mfa-grace|data-mfa-days/, '... no days');

    my @hashes = @{ $stage->redis('SMEMBERS', 'mfa:{user}:recovery:gerd') };
    $stage->redis('SREM', 'mfa:{user}:recovery:gerd', @hashes[0 .. 7]);
    like($browser->get('/mfa/security')->body,
         qr/class="state bad" data-mfa-recovery-left="2">2 left/,
         'two are few');
    $stage->redis('DEL', 'mfa:{user}:recovery:gerd');
    like($browser->get('/mfa/security')->body,
         qr/data-mfa-recovery-left="0">0 left/, 'none is none');
    is($browser->answer->key . $browser->answer->otpauth, '',
       'the key is never there');
    unlike($browser->answer->body, qr/\Q$key\E/, '... in no form');
};


subtest 'The page is there in every language' => sub {
    $stage->account('user', 'ines');
    my $browser = $stage->visitor('ines');

    for my $language (['de', 'Wo Sie angemeldet sind'],
                      ['fr', 'Où vous êtes connecté'])
    {
        my ($tag, $title) = @$language;
        like($browser->get('/mfa/security', 'Accept-Language' => $tag)->body,
             qr/<h2 id="sessions">$title/, $tag);
    }
};


$stage->finish;
done_testing();
