/*
 * Settings: one's own home page with or without its tile, and tokens of the API.
 */

#include "nginx/console.h"
#include "nginx/body.h"

#include "core/flow_token.h"


static ngx_int_t
model_tokens(ngx_http_mfa_console_t *c, const mfa_flow_token_t *flow)
{
    size_t                     i;
    mfa_value_t               *row;
    ngx_http_mfa_visit_t      *v;
    const mfa_listed_token_t  *listed;

    v = &c->visit;
    row = ngx_http_mfa_rows(v, &v->model[MFA_VAR_TOKENS], flow->n_tokens);

    if (row == NULL) {
        return NGX_ERROR;
    }

    ngx_http_mfa_set_flag(v, MFA_VAR_HAS_TOKENS, flow->n_tokens != 0);

    for (i = 0; i < flow->n_tokens; i++, row += MFA_VAR_N) {
        listed = &flow->tokens[i];

        ngx_http_mfa_cell_text(row, MFA_VAR_REF,
                               mfa_session_short(listed->hash));
        ngx_http_mfa_cell_text(row, MFA_VAR_TITLE, listed->token.name);
        ngx_http_mfa_cell_text(row, MFA_VAR_LOGIN, listed->token.login);
        ngx_http_mfa_cell_text(row, MFA_VAR_ROLE_TEXT,
            ngx_http_mfa_console_word(c, mfa_word_find("role",
                                      mfa_role_name(listed->token.role))));
        ngx_http_mfa_cell_date(v, row, MFA_VAR_CREATED, listed->token.created);
        ngx_http_mfa_cell_date(v, row, MFA_VAR_UNTIL, listed->token.expires);
        ngx_http_mfa_cell_text(row, MFA_VAR_USED, mfa_lit(""));

        if (listed->token.used) {
            ngx_http_mfa_cell_moment(v, row, MFA_VAR_USED, listed->token.used);
        }
    }

    return NGX_OK;
}


static void
settings_show(ngx_http_mfa_console_t *c)
{
    mfa_str_t              done;
    ngx_http_mfa_visit_t  *v;

    v = &c->visit;
    done = mfa_form_value(&v->query, "done");

    /* The least of them is chosen until somebody chooses more. */
    if (ngx_http_mfa_console_roles(c, MFA_ROLE_READ_ONLY) != NGX_OK) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_mfa_set_flag(v, MFA_VAR_WIDGET,
        (int) ngx_http_mfa_console_may_at_all(c, MFA_RIGHT_WIDGET));

    if (mfa_str_is(done, "widget") || mfa_str_is(done, "revoke")
        || mfa_str_is(done, "unchanged"))
    {
        ngx_http_mfa_set_text(v, MFA_VAR_TEXT, ngx_http_mfa_console_word(c,
            mfa_str_is(done, "widget") ? MFA_WORD_DONE_WIDGET
            : mfa_str_is(done, "revoke") ? MFA_WORD_DONE_REVOKE
            : MFA_WORD_DONE_UNCHANGED));
    }

    ngx_http_mfa_console_page(c, NGX_HTTP_OK, MFA_PAGE_CONSOLE_SETTINGS,
                              MFA_ERR_NONE);
}


static void
listed(ngx_http_mfa_console_t *c)
{
    mfa_flow_token_t  *token;

    token = c->flow;

    if (token->flow.outcome != MFA_OUTCOME_DONE) {
        ngx_http_mfa_console_outcome(c, &token->flow, token->why);
        return;
    }

    if (model_tokens(c, token) != NGX_OK) {
        ngx_http_mfa_visit_end(&c->visit, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    settings_show(c);
}


static mfa_flow_token_t *
token_flow(ngx_http_mfa_console_t *c, mfa_token_e action)
{
    mfa_flow_token_t  *token;

    /* It holds a secret while one is made. */
    token = ngx_http_mfa_wiped_alloc(c->visit.request,
                                     sizeof(mfa_flow_token_t));

    if (token == NULL) {
        ngx_http_mfa_visit_end(&c->visit, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return NULL;
    }

    mfa_flow_token_init(token);
    token->action = action;
    token->by = c->by;
    token->actor = c->actor;
    c->flow = token;

    return token;
}


static void
list_tokens(ngx_http_mfa_console_t *c)
{
    mfa_flow_token_t  *token;

    if (!ngx_http_mfa_console_may_at_all(c, MFA_RIGHT_TOKENS)) {
        settings_show(c);
        return;
    }

    token = token_flow(c, MFA_TOKEN_LIST);

    if (token) {
        ngx_http_mfa_console_run(c, c->visit.portal, &token->flow, listed);
    }
}


void
ngx_http_mfa_console_settings_get(ngx_http_mfa_console_t *c)
{
    if (!ngx_http_mfa_console_may_at_all(c, MFA_RIGHT_SETTINGS)) {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_FORBIDDEN, MFA_ERR_RIGHT);
        return;
    }

    ngx_http_mfa_console_self(c, list_tokens);
}


static void
made(ngx_http_mfa_console_t *c)
{
    mfa_flow_token_t      *token;
    ngx_http_mfa_visit_t  *v;

    v = &c->visit;
    token = c->flow;

    if (token->flow.outcome != MFA_OUTCOME_DONE) {
        if (token->flow.outcome == MFA_OUTCOME_CONFLICT
            && token->why == MFA_WHY_EXISTS)
        {
            ngx_http_mfa_console_refuse(c, NGX_HTTP_CONFLICT, MFA_ERR_TOKENS);
            return;
        }

        ngx_http_mfa_console_outcome(c, &token->flow, token->why);
        return;
    }

    /* Shown in the answer to this very form and nowhere else: a redirect would
       have to keep it. */
    ngx_http_mfa_set_text(v, MFA_VAR_TOKEN,
                          (mfa_str_t) { token->text, MFA_APITOKEN_CHARS });
    ngx_http_mfa_console_self(c, list_tokens);
}


static void
revoked(ngx_http_mfa_console_t *c)
{
    mfa_flow_token_t  *token;

    token = c->flow;

    if (token->flow.outcome != MFA_OUTCOME_DONE
        && token->flow.outcome != MFA_OUTCOME_ABSENT)
    {
        ngx_http_mfa_console_outcome(c, &token->flow, token->why);
        return;
    }

    ngx_http_mfa_console_to(c, ngx_http_mfa_console_link(c, "settings", "done",
        token->flow.outcome == MFA_OUTCOME_DONE ? mfa_lit("revoke")
                                                : mfa_lit("unchanged"),
        NULL));
}


static void
widget_set(ngx_http_mfa_console_t *c)
{
    mfa_flow_admin_t  *admin;

    admin = c->flow;

    if (admin->flow.outcome != MFA_OUTCOME_DONE) {
        ngx_http_mfa_console_outcome(c, &admin->flow, admin->why);
        return;
    }

    ngx_http_mfa_console_to(c, ngx_http_mfa_console_link(c, "settings", "done",
        admin->changed ? mfa_lit("widget") : mfa_lit("unchanged"), NULL));
}


static void
widget_post(ngx_http_mfa_console_t *c)
{
    mfa_flow_admin_t  *admin;

    admin = ngx_palloc(c->visit.request->pool, sizeof(mfa_flow_admin_t));

    if (admin == NULL) {
        ngx_http_mfa_visit_end(&c->visit, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_mfa_console_admin(c, admin, MFA_ADMIN_WIDGET, c->by.login);
    admin->widget = mfa_form_value(&c->visit.form, "widget").len != 0;
    c->flow = admin;
    ngx_http_mfa_console_run(c, c->visit.portal, &admin->flow, widget_set);
}


static void
token_post(ngx_http_mfa_console_t *c, mfa_token_e action)
{
    int64_t            days;
    mfa_flow_token_t  *token;
    const mfa_form_t  *form;

    form = &c->visit.form;

    if (!ngx_http_mfa_console_may_at_all(c, MFA_RIGHT_TOKENS)) {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_FORBIDDEN, MFA_ERR_RIGHT);
        return;
    }

    token = token_flow(c, action);

    if (token == NULL) {
        return;
    }

    if (action == MFA_TOKEN_REVOKE) {
        token->ref = mfa_form_value(form, "ref");
        ngx_http_mfa_console_run(c, c->visit.portal, &token->flow, revoked);
        return;
    }

    if (mfa_str_int(mfa_form_value(form, "days"), &days) != 0 || days < 1
        || days > 365)
    {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_BAD_REQUEST, MFA_ERR_FORM);
        return;
    }

    token->name = mfa_form_value(form, "name");
    token->role = mfa_role_find(mfa_form_value(form, "role"));
    token->life_sec = days * 86400;
    ngx_http_mfa_console_run(c, c->visit.portal, &token->flow, made);
}


void
ngx_http_mfa_console_settings_post(ngx_http_mfa_console_t *c)
{
    mfa_str_t  action;

    if (!ngx_http_mfa_console_may_at_all(c, MFA_RIGHT_SETTINGS)) {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_FORBIDDEN, MFA_ERR_RIGHT);
        return;
    }

    if (!ngx_http_mfa_console_proved(c,
            ngx_http_mfa_console_link(c, "settings", NULL)))
    {
        return;
    }

    action = mfa_form_value(&c->visit.form, "action");

    if (mfa_str_is(action, "widget")) {
        widget_post(c);

    } else if (mfa_str_is(action, "token-add")) {
        token_post(c, MFA_TOKEN_ADD);

    } else if (mfa_str_is(action, "token-revoke")) {
        token_post(c, MFA_TOKEN_REVOKE);

    } else {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_BAD_REQUEST, MFA_ERR_FORM);
    }
}
