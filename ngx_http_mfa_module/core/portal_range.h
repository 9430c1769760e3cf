/*
 * The numbers and times of an mfa_portal block, for the table in portal.c: each
 * within bounds that a wrong one is told of.
 */

#ifndef MFA_PORTAL_RANGE_H
#define MFA_PORTAL_RANGE_H

#include "core/portal.h"

/*
 * Sets what arg says, "key=value", or the bare value of a directive that has but
 * one.  0; -1 with why: the directive, the parameter, the value, its bounds.
 */
int mfa_portal_range_set(mfa_portal_t *portal, mfa_str_t directive,
    mfa_str_t arg, mfa_buf_t *why);

#endif /* MFA_PORTAL_RANGE_H */
