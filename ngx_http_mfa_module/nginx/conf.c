/*
 * The configuration's structures: made, inherited, completed, and checked where
 * that needs all of it.  What fills them in is directive.c.
 */

#include "nginx/body.h"
#include "nginx/conf.h"
#include "nginx/check.h"
#include "nginx/console.h"
#include "nginx/elsewhere.h"
#include "nginx/lint.h"
#include "nginx/first_factor.h"
#include "nginx/pages.h"
#include "nginx/status.h"
#include "nginx/template.h"
#include "nginx/verify.h"

#include <openssl/rand.h>

#ifndef MFA_TEMPLATES_DIR
#define MFA_TEMPLATES_DIR  "/usr/share/ngx_http_mfa_module/lua-free-templates"
#endif

#define QUEUE_DEFAULT      64
#define IN_FLIGHT_MAX      4096

static ngx_str_t  usual = ngx_string("Remote-");


static int
random_bytes(uint8_t *buf, size_t len)
{
    return RAND_bytes(buf, (int) len) == 1 ? 0 : -1;
}


void *
ngx_http_mfa_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_mfa_main_conf_t));
    if (mcf == NULL) {
        return NULL;
    }

    mfa_endpoint_init(&mcf->endpoint);
    mcf->hash.queue_max = NGX_CONF_UNSET_UINT;
    mcf->link.cache_entries = NGX_CONF_UNSET_UINT;
    mcf->link.random = random_bytes;
    mcf->headers_first['C'] = 1;
    mcf->headers_first['c'] = 1;

    if (ngx_array_init(&mcf->portals, cf->pool, 4,
                       sizeof(ngx_http_mfa_portal_t *)) != NGX_OK
        || ngx_array_init(&mcf->headers, cf->pool, 4,
                          sizeof(ngx_http_mfa_headers_t *)) != NGX_OK
        || ngx_array_init(&mcf->gates, cf->pool, 8,
                          sizeof(ngx_http_mfa_place_t)) != NGX_OK
        || ngx_array_init(&mcf->pages, cf->pool, 8,
                          sizeof(ngx_http_mfa_place_t)) != NGX_OK
        || ngx_array_init(&mcf->verifies, cf->pool, 4,
                          sizeof(ngx_http_mfa_place_t)) != NGX_OK
        || ngx_array_init(&mcf->checks, cf->pool, 4,
                          sizeof(ngx_http_mfa_place_t)) != NGX_OK
        || ngx_array_init(&mcf->consoles, cf->pool, 4,
                          sizeof(ngx_http_mfa_place_t)) != NGX_OK
        || ngx_array_init(&mcf->statuses, cf->pool, 4,
                          sizeof(ngx_http_mfa_place_t)) != NGX_OK)
    {
        return NULL;
    }

    return mcf;
}


void *
ngx_http_mfa_create_srv_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_mfa_srv_conf_t));
}


char *
ngx_http_mfa_merge_srv_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_mfa_srv_conf_t  *prev = parent;
    ngx_http_mfa_srv_conf_t  *conf = child;

    conf->used |= prev->used;

    return NGX_CONF_OK;
}


void *
ngx_http_mfa_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_mfa_loc_conf_t  *lcf;

    lcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_mfa_loc_conf_t));
    if (lcf == NULL) {
        return NULL;
    }

    lcf->portal = NGX_CONF_UNSET_PTR;
    lcf->headers = NGX_CONF_UNSET_PTR;
    lcf->report = NGX_CONF_UNSET;

    return lcf;
}


char *
ngx_http_mfa_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_mfa_loc_conf_t  *prev = parent;
    ngx_http_mfa_loc_conf_t  *conf = child;

    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (conf->portal == NGX_CONF_UNSET_PTR) {
        conf->portal = prev->portal == NGX_CONF_UNSET_PTR ? NULL : prev->portal;
        conf->rule = prev->rule;
        conf->fresh = prev->fresh;
    }

    if (conf->headers == NGX_CONF_UNSET_PTR) {
        if (prev->headers == NGX_CONF_UNSET_PTR) {
            prev->headers = ngx_http_mfa_identity_names(cf, &usual);

            if (prev->headers == NULL) {
                return NGX_CONF_ERROR;
            }
        }

        conf->headers = prev->headers;
    }

    ngx_conf_merge_value(conf->report, prev->report, 0);

    /* "if" and "limit_except" blocks make a location of their own, without the
       content handler of the one around them. */
    if (clcf->noname && prev->pages && clcf->handler == NULL) {
        conf->pages = 1;
        clcf->handler = ngx_http_mfa_pages_handler;
    }

    if (conf->pages) {
        /* A form fits; whatever does not must never be spilled to a file, it
           may hold a password. */
        ngx_http_mfa_body_conf(clcf, MFA_FORM_BODY_MAX);
    }

    ngx_http_mfa_verify_merge(clcf, prev, conf);
    ngx_http_mfa_console_merge(clcf, prev, conf);
    ngx_http_mfa_status_merge(clcf, prev, conf);

    if (ngx_http_mfa_lint_add(cf, conf, prev) != NGX_OK
        || ngx_http_mfa_elsewhere_add(cf, conf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_http_mfa_check_merge(cf, prev, conf);
}


char *
ngx_http_mfa_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_mfa_main_conf_t  *mcf = conf;

    mfa_str_t                *name, *names;
    ngx_uint_t                i, n;
    ngx_http_mfa_portal_t   **portals;

    if (mcf->portals.nelts == 0) {
        return NGX_CONF_OK;
    }

    n = mcf->portals.nelts;
    portals = mcf->portals.elts;

    /* Clients' copies of these are removed even where other names are sent, or
       none: an upstream may still believe them. */
    if (ngx_http_mfa_identity_names(cf, &usual) == NULL) {
        return NGX_CONF_ERROR;
    }

    if (mcf->keys == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"mfa_keys\" is missing for the portal in %s:%ui",
                      portals[0]->file, portals[0]->line);
        return NGX_CONF_ERROR;
    }

    if (mcf->link.addr.sockaddr == NULL
        && ngx_http_mfa_redis_resolve(cf, mcf) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    mcf->link.user.data = (u_char *) mcf->endpoint.user.data;
    mcf->link.user.len = mcf->endpoint.user.len;
    mcf->link.db = (ngx_uint_t) mcf->endpoint.db;
    mcf->link.timeout = (ngx_msec_t) mcf->endpoint.timeout_msec;
    mcf->link.in_flight_max = IN_FLIGHT_MAX;

    if (mcf->hash.pool == NULL) {
        mcf->hash.pool = ngx_thread_pool_add(cf, NULL);

        if (mcf->hash.pool == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    ngx_conf_init_uint_value(mcf->hash.queue_max, QUEUE_DEFAULT);
    ngx_conf_init_uint_value(mcf->link.cache_entries, MFA_CACHE_DEFAULT);
    mcf->hash.running_max = ngx_ncpu > 2 ? ngx_ncpu / 2 : 1;

    if (mcf->templates.len == 0) {
        ngx_str_set(&mcf->templates, MFA_TEMPLATES_DIR);
    }

    if (ngx_conf_full_name(cf->cycle, &mcf->templates, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    name = ngx_palloc(cf->pool, NGX_HTTP_MFA_COOKIE_INDEX(n, 0, 0)
                                * sizeof(mfa_str_t));

    if (name == NULL) {
        return NGX_CONF_ERROR;
    }

    names = name;

    for (i = 0; i < n; i++) {
        *name++ = portals[i]->core.cookie_name;
        *name++ = portals[i]->core.cookie_plain;
        *name++ = portals[i]->login_cookie;
        *name++ = portals[i]->login_cookie_plain;
        *name++ = portals[i]->device_cookie;
        *name++ = portals[i]->device_cookie_plain;

        if (portals[i]->templates.len == 0) {
            portals[i]->templates = mcf->templates;
        }

        if (ngx_http_mfa_template_load(cf, portals[i]) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    mfa_cookie_names(&mcf->cookies, names, (size_t) (name - names));

    return NGX_CONF_OK;
}


/* Whether a server has the portal's pages where redirects lead. */
static ngx_uint_t
has_pages(ngx_http_mfa_main_conf_t *mcf, void *server,
    ngx_http_mfa_portal_t *portal)
{
    ngx_uint_t                i;
    ngx_http_mfa_place_t     *place;
    ngx_http_mfa_loc_conf_t  *lcf;

    place = mcf->pages.elts;

    for (i = 0; i < mcf->pages.nelts; i++) {
        lcf = place[i].location;

        if (place[i].server == server && lcf->portal == portal
            && !place[i].core->exact_match
            && mfa_str_eq(ngx_http_mfa_view(&place[i].core->name),
                          portal->core.pages))
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
no_pages(ngx_conf_t *cf, ngx_http_mfa_portal_t *portal, u_char *file,
    ngx_uint_t line)
{
    ngx_str_t  name, pages;

    name.data = (u_char *) portal->core.name.data;
    name.len = portal->core.name.len;
    pages.data = (u_char *) portal->core.pages.data;
    pages.len = portal->core.pages.len;

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "portal \"%V\" gates a server that has no pages: add "
                  "\"location %V { mfa_pages; }\" in %s:%ui",
                  &name, &pages, file, line);
    return NGX_ERROR;
}


/* Whether mfa_pages stands at its portal's path, or at a page below it. */
static ngx_uint_t
at_pages(ngx_http_mfa_place_t *place)
{
    mfa_str_t                 pages;
    ngx_http_mfa_loc_conf_t  *lcf;

    lcf = place->location;
    pages = lcf->portal->core.pages;

#if (NGX_PCRE)
    if (place->core->regex) {
        return 0;
    }
#endif

    return place->core->name.len >= pages.len
           && ngx_strncmp(place->core->name.data, pages.data, pages.len) == 0;
}


static ngx_int_t
wrong_path(ngx_conf_t *cf, ngx_http_mfa_place_t *place)
{
    ngx_str_t                 pages;
    ngx_http_mfa_loc_conf_t  *lcf;

    lcf = place->location;
    pages.data = (u_char *) lcf->portal->core.pages.data;
    pages.len = lcf->portal->core.pages.len;

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "\"mfa_pages\" is not at the portal's pages path \"%V\" "
                  "in %s:%ui", &pages, place->file, place->line);
    return NGX_ERROR;
}


/* Where in its server the pages are: what comes there may carry the token of a
   mailed link, which input.c takes out. */
static ngx_int_t
pages_note(ngx_conf_t *cf, ngx_http_mfa_place_t *place)
{
    mfa_str_t                 *path;
    ngx_http_mfa_loc_conf_t   *lcf;
    ngx_http_mfa_srv_conf_t   *scf;
    ngx_http_core_srv_conf_t  *cscf;

    lcf = place->location;
    cscf = place->server;
    scf = cscf->ctx->srv_conf[ngx_http_mfa_module.ctx_index];

    if (scf->pages.elts == NULL
        && ngx_array_init(&scf->pages, cf->pool, 1, sizeof(mfa_str_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    path = ngx_array_push(&scf->pages);

    if (path == NULL) {
        return NGX_ERROR;
    }

    *path = lcf->portal->core.pages;

    return NGX_OK;
}


ngx_int_t
ngx_http_mfa_check_conf(ngx_conf_t *cf)
{
    ngx_uint_t                   i;
    ngx_http_mfa_place_t        *place;
    ngx_http_mfa_loc_conf_t     *lcf;
    ngx_http_mfa_main_conf_t    *mcf;
    ngx_http_core_srv_conf_t   **servers;
    ngx_http_core_main_conf_t   *cmcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mfa_module);
    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    place = mcf->pages.elts;

    for (i = 0; i < mcf->pages.nelts; i++) {
        lcf = place[i].location;

        if (lcf->portal == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "\"mfa_pages\" in a place without a portal in %s:%ui",
                          place[i].file, place[i].line);
            return NGX_ERROR;
        }

        /* The gate lets pages pass: whatever took their place stood open. */
        if (place[i].core->handler != ngx_http_mfa_pages_handler) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "another handler takes the place of \"mfa_pages\" "
                          "in %s:%ui", place[i].file, place[i].line);
            return NGX_ERROR;
        }
    }

    place = mcf->gates.elts;

    for (i = 0; i < mcf->gates.nelts; i++) {
        lcf = place[i].location;

        /* One that stands in http{} belongs to no server; those are next. */
        if (place[i].core->name.len
            && !has_pages(mcf, place[i].server, lcf->portal))
        {
            return no_pages(cf, lcf->portal, place[i].file, place[i].line);
        }
    }

    servers = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {
        lcf = servers[i]->ctx->loc_conf[ngx_http_mfa_module.ctx_index];

        if (lcf->portal && !has_pages(mcf, servers[i], lcf->portal)) {
            return no_pages(cf, lcf->portal, servers[i]->file_name,
                            servers[i]->line);
        }
    }

    place = mcf->pages.elts;

    for (i = 0; i < mcf->pages.nelts; i++) {
        if (!at_pages(&place[i])) {
            return wrong_path(cf, &place[i]);
        }

        if (pages_note(cf, &place[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (ngx_http_mfa_first_factor_check(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_mfa_verify_check(cf, mcf);
}
