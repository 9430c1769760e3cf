/*
 * Flow admin, see flow_admin.h:
 *
 *   watch account -> decide -> change, index, audit in one transaction
 *                           -> or let go of the watch, nothing changed
 *
 * What each action changes is in admin.c.
 *
 * However the flow ends, no watch stays behind: EXEC drops it, UNWATCH drops
 * it, and a driver that could not tell closes the connection.
 */

#include "core/flow_admin.h"

#include <string.h>


enum { START, WATCHED, CHANGED, LET_GO };


static mfa_flow_e
watch(mfa_flow_admin_t *admin)
{
    mfa_op_t  *op;

    op = mfa_flow_next(&admin->flow, WATCHED);
    admin->account_at = mfa_store_account_watch(op, admin->flow.env.portal,
                                                admin->login);
    return MFA_FLOW_STORE;
}


static mfa_flow_e
let_go(mfa_flow_admin_t *admin, mfa_outcome_e ending)
{
    admin->ending = ending;
    mfa_store_unwatch(mfa_flow_next(&admin->flow, LET_GO));

    return MFA_FLOW_STORE;
}


/*
 * Only counters of the account itself: those of one network each cannot be
 * named from here, and end by themselves within the portal's window.  They stay
 * out of the transaction, being spread over a cluster by their own names.
 */
static void
clear_attempts(mfa_flow_admin_t *admin)
{
    size_t     i;
    mfa_str_t  no_net = { NULL, 0 };

    static const mfa_charge_e  kinds[] = {
        MFA_CHARGE_ACCOUNT, MFA_CHARGE_CODE, MFA_CHARGE_CODE_RUN
    };

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        mfa_store_charge_clear(&admin->flow.op, kinds[i],
                               admin->flow.env.portal, admin->login, no_net);
    }
}


static void
apply_changes(mfa_flow_admin_t *admin)
{
    mfa_op_t             *op;
    const mfa_account_t  *after;
    const mfa_portal_t   *portal;

    op = &admin->flow.op;
    after = &admin->after;
    portal = admin->flow.env.portal;

    mfa_store_account_change(op, portal, admin->login, admin->changes,
                             admin->n_changes, mfa_admin_raises(admin->action));
    mfa_store_account_index(op, portal, admin->login,
                            mfa_policy_required(portal, after),
                            after->enrolled != 0, after->deadline);
}


static mfa_flow_e
change(mfa_flow_admin_t *admin)
{
    mfa_op_t     *op;
    mfa_audit_t   audit;

    op = mfa_flow_next(&admin->flow, CHANGED);
    op->reserve = 1;

    /* Guesses at a factor that is gone must not stop the next one. */
    if (admin->action == MFA_ADMIN_UNLOCK || admin->action == MFA_ADMIN_RESET) {
        clear_attempts(admin);
    }

    mfa_op_multi(op);

    /* ADD as well: fields may be left over without an account. */
    if (admin->action == MFA_ADMIN_ADD || admin->action == MFA_ADMIN_DELETE) {
        mfa_store_account_delete(op, admin->flow.env.portal, admin->login);
    }

    if (admin->n_changes) {
        apply_changes(admin);
    }

    audit = mfa_flow_audit(&admin->flow, mfa_admin_name(admin->action), "ok",
                           "", admin->login);
    audit.actor = admin->actor;
    audit.detail = admin->reason;
    mfa_store_audit(op, admin->flow.env.portal, &audit);

    mfa_op_exec(op);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
watched(mfa_flow_admin_t *admin, const mfa_result_t *result)
{
    mfa_tri_e       found;
    mfa_outcome_e   outcome;

    found = mfa_store_account_decode(&admin->flow.op, result,
                                     admin->account_at, admin->login,
                                     MFA_ACCOUNT_N, &admin->before);

    if (found == MFA_UNKNOWN) {
        return let_go(admin, MFA_OUTCOME_UNAVAILABLE);
    }

    if ((found == MFA_YES) == (admin->action == MFA_ADMIN_ADD)) {
        return let_go(admin, found == MFA_YES ? MFA_OUTCOME_CONFLICT
                                              : MFA_OUTCOME_ABSENT);
    }

    outcome = mfa_admin_decide(admin);
    admin->deadline = admin->after.deadline;

    if (outcome != MFA_OUTCOME_DONE || !admin->write) {
        return let_go(admin, outcome);
    }

    return change(admin);
}


/* Whether there was a counter to clear.  They stand before the MULTI. */
static int
attempts_cleared(const mfa_flow_admin_t *admin, const mfa_result_t *result)
{
    int       some;
    int64_t   n;
    mfa_at_t  at;

    some = 0;

    for (at = 0; at + 1 < (mfa_at_t) admin->flow.op.tx_first; at++) {
        some |= mfa_op_int(&admin->flow.op, result, at, &n) == 0 && n > 0;
    }

    return some;
}


static mfa_flow_e
changed(mfa_flow_admin_t *admin, const mfa_result_t *result)
{
    /* Of every try: the counters go, whether the rest is aborted or not. */
    admin->cleared |= attempts_cleared(admin, result);

    if (mfa_op_aborted(&admin->flow.op, result)) {
        return ++admin->tries < MFA_ADMIN_TRIES
               ? watch(admin)
               : mfa_flow_end(&admin->flow, MFA_OUTCOME_CONFLICT);
    }

    admin->changed = admin->action != MFA_ADMIN_UNLOCK || admin->cleared;

    return mfa_flow_end(&admin->flow, MFA_OUTCOME_DONE);
}


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_flow_admin_t  *admin;

    admin = (mfa_flow_admin_t *) flow;

    if (flow->step == START) {
        return mfa_admin_check(admin)
               ? watch(admin) : mfa_flow_end(flow, MFA_OUTCOME_REFUSED);
    }

    if (!result->ok) {
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }

    if (!mfa_op_sound(&flow->op, result)) {
        return flow->step == LET_GO
               ? mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE)
               : let_go(admin, MFA_OUTCOME_UNAVAILABLE);
    }

    switch (flow->step) {
    case WATCHED:
        return watched(admin, result);
    case CHANGED:
        return changed(admin, result);
    case LET_GO:
        return mfa_flow_end(flow, admin->ending);
    default:
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }
}


void
mfa_flow_admin_init(mfa_flow_admin_t *admin)
{
    memset(admin, 0, sizeof(mfa_flow_admin_t));
    admin->flow.run = run;
    admin->grace_sec = -1;
    admin->deadline = -1;
}
