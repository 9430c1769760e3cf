/*
 * Other resources ask, see verify.h; the flow decides (core/flow_verify.c).
 *
 *   { "login": text, "password"?: text, "code"?: text, "address"?: text }
 *
 * Anything else is 400.  What jansson allocates comes out of one piece of the
 * request's pool, which is wiped with it: no copy of a password is left in
 * memory that was freed, and no input makes it take more.
 */

#include "nginx/verify.h"
#include "nginx/body.h"
#include "nginx/json.h"
#include "nginx/listen.h"
#include "nginx/output.h"
#include "nginx/task.h"

#include "core/flow_verify.h"

#define BODY_MAX   8192                     /* bytes; every byte may be \uXXXX */
#define ARENA      65536

typedef enum {
    LOGIN = 0,
    PASSWORD,
    CODE,
    ADDRESS,
    MEMBERS
} member_e;

static const char *const  member_names[MEMBERS] = {
    "login", "password", "code", "address"
};

typedef struct {
    ngx_http_mfa_portal_t  *portal;
    mfa_flow_verify_t       flow;
    mfa_str_t               values[MEMBERS];
    ngx_uint_t              given;          /* bits by member_e */
} verify_t;

static ngx_int_t  ngx_http_mfa_verify_handler(ngx_http_request_t *r);
static void       ngx_http_mfa_verify_body(ngx_http_request_t *r);
static void       ngx_http_mfa_verify_done(ngx_http_request_t *r, void *data);


/* --- configuration --- */

char *
ngx_http_mfa_verify(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_loc_conf_t  *lcf = conf;

    ngx_str_t                 *value;
    ngx_http_mfa_srv_conf_t   *scf;
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_mfa_main_conf_t  *mcf;

    if (lcf->verify) {
        return "is duplicate";
    }

    value = cf->args->elts;
    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mfa_module);
    lcf->verify = ngx_http_mfa_portal_find(mcf, &value[1]);

    if (lcf->verify == NULL) {
        return ngx_http_mfa_portal_unknown(cf, &value[1]);
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler) {
        return "is in a location that already has a handler";
    }

    clcf->handler = ngx_http_mfa_verify_handler;

    /* Its requests are looked at when they come in. */
    scf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_mfa_module);
    scf->used = 1;

    return ngx_http_mfa_place_add(cf, &mcf->verifies, lcf);
}


void
ngx_http_mfa_verify_merge(ngx_http_core_loc_conf_t *clcf,
    ngx_http_mfa_loc_conf_t *prev, ngx_http_mfa_loc_conf_t *conf)
{
    /* "if" and "limit_except" blocks are locations of their own. */
    if (clcf->noname && prev->verify && clcf->handler == NULL) {
        conf->verify = prev->verify;
        clcf->handler = ngx_http_mfa_verify_handler;
    }

    if (conf->verify) {
        ngx_http_mfa_body_conf(clcf, 2 * BODY_MAX);
    }
}


static ngx_uint_t
gated_itself(ngx_http_mfa_main_conf_t *mcf, void *location)
{
    ngx_uint_t                i;
    ngx_http_mfa_place_t     *place;
    ngx_http_mfa_loc_conf_t  *lcf = location;

    place = mcf->gates.elts;

    for (i = 0; lcf->portal && i < mcf->gates.nelts; i++) {
        if (place[i].location == location) {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_http_mfa_verify_check(ngx_conf_t *cf, ngx_http_mfa_main_conf_t *mcf)
{
    ngx_uint_t             i;
    ngx_http_mfa_place_t  *place;

    place = mcf->verifies.elts;

    for (i = 0; i < mcf->verifies.nelts; i++) {
        /* The gate lets it pass: whatever took its place stood open. */
        if (place[i].core->handler != ngx_http_mfa_verify_handler) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "another handler takes the place of \"mfa_verify\" "
                          "in %s:%ui", place[i].file, place[i].line);
            return NGX_ERROR;
        }

        if (gated_itself(mcf, place[i].location)) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "\"mfa_verify\" and \"mfa\" in one location: who "
                          "asks has no session, in %s:%ui",
                          place[i].file, place[i].line);
            return NGX_ERROR;
        }

        if (ngx_http_mfa_listen_kinds(cf, place[i].server)
            & NGX_HTTP_MFA_LISTEN_OPEN)
        {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "mfa: \"mfa_verify\" answers 403 on an address that "
                          "is neither https nor local, in %s:%ui",
                          place[i].file, place[i].line);
        }
    }

    return NGX_OK;
}


/* --- answers --- */

static ngx_int_t
problem(ngx_http_request_t *r, ngx_uint_t status, const char *title)
{
    ngx_http_mfa_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "mfa: verify: %s", title);

    return ngx_http_mfa_output_problem(r, lcf->verify, status, title, NULL);
}


static const struct {
    mfa_outcome_e  outcome;
    ngx_uint_t     status;
    const char    *body;
} answers[] = {
    { MFA_OUTCOME_CODE,    401, "{\"result\":\"code\"}\n" },
    /* What is damaged looks like what is wrong. */
    { MFA_OUTCOME_REFUSED, 403, "{\"result\":\"refused\"}\n" },
    { MFA_OUTCOME_FAULT,   403, "{\"result\":\"refused\"}\n" },
    { MFA_OUTCOME_LIMITED, 429, "{\"result\":\"limited\"}\n" },
};


static ngx_int_t
answer(ngx_http_request_t *r, verify_t *v)
{
    size_t       i;
    mfa_flow_t  *flow;

    flow = &v->flow.flow;

    if (flow->outcome == MFA_OUTCOME_DONE) {
        return ngx_http_mfa_output_json(r, v->portal, NGX_HTTP_OK,
                             v->flow.asked
                             ? "{\"result\":\"ok\",\"asked\":true}\n"
                             : "{\"result\":\"ok\",\"asked\":false}\n");
    }

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "mfa: verify: %s", mfa_outcome_name(flow->outcome));

    if (flow->outcome == MFA_OUTCOME_LIMITED
        && ngx_http_mfa_output_retry(r, flow->retry_after) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (answers[i].outcome == flow->outcome) {
            return ngx_http_mfa_output_json(r, v->portal, answers[i].status,
                                            answers[i].body);
        }
    }

    if (ngx_http_mfa_output_retry(r, 2) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_mfa_output_json(r, v->portal,
                                    NGX_HTTP_SERVICE_UNAVAILABLE,
                                    "{\"result\":\"unavailable\"}\n");
}


static void
ngx_http_mfa_verify_done(ngx_http_request_t *r, void *data)
{
    ngx_http_finalize_request(r, answer(r, data));
}


/* --- questions --- */

/* NULL, or what is wrong with it. */
static const char *
members_read(verify_t *v, json_t *json)
{
    ngx_uint_t   i;
    json_t      *value;
    const char  *name;

    if (!json_is_object(json)) {
        return "The body is no JSON object";
    }

    json_object_foreach(json, name, value) {
        for (i = 0; i < MEMBERS; i++) {
            if (ngx_strcmp(name, member_names[i]) == 0) {
                break;
            }
        }

        if (i == MEMBERS) {
            return "Members are login, password, code and address";
        }

        if (!json_is_string(value)) {
            return "A member is no string";
        }

        v->values[i].data = (const uint8_t *) json_string_value(value);
        v->values[i].len = json_string_length(value);
        v->given |= 1 << i;
    }

    return v->given & (1 << LOGIN) ? NULL : "The login is missing";
}


/* An IPv4 address written as an IPv6 one is the IPv4 address: its counters are
   those of the pages. */
static void
unmap(ngx_addr_t *addr)
{
#if (NGX_HAVE_INET6)
    struct in6_addr      in6;
    struct sockaddr_in  *sin;

    if (addr->sockaddr->sa_family != AF_INET6) {
        return;
    }

    in6 = ((struct sockaddr_in6 *) addr->sockaddr)->sin6_addr;

    if (!IN6_IS_ADDR_V4MAPPED(&in6)) {
        return;
    }

    sin = (struct sockaddr_in *) addr->sockaddr;
    ngx_memzero(sin, sizeof(struct sockaddr_in));
    sin->sin_family = AF_INET;
    ngx_memcpy(&sin->sin_addr, &in6.s6_addr[12], 4);
    addr->socklen = sizeof(struct sockaddr_in);
#endif
}


/* The address of whoever wants to come in, which only the resource knows. */
static ngx_int_t
address_set(ngx_http_request_t *r, verify_t *v)
{
    u_char      *p;
    size_t       len;
    ngx_str_t    text;
    ngx_addr_t   addr;
    mfa_env_t   *env;

    env = &v->flow.flow.env;

    if (ngx_parse_addr(r->pool, &addr, (u_char *) v->values[ADDRESS].data,
                       v->values[ADDRESS].len) != NGX_OK)
    {
        return NGX_ERROR;
    }

    unmap(&addr);

    p = ngx_pnalloc(r->pool, NGX_SOCKADDR_STRLEN);

    if (p == NULL) {
        return NGX_ERROR;
    }

    len = ngx_sock_ntop(addr.sockaddr, addr.socklen, p, NGX_SOCKADDR_STRLEN, 0);
    text.data = p;
    text.len = len;

    env->address = ngx_http_mfa_view(&text);
    env->net = ngx_http_mfa_input_network(r->pool, addr.sockaddr, &text);

    return NGX_OK;
}


static void
verify_begin(ngx_http_request_t *r, verify_t *v)
{
    ngx_int_t  rc;

    v->flow.typed = v->values[LOGIN];
    v->flow.password = v->values[PASSWORD];
    v->flow.has_password = (v->given & (1 << PASSWORD)) != 0;
    v->flow.code = v->values[CODE];
    v->flow.has_code = (v->given & (1 << CODE)) != 0;

    rc = ngx_http_mfa_task_run(r, &v->flow.flow, ngx_http_mfa_verify_done, v);

    if (rc == NGX_OK) {
        ngx_http_mfa_verify_done(r, v);

    } else if (rc == NGX_ERROR) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
    }
}


static void
ngx_http_mfa_verify_body(ngx_http_request_t *r)
{
    verify_t                 *v;
    mfa_str_t                 body;
    ngx_int_t                 rc;
    const char               *wrong;
    ngx_http_mfa_loc_conf_t  *lcf;

    body = (mfa_str_t) { NULL, 0 };
    v = ngx_pcalloc(r->pool, sizeof(verify_t));
    rc = v ? ngx_http_mfa_body_take(r, BODY_MAX, &body) : NGX_ERROR;

    if (rc == NGX_DECLINED) {
        ngx_http_finalize_request(r,
            problem(r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                    "The body is too large"));
        return;
    }

    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);
    v->portal = lcf->verify;

    mfa_flow_verify_init(&v->flow);
    ngx_http_mfa_input_env(r, v->portal, &v->flow.flow.env);

    wrong = members_read(v, ngx_http_mfa_json_read(r, body, ARENA));

    if (wrong == NULL && v->given & (1 << ADDRESS)
        && address_set(r, v) != NGX_OK)
    {
        wrong = "The address is no IP address";
    }

    if (wrong) {
        ngx_http_finalize_request(r, problem(r, NGX_HTTP_BAD_REQUEST, wrong));
        return;
    }

    verify_begin(r, v);
}


static ngx_int_t
ngx_http_mfa_verify_handler(ngx_http_request_t *r)
{
    ngx_int_t  rc;
    ngx_str_t  allow;

    if (r != r->main) {
        return NGX_HTTP_NOT_FOUND;
    }

    if (!ngx_http_mfa_input_private(r)) {
        return problem(r, NGX_HTTP_FORBIDDEN, "Neither https nor local");
    }

    if (r->method != NGX_HTTP_POST) {
        ngx_str_set(&allow, "POST");

        return ngx_http_mfa_output_header(r, "Allow", &allow) == NGX_OK
               ? problem(r, NGX_HTTP_NOT_ALLOWED, "Only POST is allowed")
               : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* A browser says where its request comes from; no resource does. */
    if (ngx_http_mfa_input_header(r, "origin")
        || ngx_http_mfa_input_header(r, "sec-fetch-site"))
    {
        return problem(r, NGX_HTTP_FORBIDDEN, "Not for browsers");
    }

    if (!ngx_http_mfa_body_is_json(r)) {
        return problem(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                       "The body must be application/json");
    }

    if (r->headers_in.content_length_n > BODY_MAX) {
        return problem(r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                       "The body is too large");
    }

    rc = ngx_http_read_client_request_body(r, ngx_http_mfa_verify_body);

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}
