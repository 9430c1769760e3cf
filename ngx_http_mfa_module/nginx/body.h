/*
 * A request's body as one piece, and no second copy of it: it may hold a
 * password.
 */

#ifndef NGX_HTTP_MFA_BODY_H
#define NGX_HTTP_MFA_BODY_H

#include "nginx/conf.h"

/*
 * Keeps bodies of a location in memory, up to max bytes; more is nginx's 413.
 */
void ngx_http_mfa_body_conf(ngx_http_core_loc_conf_t *clcf, size_t max);

/*
 * After the body was read: moves it into *body, in r's pool and wiped with it;
 * what nginx read it into is wiped now.  NGX_OK, NGX_DECLINED when it is longer
 * than max or was written to a file, NGX_ERROR without memory.
 */
ngx_int_t ngx_http_mfa_body_take(ngx_http_request_t *r, size_t max,
    mfa_str_t *body);

/* Whether the body is said to be JSON; parameters of the type do not matter. */
ngx_uint_t ngx_http_mfa_body_is_json(ngx_http_request_t *r);

/* Memory of r's pool that is wiped when that goes; NULL: none. */
void *ngx_http_mfa_wiped_alloc(ngx_http_request_t *r, size_t size);

#endif /* NGX_HTTP_MFA_BODY_H */
