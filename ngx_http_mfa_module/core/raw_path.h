/*
 * The ways in which programs read a request path.
 *
 * nginx chooses a location by the path it has decoded and resolved, but sends
 * the path as it came to an upstream whose proxy_pass has no URI.  Upstreams
 * differ from it and from each other: some take a backslash for a slash, cut off
 * ";parameters" (and then see an empty segment, or a dot, where nginx saw a
 * name), decode more than once, keep "%2f" in a name, do not resolve "..", or do
 * one of these before another.  A reading is what any order of such steps makes of
 * a path.  Whether it matters is the caller's to say, who knows the locations.
 */

#ifndef MFA_RAW_PATH_H
#define MFA_RAW_PATH_H

#include "core/str.h"

#define MFA_RAW_PATH_MAX   4096             /* bytes of a path that is read */
#define MFA_RAW_PATH_ROOM  16384            /* of all its readings together */
#define MFA_RAW_PATH_N     64               /* readings */

/* The readings of a path, one after the other. */
typedef struct {
    uint8_t    room[MFA_RAW_PATH_ROOM];
    size_t     used;
    mfa_str_t  readings[MFA_RAW_PATH_N];    /* in room */
    size_t     n;
    size_t     given;
} mfa_raw_path_t;

/*
 * Whether there is but one way to read a path (without its query): no dot
 * segment, empty segment, backslash, ';' or '#', and no escape of one of these,
 * of '/', '%', '?' or NUL.  Returns 1 or 0.
 */
int mfa_raw_path_plain(mfa_str_t path);

/* Begins with a path, which need not stay; 0, or -1 when it is longer than
   MFA_RAW_PATH_MAX. */
int mfa_raw_path_begin(mfa_raw_path_t *raw, mfa_str_t path);

/*
 * The next reading: it begins with a slash, is valid as long as raw, and differs
 * from those before.  nginx's own is among them.  Returns 1, 0 when there are no
 * more, or -1 when there are more than anybody needs.
 */
int mfa_raw_path_next(mfa_raw_path_t *raw, mfa_str_t *reading);

#endif /* MFA_RAW_PATH_H */
