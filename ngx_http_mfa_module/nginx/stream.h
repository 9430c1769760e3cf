/*
 * Open answers: a WebSocket, a stream of events, a long download has passed the
 * gate once and goes on for hours.  It is judged again every recheck= of its
 * portal, without counting as activity, and cut when the verdict is no longer
 * "allow".
 */

#ifndef NGX_HTTP_MFA_STREAM_H
#define NGX_HTTP_MFA_STREAM_H

#include "nginx/gate.h"

/*
 * For a main request that was allowed, when its header is sent: judges it again
 * as long as it lasts, when it may last.  NGX_OK, or NGX_ERROR without memory:
 * nothing may be sent then.
 */
ngx_int_t ngx_http_mfa_stream_watch(ngx_http_request_t *r,
    ngx_http_mfa_gate_t *gate);

#endif /* NGX_HTTP_MFA_STREAM_H */
