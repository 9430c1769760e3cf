#!/usr/bin/perl

# mfactl account import: accounts from htpasswd, Authelia's users file and CSV
# (feature 100-13).  Broken, somebody comes in who was switched off where the
# account came from, has a password that nobody can check, gets a role that was
# another line's, or half of an account; or a long import cannot be gone on with.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP qw(decode_json);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

use MFA::Mfactl;

my $secret = 'Canary-import';
my $bcrypt = crypt $secret, '$2b$04$' . 'abcdefghijklmnopqrstu.';
my $sha512 = crypt $secret, '$6$saltsalt$';
my $md5    = crypt $secret, '$1$saltsalt$';
my $argon  = '$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$'
           . 'aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g';
my $n;                                      # of files

secret($bcrypt, $sha512, $md5, $argon, 'plain-text-Canary');


# What the lines of an import say, by login; the run and its status.
sub import_lines {
    my ($status, $kind, $text, @more) = @_;
    my $file = $env->file('import' . ++$n, $text);
    my ($exit, $out, $err) = mfactl('', '--json', qw(account import user),
                                    "--$kind", $file, @more);

    is($exit, $status, "exit $status: $kind @more") or diag($out, $err);

    my @lines = map { decode_json($_) } split /\n/, $out;
    my $summary = pop @lines;

    return (\@lines, $summary, $err);
}


sub told {
    my ($lines) = @_;

    return join ', ', map {
        join ' ', $_->{line}, $_->{login} // '-', $_->{outcome}
    } @$lines;
}


sub everything {
    return join "\n", map {
        my $key = $_;
        my $type = $redis->call('TYPE', $key);
        "$key " . join ' ', $type eq 'hash'
            ? do { my %h = @{ $redis->call('HGETALL', $key) };
                   map { "$_=$h{$_}" } sort keys %h }
            : $type eq 'zset' ? @{ $redis->call(qw(ZRANGE), $key, 0, -1,
                                                'WITHSCORES') }
            : $type eq 'stream' ? $redis->call('XLEN', $key) : $type;
    } sort @{ $redis->call('KEYS', '*') };
}


# Accounts that are there in pieces: a hash or an index that the others miss.
sub pieces {
    my ($portal) = @_;
    my %in = map {
        my $index = $_;
        $index => { map { $_ => 1 }
                    @{ $redis->call('ZRANGE', "mfa:{$portal}:$index", 0, -1) } }
    } qw(accounts not-required unenrolled);
    my %account = map { s/.*:account://r => 1 }
                  @{ $redis->call('KEYS', "mfa:{$portal}:account:*") };

    return join ' ', grep {
        !$account{$_} || !$in{accounts}{$_}
        || !($in{'not-required'}{$_} || $in{unenrolled}{$_})
        || 2 != grep { defined } @{ $redis->call('HMGET',
               "mfa:{$portal}:account:$_", qw(created generation)) }
    } sort keys %{ { %account, %{ $in{accounts} } } };
}


# htpasswd.

{
    done(qw(account add user there --no-password --name Old));

    my ($lines, $summary) = import_lines(1, 'htpasswd', join "\n",
        "alice:$bcrypt", '# nobody:x', "BOB:$sha512:a comment\r", '',
        "carol:$md5", "apr:\$apr1\$saltsalt\$" . 'x' x 22,
        "des:" . crypt('x', 'ab'), "sha:{SHA}" . 'x' x 27 . '=',
        'plain:plain-text-Canary', "e ve:$bcrypt", 'nocolon',
        "there:$bcrypt", "Alice:$sha512", "none:", "cut:" . substr($bcrypt, 0, 50),
        "cut6:" . substr($sha512, 0, -1), "locked:!$sha512",
        'odd:$zz$salt$hash', "crypt:{CRYPT}$sha512");

    is(told($lines), join(', ', '1 alice imported', '3 bob imported',
        '5 carol imported', '6 apr refused', '7 des refused', '8 sha refused',
        '9 plain refused', '10 e ve refused', '11 nocolon refused',
        '12 there exists', '13 alice refused', '14 none refused',
        '15 cut refused', '16 cut6 refused', '17 locked refused',
        '18 odd refused', '19 crypt imported'),
       'feature 100-13: each line is told of, with its number');
    is_deeply([ @$summary{qw(entries imported existing refused)} ],
              [ 17, 4, 1, 12 ], 'and all are counted');

    my %why = map { $_->{line} => $_->{why} } @$lines;
    like($why{6}, qr/apr1.*crypt\(3\)/, 'apr1 is refused by its name');
    like($why{7}, qr/DES/, 'so is DES');
    like($why{8}, qr/SHA/, 'so is {SHA}');
    like($why{9}, qr/no crypt/, 'a password in the clear is no hash');
    like($why{10}, qr/no login/, 'nor that a login');
    like($why{11}, qr/colon/, 'a line without a colon');
    like($why{13}, qr/before/, 'the same login twice');
    like($why{14}, qr/no password hash/, 'no hash');
    like($why{$_}, qr/cut off/, 'a hash that is cut off') for 15, 16;
    like($why{17}, qr/locked/, 'one that is locked');
    like($why{18}, qr/of this machine/, 'one that crypt(3) does not know');

    is(field('user', 'alice', 'password'), $bcrypt, 'a hash as it was');
    is(crypt($secret, field('user', 'bob', 'password')), $sha512,
       'to which the password fits');
    is(field('user', 'crypt', 'password'), $sha512, '{CRYPT} is taken off');
    is(field('user', 'there', 'name'), 'Old',
       'an account that is there is left as it is');
    is(field('user', 'there', 'password'), undef, '- all of it');
    is(field('user', 'alice', 'required'), undef, 'nobody is required');
    is(indexed('user', 'not-required', 'alice'), 0, 'and indexed so');
    is(pieces('user'), '', 'accounts are whole');

    my ($event) = grep { $_->{login} eq 'alice' } events('user', 50);
    is_deeply([ @$event{qw(event result detail)} ], [ qw(add ok import) ],
              'each is in the audit');
    like($event->{actor}, qr/^mfactl:/, '- with who did it');
}


# Again, and dry.

{
    my $text = "alice:$sha512\ndora:$bcrypt\n";
    my $before = everything();
    my ($lines, $summary) = import_lines(0, 'htpasswd', $text, '--dry-run');

    is(told($lines), '1 alice exists, 2 dora would be imported',
       'a dry run tells what would be');
    is($summary->{dry_run}, JSON::PP::true, '- and that it was one');
    is(everything(), $before, '- and writes nothing');

    ($lines) = import_lines(0, 'htpasswd', $text, qw(--require-mfa --grace 3d));
    is(told($lines), '1 alice exists, 2 dora imported',
       'what is there already is no failure');
    is(field('user', 'alice', 'required'), undef, 'and is not required now');
    is(field('user', 'dora', 'deadline'), field('user', 'dora', 'created')
       + 3 * 86400, 'feature 002-08: required from the start, with days');
    is($lines->[1]{deadline}, text(field('user', 'dora', 'deadline')),
       'which are told');
    is(indexed('user', 'unenrolled', 'dora'), field('user', 'dora', 'deadline'),
       'and indexed');

    $before = everything();
    import_lines(0, 'htpasswd', $text);
    is(everything(), $before, 'once more changes nothing');

    my $file = $env->file('plain', "alice:x\nerin:$bcrypt\nx y:$bcrypt\n");
    my ($exit, $out) = mfactl('', qw(account import user --htpasswd), $file,
                              '--require-mfa');
    is($exit, 1, 'for people');
    like($out, qr/^line 2: erin: imported, deadline \d{4}-/m, 'a line each');
    like($out, qr/^line 3: x y: refused, no login/m, '- with the reason');
    like($out, qr/^1 of 3 imported, 0 there already, 2 refused\n\z/m,
         '- and a sum');
}


# CSV.

{
    my ($lines, $summary) = import_lines(1, 'csv', "\xef\xbb\xbf" . join "\r\n",
        'login,email,name,role,directory,password_hash,require_mfa,grace',
        qq(c1,c1\@example.com,"Last, ""First""",manager,,$bcrypt,yes,10d),
        qq(c2,,,,,$sha512,no,),
        qq(c3,,"two\nlines",,,$bcrypt,,),
        qq(c4,,,,,$bcrypt,,),
        qq(c5,nobody,,,,$bcrypt,,),
        qq(c6,,,boss,,$bcrypt,,),
        qq(c7,,,,ldap,$bcrypt,yes,),
        qq(c8,,,,ldap,$bcrypt,no,),
        qq(c9,,,,,$bcrypt,perhaps,),
        qq(c10,,,,,$bcrypt,no,5d),
        qq(c11,,,,,$bcrypt,yes,2y),
        qq(c12,,),
        qq(c13,,,,,$bcrypt,,,),
        qq(c14,,"x"y,,,$bcrypt,,),
        qq(c15,,x"y",,,$bcrypt,,),
        '',
        qq("C16",,"",,,"$bcrypt",,""),
        qq(c17,,"not closed,,,$bcrypt,,),
        qq(c18,,,,,$bcrypt,,),
        qq(c19,,,,,$bcrypt,yes,0));

    is(told($lines), join(', ', '2 c1 imported', '3 c2 imported', '4 c3 refused',
        '6 c4 imported', '7 c5 refused', '8 c6 refused', '9 c7 refused',
        '10 c8 imported', '11 c9 refused', '12 c10 refused', '13 c11 refused',
        '14 - refused', '15 - refused', '16 - refused', '17 - refused',
        '19 c16 imported', '20 - refused', '21 c18 imported',
        '22 c19 imported'), 'RFC 4180, by lines of the file');

    my %why = map { $_->{line} => $_->{why} } @$lines;
    like($why{4}, qr/name is no text/, 'a line end inside a name');
    like($why{7}, qr/e-mail/, 'an address that is none');
    like($why{8}, qr/role/, 'a role that is none');
    like($why{9}, qr/directory_mfa is off/,
         'feature 002-01: a directory owns the account');
    like($why{11}, qr/neither yes nor no/, 'a word');
    like($why{12}, qr/grace goes with/, 'grace for nothing');
    like($why{13}, qr/no time/, 'grace that is none');
    like($why{14}, qr/too few/, 'too few fields');
    like($why{15}, qr/too many/, 'too many');
    like($why{16}, qr/behind a closing quote/, 'text behind a quote');
    like($why{17}, qr/inside a field/, 'a quote inside');
    like($why{20}, qr/not closed/, 'one that is left open takes its line alone');

    is(field('user', 'c1', 'name'), 'Last, "First"', 'quotes are undone');
    is_deeply([ map { field('user', 'c1', $_) } qw(email role required) ],
              [ 'c1@example.com', 'manager', 1 ], 'fields are in their places');
    is(field('user', 'c1', 'deadline') - field('user', 'c1', 'created'),
       10 * 86400, 'with days of its own');
    is(field('user', 'c8', 'directory'), 'ldap', 'whose account it is');
    is(field('user', 'c19', 'deadline'), 0, 'no days: at the next login');
    is(field('user', 'c16', 'name'), undef, 'what is empty is not there');

    ($lines) = import_lines(0, 'csv',
        "password_hash,login\n$bcrypt,d1\n$sha512,d2\n",
        qw(--require-mfa --grace 2d));
    is(told($lines), '2 d1 imported, 3 d2 imported', 'columns in any order');
    is(field('user', 'd2', 'password'), $sha512, '- each for its own');
    ($lines) = import_lines(0, 'csv', "login,password_hash,require_mfa\n"
        . "e1,$bcrypt,no\ne2,$bcrypt,\n", '--require-mfa');
    is(field('user', 'e1', 'required'), undef, 'a line goes before an option');
    is(field('user', 'e2', 'required'), 1, 'which is for the others');

    my $bad = sub {
        my ($text, $why) = @_;
        like(misused(qw(account import user --csv),
                     $env->file('bad.csv', $text)), $why, "$why");
    };
    $bad->('', qr/unknown column/);
    $bad->("alice,$bcrypt\n", qr/unknown column "alice", known are login, email, .* grace/);
    $bad->("login,login\n", qr/two columns/);
    $bad->("email,name\n", qr/no column "login"/);
    $bad->("\"login\n", qr/names no columns/);
    $bad->("login,\e[2J\n", qr/unknown column "\?\[2J"/);
    $bad->(join(',', ('login') x 9) . "\n", qr/names no columns/);
}


# Authelia.

{
    my $yaml = <<"END";
---
users:
  ann:
    disabled: false
    displayname: 'Ann Ängström'
    password: '$bcrypt'
    email: ann\@example.com
    groups:
      - admins
  ben:
    disabled: true
    displayname: "Ben"
    password: "$sha512"
  cid: { password: '$argon', email: cid\@example.com }
  dan:
    password: [ '$bcrypt' ]
  eva:
    disabled: perhaps
    password: '$bcrypt'
  fay: nothing
  gus:
    <<: { disabled: true }
    password: '$bcrypt'
  hal:
    password: '$bcrypt'
    password: '$sha512'
  ? [ a, b ]
  : { password: '$bcrypt' }
  ida:
    displayname: "\\e[2J\\0"
    password: '$bcrypt'
  jon:
    password: '{CRYPT}$sha512'
  kim:
END

    my ($lines) = import_lines(1, 'authelia', $yaml);

    is(told($lines), join(', ', '3 ann imported', '10 ben imported',
        '14 cid refused', '15 dan refused', '17 eva refused', '20 fay refused',
        '21 gus refused', '24 hal refused', '27 - refused', '29 ida refused',
        '32 jon imported', '34 kim refused'), 'users of Authelia, by line');

    my %why = map { ($_->{login} // '-') => $_->{why} } @$lines;
    like($why{cid}, qr/argon2/, 'argon2 cannot be checked here');
    like($why{gus}, qr/merge/, 'what stands elsewhere is not guessed at');
    like($why{hal}, qr/twice/, 'nor which of two passwords is meant');
    is(field('user', 'ann', 'name'), "Ann \xc3\x84ngstr\xc3\xb6m", 'a name');
    is(field('user', 'ann', 'email'), 'ann@example.com', 'an address');
    is(field('user', 'ann', 'disabled'), undef, 'who is not disabled');
    is(field('user', 'ben', 'disabled'), 1,
       'who is switched off there is switched off here from the start');
    is(json(0, qw(account show user ben))->{disabled}, JSON::PP::true,
       '- and shown so');

    ($lines) = import_lines(0, 'authelia',
        "users:\n  cid: { password: '$argon' }\n  lea: { email: l\@e.x }\n",
        '--no-password');
    is(told($lines), '2 cid imported, 3 lea imported',
       'without a password, when that is asked for');
    is($lines->[0]{password}, JSON::PP::false, 'which is told');
    like($lines->[0]{why}, qr/argon2/, 'and why');
    is(field('user', 'cid', 'password'), undef, 'there is none');

    my $bad = sub {
        my ($text, $why) = @_;
        like(misused(qw(account import user --authelia),
                     $env->file('bad.yml', $text)), $why, "$why");
    };
    $bad->('', qr/no "users:"/);
    $bad->("users: x\n", qr/no "users:"/);
    $bad->("- users\n", qr/no "users:"/);
    $bad->("users: {}\nusers: {}\n", qr/no "users:"/);
    $bad->("users:\n  a: { password: 'x\n", qr/bad\.yml: line \d+: /);
    $bad->("users:\n  a: *nobody\n", qr/line 2: .*alias/);
    $bad->('[' x 3000, qr/bad\.yml: line \d+: /);

    # Every line doubles the one before: as text it would fill the machine.
    my $bomb = "a: &a0 [x, x]\n" . join '', map {
        "b$_: &a$_ [*a" . ($_ - 1) . ", *a" . ($_ - 1) . "]\n" } 1 .. 60;
    ($lines) = import_lines(0, 'authelia',
                            $bomb . "users: { max: { password: '$bcrypt' } }\n");
    is(told($lines), '62 max imported', 'what grows in YAML does not grow here');
}


# Texts that would do something to who reads them.

{
    my @bad = ("\e[2J", "\e]0;x\a", "a\rb", "a\bb", "\xc2\x9b31m", "\x7f",
               "\xff", "a\0b", "\xe2\x80\xae", "\xd8\x9c", "\xe2\x81\xa6",
               "\xc2\xa0", "\xef\xbb\xbf");

    my ($lines, undef, $err) = import_lines(1, 'csv',
        "login,name,email,directory,role,password_hash\n"
        . join '', map { "p$_,$bad[$_],,,,$bcrypt\n"
                       . "q$_,,\"x$bad[$_]\@x\",,,$bcrypt\n"
                       . "r$_,,,$bad[$_],,$bcrypt\n"
                       . "s$_,,,,$bad[$_],$bcrypt\n"
                       . "t$_,,,,,$bcrypt$bad[$_]\n"
                       . "u$bad[$_],,,,,$bcrypt\n" } 0 .. $#bad);
    is(scalar(grep { $_->{outcome} ne 'refused' } @$lines), 0,
       'no field takes control characters');
    is(scalar @$lines, 6 * @bad, '- each line is told of');

    my $file = $env->file('esc', join '', map { "x$_:$bcrypt\n$_\n" }
                          grep { !/\r/ } @bad);
    my (undef, $out) = mfactl('', qw(account import user --htpasswd), $file);
    unlike($out, qr/[^\n\x20-\x7e]/, 'no byte of a report drives a terminal');

    ($lines) = import_lines(0, 'csv', "login,name,password_hash\n"
        . "f1,=cmd|' /C calc'!A0,$bcrypt\nf2,<script>,$bcrypt\n");
    is(field('user', 'f2', 'name'), '<script>', 'what is text is text');
}


# Words that do not fit.

misused(qw(account import user));
misused(qw(account import user --csv a --htpasswd b));
misused(qw(account import user --csv /nowhere));
misused(qw(account import user --csv), $dir);
misused(qw(account import user --csv /dev/null --grace 3d));
misused(qw(account import user alice --csv /dev/null));
misused(qw(account import user --csv x --require-mfa --grace 2y));
refused(qw(account import nobody --csv x));
ends(0, '', qw(account import user --htpasswd), $env->file('empty', ''));


# Many, cut short, gone on with.

{
    my $file = $env->file('many', join '', map {
        sprintf "m%05d:%s\n", $_, $bcrypt } 1 .. 10_000);
    my @words = (qw(account import admin --htpasswd), $file);
    my $there = sub { $redis->call('ZCARD', 'mfa:{admin}:accounts') };
    my $reach = sub {
        my ($wanted) = @_;
        for (my $end = time + 60; time < $end && $there->() < $wanted; ) {
            sleep 0.01;
        }
    };

    # Its report must not wait for a reader.
    my $start = sub {
        my $out = "$dir/report";
        my $pid = fork // die;
        if (!$pid) {
            open STDOUT, '>', $out;
            open STDERR, '>', "$out.err";
            exec $MFA::Mfactl::program, '-c', $conf, '--json', @words
                or POSIX::_exit(127);
        }
        return $pid;
    };

    my $pid = $start->();
    $reach->(1000);
    kill KILL => $pid;
    waitpid $pid, 0;
    my $first = $there->();
    cmp_ok($first, '<', 10_000, 'one that is killed in the middle');
    is(pieces('admin'), '', 'leaves no half of an account');

    $pid = $start->();
    $reach->($first + 1000);
    $redis->freeze;
    waitpid $pid, 0;
    is($? >> 8, 3, 'a store that falls silent ends it');
    like(slurp("$dir/report.err"), qr/store at .*goes on with the rest/,
         '- with a word on how to go on');
    $redis->thaw;
    is(pieces('admin'), '', '- and no half of an account');
    my @lines = map { decode_json($_) } split /\n/, slurp("$dir/report");
    is($lines[-2]{outcome}, 'unavailable', 'the line it ended at is told');

    my $before = $there->();
    cmp_ok($before, '<', 10_000, 'some are left');
    my $begun = time;
    my ($exit, $out) = mfactl('', '--json', @words);
    is($exit, 0, 'the same command goes on');
    my $summary = decode_json((split /\n/, $out)[-1]);
    is($summary->{imported} + $summary->{existing}, 10_000, 'with all');
    is($summary->{existing}, $before, 'that were not there');
    is($there->(), 10_000, 'all are in');
    is(pieces('admin'), '', 'and whole');
    cmp_ok(time - $begun, '<', 60, 'ten thousand take seconds');
}


# The bar.

{
    my $file = $env->file('bar', join '', map { "b$_:$bcrypt\n" } 1 .. 300);
    my $words = "$MFA::Mfactl::program -c $conf account import user"
                . " --htpasswd $file";
    my $on = sub {
        my $out = `script -qec '$_[0]' /dev/null < /dev/null`;
        is($? >> 8, 0, 'on a terminal');
        return $out;
    };

    my $out = $on->($words);
    like($out, qr/\r\[#+\] 100%  300\/300/, 'a bar comes to its end');
    like($out, qr/\e\[K[^\e]*300 of 300 imported/, 'and is taken away');
    unlike($out, qr/\[[#.]+\][^\r]*line/, 'and is in no line of the report');
    like($on->("$words > $dir/said"), qr/300\/300/,
         'also when the report goes elsewhere');
    unlike(slurp("$dir/said"), qr/[\e\r]/, '- which it is no part of');
    unlike($on->("$words 2> $dir/err"), qr/\[#/, 'no terminal, no bar');
    is(slurp("$dir/err"), '', '- nothing at all');
}

secrets_kept();
done_testing();
