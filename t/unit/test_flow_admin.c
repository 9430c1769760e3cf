/*
 * What an administrator does to an account, against a scripted store.  Broken,
 * a deadline moves by toggling (feature 100-02), sessions outlive a reset or a
 * deleted account (security 33), or a concurrent change is overwritten.
 *
 * Stores that fail or lie: test_flow_admin_failure.c.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "admin_stage.h"

#define WEEK  (7 * 86400)

static char  sent[16384];                   /* the last operation */


static int
no_bytes(uint8_t *buf, size_t len)
{
    (void) buf;
    (void) len;

    return -1;
}


/* Everything a flow wants before its ends, answered as if all were well; sent
   holds the last operation. */
static mfa_outcome_e
run_well(void)
{
    int           steps;
    mfa_flow_e    asked;
    mfa_result_t  result;

    sent[0] = '\0';
    asked = admin.flow.run(&admin.flow, NULL);

    for (steps = 0; asked != MFA_FLOW_DONE; steps++) {
        assert_int_equal(asked, MFA_FLOW_STORE);
        assert_true(steps < STEPS_MAX);
        assert_false(admin.flow.op.failed);
        assert_true(admin.flow.op.reserve);

        script_write(&admin.flow.op, sent, sizeof(sent));
        result = script_answer(&script, &admin.flow.op);
        script_follow(&script, &admin.flow.op, &result);
        asked = admin.flow.run(&admin.flow, &result);
    }

    assert_false(script.watching);

    return admin.flow.outcome;
}


static void
has(const char *command)
{
    if (strstr(sent, command) == NULL) {
        fail_msg("no \"%s\" in:\n%s", command, sent);
    }
}


static void
has_not(const char *command)
{
    if (strstr(sent, command) != NULL) {
        fail_msg("\"%s\" in:\n%s", command, sent);
    }
}


/* The end in which nothing is written. */
static void
nothing_changed(int64_t deadline)
{
    assert_string_equal(sent, "UNWATCH\n");
    assert_false(admin.changed);
    assert_int_equal(admin.deadline, deadline);
}


static void
add_makes_an_account_in_one_transaction(void **state)
{
    (void) state;

    begin(MFA_ADMIN_ADD);
    admin.email = mfa_lit("a@example.com");
    admin.name = mfa_lit("Alice");
    admin.password = mfa_lit(HASH);
    admin.require = 1;
    admin.grace_sec = 86400;

    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    assert_true(admin.changed);
    assert_int_equal(admin.deadline, NOW + 86400);
    assert_int_equal(admin.before.created, 0);

    /* 1000000 << 20 | 0xfffff */
    assert_string_equal(sent,
        "MULTI\n"
        "DEL mfa:{user}:account:alice mfa:{user}:sessions:alice"
        " mfa:{user}:devices:alice mfa:{user}:recovery:alice\n"
        "ZREM mfa:{user}:accounts alice\n"
        "ZREM mfa:{user}:unenrolled alice\n"
        "ZREM mfa:{user}:not-required alice\n"
        "ZREM mfa:{user}:required alice\n"
        "ZREM mfa:{user}:enrolled alice\n"
        "HDEL mfa:{user}:notices alice\n"
        "HSET mfa:{user}:account:alice created 1000000 generation 1048577048575"
        " email a@example.com name Alice password " HASH
        " required 1 deadline 1086400\n"
        "HINCRBY mfa:{user}:account:alice version 1\n"
        "ZADD mfa:{user}:accounts 0 alice\n"
        "ZREM mfa:{user}:not-required alice\n"
        "ZADD mfa:{user}:unenrolled 1086400 alice\n"
        "ZADD mfa:{user}:required 0 alice\n"
        "ZREM mfa:{user}:enrolled alice\n"
        "SET mfa:{user}:indexed 1 account NX\n"
        "ZADD mfa:{user}:search 0 alice~alice 0 a@example.com~alice\n"
        "XADD mfa:{user}:audit MAXLEN ~ 100000 * event add result ok"
        " login alice actor root\n"
        "EXEC\n");
}


static void
add_without_a_requirement_has_no_deadline(void **state)
{
    (void) state;

    begin(MFA_ADMIN_ADD);
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    assert_int_equal(admin.deadline, -1);
    has_not("deadline");
    has_not("required 1");
    has_not("password");
    has("ZADD mfa:{user}:not-required 0 alice\n");
    has("ZREM mfa:{user}:unenrolled alice\n");
    has("ZREM mfa:{user}:required alice\n");
    has("ZADD mfa:{user}:search 0 alice~alice\n");
}


/* 100-13: an account that was switched off where it comes from is never on. */
static void
add_of_a_disabled_account_is_one_change(void **state)
{
    (void) state;

    begin(MFA_ADMIN_ADD);
    admin.disabled = 1;
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    has(" generation 1048577048575 disabled 1\nHINCRBY");
    assert_true(admin.after.disabled);

    begin(MFA_ADMIN_ADD);
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    has_not("disabled");
}


static void
feature_003_23_grace_0_is_due_at_once(void **state)
{
    (void) state;

    begin(MFA_ADMIN_ADD);
    admin.require = 1;
    admin.grace_sec = 0;
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    assert_int_equal(admin.deadline, 0);
    has(" required 1 deadline 0\n");
    has("ZADD mfa:{user}:unenrolled 0 alice\n");
}


static void
feature_003_02_a_portal_that_requires_all_sets_the_deadline(void **state)
{
    (void) state;
    portal.require = MFA_REQUIRE_NEW_SINCE;
    portal.new_since = NOW;

    begin(MFA_ADMIN_ADD);
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    assert_int_equal(admin.deadline, NOW + WEEK);
    has_not("required 1");
    has("ZREM mfa:{user}:not-required alice\n");
    has("ZADD mfa:{user}:unenrolled 1604800 alice\n");

    portal.new_since = NOW + 1;

    begin(MFA_ADMIN_ADD);
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    assert_int_equal(admin.deadline, -1);
}


static void
add_never_overwrites_an_account(void **state)
{
    (void) state;
    account_of("500", NULL, NULL);

    begin(MFA_ADMIN_ADD);
    assert_int_equal(run_well(), MFA_OUTCOME_CONFLICT);
    nothing_changed(-1);
}


static void
add_without_randomness_is_not_done(void **state)
{
    (void) state;

    begin(MFA_ADMIN_ADD);
    admin.flow.env.random = no_bytes;
    assert_int_equal(run_well(), MFA_OUTCOME_UNAVAILABLE);
    nothing_changed(-1);
}


static void
a_missing_account_is_absent_for_all_but_add(void **state)
{
    int  action;

    (void) state;

    for (action = MFA_ADMIN_DELETE; action <= MFA_ADMIN_EXTEND; action++) {
        begin((mfa_admin_e) action);
        admin.password = mfa_lit(HASH);
        admin.reason = mfa_lit("why");
        assert_int_equal(run_well(), MFA_OUTCOME_ABSENT);
        nothing_changed(-1);
    }
}


static void
what_cannot_be_is_refused_without_the_store(void **state)
{
    (void) state;

    begin(MFA_ADMIN_ADD);
    admin.login = mfa_lit("Alice");
    assert_int_equal(run_well(), MFA_OUTCOME_REFUSED);
    assert_string_equal(sent, "");

    begin(MFA_ADMIN_DELETE);
    admin.login = mfa_lit("");
    assert_int_equal(run_well(), MFA_OUTCOME_REFUSED);
    assert_string_equal(sent, "");

    begin(MFA_ADMIN_PASSWORD);
    assert_int_equal(run_well(), MFA_OUTCOME_REFUSED);
    assert_string_equal(sent, "");

    begin(MFA_ADMIN_ADD);
    admin.password = mfa_lit("plain text");
    assert_int_equal(run_well(), MFA_OUTCOME_REFUSED);
    assert_string_equal(sent, "");

    begin(MFA_ADMIN_EXTEND);
    assert_int_equal(run_well(), MFA_OUTCOME_REFUSED);
    assert_string_equal(sent, "");

    begin(MFA_ADMIN_REQUIRE);
    admin.grace_sec = MFA_GRACE_MAX_SEC + 1;
    assert_int_equal(run_well(), MFA_OUTCOME_REFUSED);
    assert_string_equal(sent, "");

    begin((mfa_admin_e) 99);
    assert_int_equal(run_well(), MFA_OUTCOME_REFUSED);
    assert_string_equal(sent, "");
}


static void
feature_000_06_require_sets_the_deadline_once(void **state)
{
    (void) state;
    account_of("500", NULL, NULL);

    begin(MFA_ADMIN_REQUIRE);
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    assert_true(admin.changed);
    assert_int_equal(admin.deadline, NOW + WEEK);
    assert_int_equal(admin.before.created, 500);
    has("HSET mfa:{user}:account:alice required 1 deadline 1604800\n"
        "HINCRBY mfa:{user}:account:alice version 1\n"
        "ZADD mfa:{user}:accounts");
    has("ZADD mfa:{user}:unenrolled 1604800 alice\n");
    has("ZREM mfa:{user}:not-required alice\n");
    has("event require result ok login alice actor root\n");
    has_not("generation");

    /* feature 000-08: the number of days is the admin's choice */
    begin(MFA_ADMIN_REQUIRE);
    admin.grace_sec = 3 * 86400;
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    assert_int_equal(admin.deadline, NOW + 3 * 86400);
}


static void
feature_100_02_toggling_does_not_move_the_deadline(void **state)
{
    (void) state;
    account_of("500", "1", "900");

    begin(MFA_ADMIN_UNREQUIRE);
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    assert_int_equal(admin.deadline, 900);
    has("HDEL mfa:{user}:account:alice required\n");
    has("ZADD mfa:{user}:not-required 0 alice\n");
    has_not("deadline");
    has_not("generation");

    account_of("500", NULL, "900");

    begin(MFA_ADMIN_REQUIRE);
    admin.grace_sec = WEEK;
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    assert_int_equal(admin.deadline, 900);
    has("HSET mfa:{user}:account:alice required 1\n");
    has("ZADD mfa:{user}:unenrolled 900 alice\n");
    has_not("deadline");

    /* at once is a deadline too */
    account_of("500", NULL, "0");

    begin(MFA_ADMIN_REQUIRE);
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    assert_int_equal(admin.deadline, 0);
    has_not("deadline");
}


static void
what_is_so_already_is_left_alone(void **state)
{
    (void) state;
    account_of("500", "1", "900");

    begin(MFA_ADMIN_REQUIRE);
    admin.grace_sec = WEEK;
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    nothing_changed(900);

    begin(MFA_ADMIN_ENABLE);
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    nothing_changed(900);

    script.none = 1;
    begin(MFA_ADMIN_RESET);
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    nothing_changed(900);

    account_of("500", NULL, NULL);

    begin(MFA_ADMIN_UNREQUIRE);
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    nothing_changed(-1);

    script.account[MFA_ACCOUNT_DISABLED] = "1";

    begin(MFA_ADMIN_DISABLE);
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    nothing_changed(-1);
}


static void
feature_002_01_directory_accounts_are_not_required(void **state)
{
    (void) state;
    account_of("500", NULL, NULL);
    script.account[MFA_ACCOUNT_DIRECTORY] = "ad";

    begin(MFA_ADMIN_REQUIRE);
    assert_int_equal(run_well(), MFA_OUTCOME_FORBIDDEN);
    nothing_changed(-1);

    memset(script.account, 0, sizeof(script.account));

    begin(MFA_ADMIN_ADD);
    admin.directory = mfa_lit("ad");
    admin.require = 1;
    assert_int_equal(run_well(), MFA_OUTCOME_FORBIDDEN);
    nothing_changed(-1);

    begin(MFA_ADMIN_ADD);
    admin.directory = mfa_lit("ad");
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    has(" directory ad\n");

    portal.directory_mfa = 1;
    account_of("500", NULL, NULL);
    script.account[MFA_ACCOUNT_DIRECTORY] = "ad";

    begin(MFA_ADMIN_REQUIRE);
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    assert_true(admin.changed);
}


static void
reset_forgets_the_factor_and_gives_no_grace(void **state)
{
    (void) state;
    enrolled_account();

    begin(MFA_ADMIN_RESET);
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    assert_true(admin.changed);
    assert_int_equal(admin.deadline, 900);
    has("HDEL mfa:{user}:account:alice enrolled secret_id secret validated\n");
    has("HINCRBY mfa:{user}:account:alice generation 1\n");
    has("ZADD mfa:{user}:unenrolled 900 alice\n");
    has("HSET mfa:{user}:account:alice reset 1000000\n");
    /* guesses at the old factor do not stop the next one */
    has("UNLINK mfa:fail:code:user:alice\n");
    has("UNLINK mfa:fail:code-run:user:alice\n");

    /* a factor in pieces is a factor to forget */
    enrolled_account();
    script.account[MFA_ACCOUNT_SECRET] = NULL;

    begin(MFA_ADMIN_RESET);
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    assert_true(admin.changed);
    assert_true(admin.before.fault);

    account_of("500", "1", "900");
    script.account[MFA_ACCOUNT_ENROLLED] = "x";

    begin(MFA_ADMIN_RESET);
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    assert_true(admin.changed);
}


static void
extend_sets_a_new_deadline_and_keeps_the_reason(void **state)
{
    (void) state;
    account_of("500", "1", "900");

    begin(MFA_ADMIN_EXTEND);
    admin.grace_sec = 86400;
    admin.reason = mfa_lit("on leave");
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    assert_int_equal(admin.deadline, NOW + 86400);
    has("HSET mfa:{user}:account:alice deadline 1086400\n");
    has("ZADD mfa:{user}:unenrolled 1086400 alice\n");
    has("event extend result ok login alice actor root detail on leave\n");

    /* Less than there is would take time away. */
    account_of("500", "1", "1086401");
    begin(MFA_ADMIN_EXTEND);
    admin.grace_sec = 86400;
    admin.reason = mfa_lit("on leave");
    assert_int_equal(run_well(), MFA_OUTCOME_REFUSED);
    has_not("deadline 1086400");
    has_not("event extend");
}


static void
extend_is_for_those_who_are_required(void **state)
{
    (void) state;
    account_of("500", "", "");

    begin(MFA_ADMIN_EXTEND);
    admin.grace_sec = 86400;
    admin.reason = mfa_lit("on leave");
    assert_int_equal(run_well(), MFA_OUTCOME_FORBIDDEN);
    has_not("deadline 1086400");

    portal.require = MFA_REQUIRE_ALL;
    begin(MFA_ADMIN_EXTEND);
    admin.grace_sec = 86400;
    admin.reason = mfa_lit("on leave");
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    has("HSET mfa:{user}:account:alice deadline 1086400\n");
}


static void
security_33_password_and_enable_end_sessions(void **state)
{
    (void) state;
    enrolled_account();

    begin(MFA_ADMIN_PASSWORD);
    admin.password = mfa_lit(HASH);
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    has("HSET mfa:{user}:account:alice password " HASH "\n");
    has("HINCRBY mfa:{user}:account:alice generation 1\n");
    has("ZREM mfa:{user}:unenrolled alice\n");

    begin(MFA_ADMIN_DISABLE);
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    has("HSET mfa:{user}:account:alice disabled 1\n");
    has_not("generation");

    script.account[MFA_ACCOUNT_DISABLED] = "1";

    begin(MFA_ADMIN_ENABLE);
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    assert_true(admin.changed);
    has("HDEL mfa:{user}:account:alice disabled\n");
    has("HINCRBY mfa:{user}:account:alice generation 1\n");
}


static void
delete_leaves_no_index_behind(void **state)
{
    (void) state;
    enrolled_account();

    begin(MFA_ADMIN_DELETE);
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    assert_true(admin.changed);
    assert_int_equal(admin.deadline, -1);
    assert_string_equal(sent,
        "UNLINK mfa:fail:account:user:alice\n"
        "UNLINK mfa:fail:code:user:alice\n"
        "UNLINK mfa:fail:code-run:user:alice\n"
        "UNLINK mfa:fail:unlock:user:alice\n"
        "MULTI\n"
        "DEL mfa:{user}:account:alice mfa:{user}:sessions:alice"
        " mfa:{user}:devices:alice mfa:{user}:recovery:alice\n"
        "ZREM mfa:{user}:accounts alice\n"
        "ZREM mfa:{user}:unenrolled alice\n"
        "ZREM mfa:{user}:not-required alice\n"
        "ZREM mfa:{user}:required alice\n"
        "ZREM mfa:{user}:enrolled alice\n"
        "HDEL mfa:{user}:notices alice\n"
        "ZREM mfa:{user}:search alice~alice\n"
        "XADD mfa:{user}:audit MAXLEN ~ 100000 * event delete result ok"
        " login alice actor root\n"
        "EXEC\n");
}


static void
unlock_clears_the_counters_and_says_if_there_were_any(void **state)
{
    (void) state;
    enrolled_account();

    begin(MFA_ADMIN_UNLOCK);
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    assert_false(admin.changed);
    assert_int_equal(admin.deadline, 900);
    assert_string_equal(sent,
        "UNLINK mfa:fail:account:user:alice\n"
        "UNLINK mfa:fail:code:user:alice\n"
        "UNLINK mfa:fail:code-run:user:alice\n"
        "MULTI\n"
        "XADD mfa:{user}:audit MAXLEN ~ 100000 * event unlock result ok"
        " login alice actor root detail 1 of 9 in 30 days\n"
        "EXEC\n");

    script.unlinked = 1;

    begin(MFA_ADMIN_UNLOCK);
    assert_int_equal(run_well(), MFA_OUTCOME_DONE);
    assert_true(admin.changed);
}


/* A transaction is aborted n times. */
static mfa_outcome_e
run_aborted(int n, int *asked_store)
{
    mfa_flow_e    asked;
    mfa_result_t  result;

    *asked_store = 0;
    asked = admin.flow.run(&admin.flow, NULL);

    while (asked != MFA_FLOW_DONE) {
        assert_true(++*asked_store < STEPS_MAX);
        result = script_answer(&script, &admin.flow.op);

        if (script.exec != SIZE_MAX && n-- > 0) {
            script.replies[script.exec].type = MFA_REPLY_NIL;
            /* what the other one did: seen by the next try only */
            script.account[MFA_ACCOUNT_DEADLINE] = "950";
        }

        script_follow(&script, &admin.flow.op, &result);
        asked = admin.flow.run(&admin.flow, &result);
    }

    assert_false(script.watching);

    return admin.flow.outcome;
}


static void
a_concurrent_change_is_seen_by_the_next_try(void **state)
{
    int  asked;

    (void) state;

    account_of("500", NULL, NULL);
    begin(MFA_ADMIN_REQUIRE);
    assert_int_equal(run_aborted(1, &asked), MFA_OUTCOME_DONE);
    assert_int_equal(asked, 4);
    assert_int_equal(admin.deadline, 950);
    assert_true(admin.changed);

    account_of("500", NULL, NULL);
    begin(MFA_ADMIN_REQUIRE);
    assert_int_equal(run_aborted(MFA_ADMIN_TRIES - 1, &asked),
                     MFA_OUTCOME_DONE);
    assert_int_equal(asked, 2 * MFA_ADMIN_TRIES);

    account_of("500", NULL, NULL);
    begin(MFA_ADMIN_REQUIRE);
    assert_int_equal(run_aborted(MFA_ADMIN_TRIES, &asked),
                     MFA_OUTCOME_CONFLICT);
    assert_int_equal(asked, 2 * MFA_ADMIN_TRIES);
    assert_false(admin.changed);
}


static void
every_action_has_a_name(void **state)
{
    int  action;

    (void) state;

    for (action = MFA_ADMIN_ADD; action <= MFA_ADMIN_EXTEND; action++) {
        assert_true(strlen(mfa_admin_name((mfa_admin_e) action)) > 2);
    }

    assert_string_equal(mfa_admin_name(MFA_ADMIN_UNREQUIRE), "unrequire");
    assert_string_equal(mfa_admin_name((mfa_admin_e) 99), "");
}


int
main(void)
{
#define CASE(f)  cmocka_unit_test_setup(f, set_up)

    const struct CMUnitTest  tests[] = {
        CASE(add_makes_an_account_in_one_transaction),
        CASE(add_without_a_requirement_has_no_deadline),
        CASE(add_of_a_disabled_account_is_one_change),
        CASE(feature_003_23_grace_0_is_due_at_once),
        CASE(feature_003_02_a_portal_that_requires_all_sets_the_deadline),
        CASE(add_never_overwrites_an_account),
        CASE(add_without_randomness_is_not_done),
        CASE(a_missing_account_is_absent_for_all_but_add),
        CASE(what_cannot_be_is_refused_without_the_store),
        CASE(feature_000_06_require_sets_the_deadline_once),
        CASE(feature_100_02_toggling_does_not_move_the_deadline),
        CASE(what_is_so_already_is_left_alone),
        CASE(feature_002_01_directory_accounts_are_not_required),
        CASE(reset_forgets_the_factor_and_gives_no_grace),
        CASE(extend_sets_a_new_deadline_and_keeps_the_reason),
        CASE(extend_is_for_those_who_are_required),
        CASE(security_33_password_and_enable_end_sessions),
        CASE(delete_leaves_no_index_behind),
        CASE(unlock_clears_the_counters_and_says_if_there_were_any),
        CASE(a_concurrent_change_is_seen_by_the_next_try),
        CASE(every_action_has_a_name),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_admin", tests, NULL, NULL);
}
