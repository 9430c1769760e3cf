/*
 * Key ring files and sealed texts.  A ring that is refused is wiped and says
 * where; one that is read has keys with different, well-formed ids and opens
 * what it sealed.  No other text opens: neither one made up nor one with a bit
 * changed, nor one moved to another account (security 97, 98).
 *
 * Input: a key ring, a zero byte, a sealed text, a zero byte, a plain text.
 */

#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "core/seal.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static const mfa_seal_bind_t  alice = {
    "totp", mfa_lit("user"), mfa_lit("alice"), mfa_lit("1")
};

static const mfa_seal_bind_t  others[] = {
    { "pending", mfa_lit("user"), mfa_lit("alice"), mfa_lit("1") },
    { "totp", mfa_lit("admin"), mfa_lit("alice"), mfa_lit("1") },
    { "totp", mfa_lit("user"), mfa_lit("mallory"), mfa_lit("1") },
    { "totp", mfa_lit("user"), mfa_lit("alice"), mfa_lit("2") },
    { "totp", mfa_lit("usera"), mfa_lit("lice"), mfa_lit("1") },
    { "totp", mfa_lit("user"), mfa_lit("alice1"), mfa_lit("") },
};


static int
not_random(uint8_t *buf, size_t len)
{
    memset(buf, 0x42, len);

    return 0;
}


static int
is_wiped(const void *data, size_t len)
{
    size_t          i;
    const uint8_t  *bytes = data;

    for (i = 0; i < len; i++) {
        if (bytes[i] != 0) {
            return 0;
        }
    }

    return 1;
}


/* Reads the ring, or a fixed one when the text is refused. */
static void
read_ring(mfa_keyring_t *ring, mfa_str_t text)
{
    size_t       i, j;
    unsigned     line;
    const char  *why;

    memset(ring, 0x5a, sizeof(*ring));

    if (mfa_keyring_parse(ring, text, &line, &why) != 0) {
        assert(why != NULL && is_wiped(ring, sizeof(*ring)));

        assert(mfa_keyring_parse(ring,
                   mfa_lit("k:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
                   &line, &why) == 0);
        return;
    }

    assert(ring->n >= 1 && ring->n <= MFA_KEYRING_MAX);

    for (i = 0; i < ring->n; i++) {
        assert(ring->keys[i].id_len >= 1);
        assert(ring->keys[i].id_len <= MFA_KEY_ID_MAX);
        assert(memcmp(ring->keys[i].seal, ring->keys[i].form, MFA_KEY_BYTES));
        assert(memcmp(ring->keys[i].seal, ring->keys[i].mask, MFA_KEY_BYTES));

        for (j = 0; j < i; j++) {
            assert(ring->keys[i].id_len != ring->keys[j].id_len
                   || memcmp(ring->keys[i].id, ring->keys[j].id,
                             ring->keys[i].id_len) != 0);
        }
    }
}


static void
stays_shut(const mfa_keyring_t *ring, const mfa_seal_bind_t *bind,
    mfa_str_t sealed)
{
    uint8_t    bytes[MFA_SEAL_PLAIN_MAX];
    mfa_buf_t  out;

    memset(bytes, 0, sizeof(bytes));
    mfa_buf_init(&out, bytes, sizeof(bytes));

    assert(mfa_seal_open(ring, bind, sealed, &out) == MFA_NO);
    assert(out.len == 0 && is_wiped(bytes, sizeof(bytes)));
}


static void
opens_what_was_sealed_alone(const mfa_keyring_t *ring, mfa_str_t plain,
    mfa_str_t made_up)
{
    size_t     i;
    uint8_t    text[MFA_SEAL_TEXT_MAX], bytes[MFA_SEAL_PLAIN_MAX];
    mfa_buf_t  sealed, out;
    mfa_str_t  s;

    mfa_buf_init(&sealed, text, sizeof(text));

    if (plain.len > MFA_SEAL_PLAIN_MAX) {
        assert(mfa_seal_make(ring, not_random, &alice, plain, &sealed) != 0);
        assert(sealed.len == 0);
        plain.len = MFA_SEAL_PLAIN_MAX;
    }

    assert(mfa_seal_make(ring, not_random, &alice, plain, &sealed) == 0);
    s = mfa_buf_since(&sealed, 0);

    mfa_buf_init(&out, bytes, sizeof(bytes));
    assert(mfa_seal_open(ring, &alice, s, &out) == MFA_YES);
    assert(mfa_str_eq(mfa_buf_since(&out, 0), plain));

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        stays_shut(ring, &others[i], s);
    }

    if (!mfa_str_eq(made_up, s)) {
        stays_shut(ring, &alice, made_up);
    }

    /* a byte and a bit chosen by the input */
    i = made_up.len + plain.len;
    text[i % sealed.len] ^= (uint8_t) (1 << i % 8);
    stays_shut(ring, &alice, s);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mfa_str_t      s = { data, size }, text, made_up, plain;
    mfa_keyring_t  ring;

    (void) mfa_str_cut(s, 0, &text, &plain);
    (void) mfa_str_cut(plain, 0, &made_up, &plain);

    read_ring(&ring, text);
    opens_what_was_sealed_alone(&ring, plain, made_up);

    return 0;
}
