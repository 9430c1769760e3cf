#!/usr/bin/perl

# nginx's own life: reload, broken configurations, workers that are killed, the
# way out, the binary's upgrade; each while people are at work.  Redis keeps what
# has to outlive a worker, so none of it may be noticed.
#
# When this fails, a reload costs requests or sessions, old workers never leave,
# connections to Redis pile up, or a killed worker leaves a counter that locks an
# account for ever.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use POSIX qw(_exit);
use Test::More;
use Time::HiRes qw(sleep time);

use MFA::Outage;
use MFA::Worker;

# An upgrade needs the whole path.
$ENV{TEST_NGINX_BINARY} ||= (grep { -x } map { "$_/nginx" }
    split(/:/, $ENV{PATH}), '/usr/sbin')[0];

my $canary = 'Canary-of-Redis-51c';
my $slow   = '$6$rounds=100000$stagehandsalt$';
my @orphans;                                # pids nobody else ends

END {
    local $?;
    kill QUIT => @orphans;
}


# People at work, in a process of their own, until it is told to stop; how often
# each answer came.
sub load_begin {
    my ($stage) = @_;

    my $file = $stage->dir . '/load';

    MFA::Nginx::write_file("$file.on", '');
    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        my $erin = $stage->person('erin');
        my %tally;

        while (-e "$file.on") {
            my @answers = eval {
                MFA::Browser::together(
                    [$stage->person('alice')->twin, 'GET', '/private'],
                    [$stage->person('bob')->twin, 'GET', '/private'],
                    [$stage->browser, 'GET', '/open/x'],
                    [$erin->twin, 'POST', '/mfa/login',
                     body => MFA::Browser::form(csrf => $erin->csrf,
                         login => 'erin', password => $stage->password)]);
            };
            $tally{ $_->story || 'nothing' }++ for @answers;
            $tally{"died: $@"}++ if $@;

            # Passwords are checked in what time the processor has left.
            sleep 0.02;
        }

        MFA::Nginx::write_file($file, join '', map { "$tally{$_} $_\n" }
                                      sort keys %tally);
        _exit(0);
    }

    return { pid => $pid, file => $file };
}


# How often it was what it should be, and what else there was.
sub load_end {
    my ($load) = @_;

    unlink "$load->{file}.on";
    waitpid $load->{pid}, 0;

    my %tally = reverse MFA::Nginx::read_file($load->{file})
        =~ /^(\d+) (.*)$/mg;
    my $right = delete $tally{'200'};
    $right += delete $tally{'303 /'} // 0;

    return ($right, join "\n", map { "$tally{$_} times $_" } sort keys %tally);
}


# Reloads and waits until the workers are others.
sub reload {
    my ($master) = @_;

    my %old = map { $_ => 1 } MFA::Worker::of($master);

    kill HUP => $master;

    return MFA::Worker::until(sub {
        my @now = MFA::Worker::of($master);
        return @now == keys %old && !grep { $old{$_} } @now;
    });
}


sub left {
    my ($master) = @_;

    return MFA::Worker::until(sub { !MFA::Worker::leaving($master) }, 30);
}


# A stage with one more account, frank, whose password takes long to check.
sub stage {
    my $stage = MFA::Outage->new(@_);

    $stage->account('frank');
    $stage->redis->call('HSET', 'mfa:{user}:account:frank', 'password',
                        crypt $stage->password, $slow);

    return $stage;
}


# Begins to log him in.
sub login {
    my ($stage) = @_;

    my $erin = $stage->person('erin');

    return $erin->twin->send('POST', '/mfa/login', body => MFA::Browser::form(
        csrf => $erin->csrf, login => 'frank', password => $stage->password));
}


# The same, and his password is being checked now.
sub hashing {
    my ($stage) = @_;

    my $browser = login($stage);
    sleep 0.05;

    return $browser;
}


# Connections to Redis, but the test's own.
sub links {
    my ($stage) = @_;

    return -1 + split /\n/, $stage->redis->call('CLIENT', 'LIST');
}


subtest 'A reload costs nobody a request or a session, and old workers leave '
    . '(security 106, 128, 129)' => sub
{
    # The allocator gives back what is freed: what grows then is a leak.
    local $ENV{MALLOC_MMAP_THRESHOLD_} = 16384;
    local $ENV{MALLOC_TRIM_THRESHOLD_} = 65536;

    my $stage  = MFA::Outage->new(workers => 4, args => 'timeout=60s');
    my $master = $stage->nginx->pid;
    my $load   = load_begin($stage);

    # What the first reloads take for good.
    ok(reload($master), 'reload') for 1 .. 5;
    ok(left($master), 'the old workers leave');

    my @fds = MFA::Worker::fds($master);
    my $rss = MFA::Worker::rss($master);
    my $failed = 0;

    $failed += !reload($master) for 1 .. 45;
    is($failed, 0, '50 reloads');

    my ($right, $wrong) = load_end($load);
    cmp_ok($right, '>', 100, "$right requests meanwhile");
    is($wrong, '', 'and none that failed');

    ok(left($master), 'the old workers leave');
    is($stage->recovery, '', 'the sessions are alive');
    cmp_ok(links($stage), '<=', 4, 'a connection to Redis for each worker');
    my @left = MFA::Worker::fds($master);
    cmp_ok(scalar @left, '<=', scalar @fds, 'no descriptor was left behind')
        or diag(join "\n", @left);

    SKIP: {
        skip 'a sanitizer keeps what is freed', 1 if $ENV{MFA_ASAN};
        cmp_ok(MFA::Worker::rss($master) - $rss, '<', 1024,
               'nor memory (kB of 45 reloads)');
    }

    $stage->finish;
};


subtest 'Requests that wait are answered by the worker that has them (security '
    . '129, 130)' => sub
{
    my $stage  = stage(args => 'timeout=60s');
    my $master = $stage->nginx->pid;
    my $alice  = $stage->person('alice');
    my $waiting = hashing($stage);
    ok(reload($master), 'reload while a password is being hashed');
    is($waiting->receive->story, '303 /', 'it is let in');
    ok(left($master), 'and the old worker leaves');

    $stage->redis->freeze;
    my @waiting = ($alice->twin->send('GET', '/private'), login($stage));
    $stage->browser->get('/open/x');
    ok(reload($master), 'reload while Redis is silent');
    $stage->redis->thaw;
    is(join(', ', map { $_->receive->story } @waiting), '200, 303 /',
       'all are let in');
    ok(left($master), 'and the old worker leaves');

    # The links of the workers that are left are not touched.
    is($alice->twin->get('/private')->story, '200', 'all in order');
    is(links($stage), 1, 'one connection to Redis');

    $waiting = hashing($stage);
    kill QUIT => $master;
    is($waiting->receive->story, '303 /', 'the same at the very end');
    $stage->finish;
    is(links($stage), 0, 'and no connection is left');
};


subtest 'A worker that may not wait gives up what waits (security 129, trap 25, '
    . '28)' => sub
{
    # The number of workers is where a line of the main block can be put.
    my $stage = stage(args => 'timeout=60s',
        workers => "1;\nworker_shutdown_timeout 1s");
    my $master = $stage->nginx->pid;
    my ($alice, $dave) = map { $stage->person($_) } qw(alice dave);

    my @logins = map { login($stage) } 1 .. 20;
    sleep 0.05;

    $stage->redis->freeze;
    my @waiting = map {
        ($alice->twin->send('GET', '/private'),
         $alice->twin->send('GET', '/mfa/security'),
         $dave->twin->send('POST', '/mfa/enrol/later', body =>
             MFA::Browser::form(csrf => $dave->csrf)))
    } 1 .. 5;
    $stage->browser->get('/open/x');

    ok(reload($master), 'reload while 35 wait');
    ok(left($master), 'the old worker leaves, whatever waits');

    my @in = grep { $_->receive->status !~ /^(?:0|503)$/ } @waiting;
    is(scalar @in, 0, 'nobody who waited for Redis is let in by that');

    $stage->redis->thaw;
    is($stage->recovery, '', 'all in order');
    is(links($stage), 1, 'one connection to Redis');
    undef @logins;
    $stage->finish;
};


subtest 'What is broken is not reloaded: all stays as it is (security 100, 132, '
    . 'feature 000-09)' => sub
{
    my $stage = MFA::Outage->new(args => 'password_file=PASSWORD timeout=20s',
                                 password => $canary, without => 1);

    $stage->redis->call('CONFIG', 'SET', 'requirepass', $canary);
    $stage->people;

    my $master    = $stage->nginx->pid;
    my $env       = $stage->env;
    my $conf      = MFA::Nginx::read_file($stage->dir . '/mfa.conf');
    my $templates = $stage->dir . '/templates';
    my @workers   = MFA::Worker::of($master);

    system('cp', '-r', MFA::Env::templates(), $templates) == 0 or die 'cp';

    my %broken = (
        'a portal that does not parse' => sub {
            $env->file('mfa.conf', $conf =~ s/limit/limits/r);
        },
        'a portal that is gone' => sub {
            $env->file('mfa.conf', $conf =~ s/mfa_portal user/mfa_portal u/r);
        },
        'a key ring that others may read' => sub {
            chmod 0644, $env->keys_file;
        },
        'a key ring that is no key ring' => sub {
            $env->file('keys', "k1:$canary\n", 0600);
        },
        'a key ring that is gone' => sub { unlink $env->keys_file },
        'a password file that is gone' => sub {
            unlink $stage->dir . '/redis-password';
        },
        'a template that does not compile' => sub {
            $env->file('templates/login.html', '{{#login}}');
            $env->file('mfa.conf',
                       $conf =~ s/mfa_templates [^;]+/mfa_templates $templates/r);
        },
    );

    for my $name (sort keys %broken) {
        my $emerg = () = $stage->nginx->log =~ /\[emerg\]/g;

        $broken{$name}->();
        kill HUP => $master;

        ok(MFA::Worker::until(sub {
            my $now = () = $stage->nginx->log =~ /\[emerg\]/g;
            return $now > $emerg;
        }), "$name is refused");
        is_deeply([MFA::Worker::of($master)], \@workers, 'the workers stay');
        is($stage->person('alice')->twin->get('/private')->story, '200',
           'and serve');

        $env->file('mfa.conf', $conf);
        $env->file('keys', "k1:$MFA::Env::KEY_TEXT\n", 0600);
        $env->file('redis-password', "$canary\n", 0600);
    }

    ok(reload($master), 'put right, it is reloaded');
    is($stage->recovery, '', 'with the same sessions and forms');

    # A new key in front of the old one.
    $env->file('keys', 'k2:' . ('A' x 43) . "=\nk1:$MFA::Env::KEY_TEXT\n",
               0600);
    ok(reload($master), 'a key is added');
    is($stage->recovery, '', 'with the same sessions and forms');

    unlike($stage->nginx->log, qr/\Q$canary\E|\Q$MFA::Env::KEY_TEXT\E/,
           'no secret is in the log');
    $stage->finish(qr/\[emerg\]/);
};


subtest 'Workers that are killed take nothing along (security 113, 131)' => sub {
    my $stage  = MFA::Outage->new(workers => 2, args => 'timeout=20s');
    my $master = $stage->nginx->pid;
    my $redis  = $stage->redis;
    my $load   = load_begin($stage);
    my @waiting;

    # Failures, so that there is something to count, and half-done changes.
    for my $round (1 .. 10) {
        my @people = map { $stage->person($_) } qw(carol dave erin);
        push @waiting, map { $_->twin } @people;
        $waiting[-3]->send('POST', '/mfa/code', body => MFA::Browser::form(
            csrf => $people[0]->csrf, code => '000000'));
        $waiting[-2]->send('POST', '/mfa/enrol/scan', body =>
            MFA::Browser::form(csrf => $people[1]->csrf, code => '000000'));
        $waiting[-1]->send('POST', '/mfa/login', body => MFA::Browser::form(
            csrf => $people[2]->csrf, login => 'erin', password => 'wrong'));

        sleep 0.002 * $round;
        my @workers = MFA::Worker::of($master);
        kill KILL => @workers;
        MFA::Worker::until(sub {
            my %now = map { $_ => 1 } MFA::Worker::of($master);
            return keys %now == 2 && !grep { $now{$_} } @workers;
        }) or fail('there are no new workers');
    }

    my ($right) = load_end($load);
    cmp_ok($right, '>', 10, 'there is work between the kills');
    is($stage->recovery, '', 'the sessions are alive');

    my @forever = grep { $redis->call('TTL', $_) < 0 }
        map { @{ $redis->call('KEYS', $_) } } 'mfa:fail:*', 'mfa:session:*',
        'mfa:enrolment:*', 'mfa:known:*';
    is(join("\n", @forever), '', 'and nothing was left without an end');
    cmp_ok(scalar @{ $redis->call('KEYS', 'mfa:fail:*') }, '>', 2,
           'of what there is');

    ok(MFA::Worker::until(sub { links($stage) <= 2 }),
       'nor a connection to Redis');
    $stage->finish(qr/exited on signal 9/);
};


subtest 'The binary is replaced, and the old one put back (security 130)' => sub {
    my $stage = stage(workers => 2, args => 'timeout=60s');
    my $home  = $stage->home;

    $stage->finish;

    # A master that is to be replaced must have no parent that could see it.
    my $text = MFA::Nginx::read_file("$home/nginx.conf");
    $text =~ s/daemon off;/daemon on;/ or die 'no daemon off';
    MFA::Nginx::write_file("$home/nginx.conf", $text);
    system(MFA::Nginx::nginx(), '-p', $home, '-c', "$home/nginx.conf", '-e',
           "$home/error.log") == 0 or die 'nginx does not start';

    my $pid_of = sub {
        my ($name, $not) = @_;
        my $pid;
        MFA::Worker::until(sub {
            ($pid) = MFA::Nginx::read_file("$home/$name") =~ /(\d+)/;
            return $pid && $pid != ($not // 0) && MFA::Worker::of($pid) == 2;
        }) or fail("$name: no such process");
        return $pid;
    };

    my $first = $pid_of->('nginx.pid');
    push @orphans, $first;

    my $load    = load_begin($stage);
    my $waiting = hashing($stage);

    kill USR2 => $first;
    my $second = $pid_of->('nginx.pid', $first);
    push @orphans, $second;
    kill WINCH => $first;
    is($waiting->receive->story, '303 /', 'a login in flight is let in');
    ok(MFA::Worker::until(sub { !MFA::Worker::of($first)
                                && !MFA::Worker::leaving($first) }, 30),
       'the old workers leave');
    is($stage->person('alice')->twin->get('/private')->story, '200',
       'the new ones know everybody');

    kill HUP => $first;
    ok(MFA::Worker::until(sub { MFA::Worker::of($first) == 2 }),
       'the old master has workers again');
    $waiting = hashing($stage);
    kill QUIT => $second;
    is($waiting->receive->story, '303 /', 'a login in flight is let in');
    ok(MFA::Worker::until(sub { !-e "/proc/$second" }, 30),
       'the new one is put away');

    kill USR2 => $first;
    my $third = $pid_of->('nginx.pid', $first);
    push @orphans, $third;
    kill QUIT => $first;
    ok(MFA::Worker::until(sub { !-e "/proc/$first" }, 30),
       'once more, and for good');

    my ($right, $wrong) = load_end($load);
    cmp_ok($right, '>', 10, "$right requests meanwhile");
    is($wrong, '', 'and none that failed');
    is($stage->recovery, '', 'the sessions are alive');
    cmp_ok(links($stage), '<=', 2, 'a connection to Redis for each worker');

    kill QUIT => $third;
    ok(MFA::Worker::until(sub { !-e "/proc/$third" }, 30), 'the end');
    @orphans = ();

    is(links($stage), 0, 'no connection is left');
    is(join("\n", grep { /\[(?:alert|crit|emerg)\]|Sanitizer/ } split /\n/,
       $stage->nginx->log), '',
       'the error log has no alert, crit, emerg or Sanitizer line');
};


done_testing;
