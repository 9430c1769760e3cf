/*
 * Every page and every mail is written by this renderer.  Broken, it lets a
 * login name become markup (security 52, 152), writes past a page's buffer, or
 * shows one account's row in another's.
 */

#include "html_page.h"


static void
literal_text_is_written_as_it_is(void **state)
{
    (void) state;

    check_renders("", "");
    check_renders("<p class=\"a\">x &amp; y</p>\n",
                  "<p class=\"a\">x &amp; y</p>\n");
    check_renders("{ } }} {a} }", "{ } }} {a} }");
    check_renders("{", "{");
    check_renders("a{{! a <b> comment\n{{ over lines }}b", "ab");
    check_renders("{{!}}", "");
}


static void
security_52_text_is_escaped_and_markup_of_ours_is_not(void **state)
{
    (void) state;

    check_renders("{{name}}", "&lt;Ann&gt; &amp; &quot;Bob&quot;&#39;s");
    check_renders("<a title=\"{{name}}\" b='{{ name }}'>",
                  "<a title=\"&lt;Ann&gt; &amp; &quot;Bob&quot;&#39;s\""
                  " b='&lt;Ann&gt; &amp; &quot;Bob&quot;&#39;s'>");
    check_renders("{{svg}}{{\tsvg\n}}", "<svg/><svg/>");
    check_renders("{{count}}|{{flag}}|{{empty}}|{{rows}}", "7|||");

    model[NAME] = text("");
    check_renders("[{{name}}]", "[]");
    model[NAME] = text("\" onload=\"x");
    check_renders("<a b=\"{{name}}\">", "<a b=\"&quot; onload=&quot;x\">");
    model[NAME] = text("{{svg}}{{t.plain}}");
    check_renders("{{name}}", "{{svg}}{{t.plain}}");
    model[NAME] = text("&lt;");
    check_renders("{{name}}", "&amp;lt;");
    model[NAME].text = pool_bytes("a\0<", 3);
    assert_int_equal(compile("{{name}}"), 0);
    assert_int_equal(mfa_html_length(&html, model), 6);

    model[COUNT] = number(INT64_MIN);
    check_renders("{{count}}", "-9223372036854775808");
}


/* What an account was given before such names were refused. */
static void
security_52_what_is_hidden_is_shown_as_a_mark(void **state)
{
    (void) state;

    model[NAME] = text("a\xe2\x80\xae<\xd8\x9c\xe2\x81\xa6z");
    check_renders("<b>{{name}}</b>",
                  "<b>a\xef\xbf\xbd&lt;\xef\xbf\xbd\xef\xbf\xbdz</b>");
    model[NAME] = text("\xd7\x93\xe2\x80\x8c\xc3\xbc\xe2\x80");
    check_renders("{{name}}", "\xd7\x93\xe2\x80\x8c\xc3\xbc\xe2\x80");
}


static void
security_52_escape_covers_the_five_and_nothing_else(void **state)
{
    int        c;
    uint8_t    byte;
    mfa_buf_t  out;

    (void) state;

    for (c = 0; c < 256; c++) {
        byte = (uint8_t) c;
        out = pool_buf(6);
        mfa_html_escape(&out, pool_bytes(&byte, 1));
        assert_false(out.failed);

        switch (c) {
        case '&': assert_true(buf_is(&out, "&amp;")); break;
        case '<': assert_true(buf_is(&out, "&lt;")); break;
        case '>': assert_true(buf_is(&out, "&gt;")); break;
        case '"': assert_true(buf_is(&out, "&quot;")); break;
        case '\'': assert_true(buf_is(&out, "&#39;")); break;
        default: assert_true(out.len == 1 && out.data[0] == byte);
        }
    }

    out = pool_buf(4);
    mfa_html_escape(&out, mfa_str_from(NULL));
    assert_int_equal(out.len, 0);
    mfa_html_escape(&out, pool_text("a\""));
    assert_true(out.failed);
}


static void
sections_are_shown_for_what_is_there(void **state)
{
    const char  source[] = "{{#other}}yes{{/other}}{{^other}}no{{/other}}";

    (void) state;

    check_renders(source, "no");
    model[OTHER] = flag(0);
    check_renders(source, "no");
    model[OTHER] = flag(1);
    check_renders(source, "yes");
    model[OTHER] = text("");
    check_renders(source, "no");
    model[OTHER] = text("x");
    check_renders(source, "yes");
    model[OTHER].kind = MFA_VALUE_MARKUP;
    check_renders(source, "yes");
    model[OTHER] = number(0);
    check_renders(source, "yes");
    model[OTHER] = number(-1);
    check_renders(source, "yes");
    model[OTHER] = list(NULL, 0);
    check_renders(source, "no");

    check_renders("{{# flag }}a{{#count}}b{{/count}}c{{/flag}}d", "abcd");
    check_renders("{{#flag}}{{/flag}}{{^flag}}{{/flag}}", "");
    check_renders("{{#flag}}a{{/flag}}{{#flag}}b{{/flag}}", "ab");
    check_renders("{{^flag}}a{{#flag}}b{{/flag}}c{{/flag}}d", "d");
    check_renders("{{#name}}[{{name}}]{{/name}}",
                  "[&lt;Ann&gt; &amp; &quot;Bob&quot;&#39;s]");
}


static void
lists_repeat_and_look_outside_for_what_a_row_lacks(void **state)
{
    static mfa_value_t        row[3][N_NAMES];
    const mfa_value_t *const  rows[3] = { row[0], row[1], row[2] };

    (void) state;

    memset(row, 0, sizeof(row));
    row[0][NAME] = text("<1>");
    row[1][NAME] = text("");
    row[2][NAME] = text("3");
    row[1][FLAG] = flag(0);
    row[2][COUNT] = number(0);

    model[OTHER] = text("&");
    model[ROWS] = list(rows, 3);

    check_renders("{{#rows}}{{name}},{{other}};{{/rows}}",
                  "&lt;1&gt;,&amp;;,&amp;;3,&amp;;");
    check_renders("{{#rows}}{{#flag}}{{count}}{{/flag}}"
                  "{{^flag}}-{{/flag}}{{/rows}}{{count}}", "7-07");
    check_renders("{{> rows.html}}", "<&lt;1&gt;&amp;><&amp;><3&amp;>");
    check_renders("{{^rows}}none{{/rows}}", "");
    check_renders("{{#rows}}{{svg}}{{/rows}}", "<svg/><svg/><svg/>");

    model[ROWS] = list(rows, 1);
    check_renders("{{#rows}}x{{/rows}}{{^rows}}none{{/rows}}", "x");
    model[ROWS] = list(rows, 0);
    check_renders("{{#rows}}x{{/rows}}{{^rows}}none{{/rows}}", "none");
}


static void
lists_in_lists_see_every_level_around_them(void **state)
{
    static mfa_value_t        row[2][N_NAMES], leaf[2][N_NAMES];
    const mfa_value_t *const  rows[2] = { row[0], row[1] };
    const mfa_value_t *const  leaves[2] = { leaf[0], leaf[1] };

    (void) state;

    memset(row, 0, sizeof(row));
    memset(leaf, 0, sizeof(leaf));
    row[0][NAME] = text("A");
    row[1][NAME] = text("B");
    row[0][INNER] = list(leaves, 2);
    row[1][INNER] = list(leaves, 1);
    leaf[0][OTHER] = text("a");
    leaf[1][OTHER] = text("b");
    leaf[1][NAME] = text("own");
    model[ROWS] = list(rows, 2);
    model[OTHER] = text("top");

    check_renders("{{#rows}}{{name}}({{#inner}}{{name}}{{other}}{{count}}"
                  "{{/inner}}){{other}} {{/rows}}{{other}}",
                  "A(Aa7ownb7)top B(Ba7)top top");

    /* an empty list hides the one outside, a row that has none does not */
    model[INNER] = list(leaves, 2);
    memset(&row[0][INNER], 0, sizeof(mfa_value_t));
    row[1][INNER] = list(leaves, 0);
    check_renders("{{#rows}}{{#inner}}{{other}}{{/inner}}"
                  "{{^inner}}-{{/inner}}{{/rows}}", "ab-");
}


static void
translations_are_escaped_templates(void **state)
{
    (void) state;

    check_renders("<b>{{t.plain}}</b>", "<b>Log in</b>");
    check_renders("<a title=\"{{ t.markup }}\">",
                  "<a title=\"a &lt; b &amp; &quot;c&quot; &#39;d&#39;"
                  " &lt;b&gt;\">");
    model[NAME] = text("<A>");
    check_renders("{{t.value}}", "Hello &lt;A&gt;, <svg/>!");
    check_renders("{{t.section}}<i>", "&lt;on&gt;<i>");

    /* Who translates may isolate a value, and keep a blank from breaking. */
    model[NAME] = text("a\xe2\x81\xa9<");
    check_renders("{{t.isolated}}", "to \xe2\x81\xa8" "a\xef\xbf\xbd&lt;"
                                    "\xe2\x81\xa9\xc2\xa0!");
    check_renders("{{t.nested}}{{t.empty}}", "[Log in]");
    check_renders("{{t.deep1}}", "1234");
}


static void
partials_are_put_in_place(void **state)
{
    (void) state;

    model[NAME] = text("&");
    check_renders("a {{> leaf.html}}b", "a leaf &amp;\nb");
    check_renders("{{>leaf.html }}{{> empty.html}}", "leaf &amp;\n");
    check_renders("{{> p1.html}}", "(1(2(3(4 [Log in]))))");
    check_renders("{{#flag}}{{> leaf.html}}{{/flag}}"
                  "{{^flag}}{{> leaf.html}}{{/flag}}", "leaf &amp;\n");
}


static void
plain_templates_escape_nothing(void **state)
{
    (void) state;

    html.plain = 1;
    check_renders("{{name}} {{t.markup}} {{count}} {{svg}} <x>",
                  "<Ann> & \"Bob\"'s a < b & \"c\" 'd' <b> 7 <svg/> <x>");

    /* Nor does it keep what is no text. */
    model[NAME] = text("a\r\nb\xe2\x80\xae\xc3\xbc\x7f");
    check_renders("{{name}}", "ab\xc3\xbc");
}


static void
a_compiled_template_needs_its_source_no_more(void **state)
{
    char  source[] = "a{{#flag}}b{{name}}{{/flag}}";

    (void) state;

    model[NAME] = text("x");
    (void) compile("");
    assert_int_equal(mfa_html_compile(&html, &env, pool_text("page.html"),
                                      mfa_str_from(source), &error), 0);
    memset(source, 'z', sizeof(source));
    check_page("abx");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(literal_text_is_written_as_it_is),
        TEST(security_52_text_is_escaped_and_markup_of_ours_is_not),
        TEST(security_52_escape_covers_the_five_and_nothing_else),
        TEST(security_52_what_is_hidden_is_shown_as_a_mark),
        TEST(sections_are_shown_for_what_is_there),
        TEST(lists_repeat_and_look_outside_for_what_a_row_lacks),
        TEST(lists_in_lists_see_every_level_around_them),
        TEST(translations_are_escaped_templates),
        TEST(partials_are_put_in_place),
        TEST(plain_templates_escape_nothing),
        TEST(a_compiled_template_needs_its_source_no_more),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("html", tests, NULL, NULL);
}
