/*
 * Flow validate, see flow_validate.h.  Everything up to the claim of the second
 * code's step is flow_code.c's.
 */

#include "core/flow_validate.h"


/* The mark names the key: one that was replaced meanwhile stays unvalidated. */
static mfa_flow_e
mark(mfa_flow_code_t *code)
{
    mfa_op_t         *op;
    mfa_audit_t       audit;
    const mfa_env_t  *env;

    env = &code->flow.env;

    op = mfa_flow_code_last(code);
    mfa_attempt_forgive(&code->flow, code->who.account.login);

    audit = mfa_flow_audit(&code->flow, code->event, "ok", "",
                           code->who.account.login);

    mfa_op_multi(op);
    mfa_store_validated_set(op, env->portal, &code->who.account);
    mfa_store_audit(op, env->portal, &audit);
    mfa_op_exec(op);

    return MFA_FLOW_STORE;
}


/* With the password alone nobody gets to try a code here. */
static mfa_flow_e
not_allowed(mfa_flow_t *flow, const mfa_result_t *result)
{
    (void) result;

    return mfa_flow_end(flow, MFA_OUTCOME_FORBIDDEN);
}


void
mfa_flow_validate_init(mfa_flow_validate_t *validate, const mfa_who_t *who,
    mfa_str_t first, mfa_str_t second)
{
    mfa_flow_code_init(&validate->code);

    validate->code.flow.trying = MFA_TRYING_VALIDATE;
    validate->code.who = *who;
    validate->code.event = "validate";
    validate->code.before = first;
    validate->code.code = second;
    validate->code.accepted = mark;

    if (who->has_session && who->session.level != MFA_LEVEL_MFA) {
        validate->code.flow.run = not_allowed;
    }
}
