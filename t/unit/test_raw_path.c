/*
 * Paths that nginx and an upstream may read differently (security 65).  Broken,
 * a request to an ungated location reaches gated content behind the same
 * upstream, one to a gated location content behind a stricter gate, or ordinary
 * paths are refused.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/raw_path.h"
#include "exact.h"


#define PUB  "/pub/"


/* Whether a reading of the target is not below prefix. */
static int
leads_off(const char *target, const char *prefix)
{
    int             off, rc;
    exact_t         copy;
    mfa_str_t       path;
    mfa_raw_path_t  raw;

    off = 0;
    copy = exact_copy(mfa_str_from(target));
    assert_int_equal(mfa_raw_path_begin(&raw, copy.s), 0);

    while ((rc = mfa_raw_path_next(&raw, &path)) == 1) {
        assert_true(path.len != 0 && path.data[0] == '/');
        off |= path.len < strlen(prefix)
               || memcmp(path.data, prefix, strlen(prefix)) != 0;
    }

    assert_int_equal(rc, 0);

    /* Nobody looks at the readings of such a one. */
    if (off) {
        assert_false(mfa_raw_path_plain(copy.s));
    }

    exact_free(copy);

    return off;
}


/* How many readings there are, and whether one of them is path. */
static unsigned
count(const char *target, const char *reading, int *found)
{
    unsigned        n;
    int             rc;
    mfa_str_t       path;
    mfa_raw_path_t  raw;

    n = 0;
    *found = 0;
    assert_int_equal(mfa_raw_path_begin(&raw, mfa_str_from(target)), 0);

    while ((rc = mfa_raw_path_next(&raw, &path)) == 1) {
        *found |= mfa_str_is(path, reading);
        n++;
    }

    assert_int_equal(rc, 0);

    return n;
}


static void
security_65_paths_with_two_meanings_are_told(void **state)
{
    size_t  i;

    static const char *const  bad[] = {
        "/pub/..;/admin", "/pub/..;x=1/admin", "/pub/..%3b/admin",
        "/pub/..%5cadmin", "/pub/..\\admin", "/pub/%2e%2e%5cadmin",
        "/pub/..%252fadmin", "/pub/..%255cadmin", "/pub/..%25252fadmin",
        "/pub/%252e%252e/admin", "/pub/x%2f..%2f..%3b/admin",
        "/pub/..%253b/admin", "/pub/a/..;/..;/admin", "/pub/..%00/admin",
        "/..;", "/pub/%2e%2e;a/b", "/pub\\..\\admin",

        /* As many ".." for all, but not of the same segments. */
        "/pub/;x/../admin", "/pub/;/../admin", "/pub/.;x/../admin",
        "/pub/.;/..", "/pub/%5c/../admin", "/pub/.%5c/../admin",
        "/pub/%252e/../admin", "/pub/%252f/../admin", "/pub/%3b/../admin",
        "/pub/#/../../admin", "/pub/%2523/../../admin",
        "/pub/a;/b;/../../;/../admin",

        /* Cut off before it is decoded, resolved before or after. */
        "/pub/;x/..%2f%2e%2e/;y..%2fadmin", "/pub/..;%2fpub/x",
        "/x/../pub%2f..%2f../pub/x", "/pub/x;%2f../%2e./%2e./admin",

        /* Not resolved by all, or not before empty segments are dropped. */
        "/admin/../pub/x", "/admin/..%2fpub/x", "/admin/%2e%2e/pub/x",
        "/admin/x//../../pub/x", "/admin/.%2e/pub/x",

        /* Another place without any "..". */
        "/;x/admin", "//pub/x", "/admin;x/pub/", "/%5cadmin", "/%2561dmin"
    };

    (void) state;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (!leads_off(bad[i], PUB)) {
            fail_msg("\"%s\" was taken", bad[i]);
        }
    }
}


static void
ordinary_paths_are_left_alone(void **state)
{
    size_t  i;

    static const char *const  good[] = {
        "/pub/", "/pub/x", "/pub/./y", "/pub/x/../y", "/pub/x//y",
        "/pub/a;v=1/b", "/pub/a;b=..", "/pub/100%25", "/pub/a%2fb",
        "/pub/a\\b", "/pub/a..b;c", "/pub/...;/x", "/pub/%zz", "/pub/%",
        "/pub/%2", "/%70ub/x", "/pub/%E4%BD%A0/;a", "/pub/.;/x",
        "/pub/.well-known/x", "/pub/a%252fb", "/pub/x;jsessionid=1"
    };

    (void) state;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (leads_off(good[i], PUB)) {
            fail_msg("\"%s\" was refused", good[i]);
        }
    }
}


static void
what_all_read_alike_is_plain(void **state)
{
    size_t  i;

    static const char *const  plain[] = {
        "", "/", "*", "/pub/x.css", "/a..b", "/a.", "/%20%E4%BD%A0/x", "/%zz",
        "/%", "/%2", "/a/b/", "/a%2x"
    };
    static const char *const  others[] = {
        "/a/./b", "/a/..", "/.a", "/a//b", "//a", "/a;b", "/a\\b", "/a#b",
        "/%2f", "/%2F", "/%5c", "/%3b", "/%2e", "/%25", "/%00", "/%3f", "/%23"
    };

    (void) state;

    for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        if (!mfa_raw_path_plain(mfa_str_from(plain[i]))) {
            fail_msg("\"%s\" is plain", plain[i]);
        }
    }

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (mfa_raw_path_plain(mfa_str_from(others[i]))) {
            fail_msg("\"%s\" is not plain", others[i]);
        }
    }
}


static void
each_reading_is_given(void **state)
{
    size_t    i;
    int       found;
    unsigned  n;

    static const struct { const char *target, *reading; }  cases[] = {
        { "", "/" }, { "/", "/" }, { "*", "/*" }, { "\\a", "/a" },
        { "/a/../b", "/b" }, { "/a/../b", "/a/../b" }, { "/../../b", "/b" },
        { "/a/..", "/" }, { "/a/.", "/a/" }, { "/a/b/..", "/a/" },
        { "/a//../b", "/b" }, { "/a//../b", "/a/b" }, { "/a//b", "/a//b" },
        { "/a%2fb", "/a%2fb" }, { "/a%2fb", "/a/b" }, { "/a%2Fb", "/a/b" },
        { "/a%252fb", "/a%2fb" }, { "/a%25252fb", "/a/b" },
        { "/a;x/b", "/a/b" }, { "/a;x/b", "/a;x/b" }, { "/;x/b", "/b" },
        { "/\\\\b", "///b" }, { "/a%3bx/b", "/a/b" }, { "/a\\b", "/a/b" },
        { "/a?b", "/a" }, { "/a%3fb", "/a?b" }, { "/a#/b", "/a" },
        { "/a%2500/b", "/a" }, { "/%c3%b6%2f", "/\xc3\xb6%2f" },
        { "/a/", "/a/" }, { "/a/;x", "/a/" }, { "/a/;x", "/a/;x" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        n = count(cases[i].target, cases[i].reading, &found);

        if (!found || n > 6) {
            fail_msg("\"%s\" is not read as \"%s\" (%u readings)",
                     cases[i].target, cases[i].reading, n);
        }
    }

    /* Each but once. */
    assert_int_equal(count("/a/b", "/a/b", &found), 1);
    assert_int_equal(count("/%c3%b6", "/\xc3\xb6", &found), 1);
    assert_int_equal(count("/a;b", "/a", &found), 2);
    assert_int_equal(count("/a%2fb", "/a/b", &found), 2);
    assert_int_equal(count("/a;b%2fc", "/a/c", &found), 4);
}


static void
a_path_may_be_long_and_have_many_readings(void **state)
{
    int             rc;
    size_t          i, n, len, sum;
    uint8_t         text[MFA_RAW_PATH_MAX + 1];
    exact_t         copy;
    mfa_str_t       path;
    mfa_raw_path_t  raw;

    static const struct { const char *fill; int rc; }  cases[] = {
        { "a", 0 }, { "/", 0 }, { "/.", 0 }, { "a%2f", 0 }, { "a;", 0 },
        { "%25", 0 }, { "/a;b\\c%252f.%3f/./..//", -1 }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        len = strlen(cases[i].fill);

        for (n = 0; n < sizeof(text); n++) {
            text[n] = (uint8_t) cases[i].fill[n % len];
        }

        assert_int_equal(mfa_raw_path_begin(&raw,
                             (mfa_str_t) { text, sizeof(text) }), -1);
        copy = exact_copy((mfa_str_t) { text, MFA_RAW_PATH_MAX });
        assert_int_equal(mfa_raw_path_begin(&raw, copy.s), 0);
        exact_free(copy);
        sum = 0;

        while ((rc = mfa_raw_path_next(&raw, &path)) == 1) {
            sum += path.len;
        }

        assert_true(sum <= MFA_RAW_PATH_ROOM && raw.n <= MFA_RAW_PATH_N);

        if (rc != cases[i].rc) {
            fail_msg("\"%s\": %d", cases[i].fill, rc);
        }
    }

    /* Short, but of more readings than there is room for. */
    assert_int_equal(mfa_raw_path_begin(&raw, mfa_str_from(
        "/a;b%3bc%253bd/..%2f%252e%252e%5cx%255c;y/%2e/%252e//%3f%23%2523")), 0);

    do {
        rc = mfa_raw_path_next(&raw, &path);
    } while (rc == 1);

    assert_int_equal(rc, -1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(security_65_paths_with_two_meanings_are_told),
        cmocka_unit_test(ordinary_paths_are_left_alone),
        cmocka_unit_test(what_all_read_alike_is_plain),
        cmocka_unit_test(each_reading_is_given),
        cmocka_unit_test(a_path_may_be_long_and_have_many_readings)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("raw_path", tests, NULL, NULL);
}
