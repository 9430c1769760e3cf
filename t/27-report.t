# "mfa_report on": the gate looks and stops nobody, so that a site can be watched
# before it is closed.  Fails when somebody is stopped all the same (also while
# the store is down), when what would have happened cannot be read from the log
# and $mfa_verdict, when a stranger is sent on with an identity, and when a
# location on trial opens one that is closed.

use strict;
use warnings;

use Test::More;

use MFA::Env;
use MFA::Judge;
use MFA::Nginx;
use MFA::Upstream;

my $env      = MFA::Env->start;
my $dir      = $env->dir;
my $upstream = MFA::Upstream->start($dir);
my $site     = 'http://unix:' . $upstream->socket . ':';

my $conf = $env->conf(user => 'grace 7d;') . <<'EOC';
log_format verdict '$uri $mfa_verdict $mfa_user';
server {
    listen LISTEN;
    access_log DIR/access.log verdict;
    mfa user;
    location / { proxy_pass SITE; }
    location /mfa/ { mfa_report on; mfa_pages; }
    location /trial/ {
        mfa_report on;
        proxy_pass SITE;
        location /trial/always/ { mfa user require=always; proxy_pass SITE; }
        location /trial/closed/ { mfa_report off; proxy_pass SITE; }
        location /trial/open/ { mfa off; proxy_pass SITE; }
        location /trial/return { return 200 "returned\n"; }
        location /trial/x-accel/ { proxy_pass SITE; }
        location /trial/named/ { error_page 404 = @closed; proxy_intercept_errors on; proxy_pass SITE; }
        location /trial/ssi/ { ssi on; root DIR; }
    }
    location @closed { proxy_pass SITE; }
    location /tried/ { error_page 404 = @tried; proxy_intercept_errors on; proxy_pass SITE; }
    location /ssi/ { ssi on; root DIR; }
    location /included { mfa user require=always; mfa_report on; proxy_pass SITE; }
    location /stricter/ { error_page 404 = @stricter; proxy_intercept_errors on; proxy_pass SITE; }
    location @stricter { mfa user require=always; mfa_report on; rewrite ^ /stricter? break; proxy_pass SITE; }
    location @tried { mfa_report on; rewrite ^ /tried? break; proxy_pass SITE; }
}
server {
    listen unix:DIR/inherited.sock;
    mfa user;
    mfa_report on;
    location / { proxy_pass SITE; }
    location /mfa/ { mfa_pages; }
}
EOC

mkdir $_ for "$dir/ssi", "$dir/trial", "$dir/trial/ssi";
$env->file('ssi/p.html', '<!--#include virtual="/included" -->');
$env->file('trial/ssi/p.html',
           'a<!--#include virtual="/closed" --><!--#include virtual="/trial/x" -->z');

$conf =~ s/\bSITE\b/$site/g;
$conf =~ s/\bDIR\b/$dir/g;

my $nginx = MFA::Nginx->start($dir, http => $conf);

$env->account('user', 'alice', MFA::Env::factor);
$env->account('user', 'plain');
$env->account('user', 'late', required => 1, deadline => time - 60);

my %cookie = (
    nobody => 'X-None: 1',
    half   => 'Cookie: ' . $env->cookie('user', 'alice'),
    alice  => 'Cookie: ' . $env->cookie('user', 'alice', level => 2),
    plain  => 'Cookie: ' . $env->cookie('user', 'plain'),
    late   => 'Cookie: ' . $env->cookie('user', 'late'),
);


# The lines a log has got since the last call.
my %read;

sub news {
    my ($file) = @_;
    my $text = MFA::Nginx::read_file("$dir/$file");
    my $new = substr $text, $read{$file} // 0;

    $read{$file} = length $text;

    return split /\n/, $new;
}


sub reports { return grep { /mfa: report only/ } news('error.log') }


# --- nobody is stopped, and what would have happened is said ---

for my $case ([ nobody => 'login' ], [ half => 'code' ], [ late => 'locked' ]) {
    my ($who, $verdict) = @$case;

    for my $method ('GET', 'POST', 'DELETE') {
        my $path = '/trial/' . lc "$who/$method";

        news($_) for 'access.log', 'error.log';
        my $answer = $nginx->request($method, $path, $cookie{$who},
                                     'Remote-User: forged',
                                     'Remote_Role: forged');

        is($answer->{status}, 200, "$method of $who is not stopped");
        like($answer->{body}, qr/^reached/, 'the site was asked');
        unlike($answer->{body}, qr/^Remote/mi,
               'without an identity, also a forged one (security 75)');
        unlike($answer->{body}, qr/mfa_user/, 'and without our cookie');
        is($nginx->header($answer, 'Cache-Control'), '',
           'its answer is for caches what the site says');
        my @lines = reports();
        is(scalar @lines, 1, 'one line in the error log');
        like($lines[0], qr/\[warn\].*mfa: report only: $verdict for portal "user"/,
             "it says $verdict and the portal");
        my ($access) = grep { m{^\Q$path\E } } news('access.log');
        like($access, qr/ $verdict /, "\$mfa_verdict is $verdict");
    }
}

news('error.log');
my $answer = $nginx->get('/trial/x', $cookie{alice}, 'Remote-User: forged');
is($answer->{status}, 200, 'who is allowed passes');
is(join(',', $answer->{body} =~ /^Remote-User: (\S+)\r$/mg), 'alice',
   'with the identity that was proved, and with that alone');
is(scalar reports(), 0, 'and nothing is reported');

is($nginx->get('/trial/return')->{body}, "returned\n",
   'an answer made before the gate passes the backstop');
is($nginx->get('/trial/always/x', $cookie{late})->{status}, 200,
   'a rule of its own is on trial like the rest');
is($nginx->get('/trial/x', 'Accept: text/html')->{status}, 200,
   'a navigation is led nowhere');
is($nginx->get('/trial/open/x')->{status}, 200, '"mfa off" is off');
is(scalar(grep { m{ off } } news('access.log')), 1, 'and $mfa_verdict off');

for my $path ('/trial/closed/x', '/closed', '/') {
    is($nginx->get($path)->{status}, 401, "$path: nothing is on trial there");
}

is($nginx->get('/mfa/security', 'Accept: text/html')->{status}, 303,
   'pages are pages, on trial or not');


# --- the neighbours are as closed as before ---

$answer = $nginx->get('/trial/x-accel/?head=X-Accel-Redirect:%20/closed');
is($answer->{status}, 401, 'a redirect inside into a closed place is stopped');

$answer = $nginx->get('/trial/named/x?status=404');
is($answer->{status}, 401, 'and so is an error page in a closed place');

$upstream->forget;
$answer = $nginx->get('/trial/ssi/p.html');
is($answer->{status}, 200, 'a page with includes is shown');
like($answer->{body}, qr/\ba\r?\n.*reached.*\bz\r?\n/s, 'with what is on trial');
is(scalar(() = $answer->{body} =~ /reached/g), 1,
   'and without what is closed (security 57)');
unlike($upstream->seen, qr{ /closed }, 'which was not even asked for');

# From a closed place, where an identity was proved, into one on trial: it is
# still proved there.
$answer = $nginx->get('/tried/x?status=404', $cookie{alice});
like($answer->{body}, qr/^Remote-User: alice\r$/m,
     'an error page on trial gets the identity of the same session');

for my $path ('/stricter/x?status=404', '/ssi/p.html') {
    $answer = $nginx->get($path, $cookie{plain});
    like($answer->{body}, qr{reached\nGET /(?:stricter|included) },
         "$path: one with a stricter rule stops nobody either");
    unlike($answer->{body}, qr/^Remote/mi,
           'but what was proved for a lesser rule goes no further');
}


# --- the server's own line is inherited ---

my $inherited = do {
    local $nginx->{socket} = "$dir/inherited.sock";
    $nginx->get('/x');
};
is($inherited->{status}, 200, 'a whole server is on trial');


# --- the store is down ---

$env->redis->stop;
news($_) for 'access.log', 'error.log';

$answer = $nginx->get('/trial/down', $cookie{alice});
is($answer->{status}, 200, 'without the store nobody is stopped');
unlike($answer->{body}, qr/^Remote/mi, 'and nobody is sent on as somebody');
like((reports())[0], qr/report only: unavailable for portal "user"/,
     'the log says so');
like((news('access.log'))[0], qr{^/trial/down unavailable }, '$mfa_verdict too');
is($nginx->get('/closed', $cookie{alice})->{status}, 503,
   'a closed place is closed');

is(join("\n", $nginx->stop), '', 'the log is clean');


# --- the directive ---

my $judge = MFA::Judge->new($env);

$judge->accepted('mfa_report in http, server and location',
    http => 'mfa_report on;', server => "mfa user; mfa_report off;\n"
        . "location /mfa/ { mfa_pages; }\nlocation /x { mfa_report on; }");
$judge->refused('mfa_report twice', '"mfa_report" directive is duplicate',
                http => "mfa_report on; mfa_report on; # HERE");
$judge->refused('mfa_report with another word', 'invalid value "maybe"',
                http => "mfa_report maybe; # HERE");

done_testing;
