/*
 * Flow login, see flow_login.h:
 *
 *   charge network, account from it, account -> hash -> device -> open session
 *         \-> limited                              \-> refused; all audited
 */

#include "core/flow_login.h"
#include "core/password.h"

#include <string.h>

enum { START, CHARGED, HASHED, DEVICE, OPENED, EVICTED, REFUSED };


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
open_session(mfa_flow_login_t *login, int trusted)
{
    int                   half;
    mfa_audit_t           audit;
    mfa_session_t        *session;
    const mfa_env_t      *env;

    env = &login->flow.env;
    session = &login->opening.session;

    session->portal = env->portal->name;
    session->login = login->login;
    session->generation = login->account.generation;
    half = login->account.enrolled && !trusted;
    session->level = trusted ? MFA_LEVEL_MFA : MFA_LEVEL_PASSWORD;
    session->created = env->now;
    session->expires = env->now + (half ? env->portal->half_sec
                                        : env->portal->absolute_sec);
    login->opening.half = half;
    session->password_at = env->now;
    /* No younger than the code that the browser is trusted for. */
    session->code_at = trusted ? login->opening.device.code_at : 0;
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


/* The password is right: the browser may stand in for the code. */
static mfa_flow_e
ask_device(mfa_flow_login_t *login)
{
    mfa_op_t             *op;
    mfa_str_t             guess;
    const mfa_portal_t   *portal;

    portal = login->flow.env.portal;

    if (login->device == NULL || portal->remember_sec == 0
        || !login->account.enrolled)
    {
        return open_session(login, 0);
    }

    /* Another account's, as far as the token itself can tell. */
    guess = (mfa_str_t) { login->device->login, login->device->login_len };

    if (guess.len && !mfa_str_eq(guess, login->login)) {
        return open_session(login, 0);
    }

    op = mfa_flow_next(&login->flow, DEVICE);
    login->device_at = mfa_store_device_read(op, portal, login->login,
                                             (mfa_str_t) { login->device->hash,
                                                           MFA_HASH_CHARS });
    return MFA_FLOW_STORE;
}


static mfa_flow_e
device_read(mfa_flow_login_t *login, const mfa_result_t *result)
{
    mfa_str_t         hash;
    mfa_tri_e         answer;
    const mfa_env_t  *env;

    env = &login->flow.env;
    hash = (mfa_str_t) { login->device->hash, MFA_HASH_CHARS };
    answer = mfa_store_device_decode(&login->flow.op, result, login->device_at,
                                     hash, &login->opening.device);

    if (answer == MFA_UNKNOWN) {
        return mfa_flow_end(&login->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    if (answer == MFA_NO
        || !mfa_device_good(&login->opening.device, env->portal,
                            &login->account, env->now))
    {
        return open_session(login, 0);
    }

    login->opening.device_hash = hash;

    return open_session(login, 1);
}


static mfa_flow_e
hashed(mfa_flow_login_t *login, const mfa_result_t *result)
{
    switch (result->hash) {
    case MFA_YES:

        /* A dummy can never be right, whatever a driver says; an empty
           password never is. */
        if (login->flow.hash.setting.len && login->password.len) {
            return ask_device(login);
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
    case DEVICE:
        return device_read(login, result);
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
