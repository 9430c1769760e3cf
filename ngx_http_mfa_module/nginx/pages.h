/*
 * The portal's pages: one visit, from the request to the page or redirect that
 * answers it.  pages.c finds the endpoint, checks what every page checks (TLS,
 * method, origin, form, form token) and asks flow gate who is there; the files
 * page_*.c do the rest, a subject each.
 */

#ifndef NGX_HTTP_MFA_PAGES_H
#define NGX_HTTP_MFA_PAGES_H

#include "nginx/gate.h"
#include "nginx/output.h"
#include "nginx/task.h"

#include "core/agent.h"
#include "core/flow_session.h"
#include "core/form.h"

typedef struct ngx_http_mfa_visit_s  ngx_http_mfa_visit_t;

/* Answers the visit, now or later: ends with ngx_http_mfa_visit_end. */
typedef void (*ngx_http_mfa_visit_pt)(ngx_http_mfa_visit_t *v);

/* What the token of an endpoint's forms is bound to. */
typedef enum {
    NGX_HTTP_MFA_FORM_SESSION = 0,
    NGX_HTTP_MFA_FORM_LOGIN,                    /* the login form's cookie */
    NGX_HTTP_MFA_FORM_MAILED                    /* the same, when a mailed link
                                                   led there */
} ngx_http_mfa_form_e;

typedef struct {
    const char              *path;              /* below the pages path */
    ngx_http_mfa_visit_pt    get;               /* NULL: not allowed */
    ngx_http_mfa_visit_pt    post;
    ngx_http_mfa_form_e      form;
    ngx_http_mfa_visit_pt    outdated;          /* not FORM_SESSION: a form that
                                                   outlived its cookie */
} ngx_http_mfa_endpoint_t;

struct ngx_http_mfa_visit_s {
    ngx_http_request_t            *request;
    ngx_http_mfa_portal_t         *portal;
    const ngx_http_mfa_endpoint_t *endpoint;
    ngx_uint_t                     post;
    mfa_form_t                     form;        /* the body's fields */
    mfa_form_t                     query;
    mfa_str_t                      next;        /* checked, or empty */
    mfa_str_t                      mailed;      /* a mailed link's token */
    mfa_session_token_t            device;      /* of the device's, if asked */
    mfa_flow_gate_t               *gate;
    mfa_who_t                     *who;         /* the gate's */
    void                          *flow;        /* the endpoint's own */
    void                          *data;        /* what it keeps beside that */
    mfa_value_t                    model[MFA_VAR_N];
};

/* Content handler of mfa_pages. */
ngx_int_t ngx_http_mfa_pages_handler(ngx_http_request_t *r);

/* For page_*.c. */

/* Ends the visit; v and its request may be gone then. */
void ngx_http_mfa_visit_end(ngx_http_mfa_visit_t *v, ngx_int_t rc);
/* Fills in what pages share and sends one. */
void ngx_http_mfa_visit_page(ngx_http_mfa_visit_t *v, ngx_uint_t status,
    mfa_page_e page, mfa_error_e error);
/* 303 to a page of the portal, carrying next along. */
void ngx_http_mfa_visit_to_page(ngx_http_mfa_visit_t *v, const char *page);
/* 303 to the code page, and from there to the security page. */
void ngx_http_mfa_visit_fresh(ngx_http_mfa_visit_t *v);
/* 303 to where a verdict leads: next or home when it allows. */
void ngx_http_mfa_visit_onward(ngx_http_mfa_visit_t *v, mfa_verdict_e verdict);
/* The page or redirect for an outcome that is not DONE: page is shown again
   for what the person can correct. */
void ngx_http_mfa_visit_outcome(ngx_http_mfa_visit_t *v, mfa_flow_t *flow,
    mfa_page_e page, mfa_error_e refused);
/* Sets the cookie of an opened session, and of a browser that is trusted with
   it; NGX_ERROR ends nothing. */
ngx_int_t ngx_http_mfa_visit_opened(ngx_http_mfa_visit_t *v,
    const mfa_opening_t *opening);
/* The token of this browser's device cookie, NULL when there is none to take
   seriously. */
const mfa_session_token_t *ngx_http_mfa_visit_device(ngx_http_mfa_visit_t *v);
/* Where a session was opened from, as text; empty without memory. */
mfa_str_t ngx_http_mfa_visit_address(ngx_http_mfa_visit_t *v,
    const mfa_session_t *session);
/* What the policy says of a session that has just been opened. */
mfa_verdict_e ngx_http_mfa_visit_verdict(ngx_http_mfa_visit_t *v,
    const mfa_session_t *session, const mfa_account_t *account);
/* Whether the forms here are bound to the login form's cookie. */
ngx_uint_t ngx_http_mfa_visit_login_form(ngx_http_mfa_visit_t *v);
/* Decodes the body that was read, of at most max bytes; the query string. */
mfa_form_e ngx_http_mfa_visit_form(ngx_http_mfa_visit_t *v, size_t max);
mfa_form_e ngx_http_mfa_visit_query(ngx_http_mfa_visit_t *v);
/* Whether the form's token is the one of this session (of the login form's
   cookie). */
mfa_tri_e ngx_http_mfa_visit_token(ngx_http_mfa_visit_t *v);
/* Runs the endpoint's own flow (v->flow), then calls done. */
void ngx_http_mfa_visit_run(ngx_http_mfa_visit_t *v,
    ngx_http_mfa_task_done_pt done);

/* Model values. */
void ngx_http_mfa_set_text(ngx_http_mfa_visit_t *v, mfa_var_e var,
    mfa_str_t text);
void ngx_http_mfa_set_number(ngx_http_mfa_visit_t *v, mfa_var_e var,
    int64_t number);
void ngx_http_mfa_set_flag(ngx_http_mfa_visit_t *v, mfa_var_e var, int flag);
void ngx_http_mfa_set_date(ngx_http_mfa_visit_t *v, mfa_var_e var,
    int64_t unix_sec);
/* n rows for a list, each over all names; NULL without memory.  A cell hides
   what has its name outside the list, also when it is empty. */
mfa_value_t *ngx_http_mfa_rows(ngx_http_mfa_visit_t *v, mfa_value_t *list,
    size_t n);
void ngx_http_mfa_cell_text(mfa_value_t *row, mfa_var_e var, mfa_str_t text);
void ngx_http_mfa_cell_flag(mfa_value_t *row, mfa_var_e var, int flag);
void ngx_http_mfa_cell_number(mfa_value_t *row, mfa_var_e var, int64_t number);
void ngx_http_mfa_cell_moment(ngx_http_mfa_visit_t *v, mfa_value_t *row,
    mfa_var_e var, int64_t unix_sec);
void ngx_http_mfa_cell_date(ngx_http_mfa_visit_t *v, mfa_value_t *row,
    mfa_var_e var, int64_t unix_sec);
void ngx_http_mfa_cell_agent(ngx_http_mfa_visit_t *v, mfa_value_t *row,
    const mfa_agent_t *agent);
/* The login form's token and, when the browser has none, its cookie. */
ngx_int_t ngx_http_mfa_set_login_token(ngx_http_mfa_visit_t *v);

/* Endpoints, by file. */
void ngx_http_mfa_login_get(ngx_http_mfa_visit_t *v);       /* page_login.c */
void ngx_http_mfa_login_post(ngx_http_mfa_visit_t *v);
void ngx_http_mfa_login_outdated(ngx_http_mfa_visit_t *v);
void ngx_http_mfa_logout_post(ngx_http_mfa_visit_t *v);
void ngx_http_mfa_logged_out_get(ngx_http_mfa_visit_t *v);
void ngx_http_mfa_identity_get(ngx_http_mfa_visit_t *v);    /* page_identity.c */
/* Whether the session there is not of whom nginx has verified now. */
ngx_uint_t ngx_http_mfa_identity_stranger(ngx_http_mfa_visit_t *v);
void ngx_http_mfa_code_get(ngx_http_mfa_visit_t *v);        /* page_code.c */
void ngx_http_mfa_code_recovery_get(ngx_http_mfa_visit_t *v);
void ngx_http_mfa_code_post(ngx_http_mfa_visit_t *v);
void ngx_http_mfa_validate_get(ngx_http_mfa_visit_t *v);
void ngx_http_mfa_validate_post(ngx_http_mfa_visit_t *v);
void ngx_http_mfa_enrol_get(ngx_http_mfa_visit_t *v);       /* page_enrol.c */
void ngx_http_mfa_scan_get(ngx_http_mfa_visit_t *v);
void ngx_http_mfa_scan_post(ngx_http_mfa_visit_t *v);
void ngx_http_mfa_later_post(ngx_http_mfa_visit_t *v);
void ngx_http_mfa_enrol_replace(ngx_http_mfa_visit_t *v);
void ngx_http_mfa_done_get(ngx_http_mfa_visit_t *v);     /* page_recovery.c */
void ngx_http_mfa_recovery_get(ngx_http_mfa_visit_t *v);
void ngx_http_mfa_recovery_renew(ngx_http_mfa_visit_t *v);
void ngx_http_mfa_locked_get(ngx_http_mfa_visit_t *v);      /* page_state.c */
void ngx_http_mfa_blocked_get(ngx_http_mfa_visit_t *v);
void ngx_http_mfa_unavailable_get(ngx_http_mfa_visit_t *v);
void ngx_http_mfa_security_get(ngx_http_mfa_visit_t *v); /* page_security.c */
void ngx_http_mfa_security_post(ngx_http_mfa_visit_t *v);
void ngx_http_mfa_reset_post(ngx_http_mfa_visit_t *v);      /* page_reset.c */
/* Answers a mailed link that is none any more with its page. */
void ngx_http_mfa_link_dead(ngx_http_mfa_visit_t *v, mfa_page_e page);
void ngx_http_mfa_setup_get(ngx_http_mfa_visit_t *v);
void ngx_http_mfa_setup_post(ngx_http_mfa_visit_t *v);
void ngx_http_mfa_setup_outdated(ngx_http_mfa_visit_t *v);
void ngx_http_mfa_password_get(ngx_http_mfa_visit_t *v); /* page_password.c */
void ngx_http_mfa_password_post(ngx_http_mfa_visit_t *v);
void ngx_http_mfa_password_outdated(ngx_http_mfa_visit_t *v);

#endif /* NGX_HTTP_MFA_PAGES_H */
