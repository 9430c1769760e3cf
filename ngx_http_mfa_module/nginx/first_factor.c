/*
 * First factors of nginx's own, see first_factor.h.
 */

#include "nginx/first_factor.h"

/*
 * nginx's own variables, whole names or beginnings: what a client has written,
 * what is the same for everybody, or what no request for a page has.  Nobody has
 * verified any of it.  $remote_user and $ssl_client_... are looked at elsewhere.
 */
static const char *const  unverified[] = {
    "ancient_browser", "arg_", "args", "binary_remote_addr", "body_bytes_sent",
    "bytes_sent", "connection", "connection_", "connections_", "content_",
    "cookie_", "date_", "document_", "fastcgi_", "geoip_", "grpc_", "gzip_",
    "host", "hostname", "http2", "http3", "http_", "https", "invalid_referer",
    "is_args", "limit_", "limit_rate", "mfa_", "modern_browser", "msec", "msie",
    "nginx_version", "pid", "pipe", "proxy_", "query_string", "realip_",
    "realpath_", "remote_addr", "remote_port", "request", "request_", "scheme",
    "secure_link", "secure_link_", "sent_", "server_", "slice_", "ssl_",
    "status", "tcpinfo_", "time_", "uid_", "upstream_", "uri", NULL
};


static ngx_int_t
wrong(ngx_conf_t *cf, ngx_http_mfa_portal_t *portal, const char *what,
    const char *why)
{
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "first_factor %s%*s: %s in %s:%ui", what,
                  portal->core.first_at.len, portal->core.first_at.data, why,
                  portal->first_file, portal->first_line);
    return NGX_ERROR;
}


/*
 * The location a tree of nginx's finds for a path; *exact is set when it is for
 * that path alone.
 */
static ngx_http_core_loc_conf_t *
location_in(ngx_http_location_tree_node_t *node, mfa_str_t path,
    ngx_uint_t *exact)
{
    size_t                     n;
    ngx_int_t                  order;
    ngx_http_core_loc_conf_t  *found;

    found = NULL;
    *exact = 0;

    while (node) {
        n = ngx_min(path.len, (size_t) node->len);
        order = ngx_filename_cmp((u_char *) path.data, node->name, n);

        if (order == 0 && path.len == node->len) {
            *exact = node->exact != NULL;
            return node->exact ? node->exact
                               : node->inclusive ? node->inclusive : found;
        }

        if (order == 0 && path.len > node->len && node->inclusive) {
            found = node->inclusive;
            path.data += n;
            path.len -= n;
            node = node->tree;
            continue;
        }

        if (order == 0) {
            order = path.len > node->len ? 1 : -1;
        }

        node = order < 0 ? node->left : node->right;
    }

    return found;
}


/* NULL: none, or not to be told before a request comes (*unsure). */
static ngx_http_core_loc_conf_t *
location_find(ngx_http_core_loc_conf_t *clcf, mfa_str_t path,
    ngx_uint_t *unsure)
{
    ngx_uint_t                 exact;
    ngx_http_core_loc_conf_t  *found;

    found = NULL;
    *unsure = 0;

    do {
#if (NGX_PCRE)
        *unsure |= clcf->regex_locations != NULL;
#endif
        clcf = location_in(clcf->static_locations, path, &exact);

        if (clcf) {
            found = clcf;
#if (NGX_PCRE)
            *unsure &= !(exact || clcf->noregex);
#endif
        }
    } while (clcf && !exact);

    return *unsure ? NULL : found;
}


static ngx_int_t
location_check(ngx_conf_t *cf, ngx_http_mfa_portal_t *portal,
    ngx_http_core_srv_conf_t *server)
{
    ngx_uint_t                 unsure;
    ngx_http_mfa_loc_conf_t   *lcf;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = server->ctx->loc_conf[ngx_http_core_module.ctx_index];
    clcf = location_find(clcf, portal->core.first_at, &unsure);

    /* Then each answer is looked at, see outside.c. */
    if (unsure) {
        return NGX_OK;
    }

    if (clcf == NULL) {
        return wrong(cf, portal, "request=",
                     "a server with the portal's pages has no such location");
    }

    lcf = clcf->loc_conf[ngx_http_mfa_module.ctx_index];

    if (!clcf->internal) {
        return wrong(cf, portal, "request=", "the location is not \"internal\"");
    }

    if (lcf->portal || lcf->pages) {
        return wrong(cf, portal, "request=",
                     "the location is gated, it needs \"mfa off\"");
    }

    return NGX_OK;
}


static ngx_uint_t
is_unverified(mfa_str_t name)
{
    size_t      len;
    ngx_uint_t  i;

    if (mfa_str_begins(name, "ssl_client_")) {
        return 0;
    }

    for (i = 0; unverified[i]; i++) {
        len = ngx_strlen(unverified[i]);

        if (unverified[i][len - 1] == '_' ? mfa_str_begins(name, unverified[i])
                                          : mfa_str_is(name, unverified[i]))
        {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
variable_exists(ngx_hash_keys_arrays_t *keys, mfa_str_t name)
{
    ngx_uint_t      i;
    ngx_hash_key_t  *key;

    key = keys->keys.elts;

    for (i = 0; i < keys->keys.nelts; i++) {
        if (mfa_str_eq(ngx_http_mfa_view(&key[i].key), name)) {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
variable_check(ngx_conf_t *cf, ngx_http_mfa_portal_t *portal)
{
    u_char                     *p;
    ngx_str_t                   name;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    /* nginx knows variables in lower case. */
    p = ngx_pnalloc(cf->pool, portal->core.first_at.len);

    if (p == NULL) {
        return NGX_ERROR;
    }

    name.data = p;
    name.len = portal->core.first_at.len;
    ngx_strlow(p, (u_char *) portal->core.first_at.data, name.len);

    if (is_unverified(ngx_http_mfa_view(&name))) {
        return wrong(cf, portal, "identity=$",
                     "nothing that nginx has verified");
    }

    if (!variable_exists(cmcf->variables_keys, ngx_http_mfa_view(&name))) {
        return wrong(cf, portal, "identity=$", "no such variable");
    }

    portal->identity = ngx_http_get_variable_index(cf, &name);

    return portal->identity == NGX_ERROR ? NGX_ERROR : NGX_OK;
}


static ngx_uint_t
is_remote_user(mfa_str_t name)
{
    static const char  text[] = "remote_user";

    return name.len == sizeof(text) - 1
           && ngx_strncasecmp((u_char *) name.data, (u_char *) text, name.len)
              == 0;
}


/*
 * $remote_user is whatever a client says, until auth_basic has looked at it.
 * That module's configuration begins with its realm and its file.
 */
static ngx_uint_t
basic_looks(ngx_conf_t *cf, ngx_http_core_loc_conf_t *clcf)
{
    ngx_uint_t                  i;
    ngx_module_t              **modules;
    ngx_http_complex_value_t  **basic;

    modules = cf->cycle->modules;

    for (i = 0; modules[i]; i++) {
        if (ngx_strcmp(modules[i]->name, "ngx_http_auth_basic_module") == 0) {
            basic = clcf->loc_conf[modules[i]->ctx_index];

            return clcf->satisfy == NGX_HTTP_SATISFY_ALL
                   && basic[0] && basic[1]
                   && !mfa_str_is(ngx_http_mfa_view(&basic[0]->value), "off");
        }
    }

    return 0;
}


ngx_int_t
ngx_http_mfa_first_factor_check(ngx_conf_t *cf)
{
    ngx_uint_t                  i;
    ngx_http_mfa_place_t       *place;
    ngx_http_mfa_portal_t     **portals;
    ngx_http_mfa_loc_conf_t    *lcf;
    ngx_http_mfa_main_conf_t   *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mfa_module);
    portals = mcf->portals.elts;

    for (i = 0; i < mcf->portals.nelts; i++) {
        if (portals[i]->core.first == MFA_FIRST_IDENTITY
            && variable_check(cf, portals[i]) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    place = mcf->pages.elts;

    for (i = 0; i < mcf->pages.nelts; i++) {
        lcf = place[i].location;

        if (lcf->portal->core.first == MFA_FIRST_IDENTITY
            && is_remote_user(lcf->portal->core.first_at)
            && !basic_looks(cf, place[i].core))
        {
            return wrong(cf, lcf->portal, "identity=$",
                         "its pages need \"auth_basic\" and \"satisfy all\", "
                         "or it is whatever a client says");
        }

        if (lcf->portal->core.first == MFA_FIRST_REQUEST
            && location_check(cf, lcf->portal, place[i].server) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* What is in a client's certificate is nothing as long as nobody has checked it:
   "ssl_verify_client optional_no_ca" lets such ones in. */
static ngx_uint_t
certificate_unverified(ngx_http_request_t *r, mfa_str_t name)
{
    ngx_uint_t                  hash;
    ngx_http_variable_value_t  *value;

    static ngx_str_t  verify = ngx_string("ssl_client_verify");

    if (!mfa_str_begins(name, "ssl_client_")) {
        return 0;
    }

    hash = ngx_hash_key(verify.data, verify.len);
    value = ngx_http_get_variable(r, &verify, hash);

    return value == NULL || value->not_found
           || !mfa_str_is((mfa_str_t) { value->data, value->len }, "SUCCESS");
}


mfa_str_t
ngx_http_mfa_first_factor_identity(ngx_http_request_t *r,
    ngx_http_mfa_portal_t *portal)
{
    mfa_str_t                   none = { NULL, 0 };
    ngx_http_variable_value_t  *value;

    if (certificate_unverified(r, portal->core.first_at)) {
        return none;
    }

    value = ngx_http_get_flushed_variable(r, portal->identity);

    if (value == NULL || value->not_found || !value->valid) {
        return none;
    }

    return (mfa_str_t) { value->data, value->len };
}
