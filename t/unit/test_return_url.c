/*
 * Whoever can write the return URL can send people who just logged in to a page
 * that looks like ours (security 51).  An accepted line has to stay on the host
 * for a browser (url_origin.h is written from the standard, not from the code
 * under test) as it stands and after up to three decodings, because somebody on
 * the way may decode.
 *
 * MFA_REDIRECT_LISTS may name further payload files, separated by colons.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "core/return_url.h"
#include "exact_pool.h"
#include "url_origin.h"


static int
clean(void **state)
{
    (void) state;
    pool_free();

    return 0;
}


static int
check_bytes(const void *url, size_t len)
{
    int        answer;
    mfa_str_t  s = pool_bytes(url, len);

    answer = mfa_return_url_check(s);
    assert_true(answer == 0 || answer == 1);

    return answer;
}


static int
check(const char *url)
{
    return check_bytes(url, strlen(url));
}


static void
assert_stays(const void *url, size_t len)
{
    size_t    i, n = len;
    uint8_t   buf[ORIGIN_URL_MAX];
    unsigned  round;

    assert_true(len != 0 && len <= sizeof(buf));
    memcpy(buf, url, len);

    /* as it stands nothing may end the header line or start another */
    for (i = 0; i < len; i++) {
        assert_true(buf[i] > ' ' && buf[i] < 0x7f);
    }

    for (round = 0; round <= 3; round++) {
        if (!origin_stays(buf, n)) {
            fail_msg("\"%.*s\" leaves the host after %u decodings", (int) len,
                     (const char *) url, round);
        }

        n = origin_decode(buf, n);
    }
}


static void
the_oracle_itself_knows_where_browsers_go(void **state)
{
    size_t                    i;
    static const char *const  away[] = {
        "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil",
        "\\/evil.example", "/\t/evil.example", "\n//evil", " //evil",
        "https://our.host", "http://evil", "http:///evil", "http:/\\evil",
        "javascript:alert(1)", "JaVa\tScript:x", "mailto:a", "//our.host@evil",
        "//evil\\@our.host", "//evil#our.host", "http://our.host.evil/",
        "data:,x", "//our.host%2eevil", "//our.host:8080", "ht\ntp://evil",
    };
    static const char *const  home[] = {
        "", "/", "a", "/a//b", "//our.host/", "http://our.host/x", "http:/x",
        "http:x", "http:\\evil://", "//x@our.host/", "//OUR.ho%73t",
        "/http://evil", "?//evil", "#//evil", "/a\\b", ":", "1a:b",
        "/%2fevil", "\x01/a",
    };

    (void) state;

    for (i = 0; i < sizeof(away) / sizeof(away[0]); i++) {
        if (origin_stays((const uint8_t *) away[i], strlen(away[i]))) {
            fail_msg("oracle: \"%s\" stays", away[i]);
        }
    }

    for (i = 0; i < sizeof(home) / sizeof(home[0]); i++) {
        if (!origin_stays((const uint8_t *) home[i], strlen(home[i]))) {
            fail_msg("oracle: \"%s\" leaves", home[i]);
        }
    }
}


static const char *const  payloads[] = {
    /* no path on our host at all */
    "evil.example", "http://evil.example", "https://our.host/",
    "HTTP://evil.example", "http:evil.example", "javascript:alert(1)",
    "data:text/html,x", "?next=/", "#", "\\", "..", ".", "%2f", "%2f%2fevil",
    "a/b", "~/", ";/evil", " /", "\t/", "\n/a",
    /* another host */
    "//evil.example", "///evil.example", "////evil.example", "//",
    "//our.host@evil.example", "//evil.example/..", "/%2fevil.example",
    "/%2Fevil.example", "/%2f/evil.example", "//%2fevil.example",
    "/.//evil.example", "/a/..//evil.example", "/a//", "/a//b",
    "/%252fevil.example", "/%25252fevil.example", "/%25%32%66evil.example",
    "/%%32%66evil.example", "/%2e%2f%2fevil.example",
    /* a backslash is a slash to a browser */
    "/\\evil.example", "/\\/evil.example", "\\\\evil.example", "\\/evil",
    "/%5cevil.example", "/%5Cevil.example", "/%255cevil.example",
    "/%25255cevil.example", "/a/%5c%5cevil.example", "/a\\b", "/a?b=\\",
    "/a?b=%5c", "/?%5C", "/%2f%5c%2fevil.example",
    /* bytes a browser drops, and ends of a header line */
    "/\t/evil.example", "/%09/evil.example", "/\n/evil", "/%0a/evil",
    "/\r\nLocation:http://evil/", "/%0d%0aSet-Cookie:x=y", "/a%0d%0a",
    "/a?b%0d%0aX:y", "/a?b=%00", "/%00/evil", "/a%7fb", "/a\x7f", "/\x01",
    "/%2509/evil", "/%250d%250aX:y", "/a%1fb", "/a b", "/a ", "/ /evil",
    "/a?b c", "/a?b\t",
    /* users and schemes */
    "/@evil.example", "/a@evil.example", "/%40evil.example",
    "/a/b@evil.example/", "/%2540evil.example", "/:@evil", "/http:/evil",
    "/http://evil.example", "/javascript:alert(1)", "/https:evil.example",
    "/javascript%3aalert(1)", "/x%253ay", "/a:b", "/:", "/:/a", "/a:b/c",
    /* bad escapes */
    "/%", "/%2", "/%zz", "/a%2", "/%u002f", "/%-1", "/a?b=%", "/a?b=%g0",
    /* fragments and bytes beyond ASCII */
    "/#", "/a#b", "/a?b#c", "/\xe3\x80\xb1" "evil.example", "/\xc0\xaf" "evil",
    "/caf\xc3\xa9", "/a?b=\xff",
};


static void
security_51_payloads_are_refused(void **state)
{
    size_t  i;

    (void) state;

    for (i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
        if (check(payloads[i])) {
            fail_msg("\"%s\" is accepted", payloads[i]);
        }
    }

    assert_int_equal(check_bytes("/a\0b", 4), 0);
    assert_int_equal(check_bytes("/a\0", 3), 0);
    assert_int_equal(check_bytes("", 0), 0);
    assert_int_equal(mfa_return_url_check(mfa_str_from(NULL)), 0);
}


static void
paths_of_our_own_are_accepted(void **state)
{
    size_t                    i;
    static const char *const  urls[] = {
        "/", "/a", "/a/", "/a/b?x=1&u=http://x/", "/reports/2024-01-01/",
        "/a%20b", "/caf%C3%A9", "/caf%e9", "/a/b/c.html", "/?", "/?a", "/?a=b",
        "/?next=//evil.example", "/?u=https://evil.example/a@b:1",
        "/a?u=%2f%2fevil.example", "/a?q=%40%3a%23", "/a?a?b?c",
        "/wiki/Talk:Page", "/a/b:c/d", "/a/10:30", "/~user/", "/a;v=1/b",
        "/a.b,c(d)'e'!$&*+=-_", "/100%25", "/100%25/x", "/a%3fb", "/a%23b",
        "/%61%62", "/%2561", "/..", "/../a", "/a/../b", "/a/./b", "/.well/x",
        "/%2e%2e/a", "/a?<b>\"{}|^`", "/a?x=1%2B1", "/a%252520b",
        "/mfa/security", "/a?x=%25%35%63", "/%252525255c",
    };

    (void) state;

    for (i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        if (!check(urls[i])) {
            fail_msg("\"%s\" is refused", urls[i]);
        }

        assert_stays(urls[i], strlen(urls[i]));
    }
}


static void
length_has_a_limit(void **state)
{
    char  url[MFA_RETURN_URL_MAX + 1];

    (void) state;

    memset(url, 'a', sizeof(url));
    url[0] = '/';

    assert_int_equal(check_bytes(url, sizeof(url) - 1), 1);
    assert_int_equal(check_bytes(url, sizeof(url)), 0);

    /* the last byte counts */
    url[sizeof(url) - 2] = '@';
    assert_int_equal(check_bytes(url, sizeof(url) - 1), 0);
    url[sizeof(url) - 2] = '%';
    assert_int_equal(check_bytes(url, sizeof(url) - 1), 0);
}


static void
urls_cut_off_anywhere_stay_if_accepted(void **state)
{
    size_t  i, len;

    (void) state;

    for (i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
        for (len = 0; len <= strlen(payloads[i]); len++) {
            if (check_bytes(payloads[i], len)) {
                assert_stays(payloads[i], len);
            }
        }
    }
}


/* Every short text over the bytes that matter. */
static void
security_51_no_short_text_leaves_the_host(void **state)
{
    size_t      i, n, len, rest;
    char        url[5];
    mfa_str_t   s = { (const uint8_t *) url, 0 };
    const char  bytes[] = "/\\%25cf:@?\t#a.";

    (void) state;

    for (len = 1, n = 14; len <= sizeof(url); len++, n *= 14) {
        for (i = 0; i < n; i++) {
            for (s.len = 0, rest = i; s.len < len; s.len++, rest /= 14) {
                url[s.len] = bytes[rest % 14];
            }

            if (mfa_return_url_check(s)) {
                assert_stays(url, len);
            }
        }
    }
}


static void
decide_list(const char *name)
{
    size_t  len, lines = 0, accepted = 0;
    char    line[ORIGIN_URL_MAX];
    FILE   *list = fopen(name, "rb");

    if (list == NULL) {
        fail_msg("cannot open %s", name);
        return;
    }

    while (fgets(line, sizeof(line), list)) {
        len = strcspn(line, "\n");
        lines++;

        if (check_bytes(line, len)) {
            accepted++;
            assert_stays(line, len);
        }

        pool_free();
    }

    fclose(list);
    print_message("# %s: %zu lines, %zu accepted\n", name, lines, accepted);
    assert_true(lines != 0);
}


static void
security_51_published_lists_stay_on_the_host(void **state)
{
    size_t       len;
    char         name[4096];
    const char  *lists = getenv("MFA_REDIRECT_LISTS");

    (void) state;

    /* cmocka writes a skipped test as "not ok", which prove counts as failed */
    if (lists == NULL || *lists == '\0') {
        print_message("# MFA_REDIRECT_LISTS names no lists\n");
        return;
    }

    while (*lists) {
        len = strcspn(lists, ":");
        assert_true(len < sizeof(name));
        memcpy(name, lists, len);
        name[len] = '\0';

        if (len != 0) {
            decide_list(name);
        }

        lists += len + (lists[len] == ':');
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(the_oracle_itself_knows_where_browsers_go),
        cmocka_unit_test_teardown(security_51_payloads_are_refused, clean),
        cmocka_unit_test_teardown(paths_of_our_own_are_accepted, clean),
        cmocka_unit_test_teardown(length_has_a_limit, clean),
        cmocka_unit_test_teardown(
            urls_cut_off_anywhere_stay_if_accepted, clean),
        cmocka_unit_test(security_51_no_short_text_leaves_the_host),
        cmocka_unit_test_teardown(
            security_51_published_lists_stay_on_the_host, clean),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("return_url", tests, NULL, NULL);
}
