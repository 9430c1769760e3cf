#!/usr/bin/perl

# The files below examples/ are what people copy.  Each configuration must be
# one that nginx takes, and the demo must do what it prints: start, gate, let in
# with the key it names, start again without forgetting, and leave nothing
# behind.  Fails when a directive is renamed, when an example is added that
# nobody tries, and when demo.sh breaks.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Copy qw(copy);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use LWP::UserAgent;
use POSIX ();
use Test::More;

my $root  = dirname(dirname(abs_path(__FILE__)));
my $build = $ENV{MFA_BUILD} || "$root/build";
my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';
my $load  = $ENV{TEST_NGINX_LOAD_MODULES} // "$build/ngx_http_mfa_module.so";
my $demo  = "$root/examples/quickstart/demo.sh";

# A socket's path may be 107 bytes long, and a build folder's more.
my $scratch = tempdir('mfa-examples-XXXXXX', TMPDIR => 1, CLEANUP => 1);

my %tried;

umask 077;


sub slurp {
    my ($file) = @_;

    open my $in, '<:raw', $file or return '';
    local $/;
    my $text = <$in>;

    return defined $text ? $text : '';
}


sub spew {
    my ($file, $text) = @_;

    open my $out, '>:raw', $file or die "$file: $!";
    print $out $text;
    close $out or die "$file: $!";
}


# Standard output and error of a command, and whether it succeeded.
sub run {
    my ($command) = @_;
    my $said = `($command) 2>&1`;

    return ($? == 0, $said);
}


sub free_port {
    my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1)
        or die "no port: $!";

    return $socket->sockport;
}


# An example as it is, but for what it takes from its surroundings.
sub example {
    my ($name) = @_;
    my $text = slurp("$root/examples/$name");

    $tried{$name} = 1;
    $text =~ s{/etc/nginx/mfa/keys}{keys};
    $text =~ s{unix:/run/nginx-mfa/}{unix:$scratch/};
    $text =~ s/^load_module.*/$load ? "load_module $load;" : ''/me;
    $text =~ s/(listen\s+)(?:127\.0\.0\.1:)?\d+( ssl)?;/
               $1 . '127.0.0.1:' . free_port() . ($2 || '') . ';'/gex;

    return $text;
}


# What the examples expect to be there.
sub place {
    my ($name, @files) = @_;
    my $dir = "$scratch/$name";

    mkdir $dir or die "$dir: $!";
    mkdir "$dir/logs";                 # where an nginx built by hand writes
    symlink "$root/lua-free-templates", "$dir/templates";

    for my $file (@files) {
        my ($base) = $file =~ m{([^/]+)$};
        spew("$dir/$base", example($file));
    }

    my ($ok, $said) = run("$build/mfactl -c $dir/mfa.conf keys new");
    ok($ok, "$name: mfactl reads mfa.conf and makes its key ring") or diag $said;

    return $dir;
}


sub takes {
    my ($title, $dir) = @_;
    my ($ok, $said) = run("$nginx -t -p $dir/ -c $dir/nginx.conf -e error.log");

    ok($ok, "$title: nginx takes it") or diag $said;
    unlike($said, qr/\[(?:warn|alert|crit|emerg)\]/,
           "$title: and has nothing to remark");
}


takes('quickstart', place('quickstart',
    map { "quickstart/$_" } qw(nginx.conf mfa.conf sites.conf)));

my $tls = place('tls', 'tls/nginx.conf', 'tls/mfa.conf',
                'quickstart/sites.conf');
my ($made, $why) = run("$root/examples/tls/certificate.sh $tls");
ok($made, 'tls: certificate.sh makes a certificate') or diag $why;
is((stat "$tls/portal.key")[2] & 077, 0, 'tls: the key is for nobody else');

my $pem = slurp("$tls/portal.pem");
run("$root/examples/tls/certificate.sh $tls");
is(slurp("$tls/portal.pem"), $pem, 'tls: a certificate that is good is kept');
takes('tls', $tls);

for my $site (qw(grafana gitea php)) {
    my $dir = place($site, 'existing-portals/mfa.conf',
                    "existing-portals/$site.conf");
    my ($names) = slurp("$dir/$site.conf") =~ m{tls/(\w+)\.pem};

    mkdir "$dir/tls";
    copy("$tls/portal.$_", "$dir/tls/$names.$_") for qw(pem key);
    copy('/etc/nginx/fastcgi_params', $dir);

    my $module = $load ? "load_module $load;" : '';

    spew("$dir/mfa.conf", "mfa_templates templates;\n" . slurp("$dir/mfa.conf"));
    spew("$dir/nginx.conf", "$module\npid nginx.pid;\nevents { }\nhttp {\n"
        . "    include mfa.conf;\n    include $site.conf;\n}\n");
    takes("existing-portals/$site", $dir);
}

# Two nginx: the front has no module, so what it says of itself is all it needs.
my $asked = place('forward-auth', map { "forward-auth/$_" }
                                      qw(mfa.conf auth.conf front.conf));
spew("$asked/mfa.conf", "mfa_templates templates;\n" . slurp("$asked/mfa.conf"));

for my $name (qw(auth front)) {
    copy("$asked/$name.conf", "$asked/nginx.conf");
    takes("forward-auth/$name", $asked);
}

my $rules = place('rules', 'rules/mfa.conf', 'rules/rules.conf');
spew("$rules/mfa.conf", "mfa_templates templates;\n" . slurp("$rules/mfa.conf"));
spew("$rules/nginx.conf", ($load ? "load_module $load;" : '')
    . "\npid nginx.pid;\nevents { }\nhttp {\n    include mfa.conf;\n"
    . "    include rules.conf;\n}\n");
takes('rules', $rules);

my $ssh = place('ssh', 'quickstart/mfa.conf', 'ssh/verify.conf');
spew("$ssh/nginx.conf", ($load ? "load_module $load;" : '')
    . "\npid nginx.pid;\nevents { }\nhttp {\n    include mfa.conf;\n"
    . "    include verify.conf;\n}\n");
takes('ssh', $ssh);

my $first = place('first-factors', map { "first-factors/$_.conf" }
                  qw(mfa request identity));
mkdir "$first/tls";
copy("$tls/portal.$_", "$first/tls") for qw(pem key);
spew("$first/mfa.conf", "mfa_templates templates;\n" . slurp("$first/mfa.conf"));
spew("$first/nginx.conf", ($load ? "load_module $load;" : '')
    . "\npid nginx.pid;\nevents { }\nhttp {\n"
    . join('', map { "    include $_.conf;\n" } qw(mfa request identity)) . "}\n");
takes('first-factors', $first);

$tried{'quickstart/redis.conf'} = 1;        # by the demo
is_deeply([sort keys %tried],
          [sort map { s{^\Q$root\E/examples/}{}r } glob "$root/examples/*/*.conf"],
          'every configuration among the examples was tried');


# The demo.  It runs the module as it is installed, so not the sanitized one.

if ($ENV{MFA_ASAN}) {
    done_testing();
    exit;
}

my $state = "$scratch/demo";
my ($user_port, $admin_port) = (free_port(), free_port());

$ENV{DEMO_DIR} = $state;
$ENV{USER_PORT} = $user_port;
$ENV{ADMIN_PORT} = $admin_port;
$ENV{MFA_BUILD} = $build;
$ENV{TLS} = '';

# Whatever happens, it does not outlive the test.
END { local $?; system("$demo down > /dev/null 2>&1") if $state && -d $state; }


sub browser {
    my (%options) = @_;

    return LWP::UserAgent->new(cookie_jar => {}, timeout => 20,
        requests_redirectable => ['GET', 'HEAD', 'POST'],
        ssl_opts => { SSL_ca_file => "$state/portal.pem" },
        default_headers => HTTP::Headers->new(Accept => 'text/html'), %options);
}


sub field {
    my ($page, $name) = @_;

    return $page->decoded_content =~ /name="\Q$name\E" value="([^"]*)"/
           ? $1 : 'none';
}


sub page_name {
    my ($page) = @_;

    return $page->decoded_content =~ /data-mfa-page="([^"]*)"/ ? $1 : 'none';
}


sub log_in {
    my ($browser, $url, $login) = @_;
    my $page = $browser->get("$url/");

    return $browser->post("$url/mfa/login", {
        csrf => field($page, 'csrf'), login => $login,
        password => 'demo-password',
    });
}


sub row {
    my ($page, $name) = @_;

    return $page->decoded_content
           =~ m{<th scope="row">\Q$name\E</th><td>(.*?)</td>} ? $1 : 'none';
}


sub processes {
    return grep { slurp($_) =~ /\Q$state\E/ } glob '/proc/[0-9]*/cmdline';
}


my $user = "http://localhost:$user_port";
my $admin = "http://localhost:$admin_port";

my ($up, $told) = run("DETACH=1 $demo up");
ok($up, 'the demo starts') or diag $told, slurp("$state/error.log");
like($told, qr/\Q$_\E/, "the demo names $_")
    for $user, $admin, 'demo-password', 'make demo-stop', 'TLS=1',
        qw(anna erik lena nora oskar root helen);
cmp_ok($told =~ tr/\n//, '<=', 26, 'the demo says so on one screen');

my ($key) = $told =~ /--totp -b ([A-Z2-7]{32})/;
ok($key, 'the demo prints a key that oathtool takes');

my $erik = browser();
my $page = log_in($erik, $user, 'erik');
is(page_name($page), 'code', 'erik is asked for a code');

# The set-up spent the code of now; the next one is within the window.
chomp(my $code = `oathtool --totp -b $key -N 'now + 30 seconds'`);
$page = $erik->post("$user/mfa/code",
                    { csrf => field($page, 'csrf'), code => $code });
is(row($page, 'Remote-User'), 'erik', 'a code of the printed key lets erik in');
is(row($page, 'Remote-Level'), 'mfa', 'the site is told of the code');
is(row($page, 'Cookie'), '-', 'the site does not see the session cookie '
                              . '(security 46)');

is(browser()->get("$user/public/site.css")->content_type, 'text/css',
   'its style is one to a browser');

run("echo demo-password | $build/mfactl -c $state/mfa.conf account add user zoe"
    . " --name '<b>Zo\"e' --password-stdin");
is(row(log_in(browser(), $user, 'zoe'), 'Remote-Name'), '&lt;b&gt;Zo&quot;e',
   'the page that shows headers escapes them');

$page = browser()->get("$user/public/", 'Remote-User' => 'root',
                       'Remote_User' => 'root');
is(row($page, 'Remote-User'), '-',
   'a forged identity is removed where the gate is off (security 75)');

my %lands = (anna => 'enrol-app', lena => 'locked', oskar => 'login');

for my $login (sort keys %lands) {
    is(page_name(log_in(browser(), $user, $login)), $lands{$login},
       "$login lands on the page $lands{$login}");
}

is(row(log_in(browser(), $user, 'nora'), 'Remote-Level'), 'password',
   'nora is let in with a password');
is(page_name(log_in(browser(), $admin, 'root')), 'enrol-app',
   'root must set up an app at once');
is(page_name(log_in(browser(), $admin, 'erik')), 'login',
   'an account of one portal is none of the other (security 41)');

my @before = `$build/mfactl -c $state/mfa.conf --json account list user`;
my ($again, $told_again) = run("DETACH=1 $demo up");
ok($again, 'the demo starts over a running one') or diag $told_again;
is($told_again, $told, 'and says the same, with the same key');
is_deeply([`$build/mfactl -c $state/mfa.conf --json account list user`],
          \@before, 'accounts are as they were left');
is($erik->get("$user/")->code, 200, 'sessions outlive the restart');

my ($down, $said) = run("$demo down");
ok($down, 'the demo ends') or diag $said;
is_deeply([processes()], [], 'no process is left');
is_deeply([glob "$state/*.sock $state/*.pid"], [], 'no socket is left');
($down) = run("$demo down");
ok($down, 'ending it twice is no error');
unlike(slurp("$state/error.log"), qr/\[(?:alert|crit|emerg)\]|Sanitizer/,
       'the error log is clean');

my $taken = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1,
                                  LocalPort => $admin_port, ReuseAddr => 1);
my ($started, $refusal) = run("DETACH=1 $demo up");
ok(!$started, 'the demo does not start on a port that is taken');
like($refusal, qr/port $admin_port is taken.*USER_PORT=/,
     'it names the port and how to choose another');
is_deeply([processes()], [], 'and leaves no process behind');
close $taken;


# In the foreground, over TLS.

my $child = fork;
die "fork: $!" unless defined $child;

if ($child == 0) {
    open STDOUT, '>', "$scratch/told";
    open STDERR, '>&', \*STDOUT;
    setpgrp;
    # Whoever runs this in the background has it ignored, which exec keeps.
    $SIG{INT} = 'DEFAULT';
    $ENV{TLS} = 1;
    exec $demo, 'up' or POSIX::_exit(127);
}

for (1 .. 200) {
    last if slurp("$scratch/told") =~ /Ctrl-C/ || waitpid($child, 1);
    select undef, undef, undef, 0.1;
}

my $secure = "https://localhost:$user_port";
like(slurp("$scratch/told"), qr/\Q$secure\E/, 'TLS=1 serves over https');

my $nora = browser();
is(row(log_in($nora, $secure, 'nora'), 'Remote-User'), 'nora',
   'login works over TLS');
like($nora->cookie_jar->as_string, qr/\b__Host-mfa_user=/,
     'the session cookie is for this host only (security 42)');
is(browser(max_redirect => 0)->get("$user/x")->header('Location'), "$secure/x",
   'plain http on that port leads to https');

kill INT => -$child;
waitpid $child, 0;
is($? & 127, 0, 'Ctrl-C ends the demo in order');
is_deeply([processes()], [], 'and its processes');

done_testing();
