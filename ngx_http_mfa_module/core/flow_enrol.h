/*
 * Flow enrol: a factor, the first or one in place of another.  A first one is
 * for a session that has proved the password of an account that has none and is
 * not locked out.  Whoever has a factor gets nothing here with the password
 * alone: another one takes a fresh code of the old one (REPLACE), or a mailed
 * link beside the password (flow redeem); the old one works until the new one is
 * confirmed.
 *
 * The new secret waits, sealed, with the session that asked for it, at most
 * MFA_ENROLMENT_SEC, until a code confirms it; until then the account is
 * untouched.  With it come ten new recovery codes, which wait with the session
 * that is opened then, for flow recovery to show them.
 */

#ifndef MFA_FLOW_ENROL_H
#define MFA_FLOW_ENROL_H

#include "core/enrolment.h"
#include "core/flow_recovery.h"

#define MFA_ENROL_TRIES        3
#define MFA_REPLACE_FRESH_SEC  300          /* how old its code may be: REPLACE */

typedef enum {
    MFA_ENROL_CHECK = 0,                    /* only whether enrolling is allowed */
    MFA_ENROL_OFFER,                        /* give me the secret to show */
    MFA_ENROL_CONFIRM,                      /* this is its first code */
    MFA_ENROL_LATER,                        /* put it off in this session */
    MFA_ENROL_REPLACE                       /* begin with another secret */
} mfa_enrol_e;

typedef struct {
    mfa_flow_t     flow;                    /* first: the flow is this */

    /* Set by the caller. */
    mfa_enrol_e    action;
    mfa_who_t      who;                     /* from flow gate */
    mfa_str_t      code;                    /* CONFIRM */

    /* Results: the secret (OFFER done, CONFIRM refused or done) */
    uint8_t        secret[MFA_TOTP_SECRET_BYTES];
    int            has_secret;
    mfa_enrolment_e  kind;                  /* of that secret */
    mfa_opening_t  opening;                 /* CONFIRM done */

    /* The flow's own. */
    mfa_attempt_t  attempt;
    mfa_charge_t   charge;                  /* REPLACE */
    mfa_at_t       pending_at;
    mfa_at_t       account_at;
    mfa_account_t  account;                 /* as watched */
    int64_t        claim_step;
    int            tries;
    mfa_outcome_e  refusal;
    mfa_str_t      secret_id;
    mfa_renewal_t  renewal;
    uint8_t        id_room[MFA_SECRET_ID_CHARS];
    uint8_t        sealed[MFA_ENROLMENT_TEXT_MAX];
} mfa_flow_enrol_t;

/*
 * Outcomes: DONE; REFUSED (wrong code; the secret is there to be shown again);
 * LIMITED; EXPIRED (no session, or the pending secret is gone); FORBIDDEN (has a
 * factor and nothing beside the password, locked out, blocked, or LATER without
 * grace); CODE (REPLACE: a fresh code is due first); CONFLICT; UNAVAILABLE.
 * The caller wipes secret.
 */
void mfa_flow_enrol_init(mfa_flow_enrol_t *enrol);

#endif /* MFA_FLOW_ENROL_H */
