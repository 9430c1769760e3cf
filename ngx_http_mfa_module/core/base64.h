/*
 * Base64 (RFC 4648 section 4) for the key ring and base64url without padding
 * (section 5) for everything that goes into cookies, links and Redis keys.
 * Decoding is strict: one spelling a value, no blanks, no stray bits.
 */

#ifndef MFA_BASE64_H
#define MFA_BASE64_H

#include "core/str.h"

/* Characters base64url needs for n bytes. */
#define MFA_BASE64URL_LEN(n)  (((n) * 4 + 2) / 3)

/* Appends the base64url form of len bytes to out. */
void mfa_base64url_encode(mfa_buf_t *out, const uint8_t *data, size_t len);
/*
 * Decodes into out (appends).  Returns 0, or -1 on a foreign character, an
 * impossible length, non-zero trailing bits or want of room; out->len is then
 * as before.
 */
int mfa_base64url_decode(mfa_buf_t *out, mfa_str_t text);
/* The same for padded base64 with '+' and '/'. */
int mfa_base64_decode(mfa_buf_t *out, mfa_str_t text);
/* Appends the padded base64 form. */
void mfa_base64_encode(mfa_buf_t *out, const uint8_t *data, size_t len);

#endif /* MFA_BASE64_H */
