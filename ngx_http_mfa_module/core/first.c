/*
 * The first factor, see first.h.
 */

#include "core/first.h"
#include "core/password.h"


/* Against the account's record. */
static mfa_flow_e
ask_here(mfa_flow_t *flow, mfa_str_t password, const mfa_account_t *account)
{
    flow->hash.password = password;
    flow->hash.setting = (mfa_str_t) { NULL, 0 };

    if (account && !account->disabled
        && mfa_password_format_check(account->password))
    {
        flow->hash.setting = account->password;
    }

    return MFA_FLOW_HASH;
}


/*
 * Elsewhere.  What is no name here is none there either.  An empty password is
 * not asked about: to a directory it is a login without one, which is always
 * right.
 */
static mfa_flow_e
ask_outside(mfa_flow_t *flow, mfa_str_t login, mfa_str_t password,
    const char **reason)
{
    if (login.len == 0 || password.len == 0) {
        *reason = "credentials";
        return MFA_FLOW_DONE;
    }

    flow->outside.login = login;
    flow->outside.password = password;

    return MFA_FLOW_OUTSIDE;
}


mfa_flow_e
mfa_first_ask(mfa_flow_t *flow, mfa_str_t login, mfa_str_t password,
    const mfa_account_t *account, const char **reason)
{
    if (password.len > MFA_PASSWORD_MAX) {
        *reason = "too long";
        return MFA_FLOW_DONE;
    }

    switch (flow->env.portal->first) {
    case MFA_FIRST_LOCAL:
        return ask_here(flow, password, account);
    case MFA_FIRST_REQUEST:
        return ask_outside(flow, login, password, reason);
    default:

        /* Each portal has one way in; a password proves nothing here. */
        *reason = "first factor";
        return MFA_FLOW_DONE;
    }
}


mfa_tri_e
mfa_first_answer(const mfa_flow_t *flow, const mfa_result_t *result)
{
    if (result->hash != MFA_YES) {
        return result->hash == MFA_NO ? MFA_NO : MFA_UNKNOWN;
    }

    /* A dummy can never be right, whatever a driver says; an empty password
       never is. */
    if (flow->env.portal->first == MFA_FIRST_LOCAL
        && (flow->hash.setting.len == 0 || flow->hash.password.len == 0))
    {
        return MFA_NO;
    }

    return MFA_YES;
}
