/*
 * Tokens of mailed links (security 93).  A link is a GET with its token in the
 * query, and nginx writes queries to its logs.  So the query of a request to such
 * a page is kept in memory that is wiped, and overwritten with asterisks in all
 * that variables and log lines are made of, before any other module's handler
 * runs; the lengths stay as they are, as nginx points into these bytes from many
 * places.
 *
 * What nginx itself writes of a request that it cannot read to the end comes
 * before any of this: README says so.
 */

#include "nginx/body.h"
#include "nginx/input.h"


/* Pages that mailed links lead to. */
static const char *const  pages[] = { "setup", "password" };


/* Whether path begins with such a page of the server, or, as part of an address,
   ends with one.  Case and what follows do not count: what is nearly a link is
   typed from one, and holds its token. */
static ngx_uint_t
is_page(ngx_http_mfa_srv_conf_t *scf, mfa_str_t path, ngx_uint_t ends)
{
    ngx_uint_t  i, k;
    mfa_str_t  *base, page, found;

    base = scf->pages.elts;

    for (i = 0; i < scf->pages.nelts; i++) {
        /* Nearly every request is told by its first letter. */
        if (!ends && path.len > 1
            && (path.data[1] | 0x20) != (base[i].data[1] | 0x20))
        {
            continue;
        }

        for (k = 0; k < sizeof(pages) / sizeof(pages[0]); k++) {
            page = mfa_str_from(pages[k]);

            if (path.len < base[i].len + page.len) {
                continue;
            }

            found.data = path.data + (ends ? path.len - base[i].len - page.len
                                           : 0);
            found.len = base[i].len;

            if (!mfa_str_same(found, base[i])) {
                continue;
            }

            found.data += found.len;
            found.len = page.len;

            if (mfa_str_same(found, page)) {
                return 1;
            }
        }
    }

    return 0;
}


/* What stands behind the first '?', up to a blank. */
static void
hide(ngx_str_t *text)
{
    u_char  *p, *end;

    end = text->data + text->len;
    p = ngx_strlchr(text->data, end, '?');

    if (p == NULL) {
        return;
    }

    for (p++; p < end && *p != ' '; p++) {
        *p = '*';
    }
}


/* A browser sends our origin alone; what else comes from one of these pages may
   send all of its address. */
MFA_HOT static void
hide_referer(ngx_http_request_t *r, ngx_http_mfa_srv_conf_t *scf)
{
    mfa_str_t   path, query;
    ngx_str_t  *value;

    if (r->headers_in.referer == NULL) {
        return;
    }

    value = &r->headers_in.referer->value;

    if (mfa_str_cut(ngx_http_mfa_view(value), '?', &path, &query)
        && is_page(scf, path, 1))
    {
        hide(value);
    }
}


MFA_HOT ngx_int_t
ngx_http_mfa_mailed_take(ngx_http_request_t *r, ngx_http_mfa_srv_conf_t *scf)
{
    u_char               *p;
    ngx_http_mfa_main_t  *m;

    hide_referer(r, scf);

    if (r->args.len == 0 || !is_page(scf, ngx_http_mfa_view(&r->uri), 0)) {
        return NGX_OK;
    }

    m = ngx_http_mfa_input_main(r);
    p = ngx_http_mfa_wiped_alloc(r, r->args.len);

    if (m && p) {
        ngx_memcpy(p, r->args.data, r->args.len);
        m->query.data = p;
        m->query.len = r->args.len;
    }

    /* In one buffer or in three, as the protocol has it. */
    hide(&r->request_line);
    hide(&r->unparsed_uri);
    ngx_memset(r->args.data, '*', r->args.len);

    return m && p ? NGX_OK : NGX_ERROR;
}


MFA_HOT ngx_int_t
ngx_http_mfa_mailed_handler(ngx_http_request_t *r)
{
    ngx_http_mfa_main_t      *m;
    ngx_http_mfa_srv_conf_t  *scf;

    scf = ngx_http_get_module_srv_conf(r, ngx_http_mfa_module);

    if (scf->pages.nelts == 0) {
        return NGX_OK;
    }

    /* It was looked at when it came in, but for what nginx refused before. */
    if (r->phase_handler && !r->internal) {
        return NGX_OK;
    }

    m = ngx_http_mfa_input_find(r);

    /* The pages' own redirects leave no trace to hide, and a query that is
       hidden stays so. */
    return m && m->query.len ? NGX_OK : ngx_http_mfa_mailed_take(r, scf);
}


mfa_str_t
ngx_http_mfa_mailed_query(ngx_http_request_t *r)
{
    ngx_http_mfa_main_t      *m;
    ngx_http_mfa_srv_conf_t  *scf;

    m = ngx_http_mfa_input_find(r);
    scf = ngx_http_get_module_srv_conf(r, ngx_http_mfa_module);

    /* An internal redirect has another query. */
    return m && m->query.len && is_page(scf, ngx_http_mfa_view(&r->uri), 0)
           ? ngx_http_mfa_view(&m->query) : ngx_http_mfa_view(&r->args);
}
