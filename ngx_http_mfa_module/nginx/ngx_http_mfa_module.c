/*
 * START HERE.
 *
 * One request, in the order of nginx's phases:
 *
 *   POST_READ    input.c     takes our cookies, forged identity headers and the
 *                            tokens of mailed links (mailed.c) out
 *   PRECONTENT   gate.c      who is this, may they pass?   (flow_gate, policy)
 *   content      pages.c     the portal's own pages, where mfa_pages stands
 *                verify.c    other resources ask, where mfa_verify stands
 *                check.c     the verdict for other proxies: mfa_check
 *                console.c   admins see to accounts, where mfa_console stands
 *                status.c    what all workers have counted: mfa_status
 *   filter       backstop.c  no success leaves a gated location unjudged
 *   timer        stream.c    what stays open is judged again
 *
 * Flows (core/flow_*.c) say what to do next; task.c carries it out: the store
 * through link.c, passwords through hash.c.  output.c makes every answer,
 * template.c the pages, variable.c $mfa_*, conf.c all directives below.
 */

#include "nginx/assertion.h"
#include "nginx/backstop.h"
#include "nginx/check.h"
#include "nginx/conf.h"
#include "nginx/console.h"
#include "nginx/gate.h"
#include "nginx/input.h"
#include "nginx/lint.h"
#include "nginx/meter.h"
#include "nginx/status.h"
#include "nginx/variable.h"
#include "nginx/verify.h"


static ngx_command_t  ngx_http_mfa_commands[] = {

    { ngx_string("mfa_redis"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_mfa_redis,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa_keys"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_mfa_keys,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa_assertion_key"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_mfa_assertion_key,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa_cache"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_mfa_cache,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa_threads"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE12,
      ngx_http_mfa_threads,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa_templates"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_mfa_main_conf_t, templates),
      NULL },

    { ngx_string("mfa_portal"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE1,
      ngx_http_mfa_portal,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_HTTP_LIF_CONF
                        |NGX_HTTP_LMT_CONF|NGX_CONF_TAKE123,
      ngx_http_mfa_gate,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa_report"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mfa_loc_conf_t, report),
      NULL },

    { ngx_string("mfa_pages"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_mfa_pages,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa_verify"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_mfa_verify,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa_check"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_mfa_check,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa_console"),
      NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_mfa_console,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_mfa_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa_identity_headers"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_mfa_identity_headers,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_int_t
handler_add(ngx_http_core_main_conf_t *cmcf, ngx_uint_t phase,
    ngx_http_handler_pt handler)
{
    ngx_http_handler_pt  *h;

    h = ngx_array_push(&cmcf->phases[phase].handlers);

    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = handler;

    return NGX_OK;
}


/* Before all others of its phase. */
static ngx_int_t
handler_put(ngx_http_core_main_conf_t *cmcf, ngx_uint_t phase,
    ngx_http_handler_pt handler)
{
    ngx_http_handler_pt  *h;

    if (handler_add(cmcf, phase, handler) != NGX_OK) {
        return NGX_ERROR;
    }

    h = cmcf->phases[phase].handlers.elts;
    ngx_memmove(h + 1, h, (cmcf->phases[phase].handlers.nelts - 1)
                          * sizeof(ngx_http_handler_pt));
    h[0] = handler;

    return NGX_OK;
}


static ngx_int_t
ngx_http_mfa_init(ngx_conf_t *cf)
{
    ngx_http_mfa_main_conf_t   *mcf;
    ngx_http_core_main_conf_t  *cmcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mfa_module);

    if (ngx_http_mfa_status_check(cf, mcf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (mcf->portals.nelts == 0) {
        return NGX_OK;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    if (ngx_http_mfa_check_conf(cf) != NGX_OK
        || ngx_http_mfa_check_places(cf) != NGX_OK
        || ngx_http_mfa_console_check(cf) != NGX_OK
        || ngx_http_mfa_assertion_check(cf) != NGX_OK
        || ngx_http_mfa_meter_init(cf, mcf) != NGX_OK
        || handler_add(cmcf, NGX_HTTP_POST_READ_PHASE,
                       ngx_http_mfa_input_handler) != NGX_OK
        || handler_add(cmcf, NGX_HTTP_PRECONTENT_PHASE,
                       ngx_http_mfa_gate_handler) != NGX_OK
        || handler_put(cmcf, NGX_HTTP_LOG_PHASE,
                       ngx_http_mfa_mailed_handler) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_mfa_lint(cf);

    return ngx_http_mfa_backstop_init(cf);
}


static ngx_int_t
ngx_http_mfa_init_process(ngx_cycle_t *cycle)
{
    ngx_http_mfa_main_conf_t  *mcf;

    if (ngx_get_conf(cycle->conf_ctx, ngx_http_module)) {
        mcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_mfa_module);
        ngx_http_mfa_meter_enter(mcf);
    }

    return NGX_OK;
}


static void
ngx_http_mfa_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_mfa_main_conf_t  *mcf;

    if (ngx_get_conf(cycle->conf_ctx, ngx_http_module) == NULL) {
        return;
    }

    mcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_mfa_module);

    if (mcf && mcf->links) {
        ngx_http_mfa_links_destroy(mcf->links);
        mcf->links = NULL;
    }

    ngx_http_mfa_meter_leave();
}


static ngx_http_module_t  ngx_http_mfa_module_ctx = {
    ngx_http_mfa_variables_add,            /* preconfiguration */
    ngx_http_mfa_init,                     /* postconfiguration */

    ngx_http_mfa_create_main_conf,         /* create main configuration */
    ngx_http_mfa_init_main_conf,           /* init main configuration */

    ngx_http_mfa_create_srv_conf,          /* create server configuration */
    ngx_http_mfa_merge_srv_conf,           /* merge server configuration */

    ngx_http_mfa_create_loc_conf,          /* create location configuration */
    ngx_http_mfa_merge_loc_conf            /* merge location configuration */
};


ngx_module_t  ngx_http_mfa_module = {
    NGX_MODULE_V1,
    &ngx_http_mfa_module_ctx,              /* module context */
    ngx_http_mfa_commands,                 /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_mfa_init_process,             /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_mfa_exit_process,             /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};
