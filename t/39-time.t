#!/usr/bin/perl

# How long a "no" takes: nobody learns from it which names and addresses there are
# (security 4, 92).  Wherever a name, an address or a token is given without a
# session, the kinds of "no" that look the same are measured against each other,
# one of each in turn (t/lib/MFA/Clock.pm says how, and when they differ).
#
# When this fails, a clock tells who has an account: a name that is not there is
# answered without the work of a hash, or with a cheaper one, or some answer has a
# question to the store more than its like.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;

use MFA::Clock;
use MFA::Journey;
use MFA::Link;

my $stage = MFA::Journey->new(
    workers   => 1,
    locations => 'location = /verify { mfa_verify PORTAL; }',
    portals   => {
        user => 'limit password=10000/15m code=10000/15m address=1000000/10m;
                 mail from=mfa@example.com base_url=http://127.0.0.1:8080;',
    });

# How far medians may be apart.  Where no password is hashed an answer takes a
# fraction of a millisecond, a twentieth of which is what reading an account that
# is there takes longer than one that is not; one more question is a fifth.
my ($hashed, $quick) = (0.05, 0.1);

my $password = $stage->password;

# At the cost that the product makes them with.
my $hash = crypt $password, '$y$j9T$stagestagestagestages/';

$stage->account('user', $_, hash => $hash) for qw(known nopwd gone1 dirct lapse);
$stage->account('user', 'owner', hash => $hash,
                options => ['--email', 'owner@example.com']);
$stage->account('user', 'other', hash => $hash,
                options => ['--email', 'other@example.com']);
$stage->redis('HDEL', 'mfa:{user}:account:nopwd', 'password');
$stage->account_set('user', 'dirct', directory => 'corp');
$stage->redis('HDEL', 'mfa:{user}:account:dirct', 'password');
$stage->account_set('user', 'lapse', required => 1, deadline => time - 60);
$stage->admin('account', 'disable', 'user', 'gone1');


# One page's form, sent over one connection again and again: what differs is what
# is typed.  All names have one length.
sub form {
    my ($page, %fields) = @_;
    my $browser = $stage->browser(keep => 1);
    my $path = $page =~ s/\?.*//r;

    $browser->get($page);
    my $csrf = $browser->csrf or die "$page: no form";

    return sub {
        my ($answers, @typed) = @_;

        return sub {
            my $answer = $browser->post($path,
                [csrf => $csrf, %fields, @typed]);
            $answers->{ $answer->story }++;
        };
    };
}


# Races kinds of "no", all of which have to be answered by $story, against the
# first of them.
sub race {
    my ($rounds, $apart, $story, $make, @kinds) = @_;
    my (@names, %runners, %answers);

    while (my ($name, $typed) = splice @kinds, 0, 2) {
        push @names, $name;
        $runners{$name} = $make->(\%answers, @$typed);
    }

    my %took = MFA::Clock::race($rounds, 40, 20, %runners);

    is(join(', ', keys %answers), $story, 'all are answered alike');
    my $first = shift @names;
    MFA::Clock::same(\%took, $first, $_, "$first, or $_: the same time", $apart)
        for @names;
}


sub typed { return [login => $_[0], password => $_[1] // 'wrong horse batry'] }


subtest 'The login page (security 4)' => sub {
    race(60, $hashed, '401 login credentials', form('/mfa/login'),
        'a name that is not there'  => typed('ghost'),
        'a wrong password'          => typed('known'),
        'an account without one'    => typed('nopwd'),
        'a disabled account'        => typed('gone1'),
        'a disabled one, all right' => typed('gone1', $password),
        'a directory\'s account'    => typed('dirct'),
        'one that is locked out'    => typed('lapse'),
        'what is no name'           => typed('gh st'));
};


subtest 'The page of a set-up link: names and addresses, its owner\'s and others\' '
    . '(security 89, 92)' => sub
{
    my $token = MFA::Link::mint($stage, 'user', 'owner', 'reset');

    race(60, $hashed, '401 setup credentials', form("/mfa/setup?t=$token", t => $token),
        'an unknown address'         => typed('ghost@example.com'),
        'an unknown name'            => typed('ghost'),
        'the owner\'s address'       => typed('owner@example.com'),
        'the owner\'s name'          => typed('owner'),
        'another\'s address'         => typed('other@example.com', $password),
        'another\'s name, all right' => typed('other', $password),
        'another\'s name'            => typed('other'),
        'a disabled account'         => typed('gone1', $password));
};


# Tokens that are good for nothing, each for a reason of its own.
sub dead {
    my ($purpose, $wrong) = @_;
    my $mint = sub { MFA::Link::mint($stage, 'user', @_) };

    return (
        'a link that never was'     => 'A' x 43,
        'one that is over'          => $mint->('known', $purpose,
                                               expires => time - 1),
        'an older one'              => $mint->('nopwd', $purpose, older => 1),
        'one of another generation' => $mint->('lapse', $purpose,
                                               generation => 9),
        'a disabled account\'s'     => $mint->('gone1', $purpose),
        'one to another page'       => $mint->('other', $wrong));
}


for my $case (['setup', 'reset', 'password'], ['password', 'password', 'reset'])
{
    my ($page, $purpose, $wrong) = @$case;

    subtest "The page $page: links that are none (security 88)" => sub {
        my @dead = dead($purpose, $wrong);
        my $browser = $stage->browser(keep => 1);
        my $get = sub {
            my ($answers, $token) = @_;

            return sub {
                my $answer = $browser->get("/mfa/$page?t=$token");
                $answers->{ $answer->story }++;
            };
        };

        race(400, $quick, "410 $page link", $get,
             map { $_ % 2 ? [$dead[$_]] : "looked at: $dead[$_]" } 0 .. $#dead);

        my $good = MFA::Link::mint($stage, 'user', 'owner', $purpose);
        my @long = map { ($_ => 'another long one') } qw(password password2);
        race(400, $quick, "410 $page link", form("/mfa/$page?t=$good", login => 'known'),
             map { $_ % 2 ? [t => $dead[$_], @long] : "posted: $dead[$_]" }
                 0 .. $#dead);
    };
}


subtest 'What another resource asks with a password (mfa_verify, security 4)'
    => sub
{
    my $browser = $stage->browser(keep => 1);
    my $ask = sub {
        my ($answers, $login, $typed) = @_;
        my $body = qq({"login":"$login","password":"$typed"});

        return sub {
            my $answer = $browser->request('POST', '/verify', body => $body,
                headers => { 'Content-Type' => 'application/json',
                             Accept => undef });
            $answers->{ $answer->status }++;
        };
    };

    race(50, $hashed, '403', $ask,
        'a name that is not there' => ['ghost', 'wrong horse batry'],
        'a wrong password'         => ['known', 'wrong horse batry'],
        'an account without one'   => ['nopwd', 'wrong horse batry'],
        'a disabled account'       => ['gone1', $password]);
};


$stage->finish;
done_testing();
