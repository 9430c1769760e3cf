/*
 * Flow health, see flow_health.h.
 */

#include "core/flow_health.h"

#include <string.h>

#define USEC  1000000
#define YEARS 100000000000LL                /* seconds no clock can be apart */

enum { START, ASKED };


/* Seconds and microseconds, as text; 0, or -1 when it is nothing of the kind. */
static int
time_read(const mfa_reply_t *reply, int64_t *sec, int64_t *usec)
{
    if (reply == NULL || reply->type != MFA_REPLY_ARRAY || reply->n != 2
        || reply->elements[0].type != MFA_REPLY_STRING
        || reply->elements[1].type != MFA_REPLY_STRING
        || mfa_str_int(reply->elements[0].str, sec) != 0
        || mfa_str_int(reply->elements[1].str, usec) != 0)
    {
        return -1;
    }

    return *sec < 0 || *sec > YEARS || *usec < 0 || *usec >= USEC ? -1 : 0;
}


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    int64_t             sec, usec;
    mfa_flow_health_t  *health;

    health = (mfa_flow_health_t *) flow;

    if (flow->step == START) {
        health->at = mfa_store_server_time(mfa_flow_next(flow, ASKED));
        return MFA_FLOW_STORE;
    }

    if (!mfa_op_sound(&flow->op, result)
        || time_read(mfa_op_reply(&flow->op, result, health->at), &sec, &usec)
           != 0)
    {
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }

    health->skew_usec = (sec - flow->env.now) * USEC + usec - flow->env.usec;

    return mfa_flow_end(flow, MFA_OUTCOME_DONE);
}


void
mfa_flow_health_init(mfa_flow_health_t *health)
{
    memset(health, 0, sizeof(mfa_flow_health_t));
    health->flow.run = run;
}
