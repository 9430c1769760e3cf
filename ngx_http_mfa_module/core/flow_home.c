/*
 * Flow home, see flow_home.h: one operation.
 */

#include "core/flow_home.h"

#include <string.h>

enum { START, READ };


static mfa_flow_e
start(mfa_flow_home_t *home)
{
    mfa_op_t         *op;
    const mfa_env_t  *env;

    env = &home->flow.env;
    op = mfa_flow_next(&home->flow, READ);
    mfa_store_counts(op, env->portal, env->now, &home->at);
    home->indexed_at = mfa_store_indexed_read(op, env->portal);

    if (home->until > env->now) {
        mfa_store_deadline_ranks(op, env->portal, env->now, home->until,
                                 (mfa_str_t) { NULL, 0 }, 0, &home->ranks);
    }

    return MFA_FLOW_STORE;
}


static mfa_flow_e
take(mfa_flow_home_t *home, const mfa_result_t *result)
{
    int                     rc;
    int64_t                 first, end, rank;
    mfa_tri_e               indexed;
    const mfa_op_t         *op;
    mfa_counts_t           *counts;
    const mfa_counts_at_t  *at;

    op = &home->flow.op;
    at = &home->at;
    counts = &home->counts;
    first = 0;
    end = 0;

    rc = mfa_op_int(op, result, at->total, &counts->total)
         | mfa_op_int(op, result, at->enrolled, &counts->enrolled)
         | mfa_op_int(op, result, at->required, &counts->required)
         | mfa_op_int(op, result, at->not_required, &counts->not_required)
         | mfa_op_int(op, result, at->unenrolled, &counts->unenrolled)
         | mfa_op_int(op, result, at->due, &counts->due)
         | mfa_op_int(op, result, at->locked, &counts->locked);

    if (op->n > (size_t) home->indexed_at + 1) {
        rc |= mfa_store_deadline_ranks_result(op, result, &home->ranks, &rank,
                                              &first, &end);
    }

    indexed = mfa_store_indexed_result(op, result, home->indexed_at,
                                       home->flow.env.portal);

    if (rc != 0 || indexed == MFA_UNKNOWN) {
        memset(counts, 0, sizeof(mfa_counts_t));
        return mfa_flow_end(&home->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    counts->grace = counts->unenrolled - counts->due - counts->locked;
    home->forecast = end - first;
    /* An older version knew only one of the two. */
    home->stale = indexed == MFA_NO
                  || counts->required + counts->not_required != counts->total;

    return mfa_flow_end(&home->flow, MFA_OUTCOME_DONE);
}


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_flow_home_t  *home;

    home = (mfa_flow_home_t *) flow;

    if (flow->step == START) {
        return start(home);
    }

    return mfa_op_sound(&flow->op, result)
           ? take(home, result)
           : mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
}


void
mfa_flow_home_init(mfa_flow_home_t *home)
{
    memset(home, 0, sizeof(mfa_flow_home_t));
    home->flow.run = run;
}
