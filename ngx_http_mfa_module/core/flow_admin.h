/*
 * Flow admin: one change of one account, by an admin (mfactl, the console).
 *
 * Reads and watches the account, who acts on it and, where it matters, the list
 * of administrators with billing; decides from what it read, changes it in one
 * transaction with its indexes and its audit event.  A concurrent change of any
 * of them aborts it; it is tried again from what is there then, at most
 * MFA_ADMIN_TRIES times, then CONFLICT.
 *
 * On a cluster the account of who acts must be of the same node as the one acted
 * on; a server that cannot watch both says so, and nothing is changed.
 */

#ifndef MFA_FLOW_ADMIN_H
#define MFA_FLOW_ADMIN_H

#include "core/mail.h"
#include "core/right.h"

#define MFA_ADMIN_TRIES   5
#define MFA_ADMIN_CHANGES_MAX  12
#define MFA_ADMIN_REASON_MAX   256          /* bytes */
#define MFA_ADMIN_SEATS   6                 /* owners read at once */

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
    MFA_ADMIN_REHASH,                   /* the same password, hashed anew */
    MFA_ADMIN_PERMISSIONS,              /* require says which: REQUIRE with
                                           grace_sec, or UNREQUIRE */
    MFA_ADMIN_ROLE,                     /* role; empty: none any more */
    MFA_ADMIN_EDIT,                     /* e-mail and name, see edit_* */
    MFA_ADMIN_SESSIONS_END,             /* all, with the trust in browsers; or
                                           the one that ref names */
    MFA_ADMIN_DEVICES_END,              /* all trusted browsers, or that of ref */
    MFA_ADMIN_WIDGET,                   /* one's own: widget on or off */
    MFA_ADMIN_RESEND                    /* the mail that fits the account now;
                                           changes nothing of it */
} mfa_admin_e;

/* Who acts, where it is not mfactl. */
typedef struct {
    const mfa_portal_t  *portal;        /* NULL: mfactl, which may all */
    mfa_str_t            login;         /* canonical */
    int64_t              generation;    /* of the session; -1: not by one */
    int                  by_token;      /* by a token: it may no more than */
    mfa_role_e           token_role;    /*   this, nor than its maker, */
    int64_t              created;       /*   whose account is of this time */
    mfa_str_t            token_name;    /*   and what it is called, */
    mfa_str_t            token_ref;     /*   mfa_session_short of its hash */
} mfa_by_t;

/* Which token it was done with, for the audit: "NAME (ID)", of which the end
   cannot be chosen; empty for none.  The text is in room. */
#define MFA_BY_TOKEN_MAX  96
mfa_str_t mfa_by_token(const mfa_by_t *by, uint8_t room[MFA_BY_TOKEN_MAX]);

/*
 * What mfa_may says of him, whose role that counts now is role (mfa_right_role):
 * by a token, no more than the token's role may, either.  Giving a role is held
 * to both as well.
 */
int mfa_by_may(const mfa_by_t *by, mfa_role_e role, mfa_right_e right,
    mfa_target_e target, mfa_role_e of, mfa_role_e given);

/* The role of him that counts now: account is his, found whether there is one;
   MFA_ROLE_NONE when his session or account is no longer what by says. */
mfa_role_e mfa_by_role(const mfa_by_t *by, mfa_tri_e found,
    const mfa_account_t *account, int64_t now);

/* Why not: with FORBIDDEN, CONFLICT and REFUSED. */
typedef enum {
    MFA_WHY_NONE = 0,
    MFA_WHY_RIGHT,                      /* who acts may not (any more) */
    MFA_WHY_LAST,                       /* the last administrator_with_billing */
    MFA_WHY_DIRECTORY,                  /* a directory owns it, directory_mfa is
                                           off */
    MFA_WHY_NOT_REQUIRED,               /* EXTEND: there is no deadline */
    MFA_WHY_SHORTER,                    /* EXTEND: that would be no extension */
    MFA_WHY_VERSION,                    /* if_version is not what is there */
    MFA_WHY_EXISTS,                     /* ADD */
    MFA_WHY_BUSY,                       /* others keep changing it */
    MFA_WHY_NO_MAIL,                    /* ADD with invite, RESEND: no such mail
                                           goes, see mfa_mail_goes */
    MFA_WHY_NOTHING_DUE,                /* RESEND: it has all it needs */
    MFA_WHY_UNLOCKS                     /* UNLOCK: more than MFA_UNLOCK_MAX */
} mfa_why_e;

/*
 * UNLOCK gives whoever guesses as many codes again as one row has: so many in
 * MFA_CODE_RUN_SEC, and no more than a hundred guesses at one factor come of it
 * (security 15, with ten in a row).  Of passwords alone it gives none, and is not
 * counted: anybody can fail those.  RESET and DELETE, which take the factor
 * itself away, begin anew; RESET also where there is none.
 */
#define MFA_UNLOCK_MAX  9
#define MFA_ADMIN_COUNTERS  4               /* of an account, that go */

typedef struct {
    mfa_flow_t     flow;                    /* first: the flow is this */

    /* Set by the caller before the first run. */
    mfa_admin_e    action;
    mfa_str_t      login;                   /* canonical */
    mfa_str_t      actor;                   /* who does it, for the audit */
    mfa_by_t       by;                      /* whose rights count */
    int            bulk;                    /* one of a bulk: requiring admins
                                               then takes WIDGET_ACT as well */
    int64_t        if_version;              /* -1: any; else only this one */
    mfa_str_t      email;                   /* ADD, EDIT; so is the next */
    mfa_str_t      name;
    mfa_str_t      role;                    /* ADD, ROLE: a name of role.h */
    mfa_str_t      directory;               /* ADD */
    mfa_str_t      password;                /* ADD, PASSWORD, REHASH: crypt(5) */
    mfa_str_t      hashed;                  /* REHASH: what it replaces */
    int            invite;                  /* ADD: without a password; its
                                               owner is mailed a link to set it */
    int            disabled;                /* ADD: switched off from the start */
    int            require;                 /* ADD, PERMISSIONS */
    int            edit_email;              /* EDIT: these are to be set; an */
    int            edit_name;               /*   empty one is taken away */
    int            widget;                  /* WIDGET: 1 on, 0 off */
    int64_t        grace_sec;               /* -1: the portal's */
    mfa_str_t      reason;                  /* EXTEND; others may have one */
    mfa_str_t      ref;                     /* *_END: mfa_session_short, or
                                               empty: all */

    /* Results, with any outcome. */
    mfa_why_e      why;

    /* Results, with MFA_OUTCOME_DONE. */
    int            changed;                 /* 0: it was so already */
    mfa_account_t  before;                  /* as read; zeroed for ADD */
    int64_t        deadline;                /* that holds now; -1 none */
    int64_t        version;                 /* that it has now */
    int            mail;                    /* mfa_mail_e that it is a reason
                                               for; -1 none */
    int            mailed;                  /* it is queued; else no mail goes */
    mfa_str_t      mail_to;                 /* where to, may be empty */

    /* The flow's own. */
    int            tries;
    mfa_at_t       account_at;
    mfa_at_t       by_at;
    mfa_at_t       list_at;
    int64_t        owners_from;             /* whose page is next */
    int            owners_more;             /* it may not be empty */
    mfa_at_t       seats_at[MFA_ADMIN_SEATS];
    size_t         n_seats;
    mfa_account_t  by_account;
    int64_t        others;                  /* owners beside the account, */
    int            able;                    /* and that one can log in */
    mfa_str_t      hash;                    /* what ref names; empty: nothing */
    mfa_account_t  after;                   /* what the indexes are made from */
    mfa_change_t   changes[MFA_ADMIN_CHANGES_MAX];
    size_t         n_changes;
    int            write;                   /* there is something to write */
    int            raise;                   /* void the account's sessions */
    int            cleared;                 /* there was a counter */
    int            charged;                 /* RESEND: it may be sent; UNLOCK:
                                               it may be done */
    mfa_charge_t   charge;
    int64_t        unlocks;                 /* UNLOCK: with this one */
    mfa_at_t       counters_at[MFA_ADMIN_COUNTERS];
    int            counters;                /* there are some to clear */
    int            guards;                  /* UNLOCK: some of codes */
    int            only_counters;           /* nothing else is to change */
    uint8_t        detail[80];              /* of the change */
    size_t         detail_len;
    uint8_t        token[MFA_BY_TOKEN_MAX]; /* told to the audit */
    mfa_outcome_e  ending;                  /* once the watch is let go */
} mfa_flow_admin_t;

/*
 * Prepares a flow; env, action and the rest are set by the caller afterwards.
 * Outcomes: DONE; ABSENT (no such account); CONFLICT (why: EXISTS, VERSION,
 * BUSY); FORBIDDEN (why: RIGHT, LAST, DIRECTORY, NOT_REQUIRED, NO_MAIL,
 * NOTHING_DUE); LIMITED (RESEND: more than MFA_MAIL_ASKED_MAX in
 * MFA_MAIL_ASKED_SEC, mail.h, whoever asked for them; UNLOCK of codes, why
 * UNLOCKS: more than MFA_UNLOCK_MAX in MFA_CODE_RUN_SEC, whoever did them, the
 * first of which is in the audit); REFUSED (what
 * the caller set cannot be: a login that is not canonical, an e-mail address or
 * role that is none, a name too long, a password that is no crypt(5) string or
 * goes with invite, a grace over MFA_GRACE_MAX_SEC, EXTEND without a reason: the
 * store was not asked; why SHORTER: EXTEND to a deadline before the one that
 * holds); UNAVAILABLE.
 *
 * With by.portal set, who acts is read and watched with the account, and what
 * he may is decided from that (right.h): a demotion a moment ago counts.  An
 * account he may not look at is ABSENT for nobody: it is FORBIDDEN.  The proof
 * of right.h is the caller's to ask for.  The last administrator_with_billing
 * who could log in (not locked out or at odds, with a password where the portal
 * keeps them) cannot be deleted, disabled or given another role, by nobody, nor
 * the very last of those who could not; two who try at once leave one.
 */
void mfa_flow_admin_init(mfa_flow_admin_t *admin);

/* What mfa_password_new_check says of a password for the account that admin, with
   login, email and name set, is about. */
const char *mfa_admin_password_check(const mfa_flow_admin_t *admin,
    const mfa_portal_t *portal, mfa_str_t password);

/* "add", "delete", "disable", ...: for messages and the audit. */
const char *mfa_admin_name(mfa_admin_e action);
/* The action of a name, or -1. */
int mfa_admin_find(mfa_str_t name);
/* The right it takes. */
mfa_right_e mfa_admin_right(mfa_admin_e action);
/* "right", "last", "directory", "not-required", "shorter", "version", "exists",
   "busy", "no-mail", "nothing-due", "unlocks"; "" for NONE. */
const char *mfa_why_name(mfa_why_e why);


/* For flow_admin.c: the actions, in admin.c; who may, in admin_right.c; mails,
   in admin_mail.c. */

/* Whether what the caller set can be. */
int mfa_admin_check(const mfa_flow_admin_t *admin);
/*
 * Decides from admin->before: fills after, changes, write and raise.  DONE, or
 * how the flow is to end.
 */
mfa_outcome_e mfa_admin_decide(mfa_flow_admin_t *admin);
/* The audit event: of PERMISSIONS what it comes to. */
const char *mfa_admin_event(const mfa_flow_admin_t *admin);
/* Whether who acts may: by is what was found of him, there says whether the
   account acted on is; sets why. */
int mfa_admin_allowed(mfa_flow_admin_t *admin, mfa_tri_e by, int there);

/*
 * Owners, in admin_owner.c: administrators with billing that are not disabled.
 * Before an action that may unseat one the others are read, MFA_ADMIN_SEATS at a
 * time, each of them watched, so that nobody goes on the strength of another who
 * is going himself.
 */
int mfa_admin_unseats(mfa_admin_e action);
int mfa_admin_is_owner(const mfa_account_t *account);
/* Before a try, the first page; asks for the next page in list_at; watches who is
   in it; reads them into others and able.  0, or -1: could not tell. */
void mfa_admin_owners_begin(mfa_flow_admin_t *admin);
void mfa_admin_owners_list(mfa_flow_admin_t *admin);
int mfa_admin_owners_watch(mfa_flow_admin_t *admin, const mfa_reply_t *list);
int mfa_admin_owners_read(mfa_flow_admin_t *admin, const mfa_result_t *result);
/* Whether what was decided takes away an owner that must stay. */
int mfa_admin_is_last(const mfa_flow_admin_t *admin);

/*
 * Counters of failed attempts, in admin_counter.c, of UNLOCK, RESET and DELETE;
 * other actions have none.  With the watch, asks for them; reads whether there is
 * anything to clear, and to charge for (once charged for, it stays so), into
 * counters and guards: 0 or -1.  Before the transaction, clears them; reads
 * whether there was one.
 */
void mfa_admin_counters_look(mfa_flow_admin_t *admin);
int mfa_admin_counters_find(mfa_flow_admin_t *admin,
    const mfa_result_t *result);
void mfa_admin_counters_clear(mfa_flow_admin_t *admin);
int mfa_admin_counters_cleared(const mfa_flow_admin_t *admin,
    const mfa_result_t *result);

/* Inside the transaction: queues the mail that what was decided is a reason for,
   and notes it in mail, mailed and mail_to. */
void mfa_admin_mail(mfa_flow_admin_t *admin);
/* The mail that fits the account as it is now: mfa_mail_e, or -1. */
int mfa_admin_mail_due(const mfa_portal_t *portal,
    const mfa_account_t *account);
/* Whether an invitation can go to the account that is to be. */
int mfa_admin_can_invite(const mfa_portal_t *portal,
    const mfa_account_t *account);

#endif /* MFA_FLOW_ADMIN_H */
