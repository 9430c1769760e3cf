/*
 * User agents as people recognise them: browser and system, from the text that
 * browsers send about themselves.  For showing only: anybody can send anything.
 * A session keeps no more of them than that.
 */

#ifndef MFA_AGENT_H
#define MFA_AGENT_H

#include "core/str.h"

#define MFA_AGENT_SHORT_MAX  40             /* bytes written at most */

typedef struct {
    uint8_t    code;                        /* browser and system; 0: the text */
    mfa_str_t  text;
} mfa_agent_t;

/* What can be told from a text, which is kept as a view when that is nothing. */
mfa_agent_t mfa_agent_of(mfa_str_t text);

/* Whether a code other than 0 is one that mfa_agent_of gives. */
int mfa_agent_code_check(uint8_t code);

/* Appends "Firefox, Linux", or the beginning of what it cannot tell. */
void mfa_agent_write(mfa_buf_t *out, const mfa_agent_t *agent);

#endif /* MFA_AGENT_H */
