/*
 * The security page: how the factor stands, what replaces it, recovery codes, and
 * the account's sessions and trusted browsers, each of which its owner can end.
 */

#include "nginx/pages.h"

#include "core/agent.h"
#include "core/flow_security.h"

#define FEW  3                              /* recovery codes */


static ngx_int_t
model_sessions(ngx_http_mfa_visit_t *v, const mfa_flow_security_t *security)
{
    size_t                       i;
    mfa_value_t                 *row;
    const mfa_listed_session_t  *listed;

    row = ngx_http_mfa_rows(v, &v->model[MFA_VAR_SESSIONS],
                            security->n_sessions);

    if (row == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < security->n_sessions; i++, row += MFA_VAR_N) {
        listed = &security->sessions[i];

        ngx_http_mfa_cell_text(row, MFA_VAR_REF,
                               mfa_session_short(listed->hash));
        ngx_http_mfa_cell_agent(v, row, &listed->session.agent);
        ngx_http_mfa_cell_text(row, MFA_VAR_ADDRESS,
                               ngx_http_mfa_visit_address(v, &listed->session));
        ngx_http_mfa_cell_moment(v, row, MFA_VAR_BEGUN,
                                 listed->session.created);
        ngx_http_mfa_cell_moment(v, row, MFA_VAR_SEEN,
                                 listed->session.seen);

        ngx_http_mfa_cell_flag(row, MFA_VAR_THIS,
                               mfa_str_eq(listed->hash, v->who->hash));

        if (!row[MFA_VAR_THIS].number) {
            ngx_http_mfa_set_flag(v, MFA_VAR_OTHERS, 1);
        }
    }

    return NGX_OK;
}


static ngx_int_t
model_devices(ngx_http_mfa_visit_t *v, const mfa_flow_security_t *security)
{
    size_t                      i;
    mfa_str_t                   own;
    mfa_agent_t                 agent;
    mfa_value_t                *row;
    const mfa_session_token_t  *token;
    const mfa_listed_device_t  *listed;

    row = ngx_http_mfa_rows(v, &v->model[MFA_VAR_DEVICES], security->n_devices);

    if (row == NULL) {
        return NGX_ERROR;
    }

    ngx_http_mfa_set_flag(v, MFA_VAR_HAS_DEVICES, security->n_devices != 0);
    token = ngx_http_mfa_visit_device(v);
    own = token ? (mfa_str_t) { token->hash, MFA_HASH_CHARS } : mfa_lit("");

    for (i = 0; i < security->n_devices; i++, row += MFA_VAR_N) {
        listed = &security->devices[i];
        agent = mfa_agent_of(listed->device.agent);

        ngx_http_mfa_cell_text(row, MFA_VAR_REF,
                               mfa_session_short(listed->hash));
        ngx_http_mfa_cell_agent(v, row, &agent);
        ngx_http_mfa_cell_moment(v, row, MFA_VAR_BEGUN,
                                 listed->device.created);
        ngx_http_mfa_cell_moment(v, row, MFA_VAR_SEEN,
                                 listed->device.seen);
        ngx_http_mfa_cell_date(v, row, MFA_VAR_UNTIL, listed->device.expires);

        ngx_http_mfa_cell_flag(row, MFA_VAR_THIS,
                               mfa_str_eq(listed->hash, own));
    }

    return NGX_OK;
}


static mfa_flow_security_t *
flow_make(ngx_http_mfa_visit_t *v, mfa_security_e action, mfa_str_t ref)
{
    mfa_flow_security_t  *security;

    security = ngx_palloc(v->request->pool, sizeof(mfa_flow_security_t));

    if (security) {
        mfa_flow_security_init(security);
        security->who = *v->who;
        security->action = action;
        security->ref = ref;
        v->flow = security;
    }

    return security;
}


static void
listed(ngx_http_request_t *r, void *data)
{
    mfa_flow_security_t   *security;
    ngx_http_mfa_visit_t  *v = data;

    security = v->flow;

    if (security->flow.outcome != MFA_OUTCOME_DONE) {
        ngx_http_mfa_visit_outcome(v, &security->flow, MFA_PAGE_ERROR,
                                   MFA_ERR_UNAVAILABLE);
        return;
    }

    if (model_sessions(v, security) != NGX_OK
        || model_devices(v, security) != NGX_OK)
    {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_mfa_set_number(v, MFA_VAR_RECOVERY_LEFT, security->n_recovery);
    ngx_http_mfa_set_flag(v, MFA_VAR_RECOVERY_FEW, security->n_recovery < FEW);
    ngx_http_mfa_set_flag(v, MFA_VAR_DONE,
                          mfa_form_value(&v->query, "done").len != 0);
    ngx_http_mfa_set_flag(v, MFA_VAR_GONE,
                          mfa_form_value(&v->query, "gone").len != 0);
    ngx_http_mfa_visit_page(v, NGX_HTTP_OK, MFA_PAGE_SECURITY, MFA_ERR_NONE);
}


void
ngx_http_mfa_security_get(ngx_http_mfa_visit_t *v)
{
    if (v->who->verdict != MFA_VERDICT_ALLOW
        && v->who->verdict != MFA_VERDICT_ENROL)
    {
        v->next = (mfa_str_t) { NULL, 0 };
        ngx_http_mfa_visit_onward(v, v->who->verdict);
        return;
    }

    if (flow_make(v, MFA_SECURITY_LIST, mfa_lit("")) == NULL) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_mfa_visit_run(v, listed);
}


static void
ended(ngx_http_request_t *r, void *data)
{
    mfa_flow_security_t   *security;
    ngx_http_mfa_visit_t  *v = data;

    security = v->flow;

    /* What could not be ended is not reported as ended. */
    if (security->flow.outcome != MFA_OUTCOME_DONE) {
        ngx_http_mfa_visit_outcome(v, &security->flow, MFA_PAGE_ERROR,
                                   MFA_ERR_UNAVAILABLE);
        return;
    }

    v->next = (mfa_str_t) { NULL, 0 };

    /* What was ended elsewhere meanwhile is not claimed to be done here. */
    ngx_http_mfa_visit_to_page(v, security->n_ended ? "security?done=1"
                                                    : "security?gone=1");
}


void
ngx_http_mfa_security_post(ngx_http_mfa_visit_t *v)
{
    size_t     i;
    mfa_str_t  action;

    static const struct {
        const char      *word;
        mfa_security_e   action;
    } actions[] = {
        { "end-session", MFA_SECURITY_END_SESSION },
        { "end-others", MFA_SECURITY_END_OTHERS },
        { "end-device", MFA_SECURITY_END_DEVICE },
        { "end-devices", MFA_SECURITY_END_DEVICES }
    };

    action = mfa_form_value(&v->form, "action");

    if (mfa_str_is(action, "replace")) {
        ngx_http_mfa_enrol_replace(v);
        return;
    }

    if (mfa_str_is(action, "recovery")) {
        ngx_http_mfa_recovery_renew(v);
        return;
    }

    for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (!mfa_str_is(action, actions[i].word)) {
            continue;
        }

        if (flow_make(v, actions[i].action, mfa_form_value(&v->form, "ref"))
            == NULL)
        {
            ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
            return;
        }

        ngx_http_mfa_visit_run(v, ended);
        return;
    }

    ngx_http_mfa_visit_page(v, NGX_HTTP_BAD_REQUEST, MFA_PAGE_ERROR,
                            MFA_ERR_FORM);
}
