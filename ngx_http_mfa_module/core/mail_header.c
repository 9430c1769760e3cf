/*
 * Header fields, see mail_header.h.
 */

#include "core/mail_header.h"
#include "core/base64.h"
#include "core/duration.h"
#include "core/visible.h"

#define PLAIN_MAX  60                       /* of one line, beside the name */
/* Of an encoded word: as base64, with the name of a field before the first and
   "=?UTF-8?B?" and "?=" around it, a line keeps within 76. */
#define WORD_MAX   39


static int
is_control(uint8_t c)
{
    return c < 0x20 || c == 0x7f;
}


/* Whether it may stand as it is: in a phrase, only what is no mark in one. */
static int
is_plain(mfa_str_t text, int phrase)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {
        uint8_t  c = text.data[i];

        if (is_control(c) || c > 0x7e
            || (c == '=' && i + 1 < text.len && text.data[i + 1] == '?'))
        {
            return 0;
        }

        if (phrase && !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                        || (c >= '0' && c <= '9') || c == '-'
                        || (c == ' ' && i && i + 1 < text.len)))
        {
            return 0;
        }
    }

    return text.len <= PLAIN_MAX;
}


/* As much of text as one word holds, cut between characters; moves on. */
static mfa_str_t
word(mfa_str_t *text)
{
    size_t     len;
    mfa_str_t  taken;

    len = text->len < WORD_MAX ? text->len : WORD_MAX;

    while (len < text->len && len > WORD_MAX - 4
           && (text->data[len] & 0xc0) == 0x80)
    {
        len--;
    }

    taken = (mfa_str_t) { text->data, len };
    text->data += len;
    text->len -= len;

    return taken;
}


static void
encoded(mfa_buf_t *out, mfa_str_t text)
{
    uint8_t     room[WORD_MAX];
    mfa_buf_t   clean;
    mfa_str_t   part, c;
    mfa_char_e  kind;

    while (text.len) {
        part = word(&text);
        mfa_buf_init(&clean, room, sizeof(room));

        while (part.len) {
            kind = mfa_char_take(&part, &c);

            if (kind != MFA_CHAR_HIDDEN && !is_control(c.data[0])) {
                mfa_buf_str(&clean, c);
            }
        }

        mfa_buf_cstr(out, "=?UTF-8?B?");
        mfa_base64_encode(out, room, clean.len);
        mfa_buf_cstr(out, text.len ? "?=\r\n " : "?=");
    }
}


static void
field(mfa_buf_t *out, const char *name, mfa_str_t text, int phrase)
{
    mfa_buf_cstr(out, name);
    mfa_buf_cstr(out, ": ");

    if (text.len > MFA_MAIL_HEADER_MAX / 4) {
        text.len = MFA_MAIL_HEADER_MAX / 4;
    }

    if (is_plain(text, phrase)) {
        mfa_buf_str(out, text);
    } else {
        encoded(out, text);
    }
}


void
mfa_mail_header_text(mfa_buf_t *out, const char *name, mfa_str_t text)
{
    field(out, name, text, 0);
}


void
mfa_mail_header_address(mfa_buf_t *out, const char *name, mfa_str_t display,
    mfa_str_t address)
{
    size_t  i;

    if (display.len) {
        field(out, name, display, 1);
        mfa_buf_cstr(out, "\r\n <");
    } else {
        mfa_buf_cstr(out, name);
        mfa_buf_cstr(out, ": <");
    }

    for (i = 0; i < address.len; i++) {
        if (!is_control(address.data[i])) {
            mfa_buf_byte(out, address.data[i]);
        }
    }

    mfa_buf_byte(out, '>');
}


/* "Sun, 22 Nov 2026 16:56:25 +0000": the day by name, whatever the locale. */
void
mfa_mail_header_date(mfa_buf_t *out, int64_t unix_sec)
{
    int64_t    month;
    uint8_t    room[32];
    mfa_buf_t  stamp;
    mfa_str_t  part;

    static const char  days[] = "ThuFriSatSunMonTueWed";
    static const char  months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    mfa_buf_init(&stamp, room, sizeof(room));
    mfa_timestamp_make(&stamp, unix_sec);
    part = (mfa_str_t) { room + 5, 2 };

    if (mfa_str_int(part, &month) != 0 || month < 1 || month > 12) {
        month = 1;
    }

    mfa_buf_cstr(out, "Date: ");
    mfa_buf_add(out, days + unix_sec / 86400 % 7 * 3, 3);
    mfa_buf_cstr(out, ", ");
    mfa_buf_add(out, room + 8, 2);
    mfa_buf_byte(out, ' ');
    mfa_buf_add(out, months + (month - 1) * 3, 3);
    mfa_buf_byte(out, ' ');
    mfa_buf_add(out, room, 4);
    mfa_buf_byte(out, ' ');
    mfa_buf_add(out, room + 11, 8);
    mfa_buf_cstr(out, " +0000");
}
