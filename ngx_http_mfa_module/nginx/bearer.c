/*
 * Tokens at the gate, see bearer.h; flow bearer decides (core/flow_bearer.c).
 */

#include "nginx/bearer.h"
#include "nginx/api.h"
#include "nginx/body.h"
#include "nginx/task.h"

static const u_char     scheme[] = "bearer";
static const mfa_who_t  nobody;             /* a token is no session */

#define SCHEME_LEN  (sizeof(scheme) - 1)


MFA_HOT ngx_uint_t
ngx_http_mfa_bearer_is(ngx_http_request_t *r, ngx_http_mfa_loc_conf_t *lcf)
{
    ngx_str_t  *value;

    if (r != r->main || r->headers_in.authorization == NULL
        || !ngx_http_mfa_api_is(r, lcf))
    {
        return 0;
    }

    value = &r->headers_in.authorization->value;

    return value->len >= SCHEME_LEN
           && ngx_strncasecmp(value->data, (u_char *) scheme, SCHEME_LEN) == 0
           && (value->len == SCHEME_LEN || value->data[SCHEME_LEN] == ' ');
}


static void
told(ngx_http_request_t *r, ngx_http_mfa_gate_t *gate)
{
    gate->waiting = 0;
    gate->judged = 1;
    gate->who = &nobody;

    switch (gate->bearer->flow.outcome) {
    case MFA_OUTCOME_DONE:
        gate->verdict = MFA_VERDICT_ALLOW;
        break;
    case MFA_OUTCOME_REFUSED:
        gate->verdict = MFA_VERDICT_LOGIN;
        break;
    default:
        gate->verdict = MFA_VERDICT_UNAVAILABLE;
        break;
    }

    if (gate->bearer->touch) {
        ngx_http_mfa_task_send(r, &gate->bearer->flow.op);
    }
}


static void
wake(ngx_http_request_t *r, void *data)
{
    told(r, data);
    ngx_http_core_run_phases(r);
}


ngx_int_t
ngx_http_mfa_bearer_ask(ngx_http_request_t *r, ngx_http_mfa_gate_t *gate)
{
    ngx_int_t   rc;
    ngx_str_t  *value;

    gate->bearer = ngx_palloc(r->pool, sizeof(mfa_flow_bearer_t));

    if (gate->bearer == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    mfa_flow_bearer_init(gate->bearer);
    ngx_http_mfa_input_env(r, gate->lcf->portal, &gate->bearer->flow.env);

    value = &r->headers_in.authorization->value;

    if (value->len > SCHEME_LEN) {
        gate->bearer->text.data = value->data + SCHEME_LEN + 1;
        gate->bearer->text.len = value->len - SCHEME_LEN - 1;
    }

    /* Whoever may have heard it may use it: such a token counts for nothing. */
    if (!ngx_http_mfa_input_private(r)) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "mfa: a token came in the clear");
        gate->bearer->text.len = 0;
    }

    gate->waiting = 1;
    rc = ngx_http_mfa_task_run(r, &gate->bearer->flow, wake, gate);

    if (rc == NGX_OK) {
        told(r, gate);
    }

    return rc == NGX_ERROR ? NGX_HTTP_INTERNAL_SERVER_ERROR : rc;
}
