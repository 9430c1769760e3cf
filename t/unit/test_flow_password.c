/*
 * Flow password on a scripted store: by a link or by the current password, what
 * ends with the old one, and how good the session is that it opens.  When this
 * breaks, a mailbox is a way past the factor, or a password is changed by who does
 * not know it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/flow_password.h"
#include "mail_world.h"

#define ALICE  ACCOUNT "alice"


static world_t              w;
static mfa_flow_password_t  flow;
static uint8_t              text[MFA_TOKEN_CHARS];
static mfa_str_t            token;

static const mfa_mailtoken_t  to_change = {
    .purpose = MFA_MAILTOKEN_PASSWORD, .generation = 2,
    .login = { (const uint8_t *) "alice", 5 }
};


static void
prepare_link(world_t *world)
{
    mail_world(world, (standing_t) { .generation = 2 });
    token = mail_token(world, to_change, text);
}


static void
prepare_link_enrolled(world_t *world)
{
    mail_world(world, (standing_t) { .generation = 2, .enrolled = 1 });
    token = mail_token(world, to_change, text);
}


/* Logged in by the password alone, having no factor. */
static void
prepare_session(world_t *world)
{
    mail_world(world, (standing_t) { .generation = 2 });
    world_login(world, "alice", PASSWORD);
    world->who = world_who(world);
    token = mfa_lit("");
}


static void
prepare_session_mfa(world_t *world)
{
    mail_world(world, (standing_t) { .generation = 2, .enrolled = 1 });
    world_login(world, "alice", PASSWORD);
    world_enter(world, world_code(world, world_secret, 0));
    world->who = world_who(world);
    token = mfa_lit("");
}


static int
setup(void **state)
{
    (void) state;
    world_init(&w);
    token = mfa_lit("");

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
change_to(world_t *world, const char *current, const char *password,
    const char *again)
{
    mfa_outcome_e  outcome;

    mfa_flow_password_init(&flow);
    flow.who = world->who;
    flow.text = token;
    flow.current = mfa_str_from(current);
    flow.password = mfa_str_from(password);
    flow.again = mfa_str_from(again);
    outcome = world_run(world, &flow.flow);
    world_keep(world, outcome, &flow.opening);

    return outcome;
}


static mfa_outcome_e
change(world_t *world)
{
    return change_to(world, PASSWORD, NEW, NEW);
}


static mfa_outcome_e
guess(world_t *world)
{
    return change_to(world, "wrong-horse", NEW, NEW);
}


static void
is_changed(int changed)
{
    assert_string_equal(store_text(&w.store, ALICE, "password"),
                        changed ? HASHED_NEW NEW : HASHED PASSWORD);
    assert_string_equal(store_text(&w.store, ALICE, "generation"),
                        changed ? "3" : "2");
    assert_int_equal(store_events(&w.store, OUTBOX, "mail=password-changed"),
                     changed);
    assert_int_equal(store_events(&w.store, AUDIT,
                                  "event=password result=ok"), changed);
}


static void
a_link_sets_it_and_opens_what_a_password_does(void **state)
{
    mfa_who_t  who;

    (void) state;
    prepare_link(&w);
    world_login(&w, "alice", PASSWORD);

    assert_int_equal(change(&w), MFA_OUTCOME_DONE);
    assert_int_equal(w.asked, 6);
    is_changed(1);
    assert_int_equal(store_count(&w.store, "mfa:{user}:pending-token:"), 0);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);
    who = world_who(&w);
    assert_int_equal(who.session.level, MFA_LEVEL_PASSWORD);
    assert_int_equal(who.session.expires,
                     w.store.now + w.portal.absolute_sec);

    assert_int_equal(change(&w), MFA_OUTCOME_EXPIRED);
    w.opened = 0;
    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_REFUSED);
    assert_int_equal(world_login(&w, "alice", NEW), MFA_OUTCOME_DONE);
}


static void
security_89_a_link_never_passes_the_factor(void **state)
{
    mfa_who_t  who;

    (void) state;
    prepare_link_enrolled(&w);

    assert_int_equal(change(&w), MFA_OUTCOME_DONE);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_CODE);
    who = world_who(&w);
    assert_int_equal(who.session.level, MFA_LEVEL_PASSWORD);
    assert_int_equal(who.session.code_at, 0);
    assert_int_equal(who.session.expires, w.store.now + w.portal.half_sec);
    assert_int_equal(store_count(&w.store, "mfa:{user}:sessions:alice"), 0);
    assert_int_equal(world_enter(&w, world_code(&w, world_secret, 0)),
                     MFA_OUTCOME_DONE);
}


static void
by_the_current_one_it_keeps_the_code_it_had(void **state)
{
    uint8_t    hash[MFA_HASH_CHARS];
    mfa_who_t  who, before;

    (void) state;
    prepare_session_mfa(&w);
    before = w.who;
    memcpy(hash, w.token.hash, sizeof(hash));
    w.store.now += 100;

    assert_int_equal(change(&w), MFA_OUTCOME_DONE);
    is_changed(1);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);
    who = world_who(&w);
    assert_int_equal(who.session.level, MFA_LEVEL_MFA);
    assert_int_equal(who.session.code_at, before.session.code_at);
    assert_int_equal(who.session.password_at, w.store.now);
    assert_memory_not_equal(w.token.hash, hash, sizeof(hash));
    assert_int_equal(store_count(&w.store, "mfa:fail:password"), 0);
}


static void
who_may_not(void **state)
{
    static world_t  before;

    (void) state;
    prepare_session_mfa(&w);
    before = w;

    w.who.has_session = 0;
    assert_int_equal(change(&w), MFA_OUTCOME_EXPIRED);
    w = before;
    w.who.session.level = MFA_LEVEL_PASSWORD;
    assert_int_equal(change(&w), MFA_OUTCOME_FORBIDDEN);
    w = before;
    w.who.verdict = MFA_VERDICT_CODE;
    assert_int_equal(change(&w), MFA_OUTCOME_FORBIDDEN);
    w = before;
    w.who.verdict = MFA_VERDICT_LOCKED;
    assert_int_equal(change(&w), MFA_OUTCOME_FORBIDDEN);
    w = before;
    w.portal.first = MFA_FIRST_REQUEST;
    assert_int_equal(change(&w), MFA_OUTCOME_FORBIDDEN);
    assert_int_equal(w.asked, 0);
    w = before;
    store_put_int(&w.store, ALICE, "generation", 3);
    assert_int_equal(change(&w), MFA_OUTCOME_FORBIDDEN);
    w = before;
    store_put_int(&w.store, ALICE, "disabled", 1);
    assert_int_equal(change(&w), MFA_OUTCOME_FORBIDDEN);
}


static void
security_107_guesses_are_charged_as_logins(void **state)
{
    int  i;

    (void) state;
    prepare_session(&w);

    for (i = 0; i < 5; i++) {
        assert_int_equal(guess(&w), MFA_OUTCOME_REFUSED);
        assert_int_equal(flow.wrong, MFA_PASSWORD_CURRENT);
    }

    assert_int_equal(change(&w), MFA_OUTCOME_LIMITED);
    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_LIMITED);
    is_changed(0);
}


static void
security_9_what_it_may_be(void **state)
{
    size_t  i;

    static const struct {
        const char      *password;
        const char      *again;
        mfa_password_e   wrong;
    } cases[] = {
        { NEW,              "a brand new 0ne", MFA_PASSWORD_DIFFER },
        { NEW,              "",                MFA_PASSWORD_DIFFER },
        { "",               "",                MFA_PASSWORD_SHORT },
        { "sevench",        "sevench",         MFA_PASSWORD_SHORT },
        { "\xc3\xa4\xc3\xb6\xc3\xa4\xc3\xb6\xc3\xa4\xc3\xb6\xc3\xa4",
          "\xc3\xa4\xc3\xb6\xc3\xa4\xc3\xb6\xc3\xa4\xc3\xb6\xc3\xa4",
          MFA_PASSWORD_SHORT },
        { "bad \xff utf-8", "bad \xff utf-8",  MFA_PASSWORD_FORM },
        { "a\nline break",  "a\nline break",   MFA_PASSWORD_FORM },
        { "Password1",      "Password1",       MFA_PASSWORD_COMMON },
        { "al@example.COM", "al@example.COM",  MFA_PASSWORD_COMMON }
    };

    (void) state;
    prepare_session(&w);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(change_to(&w, PASSWORD, cases[i].password,
                                   cases[i].again), MFA_OUTCOME_REFUSED);
        assert_int_equal(flow.wrong, cases[i].wrong);
        assert_int_equal(w.asked, 0);
    }

    token = mail_token(&w, to_change, text);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(change_to(&w, "", cases[i].password,
                                   cases[i].again), MFA_OUTCOME_REFUSED);
        assert_int_equal(flow.wrong, cases[i].wrong);
        assert_int_equal(w.asked, 2);
    }

    is_changed(0);
    assert_int_equal(change(&w), MFA_OUTCOME_DONE);
}


/* --- meanwhile --- */

static void
another_used_the_link(world_t *world)
{
    store_put_int(&world->store, ALICE, "generation", 3);
}


static void
a_name_is_changed(world_t *world)
{
    store_put(&world->store, ALICE, "name", mfa_lit("Alice A."));
}


static void
busy_hands(world_t *world)
{
    if (world->asked >= 4) {
        a_name_is_changed(world);
        world->meddle_at = world->asked + 2;
    }
}


/* Operation 3 watches, operation 4 changes: between them it is aborted. */
static void
security_87_of_two_with_one_link_the_second_has_none(void **state)
{
    (void) state;
    prepare_link(&w);

    w.meddle = another_used_the_link;
    w.meddle_at = 4;
    assert_int_equal(change(&w), MFA_OUTCOME_EXPIRED);
    assert_string_equal(store_text(&w.store, ALICE, "password"),
                        HASHED PASSWORD);
    assert_int_equal(store_count(&w.store, "mfa:session:"), 0);
}


static void
the_address_is_changed(world_t *world)
{
    store_put(&world->store, ALICE, "email", mfa_lit("other@example.com"));
}


/* In any moment until the change: before the first question, while the password
   is hashed, between watch and change. */
static void
a_link_that_went_to_an_old_address_sets_nothing(void **state)
{
    size_t  at;

    (void) state;

    for (at = 0; at < 5; at++) {
        world_init(&w);
        prepare_link(&w);
        w.meddle = the_address_is_changed;
        w.meddle_at = at;
        assert_int_equal(change(&w), MFA_OUTCOME_EXPIRED);
        assert_string_equal(store_text(&w.store, ALICE, "password"),
                            HASHED PASSWORD);
        assert_int_equal(store_count(&w.store, "mfa:session:"), 0);
    }
}


/* As in flow redeem. */
static void
security_92_every_dead_link_costs_the_same(void **state)
{
    mfa_mailtoken_t  to_reset = to_change;

    (void) state;
    prepare_link(&w);
    w.store.now += MFA_MAILTOKEN_SEC;
    assert_int_equal(change(&w), MFA_OUTCOME_EXPIRED);
    assert_int_equal(w.asked, 2);

    to_reset.purpose = MFA_MAILTOKEN_RESET;
    token = mail_token(&w, to_reset, text);
    assert_int_equal(change(&w), MFA_OUTCOME_EXPIRED);
    assert_int_equal(w.asked, 2);

    memset(text, 'A', sizeof(text));
    assert_int_equal(change(&w), MFA_OUTCOME_EXPIRED);
    assert_int_equal(w.asked, 2);
}


static void
other_changes_are_kept(void **state)
{
    (void) state;
    prepare_link(&w);

    w.meddle = a_name_is_changed;
    w.meddle_at = 4;
    assert_int_equal(change(&w), MFA_OUTCOME_DONE);
    assert_string_equal(store_text(&w.store, ALICE, "name"), "Alice A.");
    is_changed(1);

    world_init(&w);
    prepare_link(&w);
    w.meddle = busy_hands;
    w.meddle_at = 4;
    assert_int_equal(change(&w), MFA_OUTCOME_CONFLICT);
    is_changed(0);
}


/* --- every failure --- */

static void
no_failure_lets_anybody_in(void **state)
{
    size_t  i, operations;

    static const struct {
        trial_t  trial;
        size_t   operations;
    } trials[] = {
        { { prepare_link, change, 1, 0, TRIAL_OPENS },          6 },
        { { prepare_link_enrolled, change, 1, 0, TRIAL_OPENS }, 6 },
        { { prepare_session, change, 1, 0, TRIAL_NOTES },       9 },
        { { prepare_session_mfa, change, 1, 0, TRIAL_NOTES },   9 },
        { { prepare_session, guess, 0, 0, TRIAL_NOTES },        5 }
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
        TEST(a_link_sets_it_and_opens_what_a_password_does),
        TEST(security_89_a_link_never_passes_the_factor),
        TEST(by_the_current_one_it_keeps_the_code_it_had),
        TEST(who_may_not),
        TEST(security_107_guesses_are_charged_as_logins),
        TEST(security_9_what_it_may_be),
        TEST(security_87_of_two_with_one_link_the_second_has_none),
        TEST(a_link_that_went_to_an_old_address_sets_nothing),
        TEST(security_92_every_dead_link_costs_the_same),
        TEST(other_changes_are_kept),
        TEST(no_failure_lets_anybody_in)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_password", tests, NULL, NULL);
}
