/*
 * A secret on its way to become a factor: sealed, with the session that asked
 * for it, for MFA_ENROLMENT_SEC.  Its kind says by what right it is there, and
 * is bound into the seal: one made for a first factor never replaces another.
 *
 *     KIND "." SECRET_ID "." SEALED
 */

#ifndef MFA_ENROLMENT_H
#define MFA_ENROLMENT_H

#include "core/factor.h"

#define MFA_ENROLMENT_TEXT_MAX  (16 + MFA_SECRET_ID_CHARS + MFA_SEAL_TEXT_MAX)

typedef enum {
    MFA_ENROLMENT_NONE = 0,
    MFA_ENROLMENT_FIRST,                    /* the account has no factor */
    MFA_ENROLMENT_REPLACE,                  /* its owner has just shown it */
    MFA_ENROLMENT_RESET,                    /* password, and a mailed link */
    MFA_ENROLMENT_N
} mfa_enrolment_e;

/* Appends a new secret for login, to be written by mfa_store_enrolment_*; 0, or
   -1 without randomness. */
int mfa_enrolment_make(const mfa_flow_t *flow, mfa_enrolment_e kind,
    mfa_str_t login, mfa_buf_t *out);
/*
 * Opens one: fills secret[MFA_TOTP_SECRET_BYTES], which the caller wipes, and
 * *secret_id, a view into text.  Its kind, or MFA_ENROLMENT_NONE when it is not
 * one of this login.
 */
mfa_enrolment_e mfa_enrolment_open(const mfa_flow_t *flow, mfa_str_t login,
    mfa_str_t text, mfa_str_t *secret_id, uint8_t *secret);

#endif /* MFA_ENROLMENT_H */
