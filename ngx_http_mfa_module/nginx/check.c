/*
 * mfa_check, see check.h.
 *
 * The other proxy says in X-Forwarded-Uri or X-Original-URI what it was asked
 * for.  That is where the user comes back to after a login and nothing else:
 * whoever can reach this location can write what he likes there, so no verdict
 * depends on it (security 65).
 */

#include "nginx/check.h"
#include "nginx/gate.h"
#include "nginx/output.h"

#include "core/return_url.h"

static ngx_int_t ngx_http_mfa_check_handler(ngx_http_request_t *r);


char *
ngx_http_mfa_check(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_loc_conf_t  *lcf = conf;

    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_mfa_main_conf_t  *mcf;

    if (lcf->check) {
        return "is duplicate";
    }

    lcf->check = 1;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler) {
        return "is in a location that already has a handler";
    }

    clcf->handler = ngx_http_mfa_check_handler;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mfa_module);

    return ngx_http_mfa_place_add(cf, &mcf->checks, lcf);
}


char *
ngx_http_mfa_check_merge(ngx_conf_t *cf, ngx_http_mfa_loc_conf_t *prev,
    ngx_http_mfa_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    /* Like the pages: "if" and "limit_except" blocks are locations that do not
       inherit a content handler. */
    if (clcf->noname && prev->check && clcf->handler == NULL) {
        conf->check = 1;
        clcf->handler = ngx_http_mfa_check_handler;

        if (conf->portal == NULL) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"mfa off\" inside a location with "
                               "\"mfa_check\"");
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_mfa_check_places(ngx_conf_t *cf)
{
    ngx_uint_t                 i;
    ngx_http_mfa_place_t      *place;
    ngx_http_mfa_loc_conf_t   *lcf;
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mfa_module);
    place = mcf->checks.elts;

    for (i = 0; i < mcf->checks.nelts; i++) {
        lcf = place[i].location;

        /* It would have nobody to ask. */
        if (lcf->portal == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "\"mfa_check\" in a place without a gate in %s:%ui",
                          place[i].file, place[i].line);
            return NGX_ERROR;
        }

        /* Whatever that handler said to the other proxy would be the verdict. */
        if (place[i].core->handler != ngx_http_mfa_check_handler) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "another handler takes the place of \"mfa_check\" "
                          "in %s:%ui", place[i].file, place[i].line);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_mfa_check_lead(ngx_http_request_t *r, ngx_http_mfa_portal_t *portal,
    const char *page)
{
    ngx_str_t  *uri, location;
    mfa_str_t   next;

    uri = ngx_http_mfa_input_header(r, "x-forwarded-uri");

    if (uri == NULL) {
        uri = ngx_http_mfa_input_header(r, "x-original-uri");
    }

    next = uri ? ngx_http_mfa_view(uri) : mfa_lit("");

    if (ngx_http_mfa_output_page_url(r, portal, page, next, &location)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_mfa_output_header(r, "Mfa-Location", &location);
}


static ngx_int_t
identity(ngx_http_request_t *r, ngx_http_mfa_gate_t *gate)
{
    ngx_str_t                value;
    ngx_uint_t               i;
    mfa_str_t                values[NGX_HTTP_MFA_IDENTITY_N];
    ngx_http_mfa_headers_t  *headers;

    headers = gate->lcf->headers;

    if (headers == NULL || gate->verdict != MFA_VERDICT_ALLOW) {
        return NGX_OK;
    }

    ngx_http_mfa_identity_values(gate->who, values);

    for (i = 0; i < NGX_HTTP_MFA_IDENTITY_N; i++) {
        if (values[i].len == 0) {
            continue;
        }

        value.data = (u_char *) values[i].data;
        value.len = values[i].len;

        if (ngx_http_mfa_output_header(r, (char *) headers->names[i].data,
                                       &value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* Only what the gate has let through comes here; the backstop looks again. */
static ngx_int_t
ngx_http_mfa_check_handler(ngx_http_request_t *r)
{
    ngx_http_mfa_gate_t      *gate;
    ngx_http_mfa_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);
    gate = ngx_http_get_module_ctx(r, ngx_http_mfa_module);

    if (gate == NULL || gate->lcf != lcf || !gate->judged || gate->answered) {
        return NGX_HTTP_FORBIDDEN;
    }

    if (identity(r, gate) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_mfa_output_empty(r, NGX_HTTP_NO_CONTENT);
}
