/*
 * The roles an account can have on an admin portal: their names.  An account of
 * a user portal has none.
 */

#ifndef MFA_ROLE_H
#define MFA_ROLE_H

#include "core/str.h"

typedef enum {
    MFA_ROLE_NONE = 0,                      /* empty or unknown: no rights */
    MFA_ROLE_ADMINISTRATOR_WITH_BILLING,
    MFA_ROLE_ADMINISTRATOR,
    MFA_ROLE_MANAGER,
    MFA_ROLE_HELP_DESK,
    MFA_ROLE_READ_ONLY,
    MFA_ROLE_BILLING_ONLY,
    MFA_ROLE_COMMAND_RUNNER,
    MFA_ROLE_COMMAND_RUNNER_WITH_BILLING,
    MFA_ROLE_N
} mfa_role_e;

/* The role called name, or MFA_ROLE_NONE. */
mfa_role_e mfa_role_find(mfa_str_t name);

/* The name of a role, as it is stored; "" for MFA_ROLE_NONE. */
const char *mfa_role_name(mfa_role_e role);

#endif /* MFA_ROLE_H */
