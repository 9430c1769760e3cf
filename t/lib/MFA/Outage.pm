package MFA::Outage;

# The stage of the store's failures: a Redis, an nginx in front of a site, people
# in every situation whose pages were opened while all was well, and the contract
# of an outage in one place, so that each suite only has to cause one.
#
#   my $stage = MFA::Outage->new;             # options: see new
#   $stage->redis->freeze;
#   is($stage->outage, '', 'frozen');         # complaints, or nothing
#   $stage->redis->thaw;
#   is($stage->recovery, '', 'thawed');       # the same cookies, see there
#   $stage->finish;
#
# An outage is: whoever asks for what is gated, or posts a form, is answered 503
# with Retry-After and keeps the cookies; a stranger is still sent to the login;
# what is not gated is served; nothing is deleted.
#
# The people: alice has no requirement, bob gave his code, carol has not given
# hers yet, dave is in his grace period, erin is about to log in.  Their sessions
# are written straight into Redis (MFA::Env), their forms are real.

use strict;
use warnings;

use Test::More ();
use Time::HiRes qw(sleep time);

use MFA::Browser;
use MFA::Env;
use MFA::Journey;
use MFA::Nginx;
use MFA::Upstream;
use MFA::Worker;

my $password = 'correct horse battery';
my $setting  = '$y$j75$stagestagest$';


# redis      options of the redis-server (none)
# address    what mfa_redis gets instead of the server's socket; FAKE stands for
#            a socket fake.sock in the folder
# args       more parameters of mfa_redis ("timeout=2s")
# password   of Redis: PASSWORD in args stands for a file with it
# portal     directives of the portal ("")
# cache      of mfa_cache ("off": each request asks)
# workers    of nginx (1)
# http       more lines of the http block
# locations  more lines of the gated server
# without    1: the people come later, with people()
# absent     1: so does Redis, with redis->restart
sub new {
    my ($class, %opt) = @_;

    my $self = bless {
        redis => [], args => 'timeout=2s', portal => '', workers => 1,
        cache => 'off',
        http => '', locations => '', %opt,
    }, $class;

    $self->{env}  = MFA::Env->start(@{ $self->{redis} });
    $self->{site} = MFA::Upstream->start($self->dir);
    $self->{conf} = $self->{env}->file('mfa.conf', $self->conf);
    $self->{home} = $self->dir . '/nginx';
    mkdir $self->{home} or die "$self->{home}: $!";

    $self->redis->stop if $self->{absent};

    $self->{nginx} = MFA::Nginx->start($self->{home},
        workers => $self->{workers}, http => $self->http);

    $self->people unless $self->{without} || $self->{absent};

    return $self;
}


sub env   { $_[0]{env} }
sub redis { $_[0]{env}->redis }
sub nginx { $_[0]{nginx} }
sub site  { $_[0]{site} }
sub home  { $_[0]{home} }
sub fake_socket { $_[0]->dir . '/fake.sock' }
sub dir   { $_[0]{env}->dir }


# The portal's part of the configuration, a file of its own.
sub conf {
    my ($self) = @_;

    my $limits = 'limit password=10000/15m code=10000/15m address=10000/10m;';
    my $conf = $self->{env}->conf(user => "$limits $self->{portal}");
    my $address = $self->{address} // 'unix:' . $self->{env}->socket;

    my $args = $self->{args};

    if (defined $self->{password}) {
        my $file = $self->{env}->file('redis-password', "$self->{password}\n",
                                      0600);
        $args =~ s/PASSWORD/$file/;
    }

    $address =~ s/FAKE/$self->fake_socket/e;
    $conf =~ s/^mfa_redis [^;]*/mfa_redis $address $args/m;

    # mfactl reads the file, too, and has no cache.
    $conf .= "mfa_cache $self->{cache};\n";

    return $conf;
}


sub http {
    my ($self) = @_;

    my $site = 'http://unix:' . $self->{site}->socket . ':';

    return <<"END";
include $self->{conf};
$self->{http}
server {
    listen LISTEN;
    listen 127.0.0.1:PORT;
    listen 127.0.0.1:PORT2 http2;
    mfa user;
    location / { proxy_pass $site; }
    location /mfa/ { mfa_pages; }
    location /open/ { mfa off; proxy_pass $site; }
    $self->{locations}
}
END
}


sub browser {
    my ($self, %opt) = @_;

    return MFA::Browser->new(port => $self->{nginx}->port, %opt);
}


sub password { $password }


sub account {
    my ($self, $login, %fields) = @_;

    return $self->{env}->account('user', $login, %fields,
                                 password => crypt $password, $setting);
}


# A browser with a session of this account; facts as in MFA::Env.
sub visitor {
    my ($self, $login, %fact) = @_;

    my $browser = $self->browser;
    $browser->cookie(mfa_user => $self->{env}->session('user', $login, %fact));

    return $browser;
}


# The same with an open form: the browser knows its token afterwards.
sub reader {
    my ($self, $login, $page, %fact) = @_;

    my $browser = $self->visitor($login, %fact);
    my $answer  = $browser->get($page);

    die "$login does not see $page: " . $answer->story if !$answer->csrf;

    return $browser;
}


# Everybody comes in, with all forms open.
sub people {
    my ($self) = @_;

    $self->account('alice');
    $self->account('bob', MFA::Env::factor());
    $self->account('carol');
    $self->account('dave', required => 1, deadline => int(time) + 86400);
    $self->account('erin');

    my $carol = $self->reader('carol', '/mfa/enrol/scan');
    my $answer = $carol->answer;
    $self->{key} = $answer->key;
    $answer = $carol->post('/mfa/enrol/scan',
        [csrf => $carol->csrf, code => MFA::Journey::totp($self->{key})]);
    die 'carol does not enrol: ' . $answer->story if $answer->status != 303;

    my $erin = $self->browser;
    $erin->get('/mfa/login');

    $self->{people} = {
        alice => $self->reader('alice', '/mfa/security'),
        bob   => $self->reader('bob', '/mfa/security', level => 2),
        carol => $self->reader('carol', '/mfa/code', generation => 2),
        dave  => $self->reader('dave', '/mfa/enrol/scan'),
        erin  => $erin,
    };

    return $self;
}


sub person { $_[0]{people}{ $_[1] } }


# Carol's key, base32.
sub key { $_[0]{key} }


# Who asks for what during an outage.  A twin sends each, so that nothing that
# happens now can be seen in the person's own cookies.
my @asks = (
    ['alice', 'GET', '/private'],
    ['alice', 'HEAD', '/private'],
    ['alice', 'GET', '/private', headers => { Accept => 'application/json' }],
    ['alice', 'POST', '/private', body => 'a=b'],
    ['bob', 'GET', '/private'],
    ['alice', 'GET', '/mfa/security'],
    ['alice', 'GET', '/mfa/unavailable'],
    ['alice', 'POST', '/mfa/logout'],
    ['carol', 'GET', '/mfa/code'],
    ['carol', 'POST', '/mfa/code', fields => ['code', '123456']],
    ['dave', 'GET', '/mfa/enrol'],
    ['dave', 'POST', '/mfa/enrol/scan', fields => ['code', '123456']],
    ['dave', 'POST', '/mfa/enrol/later'],
    ['erin', 'POST', '/mfa/login',
        fields => ['login', 'erin', 'password', $password]],
);


# One of @asks as MFA::Browser::together takes it.
sub _request {
    my ($self, $person, $method, $path, %opt) = @_;

    my $browser = $self->{people}{$person};
    my $fields  = delete $opt{fields};

    if ($method eq 'POST' && !defined $opt{body}) {
        $opt{body} = MFA::Browser::form(csrf => $browser->csrf,
                                        @{ $fields // [] });
    }

    return [$browser->twin, $method, $path, %opt];
}


# What is wrong with an answer given during an outage.
sub refusal {
    my ($self, $answer, $method, $page) = @_;

    my @wrong;

    push @wrong, 'status ' . $answer->status if $answer->status != 503;
    push @wrong, 'no Retry-After'
        if ($answer->header('Retry-After') // '') !~ /^[1-9]\d*$/;
    push @wrong, 'a cookie is set'
        if grep { $_ !~ /^mfa_user_login=[\w-]+;/ } $answer->headers('Set-Cookie');
    push @wrong, 'a Location' if defined $answer->location;
    push @wrong, 'the site was reached' if $answer->body =~ /reached/;

    if ($page) {
        push @wrong, 'not the page: ' . $answer->story
            if $method ne 'HEAD' && $answer->page ne 'unavailable';

    } else {
        push @wrong, 'not a problem: ' . ($answer->header('Content-Type') // '')
            if ($answer->header('Content-Type') // '')
               !~ m{^application/problem\+json};
    }

    return @wrong;
}


# Complaints about how an outage is answered, as one text.  All ask at once:
# nobody waits for another's deadline.
sub outage {
    my ($self) = @_;

    $self->{site}->forget;

    my @requests = map { $self->_request(@$_) } @asks;
    my $passerby = $self->browser;
    my $stranger = $self->browser;

    for my $request (@requests) {
        my ($browser, @request) = @$request;
        $browser->send(@request);
    }

    # These are answered although all the others wait.
    my $open   = $passerby->get('/open/x');
    my $turned = $stranger->get('/private');
    my @complaints;

    push @complaints, 'what is not gated: ' . $open->story
        if $open->status != 200 || $open->body !~ /reached/;
    push @complaints, 'a stranger: ' . $turned->story
        if $turned->status != 303
           || $turned->location ne '/mfa/login?next=/private';

    for my $i (0 .. $#asks) {
        my ($person, $method, $path, %opt) = @{ $asks[$i] };
        my $page = $path =~ m{^/mfa/}
            || ($method ne 'POST' && !$opt{headers});

        push @complaints, map { "$person $method $path: $_" }
            $self->refusal($requests[$i][0]->receive, $method, $page);
    }

    push @complaints, 'reached the site: ' . ($self->{site}->seen =~ s/\r.*//sr)
        if $self->{site}->seen =~ m{^\S+ /private}m;

    return join "\n", @complaints;
}


# Complaints about how things stand when it is over: everybody is who they were.
# Waits for the first to be let in; $seconds of that are not complained of.
sub recovery {
    my ($self, $seconds) = @_;

    my $began = time;
    my $alice = $self->{people}{alice};
    my $answer;

    do {
        $answer = $alice->twin->get('/private');
    } while ($answer->status != 200 && time - $began < 30 && sleep 0.02);

    $self->{recovered_in} = time - $began;

    my @complaints;

    push @complaints, sprintf 'not after %.1f s', $self->{recovered_in}
        if $self->{recovered_in} > ($seconds // 30);

    for my $expected (
        ['alice', 'GET', '/private', 200],
        ['bob', 'GET', '/private', 200],
        ['carol', 'GET', '/private', 303, '/mfa/code?next=/private'],
        ['dave', 'GET', '/private', 303, '/mfa/enrol?next=/private'],
        ['carol', 'POST', '/mfa/code', 401],
        ['dave', 'POST', '/mfa/enrol/scan', 401],
    ) {
        my ($person, $method, $path, $status, $location) = @$expected;
        my ($browser, @request)
            = @{ $self->_request($person, $method, $path,
                                 fields => ['code', 'x']) };

        # Only a body makes it a form.
        @request = @request[0, 1] if $method eq 'GET';
        my $story = $browser->request(@request)->story;

        push @complaints, "$person $method $path: $story"
            if $story !~ ($location ? qr/^$status \Q$location\E$/
                                    : qr/^$status\b/);
    }

    return join "\n", @complaints;
}


sub recovered_in { $_[0]{recovered_in} }


# How a type of key is read as a whole.
my %readers = (
    string => ['GET'], hash => ['HGETALL'], zset => ['ZRANGE', 0, -1,
    'WITHSCORES'],
);


sub _value {
    my ($self, $key) = @_;

    my ($command, @rest)
        = @{ $readers{ $self->redis->call('TYPE', $key) } or return '' };
    my $value = $self->redis->call($command, $key, @rest);

    return ref $value ? join ' ', sort @$value : $value;
}


# What is kept of people, to be compared with is_deeply: accounts, sessions and
# their indexes.
sub kept {
    my ($self) = @_;

    my @keys = map { @{ $self->redis->call('KEYS', $_) } }
        'mfa:session:*', 'mfa:{user}:account:*', 'mfa:{user}:sessions:*',
        'mfa:enrolment:*', 'mfa:{user}:steps', 'mfa:{user}:accounts';

    return { map { $_ => $self->_value($_) } @keys };
}


# Whether the log tells of something.  One line a second is logged of Redis, so
# it may need another try: $again, or a request of alice's.
sub told {
    my ($self, $pattern, $again) = @_;

    my $alice = $self->{people}{alice} // $self->browser;

    $again //= sub { $alice->twin->get('/private') };

    return MFA::Worker::until(sub {
        return 1 if $self->{nginx}->log =~ $pattern;
        $again->();
        return 0;
    }, 5);
}


# Stops nginx; its log must be clean, but for what a test has provoked.
sub finish {
    my ($self, $provoked) = @_;

    my @bad = grep { !$provoked || $_ !~ $provoked } $self->{nginx}->stop;

    Test::More::is(scalar @bad, 0,
        'the error log has no alert, crit, emerg or Sanitizer line')
        or Test::More::diag(join "\n", @bad);
}


1;
