/*
 * What an account is found by.  Broken, somebody is not found by a name he has,
 * is found by one he has not, or is listed twice.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/search.h"

static mfa_search_t  words;


/* The entries as "word/login word/login ", NUL as '/'. */
static const char *
entries(const char *login, const char *email, const char *name)
{
    size_t       i, k;
    mfa_buf_t    b;
    static char  text[2048];

    mfa_search_entries(&words, mfa_str_from(login), mfa_str_from(email),
                       mfa_str_from(name));
    mfa_buf_init(&b, text, sizeof(text) - 1);

    for (i = 0; i < words.n; i++) {
        mfa_buf_str(&b, words.entries[i]);
        mfa_buf_byte(&b, '|');
    }

    for (k = 0; k < b.len; k++) {
        text[k] = text[k] ? text[k] : '/';
    }

    text[b.len] = '\0';

    return text;
}


static void
an_account_has_its_words(void **state)
{
    (void) state;

    assert_string_equal(entries("al", "", ""), "al/al|");
    assert_string_equal(entries("al", "A@Example.ORG", "Al van Smith"),
                        "al/al|a@example.org/al|al van smith/al|van smith/al"
                        "|smith/al|");
    /* no two alike, no empty ones */
    assert_string_equal(entries("al", "al", "AL"), "al/al|");
    assert_string_equal(entries("al", "", "  a   b "),
                        "al/al|a   b /al|b /al|");
    /* not more than are kept */
    assert_string_equal(entries("al", "", "a b c d e f"),
                        "al/al|a b c d e f/al|b c d e f/al|c d e f/al"
                        "|d e f/al|");
}


static void
long_words_are_cut_between_characters(void **state)
{
    char  name[MFA_NAME_MAX + 1];

    (void) state;

    memset(name, 'x', sizeof(name));
    name[MFA_NAME_MAX] = '\0';
    memcpy(&name[63], "\xc3\xb6", 2);
    entries("al", "", name);
    assert_int_equal(words.n, 2);
    assert_int_equal(words.entries[1].len, 63 + 1 + 2);

    memcpy(&name[62], "\xc3\xb6x", 3);
    entries("al", "", name);
    assert_int_equal(words.entries[1].len, 64 + 1 + 2);
}


static void
the_longest_account_has_room(void **state)
{
    char  login[MFA_LOGIN_MAX + 1], email[MFA_EMAIL_MAX + 1];
    char  name[MFA_NAME_MAX + 1];

    (void) state;
    memset(login, 'l', sizeof(login));
    memset(email, 'e', sizeof(email));
    memset(name, 'n', sizeof(name));
    login[MFA_LOGIN_MAX] = email[MFA_EMAIL_MAX] = name[MFA_NAME_MAX] = '\0';
    name[1] = name[3] = name[5] = name[7] = ' ';

    mfa_search_entries(&words, mfa_str_from(login), mfa_str_from(email),
                       mfa_str_from(name));
    assert_int_equal(words.n, MFA_SEARCH_ENTRIES_MAX);
    assert_false(words.room.failed);
}


static const char *
typed(const char *text)
{
    mfa_str_t    s;
    static char  out[MFA_SEARCH_WORD_MAX + 1];

    s = mfa_search_typed(mfa_str_from(text), (uint8_t *) out);
    out[s.len] = '\0';

    return out;
}


static void
what_is_typed_is_brought_into_form(void **state)
{
    char  text[300];

    (void) state;

    assert_string_equal(typed("  Van SMITH "), "van smith");
    assert_string_equal(typed("   "), "");
    assert_string_equal(typed("a\x1b[31m\tb\x7f"), "a[31mb");

    memset(text, 'a', sizeof(text));
    text[299] = '\0';
    assert_int_equal(strlen(typed(text)), MFA_SEARCH_WORD_MAX);
}


static void
an_entry_names_a_login(void **state)
{
    (void) state;

    assert_true(mfa_str_is(mfa_search_login(mfa_lit("smith\0al")), "al"));
    assert_int_equal(mfa_search_login(mfa_lit("smith")).len, 0);
    assert_int_equal(mfa_search_login(mfa_lit("smith\0")).len, 0);
    assert_int_equal(mfa_search_login(mfa_lit("smith\0Al")).len, 0);
    assert_int_equal(mfa_search_login(mfa_lit("smith\0al\0b")).len, 0);
    assert_int_equal(mfa_search_login(mfa_lit("")).len, 0);
}


static void
an_account_is_shown_for_its_first_entry(void **state)
{
    (void) state;
    entries("smi", "smith@x.example", "Ann Smith");

    assert_true(mfa_search_is_first(&words, mfa_lit("smi"),
                                    mfa_lit("smi\0smi")));
    assert_false(mfa_search_is_first(&words, mfa_lit("smi"),
                                     mfa_lit("smith\0smi")));
    assert_true(mfa_search_is_first(&words, mfa_lit("smith"),
                                    mfa_lit("smith\0smi")));
    assert_false(mfa_search_is_first(&words, mfa_lit("smith"),
                                     mfa_lit("smith@x.example\0smi")));
    assert_true(mfa_search_is_first(&words, mfa_lit("smith@"),
                                    mfa_lit("smith@x.example\0smi")));
    /* an entry that is not his, or does not begin so */
    assert_false(mfa_search_is_first(&words, mfa_lit("jones"),
                                     mfa_lit("jones\0smi")));
    assert_false(mfa_search_is_first(&words, mfa_lit("ann"),
                                     mfa_lit("smith\0smi")));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(an_account_has_its_words),
        cmocka_unit_test(long_words_are_cut_between_characters),
        cmocka_unit_test(the_longest_account_has_room),
        cmocka_unit_test(what_is_typed_is_brought_into_form),
        cmocka_unit_test(an_entry_names_a_login),
        cmocka_unit_test(an_account_is_shown_for_its_first_entry),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("search", tests, NULL, NULL);
}
