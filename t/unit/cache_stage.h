/*
 * Where the unit tests of the worker's cache live: a heap that knows each block
 * it has given out and can fail, sources of records that are wiped and freed as
 * soon as they were copied, and one reading in a line.
 *
 * cmocka.h is included before this file.
 */

#ifndef MFA_TEST_CACHE_STAGE_H
#define MFA_TEST_CACHE_STAGE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cache.h"

#define NOW     1800000000LL
#define BLOCKS  4096                        /* at the same time */

typedef struct {
    uint8_t  *at;
    size_t    len;
} block_t;

static block_t   stage_blocks[BLOCKS];
static size_t    stage_live;                /* blocks given out */
static long      stage_fail_at = -1;        /* so many more, then one fails */
static uint64_t  stage_randoms = 1;
static int       stage_no_random;


/* --- memory and randomness --- */

static inline void *
stage_make(size_t size)
{
    size_t    i;
    uint8_t  *p;

    if (stage_fail_at >= 0 && stage_fail_at-- == 0) {
        return NULL;
    }

    for (i = 0; stage_blocks[i].at; i++) {
        assert_true(i < BLOCKS - 1);
    }

    p = malloc(size);
    assert_non_null(p);
    memset(p, 0xa5, size);                  /* whoever reads it, sees it */
    stage_blocks[i] = (block_t) { p, size };
    stage_live++;

    return p;
}


static inline void
stage_end(void *memory)
{
    size_t  i;

    for (i = 0; i < BLOCKS; i++) {
        if (stage_blocks[i].at == memory) {
            stage_blocks[i].at = NULL;
            stage_live--;
            free(memory);
            return;
        }
    }

    fail_msg("a block ends twice, or was never made");
}


static const mfa_heap_t  stage_heap = { stage_make, stage_end };


static inline uint64_t
stage_random(void)
{
    uint64_t  x;

    x = stage_randoms += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;

    return x ^ (x >> 31);
}


static inline int
stage_fill_random(uint8_t *buf, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        buf[i] = (uint8_t) stage_random();
    }

    return stage_no_random ? -1 : 0;
}


/* Whether these bytes stand anywhere in what the heap has given out. */
static inline int
stage_holds(const void *bytes, size_t len)
{
    size_t  i, at;

    for (i = 0; i < BLOCKS; i++) {
        for (at = 0; stage_blocks[i].at && at + len <= stage_blocks[i].len;
             at++)
        {
            if (memcmp(stage_blocks[i].at + at, bytes, len) == 0) {
                return 1;
            }
        }
    }

    return 0;
}


/* Whether any word there points at one of these bytes, or behind the last. */
static inline int
stage_points_into(const void *bytes, size_t len)
{
    size_t     i, at;
    uintptr_t  word, from;

    from = (uintptr_t) bytes;

    for (i = 0; i < BLOCKS; i++) {
        for (at = 0; stage_blocks[i].at
                     && at + sizeof(word) <= stage_blocks[i].len;
             at += sizeof(word))
        {
            memcpy(&word, stage_blocks[i].at + at, sizeof(word));

            if (word >= from && word <= from + len) {
                return 1;
            }
        }
    }

    return 0;
}


/* --- records as they come from the store --- */

#define SOURCE_BYTES  512

typedef struct {
    uint8_t        *text;                   /* all that the views point at */
    size_t          len;
    mfa_session_t   session;
    mfa_account_t   account;
    mfa_str_t       hash;
} source_t;


static inline mfa_str_t
source_add(source_t *s, const char *what, const char *name)
{
    int        n;
    mfa_str_t  str;

    n = snprintf((char *) s->text + s->len, SOURCE_BYTES - s->len, "%s%s",
                 what, name);
    assert_true(n > 0 && (size_t) n < SOURCE_BYTES - s->len);

    str = (mfa_str_t) { s->text + s->len, (size_t) n };
    s->len += (size_t) n;

    return str;
}


/* A session of login and its account, of this generation. */
static inline source_t
source_make(const char *login, int64_t generation)
{
    source_t  s;

    memset(&s, 0, sizeof(source_t));
    s.text = malloc(SOURCE_BYTES);
    assert_non_null(s.text);

    s.hash = source_add(&s, "hash of ", login);
    s.session.portal = source_add(&s, "portal of ", login);
    s.session.login = source_add(&s, "", login);
    s.session.generation = generation;
    s.session.level = MFA_LEVEL_MFA;
    s.session.created = NOW - 5;
    s.session.expires = NOW + 3600;
    s.session.seen = NOW;

    s.account.login = source_add(&s, "", login);
    s.account.email = source_add(&s, "mail@", login);
    s.account.name = source_add(&s, "name of ", login);
    s.account.role = source_add(&s, "role of ", login);
    s.account.directory = source_add(&s, "directory of ", login);
    s.account.secret_id = source_add(&s, "secret id of ", login);
    s.account.secret = source_add(&s, "SEALED of ", login);
    s.account.locale = source_add(&s, "locale of ", login);
    s.account.password = source_add(&s, "HASHED of ", login);
    s.account.generation = generation;
    s.account.deadline = -1;

    return s;
}


static inline void
source_end(source_t *s)
{
    memset(s->text, '!', SOURCE_BYTES);
    free(s->text);
    memset(s, 0xee, sizeof(source_t));
}


/* --- one reading --- */

static inline mfa_places_t
stage_expect(mfa_cache_t *cache, const char *cookie, const char *session,
    const char *account, int64_t now)
{
    char          *copies[3];
    size_t         i;
    mfa_places_t   places;

    /* Of these nothing may be looked at later. */
    copies[0] = strdup(cookie);
    copies[1] = strdup(session);
    copies[2] = strdup(account);

    mfa_cache_expect(cache, &places, mfa_str_from(copies[0]),
                     mfa_str_from(copies[1]), mfa_str_from(copies[2]), now);

    for (i = 0; i < 3; i++) {
        memset(copies[i], '!', strlen(copies[i]));
        free(copies[i]);
    }

    return places;
}


static inline void
stage_fill(mfa_cache_t *cache, mfa_places_t *places,
    const mfa_portal_t *portal, const char *login, int64_t generation,
    int64_t now)
{
    source_t  s;

    s = source_make(login, generation);
    mfa_cache_fill(cache, places, portal, &s.session, s.hash, &s.account, now);
    assert_false(stage_points_into(s.text, SOURCE_BYTES));
    assert_false(places->kept);
    source_end(&s);
}


static inline mfa_cache_stats_t
stage_stats(const mfa_cache_t *cache)
{
    mfa_cache_stats_t  stats;

    mfa_cache_stats(cache, &stats);

    return stats;
}


#endif /* MFA_TEST_CACHE_STAGE_H */
