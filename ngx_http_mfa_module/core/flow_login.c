/*
 * Flow login, see flow_login.h:
 *
 *   charge network, account from it, account -> hash -> open session
 *         \-> limited                              \-> refused; all audited
 */

#include "core/flow_login.h"
#include "core/password.h"

#include <string.h>

enum { START, CHARGED, HASHED, OPENED, EVICTED, REFUSED };


static mfa_flow_e
charge(mfa_flow_login_t *login)
{
    mfa_flow_next(&login->flow, CHARGED);
    mfa_guess_charge(&login->flow, &login->guess, login->login);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
start(mfa_flow_login_t *login)
{
    mfa_buf_t  room;

    mfa_buf_init(&room, login->login_room, sizeof(login->login_room));

    if (mfa_login_canonical(login->typed, &room) == 0) {
        login->login = mfa_buf_since(&room, 0);
    }

    mfa_guess_init(&login->guess, login->login, 1);

    return charge(login);
}


static mfa_flow_e
refuse(mfa_flow_login_t *login, mfa_outcome_e outcome, const char *result,
    const char *reason)
{
    mfa_op_t     *op;
    mfa_audit_t   audit;

    login->refusal = outcome;

    op = mfa_flow_next(&login->flow, REFUSED);
    audit = mfa_flow_audit(&login->flow, "login", result, reason, login->login);
    mfa_store_audit(op, login->flow.env.portal, &audit);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
charged(mfa_flow_login_t *login, const mfa_result_t *result)
{
    mfa_tri_e      answer;
    mfa_charged_t  charges;

    charges = mfa_guess_result(&login->flow, &login->guess, result);

    if (charges.within == MFA_UNKNOWN) {
        return mfa_flow_end(&login->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    if (charges.within == MFA_NO) {
        /* Only the first is told of, so that a flood does not wash older
           events out of the stream. */
        return charges.first ? refuse(login, MFA_OUTCOME_LIMITED, "limited", "")
               : mfa_flow_end(&login->flow, MFA_OUTCOME_LIMITED);
    }

    if (mfa_guess_goes_on(&login->guess)) {
        return charge(login);
    }

    login->flow.hash.password = login->password;
    login->flow.hash.setting = (mfa_str_t) { NULL, 0 };

    if (login->login.len) {
        answer = mfa_store_account_decode(&login->flow.op, result,
                                          login->guess.account_at,
                                          login->login, MFA_ACCOUNT_N,
                                          &login->account);
        if (answer == MFA_UNKNOWN) {
            return mfa_flow_end(&login->flow, MFA_OUTCOME_UNAVAILABLE);
        }

        if (answer == MFA_YES && !login->account.disabled
            && mfa_password_format_check(login->account.password))
        {
            login->flow.hash.setting = login->account.password;
        }
    }

    if (login->password.len > MFA_PASSWORD_MAX) {
        return refuse(login, MFA_OUTCOME_REFUSED, "refused", "too long");
    }

    login->flow.step = HASHED;

    return MFA_FLOW_HASH;
}


static mfa_flow_e
open_session(mfa_flow_login_t *login)
{
    mfa_audit_t           audit;
    mfa_session_t        *session;
    const mfa_env_t      *env;

    env = &login->flow.env;
    session = &login->opening.session;

    session->portal = env->portal->name;
    session->login = login->login;
    session->generation = login->account.generation;
    session->level = MFA_LEVEL_PASSWORD;
    session->created = env->now;
    session->expires = env->now + (login->account.enrolled
                                   ? env->portal->half_sec
                                   : env->portal->absolute_sec);
    login->opening.half = login->account.enrolled != 0;
    session->password_at = env->now;
    session->code_at = 0;
    session->later = 0;

    mfa_flow_next(&login->flow, OPENED);
    mfa_guess_forgive(&login->flow, &login->guess, login->login);

    audit = mfa_flow_audit(&login->flow, "login", "ok", "", login->login);

    if (mfa_opening_add(&login->flow, &login->opening, &login->old, &audit,
                        NULL) != 0)
    {
        return mfa_flow_end(&login->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    return MFA_FLOW_STORE;
}


static mfa_flow_e
hashed(mfa_flow_login_t *login, const mfa_result_t *result)
{
    switch (result->hash) {
    case MFA_YES:

        /* A dummy can never be right, whatever a driver says; an empty
           password never is. */
        if (login->flow.hash.setting.len && login->password.len) {
            return open_session(login);
        }

        /* fall through */

    case MFA_NO:
        return refuse(login, MFA_OUTCOME_REFUSED, "refused", "credentials");

    default:
        return mfa_flow_end(&login->flow, MFA_OUTCOME_UNAVAILABLE);
    }
}


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_flow_login_t  *login;

    login = (mfa_flow_login_t *) flow;

    if (flow->step != START && flow->step != HASHED
        && !mfa_op_sound(&flow->op, result))
    {
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }

    switch (flow->step) {
    case START:
        return start(login);
    case CHARGED:
        return charged(login, result);
    case HASHED:
        return hashed(login, result);
    case OPENED:
        return mfa_opening_check(flow, &login->opening, result, EVICTED);
    case EVICTED:
        return mfa_flow_end(flow, MFA_OUTCOME_DONE);
    case REFUSED:
        return mfa_flow_end(flow, login->refusal);
    default:
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }
}


void
mfa_flow_login_init(mfa_flow_login_t *login)
{
    memset(login, 0, sizeof(mfa_flow_login_t));
    login->flow.run = run;
}
