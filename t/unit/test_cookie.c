/*
 * The cookie parser decides whose session a request belongs to.  Broken, it
 * lets a planted copy of the cookie win over the real one (security 43, 44),
 * asks the store about garbage (45), or shows our cookie to the site behind us
 * and lets that site set it (46).
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "core/cookie.h"
#include "exact_pool.h"

#define SID   "__Host-mfa_user"
#define GOOD  "AbC-_09"


static int
clean(void **state)
{
    (void) state;
    pool_free();

    return 0;
}


/* One more line of a request: what it says of one name. */
static void
find_in(mfa_cookie_t *cookie, mfa_str_t line)
{
    int                 scattered;
    mfa_str_t           rest;
    const mfa_str_t     name = pool_text(SID);
    mfa_cookie_names_t  names;

    mfa_cookie_names(&names, &name, 1);
    (void) mfa_cookie_take(line, &names, cookie, &rest, &scattered);
}


static mfa_cookie_t
find(const char *line)
{
    mfa_cookie_t  cookie = { { NULL, 0 }, 0 };

    find_in(&cookie, pool_text(line));

    return cookie;
}


/* What the gate may go on with: one occurrence and a value. */
static int
usable(const mfa_cookie_t *cookie)
{
    return cookie->n == 1 && cookie->value.len != 0;
}


static void
check_finds(const char *line, const char *value)
{
    mfa_cookie_t  cookie = find(line);

    if (cookie.n != 1 || !mfa_str_is(cookie.value, value)) {
        fail_msg("\"%s\" gives %u times, \"%.*s\"", line, cookie.n,
                 (int) cookie.value.len, (const char *) cookie.value.data);
    }
}


static void
security_43_finds_the_exact_name_between_semicolons(void **state)
{
    (void) state;

    check_finds(SID "=" GOOD, GOOD);
    check_finds(SID "=" GOOD ";", GOOD);
    check_finds("a=1; " SID "=" GOOD, GOOD);
    check_finds("a=1;" SID "=" GOOD ";b=2", GOOD);
    check_finds("a=1;   " SID "=" GOOD "; b=2", GOOD);
    check_finds(";;;" SID "=" GOOD ";;;", GOOD);
    check_finds("a; " SID "=" GOOD, GOOD);
    check_finds("=; " SID "=" GOOD, GOOD);
    check_finds("x" SID "=1; " SID "x=2; " SID "=" GOOD, GOOD);
}


static void
security_43_takes_the_value_as_it_is(void **state)
{
    (void) state;

    check_finds(SID "=" GOOD " ; b=2", GOOD " ");
    check_finds(SID "= " GOOD, " " GOOD);
    check_finds(SID "=\"" GOOD "\"", "\"" GOOD "\"");
    check_finds(SID "=a=b==", "a=b==");
    check_finds(SID "=%41", "%41");
    check_finds(SID "=a,b", "a,b");
    check_finds(SID "=\t", "\t");
}


static void
security_43_sees_no_cookie_in_commas_quotes_or_values(void **state)
{
    size_t                    i;
    mfa_cookie_t              cookie;
    static const char *const  lines[] = {
        "", ";", ";;;", " ", "=", "a=b",
        "a=x, " SID "=EVIL",
        "a=x," SID "=EVIL",
        "a=\"x, " SID "=EVIL\"",
        "a=" SID "=EVIL",
        "=" SID "=EVIL",
        "$Version=1, " SID "=EVIL",
        "x" SID "=EVIL", SID "x=EVIL", SID ".=EVIL",
        "mfa_user=EVIL", "__Host-mfa_admin=EVIL",
        "\"" SID "\"=EVIL", SID "[]=EVIL",
        "a=%3b%20" SID "%3dEVIL",
        "\xe2\x80\x80" SID "=EVIL",
    };

    (void) state;

    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        cookie = find(lines[i]);

        if (cookie.n != 0 || cookie.value.len != 0) {
            fail_msg("\"%s\" was taken for our cookie", lines[i]);
        }
    }
}


static void
security_44_disguised_names_count_and_give_no_value(void **state)
{
    size_t                    i;
    mfa_cookie_t              cookie;
    static const char *const  lines[] = {
        "__host-mfa_user=EVIL", "__HOST-MFA_USER=EVIL", "__Host-mfa_useR=EVIL",
        " " SID "=EVIL", "\t" SID "=EVIL", "a=1;\t" SID "=EVIL",
        SID " =EVIL", SID "\t=EVIL", "a=1; " SID "  =EVIL",
        "a=1; \x0b" SID "=EVIL", SID "\x7f=EVIL", "a=1;\x01" SID "\x1f=EVIL",
        SID, "a=1; " SID, SID "=", " __hosT-mfa_user",
    };

    (void) state;

    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        cookie = find(lines[i]);

        if (cookie.n != 1 || cookie.value.len != 0) {
            fail_msg("\"%s\" counts %u", lines[i], cookie.n);
        }
    }
}


static void
security_44_two_of_them_are_none_in_any_order_and_over_lines(void **state)
{
    size_t                    i, j, k;
    char                      line[256];
    mfa_cookie_t              cookie;
    static const char *const  copies[] = {
        SID "=" GOOD, SID "=EVIL", SID "=", SID, "__host-mfa_user=EVIL",
        SID " =EVIL", "\t" SID "=EVIL",
    };
    static const char *const  joints[] = { ";", "; ", "; a=b; ", ";;  ", NULL };

    (void) state;

    for (i = 0; i < sizeof(copies) / sizeof(copies[0]); i++) {
        for (j = 0; j < sizeof(copies) / sizeof(copies[0]); j++) {

            for (k = 0; joints[k]; k++) {
                snprintf(line, sizeof(line), "%s%s%s", copies[i], joints[k],
                         copies[j]);
                cookie = find(line);
                assert_int_equal(cookie.n, 2);
                assert_false(usable(&cookie));
            }

            /* two header lines, or two crumbs of HTTP/2 */
            cookie = find(copies[i]);
            find_in(&cookie, pool_text(copies[j]));
            assert_int_equal(cookie.n, 2);
            assert_false(usable(&cookie));
        }
    }

    cookie = find(SID "=1;" SID "=2;" SID "=3");
    assert_int_equal(cookie.n, 3);
}


static void
security_44_a_later_copy_never_replaces_the_first_value(void **state)
{
    mfa_cookie_t  cookie;

    (void) state;

    cookie = find(SID "=" GOOD "; " SID "=EVIL");
    assert_true(mfa_str_is(cookie.value, GOOD));

    cookie = find("__host-mfa_user=x; " SID "=EVIL");
    assert_int_equal(cookie.value.len, 0);

    cookie = find("a=1");
    find_in(&cookie, pool_text(SID "=" GOOD));
    assert_true(usable(&cookie));
}


static void
security_45_long_and_cut_off_lines_are_read_to_their_end_only(void **state)
{
    size_t        len;
    char          line[8192 + 64];
    mfa_cookie_t  cookie;
    const char    text[] = "a=1; " SID "=" GOOD "; b=\"2\"";

    (void) state;

    for (len = 0; len < sizeof(text); len++) {
        memset(&cookie, 0, sizeof(cookie));
        find_in(&cookie, pool_bytes(text, len));

        assert_int_equal(cookie.n, len >= 5 + strlen(SID));

        /* the value grows a byte a time, up to its ';' */
        if (cookie.value.len != 0) {
            assert_memory_equal(cookie.value.data, GOOD, cookie.value.len);
        }
    }

    memset(line, 'A', sizeof(line));
    memcpy(line, SID "=", strlen(SID) + 1);
    memset(&cookie, 0, sizeof(cookie));
    find_in(&cookie, pool_bytes(line, sizeof(line)));
    assert_int_equal(cookie.n, 1);
    assert_int_equal(cookie.value.len, sizeof(line) - strlen(SID) - 1);

    memset(line, ';', sizeof(line));
    memset(&cookie, 0, sizeof(cookie));
    find_in(&cookie, pool_bytes(line, sizeof(line)));
    assert_int_equal(cookie.n, 0);
}


static const mfa_cookie_names_t *
ours(void)
{
    static mfa_cookie_names_t  names;
    static const mfa_str_t     both[] = { mfa_lit(SID),
                                          mfa_lit("__Host-mfa_admin") };

    mfa_cookie_names(&names, both, 2);

    return &names;
}


static void
check_strip(const char *line, const char *left, unsigned n)
{
    int           scattered;
    unsigned      out;
    mfa_str_t     rest;
    mfa_buf_t     buf = pool_buf(strlen(line) * 2);
    mfa_cookie_t  found[2] = { { { NULL, 0 }, 0 } };

    out = mfa_cookie_take(pool_text(line), ours(), found, &rest, &scattered);
    mfa_cookie_rest(&buf, pool_text(line), ours());

    assert_false(buf.failed);

    if (out != n || !buf_is(&buf, left)
        || (!scattered && !mfa_str_is(rest, left)))
    {
        fail_msg("\"%s\": %u left out, \"%.*s\" stays", line, out,
                 (int) buf.len, (const char *) buf.data);
    }
}


/* One pass over a line serves all names of all portals. */
static void
security_43_each_name_is_found_beside_the_others(void **state)
{
    int           scattered;
    mfa_str_t     rest;
    mfa_cookie_t  found[2] = { { { NULL, 0 }, 0 } };

    (void) state;

    assert_int_equal(mfa_cookie_take(pool_text("__Host-mfa_admin=A; x=1; "
                     SID "=U; __HOST-mfa_admin=B"), ours(), found, &rest,
                     &scattered), 3);
    assert_false(scattered);
    assert_true(mfa_str_is(rest, "x=1"));
    assert_int_equal(found[0].n, 1);
    assert_true(mfa_str_is(found[0].value, "U"));
    assert_int_equal(found[1].n, 2);
    assert_true(mfa_str_is(found[1].value, "A"));
}


static void
security_46_the_upstream_never_sees_our_cookies(void **state)
{
    (void) state;

    check_strip("", "", 0);
    check_strip(SID "=" GOOD, "", 1);
    check_strip(SID "=" GOOD ";", "", 1);
    check_strip("a=1; " SID "=" GOOD "; b=2", "a=1; b=2", 1);
    check_strip(SID "=x; a=1", "a=1", 1);
    check_strip("a=1; " SID "=x", "a=1", 1);
    check_strip("__Host-mfa_admin=x; a=1;" SID "=y", "a=1", 2);
    check_strip("a=1; __host-MFA_user=x", "a=1", 1);
    check_strip("a=1; " SID " =x;\t" SID "=y; " SID, "a=1", 3);
    check_strip("a=1;;" SID "=x;; b=2", "a=1; b=2", 1);
}


static void
security_46_other_cookies_keep_their_bytes_and_order(void **state)
{
    (void) state;

    check_strip("a=1; b=2", "a=1; b=2", 0);
    check_strip("b=2;a=1", "b=2; a=1", 0);
    check_strip("a=\"x, y\" ; A=\xff; c", "a=\"x, y\" ; A=\xff; c", 0);
    check_strip("x" SID "=1; " SID "x=2", "x" SID "=1; " SID "x=2", 0);
    check_strip("a=" SID "; =; " SID "=z", "a=" SID "; =", 1);
}


static void
security_46_a_buffer_too_small_is_told(void **state)
{
    size_t       cap;
    mfa_buf_t    buf;
    const char  *line = "a=1;" SID "=x;b=2;c=3";
    const char  *left = "a=1; b=2; c=3";

    (void) state;

    for (cap = 0; cap < strlen(left); cap++) {
        buf = pool_buf(cap);
        mfa_cookie_rest(&buf, pool_text(line), ours());
        assert_true(buf.failed);
    }

    buf = pool_buf(strlen(left));
    mfa_cookie_rest(&buf, pool_text(line), ours());
    assert_false(buf.failed);
    assert_true(buf_is(&buf, left));
}


/* Mostly ours is the first or the last: nothing need be written then. */
static void
pairs_side_by_side_stay_where_they_are(void **state)
{
    int                       scattered;
    size_t                    i;
    mfa_str_t                 rest, line;
    mfa_cookie_t              found[2] = { { { NULL, 0 }, 0 } };
    static const char *const  together[] = {
        SID "=x; a=1; b=2", "a=1; b=2; " SID "=x",
        "__Host-mfa_admin=x; a=1; b=2;" SID "=y", ";;a=1; b=2;;" SID "=x",
        "a=1; b=2"
    };
    static const char *const  apart[] = {
        "a=1; " SID "=x; b=2", "a=1;b=2; " SID "=x", "a=1;; b=2"
    };

    (void) state;

    for (i = 0; i < sizeof(together) / sizeof(together[0]); i++) {
        line = pool_text(together[i]);
        (void) mfa_cookie_take(line, ours(), found, &rest, &scattered);

        assert_false(scattered);
        assert_true(mfa_str_is(rest, "a=1; b=2"));
        assert_true(rest.data >= line.data);
        assert_true(rest.data + rest.len <= line.data + line.len);
    }

    for (i = 0; i < sizeof(apart) / sizeof(apart[0]); i++) {
        (void) mfa_cookie_take(pool_text(apart[i]), ours(), found, &rest,
                               &scattered);
        assert_true(scattered);
    }
}


static void
security_46_an_upstream_cannot_set_our_cookies(void **state)
{
    size_t                    i;
    static const char *const  bad[] = {
        SID "=EVIL", SID "=EVIL; Path=/; Secure", SID "=", SID "=; Max-Age=0",
        " " SID "=EVIL", SID " =EVIL", "\t" SID "\t= EVIL; HttpOnly",
        "__HOST-MFA_USER=EVIL", "__Host-mfa_admin=EVIL",
        "=" SID "=EVIL", " = " SID "=EVIL", "==" SID "=EVIL",
        SID, SID "; Path=/",
    };
    static const char *const  fine[] = {
        "", ";", "=", "a=b", "a=" SID, "a=b; " SID "=EVIL", "x" SID "=1",
        SID "x=1", "mfa_user=1", "a=b, " SID "=EVIL", "=a=" SID,
    };

    (void) state;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (!mfa_cookie_sets(pool_text(bad[i]), ours())) {
            fail_msg("\"%s\" gets through", bad[i]);
        }
    }

    for (i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
        if (mfa_cookie_sets(pool_text(fine[i]), ours())) {
            fail_msg("\"%s\" is not ours", fine[i]);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_teardown(
            security_43_finds_the_exact_name_between_semicolons, clean),
        cmocka_unit_test_teardown(
            security_43_takes_the_value_as_it_is, clean),
        cmocka_unit_test_teardown(
            security_43_sees_no_cookie_in_commas_quotes_or_values, clean),
        cmocka_unit_test_teardown(
            security_44_disguised_names_count_and_give_no_value, clean),
        cmocka_unit_test_teardown(
            security_44_two_of_them_are_none_in_any_order_and_over_lines,
            clean),
        cmocka_unit_test_teardown(
            security_44_a_later_copy_never_replaces_the_first_value, clean),
        cmocka_unit_test_teardown(
            security_45_long_and_cut_off_lines_are_read_to_their_end_only,
            clean),
        cmocka_unit_test_teardown(
            security_43_each_name_is_found_beside_the_others, clean),
        cmocka_unit_test_teardown(
            security_46_the_upstream_never_sees_our_cookies, clean),
        cmocka_unit_test_teardown(
            security_46_other_cookies_keep_their_bytes_and_order, clean),
        cmocka_unit_test_teardown(
            security_46_a_buffer_too_small_is_told, clean),
        cmocka_unit_test_teardown(
            pairs_side_by_side_stay_where_they_are, clean),
        cmocka_unit_test_teardown(
            security_46_an_upstream_cannot_set_our_cookies, clean),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("cookie", tests, NULL, NULL);
}
