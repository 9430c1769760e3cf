/*
 * The gate: a PRECONTENT handler for requests and subrequests.  Runs flow gate,
 * lets through what it allows, answers the rest itself.
 */

#ifndef NGX_HTTP_MFA_GATE_H
#define NGX_HTTP_MFA_GATE_H

#include "nginx/input.h"

#include "core/flow_token.h"

/* A request's (or subrequest's) own state at the gate of its location. */
typedef struct {
    ngx_http_mfa_loc_conf_t  *lcf;              /* the location judged for */
    ngx_http_mfa_main_t      *main;             /* the main request's record */
    mfa_flow_gate_t          *flow;             /* that has been run, if any */
    const mfa_who_t          *who;              /* once judged */
    mfa_verdict_e             verdict;
    ngx_uint_t                waiting;
    ngx_uint_t                judged;           /* verdict is on record */
    ngx_uint_t                answered;         /* the response is ours */
    ngx_str_t                 assertion;        /* empty until it is asked for */
    mfa_flow_bearer_t        *bearer;           /* of a token, or NULL */
    void                     *console;          /* ngx_http_mfa_console_t, or NULL */
} ngx_http_mfa_gate_t;

ngx_int_t ngx_http_mfa_gate_handler(ngx_http_request_t *r);

/*
 * Flow gate for the request's cookie, in pool: for the gate, for pages and for
 * open answers.  NULL without memory.
 */
mfa_flow_gate_t *ngx_http_mfa_gate_flow(ngx_http_request_t *r,
    ngx_pool_t *pool, ngx_http_mfa_portal_t *portal);

/* Keeps what a flow gate has found for the rest of the main request, and sends
   the write it may have left. */
ngx_int_t ngx_http_mfa_gate_keep(ngx_http_request_t *r,
    ngx_http_mfa_portal_t *portal, mfa_flow_gate_t *flow);

#endif /* NGX_HTTP_MFA_GATE_H */
