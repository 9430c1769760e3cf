/*
 * Where to go after a login: a path on the host that was asked, nothing else.
 * Open redirects are made of the difference between what a check reads and what
 * a browser reads, so everything a browser might read otherwise is refused.
 */

#ifndef MFA_RETURN_URL_H
#define MFA_RETURN_URL_H

#include "core/str.h"

#define MFA_RETURN_URL_MAX  2048

/*
 * Whether url may be put into a Location header as it is: 1..MFA_RETURN_URL_MAX
 * bytes, printable ASCII without blanks, begins with exactly one '/', and in
 * its path part, also after decoding percent-escapes up to three times: no '\',
 * no "//", no '@', no control byte, no ':' before the second '/'.  Bad escapes
 * are refused (as written; a decoded '%' may stand for itself, "/100%25").  In
 * the query part no '\' and no control byte after decoding once.  '#' is
 * refused.  Returns 1 or 0.
 */
int mfa_return_url_check(mfa_str_t url);

#endif /* MFA_RETURN_URL_H */
