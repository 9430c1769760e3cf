package MFA::Journey;

# The stage of a journey: a Redis and one or more nginx of its own in a
# temporary folder, a server for each portal in front of a small site that shows
# who came in, mfactl beside them, and what a person has in the hand: an
# authenticator (oathtool) and a camera (rsvg-convert and zbarimg).
#
# Time is not faked in the programs: journeys change the times in the records
# instead (account, sessions).  Everything ends with the object, in done() after
# a look at the logs.

use strict;
use warnings;

use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use IPC::Open3 qw(open3);
use Symbol qw(gensym);
use Test::More ();
use Time::HiRes qw(sleep time);

use MFA::Browser;

my $password = 'correct horse battery';
my $setting  = '$5$rounds=1000$stagehandsalt$';  # cheap; one test is about costs


sub slurp {
    my ($file) = @_;

    open my $in, '<:raw', $file or return '';
    local $/;
    my $text = <$in>;

    return defined $text ? $text : '';
}


sub spill {
    my ($file, $text) = @_;

    open my $out, '>:raw', $file or die "$file: $!";
    print $out $text;
    close $out or die "$file: $!";
}


# portals   { name => "directives" }
# workers   of each nginx (4)
# instances of nginx on the one Redis (1)
# log       level of the error logs (info)
# main      at the top of nginx.conf
# http      in its http block
# locations in the server of every portal
# redis     more lines of redis.conf
sub new {
    my ($class, %opt) = @_;
    my $root = $ENV{MFA_BUILD} || 'build';
    my $self = bless {
        portals => { user => '' }, workers => 4, instances => 1,
        log => 'info', main => '', http => '', locations => '', redis => '',
        %opt,
        owner   => $$,
        build   => $root,
        dir     => tempdir('mfa-journey-XXXXXX', TMPDIR => 1, CLEANUP => 1),
    }, $class;

    chmod 0755, $self->{dir};
    $self->{redis_socket} = "$self->{dir}/redis.sock";
    $self->redis_start;
    $self->configure;
    $self->nginx_start($_) for 0 .. $self->{instances} - 1;

    return $self;
}


# --- servers ---

sub run {
    my ($self, $name, @command) = @_;
    my $pid = fork;
    die "fork: $!" unless defined $pid;

    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$self->{dir}/$name.out";
        open STDERR, '>&', \*STDOUT;
        exec @command or do { print STDERR "$command[0]: $!\n"; };
        require POSIX;
        POSIX::_exit(127);
    }

    return $self->{pids}{$name} = $pid;
}


sub wait_for {
    my ($self, $what, $ready) = @_;
    my $end = time + 60;

    until ($ready->()) {
        die "$what did not come up:\n" . $self->output if time > $end;
        sleep 0.02;
    }
}


sub redis_start {
    my ($self) = @_;

    spill("$self->{dir}/redis.conf", <<"END");
port 0
unixsocket $self->{redis_socket}
dir $self->{dir}
appendonly yes
appendfsync no
save ""
logfile ""
$self->{redis}
END
    $self->run('redis', 'redis-server', "$self->{dir}/redis.conf");
    $self->wait_for('redis', sub {
        IO::Socket::UNIX->new(Peer => $self->{redis_socket})
    });
}


# Ports nobody listens on: taken all at once, so that they differ.
sub free_ports {
    my ($n) = @_;
    my @sockets = map {
        IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1,
                              ReuseAddr => 1) or die "no port: $!";
    } 1 .. $n;

    return map { $_->sockport } @sockets;
}


sub configure {
    my ($self) = @_;
    my $dir = $self->{dir};
    my @names = sort keys %{ $self->{portals} };
    my @ports = free_ports($self->{instances} * @names);

    my $mfa = "mfa_redis unix:$self->{redis_socket} timeout=10s;\n"
            . "mfa_keys $dir/keys;\n"
            . "mfa_templates " . templates() . ";\n";

    # Browsers of a test stand at a plain loopback port.
    for my $name (@names) {
        $mfa .= "mfa_portal $name {\n    cookie secure=auto;\n"
              . "    $self->{portals}{$name}\n}\n";
    }

    spill("$dir/mfa.conf", $mfa);
    my ($exit, undef, $err) = $self->mfactl('', 'keys', 'new');
    die "mfactl keys new: $err" if $exit;

    for my $i (0 .. $self->{instances} - 1) {
        my $home = "$dir/nginx$i";
        mkdir $home;
        mkdir "$home/tmp";
        my $servers = '';

        for my $name (@names) {
            my $port = $self->{ports}[$i]{$name} = shift @ports;
            $servers .= $self->server($name, $port);
        }

        spill("$home/nginx.conf", $self->nginx_conf($home, $servers));
    }
}


sub templates {
    require File::Spec;
    require File::Basename;
    my $here = File::Spec->rel2abs(__FILE__);

    return File::Basename::dirname($here) . '/../../../lua-free-templates';
}


sub server {
    my ($self, $name, $port) = @_;

    # reuseport spreads connections over the workers by the kernel's hash.
    return <<"END";
    server {
        listen 127.0.0.1:$port reuseport;
        server_name localhost;
        mfa $name;
        add_header X-Worker \$pid always;
        location / { proxy_pass http://site; }
        location /mfa/ { mfa_pages; }
        location /open/ { mfa off; proxy_pass http://site; }
        location /always/ { mfa $name require=always; proxy_pass http://site; }
        $self->{locations}
    }
END
}


sub nginx_conf {
    my ($self, $home, $servers) = @_;
    my $module = exists $ENV{TEST_NGINX_LOAD_MODULES}
                 ? $ENV{TEST_NGINX_LOAD_MODULES}
                 : "$self->{build}/ngx_http_mfa_module.so";
    my $load = join '', map { "load_module $_;\n" } split ' ', $module;
    my $user = $> == 0 ? "user root;\n" : '';
    my $temp = join '', map { "    ${_}_temp_path $home/tmp/$_;\n" }
                        qw(client_body proxy fastcgi uwsgi scgi);

    return <<"END";
$load$user
daemon off;
worker_processes $self->{workers};
pid $home/nginx.pid;
error_log $home/error.log $self->{log};
$self->{main}
events { worker_connections 1024; }
http {
    access_log $home/access.log;
$temp
    keepalive_requests 100000;
    include $self->{dir}/mfa.conf;
    $self->{http}
    upstream site { server unix:$home/site.sock; }
    server {
        listen unix:$home/site.sock;
        access_log off;
        location / {
            return 200 "user=\$http_remote_user level=\$http_remote_level cookie=\$http_cookie path=\$request_uri\\n";
        }
    }
$servers
}
END
}


sub nginx_start {
    my ($self, $i) = @_;
    my $home = "$self->{dir}/nginx$i";

    $self->run("nginx$i", $ENV{TEST_NGINX_BINARY} || 'nginx', '-p', "$home/",
               '-c', "$home/nginx.conf", '-e', "$home/error.log");

    for my $port (values %{ $self->{ports}[$i] }) {
        $self->wait_for("nginx$i", sub {
            kill(0, $self->{pids}{"nginx$i"})
                && IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                         PeerPort => $port);
        });
    }
}


sub output {
    my ($self) = @_;

    return join '', map { slurp($_) }
        glob("$self->{dir}/*.out $self->{dir}/*/error.log");
}


# Asks a server to leave and waits until it has.
sub stop {
    my ($self, $name, $signal) = @_;
    my $pid = delete $self->{pids}{$name} or return;
    my $end = time + 60;

    kill $signal, $pid;

    while (waitpid($pid, 1) == 0) {
        kill 'KILL', $pid if time > $end;
        sleep 0.02;
    }
}


sub log_text {
    my ($self) = @_;

    return join '', map { slurp("$self->{dir}/nginx$_/error.log") }
                    0 .. $self->{instances} - 1;
}


# Stops everything and says whether the logs are clean: what nginx writes at
# these levels is a bug, also when every answer was right.
sub finish {
    my ($self) = @_;

    $self->{redis_handle} = undef;
    $self->stop("nginx$_", 'QUIT') for 0 .. $self->{instances} - 1;

    my @bad = grep { /\[(?:alert|crit|emerg)\]|Sanitizer|runtime error:/ }
              split /\n/, $self->output;
    Test::More::is(scalar @bad, 0,
        'the error log has no alert, crit, emerg or Sanitizer line')
        or Test::More::diag(join "\n", @bad);

    $self->stop('redis', 'TERM');
}


sub DESTROY {
    my ($self) = @_;
    local ($?, $@, $!);

    return if $$ != $self->{owner};

    $self->stop($_, 'TERM') for sort keys %{ $self->{pids} || {} };
}


# --- the store ---

# One command; strings, numbers, undef for nil, arrays by reference.
sub redis {
    my ($self, @words) = @_;
    my $socket = $self->{redis_handle} ||= IO::Socket::UNIX->new(
        Peer => $self->{redis_socket}) || die "redis: $!";

    print $socket '*' . @words . "\r\n",
        map { '$' . length($_) . "\r\n$_\r\n" } @words;
    $socket->flush;

    return reply($socket);
}


sub reply {
    my ($socket) = @_;
    my $line = <$socket>;
    die "redis closed the connection\n" unless defined $line;
    $line =~ s/\r\n\z//;
    my $kind = substr $line, 0, 1, '';

    if ($kind eq '-') {
        die "redis: $line\n";
    }

    if ($kind eq '$') {
        return undef if $line < 0;
        read $socket, my $text, $line + 2;
        return substr $text, 0, $line;
    }

    if ($kind eq '*') {
        return $line < 0 ? undef : [map { reply($socket) } 1 .. $line];
    }

    return $line;
}


sub keys_of {
    my ($self, $pattern) = @_;

    return sort @{ $self->redis('KEYS', $pattern) };
}


# Events of a portal's audit, oldest first, as hashes.
sub audit {
    my ($self, $portal, %with) = @_;
    my @events = map { +{ @{ $_->[1] } } }
                 @{ $self->redis('XRANGE', "mfa:{$portal}:audit", '-', '+') };

    return grep {
        my $event = $_;
        !grep { ($event->{$_} || '') ne $with{$_} } keys %with;
    } @events;
}


# Fields of a session record, in the order in which they stand there.
my @session_fields = qw(format hash portal login generation level created
    expires seen password_at code_at later address agent);


# The sessions of an account, oldest first, as hashes.
sub sessions {
    my ($self, $portal, $login) = @_;
    my $hashes = $self->redis('ZRANGE', "mfa:{$portal}:sessions:$login", 0, -1);
    my @sessions;

    for my $hash (@$hashes) {
        my $record = $self->redis('GET', "mfa:session:$hash");
        next unless defined $record;
        my %session;
        @session{@session_fields} = split /\t/, $record, -1;
        push @sessions, \%session;
    }

    return @sessions;
}


# Writes times into the records of all sessions of an account.
sub sessions_set {
    my ($self, $portal, $login, %times) = @_;

    for my $session ($self->sessions($portal, $login)) {
        my %changed = (%$session, %times);
        $self->redis('SET', "mfa:session:$session->{hash}",
                     join("\t", @changed{@session_fields}), 'KEEPTTL');
    }
}


# --- accounts ---

sub mfactl {
    my ($self, $input, @words) = @_;
    my $err = gensym;
    local $SIG{PIPE} = 'IGNORE';
    my $pid = open3(my $in, my $out, $err, "$self->{build}/mfactl", '-c',
                    "$self->{dir}/mfa.conf", @words);
    print $in $input;
    close $in;
    local $/;
    my $said = <$out>;
    my $complained = <$err>;
    waitpid $pid, 0;

    return ($? >> 8, $said, $complained);
}


# mfactl that has to work.
sub admin {
    my ($self, @words) = @_;
    my ($exit, $out, $err) = $self->mfactl('', @words);

    die "mfactl @words: exit $exit: $out$err" if $exit;

    return $out;
}


sub password { return $password }


# Makes an account: hash (of crypt), and options for mfactl.
sub account {
    my ($self, $portal, $login, %opt) = @_;
    my $hash = $opt{hash} || crypt $password, $setting;
    my ($exit, $out, $err) = $self->mfactl("$hash\n", 'account', 'add', $portal,
        $login, '--password-hash-stdin', @{ $opt{options} || [] });

    die "account $login: $out$err" if $exit;
}


sub account_set {
    my ($self, $portal, $login, @fields) = @_;

    $self->redis('HSET', "mfa:{$portal}:account:$login", @fields);
}


sub account_get {
    my ($self, $portal, $login, $field) = @_;

    return $self->redis('HGET', "mfa:{$portal}:account:$login", $field);
}


# --- people ---

sub browser {
    my ($self, %opt) = @_;
    my $portal = $opt{portal} ||= 'user';

    return MFA::Browser->new(
        port => $self->{ports}[delete $opt{instance} || 0]{$portal}, %opt);
}


# The password step.
sub login {
    my ($self, $browser, $login, @more) = @_;

    return $browser->submit('/mfa/login', '/mfa/login', login => $login,
        password => @more % 2 ? shift @more : $password, @more);
}


# Both steps.
sub enter {
    my ($self, $browser, $login, $key, $offset) = @_;

    $self->login($browser, $login);

    return $browser->submit('/mfa/code', '/mfa/code',
                            code => totp($key, $offset));
}


# A browser that is logged in by its password.
sub visitor {
    my ($self, $login, %opt) = @_;
    my $browser = $self->browser(%opt);
    my $answer = $self->login($browser, $login);

    die "$login does not get in: " . $answer->story
        if $answer->status != 303;

    return $browser;
}


# Sets a factor up and gives its key; the session is one with a code then.
sub enrol {
    my ($self, $browser) = @_;
    my $answer = $browser->get('/mfa/enrol/scan');
    my $key = $answer->key or die 'no key: ' . $answer->story;

    $answer = $browser->post('/mfa/enrol/scan',
        [csrf => $browser->csrf, code => totp($key)]);
    die 'not enrolled: ' . $answer->story if $answer->status != 303;

    return $key;
}


# An account that has a factor, with the key; no step of it is spent.
sub enrolled {
    my ($self, $portal, $login, %opt) = @_;

    $self->account($portal, $login, %opt);
    my $key = $self->enrol($self->visitor($login, portal => $portal));
    $self->unspend($portal, $login);

    return $key;
}


# As if no code of this time had been used yet.
sub unspend {
    my ($self, $portal, $login) = @_;

    $self->redis('ZREM', "mfa:{$portal}:steps", $login);
}


sub output_of {
    my (@command) = @_;

    open my $pipe, '-|', @command or die "$command[0]: $!";
    local $/;
    my $text = <$pipe>;
    close $pipe or die "$command[0] failed\n";

    return $text;
}


# The authenticator: the code of a base32 key, some steps from now.
sub totp {
    my ($key, $steps) = @_;
    my $at = int(time) + 30 * ($steps || 0);

    my $code = output_of('oathtool', '--totp', '-b', '-N', "\@$at", '--', $key);
    chomp $code;

    return $code;
}


# A code that is none of this time, of what is before and of what comes.
sub wrong_code {
    my ($key) = @_;
    my $at = int(time) - 150;
    my %right = map { $_ => 1 } split /\n/,
        output_of('oathtool', '--totp', '-b', '-N', "\@$at", '-w', 10, '--',
                  $key);
    my $code = '000000';
    $code++ while $right{$code};

    return $code;
}


# Waits until a code made now is of the same step for some seconds.
sub settle {
    my ($seconds) = @_;
    my $into = time - 30 * int(time / 30);

    sleep 30.1 - $into if $into > 30 - $seconds;
}


# The camera: what is in the QR code of a page.
sub scan {
    my ($self, $answer) = @_;
    my ($svg) = $answer->body =~ m{(<svg[^>]*>(?:(?!</svg>).)*</svg>)\s*</div>}s
        or return '';
    my $file = "$self->{dir}/qr";

    spill("$file.svg", $svg);
    system('rsvg-convert', '-w', '600', '-b', 'white', '-o', "$file.png",
           "$file.svg") == 0 or die 'rsvg-convert failed';
    # It tells the desktop's bus of what it found, and complains without one.
    my $text = output_of('sh', '-c', 'exec zbarimg -q --raw "$0" 2>&-',
                         "$file.png");
    unlink "$file.svg", "$file.png";
    chomp $text;

    return $text;
}


1;
