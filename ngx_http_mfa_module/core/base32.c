/*
 * Base32 for TOTP keys: into the otpauth URI and onto the page for people who
 * type the key, and back from what an import or mfactl is given.
 *
 * Forgiving about what people and apps vary (case, grouping, padding) and about
 * nothing else: a letter too many or stray bits mean a mistyped key.
 *
 * Writes into the caller's buffer; what a refused text has left there is wiped.
 */

#include "core/base32.h"


static unsigned value_of(uint8_t c);
static int is_gap(uint8_t c);
static int padding_fits(size_t letters, size_t pads);


void
mfa_base32_encode(mfa_buf_t *out, const uint8_t *data, size_t len)
{
    size_t    i;
    unsigned  n;
    uint32_t  bits;

    static const char  letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /* room for all of it or nothing is written: half a key is no key */

    if (!out->failed && MFA_BASE32_LEN(len) > out->cap - out->len) {
        out->failed = 1;
        return;
    }

    bits = 0;
    n = 0;

    for (i = 0; i < len; i++) {
        bits = (bits << 8 | data[i]) & 0xfff;
        n += 8;

        while (n >= 5) {
            n -= 5;
            mfa_buf_byte(out, (uint8_t) letters[bits >> n & 31]);
        }
    }

    if (n) {
        mfa_buf_byte(out, (uint8_t) letters[bits << (5 - n) & 31]);
    }
}


int
mfa_base32_decode(mfa_buf_t *out, mfa_str_t text)
{
    size_t    i, start, letters, pads;
    uint32_t  bits;
    unsigned  value, n;

    start = out->len;
    letters = 0;
    pads = 0;
    bits = 0;
    n = 0;

    for (i = 0; i < text.len; i++) {
        if (is_gap(text.data[i])) {
            continue;
        }

        if (text.data[i] == '=') {
            pads++;
            continue;
        }

        value = value_of(text.data[i]);

        if (value > 31 || pads) {
            goto refused;
        }

        letters++;
        bits = bits << 5 | value;
        n += 5;

        if (n >= 8) {
            n -= 8;
            mfa_buf_byte(out, (uint8_t) (bits >> n));
            bits &= (1u << n) - 1;
        }
    }

    if (bits == 0 && padding_fits(letters, pads) && !out->failed) {
        return 0;
    }

refused:

    if (out->len > start) {
        mfa_wipe(out->data + start, out->len - start);
        out->len = start;
    }

    return -1;
}


static unsigned
value_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }

    if (c >= 'a' && c <= 'z') {
        return c - 'a';
    }

    if (c >= '2' && c <= '7') {
        return c - '2' + 26u;
    }

    return 32;
}


static int
is_gap(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '-';
}


/*
 * One, three or six letters over a whole group cannot come from bytes; padding,
 * where there is any, fills the group exactly.
 */

static int
padding_fits(size_t letters, size_t pads)
{
    size_t  over;

    over = letters % 8;

    if (over == 1 || over == 3 || over == 6) {
        return 0;
    }

    return pads == 0 || (over != 0 && pads == 8 - over);
}
