/*
 * How an account looks from outside: what of it may be shown, and in which
 * words.  Never its password hash, never its secret.
 */

#ifndef MFACTL_VIEW_H
#define MFACTL_VIEW_H

#include "cli/mfactl.h"

#include <jansson.h>

typedef enum {
    MFACTL_VIEW_ALL = 0,
    MFACTL_VIEW_REQUIRED,
    MFACTL_VIEW_NOT_REQUIRED,
    MFACTL_VIEW_UNENROLLED,                 /* required, no factor */
    MFACTL_VIEW_LOCKED                      /* and past the deadline */
} mfactl_view_e;

/* Reads an account of the command's portal; an exit status, said if it is not
   DONE. */
int mfactl_view_read(mfactl_t *ctl, mfa_str_t login, mfa_account_t *account);

/* The filter called name: 0 and *view, or -1. */
int mfactl_view_find(mfa_str_t name, mfactl_view_e *view);

/* Whether the account is one of these now. */
int mfactl_view_match(mfactl_view_e view, const mfa_portal_t *portal,
    const mfa_account_t *account, int64_t now);

/* The account as a JSON object. */
json_t *mfactl_view_account(const mfa_portal_t *portal,
    const mfa_account_t *account, int64_t now);

/* A deadline: null (-1), "at once" (0) or a time. */
json_t *mfactl_view_deadline(int64_t deadline);

#endif /* MFACTL_VIEW_H */
