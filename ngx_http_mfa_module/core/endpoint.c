/*
 * Parameters of mfa_redis, see endpoint.h.
 */

#include "core/endpoint.h"


void
mfa_endpoint_init(mfa_endpoint_t *endpoint)
{
    endpoint->address = mfa_lit("127.0.0.1:6379");
    endpoint->user = mfa_lit("");
    endpoint->password_file = mfa_lit("");
    endpoint->db = 0;
    endpoint->timeout_msec = 250;
}


static int
refuse(mfa_buf_t *why, const char *what, mfa_str_t value)
{
    mfa_buf_cstr(why, what);
    mfa_buf_cstr(why, " \"");
    mfa_buf_str(why, value);
    mfa_buf_cstr(why, "\"");

    return -1;
}


static int
msec_parse(mfa_str_t s, int64_t *msec)
{
    int64_t  n, unit;

    if (s.len < 2 || s.data[s.len - 1] != 's') {
        return -1;
    }

    unit = 1000;
    s.len--;

    if (s.data[s.len - 1] == 'm') {
        unit = 1;
        s.len--;
    }

    if (mfa_str_int(s, &n) != 0 || n < 1 || n > 60000) {
        return -1;
    }

    *msec = n * unit;

    return *msec < 10 || *msec > 60000 ? -1 : 0;
}


static int
parameter_set(mfa_endpoint_t *endpoint, mfa_str_t arg, mfa_buf_t *why)
{
    mfa_str_t  key, value;

    if (!mfa_str_cut(arg, '=', &key, &value) || value.len == 0) {
        return refuse(why, "invalid parameter", arg);
    }

    if (mfa_str_is(key, "db")) {
        if (mfa_str_int(value, &endpoint->db) != 0 || endpoint->db < 0
            || endpoint->db > 9999)
        {
            return refuse(why, "invalid database number", value);
        }

        return 0;
    }

    if (mfa_str_is(key, "timeout")) {
        if (msec_parse(value, &endpoint->timeout_msec) != 0) {
            refuse(why, "invalid timeout", value);
            mfa_buf_cstr(why, ", it must be 10ms to 60s");
            return -1;
        }

        return 0;
    }

    if (mfa_str_is(key, "user")) {
        endpoint->user = value;
        return 0;
    }

    if (mfa_str_is(key, "password_file")) {
        endpoint->password_file = value;
        return 0;
    }

    return refuse(why, "unknown parameter", arg);
}


int
mfa_endpoint_set(mfa_endpoint_t *endpoint, const mfa_str_t *argv, size_t n,
    mfa_buf_t *why)
{
    size_t  i;

    if (n < 2 || argv[1].len == 0) {
        mfa_buf_cstr(why, "an address is missing");
        return -1;
    }

    endpoint->address = argv[1];

    for (i = 2; i < n; i++) {
        if (parameter_set(endpoint, argv[i], why) != 0) {
            return -1;
        }
    }

    if (endpoint->user.len && endpoint->password_file.len == 0) {
        mfa_buf_cstr(why, "user= needs password_file=");
        return -1;
    }

    return 0;
}
