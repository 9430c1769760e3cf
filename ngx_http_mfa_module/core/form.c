/*
 * application/x-www-form-urlencoded: login forms, console forms, query strings.
 *
 * The parser of the WHATWG URL standard never fails: it keeps bad escapes,
 * repairs bytes that are no text and lets the last or first of two equal names
 * win, whichever the caller asks for.  A login form that needs any of this was
 * not sent by our page, so it is refused here instead.
 *
 * Multipart bodies and character sets other than UTF-8 are not read.  What is
 * decoded belongs to the caller, who wipes room when a password is in it;
 * whatever a refused body left there is wiped here.
 */

#include "core/form.h"


static int
hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


int
mfa_form_unescape(mfa_str_t s)
{
    int  high, low;

    if (s.len < 3 || s.data[0] != '%') {
        return -1;
    }

    high = hex_digit(s.data[1]);
    low = hex_digit(s.data[2]);

    return (high < 0 || low < 0) ? -1 : high * 16 + low;
}


/*
 * UTF-8 in which control bytes other than NUL may stand (a text area sends line
 * ends): the text between them has to pass.
 */
static int
is_text(mfa_str_t s)
{
    size_t     i, from;
    mfa_str_t  run;

    for (i = 0, from = 0; i <= s.len; i++) {
        if (i < s.len && s.data[i] >= ' ' && s.data[i] != 0x7f) {
            continue;
        }

        if (i < s.len && s.data[i] == '\0') {
            return 0;
        }

        if (i > from) {
            run.data = s.data + from;
            run.len = i - from;

            if (!mfa_str_printable(run)) {
                return 0;
            }
        }

        from = i + 1;
    }

    return 1;
}


/* Decodes one name or value into room. */
static mfa_form_e
decode_part(mfa_str_t *part, mfa_str_t encoded, mfa_buf_t *room)
{
    int     c;
    size_t  from = room->len;

    while (encoded.len != 0) {
        c = encoded.data[0];

        if (c == '%') {
            c = mfa_form_unescape(encoded);

            if (c < 0) {
                return MFA_FORM_MALFORMED;
            }

            encoded.data += 2;
            encoded.len -= 2;

        } else if (c == '+') {
            c = ' ';
        }

        mfa_buf_byte(room, (uint8_t) c);
        encoded.data++;
        encoded.len--;
    }

    if (room->failed) {
        return MFA_FORM_TOO_LARGE;
    }

    *part = mfa_buf_since(room, from);

    return is_text(*part) ? MFA_FORM_OK : MFA_FORM_MALFORMED;
}


static int
has_name(const mfa_form_t *form, mfa_str_t name)
{
    size_t  i;

    for (i = 0; i < form->n; i++) {
        if (mfa_str_eq(form->fields[i].name, name)) {
            return 1;
        }
    }

    return 0;
}


static mfa_form_e
add_field(mfa_form_t *form, mfa_str_t pair, mfa_buf_t *room)
{
    mfa_str_t    name, value;
    mfa_form_e   rc;
    mfa_field_t  field;

    if (form->n == MFA_FORM_FIELDS_MAX) {
        return MFA_FORM_TOO_LARGE;
    }

    (void) mfa_str_cut(pair, '=', &name, &value);

    rc = decode_part(&field.name, name, room);
    if (rc != MFA_FORM_OK) {
        return rc;
    }

    if (has_name(form, field.name)) {
        return MFA_FORM_REPEATED;
    }

    rc = decode_part(&field.value, value, room);
    if (rc != MFA_FORM_OK) {
        return rc;
    }

    form->fields[form->n++] = field;

    return MFA_FORM_OK;
}


mfa_form_e
mfa_form_decode(mfa_form_t *form, mfa_str_t body, mfa_buf_t *room)
{
    size_t      from = room->len;
    mfa_str_t   pair;
    mfa_form_e  rc = MFA_FORM_OK;

    form->n = 0;

    if (body.len > MFA_FORM_BODY_MAX) {
        return MFA_FORM_TOO_LARGE;
    }

    while (body.len != 0 && rc == MFA_FORM_OK) {
        (void) mfa_str_cut(body, '&', &pair, &body);

        if (pair.len != 0) {
            rc = add_field(form, pair, room);
        }
    }

    if (rc != MFA_FORM_OK) {
        form->n = 0;

        if (room->len != from) {
            mfa_wipe(room->data + from, room->len - from);
            room->len = from;
        }
    }

    return rc;
}


mfa_str_t
mfa_form_value(const mfa_form_t *form, const char *name)
{
    size_t  i;

    for (i = 0; i < form->n; i++) {
        if (mfa_str_is(form->fields[i].name, name)) {
            return form->fields[i].value;
        }
    }

    return mfa_str_from(NULL);
}


static int
stays_as_it_is(uint8_t c)
{
    return (c >= '0' && c <= '9')
           || (c >= 'A' && c <= 'Z')
           || (c >= 'a' && c <= 'z')
           || c == '-' || c == '.' || c == '_' || c == '~' || c == '/';
}


void
mfa_form_escape(mfa_buf_t *out, mfa_str_t s)
{
    size_t             i;
    uint8_t            escape[3] = { '%', 0, 0 };
    static const char  digits[] = "0123456789ABCDEF";

    for (i = 0; i < s.len; i++) {
        if (stays_as_it_is(s.data[i])) {
            mfa_buf_byte(out, s.data[i]);
            continue;
        }

        escape[1] = (uint8_t) digits[s.data[i] >> 4];
        escape[2] = (uint8_t) digits[s.data[i] & 0x0f];
        mfa_buf_add(out, escape, sizeof(escape));
    }
}
