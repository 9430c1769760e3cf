/*
 * How an account stands, see standing.h.
 */

#include "core/standing.h"

#define DAY_SEC  86400


static mfa_key_e
key_of(const mfa_account_t *account, int required)
{
    if (account->fault) {
        return MFA_KEY_FAULT;
    }

    if (account->enrolled) {
        return account->validated ? MFA_KEY_VALIDATED : MFA_KEY_ENROLLED;
    }

    return required ? MFA_KEY_PENDING : MFA_KEY_NONE;
}


mfa_standing_t
mfa_standing(const mfa_portal_t *portal, const mfa_account_t *account,
    int64_t now)
{
    int64_t         left;
    mfa_standing_t  standing;

    left = mfa_policy_grace_left(portal, account, now);

    standing.required = mfa_policy_required(portal, account);
    standing.key = key_of(account, standing.required);
    standing.locked = account->deadline > 0 && left == 0;
    /* The first login sets a deadline that was never set. */
    standing.days_left = left < 0 || account->deadline < 0
                         ? -1 : (left + DAY_SEC - 1) / DAY_SEC;

    return standing;
}


const char *
mfa_key_name(mfa_key_e key)
{
    switch (key) {
    case MFA_KEY_NONE:
        return "none";
    case MFA_KEY_PENDING:
        return "pending";
    case MFA_KEY_ENROLLED:
        return "enrolled";
    case MFA_KEY_VALIDATED:
        return "validated";
    default:
        return "fault";
    }
}
