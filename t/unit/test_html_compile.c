/*
 * The template compiler has to name the file and line of a mistake while nginx
 * reads its configuration.  Broken, a mistyped template reaches the people who
 * log in, a template can switch escaping off (security 52), or files that
 * include each other end the stack.
 */

#include "html_page.h"


static void
check_refused(const char *source, const char *file, unsigned line,
    const char *why)
{
    assert_int_equal(compile(source), -1);

    assert_non_null(memchr(error.file, '\0', sizeof(error.file)));
    assert_non_null(memchr(error.why, '\0', sizeof(error.why)));

    if (strcmp(error.file, file) != 0 || error.line != line
        || strcmp(error.why, why) != 0)
    {
        fail_msg("\"%s\" gives %s:%u: %s", source, error.file, error.line,
                 error.why);
    }
}


static void
security_52_no_spelling_switches_escaping_off(void **state)
{
    (void) state;

    check_refused("{{{name}}}", "page.html", 1, "unknown name \"{name\"");
    check_refused("{{&name}}", "page.html", 1, "unknown name \"&name\"");
    check_refused("{{=<% %>=}}", "page.html", 1, "unknown name \"=<% %>=\"");
    check_refused("{{name|raw}}", "page.html", 1, "unknown name \"name|raw\"");
}


static void
faults_are_told_with_file_and_line(void **state)
{
    (void) state;

    check_refused("a\nb\n {{nobody}}", "page.html", 3,
                  "unknown name \"nobody\"");
    check_refused("{{}}", "page.html", 1, "unknown name \"\"");
    check_refused("{{ \n }}", "page.html", 1, "unknown name \"\"");
    check_refused("{{nam}}", "page.html", 1, "unknown name \"nam\"");
    check_refused("{{names}}", "page.html", 1, "unknown name \"names\"");
    check_refused("{{Name}}", "page.html", 1, "unknown name \"Name\"");
    check_refused("\n{{#nobody}}{{/nobody}}", "page.html", 2,
                  "unknown name \"nobody\"");
    check_refused("{{#}}{{/}}", "page.html", 1, "unknown name \"\"");
    check_refused("{{na\x01\xffme-that-is-far-too-long-for-one-line}}",
                  "page.html", 1,
                  "unknown name \"na??me-that-is-far-too-long-for-\"");

    check_refused("a\n{{name", "page.html", 2,
                  "a tag is not closed in \"page.html\"");
    check_refused("{{", "page.html", 1,
                  "a tag is not closed in \"page.html\"");
    check_refused("\n\n{{name}", "page.html", 3,
                  "a tag is not closed in \"page.html\"");
    check_refused("{{name}}\n{{! open\n\n", "page.html", 2,
                  "a tag is not closed in \"page.html\"");
    check_refused("{{{", "page.html", 1,
                  "a tag is not closed in \"page.html\"");
    check_refused("{{name\n\n}}\n{{x}}", "page.html", 4,
                  "unknown name \"x\"");
}


static void
sections_have_to_be_closed_in_order_and_where_they_began(void **state)
{
    (void) state;

    check_refused("\n{{#flag}}\n\n", "page.html", 2,
                  "a section is not closed: \"flag\"");
    check_refused("{{^flag}}\n{{#name}}{{/name}}", "page.html", 1,
                  "a section is not closed: \"flag\"");
    check_refused("a\n{{/flag}}", "page.html", 2,
                  "no open section to close with \"flag\"");
    check_refused("{{#flag}}\n{{#name}}\n{{/flag}}{{/name}}", "page.html", 3,
                  "another section has to be closed before \"flag\"");
    check_refused("{{#flag}}{{> close.html}}", "close.html", 3,
                  "no open section to close with \"flag\"");
    check_refused("{{> open.html}}{{/flag}}", "open.html", 2,
                  "a section is not closed: \"flag\"");

    check_refused("{{#flag}}{{#flag}}{{#flag}}{{#flag}}\n"
                  "{{#flag}}{{#flag}}{{#flag}}{{#flag}}\n{{#count}}",
                  "page.html", 3, "sections are nested too deep at \"count\"");
    check_renders("{{#flag}}{{#flag}}{{#flag}}{{#flag}}"
                  "{{#flag}}{{#flag}}{{#flag}}{{#flag}}x"
                  "{{/flag}}{{/flag}}{{/flag}}{{/flag}}"
                  "{{/flag}}{{/flag}}{{/flag}}{{/flag}}", "x");
}


static void
faults_in_partials_and_translations_are_told(void **state)
{
    (void) state;

    check_refused("\n{{> bad.html}}", "bad.html", 2,
                  "unknown name \"nobody\"");
    check_refused("\n\n{{> none.html}}", "page.html", 3,
                  "there is no template file \"none.html\"");
    check_refused("{{>}}", "page.html", 1,
                  "there is no template file \"\"");
    check_refused("{{> p0.html}}", "p3.html", 1,
                  "files include files too deep at \"p4.html\"");
    check_refused("{{> self.html}}", "self.html", 1,
                  "files include files too deep at \"self.html\"");

    check_refused("\n{{t.nothing}}", "page.html", 2,
                  "there is no translation of \"nothing\"");
    check_refused("{{t.}}", "page.html", 1,
                  "there is no translation of \"\"");
    check_refused("{{t.missing}}", "page.html", 1,
                  "there is no translation of \"nothing\""
                  " in the translation of \"missing\"");
    check_refused("a\n{{t.unknown}}", "page.html", 2,
                  "unknown name \"nobody\" in the translation of \"unknown\"");
    check_refused("{{t.unclosed}}", "page.html", 1,
                  "a section is not closed: \"flag\""
                  " in the translation of \"unclosed\"");
    check_refused("{{#flag}}\n{{t.closes}}", "page.html", 2,
                  "no open section to close with \"flag\""
                  " in the translation of \"closes\"");
    check_refused("{{t.includes}}", "page.html", 1,
                  "a translation cannot include \"leaf.html\""
                  " in the translation of \"includes\"");
    check_refused("{{t.loop}}", "page.html", 1,
                  "translations use each other too deep at \"loop\""
                  " in the translation of \"loop\"");
    check_refused("{{t.deep0}}", "page.html", 1,
                  "translations use each other too deep at \"deep4\""
                  " in the translation of \"deep3\"");
}


static void
environments_without_partials_or_translations_refuse_them(void **state)
{
    mfa_html_env_t  bare = { names, N_NAMES, NULL, NULL, NULL };

    (void) state;

    (void) compile("");
    assert_int_equal(mfa_html_compile(&html, &bare, pool_text("p"),
                                      pool_text("{{> a}}"), &error), -1);
    assert_int_equal(mfa_html_compile(&html, &bare, pool_text("p"),
                                      pool_text("{{t.a}}"), &error), -1);
}


static void
long_file_names_and_keys_fit_into_an_error(void **state)
{
    char    source[400], file[300];
    size_t  i;

    (void) state;

    (void) compile("");
    memset(file, 'f', sizeof(file));
    memset(source, 'x', sizeof(source));
    memcpy(source, "{{", 2);
    memcpy(source + sizeof(source) - 2, "}}", 2);

    assert_int_equal(mfa_html_compile(&html, &env,
                                      pool_bytes(file, sizeof(file)),
                                      pool_bytes(source, sizeof(source)),
                                      &error), -1);
    assert_int_equal(strlen(error.file), sizeof(error.file) - 1);

    for (i = 0; i < sizeof(error.file) - 1; i++) {
        assert_int_equal(error.file[i], 'f');
    }

    assert_string_equal(error.why,
                        "unknown name \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"");
}


static void
too_little_memory_is_an_error_of_the_compiler(void **state)
{
    size_t      cap;
    const char  source[] = "ab{{name}}{{#flag}}cd{{/flag}}\n{{t.markup}}";

    (void) state;

    assert_int_equal(compile(source), 0);
    assert_int_equal(html.n, 6);

    for (cap = 0; cap < 6; cap++) {
        texts = pool_buf(256);
        html.cap = cap;
        assert_int_equal(mfa_html_compile(&html, &env, pool_text("page.html"),
                                          pool_text(source), &error), -1);
        assert_non_null(strstr(error.why, "too many parts"));
        assert_string_equal(error.file, "page.html");
    }

    html.cap = 6;

    for (cap = 0; cap < 5 + 50; cap++) {
        texts = pool_buf(cap);
        assert_int_equal(mfa_html_compile(&html, &env, pool_text("page.html"),
                                          pool_text(source), &error), -1);
        assert_non_null(strstr(error.why, "no room for the texts"));
    }

    texts = pool_buf(cap);
    assert_int_equal(mfa_html_compile(&html, &env, pool_text("page.html"),
                                      pool_text(source), &error), 0);
}


static void
templates_cut_off_anywhere_compile_or_say_why(void **state)
{
    size_t      len;
    mfa_str_t   source;
    const char  whole[] = "<p>{{#flag}}{{name}}{{/flag}}{{^flag}}{{t.value}}"
                          "{{/flag}}{{> p1.html}}{{! x }}{{#rows}}{{other}}"
                          "{{/rows}}</p>";

    (void) state;

    for (len = 0; len < sizeof(whole); len++) {
        (void) compile("");
        source = pool_bytes(whole, len);
        error.line = 0;

        if (mfa_html_compile(&html, &env, pool_text("page.html"), source,
                             &error) != 0)
        {
            assert_int_equal(error.line, 1);
            assert_string_equal(error.file, "page.html");
            continue;
        }

        (void) mfa_html_length(&html, model);
    }

    assert_int_equal(compile(whole), 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(security_52_no_spelling_switches_escaping_off),
        TEST(faults_are_told_with_file_and_line),
        TEST(sections_have_to_be_closed_in_order_and_where_they_began),
        TEST(faults_in_partials_and_translations_are_told),
        TEST(environments_without_partials_or_translations_refuse_them),
        TEST(long_file_names_and_keys_fit_into_an_error),
        TEST(too_little_memory_is_an_error_of_the_compiler),
        TEST(templates_cut_off_anywhere_compile_or_say_why),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("html_compile", tests, NULL, NULL);
}
