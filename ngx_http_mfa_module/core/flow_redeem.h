/*
 * Flow redeem: what a mailed link is worth.  LOOK says it and changes nothing,
 * however often (security 91): what reads a person's mail follows links, too.
 * TAKE takes the token of a set-up link, once, for the session that its owner's
 * password has just opened; a reset link gives that session a secret to put in
 * place of the factor (enrolment.h).
 *
 * A link opens nothing by itself: TAKE needs a session of the very account
 * (security 89).  Links to the page password are taken by flow password.
 */

#ifndef MFA_FLOW_REDEEM_H
#define MFA_FLOW_REDEEM_H

#include "core/enrolment.h"
#include "core/mailtoken.h"

typedef enum {
    MFA_REDEEM_LOOK = 0,
    MFA_REDEEM_TAKE
} mfa_redeem_e;

typedef struct {
    mfa_flow_t       flow;                  /* first: the flow is this */

    /* Set by the caller. */
    mfa_redeem_e     action;
    mfa_str_t        text;                  /* the token, as in the link */
    int              password;              /* LOOK: a link to page password,
                                               else one to page setup */
    const mfa_opening_t  *opening;          /* TAKE: the session, just opened */

    /* Results with DONE. */
    mfa_mailtoken_t  token;
    mfa_account_t    account;               /* LOOK */

    /* The flow's own. */
    uint8_t          hash[MFA_HASH_CHARS];
    mfa_tri_e        found;                 /* LOOK: the token */
    mfa_at_t         token_at;
    mfa_at_t         newest_at;
    mfa_at_t         account_at;
    uint8_t          sealed[MFA_ENROLMENT_TEXT_MAX];
} mfa_flow_redeem_t;

/*
 * Outcomes: DONE; EXPIRED: it is none, or none any more (used, over, an older
 * one, for another page, portal or account, its account changed or blocked):
 * which of these is nobody's to know; UNAVAILABLE, with TAKE it may be used then.
 */
void mfa_flow_redeem_init(mfa_flow_redeem_t *redeem);

/* Behind LOOK: the login that was typed; the e-mail address of the account
   counts as its login. */
mfa_str_t mfa_redeem_login(const mfa_flow_redeem_t *redeem, mfa_str_t typed);

#endif /* MFA_FLOW_REDEEM_H */
