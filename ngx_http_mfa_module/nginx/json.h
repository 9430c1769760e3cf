/*
 * JSON by jansson, with memory of the request's: nothing of a document outlives
 * it, nothing has to be freed, and no input makes it take more than was meant.
 */

#ifndef NGX_HTTP_MFA_JSON_H
#define NGX_HTTP_MFA_JSON_H

#include "nginx/conf.h"

#include <jansson.h>

/*
 * Reads a document (names twice, NUL and what is not UTF-8 are refused) with at
 * most room bytes of r's pool, which are wiped with it.  The value must not be
 * freed; NULL: it is none, or there is no room.
 */
json_t *ngx_http_mfa_json_read(ngx_http_request_t *r, mfa_str_t text,
    size_t room);

/*
 * Between these two jansson takes its memory from r's pool; with room, from one
 * piece of so many bytes that is wiped with it.  Nothing else may run meanwhile.
 */
ngx_int_t ngx_http_mfa_json_begin(ngx_http_request_t *r, size_t room);
void ngx_http_mfa_json_end(void);

/* Values to build with.  An empty text is null; in one that is not UTF-8 every
   byte beyond ASCII is a '?'. */
json_t *ngx_http_mfa_json_text(mfa_str_t text);
json_t *ngx_http_mfa_json_name(const char *text);
/* RFC 3339; null for 0 and less. */
json_t *ngx_http_mfa_json_time(int64_t unix_sec);

#endif /* NGX_HTTP_MFA_JSON_H */
