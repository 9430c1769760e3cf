/*
 * Flow security, see flow_security.h:
 *
 *   read the indexes -> read records, some at a time
 *                   \-> end what is named, some at a time
 */

#include "core/flow_security.h"

#include <string.h>

/* What one operation has room for. */
#define READ_AT_ONCE  20                    /* sessions, beside the devices */
#define END_AT_ONCE   6                     /* with an event each */

enum { START, LISTED, READ, ENDED };


static int
about_devices(const mfa_flow_security_t *security)
{
    return security->action == MFA_SECURITY_END_DEVICE
           || security->action == MFA_SECURITY_END_DEVICES;
}


static mfa_flow_e
start(mfa_flow_security_t *security)
{
    mfa_op_t         *op;
    mfa_str_t         login;
    const mfa_who_t  *who;

    who = &security->who;

    if (!who->has_session) {
        return mfa_flow_end(&security->flow, MFA_OUTCOME_EXPIRED);
    }

    /* With the password alone nobody ends the sessions of who has the code. */
    if (!who->has_account || (who->verdict != MFA_VERDICT_ALLOW
                              && who->verdict != MFA_VERDICT_ENROL))
    {
        return mfa_flow_end(&security->flow, MFA_OUTCOME_FORBIDDEN);
    }

    login = who->account.login;
    op = mfa_flow_next(&security->flow, LISTED);
    security->sessions_at = mfa_store_session_list(op,
                                                   security->flow.env.portal,
                                                   login);
    security->devices_at = mfa_store_device_list(op, security->flow.env.portal,
                                                 login);
    security->recovery_at = mfa_store_recovery_count(
        op, security->flow.env.portal, login);

    return MFA_FLOW_STORE;
}


/* The list at a place, NULL when it is none of strings. */
static const mfa_reply_t *
hashes(const mfa_flow_security_t *security, const mfa_result_t *result,
    mfa_at_t at)
{
    size_t              i;
    const mfa_reply_t  *list;

    list = mfa_op_reply(&security->flow.op, result, at);

    if (list == NULL || list->type != MFA_REPLY_ARRAY) {
        return NULL;
    }

    for (i = 0; i < list->n; i++) {
        if (list->elements[i].type != MFA_REPLY_STRING) {
            return NULL;
        }
    }

    return list;
}


/* Number i of a list, the newest first. */
static mfa_str_t
newest(const mfa_reply_t *list, size_t i)
{
    return list->elements[list->n - 1 - i].str;
}


/* --- looking --- */

static mfa_flow_e
read_some(mfa_flow_security_t *security)
{
    size_t               i;
    mfa_op_t            *op;
    const mfa_portal_t  *portal;

    portal = security->flow.env.portal;
    op = mfa_flow_next(&security->flow, READ);

    security->n_asked = 0;

    while (security->n_asked < READ_AT_ONCE
           && security->next + security->n_asked < security->listed->n)
    {
        i = security->next + security->n_asked;
        security->asked[security->n_asked++] =
            mfa_store_session_read(op, newest(security->listed, i));
    }

    security->n_asked_devices = 0;

    /* They are few: all of them with the first sessions. */
    while (security->next == 0 && portal->remember_sec
           && security->n_asked_devices < security->listed_devices->n
           && security->n_asked_devices < MFA_DEVICES_MAX)
    {
        i = security->n_asked_devices++;
        security->asked_devices[i] =
            mfa_store_device_read(op, portal, security->who.account.login,
                                  newest(security->listed_devices, i));
    }

    return op->n ? MFA_FLOW_STORE
                 : mfa_flow_end(&security->flow, MFA_OUTCOME_DONE);
}


/* MFA_UNKNOWN: the store did not say. */
static mfa_tri_e
take_session(mfa_flow_security_t *security, const mfa_result_t *result,
    size_t i)
{
    int                    foreign;
    mfa_tri_e              found;
    mfa_listed_session_t  *row;

    row = &security->sessions[security->n_sessions];
    row->hash = newest(security->listed, security->next + i);
    found = mfa_store_session_decode(&security->flow.op, result,
                                     security->asked[i],
                                     security->flow.env.portal, row->hash,
                                     &row->session, &foreign);

    if (found == MFA_YES
        && mfa_policy_open(security->flow.env.portal, &row->session,
                           &security->who.account, security->flow.env.now))
    {
        security->n_sessions++;
    }

    return found;
}


static mfa_tri_e
take_device(mfa_flow_security_t *security, const mfa_result_t *result, size_t i)
{
    mfa_tri_e             found;
    mfa_listed_device_t  *row;

    row = &security->devices[security->n_devices];
    row->hash = newest(security->listed_devices, i);
    found = mfa_store_device_decode(&security->flow.op, result,
                                    security->asked_devices[i], row->hash,
                                    &row->device);

    if (found == MFA_YES
        && mfa_device_good(&row->device, security->flow.env.portal,
                           &security->who.account, security->flow.env.now))
    {
        security->n_devices++;
    }

    return found;
}


static mfa_flow_e
records_read(mfa_flow_security_t *security, const mfa_result_t *result)
{
    size_t  i;

    for (i = 0; i < security->n_asked
                && security->n_sessions < MFA_SECURITY_SESSIONS_MAX; i++)
    {
        if (take_session(security, result, i) == MFA_UNKNOWN) {
            return mfa_flow_end(&security->flow, MFA_OUTCOME_UNAVAILABLE);
        }
    }

    for (i = 0; i < security->n_asked_devices; i++) {
        if (take_device(security, result, i) == MFA_UNKNOWN) {
            return mfa_flow_end(&security->flow, MFA_OUTCOME_UNAVAILABLE);
        }
    }

    security->next += security->n_asked;

    if (security->next < security->listed->n
        && security->n_sessions < MFA_SECURITY_SESSIONS_MAX)
    {
        return read_some(security);
    }

    return mfa_flow_end(&security->flow, MFA_OUTCOME_DONE);
}


/* --- ending --- */

static int
is_meant(const mfa_flow_security_t *security, mfa_str_t hash)
{
    switch (security->action) {
    case MFA_SECURITY_END_SESSION:
    case MFA_SECURITY_END_DEVICE:
        return mfa_str_eq(mfa_session_short(hash), security->ref);
    case MFA_SECURITY_END_OTHERS:
        return !mfa_str_eq(hash, security->who.hash);
    case MFA_SECURITY_END_DEVICES:
        return 1;
    default:
        return 0;
    }
}


static void
end_one(mfa_flow_security_t *security, mfa_str_t hash)
{
    mfa_op_t            *op;
    mfa_str_t            login;
    mfa_audit_t          audit;
    const mfa_portal_t  *portal;

    op = &security->flow.op;
    portal = security->flow.env.portal;
    login = security->who.account.login;

    audit = mfa_flow_audit(&security->flow, about_devices(security)
                           ? "device-revoke" : "session-revoke", "ok", "",
                           login);
    audit.detail = mfa_session_short(hash);

    security->asked[security->n_asked++] =
        about_devices(security)
        ? mfa_store_device_end(op, portal, login, hash)
        : mfa_store_session_end(op, portal, login, hash);

    mfa_store_audit(op, portal, &audit);
}


static mfa_flow_e
end_some(mfa_flow_security_t *security)
{
    mfa_op_t           *op;
    mfa_str_t           hash;
    const mfa_reply_t  *list;

    list = about_devices(security) ? security->listed_devices
                                   : security->listed;
    op = mfa_flow_next(&security->flow, ENDED);

    security->n_asked = 0;

    while (security->n_asked < END_AT_ONCE && security->next < list->n) {
        hash = newest(list, security->next++);

        if (is_meant(security, hash)) {
            end_one(security, hash);
        }
    }

    return op->n ? MFA_FLOW_STORE
                 : mfa_flow_end(&security->flow, MFA_OUTCOME_DONE);
}


static mfa_flow_e
ended(mfa_flow_security_t *security, const mfa_result_t *result)
{
    size_t   i;
    int64_t  there;

    for (i = 0; i < security->n_asked; i++) {
        if (mfa_op_int(&security->flow.op, result, security->asked[i], &there)
            != 0)
        {
            return mfa_flow_end(&security->flow, MFA_OUTCOME_UNAVAILABLE);
        }

        security->n_ended += there > 0;
    }

    return end_some(security);
}


static mfa_flow_e
listed(mfa_flow_security_t *security, const mfa_result_t *result)
{
    security->listed = hashes(security, result, security->sessions_at);
    security->listed_devices = hashes(security, result, security->devices_at);

    if (security->listed == NULL || security->listed_devices == NULL
        || mfa_op_int(&security->flow.op, result, security->recovery_at,
                      &security->n_recovery) != 0)
    {
        return mfa_flow_end(&security->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    return security->action == MFA_SECURITY_LIST ? read_some(security)
                                                 : end_some(security);
}


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_flow_security_t  *security;

    security = (mfa_flow_security_t *) flow;

    if (flow->step != START && !mfa_op_sound(&flow->op, result)) {
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }

    switch (flow->step) {
    case START:
        return start(security);
    case LISTED:
        return listed(security, result);
    case READ:
        return records_read(security, result);
    case ENDED:
        return ended(security, result);
    default:
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }
}


void
mfa_flow_security_init(mfa_flow_security_t *security)
{
    memset(security, 0, sizeof(mfa_flow_security_t));
    security->flow.run = run;
}
