/*
 * Bodies, see body.h.
 */

#include "nginx/body.h"


void
ngx_http_mfa_body_conf(ngx_http_core_loc_conf_t *clcf, size_t max)
{
    clcf->client_max_body_size = max;
    clcf->client_body_buffer_size = 2 * max;
    clcf->client_body_in_single_buffer = 1;
    clcf->client_body_in_file_only = 0;
}


static void
wipe(void *data)
{
    mfa_buf_t  *room = data;

    mfa_wipe(room->data, room->cap);
}


ngx_uint_t
ngx_http_mfa_body_is_json(ngx_http_request_t *r)
{
    size_t      len;
    ngx_str_t  *type;

    static const char  name[] = "application/json";

    if (r->headers_in.content_type == NULL) {
        return 0;
    }

    type = &r->headers_in.content_type->value;
    len = sizeof(name) - 1;

    return type->len >= len
           && ngx_strncasecmp(type->data, (u_char *) name, len) == 0
           && (type->len == len || type->data[len] == ';'
               || type->data[len] == ' ');
}


void *
ngx_http_mfa_wiped_alloc(ngx_http_request_t *r, size_t size)
{
    void                *p;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(mfa_buf_t));
    p = ngx_palloc(r->pool, size);

    if (cln == NULL || p == NULL) {
        return NULL;
    }

    mfa_buf_init(cln->data, p, size);
    cln->handler = wipe;

    return p;
}


ngx_int_t
ngx_http_mfa_body_take(ngx_http_request_t *r, size_t max, mfa_str_t *body)
{
    size_t        len;
    u_char       *p;
    ngx_chain_t  *cl, *bufs;

    *body = (mfa_str_t) { NULL, 0 };
    bufs = r->request_body ? r->request_body->bufs : NULL;
    len = 0;

    for (cl = bufs; cl; cl = cl->next) {
        if (cl->buf->in_file) {
            return NGX_DECLINED;
        }

        len += cl->buf->last - cl->buf->pos;
    }

    if (len > max) {
        return NGX_DECLINED;
    }

    p = ngx_http_mfa_wiped_alloc(r, len + 1);

    if (p == NULL) {
        return NGX_ERROR;
    }

    *body = (mfa_str_t) { p, len };

    for (cl = bufs; cl; cl = cl->next) {
        len = cl->buf->last - cl->buf->pos;

        /* The last one of an empty body points nowhere. */
        if (len) {
            p = ngx_cpymem(p, cl->buf->pos, len);
            mfa_wipe(cl->buf->pos, len);
        }
    }

    return NGX_OK;
}
