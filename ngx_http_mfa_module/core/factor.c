/*
 * Attempts at a factor and its sealed secret, see factor.h.
 */

#include "core/factor.h"

#include <string.h>


void
mfa_attempt_charge(mfa_flow_t *flow, mfa_attempt_t *attempt, mfa_str_t login)
{
    mfa_charge_t        *charge;
    const mfa_portal_t  *portal;

    portal = flow->env.portal;
    charge = &attempt->charges[attempt->n];

    switch (attempt->n++) {
    case 0:
        charge->kind = MFA_CHARGE_ADDRESS;
        charge->limit = portal->limit_address;
        break;

    case 1:
        charge->kind = MFA_CHARGE_CODE;
        charge->limit = portal->limit_code;
        break;

    default:
        /* Windows end; guesses in a row must, too. */
        charge->kind = MFA_CHARGE_CODE_RUN;
        charge->limit.n = mfa_portal_code_run_max(portal);
        charge->limit.window_sec = MFA_CODE_RUN_SEC;
        break;
    }

    mfa_store_charge(&flow->op, charge, portal, login, flow->env.net);
}


int
mfa_attempt_goes_on(const mfa_attempt_t *attempt)
{
    return attempt->n < MFA_FACTOR_CHARGES;
}


mfa_charged_t
mfa_attempt_result(mfa_flow_t *flow, const mfa_attempt_t *attempt,
    const mfa_result_t *result)
{
    mfa_charged_t  charged;

    charged = mfa_store_charge_result(&flow->op, result,
                                      &attempt->charges[attempt->n - 1], 1);
    flow->retry_after = charged.retry_after;

    return charged;
}


void
mfa_attempt_forgive(mfa_flow_t *flow, mfa_str_t login)
{
    const mfa_env_t  *env;

    env = &flow->env;

    mfa_store_charge_clear(&flow->op, MFA_CHARGE_CODE, env->portal, login,
                           env->net);
    mfa_store_charge_clear(&flow->op, MFA_CHARGE_CODE_RUN, env->portal, login,
                           env->net);
    mfa_store_charge_refund(&flow->op, MFA_CHARGE_ADDRESS,
                            env->portal->limit_address.window_sec, env->portal,
                            login, env->net);
}


mfa_tri_e
mfa_attempt_check(mfa_flow_t *flow, const mfa_account_t *account,
    const mfa_str_t *before, mfa_str_t code, int64_t *step)
{
    int64_t                   now;
    uint8_t                   secret[MFA_TOTP_SECRET_BYTES];
    mfa_tri_e                 answer;
    const mfa_totp_params_t  *totp;

    now = flow->env.now;
    totp = &flow->env.portal->totp;

    if (mfa_secret_open(flow, "totp", account->login, account->secret_id,
                        account->secret, secret) != 0)
    {
        flow->alarm = "the sealed secret of an account does not open";
        return MFA_UNKNOWN;
    }

    answer = before ? mfa_totp_check_pair(totp, secret, sizeof(secret), now,
                                          *before, code, step)
                    : mfa_totp_check(totp, secret, sizeof(secret), now, code,
                                     step);
    mfa_wipe(secret, sizeof(secret));

    return answer;
}


static mfa_seal_bind_t
binding(const mfa_flow_t *flow, const char *purpose, mfa_str_t login,
    mfa_str_t secret_id)
{
    mfa_seal_bind_t  bind;

    bind.purpose = purpose;
    bind.portal = flow->env.portal->name;
    bind.login = login;
    bind.version = secret_id;

    return bind;
}


int
mfa_secret_open(const mfa_flow_t *flow, const char *purpose, mfa_str_t login,
    mfa_str_t secret_id, mfa_str_t sealed, uint8_t *secret)
{
    uint8_t          plain[MFA_SEAL_PLAIN_MAX];
    mfa_buf_t        out;
    mfa_tri_e        answer;
    mfa_seal_bind_t  bind;

    bind = binding(flow, purpose, login, secret_id);
    mfa_buf_init(&out, plain, sizeof(plain));
    answer = mfa_seal_open(flow->env.keys, &bind, sealed, &out);

    if (answer != MFA_YES || out.len != MFA_TOTP_SECRET_BYTES) {
        mfa_wipe(plain, sizeof(plain));
        return -1;
    }

    memcpy(secret, plain, MFA_TOTP_SECRET_BYTES);
    mfa_wipe(plain, sizeof(plain));

    return 0;
}


int
mfa_secret_seal(const mfa_flow_t *flow, const char *purpose, mfa_str_t login,
    mfa_str_t secret_id, const uint8_t *secret, mfa_buf_t *out)
{
    mfa_seal_bind_t  bind;

    bind = binding(flow, purpose, login, secret_id);

    return mfa_seal_make(flow->env.keys, flow->env.random, &bind,
                         (mfa_str_t) { secret, MFA_TOTP_SECRET_BYTES }, out);
}
