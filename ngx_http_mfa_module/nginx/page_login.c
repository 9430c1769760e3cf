/*
 * The login page and the way out.
 */

#include "nginx/pages.h"

#include "core/flow_code.h"
#include "core/flow_rehash.h"
#include "core/password.h"

typedef struct {
    mfa_flow_rehash_t   flow;               /* first: the visit's flow is this */
    mfa_opening_t      *opening;
    mfa_verdict_e       verdict;
} rehash_t;


void
ngx_http_mfa_login_get(ngx_http_mfa_visit_t *v)
{
    /* Who has no factor proves by the password that it is he: again=1. */
    if (v->who->has_session && v->who->verdict == MFA_VERDICT_ALLOW
        && mfa_form_value(&v->query, "again").len == 0)
    {
        ngx_http_mfa_visit_onward(v, MFA_VERDICT_ALLOW);
        return;
    }

    if (ngx_http_mfa_set_login_token(v) != NGX_OK) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_mfa_set_flag(v, MFA_VAR_LOGGED_OUT,
                          mfa_form_value(&v->query, "logged_out").len != 0);

    ngx_http_mfa_visit_page(v, NGX_HTTP_OK, MFA_PAGE_LOGIN, MFA_ERR_NONE);
}


/* The form again, with what was typed but secrets. */
static void
again(ngx_http_mfa_visit_t *v, mfa_flow_t *flow, mfa_str_t typed)
{
    ngx_http_mfa_set_text(v, MFA_VAR_LOGIN, typed);

    if (ngx_http_mfa_set_login_token(v) != NGX_OK) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_mfa_visit_outcome(v, flow, MFA_PAGE_LOGIN, MFA_ERR_CREDENTIALS);
}


void
ngx_http_mfa_login_outdated(ngx_http_mfa_visit_t *v)
{
    ngx_http_mfa_set_text(v, MFA_VAR_LOGIN, mfa_form_value(&v->form, "login"));

    if (ngx_http_mfa_set_login_token(v) != NGX_OK) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_mfa_visit_page(v, NGX_HTTP_FORBIDDEN, MFA_PAGE_LOGIN,
                            MFA_ERR_CSRF);
}


static void
opened(ngx_http_mfa_visit_t *v, mfa_opening_t *opening, mfa_verdict_e verdict)
{
    if (ngx_http_mfa_visit_opened(v, opening) != NGX_OK) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_mfa_visit_onward(v, verdict);
}


/* Whether it could be hashed anew or not: the next login tries again. */
static void
rehash_done(ngx_http_request_t *r, void *data)
{
    rehash_t              *rehash;
    ngx_http_mfa_visit_t  *v = data;

    rehash = v->flow;
    opened(v, rehash->opening, rehash->verdict);
}


/* Who has got in goes on; before, a password record of an older kind is hashed
   anew, while the password is known (NIST SP 800-63B, 3.1.1.2). */
static void
enter(ngx_http_mfa_visit_t *v, const mfa_flow_login_t *login,
    mfa_opening_t *opening, mfa_verdict_e verdict)
{
    rehash_t  *rehash;

    /* A password that was right elsewhere is not the record's. */
    if (v->portal->core.first != MFA_FIRST_LOCAL
        || mfa_password_preferred(login->account.password))
    {
        opened(v, opening, verdict);
        return;
    }

    rehash = ngx_palloc(v->request->pool, sizeof(rehash_t));

    if (rehash == NULL) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    mfa_flow_rehash_init(&rehash->flow);
    rehash->flow.password = login->password;
    rehash->flow.admin.login = login->login;
    rehash->flow.admin.hashed = login->account.password;
    rehash->opening = opening;
    rehash->verdict = verdict;

    v->flow = rehash;
    ngx_http_mfa_visit_run(v, rehash_done);
}


static void
code_done(ngx_http_request_t *r, void *data)
{
    mfa_flow_code_t       *code;
    ngx_http_mfa_visit_t  *v = data;

    code = v->flow;

    if (code->flow.outcome != MFA_OUTCOME_DONE) {
        again(v, &code->flow, code->login->typed);
        return;
    }

    enter(v, code->login, &code->opening, MFA_VERDICT_ALLOW);
}


/* The combined form: what came with the password that was right. */
static void
code_go_on(ngx_http_mfa_visit_t *v, mfa_flow_login_t *login)
{
    mfa_flow_code_t            *code;
    const mfa_session_token_t  *device;

    code = ngx_palloc(v->request->pool, sizeof(mfa_flow_code_t));

    if (code == NULL) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    mfa_flow_code_init(code);
    code->who = login->who;
    code->code = login->code;
    code->login = login;
    code->remember = mfa_form_value(&v->form, "remember").len != 0;
    device = login->device;

    if (device) {
        code->device_hash = (mfa_str_t) { device->hash, MFA_HASH_CHARS };
    }

    v->flow = code;
    ngx_http_mfa_visit_run(v, code_done);
}


static void
login_done(ngx_http_request_t *r, void *data)
{
    mfa_flow_login_t      *login;
    ngx_http_mfa_visit_t  *v = data;

    login = v->flow;

    if (login->flow.outcome == MFA_OUTCOME_DONE && login->held) {
        code_go_on(v, login);
        return;
    }

    if (login->flow.outcome == MFA_OUTCOME_DONE) {
        enter(v, login, &login->opening,
              ngx_http_mfa_visit_verdict(v, &login->opening.session,
                                         &login->account));
        return;
    }

    again(v, &login->flow, login->typed);
}


void
ngx_http_mfa_login_post(ngx_http_mfa_visit_t *v)
{
    mfa_flow_login_t  *login;

    login = ngx_palloc(v->request->pool, sizeof(mfa_flow_login_t));

    if (login == NULL) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    mfa_flow_login_init(login);
    login->typed = mfa_form_value(&v->form, "login");
    login->password = mfa_form_value(&v->form, "password");
    login->code = v->portal->core.combined ? mfa_form_value(&v->form, "code")
                                           : mfa_lit("");
    login->old = *v->who;
    login->device = ngx_http_mfa_visit_device(v);

    v->flow = login;
    ngx_http_mfa_visit_run(v, login_done);
}


static void
logout_done(ngx_http_request_t *r, void *data)
{
    ngx_str_t              value;
    mfa_flow_logout_t     *logout;
    ngx_http_mfa_visit_t  *v = data;

    logout = v->flow;

    /* A session that could not be ended is not reported as ended. */
    if (logout->flow.outcome != MFA_OUTCOME_DONE) {
        ngx_http_mfa_visit_outcome(v, &logout->flow, MFA_PAGE_ERROR,
                                   MFA_ERR_UNAVAILABLE);
        return;
    }

    ngx_str_set(&value, "\"cache\"");

    if (ngx_http_mfa_output_cookie(r, v->portal, 0, mfa_lit(""), 0) != NGX_OK
        || ngx_http_mfa_output_header(r, "Clear-Site-Data", &value) != NGX_OK)
    {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    v->next = (mfa_str_t) { NULL, 0 };

    /* A login page without a form would lead straight in again. */
    ngx_http_mfa_visit_to_page(v, v->portal->core.first == MFA_FIRST_IDENTITY
                                  ? "logged-out" : "login?logged_out=1");
}


void
ngx_http_mfa_logged_out_get(ngx_http_mfa_visit_t *v)
{
    if (v->who->has_session && v->who->verdict != MFA_VERDICT_LOGIN) {
        ngx_http_mfa_visit_onward(v, v->who->verdict);
        return;
    }

    ngx_http_mfa_visit_page(v, NGX_HTTP_OK, MFA_PAGE_LOGGED_OUT, MFA_ERR_NONE);
}


void
ngx_http_mfa_logout_post(ngx_http_mfa_visit_t *v)
{
    mfa_flow_logout_t  *logout;

    logout = ngx_palloc(v->request->pool, sizeof(mfa_flow_logout_t));

    if (logout == NULL) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    mfa_flow_logout_init(logout);
    logout->who = *v->who;

    v->flow = logout;
    ngx_http_mfa_visit_run(v, logout_done);
}
