/*
 * What the files behind link.h share, and nobody else includes:
 *
 *   links.c        a worker's set: which link a call goes to, who waits, pauses
 *   link.c         one connection: connect, deadline, close
 *   link_write.c   its outgoing side
 *   link_read.c    its incoming side: hello, replies
 *   call.c         one op in flight: its replies, its answer
 *   tracking.c     listens for changes, opens and closes the cache
 *
 * They call downwards only; a link tells its set of a failure or a success.
 * Everything is heap memory of the set's own: no request pool is ever touched.
 */

#ifndef NGX_HTTP_MFA_LINK_INSIDE_H
#define NGX_HTTP_MFA_LINK_INSIDE_H

#include "nginx/link.h"
#include "core/store.h"
#include "wire/codec.h"

#define LINK_RESERVED_MAX  8
#define LINK_HELLO_MAX     4                /* AUTH, SELECT, SET, GET */
#define LINK_READ_SIZE     16384

/* The server should not wait for a long turn to end, nor this worker for the
   server to work through all of it. */
#define LINK_WRITE_SIZE    4096

typedef enum {
    LINK_CLOSED = 0,
    LINK_CONNECTING,
    LINK_HELLO,                             /* only the hello may leave */
    LINK_READY
} link_state_e;

struct ngx_http_mfa_link_s {
    ngx_http_mfa_links_t      *links;
    ngx_connection_t          *connection;  /* NULL when closed */
    redisReader               *reader;
    ngx_queue_t                calls;       /* in the order of their bytes */
    ngx_event_t                flush;       /* posted: once a turn */
    link_state_e               state;
    unsigned                   held:1;      /* a flow's, until it is released */
    time_t                     logged;

    u_char                    *out;         /* bytes to write */
    size_t                     out_cap;
    size_t                     out_len;
    size_t                     out_sent;
    size_t                     hello_len;   /* of these: the hello */

    mfa_reply_t               *hello[LINK_HELLO_MAX];
    ngx_uint_t                 hello_got;
    ngx_msec_t                 hello_deadline;
};

typedef enum {
    TRACKING_OFF = 0,
    TRACKING_ASKED,                         /* the listening link subscribes */
    TRACKING_ARMED,                         /* the shared link is told */
    TRACKING_ON                             /* the cache is open */
} tracking_state_e;

typedef struct {
    ngx_http_mfa_link_t        link;        /* that listens */
    tracking_state_e           state;
    ngx_http_mfa_call_t       *call;        /* the step under way, or NULL */
    mfa_at_t                   listen_at;
    ngx_event_t                beat;
    ngx_uint_t                 beats;       /* since the cache was used */
    uint64_t                   asked;       /* of the cache, by then */
    ngx_uint_t                 refused;     /* not again before retry_at */
    ngx_msec_t                 retry_at;
} ngx_http_mfa_tracking_t;

struct ngx_http_mfa_links_s {
    const ngx_http_mfa_link_conf_t  *conf;
    ngx_log_t                       *log;
    ngx_http_mfa_link_t              shared;
    ngx_http_mfa_link_t              reserved[LINK_RESERVED_MAX];
    ngx_queue_t                      waiting;   /* calls, for a reserved link */
    ngx_event_t                      waiting_timer;
    ngx_uint_t                       in_flight;
    mfa_cache_t                     *cache;     /* NULL: there is none */
    mfa_cache_stats_t                told;      /* of it, to the meter */
    ngx_http_mfa_tracking_t          tracking;

    mfa_op_t                         hello;
    mfa_at_t                         hello_schema;

    ngx_uint_t                       failures;  /* in a row */
    ngx_msec_t                       retry_at;  /* while failures */
    time_t                           logged;

    u_char                           in[LINK_READ_SIZE];
};


/* --- links.c --- */

/* A link could not be had or broke: no new connection for a while. */
void ngx_http_mfa_links_failed(ngx_http_mfa_links_t *links);
/* A call that waits for a reserved link waits no more. */
void ngx_http_mfa_links_wait_end(ngx_http_mfa_call_t *call);
/* Has the meter know what is counted here. */
void ngx_http_mfa_links_meter(ngx_http_mfa_links_t *links);
/* Whether a new connection may be tried now. */
ngx_uint_t ngx_http_mfa_links_may_connect(const ngx_http_mfa_links_t *links);


/* --- link.c --- */

void ngx_http_mfa_link_init(ngx_http_mfa_link_t *link,
    ngx_http_mfa_links_t *links);

/* Begins to connect, the hello in the buffer; both have to be done at deadline.
   NGX_ERROR when that cannot even be begun. */
ngx_int_t ngx_http_mfa_link_open(ngx_http_mfa_link_t *link,
    ngx_msec_t deadline);
/* How connecting went, when the event for it has come. */
ngx_int_t ngx_http_mfa_link_connected(ngx_http_mfa_link_t *link);

/* Whether it is ready and nothing is in flight. */
ngx_uint_t ngx_http_mfa_link_is_resting(const ngx_http_mfa_link_t *link);
/* At rest and nobody's: nginx may close it when the worker leaves. */
void ngx_http_mfa_link_rest(ngx_http_mfa_link_t *link);

/* Sets or removes the timer, as what is in flight asks for. */
void ngx_http_mfa_link_timer(ngx_http_mfa_link_t *link);
/* The timer has fired. */
void ngx_http_mfa_link_expire(ngx_http_mfa_link_t *link);

/* Closes the connection, if any; calls in flight are answered with ok = 0. */
void ngx_http_mfa_link_close(ngx_http_mfa_link_t *link);
/* The same for a reason that is logged and makes the set pause. */
void ngx_http_mfa_link_fail(ngx_http_mfa_link_t *link, ngx_err_t err,
    const char *why);

void ngx_http_mfa_link_hello_free(ngx_http_mfa_link_t *link);
/* Whether a line may be logged now: one a second. */
ngx_uint_t ngx_http_mfa_link_may_log(time_t *logged);


/* --- link_write.c --- */

/*
 * Takes a call over: its bytes leave at the end of this turn of the event loop,
 * on a new connection if there is none.  NGX_ERROR when that cannot be; then
 * the call is still the caller's.
 */
ngx_int_t ngx_http_mfa_link_put(ngx_http_mfa_link_t *link,
    ngx_http_mfa_call_t *call);

/* All commands of op into the buffer; they take *len bytes. */
ngx_int_t ngx_http_mfa_link_out_add(ngx_http_mfa_link_t *link,
    const mfa_op_t *op, size_t *len);
void ngx_http_mfa_link_out_free(ngx_http_mfa_link_t *link);

void ngx_http_mfa_link_flush_post(ngx_http_mfa_link_t *link);
void ngx_http_mfa_link_flush_handler(ngx_event_t *ev);
void ngx_http_mfa_link_write_handler(ngx_event_t *wev);


/* --- link_read.c --- */

void ngx_http_mfa_link_read_handler(ngx_event_t *rev);


/* --- tracking.c --- */

void ngx_http_mfa_tracking_init(ngx_http_mfa_links_t *links);
/* The shared link or the listening one is closed: so is the cache. */
void ngx_http_mfa_tracking_lost(ngx_http_mfa_links_t *links);
/* What the listening link was told; NGX_ERROR: not what it listens for. */
ngx_int_t ngx_http_mfa_tracking_told(ngx_http_mfa_links_t *links,
    const mfa_reply_t *told);


/* --- call.c --- */

/* A call for op, counted as in flight, or NULL. */
ngx_http_mfa_call_t *ngx_http_mfa_call_make(ngx_http_mfa_links_t *links,
    const mfa_op_t *op, ngx_http_mfa_call_handler_pt handler, void *data);

/* The next reply of a call, which takes it over.  Returns 1 when it was the
   last. */
ngx_uint_t ngx_http_mfa_call_take(ngx_http_mfa_call_t *call,
    mfa_reply_t *reply);

/* Ends a call that is in no queue any more: posts its handler, or frees it if
   it was forgotten. */
void ngx_http_mfa_call_answer(ngx_http_mfa_call_t *call, ngx_uint_t ok);

/* Frees a call of which nobody will hear again. */
void ngx_http_mfa_call_free(ngx_http_mfa_call_t *call);

#endif /* NGX_HTTP_MFA_LINK_INSIDE_H */
