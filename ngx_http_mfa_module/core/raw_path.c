/*
 * Readings of a path, see raw_path.h.  Each step is taken on each reading, and what
 * comes out is a reading when it is a new one: until nothing new comes.
 */

#include "core/raw_path.h"

#include <string.h>

/* Writes what a program makes of a path to out; no longer than the path.  Returns
   the length. */
typedef size_t (*step_fn)(mfa_str_t path, uint8_t *out);


static int
hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


/* The byte that an escape at s stands for, or -1 when there is none. */
static int
escaped(const uint8_t *s, size_t len)
{
    int  high, low;

    if (len < 3 || s[0] != '%') {
        return -1;
    }

    high = hex_digit(s[1]);
    low = hex_digit(s[2]);

    return high < 0 || low < 0 ? -1 : high * 16 + low;
}


/* What has a meaning in a path, for somebody. */
static int
is_special(int c)
{
    switch (c) {
    case '\0':
    case '#':
    case '%':
    case '.':
    case '/':
    case ';':
    case '?':
    case '\\':
        return 1;
    default:
        return 0;
    }
}


static size_t
decode_those(mfa_str_t path, uint8_t *out, int special)
{
    int     c;
    size_t  i, n;

    for (i = 0, n = 0; i < path.len; i++, n++) {
        c = escaped(path.data + i, path.len - i);

        if (c >= 0 && (special || !is_special(c))) {
            out[n] = (uint8_t) c;
            i += 2;

        } else {
            out[n] = path.data[i];
        }
    }

    return n;
}


static size_t
decode(mfa_str_t path, uint8_t *out)
{
    return decode_those(path, out, 1);
}


static size_t
cut_parameters(mfa_str_t path, uint8_t *out)
{
    int     cut;
    size_t  i, n;

    cut = 0;

    for (i = 0, n = 0; i < path.len; i++) {
        cut = path.data[i] != '/' && (cut || path.data[i] == ';');

        if (!cut) {
            out[n++] = path.data[i];
        }
    }

    return n;
}


static size_t
cut_end(mfa_str_t path, uint8_t *out)
{
    size_t  n;

    for (n = 0; n < path.len && memchr("?#", path.data[n], 3) == NULL; n++) {
        out[n] = path.data[n];
    }

    return n;
}


static size_t
turn_backslashes(mfa_str_t path, uint8_t *out)
{
    size_t  n;

    for (n = 0; n < path.len; n++) {
        out[n] = path.data[n] == '\\' ? '/' : path.data[n];
    }

    return n;
}


static size_t
merge_slashes(mfa_str_t path, uint8_t *out)
{
    size_t  i, n;

    for (i = 0, n = 0; i < path.len; i++) {
        if (path.data[i] != '/' || n == 0 || out[n - 1] != '/') {
            out[n++] = path.data[i];
        }
    }

    return n;
}


/* RFC 3986, section 5.2.4: an empty segment is one. */
static size_t
resolve_dots(mfa_str_t path, uint8_t *out)
{
    size_t  n, from, end, dots;

    out[0] = '/';
    n = 1;

    for (from = 1; from < path.len; from = end + 1) {
        end = from;

        while (end < path.len && path.data[end] != '/') {
            end++;
        }

        dots = end - from;

        if (dots > 2 || memcmp(path.data + from, "..", dots) != 0 || dots == 0) {
            memcpy(out + n, path.data + from, end - from);
            n += end - from;

            if (end < path.len) {
                out[n++] = '/';
            }

        } else if (dots == 2) {
            n -= n > 1;

            while (out[n - 1] != '/') {
                n--;
            }
        }
    }

    return n;
}


static const step_fn  steps[] = {
    decode, cut_parameters, cut_end, turn_backslashes, merge_slashes,
    resolve_dots
};


int
mfa_raw_path_plain(mfa_str_t path)
{
    int      c;
    size_t   i;
    uint8_t  before;

    before = '\0';

    for (i = 0; i < path.len; i++) {
        switch (path.data[i]) {
        case ';':
        case '\\':
        case '#':
            return 0;
        case '.':
        case '/':
            if (before == '/') {
                return 0;
            }

            break;
        case '%':
            c = escaped(path.data + i, path.len - i);

            if (c >= 0 && is_special(c)) {
                return 0;
            }

            break;
        default:
            break;
        }

        before = path.data[i];
    }

    return 1;
}


/* Keeps the len bytes behind those in use, when they are new; 0, or -1 when there
   is no room for another. */
static int
keep(mfa_raw_path_t *raw, size_t len)
{
    size_t     i;
    mfa_str_t  reading = { raw->room + raw->used, len };

    for (i = 0; i < raw->n; i++) {
        if (mfa_str_eq(raw->readings[i], reading)) {
            return 0;
        }
    }

    if (raw->n == MFA_RAW_PATH_N) {
        return -1;
    }

    raw->readings[raw->n++] = reading;
    raw->used += len;

    return 0;
}


int
mfa_raw_path_begin(mfa_raw_path_t *raw, mfa_str_t path)
{
    size_t  slash;

    if (path.len > MFA_RAW_PATH_MAX) {
        return -1;
    }

    raw->used = 0;
    raw->n = 0;
    raw->given = 0;

    slash = path.len == 0 || path.data[0] != '/';
    raw->room[0] = '/';

    /* What has no meaning to anybody is decoded by all. */
    return keep(raw, slash + decode_those(path, raw->room + slash, 0));
}


int
mfa_raw_path_next(mfa_raw_path_t *raw, mfa_str_t *reading)
{
    size_t  i;

    if (raw->given == raw->n) {
        return 0;
    }

    *reading = raw->readings[raw->given++];

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (MFA_RAW_PATH_ROOM - raw->used < reading->len
            || keep(raw, steps[i](*reading, raw->room + raw->used)) != 0)
        {
            return -1;
        }
    }

    return 1;
}
