/*
 * mfactl audit --follow: events as they come.
 *
 * What was printed last is remembered, so a store that was away for a while is
 * asked from there on: nothing is told twice, and nothing is left out that the
 * store still has.
 */

#include "cli/audit.h"
#include "cli/ending.h"
#include "cli/print.h"
#include "core/store.h"

#include <stdio.h>
#include <string.h>

#define WAIT_MSEC   500                     /* how late the end may be */
#define AGAIN_MSEC  1000                    /* a store that is away */


static void
print_text(const json_t *object, const char *key, int wide)
{
    const char  *text;

    text = json_string_value(json_object_get(object, key));
    printf("%-*s  ", wide, text != NULL ? text : "-");
}


/* What not every event has goes by its name. */
static void
print_named(const json_t *object, const char *key)
{
    const char  *text;

    text = json_string_value(json_object_get(object, key));

    if (text != NULL) {
        printf(" %s=%s", key, text);
    }
}


void
mfactl_audit_line(const mfactl_t *ctl, json_t *object)
{
    size_t  i;

    /* What somebody has typed comes last: it cannot pass for what is before. */
    static const char *const  named[] = {
        "actor", "address", "request", "reason", "token", "detail"
    };

    if (ctl->json) {
        json_dumpf(object, stdout, JSON_COMPACT);

    } else {
        print_text(object, "time", 20);
        print_text(object, "event", 9);
        print_text(object, "result", 9);
        fputs(json_is_string(json_object_get(object, "login"))
              ? json_string_value(json_object_get(object, "login")) : "-",
              stdout);

        for (i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
            print_named(object, named[i]);
        }
    }

    putchar('\n');
    fflush(stdout);
    json_decref(object);
}


/* The events of one answer; 0, or -1 when they are none. */
static int
print_events(const mfactl_t *ctl, const mfactl_wanted_t *wanted,
    const mfa_reply_t *events, mfa_buf_t *after)
{
    size_t   i;
    json_t  *object;

    for (i = 0; i < events->n; i++) {
        object = mfactl_audit_event(&events->elements[i]);

        if (object == NULL) {
            return -1;
        }

        after->len = 0;
        mfa_buf_str(after, events->elements[i].elements[0].str);

        if (mfactl_audit_wanted(wanted, &events->elements[i])) {
            mfactl_audit_line(ctl, object);
        } else {
            json_decref(object);
        }
    }

    return 0;
}


/*
 * One question: MFA_YES it was answered, MFA_NO the store says that it will not
 * answer it, MFA_UNKNOWN it did not.
 */
static mfa_tri_e
ask(mfactl_t *ctl, const mfactl_wanted_t *wanted, mfa_buf_t *after)
{
    mfa_at_t             at;
    mfa_op_t             op;
    mfa_tri_e            answer;
    mfa_result_t         result;
    const mfa_reply_t   *events, *said;

    mfa_op_reset(&op);
    at = mfa_store_audit_wait(&op, ctl->portal, mfa_buf_since(after, 0),
                              MFACTL_AUDIT_AT_ONCE, WAIT_MSEC);
    result = mfactl_drive_op(&ctl->drive, &op);
    events = mfa_store_audit_waited(&op, &result, at);

    if (events != NULL) {
        answer = print_events(ctl, wanted, events, after) == 0 ? MFA_YES
                                                               : MFA_NO;
    } else {
        said = mfa_op_reply(&op, &result, at);
        answer = said != NULL ? MFA_NO : MFA_UNKNOWN;

        if (said != NULL && said->type == MFA_REPLY_ERROR) {
            snprintf(ctl->drive.why, sizeof(ctl->drive.why), "%.*s",
                     (int) said->str.len, (const char *) said->str.data);
        }
    }

    mfactl_drive_forget(&ctl->drive);

    return answer;
}


/* Says once that the store is away, and makes a new connection later. */
static void
wait_for_store(mfactl_t *ctl, int *away)
{
    if (!*away) {
        mfactl_print_unavailable_note(ctl, "trying again");
        *away = 1;
    }

    mfactl_drive_close(&ctl->drive);
    mfactl_drive_init(&ctl->drive, &ctl->conf.endpoint);

    mfactl_ending_pause(AGAIN_MSEC);
}


int
mfactl_audit_follow(mfactl_t *ctl, const mfactl_wanted_t *wanted,
    mfa_str_t after)
{
    int        away;
    uint8_t    room[MFACTL_AUDIT_ID_MAX];
    mfa_tri_e  answer;
    mfa_buf_t  last;

    away = 0;
    mfa_buf_init(&last, room, sizeof(room));
    mfa_buf_str(&last, after);
    mfactl_ending_begin();

    while (!mfactl_ending() && !ferror(stdout)) {
        answer = ask(ctl, wanted, &last);

        if (answer == MFA_NO) {
            return mfactl_print_unavailable(ctl);
        }

        if (answer == MFA_YES) {
            away = 0;

        } else if (!mfactl_ending()) {
            wait_for_store(ctl, &away);
        }
    }

    return MFACTL_DONE;
}
