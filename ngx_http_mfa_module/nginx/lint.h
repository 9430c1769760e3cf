/*
 * Looks at a whole configuration for what is allowed and yet looks like a hole, and
 * warns of it: whoever runs "nginx -t" should see it before a visitor does.
 */

#ifndef NGX_HTTP_MFA_LINT_H
#define NGX_HTTP_MFA_LINT_H

#include "nginx/conf.h"

/* Keeps a location for the look; called for each when it is merged.  parent is
   the location around it.  NGX_OK, or NGX_ERROR without memory. */
ngx_int_t ngx_http_mfa_lint_add(ngx_conf_t *cf, ngx_http_mfa_loc_conf_t *lcf,
    ngx_http_mfa_loc_conf_t *parent);

/* Warns; called when all is merged. */
void ngx_http_mfa_lint(ngx_conf_t *cf);

#endif /* NGX_HTTP_MFA_LINT_H */
