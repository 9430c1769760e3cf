/*
 * mfactl mailer --dead: mails that did not go, and their way back.
 */

#include "cli/change.h"
#include "cli/mailer.h"
#include "cli/print.h"
#include "core/flow_dead.h"

#include <string.h>

#define AT_ONCE  100                        /* of one question */

typedef struct {
    mfactl_t   *ctl;
    json_t     *rows;
    mfa_str_t   wanted;                     /* empty: only shown */
    mfa_str_t   actor;
    int64_t     n;                          /* requeued */
    int64_t     refused;
    int         status;
} dead_t;


static void
add_row(dead_t *dead, const mfa_portal_t *portal, const mfa_event_t *event,
    const mfa_reply_t *fields)
{
    size_t    i;
    int64_t   tries;
    json_t   *row;

    static const char *const  texts[] = { "mail", "login", "to", "reason" };

    row = mfactl_print_need(json_object());
    json_object_set_new(row, "portal", mfactl_print_text(portal->name));
    json_object_set_new(row, "id", mfactl_print_text(event->id));
    json_object_set_new(row, "time", mfactl_print_time(event->at));

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        json_object_set_new(row, texts[i], mfactl_print_text(
                            mfa_store_dead_field(fields, texts[i])));
    }

    if (mfa_str_int(mfa_store_dead_field(fields, "tries"), &tries) == 0) {
        json_object_set_new(row, "tries", json_integer(tries));
    }

    json_array_append_new(dead->rows, row);
}


/* One goes back; 0, or -1: no answer. */
static int
requeue(dead_t *dead, const mfa_portal_t *portal, mfa_str_t id)
{
    mfa_flow_dead_t  flow;

    mfa_flow_dead_init(&flow);
    flow.flow.env.portal = portal;
    flow.id = id;
    flow.actor = dead->actor;

    switch (mfactl_drive_run(&dead->ctl->drive, &flow.flow)) {
    case MFA_OUTCOME_DONE:
        dead->n++;
        return 0;

    case MFA_OUTCOME_UNAVAILABLE:
        return -1;

    case MFA_OUTCOME_ABSENT:                /* somebody else was faster */
        return 0;

    default:
        dead->refused++;
        return 0;
    }
}


/* The dead letters of an answer; the id of the last into after.  0 or -1. */
static int
take_some(dead_t *dead, const mfa_portal_t *portal, const mfa_reply_t *list,
    mfa_buf_t *after)
{
    size_t       i;
    mfa_event_t  event;

    for (i = 0; i < list->n; i++) {
        if (mfa_event_decode(&event, &list->elements[i]) != 0) {
            return -1;
        }

        after->len = 0;
        mfa_buf_str(after, event.id);

        if (dead->wanted.len == 0) {
            add_row(dead, portal, &event, &list->elements[i].elements[1]);

        } else if ((mfa_str_is(dead->wanted, "all")
                    || mfa_str_eq(dead->wanted, event.id))
                   && requeue(dead, portal, event.id) != 0)
        {
            return -1;
        }
    }

    return 0;
}


static int
look_at(dead_t *dead, const mfa_portal_t *portal)
{
    size_t              n;
    uint8_t             room[MFA_EVENT_ID_MAX];
    mfa_at_t            at;
    mfa_op_t            op;
    mfa_buf_t           after;
    mfa_result_t        result;
    const mfa_reply_t  *list;

    mfa_buf_init(&after, room, sizeof(room));

    do {
        mfa_op_reset(&op);
        at = mfa_store_dead_list(&op, portal, mfa_buf_since(&after, 0),
                                 AT_ONCE);
        result = mfactl_drive_op(&dead->ctl->drive, &op);
        list = mfa_op_reply(&op, &result, at);

        if (list == NULL || list->type != MFA_REPLY_ARRAY
            || take_some(dead, portal, list, &after) != 0)
        {
            return -1;
        }

        n = list->n;
        mfactl_drive_forget(&dead->ctl->drive);

    } while (n == AT_ONCE);

    return 0;
}


static int
finish(dead_t *dead)
{
    json_t  *doc;

    static const mfactl_column_t  columns[] = {
        { "portal", "PORTAL" }, { "id", "ID" }, { "time", "TIME" },
        { "mail", "MAIL" }, { "login", "LOGIN" }, { "to", "TO" },
        { "tries", "TRIES" }, { "reason", "REASON" }, { NULL, NULL }
    };

    doc = mfactl_print_need(json_object());

    if (dead->wanted.len == 0) {
        json_object_set_new(doc, "dead", dead->rows);
        mfactl_print(dead->ctl, doc, "dead", columns);
        return MFACTL_DONE;
    }

    json_decref(dead->rows);

    if (dead->n == 0 && dead->refused == 0
        && !mfa_str_is(dead->wanted, "all"))
    {
        json_decref(doc);
        return mfactl_print_error(dead->ctl, MFACTL_REFUSED,
                                  "there is no such dead letter");
    }

    json_object_set_new(doc, "requeued", json_integer(dead->n));
    json_object_set_new(doc, "refused", json_integer(dead->refused));
    mfactl_print(dead->ctl, doc, NULL, NULL);

    return dead->refused ? MFACTL_REFUSED : MFACTL_DONE;
}


int
mfactl_dead(mfactl_t *ctl)
{
    size_t       i;
    dead_t       dead;
    const char  *foreign;

    foreign = mfactl_options_foreign(&ctl->options, mfactl_bit(MFACTL_CONFIG)
                                     | mfactl_bit(MFACTL_JSON)
                                     | mfactl_bit(MFACTL_DEAD)
                                     | mfactl_bit(MFACTL_REQUEUE));

    if (foreign != NULL) {
        return mfactl_print_error(ctl, MFACTL_USAGE, "%s does not go with"
                                  " --dead", foreign);
    }

    memset(&dead, 0, sizeof(dead));
    dead.ctl = ctl;
    dead.wanted = mfactl_options_text(&ctl->options, MFACTL_REQUEUE);
    dead.actor = mfactl_change_actor(ctl);

    if (mfactl_options_given(&ctl->options, MFACTL_REQUEUE)
        && !mfa_str_is(dead.wanted, "all")
        && !mfa_event_id_check(dead.wanted))
    {
        return mfactl_print_error(ctl, MFACTL_USAGE,
                                  "--requeue takes an id or \"all\"");
    }

    dead.rows = mfactl_print_need(json_array());

    for (i = 0; i < ctl->conf.n_portals; i++) {
        if (look_at(&dead, &ctl->conf.portals[i]) != 0) {
            json_decref(dead.rows);
            return mfactl_print_unavailable(ctl);
        }
    }

    return finish(&dead);
}
