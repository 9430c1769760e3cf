/*
 * Flow account: one account with all its fields, also those that no request at
 * the gate needs.  One operation.  Nothing here asks who is looking.
 */

#ifndef MFA_FLOW_ACCOUNT_H
#define MFA_FLOW_ACCOUNT_H

#include "core/flow.h"

typedef struct {
    mfa_flow_t     flow;                    /* first: the flow is this */

    /* Set by the caller. */
    mfa_str_t      login;                   /* canonical */

    /* Results. */
    mfa_account_t  account;                 /* secret, password: not to show */

    /* The flow's own. */
    mfa_at_t       at;
} mfa_flow_account_t;

/* Outcomes: DONE; ABSENT; UNAVAILABLE. */
void mfa_flow_account_init(mfa_flow_account_t *account);

#endif /* MFA_FLOW_ACCOUNT_H */
