/*
 * How a visit is answered: the model every page shares, outcomes, redirects.
 * See pages.h.
 */

#include "nginx/pages.h"
#include "nginx/template.h"

#include "core/duration.h"
#include "core/flow_reset.h"

#include <openssl/rand.h>


void
ngx_http_mfa_visit_end(ngx_http_mfa_visit_t *v, ngx_int_t rc)
{
    ngx_http_finalize_request(v->request, rc);
}


void
ngx_http_mfa_set_text(ngx_http_mfa_visit_t *v, mfa_var_e var, mfa_str_t text)
{
    v->model[var].kind = text.len ? MFA_VALUE_TEXT : MFA_VALUE_NONE;
    v->model[var].text = text;
}


void
ngx_http_mfa_set_number(ngx_http_mfa_visit_t *v, mfa_var_e var, int64_t number)
{
    v->model[var].kind = MFA_VALUE_NUMBER;
    v->model[var].number = number;
}


void
ngx_http_mfa_set_flag(ngx_http_mfa_visit_t *v, mfa_var_e var, int flag)
{
    v->model[var].kind = MFA_VALUE_FLAG;
    v->model[var].number = flag != 0;
}


void
ngx_http_mfa_set_date(ngx_http_mfa_visit_t *v, mfa_var_e var, int64_t unix_sec)
{
    u_char     *p;
    mfa_buf_t   out;

    p = ngx_pnalloc(v->request->pool, sizeof("YYYY-MM-DD"));

    if (p) {
        mfa_buf_init(&out, p, sizeof("YYYY-MM-DD"));
        mfa_date_make(&out, unix_sec);
        ngx_http_mfa_set_text(v, var, mfa_buf_since(&out, 0));
    }
}


static ngx_int_t
set_token(ngx_http_mfa_visit_t *v, const char *kind, mfa_str_t secret)
{
    u_char                    *p;
    mfa_buf_t                  out;
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(v->request, ngx_http_mfa_module);
    p = ngx_pnalloc(v->request->pool, MFA_BASE64URL_LEN(32));

    if (p == NULL) {
        return NGX_ERROR;
    }

    mfa_buf_init(&out, p, MFA_BASE64URL_LEN(32));

    if (mfa_form_token_make(mcf->keys, kind, secret, &out) != 0) {
        return NGX_ERROR;
    }

    ngx_http_mfa_set_text(v, MFA_VAR_CSRF, mfa_buf_since(&out, 0));

    return NGX_OK;
}


/* For how long a browser would be trusted, as the code page and the combined form offer
   it. */
static void
model_remember(ngx_http_mfa_visit_t *v)
{
    int64_t  sec;

    sec = v->portal->core.remember_sec;

    if (sec == 0) {
        return;
    }

    ngx_http_mfa_set_flag(v, MFA_VAR_REMEMBER, 1);

    if (sec >= 2 * 86400) {
        ngx_http_mfa_set_number(v, MFA_VAR_REMEMBER_DAYS, sec / 86400);

    } else {
        ngx_http_mfa_set_number(v, MFA_VAR_REMEMBER_HOURS, (sec + 3599) / 3600);
    }
}


ngx_int_t
ngx_http_mfa_set_login_token(ngx_http_mfa_visit_t *v)
{
    u_char               *p, id[MFA_TOKEN_BYTES];
    mfa_buf_t             out;
    const mfa_cookie_t   *cookie;

    ngx_http_mfa_set_flag(v, MFA_VAR_COMBINED, v->portal->core.combined);

    if (v->portal->core.combined) {
        model_remember(v);
    }

    cookie = ngx_http_mfa_input_cookie(v->request, v->portal,
                                       NGX_HTTP_MFA_COOKIE_LOGIN);

    if (cookie && cookie->n == 1 && cookie->value.len == MFA_TOKEN_CHARS) {
        return set_token(v, "login", cookie->value);
    }

    p = ngx_pnalloc(v->request->pool, MFA_TOKEN_CHARS);

    if (p == NULL || RAND_bytes(id, sizeof(id)) != 1) {
        return NGX_ERROR;
    }

    mfa_buf_init(&out, p, MFA_TOKEN_CHARS);
    mfa_base64url_encode(&out, id, sizeof(id));

    if (ngx_http_mfa_output_cookie(v->request, v->portal, 1,
                                   mfa_buf_since(&out, 0), -1) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return set_token(v, "login", mfa_buf_since(&out, 0));
}


/* Two of them in one request, or one that is no token, are none: the store is
   not asked. */
const mfa_session_token_t *
ngx_http_mfa_visit_device(ngx_http_mfa_visit_t *v)
{
    const mfa_cookie_t        *cookie;
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(v->request, ngx_http_mfa_module);
    cookie = ngx_http_mfa_input_cookie(v->request, v->portal,
                                       NGX_HTTP_MFA_COOKIE_DEVICE);

    if (v->portal->core.remember_sec == 0 || cookie == NULL || cookie->n != 1
        || mfa_session_token_parse(&v->device, mcf->keys, cookie->value) != 0)
    {
        return NULL;
    }

    return &v->device;
}


static void
model_grace(ngx_http_mfa_visit_t *v)
{
    int64_t         left;
    mfa_account_t  *account;

    account = &v->who->account;
    left = mfa_policy_grace_left(&v->portal->core, account,
                                 v->gate->flow.env.now);

    ngx_http_mfa_set_flag(v, MFA_VAR_REQUIRED,
                          mfa_policy_required(&v->portal->core, account));

    if (left >= 0 && account->deadline > 0) {
        ngx_http_mfa_set_date(v, MFA_VAR_DEADLINE, account->deadline);
    }

    if (left <= 0) {
        return;
    }

    ngx_http_mfa_set_flag(v, MFA_VAR_GRACE, 1);
    ngx_http_mfa_set_flag(v, MFA_VAR_PUT_OFF, v->who->may_put_off);

    if (left > 86400) {
        ngx_http_mfa_set_number(v, MFA_VAR_DAYS, (left + 86399) / 86400);

    } else {
        ngx_http_mfa_set_number(v, MFA_VAR_HOURS, (left + 3599) / 3600);
    }
}


mfa_str_t
ngx_http_mfa_visit_address(ngx_http_mfa_visit_t *v,
    const mfa_session_t *session)
{
    u_char     *p;
    mfa_buf_t   out;

    p = ngx_pnalloc(v->request->pool, MFA_ADDRESS_MAX);

    if (p == NULL) {
        return mfa_lit("");
    }

    mfa_buf_init(&out, p, MFA_ADDRESS_MAX);
    mfa_address_write(&out, &session->address);

    return mfa_buf_since(&out, 0);
}


/* What is known of the person, once there is a session. */
static ngx_int_t
model_person(ngx_http_mfa_visit_t *v)
{
    mfa_account_t  *account;

    account = &v->who->account;

    ngx_http_mfa_set_flag(v, MFA_VAR_SIGNED_IN, 1);
    ngx_http_mfa_set_text(v, MFA_VAR_LOGIN, v->who->session.login);
    ngx_http_mfa_set_text(v, MFA_VAR_PERSON, v->who->session.login);
    ngx_http_mfa_set_date(v, MFA_VAR_SINCE, v->who->session.created);
    ngx_http_mfa_set_text(v, MFA_VAR_ADDRESS,
                          ngx_http_mfa_visit_address(v, &v->who->session));

    if (v->who->has_account) {
        if (account->name.len) {
            ngx_http_mfa_set_text(v, MFA_VAR_PERSON, account->name);
        }

        ngx_http_mfa_set_text(v, MFA_VAR_EMAIL, account->email);
        ngx_http_mfa_set_flag(v, MFA_VAR_ENROLLED, account->enrolled != 0);
        ngx_http_mfa_set_flag(v, MFA_VAR_VALIDATED, account->validated);
        ngx_http_mfa_set_flag(v, MFA_VAR_STEP_UP,
                              v->who->session.level == MFA_LEVEL_MFA);

        if (account->enrolled) {
            ngx_http_mfa_set_date(v, MFA_VAR_ENROLLED_ON, account->enrolled);
        }

        ngx_http_mfa_set_flag(v, MFA_VAR_SELF_RESET,
                              mfa_reset_offered(&v->portal->core));

        model_grace(v);
        model_remember(v);
    }

    return set_token(v, "session",
                     (mfa_str_t) { v->gate->token->id, MFA_TOKEN_BYTES });
}


static ngx_int_t
model_next(ngx_http_mfa_visit_t *v)
{
    size_t      cap;
    u_char     *p;
    mfa_buf_t   out;

    ngx_http_mfa_set_text(v, MFA_VAR_NEXT, v->next);
    ngx_http_mfa_set_text(v, MFA_VAR_HOME, v->next.len ? v->next
                                                       : mfa_lit("/"));

    if (v->next.len == 0) {
        return NGX_OK;
    }

    cap = sizeof("?next=") + 3 * v->next.len;
    p = ngx_pnalloc(v->request->pool, cap);

    if (p == NULL) {
        return NGX_ERROR;
    }

    mfa_buf_init(&out, p, cap);
    mfa_buf_cstr(&out, "?next=");
    mfa_form_escape(&out, v->next);
    ngx_http_mfa_set_text(v, MFA_VAR_NEXT_QUERY, mfa_buf_since(&out, 0));

    return NGX_OK;
}


void
ngx_http_mfa_visit_page(ngx_http_mfa_visit_t *v, ngx_uint_t status,
    mfa_page_e page, mfa_error_e error)
{
    ngx_int_t  rc;

    v->model[MFA_VAR_ERROR].number = error;
    ngx_http_mfa_set_flag(v, MFA_VAR_IDENTITY,
                          v->portal->core.first == MFA_FIRST_IDENTITY);
    ngx_http_mfa_set_flag(v, MFA_VAR_LOCAL,
                          v->portal->core.first == MFA_FIRST_LOCAL);
    rc = model_next(v);

    /* A form that is bound to the login form's cookie has its token already. */
    if (rc == NGX_OK && page != MFA_PAGE_LOGIN && v->who
        && v->who->has_session && !ngx_http_mfa_visit_login_form(v))
    {
        rc = model_person(v);
    }

    if (rc != NGX_OK) {
        rc = NGX_HTTP_INTERNAL_SERVER_ERROR;

    } else {
        rc = ngx_http_mfa_output_page(v->request, v->portal, status, page,
                                      v->model);
    }

    ngx_http_mfa_visit_end(v, rc);
}


mfa_verdict_e
ngx_http_mfa_visit_verdict(ngx_http_mfa_visit_t *v,
    const mfa_session_t *session, const mfa_account_t *account)
{
    mfa_policy_in_t  in;

    in.portal = &v->portal->core;
    in.rule = MFA_RULE_ACCOUNT;
    in.fresh_sec = 0;
    in.now = ngx_time();
    in.store = MFA_YES;
    in.session = session;
    in.account = account;

    return mfa_policy_decide(&in);
}


void
ngx_http_mfa_visit_to_page(ngx_http_mfa_visit_t *v, const char *page)
{
    size_t      cap;
    u_char     *p;
    mfa_buf_t   out;
    ngx_str_t   location;

    if (model_next(v) != NGX_OK) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    cap = v->portal->core.pages.len + ngx_strlen(page)
          + v->model[MFA_VAR_NEXT_QUERY].text.len;
    p = ngx_pnalloc(v->request->pool, cap);

    if (p == NULL) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    mfa_buf_init(&out, p, cap);
    mfa_buf_str(&out, v->portal->core.pages);
    mfa_buf_cstr(&out, page);
    mfa_buf_str(&out, v->model[MFA_VAR_NEXT_QUERY].text);

    /* The page has a query of its own: next comes behind it. */
    if (ngx_strchr(page, '?') && v->next.len) {
        p[v->portal->core.pages.len + ngx_strlen(page)] = '&';
    }

    location.data = out.data;
    location.len = out.len;

    ngx_http_mfa_visit_end(v, ngx_http_mfa_output_redirect(v->request,
                                                           &location));
}


void
ngx_http_mfa_visit_fresh(ngx_http_mfa_visit_t *v)
{
    size_t      cap;
    u_char     *p;
    mfa_buf_t   out;

    cap = v->portal->core.pages.len + sizeof("security");
    p = ngx_pnalloc(v->request->pool, cap);

    if (p == NULL) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    mfa_buf_init(&out, p, cap);
    mfa_buf_str(&out, v->portal->core.pages);
    mfa_buf_cstr(&out, "security");
    v->next = mfa_buf_since(&out, 0);

    ngx_http_mfa_visit_to_page(v, "code");
}


void
ngx_http_mfa_visit_onward(ngx_http_mfa_visit_t *v, mfa_verdict_e verdict)
{
    ngx_str_t  home;

    switch (verdict) {
    case MFA_VERDICT_ALLOW:
        break;
    case MFA_VERDICT_CODE:
        ngx_http_mfa_visit_to_page(v, "code");
        return;
    case MFA_VERDICT_ENROL:
        ngx_http_mfa_visit_to_page(v, "enrol");
        return;
    case MFA_VERDICT_LOCKED:
        ngx_http_mfa_visit_to_page(v, "locked");
        return;
    case MFA_VERDICT_BLOCKED:
        ngx_http_mfa_visit_to_page(v, "blocked");
        return;
    default:
        ngx_http_mfa_visit_to_page(v, "login");
        return;
    }

    ngx_str_set(&home, "/");

    if (v->next.len) {
        home.data = (u_char *) v->next.data;
        home.len = v->next.len;
    }

    ngx_http_mfa_visit_end(v, ngx_http_mfa_output_redirect(v->request, &home));
}


void
ngx_http_mfa_visit_outcome(ngx_http_mfa_visit_t *v, mfa_flow_t *flow,
    mfa_page_e page, mfa_error_e refused)
{
    ngx_uint_t  level;

    level = ngx_http_mfa_task_level(flow->outcome, v->post);

    ngx_log_error(level, v->request->connection->log, 0,
                  "mfa: %s at \"%s\"", mfa_outcome_name(flow->outcome),
                  v->endpoint->path);

    switch (flow->outcome) {
    case MFA_OUTCOME_REFUSED:
        ngx_http_mfa_visit_page(v, NGX_HTTP_UNAUTHORIZED, page, refused);
        return;

    case MFA_OUTCOME_LIMITED:
        ngx_http_mfa_set_number(v, MFA_VAR_MINUTES,
                                (flow->retry_after + 59) / 60);
        (void) ngx_http_mfa_output_retry(v->request, flow->retry_after);
        ngx_http_mfa_visit_page(v, NGX_HTTP_TOO_MANY_REQUESTS, page,
                                MFA_ERR_LIMITED);
        return;

    case MFA_OUTCOME_EXPIRED:
        if (v->who && v->who->has_session) {
            ngx_http_mfa_visit_page(v, NGX_HTTP_FORBIDDEN, MFA_PAGE_ERROR,
                                    MFA_ERR_EXPIRED);
            return;
        }

        ngx_http_mfa_visit_to_page(v, "login");
        return;

    case MFA_OUTCOME_FORBIDDEN:
        ngx_http_mfa_visit_page(v, NGX_HTTP_FORBIDDEN,
                                v->who->verdict == MFA_VERDICT_LOCKED
                                ? MFA_PAGE_LOCKED
                                : v->who->verdict == MFA_VERDICT_BLOCKED
                                  ? MFA_PAGE_BLOCKED : MFA_PAGE_ERROR,
                                MFA_ERR_FORBIDDEN);
        return;

    case MFA_OUTCOME_FAULT:
        ngx_http_mfa_visit_page(v, NGX_HTTP_FORBIDDEN, MFA_PAGE_BLOCKED,
                                MFA_ERR_FAULT);
        return;

    case MFA_OUTCOME_CONFLICT:
        ngx_http_mfa_visit_page(v, NGX_HTTP_CONFLICT, MFA_PAGE_ERROR,
                                MFA_ERR_CONFLICT);
        return;

    default:
        (void) ngx_http_mfa_output_retry(v->request, 2);
        ngx_http_mfa_visit_page(v, NGX_HTTP_SERVICE_UNAVAILABLE,
                                MFA_PAGE_UNAVAILABLE, MFA_ERR_UNAVAILABLE);
        return;
    }
}


static ngx_int_t
token_cookie(ngx_http_mfa_visit_t *v, ngx_uint_t kind,
    const mfa_session_token_t *token, ngx_int_t max_age)
{
    u_char                    *p;
    mfa_buf_t                  out;
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(v->request, ngx_http_mfa_module);
    p = ngx_pnalloc(v->request->pool, MFA_SESSION_COOKIE_MAX);

    if (p == NULL) {
        return NGX_ERROR;
    }

    mfa_buf_init(&out, p, MFA_SESSION_COOKIE_MAX);

    if (mfa_session_token_encode(token, mcf->keys, &out) != 0) {
        return NGX_ERROR;
    }

    return ngx_http_mfa_output_cookie(v->request, v->portal, kind,
                                      mfa_buf_since(&out, 0), max_age);
}


ngx_int_t
ngx_http_mfa_visit_opened(ngx_http_mfa_visit_t *v, const mfa_opening_t *opening)
{
    if (opening->trust
        && token_cookie(v, NGX_HTTP_MFA_COOKIE_DEVICE, &opening->device_token,
                        (ngx_int_t) v->portal->core.remember_sec)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return token_cookie(v, NGX_HTTP_MFA_COOKIE_SESSION, &opening->token, -1);
}


void
ngx_http_mfa_visit_run(ngx_http_mfa_visit_t *v, ngx_http_mfa_task_done_pt done)
{
    ngx_int_t    rc;
    mfa_flow_t  *flow;

    flow = v->flow;
    ngx_http_mfa_input_env(v->request, v->portal, &flow->env);
    flow->env.locale = ngx_http_mfa_view(
        &ngx_http_mfa_template_theme(v->portal, v->request)->locale);

    rc = ngx_http_mfa_task_run(v->request, flow, done, v);

    if (rc == NGX_OK) {
        done(v->request, v);

    } else if (rc == NGX_ERROR) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
    }
}
