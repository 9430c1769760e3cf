#!/usr/bin/perl

# Where a login leads: payloads that made open redirects elsewhere, one a line,
# through a real nginx.  As the "next" of the login page's address, of its form, of
# the code page, and as the very path a stranger asks for, none ever makes a
# Location, a hidden field or a header that leads off the site (security 51, 52,
# 55).
#
# The lists are ../shared/data/open-redirects-*.txt beside the checkout, or in
# MFA_SHARED_DATA, and t/data/open-redirects.txt in any case.  What leaves the site
# is decided here, from what browsers do with a Location, and not by the code under
# test; t/unit/test_return_url.c asks the function itself.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;

use MFA::Journey;
use MFA::Lists;

my @payloads = MFA::Lists::open_redirects();
my $password = MFA::Journey::password();


# Whether a browser at our page that is told this Location comes back to us, as it
# stands and when somebody behind decodes it (up to three times).
sub stays {
    my ($location) = @_;

    return 0 if $location !~ m{\A/[!-~]*\z} || $location =~ /\\/;

    my ($path) = split /[?#]/, $location, 2;

    for (0 .. 3) {
        my $seen = $path =~ s/[\t\r\n]//gr =~ s/\A[\x00-\x20]+//r =~ tr{\\}{/}r;
        return 0 if $seen !~ m{\A/(?!/)} || $seen =~ m{\A/*[a-z][a-z0-9+.-]*:}i;
        $path =~ s/%([0-9a-f]{2})/chr hex $1/gie;
    }

    return 1;
}


subtest 'The oracle of this file knows where browsers go' => sub {
    ok(stays($_), "$_ stays") for '/', '/a', '/a?u=//b', '/a/b?c=http://d';
    ok(!stays($_), MFA::Browser::escape($_) . ' leaves') for '', 'a', '//a', '/\\a', '\\/a', 'http:a',
        'http://a', "/\t/a", "/\n/a", '/%2fa', '/%5ca', '/%252fa', '/%09/a',
        ' //a', "/a\r\nX: y", '/javascript:alert(1)', '///a', 'javascript:a';
};


my $stage = MFA::Journey->new(workers => 2, portals => { user =>
    'session max=1000; limit password=100000/15m address=100000/15m;' });

$stage->account('user', 'alice');
my $key = $stage->enrolled('user', 'carol');

# All are asked in groups at the same time: [browser, request...] for each payload.
sub each_payload {
    my ($title, $request, $judge) = @_;
    my (@bad, %seen);
    my @left = @payloads;

    while (my @now = splice @left, 0, 50) {
        my @answers = MFA::Browser::together(map { $request->($_) } @now);

        for my $i (0 .. $#now) {
            my $answer = $answers[$i];
            $seen{$answer->status}++;
            my $why = $judge->($answer);
            push @bad, "$now[$i]: $why" if $why;
        }
    }

    is(scalar @bad, 0, sprintf '%s: %d payloads stay (%s)', $title,
       scalar @payloads, join ', ', map { "$_: $seen{$_}" } sort keys %seen)
        or diag(join "\n", @bad > 10 ? @bad[0 .. 9] : @bad);

    return \%seen;
}


# What is wrong with an answer: a Location that leaves, two of them, a header made
# of what was sent, a hidden field that would lead off the next time.
sub fault {
    my ($answer) = @_;
    my @locations = $answer->headers('Location');

    return 'two Locations' if @locations > 1;
    return "Location: $locations[0]" if @locations && !stays($locations[0]);
    return 'a header of its own'
        if grep { $_->[0] =~ /^(?:refresh|link|x-.*inject.*)$/i
                  || $_->[0] !~ /\A[A-Za-z0-9-]+\z/ } @{ $answer->{headers} };
    return 'a cookie of its own'
        if grep { !/^mfa_user(?:_login)?=/ } $answer->headers('Set-Cookie');

    for my $value ($answer->body =~ /name="next" value="([^"]*)"/g) {
        my $next = MFA::Browser::Answer::unescape($value);
        return "hidden field: $next" unless stays($next);
    }

    if (@locations && $locations[0] =~ m{\A/mfa/.*[?&]next=([^&]*)}) {
        my $next = $1 =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ger;
        return "handed on: $next" unless stays($next);
    }

    return;
}


# A request target holds no blanks and controls: what has them is sent escaped.
sub target {
    my ($text) = @_;

    return $text =~ s/([\x00-\x20\x7f#])/sprintf '%%%02X', ord $1/ger;
}


my $visitor = $stage->browser;
$visitor->get('/mfa/login');
my $csrf   = $visitor->csrf;
my %ticket = %{ $visitor->{cookies} };

sub fresh { return $stage->browser(cookies => {%ticket}) }


each_payload('the login page asked with it in the address', sub {
    [$stage->browser, 'GET', '/mfa/login?next=' . MFA::Browser::escape($_[0])]
}, \&fault);

each_payload('the login page asked with it as it stands', sub {
    [$stage->browser, 'GET', '/mfa/login?next=' . target($_[0])]
}, \&fault);

my $seen = each_payload('a login by a form that holds it', sub {
    [fresh(), 'POST', '/mfa/login', body => MFA::Browser::form(csrf => $csrf,
        login => 'alice', password => $password, next => $_[0])]
}, \&fault);
is_deeply([keys %$seen], [303], 'every one of these logins was one');

$seen = each_payload('a login by a form sent to it', sub {
    [fresh(), 'POST', '/mfa/login?next=' . target($_[0]),
     body => MFA::Browser::form(csrf => $csrf, login => 'alice',
                                password => $password)]
}, \&fault);
cmp_ok($seen->{303}, '>', @payloads * 0.9, 'of which most were logins');

each_payload('a login that fails, and the page again', sub {
    [fresh(), 'POST', '/mfa/login', body => MFA::Browser::form(csrf => $csrf,
        login => 'nobody', password => 'x', next => $_[0])]
}, \&fault);

each_payload('a login on the way to the code', sub {
    [fresh(), 'POST', '/mfa/login', body => MFA::Browser::form(csrf => $csrf,
        login => 'carol', password => $password, next => $_[0])]
}, \&fault);

my $half = $stage->visitor('carol');
each_payload('the code page', sub {
    [$half->twin, 'GET', '/mfa/code?next=' . MFA::Browser::escape($_[0])]
}, \&fault);

$half->get('/mfa/code');
my $wrong = MFA::Journey::wrong_code($key);
each_payload('a wrong code, and the page again', sub {
    [$half->twin, 'POST', '/mfa/code', body => MFA::Browser::form(
        csrf => $half->csrf, code => $wrong, next => $_[0])]
}, \&fault);

my $in = $stage->visitor('alice');
each_payload('the login page asked by who is in', sub {
    [$in->twin, 'GET', '/mfa/login?next=' . MFA::Browser::escape($_[0])]
}, \&fault);

$seen = each_payload('the gate, asked for it as a path', sub {
    [$stage->browser, 'GET', target($_[0])]
}, \&fault);
cmp_ok($seen->{303}, '>', 100, 'which often leads to the login page');


subtest 'A right code leads to a path of the site and to no other' => sub {
    for my $case (['/app?x=1', '/app?x=1'], ['//evil.example', '/'],
                  ['/%5cevil.example', '/'], ['https://evil.example', '/'])
    {
        my ($next, $location) = @$case;

        $stage->admin('mfa', 'unlock', 'user', 'carol');
        $stage->unspend('user', 'carol');
        my $browser = $stage->visitor('carol');

        is($browser->submit('/mfa/code', '/mfa/code', next => $next,
                            code => MFA::Journey::totp($key))->location,
           $location, "$next: to $location");
    }
};


$stage->finish;
done_testing();
