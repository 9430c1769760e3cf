# The directives of servers and locations: where a gate stands, where its pages
# are, and what is sent upstream.  Fails when a gate is taken whose redirects lead
# nowhere, when something else than the pages stands in the place that the gate
# lets pass, and when a typing error in a rule is not told with file and line.

use strict;
use warnings;

use Test::More;

use MFA::Env;
use MFA::Judge;

my $env   = MFA::Env->start;
my $dir   = $env->dir;
my $judge = MFA::Judge->new($env);

sub accepted { $judge->accepted(@_) }
sub refused  { $judge->refused(@_) }


# A directive of the http level, alone on its line.
sub at_http {
    my ($name, $text) = @_;

    return ($name => "$text # HERE");
}


sub in_server {
    my ($text) = @_;

    return (server => $text);
}


# --- mfa ---

for my $rule ('', 'require=account', 'require=password', 'require=always',
              'require=validated', 'fresh=5m', 'require=always fresh=1h30m')
{
    accepted("mfa user $rule", server => "location /mfa/ { mfa user; mfa_pages; }\n"
             . "location / { mfa user $rule; root html; }");
}

accepted('mfa in http, server, location, if and limit_except', http => 'mfa user;',
         server => <<'EOC');
mfa user require=always;
location /mfa/ { mfa_pages; }
location / {
    mfa user;
    location /open/ { mfa off; }
    if ($arg_a) { mfa user fresh=5m; }
    limit_except GET { mfa off; }
}
EOC
accepted('two portals in one server',
         portals => "mfa_portal user { }\nmfa_portal admin { pages /a/; }",
         server => <<'EOC');
mfa user;
location /mfa/ { mfa_pages; }
location /admin { mfa admin; }
location /a/ { mfa admin; mfa_pages; }
EOC

refused('mfa with a portal nobody made', 'unknown portal "guest"',
        in_server('mfa guest; # HERE'));
refused('mfa with a portal that comes later',
        'unknown portal "late" \(its mfa_portal block must stand before',
        server => '', more => 'mfa_portal late { }', http => 'mfa late; # HERE');
refused('mfa twice in one place', '"mfa" directive is duplicate',
        in_server('mfa user; mfa off; # HERE'));
refused('mfa without a portal', 'invalid number of arguments in "mfa"',
        in_server('mfa; # HERE'));
refused('mfa with too much', 'invalid number of arguments in "mfa"',
        in_server('mfa user require=always fresh=1m fresh=2m; # HERE'));
refused('mfa off with a parameter', '"off"',
        in_server('mfa off require=always; # HERE'));
refused('mfa in main', '"mfa" directive is not allowed here',
        main => 'mfa user; # HERE');
refused('mfa with two rules', 'invalid parameter "require=account"',
        in_server('mfa user require=always require=account; # HERE'));
refused('mfa with two ages', 'invalid parameter "fresh=2m"',
        in_server('mfa user fresh=1m fresh=2m; # HERE'));

for my $parameter ('require=maybe', 'require=', 'require', 'fresh=0', 'fresh=',
                   'fresh=x', 'fresh=-5m', 'fresh', 'Require=always', 'off')
{
    refused("mfa user $parameter", "invalid parameter \"$parameter\"",
            in_server("mfa user $parameter; # HERE"));
}


# --- mfa_pages, and pages that redirects reach ---

my $no_pages = 'portal "user" gates a server that has no pages: add '
    . '"location /mfa/ \{ mfa_pages; \}"';

refused('a gated server without pages', $no_pages,
        server => '', more => "server { # HERE\nlisten unix:$dir/2.sock;\nmfa user; }");
refused('a gated location in a server without pages', $no_pages,
        in_server('location /x { mfa user; } # HERE'));
refused('a gated nested location in a server without pages', $no_pages,
        in_server("location /x {\nlocation /x/y {\nmfa user; # HERE\n}\n}"));
refused('a gate of http over a server without pages', $no_pages,
        http => 'mfa user;', more => "server { # HERE\nlisten unix:$dir/2.sock;\n}");
refused('a gated if in a server without pages', $no_pages,
        in_server("location /x {\nif (\$arg_a) {\nmfa user; # HERE\n}\n}"));
refused('a gated limit_except in a server without pages', $no_pages,
        in_server("location /x {\nlimit_except GET {\nmfa user; # HERE\n}\n}"));
refused('a gated named location in a server without pages', $no_pages,
        in_server('location @x { mfa user; } # HERE'));
refused('pages of another server', $no_pages,
        more => "server { # HERE\nlisten unix:$dir/2.sock;\nmfa user;\n}");
refused('pages of another portal', $no_pages,
        in_server("location /x { mfa user; } # HERE\n"
                  . 'location /mfa/ { mfa admin; mfa_pages; }'));
refused('pages where the portal does not say they are', $no_pages,
        in_server("location /x { mfa user; } # HERE\n"
                  . 'location /login/ { mfa user; mfa_pages; }'));
refused('pages of which only the folder itself is served', $no_pages,
        in_server("location /x { mfa user; } # HERE\n"
                  . 'location = /mfa/ { mfa user; mfa_pages; }'));
refused('pages with the path of the portal', 'add "location /p/ \{ mfa_pages; \}"',
        portals => 'mfa_portal user { pages /p/; }',
        server => "location /x { mfa user; } # HERE\n"
                  . 'location /mfa/ { mfa user; mfa_pages; }');
refused('more pages where the portal does not say they are',
        '"mfa_pages" is not at the portal\'s pages path "/mfa/"',
        in_server("mfa user;\nlocation /mfa/ { mfa_pages; }\n"
                  . 'location /login/ { mfa_pages; } # HERE'));
refused('more pages behind a regular expression',
        '"mfa_pages" is not at the portal\'s pages path "/mfa/"',
        in_server("mfa user;\nlocation /mfa/ { mfa_pages; }\n"
                  . 'location ~ ^/mfa/login { mfa_pages; } # HERE'));
refused('more pages of another portal', 'pages path "/mfa/"',
        portals => "mfa_portal user { }\nmfa_portal admin { pages /a/; }",
        server => "mfa user;\nlocation /mfa/ { mfa_pages; }\n"
                  . 'location /a/ { mfa_pages; } # HERE');
accepted('one page in a location of its own below the others',
         server => "mfa user;\nlocation /mfa/ { mfa_pages; }\n"
                   . 'location = /mfa/login { client_body_timeout 5s; mfa_pages; }');
refused('mfa_pages without a portal',
        '"mfa_pages" in a place without a portal',
        in_server('location /mfa/ { mfa_pages; } # HERE'));
refused('mfa_pages where the gate is off',
        '"mfa_pages" in a place without a portal',
        in_server("mfa user;\nlocation /mfa/ { mfa off; mfa_pages; } # HERE"));
refused('mfa_pages twice', '"mfa_pages" directive is duplicate',
        in_server('location /mfa/ { mfa user; mfa_pages; mfa_pages; } # HERE'));
refused('mfa_pages with a parameter',
        'invalid number of arguments in "mfa_pages"',
        in_server('location /mfa/ { mfa user; mfa_pages user; } # HERE'));
refused('mfa_pages in a server', '"mfa_pages" directive is not allowed here',
        in_server('mfa_pages; # HERE'));

# Pages are not gated: another handler in their place would stand open.
refused('mfa_pages and proxy_pass in one location',
        'another handler takes the place of "mfa_pages"',
        in_server("mfa user;\nlocation /mfa/ {\nmfa_pages; # HERE\n"
                  . "proxy_pass http://127.0.0.1:1;\n}"));
refused('proxy_pass and mfa_pages in one location',
        '"mfa_pages" directive is in a location that already has a handler',
        in_server("mfa user;\nlocation /mfa/ {\nproxy_pass http://127.0.0.1:1;\n"
                  . "mfa_pages; # HERE\n}"));


# --- mfa_console ---

my $pages = 'location /mfa/ { mfa_pages; }';

accepted('a console, with an if', in_server("mfa admin;\n$pages\n"
    . 'location /mfa/console/ { mfa_console user admin; if ($arg_a) { set $b 1; } }'));
refused('a console without a gate', '"mfa_console" in a place without a gate',
        in_server("location /console/ { mfa_console user; } # HERE"));
refused('a console of a portal that is none', 'unknown portal "nobody"',
        in_server("mfa user;\n$pages\n"
                  . 'location /c/ { mfa_console user nobody; } # HERE'));
refused('a portal twice', 'mfa_console: portal "user" twice',
        in_server("mfa user;\n$pages\n"
                  . 'location /c/ { mfa_console user user; } # HERE'));
refused('a console of no portal', 'invalid number of arguments',
        in_server("mfa user;\n$pages\n"
                  . 'location /c/ { mfa_console; } # HERE'));
refused("a console in \"location $_\"", 'ends with "/"',
        in_server("mfa user;\n$pages\n"
                  . "location $_ { mfa_console user; } # HERE"))
    for '/c', '= /c/', '~ ^/c/', '@c';
refused('a console whose place is taken', 'taken by another handler',
        in_server("mfa user;\n$pages\n"
                  . 'location /c/ { mfa_console user; stub_status; } # HERE'));
refused('a console where the pages are', 'already has a handler',
        in_server("mfa user;\n"
                  . 'location /mfa/ { mfa_pages; mfa_console user; } # HERE'));


# --- mfa_identity_headers ---

for my $value ('on', 'off', 'X-Auth-', 'x-', 'Remote-', '"On-"') {
    accepted("mfa_identity_headers $value",
             http => "mfa_identity_headers $value;");
}

accepted('mfa_identity_headers in http, server and location',
         http => 'mfa_identity_headers A-;',
         server => "mfa user; mfa_identity_headers B-;\n"
             . "location /mfa/ { mfa_pages; }\n"
             . 'location /x { mfa_identity_headers off; }');

refused('mfa_identity_headers twice',
        '"mfa_identity_headers" directive is duplicate',
        at_http(http => 'mfa_identity_headers on; mfa_identity_headers off;'));
refused('mfa_identity_headers without a value',
        'invalid number of arguments in "mfa_identity_headers"',
        at_http(http => 'mfa_identity_headers;'));

for my $prefix ('X', '-', '""', 'X-Auth', 'X_Auth-', '"X Auth-"', 'X:-', 'é-',
                'X1-')
{
    my $shown = $prefix =~ s/"//gr;

    refused("mfa_identity_headers $prefix",
            "invalid header prefix \"\Q$shown\E\"",
            at_http(http => "mfa_identity_headers $prefix;"));
}

# --- mfa_status ---

accepted('mfa_status beside gates, in a gate, and with limit_except', server => <<'EOC');
mfa user;
location /mfa/ { mfa_pages; }
location = /a { mfa_status; }
location = /b { mfa off; mfa_status; allow 127.0.0.1; deny all; }
location = /c { mfa off; mfa_status; limit_except GET { deny all; } }
EOC
refused('mfa_status with an argument', 'invalid number of arguments in "mfa_status"',
        in_server("mfa user;\nlocation /mfa/ { mfa_pages; }\n"
                  . 'location /x { mfa_status on; # HERE' . "\n}"));
refused('mfa_status twice', '"mfa_status" directive is duplicate',
        in_server("mfa user;\nlocation /mfa/ { mfa_pages; }\n"
                  . "location /x { mfa_status;\nmfa_status; # HERE\n}"));
refused('mfa_status beside the pages', 'already has a handler',
        in_server("mfa user;\nlocation /mfa/ { mfa_pages;\nmfa_status; # HERE\n}"));
refused('mfa_status whose place is taken',
        'another handler takes the place of "mfa_status"',
        in_server("mfa user;\nlocation /mfa/ { mfa_pages; }\n"
                  . "location /x {\nmfa_status; # HERE\nempty_gif; }"));

done_testing;
