#!/usr/bin/perl

# A thousand sessions that end while forty connections to four workers use them:
# by a logout, by mfactl, by a deletion in Redis, on another nginx.  No request
# that is sent more than 100 ms after the end was acknowledged may get through
# (security 34); make bench measures how soon it really is.
#
# When this fails, a worker goes on with what it remembers of a session or an
# account, after somebody was told that it is over.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;

use MFA::Journey;
use MFA::Revocation;

my $bound = 0.1;                        # s
my $ends  = $ENV{MFA_ASAN} ? 200 : 1000;

my $stage = MFA::Journey->new(
    instances => 2,
    portals   => { user => 'limit address=100000/10m;' },
    http      => 'keepalive_requests 1000000000;',
);
my $env = $stage->{env};


sub logout {
    my ($instance, $cookie) = @_;

    my ($value) = $cookie =~ /^mfa_user=(.*)/;
    my $browser = $stage->browser(instance => $instance,
                                  cookies  => { mfa_user => $value });
    my $answer  = $browser->submit('/mfa/security', '/mfa/logout');

    die $answer->story if $answer->status != 303;
}


sub run_quietly {
    my $said = eval { MFA::Journey::output_of(@_) };

    die "@_: $@" if !defined $said;
}


my @means = (
    ['a logout' => sub { logout(0, $_[1]) }],
    ['a logout on another nginx' => sub { logout(1, $_[1]) }],
    ['mfactl session revoke' => sub {
        $stage->admin(qw(session revoke user), $_[0]);
    }],
    ['mfactl account disable' => sub {
        $stage->admin(qw(account disable user), $_[0]);
    }],
    ['mfactl account delete' => sub {
        $stage->admin(qw(account delete user), $_[0]);
    }],
    ['mfactl mfa reset' => sub {
        $stage->admin(qw(mfa reset user), $_[0]);
    }],
    ['redis-cli del' => sub {
        run_quietly('redis-cli', '-s', $env->socket, 'del',
                    $env->session_key($_[1]));
    }],
    ['another generation' => sub {
        $stage->redis('HINCRBY', "mfa:{user}:account:$_[0]", 'generation', 1);
    }],
);


# So many sessions of different people, by turns with one means and the other.
sub sessions {
    my ($n, @of) = @_;

    return map {
        my ($title, $end) = @{ $of[$_ % @of] };
        my $login  = $env->account('user', "visitor$_", MFA::Env::factor());
        my $cookie = $env->cookie('user', $login, level => 2);

        { cookie => $cookie, means => $title,
          end => sub { $end->($login, $cookie) } }
    } 1 .. $n;
}


# In which way each of them was not as it should be, with how many.
sub complaints {
    my (@sessions) = @_;
    my %n;

    for my $s (@sessions) {
        my @found = (
            $s->{ended} ? "not ended: $s->{ended}" : (),
            $s->{early} ? 'refused before its end' : (),
            $s->{first} ? () : 'never refused',
            MFA::Revocation::late($s, $bound) ? 'passed when it was over' : (),
            map { "answered $_" } sort keys %{ $s->{other} },
        );
        $n{"$s->{means}: $_"}++ for @found;
    }

    return join "\n", map { "$n{$_} $_" } sort keys %n;
}


sub run {
    my ($path, @sessions) = @_;

    return MFA::Revocation::run(port => $stage->{ports}[0]{user}, path => $path,
                                sessions => \@sessions);
}


subtest 'What is not gated shows that the measure can fail' => sub {
    my @sessions = sessions(2, $means[-1]);

    run('/open/', @sessions);
    is(complaints(@sessions), join("\n", map { "2 another generation: $_" }
                                   'never refused', 'passed when it was over'),
       'all that can go wrong is seen');
};


subtest 'A session that ends ends in every worker, whoever ended it: of '
    . "$ends, none lets a request through that was sent more than 100 ms after "
    . '(security 33, 34, 85)' => sub
{
    my $found = run('/app', sessions($ends, @means));
    my @sessions = @{ $found->{sessions} };

    is(scalar @sessions, $ends, 'all were tried');
    is(scalar @{ $found->{workers} }, 4, 'four workers know each of them');
    cmp_ok($found->{requests}, '>', $ends * 40 * 3,
           "$found->{requests} requests");
    is(complaints(@sessions), '', 'all ended in time, and for everybody');
    is($found->{alive}, 0, 'and none of them came back');
};


$stage->finish;
done_testing;
