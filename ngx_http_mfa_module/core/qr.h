/*
 * A text as a QR code in inline SVG (libqrencode), for pages that may load
 * nothing and run no script.
 */

#ifndef MFA_QR_H
#define MFA_QR_H

#include "core/str.h"

/*
 * Appends an <svg> element: one path of unit modules on a white field with the
 * four-module quiet zone, role="img" and the title given (it is escaped here;
 * it must not hold the secret).  Black on white whatever the colour scheme:
 * scanners need it.  Error correction level M.
 * Returns 0, or -1 when the text is too long or libqrencode fails; out->failed
 * is set when out was too small.
 */
int mfa_qr_svg(mfa_buf_t *out, mfa_str_t text, mfa_str_t title);

#endif /* MFA_QR_H */
