/*
 * Answers, see output.h.
 *
 * Location is sent as a relative reference and not through headers_out.location,
 * where nginx would complete it from the Host header.
 */

#include "nginx/output.h"
#include "nginx/template.h"

#include "core/form.h"
#include "core/return_url.h"


ngx_int_t
ngx_http_mfa_output_header(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);

    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));
    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value = *value;

    return NGX_OK;
}


static ngx_int_t
header_text(ngx_http_request_t *r, const char *name, const char *text)
{
    ngx_str_t  value;

    value.data = (u_char *) text;
    value.len = ngx_strlen(text);

    return ngx_http_mfa_output_header(r, name, &value);
}


ngx_int_t
ngx_http_mfa_output_retry(ngx_http_request_t *r, int64_t sec)
{
    ngx_str_t  value;

    value.data = ngx_pnalloc(r->pool, NGX_INT64_LEN);

    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = ngx_sprintf(value.data, "%L", sec > 0 ? sec : (int64_t) 1)
                - value.data;

    return ngx_http_mfa_output_header(r, "Retry-After", &value);
}


/* What every answer of ours carries, whatever its status. */
static ngx_int_t
common_headers(ngx_http_request_t *r, ngx_http_mfa_portal_t *portal)
{
    size_t                    i;
    ngx_http_mfa_loc_conf_t  *lcf;

    static const char *const  headers[][2] = {
        { "Cache-Control", "no-store" },
        { "X-Content-Type-Options", "nosniff" },
        { "Referrer-Policy", "no-referrer" },
        { "Cross-Origin-Opener-Policy", "same-origin" },
        { "X-Frame-Options", "DENY" },
    };

    for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        if (header_text(r, headers[i][0], headers[i][1]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

#if (NGX_HTTP_SSL)
    if (r->connection->ssl
        && header_text(r, "Strict-Transport-Security", "max-age=31536000")
           != NGX_OK)
    {
        return NGX_ERROR;
    }
#endif

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);

    return ngx_http_mfa_output_header(r, "Content-Security-Policy",
                                      lcf->console ? &portal->console_csp
                                                   : &portal->csp);
}


/*
 * Sends status and body as they are.  A subrequest says no by its status alone:
 * a page of ours has no place inside another document.
 */
static ngx_int_t
respond(ngx_http_request_t *r, ngx_uint_t status, ngx_str_t *type,
    ngx_buf_t *body)
{
    ngx_int_t    rc;
    ngx_chain_t  out;

    /* Whoever waits for "100 Continue" gets the answer instead, and nobody can
       tell then whether the body follows: the connection ends. */
    if (r->headers_in.expect) {
        r->expect_tested = 1;
        r->keepalive = 0;
    }

    if (ngx_http_discard_request_body(r) != NGX_OK) {
        r->keepalive = 0;
    }

#if (NGX_HTTP_GZIP)
    /* Compressed, a form token beside reflected input could be guessed by its
       length (BREACH). */
    r->gzip_tested = 1;
    r->gzip_ok = 0;
#endif

    /* An "error_page ... =200" that led here would send a no as a yes. */
    r->err_status = 0;
    r->headers_out.status = status;
    ngx_str_null(&r->headers_out.status_line);

    if (r != r->main || body == NULL) {
        r->headers_out.content_length_n = 0;
        r->header_only = 1;

        rc = ngx_http_send_header(r);

        return rc == NGX_ERROR ? rc : NGX_OK;
    }

    r->headers_out.content_type = *type;
    r->headers_out.content_type_len = type->len;
    r->headers_out.content_type_lowcase = NULL;
    ngx_str_set(&r->headers_out.charset, "utf-8");
    r->headers_out.content_length_n = body->last - body->pos;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    body->last_buf = 1;
    body->last_in_chain = 1;
    out.buf = body;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static void
set_text(mfa_value_t *value, mfa_str_t text)
{
    value->kind = text.len ? MFA_VALUE_TEXT : MFA_VALUE_NONE;
    value->text = text;
}


ngx_int_t
ngx_http_mfa_output_page(ngx_http_request_t *r, ngx_http_mfa_portal_t *portal,
    ngx_uint_t status, mfa_page_e page, mfa_value_t *model)
{
    size_t                 len;
    mfa_buf_t              out;
    ngx_buf_t             *b;
    ngx_str_t              type;
    ngx_http_mfa_theme_t  *theme;

    theme = ngx_http_mfa_template_theme(portal, r);

    set_text(&model[MFA_VAR_LANG], ngx_http_mfa_view(&theme->locale));
    set_text(&model[MFA_VAR_PAGE], mfa_str_from(mfa_page_names[page]));
    set_text(&model[MFA_VAR_BASE], portal->core.pages);
    set_text(&model[MFA_VAR_ISSUER], portal->core.issuer);
    set_text(&model[MFA_VAR_BRAND], portal->core.brand_name.len
                                    ? portal->core.brand_name
                                    : portal->core.issuer);

    model[MFA_VAR_STYLE].kind = MFA_VALUE_MARKUP;
    model[MFA_VAR_STYLE].text = ngx_http_mfa_view(&portal->style);

    model[MFA_VAR_CONSOLE_STYLE].kind = MFA_VALUE_MARKUP;
    model[MFA_VAR_CONSOLE_STYLE].text =
        ngx_http_mfa_view(&portal->console_style);

    model[MFA_VAR_DIGITS].kind = MFA_VALUE_NUMBER;
    model[MFA_VAR_DIGITS].number = portal->core.totp.digits;

    if (model[MFA_VAR_ERROR].number != MFA_ERR_NONE) {
        set_text(&model[MFA_VAR_ERROR_TEXT],
                 ngx_http_mfa_view(&theme->errors[model[MFA_VAR_ERROR].number]));
        set_text(&model[MFA_VAR_ERROR],
                 mfa_str_from(mfa_error_names[model[MFA_VAR_ERROR].number]));
    }

    len = mfa_html_length(&theme->pages[page], model);
    b = ngx_create_temp_buf(r->pool, len ? len : 1);

    if (b == NULL || common_headers(r, portal) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    mfa_buf_init(&out, b->pos, len);
    mfa_html_render(&theme->pages[page], model, &out);

    if (out.failed) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = b->pos + out.len;
    ngx_str_set(&type, "text/html");

    return respond(r, status, &type, b);
}


ngx_int_t
ngx_http_mfa_output_redirect(ngx_http_request_t *r, ngx_str_t *location)
{
    if (header_text(r, "Cache-Control", "no-store") != NGX_OK
        || ngx_http_mfa_output_header(r, "Location", location) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return respond(r, NGX_HTTP_SEE_OTHER, NULL, NULL);
}


ngx_int_t
ngx_http_mfa_output_page_url(ngx_http_request_t *r,
    ngx_http_mfa_portal_t *portal, const char *page, mfa_str_t next,
    ngx_str_t *url)
{
    size_t      cap;
    u_char     *p;
    mfa_buf_t   out;

    if (!mfa_return_url_check(next) || mfa_str_is(next, "/")) {
        next.len = 0;
    }

    cap = portal->core.pages.len + ngx_strlen(page) + sizeof("?next=")
          + 3 * next.len;
    p = ngx_pnalloc(r->pool, cap);

    if (p == NULL) {
        return NGX_ERROR;
    }

    mfa_buf_init(&out, p, cap);
    mfa_buf_str(&out, portal->core.pages);
    mfa_buf_cstr(&out, page);

    if (next.len) {
        mfa_buf_cstr(&out, "?next=");
        mfa_form_escape(&out, next);
    }

    url->data = out.data;
    url->len = out.len;

    return out.failed ? NGX_ERROR : NGX_OK;
}


ngx_int_t
ngx_http_mfa_output_to_page(ngx_http_request_t *r,
    ngx_http_mfa_portal_t *portal, const char *page)
{
    ngx_str_t  location;

    if (ngx_http_mfa_output_page_url(r, portal, page,
                                     ngx_http_mfa_view(&r->unparsed_uri),
                                     &location)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_mfa_output_redirect(r, &location);
}


ngx_int_t
ngx_http_mfa_output_empty(ngx_http_request_t *r, ngx_uint_t status)
{
    if (header_text(r, "Cache-Control", "no-store") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return respond(r, status, NULL, NULL);
}


ngx_int_t
ngx_http_mfa_output_problem(ngx_http_request_t *r,
    ngx_http_mfa_portal_t *portal, ngx_uint_t status, const char *title,
    const char *page)
{
    size_t      cap;
    mfa_buf_t   out;
    ngx_buf_t  *b;
    ngx_str_t   type;

    cap = 256 + portal->core.pages.len;
    b = ngx_create_temp_buf(r->pool, cap);

    if (b == NULL || common_headers(r, portal) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* Nothing here comes from outside: no escaping is needed. */
    mfa_buf_init(&out, b->pos, cap);
    mfa_buf_cstr(&out, "{\"type\":\"about:blank\",\"status\":");
    mfa_buf_int(&out, (int64_t) status);
    mfa_buf_cstr(&out, ",\"title\":\"");
    mfa_buf_cstr(&out, title);
    mfa_buf_byte(&out, '"');

    if (page) {
        mfa_buf_cstr(&out, ",\"page\":\"");
        mfa_buf_str(&out, portal->core.pages);
        mfa_buf_cstr(&out, page);
        mfa_buf_byte(&out, '"');
    }

    mfa_buf_cstr(&out, "}\n");

    if (out.failed) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = b->pos + out.len;
    ngx_str_set(&type, "application/problem+json");

    return respond(r, status, &type, b);
}


ngx_int_t
ngx_http_mfa_output_typed(ngx_http_request_t *r, ngx_http_mfa_portal_t *portal,
    ngx_uint_t status, const char *type, const char *body)
{
    ngx_buf_t  *b;
    ngx_str_t   name;

    b = ngx_calloc_buf(r->pool);

    if (b == NULL || common_headers(r, portal) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->memory = 1;
    b->pos = (u_char *) body;
    b->last = b->pos + ngx_strlen(body);
    name.data = (u_char *) type;
    name.len = ngx_strlen(type);

    return respond(r, status, &name, b);
}


ngx_int_t
ngx_http_mfa_output_json(ngx_http_request_t *r, ngx_http_mfa_portal_t *portal,
    ngx_uint_t status, const char *body)
{
    return ngx_http_mfa_output_typed(r, portal, status, "application/json",
                                     body);
}


ngx_int_t
ngx_http_mfa_output_cookie(ngx_http_request_t *r,
    ngx_http_mfa_portal_t *portal, ngx_uint_t kind, mfa_str_t value,
    ngx_int_t max_age)
{
    u_char     *p;
    mfa_buf_t   out;
    mfa_str_t   name;
    ngx_str_t   text;
    ngx_uint_t  plain;

#if (NGX_HTTP_SSL)
    plain = r->connection->ssl == NULL;
#else
    plain = 1;
#endif

    switch (kind) {
    case NGX_HTTP_MFA_COOKIE_LOGIN:
        name = plain ? portal->login_cookie_plain : portal->login_cookie;
        break;

    case NGX_HTTP_MFA_COOKIE_DEVICE:
        name = plain ? portal->device_cookie_plain : portal->device_cookie;
        break;

    default:
        name = plain ? portal->core.cookie_plain : portal->core.cookie_name;
        break;
    }

    p = ngx_pnalloc(r->pool, 1024);

    if (p == NULL) {
        return NGX_ERROR;
    }

    mfa_buf_init(&out, p, 1024);
    mfa_buf_str(&out, name);
    mfa_buf_byte(&out, '=');
    mfa_buf_str(&out, value);
    mfa_buf_cstr(&out, "; Path=/; HttpOnly");
    mfa_buf_cstr(&out, plain ? "" : "; Secure");
    mfa_buf_cstr(&out, portal->core.cookie_strict ? "; SameSite=Strict"
                                                  : "; SameSite=Lax");

    if (portal->core.cookie_domain.len && kind != NGX_HTTP_MFA_COOKIE_LOGIN) {
        mfa_buf_cstr(&out, "; Domain=");
        mfa_buf_str(&out, portal->core.cookie_domain);
    }

    if (max_age >= 0) {
        mfa_buf_cstr(&out, "; Max-Age=");
        mfa_buf_int(&out, max_age);
    }

    if (out.failed) {
        return NGX_ERROR;
    }

    text.data = out.data;
    text.len = out.len;

    return ngx_http_mfa_output_header(r, "Set-Cookie", &text);
}
