/*
 * Request paths that two programs may read as two places.
 *
 * nginx chooses a location by the path it has decoded and resolved, but sends
 * the path as it came to an upstream whose proxy_pass has no URI.  Some upstreams
 * take a backslash for a slash, cut off ";parameters" or decode more than once,
 * and would resolve ".." where nginx saw none.
 */

#ifndef MFA_RAW_PATH_H
#define MFA_RAW_PATH_H

#include "core/str.h"

#define MFA_RAW_PATH_MAX  4096              /* bytes looked at; more with '%',
                                               ';' or '\\' is ambiguous */

/*
 * Whether the path part of a raw request target (before '?') has another number
 * of ".." segments for such an upstream than for nginx.  Returns 1 or 0.
 */
int mfa_raw_path_ambiguous(mfa_str_t target);

#endif /* MFA_RAW_PATH_H */
