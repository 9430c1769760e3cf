/*
 * Numbers in memory that all workers share, a row for each (core/meter.h).
 *
 * Counters are only ever added to: they outlive the worker, and a reload that
 * leaves portals and number of workers alone.  Gauges are those of the worker
 * that was last to begin in a row; one that is on its way out is silent.
 */

#ifndef NGX_HTTP_MFA_METER_H
#define NGX_HTTP_MFA_METER_H

#include "nginx/conf.h"

#include "core/meter.h"

/* This worker's row; nothing is counted elsewhere. */
extern ngx_atomic_t  *ngx_http_mfa_meter;

/* Makes the shared memory; when all is read. */
ngx_int_t ngx_http_mfa_meter_init(ngx_conf_t *cf,
    ngx_http_mfa_main_conf_t *mcf);
/* At the beginning of a worker, and when it leaves. */
void ngx_http_mfa_meter_enter(ngx_http_mfa_main_conf_t *mcf);
void ngx_http_mfa_meter_leave(void);

/* The rows of all workers added up, mfa_meter_length of them, into n. */
void ngx_http_mfa_meter_read(ngx_http_mfa_main_conf_t *mcf, uint64_t *n);

void ngx_http_mfa_meter_add(ngx_uint_t place, uint64_t n);
void ngx_http_mfa_meter_set(ngx_uint_t gauge, uint64_t n);

/* Time that only goes forward, in usec. */
uint64_t ngx_http_mfa_meter_clock(void);
/* One more in a histogram, that has begun at a time of the clock. */
void ngx_http_mfa_meter_time(ngx_uint_t histogram, uint64_t began);

/* What a cache counts by itself: what is new since *told is added, and told. */
void ngx_http_mfa_meter_cache(const mfa_cache_t *cache,
    mfa_cache_stats_t *told);

/* A flow has ended, for the portal in its env. */
void ngx_http_mfa_meter_ended(const mfa_flow_t *flow);

/* A request was judged. */
static ngx_inline void
ngx_http_mfa_meter_verdict(const ngx_http_mfa_portal_t *portal,
    mfa_verdict_e verdict, ngx_uint_t report)
{
    (void) ngx_atomic_fetch_add(ngx_http_mfa_meter + MFA_METER_PORTALS
                                + portal->index * MFA_METER_PORTAL_N
                                + mfa_meter_verdict(verdict, report), 1);
}

#endif /* NGX_HTTP_MFA_METER_H */
