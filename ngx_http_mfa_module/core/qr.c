/*
 * QR code to SVG.  The enrolment page calls it with the otpauth URI and falls
 * back to the typed key when it says no.
 *
 * Draws with presentation attributes only: a style attribute would be stopped
 * by the pages' content security policy.  The drawing is the secret in another
 * alphabet, so libqrencode's matrix is wiped before it is given back (the
 * library's own working copies are out of reach); the caller wipes the buffer.
 */

#include "core/qr.h"

#include <qrencode.h>

#include "core/html.h"


#define TEXT_MAX  2331                      /* bytes, version 40 at level M */
#define QUIET     4                         /* modules, ISO/IEC 18004 9.1 */
#define DARK      1                         /* bit 0 of a libqrencode module */


static void draw(mfa_buf_t *out, const QRcode *qr);


int
mfa_qr_svg(mfa_buf_t *out, mfa_str_t text, mfa_str_t title)
{
    int      side;
    QRcode  *qr;

    if (text.len > TEXT_MAX) {
        return -1;
    }

    qr = QRcode_encodeData((int) text.len, text.data, 0, QR_ECLEVEL_M);

    if (qr == NULL) {
        return -1;
    }

    side = qr->width + 2 * QUIET;

    mfa_buf_cstr(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\""
                      " shape-rendering=\"crispEdges\" viewBox=\"0 0 ");
    mfa_buf_int(out, side);
    mfa_buf_byte(out, ' ');
    mfa_buf_int(out, side);
    mfa_buf_cstr(out, "\"><title>");
    mfa_html_escape(out, title);
    mfa_buf_cstr(out, "</title><rect fill=\"#fff\" width=\"");
    mfa_buf_int(out, side);
    mfa_buf_cstr(out, "\" height=\"");
    mfa_buf_int(out, side);
    mfa_buf_cstr(out, "\"/><path fill=\"#000\" d=\"");
    draw(out, qr);
    mfa_buf_cstr(out, "\"/></svg>");

    mfa_wipe(qr->data, (size_t) qr->width * (size_t) qr->width);
    QRcode_free(qr);

    return 0;
}


/* Neighbours in a row become one box: a smaller page, no hairlines. */

static void
draw(mfa_buf_t *out, const QRcode *qr)
{
    int                   x, y, run;
    const unsigned char  *row;

    for (y = 0; y < qr->width; y++) {
        row = qr->data + (size_t) y * (size_t) qr->width;

        for (x = 0; x < qr->width; x += run) {
            run = 1;

            if (!(row[x] & DARK)) {
                continue;
            }

            while (x + run < qr->width && (row[x + run] & DARK)) {
                run++;
            }

            mfa_buf_byte(out, 'M');
            mfa_buf_int(out, x + QUIET);
            mfa_buf_byte(out, ' ');
            mfa_buf_int(out, y + QUIET);
            mfa_buf_byte(out, 'h');
            mfa_buf_int(out, run);
            mfa_buf_cstr(out, "v1h-");
            mfa_buf_int(out, run);
            mfa_buf_byte(out, 'z');
        }
    }
}
