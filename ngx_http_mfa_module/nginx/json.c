/*
 * JSON, see json.h.
 */

#include "nginx/json.h"
#include "nginx/body.h"

#include "core/duration.h"

#define TIME_MAX  32                        /* characters of a time */

/* Where jansson's memory comes from now. */
static struct {
    ngx_pool_t     *pool;                   /* NULL: the piece below */
    u_char         *at;
    u_char         *end;
    json_malloc_t   malloc_was;
    json_free_t     free_was;
} source;


static void *
take(size_t size)
{
    u_char  *p;

    size = (size + 15) & ~(size_t) 15;

    if (source.pool) {
        return ngx_palloc(source.pool, size);
    }

    if (size > (size_t) (source.end - source.at)) {
        return NULL;
    }

    p = source.at;
    source.at += size;

    return p;
}


static void
give_back(void *p)
{
    /* All of it goes with the request. */
}


ngx_int_t
ngx_http_mfa_json_begin(ngx_http_request_t *r, size_t room)
{
    source.pool = room ? NULL : r->pool;
    source.at = NULL;
    source.end = NULL;

    if (room) {
        source.at = ngx_http_mfa_wiped_alloc(r, room);

        if (source.at == NULL) {
            return NGX_ERROR;
        }

        source.end = source.at + room;
    }

    json_get_alloc_funcs(&source.malloc_was, &source.free_was);
    json_set_alloc_funcs(take, give_back);

    return NGX_OK;
}


void
ngx_http_mfa_json_end(void)
{
    json_set_alloc_funcs(source.malloc_was, source.free_was);
    source.pool = NULL;
    source.at = NULL;
    source.end = NULL;
}


json_t *
ngx_http_mfa_json_read(ngx_http_request_t *r, mfa_str_t text, size_t room)
{
    json_t  *json;

    if (ngx_http_mfa_json_begin(r, room) != NGX_OK) {
        return NULL;
    }

    json = json_loadb((const char *) text.data, text.len,
                      JSON_REJECT_DUPLICATES, NULL);
    ngx_http_mfa_json_end();

    return json;
}


json_t *
ngx_http_mfa_json_name(const char *text)
{
    return ngx_http_mfa_json_text(mfa_str_from(text));
}


json_t *
ngx_http_mfa_json_text(mfa_str_t text)
{
    char    *p;
    size_t   i;
    json_t  *json;

    if (text.len == 0) {
        return json_null();
    }

    json = json_stringn((const char *) text.data, text.len);

    if (json) {
        return json;
    }

    p = take(text.len);

    if (p == NULL) {
        return NULL;
    }

    for (i = 0; i < text.len; i++) {
        p[i] = text.data[i] < 0x80 ? (char) text.data[i] : '?';
    }

    return json_stringn(p, text.len);
}


json_t *
ngx_http_mfa_json_time(int64_t unix_sec)
{
    u_char     text[TIME_MAX];
    mfa_buf_t  out;

    if (unix_sec <= 0) {
        return json_null();
    }

    mfa_buf_init(&out, text, sizeof(text));
    mfa_timestamp_make(&out, unix_sec);

    return ngx_http_mfa_json_text(mfa_buf_since(&out, 0));
}
