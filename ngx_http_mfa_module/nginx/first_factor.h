/*
 * First factors other than local passwords, as far as they are nginx's: the
 * location that is asked, the variable that names who is there.
 */

#ifndef NGX_HTTP_MFA_FIRST_FACTOR_H
#define NGX_HTTP_MFA_FIRST_FACTOR_H

#include "nginx/conf.h"

/*
 * Once all is read: that each server with pages of a portal has the location it
 * asks, internal and ungated, and that the variable exists.  NGX_OK, or NGX_ERROR
 * and logged with file and line.
 */
ngx_int_t ngx_http_mfa_first_factor_check(ngx_conf_t *cf);

/*
 * Who is there, as the portal's variable says; empty: nobody that nginx has
 * verified.
 */
mfa_str_t ngx_http_mfa_first_factor_identity(ngx_http_request_t *r,
    ngx_http_mfa_portal_t *portal);

#endif /* NGX_HTTP_MFA_FIRST_FACTOR_H */
