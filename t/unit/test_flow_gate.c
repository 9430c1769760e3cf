/*
 * Flow gate end to end on a scripted store: who gets which verdict, what is
 * read for it, when the session is touched, and that no failure of the store
 * ever makes an ALLOW.  Deadlines are in test_flow_gate_deadline.c.  When this
 * breaks, somebody passes who must not, or everybody is asked for too much.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow_failure.h"


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


/* The record of the session that the browser has, as the store holds it. */
static mfa_session_t
record(const char **key)
{
    char           *name = store_block(80);
    mfa_str_t       hash = { w.token.hash, MFA_HASH_CHARS };
    mfa_session_t   session;

    snprintf(name, 80, "mfa:session:%.*s", (int) hash.len,
             (const char *) hash.data);
    *key = name;
    assert_non_null(store_text(&w.store, name, ""));
    assert_int_equal(mfa_session_decode(&session,
                     store_bytes(&w.store, name, ""), hash), 0);
    return session;
}


static void
rewrite(const char *key, const mfa_session_t *session)
{
    uint8_t    room[MFA_SESSION_RECORD_MAX];
    mfa_buf_t  b;

    mfa_buf_init(&b, room, sizeof(room));
    mfa_session_encode(&b, session,
                       (mfa_str_t) { w.token.hash, MFA_HASH_CHARS });
    store_put(&w.store, key, "", mfa_buf_since(&b, 0));
}


static void
log_in(void)
{
    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_DONE);
}


static void
log_in_with_code(void)
{
    log_in();
    assert_int_equal(world_enter(&w, world_code(&w, world_secret, 0)),
                     MFA_OUTCOME_DONE);
}


static void
nobody_without_a_cookie_and_without_a_question(void **state)
{
    (void) state;

    assert_int_equal(world_gate(&w, &gate, MFA_RULE_ACCOUNT, 0),
                     MFA_VERDICT_LOGIN);
    assert_int_equal(w.asked, 0);
    assert_false(gate.who.has_session);
    assert_false(gate.who.has_account);
    assert_false(gate.touch);
}


static void
a_right_guess_costs_one_round_trip(void **state)
{
    (void) state;

    world_account(&w, "alice", (standing_t) { 0 });
    log_in();

    assert_int_equal(world_gate(&w, &gate, MFA_RULE_ACCOUNT, 0),
                     MFA_VERDICT_ALLOW);
    assert_int_equal(w.asked, 1);
    assert_true(gate.who.has_session);
    assert_true(gate.who.has_account);
    assert_true(mfa_str_is(gate.who.account.login, "alice"));
    assert_int_equal(gate.who.session.address.kind, MFA_ADDRESS_IPV4);
    assert_memory_equal(gate.who.session.address.bytes, "\xc0\0\2\x21", 4);
    assert_true(mfa_str_eq(gate.who.hash, (mfa_str_t) {
                           w.token.hash, MFA_HASH_CHARS }));
    assert_null(gate.flow.alarm);
}


/* The cookie names bob, who may pass; the record is alice's, who may not. */
static void
a_wrong_guess_is_read_again_and_the_record_decides(void **state)
{
    (void) state;

    world_account(&w, "bob", (standing_t) { 0 });
    world_account(&w, "alice", (standing_t) { .enrolled = 1 });
    log_in();
    memcpy(w.token.login, "bob", 3);
    w.token.login_len = 3;

    assert_int_equal(world_gate(&w, &gate, MFA_RULE_ACCOUNT, 0),
                     MFA_VERDICT_CODE);
    assert_int_equal(w.asked, 2);
    assert_true(mfa_str_is(gate.who.account.login, "alice"));

    w.token.login_len = 0;
    assert_int_equal(world_gate(&w, &gate, MFA_RULE_ACCOUNT, 0),
                     MFA_VERDICT_CODE);
    assert_int_equal(w.asked, 2);
}


static void
an_unknown_session_is_a_login_and_no_alarm(void **state)
{
    const char  *key;

    (void) state;

    world_account(&w, "alice", (standing_t) { 0 });
    log_in();
    (void) record(&key);
    store_drop(&w.store, store_key(&w.store, mfa_str_from(key)));

    assert_int_equal(world_gate(&w, &gate, MFA_RULE_ACCOUNT, 0),
                     MFA_VERDICT_LOGIN);
    assert_false(gate.who.has_session);
    assert_null(gate.flow.alarm);
}


/* security 30, 41: a record of another hash, portal or kind is no session. */
static void
security_30_a_foreign_record_is_a_login_and_an_alarm(void **state)
{
    const char     *key;
    mfa_session_t   session;

    (void) state;

    world_account(&w, "alice", (standing_t) { 0 });
    log_in();
    session = record(&key);

    session.portal = mfa_lit("admin");
    rewrite(key, &session);
    assert_int_equal(world_gate(&w, &gate, MFA_RULE_ACCOUNT, 0),
                     MFA_VERDICT_LOGIN);
    assert_false(gate.who.has_session);
    assert_int_equal(gate.who.session.level, MFA_LEVEL_NONE);
    assert_non_null(gate.flow.alarm);

    session.portal = mfa_lit("user");
    rewrite(key, &session);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);

    store_put(&w.store, key, "", mfa_lit("1\tother\tuser\talice\t0"));
    assert_int_equal(world_gate(&w, &gate, MFA_RULE_ACCOUNT, 0),
                     MFA_VERDICT_LOGIN);
    assert_non_null(gate.flow.alarm);
}


/* security 31: the record's times count; the key here never expires. */
static void
security_31_idle_and_absolute_ends_are_the_records(void **state)
{
    const char     *key;
    mfa_session_t   session;

    (void) state;

    world_account(&w, "alice", (standing_t) { 0 });
    log_in();
    session = record(&key);
    store_put(&w.store, key, "", store_bytes(&w.store, key, ""));
    w.store.keys[store_key(&w.store, mfa_str_from(key))].expires = -1;

    w.store.now = session.seen + w.portal.idle_sec - 1;
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);
    rewrite(key, &session);
    w.store.now = session.seen + w.portal.idle_sec;
    w.store.keys[store_key(&w.store, mfa_str_from(key))].expires = -1;
    assert_int_equal(world_verdict(&w), MFA_VERDICT_LOGIN);

    session.seen = session.expires - 1;
    rewrite(key, &session);
    w.store.now = session.expires - 1;
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);
    w.store.now = session.expires;
    assert_int_equal(world_verdict(&w), MFA_VERDICT_LOGIN);
}


static void
security_32_a_session_is_touched_once_a_minute(void **state)
{
    const char     *key;
    mfa_session_t   before, after;

    (void) state;

    world_account(&w, "alice", (standing_t) { 0 });
    log_in();
    before = record(&key);

    w.store.now += MFA_TOUCH_SEC - 1;
    world_gate(&w, &gate, MFA_RULE_ACCOUNT, 0);
    assert_false(gate.touch);
    assert_int_equal(record(&key).seen, before.seen);

    w.store.now += 1;
    world_gate(&w, &gate, MFA_RULE_ACCOUNT, 0);
    assert_true(gate.touch);
    after = record(&key);
    assert_int_equal(after.seen, w.store.now);
    assert_int_equal(after.created, before.created);
    assert_int_equal(after.expires, before.expires);
    assert_int_equal(after.password_at, before.password_at);

    world_gate(&w, &gate, MFA_RULE_ACCOUNT, 0);
    assert_false(gate.touch);
}


/* Somebody who asks every ten seconds is not idle, however short that is. */
static void
a_short_idle_time_is_kept_exactly_enough(void **state)
{
    int  i;

    (void) state;

    w.portal.idle_sec = 40;
    world_account(&w, "alice", (standing_t) { 0 });
    log_in();

    for (i = 0; i < 30; i++) {
        w.store.now += 29;
        assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);
    }

    w.store.now += 40;
    assert_int_equal(world_verdict(&w), MFA_VERDICT_LOGIN);
}


/* A touch that comes after the logout must not bring the session back. */
static void
a_late_touch_does_not_bring_a_session_back(void **state)
{
    const char  *key;

    (void) state;

    world_account(&w, "alice", (standing_t) { 0 });
    log_in();
    (void) record(&key);
    w.store.now += 90;

    mfa_flow_gate_init(&gate);
    gate.token = &w.token;
    world_run(&w, &gate.flow);
    assert_true(gate.touch);

    store_drop(&w.store, store_key(&w.store, mfa_str_from(key)));
    store_carry_out(&w.store, &gate.flow.op);
    assert_false(store_there(&w.store, key));
}


/* security 33: what an admin changes holds at the next request. */
static void
security_33_block_and_generation_act_at_once(void **state)
{
    (void) state;

    world_account(&w, "alice", (standing_t) { .enrolled = 1 });
    log_in_with_code();
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);

    store_put_int(&w.store, ACCOUNT "alice", "disabled", 1);
    w.store.now += 90;
    assert_int_equal(world_gate(&w, &gate, MFA_RULE_ACCOUNT, 0),
                     MFA_VERDICT_BLOCKED);
    assert_false(gate.touch);
    store_cut(&w.store, ACCOUNT "alice", "disabled");
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);

    store_put_int(&w.store, ACCOUNT "alice", "generation", 1);
    assert_int_equal(world_gate(&w, &gate, MFA_RULE_ACCOUNT, 0),
                     MFA_VERDICT_LOGIN);
    assert_false(gate.who.has_session);
    store_put_int(&w.store, ACCOUNT "alice", "generation", 0);

    store_drop(&w.store, store_key(&w.store, mfa_lit(ACCOUNT "alice")));
    assert_int_equal(world_gate(&w, &gate, MFA_RULE_ACCOUNT, 0),
                     MFA_VERDICT_BLOCKED);
    assert_false(gate.who.has_account);
}


/* security 21: lost or damaged factor data never reads as "no factor". */
static void
security_21_a_lost_factor_is_blocked_with_an_alarm(void **state)
{
    size_t         i;
    mfa_verdict_e  verdict;

    static const char *const  fields[] = { "enrolled", "secret_id", "secret" };

    (void) state;

    for (i = 0; i < 6; i++) {
        world_init(&w);
        world_account(&w, "alice", (standing_t) { .enrolled = 1 });

        if (i % 2) {
            log_in_with_code();
        } else {
            log_in();
        }

        store_cut(&w.store, ACCOUNT "alice", fields[i / 2]);
        verdict = world_gate(&w, &gate, MFA_RULE_ACCOUNT, 0);
        assert_int_equal(verdict, MFA_VERDICT_BLOCKED);
        assert_non_null(gate.flow.alarm);
        assert_int_equal(world_gate(&w, &gate, MFA_RULE_PASSWORD, 0),
                         MFA_VERDICT_BLOCKED);
    }
}


/* 001-10, 001-12: only users with a validated key are asked there. */
static void
a_resource_for_validated_keys_asks_those_only(void **state)
{
    (void) state;

    world_account(&w, "alice", (standing_t) { .enrolled = 1 });
    world_account(&w, "bob", (standing_t) { .enrolled = 1, .validated = 1 });
    log_in();
    assert_int_equal(world_gate(&w, &gate, MFA_RULE_VALIDATED, 0),
                     MFA_VERDICT_ALLOW);
    assert_int_equal(world_login(&w, "bob", PASSWORD), MFA_OUTCOME_DONE);
    assert_int_equal(world_gate(&w, &gate, MFA_RULE_VALIDATED, 0),
                     MFA_VERDICT_CODE);
}


/* 100-06 */
static void
a_fresh_code_is_asked_for_without_the_password(void **state)
{
    (void) state;

    world_account(&w, "alice", (standing_t) { .enrolled = 1 });
    log_in_with_code();
    w.store.now += 300;
    assert_int_equal(world_gate(&w, &gate, MFA_RULE_ACCOUNT, 300),
                     MFA_VERDICT_ALLOW);
    w.store.now += 1;
    assert_int_equal(world_gate(&w, &gate, MFA_RULE_ACCOUNT, 300),
                     MFA_VERDICT_CODE);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);

    assert_int_equal(world_enter(&w, world_code(&w, world_secret, 0)),
                     MFA_OUTCOME_DONE);
    assert_int_equal(world_gate(&w, &gate, MFA_RULE_ACCOUNT, 300),
                     MFA_VERDICT_ALLOW);
}


/* --- every failure --- */

static mfa_outcome_e
pass(world_t *world)
{
    trial_verdict = world_gate(world, &gate, MFA_RULE_ACCOUNT, 0);

    return gate.flow.outcome;
}


static void
prepare_allowed(world_t *world)
{
    world_account(world, "alice", (standing_t) { .enrolled = 1,
                                                 .generation = 3 });
    world_login(world, "alice", PASSWORD);
    world_enter(world, world_code(world, world_secret, 0));
}


static void
prepare_half(world_t *world)
{
    world_account(world, "alice", (standing_t) { .enrolled = 1,
                                                 .validated = 1 });
    world_login(world, "alice", PASSWORD);
}


static void
prepare_wrong_guess(world_t *world)
{
    world_account(world, "bob", (standing_t) { 0 });
    prepare_half(world);
    memcpy(world->token.login, "bob", 3);
    world->token.login_len = 3;
}


static void
prepare_first_met(world_t *world)
{
    world->portal.require = MFA_REQUIRE_ALL;
    world_account(world, "alice", (standing_t) { 0 });
    world_login(world, "alice", PASSWORD);
}


static void
prepare_locked_out(world_t *world)
{
    world->portal.require = MFA_REQUIRE_ALL;
    world_account(world, "alice", (standing_t) { .required = 1,
                                                 .deadline = NOW - DAY });
    world_login(world, "alice", PASSWORD);
}


static void
no_failure_makes_an_allow(void **state)
{
    size_t  i, operations;

    static const struct {
        trial_t  trial;
        size_t   operations;
        size_t   least;                     /* failures, about */
    } trials[] = {
        { { prepare_allowed, pass, 1, 0, TRIAL_GATE },     1, 180 },
        { { prepare_half, pass, 0, 0, TRIAL_GATE },        1, 180 },
        { { prepare_wrong_guess, pass, 0, 1, TRIAL_GATE }, 2, 360 },
        { { prepare_first_met, pass, 0, 0, TRIAL_GATE },   2, 280 },
        { { prepare_locked_out, pass, 0, 0, TRIAL_GATE },  1, 180 },
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
        TEST(nobody_without_a_cookie_and_without_a_question),
        TEST(a_right_guess_costs_one_round_trip),
        TEST(a_wrong_guess_is_read_again_and_the_record_decides),
        TEST(an_unknown_session_is_a_login_and_no_alarm),
        TEST(security_30_a_foreign_record_is_a_login_and_an_alarm),
        TEST(security_31_idle_and_absolute_ends_are_the_records),
        TEST(security_32_a_session_is_touched_once_a_minute),
        TEST(a_short_idle_time_is_kept_exactly_enough),
        TEST(a_late_touch_does_not_bring_a_session_back),
        TEST(security_33_block_and_generation_act_at_once),
        TEST(security_21_a_lost_factor_is_blocked_with_an_alarm),
        TEST(a_resource_for_validated_keys_asks_those_only),
        TEST(a_fresh_code_is_asked_for_without_the_password),
        TEST(no_failure_makes_an_allow)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_gate", tests, NULL, NULL);
}
