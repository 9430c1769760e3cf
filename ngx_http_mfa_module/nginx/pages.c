/*
 * Pages: endpoints and what all of them check first, see pages.h.
 *
 * To add a page: its row in endpoints[], its function in a page_*.c, its
 * template, its row in core/page.h.
 */

#include "nginx/body.h"
#include "nginx/console.h"
#include "nginx/pages.h"

#include "core/return_url.h"


#define SESSION  NGX_HTTP_MFA_FORM_SESSION, NULL
#define LOGIN    NGX_HTTP_MFA_FORM_LOGIN
#define MAILED   NGX_HTTP_MFA_FORM_MAILED

static const ngx_http_mfa_endpoint_t  endpoints[] = {
    { "login",       ngx_http_mfa_login_get,       ngx_http_mfa_login_post,
      LOGIN, ngx_http_mfa_login_outdated },
    { "code",        ngx_http_mfa_code_get,        ngx_http_mfa_code_post,
      SESSION },
    { "code/recovery", ngx_http_mfa_code_recovery_get, NULL,  SESSION },
    { "enrol",       ngx_http_mfa_enrol_get,       NULL,  SESSION },
    { "enrol/scan",  ngx_http_mfa_scan_get,        ngx_http_mfa_scan_post,
      SESSION },
    { "enrol/later", NULL,                         ngx_http_mfa_later_post,
      SESSION },
    { "enrol/done",  ngx_http_mfa_done_get,        NULL,  SESSION },
    { "recovery",    ngx_http_mfa_recovery_get,    NULL,  SESSION },
    { "validate",    ngx_http_mfa_validate_get, ngx_http_mfa_validate_post,
      SESSION },
    { "locked",      ngx_http_mfa_locked_get,      NULL,  SESSION },
    { "blocked",     ngx_http_mfa_blocked_get,     NULL,  SESSION },
    { "unavailable", ngx_http_mfa_unavailable_get, NULL,  SESSION },
    { "security",    ngx_http_mfa_security_get, ngx_http_mfa_security_post,
      SESSION },
    { "reset",       NULL,                         ngx_http_mfa_reset_post,
      SESSION },
    { "setup",       ngx_http_mfa_setup_get,       ngx_http_mfa_setup_post,
      LOGIN, ngx_http_mfa_setup_outdated },
    { "password",    ngx_http_mfa_password_get, ngx_http_mfa_password_post,
      MAILED, ngx_http_mfa_password_outdated },
    { "logout",      NULL,                         ngx_http_mfa_logout_post,
      SESSION },
    { "logged-out",  ngx_http_mfa_logged_out_get,  NULL,  SESSION },
    { NULL, NULL, NULL, SESSION }
};

/* In place of the login page where nginx has verified who is there. */
static const ngx_http_mfa_endpoint_t  identity_login =
    { "login",       ngx_http_mfa_identity_get,    NULL,  SESSION };

static void ngx_http_mfa_visit_body(ngx_http_request_t *r);
static void ngx_http_mfa_visit_who(ngx_http_request_t *r, void *data);


static const ngx_http_mfa_endpoint_t *
endpoint_find(ngx_http_mfa_portal_t *portal, ngx_str_t *uri)
{
    mfa_str_t                       path;
    const ngx_http_mfa_endpoint_t  *e;

    if (uri->len < portal->core.pages.len
        || ngx_memcmp(uri->data, portal->core.pages.data,
                      portal->core.pages.len) != 0)
    {
        return NULL;
    }

    path.data = uri->data + portal->core.pages.len;
    path.len = uri->len - portal->core.pages.len;

    for (e = endpoints; e->path; e++) {
        if (mfa_str_is(path, e->path)) {
            return portal->core.first == MFA_FIRST_IDENTITY
                   && e->get == ngx_http_mfa_login_get
                   ? &identity_login : e;
        }
    }

    return NULL;
}


/* Decodes a form into wiped memory. */
static mfa_form_e
form_decode(ngx_http_request_t *r, mfa_form_t *form, mfa_str_t text)
{
    u_char     *p;
    mfa_buf_t   room;

    form->n = 0;
    p = ngx_http_mfa_wiped_alloc(r, text.len + 1);

    if (p == NULL) {
        return MFA_FORM_TOO_LARGE;
    }

    mfa_buf_init(&room, p, text.len + 1);

    return mfa_form_decode(form, text, &room);
}


/* The page from which people are sent for a fresh code. */
static ngx_uint_t
is_security(mfa_portal_t *portal, mfa_str_t next)
{
    mfa_str_t  page;

    page.data = next.data + portal->pages.len;
    page.len = next.len - portal->pages.len;

    return mfa_str_is(page, "security");
}


/* A return URL is only ever a place outside the pages themselves, or in the
   console, which may stand among them, or the one page with a step-up. */
static void
next_set(ngx_http_mfa_visit_t *v, const mfa_form_t *form)
{
    mfa_str_t     next;
    mfa_portal_t *portal;

    portal = &v->portal->core;
    next = mfa_form_value(form, "next");

    if (next.len && mfa_return_url_check(next)
        && !(next.len >= portal->pages.len
             && ngx_memcmp(next.data, portal->pages.data, portal->pages.len)
                == 0
             && !is_security(portal, next)
             && !ngx_http_mfa_console_path(v->request, next)))
    {
        v->next = next;
    }
}


static ngx_http_mfa_visit_t *
visit_make(ngx_http_request_t *r)
{
    ngx_http_mfa_visit_t     *v;
    ngx_http_mfa_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);
    v = ngx_pcalloc(r->pool, sizeof(ngx_http_mfa_visit_t));

    if (v == NULL) {
        return NULL;
    }

    v->request = r;
    v->portal = lcf->portal;
    v->post = r->method == NGX_HTTP_POST;
    v->endpoint = endpoint_find(lcf->portal, &r->uri);

    if (ngx_http_mfa_visit_query(v) == MFA_FORM_OK) {
        next_set(v, &v->query);
        v->mailed = v->post ? mfa_lit("") : mfa_form_value(&v->query, "t");
    }

    return v;
}


static ngx_int_t
method_refuse(ngx_http_mfa_visit_t *v)
{
    ngx_str_t  allow;

    if (v->endpoint->get && v->endpoint->post) {
        ngx_str_set(&allow, "GET, HEAD, POST");

    } else if (v->endpoint->get) {
        ngx_str_set(&allow, "GET, HEAD");

    } else {
        ngx_str_set(&allow, "POST");
    }

    if (ngx_http_mfa_output_header(v->request, "Allow", &allow) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_mfa_visit_page(v, NGX_HTTP_NOT_ALLOWED, MFA_PAGE_ERROR,
                            MFA_ERR_METHOD);
    return NGX_DONE;
}


/* Starts with flow gate: every page wants to know who is there. */
static void
visit_begin(ngx_http_mfa_visit_t *v)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = v->request;

    v->gate = ngx_http_mfa_gate_flow(r, r->pool, v->portal);

    if (v->gate == NULL) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    rc = ngx_http_mfa_task_run(r, &v->gate->flow, ngx_http_mfa_visit_who, v);

    if (rc == NGX_OK) {
        ngx_http_mfa_visit_who(r, v);

    } else if (rc == NGX_ERROR) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
    }
}


ngx_int_t
ngx_http_mfa_pages_handler(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_http_mfa_visit_t  *v;

    v = visit_make(r);

    if (v == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* From here on the visit holds the request until visit_end. */
    r->main->count++;

    if (r != r->main) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_NOT_FOUND);

    } else if (v->endpoint == NULL) {
        ngx_http_mfa_visit_page(v, NGX_HTTP_NOT_FOUND, MFA_PAGE_ERROR,
                                MFA_ERR_NOT_FOUND);

    } else if (!ngx_http_mfa_input_secure(r, v->portal)) {
        ngx_http_mfa_visit_page(v, NGX_HTTP_FORBIDDEN, MFA_PAGE_ERROR,
                                MFA_ERR_INSECURE);

    } else if (v->post ? v->endpoint->post == NULL
               : !(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))
                 || v->endpoint->get == NULL)
    {
        rc = method_refuse(v);

        if (rc != NGX_DONE) {
            ngx_http_mfa_visit_end(v, rc);
        }

    } else if (!v->post) {
        visit_begin(v);

    } else if (!ngx_http_mfa_input_same_origin(r)) {
        ngx_http_mfa_visit_page(v, NGX_HTTP_FORBIDDEN, MFA_PAGE_ERROR,
                                MFA_ERR_ORIGIN);

    } else if (r->headers_in.content_length_n > MFA_FORM_BODY_MAX) {
        ngx_http_mfa_visit_page(v, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                MFA_PAGE_ERROR, MFA_ERR_TOO_LARGE);
    } else {
        ngx_http_set_ctx(r, v, ngx_http_mfa_module);

        /* Reading counts once for itself: the visit's own hold goes back. */
        r->main->count--;
        rc = ngx_http_read_client_request_body(r, ngx_http_mfa_visit_body);

        return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
    }

    return NGX_DONE;
}


static ngx_uint_t
is_form(ngx_http_request_t *r)
{
    size_t      len;
    ngx_str_t  *type;

    static const char  name[] = "application/x-www-form-urlencoded";

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


mfa_form_e
ngx_http_mfa_visit_form(ngx_http_mfa_visit_t *v, size_t max)
{
    mfa_str_t  body;

    if (ngx_http_mfa_body_take(v->request, max, &body) != NGX_OK) {
        return MFA_FORM_TOO_LARGE;
    }

    return is_form(v->request) ? form_decode(v->request, &v->form, body)
                               : MFA_FORM_MALFORMED;
}


mfa_form_e
ngx_http_mfa_visit_query(ngx_http_mfa_visit_t *v)
{
    return form_decode(v->request, &v->query,
                       ngx_http_mfa_mailed_query(v->request));
}


static void
ngx_http_mfa_visit_body(ngx_http_request_t *r)
{
    mfa_form_e             rc;
    ngx_http_mfa_visit_t  *v;

    v = ngx_http_get_module_ctx(r, ngx_http_mfa_module);
    rc = ngx_http_mfa_visit_form(v, MFA_FORM_BODY_MAX);

    if (rc == MFA_FORM_TOO_LARGE) {
        ngx_http_mfa_visit_page(v, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                MFA_PAGE_ERROR, MFA_ERR_TOO_LARGE);
        return;
    }

    if (rc != MFA_FORM_OK) {
        ngx_http_mfa_visit_page(v, NGX_HTTP_BAD_REQUEST, MFA_PAGE_ERROR,
                                MFA_ERR_FORM);
        return;
    }

    next_set(v, &v->form);
    v->mailed = mfa_form_value(&v->form, "t");
    visit_begin(v);
}


ngx_uint_t
ngx_http_mfa_visit_login_form(ngx_http_mfa_visit_t *v)
{
    if (v->endpoint == NULL) {
        return 0;
    }

    return v->endpoint->form == NGX_HTTP_MFA_FORM_LOGIN
           || (v->endpoint->form == NGX_HTTP_MFA_FORM_MAILED && v->mailed.len);
}


mfa_tri_e
ngx_http_mfa_visit_token(ngx_http_mfa_visit_t *v)
{
    mfa_str_t                  token;
    const mfa_cookie_t        *cookie;
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(v->request, ngx_http_mfa_module);
    token = mfa_form_value(&v->form, "csrf");

    if (token.len == 0) {
        return MFA_NO;
    }

    if (ngx_http_mfa_visit_login_form(v)) {
        cookie = ngx_http_mfa_input_cookie(v->request, v->portal,
                                           NGX_HTTP_MFA_COOKIE_LOGIN);

        return cookie && cookie->n == 1
               ? mfa_form_token_check(mcf->keys, "login", cookie->value, token)
               : MFA_NO;
    }

    return v->gate->token
           ? mfa_form_token_check(mcf->keys, "session",
                                  (mfa_str_t) { v->gate->token->id,
                                                MFA_TOKEN_BYTES },
                                  token)
           : MFA_NO;
}


static void
ngx_http_mfa_visit_who(ngx_http_request_t *r, void *data)
{
    ngx_http_mfa_visit_t  *v = data;

    v->who = &v->gate->who;

    if (v->gate->flow.outcome != MFA_OUTCOME_DONE
        || ngx_http_mfa_gate_keep(r, v->portal, v->gate) != NGX_OK)
    {
        ngx_http_mfa_visit_outcome(v, &v->gate->flow, MFA_PAGE_ERROR,
                                   MFA_ERR_UNAVAILABLE);
        return;
    }

    /* Somebody else's session: to the page that makes one of their own. */
    if (v->endpoint != &identity_login && !ngx_http_mfa_visit_login_form(v)
        && v->endpoint->post != ngx_http_mfa_logout_post
        && ngx_http_mfa_identity_stranger(v))
    {
        if (v->post) {
            ngx_http_mfa_visit_page(v, NGX_HTTP_FORBIDDEN, MFA_PAGE_ERROR,
                                    MFA_ERR_FORBIDDEN);
            return;
        }

        ngx_http_mfa_visit_to_page(v, "login");
        return;
    }

    if (!v->post) {
        v->endpoint->get(v);
        return;
    }

    if (ngx_http_mfa_visit_token(v) == MFA_YES) {
        v->endpoint->post(v);
        return;
    }

    /* A form that outlived its cookie is shown again, fresh. */
    if (ngx_http_mfa_visit_login_form(v)) {
        v->endpoint->outdated(v);
        return;
    }

    ngx_http_mfa_visit_page(v, NGX_HTTP_FORBIDDEN, MFA_PAGE_ERROR,
                            MFA_ERR_CSRF);
}
