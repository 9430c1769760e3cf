/*
 * Password hashing off the event loop: crypt_r in a thread of nginx's pool.
 *
 * At most a few jobs of a worker run at once (more would take the processor from
 * the event loop), the others wait in a queue of bounded length; beyond it a job
 * is refused at once.  Hashing threads get what the event loops leave over.
 */

#ifndef NGX_HTTP_MFA_HASH_H
#define NGX_HTTP_MFA_HASH_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_thread_pool.h>

#include "core/flow.h"

typedef struct {
    ngx_thread_pool_t  *pool;
    ngx_uint_t          queue_max;          /* jobs waiting, a worker */
    ngx_uint_t          running_max;        /* jobs in threads, a worker */
} ngx_http_mfa_hash_conf_t;

typedef struct ngx_http_mfa_hash_job_s  ngx_http_mfa_hash_job_t;

/* Called exactly once, from the event loop, unless the job was forgotten:
   answer is MFA_YES, MFA_NO, or MFA_UNKNOWN when crypt_r failed; made is the hash
   that was asked for, wiped after the call. */
typedef void (*ngx_http_mfa_hash_handler_pt)(void *data, mfa_tri_e answer,
    mfa_str_t made);

/*
 * Starts a check of ask->password against ask->setting (empty: the dummy, whose
 * answer is MFA_NO), or makes a hash of it (ask->make).  Everything is copied; copies are wiped when done.
 * Returns the job, or NULL when the queue is full or memory is short: the caller
 * answers "could not tell".
 */
ngx_http_mfa_hash_job_t *ngx_http_mfa_hash_start(
    const ngx_http_mfa_hash_conf_t *conf, const mfa_hash_ask_t *ask,
    ngx_http_mfa_hash_handler_pt handler, void *data, ngx_log_t *log);

/* Nobody waits any more. */
void ngx_http_mfa_hash_forget(ngx_http_mfa_hash_job_t *job);

#endif /* NGX_HTTP_MFA_HASH_H */
