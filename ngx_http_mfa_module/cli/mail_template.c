/*
 * Templates of mails, see mail_template.h.
 */

#include "cli/mail_template.h"
#include "cli/file.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define FILE_MAX_BYTES  65536               /* of a template, a catalogue */
#define OPS_MAX         512                 /* of a part */
#define TEXTS_MAX       32768               /* its literal bytes */
#define PATH_MAX_BYTES  1024

typedef struct {
    mfactl_conf_t        *conf;
    mfactl_mail_theme_t  *theme;
    json_t               *texts;
    mfactl_file_t         catalogue;
    char                  catalogue_path[PATH_MAX_BYTES];
    mfa_buf_t            *why;
} loader_t;


/* A file of the folder; kept with the configuration. */
static int
read_text(loader_t *loader, mfa_str_t name, mfa_str_t *text, mfa_buf_t *why)
{
    char           path[PATH_MAX_BYTES];
    uint8_t       *copy;
    mfactl_file_t  file;

    if (snprintf(path, sizeof(path), "%s/mail/%.*s", loader->theme->folder,
                 (int) name.len, (const char *) name.data)
        >= (int) sizeof(path))
    {
        mfa_buf_cstr(why, "the path of a mail template is too long");
        return -1;
    }

    if (mfactl_file_read(&file, path, FILE_MAX_BYTES, why) != 0) {
        return -1;
    }

    copy = mfactl_arena_alloc(&loader->conf->arena, file.len + 1);
    memcpy(copy, file.data, file.len);
    *text = (mfa_str_t) { copy, file.len };
    mfactl_file_free(&file);

    return 0;
}


static int
translate(void *data, mfa_str_t key, mfa_str_t *text)
{
    char       name[64];
    json_t    *value;
    loader_t  *loader;

    loader = data;

    if (key.len >= sizeof(name)) {
        return 0;
    }

    memcpy(name, key.data, key.len);
    name[key.len] = '\0';
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
    uint8_t     room[256];
    mfa_buf_t   why;

    mfa_buf_init(&why, room, sizeof(room));

    return memchr(file.data, '/', file.len) == NULL
           && read_text(data, file, source, &why) == 0;
}


static int
compile(loader_t *loader, mfa_html_t *html, int plain, mfa_str_t name,
    mfa_str_t source, mfa_html_error_t *error)
{
    mfa_html_env_t  env;

    html->plain = plain;
    html->n = 0;
    html->cap = OPS_MAX;
    html->ops = mfactl_arena_alloc(&loader->conf->arena,
                                   OPS_MAX * sizeof(mfa_html_op_t));
    html->texts = mfactl_arena_alloc(&loader->conf->arena, sizeof(mfa_buf_t));
    mfa_buf_init(html->texts,
                 mfactl_arena_alloc(&loader->conf->arena, TEXTS_MAX),
                 TEXTS_MAX);

    env.names = mfa_mail_var_names;
    env.n_names = MFA_MAIL_VAR_N;
    env.translate = translate;
    env.partial = partial;
    env.data = loader;

    return mfa_html_compile(html, &env, name, source, error);
}


static int
refuse(loader_t *loader, const char *what, const char *file, unsigned line)
{
    mfa_buf_cstr(loader->why, what);
    mfa_buf_cstr(loader->why, " in ");
    mfa_buf_cstr(loader->why, file);
    mfa_buf_cstr(loader->why, ":");
    mfa_buf_int(loader->why, line);

    return -1;
}


static int
compile_file(loader_t *loader, mfa_html_t *html, const char *kind,
    const char *suffix)
{
    char              name[64], file[PATH_MAX_BYTES];
    mfa_str_t         source;
    mfa_html_error_t  error;

    snprintf(name, sizeof(name), "%s%s", kind, suffix);

    if (read_text(loader, mfa_str_from(name), &source, loader->why) != 0) {
        return -1;
    }

    if (compile(loader, html, suffix[1] == 't', mfa_str_from(name), source,
                &error) == 0)
    {
        return 0;
    }

    snprintf(file, sizeof(file), "%s/mail/%s", loader->theme->folder,
             error.file);

    return refuse(loader, error.why, file, error.line);
}


/* The line of the catalogue a key is on. */
static unsigned
line_of(const loader_t *loader, const char *key)
{
    char         quoted[80];
    unsigned     line;
    const char  *p, *at;

    snprintf(quoted, sizeof(quoted), "\"%s\"", key);
    at = strstr((const char *) loader->catalogue.data, quoted);
    line = 1;

    for (p = (const char *) loader->catalogue.data; at && p < at; p++) {
        line += *p == '\n';
    }

    return line;
}


/* The translation "mail_locked_out_subject" of the kind "locked-out". */
static int
compile_subject(loader_t *loader, mfa_html_t *html, const char *kind)
{
    char              *p, key[64], what[128];
    mfa_str_t          source;
    mfa_html_error_t   error;

    snprintf(key, sizeof(key), "mail_%s_subject", kind);

    for (p = key; *p; p++) {
        *p = *p == '-' ? '_' : *p;
    }

    if (!translate(loader, mfa_str_from(key), &source)) {
        snprintf(what, sizeof(what), "no text \"%s\"", key);
        return refuse(loader, what, loader->catalogue_path, 1);
    }

    return compile(loader, html, 1, mfa_str_from(key), source, &error) == 0
           ? 0 : refuse(loader, error.why, loader->catalogue_path,
                        line_of(loader, key));
}


static int
keep_roles(loader_t *loader)
{
    int          i;
    char         key[64], what[128];
    uint8_t     *copy;
    mfa_str_t    text;
    const char  *name;

    for (i = 0; i < MFA_ROLE_N; i++) {
        name = mfa_role_name((mfa_role_e) i);
        snprintf(key, sizeof(key), "word_role_%s", *name ? name : "none");

        if (!translate(loader, mfa_str_from(key), &text)) {
            snprintf(what, sizeof(what), "no text \"%s\"", key);
            return refuse(loader, what, loader->catalogue_path, 1);
        }

        copy = mfactl_arena_alloc(&loader->conf->arena, text.len + 1);
        memcpy(copy, text.data, text.len);
        loader->theme->roles[i] = (mfa_str_t) { copy, text.len };
    }

    return 0;
}


static int
compile_all(loader_t *loader)
{
    int                      i;
    const char              *kind;
    mfactl_mail_template_t  *mail;

    for (i = 0; i < MFA_MAIL_N; i++) {
        kind = mfa_mail_name((mfa_mail_e) i);
        mail = &loader->theme->mails[i];

        if (compile_subject(loader, &mail->subject, kind) != 0
            || compile_file(loader, &mail->text, kind, ".txt") != 0
            || compile_file(loader, &mail->html, kind, ".html") != 0)
        {
            return -1;
        }
    }

    return keep_roles(loader);
}


static int
load(loader_t *loader)
{
    int           rc;
    json_error_t  error;

    if (snprintf(loader->catalogue_path, sizeof(loader->catalogue_path),
                 "%s/i18n/%.*s.json", loader->theme->folder,
                 (int) loader->theme->locale.len,
                 (const char *) loader->theme->locale.data)
        >= (int) sizeof(loader->catalogue_path))
    {
        mfa_buf_cstr(loader->why, "the path of a catalogue is too long");
        return -1;
    }

    if (mfactl_file_read(&loader->catalogue, loader->catalogue_path,
                         FILE_MAX_BYTES, loader->why) != 0)
    {
        return -1;
    }

    loader->texts = json_loadb((const char *) loader->catalogue.data,
                               loader->catalogue.len, JSON_REJECT_DUPLICATES,
                               &error);

    if (json_is_object(loader->texts)) {
        rc = compile_all(loader);
    } else {
        rc = refuse(loader, loader->texts ? "no object" : error.text,
                    loader->catalogue_path,
                    loader->texts ? 1 : (unsigned) error.line);
    }

    json_decref(loader->texts);
    mfactl_file_free(&loader->catalogue);

    return rc;
}


static mfactl_mail_theme_t *
find(const mfactl_mail_theme_t *themes, const char *folder, mfa_str_t locale)
{
    for ( ; themes != NULL; themes = themes->next) {
        if (strcmp(themes->folder, folder) == 0
            && mfa_str_eq(themes->locale, locale))
        {
            break;
        }
    }

    return (mfactl_mail_theme_t *) themes;
}


/* One language of one portal, unless another portal has it already. */
static int
add(mfactl_conf_t *conf, mfactl_mail_theme_t **themes, const char *folder,
    mfa_str_t locale, mfa_buf_t *why)
{
    loader_t              loader;
    mfactl_mail_theme_t  *theme;

    if (find(*themes, folder, locale) != NULL) {
        return 0;
    }

    theme = mfactl_arena_alloc(&conf->arena, sizeof(mfactl_mail_theme_t));
    memset(theme, 0, sizeof(mfactl_mail_theme_t));
    theme->folder = folder;
    theme->locale = locale;
    theme->next = *themes;
    *themes = theme;

    memset(&loader, 0, sizeof(loader));
    loader.conf = conf;
    loader.theme = theme;
    loader.why = why;

    return load(&loader);
}


int
mfactl_mail_template_read(mfactl_conf_t *conf, mfactl_mail_theme_t **themes,
    mfa_buf_t *why)
{
    size_t               i, k;
    const mfa_portal_t  *portal;

    *themes = NULL;

    for (i = 0; i < conf->n_portals; i++) {
        portal = &conf->portals[i];

        for (k = 0; portal->mail_from.len && k < portal->n_locales; k++) {
            if (add(conf, themes, conf->templates_of[i], portal->locales[k],
                    why) != 0)
            {
                return -1;
            }
        }
    }

    return 0;
}


const mfactl_mail_theme_t *
mfactl_mail_template_find(const mfactl_mail_theme_t *themes,
    const mfactl_conf_t *conf, size_t i, const mfa_mail_t *mail)
{
    const mfa_portal_t  *portal;

    portal = &conf->portals[i];

    return find(themes, conf->templates_of[i],
                portal->locales[mfa_mail_locale(mail, portal)]);
}
