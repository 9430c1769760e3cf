/*
 * Header fields of a mail (RFC 5322, 2047): whatever a text holds, it comes out
 * as one field.  Control bytes are left out, and all but plain words goes as
 * encoded words, so nothing in it can end a line or an address (security 94).
 */

#ifndef MFA_MAIL_HEADER_H
#define MFA_MAIL_HEADER_H

#include "core/str.h"

#define MFA_MAIL_HEADER_MAX  2048           /* bytes; more is cut */

/* Appends "NAME: TEXT", folded. */
void mfa_mail_header_text(mfa_buf_t *out, const char *name, mfa_str_t text);

/* Appends "NAME: DISPLAY <ADDRESS>", or "NAME: ADDRESS" with an empty display.
   The address is one that mfa_email_check takes. */
void mfa_mail_header_address(mfa_buf_t *out, const char *name,
    mfa_str_t display, mfa_str_t address);

/* Appends "Date: ..." of a Unix time. */
void mfa_mail_header_date(mfa_buf_t *out, int64_t unix_sec);

#endif /* MFA_MAIL_HEADER_H */
