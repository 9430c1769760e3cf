/*
 * What a request brings: our cookies, which are taken out of its headers before
 * anything else looks at them, forged identity headers, which are thrown away,
 * tokens of mailed links, which no log is to see, and the few headers by which
 * its kind is told.
 */

#ifndef NGX_HTTP_MFA_INPUT_H
#define NGX_HTTP_MFA_INPUT_H

#include "nginx/conf.h"
#include "core/flow_gate.h"

#define NGX_HTTP_MFA_NO_COOKIE  ((ngx_uint_t) -1)

/* Who is there, once a gate flow has told, for the portal it told of. */
typedef struct ngx_http_mfa_judged_s  ngx_http_mfa_judged_t;

struct ngx_http_mfa_judged_s {
    ngx_http_request_t      *request;           /* NULL: not judged */
    ngx_http_mfa_portal_t   *portal;
    mfa_who_t                who;
    ngx_http_mfa_judged_t   *next;
};

/* What the worker's cache has told a request, held until that ends. */
typedef struct ngx_http_mfa_hold_s  ngx_http_mfa_hold_t;

struct ngx_http_mfa_hold_s {
    mfa_known_t              known;
    ngx_http_mfa_hold_t     *next;
};

/* What the connection sent before: memo.h. */
typedef struct ngx_http_mfa_memo_s  ngx_http_mfa_memo_t;

/* Kept for the life of the main request, across internal redirects. */
typedef struct {
    ngx_uint_t               identity;          /* headers were sent on */
    ngx_uint_t               watched;           /* the open answer, stream.c */
    ngx_http_mfa_judged_t    judged;            /* itself, then subrequests */
    ngx_http_mfa_hold_t     *holds;
    ngx_http_mfa_hold_t      hold;              /* the first of them, mostly the
                                                   only one */
    ngx_str_t                query;             /* of a mailed link, wiped */
    ngx_uint_t               lines;             /* Cookie headers there were */
    ngx_http_mfa_memo_t     *memo;              /* holds the first of them, as
                                                   long as it has this serial */
    ngx_uint_t               serial;
    ngx_uint_t               digested;          /* the cookie of the digest */
    mfa_digest_t             digest;
    mfa_cookie_t             cookies[];         /* of each name that is ours */
} ngx_http_mfa_main_t;

/* POST_READ: collects and cleans. */
ngx_int_t ngx_http_mfa_input_handler(ngx_http_request_t *r);

/* The main request's record; made when there is none.  NULL: no memory. */
ngx_http_mfa_main_t *ngx_http_mfa_input_main(ngx_http_request_t *r);
/* The same, or NULL when there is none. */
ngx_http_mfa_main_t *ngx_http_mfa_input_find(ngx_http_request_t *r);

/* A cookie of the portal (NGX_HTTP_MFA_COOKIE_...) in a request that may carry
   it: n of them, the first one's value; NULL when there is none. */
const mfa_cookie_t *ngx_http_mfa_input_cookie(ngx_http_request_t *r,
    ngx_http_mfa_portal_t *portal, ngx_uint_t kind);
/* The same, for who has found the record, or that there is none (NULL). */
const mfa_cookie_t *ngx_http_mfa_input_cookie_of(ngx_http_request_t *r,
    ngx_http_mfa_main_t *m, ngx_http_mfa_portal_t *portal, ngx_uint_t kind);

/* What a request was judged, or the nearest request around it; or NULL. */
ngx_http_mfa_judged_t *ngx_http_mfa_input_judged(ngx_http_request_t *r);

/* Whether this connection may carry the portal's cookies: TLS, or the portal
   says auto and both ends are loopback. */
ngx_uint_t ngx_http_mfa_input_secure(ngx_http_request_t *r,
    ngx_http_mfa_portal_t *portal);

/* TLS, or both ends are on this machine. */
ngx_uint_t ngx_http_mfa_input_private(ngx_http_request_t *r);
ngx_uint_t ngx_http_mfa_input_loopback(struct sockaddr *sa);

/* A navigation of a browser, which can be led to a page. */
ngx_uint_t ngx_http_mfa_input_navigation(ngx_http_request_t *r);

/* Whether a POST comes from a page of this very site (Origin, Sec-Fetch-Site). */
ngx_uint_t ngx_http_mfa_input_same_origin(ngx_http_request_t *r);

/* A request header by its lower-case name; NULL when absent. */
ngx_str_t *ngx_http_mfa_input_header(ngx_http_request_t *r, const char *name);

/* env for the flows of this request: time, client, keys. */
void ngx_http_mfa_input_env(ngx_http_request_t *r,
    ngx_http_mfa_portal_t *portal, mfa_env_t *env);

/* The network an address belongs to, as text; text is the address's own. */
mfa_str_t ngx_http_mfa_input_network(ngx_pool_t *pool, struct sockaddr *sa,
    ngx_str_t *text);

/* $mfa_session: some characters of the token's hash; empty without a session. */
mfa_str_t ngx_http_mfa_input_reference(const mfa_who_t *who);

/* Copies the headers into a list of the request's own, without our cookies and
   without identity headers. */
ngx_int_t ngx_http_mfa_input_rebuild(ngx_http_request_t *r,
    ngx_http_mfa_main_conf_t *mcf);


/* --- mailed.c --- */

/* Takes the query of a mailed link to a page out of the request, where it would
   be logged, and keeps it. */
ngx_int_t ngx_http_mfa_mailed_take(ngx_http_request_t *r,
    ngx_http_mfa_srv_conf_t *scf);
/* LOG: the same for what nginx has refused before any other phase. */
ngx_int_t ngx_http_mfa_mailed_handler(ngx_http_request_t *r);
/* The query as it was sent. */
mfa_str_t ngx_http_mfa_mailed_query(ngx_http_request_t *r);


/* --- identity.c --- */

/* Whether a header is an identity header of any prefix, however it is spelled. */
ngx_uint_t ngx_http_mfa_identity_is(ngx_http_mfa_main_conf_t *mcf,
    ngx_str_t *key);

/* What identity headers say of who, in the order of their names; empty where
   the account has nothing to say or nothing that can stand in a header. */
void ngx_http_mfa_identity_values(const mfa_who_t *who,
    mfa_str_t values[NGX_HTTP_MFA_IDENTITY_N]);

/* Replaces what identity headers there are by who's; m is the main request's
   record. */
ngx_int_t ngx_http_mfa_identity_send(ngx_http_request_t *r,
    ngx_http_mfa_main_t *m, ngx_http_mfa_headers_t *headers,
    const mfa_who_t *who);

#endif /* NGX_HTTP_MFA_INPUT_H */
