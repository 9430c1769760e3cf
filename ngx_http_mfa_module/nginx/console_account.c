/*
 * An account's details: "User Security & Permissions", its sessions, trusted
 * browsers and last events, and forms for what who looks may do; and what is
 * shown when somebody else has changed it in the meantime.
 */

#include "nginx/console.h"

#include "core/flow_detail.h"


static ngx_int_t
model_sessions(ngx_http_mfa_console_t *c, const mfa_flow_detail_t *detail)
{
    size_t                       i;
    mfa_value_t                 *row;
    ngx_http_mfa_visit_t        *v;
    const mfa_listed_session_t  *listed;

    v = &c->visit;
    row = ngx_http_mfa_rows(v, &v->model[MFA_VAR_SESSIONS], detail->n_sessions);

    if (row == NULL) {
        return NGX_ERROR;
    }

    ngx_http_mfa_set_flag(v, MFA_VAR_OTHERS, detail->n_sessions != 0);

    for (i = 0; i < detail->n_sessions; i++, row += MFA_VAR_N) {
        listed = &detail->sessions[i];

        ngx_http_mfa_cell_text(row, MFA_VAR_REF,
                               mfa_session_short(listed->hash));
        ngx_http_mfa_cell_agent(v, row, &listed->session.agent);
        ngx_http_mfa_cell_text(row, MFA_VAR_ADDRESS,
            ngx_http_mfa_visit_address(v, &listed->session));
        ngx_http_mfa_cell_moment(v, row, MFA_VAR_BEGUN,
                                 listed->session.created);
        ngx_http_mfa_cell_moment(v, row, MFA_VAR_SEEN, listed->session.seen);
        ngx_http_mfa_cell_flag(row, MFA_VAR_THIS,
                               mfa_str_eq(listed->hash, v->who->hash));
    }

    return NGX_OK;
}


static ngx_int_t
model_devices(ngx_http_mfa_console_t *c, const mfa_flow_detail_t *detail)
{
    size_t                      i;
    mfa_agent_t                 agent;
    mfa_value_t                *row;
    ngx_http_mfa_visit_t       *v;
    const mfa_listed_device_t  *listed;

    v = &c->visit;
    row = ngx_http_mfa_rows(v, &v->model[MFA_VAR_DEVICES], detail->n_devices);

    if (row == NULL) {
        return NGX_ERROR;
    }

    ngx_http_mfa_set_flag(v, MFA_VAR_HAS_DEVICES, detail->n_devices != 0);

    for (i = 0; i < detail->n_devices; i++, row += MFA_VAR_N) {
        listed = &detail->devices[i];
        agent = mfa_agent_of(listed->device.agent);

        ngx_http_mfa_cell_text(row, MFA_VAR_REF,
                               mfa_session_short(listed->hash));
        ngx_http_mfa_cell_agent(v, row, &agent);
        ngx_http_mfa_cell_moment(v, row, MFA_VAR_BEGUN, listed->device.created);
        ngx_http_mfa_cell_moment(v, row, MFA_VAR_SEEN, listed->device.seen);
        ngx_http_mfa_cell_date(v, row, MFA_VAR_UNTIL, listed->device.expires);
    }

    return NGX_OK;
}


static void
model_rights(ngx_http_mfa_console_t *c, const mfa_flow_detail_t *detail)
{
    int                    mail;
    size_t                 i;
    ngx_uint_t             admin;
    const mfa_account_t   *account;
    ngx_http_mfa_visit_t  *v;

    static const struct {
        mfa_var_e    var;
        mfa_right_e  right;
    } rights[] = {
        { MFA_VAR_MAY_REQUIRE,  MFA_RIGHT_REQUIRE },
        { MFA_VAR_MAY_RESET,    MFA_RIGHT_RESET },
        { MFA_VAR_MAY_UNLOCK,   MFA_RIGHT_UNLOCK },
        { MFA_VAR_MAY_EXTEND,   MFA_RIGHT_EXTEND },
        { MFA_VAR_MAY_RESEND,   MFA_RIGHT_RESEND },
        { MFA_VAR_MAY_SESSIONS, MFA_RIGHT_SESSIONS },
        { MFA_VAR_MAY_ACCOUNT,  MFA_RIGHT_ACCOUNT },
    };

    v = &c->visit;
    account = &detail->account;

    for (i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
        ngx_http_mfa_set_flag(v, rights[i].var,
            (int) ngx_http_mfa_console_may(c, rights[i].right, c->portal,
                                           account->role));
    }

    /* A button that would only say no, or move a deadline that binds nobody, is
       not shown. */
    if (detail->standing.key != MFA_KEY_PENDING) {
        ngx_http_mfa_set_flag(v, MFA_VAR_MAY_EXTEND, 0);
    }

    mail = mfa_admin_mail_due(&c->portal->core, account);

    if (mail < 0
        || !mfa_mail_goes(&c->portal->core, account, (mfa_mail_e) mail))
    {
        ngx_http_mfa_set_flag(v, MFA_VAR_MAY_RESEND, 0);
    }

    /* Users have no role: one is given where admins log in. */
    admin = c->portal == v->portal || account->role.len != 0;
    ngx_http_mfa_set_flag(v, MFA_VAR_MAY_ROLE,
                          admin && v->model[MFA_VAR_MAY_ACCOUNT].number);
}


static ngx_int_t
model_detail(ngx_http_mfa_console_t *c, const mfa_flow_detail_t *detail)
{
    int64_t                chosen;
    mfa_value_t           *row;
    ngx_http_mfa_visit_t  *v;

    v = &c->visit;
    row = ngx_http_mfa_rows(v, &v->model[MFA_VAR_ACCOUNT], 1);

    if (row == NULL) {
        return NGX_ERROR;
    }

    ngx_http_mfa_console_account_row(c, c->portal, &detail->account,
                                     &detail->standing, row);
    ngx_http_mfa_set_number(v, MFA_VAR_RECOVERY_LEFT, detail->n_recovery);
    model_rights(c, detail);

    /* Admins have no days, they are asked at their next login (003-23). */
    chosen = c->portal == v->portal ? 0 : -1;

    if (ngx_http_mfa_console_days(c, c->portal, chosen) != NGX_OK
        || ngx_http_mfa_console_roles(c, mfa_role_find(detail->account.role))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_mfa_set_text(v, MFA_VAR_URL,
        ngx_http_mfa_console_account_link(c, c->portal, c->login, ""));
    ngx_http_mfa_set_text(v, MFA_VAR_BACK_URL,
                          ngx_http_mfa_console_list_link(c, c->portal, ""));

    return NGX_OK;
}


static void
done_note(ngx_http_mfa_console_t *c)
{
    char       name[32];
    mfa_str_t  done;

    done = mfa_form_value(&c->visit.query, "done");

    if (done.len && done.len < sizeof(name)) {
        *ngx_cpymem(name, done.data, done.len) = '\0';
        ngx_http_mfa_set_text(&c->visit, MFA_VAR_TEXT,
            ngx_http_mfa_console_word(c, mfa_word_find("done", name)));
        ngx_http_mfa_set_flag(&c->visit, MFA_VAR_MAILED,
            mfa_str_is(mfa_form_value(&c->visit.query, "mail"), "queued"));
    }
}


static void
shown(ngx_http_mfa_console_t *c)
{
    mfa_flow_detail_t     *detail;
    ngx_http_mfa_visit_t  *v;

    v = &c->visit;
    detail = c->flow;

    if (detail->flow.outcome != MFA_OUTCOME_DONE) {
        ngx_http_mfa_console_outcome(c, &detail->flow, MFA_WHY_NONE);
        return;
    }

    if (model_detail(c, detail) != NGX_OK) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    if (v->post) {
        ngx_http_mfa_console_page(c, NGX_HTTP_CONFLICT,
                                  MFA_PAGE_CONSOLE_CONFLICT, MFA_ERR_CHANGED);
        return;
    }

    if (mfa_str_is(mfa_form_value(&v->query, "confirm"), "delete")
        && v->model[MFA_VAR_MAY_ACCOUNT].number)
    {
        ngx_http_mfa_console_page(c, NGX_HTTP_OK, MFA_PAGE_CONSOLE_CONFIRM,
                                  MFA_ERR_NONE);
        return;
    }

    if (model_sessions(c, detail) != NGX_OK
        || model_devices(c, detail) != NGX_OK
        || ngx_http_mfa_console_events(c, c->portal, detail->events,
                                       detail->n_events) != NGX_OK)
    {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    if (ngx_http_mfa_console_may_at_all(c, MFA_RIGHT_AUDIT)) {
        ngx_http_mfa_set_text(v, MFA_VAR_MORE_URL,
            ngx_http_mfa_console_link(c, "audit", "portal",
                                      c->portal->core.name, "about", c->login,
                                      NULL));
    }

    done_note(c);
    ngx_http_mfa_console_page(c, NGX_HTTP_OK, MFA_PAGE_CONSOLE_ACCOUNT,
                              MFA_ERR_NONE);
}


static void
show(ngx_http_mfa_console_t *c)
{
    mfa_flow_detail_t  *detail;

    detail = ngx_palloc(c->visit.request->pool, sizeof(mfa_flow_detail_t));

    if (detail == NULL) {
        ngx_http_mfa_visit_end(&c->visit, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    mfa_flow_detail_init(detail);
    detail->login = c->login;
    c->flow = detail;
    ngx_http_mfa_console_run(c, c->portal, &detail->flow, shown);
}


void
ngx_http_mfa_console_account_get(ngx_http_mfa_console_t *c)
{
    if (!ngx_http_mfa_console_may(c, MFA_RIGHT_LOOK, c->portal, mfa_lit(""))) {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_FORBIDDEN, MFA_ERR_RIGHT);
        return;
    }

    show(c);
}


/* What is there now, for who had it before him as it was. */
void
ngx_http_mfa_console_conflict(ngx_http_mfa_console_t *c)
{
    show(c);
}
