/*
 * Recovery codes, see recovery.h.
 */

#include "core/recovery.h"
#include "core/base32.h"
#include "core/base64.h"

#include <string.h>

#define GROUP    4                          /* characters */
#define PURPOSE  "recovery"
#define PARTS    4


int
mfa_recovery_make(mfa_random_fn fill, mfa_recovery_t *codes)
{
    return fill(codes->raw[0], sizeof(codes->raw)) == 0 ? 0 : -1;
}


void
mfa_recovery_write(mfa_buf_t *out, const uint8_t *code)
{
    size_t     i;
    uint8_t    text[MFA_RECOVERY_CHARS];
    mfa_buf_t  plain;

    mfa_buf_init(&plain, text, sizeof(text));
    mfa_base32_encode(&plain, code, MFA_RECOVERY_BYTES);

    for (i = 0; i < plain.len; i += GROUP) {
        if (i) {
            mfa_buf_byte(out, '-');
        }

        mfa_buf_add(out, text + i, GROUP);
    }

    mfa_wipe(text, sizeof(text));
}


/* The letter that a digit was meant to be, where base32 has no such digit. */
static uint8_t
forgiven(uint8_t c)
{
    switch (c) {
    case '0':
        return 'O';
    case '1':
        return 'I';
    case '8':
        return 'B';
    default:
        return c;
    }
}


int
mfa_recovery_parse(mfa_str_t typed, uint8_t *code)
{
    int        rc;
    size_t     i, n;
    uint8_t    text[MFA_RECOVERY_CHARS];
    mfa_buf_t  out;

    rc = -1;

    for (i = 0, n = 0; i < typed.len; i++) {
        if (typed.data[i] == ' ' || typed.data[i] == '-') {
            continue;
        }

        if (n == sizeof(text)) {
            goto done;
        }

        text[n++] = forgiven(typed.data[i]);
    }

    mfa_buf_init(&out, code, MFA_RECOVERY_BYTES);

    if (n == sizeof(text)
        && mfa_base32_decode(&out, (mfa_str_t) { text, n }) == 0
        && out.len == MFA_RECOVERY_BYTES)
    {
        rc = 0;
    }

done:

    mfa_wipe(text, sizeof(text));

    return rc;
}


int
mfa_recovery_hash(const mfa_key_t *key, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t secret_id, const uint8_t *code, mfa_buf_t *out)
{
    int        rc;
    size_t     i;
    uint8_t    mac[MFA_MAC_BYTES], lens[PARTS];
    mfa_str_t  parts[2 * PARTS];
    mfa_str_t  bound[PARTS] = {
        portal->name, login, secret_id, { code, MFA_RECOVERY_BYTES }
    };

    /* The length before each part keeps "ab" "c" and "a" "bc" apart. */
    for (i = 0; i < PARTS; i++) {
        if (bound[i].len > UINT8_MAX) {
            return -1;
        }

        lens[i] = (uint8_t) bound[i].len;
        parts[2 * i] = (mfa_str_t) { &lens[i], 1 };
        parts[2 * i + 1] = bound[i];
    }

    rc = mfa_mac_make(key->recovery, parts, 2 * PARTS, mac);

    if (rc == 0) {
        mfa_base64url_encode(out, mac, MFA_RECOVERY_HASH_BYTES);
    }

    mfa_wipe(mac, sizeof(mac));

    return rc != 0 || out->failed ? -1 : 0;
}


static mfa_seal_bind_t
binding(const mfa_portal_t *portal, mfa_str_t login, mfa_str_t session)
{
    mfa_seal_bind_t  bind;

    bind.purpose = PURPOSE;
    bind.portal = portal->name;
    bind.login = login;
    bind.version = session;

    return bind;
}


int
mfa_recovery_seal(const mfa_keyring_t *ring, mfa_random_fn fill,
    const mfa_portal_t *portal, mfa_str_t login, mfa_str_t session,
    const mfa_recovery_t *codes, mfa_buf_t *out)
{
    mfa_seal_bind_t  bind;

    bind = binding(portal, login, session);

    return mfa_seal_make(ring, fill, &bind,
                         (mfa_str_t) { codes->raw[0], sizeof(codes->raw) },
                         out);
}


int
mfa_recovery_open(const mfa_keyring_t *ring, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t session, mfa_str_t sealed,
    mfa_recovery_t *codes)
{
    mfa_buf_t        out;
    mfa_seal_bind_t  bind;

    bind = binding(portal, login, session);
    mfa_buf_init(&out, codes->raw[0], sizeof(codes->raw));

    if (mfa_seal_open(ring, &bind, sealed, &out) == MFA_YES
        && out.len == sizeof(codes->raw))
    {
        return 0;
    }

    mfa_wipe(codes, sizeof(*codes));

    return -1;
}
