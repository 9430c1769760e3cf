/*
 * The ways in which programs read a request path.
 *
 * nginx chooses a location by the path it has decoded and resolved, but sends
 * the path as it came to an upstream whose proxy_pass has no URI.  Upstreams
 * differ from it and from each other: some take a backslash for a slash, cut off
 * ";parameters" (and then see an empty segment, or a dot, where nginx saw a
 * name), decode more than once, keep "%2f" in a name, do not resolve "..", or
 * resolve it before empty segments are dropped.  Whether that matters is the
 * caller's to say, who knows the locations.
 */

#ifndef MFA_RAW_PATH_H
#define MFA_RAW_PATH_H

#include "core/str.h"

#define MFA_RAW_PATH_MAX  2048              /* bytes of a path that is read */

/* The readings of a path, one after the other. */
typedef struct {
    mfa_str_t  raw;                         /* the caller's */
    uint8_t    text[MFA_RAW_PATH_MAX];      /* as decoded by now */
    size_t     len;
    unsigned   round;                       /* how often it was decoded */
    unsigned   how;                         /* liberties taken with it */
    unsigned   may;                         /* those that make a difference */
    uint8_t    path[MFA_RAW_PATH_MAX + 1];  /* a reading */
} mfa_raw_path_t;

/*
 * Whether there is but one way to read a path (without its query): no dot
 * segment, empty segment, backslash, ';' or '#', and no escape of one of these,
 * of '/', '%', '?' or NUL.  Returns 1 or 0.
 */
int mfa_raw_path_plain(mfa_str_t path);

/* Begins with a path, which has to stay; 0, or -1 when it is longer than
   MFA_RAW_PATH_MAX. */
int mfa_raw_path_begin(mfa_raw_path_t *readings, mfa_str_t path);

/*
 * The next reading, which begins with a slash and is valid until the next call;
 * nginx's own is among them.  Returns 1, or 0 when there are no more.
 */
int mfa_raw_path_next(mfa_raw_path_t *readings, mfa_str_t *path);

#endif /* MFA_RAW_PATH_H */
