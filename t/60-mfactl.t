#!/usr/bin/perl

# mfactl's commands against a real Redis: what they change, what they say, with
# which exit status.  Broken, an administrator is told something that is not so,
# a deadline moves, or a password shows in output or arguments.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP qw(decode_json);
use Test::More;

use MFA::Mfactl;


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
        [ 2, '', 'needs one of', qw(user eve --invite --no-password) ],
        [ 1, '', 'no mail: the portal sends none', qw(user eve --invite) ],
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
    like(done(qw(account disable user alice)), qr/it was so already/);
    is(field('user', 'alice', 'generation'), $generation + 1,
       'nothing is written twice, and the gate knows of itself');
    done(qw(account enable user alice));
    is(field('user', 'alice', 'disabled'), undef, 'enabled');
    is(field('user', 'alice', 'generation'), $generation + 2,
       'sessions from before do not come back');

    my $doc = json(0, qw(account enable user alice));
    is_deeply($doc, {
        portal => 'user', action => 'enable', results => [ {
            login => 'alice', outcome => 'done', error => undef,
            changed => JSON::PP::false,
            deadline => text(field('user', 'alice', 'deadline')),
            mail => undef, mail_to => undef,
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
        qw(mfa require user nobody nobody2 dave));
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
    unlike(done(qw(mfa unrequire user bob)), qr/deadline/,
           'a deadline that does not bind him is not told');
    ($exit, $said, $err) = mfactl('',
        qw(mfa extend user bob --grace 20d --reason x));
    is($exit, 1, 'nobody is given time for what is not asked of them');
    like($err, qr/bob: it is not required to have a factor/, 'and why');
    like(done(qw(mfa require user bob --grace 3d)),
         qr/^require bob: done, deadline \S+, --grace changes nothing: /,
         'days that are not given are told (feature 100-02)');
    is(field('user', 'bob', 'deadline'), $deadline, 'nothing moved');
    unlike(done(qw(mfa require user bob)), qr/--grace/, 'none were asked for');

    $env->account('user', 'off', disabled => 1);
    like(done(qw(mfa require user off)), qr/no mail: the account is disabled$/,
         'why no mail goes to who is disabled');
    like(refused(qw(mfa resend user off)),
         qr/no mail goes to an account that is disabled/, '- nor again');
    done(qw(account delete user off));
    done(qw(mfa extend user bob --grace 20d --reason), 'on leave');
    cmp_ok(abs(field('user', 'bob', 'deadline') - time - 20 * 86400), '<=', 5,
           'extended');
    is((events('user', 1))[0]{detail}, 'on leave', 'with its reason kept');

    my $extended = field('user', 'bob', 'deadline');
    for my $less ('19d', '0') {
        like(refused(qw(mfa extend user bob --reason x --grace), $less),
             qr/extend bob: the deadline that holds is later than that/,
             "extend to $less from now would be less time");
    }
    is(field('user', 'bob', 'deadline'), $extended, 'and is not done');
    is((events('user', 1))[0]{detail}, 'on leave', 'nor on record');

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
            $i % 3 == 1 ? (required => 1, deadline => $past + 7 * 86400) : ());
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
    $env->account('user', 'rtl', name => "a\xd8\x9cb\xe2\x80\x8bc\xe2\x80\x8fd");
    like(done(qw(account show user rtl)), qr/^name +a\?b\?c\?d$/m,
         'nor can what is not seen turn a line round');

    for my $hidden ("\xe2\x80\xae", "\xc2\xa0", "\xd8\x9c", "\e", "\xe2\x80\x8b") {
        isnt((mfactl('', qw(account edit user rtl), @$_))[0], 0, 'and is not taken')
            for ['--name', "a${hidden}b"], ['--email', "a$hidden\@example.org"];
        isnt((mfactl('', qw(account add user new --no-password), @$_))[0], 0,
             '- from the first')
            for ['--name', "a${hidden}b"], ['--directory', "a${hidden}b"],
                ['--email', "a$hidden\@example.org"];
    }

    done(qw(account delete user rtl));
    like($out, qr/^name +\?\[2J\?\]0;x\?{5}n$/m, 'what is text stays');
    is(json(0, qw(account show user esc))->{role}, 'a?b', 'in JSON, too');
    done(qw(account delete user esc));
}


# Trusted browsers.

{
    $env->account('user', 'dan', generation => 4, MFA::Env::validated_factor);
    my $now = int time;
    my $device = sub { $env->device('user', 'dan', generation => 4, @_) };
    my @hashes = map { $device->(created => $now - 100 + $_,
                                 agent => "agent $_") } 1 .. 3;
    $device->(generation => 3);
    $device->(expires => $now - 1);
    $device->(secret_id => 'another');

    my $list = json(0, qw(device list user dan))->{devices};
    is_deeply([ map { $_->{id} } @$list ],
              [ map { substr $_, 0, 12 } @hashes ],
              'feature 100-05: those that stand in for a code, and no others');
    is_deeply($list->[0], {
        id => substr($hashes[0], 0, 12), trusted => text($now - 99),
        until => text($now + 86400), seen => text($now), agent => 'agent 1',
    }, 'what is told of a browser');
    like(done(qw(device list user dan)), qr/^ID .*AGENT\n.*agent 1\n/);

    my @one = (qw(device revoke user dan), '--', substr $hashes[1], 0, 12);
    is(json(0, @one)->{revoked}, 1, 'one is ended');
    ok(!$redis->call('EXISTS', "mfa:{user}:device:$hashes[1]"), 'its record');
    is($redis->call('ZSCORE', 'mfa:{user}:devices:dan', $hashes[1]), undef,
       'and its place in the index');
    like(refused(@one), qr/no trusted browser has an id/, 'it is gone');
    my ($event) = events('user', 1);
    is("$event->{event} $event->{login}", 'device-revoke dan', 'on record');
    is($event->{detail}, substr($hashes[1], 0, 12), 'with its id');

    $redis->call('DEL', "mfa:{user}:device:$hashes[2]");
    like(refused(qw(device revoke user dan), '--', substr $hashes[2], 0, 12),
         qr/was over already/, 'one that has expired is not said to be ended');

    done(qw(device revoke user dan));
    is_deeply(json(0, qw(device list user dan))->{devices}, [], 'all are ended');
    is($redis->call('EXISTS', 'mfa:{user}:devices:dan'), 0, 'all of them');
    refused(qw(device list user nobody));
    refused(qw(device revoke user nobody));
    misused(qw(device revoke user));
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

    like(refused(qw(session revoke user sam), '--', substr $hashes[1], 0, 12),
         qr/no session has an id/, 'the second time there is none');
    $redis->call('DEL', "mfa:session:$hashes[0]");
    like(refused(qw(session revoke user sam), '--', substr $hashes[0], 0, 12),
         qr/was over already/, 'one that has expired is not said to be ended');
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
    like(field('user', 'carol', 'password'), qr/^\$y\$/, 'and hashes');

    my @texts = map { ref ? @$_ : $_ }
                map { @$_ } map { @{ $redis->call('XRANGE', $_, '-', '+') } }
                qw(mfa:{user}:audit mfa:{admin}:audit);
    ok(@texts > 100 && !(grep { /canary|\$y\$/i } @texts),
       'nor is there one in the audit');
}

secrets_kept();
done_testing();
