#!/usr/bin/perl

# How long after Redis has acknowledged the end of a session requests still get
# through: 40 connections to 4 workers, 1,000 ends.  Prints a table in Markdown.
#
#   revocation.pl [N]
#
# It starts a Redis and an nginx of its own; MFA_BUILD says where the module is.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/../t/lib';

use MFA::Env;
use MFA::Nginx;
use MFA::Revocation;

my $n = $ARGV[0] // 1000;
my $bound = 0.1;                        # s: what is late

my $env = MFA::Env->start;
my $dir = $env->dir;

# An answer that is late on a full machine should be seen as one that is slow.
my $conf = $env->conf(user => '') =~ s/^(mfa_redis [^;]*)/$1 timeout=10s/mr;

my $nginx = MFA::Nginx->start($dir, workers => 4, level => 'warn',
                              http => $conf . <<"END");
keepalive_requests 1000000000;
server {
    listen LISTEN;
    listen 127.0.0.1:PORT reuseport;
    root $dir;
    mfa user;
    add_header X-Worker \$pid always;
    location /site/ { }
    location /mfa/ { mfa_pages; }
}
END

mkdir "$dir/site" or die "$dir/site: $!";
$env->file('site/1k', 'x' x 1024);


# Both ways to end a session there are: its record goes, or its account is of
# another generation (a lock, a reset, another password).
my @means = (
    ['`DEL` of the session', sub {
        my ($login, $cookie) = @_;
        $env->redis->call('DEL', $env->session_key($cookie));
    }],
    ['the account\'s generation is raised', sub {
        my ($login) = @_;
        $env->redis->call('HINCRBY', "mfa:{user}:account:$login",
                          'generation', 1);
    }],
);

my @visits = map {
    my ($title, $end) = @{ $means[$_ % @means] };
    my $login  = $env->account('user', "visitor$_", MFA::Env::factor());
    my $cookie = $env->cookie('user', $login, level => 2);

    { cookie => $cookie, means => $title, end => sub { $end->($login, $cookie) } }
} 1 .. $n;

my $found = MFA::Revocation::run(port => $nginx->port, path => '/site/1k',
                                 sessions => \@visits);
my @sessions = @{ $found->{sessions} };
my @bad = $nginx->stop;

die @bad, "\n" if @bad;
die 'not what was to be measured: ', scalar @{ $found->{workers} }, " workers\n"
    if @{ $found->{workers} } != 4;

for my $s (@sessions) {
    die "$s->{means}: $s->{ended}\n" if $s->{ended};
    die "$s->{means}: refused before it was ended\n" if $s->{early};
    die "$s->{means}: never refused\n" if !$s->{first};
    die "$s->{means}: status ", join(' ', %{ $s->{other} }), "\n"
        if %{ $s->{other} };
}


# In milliseconds; what was before the acknowledgement is none.
sub msec {
    my ($s, $time) = @_;

    my $msec = 1000 * (($time // 0) - $s->{acknowledged});

    return $msec > 0 ? $msec : 0;
}


sub last_passed {
    my ($s) = @_;

    return (sort { $b <=> $a } @{ $s->{passed} })[0];
}


sub spread {
    my @sorted = sort { $a <=> $b } @_;

    return map { sprintf '%.2f', $sorted[$_ * $#sorted] } 0.5, 0.99, 1;
}


sub row {
    my ($title, @of) = @_;

    my @cells = (
        spread(map { msec($_, $_->{first}) } @of),
        spread(map { msec($_, last_passed($_)) } @of),
    );
    my $late = 0;

    $late += MFA::Revocation::late($_, $bound) for @of;

    printf "| %s | %d | %s / %s / %s | %s / %s / %s | %d |\n", $title,
        scalar @of, @cells, $late;
}


printf "%d sessions, 40 connections to 4 workers, %d requests/s:\n\n",
    scalar @sessions, $found->{requests} / $found->{seconds};
print "| how | ends | first refusal, ms: median / p99 / max "
    . "| last sent that passed, ms: median / p99 / max "
    . "| sent after 100 ms, passed |\n";
print "|---|---|---|---|---|\n";

for my $means (map { $_->[0] } @means) {
    row($means, grep { $_->{means} eq $means } @sessions);
}

row('all', @sessions);

print "\n**$found->{alive} of the sessions are let in at last**\n"
    if $found->{alive};
