/*
 * Flow dead: a dead letter goes back into the outbox, once, however many ask for
 * it at a time.
 */

#ifndef MFA_FLOW_DEAD_H
#define MFA_FLOW_DEAD_H

#include "core/store_outbox.h"

typedef struct {
    mfa_flow_t          flow;               /* first: the flow is this */

    /* Set by the caller. */
    mfa_str_t           id;
    mfa_str_t           actor;

    /* The flow's own. */
    mfa_at_t            at;
    int                 tries;
    mfa_outcome_e       ending;
} mfa_flow_dead_t;

/*
 * Prepares a flow.  Outcomes: DONE; ABSENT: there is no such dead letter; REFUSED:
 * it is no mail; CONFLICT: too much was going on; UNAVAILABLE.
 */
void mfa_flow_dead_init(mfa_flow_dead_t *dead);

#endif /* MFA_FLOW_DEAD_H */
