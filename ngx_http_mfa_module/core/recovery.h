/*
 * Recovery codes: ten one-time codes that stand in for the authenticator when it
 * is lost.  A code is 80 random bits, shown in base32 as four groups of four.
 *
 * The store holds keyed hashes of them (HMAC-SHA-256 under a key derived from the
 * ring, cut to 192 bits), bound to portal, account and factor: another account's,
 * and those of a factor that is gone, are no hashes of this one.  Whoever reads
 * the store has nothing to try against without the ring, and with it would still
 * have 2^80 to try.
 *
 * Until they are shown they wait with the session, sealed; store.h has the keys.
 */

#ifndef MFA_RECOVERY_H
#define MFA_RECOVERY_H

#include "core/account.h"
#include "core/portal.h"
#include "core/seal.h"

#define MFA_RECOVERY_N           10
#define MFA_RECOVERY_BYTES       10         /* of a code: 80 bits */
#define MFA_RECOVERY_CHARS       16         /* of it in base32 */
#define MFA_RECOVERY_SHOWN       19         /* the same with '-' between groups */
#define MFA_RECOVERY_HASH_BYTES  24
#define MFA_RECOVERY_HASH_CHARS  32         /* base64url */

typedef struct {
    uint8_t    raw[MFA_RECOVERY_N][MFA_RECOVERY_BYTES];
} mfa_recovery_t;

/* Makes ten; 0, or -1 without randomness.  The caller wipes them. */
int mfa_recovery_make(mfa_random_fn random, mfa_recovery_t *codes);

/* Appends one as it is shown: "ABCD-EFGH-IJKL-MNOP". */
void mfa_recovery_write(mfa_buf_t *out, const uint8_t *code);

/*
 * Reads what somebody typed: blanks, dashes and case do not matter, and the
 * digits that base32 does not have are taken for the letters they look like (0
 * for O, 1 for I, 8 for B).  0 and code[MFA_RECOVERY_BYTES], which the caller
 * wipes, or -1 when it has not the form.
 */
int mfa_recovery_parse(mfa_str_t typed, uint8_t *code);

/*
 * Appends the hash (MFA_RECOVERY_HASH_CHARS) that stands for a code of the
 * account's factor secret_id, under one key of the ring; 0 or -1.
 */
int mfa_recovery_hash(const mfa_key_t *key, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t secret_id, const uint8_t *code, mfa_buf_t *out);

/* Seals all ten for the session whose token has this hash; 0 or -1. */
int mfa_recovery_seal(const mfa_keyring_t *ring, mfa_random_fn random,
    const mfa_portal_t *portal, mfa_str_t login, mfa_str_t session,
    const mfa_recovery_t *codes, mfa_buf_t *out);
/* Opens them; 0, or -1 when they are not this session's.  The caller wipes
   them. */
int mfa_recovery_open(const mfa_keyring_t *ring, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t session, mfa_str_t sealed,
    mfa_recovery_t *codes);

#endif /* MFA_RECOVERY_H */
