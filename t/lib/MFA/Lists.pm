package MFA::Lists;

# Lists of payloads: the suite's own in t/data, and published ones where the
# machine has them (../shared/data beside the checkout, or MFA_SHARED_DATA).
#
#   my @payloads = MFA::Lists::open_redirects();    # lines, each once
#   my @files = MFA::Lists::files('open-redirects');

use strict;
use warnings;

use MFA::Env;


sub files {
    my ($name) = @_;
    my $shared = $ENV{MFA_SHARED_DATA} || "$MFA::Env::ROOT/../shared/data";

    return grep { -r } "$MFA::Env::ROOT/t/data/$name.txt",
        sort glob "$shared/$name-*.txt";
}


sub open_redirects {
    my %known;
    my @lines;

    for my $file (files('open-redirects')) {
        open my $in, '<:raw', $file or die "$file: $!";
        chomp(my @read = <$in>);
        push @lines, grep { length && !$known{$_}++ } @read;
    }

    return @lines;
}


1;
