/*
 * first_factor and login_form, for the table in portal.c.
 */

#ifndef MFA_PORTAL_FIRST_H
#define MFA_PORTAL_FIRST_H

#include "core/portal.h"

/* argv[0 .. n) as for mfa_portal_set, n is 2 or 3.  0, or -1 with why. */
int mfa_first_factor_set(mfa_portal_t *portal, const mfa_str_t *argv, size_t n,
    mfa_buf_t *why);
int mfa_login_form_set(mfa_portal_t *portal, mfa_str_t form, mfa_buf_t *why);

#endif /* MFA_PORTAL_FIRST_H */
