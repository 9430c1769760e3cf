/*
 * Flow verify: another resource (SSH, a desktop) asks about somebody who wants
 * to come in there: is a code needed, is this one right?  It opens no session
 * and changes no factor.
 *
 * Attempts are charged to the counters of the login and code pages, a code is
 * claimed where those claim theirs, and who is asked for one is the verdict
 * table's to say (policy.c, the rows of require=validated).
 *
 * Without a password the answer is about the second factor alone: the resource
 * has seen to the first.
 */

#ifndef MFA_FLOW_VERIFY_H
#define MFA_FLOW_VERIFY_H

#include "core/factor.h"
#include "core/guess.h"

typedef struct {
    mfa_flow_t     flow;                    /* first: the flow is this */

    /* Set by the caller; must live as long as the flow. */
    mfa_str_t      typed;                   /* login as typed */
    mfa_str_t      password;
    int            has_password;            /* an empty one is a wrong one */
    mfa_str_t      code;
    int            has_code;                /* likewise */

    /* Result, with DONE: a code was asked for, and it was right. */
    int            asked;

    /* The flow's own. */
    mfa_str_t      login;                   /* canonical; empty: invalid */
    uint8_t        login_room[MFA_LOGIN_MAX];
    mfa_guess_t    guess;
    mfa_attempt_t  attempt;
    mfa_account_t  account;
    int            has_account;
    mfa_claim_t    claim;
    mfa_outcome_e  ending;
} mfa_flow_verify_t;

/*
 * Outcomes: DONE (let in), CODE (right so far, a code must be given), REFUSED
 * (unknown, disabled, wrong password, wrong or spent code), FAULT (the factor is
 * damaged: alarm), LIMITED (retry_after), UNAVAILABLE.  Whoever is told of
 * FAULT must not be able to tell it from REFUSED.
 */
void mfa_flow_verify_init(mfa_flow_verify_t *verify);

#endif /* MFA_FLOW_VERIFY_H */
