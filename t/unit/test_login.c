/*
 * Canonical logins (security 6): one person, one name.  When this breaks, two
 * spellings are two accounts or two counters of failed attempts.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/token.h"
#include "exact.h"


static void
security_6_spellings_of_a_login_are_one(void **state)
{
    size_t     i;
    exact_t    e;
    uint8_t    room[8];
    mfa_buf_t  b;

    static const char *const  same[] = {
        "alice", "Alice", "ALICE", "aLiCe", " alice", "alice ", "\talice\t",
        "   ALICE   "
    };

    (void) state;

    for (i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        e = exact_copy(mfa_str_from(same[i]));
        mfa_buf_init(&b, room, 6);
        b.len = 1;
        assert_int_equal(mfa_login_canonical(e.s, &b), 0);
        assert_true(mfa_str_is(mfa_buf_since(&b, 1), "alice"));
        exact_free(e);
    }
}


static void
security_6_what_could_look_like_another_login_is_refused(void **state)
{
    size_t     i;
    exact_t    e;
    uint8_t    room[MFA_LOGIN_MAX];
    mfa_buf_t  b;

    static const char *const  bad[] = {
        "", " ", "\t \t", "al ice", "alice\n", "\nalice", "alice\r",
        "alice\v", "ali\tce", "alice\x7f", "alice!", "alice/", "alice:",
        "alice[", "alice`", "alice{", "alice,bob", "alice;", "alice*",
        "alice%", "{user}", "al\\ice", "\"alice\"",
        "\uff41lice",                       /* fullwidth a */
        "\u0430lice",                       /* Cyrillic a */
        "al\u0131ce",                       /* dotless i */
        "\u212aim", "\u017fam",             /* Kelvin, long s: fold to ASCII */
        "alic\u00e9", "alice\u0301", "\u00a0alice", "alice\u200b", "\xc1lice",
        "\xff"
    };

    (void) state;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        e = exact_copy(mfa_str_from(bad[i]));
        mfa_buf_init(&b, room, sizeof(room));
        b.len = 2;
        assert_int_equal(mfa_login_canonical(e.s, &b), -1);
        assert_int_equal(b.len, 2);
        assert_false(mfa_login_check(e.s));
        exact_free(e);
    }

    mfa_buf_init(&b, room, sizeof(room));
    assert_int_equal(mfa_login_canonical(mfa_lit("alice\0"), &b), -1);
    assert_int_equal(mfa_login_canonical(mfa_lit("alice\0bob"), &b), -1);
    assert_int_equal(mfa_login_canonical((mfa_str_t) { NULL, 0 }, &b), -1);
}


static void
security_6_a_canonical_login_stays_as_it_is(void **state)
{
    unsigned   c, n;
    exact_t    e;
    uint8_t    byte, room[64];
    mfa_buf_t  b;

    (void) state;

    n = 0;

    for (c = 0; c < 256; c++) {
        byte = (uint8_t) c;
        e = exact_copy((mfa_str_t) { &byte, 1 });
        n += (unsigned) mfa_login_check(e.s);

        mfa_buf_init(&b, room, sizeof(room));

        if (mfa_login_canonical(e.s, &b) == 0) {
            assert_true(mfa_login_check(mfa_buf_since(&b, 0)));
            assert_int_equal(mfa_str_eq(mfa_buf_since(&b, 0), e.s),
                             mfa_login_check(e.s));
        } else {
            assert_false(mfa_login_check(e.s));
        }

        exact_free(e);
    }

    /* of a dot alone there is no path */
    assert_int_equal(n, 26 + 10 + 4);
    assert_false(mfa_login_check(mfa_lit("..")));
    assert_true(mfa_login_check(mfa_lit("...")));
    assert_false(mfa_login_check(mfa_lit("Alice")));

    mfa_buf_init(&b, room, sizeof(room));
    assert_int_equal(mfa_login_canonical(mfa_lit("a.b_c-d+9@x.org"), &b), 0);
    assert_true(mfa_str_is(mfa_buf_since(&b, 0), "a.b_c-d+9@x.org"));
}


static void
logins_have_a_longest_length(void **state)
{
    exact_t    e;
    uint8_t    login[MFA_LOGIN_MAX + 2], room[MFA_LOGIN_MAX];
    mfa_buf_t  b;

    (void) state;

    memset(login, 'A', sizeof(login));
    login[MFA_LOGIN_MAX + 1] = ' ';

    mfa_buf_init(&b, room, sizeof(room));
    e = exact_copy((mfa_str_t) { login, MFA_LOGIN_MAX + 1 });
    assert_int_equal(mfa_login_canonical(e.s, &b), -1);
    exact_free(e);

    e = exact_copy((mfa_str_t) { login, MFA_LOGIN_MAX });
    assert_int_equal(mfa_login_canonical(e.s, &b), 0);
    assert_int_equal(b.len, MFA_LOGIN_MAX);
    assert_true(mfa_login_check(mfa_buf_since(&b, 0)));
    exact_free(e);

    /* blanks around it do not count */

    mfa_buf_init(&b, room, sizeof(room));
    e = exact_copy((mfa_str_t) { login + 2, MFA_LOGIN_MAX });
    assert_int_equal(mfa_login_canonical(e.s, &b), 0);
    assert_int_equal(b.len, MFA_LOGIN_MAX - 1);
    exact_free(e);

    memset(login, 'a', sizeof(login));
    assert_false(mfa_login_check((mfa_str_t) { login, MFA_LOGIN_MAX + 1 }));

    mfa_buf_init(&b, room, 4);
    assert_int_equal(mfa_login_canonical(mfa_lit("alice"), &b), -1);
    assert_int_equal(b.len, 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(security_6_spellings_of_a_login_are_one),
        cmocka_unit_test(
            security_6_what_could_look_like_another_login_is_refused),
        cmocka_unit_test(security_6_a_canonical_login_stays_as_it_is),
        cmocka_unit_test(logins_have_a_longest_length)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("login", tests, NULL, NULL);
}
