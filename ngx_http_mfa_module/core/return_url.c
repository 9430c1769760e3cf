/*
 * Whether a return URL stays on the host that was asked.
 *
 * The path is judged as it is written and again after each of three rounds of
 * percent-decoding: a proxy or an application behind us may decode it once more
 * than we expect and send the browser on with what came out.  Nothing is
 * repaired or rewritten: a URL passes byte for byte or the caller goes to the
 * portal's front page instead.
 *
 * Does not judge whether the target exists or is gated; the gate does that
 * again when the browser arrives.
 */

#include <string.h>

#include "core/form.h"
#include "core/return_url.h"


#define DECODE_ROUNDS  3


static int
is_control(uint8_t c)
{
    return c < ' ' || c == 0x7f;
}


/* Printable ASCII without blanks and '#', every '%' the start of an escape. */
static int
is_written_well(mfa_str_t url)
{
    uint8_t  c;

    while (url.len != 0) {
        c = url.data[0];

        if (c <= ' ' || c > '~' || c == '#') {
            return 0;
        }

        if (c == '%' && mfa_form_unescape(url) < 0) {
            return 0;
        }

        url.data++;
        url.len--;
    }

    return 1;
}


/*
 * Decodes in place and returns the new length.  In later rounds a '%' may stand
 * for itself ("/100%25"), so what is no escape is kept.
 */
static size_t
decode_once(uint8_t *data, size_t len)
{
    int        c;
    size_t     n;
    mfa_str_t  rest;

    rest.data = data;
    rest.len = len;

    for (n = 0; rest.len != 0; n++) {
        c = mfa_form_unescape(rest);

        if (c < 0) {
            c = rest.data[0];

        } else {
            rest.data += 2;
            rest.len -= 2;
        }

        data[n] = (uint8_t) c;
        rest.data++;
        rest.len--;
    }

    return n;
}


/*
 * What could be read as the start of another URL: a host ("//", '\'), a user
 * before a host ('@'), a scheme (':' in the first segment), or bytes that
 * browsers drop on the way (tab, line ends).
 */
static int
path_is_plain(const uint8_t *path, size_t len)
{
    size_t    i;
    unsigned  slashes = 0;

    for (i = 0; i < len; i++) {
        if (path[i] == '\\' || path[i] == '@' || is_control(path[i])) {
            return 0;
        }

        if (path[i] == ':' && slashes < 2) {
            return 0;
        }

        if (path[i] == '/') {
            if (i != 0 && path[i - 1] == '/') {
                return 0;
            }

            slashes++;
        }
    }

    return 1;
}


static int
path_stays(mfa_str_t path)
{
    size_t    len;
    uint8_t   buf[MFA_RETURN_URL_MAX];
    unsigned  round;

    len = path.len;
    memcpy(buf, path.data, len);

    for (round = 0; round < DECODE_ROUNDS; round++) {
        if (!path_is_plain(buf, len)) {
            return 0;
        }

        len = decode_once(buf, len);
    }

    return path_is_plain(buf, len);
}


/* One round, as the application does to get at the values. */
static int
query_is_plain(mfa_str_t query)
{
    int  c;

    while (query.len != 0) {
        c = mfa_form_unescape(query);

        if (c < 0) {
            c = query.data[0];

        } else {
            query.data += 2;
            query.len -= 2;
        }

        if (c == '\\' || is_control((uint8_t) c)) {
            return 0;
        }

        query.data++;
        query.len--;
    }

    return 1;
}


int
mfa_return_url_check(mfa_str_t url)
{
    mfa_str_t  path, query;

    if (url.len == 0 || url.len > MFA_RETURN_URL_MAX || url.data[0] != '/') {
        return 0;
    }

    if (!is_written_well(url)) {
        return 0;
    }

    /* '?' inside the path can only be an escaped one: it stays in the path. */
    (void) mfa_str_cut(url, '?', &path, &query);

    return path_stays(path) && query_is_plain(query);
}
