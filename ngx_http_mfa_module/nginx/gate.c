/*
 * The gate, see gate.h.
 *
 * PRECONTENT has the generic checker: NGX_DECLINED goes on, NGX_AGAIN suspends
 * (any write event enters the handler again), NGX_DONE ends what was finalized
 * here.  NGX_OK is never returned: it would skip try_files and mirror.
 */

#include "nginx/gate.h"
#include "nginx/api.h"
#include "nginx/bearer.h"
#include "nginx/check.h"
#include "nginx/elsewhere.h"
#include "nginx/memo.h"
#include "nginx/meter.h"
#include "nginx/output.h"
#include "nginx/task.h"


/* A flow and the token it reads from, in one piece. */
typedef struct {
    mfa_flow_gate_t      flow;
    mfa_session_token_t  token;
} asking_t;

static void ngx_http_mfa_gate_wake(ngx_http_request_t *r, void *data);


mfa_flow_gate_t *
ngx_http_mfa_gate_flow(ngx_http_request_t *r, ngx_pool_t *pool,
    ngx_http_mfa_portal_t *portal)
{
    asking_t                  *asking;
    const mfa_cookie_t        *cookie;
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);
    asking = ngx_palloc(pool, sizeof(asking_t));

    if (asking == NULL) {
        return NULL;
    }

    mfa_flow_gate_init(&asking->flow);
    ngx_http_mfa_input_env(r, portal, &asking->flow.flow.env);

    cookie = ngx_http_mfa_input_cookie(r, portal,
                                       NGX_HTTP_MFA_COOKIE_SESSION);

    /* Two of our cookies in one request: somebody planted one.  Neither counts,
       and the store is not asked. */
    if (cookie && cookie->n == 1
        && mfa_session_token_parse(&asking->token, mcf->keys, cookie->value)
           == 0)
    {
        asking->flow.token = &asking->token;
        asking->flow.cookie = cookie->value;

    } else if (cookie) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "mfa: session cookie is malformed or not alone");
    }

    return &asking->flow;
}


/* A subrequest may be judged for another portal than the request around it. */
MFA_HOT static ngx_http_mfa_judged_t *
record_of(ngx_http_request_t *r, ngx_http_mfa_main_t *m)
{
    ngx_http_mfa_judged_t  *judged;

    if (r == r->main) {
        return &m->judged;
    }

    for (judged = m->judged.next; judged; judged = judged->next) {
        if (judged->request == r) {
            return judged;
        }
    }

    judged = ngx_palloc(r->pool, sizeof(ngx_http_mfa_judged_t));

    if (judged) {
        /* Nobody's, until who is there is known. */
        judged->request = NULL;
        judged->next = m->judged.next;
        m->judged.next = judged;
    }

    return judged;
}


ngx_int_t
ngx_http_mfa_gate_keep(ngx_http_request_t *r, ngx_http_mfa_portal_t *portal,
    mfa_flow_gate_t *flow)
{
    ngx_http_mfa_main_t    *m;
    ngx_http_mfa_judged_t  *judged;

    m = ngx_http_mfa_input_main(r);
    judged = m ? record_of(r, m) : NULL;

    if (judged == NULL) {
        return NGX_ERROR;
    }

    if (flow->touch) {
        ngx_http_mfa_task_send(r, &flow->flow.op);
    }

    judged->request = r;
    judged->portal = portal;
    judged->who = flow->who;

    return NGX_OK;
}


/* --- what the worker's cache knows --- */

MFA_HOT static mfa_cache_t *
cache_of(ngx_http_request_t *r)
{
    ngx_http_mfa_links_t  *links;

    links = ngx_http_mfa_task_links(r);

    return links ? ngx_http_mfa_links_cache(links) : NULL;
}


/* Holds what is known for as long as anything may point at it. */
MFA_HOT static ngx_int_t
hold(ngx_http_request_t *r, ngx_http_mfa_main_t *m, const mfa_known_t *known)
{
    ngx_http_mfa_hold_t  *h;

    h = m->holds ? ngx_palloc(r->main->pool, sizeof(ngx_http_mfa_hold_t))
                 : &m->hold;

    if (h == NULL) {
        return NGX_ERROR;
    }

    h->known = *known;
    h->next = m->holds;
    m->holds = h;

    return NGX_OK;
}


/* Whether the cache knows enough to let r pass, and then it may. */
MFA_HOT static ngx_uint_t
known_passes(ngx_http_request_t *r, ngx_http_mfa_gate_t *gate,
    ngx_http_mfa_main_t *m, mfa_cache_t *cache, const mfa_cookie_t *cookie)
{
    mfa_known_t             known;
    mfa_digest_t            digest;
    mfa_gate_ask_t          ask;
    ngx_http_mfa_judged_t  *judged;

    ask.portal = &gate->lcf->portal->core;
    ask.rule = gate->lcf->rule;
    ask.fresh_sec = gate->lcf->fresh;
    ask.now = ngx_time();

    digest = ngx_http_mfa_memo_digest(m, (ngx_uint_t) (cookie - m->cookies),
                                      cache);

    if (!mfa_cache_find(cache, ask.portal, digest, ask.now, &known)) {
        return 0;
    }

    judged = record_of(r, m);

    if (judged == NULL || hold(r, m, &known) != NGX_OK) {
        mfa_cache_release(&known);
        return 0;
    }

    if (!mfa_gate_known(&ask, &known, &judged->who)) {
        return 0;
    }

    judged->request = r;
    judged->portal = gate->lcf->portal;

    gate->who = &judged->who;
    gate->verdict = judged->who.verdict;
    gate->judged = 1;

    return 1;
}


static void
places_cleanup(void *data)
{
    mfa_flow_gate_drop(data);
}


/* The answers to this flow are for the cache, too. */
static ngx_int_t
remember(ngx_http_request_t *r, mfa_flow_gate_t *flow, mfa_cache_t *cache)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = places_cleanup;
    cln->data = flow;
    flow->cache = cache;

    return NGX_OK;
}


/* --- answers --- */


static const struct {
    ngx_uint_t   status;                        /* for all but navigations */
    const char  *title;
    const char  *page;                          /* for navigations: 303 there */
} answers[] = {
    /* in the order of mfa_verdict_e */
    { 503, "The second factor cannot be checked now", NULL },
    { 401, "Login is required", "login" },
    { 403, "The account is blocked", "blocked" },
    { 401, "A one-time code is required", "code" },
    { 401, "Multi-factor authentication must be set up", "enrol" },
    { 403, "The account is locked out", "locked" },
};


static ngx_int_t
unavailable(ngx_http_request_t *r, ngx_http_mfa_portal_t *portal,
    ngx_uint_t navigation)
{
    mfa_value_t  *model;

    if (ngx_http_mfa_output_retry(r, 2) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!navigation || r != r->main) {
        return ngx_http_mfa_output_problem(r, portal, 503, answers[0].title,
                                           NULL);
    }

    model = ngx_pcalloc(r->pool, MFA_VAR_N * sizeof(mfa_value_t));

    if (model == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_mfa_output_page(r, portal, 503, MFA_PAGE_UNAVAILABLE,
                                    model);
}


static ngx_int_t
deny(ngx_http_request_t *r, ngx_http_mfa_gate_t *gate)
{
    ngx_int_t               rc;
    ngx_uint_t              navigation;
    ngx_http_mfa_portal_t  *portal;

    portal = gate->lcf->portal;
    navigation = !gate->lcf->check && ngx_http_mfa_input_navigation(r);
    gate->answered = 1;

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "mfa: %s for portal \"%*s\"",
                  mfa_verdict_name(gate->verdict), portal->core.name.len,
                  portal->core.name.data);

    if (ngx_http_mfa_api_is(r, gate->lcf)) {
        rc = ngx_http_mfa_api_deny(r, gate->lcf, gate->verdict);

    } else if (gate->verdict == MFA_VERDICT_UNAVAILABLE
               || gate->verdict >= MFA_VERDICT_ALLOW)
    {
        rc = unavailable(r, portal, navigation);

    } else if (navigation && r == r->main) {
        rc = ngx_http_mfa_output_to_page(r, portal,
                                         answers[gate->verdict].page);
    } else if (gate->lcf->check
               && ngx_http_mfa_check_lead(r, portal,
                                          answers[gate->verdict].page)
                  != NGX_OK)
    {
        rc = NGX_HTTP_INTERNAL_SERVER_ERROR;

    } else {
        rc = ngx_http_mfa_output_problem(r, portal,
                                         answers[gate->verdict].status,
                                         answers[gate->verdict].title,
                                         answers[gate->verdict].page);
    }

    ngx_http_finalize_request(r, rc);

    return NGX_DONE;
}


MFA_HOT static ngx_int_t
pass(ngx_http_request_t *r, ngx_http_mfa_gate_t *gate)
{
    if (ngx_http_mfa_identity_send(r, gate->main, gate->lcf->headers,
                                   gate->who)
        != NGX_OK)
    {
        gate->judged = 0;
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DECLINED;
}


/* Nobody is stopped: what would have happened goes to the log.  Who was not
   allowed has no identity here, also not one proved for another place. */
static ngx_int_t
report(ngx_http_request_t *r, ngx_http_mfa_gate_t *gate)
{
    ngx_http_mfa_main_t    *m;
    ngx_http_mfa_portal_t  *portal;

    portal = gate->lcf->portal;

    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "mfa: report only: %s for portal \"%*s\"",
                  mfa_verdict_name(gate->verdict), portal->core.name.len,
                  portal->core.name.data);

    m = ngx_http_mfa_input_find(r);

    if (m && m->identity
        && ngx_http_mfa_identity_send(r, m, NULL, NULL) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DECLINED;
}


static void
judge(ngx_http_request_t *r, ngx_http_mfa_gate_t *gate)
{
    gate->waiting = 0;
    gate->who = &gate->flow->who;
    gate->verdict = gate->who->verdict;

    if (ngx_http_mfa_gate_keep(r, gate->lcf->portal, gate->flow) != NGX_OK) {
        gate->verdict = MFA_VERDICT_UNAVAILABLE;
    }

    gate->judged = 1;
}


static void
ngx_http_mfa_gate_wake(ngx_http_request_t *r, void *data)
{
    judge(r, data);
    ngx_http_core_run_phases(r);
}


/* NGX_OK: the verdict is there; NGX_AGAIN: it will be. */
MFA_HOT static ngx_int_t
ask(ngx_http_request_t *r, ngx_http_mfa_gate_t *gate,
    ngx_http_mfa_loc_conf_t *lcf)
{
    ngx_int_t             rc;
    mfa_cache_t          *cache;
    const mfa_cookie_t   *cookie;
    ngx_http_mfa_main_t  *m;

    m = ngx_http_mfa_input_main(r);

    if (m == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    gate->lcf = lcf;
    gate->main = m;
    gate->judged = 0;
    ngx_str_null(&gate->assertion);

    if (ngx_http_mfa_bearer_is(r, lcf)) {
        return ngx_http_mfa_bearer_ask(r, gate);
    }

    cookie = ngx_http_mfa_input_cookie_of(r, m, lcf->portal,
                                          NGX_HTTP_MFA_COOKIE_SESSION);
    cache = cookie && cookie->n == 1 ? cache_of(r) : NULL;

    if (cache && known_passes(r, gate, m, cache, cookie)) {
        return NGX_OK;
    }

    gate->flow = ngx_http_mfa_gate_flow(r, r->pool, lcf->portal);

    if (gate->flow == NULL
        || (cache && remember(r, gate->flow, cache) != NGX_OK))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    gate->flow->rule = lcf->rule;
    gate->flow->fresh_sec = lcf->fresh;
    gate->waiting = 1;

    rc = ngx_http_mfa_task_run(r, &gate->flow->flow, ngx_http_mfa_gate_wake,
                               gate);
    if (rc == NGX_OK) {
        judge(r, gate);
    }

    return rc == NGX_ERROR ? NGX_HTTP_INTERNAL_SERVER_ERROR : rc;
}


/* A location without a gate: an identity set for another one goes no further. */
static ngx_int_t
ungated(ngx_http_request_t *r)
{
    ngx_http_mfa_main_t  *m;

    m = ngx_http_mfa_input_find(r);

    if (m && m->identity
        && ngx_http_mfa_identity_send(r, m, NULL, NULL) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DECLINED;
}


MFA_HOT ngx_int_t
ngx_http_mfa_gate_handler(ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    ngx_http_mfa_gate_t      *gate;
    ngx_http_mfa_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);

    /* What fails while its headers are read comes here by way of error_page,
       without having passed POST_READ.  Doing it twice changes nothing. */
    if (r->internal && r == r->main
        && (rc = ngx_http_mfa_input_handler(r)) != NGX_DECLINED)
    {
        return rc;
    }

    if (ngx_http_mfa_elsewhere(r, lcf)) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "mfa: the path may be read as one of another gate");
        return NGX_HTTP_BAD_REQUEST;
    }

    if (!ngx_http_mfa_is_gated(lcf)) {
        return ungated(r);
    }

    gate = ngx_http_get_module_ctx(r, ngx_http_mfa_module);

    if (gate && gate->waiting) {
        return NGX_AGAIN;
    }

    if (gate == NULL) {
        gate = ngx_palloc(r->pool, sizeof(ngx_http_mfa_gate_t));

        if (gate == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_memzero(gate, sizeof(ngx_http_mfa_gate_t));
        ngx_http_set_ctx(r, gate, ngx_http_mfa_module);
    }

    if (!gate->judged || gate->lcf != lcf) {
        rc = ask(r, gate, lcf);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    ngx_http_mfa_meter_verdict(lcf->portal, gate->verdict, lcf->report);

    if (gate->verdict == MFA_VERDICT_ALLOW) {
        return pass(r, gate);
    }

    return lcf->report ? report(r, gate) : deny(r, gate);
}
