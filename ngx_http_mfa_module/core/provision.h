/*
 * Accounts made at their first login, where a portal says provision=on and the
 * first factor is somebody else's to look at: flow login asks for one when the
 * factor was right and there is no account.
 */

#ifndef MFA_PROVISION_H
#define MFA_PROVISION_H

#include "core/flow.h"

#define MFA_PROVISION_TRIES  5

/*
 * Fills flow's op with the transaction that makes the account login, its indexes
 * and its event; the account must be watched and absent.  *account is what it
 * will be; its views point at login.  0, or -1 without randomness.
 */
int mfa_provision_add(mfa_flow_t *flow, mfa_str_t login,
    mfa_account_t *account);

/*
 * A generation that no earlier account of the same name can have had.  0, or -1
 * without randomness.
 */
int mfa_provision_generation(const mfa_env_t *env, int64_t *generation);

#endif /* MFA_PROVISION_H */
