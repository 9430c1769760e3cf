# The directives of the http level and of mfa_portal (those of servers and
# locations: 11-gate-directives.t): what is right is accepted, and what is wrong
# stops "nginx -t" with a sentence and the file and line it stands in.  Fails when
# a mistake is taken silently, or when the message leads nowhere.
#
# Nothing here is a running server: "nginx -t" alone is asked, which must reach no
# Redis (security 133) and show no secret (security 99).

use strict;
use warnings;

use Test::More;

use IO::Select;
use IO::Socket::UNIX;
use MFA::Env;
use MFA::Judge;
use MFA::Nginx;

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


sub in_portal {
    my ($text) = @_;

    return (portals => "mfa_portal user {\n$text # HERE\n}");
}


sub in_server {
    my ($text) = @_;

    return (server => $text);
}


# --- all of it together ---

accepted('a configuration without any of our directives', redis => '',
         keys => '', templates => '', portals => '', server => '');
accepted('the shortest configuration that gates a server');
accepted('the store and keys without a portal', portals => '', server => '');


# --- mfa_redis ---

my $secret = $env->file('redis-password', "redis-canary\n", 0600);
my $socket = $env->socket;

for my $args ('127.0.0.1:6379', '127.0.0.1', '[::1]:6379', "unix:$socket",
              'localhost:6379 timeout=1s', "unix:$socket db=3",
              "unix:$socket timeout=10ms", "unix:$socket timeout=60s",
              "unix:$socket password_file=$secret",
              "unix:$socket user=mfa password_file=$secret db=9999")
{
    accepted("mfa_redis $args", redis => "mfa_redis $args;");
}

accepted('no mfa_redis: the default address', redis => '');

refused('mfa_redis twice', '"mfa_redis" directive is duplicate',
        at_http(http => 'mfa_redis 127.0.0.1;'));
refused('mfa_redis without an address',
        'invalid number of arguments in "mfa_redis"',
        at_http(redis => 'mfa_redis;'));
refused('mfa_redis in a server', '"mfa_redis" directive is not allowed here',
        in_server('mfa_redis 127.0.0.1; # HERE'));

for my $case ([ '127.0.0.1:0',             'invalid port' ],
              [ '127.0.0.1:70000',         'invalid port' ],
              [ '127.0.0.1:x',             'invalid port' ],
              [ 'unix:',                   'no path in the unix domain socket' ],
              [ '""',                      'an address is missing' ],
              [ 'no.such.host.invalid:1',  'host not found' ],
              [ '127.0.0.1 db=x',          'invalid database number "x"' ],
              [ '127.0.0.1 db=-1',         'invalid database number "-1"' ],
              [ '127.0.0.1 db=10000',      'invalid database number "10000"' ],
              [ '127.0.0.1 db=',           'invalid parameter "db="' ],
              [ '127.0.0.1 timeout=250',   'invalid timeout "250"' ],
              [ '127.0.0.1 timeout=0ms',   'invalid timeout "0ms"' ],
              [ '127.0.0.1 timeout=9ms',   'invalid timeout "9ms", it must be 10ms to 60s' ],
              [ '127.0.0.1 timeout=61s',   'invalid timeout "61s"' ],
              [ '127.0.0.1 timeout=xs',    'invalid timeout "xs"' ],
              [ '127.0.0.1 timeout=1m',    'invalid timeout "1m"' ],
              [ '127.0.0.1 user=mfa',      'user= needs password_file=' ],
              [ '127.0.0.1 speed=1',       'unknown parameter "speed=1"' ],
              [ '127.0.0.1 127.0.0.2',     'invalid parameter "127.0.0.2"' ])
{
    my ($args, $message) = @$case;

    refused("mfa_redis $args", "mfa_redis: $message",
            at_http(redis => "mfa_redis $args;"));
}

my $open_secret  = $env->file('open-password', "redis-canary\n", 0644);
my $empty_secret = $env->file('empty-password', "\n", 0600);

refused('a password file that is not there', 'cannot open "\S+/none"',
        at_http(redis => "mfa_redis 127.0.0.1 password_file=$dir/none;"));
refused('a password file others can read (security 105)',
        'open-password" is open to others \(mode 0644\)',
        at_http(redis => "mfa_redis 127.0.0.1 password_file=$open_secret;"));
refused('a password file without a password', 'empty-password" is empty',
        at_http(redis => "mfa_redis 127.0.0.1 password_file=$empty_secret;"));
refused('a folder as password file', '" is not a file',
        at_http(redis => "mfa_redis 127.0.0.1 password_file=$dir;"));


# --- mfa_keys ---

my $key = $MFA::Env::KEY_TEXT;

sub ring {
    my ($text, $mode) = @_;

    return 'mfa_keys ' . $env->file('ring', $text, $mode // 0600) . ';';
}


accepted('a ring of two keys with a comment, a blank line and CRLF',
         keys => ring("# newest\r\nk2:$key\r\n\r\nk1:$key\r\n"));
accepted('a ring without a line end', keys => ring("k1:$key"));
accepted('a ring readable by its group', keys => ring("k1:$key\n", 0640));

refused('no mfa_keys', '"mfa_keys" is missing for the portal', keys => '',
        portals => "mfa_portal user { } # HERE");
refused('mfa_keys twice', '"mfa_keys" directive is duplicate',
        at_http(http => 'mfa_keys ' . $env->keys_file . ';'));
refused('mfa_keys without a file', 'invalid number of arguments in "mfa_keys"',
        at_http(keys => 'mfa_keys;'));
refused('mfa_keys in a server', '"mfa_keys" directive is not allowed here',
        in_server('mfa_keys ' . $env->keys_file . '; # HERE'));
refused('a key ring that is not there', 'cannot open "\S+/none"',
        at_http(keys => "mfa_keys $dir/none;"));

for my $mode (0644, 0604, 0602, 0601, 0620, 0777) {
    my $octal = sprintf '%04o', $mode;

    refused("a key ring of mode $octal (security 99)",
            "ring\" is open to others \\(mode $octal\\)",
            at_http(keys => ring("k1:$key\n", $mode)));
}

refused('a folder as key ring', 'is not a file',
        at_http(keys => "mfa_keys $dir;"));
refused('a key ring of 16 kilobytes and more', 'too large',
        at_http(keys => ring("#\n" x 8193)));

SKIP: {
    skip 'root can read every file', 2 if $> == 0;

    refused('a key ring this user cannot read', 'cannot open',
            at_http(keys => ring("k1:$key\n", 0000)));
}

my $short = substr $key, 0, 40;

for my $case ([ "\n# only a comment\n",      0, 'no key in the key ring' ],
              [ '',                          0, 'no key in the key ring' ],
              [ "k1:$key\nk2\n",             2, 'not of the form id:key' ],
              [ "k1:$key\n\nk1:$key\n",      3, 'key id is used twice' ],
              [ "k 1:$key\n",                1, 'key id is not' ],
              [ ":$key\n",                   1, 'key id is not' ],
              [ "abcdefghijklmnopq:$key\n",  1, 'key id is not' ],
              [ "# one\n# two\nk1:$short\n", 3, 'not 32 bytes in base64' ],
              [ "k1: $key\n",                1, 'not 32 bytes in base64' ],
              [ "k1:$key$key\n",             1, 'not 32 bytes in base64' ],
              [ "k1:\n",                     1, 'not 32 bytes in base64' ],
              [ join('', map { "k$_:$key\n" } 1 .. 17), 17, 'more than 16 keys' ])
{
    my ($text, $line, $message) = @$case;
    my $shown = $text =~ s/\Q$key\E/KEY/gr =~ s/\n/|/gr;

    $shown = substr $shown, 0, 40;

    refused("the key ring $shown", "mfa_keys: [^\\n]*${message}[^\\n]* in \\S+/ring:$line",
            at_http(keys => ring($text)));
}


# --- mfa_cache ---

accepted("mfa_cache $_", http => "mfa_cache $_;")
    for 'off', 'entries=16', 'entries=10000000';

refused('mfa_cache twice', '"mfa_cache" directive is duplicate',
        http => "mfa_cache off;\nmfa_cache entries=100; # HERE");

for my $cache ('entries=15', 'entries=10000001', 'entries=-1', 'entries=',
               'entries=x', 'entries', 'on', '20000')
{
    refused("mfa_cache $cache",
            "mfa_cache: \"$cache\" is neither \"off\" nor \"entries=N\" "
            . 'with N from 16 to 10000000',
            at_http(http => "mfa_cache $cache;"));
}


# --- mfa_threads ---

accepted('mfa_threads with the default pool', http => 'mfa_threads default;');
accepted('mfa_threads with a pool and a queue', main => 'thread_pool mfa threads=2;',
         http => 'mfa_threads mfa queue=65536;');

refused('mfa_threads twice', '"mfa_threads" directive is duplicate',
        http => "mfa_threads default;\nmfa_threads default; # HERE");
refused('a thread pool nobody made', 'unknown thread pool "other"',
        at_http(http => 'mfa_threads other;'));

for my $queue ('queue=0', 'queue=65537', 'queue=-1', 'queue=', 'queue=x',
               'queue', 'length=5')
{
    refused("mfa_threads default $queue", "invalid parameter \"$queue\"",
            at_http(http => "mfa_threads default $queue;"));
}


# --- mfa_templates ---

# A copy of the templates in which a file was replaced, or removed.
my $copies = 0;

sub templates {
    my ($file, $text) = @_;

    my $to = "$dir/templates" . ++$copies;

    system('cp', '-r', $env->templates, $to) == 0 or die 'cp failed';
    unlink "$to/$file";
    MFA::Nginx::write_file("$to/$file", $text) if defined $text;

    return $to;
}


my $own = templates('none');

accepted('a folder of templates of a portal alone', templates => '',
         portals => "mfa_portal user { mfa_templates $own; }");
accepted('a portal with other templates than the rest',
         portals => "mfa_portal user { mfa_templates $own; }\n"
                    . 'mfa_portal admin { }');

refused('mfa_templates twice', '"mfa_templates" directive is duplicate',
        at_http(http => "mfa_templates $own;"));
refused('mfa_templates twice in a portal', 'is duplicate',
        in_portal("mfa_templates $own; mfa_templates $own;"));
refused('mfa_templates without a folder in a portal',
        'invalid number of arguments in "mfa_templates"',
        in_portal('mfa_templates;'));

for my $case ([ 'a template with an unknown name', 'login.html',
                "a\nb\n{{no_such_name}}\n", 3, 'unknown name "no_such_name"' ],
              [ 'a template with a section left open', 'code.html',
                "a\n{{#error}}\nb\n", 2, 'section is not closed' ],
              [ 'a template with a tag left open', 'locked.html',
                "a\n\n\n\n{{brand\n", 5, 'tag is not closed' ],
              [ 'a template with a text nobody translated', 'blocked.html',
                "{{t.no_such_text}}\n", 1, 'no translation of "no_such_text"' ],
              [ 'a template that includes a file that is not there',
                'security.html', "a\n{{> none.html}}\n", 2,
                'no template file "none.html"' ],
              [ 'a template that includes itself', 'head.html',
                "a\n{{> head.html}}\n", 2, 'include files too deep' ],
              [ 'a style sheet with an unknown name', 'style.css',
                "a\n{{nothing}}\n", 2, 'unknown name "nothing"' ])
{
    my ($what, $file, $text, $line, $message) = @$case;
    my $at = templates($file, $text);

    refused($what, $message, templates => "mfa_templates $at;",
            place => "$at/$file:$line");
}

my $broken = templates('i18n/en.json', "{\n\"a\": 1,\n}\n");

refused('a catalogue that is no JSON', '', templates => "mfa_templates $broken;",
        place => "$broken/i18n/en.json:3");

$broken = templates('i18n/en.json', "[ ]\n");

refused('a catalogue that is no object', 'not an object',
        templates => "mfa_templates $broken;",
        place => "$broken/i18n/en.json:1");

# What has no line of its own is said of the portal that wanted it.
for my $case ([ 'a template that is missing', templates('code.html'),
                'cannot open template "\S+/code.html"' ],
              [ 'a style sheet that is missing', templates('style.css'),
                'cannot open template "\S+/style.css"' ],
              [ 'a catalogue that is missing', templates('i18n/en.json'),
                'cannot open template "\S+/i18n/en.json"' ],
              [ 'a catalogue without the text of an error',
                templates('i18n/en.json', '{"error_credentials": "no"}'),
                'no text "error_code" in "\S+/i18n/en.json"' ],
              [ 'a style sheet that could leave its element',
                templates('style.css', "a { } </style>\n"), 'holds "</"' ],
              [ 'a folder of templates that is not there', "$dir/none",
                'cannot open template "\S+/none/' ])
{
    my ($what, $at, $message) = @$case;

    refused($what, $message, templates => "mfa_templates $at;",
            portals => 'mfa_portal user { } # HERE');
}


# --- mfa_portal ---

for my $name ('a', 'a-b_c9', 'a' x 32) {
    accepted("a portal named $name", server => '',
             portals => "mfa_portal $name { }");
}

for my $name ('A', '1a', '-a', 'a.b', 'a b', 'a/b', 'é', 'a' x 33, 'off') {
    refused("a portal named \"$name\"", 'invalid portal name "',
            portals => "mfa_portal \"$name\" { # HERE\n}", server => '');
}

refused('a portal twice', 'duplicate portal "user"',
        portals => "mfa_portal user { }\nmfa_portal user { # HERE\n}");
refused('a portal without a name', 'invalid number of arguments in "mfa_portal"',
        portals => 'mfa_portal { } # HERE', server => '');
refused('a portal in a server', '"mfa_portal" directive is not allowed here',
        in_server('mfa_portal other { } # HERE'));
refused('a portal without a block', 'directive "mfa_portal" has no opening "\{"',
        portals => 'mfa_portal user; # HERE', server => '');

my @accepted = (
    'issuer Example', 'issuer "Example & Söhne"', 'issuer ' . 'a' x 64,
    'pages /mfa/', 'pages /a.b/c-d_E9/', 'pages /.mfa/a../',
    'require account', 'require all', 'require new_since=2026-10-01',
    'require new_since=1970-01-01',
    'grace 0', 'grace 90', 'grace 1d12h', 'grace 365d',
    'session idle=30m absolute=12h', 'session half=10m', 'session max=1000',
    'session idle=1s absolute=1s half=1s max=1 recheck=1s',
    'session idle=30d absolute=30d half=1h max=1',
    'totp digits=6 period=30 skew=1 algorithm=sha1',
    'totp digits=8 period=300 skew=3 algorithm=sha512',
    'totp period=10 skew=0 algorithm=sha256',
    'limit password=5/15m code=5/15m address=50/10m',
    'limit code=1/1s', 'limit code=1000000/1d',
    'cookie name=sid', 'cookie name=__Host-s-i-D_9', 'cookie name=' . 'a' x 56,
    'cookie domain=example.com', 'cookie samesite=lax', 'cookie samesite=strict',
    'cookie secure=on', 'cookie secure=auto',
    'cookie name=sid domain=example.com samesite=strict secure=auto',
    'directory_mfa on', 'directory_mfa off',
    'mail from=mfa@example.com',
    'mail from=mfa@example.com base_url=https://portal.example.com:8443',
    'mail from=mfa@example.com base_url=http://127.0.0.1:8080 new_network=on',
    'on_require mail=setup', 'on_require mail=none',
    'self_reset mail', 'self_reset off',
    'brand "name=Example Ltd" color=#a0b1C2', 'brand color=#abc',
    'brand name=' . 'a' x 64,
    'locale en', 'locale de', 'locale en de fr',
);

accepted("mfa_portal: $_", server => '', portals => "mfa_portal user { $_; }")
    for grep { !/^pages/ } @accepted;
accepted("mfa_portal: $_", portals => "mfa_portal user { $_; }",
         server => "mfa user; location " . s/^pages //r . ' { mfa_pages; }')
    for grep { /^pages/ } @accepted;

my @refused = (
    [ 'nonsense 1',                 'unknown directive "nonsense"' ],
    [ 'include other.conf',         'unknown directive "include"' ],
    [ 'issuer ""',                  'invalid issuer ""' ],
    [ 'issuer ' . 'a' x 65,         'invalid issuer "a+"' ],
    [ "issuer \"a\tb\"",            'invalid issuer "' ],
    [ 'issuer a b',                 'invalid number of parameters in "issuer"' ],
    [ 'issuer',                     'invalid number of parameters in "issuer"' ],
    [ 'issuer a; issuer b',         'duplicate directive "issuer"' ],
    [ 'pages mfa/',                 'pages must be a path' ],
    [ 'pages /mfa',                 'pages must be a path' ],
    [ 'pages /',                    'pages must be a path' ],
    [ 'pages //',                   'pages must be a path' ],
    [ 'pages /a//b/',               'invalid character in pages' ],
    [ 'pages /a%20b/',              'invalid character in pages' ],
    [ 'pages "/a b/"',              'invalid character in pages' ],
    [ 'pages /mfa/./',              'invalid path in pages' ],
    [ 'pages /../mfa/',             'invalid path in pages' ],
    [ 'pages /' . 'a' x 127 . '/',  'pages must be a path' ],
    [ 'pages https://a.example/m/', 'pages must be a path' ],
    [ 'require some',               'require must be account, all or new_since' ],
    [ 'require new_since=soon',     'require must be account, all or new_since' ],
    [ 'require new_since=2026-02-30', 'require must be account, all or' ],
    [ 'require new_since=',         'require must be account, all or new_since' ],
    [ 'require all account',        'invalid number of parameters in "require"' ],
    [ 'grace soon',
      'invalid time "soon" in "grace", it must be 0 to 365d' ],
    [ 'grace -1',
      'invalid time "-1" in "grace", it must be 0 to 365d' ],
    [ 'grace 366d',
      'invalid time "366d" in "grace", it must be 0 to 365d' ],
    [ 'grace 1h1d',
      'invalid time "1h1d" in "grace", it must be 0 to 365d' ],
    [ 'grace 1d1d',
      'invalid time "1d1d" in "grace", it must be 0 to 365d' ],
    [ 'grace 1.5d',
      'invalid time "1.5d" in "grace", it must be 0 to 365d' ],
    [ 'grace 99999999999999999999',
      'invalid time "9+" in "grace", it must be 0 to 365d' ],
    [ 'grace ""',
      'invalid time "" in "grace", it must be 0 to 365d' ],
    [ 'session',                    'invalid number of parameters in "session"' ],
    [ 'session idle=0',
      'invalid time "0" in "session idle=", it must be 1s to 30d' ],
    [ 'session idle=31d',
      'invalid time "31d" in "session idle=", it must be 1s to 30d' ],
    [ 'session absolute=31d',
      'invalid time "31d" in "session absolute=", it must be 1s to 30d' ],
    [ 'session half=0',
      'invalid time "0" in "session half=", it must be 1s to 1h' ],
    [ 'session half=61m',
      'invalid time "61m" in "session half=", it must be 1s to 1h' ],
    [ 'session recheck=61m',
      'invalid time "61m" in "session recheck=", it must be 1s to 1h' ],
    [ 'session max=0',
      'invalid number "0" in "session max=", it must be 1 to 1000' ],
    [ 'session max=1001',
      'invalid number "1001" in "session max=", it must be 1 to 1000' ],
    [ 'session max=x',
      'invalid number "x" in "session max=", it must be 1 to 1000' ],
    [ 'session idle',               'unknown parameter "idle"' ],
    [ 'session forever=1',          'unknown parameter "forever=1"' ],
    [ 'totp digits=5',
      'invalid number "5" in "totp digits=", it must be 6 to 8' ],
    [ 'totp digits=9',
      'invalid number "9" in "totp digits=", it must be 6 to 8' ],
    [ 'totp period=9',
      'invalid number "9" in "totp period=", it must be 10 to 300' ],
    [ 'totp period=301',
      'invalid number "301" in "totp period=", it must be 10 to 300' ],
    [ 'totp skew=-1',
      'invalid number "-1" in "totp skew=", it must be 0 to 3' ],
    [ 'totp skew=4',
      'invalid number "4" in "totp skew=", it must be 0 to 3' ],
    [ 'totp algorithm=md5',         'algorithm must be sha1, sha256 or sha512' ],
    [ 'totp algorithm=SHA1',        'algorithm must be sha1, sha256 or sha512' ],
    [ 'totp window=1',              'unknown parameter "window=1"' ],
    [ 'limit code=5',               'invalid limit "5" in "limit code=", it is written N/TIME' ],
    [ 'limit code=0/1m',
      'invalid number "0" in "limit code=", it must be 1 to 1000000' ],
    [ 'limit code=1000001/1m',
      'invalid number "1000001" in "limit code=", it must be 1 to 1000000' ],
    [ 'limit code=5/',
      'invalid time "" in "limit code=", it must be 1s to 1d' ],
    [ 'limit code=5/0',
      'invalid time "0" in "limit code=", it must be 1s to 1d' ],
    [ 'limit code=5/2d',
      'invalid time "2d" in "limit code=", it must be 1s to 1d' ],
    [ 'limit mail=5/1m',            'unknown parameter "mail=5/1m"' ],
    [ 'cookie name=',               'invalid parameter "name="' ],
    [ 'cookie "name=a b"',          'invalid parameter "name=a b"' ],
    [ 'cookie name=a=b',            'invalid parameter "name=a=b"' ],
    [ 'cookie "name=a;b"',          'invalid parameter "name=a;b"' ],
    [ 'cookie name=' . 'a' x 57,    'invalid parameter "name=a+"' ],
    [ 'cookie domain=',             'invalid parameter "domain="' ],
    [ 'cookie domain=Example.com',  'invalid parameter "domain=Example.com"' ],
    [ 'cookie domain=a_b',          'invalid parameter "domain=a_b"' ],
    [ 'cookie samesite=none',       'invalid parameter "samesite=none"' ],
    [ 'cookie secure=off',          'invalid parameter "secure=off"' ],
    [ 'cookie secure',              'invalid parameter "secure"' ],
    [ 'cookie path=/',              'invalid parameter "path=/"' ],
    [ 'directory_mfa yes',          'directory_mfa must be on or off, not "yes"' ],
    [ 'mail from=nobody',           'mail from= is no address: "nobody"' ],
    [ 'mail base_url=https://a.org', 'mail needs from=' ],
    [ 'mail from=a@b.org base_url=http://b.org',
      'mail base_url= must be like "https://portal.example.com", not '
      . '"http://b.org"' ],
    [ 'mail from=a@b.org to=c@d.org',
      'invalid parameter in "mail": "to=c@d.org"' ],
    [ 'on_require setup',
      'on_require must be mail=setup, mail=password_reset or mail=none, not '
      . '"setup"' ],
    [ 'self_reset on',              'self_reset must be mail or off, not "on"' ],
    [ 'brand name=',                'invalid parameter "name="' ],
    [ 'brand name=' . 'a' x 65,     'invalid parameter "name=a+"' ],
    [ 'brand color=red',            'invalid parameter "color=red"' ],
    [ 'brand color=#12345',         'invalid parameter "color=#12345"' ],
    [ 'brand color=#12345g',        'invalid parameter "color=#12345g"' ],
    [ 'locale',                     'invalid number of parameters in "locale"' ],
    [ 'locale EN',                  'invalid locale "EN"' ],
    [ 'locale ../en',               'invalid locale "../en"' ],
    [ 'locale e',                   'invalid locale "e"' ],
    [ 'locale a b c d e f g h i',   'invalid number of parameters in "locale"' ],
    [ 'locale {',                   'unexpected "\{"' ],
);

for my $case (@refused) {
    my ($text, $message) = @$case;
    my $end = $text =~ /\{\z/ ? ' }' : ';';

    refused("mfa_portal: $text", $message, in_portal("$text$end"));
}

# What only the whole block shows is said of the line that ends it.
for my $case ([ 'session idle=2h absolute=1h;', 'idle= is longer than absolute=' ],
              [ 'session absolute=1m;',         'idle= is longer than absolute=' ],
              [ 'cookie name=__Host-a domain=example.com;',
                'goes without domain=' ],
              [ 'cookie name=__Host-;',         'a cookie name is missing' ])
{
    my ($text, $message) = @$case;

    refused("mfa_portal: $text", $message,
            portals => "mfa_portal user {\n$text\n} # HERE");
}


# --- what "nginx -t" does not do ---

# Nobody may knock: a listener in the place of Redis sees who comes.
my $knocked = "$dir/knock.sock";
my $listen  = IO::Socket::UNIX->new(Local => $knocked, Listen => 8)
    or die "no listener: $!";
my $canaries = $judge->configuration(
    redis => "mfa_redis unix:$knocked user=mfa password_file=$secret;",
    server => "mfa user;\nlocation /mfa/ { mfa_pages; }\n"
        . 'location / { proxy_pass http://127.0.0.1:1; }');

for my $option ('-t', '-T') {
    my ($status, $said) = MFA::Nginx::judge($dir, $canaries, $option);

    is($status, 0, "nginx $option accepts a configuration with secrets");
    unlike($said, qr/redis-canary|\Q$key\E/,
           "nginx $option shows neither password nor key (security 99, 133)");
    unlike($said, qr/\Q$MFA::Env::RAW_KEY\E/,
           "nginx $option shows no decoded key (security 99)");
}

ok(!IO::Select->new($listen)->can_read(0),
   'nginx -t opens no connection to Redis (security 133)');

my ($status, $said) = MFA::Nginx::judge($dir, $judge->configuration(
    keys => ring("k1:$key\nsecret-canary:x$key\n")));

isnt($status, 0, 'a key ring with a broken line is refused');
unlike($said, qr/\Q$key\E|secret-canary/,
       'the message about a broken key ring quotes nothing of it (security 99)');

done_testing;
