/*
 * Flow dead, see flow_dead.h.
 */

#include "core/flow_dead.h"

#include <string.h>

#define TRIES_MAX  20

enum { START, WATCHED, LET_GO, WRITTEN };


static mfa_flow_e
watch(mfa_flow_dead_t *dead)
{
    dead->at = mfa_store_dead_watch(mfa_flow_next(&dead->flow, WATCHED),
                                    dead->flow.env.portal, dead->id);
    return MFA_FLOW_STORE;
}


static mfa_flow_e
let_go(mfa_flow_dead_t *dead, mfa_outcome_e ending)
{
    dead->ending = ending;
    mfa_store_unwatch(mfa_flow_next(&dead->flow, LET_GO));

    return MFA_FLOW_STORE;
}


static mfa_flow_e
watched(mfa_flow_dead_t *dead, const mfa_result_t *result)
{
    mfa_op_t           *op;
    mfa_mail_t          mail;
    mfa_audit_t         audit;
    const mfa_reply_t  *list;

    list = mfa_op_reply(&dead->flow.op, result, dead->at);

    if (list == NULL || list->type != MFA_REPLY_ARRAY || list->n > 1) {
        return mfa_flow_end(&dead->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    if (list->n == 0) {
        return let_go(dead, MFA_OUTCOME_ABSENT);
    }

    if (mfa_mail_decode(&mail, &list->elements[0]) != 0) {
        return let_go(dead, MFA_OUTCOME_REFUSED);
    }

    op = mfa_flow_next(&dead->flow, WRITTEN);
    op->reserve = 1;
    audit = mfa_flow_audit(&dead->flow, "mail", "requeued", "", mail.login);
    audit.actor = dead->actor;
    audit.detail = mfa_str_from(mfa_mail_name(mail.kind));

    mfa_op_multi(op);
    mfa_store_dead_requeue(op, dead->flow.env.portal, dead->id,
                           &list->elements[0].elements[1]);
    mfa_store_audit(op, dead->flow.env.portal, &audit);
    mfa_op_exec(op);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
written(mfa_flow_dead_t *dead, const mfa_result_t *result)
{
    if (!mfa_op_aborted(&dead->flow.op, result)) {
        return mfa_flow_end(&dead->flow, MFA_OUTCOME_DONE);
    }

    return ++dead->tries < TRIES_MAX
           ? watch(dead) : mfa_flow_end(&dead->flow, MFA_OUTCOME_CONFLICT);
}


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_flow_dead_t  *dead;

    dead = (mfa_flow_dead_t *) flow;

    if (flow->step == START) {
        return mfa_event_id_check(dead->id)
               ? watch(dead) : mfa_flow_end(flow, MFA_OUTCOME_ABSENT);
    }

    if (!mfa_op_sound(&flow->op, result)) {
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }

    switch (flow->step) {
    case WATCHED:
        return watched(dead, result);
    case LET_GO:
        return mfa_flow_end(flow, dead->ending);
    case WRITTEN:
        return written(dead, result);
    default:
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }
}


void
mfa_flow_dead_init(mfa_flow_dead_t *dead)
{
    memset(dead, 0, sizeof(mfa_flow_dead_t));
    dead->flow.run = run;
}
