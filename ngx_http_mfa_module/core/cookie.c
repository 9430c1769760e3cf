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

#include <string.h>


/*
 * A browser never puts control bytes around a name; servers that trim "white
 * space" do not agree on which of them they trim.
 */
static int
is_blank(uint8_t c)
{
    return c <= ' ' || c == 0x7f;
}


MFA_HOT static mfa_str_t
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


typedef enum { OTHER = 0, ALIKE, EXACT } same_e;


/* Both of name's length. */
MFA_HOT static same_e
same_letters(const uint8_t *found, mfa_str_t name)
{
    size_t  i;

    if (memcmp(found, name.data, name.len) == 0) {
        return EXACT;
    }

    for (i = 0; i < name.len; i++) {
        if (found[i] != name.data[i]
            && mfa_lower(found[i]) != mfa_lower(name.data[i]))
        {
            return OTHER;
        }
    }

    return ALIKE;
}


/* Takes the next pair off *line; 0 at the end.  Spaces are dropped behind a ';'
   alone: *behind says whether one was met, and is 0 before the first call. */
static int
next_pair(mfa_str_t *line, int *behind, mfa_str_t *pair)
{
    const uint8_t  *p, *end, *last;

    if (line->len == 0) {
        return 0;
    }

    p = line->data;
    end = memchr(p, ';', line->len);
    last = line->data + line->len;

    line->data = end ? end + 1 : last;
    line->len = (size_t) (last - line->data);

    if (end == NULL) {
        end = last;
    }

    while (*behind && p != end && *p == ' ') {
        p++;
    }

    *behind = 1;
    pair->data = p;
    pair->len = (size_t) (end - p);

    return 1;
}


/* Whether a name of ours begins with this byte, in some case. */
static int
may_begin(const mfa_cookie_names_t *ours, uint8_t c)
{
    return ours->first[c / 64] >> c % 64 & 1;
}


void
mfa_cookie_names(mfa_cookie_names_t *ours, const mfa_str_t *names, size_t n)
{
    size_t    i;
    unsigned  c;

    memset(ours, 0, sizeof(mfa_cookie_names_t));
    ours->names = names;
    ours->n = n;

    for (c = 0; c < 256; c++) {
        for (i = 0; i < n; i++) {
            if (mfa_lower((uint8_t) c) == mfa_lower(names[i].data[0])) {
                ours->first[c / 64] |= (uint64_t) 1 << c % 64;
            }
        }
    }
}


/* Counts a pair whose name, with no blanks around it, is one of ours; the value
   only of the exact name.  A bare name, without '=', is a copy with an empty
   value.  Our names have neither blanks nor '='. */
static int
pair_count(mfa_str_t pair, const mfa_cookie_names_t *ours, int disguised,
    mfa_cookie_t *found)
{
    int     counted;
    size_t  i, len;
    same_e  same;

    counted = 0;

    for (i = 0; i < ours->n; i++) {
        len = ours->names[i].len;

        if (pair.len < len || (pair.len > len && pair.data[len] != '=')) {
            continue;
        }

        same = same_letters(pair.data, ours->names[i]);

        if (same == OTHER) {
            continue;
        }

        counted = 1;

        if (found && found[i].n++ == 0 && same == EXACT && !disguised) {
            len += len < pair.len;
            found[i].value.data = pair.data + len;
            found[i].value.len = pair.len - len;
        }
    }

    return counted;
}


/* A name with blanks around it is a copy, too. */
static int
disguised_count(mfa_str_t pair, const mfa_cookie_names_t *ours,
    mfa_cookie_t *found)
{
    mfa_str_t  name, value, trimmed;

    (void) mfa_str_cut(pair, '=', &name, &value);
    trimmed = trim_blanks(name);

    return trimmed.len != name.len && pair_count(trimmed, ours, 1, found);
}


/* Nearly every other cookie is told from ours by its first letter.  found may be
   NULL: then nothing is counted. */
static int
pair_take(mfa_str_t pair, const mfa_cookie_names_t *ours, mfa_cookie_t *found)
{
    if (!may_begin(ours, pair.data[0]) && !is_blank(pair.data[0])) {
        return 0;
    }

    return pair_count(pair, ours, 0, found)
           || disguised_count(pair, ours, found);
}


MFA_HOT unsigned
mfa_cookie_take(mfa_str_t line, const mfa_cookie_names_t *ours,
    mfa_cookie_t *found, mfa_str_t *rest, int *scattered)
{
    int        behind = 0;
    unsigned   left_out = 0;
    mfa_str_t  pair;

    *rest = (mfa_str_t) { NULL, 0 };
    *scattered = 0;

    while (next_pair(&line, &behind, &pair)) {
        if (pair.len == 0) {
            continue;
        }

        if (pair_take(pair, ours, found)) {
            left_out++;

        } else if (rest->len == 0) {
            *rest = pair;

        } else if (pair.data == rest->data + rest->len + 2
                   && pair.data[-1] == ' ')
        {
            rest->len += 2 + pair.len;

        } else {
            *scattered = 1;
        }
    }

    return left_out;
}


void
mfa_cookie_rest(mfa_buf_t *out, mfa_str_t line,
    const mfa_cookie_names_t *ours)
{
    int        behind = 0, written = 0;
    mfa_str_t  pair;

    while (next_pair(&line, &behind, &pair)) {
        if (pair.len != 0 && !pair_take(pair, ours, NULL)) {
            mfa_buf_add(out, "; ", written ? 2 : 0);
            mfa_buf_str(out, pair);
            written = 1;
        }
    }
}


int
mfa_cookie_sets(mfa_str_t set_cookie, const mfa_cookie_names_t *ours)
{
    size_t     i;
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

    found = trim_blanks(found);

    for (i = 0; i < ours->n; i++) {
        if (found.len == ours->names[i].len
            && same_letters(found.data, ours->names[i]) != OTHER)
        {
            return 1;
        }
    }

    return 0;
}
