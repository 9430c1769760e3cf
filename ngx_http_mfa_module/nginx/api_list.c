/*
 * Lists of the API: accounts, who would be locked out, events.  Each is a page
 * of rows with the cursor of the next one; a page may be empty and still have a
 * next (core/flow_list.h).
 */

#include "nginx/api.h"

#include "core/flow_audit.h"
#include "core/flow_list.h"

static void ngx_http_mfa_api_listed(ngx_http_mfa_api_t *a);
static void ngx_http_mfa_api_audited(ngx_http_mfa_api_t *a);


/* A page that build makes, or what is wrong with the cursor or the store. */
static void
page_answer(ngx_http_mfa_api_t *a, mfa_outcome_e outcome,
    ngx_http_mfa_api_build_pt build)
{
    switch (outcome) {
    case MFA_OUTCOME_DONE:
        ngx_http_mfa_api_answer(a, NGX_HTTP_OK, build, 0);
        break;
    case MFA_OUTCOME_REFUSED:
        a->member = "cursor";
        ngx_http_mfa_api_problem(a, NGX_HTTP_MFA_API_QUERY);
        break;
    default:
        ngx_http_mfa_api_problem(a, NGX_HTTP_MFA_API_UNAVAILABLE);
        break;
    }
}


/* --- accounts --- */

static json_t *
page_build(ngx_http_mfa_api_t *a)
{
    size_t            i;
    json_t           *page, *rows;
    mfa_flow_list_t  *list = a->flow;

    page = json_object();
    rows = json_array();

    for (i = 0; i < list->n_rows; i++) {
        if (json_array_append_new(rows, ngx_http_mfa_api_account_build(
                list->flow.env.portal, &list->rows[i], &list->standings[i]))
            != 0)
        {
            return NULL;
        }
    }

    ngx_http_mfa_api_set(page, "accounts", rows);
    ngx_http_mfa_api_set(page, "next", ngx_http_mfa_json_text(list->next));
    ngx_http_mfa_api_set(page, "total", list->total < 0
                                        ? json_null()
                                        : json_integer(list->total));
    return page;
}


static void
ngx_http_mfa_api_listed(ngx_http_mfa_api_t *a)
{
    page_answer(a, ((mfa_flow_list_t *) a->flow)->flow.outcome, page_build);
}


static void
list_run(ngx_http_mfa_api_t *a, mfa_rows_e rows, int64_t until)
{
    size_t            n;
    mfa_flow_list_t  *list;

    n = ngx_http_mfa_api_limit(a, MFA_LIST_ROWS_MAX);
    list = n ? ngx_http_mfa_api_alloc(a, sizeof(mfa_flow_list_t)) : NULL;

    if (list == NULL) {
        return;
    }

    mfa_flow_list_init(list);
    list->rows_of = rows;
    list->until = until;
    list->search = a->query[NGX_HTTP_MFA_API_Q];
    list->cursor = a->query[NGX_HTTP_MFA_API_CURSOR];
    list->n = n;

    a->flow = list;
    ngx_http_mfa_api_run(a, a->c->portal, &list->flow, ngx_http_mfa_api_listed);
}


void
ngx_http_mfa_api_accounts(ngx_http_mfa_api_t *a)
{
    int        rows;
    mfa_str_t  filter;

    filter = a->query[NGX_HTTP_MFA_API_FILTER];
    rows = filter.len ? mfa_rows_find(filter) : MFA_ROWS_ALL;

    /* That one has an operation of its own, and a time. */
    if (rows < 0 || rows == MFA_ROWS_FORECAST) {
        a->member = "filter";
        ngx_http_mfa_api_problem(a, NGX_HTTP_MFA_API_QUERY);
        return;
    }

    list_run(a, rows, 0);
}


void
ngx_http_mfa_api_forecast(ngx_http_mfa_api_t *a)
{
    int64_t  until;

    if (ngx_http_mfa_api_until(a, &until) != 0) {
        a->member = "until";
        ngx_http_mfa_api_problem(a, NGX_HTTP_MFA_API_QUERY);
        return;
    }

    list_run(a, MFA_ROWS_FORECAST, until);
}


/* --- events --- */

static json_t *
event_build(const mfa_event_t *event)
{
    json_t  *json;

    json = json_object();

    ngx_http_mfa_api_set(json, "id", ngx_http_mfa_json_text(event->id));
    ngx_http_mfa_api_set(json, "at", ngx_http_mfa_json_time(event->at));
    ngx_http_mfa_api_set(json, "event", ngx_http_mfa_json_text(event->event));
    ngx_http_mfa_api_set(json, "result", ngx_http_mfa_json_text(event->result));
    ngx_http_mfa_api_set(json, "reason", ngx_http_mfa_json_text(event->reason));
    ngx_http_mfa_api_set(json, "login", ngx_http_mfa_json_text(event->login));
    ngx_http_mfa_api_set(json, "actor", ngx_http_mfa_json_text(event->actor));
    ngx_http_mfa_api_set(json, "token", ngx_http_mfa_json_text(event->token));
    ngx_http_mfa_api_set(json, "address",
                         ngx_http_mfa_json_text(event->address));
    ngx_http_mfa_api_set(json, "request",
                         ngx_http_mfa_json_text(event->request));
    ngx_http_mfa_api_set(json, "detail", ngx_http_mfa_json_text(event->detail));

    return json;
}


static json_t *
events_build(ngx_http_mfa_api_t *a)
{
    size_t             i;
    json_t            *page, *rows;
    mfa_flow_audit_t  *audit = a->flow;

    page = json_object();
    rows = json_array();

    for (i = 0; i < audit->n_rows; i++) {
        if (json_array_append_new(rows, event_build(&audit->rows[i])) != 0) {
            return NULL;
        }
    }

    ngx_http_mfa_api_set(page, "events", rows);
    ngx_http_mfa_api_set(page, "next", ngx_http_mfa_json_text(audit->next));

    return page;
}


static void
ngx_http_mfa_api_audited(ngx_http_mfa_api_t *a)
{
    page_answer(a, ((mfa_flow_audit_t *) a->flow)->flow.outcome, events_build);
}


void
ngx_http_mfa_api_audit(ngx_http_mfa_api_t *a)
{
    size_t             n;
    mfa_flow_audit_t  *audit;

    n = ngx_http_mfa_api_limit(a, MFA_AUDIT_ROWS_MAX);
    audit = n ? ngx_http_mfa_api_alloc(a, sizeof(mfa_flow_audit_t)) : NULL;

    if (audit == NULL) {
        return;
    }

    mfa_flow_audit_init(audit);
    audit->filter.about = a->query[NGX_HTTP_MFA_API_ABOUT];
    audit->filter.login = a->query[NGX_HTTP_MFA_API_WHOSE];
    audit->filter.actor = a->query[NGX_HTTP_MFA_API_ACTOR];
    audit->filter.event = a->query[NGX_HTTP_MFA_API_EVENT];
    audit->filter.result = a->query[NGX_HTTP_MFA_API_RESULT];
    audit->before = a->query[NGX_HTTP_MFA_API_CURSOR];
    audit->n = n;

    a->flow = audit;
    ngx_http_mfa_api_run(a, a->c->portal, &audit->flow,
                         ngx_http_mfa_api_audited);
}
