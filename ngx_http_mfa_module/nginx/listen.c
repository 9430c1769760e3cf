/*
 * Addresses of servers, see listen.h.
 */

#include "nginx/listen.h"
#include "nginx/input.h"


static ngx_uint_t
serves(ngx_http_conf_addr_t *addr, void *server)
{
    ngx_uint_t                   i;
    ngx_http_core_srv_conf_t   **servers;

    servers = addr->servers.elts;

    for (i = 0; i < addr->servers.nelts; i++) {
        if (servers[i] == server) {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
kind_of(ngx_http_conf_addr_t *addr)
{
#if (NGX_HTTP_SSL)
    if (addr->opt.ssl) {
        return NGX_HTTP_MFA_LISTEN_TLS;
    }
#endif

#if (NGX_HTTP_V3)
    if (addr->opt.quic) {
        return NGX_HTTP_MFA_LISTEN_TLS;
    }
#endif

    return ngx_http_mfa_input_loopback(addr->opt.sockaddr)
           ? NGX_HTTP_MFA_LISTEN_LOCAL : NGX_HTTP_MFA_LISTEN_OPEN;
}


ngx_uint_t
ngx_http_mfa_listen_kinds(ngx_conf_t *cf, void *server)
{
    ngx_uint_t                  i, j, kinds;
    ngx_http_conf_port_t       *port;
    ngx_http_conf_addr_t       *addr;
    ngx_http_core_main_conf_t  *cmcf;

    kinds = 0;
    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    if (cmcf->ports == NULL) {
        return kinds;
    }

    port = cmcf->ports->elts;

    for (i = 0; i < cmcf->ports->nelts; i++) {
        addr = port[i].addrs.elts;

        for (j = 0; j < port[i].addrs.nelts; j++) {
            if (serves(&addr[j], server)) {
                kinds |= kind_of(&addr[j]);
            }
        }
    }

    return kinds;
}
