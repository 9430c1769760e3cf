/*
 * Flow security on a scripted store: which sessions and trusted browsers it
 * lists and which it ends (security 34), and that what was not ended is not
 * reported as ended.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/flow_security.h"
#include "flow_failure.h"

#define SESSIONS  "mfa:{user}:sessions:alice"

static world_t              w;
static mfa_flow_security_t  flow;


/* Three sessions of alice's, this one the newest; one of bob's. */
static void
prepare(world_t *world)
{
    int  i;

    world_account(world, "bob", (standing_t) { 0 });
    world_account(world, "alice", (standing_t) { 0 });
    world_login(world, "bob", PASSWORD);

    for (i = 0; i < 3; i++) {
        world->opened = 0;
        world_login(world, "alice", PASSWORD);
    }

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
act(world_t *world, mfa_security_e action, mfa_str_t ref)
{
    mfa_flow_security_init(&flow);
    flow.who = world->who;
    flow.action = action;
    flow.ref = ref;

    return world_run(world, &flow.flow);
}


static void
all_open_sessions_are_listed_newest_first(void **state)
{
    (void) state;

    assert_int_equal(act(&w, MFA_SECURITY_LIST, mfa_lit("")), MFA_OUTCOME_DONE);
    assert_int_equal(w.asked, 2);
    assert_int_equal(flow.n_sessions, 3);
    assert_int_equal(flow.n_devices, 0);
    assert_true(mfa_str_eq(flow.sessions[0].hash, w.who.hash));
    assert_false(mfa_str_eq(flow.sessions[1].hash, flow.sessions[2].hash));
    assert_true(mfa_str_is(flow.sessions[2].session.login, "alice"));

    /* Of another generation they are over. */
    store_put_int(&w.store, ACCOUNT "alice", "generation", 1);
    w.who.account.generation = 1;
    assert_int_equal(act(&w, MFA_SECURITY_LIST, mfa_lit("")), MFA_OUTCOME_DONE);
    assert_int_equal(flow.n_sessions, 0);
}


static void
many_are_read_in_turns_and_shown_up_to_a_bound(void **state)
{
    int   i;
    char  hash[MFA_HASH_CHARS + 1];

    (void) state;

    w.portal.max_sessions = 1000;

    for (i = 0; i < 50; i++) {
        snprintf(hash, sizeof(hash), "%0*d", MFA_HASH_CHARS, i);
        mfa_op_reset(&flow.flow.op);
        mfa_store_session_index(&flow.flow.op, &w.portal, &w.who.session, 0,
                                (mfa_str_t) { (uint8_t *) hash,
                                              MFA_HASH_CHARS });
        store_carry_out(&w.store, &flow.flow.op);
    }

    assert_int_equal(act(&w, MFA_SECURITY_LIST, mfa_lit("")), MFA_OUTCOME_DONE);
    assert_int_equal(w.asked, 4);
    assert_int_equal(flow.n_sessions, 3);
}


static void
one_or_all_others_are_ended(void **state)
{
    mfa_str_t  second;

    (void) state;

    act(&w, MFA_SECURITY_LIST, mfa_lit(""));
    second = mfa_session_short(flow.sessions[1].hash);

    assert_int_equal(act(&w, MFA_SECURITY_END_SESSION, second),
                     MFA_OUTCOME_DONE);
    assert_int_equal(flow.n_ended, 1);
    assert_int_equal(store_count(&w.store, "mfa:session:"), 3);
    assert_int_equal(store_events(&w.store, AUDIT,
                     "event=session-revoke result=ok login=alice"), 1);
    assert_int_equal(act(&w, MFA_SECURITY_END_SESSION, second),
                     MFA_OUTCOME_DONE);
    assert_int_equal(flow.n_ended, 0);

    /* A part of a reference, or none, names nothing. */
    second.len = 4;
    act(&w, MFA_SECURITY_END_SESSION, second);
    act(&w, MFA_SECURITY_END_SESSION, mfa_lit(""));
    assert_int_equal(store_count(&w.store, "mfa:session:"), 3);

    assert_int_equal(act(&w, MFA_SECURITY_END_OTHERS, mfa_lit("")),
                     MFA_OUTCOME_DONE);
    assert_int_equal(flow.n_ended, 1);
    assert_int_equal(store_count(&w.store, "mfa:session:"), 2);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);
    assert_int_equal(act(&w, MFA_SECURITY_LIST, mfa_lit("")), MFA_OUTCOME_DONE);
    assert_int_equal(flow.n_sessions, 1);
}


static void
who_has_half_a_login_or_none_is_not_served(void **state)
{
    size_t  action;

    (void) state;

    world_account(&w, "carol", (standing_t) { .enrolled = 1 });
    w.opened = 0;
    world_login(&w, "carol", PASSWORD);
    w.who = world_who(&w);

    for (action = MFA_SECURITY_LIST; action <= MFA_SECURITY_END_DEVICES;
         action++)
    {
        assert_int_equal(act(&w, (mfa_security_e) action, mfa_lit("")),
                         MFA_OUTCOME_FORBIDDEN);
        assert_int_equal(w.asked, 0);
    }

    w.opened = 0;
    w.who = world_who(&w);
    assert_int_equal(act(&w, MFA_SECURITY_END_OTHERS, mfa_lit("")),
                     MFA_OUTCOME_EXPIRED);
}


/* --- trusted browsers --- */

static void
prepare_devices(world_t *world)
{
    int  i;

    world->portal.remember_sec = 30 * DAY;
    world->remember = 1;
    world_account(world, "alice", (standing_t) { .enrolled = 1 });

    for (i = 0; i < 2; i++) {
        world->opened = 0;
        world->trusted = 0;
        world_login(world, "alice", PASSWORD);
        assert_int_equal(world_enter(world, world_code(world, world_secret, 0)),
                         MFA_OUTCOME_DONE);
        world->store.now += 30;
    }

    world->who = world_who(world);
}


static void
devices_are_listed_and_ended(void **state)
{
    mfa_str_t  ref;

    (void) state;

    prepare_devices(&w);
    act(&w, MFA_SECURITY_LIST, mfa_lit(""));
    assert_int_equal(flow.n_devices, 2);
    assert_memory_equal(flow.devices[0].hash.data, w.device.hash,
                        MFA_HASH_CHARS);
    ref = mfa_session_short(flow.devices[1].hash);

    assert_int_equal(act(&w, MFA_SECURITY_END_DEVICE, ref), MFA_OUTCOME_DONE);
    assert_int_equal(flow.n_ended, 1);
    assert_int_equal(act(&w, MFA_SECURITY_END_DEVICE, ref), MFA_OUTCOME_DONE);
    assert_int_equal(flow.n_ended, 0);
    act(&w, MFA_SECURITY_LIST, mfa_lit(""));
    assert_int_equal(flow.n_devices, 1);

    assert_int_equal(act(&w, MFA_SECURITY_END_DEVICES, mfa_lit("")),
                     MFA_OUTCOME_DONE);
    assert_int_equal(store_count(&w.store, "mfa:{user}:device"), 0);
    assert_int_equal(store_events(&w.store, AUDIT,
                     "event=device-revoke result=ok login=alice"), 2);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);
}


/* --- every failure --- */

static mfa_outcome_e
list(world_t *world)
{
    return act(world, MFA_SECURITY_LIST, mfa_lit(""));
}


static mfa_outcome_e
end_others(world_t *world)
{
    return act(world, MFA_SECURITY_END_OTHERS, mfa_lit(""));
}


static mfa_outcome_e
end_devices(world_t *world)
{
    return act(world, MFA_SECURITY_END_DEVICES, mfa_lit(""));
}


static void
what_could_not_be_done_is_not_reported_as_done(void **state)
{
    size_t  i, operations;

    static const struct {
        trial_t  trial;
        size_t   operations;
        size_t   least;
    } trials[] = {
        { { prepare, list, 1, 0, TRIAL_NOTES },                2, 90 },
        { { prepare_devices, list, 1, 0, TRIAL_NOTES },        2, 120 },
        { { prepare, end_others, 1, 0, TRIAL_NOTES },          2, 120 },
        { { prepare_devices, end_devices, 1, 0, TRIAL_NOTES }, 2, 120 },
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
        TEST(all_open_sessions_are_listed_newest_first),
        TEST(many_are_read_in_turns_and_shown_up_to_a_bound),
        TEST(one_or_all_others_are_ended),
        TEST(who_has_half_a_login_or_none_is_not_served),
        TEST(devices_are_listed_and_ended),
        TEST(what_could_not_be_done_is_not_reported_as_done)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_security", tests, NULL, NULL);
}
