/*
 * Sending mails, one at a time, in two flows: take hands out the next mail of a
 * portal, with the token of its link if it has one, and the caller sends it;
 * settle writes down what came of it.
 *
 * A sender that is killed between the two leaves the mail in hand: when the lease
 * is over another one takes it.  So a mail goes at least once, and twice only
 * when its sender died between the mail server's yes and settle.
 */

#ifndef MFA_FLOW_MAILER_H
#define MFA_FLOW_MAILER_H

#include "core/mail.h"
#include "core/store_outbox.h"

#define MFA_MAILER_TRIES_MAX  30            /* about a day with back-off */
#define MFA_MAILER_AGAIN_MAX  3600          /* seconds between two tries */

typedef struct {
    mfa_flow_t          flow;               /* first: the flow is this */

    /* Set by the caller. */
    int64_t             lease_msec;         /* longer than sending can take */

    /* Results. */
    mfa_mail_t          mail;
    mfa_tri_e           found;              /* whether account is one */
    mfa_account_t       account;            /* as it is now */
    mfa_str_t           id;                 /* of the entry */
    const mfa_reply_t  *fields;             /* of the entry */
    int64_t             tries;              /* this one counts */
    int                 has_token;
    uint8_t             token[MFA_TOKEN_CHARS];  /* a secret: to be wiped */
    const char         *dropped;            /* with EXPIRED: why, a word */

    /* The flow's own. */
    mfa_at_t            stale_at;
    mfa_at_t            waiting_at;
    mfa_at_t            entry_at;
    mfa_resume_at_t     resume_at;
    int                 grouped;
    int64_t             tries_before;
    uint8_t             hash[MFA_HASH_CHARS];
} mfa_flow_take_t;

/*
 * Prepares a flow; env (with random) and lease_msec are set by the caller.
 * Outcomes: DONE, there is a mail to be sent; EXPIRED, there was one that has
 * nothing to say any more or cannot be read, it is put away: run another;
 * CONFLICT, another sender was faster: run another; ABSENT, there is none now;
 * UNAVAILABLE.
 */
void mfa_flow_take_init(mfa_flow_take_t *take);


/* What came of sending. */
typedef enum {
    MFA_SENT_NOT = 0,                       /* there was no server to talk to */
    MFA_SENT_LATER,                         /* not this time */
    MFA_SENT_NEVER,                         /* refused for good */
    MFA_SENT_YES
} mfa_sent_e;

typedef struct {
    mfa_flow_t          flow;               /* first: the flow is this */

    /* Set by the caller: taken from a flow take that ended with DONE. */
    mfa_sent_e          sent;
    const char         *why;                /* a reason, MFA_DEAD_WHY_MAX */
    int64_t             again_sec;          /* the first back-off */
    int64_t             tries;
    const mfa_reply_t  *fields;

    /* Result. */
    int                 dead;               /* it is a dead letter now */

    /* The flow's own: a mail that is sent can be settled when the replies it
       came in are gone. */
    mfa_mail_e          kind;
    mfa_str_t           id;
    mfa_str_t           login;
    uint8_t             id_room[MFA_EVENT_ID_MAX];
    uint8_t             login_room[MFA_LOGIN_MAX];
} mfa_flow_settle_t;

/*
 * Prepares a flow for the mail of take.  Outcomes: DONE; UNAVAILABLE: it is not
 * known to be written, and may be run again as it is.
 */
void mfa_flow_settle_init(mfa_flow_settle_t *settle,
    const mfa_flow_take_t *take);
/* The same flow from its beginning; fields are not looked at any more. */
void mfa_flow_settle_again(mfa_flow_settle_t *settle);

/* Seconds until a mail that failed tries times is tried again. */
int64_t mfa_mailer_again(int64_t first_sec, int64_t tries);

#endif /* MFA_FLOW_MAILER_H */
