/*
 * What the directives of an mfa_portal block say together, once the block ends:
 * the names of cookies, what does not go together, the bound on wrong codes.
 * When this breaks, a session cookie loses its __Host- prefix unnoticed.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/cookie.h"
#include "core/portal.h"
#include "exact_pool.h"


static mfa_portal_t  portal;
static uint8_t       room[512];
static mfa_buf_t     why;


static int
teardown(void **state)
{
    (void) state;
    pool_free();

    return 0;
}


/* A block with one directive, with some between semicolons, or with none. */
static int
finishes(const char *lines, mfa_buf_t *names)
{
    mfa_str_t  argv[8], rest, more;
    size_t     n;

    assert_int_equal(mfa_portal_init(&portal, pool_text("user")), 0);
    mfa_buf_init(&why, room, sizeof(room));
    more = lines ? pool_text(lines) : (mfa_str_t) { NULL, 0 };

    while (more.len) {
        mfa_str_cut(more, ';', &rest, &more);

        for (n = 0; rest.len; n++) {
            mfa_str_cut(rest, ' ', &argv[n], &rest);
        }

        assert_int_equal(mfa_portal_set(&portal, argv, n, &why), 0);
    }

    return mfa_portal_finish(&portal, names, &why);
}


/* security 42: __Host- unless there is a domain, which does not go with it. */
static void
security_42_cookies_are_named_for_this_host_alone(void **state)
{
    size_t     i;
    mfa_buf_t  names;

    static const struct {
        const char  *line;
        const char  *name;
        const char  *plain;
    } cases[] = {
        { NULL, "__Host-mfa_user", "mfa_user" },
        { "cookie secure=auto", "__Host-mfa_user", "mfa_user" },
        { "cookie domain=example.org", "mfa_user", "mfa_user" },
        { "cookie name=sid", "sid", "sid" },
        { "cookie name=__Host-sid", "__Host-sid", "sid" },
        { "cookie name=__Secure-sid", "__Secure-sid", "__Secure-sid" },
        { "cookie name=sid domain=example.org", "sid", "sid" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        names = pool_buf(MFA_COOKIE_NAME_MAX);
        assert_int_equal(finishes(cases[i].line, &names), 0);
        assert_true(mfa_str_is(portal.cookie_name, cases[i].name));
        assert_true(mfa_str_is(portal.cookie_plain, cases[i].plain));
    }

    assert_int_equal(mfa_portal_init(&portal, pool_text(
                     "abcdefghijklmnopqrstuvwxyz012345")), 0);
    names = pool_buf(MFA_COOKIE_NAME_MAX);
    assert_int_equal(mfa_portal_finish(&portal, &names, &why), 0);
}


static void
what_does_not_go_together_is_refused_at_the_end(void **state)
{
    mfa_buf_t  names;

    (void) state;

    names = pool_buf(MFA_COOKIE_NAME_MAX);
    assert_int_equal(finishes("session idle=13h", &names), -1);
    assert_true(buf_is(&why, "session idle= is longer than absolute="));
    assert_int_equal(finishes("session idle=12h", &names), 0);

    assert_int_equal(finishes("cookie name=__Host-x domain=a.org", &names), -1);
    assert_true(why.len > 0);
    assert_int_equal(finishes("cookie name=__Host-", &names), -1);
    assert_true(why.len > 0);

    names = pool_buf(10);
    assert_int_equal(finishes(NULL, &names), -1);
    assert_true(buf_is(&why, "cookie name is too long"));
}


/* Nobody would ever get the link that the portal forces upon its accounts. */
static void
a_forced_password_reset_needs_its_mail_and_a_password(void **state)
{
    mfa_buf_t  names;

    (void) state;

    names = pool_buf(MFA_COOKIE_NAME_MAX);
    assert_int_equal(finishes("on_require mail=password_reset", &names), -1);
    assert_true(buf_is(&why, "on_require mail=password_reset needs mail from= "
                       "and base_url="));
    assert_int_equal(finishes("on_require mail=password_reset;"
                              "mail from=a@b.org", &names), -1);
    assert_int_equal(finishes("on_require mail=password_reset;"
                              "mail from=a@b.org base_url=https://b.org",
                              &names), 0);
    assert_int_equal(finishes("on_require mail=password_reset;"
                              "mail from=a@b.org base_url=https://b.org;"
                              "first_factor request=/check", &names), -1);
    assert_true(buf_is(&why, "on_require mail=password_reset needs "
                       "first_factor local"));
}


/* security 15: a factor stands ten wrong codes in a row, a hundred at most. */
static void
security_15_the_run_of_wrong_codes_is_bounded(void **state)
{
    size_t  i;

    static const int64_t  cases[][2] = {
        { 1, 10 }, { 5, 10 }, { 10, 10 }, { 11, 11 }, { 100, 100 },
        { 101, 100 }, { 1000000, 100 }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        portal.limit_code.n = cases[i][0];
        assert_int_equal(mfa_portal_code_run_max(&portal), cases[i][1]);
    }
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_teardown(t, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(security_42_cookies_are_named_for_this_host_alone),
        TEST(what_does_not_go_together_is_refused_at_the_end),
        TEST(a_forced_password_reset_needs_its_mail_and_a_password),
        TEST(security_15_the_run_of_wrong_codes_is_bounded)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("portal_finish", tests, NULL, NULL);
}
