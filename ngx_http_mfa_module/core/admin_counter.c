/*
 * The counters of failed attempts that an action of admins clears, see
 * flow_admin.h.
 */

#include "core/flow_admin.h"
#include "core/store.h"


/*
 * Only counters of the account itself: those of one network each cannot be
 * named from here, and end by themselves within the portal's window.  guard:
 * it stands between a guesser and the factor.  The last is not UNLOCK's.
 */
static const struct {
    mfa_charge_e  kind;
    int           guard;
} counters[MFA_ADMIN_COUNTERS] = {
    { MFA_CHARGE_ACCOUNT, 0 },
    { MFA_CHARGE_CODE, 1 },
    { MFA_CHARGE_CODE_RUN, 1 },
    { MFA_CHARGE_UNLOCK, 0 }
};


static size_t
n_counters(const mfa_flow_admin_t *admin)
{
    switch (admin->action) {
    case MFA_ADMIN_UNLOCK:
        return MFA_ADMIN_COUNTERS - 1;
    case MFA_ADMIN_RESET:
    case MFA_ADMIN_DELETE:
        return MFA_ADMIN_COUNTERS;
    default:
        return 0;
    }
}


void
mfa_admin_counters_look(mfa_flow_admin_t *admin)
{
    size_t  i;

    for (i = 0; i < n_counters(admin); i++) {
        admin->counters_at[i] = mfa_store_charge_there(&admin->flow.op,
                                                       counters[i].kind,
                                                       admin->flow.env.portal,
                                                       admin->login);
    }
}


/* They stay out of the transaction, being spread over a cluster by their own
   names.  An unlock that was not charged for leaves codes to those that are:
   some may have been guessed since it looked. */
void
mfa_admin_counters_clear(mfa_flow_admin_t *admin)
{
    size_t     i;
    mfa_str_t  no_net = { NULL, 0 };

    for (i = 0; i < n_counters(admin); i++) {
        if (admin->action == MFA_ADMIN_UNLOCK && counters[i].guard
            && !admin->charged)
        {
            continue;
        }

        mfa_store_charge_clear(&admin->flow.op, counters[i].kind,
                               admin->flow.env.portal, admin->login, no_net);
    }
}


int
mfa_admin_counters_find(mfa_flow_admin_t *admin, const mfa_result_t *result)
{
    size_t   i;
    int64_t  n;

    admin->counters = admin->charged;
    admin->guards = admin->charged;

    for (i = 0; i < n_counters(admin); i++) {
        if (mfa_op_int(&admin->flow.op, result, admin->counters_at[i],
                       &n) != 0)
        {
            return -1;
        }

        admin->counters |= n > 0;
        admin->guards |= n > 0 && counters[i].guard;
    }

    return 0;
}


/* They stand before the MULTI. */
int
mfa_admin_counters_cleared(const mfa_flow_admin_t *admin,
    const mfa_result_t *result)
{
    int       some;
    int64_t   n;
    mfa_at_t  at;

    some = 0;

    for (at = 0; at + 1 < (mfa_at_t) admin->flow.op.tx_first; at++) {
        some |= mfa_op_int(&admin->flow.op, result, at, &n) == 0 && n > 0;
    }

    return some;
}
