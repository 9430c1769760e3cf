package MFA::Mfactl;

# Runs mfactl for the suites, with a Redis and a configuration of its own, and
# keeps what it was given and what it said: at the end of each suite
# secrets_kept() looks for canaries in both.
#
#   use MFA::Mfactl;                        # exports all below, and $env, $conf,
#                                           # $redis, $dir
#   my $out = done(qw(account list user));  # must end with 0
#   my $err = refused(...);                 # 1; misused(...): 2
#   my $err = ends(3, $input, @words);
#   my $doc = json(0, @words);              # what --json says, decoded
#   my ($exit, $out, $err) = mfactl($input, @words);
#   my ($exit, $out, $err) = elsewhere($address, @words);   # another store
#   my $run = spawn('-c', $file, @words);   # one that goes on for now
#   my ($exit, $out, $err) = finish($run, $input);

use strict;
use warnings;

use Exporter qw(import);
use IPC::Open3 qw(open3);
use JSON::PP qw(decode_json);
use POSIX qw(strftime);
use Symbol qw(gensym);
use Test::More;

use MFA::Env;

our ($env, $redis, $dir, $conf);
our @EXPORT = qw($env $redis $dir $conf $canary spawn finish mfactl ends done
                 refused misused json field indexed text events slurp mode
                 elsewhere unseen secret secrets_kept);

# A password for accounts.  It may show up nowhere.
our $canary = 'Canary-7f3a battery';

our $program = $ENV{MFACTL}
              || ($ENV{MFA_BUILD} || "$MFA::Env::ROOT/build") . '/mfactl';

my (@said, @given);                         # of all runs
my @secrets = ($canary, 'Canary', $MFA::Env::KEY_TEXT, '1.k1.AAAA');

$env   = MFA::Env->start;
$dir   = $env->dir;
$redis = $env->redis;
$conf  = $env->file('mfa.conf', $env->conf(
    user  => 'issuer "An \"Example\""; grace 7d; remember_device 30d;',
    admin => "require all;\n    grace 0;",
));


sub spawn {
    my (@words) = @_;
    my $err = gensym;
    my $pid = open3(my $in, my $out, $err, $program, @words);

    push @given, join ' ', @words;

    return { pid => $pid, in => $in, out => $out, err => $err };
}


sub finish {
    my ($run, $input) = @_;
    local $SIG{PIPE} = 'IGNORE';

    print { $run->{in} } $input if defined $input;
    close $run->{in};

    local $/;
    my $out = readline($run->{out}) // '';
    my $err = readline($run->{err}) // '';
    waitpid $run->{pid}, 0;
    my $exit = $? & 127 ? "signal " . ($? & 127) : $? >> 8;

    push @said, $out, $err;

    return ($exit, $out, $err);
}


# With the suite's configuration.
sub mfactl {
    my ($input, @words) = @_;

    return finish(spawn('-c', $conf, @words), $input);
}


# A run that must end with a status; its output, or its complaint.
sub ends {
    my ($status, $input, @words) = @_;
    my ($exit, $out, $err) = mfactl($input, @words);

    is($exit, $status, "exit $status: @words") or diag($out, $err);

    return $status ? $err : $out;
}


sub done    { return ends(0, '', @_) }
sub refused { return ends(1, '', @_) }
sub misused { return ends(2, '', @_) }


sub json {
    my ($status, @words) = @_;
    my ($exit, $out, $err) = mfactl('', '--json', @words);

    is($exit, $status, "exit $status: --json @words") or diag($out, $err);

    my $doc = eval { decode_json($out) };
    ok($doc, "JSON: @words") or diag("$@: $out");

    return $doc || {};
}


sub field {
    my ($portal, $login, $name) = @_;

    return $redis->call('HGET', "mfa:{$portal}:account:$login", $name);
}


sub indexed {
    my ($portal, $index, $login) = @_;

    return $redis->call('ZSCORE', "mfa:{$portal}:$index", $login);
}


sub text { return strftime('%Y-%m-%dT%H:%M:%SZ', gmtime shift) }


sub events {
    my ($portal, $n) = @_;

    return @{ json(0, 'audit', $portal, '-n', $n)->{events} };
}


sub slurp {
    my ($file) = @_;

    open my $in, '<:raw', $file or return '';
    local $/;

    return scalar readline $in;
}


sub mode { return sprintf '%04o', (stat shift)[2] & 07777 }


# With a configuration that names another store.
sub elsewhere {
    my ($redis_args, @words) = @_;
    my $file = $env->file('elsewhere.conf',
        "mfa_redis $redis_args;\nmfa_keys $dir/keys;\nmfa_portal user { }\n");

    return finish(spawn('-c', $file, @words));
}


# The last run was meant to show a secret.
sub unseen { splice @said, -2 }


# One more text that may show up nowhere.
sub secret { push @secrets, @_ }


sub secrets_kept {
    my $said = join "\n", @said;

    cmp_ok(length $said, '>', 1000, 'all that was said is looked at');
    is(scalar(grep { index($said, $_) >= 0 } @secrets), 0,
       'security 144: no secret in any output');
    unlike($said, qr/\$(?:y|6)\$/, 'nor a password hash');
    is(scalar(grep { /canary/i } @given), 0, 'no argument was given one');
    unlike($said, qr/Sanitizer|runtime error/, 'nothing was found wrong inside');
}


1;
