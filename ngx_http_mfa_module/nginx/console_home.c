/*
 * The console's home page: how many accounts of each portal stand where, who
 * will be locked out in the next days, and the tile "Admins Without MFA
 * Required".  One operation for each portal, however many accounts it has.
 */

#include "nginx/console.h"

#include "core/flow_home.h"

#define FORECAST_SEC  (7 * 86400)

static void counted(ngx_http_mfa_console_t *c);


static void
row_counts(ngx_http_mfa_console_t *c, ngx_http_mfa_portal_t *portal,
    const mfa_flow_home_t *home, mfa_value_t *row)
{
    size_t  i;

    const struct {
        mfa_var_e    number;
        int64_t      n;
        mfa_var_e    url;
        const char  *show;
    } cells[] = {
        { MFA_VAR_TOTAL, home->counts.total, MFA_VAR_URL, "" },
        { MFA_VAR_N_ENROLLED, home->counts.enrolled, MFA_VAR_URL_ENROLLED,
          "enrolled" },
        { MFA_VAR_N_NOT_REQUIRED, home->counts.not_required,
          MFA_VAR_URL_NOT_REQUIRED, "not-required" },
        { MFA_VAR_N_GRACE, home->counts.grace, MFA_VAR_URL_GRACE, "grace" },
        { MFA_VAR_N_DUE, home->counts.due, MFA_VAR_URL_DUE, "due" },
        { MFA_VAR_N_LOCKED, home->counts.locked, MFA_VAR_URL_LOCKED, "locked" },
        { MFA_VAR_N_FORECAST, home->forecast, MFA_VAR_URL_FORECAST,
          "forecast" },
    };

    for (i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
        ngx_http_mfa_cell_number(row, cells[i].number, cells[i].n);
        ngx_http_mfa_cell_text(row, cells[i].url,
            ngx_http_mfa_console_list_link(c, portal, cells[i].show));
    }

    ngx_http_mfa_cell_text(row, MFA_VAR_TITLE, portal->core.name);
    ngx_http_mfa_cell_flag(row, MFA_VAR_ADMINS, portal == c->visit.portal);
    ngx_http_mfa_cell_flag(row, MFA_VAR_MAY_LOOK,
        (int) ngx_http_mfa_console_may(c, MFA_RIGHT_LOOK, portal, mfa_lit("")));
}


static void
tile(ngx_http_mfa_console_t *c, const mfa_flow_home_t *home)
{
    ngx_http_mfa_visit_t  *v;

    v = &c->visit;

    if (!ngx_http_mfa_console_may_at_all(c, MFA_RIGHT_WIDGET)
        || !v->model[MFA_VAR_WIDGET_ON].number)
    {
        return;
    }

    ngx_http_mfa_set_flag(v, MFA_VAR_WIDGET, 1);
    ngx_http_mfa_set_number(v, MFA_VAR_COUNT, home->counts.not_required);
    ngx_http_mfa_set_text(v, MFA_VAR_URL,
        ngx_http_mfa_console_list_link(c, v->portal, "not-required"));
}


static void
count_next(ngx_http_mfa_console_t *c)
{
    mfa_flow_home_t  *home;

    if (c->at == c->conf->n) {
        ngx_http_mfa_set_date(&c->visit, MFA_VAR_UNTIL,
                              ngx_time() + FORECAST_SEC);
        ngx_http_mfa_console_page(c, NGX_HTTP_OK, MFA_PAGE_CONSOLE_HOME,
                                  MFA_ERR_NONE);
        return;
    }

    home = ngx_palloc(c->visit.request->pool, sizeof(mfa_flow_home_t));

    if (home == NULL) {
        ngx_http_mfa_visit_end(&c->visit, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    mfa_flow_home_init(home);
    home->until = ngx_time() + FORECAST_SEC;
    c->flow = home;
    ngx_http_mfa_console_run(c, c->conf->portals[c->at], &home->flow, counted);
}


static void
counted(ngx_http_mfa_console_t *c)
{
    mfa_value_t            *row;
    mfa_flow_home_t        *home;
    ngx_http_mfa_portal_t  *portal;

    home = c->flow;

    if (home->flow.outcome != MFA_OUTCOME_DONE) {
        ngx_http_mfa_console_outcome(c, &home->flow, MFA_WHY_NONE);
        return;
    }

    portal = c->conf->portals[c->at];
    row = (mfa_value_t *) c->visit.model[MFA_VAR_COUNTS].rows[c->at++];
    row_counts(c, portal, home, row);

    if (home->stale) {
        ngx_http_mfa_set_flag(&c->visit, MFA_VAR_STALE, 1);
    }

    if (portal == c->visit.portal) {
        tile(c, home);
    }

    count_next(c);
}


void
ngx_http_mfa_console_home_get(ngx_http_mfa_console_t *c)
{
    mfa_value_t  *list;

    if (!ngx_http_mfa_console_may_at_all(c, MFA_RIGHT_HOME)) {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_FORBIDDEN, MFA_ERR_RIGHT);
        return;
    }

    list = &c->visit.model[MFA_VAR_COUNTS];

    if (ngx_http_mfa_rows(&c->visit, list, c->conf->n) == NULL) {
        ngx_http_mfa_visit_end(&c->visit, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    c->at = 0;
    ngx_http_mfa_console_self(c, count_next);
}
