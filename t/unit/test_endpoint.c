/*
 * The parameters of mfa_redis: what is taken, and that a typing error is told
 * and never read as something else.  When this breaks, a worker talks to the
 * wrong database or waits for an answer for minutes.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/endpoint.h"
#include "exact_pool.h"


static uint8_t    room[512];
static mfa_buf_t  why;


static int
teardown(void **state)
{
    (void) state;
    pool_free();

    return 0;
}


/* mfa_redis with the words of a line. */
static int
set(mfa_endpoint_t *endpoint, const char *line)
{
    size_t     n;
    mfa_str_t  argv[9], rest;

    argv[0] = pool_text("mfa_redis");
    n = 1;

    for (rest = mfa_str_from(line); rest.len; n++) {
        mfa_str_cut(rest, ' ', &argv[n], &rest);
        argv[n] = pool_bytes(argv[n].data, argv[n].len);
    }

    mfa_buf_init(&why, room, sizeof(room));
    mfa_endpoint_init(endpoint);

    return mfa_endpoint_set(endpoint, argv, n, &why);
}


static void
without_a_directive_it_is_the_redis_here(void **state)
{
    mfa_endpoint_t  e;

    (void) state;

    memset(&e, 0xaa, sizeof(e));
    mfa_endpoint_init(&e);
    assert_true(mfa_str_is(e.address, "127.0.0.1:6379"));
    assert_int_equal(e.user.len, 0);
    assert_int_equal(e.password_file.len, 0);
    assert_int_equal(e.db, 0);
    assert_int_equal(e.timeout_msec, 250);
}


static void
every_parameter_is_taken(void **state)
{
    mfa_endpoint_t  e;

    (void) state;

    assert_int_equal(set(&e, "unix:/run/redis.sock db=9999 user=mfa "
                         "password_file=/etc/p=w timeout=2s"), 0);
    assert_true(mfa_str_is(e.address, "unix:/run/redis.sock"));
    assert_int_equal(e.db, 9999);
    assert_true(mfa_str_is(e.user, "mfa"));
    assert_true(mfa_str_is(e.password_file, "/etc/p=w"));
    assert_int_equal(e.timeout_msec, 2000);
    assert_int_equal(why.len, 0);

    assert_int_equal(set(&e, "[::1]:6380 db=0 password_file=f"), 0);
    assert_true(mfa_str_is(e.address, "[::1]:6380"));
    assert_int_equal(e.timeout_msec, 250);
}


static void
timeouts_have_a_unit_and_limits(void **state)
{
    size_t          i;
    mfa_endpoint_t  e;

    static const struct {
        const char  *line;
        int64_t      msec;                  /* -1: refused */
    } cases[] = {
        { "h:1 timeout=10ms", 10 }, { "h:1 timeout=60000ms", 60000 },
        { "h:1 timeout=1s", 1000 }, { "h:1 timeout=60s", 60000 },
        { "h:1 timeout=9ms", -1 }, { "h:1 timeout=60001ms", -1 },
        { "h:1 timeout=61s", -1 }, { "h:1 timeout=0s", -1 },
        { "h:1 timeout=250", -1 }, { "h:1 timeout=s", -1 },
        { "h:1 timeout=ms", -1 }, { "h:1 timeout=-1s", -1 },
        { "h:1 timeout=1m", -1 }, { "h:1 timeout=1.5s", -1 },
        { "h:1 timeout=9223372036854775807s", -1 },
        { "h:1 timeout=99999999999999999999ms", -1 }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(set(&e, cases[i].line),
                         cases[i].msec < 0 ? -1 : 0);

        if (cases[i].msec >= 0) {
            assert_int_equal(e.timeout_msec, cases[i].msec);
        } else {
            assert_true(why.len > 0);
        }
    }
}


static void
what_is_wrong_is_told(void **state)
{
    size_t          i;
    mfa_endpoint_t  e;

    static const struct {
        const char  *line;
        const char  *why;
    } cases[] = {
        { "", "an address is missing" },
        { "h:1 db", "invalid parameter \"db\"" },
        { "h:1 db=", "invalid parameter \"db=\"" },
        { "h:1 =1", "unknown parameter \"=1\"" },
        { "h:1 db=x", "invalid database number \"x\"" },
        { "h:1 db=-1", "invalid database number \"-1\"" },
        { "h:1 db=10000", "invalid database number \"10000\"" },
        { "h:1 timeout=9ms", "invalid timeout \"9ms\", it must be 10ms to 60s" },
        { "h:1 DB=1", "unknown parameter \"DB=1\"" },
        { "h:1 password=x", "unknown parameter \"password=x\"" },
        { "h:1 user=", "invalid parameter \"user=\"" },
        { "h:1 user=mfa", "user= needs password_file=" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(set(&e, cases[i].line), -1);
        assert_true(buf_is(&why, cases[i].why));
    }
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_teardown(t, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(without_a_directive_it_is_the_redis_here),
        TEST(every_parameter_is_taken),
        TEST(timeouts_have_a_unit_and_limits),
        TEST(what_is_wrong_is_told)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}
