/*
 * A typed password as the first factor: what is asked about it, and of whom, and
 * what the answer is worth.  For the flows that look at one (login, verify),
 * behind their charges and before anything is opened or vouched for.
 */

#ifndef MFA_FIRST_H
#define MFA_FIRST_H

#include "core/flow.h"

/*
 * Fills flow->hash or flow->outside as the portal says, and returns what the
 * flow is to return: MFA_FLOW_HASH or MFA_FLOW_OUTSIDE.  MFA_FLOW_DONE when there
 * is nothing to ask: the password is wrong, *reason says why, for the audit.
 *
 * login is canonical, or empty when it is no name.  account is NULL when there is
 * none.  One that is not there or disabled is asked about all the same, here
 * against a dummy, so that neither answer nor time tells which accounts there are.
 */
mfa_flow_e mfa_first_ask(mfa_flow_t *flow, mfa_str_t login, mfa_str_t password,
    const mfa_account_t *account, const char **reason);

/*
 * Whether what was asked was answered with yes.  Yes to an ask of the kind
 * MFA_FLOW_HASH means that there is an account, and that it is not disabled; to
 * one outside it says nothing of the account.
 */
mfa_tri_e mfa_first_answer(const mfa_flow_t *flow, const mfa_result_t *result);

#endif /* MFA_FIRST_H */
