/*
 * The console's JSON API, below api/v1/: the same actions as on its pages, for
 * scripts.  docs/openapi.yaml describes every operation; t/57-openapi.t compares
 * the two.
 *
 * api.c has the table of operations and what each of them checks first: who is
 * there, form token, right, proof, query, body.  The files api_*.c do the rest, a
 * subject each.  What a role may is core/right.h's to say: asked here before the
 * store is, and again by flow admin in the transaction.
 */

#ifndef NGX_HTTP_MFA_API_H
#define NGX_HTTP_MFA_API_H

#include "nginx/console.h"
#include "nginx/json.h"

#include "core/bulk.h"
#include "core/standing.h"

#define NGX_HTTP_MFA_API_BODY_MAX  65536    /* bytes; 500 logins fit in */

/* Members of a body: a bit each in what an operation may and must have. */
typedef enum {
    NGX_HTTP_MFA_API_LOGIN = 0,
    NGX_HTTP_MFA_API_EMAIL,
    NGX_HTTP_MFA_API_NAME,
    NGX_HTTP_MFA_API_ROLE,
    NGX_HTTP_MFA_API_DIRECTORY,
    NGX_HTTP_MFA_API_PASSWORD,
    NGX_HTTP_MFA_API_REASON,
    NGX_HTTP_MFA_API_ACTION,
    NGX_HTTP_MFA_API_REQUIRE,
    NGX_HTTP_MFA_API_INVITE,
    NGX_HTTP_MFA_API_WIDGET,
    NGX_HTTP_MFA_API_GRACE,
    NGX_HTTP_MFA_API_EXPIRES,
    NGX_HTTP_MFA_API_LOGINS,
    NGX_HTTP_MFA_API_MEMBERS
} ngx_http_mfa_api_member_e;

/* Parameters of a query: the same. */
typedef enum {
    NGX_HTTP_MFA_API_Q = 0,
    NGX_HTTP_MFA_API_FILTER,
    NGX_HTTP_MFA_API_CURSOR,
    NGX_HTTP_MFA_API_LIMIT,
    NGX_HTTP_MFA_API_UNTIL,
    NGX_HTTP_MFA_API_ABOUT,
    NGX_HTTP_MFA_API_WHOSE,
    NGX_HTTP_MFA_API_ACTOR,
    NGX_HTTP_MFA_API_EVENT,
    NGX_HTTP_MFA_API_RESULT,
    NGX_HTTP_MFA_API_PARAMETERS
} ngx_http_mfa_api_parameter_e;

/* Why not.  Each has a code, a status and a title in api_reply.c. */
typedef enum {
    NGX_HTTP_MFA_API_OK = 0,
    NGX_HTTP_MFA_API_UNAVAILABLE,
    NGX_HTTP_MFA_API_ERROR,
    NGX_HTTP_MFA_API_UNAUTHENTICATED,
    NGX_HTTP_MFA_API_TOKEN_INVALID,
    NGX_HTTP_MFA_API_CODE_DUE,
    NGX_HTTP_MFA_API_ENROL_DUE,
    NGX_HTTP_MFA_API_BLOCKED,
    NGX_HTTP_MFA_API_LOCKED,
    NGX_HTTP_MFA_API_ORIGIN,
    NGX_HTTP_MFA_API_CSRF,
    NGX_HTTP_MFA_API_FORBIDDEN,
    NGX_HTTP_MFA_API_PROOF_CODE,
    NGX_HTTP_MFA_API_PROOF_PASSWORD,
    NGX_HTTP_MFA_API_PROOF_ENROL,
    NGX_HTTP_MFA_API_NOT_FOUND,
    NGX_HTTP_MFA_API_ABSENT,
    NGX_HTTP_MFA_API_METHOD,
    NGX_HTTP_MFA_API_LARGE,
    NGX_HTTP_MFA_API_TYPE,
    NGX_HTTP_MFA_API_MALFORMED,
    NGX_HTTP_MFA_API_MEMBER,
    NGX_HTTP_MFA_API_QUERY,
    NGX_HTTP_MFA_API_IF_MATCH,
    NGX_HTTP_MFA_API_INVALID,
    NGX_HTTP_MFA_API_EXISTS,
    NGX_HTTP_MFA_API_LAST,
    NGX_HTTP_MFA_API_OWNED,
    NGX_HTTP_MFA_API_NO_DEADLINE,
    NGX_HTTP_MFA_API_SHORTER,
    NGX_HTTP_MFA_API_BUSY,
    NGX_HTTP_MFA_API_FULL,
    NGX_HTTP_MFA_API_NO_MAIL,
    NGX_HTTP_MFA_API_NOTHING_DUE,
    NGX_HTTP_MFA_API_LIMITED,
    NGX_HTTP_MFA_API_VERSION,
    NGX_HTTP_MFA_API_PROBLEMS
} ngx_http_mfa_api_problem_e;

typedef struct ngx_http_mfa_api_s  ngx_http_mfa_api_t;

typedef void (*ngx_http_mfa_api_pt)(ngx_http_mfa_api_t *a);
typedef json_t *(*ngx_http_mfa_api_build_pt)(ngx_http_mfa_api_t *a);

typedef struct {
    ngx_uint_t            method;           /* of nginx: NGX_HTTP_GET ... */
    const char           *path;             /* below api/v1/ */
    ngx_http_mfa_api_pt   handler;
    mfa_right_e           right;            /* NONE: nothing but being let in */
    mfa_admin_e           action;           /* of a change */
    ngx_uint_t            may;              /* members: bits */
    ngx_uint_t            must;
    ngx_uint_t            query;            /* parameters: bits */
} ngx_http_mfa_api_route_t;

/* One request at the API: the console's flow member. */
struct ngx_http_mfa_api_s {
    ngx_http_mfa_console_t          *c;
    const ngx_http_mfa_api_route_t  *route;
    mfa_str_t                        portal_name;   /* in the path, or empty */
    mfa_str_t                        id;            /* the same */
    mfa_flow_bearer_t               *bearer;        /* NULL: by a session */
    int64_t                          if_version;    /* -1: any */

    /* The body: what was given, as bits; null is an empty text. */
    ngx_uint_t                       given;
    mfa_str_t                        text[NGX_HTTP_MFA_API_MEMBERS];
    int64_t                          number[NGX_HTTP_MFA_API_MEMBERS];
    mfa_str_t                       *logins;
    size_t                           n_logins;

    mfa_str_t                        query[NGX_HTTP_MFA_API_PARAMETERS];
    const char                      *member;        /* a problem is about */
    int64_t                          retry_after;   /* with LIMITED: seconds */

    void                            *flow;          /* the operation's own */
    size_t                           at;
    ngx_http_mfa_api_pt              next;
};

#define ngx_http_mfa_api_has(a, m)  (((a)->given >> (m)) & 1)


/* For the gate: whether r is for the API of lcf's console; what it is told that
   is not let in. */
ngx_uint_t ngx_http_mfa_api_is(ngx_http_request_t *r,
    ngx_http_mfa_loc_conf_t *lcf);
ngx_int_t ngx_http_mfa_api_deny(ngx_http_request_t *r,
    ngx_http_mfa_loc_conf_t *lcf, mfa_verdict_e verdict);

/* For the console: its request, behind the gate; a content handler's result. */
ngx_int_t ngx_http_mfa_api_handler(ngx_http_mfa_console_t *c);


/* For api_*.c. */

/* Memory of the request's, zeroed; NULL: it is answered already. */
void *ngx_http_mfa_api_alloc(ngx_http_mfa_api_t *a, size_t size);
/* Runs a flow for a portal, then next. */
void ngx_http_mfa_api_run(ngx_http_mfa_api_t *a, ngx_http_mfa_portal_t *portal,
    mfa_flow_t *flow, ngx_http_mfa_api_pt next);

/* api_body.c: the body in text as the operation wants it, and the query; OK or
   what is wrong, a->member says where. */
ngx_http_mfa_api_problem_e ngx_http_mfa_api_body(ngx_http_mfa_api_t *a,
    mfa_str_t text);
ngx_http_mfa_api_problem_e ngx_http_mfa_api_query(ngx_http_mfa_api_t *a);
ngx_http_mfa_api_problem_e ngx_http_mfa_api_if_match(ngx_http_mfa_api_t *a);
/* The parameter limit, 1..max; when it is absent, max or 20.  0: it is wrong and
   answered. */
size_t ngx_http_mfa_api_limit(ngx_http_mfa_api_t *a, size_t max);
/* The parameter until: a date or a time; 0 and *unix_sec, or -1. */
int ngx_http_mfa_api_until(ngx_http_mfa_api_t *a, int64_t *unix_sec);

/* api_reply.c: answers, each ends the request. */
void ngx_http_mfa_api_problem(ngx_http_mfa_api_t *a,
    ngx_http_mfa_api_problem_e problem);
/* What build makes, with a status; room as for ngx_http_mfa_json_begin. */
void ngx_http_mfa_api_answer(ngx_http_mfa_api_t *a, ngx_uint_t status,
    ngx_http_mfa_api_build_pt build, size_t room);
void ngx_http_mfa_api_empty(ngx_http_mfa_api_t *a);
/* ETag: an account's version; NGX_ERROR without memory. */
ngx_int_t ngx_http_mfa_api_etag(ngx_http_mfa_api_t *a, int64_t version);
/* What became of a flow: OK for DONE. */
ngx_http_mfa_api_problem_e ngx_http_mfa_api_outcome(mfa_outcome_e outcome,
    mfa_why_e why);
const char *ngx_http_mfa_api_code(ngx_http_mfa_api_problem_e problem);
ngx_uint_t ngx_http_mfa_api_status(ngx_http_mfa_api_problem_e problem);

/* Sets a member; a value that could not be made spoils the object. */
void ngx_http_mfa_api_set(json_t *object, const char *name, json_t *value);

/* Operations, by file. */
void ngx_http_mfa_api_me(ngx_http_mfa_api_t *a);            /* api_own.c */
void ngx_http_mfa_api_home(ngx_http_mfa_api_t *a);
void ngx_http_mfa_api_settings(ngx_http_mfa_api_t *a);
void ngx_http_mfa_api_settings_set(ngx_http_mfa_api_t *a);
void ngx_http_mfa_api_accounts(ngx_http_mfa_api_t *a);      /* api_list.c */
void ngx_http_mfa_api_forecast(ngx_http_mfa_api_t *a);
void ngx_http_mfa_api_audit(ngx_http_mfa_api_t *a);
void ngx_http_mfa_api_account(ngx_http_mfa_api_t *a);       /* api_detail.c */
void ngx_http_mfa_api_sessions(ngx_http_mfa_api_t *a);
void ngx_http_mfa_api_devices(ngx_http_mfa_api_t *a);
json_t *ngx_http_mfa_api_account_build(const mfa_portal_t *portal,
    const mfa_account_t *account, const mfa_standing_t *standing);
void ngx_http_mfa_api_add(ngx_http_mfa_api_t *a);           /* api_change.c */
void ngx_http_mfa_api_change(ngx_http_mfa_api_t *a);
void ngx_http_mfa_api_bulk(ngx_http_mfa_api_t *a);
void ngx_http_mfa_api_tokens(ngx_http_mfa_api_t *a);        /* api_token.c */
void ngx_http_mfa_api_token_add(ngx_http_mfa_api_t *a);
void ngx_http_mfa_api_token_end(ngx_http_mfa_api_t *a);

#endif /* NGX_HTTP_MFA_API_H */
