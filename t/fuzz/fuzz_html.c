/*
 * Templates.  The input is a template, a partial "p" and a translation "k",
 * separated by zero bytes, behind a byte that chooses escaping.  What does not
 * compile is told with a line; what does renders into exactly the length
 * foretold and no smaller buffer; and no template makes hostile text in a model
 * add a character of markup to the page (security 52).
 */

#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/html.h"

#define OPS_MAX    512
#define TEXTS_MAX  65536
#define PAGE_MAX   (4 * 1024 * 1024)
#define N_NAMES    6


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


typedef struct {
    mfa_str_t  partial;
    mfa_str_t  translation;
} parts_t;

static const char *const  names[N_NAMES] = { "a", "b", "f", "n", "l", "s" };


static int
translate(void *data, mfa_str_t key, mfa_str_t *text)
{
    *text = ((parts_t *) data)->translation;

    return mfa_str_is(key, "k");
}


static int
partial(void *data, mfa_str_t file, mfa_str_t *source)
{
    *source = ((parts_t *) data)->partial;

    return mfa_str_is(file, "p");
}


static uint8_t *
render(const mfa_html_t *html, mfa_str_t text, size_t *len)
{
    size_t                    i;
    mfa_buf_t                 out;
    mfa_value_t               model[N_NAMES], row[2][N_NAMES];
    const mfa_value_t *const  rows[] = { row[0], row[1] };

    memset(model, 0, sizeof(model));
    memset(row, 0, sizeof(row));

    for (i = 0; i < 2; i++) {
        model[i].kind = MFA_VALUE_TEXT;
        model[i].text = text;
    }

    row[1][0] = model[0];
    row[1][2].kind = MFA_VALUE_FLAG;
    model[2].kind = MFA_VALUE_FLAG;
    model[2].number = 1;
    model[3].kind = MFA_VALUE_NUMBER;
    model[3].number = INT64_MIN;
    model[4].kind = MFA_VALUE_LIST;
    model[4].rows = rows;
    model[4].n = 2;

    *len = mfa_html_length(html, model);

    if (*len > PAGE_MAX) {
        return NULL;
    }

    mfa_buf_init(&out, malloc(*len + 1), *len);
    assert(out.data != NULL);
    mfa_html_render(html, model, &out);
    assert(!out.failed && out.len == *len);

    if (*len != 0) {
        mfa_buf_init(&out, out.data, *len - 1);
        mfa_html_render(html, model, &out);
        assert(out.failed);

        mfa_buf_init(&out, out.data, *len);
        mfa_html_render(html, model, &out);
    }

    return out.data;
}


static size_t
markup_in(const uint8_t *page, size_t len)
{
    size_t  i, n;

    for (i = 0, n = 0; i < len; i++) {
        n += strchr("<>\"'", page[i]) != NULL && page[i] != 0;
    }

    return n;
}


static void
hostile_text_stays_text(const mfa_html_t *html)
{
    size_t    tame_len, wild_len;
    uint8_t  *tame, *wild;

    tame = render(html, mfa_lit("x"), &tame_len);
    wild = render(html, mfa_lit("\"'><svg onload='x'>&{{a}}"), &wild_len);

    if (tame != NULL && wild != NULL && !html->plain) {
        assert(markup_in(tame, tame_len) == markup_in(wild, wild_len));
    }

    free(tame);
    free(wild);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parts_t               parts;
    uint8_t              *bytes;
    mfa_buf_t             texts;
    mfa_str_t             source;
    mfa_html_t            html;
    mfa_html_op_t         ops[OPS_MAX];
    mfa_html_error_t      error;
    const mfa_html_env_t  env = {
        names, N_NAMES, translate, partial, &parts
    };

    if (size == 0) {
        return 0;
    }

    source.data = data + 1;
    source.len = size - 1;

    (void) mfa_str_cut(source, 0, &source, &parts.partial);
    (void) mfa_str_cut(parts.partial, 0, &parts.partial, &parts.translation);

    bytes = malloc(TEXTS_MAX);
    assert(bytes != NULL);
    mfa_buf_init(&texts, bytes, TEXTS_MAX);

    memset(&html, 0, sizeof(html));
    html.ops = ops;
    html.cap = OPS_MAX;
    html.texts = &texts;
    html.plain = data[0] & 1;

    if (mfa_html_compile(&html, &env, mfa_lit("m"), source, &error) == 0) {
        assert(html.n <= OPS_MAX);
        hostile_text_stays_text(&html);

    } else {
        assert(error.line >= 1);
        assert(strcmp(error.file, "m") == 0 || strcmp(error.file, "p") == 0);
        assert(memchr(error.why, 0, sizeof(error.why)) != NULL);
        assert(error.why[0] != '\0');
    }

    free(bytes);

    return 0;
}
