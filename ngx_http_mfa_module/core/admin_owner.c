/*
 * The owners of a portal, see flow_admin.h, and that one of them remains who can
 * log in.
 */

#include "core/flow_admin.h"
#include "core/store_list.h"

#include <string.h>


int
mfa_admin_unseats(mfa_admin_e action)
{
    return action == MFA_ADMIN_DELETE || action == MFA_ADMIN_DISABLE
           || action == MFA_ADMIN_ROLE;
}


int
mfa_admin_is_owner(const mfa_account_t *account)
{
    return !account->disabled
           && mfa_role_find(account->role)
              == MFA_ROLE_ADMINISTRATOR_WITH_BILLING;
}


/* The policy is asked what it would say to him behind the right password. */
static int
can_log_in(const mfa_portal_t *portal, const mfa_account_t *account,
    int64_t now)
{
    mfa_session_t    session;
    mfa_policy_in_t  in = {
        portal, MFA_RULE_ACCOUNT, 0, now, MFA_YES, &session, account
    };

    if (portal->first == MFA_FIRST_LOCAL && account->password.len == 0) {
        return 0;
    }

    memset(&session, 0, sizeof(session));
    session.level = MFA_LEVEL_PASSWORD;
    session.generation = account->generation;
    session.created = now;
    session.seen = now;
    session.password_at = now;
    session.expires = now + 1;

    switch (mfa_policy_decide(&in)) {
    case MFA_VERDICT_CODE:
    case MFA_VERDICT_ENROL:
    case MFA_VERDICT_ALLOW:
        return 1;
    default:
        return 0;
    }
}


void
mfa_admin_owners_begin(mfa_flow_admin_t *admin)
{
    admin->owners_from = 0;
    admin->others = 0;
    admin->able = 0;
}


void
mfa_admin_owners_list(mfa_flow_admin_t *admin)
{
    admin->list_at = mfa_store_owners_watch(&admin->flow.op,
                                            admin->flow.env.portal,
                                            admin->owners_from,
                                            MFA_ADMIN_SEATS);
    admin->owners_from += MFA_ADMIN_SEATS;
}


int
mfa_admin_owners_watch(mfa_flow_admin_t *admin, const mfa_reply_t *list)
{
    size_t  i;

    if (list == NULL || list->type != MFA_REPLY_ARRAY
        || list->n > MFA_ADMIN_SEATS)
    {
        return -1;
    }

    admin->owners_more = list->n == MFA_ADMIN_SEATS;
    admin->n_seats = 0;

    for (i = 0; i < list->n; i++) {
        if (list->elements[i].type != MFA_REPLY_STRING) {
            return -1;
        }

        if (!mfa_str_eq(list->elements[i].str, admin->login)) {
            admin->seats_at[admin->n_seats++] =
                mfa_store_account_watch(&admin->flow.op,
                                        admin->flow.env.portal,
                                        list->elements[i].str);
        }
    }

    return 0;
}


int
mfa_admin_owners_read(mfa_flow_admin_t *admin, const mfa_result_t *result)
{
    size_t          i;
    mfa_tri_e       found;
    mfa_str_t       unnamed = { NULL, 0 };
    mfa_account_t   other;
    mfa_env_t      *env;

    env = &admin->flow.env;

    for (i = 0; i < admin->n_seats; i++) {
        found = mfa_store_account_decode(&admin->flow.op, result,
                                         admin->seats_at[i], unnamed,
                                         MFA_ACCOUNT_N, &other);
        if (found == MFA_UNKNOWN) {
            return -1;
        }

        if (found == MFA_YES && mfa_admin_is_owner(&other)) {
            admin->others++;
            admin->able |= can_log_in(env->portal, &other, env->now);
        }
    }

    return 0;
}


/*
 * Without an owner nobody could ever make another, and who cannot log in makes
 * none: one who can goes only where another one can, any other where there is
 * another at all.
 */
int
mfa_admin_is_last(const mfa_flow_admin_t *admin)
{
    const mfa_env_t  *env;

    env = &admin->flow.env;

    if (!mfa_admin_unseats(admin->action)
        || !mfa_admin_is_owner(&admin->before)
        || (admin->action != MFA_ADMIN_DELETE
            && mfa_admin_is_owner(&admin->after)))
    {
        return 0;
    }

    return can_log_in(env->portal, &admin->before, env->now)
           ? !admin->able : admin->others == 0;
}
