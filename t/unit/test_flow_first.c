/*
 * First factors other than a local password, and the combined form, on a scripted
 * store: what is asked outside and what its answers mean, accounts made at their
 * first login, identities nginx has verified, password and code in one form; and
 * that no failure of any operation lets anybody in.  When this breaks, a directory
 * that is down lets people in, two logins at once make one account out of two, or
 * a password alone opens a session where both were asked for.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/flow_verify.h"
#include "flow_failure.h"

#define WRONG  "wrong-horse-7"


static world_t           w;
static mfa_flow_login_t  login;
static mfa_flow_code_t   code;


static int
setup(void **state)
{
    (void) state;
    world_init(&w);
    world_account(&w, "alice", (standing_t) { .generation = 2 });
    world_account(&w, "gone", (standing_t) { .disabled = 1 });

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
log_in(world_t *world, mfa_str_t typed, mfa_str_t password, mfa_str_t digits)
{
    mfa_who_t      there;
    mfa_outcome_e  outcome;

    there = world->who;
    mfa_flow_login_init(&login);
    login.typed = typed;
    login.password = password;
    login.code = digits;
    login.verified = world->portal.first == MFA_FIRST_IDENTITY;
    login.old = there;
    outcome = world_run(world, &login.flow);

    if (!login.held) {
        world_keep(world, outcome, &login.opening);
    }

    return outcome;
}


static mfa_outcome_e
say(const char *typed, const char *password)
{
    w.opened = 0;

    return log_in(&w, mfa_str_from(typed), mfa_str_from(password),
                  mfa_lit(""));
}


/* Flow code, as the login page goes on from a login that was held. */
static mfa_outcome_e
go_on(world_t *world)
{
    mfa_outcome_e  outcome;

    mfa_flow_code_init(&code);
    code.who = login.who;
    code.code = login.code;
    code.login = &login;
    outcome = world_run(world, &code.flow);
    world_keep(world, outcome, &code.opening);

    return outcome;
}


/* --- outside --- */

static mfa_outcome_e
verify_outcome(const char *name, const char *password)
{
    static mfa_flow_verify_t  verify;

    mfa_flow_verify_init(&verify);
    verify.typed = mfa_str_from(name);
    verify.password = mfa_str_from(password);
    verify.has_password = password != NULL;

    return world_run(&w, &verify.flow);
}


/* A portal has its passwords looked at in one place, whoever asks. */
static void
other_resources_have_it_looked_at_there_too(void **state)
{
    (void) state;
    world_account(&w, "bob", (standing_t) { .enrolled = 1, .validated = 1 });

    w.portal.first = MFA_FIRST_REQUEST;
    assert_int_equal(verify_outcome("bob", PASSWORD), MFA_OUTCOME_CODE);
    assert_int_equal(verify_outcome("bob", "wrong"), MFA_OUTCOME_REFUSED);
    assert_int_equal(verify_outcome("bob", ""), MFA_OUTCOME_REFUSED);
    assert_int_equal(verify_outcome("nobody", PASSWORD), MFA_OUTCOME_REFUSED);

    w.portal.first = MFA_FIRST_IDENTITY;
    assert_int_equal(verify_outcome("bob", PASSWORD), MFA_OUTCOME_REFUSED);
    assert_int_equal(verify_outcome("bob", NULL), MFA_OUTCOME_CODE);
}


static void
what_is_right_outside_is_right(void **state)
{
    (void) state;

    w.portal.first = MFA_FIRST_REQUEST;

    assert_int_equal(say(" Alice ", PASSWORD), MFA_OUTCOME_DONE);
    assert_true(mfa_str_is(login.flow.outside.login, "alice"));
    assert_true(mfa_str_is(login.flow.outside.password, PASSWORD));
    assert_int_equal(login.flow.hash.password.len, 0);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);
    assert_int_equal(say("alice", WRONG), MFA_OUTCOME_REFUSED);
}


static void
security_4_nobody_and_disabled_are_asked_about_and_refused(void **state)
{
    (void) state;

    w.portal.first = MFA_FIRST_REQUEST;

    assert_int_equal(say("nobody", PASSWORD), MFA_OUTCOME_REFUSED);
    assert_int_equal(w.asked, 5);
    assert_true(mfa_str_is(login.flow.outside.login, "nobody"));
    assert_int_equal(say("gone", PASSWORD), MFA_OUTCOME_REFUSED);
    assert_int_equal(w.asked, 5);
    assert_int_equal(say("alice", WRONG), MFA_OUTCOME_REFUSED);
    assert_int_equal(w.asked, 5);
    assert_int_equal(store_count(&w.store, "mfa:session:"), 0);
}


static void
an_empty_password_and_no_name_are_not_asked_about(void **state)
{
    (void) state;

    w.portal.first = MFA_FIRST_REQUEST;

    assert_int_equal(say("alice", ""), MFA_OUTCOME_REFUSED);
    assert_int_equal(login.flow.outside.login.len, 0);
    assert_int_equal(say("no name!", PASSWORD), MFA_OUTCOME_REFUSED);
    assert_int_equal(login.flow.outside.login.len, 0);
}


/* --- identities --- */

static void
a_portal_has_one_way_in(void **state)
{
    (void) state;

    /* A verified identity where passwords are asked for, and a password where
       none is: neither proves anything. */
    mfa_flow_login_init(&login);
    login.typed = mfa_lit("alice");
    login.verified = 1;
    assert_int_equal(world_run(&w, &login.flow), MFA_OUTCOME_REFUSED);

    w.portal.first = MFA_FIRST_IDENTITY;
    mfa_flow_login_init(&login);
    login.typed = mfa_lit("alice");
    login.password = mfa_lit(PASSWORD);
    assert_int_equal(world_run(&w, &login.flow), MFA_OUTCOME_REFUSED);
    assert_int_equal(store_count(&w.store, "mfa:session:"), 0);
}


static void
a_verified_identity_needs_an_account_in_force(void **state)
{
    (void) state;

    w.portal.first = MFA_FIRST_IDENTITY;

    assert_int_equal(say("ALICE", ""), MFA_OUTCOME_DONE);
    assert_int_equal(w.asked, 2);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);
    assert_int_equal(say("nobody", ""), MFA_OUTCOME_REFUSED);
    assert_int_equal(say("gone", ""), MFA_OUTCOME_REFUSED);
    assert_int_equal(say("CN=alice", ""), MFA_OUTCOME_REFUSED);
    assert_int_equal(say("", ""), MFA_OUTCOME_REFUSED);
}


/* --- accounts made at the first login --- */

static void
the_first_right_login_makes_the_account(void **state)
{
    mfa_who_t  who;

    (void) state;

    w.portal.first = MFA_FIRST_REQUEST;
    w.portal.provision = 1;
    w.portal.require = MFA_REQUIRE_ALL;

    assert_int_equal(say("new", WRONG), MFA_OUTCOME_REFUSED);
    assert_int_equal(store_count(&w.store, ACCOUNT "new"), 0);
    assert_int_equal(say("new", PASSWORD), MFA_OUTCOME_DONE);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ENROL);

    who = world_who(&w);
    assert_int_equal(who.account.created, w.store.now);
    assert_int_equal(who.account.deadline, w.store.now + w.portal.grace_sec);
    assert_int_equal(who.session.generation, who.account.generation);
    assert_int_equal(store_events(&w.store, AUDIT, "event=add result=ok "
                     "reason=first login login=new address=192.0.2.33 "
                     "request=r-1"), 1);

    assert_int_equal(say("gone", PASSWORD), MFA_OUTCOME_REFUSED);
    assert_int_equal(say("new", PASSWORD), MFA_OUTCOME_DONE);
    assert_int_equal(store_events(&w.store, AUDIT, "event=add result=ok "
                     "reason=first login login=new address=192.0.2.33 "
                     "request=r-1"), 1);
}


/* Somebody else makes the account while this login is under way. */
static void
meddle_make(world_t *world)
{
    world_account(world, "new", (standing_t) { .generation = 77 });
}


static void
two_at_once_make_one_account(void **state)
{
    size_t     at;
    mfa_who_t  who;

    (void) state;

    /* Before the watch, and between the watch and the change. */
    for (at = 4; at <= 5; at++) {
        world_init(&w);
        w.portal.first = MFA_FIRST_REQUEST;
        w.portal.provision = 1;
        w.meddle = meddle_make;
        w.meddle_at = at;

        assert_int_equal(say("new", PASSWORD), MFA_OUTCOME_DONE);
        w.meddle = NULL;
        who = world_who(&w);
        assert_int_equal(who.account.generation, 77);
        assert_int_equal(who.session.generation, 77);
        assert_int_equal(store_events(&w.store, AUDIT, "event=add result=ok "
                         "reason=first login login=new address=192.0.2.33 "
                         "request=r-1"), 0);
    }
}


/* --- password and code in one form --- */

static void
enrolled(world_t *world)
{
    world->portal.combined = 1;
    world_account(world, "carol", (standing_t) { .generation = 3,
                                                 .enrolled = 1 });
}


static mfa_outcome_e
both(world_t *world, const char *password, mfa_str_t digits)
{
    return log_in(world, mfa_lit("carol"), mfa_str_from(password), digits);
}


static void
feature_002_21_both_have_to_be_right(void **state)
{
    mfa_who_t  who;

    (void) state;

    enrolled(&w);

    assert_int_equal(both(&w, WRONG, world_code(&w, world_secret, 0)),
                     MFA_OUTCOME_REFUSED);
    assert_false(login.held);

    assert_int_equal(both(&w, PASSWORD, world_wrong_code(&w, world_secret)),
                     MFA_OUTCOME_DONE);
    assert_true(login.held);
    assert_int_equal(store_count(&w.store, "mfa:session:"), 0);
    assert_int_equal(go_on(&w), MFA_OUTCOME_REFUSED);
    assert_int_equal(store_count(&w.store, "mfa:session:"), 0);

    w.locale = "de";
    assert_int_equal(both(&w, PASSWORD, world_wrong_code(&w, world_secret)),
                     MFA_OUTCOME_DONE);
    assert_int_equal(go_on(&w), MFA_OUTCOME_REFUSED);
    assert_null(store_text(&w.store, ACCOUNT "carol", "locale"));

    assert_int_equal(both(&w, PASSWORD, world_code(&w, world_secret, 0)),
                     MFA_OUTCOME_DONE);
    assert_int_equal(go_on(&w), MFA_OUTCOME_DONE);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);

    who = world_who(&w);
    assert_int_equal(who.session.level, MFA_LEVEL_MFA);
    assert_string_equal(store_text(&w.store, ACCOUNT "carol", "locale"), "de");
    assert_int_equal(who.session.password_at, w.store.now);
    assert_int_equal(who.session.expires, w.store.now + w.portal.absolute_sec);

    /* In place of it the next one, as large an operation as there is. */
    w.locale = "fr";
    w.who = who;
    w.store.now += 30;
    assert_int_equal(both(&w, PASSWORD, world_code(&w, world_secret, 0)),
                     MFA_OUTCOME_DONE);
    assert_int_equal(go_on(&w), MFA_OUTCOME_DONE);
    assert_int_equal(store_count(&w.store, "mfa:session:"), 1);
}


static void
security_112_a_code_over_its_limit_reads_as_wrong(void **state)
{
    int  i;

    (void) state;

    enrolled(&w);
    w.portal.limit_password.n = 100;
    w.portal.limit_address.n = 1000;

    for (i = 0; i < 8; i++) {
        assert_int_equal(both(&w, PASSWORD,
                              world_wrong_code(&w, world_secret)),
                         MFA_OUTCOME_DONE);
        assert_int_equal(go_on(&w), MFA_OUTCOME_REFUSED);
    }

    assert_int_equal(both(&w, PASSWORD, world_code(&w, world_secret, 0)),
                     MFA_OUTCOME_DONE);
    assert_int_equal(go_on(&w), MFA_OUTCOME_REFUSED);
}


static void
an_empty_field_goes_on_in_steps(void **state)
{
    (void) state;

    enrolled(&w);

    assert_int_equal(both(&w, PASSWORD, mfa_lit("")), MFA_OUTCOME_DONE);
    assert_false(login.held);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_CODE);

    w.portal.combined = 0;
    w.opened = 0;
    assert_int_equal(both(&w, PASSWORD, world_code(&w, world_secret, 0)),
                     MFA_OUTCOME_DONE);
    assert_false(login.held);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_CODE);
}


/* --- every failure --- */

static void
prepare_outside(world_t *world)
{
    world->portal.first = MFA_FIRST_REQUEST;
    world_account(world, "alice", (standing_t) { .generation = 2 });
}


static void
prepare_new(world_t *world)
{
    world->portal.first = MFA_FIRST_REQUEST;
    world->portal.provision = 1;
}


static void
prepare_late(world_t *world)
{
    prepare_new(world);
    world->portal.first = MFA_FIRST_IDENTITY;
}


static mfa_outcome_e
enter(world_t *world)
{
    return log_in(world, mfa_lit("alice"), mfa_lit(PASSWORD), mfa_lit(""));
}


static mfa_outcome_e
guess(world_t *world)
{
    return log_in(world, mfa_lit("alice"), mfa_lit(WRONG), mfa_lit(""));
}


/* The second half; the first one goes well. */
static mfa_outcome_e
complete(world_t *world)
{
    void              (*meddle)(world_t *) = world->meddle;
    world_disturb_pt    disturb = world->disturb;

    world->meddle = NULL;
    world->disturb = NULL;
    both(world, PASSWORD, world_code(world, world_secret, 0));
    world->meddle = meddle;
    world->disturb = disturb;

    return go_on(world);
}


static mfa_outcome_e
begin(world_t *world)
{
    return both(world, PASSWORD, world_code(world, world_secret, 0));
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
        { { prepare_outside, enter, 1, 0, TRIAL_OPENS },  5, 500 },
        { { prepare_outside, guess, 0, 0, TRIAL_OPENS },  5, 300 },
        { { prepare_new, enter, 1, 0, TRIAL_OPENS },      7, 700 },
        { { prepare_new, guess, 0, 0, TRIAL_OPENS },      5, 300 },
        { { prepare_late, enter, 1, 0, TRIAL_OPENS },     4, 500 },
        { { enrolled, begin, 1, 0, TRIAL_OPENS },         4, 200 },
        { { enrolled, complete, 1, 0, TRIAL_OPENS },      5, 500 },
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
        TEST(what_is_right_outside_is_right),
        TEST(other_resources_have_it_looked_at_there_too),
        TEST(security_4_nobody_and_disabled_are_asked_about_and_refused),
        TEST(an_empty_password_and_no_name_are_not_asked_about),
        TEST(a_portal_has_one_way_in),
        TEST(a_verified_identity_needs_an_account_in_force),
        TEST(the_first_right_login_makes_the_account),
        TEST(two_at_once_make_one_account),
        TEST(feature_002_21_both_have_to_be_right),
        TEST(security_112_a_code_over_its_limit_reads_as_wrong),
        TEST(an_empty_field_goes_on_in_steps),
        TEST(no_failure_lets_anybody_in)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_first", tests, NULL, NULL);
}
