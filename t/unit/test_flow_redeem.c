/*
 * Flow redeem on a scripted store: which links hold, that looking uses nothing up,
 * that one is taken once and by its owner's session alone; and flow login for one
 * account only.  When this breaks, a mailed link is good for somebody else, twice,
 * or without the password.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/flow_redeem.h"
#include "mail_world.h"


static world_t            w;
static mfa_flow_redeem_t  redeem;
static mfa_flow_login_t   login;                /* its session's login is here */
static mfa_opening_t      opening;
static uint8_t            text[MFA_TOKEN_CHARS];
static mfa_str_t          token;

static const standing_t  standing = { .enrolled = 1, .generation = 2 };
static const mfa_mailtoken_t  to_reset = {
    .purpose = MFA_MAILTOKEN_RESET, .generation = 2,
    .login = { (const uint8_t *) "alice", 5 }
};


static mfa_mailtoken_t
like(mfa_mailtoken_e purpose, const char *whose, int64_t generation)
{
    return (mfa_mailtoken_t) { .purpose = purpose, .generation = generation,
                               .login = mfa_str_from(whose) };
}


static int
setup(void **state)
{
    (void) state;
    world_init(&w);
    mail_world(&w, standing);
    token = mail_token(&w, to_reset, text);

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
look_at(world_t *world, mfa_str_t link, int password)
{
    mfa_flow_redeem_init(&redeem);
    redeem.text = link;
    redeem.password = password;

    return world_run(world, &redeem.flow);
}


static mfa_outcome_e
look(world_t *world)
{
    return look_at(world, token, 0);
}


/* Logs in, for one account only, as the page does. */
static mfa_outcome_e
log_in(world_t *world, const char *only, const char *typed,
    const char *password)
{
    mfa_who_t      nobody;
    mfa_outcome_e  outcome;

    memset(&nobody, 0, sizeof(nobody));
    mfa_flow_login_init(&login);
    login.typed = mfa_str_from(typed);
    login.password = mfa_str_from(password);
    login.only = mfa_str_from(only);
    login.old = nobody;
    outcome = world_run(world, &login.flow);
    world_keep(world, outcome, &login.opening);
    opening = login.opening;

    return outcome;
}


static mfa_outcome_e
take(world_t *world)
{
    mfa_flow_redeem_init(&redeem);
    redeem.action = MFA_REDEEM_TAKE;
    redeem.text = token;
    redeem.opening = &opening;

    return world_run(world, &redeem.flow);
}


static mfa_enrolment_e
waiting(void)
{
    char              key[STORE_NAME_BYTES];
    uint8_t           secret[MFA_TOTP_SECRET_BYTES];
    mfa_str_t         id;
    mfa_flow_enrol_t  enrol;

    snprintf(key, sizeof(key), "mfa:enrolment:%.*s", MFA_HASH_CHARS,
             (const char *) opening.token.hash);
    mfa_flow_enrol_init(&enrol);
    enrol.flow.env.keys = &world_ring;
    enrol.flow.env.portal = &w.portal;

    return mfa_enrolment_open(&enrol.flow, mfa_lit("alice"),
                              store_bytes(&w.store, key, ""), &id, secret);
}


/* --- looking --- */

static void
security_91_looking_uses_nothing_up(void **state)
{
    int             i;
    static world_t  before;

    (void) state;
    before = w;

    for (i = 0; i < 5; i++) {
        assert_int_equal(look(&w), MFA_OUTCOME_DONE);
        assert_int_equal(w.asked, 2);
        assert_int_equal(redeem.token.purpose, MFA_MAILTOKEN_RESET);
        assert_true(mfa_str_is(redeem.account.login, "alice"));
    }

    assert_memory_equal(&w.store, &before.store, sizeof(w.store));
}


static void
security_88_a_link_that_is_none_any_more_is_none(void **state)
{
    size_t           i;
    uint8_t          room[MFA_TOKEN_CHARS];
    mfa_mailtoken_t  made;
    static world_t   before;

    static const struct {
        const char  *field;
        const char  *value;
    } since[] = {
        { "generation", "3" }, { "disabled", "1" }, { "created", NULL },
        { "secret", NULL }, { "email", "other@example.com" }, { "email", NULL }
    };

    (void) state;
    before = w;

    assert_int_equal(look_at(&w, token, 1), MFA_OUTCOME_EXPIRED);
    assert_int_equal(look_at(&w, mfa_lit(""), 0), MFA_OUTCOME_EXPIRED);
    assert_int_equal(look_at(&w, mfa_lit("x"), 0), MFA_OUTCOME_EXPIRED);
    memset(room, 'A', sizeof(room));
    assert_int_equal(look_at(&w, (mfa_str_t) { room, sizeof(room) }, 0),
                     MFA_OUTCOME_EXPIRED);

    for (i = 0; i < sizeof(since) / sizeof(since[0]); i++) {
        w = before;

        if (since[i].value) {
            store_put(&w.store, ACCOUNT "alice", since[i].field,
                      mfa_str_from(since[i].value));
        } else {
            store_cut(&w.store, ACCOUNT "alice", since[i].field);
        }

        assert_int_equal(look(&w), MFA_OUTCOME_EXPIRED);
    }

    /* The record's own time, whatever the store still has. */
    w = before;
    made = to_reset;
    made.expires = w.store.now;
    assert_int_equal(look_at(&w, mail_token(&w, made, room), 0),
                     MFA_OUTCOME_EXPIRED);

    made = to_reset;
    made.portal = mfa_lit("admin");
    assert_int_equal(look_at(&w, mail_token(&w, made, room), 0),
                     MFA_OUTCOME_EXPIRED);

    /* The older of two. */
    w = before;
    assert_int_equal(look_at(&w, mail_token(&w, to_reset, room), 0),
                     MFA_OUTCOME_DONE);
    assert_int_equal(look(&w), MFA_OUTCOME_EXPIRED);

    /* A new password's page, the other way round. */
    made = like(MFA_MAILTOKEN_PASSWORD, "alice", 2);
    mail_token(&w, made, room);
    assert_int_equal(look_at(&w, (mfa_str_t) { room, sizeof(room) }, 0),
                     MFA_OUTCOME_EXPIRED);
    assert_int_equal(look_at(&w, (mfa_str_t) { room, sizeof(room) }, 1),
                     MFA_OUTCOME_DONE);
}


/* What is not there, is no record or is for another page is asked about as much
   as what is only over, so that no clock tells them apart. */
static void
security_92_every_dead_link_costs_the_same(void **state)
{
    size_t   i;
    uint8_t  room[MFA_TOKEN_CHARS];
    char     key[STORE_NAME_BYTES];

    static const char *const  records[] = { NULL, "", "1", "1\tx\tsetup" };

    (void) state;
    w.store.now += MFA_MAILTOKEN_SEC;
    assert_int_equal(look(&w), MFA_OUTCOME_EXPIRED);
    assert_int_equal(w.asked, 2);
    assert_int_equal(look_at(&w, token, 1), MFA_OUTCOME_EXPIRED);
    assert_int_equal(w.asked, 2);

    memset(room, 'A', sizeof(room));
    snprintf(key, sizeof(key), "mfa:{user}:pending-token:%.*s", MFA_HASH_CHARS,
             (const char *) redeem.hash);

    for (i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
        if (records[i]) {
            store_put(&w.store, key, "", mfa_str_from(records[i]));
        }

        assert_int_equal(look_at(&w, records[i] ? token
                                     : (mfa_str_t) { room, sizeof(room) }, 0),
                         MFA_OUTCOME_EXPIRED);
        assert_int_equal(w.asked, 2);
    }
}


static void
the_address_stands_for_the_login(void **state)
{
    (void) state;

    assert_int_equal(look(&w), MFA_OUTCOME_DONE);
    assert_true(mfa_str_is(mfa_redeem_login(&redeem,
                           mfa_lit("  aL@EXAMPLE.com ")), "alice"));
    assert_true(mfa_str_is(mfa_redeem_login(&redeem, mfa_lit("bob")), "bob"));
    assert_true(mfa_str_is(mfa_redeem_login(&redeem, mfa_lit("l@example.com")),
                           "l@example.com"));

    redeem.account.email = mfa_lit("");
    assert_int_equal(mfa_redeem_login(&redeem, mfa_lit(" ")).len, 1);
    assert_int_equal(mfa_redeem_login(&redeem, mfa_lit("")).len, 0);
}


/* --- logging in by it --- */

static void
security_92_nobody_else_logs_in_by_it_and_nothing_tells(void **state)
{
    size_t  asked;

    (void) state;

    assert_int_equal(log_in(&w, "alice", "alice", "wrong-horse"),
                     MFA_OUTCOME_REFUSED);
    asked = w.asked;
    assert_int_equal(log_in(&w, "alice", "bob", PASSWORD),
                     MFA_OUTCOME_REFUSED);
    assert_int_equal(w.asked, asked);
    assert_int_equal(log_in(&w, "alice", "nobody", PASSWORD),
                     MFA_OUTCOME_REFUSED);
    assert_int_equal(w.asked, asked);
    assert_int_equal(store_count(&w.store, "mfa:session:"), 0);
    assert_int_equal(store_events(&w.store, AUDIT, "result=refused"), 3);

    /* Nor is an account made for it. */
    w.portal.provision = 1;
    w.portal.first = MFA_FIRST_REQUEST;
    assert_int_equal(log_in(&w, "alice", "nobody", PASSWORD),
                     MFA_OUTCOME_REFUSED);
    assert_int_equal(store_count(&w.store, ACCOUNT "nobody"), 0);

    w.portal.first = MFA_FIRST_LOCAL;
    assert_int_equal(log_in(&w, "alice", " ALICE", PASSWORD),
                     MFA_OUTCOME_DONE);
}


/* --- taking --- */

static void
security_87_it_is_taken_once(void **state)
{
    (void) state;

    assert_int_equal(log_in(&w, "alice", "alice", PASSWORD), MFA_OUTCOME_DONE);
    assert_int_equal(take(&w), MFA_OUTCOME_DONE);
    assert_int_equal(w.asked, 2);
    assert_int_equal(waiting(), MFA_ENROLMENT_RESET);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_CODE);
    assert_int_equal(store_events(&w.store, AUDIT,
                                  "event=redeem result=ok reason=reset "
                                  "login=alice"), 1);

    assert_int_equal(log_in(&w, "alice", "alice", PASSWORD), MFA_OUTCOME_DONE);
    assert_int_equal(take(&w), MFA_OUTCOME_EXPIRED);
    assert_int_equal(waiting(), MFA_ENROLMENT_NONE);
    assert_int_equal(look(&w), MFA_OUTCOME_EXPIRED);
    assert_int_equal(store_events(&w.store, AUDIT,
                                  "event=redeem result=refused"), 1);
}


static void
a_set_up_link_gives_nothing_but_the_login(void **state)
{
    (void) state;

    token = mail_token(&w, like(MFA_MAILTOKEN_SETUP, "alice", 2), text);
    assert_int_equal(log_in(&w, "alice", "alice", PASSWORD), MFA_OUTCOME_DONE);
    assert_int_equal(take(&w), MFA_OUTCOME_DONE);
    assert_int_equal(redeem.token.purpose, MFA_MAILTOKEN_SETUP);
    assert_int_equal(waiting(), MFA_ENROLMENT_NONE);
}


/* What LOOK has seen may have changed, and TAKE trusts nobody who says it has
   looked. */
static void
it_is_taken_for_its_own_session_alone(void **state)
{
    uint8_t         room[MFA_TOKEN_CHARS];
    static world_t  before;

    (void) state;
    assert_int_equal(log_in(&w, "alice", "alice", PASSWORD), MFA_OUTCOME_DONE);
    before = w;

    opening.session.login = mfa_lit("bob");
    assert_int_equal(take(&w), MFA_OUTCOME_EXPIRED);
    w = before;
    opening.session.login = mfa_lit("alice");
    opening.session.generation = 3;
    assert_int_equal(take(&w), MFA_OUTCOME_EXPIRED);
    w = before;
    opening.session.generation = 2;
    w.store.now += MFA_MAILTOKEN_SEC;
    assert_int_equal(take(&w), MFA_OUTCOME_EXPIRED);
    w = before;
    mail_token(&w, to_reset, room);
    assert_int_equal(take(&w), MFA_OUTCOME_EXPIRED);
    assert_int_equal(waiting(), MFA_ENROLMENT_NONE);
    w = before;
    token = mail_token(&w, like(MFA_MAILTOKEN_PASSWORD, "alice", 2), text);
    assert_int_equal(take(&w), MFA_OUTCOME_EXPIRED);
    assert_int_equal(waiting(), MFA_ENROLMENT_NONE);
}


static void
without_randomness_no_secret(void **state)
{
    (void) state;

    assert_int_equal(log_in(&w, "alice", "alice", PASSWORD), MFA_OUTCOME_DONE);
    world_no_random = 1;
    assert_int_equal(take(&w), MFA_OUTCOME_UNAVAILABLE);
    world_no_random = 0;
    assert_int_equal(waiting(), MFA_ENROLMENT_NONE);
}


/* --- every failure --- */

static void
prepare(world_t *world)
{
    mail_world(world, standing);
    token = mail_token(world, to_reset, text);
}


static void
prepare_logged_in(world_t *world)
{
    prepare(world);
    log_in(world, "alice", "alice", PASSWORD);
}


static mfa_outcome_e
log_in_only(world_t *world)
{
    return log_in(world, "alice", "alice", PASSWORD);
}


static mfa_outcome_e
log_in_other(world_t *world)
{
    return log_in(world, "alice", "bob", PASSWORD);
}


static void
no_failure_lets_anybody_in(void **state)
{
    size_t  i, operations;

    static const struct {
        trial_t  trial;
        size_t   operations;
    } trials[] = {
        { { prepare, look, 1, 0, TRIAL_OPENS },           2 },
        { { prepare_logged_in, take, 1, 0, TRIAL_OPENS }, 2 },
        { { prepare, log_in_only, 1, 0, TRIAL_OPENS },    5 },
        { { prepare, log_in_other, 0, 0, TRIAL_OPENS },   5 }
    };

    (void) state;

    for (i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
        assert_true(trial_run(&w, &trials[i].trial, &operations) > 20);
        assert_int_equal(operations, trials[i].operations);
    }
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup_teardown(t, setup, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(security_91_looking_uses_nothing_up),
        TEST(security_88_a_link_that_is_none_any_more_is_none),
        TEST(security_92_every_dead_link_costs_the_same),
        TEST(the_address_stands_for_the_login),
        TEST(security_92_nobody_else_logs_in_by_it_and_nothing_tells),
        TEST(security_87_it_is_taken_once),
        TEST(a_set_up_link_gives_nothing_but_the_login),
        TEST(it_is_taken_for_its_own_session_alone),
        TEST(without_randomness_no_secret),
        TEST(no_failure_lets_anybody_in)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_redeem", tests, NULL, NULL);
}
