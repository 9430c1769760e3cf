/*
 * The configuration as the module sees it: what the directives fill in and what
 * every other file of this folder reads.
 */

#ifndef NGX_HTTP_MFA_CONF_H
#define NGX_HTTP_MFA_CONF_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "core/cookie.h"
#include "core/html.h"
#include "core/jwt.h"
#include "core/page.h"
#include "core/policy.h"
#include "nginx/hash.h"
#include "nginx/link.h"

#define NGX_HTTP_MFA_IDENTITY_N  6

/* A portal's cookies, and where their names are in the list of all. */
#define NGX_HTTP_MFA_COOKIE_SESSION  0
#define NGX_HTTP_MFA_COOKIE_LOGIN    1
#define NGX_HTTP_MFA_COOKIE_DEVICE   2
#define NGX_HTTP_MFA_COOKIE_N        3
#define NGX_HTTP_MFA_COOKIE_INDEX(portal, kind, plain)                        \
    (2 * ((portal) * NGX_HTTP_MFA_COOKIE_N + (kind)) + (plain))

extern ngx_module_t  ngx_http_mfa_module;

/* The pages of a portal in one language. */
typedef struct {
    ngx_str_t              locale;
    mfa_html_t             pages[MFA_PAGE_N];
    ngx_str_t              errors[MFA_ERR_N];   /* translated */
    ngx_str_t              words[MFA_WORD_N];
} ngx_http_mfa_theme_t;

/* A portal as nginx needs it around the core's. */
typedef struct {
    mfa_portal_t           core;
    ngx_uint_t             index;               /* in portals */
    mfa_str_t              login_cookie;        /* the form's, before a session */
    mfa_str_t              login_cookie_plain;
    mfa_str_t              device_cookie;       /* of a trusted browser */
    mfa_str_t              device_cookie_plain;
    ngx_str_t              templates;           /* folder; empty: the default */
    ngx_http_mfa_theme_t  *themes;              /* n_locales of them */
    ngx_str_t              style;               /* the rendered style sheet */
    ngx_str_t              console_style;       /* and the console's own */
    ngx_str_t              csp;                 /* with the style's hash */
    ngx_str_t              console_csp;         /* with both */
    u_char                *file;                /* where the block is */
    ngx_uint_t             line;
    ngx_int_t              identity;            /* index of the variable */
    u_char                *first_file;          /* where first_factor is */
    ngx_uint_t             first_line;
} ngx_http_mfa_portal_t;

/* Names of identity headers for one prefix: sent when verified, and removed
   from every request. */
typedef struct {
    ngx_str_t              prefix;
    ngx_str_t              names[NGX_HTTP_MFA_IDENTITY_N];
    ngx_str_t              lower[NGX_HTTP_MFA_IDENTITY_N];
    ngx_uint_t             hash[NGX_HTTP_MFA_IDENTITY_N];
} ngx_http_mfa_headers_t;

/* A place where a portal is named, for the checks after all is read. */
typedef struct {
    void                      *server;          /* ngx_http_core_srv_conf_t */
    void                      *location;        /* ngx_http_mfa_loc_conf_t */
    ngx_http_core_loc_conf_t  *core;            /* of the location */
    u_char                    *file;
    ngx_uint_t                 line;
} ngx_http_mfa_place_t;

/* What all workers count in: meter.c. */
typedef struct {
    ngx_shm_zone_t           *zone;
    ngx_uint_t                rows;
    size_t                    stride;           /* bytes from row to row */
    size_t                    length;           /* numbers of a row */
} ngx_http_mfa_meters_t;

typedef struct {
    mfa_endpoint_t            endpoint;
    ngx_uint_t                endpoint_set;
    ngx_http_mfa_link_conf_t  link;
    ngx_http_mfa_hash_conf_t  hash;
    ngx_str_t                 templates;
    ngx_str_t                 keys_file;
    mfa_keyring_t            *keys;
    mfa_jwt_key_t            *assertion_key;    /* NULL: none */
    ngx_array_t               portals;          /* ngx_http_mfa_portal_t * */
    ngx_array_t               headers;          /* ngx_http_mfa_headers_t * */
    u_char                    headers_first[256];   /* 1: one begins so, or
                                                       Cookie does */
    ngx_array_t               gates;            /* ngx_http_mfa_place_t */
    ngx_array_t               pages;            /* ngx_http_mfa_place_t */
    ngx_array_t               verifies;         /* ngx_http_mfa_place_t */
    ngx_array_t               checks;           /* ngx_http_mfa_place_t */
    ngx_array_t               consoles;         /* ngx_http_mfa_place_t */
    ngx_array_t               statuses;         /* ngx_http_mfa_place_t */
    ngx_array_t               seen;             /* all locations: lint.c */
    mfa_cookie_names_t        cookies;          /* of all portals, by
                                                   NGX_HTTP_MFA_COOKIE_INDEX */
    ngx_http_mfa_links_t     *links;            /* this worker's, when used */
    ngx_http_mfa_meters_t     meters;
} ngx_http_mfa_main_conf_t;

/* mfa_console: which portals' accounts are seen to there. */
typedef struct {
    ngx_http_mfa_portal_t   **portals;
    ngx_uint_t                n;
    mfa_str_t                 base;             /* its path, "/mfa/console/" */
} ngx_http_mfa_console_conf_t;

typedef struct {
    ngx_http_mfa_portal_t    *portal;           /* NULL: not gated */
    mfa_rule_e                rule;
    time_t                    fresh;
    ngx_http_mfa_headers_t   *headers;          /* NULL: none are sent */
    ngx_flag_t                pages;            /* the portal's pages live here */
    ngx_flag_t                report;           /* nobody is stopped */
    ngx_http_mfa_portal_t    *verify;           /* resources ask here, or NULL */
    ngx_flag_t                check;            /* the verdict is the answer */
    ngx_http_mfa_console_conf_t  *console;      /* admins work here, or NULL */
    ngx_flag_t                status;           /* the metrics are told here */
} ngx_http_mfa_loc_conf_t;

typedef struct ngx_http_mfa_spot_s  ngx_http_mfa_spot_t;

typedef struct {
    ngx_flag_t                used;             /* an mfa directive stands here */
    ngx_array_t               pages;            /* mfa_str_t: pages paths here */
    ngx_array_t               spots;            /* its locations: elsewhere.c */
    ngx_http_mfa_loc_conf_t  *gate;             /* the first gated one, or NULL */
    ngx_flag_t                several;          /* others have another gate */
} ngx_http_mfa_srv_conf_t;

void *ngx_http_mfa_create_main_conf(ngx_conf_t *cf);
char *ngx_http_mfa_init_main_conf(ngx_conf_t *cf, void *conf);
void *ngx_http_mfa_create_srv_conf(ngx_conf_t *cf);
char *ngx_http_mfa_merge_srv_conf(ngx_conf_t *cf, void *parent, void *child);
void *ngx_http_mfa_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_mfa_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child);
/* The checks that need the whole configuration; NGX_OK or NGX_ERROR, logged. */
ngx_int_t ngx_http_mfa_check_conf(ngx_conf_t *cf);

/* Directives: directive.c. */
char *ngx_http_mfa_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_mfa_keys(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_mfa_cache(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_mfa_threads(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_mfa_portal(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_mfa_gate(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_mfa_pages(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_mfa_identity_headers(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* A portal by its name, or NULL. */
ngx_http_mfa_portal_t *ngx_http_mfa_portal_find(ngx_http_mfa_main_conf_t *mcf,
    ngx_str_t *name);
/* Says that there is none; NGX_CONF_ERROR. */
char *ngx_http_mfa_portal_unknown(ngx_conf_t *cf, ngx_str_t *name);
/* Keeps the place of the directive being read; NGX_CONF_OK or not. */
char *ngx_http_mfa_place_add(ngx_conf_t *cf, ngx_array_t *places, void *conf);

/* The address of mfa_redis; NGX_CONF_OK, or logged. */
char *ngx_http_mfa_redis_resolve(ngx_conf_t *cf, ngx_http_mfa_main_conf_t *mcf);
/* The names for a prefix, one set for each; NULL without memory. */
ngx_http_mfa_headers_t *ngx_http_mfa_identity_names(ngx_conf_t *cf,
    ngx_str_t *prefix);

/* A file that holds a secret: its content (at most max bytes) in *text, or
   NULL-terminated cause of refusal.  Refused when others may read it. */
char *ngx_http_mfa_secret_file(ngx_conf_t *cf, ngx_str_t *name, size_t max,
    ngx_str_t *text);

static ngx_inline mfa_str_t
ngx_http_mfa_view(const ngx_str_t *s)
{
    return (mfa_str_t) { s->data, s->len };
}

/* Whether a location is one that the gate stands before: the module's own pages
   and answers let in whom they must. */
static ngx_inline ngx_uint_t
ngx_http_mfa_is_gated(const ngx_http_mfa_loc_conf_t *lcf)
{
    return lcf->portal != NULL && !lcf->pages && lcf->verify == NULL;
}

static ngx_inline ngx_uint_t
ngx_http_mfa_has_regex(const ngx_http_core_loc_conf_t *clcf)
{
#if (NGX_PCRE)
    return clcf->regex != NULL;
#else
    return 0;
#endif
}

#endif /* NGX_HTTP_MFA_CONF_H */
