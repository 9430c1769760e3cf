/*
 * Pages that only tell how things stand: lockout, block, outage.
 */

#include "nginx/pages.h"


/* A state that is not the visitor's own leads to where they stand. */
static void
state_page(ngx_http_mfa_visit_t *v, mfa_verdict_e verdict, mfa_page_e page,
    mfa_error_e error)
{
    if (v->who->verdict != verdict) {
        ngx_http_mfa_visit_onward(v, v->who->verdict);
        return;
    }

    ngx_http_mfa_visit_page(v, NGX_HTTP_FORBIDDEN, page, error);
}


void
ngx_http_mfa_locked_get(ngx_http_mfa_visit_t *v)
{
    state_page(v, MFA_VERDICT_LOCKED, MFA_PAGE_LOCKED, MFA_ERR_NONE);
}


void
ngx_http_mfa_blocked_get(ngx_http_mfa_visit_t *v)
{
    state_page(v, MFA_VERDICT_BLOCKED, MFA_PAGE_BLOCKED,
               v->who->account.fault ? MFA_ERR_FAULT : MFA_ERR_NONE);
}


void
ngx_http_mfa_unavailable_get(ngx_http_mfa_visit_t *v)
{
    /* The store has just answered: there is nothing to wait for. */
    ngx_http_mfa_visit_onward(v, v->who->verdict);
}
