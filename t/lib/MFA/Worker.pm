package MFA::Worker;

# What can be seen of nginx's processes from outside: who they are, what they
# hold, whether they have gone.  Linux: everything is read from /proc.
#
#   my @pids = MFA::Worker::of($nginx->pid);        # of a master; not those that
#                                                   # are shutting down
#   my @pids = MFA::Worker::leaving($nginx->pid);   # those
#   MFA::Worker::fds($pid);                         # open descriptors
#   MFA::Worker::rss($pid);                         # kB
#   MFA::Worker::policies($pid);                    # sched(7), by thread
#   MFA::Worker::until(sub { ... }, $seconds);      # whether it came true

use strict;
use warnings;

use Time::HiRes qw(sleep time);


# Children by what they call themselves.
sub _children {
    my ($master, $name) = @_;

    my @pids;

    for my $dir (glob '/proc/[0-9]*') {
        my ($pid) = $dir =~ /(\d+)$/;
        my $parent = (_read("$dir/stat") =~ /.*\)\s+\S+\s+(\d+)/)[0] // 0;

        next if $parent != $master;

        push @pids, $pid if _read("$dir/cmdline") =~ $name;
    }

    @pids = sort { $a <=> $b } @pids;

    return @pids;
}


sub of { return _children($_[0], qr/worker process(?! is shutting down)/) }


sub leaving { return _children($_[0], qr/worker process is shutting down/) }


sub masters { return _children($_[0], qr/master process/) }


# A descriptor is what it leads to, so that two counts can be compared by eye.
sub fds {
    my ($pid) = @_;

    return map { readlink $_ // () } glob "/proc/$pid/fd/*";
}


sub rss {
    my ($pid) = @_;

    return (_read("/proc/$pid/status") =~ /^VmRSS:\s+(\d+)/m)[0] // 0;
}


# The scheduling policy (sched(7)) of each of its threads.
sub policies {
    my ($pid) = @_;

    return map {
        my ($tid) = m{(\d+)/stat$};
        my (undef, $rest) = _read($_) =~ /^(.*\)) (.*)/s;

        ($tid, (split ' ', $rest)[38]);
    } glob "/proc/$pid/task/*/stat";
}


sub until {
    my ($sub, $seconds) = @_;

    for (my $end = time + ($seconds // 20); time < $end; sleep 0.02) {
        return 1 if $sub->();
    }

    return $sub->() ? 1 : 0;
}


sub _read {
    my ($path) = @_;

    open my $fh, '<', $path or return '';
    local $/;

    return scalar(<$fh>) // '';
}


1;
