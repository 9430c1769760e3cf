/*
 * The worker's cache, see cache.h: two tables over one set of entries, by the
 * store's key and (sessions) by digest of the cookie, and one list by use.
 *
 * An entry is counted by who points at it: the tables together once, a session
 * its account's, everybody who holds it.  It leaves the tables when it is not
 * true any more and is freed when nobody points at it.
 */

#include "core/cache.h"

#include <string.h>


typedef enum {
    GONE = 0,                               /* in no table any more */
    KEPT,                                   /* a place for an answer */
    THERE
} state_e;

struct mfa_cached_s {
    mfa_cached_t        *next;              /* in its bucket of by_key */
    mfa_cached_t        *same;              /* in its bucket of by_digest */
    mfa_cached_t        *newer;             /* by use */
    mfa_cached_t        *older;
    mfa_cached_t        *account;           /* a session's, counted */
    const mfa_portal_t  *portal;            /* a session's */
    mfa_digest_t         digest;            /* a session's, once it is there */
    state_e              state;
    unsigned             count;
    const mfa_heap_t    *heap;
    int64_t              read_at;
    mfa_str_t            hash;
    uint8_t             *text;              /* what the views below point at */
    union {
        mfa_session_t    session;
        mfa_account_t    account;
    } of;
    mfa_str_t            key;               /* behind the entry */
};

struct mfa_cache_s {
    const mfa_heap_t    *heap;
    uint8_t              secret[MFA_SIPHASH_KEY];
    size_t               mask;              /* buckets of each table, less 1 */
    mfa_cached_t       **by_key;
    mfa_cached_t       **by_digest;
    mfa_cached_t         used;              /* newer: longest unused */
    mfa_cache_stats_t    stats;
};


/* --- counting --- */

MFA_HOT static void
let_go(mfa_cached_t *e)
{
    mfa_cached_t  *account;

    while (e && --e->count == 0) {
        account = e->account;

        if (e->text) {
            e->heap->end(e->text);
        }

        e->heap->end(e);
        e = account;
    }
}


MFA_HOT static mfa_cached_t *
hold(mfa_cached_t *e)
{
    e->count++;

    return e;
}


/* --- the list by use --- */

static void
list_take(mfa_cached_t *e)
{
    e->newer->older = e->older;
    e->older->newer = e->newer;
}


static void
list_put(mfa_cache_t *cache, mfa_cached_t *e)
{
    e->older = cache->used.older;
    e->newer = &cache->used;
    e->older->newer = e;
    cache->used.older = e;
}


MFA_HOT static void
list_touch(mfa_cache_t *cache, mfa_cached_t *e)
{
    if (cache->used.older != e) {
        list_take(e);
        list_put(cache, e);
    }
}


/* --- the tables --- */

static mfa_cached_t **
key_bucket(mfa_cache_t *cache, mfa_str_t key)
{
    return &cache->by_key[mfa_siphash(cache->secret, key).low & cache->mask];
}


static mfa_cached_t *
key_find(mfa_cache_t *cache, mfa_str_t key)
{
    mfa_cached_t  *e;

    for (e = *key_bucket(cache, key); e; e = e->next) {
        if (mfa_str_eq(e->key, key)) {
            return e;
        }
    }

    return NULL;
}


static void
entry_remove(mfa_cache_t *cache, mfa_cached_t *e)
{
    mfa_cached_t  **p;

    for (p = key_bucket(cache, e->key); *p != e; p = &(*p)->next) {
        /* it is there */
    }

    *p = e->next;

    if (e->state == THERE && e->portal) {
        p = &cache->by_digest[e->digest.low & cache->mask];

        while (*p != e) {
            p = &(*p)->same;
        }

        *p = e->same;
    }

    list_take(e);
    e->state = GONE;
    cache->stats.entries--;
    let_go(e);
}


/* A place under key, where nothing is; held for the caller, or NULL. */
static mfa_cached_t *
place_keep(mfa_cache_t *cache, mfa_str_t key)
{
    mfa_cached_t  *e, **bucket;

    if (cache->stats.entries == cache->stats.capacity) {
        entry_remove(cache, cache->used.newer);
        cache->stats.evictions++;
    }

    e = cache->heap->make(sizeof(mfa_cached_t) + key.len);

    if (e == NULL) {
        return NULL;
    }

    memset(e, 0, sizeof(mfa_cached_t));
    e->heap = cache->heap;
    e->key = (mfa_str_t) { memcpy(e + 1, key.data, key.len), key.len };
    e->state = KEPT;
    e->count = 1;

    bucket = key_bucket(cache, key);
    e->next = *bucket;
    *bucket = e;

    list_put(cache, e);
    cache->stats.entries++;

    return hold(e);
}


/* --- what stands in an entry --- */

static void
text_add(uint8_t **p, mfa_str_t *s)
{
    if (s->len) {
        memcpy(*p, s->data, s->len);
    }

    s->data = *p;
    *p += s->len;
}


static int
session_copy(mfa_cached_t *e, const mfa_session_t *session, mfa_str_t hash)
{
    uint8_t        *p;
    mfa_session_t  *s;

    p = e->heap->make(hash.len + session->portal.len + session->login.len + 1);

    if (p == NULL) {
        return -1;
    }

    s = &e->of.session;
    *s = *session;
    e->hash = hash;

    e->text = p;
    text_add(&p, &e->hash);
    text_add(&p, &s->portal);
    text_add(&p, &s->login);

    return 0;
}


/* The gate needs neither the sealed secret nor the password's hash: they are not
   kept here. */
static int
account_copy(mfa_cached_t *e, const mfa_account_t *account)
{
    uint8_t        *p;
    mfa_account_t  *a;

    p = e->heap->make(account->login.len + account->email.len
                      + account->name.len + account->role.len
                      + account->directory.len + account->secret_id.len
                      + account->locale.len + 1);

    if (p == NULL) {
        return -1;
    }

    a = &e->of.account;
    *a = *account;
    a->secret = (mfa_str_t) { NULL, 0 };
    a->password = (mfa_str_t) { NULL, 0 };

    e->text = p;
    text_add(&p, &a->login);
    text_add(&p, &a->email);
    text_add(&p, &a->name);
    text_add(&p, &a->role);
    text_add(&p, &a->directory);
    text_add(&p, &a->secret_id);
    text_add(&p, &a->locale);

    return 0;
}


/* Also where the clock was put back. */
static int
believed(const mfa_cached_t *e, int64_t now)
{
    return e->state == THERE && now >= e->read_at
           && now - e->read_at < MFA_CACHE_SEC;
}


/* --- making, opening, closing --- */

mfa_cache_t *
mfa_cache_create(size_t n, mfa_random_fn fill, const mfa_heap_t *heap)
{
    size_t        buckets, size;
    mfa_cache_t  *cache;

    for (buckets = 1; buckets < n; buckets *= 2) {
        /* a power of two */
    }

    /* Both tables stand behind the cache. */
    size = sizeof(mfa_cache_t) + 2 * buckets * sizeof(mfa_cached_t *);
    cache = heap->make(size);

    if (cache == NULL) {
        return NULL;
    }

    memset(cache, 0, size);
    cache->heap = heap;
    cache->by_key = (mfa_cached_t **) (cache + 1);
    cache->by_digest = cache->by_key + buckets;
    cache->mask = buckets - 1;
    cache->stats.capacity = n;
    cache->used.newer = &cache->used;
    cache->used.older = &cache->used;

    if (fill(cache->secret, sizeof(cache->secret)) != 0) {
        heap->end(cache);
        return NULL;
    }

    return cache;
}


void
mfa_cache_destroy(mfa_cache_t *cache)
{
    mfa_cache_close(cache);
    mfa_wipe(cache->secret, sizeof(cache->secret));
    cache->heap->end(cache);
}


void
mfa_cache_open(mfa_cache_t *cache)
{
    cache->stats.open = 1;
}


static void
empty(mfa_cache_t *cache)
{
    while (cache->used.newer != &cache->used) {
        entry_remove(cache, cache->used.newer);
    }
}


void
mfa_cache_close(mfa_cache_t *cache)
{
    cache->stats.open = 0;
    empty(cache);
}


/* --- finding --- */

MFA_HOT mfa_digest_t
mfa_cache_digest(const mfa_cache_t *cache, mfa_str_t cookie)
{
    return mfa_siphash(cache->secret, cookie);
}



/* A session's account: the one it was read with, or the one that has been read
   since. */
MFA_HOT static mfa_cached_t *
account_of(mfa_cache_t *cache, mfa_cached_t *session, int64_t now)
{
    mfa_cached_t  *account;

    account = session->account;

    if (account->state == THERE) {
        return believed(account, now) ? account : NULL;
    }

    account = key_find(cache, account->key);

    if (account == NULL || !believed(account, now)) {
        return NULL;
    }

    let_go(session->account);
    session->account = hold(account);

    return account;
}


MFA_HOT static mfa_cached_t *
session_find(mfa_cache_t *cache, const mfa_portal_t *portal,
    mfa_digest_t digest, int64_t now)
{
    mfa_cached_t  *e;

    for (e = cache->by_digest[digest.low & cache->mask]; e; e = e->same) {
        if (e->digest.low == digest.low && e->digest.high == digest.high) {
            return e->portal == portal && believed(e, now) ? e : NULL;
        }
    }

    return NULL;
}


MFA_HOT int
mfa_cache_find(mfa_cache_t *cache, const mfa_portal_t *portal,
    mfa_digest_t digest, int64_t now, mfa_known_t *known)
{
    mfa_cached_t  *session, *account;

    if (!cache->stats.open) {
        cache->stats.bypassed++;
        return 0;
    }

    session = session_find(cache, portal, digest, now);
    account = session ? account_of(cache, session, now) : NULL;

    if (account == NULL) {
        cache->stats.misses++;
        return 0;
    }

    list_touch(cache, session);
    list_touch(cache, account);
    cache->stats.hits++;

    known->session = &session->of.session;
    known->account = &account->of.account;
    known->hash = session->hash;
    known->held[0] = hold(session);
    known->held[1] = hold(account);

    return 1;
}


MFA_HOT void
mfa_cache_release(mfa_known_t *known)
{
    let_go(known->held[0]);
    let_go(known->held[1]);
    known->held[0] = NULL;
    known->held[1] = NULL;
}


/* --- taking in --- */

void
mfa_cache_expect(mfa_cache_t *cache, mfa_places_t *places, mfa_str_t cookie,
    mfa_str_t session_key, mfa_str_t account_key, int64_t now)
{
    mfa_cached_t  *e;

    memset(places, 0, sizeof(mfa_places_t));

    if (!cache->stats.open) {
        return;
    }

    places->kept = 1;
    places->digest = mfa_cache_digest(cache, cookie);

    /* Whoever asks for a session again does not believe what is here. */
    e = key_find(cache, session_key);

    if (e && e->state == THERE) {
        entry_remove(cache, e);
        e = NULL;
    }

    if (e == NULL) {
        places->session = place_keep(cache, session_key);
    }

    /* An account has many sessions: what is believed of it serves this one, too.
       Readings may share a place, as it was kept before any of them was sent. */
    e = key_find(cache, account_key);

    if (e && e->state == THERE && !believed(e, now)) {
        entry_remove(cache, e);
        e = NULL;
    }

    places->account = e ? hold(e) : place_keep(cache, account_key);
}


static void
place_drop(mfa_cache_t *cache, mfa_cached_t *e)
{
    if (e->state == KEPT) {
        entry_remove(cache, e);
    }
}


void
mfa_cache_fill(mfa_cache_t *cache, mfa_places_t *places,
    const mfa_portal_t *portal, const mfa_session_t *session, mfa_str_t hash,
    const mfa_account_t *account, int64_t now)
{
    mfa_cached_t  *s, *a, **bucket;

    s = places->session;
    a = places->account;

    if (s == NULL || a == NULL || s->state != KEPT || a->state == GONE
        || session_copy(s, session, hash) != 0
        || (a->state == KEPT && account_copy(a, account) != 0))
    {
        mfa_cache_drop(cache, places);
        return;
    }

    if (a->state == KEPT) {
        a->state = THERE;
        a->read_at = now;
    }

    s->state = THERE;
    s->read_at = now;
    s->portal = portal;
    s->account = hold(a);
    s->digest = places->digest;

    bucket = &cache->by_digest[s->digest.low & cache->mask];
    s->same = *bucket;
    *bucket = s;

    mfa_cache_drop(cache, places);
}


void
mfa_cache_drop(mfa_cache_t *cache, mfa_places_t *places)
{
    if (places->session) {
        place_drop(cache, places->session);
        let_go(places->session);
    }

    if (places->account) {
        place_drop(cache, places->account);
        let_go(places->account);
    }

    memset(places, 0, sizeof(mfa_places_t));
}


/* --- changes --- */

void
mfa_cache_invalidate(mfa_cache_t *cache, mfa_str_t key)
{
    mfa_cached_t  *e;

    e = key_find(cache, key);

    if (e) {
        entry_remove(cache, e);
        cache->stats.invalidations++;
    }
}


void
mfa_cache_invalidate_all(mfa_cache_t *cache)
{
    cache->stats.invalidations += cache->stats.entries;
    empty(cache);
}


void
mfa_cache_stats(const mfa_cache_t *cache, mfa_cache_stats_t *stats)
{
    *stats = cache->stats;
}
