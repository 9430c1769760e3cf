/*
 * Flow code, see flow_code.h:
 *
 *   charge -> check -> claim -> open session -> end excess sessions
 *         \-> limited  \-> refused   \-> refused: spent, or no recovery code
 */

#include "core/flow_code.h"

#include <string.h>


enum { START, CHARGED, CLAIMED, OPENED, LAST, REFUSED };


static mfa_flow_e open_session(mfa_flow_code_t *code);


static mfa_flow_e
charge(mfa_flow_code_t *code)
{
    mfa_flow_next(&code->flow, CHARGED);
    mfa_attempt_charge(&code->flow, &code->attempt, code->who.account.login);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
start(mfa_flow_code_t *code)
{
    if (!code->who.has_session) {
        return mfa_flow_end(&code->flow, MFA_OUTCOME_EXPIRED);
    }

    if (code->who.verdict == MFA_VERDICT_BLOCKED) {
        return mfa_flow_end(&code->flow, code->who.account.fault
                                         ? MFA_OUTCOME_FAULT
                                         : MFA_OUTCOME_FORBIDDEN);
    }

    if (!code->who.has_account || !code->who.account.enrolled) {
        return mfa_flow_end(&code->flow, MFA_OUTCOME_FORBIDDEN);
    }

    return charge(code);
}


static mfa_flow_e
refuse(mfa_flow_code_t *code, mfa_outcome_e outcome, const char *result,
    const char *reason)
{
    mfa_op_t     *op;
    mfa_audit_t   audit;

    code->refusal = outcome;

    op = mfa_flow_next(&code->flow, REFUSED);
    audit = mfa_flow_audit(&code->flow, code->event, result, reason,
                           code->who.account.login);
    mfa_store_audit(op, code->flow.env.portal, &audit);

    return MFA_FLOW_STORE;
}


/* Whoever has had a code in this session is no new arrival. */
static int
arrives(const mfa_flow_code_t *code)
{
    return code->accepted == open_session
           && code->who.session.level != MFA_LEVEL_MFA;
}


static mfa_flow_e
claim(mfa_flow_code_t *code)
{
    mfa_op_t   *op;
    mfa_str_t   login;

    login = code->who.account.login;
    op = mfa_flow_next(&code->flow, CLAIMED);
    mfa_claim_add(&code->flow, &code->claim, login);

    if (arrives(code)) {
        code->known_at = mfa_store_known_net_ask(op, code->flow.env.portal,
                                                 login, code->flow.env.net);
    }

    return MFA_FLOW_STORE;
}


static mfa_flow_e
check(mfa_flow_code_t *code)
{
    const mfa_str_t      *before;
    const mfa_account_t  *account;

    account = &code->who.account;
    before = code->accepted == open_session ? NULL : &code->before;

    switch (mfa_attempt_check(&code->flow, account, before, code->code,
                              &code->claim))
    {
    case MFA_YES:
        return claim(code);

    case MFA_NO:
        return refuse(code, MFA_OUTCOME_REFUSED, "refused", "code");

    default:
        return code->flow.alarm
               ? refuse(code, MFA_OUTCOME_FAULT, "fault", "secret")
               : mfa_flow_end(&code->flow, MFA_OUTCOME_UNAVAILABLE);
    }
}


static mfa_flow_e
charged(mfa_flow_code_t *code, const mfa_result_t *result)
{
    mfa_outcome_e  over;
    mfa_charged_t  charges;

    charges = mfa_attempt_result(&code->flow, &code->attempt, result);

    switch (charges.within) {
    case MFA_YES:
        return mfa_attempt_goes_on(&code->attempt) ? charge(code)
                                                   : check(code);
    case MFA_NO:
        over = code->login ? MFA_OUTCOME_REFUSED : MFA_OUTCOME_LIMITED;

        return charges.first ? refuse(code, over, "limited", "")
               : mfa_flow_end(&code->flow, over);

    default:
        return mfa_flow_end(&code->flow, MFA_OUTCOME_UNAVAILABLE);
    }
}


/* What flow login left for now: before the code it would have told. */
static void
password_right(mfa_flow_code_t *code)
{
    mfa_audit_t  audit;

    mfa_guess_forgive(&code->flow, &code->login->guess, code->login->login);
    code->opening.speaks = &code->login->account;

    audit = mfa_flow_audit(&code->flow, "login", "ok", "",
                           code->who.account.login);
    mfa_store_audit(&code->flow.op, code->flow.env.portal, &audit);
}


/* Its owner is told how many are left. */
static void
recovery_used(mfa_flow_code_t *code, mfa_audit_t *audit)
{
    audit->reason = "recovery";
    audit->detail = mfa_claim_left(&code->claim);
    mfa_opening_mail(&code->opening, MFA_MAIL_RECOVERY_USED,
                     &code->who.account, audit->detail);
}


static void
arrive(mfa_flow_code_t *code)
{
    const mfa_env_t  *env;

    env = &code->flow.env;
    mfa_store_known_net(&code->flow.op, env->portal, code->who.account.login,
                        env->net);

    if (code->stranger) {
        mfa_opening_mail_network(&code->flow, &code->opening,
                                 &code->who.account);
    }
}


static mfa_flow_e
open_session(mfa_flow_code_t *code)
{
    int                   validates;
    mfa_audit_t           audit;
    mfa_session_t        *session;
    const mfa_env_t      *env;
    const mfa_account_t  *account;

    env = &code->flow.env;
    account = &code->who.account;

    /* The session goes on under a new id: its absolute end counts from the
       password, so that codes alone never prolong it. */
    session = &code->opening.session;
    *session = code->who.session;
    session->level = MFA_LEVEL_MFA;
    session->expires = session->password_at + env->portal->absolute_sec;
    session->code_at = env->now;

    if (code->remember && env->portal->remember_sec) {
        code->opening.trust = 1;
        code->opening.device.secret_id = account->secret_id;
        code->opening.device_hash = code->device_hash;
    }

    mfa_flow_next(&code->flow, OPENED);
    mfa_attempt_forgive(&code->flow, account->login);

    if (code->login) {
        password_right(code);
    }

    if (arrives(code)) {
        arrive(code);
    }

    /* The code that confirmed the key was the first; this is another. */
    validates = !account->validated && !code->claim.recovery;
    audit = mfa_flow_audit(&code->flow, "code", "ok",
                           validates ? "validated" : "", account->login);

    if (code->claim.recovery) {
        recovery_used(code, &audit);
    }

    if (mfa_opening_add(&code->flow, &code->opening,
                        code->login ? &code->login->old : &code->who, &audit,
                        validates ? account : NULL) != 0)
    {
        return mfa_flow_end(&code->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    return MFA_FLOW_STORE;
}


static mfa_flow_e
claimed(mfa_flow_code_t *code, const mfa_result_t *result)
{
    int64_t    known;
    mfa_tri_e  answer;

    known = 1;
    answer = mfa_claim_result(&code->flow, &code->claim, result);

    if (answer == MFA_NO) {
        return refuse(code, MFA_OUTCOME_REFUSED, "refused",
                      mfa_claim_refusal(&code->claim));
    }

    if (answer == MFA_UNKNOWN
        || (arrives(code) && mfa_op_int(&code->flow.op, result, code->known_at,
                                        &known) != 0))
    {
        return mfa_flow_end(&code->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    code->stranger = !known;

    return code->accepted(code);
}


mfa_op_t *
mfa_flow_code_last(mfa_flow_code_t *code)
{
    return mfa_flow_next(&code->flow, LAST);
}


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_flow_code_t  *code;

    code = (mfa_flow_code_t *) flow;

    if (flow->step != START && !mfa_op_sound(&flow->op, result)) {
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }

    switch (flow->step) {
    case START:
        return start(code);
    case CHARGED:
        return charged(code, result);
    case CLAIMED:
        return claimed(code, result);
    case OPENED:
        return mfa_opening_check(flow, &code->opening, result, LAST);
    case LAST:
        return mfa_flow_end(flow, MFA_OUTCOME_DONE);
    case REFUSED:
        return mfa_flow_end(flow, code->refusal);
    default:
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }
}


void
mfa_flow_code_init(mfa_flow_code_t *code)
{
    memset(code, 0, sizeof(mfa_flow_code_t));
    code->flow.run = run;
    code->flow.trying = MFA_TRYING_CODE;
    code->event = "code";
    code->accepted = open_session;
}
