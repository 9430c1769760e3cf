/*
 * Builds the otpauth URI for the enrolment page: shown as a QR code, as a link
 * and, cut out of it, as a key to type.  Reads nothing back.
 *
 * A login is typed by a person and an issuer by an administrator: both are
 * escaped so far that neither can add a parameter or end the label.  The URI
 * holds the secret; the caller wipes the buffer.
 */

#include "core/otpauth.h"

#include "core/base32.h"


static mfa_str_t cut_name(mfa_str_t s);
static void escape(mfa_buf_t *out, mfa_str_t s);
static int is_unreserved(uint8_t c);


void
mfa_otpauth_make(mfa_buf_t *out, const mfa_totp_params_t *params,
    mfa_str_t issuer, mfa_str_t login, const uint8_t *secret,
    size_t secret_len)
{
    issuer = cut_name(issuer);
    login = cut_name(login);

    mfa_buf_cstr(out, "otpauth://totp/");
    escape(out, issuer);
    mfa_buf_byte(out, ':');
    escape(out, login);

    mfa_buf_cstr(out, "?secret=");
    mfa_base32_encode(out, secret, secret_len);
    mfa_buf_cstr(out, "&issuer=");
    escape(out, issuer);
    mfa_buf_cstr(out, "&algorithm=");
    mfa_buf_cstr(out, mfa_totp_algorithm_name(params->algorithm));
    mfa_buf_cstr(out, "&digits=");
    mfa_buf_int(out, params->digits);
    mfa_buf_cstr(out, "&period=");
    mfa_buf_int(out, params->period_sec);
}


static mfa_str_t
cut_name(mfa_str_t s)
{
    size_t  len;

    if (s.len <= MFA_OTPAUTH_NAME_MAX) {
        return s;
    }

    /* back to the first byte of the character that does not fit whole */

    len = MFA_OTPAUTH_NAME_MAX;

    while (len > MFA_OTPAUTH_NAME_MAX - 4 && (s.data[len] & 0xc0) == 0x80) {
        len--;
    }

    s.len = len;

    return s;
}


static void
escape(mfa_buf_t *out, mfa_str_t s)
{
    size_t   i;
    uint8_t  c;

    static const char  hex[] = "0123456789ABCDEF";

    for (i = 0; i < s.len; i++) {
        c = s.data[i];

        if (is_unreserved(c)) {
            mfa_buf_byte(out, c);
            continue;
        }

        mfa_buf_byte(out, '%');
        mfa_buf_byte(out, (uint8_t) hex[c >> 4]);
        mfa_buf_byte(out, (uint8_t) hex[c & 15]);
    }
}


static int
is_unreserved(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
           || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_'
           || c == '~';
}
