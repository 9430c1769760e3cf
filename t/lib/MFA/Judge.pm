package MFA::Judge;

# Configurations that "nginx -t" is to accept or to refuse.  One is put together
# from pieces, most of which are right; a test names the pieces it replaces:
# main, redis, keys, templates, portals, http, server and more (behind the
# server).
#
#   use MFA::Judge;
#
#   my $judge = MFA::Judge->new($env);
#
#   $judge->accepted('what is tried', http => 'mfa_threads default;');
#   $judge->refused('what is tried', 'pattern of the message',
#                   http => 'mfa_threads other; # HERE');
#
# A refusal has to name the file and line of "# HERE", or of "place".

use strict;
use warnings;

use Test::More ();

use MFA::Env;
use MFA::Nginx;


sub new {
    my ($class, $env) = @_;

    return bless { env => $env, dir => $env->dir }, $class;
}


sub file { "$_[0]{dir}/judge.conf" }


sub configuration {
    my ($self, %with) = @_;

    my ($env, $dir) = @{$self}{qw(env dir)};

    %with = (
        main      => '',
        redis     => 'mfa_redis unix:' . $env->socket . ';',
        keys      => 'mfa_keys ' . $env->keys_file . ';',
        templates => 'mfa_templates ' . $env->templates . ';',
        portals   => "mfa_portal user { }\nmfa_portal admin { require all; }",
        http      => '',
        server    => "mfa user;\nlocation /mfa/ { mfa_pages; }",
        more      => '',
        %with,
    );

    return join "\n",
        MFA::Env::load_module() =~ s/\n//r,
        "pid $dir/nginx.pid;",
        'error_log stderr notice;',
        $with{main},
        'events { }',
        'http {',
        'access_log off;',
        map({ "${_}_temp_path $dir/temp;" }
            qw(client_body proxy fastcgi uwsgi scgi)),
        @with{qw(redis keys templates portals http)},
        'server {',
        "listen unix:$dir/judge.sock;",
        $with{server},
        '}',
        $with{more},
        '}', '';
}


sub accepted {
    my ($self, $what, %with) = @_;

    my ($status, $said) = MFA::Nginx::judge($self->{dir},
                                            $self->configuration(%with));

    # The server here is on a plain socket: t/12-lint.t is about that.
    $said =~ s/^.*\[warn\].* mfa: the pages answer 403: .*\n//mg;

    Test::More::ok($status == 0
                   && $said !~ /\[(?:warn|alert|crit|emerg)\]|Sanitizer/,
                   "accepted: $what") or Test::More::diag($said);
}


sub refused {
    my ($self, $what, $message, %with) = @_;

    my $place = delete $with{place};
    my $text  = $self->configuration(%with);

    if (!defined $place) {
        my ($before) = $text =~ /\A(.*?)# HERE/s
            or die "no line is marked: $what";
        $place = $self->file . ':' . (1 + ($before =~ tr/\n//));
    }

    my ($status, $said) = MFA::Nginx::judge($self->{dir}, $text);

    Test::More::isnt($status, 0, "refused: $what");
    Test::More::like($said,
        qr/\[emerg\].*$message.* in \Q$place\E(?: \(\d+: .*\))?$/m,
        "the message says why and where: $what");
    Test::More::unlike($said, qr/Sanitizer|runtime error:/,
                       "refused in order: $what") if $ENV{MFA_ASAN};
}


1;
