#!/usr/bin/perl

# mfactl mailer and a real mail server: Debian's Postfix with STARTTLS, AUTH and a
# certificate, which hands on what it takes to the suites' own.  Broken, a link
# and the password go to whoever answers at the server's address, or in the clear.
#
# Postfix is unpacked and not installed (build-aux/postfix.sh): it runs in a mount
# namespace of its own, in which its files and users are in their places.  The
# machine's stay as they are.  (Debian 12's OpenSMTPD does no TLS: its keys are in
# a process of their own in a way that OpenSSL 3 does not know.)

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::INET;
use IO::Socket::UNIX;
use MIME::Base64 qw(decode_base64);
use POSIX qw(_exit);
use Test::More;
use Time::HiRes qw(sleep time);

use MFA::Mailer;
use MFA::Mfactl;
use MFA::Nginx;

my $root = "$MFA::Env::ROOT/build/postfix/root";

plan skip_all => 'only root can run Postfix' if $>;
plan skip_all => 'there is no Postfix (build-aux/postfix.sh)' unless -d $root;
plan skip_all => 'this kernel gives no mount namespace'
    if system("unshare -m --propagation private mount -t overlay overlay"
              . " -o lowerdir=$root/usr:/usr /usr 2>/dev/null");

my $password = 'Canary-smtp 0f3';
my ($starttls, $smtps, $behind, $strange) = MFA::Nginx::free_ports(4);
my $mailer = MFA::Mailer->start(port => $behind);
my $file = $env->file('mailer.conf', $env->conf(user => 'brand name=Example;'
    . ' mail from=mfa@example.com base_url=https://portal.example.com;'));
my $own = $env->file('smtp-password', "$password\n", 0600);
my @said;


# A certificate for localhost, and one of somebody else.
for my $name (qw(server other)) {
    system("openssl req -x509 -newkey rsa:2048"
        . " -nodes -keyout $dir/$name.key -out $dir/$name.pem -days 2"
        . " -subj /CN=test -addext subjectAltName=DNS:localhost 2>/dev/null") == 0
    or BAIL_OUT('openssl');
    chmod 0600, "$dir/$name.key";
}


sub added {
    my ($machine, @lines) = @_;
    my $text = slurp($machine);

    for my $line (@lines) {
        my ($name) = split /:/, $line;
        $text .= "$line\n" unless $text =~ /^\Q$name\E:/m;
    }

    return $text;
}


# Dovecot's side of the authentication protocol, as far as Postfix speaks it.
sub authority {
    my $listen = IO::Socket::UNIX->new(Local => "$dir/auth", Listen => 5)
        or die "auth: $!";
    chmod 0666, "$dir/auth";
    my $parent = $$;
    my $pid = fork // die "fork: $!";

    return $pid if $pid;

    $SIG{ALRM} = sub { _exit(0) if getppid != $parent; alarm 2 };
    $SIG{CHLD} = 'IGNORE';
    alarm 2;

    while (1) {
        my $client = $listen->accept or next;
        next if fork;
        alarm 0;
        $client->autoflush(1);
        print $client "VERSION\t1\t1\nCUID\t1\nCOOKIE\tx\n"
            . "MECH\tPLAIN\tplaintext\nDONE\n";

        while (defined(my $line = readline $client)) {
            if ($line =~ /^AUTH\t(\d+)\t(?!.*\tresp=)/) {
                print $client "CONT\t$1\t\n";
                next;
            }

            my ($id, $given) = $line =~ /^(?:AUTH|CONT)\t(\d+)\t
                                          (?:.*\tresp=)?(\S+)/x or next;
            my (undef, $user, $word) = split /\0/, decode_base64($given), 3;
            print $client $user eq 'portal' && $word eq $password
                ? "OK\t$id\tuser=portal\n" : "FAIL\t$id\tuser=portal\n";
        }

        _exit(0);
    }
}


sub serve {
    $env->file('passwd', added('/etc/passwd',
        'postfix:x:65501:65501::/var/spool/postfix:/usr/sbin/nologin'), 0644);
    $env->file('group', added('/etc/group', 'postfix:x:65501:',
                              'postdrop:x:65502:'), 0644);
    mkdir "$dir/$_" for qw(etc spool data);
    $env->file('etc/main.cf', <<"CONF");
compatibility_level = 3.6
queue_directory = $dir/spool
data_directory = $dir/data
meta_directory = $dir/etc
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
shlib_directory = /usr/lib/postfix
mail_owner = postfix
setgid_group = postdrop
myhostname = localhost.test
mydestination =
mynetworks =
alias_maps =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = $dir/postfix.log
maillog_file_prefixes = $dir
relayhost = [127.0.0.1]:$behind
smtp_tls_security_level = none
smtpd_tls_cert_file = $dir/server.pem
smtpd_tls_key_file = $dir/server.key
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_tls_received_header = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = unix:$dir/auth
smtpd_delay_reject = no
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_sender_restrictions = permit_sasl_authenticated, reject
CONF
    $env->file('etc/master.cf', <<"CONF");
127.0.0.1:$starttls inet n - n - - smtpd
127.0.0.1:$smtps inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n - 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
scache unix - - n - 1 scache
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
CONF

    my $script = $env->file('postfix.sh', <<"SCRIPT");
set -e
mount -t overlay overlay -o lowerdir=$root/usr:/usr /usr
mount --bind $dir/passwd /etc/passwd
mount --bind $dir/group /etc/group
cd $dir/spool
mkdir -p pid active bounce corrupt defer deferred flush hold incoming private \\
    saved trace public maildrop
chown postfix active bounce corrupt defer deferred flush hold incoming private \\
    saved trace public maildrop $dir/data
chmod 700 active bounce corrupt defer deferred flush hold incoming private \\
    saved trace $dir/data
chgrp postdrop public maildrop
chmod 710 public
chmod 730 maildrop
exec /usr/lib/postfix/sbin/master -c $dir/etc -d
SCRIPT

    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$dir/server.log";
        open STDERR, '>&', \*STDOUT;
        exec 'setpriv', '--pdeathsig', 'TERM', 'unshare', '-m', '--propagation',
            'private', 'sh', $script or _exit(127);
    }

    for (my $end = time + 15; time < $end; sleep 0.1) {
        return $pid if IO::Socket::INET->new("127.0.0.1:$starttls");
    }

    server_log();
    BAIL_OUT('Postfix did not start');
}


sub server_log { diag(slurp("$dir/server.log"), slurp("$dir/postfix.log")) }


sub queue {
    return $redis->call('XADD', 'mfa:{user}:outbox', '*', mail => 'enabled',
                        login => 'ann', to => 'ann@example.com',
                        generation => 1, at => int time);
}


sub left { return scalar @{ $redis->call('XRANGE', 'mfa:{user}:outbox', '-', '+') } }


sub once {
    my ($status, $title, $url, @words) = @_;
    my ($exit, $out, $err) = finish(spawn('-c', $file, 'mailer', '--once',
        '--timeout', '10s', '--smtp', $url, @words));

    push @said, $out, $err;
    is($exit, $status, $title) or diag($out, $err);

    return $err;
}


# What Postfix hands on comes a little later.
sub comes {
    for (my $end = time + 15; time < $end; sleep 0.1) {
        my @mails = $mailer->mails or next;
        $mailer->forget;
        return $mails[0];
    }

    server_log();
    return {};
}


my @pids = (authority(), serve());
my @login = ('--smtp-user', 'portal', '--smtp-password-file', $own);
my @trust = ('--smtp-ca', "$dir/server.pem");

# With a password: who has none has an invitation's link, and this mail none.
$env->account('user', 'ann', required => 1, deadline => int(time) + 86400,
              password => '$y$j9T$aaaaaaaaaaaaaaaaaaaaaa$' . 'b' x 43);


# As it should be.

for my $case ([ 'STARTTLS', "smtp://localhost:$starttls" ],
              [ 'TLS from the first byte', "smtps://localhost:$smtps" ])
{
    my ($title, $url) = @$case;
    queue();
    once(0, "$title and AUTH", $url, @login, @trust, '--helo', 'web.example.com');
    my $mail = comes();
    is($mail->{subject}, 'MFA is now enabled on your Example account',
       '- the mail arrives');
    is($mail->{envelope}{from}, 'mfa@example.com', '- from whom');
    is_deeply($mail->{defects}, [], '- whole');
    like($mail->{raw}, qr/^Received: from web\.example\.com .*TLS/ms,
         '- as the server says, over TLS');
    like($mail->{links}[0], qr/\?t=[\w-]{43}$/, '- with its link');
    secret($mail->{links}[0] =~ /t=(.*)/);
    is(left(), 0, '- and is done with');
}


# As it should not.

queue();

for my $case (
    [ 'security 94: a certificate nobody vouches for', "smtp://localhost:$starttls",
      qr/certificate/, @login ],
    [ 'the same from the first byte', "smtps://localhost:$smtps", qr/certificate/,
      @login ],
    [ 'one another authority vouches for', "smtp://localhost:$starttls",
      qr/certificate/, @login, '--smtp-ca', "$dir/other.pem" ],
    [ 'one for another name', "smtp://127.0.0.1:$starttls",
      qr/certificate/, @login, @trust ],
    [ 'the same from the first byte', "smtps://127.0.0.1:$smtps",
      qr/certificate/, @login, @trust ],
    [ 'an authority that is not there', "smtp://localhost:$starttls", qr/certificate|CA/,
      @login, '--smtp-ca', "$dir/nowhere.pem" ],
    [ 'a server that offers no TLS', "smtp://localhost:$behind",
      qr/SSL|TLS|STARTTLS/i, @login, @trust ],
    [ 'no login where one is needed', "smtp://localhost:$starttls", qr/MAIL: 5\d\d/,
      @trust ],
) {
    my ($title, $url, $pattern, @words) = @$case;
    my $err = once(1, $title, $url, @words);
    like($err, $pattern, '- is told');
    is(left(), 1, '- the mail waits');
    is($redis->call('EXISTS', 'mfa:{user}:outbox-dead'), 0, '- and is not given up');
}

{
    my $wrong = $env->file('wrong', "Canary-wrong\n", 0600);
    like(once(1, 'a wrong password', "smtp://localhost:$starttls", '--smtp-user',
              'portal', '--smtp-password-file', $wrong, @trust), qr/535/,
         '- is told');
    is(left(), 1, '- the mail waits');
    is(scalar $mailer->mails, 0, 'none of them got it');
}


# A server in between that takes STARTTLS out of the answer sees neither password
# nor mail.

{
    my $listen = IO::Socket::INET->new(LocalAddr => "127.0.0.1:$strange",
                                       Listen => 5, ReuseAddr => 1) or die $!;
    my $stranger = fork // die $!;

    if ($stranger == 0) {
        open my $log, '>', "$dir/stranger" or _exit(1);
        $log->autoflush(1);

        while (my $client = $listen->accept) {
            print $client "220 stranger\r\n";
            while (defined(my $line = readline $client)) {
                print $log $line;
                print $client $line =~ /^EHLO/
                    ? "250-stranger\r\n250 AUTH PLAIN LOGIN\r\n" : "250 ok\r\n";
            }
        }
        _exit(0);
    }

    close $listen;
    once(1, 'STARTTLS taken out', "smtp://localhost:$strange", @login, @trust);
    unlike(slurp("$dir/stranger"), qr/AUTH|MAIL|portal/,
           'security 94: nobody is given a password or a mail in the clear');
    like(slurp("$dir/stranger"), qr/^EHLO/, '(it was asked)');
    kill KILL => $stranger;
    waitpid $stranger, 0;
}


once(0, 'and in the end', "smtp://localhost:$starttls", @login, @trust);
is(comes()->{envelope}{to}[0], 'ann@example.com', 'it goes');

for my $pid (@pids) {
    kill TERM => $pid;
    waitpid $pid, 0;
}

push @said, 'x' x 1000;
secret($password, 'Canary');
unlike(join("\n", @said), qr/Canary|[?&]t=/, 'no password and no link is printed');
done(qw(account add user zoe --no-password));
done(qw(account list user)) for 1 .. 2;
secrets_kept();
done_testing();
