/*
 * Flow code: the second step.  Charges first, then looks, then claims the time
 * step, or the recovery code; only what was claimed opens a session.  Flow
 * validate is the same with two codes and another end.
 */

#ifndef MFA_FLOW_CODE_H
#define MFA_FLOW_CODE_H

#include "core/factor.h"
#include "core/flow_login.h"

typedef struct mfa_flow_code_s  mfa_flow_code_t;

struct mfa_flow_code_s {
    mfa_flow_t     flow;                    /* first: the flow is this */

    /* Set by the caller. */
    mfa_who_t      who;                     /* from flow gate */
    mfa_str_t      code;
    int            remember;                /* trust this browser from now on */
    mfa_str_t      device_hash;             /* of its device, when it has one */
    const mfa_flow_login_t *login;          /* the password step in the same
                                               form, which held; or NULL */

    /* Result, with DONE. */
    mfa_opening_t  opening;

    /* The flow's own. */
    mfa_attempt_t  attempt;
    mfa_claim_t    claim;
    mfa_at_t       known_at;                /* with it: whether the network is one
                                               the account was known from */
    int            stranger;                /* it is not: a login from there */
    mfa_outcome_e  refusal;

    /* Flow validate's: its word in the audit, the code of the step before, and
       what a claimed step does, in one operation, instead. */
    const char    *event;
    mfa_str_t      before;
    mfa_flow_e   (*accepted)(mfa_flow_code_t *code);
};

/*
 * Outcomes: DONE; REFUSED (wrong, malformed or spent code); LIMITED; EXPIRED (no
 * session to add a code to); FORBIDDEN (no factor, or blocked); FAULT (the
 * secret does not open); UNAVAILABLE.  In one form with the password LIMITED is
 * REFUSED as well: it would tell that the password was right.
 */
void mfa_flow_code_init(mfa_flow_code_t *code);

/* For accepted: the flow is DONE when the operation begun by this is answered. */
mfa_op_t *mfa_flow_code_last(mfa_flow_code_t *code);

#endif /* MFA_FLOW_CODE_H */
