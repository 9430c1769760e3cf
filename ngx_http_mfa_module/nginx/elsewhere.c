/*
 * Where else a path may lead, see elsewhere.h.  The locations of a server are
 * kept as they are written: nginx's own tree is its own.
 */

#include "nginx/elsewhere.h"

#include "core/raw_path.h"

struct ngx_http_mfa_spot_s {
    ngx_http_core_loc_conf_t  *core;
    ngx_http_mfa_loc_conf_t   *lcf;
};


static ngx_uint_t
same_gate(const ngx_http_mfa_loc_conf_t *a, const ngx_http_mfa_loc_conf_t *b)
{
    return a->portal == b->portal && a->rule == b->rule && a->fresh == b->fresh
           && a->report == b->report;
}


/* --- configuration --- */

ngx_int_t
ngx_http_mfa_elsewhere_add(ngx_conf_t *cf, ngx_http_mfa_loc_conf_t *lcf)
{
    ngx_http_mfa_spot_t       *spot;
    ngx_http_mfa_srv_conf_t   *scf;
    ngx_http_core_loc_conf_t  *clcf;

    scf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_mfa_module);
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    /* Blocks within a location are where it is, named ones are nowhere. */
    if (clcf->noname || clcf->named) {
        return NGX_OK;
    }

    if (scf->spots.elts == NULL
        && ngx_array_init(&scf->spots, cf->pool, 8, sizeof(*spot)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    spot = ngx_array_push(&scf->spots);

    if (spot == NULL) {
        return NGX_ERROR;
    }

    spot->core = clcf;
    spot->lcf = lcf;

    if (ngx_http_mfa_is_gated(lcf)) {
        if (scf->gate == NULL) {
            scf->gate = lcf;
        }

        scf->several |= !same_gate(scf->gate, lcf);
    }

    return NGX_OK;
}


/* --- requests --- */

static ngx_uint_t
is_here(ngx_http_request_t *r, const ngx_http_mfa_spot_t *spot)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    /* Blocks within a location have its name, and no other location has. */
    return spot->core->name.data == clcf->name.data;
}


static ngx_uint_t
is_elsewhere(ngx_http_request_t *r, const ngx_http_mfa_loc_conf_t *lcf,
    const ngx_http_mfa_spot_t *spot)
{
    return ngx_http_mfa_is_gated(lcf)
           ? ngx_http_mfa_is_gated(spot->lcf) && !same_gate(spot->lcf, lcf)
           : !is_here(r, spot);
}


/* How much of a path a location's name takes; -1: it is not of this location.
   The server itself has no name and takes nothing. */
static ngx_int_t
match(const ngx_http_core_loc_conf_t *core, mfa_str_t path)
{
    size_t  len = core->name.len;

    /* What lacks but the last slash is the same place for many. */
    if (path.len + 1 == len && core->name.data[path.len] == '/'
        && !core->exact_match)
    {
        len--;
    }

    if (path.len < len || (core->exact_match && path.len != len)
        || (len && ngx_memcmp(path.data, core->name.data, len) != 0))
    {
        return -1;
    }

    return (ngx_int_t) len;
}


static ngx_uint_t
matches_regex(const ngx_http_core_loc_conf_t *core, mfa_str_t path)
{
#if (NGX_PCRE)
    ngx_str_t  s = { path.len, (u_char *) path.data };

    return core->regex != NULL
           && ngx_regex_exec(core->regex->regex, &s, NULL, 0) >= 0;
#else
    return 0;
#endif
}


static ngx_uint_t
leads_elsewhere(ngx_http_request_t *r, ngx_http_mfa_srv_conf_t *scf,
    const ngx_http_mfa_loc_conf_t *lcf, mfa_str_t path)
{
    ngx_int_t             n, longest;
    ngx_uint_t            i, here;
    ngx_http_mfa_spot_t  *spot, *best;

    spot = scf->spots.elts;
    best = NULL;
    longest = -1;

    for (i = 0; i < scf->spots.nelts; i++) {
        n = ngx_http_mfa_has_regex(spot[i].core) ? -1
                                                 : match(spot[i].core, path);

        if (n > longest || (n == longest && n != -1
                            && spot[i].core->exact_match))
        {
            best = &spot[i];
            longest = n;
        }
    }

    if (best == NULL) {
        return 1;
    }

    if (best->core->exact_match || best->core->noregex) {
        return is_elsewhere(r, lcf, best);
    }

    here = 0;

    for (i = 0; i < scf->spots.nelts; i++) {
        if (!matches_regex(spot[i].core, path)) {
            continue;
        }

        if (is_elsewhere(r, lcf, &spot[i])) {
            return 1;
        }

        here |= is_here(r, &spot[i]);
    }

    return here ? 0 : is_elsewhere(r, lcf, best);
}


/*
 * The path that has led to this location: as it came, which is what is sent on
 * where proxy_pass has no URI; or, where a rewrite or an internal redirect has led
 * here, nginx's own.  A rewrite that stays ("break") has led nowhere: its path is
 * the site's and says nothing of locations.
 */
static mfa_str_t
path_of(ngx_http_request_t *r, ngx_http_mfa_srv_conf_t *scf,
    const ngx_http_mfa_loc_conf_t *lcf)
{
    u_char     *query;
    mfa_str_t   path;

    if (!r->valid_unparsed_uri) {
        path = ngx_http_mfa_view(&r->uri);

        if (!leads_elsewhere(r, scf, lcf, path)) {
            return path;
        }
    }

    path = ngx_http_mfa_view(&r->unparsed_uri);
    query = ngx_strlchr(r->unparsed_uri.data,
                        r->unparsed_uri.data + path.len, '?');

    if (query) {
        path.len = (size_t) (query - r->unparsed_uri.data);
    }

    return path;
}


ngx_uint_t
ngx_http_mfa_elsewhere(ngx_http_request_t *r,
    const ngx_http_mfa_loc_conf_t *lcf)
{
    int                        rc;
    mfa_str_t                  path;
    mfa_raw_path_t             raw;
    ngx_http_mfa_srv_conf_t   *scf;
    ngx_http_core_loc_conf_t  *clcf;

    scf = ngx_http_get_module_srv_conf(r, ngx_http_mfa_module);

    if (!scf->used || r != r->main
        || (ngx_http_mfa_is_gated(lcf) && !scf->several))
    {
        return 0;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    /* No path leads to "@name"; where it comes from it was looked at. */
    if (clcf->named) {
        return 0;
    }

    path = path_of(r, scf, lcf);

    if (mfa_raw_path_plain(path)) {
        return 0;
    }

    if (mfa_raw_path_begin(&raw, path) != 0) {
        return 1;
    }

    while ((rc = mfa_raw_path_next(&raw, &path)) == 1) {
        if (leads_elsewhere(r, scf, lcf, path)) {
            return 1;
        }
    }

    return rc != 0;
}
