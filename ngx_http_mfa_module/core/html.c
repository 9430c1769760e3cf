/*
 * The template renderer: every page and every mail.  Walks the list of
 * operations that html_compile.c has made and recurses only as deep as sections
 * are nested (MFA_HTML_DEPTH_MAX).
 *
 * Length and page come from the same walk, so they cannot differ.  Whether a
 * value is escaped is decided by its kind here and by nothing in a template.
 * Keeps nothing; the model and the buffer are the caller's.
 */

#include <string.h>

#include "core/html.h"
#include "core/visible.h"


/* The rows of lists a walk is inside of, innermost first. */
typedef struct scope_s  scope_t;

struct scope_s {
    const mfa_value_t  *values;
    const scope_t      *outer;
};

/* Without out the bytes are only counted. */
typedef struct {
    mfa_buf_t  *out;
    size_t      n;
} sink_t;


static void
put(sink_t *sink, const void *data, size_t len)
{
    sink->n += len;

    if (sink->out) {
        mfa_buf_add(sink->out, data, len);
    }
}


static const char *
entity(uint8_t c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}


/* The length of a hidden character at s, else 0: most are never looked at. */
static size_t
hidden(mfa_str_t s)
{
    mfa_str_t  c;

    return s.data[0] >= 0x80 && mfa_char_take(&s, &c) == MFA_CHAR_HIDDEN
           ? c.len : 0;
}


/* What stands in the place of the character at s, and the bytes of that. */
static const char *
instead(mfa_str_t s, int marked, size_t *len)
{
    *len = marked ? hidden(s) : 0;

    if (*len) {
        return MFA_VISIBLE_MARK;
    }

    *len = 1;

    return entity(s.data[0]);
}


/* marked: with a mark in the place of what is hidden. */
static void
put_escaped(sink_t *sink, mfa_str_t s, int marked)
{
    size_t       i, n, from;
    const char  *e;

    for (i = 0, from = 0; i < s.len; i += n) {
        e = instead((mfa_str_t) { s.data + i, s.len - i }, marked, &n);

        if (e) {
            put(sink, s.data + from, i - from);
            put(sink, e, strlen(e));
            from = i + n;
        }
    }

    if (from != s.len) {
        put(sink, s.data + from, s.len - from);
    }
}


void
mfa_html_escape(mfa_buf_t *out, mfa_str_t s)
{
    sink_t  sink = { out, 0 };

    put_escaped(&sink, s, 0);
}


static void
put_number(sink_t *sink, int64_t number)
{
    uint8_t    digits[24];
    mfa_buf_t  b;

    mfa_buf_init(&b, digits, sizeof(digits));
    mfa_buf_int(&b, number);
    put(sink, digits, b.len);
}


/* Without escaping: a control byte could end a line of what this becomes, and
   what is hidden could turn the order of one. */
static void
put_plain(sink_t *sink, mfa_str_t s)
{
    size_t  i, n, from;

    for (i = 0, from = 0; i < s.len; i += n) {
        n = hidden((mfa_str_t) { s.data + i, s.len - i });

        if (n || s.data[i] < 0x20 || s.data[i] == 0x7f) {
            n = n ? n : 1;
            put(sink, s.data + from, i - from);
            from = i + n;

        } else {
            n = 1;
        }
    }

    if (from != s.len) {
        put(sink, s.data + from, s.len - from);
    }
}


/* A flag or a list has no text of its own. */
static void
put_value(sink_t *sink, const mfa_value_t *value, int plain)
{
    switch (value->kind) {

    case MFA_VALUE_TEXT:
        if (plain) {
            put_plain(sink, value->text);
        } else {
            put_escaped(sink, value->text, 1);
        }

        break;

    case MFA_VALUE_MARKUP:
        if (value->text.len != 0) {
            put(sink, value->text.data, value->text.len);
        }

        break;

    case MFA_VALUE_NUMBER:
        put_number(sink, value->number);
        break;

    case MFA_VALUE_NONE:
    case MFA_VALUE_FLAG:
    case MFA_VALUE_LIST:
        break;
    }
}


/* Whether a section over value is shown; a number is, also when it is 0. */
static int
is_there(const mfa_value_t *value)
{
    switch (value->kind) {

    case MFA_VALUE_TEXT:
    case MFA_VALUE_MARKUP:
        return value->text.len != 0;

    case MFA_VALUE_NUMBER:
        return 1;

    case MFA_VALUE_FLAG:
        return value->number != 0;

    case MFA_VALUE_LIST:
        return value->n != 0;

    case MFA_VALUE_NONE:
        break;
    }

    return 0;
}


static const mfa_value_t *
look_up(const scope_t *scope, uint16_t name)
{
    while (scope->outer && scope->values[name].kind == MFA_VALUE_NONE) {
        scope = scope->outer;
    }

    return &scope->values[name];
}


/* Walks ops[from .. to). */
static void
walk(const mfa_html_t *html, size_t from, size_t to, const scope_t *scope,
    sink_t *sink)
{
    size_t                i, row;
    scope_t               inner;
    const mfa_value_t    *value;
    const mfa_html_op_t  *op;

    for (i = from; i < to; i = op->jump != 0 ? op->jump : i + 1) {
        op = &html->ops[i];

        if (op->op == MFA_HTML_TEXT) {
            put(sink, op->text.data, op->text.len);
            continue;
        }

        value = look_up(scope, op->name);

        if (op->op == MFA_HTML_VALUE) {
            put_value(sink, value, html->plain);

        } else if (is_there(value) != (op->op == MFA_HTML_SECTION)) {
            continue;

        } else if (value->kind == MFA_VALUE_LIST && value->n != 0) {
            inner.outer = scope;

            for (row = 0; row < value->n; row++) {
                inner.values = value->rows[row];
                walk(html, i + 1, op->jump, &inner, sink);
            }

        } else {
            walk(html, i + 1, op->jump, scope, sink);
        }
    }
}


size_t
mfa_html_length(const mfa_html_t *html, const mfa_value_t *model)
{
    sink_t   sink = { NULL, 0 };
    scope_t  scope = { model, NULL };

    walk(html, 0, html->n, &scope, &sink);

    return sink.n;
}


void
mfa_html_render(const mfa_html_t *html, const mfa_value_t *model,
    mfa_buf_t *out)
{
    sink_t   sink = { out, 0 };
    scope_t  scope = { model, NULL };

    walk(html, 0, html->n, &scope, &sink);
}
