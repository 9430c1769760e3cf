/*
 * Spans and dates as people write them.  What must not happen when this breaks:
 * a typing error becomes a grace of years or a session that ends at once, or a
 * date in a list is a day off.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/duration.h"
#include "exact_pool.h"


static int
teardown(void **state)
{
    (void) state;
    pool_free();

    return 0;
}


static void
spans_are_added_up(void **state)
{
    size_t   i;
    int64_t  sec;

    static const struct {
        const char  *text;
        int64_t      sec;
    } spans[] = {
        { "0", 0 }, { "0s", 0 }, { "90", 90 }, { "90s", 90 }, { "30m", 1800 },
        { "1h", 3600 }, { "12h", 43200 }, { "7d", 604800 }, { "2w", 1209600 },
        { "1d12h", 129600 }, { "1w2d3h4m5s", 788645 }, { "007m", 420 },
        { "0w0d0h0m0s", 0 }, { "3650d", MFA_DURATION_MAX },
        { "315360000", MFA_DURATION_MAX }, { "521w3d", MFA_DURATION_MAX }
    };

    (void) state;

    for (i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
        sec = -1;
        assert_int_equal(mfa_duration_parse(pool_text(spans[i].text), &sec),
                         0);
        assert_int_equal(sec, spans[i].sec);
    }
}


static void
what_is_no_span_is_refused(void **state)
{
    size_t   i;
    int64_t  sec = -77;

    static const char *const  texts[] = {
        "", "s", "m", "d7", "7x", "7D", "-1", "+1", " 1", "1 ", "1.5h", "1h30",
        "30m1h", "5m5m", "1h1h", "1d 12h", "7days", "1ms", "0x10", "1y", "1e3",
        ("\xef\xbc\x97" "d"), "3651d", "522w", "315360001", "3650d1s",
        "99999999999999999999", "99999999999999999999w",
        "1w9223372036854775807s"
    };

    (void) state;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(mfa_duration_parse(pool_text(texts[i]), &sec), -1);
        assert_int_equal(sec, -77);
    }

    assert_int_equal(mfa_duration_parse((mfa_str_t) { NULL, 0 }, &sec), -1);
    assert_int_equal(mfa_duration_parse(pool_bytes("1\0h", 3), &sec), -1);
}


static const struct {
    const char  *date;
    int64_t      sec;
} dates[] = {                               /* by date -u -d DATE +%s */
    { "1970-01-01", 0 },
    { "1970-12-31", 31449600 },
    { "1972-02-29", 68169600 },
    { "2000-02-29", 951782400 },
    { "2000-03-01", 951868800 },
    { "2023-10-01", 1696118400 },
    { "2026-12-31", 1798675200 },
    { "2038-01-19", 2147472000 },
    { "2100-02-28", 4107456000 },
    { "2100-03-01", 4107542400 },
    { "2400-02-29", 13574563200 },
    { "9999-12-31", 253402214400 }
};


static void
dates_are_utc_midnights(void **state)
{
    size_t   i;
    int64_t  sec;

    (void) state;

    for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        sec = -1;
        assert_int_equal(mfa_date_parse(pool_text(dates[i].date), &sec), 0);
        assert_int_equal(sec, dates[i].sec);
    }
}


static void
what_is_no_date_is_refused(void **state)
{
    size_t   i;
    int64_t  sec = -77;

    static const char *const  texts[] = {
        "", "2026", "2026-10", "2026-10-1", "2026-1-01", "26-10-01",
        "2026-10-011", "2026/10/01", "2026-10-01T", "01-10-2026", "1969-12-31",
        "0000-01-01", "2026-00-01", "2026-13-01", "2026-01-00", "2026-01-32",
        "2026-02-29", "2100-02-29", "2026-04-31", "2026-06-31", "-026-01-01",
        "2026--1-01", "2026-01--1", "2026-0a-01", "2026-01- 1", "+026-01-01"
    };

    (void) state;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(mfa_date_parse(pool_text(texts[i]), &sec), -1);
        assert_int_equal(sec, -77);
    }
}


static void
dates_come_back_as_they_went_in(void **state)
{
    size_t     i;
    mfa_buf_t  b;

    (void) state;

    for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        b = pool_buf(10);
        mfa_date_make(&b, dates[i].sec);
        assert_true(buf_is(&b, dates[i].date));

        b = pool_buf(10);
        mfa_date_make(&b, dates[i].sec + 86399);
        assert_true(buf_is(&b, dates[i].date));
    }
}


/* Every day of four centuries, there and back. */
static void
every_day_is_itself(void **state)
{
    int64_t    day, back;
    uint8_t    room[10];
    mfa_buf_t  b;

    (void) state;

    for (day = 0; day < 146097; day++) {
        mfa_buf_init(&b, room, sizeof(room));
        mfa_date_make(&b, day * 86400 + 43200);

        if (mfa_date_parse(mfa_buf_since(&b, 0), &back) != 0
            || back != day * 86400)
        {
            assert_int_equal(back, day * 86400);
        }
    }
}


static void
timestamps_are_rfc_3339(void **state)
{
    size_t     i;
    mfa_buf_t  b;

    static const struct {
        int64_t      sec;
        const char  *text;
    } times[] = {
        { 0, "1970-01-01T00:00:00Z" },
        { -5, "1970-01-01T00:00:00Z" },
        { 1111111109, "2005-03-18T01:58:29Z" },
        { 1234567890, "2009-02-13T23:31:30Z" },
        { 20000000000, "2603-10-11T11:33:20Z" },
        { 1798761599, "2026-12-31T23:59:59Z" }
    };

    (void) state;

    for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        b = pool_buf(20);
        mfa_timestamp_make(&b, times[i].sec);
        assert_true(buf_is(&b, times[i].text));
        assert_false(b.failed);

        b = pool_buf(19);
        mfa_timestamp_make(&b, times[i].sec);
        assert_true(b.failed);
    }
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_teardown(t, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(spans_are_added_up),
        TEST(what_is_no_span_is_refused),
        TEST(dates_are_utc_midnights),
        TEST(what_is_no_date_is_refused),
        TEST(dates_come_back_as_they_went_in),
        TEST(every_day_is_itself),
        TEST(timestamps_are_rfc_3339)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("duration", tests, NULL, NULL);
}
