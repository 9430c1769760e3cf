/*
 * Attempts at a factor and its sealed secret, see factor.h.
 */

#include "core/factor.h"

#include <string.h>


void
mfa_attempt_charge(mfa_flow_t *flow, mfa_attempt_t *attempt, mfa_str_t login)
{
    size_t               i;
    const mfa_portal_t  *portal;

    portal = flow->env.portal;

    attempt->charges[0].kind = MFA_CHARGE_ADDRESS;
    attempt->charges[0].limit = portal->limit_address;

    attempt->charges[1].kind = MFA_CHARGE_CODE;
    attempt->charges[1].limit = portal->limit_code;

    /* Windows end; guesses in a row must, too. */
    attempt->charges[2].kind = MFA_CHARGE_CODE_RUN;
    attempt->charges[2].limit.n = mfa_portal_code_run_max(portal);
    attempt->charges[2].limit.window_sec = MFA_CODE_RUN_SEC;

    for (i = 0; i < MFA_FACTOR_CHARGES; i++) {
        mfa_store_charge(&flow->op, &attempt->charges[i], portal, login,
                         flow->env.net);
    }
}


mfa_charged_t
mfa_attempt_result(mfa_flow_t *flow, const mfa_attempt_t *attempt,
    const mfa_result_t *result)
{
    mfa_charged_t  charged;

    charged = mfa_store_charge_result(&flow->op, result, attempt->charges,
                                      MFA_FACTOR_CHARGES);
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
    mfa_store_charge_refund(&flow->op, env->portal, env->net);
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
