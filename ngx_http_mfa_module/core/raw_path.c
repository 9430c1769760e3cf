/*
 * Ambiguous paths, see raw_path.h: counts the ".." of a path twice, read as nginx
 * reads it and as the most lenient upstream would.
 */

#include "core/raw_path.h"

#include <string.h>

#define DECODED_TIMES  3                    /* by the most lenient upstream */


static int
hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


/* Decodes percent-escapes in place, once; what is none stays. */
static size_t
decode(uint8_t *path, size_t len)
{
    int     high, low;
    size_t  i, n;

    for (i = 0, n = 0; i < len; i++, n++) {
        path[n] = path[i];

        if (path[i] != '%' || len - i < 3) {
            continue;
        }

        high = hex_digit(path[i + 1]);
        low = hex_digit(path[i + 2]);

        if (high >= 0 && low >= 0) {
            path[n] = (uint8_t) (high * 16 + low);
            i += 2;
        }
    }

    return n;
}


/* Segments that mean "up".  Leniently, a backslash separates, parameters are
   cut off, and a NUL ends a segment. */
static unsigned
ups(const uint8_t *path, size_t len, int lenient)
{
    size_t    i, dots, others;
    unsigned  n;
    int       cut;

    n = 0;
    dots = 0;
    others = 0;
    cut = 0;

    for (i = 0; i <= len; i++) {
        if (i == len || path[i] == '/' || (lenient && path[i] == '\\')) {
            n += dots == 2 && others == 0;
            dots = 0;
            others = 0;
            cut = 0;

        } else if (lenient && (path[i] == ';' || path[i] == '\0')) {
            cut = 1;

        } else if (cut) {
            continue;

        } else if (path[i] == '.') {
            dots++;

        } else {
            others++;
        }
    }

    return n;
}


int
mfa_raw_path_ambiguous(mfa_str_t target)
{
    int       plain;
    size_t    len;
    uint8_t   path[MFA_RAW_PATH_MAX];
    unsigned  seen, times;

    plain = 1;

    for (len = 0; len < target.len && target.data[len] != '?'; len++) {
        plain &= target.data[len] != '%' && target.data[len] != ';'
                 && target.data[len] != '\\';
    }

    /* Nothing in it that could be read in two ways. */
    if (plain) {
        return 0;
    }

    if (len > sizeof(path)) {
        return 1;
    }

    memcpy(path, target.data, len);
    len = decode(path, len);
    seen = ups(path, len, 0);

    if (ups(path, len, 1) != seen) {
        return 1;
    }

    for (times = 1; times < DECODED_TIMES; times++) {
        len = decode(path, len);

        if (ups(path, len, 1) != seen) {
            return 1;
        }
    }

    return 0;
}
