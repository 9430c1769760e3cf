/*
 * HOTP (RFC 4226) and TOTP (RFC 6238): making a code, and telling whether one
 * is right.  Knows no account and no store: that a code is accepted only once
 * is the store's business (mfa_store_step_claim), attempts are the limits'.
 */

#ifndef MFA_TOTP_H
#define MFA_TOTP_H

#include "core/str.h"

#define MFA_TOTP_SECRET_BYTES  20           /* 160 bit: RFC 4226 R6 */
#define MFA_TOTP_DIGITS_MAX    8

typedef enum {
    MFA_TOTP_SHA1 = 0,                      /* what every app understands */
    MFA_TOTP_SHA256,
    MFA_TOTP_SHA512
} mfa_totp_algorithm_e;

typedef struct {
    unsigned              digits;           /* 6..8 */
    unsigned              period_sec;       /* seconds a time step lasts, >= 1 */
    unsigned              skew;             /* steps accepted on either side */
    mfa_totp_algorithm_e  algorithm;
} mfa_totp_params_t;

/*
 * The HOTP value of counter under key (RFC 4226 section 5.3), as params->digits
 * ASCII digits in code[], which holds MFA_TOTP_DIGITS_MAX bytes and is not
 * terminated.  Returns 0, or -1 when the digest could not be computed.
 */
int mfa_hotp_make(const mfa_totp_params_t *params, const uint8_t *key,
    size_t key_len, uint64_t counter, uint8_t *code);

/*
 * Whether code is the TOTP value of one of the steps now/period +- skew.
 *   MFA_YES      and *step is the step it belongs to (the latest that fits)
 *   MFA_NO       not exactly params->digits ASCII digits, or no step fits
 *   MFA_UNKNOWN  the digest could not be computed: deny
 * now is Unix time in seconds, 0 or later, 64 bit.  Every step of the window is
 * computed and compared in fixed time, whatever the code.
 */
mfa_tri_e mfa_totp_check(const mfa_totp_params_t *params, const uint8_t *key,
    size_t key_len, int64_t now, mfa_str_t code, int64_t *step);

/*
 * Whether first and second are the values of two steps that follow each other,
 * the second of them within the window above: so the first may be one step older
 * than a code that stands alone.
 *   MFA_YES      and *step is the second's
 *   MFA_NO       one is no code, both are the same, or no two steps fit
 *   MFA_UNKNOWN  as above
 */
mfa_tri_e mfa_totp_check_pair(const mfa_totp_params_t *params,
    const uint8_t *key, size_t key_len, int64_t now, mfa_str_t first,
    mfa_str_t second, int64_t *step);

/* "SHA1", "SHA256", "SHA512": the otpauth spelling. */
const char *mfa_totp_algorithm_name(mfa_totp_algorithm_e algorithm);

#endif /* MFA_TOTP_H */
