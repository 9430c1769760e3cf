/*
 * Flow login end to end on a scripted store: who gets a session, what is
 * charged before the password is looked at, who can lock out whom, and that no
 * failure of store or password check ever opens a door.  When this breaks, a
 * password can be guessed, or a stranger can keep somebody out.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow_failure.h"

#define WRONG  "wrong-horse-7"


static world_t  w;


static int
setup(void **state)
{
    (void) state;
    world_init(&w);
    world_account(&w, "alice", (standing_t) { .generation = 2 });

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    store_release(0);

    return 0;
}


static void
fails(int n, const char *login, mfa_outcome_e outcome)
{
    while (n-- > 0) {
        assert_int_equal(world_login(&w, login, WRONG), outcome);
    }
}


static const char *
speaks(const char *login)
{
    char  key[STORE_NAME_BYTES];

    snprintf(key, sizeof(key), ACCOUNT "%s", login);

    return store_text(&w.store, key, "locale");
}


/* Mails that admins cause are in it.  Writing it is no change of the account that
   anybody else could run into, and most logins write nothing. */
static void
a_login_notes_the_language_of_its_page(void **state)
{
    size_t  asked;

    (void) state;
    w.portal.locales[0] = mfa_lit("en");
    w.portal.locales[1] = mfa_lit("de");
    w.portal.n_locales = 2;

    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_DONE);
    asked = w.asked;
    w.locale = "en";
    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_DONE);
    assert_null(speaks("alice"));

    w.locale = "de";
    assert_int_equal(world_login(&w, "alice", WRONG), MFA_OUTCOME_REFUSED);
    assert_null(speaks("alice"));
    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_DONE);
    assert_string_equal(speaks("alice"), "de");
    assert_int_equal(w.asked, asked);
    assert_string_equal(store_text(&w.store, ACCOUNT "alice", "generation"),
                        "2");
    assert_string_equal(store_text(&w.store, ACCOUNT "alice", "version"),
                        "1");

    w.locale = NULL;
    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_DONE);
    assert_string_equal(speaks("alice"), "de");
    w.locale = "en";
    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_DONE);
    assert_string_equal(speaks("alice"), "en");

    /* The password alone is no login of who has a factor. */
    world_account(&w, "bob", (standing_t) { .generation = 2, .enrolled = 1 });
    w.locale = "de";
    assert_int_equal(world_login(&w, "bob", PASSWORD), MFA_OUTCOME_DONE);
    assert_null(speaks("bob"));
}


static void
a_right_password_opens_a_session_at_level_password(void **state)
{
    mfa_who_t  who;

    (void) state;

    assert_int_equal(world_login(&w, " Alice ", PASSWORD), MFA_OUTCOME_DONE);
    assert_int_equal(w.asked, 5);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);

    who = world_who(&w);
    assert_int_equal(who.session.level, MFA_LEVEL_PASSWORD);
    assert_int_equal(who.session.generation, 2);
    assert_int_equal(who.session.created, w.store.now);
    assert_int_equal(who.session.expires, w.store.now + w.portal.absolute_sec);
    assert_int_equal(who.session.password_at, w.store.now);
    assert_int_equal(who.session.code_at, 0);
    assert_int_equal(who.session.later, 0);
    assert_true(mfa_str_is(who.session.login, "alice"));
    assert_true(mfa_str_is(who.session.agent.text, "browser"));

    assert_int_equal(store_events(&w.store, AUDIT,
                     "event=login result=ok login=alice address=192.0.2.33 "
                     "request=r-1"), 1);
}


/* A half-login waits for its code no longer than it may (004-01). */
static void
an_enrolled_account_gets_half_a_login(void **state)
{
    mfa_who_t  who;

    (void) state;

    world_account(&w, "bob", (standing_t) { .enrolled = 1 });
    assert_int_equal(world_login(&w, "bob", PASSWORD), MFA_OUTCOME_DONE);
    who = world_who(&w);
    assert_int_equal(who.verdict, MFA_VERDICT_CODE);
    assert_int_equal(who.session.expires, w.store.now + w.portal.half_sec);

    w.store.now += w.portal.half_sec - 1;
    assert_int_equal(world_verdict(&w), MFA_VERDICT_CODE);
    w.store.now += 1;
    assert_int_equal(world_verdict(&w), MFA_VERDICT_LOGIN);
}


/* security 4, 7: the same for all, and nothing is left behind. */
static void
security_4_every_wrong_login_is_refused_alike(void **state)
{
    size_t  i;

    static const struct {
        const char  *login;
        const char  *password;
    } wrong[] = {
        { "alice", WRONG }, { "nobody", PASSWORD }, { "blocked", PASSWORD },
        { "locked", PASSWORD }, { "empty", "" }, { "", PASSWORD },
        { "not a login", PASSWORD }, { "alice", "" },
        { "alice", "correct-hors" }, { "alice", "correct-horse " },
        { "alice", "Correct-horse" }
    };

    (void) state;

    world_account(&w, "blocked", (standing_t) { .disabled = 1 });
    world_account(&w, "locked", (standing_t) { 0 });
    store_put(&w.store, ACCOUNT "locked", "password", mfa_lit("!" PASSWORD));
    world_account(&w, "empty", (standing_t) { 0 });
    store_put(&w.store, ACCOUNT "empty", "password", mfa_lit("$test$"));

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        store_drop(&w.store, store_key(&w.store,
                                       mfa_lit("mfa:fail:address:user:" NET)));
        store_drop(&w.store, store_key(&w.store,
            mfa_lit("mfa:fail:password:user:alice:" NET)));
        assert_int_equal(world_login(&w, wrong[i].login, wrong[i].password),
                         MFA_OUTCOME_REFUSED);
        /* What is no name at all is charged to its network alone. */
        assert_int_equal(w.asked, i == 5 || i == 6 ? 3 : 5);
        assert_int_equal(store_count(&w.store, "mfa:session:"), 0);
    }

    assert_int_equal(store_events(&w.store, AUDIT,
                     "event=login result=refused reason=credentials"), i);
}


static mfa_str_t
of_bytes(size_t n)
{
    uint8_t  *bytes = store_block(n);

    memset(bytes, 'x', n);

    return (mfa_str_t) { bytes, n };
}


/* security 3: an endless password is refused before it costs anything, and
   charged all the same. */
static void
security_3_a_password_too_long_is_never_hashed(void **state)
{
    (void) state;

    assert_int_equal(world_login_as(&w, NULL, mfa_lit("alice"),
                                    of_bytes(MFA_PASSWORD_MAX)),
                     MFA_OUTCOME_REFUSED);
    assert_int_equal(w.asked, 5);
    assert_int_equal(world_login_as(&w, NULL, mfa_lit("alice"),
                                    of_bytes(MFA_PASSWORD_MAX + 1)),
                     MFA_OUTCOME_REFUSED);
    assert_int_equal(w.asked, 4);
    assert_string_equal(store_text(&w.store,
                        "mfa:fail:password:user:alice:" NET, ""), "2");
}


/* security 6: all spellings of a name are one name. */
static void
security_6_spellings_share_one_counter(void **state)
{
    (void) state;

    fails(2, "alice", MFA_OUTCOME_REFUSED);
    fails(2, "ALICE", MFA_OUTCOME_REFUSED);
    fails(1, " aLice\t", MFA_OUTCOME_REFUSED);
    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_LIMITED);
}


/* security 14, 107, 112: charged before checking; right and wrong alike. */
static void
security_112_the_limit_refuses_the_right_password_too(void **state)
{
    (void) state;

    fails(5, "alice", MFA_OUTCOME_REFUSED);
    w.store.now += 100;
    fails(1, "alice", MFA_OUTCOME_LIMITED);
    assert_int_equal(w.asked, 3);
    assert_int_equal(w.retry_after, 800);
    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_LIMITED);
    assert_int_equal(w.asked, 2);
    assert_int_equal(w.retry_after, 800);
    fails(3, "alice", MFA_OUTCOME_LIMITED);

    /* One event of it, not one for each attempt of a flood. */
    assert_int_equal(store_events(&w.store, AUDIT, "result=limited"), 1);

    w.store.now += 800;
    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_DONE);
}


static void
a_right_password_clears_its_own_counter(void **state)
{
    (void) state;

    fails(4, "alice", MFA_OUTCOME_REFUSED);
    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_DONE);
    assert_false(store_there(&w.store, "mfa:fail:password:user:alice:" NET));
    /* What the network did wrong stays; the right one is given back. */
    assert_string_equal(store_text(&w.store, "mfa:fail:address:user:" NET, ""), "4");
    fails(5, "alice", MFA_OUTCOME_REFUSED);
}


static void
an_address_is_limited_over_all_names(void **state)
{
    int   i;
    char  name[16];

    (void) state;

    for (i = 0; i < 50; i++) {
        snprintf(name, sizeof(name), "guess%d", i % 12);
        store_drop(&w.store, store_key(&w.store, mfa_lit(AUDIT)));
        (void) world_login(&w, i % 2 ? name : "", WRONG);
    }

    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_LIMITED);
    assert_int_equal(w.retry_after, w.portal.limit_address.window_sec);

    w.net = STRANGER;
    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_DONE);
}


/* security 114: what the network's limit stops counts for nobody else, and
   leaves no key for a name that somebody made up. */
static void
security_114_what_is_stopped_charges_nothing_behind_it(void **state)
{
    int  i;

    (void) state;

    fails(5, "alice", MFA_OUTCOME_REFUSED);
    fails(20, "alice", MFA_OUTCOME_LIMITED);
    assert_string_equal(store_text(&w.store, "mfa:fail:account:user:alice",
                                   ""), "5");

    for (i = 0; i < 25; i++) {
        fails(1, "", MFA_OUTCOME_REFUSED);
        store_drop(&w.store, store_key(&w.store, mfa_lit(AUDIT)));
    }

    fails(1, "bob", MFA_OUTCOME_LIMITED);
    assert_int_equal(store_count(&w.store, "mfa:fail:password:user:bob"), 0);
    assert_int_equal(store_count(&w.store, "mfa:fail:account:user:bob"), 0);
}


/* security 110: whoever guesses from elsewhere keeps nobody out of where the
   account is known to come from. */
static void
security_110_strangers_cannot_lock_the_owner_out(void **state)
{
    int   i;
    char  net[32];

    (void) state;

    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_DONE);

    /* Ten times what one network may; the login above was no guess. */
    for (i = 0; i < 51; i++) {
        snprintf(net, sizeof(net), "198.51.100.%d/32", i / 5);
        w.net = net;
        store_drop(&w.store, store_key(&w.store, mfa_lit(AUDIT)));
        fails(1, "alice", i < 50 ? MFA_OUTCOME_REFUSED : MFA_OUTCOME_LIMITED);
    }

    w.net = "203.0.113.9/32";
    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_LIMITED);
    w.net = NET;
    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_DONE);
}


/* security 26: a new login ends what this browser had, pending secret too. */
static void
security_26_a_new_login_ends_the_old_session(void **state)
{
    char                 pending[80];
    mfa_session_token_t  old, fresh;

    (void) state;

    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_DONE);
    old = w.token;
    snprintf(pending, sizeof(pending), "mfa:enrolment:%.*s", MFA_HASH_CHARS,
             (const char *) old.hash);
    store_put(&w.store, pending, "", mfa_lit("x"));

    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_DONE);
    fresh = w.token;
    assert_memory_not_equal(old.id, fresh.id, sizeof(old.id));
    assert_false(store_there(&w.store, pending));
    assert_int_equal(store_count(&w.store, "mfa:session:"), 1);

    w.token = old;
    assert_int_equal(world_verdict(&w), MFA_VERDICT_LOGIN);
    w.token = fresh;
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);
}


static void
numbers_for_hashes(world_t *world, const mfa_flow_t *flow,
    mfa_result_t *result)
{
    size_t        i;
    mfa_reply_t  *excess;

    (void) world;

    if (result->ok) {
        for (i = 0; i < flow->op.n_tx; i++) {
            excess = result->replies[flow->op.exec[i]]->elements;
            excess += result->replies[flow->op.exec[i]]->n - 1;

            if (excess->type == MFA_REPLY_ARRAY) {
                *excess = reply_array(1);
                excess->elements[0] = reply_int(1);
            }
        }
    }
}


static void
a_list_of_no_hashes_is_no_list(void **state)
{
    (void) state;

    w.disturb = numbers_for_hashes;
    assert_int_equal(world_login(&w, "alice", PASSWORD),
                     MFA_OUTCOME_UNAVAILABLE);
}


/* A wrong password leaves the session alone that is there. */
static void
a_refused_login_ends_nothing(void **state)
{
    (void) state;

    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_DONE);
    fails(1, "alice", MFA_OUTCOME_REFUSED);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_ALLOW);
}


/* security 36 */
static void
security_36_the_oldest_sessions_make_room(void **state)
{
    size_t               i;
    mfa_verdict_e        verdict;
    mfa_session_token_t  tokens[7];

    (void) state;

    w.portal.max_sessions = 3;

    for (i = 0; i < 7; i++) {
        w.opened = 0;
        assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_DONE);
        assert_int_equal(w.asked, i < 3 ? 5 : 6);
        tokens[i] = w.token;
        w.store.now++;
        assert_int_equal(store_count(&w.store, "mfa:session:"),
                         i < 3 ? i + 1 : 3);
    }

    for (i = 0; i < 7; i++) {
        w.token = tokens[i];
        verdict = world_verdict(&w);
        assert_int_equal(verdict, i < 4 ? MFA_VERDICT_LOGIN
                                        : MFA_VERDICT_ALLOW);
    }
}


static void
what_has_ended_by_itself_takes_no_room(void **state)
{
    mfa_session_token_t  first;

    (void) state;

    w.portal.max_sessions = 1;
    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_DONE);
    first = w.token;
    w.opened = 0;
    w.store.now += w.portal.absolute_sec;
    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_DONE);
    assert_int_equal(w.asked, 5);
    w.token = first;
    assert_int_equal(world_verdict(&w), MFA_VERDICT_LOGIN);
}


static void
security_104_without_randomness_there_is_no_session(void **state)
{
    (void) state;

    world_no_random = 1;
    assert_int_equal(world_login(&w, "alice", PASSWORD),
                     MFA_OUTCOME_UNAVAILABLE);
    assert_int_equal(store_count(&w.store, "mfa:session:"), 0);
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
    assert_int_equal(world_login(&w, "alice", WRONG), MFA_OUTCOME_DONE);
    w.opened = 0;
    assert_int_equal(world_login(&w, "nobody", PASSWORD), MFA_OUTCOME_REFUSED);
    assert_int_equal(world_login(&w, "??", PASSWORD), MFA_OUTCOME_REFUSED);
    assert_int_equal(world_login(&w, "alice", ""), MFA_OUTCOME_REFUSED);
}


/* --- every failure --- */

static void
prepare(world_t *world)
{
    world_account(world, "alice", (standing_t) { .generation = 2 });
}


static void
prepare_crowded(world_t *world)
{
    prepare(world);
    world->portal.max_sessions = 1;
    world_login(world, "alice", PASSWORD);
    world->opened = 0;
    world->store.now++;
}


static void
prepare_over_limit(world_t *world)
{
    int  i;

    prepare(world);

    for (i = 0; i < 6; i++) {
        world_login(world, "alice", WRONG);
    }
}


static mfa_outcome_e
enter(world_t *world)
{
    return world_login_as(world, &world->who, mfa_lit("alice"),
                          mfa_lit(PASSWORD));
}


static mfa_outcome_e
guess(world_t *world)
{
    return world_login_as(world, &world->who, mfa_lit("alice"),
                          mfa_lit(WRONG));
}


static mfa_outcome_e
nobody(world_t *world)
{
    return world_login_as(world, &world->who, mfa_lit("nobody"),
                          mfa_lit(PASSWORD));
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
        { { prepare, enter, 1, 0, TRIAL_OPENS },            5, 500 },
        { { prepare_crowded, enter, 1, 0, TRIAL_OPENS },    6, 500 },
        { { prepare, guess, 0, 0, TRIAL_OPENS },            5, 300 },
        { { prepare, nobody, 0, 0, TRIAL_OPENS },           5, 300 },
        { { prepare_over_limit, enter, 0, 0, TRIAL_OPENS }, 2, 100 },
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
        TEST(a_login_notes_the_language_of_its_page),
        TEST(a_right_password_opens_a_session_at_level_password),
        TEST(an_enrolled_account_gets_half_a_login),
        TEST(security_4_every_wrong_login_is_refused_alike),
        TEST(security_3_a_password_too_long_is_never_hashed),
        TEST(security_6_spellings_share_one_counter),
        TEST(security_112_the_limit_refuses_the_right_password_too),
        TEST(a_right_password_clears_its_own_counter),
        TEST(an_address_is_limited_over_all_names),
        TEST(security_114_what_is_stopped_charges_nothing_behind_it),
        TEST(security_110_strangers_cannot_lock_the_owner_out),
        TEST(security_26_a_new_login_ends_the_old_session),
        TEST(a_list_of_no_hashes_is_no_list),
        TEST(a_refused_login_ends_nothing),
        TEST(security_36_the_oldest_sessions_make_room),
        TEST(what_has_ended_by_itself_takes_no_room),
        TEST(security_104_without_randomness_there_is_no_session),
        TEST(a_dummy_is_never_right),
        TEST(no_failure_lets_anybody_in)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_login", tests, NULL, NULL);
}
