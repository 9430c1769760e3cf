/*
 * Flow code end to end on a scripted store: from the password to the portal,
 * what makes a code good once and never again, and that no failure of the store
 * turns half a login into a whole one.  What limits guessing is in
 * test_flow_code_limits.c.
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
    world_account(&w, "alice", (standing_t) { .enrolled = 1 });
    world_login(&w, "alice", PASSWORD);

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
code_of_step(int steps)
{
    return world_enter(&w, world_code(&w, world_secret, steps));
}


/* Half a login of its own, as of another browser. */
static mfa_session_token_t
another_half_login(void)
{
    w.opened = 0;
    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_DONE);

    return w.token;
}


static void
login_code_portal(void **state)
{
    mfa_who_t            before, after;
    mfa_session_token_t  half, full;

    (void) state;

    half = w.token;
    before = world_who(&w);
    assert_int_equal(before.verdict, MFA_VERDICT_CODE);

    w.store.now += 100;
    assert_int_equal(code_of_step(0), MFA_OUTCOME_DONE);
    assert_int_equal(w.asked, 5);
    full = w.token;
    after = world_who(&w);
    assert_int_equal(after.verdict, MFA_VERDICT_ALLOW);
    assert_int_equal(after.session.level, MFA_LEVEL_MFA);
    assert_int_equal(after.session.code_at, w.store.now);
    assert_int_equal(after.session.created, before.session.created);
    assert_int_equal(after.session.password_at, before.session.password_at);
    assert_int_equal(after.session.expires,
                     before.session.password_at + w.portal.absolute_sec);

    /* security 26: a new id, and the old one is dead. */
    assert_memory_not_equal(half.id, full.id, sizeof(half.id));
    assert_int_equal(store_count(&w.store, "mfa:session:"), 1);
    w.token = half;
    assert_int_equal(world_verdict(&w), MFA_VERDICT_LOGIN);

    assert_int_equal(store_events(&w.store, AUDIT,
                     "event=code result=ok reason=validated login=alice"), 1);
}


/* 001-11: the code after the confirming one is the second valid one. */
static void
the_first_login_validates_the_key(void **state)
{
    mfa_flow_gate_t  gate;

    (void) state;

    assert_null(store_text(&w.store, ACCOUNT "alice", "validated"));
    assert_int_equal(code_of_step(0), MFA_OUTCOME_DONE);
    assert_string_equal(store_text(&w.store, ACCOUNT "alice", "validated"),
                        SECRET_ID);

    (void) another_half_login();
    assert_int_equal(world_gate(&w, &gate, MFA_RULE_VALIDATED, 0),
                     MFA_VERDICT_CODE);
    w.store.now += 30;
    assert_int_equal(code_of_step(0), MFA_OUTCOME_DONE);
    assert_int_equal(store_events(&w.store, AUDIT, "event=code result=ok "
                                  "login=alice"), 1);
}


/* security 11, 13 */
static void
security_13_the_window_is_one_step_either_side(void **state)
{
    int  steps;

    (void) state;

    for (steps = -3; steps <= 3; steps++) {
        world_init(&w);
        world_account(&w, "alice", (standing_t) { .enrolled = 1 });
        world_login(&w, "alice", PASSWORD);
        assert_int_equal(code_of_step(steps),
                         steps >= -1 && steps <= 1 ? MFA_OUTCOME_DONE
                                                   : MFA_OUTCOME_REFUSED);
    }
}


static void
security_11_a_code_works_once_and_no_older_one_after_it(void **state)
{
    int  steps;

    (void) state;

    assert_int_equal(code_of_step(0), MFA_OUTCOME_DONE);

    for (steps = -1; steps <= 0; steps++) {
        (void) another_half_login();
        assert_int_equal(code_of_step(steps), MFA_OUTCOME_REFUSED);
        assert_int_equal(world_verdict(&w), MFA_VERDICT_CODE);
    }

    assert_int_equal(store_events(&w.store, AUDIT,
                     "event=code result=refused reason=replayed"), 2);

    (void) another_half_login();
    assert_int_equal(code_of_step(1), MFA_OUTCOME_DONE);

    /* What is a later step when the next minute comes still is one. */
    (void) another_half_login();
    w.store.now += 30;
    assert_int_equal(code_of_step(0), MFA_OUTCOME_REFUSED);
    assert_int_equal(code_of_step(1), MFA_OUTCOME_DONE);
}


/* Between the check and the claim another browser claims the same step. */
static void
somebody_else_wins(world_t *world)
{
    mfa_op_t  op;

    mfa_op_reset(&op);
    mfa_store_step_claim(&op, &world->portal, mfa_lit("alice"),
                         world->store.now / 30);
    store_carry_out(&world->store, &op);
}


static void
security_11_of_two_at_once_one_gets_in(void **state)
{
    mfa_who_t  who;

    (void) state;

    who = world_who(&w);
    w.meddle = somebody_else_wins;
    w.meddle_at = 3;
    assert_int_equal(world_code_as(&w, &who, world_code(&w, world_secret, 0)),
                     MFA_OUTCOME_REFUSED);
    assert_int_equal(w.asked, 5);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_CODE);
}


/* security 25: a clock put back opens no step again. */
static void
security_25_a_clock_put_back_makes_no_code_good_again(void **state)
{
    (void) state;

    assert_int_equal(code_of_step(0), MFA_OUTCOME_DONE);
    w.store.now -= 60;
    (void) another_half_login();
    assert_int_equal(code_of_step(0), MFA_OUTCOME_REFUSED);
    assert_int_equal(code_of_step(1), MFA_OUTCOME_REFUSED);
}


/* --- who may not --- */

static void
without_a_session_there_is_nothing_to_add_a_code_to(void **state)
{
    (void) state;

    w.opened = 0;
    assert_int_equal(code_of_step(0), MFA_OUTCOME_EXPIRED);
    assert_int_equal(w.asked, 0);

    w.opened = 1;
    w.store.now += w.portal.half_sec;
    assert_int_equal(code_of_step(0), MFA_OUTCOME_EXPIRED);
}


static void
without_a_factor_there_is_no_code(void **state)
{
    (void) state;

    world_account(&w, "bob", (standing_t) { 0 });
    world_login(&w, "bob", PASSWORD);
    assert_int_equal(code_of_step(0), MFA_OUTCOME_FORBIDDEN);
    assert_int_equal(w.asked, 0);

    world_account(&w, "carol", (standing_t) { .enrolled = 1 });
    world_login(&w, "carol", PASSWORD);
    store_put_int(&w.store, ACCOUNT "carol", "disabled", 1);
    assert_int_equal(code_of_step(0), MFA_OUTCOME_FORBIDDEN);

    store_drop(&w.store, store_key(&w.store, mfa_lit(ACCOUNT "carol")));
    assert_int_equal(code_of_step(0), MFA_OUTCOME_FORBIDDEN);
}


/* Makes alice's secret one that is not hers to use, in several ways. */
static void
damage(size_t how)
{
    uint8_t          room[MFA_SEAL_TEXT_MAX];
    mfa_buf_t        b;
    mfa_str_t        sealed, short_one = { world_secret, 10 };
    mfa_seal_bind_t  bind = {
        "totp", mfa_lit("user"), mfa_lit("alice"), mfa_lit(SECRET_ID)
    };

    mfa_buf_init(&b, room, sizeof(room));

    switch (how) {
    case 0:                                 /* another account's */
        sealed = mfa_str_from(store_text(&w.store, ACCOUNT "bob", "secret"));
        break;

    case 1:                                 /* half of one */
        sealed = mfa_lit("1.k1.AA");
        break;

    case 2:                                 /* too short to be one */
        assert_int_equal(mfa_seal_make(&world_ring, world_random, &bind,
                                       short_one, &b), 0);
        sealed = mfa_buf_since(&b, 0);
        break;

    case 3:                                 /* a pending one */
        bind.purpose = "pending";
        short_one.len = MFA_TOTP_SECRET_BYTES;
        assert_int_equal(mfa_seal_make(&world_ring, world_random, &bind,
                                       short_one, &b), 0);
        sealed = mfa_buf_since(&b, 0);
        break;

    case 4:                                 /* its key id is another one's */
        store_put(&w.store, ACCOUNT "alice", "secret_id",
                  mfa_lit("c2VjcmV0LTI"));
        return;

    default:                                /* the ring lost its key */
        ring_of(&world_ring, "k2:" KEY_2);
        return;
    }

    store_put(&w.store, ACCOUNT "alice", "secret", sealed);
}


/* security 21, 97: whatever is wrong with the key, no code is looked at. */
static void
security_21_a_secret_that_does_not_open_is_a_fault(void **state)
{
    size_t           i;
    mfa_flow_code_t  code;

    (void) state;

    world_account(&w, "bob", (standing_t) { .enrolled = 1 });

    for (i = 0; i < 6; i++) {
        world_account(&w, "alice", (standing_t) { .enrolled = 1 });
        store_drop(&w.store, store_key(&w.store,
                                       mfa_lit("mfa:fail:code:user:alice")));
        damage(i);

        mfa_flow_code_init(&code);
        code.who = world_who(&w);
        assert_int_equal(code.who.verdict, MFA_VERDICT_CODE);
        code.code = world_code(&w, world_secret, 0);
        assert_int_equal(world_run(&w, &code.flow), MFA_OUTCOME_FAULT);
        assert_non_null(code.flow.alarm);
        assert_int_equal(world_verdict(&w), MFA_VERDICT_CODE);
    }

    assert_int_equal(store_events(&w.store, AUDIT,
                     "event=code result=fault reason=secret"), i);

    ring_of(&world_ring, "k1:" KEY_1);
    store_cut(&w.store, ACCOUNT "alice", "secret");
    assert_int_equal(code_of_step(0), MFA_OUTCOME_FAULT);
    assert_int_equal(w.asked, 0);
}


/* --- what changes meanwhile --- */

static void
an_admin_resets(world_t *world)
{
    store_put_int(&world->store, ACCOUNT "alice", "generation", 1);
    store_cut(&world->store, ACCOUNT "alice", "secret");
    store_cut(&world->store, ACCOUNT "alice", "secret_id");
    store_cut(&world->store, ACCOUNT "alice", "enrolled");
}


static void
a_reset_meanwhile_makes_the_new_session_void(void **state)
{
    size_t  at;

    (void) state;

    for (at = 0; at < 5; at++) {
        world_init(&w);
        world_account(&w, "alice", (standing_t) { .enrolled = 1 });
        world_login(&w, "alice", PASSWORD);
        w.who = world_who(&w);
        w.meddle = an_admin_resets;
        w.meddle_at = at;
        (void) world_code_as(&w, &w.who, world_code(&w, world_secret, 0));
        w.meddle = NULL;
        assert_int_equal(world_verdict(&w), MFA_VERDICT_LOGIN);
    }
}


static void
codes_alone_never_prolong_a_session(void **state)
{
    int64_t  end;

    (void) state;

    end = w.store.now + w.portal.absolute_sec;

    while (w.store.now < end) {
        assert_int_equal(code_of_step(0), MFA_OUTCOME_DONE);
        assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);
        w.store.now += 1200;
    }

    assert_int_equal(world_verdict(&w), MFA_VERDICT_LOGIN);
}


static void
excess_sessions_make_room_for_a_code_as_well(void **state)
{
    mfa_session_token_t  first;

    (void) state;

    assert_int_equal(code_of_step(0), MFA_OUTCOME_DONE);
    first = w.token;
    w.store.now += 30;
    (void) another_half_login();
    w.portal.max_sessions = 1;
    assert_int_equal(code_of_step(0), MFA_OUTCOME_DONE);
    assert_int_equal(w.asked, 6);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);
    assert_int_equal(store_count(&w.store, "mfa:session:"), 1);
    w.token = first;
    assert_int_equal(world_verdict(&w), MFA_VERDICT_LOGIN);
}


/* security 36: who has the password alone must not be able to push out the
   sessions of whoever has the code, too. */
static void
half_logins_push_nobody_out(void **state)
{
    int                  i;
    mfa_session_token_t  full;

    (void) state;

    assert_int_equal(code_of_step(0), MFA_OUTCOME_DONE);
    full = w.token;
    w.portal.max_sessions = 2;

    for (i = 0; i < 5; i++) {
        w.store.now++;
        (void) another_half_login();
    }

    w.token = full;
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);
}


static void
security_104_without_randomness_there_is_no_session(void **state)
{
    (void) state;

    w.who = world_who(&w);
    world_no_random = 1;
    assert_int_equal(world_code_as(&w, &w.who,
                                   world_code(&w, world_secret, 0)),
                     MFA_OUTCOME_UNAVAILABLE);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_CODE);
}


/* --- every failure --- */

static void
prepare(world_t *world)
{
    world_account(world, "alice", (standing_t) { .enrolled = 1 });
    world_login(world, "alice", PASSWORD);
    world->who = world_who(world);
}


static void
prepare_crowded(world_t *world)
{
    world_account(world, "alice", (standing_t) { .enrolled = 1,
                                                 .validated = 1 });
    world_login(world, "alice", PASSWORD);
    world_enter(world, world_code(world, world_secret, 0));
    world->opened = 0;
    world->store.now += 30;
    prepare(world);
    world->portal.max_sessions = 1;
}


static void
prepare_replay(world_t *world)
{
    prepare(world);
    somebody_else_wins(world);
}


static void
prepare_over_limit(world_t *world)
{
    int  i;

    prepare(world);

    for (i = 0; i < 6; i++) {
        world_code_as(world, &world->who,
                      world_wrong_code(world, world_secret));
    }
}


static void
prepare_fault(world_t *world)
{
    world_account(world, "alice", (standing_t) { .enrolled = 1 });
    store_put(&world->store, ACCOUNT "alice", "secret", mfa_lit("1.k1.AAAA"));
    world_login(world, "alice", PASSWORD);
    world->who = world_who(world);
}


static mfa_outcome_e
right(world_t *world)
{
    return world_code_as(world, &world->who,
                         world_code(world, world_secret, 0));
}


static mfa_outcome_e
wrong(world_t *world)
{
    return world_code_as(world, &world->who,
                         world_wrong_code(world, world_secret));
}


static void
no_failure_lets_anybody_in(void **state)
{
    size_t  i, operations;

    static const struct {
        trial_t  trial;
        size_t   operations;
        size_t   least;
    } trials[] = {
        { { prepare, right, 1, 0, TRIAL_OPENS },            5, 700 },
        { { prepare_crowded, right, 1, 0, TRIAL_OPENS },    6, 700 },
        { { prepare, wrong, 0, 0, TRIAL_OPENS },            4, 200 },
        { { prepare_replay, right, 0, 0, TRIAL_OPENS },     5, 200 },
        { { prepare_over_limit, right, 0, 0, TRIAL_OPENS }, 2, 200 },
        { { prepare_fault, right, 0, 0, TRIAL_OPENS },      4, 200 },
    };

    (void) state;

    for (i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
        assert_true(trial_run(&w, &trials[i].trial, &operations)
                    > trials[i].least);
        assert_int_equal(operations, trials[i].operations);
        assert_int_equal(trial_unseen > 0, trials[i].trial.rightful);
    }
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup_teardown(t, setup, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(login_code_portal),
        TEST(the_first_login_validates_the_key),
        TEST(security_13_the_window_is_one_step_either_side),
        TEST(security_11_a_code_works_once_and_no_older_one_after_it),
        TEST(security_11_of_two_at_once_one_gets_in),
        TEST(security_25_a_clock_put_back_makes_no_code_good_again),
        TEST(without_a_session_there_is_nothing_to_add_a_code_to),
        TEST(without_a_factor_there_is_no_code),
        TEST(security_21_a_secret_that_does_not_open_is_a_fault),
        TEST(a_reset_meanwhile_makes_the_new_session_void),
        TEST(codes_alone_never_prolong_a_session),
        TEST(excess_sessions_make_room_for_a_code_as_well),
        TEST(half_logins_push_nobody_out),
        TEST(security_104_without_randomness_there_is_no_session),
        TEST(no_failure_lets_anybody_in)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_code", tests, NULL, NULL);
}
