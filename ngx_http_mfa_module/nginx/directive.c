/*
 * The directives.  The meaning of portal and store parameters is core's
 * (portal.c, endpoint.c); here they are fetched from nginx's parser, and what is
 * wrong is said with file and line.  Nothing connects anywhere.
 *
 * To add a directive: its row in ngx_http_mfa_module.c, its function here, its
 * row in README.
 */

#include "nginx/conf.h"
#include "nginx/pages.h"

#include "core/cookie.h"
#include "core/duration.h"

#define SECRET_FILE_MAX    16384

static char *ngx_http_mfa_portal_directive(ngx_conf_t *cf,
    ngx_command_t *dummy, void *conf);


/* Pool words live as long as the configuration: views of them may be kept. */
static mfa_str_t *
views(ngx_conf_t *cf)
{
    ngx_uint_t   i;
    ngx_str_t   *value;
    mfa_str_t   *argv;

    value = cf->args->elts;
    argv = ngx_palloc(cf->pool, cf->args->nelts * sizeof(mfa_str_t));

    for (i = 0; argv && i < cf->args->nelts; i++) {
        argv[i] = ngx_http_mfa_view(&value[i]);
    }

    return argv;
}


static char *
refuse(ngx_conf_t *cf, const char *directive, const mfa_buf_t *why)
{
    ngx_str_t  text;

    text.data = why->data;
    text.len = why->len;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s: %V", directive, &text);

    return NGX_CONF_ERROR;
}


char *
ngx_http_mfa_redis_resolve(ngx_conf_t *cf, ngx_http_mfa_main_conf_t *mcf)
{
    ngx_url_t  url;

    ngx_memzero(&url, sizeof(ngx_url_t));
    url.url.data = (u_char *) mcf->endpoint.address.data;
    url.url.len = mcf->endpoint.address.len;
    url.default_port = 6379;

    if (ngx_parse_url(cf->pool, &url) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "mfa_redis: %s in \"%V\"",
                           url.err ? url.err : "invalid address", &url.url);
        return NGX_CONF_ERROR;
    }

    mcf->link.addr = url.addrs[0];

    return NGX_CONF_OK;
}


char *
ngx_http_mfa_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_main_conf_t  *mcf = conf;

    u_char      room[256];
    mfa_buf_t   why;
    mfa_str_t  *argv;
    ngx_str_t   file, text;

    if (mcf->endpoint_set) {
        return "is duplicate";
    }

    mcf->endpoint_set = 1;

    mfa_buf_init(&why, room, sizeof(room));
    argv = views(cf);

    if (argv == NULL) {
        return NGX_CONF_ERROR;
    }

    if (mfa_endpoint_set(&mcf->endpoint, argv, cf->args->nelts, &why) != 0) {
        return refuse(cf, "mfa_redis", &why);
    }

    if (mcf->endpoint.password_file.len) {
        file.data = (u_char *) mcf->endpoint.password_file.data;
        file.len = mcf->endpoint.password_file.len;

        if (ngx_http_mfa_secret_file(cf, &file, SECRET_FILE_MAX, &text)
            != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }

        while (text.len && (text.data[text.len - 1] == LF
                            || text.data[text.len - 1] == CR))
        {
            text.len--;
        }

        if (text.len == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "mfa_redis: \"%V\" is empty", &file);
            return NGX_CONF_ERROR;
        }

        mcf->link.password = text;
    }

    return ngx_http_mfa_redis_resolve(cf, mcf);
}


char *
ngx_http_mfa_keys(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_main_conf_t  *mcf = conf;

    int           rc;
    unsigned      line;
    ngx_str_t    *value, text;
    const char   *why;

    if (mcf->keys) {
        return "is duplicate";
    }

    value = cf->args->elts;
    mcf->keys_file = value[1];

    if (ngx_http_mfa_secret_file(cf, &mcf->keys_file, SECRET_FILE_MAX, &text)
        != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    mcf->keys = ngx_pcalloc(cf->pool, sizeof(mfa_keyring_t));

    if (mcf->keys == NULL) {
        return NGX_CONF_ERROR;
    }

    rc = mfa_keyring_parse(mcf->keys, ngx_http_mfa_view(&text), &line, &why);
    mfa_wipe(text.data, text.len);

    if (rc != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "mfa_keys: %s in %V:%ui", why,
                           &mcf->keys_file, (ngx_uint_t) line);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_mfa_cache(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_main_conf_t  *mcf = conf;

    ngx_int_t   n;
    ngx_str_t  *value;

    if (mcf->link.cache_entries != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        mcf->link.cache_entries = 0;
        return NGX_CONF_OK;
    }

    n = NGX_ERROR;

    if (ngx_strncmp(value[1].data, "entries=", 8) == 0) {
        n = ngx_atoi(value[1].data + 8, value[1].len - 8);
    }

    if (n < MFA_CACHE_MIN || n > MFA_CACHE_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "mfa_cache: \"%V\" is neither \"off\" nor "
                           "\"entries=N\" with N from %d to %d", &value[1],
                           MFA_CACHE_MIN, MFA_CACHE_MAX);
        return NGX_CONF_ERROR;
    }

    mcf->link.cache_entries = n;

    return NGX_CONF_OK;
}


char *
ngx_http_mfa_threads(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_main_conf_t  *mcf = conf;

    ngx_int_t   n;
    ngx_str_t  *value;

    if (mcf->hash.pool) {
        return "is duplicate";
    }

    value = cf->args->elts;
    mcf->hash.pool = ngx_thread_pool_add(cf, &value[1]);

    if (mcf->hash.pool == NULL) {
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts == 3) {
        n = NGX_ERROR;

        if (ngx_strncmp(value[2].data, "queue=", 6) == 0) {
            n = ngx_atoi(value[2].data + 6, value[2].len - 6);
        }

        if (n < 1 || n > 65536) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\", queue= must be 1 to "
                               "65536", &value[2]);
            return NGX_CONF_ERROR;
        }

        mcf->hash.queue_max = n;
    }

    return NGX_CONF_OK;
}


ngx_http_mfa_portal_t *
ngx_http_mfa_portal_find(ngx_http_mfa_main_conf_t *mcf, ngx_str_t *name)
{
    ngx_uint_t               i;
    ngx_http_mfa_portal_t  **portals;

    portals = mcf->portals.elts;

    for (i = 0; i < mcf->portals.nelts; i++) {
        if (mfa_str_eq(portals[i]->core.name, ngx_http_mfa_view(name))) {
            return portals[i];
        }
    }

    return NULL;
}


char *
ngx_http_mfa_portal_unknown(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "unknown portal \"%V\" (its mfa_portal block must "
                       "stand before its use)", name);

    return NGX_CONF_ERROR;
}


/* The cookies beside the session's are named like it. */
static ngx_int_t
cookie_beside(ngx_conf_t *cf, ngx_http_mfa_portal_t *portal, const char *suffix,
    mfa_str_t *name, mfa_str_t *plain)
{
    size_t      len, cut;
    u_char     *p;
    mfa_str_t  *session;

    session = &portal->core.cookie_name;
    len = session->len + ngx_strlen(suffix);
    p = ngx_pnalloc(cf->pool, len);

    if (p == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_cpymem(ngx_cpymem(p, session->data, session->len), suffix,
                      ngx_strlen(suffix));

    cut = session->len - portal->core.cookie_plain.len;
    *name = (mfa_str_t) { p, len };
    *plain = (mfa_str_t) { p + cut, len - cut };

    return NGX_OK;
}


char *
ngx_http_mfa_portal(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_main_conf_t  *mcf = conf;

    char                    *rv;
    u_char                  *p, room[256];
    mfa_buf_t                why, names;
    ngx_str_t               *value;
    ngx_conf_t               save;
    ngx_http_mfa_portal_t   *portal, **slot;

    value = cf->args->elts;

    if (ngx_http_mfa_portal_find(mcf, &value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "duplicate portal \"%V\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    portal = ngx_pcalloc(cf->pool, sizeof(ngx_http_mfa_portal_t));
    p = ngx_pnalloc(cf->pool, MFA_COOKIE_NAME_MAX);
    slot = ngx_array_push(&mcf->portals);

    if (portal == NULL || p == NULL || slot == NULL) {
        return NGX_CONF_ERROR;
    }

    if (mfa_portal_init(&portal->core, ngx_http_mfa_view(&value[1])) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid portal name \"%V\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    portal->index = mcf->portals.nelts - 1;
    portal->file = cf->conf_file->file.name.data;
    portal->line = cf->conf_file->line;
    *slot = portal;

    save = *cf;
    cf->handler = ngx_http_mfa_portal_directive;
    cf->handler_conf = (char *) portal;
    rv = ngx_conf_parse(cf, NULL);
    *cf = save;

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    mfa_buf_init(&why, room, sizeof(room));
    mfa_buf_init(&names, p, MFA_COOKIE_NAME_MAX);

    if (mfa_portal_finish(&portal->core, &names, &why) != 0) {
        return refuse(cf, "mfa_portal", &why);
    }

    if (cookie_beside(cf, portal, "_login", &portal->login_cookie,
                      &portal->login_cookie_plain) != NGX_OK
        || cookie_beside(cf, portal, "_device", &portal->device_cookie,
                         &portal->device_cookie_plain) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_mfa_portal_directive(ngx_conf_t *cf, ngx_command_t *dummy, void *conf)
{
    ngx_http_mfa_portal_t  *portal = conf;

    u_char      room[256];
    mfa_buf_t   why;
    mfa_str_t  *argv;
    ngx_str_t  *value;

    value = cf->args->elts;

    if (ngx_strcmp(value[0].data, "mfa_templates") == 0) {
        if (portal->templates.len) {
            return "is duplicate";
        }

        if (cf->args->nelts != 2 || value[1].len == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid number of "
                               "arguments in \"mfa_templates\" directive");
            return NGX_CONF_ERROR;
        }

        portal->templates = value[1];
        return ngx_conf_full_name(cf->cycle, &portal->templates, 1) == NGX_OK
               ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    mfa_buf_init(&why, room, sizeof(room));
    argv = views(cf);

    if (argv == NULL) {
        return NGX_CONF_ERROR;
    }

    if (mfa_portal_set(&portal->core, argv, cf->args->nelts, &why) != 0) {
        return refuse(cf, "mfa_portal", &why);
    }

    if (ngx_strcmp(value[0].data, "first_factor") == 0) {
        portal->first_file = cf->conf_file->file.name.data;
        portal->first_line = cf->conf_file->line;
    }

    return NGX_CONF_OK;
}


/* Requests of a server are looked into only where the module was asked to. */
static void
server_used(ngx_conf_t *cf)
{
    ngx_http_mfa_srv_conf_t  *scf;

    scf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_mfa_module);
    scf->used = 1;
}


char *
ngx_http_mfa_place_add(ngx_conf_t *cf, ngx_array_t *places, void *conf)
{
    ngx_http_mfa_place_t  *place;

    place = ngx_array_push(places);

    if (place == NULL) {
        return NGX_CONF_ERROR;
    }

    place->server = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);
    place->location = conf;
    place->core = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    place->file = cf->conf_file->file.name.data;
    place->line = cf->conf_file->line;

    return NGX_CONF_OK;
}


static ngx_int_t
gate_rule(mfa_str_t name, mfa_rule_e *rule)
{
    size_t  i;

    static const struct {
        const char  *name;
        mfa_rule_e   rule;
    } rules[] = {
        { "account",   MFA_RULE_ACCOUNT },
        { "password",  MFA_RULE_PASSWORD },
        { "always",    MFA_RULE_ALWAYS },
        { "validated", MFA_RULE_VALIDATED },
    };

    for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (mfa_str_is(name, rules[i].name)) {
            *rule = rules[i].rule;
            return NGX_OK;
        }
    }

    return NGX_ERROR;
}


/* Each parameter once: of two that contradict each other none may win. */
static ngx_int_t
gate_parameter(ngx_http_mfa_loc_conf_t *lcf, ngx_str_t *value,
    ngx_uint_t *seen)
{
    int64_t     sec;
    mfa_str_t   key, rest;
    ngx_uint_t  bit;

    if (!mfa_str_cut(ngx_http_mfa_view(value), '=', &key, &rest)) {
        return NGX_ERROR;
    }

    if (mfa_str_is(key, "require") && gate_rule(rest, &lcf->rule) == NGX_OK) {
        bit = 1;

    } else if (mfa_str_is(key, "fresh") && mfa_duration_parse(rest, &sec) == 0
               && sec > 0)
    {
        lcf->fresh = (time_t) sec;
        bit = 2;

    } else {
        return NGX_ERROR;
    }

    if (*seen & bit) {
        return NGX_ERROR;
    }

    *seen |= bit;

    return NGX_OK;
}


char *
ngx_http_mfa_gate(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_loc_conf_t  *lcf = conf;

    ngx_str_t                 *value;
    ngx_uint_t                 i, seen;
    ngx_http_mfa_main_conf_t  *mcf;

    if (lcf->portal != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    server_used(cf);
    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0 && cf->args->nelts == 2) {
        lcf->portal = NULL;
        return NGX_CONF_OK;
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mfa_module);
    lcf->portal = ngx_http_mfa_portal_find(mcf, &value[1]);

    if (lcf->portal == NULL) {
        return ngx_http_mfa_portal_unknown(cf, &value[1]);
    }

    seen = 0;

    for (i = 2; i < cf->args->nelts; i++) {
        if (gate_parameter(lcf, &value[i], &seen) != NGX_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    return ngx_http_mfa_place_add(cf, &mcf->gates, lcf);
}


char *
ngx_http_mfa_pages(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_loc_conf_t  *lcf = conf;

    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_mfa_main_conf_t  *mcf;

    if (lcf->pages) {
        return "is duplicate";
    }

    lcf->pages = 1;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler) {
        return "is in a location that already has a handler";
    }

    clcf->handler = ngx_http_mfa_pages_handler;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mfa_module);

    return ngx_http_mfa_place_add(cf, &mcf->pages, lcf);
}
