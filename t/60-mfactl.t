#!/usr/bin/perl

# mfactl against a real Redis: every command, its exit status, its JSON, and what
# it says of bad input.  Broken, an administrator is told something that is not
# so, a change is lost beside another one, a password or key shows in output or
# arguments, or the same file means one thing to nginx and another to mfactl.
#
# Every run's arguments and output are kept; the last tests look for canaries.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IPC::Open3 qw(open3);
use JSON::PP qw(decode_json);
use POSIX qw(strftime);
use Symbol qw(gensym);
use Test::More;
use Time::HiRes qw(sleep time);

use FakeRedis;
use MFA::Env;

my $mfactl = $ENV{MFACTL}
             || ($ENV{MFA_BUILD} || "$FindBin::Bin/../build") . '/mfactl';

my $canary = 'Canary-7f3a battery';
my $week   = 7 * 86400;

my $env   = MFA::Env->start;
my $dir   = $env->dir;
my $redis = $env->redis;
my $conf  = $env->file('mfa.conf', $env->conf(
    user  => 'issuer "An \"Example\""; grace 7d;',
    admin => "require all;\n    grace 0;",
));

my (@said, @words_given);                   # of all runs


# Running.

sub spawn {
    my (@words) = @_;
    my $err = gensym;
    my $pid = open3(my $in, my $out, $err, $mfactl, @words);

    push @words_given, join ' ', @words;

    return { pid => $pid, in => $in, out => $out, err => $err };
}


sub finish {
    my ($run, $input) = @_;
    local $SIG{PIPE} = 'IGNORE';

    print { $run->{in} } $input if defined $input;
    close $run->{in};

    local $/;
    my $out = readline($run->{out}) // '';
    my $err = readline($run->{err}) // '';
    waitpid $run->{pid}, 0;
    my $exit = $? & 127 ? "signal " . ($? & 127) : $? >> 8;

    push @said, $out, $err;

    return ($exit, $out, $err);
}


# With the suite's configuration.
sub mfactl {
    my ($input, @words) = @_;

    return finish(spawn('-c', $conf, @words), $input);
}


# A run that must end with a status; its output, or its complaint.
sub ends {
    my ($status, $input, @words) = @_;
    my ($exit, $out, $err) = mfactl($input, @words);

    is($exit, $status, "exit $status: @words") or diag($out, $err);

    return $status ? $err : $out;
}


sub done   { return ends(0, '', @_) }
sub refused { return ends(1, '', @_) }
sub misused { return ends(2, '', @_) }


sub json {
    my ($status, @words) = @_;
    my ($exit, $out, $err) = mfactl('', '--json', @words);

    is($exit, $status, "exit $status: --json @words") or diag($out, $err);

    my $doc = eval { decode_json($out) };
    ok($doc, "JSON: @words") or diag("$@: $out");

    return $doc || {};
}


sub field {
    my ($portal, $login, $name) = @_;

    return $redis->call('HGET', "mfa:{$portal}:account:$login", $name);
}


sub indexed {
    my ($portal, $index, $login) = @_;

    return $redis->call('ZSCORE', "mfa:{$portal}:$index", $login);
}


sub text { return strftime('%Y-%m-%dT%H:%M:%SZ', gmtime shift) }


sub events {
    my ($portal, $n) = @_;

    return @{ json(0, 'audit', $portal, '-n', $n)->{events} };
}


# Accounts.

{
    my $before = int time;
    my $out = ends(0, "$canary\nanother line\n", qw(account add user Alice
        --email alice@example.com --name), 'Alice Ängström',
        qw(--require-mfa --grace 10d --password-stdin));

    like($out, qr/^add alice: done, deadline \d{4}-/,
         'the login is made canonical, the deadline is told');

    my $hash = field('user', 'alice', 'password');
    like($hash, qr/^\$y\$/, 'the password is stored as yescrypt');
    is(crypt($canary, $hash), $hash, 'and matches, without its newline');

    my $created = field('user', 'alice', 'created');
    cmp_ok(abs($created - $before), '<=', 3, 'created now');
    is(field('user', 'alice', 'version'), 1, 'version 1');
    cmp_ok(field('user', 'alice', 'generation'), '>=', $created << 20,
           'a generation no namesake had');
    is(field('user', 'alice', 'deadline'), $created + 10 * 86400,
       'feature 002-08: required from the start, with days of its own');
    is(indexed('user', 'unenrolled', 'alice'), $created + 10 * 86400,
       'indexed by its deadline');
    is(indexed('user', 'not-required', 'alice'), undef, 'and as required');

    my $show = json(0, qw(account show user ALICE));
    is_deeply($show, {
        login => 'alice', email => 'alice@example.com',
        name => "Alice \x{c4}ngstr\x{f6}m", role => undef, directory => undef,
        created => text($created), disabled => JSON::PP::false,
        password => JSON::PP::true, mfa => 'none', enrolled => undef,
        required => JSON::PP::true, deadline => text($created + 10 * 86400),
        days_left => 10, locked => JSON::PP::false, sessions => 0,
    }, 'account show says all but secrets');
    like(done(qw(account show user alice)), qr/^days_left +10$/m,
         'the same for people');

    like(ends(1, "$canary\n", qw(account add user alice --password-stdin)),
         qr/there is such an account already/, 'add never overwrites');
    is(field('user', 'alice', 'password'), $hash, 'nothing was written');
}

{
    done(qw(account add user bob --no-password));
    is(field('user', 'bob', 'password'), undef, 'no password');
    is(field('user', 'bob', 'deadline'), undef, 'no deadline');
    is(indexed('user', 'not-required', 'bob'), 0, 'indexed as not required');

    my $hash = crypt 'x', '$6$saltsalt$';
    ends(0, "$hash\n", qw(account add user carol --password-hash-stdin));
    is(field('user', 'carol', 'password'), $hash, 'a hash is taken as it is');

    done(qw(account add admin root --no-password --role
            administrator_with_billing));
    is(field('admin', 'root', 'deadline'), 0,
       'feature 003-23: grace 0 is due at once');
    like(done(qw(account show admin root)), qr/^deadline +at once$/m,
         'and shown so');

    $redis->call('HSET', 'mfa:{user}:account:dave', generation => 5,
                 email => 'left@over');
    done(qw(account add user dave --no-password));
    is(field('user', 'dave', 'email'), undef,
       'fields left over without an account do not come back');
}

{
    my @bad = (
        [ 1, "short\n", 'shorter than 8', qw(user eve --password-stdin) ],
        [ 1, "alice\@x.example\n", 'is the login',
          qw(user Alice@x.example --password-stdin) ],
        [ 1, 'x' x 1025, 'too long', qw(user eve --password-stdin) ],
        [ 1, "pass\0word\n", 'no text', qw(user eve --password-stdin) ],
        [ 1, "pass\xffword\n", 'no text', qw(user eve --password-stdin) ],
        [ 1, '', 'shorter than 8', qw(user eve --password-stdin) ],
        [ 1, "plain\n", 'no crypt', qw(user eve --password-hash-stdin) ],
        [ 1, '$6$' . 'x' x 500, 'no crypt',
          qw(user eve --password-hash-stdin) ],
        [ 2, '', 'needs one of', qw(user eve) ],
        [ 2, '', 'needs one of', qw(user eve --no-password --password-stdin) ],
        [ 2, '', '--invite sends a mail', qw(user eve --invite) ],
        [ 2, '', 'no e-mail', qw(user eve --no-password --email eve) ],
        [ 2, '', 'no role', qw(user eve --no-password --role Administrator) ],
        [ 2, '', 'takes text', qw(user eve --no-password --name), 'x' x 129 ],
        [ 2, '', 'takes text', qw(user eve --no-password --name), "a\nb" ],
        [ 2, '', 'goes with --require-mfa',
          qw(user eve --no-password --grace 1d) ],
        [ 2, '', 'is no time',
          qw(user eve --no-password --require-mfa --grace 366d) ],
        [ 2, '', 'is no time',
          qw(user eve --no-password --require-mfa --grace soon) ],
        [ 2, '', 'is no login', 'user', 'e ve', '--no-password' ],
        [ 2, '', 'is no login', 'user', '', '--no-password' ],
        [ 2, '', 'is no login', 'user', 'x' x 129, '--no-password' ],
        [ 1, '', 'no portal "users"', qw(users eve --no-password) ],
        [ 2, '', 'unknown option', qw(user eve --password x) ],
        [ 2, '', 'no value goes with', qw(user eve --password-stdin=x) ],
        [ 2, '', 'given twice', qw(user eve --no-password --no-password) ],
        [ 2, '', 'does not go with', qw(user eve --no-password --reason x) ],
        [ 2, '', 'few words', qw(user --no-password) ],
        [ 2, '', 'many words', qw(user eve mallory --no-password) ],
        [ 2, '', 'value is missing', qw(user eve --email) ],
    );

    for my $bad (@bad) {
        my ($status, $input, $why, @words) = @$bad;
        my $err = ends($status, $input, qw(account add), @words);
        like($err, qr/^mfactl: .*\Q$why\E/, "says why: $why");
    }

    is(indexed('user', 'accounts', 'eve'), undef, 'and nothing was made');
}

{
    my $generation = field('user', 'alice', 'generation');

    ends(0, "$canary-2\n", qw(account password user alice --password-stdin));
    my $hash = field('user', 'alice', 'password');
    is(crypt("$canary-2", $hash), $hash, 'a new password');
    is(field('user', 'alice', 'generation'), $generation + 1,
       'security 33: a new password ends sessions');
    misused(qw(account password user alice));
    ends(1, "short\n", qw(account password user alice --password-stdin));
    ends(1, "$canary\n", qw(account password user nobody --password-stdin));
    is(field('user', 'nobody', 'password'), undef,
       'a password makes no account');

    like(done(qw(account disable user alice)), qr/^disable alice: done/);
    is(field('user', 'alice', 'disabled'), 1, 'disabled');
    is(field('user', 'alice', 'generation'), $generation + 2, 'sessions end');
    like(done(qw(account disable user alice)), qr/it was so already/);
    is(field('user', 'alice', 'generation'), $generation + 2,
       'nothing is written twice');
    done(qw(account enable user alice));
    is(field('user', 'alice', 'disabled'), undef, 'enabled');

    my $doc = json(0, qw(account enable user alice));
    is_deeply($doc, {
        portal => 'user', action => 'enable', results => [ {
            login => 'alice', outcome => 'done', error => undef,
            changed => JSON::PP::false,
            deadline => text(field('user', 'alice', 'deadline')),
        } ],
    }, 'what a change says in JSON');

    refused(qw(account disable user nobody));
    is(json(1, qw(account delete user nobody))->{results}[0]{outcome},
       'absent', 'absent in JSON');
    like(json(1, qw(account show user nobody))->{error}, qr/no account/,
         'an error in JSON');
}


# Requiring a factor.

{
    my $out = done(qw(mfa require user bob carol --grace 3d));
    like($out, qr/^require bob: done.*\nrequire carol: done/, 'several logins');
    my $deadline = field('user', 'bob', 'deadline');
    cmp_ok(abs($deadline - time - 3 * 86400), '<=', 5,
           'feature 000-08: the days that were chosen');

    done(qw(mfa unrequire user bob));
    is(field('user', 'bob', 'required'), undef, 'not required');
    is(indexed('user', 'not-required', 'bob'), 0, 'and indexed so');
    is(indexed('user', 'unenrolled', 'bob'), undef, 'in one index only');
    done(qw(mfa require user bob --grace 20d));
    is(field('user', 'bob', 'deadline'), $deadline,
       'feature 100-02: off and on again does not move the deadline');
    done(qw(mfa require user bob));

    my ($exit, $said, $err) = mfactl('',
        qw(mfa require user nobody dave nobody2));
    is($exit, 1, 'one that fails fails all in all');
    like($said, qr/^require dave: done/, 'but does not stop the others');
    like($err, qr/nobody: there is no such account\n.*nobody2: /,
         'and each is told');

    ($exit, $said, $err) = mfactl('', qw(mfa unrequire user dave), 'b d');
    is($exit, 2, 'a bad login among them');
    is(field('user', 'dave', 'required'), 1, 'is found before any change');

    misused(qw(mfa extend user bob --grace 20d));
    misused(qw(mfa extend user bob --reason x));
    misused(qw(mfa extend user bob --grace 20d --reason), '');
    misused(qw(mfa extend user bob --grace 20d --reason), 'x' x 257);
    misused(qw(mfa extend user bob --grace 2y --reason x));
    is(field('user', 'bob', 'deadline'), $deadline, 'nothing moved');
    done(qw(mfa extend user bob --grace 20d --reason), 'on leave');
    cmp_ok(abs(field('user', 'bob', 'deadline') - time - 20 * 86400), '<=', 5,
           'extended');
    is((events('user', 1))[0]{detail}, 'on leave', 'with its reason kept');

    my $generation = field('user', 'bob', 'generation');
    $redis->call('HSET', 'mfa:{user}:account:bob', MFA::Env::validated_factor);
    is(json(0, qw(account show user bob))->{mfa}, 'validated', 'validated');
    done(qw(mfa reset user bob));
    is_deeply($redis->call('HMGET', 'mfa:{user}:account:bob', qw(enrolled
        secret secret_id validated)), [ (undef) x 4 ], 'the factor is gone');
    is(field('user', 'bob', 'required'), 1, 'reset: still required');
    cmp_ok(abs(field('user', 'bob', 'deadline') - time - 20 * 86400), '<=', 9,
           'feature 100-02: a reset does not move the deadline');
    is(field('user', 'bob', 'generation'), $generation + 1, 'sessions end');

    $redis->call('HSET', 'mfa:{user}:account:bob', enrolled => 5);
    is(json(0, qw(account show user bob))->{mfa}, 'fault',
       'a factor in pieces is a fault');
    done(qw(mfa reset user bob));
    is(json(0, qw(account show user bob))->{mfa}, 'none', 'which reset ends');

    $redis->call('SET', "mfa:fail:$_:user:bob", 9, 'EX', 900)
        for qw(account code code-run);
    like(done(qw(mfa unlock user bob)), qr/^unlock bob: done/);
    is($redis->call('EXISTS', map { "mfa:fail:$_:user:bob" }
                    qw(account code code-run)), 0, 'counters are cleared');
    like(done(qw(mfa unlock user bob)), qr/it was so already/);
}


# Lists.

{
    my $past = int(time) - 60;

    for my $i (1 .. 450) {
        my $login = sprintf 'many%03d', $i;
        $env->account('user', $login,
            $i % 3 == 0 ? (required => 1, deadline => $past) : (),
            $i % 3 == 1 ? (required => 1, deadline => $past + $week) : ());
    }

    my @all = map { $_->{login} } @{ json(0, qw(account list user))->{accounts} };
    is_deeply(\@all, [ qw(alice bob carol dave),
                       map { sprintf 'many%03d', $_ } 1 .. 450 ],
              'all accounts, page after page, in order');

    my %count = map {
        $_ => scalar grep { /^many/ } map { $_->{login} }
              @{ json(0, qw(account list user --filter), $_)->{accounts} }
    } qw(required not-required unenrolled locked);
    is_deeply(\%count, { required => 300, 'not-required' => 150,
                         unenrolled => 300, locked => 150 }, 'filters');

    $redis->call('HSET', 'mfa:{user}:account:many003', MFA::Env::factor);
    my @locked = map { $_->{login} }
        @{ json(0, qw(account list user --filter locked))->{accounts} };
    ok(!(grep { $_ eq 'many003' } @locked), 'an enrolled account is not locked');
    misused(qw(account list user --filter all));

    $redis->call('DEL', 'mfa:{user}:account:many001');
    like(done(qw(account list user)), qr/^LOGIN.*\nalice .*\n/, 'as a table');
    unlike(done(qw(account list user)), qr/many001/,
           'a login without an account is left out');

    is_deeply(json(0, qw(account list admin))->{accounts}[0]{login}, 'root',
              'portals are apart');
}


# What comes from the store is cleaned.

{
    $env->account('user', 'esc', name => "\e[2J\e]0;x\a\r\x7f\xc2\x9bn",
                  email => "\xff\xfe\xe2\x80\xae", role => "a\tb");
    my $out = done(qw(account show user esc));
    unlike($out, qr/[^\n\x20-\x7e]/, 'no byte can drive a terminal');
    like($out, qr/^name +\?\[2J\?\]0;x\?{5}n$/m, 'what is text stays');
    is(json(0, qw(account show user esc))->{role}, 'a?b', 'in JSON, too');
    done(qw(account delete user esc));
}


# Sessions.

{
    $env->account('user', 'sam', generation => 4);
    my $now = int time;
    my @ids = map { $env->session('user', 'sam', generation => 4,
                        created => $now - 100 + $_, password_at => $now,
                        agent => "agent $_") } 1 .. 3;
    $env->session('user', 'sam', generation => 3);
    $env->session('user', 'sam', generation => 4, created => $now - 90000,
                  expires => $now - 1);
    my @hashes = map { $env->session_key($_) =~ /([^:]+)$/ } @ids;

    my $list = json(0, qw(session list user sam))->{sessions};
    is_deeply([ map { $_->{id} } @$list ],
              [ map { substr $_, 0, 12 } @hashes ],
              'sessions that are void or over are left out');
    is_deeply($list->[0], {
        id => substr($hashes[0], 0, 12), level => 'password',
        started => text($now - 99), seen => $list->[0]{seen},
        address => '127.0.0.1', agent => 'agent 1',
    }, 'what is told of a session');
    is(json(0, qw(account show user sam))->{sessions}, 3, 'counted');
    like(done(qw(session list user sam)), qr/^ID .*AGENT\n.*agent 1\n/);

    refused(qw(session revoke user sam zzzzzzzzzzzz));
    my $revoked = json(0, qw(session revoke user sam), '--',
                       substr $hashes[1], 0, 12);
    is($revoked->{revoked}, 1, 'one is ended');
    ok(!$redis->call('EXISTS', "mfa:session:$hashes[1]"), 'and its record gone');
    is(scalar @{ json(0, qw(session list user sam))->{sessions} }, 2,
       'the others go on');

    $env->session('user', 'sam', generation => 4) for 1 .. 12;
    done(qw(session revoke user sam));
    is($redis->call('ZCARD', 'mfa:{user}:sessions:sam'), 0, 'all are ended');
    ok(!(grep { $redis->call('EXISTS', "mfa:session:$_") } @hashes),
       'and their records gone');
    is(scalar(grep { $_->{event} eq 'session-revoke' } events('user', 100)), 17,
       'each with its event');

    my $foreign = $env->session('user', 'bob');
    $redis->call('ZADD', 'mfa:{user}:sessions:sam', 1,
                 $env->session_key($foreign) =~ /([^:]+)$/);
    my ($exit, $out, $err) = mfactl('', qw(--json session list user sam));
    is_deeply(decode_json($out)->{sessions}, [],
              'security 30: a session of somebody else is not shown');
    like($err, qr/not what its index says/, 'but told');

    refused(qw(session list user nobody));
    refused(qw(session revoke user nobody));

    is($redis->call('EXISTS', $env->session_key($foreign)), 1);
    done(qw(account delete user sam));
    is($redis->call('EXISTS', 'mfa:{user}:sessions:sam'), 0,
       'delete takes the index of sessions');
}


# Audit.

{
    my ($last) = events('user', 1);
    is_deeply([ @$last{qw(event result login)} ], [ qw(delete ok sam) ],
              'the newest event');
    like($last->{actor}, qr/^mfactl:\w/, 'with who did it');
    like($last->{time}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'and when');

    $redis->call('XADD', 'mfa:{admin}:audit', '*', event => 'e', detail => $_)
        for 1 .. 1200;
    my @some = events('admin', 1100);
    is_deeply([ map { $_->{detail} } @some ], [ 101 .. 1200 ],
              'the newest, oldest first, across pages');
    is(scalar events('admin', 100000), 1201, 'as many as there are');

    my @lines = split /\n/, done(qw(audit admin));
    is(scalar @lines, 21, '20 and a head, when no number is given');
    like($lines[0], qr/^TIME +EVENT +RESULT/, 'as a table');

    $redis->call('XADD', 'mfa:{admin}:audit', '*', event => "x\e[1m",
                 "k\n" => 'v');
    unlike(done(qw(audit admin -n 1)), qr/\e/, 'cleaned');
    misused(qw(audit admin -n), $_) for qw(0 -1 x 100001);
    misused(qw(audit));
}


# Two at once.

# Both runs are let go together: the store holds their first questions back.
sub race {
    my (@commands) = @_;

    $redis->call('CLIENT', 'PAUSE', 60);
    my @runs = map { spawn('-c', $conf, @$_) } @commands;

    return map { (finish($_))[0] } @runs;
}


{
    my ($rounds, $aborted, @lost) = (0, 0);
    $redis->forget;
    my $changes = 0;

    # Redis tells of EXECs, not of aborted ones: those are what is over.
    while ($rounds < 10 || (!$aborted && $rounds < 60)) {
        $rounds++;
        $env->account('user', 'race');
        $redis->call('ZADD', 'mfa:{user}:not-required', 0, 'race');

        my @exits = race([ qw(mfa require user race) ],
                         [ qw(account disable user race) ]);
        $changes += 2;

        push @lost, "round $rounds: @exits" if "@exits" ne '0 0'
            || !field('user', 'race', 'required')
            || !field('user', 'race', 'disabled')
            || !indexed('user', 'unenrolled', 'race')
            || defined indexed('user', 'not-required', 'race')
            || field('user', 'race', 'version') != 3;

        my ($execs) = $redis->call('INFO', 'commandstats')
                      =~ /^cmdstat_exec:calls=(\d+)/m;
        $aborted = $execs - $changes;
    }

    is_deeply(\@lost, [], 'two changes at once: neither is lost, indexes agree');
    cmp_ok($aborted, '>', 0, "and they did meet, in $rounds rounds");
}

{
    my @wrong;

    for my $round (1 .. 8) {
        $env->account('user', 'race');
        my @exits = race([ qw(account delete user race) ],
                         [ qw(mfa require user race) ]);

        push @wrong, "round $round: @exits"
            if $exits[0] != 0 || $redis->call('EXISTS',
                                              'mfa:{user}:account:race')
               || defined indexed('user', 'unenrolled', 'race')
               || defined indexed('user', 'accounts', 'race');
    }

    is_deeply(\@wrong, [], 'a deleted account does not come back in pieces');

    @wrong = ();

    for my $round (1 .. 8) {
        my @exits = race(map { [ qw(account add user race --no-password
                                    --name), $_ ] } 1 .. 3);
        push @wrong, "round $round: @exits" if join('', sort @exits) ne '011';
        done(qw(account delete user race));
    }

    is_deeply(\@wrong, [], 'of three that add one account, one does');
}

{
    done(qw(account add user twin --no-password));
    my $first = field('user', 'twin', 'generation');
    done(qw(account delete user twin));
    done(qw(account add user twin --no-password));
    cmp_ok(field('user', 'twin', 'generation'), '!=', $first,
           'a namesake made within the second has another generation');
    done(qw(account delete user twin));
}


# Keys.

sub slurp {
    my ($file) = @_;

    open my $in, '<:raw', $file or return '';
    local $/;

    return scalar readline $in;
}


sub mode { return sprintf '%04o', (stat shift)[2] & 07777 }

my @key_texts;

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

    push @key_texts, slurp($ring) =~ /:(\S+)/g;

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
    pop @said for 1 .. 2;                   # this one is meant to be seen
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
        [ "mfa_portal a {\n\n  grace 400d; }\n", 3, 'invalid time "400d"' ],
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
    ok($exit == 1 && $err =~ /nowhere: No such file/, 'doctor says it, too');
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
    mfa_portal three { grace 2d; }
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
        exec $mfactl, '-c', $conf, qw(account list user);
    }

    waitpid $full, 0;
    is($? >> 8, 1, 'what could not be printed was not said');
}


# Doctor, and stores that do not serve.

sub checks {
    my ($doc) = @_;

    return join ' ', map { "$_->{check}=$_->{status}" } @{ $doc->{checks} };
}


{
    my $doc = json(0, 'doctor');
    is(checks($doc), 'configuration=ok keys=ok portals=ok store=ok version=ok'
                   . ' eviction=ok clock=ok', 'all is well');
    like(done('doctor'), qr/^keys +ok +1 in \S+, mode 0600$/m, 'as a table');

    $redis->call(qw(CONFIG SET maxmemory-policy allkeys-lru));
    $doc = json(0, 'doctor');
    like(checks($doc), qr/eviction=warn/, 'security 121: eviction is warned of');
    $redis->call(qw(CONFIG SET maxmemory-policy noeviction));

    chmod 0644, "$dir/keys";
    like(checks(json(1, 'doctor')), qr/keys=fail .*clock=ok/,
         'a key ring open to others is wrong');
    chmod 0600, "$dir/keys";

    my $bare = $env->file('bare.conf', 'mfa_redis unix:' . $env->socket . ';');
    my ($exit, $out) = finish(spawn('-c', $bare, '--json', 'doctor'));
    is($exit, 1, 'neither keys nor portals');
    like(checks(decode_json($out)), qr/keys=fail portals=fail store=ok/);
}

sub elsewhere {
    my ($redis_args, @words) = @_;
    my $file = $env->file('elsewhere.conf',
        "mfa_redis $redis_args;\nmfa_keys $dir/keys;\nmfa_portal user { }\n");

    return finish(spawn('-c', $file, @words));
}


{
    my ($exit, $out, $err) = elsewhere("unix:$dir/none.sock",
                                       qw(account list user));
    is($exit, 3, 'no store');
    like($err, qr/none\.sock: No such file/, 'says why');
    ($exit, $out) = elsewhere("unix:$dir/none.sock", '--json', 'doctor');
    is($exit, 3, 'doctor without a store');
    my $doc = decode_json($out);
    ok(!$doc->{ok} && checks($doc) =~ /keys=ok portals=ok store=fail$/,
       'looks at all else');

    ($exit, $out) = elsewhere("unix:$dir/none.sock", '--json',
                              qw(mfa require user a b));
    is($exit, 3, 'a change without a store');
    is_deeply([ map { "$_->{login} $_->{outcome}" }
                @{ decode_json($out)->{results} } ], [ 'a unavailable' ],
              'ends with the first');

    for my $address ('127.0.0.1:1', '[::1]:1', 'unix:', '127.0.0.1:x', '[::1',
                     'unix:' . 'x' x 200, 'no-such-host.invalid:1')
    {
        is((elsewhere($address, qw(account list user)))[0], 3,
           "address $address");
    }

    is((elsewhere("unix:$dir/none.sock", qw(account show user), 'b d'))[0], 2,
       'arguments are judged before the store is asked');
}

{
    my $port = 20000 + $$ % 20000;
    $redis->call('CONFIG', 'SET', 'bind', '127.0.0.1');
    $redis->call('CONFIG', 'SET', 'port', $port);
    is((elsewhere("127.0.0.1:$port", qw(account show user alice)))[0], 0,
       'a store over TCP');
    is((elsewhere("localhost:$port", qw(account show user alice)))[0], 0,
       'by its name');
    $redis->call('CONFIG', 'SET', 'port', 0);
}

{
    my $socket = $env->socket;
    my $secret = 'canary store password';
    my $file   = $env->file('pw', "$secret\n", 0600);

    $redis->call(qw(ACL SETUSER mfa on), ">$secret", qw(~mfa:* &* +@all));
    my @as_mfa = ("unix:$socket user=mfa password_file=pw",
                  qw(account show user alice));
    is((elsewhere(@as_mfa))[0], 0, 'a user of the store, with a password');
    chmod 0644, $file;
    my ($exit, $out, $err) = elsewhere(@as_mfa);
    ok($exit == 3 && $err =~ /open to others/, 'whose file is for nobody else');
    $env->file('pw', "wrong\n", 0600);
    ($exit, $out, $err) = elsewhere(@as_mfa);
    ok($exit == 3 && $err =~ /WRONGPASS/, 'a wrong one is told');
    ($exit, $out, $err) = elsewhere("unix:$socket db=99",
                                    qw(account show user alice));
    ok($exit == 3 && $err =~ /DB index/, 'a database there is not');

    $redis->call(qw(ACL SETUSER mfa -watch));
    $env->file('pw', "$secret\n", 0600);
    my $version = field('user', 'alice', 'version');
    is((elsewhere($as_mfa[0], qw(account disable user alice)))[0], 3,
       'a user who may not WATCH');
    is(field('user', 'alice', 'version'), $version, 'changes nothing');
    push @key_texts, $secret;

    $redis->call('SET', 'mfa:schema', 2);
    ($exit, $out, $err) = elsewhere("unix:$socket", qw(account list user));
    ok($exit == 3 && $err =~ /newer version/, 'data of a newer version');
    $redis->call('SET', 'mfa:schema', 1);

    $redis->call('RENAME', 'mfa:{user}:audit', 'kept');
    $redis->call('SET', 'mfa:{user}:audit', 'no stream');
    is((mfactl('', qw(account enable user alice)))[0], 0, 'nothing to change');
    is((mfactl('', qw(account disable user alice)))[0], 3,
       'a change whose event cannot be written is no success');
    is((mfactl('', qw(audit user)))[0], 3, 'nor can it be read');
    $redis->call('RENAME', 'kept', 'mfa:{user}:audit');
    $redis->call('SET', 'mfa:{user}:account:odd', 'no hash');
    is((mfactl('', qw(account show user odd)))[0], 3, 'an account of a wrong type');
    is((mfactl('', qw(account add user odd --no-password)))[0], 3,
       'is not taken for none');
}

{
    my $socket = "$dir/fake.sock";
    my $fake = FakeRedis->start(socket => $socket, on => {
        INFO   => FakeRedis::bulk("# Server\r\nredis_version:6.0.16\r\n"),
        CONFIG => FakeRedis::error('NOPERM no'),
        TIME   => sub { FakeRedis::array(FakeRedis::bulk(int(time) - 100),
                                         FakeRedis::bulk('0')) },
    });

    my ($exit, $out) = elsewhere("unix:$socket", '--json', 'doctor');
    is($exit, 1, 'a store too old, with another time');
    is(checks(decode_json($out)), 'configuration=ok keys=ok portals=ok store=ok'
       . ' version=fail eviction=warn clock=fail', 'is told so');
    is((elsewhere("unix:$socket", qw(account list user)))[0], 3,
       'answers of a wrong type');

    my %lie = (
        'no protocol' => "HTTP/1.1 400 Bad Request\r\n\r\n",
        'LOADING'     => FakeRedis::error('LOADING'),
        'too many'    => "*100000000\r\n",
        'nil'         => FakeRedis::nil(),
        'a number'    => FakeRedis::integer(1),
        'nested'      => FakeRedis::array(FakeRedis::array(FakeRedis::array(
                         FakeRedis::array(FakeRedis::array())))),
        'half'        => "\$10\r\nabc",
    );

    for my $lie (sort keys %lie) {
        $fake->mode(answer => $lie{$lie});

        for my $words ([ qw(account list user) ], [ qw(account show user a) ],
                       [ qw(mfa reset user a) ], [ qw(session list user a) ],
                       [ qw(audit user) ])
        {
            next if $lie eq 'half' && $words->[0] ne 'audit';
            my ($status, $said) = elsewhere("unix:$socket", @$words);
            ok($status eq '3' && $said eq '', "$lie: @$words")
                or diag("$status $said");
        }
    }

    $fake->mode(answer => '', silent => 1);
    my $from = time;
    ($exit, $out, my $err) = elsewhere("unix:$socket", qw(account list user));
    ok($exit == 3 && $err =~ /no answer in time/, 'a store that is silent');
    cmp_ok(time - $from, '<', 30, 'is not waited for for ever');
    $fake->mode(silent => 0, close_after => 3);
    is((elsewhere("unix:$socket", qw(account list user)))[0], 3,
       'one that hangs up');
    $fake->mode(close_after => 0, refuse => 1);
    is((elsewhere("unix:$socket", qw(account list user)))[0], 3,
       'one that takes no calls');
    $fake->mode(refuse => 0, hello => FakeRedis::error('NOAUTH'));
    ($exit, $out, $err) = elsewhere("unix:$socket", qw(account list user));
    ok($exit == 3 && $err =~ /NOAUTH/, 'one that asks for a password');
}


# Secrets.

{
    my $run = spawn('-c', $conf, qw(account password user carol
                                    --password-stdin));
    print { $run->{in} } $canary;
    $run->{in}->flush;
    my $seen = join ' ', map { slurp("/proc/$run->{pid}/$_") }
                         qw(cmdline environ);
    like($seen, qr/password-stdin/, 'a run is looked at');
    unlike($seen, qr/Canary/, 'security 144: its arguments hold no password');
    is((finish($run, "\n"))[0], 0, 'which it takes from its input');

    my $said = join "\n", @said;
    my $hash = field('user', 'carol', 'password');

    like($said, qr/alice/, 'all that was said is looked at');
    is(index($said, $_), -1, 'security 144: no password in any output')
        for $canary, 'Canary', 'canary store password';
    unlike($said, qr/\$(?:y|6)\$/, 'no password hash');
    unlike($said, qr/1\.k1\.AAAA/, 'no sealed secret');
    is(scalar(grep { index($said, $_) >= 0 }
              @key_texts, $MFA::Env::KEY_TEXT), 0, 'no key');
    is(scalar(grep { /canary/i } @words_given), 0,
       'and no argument was given one');

    my @texts = map { ref ? map { ref ? @$_ : $_ } @$_ : $_ }
                map { @$_ } map { @{ $redis->call('XRANGE', $_, '-', '+') } }
                qw(mfa:{user}:audit mfa:{admin}:audit);
    ok(@texts > 100 && !(grep { defined && /canary|\$y\$/i } @texts),
       'nor is there one in the audit');
    like($hash, qr/^\$y\$/);
    unlike($said, qr/Sanitizer|runtime error/, 'nothing was found wrong inside');
}

done_testing();
