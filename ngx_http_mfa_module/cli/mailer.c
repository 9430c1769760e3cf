/*
 * mfactl mailer: sends what waits in the outboxes of all portals that have a
 * "mail from=", and queues the notices of deadlines.
 *
 * One mail is in hand at a time, so memory does not depend on how many wait, and
 * of two mails that are the same one is the most a kill can cost.  Several of
 * these may run side by side: who has which mail is known to the store alone.
 */

#include "cli/change.h"
#include "cli/ending.h"
#include "cli/mailer.h"
#include "cli/print.h"
#include "core/duration.h"
#include "core/flow_reminder.h"

#include <string.h>
#include <time.h>

#define TIMEOUT_SEC    60                   /* for a mail */
#define RETRY_SEC      30                   /* the first back-off */
/* A mail is in hand for two connections, each with its QUIT, and what the store
   takes. */
#define LEASE_TIMES    4
#define LEASE_SEC      30
#define IDLE_MSEC      500                  /* between two looks */
#define STORE_MSEC     1000                 /* a store that is away */
#define PAUSE_MAX_MSEC 60000                /* a mail server that is away */
#define REMINDER_SEC   60                   /* between two looks */
#define TURN           50                   /* mails of a portal, then the next */

typedef struct {
    mfactl_t             *ctl;
    mfactl_mail_theme_t  *themes;
    mfactl_smtp_t         smtp;
    int64_t               timeout_sec;
    int64_t               retry_sec;
    int                   once;

    time_t                reminded;         /* last */
    int                   store_away;       /* it was said */
    int64_t               pause_msec;       /* 0: the mail server is there */

    int64_t               sent;
    int64_t               dropped;
    int64_t               later;
    int64_t               dead;
    int64_t               reminders;
} mailer_t;

typedef enum {
    STEP_NOTHING = 0,                       /* there is no mail */
    STEP_DONE,
    STEP_NO_STORE,
    STEP_NO_SERVER
} step_e;


static void
say(const mfa_flow_take_t *take, const char *what, mfa_str_t why)
{
    uint8_t    room[512];
    mfa_buf_t  line;

    mfa_buf_init(&line, room, sizeof(room));
    mfa_buf_cstr(&line, "mail ");

    if (take->mail.login.len) {
        mfa_buf_cstr(&line, mfa_mail_name(take->mail.kind));
        mfa_buf_cstr(&line, " to ");
        mfa_buf_str(&line, take->mail.login);
    } else {
        mfa_buf_str(&line, take->id);
    }

    mfa_buf_cstr(&line, " of ");
    mfa_buf_str(&line, take->flow.env.portal->name);
    mfa_buf_cstr(&line, ": ");
    mfa_buf_cstr(&line, what);
    mfa_buf_cstr(&line, ": ");
    mfa_buf_str(&line, why);

    mfactl_print_note(mfa_buf_since(&line, 0));
}


static void
store_again(mailer_t *mailer)
{
    if (!mailer->store_away) {
        mfactl_print_unavailable_note(mailer->ctl, "trying again");
        mailer->store_away = 1;
    }

    mfactl_drive_close(&mailer->ctl->drive);
    mfactl_drive_init(&mailer->ctl->drive, &mailer->ctl->conf.endpoint);
    mfactl_ending_pause(STORE_MSEC);
}


/* What was sent is written down as soon as the store is there again: else it
   would go a second time. */
static step_e
settle(mailer_t *mailer, mfa_flow_settle_t *settling)
{
    mfa_outcome_e  outcome;

    for ( ;; ) {
        outcome = mfactl_drive_run(&mailer->ctl->drive, &settling->flow);

        if (outcome == MFA_OUTCOME_DONE) {
            return STEP_DONE;
        }

        if (settling->sent != MFA_SENT_YES || mfactl_ending()) {
            return STEP_NO_STORE;
        }

        store_again(mailer);
        mfa_flow_settle_again(settling);
    }
}


static void
count(mailer_t *mailer, const mfa_flow_settle_t *settling,
    const mfa_flow_take_t *take, mfa_str_t why)
{
    if (settling->sent == MFA_SENT_YES) {
        mailer->sent++;

    } else if (settling->dead) {
        mailer->dead++;
        say(take, "is a dead letter", why);

    } else if (settling->sent == MFA_SENT_LATER) {
        mailer->later++;
        say(take, "later", why);
    }
}


static void
server_away(mailer_t *mailer, mfa_str_t why)
{
    uint8_t    room[256];
    mfa_buf_t  line;

    if (mailer->pause_msec) {
        mailer->pause_msec *= 2;

        if (mailer->pause_msec > PAUSE_MAX_MSEC) {
            mailer->pause_msec = PAUSE_MAX_MSEC;
        }

        return;
    }

    mailer->pause_msec = 1000;
    mfa_buf_init(&line, room, sizeof(room));
    mfa_buf_cstr(&line, "the mail server takes no mail: ");
    mfa_buf_str(&line, why);
    mfa_buf_cstr(&line, mailer->once ? "" : "; trying again");
    mfactl_print_note(mfa_buf_since(&line, 0));
}


/* One mail that is in hand. */
static step_e
send_taken(mailer_t *mailer, size_t portal, mfa_flow_take_t *take)
{
    char               why[MFA_DEAD_WHY_MAX];
    step_e             step;
    mfa_buf_t          said;
    mfa_flow_settle_t  settling;

    mfa_buf_init(&said, why, sizeof(why) - 1);
    mfa_flow_settle_init(&settling, take);
    settling.sent = mfactl_letter_send(&mailer->smtp, mailer->themes,
                                       &mailer->ctl->conf, portal, take,
                                       &said);
    mfa_wipe(take->token, sizeof(take->token));
    why[said.len] = '\0';
    settling.why = why;
    settling.again_sec = mailer->retry_sec;

    /* The replies the mail is a view of are gone when the store was away. */
    if (settling.sent == MFA_SENT_YES) {
        mailer->sent++;
        mailer->pause_msec = 0;
        return settle(mailer, &settling);
    }

    step = settle(mailer, &settling);

    if (settling.sent == MFA_SENT_NOT) {
        server_away(mailer, mfa_buf_since(&said, 0));
        return step == STEP_DONE ? STEP_NO_SERVER : step;
    }

    mailer->pause_msec = 0;
    count(mailer, &settling, take, mfa_buf_since(&said, 0));

    return step;
}


/* The next mail of a portal. */
static step_e
one(mailer_t *mailer, size_t portal)
{
    step_e                  step;
    static mfa_flow_take_t  take;

    mfa_flow_take_init(&take);
    take.flow.env.portal = &mailer->ctl->conf.portals[portal];
    take.flow.env.random = mfactl_change_random;
    take.lease_msec = (LEASE_TIMES * mailer->timeout_sec + LEASE_SEC) * 1000;

    switch (mfactl_drive_run(&mailer->ctl->drive, &take.flow)) {
    case MFA_OUTCOME_DONE:
        step = send_taken(mailer, portal, &take);
        break;

    case MFA_OUTCOME_EXPIRED:
        mailer->dropped++;
        say(&take, "not sent", mfa_str_from(take.dropped));
        step = STEP_DONE;
        break;

    case MFA_OUTCOME_CONFLICT:
        step = STEP_DONE;
        break;

    case MFA_OUTCOME_ABSENT:
        step = STEP_NOTHING;
        break;

    default:
        step = STEP_NO_STORE;
    }

    mfa_wipe(take.token, sizeof(take.token));
    mfactl_drive_forget(&mailer->ctl->drive);

    return step;
}


/* A turn of every portal. */
static step_e
turn(mailer_t *mailer)
{
    size_t                i, n;
    step_e                step, all;
    const mfactl_conf_t  *conf;

    conf = &mailer->ctl->conf;
    all = STEP_NOTHING;

    for (i = 0; i < conf->n_portals; i++) {
        if (conf->portals[i].mail_from.len == 0) {
            continue;
        }

        for (n = 0; n < TURN && !mfactl_ending(); n++) {
            step = one(mailer, i);

            if (step == STEP_NO_STORE || step == STEP_NO_SERVER) {
                return step;
            }

            if (step == STEP_NOTHING) {
                break;
            }

            all = STEP_DONE;
        }
    }

    return all;
}


static int
remind_portal(mailer_t *mailer, const mfa_portal_t *portal)
{
    int                         over;
    int64_t                     from, skip;
    mfa_outcome_e               outcome;
    static mfa_flow_reminder_t  reminder;

    from = 0;
    skip = 0;

    do {
        mfa_flow_reminder_init(&reminder);
        reminder.flow.env.portal = portal;
        reminder.from = from;
        reminder.skip = skip;

        outcome = mfactl_drive_run(&mailer->ctl->drive, &reminder.flow);
        mfactl_drive_forget(&mailer->ctl->drive);

        mailer->reminders += (int64_t) reminder.queued;
        from = reminder.from;
        skip = reminder.skip;
        over = reminder.over;

    } while (outcome == MFA_OUTCOME_DONE && !over && !mfactl_ending());

    return outcome == MFA_OUTCOME_DONE ? 0 : -1;
}


static step_e
remind(mailer_t *mailer)
{
    size_t                i;
    time_t                now;
    const mfactl_conf_t  *conf;

    now = time(NULL);
    conf = &mailer->ctl->conf;

    if (mailer->reminded && now >= mailer->reminded
        && now < mailer->reminded + REMINDER_SEC)
    {
        return STEP_DONE;
    }

    for (i = 0; i < conf->n_portals; i++) {
        if (conf->portals[i].mail_from.len
            && remind_portal(mailer, &conf->portals[i]) != 0)
        {
            return STEP_NO_STORE;
        }
    }

    mailer->reminded = now;

    return STEP_DONE;
}


/* Until nothing is left, or until it is told to end. */
static int
work(mailer_t *mailer)
{
    step_e  step;

    while (!mfactl_ending()) {
        step = remind(mailer);

        if (step == STEP_DONE) {
            step = turn(mailer);
        }

        if (step == STEP_NO_STORE && mailer->once) {
            return MFACTL_UNAVAILABLE;
        }

        if (step == STEP_NO_STORE) {
            store_again(mailer);
            continue;
        }

        mailer->store_away = 0;

        if (mailer->once && (step == STEP_NOTHING || step == STEP_NO_SERVER)) {
            break;
        }

        mfactl_ending_pause(step == STEP_NO_SERVER ? mailer->pause_msec
                            : step == STEP_NOTHING ? IDLE_MSEC : 0);
    }

    return mailer->once && (mailer->pause_msec || mailer->later
                            || mailer->dead)
           ? MFACTL_REFUSED : MFACTL_DONE;
}


static void
print_counts(const mailer_t *mailer)
{
    json_t  *doc;

    doc = mfactl_print_need(json_object());
    json_object_set_new(doc, "sent", json_integer(mailer->sent));
    json_object_set_new(doc, "dropped", json_integer(mailer->dropped));
    json_object_set_new(doc, "later", json_integer(mailer->later));
    json_object_set_new(doc, "dead", json_integer(mailer->dead));
    json_object_set_new(doc, "reminders", json_integer(mailer->reminders));
    mfactl_print(mailer->ctl, doc, NULL, NULL);
}


/* A span of at least a second; without the option it stays. */
static int
take_span(const mfactl_t *ctl, mfactl_option_e option, int64_t max,
    int64_t *sec)
{
    if (mfactl_options_given(&ctl->options, option)
        && (mfa_duration_parse(mfactl_options_text(&ctl->options, option), sec)
            != 0 || *sec < 1 || *sec > max))
    {
        mfactl_print_error(ctl, MFACTL_USAGE, "%s takes a time from 1s to %llds",
                           mfactl_options_name(option), (long long) max);
        return -1;
    }

    return 0;
}


static int
refuse(const mfactl_t *ctl, const mfa_buf_t *why)
{
    return mfactl_print_error(ctl, MFACTL_USAGE, "%.*s", (int) why->len,
                              (const char *) why->data);
}


static int
open_server(mailer_t *mailer, mfa_buf_t *why)
{
    mfactl_t               *ctl;
    mfactl_smtp_options_t   options;

    ctl = mailer->ctl;
    options.url = ctl->options.value[MFACTL_SMTP];
    options.user = ctl->options.value[MFACTL_SMTP_USER];
    options.password_file = ctl->options.value[MFACTL_SMTP_PASSWORD];
    options.ca = ctl->options.value[MFACTL_SMTP_CA];
    options.helo = ctl->options.value[MFACTL_HELO];
    options.timeout_msec = mailer->timeout_sec * 1000;

    return mfactl_smtp_open(&mailer->smtp, &options, why);
}


/* What has to be right before the first mail; an exit status. */
static int
prepare(mailer_t *mailer)
{
    size_t      i;
    uint8_t     room[1024];
    mfa_buf_t   why;
    mfactl_t   *ctl;

    ctl = mailer->ctl;
    mfa_buf_init(&why, room, sizeof(room));

    if (!mfactl_options_given(&ctl->options, MFACTL_SMTP)
        || mfactl_options_given(&ctl->options, MFACTL_REQUEUE))
    {
        mfa_buf_cstr(&why, "mailer takes --smtp, or --dead and --requeue");
        return refuse(ctl, &why);
    }

    if (take_span(ctl, MFACTL_TIMEOUT, 600, &mailer->timeout_sec) != 0
        || take_span(ctl, MFACTL_RETRY, MFA_MAILER_AGAIN_MAX,
                     &mailer->retry_sec) != 0)
    {
        return MFACTL_USAGE;
    }

    for (i = 0; i < ctl->conf.n_portals
                && ctl->conf.portals[i].mail_from.len == 0; i++)
    {
        /* void */
    }

    if (i == ctl->conf.n_portals) {
        return mfactl_print_error(ctl, MFACTL_USAGE, "no portal in %s has a"
                                  " \"mail from=\"", ctl->conf.file);
    }

    return mfactl_mail_template_read(&ctl->conf, &mailer->themes, &why) == 0
           && open_server(mailer, &why) == 0 ? MFACTL_DONE : refuse(ctl, &why);
}


int
mfactl_mailer(mfactl_t *ctl)
{
    int              status;
    static mailer_t  mailer;

    if (mfactl_options_given(&ctl->options, MFACTL_DEAD)) {
        return mfactl_dead(ctl);
    }

    mailer.ctl = ctl;
    mailer.timeout_sec = TIMEOUT_SEC;
    mailer.retry_sec = RETRY_SEC;
    mailer.once = mfactl_options_given(&ctl->options, MFACTL_ONCE);

    status = prepare(&mailer);

    if (status == MFACTL_DONE) {
        mfactl_ending_begin();
        status = work(&mailer);
    }

    mfactl_smtp_close(&mailer.smtp);

    if (status == MFACTL_UNAVAILABLE) {
        return mfactl_print_unavailable(ctl);
    }

    if (status != MFACTL_USAGE && mailer.once) {
        print_counts(&mailer);
    }

    return status;
}
