/*
 * The console: where admins see to accounts, their own among them.  A gated
 * location that answers with pages (console_*.c) and, below api/, with JSON.
 *
 * The portal of the gate is the one admins log in to; the portals that the
 * directive names are those whose accounts are seen to.  What a role may is
 * core/right.h's to say; here it is asked before anything is shown, and flow
 * admin asks again before anything is written.
 */

#ifndef NGX_HTTP_MFA_CONSOLE_H
#define NGX_HTTP_MFA_CONSOLE_H

#include "nginx/pages.h"

#include "core/event.h"
#include "core/flow_admin.h"
#include "core/standing.h"

#define NGX_HTTP_MFA_CONSOLE_BODY_MAX  131072   /* bytes of a request's body */
#define NGX_HTTP_MFA_CONSOLE_FORM_MAX  16384    /* of them a form's */
#define NGX_HTTP_MFA_CONSOLE_API       "api/"
#define NGX_HTTP_MFA_CONSOLE_LINK_MAX  2048     /* bytes */

typedef struct ngx_http_mfa_console_s  ngx_http_mfa_console_t;

typedef void (*ngx_http_mfa_console_pt)(ngx_http_mfa_console_t *c);

/* One request at the console. */
struct ngx_http_mfa_console_s {
    ngx_http_mfa_visit_t          visit;        /* first; its portal is the one
                                                   that admins log in to */
    ngx_http_mfa_console_conf_t  *conf;
    mfa_str_t                     path;         /* below conf->base, decoded */

    /* What the URL is about; NULL, empty: nothing of that kind. */
    ngx_http_mfa_portal_t        *portal;
    mfa_str_t                     login;

    /* Who acts: from console_who on. */
    mfa_role_e                    role;         /* that counts now */
    mfa_proof_e                   proof;
    mfa_by_t                      by;           /* for flow admin, flow token */
    mfa_str_t                     actor;        /* for the audit */

    ngx_http_mfa_console_pt       next;         /* after what is waited for */
    void                         *flow;         /* the page's own */
    ngx_uint_t                    at;           /* where that is, if it goes on */
    ngx_http_mfa_console_pt       then;         /* once oneself has been read */
};

/* mfa_console PORTAL... */
char *ngx_http_mfa_console(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
void ngx_http_mfa_console_merge(ngx_http_core_loc_conf_t *clcf,
    ngx_http_mfa_loc_conf_t *prev, ngx_http_mfa_loc_conf_t *conf);
/* Consoles stand in gated locations that are theirs; NGX_ERROR, logged. */
ngx_int_t ngx_http_mfa_console_check(ngx_conf_t *cf);
/* Whether a path of this server is a console's: a return URL may lead there. */
ngx_uint_t ngx_http_mfa_console_path(ngx_http_request_t *r, mfa_str_t path);

/*
 * Asks who is there (flow gate, of the store), fills visit.gate, visit.who and
 * what is behind "who acts" above, and calls next: whatever the verdict is.
 */
void ngx_http_mfa_console_who(ngx_http_mfa_console_t *c,
    ngx_http_mfa_console_pt next);

/* Runs a flow for a portal, then calls next; the flow's outcome is its to see. */
void ngx_http_mfa_console_run(ngx_http_mfa_console_t *c,
    ngx_http_mfa_portal_t *portal, mfa_flow_t *flow,
    ngx_http_mfa_console_pt next);

/* A portal that is seen to here, by its name; NULL: none. */
ngx_http_mfa_portal_t *ngx_http_mfa_console_portal(ngx_http_mfa_console_t *c,
    mfa_str_t name);
/* Whether who acts may do this to an account of portal with that role. */
ngx_uint_t ngx_http_mfa_console_may(ngx_http_mfa_console_t *c,
    mfa_right_e right, ngx_http_mfa_portal_t *portal, mfa_str_t role);
/* The same for what is about no account. */
ngx_uint_t ngx_http_mfa_console_may_at_all(ngx_http_mfa_console_t *c,
    mfa_right_e right);


/* For console_*.c. */

/* Fills in what pages of the console share and sends one. */
void ngx_http_mfa_console_page(ngx_http_mfa_console_t *c, ngx_uint_t status,
    mfa_page_e page, mfa_error_e error);
/* A page that says no, with its status. */
void ngx_http_mfa_console_refuse(ngx_http_mfa_console_t *c, ngx_uint_t status,
    mfa_error_e error);
/* The same for an outcome that is not DONE, with its cause if there is one. */
void ngx_http_mfa_console_outcome(ngx_http_mfa_console_t *c, mfa_flow_t *flow,
    mfa_why_e why);
/* The error a cause is shown as. */
mfa_error_e ngx_http_mfa_console_error(mfa_outcome_e outcome, mfa_why_e why);
/* 303 to a link of the console's. */
void ngx_http_mfa_console_to(ngx_http_mfa_console_t *c, mfa_str_t link);
/*
 * Whether who acts has proved lately that it is he; else he is led to where he
 * does and from there to back, a page of the console, and it is all over here.
 */
ngx_uint_t ngx_http_mfa_console_proved(ngx_http_mfa_console_t *c,
    mfa_str_t back);

/*
 * "page?name=value&...": pairs of const char * and mfa_str_t, then NULL; those
 * without a value are left out.  Empty without memory.
 */
mfa_str_t ngx_http_mfa_console_link(ngx_http_mfa_console_t *c,
    const char *page, ...);
/* Where an account's details are. */
mfa_str_t ngx_http_mfa_console_account_link(ngx_http_mfa_console_t *c,
    ngx_http_mfa_portal_t *portal, mfa_str_t login, const char *query);
/* Where the accounts of a portal are listed. */
mfa_str_t ngx_http_mfa_console_list_link(ngx_http_mfa_console_t *c,
    ngx_http_mfa_portal_t *portal, const char *show);

/* A word of page.h in the language of the request; word -1: nothing. */
mfa_str_t ngx_http_mfa_console_word(ngx_http_mfa_console_t *c, int word);
/* What is shown of an account, in a list or by itself. */
void ngx_http_mfa_console_account_row(ngx_http_mfa_console_t *c,
    ngx_http_mfa_portal_t *portal, const mfa_account_t *account,
    const mfa_standing_t *standing, mfa_value_t *row);
/* Days to choose from, and the one that is chosen (-1: the portal's). */
ngx_int_t ngx_http_mfa_console_days(ngx_http_mfa_console_t *c,
    ngx_http_mfa_portal_t *portal, int64_t chosen);
/* Roles that who acts may give, and the one there is. */
ngx_int_t ngx_http_mfa_console_roles(ngx_http_mfa_console_t *c,
    mfa_role_e has);
/* Events of a portal's audit, into a list. */
ngx_int_t ngx_http_mfa_console_events(ngx_http_mfa_console_t *c,
    ngx_http_mfa_portal_t *portal, const mfa_event_t *events, size_t n);
/* Reads the account of who acts with all that the gate does not ask for, sets
   MFA_VAR_WIDGET_ON from it, and calls then. */
void ngx_http_mfa_console_self(ngx_http_mfa_console_t *c,
    ngx_http_mfa_console_pt then);
/* Prepares a flow admin of who acts, about login. */
void ngx_http_mfa_console_admin(ngx_http_mfa_console_t *c,
    mfa_flow_admin_t *admin, mfa_admin_e action, mfa_str_t login);
/* Days that were chosen as seconds, -1 when none were; 0 or -1. */
int ngx_http_mfa_console_grace(const mfa_form_t *form, int64_t *sec);

/* Pages, by file: console_NAME.c. */
void ngx_http_mfa_console_home_get(ngx_http_mfa_console_t *c);
void ngx_http_mfa_console_users_get(ngx_http_mfa_console_t *c);
void ngx_http_mfa_console_admins_get(ngx_http_mfa_console_t *c);
void ngx_http_mfa_console_account_get(ngx_http_mfa_console_t *c);
void ngx_http_mfa_console_conflict(ngx_http_mfa_console_t *c);
void ngx_http_mfa_console_account_post(ngx_http_mfa_console_t *c);
void ngx_http_mfa_console_new_get(ngx_http_mfa_console_t *c);
void ngx_http_mfa_console_new_post(ngx_http_mfa_console_t *c);
void ngx_http_mfa_console_bulk_post(ngx_http_mfa_console_t *c);
void ngx_http_mfa_console_audit_get(ngx_http_mfa_console_t *c);
void ngx_http_mfa_console_settings_get(ngx_http_mfa_console_t *c);
void ngx_http_mfa_console_settings_post(ngx_http_mfa_console_t *c);

#endif /* NGX_HTTP_MFA_CONSOLE_H */
