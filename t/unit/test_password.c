/*
 * What is taken for a password record and for a new password.  Broken, a locked
 * record ("!") could be matched, an unknown login would cost less than a known
 * one (security 4), or a password would be cut or changed on its way (security
 * 3, 9).
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <crypt.h>

#include "core/flow.h"
#include "core/password.h"
#include "core/role.h"
#include "exact_pool.h"


static int
clean(void **state)
{
    (void) state;
    pool_free();

    return 0;
}


static void
the_dummy_is_a_hash_of_the_default_cost(void **state)
{
    char               setting[CRYPT_GENSALT_OUTPUT_SIZE], *made;
    mfa_str_t          dummy, params, rest;
    struct crypt_data  data;

    (void) state;
    memset(&data, 0, sizeof(data));
    dummy = mfa_str_from(mfa_password_dummy);

    assert_true(mfa_password_format_check(dummy));
    assert_true(mfa_password_preferred(dummy));

    assert_non_null(crypt_gensalt_rn(MFA_PASSWORD_PREFIX, 0, NULL, 0, setting,
                                     sizeof(setting)));
    /* "$y$" and the cost, up to the salt */
    rest = mfa_str_from(setting);
    rest.data += 3;
    rest.len -= 3;
    assert_true(mfa_str_cut(rest, '$', &params, &rest));
    assert_memory_equal(mfa_password_dummy, setting, 3 + params.len + 1);

    made = crypt_r("password", mfa_password_dummy, &data);
    assert_non_null(made);
    assert_int_equal(strlen(made), dummy.len);
    assert_memory_equal(made, mfa_password_dummy, 3 + params.len + 1);
    assert_string_not_equal(made, mfa_password_dummy);
}


static void
crypt_strings_are_recognised(void **state)
{
    size_t             i;
    struct crypt_data  data;
    char               setting[CRYPT_GENSALT_OUTPUT_SIZE], *made;

    static const char *const  kinds[] = {
        "$y$", "$gy$", "$7$", "$2b$", "$6$", "$5$", "$1$"
    };

    (void) state;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        memset(&data, 0, sizeof(data));
        assert_non_null(crypt_gensalt_rn(kinds[i], 0, NULL, 0, setting,
                                         sizeof(setting)));
        made = crypt_r("password", setting, &data);
        assert_non_null(made);

        if (!mfa_password_format_check(pool_text(made))) {
            fail_msg("%s", made);
        }

        assert_int_equal(mfa_password_preferred(pool_text(made)), i == 0);
    }

    assert_true(mfa_password_format_check(
                pool_text("$sha1$rounds=1,x-y$./$Az09")));
}


static void
what_is_no_crypt_string_is_refused(void **state)
{
    int      c, taken;
    size_t   i;
    uint8_t  text[MFA_HASH_TEXT_MAX + 1];

    static const char *const  bad[] = {
        "", "$", "$$", "$y", "$y$", "$$x", "!", "*", "!$6$a$b", "*0", "x",
        "abcdefghijkl", "abcdefghijklmn", "abcdefghijkl!", "_abcdefghijkl",
        "_abcdefghijklmnopqr", "abcdefghijklmnopqrst",
        "$6$a:b", "$6$a b", "$6$a\nb", "$6$a%s", "$6$a\xc3\xa4", "6$a$b"
    };

    (void) state;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (mfa_password_format_check(pool_text(bad[i]))) {
            fail_msg("\"%s\" was taken", bad[i]);
        }
    }

    /* security 3: traditional DES would ignore all but eight bytes */
    assert_false(mfa_password_format_check(mfa_lit("abJnggxhB/yWI")));
    assert_true(mfa_password_format_check(mfa_lit("_J9..saltuYEvO.DUAWk")));

    for (c = 0, taken = 0; c < 256; c++) {
        memcpy(text, "$6$ab", 5);
        text[4] = (uint8_t) c;
        taken += mfa_password_format_check(pool_bytes(text, 5));
    }

    assert_int_equal(taken, 62 + 6);

    memset(text, 'a', sizeof(text));
    memcpy(text, "$6$", 3);
    assert_true(mfa_password_format_check(
                pool_bytes(text, MFA_HASH_TEXT_MAX - 1)));
    assert_false(mfa_password_format_check(
                 pool_bytes(text, MFA_HASH_TEXT_MAX)));
}


static void
check_new(const char *password, size_t len, const char *expected)
{
    const char     *why;
    mfa_portal_t    portal;
    mfa_account_t   account;

    memset(&account, 0, sizeof(account));
    account.login = mfa_lit("alice@example.com");
    account.name = mfa_lit("Alice Liddell");
    assert_int_equal(mfa_portal_init(&portal, mfa_lit("user")), 0);

    why = mfa_password_new_check(pool_bytes(password, len), &portal, &account);

    if ((why == NULL) != (expected == NULL)
        || (why != NULL && strcmp(why, expected) != 0))
    {
        fail_msg("\"%.*s\": %s", (int) len, password, why ? why : "taken");
    }
}


static void
security_9_new_passwords(void **state)
{
    size_t  i;
    char    text[MFA_PASSWORD_MAX + 1];

    (void) state;

    for (i = 0; i < sizeof(text); i++) {
        text[i] = (char) ('a' + i * i % 23 % 20);
    }

    check_new("", 0, "short");
    check_new("1234567", 7, "short");
    check_new("12345678", 8, "common");
    check_new("Password1", 9, "common");
    check_new("alice liddell", 13, "common");
    check_new("xxxxxxxxxxxx", 12, "common");
    check_new("demo-pass", 9, NULL);
    check_new(" 234567 ", 8, NULL);
    check_new("P\xc3\xa4sswort", 9, NULL);
    check_new(text, 64, NULL);
    check_new(text, MFA_PASSWORD_MAX, NULL);
    check_new(text, MFA_PASSWORD_MAX + 1, "long");
    check_new("pass\0word", 9, "encoding");
    check_new("password\0", 9, "encoding");
    check_new("password\n", 9, "encoding");
    check_new("\xff\xfe passw", 8, "encoding");
    check_new("alice@example.com", 17, "login");
    check_new("Alice@Example.COM", 17, "login");
    check_new("  alice@example.com", 19, "login");
    check_new("alice@example.co", 16, NULL);
}


static void
roles_are_the_eight_and_no_others(void **state)
{
    int         role;
    mfa_str_t   name;

    (void) state;
    assert_int_equal(MFA_ROLE_N, 9);

    for (role = MFA_ROLE_NONE + 1; role < MFA_ROLE_N; role++) {
        name = mfa_str_from(mfa_role_name((mfa_role_e) role));
        assert_true(name.len > 0);
        assert_int_equal(mfa_role_find(name), role);

        name.len--;
        assert_int_not_equal(mfa_role_find(name), role);
    }

    assert_int_equal(mfa_role_find(mfa_lit("command_runner_with_billing")),
                     MFA_ROLE_COMMAND_RUNNER_WITH_BILLING);
    assert_int_equal(mfa_role_find(mfa_lit("")), MFA_ROLE_NONE);
    assert_int_equal(mfa_role_find(mfa_lit("Administrator")), MFA_ROLE_NONE);
    assert_string_equal(mfa_role_name(MFA_ROLE_NONE), "");
    assert_string_equal(mfa_role_name((mfa_role_e) 99), "");
    assert_string_equal(mfa_role_name((mfa_role_e) -1), "");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_teardown(the_dummy_is_a_hash_of_the_default_cost,
                                  clean),
        cmocka_unit_test_teardown(crypt_strings_are_recognised, clean),
        cmocka_unit_test_teardown(what_is_no_crypt_string_is_refused, clean),
        cmocka_unit_test_teardown(security_9_new_passwords, clean),
        cmocka_unit_test_teardown(roles_are_the_eight_and_no_others, clean),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("password", tests, NULL, NULL);
}
