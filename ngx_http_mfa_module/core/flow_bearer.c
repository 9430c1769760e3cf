/*
 * Flow bearer, see flow_token.h:
 *
 *   token's record -> its maker's account
 */

#include "core/flow_token.h"

#include <string.h>

enum { START, READ, MAKER };


static mfa_str_t
hash_of(const mfa_flow_bearer_t *bearer)
{
    return (mfa_str_t) { bearer->hash, MFA_HASH_CHARS };
}


/* Which of the reasons it was is nobody's business. */
static mfa_flow_e
refuse(mfa_flow_bearer_t *bearer)
{
    memset(&bearer->by, 0, sizeof(mfa_by_t));
    bearer->maker_role = MFA_ROLE_NONE;

    return mfa_flow_end(&bearer->flow, MFA_OUTCOME_REFUSED);
}


static mfa_flow_e
start(mfa_flow_bearer_t *bearer)
{
    if (mfa_apitoken_hash(bearer->text, bearer->hash) != 0) {
        return refuse(bearer);
    }

    bearer->token_at = mfa_store_token_read(mfa_flow_next(&bearer->flow, READ),
                                            bearer->flow.env.portal,
                                            hash_of(bearer));
    return MFA_FLOW_STORE;
}


static mfa_flow_e
token_read(mfa_flow_bearer_t *bearer, const mfa_result_t *result)
{
    mfa_tri_e         found;
    const mfa_env_t  *env;

    env = &bearer->flow.env;
    found = mfa_store_token_decode(&bearer->flow.op, result, bearer->token_at,
                                   env->portal, hash_of(bearer),
                                   &bearer->token);
    if (found == MFA_UNKNOWN) {
        return mfa_flow_end(&bearer->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    /* By the record's time: that of the key can be lost. */
    if (found == MFA_NO || env->now >= bearer->token.expires) {
        return refuse(bearer);
    }

    bearer->maker_at =
        mfa_store_account_read(mfa_flow_next(&bearer->flow, MAKER), env->portal,
                               bearer->token.login, MFA_ACCOUNT_N);
    return MFA_FLOW_STORE;
}


static mfa_flow_e
maker_read(mfa_flow_bearer_t *bearer, const mfa_result_t *result)
{
    mfa_tri_e         found;
    const mfa_env_t  *env;

    env = &bearer->flow.env;
    found = mfa_store_account_decode(&bearer->flow.op, result, bearer->maker_at,
                                     bearer->token.login, MFA_ACCOUNT_N,
                                     &bearer->maker);
    if (found == MFA_UNKNOWN) {
        return mfa_flow_end(&bearer->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    bearer->maker_role = found == MFA_YES
                         ? mfa_right_role(env->portal, &bearer->maker, env->now)
                         : MFA_ROLE_NONE;

    if (bearer->maker_role == MFA_ROLE_NONE
        || bearer->maker.created != bearer->token.login_created)
    {
        return refuse(bearer);
    }

    bearer->by.portal = env->portal;
    bearer->by.login = bearer->token.login;
    bearer->by.generation = -1;
    bearer->by.by_token = 1;
    bearer->by.token_role = bearer->token.role;
    bearer->by.created = bearer->token.login_created;
    bearer->by.token_name = bearer->token.name;
    bearer->by.token_ref = mfa_session_short(hash_of(bearer));

    if (env->now - bearer->token.used >= MFA_TOUCH_SEC) {
        bearer->token.used = env->now;
        mfa_store_token_save(mfa_flow_next(&bearer->flow, MAKER), env->portal,
                             &bearer->token, hash_of(bearer), env->now);
        bearer->touch = !bearer->flow.op.failed;
    }

    return mfa_flow_end(&bearer->flow, MFA_OUTCOME_DONE);
}


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_flow_bearer_t  *bearer;

    bearer = (mfa_flow_bearer_t *) flow;

    if (flow->step == START) {
        return start(bearer);
    }

    if (!mfa_op_sound(&flow->op, result)) {
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }

    return flow->step == READ ? token_read(bearer, result)
                              : maker_read(bearer, result);
}


void
mfa_flow_bearer_init(mfa_flow_bearer_t *bearer)
{
    memset(bearer, 0, sizeof(mfa_flow_bearer_t));
    bearer->flow.run = run;
}
