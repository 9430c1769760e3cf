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


/* Both of name's length. */
static int
same_letters(mfa_str_t found, mfa_str_t name)
{
    size_t  i;

    if (memcmp(found.data, name.data, name.len) == 0) {
        return 1;
    }

    for (i = 0; i < name.len; i++) {
        if (found.data[i] != name.data[i]
            && mfa_lower(found.data[i]) != mfa_lower(name.data[i]))
        {
            return 0;
        }
    }

    return 1;
}


/*
 * Takes the next pair off *line and its name off that; 0 at the end.  Spaces are
 * dropped behind a ';' alone: *behind says whether one was met, and is 0 before
 * the first call.
 */
static int
next_pair(mfa_str_t *line, int *behind, mfa_str_t *pair, mfa_str_t *name)
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

    /* A bare name, without '=', is a copy with an empty value. */
    while (p != end && *p != '=') {
        p++;
    }

    name->data = pair->data;
    name->len = (size_t) (p - pair->data);

    return 1;
}


/* The lengths that names have, by which nearly every other cookie is told from
   ours: bit L, modulo 64. */
static uint64_t
lengths_of(const mfa_str_t *names, size_t n)
{
    size_t    i;
    uint64_t  lengths;

    lengths = 0;

    for (i = 0; i < n; i++) {
        lengths |= (uint64_t) 1 << names[i].len % 64;
    }

    return lengths;
}


/* Counts a pair whose name is one of ours; the value only of the exact name. */
static int
pair_take(mfa_str_t pair, mfa_str_t name, uint64_t lengths,
    const mfa_str_t *names, size_t n, mfa_cookie_t *found)
{
    int        ours;
    size_t     i, after;
    mfa_str_t  trimmed;

    ours = 0;
    trimmed = name;

    if (name.len && (is_blank(name.data[0])
                     || is_blank(name.data[name.len - 1])))
    {
        trimmed = trim_blanks(name);
    }

    if ((lengths >> trimmed.len % 64 & 1) == 0) {
        return 0;
    }

    for (i = 0; i < n; i++) {
        if (trimmed.len != names[i].len || !same_letters(trimmed, names[i])) {
            continue;
        }

        ours = 1;

        if (found[i].n++ == 0 && mfa_str_eq(name, names[i])) {
            after = name.len < pair.len ? name.len + 1 : name.len;
            found[i].value.data = pair.data + after;
            found[i].value.len = pair.len - after;
        }
    }

    return ours;
}


static void
write_run(mfa_buf_t *out, mfa_str_t run, int *written)
{
    if (run.len) {
        mfa_buf_add(out, "; ", *written ? 2 : 0);
        mfa_buf_str(out, run);
        *written = 1;
    }
}


/* Pairs that stand side by side, joined as they will be, go in one piece. */
unsigned
mfa_cookie_take(mfa_buf_t *out, mfa_str_t line, const mfa_str_t *names,
    size_t n, mfa_cookie_t *found)
{
    int        behind = 0, written = 0;
    unsigned   left_out = 0;
    uint64_t   lengths;
    mfa_str_t  pair, name, run = { NULL, 0 };

    lengths = lengths_of(names, n);

    while (next_pair(&line, &behind, &pair, &name)) {
        if (pair.len == 0) {
            continue;
        }

        if (pair_take(pair, name, lengths, names, n, found)) {
            left_out++;
            continue;
        }

        if (run.len && pair.data == run.data + run.len + 2
            && pair.data[-1] == ' ')
        {
            run.len += 2 + pair.len;
            continue;
        }

        write_run(out, run, &written);
        run = pair;
    }

    write_run(out, run, &written);

    return left_out;
}


int
mfa_cookie_sets(mfa_str_t set_cookie, const mfa_str_t *names, size_t n)
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

    for (i = 0; i < n; i++) {
        if (found.len == names[i].len && same_letters(found, names[i])) {
            return 1;
        }
    }

    return 0;
}
