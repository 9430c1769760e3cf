/*
 * Key rings for the unit tests: two keys whose bytes are no secret, and the
 * ring made of a text that must be right.
 */

#ifndef MFA_TEST_RING_H
#define MFA_TEST_RING_H

#include "core/seal.h"


#define KEY_1  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="  /* 0 .. 31 */
#define KEY_2  "//////////////////////////////////////////8="
#define ZEROS  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


/* cmocka.h is included before this file. */

static inline void
ring_of(mfa_keyring_t *ring, const char *text)
{
    unsigned     line;
    const char  *why;

    assert_int_equal(mfa_keyring_parse(ring, mfa_str_from(text), &line, &why),
                     0);
}


#endif /* MFA_TEST_RING_H */
