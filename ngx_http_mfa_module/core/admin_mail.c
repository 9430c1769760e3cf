/*
 * Which mail goes with what an admin does, see flow_admin.h: what it comes to
 * counts, not what it is called, so that a change that is none, or is hidden
 * behind what the portal requires of everybody, is no reason for one.
 *
 * An account made with a password gets none (feature 002-09): whoever made it
 * tells its owner.
 */

#include "core/flow_admin.h"

#define NO_MAIL  (-1)


static int
on_require(const mfa_portal_t *portal)
{
    switch (portal->on_require) {
    case MFA_ON_REQUIRE_NONE:
        return NO_MAIL;
    case MFA_ON_REQUIRE_PASSWORD:
        return portal->first == MFA_FIRST_LOCAL ? MFA_MAIL_PASSWORD_RESET
                                                : MFA_MAIL_ENABLED;
    default:
        return MFA_MAIL_ENABLED;
    }
}


static int
newly_required(const mfa_flow_admin_t *admin)
{
    const mfa_portal_t  *portal;

    portal = admin->flow.env.portal;

    return !admin->after.enrolled && !admin->after.disabled
           && !mfa_policy_required(portal, &admin->before)
           && mfa_policy_required(portal, &admin->after);
}


int
mfa_admin_can_invite(const mfa_portal_t *portal, const mfa_account_t *account)
{
    return portal->first == MFA_FIRST_LOCAL
           && mfa_mail_goes(portal, account, MFA_MAIL_INVITATION);
}


/*
 * Whoever was reset by an admin is not held up by a deadline that is over, which
 * only RESET's link leads past.  Where none is sent by itself the set-up mail
 * goes: it was asked for.
 */
int
mfa_admin_mail_due(const mfa_portal_t *portal, const mfa_account_t *account)
{
    int  kind;

    if (account->disabled || account->fault || account->enrolled) {
        return NO_MAIL;
    }

    if (portal->first == MFA_FIRST_LOCAL && account->password.len == 0) {
        return MFA_MAIL_INVITATION;
    }

    if (account->reset) {
        return MFA_MAIL_RESET;
    }

    if (!mfa_policy_required(portal, account)) {
        return NO_MAIL;
    }

    kind = on_require(portal);

    return kind == NO_MAIL ? MFA_MAIL_ENABLED : kind;
}


static int
mail_of(const mfa_flow_admin_t *admin)
{
    switch (admin->action) {
    case MFA_ADMIN_ADD:
        return admin->invite ? MFA_MAIL_INVITATION : NO_MAIL;
    case MFA_ADMIN_REQUIRE:
    case MFA_ADMIN_PERMISSIONS:
        return newly_required(admin) ? on_require(admin->flow.env.portal)
                                     : NO_MAIL;
    case MFA_ADMIN_RESET:
        return admin->n_changes ? MFA_MAIL_RESET : NO_MAIL;
    case MFA_ADMIN_DISABLE:
        return admin->n_changes ? MFA_MAIL_DISABLED : NO_MAIL;
    case MFA_ADMIN_PASSWORD:
        return MFA_MAIL_PASSWORD_CHANGED;
    case MFA_ADMIN_ROLE:
        return mfa_str_eq(admin->before.role, admin->after.role)
               ? NO_MAIL : MFA_MAIL_ROLE_CHANGED;
    case MFA_ADMIN_EDIT:
        return mfa_str_eq(admin->before.email, admin->after.email)
               ? NO_MAIL : MFA_MAIL_EMAIL_CHANGED;
    case MFA_ADMIN_RESEND:
        return mfa_admin_mail_due(admin->flow.env.portal, &admin->after);
    default:
        return NO_MAIL;
    }
}


void
mfa_admin_mail(mfa_flow_admin_t *admin)
{
    mfa_str_t             detail;
    const mfa_account_t  *to;

    admin->mail = mail_of(admin);
    admin->mailed = 0;

    if (admin->mail == NO_MAIL) {
        return;
    }

    /* Whoever took an address over must not be the only one told. */
    to = admin->mail == MFA_MAIL_EMAIL_CHANGED ? &admin->before : &admin->after;
    detail = admin->mail == MFA_MAIL_ROLE_CHANGED
             ? (mfa_str_t) { admin->detail, admin->detail_len }
             : (mfa_str_t) { NULL, 0 };

    admin->mail_to = to->email;
    admin->mailed = mfa_mail_goes(admin->flow.env.portal, to,
                                  (mfa_mail_e) admin->mail);
    mfa_mail_queue_admin(&admin->flow, (mfa_mail_e) admin->mail, to,
                         admin->after.generation + (admin->raise ? 1 : 0),
                         detail);
}
