/*
 * A lost authenticator: asking for the link, and the page it leads to, which asks
 * for name and password and then for another app.  The same page is where the
 * link of a first set-up leads.
 */

#include "nginx/pages.h"
#include "nginx/first_factor.h"

#include "core/flow_login.h"
#include "core/flow_redeem.h"
#include "core/flow_reset.h"

#define GONE  410                           /* nginx has no name for it */


static void
reset_done(ngx_http_request_t *r, void *data)
{
    mfa_flow_reset_t      *reset;
    ngx_http_mfa_visit_t  *v = data;

    reset = v->flow;

    switch (reset->flow.outcome) {
    case MFA_OUTCOME_DONE:
        ngx_http_mfa_visit_page(v, NGX_HTTP_OK, MFA_PAGE_RESET_SENT,
                                MFA_ERR_NONE);
        return;

    /* Who is told this has proved the password. */
    case MFA_OUTCOME_ABSENT:
        ngx_http_mfa_visit_page(v, NGX_HTTP_FORBIDDEN, MFA_PAGE_CODE,
                                MFA_ERR_NO_MAIL);
        return;

    default:
        ngx_http_mfa_visit_outcome(v, &reset->flow, MFA_PAGE_CODE,
                                   MFA_ERR_FORBIDDEN);
        return;
    }
}


void
ngx_http_mfa_reset_post(ngx_http_mfa_visit_t *v)
{
    mfa_flow_reset_t  *reset;

    reset = ngx_palloc(v->request->pool, sizeof(mfa_flow_reset_t));

    if (reset == NULL) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    mfa_flow_reset_init(reset);
    reset->who = *v->who;

    v->flow = reset;
    ngx_http_mfa_visit_run(v, reset_done);
}


/* One visit of the page: the link is looked at, then its owner logs in, then it
   is taken. */
typedef struct {
    mfa_flow_redeem_t  look;
    mfa_flow_login_t   login;
    mfa_flow_redeem_t  take;
} setup_t;


void
ngx_http_mfa_link_dead(ngx_http_mfa_visit_t *v, mfa_page_e page)
{
    ngx_log_error(NGX_LOG_INFO, v->request->connection->log, 0,
                  "mfa: a mailed link that is none any more at \"%s\"",
                  v->endpoint->path);

    ngx_http_mfa_set_flag(v, MFA_VAR_GONE, 1);
    ngx_http_mfa_visit_page(v, GONE, page, MFA_ERR_LINK);
}


/* The form, with what was typed but secrets. */
static ngx_int_t
setup_form(ngx_http_mfa_visit_t *v)
{
    ngx_http_mfa_set_text(v, MFA_VAR_MAILTOKEN, v->mailed);
    ngx_http_mfa_set_text(v, MFA_VAR_LOGIN, mfa_form_value(&v->form, "login"));

    if (ngx_http_mfa_set_login_token(v) != NGX_OK) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* Looks at the link, then calls done. */
static void
setup_look(ngx_http_mfa_visit_t *v, ngx_http_mfa_task_done_pt done)
{
    setup_t  *setup;

    setup = ngx_palloc(v->request->pool, sizeof(setup_t));

    if (setup == NULL) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    mfa_flow_redeem_init(&setup->look);
    setup->look.text = v->mailed;

    v->data = setup;
    v->flow = &setup->look;
    ngx_http_mfa_visit_run(v, done);
}


/* Whether the link holds; if not, the visit is answered. */
static ngx_uint_t
setup_good(ngx_http_mfa_visit_t *v)
{
    mfa_flow_redeem_t  *look;

    look = v->flow;

    switch (look->flow.outcome) {
    case MFA_OUTCOME_DONE:
        return 1;

    case MFA_OUTCOME_EXPIRED:
        ngx_http_mfa_link_dead(v, MFA_PAGE_SETUP);
        return 0;

    default:
        ngx_http_mfa_visit_outcome(v, &look->flow, MFA_PAGE_SETUP,
                                   MFA_ERR_LINK);
        return 0;
    }
}


static void
setup_looked(ngx_http_request_t *r, void *data)
{
    ngx_http_mfa_visit_t  *v = data;

    if (setup_good(v) && setup_form(v) == NGX_OK) {
        ngx_http_mfa_visit_page(v, NGX_HTTP_OK, MFA_PAGE_SETUP, MFA_ERR_NONE);
    }
}


void
ngx_http_mfa_setup_get(ngx_http_mfa_visit_t *v)
{
    setup_look(v, setup_looked);
}


void
ngx_http_mfa_setup_outdated(ngx_http_mfa_visit_t *v)
{
    if (setup_form(v) == NGX_OK) {
        ngx_http_mfa_visit_page(v, NGX_HTTP_FORBIDDEN, MFA_PAGE_SETUP,
                                MFA_ERR_CSRF);
    }
}


/* A reset goes on to another app, whatever the account has; the rest is for the
   policy to say, but that who has none is offered one. */
static void
setup_onward(ngx_http_mfa_visit_t *v, setup_t *setup)
{
    mfa_verdict_e  verdict;

    verdict = ngx_http_mfa_visit_verdict(v, &setup->login.opening.session,
                                         &setup->login.account);

    ngx_http_mfa_visit_onward(v, setup->take.token.purpose
                                 == MFA_MAILTOKEN_RESET
                                 || verdict == MFA_VERDICT_ALLOW
                                 ? MFA_VERDICT_ENROL : verdict);
}


static void
setup_taken(ngx_http_request_t *r, void *data)
{
    setup_t               *setup;
    ngx_http_mfa_visit_t  *v = data;

    setup = v->data;

    if (setup->take.flow.outcome != MFA_OUTCOME_DONE
        && setup->take.flow.outcome != MFA_OUTCOME_EXPIRED)
    {
        ngx_http_mfa_visit_outcome(v, &setup->take.flow, MFA_PAGE_ERROR,
                                   MFA_ERR_LINK);
        return;
    }

    /* The password was right in either case. */
    if (ngx_http_mfa_visit_opened(v, &setup->login.opening) != NGX_OK) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    if (setup->take.flow.outcome == MFA_OUTCOME_EXPIRED) {
        ngx_http_mfa_link_dead(v, MFA_PAGE_SETUP);
        return;
    }

    setup_onward(v, setup);
}


static void
setup_refused(ngx_http_mfa_visit_t *v, mfa_flow_login_t *login)
{
    if (login->verified && login->flow.outcome == MFA_OUTCOME_REFUSED) {
        ngx_http_mfa_visit_page(v, NGX_HTTP_FORBIDDEN, MFA_PAGE_ERROR,
                                MFA_ERR_NO_ACCOUNT);
        return;
    }

    if (setup_form(v) == NGX_OK) {
        ngx_http_mfa_visit_outcome(v, &login->flow, MFA_PAGE_SETUP,
                                   MFA_ERR_CREDENTIALS);
    }
}


static void
setup_logged_in(ngx_http_request_t *r, void *data)
{
    setup_t               *setup;
    ngx_http_mfa_visit_t  *v = data;

    setup = v->data;

    if (setup->login.flow.outcome != MFA_OUTCOME_DONE) {
        setup_refused(v, &setup->login);
        return;
    }

    mfa_flow_redeem_init(&setup->take);
    setup->take.action = MFA_REDEEM_TAKE;
    setup->take.text = v->mailed;
    setup->take.opening = &setup->login.opening;

    v->flow = &setup->take;
    ngx_http_mfa_visit_run(v, setup_taken);
}


/* As on the login page, but for nobody else than whom the link is for, and
   without a browser that stands in for the code: what is opened is as good as
   the password. */
static void
setup_log_in(ngx_http_request_t *r, void *data)
{
    setup_t               *setup;
    mfa_flow_login_t      *login;
    ngx_http_mfa_visit_t  *v = data;

    if (!setup_good(v)) {
        return;
    }

    setup = v->data;
    login = &setup->login;
    mfa_flow_login_init(login);

    if (v->portal->core.first == MFA_FIRST_IDENTITY) {
        login->flow.trying = MFA_TRYING_IDENTITY;
        login->typed = ngx_http_mfa_first_factor_identity(r, v->portal);
        login->verified = 1;

    } else {
        login->typed = mfa_redeem_login(&setup->look,
                                        mfa_form_value(&v->form, "login"));
        login->password = mfa_form_value(&v->form, "password");
    }

    login->only = setup->look.account.login;
    login->old = *v->who;

    v->flow = login;
    ngx_http_mfa_visit_run(v, setup_logged_in);
}


void
ngx_http_mfa_setup_post(ngx_http_mfa_visit_t *v)
{
    setup_look(v, setup_log_in);
}
