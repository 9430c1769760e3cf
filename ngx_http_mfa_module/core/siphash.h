/*
 * SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, 2012): a keyed
 * hash that is fast for short inputs.  Without the key nobody finds two inputs
 * with one digest, or an input for a digest; so a digest may stand for what was
 * hashed inside a process whose key is random and goes nowhere.
 *
 * For tables in memory only.  What is stored goes through SHA-256 (token.h).
 */

#ifndef MFA_SIPHASH_H
#define MFA_SIPHASH_H

#include "core/str.h"

#define MFA_SIPHASH_KEY  16                 /* bytes of a key */

typedef struct {
    uint64_t  low;
    uint64_t  high;
} mfa_digest_t;

mfa_digest_t mfa_siphash(const uint8_t key[MFA_SIPHASH_KEY], mfa_str_t s);

#endif /* MFA_SIPHASH_H */
