/*
 * Flow reminder: who has a day left to set up a factor is told, and who is locked
 * out, once for each deadline; a deadline that was extended is another one.
 *
 *   a page of the unenrolled by deadline, what they were told
 *     -> for each that was not: watch -> mail and note of it in one transaction
 *
 * Several mailers side by side queue one mail: the note is watched.
 */

#ifndef MFA_FLOW_REMINDER_H
#define MFA_FLOW_REMINDER_H

#include "core/mail.h"
#include "core/store_outbox.h"

#define MFA_REMINDER_PAGE     50            /* accounts of a run */
#define MFA_REMINDER_SEC      86400         /* ahead of the deadline */
/* Who was locked out longer ago is not told: a mailer that runs for the first
   time does not write to everybody who ever was. */
#define MFA_LOCKED_OUT_SEC    (30 * 86400)

typedef struct {
    mfa_flow_t          flow;               /* first: the flow is this */

    /* Set by the caller: where to go on, 0 and 0 at first; and where next. */
    int64_t             from;               /* deadline seen last */
    int64_t             skip;               /* and how many of it */

    /* Results. */
    size_t              queued;             /* mails */
    int                 over;               /* there is no next page */

    /* The flow's own. */
    mfa_at_t            at;
    mfa_at_t            notice_at;
    mfa_at_t            account_at;
    mfa_str_t           logins[MFA_REMINDER_PAGE];
    int64_t             deadlines[MFA_REMINDER_PAGE];
    const mfa_reply_t  *notices;
    size_t              n;
    size_t              i;                  /* the one being looked at */
    int                 tries;
    int                 goes;
    uint8_t             detail[24];
} mfa_flow_reminder_t;

/* Prepares a flow; env is set by the caller.  Outcomes: DONE, UNAVAILABLE. */
void mfa_flow_reminder_init(mfa_flow_reminder_t *reminder);

#endif /* MFA_FLOW_REMINDER_H */
