/*
 * mfa_check: the verdict for another proxy's forward-auth.  The gate of its
 * location says no (gate.c, never with a page or a redirect); what is left for
 * the content handler is yes: 204 and who it is.
 */

#ifndef NGX_HTTP_MFA_CHECK_H
#define NGX_HTTP_MFA_CHECK_H

#include "nginx/conf.h"

/* Directive mfa_check. */
char *ngx_http_mfa_check(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* What a location inherits, for "if" and "limit_except" blocks: NGX_CONF_OK or
   an error, logged. */
char *ngx_http_mfa_check_merge(ngx_conf_t *cf, ngx_http_mfa_loc_conf_t *prev,
    ngx_http_mfa_loc_conf_t *conf);

/* What needs the whole configuration: NGX_OK, or NGX_ERROR, logged. */
ngx_int_t ngx_http_mfa_check_places(ngx_conf_t *cf);

/*
 * Adds Mfa-Location to an answer that says no: the page of the portal where the
 * user can go on, with the URL the other proxy was asked for as return URL.
 */
ngx_int_t ngx_http_mfa_check_lead(ngx_http_request_t *r,
    ngx_http_mfa_portal_t *portal, const char *page);

#endif /* NGX_HTTP_MFA_CHECK_H */
