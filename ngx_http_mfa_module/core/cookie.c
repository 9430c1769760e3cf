/*
 * The Cookie request header and upstreams' Set-Cookie lines.
 *
 * Two readings of a name live here.  The strict one (byte for byte) decides
 * whether a value is taken.  The loose one (blanks around it and the case of
 * its letters ignored) decides what counts as a copy and what is kept from the
 * upstream, because some server behind us may read as loosely as that.
 *
 * Values are neither decoded nor judged here: the token parser does that.
 * Called by the gate; every view points into the header line given.
 */

#include "core/cookie.h"


/*
 * A browser never puts control bytes around a name; servers that trim "white
 * space" do not agree on which of them they trim.
 */
static int
is_blank(uint8_t c)
{
    return c <= ' ' || c == 0x7f;
}


static mfa_str_t
trim_blanks(mfa_str_t s)
{
    while (s.len != 0 && is_blank(s.data[0])) {
        s.data++;
        s.len--;
    }

    while (s.len != 0 && is_blank(s.data[s.len - 1])) {
        s.len--;
    }

    return s;
}


static uint8_t
lower(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') ? (uint8_t) (c | 0x20) : c;
}


/* The loose reading of a name. */
static int
looks_like(mfa_str_t found, mfa_str_t name)
{
    size_t  i;

    found = trim_blanks(found);

    if (found.len != name.len) {
        return 0;
    }

    for (i = 0; i < name.len; i++) {
        if (lower(found.data[i]) != lower(name.data[i])) {
            return 0;
        }
    }

    return 1;
}


static int
looks_like_any(mfa_str_t found, const mfa_str_t *names, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (looks_like(found, names[i])) {
            return 1;
        }
    }

    return 0;
}


/*
 * Takes the next pair off *line; 0 at the end.  Spaces are dropped behind a ';'
 * alone: *behind says whether one was met, and is 0 before the first call.
 */
static int
next_pair(mfa_str_t *line, int *behind, mfa_str_t *pair)
{
    if (line->len == 0) {
        return 0;
    }

    (void) mfa_str_cut(*line, ';', pair, line);

    while (*behind && pair->len != 0 && pair->data[0] == ' ') {
        pair->data++;
        pair->len--;
    }

    *behind = 1;

    return 1;
}


void
mfa_cookie_find(mfa_cookie_t *cookie, mfa_str_t line, mfa_str_t name)
{
    int        behind = 0;
    mfa_str_t  pair, found, value;

    while (next_pair(&line, &behind, &pair)) {
        (void) mfa_str_cut(pair, '=', &found, &value);

        /* A bare name, without '=', is a copy with an empty value. */
        if (!looks_like(found, name)) {
            continue;
        }

        if (cookie->n == 0 && mfa_str_eq(found, name)) {
            cookie->value = value;
        }

        cookie->n++;
    }
}


unsigned
mfa_cookie_strip(mfa_buf_t *out, mfa_str_t line, const mfa_str_t *names,
    size_t n)
{
    int        behind = 0, written = 0;
    unsigned   left_out = 0;
    mfa_str_t  pair, found, value;

    while (next_pair(&line, &behind, &pair)) {
        if (pair.len == 0) {
            continue;
        }

        (void) mfa_str_cut(pair, '=', &found, &value);

        if (looks_like_any(found, names, n)) {
            left_out++;
            continue;
        }

        if (written) {
            mfa_buf_cstr(out, "; ");
        }

        mfa_buf_str(out, pair);
        written = 1;
    }

    return left_out;
}


int
mfa_cookie_sets(mfa_str_t set_cookie, const mfa_str_t *names, size_t n)
{
    mfa_str_t  pair, found, rest;

    (void) mfa_str_cut(set_cookie, ';', &pair, &rest);
    pair = trim_blanks(pair);

    /*
     * "=sid=x" makes a cookie without a name whose value is "sid=x", and a
     * browser sends back just that: our name, on a detour.
     */
    while (pair.len != 0 && (pair.data[0] == '=' || is_blank(pair.data[0]))) {
        pair.data++;
        pair.len--;
    }

    (void) mfa_str_cut(pair, '=', &found, &rest);

    return looks_like_any(found, names, n);
}
