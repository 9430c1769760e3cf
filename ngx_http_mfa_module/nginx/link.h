/*
 * A worker's way to Redis: nginx connections that speak through wire/codec.
 *
 * One shared link carries everything that is pipelined; a few reserved links
 * (at most LINK_RESERVED_MAX a worker, made when needed, kept for the next) carry
 * changes that WATCH; one listens for changes of what the cache holds.  A link
 * connects when first used, sends AUTH and SELECT
 * and the schema check and waits for their answers before anything else leaves.
 * The commands of one event-loop turn leave in one write, or in several of
 * about LINK_WRITE_SIZE when they are many.
 *
 * Nothing here decides anything: every failure (no connection, refused
 * credentials, newer schema, error reply, deadline, protocol error, full queue)
 * is answered alike: ok = 0.
 */

#ifndef NGX_HTTP_MFA_LINK_H
#define NGX_HTTP_MFA_LINK_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>

#include "core/cache.h"
#include "core/endpoint.h"
#include "core/op.h"

/* What the configuration gives; one for a cycle. */
typedef struct {
    ngx_addr_t       addr;                  /* resolved when nginx -t ran */
    ngx_str_t        user;                  /* empty: AUTH with password only */
    ngx_str_t        password;              /* empty: no AUTH */
    ngx_uint_t       db;
    ngx_msec_t       timeout;               /* connect, and the oldest call */
    ngx_uint_t       in_flight_max;         /* calls; beyond: answered at once */
    ngx_uint_t       cache_entries;         /* 0: no cache */
    mfa_random_fn    random;
} ngx_http_mfa_link_conf_t;

typedef struct ngx_http_mfa_links_s  ngx_http_mfa_links_t;   /* a worker's */
typedef struct ngx_http_mfa_link_s   ngx_http_mfa_link_t;    /* one connection */
typedef struct ngx_http_mfa_call_s   ngx_http_mfa_call_t;

/*
 * One op in flight.  The caller provides the memory of result and handler data;
 * the call itself belongs to the link until it is answered.
 *
 * handler is called exactly once, always from a posted event (never from inside
 * ngx_http_mfa_call_send, never from inside the protocol parser), unless the call
 * was forgotten first.  Inside it, call->result is what came back; its replies
 * belong to the call: the handler takes them over with
 * ngx_http_mfa_call_keep, or they are freed when the handler returns.
 */
typedef void (*ngx_http_mfa_call_handler_pt)(ngx_http_mfa_call_t *call);

struct ngx_http_mfa_call_s {
    void                          *data;    /* the caller's */
    ngx_http_mfa_call_handler_pt   handler;
    mfa_result_t                   result;
    /* below: for the files of link_inside.h only */
    ngx_queue_t                    queue;
    ngx_event_t                    wake;    /* posted when answered */
    ngx_http_mfa_links_t          *links;
    ngx_http_mfa_link_t          **reserved;
    const mfa_op_t                *op;      /* until it is in a link's buffer */
    ngx_uint_t                     n;       /* replies expected */
    ngx_uint_t                     got;
    ngx_msec_t                     deadline;
    uint64_t                       began;   /* when it was put on a link, or 0 */
    unsigned                       waiting:1;   /* for a reserved link */
    unsigned                       failed:1;    /* an error among the replies */
    unsigned                       forgotten:1;
    unsigned                       answered:1;
    unsigned                       own:1;       /* the links': not counted */
    mfa_reply_t                   *replies[];
};

/* In init_process; conf outlives the worker.  NULL: out of memory. */
ngx_http_mfa_links_t *ngx_http_mfa_links_create(
    const ngx_http_mfa_link_conf_t *conf, ngx_log_t *log);
/* In exit_process: closes everything, answers nobody. */
void ngx_http_mfa_links_destroy(ngx_http_mfa_links_t *links);

/* What this worker remembers of the store, or NULL: there is no cache.  Whoever
   looks into it has it opened, as soon as it can be kept true. */
mfa_cache_t *ngx_http_mfa_links_cache(ngx_http_mfa_links_t *links);

/*
 * Sends op.  reserved: NULL for the shared link, and op is no longer needed when
 * this returns; else a variable of the caller's, NULL at first: it is set to a
 * reserved link that stays the caller's until ngx_http_mfa_link_release, and op
 * must live as long as the call, which may have to wait for one.
 * Returns the call, or NULL when even that memory could not be had.
 */
ngx_http_mfa_call_t *ngx_http_mfa_call_send(ngx_http_mfa_links_t *links,
    const mfa_op_t *op, ngx_http_mfa_link_t **reserved,
    ngx_http_mfa_call_handler_pt handler, void *data);

/* Nobody waits any more: the answer is read and thrown away. */
void ngx_http_mfa_call_forget(ngx_http_mfa_call_t *call);

/* The replies of an answered call, result.n of them, are the caller's from now
   on, to be freed with ngx_http_mfa_replies_free. */
void ngx_http_mfa_call_keep(ngx_http_mfa_call_t *call, mfa_reply_t **replies);
void ngx_http_mfa_replies_free(mfa_reply_t **replies, ngx_uint_t n);

/*
 * Gives a reserved link back.  clean: the transaction has ended (EXEC or UNWATCH
 * was answered); otherwise the link is closed, so that no WATCH survives.
 * A call still in flight on it must have been forgotten.  Also needed after
 * ok = 0: a link that broke stays held, and broken, until then.  NULL is
 * ignored.
 */
void ngx_http_mfa_link_release(ngx_http_mfa_links_t *links,
    ngx_http_mfa_link_t *link, ngx_uint_t clean);

#endif /* NGX_HTTP_MFA_LINK_H */
