/*
 * Passwords that are guessed first: the table is what the search in it needs, what
 * is on the list is refused in any case of letters, and what merely holds such a
 * word is not.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/common_password.h"
#include "exact_pool.h"


static mfa_portal_t   portal;
static mfa_account_t  account;


static int
setup(void **state)
{
    (void) state;

    memset(&account, 0, sizeof(account));
    mfa_portal_init(&portal, mfa_lit("user"));
    portal.issuer = mfa_lit("Example Inc");
    portal.brand_name = mfa_lit("Our Portal");
    account.login = mfa_lit("alice.miller");
    account.email = mfa_lit("Alice.Private@example.com");
    account.name = mfa_lit("Alice Miller");

    return 0;
}


static int
common(const char *text)
{
    return mfa_common_password(pool_bytes(text, strlen(text)), &portal,
                               &account);
}


static void
security_9_what_is_guessed_first_is_refused(void **state)
{
    size_t  i;

    static const char *const  bad[] = {
        /* the ends and the middle of the table, in any case */
        "!@#$%^&*", "zxcvzxcv", "password", "PassWord1", "P@SSW0RD", "iloveyou",
        "correcthorsebatterystaple", "Sommer2026", "motdepasse", "trustno1",
        /* the account and the portal */
        "alice.miller", "ALICE.MILLER", "alice.private",
        "alice.private@example.com", "alice miller", "example inc",
        "our portal",
        /* what fingers do by themselves */
        "xxxxxxxx", "XxXxXxXx", "abababab", "abcabcabcab", "12ab12ab",
        "abcdefgh", "HGFEDCBA", "stuvwxyz", "23456789", "90123456", "76543210",
        "ertzuiop", "wertyuio", "lkjhgfdsa", "/.,mnbvcxz"
    };

    static const char *const  good[] = {
        "passwordx y", "my password", "alice.miller2", "abcdefgz", "1234567x",
        "correct horse battery", "aaaaaaab", "abcdeabcd", "\xc3\xa4\xc3\xb6 fine",
        "a long one that is longer than any of the table is, and not in it"
    };

    (void) state;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (!common(bad[i])) {
            fail_msg("\"%s\" is taken", bad[i]);
        }
    }

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (common(good[i])) {
            fail_msg("\"%s\" is refused", good[i]);
        }
    }
}


/* What nobody has told is no password either. */
static void
an_account_of_which_nothing_is_known_forbids_nothing_more(void **state)
{
    (void) state;

    memset(&account, 0, sizeof(account));
    account.login = mfa_lit("x");
    portal.brand_name = mfa_lit("");
    assert_false(common("alice.miller"));
    assert_true(common("password"));
}


/* A search by halves finds what is sorted, and only that. */
static void
the_table_is_sorted_and_in_lower_case(void **state)
{
    size_t       i;
    const char  *word, *before;

    (void) state;

    before = "";

    for (i = 0; (word = mfa_common_password_at(i)) != NULL; i++) {
        if (strcmp(before, word) >= 0 || strlen(word) < 8 || !common(word)) {
            fail_msg("\"%s\" behind \"%s\"", word, before);
        }

        for (before = word; *before; before++) {
            assert_true(*before < 'A' || *before > 'Z');
        }

        before = word;
    }

    assert_true(i > 300);
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup(t, setup)

    const struct CMUnitTest  tests[] = {
        TEST(security_9_what_is_guessed_first_is_refused),
        TEST(an_account_of_which_nothing_is_known_forbids_nothing_more),
        TEST(the_table_is_sorted_and_in_lower_case)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("common_password", tests, NULL, NULL);
}
