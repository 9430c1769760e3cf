/*
 * What the API answers: documents, and problems (RFC 9457) that a script tells
 * apart by their code.
 */

#include "nginx/api.h"

#define TYPE_PREFIX  "urn:mfa:problem:"
#define PROBLEM_ROOM 4096
#define RETRY_SEC    2

/* In the order of ngx_http_mfa_api_problem_e; page: where a person goes on. */
static const struct {
    const char  *code;
    ngx_uint_t   status;
    const char  *title;
    const char  *page;
} problems[NGX_HTTP_MFA_API_PROBLEMS] = {
    { "ok", 200, "Done", NULL },
    { "unavailable", 503, "The store cannot be asked now", NULL },
    { "error", 500, "The request could not be carried out", NULL },
    { "login", 401, "Login is required", "login" },
    { "token", 401, "The token is none that holds", NULL },
    { "code", 401, "A one-time code is required", "code" },
    { "enrol", 401, "Multi-factor authentication must be set up", "enrol" },
    { "blocked", 403, "The account is blocked", "blocked" },
    { "locked", 403, "The account is locked out", "locked" },
    { "origin", 403, "The request comes from another site", NULL },
    { "csrf", 403, "X-CSRF-Token is not the one of this session", NULL },
    { "forbidden", 403, "The role does not allow this", NULL },
    { "proof-code", 403, "A one-time code of the last ten minutes is required",
      "code" },
    { "proof-password", 403, "The password must be given again", "login" },
    { "proof-enrol", 403, "Multi-factor authentication must be set up first",
      "enrol" },
    { "not-found", 404, "There is nothing at this address", NULL },
    { "absent", 404, "There is no such account or token", NULL },
    { "method", 405, "The method is not allowed here", NULL },
    { "too-large", 413, "The body is too large", NULL },
    { "type", 415, "The body must be application/json", NULL },
    { "malformed", 400, "The body is no JSON object", NULL },
    { "member", 400, "A member is unknown, missing, or of another type", NULL },
    { "query", 400, "A parameter of the query is unknown or wrong", NULL },
    { "if-match", 400, "If-Match must be one ETag of an account", NULL },
    { "invalid", 422, "A value cannot be", NULL },
    { "exists", 409, "There is such an account already", NULL },
    { "last", 409, "It is the last administrator_with_billing who can log in",
      NULL },
    { "directory", 409, "A directory owns the account", NULL },
    { "not-required", 409, "The account has no deadline", NULL },
    { "shorter", 409, "The deadline that holds is later than that", NULL },
    { "busy", 409, "Others keep changing the account", NULL },
    { "full", 409, "There are as many tokens as there can be", NULL },
    { "no-mail", 409, "No such mail can be sent to this account", NULL },
    { "nothing-due", 409, "The account has all it needs: no mail is due", NULL },
    { "limited", 429, "Too many mails to the account, or unlocks of it, lately",
      NULL },
    { "version", 412, "The account has another version", NULL },
};


const char *
ngx_http_mfa_api_code(ngx_http_mfa_api_problem_e problem)
{
    return problems[problem].code;
}


ngx_uint_t
ngx_http_mfa_api_status(ngx_http_mfa_api_problem_e problem)
{
    return problems[problem].status;
}


void
ngx_http_mfa_api_set(json_t *object, const char *name, json_t *value)
{
    /* Without memory nothing is sent: clear() leaves an object that is found
       to be empty. */
    if (json_object_set_new(object, name, value) != 0) {
        json_object_clear(object);
        json_object_set_new(object, "", json_null());
    }
}


/* The text of a document, with a line feed; NULL: it could not be made. */
static const char *
written(ngx_http_request_t *r, const json_t *json)
{
    char  *text, *line;

    if (json == NULL || json_object_get(json, "")) {
        return NULL;
    }

    text = json_dumps(json, JSON_COMPACT);
    line = text ? ngx_pnalloc(r->pool, ngx_strlen(text) + 2) : NULL;

    if (line == NULL) {
        return NULL;
    }

    ngx_sprintf((u_char *) line, "%s\n%Z", text);
    mfa_wipe(text, ngx_strlen(text));

    return line;
}


static json_t *
page_of(ngx_http_request_t *r, ngx_http_mfa_portal_t *portal, const char *page)
{
    u_char     *p;
    size_t      len;
    mfa_buf_t   out;

    len = portal->core.pages.len + ngx_strlen(page);
    p = ngx_pnalloc(r->pool, len);

    if (p == NULL) {
        return NULL;
    }

    mfa_buf_init(&out, p, len);
    mfa_buf_str(&out, portal->core.pages);
    mfa_buf_cstr(&out, page);

    return ngx_http_mfa_json_text(mfa_buf_since(&out, 0));
}


static ngx_int_t
challenge(ngx_http_request_t *r, ngx_http_mfa_api_problem_e problem)
{
    ngx_str_t  value;

    if (problem == NGX_HTTP_MFA_API_TOKEN_INVALID) {
        ngx_str_set(&value, "Bearer error=\"invalid_token\"");
    } else {
        ngx_str_set(&value, "Bearer");
    }

    return ngx_http_mfa_output_header(r, "WWW-Authenticate", &value);
}


static ngx_int_t
problem_headers(ngx_http_request_t *r, ngx_http_mfa_api_problem_e problem,
    int64_t retry_after)
{
    if (problem == NGX_HTTP_MFA_API_LIMITED) {
        return ngx_http_mfa_output_retry(r, retry_after);
    }

    if (problem == NGX_HTTP_MFA_API_UNAVAILABLE
        || problem == NGX_HTTP_MFA_API_BUSY)
    {
        return ngx_http_mfa_output_retry(r, RETRY_SEC);
    }

    return problems[problem].status == 401 ? challenge(r, problem) : NGX_OK;
}


static ngx_int_t
problem_send(ngx_http_request_t *r, ngx_http_mfa_portal_t *portal,
    ngx_http_mfa_api_problem_e problem, const char *member,
    int64_t retry_after)
{
    u_char       type[64];
    json_t      *json;
    const char  *text;

    if (ngx_http_mfa_json_begin(r, PROBLEM_ROOM) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_sprintf(type, TYPE_PREFIX "%s%Z", problems[problem].code);

    json = json_object();
    ngx_http_mfa_api_set(json, "type",
                         ngx_http_mfa_json_name((const char *) type));
    ngx_http_mfa_api_set(json, "status",
                         json_integer((json_int_t) problems[problem].status));
    ngx_http_mfa_api_set(json, "title",
                         ngx_http_mfa_json_name(problems[problem].title));
    ngx_http_mfa_api_set(json, "code",
                         ngx_http_mfa_json_name(problems[problem].code));

    if (member) {
        ngx_http_mfa_api_set(json, "member", ngx_http_mfa_json_name(member));
    }

    if (problems[problem].page) {
        ngx_http_mfa_api_set(json, "page",
                             page_of(r, portal, problems[problem].page));
    }

    text = written(r, json);
    ngx_http_mfa_json_end();

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0, "mfa: api: %s",
                  problems[problem].code);

    if (text == NULL || problem_headers(r, problem, retry_after) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_mfa_output_typed(r, portal, problems[problem].status,
                                     "application/problem+json", text);
}


ngx_int_t
ngx_http_mfa_api_deny(ngx_http_request_t *r, ngx_http_mfa_loc_conf_t *lcf,
    mfa_verdict_e verdict)
{
    ngx_http_mfa_gate_t         *gate;
    ngx_http_mfa_api_problem_e   problem;

    gate = ngx_http_get_module_ctx(r, ngx_http_mfa_module);

    switch (verdict) {
    case MFA_VERDICT_LOGIN:
        problem = gate && gate->bearer ? NGX_HTTP_MFA_API_TOKEN_INVALID
                                       : NGX_HTTP_MFA_API_UNAUTHENTICATED;
        break;
    case MFA_VERDICT_BLOCKED:
        problem = NGX_HTTP_MFA_API_BLOCKED;
        break;
    case MFA_VERDICT_CODE:
        problem = NGX_HTTP_MFA_API_CODE_DUE;
        break;
    case MFA_VERDICT_ENROL:
        problem = NGX_HTTP_MFA_API_ENROL_DUE;
        break;
    case MFA_VERDICT_LOCKED:
        problem = NGX_HTTP_MFA_API_LOCKED;
        break;
    default:
        problem = NGX_HTTP_MFA_API_UNAVAILABLE;
        break;
    }

    return problem_send(r, lcf->portal, problem, NULL, 0);
}


void
ngx_http_mfa_api_problem(ngx_http_mfa_api_t *a,
    ngx_http_mfa_api_problem_e problem)
{
    ngx_http_mfa_visit_t  *v;

    v = &a->c->visit;
    ngx_http_mfa_visit_end(v, problem_send(v->request, v->portal, problem,
                                           a->member, a->retry_after));
}


void
ngx_http_mfa_api_answer(ngx_http_mfa_api_t *a, ngx_uint_t status,
    ngx_http_mfa_api_build_pt build, size_t room)
{
    const char            *text;
    ngx_http_mfa_visit_t  *v;

    v = &a->c->visit;

    if (ngx_http_mfa_json_begin(v->request, room) != NGX_OK) {
        ngx_http_mfa_api_problem(a, NGX_HTTP_MFA_API_ERROR);
        return;
    }

    text = written(v->request, build(a));
    ngx_http_mfa_json_end();

    if (text == NULL) {
        ngx_http_mfa_api_problem(a, NGX_HTTP_MFA_API_ERROR);
        return;
    }

    ngx_http_mfa_visit_end(v, ngx_http_mfa_output_json(v->request, v->portal,
                                                       status, text));
}


void
ngx_http_mfa_api_empty(ngx_http_mfa_api_t *a)
{
    ngx_http_mfa_visit_t  *v;

    v = &a->c->visit;
    ngx_http_mfa_visit_end(v, ngx_http_mfa_output_empty(v->request,
                                                        NGX_HTTP_NO_CONTENT));
}


ngx_int_t
ngx_http_mfa_api_etag(ngx_http_mfa_api_t *a, int64_t version)
{
    ngx_str_t            value;
    ngx_http_request_t  *r;

    r = a->c->visit.request;
    value.data = ngx_pnalloc(r->pool, NGX_INT64_LEN + 2);

    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = ngx_sprintf(value.data, "\"%L\"", version) - value.data;

    return ngx_http_mfa_output_header(r, "ETag", &value);
}


ngx_http_mfa_api_problem_e
ngx_http_mfa_api_outcome(mfa_outcome_e outcome, mfa_why_e why)
{
    switch (why) {
    case MFA_WHY_RIGHT:
        return NGX_HTTP_MFA_API_FORBIDDEN;
    case MFA_WHY_LAST:
        return NGX_HTTP_MFA_API_LAST;
    case MFA_WHY_DIRECTORY:
        return NGX_HTTP_MFA_API_OWNED;
    case MFA_WHY_NOT_REQUIRED:
        return NGX_HTTP_MFA_API_NO_DEADLINE;
    case MFA_WHY_SHORTER:
        return NGX_HTTP_MFA_API_SHORTER;
    case MFA_WHY_VERSION:
        return NGX_HTTP_MFA_API_VERSION;
    case MFA_WHY_EXISTS:
        return NGX_HTTP_MFA_API_EXISTS;
    case MFA_WHY_BUSY:
        return NGX_HTTP_MFA_API_BUSY;
    case MFA_WHY_NO_MAIL:
        return NGX_HTTP_MFA_API_NO_MAIL;
    case MFA_WHY_NOTHING_DUE:
        return NGX_HTTP_MFA_API_NOTHING_DUE;
    default:
        break;
    }

    switch (outcome) {
    case MFA_OUTCOME_DONE:
        return NGX_HTTP_MFA_API_OK;
    case MFA_OUTCOME_ABSENT:
        return NGX_HTTP_MFA_API_ABSENT;
    case MFA_OUTCOME_REFUSED:
        return NGX_HTTP_MFA_API_INVALID;
    case MFA_OUTCOME_FORBIDDEN:
        return NGX_HTTP_MFA_API_FORBIDDEN;
    case MFA_OUTCOME_CONFLICT:
        return NGX_HTTP_MFA_API_BUSY;
    case MFA_OUTCOME_LIMITED:
        return NGX_HTTP_MFA_API_LIMITED;
    default:
        return NGX_HTTP_MFA_API_UNAVAILABLE;
    }
}
