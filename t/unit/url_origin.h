/*
 * An oracle for return URLs, written from the WHATWG URL standard (section 4.4)
 * and not from the code under test: where a browser that is on http://our.host/
 * goes when it meets a text in a Location header.  Used by the unit test and by
 * the fuzz target.
 *
 * Of the parser's states only those are here that can still change scheme or
 * host; the path, query and fragment that follow cannot.
 */

#ifndef MFA_TEST_URL_ORIGIN_H
#define MFA_TEST_URL_ORIGIN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ORIGIN_URL_MAX  8192
#define ORIGIN_HOST     "our.host"


static inline int
origin_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}


static inline int
origin_hex(uint8_t c)
{
    const char   digits[] = "0123456789abcdef";
    const char  *at;

    if (c >= 'A' && c <= 'F') {
        c = (uint8_t) (c + 32);
    }

    at = c != 0 ? strchr(digits, c) : NULL;

    return at ? (int) (at - digits) : -1;
}


/* Percent-decoding as of section 1.3: what is no escape stays. */
static inline size_t
origin_decode(uint8_t *data, size_t len)
{
    size_t  i, n;

    for (i = 0, n = 0; i < len; i++, n++) {
        if (data[i] == '%' && i + 2 < len && origin_hex(data[i + 1]) >= 0
            && origin_hex(data[i + 2]) >= 0)
        {
            data[n] = (uint8_t) (origin_hex(data[i + 1]) * 16
                                 + origin_hex(data[i + 2]));
            i += 2;

        } else {
            data[n] = data[i];
        }
    }

    return n;
}


/*
 * The basic parser strips C0 controls and spaces at both ends, then removes
 * tabs and line ends everywhere.
 */
static inline size_t
origin_strip(uint8_t *url, size_t len)
{
    size_t  i, n, from = 0;

    while (from < len && url[from] <= ' ') {
        from++;
    }

    while (len > from && url[len - 1] <= ' ') {
        len--;
    }

    for (i = from, n = 0; i < len; i++) {
        if (url[i] != '\t' && url[i] != '\n' && url[i] != '\r') {
            url[n++] = url[i];
        }
    }

    return n;
}


/* The authority state and the host state of a special scheme. */
static inline int
origin_authority(const uint8_t *url, size_t len)
{
    size_t   i, end, from;
    uint8_t  host[ORIGIN_URL_MAX];

    while (len != 0 && (url[0] == '/' || url[0] == '\\')) {
        url++;
        len--;
    }

    for (end = 0, from = 0; end < len; end++) {
        if (strchr("/\\?#", url[end]) && url[end] != 0) {
            break;
        }

        if (url[end] == '@') {
            from = end + 1;
        }
    }

    memcpy(host, url + from, end - from);
    len = origin_decode(host, end - from);

    /* a port, were it 80, would be the same origin; not asked that closely */
    for (i = 0; i < len; i++) {
        if (host[i] >= 'A' && host[i] <= 'Z') {
            host[i] = (uint8_t) (host[i] + 32);
        }
    }

    return len == strlen(ORIGIN_HOST) && memcmp(host, ORIGIN_HOST, len) == 0;
}


/* Whether the browser stays on http://our.host. */
static inline int
origin_stays(const uint8_t *text, size_t len)
{
    size_t   i;
    uint8_t  url[ORIGIN_URL_MAX];

    if (len > sizeof(url)) {
        return 0;
    }

    if (len != 0) {
        memcpy(url, text, len);
    }

    len = origin_strip(url, len);

    /* scheme start state, scheme state */
    if (len != 0 && origin_letter(url[0])) {
        for (i = 1; i < len; i++) {
            if (!origin_letter(url[i]) && !(url[i] >= '0' && url[i] <= '9')
                && url[i] != '+' && url[i] != '-' && url[i] != '.')
            {
                break;
            }
        }

        if (i < len && url[i] == ':') {
            if (i != 4 || (url[0] | 32) != 'h' || (url[1] | 32) != 't'
                || (url[2] | 32) != 't' || (url[3] | 32) != 'p')
            {
                return 0;
            }

            i++;

            /* special relative or authority state */
            if (len - i >= 2 && url[i] == '/' && url[i + 1] == '/') {
                return origin_authority(url + i, len - i);
            }

            memmove(url, url + i, len - i);
            len -= i;
        }
    }

    /* relative state, relative slash state: '\' is '/' in special schemes */
    if (len >= 2 && (url[0] == '/' || url[0] == '\\')
        && (url[1] == '/' || url[1] == '\\'))
    {
        return origin_authority(url, len);
    }

    return 1;
}

#endif /* MFA_TEST_URL_ORIGIN_H */
