package MFA::Mailer;

# Mails as somebody gets them: a real SMTP server (t/lib/smtp-sink, Debian's
# aiosmtpd) that keeps what it takes, and mfactl mailer to send what waits.
#
#   my $mailer = MFA::Mailer->start;                 # on a unix socket
#   my $mailer = MFA::Mailer->start(port => 2525, cert => $f, key => $f,
#                                   tls => 1, user => 'u', password => 'p');
#
#   $mailer->send($conf);                 # mfactl mailer --once; dies if it fails
#   my ($exit, $out, $err) = $mailer->run($conf, qw(--once));
#   my $run = $mailer->spawn($conf);      # one that goes on; see MFA::Mfactl
#
#   for my $mail ($mailer->mails) {       # in the order they came
#       $mail->{to}; $mail->{subject};    # decoded
#       $mail->{text}; $mail->{html};     # the parts
#       $mail->{links};                   # of the HTML part
#       $mail->{text_links};              # of the text part
#       $mail->{envelope}{to}[0]; $mail->{headers}; $mail->{raw};
#   }
#
#   my $mail = $mailer->mail('bob@example.com');     # the newest for him
#   $mailer->link('bob@example.com');     # its first link that holds a token
#   $mailer->forget;                      # the kept ones are gone
#   $mailer->mode('say RCPT 550 no such user');      # see smtp-sink
#   $mailer->stop; $mailer->restart;
#
# $conf is a file with portals that say "mail from=... base_url=...;".

use strict;
use warnings;

use File::Temp ();
use IPC::Open2 qw(open2);
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use POSIX ();

use MFA::Env;


sub start {
    my ($class, %options) = @_;
    my $self = bless {
        dir   => File::Temp->newdir('mfa-mail-XXXXXX', TMPDIR => 1),
        owner => $$,
        %options,
    }, $class;

    # nginx's workers have no business here, but another user's mfactl may.
    chmod 0755, "$self->{dir}";
    $self->_spawn;

    return $self;
}


sub dir { "$_[0]{dir}" }


sub url {
    my ($self) = @_;

    return "smtp+unix:$self->{dir}/smtp.sock" unless $self->{port};

    my $scheme = $self->{tls} ? 'smtps' : $self->{cert} ? 'smtp' : 'smtp+plain';

    return "$scheme://" . ($self->{host} // 'localhost') . ":$self->{port}";
}


sub program {
    return $ENV{MFACTL}
        || ($ENV{MFA_BUILD} || "$MFA::Env::ROOT/build") . '/mfactl';
}


sub command {
    my ($self, $conf, @words) = @_;

    return (program(), '-c', $conf, 'mailer', '--smtp', $self->url, @words);
}


sub run {
    my ($self, $conf, @words) = @_;

    open my $err, '+>', undef or die $!;
    my $pid = open(my $out, '-|') // die "fork: $!";

    if ($pid == 0) {
        open STDERR, '>&', $err;
        exec $self->command($conf, @words) or POSIX::_exit(127);
    }

    local $/;
    my $said = readline($out) // '';
    close $out;
    my $exit = $? & 127 ? 'signal ' . ($? & 127) : $? >> 8;
    seek $err, 0, 0;

    return ($exit, $said, readline($err) // '');
}


sub send {
    my ($self, $conf, @words) = @_;
    my ($exit, $out, $err) = $self->run($conf, '--once', @words);

    die "mfactl mailer --once: $exit\n$out$err" if $exit ne '0';

    return $out;
}


sub spawn {
    my ($self, $conf, @words) = @_;

    require MFA::Mfactl;

    return MFA::Mfactl::spawn(
        splice(@{ [ $self->command($conf, @words) ] }, 1));
}


sub mails {
    my ($self) = @_;
    my @mails;

    for my $file (glob "$self->{dir}/*.json") {
        open my $in, '<:raw', $file or die "$file: $!";
        local $/;
        my $mail = JSON::PP->new->utf8->decode(scalar readline $in);
        $mail->{raw} = decode_base64($mail->{raw});
        push @mails, $mail;
    }

    @mails = sort { $a->{at} <=> $b->{at} } @mails;

    return @mails;
}


sub mail {
    my ($self, $to) = @_;

    return (grep { $_->{envelope}{to}[0] eq $to } $self->mails)[-1];
}


sub link {
    my ($self, $to) = @_;
    my $mail = $self->mail($to) or return undef;

    return (grep { /[?&]t=/ } @{ $mail->{links} })[0];
}


sub forget { unlink glob "$_[0]{dir}/*.json" }


sub mode {
    my ($self, @lines) = @_;
    my $file = "$self->{dir}/mode";

    open my $out, '>', "$file.new" or die "$file: $!";
    print $out "$_\n" for @lines;
    close $out;
    rename "$file.new", $file or die "$file: $!";
}


sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;

    kill CONT => $pid;
    close delete $self->{in};
    close delete $self->{out};
    kill TERM => $pid;
    waitpid $pid, 0;
}


sub restart {
    my ($self) = @_;

    $self->stop;
    $self->_spawn;
}


sub freeze { kill STOP => $_[0]{pid} }
sub thaw   { kill CONT => $_[0]{pid} }


sub DESTROY {
    my ($self) = @_;

    local ($?, $@, $!);
    $self->stop if $$ == $self->{owner};
}


sub _spawn {
    my ($self) = @_;

    my $address = $self->{port} ? "127.0.0.1:$self->{port}"
                                : "unix:$self->{dir}/smtp.sock";
    my @more;

    if ($self->{cert}) {
        @more = (($self->{tls} ? 'tls:' : '') . $self->{cert}, $self->{key});
        push @more, $self->{user}, $self->{password} if $self->{user};
    }

    # Debian's Python: what else may be installed has not Debian's packages.
    $self->{pid} = open2($self->{out}, $self->{in}, 'setpriv', '--pdeathsig',
                         'TERM', '/usr/bin/python3', '-W', 'ignore',
                         "$MFA::Env::ROOT/t/lib/smtp-sink", "$self->{dir}",
                         $address, @more);

    my $said = readline $self->{out};
    die "smtp-sink did not start\n" unless defined $said && $said eq "ready\n";
}


1;
