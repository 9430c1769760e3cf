/*
 * What all flows share, see flow.h.
 */

#include "core/flow.h"


const char *
mfa_outcome_name(mfa_outcome_e outcome)
{
    switch (outcome) {
    case MFA_OUTCOME_REFUSED:
        return "refused";
    case MFA_OUTCOME_LIMITED:
        return "limited";
    case MFA_OUTCOME_FORBIDDEN:
        return "forbidden";
    case MFA_OUTCOME_EXPIRED:
        return "expired";
    case MFA_OUTCOME_FAULT:
        return "fault";
    case MFA_OUTCOME_CONFLICT:
        return "conflict";
    case MFA_OUTCOME_ABSENT:
        return "absent";
    case MFA_OUTCOME_CODE:
        return "code";
    case MFA_OUTCOME_DONE:
        return "done";
    default:
        return "unavailable";
    }
}


mfa_flow_e
mfa_flow_end(mfa_flow_t *flow, mfa_outcome_e outcome)
{
    flow->outcome = outcome;

    return MFA_FLOW_DONE;
}


mfa_op_t *
mfa_flow_next(mfa_flow_t *flow, int step)
{
    flow->step = step;
    mfa_op_reset(&flow->op);

    return &flow->op;
}


mfa_audit_t
mfa_flow_audit(const mfa_flow_t *flow, const char *event, const char *result,
    const char *reason, mfa_str_t login)
{
    mfa_audit_t  audit;

    audit.event = event;
    audit.result = result;
    audit.reason = reason;
    audit.login = login;
    audit.actor = (mfa_str_t) { NULL, 0 };
    audit.address = flow->env.address;
    audit.request = flow->env.request;
    audit.detail = (mfa_str_t) { NULL, 0 };

    return audit;
}
