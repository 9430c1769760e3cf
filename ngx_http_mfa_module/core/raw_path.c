/*
 * Readings of a path, see raw_path.h: each number of times it may be decoded,
 * with each set of liberties that makes a difference.
 */

#include "core/raw_path.h"

#include <string.h>

#define ROUNDS  4                           /* decoded never to three times */

/* Liberties.  None: as nginx reads it. */
#define BACKSLASH   1u                      /* is a slash */
#define PARAMETERS  2u                      /* of a segment are cut off */
#define ENDS        4u                      /* at '?', '#' or NUL */
#define UNRESOLVED  8u                      /* "." and ".." are names */
#define UNMERGED    16u                     /* "//" has a segment in it */
#define LIBERTIES   32u


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


/* Decodes in place, once; without all, only what has no meaning. */
static size_t
decode(uint8_t *text, size_t len, int all)
{
    int     c;
    size_t  i, n;

    for (i = 0, n = 0; i < len; i++, n++) {
        c = escaped(text + i, len - i);

        if (c >= 0 && (all || !is_special(c))) {
            text[n] = (uint8_t) c;
            i += 2;

        } else {
            text[n] = text[i];
        }
    }

    return n;
}


/* The liberties that can change how a text is read. */
static unsigned
liberties(const uint8_t *text, size_t len)
{
    size_t    i;
    unsigned  may;

    may = 0;

    for (i = 0; i < len; i++) {
        switch (text[i]) {
        case '\\':
            may |= BACKSLASH | UNMERGED;
            break;
        case ';':
            may |= PARAMETERS;
            break;
        case '\0':
        case '#':
        case '?':
            may |= ENDS;
            break;
        case '.':
            may |= UNRESOLVED;
            break;
        case '/':
            may |= i && text[i - 1] == '/' ? UNMERGED : 0;
            break;
        default:
            break;
        }
    }

    return may;
}


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


int
mfa_raw_path_begin(mfa_raw_path_t *readings, mfa_str_t path)
{
    if (path.len > MFA_RAW_PATH_MAX) {
        return -1;
    }

    readings->raw = path;
    readings->round = 0;
    readings->how = 0;

    if (path.len) {
        memcpy(readings->text, path.data, path.len);
    }

    readings->len = decode(readings->text, path.len, 0);
    readings->may = liberties(readings->text, readings->len);

    return 0;
}


/* The next set of liberties, or the first of the next round; 0 after the last. */
static int
next_set(mfa_raw_path_t *readings)
{
    size_t  len;

    while (++readings->how < LIBERTIES) {
        if ((readings->how & ~readings->may) == 0) {
            return 1;
        }
    }

    if (++readings->round == ROUNDS) {
        return 0;
    }

    if (readings->round == 1) {
        memcpy(readings->text, readings->raw.data, readings->raw.len);
        readings->len = readings->raw.len;
    }

    len = decode(readings->text, readings->len, 1);

    /* Nothing was left to decode. */
    if (len == readings->len && readings->round > 1) {
        return 0;
    }

    readings->len = len;
    readings->may = liberties(readings->text, len);
    readings->how = 0;

    return 1;
}


/* Where the segment at from ends: at a separator or at the end. */
static size_t
segment_end(const mfa_raw_path_t *readings, size_t from, size_t len)
{
    while (from < len && readings->text[from] != '/'
           && !(readings->text[from] == '\\' && readings->how & BACKSLASH))
    {
        from++;
    }

    return from;
}


/* Where the first of n bytes is, that end what is read; to when there is none. */
static size_t
cut_at(const uint8_t *text, size_t from, size_t to, const char *ends, size_t n)
{
    while (from < to && memchr(ends, text[from], n) == NULL) {
        from++;
    }

    return from;
}


/* Without the last segment; never without the first slash. */
static size_t
up(const uint8_t *path, size_t n)
{
    n -= n > 1;

    while (path[n - 1] != '/') {
        n--;
    }

    return n;
}


static mfa_str_t
read_path(mfa_raw_path_t *readings)
{
    size_t          n, from, to, end, len, dots;
    const uint8_t  *text = readings->text;

    len = readings->how & ENDS ? cut_at(text, 0, readings->len, "?#\0", 3)
                               : readings->len;
    readings->path[0] = '/';
    n = 1;

    for (from = len && segment_end(readings, 0, len) == 0; from < len;
         from = end + 1)
    {
        end = segment_end(readings, from, len);
        to = readings->how & PARAMETERS ? cut_at(text, from, end, ";", 1) : end;
        dots = to - from;

        if (!(readings->how & UNRESOLVED) && (dots == 1 || dots == 2)
            && memcmp(text + from, "..", dots) == 0)
        {
            n = dots == 2 ? up(readings->path, n) : n;
            continue;
        }

        memcpy(readings->path + n, text + from, to - from);
        n += to - from;

        if (end < len && (to > from || readings->how & UNMERGED)) {
            readings->path[n++] = '/';
        }
    }

    return (mfa_str_t) { readings->path, n };
}


int
mfa_raw_path_next(mfa_raw_path_t *readings, mfa_str_t *path)
{
    if (readings->round == ROUNDS) {
        return 0;
    }

    *path = read_path(readings);

    if (!next_set(readings)) {
        readings->round = ROUNDS;
    }

    return 1;
}
