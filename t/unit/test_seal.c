/*
 * Sealed texts.  What must not happen when this breaks: a secret moved to
 * another account, or put back after a new enrolment, opens; a changed byte
 * passes; plain bytes leak out of a text that was refused.
 *
 * SEALED was computed with another implementation of HKDF and AES-GCM: texts
 * already stored have to open after every change of seal.c.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base64.h"
#include "core/seal.h"
#include "exact.h"
#include "ring.h"
#include "starve.h"


#define PLAIN  "12345678901234567890"
#define SEALED  "1.k1.yMnKy8zNzs_Q0dLTL3x6Wa9_3xu-sga55eJ0ltryx-L5K4BSzBOi" \
                "Qes2F0POP2u1"

static const mfa_seal_bind_t  alice = {
    "totp", { (const uint8_t *) "user", 4 }, { (const uint8_t *) "alice", 5 },
    { (const uint8_t *) "v1", 2 }
};

static uint8_t  next_random;


static int
counting(uint8_t *buf, size_t len)
{
    while (len--) {
        *buf++ = next_random++;
    }

    return 0;
}


static int
exhausted(uint8_t *buf, size_t len)
{
    memset(buf, 0, len);

    return -1;
}


/* Opens into a buffer that must stay as it was unless the answer is yes. */

static mfa_tri_e
opens(const mfa_keyring_t *ring, const mfa_seal_bind_t *bind, mfa_str_t sealed)
{
    size_t     i;
    exact_t    e;
    uint8_t    room[MFA_SEAL_PLAIN_MAX + 2];
    mfa_buf_t  b;
    mfa_tri_e  rv;

    e = exact_copy(sealed);
    memset(room, '.', sizeof(room));
    mfa_buf_init(&b, room, sizeof(room));
    b.len = 1;

    rv = mfa_seal_open(ring, bind, e.s, &b);
    exact_free(e);

    if (rv == MFA_YES) {
        assert_true(mfa_str_is(mfa_buf_since(&b, 1), PLAIN));
        return rv;
    }

    assert_int_equal(b.len, 1);
    assert_false(b.failed);

    for (i = 0; i < sizeof(room); i++) {
        assert_int_equal(room[i], '.');
    }

    return rv;
}


static mfa_str_t
seal(const mfa_keyring_t *ring, const mfa_seal_bind_t *bind, uint8_t *room)
{
    mfa_buf_t  b;

    mfa_buf_init(&b, room, MFA_SEAL_TEXT_MAX);
    assert_int_equal(mfa_seal_make(ring, counting, bind, mfa_lit(PLAIN), &b),
                     0);

    return mfa_buf_since(&b, 0);
}


static void
security_97_a_sealed_text_is_aes_256_gcm_as_documented(void **state)
{
    uint8_t        room[MFA_SEAL_TEXT_MAX];
    mfa_keyring_t  ring;

    (void) state;

    ring_of(&ring, "k1:" KEY_1);
    next_random = 200;
    assert_true(mfa_str_is(seal(&ring, &alice, room), SEALED));
    assert_int_equal(opens(&ring, &alice, mfa_lit(SEALED)), MFA_YES);
}


static void
security_97_every_sealing_takes_a_fresh_iv(void **state)
{
    uint8_t        room[2][MFA_SEAL_TEXT_MAX];
    mfa_str_t      a, b;
    mfa_keyring_t  ring;

    (void) state;

    ring_of(&ring, "k1:" KEY_1);
    next_random = 0;
    a = seal(&ring, &alice, room[0]);
    assert_int_equal(next_random, 12);
    b = seal(&ring, &alice, room[1]);
    assert_int_equal(next_random, 24);

    assert_false(mfa_str_eq(a, b));
    assert_int_equal(opens(&ring, &alice, a), MFA_YES);
    assert_int_equal(opens(&ring, &alice, b), MFA_YES);
}


static void
security_97_each_flipped_bit_is_refused(void **state)
{
    size_t         i;
    unsigned       bit;
    uint8_t        raw[64], text[MFA_SEAL_TEXT_MAX];
    mfa_buf_t      r, t;
    mfa_str_t      s = mfa_lit(SEALED);
    mfa_keyring_t  ring;

    (void) state;

    ring_of(&ring, "k1:" KEY_1);

    /* of the text */

    for (i = 0; i < s.len; i++) {
        for (bit = 0; bit < 8; bit++) {
            memcpy(text, s.data, s.len);
            text[i] ^= (uint8_t) (1u << bit);
            assert_int_equal(opens(&ring, &alice,
                                   (mfa_str_t) { text, s.len }),
                             MFA_NO);
        }
    }

    /* of IV, tag and ciphertext, in a text that is well-formed */

    mfa_buf_init(&r, raw, sizeof(raw));
    s = (mfa_str_t) { s.data + 5, s.len - 5 };
    assert_int_equal(mfa_base64url_decode(&r, s), 0);
    assert_int_equal(r.len, 12 + 16 + 20);

    for (i = 0; i < r.len; i++) {
        for (bit = 0; bit < 8; bit++) {
            raw[i] ^= (uint8_t) (1u << bit);

            mfa_buf_init(&t, text, sizeof(text));
            mfa_buf_cstr(&t, "1.k1.");
            mfa_base64url_encode(&t, raw, r.len);
            assert_int_equal(opens(&ring, &alice, mfa_buf_since(&t, 0)),
                             MFA_NO);

            raw[i] ^= (uint8_t) (1u << bit);
        }
    }
}


static void
security_98_cut_at_every_byte_is_refused(void **state)
{
    size_t         n;
    uint8_t        raw[64], text[MFA_SEAL_TEXT_MAX];
    mfa_buf_t      r, t;
    mfa_str_t      s = mfa_lit(SEALED);
    mfa_keyring_t  ring;

    (void) state;

    ring_of(&ring, "k1:" KEY_1);

    for (n = 0; n < sizeof(SEALED) - 1; n++) {
        s.len = n;
        assert_int_equal(opens(&ring, &alice, s), MFA_NO);
    }

    s.len = sizeof(SEALED) - 1;
    assert_int_equal(opens(&ring, &alice, s), MFA_YES);

    mfa_buf_init(&r, raw, sizeof(raw));
    s = (mfa_str_t) { s.data + 5, s.len - 5 };
    assert_int_equal(mfa_base64url_decode(&r, s), 0);

    for (n = 0; n < r.len; n++) {
        mfa_buf_init(&t, text, sizeof(text));
        mfa_buf_cstr(&t, "1.k1.");
        mfa_base64url_encode(&t, raw, n);
        assert_int_equal(opens(&ring, &alice, mfa_buf_since(&t, 0)), MFA_NO);

        mfa_buf_init(&t, text, sizeof(text));
        mfa_buf_cstr(&t, "1.k1.");
        mfa_base64url_encode(&t, raw + n + 1, r.len - n - 1);
        assert_int_equal(opens(&ring, &alice, mfa_buf_since(&t, 0)), MFA_NO);
    }
}


static void
security_98_malformed_texts_are_refused(void **state)
{
    size_t         i;
    uint8_t        text[8192];
    mfa_keyring_t  ring;

    static const char *const  bad[] = {
        "", ".", "..", "...", "1", "1.", "1..", "1.k1", "1.k1.", ".k1.",
        "11.k1.AAAA", "1.k1." ZEROS, " " SEALED, SEALED " ", SEALED "=",
        SEALED ".", SEALED "\n", "1." SEALED, "1.k1.k1.AAAA", SEALED "AAAA",
        "1..yMnKy8zNzs_Q0dLTL3x6Wa9_3xu-sga55eJ0ltryx-L5K4BSzBOi",
        "01" SEALED
    };

    (void) state;

    ring_of(&ring, "k1:" KEY_1);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(opens(&ring, &alice, mfa_str_from(bad[i])), MFA_NO);
    }

    memset(text, 'A', sizeof(text));
    memcpy(text, "1.k1.", 5);

    for (i = 28; i <= sizeof(text); i += 4) {
        assert_int_equal(opens(&ring, &alice, (mfa_str_t) { text, i }),
                         MFA_NO);
    }
}


static void
security_97_101_a_text_opens_under_its_own_binding_only(void **state)
{
    size_t         i;
    uint8_t        room[MFA_SEAL_TEXT_MAX];
    mfa_str_t      sealed;
    mfa_keyring_t  ring;

    /* the last four: the same bytes, divided in another way */

    const mfa_seal_bind_t  others[] = {
        { "pending", alice.portal, alice.login, alice.version },
        { "totp", mfa_lit("admin"), alice.login, alice.version },
        { "totp", alice.portal, mfa_lit("mallory"), alice.version },
        { "totp", alice.portal, mfa_lit("Alice"), alice.version },
        { "totp", alice.portal, alice.login, mfa_lit("v2") },
        { "totp", alice.portal, alice.login, mfa_lit("") },
        { "totp", mfa_lit(""), mfa_lit(""), mfa_lit("") },
        { "totp", alice.login, alice.portal, alice.version },
        { "totp", mfa_lit("usera"), mfa_lit("lice"), alice.version },
        { "totp", mfa_lit("use"), mfa_lit("ralice"), alice.version },
        { "totp", alice.portal, mfa_lit("alicev"), mfa_lit("1") },
        { "totpu", mfa_lit("ser"), alice.login, alice.version }
    };

    (void) state;

    ring_of(&ring, "k1:" KEY_1);

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(opens(&ring, &others[i], mfa_lit(SEALED)), MFA_NO);

        sealed = seal(&ring, &others[i], room);
        assert_int_equal(opens(&ring, &others[i], sealed), MFA_YES);
        assert_int_equal(opens(&ring, &alice, sealed), MFA_NO);
    }
}


static void
a_binding_too_long_to_write_down_is_refused(void **state)
{
    uint8_t          *name, room[MFA_SEAL_TEXT_MAX];
    mfa_buf_t         b;
    mfa_keyring_t     ring;
    mfa_seal_bind_t   bind = alice;

    (void) state;

    ring_of(&ring, "k1:" KEY_1);
    name = malloc(65536);
    assert_non_null(name);
    memset(name, 'a', 65536);
    bind.login.data = name;

    bind.login.len = 65535;
    assert_int_equal(opens(&ring, &bind, seal(&ring, &bind, room)), MFA_YES);

    bind.login.len = 65536;
    mfa_buf_init(&b, room, sizeof(room));
    assert_int_equal(mfa_seal_make(&ring, counting, &bind, mfa_lit(PLAIN),
                                   &b), -1);
    assert_int_equal(b.len, 0);

    free(name);
}


static void
rotation_seals_with_the_newest_and_opens_with_all(void **state)
{
    uint8_t        room[MFA_SEAL_TEXT_MAX];
    mfa_str_t      sealed;
    mfa_keyring_t  both, old, other, renamed;

    (void) state;

    ring_of(&old, "k1:" KEY_1);
    ring_of(&both, "k2:" KEY_2 "\nk1:" KEY_1);
    ring_of(&other, "k2:" KEY_2);
    ring_of(&renamed, "k2:" KEY_1);

    sealed = seal(&both, &alice, room);
    assert_true(mfa_str_begins(sealed, "1.k2."));

    assert_int_equal(opens(&both, &alice, sealed), MFA_YES);
    assert_int_equal(opens(&other, &alice, sealed), MFA_YES);
    assert_int_equal(opens(&both, &alice, mfa_lit(SEALED)), MFA_YES);

    /* unknown key id; the key of another id; the right key, another id */

    assert_int_equal(opens(&old, &alice, sealed), MFA_NO);
    assert_int_equal(opens(&other, &alice, mfa_lit(SEALED)), MFA_NO);
    assert_int_equal(opens(&renamed, &alice, sealed), MFA_NO);

    memcpy(room, "1.k2.", 5);
    memcpy(room + 5, mfa_lit(SEALED).data + 5, sizeof(SEALED) - 6);
    sealed = (mfa_str_t) { room, sizeof(SEALED) - 1 };
    assert_int_equal(opens(&renamed, &alice, sealed), MFA_NO);
    assert_int_equal(opens(&both, &alice, sealed), MFA_NO);
}


static void
every_length_can_be_sealed_up_to_the_limit(void **state)
{
    size_t         n;
    uint8_t        plain[MFA_SEAL_PLAIN_MAX + 1], room[MFA_SEAL_TEXT_MAX];
    uint8_t        back[MFA_SEAL_PLAIN_MAX];
    exact_t        e;
    mfa_buf_t      b, c;
    mfa_keyring_t  ring;

    (void) state;

    ring_of(&ring, "id-of-16-letters:" KEY_1);
    memset(plain, 'p', sizeof(plain));

    for (n = 0; n <= MFA_SEAL_PLAIN_MAX; n++) {
        mfa_buf_init(&b, room, sizeof(room));
        e = exact_copy((mfa_str_t) { plain, n });
        assert_int_equal(mfa_seal_make(&ring, counting, &alice, e.s, &b), 0);
        exact_free(e);

        mfa_buf_init(&c, back, n);
        assert_int_equal(mfa_seal_open(&ring, &alice, mfa_buf_since(&b, 0),
                                       &c), MFA_YES);
        assert_int_equal(c.len, n);
        assert_int_equal(memcmp(back, plain, n), 0);

        if (n) {
            mfa_buf_init(&c, back, n - 1);
            assert_int_equal(mfa_seal_open(&ring, &alice,
                                           mfa_buf_since(&b, 0), &c),
                             MFA_NO);
            assert_int_equal(c.len, 0);
        }
    }

    mfa_buf_init(&b, room, sizeof(room));
    assert_int_equal(mfa_seal_make(&ring, counting, &alice,
                                   (mfa_str_t) { plain, n }, &b), -1);
    assert_int_equal(b.len, 0);
}


static void
want_of_room_or_of_keys_seals_nothing(void **state)
{
    size_t         cap;
    uint8_t        room[sizeof(SEALED)];
    mfa_buf_t      b;
    mfa_keyring_t  ring, none;

    (void) state;

    ring_of(&ring, "k1:" KEY_1);
    memset(&none, 0, sizeof(none));

    for (cap = 0; cap < sizeof(SEALED); cap++) {
        memset(room, '.', sizeof(room));
        next_random = 200;
        mfa_buf_init(&b, room, cap);

        if (cap == sizeof(SEALED) - 1) {
            assert_int_equal(mfa_seal_make(&ring, counting, &alice,
                                           mfa_lit(PLAIN), &b), 0);
            assert_int_equal(b.len, cap);
            break;
        }

        assert_int_equal(mfa_seal_make(&ring, counting, &alice,
                                       mfa_lit(PLAIN), &b), -1);
        assert_int_equal(b.len, 0);
        assert_int_equal(room[0], '.');
    }

    mfa_buf_init(&b, room, sizeof(room));
    assert_int_equal(mfa_seal_make(&none, counting, &alice, mfa_lit(PLAIN),
                                   &b), -1);
    assert_int_equal(b.len, 0);
    assert_int_equal(opens(&none, &alice, mfa_lit(SEALED)), MFA_NO);

    b.failed = 1;
    assert_int_equal(mfa_seal_make(&ring, counting, &alice, mfa_lit(PLAIN),
                                   &b), -1);
    assert_int_equal(mfa_seal_open(&ring, &alice, mfa_lit(SEALED), &b),
                     MFA_NO);
    assert_int_equal(b.len, 0);
}


static void
security_97_without_randomness_nothing_is_sealed(void **state)
{
    uint8_t        room[MFA_SEAL_TEXT_MAX];
    mfa_buf_t      b;
    mfa_keyring_t  ring;

    (void) state;

    ring_of(&ring, "k1:" KEY_1);
    mfa_buf_init(&b, room, sizeof(room));
    assert_int_equal(mfa_seal_make(&ring, exhausted, &alice, mfa_lit(PLAIN),
                                   &b), -1);
    assert_int_equal(b.len, 0);
    assert_false(b.failed);
}


/*
 * Some allocations OpenSSL can do without, so the right answer may come all the
 * same; a wrong one, or half of one, may not.
 */

static void
security_98_openssl_out_of_memory_refuses(void **state)
{
    int            rc, starved, sealed, opened;
    long           n;
    uint8_t        room[MFA_SEAL_TEXT_MAX];
    mfa_buf_t      b;
    mfa_keyring_t  ring;

    (void) state;

    ring_of(&ring, "k1:" KEY_1);
    sealed = 0;
    opened = 0;
    n = 0;

    do {
        starve_at(n);
        mfa_buf_init(&b, room, sizeof(room));
        next_random = 200;
        rc = mfa_seal_make(&ring, counting, &alice, mfa_lit(PLAIN), &b);
        starved = starve_over();

        assert_true(rc == 0 ? mfa_str_is(mfa_buf_since(&b, 0), SEALED)
                            : b.len == 0);
        sealed += rc != 0;

        starve_at(n++);
        opened += opens(&ring, &alice, mfa_lit(SEALED)) != MFA_YES;
        starved |= starve_over();
    } while (starved);

    assert_true(sealed > 0 && opened > 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(
            security_97_a_sealed_text_is_aes_256_gcm_as_documented),
        cmocka_unit_test(security_97_every_sealing_takes_a_fresh_iv),
        cmocka_unit_test(security_97_each_flipped_bit_is_refused),
        cmocka_unit_test(security_98_cut_at_every_byte_is_refused),
        cmocka_unit_test(security_98_malformed_texts_are_refused),
        cmocka_unit_test(
            security_97_101_a_text_opens_under_its_own_binding_only),
        cmocka_unit_test(a_binding_too_long_to_write_down_is_refused),
        cmocka_unit_test(rotation_seals_with_the_newest_and_opens_with_all),
        cmocka_unit_test(every_length_can_be_sealed_up_to_the_limit),
        cmocka_unit_test(want_of_room_or_of_keys_seals_nothing),
        cmocka_unit_test(security_97_without_randomness_nothing_is_sealed),
        cmocka_unit_test(security_98_openssl_out_of_memory_refuses)
    };

    if (!starve_install()) {
        return 1;
    }

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
