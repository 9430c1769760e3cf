/*
 * Assertions inside nginx, see assertion.h.
 *
 * The audience is the first server_name of the server block that answers.  A
 * client chooses the Host of its request, and a default server takes any: an
 * assertion made out to a name of the client's choice could be carried to
 * another application that trusts the same key.
 */

#include "nginx/assertion.h"
#include "nginx/gate.h"

#include <openssl/rand.h>

#include "core/jwt.h"

#define KEY_FILE_MAX  16384


static void
ngx_http_mfa_assertion_key_cleanup(void *data)
{
    mfa_jwt_key_free(data);
}


char *
ngx_http_mfa_assertion_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_main_conf_t  *mcf = conf;

    int                  rc;
    ngx_str_t           *value, file, text;
    const char          *why;
    ngx_pool_cleanup_t  *cln;

    if (mcf->assertion_key) {
        return "is duplicate";
    }

    value = cf->args->elts;
    file = value[1];

    if (ngx_http_mfa_secret_file(cf, &file, KEY_FILE_MAX, &text)
        != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, sizeof(mfa_jwt_key_t));

    if (cln == NULL) {
        mfa_wipe(text.data, text.len);
        return NGX_CONF_ERROR;
    }

    rc = mfa_jwt_key_parse(cln->data, ngx_http_mfa_view(&text), &why);
    mfa_wipe(text.data, text.len);

    if (rc != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "mfa_assertion_key: %s: %V",
                           why, &file);
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_http_mfa_assertion_key_cleanup;
    mcf->assertion_key = cln->data;

    return NGX_CONF_OK;
}


/* "_" and the like, by which servers without a name are written, name nobody. */
static ngx_uint_t
is_name(ngx_str_t *name)
{
    size_t  i;
    u_char  c;

    for (i = 0; i < name->len; i++) {
        c = name->data[i];

        if ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
            || c >= 0x80)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
is_gated(ngx_http_mfa_main_conf_t *mcf, ngx_http_core_srv_conf_t *server)
{
    ngx_uint_t                i;
    ngx_http_mfa_place_t     *place;
    ngx_http_mfa_loc_conf_t  *lcf;

    lcf = server->ctx->loc_conf[ngx_http_mfa_module.ctx_index];

    if (lcf->portal) {
        return 1;
    }

    place = mcf->gates.elts;

    for (i = 0; i < mcf->gates.nelts; i++) {
        if (place[i].server == server) {
            return 1;
        }
    }

    return 0;
}


/* Whether anything in the configuration reads the variable. */
static ngx_uint_t
is_used(ngx_http_core_main_conf_t *cmcf)
{
    ngx_uint_t            i;
    ngx_http_variable_t  *v;

    v = cmcf->variables.elts;

    for (i = 0; i < cmcf->variables.nelts; i++) {
        if (v[i].name.len == sizeof("mfa_assertion") - 1
            && ngx_strncmp(v[i].name.data, "mfa_assertion", v[i].name.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_http_mfa_assertion_check(ngx_conf_t *cf)
{
    ngx_uint_t                   i;
    ngx_http_mfa_main_conf_t    *mcf;
    ngx_http_core_srv_conf_t   **servers;
    ngx_http_core_main_conf_t   *cmcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mfa_module);
    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    if (!is_used(cmcf)) {
        return NGX_OK;
    }

    /* An application that waits for it would turn everybody away. */
    if (mcf->assertion_key == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"mfa_assertion_key\" is missing: the variable "
                      "\"mfa_assertion\" is used");
        return NGX_ERROR;
    }

    servers = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {
        if (is_gated(mcf, servers[i]) && !is_name(&servers[i]->server_name)) {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "a gated server without \"server_name\": "
                          "\"mfa_assertion\" is empty there, it would have no "
                          "audience, in %s:%ui", servers[i]->file_name,
                          servers[i]->line);
        }
    }

    return NGX_OK;
}


/* The gate that has let r into the location it is in; NULL: none has. */
static ngx_http_mfa_gate_t *
gate_of(ngx_http_request_t *r)
{
    ngx_http_mfa_gate_t      *gate;
    ngx_http_mfa_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);

    /* Where pages are, the context is a page's. */
    if (lcf->portal == NULL || lcf->pages) {
        return NULL;
    }

    for (/* void */; r; r = r->parent) {
        if (ngx_http_get_module_loc_conf(r, ngx_http_mfa_module) != lcf) {
            continue;
        }

        gate = ngx_http_get_module_ctx(r, ngx_http_mfa_module);

        if (gate && gate->judged && gate->lcf == lcf) {
            return gate->verdict == MFA_VERDICT_ALLOW && gate->bearer == NULL
                   ? gate : NULL;
        }
    }

    return NULL;
}


static ngx_int_t
make(ngx_http_request_t *r, const mfa_jwt_key_t *key, ngx_http_mfa_gate_t *gate)
{
    u_char                    *p, id[MFA_JWT_ID_BYTES];
    mfa_buf_t                  out;
    const mfa_who_t           *who;
    mfa_jwt_claims_t           claims;
    ngx_http_core_srv_conf_t  *cscf;

    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);
    p = ngx_pnalloc(r->pool, MFA_JWT_MAX);

    if (!is_name(&cscf->server_name) || p == NULL
        || RAND_bytes(id, sizeof(id)) != 1)
    {
        return NGX_ERROR;
    }

    who = gate->who;

    claims.issuer = gate->lcf->portal->core.issuer;
    claims.audience = ngx_http_mfa_view(&cscf->server_name);
    claims.login = who->account.login;
    claims.portal = who->session.portal;
    claims.role = who->account.role;
    claims.level = mfa_level_name(who->session.level);
    claims.now = ngx_time();
    claims.id = id;

    /* As in identity headers: what was written past the module is no role. */
    if (!mfa_str_printable(claims.role)) {
        claims.role = mfa_lit("");
    }

    mfa_buf_init(&out, p, MFA_JWT_MAX);

    if (mfa_jwt_make(&out, key, &claims) != 0) {
        return NGX_ERROR;
    }

    gate->assertion.data = out.data;
    gate->assertion.len = out.len;

    return NGX_OK;
}


mfa_str_t
ngx_http_mfa_assertion(ngx_http_request_t *r)
{
    ngx_http_mfa_gate_t       *gate;
    ngx_http_mfa_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);
    gate = mcf->assertion_key ? gate_of(r) : NULL;

    if (gate == NULL) {
        return mfa_lit("");
    }

    if (gate->assertion.len == 0
        && make(r, mcf->assertion_key, gate) != NGX_OK)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "mfa: no assertion could be made");
        return mfa_lit("");
    }

    return ngx_http_mfa_view(&gate->assertion);
}
