/*
 * Where pages of the console are: links with what they carry escaped, see
 * console.h.
 */

#include "nginx/console.h"


static ngx_int_t
link_begin(ngx_http_mfa_console_t *c, mfa_buf_t *out)
{
    u_char  *p;

    p = ngx_pnalloc(c->visit.request->pool, NGX_HTTP_MFA_CONSOLE_LINK_MAX);

    if (p == NULL) {
        return NGX_ERROR;
    }

    mfa_buf_init(out, p, NGX_HTTP_MFA_CONSOLE_LINK_MAX);
    mfa_buf_str(out, c->conf->base);

    return NGX_OK;
}


static mfa_str_t
link_end(const mfa_buf_t *out)
{
    return out->failed ? (mfa_str_t) { NULL, 0 } : mfa_buf_since(out, 0);
}


mfa_str_t
ngx_http_mfa_console_link(ngx_http_mfa_console_t *c, const char *page, ...)
{
    va_list      args;
    mfa_buf_t    out;
    mfa_str_t    value;
    const char  *name, *sep;

    if (link_begin(c, &out) != NGX_OK) {
        return (mfa_str_t) { NULL, 0 };
    }

    mfa_buf_cstr(&out, page);
    sep = "?";
    va_start(args, page);

    for (name = va_arg(args, const char *); name;
         name = va_arg(args, const char *))
    {
        value = va_arg(args, mfa_str_t);

        if (value.len) {
            mfa_buf_cstr(&out, sep);
            mfa_buf_cstr(&out, name);
            mfa_buf_byte(&out, '=');
            mfa_form_escape(&out, value);
            sep = "&";
        }
    }

    va_end(args);

    return link_end(&out);
}


mfa_str_t
ngx_http_mfa_console_account_link(ngx_http_mfa_console_t *c,
    ngx_http_mfa_portal_t *portal, mfa_str_t login, const char *query)
{
    mfa_buf_t  out;

    if (link_begin(c, &out) != NGX_OK) {
        return (mfa_str_t) { NULL, 0 };
    }

    mfa_form_escape(&out, portal->core.name);
    mfa_buf_byte(&out, '/');
    mfa_form_escape(&out, login);
    mfa_buf_cstr(&out, query);

    return link_end(&out);
}


mfa_str_t
ngx_http_mfa_console_list_link(ngx_http_mfa_console_t *c,
    ngx_http_mfa_portal_t *portal, const char *show)
{
    if (portal == c->visit.portal) {
        return ngx_http_mfa_console_link(c, "admins", "show",
                                         mfa_str_from(show), NULL);
    }

    return ngx_http_mfa_console_link(c, "users", "portal", portal->core.name,
                                     "show", mfa_str_from(show), NULL);
}


void
ngx_http_mfa_console_to(ngx_http_mfa_console_t *c, mfa_str_t link)
{
    ngx_str_t  location;

    location.data = (u_char *) link.data;
    location.len = link.len;

    ngx_http_mfa_visit_end(&c->visit, link.len
        ? ngx_http_mfa_output_redirect(c->visit.request, &location)
        : NGX_HTTP_INTERNAL_SERVER_ERROR);
}
