/*
 * Spans and dates, see duration.h.  Dates are computed, not asked of the C
 * library: core has no locale, no time zone and no clock.
 */

#include "core/duration.h"


static int
unit_seconds(uint8_t c, int64_t *sec)
{
    switch (c) {
    case 's':
        *sec = 1;
        return 0;
    case 'm':
        *sec = 60;
        return 0;
    case 'h':
        *sec = 3600;
        return 0;
    case 'd':
        *sec = 86400;
        return 0;
    case 'w':
        *sec = 7 * 86400;
        return 0;
    default:
        return -1;
    }
}


int
mfa_duration_parse(mfa_str_t s, int64_t *sec)
{
    size_t   i;
    int      digits;
    int64_t  n, total, unit, last;

    n = 0;
    total = 0;
    digits = 0;
    last = INT64_MAX;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] >= '0' && s.data[i] <= '9') {
            n = n * 10 + (s.data[i] - '0');
            digits = 1;

            if (n > MFA_DURATION_MAX) {
                return -1;
            }

            continue;
        }

        if (!digits || unit_seconds(s.data[i], &unit) != 0 || unit >= last) {
            return -1;
        }

        total += n * unit;
        last = unit;
        n = 0;
        digits = 0;

        if (total > MFA_DURATION_MAX) {
            return -1;
        }
    }

    if (s.len == 0 || (digits && last != INT64_MAX)) {
        return -1;
    }

    if (total + n > MFA_DURATION_MAX) {
        return -1;
    }

    *sec = total + n;

    return 0;
}


/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar. */
static int64_t
days_from_date(int64_t y, int64_t m, int64_t d)
{
    int64_t  era, year_of_era, day_of_year, day_of_era;

    /* The year begins in March, so that the leap day is its last. */
    y -= m <= 2;
    era = y / 400;
    year_of_era = y - era * 400;
    day_of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100
                 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}


static void
date_from_days(int64_t days, int64_t *y, int64_t *m, int64_t *d)
{
    int64_t  era, day_of_era, year_of_era, day_of_year, month;

    days += 719468;
    era = days / 146097;
    day_of_era = days - era * 146097;
    year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524
                   - day_of_era / 146096) / 365;
    day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4
                                - year_of_era / 100);
    month = (5 * day_of_year + 2) / 153;

    *d = day_of_year - (153 * month + 2) / 5 + 1;
    *m = month < 10 ? month + 3 : month - 9;
    *y = year_of_era + era * 400 + (*m <= 2);
}


int
mfa_date_parse(mfa_str_t s, int64_t *unix_sec)
{
    int64_t    y, m, d, ry, rm, rd, days;
    mfa_str_t  year, month, day;

    if (s.len != 10 || s.data[4] != '-' || s.data[7] != '-') {
        return -1;
    }

    year = (mfa_str_t) { s.data, 4 };
    month = (mfa_str_t) { s.data + 5, 2 };
    day = (mfa_str_t) { s.data + 8, 2 };

    if (mfa_str_int(year, &y) != 0 || mfa_str_int(month, &m) != 0
        || mfa_str_int(day, &d) != 0 || y < 1970 || m < 1 || d < 1)
    {
        return -1;
    }

    days = days_from_date(y, m, d);
    date_from_days(days, &ry, &rm, &rd);

    if (ry != y || rm != m || rd != d) {
        return -1;
    }

    *unix_sec = days * 86400;

    return 0;
}


static void
two_digits(mfa_buf_t *out, int64_t n)
{
    mfa_buf_byte(out, (uint8_t) ('0' + n / 10 % 10));
    mfa_buf_byte(out, (uint8_t) ('0' + n % 10));
}


void
mfa_date_make(mfa_buf_t *out, int64_t unix_sec)
{
    int64_t  y, m, d;

    date_from_days((unix_sec < 0 ? 0 : unix_sec) / 86400, &y, &m, &d);

    two_digits(out, y / 100);
    two_digits(out, y);
    mfa_buf_byte(out, '-');
    two_digits(out, m);
    mfa_buf_byte(out, '-');
    two_digits(out, d);
}


void
mfa_timestamp_make(mfa_buf_t *out, int64_t unix_sec)
{
    int64_t  sec;

    sec = (unix_sec < 0 ? 0 : unix_sec) % 86400;

    mfa_date_make(out, unix_sec);
    mfa_buf_byte(out, 'T');
    two_digits(out, sec / 3600);
    mfa_buf_byte(out, ':');
    two_digits(out, sec / 60 % 60);
    mfa_buf_byte(out, ':');
    two_digits(out, sec % 60);
    mfa_buf_byte(out, 'Z');
}
