/*
 * The configuration, see conf.h.  What the directives mean is core's
 * (mfa_portal_set, mfa_endpoint_set), the same as for nginx; here is only which
 * of them concern mfactl.  All others are skipped: nginx -t judges them.
 */

#include "cli/conf.h"
#include "cli/file.h"
#include "core/cookie.h"

#include <glob.h>
#include <string.h>

#define FILE_BYTES_MAX  (16 * 1024 * 1024)
#define INCLUDES_MAX    16                  /* deep; more is a circle */
#define BLOCKS_MAX      64                  /* deep */
#define SENTENCE_MAX    512                 /* bytes of core's complaints */

typedef struct {
    mfactl_conf_t    *conf;
    const char       *file;                 /* being read */
    mfactl_syntax_t   syntax;
    int               includes;             /* how deep this file is */
    mfa_buf_t        *why;
} reader_t;

static int read_file(mfactl_conf_t *conf, const char *file, int includes,
    mfa_buf_t *why);
static int read_level(reader_t *r, int depth);


static int
refuse_with(reader_t *r, mfa_str_t what)
{
    mfa_buf_cstr(r->why, r->file);
    mfa_buf_cstr(r->why, ":");
    mfa_buf_int(r->why, r->syntax.line);
    mfa_buf_cstr(r->why, ": ");
    mfa_buf_str(r->why, what);

    return -1;
}


static int
refuse(reader_t *r, const char *what)
{
    return refuse_with(r, mfa_str_from(what));
}


static char *
joined(mfactl_conf_t *conf, mfa_str_t a, mfa_str_t b)
{
    char  *s;

    s = mfactl_arena_alloc(&conf->arena, a.len + b.len + 1);

    /* An empty view may have no data at all. */
    if (a.len) {
        memcpy(s, a.data, a.len);
    }

    if (b.len) {
        memcpy(s + a.len, b.data, b.len);
    }

    s[a.len + b.len] = '\0';

    return s;
}


/* A path as it is, or below the folder of the configuration's first file. */
static char *
full_path(mfactl_conf_t *conf, mfa_str_t path)
{
    mfa_str_t    prefix;
    const char  *slash;

    prefix = (mfa_str_t) { NULL, 0 };
    slash = strrchr(conf->file, '/');

    if (slash != NULL && !mfa_str_begins(path, "/")) {
        prefix.data = (const uint8_t *) conf->file;
        prefix.len = (size_t) (slash - conf->file) + 1;
    }

    return joined(conf, prefix, path);
}


/* Leaves the block whose "{" was just read. */
static int
skip_block(reader_t *r, int depth)
{
    static const mfa_str_t  lua = {
        (const uint8_t *) "_by_lua_block", sizeof("_by_lua_block") - 1
    };
    mfa_str_t  name;

    name = r->syntax.args[0];

    if (name.len > lua.len) {
        name.data += name.len - lua.len;
        name.len = lua.len;

        if (mfa_str_eq(name, lua)) {
            return mfactl_syntax_skip_lua(&r->syntax) == 0
                   ? 0 : refuse(r, r->syntax.error);
        }
    }

    for ( ;; ) {
        switch (mfactl_syntax_next(&r->syntax)) {
        case MFACTL_SYNTAX_DIRECTIVE:
            break;

        case MFACTL_SYNTAX_BLOCK:
            if (depth == BLOCKS_MAX || skip_block(r, depth + 1) != 0) {
                return depth == BLOCKS_MAX ? refuse(r, "blocks are too deep")
                                           : -1;
            }

            break;

        case MFACTL_SYNTAX_CLOSE:
            return 0;

        case MFACTL_SYNTAX_END:
            return refuse(r, "unexpected end of file, expecting \"}\"");

        default:
            return refuse(r, r->syntax.error);
        }
    }
}


static int
set_redis(reader_t *r)
{
    uint8_t         room[SENTENCE_MAX];
    mfa_buf_t       what;
    mfa_str_t       path;
    mfactl_conf_t  *conf;

    conf = r->conf;

    if (conf->has_redis) {
        return refuse(r, "mfa_redis is duplicate");
    }

    conf->has_redis = 1;
    mfa_buf_init(&what, room, sizeof(room));

    if (mfa_endpoint_set(&conf->endpoint, r->syntax.args, r->syntax.n, &what)
        != 0)
    {
        return refuse_with(r, mfa_buf_since(&what, 0));
    }

    path = conf->endpoint.password_file;

    if (path.len) {
        conf->endpoint.password_file = mfa_str_from(full_path(conf, path));
    }

    return 0;
}


static int
set_keys(reader_t *r)
{
    if (r->conf->keys != NULL) {
        return refuse(r, "mfa_keys is duplicate");
    }

    if (r->syntax.n != 2 || r->syntax.args[1].len == 0) {
        return refuse(r, "mfa_keys takes one file");
    }

    r->conf->keys = full_path(r->conf, r->syntax.args[1]);

    return 0;
}


static int
set_templates(reader_t *r, const char **templates)
{
    if (*templates != NULL) {
        return refuse(r, "mfa_templates is duplicate");
    }

    if (r->syntax.n != 2 || r->syntax.args[1].len == 0) {
        return refuse(r, "mfa_templates takes one folder");
    }

    *templates = full_path(r->conf, r->syntax.args[1]);

    return 0;
}


/* One directive of the block. */
static int
set_in_portal(reader_t *r, mfa_portal_t *portal)
{
    uint8_t    room[SENTENCE_MAX];
    mfa_buf_t  what;

    if (mfa_str_is(r->syntax.args[0], "mfa_templates")) {
        return set_templates(r, &r->conf->templates_of[r->conf->n_portals]);
    }

    mfa_buf_init(&what, room, sizeof(room));

    return mfa_portal_set(portal, r->syntax.args, r->syntax.n, &what) == 0
           ? 0 : refuse_with(r, mfa_buf_since(&what, 0));
}


static int
finish_portal(reader_t *r, mfa_portal_t *portal, unsigned line)
{
    uint8_t    sentence[SENTENCE_MAX];
    mfa_buf_t  room, what;

    mfa_buf_init(&what, sentence, sizeof(sentence));
    mfa_buf_init(&room, mfactl_arena_alloc(&r->conf->arena,
                                           MFA_COOKIE_NAME_MAX),
                 MFA_COOKIE_NAME_MAX);

    if (mfa_portal_finish(portal, &room, &what) != 0) {
        r->syntax.line = line;
        return refuse_with(r, mfa_buf_since(&what, 0));
    }

    r->conf->n_portals++;

    return 0;
}


static int
read_portal(reader_t *r)
{
    unsigned        line;
    mfa_portal_t   *portal;
    mfactl_conf_t  *conf;

    conf = r->conf;
    line = r->syntax.line;

    if (r->syntax.n != 2) {
        return refuse(r, "mfa_portal takes one name");
    }

    if (mfactl_conf_portal(conf, (const char *) r->syntax.args[1].data)) {
        return refuse(r, "a portal of this name is there already");
    }

    if (conf->n_portals == MFACTL_CONF_PORTALS_MAX) {
        return refuse(r, "too many portals");
    }

    portal = &conf->portals[conf->n_portals];

    if (mfa_portal_init(portal, r->syntax.args[1]) != 0) {
        return refuse(r, "invalid name of a portal");
    }

    for ( ;; ) {
        switch (mfactl_syntax_next(&r->syntax)) {
        case MFACTL_SYNTAX_DIRECTIVE:
            if (r->syntax.n > MFACTL_SYNTAX_ARGS_MAX) {
                return refuse(r, "too many parameters");
            }

            if (set_in_portal(r, portal) != 0) {
                return -1;
            }

            break;

        case MFACTL_SYNTAX_CLOSE:
            return finish_portal(r, portal, line);

        case MFACTL_SYNTAX_BLOCK:
            return refuse(r, "unexpected \"{\" in mfa_portal");

        case MFACTL_SYNTAX_END:
            return refuse(r, "unexpected end of file, expecting \"}\"");

        default:
            return refuse(r, r->syntax.error);
        }
    }
}


static int
include(reader_t *r)
{
    int     rc;
    char   *path;
    size_t  i;
    glob_t  found;

    if (r->syntax.n != 2) {
        return refuse(r, "include takes one file");
    }

    if (r->includes == INCLUDES_MAX) {
        return refuse(r, "includes are too deep");
    }

    path = full_path(r->conf, r->syntax.args[1]);

    if (strpbrk(path, "*?[") == NULL) {
        return read_file(r->conf, path, r->includes + 1, r->why);
    }

    rc = glob(path, 0, NULL, &found);

    if (rc != 0) {
        return rc == GLOB_NOMATCH ? 0 : refuse(r, "include failed");
    }

    for (i = 0; i < found.gl_pathc && rc == 0; i++) {
        path = joined(r->conf, mfa_str_from(found.gl_pathv[i]), mfa_lit(""));
        rc = read_file(r->conf, path, r->includes + 1, r->why);
    }

    globfree(&found);

    return rc;
}


static int
directive(reader_t *r)
{
    mfa_str_t  name;

    name = r->syntax.args[0];

    if (!mfa_str_is(name, "include") && !mfa_str_is(name, "mfa_redis")
        && !mfa_str_is(name, "mfa_keys") && !mfa_str_is(name, "mfa_templates"))
    {
        return mfa_str_is(name, "mfa_portal")
               ? refuse(r, "mfa_portal has no \"{\"") : 0;
    }

    if (r->syntax.n > MFACTL_SYNTAX_ARGS_MAX) {
        return refuse(r, "too many parameters");
    }

    return mfa_str_is(name, "include") ? include(r)
           : mfa_str_is(name, "mfa_redis") ? set_redis(r)
           : mfa_str_is(name, "mfa_keys") ? set_keys(r)
           : set_templates(r, &r->conf->templates);
}


static int
block(reader_t *r, int depth)
{
    if (mfa_str_is(r->syntax.args[0], "mfa_portal")) {
        return read_portal(r);
    }

    /* http { } of a whole nginx.conf holds what stands bare elsewhere. */
    if (mfa_str_is(r->syntax.args[0], "http") && depth == 0) {
        return read_level(r, 1);
    }

    return skip_block(r, 1);
}


/* A file (depth 0), or the inside of its http block. */
static int
read_level(reader_t *r, int depth)
{
    for ( ;; ) {
        switch (mfactl_syntax_next(&r->syntax)) {
        case MFACTL_SYNTAX_DIRECTIVE:
            if (directive(r) != 0) {
                return -1;
            }

            break;

        case MFACTL_SYNTAX_BLOCK:
            if (block(r, depth) != 0) {
                return -1;
            }

            break;

        case MFACTL_SYNTAX_CLOSE:
            return depth ? 0 : refuse(r, "unexpected \"}\"");

        case MFACTL_SYNTAX_END:
            return depth ? refuse(r, "unexpected end of file, expecting \"}\"")
                         : 0;

        default:
            return refuse(r, r->syntax.error);
        }
    }
}


static int
read_file(mfactl_conf_t *conf, const char *file, int includes, mfa_buf_t *why)
{
    int             rc;
    reader_t        r;
    mfactl_file_t   text;

    if (mfactl_file_read(&text, file, FILE_BYTES_MAX, why) != 0) {
        return -1;
    }

    r.conf = conf;
    r.file = file;
    r.includes = includes;
    r.why = why;
    mfactl_syntax_init(&r.syntax, (mfa_str_t) { text.data, text.len },
                       &conf->arena);
    rc = read_level(&r, 0);
    mfactl_file_free(&text);

    return rc;
}


/* The one for all may stand behind a portal. */
static void
inherit_templates(mfactl_conf_t *conf)
{
    size_t  i;

    if (conf->templates == NULL) {
        conf->templates = MFA_TEMPLATES_DIR;
    }

    for (i = 0; i < conf->n_portals; i++) {
        if (conf->templates_of[i] == NULL) {
            conf->templates_of[i] = conf->templates;
        }
    }
}


int
mfactl_conf_read(mfactl_conf_t *conf, const char *file, mfa_buf_t *why)
{
    memset(conf, 0, sizeof(mfactl_conf_t));
    mfa_endpoint_init(&conf->endpoint);
    conf->file = file;

    if (read_file(conf, file, 0, why) != 0) {
        return -1;
    }

    inherit_templates(conf);

    return 0;
}


void
mfactl_conf_free(mfactl_conf_t *conf)
{
    mfactl_arena_free(&conf->arena);
}


const mfa_portal_t *
mfactl_conf_portal(const mfactl_conf_t *conf, const char *name)
{
    size_t  i;

    for (i = 0; i < conf->n_portals; i++) {
        if (mfa_str_is(conf->portals[i].name, name)) {
            return &conf->portals[i];
        }
    }

    return NULL;
}
