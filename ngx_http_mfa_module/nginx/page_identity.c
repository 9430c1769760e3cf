/*
 * The login page of a portal whose first factor is an identity that nginx has
 * verified: there is no form.  A navigation gets a session and goes on to where
 * it wanted to be; the gate asks for the rest.
 *
 * Nothing here leads back to this page: who cannot be let in is told so.
 */

#include "nginx/pages.h"
#include "nginx/first_factor.h"

#include "core/flow_login.h"


static void
refuse(ngx_http_mfa_visit_t *v, mfa_error_e error, const char *why)
{
    ngx_log_error(NGX_LOG_INFO, v->request->connection->log, 0,
                  "mfa: no login for portal \"%*s\": %s",
                  v->portal->core.name.len, v->portal->core.name.data, why);

    ngx_http_mfa_visit_page(v, NGX_HTTP_FORBIDDEN, MFA_PAGE_ERROR, error);
}


static void
identity_done(ngx_http_request_t *r, void *data)
{
    mfa_flow_login_t      *login;
    ngx_http_mfa_visit_t  *v = data;

    login = v->flow;

    if (login->flow.outcome == MFA_OUTCOME_REFUSED) {
        refuse(v, MFA_ERR_NO_ACCOUNT,
               "the identity is of no account that may log in");
        return;
    }

    if (login->flow.outcome != MFA_OUTCOME_DONE) {
        ngx_http_mfa_visit_outcome(v, &login->flow, MFA_PAGE_ERROR,
                                   MFA_ERR_FORBIDDEN);
        return;
    }

    if (ngx_http_mfa_visit_opened(v, &login->opening) != NGX_OK) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    /* What it lacks is the gate's to say, there. */
    ngx_http_mfa_visit_onward(v, MFA_VERDICT_ALLOW);
}


/* Whether the session is one of whoever is there now. */
static ngx_uint_t
same_person(ngx_http_mfa_visit_t *v, mfa_str_t identity)
{
    uint8_t    data[MFA_LOGIN_MAX];
    mfa_buf_t  login;

    mfa_buf_init(&login, data, sizeof(data));

    return v->who->has_session
           && mfa_login_canonical(identity, &login) == 0
           && mfa_str_eq(mfa_buf_since(&login, 0), v->who->session.login);
}


ngx_uint_t
ngx_http_mfa_identity_stranger(ngx_http_mfa_visit_t *v)
{
    return v->portal->core.first == MFA_FIRST_IDENTITY && v->who->has_session
           && !same_person(v, ngx_http_mfa_first_factor_identity(v->request,
                                                                 v->portal));
}


void
ngx_http_mfa_identity_get(ngx_http_mfa_visit_t *v)
{
    mfa_str_t          identity;
    mfa_flow_login_t  *login;

    identity = ngx_http_mfa_first_factor_identity(v->request, v->portal);

    if (identity.len == 0) {
        refuse(v, MFA_ERR_NO_ACCOUNT, "nginx has verified nobody");
        return;
    }

    if (same_person(v, identity) && v->who->verdict != MFA_VERDICT_LOGIN) {
        ngx_http_mfa_visit_onward(v, v->who->verdict);
        return;
    }

    /* An image on somebody's page makes no sessions. */
    if (v->request->method != NGX_HTTP_GET
        || !ngx_http_mfa_input_navigation(v->request))
    {
        refuse(v, MFA_ERR_FORBIDDEN, "not a navigation");
        return;
    }

    login = ngx_palloc(v->request->pool, sizeof(mfa_flow_login_t));

    if (login == NULL) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    mfa_flow_login_init(login);
    login->flow.trying = MFA_TRYING_IDENTITY;
    login->typed = identity;
    login->verified = 1;
    login->device = ngx_http_mfa_visit_device(v);
    login->old = *v->who;

    v->flow = login;
    ngx_http_mfa_visit_run(v, identity_done);
}
