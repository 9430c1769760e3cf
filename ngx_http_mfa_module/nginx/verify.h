/*
 * mfa_verify PORTAL: a location in which other resources (SSH, a desktop) ask
 * whether somebody needs a code and whether it is right.  A POST of JSON in, JSON
 * out; no cookies, no session, nothing for browsers.
 *
 * Who may ask is nginx's to say (allow and deny, a unix socket, client
 * certificates): whoever does is believed about names and addresses.
 */

#ifndef NGX_HTTP_MFA_VERIFY_H
#define NGX_HTTP_MFA_VERIFY_H

#include "nginx/conf.h"

/* The directive. */
char *ngx_http_mfa_verify(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
/* At the merge of a location's configuration. */
void ngx_http_mfa_verify_merge(ngx_http_core_loc_conf_t *clcf,
    ngx_http_mfa_loc_conf_t *prev, ngx_http_mfa_loc_conf_t *conf);
/* When all is read; NGX_OK or NGX_ERROR, logged. */
ngx_int_t ngx_http_mfa_verify_check(ngx_conf_t *cf,
    ngx_http_mfa_main_conf_t *mcf);

#endif /* NGX_HTTP_MFA_VERIFY_H */
