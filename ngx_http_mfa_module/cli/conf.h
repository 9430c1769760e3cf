/*
 * The configuration: the http-level mfa_ directives of a file in nginx's
 * syntax, be it the file nginx includes or a whole nginx.conf.
 */

#ifndef MFACTL_CONF_H
#define MFACTL_CONF_H

#include "cli/syntax.h"
#include "core/endpoint.h"
#include "core/portal.h"

#define MFACTL_CONF_FILE         "/etc/nginx/mfa/mfa.conf"
#define MFACTL_CONF_PORTALS_MAX  64

typedef struct {
    const char      *file;
    mfa_endpoint_t   endpoint;
    const char      *keys;                  /* path of mfa_keys, or NULL */
    mfa_portal_t     portals[MFACTL_CONF_PORTALS_MAX];
    size_t           n_portals;
    const char      *templates;             /* the folder for all portals */
    const char      *templates_of[MFACTL_CONF_PORTALS_MAX];

    int              has_redis;
    mfactl_arena_t   arena;
} mfactl_conf_t;

/*
 * Reads a file and what it includes; paths in it are relative to its folder.
 * Portals and endpoint stay valid until mfactl_conf_free.  0, or -1 with
 * "FILE:LINE: what" appended to why.
 */
int mfactl_conf_read(mfactl_conf_t *conf, const char *file, mfa_buf_t *why);
void mfactl_conf_free(mfactl_conf_t *conf);

/* The portal called name, or NULL. */
const mfa_portal_t *mfactl_conf_portal(const mfactl_conf_t *conf,
    const char *name);

#endif /* MFACTL_CONF_H */
