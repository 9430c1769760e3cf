/*
 * The copies of exact.h, kept in a pool so that a test can write its inputs
 * inside a call: everything lives until pool_free(), the teardown of a test.
 */

#ifndef MFA_TEST_EXACT_POOL_H
#define MFA_TEST_EXACT_POOL_H

#include "exact.h"

#define POOL_MAX  8192

static exact_t  pool[POOL_MAX];
static size_t   pool_n;


static inline void
pool_free(void)
{
    while (pool_n != 0) {
        exact_free(pool[--pool_n]);
    }
}


static inline mfa_str_t
pool_bytes(const void *data, size_t len)
{
    mfa_str_t  s = { data, len };

    if (pool_n == POOL_MAX) {
        abort();
    }

    pool[pool_n] = exact_copy(s);

    return pool[pool_n++].s;
}


static inline mfa_str_t
pool_text(const char *text)
{
    return pool_bytes(text, strlen(text));
}


/* A buffer with room for exactly cap bytes, which are '.' to begin with. */
static inline mfa_buf_t
pool_buf(size_t cap)
{
    void      *dots = malloc(cap + 1);
    mfa_buf_t  b;

    if (dots == NULL) {
        abort();
    }

    memset(dots, '.', cap + 1);
    (void) pool_bytes(dots, cap);
    free(dots);

    mfa_buf_init(&b, pool[pool_n - 1].block + (cap == 0), cap);

    return b;
}


static inline int
buf_is(const mfa_buf_t *b, const char *text)
{
    return mfa_str_is(mfa_buf_since(b, 0), text);
}

#endif /* MFA_TEST_EXACT_POOL_H */
