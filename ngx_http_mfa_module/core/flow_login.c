/*
 * Flow login, see flow_login.h:
 *
 *   charge network, account from it, account -> hash or outside -> device -> open
 *         \-> limited                    \-> refused          \-> or held
 *
 *   a right factor without an account, where the portal makes accounts:
 *   watch -> make it -> open session
 *        \-> somebody just did -> let go of the watch -> open session
 *
 * Everything that is refused is audited.
 */

#include "core/flow_login.h"
#include "core/first.h"
#include "core/provision.h"

#include <string.h>

enum {
    START, CHARGED, LOOKED, WATCHED, MADE, LET_GO, DEVICE, OPENED, EVICTED,
    REFUSED
};


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

    /* What is verified is no guess at a password. */
    mfa_guess_init(&login->guess, login->login, !login->verified);

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


/* trusted: the browser stands in for the code. */
static void
session_begin(mfa_flow_login_t *login, int trusted)
{
    int               half;
    mfa_session_t    *session;
    const mfa_env_t  *env;

    env = &login->flow.env;
    session = &login->opening.session;
    half = login->account.enrolled && !trusted;

    session->portal = env->portal->name;
    session->login = login->login;
    session->generation = login->account.generation;
    session->level = trusted ? MFA_LEVEL_MFA : MFA_LEVEL_PASSWORD;
    session->created = env->now;
    session->expires = env->now + (half ? env->portal->half_sec
                                        : env->portal->absolute_sec);
    login->opening.half = half;
    session->password_at = env->now;
    /* No younger than the code that the browser is trusted for. */
    session->code_at = trusted ? login->opening.device.code_at : 0;
    session->later = 0;
}


/* In one form, password and code are right together or nothing is: no session
   tells that the password alone was. */
static mfa_flow_e
hold(mfa_flow_login_t *login)
{
    mfa_policy_in_t  in;

    session_begin(login, 0);

    login->held = 1;
    login->who.has_session = 1;
    login->who.has_account = 1;
    login->who.session = login->opening.session;
    login->who.account = login->account;

    memset(&in, 0, sizeof(in));
    in.portal = login->flow.env.portal;
    in.rule = MFA_RULE_ACCOUNT;
    in.now = login->flow.env.now;
    in.store = MFA_YES;
    in.session = &login->who.session;
    in.account = &login->who.account;
    login->who.verdict = mfa_policy_decide(&in);

    return mfa_flow_end(&login->flow, MFA_OUTCOME_DONE);
}


/* Nothing more is asked of the account.  The login that makes it has no network
   it could be known from; any other first one is told of: its owner may not have
   been the first. */
static void
arrive(mfa_flow_login_t *login)
{
    mfa_guess_know(&login->flow, &login->guess, login->login);

    if (login->guess.known == MFA_NO && !login->fresh) {
        mfa_opening_mail_network(&login->flow, &login->opening,
                                 &login->account);
    }
}


static mfa_flow_e
open_session(mfa_flow_login_t *login, int trusted)
{
    mfa_audit_t  audit;

    session_begin(login, trusted);

    mfa_flow_next(&login->flow, OPENED);
    mfa_guess_forgive(&login->flow, &login->guess, login->login);
    audit = mfa_flow_audit(&login->flow, "login", "ok", "", login->login);

    if (!login->opening.half) {
        login->opening.speaks = &login->account;
        arrive(login);
    }

    if (mfa_opening_add(&login->flow, &login->opening, &login->old, &audit,
                        NULL) != 0)
    {
        return mfa_flow_end(&login->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    return MFA_FLOW_STORE;
}


/* The browser may stand in for the code. */
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


/* The first factor is right, and there is an account. */
static mfa_flow_e
enter(mfa_flow_login_t *login)
{
    if (login->account.disabled) {
        return refuse(login, MFA_OUTCOME_REFUSED, "refused", "disabled");
    }

    return login->flow.env.portal->combined && login->code.len
           && login->account.enrolled
           ? hold(login) : ask_device(login);
}


static mfa_flow_e
watch(mfa_flow_login_t *login)
{
    mfa_op_t  *op;

    op = mfa_flow_next(&login->flow, WATCHED);
    login->account_at = mfa_store_account_watch(op, login->flow.env.portal,
                                                login->login);
    return MFA_FLOW_STORE;
}


/* The factor was right. */
static mfa_flow_e
proved(mfa_flow_login_t *login)
{
    if (login->only.len && !mfa_str_eq(login->only, login->login)) {
        return refuse(login, MFA_OUTCOME_REFUSED, "refused", "other account");
    }

    if (login->found == MFA_YES) {
        return enter(login);
    }

    return login->flow.env.portal->provision
           ? watch(login)
           : refuse(login, MFA_OUTCOME_REFUSED, "refused", "no account");
}


/* No watch stays behind on the connection. */
static mfa_flow_e
give_up(mfa_flow_login_t *login)
{
    login->found = MFA_UNKNOWN;
    mfa_store_unwatch(mfa_flow_next(&login->flow, LET_GO));

    return MFA_FLOW_STORE;
}


static mfa_flow_e
watched(mfa_flow_login_t *login, const mfa_result_t *result)
{
    login->found = mfa_store_account_decode(&login->flow.op, result,
                                            login->account_at, login->login,
                                            MFA_ACCOUNT_N, &login->account);

    /* Whoever was quicker has made it: as good as if it had been there. */
    if (login->found != MFA_NO) {
        mfa_store_unwatch(mfa_flow_next(&login->flow, LET_GO));
        return MFA_FLOW_STORE;
    }

    mfa_flow_next(&login->flow, MADE)->reserve = 1;

    return mfa_provision_add(&login->flow, login->login, &login->account) == 0
           ? MFA_FLOW_STORE : give_up(login);
}


static mfa_flow_e
made(mfa_flow_login_t *login, const mfa_result_t *result)
{
    if (!mfa_op_aborted(&login->flow.op, result)) {
        login->found = MFA_YES;
        login->fresh = 1;
        return enter(login);
    }

    return ++login->tries < MFA_PROVISION_TRIES
           ? watch(login)
           : mfa_flow_end(&login->flow, MFA_OUTCOME_UNAVAILABLE);
}


static mfa_flow_e
let_go(mfa_flow_login_t *login)
{
    return login->found == MFA_YES
           ? enter(login)
           : mfa_flow_end(&login->flow, MFA_OUTCOME_UNAVAILABLE);
}


/* All charges are made. */
static mfa_flow_e
look(mfa_flow_login_t *login)
{
    mfa_flow_e   ask;
    const char  *reason;

    /* Each portal has one way in; the other ones prove nothing there. */
    if ((login->flow.env.portal->first == MFA_FIRST_IDENTITY)
        != (login->verified != 0))
    {
        return refuse(login, MFA_OUTCOME_REFUSED, "refused", "first factor");
    }

    if (login->verified) {
        return login->login.len ? proved(login)
               : refuse(login, MFA_OUTCOME_REFUSED, "refused", "no login");
    }

    ask = mfa_first_ask(&login->flow, login->login, login->password,
                        login->found == MFA_YES ? &login->account : NULL,
                        &reason);

    if (ask == MFA_FLOW_DONE) {
        return refuse(login, MFA_OUTCOME_REFUSED, "refused", reason);
    }

    login->flow.step = LOOKED;

    return ask;
}


static mfa_flow_e
charged(mfa_flow_login_t *login, const mfa_result_t *result)
{
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

    login->found = MFA_NO;

    if (login->login.len) {
        login->found = mfa_store_account_decode(&login->flow.op, result,
                                                login->guess.account_at,
                                                login->login,
                                                MFA_ACCOUNT_N, &login->account);
        if (login->found == MFA_UNKNOWN) {
            return mfa_flow_end(&login->flow, MFA_OUTCOME_UNAVAILABLE);
        }
    }

    return look(login);
}


static mfa_flow_e
looked(mfa_flow_login_t *login, const mfa_result_t *result)
{
    switch (mfa_first_answer(&login->flow, result)) {
    case MFA_YES:
        return proved(login);
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

    if (flow->step != START && flow->step != LOOKED
        && !mfa_op_sound(&flow->op, result))
    {
        return result->ok && (flow->step == WATCHED || flow->step == MADE)
               ? give_up(login)
               : mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }

    switch (flow->step) {
    case START:
        return start(login);
    case CHARGED:
        return charged(login, result);
    case LOOKED:
        return looked(login, result);
    case WATCHED:
        return watched(login, result);
    case MADE:
        return made(login, result);
    case LET_GO:
        return let_go(login);
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
    login->flow.trying = MFA_TRYING_PASSWORD;
}
