/*
 * A new password, where passwords are the portal's own: by a mailed link, or by
 * the current one for who is logged in.
 */

#include "nginx/pages.h"

#include "core/flow_password.h"
#include "core/flow_redeem.h"


/* With a link the form is bound as the login form is, without to the session. */
static void
password_form(ngx_http_mfa_visit_t *v, ngx_uint_t status, mfa_error_e error)
{
    if (v->mailed.len) {
        ngx_http_mfa_set_text(v, MFA_VAR_MAILTOKEN, v->mailed);

        if (ngx_http_mfa_set_login_token(v) != NGX_OK) {
            ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
            return;
        }
    }

    ngx_http_mfa_visit_page(v, status, MFA_PAGE_PASSWORD, error);
}


static ngx_uint_t
elsewhere(ngx_http_mfa_visit_t *v)
{
    if (v->portal->core.first == MFA_FIRST_LOCAL) {
        return 0;
    }

    ngx_http_mfa_visit_page(v, NGX_HTTP_NOT_FOUND, MFA_PAGE_ERROR,
                            MFA_ERR_NOT_FOUND);
    return 1;
}


static void
password_looked(ngx_http_request_t *r, void *data)
{
    mfa_flow_redeem_t     *look;
    ngx_http_mfa_visit_t  *v = data;

    look = v->flow;

    switch (look->flow.outcome) {
    case MFA_OUTCOME_DONE:
        ngx_http_mfa_set_text(v, MFA_VAR_LOGIN, look->account.login);
        ngx_http_mfa_set_flag(v, MFA_VAR_FIRST, look->account.password.len == 0);
        password_form(v, NGX_HTTP_OK, MFA_ERR_NONE);
        return;

    case MFA_OUTCOME_EXPIRED:
        ngx_http_mfa_link_dead(v, MFA_PAGE_PASSWORD);
        return;

    default:
        ngx_http_mfa_visit_outcome(v, &look->flow, MFA_PAGE_ERROR,
                                   MFA_ERR_LINK);
        return;
    }
}


void
ngx_http_mfa_password_get(ngx_http_mfa_visit_t *v)
{
    mfa_flow_redeem_t  *look;

    if (elsewhere(v)) {
        return;
    }

    if (v->mailed.len == 0) {
        if (mfa_password_may(&v->portal->core, v->who)) {
            password_form(v, NGX_HTTP_OK, MFA_ERR_NONE);
            return;
        }

        ngx_http_mfa_visit_onward(v, v->who->verdict);
        return;
    }

    look = ngx_palloc(v->request->pool, sizeof(mfa_flow_redeem_t));

    if (look == NULL) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    mfa_flow_redeem_init(look);
    look->text = v->mailed;
    look->password = 1;

    v->flow = look;
    ngx_http_mfa_visit_run(v, password_looked);
}


void
ngx_http_mfa_password_outdated(ngx_http_mfa_visit_t *v)
{
    password_form(v, NGX_HTTP_FORBIDDEN, MFA_ERR_CSRF);
}


static void
password_wrong(ngx_http_mfa_visit_t *v, mfa_flow_password_t *password)
{
    static const mfa_error_e  errors[] = {
        [MFA_PASSWORD_FINE]    = MFA_ERR_FORM,
        [MFA_PASSWORD_DIFFER]  = MFA_ERR_PASSWORD_DIFFER,
        [MFA_PASSWORD_SHORT]   = MFA_ERR_PASSWORD_SHORT,
        [MFA_PASSWORD_FORM]    = MFA_ERR_PASSWORD_FORM,
        [MFA_PASSWORD_COMMON]  = MFA_ERR_PASSWORD_COMMON,
        [MFA_PASSWORD_CURRENT] = MFA_ERR_PASSWORD_CURRENT
    };

    ngx_http_mfa_set_text(v, MFA_VAR_LOGIN, password->login);
    ngx_http_mfa_set_flag(v, MFA_VAR_FIRST,
                          password->account.password.len == 0);

    password_form(v, password->wrong == MFA_PASSWORD_CURRENT
                     ? NGX_HTTP_UNAUTHORIZED : NGX_HTTP_BAD_REQUEST,
                  errors[password->wrong]);
}


static void
password_done(ngx_http_request_t *r, void *data)
{
    mfa_flow_password_t   *password;
    ngx_http_mfa_visit_t  *v = data;

    password = v->flow;

    switch (password->flow.outcome) {
    case MFA_OUTCOME_DONE:
        break;

    case MFA_OUTCOME_REFUSED:
        password_wrong(v, password);
        return;

    case MFA_OUTCOME_EXPIRED:
        if (v->mailed.len) {
            ngx_http_mfa_link_dead(v, MFA_PAGE_PASSWORD);
            return;
        }

        /* fall through */
    default:
        ngx_http_mfa_visit_outcome(v, &password->flow, MFA_PAGE_PASSWORD,
                                   MFA_ERR_FORBIDDEN);
        return;
    }

    if (ngx_http_mfa_visit_opened(v, &password->opening) != NGX_OK) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    if (v->mailed.len == 0) {
        v->next = (mfa_str_t) { NULL, 0 };
        ngx_http_mfa_visit_to_page(v, "security?done=1");
        return;
    }

    ngx_http_mfa_visit_onward(v, ngx_http_mfa_visit_verdict(v,
                                                  &password->opening.session,
                                                  &password->account));
}


void
ngx_http_mfa_password_post(ngx_http_mfa_visit_t *v)
{
    mfa_flow_password_t  *password;

    if (elsewhere(v)) {
        return;
    }

    password = ngx_palloc(v->request->pool, sizeof(mfa_flow_password_t));

    if (password == NULL) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    mfa_flow_password_init(password);
    password->flow.trying = v->mailed.len ? MFA_TRYING_NOTHING
                                          : MFA_TRYING_PASSWORD;
    password->who = *v->who;
    password->text = v->mailed;
    password->current = mfa_form_value(&v->form, "current");
    password->password = mfa_form_value(&v->form, "password");
    password->again = mfa_form_value(&v->form, "password2");

    v->flow = password;
    ngx_http_mfa_visit_run(v, password_done);
}
