/*
 * Random identifiers and what is stored of them.  A session cookie is
 *
 *     BASE64URL(id, 32 bytes) "." BASE64URL(login XOR mask)
 *
 * where mask = SHA-256(22 bytes of mask key, id, block number), newest key.  The
 * second part only lets the gate ask the store for session and account in one
 * round trip; it proves nothing, and the record must name the same account.
 * Redis knows the first 24 bytes of SHA-256(id) alone: 192 bits are as far from
 * being guessed or found by trying as 256, and a session takes 32 bytes less
 * with them (name and index).
 */

#ifndef MFA_TOKEN_H
#define MFA_TOKEN_H

#include "core/base64.h"
#include "core/seal.h"

#define MFA_TOKEN_BYTES    32
#define MFA_TOKEN_CHARS    MFA_BASE64URL_LEN(MFA_TOKEN_BYTES)      /* 43 */
#define MFA_HASH_BYTES     24               /* kept of a SHA-256 */
#define MFA_HASH_CHARS     MFA_BASE64URL_LEN(MFA_HASH_BYTES)       /* 32 */
#define MFA_LOGIN_MAX      128              /* bytes of a canonical login */
#define MFA_SESSION_COOKIE_MAX  (MFA_TOKEN_CHARS + 1 + MFA_BASE64URL_LEN(MFA_LOGIN_MAX))

typedef struct {
    uint8_t  id[MFA_TOKEN_BYTES];
    uint8_t  hash[MFA_HASH_CHARS];          /* of the id, see above */
    uint8_t  login[MFA_LOGIN_MAX];          /* the masked guess, unmasked */
    size_t   login_len;                     /* 0: no guess */
} mfa_session_token_t;

/* Appends the base64url of the first MFA_HASH_BYTES of SHA-256(data); 0 or -1
   when OpenSSL fails. */
int mfa_token_hash(const uint8_t *data, size_t len, mfa_buf_t *out);

/*
 * Tokens that are nothing but random (of the API, of mailed links).  Makes one:
 * appends its text (MFA_TOKEN_CHARS bytes, a secret), fills hash
 * (MFA_HASH_CHARS).  0, or -1 without randomness or room.
 */
int mfa_random_token_make(mfa_random_fn random, mfa_buf_t *text, uint8_t *hash);
/* The hash of such a text; 0, or -1 when it is not of the form. */
int mfa_random_token_hash(mfa_str_t text, uint8_t *hash);

/*
 * A new session token for login: fresh id, its hash, login kept as the guess.
 * 0, or -1 without randomness or with a login of 0 or over MFA_LOGIN_MAX bytes.
 */
int mfa_session_token_make(mfa_session_token_t *token, mfa_random_fn random,
    mfa_str_t login);
/* Appends the cookie value of a token; 0 or -1. */
int mfa_session_token_encode(const mfa_session_token_t *token,
    const mfa_keyring_t *ring, mfa_buf_t *out);
/*
 * Reads a cookie value.  Returns 0, or -1 when it is not exactly of the form
 * above (then nothing is to be asked of the store).  A guess that is not a
 * canonical login (mfa_login_check, e.g. after the mask key changed) is dropped:
 * login_len 0, still 0 returned.
 */
int mfa_session_token_parse(mfa_session_token_t *token,
    const mfa_keyring_t *ring, mfa_str_t value);

/*
 * The canonical form of a login a person typed: blanks around it removed, ASCII
 * letters in lower case.  Appends to out.  Returns 0, or -1 when what is left is
 * no canonical login; out is then as before.
 */
int mfa_login_canonical(mfa_str_t typed, mfa_buf_t *out);
/* Whether s is canonical: 1..MFA_LOGIN_MAX bytes of [a-z0-9._@+-], not ".", not
   "..". */
int mfa_login_check(mfa_str_t s);

#endif /* MFA_TOKEN_H */
