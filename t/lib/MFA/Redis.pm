package MFA::Redis;

# A private redis-server and a client of it.  The server listens on a unix socket
# alone, keeps nothing on disk and ends with the object, or with the test when
# that is killed.
#
#   my $redis = MFA::Redis->start($dir);            # socket: $dir/redis.sock
#   my $redis = MFA::Redis->start($dir, '--appendonly', 'yes');
#
#   $redis->call('SET', 'key', 'value');            # dies on an error reply
#   my %hash = @{ $redis->call('HGETALL', 'key') };
#   my $n = $redis->calls;                          # commands that read or wrote
#                                                   # data since forget
#   $redis->freeze; $redis->thaw;                   # answers nothing, answers on
#   $redis->stop; $redis->restart;                  # what it held is gone
#
# What a lying or slow server does is FakeRedis's subject.

use strict;
use warnings;

use IO::Socket::UNIX;
use POSIX qw(WNOHANG _exit);
use Time::HiRes qw(sleep time);


# Commands a server is sent for its own sake, by the module or by this client.
my %housekeeping = map { $_ => 1 } qw(
    auth client command config hello info ping select
);


sub start {
    my ($class, $dir, @options) = @_;

    my $self = bless {
        socket  => "$dir/redis.sock",
        dir     => $dir,
        options => \@options,
        owner   => $$,
    }, $class;

    $self->_spawn;

    return $self;
}


sub socket { $_[0]{socket} }


sub pid { $_[0]{pid} }


sub call {
    my ($self, @argv) = @_;

    my $sock = $self->_connection;

    my $out = '*' . @argv . "\r\n";

    for my $arg (@argv) {
        my $bytes = "$arg";
        utf8::encode($bytes) if utf8::is_utf8($bytes);
        $out .= '$' . length($bytes) . "\r\n$bytes\r\n";
    }

    print $sock $out or die "redis: cannot send: $!";

    return _reply($sock);
}


# Commands on data since the last forget, of all clients.
# A connection begins with a GET of the schema, which counts.
sub calls {
    my ($self) = @_;

    my $n = 0;

    for my $line (split /\r\n/, $self->call('INFO', 'commandstats')) {
        my ($name, $calls) = $line =~ /^cmdstat_([^:]+):calls=(\d+)/ or next;
        $n += $calls unless $housekeeping{ (split /\|/, $name)[0] };
    }

    return $n;
}


sub forget { $_[0]->call('CONFIG', 'RESETSTAT') }


sub freeze { kill STOP => $_[0]{pid} }


sub thaw { kill CONT => $_[0]{pid} }


sub stop {
    my ($self) = @_;

    delete $self->{connection};

    my $pid = delete $self->{pid} or return;

    kill CONT => $pid;
    kill TERM => $pid;
    waitpid $pid, 0;
}


sub restart {
    my ($self) = @_;

    $self->stop;
    $self->_spawn;
}


# Test::Nginx forks: a child must not take the server along when it ends.
sub DESTROY {
    my ($self) = @_;

    local ($?, $@, $!);
    $self->stop if $$ == $self->{owner};
}


sub _spawn {
    my ($self) = @_;

    unlink $self->{socket};

    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$self->{dir}/redis.log";
        open STDERR, '>&', \*STDOUT;

        exec 'setpriv', '--pdeathsig', 'TERM', 'redis-server',
            '--port', 0, '--unixsocket', $self->{socket},
            '--unixsocketperm', 777, '--save', '', '--dir', $self->{dir},
            @{ $self->{options} }
            or _exit(127);
    }

    $self->{pid} = $pid;

    for (my $end = time + 10; time < $end; sleep 0.02) {
        return if eval { $self->call('PING') eq 'PONG' };
        last if waitpid($pid, WNOHANG) == $pid;
    }

    die "redis-server did not start, see $self->{dir}/redis.log";
}


sub _connection {
    my ($self) = @_;

    # A connection is not shared with a forked child.
    my $known = $self->{connection};
    return $known->[1] if $known && $known->[0] == $$ && $known->[1]->connected;

    my $sock = IO::Socket::UNIX->new(Peer => $self->{socket})
        or die "redis: cannot connect: $!";
    $sock->autoflush(1);
    binmode $sock;

    $self->{connection} = [ $$, $sock ];

    return $sock;
}


sub _reply {
    my ($sock) = @_;

    local $/ = "\r\n";
    defined(my $line = readline $sock) or die 'redis: connection is closed';
    chomp $line;

    my ($type, $rest) = (substr($line, 0, 1), substr $line, 1);

    return $rest if $type eq '+' || $type eq ':';
    return $rest < 0 ? undef : [ map { _reply($sock) } 1 .. $rest ]
        if $type eq '*';

    die "redis: $rest" if $type eq '-';
    return undef if $rest < 0;

    read($sock, my $bulk, $rest + 2) == $rest + 2 or die 'redis: short reply';

    return substr $bulk, 0, $rest;
}


1;
