/*
 * Flow admin, see flow_admin.h:
 *
 *   watch account -> decide -> change, index, audit in one transaction
 *                           -> or let go of the watch, nothing changed
 *
 * Before what may take away an owner, the other owners are watched, a few at a
 * time, until one is found who can log in.
 *
 * What each action changes is in admin.c, which mail goes with it in
 * admin_mail.c, who the owners are in admin_owner.c, which counters of attempts
 * are cleared in admin_counter.c.  A mail that is asked for again is charged to
 * the account first, when it is known that it would go; what is watched is let go
 * for that and watched anew.
 *
 * However the flow ends, no watch stays behind: EXEC drops it, UNWATCH drops
 * it, and a driver that could not tell closes the connection.
 */

#include "core/flow_admin.h"
#include "core/mail.h"
#include "core/store_list.h"
#include "core/store_mail.h"
#include "core/store_recovery.h"

#include <string.h>


enum { START, OWNERS, SEATED, WATCHED, CHANGED, LET_GO, CHARGED };


static mfa_flow_e
watch(mfa_flow_admin_t *admin)
{
    mfa_op_t            *op;
    const mfa_by_t      *by;
    const mfa_portal_t  *portal;

    by = &admin->by;
    portal = admin->flow.env.portal;
    op = mfa_flow_next(&admin->flow, WATCHED);
    admin->account_at = mfa_store_account_watch(op, portal, admin->login);

    if (by->portal != NULL) {
        admin->by_at = mfa_store_account_watch(op, by->portal, by->login);
    }

    mfa_admin_counters_look(admin);

    if (admin->ref.len) {
        admin->list_at = admin->action == MFA_ADMIN_DEVICES_END
                         ? mfa_store_device_list(op, portal, admin->login)
                         : mfa_store_session_list(op, portal, admin->login);
    }

    return MFA_FLOW_STORE;
}


static mfa_flow_e
let_go(mfa_flow_admin_t *admin, mfa_outcome_e ending)
{
    admin->ending = ending;
    mfa_store_unwatch(mfa_flow_next(&admin->flow, LET_GO));

    return MFA_FLOW_STORE;
}


static mfa_flow_e
watch_owners(mfa_flow_admin_t *admin)
{
    mfa_flow_next(&admin->flow, OWNERS);
    mfa_admin_owners_list(admin);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
try_it(mfa_flow_admin_t *admin)
{
    if (mfa_admin_unseats(admin->action)) {
        mfa_admin_owners_begin(admin);
        return watch_owners(admin);
    }

    return watch(admin);
}


/* More of them, as long as none is found who can log in. */
static mfa_flow_e
owners_or_account(mfa_flow_admin_t *admin)
{
    return admin->owners_more && !admin->able ? watch_owners(admin)
                                              : watch(admin);
}


static mfa_flow_e
owners(mfa_flow_admin_t *admin, const mfa_result_t *result)
{
    const mfa_reply_t  *list;

    list = mfa_op_reply(&admin->flow.op, result, admin->list_at);
    mfa_flow_next(&admin->flow, SEATED);

    if (mfa_admin_owners_watch(admin, list) != 0) {
        return let_go(admin, MFA_OUTCOME_UNAVAILABLE);
    }

    return admin->n_seats ? MFA_FLOW_STORE : owners_or_account(admin);
}


static mfa_flow_e
seated(mfa_flow_admin_t *admin, const mfa_result_t *result)
{
    return mfa_admin_owners_read(admin, result) == 0
           ? owners_or_account(admin)
           : let_go(admin, MFA_OUTCOME_UNAVAILABLE);
}


/* Not before the rights: who may not must not use up an account's mails, or
   unlocks.  EXEC would drop the watch, so it goes first. */
static mfa_flow_e
charge(mfa_flow_admin_t *admin)
{
    mfa_store_unwatch(mfa_flow_next(&admin->flow, CHARGED));

    if (admin->action == MFA_ADMIN_RESEND) {
        mfa_mail_charge(&admin->flow, &admin->charge, admin->login);
        return MFA_FLOW_STORE;
    }

    admin->charge.kind = MFA_CHARGE_UNLOCK;
    admin->charge.limit.n = MFA_UNLOCK_MAX;
    admin->charge.limit.window_sec = MFA_CODE_RUN_SEC;
    mfa_store_charge(&admin->flow.op, &admin->charge, admin->flow.env.portal,
                     admin->login, admin->flow.env.net);

    return MFA_FLOW_STORE;
}


static void
tell(mfa_flow_admin_t *admin, const char *result)
{
    mfa_audit_t  audit;

    audit = mfa_flow_audit(&admin->flow, mfa_admin_event(admin), result, "",
                           admin->login);
    audit.actor = admin->actor.len ? admin->actor : admin->by.login;
    audit.token = mfa_by_token(&admin->by, admin->token);
    audit.detail = admin->detail_len
                   ? (mfa_str_t) { admin->detail, admin->detail_len }
                   : admin->ref.len ? admin->ref : admin->reason;
    mfa_store_audit(&admin->flow.op, admin->flow.env.portal, &audit);
}


/* Of more unlocks than there are the first is on record: somebody may be
   guessing codes. */
static mfa_flow_e
limited(mfa_flow_admin_t *admin, int first)
{
    if (admin->action == MFA_ADMIN_UNLOCK) {
        admin->why = MFA_WHY_UNLOCKS;

        if (first) {
            admin->ending = MFA_OUTCOME_LIMITED;
            mfa_flow_next(&admin->flow, LET_GO);
            tell(admin, "limited");

            return MFA_FLOW_STORE;
        }
    }

    return mfa_flow_end(&admin->flow, MFA_OUTCOME_LIMITED);
}


static mfa_flow_e
charged(mfa_flow_admin_t *admin, const mfa_result_t *result)
{
    mfa_charged_t  within;

    within = mfa_mail_charged(&admin->flow, &admin->charge, result);

    if (within.within == MFA_YES
        && mfa_op_int(&admin->flow.op, result, admin->charge.count,
                      &admin->unlocks) == 0)
    {
        admin->charged = 1;
        return try_it(admin);
    }

    return within.within == MFA_NO
           ? limited(admin, within.first)
           : mfa_flow_end(&admin->flow, MFA_OUTCOME_UNAVAILABLE);
}


static void
index_words(mfa_flow_admin_t *admin)
{
    mfa_search_t          before, after;
    const mfa_account_t  *was, *is;

    was = &admin->before;
    is = &admin->after;
    before.n = 0;
    after.n = 0;

    if (admin->action != MFA_ADMIN_ADD) {
        mfa_search_entries(&before, admin->login, was->email, was->name);
    }

    if (admin->action != MFA_ADMIN_DELETE) {
        mfa_search_entries(&after, admin->login, is->email, is->name);
    }

    mfa_store_search_change(&admin->flow.op, admin->flow.env.portal, &before,
                            &after);
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
                             admin->n_changes, admin->raise);
    mfa_store_account_index(op, portal, admin->login,
                            mfa_policy_required(portal, after),
                            after->enrolled != 0, after->deadline);

    if (admin->before.role.len || after->role.len) {
        mfa_store_owner_set(op, portal, admin->login,
                            mfa_admin_is_owner(after));
    }
}


/* What stands before the transaction, being spread over a cluster. */
static void
change_first(mfa_flow_admin_t *admin)
{
    /* Guesses at a factor that is gone must not stop the next one. */
    if (admin->counters || admin->action == MFA_ADMIN_RESET
        || admin->action == MFA_ADMIN_DELETE)
    {
        mfa_admin_counters_clear(admin);
    }

    if (admin->action == MFA_ADMIN_SESSIONS_END && admin->ref.len) {
        mfa_store_session_remove(&admin->flow.op, admin->hash);
    }
}


static void
end_listed(mfa_flow_admin_t *admin)
{
    mfa_op_t            *op;
    const mfa_portal_t  *portal;

    op = &admin->flow.op;
    portal = admin->flow.env.portal;

    if (admin->action == MFA_ADMIN_SESSIONS_END) {
        if (admin->ref.len) {
            mfa_store_session_unindex(op, portal, admin->login, admin->hash);
        } else {
            mfa_store_session_unindex_all(op, portal, admin->login);
            mfa_store_device_end_all(op, portal, admin->login);
        }

    } else if (admin->action == MFA_ADMIN_DEVICES_END) {
        if (admin->ref.len) {
            mfa_store_device_end(op, portal, admin->login, admin->hash);
        } else {
            mfa_store_device_end_all(op, portal, admin->login);
        }
    }
}


static mfa_flow_e
change(mfa_flow_admin_t *admin)
{
    mfa_op_t  *op;

    op = mfa_flow_next(&admin->flow, CHANGED);
    op->reserve = 1;

    change_first(admin);
    mfa_op_multi(op);

    /* ADD as well: fields may be left over without an account. */
    if (admin->action == MFA_ADMIN_ADD || admin->action == MFA_ADMIN_DELETE) {
        mfa_store_account_delete(op, admin->flow.env.portal, admin->login);
    }

    if (admin->action == MFA_ADMIN_DELETE && admin->before.role.len) {
        mfa_store_owner_set(op, admin->flow.env.portal, admin->login, 0);
    }

    if (admin->n_changes || admin->raise) {
        apply_changes(admin);
    }

    if (admin->action == MFA_ADMIN_ADD) {
        mfa_store_indexed_set(op, admin->flow.env.portal, 1);
    }

    /* They are of the factor that goes. */
    if (admin->action == MFA_ADMIN_RESET) {
        mfa_store_recovery_end(op, admin->flow.env.portal, admin->login);
    }

    /* What was mailed to an address that is not his any more opens nothing. */
    if (admin->action == MFA_ADMIN_EDIT
        && !mfa_str_eq(admin->before.email, admin->after.email))
    {
        mfa_store_mailtoken_end_all(op, admin->flow.env.portal, admin->login);
    }

    index_words(admin);
    end_listed(admin);

    tell(admin, "ok");
    mfa_admin_mail(admin);

    mfa_op_exec(op);

    return MFA_FLOW_STORE;
}


/* What ref names in the list; it may be over meanwhile.  0 or -1. */
static int
find_listed(mfa_flow_admin_t *admin, const mfa_result_t *result)
{
    size_t              i;
    const mfa_reply_t  *list;

    admin->hash = (mfa_str_t) { NULL, 0 };
    list = mfa_op_reply(&admin->flow.op, result, admin->list_at);

    if (list == NULL || list->type != MFA_REPLY_ARRAY) {
        return -1;
    }

    for (i = 0; i < list->n; i++) {
        if (list->elements[i].type != MFA_REPLY_STRING) {
            return -1;
        }

        if (mfa_str_eq(mfa_session_short(list->elements[i].str), admin->ref)) {
            admin->hash = list->elements[i].str;
        }
    }

    return 0;
}


/* Reads what was watched beside the account; 0 or -1. */
static int
watched_rest(mfa_flow_admin_t *admin, const mfa_result_t *result,
    mfa_tri_e *by)
{
    *by = MFA_NO;

    if (admin->by.portal != NULL) {
        *by = mfa_store_account_decode(&admin->flow.op, result, admin->by_at,
                                       admin->by.login, MFA_ACCOUNT_N,
                                       &admin->by_account);
        if (*by == MFA_UNKNOWN) {
            return -1;
        }
    }

    if (mfa_admin_counters_find(admin, result) != 0) {
        return -1;
    }

    return admin->ref.len ? find_listed(admin, result) : 0;
}


/* How it is to end, before anything is written. */
static mfa_outcome_e
decide(mfa_flow_admin_t *admin, mfa_tri_e found, mfa_tri_e by)
{
    mfa_outcome_e  outcome;

    /* A stranger is not told which accounts there are. */
    if (!mfa_admin_allowed(admin, by, found == MFA_YES)) {
        return MFA_OUTCOME_FORBIDDEN;
    }

    if ((found == MFA_YES) == (admin->action == MFA_ADMIN_ADD)) {
        admin->why = found == MFA_YES ? MFA_WHY_EXISTS : MFA_WHY_NONE;
        return found == MFA_YES ? MFA_OUTCOME_CONFLICT : MFA_OUTCOME_ABSENT;
    }

    if (admin->if_version >= 0 && admin->action != MFA_ADMIN_ADD
        && admin->if_version != admin->before.version)
    {
        admin->why = MFA_WHY_VERSION;
        return MFA_OUTCOME_CONFLICT;
    }

    outcome = mfa_admin_decide(admin);

    if (outcome == MFA_OUTCOME_DONE && mfa_admin_is_last(admin)) {
        admin->why = MFA_WHY_LAST;
        return MFA_OUTCOME_FORBIDDEN;
    }

    return outcome;
}


static mfa_flow_e
watched(mfa_flow_admin_t *admin, const mfa_result_t *result)
{
    mfa_tri_e       found, by;
    mfa_outcome_e   outcome;

    found = mfa_store_account_decode(&admin->flow.op, result,
                                     admin->account_at, admin->login,
                                     MFA_ACCOUNT_N, &admin->before);

    if (found == MFA_UNKNOWN || watched_rest(admin, result, &by) != 0) {
        return let_go(admin, MFA_OUTCOME_UNAVAILABLE);
    }

    outcome = decide(admin, found, by);
    admin->deadline = outcome == MFA_OUTCOME_DONE ? admin->after.deadline : -1;
    admin->version = admin->before.version;

    if (outcome != MFA_OUTCOME_DONE || !admin->write) {
        return let_go(admin, outcome);
    }

    if (!admin->charged && (admin->action == MFA_ADMIN_RESEND
                            || (admin->action == MFA_ADMIN_UNLOCK
                                && admin->guards)))
    {
        return charge(admin);
    }

    return change(admin);
}


static mfa_flow_e
changed(mfa_flow_admin_t *admin, const mfa_result_t *result)
{
    /* Of every try: the counters go, whether the rest is aborted or not. */
    admin->cleared |= mfa_admin_counters_cleared(admin, result);

    if (mfa_op_aborted(&admin->flow.op, result)) {
        if (++admin->tries < MFA_ADMIN_TRIES) {
            return try_it(admin);
        }

        admin->why = MFA_WHY_BUSY;
        return mfa_flow_end(&admin->flow, MFA_OUTCOME_CONFLICT);
    }

    admin->changed = !admin->only_counters || admin->cleared;
    admin->version += admin->n_changes || admin->raise;

    return mfa_flow_end(&admin->flow, MFA_OUTCOME_DONE);
}


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_flow_admin_t  *admin;

    admin = (mfa_flow_admin_t *) flow;

    if (flow->step == START) {
        return mfa_admin_check(admin)
               ? try_it(admin) : mfa_flow_end(flow, MFA_OUTCOME_REFUSED);
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
    case OWNERS:
        return owners(admin, result);
    case SEATED:
        return seated(admin, result);
    case WATCHED:
        return watched(admin, result);
    case CHANGED:
        return changed(admin, result);
    case CHARGED:
        return charged(admin, result);
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
    admin->by.generation = -1;
    admin->if_version = -1;
    admin->grace_sec = -1;
    admin->deadline = -1;
    admin->mail = -1;
}
