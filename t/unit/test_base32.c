/*
 * Base32: the vectors of RFC 4648 and what people do to a key when they type
 * it.  When this breaks, apps are set up with a key that is not the one sealed,
 * and nobody's code is ever right.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base32.h"
#include "exact.h"


static int
decodes_to(const char *text, const char *bytes, size_t len)
{
    int        rc;
    exact_t    e;
    uint8_t   *room;
    mfa_buf_t  b;

    e = exact_copy(mfa_str_from(text));
    room = malloc(len + 1);
    assert_non_null(room);
    room[0] = '!';

    mfa_buf_init(&b, room, len + 1);
    b.len = 1;

    rc = mfa_base32_decode(&b, e.s) == 0 && b.len == len + 1
         && room[0] == '!' && memcmp(room + 1, bytes, len) == 0;

    free(room);
    exact_free(e);

    return rc;
}


static int
is_refused(const char *text)
{
    int        rc;
    exact_t    e;
    uint8_t    room[64];
    mfa_buf_t  b;

    e = exact_copy(mfa_str_from(text));
    mfa_buf_init(&b, room, sizeof(room));
    b.len = 3;

    rc = mfa_base32_decode(&b, e.s) == -1 && b.len == 3;

    exact_free(e);

    return rc;
}


static void
rfc_4648_section_10_vectors(void **state)
{
    size_t     i;
    uint8_t    room[16];
    mfa_buf_t  b;

    static const struct {
        const char  *plain;
        const char  *padded;
        const char  *text;
    } v[] = {
        { "", "", "" },
        { "f", "MY======", "MY" },
        { "fo", "MZXQ====", "MZXQ" },
        { "foo", "MZXW6===", "MZXW6" },
        { "foob", "MZXW6YQ=", "MZXW6YQ" },
        { "fooba", "MZXW6YTB", "MZXW6YTB" },
        { "foobar", "MZXW6YTBOI======", "MZXW6YTBOI" }
    };

    (void) state;

    for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
        mfa_buf_init(&b, room, MFA_BASE32_LEN(strlen(v[i].plain)));
        mfa_base32_encode(&b, (const uint8_t *) v[i].plain,
                          strlen(v[i].plain));
        assert_true(mfa_str_is(mfa_buf_since(&b, 0), v[i].text));
        assert_int_equal(b.len, b.cap);

        assert_true(decodes_to(v[i].text, v[i].plain, strlen(v[i].plain)));
        assert_true(decodes_to(v[i].padded, v[i].plain, strlen(v[i].plain)));
    }
}


static void
every_byte_survives_at_every_length(void **state)
{
    size_t     i, n;
    uint8_t    bytes[256], text[416], back[256];
    mfa_buf_t  b, c;

    (void) state;

    for (i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t) (i * 167 + 13);
    }

    for (n = 0; n <= sizeof(bytes); n++) {
        mfa_buf_init(&b, text, MFA_BASE32_LEN(n));
        mfa_base32_encode(&b, bytes, n);
        assert_false(b.failed);
        assert_int_equal(b.len, MFA_BASE32_LEN(n));

        mfa_buf_init(&c, back, n);
        assert_int_equal(mfa_base32_decode(&c, mfa_buf_since(&b, 0)), 0);
        assert_int_equal(c.len, n);
        assert_int_equal(memcmp(back, bytes, n), 0);
    }
}


static void
keys_are_read_the_way_people_type_them(void **state)
{
    (void) state;

    assert_true(decodes_to("mzxw6ytboi", "foobar", 6));
    assert_true(decodes_to("MzXw 6yTb oI", "foobar", 6));
    assert_true(decodes_to("MZXW-6YTB-OI", "foobar", 6));
    assert_true(decodes_to("  MZXW\t6YTB OI ", "foobar", 6));
    assert_true(decodes_to("MZXW 6YTB OI== ====", "foobar", 6));
    assert_true(decodes_to(" - ", "", 0));
}


static void
everything_else_is_refused(void **state)
{
    size_t  i;

    static const char *const  bad[] = {
        "M", "MZX", "MZXW6Y", "MZXW6YTBO",          /* impossible lengths */
        "A", "AAA", "AAAAAA", "AAAAAAAAA",
        "MZ", "MZXR", "MZXW7", "MZXW6YR",           /* stray bits */
        "M0", "M1", "M8", "M9", "M!", "M_", "M@", "M[", "M`", "M{", "M/",
        "MY=", "MY=====", "MY=======", "MZXQ===", "MZXW6YTB=",
        "MZXW6YTB========", "=", "========", "MY======MY", "M=Y=====",
        "MY\n", "MY\r\n", "MY.", "MY\xc2\xa0", "\xef\xbc\xad\xef\xbc\xb9"
    };

    (void) state;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_true(is_refused(bad[i]));
    }
}


static void
exactly_58_bytes_are_letters(void **state)
{
    unsigned   c, i, n;
    uint8_t    text[8], room[5];
    mfa_buf_t  b;

    (void) state;

    for (i = 0; i < 8; i++) {
        n = 0;

        for (c = 0; c < 256; c++) {
            memcpy(text, "AAAAAAAA", 8);
            text[i] = (uint8_t) c;

            mfa_buf_init(&b, room, sizeof(room));
            n += mfa_base32_decode(&b, (mfa_str_t) { text, 8 }) == 0
                 && b.len == 5;
        }

        assert_int_equal(n, 26 + 26 + 6);
    }
}


/* Every byte of the key has all bits set, so a cut shows as stray bits. */

static void
cut_at_every_byte(void **state)
{
    int        rc;
    size_t     n;
    exact_t    e;
    uint8_t    room[20];
    mfa_buf_t  b;
    mfa_str_t  s = mfa_lit("77777777777777777777777777777777");

    (void) state;

    for (n = 0; n <= 32; n++) {
        s.len = n;
        e = exact_copy(s);
        mfa_buf_init(&b, room, sizeof(room));
        rc = mfa_base32_decode(&b, e.s);
        assert_int_equal(rc, n % 8 == 0 ? 0 : -1);
        assert_int_equal(b.len, rc == 0 ? n / 8 * 5 : 0);
        exact_free(e);
    }
}


static void
want_of_room_leaves_the_buffer_as_it_was(void **state)
{
    size_t     cap;
    uint8_t    room[16], zeros[16] = { 0 };
    mfa_buf_t  b;

    (void) state;

    for (cap = 0; cap < 6; cap++) {
        memset(room, 0, sizeof(room));
        mfa_buf_init(&b, room, cap);
        assert_int_equal(mfa_base32_decode(&b, mfa_lit("MZXW6YTBOI")), -1);
        assert_int_equal(b.len, 0);
        assert_memory_equal(room, zeros, sizeof(room));

        mfa_buf_init(&b, room, cap);
        mfa_base32_encode(&b, (const uint8_t *) "foobar", 6);
        assert_true(b.failed);
        assert_int_equal(b.len, 0);
    }

    mfa_buf_init(&b, NULL, 0);
    assert_int_equal(mfa_base32_decode(&b, mfa_lit("M")), -1);
    assert_int_equal(mfa_base32_decode(&b, (mfa_str_t) { NULL, 0 }), 0);
    mfa_base32_encode(&b, NULL, 0);
    assert_false(b.failed);

    memset(room, 0, sizeof(room));
    mfa_buf_init(&b, room, sizeof(room));
    assert_int_equal(mfa_base32_decode(&b, mfa_lit("MZXW6YTBO!")), -1);
    assert_memory_equal(room, zeros, sizeof(room));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(rfc_4648_section_10_vectors),
        cmocka_unit_test(every_byte_survives_at_every_length),
        cmocka_unit_test(keys_are_read_the_way_people_type_them),
        cmocka_unit_test(everything_else_is_refused),
        cmocka_unit_test(exactly_58_bytes_are_letters),
        cmocka_unit_test(cut_at_every_byte),
        cmocka_unit_test(want_of_room_leaves_the_buffer_as_it_was)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("base32", tests, NULL, NULL);
}
