#!/usr/bin/perl

# Attempts at passwords are counted in Redis, before the password is looked at:
# two nginx with four workers each count as one.  By account and network, by
# network, and by account over all networks it never came in from.
#
# When this fails, passwords can be guessed by spreading the guesses, a stranger
# can lock somebody out, or an answer tells that a guess was right.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;

use MFA::Journey;

my $password = MFA::Journey->password;
my $stage = MFA::Journey->new(
    workers   => 4,
    instances => 2,
    portals   => {
        user   => 'limit password=5/15m code=5/15m address=1000/10m;',
        narrow => 'limit password=100/15m address=8/10m;',
    });

$stage->account('user', $_) for qw(alice bobby carol clean);
$stage->account('narrow', 'alice');


# A try from an address; on one of the two instances in turn.
my $turn = 0;

sub attempt {
    my ($address, $login, $given, %opt) = @_;
    my $browser = $stage->browser(address => $address,
                                  instance => $turn++ % 2, %opt);

    return $stage->login($browser, $login, $given // $password);
}


sub counter {
    my ($what) = @_;

    return $stage->redis('GET', "mfa:fail:$what");
}


# An answer with the name that was typed, and the seconds, taken out.
sub plain {
    my ($answer, $login) = @_;
    my $bytes = $answer->bytes;

    $bytes =~ s/value="\Q$login\E"/value="NAME"/;
    $bytes =~ s/^(Retry-After): \d+$/$1: N/m;
    $bytes =~ s/name="csrf" value="[^"]*"/csrf/g;
    $bytes =~ s/^Set-Cookie: mfa_user_login=[^\n]*\n//m;

    return $bytes;
}


subtest 'Five wrong passwords are all an account has from one network, through '
    . 'whichever worker and host (features 100-07, security 6, 106, 108)' => sub
{
    my %workers;
    my @names = ('alice', 'Alice', ' alice', "ALICE\t", 'aLiCe');

    for my $name (@names) {
        my $answer = attempt('127.0.0.3', $name, 'wrong');
        is($answer->status, 401, "wrong for \"$name\"");
        $workers{$answer->header('X-Worker')} = 1;
    }

    cmp_ok(scalar keys %workers, '>=', 2, 'they met several workers');

    for my $i (1 .. 8) {
        my $answer = attempt('127.0.0.3', $names[$i % 5], $password);
        is($answer->story, '429 login limited', 'then the right one is none');
        is($answer->header('Set-Cookie'), undef, '- no session');
    }

    my $i = @{ $stage->{nginx} };
    $stage->{instances}++;
    $stage->nginx_start;
    is($stage->login($stage->browser(address => '127.0.0.3', instance => $i),
       'alice')->status, 429, 'an nginx started later counts on');

    is(attempt('127.0.0.3', 'carol')->status, 303,
       'another account is not touched');
};


subtest 'A right password and a wrong one look the same while limited '
    . '(security 112)' => sub
{
    my $right = attempt('127.0.0.3', 'alice', $password);
    my $wrong = attempt('127.0.0.3', 'alice', 'wrong');

    is(plain($right, 'alice'), plain($wrong, 'alice'), 'the same bytes');
    like($right->header('Retry-After'), qr/^\d+$/, 'it says when to come back');
    cmp_ok($right->header('Retry-After'), '<=', 900, 'within the window');
    cmp_ok($right->header('Retry-After'), '>', 800, 'and not before its end');

    attempt('127.0.0.3', 'ghost', 'wrong') for 1 .. 5;
    is(plain(attempt('127.0.0.3', 'ghost', 'wrong'), 'ghost'),
       plain($wrong, 'alice'), 'a name without an account is limited alike');

    is(scalar $stage->audit('user', login => 'alice', result => 'limited'), 1,
       'one event tells of it, however many tries there were');
};


subtest 'Attempts are charged before they are checked, also all at once '
    . '(security 14)' => sub
{
    my @browsers = map {
        my $browser = $stage->browser(address => '127.0.0.4',
                                      instance => $_ % 2);
        $browser->get('/mfa/login');
        $browser;
    } 1 .. 40;
    my %n;

    $n{$_->status}++ for MFA::Browser::together(map {
        [$_, 'POST', '/mfa/login', body => MFA::Browser::form(
            csrf => $_->csrf, login => 'bobby', password => "guess $_")]
    } @browsers);

    is_deeply(\%n, { 401 => 5, 429 => 35 }, 'five of forty were looked at');
    is(scalar $stage->audit('user', login => 'bobby', result => 'refused',
        address => '127.0.0.4'), 5, 'and are on record');
};


subtest 'A stranger cannot lock anybody out (security 109, 110)' => sub {
    is(attempt('127.0.0.2', 'clean')->status, 303, 'clean is known here');

    # What is refused unseen must not count as guesses of all strangers.
    attempt('127.0.0.9', 'clean', 'wrong') for 1 .. 60;
    is(attempt('127.0.0.9', 'clean', 'wrong')->status, 429,
       'a stranger has used up what is theirs');

    for my $name ('X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'Client-IP') {
        is(attempt('127.0.0.9', 'clean', 'wrong', headers =>
           { $name => $name eq 'Forwarded' ? 'for=127.0.0.2' : '127.0.0.2' })
           ->status, 429, "also with a $name that says otherwise");
    }

    is(attempt('127.0.0.2', 'clean')->status, 303, 'the owner gets in');
    is(attempt('127.0.0.5', 'clean')->status, 303,
       'from a place never seen before as well');

    # Fifty guesses from places unknown are all there is, wherever they stand.
    my %n;
    for my $i (1 .. 60) {
        $n{attempt("127.0.1.$i", 'clean', 'wrong')->status}++;
    }

    cmp_ok($n{401}, '<=', 50, 'a crowd of strangers is limited together');
    cmp_ok($n{401}, '>=', 30, '- but not at the first');
    is(attempt('127.0.1.99', 'clean')->status, 429,
       'a new place is none of the owner\'s while that lasts');
    is(attempt('127.0.0.2', 'clean')->status, 303,
       'the owner gets in from the old one');
    is(attempt('127.0.0.5', 'clean')->status, 303, 'from both of them');
};


subtest 'What one network may try is limited over all accounts (security 108)'
    => sub
{
    my @narrow = (portal => 'narrow');

    for my $i (1 .. 8) {
        is(attempt('127.0.0.20', "name$i", 'wrong', @narrow)->status, 401,
           "try $i, each another name");
    }

    is(attempt('127.0.0.20', 'name9', 'wrong', @narrow)->status, 429, 'try 9');
    is(attempt('127.0.0.20', 'alice', $password, @narrow)->status, 429,
       'and a right password there');
    is(attempt('127.0.0.21', 'alice', $password, @narrow)->status, 303,
       'but not elsewhere');

    my %n;
    $n{attempt('127.0.0.22', 'alice', $password, @narrow)->status}++
        for 1 .. 12;
    is_deeply(\%n, { 303 => 12 }, 'who is right does not use it up');
};


subtest 'What is tried at one portal closes no other (security 108)' => sub {
    attempt('127.0.0.23', "name$_", 'wrong') for 1 .. 9;

    is(counter('address:user:127.0.0.23'), 9, 'nine are counted at one');
    is(attempt('127.0.0.23', 'alice', $password, portal => 'narrow')->status, 303,
       'the other, which takes eight, has had none');
};


subtest 'A success clears its own count and no other (security 108)' => sub {
    my $key = $stage->enrol($stage->visitor('carol', address => '127.0.0.30'));
    my $wrong = MFA::Journey::wrong_code($key);
    my $browser = $stage->visitor('carol', address => '127.0.0.30');

    $browser->submit('/mfa/code', '/mfa/code', code => $wrong) for 1 .. 3;
    is(counter('code:user:carol'), 3, 'three wrong codes are counted');

    attempt('127.0.0.31', 'carol', 'wrong') for 1 .. 2;
    attempt('127.0.0.30', 'carol', 'wrong') for 1 .. 2;
    is(counter('password:user:carol:127.0.0.30'), 2, 'wrong passwords here');
    is(counter('password:user:carol:127.0.0.31'), 2, 'and there');

    is(attempt('127.0.0.30', 'carol')->status, 303, 'the right password');
    is(counter('password:user:carol:127.0.0.30'), undef, 'clears what is here');
    is(counter('password:user:carol:127.0.0.31'), 2, 'not what is there');
    is(counter('code:user:carol'), 3, 'and no codes');

    $stage->unspend('user', 'carol');
    is($browser->submit('/mfa/code', '/mfa/code',
                        code => MFA::Journey::totp($key))->status, 303,
       'the right code');
    is(counter('code:user:carol'), undef, 'clears the codes');
    is(counter('password:user:carol:127.0.0.31'), 2, 'and no passwords');
};


subtest 'No counter lives for ever, and a limit ends (security 113)' => sub {
    my @keys = $stage->keys_of('mfa:fail:*');
    my @endless = grep { $stage->redis('TTL', $_) <= 0 } @keys;

    cmp_ok(scalar @keys, '>', 50, 'there are counters');
    is(scalar @endless, 0, 'all of them end') or diag("@endless");

    @endless = grep { $stage->redis('TTL', $_) <= 0 }
               $stage->keys_of('mfa:session:*'), $stage->keys_of('mfa:known:*'),
               $stage->keys_of('mfa:enrolment:*');
    is(scalar @endless, 0, 'so do sessions and known networks')
        or diag("@endless");

    # A counter that lost its end must not lock anybody out for ever; the next
    # attempt cannot know, but the admin can.
    is(attempt('127.0.0.3', 'alice')->status, 429, 'still limited');
    $stage->redis('DEL', 'mfa:fail:password:user:alice:127.0.0.3');
    is(attempt('127.0.0.3', 'alice')->status, 303, 'when it is over, it is over');
};


subtest 'A stranger does not fill the store (security 114)' => sub {
    my $before = $stage->redis('DBSIZE');
    my $browser = $stage->browser(address => '127.0.0.40');

    $browser->get('/mfa/login', Cookie => undef) for 1 .. 200;
    $browser->get('/app', Cookie => "mfa_user=" . 'A' x 43 . '.AAAAAA')
        for 1 .. 50;
    is($stage->redis('DBSIZE'), $before, 'visits leave nothing behind');

    $browser->post('/mfa/login', [login => "some$_", password => 'x'])
        for 1 .. 50;
    is($stage->redis('DBSIZE'), $before, 'nor do forms without a token');

    attempt('127.0.0.41', "no name $_", 'x') for 1 .. 20;
    cmp_ok($stage->redis('DBSIZE') - $before, '<=', 1,
           'names that cannot be share one counter');

    # Counted where all is refused anyway, each name would be a key more.
    attempt('127.0.0.42', "first$_", 'x', portal => 'narrow') for 1 .. 9;
    $before = $stage->redis('DBSIZE');
    attempt('127.0.0.42', "more$_", 'x', portal => 'narrow') for 1 .. 50;
    cmp_ok($stage->redis('DBSIZE') - $before, '<=', 2,
           'who is over the limit leaves nothing more');
};


$stage->finish;
done_testing;
