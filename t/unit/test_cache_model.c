/*
 * The worker's cache beside a naive model of it: a list in which everything is
 * looked for from one end to the other.  Thousands of random operations, and
 * after each both have to say the same.  When this breaks, the tables, the list
 * by use and the counts of cache.c disagree somewhere no rule's own test looks.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cache_stage.h"

#define STEPS     60000
#define ENTRIES   (4 * STEPS)               /* a reading makes two at most */
#define PENDING   12                        /* readings at the same time */
#define HELD      8
#define NAME      48
#define SESSIONS  24
#define ACCOUNTS  6

typedef enum { GONE, KEPT, THERE } state_e;

typedef struct {
    char                 key[NAME];
    char                 cookie[NAME];        /* a session's */
    char                 account[NAME];       /* a session's: that one's key */
    const mfa_portal_t  *portal;
    state_e              state;
    int64_t              read_at;
    int64_t              generation;
    int                  is_session;
} entry_t;

typedef struct {
    mfa_places_t         places;
    entry_t             *session;
    entry_t             *account;
    char                 cookie[NAME];
    char                 account_key[NAME];
    char                 login[NAME];
    int                  used;
} reading_t;

static mfa_cache_t        *cache;
static mfa_portal_t        portals[2];
static entry_t             entries[ENTRIES];
static size_t              n_entries;
static entry_t            *list[MFA_CACHE_MIN + 1];     /* oldest first */
static mfa_cache_stats_t   model;
static reading_t           readings[PENDING];
static struct {
    mfa_known_t            known;
    int64_t                generations[2];
    int                    used;
} held[HELD];
static int64_t             now = NOW;
static int64_t             generation;      /* of what is read, each its own */


static size_t
below(size_t n)
{
    return (size_t) (stage_random() % n);
}


/* --- the model --- */

static entry_t *
model_find(const char *key)
{
    size_t  i;

    for (i = 0; i < model.entries; i++) {
        if (strcmp(list[i]->key, key) == 0) {
            return list[i];
        }
    }

    return NULL;
}


static void
model_take(const entry_t *e)
{
    size_t  i;

    for (i = 0; list[i] != e; i++) {
        assert_true(i < model.entries);
    }

    model.entries--;
    memmove(&list[i], &list[i + 1], (model.entries - i) * sizeof(list[0]));
}


static void
model_remove(entry_t *e)
{
    model_take(e);
    e->state = GONE;
}


static void
model_touch(entry_t *e)
{
    model_take(e);
    list[model.entries++] = e;
}


static entry_t *
model_keep(const char *key)
{
    entry_t  *e;

    if (model.entries == MFA_CACHE_MIN) {
        model_remove(list[0]);
        model.evictions++;
    }

    assert_true(n_entries < ENTRIES);
    e = &entries[n_entries++];
    strcpy(e->key, key);
    e->state = KEPT;
    list[model.entries++] = e;

    return e;
}


static int
model_believes(const entry_t *e)
{
    return e && e->state == THERE && now >= e->read_at
           && now < e->read_at + MFA_CACHE_SEC;
}


/* The session a cookie finds; its account stands in *account. */
static entry_t *
model_look(const mfa_portal_t *portal, const char *cookie, entry_t **account)
{
    size_t    i;
    entry_t  *e;

    if (!model.open) {
        model.bypassed++;
        return NULL;
    }

    for (i = 0; i < model.entries; i++) {
        e = list[i];

        if (e->is_session && e->state == THERE
            && strcmp(e->cookie, cookie) == 0)
        {
            *account = model_find(e->account);

            if (e->portal == portal && model_believes(e)
                && model_believes(*account))
            {
                model_touch(e);
                model_touch(*account);
                model.hits++;
                return e;
            }
        }
    }

    model.misses++;

    return NULL;
}


static void
model_drop(reading_t *r)
{
    if (r->session && r->session->state == KEPT) {
        model_remove(r->session);
    }

    if (r->account && r->account->state == KEPT) {
        model_remove(r->account);
    }
}


static void
model_fill(reading_t *r, const mfa_portal_t *portal, int64_t read)
{
    entry_t  *s = r->session, *a = r->account;

    if (s == NULL || a == NULL || s->state != KEPT || a->state == GONE) {
        model_drop(r);
        return;
    }

    if (a->state == KEPT) {
        a->state = THERE;
        a->read_at = now;
        a->generation = read;
    }

    s->state = THERE;
    s->read_at = now;
    s->generation = read;
    s->portal = portal;
    strcpy(s->cookie, r->cookie);
    strcpy(s->account, r->account_key);
}


/* --- one step of both --- */

static void
step_find(void)
{
    int           answer;
    char          cookie[NAME];
    entry_t      *session, *account = NULL;
    mfa_known_t   known;
    mfa_portal_t *portal;
    size_t        i;

    snprintf(cookie, sizeof(cookie), "cookie%zu.%zu", below(SESSIONS),
             below(5) / 4);
    portal = &portals[below(8) / 7];

    answer = mfa_cache_find(cache, portal,
                            mfa_cache_digest(cache, mfa_str_from(cookie)), now,
                            &known);
    session = model_look(portal, cookie, &account);
    assert_int_equal(answer, session != NULL);

    if (!answer) {
        return;
    }

    assert_int_equal(known.session->generation, session->generation);
    assert_int_equal(known.account->generation, account->generation);

    i = below(HELD);

    if (held[i].used) {
        mfa_cache_release(&known);
        return;
    }

    held[i].used = 1;
    held[i].known = known;
    held[i].generations[0] = session->generation;
    held[i].generations[1] = account->generation;
}


/* What was held is as it was. */
static void
release(size_t i)
{
    mfa_known_t  *known = &held[i].known;

    if (held[i].used) {
        assert_int_equal(known->session->generation, held[i].generations[0]);
        assert_int_equal(known->account->generation, held[i].generations[1]);
        assert_true(mfa_str_begins(known->session->login, "login"));
        assert_true(mfa_str_begins(known->account->name, "name of login"));
        assert_true(mfa_str_begins(known->hash, "hash of login"));
        mfa_cache_release(known);
        held[i].used = 0;
    }
}


static void
step_expect(void)
{
    size_t      s, a;
    char        session_key[NAME];
    entry_t    *e;
    reading_t  *r = &readings[below(PENDING)];

    if (r->used) {
        return;
    }

    memset(r, 0, sizeof(reading_t));
    s = below(SESSIONS);
    a = s % ACCOUNTS;
    r->used = 1;
    snprintf(r->cookie, sizeof(r->cookie), "cookie%zu.%zu", s, below(5) / 4);
    snprintf(session_key, sizeof(session_key), "session%zu", s);
    snprintf(r->account_key, sizeof(r->account_key), "account%zu", a);
    snprintf(r->login, sizeof(r->login), "login%zu", a);

    r->places = stage_expect(cache, r->cookie, session_key, r->account_key,
                             now);

    if (!model.open) {
        return;
    }

    e = model_find(session_key);

    if (e && e->state == THERE) {
        model_remove(e);
        e = NULL;
    }

    if (e == NULL) {
        r->session = model_keep(session_key);
        r->session->is_session = 1;
    }

    e = model_find(r->account_key);

    if (e && e->state == THERE && !model_believes(e)) {
        model_remove(e);
        e = NULL;
    }

    r->account = e ? e : model_keep(r->account_key);
}


static void
step_end(int fill)
{
    reading_t     *r = &readings[below(PENDING)];
    mfa_portal_t  *portal = &portals[below(8) / 7];

    if (!r->used) {
        return;
    }

    r->used = 0;

    if (fill) {
        generation++;
        stage_fill(cache, &r->places, portal, r->login, generation, now);
        model_fill(r, portal, generation);

    } else {
        mfa_cache_drop(cache, &r->places);
        model_drop(r);
    }
}


static void
step_change(void)
{
    char      key[NAME];
    entry_t  *e;

    if (below(2)) {
        snprintf(key, sizeof(key), "session%zu", below(SESSIONS + 1));
    } else {
        snprintf(key, sizeof(key), "account%zu", below(ACCOUNTS + 1));
    }

    mfa_cache_invalidate(cache, mfa_str_from(key));
    e = model_find(key);

    if (e) {
        model_remove(e);
        model.invalidations++;
    }
}


static void
model_empty(void)
{
    while (model.entries) {
        model_remove(list[0]);
    }
}


static void
step_rare(void)
{
    switch (below(3)) {
    case 0:
        mfa_cache_invalidate_all(cache);
        model.invalidations += model.entries;
        model_empty();
        break;

    case 1:
        mfa_cache_close(cache);
        model.open = 0;
        model_empty();
        break;

    default:
        now -= (int64_t) below(20);
    }
}


static void
step(void)
{
    size_t  choice = below(1000);

    if (choice < 400) {
        step_find();

    } else if (choice < 600) {
        step_expect();

    } else if (choice < 850) {
        step_end(choice < 820);

    } else if (choice < 900) {
        step_change();

    } else if (choice < 940) {
        release(below(HELD));

    } else if (choice < 990) {
        now += (int64_t) below(6);

    } else if (choice < 994) {
        step_rare();

    } else {
        mfa_cache_open(cache);
        model.open = 1;
    }
}


static void
compare(void)
{
    mfa_cache_stats_t  stats = stage_stats(cache);

    assert_true(stats.entries <= MFA_CACHE_MIN);
    assert_int_equal(stats.capacity, MFA_CACHE_MIN);
    assert_int_equal(stats.entries, model.entries);
    assert_int_equal(stats.hits, model.hits);
    assert_int_equal(stats.misses, model.misses);
    assert_int_equal(stats.bypassed, model.bypassed);
    assert_int_equal(stats.invalidations, model.invalidations);
    assert_int_equal(stats.evictions, model.evictions);
    assert_int_equal(stats.open, model.open);
}


static void
the_cache_says_what_a_list_says(void **state)
{
    size_t  i;

    (void) state;

    cache = mfa_cache_create(MFA_CACHE_MIN, stage_fill_random, &stage_heap);
    assert_non_null(cache);

    for (i = 0; i < STEPS; i++) {
        step();
        compare();
    }

    /* It was worth something. */
    assert_true(model.hits > STEPS / 100);
    assert_true(model.misses > STEPS / 100);
    assert_true(model.bypassed > 0);
    assert_true(model.evictions > STEPS / 200);
    assert_true(model.invalidations > STEPS / 200);

    mfa_cache_destroy(cache);

    for (i = 0; i < HELD; i++) {
        release(i);
    }

    for (i = 0; i < PENDING; i++) {
        mfa_cache_drop(cache, &readings[i].places);
    }

    assert_int_equal(stage_live, 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(the_cache_says_what_a_list_says)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("cache_model", tests, NULL, NULL);
}
