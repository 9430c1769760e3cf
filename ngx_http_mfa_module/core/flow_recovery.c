/*
 * Flow recovery, see flow_recovery.h:
 *
 *   take:     take what waits with the session
 *   renew:    charge -> watch account -> change it -> keep them with the session
 *                  \-> limited
 */

#include "core/flow_recovery.h"
#include "core/flow_enrol.h"
#include "core/mail.h"

#include <string.h>


enum { START, TAKEN, CHARGED, WATCHED, CHANGED, KEPT, LET_GO };


int
mfa_renewal_add(mfa_flow_t *flow, mfa_renewal_t *renewal, mfa_str_t login,
    mfa_str_t secret_id)
{
    size_t            i;
    mfa_buf_t         out;
    const mfa_env_t  *env;

    env = &flow->env;
    mfa_buf_init(&out, renewal->hashes, sizeof(renewal->hashes));

    if (env->keys->n == 0
        || mfa_recovery_make(env->random, &renewal->codes) != 0)
    {
        return -1;
    }

    for (i = 0; i < MFA_RECOVERY_N; i++) {
        if (mfa_recovery_hash(&env->keys->keys[0], env->portal, login,
                              secret_id, renewal->codes.raw[i], &out) != 0)
        {
            return -1;
        }
    }

    mfa_store_recovery_write(&flow->op, env->portal, login,
                             mfa_buf_since(&out, 0));
    return 0;
}


int
mfa_renewal_keep(mfa_flow_t *flow, mfa_renewal_t *renewal, mfa_str_t login,
    mfa_str_t hash)
{
    int               rc;
    uint8_t           sealed[MFA_SEAL_TEXT_MAX];
    mfa_buf_t         out;
    const mfa_env_t  *env;

    env = &flow->env;
    mfa_buf_init(&out, sealed, sizeof(sealed));
    rc = mfa_recovery_seal(env->keys, env->random, env->portal, login, hash,
                           &renewal->codes, &out);
    mfa_wipe(&renewal->codes, sizeof(renewal->codes));

    if (rc == 0) {
        mfa_store_recovery_keep(&flow->op, hash, mfa_buf_since(&out, 0));
    }

    return rc;
}


static mfa_flow_e
end(mfa_flow_recovery_t *recovery, mfa_outcome_e outcome)
{
    mfa_wipe(&recovery->renewal.codes, sizeof(recovery->renewal.codes));

    return mfa_flow_end(&recovery->flow, outcome);
}


/* Whoever came in with the password alone has nothing to see or make here. */
static int
may(const mfa_who_t *who)
{
    return who->has_account && who->account.enrolled && !who->account.fault
           && who->session.level == MFA_LEVEL_MFA
           && who->verdict == MFA_VERDICT_ALLOW;
}


static mfa_flow_e
watch(mfa_flow_recovery_t *recovery)
{
    mfa_op_t  *op;

    op = mfa_flow_next(&recovery->flow, WATCHED);
    recovery->account_at = mfa_store_account_watch(
        op, recovery->flow.env.portal, recovery->who.session.login);

    return MFA_FLOW_STORE;
}


/* Each renewal is a mail: nobody's mailbox is flooded by it, and no outbox. */
static mfa_flow_e
charge(mfa_flow_recovery_t *recovery)
{
    mfa_flow_next(&recovery->flow, CHARGED);
    mfa_mail_charge(&recovery->flow, &recovery->charge,
                    recovery->who.session.login);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
charged(mfa_flow_recovery_t *recovery, const mfa_result_t *result)
{
    mfa_charged_t  charges;

    charges = mfa_mail_charged(&recovery->flow, &recovery->charge, result);

    return charges.within == MFA_YES
           ? watch(recovery)
           : end(recovery, charges.within == MFA_NO ? MFA_OUTCOME_LIMITED
                                                    : MFA_OUTCOME_UNAVAILABLE);
}


static mfa_flow_e
start(mfa_flow_recovery_t *recovery)
{
    mfa_op_t  *op;

    if (!recovery->who.has_session) {
        return end(recovery, MFA_OUTCOME_EXPIRED);
    }

    if (!may(&recovery->who)) {
        return end(recovery, MFA_OUTCOME_FORBIDDEN);
    }

    if (recovery->action == MFA_RECOVERY_TAKE) {
        op = mfa_flow_next(&recovery->flow, TAKEN);
        recovery->taken_at = mfa_store_recovery_take(op, recovery->who.hash);
        return MFA_FLOW_STORE;
    }

    if (recovery->flow.env.now - recovery->who.session.code_at
        >= MFA_REPLACE_FRESH_SEC)
    {
        return end(recovery, MFA_OUTCOME_CODE);
    }

    return charge(recovery);
}


/* Nothing there is no error: they have been shown, or it is too late. */
static mfa_flow_e
taken(mfa_flow_recovery_t *recovery, const mfa_result_t *result)
{
    mfa_str_t         sealed;
    const mfa_env_t  *env;

    env = &recovery->flow.env;

    if (mfa_op_str(&recovery->flow.op, result, recovery->taken_at, &sealed)
        != 0)
    {
        return end(recovery, MFA_OUTCOME_UNAVAILABLE);
    }

    recovery->has_codes =
        sealed.len && mfa_recovery_open(env->keys, env->portal,
                                        recovery->who.session.login,
                                        recovery->who.hash, sealed,
                                        &recovery->codes) == 0;

    return end(recovery, MFA_OUTCOME_DONE);
}


static mfa_flow_e
let_go(mfa_flow_recovery_t *recovery, mfa_outcome_e outcome)
{
    recovery->refusal = outcome;
    mfa_store_unwatch(mfa_flow_next(&recovery->flow, LET_GO));

    return MFA_FLOW_STORE;
}


/* Decides again from the account as it is now: codes for a factor that has just
   been replaced would be worth nothing. */
static mfa_flow_e
watched(mfa_flow_recovery_t *recovery, const mfa_result_t *result)
{
    mfa_op_t         *op;
    mfa_who_t         who;
    mfa_tri_e         answer;
    mfa_audit_t       audit;
    mfa_policy_in_t   in;
    const mfa_env_t  *env;

    env = &recovery->flow.env;
    who = recovery->who;
    answer = mfa_store_account_decode(&recovery->flow.op, result,
                                      recovery->account_at, who.session.login,
                                      MFA_ACCOUNT_N, &recovery->account);
    if (answer == MFA_UNKNOWN) {
        return let_go(recovery, MFA_OUTCOME_UNAVAILABLE);
    }

    in = (mfa_policy_in_t) {
        env->portal, MFA_RULE_ACCOUNT, 0, env->now, MFA_YES, &who.session,
        answer == MFA_YES ? &recovery->account : NULL
    };

    who.account = recovery->account;
    who.has_account = answer == MFA_YES;
    who.verdict = mfa_policy_decide(&in);

    if (!may(&who)) {
        return let_go(recovery, MFA_OUTCOME_FORBIDDEN);
    }

    op = mfa_flow_next(&recovery->flow, CHANGED);
    op->reserve = 1;
    audit = mfa_flow_audit(&recovery->flow, "recovery-codes", "ok", "",
                           recovery->account.login);

    mfa_op_multi(op);

    if (mfa_renewal_add(&recovery->flow, &recovery->renewal,
                        recovery->account.login, recovery->account.secret_id)
        != 0)
    {
        return let_go(recovery, MFA_OUTCOME_UNAVAILABLE);
    }

    mfa_store_audit(op, env->portal, &audit);
    mfa_mail_queue(&recovery->flow, MFA_MAIL_RECOVERY_MADE, &recovery->account,
                   recovery->account.generation, mfa_lit(""));
    mfa_op_exec(op);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
changed(mfa_flow_recovery_t *recovery, const mfa_result_t *result)
{
    if (mfa_op_aborted(&recovery->flow.op, result)) {
        return ++recovery->tries < MFA_RECOVERY_TRIES
               ? watch(recovery) : end(recovery, MFA_OUTCOME_CONFLICT);
    }

    mfa_flow_next(&recovery->flow, KEPT);

    if (mfa_renewal_keep(&recovery->flow, &recovery->renewal,
                         recovery->account.login, recovery->who.hash) != 0)
    {
        return end(recovery, MFA_OUTCOME_UNAVAILABLE);
    }

    return MFA_FLOW_STORE;
}


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_flow_recovery_t  *recovery;

    recovery = (mfa_flow_recovery_t *) flow;

    if (flow->step != START && !mfa_op_sound(&flow->op, result)) {
        return result->ok && (flow->step == WATCHED || flow->step == CHANGED)
               ? let_go(recovery, MFA_OUTCOME_UNAVAILABLE)
               : end(recovery, MFA_OUTCOME_UNAVAILABLE);
    }

    switch (flow->step) {
    case START:
        return start(recovery);
    case TAKEN:
        return taken(recovery, result);
    case CHARGED:
        return charged(recovery, result);
    case WATCHED:
        return watched(recovery, result);
    case CHANGED:
        return changed(recovery, result);
    case KEPT:
        return end(recovery, MFA_OUTCOME_DONE);
    case LET_GO:
        return end(recovery, recovery->refusal);
    default:
        return end(recovery, MFA_OUTCOME_UNAVAILABLE);
    }
}


void
mfa_flow_recovery_init(mfa_flow_recovery_t *recovery)
{
    memset(recovery, 0, sizeof(mfa_flow_recovery_t));
    recovery->flow.run = run;
}
