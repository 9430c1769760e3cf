#!/usr/bin/perl

# Recovery codes (feature 100-03): ten, shown once when a factor is set up and when
# they are made anew, each good once wherever a code is asked, under the limits of
# codes; void with the factor they belong to; in the store as keyed hashes alone;
# told of by mail and on record.
#
# When this fails, a lost phone is a lost account, a code that was used or is of
# another account opens the portal, or who reads the store reads a way in.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;

use MFA::Journey;

my $mail = 'mail from=mfa@example.com base_url=https://portal.example.com;';
my $wide = 'session max=1000; '
         . 'limit password=1000/15m code=1000/15m address=10000/10m;';
my $stage = MFA::Journey->new(
    workers   => 4,
    locations => 'location = /verify { mfa_verify PORTAL; }
                  location /fresh/ { mfa PORTAL fresh=5m;
                                     proxy_pass http://site; }
                  location /mfa/console/ { mfa PORTAL;
                                           mfa_console user admin; }',
    portals   => {
        user  => "$wide $mail locale en de fr;",
        other => "$wide $mail",
        both  => "$wide login_form combined;",
        tight => 'limit password=1000/15m code=5/15m address=10000/10m;',
        admin => "$wide $mail",
    });

my @email = (options => ['--email', 'someone@example.com']);


sub totp { return MFA::Journey::totp(@_) }


# The codes on a page, as they stand there.
sub codes {
    my ($answer) = @_;
    my ($text) = $answer->body =~ m{<pre[^>]* data-mfa-recovery>([^<]*)</pre>}
        or return;

    return split /\n/, $text;
}


sub shown {
    my @codes = codes(@_);

    return scalar @codes;
}


# An account with a factor, its key and its codes; nothing is spent.
sub enrolled {
    my ($portal, $login, %opt) = @_;

    $stage->account($portal, $login, %opt);
    my $browser = $stage->visitor($login, portal => $portal);
    my $key = $stage->enrol($browser);
    my @codes = codes($browser->get('/mfa/enrol/done'));
    $stage->unspend($portal, $login);

    return ($key, @codes);
}


# The mails of a kind that wait, oldest first.
sub mails {
    my ($portal, $kind) = @_;

    return grep { $_->{mail} eq $kind } map { +{ @{ $_->[1] } } }
        @{ $stage->redis('XRANGE', "mfa:{$portal}:outbox", '-', '+') };
}


# Both steps with a recovery code.
sub enter {
    my ($login, $code, %opt) = @_;
    my $browser = $stage->browser(%opt);

    $stage->login($browser, $login);

    return ($browser->submit('/mfa/code', '/mfa/code', code => $code),
            $browser);
}


sub story { return (enter(@_))[0]->story }
sub left  { return $stage->redis('SCARD', "mfa:{$_[0]}:recovery:$_[1]") }


# New codes, by the security page, for a browser that has just given a code.
sub renew {
    my ($browser) = @_;

    return $browser->submit('/mfa/security', '/mfa/security',
                            action => 'recovery');
}


subtest 'Ten codes are shown once, when the factor is set up (feature 100-03)' =>
    sub
{
    $stage->account('user', 'alice', @email);
    my $browser = $stage->visitor('alice');
    $stage->enrol($browser);

    my $head = $browser->request('HEAD', '/mfa/enrol/done');
    is($head->status, 200, 'a HEAD is answered');
    my $answer = $browser->get('/mfa/enrol/done');
    my @codes = codes($answer);
    is($answer->story, '200 enrol-done', 'the page behind the set-up');
    is(scalar @codes, 10, '... shows ten, which the HEAD has not taken');
    is(scalar(grep { /^[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}$/ } @codes), 10,
       '... of sixteen characters in four groups');
    is(scalar keys %{ { map { $_ => 1 } @codes } }, 10, '... no two alike');
    is($answer->header('Cache-Control'), 'no-store', 'not kept (security 23)');
    unlike($answer->body, qr/<script|<img|<iframe/, 'no script is needed');
    like($answer->body, qr/\@media print/, 'printable');
    like($answer->body, qr{<p class="onprint">user: alice</p>},
         '... with what they are for');

    my $again = $browser->get('/mfa/enrol/done');
    is($again->story, '200 enrol-done', 'a reload');
    is(shown($again), 0, '... shows none');
    like($again->body, qr/security page/, '... and says where new ones are made');
    is(scalar $stage->keys_of('mfa:recovery:*'), 0, 'nothing waits any more');
    like($browser->get('/mfa/security')->body,
         qr/data-mfa-recovery-left="10">10 left/, 'they are counted there');

    for my $language (['de', 'Ihre Wiederherstellungscodes'],
                      ['fr', 'Vos codes de secours'])
    {
        my ($tag, $title) = @$language;
        renew($browser);
        like($browser->get('/mfa/recovery', 'Accept-Language' => $tag)->body,
             qr/\Q$title\E/, "in $tag");
    }
};


subtest 'While they wait they are sealed, for this session, ten minutes at most '
    . '(security 97, 102)' => sub
{
    $stage->account('user', 'bert');
    my $browser = $stage->visitor('bert');
    $stage->enrol($browser);

    my ($waiting) = $stage->keys_of('mfa:recovery:*');
    my $ttl = $stage->redis('TTL', $waiting);
    ok($ttl > 0 && $ttl <= 600, 'they end by themselves');
    my $sealed = $stage->redis('GET', $waiting);
    my @hashes = @{ $stage->redis('SMEMBERS', 'mfa:{user}:recovery:bert') };
    my @codes = codes($browser->get('/mfa/enrol/done'));

    for my $code (@codes) {
        (my $plain = $code) =~ s/-//g;
        is(scalar(grep { /\Q$code\E|\Q$plain\E/i } $sealed, @hashes), 0,
           'no code is in the store');
    }

    # Put back for another session of another account.
    my ($key) = enrolled('user', 'berta');
    my $thief = $stage->browser;
    $stage->enter($thief, 'berta', $key);
    my ($session) = reverse $stage->sessions('user', 'berta');
    $stage->redis('SET', "mfa:recovery:$session->{hash}", $sealed);
    is(shown($thief->get('/mfa/recovery')), 0,
       'what was sealed for another session is not shown');

    $stage->redis('BGREWRITEAOF');
    my $dump = join '', map { local (@ARGV, $/) = $_; <> }
               grep { -f } glob $stage->dir . '/{appendonlydir/,}*.{aof,rdb}';
    ok(length $dump, 'there is a file of the store');
    is(scalar(grep { (my $p = $_) =~ s/-//g; $dump =~ /\Q$_\E|\Q$p\E/ } @codes),
       0, 'and no code in it');
    is(scalar(grep { $stage->log_text =~ /\Q$_\E/ } @codes), 0, 'nor in a log');
};


subtest 'Each opens the code page once, typed as people type (feature 100-03)' =>
    sub
{
    my ($key, @codes) = enrolled('user', 'carol', @email);
    (my $plain = lc $codes[1]) =~ s/-//g;
    (my $odd = $codes[2]) =~ tr/OIB/018/;

    my $browser = $stage->browser;
    $stage->login($browser, 'carol');
    my $page = $browser->get('/mfa/code?next=/app');
    like($page->body, qr{<input[^>]* name="code"[^>]* maxlength="32"},
         'the field has room for one');
    like($page->body, qr{href="/mfa/code/recovery\?next=/app"},
         'the page says that there are such');
    $page = $browser->get('/mfa/code/recovery?next=/app');
    is($page->story, '200 code', 'with letters on the telephone, too');
    unlike($page->body, qr/inputmode="numeric"/, '...');
    my $answer = $browser->post('/mfa/code', [csrf => $browser->csrf,
        code => $codes[0], recovery => 1, next => '/app']);
    is($answer->story, '303 /app', 'in');
    like($browser->get('/app')->body, qr/^user=carol level=mfa /, 'as with a code');

    my ($mail) = mails('user', 'recovery-used');
    is_deeply([@$mail{qw(login to detail)}],
              ['carol', 'someone@example.com', '9'],
              'its owner is told, and how many are left (security 22)');
    is($stage->account_get('user', 'carol', 'validated'), undef,
       'it says nothing about the key in the app (feature 001-11)');
    my ($event) = $stage->audit('user', event => 'code', login => 'carol');
    is("$event->{result} $event->{reason} $event->{detail}", 'ok recovery 9',
       'on record');

    is(story('carol', $codes[0]), '401 code code', 'it is spent');
    my ($last) = reverse $stage->audit('user', event => 'code');
    is("$last->{result} $last->{reason}", 'refused recovery', '... on record');
    is(story('carol', $plain), '303 /', 'without dashes, in lower case');
    is(story('carol', " $odd "), '303 /', 'digits for the letters they look like');
    is(story('carol', 'AAAA-BBBB-CCCC-DDDD'), '401 code code', 'a wrong one');
    is(left('user', 'carol'), 7, 'seven are left');
    is(story('carol', totp($key)), '303 /', 'the app works as before');
    like($stage->account_get('user', 'carol', 'validated'), qr/./,
         '... and validates its key');

    $browser = $stage->visitor('carol');
    $browser->get('/mfa/code/recovery');
    like($browser->post('/mfa/code', [csrf => $browser->csrf, recovery => 1,
        code => 'AAAA-BBBB-CCCC-DDDD'])->body,
         qr/name="recovery" value="1"/, 'refused, the page stays what it was');
};


subtest 'Of one used in twenty places at once one gets in (security 11)' => sub {
    my ($key, @codes) = enrolled('user', 'dora');
    my @browsers = map { $stage->visitor('dora') } 1 .. 20;
    $_->get('/mfa/code') for @browsers;
    my @answers = MFA::Browser::together(map {
        [$_, 'POST', '/mfa/code', body => MFA::Browser::form(
            csrf => $_->csrf, code => $codes[3])]
    } @browsers);

    is(scalar(grep { $_->status == 303 } @answers), 1, 'one');
    is(scalar(grep { $_->status == 401 } @answers), 19, 'the others are refused');
    is(left('user', 'dora'), 9, 'nine are left');
};


subtest 'It is good for the combined form, a step-up, the console and other '
    . 'resources' => sub
{
    my ($key, @codes) = enrolled('both', 'emil');
    my $browser = $stage->browser(portal => 'both');
    is($browser->submit('/mfa/login', '/mfa/login', login => 'emil',
        password => $stage->password, code => $codes[0])->story, '303 /',
       'with the password in one form');
    is($browser->get('/app')->status, 200, '... in');
    $browser = $stage->browser(portal => 'both');
    is($browser->submit('/mfa/login', '/mfa/login', login => 'emil',
        password => 'wrong', code => $codes[1])->story,
       '401 login credentials', 'with a wrong password not');
    is(left('both', 'emil'), 9, '... and it is not spent');
    is($browser->submit('/mfa/login', '/mfa/login', login => 'emil',
        password => $stage->password, code => $codes[0])->story,
       '401 login credentials', 'spent, it looks like a wrong password');

    ($key, @codes) = enrolled('user', 'emma');
    $browser = $stage->browser;
    $stage->enter($browser, 'emma', $key);
    $stage->sessions_set('user', 'emma', code_at => time - 400);
    is($browser->get('/fresh/x')->story, '303 /mfa/code?next=/fresh/x',
       'an old code');
    $browser->get('/mfa/code?next=/fresh/x');
    is($browser->post('/mfa/code', [csrf => $browser->csrf, code => $codes[0],
        next => '/fresh/x'])->story, '303 /fresh/x', '... is made a fresh one');
    is($browser->get('/fresh/x')->status, 200, '... there');

    my ($boss, @boss) = enrolled('admin', 'boss',
                                 options => ['--role', 'administrator']);
    $browser = $stage->browser(portal => 'admin');
    $stage->enter($browser, 'boss', $boss);
    $stage->sessions_set('admin', 'boss', code_at => time - 700);
    like($browser->get('/mfa/console/user/emma')->body,
         qr/data-mfa-proof="code"/, 'the console asks for a proof');
    is($browser->submit('/mfa/code', '/mfa/code', code => $boss[0])->status,
       303, '... takes one');
    unlike($browser->get('/mfa/console/user/emma')->body, qr/data-mfa-proof/,
           '... and is content');

    my $ask = sub {
        my ($code) = @_;
        my $password = $stage->password;

        return $stage->browser->request('POST', '/verify',
            headers => { 'Content-Type' => 'application/json' },
            body => qq({"login":"emma","password":"$password","code":"$code"})
        );
    };
    # Such a resource asks for a code only where the key is validated.
    is($ask->($codes[1])->status, 200, 'mfa_verify takes one');
    is($ask->($codes[1])->status, 403, '... once');
    my ($event) = $stage->audit('user', event => 'verify', login => 'emma');
    is("$event->{result} $event->{reason} $event->{detail}", 'ok recovery 8',
       '... on record');
    is(left('user', 'emma'), 8, 'eight are left');
};


subtest 'It confirms no factor and validates none' => sub {
    my ($key, @codes) = enrolled('user', 'fritz');
    my $browser = $stage->browser;
    $stage->enter($browser, 'fritz', $key);

    $browser->get('/mfa/validate');
    is($browser->post('/mfa/validate', [csrf => $browser->csrf,
        code1 => $codes[0], code2 => $codes[1]])->story,
       '401 validate codes', 'two of them are no two codes in a row');
    is($browser->submit('/mfa/security', '/mfa/security', action => 'replace')
       ->story, '303 /mfa/enrol/scan', 'another factor is on its way');
    $browser->get('/mfa/enrol/scan');
    is($browser->post('/mfa/enrol/scan', [csrf => $browser->csrf,
        code => $codes[0]])->story, '401 enrol-scan code', '... not by one');
    is(left('user', 'fritz'), 10, 'none is spent');
};


subtest 'They are under the limit of codes (security 14, 107)' => sub {
    my ($key, @codes) = enrolled('tight', 'gina');
    my @tight = (portal => 'tight');

    is(story('gina', 'AAAA-BBBB-CCCC-DDDD', @tight), '401 code code', "wrong $_")
        for 1 .. 5;
    is(story('gina', $codes[0], @tight), '429 code limited',
       'over the limit a right one is not looked at');
    is(left('tight', 'gina'), 10, '... nor spent');
    is(story('gina', totp($key), @tight), '429 code limited',
       'the limit is one for both');
};


subtest 'New ones make the old ones void; a fresh code is due for them' => sub {
    my ($key, @codes) = enrolled('user', 'hans', @email);
    my $browser = $stage->browser;
    $stage->enter($browser, 'hans', $key);

    $stage->sessions_set('user', 'hans', code_at => time - 301);
    is(renew($browser)->story, '303 /mfa/code?next=/mfa/security',
       'an old code is not enough (security 37)');
    is(left('user', 'hans'), 10, '... nothing is changed');
    $browser->get('/mfa/code?next=/mfa/security');
    is($browser->post('/mfa/code', [csrf => $browser->csrf, code => $codes[9],
        next => '/mfa/security'])->story, '303 /mfa/security',
       'a fresh one leads back');

    is(renew($browser)->story, '303 /mfa/recovery', 'made');
    is(shown($stage->visitor('hans')->get('/mfa/recovery')), 0,
       'another session does not see them');
    my $page = $browser->get('/mfa/recovery');
    my @new = codes($page);
    is($page->story . ' ' . @new, '200 recovery 10', 'ten new ones');
    is(shown($browser->get('/mfa/recovery')), 0, '... once');
    is(scalar mails('user', 'recovery-made'), 3, 'its owner is told');
    is(scalar $stage->audit('user', event => 'recovery-codes', result => 'ok',
                            login => 'hans'), 1, 'on record');
    is(story('hans', $codes[0]), '401 code code', 'an old one is void');
    is(story('hans', $new[0]), '303 /', 'a new one is good');

    is($browser->post('/mfa/security', [action => 'recovery'])->status, 403,
       'no token, no codes (security 48)');
    my $half = $stage->visitor('hans');
    $half->get('/mfa/code');
    is($half->post('/mfa/security', [csrf => $half->csrf,
        action => 'recovery'])->status, 403, 'half a login makes none');
    is($half->get('/mfa/recovery')->story, '303 /mfa/code', '... and sees none');
    is($stage->browser->get('/mfa/recovery')->story, '303 /mfa/login',
       'nor does a stranger');
    is(left('user', 'hans'), 9, 'nine are left');
};


subtest 'They are of one account, one portal, one factor (security 88)' => sub {
    my ($key, @codes) = enrolled('user', 'ines');
    enrolled('user', 'ivan');
    enrolled('other', 'ines');

    is(story('ivan', $codes[0]), '401 code code', 'not of another account');
    is(story('ines', $codes[0], portal => 'other'), '401 code code',
       'not of another portal');

    # Moved there in the store, they are no hashes of that account.
    $stage->redis('COPY', 'mfa:{user}:recovery:ines',
                  'mfa:{user}:recovery:ivan', 'REPLACE');
    is(story('ivan', $codes[0]), '401 code code', '... also when moved there');

    my $old = $stage->redis('SMEMBERS', 'mfa:{user}:recovery:ines');
    $stage->admin('mfa', 'reset', 'user', 'ines');
    is(left('user', 'ines'), 0, 'an admin\'s reset leaves none');
    my $browser = $stage->visitor('ines');
    $stage->enrol($browser);
    $stage->unspend('user', 'ines');
    is(left('user', 'ines'), 10, 'another factor has its own');
    $stage->redis('SADD', 'mfa:{user}:recovery:ines', @$old);
    is(story('ines', $codes[0]), '401 code code',
       'those of the one before are void, also when put back (security 101)');

    $stage->admin('account', 'delete', 'user', 'ines');
    is(left('user', 'ines'), 0, 'with the account they are gone');

    # A factor that is damaged lets nobody in (security 21).
    ($key, @codes) = enrolled('user', 'ivo');
    my $half = $stage->visitor('ivo');
    $half->get('/mfa/code');
    $stage->account_set('user', 'ivo', 'secret', 'spoilt');
    is($half->post('/mfa/code', [csrf => $half->csrf, code => $codes[0]])
       ->status, 403, 'a damaged factor is a fault, recovery code or not');
    is(left('user', 'ivo'), 10, '... nothing is spent');
};


subtest 'A new key in the ring takes nothing away (security 100)' => sub {
    my ($key, @codes) = enrolled('user', 'jutta');
    my $master = $stage->{nginx}[0]->pid;
    my $before = $stage->browser->get('/mfa/login')->header('X-Worker');

    $stage->admin('keys', 'new');
    kill HUP => $master;

    for (1 .. 100) {
        last if ($stage->browser->get('/mfa/login')->header('X-Worker') || '')
                > $before + 3;
        select undef, undef, undef, 0.1;
    }

    select undef, undef, undef, 0.5;
    is(story('jutta', $codes[0]), '303 /', 'one made under the old key');
    is(story('jutta', $codes[0]), '401 code code', '... is good once');
    my ($answer, $browser) = enter('jutta', $codes[1]);
    renew($browser);
    my @new = codes($browser->get('/mfa/recovery'));
    is(story('jutta', $new[0]), '303 /', 'one made under the new key');
    is(story('jutta', $codes[2]), '401 code code', 'and the old ones are void');
};


$stage->finish;
done_testing();
