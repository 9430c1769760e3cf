/*
 * Passwords looked at outside, see outside.h.
 *
 * nginx runs the subrequest like any other; what has to be right here:
 *
 * - Its first end counts.  An error_page would go on from there, and one that
 *   turns a dead upstream into "200 sorry" would turn it into a right password.
 * - An internal redirect (X-Accel-Redirect, try_files) forgets all contexts, and
 *   with them the mark set here: what another location says is no answer.
 * - A gated location would answer 401 for want of a session, and one that is
 *   not internal could be asked by anybody without being counted.
 * - The parent goes on as a posted request of its own, never inside the end of
 *   the subrequest.
 * - The variables are the subrequest's own: what $request_body is here must not
 *   be what the parent logs.
 */

#include "nginx/outside.h"
#include "nginx/gate.h"

#include "core/form.h"

/* Of the question: of one part of a list. */
#define HEADERS  4

struct ngx_http_mfa_outside_s {
    ngx_http_request_t               *request;
    ngx_http_mfa_outside_handler_pt   handler;      /* NULL: forgotten, told */
    void                             *data;
    ngx_uint_t                        ended;
    mfa_tri_e                         answer;
    mfa_buf_t                         body;
    ngx_http_headers_in_t             headers;
    ngx_http_variable_value_t        *variables;
    ngx_http_request_body_t          *request_body;
    ngx_http_mfa_gate_t               mark;         /* an empty one, in case
                                                       the location is gated */
};

static void ngx_http_mfa_outside_wake(ngx_http_request_t *r);


/* Also the record's name, by which the request finds it. */
static void
ngx_http_mfa_outside_cleanup(void *data)
{
    ngx_http_mfa_outside_t  *outside = data;

    if (outside->body.data) {
        mfa_wipe(outside->body.data, outside->body.cap);
    }
}


static mfa_tri_e
read_status(ngx_http_request_t *sr, ngx_uint_t status)
{
    if (status >= NGX_HTTP_OK && status < NGX_HTTP_SPECIAL_RESPONSE) {
        return MFA_YES;
    }

    if (status == NGX_HTTP_UNAUTHORIZED || status == NGX_HTTP_FORBIDDEN) {
        return MFA_NO;
    }

    ngx_log_error(NGX_LOG_ERR, sr->connection->log, 0,
                  "mfa: first_factor request=%V answered %ui: "
                  "neither right nor wrong", &sr->uri, status);

    return MFA_UNKNOWN;
}


static mfa_tri_e
judge(ngx_http_mfa_outside_t *outside, ngx_http_request_t *sr, ngx_int_t rc)
{
    const char                *why;
    ngx_http_mfa_loc_conf_t   *lcf;
    ngx_http_core_loc_conf_t  *clcf;

    lcf = ngx_http_get_module_loc_conf(sr, ngx_http_mfa_module);
    clcf = ngx_http_get_module_loc_conf(sr, ngx_http_core_module);

    if (ngx_http_get_module_ctx(sr, ngx_http_mfa_module) != &outside->mark) {
        why = "was redirected";

    } else if (lcf->portal) {
        why = "is gated: it needs \"mfa off\"";

    } else if (!clcf->internal) {
        why = "is not \"internal\"";

    } else if (rc >= NGX_HTTP_OK) {
        return read_status(sr, rc);

    } else if (rc == NGX_OK) {
        return read_status(sr, sr->headers_out.status);

    } else {
        why = "failed";
    }

    ngx_log_error(NGX_LOG_ERR, sr->connection->log, 0,
                  "mfa: first_factor request=%V %s", &sr->uri, why);

    return MFA_UNKNOWN;
}


static ngx_int_t
ngx_http_mfa_outside_done(ngx_http_request_t *sr, void *data, ngx_int_t rc)
{
    ngx_http_mfa_outside_t  *outside = data;

    /* The client is gone, and with it both requests. */
    if (sr->connection->error || rc == NGX_HTTP_CLIENT_CLOSED_REQUEST
        || outside->ended)
    {
        return rc;
    }

    outside->ended = 1;
    outside->answer = judge(outside, sr, rc);
    outside->request->write_event_handler = ngx_http_mfa_outside_wake;

    /* No error page, and no end of the connection, because of this. */
    return NGX_OK;
}


static void
ngx_http_mfa_outside_wake(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t               *cln;
    ngx_http_mfa_outside_t           *outside;
    ngx_http_mfa_outside_handler_pt   handler;

    r->write_event_handler = ngx_http_request_empty_handler;

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_mfa_outside_cleanup) {
            break;
        }
    }

    if (cln == NULL) {
        return;
    }

    outside = cln->data;
    handler = outside->handler;
    outside->handler = NULL;

    if (handler) {
        handler(outside->data, outside->answer);
    }
}


static ngx_int_t
body_make(ngx_http_mfa_outside_t *outside, const mfa_outside_ask_t *ask)
{
    size_t      cap;
    u_char     *p;
    mfa_buf_t  *body;

    body = &outside->body;
    cap = sizeof("login=&password=") + 3 * (ask->login.len + ask->password.len);
    p = ngx_pnalloc(outside->request->pool, cap);

    if (p == NULL) {
        return NGX_ERROR;
    }

    mfa_buf_init(body, p, cap);
    mfa_buf_cstr(body, "login=");
    mfa_form_escape(body, ask->login);
    mfa_buf_cstr(body, "&password=");
    mfa_form_escape(body, ask->password);

    return body->failed ? NGX_ERROR : NGX_OK;
}


static ngx_table_elt_t *
header_add(ngx_http_headers_in_t *in, const char *name, const char *lowcase,
    const char *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&in->headers);

    if (h == NULL) {
        return NULL;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->lowcase_key = (u_char *) lowcase;
    h->hash = ngx_hash_key(h->lowcase_key, h->key.len);
    h->value.data = (u_char *) value;
    h->value.len = ngx_strlen(value);

    return h;
}


/* As if they had been read: length, type and Host. */
static ngx_int_t
headers_make(ngx_http_mfa_outside_t *outside)
{
    u_char                 *digits;
    ngx_table_elt_t        *h;
    ngx_http_request_t     *r;
    ngx_http_headers_in_t  *in;

    r = outside->request;
    in = &outside->headers;
    digits = ngx_pnalloc(r->pool, NGX_SIZE_T_LEN + 1);

    if (digits == NULL
        || ngx_list_init(&in->headers, r->pool, HEADERS,
                         sizeof(ngx_table_elt_t)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    *ngx_sprintf(digits, "%uz", outside->body.len) = '\0';

    in->server = r->headers_in.server;
    in->keep_alive_n = -1;
    in->content_length_n = outside->body.len;
    in->content_length = header_add(in, "Content-Length", "content-length",
                                    (char *) digits);
    in->content_type = header_add(in, "Content-Type", "content-type",
                                  "application/x-www-form-urlencoded");

    if (in->content_length == NULL || in->content_type == NULL) {
        return NGX_ERROR;
    }

    if (r->headers_in.host) {
        h = ngx_list_push(&in->headers);

        if (h == NULL) {
            return NGX_ERROR;
        }

        *h = *r->headers_in.host;
#if (nginx_version >= 1023000)
        h->next = NULL;
#endif
        in->host = h;
    }

    return NGX_OK;
}


static ngx_int_t
variables_make(ngx_http_mfa_outside_t *outside)
{
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_get_module_main_conf(outside->request,
                                         ngx_http_core_module);
    outside->variables = ngx_pcalloc(outside->request->pool,
                                     cmcf->variables.nelts
                                     * sizeof(ngx_http_variable_value_t));

    return outside->variables ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
request_body_make(ngx_http_mfa_outside_t *outside)
{
    ngx_buf_t    *b;
    ngx_pool_t   *pool;
    ngx_chain_t  *cl;

    pool = outside->request->pool;
    outside->request_body = ngx_pcalloc(pool, sizeof(ngx_http_request_body_t));
    b = ngx_calloc_buf(pool);
    cl = ngx_alloc_chain_link(pool);

    if (outside->request_body == NULL || b == NULL || cl == NULL) {
        return NGX_ERROR;
    }

    b->temporary = 1;
    b->last_buf = 1;
    b->start = outside->body.data;
    b->pos = outside->body.data;
    b->last = outside->body.data + outside->body.len;
    b->end = outside->body.data + outside->body.cap;

    cl->buf = b;
    cl->next = NULL;

    outside->request_body->bufs = cl;
    outside->request_body->buf = b;

    return NGX_OK;
}


/* Once there is a subrequest, nothing may fail any more: it is on its way. */
static ngx_int_t
subrequest(ngx_http_mfa_outside_t *outside, mfa_str_t location)
{
    ngx_str_t                    uri;
    ngx_http_request_t          *sr;
    ngx_http_post_subrequest_t  *ps;

    static ngx_str_t  post = ngx_string("POST");

    uri.data = (u_char *) location.data;
    uri.len = location.len;

    ps = ngx_palloc(outside->request->pool, sizeof(ngx_http_post_subrequest_t));

    if (ps == NULL) {
        return NGX_ERROR;
    }

    ps->handler = ngx_http_mfa_outside_done;
    ps->data = outside;

    if (ngx_http_subrequest(outside->request, &uri, NULL, &sr, ps,
                            NGX_HTTP_SUBREQUEST_WAITED) != NGX_OK)
    {
        return NGX_ERROR;
    }

    sr->header_only = 1;
    sr->method = NGX_HTTP_POST;
    sr->method_name = post;
    sr->variables = outside->variables;
    sr->request_body = outside->request_body;
    sr->headers_in = outside->headers;
    /* A list of one part points at itself. */
    sr->headers_in.headers.last = &sr->headers_in.headers.part;

    ngx_http_set_ctx(sr, &outside->mark, ngx_http_mfa_module);

    return NGX_OK;
}


ngx_http_mfa_outside_t *
ngx_http_mfa_outside_ask(ngx_http_request_t *r, mfa_str_t location,
    const mfa_outside_ask_t *ask, ngx_http_mfa_outside_handler_pt handler,
    void *data)
{
    ngx_pool_cleanup_t      *cln;
    ngx_http_mfa_outside_t  *outside;

    if (r != r->main) {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_mfa_outside_t));

    if (cln == NULL) {
        return NULL;
    }

    outside = cln->data;
    ngx_memzero(outside, sizeof(ngx_http_mfa_outside_t));
    outside->request = r;
    outside->handler = handler;
    outside->data = data;
    cln->handler = ngx_http_mfa_outside_cleanup;

    if (body_make(outside, ask) != NGX_OK
        || headers_make(outside) != NGX_OK
        || variables_make(outside) != NGX_OK
        || request_body_make(outside) != NGX_OK
        || subrequest(outside, location) != NGX_OK)
    {
        outside->handler = NULL;
        return NULL;
    }

    return outside;
}


void
ngx_http_mfa_outside_forget(ngx_http_mfa_outside_t *outside)
{
    outside->handler = NULL;
}
