/*
 * The otpauth:// URI that an authenticator app reads from a QR code.
 */

#ifndef MFA_OTPAUTH_H
#define MFA_OTPAUTH_H

#include "core/totp.h"

#define MFA_OTPAUTH_NAME_MAX  100           /* bytes of issuer and of login used */
#define MFA_OTPAUTH_MAX       1024          /* bytes a URI can take */

/*
 * Appends otpauth://totp/ISSUER:LOGIN?secret=...&issuer=...&algorithm=...
 * &digits=...&period=... .  Issuer and login are percent-encoded (everything
 * but the unreserved characters of RFC 3986) and cut to MFA_OTPAUTH_NAME_MAX
 * bytes at a UTF-8 boundary before that.  secret is the raw key.
 */
void mfa_otpauth_make(mfa_buf_t *out, const mfa_totp_params_t *params,
    mfa_str_t issuer, mfa_str_t login, const uint8_t *secret,
    size_t secret_len);

#endif /* MFA_OTPAUTH_H */
