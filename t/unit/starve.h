/*
 * Makes one allocation inside libcrypto fail, each in its turn: how the tests
 * show that every answer of OpenSSL is looked at (security 98).
 *
 * starve_install comes first in main, before anything else touches libcrypto.
 * starve_at(n) lets n allocations pass and fails the next; starve_over() ends
 * that and tells whether an allocation was refused at all, which is how a loop
 * knows that it has been through all of them.
 */

#ifndef MFA_TEST_STARVE_H
#define MFA_TEST_STARVE_H

#include <stdlib.h>

#include <openssl/crypto.h>


static long  starve_left = -1;
static int   starve_hit;


static inline int
starve_now(void)
{
    if (starve_left < 0 || starve_left-- > 0) {
        return 0;
    }

    starve_hit = 1;

    return 1;
}


static inline void *
starve_malloc(size_t len, const char *file, int line)
{
    (void) file;
    (void) line;

    return starve_now() ? NULL : malloc(len);
}


static inline void *
starve_realloc(void *p, size_t len, const char *file, int line)
{
    (void) file;
    (void) line;

    return starve_now() ? NULL : realloc(p, len);
}


static inline void
starve_free(void *p, const char *file, int line)
{
    (void) file;
    (void) line;

    free(p);
}


static inline int
starve_install(void)
{
    return CRYPTO_set_mem_functions(starve_malloc, starve_realloc,
                                    starve_free);
}


static inline void
starve_at(long n)
{
    starve_left = n;
    starve_hit = 0;
}


static inline int
starve_over(void)
{
    starve_left = -1;

    return starve_hit;
}


#endif /* MFA_TEST_STARVE_H */
