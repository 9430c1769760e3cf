/*
 * Records, see record.h.
 */

#include "core/record.h"
#include "core/reply.h"


void
mfa_record_str(mfa_buf_t *out, mfa_str_t s)
{
    mfa_buf_byte(out, '\t');
    mfa_buf_str(out, s);
}


void
mfa_record_number(mfa_buf_t *out, int64_t n)
{
    mfa_buf_byte(out, '\t');
    mfa_buf_int(out, n);
}


void
mfa_record_cleaned(mfa_buf_t *out, mfa_str_t s, size_t max)
{
    mfa_buf_byte(out, '\t');
    mfa_record_text(out, s, max);
}


void
mfa_record_text(mfa_buf_t *out, mfa_str_t s, size_t max)
{
    size_t   i;
    uint8_t  c;

    for (i = 0; i < s.len && i < max; i++) {
        c = s.data[i];
        mfa_buf_byte(out, c >= 0x20 && c < 0x7f ? c : '?');
    }
}


int
mfa_record_split(mfa_str_t record, mfa_str_t *fields, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (mfa_str_cut(record, '\t', &fields[i], &record) != (i + 1 < n)) {
            return -1;
        }
    }

    return 0;
}


int
mfa_record_numbers(const mfa_str_t *fields, int64_t *numbers, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (mfa_str_int(fields[i], &numbers[i]) != 0 || numbers[i] < 0
            || numbers[i] > MFA_NUMBER_MAX)
        {
            return -1;
        }
    }

    return 0;
}
