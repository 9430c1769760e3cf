package MFA::Env;

# What a suite needs around nginx: a folder of its own, a Redis, a key ring, and
# accounts and sessions put straight into Redis, so that a test of the gate can
# say "a session of yesterday" without living through it.  The formats are those
# of core/session.c, core/token.h and core/account.h, written a second time on
# purpose: when they change by mistake, tests fail.
#
#   use MFA::Env;
#
#   my $env = MFA::Env->start;
#
#   $env->conf(user => 'grace 7d;', admin => 'require all;')
#       # http-level text: mfa_redis, mfa_keys, mfa_templates and these portals
#       # ("cookie secure=auto;" is added where none stands)
#
#   $env->account('user', 'alice', required => 1, deadline => time + 60);
#   $env->account('user', 'bob', MFA::Env::factor);       # enrolled
#   my $token = $env->session('user', 'bob', level => 2); # a cookie's value
#   my $pair  = $env->cookie('user', 'bob', level => 2);  # "mfa_user=..."
#
#   $env->dir; $env->socket; $env->keys_file;             # paths
#   $env->redis;                                          # see MFA::Redis
#
# Journeys through the pages, which log in for real, are MFA::Journey's.

use strict;
use warnings;

use Cwd qw(abs_path);
use Digest::SHA qw(hmac_sha256 sha256);
use File::Basename qw(dirname);
use File::Temp ();
use MIME::Base64 qw(encode_base64 encode_base64url);

use MFA::Record;
use MFA::Redis;

# The raw key, and how the key ring file spells it.  A canary: it must never be
# seen in any output.
our $RAW_KEY  = join '', map { chr } 64 .. 95;
our $KEY_TEXT = encode_base64($RAW_KEY, '');

our $ROOT = abs_path(dirname(__FILE__) . '/../../..');


sub start {
    my ($class, @redis_options) = @_;

    my $dir = File::Temp->newdir('mfa-XXXXXX', TMPDIR => 1);

    # Workers that are not root must reach the socket and the templates.
    chmod 0755, $dir;

    my $self = bless { dir => $dir, keys => "$dir/keys" }, $class;

    $self->file('keys', "k1:$KEY_TEXT\n", 0600);
    $self->{redis} = MFA::Redis->start("$dir", @redis_options);

    return $self;
}


sub dir       { "$_[0]{dir}" }
sub keys_file { $_[0]{keys} }
sub redis     { $_[0]{redis} }
sub socket    { $_[0]{redis}->socket }


sub templates { "$ROOT/lua-free-templates" }


# Writes a file into the folder; returns its path.
sub file {
    my ($self, $name, $text, $mode) = @_;

    my $path = "$self->{dir}/$name";

    open my $fh, '>', $path or die "$path: $!";
    binmode $fh;
    print $fh $text;
    close $fh or die "$path: $!";
    chmod $mode // 0644, $path or die "$path: $!";

    return $path;
}


sub conf {
    my ($self, @portals) = @_;

    my $text = 'mfa_redis unix:' . $self->socket . ";\n"
        . "mfa_keys $self->{keys};\n"
        . 'mfa_templates ' . templates() . ";\n";

    while (my ($name, $body) = splice @portals, 0, 2) {
        $body .= ' cookie secure=auto;' unless $body =~ /\bcookie\b/;
        $text .= "mfa_portal $name { $body }\n";
    }

    return $text;
}


# The module line for a configuration written by hand: empty where nginx has the
# module inside.
sub load_module {
    my $path = $ENV{TEST_NGINX_LOAD_MODULES}
        // ($ENV{MFA_BUILD} // "$ROOT/build") . '/ngx_http_mfa_module.so';

    return $path eq '' ? '' : "load_module $path;\n";
}



sub account {
    my ($self, $portal, $login, %fields) = @_;

    my $now = time;

    my %account = (
        created    => $now - 86400,
        email      => "$login\@example.com",
        name       => "Name of $login",
        generation => 1,
        version    => 1,
        %fields,
    );

    my $key = "mfa:{$portal}:account:$login";

    $self->redis->call('DEL', $key);
    $self->redis->call('HSET', $key,
                       map { $_ => $account{$_} } sort keys %account);
    $self->redis->call('ZADD', "mfa:{$portal}:accounts", 0, $login);

    return $login;
}


# The fields of an account with a factor.  The sealed text is none: whoever only
# passes the gate never has it opened.
sub factor {
    return (
        enrolled  => time - 3600,
        secret_id => 'AAAAAAAAAAA',
        secret    => '1.k1.AAAA',
        @_,
    );
}


sub validated_factor { factor(validated => 'AAAAAAAAAAA', @_) }


# Puts a session into Redis and returns the cookie's value.  Facts by name as in
# core/session.h; "id" (32 bytes), "ttl" and "record" (all its bytes) may be
# given, "guess" is the login the cookie names.
sub session {
    my ($self, $portal, $login, %fact) = @_;

    my $now  = time;
    my $id   = $fact{id} // _random(32);
    my $hash = MFA::Record::hash_of($id);

    my %s = (
        hash        => $hash,
        portal      => $portal,
        login       => $login,
        generation  => 1,
        level       => 1,
        created     => $now,
        expires     => $now + 12 * 3600,
        seen        => $now,
        password_at => $now,
        later       => 0,
        address     => '127.0.0.1',
        agent       => 'test',
        %fact,
    );

    $s{code_at} //= $s{level} == 2 ? $now : 0;

    my $record = $fact{record} // MFA::Record::encode(\%s);

    my @ttl = defined $fact{ttl} && $fact{ttl} == 0
        ? () : (EX => $fact{ttl} // 1800);

    $self->redis->call('SET', "mfa:session:$hash", $record, @ttl);
    $self->redis->call('ZADD', "mfa:{$portal}:sessions:$login",
                       $s{created} * 1_000_000, $hash);

    return token($id, $fact{guess} // $login);
}


# A trusted browser's record and place in the index; its hash.
sub device {
    my ($self, $portal, $login, %fact) = @_;

    my $now  = time;
    my $hash = encode_base64url(sha256(_random(32)));
    my %d = (
        hash       => $hash,
        portal     => $portal,
        login      => $login,
        secret_id  => { validated_factor() }->{secret_id},
        generation => 1,
        created    => $now,
        expires    => $now + 86400,
        seen       => $now,
        code_at    => $now,
        agent      => 'test',
        %fact,
    );

    $self->redis->call('SET', "mfa:{$portal}:device:$hash", join("\t", 1, @d{qw(
        hash portal login secret_id generation created expires seen code_at agent
    )}), EX => 86400);
    $self->redis->call('ZADD', "mfa:{$portal}:devices:$login", $d{created},
                       $hash);

    return $hash;
}


sub cookie {
    my ($self, $portal, $login, %fact) = @_;

    return "mfa_$portal=" . $self->session($portal, $login, %fact);
}


# The key a cookie's session is stored under.
sub session_key {
    my ($self, $token) = @_;

    $token =~ s/^.*=//;
    $token =~ s/\..*//;

    return 'mfa:session:'
        . MFA::Record::hash_of(MIME::Base64::decode_base64url($token));
}


# A cookie's value: the id, and the login under a mask made of id and mask key.
sub token {
    my ($id, $login) = @_;

    my $mask = '';

    for (my $i = 0; length $mask < length $login; $i++) {
        $mask .= sha256(substr(_derive('mfa 1 mask'), 0, 22)
                        . $id . chr $i);
    }

    return encode_base64url($id) . '.'
        . encode_base64url($login ^ substr $mask, 0, length $login);
}


# HKDF-SHA256 (RFC 5869) without a salt, one block.
sub _derive {
    my ($info) = @_;

    return hmac_sha256("$info\x01", hmac_sha256($RAW_KEY, "\0" x 32));
}


sub _random {
    my ($n) = @_;

    open my $fh, '<:raw', '/dev/urandom' or die "/dev/urandom: $!";
    read($fh, my $bytes, $n) == $n or die '/dev/urandom is short';

    return $bytes;
}


1;
