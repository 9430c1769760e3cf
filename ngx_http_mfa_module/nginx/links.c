/*
 * A worker's links to Redis, see link.h: which link a call goes to, who waits
 * for a reserved one, and how long nobody tries to connect after a failure.
 *
 * The pause is the set's and not a link's: it is one server behind all of them.
 * It is a time that is looked at, not a timer: an outage costs a worker nothing
 * while nobody asks.
 */

#include "nginx/link_inside.h"
#include "nginx/meter.h"

#define PAUSE_MIN  50                       /* msec, after the first failure */
#define PAUSE_MAX  1000                     /* msec; recovery within 2 s */


static void  waiting_expire(ngx_event_t *ev);

/* The cache's. */
static const mfa_heap_t  heap = { malloc, free };


/* What is sent first on every connection. */
static ngx_int_t
hello_make(ngx_http_mfa_links_t *links)
{
    mfa_op_t                        *op;
    const ngx_http_mfa_link_conf_t  *conf;

    op = &links->hello;
    conf = links->conf;

    mfa_op_reset(op);

    if (conf->password.len) {
        mfa_op_begin(op, "AUTH");

        if (conf->user.len) {
            mfa_op_arg(op, (mfa_str_t) { conf->user.data, conf->user.len });
        }

        mfa_op_arg(op, (mfa_str_t) { conf->password.data,
                                     conf->password.len });
    }

    if (conf->db) {
        mfa_op_begin(op, "SELECT");
        mfa_op_number(op, conf->db);
    }

    links->hello_schema = mfa_store_schema(op);

    return op->failed || op->n > LINK_HELLO_MAX ? NGX_ERROR : NGX_OK;
}


static void
links_free(ngx_http_mfa_links_t *links)
{
    if (links->cache) {
        mfa_cache_destroy(links->cache);
    }

    ngx_free(links);
}


ngx_http_mfa_links_t *
ngx_http_mfa_links_create(const ngx_http_mfa_link_conf_t *conf, ngx_log_t *log)
{
    ngx_uint_t             i;
    ngx_http_mfa_links_t  *links;

    links = ngx_calloc(sizeof(ngx_http_mfa_links_t), log);
    if (links == NULL) {
        return NULL;
    }

    links->conf = conf;
    links->log = log;

    ngx_http_mfa_link_init(&links->shared, links);

    for (i = 0; i < LINK_RESERVED_MAX; i++) {
        ngx_http_mfa_link_init(&links->reserved[i], links);
    }

    ngx_http_mfa_tracking_init(links);
    ngx_queue_init(&links->waiting);

    links->waiting_timer.data = links;
    links->waiting_timer.handler = waiting_expire;
    links->waiting_timer.log = log;

    if (conf->cache_entries) {
        links->cache = mfa_cache_create(conf->cache_entries, conf->random,
                                        &heap);
    }

    if (hello_make(links) != NGX_OK
        || (conf->cache_entries && links->cache == NULL))
    {
        links_free(links);
        return NULL;
    }

    return links;
}


void
ngx_http_mfa_links_meter(ngx_http_mfa_links_t *links)
{
    if (links->cache) {
        ngx_http_mfa_meter_cache(links->cache, &links->told);
    }

    ngx_http_mfa_meter_set(MFA_METER_STORE_IN_FLIGHT, links->in_flight);
}


/* --- pauses --- */

ngx_uint_t
ngx_http_mfa_links_may_connect(const ngx_http_mfa_links_t *links)
{
    return links->failures == 0
           || (ngx_msec_int_t) (ngx_current_msec - links->retry_at) >= 0;
}


/* Half of the pause is by chance, or all workers would come back at once. */
static ngx_msec_t
pause_msec(ngx_uint_t failures)
{
    ngx_msec_t  pause;
    uint64_t    seed[2];

    pause = ngx_min(PAUSE_MIN << ngx_min(failures, 10), PAUSE_MAX);

    seed[0] = ngx_pid;
    seed[1] = ngx_current_msec;

    return pause / 2 + ngx_murmur_hash2((u_char *) seed, sizeof(seed))
                       % (pause / 2 + 1);
}


void
ngx_http_mfa_links_failed(ngx_http_mfa_links_t *links)
{
    if (!ngx_http_mfa_links_may_connect(links)) {
        /* Another link of the same outage. */
        return;
    }

    links->retry_at = ngx_current_msec + pause_msec(links->failures);
    links->failures++;
}


/* --- reserved links --- */

/* One nobody holds, a connected one first. */
static ngx_http_mfa_link_t *
reserved_find(ngx_http_mfa_links_t *links)
{
    ngx_uint_t            i;
    ngx_http_mfa_link_t  *link, *found;

    found = NULL;

    for (i = 0; i < LINK_RESERVED_MAX; i++) {
        link = &links->reserved[i];

        if (link->held) {
            continue;
        }

        if (link->state == LINK_READY) {
            return link;
        }

        found = link;
    }

    return found;
}


static void
reserved_put(ngx_http_mfa_link_t *link, ngx_http_mfa_call_t *call)
{
    link->held = 1;

    if (ngx_http_mfa_link_put(link, call) != NGX_OK) {
        link->held = 0;
        ngx_http_mfa_link_close(link);
        ngx_http_mfa_call_answer(call, 0);
        return;
    }

    *call->reserved = link;
}


static void
waiting_put(ngx_http_mfa_links_t *links, ngx_http_mfa_call_t *call)
{
    ngx_msec_int_t  left;

    call->waiting = 1;
    ngx_queue_insert_tail(&links->waiting, &call->queue);

    if (!links->waiting_timer.timer_set) {
        left = (ngx_msec_int_t) (call->deadline - ngx_current_msec);
        ngx_add_timer(&links->waiting_timer,
                      left > 0 ? (ngx_msec_t) left : 1);
    }
}


static ngx_http_mfa_call_t *
waiting_head(ngx_http_mfa_links_t *links)
{
    ngx_queue_t  *q;

    if (ngx_queue_empty(&links->waiting)) {
        return NULL;
    }

    q = ngx_queue_head(&links->waiting);

    return ngx_queue_data(q, ngx_http_mfa_call_t, queue);
}


void
ngx_http_mfa_links_wait_end(ngx_http_mfa_call_t *call)
{
    ngx_http_mfa_links_t  *links;

    links = call->links;

    ngx_queue_remove(&call->queue);
    call->waiting = 0;

    /* A worker that leaves would wait for a timer that is for nobody. */
    if (ngx_queue_empty(&links->waiting) && links->waiting_timer.timer_set) {
        ngx_del_timer(&links->waiting_timer);
    }
}


static void
waiting_expire(ngx_event_t *ev)
{
    ngx_msec_int_t         left;
    ngx_http_mfa_call_t   *call;
    ngx_http_mfa_links_t  *links;

    links = ev->data;

    for ( ;; ) {
        call = waiting_head(links);

        if (call == NULL) {
            return;
        }

        left = (ngx_msec_int_t) (call->deadline - ngx_current_msec);

        if (left > 0) {
            ngx_add_timer(ev, (ngx_msec_t) left);
            return;
        }

        ngx_http_mfa_links_wait_end(call);
        ngx_http_mfa_call_answer(call, 0);
    }
}


void
ngx_http_mfa_link_release(ngx_http_mfa_links_t *links,
    ngx_http_mfa_link_t *link, ngx_uint_t clean)
{
    ngx_http_mfa_call_t  *call;

    if (link == NULL) {
        return;
    }

    link->held = 0;

    if (clean && ngx_http_mfa_link_is_resting(link)) {
        ngx_http_mfa_link_rest(link);

    } else {
        ngx_http_mfa_link_close(link);
    }

    while (!link->held) {
        call = waiting_head(links);

        if (call == NULL) {
            return;
        }

        ngx_http_mfa_links_wait_end(call);
        reserved_put(link, call);
    }
}


/* --- sending --- */

static void
call_place(ngx_http_mfa_links_t *links, ngx_http_mfa_call_t *call)
{
    ngx_http_mfa_link_t  *link;

    if (call->reserved == NULL) {
        link = &links->shared;

    } else if (*call->reserved) {
        link = *call->reserved;

        if (link->state == LINK_CLOSED) {
            /* What it watched went with the connection. */
            ngx_http_mfa_call_answer(call, 0);
            return;
        }

    } else {
        link = reserved_find(links);

        if (link) {
            reserved_put(link, call);

        } else {
            waiting_put(links, call);
        }

        return;
    }

    if (ngx_http_mfa_link_put(link, call) != NGX_OK) {
        ngx_http_mfa_call_answer(call, 0);
    }
}


ngx_http_mfa_call_t *
ngx_http_mfa_call_send(ngx_http_mfa_links_t *links, const mfa_op_t *op,
    ngx_http_mfa_link_t **reserved, ngx_http_mfa_call_handler_pt handler,
    void *data)
{
    ngx_http_mfa_call_t  *call;

    call = ngx_http_mfa_call_make(links, op, handler, data);
    if (call == NULL) {
        return NULL;
    }

    call->reserved = reserved;

    if (call->failed) {
        ngx_http_mfa_call_answer(call, 0);
        return call;
    }

    if (links->in_flight > links->conf->in_flight_max) {
        if (ngx_http_mfa_link_may_log(&links->logged)) {
            ngx_log_error(NGX_LOG_ERR, links->log, 0,
                          "mfa: redis %V: more than %ui calls in flight",
                          &links->conf->addr.name,
                          links->conf->in_flight_max);
        }

        ngx_http_mfa_call_answer(call, 0);
        return call;
    }

    call_place(links, call);

    return call;
}


/* --- the end --- */

static void
link_abandon(ngx_http_mfa_link_t *link)
{
    ngx_queue_t  *q;

    for (q = ngx_queue_head(&link->calls);
         q != ngx_queue_sentinel(&link->calls);
         q = ngx_queue_next(q))
    {
        (ngx_queue_data(q, ngx_http_mfa_call_t, queue))->forgotten = 1;
    }

    ngx_http_mfa_link_close(link);
}


void
ngx_http_mfa_links_destroy(ngx_http_mfa_links_t *links)
{
    ngx_uint_t            i;
    ngx_http_mfa_call_t  *call;

    ngx_http_mfa_tracking_lost(links);
    link_abandon(&links->shared);

    for (i = 0; i < LINK_RESERVED_MAX; i++) {
        link_abandon(&links->reserved[i]);
    }

    for (call = waiting_head(links); call; call = waiting_head(links)) {
        ngx_http_mfa_links_wait_end(call);
        ngx_http_mfa_call_free(call);
    }

    links_free(links);
}
