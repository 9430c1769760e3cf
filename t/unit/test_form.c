/*
 * The form parser stands in front of every password and code.  Broken, it
 * reads a repeated field one way and something else another way (security 5),
 * cuts a password at a NUL, lets bytes through that are no text, or hands on
 * what was left of a cut-off body.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "core/form.h"
#include "exact_pool.h"


static mfa_form_t  form;
static mfa_buf_t   room;


static int
clean(void **state)
{
    (void) state;
    pool_free();

    return 0;
}


static mfa_form_e
decode_bytes(const char *body, size_t len)
{
    /* so that a form left over from the call before cannot pass for a result */
    memset(&form, 0x5a, sizeof(form));
    room = pool_buf(len);

    return mfa_form_decode(&form, pool_bytes(body, len), &room);
}


static mfa_form_e
decode(const char *body)
{
    return decode_bytes(body, strlen(body));
}


static void
check_value(const char *name, const char *value)
{
    mfa_str_t  found = mfa_form_value(&form, name);

    if (!mfa_str_is(found, value)) {
        fail_msg("%s is \"%.*s\", not \"%s\"", name, (int) found.len,
                 (const char *) found.data, value);
    }
}


static void
check_refused(const char *body, size_t len, mfa_form_e why)
{
    mfa_form_e  rc = decode_bytes(body, len);

    if (rc != why || form.n != 0 || room.len != 0) {
        fail_msg("\"%.*s\": %d, %zu fields", (int) len, body, (int) rc,
                 form.n);
    }

    assert_int_equal(mfa_form_value(&form, "login").len, 0);
}


static void
decodes_names_and_values(void **state)
{
    (void) state;

    assert_int_equal(decode("login=alice&password=a%2Bb+c%26d%3D&next=%2fx"),
                     MFA_FORM_OK);
    assert_int_equal(form.n, 3);
    check_value("login", "alice");
    check_value("password", "a+b c&d=");
    check_value("next", "/x");
    check_value("code", "");

    assert_int_equal(decode("a=b=c==&p%61ss=x"), MFA_FORM_OK);
    check_value("a", "b=c==");
    check_value("pass", "x");

    assert_int_equal(decode("p=%C3%A4%e2%82%ac%F0%9F%94%91\xc3\xa4"),
                     MFA_FORM_OK);
    check_value("p", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91\xc3\xa4");

    assert_int_equal(decode("note=a%0D%0Ab%09c%7f"), MFA_FORM_OK);
    check_value("note", "a\r\nb\tc\x7f");
}


static void
security_5_empty_bodies_and_empty_fields_give_empty_values(void **state)
{
    (void) state;

    assert_int_equal(decode(""), MFA_FORM_OK);
    assert_int_equal(form.n, 0);
    check_value("login", "");

    assert_int_equal(decode("&&&"), MFA_FORM_OK);
    assert_int_equal(form.n, 0);

    assert_int_equal(decode("code=&login&=x"), MFA_FORM_OK);
    assert_int_equal(form.n, 3);
    check_value("code", "");
    check_value("login", "");
    check_value("", "x");

    assert_int_equal(decode("&login=a&&code=1&"), MFA_FORM_OK);
    assert_int_equal(form.n, 2);
    check_value("login", "a");
    check_value("code", "1");

    /* not the field "code" */
    assert_int_equal(decode("code[]=1&Code=2&code%20=3"), MFA_FORM_OK);
    check_value("code", "");

    form.n = 0;
    assert_int_equal(mfa_form_decode(&form, mfa_str_from(NULL), &room),
                     MFA_FORM_OK);
}


static void
security_5_a_repeated_name_refuses_the_form(void **state)
{
    size_t                    i;
    static const char *const  bodies[] = {
        "login=a&login=b", "login=a&login=a", "login=&login=", "login&login",
        "login=a&code=1&l%6fgin=b", "=a&=b", "a%20b=1&a+b=2",
        "password=x&login=a&password=",
    };

    (void) state;

    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        check_refused(bodies[i], strlen(bodies[i]), MFA_FORM_REPEATED);
    }
}


static void
bad_escapes_refuse_the_form(void **state)
{
    size_t                    i;
    static const char *const  bodies[] = {
        "login=%", "login=%4", "login=%4g", "login=%g4", "login=%%41",
        "login=a%", "login=%&a=b", "login=%2&a=b", "log%=a", "l%6=x",
        "login=alice&code=%u0031", "login=%+1", "login=% 1", "login=%-1",
        "login=%0x", "login=a&b%",
    };

    (void) state;

    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        check_refused(bodies[i], strlen(bodies[i]), MFA_FORM_MALFORMED);
    }
}


static void
security_18_a_nul_never_cuts_a_field(void **state)
{
    (void) state;

    check_refused("code=123456%00", 14, MFA_FORM_MALFORMED);
    check_refused("code=123456%007", 15, MFA_FORM_MALFORMED);
    check_refused("code=123456\0", 12, MFA_FORM_MALFORMED);
    check_refused("code=\0", 6, MFA_FORM_MALFORMED);
    check_refused("co%00de=1", 9, MFA_FORM_MALFORMED);
    check_refused("a=%0a%00", 8, MFA_FORM_MALFORMED);
}


static void
security_18_blanks_and_foreign_digits_arrive_as_they_are(void **state)
{
    (void) state;

    /* refusing them is the code check's business: it has to see them */
    assert_int_equal(decode("code=+123456"), MFA_FORM_OK);
    check_value("code", " 123456");
    assert_int_equal(decode("code=%2B123456"), MFA_FORM_OK);
    check_value("code", "+123456");
    assert_int_equal(decode("code=%EF%BC%91"), MFA_FORM_OK);
    check_value("code", "\xef\xbc\x91");
}


static void
bytes_that_are_no_utf8_refuse_the_form(void **state)
{
    size_t                    i;
    static const char *const  bodies[] = {
        "a=%ff", "a=%c3", "a=%c3%28", "a=%c0%af", "a=%e0%80%af",
        "a=%ed%a0%80", "a=%f4%90%80%80", "a=%f8%88%80%80%80", "a=%80",
        "a=\xff", "a=\xc3", "a=x%e2%82", "%ff=a", "a=ok&b=%fe",
        "a=%c3&b=%a4", "a=%c3%0a%a4", "a=%e2%82+",
    };

    (void) state;

    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        check_refused(bodies[i], strlen(bodies[i]), MFA_FORM_MALFORMED);
    }
}


static void
oversized_bodies_and_too_many_fields_are_refused(void **state)
{
    size_t  i, len;
    char    body[MFA_FORM_BODY_MAX + 1];

    (void) state;

    memset(body, 'a', sizeof(body));
    body[1] = '=';
    check_refused(body, sizeof(body), MFA_FORM_TOO_LARGE);
    assert_int_equal(decode_bytes(body, sizeof(body) - 1), MFA_FORM_OK);
    assert_int_equal(mfa_form_value(&form, "a").len, MFA_FORM_BODY_MAX - 2);

    for (i = 0, len = 0; i <= MFA_FORM_FIELDS_MAX; i++) {
        len += (size_t) snprintf(body + len, sizeof(body) - len, "f%zu=%zu&",
                                 i, i);

        if (i + 1 == MFA_FORM_FIELDS_MAX) {
            assert_int_equal(decode_bytes(body, len), MFA_FORM_OK);
            assert_int_equal(form.n, MFA_FORM_FIELDS_MAX);
            check_value("f31", "31");
        }
    }

    check_refused(body, len, MFA_FORM_TOO_LARGE);
}


static void
too_little_room_refuses_the_form_and_leaves_nothing_behind(void **state)
{
    size_t      cap, i;
    mfa_form_e  rc;
    const char  body[] = "login=al%69ce&password=s3cret";

    (void) state;

    for (cap = 0; cap < 5 + 5 + 8 + 6; cap++) {
        room = pool_buf(cap + 4);
        mfa_buf_cstr(&room, "kept");

        rc = mfa_form_decode(&form, pool_text(body), &room);
        assert_int_equal(rc, MFA_FORM_TOO_LARGE);
        assert_int_equal(form.n, 0);
        assert_int_equal(room.len, 4);
        assert_memory_equal(room.data, "kept", 4);

        for (i = 4; i < cap + 4; i++) {
            assert_true(room.data[i] == 0 || room.data[i] == '.');
        }
    }

    room = pool_buf(cap);
    rc = mfa_form_decode(&form, pool_text(body), &room);
    assert_int_equal(rc, MFA_FORM_OK);
    check_value("password", "s3cret");
}


static void
a_body_cut_off_anywhere_never_shows_more_than_arrived(void **state)
{
    size_t      len, i;
    mfa_form_e  rc;
    const char  body[] = "login=alice&password=%C3%A4+%22&code=123456&next=%2F";

    (void) state;

    for (len = 0; len < sizeof(body); len++) {
        rc = decode_bytes(body, len);

        if (rc != MFA_FORM_OK) {
            /* cut within an escape, or between the two bytes of a letter */
            assert_int_equal(rc, MFA_FORM_MALFORMED);
            assert_int_equal(form.n, 0);
            continue;
        }

        for (i = 0; i < form.n; i++) {
            assert_true(form.fields[i].name.len + form.fields[i].value.len
                        <= len);
        }

        if (len < 12) {
            assert_true(mfa_form_value(&form, "login").len <= 5);
            assert_int_equal(mfa_form_value(&form, "password").len, 0);
        }
    }

    assert_int_equal(decode(body), MFA_FORM_OK);
    assert_int_equal(form.n, 4);
}


static void
unescape_reads_one_escape(void **state)
{
    int   c;
    char  text[8];

    (void) state;

    for (c = 0; c < 256; c++) {
        snprintf(text, sizeof(text), "%%%02x", (unsigned) c);
        assert_int_equal(mfa_form_unescape(pool_text(text)), c);
        snprintf(text, sizeof(text), "%%%02Xz", (unsigned) c);
        assert_int_equal(mfa_form_unescape(pool_text(text)), c);
    }

    assert_int_equal(mfa_form_unescape(pool_text("")), -1);
    assert_int_equal(mfa_form_unescape(pool_text("%")), -1);
    assert_int_equal(mfa_form_unescape(pool_text("%4")), -1);
    assert_int_equal(mfa_form_unescape(pool_text("41%")), -1);
    assert_int_equal(mfa_form_unescape(pool_text("%@0")), -1);
    assert_int_equal(mfa_form_unescape(pool_text("%0`")), -1);
    assert_int_equal(mfa_form_unescape(pool_text("%G0")), -1);
    assert_int_equal(mfa_form_unescape(pool_text("%/0")), -1);
    assert_int_equal(mfa_form_unescape(pool_text("%0:")), -1);
}


static void
escape_leaves_unreserved_bytes_and_slashes_alone(void **state)
{
    int        c;
    uint8_t    byte;
    char       query[1024];
    mfa_buf_t  out;

    (void) state;

    out = pool_buf(64);
    mfa_form_escape(&out, pool_text("/a-b_c.d~9/Z?x=1&y=%2f +\xc3\xa4"));
    assert_false(out.failed);
    assert_true(buf_is(&out, "/a-b_c.d~9/Z%3Fx%3D1%26y%3D%252f%20%2B%C3%A4"));

    for (c = 0; c < 256; c++) {
        byte = (uint8_t) c;
        out = pool_buf(3);
        mfa_form_escape(&out, pool_bytes(&byte, 1));
        assert_true(out.len == 3 || (out.len == 1 && out.data[0] == byte));

        if (out.len == 3) {
            assert_int_equal(mfa_form_unescape(mfa_buf_since(&out, 0)), c);
        }
    }

    /* what is escaped comes back from a form unchanged */
    out = pool_buf(128);
    mfa_form_escape(&out, pool_text("a&b=c+d e%\r\n\xe2\x82\xac\"'<>"));
    snprintf(query, sizeof(query), "next=%.*s&x=y", (int) out.len,
             (const char *) out.data);
    assert_int_equal(decode(query), MFA_FORM_OK);
    check_value("next", "a&b=c+d e%\r\n\xe2\x82\xac\"'<>");

    out = pool_buf(2);
    mfa_form_escape(&out, pool_text("?"));
    assert_true(out.failed);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_teardown(decodes_names_and_values, clean),
        cmocka_unit_test_teardown(
            security_5_empty_bodies_and_empty_fields_give_empty_values, clean),
        cmocka_unit_test_teardown(
            security_5_a_repeated_name_refuses_the_form, clean),
        cmocka_unit_test_teardown(bad_escapes_refuse_the_form, clean),
        cmocka_unit_test_teardown(security_18_a_nul_never_cuts_a_field, clean),
        cmocka_unit_test_teardown(
            security_18_blanks_and_foreign_digits_arrive_as_they_are, clean),
        cmocka_unit_test_teardown(
            bytes_that_are_no_utf8_refuse_the_form, clean),
        cmocka_unit_test_teardown(
            oversized_bodies_and_too_many_fields_are_refused, clean),
        cmocka_unit_test_teardown(
            too_little_room_refuses_the_form_and_leaves_nothing_behind, clean),
        cmocka_unit_test_teardown(
            a_body_cut_off_anywhere_never_shows_more_than_arrived, clean),
        cmocka_unit_test_teardown(unescape_reads_one_escape, clean),
        cmocka_unit_test_teardown(
            escape_leaves_unreserved_bytes_and_slashes_alone, clean),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("form", tests, NULL, NULL);
}
