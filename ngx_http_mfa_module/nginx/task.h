/*
 * A flow attached to a request: carries out what the flow asks for, one
 * operation at a time, and wakes the request when it has ended.
 */

#ifndef NGX_HTTP_MFA_TASK_H
#define NGX_HTTP_MFA_TASK_H

#include "nginx/input.h"

typedef struct ngx_http_mfa_task_s  ngx_http_mfa_task_t;

/* Called when a flow that had to wait has ended; never from inside run. */
typedef void (*ngx_http_mfa_task_done_pt)(ngx_http_request_t *r, void *data);

/*
 * Runs flow for r.  NGX_OK: it has ended already, done is not called.
 * NGX_AGAIN: done will be called once, from the event loop, with r's log context
 * set; posted requests are run after it.  NGX_ERROR: no memory.
 * Replies the flow has seen live until r's pool goes.  When r goes first, the
 * flow is dropped where it is, and what it asked for is forgotten.
 */
ngx_int_t ngx_http_mfa_task_run(ngx_http_request_t *r, mfa_flow_t *flow,
    ngx_http_mfa_task_done_pt done, void *data);

/*
 * The same with the task, and the replies, in a pool of their own, for what runs
 * again and again in one request.  The flow is dropped when the pool goes: the
 * caller destroys it before r goes, and may do so in done.
 */
ngx_int_t ngx_http_mfa_task_run_in(ngx_http_request_t *r, ngx_pool_t *pool,
    mfa_flow_t *flow, ngx_http_mfa_task_done_pt done, void *data);

/* This worker's links, made when first asked for; NULL without memory. */
ngx_http_mfa_links_t *ngx_http_mfa_task_links(ngx_http_request_t *r);

/*
 * The level for a line about a flow that has ended.  What somebody tried while the
 * store could not be asked is on no record: it is told of at a level that is on by
 * default, so many times a second and worker that nobody fills a disk with it.
 */
ngx_uint_t ngx_http_mfa_task_level(mfa_outcome_e outcome, ngx_uint_t attempt);

/* Sends a flow's op and does not wait for the answer. */
void ngx_http_mfa_task_send(ngx_http_request_t *r, const mfa_op_t *op);

#endif /* NGX_HTTP_MFA_TASK_H */
