/*
 * Request headers in, see input.h.
 *
 * Headers are never edited in place: nginx keeps pointers into the list, and an
 * emptied part of it would break every loop over it.  What must change is put
 * into a new list of copies; the old elements stay where they are.
 */

#include "nginx/input.h"

#define SESSION_REFERENCE  12               /* characters of the token hash */
#define TOO_EARLY          425              /* nginx has no name for it */

static void ngx_http_mfa_input_cleanup(void *data);


static ngx_uint_t
is_cookie(ngx_str_t *key)
{
    return key->len == sizeof("Cookie") - 1
           && ngx_strncasecmp(key->data, (u_char *) "Cookie", key->len) == 0;
}


/* The main request's record lives in its pool's cleanups: internal redirects
   forget every module's context, and must not forget this. */
ngx_http_mfa_main_t *
ngx_http_mfa_input_find(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t  *cln;

    for (cln = r->main->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_mfa_input_cleanup) {
            return cln->data;
        }
    }

    return NULL;
}


/* The handler is the record's name, too. */
static void
ngx_http_mfa_input_cleanup(void *data)
{
    ngx_http_mfa_hold_t  *hold;
    ngx_http_mfa_main_t  *m = data;

    for (hold = m->holds; hold; hold = hold->next) {
        mfa_cache_release(&hold->known);
    }
}


ngx_http_mfa_main_t *
ngx_http_mfa_input_main(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t        *cln;
    ngx_http_mfa_main_t       *m;
    ngx_http_mfa_main_conf_t  *mcf;

    m = ngx_http_mfa_input_find(r);

    if (m) {
        return m;
    }

    mcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);
    cln = ngx_pool_cleanup_add(r->main->pool, sizeof(ngx_http_mfa_main_t));

    if (cln == NULL) {
        return NULL;
    }

    m = cln->data;
    ngx_memzero(m, sizeof(ngx_http_mfa_main_t));
    m->cookies = ngx_pcalloc(r->main->pool, mcf->portals.nelts
                                            * sizeof(ngx_http_mfa_cookies_t));
    if (m->cookies == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_mfa_input_cleanup;

    return m;
}


const mfa_cookie_t *
ngx_http_mfa_input_session(ngx_http_request_t *r, ngx_http_mfa_portal_t *portal)
{
    ngx_http_mfa_main_t  *m;

    m = ngx_http_mfa_input_find(r);

    return m && m->cookies[portal->index].session.n
           ? &m->cookies[portal->index].session : NULL;
}


ngx_http_mfa_judged_t *
ngx_http_mfa_input_judged(ngx_http_request_t *r)
{
    ngx_http_mfa_main_t    *m;
    ngx_http_mfa_judged_t  *judged;

    m = ngx_http_mfa_input_find(r);

    if (m == NULL) {
        return NULL;
    }

    for (/* void */; r; r = r->parent) {
        for (judged = &m->judged; judged; judged = judged->next) {
            if (judged->request == r) {
                return judged;
            }
        }
    }

    return NULL;
}


ngx_uint_t
ngx_http_mfa_input_loopback(struct sockaddr *sa)
{
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    switch (sa->sa_family) {
    case AF_INET:
        return (ntohl(((struct sockaddr_in *) sa)->sin_addr.s_addr) >> 24)
               == 127;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) sa;
        return IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr);
#endif

    case AF_UNIX:
        return 1;

    default:
        return 0;
    }
}


static ngx_uint_t
is_tls(ngx_http_request_t *r)
{
#if (NGX_HTTP_SSL)
    return r->connection->ssl != NULL;
#else
    return 0;
#endif
}


ngx_uint_t
ngx_http_mfa_input_private(ngx_http_request_t *r)
{
    return is_tls(r)
           || (ngx_connection_local_sockaddr(r->connection, NULL, 0) == NGX_OK
               && ngx_http_mfa_input_loopback(r->connection->local_sockaddr));
}


ngx_uint_t
ngx_http_mfa_input_secure(ngx_http_request_t *r, ngx_http_mfa_portal_t *portal)
{
    return is_tls(r)
           || (portal->core.cookie_auto && ngx_http_mfa_input_private(r));
}


static void
collect(ngx_http_request_t *r, ngx_http_mfa_main_conf_t *mcf,
    ngx_http_mfa_main_t *m, ngx_str_t *line)
{
    ngx_uint_t               i, tls;
    mfa_str_t                view;
    ngx_http_mfa_portal_t  **portals;

    portals = mcf->portals.elts;
    view = ngx_http_mfa_view(line);
    tls = is_tls(r);

    for (i = 0; i < mcf->portals.nelts; i++) {
        if (!ngx_http_mfa_input_secure(r, portals[i])) {
            continue;
        }

        mfa_cookie_find(&m->cookies[i].session, view,
                        tls ? portals[i]->core.cookie_name
                            : portals[i]->core.cookie_plain);
        mfa_cookie_find(&m->cookies[i].login, view,
                        tls ? portals[i]->login_cookie
                            : portals[i]->login_cookie_plain);
        mfa_cookie_find(&m->cookies[i].device, view,
                        tls ? portals[i]->device_cookie
                            : portals[i]->device_cookie_plain);
    }
}


/* A change that came as early data (0-RTT): whoever recorded it can send it
   again. */
static ngx_uint_t
replayable(ngx_http_request_t *r)
{
#if (NGX_HTTP_SSL)
    ngx_str_t  early;

    return r->connection->ssl
           && !(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_OPTIONS))
           && (ngx_ssl_get_early_data(r->connection, r->pool, &early) != NGX_OK
               || early.len);
#else
    return 0;
#endif
}


/* Copies a header into the new list, cleaned of our cookies; an empty Cookie
   header is left out. */
static ngx_int_t
copy(ngx_http_request_t *r, ngx_http_mfa_main_conf_t *mcf, ngx_list_t *list,
    ngx_table_elt_t *header)
{
    mfa_buf_t         out;
    ngx_table_elt_t  *h;

    if (is_cookie(&header->key)) {
        /* Pairs are joined by "; " anew: that can take more than it took. */
        mfa_buf_init(&out, ngx_pnalloc(r->pool, 2 * header->value.len + 1),
                     2 * header->value.len);

        if (out.data == NULL) {
            return NGX_ERROR;
        }

        if (mfa_cookie_strip(&out, ngx_http_mfa_view(&header->value),
                             mcf->cookies, mcf->n_cookies))
        {
            if (out.failed) {
                return NGX_ERROR;
            }

            out.data[out.len] = '\0';
            header->value.data = out.data;
            header->value.len = out.len;

            if (out.len == 0) {
                return NGX_OK;
            }
        }
    }

    h = ngx_list_push(list);

    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = *header;

    return NGX_OK;
}


ngx_int_t
ngx_http_mfa_input_rebuild(ngx_http_request_t *r, ngx_http_mfa_main_conf_t *mcf)
{
    ngx_uint_t        i;
    ngx_list_t        list;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    if (ngx_list_init(&list, r->pool, 20, sizeof(ngx_table_elt_t)) != NGX_OK) {
        return NGX_ERROR;
    }

    part = &r->headers_in.headers.part;
    header = part->elts;

    for (i = 0; /* void */ ; i++) {
        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            header = part->elts;
            i = 0;
        }

        if (!ngx_http_mfa_identity_is(mcf, &header[i].key)
            && copy(r, mcf, &list, &header[i]) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    r->headers_in.headers = list;

    /* The list's "last" points at its own first part while it has but one. */
    if (list.last == &list.part) {
        r->headers_in.headers.last = &r->headers_in.headers.part;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_mfa_input_handler(ngx_http_request_t *r)
{
    ngx_uint_t                 i, clean;
    ngx_list_part_t           *part;
    ngx_table_elt_t           *header;
    ngx_http_mfa_main_t       *m;
    ngx_http_mfa_srv_conf_t   *scf;
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);
    scf = ngx_http_get_module_srv_conf(r, ngx_http_mfa_module);

    if (!scf->used) {
        return NGX_DECLINED;
    }

    if (replayable(r)) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "mfa: a change came as early data of TLS");
        return TOO_EARLY;
    }

    clean = 0;
    part = &r->headers_in.headers.part;
    header = part->elts;

    for (i = 0; /* void */ ; i++) {
        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            header = part->elts;
            i = 0;
        }

        if (is_cookie(&header[i].key)) {
            m = ngx_http_mfa_input_main(r);

            if (m == NULL) {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }

            collect(r, mcf, m, &header[i].value);
            clean = 1;

        } else if (ngx_http_mfa_identity_is(mcf, &header[i].key)) {
            clean = 1;
        }
    }

    if (clean && ngx_http_mfa_input_rebuild(r, mcf) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DECLINED;
}


ngx_str_t *
ngx_http_mfa_input_header(ngx_http_request_t *r, const char *name)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    len = ngx_strlen(name);
    part = &r->headers_in.headers.part;
    header = part->elts;

    for (i = 0; /* void */ ; i++) {
        if (i >= part->nelts) {
            if (part->next == NULL) {
                return NULL;
            }

            part = part->next;
            header = part->elts;
            i = 0;
        }

        if (header[i].key.len == len
            && ngx_strncasecmp(header[i].key.data, (u_char *) name, len) == 0)
        {
            return &header[i].value;
        }
    }
}


static ngx_uint_t
value_is(ngx_str_t *value, const char *text)
{
    return value && value->len == ngx_strlen(text)
           && ngx_strncmp(value->data, text, value->len) == 0;
}


ngx_uint_t
ngx_http_mfa_input_navigation(ngx_http_request_t *r)
{
    ngx_str_t  *mode, *accept;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)) || r->headers_in.upgrade) {
        return 0;
    }

    mode = ngx_http_mfa_input_header(r, "sec-fetch-mode");

    if (mode) {
        return value_is(mode, "navigate");
    }

    if (ngx_http_mfa_input_header(r, "x-requested-with")) {
        return 0;
    }

    accept = ngx_http_mfa_input_header(r, "accept");

    return accept && ngx_strlcasestrn(accept->data, accept->data + accept->len,
                                      (u_char *) "text/html", 8) != NULL;
}


/* Scheme and host with port, as in Origin, against the Host header. */
static ngx_uint_t
origin_matches(ngx_http_request_t *r, ngx_str_t *origin)
{
    size_t      scheme, rest;
    u_char     *p;
    ngx_str_t  *host;

    if (r->headers_in.host == NULL) {
        return 0;
    }

    host = &r->headers_in.host->value;
    scheme = 0;

    if (origin->len > 8 && ngx_strncmp(origin->data, "https://", 8) == 0) {
        scheme = 8;

    } else if (!is_tls(r) && origin->len > 7
               && ngx_strncmp(origin->data, "http://", 7) == 0)
    {
        scheme = 7;
    }

    if (scheme == 0) {
        return 0;
    }

    p = origin->data + scheme;
    rest = origin->len - scheme;

    return rest == host->len && ngx_strncasecmp(p, host->data, rest) == 0;
}


ngx_uint_t
ngx_http_mfa_input_same_origin(ngx_http_request_t *r)
{
    ngx_str_t  *origin, *site;

    site = ngx_http_mfa_input_header(r, "sec-fetch-site");
    origin = ngx_http_mfa_input_header(r, "origin");

    if (site && !value_is(site, "same-origin")) {
        return 0;
    }

    return origin == NULL || origin_matches(r, origin);
}


/* The network an address belongs to: IPv4 alone, IPv6 by its /64. */
mfa_str_t
ngx_http_mfa_input_network(ngx_pool_t *pool, struct sockaddr *sa,
    ngx_str_t *text)
{
#if (NGX_HAVE_INET6)
    u_char               *p, *end;
    ngx_uint_t            i;
    struct sockaddr_in6  *sin6;

    if (sa->sa_family == AF_INET6) {
        sin6 = (struct sockaddr_in6 *) sa;

        p = ngx_pnalloc(pool, sizeof("xxxx:xxxx:xxxx:xxxx/64"));

        if (p && !IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr)) {
            end = p;

            for (i = 0; i < 8; i += 2) {
                end = ngx_sprintf(end, "%02xd%02xd%s",
                                  sin6->sin6_addr.s6_addr[i],
                                  sin6->sin6_addr.s6_addr[i + 1],
                                  i == 6 ? "/64" : ":");
            }

            return (mfa_str_t) { p, end - p };
        }
    }
#endif

    return ngx_http_mfa_view(text);
}


void
ngx_http_mfa_input_env(ngx_http_request_t *r, ngx_http_mfa_portal_t *portal,
    mfa_env_t *env)
{
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);

    env->now = ngx_time();
    env->random = mcf->link.random;
    env->keys = mcf->keys;
    env->portal = &portal->core;
    env->address = ngx_http_mfa_view(&r->connection->addr_text);
    env->net = ngx_http_mfa_input_network(r->pool, r->connection->sockaddr,
                                          &r->connection->addr_text);
    env->agent = (mfa_str_t) { NULL, 0 };
    env->request = (mfa_str_t) { NULL, 0 };

    if (r->headers_in.user_agent) {
        env->agent = ngx_http_mfa_view(&r->headers_in.user_agent->value);
    }
}


mfa_str_t
ngx_http_mfa_input_reference(const mfa_who_t *who)
{
    if (!who->has_session || who->hash.len < SESSION_REFERENCE) {
        return mfa_lit("");
    }

    return (mfa_str_t) { who->hash.data, SESSION_REFERENCE };
}
