/*
 * Flow password: an account's owner sets a new password, by a mailed link
 * (features 002-11 to 002-14, 004-08) or by the current one.  The old one may be
 * chosen again.
 *
 * All sessions of the account end, and one is opened for who did it.  By the
 * link alone it is as good as one by the password and no better: whoever has a
 * factor is asked for its code (security 89).  By the current password it keeps
 * the code it had.
 */

#ifndef MFA_FLOW_PASSWORD_H
#define MFA_FLOW_PASSWORD_H

#include "core/flow_session.h"
#include "core/guess.h"
#include "core/mailtoken.h"

#define MFA_PASSWORD_TRIES  3

/* What is wrong with the new password, or with the current one. */
typedef enum {
    MFA_PASSWORD_FINE = 0,
    MFA_PASSWORD_DIFFER,                    /* not typed alike twice */
    MFA_PASSWORD_SHORT,
    MFA_PASSWORD_FORM,                      /* too long, or no plain text */
    MFA_PASSWORD_COMMON,                    /* the first that are guessed */
    MFA_PASSWORD_CURRENT                    /* the current one is wrong */
} mfa_password_e;

typedef struct {
    mfa_flow_t       flow;                  /* first: the flow is this */

    /* Set by the caller; must live as long as the flow. */
    mfa_who_t        who;                   /* from flow gate */
    mfa_str_t        text;                  /* token of the link; empty: none */
    mfa_str_t        current;               /* without a link */
    mfa_str_t        password;
    mfa_str_t        again;

    /* Results. */
    mfa_password_e   wrong;                 /* with REFUSED */
    mfa_opening_t    opening;               /* with DONE */
    mfa_account_t    account;               /* as it is now, but its password */

    /* The flow's own. */
    mfa_str_t        login;                 /* whose it is */
    int64_t          generation;            /* which the proof was for */
    mfa_mailtoken_t  token;
    int              is_token;              /* there is one, for this page */
    uint8_t          hash[MFA_HASH_CHARS];
    mfa_guess_t      guess;
    mfa_charge_t     charge;                /* of the mail that tells of it */
    mfa_at_t         token_at;
    mfa_at_t         newest_at;
    mfa_at_t         account_at;
    int              tries;
    mfa_outcome_e    refusal;
    uint8_t          made[MFA_HASH_TEXT_MAX];
    size_t           made_len;
} mfa_flow_password_t;

/*
 * Whether who may set a password by the current one: the account is one with a
 * password here, and the code has been given where there is a factor.
 */
int mfa_password_may(const mfa_portal_t *portal, const mfa_who_t *who);

/*
 * Outcomes: DONE; REFUSED (wrong says why; nothing is used up but an attempt,
 * when the current one was wrong); LIMITED; EXPIRED (the link is none any more,
 * or there is no session); FORBIDDEN (mfa_password_may); CONFLICT; UNAVAILABLE.
 */
void mfa_flow_password_init(mfa_flow_password_t *password);

#endif /* MFA_FLOW_PASSWORD_H */
