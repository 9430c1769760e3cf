/*
 * What is done to one account: the forms of its details.  Each names an action
 * of flow admin and the version of the account it was made from.
 */

#include "nginx/console.h"

typedef struct {
    mfa_admin_e  action;
    ngx_uint_t   versioned;                     /* of the account as shown */
} act_t;

/* What is done to the account's state says what state was seen; the end of
   sessions and counters is wanted whatever that is, and a mail changes nothing
   of it. */
static const act_t  acts[] = {
    { MFA_ADMIN_PERMISSIONS,  1 },
    { MFA_ADMIN_RESET,        1 },
    { MFA_ADMIN_EXTEND,       1 },
    { MFA_ADMIN_DISABLE,      1 },
    { MFA_ADMIN_ENABLE,       1 },
    { MFA_ADMIN_ROLE,         1 },
    { MFA_ADMIN_EDIT,         1 },
    { MFA_ADMIN_DELETE,       1 },
    { MFA_ADMIN_UNLOCK,       0 },
    { MFA_ADMIN_SESSIONS_END, 0 },
    { MFA_ADMIN_DEVICES_END,  0 },
    { MFA_ADMIN_RESEND,       0 },
};


static const act_t *
act_find(mfa_str_t name)
{
    int     action;
    size_t  i;

    action = mfa_admin_find(name);

    for (i = 0; action >= 0 && i < sizeof(acts) / sizeof(acts[0]); i++) {
        if (acts[i].action == (mfa_admin_e) action) {
            return &acts[i];
        }
    }

    return NULL;
}


/* What the form says beside the action; 0 or -1. */
static int
fields_take(ngx_http_mfa_console_t *c, mfa_flow_admin_t *admin,
    ngx_uint_t versioned)
{
    const mfa_form_t  *form;

    form = &c->visit.form;

    if (versioned
        && (mfa_str_int(mfa_form_value(form, "version"), &admin->if_version)
            != 0
            || admin->if_version < 0))
    {
        return -1;
    }

    admin->require = mfa_form_value(form, "require").len != 0;
    admin->reason = mfa_form_value(form, "reason");
    admin->role = mfa_form_value(form, "role");
    admin->ref = mfa_form_value(form, "ref");
    admin->email = mfa_form_value(form, "email");
    admin->name = mfa_form_value(form, "name");
    admin->edit_email = 1;
    admin->edit_name = 1;

    return ngx_http_mfa_console_grace(form, &admin->grace_sec);
}


static void
refused(ngx_http_mfa_console_t *c, mfa_flow_admin_t *admin)
{
    mfa_error_e  error;

    if (admin->flow.outcome == MFA_OUTCOME_CONFLICT
        && admin->why == MFA_WHY_VERSION)
    {
        ngx_http_mfa_console_conflict(c);
        return;
    }

    if (admin->flow.outcome == MFA_OUTCOME_REFUSED
        && admin->why == MFA_WHY_NONE)
    {
        error = MFA_ERR_INPUT;

        if (admin->action == MFA_ADMIN_EXTEND && admin->reason.len == 0) {
            error = MFA_ERR_NO_REASON;

        } else if (admin->action == MFA_ADMIN_EDIT) {
            error = admin->email.len && !mfa_email_check(admin->email)
                    ? MFA_ERR_NEW_EMAIL : MFA_ERR_NEW_NAME;
        }

        ngx_http_mfa_console_refuse(c, NGX_HTTP_BAD_REQUEST, error);
        return;
    }

    ngx_http_mfa_console_outcome(c, &admin->flow, admin->why);
}


static void
changed(ngx_http_mfa_console_t *c)
{
    u_char            *p, *end;
    mfa_flow_admin_t  *admin;

    admin = c->flow;

    if (admin->flow.outcome != MFA_OUTCOME_DONE) {
        refused(c, admin);
        return;
    }

    if (admin->action == MFA_ADMIN_DELETE) {
        ngx_http_mfa_console_to(c, c->portal == c->visit.portal
            ? ngx_http_mfa_console_link(c, "admins", "done", mfa_lit("delete"),
                                        NULL)
            : ngx_http_mfa_console_link(c, "users", "portal",
                                        c->portal->core.name, "done",
                                        mfa_lit("delete"), NULL));
        return;
    }

    p = ngx_pnalloc(c->visit.request->pool, 64);

    if (p == NULL) {
        ngx_http_mfa_visit_end(&c->visit, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    end = ngx_snprintf(p, 63, "?done=%s%s",
                       admin->changed ? mfa_admin_name(admin->action)
                                      : "unchanged",
                       admin->mailed && admin->action != MFA_ADMIN_RESEND
                       ? "&mail=queued" : "");
    *end = '\0';
    ngx_http_mfa_console_to(c,
        ngx_http_mfa_console_account_link(c, c->portal, c->login, (char *) p));
}


void
ngx_http_mfa_console_account_post(ngx_http_mfa_console_t *c)
{
    const act_t       *act;
    mfa_flow_admin_t  *admin;

    act = act_find(mfa_form_value(&c->visit.form, "action"));

    if (act == NULL) {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_BAD_REQUEST, MFA_ERR_FORM);
        return;
    }

    /* Who may do it to nobody is told so before he is asked for a proof; flow
       admin looks at whose account it is. */
    if (!ngx_http_mfa_console_may(c, mfa_admin_right(act->action), c->portal,
                                  mfa_lit("")))
    {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_FORBIDDEN, MFA_ERR_RIGHT);
        return;
    }

    if (!ngx_http_mfa_console_proved(c,
            ngx_http_mfa_console_account_link(c, c->portal, c->login, "")))
    {
        return;
    }

    admin = ngx_palloc(c->visit.request->pool, sizeof(mfa_flow_admin_t));

    if (admin == NULL) {
        ngx_http_mfa_visit_end(&c->visit, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_mfa_console_admin(c, admin, act->action, c->login);

    if (fields_take(c, admin, act->versioned) != 0) {
        ngx_http_mfa_console_refuse(c, NGX_HTTP_BAD_REQUEST, MFA_ERR_FORM);
        return;
    }

    c->flow = admin;
    ngx_http_mfa_console_run(c, c->portal, &admin->flow, changed);
}
