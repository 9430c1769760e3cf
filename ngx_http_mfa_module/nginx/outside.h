/*
 * A password that somebody else looks at: first_factor request=/uri.  The
 * question is a subrequest, a POST of login and password to an internal location,
 * and its status is the answer; where the location leads is the configuration's.
 *
 * Nothing of the client's request goes along: no cookie, no header but Host.
 * Nothing of the answer but its status comes back.
 */

#ifndef NGX_HTTP_MFA_OUTSIDE_H
#define NGX_HTTP_MFA_OUTSIDE_H

#include "nginx/conf.h"

#include "core/flow.h"

typedef struct ngx_http_mfa_outside_s  ngx_http_mfa_outside_t;

/*
 * Called once, from the event loop, unless forgotten: answer is MFA_YES for 2xx,
 * MFA_NO for 401 and 403, MFA_UNKNOWN for everything else.  Posted requests are
 * run after it.
 */
typedef void (*ngx_http_mfa_outside_handler_pt)(void *data, mfa_tri_e answer);

/*
 * Asks location about ask.  r is a main request that its content handler holds
 * and whose body has been read.  Everything is copied; what holds the password is
 * wiped when r ends.  Returns what was asked, or NULL: the caller answers "could
 * not tell".
 */
ngx_http_mfa_outside_t *ngx_http_mfa_outside_ask(ngx_http_request_t *r,
    mfa_str_t location, const mfa_outside_ask_t *ask,
    ngx_http_mfa_outside_handler_pt handler, void *data);

/* Nobody waits any more. */
void ngx_http_mfa_outside_forget(ngx_http_mfa_outside_t *outside);

#endif /* NGX_HTTP_MFA_OUTSIDE_H */
