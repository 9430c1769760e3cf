/*
 * Copies of test values that end where their memory ends, so that the address
 * sanitizer sees a parser read one byte too far.  A view of length zero points
 * at the end of a block too, not at NULL.
 *
 * Included by the unit tests; the caller frees what it was given.
 */

#ifndef MFA_TEST_EXACT_H
#define MFA_TEST_EXACT_H

#include <stdlib.h>
#include <string.h>

#include "core/str.h"


typedef struct {
    uint8_t    *block;
    mfa_str_t   s;
} exact_t;


static inline exact_t
exact_copy(mfa_str_t from)
{
    exact_t  e;

    e.block = malloc(from.len ? from.len : 1);

    if (e.block == NULL) {
        abort();
    }

    e.s.data = from.len ? e.block : e.block + 1;
    e.s.len = from.len;

    if (from.len) {
        memcpy(e.block, from.data, from.len);
    }

    return e;
}


static inline void
exact_free(exact_t e)
{
    free(e.block);
}


#endif /* MFA_TEST_EXACT_H */
