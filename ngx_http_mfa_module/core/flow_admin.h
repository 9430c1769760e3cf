/*
 * Flow admin: one change of one account, by an admin (mfactl, the console).
 *
 * Reads and watches the account, decides from what it read, changes it in one
 * transaction with its indexes and its audit event.  A concurrent change of the
 * same account aborts it; it is tried again from what is there then, at most
 * MFA_ADMIN_TRIES times, then CONFLICT.
 */

#ifndef MFA_FLOW_ADMIN_H
#define MFA_FLOW_ADMIN_H

#include "core/flow.h"

#define MFA_ADMIN_TRIES   5
#define MFA_ADMIN_CHANGES_MAX  12

typedef enum {
    MFA_ADMIN_ADD = 0,                  /* a new account */
    MFA_ADMIN_DELETE,
    MFA_ADMIN_DISABLE,                  /* ends its sessions */
    MFA_ADMIN_ENABLE,
    MFA_ADMIN_PASSWORD,                 /* sets it, ends its sessions */
    MFA_ADMIN_REQUIRE,                  /* sets a deadline if none was */
    MFA_ADMIN_UNREQUIRE,                /* the deadline stays */
    MFA_ADMIN_RESET,                    /* forgets the factor; no new grace */
    MFA_ADMIN_UNLOCK,                   /* clears failed attempts */
    MFA_ADMIN_EXTEND,                   /* a later deadline, with a reason */
    MFA_ADMIN_REHASH                    /* the same password, hashed anew */
} mfa_admin_e;

typedef struct {
    mfa_flow_t     flow;                    /* first: the flow is this */

    /* Set by the caller before the first run. */
    mfa_admin_e    action;
    mfa_str_t      login;                   /* canonical */
    mfa_str_t      actor;                   /* who does it, for the audit */
    mfa_str_t      email;                   /* ADD; so are the next three */
    mfa_str_t      name;
    mfa_str_t      role;
    mfa_str_t      directory;
    mfa_str_t      password;                /* ADD, PASSWORD, REHASH: crypt(5) */
    mfa_str_t      hashed;                  /* REHASH: what it replaces */
    int            disabled;                /* ADD: switched off from the start */
    int            require;                 /* ADD: required from the start */
    int64_t        grace_sec;               /* -1: the portal's */
    mfa_str_t      reason;                  /* EXTEND */

    /* Results, with MFA_OUTCOME_DONE. */
    int            changed;                 /* 0: it was so already */
    mfa_account_t  before;                  /* as read; zeroed for ADD */
    int64_t        deadline;                /* that holds now; -1 none */

    /* The flow's own. */
    int            tries;
    mfa_at_t       account_at;
    mfa_account_t  after;                   /* what the indexes are made from */
    mfa_change_t   changes[MFA_ADMIN_CHANGES_MAX];
    size_t         n_changes;
    int            write;                   /* there is something to write */
    int            cleared;                 /* UNLOCK: there was a counter */
    mfa_outcome_e  ending;                  /* once the watch is let go */
} mfa_flow_admin_t;

/*
 * Prepares a flow; env, action and the rest are set by the caller afterwards.
 * Outcomes: DONE; ABSENT (no such account); CONFLICT (also ADD of a login that
 * exists); FORBIDDEN (the account is owned by a directory and the portal has
 * directory_mfa off: ADD with require, REQUIRE); REFUSED (what the caller set
 * cannot be: a login that is not canonical, a password that is no crypt(5)
 * string, a grace over MFA_GRACE_MAX_SEC, EXTEND without a reason: the store
 * was not asked; EXTEND to a deadline before the one that holds); UNAVAILABLE.
 */
void mfa_flow_admin_init(mfa_flow_admin_t *admin);

/* "add", "delete", "disable", ...: for messages and the audit. */
const char *mfa_admin_name(mfa_admin_e action);


/* For flow_admin.c: the actions, in admin.c. */

/* Whether what the caller set can be. */
int mfa_admin_check(const mfa_flow_admin_t *admin);
/*
 * Decides from admin->before: fills after, changes and write.  DONE, or how the
 * flow is to end.
 */
mfa_outcome_e mfa_admin_decide(mfa_flow_admin_t *admin);
/* Whether the action voids the account's sessions. */
int mfa_admin_raises(mfa_admin_e action);

#endif /* MFA_FLOW_ADMIN_H */
