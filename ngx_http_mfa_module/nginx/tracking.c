/*
 * Keeps the worker's cache true, see link_inside.h: a link that only listens is
 * told by the server of every change of what the shared link has read.
 *
 * In this order: the listening link subscribes, the shared link is told to have
 * its readings tracked, and when that is acknowledged the cache is open.  It is
 * closed, and with that empty, as soon as either connection is gone: what the
 * one has read is tracked no more, what the other should hear is said to nobody.
 * A connection that breaks without a word is found by asking it now and then
 * (BEAT_MSEC and the links' timeout: so long a worker that is cut off from the
 * server may believe what it knows).
 *
 * A worker that is not used lets go of all this and begins again when it is.
 */

#include "nginx/link_inside.h"

#define BEAT_MSEC    250
#define BEATS_IDLE   240                    /* without use, then it rests */
#define PAUSE_MSEC   10000                  /* after a server that would not */
#define RETRY_MSEC   1000                   /* after one that hung up over it */


static void  tracking_beat(ngx_event_t *ev);
static void  tracking_asked(ngx_http_mfa_call_t *call);
static void  tracking_armed(ngx_http_mfa_call_t *call);
static void  tracking_beaten(ngx_http_mfa_call_t *call);


void
ngx_http_mfa_tracking_init(ngx_http_mfa_links_t *links)
{
    ngx_http_mfa_tracking_t  *t;

    t = &links->tracking;
    ngx_http_mfa_link_init(&t->link, links);

    t->beat.data = links;
    t->beat.handler = tracking_beat;
    t->beat.log = links->log;
    t->beat.cancelable = 1;
}


/* --- losing it --- */

void
ngx_http_mfa_tracking_lost(ngx_http_mfa_links_t *links)
{
    ngx_http_mfa_tracking_t  *t;

    t = &links->tracking;

    if (t->state == TRACKING_OFF) {
        return;
    }

    /* Lost on the way there: what is behind the address may never do this. */
    if (t->state != TRACKING_ON && !t->refused) {
        t->retry_at = ngx_current_msec + RETRY_MSEC;
        t->refused = 1;
    }

    t->state = TRACKING_OFF;
    mfa_cache_close(links->cache);
    ngx_http_mfa_links_meter(links);

    if (t->call) {
        ngx_http_mfa_call_forget(t->call);
        t->call = NULL;
    }

    if (t->beat.timer_set) {
        ngx_del_timer(&t->beat);
    }

    ngx_http_mfa_link_close(&t->link);
}


/* A server that answers with an error does not do this: it is too old, or its
   ACL forbids. */
static void
not_to_be(ngx_http_mfa_links_t *links, ngx_http_mfa_call_t *call)
{
    ngx_http_mfa_tracking_t  *t;

    t = &links->tracking;

    if (call->failed) {
        ngx_log_error(NGX_LOG_WARN, links->log, 0,
                      "mfa: redis %V does not tell of changes: mfa_cache is "
                      "not used", &links->conf->addr.name);

        t->retry_at = ngx_current_msec + PAUSE_MSEC;
        t->refused = 1;
    }

    ngx_http_mfa_tracking_lost(links);
}


/* --- getting there --- */

/* A step is under way, unless sending it has lost what is to be kept (a link
   that does not open is closed at once): then nobody waits for it. */
static void
step(ngx_http_mfa_links_t *links, tracking_state_e state,
    ngx_http_mfa_call_t *call)
{
    if (call && links->tracking.state == state) {
        links->tracking.call = call;
        return;
    }

    if (call) {
        ngx_http_mfa_call_forget(call);
    }

    ngx_http_mfa_tracking_lost(links);
}


/* To the listening link itself. */
static ngx_http_mfa_call_t *
listener_send(ngx_http_mfa_links_t *links, const mfa_op_t *op,
    ngx_http_mfa_call_handler_pt handler)
{
    ngx_http_mfa_call_t  *call;

    call = ngx_http_mfa_call_make(links, op, handler, links);

    if (call) {
        call->own = 1;
    }

    if (call && (call->failed
                 || ngx_http_mfa_link_put(&links->tracking.link, call)
                    != NGX_OK))
    {
        ngx_http_mfa_call_answer(call, 0);
    }

    return call;
}


static void
listen_begin(ngx_http_mfa_links_t *links)
{
    mfa_op_t                  op;
    ngx_http_mfa_tracking_t  *t;

    t = &links->tracking;
    mfa_op_reset(&op);
    t->refused = 0;
    t->listen_at = mfa_store_listen(&op);
    t->state = TRACKING_ASKED;
    step(links, TRACKING_ASKED, listener_send(links, &op, tracking_asked));
}


MFA_HOT mfa_cache_t *
ngx_http_mfa_links_cache(ngx_http_mfa_links_t *links)
{
    ngx_http_mfa_tracking_t  *t;

    t = &links->tracking;

    /* Behind a shared link that is up: a server that is away is tried by that
       alone. */
    if (t->state == TRACKING_OFF && links->cache != NULL && !ngx_exiting
        && links->shared.state == LINK_READY
        && !(t->refused
             && (ngx_msec_int_t) (ngx_current_msec - t->retry_at) < 0))
    {
        listen_begin(links);
    }

    return links->cache;
}


static void
tracking_asked(ngx_http_mfa_call_t *call)
{
    int64_t                   id;
    mfa_op_t                  op;
    ngx_http_mfa_links_t     *links;
    ngx_http_mfa_tracking_t  *t;

    links = call->data;
    t = &links->tracking;
    t->call = NULL;

    mfa_op_reset(&op);
    (void) mfa_store_listen(&op);

    if (mfa_store_listen_result(&op, &call->result, t->listen_at, &id) != 0) {
        not_to_be(links, call);
        return;
    }

    mfa_op_reset(&op);
    mfa_store_track(&op, id);
    t->state = TRACKING_ARMED;
    step(links, TRACKING_ARMED, ngx_http_mfa_call_send(links, &op, NULL,
                                                       tracking_armed, links));
}


static void
tracking_armed(ngx_http_mfa_call_t *call)
{
    ngx_http_mfa_links_t     *links;
    ngx_http_mfa_tracking_t  *t;

    links = call->data;
    t = &links->tracking;
    t->call = NULL;

    if (!call->result.ok) {
        not_to_be(links, call);
        return;
    }

    t->state = TRACKING_ON;
    t->beats = 0;
    mfa_cache_open(links->cache);
    ngx_http_mfa_links_meter(links);
    ngx_add_timer(&t->beat, BEAT_MSEC);
}


/* --- being sure of it --- */

/* Whether the cache was asked since the last beats. */
static ngx_uint_t
used(ngx_http_mfa_links_t *links)
{
    uint64_t                  asked;
    mfa_cache_stats_t         stats;
    ngx_http_mfa_tracking_t  *t;

    t = &links->tracking;
    mfa_cache_stats(links->cache, &stats);
    asked = stats.hits + stats.misses;

    if (asked != t->asked) {
        t->asked = asked;
        t->beats = 0;
    }

    return t->beats++ < BEATS_IDLE;
}


static void
tracking_beat(ngx_event_t *ev)
{
    mfa_op_t                  op;
    ngx_http_mfa_links_t     *links;
    ngx_http_mfa_tracking_t  *t;

    links = ev->data;
    t = &links->tracking;

    if (ngx_exiting || !used(links)) {
        ngx_http_mfa_tracking_lost(links);
        return;
    }

    ngx_add_timer(ev, BEAT_MSEC);
    ngx_http_mfa_links_meter(links);

    if (t->call) {
        /* Its own deadline ends it. */
        return;
    }

    mfa_op_reset(&op);
    mfa_store_ping(&op);
    step(links, TRACKING_ON, listener_send(links, &op, tracking_beaten));
}


static void
tracking_beaten(ngx_http_mfa_call_t *call)
{
    ngx_http_mfa_links_t  *links;

    links = call->data;
    links->tracking.call = NULL;

    if (!call->result.ok) {
        not_to_be(links, call);
    }
}


/* --- what it is for --- */

ngx_int_t
ngx_http_mfa_tracking_told(ngx_http_mfa_links_t *links, const mfa_reply_t *told)
{
    size_t     i;
    mfa_str_t  key;

    for (i = 0; /* void */ ; i++) {
        switch (mfa_store_told(told, &key, i)) {
        case MFA_CHANGES_KEY:
            mfa_cache_invalidate(links->cache, key);
            break;

        case MFA_CHANGES_ALL:
            mfa_cache_invalidate_all(links->cache);
            return NGX_OK;

        case MFA_CHANGES_END:
            return NGX_OK;

        default:
            return NGX_ERROR;
        }
    }
}
