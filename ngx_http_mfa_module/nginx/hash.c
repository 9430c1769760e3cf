/*
 * Password hashing in threads, see hash.h.
 *
 * A thread touches its job and nothing else: no pool, no log, no nginx memory.
 * What runs is bounded here and not by the pool, which may be shared and whose
 * queue is long: jobs beyond running_max wait in order in this worker's own.
 *
 * The thread's work is crypt_r alone; the answer is compared, and everything
 * copied is wiped, in the thread, so that no secret waits for the event loop.
 */

#include "nginx/hash.h"
#include "nginx/meter.h"
#include "core/password.h"

#include <ngx_event.h>
#include <ngx_thread_pool.h>

#include <crypt.h>

/* As nginx does for its file operations: a worker that leaves waits. */
#define HOLD_MSEC        60000

struct ngx_http_mfa_hash_job_s {
    ngx_thread_task_t                task;
    ngx_queue_t                      queue;     /* while it waits */
    const ngx_http_mfa_hash_conf_t  *conf;
    ngx_http_mfa_hash_handler_pt     handler;
    void                            *data;
    uint64_t                         began;
    mfa_tri_e                        answer;
    unsigned                         waiting:1;
    unsigned                         forgotten:1;
    unsigned                         no:1;      /* whatever the hash says */
    unsigned                         make:1;
    char                             password[CRYPT_MAX_PASSPHRASE_SIZE];
    char                             setting[MFA_HASH_TEXT_MAX];
    char                             made[CRYPT_OUTPUT_SIZE];
};

/* This worker's jobs. */
static ngx_queue_t  waiting;
static ngx_uint_t   n_waiting;
static ngx_uint_t   n_running;
static time_t       logged;


static void  job_done(ngx_event_t *ev);


/* --- in a thread --- */

/*
 * Only what the event loops leave over.  A low priority would not do: a kernel
 * lets what runs finish its slice, milliseconds, before a worker that wakes up
 * beside it goes on; what is SCHED_IDLE makes way at once (sched(7)).  Unless it
 * is owed time: a thread that slept keeps what it did not get before, and would
 * begin with up to 5 ms of its own.  It gives that up by yielding.
 */
static void
make_way(void)
{
#if (NGX_LINUX)
    static _Thread_local int  lowered;

    const struct sched_param  param = { .sched_priority = 0 };

    if (!lowered) {
        (void) pthread_setschedparam(pthread_self(), SCHED_IDLE, &param);
        lowered = 1;
    }

    (void) sched_yield();
#endif
}


static mfa_tri_e
hash_check(ngx_http_mfa_hash_job_t *job)
{
    char                *hash;
    mfa_tri_e            answer;
    struct crypt_data   *data;

    data = calloc(1, sizeof(struct crypt_data));
    if (data == NULL) {
        return MFA_UNKNOWN;
    }

    hash = crypt_r(job->password, job->setting, data);

    if (hash == NULL || hash[0] == '*') {
        answer = MFA_UNKNOWN;

    } else if (job->make) {
        ngx_memcpy(job->made, hash, strlen(hash) + 1);
        answer = MFA_YES;

    } else {
        answer = mfa_str_eq_secret(mfa_str_from(hash),
                                   mfa_str_from(job->setting))
                 ? MFA_YES : MFA_NO;
    }

    mfa_wipe(data, sizeof(struct crypt_data));
    free(data);

    return answer;
}


static void
job_wipe(ngx_http_mfa_hash_job_t *job)
{
    mfa_wipe(job->password, sizeof(job->password));
    mfa_wipe(job->setting, sizeof(job->setting));
}


static void
job_run(void *data, ngx_log_t *log)
{
    ngx_http_mfa_hash_job_t  *job;

    (void) log;

    job = data;

    make_way();

    if (job->make
        && crypt_gensalt_rn(MFA_PASSWORD_PREFIX, 0, NULL, 0, job->setting,
                            sizeof(job->setting)) == NULL)
    {
        job->setting[0] = '\0';             /* of this crypt_r makes nothing */
    }

    job->answer = hash_check(job);

    if (job->no && job->answer == MFA_YES) {
        job->answer = MFA_NO;
    }

    job_wipe(job);
}


/* --- in the event loop --- */

static void
gauges_set(void)
{
    ngx_http_mfa_meter_set(MFA_METER_HASH_RUNNING, n_running);
    ngx_http_mfa_meter_set(MFA_METER_HASH_WAITING, n_waiting);
}


/* Copies s with a zero behind it, or says that it does not fit or has one
   inside. */
static ngx_int_t
text_copy(char *to, size_t size, mfa_str_t s)
{
    if (s.len >= size || (s.len && ngx_strlchr((u_char *) s.data,
                                               (u_char *) s.data + s.len, 0)))
    {
        to[0] = '\0';
        return NGX_DECLINED;
    }

    ngx_memcpy(to, s.len ? s.data : (const uint8_t *) "", s.len);
    to[s.len] = '\0';

    return NGX_OK;
}


static ngx_http_mfa_hash_job_t *
job_make(const ngx_http_mfa_hash_conf_t *conf, const mfa_hash_ask_t *ask,
    ngx_log_t *log)
{
    mfa_str_t                 setting;
    ngx_http_mfa_hash_job_t  *job;

    job = ngx_calloc(sizeof(ngx_http_mfa_hash_job_t), log);
    if (job == NULL) {
        return NULL;
    }

    job->conf = conf;
    job->task.ctx = job;
    job->task.handler = job_run;
    job->task.event.data = job;
    job->task.event.handler = job_done;
    job->task.event.log = ngx_cycle->log;

    setting = ask->setting;
    job->make = ask->make != 0;

    if (setting.len == 0 && !job->make) {
        setting = mfa_str_from(mfa_password_dummy);
        job->no = 1;
    }

    /* No hash was ever made of such a password, but saying so has to take as
       long as any other answer.  Of such a setting crypt_r makes nothing. */
    if (text_copy(job->password, sizeof(job->password), ask->password)
        != NGX_OK)
    {
        job->no = 1;
    }

    (void) text_copy(job->setting, sizeof(job->setting), setting);

    return job;
}


static void
job_free(ngx_http_mfa_hash_job_t *job)
{
    job_wipe(job);
    mfa_wipe(job->made, sizeof(job->made));
    ngx_free(job);
}


static ngx_int_t
job_start(ngx_http_mfa_hash_job_t *job)
{
    if (ngx_thread_task_post(job->conf->pool, &job->task) != NGX_OK) {
        return NGX_ERROR;
    }

    n_running++;
    ngx_add_timer(&job->task.event, HOLD_MSEC);

    return NGX_OK;
}


static void
job_answer(ngx_http_mfa_hash_job_t *job)
{
    if (job->answer == MFA_UNKNOWN && logged != ngx_time()) {
        logged = ngx_time();
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "mfa: a password could not be hashed: its record is of "
                      "an unknown kind, or memory is short");
    }

    if (!job->forgotten) {
        job->handler(job->data, job->answer, mfa_str_from(job->made));
    }

    job_free(job);
}


/* Lets those that wait move up. */
static void
waiting_start(ngx_uint_t running_max)
{
    ngx_queue_t              *q;
    ngx_http_mfa_hash_job_t  *job;

    while (n_waiting && n_running < running_max) {
        q = ngx_queue_head(&waiting);
        ngx_queue_remove(q);
        n_waiting--;

        job = ngx_queue_data(q, ngx_http_mfa_hash_job_t, queue);
        job->waiting = 0;

        if (job_start(job) != NGX_OK) {
            job_answer(job);
        }
    }
}


static void
job_done(ngx_event_t *ev)
{
    ngx_http_mfa_hash_job_t  *job;

    job = ev->data;

    if (!ev->complete) {
        /* Still running, on a machine that is very slow. */
        ev->timedout = 0;
        ngx_add_timer(ev, HOLD_MSEC);
        return;
    }

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    n_running--;

    waiting_start(job->conf->running_max);
    gauges_set();
    ngx_http_mfa_meter_time(MFA_METER_HASH_TIME, job->began);
    job_answer(job);
}


ngx_http_mfa_hash_job_t *
ngx_http_mfa_hash_start(const ngx_http_mfa_hash_conf_t *conf,
    const mfa_hash_ask_t *ask, ngx_http_mfa_hash_handler_pt handler,
    void *data, ngx_log_t *log)
{
    ngx_uint_t                full;
    ngx_http_mfa_hash_job_t  *job;

    full = n_running >= conf->running_max;

    if (full && n_waiting >= conf->queue_max) {
        ngx_http_mfa_meter_add(MFA_METER_HASH_REFUSED, 1);

        if (logged != ngx_time()) {
            logged = ngx_time();
            ngx_log_error(NGX_LOG_ERR, log, 0,
                          "mfa: %ui passwords wait to be hashed, one more is "
                          "refused", n_waiting);
        }

        return NULL;
    }

    job = job_make(conf, ask, log);
    if (job == NULL) {
        return NULL;
    }

    job->handler = handler;
    job->data = data;
    job->began = ngx_http_mfa_meter_clock();

    if (full) {
        if (n_waiting++ == 0) {
            ngx_queue_init(&waiting);
        }

        job->waiting = 1;
        ngx_queue_insert_tail(&waiting, &job->queue);

    } else if (job_start(job) != NGX_OK) {
        job_free(job);
        return NULL;
    }

    gauges_set();

    return job;
}


void
ngx_http_mfa_hash_forget(ngx_http_mfa_hash_job_t *job)
{
    if (job->waiting) {
        ngx_queue_remove(&job->queue);
        n_waiting--;
        gauges_set();
        job_free(job);
        return;
    }

    /* Its thread still reads it; or its handler is running: freed after. */
    job->forgotten = 1;
}
