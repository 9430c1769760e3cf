# Warnings of "nginx -t": configurations that nginx takes, that are no error, and
# that leave a hole or do not do what they seem to (security 67, 74, 76).  Each
# warning appears for the bad form, names the place, and does not for the good one
# beside it.  Fails when a hole is passed over in silence, and when a warning cries
# wolf: nobody reads those that do.

use strict;
use warnings;

use Test::More;

use MFA::Env;
use MFA::Judge;
use MFA::Nginx;

my $env   = MFA::Env->start;
my $dir   = $env->dir;
my $judge = MFA::Judge->new($env);

my $pages = 'location /mfa/ { mfa_pages; }';


sub warnings_of {
    my (%with) = @_;
    my $text = $judge->configuration(
        portals => "mfa_portal user { cookie secure=auto; }\n"
                   . 'mfa_portal admin { require all; cookie secure=auto; }',
        %with);
    my ($status, $said) = MFA::Nginx::judge($dir, $text);

    is($status, 0, 'it is no error') or diag($said);
    unlike($said, qr/Sanitizer|runtime error:/, 'looked at in order');

    return $text, grep { /\[(?:warn|alert|crit|emerg)\]/ } split /\n/, $said;
}


# One warning, with the line of "# HERE" or of the server.
sub warns {
    my ($what, $message, $server, %with) = @_;
    my ($text, @said) = warnings_of(server => "server_name s;\n$server", %with);
    my ($before) = $text =~ /\A(.*?)# HERE/s;
    my $line = defined $before ? 1 + ($before =~ tr/\n//) : '\d+';

    is(scalar @said, 1, "one warning: $what") or diag(join "\n", @said);
    like($said[0] // '', qr/\[warn\].* mfa: $message.*, in \S*judge\.conf:$line$/,
         "it says what and where: $what");
}


sub silent {
    my ($what, $server, %with) = @_;
    my (undef, @said) = warnings_of(server => $server, %with);

    is(join("\n", @said), '', "no warning: $what");
}


# --- pages that nobody can use ---

{
    my $plain = 'the pages answer 403: no address of the server is https, and '
        . 'portal "user" has no "cookie secure=auto" for loopback';
    my $strict = "mfa_portal user { }\nmfa_portal admin { }";
    my $gated = "server_name s;\nmfa user;\nlocation /mfa/ {\n"
        . "mfa_pages; # HERE\n}";

    system('openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1'
           . " -subj /CN=s -nodes -days 2 -keyout $dir/tls.key -out $dir/tls.crt"
           . ' 2>/dev/null') == 0 or die 'no certificate';

    warns('pages on a unix socket', $plain, $gated, portals => $strict);
    warns('pages on plain http', $plain, "listen 127.0.0.1:8765;\n$gated",
          portals => $strict);
    silent('with secure=auto', $gated);
    silent('with https beside it',
           "listen 127.0.0.1:8765 ssl;\nssl_certificate $dir/tls.crt;\n"
           . "ssl_certificate_key $dir/tls.key;\n$gated", portals => $strict);
}


# --- answers of the rewrite phase ---

my $early = '"return" or a redirecting "rewrite" answers before the gate';

for my $answer ('return 200;', 'return 200 text;', 'return 404 text;',
                'return 301 /other;', 'return http://localhost/;', 'return 204;',
                'rewrite ^ /other redirect;', 'rewrite ^ /other permanent;',
                'rewrite ^(.*)$ http://localhost$1;',
                'set $a "b$uri"; if ($a = c) { return 200; }',
                'rewrite ^/x/(.*)$ /y/$1; set $b $1$2; return 200;')
{
    warns("a gated location with $answer",
          "location \"/x/\" of server \"s\": $early",
          "location /x/ { mfa user; # HERE\n$answer }\n"
          . 'location /mfa/ { mfa user; mfa_pages; }');
    silent("the same under mfa off: $answer",
           "mfa user; $pages location /x/ { mfa off; $answer }");
}

for my $other ('return 404;', 'return 403;', 'return 444;',
               'rewrite ^ /other;', 'rewrite ^/x/(.*)$ /y/$1 break;',
               'set $a b; if ($a = "c$uri") { set $a d; }')
{
    silent("a gated location with $other",
           "mfa user; $pages location /x/ { $other }");
}

warns('a gated server with a return of its own', "server \"s\": $early",
      "mfa user; # HERE\nif (\$arg_a) { return 200; }\n$pages");
warns('a gated "if" with a return', "location \"/x/\" of server \"s\": $early",
      "location /x/ { if (\$arg_a) { mfa user; # HERE\nreturn 200; } }\n"
      . 'location /mfa/ { mfa user; mfa_pages; }');
warns('a nested location inherits the gate',
      "location \"/x/y\" of server \"s\": $early",
      "mfa user;\n$pages\nlocation /x/ { location /x/y { return 200; } }");
silent('a server without a gate', 'return 200;', portals => '',
       redis => '', keys => '', templates => '');
silent('a server beside a gated one', "mfa user; $pages",
       more => "server {\nlisten unix:$dir/2.sock;\nreturn 301 https://localhost/;\n}");


# --- alias ---

my $alias = 'location "/x" of server "s": "alias" ends with "/"';

for my $gate ('', 'mfa off;') {
    warns("an alias that lets out of its folder, $gate", $alias,
          "mfa user;\n$pages\nlocation /x { $gate alias $dir/; }");
}

silent("alias: $_", "mfa user; $pages $_")
    for "location /x/ { alias $dir/; }", "location /x { alias $dir; }",
        "location = /x { alias $dir/; }", "location /x { root $dir/; }",
        "location ~ ^/x(.*) { alias $dir/\$1/; }",
        "location /x/ { alias $dir/; location /x/y { mfa user; } }";
silent('an alias where nothing is gated', "location /x { alias $dir/; }");


# --- error pages ---

my $error = '"error_page" for 401, 403 or 503 leads to an ungated location '
    . 'that asks a site';

for my $status (401, 403, 503) {
    for my $target ('@open', '/open/e') {
        my $name = $target =~ /^@/ ? '@open' : '/open/';

        warns("$status to $target",
              "location \"/x/\" of server \"s\": $error",
              "$pages\nmfa user;\nlocation $name { mfa off;\n"
              . "proxy_pass http://127.0.0.1:1; }\n"
              . "location /x/ { error_page $status = $target; }");
    }
}

warns('in a gated server once, and not for each location that inherits it',
      "server \"s\": $error",
      "mfa user; # HERE\nerror_page 403 \@open;\n$pages\n"
      . "location /a/ { }\nlocation /b/ { location /b/c { } }\n"
      . 'location @open { mfa off; proxy_pass http://127.0.0.1:1; }');

silent("error page: $_", "mfa user; $pages $_")
    for 'location /x/ { error_page 403 /e.html; } location = /e.html { mfa off; }',
        'location /x/ { error_page 403 = @g; } location @g { proxy_pass http://127.0.0.1:1; }',
        'location /x/ { error_page 404 502 504 = @o; } location @o { mfa off; proxy_pass http://127.0.0.1:1; }',
        'location /x/ { error_page 403 https://localhost/; }',
        'location /x/ { error_page 403 /e/f; } location /e/ { mfa off; proxy_pass http://127.0.0.1:1; } location /e/f { }',
        'location /x/ { mfa off; error_page 403 = @o; } location @o { mfa off; proxy_pass http://127.0.0.1:1; }';


# --- slashes ---

warns('merge_slashes off in a gated server', 'server "s": with "merge_slashes off"',
      "mfa user; # HERE\nmerge_slashes off;\n$pages");
silent('merge_slashes off where nothing is gated', 'merge_slashes off;');


# --- caches ---

my $zone = "proxy_cache_path $dir/cache keys_zone=c:1m;";
my $proxy = 'proxy_pass http://127.0.0.1:1;';

warns('a cache behind identity headers',
      'location "/x/" of server "s": nothing will be cached',
      "location /x/ { mfa user; # HERE\nproxy_cache c; $proxy }\n"
      . 'location /mfa/ { mfa user; mfa_pages; }', http => $zone);
warns('a cache of http over everything',
      'location "/x/" of server "s": nothing will be cached',
      "mfa user;\n$pages\nlocation / { }\nlocation /x/ { $proxy }\n"
      . "location /open/ { mfa off; $proxy }", http => "$zone proxy_cache c;");
warns('a cache of fastcgi', 'location "/x/" of server "s": nothing will be',
      "mfa user;\n$pages\nlocation /x/ { fastcgi_cache c; fastcgi_cache_key k; "
      . 'fastcgi_pass 127.0.0.1:1; }',
      http => "fastcgi_cache_path $dir/cache keys_zone=c:1m;");

silent("cache: $_", "mfa user; $pages $_", http => $zone)
    for "location /x/ { mfa_identity_headers off; proxy_cache c; $proxy }",
        "location /x/ { proxy_cache c; proxy_cache_key \$uri\$mfa_session; $proxy }",
        "location /x/ { mfa off; proxy_cache c; $proxy }",
        "location /x/ { proxy_cache off; $proxy }",
        "location /x/ { $proxy }";


# --- admins without a second factor ---

warns('a console behind a password', 'admins need no second factor for '
      . '"mfa_console" unless each is required one by one: say "require all" or '
      . '"require new_since=" in portal "user"',
      "mfa user; $pages location /mfa/console/ { mfa_console user; # HERE\n}");
silent("console: $_", "$_; $pages location /mfa/console/ { mfa_console user; }")
    for 'mfa admin', 'mfa user require=always';


# --- metrics that anybody can read ---

{
    my $open = "mfa user;\n$pages\nlisten 127.0.0.1:8080;\nlisten 8081;\n";

    warns('metrics for everybody', 'anybody can read "mfa_status": limit it '
          . 'with "allow" and "deny"',
          $open . "location = /m { $_\nmfa_status; # HERE\n}")
        for 'mfa off;', 'mfa off; auth_basic off;', 'mfa_report on;';
    silent("metrics: $_", "$open location = /m { $_ mfa_status; }")
        for '', 'mfa off; allow 127.0.0.1; deny all;',
            'mfa off; auth_basic x; auth_basic_user_file f;';
    silent('metrics for this machine', "mfa user; $pages listen 127.0.0.1:8080; "
           . 'location = /m { mfa off; mfa_status; }');
}


# --- what the gate makes harmless ---

silent("no reason: $_", "mfa user; $pages $_")
    for 'location /x/ { satisfy any; deny all; auth_basic x; auth_basic_user_file f; }',
        'location /x/ { mfa off; ssi on; add_after_body /y/; }',
        "location = /health { mfa off; $proxy }",
        'location /x/ { limit_except GET { deny all; } }',
        'mfa_report on; location /x/ { try_files $uri =404; }';

# Not each reload of each server of a big configuration may take a second.
my $many = join "\n", map { "location /l$_/ { root $dir; }" } 1 .. 1500;
my $began = time;
silent('1500 locations', "mfa user; $pages $many");
cmp_ok(time - $began, '<', 10, 'are looked at in no time');

done_testing;
