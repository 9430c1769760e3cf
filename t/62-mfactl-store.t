#!/usr/bin/perl

# mfactl beside others and with stores that fail: two changes at once, doctor,
# credentials, and a store that is gone, slow or lying.  Broken, one of two
# changes is lost, or a store's failure passes for an answer.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP qw(decode_json);
use Test::More;
use Time::HiRes qw(time);

use FakeRedis;
use MFA::Mfactl;
use MFA::Nginx;

$env->account('user', 'alice');


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


# Doctor, and stores that do not serve.

sub checks {
    my ($doc) = @_;

    return join ' ', map { "$_->{check}=$_->{status}" } @{ $doc->{checks} };
}


{
    $redis->call(qw(CONFIG SET appendonly yes));
    # accounts made by hand are in no index
    like(checks(json(0, 'doctor')), qr/ indexes=warn$/, 'it tells of those');
    done(qw(doctor --reindex));
    my $doc = json(0, 'doctor');
    is(checks($doc), 'configuration=ok keys=ok portals=ok store=ok version=ok'
                   . ' eviction=ok persistence=ok clock=ok', 'all is well');
    like(done('doctor'), qr/^keys +ok +1 in \S+, mode 0600$/m, 'as a table');

    $redis->call(qw(CONFIG SET maxmemory-policy allkeys-lru));
    $doc = json(0, 'doctor');
    like(checks($doc), qr/eviction=warn/, 'security 121: eviction is warned of');
    $redis->call(qw(CONFIG SET maxmemory-policy noeviction));

    $redis->call(qw(CONFIG SET appendonly no));
    like(checks(json(0, 'doctor')), qr/persistence=warn/,
         'security 120: and so is a store that forgets');

    chmod 0644, "$dir/keys";
    like(checks(json(1, 'doctor')), qr/keys=fail .*clock=ok/,
         'a key ring open to others is wrong');
    chmod 0600, "$dir/keys";

    my $bare = $env->file('bare.conf', 'mfa_redis unix:' . $env->socket . ';');
    my ($exit, $out) = finish(spawn('-c', $bare, '--json', 'doctor'));
    is($exit, 1, 'neither keys nor portals');
    like(checks(decode_json($out)), qr/keys=fail portals=fail store=ok/);
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
    my ($port) = MFA::Nginx::free_ports(1);
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
    secret($secret);

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

# As many tokens as a portal can have, and no more: one beyond would be in no list
# and could not be ended (security 80).
{
    my $tokens = 'mfa:{user}:tokens';
    my @add = qw(token add user maker --name n --role manager);

    done(qw(account add user maker --no-password --role manager));

    for my $round (1 .. 10) {
        $redis->call('DEL', $tokens);
        $redis->call('ZADD', $tokens, time + 86400, sprintf '%032d', $_)
            for 1 .. 59;
        my @exits = sort(race(\@add, \@add, \@add));
        is("@exits", '0 1 1', "of three at once one is made, round $round");
        is($redis->call('ZCARD', $tokens), 60, '- the sixtieth');
    }

    $redis->call('DEL', $tokens);
}


# A user of its own in Redis: README's list of what it may is enough for every
# command, and none of it is there for nothing.

{
    my ($rights) = slurp("$MFA::Env::ROOT/README.md")
        =~ /ACL SETUSER mfactl (on.*?)\n\n/s;
    my @rights = map { s/>PASSWORD/>pw/r } split ' ', $rights;
    my $password = $env->file('redis-pw', "pw\n", 0600);
    my $own = $env->file('own.conf', $env->conf(
        user => 'mail from=mfa@example.com base_url=https://portal.example.com;')
        =~ s/^(mfa_redis [^;]*)/$1 user=mfactl password_file=$password/r);
    my $outbox = 'mfa:{user}:outbox';

    $redis->call(qw(ACL SETUSER mfactl), @rights);
    $redis->call(qw(ACL LOG RESET));
    $redis->call('CONFIG', 'RESETSTAT');

    my $run = sub {
        my ($exit, @words) = @_;
        my $in = $words[-1] =~ /-stdin$/ ? "the first that came\n" : '';
        my @got = finish(spawn('-c', $own, @words), $in);
        is($got[0], $exit, "with README's rights: @words") or diag(@got[1, 2]);
        return $got[1];
    };

    $env->file('some.csv', "login,email\nzoe,zoe\@example.com\n");
    $run->(0, qw(account add user own --email own@example.com --require-mfa
                 --grace 3d --password-stdin));
    $run->(0, qw(account add user asked --email asked@example.com --invite));
    $run->(0, qw(account import user --no-password --csv), "$dir/some.csv");
    $run->(0, qw(account), @$_) for [ qw(show user own) ], [ qw(list user) ],
        [ qw(list user --filter required) ], [ qw(find user) ],
        [ qw(find user own) ], [ qw(find user --filter grace) ],
        [ qw(find user --filter locked) ], [ qw(disable user own) ],
        [ qw(enable user own) ],
        [ qw(role user own --role manager) ],
        [ qw(edit user own --email other@example.com --name Other) ],
        [ qw(password user own --password-stdin) ];
    $run->(0, qw(mfa), @$_) for [ qw(require user own) ],
        [ qw(unrequire user own) ], [ qw(require user own --grace 4d) ],
        [ qw(extend user own --grace 5d --reason ill) ],
        [ qw(unlock user own) ], [ qw(resend user own) ],
        [ qw(forecast user --at 2099-01-01) ];
    $env->account('user', 'with', MFA::Env::factor(required => 1));
    $env->session('user', 'with');
    $run->(0, qw(session list user with));
    $run->(0, qw(session revoke user with));
    $run->(0, qw(mfa reset user with));
    $run->(0, qw(device list user with));
    $run->(0, qw(device revoke user with));
    my ($id) = $run->(0, qw(--json token add user own --name n --role manager))
        =~ /"id": ?"([^"]+)"/;
    $run->(0, qw(token list user));
    $run->(0, qw(token revoke user), $id);
    $run->(0, qw(audit user --event require));
    $redis->call('RENAME', $outbox, "$outbox-dead");
    $run->(0, qw(mailer --dead));
    $run->(0, qw(mailer --dead --requeue all));
    $run->(0, qw(account delete user own));
    $run->(0, qw(doctor --reindex));
    $run->(0, qw(doctor));
    is_deeply($redis->call(qw(ACL LOG)), [], 'nothing was refused');

    my %used = map { tr/_/|/r => 1 } $redis->call(qw(INFO commandstats))
               =~ /^cmdstat_([a-z|_]+):/mg;
    my @idle = grep { !$used{$_} } map { /^\+(.*)/ } @rights;
    is("@idle", 'select xread', 'and nothing is allowed for nothing, but for '
       . 'db= and audit --follow');
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
       . ' version=fail eviction=warn persistence=warn clock=fail indexes=warn',
       'is told so');
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

secrets_kept();
done_testing();
