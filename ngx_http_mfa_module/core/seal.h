/*
 * The key ring, and what is done with it: TOTP secrets sealed for Redis
 * (AES-256-GCM), form tokens bound to a cookie and hashes of recovery codes
 * (HMAC-SHA256), and the mask that hides the account name inside a session
 * cookie.  Every purpose has a key of its own, derived from the ring's key by
 * HKDF-SHA256 (RFC 5869).
 *
 * Takes randomness as an argument; reads no file (the shells do).
 */

#ifndef MFA_SEAL_H
#define MFA_SEAL_H

#include "core/str.h"

#define MFA_KEYRING_MAX   16                /* keys: newest first */
#define MFA_KEY_ID_MAX    16                /* characters of [A-Za-z0-9_-] */
#define MFA_KEY_BYTES     32
#define MFA_SEAL_PLAIN_MAX  112             /* bytes that can be sealed */
#define MFA_SEAL_TEXT_MAX   224             /* characters a sealed text can take */
#define MFA_MAC_BYTES       32

/* Fills buf with len random bytes; 0, or -1 when there are none to be had. */
typedef int (*mfa_random_fn)(uint8_t *buf, size_t len);

typedef struct {
    uint8_t    id[MFA_KEY_ID_MAX];
    size_t     id_len;
    uint8_t    seal[MFA_KEY_BYTES];         /* derived: sealing */
    uint8_t    form[MFA_KEY_BYTES];         /* derived: form tokens */
    uint8_t    mask[MFA_KEY_BYTES];         /* derived: cookie mask */
    uint8_t    recovery[MFA_KEY_BYTES];     /* derived: recovery codes */
} mfa_key_t;

typedef struct {
    mfa_key_t  keys[MFA_KEYRING_MAX];
    size_t     n;
} mfa_keyring_t;

/* What a sealed text is bound to: it opens only with the same four. */
typedef struct {
    const char  *purpose;                   /* "totp", "pending", ... */
    mfa_str_t    portal;
    mfa_str_t    login;
    mfa_str_t    version;                   /* the secret's own id */
} mfa_seal_bind_t;

/*
 * Reads a key ring file's text: a line per key, "id:base64 of 32 bytes", newest
 * first; blank lines and lines beginning with '#' are skipped, CRLF is fine.
 * Returns 0.  On an error returns -1, *line is the line number (from 1; 0 for
 * an empty ring) and *why a static text that never quotes the file.  The ring
 * is wiped on error.
 */
int mfa_keyring_parse(mfa_keyring_t *ring, mfa_str_t text, unsigned *line,
    const char **why);

/*
 * Seals plain under the ring's newest key with a fresh 96-bit IV and appends
 * "1.KEYID.BASE64URL(iv tag ciphertext)" to out.  Associated data: format,
 * purpose, portal, login, version, key id, each length-prefixed.
 * Returns 0, or -1 (no randomness, OpenSSL failed, plain too long, no room).
 */
int mfa_seal_make(const mfa_keyring_t *ring, mfa_random_fn random,
    const mfa_seal_bind_t *bind, mfa_str_t plain, mfa_buf_t *out);

/*
 * Opens a sealed text and appends the plain bytes to out; the caller wipes
 * them.  MFA_YES, or MFA_NO for anything else: malformed, unknown key id, other
 * binding, altered byte, no room.  On MFA_NO out is as before and holds no
 * plain byte.  The answer is the same for every cause.
 */
mfa_tri_e mfa_seal_open(const mfa_keyring_t *ring, const mfa_seal_bind_t *bind,
    mfa_str_t sealed, mfa_buf_t *out);

/*
 * The token a form carries: BASE64URL(HMAC-SHA256(form key, kind 0x00 secret)).
 * kind separates uses ("login", "session"); secret is the value of the cookie
 * the form is bound to.  Appends MFA_BASE64URL_LEN(32) characters made with the
 * newest key; 0 or -1.
 */
int mfa_form_token_make(const mfa_keyring_t *ring, const char *kind,
    mfa_str_t secret, mfa_buf_t *out);
/* Compares in fixed time against every key of the ring (rotation). */
mfa_tri_e mfa_form_token_check(const mfa_keyring_t *ring, const char *kind,
    mfa_str_t secret, mfa_str_t token);

/*
 * HMAC-SHA256 under one of the derived keys of a ring's key, over n parts one
 * behind the other: the caller sees to it that no two messages look alike.
 * Writes MFA_MAC_BYTES; 0 or -1.
 */
int mfa_mac_make(const uint8_t *key, const mfa_str_t *parts, size_t n,
    uint8_t *mac);

#endif /* MFA_SEAL_H */
