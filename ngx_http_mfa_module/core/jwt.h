/*
 * The assertion: a signed statement of who a request comes from, as a JWT (RFC
 * 7519) in JWS compact form (RFC 7515).  ES256 with a P-256 key, or HS256 with a
 * shared secret; the key decides, and nothing else can be chosen.
 *
 * Only makes: what others have signed is never read here.  Takes the time and
 * randomness as arguments; reads no file (the shell does).
 */

#ifndef MFA_JWT_H
#define MFA_JWT_H

#include "core/str.h"

#define MFA_JWT_LIFE_SEC      60
#define MFA_JWT_SECRET_MIN    32            /* bytes: RFC 7518 section 3.2 */
#define MFA_JWT_SECRET_MAX    256
#define MFA_JWT_KEY_ID_CHARS  43            /* base64url of a SHA-256 */
#define MFA_JWT_HEADER_MAX    128           /* characters of the encoded header */
#define MFA_JWT_ID_BYTES      16
#define MFA_JWT_SIGNATURE_MAX 64            /* bytes: r and s of P-256 */
#define MFA_JWT_CLAIMS_MAX    2048          /* bytes of the claims before encoding */
/* Characters an assertion takes at most. */
#define MFA_JWT_MAX           (MFA_JWT_HEADER_MAX + 1                         \
                               + (MFA_JWT_CLAIMS_MAX * 4 + 2) / 3 + 1 + 86)

typedef enum {
    MFA_JWT_NONE = 0,                       /* signs nothing */
    MFA_JWT_ES256,
    MFA_JWT_HS256
} mfa_jwt_alg_e;

typedef struct {
    mfa_jwt_alg_e   alg;
    void           *pkey;                   /* ES256: OpenSSL's, see _free */
    uint8_t         secret[MFA_JWT_SECRET_MAX];
    size_t          secret_len;             /* HS256 */
    uint8_t         id[MFA_JWT_KEY_ID_CHARS];
    uint8_t         header[MFA_JWT_HEADER_MAX];
    size_t          header_len;             /* encoded, without the dot */
} mfa_jwt_key_t;

/* What is stated.  Text must be printable UTF-8 (mfa_str_printable). */
typedef struct {
    mfa_str_t       issuer;                 /* iss */
    mfa_str_t       audience;               /* aud */
    mfa_str_t       login;                  /* sub */
    mfa_str_t       portal;
    mfa_str_t       role;
    mfa_str_t       level;
    int64_t         now;                    /* iat; exp is MFA_JWT_LIFE_SEC later */
    const uint8_t  *id;                     /* jti: MFA_JWT_ID_BYTES random ones */
} mfa_jwt_claims_t;

/*
 * Reads a key file's text: a private key on P-256 in PEM without a passphrase
 * (ES256), or the base64 of MFA_JWT_SECRET_MIN..MFA_JWT_SECRET_MAX bytes on one
 * line (HS256).  The key's id is its RFC 7638 thumbprint.  0; the caller ends
 * with mfa_jwt_key_free.  Or -1 with *why a static text that never quotes the
 * file, and a key that signs nothing.
 */
int mfa_jwt_key_parse(mfa_jwt_key_t *key, mfa_str_t text, const char **why);
/* Gives the key back to OpenSSL and wipes what is left. */
void mfa_jwt_key_free(mfa_jwt_key_t *key);

/*
 * Appends the assertion to out (MFA_JWT_MAX characters are always enough).  0,
 * or -1: a text that is not printable or an empty one where there must be one
 * (all but role), more than MFA_JWT_CLAIMS_MAX bytes, no room, OpenSSL failed.
 * out is then as before, or has failed set.
 */
int mfa_jwt_make(mfa_buf_t *out, const mfa_jwt_key_t *key,
    const mfa_jwt_claims_t *claims);

/* The steps of mfa_jwt_make that have test vectors of their own. */

/* Signs text; appends the signature as JWS has it (RFC 7518 section 3), raw
   bytes.  0 or -1. */
int mfa_jwt_sign(mfa_buf_t *out, const mfa_jwt_key_t *key, mfa_str_t text);
/* r and s of an ECDSA signature in DER, as 32 bytes each.  0 or -1. */
int mfa_jwt_from_der(uint8_t out[64], const uint8_t *der, size_t len);

#endif /* MFA_JWT_H */
