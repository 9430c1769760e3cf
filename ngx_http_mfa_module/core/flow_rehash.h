/*
 * Flow rehash: a password that was right is hashed anew when its record is of an
 * older kind, and only then is it known.
 *
 *   make a hash -> flow admin, MFA_ADMIN_REHASH
 *
 * Follows a login that is done; however it ends, that login stands.
 */

#ifndef MFA_FLOW_REHASH_H
#define MFA_FLOW_REHASH_H

#include "core/flow_admin.h"

typedef struct {
    mfa_flow_admin_t  admin;                /* first: the flow is this */

    /* Set by the caller; must live as long as the flow. */
    mfa_str_t         password;             /* as typed */

    /* The flow's own. */
    mfa_flow_e      (*change)(mfa_flow_t *flow, const mfa_result_t *result);
    uint8_t           room[MFA_HASH_TEXT_MAX];
} mfa_flow_rehash_t;

/*
 * Prepares a flow; env, password, admin.login and admin.hashed (the record the
 * password was right for) are set by the caller.  Outcomes: those of flow admin;
 * UNAVAILABLE also when no hash could be made, REFUSED when it is none of ours.
 *
 * For a password that an admin gives, admin.action is set to ADD or PASSWORD:
 * the hash is made first in the same way; with admin.invite there is none to make.
 */
void mfa_flow_rehash_init(mfa_flow_rehash_t *rehash);

#endif /* MFA_FLOW_REHASH_H */
