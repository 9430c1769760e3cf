/*
 * Flow recovery: recovery codes for whoever has just shown the second factor
 * (RENEW: ten new ones, the old ones are void), and showing them, once (TAKE:
 * what waits with this session, also from flow enrol, is gone with that).
 */

#ifndef MFA_FLOW_RECOVERY_H
#define MFA_FLOW_RECOVERY_H

#include "core/flow_session.h"
#include "core/store.h"
#include "core/store_recovery.h"

#define MFA_RECOVERY_TRIES  3

typedef enum {
    MFA_RECOVERY_TAKE = 0,                  /* those that wait to be shown */
    MFA_RECOVERY_RENEW
} mfa_recovery_e;

/* Codes that are being made. */
typedef struct {
    mfa_recovery_t  codes;
    uint8_t         hashes[MFA_RECOVERY_N * MFA_RECOVERY_HASH_CHARS];
} mfa_renewal_t;

/* Inside the transaction in flow->op: ten new ones for login's factor secret_id,
   and no others.  0, or -1: the transaction must not be sent. */
int mfa_renewal_add(mfa_flow_t *flow, mfa_renewal_t *renewal, mfa_str_t login,
    mfa_str_t secret_id);
/* Behind it: keeps them with the session whose token has this hash, until they
   are shown, and wipes them.  0 or -1. */
int mfa_renewal_keep(mfa_flow_t *flow, mfa_renewal_t *renewal, mfa_str_t login,
    mfa_str_t hash);

typedef struct {
    mfa_flow_t      flow;                   /* first: the flow is this */

    /* Set by the caller. */
    mfa_recovery_e  action;
    mfa_who_t       who;                    /* from flow gate */

    /* Result of TAKE. */
    mfa_recovery_t  codes;                  /* the caller wipes them */
    int             has_codes;

    /* The flow's own. */
    mfa_charge_t    charge;
    mfa_renewal_t   renewal;
    mfa_at_t        taken_at;
    mfa_at_t        account_at;
    mfa_account_t   account;                /* as watched */
    int             tries;
    mfa_outcome_e   refusal;
} mfa_flow_recovery_t;

/*
 * Outcomes: DONE; EXPIRED (no session); FORBIDDEN (no factor, or it was not shown
 * in this session); CODE (RENEW: a fresh code is due first); LIMITED (RENEW: each
 * is mailed, and those are counted with all that the account asks for); CONFLICT;
 * UNAVAILABLE.
 */
void mfa_flow_recovery_init(mfa_flow_recovery_t *recovery);

#endif /* MFA_FLOW_RECOVERY_H */
