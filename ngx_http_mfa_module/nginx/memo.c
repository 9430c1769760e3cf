/*
 * What a connection has sent before, see memo.h.
 */

#include "nginx/memo.h"

#define MEMO_LINE_MAX  2048                 /* longer ones are read each time */

typedef struct {
    ngx_uint_t           index;             /* of m->cookies */
    mfa_cookie_t         cookie;
} found_t;

struct ngx_http_mfa_memo_s {
    ngx_str_t            line;
    size_t               size;              /* bytes there is room for */
    ngx_uint_t           serial;            /* of the line */
    ngx_http_mfa_line_t  told;
    ngx_uint_t           digested;          /* whose digest it is */
    mfa_digest_t         digest;
    ngx_uint_t           n;
    found_t              found[];           /* one for each name at most */
};


static void
line_end(ngx_http_mfa_memo_t *memo)
{
    if (memo->line.data) {
        mfa_wipe(memo->line.data, memo->size);
        ngx_free(memo->line.data);
        ngx_str_null(&memo->line);
        memo->size = 0;
    }
}


/* The handler is the memo's name, too. */
static void
ngx_http_mfa_memo_cleanup(void *data)
{
    line_end(data);
}


/* The connection's, made with its second request; NULL: there is none. */
MFA_HOT static ngx_http_mfa_memo_t *
memo_of(ngx_connection_t *c, size_t n)
{
    ngx_pool_cleanup_t   *cln;
    ngx_http_mfa_memo_t  *memo;

    for (cln = c->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_mfa_memo_cleanup) {
            return cln->data;
        }
    }

    if (c->requests < 2) {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(c->pool, sizeof(ngx_http_mfa_memo_t)
                                        + n * sizeof(found_t));
    if (cln == NULL) {
        return NULL;
    }

    memo = cln->data;
    ngx_memzero(memo, sizeof(ngx_http_mfa_memo_t));
    cln->handler = ngx_http_mfa_memo_cleanup;

    return memo;
}


/* The same bytes of another copy of the line. */
static ngx_inline mfa_str_t
moved(mfa_str_t part, const u_char *from, const u_char *to)
{
    part.data = part.len ? to + (part.data - from) : NULL;

    return part;
}


static void
keep(ngx_http_mfa_memo_t *memo, ngx_http_mfa_main_t *m, size_t n,
    ngx_str_t *line, const ngx_http_mfa_line_t *told)
{
    size_t    i;
    found_t  *found;

    if (line->len > memo->size) {
        line_end(memo);
        memo->line.data = ngx_alloc(line->len, ngx_cycle->log);

        if (memo->line.data == NULL) {
            return;
        }

        memo->size = line->len;
    }

    ngx_memcpy(memo->line.data, line->data, line->len);
    memo->line.len = line->len;
    memo->serial++;
    memo->digested = NGX_HTTP_MFA_NO_COOKIE;

    memo->told = *told;
    memo->told.rest = moved(told->rest, line->data, memo->line.data);

    memo->n = 0;

    for (i = 0; i < n; i++) {
        if (m->cookies[i].n) {
            found = &memo->found[memo->n++];
            found->index = i;
            found->cookie.n = m->cookies[i].n;
            found->cookie.value = moved(m->cookies[i].value, line->data,
                                        memo->line.data);
        }
    }
}


MFA_HOT void
ngx_http_mfa_memo_take(ngx_http_request_t *r, ngx_http_mfa_main_t *m,
    ngx_str_t *line, ngx_http_mfa_line_t *told)
{
    size_t                     i, n;
    mfa_cookie_t              *cookie;
    ngx_http_mfa_memo_t       *memo;
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);
    n = mcf->cookies.n;
    memo = line->len && line->len <= MEMO_LINE_MAX ? memo_of(r->connection, n)
                                                   : NULL;

    if (memo && memo->line.len == line->len
        && ngx_memcmp(memo->line.data, line->data, line->len) == 0)
    {
        *told = memo->told;
        told->rest = moved(memo->told.rest, memo->line.data, line->data);

        for (i = 0; i < memo->n; i++) {
            cookie = &m->cookies[memo->found[i].index];
            cookie->n = memo->found[i].cookie.n;
            cookie->value = moved(memo->found[i].cookie.value,
                                  memo->line.data, line->data);
        }

        m->digested = memo->digested;
        m->digest = memo->digest;

    } else {
        told->left_out = mfa_cookie_take(ngx_http_mfa_view(line),
                                         &mcf->cookies, m->cookies,
                                         &told->rest, &told->scattered);
        if (memo) {
            keep(memo, m, n, line, told);
        }
    }

    if (memo && memo->line.len) {
        m->memo = memo;
        m->serial = memo->serial;
    }
}


static ngx_uint_t
line_has(const ngx_http_mfa_memo_t *memo, ngx_uint_t i)
{
    ngx_uint_t  k;

    for (k = 0; k < memo->n; k++) {
        if (memo->found[k].index == i) {
            return 1;
        }
    }

    return 0;
}


MFA_HOT mfa_digest_t
ngx_http_mfa_memo_digest(ngx_http_mfa_main_t *m, ngx_uint_t i,
    const mfa_cache_t *cache)
{
    ngx_http_mfa_memo_t  *memo;

    /* The line had one at least: it is the one there is. */
    if (m->digested == i) {
        return m->digest;
    }

    m->digested = i;
    m->digest = mfa_cache_digest(cache, m->cookies[i].value);

    memo = m->memo;

    if (memo && memo->serial == m->serial && line_has(memo, i)) {
        memo->digested = i;
        memo->digest = m->digest;
    }

    return m->digest;
}
