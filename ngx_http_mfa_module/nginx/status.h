/*
 * mfa_status: a location that tells what all workers have counted and whether the
 * store answers now, which is asked for every request.
 *
 *   (nothing), format=prometheus    text for Prometheus, always 200
 *   format=json                     200, or 503 when the store does not answer
 *
 * It names portals and nobody else.  Who may read it is nginx's to say, or the
 * gate's.
 */

#ifndef NGX_HTTP_MFA_STATUS_H
#define NGX_HTTP_MFA_STATUS_H

#include "nginx/conf.h"

/* The directive. */
char *ngx_http_mfa_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
/* At the merge of a location's configuration. */
void ngx_http_mfa_status_merge(ngx_http_core_loc_conf_t *clcf,
    ngx_http_mfa_loc_conf_t *prev, ngx_http_mfa_loc_conf_t *conf);
/* When all is read; NGX_OK or NGX_ERROR, logged. */
ngx_int_t ngx_http_mfa_status_check(ngx_conf_t *cf,
    ngx_http_mfa_main_conf_t *mcf);

#endif /* NGX_HTTP_MFA_STATUS_H */
