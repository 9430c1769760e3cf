/*
 * Flow detail, see flow_detail.h:
 *
 *   account, its lists, last events -> records of sessions and browsers
 */

#include "core/flow_detail.h"

#include <string.h>

enum { START, READ, RECORDS };


static mfa_flow_e
start(mfa_flow_detail_t *detail)
{
    mfa_op_t            *op;
    mfa_str_t            login;
    const mfa_portal_t  *portal;

    login = detail->login;
    portal = detail->flow.env.portal;

    if (!mfa_login_check(login)) {
        return mfa_flow_end(&detail->flow, MFA_OUTCOME_REFUSED);
    }

    op = mfa_flow_next(&detail->flow, READ);
    detail->account_at = mfa_store_account_read(op, portal, login,
                                                MFA_ACCOUNT_N);
    detail->sessions_at = mfa_store_session_list(op, portal, login);
    detail->devices_at = mfa_store_device_list(op, portal, login);
    detail->recovery_at = mfa_store_recovery_count(op, portal, login);
    detail->events_at = mfa_store_audit_read(op, portal, mfa_lit("+"),
                                             MFA_DETAIL_SCAN);
    return MFA_FLOW_STORE;
}


/* The newest max hashes of a list; how many it has, or -1. */
static long
newest(const mfa_flow_detail_t *detail, const mfa_result_t *result,
    mfa_at_t at, mfa_str_t *hashes, size_t max)
{
    size_t              i;
    const mfa_reply_t  *list;

    list = mfa_op_reply(&detail->flow.op, result, at);

    if (list == NULL || list->type != MFA_REPLY_ARRAY) {
        return -1;
    }

    for (i = 0; i < list->n; i++) {
        if (list->elements[i].type != MFA_REPLY_STRING) {
            return -1;
        }
    }

    for (i = 0; i < list->n && i < max; i++) {
        hashes[i] = list->elements[list->n - 1 - i].str;
    }

    return (long) list->n;
}


static int
take_events(mfa_flow_detail_t *detail, const mfa_result_t *result)
{
    size_t              i;
    mfa_event_t         event;
    const mfa_reply_t  *list;
    mfa_event_filter_t  filter;

    memset(&filter, 0, sizeof(filter));
    filter.about = detail->login;
    list = mfa_op_reply(&detail->flow.op, result, detail->events_at);

    if (list == NULL || list->type != MFA_REPLY_ARRAY) {
        return -1;
    }

    for (i = 0; i < list->n && detail->n_events < MFA_DETAIL_EVENTS_MAX; i++) {
        if (mfa_event_decode(&event, &list->elements[i]) != 0) {
            return -1;
        }

        detail->events_next = event.id;

        if (mfa_event_match(&event, &filter)) {
            detail->events[detail->n_events++] = event;
        }
    }

    if (i == list->n && list->n < MFA_DETAIL_SCAN) {
        detail->events_next = (mfa_str_t) { NULL, 0 };
    }

    return 0;
}


static mfa_flow_e
records(mfa_flow_detail_t *detail)
{
    size_t               i;
    mfa_op_t            *op;
    const mfa_portal_t  *portal;

    portal = detail->flow.env.portal;
    op = mfa_flow_next(&detail->flow, RECORDS);

    for (i = 0; i < detail->n_asked; i++) {
        detail->asked[i] = mfa_store_session_read(op, detail->hashes[i]);
    }

    for (i = 0; i < detail->n_asked_devices; i++) {
        detail->asked_devices[i] =
            mfa_store_device_read(op, portal, detail->login,
                                  detail->device_hashes[i]);
    }

    return op->n ? MFA_FLOW_STORE
                 : mfa_flow_end(&detail->flow, MFA_OUTCOME_DONE);
}


static mfa_flow_e
taken(mfa_flow_detail_t *detail, const mfa_result_t *result)
{
    long              sessions, devices;
    mfa_tri_e         found;
    const mfa_env_t  *env;

    env = &detail->flow.env;
    found = mfa_store_account_decode(&detail->flow.op, result,
                                     detail->account_at, detail->login,
                                     MFA_ACCOUNT_N, &detail->account);
    if (found == MFA_NO) {
        return mfa_flow_end(&detail->flow, MFA_OUTCOME_ABSENT);
    }

    sessions = newest(detail, result, detail->sessions_at, detail->hashes,
                      MFA_DETAIL_SESSIONS_MAX);
    devices = newest(detail, result, detail->devices_at, detail->device_hashes,
                     MFA_DEVICES_MAX);

    if (found == MFA_UNKNOWN || sessions < 0 || devices < 0
        || mfa_op_int(&detail->flow.op, result, detail->recovery_at,
                      &detail->n_recovery) != 0
        || take_events(detail, result) != 0)
    {
        return mfa_flow_end(&detail->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    detail->standing = mfa_standing(env->portal, &detail->account, env->now);
    detail->more_sessions = sessions > MFA_DETAIL_SESSIONS_MAX;
    detail->n_asked = detail->more_sessions ? MFA_DETAIL_SESSIONS_MAX
                                            : (size_t) sessions;
    detail->n_asked_devices = devices > MFA_DEVICES_MAX ? MFA_DEVICES_MAX
                                                        : (size_t) devices;
    return records(detail);
}


static mfa_tri_e
take_session(mfa_flow_detail_t *detail, const mfa_result_t *result, size_t i)
{
    int                    foreign;
    mfa_tri_e              found;
    const mfa_env_t       *env;
    mfa_listed_session_t  *row;

    env = &detail->flow.env;
    row = &detail->sessions[detail->n_sessions];
    row->hash = detail->hashes[i];
    found = mfa_store_session_decode(&detail->flow.op, result, detail->asked[i],
                                     env->portal, row->hash, &row->session,
                                     &foreign);

    if (found == MFA_YES && mfa_policy_open(env->portal, &row->session,
                                            &detail->account, env->now))
    {
        detail->n_sessions++;
    }

    return found;
}


static mfa_tri_e
take_device(mfa_flow_detail_t *detail, const mfa_result_t *result, size_t i)
{
    mfa_tri_e             found;
    const mfa_env_t      *env;
    mfa_listed_device_t  *row;

    env = &detail->flow.env;
    row = &detail->devices[detail->n_devices];
    row->hash = detail->device_hashes[i];
    found = mfa_store_device_decode(&detail->flow.op, result,
                                    detail->asked_devices[i], row->hash,
                                    &row->device);

    if (found == MFA_YES && mfa_device_good(&row->device, env->portal,
                                            &detail->account, env->now))
    {
        detail->n_devices++;
    }

    return found;
}


static mfa_flow_e
records_taken(mfa_flow_detail_t *detail, const mfa_result_t *result)
{
    size_t  i;

    for (i = 0; i < detail->n_asked; i++) {
        if (take_session(detail, result, i) == MFA_UNKNOWN) {
            return mfa_flow_end(&detail->flow, MFA_OUTCOME_UNAVAILABLE);
        }
    }

    for (i = 0; i < detail->n_asked_devices; i++) {
        if (take_device(detail, result, i) == MFA_UNKNOWN) {
            return mfa_flow_end(&detail->flow, MFA_OUTCOME_UNAVAILABLE);
        }
    }

    return mfa_flow_end(&detail->flow, MFA_OUTCOME_DONE);
}


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_flow_detail_t  *detail;

    detail = (mfa_flow_detail_t *) flow;

    if (flow->step == START) {
        return start(detail);
    }

    if (!mfa_op_sound(&flow->op, result)) {
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }

    return flow->step == READ ? taken(detail, result)
                              : records_taken(detail, result);
}


void
mfa_flow_detail_init(mfa_flow_detail_t *detail)
{
    memset(detail, 0, sizeof(mfa_flow_detail_t));
    detail->flow.run = run;
}
