/*
 * Warnings about configurations, see lint.h.
 *
 * Each check is a function of one location that is read in the table at the end.
 * No warning for what the gate itself makes harmless: "satisfy any" and SSI (it
 * runs behind the one and inside the other), paths that lead elsewhere when they
 * are read in another way (elsewhere.h).
 */

#include "nginx/lint.h"
#include "nginx/listen.h"

typedef struct {
    ngx_http_core_srv_conf_t  *server;
    ngx_http_core_loc_conf_t  *core;
    ngx_http_mfa_loc_conf_t   *location;
    ngx_http_mfa_loc_conf_t   *parent;
} ngx_http_mfa_seen_t;

/* rewrite's own type is not in a header; this is its beginning. */
typedef struct {
    ngx_array_t               *codes;
} ngx_http_mfa_rewrite_t;


ngx_int_t
ngx_http_mfa_lint_add(ngx_conf_t *cf, ngx_http_mfa_loc_conf_t *lcf,
    ngx_http_mfa_loc_conf_t *parent)
{
    ngx_http_mfa_seen_t       *seen;
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mfa_module);

    if (mcf->seen.elts == NULL
        && ngx_array_init(&mcf->seen, cf->temp_pool, 32,
                          sizeof(ngx_http_mfa_seen_t)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    seen = ngx_array_push(&mcf->seen);

    if (seen == NULL) {
        return NGX_ERROR;
    }

    seen->server = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);
    seen->core = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    seen->location = lcf;
    seen->parent = parent;

    return NGX_OK;
}


static ngx_uint_t
is_server(ngx_http_mfa_seen_t *seen)
{
    return seen->core->name.len == 0 && !seen->core->noname;
}


/* Whether anything is gated in its server. */
static ngx_uint_t
beside_gates(ngx_http_mfa_main_conf_t *mcf, ngx_http_mfa_seen_t *of)
{
    ngx_uint_t            i;
    ngx_http_mfa_seen_t  *seen;

    seen = mcf->seen.elts;

    for (i = 0; i < mcf->seen.nelts; i++) {
        if (seen[i].server == of->server
            && ngx_http_mfa_is_gated(seen[i].location))
        {
            return 1;
        }
    }

    return 0;
}


/* The location around it; NULL when that is the http block. */
static ngx_http_mfa_seen_t *
parent_of(ngx_http_mfa_main_conf_t *mcf, ngx_http_mfa_seen_t *of)
{
    ngx_uint_t            i;
    ngx_http_mfa_seen_t  *seen;

    seen = mcf->seen.elts;

    for (i = 0; i < mcf->seen.nelts; i++) {
        if (seen[i].location == of->parent) {
            return &seen[i];
        }
    }

    return NULL;
}


/* The line of the location's own mfa directive when it has one, or that of its
   server. */
static void
warn(ngx_conf_t *cf, ngx_http_mfa_seen_t *seen, const char *what)
{
    u_char                    *file;
    ngx_uint_t                 i, line;
    ngx_http_mfa_place_t      *place;
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mfa_module);
    place = mcf->gates.elts;
    file = seen->server->file_name;
    line = seen->server->line;

    for (i = 0; i < mcf->gates.nelts; i++) {
        if (place[i].location == seen->location) {
            file = place[i].file;
            line = place[i].line;
        }
    }

    if (is_server(seen)) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "mfa: server \"%V\": %s, in %s:%ui",
                      &seen->server->server_name, what, file, line);
        return;
    }

    ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                  "mfa: location \"%V\" of server \"%V\": %s, in %s:%ui",
                  &seen->core->name, &seen->server->server_name, what, file,
                  line);
}


/* The configuration that a module has for a location; NULL when nginx was built
   without that module. */
static void *
conf_of(ngx_conf_t *cf, ngx_http_mfa_seen_t *seen, const char *module)
{
    void        **confs;
    ngx_uint_t    i;

    confs = is_server(seen) ? seen->server->ctx->loc_conf
                            : seen->core->loc_conf;

    for (i = 0; confs && cf->cycle->modules[i]; i++) {
        if (ngx_strcmp(cf->cycle->modules[i]->name, module) == 0) {
            return confs[cf->cycle->modules[i]->ctx_index];
        }
    }

    return NULL;
}


/* The codes of rewrite are one behind the other, each beginning with the address
   of its function: one that answers is found by that address. */
static ngx_uint_t
answers_early(ngx_array_t *codes)
{
    u_char                          *p, *last;
    ngx_http_script_code_pt          code;
    ngx_http_script_return_code_t   *ret;
#if (NGX_PCRE)
    ngx_http_script_regex_code_t    *regex;
#endif

    last = (u_char *) codes->elts + codes->nelts;

    for (p = codes->elts; p + sizeof(code) <= last; p += sizeof(uintptr_t)) {
        ngx_memcpy(&code, p, sizeof(code));

        if (code == ngx_http_script_return_code
            && p + sizeof(ngx_http_script_return_code_t) <= last)
        {
            ret = (ngx_http_script_return_code_t *) p;

            if (ret->status < NGX_HTTP_BAD_REQUEST || ret->text.value.len) {
                return 1;
            }
        }

#if (NGX_PCRE)
        if (code == ngx_http_script_regex_start_code
            && p + sizeof(ngx_http_script_regex_code_t) <= last)
        {
            regex = (ngx_http_script_regex_code_t *) p;

            if (regex->redirect) {
                return 1;
            }
        }
#endif
    }

    return 0;
}


static void
check_rewrite(ngx_conf_t *cf, ngx_http_mfa_seen_t *seen)
{
    ngx_http_mfa_seen_t       *holder;
    ngx_http_mfa_rewrite_t    *rewrite;
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mfa_module);
    holder = seen;

    /* The codes of an "if" stand among those of the location around it. */
    if (seen->core->noname) {
        holder = parent_of(mcf, seen);

        if (holder == NULL || ngx_http_mfa_is_gated(holder->location)) {
            return;
        }
    }

    if (!ngx_http_mfa_is_gated(seen->location)) {
        return;
    }

    rewrite = conf_of(cf, holder, "ngx_http_rewrite_module");

    if (rewrite && rewrite->codes && answers_early(rewrite->codes)) {
        warn(cf, seen, "\"return\" or a redirecting \"rewrite\" answers before "
             "the gate; put it into a location with \"mfa off\"");
    }
}


static void
check_alias(ngx_conf_t *cf, ngx_http_mfa_seen_t *seen)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = seen->core;

    if (is_server(seen) || clcf->noname || clcf->named || clcf->exact_match
        || ngx_http_mfa_has_regex(clcf) || clcf->alias != clcf->name.len
        || clcf->root.len == 0)
    {
        return;
    }

    if (clcf->name.data[clcf->name.len - 1] != '/'
        && clcf->root.data[clcf->root.len - 1] == '/')
    {
        warn(cf, seen, "\"alias\" ends with \"/\" and the location does not: "
             "\"..\" behind its name leads out of the folder");
    }
}


/* Where an internal redirect to a URI leads, regular expressions aside. */
static ngx_http_mfa_seen_t *
target_of(ngx_http_mfa_main_conf_t *mcf, ngx_http_mfa_seen_t *from,
    ngx_str_t *uri)
{
    ngx_uint_t                 i;
    ngx_http_mfa_seen_t       *seen, *best;
    ngx_http_core_loc_conf_t  *clcf;

    best = NULL;
    seen = mcf->seen.elts;

    for (i = 0; i < mcf->seen.nelts; i++) {
        clcf = seen[i].core;

        if (seen[i].server != from->server || clcf->noname
            || ngx_http_mfa_has_regex(clcf)
            || clcf->name.len > uri->len
            || ((clcf->exact_match || clcf->named)
                && clcf->name.len != uri->len)
            || (clcf->name.len && ngx_strncmp(clcf->name.data, uri->data,
                                              clcf->name.len) != 0))
        {
            continue;
        }

        if (best == NULL || clcf->name.len > best->core->name.len
            || clcf->exact_match)
        {
            best = &seen[i];
        }
    }

    return best;
}


/* What a parent has already been warned of. */
static ngx_uint_t
inherits_error_pages(ngx_http_mfa_main_conf_t *mcf, ngx_http_mfa_seen_t *seen)
{
    ngx_http_mfa_seen_t  *parent;

    parent = parent_of(mcf, seen);

    return parent && ngx_http_mfa_is_gated(parent->location)
           && parent->core->error_pages == seen->core->error_pages;
}


static void
check_error_page(ngx_conf_t *cf, ngx_http_mfa_seen_t *seen)
{
    ngx_uint_t                 i;
    ngx_http_err_page_t       *page;
    ngx_http_mfa_seen_t       *target;
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mfa_module);

    if (!ngx_http_mfa_is_gated(seen->location) || seen->core->error_pages == NULL
        || inherits_error_pages(mcf, seen))
    {
        return;
    }

    page = seen->core->error_pages->elts;

    for (i = 0; i < seen->core->error_pages->nelts; i++) {
        if ((page[i].status != NGX_HTTP_UNAUTHORIZED
             && page[i].status != NGX_HTTP_FORBIDDEN
             && page[i].status != NGX_HTTP_SERVICE_UNAVAILABLE)
            || page[i].value.lengths)
        {
            continue;
        }

        target = target_of(mcf, seen, &page[i].value.value);

        /* A file of its own is what error pages are for. */
        if (target && target->location->portal == NULL
            && target->core->handler)
        {
            warn(cf, seen, "\"error_page\" for 401, 403 or 503 leads to an "
                 "ungated location that asks a site");
            return;
        }
    }
}


static void
check_slashes(ngx_conf_t *cf, ngx_http_mfa_seen_t *seen)
{
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mfa_module);

    if (is_server(seen) && !seen->server->merge_slashes
        && beside_gates(mcf, seen))
    {
        warn(cf, seen, "with \"merge_slashes off\" a path with \"//\" is in "
             "another location for nginx than for the site");
    }
}


/* Whether $mfa_session is used anywhere: then it may be in a cache key. */
static ngx_uint_t
session_used(ngx_conf_t *cf)
{
    ngx_uint_t                  i;
    ngx_http_variable_t        *v;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    v = cmcf->variables.elts;

    for (i = 0; i < cmcf->variables.nelts; i++) {
        if (v[i].name.len == sizeof("mfa_session") - 1
            && ngx_strncmp(v[i].name.data, "mfa_session", v[i].name.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static void
check_cache(ngx_conf_t *cf, ngx_http_mfa_seen_t *seen)
{
#if (NGX_HTTP_CACHE)
    ngx_uint_t                 i;
    ngx_http_upstream_conf_t  *u;

    /* Their configurations begin with that of the upstream. */
    static const char *const  modules[] = {
        "ngx_http_proxy_module", "ngx_http_fastcgi_module",
        "ngx_http_uwsgi_module", "ngx_http_scgi_module"
    };

    if (!ngx_http_mfa_is_gated(seen->location) || seen->location->headers == NULL
        || is_server(seen) || seen->core->handler == NULL || session_used(cf))
    {
        return;
    }

    for (i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
        u = conf_of(cf, seen, modules[i]);

        if (u && u->upstream && u->cache && u->pass_request_headers) {
            warn(cf, seen, "nothing will be cached: the site is sent identity "
                 "headers and $mfa_session is not in the cache key; with "
                 "\"mfa_identity_headers off\" answers are shared");
            return;
        }
    }
#endif
}


static void (*const  checks[])(ngx_conf_t *cf, ngx_http_mfa_seen_t *seen) = {
    check_rewrite,
    check_alias,
    check_error_page,
    check_slashes,
    check_cache
};


/* A server that has https beside plain http is left alone: its pages work, and
   what comes in plain is most often led there. */
static void
check_pages(ngx_conf_t *cf, ngx_http_mfa_main_conf_t *mcf)
{
    ngx_uint_t             i;
    mfa_portal_t          *portal;
    ngx_http_mfa_place_t  *place;

    place = mcf->pages.elts;

    for (i = 0; i < mcf->pages.nelts; i++) {
        portal = &((ngx_http_mfa_loc_conf_t *) place[i].location)->portal->core;

        if (!portal->cookie_auto
            && !(ngx_http_mfa_listen_kinds(cf, place[i].server)
                 & NGX_HTTP_MFA_LISTEN_TLS))
        {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "mfa: the pages answer 403: no address of the server "
                          "is https, and portal \"%*s\" has no \"cookie "
                          "secure=auto\" for loopback, in %s:%ui",
                          portal->name.len, portal->name.data, place[i].file,
                          place[i].line);
        }
    }
}


/* Who is not required and has no factor writes after a password. */
static void
check_consoles(ngx_conf_t *cf, ngx_http_mfa_main_conf_t *mcf)
{
    ngx_uint_t                i;
    mfa_portal_t             *portal;
    ngx_http_mfa_place_t     *place;
    ngx_http_mfa_loc_conf_t  *location;

    place = mcf->consoles.elts;

    for (i = 0; i < mcf->consoles.nelts; i++) {
        location = place[i].location;
        portal = &location->portal->core;

        if (portal->require == MFA_REQUIRE_ACCOUNT
            && location->rule != MFA_RULE_ALWAYS)
        {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "mfa: admins need no second factor for "
                          "\"mfa_console\" unless each is required one by "
                          "one: say \"require all\" or \"require new_since=\" "
                          "in portal \"%*s\", in %s:%ui",
                          portal->name.len, portal->name.data, place[i].file,
                          place[i].line);
        }
    }
}


/* Whether somebody is kept out before the content: the configurations of these
   modules begin with what they check. */
static ngx_uint_t
is_limited(ngx_conf_t *cf, ngx_http_mfa_seen_t *seen)
{
    void                       **access;
    ngx_str_t                   *request;
    ngx_http_complex_value_t   **basic;

    access = conf_of(cf, seen, "ngx_http_access_module");
    basic = conf_of(cf, seen, "ngx_http_auth_basic_module");
    request = conf_of(cf, seen, "ngx_http_auth_request_module");

    return (access && *access)
           || (basic && *basic
               && !mfa_str_is(ngx_http_mfa_view(&(*basic)->value), "off"))
           || (request && request->len);
}


/* What is counted is no secret, but whoever attacks reads in it how it goes. */
static void
check_status(ngx_conf_t *cf, ngx_http_mfa_main_conf_t *mcf)
{
    ngx_uint_t                i, j;
    ngx_http_mfa_seen_t      *seen;
    ngx_http_mfa_place_t     *place;

    place = mcf->statuses.elts;
    seen = mcf->seen.elts;

    for (i = 0; i < mcf->statuses.nelts; i++) {
        for (j = 0; j < mcf->seen.nelts; j++) {
            if (seen[j].location == place[i].location) {
                break;
            }
        }

        /* Where a gate only reports, anybody gets in. */
        if (j < mcf->seen.nelts
            && (!ngx_http_mfa_is_gated(seen[j].location)
                || seen[j].location->report)
            && !is_limited(cf, &seen[j])
            && (ngx_http_mfa_listen_kinds(cf, place[i].server)
                & (NGX_HTTP_MFA_LISTEN_TLS|NGX_HTTP_MFA_LISTEN_OPEN)))
        {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "mfa: anybody can read \"mfa_status\": limit it "
                          "with \"allow\" and \"deny\", in %s:%ui",
                          place[i].file, place[i].line);
        }
    }
}


void
ngx_http_mfa_lint(ngx_conf_t *cf)
{
    ngx_uint_t                 i, j;
    ngx_http_mfa_seen_t       *seen;
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mfa_module);
    seen = mcf->seen.elts;

    check_pages(cf, mcf);
    check_consoles(cf, mcf);
    check_status(cf, mcf);

    for (i = 0; i < mcf->seen.nelts; i++) {
        if (!beside_gates(mcf, &seen[i])) {
            continue;
        }

        for (j = 0; j < sizeof(checks) / sizeof(checks[0]); j++) {
            checks[j](cf, &seen[i]);
        }
    }
}
