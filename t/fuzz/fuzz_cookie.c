/*
 * Cookie and Set-Cookie lines.  Whatever a line looks like, taking
 * ours out agrees with finding it, nothing of it is left,
 * and what an upstream may set is never taken for our cookie when it comes back
 * (security 43 to 46).
 */

#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/cookie.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static const mfa_str_t  name = mfa_lit("sid");


static const mfa_cookie_names_t *
ours(void)
{
    static mfa_cookie_names_t  names;

    mfa_cookie_names(&names, &name, 1);

    return &names;
}


/* What is left goes to *left, whose memory the caller frees; it is the part of
   line that was told, where one was. */
static mfa_cookie_t
take(mfa_str_t line, mfa_buf_t *left)
{
    int           scattered;
    unsigned      n;
    mfa_str_t     rest;
    mfa_cookie_t  cookie = { { NULL, 0 }, 0 };

    mfa_buf_init(left, malloc(line.len * 2 + 1), line.len * 2);
    assert(left->data != NULL);

    n = mfa_cookie_take(line, ours(), &cookie, &rest, &scattered);
    mfa_cookie_rest(left, line, ours());
    assert(!left->failed && n == cookie.n);
    assert(scattered || mfa_str_eq(rest, mfa_buf_since(left, 0)));
    assert(rest.len == 0 || (rest.data >= line.data
                             && rest.data + rest.len <= line.data + line.len));

    return cookie;
}


static mfa_cookie_t
find(mfa_str_t line)
{
    mfa_buf_t     left;
    mfa_cookie_t  cookie;

    cookie = take(line, &left);
    free(left.data);

    return cookie;
}


static void
value_stands_behind_the_exact_name(mfa_str_t line, mfa_cookie_t cookie)
{
    const uint8_t  *value = cookie.value.data, *end = line.data + line.len;

    if (cookie.value.len == 0) {
        return;
    }

    assert(cookie.n != 0);
    assert(value >= line.data + 4 && value + cookie.value.len <= end);
    assert(memcmp(value - 4, "sid=", 4) == 0);
    assert(memchr(value, ';', cookie.value.len) == NULL);
    assert(value + cookie.value.len == end || value[cookie.value.len] == ';');
    assert(value - 4 == line.data || value[-5] == ';' || value[-5] == ' ');
}


static void
taking_leaves_nothing(mfa_str_t line)
{
    mfa_buf_t  once, twice;
    mfa_str_t  left;

    (void) take(line, &once);
    left = mfa_buf_since(&once, 0);

    assert(take(left, &twice).n == 0);
    assert(mfa_str_eq(mfa_buf_since(&twice, 0), left));

    free(once.data);
    free(twice.data);
}


/* The browser sends the pair back, without the '=' of a missing name. */
static void
allowed_set_cookies_come_back_as_others(mfa_str_t line)
{
    mfa_str_t  pair, rest;

    if (mfa_cookie_sets(line, ours())) {
        return;
    }

    (void) mfa_str_cut(line, ';', &pair, &rest);
    assert(find(pair).n == 0);

    if (pair.len != 0 && pair.data[0] == '=') {
        pair.data++;
        pair.len--;
        assert(find(pair).n == 0);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mfa_str_t     line = { data, size };
    mfa_cookie_t  cookie;

    cookie = find(line);
    value_stands_behind_the_exact_name(line, cookie);
    taking_leaves_nothing(line);
    allowed_set_cookies_come_back_as_others(line);

    return 0;
}
