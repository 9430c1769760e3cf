/*
 * What flows do with a code, whether it opens a session (flow code) or confirms
 * a new factor (flow enrol): the same charges, the same check.
 */

#ifndef MFA_FACTOR_H
#define MFA_FACTOR_H

#include "core/flow_session.h"
#include "core/recovery.h"

#define MFA_FACTOR_CHARGES  3

typedef struct {
    mfa_charge_t  charges[MFA_FACTOR_CHARGES];
    size_t        n;                        /* made so far */
} mfa_attempt_t;

/*
 * Adds the next charge of one attempt at login's factor to the flow's op: the
 * network's, the factor's, the factor's in a row.  One at a time, because what
 * one of them stops must not count for those behind it.
 */
void mfa_attempt_charge(mfa_flow_t *flow, mfa_attempt_t *attempt,
    mfa_str_t login);
/* Whether a charge is left to be made. */
int mfa_attempt_goes_on(const mfa_attempt_t *attempt);
/* Whether the last charge was within; sets flow->retry_after on MFA_NO.  Only
   when all are within may the attempt be looked at. */
mfa_charged_t mfa_attempt_result(mfa_flow_t *flow,
    const mfa_attempt_t *attempt, const mfa_result_t *result);

/* What a code is claimed by, which makes it good once. */
typedef struct {
    int        recovery;                    /* it stands in for the app */
    int64_t    step;                        /* its time step, if not */
    uint8_t    hashes[MFA_KEYRING_MAX * MFA_RECOVERY_HASH_CHARS];
    size_t     hashes_len;                  /* its hashes, if it does */
    mfa_at_t   claimed_at;
    mfa_at_t   left_at;
    int64_t    left;                        /* recovery codes, once claimed */
    uint8_t    left_text[20];
} mfa_claim_t;

/*
 * Whether code is one of the account's factor now, and the one behind *before
 * unless that is NULL (mfa_totp_check_pair), or has the form of a recovery code,
 * which it must not with before: YES, and claim says what is to be claimed.
 * MFA_UNKNOWN with flow->alarm set: the secret does not open; without: could not
 * tell.  Only after all charges.
 */
mfa_tri_e mfa_attempt_check(mfa_flow_t *flow, const mfa_account_t *account,
    const mfa_str_t *before, mfa_str_t code, mfa_claim_t *claim);
/* Adds the claim to the flow's op.  Nothing is right before its answer. */
void mfa_claim_add(mfa_flow_t *flow, mfa_claim_t *claim, mfa_str_t login);
/* MFA_YES: it was this one's.  MFA_NO: spent before, or, of recovery codes, never
   one.  MFA_UNKNOWN: the store did not say. */
mfa_tri_e mfa_claim_result(const mfa_flow_t *flow, mfa_claim_t *claim,
    const mfa_result_t *result);
/* Why MFA_NO, for the audit. */
const char *mfa_claim_refusal(const mfa_claim_t *claim);
/* How many recovery codes are left, as text in claim. */
mfa_str_t mfa_claim_left(mfa_claim_t *claim);
/* Adds to the op what a right code forgives. */
void mfa_attempt_forgive(mfa_flow_t *flow, mfa_str_t login);

/*
 * Opens the sealed secret (purpose "totp" or "pending") of login, named
 * secret_id, into secret[MFA_TOTP_SECRET_BYTES].  0, or -1: it does not open or
 * is not a secret's length.  The caller wipes secret.
 */
int mfa_secret_open(const mfa_flow_t *flow, const char *purpose,
    mfa_str_t login, mfa_str_t secret_id, mfa_str_t sealed, uint8_t *secret);
/* Seals it for a purpose into out; 0 or -1. */
int mfa_secret_seal(const mfa_flow_t *flow, const char *purpose,
    mfa_str_t login, mfa_str_t secret_id, const uint8_t *secret,
    mfa_buf_t *out);

#endif /* MFA_FACTOR_H */
