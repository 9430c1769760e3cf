#!/usr/bin/perl

# mfa_status: what three workers have counted together, and whether Redis answers
# now (features 100-12, 100-09).  The numbers are those of what was done, outlive
# workers and reloads, and name nobody.
#
# When this fails, an admin is told of an outage late or of none, a dashboard shows
# the share of one worker, a reload begins at zero, or the page tells who is there.

use strict;
use warnings;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';

use JSON::PP qw(decode_json);
use Test::More;
use Time::HiRes qw(sleep time);

use MFA::Journey;
use MFA::Outage;
use MFA::Worker;

my $stage = MFA::Outage->new(
    workers => 3, cache => 'entries=1000', without => 1, args => 'timeout=1s',
    locations => 'location = /status { mfa off; mfa_status; }
        location = /gated { mfa_status; }
        location = /limited { mfa off; mfa_status; limit_except GET { deny all; } }
        location /report/ { mfa_report on; empty_gif; }
        location /always/ { mfa user require=always; empty_gif; }
    ');
my $nginx = $stage->nginx;


# Every line of the exposition format, or death: name{labels} => value.
sub parse {
    my ($text) = @_;
    my (%value, %type, %help, $family);

    $text =~ /\n\z/ or die 'the last line does not end';

    for my $line (split /\n/, $text) {
        if ($line =~ /^# HELP (\w+) (\S.*)$/) {
            die "HELP twice: $line" if $help{$1}++;
            next;
        }

        if ($line =~ /^# TYPE (\w+) (counter|gauge|histogram)$/) {
            die "TYPE without HELP or twice: $line" if !$help{$1} || $type{$1};
            $family = $1;
            $type{$1} = $2;
            die "a counter's name: $line" if ($2 eq 'counter') != ($1 =~ /_total$/);
            next;
        }

        my ($name, $labels, $value) = $line =~ /^([a-z_]+)(\{.*\})? (-?[0-9.]+)$/
            or die "no sample: $line";

        !defined $labels || $labels =~
            /^\{(?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*"(?:,(?!\})|(?=\})))+\}$/
            or die "labels: $line";
        my $bare = $type{ $family // '' } eq 'histogram'
            ? $name =~ s/_(?:bucket|sum|count)$//r : $name;
        die "a sample outside of its family: $line" if $bare ne $family;

        my $key = $name . ($labels // '');
        die "twice: $line" if exists $value{$key};
        $value{$key} = $value;
    }

    return \%value;
}


sub scrape { parse($nginx->get('/status')->{body}) }
sub json   { decode_json($nginx->get('/status?format=json')->{body}) }


sub verdict {
    my ($value, $verdict, $report) = @_;

    return $value->{'mfa_verdicts_total{portal="user",verdict="' . $verdict
        . '",report="' . ($report // 0) . '"}'};
}


sub attempt {
    my ($value, $kind, $result) = @_;

    return $value->{qq(mfa_attempts_total{portal="user",kind="$kind",result="$result"})};
}


# Workers tell of their caches now and then.
sub comes_true {
    my ($sub) = @_;

    return MFA::Worker::until($sub, 10);
}


# --- nothing yet ---

my $answer = $nginx->get('/status');
my $value  = parse($answer->{body});

is($answer->{status}, 200, 'a scrape is answered');
is($nginx->header($answer, 'Content-Type'),
   'text/plain; version=0.0.4; charset=utf-8', 'as Prometheus wants it');
is($nginx->header($answer, 'Cache-Control'), 'no-store', 'and nobody stores it');
is($value->{mfa_store_up}, 1, 'Redis is there');
cmp_ok(abs $value->{mfa_clock_skew_seconds}, '<', 2, 'and has the same time');
like(join(' ', keys %$value), qr/mfa_build_info\{version="\d[^"]*"\}/,
     'the version is told');
is(verdict($value, $_), 0, "nobody was told $_ yet")
    for qw(allow login code enrol blocked locked unavailable);


# --- what was done is what is counted ---

$stage->account('alice');
$stage->account('bob', MFA::Env::factor());
$stage->account('lena', required => 1, deadline => int(time) - 60);
$stage->account('erin');

my $canary = 'Canary-7c1';
my %cookie = (
    alice => 'Cookie: ' . $stage->env->cookie('user', 'alice',
                                              address => '192.0.2.77'),
    bob   => 'Cookie: ' . $stage->env->cookie('user', 'bob'),
    lena  => 'Cookie: ' . $stage->env->cookie('user', 'lena'),
);

# In connections that the kernel gives to any of the workers.
sub repeat {
    my ($n, $path, @headers) = @_;

    $nginx->get($path, @headers) for 1 .. $n;
}

repeat(40, '/x', $cookie{alice});
repeat(7, "/x?$canary", "User-Agent: $canary");
repeat(6, '/x', $cookie{bob});
repeat(5, '/always/x', $cookie{alice});
repeat(4, '/x', $cookie{lena});
repeat(3, '/report/x');
repeat(2, '/report/x', $cookie{alice});

$value = scrape();
is(verdict($value, 'allow'), 40, '40 let through');
is(verdict($value, 'login'), 7, '7 strangers');
is(verdict($value, 'code'), 6, '6 without their code');
is(verdict($value, 'enrol'), 5, '5 who have to set up');
is(verdict($value, 'locked'), 4, '4 locked out');
is(verdict($value, 'login', 1), 3, '3 who would not have been let through (100-09)');
is(verdict($value, 'allow', 1), 2, '2 who would have been');
is(verdict($value, 'unavailable'), 0, 'and no others');

my $cached = comes_true(sub {
    $value = scrape();
    # Each with a session was looked for: 40 + 6 + 5 + 4 + 2.
    return $value->{mfa_cache_hits_total} + $value->{mfa_cache_misses_total}
        + $value->{mfa_cache_bypassed_total} == 57;
});
ok($cached, 'every look into a cache is a hit, a miss or passed by')
    or diag(join "\n", map { "$_ $value->{$_}" } grep { /cache/ } sort keys %$value);
cmp_ok($value->{mfa_cache_hits_total}, '>', 0, 'some were hits');
cmp_ok($value->{mfa_cache_open}, '>=', 1, 'of caches that are open');
cmp_ok($value->{mfa_cache_entries}, '>=', 2, 'and hold something');
cmp_ok($value->{mfa_store_connects_total}, '>=', 2, 'connections are counted');
is($value->{mfa_store_call_seconds_count},
   $value->{'mfa_store_call_seconds_bucket{le="+Inf"}'},
   'the last bucket of a histogram has all');
is($value->{mfa_store_call_seconds_count},
   $value->{'mfa_store_calls_total{result="ok"}'}
   + $value->{'mfa_store_calls_total{result="failed"}'},
   'each call to Redis was timed');
cmp_ok($value->{mfa_store_call_seconds_sum}, '>', 0, 'and took a moment');

my $told = $value->{mfa_cache_invalidations_total};
$stage->redis->call('HSET', 'mfa:{user}:account:alice', 'note', 'x');
ok(comes_true(sub { scrape()->{mfa_cache_invalidations_total} > $told }),
   'what Redis tells of is counted');

my $erin = $stage->browser;

for my $password ('wrong', 'wrong', $stage->password) {
    $erin->get('/mfa/login');
    $erin->post('/mfa/login', [csrf => $erin->csrf, login => 'erin',
                               password => $password]);
}

my $scan = $erin->get('/mfa/enrol/scan');
my $key  = $scan->key;
$scan = $erin->post('/mfa/enrol/scan', [csrf => $erin->csrf, code => '12']);
$erin->post('/mfa/enrol/scan',
            [csrf => $erin->csrf, code => MFA::Journey::totp($key)]);

$value = scrape();
is(attempt($value, 'password', 'refused'), 2, 'two wrong passwords');
is(attempt($value, 'password', 'done'), 1, 'and the right one');
is(attempt($value, 'enrol', 'refused'), 1, 'a wrong first code');
is(attempt($value, 'enrol', 'done'), 1, 'and the right one');
is(attempt($value, 'code', 'done'), 0, 'looking at a page is no attempt');
is($value->{mfa_hash_seconds_count}, 3, 'three passwords were hashed');
is($value->{mfa_hash_running}, 0, 'and none is any more');

my $json = json();
is($json->{status}, 'ok', 'JSON says that all is well');
is($json->{portals}{user}{verdicts}{allow}, 40, 'and the same numbers');
is($json->{portals}{user}{reported}{login}, 3, 'of report mode as well');
is($json->{portals}{user}{attempts}{password}{refused}, 2, 'and of attempts');


# --- how it is asked ---

$answer = $nginx->request('HEAD', '/status');
is($answer->{status}, 200, 'HEAD is answered');
is($answer->{body}, '', 'without a body');
like($nginx->header($answer, 'Content-Length'), qr/^[1-9]/, 'but its length');
$answer = $nginx->request('POST', '/status', 'Content-Length: 0');
is($answer->{status}, 405, 'POST is not');
is($nginx->header($answer, 'Allow'), 'GET, HEAD', 'and told what is');
is($nginx->get('/status?format=xml')->{status}, 400, 'formats there are two of');
is($nginx->get('/status?format=')->{status}, 400, 'an empty one is none');
is($nginx->get('/status?format=prometheus')->{status}, 200, 'by its name');
is($nginx->get('/gated')->{status}, 401, 'behind a gate it is gated');
$answer = $nginx->get('/gated', $cookie{alice});
is($answer->{status}, 200, 'for who may pass');
like($answer->{body}, qr/^mfa_store_up 1$/m, 'it is there');
is($nginx->request('POST', '/limited')->{status}, 403,
   'limit_except keeps others out');
like($nginx->get('/limited')->{body}, qr/^mfa_store_up 1$/m,
     'and leaves it to the rest');

my $whole = join '', map { $_->{raw} }
    map { $nginx->get($_) } '/status', '/status?format=json';
unlike($whole, qr/alice|bob|lena|erin|192\.0\.2\.77|\Q$canary\E|\Q$key\E/,
       'no login, no address, nothing that somebody sent is in it');
unlike($whole, qr/\Q$MFA::Env::KEY_TEXT\E|mfa:/, 'no key either');


# --- what it outlives ---

my $allowed = verdict(scrape(), 'allow');
my %old = map { $_ => 1 } MFA::Worker::of($nginx->pid);

kill HUP => $nginx->pid;
ok(comes_true(sub {
    my @now = MFA::Worker::of($nginx->pid);
    return @now == 3 && !grep { $old{$_} } @now;
}), 'nginx is reloaded');
is(verdict(scrape(), 'allow'), $allowed, 'the numbers go on from where they were');
repeat(5, '/x', $cookie{alice});
is(verdict(scrape(), 'allow'), $allowed + 5, 'and on');

my @workers = MFA::Worker::of($nginx->pid);
kill KILL => @workers;
ok(comes_true(sub {
    my @now = MFA::Worker::of($nginx->pid);
    return @now == 3 && !grep { my $pid = $_; grep { $_ == $pid } @workers } @now;
}), 'all workers are killed, and there are others');
$value = scrape();
is(verdict($value, 'allow'), $allowed + 5, 'what was counted stays');
is($value->{mfa_cache_open}, 0, 'what went with the workers is gone');


# --- the truth about Redis ---

for my $how (qw(freeze stop)) {
    $stage->redis->$how;

    my $began = time;
    $answer = $nginx->get('/status');
    cmp_ok(time - $began, '<', 5, "$how: the answer comes within the timeout");
    is($answer->{status}, 200, "$how: Prometheus is answered");
    $value = parse($answer->{body});
    is($value->{mfa_store_up}, 0, "$how: and told that Redis is not there");
    ok(!exists $value->{mfa_clock_skew_seconds}, "$how: nor its clock");
    cmp_ok($value->{'mfa_store_calls_total{result="failed"}'}, '>', 0,
           "$how: calls have failed");

    $answer = $nginx->get('/status?format=json');
    is($answer->{status}, 503, "$how: JSON for a health check says so, too");
    is(decode_json($answer->{body})->{status}, 'unavailable', "$how: in words");
    is($nginx->get('/open/x')->{status}, 200, "$how: the rest goes on");
    is($nginx->get('/x', $cookie{bob})->{status}, 503, "$how: the gate is shut");
    cmp_ok(verdict(scrape(), 'unavailable'), '>', 0, "$how: and that is counted");

    $stage->redis->thaw if $how eq 'freeze';
    $stage->redis->restart if $how eq 'stop';
    ok(comes_true(sub { scrape()->{mfa_store_up} }), "$how: it is back");
}

$stage->finish(qr{exited on signal 9});

done_testing;
