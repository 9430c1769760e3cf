/*
 * Attempts at a factor and its sealed secret, see factor.h.
 */

#include "core/factor.h"
#include "core/store_recovery.h"

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


/* Under every key of the ring: it was made under one of them.  0 or -1. */
static int
recovery_hashes(const mfa_flow_t *flow, const mfa_account_t *account,
    const uint8_t *code, mfa_claim_t *claim)
{
    size_t                i;
    mfa_buf_t             out;
    const mfa_keyring_t  *ring;

    ring = flow->env.keys;
    mfa_buf_init(&out, claim->hashes, sizeof(claim->hashes));

    for (i = 0; i < ring->n; i++) {
        if (mfa_recovery_hash(&ring->keys[i], flow->env.portal, account->login,
                              account->secret_id, code, &out) != 0)
        {
            return -1;
        }
    }

    claim->hashes_len = out.len;

    return 0;
}


mfa_tri_e
mfa_attempt_check(mfa_flow_t *flow, const mfa_account_t *account,
    const mfa_str_t *before, mfa_str_t code, mfa_claim_t *claim)
{
    int64_t                   now;
    uint8_t                   secret[MFA_TOTP_SECRET_BYTES];
    uint8_t                   recovery[MFA_RECOVERY_BYTES];
    mfa_tri_e                 answer;
    const mfa_totp_params_t  *totp;

    now = flow->env.now;
    totp = &flow->env.portal->totp;

    /* Also for a recovery code: a factor that is damaged lets nobody in. */
    if (mfa_secret_open(flow, "totp", account->login, account->secret_id,
                        account->secret, secret) != 0)
    {
        flow->alarm = "the sealed secret of an account does not open";
        return MFA_UNKNOWN;
    }

    claim->recovery = before == NULL
                      && mfa_recovery_parse(code, recovery) == 0;

    if (claim->recovery) {
        answer = recovery_hashes(flow, account, recovery, claim) == 0
                 ? MFA_YES : MFA_UNKNOWN;
        mfa_wipe(recovery, sizeof(recovery));

    } else {
        answer = before ? mfa_totp_check_pair(totp, secret, sizeof(secret), now,
                                              *before, code, &claim->step)
                        : mfa_totp_check(totp, secret, sizeof(secret), now,
                                         code, &claim->step);
    }

    mfa_wipe(secret, sizeof(secret));

    return answer;
}


void
mfa_claim_add(mfa_flow_t *flow, mfa_claim_t *claim, mfa_str_t login)
{
    mfa_str_t  hashes;

    if (claim->recovery) {
        hashes = (mfa_str_t) { claim->hashes, claim->hashes_len };
        claim->claimed_at = mfa_store_recovery_claim(&flow->op,
                                                     flow->env.portal, login,
                                                     hashes, &claim->left_at);
        return;
    }

    claim->claimed_at = mfa_store_step_claim(&flow->op, flow->env.portal, login,
                                             claim->step);
}


mfa_tri_e
mfa_claim_result(const mfa_flow_t *flow, mfa_claim_t *claim,
    const mfa_result_t *result)
{
    int64_t  claimed;

    if (mfa_op_int(&flow->op, result, claim->claimed_at, &claimed) != 0
        || (claim->recovery && mfa_op_int(&flow->op, result, claim->left_at,
                                          &claim->left) != 0))
    {
        return MFA_UNKNOWN;
    }

    return claimed == 1 ? MFA_YES : MFA_NO;
}


const char *
mfa_claim_refusal(const mfa_claim_t *claim)
{
    return claim->recovery ? "recovery" : "replayed";
}


mfa_str_t
mfa_claim_left(mfa_claim_t *claim)
{
    mfa_buf_t  out;

    mfa_buf_init(&out, claim->left_text, sizeof(claim->left_text));
    mfa_buf_int(&out, claim->left);

    return mfa_buf_since(&out, 0);
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
