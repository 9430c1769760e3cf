/*
 * Tokens of the JSON API: 256 random bits, shown once as "mfa_" and base64url,
 * kept as the SHA-256 of the bits.  A token acts as the admin who made it: it may
 * what its role and its maker's role both may, as the maker's is now.
 *
 * The record is one line of text under the token's hash, as a session's is.
 */

#ifndef MFA_APITOKEN_H
#define MFA_APITOKEN_H

#include "core/role.h"
#include "core/session.h"

#define MFA_APITOKEN_PREFIX      "mfa_"
#define MFA_APITOKEN_CHARS       (4 + MFA_TOKEN_CHARS)      /* 47 */
#define MFA_APITOKEN_NAME_MAX    64         /* bytes */
#define MFA_APITOKEN_LIFE_MAX    (366 * 86400)
#define MFA_APITOKEN_RECORD_MAX  640
#define MFA_APITOKENS_MAX        60         /* of a portal */

typedef struct {
    mfa_str_t   portal;
    mfa_str_t   login;                      /* who made it */
    int64_t     login_created;              /* a namesake is somebody else */
    mfa_role_e  role;
    int64_t     created;                    /* all times: Unix seconds */
    int64_t     expires;
    int64_t     used;                       /* 0: never; to the minute */
    mfa_str_t   name;
} mfa_apitoken_t;

/* Appends the record of token for its hash. */
void mfa_apitoken_encode(mfa_buf_t *out, const mfa_apitoken_t *token,
    mfa_str_t hash);
/* Reads a record, its views point into it; 0, or -1 when it is none, or not one
   of this hash (then *token is zeroed). */
int mfa_apitoken_decode(mfa_apitoken_t *token, mfa_str_t record,
    mfa_str_t hash);

/* Makes a new one: its text (MFA_APITOKEN_CHARS bytes, a secret) and its hash
   (MFA_HASH_CHARS).  0 or -1 without randomness. */
int mfa_apitoken_make(mfa_random_fn random, uint8_t *text, uint8_t *hash);
/* The hash of a text that was sent; 0, or -1 when it is not of the form. */
int mfa_apitoken_hash(mfa_str_t text, uint8_t *hash);

/* Whether s can be its name: 1..MFA_APITOKEN_NAME_MAX bytes, visible.h. */
int mfa_apitoken_name_check(mfa_str_t s);

#endif /* MFA_APITOKEN_H */
