/*
 * Flow logout on a scripted store: the session and what hangs on it are gone,
 * nobody else's are, and a store that did not answer is no logout (security
 * 115): the person must be told that the session may live on.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow_failure.h"


static world_t  w;


static int
setup(void **state)
{
    (void) state;
    world_init(&w);
    world_account(&w, "alice", (standing_t) { 0 });

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    store_release(0);

    return 0;
}


static void
the_session_and_its_pending_secret_are_gone(void **state)
{
    mfa_flow_enrol_t     enrol;
    mfa_session_token_t  other;

    (void) state;

    world_login(&w, "alice", PASSWORD);
    other = w.token;
    w.opened = 0;
    world_login(&w, "alice", PASSWORD);
    assert_int_equal(world_enrol(&w, &enrol, MFA_ENROL_OFFER, NULL,
                                 mfa_lit("")), MFA_OUTCOME_DONE);
    assert_int_equal(store_count(&w.store, "mfa:enrolment:"), 1);

    assert_int_equal(world_logout(&w), MFA_OUTCOME_DONE);
    assert_int_equal(w.asked, 1);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_LOGIN);
    assert_int_equal(store_count(&w.store, "mfa:enrolment:"), 0);
    assert_int_equal(store_count(&w.store, "mfa:session:"), 1);
    assert_int_equal(store_events(&w.store, AUDIT,
                                  "event=logout result=ok login=alice"), 1);

    w.token = other;
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);
}


/* security 35: again, or without a session, it is as good as done. */
static void
security_35_logout_can_be_repeated(void **state)
{
    (void) state;

    assert_int_equal(world_logout(&w), MFA_OUTCOME_DONE);
    assert_int_equal(w.asked, 0);

    world_login(&w, "alice", PASSWORD);
    assert_int_equal(world_logout(&w), MFA_OUTCOME_DONE);
    assert_int_equal(world_logout(&w), MFA_OUTCOME_DONE);
    assert_int_equal(w.asked, 0);
}


static void
prepare(world_t *world)
{
    world_account(world, "alice", (standing_t) { 0 });
    world_login(world, "alice", PASSWORD);
    world->who = world_who(world);
}


static mfa_outcome_e
leave(world_t *world)
{
    mfa_flow_logout_t  logout;

    mfa_flow_logout_init(&logout);
    logout.who = world->who;

    return world_run(world, &logout.flow);
}


static void
no_failure_is_called_a_logout(void **state)
{
    size_t  operations;

    static const trial_t  trial = { prepare, leave, 1, 0, TRIAL_LEAVES };

    (void) state;

    assert_true(trial_run(&w, &trial, &operations) > 50);
    assert_int_equal(operations, 1);
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup_teardown(t, setup, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(the_session_and_its_pending_secret_are_gone),
        TEST(security_35_logout_can_be_repeated),
        TEST(no_failure_is_called_a_logout)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_logout", tests, NULL, NULL);
}
