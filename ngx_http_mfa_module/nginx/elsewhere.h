/*
 * Whether a path may lead elsewhere: to another gate than that of the location
 * nginx has chosen, when the upstream reads it in another way (core/raw_path.h).
 */

#ifndef NGX_HTTP_MFA_ELSEWHERE_H
#define NGX_HTTP_MFA_ELSEWHERE_H

#include "nginx/conf.h"

/* Keeps a location of its server; called for each when it is merged.  NGX_OK, or
   NGX_ERROR without memory. */
ngx_int_t ngx_http_mfa_elsewhere_add(ngx_conf_t *cf,
    ngx_http_mfa_loc_conf_t *lcf);

/*
 * Returns 1 when the path of a request might be read as one of
 *
 *     a location without a gate:  any other location of the server;
 *     a gated one:                a location with another gate;
 *
 * or has too many readings to tell; else 0.  Where prefixes and regular expressions compete,
 * any expression that matches counts, whichever nginx would have tried first.
 */
ngx_uint_t ngx_http_mfa_elsewhere(ngx_http_request_t *r,
    const ngx_http_mfa_loc_conf_t *lcf);

#endif /* NGX_HTTP_MFA_ELSEWHERE_H */
