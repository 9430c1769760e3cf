/*
 * Ranges of a portal's parameters, one table, see portal_range.h.
 */

#include "core/portal_range.h"
#include "core/duration.h"

#include <stddef.h>

#define LIMIT_N_MAX    1000000
#define LIMIT_SEC_MAX  86400

typedef enum {
    NUMBER,                                 /* int64_t */
    SMALL,                                  /* unsigned */
    SPAN,                                   /* int64_t, written as a time */
    LIMIT                                   /* mfa_limit_t, N/TIME */
} kind_e;

typedef struct {
    const char  *directive;
    const char  *key;                       /* NULL: the bare value */
    kind_e       kind;
    int64_t      min;
    int64_t      max;
    size_t       at;
} range_t;

#define AT(field)  offsetof(mfa_portal_t, field)

static const range_t  ranges[] = {
    { "grace", NULL, SPAN, 0, MFA_GRACE_MAX_SEC, AT(grace_sec) },

    { "session", "idle", SPAN, 1, 30 * 86400, AT(idle_sec) },
    { "session", "absolute", SPAN, 1, 30 * 86400, AT(absolute_sec) },
    { "session", "half", SPAN, 1, 3600, AT(half_sec) },
    { "session", "recheck", SPAN, 1, 3600, AT(recheck_sec) },
    { "session", "max", NUMBER, 1, 1000, AT(max_sessions) },

    { "remember_device", NULL, SPAN, 1, MFA_REMEMBER_MAX_SEC,
      AT(remember_sec) },

    { "totp", "digits", SMALL, 6, MFA_TOTP_DIGITS_MAX, AT(totp.digits) },
    { "totp", "period", SMALL, 10, 300, AT(totp.period_sec) },
    { "totp", "skew", SMALL, 0, 3, AT(totp.skew) },

    { "limit", "password", LIMIT, 1, LIMIT_N_MAX, AT(limit_password) },
    { "limit", "code", LIMIT, 1, LIMIT_N_MAX, AT(limit_code) },
    { "limit", "address", LIMIT, 1, LIMIT_N_MAX, AT(limit_address) },
};


static void
say_span(mfa_buf_t *out, int64_t sec)
{
    size_t  i;

    static const struct {
        int64_t      sec;
        const char  *unit;
    } units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "m" }, { 1, "s" } };

    for (i = 0; sec % units[i].sec; i++) { /* void */ }

    mfa_buf_int(out, sec / units[i].sec);
    mfa_buf_cstr(out, sec ? units[i].unit : "");
}


static int
refuse(mfa_buf_t *why, const range_t *range, const char *what, mfa_str_t value)
{
    mfa_buf_cstr(why, what);
    mfa_buf_cstr(why, " \"");
    mfa_buf_str(why, value);
    mfa_buf_cstr(why, "\" in \"");
    mfa_buf_cstr(why, range->directive);

    if (range->key) {
        mfa_buf_cstr(why, " ");
        mfa_buf_cstr(why, range->key);
        mfa_buf_cstr(why, "=");
    }

    mfa_buf_cstr(why, "\"");

    return -1;
}


static int
set_number(mfa_buf_t *why, const range_t *range, mfa_str_t text, int64_t *out)
{
    if (mfa_str_int(text, out) == 0 && *out >= range->min && *out <= range->max)
    {
        return 0;
    }

    refuse(why, range, "invalid number", text);
    mfa_buf_cstr(why, ", it must be ");
    mfa_buf_int(why, range->min);
    mfa_buf_cstr(why, " to ");
    mfa_buf_int(why, range->max);

    return -1;
}


static int
set_span(mfa_buf_t *why, const range_t *range, mfa_str_t text, int64_t min,
    int64_t max, int64_t *out)
{
    if (mfa_duration_parse(text, out) == 0 && *out >= min && *out <= max) {
        return 0;
    }

    refuse(why, range, "invalid time", text);
    mfa_buf_cstr(why, ", it must be ");
    say_span(why, min);
    mfa_buf_cstr(why, " to ");
    say_span(why, max);

    return -1;
}


static int
set_limit(mfa_buf_t *why, const range_t *range, mfa_str_t text,
    mfa_limit_t *limit)
{
    mfa_str_t  n, window;

    if (!mfa_str_cut(text, '/', &n, &window)) {
        refuse(why, range, "invalid limit", text);
        mfa_buf_cstr(why, ", it is written N/TIME");
        return -1;
    }

    return set_number(why, range, n, &limit->n) == 0
           ? set_span(why, range, window, 1, LIMIT_SEC_MAX, &limit->window_sec)
           : -1;
}


static int
set(mfa_portal_t *portal, const range_t *range, mfa_str_t text, mfa_buf_t *why)
{
    void     *at;
    int64_t   n;

    at = (uint8_t *) portal + range->at;

    switch (range->kind) {
    case NUMBER:
        return set_number(why, range, text, at);

    case SMALL:
        if (set_number(why, range, text, &n) != 0) {
            return -1;
        }

        *(unsigned *) at = (unsigned) n;
        return 0;

    case SPAN:
        return set_span(why, range, text, range->min, range->max, at);

    default:
        return set_limit(why, range, text, at);
    }
}


int
mfa_portal_range_set(mfa_portal_t *portal, mfa_str_t directive, mfa_str_t arg,
    mfa_buf_t *why)
{
    size_t          i;
    mfa_str_t       key, value;
    const range_t  *range;

    for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        range = &ranges[i];

        if (!mfa_str_is(directive, range->directive)) {
            continue;
        }

        if (range->key == NULL) {
            return set(portal, range, arg, why);
        }

        if (mfa_str_cut(arg, '=', &key, &value) && mfa_str_is(key, range->key))
        {
            return set(portal, range, value, why);
        }
    }

    mfa_buf_cstr(why, "unknown parameter \"");
    mfa_buf_str(why, arg);
    mfa_buf_cstr(why, "\" in \"");
    mfa_buf_str(why, directive);
    mfa_buf_cstr(why, "\"");

    return -1;
}
