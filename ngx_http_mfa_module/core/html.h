/*
 * Templates: logic-less, compiled once when the configuration is read, escaping
 * by default.  The language:
 *
 *   {{name}}               the value of a name; text is escaped for HTML (also
 *                          inside a double-quoted attribute) with U+FFFD for
 *                          what is hidden (visible.h), a value of kind
 *                          MFA_VALUE_MARKUP (our own SVG) is written as it is.
 *                          The kind decides, never the template.
 *   {{#name}} ... {{/name}}  when name is a true flag, a non-empty text or a
 *                          number (0 too): once; a list: once for each row
 *   {{^name}} ... {{/name}}  when it is none of these
 *   {{t.key}}              a translated text, itself compiled as a template
 *                          whose literal parts are escaped; blanks that do
 *                          not break and marks of direction stay
 *   {{> file.html}}        another template file, at most 4 deep
 *   {{! comment }}         nothing
 *
 * Names are looked up in a list given to the compiler: an unknown one is an
 * error with file and line, as are unclosed tags and sections.
 *
 * Text mails use the same language with escaping off (mfa_html_t.plain);
 * control bytes in values are left out then.
 */

#ifndef MFA_HTML_H
#define MFA_HTML_H

#include "core/str.h"

#define MFA_HTML_DEPTH_MAX  8               /* sections in each other */

typedef enum {
    MFA_VALUE_NONE = 0,                     /* false, empty */
    MFA_VALUE_TEXT,                         /* escaped when written */
    MFA_VALUE_MARKUP,                       /* written as it is: ours alone */
    MFA_VALUE_NUMBER,
    MFA_VALUE_FLAG,                         /* number is 0 or 1 */
    MFA_VALUE_LIST
} mfa_value_e;

typedef struct mfa_value_s  mfa_value_t;

struct mfa_value_s {
    mfa_value_e                kind;
    mfa_str_t                  text;
    int64_t                    number;
    /* MFA_VALUE_LIST: n rows, each an array over the same list of names; a name
       that is MFA_VALUE_NONE in the row is looked up outside it. */
    const mfa_value_t *const  *rows;
    size_t                     n;
};

typedef enum {
    MFA_HTML_TEXT = 1,                      /* writes text */
    MFA_HTML_VALUE,                         /* writes the value of name */
    MFA_HTML_SECTION,                       /* {{#name}}, up to ops[jump] */
    MFA_HTML_INVERTED                       /* {{^name}}, up to ops[jump] */
} mfa_html_op_e;

typedef struct {
    uint8_t    op;                          /* mfa_html_op_e */
    uint16_t   name;                        /* index into the list of names */
    uint32_t   jump;                        /* index behind a section, or 0 */
    mfa_str_t  text;                        /* literal bytes, ready to write */
} mfa_html_op_t;

/* A compiled template.  ops and the texts they view belong to the caller. */
typedef struct {
    mfa_html_op_t  *ops;
    size_t          n;
    size_t          cap;
    mfa_buf_t      *texts;                  /* where literals are kept */
    int             plain;                  /* no escaping: mail text parts */
} mfa_html_t;

typedef struct {
    const char *const  *names;              /* n_names C strings */
    size_t              n_names;
    /* The translation of key, or 0 when there is none. */
    int               (*translate)(void *data, mfa_str_t key, mfa_str_t *text);
    /* The source of a partial, or 0 when there is none. */
    int               (*partial)(void *data, mfa_str_t file, mfa_str_t *source);
    void               *data;
} mfa_html_env_t;

typedef struct {
    char       file[128];                   /* as given, terminated */
    unsigned   line;                        /* from 1 */
    char       why[160];                    /* a sentence, terminated */
} mfa_html_error_t;

/*
 * Compiles source (named file in errors) into html, whose ops, cap, texts and
 * plain the caller has set; n starts at 0.  Literal text is copied into
 * html->texts, so source need not stay.  Returns 0, or -1 with *error filled
 * in; too small an ops array or texts buffer is reported like that too.  A
 * fault in a translation is reported where it is used.  (In html_compile.c.)
 */
int mfa_html_compile(mfa_html_t *html, const mfa_html_env_t *env,
    mfa_str_t file, mfa_str_t source, mfa_html_error_t *error);

/* Bytes mfa_html_render would write for this model. */
size_t mfa_html_length(const mfa_html_t *html, const mfa_value_t *model);

/* Writes the page; model is an array over env->names.  Test out->failed. */
void mfa_html_render(const mfa_html_t *html, const mfa_value_t *model,
    mfa_buf_t *out);

/* Appends s, which is ours or the operator's, with & < > " ' escaped. */
void mfa_html_escape(mfa_buf_t *out, mfa_str_t s);

#endif /* MFA_HTML_H */
