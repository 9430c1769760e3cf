/*
 * Reading an account from what the store answered: every shape of an answer,
 * every field missing or damaged, and the rule that contradictory factor data
 * is a fault (security 21).  When this breaks, a half-lost record reads as "not
 * enrolled" and the factor is gone.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/account.h"
#include "exact_pool.h"

#define LOGIN  mfa_lit("alice")


static mfa_reply_t    elements[MFA_ACCOUNT_N + 1];
static mfa_reply_t    reply;
static mfa_account_t  account;


static void
field(mfa_account_field_e f, const char *text)
{
    elements[f].type = text ? MFA_REPLY_STRING : MFA_REPLY_NIL;
    elements[f].str = text ? pool_text(text) : (mfa_str_t) { NULL, 0 };
}


/* A complete record of an enrolled, validated account. */
static int
setup(void **state)
{
    size_t  f;

    static const char *const  texts[MFA_ACCOUNT_N] = {
        [MFA_ACCOUNT_CREATED] = "1700000000",
        [MFA_ACCOUNT_EMAIL] = "alice@example.org",
        [MFA_ACCOUNT_NAME] = "Alice",
        [MFA_ACCOUNT_ROLE] = "manager",
        [MFA_ACCOUNT_DIRECTORY] = "ad",
        [MFA_ACCOUNT_GENERATION] = "7",
        [MFA_ACCOUNT_DISABLED] = "0",
        [MFA_ACCOUNT_REQUIRED] = "1",
        [MFA_ACCOUNT_DEADLINE] = "1700600000",
        [MFA_ACCOUNT_ENROLLED] = "1700000100",
        [MFA_ACCOUNT_SECRET_ID] = "abcdefghijk",
        [MFA_ACCOUNT_VALIDATED] = "abcdefghijk",
        [MFA_ACCOUNT_SECRET] = "1.k1.sealed",
        [MFA_ACCOUNT_VERSION] = "12",
        [MFA_ACCOUNT_LOCALE] = "en",
        [MFA_ACCOUNT_WIDGET] = "off",
        [MFA_ACCOUNT_RESET] = "1700000050",
        [MFA_ACCOUNT_PASSWORD] = "$y$x$y"
    };

    (void) state;

    for (f = 0; f < MFA_ACCOUNT_N; f++) {
        assert_non_null(texts[f]);
        field((mfa_account_field_e) f, texts[f]);
    }

    reply.type = MFA_REPLY_ARRAY;
    reply.n = MFA_ACCOUNT_N;
    reply.elements = elements;

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    pool_free();

    return 0;
}


static mfa_tri_e
decode(void)
{
    memset(&account, 0xaa, sizeof(account));

    return mfa_account_decode(&account, LOGIN, &reply, reply.n);
}


static int
faulty(void)
{
    assert_int_equal(decode(), MFA_YES);

    return account.fault;
}


static void
a_whole_record_is_read(void **state)
{
    (void) state;

    assert_int_equal(decode(), MFA_YES);
    assert_true(mfa_str_is(account.login, "alice"));
    assert_true(mfa_str_is(account.email, "alice@example.org"));
    assert_true(mfa_str_is(account.name, "Alice"));
    assert_true(mfa_str_is(account.role, "manager"));
    assert_true(mfa_str_is(account.directory, "ad"));
    assert_true(mfa_str_is(account.secret_id, "abcdefghijk"));
    assert_true(mfa_str_is(account.secret, "1.k1.sealed"));
    assert_true(mfa_str_is(account.locale, "en"));
    assert_true(mfa_str_is(account.password, "$y$x$y"));
    assert_int_equal(account.created, 1700000000);
    assert_int_equal(account.generation, 7);
    assert_int_equal(account.version, 12);
    assert_int_equal(account.deadline, 1700600000);
    assert_int_equal(account.enrolled, 1700000100);
    assert_int_equal(account.required, 1);
    assert_int_equal(account.disabled, 0);
    assert_int_equal(account.validated, 1);
    assert_int_equal(account.fault, 0);
}


/* What the gate asks for has no password in it. */
static void
the_gates_part_is_read(void **state)
{
    (void) state;

    reply.n = MFA_ACCOUNT_GATE_N;
    assert_int_equal(decode(), MFA_YES);
    assert_int_equal(account.fault, 0);
    assert_int_equal(account.validated, 1);
    assert_true(mfa_str_is(account.secret, "1.k1.sealed"));
    assert_int_equal(account.password.len, 0);
    assert_int_equal(account.version, 0);
}


static void
what_is_absent_has_its_meaning(void **state)
{
    size_t  f;

    (void) state;

    for (f = MFA_ACCOUNT_CREATED + 1; f < MFA_ACCOUNT_N; f++) {
        field((mfa_account_field_e) f, NULL);
    }

    assert_int_equal(decode(), MFA_YES);
    assert_int_equal(account.fault, 0);
    assert_int_equal(account.deadline, -1);
    assert_int_equal(account.enrolled, 0);
    assert_int_equal(account.required, 0);
    assert_int_equal(account.disabled, 0);
    assert_int_equal(account.validated, 0);
    assert_int_equal(account.generation, 0);

    field(MFA_ACCOUNT_DEADLINE, "0");
    assert_int_equal(decode(), MFA_YES);
    assert_int_equal(account.deadline, 0);

    field(MFA_ACCOUNT_CREATED, NULL);
    assert_int_equal(decode(), MFA_NO);
    field(MFA_ACCOUNT_CREATED, "");
    assert_int_equal(decode(), MFA_NO);
}


/* A left-over field is no account; a factor or a password without an account is
   half of one: not to be made anew by who comes next. */
static void
security_21_what_lost_its_creation_is_a_fault(void **state)
{
    size_t  i;

    static const mfa_account_field_e  kept[] = {
        MFA_ACCOUNT_SECRET, MFA_ACCOUNT_ENROLLED, MFA_ACCOUNT_PASSWORD
    };

    (void) state;

    field(MFA_ACCOUNT_CREATED, NULL);
    assert_int_equal(decode(), MFA_YES);
    assert_int_equal(account.fault, 1);

    for (i = 0; i < MFA_ACCOUNT_N; i++) {
        field(i, NULL);
    }

    field(MFA_ACCOUNT_DEADLINE, "900");
    field(MFA_ACCOUNT_VERSION, "2");
    assert_int_equal(decode(), MFA_NO);

    for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        field(kept[i], "1");
        assert_int_equal(decode(), MFA_YES);
        assert_int_equal(account.fault, 1);
        field(kept[i], NULL);
        assert_int_equal(decode(), MFA_NO);
    }
}


static void
other_shapes_are_no_answer(void **state)
{
    size_t       f, type;
    mfa_reply_t  kept;

    (void) state;

    assert_int_equal(mfa_account_decode(&account, LOGIN, NULL, MFA_ACCOUNT_N),
                     MFA_UNKNOWN);

    for (type = MFA_REPLY_NIL; type < MFA_REPLY_ARRAY; type++) {
        reply.type = (mfa_reply_e) type;
        assert_int_equal(decode(), MFA_UNKNOWN);
        assert_int_equal(account.created, 0);
    }

    reply.type = MFA_REPLY_ARRAY;

    for (f = 0; f <= MFA_ACCOUNT_N + 1; f++) {
        reply.n = f;
        assert_int_equal(mfa_account_decode(&account, LOGIN, &reply,
                                            MFA_ACCOUNT_N),
                         f == MFA_ACCOUNT_N ? MFA_YES : MFA_UNKNOWN);
        assert_int_equal(mfa_account_decode(&account, LOGIN, &reply,
                                            MFA_ACCOUNT_GATE_N),
                         f == MFA_ACCOUNT_GATE_N ? MFA_YES : MFA_UNKNOWN);
    }

    reply.n = MFA_ACCOUNT_N;

    for (f = 0; f < MFA_ACCOUNT_N; f++) {
        for (type = MFA_REPLY_NIL + 1; type <= MFA_REPLY_ARRAY; type++) {
            if (type == MFA_REPLY_STRING) {
                continue;
            }

            kept = elements[f];
            elements[f].type = (mfa_reply_e) type;
            elements[f].integer = 1;
            assert_int_equal(decode(), MFA_UNKNOWN);
            elements[f] = kept;
        }
    }

    assert_int_equal(decode(), MFA_YES);
}


static void
numbers_that_are_none_are_a_fault(void **state)
{
    size_t  i, f;

    static const mfa_account_field_e  numbers[] = {
        MFA_ACCOUNT_CREATED, MFA_ACCOUNT_GENERATION, MFA_ACCOUNT_VERSION,
        MFA_ACCOUNT_DEADLINE, MFA_ACCOUNT_ENROLLED, MFA_ACCOUNT_REQUIRED,
        MFA_ACCOUNT_DISABLED
    };
    static const char *const  texts[] = {
        "x", "-1", "+1", " 1", "1 ", "1.0", "yes", "0x1", "\xff",
        "9007199254740993", "9223372036854775807", "99999999999999999999"
    };

    (void) state;

    for (f = 0; f < sizeof(numbers) / sizeof(numbers[0]); f++) {
        for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
            field(numbers[f], texts[i]);
            assert_true(faulty());
        }

        field(numbers[f], "9007199254740992");
        assert_false(faulty());
        field(numbers[f], numbers[f] == MFA_ACCOUNT_DISABLED ? "0" : "1");
        assert_false(faulty());
    }
}


/* security 21: enrolled, secret_id and secret come and go together. */
static void
security_21_parts_of_a_factor_are_a_fault(void **state)
{
    size_t    i;
    unsigned  parts;

    static const struct {
        mfa_account_field_e  field;
        const char          *there;
        const char          *empty;
    } factor[] = {
        { MFA_ACCOUNT_ENROLLED, "1700000100", "0" },
        { MFA_ACCOUNT_SECRET_ID, "abcdefghijk", "" },
        { MFA_ACCOUNT_SECRET, "1.k1.sealed", "" }
    };

    (void) state;

    for (parts = 0; parts < 8 * 8; parts++) {
        for (i = 0; i < 3; i++) {
            field(factor[i].field, parts & (1u << i) ? factor[i].there
                                   : parts & (8u << i) ? factor[i].empty
                                                       : NULL);
        }

        assert_int_equal(faulty(), (parts & 7) != 0 && (parts & 7) != 7);
        assert_int_equal(account.enrolled != 0, parts & 1);
    }
}


/* 001-10: a key that replaced the validated one has to earn it anew. */
static void
validation_belongs_to_the_key(void **state)
{
    (void) state;

    field(MFA_ACCOUNT_VALIDATED, "abcdefghijK");
    assert_false(faulty());
    assert_int_equal(account.validated, 0);

    field(MFA_ACCOUNT_VALIDATED, "abcdefghij");
    assert_false(faulty());
    assert_int_equal(account.validated, 0);

    field(MFA_ACCOUNT_VALIDATED, NULL);
    assert_false(faulty());
    assert_int_equal(account.validated, 0);

    field(MFA_ACCOUNT_VALIDATED, "abcdefghijk");
    field(MFA_ACCOUNT_ENROLLED, NULL);
    field(MFA_ACCOUNT_SECRET_ID, NULL);
    field(MFA_ACCOUNT_SECRET, NULL);
    assert_false(faulty());
    assert_int_equal(account.validated, 0);
}


/* The order is a contract: the gate asks for the first ones only. */
static void
fields_have_their_names_and_order(void **state)
{
    size_t  i, j;

    (void) state;

    assert_string_equal(mfa_account_field_names[0], "created");
    assert_string_equal(mfa_account_field_names[MFA_ACCOUNT_GATE_N - 1],
                        "secret");
    assert_string_equal(mfa_account_field_names[MFA_ACCOUNT_PASSWORD],
                        "password");
    assert_true(MFA_ACCOUNT_PASSWORD >= MFA_ACCOUNT_GATE_N);

    for (i = 0; i < MFA_ACCOUNT_N; i++) {
        for (j = 0; j < i; j++) {
            assert_string_not_equal(mfa_account_field_names[i],
                                    mfa_account_field_names[j]);
        }
    }
}


static void
addresses_of_mail(void **state)
{
    size_t     i;
    uint8_t   *bytes;
    mfa_str_t  s;

    static const char *const  good[] = {
        "a@b", "alice@example.org", "a+b.c@x-y.example", "o'neil@example.org",
        "\xc3\xbc@example.org"
    };
    static const char *const  bad[] = {
        "", "a", "@", "a@", "@b", "ab", "a@@b", "a@b@c", "a b@c", "a@b c",
        "a@b,c@d", "<a@b>", "\"a\"@b", "a@b\r\nBcc:c@d", "a\t@b", "a@\xff",
        "a@b>", "a@b\xe2\x80\xae" "c", "a\xc2\xa0@b", "a@\xe2\x80\x8c" "b",
        "\xef\xbb\xbf" "a@b", "a@b\xe3\x80\x80"
    };

    (void) state;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(mfa_email_check(pool_text(good[i])));
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(mfa_email_check(pool_text(bad[i])));
    }

    bytes = malloc(MFA_EMAIL_MAX + 1);
    assert_non_null(bytes);
    memset(bytes, 'a', MFA_EMAIL_MAX + 1);
    bytes[1] = '@';
    s = (mfa_str_t) { bytes, MFA_EMAIL_MAX };
    assert_true(mfa_email_check(s));
    s.len++;
    assert_false(mfa_email_check(s));
    free(bytes);
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup_teardown(t, setup, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(a_whole_record_is_read),
        TEST(the_gates_part_is_read),
        TEST(what_is_absent_has_its_meaning),
        TEST(security_21_what_lost_its_creation_is_a_fault),
        TEST(other_shapes_are_no_answer),
        TEST(numbers_that_are_none_are_a_fault),
        TEST(security_21_parts_of_a_factor_are_a_fault),
        TEST(validation_belongs_to_the_key),
        TEST(fields_have_their_names_and_order),
        TEST(addresses_of_mail)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
