/*
 * The template compiler: runs while nginx reads its configuration and when the
 * mailer starts, never in a request.
 *
 * A template becomes one flat list of operations.  Partials and translations
 * are compiled into the place where they stand, so that rendering follows no
 * file and cannot fail but for room.  Whatever a template author can get wrong
 * is an error here, with file and line.
 *
 * There is on purpose no way for a template to switch escaping off, to compute
 * or to compare.  All memory is the caller's; nothing is kept between calls.
 */

#include <string.h>

#include "core/html.h"


#define PARTIAL_DEPTH_MAX      4
#define TRANSLATION_DEPTH_MAX  4
#define QUOTE_MAX              32           /* bytes of a template in why */


typedef struct source_s  source_t;

/* A text being compiled: a file, or a translation used in one. */
struct source_s {
    mfa_str_t        name;                  /* of the file, or the key */
    mfa_str_t        text;
    size_t           pos;                   /* how far it has been read */
    unsigned         line;                  /* of pos */
    unsigned         depth;                 /* files or keys in each other */
    size_t           sections;              /* open when it began */
    const source_t  *file;                  /* a translation's file, or NULL */
};

typedef struct {
    mfa_str_t        name;
    size_t           op;
    unsigned         line;
} section_t;

typedef struct {
    mfa_html_t            *html;
    const mfa_html_env_t  *env;
    mfa_html_error_t      *error;
    section_t              open[MFA_HTML_DEPTH_MAX];
    size_t                 n;
} compiler_t;


static int compile_source(compiler_t *c, source_t *s);


static int
is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}


static mfa_str_t
trim(mfa_str_t s)
{
    while (s.len != 0 && is_blank(s.data[0])) {
        s.data++;
        s.len--;
    }

    while (s.len != 0 && is_blank(s.data[s.len - 1])) {
        s.len--;
    }

    return s;
}


/* Templates are written by people: what is quoted may be anything. */
static void
quote(mfa_buf_t *why, mfa_str_t s)
{
    size_t  i;

    mfa_buf_byte(why, '"');

    for (i = 0; i < s.len && i < QUOTE_MAX; i++) {
        mfa_buf_byte(why, (s.data[i] < ' ' || s.data[i] > '~') ? '?'
                                                               : s.data[i]);
    }

    mfa_buf_byte(why, '"');
}


/*
 * A fault in a translation is reported at the place that uses it: the files of
 * translations are not known here, their keys are.
 */
static int
fail(compiler_t *c, const source_t *s, unsigned line, const char *what,
    mfa_str_t about)
{
    mfa_buf_t        why, file;
    const source_t  *at = s->file ? s->file : s;

    mfa_buf_init(&why, c->error->why, sizeof(c->error->why) - 1);

    mfa_buf_cstr(&why, what);
    mfa_buf_cstr(&why, " ");
    quote(&why, about);

    if (s->file) {
        mfa_buf_cstr(&why, " in the translation of ");
        quote(&why, s->name);
    }

    c->error->why[why.len] = '\0';

    mfa_buf_init(&file, c->error->file, sizeof(c->error->file) - 1);

    about = at->name;

    if (about.len > file.cap) {
        about.len = file.cap;
    }

    mfa_buf_str(&file, about);
    c->error->file[file.len] = '\0';
    c->error->line = s->file ? at->line : line;

    return -1;
}


/* Where "{{" or "}}" is next: the offset, or the length when it is nowhere. */
static size_t
find_twice(const source_t *s, size_t from, uint8_t brace)
{
    size_t  i;

    for (i = from; i + 1 < s->text.len; i++) {
        if (s->text.data[i] == brace && s->text.data[i + 1] == brace) {
            return i;
        }
    }

    return s->text.len;
}


/* Reads up to offset to and returns what was read, counting its lines. */
static mfa_str_t
take(source_t *s, size_t to)
{
    size_t     i;
    mfa_str_t  taken;

    taken.data = s->text.data + s->pos;
    taken.len = to - s->pos;

    for (i = 0; i < taken.len; i++) {
        s->line += taken.data[i] == '\n';
    }

    s->pos = to;

    return taken;
}


static mfa_html_op_t *
add_op(compiler_t *c, const source_t *s, uint8_t op)
{
    mfa_html_op_t  *added;

    if (c->html->n == c->html->cap) {
        (void) fail(c, s, s->line, "too many parts up to", s->name);
        return NULL;
    }

    added = &c->html->ops[c->html->n++];
    memset(added, 0, sizeof(*added));
    added->op = op;

    return added;
}


static int
compile_literal(compiler_t *c, const source_t *s, mfa_str_t literal)
{
    size_t          from;
    mfa_buf_t      *texts = c->html->texts;
    mfa_html_op_t  *op;

    if (literal.len == 0) {
        return 0;
    }

    from = texts->len;

    /* Translators write text, not markup. */
    if (s->file && !c->html->plain) {
        mfa_html_escape(texts, literal);

    } else {
        mfa_buf_str(texts, literal);
    }

    if (texts->failed) {
        return fail(c, s, s->line, "no room for the texts of", s->name);
    }

    op = add_op(c, s, MFA_HTML_TEXT);

    if (op == NULL) {
        return -1;
    }

    op->text = mfa_buf_since(texts, from);

    return 0;
}


static int
compile_name(compiler_t *c, const source_t *s, uint8_t kind, mfa_str_t name)
{
    size_t          i;
    mfa_html_op_t  *op;

    for (i = 0; i < c->env->n_names && i <= UINT16_MAX; i++) {
        if (!mfa_str_is(name, c->env->names[i])) {
            continue;
        }

        op = add_op(c, s, kind);

        if (op == NULL) {
            return -1;
        }

        op->name = (uint16_t) i;

        return 0;
    }

    return fail(c, s, s->line, "unknown name", name);
}


static int
open_section(compiler_t *c, const source_t *s, uint8_t kind, mfa_str_t name)
{
    section_t  *section;

    if (c->n == MFA_HTML_DEPTH_MAX) {
        return fail(c, s, s->line, "sections are nested too deep at", name);
    }

    if (compile_name(c, s, kind, name) != 0) {
        return -1;
    }

    section = &c->open[c->n++];
    section->name = name;
    section->op = c->html->n - 1;
    section->line = s->line;

    return 0;
}


static int
close_section(compiler_t *c, const source_t *s, mfa_str_t name)
{
    section_t  *section;

    /* What an including file has open is not this file's to close. */
    if (c->n == s->sections) {
        return fail(c, s, s->line, "no open section to close with", name);
    }

    section = &c->open[c->n - 1];

    if (!mfa_str_eq(section->name, name)) {
        return fail(c, s, s->line, "another section has to be closed before",
                    name);
    }

    c->html->ops[section->op].jump = (uint32_t) c->html->n;
    c->n--;

    return 0;
}


static int
compile_partial(compiler_t *c, const source_t *s, mfa_str_t file)
{
    source_t  partial;

    memset(&partial, 0, sizeof(partial));
    partial.name = file;
    partial.line = 1;
    partial.depth = s->depth + 1;
    partial.sections = c->n;

    if (s->file) {
        return fail(c, s, s->line, "a translation cannot include", file);
    }

    if (partial.depth > PARTIAL_DEPTH_MAX) {
        return fail(c, s, s->line, "files include files too deep at", file);
    }

    if (c->env->partial == NULL
        || !c->env->partial(c->env->data, file, &partial.text))
    {
        return fail(c, s, s->line, "there is no template file", file);
    }

    return compile_source(c, &partial);
}


static int
compile_translation(compiler_t *c, const source_t *s, mfa_str_t key)
{
    source_t  text;

    memset(&text, 0, sizeof(text));
    text.name = key;
    text.line = 1;
    text.depth = s->file ? s->depth + 1 : 1;
    text.sections = c->n;
    text.file = s->file ? s->file : s;

    if (text.depth > TRANSLATION_DEPTH_MAX) {
        return fail(c, s, s->line, "translations use each other too deep at",
                    key);
    }

    if (c->env->translate == NULL
        || !c->env->translate(c->env->data, key, &text.text))
    {
        return fail(c, s, s->line, "there is no translation of", key);
    }

    return compile_source(c, &text);
}


/* tag is what stands between the braces. */
static int
compile_tag(compiler_t *c, const source_t *s, mfa_str_t tag)
{
    uint8_t    sign;
    mfa_str_t  name;

    tag = trim(tag);
    sign = tag.len != 0 ? tag.data[0] : '\0';

    name = tag;

    if (tag.len != 0) {
        name.data++;
        name.len--;
    }

    name = trim(name);

    switch (sign) {

    case '!':
        return 0;

    case '#':
        return open_section(c, s, MFA_HTML_SECTION, name);

    case '^':
        return open_section(c, s, MFA_HTML_INVERTED, name);

    case '/':
        return close_section(c, s, name);

    case '>':
        return compile_partial(c, s, name);

    default:
        break;
    }

    if (mfa_str_begins(tag, "t.")) {
        tag.data += 2;
        tag.len -= 2;

        return compile_translation(c, s, tag);
    }

    return compile_name(c, s, MFA_HTML_VALUE, tag);
}


static int
compile_source(compiler_t *c, source_t *s)
{
    size_t            end;
    mfa_str_t         tag;
    const section_t  *section;

    while (s->pos < s->text.len) {
        tag = take(s, find_twice(s, s->pos, '{'));

        if (compile_literal(c, s, tag) != 0) {
            return -1;
        }

        if (s->pos == s->text.len) {
            break;
        }

        end = find_twice(s, s->pos + 2, '}');

        if (end == s->text.len) {
            return fail(c, s, s->line, "a tag is not closed in", s->name);
        }

        tag.data = s->text.data + s->pos + 2;
        tag.len = end - s->pos - 2;

        if (compile_tag(c, s, tag) != 0) {
            return -1;
        }

        (void) take(s, end + 2);
    }

    if (c->n != s->sections) {
        section = &c->open[c->n - 1];

        return fail(c, s, section->line, "a section is not closed:",
                    section->name);
    }

    return 0;
}


int
mfa_html_compile(mfa_html_t *html, const mfa_html_env_t *env, mfa_str_t file,
    mfa_str_t source, mfa_html_error_t *error)
{
    source_t    s;
    compiler_t  c;

    memset(&s, 0, sizeof(s));
    s.name = file;
    s.text = source;
    s.line = 1;

    memset(&c, 0, sizeof(c));
    c.html = html;
    c.env = env;
    c.error = error;

    html->n = 0;

    return compile_source(&c, &s);
}
