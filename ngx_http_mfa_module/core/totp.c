/*
 * One-time codes by HMAC.  Called by the code and enrolment flows, and by
 * mfactl.  Made for a handful of calls a login, so it lets OpenSSL look the
 * digest up each time and keeps no state.
 *
 * Deliberately ignorant of replays, attempts and clocks; the key stays the
 * caller's, the codes computed here are wiped.
 */

#include "core/totp.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>


#define COUNTER_BYTES  8


static void truncate_mac(const uint8_t *mac, size_t mac_len, unsigned digits,
    uint8_t *code);
static int is_code(mfa_str_t code, unsigned digits);


int
mfa_hotp_make(const mfa_totp_params_t *params, const uint8_t *key,
    size_t key_len, uint64_t counter, uint8_t *code)
{
    size_t       i, mac_len;
    uint8_t      mac[EVP_MAX_MD_SIZE], text[COUNTER_BYTES];
    const char  *digest;

    digest = mfa_totp_algorithm_name(params->algorithm);

    if (digest == NULL || key_len == 0
        || params->digits < 6 || params->digits > MFA_TOTP_DIGITS_MAX)
    {
        return -1;
    }

    for (i = COUNTER_BYTES; i > 0; i--) {
        text[i - 1] = (uint8_t) counter;
        counter >>= 8;
    }

    if (EVP_Q_mac(NULL, "HMAC", NULL, digest, NULL, key, key_len, text,
                  sizeof(text), mac, sizeof(mac), &mac_len) == NULL)
    {
        return -1;
    }

    truncate_mac(mac, mac_len, params->digits, code);
    mfa_wipe(mac, sizeof(mac));

    return 0;
}


/*
 * RFC 4226 section 5.3.  The offset comes from the last byte whatever the
 * digest's length (RFC 6238 appendix A), not from byte 19.
 */

static void
truncate_mac(const uint8_t *mac, size_t mac_len, unsigned digits,
    uint8_t *code)
{
    uint32_t        n;
    const uint8_t  *p;

    p = mac + (mac[mac_len - 1] & 0x0f);

    n = (uint32_t) (p[0] & 0x7f) << 24 | (uint32_t) p[1] << 16
        | (uint32_t) p[2] << 8 | p[3];

    while (digits > 0) {
        code[--digits] = (uint8_t) ('0' + n % 10);
        n /= 10;
    }

    mfa_wipe(&n, sizeof(n));
}


mfa_tri_e
mfa_totp_check(const mfa_totp_params_t *params, const uint8_t *key,
    size_t key_len, int64_t now, mfa_str_t code, int64_t *step)
{
    uint8_t    own[MFA_TOTP_DIGITS_MAX];
    uint64_t   current, t, last;
    mfa_tri_e  rv;

    if (now < 0 || params->period_sec == 0) {
        return MFA_UNKNOWN;
    }

    if (!is_code(code, params->digits)) {
        return MFA_NO;
    }

    current = (uint64_t) now / params->period_sec;
    last = current + params->skew;
    last = last > INT64_MAX ? INT64_MAX : last;
    t = current > params->skew ? current - params->skew : 0;
    rv = MFA_NO;

    /* upwards, so that the latest step that fits is the one that stays */

    for ( /* void */ ; t <= last; t++) {
        if (mfa_hotp_make(params, key, key_len, t, own) != 0) {
            rv = MFA_UNKNOWN;
            break;
        }

        if (CRYPTO_memcmp(own, code.data, params->digits) == 0) {
            *step = (int64_t) t;
            rv = MFA_YES;
        }
    }

    mfa_wipe(own, sizeof(own));

    return rv;
}


mfa_tri_e
mfa_totp_check_pair(const mfa_totp_params_t *params, const uint8_t *key,
    size_t key_len, int64_t now, mfa_str_t first, mfa_str_t second,
    int64_t *step)
{
    int        before, fits;
    uint8_t    own[MFA_TOTP_DIGITS_MAX];
    uint64_t   current, t, last;
    mfa_tri_e  rv;

    if (now < 0 || params->period_sec == 0) {
        return MFA_UNKNOWN;
    }

    if (!is_code(first, params->digits) || !is_code(second, params->digits)
        || CRYPTO_memcmp(first.data, second.data, params->digits) == 0)
    {
        return MFA_NO;
    }

    current = (uint64_t) now / params->period_sec;
    last = current + params->skew;
    last = last > INT64_MAX ? INT64_MAX : last;
    t = current > params->skew ? current - params->skew - 1 : 0;
    before = 0;
    rv = MFA_NO;

    /* The step before the window can only ever be the first's. */
    for ( /* void */ ; t <= last; t++) {
        if (mfa_hotp_make(params, key, key_len, t, own) != 0) {
            rv = MFA_UNKNOWN;
            break;
        }

        fits = CRYPTO_memcmp(own, second.data, params->digits) == 0;

        if (fits & before) {
            *step = (int64_t) t;
            rv = MFA_YES;
        }

        before = CRYPTO_memcmp(own, first.data, params->digits) == 0;
    }

    mfa_wipe(own, sizeof(own));

    return rv;
}


static int
is_code(mfa_str_t code, unsigned digits)
{
    size_t  i;

    if (code.len != digits) {
        return 0;
    }

    for (i = 0; i < code.len; i++) {
        if (code.data[i] < '0' || code.data[i] > '9') {
            return 0;
        }
    }

    return 1;
}


const char *
mfa_totp_algorithm_name(mfa_totp_algorithm_e algorithm)
{
    switch (algorithm) {

    case MFA_TOTP_SHA1:
        return "SHA1";

    case MFA_TOTP_SHA256:
        return "SHA256";

    case MFA_TOTP_SHA512:
        return "SHA512";
    }

    return NULL;
}
