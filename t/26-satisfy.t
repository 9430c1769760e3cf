#!/usr/bin/perl

# "satisfy" beside the gate: nginx's own checks (addresses, auth_basic,
# auth_request) are combined by "any" or "all" as ever, and the gate is asked in
# addition.  No yes of theirs replaces a session, and a session replaces none of
# theirs (security 62).
#
# The table below is the whole of it: eighteen configurations, each asked by a
# stranger, by half a login and by a full one.  Fails when the gate takes part in
# "satisfy any", where one allowed address would open the portal, when it answers
# before a check that says no, and when a check stops working beside it.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use MIME::Base64 qw(encode_base64);
use Test::More;

use MFA::Env;
use MFA::Nginx;
use MFA::Upstream;

my $basic = 'auth_basic realm; auth_basic_user_file DIR/users;';

# satisfy, the checks, credentials sent; then the status for a stranger, half a
# login and a session.
my @table = (
    # "all": a no of any check is the answer, else the gate's.
    ['all', 'allow all;',                           '',      401, 401, 200],
    ['all', 'deny all;',                            '',      403, 403, 403],
    ['all', $basic,                                 'right', 401, 401, 200],
    ['all', $basic,                                 'wrong', 401, 401, 401],
    ['all', 'auth_request /yes;',                   '',      401, 401, 200],
    ['all', 'auth_request /no;',                    '',      403, 403, 403],
    ['all', "allow all; $basic auth_request /yes;", 'right', 401, 401, 200],
    ['all', "allow all; $basic auth_request /no;",  'right', 403, 403, 403],
    ['all', "deny all; $basic auth_request /yes;",  'right', 403, 403, 403],

    # "any": one yes is enough for the checks, and never for the gate.
    ['any', 'allow all;',                           '',      401, 401, 200],
    ['any', 'deny all;',                            '',      403, 403, 403],
    ['any', "deny all; $basic",                     'right', 401, 401, 200],
    ['any', "deny all; $basic",                     'wrong', 401, 401, 401],
    ['any', 'deny all; auth_request /yes;',         '',      401, 401, 200],
    ['any', 'deny all; auth_request /no;',          '',      403, 403, 403],
    ['any', "allow all; $basic auth_request /no;",  'wrong', 401, 401, 200],
    ['any', "deny all; $basic auth_request /yes;",  'wrong', 401, 401, 200],
    ['any', "deny all; $basic auth_request /401;",  'wrong', 401, 401, 401],
);

my $env  = MFA::Env->start;
my $dir  = $env->dir;
my $site = MFA::Upstream->start($dir);

$env->account('user', 'alice', MFA::Env::factor());
$env->file('users', "alice:{PLAIN}basic\n");

my @who = (
    ['a stranger'],
    ['half a login', 'Cookie: ' . $env->cookie('user', 'alice', level => 1)],
    ['a session',    'Cookie: ' . $env->cookie('user', 'alice', level => 2)],
);
my %sent = (
    ''    => [],
    right => ['Authorization: Basic ' . encode_base64('alice:basic', '')],
    wrong => ['Authorization: Basic ' . encode_base64('alice:other', '')],
);

my $nginx = MFA::Nginx->start($dir, http => http());


sub http {
    my $locations = join '', map {
        my ($satisfy, $checks) = @{ $table[$_] };
        "location = /gated$_ { satisfy $satisfy; $checks SITE }\n"
        . "location = /open$_ { mfa off; satisfy $satisfy; $checks SITE }\n";
    } 0 .. $#table;

    my $text = $env->conf(user => '') . <<"EOC";
server {
    listen LISTEN;
    mfa user;
    $locations
    location = /yes { internal; mfa off; return 204; }
    location = /no  { internal; mfa off; return 403; }
    location = /401 { internal; mfa off; return 401; }
    location /mfa/  { mfa_pages; }
}
EOC

    $text =~ s{\bSITE\b}{'proxy_pass http://unix:' . $site->socket . ';'}ge;
    $text =~ s/\bDIR\b/$dir/g;

    return $text;
}


sub ask {
    my ($path, @headers) = @_;

    $site->forget;
    my $answer = $nginx->get($path, @headers);

    return ($answer, $site->seen ne '');
}


is(scalar @table, 18, 'the table has eighteen cases');

for my $n (0 .. $#table) {
    my ($satisfy, $checks, $sent, @status) = @{ $table[$n] };
    my $says = "satisfy $satisfy, " . ($checks =~ s/auth_basic realm.*?users;/auth_basic/r)
        . ($sent ? " ($sent password)" : '');

    subtest "Case " . ($n + 1) . ": $says (security 62)" => sub {
        # Without the gate, the checks say the same as in every nginx.
        my ($open, $reached) = ask("/open$n", @{ $sent{$sent} });
        is($open->{status}, $status[2], "the checks alone: $status[2]");
        is($reached, $status[2] == 200, '- and the site is asked or not');

        for my $i (0 .. 2) {
            my ($name, @cookie) = @{ $who[$i] };
            my ($answer, $reached) = ask("/gated$n", @cookie, @{ $sent{$sent} });

            is($answer->{status}, $status[$i], "$name: $status[$i]");
            is($reached, $status[$i] == 200, '- and the site is asked or not');

            # Whose no it is: the checks speak first.
            my $ours = $open->{status} == 200 && $i < 2;
            is(!!($answer->{body} =~ /"page":"\/mfa\//), $ours,
               $ours ? '- the gate says no' : '- the gate has nothing to say');
            is($nginx->header($answer, 'WWW-Authenticate'),
               $nginx->header($open, 'WWW-Authenticate'),
               '- a browser is asked for a Basic password as ever');
        }

        my ($page) = ask("/gated$n", 'Accept: text/html', @{ $sent{$sent} });
        is($page->{status}, $open->{status} == 200 ? 303 : $open->{status},
           'a navigation of a stranger goes to the login where the checks agree');
    };
}

is_deeply([$nginx->stop], [],
          'the error log has no alert, crit, emerg or Sanitizer line');

done_testing();
