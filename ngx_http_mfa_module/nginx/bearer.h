/*
 * Tokens of the console's JSON API at the gate: a request below api/ with
 * "Authorization: Bearer" is judged by its token, and by nothing else it brings.
 */

#ifndef NGX_HTTP_MFA_BEARER_H
#define NGX_HTTP_MFA_BEARER_H

#include "nginx/gate.h"

/* Whether r is such a request, in a location that is lcf's. */
ngx_uint_t ngx_http_mfa_bearer_is(ngx_http_request_t *r,
    ngx_http_mfa_loc_conf_t *lcf);

/*
 * Asks whose token it is.  NGX_OK: gate has its verdict, ALLOW with
 * gate->bearer told; NGX_AGAIN: it will, then the phases go on; else a status.
 */
ngx_int_t ngx_http_mfa_bearer_ask(ngx_http_request_t *r,
    ngx_http_mfa_gate_t *gate);

#endif /* NGX_HTTP_MFA_BEARER_H */
