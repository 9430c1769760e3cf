/*
 * The store's commands for accounts: the exact arguments of each, and which
 * index a login stands in after a change.  When this breaks, two changes of one
 * account overwrite each other, or a list tells of the wrong people.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "core/store.h"
#include "replies.h"

#define ACCOUNT  "mfa:{user}:account:alice"
#define GATE_FIELDS                                                           \
    "created|email|name|role|generation|disabled|required|deadline"           \
    "|enrolled|secret_id|validated|secret"
#define ALL_FIELDS  GATE_FIELDS "|directory|version|locale|widget|reset|password"


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


static void
account_is_read(void **state)
{
    mfa_at_t       at;
    mfa_account_t  account;

    (void) state;

    assert_int_equal(mfa_store_account_read(&op, &portal, mfa_lit("alice"),
                                            MFA_ACCOUNT_GATE_N), 0);
    at = mfa_store_account_read(&op, &portal, mfa_lit("alice"),
                                MFA_ACCOUNT_N);
    assert_int_equal(op.reserve, 0);
    commands_are("HMGET|" ACCOUNT "|" GATE_FIELDS "\n"
                 "HMGET|" ACCOUNT "|" ALL_FIELDS "\n");

    assert_int_equal(mfa_store_account_decode(&op, &r.result, at,
                     mfa_lit("alice"), MFA_ACCOUNT_N, &account), MFA_NO);
    r.at[1]->elements[MFA_ACCOUNT_CREATED] = a_text(MFA_REPLY_STRING, "5");
    assert_int_equal(mfa_store_account_decode(&op, &r.result, at,
                     mfa_lit("alice"), MFA_ACCOUNT_N, &account), MFA_YES);
    assert_int_equal(account.created, 5);
    assert_int_equal(mfa_store_account_decode(&op, &r.result, 0,
                     mfa_lit("alice"), MFA_ACCOUNT_N, &account), MFA_UNKNOWN);
    r.result.n = 1;
    assert_int_equal(mfa_store_account_decode(&op, &r.result, at,
                     mfa_lit("alice"), MFA_ACCOUNT_N, &account), MFA_UNKNOWN);
    r.result.n = 2;
    r.result.ok = 0;
    assert_int_equal(mfa_store_account_decode(&op, &r.result, at,
                     mfa_lit("alice"), MFA_ACCOUNT_N, &account), MFA_UNKNOWN);
}


/* Both need a connection of their own. */
static void
account_is_watched(void **state)
{
    (void) state;

    assert_int_equal(mfa_store_account_watch(&op, &portal, mfa_lit("alice")),
                     1);
    assert_int_equal(op.reserve, 1);
    assert_int_equal(op.watching, 1);
    commands_are("WATCH|" ACCOUNT "\nHMGET|" ACCOUNT "|" ALL_FIELDS "\n");

    mfa_op_reset(&op);
    assert_int_equal(op.reserve, 0);
    assert_int_equal(op.watching, 0);
    mfa_store_unwatch(&op);
    assert_int_equal(op.reserve, 1);
    assert_int_equal(op.watching, 0);
    commands_are("UNWATCH\n");
}


static void
account_is_changed(void **state)
{
    static const mfa_change_t  changes[] = {
        { MFA_ACCOUNT_REQUIRED, { NULL, 0 }, 0, 1 },
        { MFA_ACCOUNT_NAME, mfa_lit("A b"), 0, 0 },
        { MFA_ACCOUNT_SECRET, { NULL, 0 }, 9, 0 },
        { MFA_ACCOUNT_DEADLINE, { NULL, 0 }, 1700000000, 1 },
        { MFA_ACCOUNT_VALIDATED, { NULL, 0 }, 0, 0 }
    };

    (void) state;

    mfa_store_account_change(&op, &portal, mfa_lit("alice"), changes, 5, 1);
    commands_are("HSET|" ACCOUNT "|required|0|name|A b|deadline|1700000000\n"
                 "HDEL|" ACCOUNT "|secret|validated\n"
                 "HINCRBY|" ACCOUNT "|version|1\n"
                 "HINCRBY|" ACCOUNT "|generation|1\n");

    mfa_op_reset(&op);
    mfa_store_account_change(&op, &portal, mfa_lit("alice"), changes, 2, 0);
    commands_are("HSET|" ACCOUNT "|required|0|name|A b\n"
                 "HINCRBY|" ACCOUNT "|version|1\n");

    mfa_op_reset(&op);
    mfa_store_account_change(&op, &portal, mfa_lit("alice"), &changes[2], 1,
                             0);
    commands_are("HDEL|" ACCOUNT "|secret\nHINCRBY|" ACCOUNT "|version|1\n");

    mfa_op_reset(&op);
    mfa_store_account_change(&op, &portal, mfa_lit("alice"), NULL, 0, 1);
    commands_are("HINCRBY|" ACCOUNT "|version|1\n"
                 "HINCRBY|" ACCOUNT "|generation|1\n");
}


/* The last accepted step stays: a spent code must not come back with a name. */
static void
account_is_deleted_with_all_but_its_steps(void **state)
{
    (void) state;

    mfa_store_account_delete(&op, &portal, mfa_lit("alice"));
    commands_are("DEL|" ACCOUNT "|mfa:{user}:sessions:alice"
                 "|mfa:{user}:devices:alice|mfa:{user}:recovery:alice\n"
                 "ZREM|mfa:{user}:accounts|alice\n"
                 "ZREM|mfa:{user}:unenrolled|alice\n"
                 "ZREM|mfa:{user}:not-required|alice\n"
                 "ZREM|mfa:{user}:required|alice\n"
                 "ZREM|mfa:{user}:enrolled|alice\n"
                 "HDEL|mfa:{user}:notices|alice\n");
}


static void
indexes_say_how_an_account_stands(void **state)
{
    size_t  i;
    char    text[512];

    static const struct {
        int          required;
        int          enrolled;
        int64_t      deadline;
        const char  *not_required;
        const char  *unenrolled;
    } cases[] = {
        { 0, 0, -1, "ZADD|mfa:{user}:not-required|0|alice",
          "ZREM|mfa:{user}:unenrolled|alice" },
        { 0, 1, 5, "ZADD|mfa:{user}:not-required|0|alice",
          "ZREM|mfa:{user}:unenrolled|alice" },
        { 1, 1, 5, "ZREM|mfa:{user}:not-required|alice",
          "ZREM|mfa:{user}:unenrolled|alice" },
        { 1, 0, 1700000000, "ZREM|mfa:{user}:not-required|alice",
          "ZADD|mfa:{user}:unenrolled|1700000000|alice" },
        { 1, 0, 0, "ZREM|mfa:{user}:not-required|alice",
          "ZADD|mfa:{user}:unenrolled|0|alice" },
        { 1, 0, -1, "ZREM|mfa:{user}:not-required|alice",
          "ZADD|mfa:{user}:unenrolled|0|alice" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mfa_op_reset(&op);
        mfa_store_account_index(&op, &portal, mfa_lit("alice"),
                                cases[i].required, cases[i].enrolled,
                                cases[i].deadline);
        snprintf(text, sizeof(text), "ZADD|mfa:{user}:accounts|0|alice\n"
                 "%s\n%s\n%s\n%s\n", cases[i].not_required,
                 cases[i].unenrolled,
                 cases[i].required ? "ZADD|mfa:{user}:required|0|alice"
                                   : "ZREM|mfa:{user}:required|alice",
                 cases[i].enrolled ? "ZADD|mfa:{user}:enrolled|0|alice"
                                   : "ZREM|mfa:{user}:enrolled|alice");
        commands_are(text);
    }
}


/* security 84: HSETNX is what makes the deadline one that is set once. */
static void
security_84_a_deadline_is_set_once(void **state)
{
    mfa_at_t   at;
    mfa_str_t  text;

    (void) state;

    at = mfa_store_deadline_set(&op, &portal, mfa_lit("alice"), 1700000000);
    commands_are("MULTI\n"
                 "HSETNX|" ACCOUNT "|deadline|1700000000\n"
                 "HGET|" ACCOUNT "|deadline\n"
                 "ZADD|mfa:{user}:unenrolled|NX|1700000000|alice\n"
                 "ZREM|mfa:{user}:not-required|alice\n"
                 "ZADD|mfa:{user}:required|0|alice\n"
                 "EXEC\n");
    r.at[6]->elements[1] = a_text(MFA_REPLY_STRING, "1600000000");
    assert_int_equal(mfa_op_str(&op, &r.result, at, &text), 0);
    assert_true(mfa_str_is(text, "1600000000"));
    assert_true(mfa_op_sound(&op, &r.result));
}


static void
validation_names_the_key(void **state)
{
    mfa_account_t  account;

    (void) state;

    memset(&account, 0, sizeof(account));
    account.login = mfa_lit("alice");
    account.secret_id = mfa_lit("abcdefghijk");
    mfa_store_validated_set(&op, &portal, &account);
    commands_are("HSET|" ACCOUNT "|validated|abcdefghijk\n");
}


static void
accounts_are_listed_in_pages(void **state)
{
    mfa_str_t  none = { NULL, 0 };

    (void) state;

    mfa_store_account_list(&op, &portal, MFA_LIST_ALL, none, 100);
    mfa_store_account_list(&op, &portal, MFA_LIST_ALL, mfa_lit("bob"), 1);
    mfa_store_account_list(&op, &portal, MFA_LIST_NOT_REQUIRED,
                           mfa_lit("bob"), 7);
    assert_int_equal(mfa_store_account_list(&op, &portal, MFA_LIST_UNENROLLED,
                                            mfa_lit("bob"), 7), 3);
    commands_are("ZRANGEBYLEX|mfa:{user}:accounts|-|+|LIMIT|0|100\n"
                 "ZRANGEBYLEX|mfa:{user}:accounts|(bob|+|LIMIT|0|1\n"
                 "ZRANGEBYLEX|mfa:{user}:not-required|(bob|+|LIMIT|0|7\n"
                 "ZRANGE|mfa:{user}:unenrolled|0|6\n");
}


/* 100-08 */
static void
accounts_are_listed_by_deadline(void **state)
{
    (void) state;

    assert_int_equal(mfa_store_account_due(&op, &portal, 1, 99, 0, 10), 0);
    assert_int_equal(mfa_store_account_due(&op, &portal, 50, 99, 3, 10), 1);
    commands_are("ZRANGEBYSCORE|mfa:{user}:unenrolled|1|99|WITHSCORES"
                 "|LIMIT|0|10\n"
                 "ZRANGEBYSCORE|mfa:{user}:unenrolled|50|99|WITHSCORES"
                 "|LIMIT|3|10\n");
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup_teardown(t, setup, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(account_is_read),
        TEST(account_is_watched),
        TEST(account_is_changed),
        TEST(account_is_deleted_with_all_but_its_steps),
        TEST(indexes_say_how_an_account_stands),
        TEST(security_84_a_deadline_is_set_once),
        TEST(validation_names_the_key),
        TEST(accounts_are_listed_in_pages),
        TEST(accounts_are_listed_by_deadline)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("store_account", tests, NULL, NULL);
}
