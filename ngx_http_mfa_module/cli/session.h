/*
 * The sessions of an account, as seen from outside.
 */

#ifndef MFACTL_SESSION_H
#define MFACTL_SESSION_H

#include "cli/mfactl.h"

#include <jansson.h>

/*
 * The sessions that would still be let in, oldest first, as a JSON array; NULL
 * when the store did not answer.  Records of another account are said and left
 * out.
 */
json_t *mfactl_session_read(mfactl_t *ctl, const mfa_account_t *account);

#endif /* MFACTL_SESSION_H */
