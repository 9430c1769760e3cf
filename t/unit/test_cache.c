/*
 * What a worker remembers of the store, rule by rule of cache.h.  When this
 * breaks, somebody passes the gate with a session that has ended, or with
 * somebody else's, or a worker reads memory that is gone.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cache_stage.h"

#define ALICE  "mfa:{user}:account:alice"
#define BOB    "mfa:{user}:account:bob"
#define S(n)   "mfa:session:" n             /* a session's key */


static mfa_cache_t   *cache;
static mfa_portal_t   portal, other;
static mfa_known_t    known;


static int
setup(void **state)
{
    (void) state;

    stage_fail_at = -1;
    stage_no_random = 0;
    cache = mfa_cache_create(MFA_CACHE_MIN, stage_fill_random, &stage_heap);
    assert_non_null(cache);
    mfa_cache_open(cache);

    return 0;
}


/* Nothing is left of any test. */
static int
teardown(void **state)
{
    (void) state;

    if (cache) {
        mfa_cache_destroy(cache);
    }

    assert_int_equal(stage_live, 0);

    return 0;
}


static void
change(const char *key)
{
    mfa_cache_invalidate(cache, mfa_str_from(key));
}


/* A whole reading. */
static void
learn(const char *cookie, const char *session, const char *account,
    const char *login, int64_t generation)
{
    mfa_places_t  places;

    places = stage_expect(cache, cookie, session, account, NOW);
    stage_fill(cache, &places, &portal, login, generation, NOW);
}


static mfa_digest_t
digest_of(const char *cookie)
{
    return mfa_cache_digest(cache, mfa_str_from(cookie));
}


/* The generation of the account that is found with a cookie, or -1. */
static int64_t
found_at(const mfa_portal_t *at, const char *cookie, int64_t now)
{
    int64_t  generation;

    if (!mfa_cache_find(cache, at, digest_of(cookie), now, &known)) {
        return -1;
    }

    generation = known.account->generation;
    mfa_cache_release(&known);

    return generation;
}


static int64_t
found(const char *cookie)
{
    return found_at(&portal, cookie, NOW);
}


/* --- open and closed --- */

static void
what_is_closed_finds_and_takes_in_nothing(void **state)
{
    mfa_places_t  places;

    (void) state;

    learn("c1", S("1"), ALICE, "alice", 1);
    assert_int_equal(found("c1"), 1);
    mfa_cache_close(cache);

    assert_int_equal(found("c1"), -1);
    assert_int_equal(stage_stats(cache).bypassed, 1);
    assert_int_equal(stage_stats(cache).entries, 0);
    assert_false(stage_stats(cache).open);

    places = stage_expect(cache, "c1", S("1"), ALICE, NOW);
    assert_false(places.kept);

    /* Opened while the answer is on its way: nobody kept a place for it. */
    mfa_cache_open(cache);
    stage_fill(cache, &places, &portal, "alice", 1, NOW);
    assert_int_equal(found("c1"), -1);

    learn("c1", S("1"), ALICE, "alice", 2);
    assert_int_equal(found("c1"), 2);
}


/* It is true no more that every change since has been heard of. */
static void
a_place_does_not_survive_a_close(void **state)
{
    mfa_places_t  places;

    (void) state;

    places = stage_expect(cache, "c1", S("1"), ALICE, NOW);
    mfa_cache_close(cache);
    mfa_cache_open(cache);
    stage_fill(cache, &places, &portal, "alice", 1, NOW);

    assert_int_equal(found("c1"), -1);
    assert_int_equal(stage_stats(cache).entries, 0);
}


/* --- places --- */

static void
an_answer_fills_the_place_kept_for_it(void **state)
{
    source_t  s;

    (void) state;

    assert_int_equal(found("c1"), -1);
    learn("c1", S("1"), ALICE, "alice", 7);
    assert_int_equal(stage_stats(cache).entries, 2);

    assert_int_equal(mfa_cache_find(cache, &portal, digest_of("c1"), NOW,
                                    &known), 1);
    s = source_make("alice", 7);
    assert_true(mfa_str_eq(known.hash, s.hash));
    assert_true(mfa_str_eq(known.session->portal, s.session.portal));
    assert_true(mfa_str_eq(known.session->login, s.session.login));
    assert_int_equal(known.session->expires, s.session.expires);
    assert_true(mfa_str_eq(known.account->login, s.account.login));
    assert_true(mfa_str_eq(known.account->email, s.account.email));
    assert_true(mfa_str_eq(known.account->name, s.account.name));
    assert_true(mfa_str_eq(known.account->role, s.account.role));
    assert_true(mfa_str_eq(known.account->directory, s.account.directory));
    assert_true(mfa_str_eq(known.account->secret_id, s.account.secret_id));
    assert_true(mfa_str_eq(known.account->locale, s.account.locale));
    assert_int_equal(known.account->secret.len, 0);
    assert_int_equal(known.account->password.len, 0);
    source_end(&s);
    mfa_cache_release(&known);

    assert_int_equal(stage_stats(cache).hits, 1);
    assert_int_equal(stage_stats(cache).misses, 1);
}


static void
a_change_while_the_answer_is_on_its_way_leaves_nothing(void **state)
{
    size_t        i;
    mfa_places_t  places;

    static const char *const  keys[] = { S("1"), ALICE };

    (void) state;

    for (i = 0; i < 2; i++) {
        places = stage_expect(cache, "c1", S("1"), ALICE, NOW);
        change(keys[i]);
        stage_fill(cache, &places, &portal, "alice", 1, NOW);
        assert_int_equal(found("c1"), -1);
        assert_int_equal(stage_stats(cache).entries, 0);
    }

    assert_int_equal(stage_stats(cache).invalidations, 2);

    places = stage_expect(cache, "c1", S("1"), ALICE, NOW);
    mfa_cache_invalidate_all(cache);
    stage_fill(cache, &places, &portal, "alice", 1, NOW);
    assert_int_equal(found("c1"), -1);
}


/* The second reading's answer is the true one, whichever comes first. */
static void
an_answer_older_than_a_change_is_not_taken_for_the_next(void **state)
{
    mfa_places_t  late, next;

    (void) state;

    late = stage_expect(cache, "c1", S("1"), ALICE, NOW);
    change(ALICE);
    change(S("1"));
    next = stage_expect(cache, "c1", S("1"), ALICE, NOW);

    stage_fill(cache, &late, &portal, "alice", 1, NOW);
    assert_int_equal(found("c1"), -1);
    stage_fill(cache, &next, &portal, "alice", 2, NOW);
    assert_int_equal(found("c1"), 2);

    late = stage_expect(cache, "c2", S("2"), BOB, NOW);
    change(BOB);
    next = stage_expect(cache, "c3", S("3"), BOB, NOW);
    stage_fill(cache, &next, &portal, "bob", 4, NOW);
    stage_fill(cache, &late, &portal, "bob", 3, NOW);
    assert_int_equal(found("c3"), 4);
    assert_int_equal(found("c2"), -1);
}


static void
two_readings_share_an_accounts_place(void **state)
{
    mfa_places_t  one, two;

    (void) state;

    one = stage_expect(cache, "c1", S("1"), ALICE, NOW);
    two = stage_expect(cache, "c2", S("2"), ALICE, NOW);
    assert_int_equal(stage_stats(cache).entries, 3);

    stage_fill(cache, &one, &portal, "alice", 1, NOW);
    stage_fill(cache, &two, &portal, "alice", 1, NOW);
    assert_int_equal(found("c1"), 1);
    assert_int_equal(found("c2"), 1);

    /* A change before either answer is a change for both. */
    mfa_cache_invalidate_all(cache);
    one = stage_expect(cache, "c1", S("1"), ALICE, NOW);
    two = stage_expect(cache, "c2", S("2"), ALICE, NOW);
    change(ALICE);
    stage_fill(cache, &two, &portal, "alice", 1, NOW);
    stage_fill(cache, &one, &portal, "alice", 1, NOW);
    assert_int_equal(found("c1"), -1);
    assert_int_equal(found("c2"), -1);
    assert_int_equal(stage_stats(cache).entries, 0);
}


/* Two requests with one cookie: the first of them keeps the place. */
static void
two_readings_of_one_session_fill_one_place(void **state)
{
    mfa_places_t  one, two;

    (void) state;

    one = stage_expect(cache, "c1", S("1"), ALICE, NOW);
    two = stage_expect(cache, "c1", S("1"), ALICE, NOW);
    assert_int_equal(stage_stats(cache).entries, 2);
    stage_fill(cache, &one, &portal, "alice", 1, NOW);
    stage_fill(cache, &two, &portal, "alice", 9, NOW);
    assert_int_equal(found("c1"), 1);

    one = stage_expect(cache, "c1", S("1"), ALICE, NOW);
    two = stage_expect(cache, "c1", S("1"), ALICE, NOW);
    mfa_cache_drop(cache, &two);
    mfa_cache_drop(cache, &one);
    mfa_cache_drop(cache, &one);            /* nothing to drop */
    assert_int_equal(found("c1"), -1);
    assert_int_equal(stage_stats(cache).entries, 1);
}


/* --- a session's account --- */

static void
another_session_has_another_account(void **state)
{
    (void) state;

    learn("c1", S("1"), ALICE, "alice", 1);
    learn("c2", S("2"), BOB, "bob", 2);
    assert_int_equal(found("c1"), 1);
    assert_int_equal(found("c2"), 2);

    change(BOB);
    assert_int_equal(found("c1"), 1);
    assert_int_equal(found("c2"), -1);
    assert_int_equal(stage_stats(cache).entries, 3);
}


static void
an_account_that_is_read_anew_serves_all_its_sessions(void **state)
{
    (void) state;

    learn("c1", S("1"), ALICE, "alice", 1);
    learn("c2", S("2"), ALICE, "alice", 1);
    change(ALICE);
    assert_int_equal(found("c1"), -1);
    assert_int_equal(found("c2"), -1);

    learn("c2", S("2"), ALICE, "alice", 2);
    assert_int_equal(found("c1"), 2);

    /* And again, when it stood for it already. */
    change(ALICE);
    learn("c2", S("2"), ALICE, "alice", 3);
    assert_int_equal(found("c1"), 3);
    assert_int_equal(found("c2"), 3);

    /* A place is no account. */
    change(ALICE);
    mfa_places_t  places = stage_expect(cache, "c2", S("2"), ALICE, NOW);
    assert_int_equal(found("c1"), -1);
    mfa_cache_drop(cache, &places);
}


/* --- who is found --- */

static void
another_cookie_of_the_same_session_is_not_found(void **state)
{
    (void) state;

    learn("c1", S("1"), ALICE, "alice", 1);
    assert_int_equal(found("c2"), -1);
    assert_int_equal(found("c"), -1);
    assert_int_equal(found("c1 "), -1);
    assert_int_equal(found(""), -1);

    learn("c2", S("1"), ALICE, "alice", 1);
    assert_int_equal(found("c2"), 1);
    assert_int_equal(found("c1"), -1);
}


static void
another_portal_is_not_let_in_by_it(void **state)
{
    (void) state;

    learn("c1", S("1"), ALICE, "alice", 1);
    assert_int_equal(found_at(&other, "c1", NOW), -1);
    assert_int_equal(found_at(&portal, "c1", NOW), 1);
}


/* --- time --- */

static void
an_entry_is_believed_for_a_minute_and_not_before_it_was_read(void **state)
{
    mfa_places_t  places;

    (void) state;

    learn("c1", S("1"), ALICE, "alice", 1);
    assert_int_equal(found_at(&portal, "c1", NOW + MFA_CACHE_SEC - 1), 1);
    assert_int_equal(found_at(&portal, "c1", NOW + MFA_CACHE_SEC), -1);
    assert_int_equal(found_at(&portal, "c1", NOW - 1), -1);
    assert_int_equal(found_at(&portal, "c1", NOW), 1);

    /* Of a session that was read later the account has its own minute. */
    places = stage_expect(cache, "c2", S("2"), ALICE, NOW + 50);
    stage_fill(cache, &places, &portal, "alice", 5, NOW + 50);
    assert_int_equal(found_at(&portal, "c2", NOW + 59), 1);
    assert_int_equal(found_at(&portal, "c2", NOW + 60), -1);

    /* Read anew by the one, it is old no more for the other either. */
    places = stage_expect(cache, "c2", S("2"), ALICE, NOW + 60);
    stage_fill(cache, &places, &portal, "alice", 6, NOW + 60);
    assert_int_equal(found_at(&portal, "c2", NOW + 119), 6);
    assert_int_equal(stage_stats(cache).entries, 3);
    assert_int_equal(found_at(&portal, "c1", NOW + 60), -1);
}


/* --- count --- */

static void
the_longest_unused_leaves_and_places_count(void **state)
{
    size_t        i;
    char          cookie[8], session[32], account[40];
    mfa_places_t  places[MFA_CACHE_MIN];

    (void) state;

    for (i = 0; i < 8; i++) {
        snprintf(cookie, sizeof(cookie), "c%zu", i);
        snprintf(session, sizeof(session), "s%zu", i);
        snprintf(account, sizeof(account), "a%zu", i);
        learn(cookie, session, account, "alice", (int64_t) i);
    }

    assert_int_equal(stage_stats(cache).entries, 16);
    assert_int_equal(stage_stats(cache).evictions, 0);
    assert_int_equal(found("c0"), 0);

    learn("c8", "s8", "a8", "alice", 8);
    assert_int_equal(stage_stats(cache).entries, 16);
    assert_int_equal(stage_stats(cache).evictions, 2);
    assert_int_equal(found("c0"), 0);       /* just used */
    assert_int_equal(found("c1"), -1);      /* the longest unused */
    assert_int_equal(found("c2"), 2);
    assert_int_equal(found("c8"), 8);

    /* Readings that all wait push everything out, the first of them too. */
    for (i = 0; i < MFA_CACHE_MIN; i++) {
        snprintf(session, sizeof(session), "p%zu", i);
        snprintf(account, sizeof(account), "q%zu", i);
        places[i] = stage_expect(cache, session, session, account, NOW);
        assert_int_equal(stage_stats(cache).entries, 16);
    }

    for (i = 0; i < MFA_CACHE_MIN; i++) {
        snprintf(session, sizeof(session), "p%zu", i);
        stage_fill(cache, &places[i], &portal, "alice", (int64_t) i, NOW);
        assert_int_equal(found(session), i < 8 ? -1 : (int64_t) i);
    }

    assert_int_equal(stage_stats(cache).entries, 16);
}


/* --- what is held --- */

static void
what_is_held_stays_whatever_becomes_of_the_cache(void **state)
{
    size_t       i;
    mfa_known_t  held[5];

    (void) state;

    learn("c1", S("1"), ALICE, "alice", 1);

    for (i = 0; i < 5; i++) {
        assert_int_equal(mfa_cache_find(cache, &portal, digest_of("c1"), NOW,
                                        &held[i]), 1);
    }

    change(S("1"));
    change(ALICE);
    assert_int_equal(stage_stats(cache).entries, 0);
    assert_true(mfa_str_is(held[0].account->name, "name of alice"));
    mfa_cache_release(&held[0]);

    mfa_cache_close(cache);
    assert_true(mfa_str_is(held[1].session->login, "alice"));
    mfa_cache_release(&held[1]);

    mfa_cache_open(cache);
    learn("c1", S("1"), ALICE, "alice", 2);
    mfa_cache_destroy(cache);
    cache = NULL;
    assert_true(mfa_str_is(held[2].account->email, "mail@alice"));
    assert_true(mfa_str_is(held[2].hash, "hash of alice"));
    mfa_cache_release(&held[2]);
    mfa_cache_release(&held[3]);
    assert_true(mfa_str_is(held[4].session->portal, "portal of alice"));
    mfa_cache_release(&held[4]);
    mfa_cache_release(&held[4]);            /* nothing to release */
}


static void
an_account_is_held_when_its_session_has_changed_accounts(void **state)
{
    mfa_known_t  held;

    (void) state;

    learn("c1", S("1"), ALICE, "alice", 1);
    assert_int_equal(mfa_cache_find(cache, &portal, digest_of("c1"), NOW,
                                    &held), 1);
    change(ALICE);
    learn("c2", S("2"), ALICE, "alice", 2);
    assert_int_equal(found("c1"), 2);

    assert_int_equal(held.account->generation, 1);
    assert_true(mfa_str_is(held.account->role, "role of alice"));
    mfa_cache_release(&held);
}


static void
places_are_let_go_after_the_cache(void **state)
{
    mfa_places_t  one, two;

    (void) state;

    one = stage_expect(cache, "c1", S("1"), ALICE, NOW);
    two = stage_expect(cache, "c2", S("2"), ALICE, NOW);
    mfa_cache_destroy(cache);
    mfa_cache_drop(cache, &one);
    stage_fill(cache, &two, &portal, "alice", 1, NOW);
    cache = NULL;
}


/* --- what stands in it --- */

/* Neither what a code is made of, nor a password's hash, nor a cookie. */
static void
no_secret_is_kept(void **state)
{
    char          cookie[] = "the cookie's own text";
    source_t      s;
    mfa_places_t  places;

    (void) state;

    places = stage_expect(cache, cookie, S("1"), ALICE, NOW);
    s = source_make("alice", 1);
    mfa_cache_fill(cache, &places, &portal, &s.session, s.hash, &s.account,
                   NOW);

    /* The look is a real one. */
    assert_true(stage_holds("name of alice", 13));
    assert_true(stage_holds(ALICE, sizeof(ALICE) - 1));

    assert_false(stage_holds("SEALED", 6));
    assert_false(stage_holds("HASHED", 6));
    assert_false(stage_holds(cookie, sizeof(cookie) - 1));
    assert_false(stage_points_into(s.text, SOURCE_BYTES));
    assert_false(stage_points_into(cookie, sizeof(cookie)));
    source_end(&s);
}


/* --- without memory --- */

static void
without_memory_there_is_no_cache(void **state)
{
    (void) state;

    stage_fail_at = 0;
    assert_null(mfa_cache_create(MFA_CACHE_MIN, stage_fill_random,
                                 &stage_heap));
    stage_fail_at = -1;
    stage_no_random = 1;
    assert_null(mfa_cache_create(MFA_CACHE_MIN, stage_fill_random,
                                 &stage_heap));
}


/* The n-th block is not there: both are taken in, or none. */
static void
without_memory_nothing_is_taken_in_by_half(void **state)
{
    long          n;
    mfa_places_t  places, shared;

    (void) state;

    for (n = 0; n < 5; n++) {
        stage_fail_at = n;
        places = stage_expect(cache, "c1", S("1"), ALICE, NOW);
        shared = stage_expect(cache, "c2", S("2"), ALICE, NOW);
        stage_fill(cache, &places, &portal, "alice", 1, NOW);
        assert_int_equal(found("c1"), n == 2 ? 1 : -1);
        stage_fill(cache, &shared, &portal, "alice", 1, NOW);
        assert_int_equal(stage_fail_at, -1);
        mfa_cache_invalidate_all(cache);
        assert_int_equal(stage_live, 1);
    }

    for (n = 0; n < 4; n++) {
        stage_fail_at = n;
        learn("c1", S("1"), ALICE, "alice", 1);
        stage_fail_at = -1;
        assert_int_equal(found("c1"), -1);
        assert_int_equal(stage_stats(cache).entries, 0);
        assert_int_equal(stage_live, 1);
    }
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup_teardown(t, setup, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(what_is_closed_finds_and_takes_in_nothing),
        TEST(a_place_does_not_survive_a_close),
        TEST(an_answer_fills_the_place_kept_for_it),
        TEST(a_change_while_the_answer_is_on_its_way_leaves_nothing),
        TEST(an_answer_older_than_a_change_is_not_taken_for_the_next),
        TEST(two_readings_share_an_accounts_place),
        TEST(two_readings_of_one_session_fill_one_place),
        TEST(another_session_has_another_account),
        TEST(an_account_that_is_read_anew_serves_all_its_sessions),
        TEST(another_cookie_of_the_same_session_is_not_found),
        TEST(another_portal_is_not_let_in_by_it),
        TEST(an_entry_is_believed_for_a_minute_and_not_before_it_was_read),
        TEST(the_longest_unused_leaves_and_places_count),
        TEST(what_is_held_stays_whatever_becomes_of_the_cache),
        TEST(an_account_is_held_when_its_session_has_changed_accounts),
        TEST(places_are_let_go_after_the_cache),
        TEST(no_secret_is_kept),
        TEST(without_memory_there_is_no_cache),
        TEST(without_memory_nothing_is_taken_in_by_half)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
