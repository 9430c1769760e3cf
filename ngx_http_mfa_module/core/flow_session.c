/*
 * Opening and ending sessions, see flow_session.h.
 */

#include "core/flow_session.h"

#include <string.h>

#define EVICTED_MAX  16                     /* sessions ended by one login */

enum { START, ENDED };


static void
device_audit(mfa_flow_t *flow, const mfa_opening_t *opening, const char *event,
    mfa_str_t hash)
{
    mfa_audit_t  audit;

    audit = mfa_flow_audit(flow, event, "ok", "", opening->session.login);
    audit.detail = mfa_session_short(hash);
    mfa_store_audit(&flow->op, flow->env.portal, &audit);
}


/* The browser's token is made anew with every code it is trusted for. */
static int
device_trust(mfa_flow_t *flow, mfa_opening_t *opening)
{
    mfa_str_t         hash;
    mfa_device_t     *device;
    const mfa_env_t  *env;

    env = &flow->env;
    device = &opening->device;

    if (mfa_session_token_make(&opening->device_token, env->random,
                               opening->session.login) != 0)
    {
        return -1;
    }

    device->portal = env->portal->name;
    device->login = opening->session.login;
    device->generation = opening->session.generation;
    device->created = env->now;
    device->expires = env->now + env->portal->remember_sec;
    device->seen = env->now;
    device->code_at = opening->session.code_at;
    device->agent = env->agent;

    if (opening->device_hash.len) {
        mfa_store_device_end(&flow->op, env->portal, device->login,
                             opening->device_hash);
    }

    hash = (mfa_str_t) { opening->device_token.hash, MFA_HASH_CHARS };
    mfa_store_device_write(&flow->op, env->portal, device, env->usec, hash);
    device_audit(flow, opening, "device-trust", hash);

    return 0;
}


static void
device_use(mfa_flow_t *flow, mfa_opening_t *opening)
{
    opening->device.seen = flow->env.now;
    mfa_store_device_save(&flow->op, flow->env.portal, &opening->device,
                          opening->device_hash, flow->env.now);
    device_audit(flow, opening, "device-use", opening->device_hash);
}


void
mfa_opening_mail(mfa_opening_t *opening, mfa_mail_e kind,
    const mfa_account_t *account, mfa_str_t detail)
{
    size_t  n;

    if (opening->n_mails == MFA_OPENING_MAILS) {
        return;
    }

    if (detail.len > MFA_AGENT_SHORT_MAX) {
        detail.len = MFA_AGENT_SHORT_MAX;
    }

    n = opening->n_mails++;
    opening->mail_to = account;
    opening->mails[n] = kind;
    opening->details_len[n] = detail.len;

    if (detail.len) {
        memcpy(opening->details[n], detail.data, detail.len);
    }
}


void
mfa_opening_mail_network(const mfa_flow_t *flow, mfa_opening_t *opening,
    const mfa_account_t *account)
{
    uint8_t      text[MFA_AGENT_SHORT_MAX];
    mfa_buf_t    out;
    mfa_agent_t  agent;

    if (!flow->env.portal->mail_new_network) {
        return;
    }

    mfa_buf_init(&out, text, sizeof(text));
    agent = mfa_agent_of(flow->env.agent);
    mfa_agent_write(&out, &agent);

    mfa_opening_mail(opening, MFA_MAIL_NEW_NETWORK, account,
                     mfa_buf_since(&out, 0));
}


/* The account has the generation of the session that is opened. */
static void
mails_queue(mfa_flow_t *flow, const mfa_opening_t *opening)
{
    size_t  i;

    for (i = 0; i < opening->n_mails; i++) {
        mfa_mail_queue(flow, opening->mails[i], opening->mail_to,
                       opening->session.generation,
                       (mfa_str_t) { opening->details[i],
                                     opening->details_len[i] });
    }
}


/* The language of mails that others cause.  Who reads the first one of the portal
   needs no note, so that hardly a login writes the account. */
static void
locale_note(mfa_flow_t *flow, const mfa_account_t *account)
{
    mfa_str_t         had;
    const mfa_env_t  *env;

    env = &flow->env;
    had = account->locale.len ? account->locale : env->portal->locales[0];

    if (env->locale.len && !mfa_str_eq(env->locale, had)) {
        mfa_store_locale_set(&flow->op, env->portal, account->login,
                             env->locale);
    }
}


int
mfa_opening_add(mfa_flow_t *flow, mfa_opening_t *opening, const mfa_who_t *old,
    const mfa_audit_t *audit, const mfa_account_t *validated)
{
    mfa_op_t            *op;
    mfa_str_t            hash;
    mfa_session_t       *session;
    const mfa_portal_t  *portal;

    op = &flow->op;
    portal = flow->env.portal;
    session = &opening->session;
    session->seen = flow->env.now;
    session->address = mfa_address_of(flow->env.address);
    session->agent = mfa_agent_of(flow->env.agent);

    if (mfa_session_token_make(&opening->token, flow->env.random,
                               session->login) != 0)
    {
        return -1;
    }

    hash = (mfa_str_t) { opening->token.hash, MFA_HASH_CHARS };

    if (old->has_session) {
        mfa_store_session_remove(op, old->hash);
        mfa_store_enrolment_end(op, old->hash);
    }

    /* The index before the record: a session that is not in it could not be
       listed and ended. */
    mfa_op_multi(op);

    if (old->has_session) {
        mfa_store_session_unindex(op, portal, old->session.login, old->hash);
    }

    if (validated != NULL) {
        mfa_store_validated_set(op, portal, validated);
    }

    if (opening->speaks != NULL) {
        locale_note(flow, opening->speaks);
    }

    mfa_store_audit(op, portal, audit);
    mails_queue(flow, opening);

    if (opening->trust) {
        if (device_trust(flow, opening) != 0) {
            return -1;
        }

    } else if (opening->device_hash.len) {
        device_use(flow, opening);
    }

    /* A half-login takes nobody's place: with the password alone one could
       otherwise push out the sessions of whoever has the code, too. */
    if (!opening->half) {
        opening->excess_at = mfa_store_session_index(op, portal, session,
                                                     flow->env.usec, hash);
    }

    mfa_op_exec(op);

    mfa_store_session_write(op, portal, session, hash);

    return 0;
}


mfa_flow_e
mfa_opening_check(mfa_flow_t *flow, mfa_opening_t *opening,
    const mfa_result_t *result, int step)
{
    size_t              i, n;
    mfa_str_t           evicted[EVICTED_MAX];
    const mfa_reply_t  *excess;

    if (opening->half) {
        return mfa_flow_end(flow, MFA_OUTCOME_DONE);
    }

    excess = mfa_op_reply(&flow->op, result, opening->excess_at);

    if (excess == NULL || excess->type != MFA_REPLY_ARRAY) {
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }

    for (n = 0; n < excess->n && n < EVICTED_MAX; n++) {
        if (excess->elements[n].type != MFA_REPLY_STRING) {
            return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
        }

        evicted[n] = excess->elements[n].str;
    }

    if (n == 0) {
        return mfa_flow_end(flow, MFA_OUTCOME_DONE);
    }

    mfa_flow_next(flow, step);

    for (i = 0; i < n; i++) {
        mfa_store_session_end(&flow->op, flow->env.portal,
                              opening->session.login, evicted[i]);
    }

    return MFA_FLOW_STORE;
}


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_op_t           *op;
    mfa_audit_t         audit;
    mfa_flow_logout_t  *logout;

    logout = (mfa_flow_logout_t *) flow;

    if (flow->step == ENDED) {
        return mfa_flow_end(flow, mfa_op_sound(&flow->op, result)
                                  ? MFA_OUTCOME_DONE
                                  : MFA_OUTCOME_UNAVAILABLE);
    }

    if (!logout->who.has_session) {
        return mfa_flow_end(flow, MFA_OUTCOME_DONE);
    }

    op = mfa_flow_next(flow, ENDED);
    audit = mfa_flow_audit(flow, "logout", "ok", "", logout->who.session.login);
    mfa_store_session_remove(op, logout->who.hash);
    mfa_store_enrolment_end(op, logout->who.hash);

    mfa_op_multi(op);
    mfa_store_session_unindex(op, flow->env.portal, logout->who.session.login,
                              logout->who.hash);
    mfa_store_audit(op, flow->env.portal, &audit);
    mfa_op_exec(op);

    return MFA_FLOW_STORE;
}


void
mfa_flow_logout_init(mfa_flow_logout_t *logout)
{
    memset(logout, 0, sizeof(mfa_flow_logout_t));
    logout->flow.run = run;
}
