/*
 * Views, buffers, numbers and UTF-8: everything in core/ stands on these, so a
 * buffer that writes past its end or a number that wraps around would show up
 * everywhere but here.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/str.h"
#include "exact.h"


static void
views_of_nothing_are_empty_and_equal(void **state)
{
    mfa_str_t  none = { NULL, 0 };

    (void) state;

    assert_int_equal(mfa_str_from(NULL).len, 0);
    assert_int_equal(mfa_str_from("").len, 0);
    assert_true(mfa_str_eq(none, mfa_lit("")));
    assert_true(mfa_str_is(none, NULL));
    assert_true(mfa_str_is(none, ""));
    assert_true(mfa_str_eq_secret(none, mfa_lit("")));
    assert_true(mfa_str_begins(none, ""));
    assert_false(mfa_str_begins(none, "a"));
    assert_true(mfa_str_printable(none));
}


static void
comparisons_look_at_every_byte(void **state)
{
    size_t     i;
    uint8_t    other[] = "0123456789abcdef";
    mfa_str_t  a = mfa_lit("0123456789abcdef"), b = { other, a.len };

    (void) state;

    assert_true(mfa_str_eq(a, b));
    assert_true(mfa_str_eq_secret(a, b));

    for (i = 0; i < a.len; i++) {
        other[i] ^= 0x80;
        assert_false(mfa_str_eq(a, b));
        assert_false(mfa_str_eq_secret(a, b));
        other[i] ^= 0x80;

        b.len = i;
        assert_false(mfa_str_eq(a, b));
        assert_false(mfa_str_eq_secret(a, b));
        assert_false(mfa_str_eq_secret(b, a));
        b.len = a.len;
    }

    assert_true(mfa_str_is(a, "0123456789abcdef"));
    assert_false(mfa_str_is(a, "0123456789abcdeg"));
    assert_false(mfa_str_is(mfa_lit("a\0b"), "a"));
    assert_true(mfa_str_begins(a, "0123"));
    assert_true(mfa_str_begins(a, "0123456789abcdef"));
    assert_false(mfa_str_begins(a, "0123456789abcdef0"));
    assert_false(mfa_str_begins(a, "1"));
}


static void
cut_splits_at_the_first_separator(void **state)
{
    exact_t    e;
    mfa_str_t  head, rest;

    (void) state;

    e = exact_copy(mfa_lit("a=b=c"));
    assert_int_equal(mfa_str_cut(e.s, '=', &head, &rest), 1);
    assert_true(mfa_str_is(head, "a"));
    assert_true(mfa_str_is(rest, "b=c"));
    assert_int_equal(mfa_str_cut(e.s, ';', &head, &rest), 0);
    assert_true(mfa_str_is(head, "a=b=c"));
    assert_int_equal(rest.len, 0);
    exact_free(e);

    e = exact_copy(mfa_lit("="));
    assert_int_equal(mfa_str_cut(e.s, '=', &head, &rest), 1);
    assert_int_equal(head.len, 0);
    assert_int_equal(rest.len, 0);
    assert_int_equal(mfa_str_cut(rest, '=', &head, &rest), 0);
    exact_free(e);

    rest = mfa_lit("x,y,z");
    assert_int_equal(mfa_str_cut(rest, ',', &head, &rest), 1);
    assert_int_equal(mfa_str_cut(rest, ',', &head, &rest), 1);
    assert_true(mfa_str_is(head, "y"));
    assert_int_equal(mfa_str_cut(rest, ',', &rest, &head), 0);
    assert_true(mfa_str_is(rest, "z"));

    assert_int_equal(mfa_str_cut((mfa_str_t) { NULL, 0 }, 0, &head, &rest), 0);
    assert_int_equal(head.len, 0);
}


static void
numbers_are_read_up_to_their_limits(void **state)
{
    size_t   i;
    int64_t  n;
    exact_t  e;

    static const struct {
        const char  *text;
        int64_t      n;
    } good[] = {
        { "0", 0 },
        { "-0", 0 },
        { "007", 7 },
        { "-1", -1 },
        { "2147483648", 2147483648 },
        { "9223372036854775807", INT64_MAX },
        { "-9223372036854775807", -INT64_MAX },
        { "-9223372036854775808", INT64_MIN },
        { "0000000000000000000000000000000012", 12 }
    };

    (void) state;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        e = exact_copy(mfa_str_from(good[i].text));
        n = 99;
        assert_int_equal(mfa_str_int(e.s, &n), 0);
        assert_true(n == good[i].n);
        exact_free(e);
    }
}


static void
numbers_that_are_none_are_refused(void **state)
{
    size_t   i;
    int64_t  n;
    exact_t  e;

    static const char *const  bad[] = {
        "", "-", "--1", "+1", " 1", "1 ", "1.0", "0x10", "1e3", "1-", "a", ":",
        "/", "9223372036854775808", "9223372036854775810",
        "-9223372036854775809", "18446744073709551616",
        "99999999999999999999999999999999999999"
    };

    (void) state;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        e = exact_copy(mfa_str_from(bad[i]));
        n = 99;
        assert_int_equal(mfa_str_int(e.s, &n), -1);
        assert_int_equal(n, 99);
        exact_free(e);
    }

    assert_int_equal(mfa_str_int(mfa_lit("1\0"), &n), -1);
}


static void
utf8_is_read_to_the_letter_of_rfc_3629(void **state)
{
    size_t   i;
    exact_t  e;

    static const mfa_str_t  good[] = {
        { (const uint8_t *) "plain ~", 7 },
        { (const uint8_t *) "\xc2\xa0\xdf\xbf", 4 },
        { (const uint8_t *) "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80", 9 },
        { (const uint8_t *) "\xef\xbf\xbf", 3 },
        { (const uint8_t *) "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8 }
    };

    static const mfa_str_t  bad[] = {
        { (const uint8_t *) "\0", 1 },
        { (const uint8_t *) "a\x1f", 2 },
        { (const uint8_t *) "a\nb", 3 },
        { (const uint8_t *) "\x7f", 1 },
        { (const uint8_t *) "\x80", 1 },                /* no first byte */
        { (const uint8_t *) "\xc2\x80", 2 },            /* C1 control */
        { (const uint8_t *) "\xc2\x9f", 2 },
        { (const uint8_t *) "\xc0\xaf", 2 },            /* overlong '/' */
        { (const uint8_t *) "\xc1\xbf", 2 },
        { (const uint8_t *) "\xe0\x9f\xbf", 3 },        /* overlong */
        { (const uint8_t *) "\xed\xa0\x80", 3 },        /* surrogate */
        { (const uint8_t *) "\xf0\x8f\xbf\xbf", 4 },    /* overlong */
        { (const uint8_t *) "\xf4\x90\x80\x80", 4 },    /* over U+10FFFF */
        { (const uint8_t *) "\xf5\x80\x80\x80", 4 },
        { (const uint8_t *) "\xff", 1 },
        { (const uint8_t *) "\xc3\x28", 2 },
        { (const uint8_t *) "\xe2\x82\x28", 3 },
        { (const uint8_t *) "\xf0\x9f\x98\x28", 4 },
        { (const uint8_t *) "\xf0\x9f\x28\x80", 4 }
    };

    (void) state;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        e = exact_copy(good[i]);
        assert_true(mfa_str_printable(e.s));
        exact_free(e);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        e = exact_copy(bad[i]);
        assert_false(mfa_str_printable(e.s));
        exact_free(e);
    }
}


static void
utf8_cut_inside_a_character_is_refused(void **state)
{
    size_t     n;
    exact_t    e;
    mfa_str_t  s = mfa_lit("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");

    (void) state;

    for (n = 0; n <= 10; n++) {
        s.len = n;
        e = exact_copy(s);
        assert_int_equal(mfa_str_printable(e.s),
                         n == 0 || n == 1 || n == 3 || n == 6 || n == 10);
        exact_free(e);
    }
}


static void
a_full_buffer_writes_nothing_and_stays_failed(void **state)
{
    uint8_t    room[9] = "........";
    mfa_buf_t  b;

    (void) state;

    mfa_buf_init(&b, room, 4);
    mfa_buf_cstr(&b, "abc");
    assert_false(b.failed);
    mfa_buf_cstr(&b, "de");
    assert_true(b.failed);
    assert_int_equal(b.len, 3);

    mfa_buf_byte(&b, 'd');
    mfa_buf_int(&b, 5);
    mfa_buf_cstr(&b, "");
    assert_int_equal(b.len, 3);
    assert_true(b.failed);
    assert_memory_equal(room, "abc.....", 8);

    mfa_buf_init(&b, room, 3);
    mfa_buf_add(&b, "xyz", 3);
    assert_false(b.failed);
    mfa_buf_add(&b, "!", SIZE_MAX);
    assert_true(b.failed);
    assert_int_equal(b.len, 3);
}


static void
a_buffer_without_memory_takes_nothing(void **state)
{
    mfa_buf_t  b;

    (void) state;

    mfa_buf_init(&b, NULL, 0);
    mfa_buf_cstr(&b, "");
    mfa_buf_str(&b, (mfa_str_t) { NULL, 0 });
    mfa_buf_cstr(&b, NULL);
    assert_false(b.failed);
    assert_int_equal(mfa_buf_since(&b, 0).len, 0);
    mfa_buf_byte(&b, 'a');
    assert_true(b.failed);
}


static void
numbers_are_written_up_to_their_limits(void **state)
{
    uint8_t    room[64];
    mfa_buf_t  b;

    (void) state;

    mfa_buf_init(&b, room, sizeof(room));
    mfa_buf_int(&b, 0);
    mfa_buf_byte(&b, ' ');
    mfa_buf_int(&b, -10);
    mfa_buf_byte(&b, ' ');
    mfa_buf_int(&b, INT64_MIN);
    mfa_buf_byte(&b, ' ');
    mfa_buf_int(&b, INT64_MAX);

    assert_true(mfa_str_is(mfa_buf_since(&b, 0),
                "0 -10 -9223372036854775808 9223372036854775807"));
    assert_true(mfa_str_is(mfa_buf_since(&b, 27), "9223372036854775807"));
    assert_int_equal(mfa_buf_since(&b, b.len).len, 0);
    assert_int_equal(mfa_buf_since(&b, b.len + 1).len, 0);
}


static void
wiping_leaves_zeros(void **state)
{
    uint8_t  secret[5] = "abcd", zeros[4] = { 0 };

    (void) state;

    mfa_wipe(secret + 1, 3);
    assert_int_equal(secret[0], 'a');
    assert_memory_equal(secret + 1, zeros, 3);
    mfa_wipe(secret, 0);
    assert_int_equal(secret[0], 'a');
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(views_of_nothing_are_empty_and_equal),
        cmocka_unit_test(comparisons_look_at_every_byte),
        cmocka_unit_test(cut_splits_at_the_first_separator),
        cmocka_unit_test(numbers_are_read_up_to_their_limits),
        cmocka_unit_test(numbers_that_are_none_are_refused),
        cmocka_unit_test(utf8_is_read_to_the_letter_of_rfc_3629),
        cmocka_unit_test(utf8_cut_inside_a_character_is_refused),
        cmocka_unit_test(a_full_buffer_writes_nothing_and_stays_failed),
        cmocka_unit_test(a_buffer_without_memory_takes_nothing),
        cmocka_unit_test(numbers_are_written_up_to_their_limits),
        cmocka_unit_test(wiping_leaves_zeros)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
