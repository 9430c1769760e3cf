/*
 * Request headers in, see input.h.
 *
 * Headers never leave the list in place: nginx keeps pointers into it, and an
 * emptied part would break every loop over it.  When one must go, the others are
 * copied into a new list; the old elements stay where they are.
 */

#include "nginx/memo.h"

#define SESSION_REFERENCE  12               /* characters of the token hash */
#define TOO_EARLY          425              /* nginx has no name for it */

static void ngx_http_mfa_input_cleanup(void *data);


/* nginx keeps names in lower case beside what was sent; who adds a header need
   not. */
MFA_HOT static ngx_uint_t
is_cookie(ngx_table_elt_t *header)
{
    if (header->key.len != sizeof("Cookie") - 1) {
        return 0;
    }

    return header->lowcase_key
           ? ngx_memcmp(header->lowcase_key, "cookie", sizeof("cookie") - 1)
             == 0
           : ngx_strncasecmp(header->key.data, (u_char *) "Cookie",
                             sizeof("Cookie") - 1) == 0;
}


/* The main request's record lives in its pool's cleanups: internal redirects
   forget every module's context, and must not forget this. */
MFA_HOT ngx_http_mfa_main_t *
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
MFA_HOT static void
ngx_http_mfa_input_cleanup(void *data)
{
    ngx_http_mfa_hold_t  *hold;
    ngx_http_mfa_main_t  *m = data;

    for (hold = m->holds; hold; hold = hold->next) {
        mfa_cache_release(&hold->known);
    }
}


MFA_HOT ngx_http_mfa_main_t *
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
    cln = ngx_pool_cleanup_add(r->main->pool, sizeof(ngx_http_mfa_main_t)
                                              + mcf->cookies.n
                                                * sizeof(mfa_cookie_t));
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_mfa_input_cleanup;
    m = cln->data;

    /* Who is there is filled in when request is set, and not before. */
    m->identity = 0;
    m->watched = 0;
    m->judged.request = NULL;
    m->judged.next = NULL;
    m->holds = NULL;
    ngx_str_null(&m->query);
    m->lines = 0;
    m->memo = NULL;
    m->digested = NGX_HTTP_MFA_NO_COOKIE;
    ngx_memzero(m->cookies, mcf->cookies.n * sizeof(mfa_cookie_t));

    return m;
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


const mfa_cookie_t *
ngx_http_mfa_input_cookie(ngx_http_request_t *r, ngx_http_mfa_portal_t *portal,
    ngx_uint_t kind)
{
    return ngx_http_mfa_input_cookie_of(r, ngx_http_mfa_input_find(r), portal,
                                        kind);
}


MFA_HOT const mfa_cookie_t *
ngx_http_mfa_input_cookie_of(ngx_http_request_t *r, ngx_http_mfa_main_t *m,
    ngx_http_mfa_portal_t *portal, ngx_uint_t kind)
{
    mfa_cookie_t  *cookie;

    if (m == NULL) {
        return NULL;
    }

    cookie = &m->cookies[NGX_HTTP_MFA_COOKIE_INDEX(portal->index, kind,
                                                   !is_tls(r))];

    return cookie->n && ngx_http_mfa_input_secure(r, portal) ? cookie : NULL;
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


MFA_HOT ngx_uint_t
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


MFA_HOT ngx_uint_t
ngx_http_mfa_input_private(ngx_http_request_t *r)
{
    ngx_connection_t  *c;

    c = r->connection;

    /* Of a socket that listens on every address, which it was is asked. */
    return is_tls(r)
           || ngx_http_mfa_input_loopback(c->local_sockaddr)
           || (ngx_connection_local_sockaddr(c, NULL, 0) == NGX_OK
               && ngx_http_mfa_input_loopback(c->local_sockaddr));
}


MFA_HOT ngx_uint_t
ngx_http_mfa_input_secure(ngx_http_request_t *r, ngx_http_mfa_portal_t *portal)
{
    return is_tls(r)
           || (portal->core.cookie_auto && ngx_http_mfa_input_private(r));
}


/* Our cookies out of a Cookie header; the others keep their place in it. */
MFA_HOT static ngx_int_t
collect(ngx_http_request_t *r, ngx_http_mfa_main_conf_t *mcf,
    ngx_str_t *line)
{
    mfa_buf_t             out;
    ngx_http_mfa_main_t  *m;
    ngx_http_mfa_line_t   told;

    m = ngx_http_mfa_input_main(r);

    if (m == NULL) {
        return NGX_ERROR;
    }

    if (m->lines++ == 0) {
        ngx_http_mfa_memo_take(r, m, line, &told);

    } else {
        told.left_out = mfa_cookie_take(ngx_http_mfa_view(line), &mcf->cookies,
                                        m->cookies, &told.rest,
                                        &told.scattered);
    }

    if (told.left_out == 0) {
        return NGX_OK;
    }

    if (told.scattered) {
        /* Pairs are joined by "; " anew: that can take more than it took. */
        mfa_buf_init(&out, ngx_pnalloc(r->pool, 2 * line->len + 1),
                     2 * line->len);

        if (out.data == NULL) {
            return NGX_ERROR;
        }

        mfa_cookie_rest(&out, ngx_http_mfa_view(line), &mcf->cookies);
        told.rest = mfa_buf_since(&out, 0);
    }

    if (told.rest.len) {
        line->data = (u_char *) told.rest.data;
    }

    /* In line that is its end, a ';' of it, or the name of ours. */
    line->len = told.rest.len;
    line->data[line->len] = '\0';

    return NGX_OK;
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


/* What of the headers goes no further, once ours are out of Cookie. */
static ngx_uint_t
vanishes(ngx_http_mfa_main_conf_t *mcf, ngx_table_elt_t *header)
{
    return is_cookie(header) ? header->value.len == 0
                             : ngx_http_mfa_identity_is(mcf, &header->key);
}


ngx_int_t
ngx_http_mfa_input_rebuild(ngx_http_request_t *r, ngx_http_mfa_main_conf_t *mcf)
{
    ngx_uint_t        i;
    ngx_list_t        list;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *header;

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

        if (vanishes(mcf, &header[i])) {
            continue;
        }

        h = ngx_list_push(&list);

        if (h == NULL) {
            return NGX_ERROR;
        }

        *h = header[i];
    }

    r->headers_in.headers = list;

    /* The list's "last" points at its own first part while it has but one. */
    if (list.last == &list.part) {
        r->headers_in.headers.last = &r->headers_in.headers.part;
    }

    return NGX_OK;
}


MFA_HOT ngx_int_t
ngx_http_mfa_input_handler(ngx_http_request_t *r)
{
    ngx_uint_t                 i, clean;
    ngx_list_part_t           *part;
    ngx_table_elt_t           *header;
    ngx_http_mfa_srv_conf_t   *scf;
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);
    scf = ngx_http_get_module_srv_conf(r, ngx_http_mfa_module);

    if (!scf->used) {
        return NGX_DECLINED;
    }

    if (ngx_http_mfa_mailed_take(r, scf) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
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

        /* Nearly every header is told from ours by its first letter. */
        if (!mcf->headers_first[header[i].key.data[0]]) {
            continue;
        }

        if (!is_cookie(&header[i])) {
            clean |= ngx_http_mfa_identity_is(mcf, &header[i].key);
            continue;
        }

        if (collect(r, mcf, &header[i].value) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        clean |= header[i].value.len == 0;
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
