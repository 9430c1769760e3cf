package MFA::Blocks;

# What the blocks of a Test::Nginx suite have in common: a store and a site that
# live as long as the file, the portals in front of every block's http_config,
# and the look at the error log that no block may go without.
#
#   use Test::Nginx::Socket;
#   use MFA::Blocks;
#
#   our ($env, $upstream) = MFA::Blocks::stage(user => 'grace 7d;');
#
# In http_config and config, UPSTREAM stands for the site as proxy_pass takes it.
# A block without "config" gets one server gated for "user" with its pages.

use strict;
use warnings;

use Test::Nginx::Socket;

use MFA::Env;
use MFA::Nginx;
use MFA::Upstream;

my $gated = <<'EOC';
    mfa user;
    location / { proxy_pass UPSTREAM; }
    location /mfa/ { mfa_pages; }
    location /off/ { mfa off; proxy_pass UPSTREAM; }
EOC


sub stage {
    my (@portals) = @_;

    my $env      = MFA::Env->start;
    my $upstream = MFA::Upstream->start($env->dir);
    my ($port)   = MFA::Nginx::free_ports(1);

    server_port($port);
    server_port_for_client($port);
    no_root_location();
    no_long_string();
    log_level('info');

    add_block_preprocessor(sub {
        my ($block) = @_;

        my $site = 'http://unix:' . $upstream->socket;

        for my $name ('http_config', 'config') {
            my $text = $block->$name
                // ($name eq 'config' ? $gated : '');

            $text =~ s/\bUPSTREAM\b/$site:/g;
            $text = $env->conf(@portals) . $text if $name eq 'http_config';
            $block->set_value($name, $text);
        }

        $block->set_value(no_error_log => "[alert]\n[crit]\n[emerg]\nSanitizer\n"
                                          . ($block->no_error_log // ''));
    });

    return ($env, $upstream);
}


1;
