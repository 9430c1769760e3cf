/*
 * Flow validate on a scripted store: which two codes prove a key (features
 * 001-07, 001-11), that they are charged like any other code (security 14, 107),
 * and that neither the password alone nor a failing store validates anything.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/flow_validate.h"
#include "flow_failure.h"


static world_t  w;


/* Logged in with a code, as one whose key has seen only that one. */
static void
prepare(world_t *world)
{
    world_account(world, "alice", (standing_t) { .enrolled = 1 });
    world_login(world, "alice", PASSWORD);
    assert_int_equal(world_enter(world, world_code(world, world_secret, 0)),
                     MFA_OUTCOME_DONE);
    store_cut(&world->store, ACCOUNT "alice", "validated");
    world->store.now += 30;
    world->who = world_who(world);
}


static int
setup(void **state)
{
    (void) state;
    world_init(&w);
    prepare(&w);

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    store_release(0);

    return 0;
}


static mfa_outcome_e
validate(world_t *world, mfa_str_t first, mfa_str_t second)
{
    mfa_who_t            who;
    mfa_flow_validate_t  flow;

    who = world->who;
    mfa_flow_validate_init(&flow, &who, first, second);

    return world_run(world, &flow.code.flow);
}


static mfa_outcome_e
validate_steps(int first, int second)
{
    return validate(&w, world_code(&w, world_secret, first),
                    world_code(&w, world_secret, second));
}


static int
validated(void)
{
    return store_text(&w.store, ACCOUNT "alice", "validated") != NULL;
}


/* The first may be the one that the login has used up. */
static void
two_codes_in_a_row_validate_the_key(void **state)
{
    mfa_who_t  after;

    (void) state;

    assert_int_equal(validate_steps(-1, 0), MFA_OUTCOME_DONE);
    assert_int_equal(w.asked, 5);
    assert_string_equal(store_text(&w.store, ACCOUNT "alice", "validated"),
                        SECRET_ID);
    assert_int_equal(store_events(&w.store, AUDIT,
                                  "event=validate result=ok login=alice"), 1);

    /* The session is the one it was. */
    after = world_who(&w);
    assert_int_equal(after.verdict, MFA_VERDICT_ALLOW);
    assert_true(after.account.validated);
    assert_int_equal(after.session.code_at, w.who.session.code_at);
    assert_int_equal(store_count(&w.store, "mfa:session:"), 1);
    assert_int_equal(store_count(&w.store, "mfa:fail:code:"), 0);
}


static void
only_neighbours_in_this_order_within_the_window_do(void **state)
{
    int  first, second;

    (void) state;

    for (first = -5; first <= 3; first++) {
        for (second = -5; second <= 3; second++) {
            world_init(&w);
            prepare(&w);
            w.store.now += 300;
            w.who = world_who(&w);

            assert_int_equal(validate_steps(first, second),
                             second == first + 1 && second >= -1 && second <= 1
                             ? MFA_OUTCOME_DONE : MFA_OUTCOME_REFUSED);
            store_release(0);
        }
    }
}


/* security 11: the second is claimed like any other code. */
static void
security_11_the_second_must_be_fresh_and_is_spent_then(void **state)
{
    (void) state;

    assert_int_equal(validate_steps(-2, -1), MFA_OUTCOME_REFUSED);
    assert_false(validated());
    assert_int_equal(store_events(&w.store, AUDIT,
                     "event=validate result=refused reason=replayed"), 1);

    assert_int_equal(validate_steps(-1, 0), MFA_OUTCOME_DONE);
    assert_int_equal(validate_steps(-1, 0), MFA_OUTCOME_REFUSED);
    assert_int_equal(world_enter(&w, world_code(&w, world_secret, 0)),
                     MFA_OUTCOME_REFUSED);
}


static void
what_is_no_code_is_refused(void **state)
{
    size_t     i;
    mfa_str_t  right, first;

    static const char *const  others[] = {
        "", "12345", "1234567", "+12345", " 12345", "12345a"
    };

    (void) state;

    right = world_code(&w, world_secret, 0);
    first = world_code(&w, world_secret, -1);
    w.portal.limit_code.n = 100;

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(validate(&w, mfa_str_from(others[i]), right),
                         MFA_OUTCOME_REFUSED);
        assert_int_equal(validate(&w, first, mfa_str_from(others[i])),
                         MFA_OUTCOME_REFUSED);
    }

    assert_int_equal(validate(&w, right, right), MFA_OUTCOME_REFUSED);
    assert_int_equal(validate(&w, world_wrong_code(&w, world_secret), right),
                     MFA_OUTCOME_REFUSED);
    assert_int_equal(validate(&w, first, world_wrong_code(&w, world_secret)),
                     MFA_OUTCOME_REFUSED);
    assert_false(validated());
}


/* security 14, 107: here and at the code page one counter counts. */
static void
security_107_wrong_pairs_use_up_the_code_counter(void **state)
{
    int  i;

    (void) state;

    for (i = 0; i < 5; i++) {
        assert_int_equal(validate(&w, mfa_lit("000000"), mfa_lit("000001")),
                         MFA_OUTCOME_REFUSED);
    }

    assert_int_equal(validate_steps(-1, 0), MFA_OUTCOME_LIMITED);
    assert_true(w.retry_after > 0);
    assert_int_equal(world_enter(&w, world_code(&w, world_secret, 0)),
                     MFA_OUTCOME_LIMITED);
    assert_false(validated());
}


static void
without_a_code_in_the_session_none_is_looked_at(void **state)
{
    (void) state;

    w.opened = 0;
    world_login(&w, "alice", PASSWORD);
    w.who = world_who(&w);
    assert_int_equal(validate_steps(-1, 0), MFA_OUTCOME_FORBIDDEN);
    assert_int_equal(w.asked, 0);

    w.opened = 0;
    w.who = world_who(&w);
    assert_int_equal(validate_steps(-1, 0), MFA_OUTCOME_EXPIRED);
    assert_int_equal(w.asked, 0);

    world_account(&w, "bob", (standing_t) { 0 });
    world_login(&w, "bob", PASSWORD);
    w.who = world_who(&w);
    assert_int_equal(validate_steps(-1, 0), MFA_OUTCOME_FORBIDDEN);
    assert_int_equal(w.asked, 0);
}


/* A key that was replaced while the codes were looked at has proved nothing. */
static void
another_key(world_t *world)
{
    store_put(&world->store, ACCOUNT "alice", "secret_id",
              mfa_lit("c2VjcmV0LTI"));
}


static void
the_mark_is_the_keys_and_not_the_accounts(void **state)
{
    mfa_who_t  after;

    (void) state;

    w.meddle = another_key;
    w.meddle_at = 4;
    assert_int_equal(validate_steps(-1, 0), MFA_OUTCOME_DONE);
    w.meddle = NULL;
    after = world_who(&w);
    assert_false(after.account.validated);
}


/* --- every failure --- */

static void
prepare_over_limit(world_t *world)
{
    int  i;

    prepare(world);

    for (i = 0; i < 6; i++) {
        validate(world, mfa_lit("000000"), mfa_lit("000001"));
    }
}


static mfa_outcome_e
right(world_t *world)
{
    return validate(world, world_code(world, world_secret, -1),
                    world_code(world, world_secret, 0));
}


static mfa_outcome_e
wrong(world_t *world)
{
    return validate(world, world_wrong_code(world, world_secret),
                    world_code(world, world_secret, 0));
}


static void
no_failure_validates_anything(void **state)
{
    size_t  i, operations;

    static const struct {
        trial_t  trial;
        size_t   operations;
        size_t   least;
    } trials[] = {
        { { prepare, right, 1, 0, TRIAL_NOTES },            5, 300 },
        { { prepare, wrong, 0, 0, TRIAL_NOTES },            4, 200 },
        { { prepare_over_limit, right, 0, 0, TRIAL_NOTES }, 2, 100 },
    };

    (void) state;

    for (i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
        assert_true(trial_run(&w, &trials[i].trial, &operations)
                    > trials[i].least);
        assert_int_equal(operations, trials[i].operations);
    }
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup_teardown(t, setup, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(two_codes_in_a_row_validate_the_key),
        TEST(only_neighbours_in_this_order_within_the_window_do),
        TEST(security_11_the_second_must_be_fresh_and_is_spent_then),
        TEST(what_is_no_code_is_refused),
        TEST(security_107_wrong_pairs_use_up_the_code_counter),
        TEST(without_a_code_in_the_session_none_is_looked_at),
        TEST(the_mark_is_the_keys_and_not_the_accounts),
        TEST(no_failure_validates_anything)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_validate", tests, NULL, NULL);
}
