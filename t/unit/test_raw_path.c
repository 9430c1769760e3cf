/*
 * Paths that nginx and an upstream may read differently (security 65).  Broken,
 * a request to an ungated location reaches gated content behind the same
 * upstream, or ordinary paths are refused.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/raw_path.h"
#include "exact.h"


static int
ambiguous(const char *target)
{
    int      answer;
    exact_t  copy;

    copy = exact_copy(mfa_str_from(target));
    answer = mfa_raw_path_ambiguous(copy.s);
    exact_free(copy);

    return answer;
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
        "/pub/..%253b/admin", "/pub/a/..;/..;/admin?x=1", "/pub/..%00/admin",
        "/..;", "/pub/%2e%2e;a/b", "/pub\\..\\admin"
    };

    (void) state;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (!ambiguous(bad[i])) {
            fail_msg("\"%s\" was taken", bad[i]);
        }
    }
}


static void
ordinary_paths_are_left_alone(void **state)
{
    size_t  i;

    static const char *const  good[] = {
        "", "/", "/pub/x", "/pub/../y", "/pub/%2e%2e/y", "/pub/..%2fy",
        "/pub/a;v=1/b", "/pub/a;b=..", "/pub/100%25", "/pub/a%2fb", "/a\\b",
        "/pub/a..b;c", "/pub/...;/x", "/pub/%zz", "/pub/%", "/pub/%2",
        "/pub/x?next=/..;/", "/pub/x?a=..%5c", "/%E4%BD%A0/;a", "/pub/.;/x"
    };

    (void) state;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (ambiguous(good[i])) {
            fail_msg("\"%s\" was refused", good[i]);
        }
    }
}


static void
what_is_too_long_to_look_at_is_ambiguous(void **state)
{
    uint8_t    text[MFA_RAW_PATH_MAX + 1];
    mfa_str_t  target;

    (void) state;

    memset(text, 'a', sizeof(text));
    target = (mfa_str_t) { text, sizeof(text) };
    assert_int_equal(mfa_raw_path_ambiguous(target), 0);

    text[9] = '%';
    assert_int_equal(mfa_raw_path_ambiguous(target), 1);

    target.len--;
    assert_int_equal(mfa_raw_path_ambiguous(target), 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(security_65_paths_with_two_meanings_are_told),
        cmocka_unit_test(ordinary_paths_are_left_alone),
        cmocka_unit_test(what_is_too_long_to_look_at_is_ambiguous)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("raw_path", tests, NULL, NULL);
}
