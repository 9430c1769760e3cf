/*
 * Flow enrol end to end on a scripted store: a secret is offered, confirmed by
 * a code and then the account's factor; who may not have one; when it can be
 * put off.  What others do meanwhile, and failures of the store, are in
 * test_flow_enrol_failure.c.  When this breaks, a stolen password is enough to
 * replace a factor (security 19).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow_failure.h"


static world_t           w;
static mfa_flow_enrol_t  enrol;


static int
setup(void **state)
{
    (void) state;
    world_init(&w);
    world_account(&w, "alice", (standing_t) { .required = 1,
                                              .deadline = NOW + 7 * DAY });
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
does(mfa_enrol_e action)
{
    return world_enrol(&w, &enrol, action, NULL, mfa_lit(""));
}


/* The secret on offer is in *secret. */
static void
offered(uint8_t *secret)
{
    assert_int_equal(does(MFA_ENROL_OFFER), MFA_OUTCOME_DONE);
    assert_true(enrol.has_secret);
    memcpy(secret, enrol.secret, MFA_TOTP_SECRET_BYTES);
}


static mfa_outcome_e
confirms(const uint8_t *secret, int steps)
{
    return world_enrol(&w, &enrol, MFA_ENROL_CONFIRM, NULL,
                       world_code(&w, secret, steps));
}


static mfa_outcome_e
guesses(const uint8_t *secret)
{
    return world_enrol(&w, &enrol, MFA_ENROL_CONFIRM, NULL,
                       world_wrong_code(&w, secret));
}


static const char *
field(const char *name)
{
    return store_text(&w.store, ACCOUNT "alice", name);
}


static void
offer_confirm_portal(void **state)
{
    uint8_t              secret[MFA_TOTP_SECRET_BYTES];
    mfa_who_t            who;
    mfa_session_token_t  old;

    (void) state;

    assert_int_equal(world_verdict(&w), MFA_VERDICT_ENROL);
    assert_int_equal(does(MFA_ENROL_CHECK), MFA_OUTCOME_DONE);
    assert_int_equal(w.asked, 0);
    offered(secret);
    assert_null(field("enrolled"));
    assert_null(field("secret"));

    old = w.token;
    w.store.now += 300;
    assert_int_equal(confirms(secret, 0), MFA_OUTCOME_DONE);
    assert_int_equal(w.asked, 6);
    assert_int_equal(store_count(&w.store, "mfa:enrolment:"), 0);
    assert_int_equal(store_count(&w.store, "mfa:session:"), 1);

    who = world_who(&w);
    assert_int_equal(who.verdict, MFA_VERDICT_ALLOW);
    assert_int_equal(who.session.level, MFA_LEVEL_MFA);
    assert_int_equal(who.session.code_at, w.store.now);
    assert_int_equal(who.account.enrolled, w.store.now);
    assert_int_equal(who.account.secret_id.len, MFA_SECRET_ID_CHARS);
    assert_false(who.account.validated);
    assert_int_equal(who.account.generation, 1);
    assert_int_equal(who.account.deadline, NOW + 7 * DAY);
    assert_string_equal(field("version"), "2");

    w.token = old;
    assert_int_equal(world_verdict(&w), MFA_VERDICT_LOGIN);
    assert_int_equal(store_events(&w.store, AUDIT,
                                  "event=enrol result=ok login=alice"), 1);
    assert_null(store_text(&w.store, "mfa:{user}:unenrolled", "alice"));
    assert_null(store_text(&w.store, "mfa:{user}:not-required", "alice"));
}


/* security 12: the confirming code is spent, for the next login as well. */
static void
security_12_the_confirming_code_is_spent(void **state)
{
    uint8_t          secret[MFA_TOTP_SECRET_BYTES];
    mfa_flow_gate_t  gate;

    (void) state;

    offered(secret);
    assert_int_equal(confirms(secret, 0), MFA_OUTCOME_DONE);

    w.opened = 0;
    world_login(&w, "alice", PASSWORD);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_CODE);
    assert_int_equal(world_enter(&w, world_code(&w, secret, 0)),
                     MFA_OUTCOME_REFUSED);
    assert_int_equal(world_enter(&w, world_code(&w, secret, -1)),
                     MFA_OUTCOME_REFUSED);
    assert_int_equal(world_gate(&w, &gate, MFA_RULE_VALIDATED, 0),
                     MFA_VERDICT_ALLOW);

    w.store.now += 30;
    assert_int_equal(world_enter(&w, world_code(&w, secret, 0)),
                     MFA_OUTCOME_DONE);
    assert_string_equal(field("validated"), field("secret_id"));
}


/* 001-05: looking at the page twice must not change the key being scanned. */
static void
an_offer_stays_the_same_until_it_ends(void **state)
{
    uint8_t  first[MFA_TOTP_SECRET_BYTES], again[MFA_TOTP_SECRET_BYTES];

    (void) state;

    offered(first);
    w.store.now += MFA_ENROLMENT_SEC - 1;
    offered(again);
    assert_memory_equal(first, again, sizeof(first));
    w.store.now += 1;
    offered(again);
    assert_memory_not_equal(first, again, sizeof(first));
}


/* security 20: of this session, at most ten minutes, used once. */
static void
security_20_a_pending_secret_is_this_sessions(void **state)
{
    uint8_t              secret[MFA_TOTP_SECRET_BYTES];
    mfa_session_token_t  mine;

    (void) state;

    offered(secret);
    mine = w.token;

    w.opened = 0;
    world_login(&w, "alice", PASSWORD);
    assert_int_equal(confirms(secret, 0), MFA_OUTCOME_EXPIRED);
    assert_false(enrol.has_secret);

    w.token = mine;
    w.store.now += MFA_ENROLMENT_SEC;
    assert_int_equal(confirms(secret, 0), MFA_OUTCOME_EXPIRED);
    assert_null(field("enrolled"));
}


/* security 97: sealed for one account and one purpose. */
static void
security_97_a_pending_secret_opens_for_nothing_else(void **state)
{
    char         key[2][80];
    uint8_t      secret[MFA_TOTP_SECRET_BYTES];
    const char  *pending;

    (void) state;

    offered(secret);
    snprintf(key[0], sizeof(key[0]), "mfa:enrolment:%.*s", MFA_HASH_CHARS,
             (const char *) w.token.hash);
    pending = store_text(&w.store, key[0], "");

    world_account(&w, "bob", (standing_t) { .required = 1 });
    world_login(&w, "bob", PASSWORD);
    snprintf(key[1], sizeof(key[1]), "mfa:enrolment:%.*s", MFA_HASH_CHARS,
             (const char *) w.token.hash);
    store_put(&w.store, key[1], "", mfa_str_from(pending));
    assert_int_equal(confirms(secret, 0), MFA_OUTCOME_EXPIRED);
    assert_int_equal(does(MFA_ENROL_OFFER), MFA_OUTCOME_EXPIRED);
    assert_false(enrol.has_secret);

    /* And a pending text is no factor. */
    store_put_int(&w.store, ACCOUNT "bob", "enrolled", NOW);
    store_put(&w.store, ACCOUNT "bob", "secret_id",
              (mfa_str_t) { (const uint8_t *) pending, MFA_SECRET_ID_CHARS });
    store_put(&w.store, ACCOUNT "bob", "secret",
              mfa_str_from(pending + MFA_SECRET_ID_CHARS + 1));
    assert_int_equal(world_enter(&w, world_code(&w, secret, 0)),
                     MFA_OUTCOME_FAULT);
}


static void
a_wrong_code_shows_the_secret_again_and_is_limited(void **state)
{
    int      i;
    uint8_t  secret[MFA_TOTP_SECRET_BYTES];

    (void) state;

    offered(secret);

    for (i = 0; i < 5; i++) {
        assert_int_equal(guesses(secret), MFA_OUTCOME_REFUSED);
        assert_true(enrol.has_secret);
        assert_memory_equal(enrol.secret, secret, sizeof(secret));
    }

    /* security 107: the same counter as at the code page. */
    assert_string_equal(store_text(&w.store, "mfa:fail:code:user:alice", ""),
                        "5");
    assert_int_equal(confirms(secret, 0), MFA_OUTCOME_LIMITED);
    assert_int_equal(w.retry_after, w.portal.limit_code.window_sec);
    assert_int_equal(w.asked, 3);
    assert_int_equal(confirms(secret, 0), MFA_OUTCOME_LIMITED);
    assert_int_equal(w.asked, 2);
    assert_null(field("enrolled"));
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ENROL);
    assert_int_equal(store_events(&w.store, AUDIT, "event=enrol "
                                  "result=refused reason=code"), 5);
}


/* --- who may not --- */

static void
is_forbidden_all_of_it(mfa_outcome_e outcome, int asks)
{
    mfa_enrol_e  action;

    for (action = MFA_ENROL_CHECK; action <= MFA_ENROL_LATER; action++) {
        assert_int_equal(world_enrol(&w, &enrol, action, NULL,
                                     world_code(&w, world_secret, 0)),
                         outcome);
        assert_true(asks || w.asked == 0);
        assert_false(enrol.has_secret);
    }

    assert_int_equal(store_count(&w.store, "mfa:enrolment:"), 0);
}


/* security 19 */
static void
security_19_whoever_has_a_factor_gets_nothing_here(void **state)
{
    (void) state;

    world_account(&w, "bob", (standing_t) { .enrolled = 1 });
    world_login(&w, "bob", PASSWORD);
    is_forbidden_all_of_it(MFA_OUTCOME_FORBIDDEN, 1);

    world_enter(&w, world_code(&w, world_secret, 0));
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);

    /* Nothing was begun with, so there is nothing to be shown or confirmed. */
    assert_int_equal(world_enrol(&w, &enrol, MFA_ENROL_OFFER, NULL,
                                 mfa_lit("")),
                     MFA_OUTCOME_EXPIRED);
    assert_int_equal(world_enrol(&w, &enrol, MFA_ENROL_CONFIRM, NULL,
                                 world_code(&w, world_secret, 1)),
                     MFA_OUTCOME_EXPIRED);
    assert_int_equal(store_count(&w.store, "mfa:enrolment:"), 0);
}


static void
the_locked_out_the_blocked_and_the_damaged_get_nothing(void **state)
{
    (void) state;

    w.store.now = NOW + 7 * DAY;
    world_login(&w, "alice", PASSWORD);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_LOCKED);
    is_forbidden_all_of_it(MFA_OUTCOME_FORBIDDEN, 1);

    world_account(&w, "bob", (standing_t) { 0 });
    world_login(&w, "bob", PASSWORD);
    store_put_int(&w.store, ACCOUNT "bob", "disabled", 1);
    is_forbidden_all_of_it(MFA_OUTCOME_FORBIDDEN, 0);

    store_cut(&w.store, ACCOUNT "bob", "disabled");
    store_put_int(&w.store, ACCOUNT "bob", "enrolled", NOW);
    is_forbidden_all_of_it(MFA_OUTCOME_FORBIDDEN, 0);

    store_drop(&w.store, store_key(&w.store, mfa_lit(ACCOUNT "bob")));
    is_forbidden_all_of_it(MFA_OUTCOME_FORBIDDEN, 0);

    w.opened = 0;
    is_forbidden_all_of_it(MFA_OUTCOME_EXPIRED, 0);
}


/* --- putting it off --- */

static void
in_grace_it_can_be_put_off_for_this_session(void **state)
{
    (void) state;

    assert_int_equal(does(MFA_ENROL_LATER), MFA_OUTCOME_DONE);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);
    assert_int_equal(store_events(&w.store, AUDIT, "event=enrol "
                                  "result=put off login=alice"), 1);

    /* 000-11: it is asked again at the next login, until the days run out. */
    world_login(&w, "alice", PASSWORD);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ENROL);
    w.store.now = NOW + 7 * DAY - 60;
    world_login(&w, "alice", PASSWORD);
    assert_int_equal(does(MFA_ENROL_LATER), MFA_OUTCOME_DONE);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);
    w.store.now = NOW + 7 * DAY;
    assert_int_equal(world_verdict(&w), MFA_VERDICT_LOCKED);
}


static void
without_days_it_cannot_be_put_off(void **state)
{
    mfa_flow_gate_t  gate;

    (void) state;

    store_put_int(&w.store, ACCOUNT "alice", "deadline", 0);
    assert_int_equal(does(MFA_ENROL_LATER), MFA_OUTCOME_FORBIDDEN);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ENROL);

    /* Nor where the rule, not the account, asks for it. */
    world_account(&w, "bob", (standing_t) { 0 });
    world_login(&w, "bob", PASSWORD);
    world_gate(&w, &gate, MFA_RULE_ALWAYS, 0);
    assert_int_equal(gate.who.verdict, MFA_VERDICT_ENROL);
    assert_int_equal(world_enrol(&w, &enrol, MFA_ENROL_LATER, &gate.who,
                                 mfa_lit("")), MFA_OUTCOME_FORBIDDEN);
}


/* Nobody is required, but whoever wants a factor may have one. */
static void
a_volunteer_may_enrol(void **state)
{
    uint8_t  secret[MFA_TOTP_SECRET_BYTES];

    (void) state;

    world_account(&w, "alice", (standing_t) { 0 });
    store_cut(&w.store, ACCOUNT "alice", "required");
    world_login(&w, "alice", PASSWORD);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);
    offered(secret);
    assert_int_equal(confirms(secret, 1), MFA_OUTCOME_DONE);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);
}


static void
security_16_without_randomness_there_is_no_secret(void **state)
{
    (void) state;

    w.who = world_who(&w);
    world_no_random = 1;
    assert_int_equal(world_enrol(&w, &enrol, MFA_ENROL_OFFER, &w.who,
                                 mfa_lit("")), MFA_OUTCOME_UNAVAILABLE);
    assert_false(enrol.has_secret);
    assert_int_equal(store_count(&w.store, "mfa:enrolment:"), 0);
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup_teardown(t, setup, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(offer_confirm_portal),
        TEST(security_12_the_confirming_code_is_spent),
        TEST(an_offer_stays_the_same_until_it_ends),
        TEST(security_20_a_pending_secret_is_this_sessions),
        TEST(security_97_a_pending_secret_opens_for_nothing_else),
        TEST(a_wrong_code_shows_the_secret_again_and_is_limited),
        TEST(security_19_whoever_has_a_factor_gets_nothing_here),
        TEST(the_locked_out_the_blocked_and_the_damaged_get_nothing),
        TEST(in_grace_it_can_be_put_off_for_this_session),
        TEST(without_days_it_cannot_be_put_off),
        TEST(a_volunteer_may_enrol),
        TEST(security_16_without_randomness_there_is_no_secret)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_enrol", tests, NULL, NULL);
}
