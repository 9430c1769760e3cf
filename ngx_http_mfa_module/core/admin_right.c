/*
 * Who may change an account, see flow_admin.h: which right an action takes, and
 * whether he who acts has it as his account is now.
 */

#include "core/flow_admin.h"


static const mfa_right_e  rights[] = {
    [MFA_ADMIN_ADD]          = MFA_RIGHT_ACCOUNT,
    [MFA_ADMIN_DELETE]       = MFA_RIGHT_ACCOUNT,
    [MFA_ADMIN_DISABLE]      = MFA_RIGHT_ACCOUNT,
    [MFA_ADMIN_ENABLE]       = MFA_RIGHT_ACCOUNT,
    [MFA_ADMIN_PASSWORD]     = MFA_RIGHT_ACCOUNT,
    [MFA_ADMIN_REQUIRE]      = MFA_RIGHT_REQUIRE,
    [MFA_ADMIN_UNREQUIRE]    = MFA_RIGHT_REQUIRE,
    [MFA_ADMIN_RESET]        = MFA_RIGHT_RESET,
    [MFA_ADMIN_UNLOCK]       = MFA_RIGHT_UNLOCK,
    [MFA_ADMIN_EXTEND]       = MFA_RIGHT_EXTEND,
    /* Only a login does this, and nobody asks for it. */
    [MFA_ADMIN_REHASH]       = MFA_RIGHT_NONE,
    [MFA_ADMIN_PERMISSIONS]  = MFA_RIGHT_REQUIRE,
    [MFA_ADMIN_ROLE]         = MFA_RIGHT_ACCOUNT,
    [MFA_ADMIN_EDIT]         = MFA_RIGHT_ACCOUNT,
    [MFA_ADMIN_SESSIONS_END] = MFA_RIGHT_SESSIONS,
    [MFA_ADMIN_DEVICES_END]  = MFA_RIGHT_SESSIONS,
    [MFA_ADMIN_WIDGET]       = MFA_RIGHT_SETTINGS,
    [MFA_ADMIN_RESEND]       = MFA_RIGHT_RESEND,
};

#define N_RIGHTS  (sizeof(rights) / sizeof(rights[0]))


mfa_right_e
mfa_admin_right(mfa_admin_e action)
{
    return (unsigned) action < N_RIGHTS ? rights[action] : MFA_RIGHT_NONE;
}


int
mfa_by_may(const mfa_by_t *by, mfa_role_e role, mfa_right_e right,
    mfa_target_e target, mfa_role_e of, mfa_role_e given)
{
    return mfa_may(role, right, target, of, given)
           && (!by->by_token
               || mfa_may(by->token_role, right, target, of, given));
}


mfa_str_t
mfa_by_token(const mfa_by_t *by, uint8_t room[MFA_BY_TOKEN_MAX])
{
    mfa_buf_t  out;

    mfa_buf_init(&out, room, MFA_BY_TOKEN_MAX);

    if (by->by_token) {
        mfa_buf_str(&out, by->token_name);
        mfa_buf_cstr(&out, " (");
        mfa_buf_str(&out, by->token_ref);
        mfa_buf_byte(&out, ')');
    }

    return mfa_buf_since(&out, 0);
}


mfa_role_e
mfa_by_role(const mfa_by_t *by, mfa_tri_e found, const mfa_account_t *account,
    int64_t now)
{
    if (found != MFA_YES
        || (by->generation >= 0 && by->generation != account->generation)
        || (by->by_token && by->created != account->created))
    {
        return MFA_ROLE_NONE;
    }

    return mfa_right_role(by->portal, account, now);
}


static int
of_oneself(const mfa_flow_admin_t *admin)
{
    return mfa_str_eq(admin->by.login, admin->login)
           && mfa_str_eq(admin->by.portal->name, admin->flow.env.portal->name);
}


static int
requires(const mfa_flow_admin_t *admin)
{
    return admin->action == MFA_ADMIN_REQUIRE
           || (admin->action == MFA_ADMIN_PERMISSIONS && admin->require);
}


static int
may(const mfa_flow_admin_t *admin, mfa_role_e role, int there)
{
    int            gives;
    mfa_str_t      has;
    mfa_role_e     given;
    mfa_right_e    right;
    mfa_target_e   kind;

    right = mfa_admin_right(admin->action);

    if (right == MFA_RIGHT_SETTINGS) {
        return of_oneself(admin)
               && mfa_by_may(&admin->by, role, right, MFA_TARGET_NONE,
                             MFA_ROLE_NONE, MFA_ROLE_NONE);
    }

    gives = admin->action == MFA_ADMIN_ADD || admin->action == MFA_ADMIN_ROLE;
    given = gives ? mfa_role_find(admin->role) : MFA_ROLE_NONE;
    has = there ? admin->before.role : (mfa_str_t) { NULL, 0 };

    /* Who is to be an admin is treated as one already. */
    kind = mfa_target_kind(admin->by.portal, admin->flow.env.portal,
                           has.len || !gives ? has : admin->role);

    if (!mfa_by_may(&admin->by, role, right, kind, mfa_role_find(has), given)) {
        return 0;
    }

    return !admin->bulk || kind != MFA_TARGET_ADMIN || !requires(admin)
           || mfa_by_may(&admin->by, role, MFA_RIGHT_WIDGET_ACT,
                         MFA_TARGET_NONE, MFA_ROLE_NONE, MFA_ROLE_NONE);
}


int
mfa_admin_allowed(mfa_flow_admin_t *admin, mfa_tri_e by, int there)
{
    if (admin->by.portal == NULL
        || may(admin, mfa_by_role(&admin->by, by, &admin->by_account,
                                  admin->flow.env.now), there))
    {
        return 1;
    }

    admin->why = MFA_WHY_RIGHT;

    return 0;
}


const char *
mfa_why_name(mfa_why_e why)
{
    static const char *const  names[] = {
        [MFA_WHY_NONE]         = "",
        [MFA_WHY_RIGHT]        = "right",
        [MFA_WHY_LAST]         = "last",
        [MFA_WHY_DIRECTORY]    = "directory",
        [MFA_WHY_NOT_REQUIRED] = "not-required",
        [MFA_WHY_SHORTER]      = "shorter",
        [MFA_WHY_VERSION]      = "version",
        [MFA_WHY_EXISTS]       = "exists",
        [MFA_WHY_BUSY]         = "busy",
        [MFA_WHY_NO_MAIL]      = "no-mail",
        [MFA_WHY_NOTHING_DUE]  = "nothing-due",
        [MFA_WHY_UNLOCKS]      = "unlocks"
    };

    return (unsigned) why < sizeof(names) / sizeof(names[0]) ? names[why] : "";
}
