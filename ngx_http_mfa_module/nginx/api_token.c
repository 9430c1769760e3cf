/*
 * Tokens of the API itself.  A token's text is in one answer and nowhere else.
 */

#include "nginx/api.h"

#include "core/flow_token.h"

#define LIFE_SEC    (90 * 86400)            /* unless said otherwise */
#define TOKEN_ROOM  8192


static json_t *
token_build(mfa_str_t hash, const mfa_apitoken_t *token)
{
    json_t  *json;

    json = json_object();

    ngx_http_mfa_api_set(json, "id",
                         ngx_http_mfa_json_text(mfa_session_short(hash)));
    ngx_http_mfa_api_set(json, "name", ngx_http_mfa_json_text(token->name));
    ngx_http_mfa_api_set(json, "role", ngx_http_mfa_json_name(
                                           mfa_role_name(token->role)));
    ngx_http_mfa_api_set(json, "login", ngx_http_mfa_json_text(token->login));
    ngx_http_mfa_api_set(json, "created",
                         ngx_http_mfa_json_time(token->created));
    ngx_http_mfa_api_set(json, "expires",
                         ngx_http_mfa_json_time(token->expires));
    ngx_http_mfa_api_set(json, "used", ngx_http_mfa_json_time(token->used));

    return json;
}


static json_t *
tokens_build(ngx_http_mfa_api_t *a)
{
    size_t             i;
    json_t            *json, *rows;
    mfa_flow_token_t  *flow = a->flow;

    json = json_object();
    rows = json_array();

    for (i = 0; i < flow->n_tokens; i++) {
        if (json_array_append_new(rows, token_build(flow->tokens[i].hash,
                                                    &flow->tokens[i].token))
            != 0)
        {
            return NULL;
        }
    }

    ngx_http_mfa_api_set(json, "tokens", rows);

    return json;
}


static json_t *
made_build(ngx_http_mfa_api_t *a)
{
    int64_t            now;
    json_t            *json;
    mfa_flow_token_t  *flow = a->flow;

    now = flow->flow.env.now;
    json = json_object();

    ngx_http_mfa_api_set(json, "id", ngx_http_mfa_json_text(mfa_session_short(
                             (mfa_str_t) { flow->hash, MFA_HASH_CHARS })));
    ngx_http_mfa_api_set(json, "token", ngx_http_mfa_json_text(
                             (mfa_str_t) { flow->text, MFA_APITOKEN_CHARS }));
    ngx_http_mfa_api_set(json, "name", ngx_http_mfa_json_text(flow->name));
    ngx_http_mfa_api_set(json, "role",
                         ngx_http_mfa_json_name(mfa_role_name(flow->role)));
    ngx_http_mfa_api_set(json, "login",
                         ngx_http_mfa_json_text(flow->by.login));
    ngx_http_mfa_api_set(json, "expires",
                         ngx_http_mfa_json_time(now + flow->life_sec));
    return json;
}


static ngx_http_mfa_api_problem_e
outcome(const mfa_flow_token_t *flow)
{
    /* There is no other token by that name: there are too many of them. */
    return flow->why == MFA_WHY_EXISTS
           ? NGX_HTTP_MFA_API_FULL
           : ngx_http_mfa_api_outcome(flow->flow.outcome, flow->why);
}


static void
done(ngx_http_mfa_api_t *a)
{
    mfa_flow_token_t            *flow = a->flow;
    ngx_http_mfa_api_problem_e   problem;

    problem = outcome(flow);

    if (problem != NGX_HTTP_MFA_API_OK) {
        ngx_http_mfa_api_problem(a, problem);

    } else if (flow->action == MFA_TOKEN_LIST) {
        ngx_http_mfa_api_answer(a, NGX_HTTP_OK, tokens_build, 0);

    } else if (flow->action == MFA_TOKEN_ADD) {
        ngx_http_mfa_api_answer(a, NGX_HTTP_CREATED, made_build, TOKEN_ROOM);

    } else {
        ngx_http_mfa_api_empty(a);
    }
}


static mfa_flow_token_t *
token_make(ngx_http_mfa_api_t *a, mfa_token_e action)
{
    mfa_flow_token_t  *flow;

    flow = ngx_http_mfa_api_alloc(a, sizeof(mfa_flow_token_t));

    if (flow) {
        mfa_flow_token_init(flow);
        flow->action = action;
        flow->by = a->c->by;
        flow->actor = a->c->actor;
        a->flow = flow;
    }

    return flow;
}


void
ngx_http_mfa_api_tokens(ngx_http_mfa_api_t *a)
{
    mfa_flow_token_t  *flow;

    flow = token_make(a, MFA_TOKEN_LIST);

    if (flow) {
        ngx_http_mfa_api_run(a, a->c->visit.portal, &flow->flow, done);
    }
}


void
ngx_http_mfa_api_token_add(ngx_http_mfa_api_t *a)
{
    mfa_flow_token_t  *flow;

    flow = token_make(a, MFA_TOKEN_ADD);

    if (flow == NULL) {
        return;
    }

    flow->name = a->text[NGX_HTTP_MFA_API_NAME];
    flow->role = mfa_role_find(a->text[NGX_HTTP_MFA_API_ROLE]);
    flow->life_sec = ngx_http_mfa_api_has(a, NGX_HTTP_MFA_API_EXPIRES)
                     ? a->number[NGX_HTTP_MFA_API_EXPIRES] : LIFE_SEC;

    ngx_http_mfa_api_run(a, a->c->visit.portal, &flow->flow, done);
}


void
ngx_http_mfa_api_token_end(ngx_http_mfa_api_t *a)
{
    mfa_flow_token_t  *flow;

    flow = token_make(a, MFA_TOKEN_REVOKE);

    if (flow) {
        flow->ref = a->id;
        ngx_http_mfa_api_run(a, a->c->visit.portal, &flow->flow, done);
    }
}
