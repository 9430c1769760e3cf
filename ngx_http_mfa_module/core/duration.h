/*
 * Times as nginx and people write them: "90", "30m", "1d12h", "2026-10-01".
 */

#ifndef MFA_DURATION_H
#define MFA_DURATION_H

#include "core/str.h"

#define MFA_DURATION_MAX  (3650 * 86400LL)  /* ten years: more is a mistake */

/*
 * A span in seconds: digits with s, m, h, d or w, largest unit first, each at
 * most once; plain digits are seconds.  0 and *sec set, or -1.
 */
int mfa_duration_parse(mfa_str_t s, int64_t *sec);

/* A date YYYY-MM-DD (UTC midnight) from 1970 on.  0 and *unix_sec set, or -1. */
int mfa_date_parse(mfa_str_t s, int64_t *unix_sec);

/* Appends the date of a Unix time, YYYY-MM-DD (UTC). */
void mfa_date_make(mfa_buf_t *out, int64_t unix_sec);

/* Appends YYYY-MM-DDTHH:MM:SSZ (RFC 3339). */
void mfa_timestamp_make(mfa_buf_t *out, int64_t unix_sec);

#endif /* MFA_DURATION_H */
