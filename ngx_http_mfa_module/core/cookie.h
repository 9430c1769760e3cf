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

/* The names that are ours, none of them empty, without blanks and '='; made once,
   of what outlives it. */
typedef struct {
    const mfa_str_t  *names;
    size_t            n;
    uint64_t          first[4];             /* bit C: one begins with byte C */
} mfa_cookie_names_t;

void mfa_cookie_names(mfa_cookie_names_t *ours, const mfa_str_t *names,
    size_t n);

/*
 * Takes our cookies out of one Cookie header line: adds what it finds of the name
 * i to found[i] (zeroed by the caller before the first line).  Returns the number
 * of pairs that are ours.
 *
 * A name that differs from ours only in the case of its letters, or by blanks
 * around it, counts as another occurrence without a value being taken: disguised
 * copies make n at least 2 or leave value empty, so that they never authenticate.
 *
 * What the upstream may see is the line without all of these: *rest, a part of
 * line, unless *scattered says that the other pairs do not stand side by side in
 * it; then mfa_cookie_rest joins them.
 */
unsigned mfa_cookie_take(mfa_str_t line, const mfa_cookie_names_t *ours,
    mfa_cookie_t *found, mfa_str_t *rest, int *scattered);

/* Writes line without our cookies.  The other pairs keep their bytes and order,
   joined by "; ", so out needs up to one byte more for each ';' of line (2 *
   line.len is always enough). */
void mfa_cookie_rest(mfa_buf_t *out, mfa_str_t line,
    const mfa_cookie_names_t *ours);

/* Whether a Set-Cookie response line of an upstream sets one of ours (same
   comparison). */
int mfa_cookie_sets(mfa_str_t set_cookie, const mfa_cookie_names_t *ours);

#endif /* MFA_COOKIE_H */
