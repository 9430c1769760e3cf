/*
 * User agents as people recognise them: browser and system, from the text that
 * browsers send about themselves.  For showing only: anybody can send anything.
 */

#ifndef MFA_AGENT_H
#define MFA_AGENT_H

#include "core/str.h"

#define MFA_AGENT_SHORT_MAX  40             /* bytes written at most */

/* Appends "Firefox, Linux", or the beginning of what it cannot tell. */
void mfa_agent_short(mfa_buf_t *out, mfa_str_t agent);

#endif /* MFA_AGENT_H */
