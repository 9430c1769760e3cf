/*
 * Lists in a model: rows and what stands in their cells, see pages.h.
 */

#include "nginx/pages.h"

#include "core/duration.h"

typedef const mfa_value_t  *row_t;


mfa_value_t *
ngx_http_mfa_rows(ngx_http_mfa_visit_t *v, mfa_value_t *list, size_t n)
{
    size_t        i;
    row_t        *rows;
    mfa_value_t  *cells;

    rows = ngx_palloc(v->request->pool, (n + 1) * sizeof(row_t));
    cells = ngx_pcalloc(v->request->pool,
                        (n * MFA_VAR_N + 1) * sizeof(mfa_value_t));

    if (rows == NULL || cells == NULL) {
        return NULL;
    }

    for (i = 0; i < n; i++) {
        rows[i] = &cells[i * MFA_VAR_N];
    }

    list->kind = MFA_VALUE_LIST;
    list->rows = rows;
    list->n = n;

    return cells;
}


void
ngx_http_mfa_cell_text(mfa_value_t *row, mfa_var_e var, mfa_str_t text)
{
    /* Also when it is empty: what stands outside the list is not meant. */
    row[var].kind = MFA_VALUE_TEXT;
    row[var].text = text;
}


void
ngx_http_mfa_cell_flag(mfa_value_t *row, mfa_var_e var, int flag)
{
    row[var].kind = MFA_VALUE_FLAG;
    row[var].number = flag != 0;
}


void
ngx_http_mfa_cell_number(mfa_value_t *row, mfa_var_e var, int64_t number)
{
    row[var].kind = MFA_VALUE_NUMBER;
    row[var].number = number;
}


/* "2026-11-22 10:53 UTC" */
void
ngx_http_mfa_cell_moment(ngx_http_mfa_visit_t *v, mfa_value_t *row,
    mfa_var_e var, int64_t unix_sec)
{
    u_char     *p;
    mfa_buf_t   out;

    ngx_http_mfa_cell_text(row, var, mfa_lit(""));
    p = ngx_pnalloc(v->request->pool, sizeof("YYYY-MM-DDTHH:MM:SSZ"));

    if (p == NULL) {
        return;
    }

    mfa_buf_init(&out, p, sizeof("YYYY-MM-DDTHH:MM:SSZ"));
    mfa_timestamp_make(&out, unix_sec);

    if (out.failed || out.len != sizeof("YYYY-MM-DDTHH:MM:SSZ") - 1) {
        return;
    }

    p[sizeof("YYYY-MM-DD") - 1] = ' ';
    ngx_memcpy(p + sizeof("YYYY-MM-DDTHH:MM") - 1, " UTC", 4);
    ngx_http_mfa_cell_text(row, var, (mfa_str_t) { p, out.len });
}


void
ngx_http_mfa_cell_date(ngx_http_mfa_visit_t *v, mfa_value_t *row,
    mfa_var_e var, int64_t unix_sec)
{
    u_char     *p;
    mfa_buf_t   out;

    ngx_http_mfa_cell_text(row, var, mfa_lit(""));
    p = ngx_pnalloc(v->request->pool, sizeof("YYYY-MM-DD"));

    if (p) {
        mfa_buf_init(&out, p, sizeof("YYYY-MM-DD"));
        mfa_date_make(&out, unix_sec);
        ngx_http_mfa_cell_text(row, var, mfa_buf_since(&out, 0));
    }
}


void
ngx_http_mfa_cell_agent(ngx_http_mfa_visit_t *v, mfa_value_t *row,
    const mfa_agent_t *agent)
{
    u_char     *p;
    mfa_buf_t   out;

    p = ngx_pnalloc(v->request->pool, MFA_AGENT_SHORT_MAX);

    if (p) {
        mfa_buf_init(&out, p, MFA_AGENT_SHORT_MAX);
        mfa_agent_write(&out, agent);
        ngx_http_mfa_cell_text(row, MFA_VAR_AGENT, mfa_buf_since(&out, 0));
    }
}
