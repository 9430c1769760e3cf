/*
 * Guesses at a name and a password, see guess.h.
 */

#include "core/guess.h"

/* Guesses against one account from networks it was never used from, as a
   multiple of what one network may do: a stranger cannot lock its owner out. */
#define STRANGERS  10


void
mfa_guess_init(mfa_guess_t *guess, mfa_str_t login, int password)
{
    guess->n = 0;
    guess->last = login.len && password ? MFA_GUESS_CHARGES : 1;
    guess->account_at = -1;
    guess->known = MFA_UNKNOWN;
}


void
mfa_guess_charge(mfa_flow_t *flow, mfa_guess_t *guess, mfa_str_t login)
{
    mfa_charge_t        *charge;
    const mfa_portal_t  *portal;

    portal = flow->env.portal;
    charge = &guess->charges[guess->n];

    switch (guess->n++) {
    case 0:
        charge->kind = MFA_CHARGE_ADDRESS;
        charge->limit = portal->limit_address;
        break;

    case 1:
        charge->kind = MFA_CHARGE_PASSWORD;
        charge->limit = portal->limit_password;
        break;

    default:
        charge->kind = MFA_CHARGE_ACCOUNT;
        charge->limit = portal->limit_password;
        charge->limit.n *= STRANGERS;
        break;
    }

    if (login.len && !mfa_guess_goes_on(guess)) {
        guess->account_at = mfa_store_account_read(&flow->op, portal, login,
                                                   MFA_ACCOUNT_N);
    }

    mfa_store_charge(&flow->op, charge, portal, login, flow->env.net);
}


int
mfa_guess_goes_on(const mfa_guess_t *guess)
{
    return guess->n < guess->last;
}


mfa_charged_t
mfa_guess_result(mfa_flow_t *flow, mfa_guess_t *guess,
    const mfa_result_t *result)
{
    int64_t        known;
    mfa_charge_t  *charge;
    mfa_charged_t  charged;

    charge = &guess->charges[guess->n - 1];
    charged = mfa_store_charge_result(&flow->op, result, charge, 1);
    flow->retry_after = charged.retry_after;

    if (charge->kind == MFA_CHARGE_ACCOUNT
        && mfa_op_int(&flow->op, result, charge->known, &known) == 0)
    {
        guess->known = known ? MFA_YES : MFA_NO;
    }

    return charged;
}


void
mfa_guess_forgive(mfa_flow_t *flow, const mfa_guess_t *guess, mfa_str_t login)
{
    mfa_op_t         *op;
    const mfa_env_t  *env;

    op = &flow->op;
    env = &flow->env;

    mfa_store_charge_refund(op, MFA_CHARGE_ADDRESS,
                            env->portal->limit_address.window_sec, env->portal,
                            login, env->net);

    if (guess->n < MFA_GUESS_CHARGES) {
        return;
    }

    mfa_store_charge_clear(op, MFA_CHARGE_PASSWORD, env->portal, login,
                           env->net);
    /* What was right was no stranger's guess either. */
    mfa_store_charge_refund(op, MFA_CHARGE_ACCOUNT,
                            env->portal->limit_password.window_sec, env->portal,
                            login, env->net);
}


void
mfa_guess_know(mfa_flow_t *flow, const mfa_guess_t *guess, mfa_str_t login)
{
    if (guess->n == MFA_GUESS_CHARGES) {
        mfa_store_known_net(&flow->op, flow->env.portal, login, flow->env.net);
    }
}
