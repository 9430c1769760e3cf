/*
 * Views, bounded buffers, wiping.  Everything else in core/ is written on top
 * of these few functions, so they take the awkward inputs (an empty view whose
 * data is NULL, a buffer already full) without the caller having to ask first.
 *
 * Allocates nothing and owns nothing: views and buffers stand on the caller's
 * memory.  Knows no encodings and no locale; case is a matter of the parsers.
 */

#include "core/str.h"

#include <string.h>

#include <openssl/crypto.h>


static size_t utf8_char(const uint8_t *p, size_t len);


mfa_str_t
mfa_str_from(const char *s)
{
    mfa_str_t  v = { NULL, 0 };

    if (s != NULL) {
        v.data = (const uint8_t *) s;
        v.len = strlen(s);
    }

    return v;
}


MFA_HOT int
mfa_str_eq(mfa_str_t a, mfa_str_t b)
{
    /* memcmp may not be handed NULL, not even for no bytes */

    return a.len == b.len
           && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}


int
mfa_str_is(mfa_str_t a, const char *s)
{
    return mfa_str_eq(a, mfa_str_from(s));
}


int
mfa_str_eq_secret(mfa_str_t a, mfa_str_t b)
{
    return a.len == b.len
           && (a.len == 0 || CRYPTO_memcmp(a.data, b.data, a.len) == 0);
}


uint8_t
mfa_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t) (c | 0x20) : c;
}


int
mfa_str_same(mfa_str_t a, mfa_str_t b)
{
    size_t  i;

    if (a.len != b.len) {
        return 0;
    }

    for (i = 0; i < a.len; i++) {
        if (mfa_lower(a.data[i]) != mfa_lower(b.data[i])) {
            return 0;
        }
    }

    return 1;
}


int
mfa_str_begins(mfa_str_t s, const char *prefix)
{
    mfa_str_t  p = mfa_str_from(prefix);

    if (s.len < p.len) {
        return 0;
    }

    s.len = p.len;

    return mfa_str_eq(s, p);
}


int
mfa_str_cut(mfa_str_t s, uint8_t sep, mfa_str_t *head, mfa_str_t *rest)
{
    const uint8_t  *at;

    at = s.len ? memchr(s.data, sep, s.len) : NULL;

    if (at == NULL) {
        *head = s;
        *rest = (mfa_str_t) { NULL, 0 };
        return 0;
    }

    head->data = s.data;
    head->len = (size_t) (at - s.data);
    rest->data = at + 1;
    rest->len = s.len - head->len - 1;

    return 1;
}


int
mfa_str_int(mfa_str_t s, int64_t *out)
{
    size_t    i;
    int64_t   n;
    unsigned  digit, minus;

    minus = s.len > 0 && s.data[0] == '-';

    if (s.len == minus) {
        return -1;
    }

    n = 0;
    i = minus;

    /* Eighteen digits always fit: no need to look for an overflow. */
    for (/* void */; i < s.len && i - minus < 18; i++) {
        digit = (unsigned) s.data[i] - '0';

        if (digit > 9) {
            return -1;
        }

        n = n * 10 - (int64_t) digit;
    }

    /* counted downwards: INT64_MIN has no positive counterpart */

    for (/* void */; i < s.len; i++) {
        digit = (unsigned) s.data[i] - '0';

        if (digit > 9 || n < (INT64_MIN + (int64_t) digit) / 10) {
            return -1;
        }

        n = n * 10 - (int64_t) digit;
    }

    if (!minus) {
        if (n == INT64_MIN) {
            return -1;
        }

        n = -n;
    }

    *out = n;

    return 0;
}


/* Whether eight bytes are all of 0x20 to 0x7e: none has its high bit set, and
   none gets it by adding 1, or loses it from 0x80 by taking 0x20 away. */
static int
plain_ascii(const uint8_t *p)
{
    uint64_t  w;

    const uint64_t  each = 0x0101010101010101, high = 0x80 * each;

    memcpy(&w, p, sizeof(w));

    return ((w | (w + each) | ~((w | high) - 0x20 * each)) & high) == 0;
}


MFA_HOT int
mfa_str_printable(mfa_str_t s)
{
    size_t  i, n;

    for (i = 0; i < s.len; i += n) {
        n = sizeof(uint64_t);

        if (s.len - i >= n && plain_ascii(s.data + i)) {
            continue;
        }

        n = utf8_char(s.data + i, s.len - i);

        if (n == 0) {
            return 0;
        }
    }

    return 1;
}


/*
 * Bytes of the character at p, or 0 when it is a control character (C0, DEL,
 * C1) or no well-formed UTF-8.  The range of the second byte is what excludes
 * overlong forms, surrogates and all above U+10FFFF (RFC 3629 section 4).
 */

static size_t
utf8_char(const uint8_t *p, size_t len)
{
    size_t   n, i;
    uint8_t  low, high;

    if (p[0] < 0x80) {
        return p[0] >= 0x20 && p[0] != 0x7f;
    }

    if (p[0] < 0xc2 || p[0] > 0xf4) {
        return 0;
    }

    n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

    if (len < n) {
        return 0;
    }

    low = p[0] == 0xc2 || p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;

    if (p[1] < low || p[1] > high) {
        return 0;
    }

    for (i = 2; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }

    return n;
}


MFA_HOT void
mfa_buf_init(mfa_buf_t *b, void *data, size_t cap)
{
    b->data = data;
    b->len = 0;
    b->cap = cap;
    b->failed = 0;
}


void
mfa_buf_add(mfa_buf_t *b, const void *data, size_t len)
{
    if (b->failed || len == 0) {
        return;
    }

    if (len > b->cap - b->len) {
        b->failed = 1;
        return;
    }

    memcpy(b->data + b->len, data, len);
    b->len += len;
}


void
mfa_buf_str(mfa_buf_t *b, mfa_str_t s)
{
    mfa_buf_add(b, s.data, s.len);
}


void
mfa_buf_cstr(mfa_buf_t *b, const char *s)
{
    mfa_buf_str(b, mfa_str_from(s));
}


void
mfa_buf_byte(mfa_buf_t *b, uint8_t c)
{
    mfa_buf_add(b, &c, 1);
}


void
mfa_buf_int(mfa_buf_t *b, int64_t n)
{
    size_t    i;
    uint8_t   digits[20];                   /* "-9223372036854775808" */
    uint64_t  rest;

    /* unsigned, because -INT64_MIN does not exist */

    rest = n < 0 ? 0 - (uint64_t) n : (uint64_t) n;
    i = sizeof(digits);

    do {
        digits[--i] = (uint8_t) ('0' + rest % 10);
        rest /= 10;
    } while (rest);

    if (n < 0) {
        digits[--i] = '-';
    }

    mfa_buf_add(b, digits + i, sizeof(digits) - i);
}


mfa_str_t
mfa_buf_since(const mfa_buf_t *b, size_t from)
{
    mfa_str_t  v = { NULL, 0 };

    if (from < b->len) {
        v.data = b->data + from;
        v.len = b->len - from;
    }

    return v;
}


void
mfa_wipe(void *data, size_t len)
{
    OPENSSL_cleanse(data, len);
}
