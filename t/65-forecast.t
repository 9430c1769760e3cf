#!/usr/bin/perl

# mfactl mfa forecast: who would be locked out at a moment to come (feature
# 100-08).  Broken, an administrator who looks before a deadline warns the wrong
# people, or nobody.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use MFA::Mfactl;

my $now = int time;
my $day = 86400;


# An account that is required, as the module keeps it.
sub due {
    my ($portal, $login, $deadline, %fields) = @_;

    $env->account($portal, $login, required => 1, deadline => $deadline,
                  %fields);
    $redis->call('ZADD', "mfa:{$portal}:unenrolled", $deadline, $login);
}


sub logins {
    my (@words) = @_;

    return join ' ', map { $_->{login} }
           @{ json(0, qw(mfa forecast), @words)->{accounts} };
}


# By account.

{
    due('user', 'over', $now - 60);
    due('user', 'soon', $now + 3600);
    due('user', 'later', $now + 5 * $day);
    due('user', 'much', $now + 50 * $day);
    due('user', 'once', 0);
    due('user', 'gone', $now + 600);
    due('user', 'off', $now + 600, disabled => 1);
    due('user', 'has', $now + 600, MFA::Env::factor);
    due('user', 'pieces', $now + 600, secret => 'x');
    $redis->call('DEL', 'mfa:{user}:account:gone');
    $env->account('user', 'free', deadline => $now + 600);
    $redis->call('ZADD', 'mfa:{user}:unenrolled', $now + 600, 'free');
    $redis->call('ZADD', 'mfa:{user}:not-required', 0, 'free');

    is(logins(qw(user --at 0)), 'over', 'those that are locked out already');
    is(logins(qw(user --at 2h)), 'over soon', 'and in two hours');
    is(logins(qw(user --at 7d)), 'over soon later', 'in a week, by deadline');
    is(logins(qw(user --at), substr text($now + 52 * $day), 0, 10),
       'over soon later much', 'at a date');
    is(logins(qw(user --at 1970-01-02)), '', 'long ago');

    my $doc = json(0, qw(mfa forecast user --at 1d));
    is($doc->{portal}, 'user', 'which portal');
    like($doc->{at}, qr/^\d{4}-\d\d-\d\dT/, 'and moment');
    is_deeply($doc->{not_met_yet}, [], 'nobody is required by the portal');
    my %soon = %{ $doc->{accounts}[1] };
    is_deeply([ @soon{qw(login email deadline days_left locked)} ],
              [ 'soon', 'soon@example.com', text($now + 3600), 1,
                JSON::PP::false ], 'who, until when, and how many days');
    is($doc->{accounts}[0]{days_left}, 0, 'none when it is over');

    my $out = done(qw(mfa forecast user --at 1d));
    like($out, qr/^LOGIN +EMAIL +ROLE +DEADLINE +DAYS +LOCKED\nover .*yes\nsoon/,
         'as a table');
    unlike($out, qr/not met/, 'which says no more');

    misused(qw(mfa forecast user));
    misused(qw(mfa forecast user --at soon));
    misused(qw(mfa forecast user --at 2026-02-30));
    misused(qw(mfa forecast user alice --at 1d));
    refused(qw(mfa forecast nobody --at 1d));
}


# Pages, with as many as one likes due at one second.

{
    my @logins = map { sprintf 'many%04d', $_ } 1 .. 1000;

    due('user', $_, $now + ($_ ge 'many0900' ? 9 : 8) * $day) for @logins;
    is(logins(qw(user --at 10d)), join(' ', qw(over soon later), @logins),
       'each once, in order');
    is(logins(qw(user --at), 8 * $day . 's'),
       join(' ', qw(over soon later), grep { $_ lt 'many0900' } @logins),
       'up to the second');
    $redis->call('DEL', map { "mfa:{user}:account:$_" } @logins);
}


# By the portal.

{
    my $file = sub {
        my ($name, $rule) = @_;
        $env->file("$name.conf", $env->conf(p => "require $rule; grace 7d;"));
    };
    my $all = $file->(all => 'all');
    my $since = $file->(since => 'new_since='
                                 . substr text($now - 10 * $day), 0, 10);
    my $account = $file->(account => 'account');
    my $ask = sub {
        my ($with, @words) = @_;
        my ($exit, $out) = finish(spawn('-c', $with, '--json',
                                        qw(mfa forecast p), @words));
        my $doc = eval { JSON::PP::decode_json($out) } || {};
        return join ' | ', "exit $exit",
            join(' ', map { $_->{login} } @{ $doc->{accounts} }),
            join(' ', @{ $doc->{not_met_yet} });
    };

    due('p', 'asked', $now + $day, created => $now - 99 * $day);
    due('p', 'met', $now + $day, required => 0);
    $env->account('p', 'new', created => $now - $day);
    $env->account('p', 'old', created => $now - 99 * $day);
    $env->account('p', 'past', created => $now - $day, deadline => $now - 9);
    $env->account('p', 'has', MFA::Env::factor);
    $env->account('p', 'off', disabled => 1);
    $redis->call('ZADD', 'mfa:{p}:not-required', 0, $_)
        for qw(new old past has off);

    is($ask->($account, qw(--at 30d)), 'exit 0 | asked | ',
       'where accounts are asked one by one');
    is($ask->($all, qw(--at 30d)), 'exit 0 | asked met past | new old',
       'feature 000-11: where all are, those not met yet are named apart');
    is($ask->($all, qw(--at 1h)), 'exit 0 | past | new old',
       'an old deadline holds at once');
    is($ask->($since, qw(--at 30d)), 'exit 0 | asked met past | new',
       'feature 003-02: older ones keep their setting');

    my (undef, $out) = finish(spawn('-c', $all, qw(mfa forecast p --at 30d)));
    like($out, qr/^2 more are required by the portal and not met yet/m,
         'people are told how many');
}


# A store that does not serve.

{
    my ($exit, $out, $err) = elsewhere('unix:/nowhere', qw(mfa forecast user
                                                           --at 1d));
    is($exit, 3, 'none');
    is($out, '', 'is not "nobody"');

    for my $wrong ([ 1.5, 'a' ], [ 5, 'no login' ]) {
        $redis->call('DEL', 'mfa:{user}:unenrolled');
        $redis->call('ZADD', 'mfa:{user}:unenrolled', @$wrong);
        ends(3, '', qw(mfa forecast user --at 1d));
    }

    $redis->call('SET', 'mfa:{user}:unenrolled', 'x');
    ends(3, '', qw(mfa forecast user --at 1d));
}

secrets_kept();
done_testing();
