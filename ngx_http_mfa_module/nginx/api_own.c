/*
 * What the API says to whoever asks about himself, and the numbers of the home
 * page.
 */

#include "nginx/api.h"

#include "core/flow_detail.h"
#include "core/flow_home.h"

#define TOKEN_MAX  MFA_BASE64URL_LEN(32)    /* characters of a form token */

typedef struct {
    mfa_flow_home_t   flow;
    int64_t           until;                /* 0: no forecast */
    mfa_flow_home_t   told[];               /* one for each portal */
} home_t;

static void home_next(ngx_http_mfa_api_t *a);


/* --- me --- */

/* For X-CSRF-Token; null for a token, which needs none. */
static json_t *
csrf_build(ngx_http_mfa_api_t *a)
{
    u_char                     text[TOKEN_MAX];
    mfa_buf_t                  out;
    ngx_http_mfa_main_conf_t  *mcf;

    if (a->bearer) {
        return json_null();
    }

    mcf = ngx_http_get_module_main_conf(a->c->visit.request,
                                        ngx_http_mfa_module);
    mfa_buf_init(&out, text, sizeof(text));

    if (mfa_form_token_make(mcf->keys, "session",
                            (mfa_str_t) { a->c->visit.gate->token->id,
                                          MFA_TOKEN_BYTES }, &out)
        != 0)
    {
        return NULL;
    }

    return ngx_http_mfa_json_text(mfa_buf_since(&out, 0));
}


static json_t *
me_build(ngx_http_mfa_api_t *a)
{
    json_t               *json;
    mfa_role_e            role;
    const mfa_account_t  *account;

    account = a->bearer ? &a->bearer->maker : &a->c->visit.who->account;
    role = a->bearer ? a->bearer->token.role : a->c->role;
    json = json_object();

    ngx_http_mfa_api_set(json, "portal", ngx_http_mfa_json_text(
                                             a->c->visit.portal->core.name));
    ngx_http_mfa_api_set(json, "login", ngx_http_mfa_json_text(account->login));
    ngx_http_mfa_api_set(json, "email", ngx_http_mfa_json_text(account->email));
    ngx_http_mfa_api_set(json, "name", ngx_http_mfa_json_text(account->name));
    ngx_http_mfa_api_set(json, "role",
                         ngx_http_mfa_json_name(mfa_role_name(role)));
    ngx_http_mfa_api_set(json, "by", ngx_http_mfa_json_name(
                                         a->bearer ? "token" : "session"));
    ngx_http_mfa_api_set(json, "proof", ngx_http_mfa_json_name(
                                            mfa_proof_name(a->c->proof)));
    ngx_http_mfa_api_set(json, "csrf", csrf_build(a));

    return json;
}


void
ngx_http_mfa_api_me(ngx_http_mfa_api_t *a)
{
    ngx_http_mfa_api_answer(a, NGX_HTTP_OK, me_build, 0);
}


/* --- home --- */

/* The numbers of the admins are the widget's. */
static ngx_uint_t
shown(ngx_http_mfa_api_t *a, ngx_http_mfa_portal_t *portal)
{
    return portal != a->c->visit.portal
           || ngx_http_mfa_console_may_at_all(a->c, MFA_RIGHT_WIDGET);
}


static json_t *
counts_build(ngx_http_mfa_api_t *a, ngx_http_mfa_portal_t *portal,
    const mfa_flow_home_t *told)
{
    json_t              *json;
    home_t              *home = a->flow;
    const mfa_counts_t  *n;

    n = &told->counts;
    json = json_object();

    ngx_http_mfa_api_set(json, "portal",
                         ngx_http_mfa_json_text(portal->core.name));
    ngx_http_mfa_api_set(json, "admins",
                         json_boolean(portal == a->c->visit.portal));
    ngx_http_mfa_api_set(json, "total", json_integer(n->total));
    ngx_http_mfa_api_set(json, "enrolled", json_integer(n->enrolled));
    ngx_http_mfa_api_set(json, "required", json_integer(n->required));
    ngx_http_mfa_api_set(json, "not_required", json_integer(n->not_required));
    ngx_http_mfa_api_set(json, "unenrolled", json_integer(n->unenrolled));
    ngx_http_mfa_api_set(json, "due", json_integer(n->due));
    ngx_http_mfa_api_set(json, "grace", json_integer(n->grace));
    ngx_http_mfa_api_set(json, "locked", json_integer(n->locked));
    ngx_http_mfa_api_set(json, "forecast", home->until
                                           ? json_integer(told->forecast)
                                           : json_null());
    ngx_http_mfa_api_set(json, "stale", json_boolean(told->stale));

    return json;
}


static json_t *
home_build(ngx_http_mfa_api_t *a)
{
    json_t      *json, *rows;
    home_t      *home = a->flow;
    ngx_uint_t   i;

    json = json_object();
    rows = json_array();

    for (i = 0; i < a->c->conf->n; i++) {
        if (shown(a, a->c->conf->portals[i])
            && json_array_append_new(rows,
                   counts_build(a, a->c->conf->portals[i], &home->told[i]))
               != 0)
        {
            return NULL;
        }
    }

    ngx_http_mfa_api_set(json, "portals", rows);

    return json;
}


static void
home_told(ngx_http_mfa_api_t *a)
{
    home_t  *home = a->flow;

    if (home->flow.flow.outcome != MFA_OUTCOME_DONE) {
        ngx_http_mfa_api_problem(a, NGX_HTTP_MFA_API_UNAVAILABLE);
        return;
    }

    home->told[a->at++] = home->flow;
    home_next(a);
}


/* One operation for each portal of the directive. */
static void
home_next(ngx_http_mfa_api_t *a)
{
    home_t  *home = a->flow;

    while (a->at < a->c->conf->n && !shown(a, a->c->conf->portals[a->at])) {
        a->at++;
    }

    if (a->at == a->c->conf->n) {
        ngx_http_mfa_api_answer(a, NGX_HTTP_OK, home_build, 0);
        return;
    }

    mfa_flow_home_init(&home->flow);
    home->flow.until = home->until;
    ngx_http_mfa_api_run(a, a->c->conf->portals[a->at], &home->flow.flow,
                         home_told);
}


void
ngx_http_mfa_api_home(ngx_http_mfa_api_t *a)
{
    home_t   *home;
    int64_t   until;

    until = 0;

    if (a->query[NGX_HTTP_MFA_API_UNTIL].len
        && ngx_http_mfa_api_until(a, &until) != 0)
    {
        a->member = "until";
        ngx_http_mfa_api_problem(a, NGX_HTTP_MFA_API_QUERY);
        return;
    }

    home = ngx_http_mfa_api_alloc(a, sizeof(home_t)
                                  + a->c->conf->n * sizeof(mfa_flow_home_t));
    if (home) {
        home->until = until;
        a->flow = home;
        home_next(a);
    }
}


/* --- settings --- */

static json_t *
settings_build(ngx_http_mfa_api_t *a)
{
    json_t  *json;

    json = json_object();
    ngx_http_mfa_api_set(json, "widget", json_boolean(a->at));

    return json;
}


static void
settings_told(ngx_http_mfa_api_t *a)
{
    mfa_flow_detail_t           *detail = a->flow;
    ngx_http_mfa_api_problem_e   problem;

    problem = ngx_http_mfa_api_outcome(detail->flow.outcome, MFA_WHY_NONE);

    if (problem != NGX_HTTP_MFA_API_OK) {
        ngx_http_mfa_api_problem(a, problem);
        return;
    }

    a->at = !detail->account.widget_off;
    ngx_http_mfa_api_answer(a, NGX_HTTP_OK, settings_build, 0);
}


void
ngx_http_mfa_api_settings(ngx_http_mfa_api_t *a)
{
    mfa_flow_detail_t  *detail;

    detail = ngx_http_mfa_api_alloc(a, sizeof(mfa_flow_detail_t));

    if (detail) {
        mfa_flow_detail_init(detail);
        detail->login = a->c->by.login;
        a->flow = detail;
        ngx_http_mfa_api_run(a, a->c->visit.portal, &detail->flow,
                             settings_told);
    }
}


static void
settings_changed(ngx_http_mfa_api_t *a)
{
    mfa_flow_admin_t            *admin = a->flow;
    ngx_http_mfa_api_problem_e   problem;

    problem = ngx_http_mfa_api_outcome(admin->flow.outcome, admin->why);

    if (problem != NGX_HTTP_MFA_API_OK) {
        ngx_http_mfa_api_problem(a, problem);
        return;
    }

    a->at = (size_t) admin->widget;
    ngx_http_mfa_api_answer(a, NGX_HTTP_OK, settings_build, 0);
}


void
ngx_http_mfa_api_settings_set(ngx_http_mfa_api_t *a)
{
    mfa_flow_admin_t  *admin;

    admin = ngx_http_mfa_api_alloc(a, sizeof(mfa_flow_admin_t));

    if (admin) {
        mfa_flow_admin_init(admin);
        admin->action = MFA_ADMIN_WIDGET;
        admin->login = a->c->by.login;
        admin->by = a->c->by;
        admin->actor = a->c->actor;
        admin->widget = (int) a->number[NGX_HTTP_MFA_API_WIDGET];
        a->flow = admin;
        ngx_http_mfa_api_run(a, a->c->visit.portal, &admin->flow,
                             settings_changed);
    }
}
