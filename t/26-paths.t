# Paths that nginx and the site behind it read as two (security 65): nginx chooses
# the location by the path it has resolved, and sends the path as it came.  Fails
# when a stranger reaches gated content by way of an ungated location, when somebody
# gets past a stricter gate by way of another, or when an ordinary path is refused.
#
# The sites are models of how programs read paths, written down here once more and
# from their manuals, so that a fault in core/raw_path.c is not repeated by its test.

use strict;
use warnings;

use Test::More;

use MFA::Env;
use MFA::Nginx;
use MFA::Upstream;

my $env      = MFA::Env->start;
my $dir      = $env->dir;
my $upstream = MFA::Upstream->start($dir);
my $site     = 'http://unix:' . $upstream->socket;

my $nginx = MFA::Nginx->start($dir, http => $env->conf(
    user  => 'grace 7d;',
    admin => 'pages /adm/; grace 7d;',
) . <<"EOC");
server {
    listen LISTEN;
    mfa user;
    location / { proxy_pass $site; }
    location /mfa/ { mfa_pages; }
    location /public/ { mfa off; proxy_pass $site; }
    location /payroll/ { mfa user fresh=5m; proxy_pass $site; }
    location /admin/ { mfa admin; proxy_pass $site; }
    location /adm/ { mfa admin; mfa_pages; }

    location = /health { mfa off; proxy_pass $site; }
    location ~ \\.css\$ { mfa off; proxy_pass $site; }
    location ^~ /assets/ { mfa off; proxy_pass $site; }
    location /block/ {
        mfa off;
        if (\$arg_if) { set \$x 1; }
        limit_except GET { deny all; }
        proxy_pass $site;
    }
    location /nest/ {
        mfa off;
        proxy_pass $site;
        location /nest/gated/ { mfa user; proxy_pass $site; }
    }
    location ~ \\.secret\$ { mfa user; proxy_pass $site; }
    location = /e { mfa admin; proxy_pass $site; }
    location /e/ { mfa user; proxy_pass $site; }
    location /f/ { mfa user; proxy_pass $site; }
    location = /f { mfa admin; proxy_pass $site; }
    location = /.well-known/a.css { mfa off; proxy_pass $site; }
    location /stay/ { mfa off; rewrite ^/stay/(.*) /site/\$1 break; proxy_pass $site; }
    location /named/ { mfa off; try_files /none \@named; }
    location \@named { mfa off; proxy_pass $site; }
    location /old/ { mfa off; rewrite ^/old/(.*) /public/\$1 last; }
    location /\xc3\xb6ffentlich/ { mfa off; proxy_pass $site; }
}
server {
    listen LISTEN;
    server_name one;
    mfa user;
    location / { proxy_pass $site; }
    location /public/ { mfa user; proxy_pass $site; }
    location /mfa/ { mfa_pages; }
}
EOC

$env->account('user', 'alice', MFA::Env::factor);
my $alice = 'Cookie: ' . $env->cookie('user', 'alice', level => 2,
                                      code_at => time - 600);


# The status; "200 PATH" when the site was asked for PATH.
sub status {
    my ($path, @headers) = @_;
    my $answer = $nginx->get($path, @headers);

    return $answer->{status}
        . ($answer->{body} =~ m{\Areached\n\S+ (\S+) } ? " $1" : '');
}

sub refused { is(status($_[0], @{$_[1] // []}), 400, "$_[0]" . ($_[2] // '')) }

sub passes {
    my ($path, $headers, $sent) = @_;

    is(status($path, @{$headers // []}), '200 ' . ($sent // $path), "$path passes");
}


# --- by way of an ungated location ---

is(status('/payroll/x'), 401, 'gated');
passes('/public/x');

# As many ".." for the site as for nginx, but other segments are gone.
refused($_)
    for '/public/;x/../payroll/x', '/public/;/../payroll/x',
        '/public/.;x/../payroll/x', '/public/.;/..', '/public/.;/../',
        '/public/%5c/../payroll/x', '/public/.%5c/../payroll/x',
        '/public/%252e/../payroll/x', '/public/%252f/../payroll/x',
        '/public/%3b/../payroll/x', '/public/#/../../payroll/x',
        '/public//%2F;..%2f..public/../%3b/roll';

# More for the site.
refused($_)
    for '/public/..;/payroll/x', '/public/..%5cpayroll/x', '/public\\..\\payroll/x',
        '/public/..%252fpayroll/x', '/public/%252e%252e/payroll/x';

# Sites that do not resolve "..", or keep "%2f" in a name, or resolve first and
# drop empty segments then.
refused($_)
    for '/payroll/../public/x', '/payroll/..%2fpublic/x',
        '/payroll/%2e%2e/public/x', '/payroll/x//../../public/x',
        '/public/x/../../payroll/a//../../public/y',
        '/public/x/../../payroll/a/\\/../../../public/y';

# Other locations than the longest prefix.
refused($_)
    for '/x/../health', '/x;a.css', '/x%3ba.css', '/assets/;x/../payroll/x',
        '/nest/gated;x/y', '/nest/%2567ated/y', '/block/..;/payroll/x?if=1',
        '/block/;x/../payroll/x', '//public/x', '/old/..;/payroll/x',
        '/stay/..;/payroll/x', '/named/..;/payroll/x', '/public/x.secret;y',
        '/nest/gated%3fx', '/nest/gated%23x', '/nest/gated%2500x';

is(status('/public/' . 'a' x 4096 . ';x'), 400, 'too long to look at');

passes($_)
    for '/public/a;v=1/b', '/public/x;jsessionid=1', '/public/100%25',
        '/public/a%2fb', '/public/a/../b', '/public/a//b', '/public/./b',
        '/public/.well-known/x', '/public/a%252fb', '/public/' . 'a' x 3000,
        '/public/a%20b', '/public/%zz' =~ s/%zz/%7A/r, '/%70ublic/x', '/health',
        '/health?x=/..;/payroll/', '/a%20b.css', '/a/b.css', '/a%2fb.css',
        '/.well-known/a.css', '/assets/a%2fb',
        '/assets/a;b.css', '/block/a;b?if=1', '/nest/a;b', '/%C3%B6ffentlich/a;b',
        '/%C3%B6ffentlich/a%2fb', '/public/a?b=..%5c';

passes('/old/x', undef, '/public/x');
passes('/old/a;b', undef, '/public/a;b');
passes('/stay/a;b', undef, '/site/a;b');
passes('/named/a;b');


# --- by way of another gate ---

is(status('/payroll/x', $alice), 401, 'a code that is too old');
is(status('/admin/x', $alice), 401, 'no session of that portal');
passes('/x', [$alice]);

refused($_, [$alice], ' with a session')
    for '/x/..;/payroll/x', '/;x/payroll/x', '/x/;/../../payroll/x',
        '/payroll;x/x', '/%2570ayroll/x', '/admin;x/x', '/%2561dmin/',
        '/admin/../x', '/e;x', '/f;x', '//admin/x', '/\\admin/x',
        '/admin%2f../x', '/x/..%5cadmin/',
        '/..;..%2froll/;/%2e%2f%2F/payroll/%2F;xa%2f';

passes($_, [$alice])
    for '/a;b/c', '/a%2fb', '/a%252fb', '/a/../b', '/a//b', '/x\\y', '/a/..;/b',
        '/x;/public/y';

# Where there is one gate there is nowhere else to go.
for my $path ('/x/..;/y', '/public/..;/x', '/public/;x/../y', '/a' x 1500 . ';') {
    is($nginx->send(join "\r\n", "GET $path HTTP/1.1", 'Host: one', $alice,
                    'Connection: close', '', '')->{status}, 200,
       'one gate: ' . substr $path, 0, 20);
}


# --- whatever the path ---

# How sites read a path: as the parts they take for its segments.
sub decoded { $_[0] =~ s/%([0-9a-f]{2})/chr hex $1/egir }

sub resolved {
    my ($path, $merged) = @_;
    my @to;

    $path =~ s{/+}{/}g if $merged;

    for my $part (split m{/}, $path =~ s{^/}{}r, -1) {
        $part eq '..' ? pop @to : $part eq '.' || push @to, $part;
    }

    return '/' . join '/', @to;
}

sub without_parameters { $_[0] =~ s{;[^/]*}{}gr }

my %model = (
    'as it came'    => sub { $_[0] },
    'decoded only'  => sub { decoded($_[0]) },
    'RFC 3986'      => sub { resolved($_[0], 0) },
    'decoded'       => sub { resolved(decoded($_[0]), 1) },
    'decoded twice' => sub { resolved(decoded(decoded($_[0])), 1) },
    'decoded last'  => sub { decoded(resolved($_[0], 1)) },
    'Tomcat'        => sub { resolved(decoded(without_parameters($_[0])), 1) },
    'Tomcat, slash' => sub { resolved(without_parameters(decoded($_[0])), 0) },
    'IIS'           => sub { resolved(decoded($_[0]) =~ tr{\\}{/}r, 1) },
    'IIS, twice'    => sub { resolved(decoded(decoded($_[0])) =~ tr{\\}{/}r, 1) },
    'all of it'     => sub { resolved(without_parameters(
                                 decoded(decoded($_[0])) =~ tr{\\}{/}r), 1) },
);

# Reached by a stranger: below /public/ for all.  By alice: not what she may not.
my @part = ('/', '/', '//', '/./', '/../', '..', '.', ';', ';x', '/;/', '/;x/',
    '..;', '.;/', '\\', '%5c', '%2f', '%2F', '%2e', '%2e%2e', '..%2f', '%3b', '%252f',
    '%252e', '%255c', '%253b', '%25', 'a', 'public', 'payroll', 'admin', '/payroll/',
    '/admin/', 'pay', 'roll');
my (%seen, @led_off);

srand 65;

for my $i (1 .. 20_000) {
    my $who    = rand() < 0.5;
    my $path   = ($who ? '/' : '/public/')
        . join '', map { $part[rand @part] } 0 .. rand 10;
    my $status = status($path, $who ? $alice : ());

    $seen{$status =~ s/ .*//r}++;
    next if $status !~ /^200 (.*)/;

    my $sent = $1;

    for my $model (sort keys %model) {
        my $read = $model{$model}->($sent);

        push @led_off, "$path: $model reads $read"
            if $who ? $read =~ m{^/(payroll|admin)(/|$)}
                    : $read !~ m{^/public(/|$)};
    }
}

is(scalar @led_off, 0, 'none of 20,000 paths leads to where it may not')
    or diag(join "\n", @led_off[0 .. ($#led_off < 9 ? $#led_off : 9)]);
cmp_ok($seen{$_} // 0, '>', 100, "some of them: $_") for 200, 400, 401;

is(join("\n", $nginx->stop), '', 'the error log is clean');

done_testing;
