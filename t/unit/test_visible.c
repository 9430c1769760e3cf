/*
 * What is seen of a text.  Broken, a name in a list turns the e-mail address
 * beside it round, or is one that nobody can tell from another; or people whose
 * names are written with a joiner cannot be named (security 52, 143).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/account.h"
#include "core/mail_header.h"
#include "core/visible.h"
#include "exact_pool.h"


static int
teardown(void **state)
{
    (void) state;
    pool_free();

    return 0;
}


static size_t
utf8(uint32_t code, uint8_t *out)
{
    if (code < 0x80) {
        out[0] = (uint8_t) code;
        return 1;
    }

    if (code < 0x800) {
        out[0] = (uint8_t) (0xc0 | code >> 6);
        out[1] = (uint8_t) (0x80 | (code & 0x3f));
        return 2;
    }

    if (code < 0x10000) {
        out[0] = (uint8_t) (0xe0 | code >> 12);
        out[1] = (uint8_t) (0x80 | (code >> 6 & 0x3f));
        out[2] = (uint8_t) (0x80 | (code & 0x3f));
        return 3;
    }

    out[0] = (uint8_t) (0xf0 | code >> 18);
    out[1] = (uint8_t) (0x80 | (code >> 12 & 0x3f));
    out[2] = (uint8_t) (0x80 | (code >> 6 & 0x3f));
    out[3] = (uint8_t) (0x80 | (code & 0x3f));

    return 4;
}


static const uint32_t  hidden[] = {
    0xa0, 0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x1680, 0x17b4, 0x180e, 0x2000,
    0x200a, 0x200b, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c,
    0x202d, 0x202e, 0x202f, 0x205f, 0x2060, 0x2064, 0x2066, 0x2067, 0x2068,
    0x2069, 0x206f, 0x2800, 0x3164, 0xfeff, 0xffa0, 0xfff9, 0xfffb, 0x1bca0,
    0x1d173, 0x1d17a, 0xe0001, 0xe0020, 0xe007f, 0xe01f0
};


static void
security_52_nothing_hidden_is_a_name_or_in_an_address(void **state)
{
    size_t     i, len, n;
    uint8_t    text[16];
    mfa_str_t  rest, c;

    (void) state;

    for (i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        memcpy(text, "a@", 2);
        len = utf8(hidden[i], text + 2);
        memcpy(text + 2 + len, "b", 1);
        n = len + 3;

        rest = pool_bytes(text + 2, len);
        assert_int_equal(mfa_char_take(&rest, &c), MFA_CHAR_HIDDEN);
        assert_int_equal(c.len, len);
        assert_int_equal(rest.len, 0);

        assert_false(mfa_visible(pool_bytes(text, n)));
        assert_false(mfa_visible(pool_bytes(text + 2, len)));
        assert_false(mfa_visible_word(pool_bytes(text, n)));
        assert_false(mfa_email_check(pool_bytes(text, n)));
    }
}


static void
what_stands_beside_the_ranges_is_shown(void **state)
{
    size_t     i, len;
    uint8_t    text[4];
    mfa_str_t  rest, c;

    static const uint32_t  shown[] = {
        '!', '~', 0xa1, 0xac, 0xae, 0x34e, 0x350, 0x61b, 0x61d, 0x115e, 0x1161,
        0x2010, 0x2027, 0x2030, 0x205e, 0x2070, 0x3001, 0xfffc, 0xfffd, 0x1f600,
        0x10ffff, 0xdffff, 0xe1000
    };

    (void) state;

    for (i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        len = utf8(shown[i], text);
        rest = pool_bytes(text, len);
        assert_int_equal(mfa_char_take(&rest, &c), MFA_CHAR_SHOWN);
        assert_int_equal(c.len, len);
    }
}


static void
names_of_people_are_names(void **state)
{
    size_t  i;

    static const char *const  good[] = {
        "", "Ann", "O'Neil, Ann", "J\xc3\xbcrgen M\xc3\xbcller",
        "\xd7\x93\xd7\x95\xd7\x93", "\xe5\xb1\xb1\xe7\x94\xb0\xe3\x80\x80\xe5\xa4\xaa",
        "\xd8\xb9\xd9\x84\xdb\x8c\xe2\x80\x8c\xd8\xb1\xd8\xb6\xd8\xa7",
        "\xe8\x91\x9b\xf3\xa0\x84\x80\xe5\x9f\x8e", " Ann "
    };
    static const char *const  bad[] = {
        " ", "  ", "\xe3\x80\x80", "\xe2\x80\x8d", "A\xe2\x80\x8dZ",
        "\xd8\xb9\xe2\x80\x8c\xe2\x80\x8c", "\xd8\xb9 \xe2\x80\x8c", "a\tb",
        "a\x1b[31m", "a\x7f", "\xc2\x85", "\xff", "\xe2\x80", "\xed\xa0\x80"
    };

    (void) state;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(mfa_visible(pool_text(good[i])));
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(mfa_visible(pool_text(bad[i])));
    }

    assert_true(mfa_visible_word(pool_text("\xc3\xbc@x")));
    assert_false(mfa_visible_word(pool_text("a b")));
    assert_false(mfa_visible_word(pool_text("\xe3\x80\x80")));
    assert_false(mfa_visible_word(pool_text("\xd8\xb9\xe2\x80\x8c")));
}


/* What was kept before it was refused. */
static void
security_94_a_header_loses_what_is_hidden(void **state)
{
    mfa_buf_t  out;

    (void) state;

    out = pool_buf(200);
    mfa_mail_header_text(&out, "Subject",
                         pool_text("a\xe2\x80\xae\xc3\xbc" "b"));
    assert_int_equal(out.len, strlen("Subject: =?UTF-8?B?YcO8Yg==?="));
    assert_memory_equal(out.data, "Subject: =?UTF-8?B?YcO8Yg==?=", out.len);
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_teardown(t, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(security_52_nothing_hidden_is_a_name_or_in_an_address),
        TEST(what_stands_beside_the_ranges_is_shown),
        TEST(names_of_people_are_names),
        TEST(security_94_a_header_loses_what_is_hidden)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("visible", tests, NULL, NULL);
}
