/*
 * The Cookie request header, read strictly: pairs separated by ';', names
 * compared byte for byte, nothing trimmed but the blanks after ';', no commas,
 * no quotes (security 43).  nginx's own $cookie_NAME on 1.22 does none of this.
 */

#ifndef MFA_COOKIE_H
#define MFA_COOKIE_H

#include "core/str.h"

#define MFA_COOKIE_NAME_MAX   64

/* How often the name was met, over all header lines of a request. */
typedef struct {
    mfa_str_t  value;                       /* of the first, a view */
    unsigned   n;                           /* 0 none, 1 fine, more: refuse */
} mfa_cookie_t;

/*
 * Takes our cookies out of one Cookie header line: adds what it finds of
 * names[i] to found[i] (zeroed by the caller before the first line) and writes
 * the line to out without them: what the upstream may see.
 *
 * A name that differs from ours only in the case of its letters, or by blanks
 * around it, is left out as well and counts as another occurrence without a value
 * being taken: disguised copies make n at least 2 or leave value empty, so that
 * they never authenticate.
 *
 * The other pairs keep their bytes and order, joined by "; ", so out needs up to
 * one byte more for each ';' of line (2 * line.len is always enough).  Returns
 * the number of pairs left out.
 */
unsigned mfa_cookie_take(mfa_buf_t *out, mfa_str_t line,
    const mfa_str_t *names, size_t n, mfa_cookie_t *found);

/*
 * Whether a Set-Cookie response line of an upstream sets one of names (same
 * comparison).
 */
int mfa_cookie_sets(mfa_str_t set_cookie, const mfa_str_t *names, size_t n);

#endif /* MFA_COOKIE_H */
