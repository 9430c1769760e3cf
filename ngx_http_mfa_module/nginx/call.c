/*
 * One op in flight, see link_inside.h: its replies on the way back, its answer.
 *
 * A call never answers from where it is sent or read: the answer is a posted
 * event of its own, so nobody's handler runs inside the parser or inside
 * somebody else's handler.  It opens no connection and knows no order among
 * calls: that is the link's.
 */

#include "nginx/link_inside.h"
#include "nginx/meter.h"


static void  call_wake(ngx_event_t *ev);


ngx_http_mfa_call_t *
ngx_http_mfa_call_make(ngx_http_mfa_links_t *links, const mfa_op_t *op,
    ngx_http_mfa_call_handler_pt handler, void *data)
{
    ngx_http_mfa_call_t  *call;

    call = ngx_calloc(sizeof(ngx_http_mfa_call_t)
                      + op->n * sizeof(mfa_reply_t *), links->log);
    if (call == NULL) {
        return NULL;
    }

    call->op = op;
    call->data = data;
    call->handler = handler;
    call->links = links;
    call->n = op->n;
    call->deadline = ngx_current_msec + links->conf->timeout;

    call->wake.data = call;
    call->wake.handler = call_wake;
    call->wake.log = links->log;

    links->in_flight++;
    ngx_http_mfa_meter_set(MFA_METER_STORE_IN_FLIGHT, links->in_flight);

    call->failed = op->failed || op->n == 0;

    return call;
}


ngx_uint_t
ngx_http_mfa_call_take(ngx_http_mfa_call_t *call, mfa_reply_t *reply)
{
    call->replies[call->got++] = reply;

    return call->got == call->n;
}


static void
replies_drop(ngx_http_mfa_call_t *call)
{
    ngx_http_mfa_replies_free(call->replies, call->got);
    call->got = 0;
}


static void
count(const ngx_http_mfa_call_t *call, ngx_uint_t ok)
{
    ngx_http_mfa_links_meter(call->links);

    if (call->own) {
        return;
    }

    ngx_http_mfa_meter_add(ok ? MFA_METER_STORE_OK : MFA_METER_STORE_FAILED, 1);

    if (call->began) {
        ngx_http_mfa_meter_time(MFA_METER_STORE_TIME, call->began);
    }
}


void
ngx_http_mfa_call_answer(ngx_http_mfa_call_t *call, ngx_uint_t ok)
{
    call->links->in_flight--;
    call->answered = 1;
    call->waiting = 0;
    count(call, ok);

    if (call->forgotten) {
        ngx_http_mfa_call_free(call);
        return;
    }

    if (ok) {
        call->result.ok = 1;
        call->result.replies = (const mfa_reply_t *const *) call->replies;
        call->result.n = call->n;

    } else {
        replies_drop(call);
    }

    ngx_post_event(&call->wake, &ngx_posted_events);
}


static void
call_wake(ngx_event_t *ev)
{
    ngx_http_mfa_call_t  *call;

    call = ev->data;

    call->handler(call);

    ngx_http_mfa_call_free(call);
}


void
ngx_http_mfa_call_free(ngx_http_mfa_call_t *call)
{
    replies_drop(call);
    ngx_free(call);
}


void
ngx_http_mfa_call_forget(ngx_http_mfa_call_t *call)
{
    if (!call->answered && !call->waiting) {
        /* Its replies are still to come and have to be counted. */
        call->forgotten = 1;
        return;
    }

    if (call->waiting) {
        call->links->in_flight--;
        ngx_http_mfa_meter_set(MFA_METER_STORE_IN_FLIGHT,
                               call->links->in_flight);
        ngx_http_mfa_links_wait_end(call);
        ngx_http_mfa_call_free(call);
        return;
    }

    /* Not posted any more: its handler is running, and it is freed after. */
    if (call->wake.posted) {
        ngx_delete_posted_event(&call->wake);
        ngx_http_mfa_call_free(call);
    }
}


void
ngx_http_mfa_call_keep(ngx_http_mfa_call_t *call, mfa_reply_t **replies)
{
    ngx_memcpy(replies, call->replies, call->got * sizeof(mfa_reply_t *));
    call->got = 0;
}


void
ngx_http_mfa_replies_free(mfa_reply_t **replies, ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        mfa_wire_reply_free(replies[i]);
    }
}
