/*
 * Flow enrol when others change the account meanwhile, or the store fails: two
 * confirmations make one factor, a change by an admin is never overwritten,
 * and no failure enrols an account or opens a session that nobody earned.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow_failure.h"


static world_t           w;
static mfa_flow_enrol_t  enrol;
static uint8_t           secret[MFA_TOTP_SECRET_BYTES];


static void
prepare(world_t *world)
{
    world_account(world, "alice", (standing_t) { .required = 1,
                                                 .deadline = NOW + 7 * DAY,
                                                 .generation = 2 });
    world_login(world, "alice", PASSWORD);
    world->who = world_who(world);
}


static void
prepare_offered(world_t *world)
{
    prepare(world);
    world_enrol(world, &enrol, MFA_ENROL_OFFER, &world->who, mfa_lit(""));
    memcpy(secret, enrol.secret, sizeof(secret));
}


static int
setup(void **state)
{
    (void) state;
    world_init(&w);
    prepare_offered(&w);
    assert_true(enrol.has_secret);

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
confirm(world_t *world)
{
    return world_enrol(world, &enrol, MFA_ENROL_CONFIRM, &world->who,
                       world_code(world, secret, 0));
}


static const char *
field(const char *name)
{
    return store_text(&w.store, ACCOUNT "alice", name);
}


/* --- meanwhile --- */

static void
a_name_is_changed(world_t *world)
{
    store_put(&world->store, ACCOUNT "alice", "name", mfa_lit("Alice A."));
}


static void
the_account_is_blocked(world_t *world)
{
    store_put_int(&world->store, ACCOUNT "alice", "disabled", 1);
}


static void
the_sessions_are_ended(world_t *world)
{
    store_put_int(&world->store, ACCOUNT "alice", "generation", 9);
}


static void
the_account_is_deleted(world_t *world)
{
    store_drop(&world->store, store_key(&world->store,
                                        mfa_lit(ACCOUNT "alice")));
}


static void
the_days_run_out(world_t *world)
{
    store_put_int(&world->store, ACCOUNT "alice", "deadline", NOW);
}


static void
somebody_else_confirmed(world_t *world)
{
    world_account(world, "alice", (standing_t) { .enrolled = 1,
                                                 .generation = 2 });
}


/* Operation 3 watches, operation 4 changes: between them it is aborted. */
static void
a_harmless_change_meanwhile_is_kept_and_it_goes_on(void **state)
{
    (void) state;

    w.meddle = a_name_is_changed;
    w.meddle_at = 4;
    assert_int_equal(confirm(&w), MFA_OUTCOME_DONE);
    assert_int_equal(w.asked, 8);
    assert_string_equal(field("name"), "Alice A.");
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);
}


static void
whatever_forbids_it_meanwhile_forbids_it(void **state)
{
    size_t  i, at;

    static void  (*const changes[])(world_t *world) = {
        the_account_is_blocked, the_sessions_are_ended, the_account_is_deleted,
        the_days_run_out, somebody_else_confirmed
    };

    (void) state;

    for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        for (at = 0; at < 5; at++) {
            world_init(&w);
            prepare_offered(&w);
            w.meddle = changes[i];
            w.meddle_at = at;
            assert_int_equal(confirm(&w), MFA_OUTCOME_FORBIDDEN);
            w.meddle = NULL;

            assert_int_equal(store_events(&w.store, AUDIT,
                                          "event=enrol result=ok"), 0);
            assert_int_not_equal(world_verdict(&w), MFA_VERDICT_ALLOW);

            if (changes[i] == somebody_else_confirmed) {
                assert_string_equal(field("secret_id"), SECRET_ID);
            } else {
                assert_null(field("secret"));
            }
        }
    }
}


/* Whoever stands in front of the flow: it looks at the account for itself. */
static void
what_the_gate_said_does_not_hide_a_factor(void **state)
{
    (void) state;

    w.who.session.level = MFA_LEVEL_MFA;
    w.who.session.code_at = w.store.now;
    w.meddle = somebody_else_confirmed;
    w.meddle_at = 3;
    assert_int_equal(confirm(&w), MFA_OUTCOME_FORBIDDEN);
    assert_string_equal(field("secret_id"), SECRET_ID);

    w.who.verdict = MFA_VERDICT_ALLOW;
    w.who.account.fault = 1;
    assert_int_equal(confirm(&w), MFA_OUTCOME_FORBIDDEN);
    assert_int_equal(w.asked, 0);
    w.who.account.fault = 0;
    w.who.account.enrolled = 1;
    assert_int_equal(confirm(&w), MFA_OUTCOME_FORBIDDEN);
    assert_string_equal(field("secret_id"), SECRET_ID);
    w.who.account.enrolled = 0;
    w.who.has_account = 0;
    assert_int_equal(confirm(&w), MFA_OUTCOME_FORBIDDEN);
    assert_int_equal(w.asked, 0);
}


static void
busy_hands(world_t *world)
{
    store_put_int(&world->store, ACCOUNT "alice", "version",
                  1000 + (int64_t) world->asked);
    world->meddle_at += 2;
}


static void
endless_changes_are_a_conflict(void **state)
{
    (void) state;

    w.meddle = busy_hands;
    w.meddle_at = 4;
    assert_int_equal(confirm(&w), MFA_OUTCOME_CONFLICT);
    assert_int_equal(w.asked, 3 + 2 * MFA_ENROL_TRIES);
    assert_null(field("enrolled"));
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ENROL);
}


/* Two tabs confirm the same secret: the second finds a factor there. */
static void
a_pending_secret_is_used_once(void **state)
{
    mfa_who_t            who;
    mfa_session_token_t  mine;

    (void) state;

    who = w.who;
    mine = w.token;
    who.hash.data = mine.hash;
    assert_int_equal(confirm(&w), MFA_OUTCOME_DONE);
    assert_int_equal(world_enrol(&w, &enrol, MFA_ENROL_CONFIRM, &who,
                                 world_code(&w, secret, 1)),
                     MFA_OUTCOME_EXPIRED);
}


/* --- every failure --- */

static mfa_outcome_e
offer(world_t *world)
{
    return world_enrol(world, &enrol, MFA_ENROL_OFFER, &world->who,
                       mfa_lit(""));
}


static mfa_outcome_e
guess(world_t *world)
{
    return world_enrol(world, &enrol, MFA_ENROL_CONFIRM, &world->who,
                       world_wrong_code(world, secret));
}


static mfa_outcome_e
put_off(world_t *world)
{
    return world_enrol(world, &enrol, MFA_ENROL_LATER, &world->who,
                       mfa_lit(""));
}


static void
prepare_crowded(world_t *world)
{
    prepare(world);
    world->opened = 0;
    world->store.now++;
    prepare_offered(world);
    world->portal.max_sessions = 1;
}


static void
prepare_enrolled(world_t *world)
{
    prepare_offered(world);
    somebody_else_confirmed(world);
}


static void
prepare_ended(world_t *world)
{
    prepare_offered(world);
    the_sessions_are_ended(world);
}


static void
no_failure_lets_anybody_in(void **state)
{
    size_t  i, operations;

    static const struct {
        trial_t  trial;
        size_t   operations;
        size_t   least;
        int      opens;                     /* a session */
    } trials[] = {
        { { prepare_offered, confirm, 1, 0, TRIAL_OPENS },  6, 900, 1 },
        { { prepare_crowded, confirm, 1, 0, TRIAL_OPENS },  7, 900, 1 },
        { { prepare_offered, guess, 0, 0, TRIAL_OPENS },    4, 200, 0 },
        { { prepare_enrolled, confirm, 0, 0, TRIAL_OPENS }, 5, 400, 0 },
        { { prepare_ended, confirm, 0, 0, TRIAL_OPENS },    5, 400, 0 },
    };

    (void) state;

    for (i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
        assert_true(trial_run(&w, &trials[i].trial, &operations)
                    > trials[i].least);
        assert_int_equal(operations, trials[i].operations);
        assert_int_equal(trial_unseen > 0, trials[i].opens);
    }
}


/* What is not answered as it must be shows no secret and puts off nothing. */
static void
no_failure_offers_or_puts_off(void **state)
{
    size_t  operations;

    static const trial_t  offering = { prepare, offer, 1, 0, TRIAL_NOTES };
    static const trial_t  later = { prepare, put_off, 1, 0, TRIAL_NOTES };

    (void) state;

    assert_true(trial_run(&w, &offering, &operations) > 20);
    assert_int_equal(operations, 1);
    assert_true(trial_run(&w, &later, &operations) > 20);
    assert_int_equal(operations, 1);
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup_teardown(t, setup, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(a_harmless_change_meanwhile_is_kept_and_it_goes_on),
        TEST(whatever_forbids_it_meanwhile_forbids_it),
        TEST(what_the_gate_said_does_not_hide_a_factor),
        TEST(endless_changes_are_a_conflict),
        TEST(a_pending_secret_is_used_once),
        TEST(no_failure_lets_anybody_in),
        TEST(no_failure_offers_or_puts_off)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_enrol_failure", tests, NULL,
                                       NULL);
}
