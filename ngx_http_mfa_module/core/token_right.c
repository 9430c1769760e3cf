/*
 * Who may have to do with tokens of the API, see flow_token.h.
 */

#include "core/flow_token.h"


int
mfa_token_may(const mfa_flow_token_t *token, mfa_tri_e found,
    const mfa_account_t *account, mfa_role_e given)
{
    mfa_role_e  role;

    role = mfa_by_role(&token->by, found, account, token->flow.env.now);

    return mfa_by_may(&token->by, role, MFA_RIGHT_TOKENS, MFA_TARGET_NONE,
                      MFA_ROLE_NONE, given);
}


/* Nobody gives a token more than he has, and mfactl nobody's one more. */
int
mfa_token_may_make(const mfa_flow_token_t *token)
{
    mfa_role_e  role;

    role = mfa_right_role(token->flow.env.portal, &token->maker,
                          token->flow.env.now);

    return mfa_role_within(token->role, role)
           && (token->by.portal == NULL
               || mfa_token_may(token, MFA_YES, &token->maker, token->role));
}


/* Nobody has a hand in what is made by those he has no hand in. */
int
mfa_token_may_end(const mfa_flow_token_t *token, mfa_tri_e there, mfa_tri_e by,
    const mfa_account_t *by_account)
{
    mfa_role_e  role, of;

    if (token->by.portal == NULL) {
        return 1;
    }

    role = mfa_by_role(&token->by, by, by_account, token->flow.env.now);
    of = there == MFA_YES ? mfa_role_find(token->maker.role) : MFA_ROLE_NONE;

    return mfa_token_may(token, by, by_account, MFA_ROLE_NONE)
           && mfa_by_may(&token->by, role, MFA_RIGHT_ACCOUNT, MFA_TARGET_ADMIN,
                         of, MFA_ROLE_NONE);
}
