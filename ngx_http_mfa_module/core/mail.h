/*
 * Mails: which there are, what each is about, when one goes.  Flows queue one in
 * the transaction of the change it tells of; the sender (cli/mailer.h) takes it
 * from there.  The outbox holds no secret: the token of a link is made when its
 * mail is sent (mailtoken.h).
 *
 * To add a mail: its row here, its two templates in lua-free-templates/mail, its
 * subject in the translations, and mfa_mail_queue where it is caused.
 */

#ifndef MFA_MAIL_H
#define MFA_MAIL_H

#include "core/event.h"
#include "core/flow.h"
#include "core/mailtoken.h"

/* id, name (of templates, and in the outbox), what its link is good for */
#define MFA_MAILS(X)                                                          \
    X(ENABLED,        "enabled",        SETUP)     /* MFA is required now */  \
    X(INVITATION,     "invitation",     PASSWORD)                             \
    X(PASSWORD_RESET, "password-reset", PASSWORD)  /* with on_require */      \
    X(RESET,          "reset",          RESET)     /* asked for by its owner  \
                                                      or done by an admin */  \
    X(REMINDER,       "reminder",       SETUP)     /* a day before deadline,  \
                                                      which is the detail */  \
    X(LOCKED_OUT,     "locked-out",     NONE)      /* detail: the same */     \
    X(ENROLLED,       "enrolled",       NONE)      /* a first factor */       \
    X(REPLACED,       "replaced",       NONE)      /* by another, by its      \
                                                      owner, who has it */    \
    X(RESET_DONE,     "reset-done",     NONE)      /* the same by RESET */    \
    X(RECOVERY_USED,  "recovery-used",  NONE)                                 \
    X(RECOVERY_MADE,  "recovery-made",  NONE)      /* the old ones are void */\
    X(NEW_NETWORK,    "new-network",    NONE)      /* a login from there */   \
    X(PASSWORD_CHANGED, "password-changed", NONE)                             \
    X(DISABLED,       "disabled",       NONE)                                 \
    X(ROLE_CHANGED,   "role-changed",   NONE)      /* detail: "OLD to NEW" */ \
    X(EMAIL_CHANGED,  "email-changed",  NONE)      /* to the old address */

typedef enum {
#define MFA_MAIL_ENUM(id, name, purpose)  MFA_MAIL_##id,
    MFA_MAILS(MFA_MAIL_ENUM)
#undef MFA_MAIL_ENUM
    MFA_MAIL_N
} mfa_mail_e;

/* An entry of the outbox. */
typedef struct {
    mfa_mail_e  kind;
    mfa_str_t   login;
    mfa_str_t   to;                         /* the address it is for */
    mfa_str_t   name;                       /* display name, may be empty */
    mfa_str_t   locale;                     /* may be empty */
    int64_t     generation;                 /* the account's behind the change */
    int64_t     at;                         /* when it happened */
    mfa_str_t   address;                    /* where from; empty: by an admin,
                                               or by nobody */
    mfa_str_t   detail;                     /* may be empty */
} mfa_mail_t;

/* "enabled", ...; the kind of a name, or -1. */
const char *mfa_mail_name(mfa_mail_e kind);
int mfa_mail_find(mfa_str_t name);
/* What the link of a kind is good for; MFA_MAILTOKEN_NONE: it has none. */
mfa_mailtoken_e mfa_mail_purpose(mfa_mail_e kind);

/*
 * Whether a mail of this kind can go to the account: the portal sends mail, the
 * account has an address, and a kind that is nothing without its link
 * (INVITATION, PASSWORD_RESET, RESET) has a base_url for it.
 */
int mfa_mail_goes(const mfa_portal_t *portal, const mfa_account_t *account,
    mfa_mail_e kind);

#define MFA_MAIL_ASKED_MAX  5               /* by or for one account */
#define MFA_MAIL_ASKED_SEC  600

/*
 * Adds to the op the charge of one mail that an account is about to cause by
 * itself, or that somebody asks for again: without a bound a single session
 * could fill mailboxes and the outbox (security 90).  Answer: within MFA_YES, go
 * on; flow->retry_after is set on MFA_NO.
 */
void mfa_mail_charge(mfa_flow_t *flow, mfa_charge_t *charge, mfa_str_t login);
mfa_charged_t mfa_mail_charged(mfa_flow_t *flow, const mfa_charge_t *charge,
    const mfa_result_t *result);

/*
 * Inside the transaction in flow->op: queues one mail, if it goes.  generation
 * is the one the account has behind this transaction.  detail may be empty.
 */
void mfa_mail_queue(mfa_flow_t *flow, mfa_mail_e kind,
    const mfa_account_t *account, int64_t generation, mfa_str_t detail);
/* The same of what an admin does: where he is is not the account's owner's to
   know, and helps nobody to tell whether it was he himself. */
void mfa_mail_queue_admin(mfa_flow_t *flow, mfa_mail_e kind,
    const mfa_account_t *account, int64_t generation, mfa_str_t detail);

/* Reads an entry of the outbox: an id and its fields; the mail's views point
   into it.  0, or -1 when it is none. */
int mfa_mail_decode(mfa_mail_t *mail, const mfa_reply_t *entry);

/*
 * Whether a queued mail still has something to say to the account as it is now;
 * account NULL: it is gone.  A link is for the state it was promised in: a set-up
 * mail goes while a factor is due and missing, a notice of a deadline while it
 * holds, the others with a link as long as the generation is theirs.  What
 * happened is told in any case.
 */
int mfa_mail_due(const mfa_mail_t *mail, const mfa_portal_t *portal,
    const mfa_account_t *account);

#endif /* MFA_MAIL_H */
