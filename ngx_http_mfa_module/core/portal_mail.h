/*
 * Directives of a portal that are about mail: mail, on_require, self_reset.  For
 * portal.c alone.
 */

#ifndef MFA_PORTAL_MAIL_H
#define MFA_PORTAL_MAIL_H

#include "core/portal.h"

/* Each takes the directive as mfa_portal_set has it; 0, or -1 with why. */
int mfa_mail_set(mfa_portal_t *portal, const mfa_str_t *argv, size_t n,
    mfa_buf_t *why);
int mfa_on_require_set(mfa_portal_t *portal, mfa_str_t arg, mfa_buf_t *why);
int mfa_self_reset_set(mfa_portal_t *portal, mfa_str_t arg, mfa_buf_t *why);
/* What they together must say; 0, or -1 with why. */
int mfa_mail_finish(const mfa_portal_t *portal, mfa_buf_t *why);

#endif /* MFA_PORTAL_MAIL_H */
