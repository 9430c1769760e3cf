/*
 * Flow gate with the worker's cache, end to end on a scripted store: who is let
 * in without a question, what is asked all the same, what is remembered and
 * what never is.  When this breaks, the cache lets somebody in whom the store
 * would refuse, or keeps places for answers that never come.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow_failure.h"


static const mfa_heap_t  heap = { malloc, free };

static world_t           w;
static mfa_flow_gate_t   gate;
static mfa_cache_t      *cache;
static mfa_known_t       known;
static mfa_who_t         who;


static int
setup(void **state)
{
    (void) state;
    world_init(&w);
    cache = mfa_cache_create(MFA_CACHE_MIN, world_random, &heap);
    assert_non_null(cache);
    mfa_cache_open(cache);

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    mfa_cache_destroy(cache);
    store_release(0);

    return 0;
}


static size_t
entries(void)
{
    mfa_cache_stats_t  stats;

    mfa_cache_stats(cache, &stats);

    return stats.entries;
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


/* What stands for the cookie: its token's hash. */
static mfa_str_t
cookie(void)
{
    return (mfa_str_t) { w.token.hash, MFA_HASH_CHARS };
}


static void
prepare(mfa_rule_e rule, int64_t fresh)
{
    mfa_flow_gate_init(&gate);
    gate.token = &w.token;
    gate.cache = cache;
    gate.cookie = cookie();
    gate.rule = rule;
    gate.fresh_sec = fresh;
}


/* The store is asked; what is due is written. */
static mfa_verdict_e
ask_store(mfa_rule_e rule, int64_t fresh)
{
    prepare(rule, fresh);
    world_run(&w, &gate.flow);

    if (gate.touch) {
        assert_false(gate.flow.op.failed);
        store_carry_out(&w.store, &gate.flow.op);
    }

    assert_false(gate.places.kept);
    mfa_flow_gate_drop(&gate);

    return gate.who.verdict;
}


/* As a worker does it: the cache, and the store where that is not enough.
   w.asked is 0 when the cache was. */
static mfa_verdict_e
pass_by(mfa_rule_e rule, int64_t fresh)
{
    int             enough;
    mfa_gate_ask_t  ask;

    ask.portal = &w.portal;
    ask.rule = rule;
    ask.fresh_sec = fresh;
    ask.now = w.store.now;
    memset(&who, 0xee, sizeof(who));
    w.asked = 0;

    if (mfa_cache_find(cache, &w.portal, mfa_cache_digest(cache, cookie()),
                       w.store.now, &known)) {
        enough = mfa_gate_known(&ask, &known, &who);
        mfa_cache_release(&known);

        if (enough) {
            return who.verdict;
        }
    }

    return ask_store(rule, fresh);
}


static mfa_verdict_e
visit(void)
{
    return pass_by(MFA_RULE_ACCOUNT, 0);
}


static void
change(const char *key)
{
    mfa_cache_invalidate(cache, mfa_str_from(key));
}


/* --- what is remembered --- */

static void
who_was_let_in_is_let_in_without_a_question(void **state)
{
    (void) state;

    world_account(&w, "alice", (standing_t) { .enrolled = 1 });
    log_in_with_code();

    assert_int_equal(visit(), MFA_VERDICT_ALLOW);
    assert_int_equal(w.asked, 1);
    assert_int_equal(entries(), 2);
    assert_int_equal(visit(), MFA_VERDICT_ALLOW);
    assert_int_equal(w.asked, 0);

    /* The same person, but for what the gate has no use for. */
    assert_true(who.has_session && who.has_account);
    assert_int_equal(who.session.level, MFA_LEVEL_MFA);
    assert_int_equal(who.session.code_at, gate.who.session.code_at);
    assert_int_equal(who.account.enrolled, gate.who.account.enrolled);
    assert_int_equal(who.account.secret.len, 0);
    assert_int_equal(who.may_put_off, 0);
}


/* security 33: as soon as it is told. */
static void
security_33_a_change_that_is_told_is_asked_for(void **state)
{
    (void) state;

    world_account(&w, "alice", (standing_t) { 0 });
    log_in();
    assert_int_equal(visit(), MFA_VERDICT_ALLOW);

    store_put_int(&w.store, ACCOUNT "alice", "disabled", 1);
    assert_int_equal(visit(), MFA_VERDICT_ALLOW);
    change(ACCOUNT "alice");
    assert_int_equal(visit(), MFA_VERDICT_BLOCKED);
    assert_int_equal(w.asked, 1);

    /* A refusal is asked for each time, and comes to an end by itself. */
    assert_int_equal(entries(), 0);
    assert_int_equal(visit(), MFA_VERDICT_BLOCKED);
    assert_int_equal(w.asked, 1);
    store_cut(&w.store, ACCOUNT "alice", "disabled");
    assert_int_equal(visit(), MFA_VERDICT_ALLOW);

    store_put_int(&w.store, ACCOUNT "alice", "generation", 5);
    change(ACCOUNT "alice");
    assert_int_equal(visit(), MFA_VERDICT_LOGIN);
    assert_int_equal(entries(), 0);
}


static void
whoever_is_refused_is_not_remembered(void **state)
{
    size_t  i;

    static const struct {
        standing_t     standing;
        mfa_verdict_e  verdict;
    } people[] = {
        { { .enrolled = 1 },                          MFA_VERDICT_CODE },
        { { .required = 1, .deadline = NOW + DAY },   MFA_VERDICT_ENROL },
        { { .required = 1, .deadline = NOW - DAY },   MFA_VERDICT_LOCKED },
    };

    (void) state;

    for (i = 0; i < sizeof(people) / sizeof(people[0]); i++) {
        world_init(&w);
        world_account(&w, "alice", people[i].standing);
        log_in();
        assert_int_equal(visit(), people[i].verdict);
        assert_int_equal(entries(), 0);
        assert_int_equal(visit(), people[i].verdict);
        assert_int_equal(w.asked, 1);
    }

    assert_int_equal(world_logout(&w), MFA_OUTCOME_DONE);
    assert_int_equal(visit(), MFA_VERDICT_LOGIN);
    assert_int_equal(entries(), 0);
}


/* One session, and a place that asks for more than the last one did. */
static void
a_stricter_place_asks_although_the_session_is_known(void **state)
{
    (void) state;

    world_account(&w, "alice", (standing_t) { .enrolled = 1 });
    log_in_with_code();
    assert_int_equal(pass_by(MFA_RULE_ACCOUNT, 300), MFA_VERDICT_ALLOW);
    assert_int_equal(pass_by(MFA_RULE_ACCOUNT, 300), MFA_VERDICT_ALLOW);
    assert_int_equal(w.asked, 0);

    w.portal.idle_sec = DAY;
    w.store.now += 301;
    assert_int_equal(visit(), MFA_VERDICT_ALLOW);
    assert_int_equal(visit(), MFA_VERDICT_ALLOW);
    assert_int_equal(visit(), MFA_VERDICT_ALLOW);
    assert_int_equal(w.asked, 0);
    assert_int_equal(pass_by(MFA_RULE_ACCOUNT, 300), MFA_VERDICT_CODE);
    assert_int_equal(w.asked, 1);

    world_account(&w, "bob", (standing_t) { 0 });
    assert_int_equal(world_login(&w, "bob", PASSWORD), MFA_OUTCOME_DONE);
    assert_int_equal(visit(), MFA_VERDICT_ALLOW);
    assert_int_equal(visit(), MFA_VERDICT_ALLOW);
    assert_int_equal(w.asked, 0);
    assert_int_equal(pass_by(MFA_RULE_ALWAYS, 0), MFA_VERDICT_ENROL);
    assert_true(w.asked >= 1);
}


/* security 31: the record's own ends, without a word from the store. */
static void
security_31_a_session_ends_in_the_cache_too(void **state)
{
    (void) state;

    w.portal.idle_sec = 40;
    world_account(&w, "alice", (standing_t) { 0 });
    log_in();
    assert_int_equal(visit(), MFA_VERDICT_ALLOW);
    w.store.now += 9;
    assert_int_equal(visit(), MFA_VERDICT_ALLOW);
    assert_int_equal(w.asked, 0);

    w.store.now += 31;
    assert_int_equal(visit(), MFA_VERDICT_LOGIN);
    assert_int_equal(w.asked, 1);
    assert_int_equal(entries(), 1);         /* the account, which is alive */
}


/* --- what is written --- */

static void
a_touch_that_is_due_is_asked_for_and_not_remembered(void **state)
{
    (void) state;

    world_account(&w, "alice", (standing_t) { 0 });
    log_in();
    w.store.now += MFA_TOUCH_SEC / 2;
    assert_int_equal(visit(), MFA_VERDICT_ALLOW);
    w.store.now += MFA_TOUCH_SEC / 2 - 1;
    assert_int_equal(visit(), MFA_VERDICT_ALLOW);
    assert_int_equal(w.asked, 0);

    /* What is known is half a minute old. */
    w.store.now += 1;
    assert_int_equal(visit(), MFA_VERDICT_ALLOW);
    assert_int_equal(w.asked, 1);
    assert_true(gate.touch);
    assert_int_equal(entries(), 1);         /* the account */

    assert_int_equal(visit(), MFA_VERDICT_ALLOW);
    assert_int_equal(w.asked, 1);
    assert_false(gate.touch);
    assert_int_equal(visit(), MFA_VERDICT_ALLOW);
    assert_int_equal(w.asked, 0);
}


static void
a_deadline_that_is_set_is_not_remembered(void **state)
{
    (void) state;

    w.portal.require = MFA_REQUIRE_ALL;
    world_account(&w, "alice", (standing_t) { 0 });
    log_in();
    assert_int_equal(visit(), MFA_VERDICT_ENROL);
    assert_int_equal(w.asked, 2);
    assert_int_equal(entries(), 0);
}


/* What the record says was not under the key a place was kept for. */
static void
a_wrong_guess_is_not_remembered(void **state)
{
    (void) state;

    world_account(&w, "alice", (standing_t) { 0 });
    world_account(&w, "bob", (standing_t) { 0 });
    log_in();
    memcpy(w.token.login, "bob", 3);
    w.token.login_len = 3;

    assert_int_equal(visit(), MFA_VERDICT_ALLOW);
    assert_int_equal(w.asked, 2);
    assert_int_equal(entries(), 0);
    assert_int_equal(visit(), MFA_VERDICT_ALLOW);
    assert_int_equal(w.asked, 2);

    w.token.login_len = 0;
    assert_int_equal(visit(), MFA_VERDICT_ALLOW);
    assert_int_equal(entries(), 0);
}


/* --- what does not end well --- */

static void
a_flow_that_is_not_run_to_its_end_leaves_no_place(void **state)
{
    mfa_flow_gate_t  first;

    (void) state;

    world_account(&w, "alice", (standing_t) { 0 });
    log_in();
    prepare(MFA_RULE_ACCOUNT, 0);
    gate.flow.env.portal = &w.portal;
    gate.flow.env.now = w.store.now;
    assert_int_equal(gate.flow.run(&gate.flow, NULL), MFA_FLOW_STORE);
    assert_int_equal(entries(), 2);
    first = gate;

    /* Another request with the same cookie has no place for its session. */
    assert_int_equal(ask_store(MFA_RULE_ACCOUNT, 0), MFA_VERDICT_ALLOW);
    mfa_flow_gate_drop(&first);
    mfa_flow_gate_drop(&first);
    mfa_cache_invalidate_all(cache);
    assert_int_equal(entries(), 0);

    prepare(MFA_RULE_ACCOUNT, 0);
    gate.flow.env.portal = &w.portal;
    gate.flow.env.now = w.store.now;
    gate.flow.run(&gate.flow, NULL);
    mfa_flow_gate_drop(&gate);
    assert_int_equal(entries(), 0);
}


static mfa_outcome_e
pass(world_t *world)
{
    (void) world;

    mfa_cache_close(cache);
    mfa_cache_open(cache);
    trial_verdict = ask_store(MFA_RULE_ACCOUNT, 0);

    /* Whatever was answered: no place is left, and only who may pass, is
       remembered. */
    assert_int_equal(entries(), trial_verdict == MFA_VERDICT_ALLOW
                                && !gate.touch && w.asked == 1
                                && gate.flow.op.n == 2 ? 2 : 0);

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
    world_account(world, "alice", (standing_t) { .enrolled = 1 });
    world_login(world, "alice", PASSWORD);
}


static void
prepare_first_met(world_t *world)
{
    world->portal.require = MFA_REQUIRE_ALL;
    world_account(world, "alice", (standing_t) { 0 });
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
no_failure_leaves_a_place(void **state)
{
    size_t  i, operations;

    static const struct {
        trial_t  trial;
        size_t   operations;
    } trials[] = {
        { { prepare_allowed, pass, 1, 0, TRIAL_GATE },     1 },
        { { prepare_half, pass, 0, 0, TRIAL_GATE },        1 },
        { { prepare_first_met, pass, 0, 0, TRIAL_GATE },   2 },
        { { prepare_wrong_guess, pass, 0, 1, TRIAL_GATE }, 2 },
    };

    (void) state;

    for (i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
        assert_true(trial_run(&w, &trials[i].trial, &operations) > 100);
        assert_int_equal(operations, trials[i].operations);
    }
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup_teardown(t, setup, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(who_was_let_in_is_let_in_without_a_question),
        TEST(security_33_a_change_that_is_told_is_asked_for),
        TEST(whoever_is_refused_is_not_remembered),
        TEST(a_stricter_place_asks_although_the_session_is_known),
        TEST(security_31_a_session_ends_in_the_cache_too),
        TEST(a_touch_that_is_due_is_asked_for_and_not_remembered),
        TEST(a_deadline_that_is_set_is_not_remembered),
        TEST(a_wrong_guess_is_not_remembered),
        TEST(a_flow_that_is_not_run_to_its_end_leaves_no_place),
        TEST(no_failure_leaves_a_place)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_gate_cache", tests, NULL, NULL);
}
