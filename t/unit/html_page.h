/*
 * What the tests of the template compiler and renderer share: a list of names,
 * some files and translations, a model, and functions that compile and render
 * in blocks of exactly the size needed.
 */

#ifndef MFA_TEST_HTML_PAGE_H
#define MFA_TEST_HTML_PAGE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/html.h"
#include "exact_pool.h"

enum { NAME, OTHER, SVG, COUNT, FLAG, ROWS, INNER, EMPTY, N_NAMES };

static const char *const  names[N_NAMES] = {
    "name", "other", "svg", "count", "flag", "rows", "inner", "empty"
};

static const struct { const char *name, *text; }  translations[] = {
    { "plain", "Log in" },
    { "isolated", "to \xe2\x81\xa8{{name}}\xe2\x81\xa9\xc2\xa0!" },
    { "markup", "a < b & \"c\" 'd' <b>" },
    { "value", "Hello {{name}}, {{svg}}{{! note }}!" },
    { "section", "{{#flag}}<on>{{/flag}}{{^flag}}off{{/flag}}" },
    { "nested", "[{{t.plain}}]" },
    { "deep1", "1{{t.deep2}}" }, { "deep2", "2{{t.deep3}}" },
    { "deep3", "3{{t.deep4}}" }, { "deep4", "4" },
    { "deep0", "0{{t.deep1}}" }, { "loop", "{{t.loop}}" },
    { "unknown", "x\ny {{nobody}}" }, { "unclosed", "{{#flag}}" },
    { "closes", "{{/flag}}" }, { "includes", "{{> leaf.html}}" },
    { "missing", "{{t.nothing}}" }, { "empty", "" },
};

static const struct { const char *name, *text; }  files[] = {
    { "leaf.html", "leaf {{name}}\n" },
    { "p1.html", "(1{{> p2.html}})" }, { "p2.html", "(2{{> p3.html}})" },
    { "p3.html", "(3{{> p4.html}})" }, { "p4.html", "(4 {{t.nested}})" },
    { "p0.html", "(0{{> p1.html}})" }, { "self.html", "{{> self.html}}" },
    { "bad.html", "one\ntwo {{nobody}}\n" }, { "open.html", "\n{{#flag}}x" },
    { "close.html", "a\n\n{{/flag}}" }, { "empty.html", "" },
    { "rows.html", "{{#rows}}<{{name}}{{other}}>{{/rows}}" },
};

static mfa_html_t        html;
static mfa_html_op_t     ops[64];
static mfa_buf_t         texts;
static mfa_html_error_t  error;
static mfa_value_t       model[N_NAMES];


static inline int
translate(void *data, mfa_str_t key, mfa_str_t *text)
{
    size_t  i;

    assert_ptr_equal(data, names);

    for (i = 0; i < sizeof(translations) / sizeof(translations[0]); i++) {
        if (mfa_str_is(key, translations[i].name)) {
            *text = pool_text(translations[i].text);
            return 1;
        }
    }

    return 0;
}


static inline int
partial(void *data, mfa_str_t file, mfa_str_t *source)
{
    size_t  i;

    assert_ptr_equal(data, names);

    for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (mfa_str_is(file, files[i].name)) {
            *source = pool_text(files[i].text);
            return 1;
        }
    }

    return 0;
}


static const mfa_html_env_t  env = {
    names, N_NAMES, translate, partial, (void *) names
};


static inline mfa_value_t
text(const char *s)
{
    mfa_value_t  value = { .kind = MFA_VALUE_TEXT, .text = pool_text(s) };

    return value;
}


static inline mfa_value_t
number(int64_t n)
{
    mfa_value_t  value = { .kind = MFA_VALUE_NUMBER, .number = n };

    return value;
}


static inline mfa_value_t
flag(int on)
{
    mfa_value_t  value = { .kind = MFA_VALUE_FLAG, .number = on };

    return value;
}


static inline mfa_value_t
list(const mfa_value_t *const *rows, size_t n)
{
    mfa_value_t  value = { .kind = MFA_VALUE_LIST, .rows = rows, .n = n };

    return value;
}


static inline int
fresh(void **state)
{
    (void) state;

    memset(model, 0, sizeof(model));
    memset(&html, 0, sizeof(html));
    model[NAME] = text("<Ann> & \"Bob\"'s");
    model[SVG] = text("<svg/>");
    model[SVG].kind = MFA_VALUE_MARKUP;
    model[COUNT] = number(7);
    model[FLAG] = flag(1);

    return 0;
}


static inline int
clean(void **state)
{
    (void) state;
    pool_free();

    return 0;
}


static inline int
compile(const char *source)
{
    texts = pool_buf(2048);
    html.ops = ops;
    html.n = 0;
    html.cap = sizeof(ops) / sizeof(ops[0]);
    html.texts = &texts;
    memset(&error, 0x5a, sizeof(error));

    return mfa_html_compile(&html, &env, pool_text("page.html"),
                            pool_text(source), &error);
}


/* Renders into a buffer of exactly the length foretold, and one too small. */
static inline void
check_page(const char *page)
{
    size_t     len;
    mfa_buf_t  out;

    len = mfa_html_length(&html, model);
    out = pool_buf(len);
    mfa_html_render(&html, model, &out);

    if (out.failed || out.len != len || !buf_is(&out, page)) {
        fail_msg("\"%.*s\" (%zu bytes foretold), not \"%s\"", (int) out.len,
                 (const char *) out.data, len, page);
    }

    if (len != 0) {
        out = pool_buf(len - 1);
        mfa_html_render(&html, model, &out);
        assert_true(out.failed);
    }
}


static inline void
check_renders(const char *source, const char *page)
{
    if (compile(source) != 0) {
        fail_msg("\"%s\": %s:%u: %s", source, error.file, error.line,
                 error.why);
    }

    check_page(page);
}


#define TEST(f)  cmocka_unit_test_setup_teardown(f, fresh, clean)

#endif /* MFA_TEST_HTML_PAGE_H */
