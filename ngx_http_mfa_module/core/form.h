/*
 * application/x-www-form-urlencoded bodies and query strings (WHATWG URL,
 * section 5.1), decoded into a caller's buffer.  Strict where it matters: a
 * repeated name, a bad escape, a NUL or a field that is not UTF-8 refuses the
 * whole form.
 */

#ifndef MFA_FORM_H
#define MFA_FORM_H

#include "core/str.h"

#define MFA_FORM_FIELDS_MAX  32
#define MFA_FORM_BODY_MAX    8192           /* bytes of an encoded body */

typedef struct {
    mfa_str_t  name;
    mfa_str_t  value;
} mfa_field_t;

typedef struct {
    mfa_field_t  fields[MFA_FORM_FIELDS_MAX];
    size_t       n;
} mfa_form_t;

typedef enum {
    MFA_FORM_OK = 0,
    MFA_FORM_MALFORMED,                     /* bad escape, NUL, not UTF-8 */
    MFA_FORM_REPEATED,                      /* a name twice */
    MFA_FORM_TOO_LARGE                      /* body, fields or room */
} mfa_form_e;

/*
 * Decodes body into form; names and values are views into room (room->data must
 * outlive the form; body->len bytes are always enough).  Empty body: OK, n = 0.
 * On anything but MFA_FORM_OK the form is empty.
 */
mfa_form_e mfa_form_decode(mfa_form_t *form, mfa_str_t body, mfa_buf_t *room);

/*
 * The byte that the percent-escape at the beginning of s stands for (0..255),
 * or -1 when s does not begin with '%' and two hexadecimal digits.
 */
int mfa_form_unescape(mfa_str_t s);

/* The value of a field, or the empty view when it is absent. */
mfa_str_t mfa_form_value(const mfa_form_t *form, const char *name);

/*
 * Appends s percent-encoded (everything but RFC 3986 unreserved and '/'), for a
 * value in a query string.
 */
void mfa_form_escape(mfa_buf_t *out, mfa_str_t s);

#endif /* MFA_FORM_H */
