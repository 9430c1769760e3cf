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
static unsigned value_of(uint8_t c, const alphabet_t *a);
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


/* text carries no padding here; its length tells how the last group ends. */

static int
decode(mfa_buf_t *out, mfa_str_t text, const alphabet_t *a)
{
    size_t     i, need, done;
    uint8_t   *p;
    uint32_t   bits;
    unsigned   value, n;

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
    bits = 0;
    n = 0;
    done = 0;

    for (i = 0; i < text.len; i++) {
        value = value_of(text.data[i], a);

        if (value > 63) {
            goto refused;
        }

        bits = bits << 6 | value;
        n += 6;

        if (n >= 8) {
            n -= 8;
            p[done++] = (uint8_t) (bits >> n);
            bits &= (1u << n) - 1;
        }
    }

    if (bits != 0) {
        goto refused;
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


/* 0..63, or 64 for a byte that is not in the alphabet. */

static unsigned
value_of(uint8_t c, const alphabet_t *a)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }

    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26u;
    }

    if (c >= '0' && c <= '9') {
        return c - '0' + 52u;
    }

    return c == a->c62 ? 62 : c == a->c63 ? 63 : 64;
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
