#!/usr/bin/perl

# A real sshd that asks for the portal's code with the files of examples/ssh: the
# key first, then, through PAM and mfa_verify, the code.
#
# When this fails, somebody gets a shell with a key alone who should have been
# asked, or nobody does; or the code can be read in the list of processes.
#
# sshd needs accounts, PAM files and a folder in /run: it runs in a mount
# namespace of its own, in which those are this test's.  The machine's stay as
# they are.  Only root can do that.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use File::Copy qw(copy);
use File::Temp ();
use IO::Socket::INET;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

use MFA::Env;
use MFA::Journey;
use MFA::Nginx;
use MFA::Worker;

my $example = "$MFA::Env::ROOT/examples/ssh";

# The machine's sshd, or the one that build-aux/sshd.sh unpacked.
my ($root) = grep { -x "$_/usr/sbin/sshd" }
             $ENV{MFA_OWN_SSHD} ? () : '', "$MFA::Env::ROOT/build/sshd/root";

plan skip_all => 'only root can run an sshd that lets others in' if $>;
plan skip_all => 'there is no sshd (package openssh-server)' unless defined $root;
plan skip_all => 'this kernel gives no mount namespace'
    if system('unshare -m --propagation private true 2>/dev/null');
plan skip_all => 'PAM is not Debian\'s' unless -e '/etc/pam.d/common-account';

# sshd's users have to look into it.
my $scratch = File::Temp->newdir('mfa-sshd-XXXXXX', TMPDIR => 1);
my $dir = "$scratch";
chmod 0755, $dir;

my %machine = map { $_ => machine_file($_) }
              qw(/etc/passwd /etc/shadow /etc/group /etc/pam.d/sshd /run/sshd);
my $socket = "$dir/nginx-mfa/verify.sock";
my ($port) = MFA::Nginx::free_ports(1);
my $sshd_pid;


sub slurp { return MFA::Nginx::read_file(@_) }
sub spew  { return MFA::Nginx::write_file(@_) }
sub totp  { return MFA::Journey::totp(@_) }


# What a file is now; the same later when nobody touched it.
sub machine_file {
    my ($path) = @_;

    return join ' ', (stat $path)[1, 7, 9, 10];
}


# An example, with the places of this test for those of a machine.
sub example {
    my ($name) = @_;
    my $text = slurp("$example/$name") or die "no example $name";

    $text =~ s{/run/nginx-mfa/verify\.sock}{$socket}g;
    $text =~ s{/usr/local/lib/mfa/mfa-code\.sh}{$dir/mfa-code.sh}g;

    return $text;
}


# --- the machine that sshd sees ---

my %uids = (alice => 7001, bobby => 7002, carol => 7003);

sub machine_make {
    mkdir "$dir/$_" or die for qw(pam.d keys home nginx-mfa);

    for my $file (glob '/etc/pam.d/*') {
        copy($file, "$dir/pam.d/") or die "$file: $!";
    }

    my $pam = slurp("$root/etc/pam.d/sshd");
    my $lines = example('pam-sshd');
    $pam =~ s/^\@include common-auth$/$lines/m or die 'another PAM file';
    # Containers have no audit.
    $pam =~ s/^session\s+\Krequired(?=\s+pam_loginuid)/optional/m;
    spew("$dir/pam.d/sshd", $pam);

    spew("$dir/mfa-code.sh", example('mfa-code.sh'));
    chmod 0755, "$dir/mfa-code.sh";

    my %files = map { $_ => slurp("/etc/$_") } qw(passwd shadow group);

    if ($files{passwd} !~ /^sshd:/m) {
        $files{passwd} .= "sshd:x:7000:65534::/run/sshd:/usr/sbin/nologin\n";
    }

    for my $login (sort keys %uids) {
        mkdir "$dir/home/$login" or die;
        chown $uids{$login}, $uids{$login}, "$dir/home/$login";
        $files{passwd} .= "$login:x:$uids{$login}:$uids{$login}::"
                        . "$dir/home/$login:/bin/sh\n";
        $files{shadow} .= "$login:*:19000:0:99999:7:::\n";
        $files{group} .= "$login:x:$uids{$login}:\n";
        system('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f',
               "$dir/$login.key") == 0 or die 'no key';
        copy("$dir/$login.key.pub", "$dir/keys/$login");
    }

    spew("$dir/$_", $files{$_}) for keys %files;
    system('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', "$dir/host.key")
        == 0 or die 'no key';
}


sub sshd_start {
    spew("$dir/sshd_config", example('sshd_config') . <<"EOC");
ListenAddress 127.0.0.1
Port $port
HostKey $dir/host.key
PidFile none
AuthorizedKeysFile $dir/keys/%u
StrictModes no
LogLevel VERBOSE
EOC
    # From 9.8 on sshd has parts of itself there.
    my $parts = $root eq '' || !-d "$root/usr/lib/openssh" ? ''
                : "mount --bind $root/usr/lib/openssh /usr/lib/openssh";

    spew("$dir/sshd.sh", <<"EOC");
set -e
$parts
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -m 755 /run/sshd
mount --bind $dir/pam.d /etc/pam.d
for file in passwd shadow group; do
    mount --bind $dir/\$file /etc/\$file
done
exec $root/usr/sbin/sshd -D -e -f $dir/sshd_config
EOC

    $sshd_pid = fork // die "fork: $!";

    if ($sshd_pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$dir/sshd.log";
        open STDERR, '>&', \*STDOUT;
        exec 'setpriv', '--pdeathsig', 'TERM', 'unshare', '-m', '--propagation',
            'private', 'sh', "$dir/sshd.sh" or POSIX::_exit(127);
    }

    MFA::Worker::until(sub {
        IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port)
    }, 30) or die "sshd did not start:\n", slurp("$dir/sshd.log");
}


sub sshd_stop {
    return unless $sshd_pid;
    kill TERM => $sshd_pid;
    waitpid $sshd_pid, 0;
    $sshd_pid = 0;
}

END { local $?; sshd_stop() if $sshd_pid; }


# --- somebody at a keyboard ---

# Types what is to be typed, if anybody asks; not before "wait" is gone.
spew("$dir/askpass", <<"EOC");
#!/bin/sh
printf '%s\\n' "\$1" >> $dir/prompts
while [ -e $dir/wait ]; do sleep 0.05; done
cat $dir/typed
EOC
chmod 0755, "$dir/askpass";


# Starts ssh; what it says goes to a file.
sub ssh_start {
    my ($login, $code, $key) = @_;

    unlink "$dir/prompts";
    spew("$dir/typed", "$code\n");
    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$dir/ssh.log";
        open STDERR, '>&', \*STDOUT;
        @ENV{qw(SSH_ASKPASS SSH_ASKPASS_REQUIRE DISPLAY)}
            = ("$dir/askpass", 'force', ':0');
        delete @ENV{qw(SSH_AUTH_SOCK)};
        exec 'timeout', '60', 'ssh', '-F', '/dev/null', '-T', '-p', $port, '-i',
            $key || "$dir/$login.key", '-o', 'IdentitiesOnly=yes', '-o',
            'StrictHostKeyChecking=no', '-o',
            "UserKnownHostsFile=$dir/known_hosts", '-o',
            'NumberOfPasswordPrompts=1', "$login\@127.0.0.1",
            'echo "in as $(id -un)"' or POSIX::_exit(127);
    }

    return $pid;
}


# "in, asked", "out, not asked": what became of it.
sub ssh_end {
    my ($login, $pid) = @_;

    waitpid $pid, 0;
    my $said = slurp("$dir/ssh.log");

    return ($said =~ /^in as \Q$login\E$/m ? 'in'
            : $said =~ /Permission denied/ ? 'out' : "neither: $said")
        . (-s "$dir/prompts" ? ', asked' : ', not asked');
}


sub ssh {
    my ($login, $code, $key) = @_;

    return ssh_end($login, ssh_start($login, $code, $key));
}


machine_make();

my $stage = MFA::Journey->new(workers => 2, http => example('verify.conf'),
    portals => { user => 'limit password=1000/15m code=5/15m;' });
my $alice = $stage->enrolled('user', 'alice');

$stage->enter($stage->browser, 'alice', $alice);
$stage->unspend('user', 'alice');
$stage->enrolled('user', 'bobby');

sshd_start();


subtest 'Only who has a validated key is asked (feature 001-09, 001-10, '
    . '001-12)' => sub
{
    MFA::Journey::settle(15);
    my $code = totp($alice);

    is(ssh('alice', $code), 'in, asked', 'alice with her code');
    like(slurp("$dir/prompts"), qr/one-time code/, 'she is told what for');
    is(ssh('alice', $code), 'out, asked', 'the same code again (security 11)');
    is(ssh('bobby', ''), 'in, not asked', 'bobby, whose key saw one code');

    my ($ok, $replayed) = $stage->audit('user', event => 'verify',
                                        login => 'alice');
    is("$ok->{result} $ok->{address}", 'ok 127.0.0.1',
       'the audit has the address');
    is($replayed->{reason}, 'replayed', 'and the second try');
};


subtest 'Whoever is not right stays out' => sub {
    $stage->unspend('user', 'alice');

    is(ssh('alice', MFA::Journey::wrong_code($alice)), 'out, asked',
       'a wrong code');
    is(ssh('alice', ''), 'out, asked', 'none');
    is(ssh('alice', 'abcdef'), 'out, asked', 'letters');
    is(ssh('alice', '1"}'), 'out, asked', 'what would be JSON');
    is(ssh('alice', totp($alice), "$dir/bobby.key"), 'out, not asked',
       'the right code with another key');
    is(ssh('carol', '000000'), 'out, asked',
       'somebody whom the portal does not know');
    is($stage->redis('GET', 'mfa:fail:code:user:alice'), 2,
       'with the one used twice two attempts: what is no code is none');
    $stage->admin('mfa', 'unlock', 'user', 'alice');
};


subtest 'Wrong codes count with those on the pages (security 107)' => sub {
    my $browser = $stage->visitor('alice');
    my $bad = MFA::Journey::wrong_code($alice);

    $browser->submit('/mfa/code', '/mfa/code', code => $bad) for 1 .. 5;
    is(ssh('alice', totp($alice)), 'out, asked',
       'after five the right one is refused');
    $stage->admin('mfa', 'unlock', 'user', 'alice');
    is(ssh('alice', totp($alice)), 'in, asked', 'until an admin unlocks');
};


# All processes, as anybody on the machine can see them.
sub seen {
    my ($text) = @_;

    return grep { index(slurp($_), $text) >= 0 }
           glob '/proc/[0-9]*/cmdline /proc/[0-9]*/environ';
}


subtest 'The code is in no argument and no environment' => sub {
    my $redis = $stage->{env}->redis;

    $stage->unspend('user', 'alice');
    spew("$dir/wait", '');
    my $pid = ssh_start('alice', totp($alice));
    ok(MFA::Worker::until(sub { -s "$dir/prompts" }, 30), 'she is asked');

    # The answer waits for Redis, curl for the answer, and we look at curl.
    $redis->freeze;
    my $code = totp($alice);
    spew("$dir/typed", "$code\n");
    unlink "$dir/wait";
    ok(MFA::Worker::until(sub { seen("--data-binary\0\@-\0") }, 30),
       'the question is under way');
    is_deeply([seen($code)], [], 'without the code to be seen');
    $redis->thaw;
    is(ssh_end('alice', $pid), 'in, asked', 'and is answered');
};


subtest 'Without nginx nobody is let in' => sub {
    $stage->unspend('user', 'alice');
    $stage->finish;

    is(ssh('alice', totp($alice)), 'out, asked', 'alice with a right code');
    is(ssh('bobby', '000000'), 'out, asked',
       'bobby, of whom nobody can tell that he need not be asked');

    # Something else listens there.
    unlink $socket;
    my $liar = IO::Socket::UNIX->new(Local => $socket, Listen => 5) or die $!;
    my $child = fork // die;

    if ($child == 0) {
        while (my $client = $liar->accept) {
            sysread $client, my $question, 65536;
            print $client "HTTP/1.1 500 Oops\r\nConnection: close\r\n\r\n"
                . '{"result":"ok","asked":false}';
            close $client;
        }
        POSIX::_exit(0);
    }

    is(ssh('bobby', '000000'), 'out, asked', 'an error that says ok');
    kill KILL => $child;
    waitpid $child, 0;
};


sshd_stop();

is(machine_file($_), $machine{$_}, "$_ is as it was") for sort keys %machine;
unlike(slurp("$dir/sshd.log"), qr/PAM.*(?:module|adding faulty|setcred)|Missing|Bad config|unsupported/i,
       'sshd has nothing against its configuration')
    or diag(slurp("$dir/sshd.log"));

done_testing;
