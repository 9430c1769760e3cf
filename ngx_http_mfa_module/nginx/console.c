/*
 * The console's frame, see console.h: the directive, who is there, what the URL
 * is about, and the checks before any page of it.
 */

#include "nginx/console.h"
#include "nginx/api.h"
#include "nginx/body.h"

#include "core/return_url.h"

static ngx_int_t ngx_http_mfa_console_handler(ngx_http_request_t *r);
static void ngx_http_mfa_console_body(ngx_http_request_t *r);

/* For log lines of outcomes. */
static const ngx_http_mfa_endpoint_t  endpoint =
    { "console", NULL, NULL, NGX_HTTP_MFA_FORM_SESSION, NULL };


/* --- the directive --- */

char *
ngx_http_mfa_console(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_loc_conf_t  *lcf = conf;

    ngx_str_t                    *value;
    ngx_uint_t                    i, k;
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_mfa_main_conf_t     *mcf;
    ngx_http_mfa_console_conf_t  *console;

    if (lcf->console) {
        return "is duplicate";
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mfa_module);
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    console = ngx_pcalloc(cf->pool, sizeof(ngx_http_mfa_console_conf_t));

    if (console == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;
    console->n = cf->args->nelts - 1;
    console->portals = ngx_palloc(cf->pool, console->n
                                            * sizeof(ngx_http_mfa_portal_t *));

    if (console->portals == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < console->n; i++) {
        console->portals[i] = ngx_http_mfa_portal_find(mcf, &value[i + 1]);

        if (console->portals[i] == NULL) {
            return ngx_http_mfa_portal_unknown(cf, &value[i + 1]);
        }

        for (k = 0; k < i; k++) {
            if (console->portals[k] == console->portals[i]) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "mfa_console: portal \"%V\" twice",
                                   &value[i + 1]);
                return NGX_CONF_ERROR;
            }
        }
    }

    if (clcf->handler) {
        return "is in a location that already has a handler";
    }

    clcf->handler = ngx_http_mfa_console_handler;
    console->base = ngx_http_mfa_view(&clcf->name);
    lcf->console = console;

    return ngx_http_mfa_place_add(cf, &mcf->consoles, lcf);
}


void
ngx_http_mfa_console_merge(ngx_http_core_loc_conf_t *clcf,
    ngx_http_mfa_loc_conf_t *prev, ngx_http_mfa_loc_conf_t *conf)
{
    /* "if" and "limit_except" blocks do not inherit a content handler. */
    if (clcf->noname && prev->console && clcf->handler == NULL) {
        conf->console = prev->console;
        clcf->handler = ngx_http_mfa_console_handler;
    }

    if (conf->console) {
        ngx_http_mfa_body_conf(clcf, NGX_HTTP_MFA_CONSOLE_BODY_MAX);
    }
}


/* What is wrong with the place of a console, or NULL. */
static const char *
place_fault(ngx_http_mfa_place_t *place)
{
    ngx_http_mfa_loc_conf_t  *lcf;

    lcf = place->location;

    if (lcf->portal == NULL) {
        return "in a place without a gate: add \"mfa PORTAL\"";
    }

    if (place->core->handler != ngx_http_mfa_console_handler) {
        return "has its place taken by another handler";
    }

    if (place->core->exact_match || place->core->named
#if (NGX_PCRE)
        || place->core->regex
#endif
        || place->core->name.len == 0
        || place->core->name.data[place->core->name.len - 1] != '/')
    {
        return "needs a location that is a path and ends with \"/\"";
    }

    return NULL;
}


ngx_int_t
ngx_http_mfa_console_check(ngx_conf_t *cf)
{
    ngx_uint_t                 i;
    const char                *why;
    ngx_http_mfa_place_t      *place;
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mfa_module);
    place = mcf->consoles.elts;

    for (i = 0; i < mcf->consoles.nelts; i++) {
        why = place_fault(&place[i]);

        if (why) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "\"mfa_console\" %s in %s:%ui", why, place[i].file,
                          place[i].line);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_uint_t
ngx_http_mfa_console_path(ngx_http_request_t *r, mfa_str_t path)
{
    void                      *server;
    mfa_str_t                  base;
    ngx_uint_t                 i;
    ngx_http_mfa_place_t      *place;
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);
    server = ngx_http_get_module_srv_conf(r, ngx_http_core_module);
    place = mcf->consoles.elts;

    for (i = 0; i < mcf->consoles.nelts; i++) {
        base = ngx_http_mfa_view(&place[i].core->name);

        if (place[i].server == server && path.len >= base.len
            && ngx_memcmp(path.data, base.data, base.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* --- who acts, and what it is about --- */

ngx_http_mfa_portal_t *
ngx_http_mfa_console_portal(ngx_http_mfa_console_t *c, mfa_str_t name)
{
    ngx_uint_t  i;

    for (i = 0; i < c->conf->n; i++) {
        if (mfa_str_eq(c->conf->portals[i]->core.name, name)) {
            return c->conf->portals[i];
        }
    }

    return NULL;
}


ngx_uint_t
ngx_http_mfa_console_may(ngx_http_mfa_console_t *c, mfa_right_e right,
    ngx_http_mfa_portal_t *portal, mfa_str_t role)
{
    return mfa_by_may(&c->by, c->role, right,
                      mfa_target_kind(&c->visit.portal->core, &portal->core,
                                      role),
                      mfa_role_find(role), MFA_ROLE_NONE);
}


ngx_uint_t
ngx_http_mfa_console_may_at_all(ngx_http_mfa_console_t *c, mfa_right_e right)
{
    return mfa_by_may(&c->by, c->role, right, MFA_TARGET_NONE, MFA_ROLE_NONE,
                      MFA_ROLE_NONE);
}


static void
who_done(ngx_http_request_t *r, void *data)
{
    ngx_http_mfa_visit_t    *v;
    ngx_http_mfa_console_t  *c = data;

    v = &c->visit;
    v->who = &v->gate->who;

    if (v->gate->flow.outcome != MFA_OUTCOME_DONE
        || ngx_http_mfa_gate_keep(r, v->portal, v->gate) != NGX_OK)
    {
        v->who->verdict = MFA_VERDICT_UNAVAILABLE;

    } else if (v->who->verdict == MFA_VERDICT_ALLOW && v->who->has_session
               && v->who->has_account)
    {
        c->role = mfa_right_role(&v->portal->core, &v->who->account,
                                 v->gate->flow.env.now);
        c->proof = mfa_right_proof(&v->portal->core, &v->who->session,
                                   &v->who->account, v->gate->flow.env.now);
        c->by.portal = &v->portal->core;
        c->by.login = v->who->account.login;
        c->by.generation = v->who->session.generation;
        c->actor = v->who->account.login;
    }

    c->next(c);
}


void
ngx_http_mfa_console_who(ngx_http_mfa_console_t *c,
    ngx_http_mfa_console_pt next)
{
    ngx_int_t                 rc;
    ngx_http_mfa_visit_t     *v;
    ngx_http_mfa_loc_conf_t  *lcf;

    v = &c->visit;
    c->next = next;
    lcf = ngx_http_get_module_loc_conf(v->request, ngx_http_mfa_module);
    v->gate = ngx_http_mfa_gate_flow(v->request, v->request->pool, v->portal);

    if (v->gate == NULL) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    /* Weaker than the account's own rule the console is nowhere. */
    v->gate->rule = lcf->rule == MFA_RULE_ALWAYS ? MFA_RULE_ALWAYS
                                                 : MFA_RULE_ACCOUNT;
    v->gate->fresh_sec = lcf->fresh;

    rc = ngx_http_mfa_task_run(v->request, &v->gate->flow, who_done, c);

    if (rc == NGX_OK) {
        who_done(v->request, c);

    } else if (rc == NGX_ERROR) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
    }
}


static void
run_done(ngx_http_request_t *r, void *data)
{
    ngx_http_mfa_console_t  *c = data;

    c->next(c);
}


void
ngx_http_mfa_console_run(ngx_http_mfa_console_t *c,
    ngx_http_mfa_portal_t *portal, mfa_flow_t *flow,
    ngx_http_mfa_console_pt next)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = c->visit.request;
    c->next = next;
    ngx_http_mfa_input_env(r, portal, &flow->env);

    rc = ngx_http_mfa_task_run(r, flow, run_done, c);

    if (rc == NGX_OK) {
        next(c);

    } else if (rc == NGX_ERROR) {
        ngx_http_mfa_visit_end(&c->visit, NGX_HTTP_INTERNAL_SERVER_ERROR);
    }
}


/* --- a request --- */

static ngx_http_mfa_console_t *
console_make(ngx_http_request_t *r, ngx_http_mfa_gate_t *gate)
{
    ngx_http_mfa_console_t   *c;
    ngx_http_mfa_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);
    c = ngx_pcalloc(r->pool, sizeof(ngx_http_mfa_console_t));

    if (c == NULL) {
        return NULL;
    }

    gate->console = c;
    c->conf = lcf->console;
    c->path = ngx_http_mfa_view(&r->uri);

    /* A rewrite may have led elsewhere: then there is no such page. */
    if (c->path.len >= c->conf->base.len
        && ngx_memcmp(c->path.data, c->conf->base.data, c->conf->base.len) == 0)
    {
        c->path.data += c->conf->base.len;
        c->path.len -= c->conf->base.len;
    }
    c->by.generation = -1;

    c->visit.request = r;
    c->visit.portal = lcf->portal;
    c->visit.endpoint = &endpoint;
    c->visit.post = r->method == NGX_HTTP_POST;

    return c;
}


/* --- pages --- */

typedef struct {
    const char               *path;             /* below the console's */
    ngx_http_mfa_console_pt   get;              /* NULL: not allowed */
    ngx_http_mfa_console_pt   post;
} route_t;

static const route_t  routes[] = {
    { "",         ngx_http_mfa_console_home_get,     NULL },
    { "users",    ngx_http_mfa_console_users_get,    NULL },
    { "admins",   ngx_http_mfa_console_admins_get,   NULL },
    { "new",      ngx_http_mfa_console_new_get,
                  ngx_http_mfa_console_new_post },
    { "bulk",     NULL,
                  ngx_http_mfa_console_bulk_post },
    { "audit",    ngx_http_mfa_console_audit_get,    NULL },
    { "settings", ngx_http_mfa_console_settings_get,
                  ngx_http_mfa_console_settings_post },
};

/* PORTAL/LOGIN */
static const route_t  account_route =
    { "", ngx_http_mfa_console_account_get, ngx_http_mfa_console_account_post };


static const route_t *
route_find(ngx_http_mfa_console_t *c)
{
    size_t     i;
    mfa_str_t  name, login;

    for (i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (mfa_str_is(c->path, routes[i].path)) {
            return &routes[i];
        }
    }

    if (!mfa_str_cut(c->path, '/', &name, &login) || !mfa_login_check(login)) {
        return NULL;
    }

    c->portal = ngx_http_mfa_console_portal(c, name);
    c->login = login;

    return c->portal ? &account_route : NULL;
}


/* Who is not let in, or not any more. */
static void
onward(ngx_http_mfa_console_t *c)
{
    mfa_str_t              uri;
    ngx_http_mfa_visit_t  *v;

    v = &c->visit;

    if (v->who->verdict == MFA_VERDICT_UNAVAILABLE) {
        v->gate->flow.outcome = MFA_OUTCOME_UNAVAILABLE;
        ngx_http_mfa_visit_outcome(v, &v->gate->flow, MFA_PAGE_ERROR,
                                   MFA_ERR_UNAVAILABLE);
        return;
    }

    if (v->post) {
        ngx_http_mfa_visit_page(v, NGX_HTTP_FORBIDDEN, MFA_PAGE_ERROR,
                                MFA_ERR_FORBIDDEN);
        return;
    }

    uri = ngx_http_mfa_view(&v->request->unparsed_uri);
    v->next = mfa_return_url_check(uri) ? uri : (mfa_str_t) { NULL, 0 };
    ngx_http_mfa_visit_onward(v, v->who->verdict);
}


static void
answer(ngx_http_mfa_console_t *c)
{
    const route_t            *route;
    ngx_http_mfa_visit_t     *v;
    ngx_http_mfa_console_pt   handler;

    v = &c->visit;

    if (v->who->verdict != MFA_VERDICT_ALLOW || !v->who->has_session
        || !v->who->has_account)
    {
        onward(c);
        return;
    }

    if (v->post && ngx_http_mfa_visit_token(v) != MFA_YES) {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_FORBIDDEN, MFA_ERR_CSRF);
        return;
    }

    /* Who has no role learns nothing, not even what there is. */
    if (c->role == MFA_ROLE_NONE) {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_FORBIDDEN, MFA_ERR_RIGHT);
        return;
    }

    if (ngx_http_mfa_visit_query(v) != MFA_FORM_OK) {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_BAD_REQUEST, MFA_ERR_FORM);
        return;
    }

    route = route_find(c);

    if (route == NULL) {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_NOT_FOUND, MFA_ERR_NOT_FOUND);
        return;
    }

    handler = v->post ? route->post : route->get;

    if (handler == NULL) {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_NOT_ALLOWED, MFA_ERR_METHOD);
        return;
    }

    handler(c);
}


static void
refuse_early(ngx_http_mfa_console_t *c, ngx_uint_t status, mfa_error_e error)
{
    ngx_http_mfa_visit_page(&c->visit, status, MFA_PAGE_ERROR, error);
}


static ngx_int_t
ngx_http_mfa_console_handler(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    ngx_http_mfa_gate_t     *gate;
    ngx_http_mfa_console_t  *c;

    gate = ngx_http_get_module_ctx(r, ngx_http_mfa_module);

    if (gate == NULL || r != r->main) {
        return NGX_HTTP_NOT_FOUND;
    }

    c = console_make(r, gate);

    if (c == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (mfa_str_begins(c->path, NGX_HTTP_MFA_CONSOLE_API)) {
        return ngx_http_mfa_api_handler(c);
    }

    /* From here on the visit holds the request until visit_end. */
    r->main->count++;

    if (!ngx_http_mfa_input_secure(r, c->visit.portal)) {
        refuse_early(c, NGX_HTTP_FORBIDDEN, MFA_ERR_INSECURE);

    } else if (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)) {
        ngx_http_mfa_console_who(c, answer);

    } else if (!c->visit.post) {
        refuse_early(c, NGX_HTTP_NOT_ALLOWED, MFA_ERR_METHOD);

    } else if (!ngx_http_mfa_input_same_origin(r)) {
        refuse_early(c, NGX_HTTP_FORBIDDEN, MFA_ERR_ORIGIN);

    } else {
        /* Reading counts once for itself: the visit's own hold goes back. */
        r->main->count--;
        rc = ngx_http_read_client_request_body(r, ngx_http_mfa_console_body);

        return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
    }

    return NGX_DONE;
}


static void
ngx_http_mfa_console_body(ngx_http_request_t *r)
{
    mfa_form_e               rc;
    ngx_http_mfa_gate_t     *gate;
    ngx_http_mfa_console_t  *c;

    gate = ngx_http_get_module_ctx(r, ngx_http_mfa_module);
    c = gate->console;
    rc = ngx_http_mfa_visit_form(&c->visit, NGX_HTTP_MFA_CONSOLE_FORM_MAX);

    if (rc == MFA_FORM_TOO_LARGE) {
        refuse_early(c, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, MFA_ERR_TOO_LARGE);

    } else if (rc != MFA_FORM_OK) {
        refuse_early(c, NGX_HTTP_BAD_REQUEST, MFA_ERR_FORM);

    } else {
        ngx_http_mfa_console_who(c, answer);
    }
}
