/*
 * Numbers, see meter.h.
 *
 * The name of the memory says what is in it: a configuration with other portals
 * gets memory of its own, and nginx keeps the old one for the workers that are
 * still counting there.
 */

#include "nginx/meter.h"

#define LINE       64                       /* bytes of a cache line */
#define ROWS       16                       /* their number is a multiple */
#define ROWS_UNKNOWN  64                    /* where it cannot be told */
#define ZONE_NAME  sizeof("mfa_meter_00000000_00000000000000000000")

/* In front of each row's numbers, in a line of its own. */
typedef struct {
    ngx_atomic_t  pid;                      /* whose gauges these are */
} row_t;

ngx_atomic_t  *ngx_http_mfa_meter;

static row_t  *row;                         /* that is before it */


static size_t
aligned(size_t size)
{
    return (size + LINE - 1) & ~(size_t) (LINE - 1);
}


static row_t *
row_of(const ngx_http_mfa_meters_t *meters, ngx_uint_t i)
{
    return (row_t *) ((u_char *) meters->zone->data + i * meters->stride);
}


static ngx_atomic_t *
numbers_of(row_t *r)
{
    return (ngx_atomic_t *) ((u_char *) r + LINE);
}


/* --- the memory --- */

static ngx_int_t
zone_init(ngx_shm_zone_t *zone, void *data)
{
    u_char                 *p;
    size_t                  size;
    ngx_http_mfa_meters_t  *meters;

    if (data) {
        zone->data = data;
        return NGX_OK;
    }

    meters = zone->data;
    size = meters->rows * meters->stride;
    p = ngx_slab_calloc((ngx_slab_pool_t *) zone->shm.addr, size + LINE);

    if (p == NULL) {
        return NGX_ERROR;
    }

    zone->data = ngx_align_ptr(p, LINE);

    return NGX_OK;
}


/* What tells one row's numbers from another's: names and order of portals. */
static uint32_t
names_hash(ngx_http_mfa_main_conf_t *mcf)
{
    uint32_t                 hash;
    ngx_uint_t               i;
    ngx_http_mfa_portal_t  **portals;

    ngx_crc32_init(hash);
    portals = mcf->portals.elts;

    for (i = 0; i < mcf->portals.nelts; i++) {
        ngx_crc32_update(&hash, (u_char *) portals[i]->core.name.data,
                         portals[i]->core.name.len);
        ngx_crc32_update(&hash, (u_char *) "\n", 1);
    }

    ngx_crc32_final(hash);

    return hash;
}


/* Workers may be counted further down in the file, or by the machine: then there
   is room for many.  A few more or less of them change nothing. */
static ngx_uint_t
rows_of(ngx_conf_t *cf)
{
    ngx_int_t         n;
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cf->cycle->conf_ctx,
                                           ngx_core_module);
    n = ccf->worker_processes;

    if (n == NGX_CONF_UNSET || n < 1) {
        n = ngx_max(ngx_ncpu, ROWS_UNKNOWN);
    }

    return (n + ROWS - 1) / ROWS * ROWS;
}


ngx_int_t
ngx_http_mfa_meter_init(ngx_conf_t *cf, ngx_http_mfa_main_conf_t *mcf)
{
    size_t                  size;
    ngx_str_t               name;
    ngx_shm_zone_t         *zone;
    ngx_http_mfa_meters_t  *meters;

    meters = &mcf->meters;
    meters->rows = rows_of(cf);
    meters->length = mfa_meter_length(mcf->portals.nelts);
    meters->stride = LINE + aligned(meters->length * sizeof(ngx_atomic_t));

    /* The pool's own, and what it keeps of each page. */
    size = meters->rows * meters->stride + LINE;
    size = ngx_align(size + size / 64, ngx_pagesize) + 8 * ngx_pagesize;

    name.data = ngx_pnalloc(cf->pool, ZONE_NAME);

    if (name.data == NULL) {
        return NGX_ERROR;
    }

    name.len = ngx_snprintf(name.data, ZONE_NAME, "mfa_meter_%08xD_%uz",
                            names_hash(mcf), meters->length)
               - name.data;

    zone = ngx_shared_memory_add(cf, &name, size, &ngx_http_mfa_module);

    if (zone == NULL) {
        return NGX_ERROR;
    }

    zone->init = zone_init;
    zone->data = meters;
    meters->zone = zone;

    return NGX_OK;
}


/* --- workers --- */

void
ngx_http_mfa_meter_enter(ngx_http_mfa_main_conf_t *mcf)
{
    ngx_uint_t  i;

    if (mcf->meters.zone == NULL
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return;
    }

    row = row_of(&mcf->meters, ngx_worker % mcf->meters.rows);
    ngx_http_mfa_meter = numbers_of(row);
    row->pid = (ngx_atomic_uint_t) ngx_pid;

    for (i = MFA_METER_GAUGES; i < MFA_METER_PORTALS; i++) {
        ngx_http_mfa_meter[i] = 0;
    }
}


void
ngx_http_mfa_meter_leave(void)
{
    ngx_uint_t  i;

    for (i = MFA_METER_GAUGES; i < MFA_METER_PORTALS; i++) {
        ngx_http_mfa_meter_set(i, 0);
    }
}


void
ngx_http_mfa_meter_read(ngx_http_mfa_main_conf_t *mcf, uint64_t *n)
{
    size_t         k;
    ngx_uint_t     i;
    ngx_atomic_t  *numbers;

    ngx_memzero(n, mcf->meters.length * sizeof(uint64_t));

    for (i = 0; i < mcf->meters.rows; i++) {
        numbers = numbers_of(row_of(&mcf->meters, i));

        for (k = 0; k < mcf->meters.length; k++) {
            n[k] += numbers[k];
        }
    }
}


/* --- counting --- */

void
ngx_http_mfa_meter_add(ngx_uint_t place, uint64_t n)
{
    if (ngx_http_mfa_meter && n) {
        (void) ngx_atomic_fetch_add(ngx_http_mfa_meter + place,
                                    (ngx_atomic_int_t) n);
    }
}


void
ngx_http_mfa_meter_set(ngx_uint_t gauge, uint64_t n)
{
    if (row && row->pid == (ngx_atomic_uint_t) ngx_pid) {
        ngx_http_mfa_meter[gauge] = (ngx_atomic_uint_t) n;
    }
}


uint64_t
ngx_http_mfa_meter_clock(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}


void
ngx_http_mfa_meter_time(ngx_uint_t histogram, uint64_t began)
{
    uint64_t  usec;

    usec = ngx_http_mfa_meter_clock() - began;

    ngx_http_mfa_meter_add(mfa_meter_time(histogram, usec), 1);
    ngx_http_mfa_meter_add(histogram + MFA_METER_BOUNDS + 1, usec);
}


void
ngx_http_mfa_meter_cache(const mfa_cache_t *cache, mfa_cache_stats_t *told)
{
    mfa_cache_stats_t  now;

    mfa_cache_stats(cache, &now);

    ngx_http_mfa_meter_add(MFA_METER_CACHE_HITS, now.hits - told->hits);
    ngx_http_mfa_meter_add(MFA_METER_CACHE_MISSES, now.misses - told->misses);
    ngx_http_mfa_meter_add(MFA_METER_CACHE_BYPASSED,
                           now.bypassed - told->bypassed);
    ngx_http_mfa_meter_add(MFA_METER_CACHE_INVALIDATIONS,
                           now.invalidations - told->invalidations);
    ngx_http_mfa_meter_add(MFA_METER_CACHE_EVICTIONS,
                           now.evictions - told->evictions);

    ngx_http_mfa_meter_set(MFA_METER_CACHE_ENTRIES, now.entries);
    ngx_http_mfa_meter_set(MFA_METER_CACHE_CAPACITY, now.capacity);
    ngx_http_mfa_meter_set(MFA_METER_CACHE_OPEN, now.open != 0);

    *told = now;
}


void
ngx_http_mfa_meter_ended(const mfa_flow_t *flow)
{
    const ngx_http_mfa_portal_t  *portal;

    if (flow->trying == MFA_TRYING_NOTHING) {
        return;
    }

    portal = (const ngx_http_mfa_portal_t *) flow->env.portal;

    ngx_http_mfa_meter_add(MFA_METER_PORTALS
                           + portal->index * MFA_METER_PORTAL_N
                           + mfa_meter_trying(flow->trying, flow->outcome), 1);
}
