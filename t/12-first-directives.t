#!/usr/bin/perl

# first_factor and login_form as "nginx -t" sees them: what is written wrong, a
# location that is not there, open to anybody or gated, a variable that is not there
# or that clients write, each refused with its file and line.
#
# When this fails, a portal comes up whose logins all end in 503, or one that
# believes what a client says of itself.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;

use MFA::Env;
use MFA::Judge;

my $env   = MFA::Env->start;
my $judge = MFA::Judge->new($env);


# A portal with a directive, and more lines in its server.
sub with {
    my ($directive, $server) = @_;

    return (portals => "mfa_portal user {\n$directive # HERE\n}",
            server  => "mfa user;\nlocation /mfa/ { mfa_pages; }\n"
                       . ($server || ''));
}


$judge->accepted('first_factor local', with('first_factor local;'));
$judge->accepted("login_form $_", with("login_form $_;"))
    for qw(steps combined);
$judge->accepted("first_factor request=/check, $_->[0]",
                 with('first_factor request=/check;', $_->[1]))
    for ['exact', 'location = /check { internal; mfa off; return 204; }'],
        ['by its beginning', 'location /che { internal; mfa off; }'],
        ['among others', join "\n", 'location /check { internal; mfa off; }',
            map { "location $_ { mfa off; }" } qw(/a /ch /check/more /d /zz)],
        ['nested', 'location /ch { mfa off; location = /check { internal; } }'],
        ['by a pattern, seen at run time', 'location ~ ^/c { mfa off; }'];
my $basic = "auth_basic x;\nauth_basic_user_file users;\n";

$judge->accepted("first_factor identity=$_",
                 with("first_factor identity=$_;", $basic))
    for '$remote_user', '$ssl_client_s_dn provision=on', '$REMOTE_user';
$judge->refused("identity=$_->[0] with $_->[1]", 'its pages need "auth_basic" and '
    . '"satisfy all", or it is whatever a client says',
    with("first_factor identity=$_->[0];", $_->[2]))
    for ['$remote_user', 'no auth_basic', ''],
        ['$REMOTE_user', 'no auth_basic', ''],
        ['$remote_user', 'one that is off', 'auth_basic off;'
                                            . 'auth_basic_user_file users;'],
        ['$remote_user', 'no file of names', 'auth_basic x;'],
        ['$remote_user', 'one in another location',
         "location = /x { $basic }"],
        ['$remote_user', 'another way in', "satisfy any; allow all; $basic"];
$judge->accepted('a variable of a map', with('first_factor identity=$who;'),
                 http => 'map $ssl_client_s_dn $who { default ""; }');
$judge->accepted('a variable that is set later',
                 with('first_factor identity=$who;', 'set $who "";'));

my $request = 'first_factor request=/check;';

$judge->refused('no such location', 'request=/check: a server with the portal\'s '
    . 'pages has no such location', with($request));
$judge->refused('only a longer one', 'has no such location',
    with($request, 'location /check/ { internal; mfa off; }'));
$judge->refused('a location open to anybody', 'request=/check: the location is not '
    . '"internal"', with($request, 'location /check { mfa off; }'));
$judge->refused('a gated one', 'the location is gated',
    with($request, 'location /check { internal; }'));

for my $name (qw(http_x_user arg_user cookie_user HTTP_user uri request_uri
                 mfa_user upstream_http_x_user content_type content_length
                 ssl_server_name request_method request_filename remote_addr
                 proxy_add_x_forwarded_for scheme))
{
    $judge->refused("\$$name", 'nothing that nginx has verified',
                    with("first_factor identity=\$$name;"));
}

$judge->refused('no such variable', 'first_factor identity=\$nobody: no such '
    . 'variable', with('first_factor identity=$nobody;'));

for my $case (
    ['first_factor ldap', 'first_factor must be local, request=/uri or '
        . 'identity=\$variable, not "ldap"'],
    ['first_factor request=check', 'request= must be a path like "/check", not '
        . '"check"'],
    ['first_factor request=', 'request= must be a path'],
    ['first_factor request=/a?b', 'request= must be a path'],
    ['first_factor request=/a//b', 'request= must be a path'],
    ['first_factor request=/../b', 'request= must be a path'],
    ['first_factor request=@check', 'request= must be a path'],
    ['first_factor identity=user', 'identity= must be a variable like '
        . '"\$remote_user", not "user"'],
    ['first_factor identity=$', 'identity= must be a variable'],
    ['first_factor identity=$a$b', 'identity= must be a variable'],
    ['first_factor local provision=on', 'invalid parameter "provision=on"'],
    ['first_factor request=/a provision=yes', 'invalid parameter "provision=yes"'],
    ['first_factor local local local', 'invalid number of parameters'],
    ['first_factor', 'invalid number of parameters'],
    ['login_form both', 'login_form must be steps or combined, not "both"'],
    ['login_form', 'invalid number of parameters'])
{
    $judge->refused($case->[0], "mfa_portal: $case->[1]", with("$case->[0];"));
}

$judge->refused('combined without a form', 'login_form combined has no form with '
    . 'first_factor identity=', portals => "mfa_portal user {\nlogin_form combined;\n"
    . "first_factor identity=\$remote_user;\n} # HERE");

done_testing;
