/*
 * Many accounts at once: first a page that names them and changes nothing, then
 * what came of each.
 */

#include "nginx/console.h"

#include "core/bulk.h"

#define BULK_MAX  100                           /* of a form; a page has fewer */

typedef struct {
    mfa_bulk_t          bulk;                   /* first: the flow is this */
    mfa_flow_admin_t    wanted;
    mfa_admin_e         action;
    mfa_str_t           logins[BULK_MAX];
    mfa_bulk_result_t   results[BULK_MAX];
    size_t              n;
} doing_t;


static ngx_uint_t
login_add(doing_t *doing, mfa_str_t login)
{
    if (!mfa_login_check(login) || doing->n == BULK_MAX) {
        return 0;
    }

    if (!mfa_bulk_has(doing->logins, doing->n, login)) {
        doing->logins[doing->n++] = login;
    }

    return 1;
}


/* What is to be done, and with whom: "picked", "all", "resend-picked", ... */
static mfa_str_t
scope_take(ngx_http_mfa_console_t *c, mfa_admin_e *action)
{
    mfa_str_t  scope;

    static const char  resend[] = "resend-";

    scope = mfa_form_value(&c->visit.form, "scope");
    *action = MFA_ADMIN_REQUIRE;

    if (mfa_str_begins(scope, resend)) {
        scope.data += sizeof(resend) - 1;
        scope.len -= sizeof(resend) - 1;
        *action = MFA_ADMIN_RESEND;
    }

    return scope;
}


/* Logins with blanks between them. */
static ngx_uint_t
logins_split(doing_t *doing, mfa_str_t all)
{
    mfa_str_t  login, rest;

    while (all.len) {
        if (!mfa_str_cut(all, ' ', &login, &rest)) {
            return login_add(doing, all);
        }

        if (!login_add(doing, login)) {
            return 0;
        }

        all = rest;
    }

    return 1;
}


/* Those that were ticked, or all that were on the page. */
static ngx_uint_t
logins_take(ngx_http_mfa_console_t *c, doing_t *doing)
{
    size_t             i;
    mfa_str_t          scope;
    const mfa_form_t  *form;

    form = &c->visit.form;
    scope = scope_take(c, &doing->action);

    if (mfa_form_value(form, "confirm").len || mfa_str_is(scope, "all")) {
        return logins_split(doing, mfa_form_value(form, "logins"));
    }

    for (i = 0; i < form->n; i++) {
        if (mfa_str_begins(form->fields[i].name, "pick")
            && !login_add(doing, form->fields[i].value))
        {
            return 0;
        }
    }

    return 1;
}


/* A list of this console, for "cancel" and for who has to prove first. */
static mfa_str_t
back_link(ngx_http_mfa_console_t *c)
{
    mfa_str_t  back, base;

    back = mfa_form_value(&c->visit.form, "back");
    base = c->conf->base;

    if (back.len > base.len && ngx_memcmp(back.data, base.data, base.len) == 0
        && mfa_str_printable(back))
    {
        return back;
    }

    return ngx_http_mfa_console_list_link(c, c->portal, "");
}


static void
confirm_show(ngx_http_mfa_console_t *c, const doing_t *doing)
{
    size_t                 i, cap;
    u_char                *p;
    mfa_buf_t              out;
    mfa_value_t           *row;
    ngx_http_mfa_visit_t  *v;

    v = &c->visit;
    row = ngx_http_mfa_rows(v, &v->model[MFA_VAR_ROWS], doing->n);
    cap = doing->n * (MFA_LOGIN_MAX + 1);
    p = ngx_pnalloc(v->request->pool, cap);

    if (row == NULL || p == NULL
        || ngx_http_mfa_console_days(c, c->portal, -1) != NGX_OK)
    {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    mfa_buf_init(&out, p, cap);

    for (i = 0; i < doing->n; i++, row += MFA_VAR_N) {
        ngx_http_mfa_cell_text(row, MFA_VAR_LOGIN, doing->logins[i]);
        mfa_buf_cstr(&out, i ? " " : "");
        mfa_buf_str(&out, doing->logins[i]);
    }

    ngx_http_mfa_set_flag(v, MFA_VAR_RESEND, doing->action == MFA_ADMIN_RESEND);
    ngx_http_mfa_set_number(v, MFA_VAR_COUNT, (int64_t) doing->n);
    ngx_http_mfa_set_text(v, MFA_VAR_LOGINS, mfa_buf_since(&out, 0));
    ngx_http_mfa_set_text(v, MFA_VAR_BACK_URL, back_link(c));
    ngx_http_mfa_console_page(c, NGX_HTTP_OK, MFA_PAGE_CONSOLE_BULK,
                              MFA_ERR_NONE);
}


static int
result_word(mfa_admin_e action, const mfa_bulk_result_t *result)
{
    int  word;

    if (result->outcome == MFA_OUTCOME_DONE) {
        return action == MFA_ADMIN_RESEND ? MFA_WORD_ITEM_MAILED
               : result->changed ? MFA_WORD_ITEM_DONE : MFA_WORD_ITEM_UNCHANGED;
    }

    word = mfa_word_find("item", mfa_why_name(result->why));

    if (word >= 0) {
        return word;
    }

    return result->outcome == MFA_OUTCOME_ABSENT ? MFA_WORD_ITEM_ABSENT
           : result->outcome == MFA_OUTCOME_LIMITED ? MFA_WORD_ITEM_LIMITED
           : result->outcome == MFA_OUTCOME_UNAVAILABLE
             ? MFA_WORD_ITEM_UNAVAILABLE : MFA_WORD_ITEM_REFUSED;
}


static void
results_show(ngx_http_mfa_console_t *c)
{
    size_t                    i;
    doing_t                  *doing;
    mfa_value_t              *row;
    ngx_http_mfa_visit_t     *v;
    const mfa_bulk_result_t  *result;

    v = &c->visit;
    doing = c->flow;
    row = ngx_http_mfa_rows(v, &v->model[MFA_VAR_ROWS], doing->n);

    if (row == NULL) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    for (i = 0; i < doing->n; i++, row += MFA_VAR_N) {
        result = &doing->results[i];

        ngx_http_mfa_cell_text(row, MFA_VAR_LOGIN, doing->logins[i]);
        ngx_http_mfa_cell_text(row, MFA_VAR_URL,
            ngx_http_mfa_console_account_link(c, c->portal, doing->logins[i],
                                              ""));
        ngx_http_mfa_cell_flag(row, MFA_VAR_GOOD,
                               result->outcome == MFA_OUTCOME_DONE);
        ngx_http_mfa_cell_text(row, MFA_VAR_RESULT,
            mfa_str_from(result->outcome == MFA_OUTCOME_DONE
                         ? result->changed ? "changed" : "unchanged"
                         : result->why ? mfa_why_name(result->why)
                         : mfa_outcome_name(result->outcome)));
        ngx_http_mfa_cell_text(row, MFA_VAR_TEXT,
            ngx_http_mfa_console_word(c, result_word(doing->action, result)));
        ngx_http_mfa_cell_text(row, MFA_VAR_DEADLINE, mfa_lit(""));
        ngx_http_mfa_cell_flag(row, MFA_VAR_MAILED,
                               result->mailed
                               && doing->action != MFA_ADMIN_RESEND);

        if (result->deadline > 0 && doing->action != MFA_ADMIN_RESEND) {
            ngx_http_mfa_cell_date(v, row, MFA_VAR_DEADLINE, result->deadline);
        }
    }

    ngx_http_mfa_set_flag(v, MFA_VAR_RESEND, doing->action == MFA_ADMIN_RESEND);
    ngx_http_mfa_set_number(v, MFA_VAR_CHANGED,
                            (int64_t) doing->bulk.n_changed);
    ngx_http_mfa_set_number(v, MFA_VAR_FAILED,
                            (int64_t) (doing->n - doing->bulk.n_done));
    ngx_http_mfa_set_text(v, MFA_VAR_BACK_URL, back_link(c));
    ngx_http_mfa_console_page(c, NGX_HTTP_OK, MFA_PAGE_CONSOLE_RESULTS,
                              MFA_ERR_NONE);
}


static void
do_all(ngx_http_mfa_console_t *c, doing_t *doing)
{
    ngx_http_mfa_console_admin(c, &doing->wanted, doing->action, mfa_lit(""));
    doing->wanted.bulk = 1;

    if (ngx_http_mfa_console_grace(&c->visit.form, &doing->wanted.grace_sec)
        != 0)
    {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_BAD_REQUEST, MFA_ERR_FORM);
        return;
    }

    /* Admins are asked at their next login (003-23). */
    if (c->portal == c->visit.portal) {
        doing->wanted.grace_sec = 0;
    }

    mfa_bulk_init(&doing->bulk);
    doing->bulk.wanted = &doing->wanted;
    doing->bulk.logins = doing->logins;
    doing->bulk.results = doing->results;
    doing->bulk.n = doing->n;

    c->flow = doing;
    ngx_http_mfa_console_run(c, c->portal, &doing->bulk.admin.flow,
                             results_show);
}


/* Who may do it to nobody of the portal. */
static ngx_uint_t
may_bulk(ngx_http_mfa_console_t *c, mfa_admin_e action)
{
    return ngx_http_mfa_console_may(c, mfa_admin_right(action), c->portal,
                                    mfa_lit(""))
           && (c->portal != c->visit.portal || action != MFA_ADMIN_REQUIRE
               || ngx_http_mfa_console_may_at_all(c, MFA_RIGHT_WIDGET_ACT));
}


void
ngx_http_mfa_console_bulk_post(ngx_http_mfa_console_t *c)
{
    doing_t           *doing;
    mfa_admin_e        action;
    const mfa_form_t  *form;

    form = &c->visit.form;
    (void) scope_take(c, &action);
    c->portal = ngx_http_mfa_console_portal(c, mfa_form_value(form, "portal"));

    if (c->portal == NULL) {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_NOT_FOUND, MFA_ERR_NOT_FOUND);
        return;
    }

    if (!may_bulk(c, action)) {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_FORBIDDEN, MFA_ERR_RIGHT);
        return;
    }

    /* Before the page that asks: what was selected would be lost behind it. */
    if (!ngx_http_mfa_console_proved(c, back_link(c))) {
        return;
    }

    doing = ngx_pcalloc(c->visit.request->pool, sizeof(doing_t));

    if (doing == NULL) {
        ngx_http_mfa_visit_end(&c->visit, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    if (!logins_take(c, doing)) {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_BAD_REQUEST, MFA_ERR_FORM);

    } else if (doing->n == 0) {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_BAD_REQUEST, MFA_ERR_NOBODY);

    } else if (mfa_form_value(form, "confirm").len == 0) {
        confirm_show(c, doing);

    } else {
        do_all(c, doing);
    }
}
