/*
 * What a worker remembers of the store: sessions and accounts as they were read,
 * so that the gate need not ask again.  It holds what lets somebody in and
 * nothing else: an answer that refuses is asked for each time.
 *
 * What is remembered is true because the store tells of every change:
 *
 *   closed     nothing is found and nothing is taken in until the cache is open;
 *              whoever listens to the store opens it, and closes it (which
 *              empties it) whenever a change could go unheard
 *   places     before a read is sent, a place is kept for its answer under the
 *              key that is read; a change that is told of removes what is under
 *              the key, place or entry, and an answer fills the very place kept
 *              for it or nothing: an answer older than the change has none
 *   count      at most so many entries and places; the one not used for longest
 *              leaves
 *   time       an entry is believed for MFA_CACHE_SEC and then read anew, so that
 *              not even a change nobody told of is missed for longer; what a
 *              record says of its own end is the policy's, each time
 *
 * Sessions are found by a digest of the cookie under a key of this process: the
 * cookie itself is not kept.  What is found stays valid while it is held, also
 * when the entry has left.  One thread only.
 */

#ifndef MFA_CACHE_H
#define MFA_CACHE_H

#include "core/account.h"
#include "core/portal.h"
#include "core/session.h"
#include "core/siphash.h"

#define MFA_CACHE_SEC      60
#define MFA_CACHE_MIN      16               /* entries */
#define MFA_CACHE_MAX      10000000
#define MFA_CACHE_DEFAULT  20000

/* Where its memory comes from; outlives the cache and all that is held. */
typedef struct {
    void                *(*make)(size_t size);  /* NULL: there is none */
    void                 (*end)(void *memory);
} mfa_heap_t;

typedef struct mfa_cache_s   mfa_cache_t;
typedef struct mfa_cached_s  mfa_cached_t;

/* What is known of the sender of a cookie. */
typedef struct {
    const mfa_session_t  *session;
    const mfa_account_t  *account;          /* without its secret and password */
    mfa_str_t             hash;             /* of the session's token */
    mfa_cached_t         *held[2];
} mfa_known_t;

/* Places kept for the answers to one reading of session and account. */
typedef struct {
    mfa_digest_t          digest;
    mfa_cached_t         *session;          /* NULL: none is kept */
    mfa_cached_t         *account;
    int                   kept;             /* there is a reading under way */
} mfa_places_t;

typedef struct {
    uint64_t  hits;
    uint64_t  misses;                       /* while open */
    uint64_t  bypassed;                     /* looked for while closed */
    uint64_t  invalidations;                /* told of by the store */
    uint64_t  evictions;                    /* made room */
    size_t    entries;                      /* now, places included */
    size_t    capacity;
    int       open;
} mfa_cache_stats_t;

/* A closed cache for n entries (MFA_CACHE_MIN .. MFA_CACHE_MAX), or NULL without
   memory or randomness. */
mfa_cache_t *mfa_cache_create(size_t n, mfa_random_fn random,
    const mfa_heap_t *heap);
/* What is held stays valid; places may still be let go. */
void mfa_cache_destroy(mfa_cache_t *cache);

void mfa_cache_open(mfa_cache_t *cache);
void mfa_cache_close(mfa_cache_t *cache);

/* What a cookie is known by here, and nowhere else. */
mfa_digest_t mfa_cache_digest(const mfa_cache_t *cache, mfa_str_t cookie);

/*
 * Looks for the session of the cookie with this digest at portal and for its
 * account.  1: *known is held until mfa_cache_release; 0: ask the store.
 */
int mfa_cache_find(mfa_cache_t *cache, const mfa_portal_t *portal,
    mfa_digest_t digest, int64_t now, mfa_known_t *known);
void mfa_cache_release(mfa_known_t *known);

/*
 * The session of cookie and its account are about to be read from these keys of
 * the store.  To be ended with exactly one mfa_cache_fill or mfa_cache_drop.
 */
void mfa_cache_expect(mfa_cache_t *cache, mfa_places_t *places,
    mfa_str_t cookie, mfa_str_t session_key, mfa_str_t account_key,
    int64_t now);
/* The answers; copied.  Both are taken in, or none. */
void mfa_cache_fill(mfa_cache_t *cache, mfa_places_t *places,
    const mfa_portal_t *portal, const mfa_session_t *session, mfa_str_t hash,
    const mfa_account_t *account, int64_t now);
/* There is no answer, or none to remember.  Nothing to drop: nothing happens. */
void mfa_cache_drop(mfa_cache_t *cache, mfa_places_t *places);

/* The store tells that what is under key has changed. */
void mfa_cache_invalidate(mfa_cache_t *cache, mfa_str_t key);
/* Or everything has. */
void mfa_cache_invalidate_all(mfa_cache_t *cache);

void mfa_cache_stats(const mfa_cache_t *cache, mfa_cache_stats_t *stats);

#endif /* MFA_CACHE_H */
