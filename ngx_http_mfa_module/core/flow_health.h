/*
 * Flow health: whether the store answers, asked now, and how far its clock is
 * from this machine's.  For mfa_status.
 */

#ifndef MFA_FLOW_HEALTH_H
#define MFA_FLOW_HEALTH_H

#include "core/flow.h"

typedef struct {
    mfa_flow_t  flow;                       /* first: the flow is this */

    /* Result, with DONE. */
    int64_t     skew_usec;                  /* the store's time less ours */

    /* The flow's own. */
    mfa_at_t    at;
} mfa_flow_health_t;

/* Outcomes: DONE, UNAVAILABLE. */
void mfa_flow_health_init(mfa_flow_health_t *health);

#endif /* MFA_FLOW_HEALTH_H */
