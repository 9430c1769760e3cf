/*
 * Variables, see variable.h.  They are not cacheable: a use before the gate must
 * not freeze them as empty.  Their bytes live as long as the request.
 */

#include "nginx/variable.h"
#include "nginx/assertion.h"
#include "nginx/input.h"

typedef enum {
    VAR_USER = 0, VAR_EMAIL, VAR_NAME, VAR_ROLE, VAR_PORTAL, VAR_LEVEL,
    VAR_VERDICT, VAR_GRACE_LEFT, VAR_CODE_AGE, VAR_SESSION,
    VAR_ASSERTION
} variable_e;


static mfa_str_t
number(ngx_http_request_t *r, int64_t n)
{
    u_char  *p;

    p = ngx_pnalloc(r->pool, NGX_INT64_LEN);

    if (p == NULL) {
        return (mfa_str_t) { NULL, 0 };
    }

    return (mfa_str_t) { p, (size_t) (ngx_sprintf(p, "%L", n) - p) };
}


static mfa_str_t
of_session(ngx_http_request_t *r, const mfa_who_t *who, variable_e which)
{
    switch (which) {
    case VAR_USER:
        return who->session.login;
    case VAR_PORTAL:
        return who->session.portal;
    case VAR_CODE_AGE:
        return who->session.code_at
               ? number(r, ngx_time() - who->session.code_at)
               : mfa_lit("");
    case VAR_SESSION:
        return ngx_http_mfa_input_reference(who);
    default:
        return mfa_lit("");
    }
}


static mfa_str_t
of_account(ngx_http_request_t *r, const ngx_http_mfa_judged_t *judged,
    variable_e which)
{
    int64_t  left;

    switch (which) {
    case VAR_EMAIL:
        return judged->who.account.email;
    case VAR_NAME:
        return judged->who.account.name;
    case VAR_ROLE:
        return judged->who.account.role;
    case VAR_GRACE_LEFT:
        left = mfa_policy_grace_left(&judged->portal->core,
                                     &judged->who.account, ngx_time());
        return left >= 0 ? number(r, left) : mfa_lit("");
    default:
        return mfa_lit("");
    }
}


static mfa_str_t
value_of(ngx_http_request_t *r, variable_e which)
{
    ngx_http_mfa_judged_t    *judged;
    ngx_http_mfa_loc_conf_t  *lcf;

    if (which == VAR_ASSERTION) {
        return ngx_http_mfa_assertion(r);
    }

    judged = ngx_http_mfa_input_judged(r);

    if (judged == NULL) {
        lcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);

        return which == VAR_VERDICT && lcf->portal == NULL ? mfa_lit("off")
                                                           : mfa_lit("");
    }

    switch (which) {
    case VAR_VERDICT:
        return mfa_str_from(mfa_verdict_name(judged->who.verdict));

    case VAR_LEVEL:
        return mfa_level_name(judged->who.has_session
                              ? judged->who.session.level : MFA_LEVEL_NONE);
    case VAR_USER:
    case VAR_PORTAL:
    case VAR_CODE_AGE:
    case VAR_SESSION:
        return judged->who.has_session ? of_session(r, &judged->who, which)
                                       : mfa_lit("");
    default:
        return judged->who.has_session && judged->who.has_account
               ? of_account(r, judged, which) : mfa_lit("");
    }
}


static ngx_int_t
variable_get(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    mfa_str_t  value;

    value = value_of(r, (variable_e) data);

    /* As in identity headers: a stored line break must not begin a header. */
    if (!mfa_str_printable(value)) {
        value = mfa_lit("");
    }

    v->valid = 1;
    v->no_cacheable = 1;
    v->not_found = 0;
    v->len = value.len;
    v->data = (u_char *) value.data;

    return NGX_OK;
}


static ngx_http_variable_t  variables[] = {
#define VARIABLE(name, which)                                                 \
    { ngx_string(name), NULL, variable_get, which,                            \
      NGX_HTTP_VAR_NOCACHEABLE, 0 }

    VARIABLE("mfa_user", VAR_USER),
    VARIABLE("mfa_email", VAR_EMAIL),
    VARIABLE("mfa_name", VAR_NAME),
    VARIABLE("mfa_role", VAR_ROLE),
    VARIABLE("mfa_portal", VAR_PORTAL),
    VARIABLE("mfa_level", VAR_LEVEL),
    VARIABLE("mfa_verdict", VAR_VERDICT),
    VARIABLE("mfa_grace_left", VAR_GRACE_LEFT),
    VARIABLE("mfa_code_age", VAR_CODE_AGE),
    VARIABLE("mfa_session", VAR_SESSION),
    VARIABLE("mfa_assertion", VAR_ASSERTION),

#undef VARIABLE
    ngx_http_null_variable
};


ngx_int_t
ngx_http_mfa_variables_add(ngx_conf_t *cf)
{
    ngx_http_variable_t  *v, *var;

    for (v = variables; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);

        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}
