/*
 * Tasks, see task.h.
 *
 * A call or a hash job outlives its request if it must, and what is asked
 * outside its task: the request's cleanup makes the task forget it.  The task
 * itself is in the request's pool, or in one of its own.
 */

#include "nginx/task.h"
#include "nginx/meter.h"
#include "nginx/outside.h"

#define OUTAGE_LINES  10                    /* in the error log, a second */


typedef struct replies_s  replies_t;

struct replies_s {
    replies_t                *next;
    ngx_uint_t                n;
    mfa_reply_t              *replies[];
};

struct ngx_http_mfa_task_s {
    ngx_http_request_t       *request;
    ngx_pool_t               *pool;
    mfa_flow_t               *flow;
    ngx_http_mfa_task_done_pt done;
    void                     *data;
    ngx_http_mfa_call_t      *call;             /* in flight, or NULL */
    ngx_http_mfa_hash_job_t  *job;              /* in flight, or NULL */
    ngx_http_mfa_outside_t   *outside;          /* in flight, or NULL */
    ngx_http_mfa_link_t      *reserved;
    ngx_uint_t                clean;            /* no WATCH is left on it */
    replies_t                *kept;
};

static void ngx_http_mfa_task_answered(ngx_http_mfa_call_t *call);
static void ngx_http_mfa_task_hashed(void *data, mfa_tri_e answer,
    mfa_str_t made);
static void ngx_http_mfa_task_told(void *data, mfa_tri_e answer);


MFA_HOT ngx_http_mfa_links_t *
ngx_http_mfa_task_links(ngx_http_request_t *r)
{
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);

    if (mcf->links == NULL) {
        mcf->links = ngx_http_mfa_links_create(&mcf->link, ngx_cycle->log);
    }

    return mcf->links;
}


static void
reserved_release(ngx_http_mfa_task_t *task)
{
    if (task->reserved) {
        ngx_http_mfa_link_release(ngx_http_mfa_task_links(task->request), task->reserved,
                                  task->clean);
        task->reserved = NULL;
    }
}


/* The request ends, whatever the flow waits for. */
static void
task_cleanup(void *data)
{
    ngx_http_mfa_task_t  *task = data;

    if (task->call) {
        ngx_http_mfa_call_forget(task->call);
        task->call = NULL;
        task->clean = 0;
    }

    if (task->job) {
        ngx_http_mfa_hash_forget(task->job);
        task->job = NULL;
    }

    if (task->outside) {
        ngx_http_mfa_outside_forget(task->outside);
        task->outside = NULL;
    }

    reserved_release(task);
}


static void
replies_cleanup(void *data)
{
    replies_t            *kept;
    ngx_http_mfa_task_t  *task = data;

    for (kept = task->kept; kept; kept = kept->next) {
        ngx_http_mfa_replies_free(kept->replies, kept->n);
    }
}


/* 1: asked, wait; 0: could not even ask. */
static ngx_uint_t
store_ask(ngx_http_mfa_task_t *task)
{
    ngx_http_mfa_links_t  *links;

    links = ngx_http_mfa_task_links(task->request);

    if (links == NULL || task->flow->op.failed) {
        return 0;
    }

    if (!task->flow->op.reserve) {
        reserved_release(task);
    }

    task->clean = 0;
    task->call = ngx_http_mfa_call_send(links, &task->flow->op,
                                        task->flow->op.reserve
                                        ? &task->reserved : NULL,
                                        ngx_http_mfa_task_answered, task);
    return task->call != NULL;
}


static ngx_uint_t
hash_ask(ngx_http_mfa_task_t *task)
{
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(task->request, ngx_http_mfa_module);
    task->job = ngx_http_mfa_hash_start(&mcf->hash, &task->flow->hash,
                                        ngx_http_mfa_task_hashed, task,
                                        ngx_cycle->log);
    return task->job != NULL;
}


/*
 * The clock of this turn of the event loop.  It stands still during a turn, so
 * a count stands in for the microseconds: what one worker does later sorts later.
 */
static void
clock_set(mfa_env_t *env)
{
    ngx_time_t  *tp;

    static ngx_time_t  last;
    static ngx_uint_t  count;

    tp = ngx_timeofday();

    if (tp->sec != last.sec || tp->msec != last.msec) {
        last = *tp;
        count = 0;
    }

    env->now = tp->sec;
    env->usec = (int64_t) tp->msec * 1000 + count;
    count += count < 999;
}


static ngx_uint_t
outside_ask(ngx_http_mfa_task_t *task)
{
    task->outside = ngx_http_mfa_outside_ask(task->request,
                                             task->flow->env.portal->first_at,
                                             &task->flow->outside,
                                             ngx_http_mfa_task_told, task);
    return task->outside != NULL;
}


/* Goes on until the flow waits or ends. */
static ngx_int_t
advance(ngx_http_mfa_task_t *task, const mfa_result_t *result)
{
    ngx_uint_t    asked;
    mfa_result_t  none;

    for ( ;; ) {
        clock_set(&task->flow->env);

        switch (task->flow->run(task->flow, result)) {
        case MFA_FLOW_STORE:
            asked = store_ask(task);
            break;

        case MFA_FLOW_HASH:
            asked = hash_ask(task);
            break;

        case MFA_FLOW_OUTSIDE:
            asked = outside_ask(task);
            break;

        default:
            reserved_release(task);
            ngx_http_mfa_meter_ended(task->flow);

            if (task->flow->alarm) {
                ngx_log_error(NGX_LOG_ERR, task->request->connection->log, 0,
                              "mfa: %s", task->flow->alarm);
            }

            return NGX_OK;
        }

        if (asked) {
            return NGX_AGAIN;
        }

        ngx_memzero(&none, sizeof(mfa_result_t));
        result = &none;
    }
}


/* The request may be gone after it. */
static void
go_on(ngx_http_mfa_task_t *task, const mfa_result_t *result)
{
    if (advance(task, result) == NGX_OK) {
        task->done(task->request, task->data);
    }
}


static void
resume(ngx_http_mfa_task_t *task, const mfa_result_t *result)
{
    ngx_connection_t  *c;

    c = task->request->connection;

    ngx_http_set_log_request(c->log, task->request);
    go_on(task, result);

    /* r may be gone; what it left to do is on the connection. */
    ngx_http_run_posted_requests(c);
}


static void
ngx_http_mfa_task_answered(ngx_http_mfa_call_t *call)
{
    replies_t            *kept;
    mfa_result_t          result;
    ngx_http_mfa_task_t  *task;

    task = call->data;
    task->call = NULL;
    result = call->result;
    task->clean = result.ok && !task->flow->op.watching;

    if (result.ok) {
        kept = ngx_palloc(task->pool, sizeof(replies_t)
                          + result.n * sizeof(mfa_reply_t *));

        if (kept == NULL) {
            result.ok = 0;

        } else {
            ngx_http_mfa_call_keep(call, kept->replies);
            kept->n = result.n;
            kept->next = task->kept;
            task->kept = kept;
            result.replies = (const mfa_reply_t *const *) kept->replies;
        }
    }

    resume(task, &result);
}


static void
ngx_http_mfa_task_hashed(void *data, mfa_tri_e answer, mfa_str_t made)
{
    mfa_result_t          result;
    ngx_http_mfa_task_t  *task = data;

    task->job = NULL;

    ngx_memzero(&result, sizeof(mfa_result_t));
    result.hash = answer;
    result.text = made;

    resume(task, &result);
}


/* From a posted request: the others are nginx's to run. */
static void
ngx_http_mfa_task_told(void *data, mfa_tri_e answer)
{
    mfa_result_t          result;
    ngx_http_mfa_task_t  *task = data;

    task->outside = NULL;

    ngx_memzero(&result, sizeof(mfa_result_t));
    result.hash = answer;

    go_on(task, &result);
}


/* The task and what frees its replies, in pool. */
static ngx_http_mfa_task_t *
task_make(ngx_http_request_t *r, ngx_pool_t *pool, mfa_flow_t *flow,
    ngx_http_mfa_task_done_pt done, void *data)
{
    ngx_pool_cleanup_t   *cln;
    ngx_http_mfa_task_t  *task;

    task = ngx_pcalloc(pool, sizeof(ngx_http_mfa_task_t));
    cln = ngx_pool_cleanup_add(pool, 0);

    if (task == NULL || cln == NULL) {
        return NULL;
    }

    task->request = r;
    task->pool = pool;
    task->flow = flow;
    task->done = done;
    task->data = data;

    cln->handler = replies_cleanup;
    cln->data = task;

    return task;
}


ngx_int_t
ngx_http_mfa_task_run(ngx_http_request_t *r, mfa_flow_t *flow,
    ngx_http_mfa_task_done_pt done, void *data)
{
    ngx_http_cleanup_t   *cln;
    ngx_http_mfa_task_t  *task;

    task = task_make(r, r->pool, flow, done, data);
    cln = ngx_http_cleanup_add(r, 0);

    if (task == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = task_cleanup;
    cln->data = task;

    return advance(task, NULL);
}


ngx_int_t
ngx_http_mfa_task_run_in(ngx_http_request_t *r, ngx_pool_t *pool,
    mfa_flow_t *flow, ngx_http_mfa_task_done_pt done, void *data)
{
    ngx_pool_cleanup_t   *cln;
    ngx_http_mfa_task_t  *task;

    task = task_make(r, pool, flow, done, data);
    cln = ngx_pool_cleanup_add(pool, 0);

    if (task == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = task_cleanup;
    cln->data = task;

    return advance(task, NULL);
}


static void
ignore(ngx_http_mfa_call_t *call)
{
    /* Forgotten when sent: never called. */
}


ngx_uint_t
ngx_http_mfa_task_level(mfa_outcome_e outcome, ngx_uint_t attempt)
{
    static time_t      second;
    static ngx_uint_t  n;

    if (!attempt || outcome != MFA_OUTCOME_UNAVAILABLE) {
        return NGX_LOG_INFO;
    }

    if (second != ngx_time()) {
        second = ngx_time();
        n = 0;
    }

    return n++ < OUTAGE_LINES ? NGX_LOG_ERR : NGX_LOG_INFO;
}


void
ngx_http_mfa_task_send(ngx_http_request_t *r, const mfa_op_t *op)
{
    ngx_http_mfa_call_t   *call;
    ngx_http_mfa_links_t  *links;

    links = ngx_http_mfa_task_links(r);

    if (links == NULL || op->failed) {
        return;
    }

    call = ngx_http_mfa_call_send(links, op, NULL, ignore, NULL);

    if (call) {
        ngx_http_mfa_call_forget(call);
    }
}
