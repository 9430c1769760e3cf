/*
 * mfa_status, see status.h; core/meter.c knows the numbers, the flow of
 * core/flow_health.c asks the store.
 */

#include "nginx/status.h"
#include "nginx/meter.h"
#include "nginx/output.h"
#include "nginx/task.h"

#include "core/flow_health.h"

#include <jansson.h>

typedef struct {
    mfa_flow_health_t  flow;
    ngx_uint_t         json;
} scrape_t;

static ngx_int_t  ngx_http_mfa_status_handler(ngx_http_request_t *r);
static void       ngx_http_mfa_status_done(ngx_http_request_t *r, void *data);


/* --- configuration --- */

char *
ngx_http_mfa_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_loc_conf_t  *lcf = conf;

    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_mfa_main_conf_t  *mcf;

    if (lcf->status) {
        return "is duplicate";
    }

    lcf->status = 1;
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler) {
        return "is in a location that already has a handler";
    }

    clcf->handler = ngx_http_mfa_status_handler;
    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mfa_module);

    return ngx_http_mfa_place_add(cf, &mcf->statuses, lcf);
}


void
ngx_http_mfa_status_merge(ngx_http_core_loc_conf_t *clcf,
    ngx_http_mfa_loc_conf_t *prev, ngx_http_mfa_loc_conf_t *conf)
{
    /* "if" and "limit_except" blocks are locations of their own. */
    if (clcf->noname && prev->status && clcf->handler == NULL) {
        conf->status = 1;
        clcf->handler = ngx_http_mfa_status_handler;
    }
}


ngx_int_t
ngx_http_mfa_status_check(ngx_conf_t *cf, ngx_http_mfa_main_conf_t *mcf)
{
    ngx_uint_t             i;
    ngx_http_mfa_place_t  *place;

    place = mcf->statuses.elts;

    for (i = 0; i < mcf->statuses.nelts; i++) {
        if (mcf->portals.nelts == 0) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "\"mfa_status\" without any \"mfa_portal\" in %s:%ui",
                          place[i].file, place[i].line);
            return NGX_ERROR;
        }

        if (place[i].core->handler != ngx_http_mfa_status_handler) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "another handler takes the place of \"mfa_status\" "
                          "in %s:%ui", place[i].file, place[i].line);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* --- the answer --- */

static ngx_int_t
header(ngx_http_request_t *r, const char *name, const char *text)
{
    ngx_str_t  value;

    value.data = (u_char *) text;
    value.len = ngx_strlen(text);

    return ngx_http_mfa_output_header(r, name, &value);
}


static ngx_int_t
respond(ngx_http_request_t *r, ngx_uint_t status, const char *type,
    ngx_buf_t *b)
{
    ngx_int_t    rc;
    ngx_chain_t  out;

    if (header(r, "Cache-Control", "no-store") != NGX_OK
        || header(r, "X-Content-Type-Options", "nosniff") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = status;
    r->headers_out.content_type.data = (u_char *) type;
    r->headers_out.content_type.len = ngx_strlen(type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
    r->headers_out.content_length_n = b->last - b->pos;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b->last_buf = r == r->main;
    b->last_in_chain = 1;
    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static ngx_int_t
send_text(ngx_http_request_t *r, const mfa_meter_told_t *told)
{
    size_t      cap;
    mfa_buf_t   out;
    ngx_buf_t  *b;

    cap = mfa_meter_text_max(told);
    b = ngx_create_temp_buf(r->pool, cap);

    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    mfa_buf_init(&out, b->pos, cap);
    mfa_meter_text(&out, told);

    if (out.failed) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = b->pos + out.len;

    return respond(r, NGX_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8",
                   b);
}


static json_t *
portal_json(const uint64_t *n)
{
    json_t         *verdicts, *reported, *attempts, *results;
    mfa_verdict_e   verdict;
    mfa_outcome_e   outcome;
    mfa_trying_e    trying;

    verdicts = json_object();
    reported = json_object();
    attempts = json_object();

    for (verdict = 0; verdict < MFA_METER_VERDICTS; verdict++) {
        json_object_set_new(verdicts, mfa_verdict_name(verdict),
            json_integer((json_int_t) n[mfa_meter_verdict(verdict, 0)]));
        json_object_set_new(reported, mfa_verdict_name(verdict),
            json_integer((json_int_t) n[mfa_meter_verdict(verdict, 1)]));
    }

    for (trying = MFA_TRYING_PASSWORD; trying < MFA_TRYING_N; trying++) {
        results = json_object();

        for (outcome = 0; outcome < MFA_METER_OUTCOMES; outcome++) {
            json_object_set_new(results, mfa_outcome_name(outcome),
                json_integer((json_int_t) n[mfa_meter_trying(trying, outcome)]));
        }

        json_object_set_new(attempts, mfa_trying_name(trying), results);
    }

    return json_pack("{s:o,s:o,s:o}", "verdicts", verdicts, "reported",
                     reported, "attempts", attempts);
}


static json_t *
portals_json(const mfa_meter_told_t *told)
{
    size_t   i;
    json_t  *portals;

    portals = json_object();

    for (i = 0; i < told->n_portals; i++) {
        json_object_setn_new(portals, (const char *) told->portals[i].data,
                             told->portals[i].len,
                             portal_json(told->n + MFA_METER_PORTALS
                                         + i * MFA_METER_PORTAL_N));
    }

    return portals;
}


static json_t *
store_json(const mfa_meter_told_t *told)
{
    json_t  *store;

    store = json_pack("{s:b,s:I,s:I,s:I,s:I}", "up", told->store,
                      "calls", (json_int_t) told->n[MFA_METER_STORE_OK],
                      "failed", (json_int_t) told->n[MFA_METER_STORE_FAILED],
                      "in_flight",
                      (json_int_t) told->n[MFA_METER_STORE_IN_FLIGHT],
                      "connects",
                      (json_int_t) told->n[MFA_METER_STORE_CONNECTS]);

    if (store && told->store) {
        json_object_set_new(store, "clock_skew_seconds",
                            json_real((double) told->skew_usec / 1e6));
    }

    return store;
}


/* NULL when any part of it could not be made: json_pack takes none for that. */
static json_t *
all_json(const mfa_meter_told_t *told)
{
    json_t          *cache, *hash;
    const uint64_t  *n;

    n = told->n;
    cache = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}",
                      "hits", (json_int_t) n[MFA_METER_CACHE_HITS],
                      "misses", (json_int_t) n[MFA_METER_CACHE_MISSES],
                      "bypassed", (json_int_t) n[MFA_METER_CACHE_BYPASSED],
                      "invalidations",
                      (json_int_t) n[MFA_METER_CACHE_INVALIDATIONS],
                      "evictions", (json_int_t) n[MFA_METER_CACHE_EVICTIONS],
                      "entries", (json_int_t) n[MFA_METER_CACHE_ENTRIES],
                      "capacity", (json_int_t) n[MFA_METER_CACHE_CAPACITY],
                      "open", (json_int_t) n[MFA_METER_CACHE_OPEN]);
    hash = json_pack("{s:I,s:I,s:I}",
                     "running", (json_int_t) n[MFA_METER_HASH_RUNNING],
                     "waiting", (json_int_t) n[MFA_METER_HASH_WAITING],
                     "refused", (json_int_t) n[MFA_METER_HASH_REFUSED]);

    return json_pack("{s:s,s:s,s:o,s:o,s:o,s:o}",
                     "status", told->store ? "ok" : "unavailable",
                     "version", told->version, "store", store_json(told),
                     "cache", cache, "hash", hash, "portals",
                     portals_json(told));
}


static ngx_int_t
send_json(ngx_http_request_t *r, const mfa_meter_told_t *told)
{
    char       *text;
    size_t      len;
    json_t     *json;
    ngx_buf_t  *b;

    json = all_json(told);
    text = json ? json_dumps(json, JSON_COMPACT|JSON_REAL_PRECISION(9)) : NULL;
    json_decref(json);

    if (text == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    len = ngx_strlen(text);
    b = ngx_create_temp_buf(r->pool, len + 1);

    if (b) {
        b->last = ngx_cpymem(b->last, text, len);
        *b->last++ = '\n';
    }

    free(text);

    return b == NULL ? NGX_HTTP_INTERNAL_SERVER_ERROR
           : respond(r, told->store ? NGX_HTTP_OK
                        : NGX_HTTP_SERVICE_UNAVAILABLE, "application/json", b);
}


static ngx_int_t
answer(ngx_http_request_t *r, const scrape_t *scrape)
{
    uint64_t                  *n;
    ngx_uint_t                 i;
    mfa_str_t                 *names;
    mfa_meter_told_t           told;
    ngx_http_mfa_portal_t    **portals;
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);
    portals = mcf->portals.elts;
    n = ngx_palloc(r->pool, mcf->meters.length * sizeof(uint64_t));
    names = ngx_palloc(r->pool, mcf->portals.nelts * sizeof(mfa_str_t));

    if (n == NULL || names == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < mcf->portals.nelts; i++) {
        names[i] = portals[i]->core.name;
    }

    ngx_http_mfa_meter_read(mcf, n);

    told.version = MFA_VERSION;
    told.n = n;
    told.portals = names;
    told.n_portals = mcf->portals.nelts;
    told.store = scrape->flow.flow.outcome == MFA_OUTCOME_DONE;
    told.skew_usec = scrape->flow.skew_usec;

    return scrape->json ? send_json(r, &told) : send_text(r, &told);
}


static void
ngx_http_mfa_status_done(ngx_http_request_t *r, void *data)
{
    ngx_http_finalize_request(r, answer(r, data));
}


/* --- the question --- */

/* Which format; NGX_DECLINED: none there is. */
static ngx_int_t
format_read(ngx_http_request_t *r, ngx_uint_t *json)
{
    ngx_str_t  value;

    *json = 0;

    if (ngx_http_arg(r, (u_char *) "format", sizeof("format") - 1, &value)
        != NGX_OK || mfa_str_is(ngx_http_mfa_view(&value), "prometheus"))
    {
        return NGX_OK;
    }

    *json = mfa_str_is(ngx_http_mfa_view(&value), "json") != 0;

    return *json ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_http_mfa_status_handler(ngx_http_request_t *r)
{
    ngx_int_t   rc;
    scrape_t   *scrape;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return header(r, "Allow", "GET, HEAD") == NGX_OK
               ? NGX_HTTP_NOT_ALLOWED : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    scrape = ngx_palloc(r->pool, sizeof(scrape_t));

    if (scrape == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (format_read(r, &scrape->json) != NGX_OK) {
        return NGX_HTTP_BAD_REQUEST;
    }

    mfa_flow_health_init(&scrape->flow);
    rc = ngx_http_mfa_task_run(r, &scrape->flow.flow, ngx_http_mfa_status_done,
                               scrape);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_OK) {
        return answer(r, scrape);
    }

    r->main->count++;

    return NGX_DONE;
}
