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
