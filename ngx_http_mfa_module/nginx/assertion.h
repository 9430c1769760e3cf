/*
 * $mfa_assertion: who a request comes from, signed for the application behind
 * (core/jwt.h), and the key it is signed with.
 */

#ifndef NGX_HTTP_MFA_ASSERTION_H
#define NGX_HTTP_MFA_ASSERTION_H

#include "nginx/conf.h"

/* Directive mfa_assertion_key. */
char *ngx_http_mfa_assertion_key(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* What needs the whole configuration: NGX_OK, or NGX_ERROR, logged. */
ngx_int_t ngx_http_mfa_assertion_check(ngx_conf_t *cf);

/*
 * The assertion for r: the same bytes each time it is asked for.  Empty unless
 * the gate of the very location that handles r (or, for a clone, its parent)
 * has allowed it.
 */
mfa_str_t ngx_http_mfa_assertion(ngx_http_request_t *r);

#endif /* NGX_HTTP_MFA_ASSERTION_H */
