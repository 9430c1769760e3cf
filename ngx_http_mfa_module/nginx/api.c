/*
 * The API's frame, see api.h: the table of operations, and what comes before any
 * of them.
 *
 * To add one: its row in routes[], its function in an api_*.c, its path in
 * docs/openapi.yaml, its column in t/56-console-api.t.
 */

#include "nginx/api.h"
#include "nginx/body.h"

#define PREFIX    "v1/"
#define ACCOUNTS  "portals/{portal}/accounts"
#define ACCOUNT   ACCOUNTS "/{login}"

#define bit(name)  (1u << NGX_HTTP_MFA_API_##name)

#define PAGING  (bit(CURSOR) | bit(LIMIT))
#define FIELDS  (bit(EMAIL) | bit(NAME))

/* method, path, handler, right, action, members it may and must have, query */
static const ngx_http_mfa_api_route_t  routes[] = {
    { NGX_HTTP_GET, "me", ngx_http_mfa_api_me,
      MFA_RIGHT_NONE, 0, 0, 0, 0 },
    { NGX_HTTP_GET, "home", ngx_http_mfa_api_home,
      MFA_RIGHT_HOME, 0, 0, 0, bit(UNTIL) },
    { NGX_HTTP_GET, "settings", ngx_http_mfa_api_settings,
      MFA_RIGHT_SETTINGS, 0, 0, 0, 0 },
    { NGX_HTTP_PATCH, "settings", ngx_http_mfa_api_settings_set,
      MFA_RIGHT_SETTINGS, MFA_ADMIN_WIDGET, bit(WIDGET), bit(WIDGET), 0 },

    { NGX_HTTP_GET, ACCOUNTS, ngx_http_mfa_api_accounts,
      MFA_RIGHT_LOOK, 0, 0, 0, bit(Q) | bit(FILTER) | PAGING },
    { NGX_HTTP_POST, ACCOUNTS, ngx_http_mfa_api_add,
      MFA_RIGHT_ACCOUNT, MFA_ADMIN_ADD,
      bit(LOGIN) | FIELDS | bit(ROLE) | bit(DIRECTORY) | bit(PASSWORD)
      | bit(REQUIRE) | bit(GRACE) | bit(INVITE), bit(LOGIN), 0 },
    { NGX_HTTP_GET, ACCOUNT, ngx_http_mfa_api_account,
      MFA_RIGHT_LOOK, 0, 0, 0, 0 },
    { NGX_HTTP_PATCH, ACCOUNT, ngx_http_mfa_api_change,
      MFA_RIGHT_ACCOUNT, MFA_ADMIN_EDIT, FIELDS, 0, 0 },
    { NGX_HTTP_DELETE, ACCOUNT, ngx_http_mfa_api_change,
      MFA_RIGHT_ACCOUNT, MFA_ADMIN_DELETE, 0, 0, 0 },

    { NGX_HTTP_POST, ACCOUNT "/require", ngx_http_mfa_api_change,
      MFA_RIGHT_REQUIRE, MFA_ADMIN_REQUIRE, bit(GRACE), 0, 0 },
    { NGX_HTTP_POST, ACCOUNT "/unrequire", ngx_http_mfa_api_change,
      MFA_RIGHT_REQUIRE, MFA_ADMIN_UNREQUIRE, 0, 0, 0 },
    { NGX_HTTP_POST, ACCOUNT "/reset", ngx_http_mfa_api_change,
      MFA_RIGHT_RESET, MFA_ADMIN_RESET, bit(REASON), 0, 0 },
    { NGX_HTTP_POST, ACCOUNT "/extend", ngx_http_mfa_api_change,
      MFA_RIGHT_EXTEND, MFA_ADMIN_EXTEND, bit(GRACE) | bit(REASON),
      bit(GRACE) | bit(REASON), 0 },
    { NGX_HTTP_POST, ACCOUNT "/unlock", ngx_http_mfa_api_change,
      MFA_RIGHT_UNLOCK, MFA_ADMIN_UNLOCK, 0, 0, 0 },
    { NGX_HTTP_POST, ACCOUNT "/disable", ngx_http_mfa_api_change,
      MFA_RIGHT_ACCOUNT, MFA_ADMIN_DISABLE, bit(REASON), 0, 0 },
    { NGX_HTTP_POST, ACCOUNT "/enable", ngx_http_mfa_api_change,
      MFA_RIGHT_ACCOUNT, MFA_ADMIN_ENABLE, bit(REASON), 0, 0 },
    { NGX_HTTP_POST, ACCOUNT "/password", ngx_http_mfa_api_change,
      MFA_RIGHT_ACCOUNT, MFA_ADMIN_PASSWORD, bit(PASSWORD), bit(PASSWORD), 0 },
    { NGX_HTTP_POST, ACCOUNT "/role", ngx_http_mfa_api_change,
      MFA_RIGHT_ACCOUNT, MFA_ADMIN_ROLE, bit(ROLE), bit(ROLE), 0 },

    { NGX_HTTP_POST, ACCOUNT "/resend", ngx_http_mfa_api_change,
      MFA_RIGHT_RESEND, MFA_ADMIN_RESEND, 0, 0, 0 },

    { NGX_HTTP_GET, ACCOUNT "/sessions", ngx_http_mfa_api_sessions,
      MFA_RIGHT_LOOK, 0, 0, 0, 0 },
    { NGX_HTTP_DELETE, ACCOUNT "/sessions", ngx_http_mfa_api_change,
      MFA_RIGHT_SESSIONS, MFA_ADMIN_SESSIONS_END, 0, 0, 0 },
    { NGX_HTTP_DELETE, ACCOUNT "/sessions/{id}", ngx_http_mfa_api_change,
      MFA_RIGHT_SESSIONS, MFA_ADMIN_SESSIONS_END, 0, 0, 0 },
    { NGX_HTTP_GET, ACCOUNT "/devices", ngx_http_mfa_api_devices,
      MFA_RIGHT_LOOK, 0, 0, 0, 0 },
    { NGX_HTTP_DELETE, ACCOUNT "/devices", ngx_http_mfa_api_change,
      MFA_RIGHT_SESSIONS, MFA_ADMIN_DEVICES_END, 0, 0, 0 },
    { NGX_HTTP_DELETE, ACCOUNT "/devices/{id}", ngx_http_mfa_api_change,
      MFA_RIGHT_SESSIONS, MFA_ADMIN_DEVICES_END, 0, 0, 0 },

    /* Which right a bulk takes depends on its action: api_change.c. */
    { NGX_HTTP_POST, "portals/{portal}/bulk", ngx_http_mfa_api_bulk,
      MFA_RIGHT_LOOK, 0,
      bit(ACTION) | bit(LOGINS) | bit(GRACE) | bit(REASON),
      bit(ACTION) | bit(LOGINS), 0 },
    { NGX_HTTP_GET, "portals/{portal}/forecast", ngx_http_mfa_api_forecast,
      MFA_RIGHT_LOOK, 0, 0, 0, bit(UNTIL) | PAGING },
    { NGX_HTTP_GET, "portals/{portal}/audit", ngx_http_mfa_api_audit,
      MFA_RIGHT_AUDIT, 0, 0, 0,
      bit(ABOUT) | bit(WHOSE) | bit(ACTOR) | bit(EVENT) | bit(RESULT)
      | PAGING },

    { NGX_HTTP_GET, "tokens", ngx_http_mfa_api_tokens,
      MFA_RIGHT_TOKENS, 0, 0, 0, 0 },
    { NGX_HTTP_POST, "tokens", ngx_http_mfa_api_token_add,
      MFA_RIGHT_TOKENS, 0, bit(NAME) | bit(ROLE) | bit(EXPIRES),
      bit(NAME) | bit(ROLE), 0 },
    { NGX_HTTP_DELETE, "tokens/{id}", ngx_http_mfa_api_token_end,
      MFA_RIGHT_TOKENS, 0, 0, 0, 0 },
};

#define N_ROUTES  (sizeof(routes) / sizeof(routes[0]))

static void ngx_http_mfa_api_read(ngx_http_request_t *r);
static void ngx_http_mfa_api_entered(ngx_http_mfa_console_t *c);


/* --- which operation --- */

ngx_uint_t
ngx_http_mfa_api_is(ngx_http_request_t *r, ngx_http_mfa_loc_conf_t *lcf)
{
    mfa_str_t  path;

    if (lcf->console == NULL || r->uri.len < lcf->console->base.len) {
        return 0;
    }

    path.data = r->uri.data + lcf->console->base.len;
    path.len = r->uri.len - lcf->console->base.len;

    return mfa_str_begins(path, NGX_HTTP_MFA_CONSOLE_API);
}


/* Takes what stands for a name in braces. */
static void
capture(ngx_http_mfa_api_t *a, u_char first, mfa_str_t part)
{
    if (first == 'p') {
        a->portal_name = part;

    } else if (first == 'l') {
        a->c->login = part;

    } else {
        a->id = part;
    }
}


/* Part by part; 1: it fits. */
static ngx_uint_t
fits(ngx_http_mfa_api_t *a, const char *pattern, mfa_str_t path)
{
    int        more, more_wanted;
    mfa_str_t  part, wanted, rest;

    rest = mfa_str_from(pattern);

    do {
        more_wanted = mfa_str_cut(rest, '/', &wanted, &rest);
        more = mfa_str_cut(path, '/', &part, &path);

        if (wanted.data[0] == '{' ? part.len == 0 : !mfa_str_eq(wanted, part)) {
            return 0;
        }

        if (wanted.data[0] == '{') {
            capture(a, wanted.data[1], part);
        }

    } while (more && more_wanted);

    return more == more_wanted;
}


static const char *
method_name(ngx_uint_t method)
{
    switch (method) {
    case NGX_HTTP_GET:
        return "GET, HEAD";
    case NGX_HTTP_POST:
        return "POST";
    case NGX_HTTP_PATCH:
        return "PATCH";
    default:
        return "DELETE";
    }
}


/* OK; NOT_FOUND; METHOD, with Allow set. */
static ngx_http_mfa_api_problem_e
route_find(ngx_http_mfa_api_t *a)
{
    u_char              *p;
    ngx_str_t            allow;
    mfa_str_t            path;
    ngx_uint_t           i, method;
    ngx_http_request_t  *r;

    r = a->c->visit.request;
    path = a->c->path;

    if (!mfa_str_begins(path, NGX_HTTP_MFA_CONSOLE_API PREFIX)) {
        return NGX_HTTP_MFA_API_NOT_FOUND;
    }

    path.data += sizeof(NGX_HTTP_MFA_CONSOLE_API PREFIX) - 1;
    path.len -= sizeof(NGX_HTTP_MFA_CONSOLE_API PREFIX) - 1;
    method = r->method == NGX_HTTP_HEAD ? NGX_HTTP_GET : r->method;

    allow.data = ngx_pnalloc(r->pool, 64);

    if (allow.data == NULL) {
        return NGX_HTTP_MFA_API_ERROR;
    }

    p = allow.data;

    for (i = 0; i < N_ROUTES; i++) {
        if (!fits(a, routes[i].path, path)) {
            continue;
        }

        if (routes[i].method == method) {
            a->route = &routes[i];
            return NGX_HTTP_MFA_API_OK;
        }

        p = ngx_sprintf(p, p == allow.data ? "%s" : ", %s",
                        method_name(routes[i].method));
    }

    allow.len = p - allow.data;

    if (allow.len == 0) {
        return NGX_HTTP_MFA_API_NOT_FOUND;
    }

    return ngx_http_mfa_output_header(r, "Allow", &allow) == NGX_OK
           ? NGX_HTTP_MFA_API_METHOD : NGX_HTTP_MFA_API_ERROR;
}


/* --- a request --- */

static ngx_uint_t
writes(ngx_http_mfa_api_t *a)
{
    return a->route->method != NGX_HTTP_GET;
}


/* What can be said before the body is read. */
static ngx_http_mfa_api_problem_e
head_check(ngx_http_mfa_api_t *a)
{
    ngx_http_request_t          *r;
    ngx_http_mfa_api_problem_e   problem;

    r = a->c->visit.request;
    problem = route_find(a);

    if (problem != NGX_HTTP_MFA_API_OK || !writes(a)) {
        return problem;
    }

    if (r->headers_in.content_length_n > NGX_HTTP_MFA_API_BODY_MAX) {
        return NGX_HTTP_MFA_API_LARGE;
    }

    return (r->headers_in.content_length_n > 0 || r->headers_in.chunked)
           && !ngx_http_mfa_body_is_json(r)
           ? NGX_HTTP_MFA_API_TYPE : NGX_HTTP_MFA_API_OK;
}


/* A token says who acts, or the session does. */
static void
who(ngx_http_mfa_api_t *a)
{
    ngx_http_mfa_console_t  *c;

    c = a->c;

    if (a->bearer == NULL) {
        ngx_http_mfa_console_who(c, ngx_http_mfa_api_entered);
        return;
    }

    c->role = a->bearer->maker_role;
    c->proof = MFA_PROOF_GOOD;
    c->by = a->bearer->by;
    c->actor = a->bearer->by.login;

    ngx_http_mfa_api_entered(c);
}


ngx_int_t
ngx_http_mfa_api_handler(ngx_http_mfa_console_t *c)
{
    ngx_int_t                    rc;
    ngx_http_request_t          *r;
    ngx_http_mfa_api_t          *a;
    ngx_http_mfa_gate_t         *gate;
    ngx_http_mfa_api_problem_e   problem;

    r = c->visit.request;
    gate = ngx_http_get_module_ctx(r, ngx_http_mfa_module);

    /* An ETag is an account's version: not for nginx to compare with. */
    r->disable_not_modified = 1;

    if (gate->bearer && gate->verdict != MFA_VERDICT_ALLOW) {
        return ngx_http_mfa_api_deny(r, gate->lcf, gate->verdict);
    }

    a = ngx_pcalloc(r->pool, sizeof(ngx_http_mfa_api_t));

    if (a == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    a->c = c;
    a->bearer = gate->bearer;
    a->if_version = -1;
    c->flow = a;

    problem = head_check(a);

    if (problem == NGX_HTTP_MFA_API_OK
        && (a->route->method & (NGX_HTTP_POST|NGX_HTTP_PATCH)))
    {
        rc = ngx_http_read_client_request_body(r, ngx_http_mfa_api_read);

        return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
    }

    /* Held until visit_end. */
    r->main->count++;

    if (problem == NGX_HTTP_MFA_API_OK) {
        who(a);

    } else {
        ngx_http_mfa_api_problem(a, problem);
    }

    return NGX_DONE;
}


static void
ngx_http_mfa_api_read(ngx_http_request_t *r)
{
    ngx_http_mfa_gate_t     *gate;
    ngx_http_mfa_console_t  *c;

    gate = ngx_http_get_module_ctx(r, ngx_http_mfa_module);
    c = gate->console;

    who(c->flow);
}


/* Somebody else's page must not act for whoever is logged in here. */
static ngx_http_mfa_api_problem_e
form_token_check(ngx_http_mfa_api_t *a)
{
    ngx_str_t                 *sent;
    ngx_http_request_t        *r;
    ngx_http_mfa_visit_t      *v;
    ngx_http_mfa_main_conf_t  *mcf;

    v = &a->c->visit;
    r = v->request;

    if (!ngx_http_mfa_input_same_origin(r)) {
        return NGX_HTTP_MFA_API_ORIGIN;
    }

    mcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);
    sent = ngx_http_mfa_input_header(r, "x-csrf-token");

    return sent && v->gate->token
           && mfa_form_token_check(mcf->keys, "session",
                                   (mfa_str_t) { v->gate->token->id,
                                                 MFA_TOKEN_BYTES },
                                   ngx_http_mfa_view(sent)) == MFA_YES
           ? NGX_HTTP_MFA_API_OK : NGX_HTTP_MFA_API_CSRF;
}


static ngx_uint_t
may(ngx_http_mfa_api_t *a)
{
    if (a->route->right == MFA_RIGHT_NONE) {
        return 1;
    }

    /* An account's own role is not known yet: it can only take more. */
    return a->route->right < MFA_RIGHT_LOOK
           ? ngx_http_mfa_console_may_at_all(a->c, a->route->right)
           : ngx_http_mfa_console_may(a->c, a->route->right, a->c->portal,
                                      (mfa_str_t) { NULL, 0 });
}


static ngx_http_mfa_api_problem_e
proof_check(ngx_http_mfa_api_t *a)
{
    switch (a->c->proof) {
    case MFA_PROOF_GOOD:
        return NGX_HTTP_MFA_API_OK;
    case MFA_PROOF_CODE:
        return NGX_HTTP_MFA_API_PROOF_CODE;
    case MFA_PROOF_PASSWORD:
        return NGX_HTTP_MFA_API_PROOF_PASSWORD;
    case MFA_PROOF_ENROL:
        return NGX_HTTP_MFA_API_PROOF_ENROL;
    default:
        return NGX_HTTP_MFA_API_UNAUTHENTICATED;
    }
}


/* Whether who acts may begin. */
static ngx_http_mfa_api_problem_e
allowed(ngx_http_mfa_api_t *a)
{
    ngx_http_mfa_console_t      *c;
    ngx_http_mfa_api_problem_e   problem;

    c = a->c;

    if (writes(a) && a->bearer == NULL) {
        problem = form_token_check(a);

        if (problem != NGX_HTTP_MFA_API_OK) {
            return problem;
        }
    }

    if (a->portal_name.len) {
        c->portal = ngx_http_mfa_console_portal(c, a->portal_name);

        if (c->portal == NULL) {
            return NGX_HTTP_MFA_API_NOT_FOUND;
        }
    }

    if (!may(a)) {
        return NGX_HTTP_MFA_API_FORBIDDEN;
    }

    return writes(a) ? proof_check(a) : NGX_HTTP_MFA_API_OK;
}


/* What was sent, as far as the operation wants it. */
static ngx_http_mfa_api_problem_e
understood(ngx_http_mfa_api_t *a)
{
    ngx_int_t                    rc;
    mfa_str_t                    text;
    ngx_http_mfa_api_problem_e   problem;

    if (a->c->login.len && !mfa_login_check(a->c->login)) {
        return NGX_HTTP_MFA_API_ABSENT;
    }

    problem = ngx_http_mfa_api_query(a);

    if (problem == NGX_HTTP_MFA_API_OK && writes(a)) {
        problem = ngx_http_mfa_api_if_match(a);
    }

    if (problem != NGX_HTTP_MFA_API_OK
        || !(a->route->method & (NGX_HTTP_POST|NGX_HTTP_PATCH)))
    {
        return problem;
    }

    rc = ngx_http_mfa_body_take(a->c->visit.request, NGX_HTTP_MFA_API_BODY_MAX,
                                &text);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_HTTP_MFA_API_LARGE
                                  : NGX_HTTP_MFA_API_ERROR;
    }

    if (text.len && !ngx_http_mfa_body_is_json(a->c->visit.request)) {
        return NGX_HTTP_MFA_API_TYPE;
    }

    return ngx_http_mfa_api_body(a, text);
}


static void
ngx_http_mfa_api_entered(ngx_http_mfa_console_t *c)
{
    ngx_int_t                    rc;
    ngx_http_mfa_api_t          *a;
    ngx_http_mfa_gate_t         *gate;
    ngx_http_mfa_visit_t        *v;
    ngx_http_mfa_api_problem_e   problem;

    a = c->flow;
    v = &c->visit;
    gate = ngx_http_get_module_ctx(v->request, ngx_http_mfa_module);

    if (a->bearer == NULL && v->who->verdict != MFA_VERDICT_ALLOW) {
        rc = ngx_http_mfa_api_deny(v->request, gate->lcf, v->who->verdict);
        ngx_http_mfa_visit_end(v, rc);
        return;
    }

    problem = allowed(a);

    if (problem == NGX_HTTP_MFA_API_OK) {
        problem = understood(a);
    }

    if (problem != NGX_HTTP_MFA_API_OK) {
        ngx_http_mfa_api_problem(a, problem);
        return;
    }

    a->route->handler(a);
}


/* --- for the operations --- */

void *
ngx_http_mfa_api_alloc(ngx_http_mfa_api_t *a, size_t size)
{
    void  *p;

    p = ngx_http_mfa_wiped_alloc(a->c->visit.request, size);

    if (p == NULL) {
        ngx_http_mfa_api_problem(a, NGX_HTTP_MFA_API_ERROR);
        return NULL;
    }

    ngx_memzero(p, size);

    return p;
}


static void
ran(ngx_http_mfa_console_t *c)
{
    ngx_http_mfa_api_t  *a = c->flow;

    a->next(a);
}


void
ngx_http_mfa_api_run(ngx_http_mfa_api_t *a, ngx_http_mfa_portal_t *portal,
    mfa_flow_t *flow, ngx_http_mfa_api_pt next)
{
    a->next = next;
    ngx_http_mfa_console_run(a->c, portal, flow, ran);
}
