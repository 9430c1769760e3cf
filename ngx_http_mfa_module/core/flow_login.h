/*
 * Flow login: the first factor.  A password is checked against the account's
 * record, or outside when the portal says so; an identity that nginx has verified
 * needs none.  An unknown, disabled or misspelt login costs what a known one
 * costs and is refused in the same way.
 *
 * With a code typed in the same form, an account with a factor gets no session
 * here: the flow ends with held set, and flow code goes on from it.
 */

#ifndef MFA_FLOW_LOGIN_H
#define MFA_FLOW_LOGIN_H

#include "core/flow_session.h"
#include "core/guess.h"

typedef struct {
    mfa_flow_t     flow;                    /* first: the flow is this */

    /* Set by the caller; must live as long as the flow. */
    mfa_str_t      typed;                   /* login as typed */
    mfa_str_t      password;
    mfa_str_t      code;                    /* of the combined form, may be empty */
    mfa_str_t      only;                    /* canonical: nobody else gets in, and
                                               a right password of somebody else
                                               is a wrong one; empty: whoever */
    int            verified;                /* nginx has verified who typed is */
    mfa_who_t      old;                     /* this browser's session, if any */
    const mfa_session_token_t  *device;     /* its device's; NULL: none */

    /* Results, with DONE. */
    mfa_opening_t  opening;
    mfa_account_t  account;
    int            held;                    /* nothing is opened: the code is to
                                               be looked at first */
    mfa_who_t      who;                     /* with held: for flow code */

    /* The flow's own. */
    mfa_str_t      login;                   /* canonical; empty: invalid */
    uint8_t        login_room[MFA_LOGIN_MAX];
    mfa_guess_t    guess;
    mfa_device_at_t  device_at;
    mfa_at_t       account_at;              /* watched */
    mfa_tri_e      found;                   /* the account */
    int            tries;                   /* to make it */
    int            fresh;                   /* it was made by this login */
    mfa_outcome_e  refusal;
} mfa_flow_login_t;

/* Outcomes: DONE, REFUSED, LIMITED (retry_after), UNAVAILABLE. */
void mfa_flow_login_init(mfa_flow_login_t *login);

#endif /* MFA_FLOW_LOGIN_H */
