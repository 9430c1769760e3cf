/*
 * Base64 and base64url: the vectors of RFC 4648, and that every value has one
 * spelling only.  A decoder gone lenient lets one cookie be written in many
 * ways (security 45), which no other test would notice.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base64.h"
#include "exact.h"


typedef int (*decode_fn)(mfa_buf_t *out, mfa_str_t text);


/* Decodes from memory that ends with text into room that just suffices. */

static int
decodes_to(decode_fn decode, const char *text, const char *bytes, size_t len)
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

    rc = decode(&b, e.s) == 0 && b.len == len + 1 && room[0] == '!'
         && memcmp(room + 1, bytes, len) == 0;

    free(room);
    exact_free(e);

    return rc;
}


static int
is_refused(decode_fn decode, const char *text)
{
    int        rc;
    exact_t    e;
    uint8_t    room[64];
    mfa_buf_t  b;

    e = exact_copy(mfa_str_from(text));
    mfa_buf_init(&b, room, sizeof(room));
    b.len = 3;

    rc = decode(&b, e.s) == -1 && b.len == 3;

    exact_free(e);

    return rc;
}


static void
rfc_4648_section_10_vectors(void **state)
{
    size_t     i;
    uint8_t    room[32];
    mfa_buf_t  b;

    static const struct {
        const char  *plain;
        const char  *padded;
        const char  *url;
    } v[] = {
        { "", "", "" },
        { "f", "Zg==", "Zg" },
        { "fo", "Zm8=", "Zm8" },
        { "foo", "Zm9v", "Zm9v" },
        { "foob", "Zm9vYg==", "Zm9vYg" },
        { "fooba", "Zm9vYmE=", "Zm9vYmE" },
        { "foobar", "Zm9vYmFy", "Zm9vYmFy" }
    };

    (void) state;

    for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
        mfa_buf_init(&b, room, strlen(v[i].padded));
        mfa_base64_encode(&b, (const uint8_t *) v[i].plain,
                          strlen(v[i].plain));
        assert_true(mfa_str_is(mfa_buf_since(&b, 0), v[i].padded));

        mfa_buf_init(&b, room, MFA_BASE64URL_LEN(strlen(v[i].plain)));
        mfa_base64url_encode(&b, (const uint8_t *) v[i].plain,
                             strlen(v[i].plain));
        assert_true(mfa_str_is(mfa_buf_since(&b, 0), v[i].url));
        assert_int_equal(b.len, b.cap);

        assert_true(decodes_to(mfa_base64_decode, v[i].padded, v[i].plain,
                               strlen(v[i].plain)));
        assert_true(decodes_to(mfa_base64url_decode, v[i].url, v[i].plain,
                               strlen(v[i].plain)));
    }
}


static void
the_two_alphabets_differ_in_two_letters(void **state)
{
    uint8_t        room[8];
    mfa_buf_t      b;
    const uint8_t  bytes[] = { 0xfb, 0xff, 0xbf };

    (void) state;

    mfa_buf_init(&b, room, sizeof(room));
    mfa_base64_encode(&b, bytes, 3);
    mfa_base64url_encode(&b, bytes, 3);
    assert_true(mfa_str_is(mfa_buf_since(&b, 0), "+/+/-_-_"));

    assert_true(decodes_to(mfa_base64_decode, "+/+/", "\xfb\xff\xbf", 3));
    assert_true(decodes_to(mfa_base64url_decode, "-_-_", "\xfb\xff\xbf", 3));
    assert_true(is_refused(mfa_base64_decode, "-_-_"));
    assert_true(is_refused(mfa_base64url_decode, "+/+/"));
}


static void
every_byte_survives_at_every_length(void **state)
{
    size_t     i, n;
    uint8_t    bytes[256], text[360], back[256];
    mfa_buf_t  b, c;

    (void) state;

    for (i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t) (i * 167 + 13);
    }

    for (n = 0; n <= sizeof(bytes); n++) {
        mfa_buf_init(&b, text, MFA_BASE64URL_LEN(n));
        mfa_base64url_encode(&b, bytes, n);
        assert_false(b.failed);
        assert_int_equal(b.len, MFA_BASE64URL_LEN(n));

        mfa_buf_init(&c, back, n);
        assert_int_equal(mfa_base64url_decode(&c, mfa_buf_since(&b, 0)), 0);
        assert_int_equal(c.len, n);
        assert_int_equal(memcmp(back, bytes, n), 0);

        mfa_buf_init(&b, text, sizeof(text));
        mfa_base64_encode(&b, bytes, n);
        mfa_buf_init(&c, back, n);
        assert_int_equal(mfa_base64_decode(&c, mfa_buf_since(&b, 0)), 0);
        assert_int_equal(c.len, n);
        assert_int_equal(memcmp(back, bytes, n), 0);
    }
}


/* Of all 256 bytes exactly 64 may stand in a text. */

static void
security_45_foreign_bytes_are_refused(void **state)
{
    unsigned   c, i, n;
    uint8_t    text[4], room[3];
    mfa_buf_t  b;

    (void) state;

    for (i = 0; i < 4; i++) {
        n = 0;

        for (c = 0; c < 256; c++) {
            memcpy(text, "AAAA", 4);
            text[i] = (uint8_t) c;

            mfa_buf_init(&b, room, sizeof(room));
            n += mfa_base64url_decode(&b, (mfa_str_t) { text, 4 }) == 0;
        }

        assert_int_equal(n, 64);
    }
}


static void
security_45_a_value_has_one_spelling(void **state)
{
    size_t  i;

    static const char *const  bad_url[] = {
        "A", "Zh", "Zn", "Zm9", "Zm-", "Zg==", "Zg=", "Zm8=", "=", "====",
        " Zg", "Zg ", "Z g", "Zg\n", "Zm9vZ", "Zm9v\r\n", "Z\xc2\xa0g"
    };

    static const char *const  bad[] = {
        "Z", "Zg", "Zg=", "Zm8", "Zh==", "Zm9=", "Z===", "====", "=", "=AAA",
        "A=AA", "AA=A", "Zg==Zg==", "Zm8=Zm8=", "Zg==\n", " Zg==", "Zg== ",
        "Zm9v====", "Zm9vZ===", "Zm 9v", "AAA\n"
    };

    (void) state;

    for (i = 0; i < sizeof(bad_url) / sizeof(bad_url[0]); i++) {
        assert_true(is_refused(mfa_base64url_decode, bad_url[i]));
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_true(is_refused(mfa_base64_decode, bad[i]));
    }
}


/* All bits of the 15 bytes are set, so a cut inside a group shows. */

static void
cut_at_every_byte(void **state)
{
    int        rc;
    size_t     n;
    exact_t    e;
    uint8_t    room[15];
    mfa_buf_t  b;
    mfa_str_t  s = mfa_lit("____________________");

    (void) state;

    assert_int_equal(s.len, 20);

    for (n = 0; n <= 20; n++) {
        s.len = n;
        e = exact_copy(s);
        mfa_buf_init(&b, room, sizeof(room));
        rc = mfa_base64url_decode(&b, e.s);

        assert_int_equal(rc, n % 4 == 0 ? 0 : -1);
        assert_int_equal(b.len, rc == 0 ? n / 4 * 3 : 0);
        exact_free(e);
    }
}


static void
want_of_room_writes_nothing(void **state)
{
    size_t     cap;
    uint8_t    room[8];
    mfa_buf_t  b;

    (void) state;

    for (cap = 0; cap < 4; cap++) {
        memset(room, '.', sizeof(room));

        mfa_buf_init(&b, room, cap);
        assert_int_equal(mfa_base64url_decode(&b, mfa_lit("Zm9vYg")), -1);
        assert_int_equal(b.len, 0);

        mfa_buf_init(&b, room, cap);
        mfa_base64_encode(&b, (const uint8_t *) "f", 1);
        assert_true(b.failed);
        assert_int_equal(b.len, 0);

        mfa_buf_init(&b, room, cap);
        mfa_base64url_encode(&b, (const uint8_t *) "foo", 3);
        assert_true(b.failed);
        assert_int_equal(b.len, 0);

        assert_memory_equal(room, "........", 8);
    }

    mfa_buf_init(&b, room, sizeof(room));
    b.failed = 1;
    assert_int_equal(mfa_base64url_decode(&b, mfa_lit("Zm9v")), -1);
    mfa_base64url_encode(&b, (const uint8_t *) "foo", 3);
    assert_int_equal(b.len, 0);

    mfa_buf_init(&b, NULL, 0);
    assert_int_equal(mfa_base64url_decode(&b, mfa_lit("")), 0);
    assert_int_equal(mfa_base64_decode(&b, (mfa_str_t) { NULL, 0 }), 0);
    mfa_base64url_encode(&b, NULL, 0);
    assert_false(b.failed);
}


static void
a_refused_text_leaves_no_bytes_behind(void **state)
{
    uint8_t    room[16], zeros[16] = { 0 };
    mfa_buf_t  b;

    (void) state;

    memset(room, 0, sizeof(room));
    mfa_buf_init(&b, room, sizeof(room));
    assert_int_equal(mfa_base64url_decode(&b, mfa_lit("c2VjcmV0c2Vj!")), -1);
    assert_memory_equal(room, zeros, sizeof(room));
    assert_int_equal(mfa_base64url_decode(&b, mfa_lit("c2VjcmV0c2Vj!!")), -1);
    assert_memory_equal(room, zeros, sizeof(room));
    assert_int_equal(mfa_base64url_decode(&b, mfa_lit("c2VjcmV0c2Vjcn")), -1);
    assert_memory_equal(room, zeros, sizeof(room));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(rfc_4648_section_10_vectors),
        cmocka_unit_test(the_two_alphabets_differ_in_two_letters),
        cmocka_unit_test(every_byte_survives_at_every_length),
        cmocka_unit_test(security_45_foreign_bytes_are_refused),
        cmocka_unit_test(security_45_a_value_has_one_spelling),
        cmocka_unit_test(cut_at_every_byte),
        cmocka_unit_test(want_of_room_writes_nothing),
        cmocka_unit_test(a_refused_text_leaves_no_bytes_behind)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
