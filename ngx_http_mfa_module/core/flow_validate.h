/*
 * Flow validate: two codes of consecutive time steps prove that an authenticator
 * really holds the key and that its clock goes (features 001-07, 001-11).  It is
 * flow code with another end: charged, looked at and claimed in the same way, but
 * it opens nothing; it marks the key as validated.
 *
 * The second code must be fresh: its step is claimed.  The first may be one that
 * has been used, for the login that led here for example.
 */

#ifndef MFA_FLOW_VALIDATE_H
#define MFA_FLOW_VALIDATE_H

#include "core/flow_code.h"

typedef struct {
    mfa_flow_code_t  code;                  /* first: the flow is this */
} mfa_flow_validate_t;

/*
 * who is flow gate's, first and second are the two codes; they must live as long
 * as the flow.  Outcomes are those of flow code; FORBIDDEN also for a session
 * that has not had a code.
 */
void mfa_flow_validate_init(mfa_flow_validate_t *validate, const mfa_who_t *who,
    mfa_str_t first, mfa_str_t second);

#endif /* MFA_FLOW_VALIDATE_H */
