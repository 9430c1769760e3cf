/*
 * Base32 (RFC 4648 section 6) as authenticator apps read it: upper case, no
 * padding.
 */

#ifndef MFA_BASE32_H
#define MFA_BASE32_H

#include "core/str.h"

#define MFA_BASE32_LEN(n)  (((n) * 8 + 4) / 5)

/* Appends the unpadded upper-case form of len bytes to out. */
void mfa_base32_encode(mfa_buf_t *out, const uint8_t *data, size_t len);
/*
 * Decodes and appends to out: upper or lower case, optional padding at the
 * end, blanks and '-' between groups are skipped (people type keys by hand).
 * Returns 0, or -1 with out->len as before on anything else.
 */
int mfa_base32_decode(mfa_buf_t *out, mfa_str_t text);

#endif /* MFA_BASE32_H */
