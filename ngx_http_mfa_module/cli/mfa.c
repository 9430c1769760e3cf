/*
 * mfactl mfa: who must have a second factor, until when, and the ways back for
 * those who lost theirs.
 */

#include "cli/change.h"
#include "cli/print.h"
#include "core/visible.h"

#define REASON_MAX  256                     /* bytes */


static int
change(mfactl_t *ctl, mfa_admin_e action)
{
    mfa_flow_admin_t  admin;

    mfa_flow_admin_init(&admin);
    admin.action = action;

    if (mfactl_change_grace(ctl, &admin.grace_sec) != 0) {
        return MFACTL_USAGE;
    }

    return mfactl_change(ctl, &admin);
}


int
mfactl_mfa_require(mfactl_t *ctl)
{
    return change(ctl, MFA_ADMIN_REQUIRE);
}


int
mfactl_mfa_unrequire(mfactl_t *ctl)
{
    return change(ctl, MFA_ADMIN_UNREQUIRE);
}


int
mfactl_mfa_reset(mfactl_t *ctl)
{
    return change(ctl, MFA_ADMIN_RESET);
}


int
mfactl_mfa_unlock(mfactl_t *ctl)
{
    return change(ctl, MFA_ADMIN_UNLOCK);
}


int
mfactl_mfa_resend(mfactl_t *ctl)
{
    return change(ctl, MFA_ADMIN_RESEND);
}


int
mfactl_mfa_extend(mfactl_t *ctl)
{
    mfa_flow_admin_t  admin;

    mfa_flow_admin_init(&admin);
    admin.action = MFA_ADMIN_EXTEND;
    admin.reason = mfactl_options_text(&ctl->options, MFACTL_REASON);

    if (!mfactl_options_given(&ctl->options, MFACTL_GRACE)) {
        return mfactl_print_error(ctl, MFACTL_USAGE, "mfa extend needs"
                                  " --grace");
    }

    if (admin.reason.len == 0 || admin.reason.len > REASON_MAX
        || !mfa_visible(admin.reason))
    {
        return mfactl_print_error(ctl, MFACTL_USAGE, "mfa extend needs --reason"
                                  " with text of at most %d bytes", REASON_MAX);
    }

    if (mfactl_change_grace(ctl, &admin.grace_sec) != 0) {
        return MFACTL_USAGE;
    }

    return mfactl_change(ctl, &admin);
}
