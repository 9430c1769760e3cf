#!/usr/bin/perl

# A Redis that lies: answers of the wrong type, half answers, the answers of other
# people, what is not the protocol at all, too much, too slowly.  Between nginx
# and a real Redis stands a fake one that passes every command on and tells the
# truth, but for the answer it is told to change.
#
# When this fails, an answer that belongs to no question opens a session, a
# damaged one counts as "no second factor", or a worker dies of what it reads.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use Test::More;

use FakeRedis;
use MFA::Outage;
use MFA::Worker;


package Liar;

# FakeRedis in front of a real one.  A file says which answer is a lie: a line
# "SERIAL COMMAND NTH", then the lie.  COMMAND "*" is any, NTH counts those since
# the SERIAL changed, 0 is each.  An empty lie ends the connection.

our @ISA = ('FakeRedis');
our ($real, $file);


# Any command, answered by the real Redis, as bytes.
sub truth {
    my ($argv) = @_;

    my $sock = $real->_connection;

    print $sock '*' . @$argv . "\r\n",
        map { '$' . length($_) . "\r\n$_\r\n" } @$argv;

    return reply($sock);
}


sub reply {
    my ($sock) = @_;

    local $/ = "\r\n";
    my $line = readline $sock;
    my ($type, $n) = $line =~ /^(.)(-?\d*)/;
    my $bytes = $line;

    if ($type eq '*' && $n > 0) {
        $bytes .= reply($sock) for 1 .. $n;

    } elsif ($type eq '$' && $n >= 0) {
        read $sock, my $text, $n + 2;
        $bytes .= $text;
    }

    return $bytes;
}


sub _bytes {
    my ($self, $conn, $argv) = @_;

    my $bytes = $self->SUPER::_bytes($conn, $argv);

    return $bytes if $argv->[0] =~ /^(?:AUTH|SELECT)$/
                     || ($argv->[1] // '') eq 'mfa:schema';

    open my $fh, '<:raw', $file or return $bytes;
    my ($serial, $command, $nth) = split ' ', scalar readline $fh;
    my $lie = do { local $/; readline($fh) // '' };

    if (($self->{serial} // '') ne $serial) {
        $self->{serial} = $serial;
        $self->{nth} = 0;
    }

    return $bytes if $command ne '*' && $command ne $argv->[0];
    return $bytes if $nth && ++$self->{nth} != $nth;

    $conn->{last} = 1 if $lie eq '';

    return $lie;
}


package main;


my $stage = MFA::Outage->new(without => 1, address => 'unix:FAKE',
                             args => 'timeout=2500ms',
                             portal => 'session max=1000;');
my $serial = 0;

$Liar::real = $stage->redis;
$Liar::file = $stage->dir . '/lie';

my $liar = Liar->start(socket => $stage->fake_socket,
                       on => { '*' => \&Liar::truth });

$stage->people;

my $alice = $stage->person('alice');


# From now on; command "*": any; nth 0: each.
sub lie {
    my ($command, $nth, $bytes) = @_;

    MFA::Nginx::write_file("$Liar::file.new",
                           ++$serial . " $command $nth\n$bytes");
    rename "$Liar::file.new", $Liar::file or die "$Liar::file: $!";
}


# The truth again; whether the same cookie is let in.
sub recant {
    unlink $Liar::file;

    MFA::Worker::until(sub {
        $alice->twin->get('/private')->status == 200;
    }) or fail('it does not recover');
}


sub shown {
    my ($bytes) = @_;

    $bytes = substr($bytes, 0, 40) . '...' if length $bytes > 40;

    return $bytes =~ s/\r\n/|/gr =~ s/[^ -~]/?/gr;
}


sub record {
    my ($login) = @_;

    return $stage->redis->call('GET',
        $stage->env->session_key($stage->person($login)->cookie('mfa_user')));
}


# Whether the answer is an outage, of alice's and of nobody else's making.
sub unavailable {
    my ($command, $bytes, $name) = @_;

    lie($command, 1, $bytes);
    is(join("\n", $stage->refusal($alice->twin->get('/private'), 'GET', 1)),
       '', "$command: " . ($name // shown($bytes)));
    recant();
}


is($stage->recovery, '', 'while it tells the truth nobody sees a difference');


subtest 'A session of the wrong type is no answer (security 122)' => sub {
    unavailable('GET', $_) for "+OK\r\n", ":1\r\n", "*0\r\n", "-ERR no\r\n",
        FakeRedis::array(FakeRedis::bulk(record('alice'))),
        "*1\r\n*1\r\n*1\r\n:1\r\n", '+' . record('alice') . "\r\n";
};


subtest 'A record that is damaged or of somebody else is no session (security '
    . '30, 56)' => sub
{
    my $record = record('alice');
    my $fields = MFA::Record::decode($record);

    my $changed = sub {
        return MFA::Record::encode({ %$fields, @_ });
    };

    is($changed->(), $record, 'a record is made here as it is there');

    my %lies = (
        'nothing'                => '',
        'bob\'s'                 => record('bob'),
        'of a newer format'      => $changed->(format => 3),
        'of another key'         => $changed->(hash => 'A' x 32),
        'without a key'          => substr($record, 0, 2) . substr($record, 8),
        'of another portal'      => $changed->(portal => 'admin'),
        'of no portal'           => $changed->(portal => ''),
        'of no login'            => $changed->(login => ''),
        'of a login of NULs'     => $changed->(login => "\0\0"),
        'of another generation'  => $changed->(generation => 7),
        'of no level'            => $changed->(level => 0),
        'of a level too many'    => $changed->(level => 3),
        'of the future'          => $changed->(created => 1 << 54),
        'that has expired'       => $changed->(expires => 1),
        'with a byte less'       => substr($record, 0, -1),
        'with a byte more'       => "$record\0",
        'cut off'                => substr($record, 0, 30),
        'twice'                  => $record x 2,
        'of a hundred kilobytes' => $record . 'x' x 100_000,
        'of zeros'               => "\0" x 200,
    );

    for my $name (sort keys %lies) {
        lie('GET', 1, FakeRedis::bulk($lies{$name}));
        my $browser = $alice->twin;
        my $answer  = $browser->get('/private');

        is($answer->story, '303 /mfa/login?next=/private', "a record $name");
        is(scalar($answer->headers('Set-Cookie')), 0, 'no cookie changes');
        recant();
    }

    like($stage->nginx->log, qr/a session record is damaged or of another/,
         'the log has the alarm');
};


subtest 'An account of the wrong shape is no answer (security 122)' => sub {
    my $nil = "\$-1\r\n";

    unavailable('HMGET', $_) for "+OK\r\n", ":13\r\n", $nil, "*0\r\n",
        "*-1\r\n", "*11\r\n" . $nil x 11, "*13\r\n" . $nil x 13,
        "*16\r\n" . $nil x 16, "*12\r\n" . ":1\r\n" x 12,
        "*12\r\n" . "*0\r\n" x 12, "*12\r\n" . "+1\r\n" x 12,
        "*12\r\n" . $nil x 11 . "-ERR\r\n", FakeRedis::bulk(record('alice')),
        "*1\r\n*12\r\n" . $nil x 12;

    # No account at all, which is an answer.
    lie('HMGET', 1, "*12\r\n" . $nil x 12);
    is($alice->twin->get('/private')->story, '303 /mfa/blocked?next=/private',
       'an account that is gone is not let in either');
    recant();
};


subtest 'What is not the protocol ends the connection (security 122)' => sub {
    unavailable('GET', $_) for
        "HTTP/1.1 400 Bad Request\r\n\r\n", "\r\n\r\n", "\0\0\0\0\r\n",
        "\$abc\r\n", "\$-2\r\n", "*-2\r\n", "\$\r\n", "*\r\n", ":\r\n",
        ":1x\r\n", ':' . '9' x 30 . "\r\n", '$' . '9' x 30 . "\r\n",
        '*' . '9' x 30 . "\r\n", "*4097\r\n", "*2147483647\r\n",
        "*1\r\n" x 20, "\$4294967295\r\nx", "_\r\n", "#t\r\n", ",1.5\r\n",
        "(12\r\n", "%1\r\n+a\r\n+b\r\n", "~1\r\n+a\r\n", ">2\r\n+a\r\n+b\r\n";

    unavailable('GET', '$536870912' . "\r\n" . 'x' x 2_000_000,
                'a bulk without an end');
    unavailable('GET', '+' . 'x' x 2_000_000, 'a line without an end');
    unavailable('GET', '*4096' . "\r\n" . ("*4096\r\n" . ":1\r\n" x 4096) x 20,
                'an array of arrays');
    unavailable('GET', '$100' . "\r\nx", 'half an answer, and no more');
    unavailable('*', '', 'a connection that ends');
};


subtest 'Answers to other questions are nobody\'s (security 30, 124)' => sub {
    my $first = FakeRedis::bulk(record('bob'));

    for my $extra (":1\r\n", "+OK\r\n", "-ERR\r\n", $first) {
        $liar->mode(extra => $extra);
        is(join("\n", $stage->refusal($alice->twin->get('/private'), 'GET',
           1)), '', 'one answer too many: ' . shown($extra));
        $liar->mode(extra => '');
        recant();
    }

    # In one write with the last answer, and again when nothing was asked.
    lie('HMGET', 1, Liar::truth(['HMGET', 'mfa:{user}:account:alice', qw(
        created email name role generation disabled required deadline
        enrolled secret_id validated secret)]) . $first);
    $alice->twin->get('/private');
    recant();

    my @stories = map { $_->story } MFA::Browser::together(map {
        [$stage->person($_)->twin, 'GET', '/private'] } ('alice', 'bob') x 10);
    is(scalar(grep { $_ ne '200' } @stories), 0, 'all is in order after it');

    for my $greeting ("+OK\r\n", "-ERR max number of clients reached\r\n",
                      "\$1\r\n1\r\n", "+OK\r\n\$1\r\n1\r\n")
    {
        # The connection there is does not survive.
        $liar->mode(greeting => $greeting);
        lie('*', 1, '');
        $alice->twin->get('/private');
        unlink $Liar::file;

        is(join("\n", $stage->refusal($alice->twin->get('/private'), 'GET',
           1)), '', 'a greeting: ' . shown($greeting));
        $liar->mode(greeting => '');
        recant();
    }

    unlike($stage->site->seen, qr/Remote-User: (?!alice|bob)/i,
           'nobody else ever reached the site');
};


subtest 'Silence is an outage when the deadline is over (security 116)' => sub {
    $liar->mode(silent => 1);
    is($stage->outage, '', 'silence of a connection that was there');
    is($stage->outage, '', 'silence of one that is new');
    $liar->mode(silent => 0);
    recant();

    $liar->mode(drip => 0.5);
    is(join("\n", $stage->refusal($alice->twin->get('/private'), 'GET', 1)),
       '', 'an answer that takes too long is none, however it drips');
    $liar->mode(drip => 0);
    recant();
    is($stage->recovery, '', 'the same cookies');
};


# What each step of a journey is: a form that is about to be sent.
my %steps = (
    login => sub {
        my $erin = $stage->person('erin');
        return ($erin->twin, '/mfa/login', csrf => $erin->csrf,
                login => 'erin', password => $stage->password);
    },
    code => sub {
        $stage->redis->call('ZREM', 'mfa:{user}:steps', 'carol');
        my $carol = $stage->reader('carol', '/mfa/code', generation => 2);
        return ($carol, '/mfa/code', csrf => $carol->csrf,
                code => MFA::Journey::totp($stage->key));
    },
    enrol => sub {
        $stage->account('fred', required => 1);
        $stage->redis->call('ZREM', 'mfa:{user}:steps', 'fred');
        my $fred = $stage->reader('fred', '/mfa/enrol/scan');
        return ($fred, '/mfa/enrol/scan', csrf => $fred->csrf,
                code => MFA::Journey::totp($fred->answer->key));
    },
    later => sub {
        $stage->account('dave', required => 1,
                        deadline => int(time) + 86400);
        my $dave = $stage->reader('dave', '/mfa/enrol/scan');
        return ($dave, '/mfa/enrol/later', csrf => $dave->csrf);
    },
    logout => sub {
        my $alice = $stage->reader('alice', '/mfa/security');
        return ($alice, '/mfa/logout', csrf => $alice->csrf);
    },
);

my @lies = (
    ['an error', "-ERR no\r\n"], ['another type', "*1\r\n*0\r\n"],
    ['the end of the connection', ''], ['no protocol', "?\r\n"],
);

for my $step (sort keys %steps) {
    subtest "Whatever fails during $step, at each command: 503 and no session "
        . '(security 7, 56)' => sub
    {
        my ($browser, $path, @fields);

        # The first time can be another: it leaves marks.
        for (1 .. 2) {
            ($browser, $path, @fields) = $steps{$step}->();
            $liar->forget;
            is($browser->post($path, [@fields])->status, 303, 'nothing fails');
        }

        my @commands = map { $_->{argv}[0] } $liar->commands;

        for my $nth (1 .. @commands) {
            # Two of the four at each.
            for my $lie (@lies[$nth % 2, $nth % 2 + 2]) {
                my ($name, $bytes) = @$lie;

                ($browser, $path, @fields) = $steps{$step}->();
                $browser = $browser->twin;
                lie('*', $nth, $bytes);

                my $answer = $browser->post($path, [@fields]);
                my @wrong  = $stage->refusal($answer, 'POST', 1);

                is(join("\n", @wrong), '',
                   "$name to command $nth, $commands[$nth - 1]");
                recant();
            }
        }
    };
}


undef $liar;
$stage->finish;

done_testing;
