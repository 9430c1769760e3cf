/*
 * What flows charge before they look at a name and a password, whether a right
 * one opens a session (flow login) or is vouched for elsewhere (flow verify):
 * the same counters, so that a limit reached on one path holds on the other.
 */

#ifndef MFA_GUESS_H
#define MFA_GUESS_H

#include "core/flow.h"

#define MFA_GUESS_CHARGES  3

typedef struct {
    mfa_charge_t  charges[MFA_GUESS_CHARGES];
    size_t        n;                        /* made so far */
    size_t        last;                     /* as many are to be made */
    mfa_at_t      account_at;               /* read with the last one */
    mfa_tri_e     known;                    /* was this network; UNKNOWN: it was
                                               not asked */
} mfa_guess_t;

/*
 * Begins: login is canonical, or empty when it is no name; what is no name has
 * no account to charge, and without a password nobody's is guessed at: the
 * network is charged alone.
 */
void mfa_guess_init(mfa_guess_t *guess, mfa_str_t login, int password);
/*
 * Adds the next charge to the flow's op: the network's, the account's from this
 * network, the account's from all strangers; with the last one the account is
 * read, when there is a name.  One at a time, because what one of them stops
 * must not count for those behind it, or a single network could use up what all
 * strangers have together, and leave a key in the store for every name it makes
 * up.
 */
void mfa_guess_charge(mfa_flow_t *flow, mfa_guess_t *guess, mfa_str_t login);
/* Whether a charge is left to be made. */
int mfa_guess_goes_on(const mfa_guess_t *guess);
/* Whether the last charge was within; sets flow->retry_after on MFA_NO. */
mfa_charged_t mfa_guess_result(mfa_flow_t *flow, mfa_guess_t *guess,
    const mfa_result_t *result);
/* Adds to the op that the account is known from this network, when the guess was
   one at a password.  Only where nothing but the password is to be shown: with
   an account's factor the network is known once its code was right. */
void mfa_guess_know(mfa_flow_t *flow, const mfa_guess_t *guess,
    mfa_str_t login);
/* Adds to the op what a right guess forgives. */
void mfa_guess_forgive(mfa_flow_t *flow, const mfa_guess_t *guess,
    mfa_str_t login);

#endif /* MFA_GUESS_H */
