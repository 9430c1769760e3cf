/*
 * The addresses a server listens on, as far as the gate is concerned: what comes
 * in there is secret on its way, stays on this machine, or neither.
 */

#ifndef NGX_HTTP_MFA_LISTEN_H
#define NGX_HTTP_MFA_LISTEN_H

#include "nginx/conf.h"

#define NGX_HTTP_MFA_LISTEN_TLS    1
#define NGX_HTTP_MFA_LISTEN_LOCAL  2        /* plain: loopback, a unix socket */
#define NGX_HTTP_MFA_LISTEN_OPEN   4        /* plain, everywhere else */

/* Which of them a server has; for the checks after all is read. */
ngx_uint_t ngx_http_mfa_listen_kinds(ngx_conf_t *cf, void *server);

#endif /* NGX_HTTP_MFA_LISTEN_H */
