/*
 * The key ring file.  What must not happen when this breaks: a ring is read
 * half, a key is quoted in a message, two purposes share a key (security 102).
 *
 * The derived keys were computed with another implementation of HKDF: what is
 * stored has to open after every change of seal.c.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exact.h"
#include "ring.h"
#include "starve.h"


static void
ring_is_read_with_comments_and_crlf(void **state)
{
    size_t         i;
    unsigned       line;
    exact_t        e;
    const char    *why;
    mfa_keyring_t  ring;

    static const char *const  good[] = {
        "new:" KEY_1 "\nold:" KEY_2 "\n",
        "new:" KEY_1 "\nold:" KEY_2,
        "new:" KEY_1 "\r\nold:" KEY_2 "\r\n",
        "# keys\n\n  \t\n\r\nnew:" KEY_1 "\n#old:x\nold:" KEY_2 "\n\n",
    };

    (void) state;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        e = exact_copy(mfa_str_from(good[i]));
        assert_int_equal(mfa_keyring_parse(&ring, e.s, &line, &why), 0);
        exact_free(e);

        assert_int_equal(ring.n, 2);
        assert_int_equal(ring.keys[0].id_len, 3);
        assert_memory_equal(ring.keys[0].id, "new", 3);
        assert_memory_equal(ring.keys[1].id, "old", 3);
    }
}


static void
ring_errors_tell_the_line_and_no_key(void **state)
{
    size_t         i;
    unsigned       line;
    exact_t        e;
    const char    *why;
    mfa_keyring_t  ring, wiped;

    static const struct {
        unsigned     line;
        const char  *text;
    } bad[] = {
        { 0, "" },
        { 0, "\n\n# nothing\r\n" },
        { 1, "k1" },
        { 1, KEY_1 },
        { 1, ":" KEY_1 },
        { 1, "k 1:" KEY_1 },
        { 1, " k1:" KEY_1 },
        { 1, "k.1:" KEY_1 },
        { 1, "\xef\xbb\xbfk1:" KEY_1 },
        { 1, "12345678901234567:" KEY_1 },
        { 1, "k1:" },
        { 1, "k1: " KEY_1 },
        { 1, "k1:" KEY_1 " " },
        { 1, "k1:" KEY_1 "\r\r\n" },
        { 1, "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8" },
        { 1, "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=" },
        { 1, "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==" },
        { 1, "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g" },
        { 2, "k1:" KEY_1 "\nk1:" KEY_2 "\n" },
        { 4, "# a\nk1:" KEY_1 "\n\nk2:oops\n" }
    };

    (void) state;

    memset(&wiped, 0, sizeof(wiped));

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        e = exact_copy(mfa_str_from(bad[i].text));
        memset(&ring, 0xaa, sizeof(ring));
        line = 99;
        why = NULL;
        assert_int_equal(mfa_keyring_parse(&ring, e.s, &line, &why), -1);
        exact_free(e);

        assert_int_equal(line, bad[i].line);
        assert_non_null(why);
        assert_null(strstr(why, "k1"));
        assert_null(strstr(why, "AAEC"));
        assert_memory_equal(&ring, &wiped, sizeof(ring));
    }
}


static void
ring_holds_sixteen_keys(void **state)
{
    int            i;
    uint8_t        room[2048];
    unsigned       line;
    mfa_buf_t      b;
    const char    *why;
    mfa_keyring_t  ring;

    (void) state;

    mfa_buf_init(&b, room, sizeof(room));

    for (i = 0; i < MFA_KEYRING_MAX; i++) {
        mfa_buf_cstr(&b, "key-of-length_");
        mfa_buf_int(&b, 10 + i);
        mfa_buf_cstr(&b, ":" ZEROS "\n");
    }

    assert_int_equal(mfa_keyring_parse(&ring, mfa_buf_since(&b, 0), &line,
                                       &why), 0);
    assert_int_equal(ring.n, MFA_KEYRING_MAX);
    assert_int_equal(ring.keys[15].id_len, MFA_KEY_ID_MAX);

    mfa_buf_cstr(&b, "one-too-many:" ZEROS "\n");
    assert_int_equal(mfa_keyring_parse(&ring, mfa_buf_since(&b, 0), &line,
                                       &why), -1);
    assert_int_equal(line, 17);
}


static void
ring_cut_at_every_byte(void **state)
{
    int            rc;
    size_t         n, whole;
    exact_t        e;
    unsigned       line;
    mfa_str_t      s = mfa_lit("k1:" KEY_1 "\nk2:" KEY_2 "\n");
    const char    *why;
    mfa_keyring_t  ring;

    (void) state;

    whole = s.len;

    for (n = 0; n <= whole; n++) {
        s.len = n;
        e = exact_copy(s);
        rc = mfa_keyring_parse(&ring, e.s, &line, &why);
        exact_free(e);

        if (n == 47 || n == 48) {
            assert_int_equal(rc, 0);
            assert_int_equal(ring.n, 1);

        } else if (n >= 95) {
            assert_int_equal(rc, 0);
            assert_int_equal(ring.n, 2);

        } else {
            assert_int_equal(rc, -1);
            assert_int_equal(ring.n, 0);
            assert_int_equal(line, n == 0 ? 0 : n < 47 ? 1 : 2);
        }
    }
}


static void
security_102_each_purpose_has_a_key_of_its_own(void **state)
{
    mfa_keyring_t  ring;

    static const uint8_t  seal_key[] = {
        0x33, 0xe6, 0xc0, 0x7c, 0xcf, 0x80, 0x8b, 0x92, 0x1c, 0xed, 0xe6, 0xc5,
        0xa9, 0x16, 0x34, 0xd9, 0xfb, 0x1a, 0x77, 0xa8, 0x4f, 0x46, 0x40, 0xd5,
        0x7f, 0x99, 0x46, 0xba, 0x8c, 0x4b, 0xb7, 0xb0
    };

    static const uint8_t  form_key[] = {
        0x9f, 0xb8, 0x9a, 0xe6, 0x15, 0xb8, 0xf1, 0xeb, 0xc4, 0xd8, 0x6f, 0x98,
        0x1b, 0x62, 0xe6, 0x06, 0xd1, 0xc6, 0x08, 0xe2, 0x99, 0x5f, 0xb6, 0x1d,
        0x9e, 0xec, 0x61, 0xfb, 0x77, 0x85, 0xe3, 0xac
    };

    static const uint8_t  mask_key[] = {
        0x4f, 0xa0, 0xd3, 0x2e, 0x5e, 0xa2, 0x43, 0x47, 0xf7, 0x61, 0x22, 0x35,
        0x1c, 0xbc, 0xa1, 0x8b, 0x17, 0xfa, 0x2b, 0x69, 0x58, 0x30, 0xda, 0xbc,
        0x8d, 0x0b, 0x2d, 0x1d, 0x55, 0xaa, 0x19, 0x28
    };

    (void) state;

    ring_of(&ring, "k1:" KEY_1);
    assert_memory_equal(ring.keys[0].seal, seal_key, MFA_KEY_BYTES);
    assert_memory_equal(ring.keys[0].form, form_key, MFA_KEY_BYTES);
    assert_memory_equal(ring.keys[0].mask, mask_key, MFA_KEY_BYTES);
}


static void
security_98_openssl_out_of_memory_makes_no_ring(void **state)
{
    int            rc, starved, refused;
    long           n;
    unsigned       line;
    const char    *why;
    mfa_keyring_t  ring, whole;

    (void) state;

    ring_of(&whole, "k1:" KEY_1);
    refused = 0;
    n = 0;

    do {
        starve_at(n++);
        rc = mfa_keyring_parse(&ring, mfa_lit("k1:" KEY_1), &line, &why);
        starved = starve_over();

        if (rc == 0) {
            assert_memory_equal(&ring, &whole, sizeof(ring));
            continue;
        }

        refused++;
        assert_int_equal(ring.n, 0);
        assert_int_equal(line, 1);
    } while (starved);

    assert_int_equal(rc, 0);
    assert_true(refused > 2);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(ring_is_read_with_comments_and_crlf),
        cmocka_unit_test(ring_errors_tell_the_line_and_no_key),
        cmocka_unit_test(ring_holds_sixteen_keys),
        cmocka_unit_test(ring_cut_at_every_byte),
        cmocka_unit_test(security_102_each_purpose_has_a_key_of_its_own),
        cmocka_unit_test(security_98_openssl_out_of_memory_makes_no_ring)
    };

    if (!starve_install()) {
        return 1;
    }

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("keyring", tests, NULL, NULL);
}
