#!/usr/bin/perl

# No way around the gate, multiplied out: every kind of place nginx can answer
# from, by every method, with every trick of a request, over HTTP/1.1 (pipelined)
# and HTTP/2, by a stranger and by a session that lacks the code.  The kinds and
# tricks are in t/lib/MFA/Matrix.pm (security 28, 56 to 71).
#
# Fails when one cell of it shows what is gated, answers as if it might, or lets a
# request through to the site behind.  That it would fail is shown twice: a full
# session is shown every kind, and the module built without its backstop ("make
# module-no-backstop") leaks.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;

use MFA::Matrix;
use MFA::Nginx;

my $build = $ENV{MFA_BUILD} || "$MFA::Env::ROOT/build";
my $leaky = "$build/no-backstop/ngx_http_mfa_module.so";
my $mark  = 'built without the backstop';

my $matrix = MFA::Matrix->start;
my @kinds  = MFA::Matrix::kinds();

# A sanitized nginx takes several times as long, and its subject is memory.
my @fewer = $ENV{MFA_ASAN} ? (methods => [qw(GET HEAD POST MOVE)]) : ();


sub ask {
    my ($path, @headers) = @_;

    return $matrix->{nginx}->get($path, @headers);
}


for my $http (1, 2) {
    subtest "A session is shown every kind of place over HTTP/$http, so that a "
        . 'canary that comes through would be seen' => sub
    {
        my $found = $matrix->sweep($http, 'full', methods => ['GET', 'HEAD']);
        my %behind = map { $_ => 1 } @{ $found->{behind} };

        is($found->{answers}, $found->{cells},
           "all $found->{cells} requests were answered");

        for my $kind (@kinds) {
            my $opt = MFA::Matrix::option($kind);
            my $seen = $opt->{behind} ? $behind{"GET $opt->{behind}"}
                                      : $found->{seen}{$kind}{plain};

            is(!!$seen, !$opt->{nobody},
               $opt->{nobody} ? "$kind: not even a session" : $kind);
        }

        is_deeply([grep { !$found->{seen}{file}{$_} }
                   MFA::Matrix::showing($http)], [],
                  'no trick keeps a session from a file');
    };
}


subtest 'The one who has only given the password is known to have, and is asked '
    . 'for the code (security 28)' => sub
{
    my $half = "Cookie: mfa_user=$matrix->{tokens}{HALF}";

    like(ask('/proxy', $half)->{body}, qr/A one-time code is required/,
         'half a login');
    like(ask('/proxy')->{body}, qr/Login is required/, 'a stranger');
    like(ask('/proxy', $half, 'Accept: text/html')->{head},
         qr{^Location: /mfa/code\?}m, 'the page is that of the code');
};


subtest 'A denial inside an error page that claims success is still the denial '
    . '(security 59)' => sub
{
    for my $path ('/oerr2/none', '/onerr/none', '/odead') {
        my $answer = ask($path);
        is($answer->{status}, 401, "$path: 401");
        like($answer->{body}, qr/Login is required/, 'with its reason');

        $answer = ask($path, 'If-Match: "x"');
        is($answer->{status}, 401, 'also where a condition fails');

        $answer = ask($path, 'Accept: text/html');
        is($answer->{status}, 303, 'a navigation goes to the login');
        like($answer->{head}, qr{^Location: /mfa/login\?next=\Q$path\E\r?$}m,
             'with the way back');
    }

    unlike($matrix->log, qr/no verdict on record.*"GET \/(?:oerr2|onerr|odead)/,
           'and the backstop had nothing to catch');
};


for my $http (1, 2) {
    for my $who ('stranger', 'half') {
        subtest "Nothing comes through HTTP/$http to "
            . ($who eq 'half' ? 'half a login (security 28)'
                              : 'a stranger (security 56, 63)') => sub
        {
            my $found = $matrix->sweep($http, $who, @fewer);

            cmp_ok($found->{cells}, '>', @fewer ? 10000 : 40000,
                   "$found->{cells} cells");
            is($found->{answers}, $found->{cells}, 'all were answered')
                or some(@{ $found->{mute} });
            is(scalar @{ $found->{leaks} }, 0, 'no cell leaks')
                or some(@{ $found->{leaks} });
            is(scalar @{ $found->{behind} }, 0,
               'no site behind a gated place was asked')
                or some(@{ $found->{behind} });
            is($matrix->dav, 's.txt', 'no file was made, changed or removed');
        };
    }
}


sub some {
    my @all = @_;

    diag(join "\n", @all > 20 ? (@all[0 .. 19], '...') : @all);
}


is_deeply([$matrix->stop], [],
          'the error log has no alert, crit, emerg or Sanitizer line');


subtest 'The module that is installed has its backstop' => sub {
    my $file = $ENV{TEST_NGINX_LOAD_MODULES} // "$build/ngx_http_mfa_module.so";
    $file = MFA::Nginx::nginx() if $file eq '';
    my $bytes = MFA::Nginx::read_file($file);

    like($bytes, qr/had no verdict on record/, "$file refuses the unjudged");
    unlike($bytes, qr/\Q$mark\E/, 'and has not the flag of the tests in it');
};


SKIP: {
    skip 'the sanitized nginx has the module inside', 1 if $ENV{MFA_ASAN};

    subtest 'Without the backstop the same matrix finds leaks' => sub {
        ok(-e $leaky, "$leaky is built") or return;

        my $leaking = MFA::Matrix->start(load => $leaky);
        my $found = $leaking->sweep(1, 'stranger',
                                    methods => [qw(GET POST PROPFIND)]);
        my %of = %{ $found->{of} || {} };

        like(MFA::Nginx::read_file($leaking->{dir} . '/nginx.out')
             . $leaking->log, qr/\Q$mark\E/, 'it says what it is');
        is_deeply([grep { !$of{$_} } grep { /return/ } @kinds], [],
            'every "return" leaks, also as part of another answer');
        is_deeply([grep { !/return/ } keys %of], [],
            'and the gate alone holds the rest');
        cmp_ok(scalar @{ $found->{leaks} }, '>', 500,
            scalar @{ $found->{leaks} } . " leaks of $found->{cells} cells");
        is_deeply([$leaking->stop], [], 'its log is clean');
    };
}

done_testing();
