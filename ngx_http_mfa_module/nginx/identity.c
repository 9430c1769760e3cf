/*
 * Identity headers: their names for each prefix, which copies a client may have
 * sent, and what is sent on of somebody who was let through.
 */

#include "nginx/input.h"

static const char *const  identity_suffixes[NGX_HTTP_MFA_IDENTITY_N] = {
    "User", "Email", "Name", "Role", "Portal", "Level"
};


static u_char
folded(u_char c)
{
    return c == '_' ? '-' : ngx_tolower(c);
}


/* '-', '_' and case are one to CGI and to many an upstream. */
static ngx_uint_t
same_header(ngx_str_t *key, ngx_str_t *lower)
{
    size_t  i;

    if (key->len != lower->len) {
        return 0;
    }

    for (i = 0; i < key->len; i++) {
        if (folded(key->data[i]) != lower->data[i]) {
            return 0;
        }
    }

    return 1;
}


MFA_HOT ngx_uint_t
ngx_http_mfa_identity_is(ngx_http_mfa_main_conf_t *mcf, ngx_str_t *key)
{
    ngx_uint_t                i, j;
    ngx_http_mfa_headers_t  **headers;

    if (!mcf->headers_first[key->data[0]]) {
        return 0;
    }

    headers = mcf->headers.elts;

    for (i = 0; i < mcf->headers.nelts; i++) {
        for (j = 0; j < NGX_HTTP_MFA_IDENTITY_N; j++) {
            if (same_header(key, &headers[i]->lower[j])) {
                return 1;
            }
        }
    }

    return 0;
}



static ngx_int_t
header_names(ngx_conf_t *cf, ngx_http_mfa_headers_t *headers)
{
    u_char      *p;
    size_t       suffix;
    ngx_uint_t   i;

    for (i = 0; i < NGX_HTTP_MFA_IDENTITY_N; i++) {
        suffix = ngx_strlen(identity_suffixes[i]);
        headers->names[i].len = headers->prefix.len + suffix;
        headers->lower[i].len = headers->names[i].len;

        /* The name is wanted as a C string as well. */
        p = ngx_pnalloc(cf->pool, headers->names[i].len * 2 + 1);

        if (p == NULL) {
            return NGX_ERROR;
        }

        headers->names[i].data = p;
        p = ngx_cpymem(p, headers->prefix.data, headers->prefix.len);
        p = ngx_cpymem(p, identity_suffixes[i], suffix + 1);
        headers->lower[i].data = p;
        headers->hash[i] = ngx_hash_strlow(p, headers->names[i].data,
                                           headers->names[i].len);
    }

    return NGX_OK;
}


/* One set of names a prefix, so that all of them can be removed everywhere. */
ngx_http_mfa_headers_t *
ngx_http_mfa_identity_names(ngx_conf_t *cf, ngx_str_t *prefix)
{
    ngx_uint_t                 i;
    ngx_http_mfa_headers_t    *headers, **slot;
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mfa_module);
    slot = mcf->headers.elts;

    for (i = 0; i < mcf->headers.nelts; i++) {
        if (slot[i]->prefix.len == prefix->len
            && ngx_strncasecmp(slot[i]->prefix.data, prefix->data, prefix->len)
               == 0)
        {
            return slot[i];
        }
    }

    headers = ngx_pcalloc(cf->pool, sizeof(ngx_http_mfa_headers_t));
    slot = ngx_array_push(&mcf->headers);

    if (headers == NULL || slot == NULL) {
        return NULL;
    }

    headers->prefix = *prefix;
    *slot = headers;

    if (header_names(cf, headers) != NGX_OK) {
        return NULL;
    }

    for (i = 0; i < 256; i++) {
        mcf->headers_first[i] |= folded((u_char) i)
                                 == headers->lower[0].data[0];
    }

    return headers;
}


char *
ngx_http_mfa_identity_headers(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_loc_conf_t  *lcf = conf;

    size_t      i;
    ngx_str_t  *value, prefix;

    if (lcf->headers != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;
    prefix = value[1];

    if (ngx_strcmp(prefix.data, "off") == 0) {
        lcf->headers = NULL;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(prefix.data, "on") == 0) {
        ngx_str_set(&prefix, "Remote-");
    }

    for (i = 0; i < prefix.len; i++) {
        if (!((prefix.data[i] | 0x20) >= 'a' && (prefix.data[i] | 0x20) <= 'z')
            && prefix.data[i] != '-')
        {
            break;
        }
    }

    if (i < prefix.len || prefix.len < 2 || prefix.data[prefix.len - 1] != '-')
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid header prefix \"%V\": letters and '-', "
                           "with '-' at the end", &prefix);
        return NGX_CONF_ERROR;
    }

    lcf->headers = ngx_http_mfa_identity_names(cf, &prefix);

    return lcf->headers ? NGX_CONF_OK : NGX_CONF_ERROR;
}



MFA_HOT static ngx_int_t
push(ngx_http_request_t *r, ngx_http_mfa_headers_t *headers, ngx_uint_t i,
    mfa_str_t value)
{
    ngx_table_elt_t  *h;

    if (value.len == 0) {
        return NGX_OK;
    }

    h = ngx_list_push(&r->headers_in.headers);

    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));
    h->hash = headers->hash[i];
    h->key = headers->names[i];
    h->lowcase_key = headers->lower[i].data;
    h->value.data = (u_char *) value.data;
    h->value.len = value.len;

    return NGX_OK;
}


MFA_HOT void
ngx_http_mfa_identity_values(const mfa_who_t *who,
    mfa_str_t values[NGX_HTTP_MFA_IDENTITY_N])
{
    ngx_uint_t  i;

    values[0] = who->account.login;
    values[1] = who->account.email;
    values[2] = who->account.name;
    values[3] = who->account.role;
    values[4] = who->session.portal;
    values[5] = mfa_level_name(who->session.level);

    /* A line break in a stored name must not become a header of its own.  Login,
       portal and level are of few letters, or there would be no session. */
    for (i = 1; i < 4; i++) {
        if (!mfa_str_printable(values[i])) {
            values[i].len = 0;
        }
    }
}


MFA_HOT ngx_int_t
ngx_http_mfa_identity_send(ngx_http_request_t *r, ngx_http_mfa_main_t *m,
    ngx_http_mfa_headers_t *headers, const mfa_who_t *who)
{
    ngx_uint_t                 i;
    mfa_str_t                  values[NGX_HTTP_MFA_IDENTITY_N];
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);

    /* The main request's list was cleaned when it came in and takes the first
       identity as it is.  A subrequest shares the parts of its parent's list:
       it gets its own before anything is added. */
    if ((r != r->main || m->identity)
        && ngx_http_mfa_input_rebuild(r, mcf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    m->identity = 1;

    if (headers == NULL || who == NULL) {
        return NGX_OK;
    }

    ngx_http_mfa_identity_values(who, values);

    for (i = 0; i < NGX_HTTP_MFA_IDENTITY_N; i++) {
        if (push(r, headers, i, values[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}
