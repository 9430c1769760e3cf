/*
 * Flow recovery and recovery codes in the other flows, on a scripted store: who
 * may make new ones, that they are shown once, that one opens a session once and
 * tells of it, what the widest operation of a login needs, and that no failure of
 * the store lets anybody in with one or shows codes that are worth nothing.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/flow_recovery.h"
#include "core/flow_verify.h"

#include "flow_failure.h"

#define CODES   "mfa:{user}:recovery:alice"
#define OUTBOX  "mfa:{user}:outbox"


static world_t              w;
static mfa_flow_recovery_t  flow;
static char                 typed[MFA_RECOVERY_N][MFA_RECOVERY_SHOWN + 1];


static mfa_outcome_e
does_as(world_t *world, mfa_recovery_e action, const mfa_who_t *who)
{
    mfa_flow_recovery_init(&flow);
    flow.action = action;
    flow.who = *who;

    return world_run(world, &flow.flow);
}


static mfa_outcome_e
does(world_t *world, mfa_recovery_e action)
{
    mfa_who_t  who;

    who = world_who(world);

    return does_as(world, action, &who);
}


static void
prepare(world_t *world)
{
    world->portal.mail_from = mfa_lit("mfa@example.com");
    world_account(world, "alice", (standing_t) { .enrolled = 1,
                                                 .validated = 1 });
    store_put(&world->store, ACCOUNT "alice", "email",
              mfa_lit("alice@example.com"));
    world_login(world, "alice", PASSWORD);
}


static void
prepare_full(world_t *world)
{
    prepare(world);
    assert_int_equal(world_enter(world, world_code(world, world_secret, 0)),
                     MFA_OUTCOME_DONE);
}


/* New codes; typed has them. */
static void
prepare_renewed(world_t *world)
{
    size_t     i;
    mfa_buf_t  out;

    prepare_full(world);
    assert_int_equal(does(world, MFA_RECOVERY_RENEW), MFA_OUTCOME_DONE);
    assert_int_equal(does(world, MFA_RECOVERY_TAKE), MFA_OUTCOME_DONE);
    assert_true(flow.has_codes);

    for (i = 0; i < MFA_RECOVERY_N; i++) {
        mfa_buf_init(&out, typed[i], MFA_RECOVERY_SHOWN);
        mfa_recovery_write(&out, flow.codes.raw[i]);
        typed[i][out.len] = '\0';
    }
}


/* And half a login, for one of them. */
static void
prepare_half(world_t *world)
{
    prepare_renewed(world);
    world->opened = 0;
    assert_int_equal(world_login(world, "alice", PASSWORD), MFA_OUTCOME_DONE);
}


static mfa_outcome_e
enters(world_t *world)
{
    return world_enter(world, mfa_str_from(typed[3]));
}


static mfa_outcome_e
guesses(world_t *world)
{
    return world_enter(world, mfa_lit("AAAA-BBBB-CCCC-DDDD"));
}


static mfa_outcome_e
renews(world_t *world)
{
    return does(world, MFA_RECOVERY_RENEW);
}


static mfa_outcome_e
takes(world_t *world)
{
    return does(world, MFA_RECOVERY_TAKE);
}


/* --- as the failures need them: who is there was asked before --- */

static void
prepare_to_enter(world_t *world)
{
    prepare_half(world);
    world->who = world_who(world);
}


static void
prepare_to_renew(world_t *world)
{
    prepare_full(world);
    world->who = world_who(world);
}


static void
prepare_to_take(world_t *world)
{
    prepare_to_renew(world);
    assert_int_equal(renews(world), MFA_OUTCOME_DONE);
}


static mfa_outcome_e
enter_trial(world_t *world)
{
    return world_code_as(world, &world->who, mfa_str_from(typed[3]));
}


static mfa_outcome_e
guess_trial(world_t *world)
{
    return world_code_as(world, &world->who, mfa_lit("AAAA-BBBB-CCCC-DDDD"));
}


static mfa_outcome_e
renew_trial(world_t *world)
{
    return does_as(world, MFA_RECOVERY_RENEW, &world->who);
}


static mfa_outcome_e
take_trial(world_t *world)
{
    return does_as(world, MFA_RECOVERY_TAKE, &world->who);
}


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


static int64_t
left(void)
{
    return store_rows_of(&w.store, store_key(&w.store, mfa_lit(CODES)));
}


static void
ten_new_ones_are_shown_once(void **state)
{
    (void) state;

    prepare_full(&w);
    assert_int_equal(takes(&w), MFA_OUTCOME_DONE);
    assert_false(flow.has_codes);

    assert_int_equal(renews(&w), MFA_OUTCOME_DONE);
    assert_int_equal(w.asked, 4);
    assert_int_equal(left(), MFA_RECOVERY_N);
    assert_int_equal(store_count(&w.store, "mfa:recovery:"), 1);
    assert_int_equal(store_events(&w.store, AUDIT,
                     "event=recovery-codes result=ok login=alice"), 1);
    assert_int_equal(store_events(&w.store, OUTBOX,
                     "mail=recovery-made login=alice to=alice@example.com"), 1);

    assert_int_equal(takes(&w), MFA_OUTCOME_DONE);
    assert_true(flow.has_codes);
    assert_int_equal(takes(&w), MFA_OUTCOME_DONE);
    assert_false(flow.has_codes);

    /* Never shown, they are gone after ten minutes. */
    assert_int_equal(renews(&w), MFA_OUTCOME_DONE);
    w.store.now += MFA_ENROLMENT_SEC;
    assert_int_equal(takes(&w), MFA_OUTCOME_DONE);
    assert_false(flow.has_codes);
    assert_int_equal(left(), MFA_RECOVERY_N);
}


static void
they_are_for_whoever_has_just_given_a_code(void **state)
{
    (void) state;

    assert_int_equal(renews(&w), MFA_OUTCOME_EXPIRED);
    prepare(&w);
    assert_int_equal(renews(&w), MFA_OUTCOME_FORBIDDEN);
    assert_int_equal(takes(&w), MFA_OUTCOME_FORBIDDEN);

    assert_int_equal(world_enter(&w, world_code(&w, world_secret, 0)),
                     MFA_OUTCOME_DONE);
    w.store.now += MFA_REPLACE_FRESH_SEC - 1;
    assert_int_equal(renews(&w), MFA_OUTCOME_DONE);
    w.store.now += 1;
    assert_int_equal(renews(&w), MFA_OUTCOME_CODE);
    assert_int_equal(takes(&w), MFA_OUTCOME_DONE);

    store_put_int(&w.store, ACCOUNT "alice", "disabled", 1);
    assert_int_equal(takes(&w), MFA_OUTCOME_FORBIDDEN);
}


static void
whoever_has_no_factor_has_none(void **state)
{
    (void) state;

    world_account(&w, "bobby", (standing_t) { .enrolled = 0 });
    world_login(&w, "bobby", PASSWORD);
    assert_int_equal(renews(&w), MFA_OUTCOME_FORBIDDEN);
    assert_int_equal(takes(&w), MFA_OUTCOME_FORBIDDEN);
}


/* --- meanwhile --- */

static void
the_factor_is_replaced(world_t *world)
{
    store_put(&world->store, ACCOUNT "alice", "secret_id",
              mfa_lit("YW5vdGhlci0"));
    store_put_int(&world->store, ACCOUNT "alice", "generation", 1);
}


static void
a_name_is_changed(world_t *world)
{
    store_put_int(&world->store, ACCOUNT "alice", "version",
                  ++world->usec);
}


static void
what_others_change_meanwhile_is_seen(void **state)
{
    (void) state;

    prepare_full(&w);
    w.meddle = the_factor_is_replaced;
    w.meddle_at = 1;
    assert_int_equal(renews(&w), MFA_OUTCOME_FORBIDDEN);
    assert_int_equal(left(), 0);

    world_init(&w);
    prepare_full(&w);
    w.meddle = a_name_is_changed;
    w.meddle_at = 1;
    assert_int_equal(renews(&w), MFA_OUTCOME_DONE);
    assert_int_equal(left(), MFA_RECOVERY_N);
}


static void
one_opens_a_session_once_and_tells_of_it(void **state)
{
    mfa_who_t  who;

    (void) state;

    prepare_half(&w);
    assert_int_equal(enters(&w), MFA_OUTCOME_DONE);
    assert_int_equal(w.asked, 5);
    who = world_who(&w);
    assert_int_equal(who.verdict, MFA_VERDICT_ALLOW);
    assert_int_equal(who.session.code_at, w.store.now);
    assert_int_equal(left(), MFA_RECOVERY_N - 1);
    assert_int_equal(store_events(&w.store, AUDIT,
                     "event=code result=ok reason=recovery login=alice"), 1);
    assert_int_equal(store_events(&w.store, OUTBOX,
                     "mail=recovery-used login=alice"), 1);
    assert_int_equal(store_events(&w.store, OUTBOX, "detail=9"), 1);
    assert_false(store_there(&w.store, "mfa:fail:code:user:alice"));

    w.opened = 0;
    world_login(&w, "alice", PASSWORD);
    assert_int_equal(enters(&w), MFA_OUTCOME_REFUSED);
    assert_int_equal(guesses(&w), MFA_OUTCOME_REFUSED);
    assert_int_equal(store_events(&w.store, AUDIT,
                     "event=code result=refused reason=recovery"), 2);
    assert_int_equal(left(), MFA_RECOVERY_N - 1);
}


static void
a_secret_that_does_not_open_stops_a_recovery_code_too(void **state)
{
    (void) state;

    prepare_half(&w);
    store_put(&w.store, ACCOUNT "alice", "secret", mfa_lit("1.k1.AAAA"));
    assert_int_equal(enters(&w), MFA_OUTCOME_FAULT);
    assert_int_equal(left(), MFA_RECOVERY_N);
}


static void
another_key_at_the_head_of_the_ring_takes_nothing_away(void **state)
{
    (void) state;

    prepare_half(&w);
    ring_of(&world_ring, "k2:" KEY_2 "\nk1:" KEY_1);
    assert_int_equal(enters(&w), MFA_OUTCOME_DONE);
    assert_int_equal(left(), MFA_RECOVERY_N - 1);
}


static void
another_resource_takes_one_once(void **state)
{
    int                i;
    mfa_flow_verify_t  verify;

    (void) state;

    prepare_renewed(&w);

    for (i = 0; i < 2; i++) {
        mfa_flow_verify_init(&verify);
        verify.typed = mfa_lit("alice");
        verify.password = mfa_lit(PASSWORD);
        verify.has_password = 1;
        verify.code = mfa_str_from(typed[0]);
        verify.has_code = 1;
        assert_int_equal(world_run(&w, &verify.flow),
                         i ? MFA_OUTCOME_REFUSED : MFA_OUTCOME_DONE);
    }

    assert_int_equal(store_events(&w.store, AUDIT,
                     "event=verify result=ok reason=recovery"), 1);
    assert_int_equal(store_events(&w.store, OUTBOX, "mail=recovery-used"), 1);
}


static void
confirming_a_factor_makes_ten_and_tells_of_it(void **state)
{
    uint8_t           secret[MFA_TOTP_SECRET_BYTES];
    mfa_flow_enrol_t  enrol;

    (void) state;

    prepare_renewed(&w);
    assert_int_equal(world_enrol(&w, &enrol, MFA_ENROL_REPLACE, NULL,
                                 mfa_lit("")), MFA_OUTCOME_DONE);
    assert_int_equal(world_enrol(&w, &enrol, MFA_ENROL_OFFER, NULL,
                                 mfa_lit("")), MFA_OUTCOME_DONE);
    assert_int_equal(enrol.kind, MFA_ENROLMENT_REPLACE);
    memcpy(secret, enrol.secret, sizeof(secret));

    /* The old one works until then. */
    assert_string_equal(store_text(&w.store, ACCOUNT "alice", "secret_id"),
                        SECRET_ID);
    w.store.now += 60;
    assert_int_equal(world_enrol(&w, &enrol, MFA_ENROL_CONFIRM, NULL,
                                 world_code(&w, secret, 0)), MFA_OUTCOME_DONE);
    assert_string_not_equal(store_text(&w.store, ACCOUNT "alice", "secret_id"),
                            SECRET_ID);
    assert_int_equal(store_events(&w.store, OUTBOX,
                     "mail=replaced login=alice"), 1);
    assert_int_equal(store_events(&w.store, OUTBOX, "generation=1"), 1);
    assert_int_equal(left(), MFA_RECOVERY_N);

    assert_int_equal(takes(&w), MFA_OUTCOME_DONE);
    assert_true(flow.has_codes);
    assert_int_equal(enters(&w), MFA_OUTCOME_REFUSED);
    assert_int_equal(left(), MFA_RECOVERY_N);
}


static void
a_replacement_takes_a_fresh_code(void **state)
{
    mfa_flow_enrol_t  enrol;

    (void) state;

    prepare(&w);
    assert_int_equal(world_enrol(&w, &enrol, MFA_ENROL_REPLACE, NULL,
                                 mfa_lit("")), MFA_OUTCOME_FORBIDDEN);
    assert_int_equal(world_enter(&w, world_code(&w, world_secret, 0)),
                     MFA_OUTCOME_DONE);
    w.store.now += MFA_REPLACE_FRESH_SEC;
    assert_int_equal(world_enrol(&w, &enrol, MFA_ENROL_REPLACE, NULL,
                                 mfa_lit("")), MFA_OUTCOME_CODE);
    assert_int_equal(store_count(&w.store, "mfa:enrolment:"), 0);
}


/* The widest operation there is: all of it in one form, with the longest names,
   a trusted browser in place of another, a recovery code, a new network, another
   language. */
static void
the_widest_login_fits_one_operation(void **state)
{
    char              login[MFA_LOGIN_MAX + 1];
    mfa_who_t         nobody;
    mfa_flow_code_t   code;
    mfa_flow_login_t  first;

    (void) state;

    memset(login, 'l', MFA_LOGIN_MAX);
    login[MFA_LOGIN_MAX] = '\0';
    w.portal.name = mfa_lit("a-name-of-thirty-two-characters-");
    w.portal.mail_from = mfa_lit("mfa@example.com");
    w.portal.mail_new_network = 1;
    w.portal.remember_sec = 86400;
    memset(&nobody, 0, sizeof(nobody));

    mfa_flow_login_init(&first);
    first.login = mfa_str_from(login);
    first.account.login = first.login;
    first.guess.n = MFA_GUESS_CHARGES;
    first.old.has_session = 1;
    first.old.hash = mfa_lit("a-hash-of-forty-three-characters-----------");
    first.old.session.login = mfa_str_from(login);

    mfa_flow_code_init(&code);
    code.flow.env.random = world_random;
    code.flow.env.keys = &world_ring;
    code.flow.env.portal = &w.portal;
    code.flow.env.address = mfa_lit("2001:db8:1111:2222:3333:4444:5555:6666");
    code.flow.env.net = mfa_lit("2001:db8:1111:2222:0000:0000:0000:0000/64");
    code.flow.env.agent = mfa_lit("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) "
                                  "Gecko/20100101 Firefox/128.0");
    code.flow.env.request = mfa_lit("0123456789abcdef0123456789abcdef");
    code.flow.env.locale = mfa_lit("de-AT");
    code.flow.env.now = NOW;
    code.login = &first;
    code.remember = 1;
    code.device_hash = first.old.hash;
    code.stranger = 1;
    code.claim.recovery = 1;
    code.claim.left = 9;
    code.who.has_session = 1;
    code.who.session.portal = w.portal.name;
    code.who.session.login = mfa_str_from(login);
    code.who.session.level = MFA_LEVEL_PASSWORD;
    code.who.session.created = NOW;
    code.who.session.password_at = NOW;
    code.who.account.login = mfa_str_from(login);
    code.who.account.email = mfa_str_from(login);
    code.who.account.name = mfa_str_from(login);
    code.who.account.locale = mfa_lit("en");
    code.who.account.secret_id = mfa_lit(SECRET_ID);
    code.who.account.enrolled = NOW - DAY;

    assert_int_equal(code.accepted(&code), MFA_FLOW_STORE);
    assert_false(code.flow.op.failed);
}


/* --- a code, each operation answered falsely, and typed again behind it --- */

static mfa_outcome_e
verify_trial(world_t *world)
{
    mfa_flow_verify_t  verify;

    mfa_flow_verify_init(&verify);
    verify.typed = mfa_lit("alice");
    verify.password = mfa_lit(PASSWORD);
    verify.has_password = 1;
    verify.code = mfa_str_from(typed[3]);
    verify.has_code = 1;

    return world_run(world, &verify.flow);
}


/* The flow that is failed, and which of its operations claims the code. */
static mfa_outcome_e  (*once)(world_t *world);
static size_t           claims_at;


static mfa_outcome_e
once_and_again(world_t *world)
{
    int64_t         there;
    mfa_outcome_e   first, again;
    static world_t  behind;

    first = once(world);

    if (world->disturb == NULL) {
        return first;
    }

    behind = *world;
    world->disturb = NULL;
    world->meddle = NULL;
    there = left() - (MFA_RECOVERY_N - 1);

    /* The nine others stay, whatever is answered. */
    assert_true(there == 0 || there == 1);

    /* Used up without being accepted only where the store did that. */
    if (there == 0 && first != MFA_OUTCOME_DONE) {
        assert_true(failure.at > claims_at
                    || (failure.at == claims_at && !failure.lost));
    }

    /* Let in by it means it is gone.  Not so where an honest answer was that of an
       account without a validated key, which flow verify asks for no code, nor
       of a store that says it has taken it and has not. */
    assert_true(first != MFA_OUTCOME_DONE || there == 0 || failure.lost
                || (failure.honest && failure.at < claims_at));

    world->opened = 0;
    world_login(world, "alice", PASSWORD);
    again = enters(world);
    assert_int_equal(again, there ? MFA_OUTCOME_DONE : MFA_OUTCOME_REFUSED);
    assert_int_equal(left(), MFA_RECOVERY_N - 1);

    *world = behind;

    return first;
}


static void
no_failure_makes_a_code_good_twice_or_loses_one(void **state)
{
    size_t   i, operations;
    trial_t  trial = { prepare_to_enter, once_and_again, 1, 0, TRIAL_OPENS };

    static const struct {
        mfa_outcome_e  (*once)(world_t *world);
        size_t           operations;
        size_t           claims_at;
        size_t           least;
    } flows[] = {
        { enter_trial,  5, 3, 500 },
        { verify_trial, 9, 7, 700 },
    };

    (void) state;

    for (i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
        once = flows[i].once;
        claims_at = flows[i].claims_at;
        assert_true(trial_run(&w, &trial, &operations) > flows[i].least);
        assert_int_equal(operations, flows[i].operations);
    }
}


static void
no_failure_lets_anybody_in_or_shows_what_is_worth_nothing(void **state)
{
    size_t  i, operations;

    static const struct {
        trial_t  trial;
        size_t   operations;
        size_t   least;
    } trials[] = {
        { { prepare_to_enter, enter_trial, 1, 0, TRIAL_OPENS }, 5, 500 },
        { { prepare_to_enter, guess_trial, 0, 0, TRIAL_OPENS }, 5, 300 },
        { { prepare_to_renew, renew_trial, 1, 0, TRIAL_NOTES }, 4, 100 },
        { { prepare_to_take, take_trial, 1, 0, TRIAL_NOTES },   1, 10 },
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
        TEST(ten_new_ones_are_shown_once),
        TEST(they_are_for_whoever_has_just_given_a_code),
        TEST(whoever_has_no_factor_has_none),
        TEST(what_others_change_meanwhile_is_seen),
        TEST(one_opens_a_session_once_and_tells_of_it),
        TEST(a_secret_that_does_not_open_stops_a_recovery_code_too),
        TEST(another_key_at_the_head_of_the_ring_takes_nothing_away),
        TEST(another_resource_takes_one_once),
        TEST(confirming_a_factor_makes_ten_and_tells_of_it),
        TEST(a_replacement_takes_a_fresh_code),
        TEST(the_widest_login_fits_one_operation),
        TEST(no_failure_makes_a_code_good_twice_or_loses_one),
        TEST(no_failure_lets_anybody_in_or_shows_what_is_worth_nothing)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_recovery", tests, NULL, NULL);
}
