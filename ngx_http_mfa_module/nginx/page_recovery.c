/*
 * Recovery codes as their owner sees them, once: behind setting a factor up and
 * on a page of their own when they were made anew.
 */

#include "nginx/body.h"
#include "nginx/pages.h"

#include "core/flow_recovery.h"

#define CODES_MAX  (MFA_RECOVERY_N * (MFA_RECOVERY_SHOWN + 1))  /* lines */


static mfa_flow_recovery_t *
flow_make(ngx_http_mfa_visit_t *v, mfa_recovery_e action)
{
    mfa_flow_recovery_t  *recovery;

    recovery = ngx_palloc(v->request->pool, sizeof(mfa_flow_recovery_t));

    if (recovery) {
        mfa_flow_recovery_init(recovery);
        recovery->action = action;
        recovery->who = *v->who;
        v->flow = recovery;
    }

    return recovery;
}


static mfa_page_e
page_of(ngx_http_mfa_visit_t *v)
{
    return ngx_strcmp(v->endpoint->path, "recovery") == 0
           ? MFA_PAGE_RECOVERY : MFA_PAGE_ENROL_DONE;
}


/* One a line, as they are printed and copied. */
static ngx_int_t
model_codes(ngx_http_mfa_visit_t *v, mfa_flow_recovery_t *recovery)
{
    size_t      i;
    u_char     *p;
    mfa_buf_t   out;

    p = ngx_http_mfa_wiped_alloc(v->request, CODES_MAX);

    if (p == NULL) {
        return NGX_ERROR;
    }

    mfa_buf_init(&out, p, CODES_MAX);

    for (i = 0; i < MFA_RECOVERY_N; i++) {
        if (i) {
            mfa_buf_byte(&out, '\n');
        }

        mfa_recovery_write(&out, recovery->codes.raw[i]);
    }

    mfa_wipe(&recovery->codes, sizeof(recovery->codes));
    ngx_http_mfa_set_text(v, MFA_VAR_RECOVERY_CODES, mfa_buf_since(&out, 0));

    return NGX_OK;
}


static void
taken(ngx_http_request_t *r, void *data)
{
    mfa_flow_recovery_t   *recovery;
    ngx_http_mfa_visit_t  *v = data;

    recovery = v->flow;

    if (recovery->flow.outcome != MFA_OUTCOME_DONE) {
        ngx_http_mfa_visit_outcome(v, &recovery->flow, MFA_PAGE_ERROR,
                                   MFA_ERR_FORBIDDEN);
        return;
    }

    if (recovery->has_codes && model_codes(v, recovery) != NGX_OK) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_mfa_visit_page(v, NGX_HTTP_OK, page_of(v), MFA_ERR_NONE);
}


/* What waits is shown to whoever can see it: a HEAD would only lose it. */
static void
show(ngx_http_mfa_visit_t *v)
{
    if (!v->who->has_session || v->who->verdict != MFA_VERDICT_ALLOW
        || !v->who->account.enrolled)
    {
        ngx_http_mfa_visit_onward(v, v->who->verdict);
        return;
    }

    if (v->request->method == NGX_HTTP_HEAD) {
        ngx_http_mfa_visit_page(v, NGX_HTTP_OK, page_of(v), MFA_ERR_NONE);
        return;
    }

    if (flow_make(v, MFA_RECOVERY_TAKE) == NULL) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_mfa_visit_run(v, taken);
}


void
ngx_http_mfa_done_get(ngx_http_mfa_visit_t *v)
{
    ngx_http_mfa_set_flag(v, MFA_VAR_REPLACED,
                          mfa_form_value(&v->query, "replaced").len != 0);
    ngx_http_mfa_set_flag(v, MFA_VAR_RESET,
                          mfa_form_value(&v->query, "reset").len != 0);
    show(v);
}


void
ngx_http_mfa_recovery_get(ngx_http_mfa_visit_t *v)
{
    show(v);
}


static void
renewed(ngx_http_request_t *r, void *data)
{
    mfa_flow_recovery_t   *recovery;
    ngx_http_mfa_visit_t  *v = data;

    recovery = v->flow;
    v->next = (mfa_str_t) { NULL, 0 };

    switch (recovery->flow.outcome) {
    case MFA_OUTCOME_DONE:
        ngx_http_mfa_visit_to_page(v, "recovery");
        return;

    case MFA_OUTCOME_CODE:
        ngx_http_mfa_visit_fresh(v);
        return;

    default:
        ngx_http_mfa_visit_outcome(v, &recovery->flow, MFA_PAGE_ERROR,
                                   MFA_ERR_FORBIDDEN);
        return;
    }
}


void
ngx_http_mfa_recovery_renew(ngx_http_mfa_visit_t *v)
{
    if (flow_make(v, MFA_RECOVERY_RENEW) == NULL) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_mfa_visit_run(v, renewed);
}
