/*
 * What was found in the Cookie header that a connection has sent last: a browser
 * sends the same one again and again, and to compare it takes far less than to
 * read it anew and to make its digest.
 *
 * The line is kept as it was sent, up to MEMO_LINE_MAX bytes of it, in memory that
 * is wiped: as long as the connection lives and no longer, so that it stands
 * nowhere where nginx's own buffers have not held it.  Nothing is kept before the
 * second request of a connection.
 *
 * A connection may carry requests of several people, one after the other (behind
 * another proxy) or mixed (HTTP/2): what is kept holds for a line of the very same
 * bytes and for no other, and is copied into the request's record, which what
 * another request leaves here afterwards does not change.
 */

#ifndef NGX_HTTP_MFA_MEMO_H
#define NGX_HTTP_MFA_MEMO_H

#include "nginx/input.h"

/* What there is to know of a line: the others, and where they stand in it. */
typedef struct {
    unsigned                 left_out;
    int                      scattered;
    mfa_str_t                rest;
} ngx_http_mfa_line_t;

/*
 * Reads the first Cookie line of a request into m->cookies and *told, as
 * mfa_cookie_take does, or finds what was read before.  line is not changed.
 */
void ngx_http_mfa_memo_take(ngx_http_request_t *r, ngx_http_mfa_main_t *m,
    ngx_str_t *line, ngx_http_mfa_line_t *told);

/* The digest of the value of m->cookies[i], which the request has but once. */
mfa_digest_t ngx_http_mfa_memo_digest(ngx_http_mfa_main_t *m, ngx_uint_t i,
    const mfa_cache_t *cache);

#endif /* NGX_HTTP_MFA_MEMO_H */
