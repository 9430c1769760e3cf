/*
 * Grace and deadlines as the gate deals with them, end to end on a scripted
 * store: set when a portal's own requirement meets an account for the first
 * time, and moved by nothing after that.  When this breaks, a lockout never
 * comes, or comes to people of whom nobody asked anything.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow_world.h"


static world_t          w;
static mfa_flow_gate_t  gate;


static int
setup(void **state)
{
    (void) state;
    world_init(&w);

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
log_in(void)
{
    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_DONE);
}


/* 100-02, security 84: the deadline is set once and by nothing moved. */
static void
security_84_a_portals_own_requirement_sets_the_deadline_once(void **state)
{
    int64_t  deadline;

    (void) state;

    w.portal.require = MFA_REQUIRE_ALL;
    world_account(&w, "alice", (standing_t) { 0 });
    log_in();
    deadline = w.store.now + w.portal.grace_sec;

    assert_int_equal(world_gate(&w, &gate, MFA_RULE_ACCOUNT, 0),
                     MFA_VERDICT_ENROL);
    assert_int_equal(w.asked, 2);
    assert_true(gate.who.may_put_off);
    assert_int_equal(gate.who.account.deadline, deadline);
    assert_string_equal(store_text(&w.store, "mfa:{user}:unenrolled", "alice"),
                        store_text(&w.store, ACCOUNT "alice", "deadline"));

    w.store.now += DAY;
    log_in();
    assert_int_equal(world_gate(&w, &gate, MFA_RULE_ACCOUNT, 0),
                     MFA_VERDICT_ENROL);
    assert_int_equal(w.asked, 1);
    assert_int_equal(gate.who.account.deadline, deadline);

    w.portal.grace_sec = 30 * DAY;
    w.store.now = deadline - 1;
    log_in();
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ENROL);
    w.store.now = deadline;
    assert_int_equal(world_verdict(&w), MFA_VERDICT_LOCKED);
    log_in();
    assert_int_equal(world_gate(&w, &gate, MFA_RULE_ACCOUNT, 0),
                     MFA_VERDICT_LOCKED);
    assert_false(gate.who.may_put_off);
    assert_int_equal(world_gate(&w, &gate, MFA_RULE_ALWAYS, 0),
                     MFA_VERDICT_LOCKED);
}


static void
another_worker_that_set_the_deadline_first(world_t *world)
{
    store_put_int(&world->store, ACCOUNT "alice", "deadline", NOW + 3 * DAY);
}


static void
the_deadline_that_holds_is_the_first_one(void **state)
{
    (void) state;

    w.portal.require = MFA_REQUIRE_ALL;
    world_account(&w, "alice", (standing_t) { 0 });
    log_in();
    w.meddle = another_worker_that_set_the_deadline_first;
    w.meddle_at = 1;

    assert_int_equal(world_gate(&w, &gate, MFA_RULE_ACCOUNT, 0),
                     MFA_VERDICT_ENROL);
    assert_int_equal(gate.who.account.deadline, NOW + 3 * DAY);
}


static void
a_deadline_before_all_time(world_t *world, const mfa_flow_t *flow,
    mfa_result_t *result)
{
    if (world->asked == 1) {
        result->replies[flow->op.exec[0]]->elements[1]
            = reply_text(MFA_REPLY_STRING, "-1");
    }
}


static void
a_deadline_that_is_none_is_no_answer(void **state)
{
    (void) state;

    w.portal.require = MFA_REQUIRE_ALL;
    world_account(&w, "alice", (standing_t) { 0 });
    log_in();
    w.disturb = a_deadline_before_all_time;
    assert_int_equal(world_verdict(&w), MFA_VERDICT_UNAVAILABLE);
}


/* 003-23: no days of grace means at the next login, and no lockout for it. */
static void
grace_0_cannot_be_put_off_and_does_not_lock(void **state)
{
    (void) state;

    w.portal.require = MFA_REQUIRE_ALL;
    w.portal.grace_sec = 0;
    world_account(&w, "alice", (standing_t) { 0 });
    log_in();

    assert_int_equal(world_gate(&w, &gate, MFA_RULE_ACCOUNT, 0),
                     MFA_VERDICT_ENROL);
    assert_false(gate.who.may_put_off);
    assert_string_equal(store_text(&w.store, ACCOUNT "alice", "deadline"), "0");

    w.store.now += 400 * DAY;
    log_in();
    assert_int_equal(world_gate(&w, &gate, MFA_RULE_ACCOUNT, 0),
                     MFA_VERDICT_ENROL);
    assert_false(gate.who.may_put_off);
}


/* A rule of a location is no requirement: it must not start anybody's grace. */
static void
rules_that_do_not_require_set_no_deadline(void **state)
{
    (void) state;

    world_account(&w, "alice", (standing_t) { 0 });
    log_in();
    assert_int_equal(world_gate(&w, &gate, MFA_RULE_ALWAYS, 0),
                     MFA_VERDICT_ENROL);
    assert_int_equal(w.asked, 1);
    assert_false(gate.who.may_put_off);
    assert_null(store_text(&w.store, ACCOUNT "alice", "deadline"));

    w.portal.require = MFA_REQUIRE_ALL;
    assert_int_equal(world_gate(&w, &gate, MFA_RULE_PASSWORD, 0),
                     MFA_VERDICT_ALLOW);
    assert_int_equal(world_gate(&w, &gate, MFA_RULE_VALIDATED, 0),
                     MFA_VERDICT_ALLOW);
    assert_null(store_text(&w.store, ACCOUNT "alice", "deadline"));
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup_teardown(t, setup, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(security_84_a_portals_own_requirement_sets_the_deadline_once),
        TEST(the_deadline_that_holds_is_the_first_one),
        TEST(a_deadline_that_is_none_is_no_answer),
        TEST(grace_0_cannot_be_put_off_and_does_not_lock),
        TEST(rules_that_do_not_require_set_no_deadline)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_gate_deadline", tests, NULL,
                                       NULL);
}
