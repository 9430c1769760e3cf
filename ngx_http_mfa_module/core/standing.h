/*
 * How an account stands, in the words lists and details show.  Nothing here
 * decides; what does is policy.h.
 */

#ifndef MFA_STANDING_H
#define MFA_STANDING_H

#include "core/policy.h"

typedef enum {
    MFA_KEY_FAULT = 0,                      /* at odds with itself: reset it */
    MFA_KEY_NONE,                           /* no factor, and none is due */
    MFA_KEY_PENDING,                        /* required, not set up yet */
    MFA_KEY_ENROLLED,
    MFA_KEY_VALIDATED
} mfa_key_e;

typedef struct {
    mfa_key_e  key;
    int        required;                    /* by itself or by its portal */
    int        locked;                      /* the deadline is over */
    int64_t    days_left;                   /* begun days; -1: no clock runs */
} mfa_standing_t;

mfa_standing_t mfa_standing(const mfa_portal_t *portal,
    const mfa_account_t *account, int64_t now);

/* "fault", "none", "pending", "enrolled", "validated". */
const char *mfa_key_name(mfa_key_e key);

#endif /* MFA_STANDING_H */
