/*
 * The SVG of a QR code: its structure, read back into modules and compared with
 * the finder patterns every code has, and what happens with a text that is too
 * long (security 24: the page then falls back to the typed key).  That a
 * scanner reads it is shown elsewhere, with a decoder that is not ours.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/qr.h"
#include "exact.h"


#define SIDE_MAX  (177 + 8)

#define URI  "otpauth://totp/Acme:alice" \
             "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" \
             "&issuer=Acme&algorithm=SHA1&digits=6&period=30"

static uint8_t  room[256 * 1024];


static mfa_str_t
svg(mfa_str_t text, mfa_str_t title)
{
    exact_t    e, t;
    mfa_buf_t  b;

    e = exact_copy(text);
    t = exact_copy(title);
    mfa_buf_init(&b, room, sizeof(room));
    assert_int_equal(mfa_qr_svg(&b, e.s, t.s), 0);
    assert_false(b.failed);
    exact_free(e);
    exact_free(t);

    return mfa_buf_since(&b, 0);
}


static size_t
count(mfa_str_t s, const char *what)
{
    size_t     n;
    mfa_str_t  w = mfa_str_from(what);

    for (n = 0; s.len >= w.len; s.data++, s.len--) {
        n += (size_t) mfa_str_begins(s, what);
    }

    return n;
}


/* Steps over what is expected next; the drawing has no other spelling. */

static void
expect(mfa_str_t *s, const char *what)
{
    assert_true(mfa_str_begins(*s, what));
    s->data += strlen(what);
    s->len -= strlen(what);
}


static size_t
number(mfa_str_t *s)
{
    size_t   n;
    int64_t  value;

    for (n = 0; n < s->len && s->data[n] >= '0' && s->data[n] <= '9'; n++) {
        /* void */
    }

    assert_int_equal(mfa_str_int((mfa_str_t) { s->data, n }, &value), 0);
    s->data += n;
    s->len -= n;

    return (size_t) value;
}


/* Reads the whole element back; returns the side, quiet zone included. */

static size_t
read_back(mfa_str_t s, const char *title, uint8_t dark[SIDE_MAX][SIDE_MAX])
{
    size_t  side, x, y, run, i;

    memset(dark, 0, SIDE_MAX * SIDE_MAX);

    expect(&s, "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" "
               "shape-rendering=\"crispEdges\" viewBox=\"0 0 ");
    side = number(&s);
    expect(&s, " ");
    assert_int_equal(number(&s), side);
    assert_true(side <= SIDE_MAX);
    expect(&s, "\"><title>");
    expect(&s, title);
    expect(&s, "</title><rect fill=\"#fff\" width=\"");
    assert_int_equal(number(&s), side);
    expect(&s, "\" height=\"");
    assert_int_equal(number(&s), side);
    expect(&s, "\"/><path fill=\"#000\" d=\"");

    while (s.len && s.data[0] != '"') {
        expect(&s, "M");
        x = number(&s);
        expect(&s, " ");
        y = number(&s);
        expect(&s, "h");
        run = number(&s);
        expect(&s, "v1h-");
        assert_int_equal(number(&s), run);
        expect(&s, "z");

        assert_true(run > 0 && x + run <= side && y < side);

        for (i = 0; i < run; i++) {
            assert_int_equal(dark[y][x + i], 0);
            dark[y][x + i] = 1;
        }
    }

    expect(&s, "\"/></svg>");
    assert_int_equal(s.len, 0);

    return side;
}


static void
has_finder(uint8_t dark[SIDE_MAX][SIDE_MAX], size_t top, size_t left)
{
    size_t  x, y, ring;

    for (y = 0; y < 7; y++) {
        for (x = 0; x < 7; x++) {
            size_t  dy = y < 3 ? y : 6 - y, dx = x < 3 ? x : 6 - x;

            ring = dy < dx ? dy : dx;
            assert_int_equal(dark[top + y][left + x], ring != 1);
        }
    }
}


static void
svg_is_a_qr_code_with_its_quiet_zone(void **state)
{
    size_t  side, i, k;

    static uint8_t  dark[SIDE_MAX][SIDE_MAX];

    (void) state;

    side = read_back(svg(mfa_lit(URI), mfa_lit("QR code")), "QR code", dark);
    assert_int_equal((side - 8 - 17) % 4, 0);

    has_finder(dark, 4, 4);
    has_finder(dark, 4, side - 4 - 7);
    has_finder(dark, side - 4 - 7, 4);

    /* timing pattern, between the finders */

    for (i = 12; i < side - 12; i++) {
        assert_int_equal(dark[10][i], i % 2 == 0);
        assert_int_equal(dark[i][10], i % 2 == 0);
    }

    for (i = 0; i < side; i++) {
        for (k = 0; k < 4; k++) {
            assert_int_equal(dark[k][i] | dark[side - 1 - k][i], 0);
            assert_int_equal(dark[i][k] | dark[i][side - 1 - k], 0);
        }
    }
}


/* Format information, ISO/IEC 18004 7.9: the first two bits, mask taken off. */

static void
error_correction_is_level_m(void **state)
{
    static uint8_t  dark[SIDE_MAX][SIDE_MAX];

    (void) state;

    read_back(svg(mfa_lit(URI), mfa_lit("")), "", dark);

    assert_int_equal(dark[12][4] ^ 1, 0);
    assert_int_equal(dark[12][5] ^ 0, 0);
}


static void
another_text_is_another_code(void **state)
{
    static uint8_t  a[SIDE_MAX][SIDE_MAX], b[SIDE_MAX][SIDE_MAX];

    (void) state;

    read_back(svg(mfa_lit("text-1"), mfa_lit("t")), "t", a);
    read_back(svg(mfa_lit("text-2"), mfa_lit("t")), "t", b);
    assert_int_not_equal(memcmp(a, b, sizeof(a)), 0);

    read_back(svg(mfa_lit("text-1"), mfa_lit("t")), "t", b);
    assert_int_equal(memcmp(a, b, sizeof(a)), 0);

    /* a zero byte is data, not an end */

    read_back(svg(mfa_lit("text\0one"), mfa_lit("t")), "t", a);
    read_back(svg(mfa_lit("text\0two"), mfa_lit("t")), "t", b);
    assert_int_not_equal(memcmp(a, b, sizeof(a)), 0);
}


static void
the_title_is_escaped_and_the_text_is_not_shown(void **state)
{
    mfa_str_t  s;

    (void) state;

    s = svg(mfa_lit(URI), mfa_lit("</title><script>\"&'"));
    assert_int_equal(count(s, "<script"), 0);
    assert_int_equal(count(s, "</title>"), 1);
    assert_int_equal(count(s, "&lt;/title&gt;&lt;script&gt;"), 1);
    assert_int_equal(count(s, "<path"), 1);
    assert_int_equal(count(s, "GEZD"), 0);
    assert_int_equal(count(s, "style"), 0);
    assert_int_equal(count(s, "href"), 0);
}


static void
security_24_too_long_a_text_is_told_and_writes_nothing(void **state)
{
    uint8_t    text[4096];
    exact_t    e;
    mfa_buf_t  b;

    static uint8_t  dark[SIDE_MAX][SIDE_MAX];

    (void) state;

    memset(text, 'a', sizeof(text));

    /* the most a code of level M holds */

    assert_int_equal(read_back(svg((mfa_str_t) { text, 2331 }, mfa_lit("")),
                               "", dark),
                     177 + 8);

    mfa_buf_init(&b, room, sizeof(room));
    e = exact_copy((mfa_str_t) { text, 2332 });
    assert_int_equal(mfa_qr_svg(&b, e.s, mfa_lit("t")), -1);
    exact_free(e);

    assert_int_equal(mfa_qr_svg(&b, (mfa_str_t) { text, sizeof(text) },
                                mfa_lit("t")), -1);
    assert_int_equal(mfa_qr_svg(&b, (mfa_str_t) { text, SIZE_MAX },
                                mfa_lit("t")), -1);

    /* libqrencode takes an int: this would be 5 */

    assert_int_equal(mfa_qr_svg(&b, (mfa_str_t) { text, 0x100000005 },
                                mfa_lit("t")), -1);

    assert_int_equal(mfa_qr_svg(&b, mfa_lit(""), mfa_lit("t")), -1);
    assert_int_equal(mfa_qr_svg(&b, (mfa_str_t) { NULL, 0 }, mfa_lit("t")),
                     -1);
    assert_int_equal(b.len, 0);
    assert_false(b.failed);
}


static void
want_of_room_is_told_at_every_length(void **state)
{
    size_t     cap, whole;
    uint8_t   *small;
    mfa_buf_t  b;

    (void) state;

    whole = svg(mfa_lit("t"), mfa_lit("a title")).len;

    for (cap = 0; cap <= whole; cap++) {
        small = malloc(cap ? cap : 1);
        assert_non_null(small);
        mfa_buf_init(&b, small, cap);
        assert_int_equal(mfa_qr_svg(&b, mfa_lit("t"), mfa_lit("a title")), 0);
        assert_int_equal(b.failed, cap < whole);
        free(small);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(svg_is_a_qr_code_with_its_quiet_zone),
        cmocka_unit_test(error_correction_is_level_m),
        cmocka_unit_test(another_text_is_another_code),
        cmocka_unit_test(the_title_is_escaped_and_the_text_is_not_shown),
        cmocka_unit_test(
            security_24_too_long_a_text_is_told_and_writes_nothing),
        cmocka_unit_test(want_of_room_is_told_at_every_length)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("qr", tests, NULL, NULL);
}
