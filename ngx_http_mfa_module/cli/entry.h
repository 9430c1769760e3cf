/*
 * What an account has several of: sessions, trusted browsers.  Each is named by
 * the beginning of its token's hash; the token itself is known to the browser
 * alone.
 */

#ifndef MFACTL_ENTRY_H
#define MFACTL_ENTRY_H

#include "cli/mfactl.h"
#include "cli/print.h"

typedef struct {
    const char  *noun;                      /* for people */
    const char  *key;                       /* of the list in JSON */
    const char  *event;                     /* of the audit: one was ended */
    const mfactl_column_t  *columns;

    mfa_at_t   (*list)(mfa_op_t *op, const mfa_portal_t *portal,
                       mfa_str_t login);
    mfa_at_t   (*end)(mfa_op_t *op, const mfa_portal_t *portal,
                      mfa_str_t login, mfa_str_t hash);
    /* Reads n of them, adds those that count to rows; 0, or -1: no answer. */
    int        (*read)(mfactl_t *ctl, const mfa_account_t *account,
                       const mfa_reply_t *hash, size_t n, json_t *rows);
} mfactl_entry_t;

/* As many are read at once. */
#define MFACTL_ENTRY_SOME  20

/* All that count, oldest first, as a JSON array; NULL: no answer. */
json_t *mfactl_entry_read(mfactl_t *ctl, const mfactl_entry_t *entry,
    const mfa_account_t *account);

/* The commands "list PORTAL LOGIN" and "revoke PORTAL LOGIN [ID]". */
int mfactl_entry_list(mfactl_t *ctl, const mfactl_entry_t *entry);
int mfactl_entry_revoke(mfactl_t *ctl, const mfactl_entry_t *entry);

#endif /* MFACTL_ENTRY_H */
