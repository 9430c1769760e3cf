/*
 * Trusted browsers through the flows on a scripted store: the code that is asked
 * for trust, the login that needs no code, what ends it, and that no failure of
 * the store makes a browser trusted.  The record by itself is in test_device.c.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow_failure.h"

#define DEVICES  "mfa:{user}:devices:alice"

static world_t  w;


/* Enrolled, with a browser that is trusted since a moment ago, logged out. */
static void
prepare(world_t *world)
{
    world->portal.remember_sec = 30 * DAY;
    world->remember = 1;
    world_account(world, "alice", (standing_t) { .enrolled = 1,
                                                 .validated = 1 });
    world_login(world, "alice", PASSWORD);
    assert_int_equal(world_enter(world, world_code(world, world_secret, 0)),
                     MFA_OUTCOME_DONE);
    assert_true(world->trusted);
    world->opened = 0;
    world->store.now += 60;
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


static mfa_verdict_e
login(const char *who)
{
    w.opened = 0;
    assert_int_equal(world_login(&w, who, PASSWORD), MFA_OUTCOME_DONE);

    return world_verdict(&w);
}


static void
the_password_is_enough_in_a_trusted_browser(void **state)
{
    int64_t    code_at;
    mfa_who_t  who;

    (void) state;

    code_at = w.store.now - 60;
    assert_int_equal(login("alice"), MFA_VERDICT_ALLOW);
    assert_int_equal(w.asked, 1);
    who = world_who(&w);
    assert_int_equal(who.session.level, MFA_LEVEL_MFA);
    assert_int_equal(who.session.code_at, code_at);
    assert_int_equal(who.session.password_at, w.store.now);
    assert_int_equal(who.session.expires, w.store.now + w.portal.absolute_sec);
    assert_int_equal(store_events(&w.store, AUDIT,
                                  "event=device-trust result=ok login=alice"),
                     1);
    assert_int_equal(store_events(&w.store, AUDIT,
                                  "event=device-use result=ok login=alice"), 1);

    w.opened = 0;
    assert_int_equal(world_login(&w, "alice", "wrong"), MFA_OUTCOME_REFUSED);
}


/* security 37, feature 100-06 */
static void
a_fresh_code_is_asked_for_all_the_same(void **state)
{
    mfa_flow_gate_t  gate;

    (void) state;

    assert_int_equal(login("alice"), MFA_VERDICT_ALLOW);
    assert_int_equal(world_gate(&w, &gate, MFA_RULE_ACCOUNT, 59),
                     MFA_VERDICT_CODE);
    assert_int_equal(world_gate(&w, &gate, MFA_RULE_ACCOUNT, 60),
                     MFA_VERDICT_ALLOW);
}


static void
nothing_is_asked_where_it_cannot_help(void **state)
{
    size_t  usual;

    (void) state;

    w.trusted = 0;
    w.opened = 0;
    world_login(&w, "alice", PASSWORD);
    usual = w.asked;
    assert_int_equal(world_verdict(&w), MFA_VERDICT_CODE);
    w.trusted = 1;

    world_account(&w, "bob", (standing_t) { .enrolled = 1 });
    w.opened = 0;
    world_login(&w, "bob", PASSWORD);
    assert_int_equal(w.asked, usual);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_CODE);

    /* Also when the token no longer tells whose it is. */
    w.device.login_len = 0;
    w.opened = 0;
    world_login(&w, "bob", PASSWORD);
    assert_int_equal(w.asked, usual + 1);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_CODE);

    w.portal.remember_sec = 0;
    w.opened = 0;
    world_login(&w, "alice", PASSWORD);
    assert_int_equal(w.asked, usual);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_CODE);
}


static void
whatever_changes_the_account_ends_it(void **state)
{
    int  i;

    (void) state;

    for (i = 0; i < 6; i++) {
        world_init(&w);
        prepare(&w);

        switch (i) {
        case 0:
            store_put_int(&w.store, ACCOUNT "alice", "generation", 1);
            break;
        case 1:
            store_put(&w.store, ACCOUNT "alice", "secret_id",
                      mfa_lit("c2VjcmV0LTI"));
            break;
        case 2:
            store_drop(&w.store, store_key(&w.store, mfa_lit(DEVICES)));
            break;
        case 3:
            w.store.now += 30 * DAY;
            break;
        case 4:
            w.portal.remember_sec = 60;
            break;
        default:
            w.device.hash[0] ^= 1;
            break;
        }

        assert_int_equal(login("alice"), MFA_VERDICT_CODE);
        store_release(0);
    }
}


static void
trusted_again_it_takes_the_place_of_the_old(void **state)
{
    mfa_session_token_t  old;

    (void) state;

    old = w.device;
    assert_int_equal(login("alice"), MFA_VERDICT_ALLOW);
    assert_int_equal(world_enter(&w, world_code(&w, world_secret, 0)),
                     MFA_OUTCOME_DONE);
    assert_memory_not_equal(old.id, w.device.id, sizeof(old.id));
    assert_int_equal(store_count(&w.store, "mfa:{user}:device:"), 1);
    assert_int_equal(login("alice"), MFA_VERDICT_ALLOW);
    w.device = old;
    assert_int_equal(login("alice"), MFA_VERDICT_CODE);
}


/* Longest names, and all that one operation can have to hold at once. */
static void
the_longest_names_fit(void **state)
{
    char        name[MFA_LOGIN_MAX + 1];
    static char agent[MFA_DEVICE_AGENT_MAX + 1];

    (void) state;

    memset(name, 'x', MFA_LOGIN_MAX);
    name[MFA_LOGIN_MAX] = '\0';
    memset(agent, 'a', sizeof(agent) - 1);
    w.net = "2001:0db8:0001:0002/64";
    world_account(&w, name, (standing_t) { .enrolled = 1 });
    w.trusted = 0;
    w.opened = 0;
    assert_int_equal(world_login(&w, name, PASSWORD), MFA_OUTCOME_DONE);
    assert_int_equal(world_enter(&w, world_code(&w, world_secret, 0)),
                     MFA_OUTCOME_DONE);
    w.store.now += 30;
    assert_int_equal(world_enter(&w, world_code(&w, world_secret, 0)),
                     MFA_OUTCOME_DONE);
    assert_int_equal(world_login(&w, name, PASSWORD), MFA_OUTCOME_DONE);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);
}


/* --- every failure --- */

static void
prepare_code(world_t *world)
{
    prepare(world);
    world->trusted = 0;
    world_login(world, "alice", PASSWORD);
    world->who = world_who(world);
}


static void
prepare_revoked(world_t *world)
{
    prepare(world);
    store_drop(&world->store, store_key(&world->store, mfa_lit(DEVICES)));
}


static mfa_outcome_e
by_password(world_t *world)
{
    mfa_who_t  nobody;

    memset(&nobody, 0, sizeof(nobody));

    return world_login_as(world, &nobody, mfa_lit("alice"), mfa_lit(PASSWORD));
}


static mfa_outcome_e
by_code(world_t *world)
{
    return world_code_as(world, &world->who,
                         world_code(world, world_secret, 1));
}


static void
no_failure_lets_anybody_in(void **state)
{
    size_t  i, operations;

    static const struct {
        trial_t  trial;
        size_t   operations;
    } trials[] = {
        { { prepare, by_password, 1, 0, TRIAL_OPENS },   6 },
        { { prepare_code, by_code, 1, 0, TRIAL_OPENS },  5 },
    };

    (void) state;

    for (i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
        assert_true(trial_run(&w, &trials[i].trial, &operations) > 500);
        assert_int_equal(operations, trials[i].operations);
        assert_true(trial_unseen > 0);
    }
}


/* A revoked one lets nobody in, whatever is answered of its record: only the
   index could, and that is what the store says. */
static void
forge(world_t *world, const mfa_flow_t *flow, mfa_result_t *result)
{
    size_t         i;
    mfa_reply_t  **replies;

    (void) flow;

    if (world->asked != 4) {
        return;
    }

    replies = store_block(result->n * sizeof(mfa_reply_t *));

    for (i = 0; i < result->n; i++) {
        replies[i] = store_block(sizeof(mfa_reply_t));
        *replies[i] = reply_text(MFA_REPLY_STRING, "1\t2\t3");
    }

    result->replies = (const mfa_reply_t *const *) replies;
}


static void
a_revoked_one_stays_so(void **state)
{
    (void) state;

    world_init(&w);
    prepare_revoked(&w);
    assert_int_equal(login("alice"), MFA_VERDICT_CODE);

    w.opened = 0;
    w.disturb = forge;
    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_DONE);
    w.disturb = NULL;
    assert_int_equal(world_verdict(&w), MFA_VERDICT_CODE);
}


static void
security_104_without_randomness_nothing_is_trusted(void **state)
{
    (void) state;

    prepare_code(&w);
    world_no_random = 1;
    assert_int_equal(by_code(&w), MFA_OUTCOME_UNAVAILABLE);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_CODE);
    assert_int_equal(store_count(&w.store, "mfa:{user}:device:"), 1);
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup_teardown(t, setup, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(the_password_is_enough_in_a_trusted_browser),
        TEST(a_fresh_code_is_asked_for_all_the_same),
        TEST(nothing_is_asked_where_it_cannot_help),
        TEST(whatever_changes_the_account_ends_it),
        TEST(trusted_again_it_takes_the_place_of_the_old),
        TEST(the_longest_names_fit),
        TEST(no_failure_lets_anybody_in),
        TEST(a_revoked_one_stays_so),
        TEST(security_104_without_randomness_nothing_is_trusted)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_device", tests, NULL, NULL);
}
