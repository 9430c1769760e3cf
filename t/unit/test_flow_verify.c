/*
 * Flow verify end to end on a scripted store: whom another resource asks for a
 * code, what is charged for it and where, and that no failure of the store lets
 * anybody in.  When this breaks, codes can be guessed around the login page's
 * limits, or used once there and once here, or a resource lets in whoever
 * should have been asked.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/flow_verify.h"

#include "flow_failure.h"

#define WRONG  "wrong-horse-7"


static world_t            w;
static mfa_flow_verify_t  verify;


static int
setup(void **state)
{
    (void) state;
    world_init(&w);
    world_account(&w, "alice", (standing_t) { .enrolled = 1, .validated = 1 });
    world_account(&w, "bob", (standing_t) { .enrolled = 1 });
    world_account(&w, "carol", (standing_t) { 0 });

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    store_release(0);

    return 0;
}


/* NULL: not given. */
static mfa_outcome_e
ask_as(world_t *world, const char *login, const char *password,
    const mfa_str_t *code)
{
    mfa_flow_verify_init(&verify);
    verify.typed = mfa_str_from(login);
    verify.password = mfa_str_from(password);
    verify.has_password = password != NULL;

    if (code != NULL) {
        verify.code = *code;
        verify.has_code = 1;
    }

    return world_run(world, &verify.flow);
}


static mfa_outcome_e
ask(const char *login, const char *password)
{
    return ask_as(&w, login, password, NULL);
}


static mfa_outcome_e
ask_step(const char *login, const char *password, int steps)
{
    mfa_str_t  code = world_code(&w, world_secret, steps);

    return ask_as(&w, login, password, &code);
}


static mfa_outcome_e
ask_wrong(const char *login, const char *password)
{
    mfa_str_t  code = world_wrong_code(&w, world_secret);

    return ask_as(&w, login, password, &code);
}


static void
forget(const char *key)
{
    store_drop(&w.store, store_key(&w.store, mfa_str_from(key)));
}


static const char *
count(const char *key)
{
    return store_text(&w.store, key, "");
}


/* feature 001-10, 001-12 */
static void
only_who_has_a_validated_key_is_asked(void **state)
{
    (void) state;

    assert_int_equal(ask("alice", NULL), MFA_OUTCOME_CODE);
    assert_int_equal(ask(" Alice\t", PASSWORD), MFA_OUTCOME_CODE);
    assert_int_equal(ask("bob", NULL), MFA_OUTCOME_DONE);
    assert_int_equal(verify.asked, 0);
    assert_int_equal(ask("carol", PASSWORD), MFA_OUTCOME_DONE);
    assert_int_equal(verify.asked, 0);

    assert_int_equal(ask_step("alice", PASSWORD, 0), MFA_OUTCOME_DONE);
    assert_int_equal(verify.asked, 1);

    /* Whoever is not asked may have said something all the same. */
    assert_int_equal(ask_wrong("bob", NULL), MFA_OUTCOME_DONE);
    assert_int_equal(verify.asked, 0);
    assert_false(store_there(&w.store, "mfa:fail:code:user:bob"));
}


/* feature 001-11: a key that replaced the validated one has to earn it anew. */
static void
a_mark_of_another_key_is_none(void **state)
{
    (void) state;

    store_put(&w.store, ACCOUNT "alice", "validated", mfa_lit("c2VjcmV0LTI"));
    assert_int_equal(ask("alice", NULL), MFA_OUTCOME_DONE);
    assert_int_equal(verify.asked, 0);
}


/* The verdict table's row: such a resource does not lock out who has not set up,
   also not who is locked out of the portal for it. */
static void
who_missed_the_deadline_is_not_asked_either(void **state)
{
    mfa_flow_gate_t  gate;

    (void) state;

    world_account(&w, "late", (standing_t) { .required = 1,
                                             .deadline = NOW - DAY });
    assert_int_equal(ask("late", PASSWORD), MFA_OUTCOME_DONE);
    assert_int_equal(verify.asked, 0);

    world_login(&w, "late", PASSWORD);
    assert_int_equal(world_gate(&w, &gate, MFA_RULE_ACCOUNT, 0),
                     MFA_VERDICT_LOCKED);
    assert_int_equal(world_gate(&w, &gate, MFA_RULE_VALIDATED, 0),
                     MFA_VERDICT_ALLOW);
}


static void
the_right_code_lets_in_without_a_password_too(void **state)
{
    (void) state;

    assert_int_equal(ask_step("alice", NULL, 0), MFA_OUTCOME_DONE);
    assert_int_equal(verify.asked, 1);
    assert_int_equal(w.asked, 6);
    assert_int_equal(store_count(&w.store, "mfa:session:"), 0);
    assert_int_equal(store_events(&w.store, AUDIT,
                     "event=verify result=ok login=alice address=192.0.2.33"),
                     1);
}


/* security 4: one answer for all that is wrong. */
static void
security_4_what_is_wrong_is_refused_alike(void **state)
{
    size_t     i;
    mfa_str_t  code;

    static const struct {
        const char  *login;
        const char  *password;
        const char  *code;
    } wrong[] = {
        { "alice", WRONG, NULL }, { "alice", WRONG, "000000" },
        { "alice", "", NULL }, { "carol", WRONG, NULL },
        { "nobody", NULL, NULL }, { "nobody", PASSWORD, NULL },
        { "nobody", NULL, "000000" }, { "", NULL, NULL },
        { "no name", NULL, NULL }, { "no name", PASSWORD, NULL },
        { "gone", NULL, NULL }, { "gone", PASSWORD, NULL },
        { "gone", NULL, "000000" }, { "alice", NULL, "" },
        { "alice", NULL, "12345" }, { "alice", PASSWORD, "" }
    };

    (void) state;

    world_account(&w, "gone", (standing_t) { .enrolled = 1, .validated = 1,
                                             .disabled = 1 });

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        code = mfa_str_from(wrong[i].code);
        assert_int_equal(ask_as(&w, wrong[i].login, wrong[i].password,
                                wrong[i].code ? &code : NULL),
                         MFA_OUTCOME_REFUSED);
        assert_null(verify.flow.alarm);
        assert_int_equal(verify.asked, 0);
    }

    assert_int_equal(store_events(&w.store, AUDIT,
                     "event=verify result=refused"), i);
}


static void
security_3_a_password_too_long_is_never_hashed(void **state)
{
    char  longest[MFA_PASSWORD_MAX + 2];

    (void) state;

    memset(longest, 'x', sizeof(longest));
    longest[MFA_PASSWORD_MAX + 1] = '\0';
    assert_int_equal(ask("alice", longest), MFA_OUTCOME_REFUSED);
    assert_int_equal(w.asked, 4);
    longest[MFA_PASSWORD_MAX] = '\0';
    assert_int_equal(ask("alice", longest), MFA_OUTCOME_REFUSED);
    assert_int_equal(w.asked, 5);
}


/* A driver that calls the dummy right, or an empty password: still refused. */
static void
always_right(world_t *world, const mfa_flow_t *flow, mfa_result_t *result)
{
    (void) world;
    (void) flow;

    if (result->replies == NULL) {
        result->hash = MFA_YES;
    }
}


static void
a_dummy_is_never_right(void **state)
{
    (void) state;

    w.disturb = always_right;
    assert_int_equal(ask("carol", WRONG), MFA_OUTCOME_DONE);
    assert_int_equal(ask("carol", ""), MFA_OUTCOME_REFUSED);
    assert_int_equal(ask("nobody", PASSWORD), MFA_OUTCOME_REFUSED);

    store_put_int(&w.store, ACCOUNT "carol", "disabled", 1);
    assert_int_equal(ask("carol", PASSWORD), MFA_OUTCOME_REFUSED);
}


/* --- a code is good once, wherever --- */

static void
security_11_a_code_is_good_once_across_pages_and_resources(void **state)
{
    (void) state;

    assert_int_equal(ask_step("alice", NULL, 0), MFA_OUTCOME_DONE);
    assert_int_equal(ask_step("alice", NULL, 0), MFA_OUTCOME_REFUSED);
    assert_int_equal(ask_step("alice", PASSWORD, -1), MFA_OUTCOME_REFUSED);
    assert_int_equal(store_events(&w.store, AUDIT,
                     "event=verify result=refused reason=replayed"), 2);

    world_login(&w, "alice", PASSWORD);
    assert_int_equal(world_enter(&w, world_code(&w, world_secret, 0)),
                     MFA_OUTCOME_REFUSED);
    assert_int_equal(world_enter(&w, world_code(&w, world_secret, 1)),
                     MFA_OUTCOME_DONE);
    assert_int_equal(ask_step("alice", NULL, 1), MFA_OUTCOME_REFUSED);

    w.store.now += 60;
    assert_int_equal(ask_step("alice", NULL, 0), MFA_OUTCOME_DONE);
}


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
    (void) state;

    w.meddle = somebody_else_wins;
    w.meddle_at = 4;
    assert_int_equal(ask_step("alice", NULL, 0), MFA_OUTCOME_REFUSED);
    assert_int_equal(w.asked, 6);
    assert_int_equal(verify.asked, 0);
}


/* --- what is charged --- */

/* security 107: a limit reached on one path holds on the other. */
static void
security_107_the_limit_of_codes_is_one_for_pages_and_resources(void **state)
{
    int  i;

    (void) state;

    world_login(&w, "alice", PASSWORD);

    for (i = 0; i < 3; i++) {
        assert_int_equal(ask_wrong("alice", NULL), MFA_OUTCOME_REFUSED);
    }

    for (i = 0; i < 2; i++) {
        assert_int_equal(world_enter(&w, world_wrong_code(&w, world_secret)),
                         MFA_OUTCOME_REFUSED);
    }

    w.store.now += 100;
    assert_int_equal(ask_step("alice", NULL, 0), MFA_OUTCOME_LIMITED);
    assert_int_equal(w.retry_after, 800);
    assert_int_equal(world_enter(&w, world_code(&w, world_secret, 0)),
                     MFA_OUTCOME_LIMITED);
    assert_int_equal(ask_step("alice", PASSWORD, 0), MFA_OUTCOME_LIMITED);

    /* Being asked is no attempt. */
    assert_int_equal(ask("alice", NULL), MFA_OUTCOME_CODE);
    assert_int_equal(store_events(&w.store, AUDIT, "result=limited"), 1);
}


/* security 15 */
static void
security_15_guesses_here_disable_the_factor_as_well(void **state)
{
    int  i;

    (void) state;

    for (i = 0; i < 10; i++) {
        forget("mfa:fail:code:user:alice");
        assert_int_equal(ask_wrong("alice", NULL), MFA_OUTCOME_REFUSED);
    }

    forget("mfa:fail:code:user:alice");
    assert_int_equal(ask_step("alice", NULL, 0), MFA_OUTCOME_LIMITED);
    assert_true(w.retry_after > DAY);
}


static void
security_107_the_limit_of_passwords_is_one_for_pages_and_resources(void **state)
{
    int  i;

    (void) state;

    for (i = 0; i < 3; i++) {
        assert_int_equal(ask_wrong("alice", WRONG), MFA_OUTCOME_REFUSED);
        assert_int_equal(world_login(&w, "alice", WRONG),
                         i < 2 ? MFA_OUTCOME_REFUSED : MFA_OUTCOME_LIMITED);
    }

    assert_int_equal(ask_step("alice", PASSWORD, 0), MFA_OUTCOME_LIMITED);
    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_LIMITED);

    /* Who has not got the password right guesses at no code. */
    assert_false(store_there(&w.store, "mfa:fail:code:user:alice"));
    assert_false(store_there(&w.store, "mfa:fail:code-run:user:alice"));
}


static void
what_was_right_is_forgiven(void **state)
{
    (void) state;

    assert_int_equal(ask("alice", WRONG), MFA_OUTCOME_REFUSED);
    assert_int_equal(ask_wrong("alice", PASSWORD), MFA_OUTCOME_REFUSED);
    assert_false(store_there(&w.store, "mfa:fail:password:user:alice:" NET));
    assert_string_equal(count("mfa:fail:account:user:alice"), "1");
    assert_string_equal(count("mfa:fail:code:user:alice"), "1");
    assert_string_equal(count("mfa:fail:address:user:" NET), "2");

    /* With the password alone, where there is a factor, nobody makes a network
       one of the owner's. */
    assert_false(store_there(&w.store, "mfa:known:user:alice:" NET));

    assert_int_equal(ask_step("alice", PASSWORD, 0), MFA_OUTCOME_DONE);
    assert_true(store_there(&w.store, "mfa:known:user:alice:" NET));
    assert_false(store_there(&w.store, "mfa:fail:code:user:alice"));
    assert_false(store_there(&w.store, "mfa:fail:code-run:user:alice"));
    assert_string_equal(count("mfa:fail:address:user:" NET), "2");
}


/* Asking for names is what the network's limit counts; of a name that there is,
   nobody's network is known by it. */
static void
names_are_guessed_within_the_limit_of_a_network(void **state)
{
    int   i;
    char  name[20];

    (void) state;

    for (i = 0; i < 200; i++) {
        assert_int_equal(ask(i % 2 ? "alice" : "carol", NULL),
                         i % 2 ? MFA_OUTCOME_CODE : MFA_OUTCOME_DONE);
        forget(AUDIT);
    }

    assert_int_equal(store_count(&w.store, "mfa:known:"), 0);
    assert_int_equal(store_count(&w.store, "mfa:fail:"), 1);

    for (i = 0; i < 50; i++) {
        snprintf(name, sizeof(name), "guess%d", i);
        assert_int_equal(ask(name, NULL), MFA_OUTCOME_REFUSED);
        forget(AUDIT);
    }

    assert_int_equal(ask("alice", NULL), MFA_OUTCOME_LIMITED);
    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_LIMITED);
    w.net = STRANGER;
    assert_int_equal(ask("alice", NULL), MFA_OUTCOME_CODE);
}


/* --- damage --- */

/* security 21, 97 */
static void
security_21_a_damaged_factor_lets_nobody_in(void **state)
{
    size_t  i;

    static const char *const  fields[] = { "secret", "secret_id", "enrolled" };

    (void) state;

    for (i = 0; i < 3; i++) {
        world_account(&w, "alice", (standing_t) { .enrolled = 1,
                                                  .validated = 1 });
        store_cut(&w.store, ACCOUNT "alice", fields[i]);
        forget("mfa:fail:password:user:alice:" NET);
        assert_int_equal(ask("alice", NULL), MFA_OUTCOME_FAULT);
        assert_non_null(verify.flow.alarm);
        assert_int_equal(ask_step("alice", PASSWORD, 0), MFA_OUTCOME_FAULT);
        /* Not told to whoever has not got the password. */
        assert_int_equal(ask_step("alice", WRONG, 0), MFA_OUTCOME_REFUSED);
        assert_null(verify.flow.alarm);
    }

    world_account(&w, "alice", (standing_t) { .enrolled = 1, .validated = 1 });
    store_put(&w.store, ACCOUNT "alice", "secret", mfa_lit("1.k1.AA"));
    assert_int_equal(ask_step("alice", NULL, 0), MFA_OUTCOME_FAULT);
    assert_non_null(verify.flow.alarm);
    assert_int_equal(store_events(&w.store, AUDIT,
                     "event=verify result=fault reason=secret login=alice"), 1);
}


/* --- every failure --- */

static void
prepare(world_t *world)
{
    world_account(world, "alice", (standing_t) { .enrolled = 1,
                                                 .validated = 1 });
    world_account(world, "carol", (standing_t) { 0 });
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
    int        i;
    mfa_str_t  code;

    prepare(world);

    for (i = 0; i < 6; i++) {
        code = world_wrong_code(world, world_secret);
        ask_as(world, "alice", NULL, &code);
    }
}


static void
prepare_fault(world_t *world)
{
    prepare(world);
    store_put(&world->store, ACCOUNT "alice", "secret", mfa_lit("1.k1.AAAA"));
}


/*
 * Somebody with a validated key.  That the mark is of another key, or none, is
 * an answer a store in its right mind can give, and the only one after which
 * nobody is asked.
 */
static mfa_outcome_e
asked(world_t *world, const char *password, const mfa_str_t *code)
{
    mfa_outcome_e  outcome;

    outcome = ask_as(world, "alice", password, code);

    if (outcome == MFA_OUTCOME_DONE && !verify.asked) {
        assert_true(failure.honest);
        assert_true(failure.element == MFA_ACCOUNT_VALIDATED
                    || failure.element == MFA_ACCOUNT_SECRET_ID);
        outcome = MFA_OUTCOME_REFUSED;
    }

    return outcome;
}


static mfa_outcome_e
right(world_t *world)
{
    mfa_str_t  code = world_code(world, world_secret, 0);

    return asked(world, NULL, &code);
}


static mfa_outcome_e
right_both(world_t *world)
{
    mfa_str_t  code = world_code(world, world_secret, 0);

    return asked(world, PASSWORD, &code);
}


static mfa_outcome_e
wrong(world_t *world)
{
    mfa_str_t  code = world_wrong_code(world, world_secret);

    return asked(world, NULL, &code);
}


static mfa_outcome_e
wrong_password(world_t *world)
{
    mfa_str_t  code = world_code(world, world_secret, 0);

    return asked(world, WRONG, &code);
}


static mfa_outcome_e
no_code(world_t *world)
{
    return asked(world, NULL, NULL);
}


static mfa_outcome_e
no_code_yet(world_t *world)
{
    return asked(world, PASSWORD, NULL);
}


static mfa_outcome_e
not_asked(world_t *world)
{
    return ask_as(world, "carol", PASSWORD, NULL);
}


static mfa_outcome_e
nobody(world_t *world)
{
    return ask_as(world, "nobody", PASSWORD, NULL);
}


static mfa_outcome_e
nobody_at_all(world_t *world)
{
    return ask_as(world, "nobody", NULL, NULL);
}


static void
prepare_outside(world_t *world)
{
    prepare(world);
    world->portal.first = MFA_FIRST_REQUEST;
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
        { { prepare, right, 1, 0, TRIAL_OPENS },            6, 700 },
        { { prepare, right_both, 1, 0, TRIAL_OPENS },       9, 900 },
        { { prepare, not_asked, 1, 0, TRIAL_OPENS },        5, 600 },
        { { prepare, wrong, 0, 0, TRIAL_OPENS },            5, 500 },
        { { prepare, wrong_password, 0, 0, TRIAL_OPENS },   5, 300 },
        { { prepare, no_code, 0, 0, TRIAL_OPENS },          2, 300 },
        { { prepare, no_code_yet, 0, 0, TRIAL_OPENS },      5, 600 },
        { { prepare, nobody, 0, 0, TRIAL_OPENS },           5, 300 },
        { { prepare, nobody_at_all, 0, 0, TRIAL_OPENS },    2, 200 },
        { { prepare_replay, right, 0, 0, TRIAL_OPENS },     6, 500 },
        { { prepare_over_limit, right, 0, 0, TRIAL_OPENS }, 3, 300 },
        { { prepare_fault, right, 0, 0, TRIAL_OPENS },      5, 500 },
        { { prepare_outside, right_both, 1, 0, TRIAL_OPENS }, 9, 900 },
        { { prepare_outside, wrong_password, 0, 0, TRIAL_OPENS }, 5, 300 },
    };

    (void) state;

    for (i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
        assert_true(trial_run(&w, &trials[i].trial, &operations)
                    > trials[i].least);
        assert_int_equal(operations, trials[i].operations);
        assert_int_equal(trial_unseen, 0);
    }
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup_teardown(t, setup, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(only_who_has_a_validated_key_is_asked),
        TEST(a_mark_of_another_key_is_none),
        TEST(who_missed_the_deadline_is_not_asked_either),
        TEST(the_right_code_lets_in_without_a_password_too),
        TEST(security_4_what_is_wrong_is_refused_alike),
        TEST(security_3_a_password_too_long_is_never_hashed),
        TEST(a_dummy_is_never_right),
        TEST(security_11_a_code_is_good_once_across_pages_and_resources),
        TEST(security_11_of_two_at_once_one_gets_in),
        TEST(security_107_the_limit_of_codes_is_one_for_pages_and_resources),
        TEST(security_15_guesses_here_disable_the_factor_as_well),
        TEST(
          security_107_the_limit_of_passwords_is_one_for_pages_and_resources),
        TEST(what_was_right_is_forgiven),
        TEST(names_are_guessed_within_the_limit_of_a_network),
        TEST(security_21_a_damaged_factor_lets_nobody_in),
        TEST(no_failure_lets_anybody_in),
    };

    return cmocka_run_group_tests_name("flow_verify", tests, NULL, NULL);
}
