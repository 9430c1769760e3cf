/*
 * Flow account, see flow_account.h.
 */

#include "core/flow_account.h"

#include <string.h>

enum { START, READ };


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_op_t            *op;
    mfa_tri_e            found;
    mfa_flow_account_t  *account;

    account = (mfa_flow_account_t *) flow;

    if (flow->step == START) {
        op = mfa_flow_next(flow, READ);
        account->at = mfa_store_account_read(op, flow->env.portal,
                                             account->login, MFA_ACCOUNT_N);
        return MFA_FLOW_STORE;
    }

    found = mfa_store_account_decode(&flow->op, result, account->at,
                                     account->login, MFA_ACCOUNT_N,
                                     &account->account);

    return mfa_flow_end(flow, found == MFA_YES ? MFA_OUTCOME_DONE
                              : found == MFA_NO ? MFA_OUTCOME_ABSENT
                              : MFA_OUTCOME_UNAVAILABLE);
}


void
mfa_flow_account_init(mfa_flow_account_t *account)
{
    memset(account, 0, sizeof(mfa_flow_account_t));
    account->flow.run = run;
}
