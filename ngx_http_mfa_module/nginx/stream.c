/*
 * Open answers, see stream.h.
 *
 * Each look has a pool of its own, so that a connection of a week does not grow.
 * The watch itself is in the request's pool; the request's cleanup ends both, as
 * nothing else may look at a request that is gone.
 */

#include "nginx/stream.h"
#include "nginx/task.h"

#define SHORT_MAX          (1024 * 1024)    /* bytes: is sent before long */
#define LOOK_POOL          4096
#define PAUSE_MSEC         2000             /* before a silent store is asked
                                               again */
#define UNKNOWN_MAX        5                /* times recheck=: then it is cut */

typedef struct {
    ngx_http_request_t   *request;
    ngx_http_mfa_gate_t  *gate;             /* that has let it in */
    ngx_event_t           timer;
    ngx_pool_t           *pool;             /* of the look under way, or NULL */
    mfa_flow_gate_t      *flow;
    ngx_msec_t            interval;
    ngx_msec_t            known;            /* when it was last allowed */
} ngx_http_mfa_stream_t;


/* HEAD and the statuses without a body end with their header. */
MFA_HOT static ngx_uint_t
may_last(ngx_http_request_t *r)
{
    off_t       n;
    ngx_uint_t  status;

    n = r->headers_out.content_length_n;
    status = r->headers_out.status;

    if (status == NGX_HTTP_SWITCHING_PROTOCOLS) {
        return 1;
    }

    return r->method != NGX_HTTP_HEAD && !r->header_only
           && status != NGX_HTTP_NO_CONTENT && status != NGX_HTTP_NOT_MODIFIED
           && (n < 0 || n > SHORT_MAX);
}


static void
look_end(ngx_http_mfa_stream_t *stream)
{
    if (stream->pool) {
        ngx_destroy_pool(stream->pool);
        stream->pool = NULL;
    }
}


static void
stream_cleanup(void *data)
{
    ngx_http_mfa_stream_t  *stream = data;

    if (stream->timer.timer_set) {
        ngx_del_timer(&stream->timer);
    }

    look_end(stream);
}


/* A posted request of r finishes this: the caller runs those. */
static void
cut(ngx_http_mfa_stream_t *stream, mfa_verdict_e verdict)
{
    ngx_http_request_t     *r;
    ngx_http_mfa_portal_t  *portal;

    r = stream->request;
    portal = stream->gate->lcf->portal;

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "mfa: %s for portal \"%*s\", an open answer is cut",
                  mfa_verdict_name(verdict), portal->core.name.len,
                  portal->core.name.data);

    /* A post_action would be begun in the middle of the answer. */
    r->post_action = 1;
    r->uri_changes = 0;

    /* An upstream that is cleaned up lets go of the request, too, and must not be
       the last: the cleanups are in it. */
    r->main->count++;

    ngx_http_finalize_request(r, NGX_ERROR);
}


static void
looked(ngx_http_request_t *r, void *data)
{
    ngx_http_mfa_stream_t  *stream = data;

    ngx_msec_t     since, bound, pause;
    mfa_verdict_e  verdict;

    verdict = stream->flow ? stream->flow->who.verdict
                           : MFA_VERDICT_UNAVAILABLE;
    look_end(stream);

    if (verdict == MFA_VERDICT_ALLOW) {
        stream->known = ngx_current_msec;
        ngx_add_timer(&stream->timer, stream->interval);
        return;
    }

    since = ngx_current_msec - stream->known;
    bound = UNKNOWN_MAX * stream->interval;

    if (verdict != MFA_VERDICT_UNAVAILABLE || since >= bound) {
        cut(stream, verdict);
        return;
    }

    pause = ngx_min(stream->interval, PAUSE_MSEC);
    ngx_add_timer(&stream->timer, ngx_min(pause, bound - since));
}


/* NGX_OK: there is an answer already; NGX_AGAIN: it will come. */
static ngx_int_t
look(ngx_http_mfa_stream_t *stream)
{
    mfa_flow_gate_t      *flow;
    ngx_http_mfa_gate_t  *gate;

    gate = stream->gate;
    stream->flow = NULL;
    stream->pool = ngx_create_pool(LOOK_POOL, stream->request->connection->log);

    if (stream->pool == NULL) {
        return NGX_OK;
    }

    flow = ngx_http_mfa_gate_flow(stream->request, stream->pool,
                                  gate->lcf->portal);
    if (flow == NULL) {
        return NGX_OK;
    }

    flow->rule = gate->lcf->rule;
    flow->fresh_sec = gate->lcf->fresh;
    stream->flow = flow;

    /* That the session is in use (flow->touch) is not written down: what nobody
       sits before must idle out. */
    return ngx_http_mfa_task_run_in(stream->request, stream->pool, &flow->flow,
                                    looked, stream);
}


static void
ngx_http_mfa_stream_wake(ngx_event_t *ev)
{
    ngx_connection_t       *c;
    ngx_http_mfa_stream_t  *stream;

    stream = ev->data;
    c = stream->request->connection;

    ngx_http_set_log_request(c->log, stream->request);

    if (look(stream) == NGX_AGAIN) {
        return;
    }

    looked(stream->request, stream);

    /* The request may be gone. */
    ngx_http_run_posted_requests(c);
}


MFA_HOT ngx_int_t
ngx_http_mfa_stream_watch(ngx_http_request_t *r, ngx_http_mfa_gate_t *gate)
{
    ngx_http_cleanup_t     *cln;
    ngx_http_mfa_main_t    *m;
    ngx_http_mfa_stream_t  *stream;

    /* A token's answer is complete when it begins. */
    if (gate->bearer || !may_last(r)) {
        return NGX_OK;
    }

    m = ngx_http_mfa_input_main(r);

    if (m == NULL) {
        return NGX_ERROR;
    }

    /* A header may be begun twice, when a filter behind this one fails. */
    if (m->watched) {
        return NGX_OK;
    }

    stream = ngx_pcalloc(r->pool, sizeof(ngx_http_mfa_stream_t));
    cln = ngx_http_cleanup_add(r, 0);

    if (stream == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = stream_cleanup;
    cln->data = stream;

    stream->request = r;
    stream->gate = gate;
    stream->interval = (ngx_msec_t) gate->lcf->portal->core.recheck_sec * 1000;
    stream->known = ngx_current_msec;
    stream->timer.data = stream;
    stream->timer.handler = ngx_http_mfa_stream_wake;
    stream->timer.log = r->connection->log;
    stream->timer.cancelable = 1;

    ngx_add_timer(&stream->timer, stream->interval);
    m->watched = 1;

    return NGX_OK;
}
