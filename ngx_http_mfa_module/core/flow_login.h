/*
 * Flow login: the password step.  An unknown, disabled or misspelt login costs
 * what a known one costs and is refused in the same way.
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
    mfa_who_t      old;                     /* this browser's session, if any */
    const mfa_session_token_t  *device;     /* its device's; NULL: none */

    /* Results, with DONE. */
    mfa_opening_t  opening;
    mfa_account_t  account;

    /* The flow's own. */
    mfa_str_t      login;                   /* canonical; empty: invalid */
    uint8_t        login_room[MFA_LOGIN_MAX];
    mfa_guess_t    guess;
    mfa_device_at_t  device_at;
    mfa_outcome_e  refusal;
} mfa_flow_login_t;

/* Outcomes: DONE, REFUSED, LIMITED (retry_after), UNAVAILABLE. */
void mfa_flow_login_init(mfa_flow_login_t *login);

#endif /* MFA_FLOW_LOGIN_H */
