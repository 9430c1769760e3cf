/*
 * The backstop: a header filter that lets no successful answer leave a gated
 * location unless the gate has put its verdict on record.  What the gate cannot
 * see (a "return 200", content made in an earlier phase, a module that answers
 * where it should not) ends here with 403.
 *
 * It also drops Set-Cookie lines of an upstream that name our cookies, and marks
 * gated answers as private for caches; what a site has answered to somebody by
 * name stays out of nginx's own cache, unless the key keeps sessions apart.
 */

#ifndef NGX_HTTP_MFA_BACKSTOP_H
#define NGX_HTTP_MFA_BACKSTOP_H

#include <ngx_config.h>
#include <ngx_core.h>

ngx_int_t ngx_http_mfa_backstop_init(ngx_conf_t *cf);

#endif /* NGX_HTTP_MFA_BACKSTOP_H */
