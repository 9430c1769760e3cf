/*
 * Flow enrol, see flow_enrol.h:
 *
 *   offer:    store a pending secret unless there is one -> show what is stored
 *   confirm:  charge, read pending -> check -> watch account -> change it ->
 *             open session -> end excess sessions
 *   later:    note it in the session
 *   replace:  charge -> store a pending secret in place of any
 */

#include "core/flow_enrol.h"
#include "core/mail.h"

#include <string.h>


enum {
    START, COUNTED, OFFERED, CHARGED, WATCHED, CHANGED, OPENED, EVICTED, NOTED,
    REFUSED
};


/* Why there is a factor now, for the audit. */
static const char *const  reasons[MFA_ENROLMENT_N] = {
    [MFA_ENROLMENT_NONE]    = "",
    [MFA_ENROLMENT_FIRST]   = "",
    [MFA_ENROLMENT_REPLACE] = "replaced",
    [MFA_ENROLMENT_RESET]   = "reset"
};

/* What its owner is told. */
static const mfa_mail_e  mails[MFA_ENROLMENT_N] = {
    [MFA_ENROLMENT_NONE]    = MFA_MAIL_ENROLLED,
    [MFA_ENROLMENT_FIRST]   = MFA_MAIL_ENROLLED,
    [MFA_ENROLMENT_REPLACE] = MFA_MAIL_REPLACED,
    [MFA_ENROLMENT_RESET]   = MFA_MAIL_RESET_DONE
};


static mfa_flow_e
end(mfa_flow_enrol_t *enrol, mfa_outcome_e outcome)
{
    mfa_wipe(&enrol->renewal.codes, sizeof(enrol->renewal.codes));

    return mfa_flow_end(&enrol->flow, outcome);
}


/* By what right: an enrolled account must never come through here on a password
   alone, and nobody whom the policy blocks. */
static int
may(const mfa_flow_enrol_t *enrol, mfa_enrolment_e kind)
{
    const mfa_who_t  *who;

    who = &enrol->who;

    if (!who->has_account || who->account.fault) {
        return 0;
    }

    switch (kind) {
    case MFA_ENROLMENT_FIRST:
        return !who->account.enrolled
               && (who->verdict == MFA_VERDICT_ENROL
                   || who->verdict == MFA_VERDICT_ALLOW);

    case MFA_ENROLMENT_REPLACE:
        return who->account.enrolled && who->session.level == MFA_LEVEL_MFA
               && who->verdict == MFA_VERDICT_ALLOW;

    /* The link was mailed for this: also when an admin has taken the factor
       away behind a deadline that is over, which the link does not move. */
    case MFA_ENROLMENT_RESET:
        return who->verdict == MFA_VERDICT_CODE
               || who->verdict == MFA_VERDICT_ENROL
               || who->verdict == MFA_VERDICT_LOCKED
               || who->verdict == MFA_VERDICT_ALLOW;

    default:
        return 0;
    }
}


/* Whether there is a right at all; which one, the pending secret tells. */
static int
may_some(const mfa_flow_enrol_t *enrol)
{
    return may(enrol, MFA_ENROLMENT_FIRST) || may(enrol, MFA_ENROLMENT_REPLACE)
           || may(enrol, MFA_ENROLMENT_RESET);
}


static mfa_flow_e
offer(mfa_flow_enrol_t *enrol)
{
    mfa_op_t   *op;
    mfa_buf_t   out;

    mfa_buf_init(&out, enrol->sealed, sizeof(enrol->sealed));

    /* What is there already by another right is shown as well. */
    if (!may(enrol, MFA_ENROLMENT_FIRST)) {
        op = mfa_flow_next(&enrol->flow, OFFERED);
        enrol->pending_at = mfa_store_enrolment_read(op, enrol->who.hash);
        return MFA_FLOW_STORE;
    }

    if (mfa_enrolment_make(&enrol->flow, MFA_ENROLMENT_FIRST,
                           enrol->who.account.login, &out) != 0)
    {
        return end(enrol, MFA_OUTCOME_UNAVAILABLE);
    }

    op = mfa_flow_next(&enrol->flow, OFFERED);
    enrol->pending_at = mfa_store_enrolment_offer(op, enrol->who.hash,
                                                  mfa_buf_since(&out, 0));
    return MFA_FLOW_STORE;
}


/* Reads the pending secret of an answer; EXPIRED when there is none, FORBIDDEN
   when there is none and could be none. */
static mfa_outcome_e
pending_read(mfa_flow_enrol_t *enrol, const mfa_result_t *result)
{
    mfa_str_t  pending, secret_id;

    if (mfa_op_str(&enrol->flow.op, result, enrol->pending_at, &pending) != 0) {
        return MFA_OUTCOME_UNAVAILABLE;
    }

    enrol->kind = mfa_enrolment_open(&enrol->flow, enrol->who.account.login,
                                     pending, &secret_id, enrol->secret);

    if (enrol->kind == MFA_ENROLMENT_NONE) {
        return may(enrol, MFA_ENROLMENT_FIRST)
               || may(enrol, MFA_ENROLMENT_REPLACE)
               ? MFA_OUTCOME_EXPIRED : MFA_OUTCOME_FORBIDDEN;
    }

    if (!may(enrol, enrol->kind)) {
        mfa_wipe(enrol->secret, sizeof(enrol->secret));
        return MFA_OUTCOME_FORBIDDEN;
    }

    enrol->has_secret = 1;
    memcpy(enrol->id_room, secret_id.data, MFA_SECRET_ID_CHARS);
    enrol->secret_id = (mfa_str_t) { enrol->id_room, MFA_SECRET_ID_CHARS };

    return MFA_OUTCOME_DONE;
}


/* For who has just given a code; a replacement ends with a mail. */
static mfa_flow_e
replace(mfa_flow_enrol_t *enrol)
{
    if (!may(enrol, MFA_ENROLMENT_REPLACE)) {
        return end(enrol, MFA_OUTCOME_FORBIDDEN);
    }

    if (enrol->flow.env.now - enrol->who.session.code_at
        >= MFA_REPLACE_FRESH_SEC)
    {
        return end(enrol, MFA_OUTCOME_CODE);
    }

    mfa_flow_next(&enrol->flow, COUNTED);
    mfa_mail_charge(&enrol->flow, &enrol->charge, enrol->who.account.login);

    return MFA_FLOW_STORE;
}


/* Begins with another secret. */
static mfa_flow_e
counted(mfa_flow_enrol_t *enrol, const mfa_result_t *result)
{
    mfa_op_t       *op;
    mfa_buf_t       out;
    mfa_charged_t   charges;

    charges = mfa_mail_charged(&enrol->flow, &enrol->charge, result);

    if (charges.within != MFA_YES) {
        return end(enrol, charges.within == MFA_NO ? MFA_OUTCOME_LIMITED
                                                   : MFA_OUTCOME_UNAVAILABLE);
    }

    mfa_buf_init(&out, enrol->sealed, sizeof(enrol->sealed));

    if (mfa_enrolment_make(&enrol->flow, MFA_ENROLMENT_REPLACE,
                           enrol->who.account.login, &out) != 0)
    {
        return end(enrol, MFA_OUTCOME_UNAVAILABLE);
    }

    op = mfa_flow_next(&enrol->flow, NOTED);
    mfa_store_enrolment_put(op, enrol->who.hash, mfa_buf_since(&out, 0));

    return MFA_FLOW_STORE;
}


static mfa_flow_e
later(mfa_flow_enrol_t *enrol)
{
    mfa_op_t       *op;
    mfa_audit_t     audit;
    mfa_session_t   session;

    if (!may(enrol, MFA_ENROLMENT_FIRST) || !enrol->who.may_put_off) {
        return end(enrol, MFA_OUTCOME_FORBIDDEN);
    }

    session = enrol->who.session;
    session.later = 1;

    op = mfa_flow_next(&enrol->flow, NOTED);
    audit = mfa_flow_audit(&enrol->flow, "enrol", "put off", "",
                           enrol->who.account.login);
    mfa_store_session_save(op, enrol->flow.env.portal, &session,
                           enrol->who.hash, enrol->flow.env.now);
    mfa_store_audit(op, enrol->flow.env.portal, &audit);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
charge(mfa_flow_enrol_t *enrol)
{
    mfa_op_t  *op;

    op = mfa_flow_next(&enrol->flow, CHARGED);
    mfa_attempt_charge(&enrol->flow, &enrol->attempt,
                       enrol->who.account.login);

    if (!mfa_attempt_goes_on(&enrol->attempt)) {
        enrol->pending_at = mfa_store_enrolment_read(op, enrol->who.hash);
    }

    return MFA_FLOW_STORE;
}


static mfa_flow_e
start(mfa_flow_enrol_t *enrol)
{
    if (!enrol->who.has_session) {
        return end(enrol, MFA_OUTCOME_EXPIRED);
    }

    switch (enrol->action) {
    case MFA_ENROL_CHECK:
        if (may(enrol, MFA_ENROLMENT_FIRST)) {
            return end(enrol, MFA_OUTCOME_DONE);
        }

        /* fall through */
    case MFA_ENROL_OFFER:
        return may_some(enrol) ? offer(enrol)
                               : end(enrol, MFA_OUTCOME_FORBIDDEN);
    case MFA_ENROL_CONFIRM:
        return may_some(enrol) ? charge(enrol)
                               : end(enrol, MFA_OUTCOME_FORBIDDEN);
    case MFA_ENROL_LATER:
        return later(enrol);

    case MFA_ENROL_REPLACE:
        return replace(enrol);

    default:
        return end(enrol, MFA_OUTCOME_FORBIDDEN);
    }
}


static mfa_flow_e
refuse(mfa_flow_enrol_t *enrol, mfa_outcome_e outcome, const char *result,
    const char *reason)
{
    mfa_op_t     *op;
    mfa_audit_t   audit;

    enrol->refusal = outcome;

    op = mfa_flow_next(&enrol->flow, REFUSED);
    audit = mfa_flow_audit(&enrol->flow, "enrol", result, reason,
                           enrol->who.account.login);
    mfa_store_audit(op, enrol->flow.env.portal, &audit);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
watch(mfa_flow_enrol_t *enrol)
{
    mfa_op_t  *op;

    op = mfa_flow_next(&enrol->flow, WATCHED);
    enrol->account_at = mfa_store_account_watch(op, enrol->flow.env.portal,
                                                enrol->who.session.login);
    return MFA_FLOW_STORE;
}


static mfa_flow_e
charged(mfa_flow_enrol_t *enrol, const mfa_result_t *result)
{
    mfa_tri_e         answer;
    mfa_outcome_e     outcome;
    mfa_charged_t     charges;
    const mfa_env_t  *env;

    env = &enrol->flow.env;
    charges = mfa_attempt_result(&enrol->flow, &enrol->attempt, result);

    if (charges.within == MFA_UNKNOWN) {
        return end(enrol, MFA_OUTCOME_UNAVAILABLE);
    }

    if (charges.within == MFA_NO) {
        return charges.first
               ? refuse(enrol, MFA_OUTCOME_LIMITED, "limited", "")
               : end(enrol, MFA_OUTCOME_LIMITED);
    }

    if (mfa_attempt_goes_on(&enrol->attempt)) {
        return charge(enrol);
    }

    outcome = pending_read(enrol, result);

    if (outcome != MFA_OUTCOME_DONE) {
        return end(enrol, outcome);
    }

    answer = mfa_totp_check(&env->portal->totp, enrol->secret,
                            sizeof(enrol->secret), env->now, enrol->code,
                            &enrol->claim_step);
    switch (answer) {
    case MFA_YES:
        return watch(enrol);
    case MFA_NO:
        return refuse(enrol, MFA_OUTCOME_REFUSED, "refused", "code");
    default:
        return end(enrol, MFA_OUTCOME_UNAVAILABLE);
    }
}


static mfa_flow_e
let_go(mfa_flow_enrol_t *enrol, mfa_outcome_e outcome)
{
    enrol->refusal = outcome;
    mfa_store_unwatch(mfa_flow_next(&enrol->flow, REFUSED));

    return MFA_FLOW_STORE;
}


/* Decides again from the account as it is now, then changes it. */
static mfa_flow_e
watched(mfa_flow_enrol_t *enrol, const mfa_result_t *result)
{
    mfa_op_t         *op;
    mfa_buf_t         sealed;
    mfa_tri_e         answer;
    mfa_audit_t       audit;
    mfa_change_t      changes[4];
    mfa_policy_in_t   in;
    const mfa_env_t  *env;

    env = &enrol->flow.env;
    answer = mfa_store_account_decode(&enrol->flow.op, result,
                                      enrol->account_at,
                                      enrol->who.session.login, MFA_ACCOUNT_N,
                                      &enrol->account);
    if (answer == MFA_UNKNOWN) {
        return let_go(enrol, MFA_OUTCOME_UNAVAILABLE);
    }

    in = (mfa_policy_in_t) {
        env->portal, MFA_RULE_ACCOUNT, 0, env->now, MFA_YES,
        &enrol->who.session, answer == MFA_YES ? &enrol->account : NULL
    };

    enrol->who.account = enrol->account;
    enrol->who.has_account = answer == MFA_YES;
    enrol->who.verdict = mfa_policy_decide(&in);

    if (!may(enrol, enrol->kind)) {
        return let_go(enrol, MFA_OUTCOME_FORBIDDEN);
    }

    mfa_buf_init(&sealed, enrol->sealed, sizeof(enrol->sealed));

    if (mfa_secret_seal(&enrol->flow, "totp", enrol->account.login,
                        enrol->secret_id, enrol->secret, &sealed) != 0)
    {
        return let_go(enrol, MFA_OUTCOME_UNAVAILABLE);
    }

    memset(changes, 0, sizeof(changes));
    changes[0].field = MFA_ACCOUNT_ENROLLED;
    changes[0].number = env->now;
    changes[0].is_number = 1;
    changes[1].field = MFA_ACCOUNT_SECRET_ID;
    changes[1].text = enrol->secret_id;
    changes[2].field = MFA_ACCOUNT_SECRET;
    changes[2].text = mfa_buf_since(&sealed, 0);
    changes[3].field = MFA_ACCOUNT_VALIDATED;

    op = mfa_flow_next(&enrol->flow, CHANGED);
    audit = mfa_flow_audit(&enrol->flow, "enrol", "ok", reasons[enrol->kind],
                           enrol->account.login);

    mfa_op_multi(op);
    mfa_store_account_change(op, env->portal, enrol->account.login, changes, 4,
                             1);
    mfa_store_account_index(op, env->portal, enrol->account.login,
                            mfa_policy_required(env->portal, &enrol->account),
                            1, enrol->account.deadline);
    /* The confirming code is spent, also for the login that follows. */
    mfa_store_step_claim(op, env->portal, enrol->account.login,
                         enrol->claim_step);

    /* Those of the factor before are void with it. */
    if (mfa_renewal_add(&enrol->flow, &enrol->renewal, enrol->account.login,
                        enrol->secret_id) != 0)
    {
        return let_go(enrol, MFA_OUTCOME_UNAVAILABLE);
    }

    mfa_store_audit(op, env->portal, &audit);
    mfa_mail_queue(&enrol->flow, mails[enrol->kind], &enrol->account,
                   enrol->account.generation + 1, mfa_lit(""));
    mfa_op_exec(op);
    op->reserve = 1;

    return MFA_FLOW_STORE;
}


static mfa_flow_e
changed(mfa_flow_enrol_t *enrol, const mfa_result_t *result)
{
    mfa_audit_t       audit;
    mfa_session_t    *session;
    const mfa_env_t  *env;

    if (mfa_op_aborted(&enrol->flow.op, result)) {
        return ++enrol->tries < MFA_ENROL_TRIES
               ? watch(enrol) : end(enrol, MFA_OUTCOME_CONFLICT);
    }

    env = &enrol->flow.env;

    /* The raised generation has ended every session of the account; this one
       goes on under a new id. */
    session = &enrol->opening.session;
    *session = enrol->who.session;
    session->generation = enrol->account.generation + 1;
    session->level = MFA_LEVEL_MFA;
    session->expires = session->password_at + env->portal->absolute_sec;
    session->code_at = env->now;
    session->later = 0;

    mfa_flow_next(&enrol->flow, OPENED);
    mfa_attempt_forgive(&enrol->flow, enrol->account.login);
    mfa_store_known_net(&enrol->flow.op, env->portal, enrol->account.login,
                        env->net);

    audit = mfa_flow_audit(&enrol->flow, "session", "ok", "enrolled",
                           enrol->account.login);

    if (mfa_opening_add(&enrol->flow, &enrol->opening, &enrol->who, &audit,
                        NULL) != 0
        || mfa_renewal_keep(&enrol->flow, &enrol->renewal, session->login,
                            (mfa_str_t) { enrol->opening.token.hash,
                                          MFA_HASH_CHARS }) != 0)
    {
        return end(enrol, MFA_OUTCOME_UNAVAILABLE);
    }

    return MFA_FLOW_STORE;
}


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_flow_enrol_t  *enrol;

    enrol = (mfa_flow_enrol_t *) flow;

    if (flow->step != START && !mfa_op_sound(&flow->op, result)) {
        return result->ok && flow->step == WATCHED
               ? let_go(enrol, MFA_OUTCOME_UNAVAILABLE)
               : end(enrol, MFA_OUTCOME_UNAVAILABLE);
    }

    switch (flow->step) {
    case START:
        return start(enrol);
    case COUNTED:
        return counted(enrol, result);
    case OFFERED:
        return end(enrol, pending_read(enrol, result));
    case CHARGED:
        return charged(enrol, result);
    case WATCHED:
        return watched(enrol, result);
    case CHANGED:
        return changed(enrol, result);
    case OPENED:
        return mfa_opening_check(flow, &enrol->opening, result, EVICTED);
    case EVICTED:
    case NOTED:
        return end(enrol, MFA_OUTCOME_DONE);
    case REFUSED:
        return end(enrol, enrol->refusal);
    default:
        return end(enrol, MFA_OUTCOME_UNAVAILABLE);
    }
}


void
mfa_flow_enrol_init(mfa_flow_enrol_t *enrol)
{
    memset(enrol, 0, sizeof(mfa_flow_enrol_t));
    enrol->flow.run = run;
}
