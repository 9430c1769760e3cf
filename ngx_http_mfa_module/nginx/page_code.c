/*
 * The pages that ask for one-time codes: for one to go on, for two to validate
 * the key.
 */

#include "nginx/pages.h"

#include "core/flow_validate.h"


/* The same page, as it is for a recovery code. */
void
ngx_http_mfa_code_recovery_get(ngx_http_mfa_visit_t *v)
{
    ngx_http_mfa_set_flag(v, MFA_VAR_RECOVERY, 1);
    ngx_http_mfa_code_get(v);
}


void
ngx_http_mfa_code_get(ngx_http_mfa_visit_t *v)
{
    /* Also a step-up: a session that has had a code may give a fresh one. */
    if (v->who->has_session && v->who->has_account && v->who->account.enrolled
        && (v->who->verdict == MFA_VERDICT_CODE
            || v->who->verdict == MFA_VERDICT_ALLOW))
    {
        ngx_http_mfa_visit_page(v, NGX_HTTP_OK, MFA_PAGE_CODE, MFA_ERR_NONE);
        return;
    }

    ngx_http_mfa_visit_onward(v, v->who->verdict);
}


static void
code_done(ngx_http_request_t *r, void *data)
{
    mfa_flow_code_t       *code;
    ngx_http_mfa_visit_t  *v = data;

    code = v->flow;

    if (code->flow.outcome != MFA_OUTCOME_DONE) {
        ngx_http_mfa_set_flag(v, MFA_VAR_RECOVERY,
                              mfa_form_value(&v->form, "recovery").len != 0);
        ngx_http_mfa_visit_outcome(v, &code->flow, MFA_PAGE_CODE, MFA_ERR_CODE);
        return;
    }

    if (ngx_http_mfa_visit_opened(v, &code->opening) != NGX_OK) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_mfa_visit_onward(v, MFA_VERDICT_ALLOW);
}


void
ngx_http_mfa_code_post(ngx_http_mfa_visit_t *v)
{
    mfa_flow_code_t            *code;
    const mfa_session_token_t  *device;

    code = ngx_palloc(v->request->pool, sizeof(mfa_flow_code_t));

    if (code == NULL) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    mfa_flow_code_init(code);
    code->who = *v->who;
    code->code = mfa_form_value(&v->form, "code");
    code->remember = mfa_form_value(&v->form, "remember").len != 0;
    device = ngx_http_mfa_visit_device(v);

    if (device) {
        code->device_hash = (mfa_str_t) { device->hash, MFA_HASH_CHARS };
    }

    v->flow = code;
    ngx_http_mfa_visit_run(v, code_done);
}


/* Whoever is not through with the second step yet is led there first. */
static ngx_uint_t
validate_open(ngx_http_mfa_visit_t *v)
{
    return v->who->has_session && v->who->verdict == MFA_VERDICT_ALLOW
           && v->who->has_account && v->who->account.enrolled;
}


void
ngx_http_mfa_validate_get(ngx_http_mfa_visit_t *v)
{
    if (validate_open(v)) {
        ngx_http_mfa_visit_page(v, NGX_HTTP_OK, MFA_PAGE_VALIDATE,
                                MFA_ERR_NONE);
        return;
    }

    /* Without a factor there is nothing to validate: it is set up first. */
    ngx_http_mfa_visit_onward(v, v->who->verdict == MFA_VERDICT_ALLOW
                                 ? MFA_VERDICT_ENROL : v->who->verdict);
}


static void
validate_done(ngx_http_request_t *r, void *data)
{
    mfa_flow_validate_t   *validate;
    ngx_http_mfa_visit_t  *v = data;

    validate = v->flow;

    if (validate->code.flow.outcome != MFA_OUTCOME_DONE) {
        ngx_http_mfa_visit_outcome(v, &validate->code.flow, MFA_PAGE_VALIDATE,
                                   MFA_ERR_CODES);
        return;
    }

    v->next = (mfa_str_t) { NULL, 0 };
    ngx_http_mfa_visit_to_page(v, "security?done=1");
}


void
ngx_http_mfa_validate_post(ngx_http_mfa_visit_t *v)
{
    mfa_flow_validate_t  *validate;

    validate = ngx_palloc(v->request->pool, sizeof(mfa_flow_validate_t));

    if (validate == NULL) {
        ngx_http_mfa_visit_end(v, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    mfa_flow_validate_init(validate, v->who, mfa_form_value(&v->form, "code1"),
                           mfa_form_value(&v->form, "code2"));

    v->flow = validate;
    ngx_http_mfa_visit_run(v, validate_done);
}
