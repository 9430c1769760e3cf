/*
 * How an account looks from outside, see view.h.  Whether somebody is required,
 * late or locked is the policy's to say, not this file's.
 */

#include "cli/view.h"
#include "cli/print.h"
#include "core/policy.h"

#define DAY_SEC  86400

static const char *const  filters[] = {
    [MFACTL_VIEW_REQUIRED]     = "required",
    [MFACTL_VIEW_NOT_REQUIRED] = "not-required",
    [MFACTL_VIEW_UNENROLLED]   = "unenrolled",
    [MFACTL_VIEW_LOCKED]       = "locked"
};


int
mfactl_view_read(mfactl_t *ctl, mfa_str_t login, mfa_account_t *account)
{
    mfa_at_t      at;
    mfa_op_t      op;
    mfa_result_t  result;

    mfa_op_reset(&op);
    at = mfa_store_account_read(&op, ctl->portal, login, MFA_ACCOUNT_N);
    result = mfactl_drive_op(&ctl->drive, &op);

    switch (mfa_store_account_decode(&op, &result, at, login, MFA_ACCOUNT_N,
                                     account))
    {
    case MFA_YES:
        return MFACTL_DONE;
    case MFA_NO:
        return mfactl_print_error(ctl, MFACTL_REFUSED,
                                  "there is no account \"%.*s\"",
                                  (int) login.len, (const char *) login.data);
    default:
        return mfactl_print_unavailable(ctl);
    }
}


int
mfactl_view_find(mfa_str_t name, mfactl_view_e *view)
{
    size_t  i;

    for (i = MFACTL_VIEW_REQUIRED; i < sizeof(filters) / sizeof(filters[0]);
         i++)
    {
        if (mfa_str_is(name, filters[i])) {
            *view = (mfactl_view_e) i;
            return 0;
        }
    }

    return -1;
}


static int
is_locked(const mfa_portal_t *portal, const mfa_account_t *account, int64_t now)
{
    return account->deadline > 0
           && mfa_policy_grace_left(portal, account, now) == 0;
}


int
mfactl_view_match(mfactl_view_e view, const mfa_portal_t *portal,
    const mfa_account_t *account, int64_t now)
{
    int  required;

    required = mfa_policy_required(portal, account);

    switch (view) {
    case MFACTL_VIEW_REQUIRED:
        return required;
    case MFACTL_VIEW_NOT_REQUIRED:
        return !required;
    case MFACTL_VIEW_UNENROLLED:
        return required && !account->enrolled;
    case MFACTL_VIEW_LOCKED:
        return is_locked(portal, account, now);
    default:
        return 1;
    }
}


json_t *
mfactl_view_deadline(int64_t deadline)
{
    return deadline == 0 ? mfactl_print_text(mfa_lit("at once"))
                         : mfactl_print_time(deadline);
}


/* Begun days; null when nobody waits for this account, or its first login will
   set the deadline. */
static json_t *
days_left(const mfa_portal_t *portal, const mfa_account_t *account, int64_t now)
{
    int64_t  left;

    left = mfa_policy_grace_left(portal, account, now);

    return left < 0 || account->deadline < 0
           ? json_null()
           : mfactl_print_need(json_integer((left + DAY_SEC - 1) / DAY_SEC));
}


static const char *
state(const mfa_account_t *account)
{
    return account->fault ? "fault" : account->validated ? "validated"
           : account->enrolled ? "enrolled" : "none";
}


json_t *
mfactl_view_account(const mfa_portal_t *portal, const mfa_account_t *account,
    int64_t now)
{
    json_t  *object;

    object = mfactl_print_need(json_object());

    json_object_set_new(object, "login", mfactl_print_text(account->login));
    json_object_set_new(object, "email", mfactl_print_text(account->email));
    json_object_set_new(object, "name", mfactl_print_text(account->name));
    json_object_set_new(object, "role", mfactl_print_text(account->role));
    json_object_set_new(object, "directory",
                        mfactl_print_text(account->directory));
    json_object_set_new(object, "created", mfactl_print_time(account->created));
    json_object_set_new(object, "disabled", json_boolean(account->disabled));
    json_object_set_new(object, "password",
                        json_boolean(account->password.len));
    json_object_set_new(object, "mfa",
                        mfactl_print_text(mfa_str_from(state(account))));
    json_object_set_new(object, "enrolled",
                        mfactl_print_time(account->enrolled));
    json_object_set_new(object, "required",
                        json_boolean(mfa_policy_required(portal, account)));
    json_object_set_new(object, "deadline",
                        mfactl_view_deadline(account->deadline));
    json_object_set_new(object, "days_left", days_left(portal, account, now));
    json_object_set_new(object, "locked",
                        json_boolean(is_locked(portal, account, now)));

    return object;
}
