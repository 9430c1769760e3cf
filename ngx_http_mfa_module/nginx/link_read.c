/*
 * The incoming side of a link, see link_inside.h: bytes become replies, replies
 * go to the hello first and then to the calls in the order their commands left.
 *
 * That order is all there is to tell answers apart, so the connection is
 * dropped whenever it is in doubt: an answer nobody asked for, or bytes that
 * are not the protocol.
 */

#include "nginx/link_inside.h"

#define ERROR_MAX  120                      /* bytes of an error, logged */


/* An error's text without what it quotes of our arguments, and without bytes
   that have no place in a log. */
static void
error_log(ngx_http_mfa_link_t *link, const mfa_reply_t *error)
{
    size_t  i, left;
    u_char  text[ERROR_MAX];

    static const char  quoting[] = ", with args";

    if (!ngx_http_mfa_link_may_log(&link->logged)) {
        return;
    }

    for (i = 0; i < error->str.len && i < ERROR_MAX; i++) {
        left = error->str.len - i;

        if (left >= sizeof(quoting) - 1
            && ngx_memcmp(error->str.data + i, quoting, sizeof(quoting) - 1)
               == 0)
        {
            break;
        }

        text[i] = error->str.data[i];

        if (text[i] < 0x20 || text[i] > 0x7e) {
            text[i] = '?';
        }
    }

    ngx_log_error(NGX_LOG_ERR, link->links->log, 0, "mfa: redis %V: %*s",
                  &link->links->conf->addr.name, i, text);
}


/* Whether the data there is of a version we know. */
static ngx_int_t
hello_check(ngx_http_mfa_link_t *link)
{
    mfa_result_t           result;
    ngx_http_mfa_links_t  *links;

    links = link->links;

    ngx_memzero(&result, sizeof(mfa_result_t));

    result.ok = 1;
    result.n = links->hello.n;
    result.replies = (const mfa_reply_t *const *) link->hello;

    switch (mfa_store_schema_result(&links->hello, &result,
                                    links->hello_schema))
    {
    case MFA_YES:
        return NGX_OK;

    case MFA_NO:
        ngx_http_mfa_link_fail(link, 0,
                               "its data is of a newer version, refused");
        return NGX_ERROR;

    default:
        ngx_http_mfa_link_fail(link, 0,
                               "it does not say of which version its data is");
        return NGX_ERROR;
    }
}


static ngx_int_t
hello_take(ngx_http_mfa_link_t *link, mfa_reply_t *reply)
{
    const mfa_reply_t  *error;

    link->hello[link->hello_got++] = reply;

    error = mfa_wire_error(reply);

    if (error) {
        error_log(link, error);
        ngx_http_mfa_link_fail(link, 0, "refused");
        return NGX_ERROR;
    }

    if (link->hello_got < link->links->hello.n) {
        return NGX_OK;
    }

    if (hello_check(link) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_mfa_link_hello_free(link);

    /* Nothing else has left yet, so nothing else can have been answered. */
    if (mfa_wire_next(link->reader, &reply) != 0) {
        mfa_wire_reply_free(reply);
        ngx_http_mfa_link_fail(link, 0, "an answer nobody asked for");
        return NGX_ERROR;
    }

    link->state = LINK_READY;
    ngx_http_mfa_link_flush_post(link);

    return NGX_OK;
}


static ngx_int_t
call_take(ngx_http_mfa_link_t *link, ngx_http_mfa_call_t *call,
    mfa_reply_t *reply)
{
    ngx_uint_t          last;
    const mfa_reply_t  *error;

    last = ngx_http_mfa_call_take(call, reply);
    error = mfa_wire_error(reply);

    if (error) {
        call->failed = 1;
        error_log(link, error);

        if (mfa_wire_error_drops(error)) {
            ngx_http_mfa_link_fail(link, 0, "refused");
            return NGX_ERROR;
        }
    }

    if (last) {
        ngx_queue_remove(&call->queue);
        link->links->failures = 0;
        ngx_http_mfa_call_answer(call, !call->failed);
    }

    return NGX_OK;
}


static ngx_int_t
told_take(ngx_http_mfa_link_t *link, mfa_reply_t *told)
{
    ngx_int_t  rc;

    rc = ngx_http_mfa_tracking_told(link->links, told);
    mfa_wire_reply_free(told);

    if (rc != NGX_OK) {
        ngx_http_mfa_link_fail(link, 0, "it tells of what nobody asked for");
    }

    return rc;
}


static ngx_int_t
reply_take(ngx_http_mfa_link_t *link, mfa_reply_t *reply)
{
    ngx_queue_t  *q;

    if (link->state != LINK_READY) {
        return hello_take(link, reply);
    }

    if (link == &link->links->tracking.link && mfa_store_tells(reply)) {
        return told_take(link, reply);
    }

    if (ngx_queue_empty(&link->calls)) {
        mfa_wire_reply_free(reply);
        ngx_http_mfa_link_fail(link, 0, "an answer nobody asked for");
        return NGX_ERROR;
    }

    q = ngx_queue_head(&link->calls);

    return call_take(link, ngx_queue_data(q, ngx_http_mfa_call_t, queue),
                     reply);
}


static ngx_int_t
link_feed(ngx_http_mfa_link_t *link, size_t len)
{
    int           rc;
    mfa_reply_t  *reply;

    /* Out of memory is seen by the next call: the reader stays in error. */
    (void) redisReaderFeed(link->reader, (char *) link->links->in, len);

    for ( ;; ) {
        rc = mfa_wire_next(link->reader, &reply);

        if (rc == 0) {
            return NGX_OK;
        }

        if (rc < 0) {
            ngx_http_mfa_link_fail(link, 0,
                                   "what it sends is not the protocol");
            return NGX_ERROR;
        }

        if (reply_take(link, reply) != NGX_OK) {
            return NGX_ERROR;
        }
    }
}


/* Until there is no more: an event may be told only once. */
static ngx_int_t
link_read(ngx_http_mfa_link_t *link)
{
    ssize_t            n;
    ngx_connection_t  *c;

    c = link->connection;

    for ( ;; ) {
        n = c->recv(c, link->links->in, LINK_READ_SIZE);

        if (n == NGX_AGAIN) {
            return NGX_OK;
        }

        if (n <= 0 && ngx_http_mfa_link_is_resting(link)) {
            /* A server that restarts, or is tired of idle connections. */
            ngx_http_mfa_link_close(link);
            return NGX_ERROR;
        }

        if (n <= 0) {
            ngx_http_mfa_link_fail(link, 0, "connection lost");
            return NGX_ERROR;
        }

        if (link_feed(link, n) != NGX_OK) {
            return NGX_ERROR;
        }
    }
}


void
ngx_http_mfa_link_read_handler(ngx_event_t *rev)
{
    ngx_connection_t     *c;
    ngx_http_mfa_link_t  *link;

    c = rev->data;
    link = c->data;

    if (c->close) {
        /* This worker leaves. */
        ngx_http_mfa_link_close(link);
        return;
    }

    if (rev->timedout) {
        rev->timedout = 0;
        ngx_http_mfa_link_expire(link);
        return;
    }

    if (link->state == LINK_CONNECTING) {
        /* The write event tells how it went. */
        return;
    }

    if (link_read(link) != NGX_OK) {
        return;
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_http_mfa_link_fail(link, 0, "connection lost");
        return;
    }

    ngx_http_mfa_link_timer(link);
    ngx_http_mfa_link_rest(link);
}
