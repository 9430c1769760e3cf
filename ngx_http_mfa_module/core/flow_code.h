/*
 * Flow code: the second step.  Charges first, then looks, then claims the time
 * step; only a claimed step opens a session.
 */

#ifndef MFA_FLOW_CODE_H
#define MFA_FLOW_CODE_H

#include "core/factor.h"

typedef struct {
    mfa_flow_t     flow;                    /* first: the flow is this */

    /* Set by the caller. */
    mfa_who_t      who;                     /* from flow gate */
    mfa_str_t      code;

    /* Result, with DONE. */
    mfa_opening_t  opening;

    /* The flow's own. */
    mfa_attempt_t  attempt;
    mfa_at_t       claim_at;
    int64_t        claim_step;              /* the code's time step */
    mfa_outcome_e  refusal;
} mfa_flow_code_t;

/*
 * Outcomes: DONE; REFUSED (wrong, malformed or spent code); LIMITED; EXPIRED (no
 * session to add a code to); FORBIDDEN (no factor, or blocked); FAULT (the
 * secret does not open); UNAVAILABLE.
 */
void mfa_flow_code_init(mfa_flow_code_t *code);

#endif /* MFA_FLOW_CODE_H */
