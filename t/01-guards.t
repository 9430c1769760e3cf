#!/usr/bin/perl

# Rules of the source tree that a reviewer would otherwise have to remember: the
# rings, the list of sources, lengths, banned functions, documentation and tests
# of every directive, one place for Redis keys, no addresses of registries.
#
# A guard is a function of a tree that returns its complaints.  Each runs twice:
# on a small broken tree, where it must complain of exactly what is broken, and
# on this one, where it must not.

use strict;
use warnings;

use Cwd qw(getcwd);
use File::Basename qw(basename dirname);
use File::Find qw(find);
use File::Path qw(make_path);
use File::Spec;
use File::Temp qw(tempdir);
use Test::More;

my $root  = dirname(dirname(File::Spec->rel2abs(__FILE__)));
my $build = $ENV{MFA_BUILD} || "$root/build";
my $src   = 'ngx_http_mfa_module';

my $lines_max = 700;


# Reading.

sub slurp {
    my ($file) = @_;

    open my $in, '<:raw', $file or die "$file: $!";
    local $/;
    my $text = <$in>;

    return defined $text ? $text : '';
}


# The files of a tree that fit a pattern, by names relative to it.
sub files {
    my ($tree, $pattern) = @_;
    my @names;

    find({
        no_chdir   => 1,
        preprocess => sub {
            grep { !/^(?:\.git|node_modules|build|servroot.*)$/ } @_
        },
        wanted => sub {
            return unless -f;
            my $name = File::Spec->abs2rel($_, $tree);
            push @names, $name if $name =~ $pattern;
        },
    }, $tree);

    return sort @names;
}


# C without its comments; with $strings 0 also without what strings hold.  Line
# numbers stay.
sub code {
    my ($text, $strings) = @_;

    $text =~ s{
        ( /\*.*?\*/ ) | ( //[^\n]* )
        | ( "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' )
    }{
        my $cut = defined $1 ? $1 : defined $2 ? $2 : undef;
        defined $cut ? "\n" x ($cut =~ tr/\n//) || ' '
                     : $strings ? $3 : '""'
    }gsex;

    return $text;
}


# "file:line: what" for each line of a file that the function finds fault with.
sub faults {
    my ($tree, $name, $text, $find) = @_;
    my ($number, @faults) = (0);

    for my $line (split /\n/, $text) {
        $number++;
        push @faults, map { "$name:$number: $_" } $find->($line);
    }

    return @faults;
}


# Guards.

my @not_in_core = (
    qr/^_?ngx_/, qr/redis/i, qr/^(?:m|c|re)alloc$/, qr/^free$/,
    qr/^(?:time|gettimeofday|clock_gettime|clock|localtime(?:_r)?)$/,
    qr/^(?:getenv|secure_getenv)$/, qr/^(?:__)?(?:v?(?:s|sn|f|d|as)?printf)/,
    qr/^(?:fopen|fread|fwrite|fputs|puts|open|read|write|socket|connect)$/,
);

# What the objects of core, and of wire, want from elsewhere.
sub symbols {
    my ($objects) = @_;
    my @complaints;

    for my $ring (['core', @not_in_core], ['wire', qr/^_?ngx_/]) {
        my ($name, @forbidden) = @$ring;
        my @objects = glob "$objects/$name/*.o";

        push @complaints, "$objects/$name: no objects" unless @objects;

        for my $object (@objects) {
            open my $nm, '-|', 'nm', '-u', $object or die "nm: $!";

            while (my $line = <$nm>) {
                my ($symbol) = $line =~ /\bU (\w+)/ or next;
                push @complaints, "$name/" . basename($object) . ": $symbol"
                    if grep { $symbol =~ $_ } @forbidden;
            }

            close $nm or push @complaints, "$object: nm failed";
        }
    }

    return @complaints;
}


my %may_include = (
    core => qr{^(?:"core/\w+\.h"
               |<(?:stddef|stdint|string|stdbool|limits|stdarg)\.h>
               |<openssl/\w+\.h>|<qrencode\.h>)$}x,
    wire => qr{^(?:"(?:core|wire)/\w+\.h"|<(?!ngx_)[\w/]+\.h>)$},
    cli  => qr{^(?:"(?:core|wire|cli)/\w+\.h"|<(?!ngx_)[\w/]+\.h>)$},
    nginx => qr{^(?:"(?:core|wire|nginx)/\w+\.h"|<[\w/]+\.h>)$},
);

sub includes {
    my ($tree) = @_;
    my ($seen, @complaints) = (0);

    for my $name (files($tree, qr{^$src/\w+/\w+\.[ch]$})) {
        my ($ring) = $name =~ m{^$src/(\w+)/};
        my $allowed = $may_include{$ring} or next;

        push @complaints, faults($tree, $name,
            code(slurp("$tree/$name"), 1), sub {
                my ($what) = $_[0] =~ /^\s*#\s*include\s+(\S+)/ or return;
                $seen++;
                return $what =~ $allowed ? () : "$ring includes $what";
            });
    }

    push @complaints, 'no includes were found' unless $seen;

    return @complaints;
}


sub config_lists {
    my ($tree) = @_;
    my (%listed, @complaints);
    my $config = slurp("$tree/config");

    $config =~ s/^\s*#.*//mg;
    $listed{$_}++ for $config =~ m{\b((?:core|wire|nginx)/\w+\.c)\b}g;

    push @complaints, 'config lists nothing' unless %listed;

    for my $name (files($tree, qr{^$src/(?:core|wire|nginx)/\w+\.c$})) {
        $name =~ s{^$src/}{};
        push @complaints, "$name is not in config"
            unless delete $listed{$name};
    }

    push @complaints, map { "config lists $_, which is not there" }
                      sort keys %listed;

    return @complaints;
}


sub lengths {
    my ($tree) = @_;
    my @complaints;

    for my $name (files($tree, qr{\.[ch]$})) {
        my $lines = (slurp("$tree/$name") =~ tr/\n//);
        push @complaints, "$name: $lines lines" if $lines > $lines_max;
    }

    return @complaints;
}


my $banned = join '|', qw(
    strcpy strcat stpcpy sprintf vsprintf gets strtok strncpy strncat
    atoi atol atoll atof strtol strtoll strtoul strtoull strtod
    sscanf rand srand rand_r drand48 alloca tmpnam mktemp system
);

# Libc's random() has no arguments; a parameter of that name is called with some.
sub banned_functions {
    my ($tree) = @_;
    my @complaints;

    for my $name (files($tree, qr{^$src/.*\.[ch]$})) {
        push @complaints, faults($tree, $name,
            code(slurp("$tree/$name"), 0), sub {
                my @found = $_[0] =~ /(?<![\w>.])($banned)\s*\(/g;
                push @found, 'random' if $_[0] =~ /\brandom\s*\(\s*\)/;
                return @found;
            });
    }

    return @complaints;
}


# What secrets are compared with takes the same time whatever they are.
sub secret_comparisons {
    my ($tree) = @_;
    my @complaints;

    for my $name (files($tree, qr{^$src/core/(?:totp|seal|token|password)\w*\.c$}))
    {
        push @complaints, faults($tree, $name,
            code(slurp("$tree/$name"), 0), sub {
                return $_[0] =~ /(?<!\w)((?:mem|str|strn)cmp)\s*\(/ ? $1 : ();
            });
    }

    return @complaints;
}


sub directives {
    my ($tree) = @_;
    my (%names, $inner);

    for my $name (files($tree, qr{^$src/nginx/\w+\.c$})) {
        my $text = code(slurp("$tree/$name"), 1);

        while ($text =~ /\bngx_command_t\s+\w+\s*\[\]\s*=\s*\{(.*?)\n\};/gs) {
            my $table = $1;
            $names{$1} = 1 while $table =~ /ngx_string\("(mfa\w*)"\)/g;
        }
    }

    my $portal = "$tree/$src/core/portal.c";

    if (-f $portal) {
        my $text = code(slurp($portal), 1);
        $names{$1} = $inner = 1 while $text =~ /^\s*\{\s*"(\w+)"\s*,/mg;
    }

    return (\%names, $inner);
}


# README names a directive in backquotes; a suite uses one as a statement.  The
# files t/0* configure no nginx.
sub directives_known {
    my ($tree) = @_;
    my ($names, $inner) = directives($tree);
    my @complaints;

    push @complaints, 'no directive table in the nginx ring'
        unless grep { /^mfa/ } keys %$names;
    push @complaints, 'no directive table in core/portal.c' unless $inner;

    my $readme = -f "$tree/README.md" ? slurp("$tree/README.md") : '';
    my $suites = join "\n", map { slurp("$tree/$_") }
                            files($tree, qr{^t/(?!0)[^/]+\.t$});

    for my $name (sort keys %$names) {
        push @complaints, "$name is not in README.md"
            unless $readme =~ /`\Q$name\E(?![\w])[^`\n]*`/;
        push @complaints, "$name is used by no t/*.t"
            unless $suites =~ /(?:^|[\s;{])\Q$name\E\s+[^\s=]|^\s*\Q$name\E;/m
                || $suites =~ /(?:^|[\s;{])\Q$name\E;/;
    }

    return @complaints;
}


sub redis_keys {
    my ($tree) = @_;
    my ($home, @complaints) = (0);

    for my $name (files($tree, qr{^$src/.*\.[ch]$})) {
        my $text = code(slurp("$tree/$name"), 1);

        if ($name =~ m{^$src/core/store\w*\.c$}) {
            $home ||= $text =~ /"mfa:/;
            next;
        }

        # "mfa: text" is the beginning of a sentence in a log.
        push @complaints, faults($tree, $name, $text, sub {
            return $_[0] =~ /("mfa:(?! )[^"]*")/ ? $1 : ();
        });
    }

    push @complaints, 'no key in core/store*.c' unless $home;

    return @complaints;
}


# Names put together here, or this file would be the first to hold one.
my @hosts = map { join '.', @$_ } (
    ['registry', 'npmjs', 'org'], ['registry', 'yarnpkg', 'com'],
    ['deb', 'debian', 'org'], ['security', 'debian', 'org'],
    ['ftp', 'debian', 'org'], ['snapshot', 'debian', 'org'],
    ['cpan', 'org'], ['metacpan', 'org'], ['pypi', 'org'],
    ['crates', 'io'], ['proxy', 'golang', 'org'],
);

sub registry_hosts {
    my ($tree) = @_;
    my $any = join '|', map { quotemeta } @hosts, machine_hosts();
    my @names = -e "$tree/.git" ? tracked($tree) : files($tree, qr/./);
    my @complaints;

    for my $name (@names) {
        my $text = slurp("$tree/$name");
        next if $text =~ /\0/;

        push @complaints, faults($tree, $name, $text, sub {
            return $_[0] =~ /(?<![\w.-])((?:[\w-]+\.)*(?:$any))(?![\w-])/i
                   ? $1 : ();
        });
    }

    push @complaints, map { "$_: an address in a lock file" }
        grep { slurp("$tree/$_") =~ /"resolved"\s*:/ }
        grep { /package-lock\.json$/ } @names;

    return @complaints;
}


sub tracked {
    my ($tree) = @_;

    open my $git, '-|', 'git', '-c', "safe.directory=$tree", '-C', $tree,
        'ls-files', '-z', '-co', '--exclude-standard' or die "git: $!";
    local $/ = "\0";
    chomp(my @names = <$git>);
    close $git or die "git ls-files failed\n";

    return grep { -f "$tree/$_" && !-l "$tree/$_" } @names;
}


# Where this machine gets its packages from.
sub machine_hosts {
    my $said = `apt-get indextargets --format '\$(REPO_URI)' 2>/dev/null`
             . `npm config get registry 2>/dev/null`;

    return grep { !/^(?:localhost|[\d.:]+)$/ }
           $said =~ m{^[a-z+]+://(?:[^/@\s]*@)?([^/:\s]+)}mg;
}


# Broken trees.

sub tree {
    my (%files) = @_;
    my $dir = tempdir(CLEANUP => 1);

    for my $name (keys %files) {
        make_path(dirname("$dir/$name"));
        open my $out, '>:raw', "$dir/$name" or die "$name: $!";
        print $out $files{$name};
        close $out;
    }

    return $dir;
}


sub compiled {
    my $dir = tree(@_);
    my $cwd = getcwd();

    chdir $dir or die;

    for my $source (glob '*/*.c') {
        (my $object = $source) =~ s/c$/o/;
        system('cc', '-c', '-o', $object, $source) == 0 or die 'cc failed';
    }

    chdir $cwd or die;

    return $dir;
}


sub complains {
    my ($title, $expected, @got) = @_;

    is_deeply([sort @got], [sort @$expected], "broken on purpose: $title");
}


sub holds {
    my ($title, @complaints) = @_;

    is(scalar @complaints, 0, $title) or diag(join "\n", @complaints);
}


complains('core and wire objects that want what they may not',
    ['core/a.o: malloc', 'core/a.o: ngx_log', 'core/b.o: redisCommand',
     'core/b.o: time', 'wire/c.o: ngx_palloc'],
    symbols(compiled(
        'core/a.c' => 'int ngx_log(void); void *malloc(unsigned long);'
                    . 'void *f(void) { ngx_log(); return malloc(1); }',
        'core/b.c' => 'int redisCommand(void); long time(long *);'
                    . 'long g(void) { redisCommand(); return time(0); }',
        'wire/c.c' => 'int ngx_palloc(void); int redisReply(void);'
                    . 'int h(void) { return ngx_palloc() + redisReply(); }')));
my $nothing = tree();
complains('no objects at all',
    ["$nothing/core: no objects", "$nothing/wire: no objects"],
    symbols($nothing));
holds('core and wire objects stand by themselves', symbols($build));

complains('includes across the rings',
    ["$src/core/a.c:2: core includes <stdio.h>",
     "$src/core/a.c:4: core includes \"wire/resp.h\"",
     "$src/wire/b.c:1: wire includes <ngx_core.h>",
     "$src/cli/c.c:1: cli includes \"nginx/task.h\""],
    includes(tree(
        "$src/core/a.c" => "#include \"core/a.h\"\n#include <stdio.h>\n"
                         . "/* #include <time.h> */\n"
                         . "#include \"wire/resp.h\"\n#include <string.h>\n",
        "$src/wire/b.c" => "#include <ngx_core.h>\n",
        "$src/cli/c.c"  => "#include \"nginx/task.h\"\n")));
holds('no ring includes what is outside it', includes($root));

complains('a file forgotten in config, and one that is gone',
    ['nginx/task.c is not in config',
     'config lists core/gone.c, which is not there'],
    config_lists(tree(
        'config' => "# nginx/task.c\nsrcs=\"\n    core/a.c\n    core/gone.c\n\"\n",
        "$src/core/a.c" => '', "$src/nginx/task.c" => '')));
holds('config lists the files there are', config_lists($root));

complains('a file too long', ["$src/core/a.c: 701 lines"],
    lengths(tree("$src/core/a.c" => "\n" x 701, "$src/core/b.c" => "\n" x 700)));
holds("no C file is longer than $lines_max lines", lengths($root));

complains('banned functions',
    ["$src/core/a.c:2: strcpy", "$src/core/a.c:3: random",
     "$src/core/a.c:3: atoi"],
    banned_functions(tree("$src/core/a.c" =>
        "/* strcpy(a, b)\n */ x = \"atoi(\"; strcpy (a, b);\n"
        . "random(); atoi(s);\n"
        . "random(buf, 8); mfa_strcpy(a); p->system(1);\n")));
holds('no banned function is called', banned_functions($root));

complains('a secret compared in a time that tells',
    ["$src/core/seal.c:1: memcmp"],
    secret_comparisons(tree("$src/core/seal.c" => "if (memcmp(a, b, 3)) {\n",
        "$src/core/str.c" => "memcmp(a, b, 3)\n")));
holds('secrets are compared in constant time', secret_comparisons($root));

my @table = (
    "$src/nginx/m.c" =>
        "static ngx_command_t  commands[] = {\n"
        . "    { ngx_string(\"mfa_one\"),\n 0 },\n"
        . "    { ngx_string(\"mfa_two\"),\n 0 },\n      ngx_null_command\n};\n"
        . "static ngx_http_variable_t  vars[] = {\n"
        . "    { ngx_string(\"mfa_user\"), 0 },\n};\n",
    "$src/core/portal.c" => "static t  table[] = {\n    { \"issuer\", 1, 1 },\n};\n",
);

complains('directives neither documented nor tested',
    ['mfa_two is not in README.md', 'mfa_two is used by no t/*.t',
     'issuer is not in README.md', 'issuer is used by no t/*.t'],
    directives_known(tree(@table,
        'README.md' => "| `mfa_one addr` | mfa_two issuer |\n",
        't/10-a.t' => "    mfa_one x;\n    mfa_two_more x;\n    # no issuers\n")));
complains('no directive tables',
    ['no directive table in the nginx ring',
     'no directive table in core/portal.c'],
    directives_known(tree('README.md' => '')));
holds('every directive is documented and tested', directives_known($root));

complains('a Redis key spelled outside the store',
    ["$src/nginx/a.c:1: \"mfa:{\"", 'no key in core/store*.c'],
    redis_keys(tree(
        "$src/nginx/a.c" => "add(\"mfa:{\"); log(\"mfa: down\");\n"
                          . "/* \"mfa:x\" */\n",
        "$src/core/store.c" => "int x;\n")));
holds('Redis keys are spelled in one place', redis_keys($root));

complains('a registry named',
    ["a.sh:2: $hosts[0]", "t/package-lock.json: an address in a lock file"],
    registry_hosts(tree(
        'a.sh' => "x\ncurl https://$hosts[0]/x\nnot-$hosts[0].example\n",
        't/package-lock.json' => "{ \"resolved\": \"x\" }\n")));
holds('no registry is named', registry_hosts($root));

done_testing();
