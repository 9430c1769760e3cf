/*
 * Everything the module itself answers: pages, redirects, problem documents,
 * with their headers.
 */

#ifndef NGX_HTTP_MFA_OUTPUT_H
#define NGX_HTTP_MFA_OUTPUT_H

#include "nginx/input.h"

/* Adds a response header; value must live as long as r. */
ngx_int_t ngx_http_mfa_output_header(ngx_http_request_t *r, const char *name,
    ngx_str_t *value);


/* Adds Set-Cookie; max_age -1: ends with the browser, 0: removed now. */
ngx_int_t ngx_http_mfa_output_cookie(ngx_http_request_t *r,
    ngx_http_mfa_portal_t *portal, ngx_uint_t kind, mfa_str_t value,
    ngx_int_t max_age);

/* Sends a page made from a model over mfa_var_names; the name of the page, its
   style and brand are filled in here.  Returns what to finalize r with. */
ngx_int_t ngx_http_mfa_output_page(ngx_http_request_t *r,
    ngx_http_mfa_portal_t *portal, ngx_uint_t status, mfa_page_e page,
    mfa_value_t *model);

/* 303 to a path of our own (never made from Host). */
ngx_int_t ngx_http_mfa_output_redirect(ngx_http_request_t *r,
    ngx_str_t *location);

/* 303 to a page of the portal, with the return URL of r when it is one. */
ngx_int_t ngx_http_mfa_output_to_page(ngx_http_request_t *r,
    ngx_http_mfa_portal_t *portal, const char *page);

/* The path of a page, with next as return URL when it can be one; NGX_OK, or
   NGX_ERROR without memory. */
ngx_int_t ngx_http_mfa_output_page_url(ngx_http_request_t *r,
    ngx_http_mfa_portal_t *portal, const char *page, mfa_str_t next,
    ngx_str_t *url);

/* A status without a body, not to be stored by anybody. */
ngx_int_t ngx_http_mfa_output_empty(ngx_http_request_t *r, ngx_uint_t status);

/* application/problem+json (RFC 9457); page may be NULL. */
ngx_int_t ngx_http_mfa_output_problem(ngx_http_request_t *r,
    ngx_http_mfa_portal_t *portal, ngx_uint_t status, const char *title,
    const char *page);

/* application/json; body is a constant. */
ngx_int_t ngx_http_mfa_output_json(ngx_http_request_t *r,
    ngx_http_mfa_portal_t *portal, ngx_uint_t status, const char *body);

/* Retry-After, in seconds. */
ngx_int_t ngx_http_mfa_output_retry(ngx_http_request_t *r, int64_t sec);

#endif /* NGX_HTTP_MFA_OUTPUT_H */
