/*
 * Flow reset: "Reset TOTP MFA".  Whoever has proved the password and has not the
 * phone any more asks for a mail with a link to set up another factor (features
 * 003-25 to 003-27, 003-35).  Nothing changes by asking: the old factor works
 * until another one is confirmed.
 *
 * The asker has proved the password, so the answer may say that no address is
 * known: there is nothing to be found out by it (security 92).
 */

#ifndef MFA_FLOW_RESET_H
#define MFA_FLOW_RESET_H

#include "core/flow_gate.h"

typedef struct {
    mfa_flow_t     flow;                    /* first: the flow is this */

    /* Set by the caller. */
    mfa_who_t      who;                     /* from flow gate */

    /* The flow's own. */
    mfa_charge_t   charge;
    mfa_at_t       account_at;
    mfa_account_t  account;
    mfa_outcome_e  refusal;
} mfa_flow_reset_t;

/* Whether the portal offers it: it sends links, and has not switched it off. */
int mfa_reset_offered(const mfa_portal_t *portal);

/*
 * Outcomes: DONE, the mail is queued; ABSENT (no address is known); LIMITED;
 * EXPIRED (no session); FORBIDDEN (no factor, blocked, or not offered);
 * UNAVAILABLE.
 */
void mfa_flow_reset_init(mfa_flow_reset_t *reset);

#endif /* MFA_FLOW_RESET_H */
