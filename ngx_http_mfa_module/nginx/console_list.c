/*
 * Lists of accounts: users of a portal, and administrators.  A page by cursor,
 * filtered and searched by the store's indexes (core/flow_list.h).
 */

#include "nginx/console.h"

#include "core/duration.h"
#include "core/flow_list.h"

#define ROWS          20
#define FORECAST_SEC  (7 * 86400)


static ngx_int_t
model_rows(ngx_http_mfa_console_t *c, const mfa_flow_list_t *list)
{
    size_t        i, cap;
    u_char       *p;
    mfa_buf_t     logins;
    mfa_value_t  *row;

    row = ngx_http_mfa_rows(&c->visit, &c->visit.model[MFA_VAR_ROWS],
                            list->n_rows);
    cap = ROWS * (MFA_LOGIN_MAX + 1);
    p = ngx_pnalloc(c->visit.request->pool, cap);

    if (row == NULL || p == NULL) {
        return NGX_ERROR;
    }

    mfa_buf_init(&logins, p, cap);

    for (i = 0; i < list->n_rows; i++, row += MFA_VAR_N) {
        ngx_http_mfa_console_account_row(c, c->portal, &list->rows[i],
                                         &list->standings[i], row);
        ngx_http_mfa_cell_number(row, MFA_VAR_COUNT, (int64_t) i);
        mfa_buf_cstr(&logins, i ? " " : "");
        mfa_buf_str(&logins, list->rows[i].login);
    }

    ngx_http_mfa_set_flag(&c->visit, MFA_VAR_HAS_ROWS, list->n_rows != 0);
    ngx_http_mfa_set_text(&c->visit, MFA_VAR_LOGINS, mfa_buf_since(&logins, 0));

    return NGX_OK;
}


static ngx_int_t
model_filters(ngx_http_mfa_console_t *c, mfa_rows_e chosen)
{
    mfa_rows_e    rows;
    mfa_value_t  *row;

    row = ngx_http_mfa_rows(&c->visit, &c->visit.model[MFA_VAR_FILTERS],
                            MFA_ROWS_FORECAST + 1);

    if (row == NULL) {
        return NGX_ERROR;
    }

    for (rows = MFA_ROWS_ALL; rows <= MFA_ROWS_FORECAST; rows++) {
        ngx_http_mfa_cell_text(row, MFA_VAR_VALUE,
                               mfa_str_from(mfa_rows_name(rows)));
        ngx_http_mfa_cell_text(row, MFA_VAR_TEXT,
            ngx_http_mfa_console_word(c, mfa_word_find("rows",
                                                       mfa_rows_name(rows))));
        ngx_http_mfa_cell_flag(row, MFA_VAR_THIS, rows == chosen);
        row += MFA_VAR_N;
    }

    return NGX_OK;
}


/* This list from its beginning, or from a cursor on. */
static mfa_str_t
page_link(ngx_http_mfa_console_t *c, mfa_str_t cursor)
{
    const mfa_form_t  *query;

    query = &c->visit.query;

    return ngx_http_mfa_console_link(c,
        c->portal == c->visit.portal ? "admins" : "users",
        "portal", c->portal == c->visit.portal ? mfa_lit("")
                                               : c->portal->core.name,
        "show", mfa_form_value(query, "show"),
        "until", mfa_form_value(query, "until"),
        "q", mfa_form_value(query, "q"), "cursor", cursor, NULL);
}


/* Whether a whole page of them may be required: admins by who may act on the
   widget's list alone. */
static ngx_uint_t
may_require(ngx_http_mfa_console_t *c)
{
    return ngx_http_mfa_console_may(c, MFA_RIGHT_REQUIRE, c->portal,
                                    mfa_lit(""))
           && (c->portal != c->visit.portal
               || ngx_http_mfa_console_may_at_all(c, MFA_RIGHT_WIDGET_ACT));
}


/* What may be done with a whole page of them. */
static void
model_bulk(ngx_http_mfa_console_t *c)
{
    ngx_uint_t             requires, resends;
    ngx_http_mfa_visit_t  *v;

    v = &c->visit;
    requires = may_require(c);
    resends = c->portal->core.mail_from.len
              && ngx_http_mfa_console_may(c, MFA_RIGHT_RESEND, c->portal,
                                          mfa_lit(""));

    ngx_http_mfa_set_flag(v, MFA_VAR_MAY_REQUIRE, (int) requires);
    ngx_http_mfa_set_flag(v, MFA_VAR_MAY_RESEND, (int) resends);
    ngx_http_mfa_set_flag(v, MFA_VAR_MAY_BULK, (int) (requires || resends));
}


static void
listed(ngx_http_mfa_console_t *c)
{
    mfa_str_t              cursor;
    mfa_flow_list_t       *list;
    ngx_http_mfa_visit_t  *v;

    v = &c->visit;
    list = c->flow;

    if (list->flow.outcome != MFA_OUTCOME_DONE) {
        ngx_http_mfa_console_outcome(c, &list->flow, MFA_WHY_NONE);
        return;
    }

    if (model_rows(c, list) != NGX_OK
        || model_filters(c, list->rows_of) != NGX_OK)
    {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    cursor = mfa_form_value(&v->query, "cursor");

    if (list->total >= 0 && list->search.len == 0) {
        ngx_http_mfa_set_number(v, MFA_VAR_TOTAL, list->total);
    }

    if (list->next.len) {
        ngx_http_mfa_set_text(v, MFA_VAR_MORE_URL, page_link(c, list->next));
    }

    if (cursor.len) {
        ngx_http_mfa_set_text(v, MFA_VAR_FIRST_URL, page_link(c, mfa_lit("")));
    }

    ngx_http_mfa_set_text(v, MFA_VAR_BACK_URL, page_link(c, cursor));
    ngx_http_mfa_set_text(v, MFA_VAR_SEARCH, list->search);
    ngx_http_mfa_set_text(v, MFA_VAR_SHOW,
                          mfa_str_from(mfa_rows_name(list->rows_of)));
    ngx_http_mfa_set_flag(v, MFA_VAR_FORECAST,
                          list->rows_of == MFA_ROWS_FORECAST);
    ngx_http_mfa_set_date(v, MFA_VAR_UNTIL, list->until);
    model_bulk(c);
    ngx_http_mfa_set_flag(v, MFA_VAR_MAY_ADD,
        (int) ngx_http_mfa_console_may(c, MFA_RIGHT_ACCOUNT, c->portal,
                                       mfa_lit("")));

    if (mfa_str_is(mfa_form_value(&v->query, "done"), "delete")) {
        ngx_http_mfa_set_text(v, MFA_VAR_TEXT,
            ngx_http_mfa_console_word(c, MFA_WORD_DONE_DELETE));
    }

    ngx_http_mfa_console_page(c, NGX_HTTP_OK, MFA_PAGE_CONSOLE_LIST,
                              MFA_ERR_NONE);
}


static void
list_get(ngx_http_mfa_console_t *c)
{
    int                    rows;
    int64_t                until;
    mfa_str_t              text;
    mfa_flow_list_t       *list;
    ngx_http_mfa_visit_t  *v;

    v = &c->visit;

    if (!ngx_http_mfa_console_may(c, MFA_RIGHT_LOOK, c->portal, mfa_lit(""))) {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_FORBIDDEN, MFA_ERR_RIGHT);
        return;
    }

    text = mfa_form_value(&v->query, "show");
    rows = text.len ? mfa_rows_find(text) : MFA_ROWS_ALL;
    text = mfa_form_value(&v->query, "until");
    until = ngx_time() + FORECAST_SEC;

    if (rows < 0 || (text.len && mfa_date_parse(text, &until) != 0)) {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_BAD_REQUEST, MFA_ERR_INPUT);
        return;
    }

    list = ngx_palloc(v->request->pool, sizeof(mfa_flow_list_t));

    if (list == NULL) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    mfa_flow_list_init(list);
    list->rows_of = (mfa_rows_e) rows;
    list->until = until;
    list->search = mfa_form_value(&v->query, "q");
    list->cursor = mfa_form_value(&v->query, "cursor");
    list->n = ROWS;

    c->flow = list;
    ngx_http_mfa_console_run(c, c->portal, &list->flow, listed);
}


/* Users of the portal that is named, else of the first one there is. */
void
ngx_http_mfa_console_users_get(ngx_http_mfa_console_t *c)
{
    mfa_str_t   name;
    ngx_uint_t  i;

    name = mfa_form_value(&c->visit.query, "portal");

    for (i = 0; i < c->conf->n; i++) {
        if (c->conf->portals[i] != c->visit.portal
            && (name.len == 0
                || mfa_str_eq(name, c->conf->portals[i]->core.name)))
        {
            c->portal = c->conf->portals[i];
            list_get(c);
            return;
        }
    }

    ngx_http_mfa_console_refuse(c, NGX_HTTP_NOT_FOUND, MFA_ERR_NOT_FOUND);
}


void
ngx_http_mfa_console_admins_get(ngx_http_mfa_console_t *c)
{
    c->portal = ngx_http_mfa_console_portal(c, c->visit.portal->core.name);

    if (c->portal == NULL) {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_NOT_FOUND, MFA_ERR_NOT_FOUND);
        return;
    }

    list_get(c);
}
