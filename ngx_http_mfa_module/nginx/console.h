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

#include "core/flow_admin.h"

#define NGX_HTTP_MFA_CONSOLE_BODY_MAX  131072   /* bytes of a request's body */
#define NGX_HTTP_MFA_CONSOLE_API       "api/"

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

#endif /* NGX_HTTP_MFA_CONSOLE_H */
