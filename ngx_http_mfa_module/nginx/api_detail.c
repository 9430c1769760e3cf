/*
 * One account of the API: how it stands, its sessions, its trusted browsers.
 */

#include "nginx/api.h"

#include "core/flow_detail.h"


static json_t *
deadline_build(const mfa_account_t *account)
{
    /* 0 is "at once": there is no time to name. */
    return ngx_http_mfa_json_time(account->deadline);
}


json_t *
ngx_http_mfa_api_account_build(const mfa_portal_t *portal,
    const mfa_account_t *account, const mfa_standing_t *standing)
{
    json_t  *json;

    json = json_object();

    ngx_http_mfa_api_set(json, "portal", ngx_http_mfa_json_text(portal->name));
    ngx_http_mfa_api_set(json, "login", ngx_http_mfa_json_text(account->login));
    ngx_http_mfa_api_set(json, "email", ngx_http_mfa_json_text(account->email));
    ngx_http_mfa_api_set(json, "name", ngx_http_mfa_json_text(account->name));
    ngx_http_mfa_api_set(json, "role", ngx_http_mfa_json_text(account->role));
    ngx_http_mfa_api_set(json, "directory",
                         ngx_http_mfa_json_text(account->directory));
    ngx_http_mfa_api_set(json, "created",
                         ngx_http_mfa_json_time(account->created));
    ngx_http_mfa_api_set(json, "version", json_integer(account->version));
    ngx_http_mfa_api_set(json, "disabled", json_boolean(account->disabled));
    ngx_http_mfa_api_set(json, "required", json_boolean(standing->required));
    ngx_http_mfa_api_set(json, "key", ngx_http_mfa_json_name(
                                          mfa_key_name(standing->key)));
    ngx_http_mfa_api_set(json, "enrolled",
                         ngx_http_mfa_json_time(account->enrolled));
    ngx_http_mfa_api_set(json, "deadline", deadline_build(account));
    ngx_http_mfa_api_set(json, "days_left", standing->days_left < 0
                                            ? json_null()
                                            : json_integer(
                                                  standing->days_left));
    ngx_http_mfa_api_set(json, "locked", json_boolean(standing->locked));

    return json;
}


static json_t *
account_build(ngx_http_mfa_api_t *a)
{
    json_t             *json;
    mfa_flow_detail_t  *detail = a->flow;

    json = ngx_http_mfa_api_account_build(detail->flow.env.portal,
                                          &detail->account, &detail->standing);

    ngx_http_mfa_api_set(json, "password",
                         json_boolean(detail->account.password.len));
    ngx_http_mfa_api_set(json, "sessions",
                         json_integer((json_int_t) detail->n_sessions));
    ngx_http_mfa_api_set(json, "more_sessions",
                         json_boolean(detail->more_sessions));
    ngx_http_mfa_api_set(json, "devices",
                         json_integer((json_int_t) detail->n_devices));
    ngx_http_mfa_api_set(json, "recovery_codes",
                         json_integer((json_int_t) detail->n_recovery));
    return json;
}


static json_t *
agent_build(const mfa_agent_t *agent)
{
    u_char     text[MFA_AGENT_SHORT_MAX];
    mfa_buf_t  out;

    mfa_buf_init(&out, text, sizeof(text));
    mfa_agent_write(&out, agent);

    return ngx_http_mfa_json_text(mfa_buf_since(&out, 0));
}


static json_t *
session_build(const mfa_listed_session_t *row)
{
    u_char                text[MFA_ADDRESS_MAX];
    json_t               *json;
    mfa_buf_t             out;
    const mfa_session_t  *session;

    session = &row->session;
    json = json_object();
    mfa_buf_init(&out, text, sizeof(text));
    mfa_address_write(&out, &session->address);

    ngx_http_mfa_api_set(json, "id",
                         ngx_http_mfa_json_text(mfa_session_short(row->hash)));
    ngx_http_mfa_api_set(json, "level", ngx_http_mfa_json_text(
                                            mfa_level_name(session->level)));
    ngx_http_mfa_api_set(json, "created",
                         ngx_http_mfa_json_time(session->created));
    ngx_http_mfa_api_set(json, "expires",
                         ngx_http_mfa_json_time(session->expires));
    ngx_http_mfa_api_set(json, "seen", ngx_http_mfa_json_time(session->seen));
    ngx_http_mfa_api_set(json, "address",
                         ngx_http_mfa_json_text(mfa_buf_since(&out, 0)));
    ngx_http_mfa_api_set(json, "agent", agent_build(&session->agent));

    return json;
}


static json_t *
sessions_build(ngx_http_mfa_api_t *a)
{
    size_t              i;
    json_t             *page, *rows;
    mfa_flow_detail_t  *detail = a->flow;

    page = json_object();
    rows = json_array();

    for (i = 0; i < detail->n_sessions; i++) {
        if (json_array_append_new(rows, session_build(&detail->sessions[i]))
            != 0)
        {
            return NULL;
        }
    }

    ngx_http_mfa_api_set(page, "sessions", rows);
    ngx_http_mfa_api_set(page, "more", json_boolean(detail->more_sessions));

    return page;
}


static json_t *
device_build(const mfa_listed_device_t *row)
{
    json_t              *json;
    mfa_agent_t          agent;
    const mfa_device_t  *device;

    device = &row->device;
    agent = mfa_agent_of(device->agent);
    json = json_object();

    ngx_http_mfa_api_set(json, "id",
                         ngx_http_mfa_json_text(mfa_session_short(row->hash)));
    ngx_http_mfa_api_set(json, "created",
                         ngx_http_mfa_json_time(device->created));
    ngx_http_mfa_api_set(json, "expires",
                         ngx_http_mfa_json_time(device->expires));
    ngx_http_mfa_api_set(json, "seen", ngx_http_mfa_json_time(device->seen));
    ngx_http_mfa_api_set(json, "agent", agent_build(&agent));

    return json;
}


static json_t *
devices_build(ngx_http_mfa_api_t *a)
{
    size_t              i;
    json_t             *page, *rows;
    mfa_flow_detail_t  *detail = a->flow;

    page = json_object();
    rows = json_array();

    for (i = 0; i < detail->n_devices; i++) {
        if (json_array_append_new(rows, device_build(&detail->devices[i]))
            != 0)
        {
            return NULL;
        }
    }

    ngx_http_mfa_api_set(page, "devices", rows);

    return page;
}


static void
detailed(ngx_http_mfa_api_t *a, ngx_http_mfa_api_build_pt build)
{
    mfa_flow_detail_t           *detail = a->flow;
    ngx_http_mfa_api_problem_e   problem;

    problem = ngx_http_mfa_api_outcome(detail->flow.outcome, MFA_WHY_NONE);

    /* With its own role it may be somebody else's business. */
    if (problem == NGX_HTTP_MFA_API_OK
        && !ngx_http_mfa_console_may(a->c, MFA_RIGHT_LOOK, a->c->portal,
                                     detail->account.role))
    {
        problem = NGX_HTTP_MFA_API_FORBIDDEN;
    }

    if (problem != NGX_HTTP_MFA_API_OK) {
        ngx_http_mfa_api_problem(a, problem);

    } else if (ngx_http_mfa_api_etag(a, detail->account.version) != NGX_OK) {
        ngx_http_mfa_api_problem(a, NGX_HTTP_MFA_API_ERROR);

    } else {
        ngx_http_mfa_api_answer(a, NGX_HTTP_OK, build, 0);
    }
}


static void
account_done(ngx_http_mfa_api_t *a)
{
    detailed(a, account_build);
}


static void
sessions_done(ngx_http_mfa_api_t *a)
{
    detailed(a, sessions_build);
}


static void
devices_done(ngx_http_mfa_api_t *a)
{
    detailed(a, devices_build);
}


static void
detail_run(ngx_http_mfa_api_t *a, ngx_http_mfa_api_pt done)
{
    mfa_flow_detail_t  *detail;

    detail = ngx_http_mfa_api_alloc(a, sizeof(mfa_flow_detail_t));

    if (detail == NULL) {
        return;
    }

    mfa_flow_detail_init(detail);
    detail->login = a->c->login;

    a->flow = detail;
    ngx_http_mfa_api_run(a, a->c->portal, &detail->flow, done);
}


void
ngx_http_mfa_api_account(ngx_http_mfa_api_t *a)
{
    detail_run(a, account_done);
}


void
ngx_http_mfa_api_sessions(ngx_http_mfa_api_t *a)
{
    detail_run(a, sessions_done);
}


void
ngx_http_mfa_api_devices(ngx_http_mfa_api_t *a)
{
    detail_run(a, devices_done);
}
