/*
 * SipHash-2-4-128, see siphash.h.
 */

#include "core/siphash.h"

#include <string.h>


typedef struct {
    uint64_t  v0, v1, v2, v3;
} state_t;


static inline uint64_t
turned(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}


/* Eight bytes, the first the least, whatever the machine's order. */
static inline uint64_t
word_at(const uint8_t *p)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t  word;

    memcpy(&word, p, sizeof(word));

    return word;
#else
    unsigned  i;
    uint64_t  word;

    for (i = 0, word = 0; i < 8; i++) {
        word |= (uint64_t) p[i] << 8 * i;
    }

    return word;
#endif
}


static inline void
one_round(state_t *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = turned(s->v1, 13) ^ s->v0;
    s->v3 = turned(s->v3, 16) ^ s->v2;
    s->v0 = turned(s->v0, 32) + s->v3;
    s->v2 += s->v1;
    s->v1 = turned(s->v1, 17) ^ s->v2;
    s->v3 = turned(s->v3, 21) ^ s->v0;
    s->v2 = turned(s->v2, 32);
}


static inline void
four_rounds(state_t *s)
{
    one_round(s);
    one_round(s);
    one_round(s);
    one_round(s);
}


static inline void
take(state_t *s, uint64_t word)
{
    s->v3 ^= word;
    one_round(s);
    one_round(s);
    s->v0 ^= word;
}


MFA_HOT mfa_digest_t
mfa_siphash(const uint8_t key[MFA_SIPHASH_KEY], mfa_str_t s)
{
    size_t          left;
    state_t         state;
    uint64_t        k0, k1, last;
    mfa_digest_t    digest;
    const uint8_t  *p;

    k0 = word_at(key);
    k1 = word_at(key + 8);

    state.v0 = k0 ^ 0x736f6d6570736575;
    state.v1 = k1 ^ 0x646f72616e646f6d ^ 0xee;
    state.v2 = k0 ^ 0x6c7967656e657261;
    state.v3 = k1 ^ 0x7465646279746573;

    p = s.data;

    for (left = s.len; left >= 8; left -= 8) {
        take(&state, word_at(p));
        p += 8;
    }

    last = (uint64_t) s.len << 56;

    while (left) {
        left--;
        last |= (uint64_t) p[left] << 8 * left;
    }

    take(&state, last);

    state.v2 ^= 0xee;
    four_rounds(&state);
    digest.low = state.v0 ^ state.v1 ^ state.v2 ^ state.v3;

    state.v1 ^= 0xdd;
    four_rounds(&state);
    digest.high = state.v0 ^ state.v1 ^ state.v2 ^ state.v3;

    return digest;
}
