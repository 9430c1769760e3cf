/*
 * The store's commands for the outbox's entries and the tokens of mailed links:
 * the exact arguments of each.  When this breaks, a link that was mailed is good
 * for nothing, or one is good that was never mailed.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/store_mail.h"
#include "replies.h"

#define HASH    "4-FngL7PYB1V5HUefXIu-R11C7DOphsb"
#define ADDRESS "CBaM2A39U0qw8QrxDxMD_gCvLUOrXBQy"    /* a@example.com */
#define RECORD  "2\\09" HASH "\\09reset\\09user\\09alice\\097\\091700003600" \
                "\\09" ADDRESS


static mfa_op_t      op;
static replies_t     r;
static mfa_portal_t  portal;


static int
setup(void **state)
{
    (void) state;

    mfa_op_reset(&op);
    assert_int_equal(mfa_portal_init(&portal, mfa_lit("user")), 0);

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    replies_free();

    return 0;
}


static void
commands_are(const char *text)
{
    assert_string_equal(replies_commands(&op), text);
    replies_right(&r, &op);
}


/* security 87: under its hash, never itself; 90: for sixty minutes. */
static void
security_87_90_a_token_is_a_record_under_its_hash_for_an_hour(void **state)
{
    mfa_mailtoken_t  token = {
        MFA_MAILTOKEN_RESET, mfa_lit("user"), mfa_lit("alice"), 7, 1700003600,
        { 0 }
    };

    (void) state;

    assert_int_equal(mfa_mailtoken_address(&token, mfa_lit("a@example.com")), 0);
    mfa_store_mailtoken_write(&op, &portal, &token, mfa_lit(HASH));
    commands_are("SET|mfa:{user}:pending-token:" HASH "|" RECORD "|EX|3600\n"
                 "SET|mfa:{user}:newest-token:alice|" HASH "|EX|3600\n");
}


/* What is written is what is read. */
static void
a_token_that_was_written_is_read_back(void **state)
{
    uint8_t          room[MFA_MAILTOKEN_RECORD_MAX];
    mfa_buf_t        out;
    mfa_mailtoken_t  read, token = {
        MFA_MAILTOKEN_PASSWORD, mfa_lit("user"), mfa_lit("alice"), 7, 1700003600,
        { 0 }
    };

    (void) state;

    assert_int_equal(mfa_mailtoken_address(&token, mfa_lit("a@example.com")), 0);
    mfa_buf_init(&out, room, sizeof(room));
    mfa_mailtoken_encode(&out, &token, mfa_lit(HASH));
    assert_int_equal(mfa_mailtoken_decode(&read, mfa_buf_since(&out, 0),
                                          mfa_lit(HASH)), 0);
    assert_int_equal(read.purpose, MFA_MAILTOKEN_PASSWORD);
    assert_true(mfa_str_is(read.login, "alice"));
    assert_int_equal(read.generation, 7);
    assert_int_equal(read.expires, 1700003600);

    /* As the store has it, to the byte. */
    mfa_store_mailtoken_write(&op, &portal, &token, mfa_lit(HASH));
    assert_true(mfa_str_eq(op.args[op.first[0] + 2], mfa_buf_since(&out, 0)));
}


static void
a_token_is_taken_by_one_command(void **state)
{
    (void) state;

    mfa_store_mailtoken_read(&op, &portal, mfa_lit(HASH));
    mfa_store_mailtoken_take(&op, &portal, mfa_lit(HASH));
    mfa_store_mailtoken_newest(&op, &portal, mfa_lit("alice"));
    commands_are("GET|mfa:{user}:pending-token:" HASH "\n"
                 "GETDEL|mfa:{user}:pending-token:" HASH "\n"
                 "GET|mfa:{user}:newest-token:alice\n");
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup_teardown(t, setup, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(security_87_90_a_token_is_a_record_under_its_hash_for_an_hour),
        TEST(a_token_that_was_written_is_read_back),
        TEST(a_token_is_taken_by_one_command)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("store_mail", tests, NULL, NULL);
}
