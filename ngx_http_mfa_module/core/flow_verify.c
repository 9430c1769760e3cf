/*
 * Flow verify, see flow_verify.h:
 *
 *   charge guess -> hash or outside -> verdict -> charge code -> check -> claim
 *              (a password only)          \-> ok, or a code is needed      \-> ok
 *
 * Every refusal is audited; of limits the first.
 */

#include "core/flow_verify.h"
#include "core/first.h"
#include "core/mail.h"

#include <string.h>


enum { START, GUESSED, LOOKED, CHARGED, CLAIMED, ENDING };


static mfa_flow_e
guess(mfa_flow_verify_t *verify)
{
    mfa_flow_next(&verify->flow, GUESSED);
    mfa_guess_charge(&verify->flow, &verify->guess, verify->login);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
start(mfa_flow_verify_t *verify)
{
    mfa_buf_t  room;

    mfa_buf_init(&room, verify->login_room, sizeof(verify->login_room));

    if (mfa_login_canonical(verify->typed, &room) == 0) {
        verify->login = mfa_buf_since(&room, 0);
    }

    mfa_guess_init(&verify->guess, verify->login, verify->has_password);

    return guess(verify);
}


/* Adds the event to the op that is the flow's last. */
static mfa_flow_e
conclude(mfa_flow_verify_t *verify, mfa_outcome_e outcome, const char *result,
    const char *reason)
{
    mfa_audit_t  audit;

    verify->ending = outcome;

    audit = mfa_flow_audit(&verify->flow, "verify", result, reason,
                           verify->login);
    mfa_store_audit(&verify->flow.op, verify->flow.env.portal, &audit);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
refuse(mfa_flow_verify_t *verify, mfa_outcome_e outcome, const char *result,
    const char *reason)
{
    mfa_flow_next(&verify->flow, ENDING);

    return conclude(verify, outcome, result, reason);
}


static mfa_flow_e
not_within(mfa_flow_verify_t *verify, const mfa_charged_t *charged)
{
    if (charged->within == MFA_UNKNOWN) {
        return mfa_flow_end(&verify->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    return charged->first ? refuse(verify, MFA_OUTCOME_LIMITED, "limited", "")
           : mfa_flow_end(&verify->flow, MFA_OUTCOME_LIMITED);
}


/* Whoever stands where the login page's password step would leave them. */
static mfa_verdict_e
verdict_of(const mfa_flow_verify_t *verify)
{
    mfa_session_t     session;
    mfa_policy_in_t   in;
    const mfa_env_t  *env;

    env = &verify->flow.env;

    memset(&session, 0, sizeof(mfa_session_t));
    session.portal = env->portal->name;
    session.login = verify->login;
    session.generation = verify->account.generation;
    session.level = MFA_LEVEL_PASSWORD;
    session.created = env->now;
    session.seen = env->now;
    session.password_at = env->now;
    session.expires = env->now + env->portal->absolute_sec;

    in = (mfa_policy_in_t) {
        env->portal, MFA_RULE_VALIDATED, 0, env->now, MFA_YES, &session,
        verify->has_account ? &verify->account : NULL
    };

    return mfa_policy_decide(&in);
}


static mfa_flow_e
charge_code(mfa_flow_verify_t *verify)
{
    mfa_attempt_charge(&verify->flow, &verify->attempt, verify->login);

    return MFA_FLOW_STORE;
}


/* The first factor is right, or not ours to look at. */
static mfa_flow_e
judge(mfa_flow_verify_t *verify)
{
    switch (verdict_of(verify)) {
    case MFA_VERDICT_ALLOW:
        mfa_flow_next(&verify->flow, ENDING);
        mfa_guess_forgive(&verify->flow, &verify->guess, verify->login);

        if (!verify->account.enrolled) {
            mfa_guess_know(&verify->flow, &verify->guess, verify->login);
        }

        return conclude(verify, MFA_OUTCOME_DONE, "ok", "not asked");

    case MFA_VERDICT_CODE:
        mfa_flow_next(&verify->flow, verify->has_code ? CHARGED : ENDING);
        mfa_guess_forgive(&verify->flow, &verify->guess, verify->login);

        if (verify->has_code) {
            return charge_code(verify);
        }

        /* Where nothing was tested, there is nothing to tell of. */
        if (!verify->has_password) {
            verify->ending = MFA_OUTCOME_CODE;
            return MFA_FLOW_STORE;
        }

        return conclude(verify, MFA_OUTCOME_CODE, "code", "");

    default:
        if (verify->has_account && verify->account.fault) {
            verify->flow.alarm = "factor data of an account is missing or "
                                 "unreadable";
            return refuse(verify, MFA_OUTCOME_FAULT, "fault", "factor");
        }

        return refuse(verify, MFA_OUTCOME_REFUSED, "refused", "account");
    }
}


/* The password is looked at where the portal's own pages have it looked at. */
static mfa_flow_e
look(mfa_flow_verify_t *verify)
{
    mfa_flow_e   ask;
    const char  *reason;

    ask = mfa_first_ask(&verify->flow, verify->login, verify->password,
                        verify->has_account ? &verify->account : NULL, &reason);

    if (ask == MFA_FLOW_DONE) {
        return refuse(verify, MFA_OUTCOME_REFUSED, "refused", reason);
    }

    verify->flow.step = LOOKED;

    return ask;
}


static mfa_flow_e
guessed(mfa_flow_verify_t *verify, const mfa_result_t *result)
{
    mfa_tri_e      answer;
    mfa_charged_t  charged;

    charged = mfa_guess_result(&verify->flow, &verify->guess, result);

    if (charged.within != MFA_YES) {
        return not_within(verify, &charged);
    }

    if (mfa_guess_goes_on(&verify->guess)) {
        return guess(verify);
    }

    if (verify->login.len) {
        answer = mfa_store_account_decode(&verify->flow.op, result,
                                          verify->guess.account_at,
                                          verify->login, MFA_ACCOUNT_N,
                                          &verify->account);
        if (answer == MFA_UNKNOWN) {
            return mfa_flow_end(&verify->flow, MFA_OUTCOME_UNAVAILABLE);
        }

        verify->has_account = answer == MFA_YES;
    }

    return verify->has_password ? look(verify) : judge(verify);
}


static mfa_flow_e
looked(mfa_flow_verify_t *verify, const mfa_result_t *result)
{
    switch (mfa_first_answer(&verify->flow, result)) {
    case MFA_YES:
        return judge(verify);
    case MFA_NO:
        return refuse(verify, MFA_OUTCOME_REFUSED, "refused", "credentials");
    default:
        return mfa_flow_end(&verify->flow, MFA_OUTCOME_UNAVAILABLE);
    }
}


static mfa_flow_e
check(mfa_flow_verify_t *verify)
{
    switch (mfa_attempt_check(&verify->flow, &verify->account, NULL,
                              verify->code, &verify->claim))
    {
    case MFA_YES:
        mfa_flow_next(&verify->flow, CLAIMED);
        mfa_claim_add(&verify->flow, &verify->claim, verify->login);
        return MFA_FLOW_STORE;

    case MFA_NO:
        return refuse(verify, MFA_OUTCOME_REFUSED, "refused", "code");

    default:
        return verify->flow.alarm
               ? refuse(verify, MFA_OUTCOME_FAULT, "fault", "secret")
               : mfa_flow_end(&verify->flow, MFA_OUTCOME_UNAVAILABLE);
    }
}


static mfa_flow_e
charged(mfa_flow_verify_t *verify, const mfa_result_t *result)
{
    mfa_charged_t  charges;

    charges = mfa_attempt_result(&verify->flow, &verify->attempt, result);

    if (charges.within != MFA_YES) {
        return not_within(verify, &charges);
    }

    if (mfa_attempt_goes_on(&verify->attempt)) {
        mfa_flow_next(&verify->flow, CHARGED);
        return charge_code(verify);
    }

    return check(verify);
}


/* There is no session here that could tell its owner. */
static mfa_flow_e
recovery_used(mfa_flow_verify_t *verify)
{
    mfa_op_t     *op;
    mfa_audit_t   audit;

    op = &verify->flow.op;
    verify->ending = MFA_OUTCOME_DONE;

    audit = mfa_flow_audit(&verify->flow, "verify", "ok", "recovery",
                           verify->login);
    audit.detail = mfa_claim_left(&verify->claim);

    mfa_op_multi(op);
    mfa_store_audit(op, verify->flow.env.portal, &audit);
    mfa_mail_queue(&verify->flow, MFA_MAIL_RECOVERY_USED, &verify->account,
                   verify->account.generation, audit.detail);
    mfa_op_exec(op);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
claimed(mfa_flow_verify_t *verify, const mfa_result_t *result)
{
    switch (mfa_claim_result(&verify->flow, &verify->claim, result)) {
    case MFA_YES:
        break;
    case MFA_NO:
        return refuse(verify, MFA_OUTCOME_REFUSED, "refused",
                      mfa_claim_refusal(&verify->claim));
    default:
        return mfa_flow_end(&verify->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    mfa_flow_next(&verify->flow, ENDING);
    mfa_attempt_forgive(&verify->flow, verify->login);
    mfa_guess_know(&verify->flow, &verify->guess, verify->login);
    verify->asked = 1;

    return verify->claim.recovery
           ? recovery_used(verify)
           : conclude(verify, MFA_OUTCOME_DONE, "ok", "");
}


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_flow_verify_t  *verify;

    verify = (mfa_flow_verify_t *) flow;

    if (flow->step != START && flow->step != LOOKED
        && !mfa_op_sound(&flow->op, result))
    {
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }

    switch (flow->step) {
    case START:
        return start(verify);
    case GUESSED:
        return guessed(verify, result);
    case LOOKED:
        return looked(verify, result);
    case CHARGED:
        return charged(verify, result);
    case CLAIMED:
        return claimed(verify, result);
    case ENDING:
        return mfa_flow_end(flow, verify->ending);
    default:
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }
}


void
mfa_flow_verify_init(mfa_flow_verify_t *verify)
{
    memset(verify, 0, sizeof(mfa_flow_verify_t));
    verify->flow.run = run;
    verify->flow.trying = MFA_TRYING_VERIFY;
}
