/*
 * The life of one connection to Redis, see link_inside.h: connect, deadline,
 * rest, close.  link_write.c and link_read.c are its two directions.
 *
 * The timer is that of the connection's read event, so closing removes it.  It
 * runs only while something is in flight and is not cancelable then: a worker
 * that leaves lets its last requests have their answers, and a link at rest
 * does not hold it.
 */

#include "nginx/link_inside.h"
#include "nginx/meter.h"


void
ngx_http_mfa_link_init(ngx_http_mfa_link_t *link, ngx_http_mfa_links_t *links)
{
    link->links = links;
    ngx_queue_init(&link->calls);

    link->flush.data = link;
    link->flush.handler = ngx_http_mfa_link_flush_handler;
    link->flush.log = links->log;
}


ngx_uint_t
ngx_http_mfa_link_may_log(time_t *logged)
{
    if (*logged == ngx_time()) {
        return 0;
    }

    *logged = ngx_time();

    return 1;
}


void
ngx_http_mfa_link_fail(ngx_http_mfa_link_t *link, ngx_err_t err,
    const char *why)
{
    if (ngx_http_mfa_link_may_log(&link->logged)) {
        ngx_log_error(NGX_LOG_ERR, link->links->log, err, "mfa: redis %V: %s",
                      &link->links->conf->addr.name, why);
    }

    ngx_http_mfa_links_failed(link->links);
    ngx_http_mfa_link_close(link);
}


/* --- connect --- */

static ngx_int_t
link_connect(ngx_http_mfa_link_t *link)
{
    ngx_int_t                        rc;
    ngx_log_t                        quiet;
    ngx_connection_t                *c;
    ngx_peer_connection_t            peer;
    const ngx_http_mfa_link_conf_t  *conf;

    conf = link->links->conf;

    /* nginx's own line would be a [crit] where the socket file is not there,
       and one for every try; ours is bounded. */
    quiet = *link->links->log;
    quiet.log_level = NGX_LOG_STDERR;

    ngx_memzero(&peer, sizeof(ngx_peer_connection_t));

    peer.sockaddr = conf->addr.sockaddr;
    peer.socklen = conf->addr.socklen;
    peer.name = (ngx_str_t *) &conf->addr.name;
    peer.get = ngx_event_get_peer;
    peer.log = &quiet;
    peer.log_error = NGX_ERROR_INFO;
    peer.so_keepalive = 1;

    ngx_set_errno(0);

    rc = ngx_event_connect_peer(&peer);

    if (rc != NGX_OK && rc != NGX_AGAIN) {
        ngx_http_mfa_link_fail(link, ngx_errno, "connect failed");
        return NGX_ERROR;
    }

    ngx_http_mfa_meter_add(MFA_METER_STORE_CONNECTS, 1);

    c = peer.connection;

    c->data = link;
    c->log = link->links->log;
    c->read->log = c->log;
    c->write->log = c->log;
    c->read->handler = ngx_http_mfa_link_read_handler;
    c->write->handler = ngx_http_mfa_link_write_handler;

    link->connection = c;
    link->state = rc == NGX_OK ? LINK_HELLO : LINK_CONNECTING;

    /* Knows itself that a unix socket has none; what fails is logged there. */
    (void) ngx_tcp_nodelay(c);

    return NGX_OK;
}


ngx_int_t
ngx_http_mfa_link_open(ngx_http_mfa_link_t *link, ngx_msec_t deadline)
{
    ngx_int_t  rc;

    if (!ngx_http_mfa_links_may_connect(link->links)) {
        return NGX_ERROR;
    }

    rc = ngx_http_mfa_link_out_add(link, &link->links->hello,
                                   &link->hello_len);
    link->reader = mfa_wire_reader();

    if (rc != NGX_OK || link->reader == NULL) {
        ngx_http_mfa_link_close(link);
        return NGX_ERROR;
    }

    link->hello_deadline = deadline;

    return link_connect(link);
}


ngx_int_t
ngx_http_mfa_link_connected(ngx_http_mfa_link_t *link)
{
    int        err;
    socklen_t  len;

    err = 0;
    len = sizeof(int);

    if (getsockopt(link->connection->fd, SOL_SOCKET, SO_ERROR, &err, &len)
        == -1)
    {
        err = ngx_socket_errno;
    }

    if (err) {
        ngx_http_mfa_link_fail(link, err, "connect failed");
        return NGX_ERROR;
    }

    link->state = LINK_HELLO;

    return NGX_OK;
}


/* --- deadline --- */

ngx_uint_t
ngx_http_mfa_link_is_resting(const ngx_http_mfa_link_t *link)
{
    return link->state == LINK_READY && ngx_queue_empty(&link->calls);
}


/* Of the oldest that is in flight. */
static ngx_msec_int_t
msec_left(const ngx_http_mfa_link_t *link)
{
    ngx_msec_t            deadline;
    ngx_queue_t          *q;
    ngx_http_mfa_call_t  *call;

    deadline = link->hello_deadline;

    if (link->state == LINK_READY) {
        q = ngx_queue_head(&link->calls);
        call = ngx_queue_data(q, ngx_http_mfa_call_t, queue);
        deadline = call->deadline;
    }

    return (ngx_msec_int_t) (deadline - ngx_current_msec);
}


void
ngx_http_mfa_link_timer(ngx_http_mfa_link_t *link)
{
    ngx_event_t     *rev;
    ngx_msec_int_t   left;

    rev = link->connection->read;

    if (ngx_http_mfa_link_is_resting(link)) {
        if (rev->timer_set) {
            ngx_del_timer(rev);
        }

        return;
    }

    /* One that is set may be early for what is the oldest now, never late: it
       is set anew when it has fired. */
    if (!rev->timer_set) {
        left = msec_left(link);
        ngx_add_timer(rev, left > 0 ? (ngx_msec_t) left : 1);
    }
}


void
ngx_http_mfa_link_expire(ngx_http_mfa_link_t *link)
{
    if (!ngx_http_mfa_link_is_resting(link) && msec_left(link) <= 0) {
        ngx_http_mfa_link_fail(link, NGX_ETIMEDOUT,
                               link->state == LINK_CONNECTING
                               ? "connect failed" : "no answer");
        return;
    }

    ngx_http_mfa_link_timer(link);
}


/* --- rest and close --- */

void
ngx_http_mfa_link_rest(ngx_http_mfa_link_t *link)
{
    if (link->held || !ngx_http_mfa_link_is_resting(link)) {
        return;
    }

    link->connection->idle = 1;

    /* nginx has already closed what was idle then.  It is closed behind the
       answers that are posted, as one of them may have more to send. */
    if (ngx_exiting) {
        ngx_http_mfa_link_flush_post(link);
    }
}


void
ngx_http_mfa_link_hello_free(ngx_http_mfa_link_t *link)
{
    while (link->hello_got) {
        mfa_wire_reply_free(link->hello[--link->hello_got]);
    }
}


void
ngx_http_mfa_link_close(ngx_http_mfa_link_t *link)
{
    ngx_queue_t          *q;
    ngx_http_mfa_call_t  *call;

    link->state = LINK_CLOSED;

    if (link->flush.posted) {
        ngx_delete_posted_event(&link->flush);
    }

    if (link->connection) {
        ngx_close_connection(link->connection);
        link->connection = NULL;
    }

    if (link->reader) {
        redisReaderFree(link->reader);
        link->reader = NULL;
    }

    ngx_http_mfa_link_out_free(link);
    ngx_http_mfa_link_hello_free(link);

    while (!ngx_queue_empty(&link->calls)) {
        q = ngx_queue_head(&link->calls);
        ngx_queue_remove(q);

        call = ngx_queue_data(q, ngx_http_mfa_call_t, queue);
        ngx_http_mfa_call_answer(call, 0);
    }

    if (link == &link->links->shared || link == &link->links->tracking.link) {
        ngx_http_mfa_tracking_lost(link->links);
    }
}
