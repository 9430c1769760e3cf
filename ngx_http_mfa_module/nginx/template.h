/*
 * Templates and translations, read and compiled while the configuration is
 * read: what is wrong with them fails nginx -t with file and line, and a worker
 * never opens one.
 */

#ifndef NGX_HTTP_MFA_TEMPLATE_H
#define NGX_HTTP_MFA_TEMPLATE_H

#include "nginx/conf.h"

/* Fills portal->themes, style and csp from portal->templates; NGX_ERROR logged. */
ngx_int_t ngx_http_mfa_template_load(ngx_conf_t *cf,
    ngx_http_mfa_portal_t *portal);

/* The theme for a request: the first of Accept-Language the portal has. */
ngx_http_mfa_theme_t *ngx_http_mfa_template_theme(
    ngx_http_mfa_portal_t *portal, ngx_http_request_t *r);

#endif /* NGX_HTTP_MFA_TEMPLATE_H */
