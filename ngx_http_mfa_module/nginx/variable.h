/*
 * $mfa_* variables: what the gate found, empty before it.
 */

#ifndef NGX_HTTP_MFA_VARIABLE_H
#define NGX_HTTP_MFA_VARIABLE_H

#include <ngx_config.h>
#include <ngx_core.h>

/* In preconfiguration. */
ngx_int_t ngx_http_mfa_variables_add(ngx_conf_t *cf);

#endif /* NGX_HTTP_MFA_VARIABLE_H */
