package MFA::Nginx;

# An nginx with a configuration written by the test, where Test::Nginx's one
# server a block does not fit: many configurations to be judged by "nginx -t",
# several workers, a store that goes away while nginx runs.
#
#   use MFA::Nginx;
#
#   my ($status, $said) = MFA::Nginx::judge($dir, $conf);      # nginx -t
#
#   my $nginx = MFA::Nginx->start($dir, http => $text, workers => 2);
#   my $answer = $nginx->get('/x', 'Cookie: a=b', 'Accept: text/html');
#   my $answer = $nginx->send("POST /x HTTP/1.1\r\n...");      # raw bytes
#   $answer->{status}; $answer->{head}; $answer->{body};
#   $nginx->header($answer, 'Location');
#   $nginx->log; $nginx->stop;                                 # text; ends it
#
# In $text, LISTEN stands for a unix socket and PORT for a TCP port of 127.0.0.1
# that was free when nginx started; requests go to the socket, also those of
# send.  PORT2 and PORT3 are further ports.

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX qw(WNOHANG _exit);
use Time::HiRes qw(sleep time);

use MFA::Env;


sub nginx { $ENV{TEST_NGINX_BINARY} || 'nginx' }


sub write_file {
    my ($path, $text) = @_;

    open my $fh, '>', $path or die "$path: $!";
    print $fh $text;
    close $fh or die "$path: $!";
}


sub read_file {
    my ($path) = @_;

    open my $fh, '<', $path or return '';
    local $/;

    return scalar(<$fh>) // '';
}


# Runs "nginx -t" (or with other options) on a configuration; the exit status and
# everything that was said.
sub judge {
    my ($dir, $conf, @options) = @_;

    my $file = "$dir/judge.conf";
    write_file($file, $conf);
    @options = ('-t') unless @options;

    open my $pipe, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh',
        nginx(), @options, '-p', $dir, '-c', $file, '-e', 'stderr'
        or die "nginx: $!";

    local $/;
    my $said = <$pipe> // '';
    close $pipe;

    return ($? >> 8, $said);
}


sub start {
    my ($class, $dir, %arg) = @_;

    my $self = bless {
        dir    => $dir,
        socket => "$dir/nginx.sock",
        owner  => $$,
        ports  => [ free_ports(3) ],
    }, $class;

    my $workers = $arg{workers} // 1;
    my $level   = $arg{level} // 'info';
    my $load    = MFA::Env::load_module();
    my $user    = $> == 0 ? 'user root;' : '';
    my $http    = $arg{http};

    $http =~ s/\bLISTEN\b/unix:$self->{socket}/g;
    $http =~ s/\bPORT([23]?)\b/$self->{ports}[($1 || 1) - 1]/g;

    my $temp = join "\n", map { "${_}_temp_path $dir/temp_$_;" }
        qw(client_body proxy fastcgi uwsgi scgi);

    write_file("$dir/nginx.conf", <<"EOC");
$load$user
worker_processes $workers;
daemon off;
pid $dir/nginx.pid;
error_log $dir/error.log $level;
events { worker_connections 256; }
http {
access_log off;
$temp
$http
}
EOC

    $self->{pid} = fork // die "fork: $!";

    if ($self->{pid} == 0) {
        open STDOUT, '>', "$dir/nginx.out";
        open STDERR, '>&', \*STDOUT;
        exec 'setpriv', '--pdeathsig', 'QUIT', nginx(), '-p', $dir, '-c',
            "$dir/nginx.conf", '-e', "$dir/error.log"
            or _exit(127);
    }

    for (my $end = time + 60; time < $end; sleep 0.02) {
        return $self if IO::Socket::UNIX->new(Peer => $self->{socket});
        last if waitpid($self->{pid}, WNOHANG) == $self->{pid};
    }

    die "nginx did not start:\n", read_file("$dir/nginx.out"), $self->log;
}


# Ports nobody listens on, below those the kernel gives to connections: such a one
# could be taken between two starts of nginx.
sub free_ports {
    my ($n) = @_;

    my @taken;

    for (my $tries = 0; @taken < $n && $tries < 1000; $tries++) {
        my $sock = IO::Socket::INET->new(
            LocalAddr => '0.0.0.0',
            LocalPort => 15000 + int rand 15000,
            Listen    => 1,
        );
        push @taken, $sock if $sock;
    }

    @taken == $n or die 'no free port';

    return map { $_->sockport } @taken;
}


sub pid { $_[0]{pid} }


sub port { $_[0]{ports}[$_[1] // 0] }


sub get {
    my ($self, $path, @headers) = @_;

    return $self->request('GET', $path, @headers);
}


sub request {
    my ($self, $method, $path, @headers) = @_;

    return $self->send(join "\r\n", "$method $path HTTP/1.1",
                       'Host: localhost', 'Connection: close', @headers,
                       '', '');
}


# Sends raw bytes; an answer is what comes until nginx closes the connection.
sub send {
    my ($self, $bytes, $patience) = @_;

    my $sock = IO::Socket::UNIX->new(Peer => $self->{socket})
        or die "nginx does not listen: $!";
    binmode $sock;
    $sock->autoflush(1);
    print $sock $bytes;

    my $got    = '';
    my $select = IO::Select->new($sock);

    while ($select->can_read($patience // 30)) {
        sysread($sock, $got, 65536, length $got) or last;
    }

    my ($head, $body) = split /\r\n\r\n/, $got, 2;
    my ($status) = ($head // '') =~ m{\AHTTP/\S+ (\d+)};

    return {
        status => $status // 0,
        head   => $head // '',
        body   => $body // '',
        raw    => $got,
    };
}


sub header {
    my ($self, $answer, $name) = @_;

    return join "\n", $answer->{head} =~ /^\Q$name\E: *([^\r\n]*)/mig;
}


sub log { read_file("$_[0]{dir}/error.log") }


# Ends nginx; returns the lines of its log that no run may have.
sub stop {
    my ($self) = @_;

    if (my $pid = delete $self->{pid}) {
        kill QUIT => $pid;
        waitpid $pid, 0;
    }

    return grep { /\[(?:alert|crit|emerg)\]|Sanitizer|runtime error:/ }
        split /\n/, $self->log . read_file("$self->{dir}/nginx.out");
}


sub DESTROY {
    my ($self) = @_;

    local ($?, $@, $!);
    $self->stop if $$ == $self->{owner};
}


1;
