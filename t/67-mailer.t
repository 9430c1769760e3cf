#!/usr/bin/perl

# mfactl mailer between the outbox and a real SMTP server.  Broken, a mail is
# lost or comes twice, a link is in Redis for whoever reads it or never works, a
# name of somebody's choosing writes headers, a refused mail disappears, or a
# reminder comes with every look.  What TLS and AUTH are about is t/68's.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP qw(decode_json);
use MIME::Base64 qw(decode_base64url);
use POSIX qw(WNOHANG _exit);
use Test::More;
use Time::HiRes qw(sleep time);

use MFA::Mailer;
use MFA::Mfactl;
use MFA::Record;

my %subjects = (
    'enabled'          => 'MFA is now enabled on your Example account',
    'invitation'       => 'Your new account at Example',
    'password-reset'   => 'Change your Example password and set up MFA',
    'reset'            => 'Set up MFA for your Example account',
    'reminder'         => 'One day left to set up MFA on your Example account',
    'locked-out'       => 'Your access to Example is locked',
    'enrolled'         => 'MFA is set up on your Example account',
    'replaced'         => 'The authenticator of your Example account was replaced',
    'reset-done'       => 'The MFA reset of your Example account was successful',
    'recovery-used'    => 'A recovery code of your Example account was used',
    'recovery-made'    => 'New recovery codes for your Example account',
    'new-network'      => 'New login to your Example account',
    'password-changed' => 'The password of your Example account was changed',
    'disabled'         => 'Your Example account is disabled',
    'role-changed'     => 'Your role at Example has changed',
    'email-changed'    => 'The e-mail address of your Example account was changed',
);
my %page = (enabled => 'setup', reminder => 'setup', reset => 'setup',
            invitation => 'password', 'password-reset' => 'password');

my $base = 'https://portal.example.com';
my $rules = "mail from=mfa\@example.com base_url=$base; brand name=Example;"
          . ' locale en de fr;';
our $file = $env->file('mailer.conf', $env->conf(
    user  => $rules,
    quiet => '',
    strict => ($rules =~ s/from=mfa/from=strict/r) . ' self_reset off;',
    admin => "require all; $rules",
));

# Whoever has none is sent no link to a page that asks for one.
my @password = (password => '$y$j9T$aaaaaaaaaaaaaaaaaaaaaa$' . 'b' x 43);

my $mailer = MFA::Mailer->start;
my @said;


sub queue {
    my ($kind, $login, %fields) = @_;
    my $portal = delete $fields{portal} // 'user';

    return $redis->call('XADD', "mfa:{$portal}:outbox", '*', mail => $kind,
        login => $login, to => "$login\@example.com", generation => 1,
        at => int time, map { $_ => $fields{$_} } sort keys %fields);
}


sub count { return scalar @{ $redis->call('XRANGE', $_[0], '-', '+') } }
sub waiting { return count('mfa:{user}:outbox') }
sub dead { return count('mfa:{user}:outbox-dead') }

# No group, nothing in hand.
sub pending {
    my $said = eval { $redis->call('XPENDING', 'mfa:{user}:outbox', 'mailer') };

    return $said ? $said->[0] : 0;
}


# One run with --once; what it counts.
sub once {
    my ($status, $title, @words) = @_;
    my ($exit, $out, $err) = $mailer->run($file, '--json', '--once', @words);

    push @said, $out, $err;
    is($exit, $status, $title) or diag($out, $err);

    return eval { decode_json($out) } || {};
}


sub told {
    return map { my %e = @{ $_->[1] };
                 join ' ', map { $e{$_} // '-' } qw(result reason login detail) }
           grep { grep { $_ eq 'mail' } @{ $_->[1] }[1] }
           @{ $redis->call('XRANGE', 'mfa:{user}:audit', '-', '+') };
}


sub words {
    my ($locale) = @_;

    open my $file, '<:raw', "$MFA::Env::ROOT/lua-free-templates/i18n/$locale.json"
        or die "$locale.json: $!";
    local $/;

    return decode_json(readline $file);
}


sub hash_of { return MFA::Record::hash_of(decode_base64url($_[0])) }


# Everything Redis holds, as one text.
sub everything {
    my $all = '';

    for my $key (@{ $redis->call('KEYS', '*') }) {
        my $type = $redis->call('TYPE', $key);
        my $value = $type eq 'string' ? $redis->call('GET', $key)
            : $type eq 'hash' ? $redis->call('HGETALL', $key)
            : $type eq 'zset' ? $redis->call('ZRANGE', $key, 0, -1)
            : $redis->call('XRANGE', $key, '-', '+');
        $all .= "$key " . JSON::PP->new->allow_nonref->latin1->encode($value)
            . "\n";
    }

    return $all;
}


sub start {
    my (@words) = @_;
    my $run = $mailer->spawn($file, @words);

    $_->blocking(0) for @$run{qw(out err)};

    return $run;
}


sub until_so {
    my ($seconds, $so) = @_;

    for (my $end = time + $seconds; time < $end; sleep 0.05) {
        return 1 if $so->();
    }

    return 0;
}


sub told_to_end {
    my ($run, $signal) = @_;

    kill $signal => $run->{pid};
    $_->blocking(1) for @$run{qw(out err)};
    my ($exit, $out, $err) = finish($run);
    push @said, $out, $err;

    return $exit;
}


# Every kind once.

{
    my $deadline = int(time) + 3 * 86400;
    $env->account('user', $_, required => 1, deadline => $deadline,
                  name => "Name of $_", @password) for 'a' .. 'p';

    my @kinds = sort keys %subjects;
    my %to;
    my @logins = ('a' .. 'p');

    for my $kind (@kinds) {
        my $login = $to{$kind} = shift @logins;
        queue($kind, $login, name => "Name of $login", address => '192.0.2.9',
              detail => $kind =~ /^(?:reminder|locked)/ ? $deadline
                      : 'manager to help_desk');
    }

    unlike(everything(), qr/pending-token/,
           'security 87: no token is made before its mail is sent');

    my $counts = once(0, 'all kinds are sent');
    is($counts->{sent}, @kinds, 'each of them');
    is(scalar(my @mails = $mailer->mails), @kinds, 'each once');
    is(waiting(), 0, 'nothing is left in the outbox');
    is(pending(), 0, 'nor in hand');

    for my $kind (@kinds) {
        my $login = $to{$kind};
        my $mail = $mailer->mail("$login\@example.com");
        my %head = map { lc $_->[0] => $_->[1] } @{ $mail->{headers} };

        is($mail->{subject}, $subjects{$kind}, "$kind: its subject");
        is($mail->{to}, "Name of $login <$login\@example.com>", '- to whom');
        is($mail->{from}, 'Example <mfa@example.com>', '- from whom');
        is_deeply($mail->{parts}, [ 'multipart/alternative', 'text/plain',
                                    'text/html' ], '- text and HTML');
        is_deeply($mail->{defects}, [], '- as the RFCs want it');
        is($head{'auto-submitted'}, 'auto-generated', '- not to be answered');
        like($head{'message-id'}, qr/^<[0-9a-f]{32}\@example\.com>$/, '- an id');
        like($head{date}, qr/^\w{3}, \d\d \w{3} \d{4} [\d:]{8} \+0000$/,
             '- a date');

        for my $part (qw(text html)) {
            unlike($mail->{$part}, qr/\{\{|\}\}/, "- $part: no tag is left");
            like($mail->{$part}, qr/Name of $login/, "- $part: who");
            like($mail->{$part}, qr/Example/, "- $part: of what");
        }

        unlike($mail->{html}, qr/<(?:img|script|link|iframe)\b|url\(|src=/i,
               '- nothing is loaded');

        my @links = @{ $mail->{links} };

        if (my $page = $page{$kind}) {
            my ($token) = $links[0] =~ m{^\Q$base\E/mfa/$page\?t=([\w-]{43})$};
            ok($token, "- a link to $page") or diag("@links");
            is($mail->{text_links}[0], $links[0], '- the same in the text');

            my $record = $redis->call('GET', 'mfa:{user}:pending-token:'
                                             . hash_of($token));
            my $purpose = $kind eq 'reset' ? 'reset'
                        : $page eq 'password' ? 'password' : 'setup';
            like($record, qr/^2\t[\w-]+\t$purpose\tuser\t$login\t1\t\d+\t/,
                 '- kept under its hash');
            is((split /\t/, $record)[7],
               MFA::Record::hash_of($mail->{envelope}{to}[0]),
               '- for the address it went to');
            is($redis->call('GET', "mfa:{user}:newest-token:$login"),
               hash_of($token), '- the newest');
            my $ttl = $redis->call('TTL', 'mfa:{user}:pending-token:'
                                          . hash_of($token));
            ok($ttl > 3500 && $ttl <= 3600, 'security 90: - for 60 minutes');
            is(index(everything(), $token), -1,
               'security 87: - and not in Redis itself');
            push @said, 'x' x 100;
            secret($token);
        } else {
            is_deeply(\@links, [], '- without a link');
        }
    }

    my ($reminder) = map { $mailer->mail("$to{$_}\@example.com") } 'reminder';
    my $day = POSIX::strftime('%Y-%m-%d %H:%M UTC', gmtime $deadline);
    like($reminder->{text}, qr/\Q$day\E/, 'feature 100-01: says until when');
    like($mailer->mail("$to{'new-network'}\@example.com")->{text},
         qr/When: 20.*UTC\s+From: 192\.0\.2\.9/, 'says when and from where');
    like($mailer->mail("$to{'role-changed'}\@example.com")->{html},
         qr/New role: Help Desk \(before: Manager\)/,
         'says which roles, as the console calls them');

    for my $kind (@kinds) {
        my $mail = $mailer->mail("$to{$kind}\@example.com");
        my $leads = $kind !~ /^(?:disabled|locked-out)$/;

        is(!!($mail->{$_} =~ /Log in at:/), $leads, "$kind, $_: "
           . ($leads ? 'says' : 'who cannot log in is not told') . ' where to')
            for qw(text html);
    }

    is(scalar(grep { /^ok - / } told()), @kinds, 'each is in the audit');
    $mailer->forget;
}


# Two that are sent for two reasons, and roles in the reader's words.

{
    my %words = map { my $words = words($_); $_ => $words } qw(en de fr);

    queue('role-changed', "to-$_", locale => $_,
          detail => 'none to billing_only') for keys %words;
    queue('role-changed', 'odd', detail => 'chief to none');
    queue('role-changed', 'bare', detail => 'chief');
    $env->account('user', 'own', MFA::Env::factor(), @password);
    $env->account('user', 'not-own', required => 1, @password);
    queue('reset', $_) for qw(own not-own);
    queue($_, "$_-$$") for qw(enrolled replaced);
    queue($_, "$_-$$", portal => 'strict') for qw(enrolled replaced);
    once(0, 'what it says depends');

    my %of = map { $_->{envelope}{to}[0] =~ /^([^@]+)/; $1 => $_ }
             $mailer->mails;

    for my $locale (sort keys %words) {
        my ($before, $after) = map { $words{$locale}{"word_role_$_"} }
                               qw(none billing_only);

        like($of{"to-$locale"}{$_}, qr/: \Q$after\E \([^()]+: \Q$before\E\)/,
             "$locale, $_: roles as the console calls them") for qw(text html);
    }

    like($of{odd}{text}, qr/: No role \(before: chief\)/, 'and one that is none');
    unlike($of{bare}{text}, qr/role:|chief/i, 'no roles, no word of them');

    my ($old, $reset) = map { qr/\Q$_\E/ } 'app that is set up now works until',
                        'Your administrator has reset';

    for my $part (qw(text html)) {
        like($of{own}{$part}, $old, "$part: whoever asks for a reset keeps the app");
        unlike($of{own}{$part}, $reset, '- which no admin has reset');
        unlike($of{'not-own'}{$part}, $old, '- whom an admin resets does not');
        like($of{'not-own'}{$part}, $reset, '- and is told so');
    }

    my @taken = grep { $_->{envelope}{to}[0] =~ /^(?:enrolled|replaced)-/ }
                $mailer->mails;
    my @strict = grep { $_->{from} =~ /strict/ } @taken;
    is(scalar(grep { $_->{text} =~ /press \W\Q$words{en}{code_reset}\E\W on the/ }
              @taken), 2, 'whose factor is a stranger\'s is told the way back');
    is(scalar(grep { $_->{text} !~ /\Q$words{en}{code_reset}\E/
                     && $_->{text} =~ /Only there can your MFA be reset/ }
              @strict), 2, '- but where there is none: to whom to go');
    $mailer->forget;
}


# Languages, portals.

{
    queue('enrolled', 'a', locale => 'de-AT', name => "\xc3\x84nne");
    queue('enrolled', 'b', locale => 'fr');
    queue('enrolled', 'c', locale => 'tlh');
    queue('enrolled', 'root', portal => 'admin');
    queue('enrolled', 'x', portal => 'quiet');
    once(0, 'several languages, several portals');

    my %of = map { $_->{envelope}{to}[0] => $_ } $mailer->mails;
    is($of{'a@example.com'}{subject},
       "MFA ist f\x{fc}r Ihr Konto bei Example eingerichtet", 'German');
    like($of{'a@example.com'}{text}, qr/\AGuten Tag \x{c4}nne,/, '- a name');
    like($of{'a@example.com'}{html}, qr/<html lang="de">/, '- said in HTML');
    like($of{'a@example.com'}{to}, qr/^"?\x{c4}nne"? </, '- in the header');
    like($of{'b@example.com'}{text}, qr/\ABonjour b,/, 'French');
    like($of{'c@example.com'}{text}, qr/\AHello c,/, 'what there is not: first');
    ok($of{'root@example.com'}, 'one mailer serves all portals');
    ok(!$of{'x@example.com'}, 'but those that send no mail');
    $redis->call('DEL', 'mfa:{quiet}:outbox');
    $mailer->forget;
}


# What has nothing to say any more.

{
    $redis->call('DEL', 'mfa:{user}:audit');
    $env->account('user', 'late', MFA::Env::factor(required => 1));
    $env->account('user', 'newer', generation => 2);
    $env->account('user', 'off', disabled => 1);
    $env->account('user', 'moved', email => 'other@example.com');
    queue('enabled', 'late');
    queue('reset', 'newer');
    queue('invitation', 'gone');
    queue('reset', 'off');
    queue('invitation', 'moved');
    queue('password-changed', 'gone');

    my $counts = once(0, 'stale mails');
    is($counts->{dropped}, 5, 'security 88: are not sent');
    is_deeply([ map { $_->{subject} } $mailer->mails ],
              [ $subjects{'password-changed'} ], 'what happened is told');
    is_deeply([ grep { /stale/ } told() ],
              [ map { "dropped stale $_" } 'late enabled', 'newer reset',
                'gone invitation', 'off reset', 'moved invitation' ],
              'and each is in the audit');
    unlike(everything(), qr/newest-token:(?:late|newer|gone|off|moved)/,
           'no token is made for one');
    $mailer->forget;
}


# Without base_url.

{
    my $bare = $env->file('bare.conf', $env->conf(
        user => 'mail from=mfa@example.com;'));
    $env->account('user', 'ann', required => 1, @password);
    queue('enabled', 'ann');
    $mailer->send($bare);
    my $mail = $mailer->mail('ann@example.com');
    is_deeply($mail->{links}, [], 'without base_url there is no link');
    like($mail->{text}, qr/Log in as usual/, 'but what to do');
    unlike($mail->{text}, qr/minutes/, 'and nothing of one');
    $mailer->forget;
}


# A user of its own in Redis: README's list of what it may.

{
    my ($rights) = slurp("$MFA::Env::ROOT/README.md")
        =~ /ACL SETUSER mailer (on.*?)\n\n/s;
    $rights =~ s/>PASSWORD/>pw/;
    $redis->call(qw(ACL SETUSER mailer), split ' ', $rights);
    my $password = $env->file('redis-pw', "pw\n", 0600);
    my $own = $env->file('acl.conf', $env->conf(user => $rules)
        =~ s/^(mfa_redis [^;]*)/$1 user=mailer password_file=$password/r
        =~ s/^mfa_keys.*\n//mr);

    $redis->call('DEL', 'mfa:{user}:outbox');
    $env->account('user', 'acl', required => 1, deadline => int(time) + 3600,
                  @password);
    $redis->call('ZADD', 'mfa:{user}:unenrolled', int(time) + 3600, 'acl');
    queue('enabled', 'acl');
    queue('reset', 'gone');
    queue('enrolled', 'b');
    queue('enrolled', 'c');
    $mailer->mode('ok', 'for b@example.com say RCPT 550 no',
                  'for c@example.com say RCPT 450 no');
    my ($exit, $out, $err) = $mailer->run($own, qw(--json --once --retry 1s));
    is($exit, 1, 'with the rights README names') or diag($err);
    is_deeply(decode_json($out), { sent => 2, dropped => 1, later => 1,
                                   dead => 1, reminders => 1 }, 'all is done');
    $mailer->mode('ok');
    sleep 1.1;
    ($exit, $out, $err) = finish(spawn('-c', $own, qw(mailer --dead --requeue
                                                      all)));
    is($exit, 0, 'dead letters as well') or diag($err);
    is(decode_json(($mailer->run($own, qw(--json --once)))[1])->{sent}, 2,
       'and what waited');
    $redis->call('DEL', 'mfa:{user}:unenrolled');
    $mailer->forget;
}


# Invited, and required at once or a day before the deadline.

{
    $env->account('user', 'ina', required => 1, deadline => int(time) + 86000);
    queue('invitation', 'ina');
    $mailer->send($file);
    my ($token) = $mailer->mail('ina@example.com')->{links}[0] =~ /t=([\w-]+)$/;
    $mailer->forget;

    for my $kind (qw(enabled reminder)) {
        queue($kind, 'ina', $kind eq 'reminder' ? (detail =>
            $redis->call('HGET', 'mfa:{user}:account:ina', 'deadline')) : ());
        $mailer->send($file);
        my $mail = $mailer->mail('ina@example.com');
        is_deeply($mail->{links}, [], "$kind: no link that asks for a password "
           . 'nobody has chosen yet');
        like($mail->{text}, qr/Log in as usual/, '- but what to do');
        $mailer->forget;
    }

    is($redis->call('GET', 'mfa:{user}:newest-token:ina'), hash_of($token),
       'the invitation holds');
}


# Refused for good.

{
    $redis->call('DEL', 'mfa:{user}:audit');
    $mailer->mode('ok', 'for ann@example.com say RCPT 550 5.1.1 <ann> unknown');
    queue('enabled', 'ann', detail => 'kept');
    queue('enrolled', 'b');
    my $counts = once(1, 'security 94: a recipient the server does not take');
    is("$counts->{sent} $counts->{dead}", '1 1', 'is given up, others are not');
    is(waiting(), 0, 'it is out of the way');

    my ($exit, $out, $err) = finish(spawn('-c', $file, qw(--json mailer --dead)));
    is($exit, 0, '--dead');
    my ($row, @more) = @{ decode_json($out)->{dead} };
    is_deeply([ @$row{qw(portal mail login to reason tries)}, scalar @more ],
              [ 'user', 'enabled', 'ann', 'ann@example.com', 'RCPT: 550 5.1.1',
                1, 0 ], 'shows it, and why');
    ($exit, $out) = finish(spawn('-c', $file, qw(mailer --dead)));
    like($out, qr/^PORTAL +ID .*\nuser +\Q$row->{id}\E .*ann\@example\.com +1 +RCPT: 550/,
         'for people as well');
    is_deeply([ grep { /dead/ } told() ], [ 'dead RCPT: 550 5.1.1 ann enabled' ],
              'it is in the audit');

    ($exit, $out, $err) = finish(spawn('-c', $file, qw(mailer --dead --requeue
                                                       1-1)));
    is($exit, 1, 'one that is not there');
    ($exit) = finish(spawn('-c', $file, qw(mailer --dead --requeue x)));
    is($exit, 2, 'and what is none');

    ($exit, $out) = finish(spawn('-c', $file, qw(--json doctor)));
    is_deeply([ map { "$_->{status} $_->{detail}" }
                grep { $_->{check} eq 'mail' } @{ decode_json($out)->{checks} } ],
              [ 'warn user: 0 waiting, the oldest for 0 s, 0 of them failed;'
                . ' 1 dead; see mfactl mailer --dead',
                map { "ok $_: 0 waiting, the oldest for 0 s, 0 of them failed;"
                      . ' 0 dead' } qw(strict admin) ], 'doctor tells of it');
    $redis->call('DEL', 'mfa:{admin}:outbox');
    $redis->call('XADD', 'mfa:{admin}:outbox', int(time - 3600) . '000-1', 'x', 'y');
    ($exit, $out) = finish(spawn('-c', $file, qw(doctor)));
    like($out, qr/mail +warn +admin: 1 waiting, the oldest for 36\d\d s, 0 .*mailer running/,
         'and of what has waited for long');
    $redis->call('DEL', 'mfa:{admin}:outbox');

    $mailer->mode('ok');
    $mailer->forget;
    ($exit, $out) = finish(spawn('-c', $file, qw(--json mailer --dead
                                                 --requeue), $row->{id}));
    is($exit, 0, '--requeue');
    is(decode_json($out)->{requeued}, 1, 'puts it back');
    is(dead(), 0, 'it is dead no more');
    once(0, 'and then');
    is_deeply([ map { $_->{subject} } $mailer->mails ], [ $subjects{enabled} ],
              'it goes');
    $mailer->forget;

    # All of them, and two who ask for it at a time.
    $mailer->mode('say RCPT 550 no');
    queue('enrolled', "r$_") for 1 .. 120;
    is(once(1, 'many are refused')->{dead}, 120, 'many dead letters');
    $mailer->mode('ok');
    my @two = map { spawn('-c', $file, qw(--json mailer --dead --requeue all)) }
              1 .. 2;
    my $n = 0;
    for my $run (@two) {
        ($exit, $out) = finish($run);
        is($exit, 0, 'requeue all');
        $n += decode_json($out)->{requeued};
    }
    is($n, 120, 'all of them, by two at a time: each once');
    is(dead(), 0, 'none is left');
    once(0, 'sent');
    is(scalar $mailer->mails, 120, 'all go, once');
    $mailer->forget;
}


# What cannot be read keeps nobody waiting.

{
    $redis->call('XADD', 'mfa:{user}:outbox', '*', 'mail', 'nonsense');
    $redis->call('XADD', 'mfa:{user}:outbox', '*', mail => 'enrolled',
                 login => 'a', to => "a\@example.com\r\nBcc: x\@example.com",
                 generation => 1, at => 1);
    my $gone = queue('enrolled', 'c');
    queue('enrolled', 'b');
    $redis->call('XDEL', 'mfa:{user}:outbox', $gone);
    is(once(0, 'entries that are no mails')->{sent}, 1, 'the others go');
    is_deeply([ map { $_->{envelope}{to}[0] } $mailer->mails ],
              [ 'b@example.com' ], 'security 94: to nobody but whom they are for');
    is(dead(), 2, 'they are kept to be looked at');
    my (undef, $out) = finish(spawn('-c', $file, qw(--json mailer --dead
                                                    --requeue all)));
    is(decode_json($out)->{refused}, 2, 'but not requeued');
    $redis->call('DEL', 'mfa:{user}:outbox-dead');
    $mailer->forget;
}


# Refused for now.

{
    $redis->call('DEL', 'mfa:{user}:audit');
    $mailer->mode('ok', 'for ann@example.com say RCPT 450 4.2.0 later');
    queue('enabled', 'ann');
    queue('enrolled', 'b');
    my $counts = once(1, 'a recipient the server does not take now',
                      qw(--retry 2s));
    is("$counts->{sent} $counts->{later} $counts->{dead}", '1 1 0',
       'waits, others do not');
    is(waiting(), 1, 'it is still there');
    is(pending(), 0, 'in nobody\'s hand');
    my $first = $redis->call('GET', 'mfa:{user}:newest-token:ann');
    is(once(0, 'before its time', qw(--retry 2s))->{later}, 0,
       'it is not tried again');

    sleep 2.1;
    is(once(1, 'at its time', qw(--retry 2s))->{later}, 1, 'it is');
    isnt($redis->call('GET', 'mfa:{user}:newest-token:ann'), $first,
         'with a token of its own');
    my ($member, $due) = @{ $redis->call('ZRANGE', 'mfa:{user}:outbox-retry',
                                         0, -1, 'WITHSCORES') };
    like($member, qr/^2 \d+-\d+$/, 'its tries are counted');
    ok($due - time > 2.5, 'and it waits longer each time');

    $mailer->mode('ok');
    $redis->call('ZADD', 'mfa:{user}:outbox-retry', 1, $member);
    once(0, 'a server that takes it');
    is(scalar $mailer->mails, 2, 'gets it');
    is(waiting(), 0, 'then it is gone');
    is($redis->call('ZCARD', 'mfa:{user}:outbox-retry'), 0, 'all of it');

    $mailer->mode('say RCPT 450 4.2.0 later');
    queue('enrolled', 'b');
    once(1, 'one that is never taken');
    ($member) = @{ $redis->call('ZRANGE', 'mfa:{user}:outbox-retry', 0, -1) };
    $redis->call('DEL', 'mfa:{user}:outbox-retry');
    $member =~ s/^1/29/;
    $redis->call('ZADD', 'mfa:{user}:outbox-retry', 1, $member);
    is(once(1, 'for the thirtieth time')->{dead}, 1, 'is a dead letter');
    $redis->call('DEL', 'mfa:{user}:outbox-dead');
    $mailer->mode('ok');
    $mailer->forget;
}


# A server that is not there.

{
    for my $case ([ 'refuses connections', sub { $mailer->stop },
                    sub { $mailer->restart } ],
                  [ 'sends it away', sub { $mailer->mode('say MAIL 421 4.3.2 x') },
                    sub { $mailer->mode('ok') } ],
                  [ 'takes no mail from here',
                    sub { $mailer->mode('say MAIL 550 5.7.1 not you') },
                    sub { $mailer->mode('ok') } ])
    {
        my ($title, $break, $mend) = @$case;
        queue('enrolled', $_) for qw(a b c);
        $break->();
        once(1, "a server that $title") for 1 .. 2;
        is(waiting(), 3, '- nothing is lost');
        is(dead(), 0, '- nothing is given up');
        like(join(' ', @{ $redis->call('ZRANGE', 'mfa:{user}:outbox-retry', 0, -1) }),
             qr/^0 \S+$/, '- no try is counted');
        $mend->();
        is(once(0, '- and is there again')->{sent}, 3, '- gets all');
        $mailer->forget;
    }

    for my $case ([ 'drop MAIL' ], [ 'drop RCPT' ], [ 'drop DATA' ],
                  [ 'stall MAIL' ], [ 'stall DATA' ], [ 'say DATA 451 x' ])
    {
        queue('enrolled', 'a');
        $mailer->mode(@$case);
        my $begun = time;
        is(once(1, "a server that would \"@$case\"", qw(--timeout 1s
                                                        --retry 1s))->{later},
           1, '- the mail waits');
        cmp_ok(time - $begun, '<', 4, '- no longer than it was told to');
        is(scalar $mailer->mails, 0, '- has not got it');
        $mailer->mode('ok');
        sleep 1.2;
        is(once(0, '- later')->{sent}, 1, '- gets it then');
        is(scalar $mailer->mails, 1, '- once');
        $mailer->forget;
    }

    # Dead as a stone: it accepts and says nothing.
    queue('enrolled', 'a');
    $mailer->freeze;
    my $begun = time;
    once(1, 'security 96: a server that is frozen', qw(--timeout 1s));
    cmp_ok(time - $begun, '<', 4, 'is waited for as long as was said');
    $mailer->thaw;
    is(once(0, 'and thawed')->{sent}, 1, 'gets its mail');
    $mailer->forget;
}


# Told to end.

for my $signal (qw(TERM INT)) {
    $mailer->mode('slow 700');
    queue('enrolled', "e$_") for 1 .. 5;
    my $run = start();
    until_so(10, sub { $mailer->mails >= 1 });
    sleep 0.3;
    my $begun = time;
    is(told_to_end($run, $signal), 0, "$signal ends it cleanly");
    cmp_ok(time - $begun, '<', 3, 'soon');
    is(pending(), 0, 'it lays down what it had in hand');
    is(waiting() + $mailer->mails, 5, 'sent or waiting, nothing between');
    $mailer->mode('ok');
    once(0, 'the rest');
    is(scalar $mailer->mails, 5, 'each once');
    $mailer->forget;
}


# A store that goes away: the mail that was just sent is not sent again.

{
    my $aof = MFA::Env->start('--appendonly', 'yes', '--appendfsync', 'always');
    local $redis = $aof->redis;
    local $file = $aof->file('mailer.conf', $aof->conf(user => $rules));

    queue('enrolled', $_) for qw(a b c);
    $mailer->mode('ok', 'for a@example.com say RCPT 450 later');
    $mailer->mode('ok', 'for a@example.com say RCPT 450 later',
                  'for b@example.com slow 1500');
    my $run = start(qw(--retry 1s));
    until_so(10, sub { pending() == 1
                       && $redis->call('ZCARD', 'mfa:{user}:outbox-retry') });
    $redis->stop;
    sleep 2.5;
    $mailer->mode('ok');
    $redis->restart;
    ok(until_so(20, sub { waiting() == 0 }),
       'mails survive the store\'s restart');
    is(told_to_end($run, 'TERM'), 0, 'and so does the mailer');
    is_deeply([ sort map { $_->{envelope}{to}[0] } $mailer->mails ],
              [ map { "$_\@example.com" } qw(a b c) ], 'each comes once');
    $mailer->forget;

    $redis->stop;
    my ($exit, undef, $err) = $mailer->run($file, '--once');
    is($exit, 3, 'a store that is not there');
    like($err, qr/store at/, 'is told');
}


# Several at a time.

{
    queue('enrolled', "s$_") for 1 .. 100;
    my @runs = map { start('--once') } 1 .. 3;
    for my $run (@runs) {
        $_->blocking(1) for @$run{qw(out err)};
        is((finish($run))[0], 0, 'one of three side by side');
    }
    my %n;
    $n{$_->{envelope}{to}[0]}++ for $mailer->mails;
    is(keys %n, 100, 'all are sent');
    is(scalar(grep { $_ != 1 } values %n), 0, 'none twice');
    $mailer->forget;
}


# Deadlines.

{
    my $now = int time;
    my $account = sub {
        my ($login, $deadline, %more) = @_;
        $env->account('user', $login, required => 1, deadline => $deadline,
                      %more);
        $redis->call('ZADD', 'mfa:{user}:unenrolled', $deadline, $login);
    };
    my $kinds = sub {
        my %of = reverse %subjects;
        my $said = join ' ', sort map { "$_->{envelope}{to}[0]=$of{$_->{subject}}" }
                                  $mailer->mails;
        $said =~ s/\@example\.com//g;
        $mailer->forget;
        return $said;
    };

    $account->('soon', $now + 20 * 3600);
    $account->('far', $now + 30 * 3600);
    $account->('over', $now - 60);
    $account->('ages', $now - 40 * 86400);
    $account->('mute', $now + 3600, email => '');
    $account->('away', $now + 3600, disabled => 1);
    $account->('set', $now + 3600, MFA::Env::factor());
    $account->('free', $now + 3600, required => 0);
    $account->('now', 0);

    my @runs = map { start('--once') } 1 .. 3;
    for my $run (@runs) {
        $_->blocking(1) for @$run{qw(out err)};
        finish($run);
    }
    is($kinds->(), 'over=locked-out soon=reminder', 'feature 100-01: who has a '
       . 'day left, and who is late; three mailers at a time tell it once');
    is(once(0, 'another look')->{reminders}, 0, 'is nothing new');

    $account->('soon', $now + 22 * 3600);
    once(0, 'a deadline that was extended');
    is($kinds->(), 'soon=reminder', 'is another one');
    $account->('soon', $now - 1);
    once(0, 'and when it is over');
    is($kinds->(), 'soon=locked-out', 'its owner is told');

    $account->('many%d' =~ s/%d/$_/r, $now + 3600 + $_ % 3) for 100 .. 260;
    my $counts = once(0, 'many at a time');
    is($counts->{reminders}, 161, 'more than one page');
    is(scalar(my @all = $mailer->mails), 161, 'each is told once');
    $mailer->forget;

    # A notice that waits while its deadline is moved.
    $account->('moved2', $now + 3600);
    $mailer->stop;
    once(1, 'a reminder that waits');
    $account->('moved2', $now + 40 * 3600);
    $mailer->restart;
    is(once(0, 'until it is wrong')->{dropped}, 1, 'is not sent');
    $mailer->forget;
    $redis->call('DEL', 'mfa:{user}:unenrolled');
}


# Security 94: names of somebody's choosing.

{
    my @names = ("x\r\nBcc: evil\@example.com", "x\nBcc: evil\@example.com",
                 "x\0y", '"><b> <evil@example.com>, x', '=?UTF-8?Q?a?=',
                 "a\\\"\@example.com", "\xe2\x80\xae gnp", "\xff\xfe",
                 '{{link}}', '{{t.mail_hello}}', 'A. (B) <c>;d:e', 'x' x 128);
    my $n = 0;

    for my $kind (sort keys %subjects) {
        my $name = $names[$n++ % @names];
        $env->account('user', "n$n", name => $name, required => 1, deadline => 9);
        queue($kind, "n$n", name => $name, address => $name, detail =>
              $kind =~ /^(?:reminder|locked)/ ? 9 : $name, locale => $name);
    }

    for my $name (@names) {
        $n++;
        queue('role-changed', "n$n", name => $name, detail => $name);
    }

    is(once(0, 'names that would be headers')->{sent}, $n, 'all are sent');

    for my $mail ($mailer->mails) {
        is_deeply([ sort map { lc $_->[0] } @{ $mail->{headers} } ],
                  [ qw(auto-submitted content-type date from message-id
                       mime-version subject to) ],
                  'security 94: no header but ours');
        my ($head) = split /\r\n\r\n/, $mail->{raw}, 2;
        is(() = $head =~ /\@example\.com/g, 3,
           '- no address but sender, recipient, id');
        is_deeply($mail->{defects}, [], '- nothing odd');
        is_deeply($mail->{envelope}{to},
                  [ $mail->{to} =~ /<?(n\d+\@example\.com)>?$/ ], '- to one');
        unlike($mail->{text}, qr/[\0-\x09\x0b\x0c\x0e-\x1f\x7f]/,
               '- no control byte');
        unlike($mail->{html}, qr/<b>|<evil/, '- no markup');
    }

    $mailer->forget;
}


# What is wrong is told at start.

{
    my $bad = sub {
        my ($title, $pattern, @words) = @_;
        my ($exit, $out, $err) = finish(spawn(@words));
        push @said, $out, $err;
        is($exit, 2, $title);
        like($err, $pattern, '- is told');
    };
    my @mailer = ('-c', $file, 'mailer');

    $bad->('no server', qr/--smtp/, @mailer);
    $bad->('a password in the URL', qr/no password/, @mailer, '--smtp',
           'smtp://u:hunter2@127.0.0.1');
    $bad->('plain to elsewhere', qr/without TLS/, @mailer, '--smtp',
           "smtp+plain://$_") for qw(192.0.2.1 mail.example.com localhost.example
                                     127.0.0.1.example [2001:db8::1]);
    $bad->("the URL $_", qr/--smtp (?:takes|has)/, @mailer, '--smtp', $_)
        for qw(http://x ftp://x smtp:// smtp://a:0 smtp://a:x smtp://a/b smtp+unix:x
               smtp://a:70000), "smtp://a\r\nb", 'smtp://a b', 'smtp://-a';
    $bad->('a name that is none', qr/--helo/, @mailer, '--smtp', 'smtp://x',
           '--helo', "a\r\nRCPT");
    $bad->('half a login', qr/go together/, @mailer, '--smtp', 'smtp://x',
           '--smtp-user', 'u');
    my $open = $env->file('open', "Canary\n", 0644);
    $bad->('a password for all to read', qr/open to others/, @mailer, '--smtp',
           'smtp://x', '--smtp-user', 'u', '--smtp-password-file', $open);
    $bad->('a time that is none', qr/--timeout/, @mailer, '--smtp', 'smtp://x',
           '--timeout', '0');
    $bad->('both ways', qr/--dead/, @mailer, '--dead', '--smtp', 'smtp://x');
    $bad->('a file without mail', qr/no portal.*mail from=/, '-c', $conf,
           'mailer', '--smtp', 'smtp://x');

    # Templates.
    my $folder = "$dir/templates";
    my $with = sub {
        my ($file_name, $text) = @_;
        system('rm', '-rf', $folder);
        system('cp', '-r', MFA::Env::templates(), $folder);
        $env->file("templates/$file_name", $text) if $file_name;
        return $env->file('templates.conf', "mfa_redis unix:"
            . $env->socket . ";\nmfa_templates templates;\n"
            . "mfa_portal user { $rules }\n");
    };
    my $catalogue = slurp(MFA::Env::templates() . '/i18n/de.json');

    $bad->('a template that does not compile',
           qr{"nonsense".* in \Q$folder\E/mail/enabled\.html:2$}m, '-c',
           $with->('mail/enabled.html', "<p>\n{{nonsense}}\n"), 'mailer',
           '--smtp', 'smtp://x');
    $bad->('one that is not there', qr{mail/reset\.txt: No such file}, '-c', do {
               my $c = $with->(); unlink "$folder/mail/reset.txt"; $c },
           'mailer', '--smtp', 'smtp://x');
    $bad->('a subject that does not compile',
           qr{"nonsense".* in \Q$folder\E/i18n/de\.json:\d\d+$}m, '-c',
           $with->('i18n/de.json', $catalogue =~
                   s/("mail_reset_subject": ")/$1\{\{nonsense}}/r),
           'mailer', '--smtp', 'smtp://x');
    $bad->('a subject that is missing',
           qr{no text "mail_reset_subject" in \S+/de\.json}, '-c',
           $with->('i18n/de.json', $catalogue =~ s/mail_reset_subject/x/r),
           'mailer', '--smtp', 'smtp://x');

    my $own = $with->('mail/enrolled.txt', "Mine, {{person}} {{link}}.\n");
    queue('enrolled', 'a');
    $mailer->send($own);
    is($mailer->mail('a@example.com')->{text} =~ s/\r//gr, "Mine, a .\n",
       'mfa_templates is honoured, relative to the file');
    $mailer->forget;
}


# 500 mails, 50 kills, a server that refuses, stalls and drops.

SKIP: {
    my $n = $ENV{MFA_MAILS} || 500;
    my $kills = 50;
    my $all = MFA::Env->start;
    local $redis = $all->redis;
    local $file = $all->file('mailer.conf', $all->conf(user => $rules));

    $all->account('user', "k$_", required => 1, deadline => time + 864000)
        for 1 .. $n;
    queue('enabled', "k$_") for 1 .. $n;

    my $seed = $ENV{MFA_SEED} || int rand 2 ** 31;
    srand $seed;
    note("seed $seed");
    $mailer->mode('chaos 12');

    my @words = ('--retry', '1s', '--timeout', '2s');

    for my $kill (1 .. $kills) {
        my $pid = fork // die "fork: $!";

        if ($pid == 0) {
            open STDOUT, '>', '/dev/null';
            open STDERR, '>&', \*STDOUT;
            exec $mailer->command($file, @words) or _exit(127);
        }

        # Two at a time now and then, the server away now and then.
        my $beside = $kill % 7 == 0 ? start(@words) : undef;
        $mailer->stop if $kill % 10 == 5;
        sleep 0.05 + rand 0.35;
        kill KILL => $pid;
        waitpid $pid, 0;
        $mailer->restart if $kill % 10 == 5;
        told_to_end($beside, 'TERM') if $beside;
    }

    my $left = waiting();
    my @runs = map { start(@words) } 1 .. 2;
    ok(until_so(240, sub { waiting() == 0 }), "$kills kills later nothing waits")
        or diag(waiting(), ' of ', $n, ', pending ', pending());
    is(told_to_end($_, 'TERM'), 0, 'the last senders end') for @runs;

    my %got;
    $got{$_->{envelope}{to}[0]}++ for $mailer->mails;
    is(keys %got, $n, "every mail arrives ($left were left after the kills)");
    my $twice = 0;
    $twice += $_ - 1 for values %got;
    cmp_ok($twice, '<=', $kills, "at most one duplicate a kill: $twice");
    is(dead(), 0, 'none is a dead letter');
    is(pending(), 0, 'nothing stays in hand');
    $mailer->mode('ok');
}


push @said, 'x' x 1000;
my $said = join "\n", @said;
unlike($said, qr{[?&]t=|https?://}, 'no link is ever printed');
unlike($said, qr/Canary|hunter2/, 'nor a password');
unlike($said, qr/Sanitizer|runtime error/, 'nothing was found wrong inside');
done(qw(account add user zoe --no-password));
done(qw(account list user)) for 1 .. 2;
secrets_kept();
done_testing();
