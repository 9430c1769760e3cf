# Who may pass: sessions and accounts of every kind, put into Redis with the times
# the test wants, against every rule a location can have.  Fails when a session
# outlives its record's times (security 31), when a damaged record or a half-lost
# factor reads as harmless (21, 30), and when a rule asks for too little.
#
# t/unit/test_policy.c tries every row of the verdict table; here the table is
# seen from outside, with the answers people get.

use strict;
use warnings;

use Test::More;

use MFA::Env;
use MFA::Nginx;
use MFA::Upstream;

my $env      = MFA::Env->start;
my $upstream = MFA::Upstream->start($env->dir);
my $site     = 'http://unix:' . $upstream->socket . ':';

my $conf = $env->conf(
    user  => 'grace 7d; session idle=30m absolute=12h half=10m;',
    short => 'session idle=60s absolute=10m; pages /short/;',
    all   => 'require all; grace 7d; pages /all/;',
    now   => 'require all; grace 0; pages /now/;',
    since => 'require new_since=2026-01-01; pages /since/;',
) . <<'EOC';
server {
    listen LISTEN;
    mfa user;
    location / { proxy_pass SITE; }
    location /mfa/ { mfa_pages; }
    location /password/  { mfa user require=password;  proxy_pass SITE; }
    location /always/    { mfa user require=always;    proxy_pass SITE; }
    location /validated/ { mfa user require=validated; proxy_pass SITE; }
    location /fresh/     { mfa user fresh=60s;         proxy_pass SITE; }
    location /strict/    { mfa user require=always fresh=60s; proxy_pass SITE; }
    location /short/ { mfa short; mfa_pages; }
    location /all/   { mfa all;   mfa_pages; }
    location /now/   { mfa now;   mfa_pages; }
    location /since/ { mfa since; mfa_pages; }
    location /p/short { mfa short; proxy_pass SITE; }
    location /p/all   { mfa all;   proxy_pass SITE; }
    location /p/now   { mfa now;   proxy_pass SITE; }
    location /p/since { mfa since; proxy_pass SITE; }
}
EOC

$conf =~ s/\bSITE\b/$site/g;

my $nginx = MFA::Nginx->start($env->dir, http => $conf);
my $now   = time;
my %pages = (user => '/mfa/', map { $_ => "/$_/" } qw(short all now since));

# What an answer says: "allow", or the page a navigation is sent to.
sub verdict {
    my ($path, $cookie, $portal) = @_;

    my $answer = $nginx->get($path, "Cookie: $cookie", 'Accept: text/html');

    return 'allow' if $answer->{status} == 200 && $answer->{body} =~ /^reached/;
    return 'unavailable' if $answer->{status} == 503;

    my $location = $nginx->header($answer, 'Location');
    my $pages    = $pages{ $portal // 'user' };

    return $answer->{status} == 303
        && $location =~ /^\Q$pages\E([a-z]+)\?next=/
        ? $1 : "$answer->{status} $location";
}


# And to anything else: its status and the page it names.
sub status {
    my ($path, $cookie) = @_;

    my $answer = $nginx->get($path, "Cookie: $cookie");
    my ($page) = $answer->{body} =~ /"page":"([^"]*)"/;

    return $answer->{status} . (defined $page ? " $page" : '');
}


# --- an account without a factor that needs none ---

$env->account('user', 'free');
my $free = $env->cookie('user', 'free');

is(verdict('/x', $free), 'allow', 'who needs no second factor passes by password');
is(verdict('/password/', $free), 'allow', 'also where a password is enough');
is(verdict('/validated/', $free), 'allow', 'also where validated keys are asked');
is(verdict('/fresh/', $free), 'allow', 'there is no code that could be too old');
is(verdict('/always/', $free), 'enrol', 'but not where a code is always asked');
is(status('/always/', $free), '401 /mfa/enrol', 'a script is told the page');


# --- enrolled ---

$env->account('user', 'enrolled', MFA::Env::factor);
$env->account('user', 'valid', MFA::Env::validated_factor);

for my $who ('enrolled', 'valid') {
    my $half = $env->cookie('user', $who);
    my $full = $env->cookie('user', $who, level => 2);
    my $old  = $env->cookie('user', $who, level => 2, code_at => $now - 61);

    is(verdict('/x', $half), 'code', "$who: a password alone is not enough (security 28)");
    is(status('/x', $half), '401 /mfa/code', "$who: a script is told so");
    is(verdict('/always/', $half), 'code', "$who: nor where a code is always asked");
    is(verdict('/fresh/', $half), 'code', "$who: nor where a fresh code is asked");
    is(verdict('/password/', $half), 'allow', "$who: but where a password suffices");
    is(verdict('/validated/', $half), $who eq 'valid' ? 'code' : 'allow',
       "$who: a place for validated keys asks those who have one");

    is(verdict($_, $full), 'allow', "$who: a code opens $_")
        for '/x', '/always/', '/fresh/', '/strict/', '/validated/', '/password/';

    is(verdict('/fresh/', $old), 'code', "$who: an old code does not open /fresh/");
    is(verdict('/strict/', $old), 'code', "$who: nor /strict/");
    is(verdict('/x', $old), 'allow', "$who: but the rest");
}

is(verdict('/x', $env->cookie('user', 'enrolled', password_at => $now - 601)),
   'login', 'a password waits ten minutes for its code');
is(verdict('/password/', $env->cookie('user', 'enrolled', password_at => $now - 601)),
   'login', 'also where a password is enough');

my $replaced = $env->account('user', 'replaced',
    MFA::Env::factor(validated => 'BBBBBBBBBBB'));

is(verdict('/validated/', $env->cookie('user', 'replaced')), 'allow',
   'a key that replaced a validated one is not validated');


# --- required, in grace and after it ---

$env->account('user', 'grace', required => 1, deadline => $now + 1000);
$env->account('user', 'late',  required => 1, deadline => $now - 1);
$env->account('user', 'once',  required => 1, deadline => 0);
$env->account('user', 'done',  MFA::Env::factor(required => 1, deadline => $now - 1));

my $grace = $env->cookie('user', 'grace');
my $put   = $env->cookie('user', 'grace', later => 1);
my $late  = $env->cookie('user', 'late', later => 1);

is(verdict('/x', $grace), 'enrol', 'in grace the set-up is offered first');
is(status('/x', $grace), '401 /mfa/enrol', 'a script is told so');
is(verdict('/x', $put), 'allow', 'who put it off in this session passes');
is(verdict('/always/', $put), 'enrol', 'but not where a code is always asked');
is(verdict('/x', $late), 'locked', 'after the deadline the account is locked out');
is(status('/x', $late), '403 /mfa/locked', 'for scripts, too');
is($nginx->request('POST', '/x', "Cookie: $late", 'Content-Length: 0')->{status},
   403, 'and for every method');
is(verdict('/always/', $late), 'locked', 'wherever a code could be asked');
is(verdict('/password/', $late), 'allow', 'a place for passwords stays open');
is(verdict('/x', $env->cookie('user', 'once', later => 1)), 'enrol',
   'a set-up that is due at once cannot be put off');
is(verdict('/x', $env->cookie('user', 'done', level => 2)), 'allow',
   'who is enrolled has no deadline');


# --- requirements of the portal ---

$env->account('all', 'new', created => $now);
my $met = verdict('/p/all', $env->cookie('all', 'new'), 'all');
my $deadline = $env->redis->call('HGET', 'mfa:{all}:account:new', 'deadline');

is($met, 'enrol', 'a portal that requires all of them asks for the set-up');
ok($deadline >= $now + 7 * 86400 && $deadline <= time + 7 * 86400,
   'and its grace begins when it meets the account');

$env->redis->call('HSET', 'mfa:{all}:account:new', 'deadline', $now - 5);
is(verdict('/p/all', $env->cookie('all', 'new'), 'all'), 'locked',
   'a deadline in the past locks');
is($env->redis->call('HGET', 'mfa:{all}:account:new', 'deadline'), $now - 5,
   'and is never set anew (security 84)');

$env->account('now', 'new');
is(verdict('/p/now', $env->cookie('now', 'new', later => 1), 'now'), 'enrol',
   'with grace 0 it is due at the first request');
is(verdict('/p/now', $env->cookie('now', 'new', later => 1), 'now'), 'enrol',
   'and at the second');

$env->account('since', 'old', created => 1767225599);
$env->account('since', 'new', created => 1767225600);
is(verdict('/p/since', $env->cookie('since', 'old'), 'since'), 'allow',
   'new_since leaves older accounts alone');
is(verdict('/p/since', $env->cookie('since', 'new'), 'since'), 'enrol',
   'and asks those made since');


# --- times of the record ---

for my $case ([ 'idle for 30 minutes',  seen => $now - 1801 ],
              [ 'begun 12 hours ago',   created => $now - 43201 ],
              [ 'past its end',         expires => $now - 1 ],
              [ 'ends now',             expires => $now ],
              [ 'of the year 1970',     created => 0, seen => 0 ])
{
    my ($what, %fact) = @$case;

    for my $ttl (1000, 0) {
        my $cookie = $env->cookie('user', 'free', ttl => $ttl, %fact);

        is(verdict('/x', $cookie), 'login',
           "a session $what is over, whatever its key's life (security 31)");
    }
}

for my $case ([ 'idle for 29 minutes', seen => $now - 1700 ],
              [ 'begun 11 hours ago',  created => $now - 43000 ],
              [ 'near its end',        expires => $now + 60 ])
{
    my ($what, %fact) = @$case;

    is(verdict('/x', $env->cookie('user', 'free', %fact)), 'allow',
       "a session $what still counts");
}

$env->account('short', 'free');
is(verdict('/p/short', $env->cookie('short', 'free', seen => $now - 61), 'short'),
   'login', 'the portal\'s idle time counts for open sessions');
is(verdict('/p/short', $env->cookie('short', 'free', created => $now - 601), 'short'),
   'login', 'and its absolute time');

my $touched = $env->cookie('user', 'free', seen => $now - 300, created => $now - 300);
is(verdict('/x', $touched), 'allow', 'a session that was idle for a while passes');
my ($touch, $tries);
do {
    $touch = MFA::Record::decode($env->redis->call('GET',
                 $env->session_key($touched)))->{seen};
    select undef, undef, undef, 0.05;
} until $touch >= $now || $tries++ > 100;
ok($touch >= $now, 'and is marked as seen now (security 32)');
is(MFA::Record::decode($env->redis->call('GET',
       $env->session_key($touched)))->{created},
   $now - 300, 'its beginning stays (security 32)');


# --- generation, portal, record ---

is(verdict('/x', $env->cookie('user', 'free', generation => 0)), 'login',
   'a session of an older generation is over (security 33)');
is(verdict('/x', $env->cookie('user', 'free', generation => 2)), 'login',
   'so is one of a newer generation');

my $valid = $env->cookie('user', 'free');
is(verdict('/x', $valid), 'allow', 'a session passes');
$env->redis->call('HINCRBY', 'mfa:{user}:account:free', 'generation', 1);
is(verdict('/x', $valid), 'login',
   'until the account\'s generation is raised: at the very next request (security 33)');
$env->redis->call('HINCRBY', 'mfa:{user}:account:free', 'generation', -1);
is(verdict('/x', $valid), 'allow', 'nothing of it was kept in nginx');
$env->redis->call('HSET', 'mfa:{user}:account:free', 'disabled', 1);
is(verdict('/x', $valid), 'blocked', 'a disabled account is blocked at once (security 33)');
is(status('/x', $valid), '403 /mfa/blocked', 'for scripts, too');
is(verdict('/password/', $valid), 'blocked', 'wherever it goes');
$env->redis->call('HDEL', 'mfa:{user}:account:free', 'disabled');
is(verdict('/x', $valid), 'allow', 'and free again when it is enabled');
$env->redis->call('DEL', $env->session_key($valid));
is(verdict('/x', $valid), 'login', 'a session that was ended is over at once (security 33)');

my $orphan = $env->cookie('user', 'gone');
is(verdict('/x', $orphan), 'blocked', 'an account that is gone is blocked');

my %record = (portal => 'user', login => 'free', generation => 1, level => 1,
              created => $now, expires => $now + 1000, seen => $now,
              password_at => $now, code_at => 0, later => 0,
              address => '127.0.0.1', agent => 'test');
my $id   = 'r' x 32;
my $hash = MFA::Record::hash_of($id);

sub with_record {
    return MFA::Record::encode({ %record, hash => $hash, @_ });
}


is(verdict('/x', $env->cookie('user', 'free', id => $id, record => with_record())),
   'allow', 'the record the next tests damage is good');

my $alarm = qr/a session record is damaged or of another portal/;
my $seen  = () = $nginx->log =~ /$alarm/g;

# What stands behind the login: numbers of 1 and 4 bytes, and more.
sub with_numbers {
    my ($from, $to) = @_;

    return with_record() =~ s/free\K\x41(..)\x01/$from$1$to/sr;
}


for my $case ([ 'of another session',     with_record(hash => 'A' x 32) ],
              [ 'without its hash',       substr(with_record(), 0, 2)
                                          . substr(with_record(), 8) ],
              [ 'of another portal',      with_record(portal => 'admin') ],
              [ 'without a portal',       with_record() =~ s/user//r ],
              [ 'of a newer format',      with_record(format => 3) ],
              [ 'of no format',           substr(with_record(), 1) ],
              [ 'of an older format',     join "\t", 1, $hash, 'user', 'free', 1,
                                          1, $now, $now + 1000, $now, $now, 0,
                                          0, '127.0.0.1', 'test' ],
              [ 'without a login',        with_record(login => '') ],
              [ 'with an odd login',      with_record(login => 'Free') ],
              [ 'with a key in the login', with_record(login => "x\r\nDEL") ],
              [ 'of level 0',             with_record(level => 0) ],
              [ 'of level 3',             with_record(level => 3) ],
              [ 'with a huge number',     with_numbers("\x47", "\x01" . "\0" x 5 . ' ') ],
              [ 'with a negative number', with_numbers("\x49", "\x01") ],
              [ 'with a negative time',   with_record(seen => -1) ],
              [ 'with a number in two bytes that needs one',
                with_numbers("\x42", "\x01\0") ],
              [ 'with a byte too many',   with_record() . "\0" ],
              [ 'with a byte too few',    substr with_record(), 0, -1 ],
              [ 'of 64 kilobytes',        with_record() . 'x' x 65536 ],
              [ 'of garbage',             "\0\xff\n" ])
{
    my ($what, $record) = @$case;
    my $cookie = $env->cookie('user', 'free', id => $id, record => $record);

    is(verdict('/x', $cookie), 'login', "a record $what opens nothing (security 30)");
    is(() = $nginx->log =~ /$alarm/g, ++$seen, "and the log has the alarm: $what");
}

$env->redis->call('DEL', $env->session_key(MFA::Env::token($id, 'free')));
$env->redis->call('HSET', $env->session_key(MFA::Env::token($id, 'free')), 'a', 1);
is(verdict('/x', 'mfa_user=' . MFA::Env::token($id, 'free')), 'unavailable',
   'a key of another type is no answer at all');


# --- factor data that contradicts itself (security 21) ---

my $fault = qr/factor data of an account is missing or unreadable/;
my %whole = (MFA::Env::factor);

for my $case ([ 'without its secret',       secret => undef ],
              [ 'with an empty secret',     secret => '' ],
              [ 'without the secret\'s id', secret_id => undef ],
              [ 'with a secret but not enrolled', enrolled => undef ],
              [ 'with a word as enrolment', enrolled => 'yes' ],
              [ 'with a word as deadline',  deadline => 'soon' ],
              [ 'with a negative number',   required => -1 ],
              [ 'with a word as generation', generation => 'x' ])
{
    my ($what, $field, $value) = @$case;
    my %account = (%whole, defined $value ? ($field => $value) : ());
    delete $account{$field} unless defined $value;

    $env->account('user', 'broken', %account);
    my $before = () = $nginx->log =~ /$fault/g;

    for my $level (1, 2) {
        my $cookie = $env->cookie('user', 'broken', level => $level,
                                  generation => $field eq 'generation' ? 0 : 1);

        is(verdict('/x', $cookie), 'blocked',
           "an account $what is blocked at level $level (security 21)");
        is(verdict('/password/', $cookie), 'blocked',
           "also where a password is enough: $what");
    }

    is(() = $nginx->log =~ /$fault/g, $before + 4, "and the log has the alarm: $what");
}

$env->redis->call('DEL', 'mfa:{user}:account:broken');
$env->redis->call('SET', 'mfa:{user}:account:broken', 'text');
is(verdict('/x', $env->cookie('user', 'broken')), 'unavailable',
   'an account key of another type is no answer at all');

is(join("\n", $nginx->stop), '', 'the error log is clean');

done_testing;
