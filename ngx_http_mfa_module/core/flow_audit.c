/*
 * Flow audit, see flow_audit.h: one operation.
 */

#include "core/flow_audit.h"

#include <string.h>

enum { START, READ };


/* Without a filter no more is read than is shown. */
static int64_t
to_read(const mfa_flow_audit_t *audit)
{
    const mfa_event_filter_t  *filter;

    filter = &audit->filter;

    return filter->about.len || filter->login.len || filter->actor.len
           || filter->event.len || filter->result.len
           ? MFA_AUDIT_SCAN : (int64_t) audit->n;
}


static mfa_flow_e
start(mfa_flow_audit_t *audit)
{
    mfa_buf_t  before;

    if (audit->n == 0 || audit->n > MFA_AUDIT_ROWS_MAX
        || (audit->before.len && !mfa_event_id_check(audit->before)))
    {
        return mfa_flow_end(&audit->flow, MFA_OUTCOME_REFUSED);
    }

    mfa_buf_init(&before, audit->before_room, sizeof(audit->before_room));
    mfa_buf_cstr(&before, audit->before.len ? "(" : "+");
    mfa_buf_str(&before, audit->before);

    audit->asked = to_read(audit);
    audit->at = mfa_store_audit_read(mfa_flow_next(&audit->flow, READ),
                                     audit->flow.env.portal,
                                     mfa_buf_since(&before, 0), audit->asked);
    return MFA_FLOW_STORE;
}


static mfa_flow_e
take(mfa_flow_audit_t *audit, const mfa_result_t *result)
{
    size_t              i;
    mfa_event_t         event;
    const mfa_reply_t  *list;

    list = mfa_op_reply(&audit->flow.op, result, audit->at);

    if (list == NULL || list->type != MFA_REPLY_ARRAY) {
        return mfa_flow_end(&audit->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    for (i = 0; i < list->n && audit->n_rows < audit->n; i++) {
        if (mfa_event_decode(&event, &list->elements[i]) != 0) {
            return mfa_flow_end(&audit->flow, MFA_OUTCOME_UNAVAILABLE);
        }

        if (mfa_event_match(&event, &audit->filter)) {
            audit->rows[audit->n_rows++] = event;
        }

        audit->next = event.id;
    }

    /* All there were have been looked at. */
    if (i == list->n && (int64_t) list->n < audit->asked) {
        audit->next = (mfa_str_t) { NULL, 0 };
    }

    return mfa_flow_end(&audit->flow, MFA_OUTCOME_DONE);
}


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_flow_audit_t  *audit;

    audit = (mfa_flow_audit_t *) flow;

    if (flow->step == START) {
        return start(audit);
    }

    return mfa_op_sound(&flow->op, result)
           ? take(audit, result)
           : mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
}


void
mfa_flow_audit_init(mfa_flow_audit_t *audit)
{
    memset(audit, 0, sizeof(mfa_flow_audit_t));
    audit->flow.run = run;
    audit->n = MFA_AUDIT_ROWS_MAX;
}
