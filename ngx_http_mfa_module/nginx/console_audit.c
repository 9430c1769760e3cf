/*
 * The audit page: a portal's events, newest first, filtered.
 */

#include "nginx/console.h"

#include "core/flow_audit.h"

#define ROWS  50


static ngx_int_t
model_portals(ngx_http_mfa_console_t *c)
{
    ngx_uint_t    i;
    mfa_value_t  *row;

    row = ngx_http_mfa_rows(&c->visit, &c->visit.model[MFA_VAR_FILTERS],
                            c->conf->n);

    for (i = 0; row && i < c->conf->n; i++, row += MFA_VAR_N) {
        ngx_http_mfa_cell_text(row, MFA_VAR_VALUE,
                               c->conf->portals[i]->core.name);
        ngx_http_mfa_cell_flag(row, MFA_VAR_THIS,
                               c->conf->portals[i] == c->portal);
    }

    return row ? NGX_OK : NGX_ERROR;
}


static mfa_str_t
page_link(ngx_http_mfa_console_t *c, mfa_str_t before)
{
    const mfa_form_t  *query;

    query = &c->visit.query;

    return ngx_http_mfa_console_link(c, "audit",
        "portal", c->portal->core.name,
        "about", mfa_form_value(query, "about"),
        "event", mfa_form_value(query, "event"),
        "result", mfa_form_value(query, "result"), "before", before, NULL);
}


static void
read_done(ngx_http_mfa_console_t *c)
{
    mfa_flow_audit_t      *audit;
    ngx_http_mfa_visit_t  *v;

    v = &c->visit;
    audit = c->flow;

    if (audit->flow.outcome != MFA_OUTCOME_DONE) {
        ngx_http_mfa_console_outcome(c, &audit->flow, MFA_WHY_NONE);
        return;
    }

    if (ngx_http_mfa_console_events(c, c->portal, audit->rows, audit->n_rows)
        != NGX_OK
        || model_portals(c) != NGX_OK)
    {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    if (audit->next.len) {
        ngx_http_mfa_set_text(v, MFA_VAR_MORE_URL, page_link(c, audit->next));
    }

    if (audit->before.len) {
        ngx_http_mfa_set_text(v, MFA_VAR_FIRST_URL, page_link(c, mfa_lit("")));
    }

    ngx_http_mfa_set_text(v, MFA_VAR_FIELD_LOGIN, audit->filter.about);
    ngx_http_mfa_set_text(v, MFA_VAR_FIELD_EVENT, audit->filter.event);
    ngx_http_mfa_set_text(v, MFA_VAR_FIELD_REASON, audit->filter.result);

    /* The page is about no portal's accounts: nothing is lit in the panel. */
    c->portal = NULL;
    ngx_http_mfa_console_page(c, NGX_HTTP_OK, MFA_PAGE_CONSOLE_AUDIT,
                              MFA_ERR_NONE);
}


void
ngx_http_mfa_console_audit_get(ngx_http_mfa_console_t *c)
{
    mfa_str_t              name;
    mfa_flow_audit_t      *audit;
    ngx_http_mfa_visit_t  *v;

    v = &c->visit;
    name = mfa_form_value(&v->query, "portal");

    if (!ngx_http_mfa_console_may_at_all(c, MFA_RIGHT_AUDIT)) {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_FORBIDDEN, MFA_ERR_RIGHT);
        return;
    }

    c->portal = name.len ? ngx_http_mfa_console_portal(c, name)
                         : c->conf->portals[0];

    if (c->portal == NULL) {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_NOT_FOUND, MFA_ERR_NOT_FOUND);
        return;
    }

    audit = ngx_palloc(v->request->pool, sizeof(mfa_flow_audit_t));

    if (audit == NULL) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    mfa_flow_audit_init(audit);
    audit->filter.about = mfa_form_value(&v->query, "about");
    audit->filter.event = mfa_form_value(&v->query, "event");
    audit->filter.result = mfa_form_value(&v->query, "result");
    audit->before = mfa_form_value(&v->query, "before");
    audit->n = ROWS;

    c->flow = audit;
    ngx_http_mfa_console_run(c, c->portal, &audit->flow, read_done);
}
