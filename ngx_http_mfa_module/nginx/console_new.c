/*
 * A new account: login, name, e-mail address, role where admins log in, whether
 * MFA is required from the first day; with an initial password, of which no mail
 * tells, or with an invitation.
 */

#include "nginx/console.h"

#include "core/flow_rehash.h"
#include "core/password.h"
#include "core/visible.h"


static ngx_uint_t
may_add(ngx_http_mfa_console_t *c)
{
    mfa_str_t          name;
    const mfa_form_t  *form;

    form = c->visit.post ? &c->visit.form : &c->visit.query;
    name = mfa_form_value(form, "portal");
    c->portal = ngx_http_mfa_console_portal(c, name);

    if (c->portal == NULL) {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_NOT_FOUND, MFA_ERR_NOT_FOUND);
        return 0;
    }

    if (!ngx_http_mfa_console_may(c, MFA_RIGHT_ACCOUNT, c->portal,
                                  mfa_lit("")))
    {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_FORBIDDEN, MFA_ERR_RIGHT);
        return 0;
    }

    return 1;
}


/* The form, with what was typed but the password. */
static void
form_show(ngx_http_mfa_console_t *c, ngx_uint_t status, mfa_error_e error)
{
    int64_t                chosen;
    mfa_portal_t          *portal;
    mfa_account_t          account;
    ngx_http_mfa_visit_t  *v;

    v = &c->visit;
    portal = &c->portal->core;
    chosen = c->portal == v->portal ? 0 : -1;

    if (ngx_http_mfa_console_days(c, c->portal, chosen) != NGX_OK
        || ngx_http_mfa_console_roles(c, MFA_ROLE_READ_ONLY) != NGX_OK)
    {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_memzero(&account, sizeof(mfa_account_t));
    account.created = ngx_time();
    ngx_http_mfa_set_flag(v, MFA_VAR_BY_PORTAL,
                          mfa_policy_required(portal, &account));

    ngx_http_mfa_set_flag(v, MFA_VAR_MAY_INVITE, portal->mail_from.len
                          && portal->base_url.len
                          && portal->first == MFA_FIRST_LOCAL);
    ngx_http_mfa_set_flag(v, MFA_VAR_INVITED,
                          mfa_form_value(&v->form, "invite").len != 0);

    ngx_http_mfa_set_text(v, MFA_VAR_FIELD_LOGIN,
                          mfa_form_value(&v->form, "login"));
    ngx_http_mfa_set_text(v, MFA_VAR_FIELD_NAME,
                          mfa_form_value(&v->form, "name"));
    ngx_http_mfa_set_text(v, MFA_VAR_FIELD_EMAIL,
                          mfa_form_value(&v->form, "email"));
    ngx_http_mfa_set_text(v, MFA_VAR_BACK_URL,
                          ngx_http_mfa_console_list_link(c, c->portal, ""));
    ngx_http_mfa_console_page(c, status, MFA_PAGE_CONSOLE_NEW, error);
}


void
ngx_http_mfa_console_new_get(ngx_http_mfa_console_t *c)
{
    if (may_add(c)) {
        form_show(c, NGX_HTTP_OK, MFA_ERR_NONE);
    }
}


static void
added(ngx_http_mfa_console_t *c)
{
    mfa_flow_admin_t  *admin;

    admin = &((mfa_flow_rehash_t *) c->flow)->admin;

    switch (admin->flow.outcome) {
    case MFA_OUTCOME_DONE:
        ngx_http_mfa_console_to(c,
            ngx_http_mfa_console_account_link(c, c->portal, admin->login,
                                              admin->mailed
                                              ? "?done=add&mail=queued"
                                              : "?done=add"));
        return;

    case MFA_OUTCOME_CONFLICT:
        form_show(c, NGX_HTTP_CONFLICT,
                  ngx_http_mfa_console_error(admin->flow.outcome, admin->why));
        return;

    case MFA_OUTCOME_REFUSED:
        form_show(c, NGX_HTTP_BAD_REQUEST,
                  admin->email.len && !mfa_email_check(admin->email)
                  ? MFA_ERR_NEW_EMAIL : MFA_ERR_INPUT);
        return;

    default:
        if (admin->why == MFA_WHY_NO_MAIL) {
            form_show(c, NGX_HTTP_CONFLICT, MFA_ERR_NOT_MAILED);
            return;
        }

        ngx_http_mfa_console_outcome(c, &admin->flow, admin->why);
    }
}


/* What can be seen to be wrong before a password is hashed for it. */
static mfa_error_e
form_check(const mfa_flow_rehash_t *making, const mfa_portal_t *portal)
{
    const mfa_flow_admin_t  *admin;

    admin = &making->admin;

    if (admin->login.len == 0) {
        return MFA_ERR_NEW_LOGIN;
    }

    if (admin->email.len && !mfa_email_check(admin->email)) {
        return MFA_ERR_NEW_EMAIL;
    }

    if (admin->name.len > MFA_NAME_MAX || !mfa_visible(admin->name)) {
        return MFA_ERR_NEW_NAME;
    }

    return !admin->invite
           && mfa_admin_password_check(admin, portal, making->password)
           ? MFA_ERR_NEW_PASSWORD : MFA_ERR_NONE;
}


static mfa_str_t
login_take(ngx_http_mfa_console_t *c)
{
    u_char     *p;
    mfa_buf_t   out;

    p = ngx_pnalloc(c->visit.request->pool, MFA_LOGIN_MAX);

    if (p == NULL) {
        return (mfa_str_t) { NULL, 0 };
    }

    mfa_buf_init(&out, p, MFA_LOGIN_MAX);
    (void) mfa_login_canonical(mfa_form_value(&c->visit.form, "login"), &out);

    return mfa_buf_since(&out, 0);
}


/* An account without a role on the portal of admins is nobody's. */
static ngx_uint_t
role_wrong(ngx_http_mfa_console_t *c, mfa_str_t role)
{
    mfa_role_e  known;

    known = mfa_role_find(role);

    if (c->portal != c->visit.portal) {
        return role.len != 0;
    }

    return known == MFA_ROLE_NONE;
}


void
ngx_http_mfa_console_new_post(ngx_http_mfa_console_t *c)
{
    int64_t             grace;
    mfa_error_e         error;
    mfa_flow_admin_t   *admin;
    const mfa_form_t   *form;
    mfa_flow_rehash_t  *making;

    form = &c->visit.form;

    if (!may_add(c)
        || !ngx_http_mfa_console_proved(c,
               ngx_http_mfa_console_link(c, "new", "portal",
                                         c->portal->core.name, NULL)))
    {
        return;
    }

    making = ngx_palloc(c->visit.request->pool, sizeof(mfa_flow_rehash_t));

    if (making == NULL) {
        ngx_http_mfa_visit_end(&c->visit, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    mfa_flow_rehash_init(making);
    admin = &making->admin;
    admin->action = MFA_ADMIN_ADD;
    admin->login = login_take(c);
    admin->actor = c->actor;
    admin->by = c->by;
    admin->name = mfa_form_value(form, "name");
    admin->email = mfa_form_value(form, "email");
    admin->role = mfa_form_value(form, "role");
    admin->require = mfa_form_value(form, "require").len != 0;
    admin->invite = mfa_form_value(form, "invite").len != 0;
    making->password = mfa_form_value(form, "password");
    error = form_check(making, &c->portal->core);
    grace = -1;

    if (role_wrong(c, admin->role)
        || ngx_http_mfa_console_grace(form, &grace) != 0)
    {
        error = MFA_ERR_FORM;
    }

    if (error != MFA_ERR_NONE) {
        form_show(c, NGX_HTTP_BAD_REQUEST, error);
        return;
    }

    admin->grace_sec = grace;
    c->flow = making;
    ngx_http_mfa_console_run(c, c->portal, &admin->flow, added);
}
