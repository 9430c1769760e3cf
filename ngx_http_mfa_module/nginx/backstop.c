/*
 * The backstop, see backstop.h.
 */

#include "nginx/backstop.h"
#include "nginx/gate.h"
#include "nginx/stream.h"

static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;


/* What carries content: success, a protocol switch, "use your copy". */
static ngx_uint_t
carries_content(ngx_uint_t status)
{
    return status == NGX_HTTP_SWITCHING_PROTOCOLS
           || (status >= NGX_HTTP_OK && status < NGX_HTTP_SPECIAL_RESPONSE)
           || status == NGX_HTTP_NOT_MODIFIED;
}


/* A clone of a judged request (slice, an update of a cache in the background)
   starts behind the gate: it has its parent's verdict for the same location. */
MFA_HOT static ngx_uint_t
on_record(ngx_http_request_t *r, ngx_http_mfa_loc_conf_t *lcf)
{
    ngx_http_mfa_gate_t  *gate;

    for (/* void */; r; r = r->parent) {
        /* Elsewhere the context may be that of a page. */
        if (ngx_http_get_module_loc_conf(r, ngx_http_mfa_module) != lcf) {
            continue;
        }

        gate = ngx_http_get_module_ctx(r, ngx_http_mfa_module);

        if (gate && gate->judged && gate->lcf == lcf) {
            return gate->verdict == MFA_VERDICT_ALLOW;
        }
    }

    return 0;
}


/* Most headers differ in the first letter or the length. */
static ngx_inline ngx_uint_t
is_header(ngx_table_elt_t *header, const char *name, size_t len)
{
    return header->hash && header->key.len == len
           && ((header->key.data[0] ^ name[0]) & ~0x20) == 0
           && ngx_strncasecmp(header->key.data, (u_char *) name, len) == 0;
}


/* Drops what would set a cookie of ours; whether there is a Cache-Control. */
MFA_HOT static ngx_uint_t
cookies_drop(ngx_http_request_t *r)
{
    ngx_uint_t                 i, cache_control;
    ngx_list_part_t           *part;
    ngx_table_elt_t           *header;
    ngx_http_mfa_main_conf_t  *mcf;

    cache_control = 0;
    part = &r->headers_out.headers.part;
    header = part->elts;

    for (i = 0; /* void */ ; i++) {
        if (i >= part->nelts) {
            if (part->next == NULL) {
                return cache_control;
            }

            part = part->next;
            header = part->elts;
            i = 0;
        }

        if (is_header(&header[i], "Cache-Control", sizeof("Cache-Control") - 1))
        {
            cache_control = 1;

        } else if (is_header(&header[i], "Set-Cookie",
                             sizeof("Set-Cookie") - 1))
        {
            mcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);

            if (mfa_cookie_sets(ngx_http_mfa_view(&header[i].value),
                                &mcf->cookies))
            {
                header[i].hash = 0;
            }
        }
    }
}


#if (NGX_HTTP_CACHE)

static ngx_uint_t
names(const ngx_str_t *text, mfa_str_t reference)
{
    return text->len >= reference.len
           && ngx_strlcasestrn(text->data, text->data + text->len,
                               (u_char *) reference.data, reference.len - 1)
              != NULL;
}


/* Whether an entry of the cache is this session's alone: its key holds
   $mfa_session, and not because the client wrote it into its request. */
static ngx_uint_t
own_entry(ngx_http_request_t *r)
{
    ngx_str_t              *key;
    mfa_str_t               reference;
    ngx_uint_t              i;
    ngx_http_mfa_judged_t  *judged;

    judged = ngx_http_mfa_input_judged(r);

    if (judged == NULL) {
        return 0;
    }

    reference = ngx_http_mfa_input_reference(&judged->who);

    if (reference.len == 0 || names(&r->main->request_line, reference)
        || names(&r->uri, reference) || names(&r->args, reference))
    {
        return 0;
    }

    key = r->cache->keys.elts;

    for (i = 0; i < r->cache->keys.nelts; i++) {
        if (names(&key[i], reference)) {
            return 1;
        }
    }

    return 0;
}


/* An answer to somebody by name must not become everybody's: nginx reads
   cacheable only after the header filters. */
MFA_HOT static void
cache_unshare(ngx_http_request_t *r, ngx_http_mfa_loc_conf_t *lcf)
{
    ngx_http_upstream_t  *u;

    u = r->upstream;

    if (lcf->headers && u && u->cacheable && r->cache && !r->cached
        && u->conf->pass_request_headers && !own_entry(r))
    {
        u->cacheable = 0;
    }
}

#else

#define cache_unshare(r, lcf)

#endif


static ngx_int_t
refuse(ngx_http_request_t *r)
{
    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "mfa: an answer of a gated location had no verdict on record");

    /* NGX_ERROR would cut the connection of the main request.  auth_request
       reads the status of a subrequest, whatever became of it. */
    if (r != r->main) {
        r->headers_out.status = NGX_HTTP_FORBIDDEN;
        return NGX_HTTP_FORBIDDEN;
    }

    return ngx_http_filter_finalize_request(r, &ngx_http_mfa_module,
                                            NGX_HTTP_FORBIDDEN);
}


MFA_HOT static ngx_int_t
private_add(ngx_http_request_t *r)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);

    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));
    h->hash = 1;
    ngx_str_set(&h->key, "Cache-Control");
    ngx_str_set(&h->value, "private");

    return NGX_OK;
}


MFA_HOT static ngx_int_t
ngx_http_mfa_backstop(ngx_http_request_t *r)
{
    ngx_uint_t                 cache_control;
    ngx_http_mfa_gate_t       *gate;
    ngx_http_mfa_loc_conf_t   *lcf;
    ngx_http_mfa_srv_conf_t   *scf;

    scf = ngx_http_get_module_srv_conf(r, ngx_http_mfa_module);
    lcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);

    if (!scf->used || lcf->pages || lcf->verify) {
        return ngx_http_next_header_filter(r);
    }

    if (lcf->portal == NULL || lcf->report) {
        (void) cookies_drop(r);

        if (lcf->portal && on_record(r, lcf)) {
            cache_unshare(r, lcf);
        }

        return ngx_http_next_header_filter(r);
    }

    if (on_record(r, lcf)) {
        cache_control = cookies_drop(r);
        cache_unshare(r, lcf);

        if (r == r->main && !cache_control && private_add(r) != NGX_OK) {
            return NGX_ERROR;
        }

        gate = ngx_http_get_module_ctx(r, ngx_http_mfa_module);

        if (r == r->main && ngx_http_mfa_stream_watch(r, gate) != NGX_OK) {
            return NGX_ERROR;
        }

        return ngx_http_next_header_filter(r);
    }

    if (carries_content(r->headers_out.status)) {
        return refuse(r);
    }

    return ngx_http_next_header_filter(r);
}


ngx_int_t
ngx_http_mfa_backstop_init(ngx_conf_t *cf)
{
#if (NGX_HTTP_MFA_TEST_NO_BACKSTOP)
    /* What "make module-no-backstop" builds, so that t/26-matrix.t can show that
       it would see a leak. */
    ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                       "mfa: built without the backstop, for a test");
    return NGX_OK;
#endif

    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_mfa_backstop;

    return NGX_OK;
}
