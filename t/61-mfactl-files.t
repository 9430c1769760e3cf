#!/usr/bin/perl

# What mfactl reads and writes besides the store: the key ring, the configuration
# in nginx's syntax, the command line.  Broken, a key is lost or readable by
# others, one file means two things to nginx and mfactl, or a mistake is not
# told with its place.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP qw(decode_json);
use POSIX qw(strftime);
use Test::More;

use MFA::Mfactl;

$env->account('user', 'alice');


# Keys.

{
    my $ring  = "$dir/ring";
    my $own   = $env->file('keys.conf', "mfa_keys ring;\n");
    my $day   = strftime('%Y%m%d', gmtime);
    my $keys  = sub { finish(spawn('-c', $own, 'keys', @_)) };

    my ($exit, $out, $err) = $keys->('new');
    is($exit, 0, 'keys new makes a file') or diag($err);
    is(mode($ring), '0600', 'for nobody else');
    like(slurp($ring), qr/^k\d{8}a:[A-Za-z0-9+\/]{43}=\n\z/, 'with one key');

    ($exit) = $keys->('new');
    my @lines = split /\n/, slurp($ring);
    is($exit, 0, 'another one');
    is(scalar @lines, 2, 'is added');
    like($lines[0], qr/^k\d{8}[ab]:/, 'in front');
    isnt((split /:/, $lines[0])[1], (split /:/, $lines[1])[1], 'another key');

    ($exit, $out) = $keys->('list');
    is($out, join('', map { /^(\w+):/ ? "$1\n" : '' } @lines),
       'keys list shows ids, newest first');
    ($exit, $out) = $keys->('list', '--json');
    is_deeply(decode_json($out), { keys => [ map { /^(\w+):/ } @lines ] },
              'in JSON, too');

    chmod 0640, $ring;
    ($exit) = $keys->('new');
    is(mode($ring), '0640', 'a mode nginx takes is kept');
    is(scalar(() = slurp($ring) =~ /\n/g), 3, 'three keys');

    symlink 'ring', "$dir/link";
    my $linked = $env->file('link.conf', "mfa_keys $dir/link;\n");
    ($exit) = finish(spawn('-c', $linked, qw(keys new)));
    ok($exit == 0 && -l "$dir/link" && slurp($ring) =~ /^(?:.*\n){4}\z/,
       'a link stays one');

    secret(slurp($ring) =~ /:(\S+)/g);

    my $before = slurp($ring);
    $env->file('ring.new', 'x');
    ($exit, $out, $err) = $keys->('new');
    is($exit, 1, 'not while somebody else is at it');
    like($err, qr/ring\.new: File exists/, 'and says so');
    is(slurp($ring), $before, 'nothing changed');
    unlink "$dir/ring.new";

    for my $open (0644, 0604, 0620, 0660) {
        chmod $open, $ring;
        my $mode = mode($ring);
        ($exit, $out, $err) = $keys->('list');
        ok($exit == 1 && $err =~ /open to others/, "mode $mode: refused");
        is(($keys->('new'))[0], 1, "mode $mode: for a new one, too");
        is(mode($ring), $mode, 'left as it is');
    }

    $env->file('ring', "$before\nno key\n", 0600);
    ($exit, $out, $err) = $keys->('list');
    is($exit, 1, 'a broken ring');
    like($err, qr/ring:6: a line is not of the form/, 'is told with its line');

    $env->file('ring', join('', map { "k${day}$_:$MFA::Env::KEY_TEXT\n" }
                                'a' .. 'p'), 0600);
    ($exit, $out, $err) = $keys->('new');
    ok($exit == 1 && $err =~ /the ring is full/, 'no more than 16 keys');

    ($exit, $out) = finish(spawn('-c', "$dir/absent", qw(keys new --stdout)));
    is($exit, 0, 'keys new --stdout needs no configuration');
    like($out, qr/^k\d{8}a:[A-Za-z0-9+\/]{43}=\n\z/, 'a line for a ring');
    unseen();
    is(slurp("$dir/absent"), '', 'and writes no file');

    ($exit, $out, $err) = finish(spawn('-c', $env->file('none.conf', ''),
                                       qw(keys list)));
    ok($exit == 2 && $err =~ /has no mfa_keys/, 'no ring is named');
}


# Configuration.

{
    my @wrong = (
        [ "mfa_portal a {\n  issuer x;\n  isuer x;\n}\n", 3,
          'unknown directive "isuer"' ],
        [ "mfa_portal a {\n\n  grace 400d; }\n", 3,
          'invalid time "400d" in "grace", it must be 0 to 365d' ],
        [ "mfa_portal a { session idle=2h\n absolute=1h; }\n", 1,
          'idle= is longer' ],
        [ "mfa_portal a { issuer x; issuer y; }\n", 1, 'duplicate directive' ],
        [ "mfa_portal a { }\nmfa_portal b { }\nmfa_portal a { }\n", 3,
          'there already' ],
        [ "mfa_portal A { }\n", 1, 'invalid name' ],
        [ "mfa_portal a b { }\n", 1, 'takes one name' ],
        [ "\nmfa_portal a;\n", 2, 'has no "{"' ],
        [ "mfa_portal a {\n  limit { }\n}\n", 2, 'unexpected "{"' ],
        [ "mfa_portal a {\n  grace 1d;\n", 3, 'unexpected end of file' ],
        [ "mfa_redis unix:/x db=x;\n", 1, 'invalid database number "x"' ],
        [ "mfa_redis unix:/x;\n# y\nmfa_redis unix:/x;\n", 3, 'duplicate' ],
        [ "mfa_redis unix:/x user=u;\n", 1, 'needs password_file' ],
        [ "mfa_redis;\n", 1, 'address is missing' ],
        [ "mfa_keys a b;\n", 1, 'takes one file' ],
        [ "mfa_keys a;\nmfa_keys b;\n", 2, 'duplicate' ],
        [ "a b\nc;\n}\n", 3, 'unexpected "}"' ],
        [ "a {\n b {\n }\n", 4, 'expecting "}"' ],
        [ "a;\n;\n", 2, 'unexpected ";"' ],
        [ "a;\n\n{ }\n", 3, 'unexpected "{"' ],
        [ "a \"b\n\nc;\n", 4, 'unexpected end of file' ],
        [ "a \"b\"c;\n", 1, 'blank is missing' ],
        [ "a b\n", 2, 'expecting ";"' ],
        [ "http {\n  mfa_redis unix:/x timeout=1h;\n}\n", 2,
          'invalid timeout' ],
        [ 'a {' x 100, 1, 'too deep' ],
        [ "include bad.conf;\n", 1, 'includes are too deep' ],
    );

    for my $wrong (@wrong) {
        my ($text, $line, $why) = @$wrong;
        my $file = $env->file('bad.conf', $text);
        my ($exit, $out, $err) = finish(spawn('-c', $file,
                                              qw(account list a)));
        is($exit, 2, "configuration: $why");
        like($err, qr/^mfactl: \Q$file\E:$line: .*\Q$why\E/, 'with its place')
            or diag($err);
    }

    mkdir "$dir/conf.d";
    $env->file('conf.d/1.conf', "mfa_portal one { }\n");
    $env->file('conf.d/2.conf', "mfa_portal two {\n grace;\n}\n");
    my $file = $env->file('bad.conf', "include conf.d/*.conf;\n");
    my ($exit, $out, $err) = finish(spawn('-c', $file, qw(account list one)));
    like($err, qr{conf\.d/2\.conf:2: invalid number of parameters},
         'the place is in the file included');

    ($exit, $out, $err) = finish(spawn('-c', $env->file('bad.conf',
        "include nothing.conf;\n"), qw(account list one)));
    ok($exit == 2 && $err =~ /nothing\.conf: No such file/, 'a file not there');
    ($exit, $out, $err) = finish(spawn('-c', "$dir/nowhere", 'doctor'));
    ok($exit == 2 && $err =~ /nowhere: No such file/, 'doctor says it, too');
    ($exit, $out, $err) = finish(spawn('-c', $dir, qw(account list one)));
    ok($exit == 2 && $err =~ /is no regular file/, 'a folder');

    $env->file('conf.d/2.conf', "mfa_portal two { pages \"/t w/\"; }\n");
    ($exit, $out, $err) = finish(spawn('-c', $env->file('bad.conf',
        "include conf.d/*.conf;\n"), '--json', qw(account list one)));
    is($exit, 2, 'a quoted parameter is one');
    like(decode_json($out)->{error}, qr/invalid character in pages/,
         'an error of the configuration in JSON');
}

{
    my $socket = $env->socket;

    $env->file('conf.d/2.conf', "mfa_portal two { issuer 'a \\'b\\' c;{'; }\n");
    $env->file('nginx.conf', <<"CONF");
# a whole nginx.conf; mfa_portal comment { }
user nobody;
events { worker_connections 64; }
stream { server { listen 1; } }
http {
    map \$uri \${x}y { default "a;b{"; ~^/a\\;b 'it''s'; }
    include  conf.d/*.conf;
    include  empty.d/*.conf;
    mfa_redis unix:$socket
              db=2 timeout=1s;   # not the last
    mfa_keys $dir/keys;
    mfa_cache off;
    init_by_lua_block {
        local a = "}" -- don't stop at this: {
        local b = '\\'}' --[[ nor } here ]] local c = [[ } ]]
        if a then x = { y = {} } end
    }
    server {
        location / { mfa one; set \$a "\\"}"; if (\$x) { return 204; } }
        include not-followed-in-here.conf;
    }
    mfa_portal three { grace 2d; directory_mfa on;
        brand name=Three color=#123456; }
}
CONF
    (my $text = slurp("$dir/nginx.conf")) =~ s/'it''s'/'its'/;
    my $file = $env->file('nginx.conf', $text);

    my ($exit, $out, $err) = finish(spawn('-c', $file, qw(account add three
        tom --no-password --require-mfa)));
    is($exit, 0, 'a whole nginx.conf is read') or diag($err);
    is($redis->call('EXISTS', 'mfa:{three}:account:tom'), 0, 'not in database 0');
    $redis->call('SELECT', 2);
    my $tom = { @{ $redis->call('HGETALL', 'mfa:{three}:account:tom') } };
    $redis->call('SELECT', 0);
    is($tom->{deadline} - $tom->{created}, 2 * 86400, 'but in database 2');

    my @owned = (qw(tim --directory ad --no-password --require-mfa));
    is((finish(spawn('-c', $file, qw(account add three), @owned)))[0], 0,
       'directory_mfa on: an account of a directory is required');
    ($exit, $out, $err) = finish(spawn('-c', $file, qw(account add one),
                                       @owned));
    ok($exit == 1 && $err =~ /directory_mfa is off/,
       'feature 002-01: where it is off, refused');

    for my $portal (qw(one two)) {
        is((finish(spawn('-c', $file, qw(account list), $portal)))[0], 0,
           "portal $portal is included");
    }

    chdir $dir or die;
    ($exit, $out, $err) = finish(spawn(qw(-c mfa.conf account show user alice)));
    is($exit, 0, 'a file of the folder one is in') or diag($err);
    chdir '/' or die;
}


# Usage.

{
    my ($exit, $out, $err) = finish(spawn());
    is($exit, 2, 'no command');
    like($err, qr/a command is missing\n.*COMMAND/s, 'shows usage');
    ($exit, $out, $err) = finish(spawn('--help'));
    is($exit, 0, '--help');
    like($out, qr/keys new.*doctor/s, 'lists the commands');
    misused(@$_) for [ 'frobnicate' ], [ 'account' ], [ qw(account frob) ],
        [ qw(keys) ], [ qw(keys new x) ], [ qw(doctor x) ],
        [ qw(mfa require user) ], [ qw(session revoke user alice a b) ],
        [ qw(mfa reset user alice --grace 1d) ], [ qw(account list) ];
    ($exit, $out) = mfactl('', '--json', 'frobnicate');
    ok(decode_json($out)->{error}, 'usage errors in JSON');
    like(done(qw(account list --filter=locked user)), qr/^LOGIN/,
         'options stand anywhere, their values behind "=", too');

    my $full = fork // die;

    if ($full == 0) {
        open STDOUT, '>', '/dev/full';
        open STDERR, '>', '/dev/null';
        exec $MFA::Mfactl::program, '-c', $conf, qw(doctor);
    }

    waitpid $full, 0;
    is($? >> 8, 1, 'what could not be printed was not said');
}

secrets_kept();
done_testing();
