/*
 * Loading templates, see template.h.  Translations are flat JSON objects
 * (jansson); every error code and word of a page needs its text.
 */

#include "nginx/template.h"

#include <jansson.h>
#include <openssl/evp.h>

#define FILE_MAX      65536                 /* bytes of a template or catalogue */
#define OPS_MAX       1024                  /* of a page */
#define TEXTS_MAX     65536                 /* literal bytes of a page */
#define STYLE_MAX     32768


typedef struct {
    ngx_conf_t             *cf;
    ngx_http_mfa_portal_t  *portal;
    json_t                 *texts;
} loader_t;


static ngx_int_t
file_read(loader_t *loader, mfa_str_t name, ngx_str_t *path, mfa_str_t *text)
{
    u_char                 *p, *data;
    ssize_t                 n;
    ngx_fd_t                fd;
    ngx_str_t              *dir;
    ngx_conf_t             *cf;
    ngx_http_mfa_portal_t  *portal;

    cf = loader->cf;
    portal = loader->portal;
    dir = &portal->templates;

    path->len = dir->len + 1 + name.len;
    path->data = ngx_pnalloc(cf->pool, path->len + 1);
    data = ngx_pnalloc(cf->pool, FILE_MAX + 1);

    if (path->data == NULL || data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(path->data, dir->data, dir->len);
    *p++ = '/';
    p = ngx_cpymem(p, name.data, name.len);
    *p = '\0';

    fd = ngx_open_file(path->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, ngx_errno,
                      "cannot open template \"%V\" of the portal in %s:%ui",
                      path, portal->file, portal->line);
        return NGX_ERROR;
    }

    n = ngx_read_fd(fd, data, FILE_MAX + 1);
    ngx_close_file(fd);

    if (n < 0 || n > FILE_MAX) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "cannot read template \"%V\", or it is too large, of the "
                      "portal in %s:%ui", path, portal->file, portal->line);
        return NGX_ERROR;
    }

    *text = (mfa_str_t) { data, n };

    return NGX_OK;
}


static int
translate(void *data, mfa_str_t key, mfa_str_t *text)
{
    char         name[64];
    json_t      *value;
    loader_t    *loader;

    loader = data;

    if (key.len >= sizeof(name)) {
        return 0;
    }

    *ngx_cpymem(name, key.data, key.len) = '\0';
    value = json_object_get(loader->texts, name);

    if (!json_is_string(value)) {
        return 0;
    }

    text->data = (const uint8_t *) json_string_value(value);
    text->len = json_string_length(value);

    return 1;
}


static int
partial(void *data, mfa_str_t file, mfa_str_t *source)
{
    size_t     i;
    loader_t  *loader;
    ngx_str_t  path;

    loader = data;

    for (i = 0; i < file.len; i++) {
        if (file.data[i] == '/') {
            return 0;
        }
    }

    return file_read(loader, file, &path, source) == NGX_OK;
}


static ngx_int_t
compile(loader_t *loader, mfa_str_t name, mfa_html_t *html)
{
    mfa_buf_t         *texts;
    ngx_str_t          path;
    mfa_str_t          source;
    mfa_html_env_t     env;
    mfa_html_error_t   error;

    if (file_read(loader, name, &path, &source) != NGX_OK) {
        return NGX_ERROR;
    }

    texts = ngx_palloc(loader->cf->pool, sizeof(mfa_buf_t));
    html->ops = ngx_pcalloc(loader->cf->pool, OPS_MAX * sizeof(mfa_html_op_t));

    if (texts == NULL || html->ops == NULL) {
        return NGX_ERROR;
    }

    mfa_buf_init(texts, ngx_pnalloc(loader->cf->pool, TEXTS_MAX), TEXTS_MAX);

    if (texts->data == NULL) {
        return NGX_ERROR;
    }

    html->cap = OPS_MAX;
    html->n = 0;
    html->texts = texts;

    env.names = mfa_var_names;
    env.n_names = MFA_VAR_N;
    env.translate = translate;
    env.partial = partial;
    env.data = loader;

    if (mfa_html_compile(html, &env, name, source, &error) != 0) {
        ngx_log_error(NGX_LOG_EMERG, loader->cf->log, 0,
                      "%s in %V/%s:%ui", error.why,
                      &loader->portal->templates, error.file,
                      (ngx_uint_t) error.line);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* The translation "error_too_large" for the code "too-large", to be kept. */
static ngx_int_t
text_keep(loader_t *loader, const char *prefix, const char *name,
    ngx_str_t *path, ngx_str_t *out)
{
    u_char     *p, *c, key[64];
    mfa_str_t   text;

    p = ngx_snprintf(key, sizeof(key), "%s_%s", prefix, name);

    for (c = key; c < p; c++) {
        *c = *c == '-' ? '_' : *c;
    }

    if (!translate(loader, (mfa_str_t) { key, p - key }, &text)) {
        ngx_log_error(NGX_LOG_EMERG, loader->cf->log, 0,
                      "no text \"%*s\" in \"%V\" of the portal in %s:%ui",
                      (size_t) (p - key), key, path, loader->portal->file,
                      loader->portal->line);
        return NGX_ERROR;
    }

    out->data = ngx_pnalloc(loader->cf->pool, text.len);

    if (out->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(out->data, text.data, text.len);
    out->len = text.len;

    return NGX_OK;
}


static ngx_int_t
texts_keep(loader_t *loader, ngx_http_mfa_theme_t *theme, ngx_str_t *path)
{
    ngx_int_t   rc;
    ngx_uint_t  i;

    rc = NGX_OK;

    for (i = MFA_ERR_NONE + 1; rc == NGX_OK && i < MFA_ERR_N; i++) {
        rc = text_keep(loader, "error", mfa_error_names[i], path,
                       &theme->errors[i]);
    }

    for (i = 0; rc == NGX_OK && i < MFA_WORD_N; i++) {
        rc = text_keep(loader, "word", mfa_word_names[i], path,
                       &theme->words[i]);
    }

    return rc;
}


static ngx_int_t
theme_load(ngx_conf_t *cf, ngx_http_mfa_portal_t *portal, mfa_str_t locale,
    ngx_http_mfa_theme_t *theme)
{
    u_char        *p, name[64];
    ngx_int_t      rc;
    ngx_str_t      path;
    ngx_uint_t     i;
    mfa_str_t      text;
    loader_t       loader;
    json_error_t   error;

    theme->locale.data = (u_char *) locale.data;
    theme->locale.len = locale.len;

    p = ngx_snprintf(name, sizeof(name), "i18n/%V.json", &theme->locale);

    loader.cf = cf;
    loader.portal = portal;

    if (file_read(&loader, (mfa_str_t) { name, p - name }, &path, &text)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    loader.texts = json_loadb((const char *) text.data, text.len,
                              JSON_REJECT_DUPLICATES, &error);

    if (!json_is_object(loader.texts)) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "%s in %V:%i",
                      loader.texts ? "not an object" : error.text, &path,
                      (ngx_int_t) (loader.texts ? 1 : error.line));
        json_decref(loader.texts);
        return NGX_ERROR;
    }

    rc = texts_keep(&loader, theme, &path);

    for (i = 0; rc == NGX_OK && i < MFA_PAGE_N; i++) {
        p = ngx_snprintf(name, sizeof(name), "%s.html", mfa_page_names[i]);
        rc = compile(&loader, (mfa_str_t) { name, p - name },
                     &theme->pages[i]);
    }

    json_decref(loader.texts);

    return rc;
}


/* A style sheet, and its hash for the policy. */
static ngx_int_t
sheet_load(ngx_conf_t *cf, ngx_http_mfa_portal_t *portal, mfa_str_t name,
    ngx_str_t *style, ngx_str_t *encoded)
{
    u_char        *p, digest[32];
    ngx_str_t      hash;
    loader_t       loader;
    mfa_buf_t      out;
    mfa_html_t     html;
    mfa_value_t    model[MFA_VAR_N];

    ngx_memzero(&html, sizeof(mfa_html_t));
    html.plain = 1;

    loader.cf = cf;
    loader.portal = portal;
    loader.texts = NULL;

    if (compile(&loader, name, &html) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memzero(model, sizeof(model));

    if (portal->core.brand_color.len) {
        model[MFA_VAR_COLOR].kind = MFA_VALUE_TEXT;
        model[MFA_VAR_COLOR].text = portal->core.brand_color;
    }

    p = ngx_pnalloc(cf->pool, STYLE_MAX);
    encoded->data = ngx_pnalloc(cf->pool, ngx_base64_encoded_length(32));

    if (p == NULL || encoded->data == NULL) {
        return NGX_ERROR;
    }

    mfa_buf_init(&out, p, STYLE_MAX);
    mfa_html_render(&html, model, &out);

    style->data = out.data;
    style->len = out.len;

    if (out.failed
        || EVP_Digest(out.data, out.len, digest, NULL, EVP_sha256(), NULL) != 1
        || ngx_strlcasestrn(out.data, out.data + out.len, (u_char *) "</",
                            1) != NULL)
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "style sheet \"%V/%*s\" is too large or holds "
                      "\"</\" of the portal in %s:%ui", &portal->templates,
                      name.len, name.data, portal->file, portal->line);
        return NGX_ERROR;
    }

    hash.data = digest;
    hash.len = sizeof(digest);
    ngx_encode_base64(encoded, &hash);

    return NGX_OK;
}


/* Style sheets are inlined, so a policy names their hashes and nothing else. */
static ngx_int_t
policy_make(ngx_conf_t *cf, ngx_str_t *csp, const char *styles, ngx_str_t *one,
    ngx_str_t *other)
{
    u_char  *p;

    csp->data = ngx_pnalloc(cf->pool, 512);

    if (csp->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_snprintf(csp->data, 512, styles, one, other);
    p = ngx_snprintf(p, csp->data + 512 - p,
                     "form-action 'self'; base-uri 'none'; object-src 'none'; "
                     "frame-ancestors 'none'");
    csp->len = p - csp->data;

    return NGX_OK;
}


static ngx_int_t
style_load(ngx_conf_t *cf, ngx_http_mfa_portal_t *portal)
{
    ngx_str_t  pages, console;

    if (sheet_load(cf, portal, mfa_lit("style.css"), &portal->style, &pages)
        != NGX_OK
        || sheet_load(cf, portal, mfa_lit("console.css"),
                      &portal->console_style, &console) != NGX_OK
        || policy_make(cf, &portal->csp,
                       "default-src 'none'; style-src 'sha256-%V'; ",
                       &pages, NULL) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return policy_make(cf, &portal->console_csp,
                       "default-src 'none'; style-src 'sha256-%V' "
                       "'sha256-%V'; ", &pages, &console);
}


ngx_int_t
ngx_http_mfa_template_load(ngx_conf_t *cf, ngx_http_mfa_portal_t *portal)
{
    ngx_uint_t  i;

    portal->themes = ngx_pcalloc(cf->pool, portal->core.n_locales
                                           * sizeof(ngx_http_mfa_theme_t));

    if (portal->themes == NULL || style_load(cf, portal) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; i < portal->core.n_locales; i++) {
        if (theme_load(cf, portal, portal->core.locales[i], &portal->themes[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_http_mfa_theme_t *
theme_find(ngx_http_mfa_portal_t *portal, u_char *tag, size_t len)
{
    ngx_uint_t  i;
    ngx_str_t  *locale;

    for (i = 0; i < portal->core.n_locales; i++) {
        locale = &portal->themes[i].locale;

        /* "de-AT" is served by "de". */
        if (len >= locale->len
            && ngx_strncasecmp(tag, locale->data, locale->len) == 0
            && (len == locale->len || tag[locale->len] == '-'))
        {
            return &portal->themes[i];
        }
    }

    return NULL;
}


ngx_http_mfa_theme_t *
ngx_http_mfa_template_theme(ngx_http_mfa_portal_t *portal,
    ngx_http_request_t *r)
{
    u_char                *p, *end, *tag;
    ngx_uint_t             i;
    ngx_list_part_t       *part;
    ngx_table_elt_t       *header;
    ngx_http_mfa_theme_t  *theme;

    if (portal->core.n_locales == 1) {
        return &portal->themes[0];
    }

    part = &r->headers_in.headers.part;
    header = part->elts;

    for (i = 0; /* void */ ; i++) {
        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            header = part->elts;
            i = 0;
        }

        if (header[i].key.len != sizeof("Accept-Language") - 1
            || ngx_strcasecmp(header[i].key.data, (u_char *) "Accept-Language")
               != 0)
        {
            continue;
        }

        /* Browsers list what they prefer first; weights are not needed. */
        p = header[i].value.data;
        end = p + header[i].value.len;

        while (p < end) {
            while (p < end && (*p == ' ' || *p == ',')) {
                p++;
            }

            for (tag = p; p < end && *p != ',' && *p != ';' && *p != ' '; p++) {
                /* void */
            }

            theme = theme_find(portal, tag, p - tag);

            if (theme) {
                return theme;
            }

            while (p < end && *p != ',') {
                p++;
            }
        }
    }

    return &portal->themes[0];
}
