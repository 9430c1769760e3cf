/*
 * The table of role names, see role.h.  The names are in the store and in what
 * administrators type; changing one here orphans the accounts that have it.
 */

#include "core/role.h"


static const char *const  names[MFA_ROLE_N] = {
    "",
    "administrator_with_billing",
    "administrator",
    "manager",
    "help_desk",
    "read_only",
    "billing_only",
    "command_runner",
    "command_runner_with_billing"
};


mfa_role_e
mfa_role_find(mfa_str_t name)
{
    int  role;

    for (role = MFA_ROLE_NONE + 1; role < MFA_ROLE_N; role++) {
        if (mfa_str_is(name, names[role])) {
            return (mfa_role_e) role;
        }
    }

    return MFA_ROLE_NONE;
}


const char *
mfa_role_name(mfa_role_e role)
{
    return (unsigned) role < MFA_ROLE_N ? names[role] : "";
}
