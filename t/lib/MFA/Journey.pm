package MFA::Journey;

# The stage of a journey: a Redis and one or more nginx, a server for each portal
# in front of a small site that shows who came in, mfactl beside them, and what a
# person has in the hand: an authenticator (oathtool) and a camera (rsvg-convert
# and zbarimg).  Accounts are made as an admin makes them and sessions by logging
# in; what is put straight into Redis is MFA::Env's.
#
# Time is not faked in the programs: journeys change the times in the records
# instead.  Everything ends with the object; finish() looks at the logs.
#
#   my $stage = MFA::Journey->new(portals => { user => 'grace 7d;' });
#
#   $stage->account('user', 'alice');
#   my $browser = $stage->visitor('alice');           # logged in, MFA::Browser
#   my $key = $stage->enrol($browser);                # base32
#   $stage->enter($stage->browser, 'alice', $key, 1); # password and next code
#   $stage->admin('account', 'disable', 'user', 'alice');
#   $stage->finish;

use strict;
use warnings;

use IPC::Open3 qw(open3);
use Symbol qw(gensym);
use Test::More ();
use Time::HiRes qw(sleep time);

use MFA::Browser;
use MFA::Env;
use MFA::Nginx;
use MFA::Record;

my $password = 'correct horse battery';
my $setting  = '$y$j75$stagestagest$';  # cheap; one test is about costs


# portals    { name => "directives" }
# workers    of each nginx (4)
# instances  of nginx on the one Redis (1)
# level      of the error logs (info)
# http       more lines of the http block
# locations  more lines of the server of every portal; PORTAL is its name
sub new {
    my ($class, %opt) = @_;
    my $self = bless {
        portals => { user => '' }, workers => 4, instances => 1,
        level => 'info', http => '', locations => '', %opt,
        build => $ENV{MFA_BUILD} || "$MFA::Env::ROOT/build",
        # Redis writes what it has to a file as well: a test looks there.
        env   => MFA::Env->start('--appendonly', 'yes', '--appendfsync', 'no'),
    }, $class;

    # How long a busy machine takes to answer is no subject of a journey.
    my $conf = $self->{env}->conf(map { $_ => $self->{portals}{$_}
                                            . ' cookie secure=auto;' }
                                  sort keys %{ $self->{portals} });
    $conf =~ s/^(mfa_redis [^;]*)/$1 timeout=10s/m;
    $self->{conf} = $self->{env}->file('mfa.conf', $conf);

    $self->nginx_start for 1 .. $self->{instances};

    return $self;
}


sub dir { $_[0]{env}->dir }


sub nginx_start {
    my ($self) = @_;
    my @names = sort keys %{ $self->{portals} };
    my @ports = MFA::Nginx::free_ports(scalar @names);
    my $home = $self->dir . '/nginx' . @{ $self->{nginx} || [] };
    my %ports;

    mkdir $home or die "$home: $!";
    @ports{@names} = @ports;

    push @{ $self->{ports} }, \%ports;
    push @{ $self->{nginx} }, MFA::Nginx->start($home,
        workers => $self->{workers}, level => $self->{level},
        http => $self->http($home, \%ports));
}


# reuseport has the kernel spread connections over the workers.
sub http {
    my ($self, $home, $ports) = @_;
    my $servers = join '', map { <<"END" } sort keys %$ports;
server {
    listen 127.0.0.1:$ports->{$_} reuseport;
    server_name localhost;
    access_log $home/access.log;
    mfa $_;
    add_header X-Worker \$pid always;
    location / { proxy_pass http://site; }
    location /mfa/ { mfa_pages; }
    location /open/ { mfa off; proxy_pass http://site; }
    location /always/ { mfa $_ require=always; proxy_pass http://site; }
    @{[ $self->{locations} =~ s/PORTAL/$_/gr ]}
}
END

    return <<"END";
include $self->{conf};
$self->{http}
upstream site { server LISTEN; }
server {
    listen LISTEN;
    location / {
        return 200 "user=\$http_remote_user level=\$http_remote_level cookie=\$http_cookie path=\$request_uri\\n";
    }
}
$servers
END
}


sub log_text {
    my ($self) = @_;

    return join '', map { $_->log } @{ $self->{nginx} };
}


# Stops nginx and says whether the logs are clean: what it writes at these levels
# is a bug, also when every answer was right.
sub finish {
    my ($self) = @_;
    my @bad = map { $_->stop } @{ $self->{nginx} };

    Test::More::is(scalar @bad, 0,
        'the error log has no alert, crit, emerg or Sanitizer line')
        or Test::More::diag(join "\n", @bad);
}


# --- the store ---

# One command; dies on an error.
sub redis {
    my ($self, @words) = @_;

    return $self->{env}->redis->call(@words);
}


sub keys_of {
    my ($self, $pattern) = @_;

    my @keys = sort @{ $self->redis('KEYS', $pattern) };

    return @keys;
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


# The sessions of an account, oldest first, as hashes.
sub sessions {
    my ($self, $portal, $login) = @_;
    my $hashes = $self->redis('ZRANGE', "mfa:{$portal}:sessions:$login", 0, -1);
    my @sessions;

    for my $hash (@$hashes) {
        my $record = $self->redis('GET', "mfa:session:$hash");
        next unless defined $record;
        my $session = MFA::Record::decode($record);
        $session->{hash} = $hash;
        push @sessions, $session;
    }

    return @sessions;
}


# Writes times into the records of all sessions of an account.
sub sessions_set {
    my ($self, $portal, $login, %times) = @_;

    # By their records: half-logins stand in no index.
    for my $key ($self->keys_of('mfa:session:*')) {
        my $session = MFA::Record::decode($self->redis('GET', $key));
        next unless $session->{portal} eq $portal
                    && $session->{login} eq $login;
        $self->redis('SET', $key,
                     MFA::Record::encode({ %$session, %times }), 'KEEPTTL');
    }
}


# --- accounts ---

sub mfactl {
    my ($self, $input, @words) = @_;
    my $err = gensym;
    local $SIG{PIPE} = 'IGNORE';
    my $pid = open3(my $in, my $out, $err, "$self->{build}/mfactl", '-c',
                    $self->{conf}, @words);
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
    my $file = $self->dir . '/qr';

    MFA::Nginx::write_file("$file.svg", $svg);
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
