/*
 * What is counted, as Prometheus reads it.  Broken, a monitor takes a number for
 * another one's, a histogram that goes down for a fault of its own, or a portal's
 * name for a label more; or a text is cut in its middle.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/meter.h"

#define PORTALS  2

static uint64_t  n[MFA_METER_PORTALS + PORTALS * MFA_METER_PORTAL_N];
static char     *text;


static mfa_meter_told_t
told_of(const mfa_str_t *portals)
{
    mfa_meter_told_t  told;

    told.version = "1.2.3";
    told.n = n;
    told.portals = portals;
    told.n_portals = PORTALS;
    told.store = 1;
    told.skew_usec = 0;

    return told;
}


/* The text of what was counted, which must fit in what it says it needs. */
static const char *
written(const mfa_meter_told_t *told)
{
    size_t     max;
    mfa_buf_t  out;

    max = mfa_meter_text_max(told);
    free(text);
    text = malloc(max + 1);
    assert_non_null(text);
    mfa_buf_init(&out, (uint8_t *) text, max);
    mfa_meter_text(&out, told);
    assert_false(out.failed);
    text[out.len] = '\0';

    return text;
}


static void
has(const char *line)
{
    if (strstr(text, line) == NULL) {
        fail_msg("no \"%s\"", line);
    }
}


static int
tear_down(void **state)
{
    (void) state;
    free(text);
    text = NULL;
    memset(n, 0, sizeof(n));

    return 0;
}


static void
a_duration_counts_where_it_is_not_above_the_bound(void **state)
{
    (void) state;
    assert_int_equal(mfa_meter_time(MFA_METER_STORE_TIME, 0),
                     MFA_METER_STORE_TIME);
    assert_int_equal(mfa_meter_time(MFA_METER_STORE_TIME, 500),
                     MFA_METER_STORE_TIME);
    assert_int_equal(mfa_meter_time(MFA_METER_STORE_TIME, 501),
                     MFA_METER_STORE_TIME + 1);
    assert_int_equal(mfa_meter_time(MFA_METER_STORE_TIME, 1000001),
                     MFA_METER_STORE_TIME + MFA_METER_BOUNDS);
    assert_int_equal(mfa_meter_time(MFA_METER_HASH_TIME, 10000),
                     MFA_METER_HASH_TIME);
    assert_int_equal(mfa_meter_time(MFA_METER_HASH_TIME, 10001),
                     MFA_METER_HASH_TIME + 1);
    assert_int_equal(mfa_meter_time(MFA_METER_HASH_TIME, UINT64_MAX),
                     MFA_METER_HASH_TIME + MFA_METER_BOUNDS);
}


static void
a_histogram_is_added_up_from_below(void **state)
{
    mfa_str_t         portals[] = { mfa_lit("user"), mfa_lit("admin") };
    mfa_meter_told_t  told;

    (void) state;
    told = told_of(portals);
    n[mfa_meter_time(MFA_METER_STORE_TIME, 400)] = 3;
    n[mfa_meter_time(MFA_METER_STORE_TIME, 700)] = 2;
    n[mfa_meter_time(MFA_METER_STORE_TIME, 9000000)] = 1;
    n[MFA_METER_STORE_TIME + MFA_METER_BOUNDS + 1] = 9002600;
    written(&told);

    has("\n# TYPE mfa_store_call_seconds histogram\n"
        "mfa_store_call_seconds_bucket{le=\"0.0005\"} 3\n"
        "mfa_store_call_seconds_bucket{le=\"0.001\"} 5\n"
        "mfa_store_call_seconds_bucket{le=\"0.0025\"} 5\n");
    has("mfa_store_call_seconds_bucket{le=\"1\"} 5\n"
        "mfa_store_call_seconds_bucket{le=\"+Inf\"} 6\n"
        "mfa_store_call_seconds_sum 9.002600\n"
        "mfa_store_call_seconds_count 6\n");
    has("mfa_hash_seconds_bucket{le=\"10\"} 0\n"
        "mfa_hash_seconds_bucket{le=\"+Inf\"} 0\n"
        "mfa_hash_seconds_sum 0.000000\n");
}


static void
each_number_has_its_place(void **state)
{
    size_t            i;
    mfa_str_t         portals[] = { mfa_lit("user"), mfa_lit("admin") };
    mfa_meter_told_t  told;

    (void) state;
    assert_int_equal(mfa_meter_length(PORTALS), sizeof(n) / sizeof(n[0]));

    for (i = 0; i < sizeof(n) / sizeof(n[0]); i++) {
        n[i] = i + 1;
    }

    told = told_of(portals);
    written(&told);

    has("mfa_build_info{version=\"1.2.3\"} 1\n");
    has("\nmfa_cache_hits_total 1\n");
    has("\nmfa_store_calls_total{result=\"ok\"} 6\n"
        "mfa_store_calls_total{result=\"failed\"} 7\n");

    i = MFA_METER_PORTALS + MFA_METER_PORTAL_N;
    n[i + mfa_meter_verdict(MFA_VERDICT_LOCKED, 1)] = 777001;
    n[i + mfa_meter_trying(MFA_TRYING_CODE, MFA_OUTCOME_LIMITED)] = 777002;
    written(&told);
    has("\nmfa_verdicts_total{portal=\"admin\",verdict=\"locked\",report=\"1\"}"
        " 777001\n");
    has("\nmfa_attempts_total{portal=\"admin\",kind=\"code\","
        "result=\"limited\"} 777002\n");
    assert_null(strstr(strstr(text, "777001") + 1, "777001"));
    assert_null(strstr(strstr(text, "777002") + 1, "777002"));
}


static void
a_store_that_is_away_has_no_clock(void **state)
{
    mfa_str_t         portals[] = { mfa_lit("user"), mfa_lit("admin") };
    mfa_meter_told_t  told;

    (void) state;
    told = told_of(portals);
    told.skew_usec = -1500000;
    written(&told);
    has("\nmfa_store_up 1\n");
    has("\nmfa_clock_skew_seconds -1.500000\n");

    told.store = 0;
    written(&told);
    has("\nmfa_store_up 0\n");
    assert_null(strstr(text, "mfa_clock_skew_seconds"));
}


static void
names_are_escaped_and_the_text_fits_whatever_they_are(void **state)
{
    size_t            i;
    mfa_str_t         portals[PORTALS];
    mfa_meter_told_t  told;
    static uint8_t    odd[] = "a\"b\\c\nd";
    static uint8_t    quotes[300];

    (void) state;
    memset(quotes, '"', sizeof(quotes));
    portals[0] = (mfa_str_t) { odd, sizeof(odd) - 1 };
    portals[1] = (mfa_str_t) { quotes, sizeof(quotes) };

    for (i = 0; i < sizeof(n) / sizeof(n[0]); i++) {
        n[i] = INT64_MAX / 64;
    }

    told = told_of(portals);
    told.skew_usec = INT64_MAX / 2;
    written(&told);
    has("{portal=\"a\\\"b\\\\c\\nd\",verdict=");
}


static void
what_is_tried_has_a_name(void **state)
{
    int  i, k;

    (void) state;

    for (i = 0; i < MFA_TRYING_N; i++) {
        for (k = 0; k < i; k++) {
            assert_string_not_equal(mfa_trying_name((mfa_trying_e) i),
                                    mfa_trying_name((mfa_trying_e) k));
        }
    }

    assert_string_equal(mfa_trying_name((mfa_trying_e) 99), "nothing");
}


#define CASE(f)  cmocka_unit_test_teardown(f, tear_down)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        CASE(a_duration_counts_where_it_is_not_above_the_bound),
        CASE(a_histogram_is_added_up_from_below),
        CASE(each_number_has_its_place),
        CASE(a_store_that_is_away_has_no_clock),
        CASE(names_are_escaped_and_the_text_fits_whatever_they_are),
        CASE(what_is_tried_has_a_name),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("meter", tests, NULL, NULL);
}
