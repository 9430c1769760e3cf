/*
 * Flow password, see flow_password.h:
 *
 *   by a link:   read the token -> read its account and the newest -> make
 *   by current:  charge, read the account -> check the current one -> charge
 *                its mail -> make
 *
 *   make: hash the new one -> watch the account -> change it -> open session ->
 *         end excess sessions
 *
 * Of two that come with one link, the change of the first aborts the second,
 * whose token is then one for a generation that is over.
 */

#include "core/flow_password.h"
#include "core/first.h"
#include "core/mail.h"
#include "core/password.h"
#include "core/store_mail.h"

#include <string.h>


enum {
    START, READ, COMPARED, CHARGED, CHECKED, COUNTED, MADE, WATCHED, CHANGED, OPENED,
    EVICTED, REFUSED
};


static mfa_flow_e
end(mfa_flow_password_t *password, mfa_outcome_e outcome)
{
    return mfa_flow_end(&password->flow, outcome);
}


static int
by_link(const mfa_flow_password_t *password)
{
    return password->text.len != 0;
}


static mfa_str_t
hash_of(const mfa_flow_password_t *password)
{
    return (mfa_str_t) { password->hash, MFA_HASH_CHARS };
}


int
mfa_password_may(const mfa_portal_t *portal, const mfa_who_t *who)
{
    return portal->first == MFA_FIRST_LOCAL && who->has_session
           && who->has_account && !who->account.fault
           && (who->verdict == MFA_VERDICT_ALLOW
               || who->verdict == MFA_VERDICT_ENROL)
           && (who->session.level == MFA_LEVEL_MFA
               || !who->account.enrolled);
}


/* The new one by itself, before anything is asked or charged for it. */
static mfa_password_e
look(const mfa_flow_password_t *password, const mfa_account_t *account)
{
    mfa_str_t  why;

    if (password->password.len != password->again.len
        || !mfa_str_eq_secret(password->password, password->again))
    {
        return MFA_PASSWORD_DIFFER;
    }

    why = mfa_str_from(mfa_password_new_check(password->password,
                                              password->flow.env.portal,
                                              account));
    return why.len == 0 ? MFA_PASSWORD_FINE
           : mfa_str_is(why, "short") ? MFA_PASSWORD_SHORT
           : mfa_str_is(why, "login") || mfa_str_is(why, "common")
           ? MFA_PASSWORD_COMMON : MFA_PASSWORD_FORM;
}


static mfa_flow_e
refuse(mfa_flow_password_t *password, mfa_outcome_e outcome,
    const char *result, const char *reason)
{
    mfa_op_t     *op;
    mfa_audit_t   audit;

    password->refusal = outcome;

    op = mfa_flow_next(&password->flow, REFUSED);
    audit = mfa_flow_audit(&password->flow, "password", result, reason,
                           password->login);
    mfa_store_audit(op, password->flow.env.portal, &audit);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
charge(mfa_flow_password_t *password)
{
    mfa_flow_next(&password->flow, CHARGED);
    mfa_guess_charge(&password->flow, &password->guess, password->login);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
start_current(mfa_flow_password_t *password)
{
    const mfa_who_t  *who;

    who = &password->who;

    if (!who->has_session) {
        return end(password, MFA_OUTCOME_EXPIRED);
    }

    if (!mfa_password_may(password->flow.env.portal, who)) {
        return end(password, MFA_OUTCOME_FORBIDDEN);
    }

    password->login = who->session.login;
    password->generation = who->session.generation;
    password->wrong = look(password, &who->account);

    if (password->wrong != MFA_PASSWORD_FINE) {
        return end(password, MFA_OUTCOME_REFUSED);
    }

    mfa_guess_init(&password->guess, password->login, 1);

    return charge(password);
}


static mfa_flow_e
start(mfa_flow_password_t *password)
{
    mfa_op_t  *op;

    if (password->flow.env.portal->first != MFA_FIRST_LOCAL) {
        return end(password, MFA_OUTCOME_FORBIDDEN);
    }

    if (!by_link(password)) {
        return start_current(password);
    }

    if (mfa_mailtoken_hash(password->text, password->hash) != 0) {
        return end(password, MFA_OUTCOME_EXPIRED);
    }

    op = mfa_flow_next(&password->flow, READ);
    password->token_at = mfa_store_mailtoken_read(op,
                                                  password->flow.env.portal,
                                                  hash_of(password));
    return MFA_FLOW_STORE;
}


/* As in flow redeem: how long it takes is not to tell one dead link from
   another. */
static mfa_flow_e
token_read(mfa_flow_password_t *password, const mfa_result_t *result)
{
    mfa_op_t            *op;
    mfa_tri_e            found;
    const mfa_portal_t  *portal;

    portal = password->flow.env.portal;
    found = mfa_store_mailtoken_decode(&password->flow.op, result,
                                       password->token_at, portal,
                                       hash_of(password), &password->token);
    if (found == MFA_UNKNOWN) {
        return end(password, MFA_OUTCOME_UNAVAILABLE);
    }

    password->is_token = found == MFA_YES
                         && password->token.purpose == MFA_MAILTOKEN_PASSWORD;
    password->login = password->token.login;
    password->generation = password->token.generation;

    op = mfa_flow_next(&password->flow, COMPARED);
    password->account_at = mfa_store_account_read(op, portal, password->login,
                                                  MFA_ACCOUNT_N);
    password->newest_at = mfa_store_mailtoken_newest(op, portal,
                                                     password->login);
    return MFA_FLOW_STORE;
}


static mfa_flow_e
make(mfa_flow_password_t *password)
{
    password->flow.hash.password = password->password;
    password->flow.hash.setting = (mfa_str_t) { NULL, 0 };
    password->flow.hash.make = 1;
    password->flow.step = MADE;

    return MFA_FLOW_HASH;
}


static mfa_flow_e
compared(mfa_flow_password_t *password, const mfa_result_t *result)
{
    mfa_str_t         newest;
    mfa_tri_e         found;
    const mfa_env_t  *env;

    env = &password->flow.env;
    found = mfa_store_account_decode(&password->flow.op, result,
                                     password->account_at, password->login,
                                     MFA_ACCOUNT_N, &password->account);

    if (found == MFA_UNKNOWN
        || mfa_op_str(&password->flow.op, result, password->newest_at, &newest)
           != 0)
    {
        return end(password, MFA_OUTCOME_UNAVAILABLE);
    }

    if (found == MFA_NO || !password->is_token
        || !mfa_mailtoken_good(&password->token, hash_of(password), newest,
                               env->portal, &password->account, env->now))
    {
        return end(password, MFA_OUTCOME_EXPIRED);
    }

    password->wrong = look(password, &password->account);

    return password->wrong == MFA_PASSWORD_FINE
           ? make(password) : end(password, MFA_OUTCOME_REFUSED);
}


/* Whether the account is still the one the proof was for. */
static int
still(const mfa_flow_password_t *password, mfa_tri_e found)
{
    return found == MFA_YES && !password->account.disabled
           && !password->account.fault
           && password->account.generation == password->generation
           && (!by_link(password)
               || mfa_mailtoken_went_to(&password->token,
                                        password->account.email));
}


static mfa_flow_e
charged(mfa_flow_password_t *password, const mfa_result_t *result)
{
    mfa_tri_e       found;
    const char     *reason;
    mfa_flow_e      ask;
    mfa_charged_t   charges;

    charges = mfa_guess_result(&password->flow, &password->guess, result);

    if (charges.within == MFA_UNKNOWN) {
        return end(password, MFA_OUTCOME_UNAVAILABLE);
    }

    if (charges.within == MFA_NO) {
        return charges.first
               ? refuse(password, MFA_OUTCOME_LIMITED, "limited", "")
               : end(password, MFA_OUTCOME_LIMITED);
    }

    if (mfa_guess_goes_on(&password->guess)) {
        return charge(password);
    }

    found = mfa_store_account_decode(&password->flow.op, result,
                                     password->guess.account_at,
                                     password->login, MFA_ACCOUNT_N,
                                     &password->account);
    if (found == MFA_UNKNOWN) {
        return end(password, MFA_OUTCOME_UNAVAILABLE);
    }

    if (!still(password, found)) {
        return end(password, MFA_OUTCOME_FORBIDDEN);
    }

    ask = mfa_first_ask(&password->flow, password->login, password->current,
                        &password->account, &reason);

    if (ask == MFA_FLOW_DONE) {
        password->wrong = MFA_PASSWORD_CURRENT;
        return refuse(password, MFA_OUTCOME_REFUSED, "refused", reason);
    }

    password->flow.step = CHECKED;

    return ask;
}


/* Right guesses are forgiven, so they bound no mails. */
static mfa_flow_e
count(mfa_flow_password_t *password)
{
    mfa_flow_next(&password->flow, COUNTED);
    mfa_mail_charge(&password->flow, &password->charge, password->login);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
counted(mfa_flow_password_t *password, const mfa_result_t *result)
{
    switch (mfa_mail_charged(&password->flow, &password->charge,
                             result).within)
    {
    case MFA_YES:
        return make(password);
    case MFA_NO:
        return end(password, MFA_OUTCOME_LIMITED);
    default:
        return end(password, MFA_OUTCOME_UNAVAILABLE);
    }
}


static mfa_flow_e
checked(mfa_flow_password_t *password, const mfa_result_t *result)
{
    switch (mfa_first_answer(&password->flow, result)) {
    case MFA_YES:
        return count(password);
    case MFA_NO:
        password->wrong = MFA_PASSWORD_CURRENT;
        return refuse(password, MFA_OUTCOME_REFUSED, "refused", "credentials");
    default:
        return end(password, MFA_OUTCOME_UNAVAILABLE);
    }
}


static mfa_flow_e
watch(mfa_flow_password_t *password)
{
    mfa_op_t  *op;

    op = mfa_flow_next(&password->flow, WATCHED);
    password->account_at = mfa_store_account_watch(op,
                                                   password->flow.env.portal,
                                                   password->login);
    return MFA_FLOW_STORE;
}


static mfa_flow_e
made(mfa_flow_password_t *password, const mfa_result_t *result)
{
    mfa_str_t  text;

    text = result->text;

    if (result->hash != MFA_YES || text.len > sizeof(password->made)
        || !mfa_password_preferred(text))
    {
        return end(password, MFA_OUTCOME_UNAVAILABLE);
    }

    memcpy(password->made, text.data, text.len);
    password->made_len = text.len;

    return watch(password);
}


static mfa_flow_e
let_go(mfa_flow_password_t *password, mfa_outcome_e outcome)
{
    password->refusal = outcome;
    mfa_store_unwatch(mfa_flow_next(&password->flow, REFUSED));

    return MFA_FLOW_STORE;
}


/* Sessions, trusted browsers and mailed links are of a generation that is over
   with this. */
static mfa_flow_e
change(mfa_flow_password_t *password)
{
    mfa_op_t            *op;
    mfa_audit_t          audit;
    mfa_change_t         changed;
    const mfa_portal_t  *portal;

    portal = password->flow.env.portal;

    memset(&changed, 0, sizeof(changed));
    changed.field = MFA_ACCOUNT_PASSWORD;
    changed.text = (mfa_str_t) { password->made, password->made_len };

    op = mfa_flow_next(&password->flow, CHANGED);
    audit = mfa_flow_audit(&password->flow, "password", "ok",
                           by_link(password) ? "link" : "", password->login);

    mfa_op_multi(op);
    mfa_store_account_change(op, portal, password->login, &changed, 1, 1);
    mfa_store_session_unindex_all(op, portal, password->login);
    mfa_store_device_end_all(op, portal, password->login);

    if (by_link(password)) {
        mfa_store_mailtoken_end(op, portal, hash_of(password));
    }

    mfa_mail_queue(&password->flow, MFA_MAIL_PASSWORD_CHANGED,
                   &password->account, password->generation + 1, mfa_lit(""));
    mfa_store_audit(op, portal, &audit);
    mfa_op_exec(op);
    op->reserve = 1;

    return MFA_FLOW_STORE;
}


static mfa_flow_e
watched(mfa_flow_password_t *password, const mfa_result_t *result)
{
    mfa_tri_e  found;

    found = mfa_store_account_decode(&password->flow.op, result,
                                     password->account_at, password->login,
                                     MFA_ACCOUNT_N, &password->account);
    if (found == MFA_UNKNOWN) {
        return let_go(password, MFA_OUTCOME_UNAVAILABLE);
    }

    if (!still(password, found)) {
        return let_go(password, by_link(password) ? MFA_OUTCOME_EXPIRED
                                                  : MFA_OUTCOME_CONFLICT);
    }

    return change(password);
}


/* A link opens what a password does; a session that is there goes on. */
static void
session_begin(mfa_flow_password_t *password)
{
    int               half;
    mfa_session_t    *session;
    const mfa_env_t  *env;

    env = &password->flow.env;
    session = &password->opening.session;
    half = by_link(password) && password->account.enrolled;
    password->opening.speaks = half ? NULL : &password->account;

    if (by_link(password)) {
        session->portal = env->portal->name;
        session->login = password->login;
        session->level = MFA_LEVEL_PASSWORD;
        session->created = env->now;

    } else {
        *session = password->who.session;
    }

    session->generation = password->account.generation;
    session->expires = env->now + (half ? env->portal->half_sec
                                        : env->portal->absolute_sec);
    session->password_at = env->now;
    password->opening.half = half;
}


static mfa_flow_e
changed(mfa_flow_password_t *password, const mfa_result_t *result)
{
    mfa_audit_t  audit;

    if (mfa_op_aborted(&password->flow.op, result)) {
        return ++password->tries < MFA_PASSWORD_TRIES
               ? watch(password) : end(password, MFA_OUTCOME_CONFLICT);
    }

    password->account.generation++;
    session_begin(password);

    mfa_flow_next(&password->flow, OPENED);

    if (!by_link(password)) {
        mfa_guess_forgive(&password->flow, &password->guess, password->login);
    }

    audit = mfa_flow_audit(&password->flow, "session", "ok", "password",
                           password->login);

    if (mfa_opening_add(&password->flow, &password->opening, &password->who,
                        &audit, NULL) != 0)
    {
        return end(password, MFA_OUTCOME_UNAVAILABLE);
    }

    return MFA_FLOW_STORE;
}


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_flow_password_t  *password;

    password = (mfa_flow_password_t *) flow;

    if (flow->step != START && flow->step != CHECKED && flow->step != MADE
        && !mfa_op_sound(&flow->op, result))
    {
        return result->ok && (flow->step == WATCHED || flow->step == CHANGED)
               ? let_go(password, MFA_OUTCOME_UNAVAILABLE)
               : mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }

    switch (flow->step) {
    case START:
        return start(password);
    case READ:
        return token_read(password, result);
    case COMPARED:
        return compared(password, result);
    case CHARGED:
        return charged(password, result);
    case CHECKED:
        return checked(password, result);
    case COUNTED:
        return counted(password, result);
    case MADE:
        return made(password, result);
    case WATCHED:
        return watched(password, result);
    case CHANGED:
        return changed(password, result);
    case OPENED:
        return mfa_opening_check(flow, &password->opening, result, EVICTED);
    case EVICTED:
        return mfa_flow_end(flow, MFA_OUTCOME_DONE);
    case REFUSED:
        return mfa_flow_end(flow, password->refusal);
    default:
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }
}


void
mfa_flow_password_init(mfa_flow_password_t *password)
{
    memset(password, 0, sizeof(mfa_flow_password_t));
    password->flow.run = run;
}
