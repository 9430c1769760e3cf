/*
 * The outgoing side of a link, see link_inside.h: a buffer of bytes that leave
 * together, at the end of a turn of the event loop or when they are many.
 *
 * Until the hello is answered only its bytes may leave, whatever waits behind
 * them: no command reaches a server that has not let us in, and no answer to a
 * refused AUTH can be taken for an answer to a command.
 */

#include "nginx/link_inside.h"
#include "nginx/meter.h"

#define OUT_KEEP  65536                     /* of a buffer that was larger */


static void  link_flush(ngx_http_mfa_link_t *link);


void
ngx_http_mfa_link_out_free(ngx_http_mfa_link_t *link)
{
    if (link->out) {
        /* The hello has a password in it. */
        mfa_wipe(link->out, link->out_cap);
        ngx_free(link->out);
    }

    link->out = NULL;
    link->out_cap = 0;
    link->out_len = 0;
    link->out_sent = 0;
    link->hello_len = 0;
}


/* Leaves out what was sent. */
static void
out_shift(ngx_http_mfa_link_t *link)
{
    size_t  sent;

    sent = link->out_sent;

    ngx_memmove(link->out, link->out + sent, link->out_len - sent);

    link->out_len -= sent;
    link->hello_len -= ngx_min(link->hello_len, sent);
    link->out_sent = 0;
}


/* Room for len bytes behind what is there, or NULL. */
static u_char *
out_room(ngx_http_mfa_link_t *link, size_t len)
{
    size_t   cap;
    u_char  *out;

    if (link->out_cap - link->out_len < len && link->out_sent) {
        out_shift(link);
    }

    if (link->out_cap - link->out_len < len) {
        cap = ngx_max(2 * (link->out_len + len), 2 * LINK_WRITE_SIZE);
        out = ngx_alloc(cap, link->links->log);

        if (out == NULL) {
            return NULL;
        }

        if (link->out) {
            ngx_memcpy(out, link->out, link->out_len);
            mfa_wipe(link->out, link->out_cap);
            ngx_free(link->out);
        }

        link->out = out;
        link->out_cap = cap;
    }

    return link->out + link->out_len;
}


ngx_int_t
ngx_http_mfa_link_out_add(ngx_http_mfa_link_t *link, const mfa_op_t *op,
    size_t *len)
{
    u_char  *p;

    *len = mfa_wire_size(op);
    p = out_room(link, *len);

    if (p == NULL) {
        *len = 0;
        return NGX_ERROR;
    }

    (void) mfa_wire_write(op, p);
    link->out_len += *len;

    return NGX_OK;
}


static ngx_int_t
out_send(ngx_http_mfa_link_t *link, size_t end)
{
    ssize_t            n;
    ngx_connection_t  *c;

    c = link->connection;

    while (link->out_sent < end && c->write->ready) {
        n = c->send(c, link->out + link->out_sent, end - link->out_sent);

        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (n > 0) {
            link->out_sent += n;
        }
    }

    return ngx_handle_write_event(c->write, 0);
}


ngx_int_t
ngx_http_mfa_link_put(ngx_http_mfa_link_t *link, ngx_http_mfa_call_t *call)
{
    size_t  len;

    if (link->state == LINK_CLOSED
        && ngx_http_mfa_link_open(link, call->deadline) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_mfa_link_out_add(link, call->op, &len) != NGX_OK) {
        return NGX_ERROR;
    }

    call->op = NULL;
    call->began = ngx_http_mfa_meter_clock();

    ngx_queue_insert_tail(&link->calls, &call->queue);

    link->connection->idle = 0;
    ngx_http_mfa_link_timer(link);
    ngx_http_mfa_link_flush_post(link);

    /* A failure is for the flush to find: nobody's call may be answered here. */
    if (link->state == LINK_READY
        && link->out_len - link->out_sent >= LINK_WRITE_SIZE)
    {
        (void) out_send(link, link->out_len);
    }

    return NGX_OK;
}


void
ngx_http_mfa_link_flush_post(ngx_http_mfa_link_t *link)
{
    if (!link->flush.posted) {
        ngx_post_event(&link->flush, &ngx_posted_events);
    }
}


void
ngx_http_mfa_link_flush_handler(ngx_event_t *ev)
{
    ngx_http_mfa_link_t  *link;

    link = ev->data;

    if (link->connection && link->connection->idle && ngx_exiting) {
        ngx_http_mfa_link_close(link);
        return;
    }

    if (link->state == LINK_HELLO || link->state == LINK_READY) {
        link_flush(link);
    }
}


static void
link_flush(ngx_http_mfa_link_t *link)
{
    size_t  end;

    end = link->state == LINK_READY ? link->out_len : link->hello_len;

    if (out_send(link, end) != NGX_OK) {
        ngx_http_mfa_link_fail(link, 0, "connection lost");
        return;
    }

    if (link->out_sent < end) {
        return;
    }

    if (link->hello_len) {
        mfa_wipe(link->out, link->hello_len);
    }

    if (link->out_sent == link->out_len) {
        link->out_len = 0;
        link->out_sent = 0;
        link->hello_len = 0;
    }

    if (link->out_len == 0 && link->out_cap > OUT_KEEP) {
        ngx_http_mfa_link_out_free(link);
    }
}


void
ngx_http_mfa_link_write_handler(ngx_event_t *wev)
{
    ngx_connection_t     *c;
    ngx_http_mfa_link_t  *link;

    c = wev->data;
    link = c->data;

    if (link->state == LINK_CONNECTING
        && ngx_http_mfa_link_connected(link) != NGX_OK)
    {
        return;
    }

    link_flush(link);
}
