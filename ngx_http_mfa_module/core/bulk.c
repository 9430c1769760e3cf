/*
 * Bulk, see bulk.h: hands every run on to flow admin, and begins the next item
 * when that has ended.
 */

#include "core/bulk.h"

#include <string.h>


/* The next item's flow, in place of the last one's. */
static void
prepare(mfa_bulk_t *bulk)
{
    mfa_env_t   env;
    mfa_flow_t *flow;

    flow = &bulk->admin.flow;
    env = flow->env;
    bulk->admin = *bulk->wanted;
    bulk->inner = flow->run;
    flow->run = bulk->run;
    flow->env = env;
    bulk->admin.login = bulk->logins[bulk->at];
    bulk->admin.bulk = 1;
}


static void
note(mfa_bulk_t *bulk)
{
    mfa_bulk_result_t  *result;

    result = &bulk->results[bulk->at];
    result->outcome = bulk->admin.flow.outcome;
    result->why = bulk->admin.why;
    result->changed = bulk->admin.changed;
    result->deadline = bulk->admin.deadline;
    result->mail = bulk->admin.mail;
    result->mailed = bulk->admin.mailed;

    bulk->n_done += result->outcome == MFA_OUTCOME_DONE;
    bulk->n_changed += result->outcome == MFA_OUTCOME_DONE && result->changed;
}


int
mfa_bulk_has(const mfa_str_t *logins, size_t n, mfa_str_t login)
{
    while (n) {
        if (mfa_str_eq(logins[--n], login)) {
            return 1;
        }
    }

    return 0;
}


static int
begin(mfa_bulk_t *bulk)
{
    size_t  i;

    if (bulk->n == 0 || bulk->n > MFA_BULK_MAX) {
        return -1;
    }

    for (i = 0; i < bulk->n; i++) {
        if (mfa_bulk_has(bulk->logins, i, bulk->logins[i])) {
            return -1;
        }
    }

    for (i = 0; i < bulk->n; i++) {
        memset(&bulk->results[i], 0, sizeof(mfa_bulk_result_t));
        bulk->results[i].deadline = -1;
    }

    bulk->begun = 1;
    prepare(bulk);

    return 0;
}


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_bulk_t  *bulk;
    mfa_flow_e   asked;

    bulk = (mfa_bulk_t *) flow;

    if (!bulk->begun && begin(bulk) != 0) {
        return mfa_flow_end(flow, MFA_OUTCOME_REFUSED);
    }

    for ( ;; ) {
        asked = bulk->inner(flow, result);

        if (asked != MFA_FLOW_DONE) {
            return asked;
        }

        note(bulk);

        /* A store that failed once is not asked again for each of the rest. */
        if (flow->outcome == MFA_OUTCOME_UNAVAILABLE) {
            return MFA_FLOW_DONE;
        }

        if (++bulk->at == bulk->n) {
            return mfa_flow_end(flow, MFA_OUTCOME_DONE);
        }

        prepare(bulk);
        result = NULL;
    }
}


void
mfa_bulk_init(mfa_bulk_t *bulk)
{
    memset(bulk, 0, sizeof(mfa_bulk_t));
    bulk->run = run;
    bulk->admin.flow.run = run;
}
