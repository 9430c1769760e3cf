/*
 * Base64 and base64url in one body: the two differ in the last two letters of
 * the alphabet and in padding.
 *
 * Decoding is strict on purpose.  A decoder that skips blanks or ignores stray
 * bits gives one value many spellings, and then a comparison, a counter or a
 * cache that looks at the spelling can be walked around.
 *
 * Writes into the caller's buffer; what a refused text has left there is wiped,
 * because it may be most of a key.
 */

#include "core/base64.h"

#define NO_GROUP  UINT32_MAX


typedef struct {
    uint8_t   c62;
    uint8_t   c63;
    unsigned  padded;
} alphabet_t;


static const alphabet_t  standard = { '+', '/', 1 };
static const alphabet_t  url = { '-', '_', 0 };


static void encode(mfa_buf_t *out, const uint8_t *data, size_t len,
    const alphabet_t *a);
static int decode(mfa_buf_t *out, mfa_str_t text, const alphabet_t *a);
static uint8_t letter(unsigned value, const alphabet_t *a);
static int unpad(mfa_str_t *text);


void
mfa_base64url_encode(mfa_buf_t *out, const uint8_t *data, size_t len)
{
    encode(out, data, len, &url);
}


void
mfa_base64_encode(mfa_buf_t *out, const uint8_t *data, size_t len)
{
    encode(out, data, len, &standard);
}


int
mfa_base64url_decode(mfa_buf_t *out, mfa_str_t text)
{
    return decode(out, text, &url);
}


int
mfa_base64_decode(mfa_buf_t *out, mfa_str_t text)
{
    if (unpad(&text) != 0) {
        return -1;
    }

    return decode(out, text, &standard);
}


static void
encode(mfa_buf_t *out, const uint8_t *data, size_t len, const alphabet_t *a)
{
    size_t    i, n, need;
    uint8_t  *p;
    uint32_t  bits;

    /* room for all of it or nothing is written: half a value is no value */

    need = len / 3 * 4 + (len % 3 ? (a->padded ? 4 : len % 3 + 1) : 0);

    if (out->failed || need == 0) {
        return;
    }

    if (need > out->cap - out->len) {
        out->failed = 1;
        return;
    }

    p = out->data + out->len;
    out->len += need;

    for (i = 0; i < len; i += n) {
        n = len - i < 3 ? len - i : 3;

        bits = (uint32_t) data[i] << 16;
        bits |= n > 1 ? (uint32_t) data[i + 1] << 8 : 0;
        bits |= n > 2 ? data[i + 2] : 0;

        *p++ = letter(bits >> 18, a);
        *p++ = letter(bits >> 12 & 63, a);

        if (n > 1) {
            *p++ = letter(bits >> 6 & 63, a);
        } else if (a->padded) {
            *p++ = '=';
        }

        if (n > 2) {
            *p++ = letter(bits & 63, a);
        } else if (a->padded) {
            *p++ = '=';
        }
    }
}


/* 0..63, or 64 for a byte that is not in the alphabet. */
static inline uint32_t
value_of(uint8_t c, const alphabet_t *a)
{
    static const uint8_t  values[] = {
        52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 64, 64, 64, 64, 64, 64, 64,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
        20, 21, 22, 23, 24, 25, 64, 64, 64, 64, 64, 64,
        26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
        44, 45, 46, 47, 48, 49, 50, 51
    };

    if (c >= '0' && c <= 'z' && values[c - '0'] < 64) {
        return values[c - '0'];
    }

    return c == a->c62 ? 62 : c == a->c63 ? 63 : 64;
}


/* n characters, 2 to 4, as the first of a group of four: its 24 bits, or
   NO_GROUP. */
static inline uint32_t
group(const uint8_t *p, size_t n, const alphabet_t *a)
{
    uint32_t  v[4];

    v[0] = value_of(p[0], a);
    v[1] = value_of(p[1], a);
    v[2] = n > 2 ? value_of(p[2], a) : 0;
    v[3] = n > 3 ? value_of(p[3], a) : 0;

    if ((v[0] | v[1] | v[2] | v[3]) > 63) {
        return NO_GROUP;
    }

    return v[0] << 18 | v[1] << 12 | v[2] << 6 | v[3];
}


/* text carries no padding here; its length tells how the last group ends. */

static int
decode(mfa_buf_t *out, mfa_str_t text, const alphabet_t *a)
{
    size_t     i, need, done;
    uint8_t   *p;
    size_t     n;
    uint32_t   bits;

    if (out->failed || text.len % 4 == 1) {
        return -1;
    }

    need = text.len / 4 * 3 + (text.len % 4 ? text.len % 4 - 1 : 0);

    if (need > out->cap - out->len) {
        out->failed = 1;
        return -1;
    }

    if (need == 0) {
        return 0;
    }

    p = out->data + out->len;
    done = 0;

    for (i = 0; i + 4 <= text.len; i += 4) {
        bits = group(text.data + i, 4, a);

        if (bits == NO_GROUP) {
            goto refused;
        }

        p[done++] = (uint8_t) (bits >> 16);
        p[done++] = (uint8_t) (bits >> 8);
        p[done++] = (uint8_t) bits;
    }

    n = text.len - i;
    bits = n ? group(text.data + i, n, a) : 0;

    /* The bits that are over are none of a value. */
    if (bits == NO_GROUP || (bits & (n == 2 ? 0xffff : n == 3 ? 0xff : 0))) {
        goto refused;
    }

    if (n) {
        p[done++] = (uint8_t) (bits >> 16);
    }

    if (n == 3) {
        p[done++] = (uint8_t) (bits >> 8);
    }

    out->len += need;

    return 0;

refused:

    mfa_wipe(p, done);

    return -1;
}


static uint8_t
letter(unsigned value, const alphabet_t *a)
{
    if (value < 26) {
        return (uint8_t) ('A' + value);
    }

    if (value < 52) {
        return (uint8_t) ('a' + value - 26);
    }

    if (value < 62) {
        return (uint8_t) ('0' + value - 52);
    }

    return value == 62 ? a->c62 : a->c63;
}


static int
unpad(mfa_str_t *text)
{
    unsigned  n;

    if (text->len % 4 != 0) {
        return -1;
    }

    for (n = 0; n < 2 && text->len && text->data[text->len - 1] == '='; n++) {
        text->len--;
    }

    return 0;
}
