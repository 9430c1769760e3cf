#!/usr/bin/perl

# The indexes behind the console's lists, search and counts, with a real Redis
# and core's flows as mfactl drives them.  Broken, somebody is missing from a
# list or found twice, a page takes more work the more accounts there are, the
# last administrator with billing goes, or a token outlives its maker's rights.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use MFA::Mfactl;


sub logins { return map { $_->{login} } @{ $_[0]{accounts} } }


# All pages of a list, and how many questions the dearest one took.
sub pages {
    my (@words) = @_;
    my (@logins, $after, $dearest, $rounds);

    $dearest = 0;

    do {
        $redis->forget;
        my $page = json(0, 'account', 'find', @words,
                        defined $after ? ('--after', $after) : ());
        my $calls = $redis->calls;
        $dearest = $calls if $calls > $dearest;
        push @logins, logins($page);
        $after = $page->{next};
    } while (defined $after && ++$rounds < 200);

    return (\@logins, $dearest);
}


# Search.

{
    done(qw(account add user alice --no-password --email Alice@Example.org
            --name), 'Alice van Smith');
    done(qw(account add user bob --no-password --email bob@sales.example));
    done(qw(account add user smithers --no-password --name), 'W. Smithers');
    done(qw(account add user o.k --no-password --name), "Zo\xc3\xab \xc3\x96lz");

    my %found = (
        'al'               => 'alice',
        'ALICE@EXAMPLE'    => 'alice',
        'van sm'           => 'alice',
        'smi'              => 'alice smithers',
        'smith'            => 'alice smithers',
        '  bob@sales'      => 'bob',
        "zo\xc3\xab"       => 'o.k',
        "\xc3\x96lz"       => 'o.k',
        'lice'             => '',
        '['                => '',
        '+'                => '',
        "\xff"             => '',
        'x' x 300          => '',
        ''                 => 'alice bob o.k smithers',
    );

    for my $typed (sort keys %found) {
        is(join(' ', sort(logins(json(0, qw(account find user), $typed)))),
           $found{$typed}, 'search: ' . substr $typed, 0, 20);
    }

    done(qw(account edit user alice --name), 'Alice Jones');
    is(join(' ', logins(json(0, qw(account find user smith)))), 'smithers',
       'a new name is found, the old one is not');
    is(join(' ', logins(json(0, qw(account find user jones)))), 'alice');
    done(qw(account edit user alice --email), '');
    is(join(' ', logins(json(0, qw(account find user alice@ex)))), '',
       'nor is an address taken away');
    is(field('user', 'alice', 'email'), undef);

    done(qw(account delete user smithers));
    is(join(' ', logins(json(0, qw(account find user smith)))), '',
       'nor a deleted account');
    is($redis->call(qw(ZCARD mfa:{user}:search)), 8,
       'and no word is left behind');

    # an index that is behind tells nobody anything
    $redis->call('ZADD', 'mfa:{user}:search', 0, "ghost\0nobody", 0,
                 "smith\0bob", 0, 'broken');
    is(join(' ', logins(json(0, qw(account find user ghost)))), '',
       'an entry of nobody');
    is(join(' ', logins(json(0, qw(account find user smith)))), '',
       'an entry that is somebody else\'s');
    is(join(' ', logins(json(0, qw(account find user broken)))), '',
       'an entry that is none');
    $redis->call(qw(DEL mfa:{user}:search mfa:{user}:required));
}


# Lists by cursor: everybody once, and no page dearer for more accounts.

# Accounts as an older version left them.
sub older {
    my ($from, $to, %fields) = @_;
    my $now = time;

    for my $n ($from .. $to) {
        my $login = sprintf 'u%04d', $n;
        my %f = (created => $now - 9999, generation => 1, version => 1,
                 name => "User Number$n", %fields);
        $redis->call('HSET', "mfa:{user}:account:$login", %f);
        $redis->call('ZADD', 'mfa:{user}:accounts', 0, $login);
    }
}

{
    my $now = time;

    older(1, 100);
    older(101, 200, required => 1, deadline => $now - 100);
    older(201, 300, required => 1, deadline => $now + 86400);
    older(301, 340, required => 1, deadline => 0);
    older(341, 400, required => 1, enrolled => $now, secret_id => 'AAAAAAAAAAA',
          secret => '1.k1.AAAA', deadline => $now - 100);

    like(done('doctor'), qr/^indexes +warn +those of user are of an older/m,
         'doctor tells of accounts that are in no index');
    is(json(0, qw(account find user), 'user num')->{accounts}[0], undef,
       'they are not found');

    like(done(qw(doctor --reindex)), qr/^user +403$/m, 'all are indexed');
    unlike(done('doctor'), qr/^indexes/m, 'and doctor is content');

    my @all = map { sprintf 'u%04d', $_ } 1 .. 400;
    my %want = (
        all            => [ sort qw(alice bob o.k), @all ],
        'not-required' => [ sort qw(alice bob o.k), @all[0 .. 99] ],
        required       => [ @all[100 .. 399] ],
        enrolled       => [ @all[340 .. 399] ],
        unenrolled     => [ @all[300 .. 339], @all[100 .. 299] ],
        locked         => [ @all[100 .. 199] ],
        grace          => [ @all[200 .. 299] ],
        due            => [ @all[300 .. 339] ],
    );

    for my $list (sort keys %want) {
        my ($logins, $dearest) = pages('user', '--filter', $list);
        is_deeply($logins, $want{$list}, "$list: everybody once, in order");
        cmp_ok($dearest, '<=', 40, "$list: at most 40 commands a page");
    }

    my ($logins, $dearest) = pages('user', 'user', '-n', 7);
    is_deeply([ sort @$logins ], [ @all ], 'a search has pages, too');
    cmp_ok($dearest, '<=', 12, 'of as few commands');

    ($logins) = pages('user', 'u0', '--filter', 'locked', '-n', 30);
    is_deeply($logins, [ @all[100 .. 199] ], 'a search within a list');

    ($logins) = pages(qw(user --filter locked -n 1));
    is(scalar @$logins, 100, 'pages of one, all of one deadline');

    is(json(0, qw(account find user --filter locked -n 1))->{total}, 100,
       'how many there are');

    # the page ends with somebody who then leaves the list
    my $page = json(0, qw(account find user --filter grace -n 5));
    done('account', 'delete', 'user', (logins($page))[4]);
    my $next = json(0, qw(account find user --filter grace -n 30 --after),
                    $page->{next});
    my %seen = map { $_ => 1 } logins($page), logins($next);
    ok($seen{u0206}, 'nobody is skipped when the last of a page has gone');

    for my $cursor ('x', '!!!!', 'AAAA', '-' x 400, $page->{next}) {
        misused(qw(account find user --after), $cursor);
    }
}


# A portal with other rules.

{
    my $other = $env->file('other.conf', $env->conf(
        user => 'require all;', admin => 'require all; grace 0;'));
    my ($exit, $out) = finish(spawn('-c', $other, 'doctor'));
    like($out, qr/^indexes +warn +those of user/m,
         'after a change of require doctor asks for new indexes');
    finish(spawn('-c', $other, qw(doctor --reindex)));
    ($exit, $out) = finish(spawn('-c', $other, '--json',
                           qw(account find user --filter not-required)));
    like($out, qr/"accounts": \[\]/, 'nobody is without a requirement then');
    done(qw(doctor --reindex));
}


# The last administrator with billing.

{
    my $phrase = 'nine purple boats at dawn';

    ends(0, "$phrase\n", qw(account add admin root --password-stdin --role
         administrator_with_billing));
    is(indexed('admin', 'owners', 'root'), 0, 'an owner is indexed');

    for my $words ([ qw(account delete admin root) ],
                   [ qw(account disable admin root) ],
                   [ qw(account role admin root --role manager) ])
    {
        like(refused(@$words), qr/last administrator_with_billing/,
             'security 79: the last one stays');
    }

    is(field('admin', 'root', 'role'), 'administrator_with_billing');

    my ($wrong, $met) = ('', 0);

    for my $round (1 .. 40) {
        ends(0, "$phrase\n", qw(account add admin second --password-stdin
             --role administrator_with_billing)) if $round == 1;
        done(qw(account role admin), $_, '--role',
             'administrator_with_billing') for qw(root second);
        $redis->call('CLIENT', 'PAUSE', 50);
        my @runs = map { spawn('-c', $conf, qw(account role admin), $_,
                               qw(--role manager)) } qw(root second);
        my @exits = map { (finish($_))[0] } @runs;
        my $left = $redis->call(qw(ZCARD mfa:{admin}:owners));
        $wrong .= "round $round: @exits, $left left; "
            if join('', sort @exits) ne '01' || $left != 1;
        last if $round >= 10;
    }

    is($wrong, '', 'security 79: of two demotions at once one is refused');

    my ($one) = @{ $redis->call(qw(ZRANGE mfa:{admin}:owners 0 -1)) };
    my ($two) = grep { $_ ne $one } qw(root second);
    done('account', 'role', 'admin', $two, '--role',
         'administrator_with_billing');
    done('account', 'disable', 'admin', $one);
    like(refused('account', 'delete', 'admin', $two),
         qr/last administrator_with_billing/, 'who is disabled does not count');
    done('account', 'enable', 'admin', $one);

    # Nor does who is one and cannot log in, however many they are.
    done(qw(account add admin), "keyless$_", qw(--no-password --role
         administrator_with_billing)) for 1 .. 14;
    done('account', 'disable', 'admin', $one);
    like(refused('account', 'role', 'admin', $two, '--role', 'manager'),
         qr/last administrator_with_billing who can log in/,
         'security 79: others who have no password are no others');
    ends(0, "$phrase\n", qw(account password admin keyless14 --password-stdin));
    done('account', 'role', 'admin', $two, '--role', 'manager');
    done('account', 'role', 'admin', $two, '--role',
         'administrator_with_billing');
    $redis->call('HSET', 'mfa:{admin}:account:keyless14', 'required', 1,
                 'deadline', time - 60);
    refused('account', 'role', 'admin', $two, '--role', 'manager');
    done('account', 'enable', 'admin', $one);
    done(qw(account delete admin), "keyless$_") for 1 .. 14;

    done('account', 'delete', 'admin', $two);
    is((events('admin', 20))[-1]{event}, 'delete', 'and all is in the audit');
    ok((grep { $_->{event} eq 'role' && $_->{detail}
               eq 'administrator_with_billing to manager' } events('admin', 99)),
       'roles with what they were');
    done('account', 'role', 'admin', $one, '--role',
         'administrator_with_billing');
}


# Tokens.

{
    done(qw(account add user maker --no-password --role administrator));
    like(refused(qw(token add user maker --name ci --role
                    administrator_with_billing)), qr/may not/,
         'security 79: no token above its maker');
    like(refused(qw(token add user nobody --name ci --role manager)),
         qr/no such account/);
    misused(qw(token add user maker --name ci --role king));
    misused(qw(token add user maker --role manager));
    misused(qw(token add user maker --name ci --role manager --expires 400d));

    my $text = done(qw(token add user maker --name), 'ci <b>', qw(--role manager
                    --expires 2h));
    unseen();
    chomp $text;
    like($text, qr/^mfa_[A-Za-z0-9_-]{43}$/, 'its text is shown once');
    secret($text);

    my $list = json(0, qw(token list user))->{tokens};
    is(scalar @$list, 1);
    is("@{ $list->[0] }{qw(name role login)}", 'ci <b> manager maker');
    like($list->[0]{id}, qr/^[A-Za-z0-9_-]{12}$/);
    is($list->[0]{used}, undef, 'never used');

    my @keys = @{ $redis->call('KEYS', 'mfa:{user}:token:*') };
    is(scalar @keys, 1, 'one record');
    unlike($keys[0] . $redis->call('GET', $keys[0]),
           qr/\Q@{[ substr $text, 4 ]}\E/, 'which has a hash and no token');
    my $ttl = $redis->call('TTL', $keys[0]);
    ok($ttl > 7000 && $ttl <= 7200, 'and ends by itself');

    like(refused(qw(token revoke user AAAAAAAAAAAA)), qr/no such token/);
    misused(qw(token revoke user AAA));
    done('token', 'revoke', 'user', $list->[0]{id});
    is($redis->call('EXISTS', @keys), 0, 'revoked is gone');
    is_deeply(json(0, qw(token list user))->{tokens}, [], 'from the list, too');
    is(join(' ', map { $_->{event} } grep { $_->{event} =~ /^token/ }
            events('user', 50)), 'token-add token-revoke', 'both are audited');
}

secrets_kept();

done_testing;
