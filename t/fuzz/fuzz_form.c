/*
 * Form bodies.  A form that is accepted has text for its fields, each name
 * once, and says the same when it is written out and read again; one that is
 * refused shows no field and leaves nothing of a password in the buffer
 * (security 5).
 */

#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/form.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
fields_are_sound(const mfa_form_t *form, const mfa_buf_t *room)
{
    size_t              i, j;
    const mfa_field_t  *f;

    assert(form->n <= MFA_FORM_FIELDS_MAX);

    for (i = 0; i < form->n; i++) {
        f = &form->fields[i];

        assert(f->name.len + f->value.len <= room->len);
        assert(f->name.len == 0 || !memchr(f->name.data, 0, f->name.len));
        assert(f->value.len == 0 || !memchr(f->value.data, 0, f->value.len));

        for (j = 0; j < i; j++) {
            assert(!mfa_str_eq(form->fields[j].name, f->name));
        }
    }
}


static void
write_out(const mfa_form_t *form, mfa_buf_t *out)
{
    size_t  i;

    for (i = 0; i < form->n; i++) {
        mfa_form_escape(out, form->fields[i].name);
        mfa_buf_byte(out, '=');
        mfa_form_escape(out, form->fields[i].value);
        mfa_buf_byte(out, '&');
    }

    assert(!out->failed);
}


static void
reads_the_same_again(const mfa_form_t *form, size_t body_len)
{
    size_t      i;
    mfa_buf_t   out, room;
    mfa_form_t  again;
    mfa_form_e  rc;

    mfa_buf_init(&out, malloc(body_len * 3 + 64), body_len * 3 + 64);
    assert(out.data != NULL);
    write_out(form, &out);

    mfa_buf_init(&room, malloc(out.len + 1), out.len);
    assert(room.data != NULL);
    rc = mfa_form_decode(&again, mfa_buf_since(&out, 0), &room);

    if (out.len > MFA_FORM_BODY_MAX) {
        assert(rc == MFA_FORM_TOO_LARGE && again.n == 0);

    } else {
        assert(rc == MFA_FORM_OK && again.n == form->n);

        for (i = 0; i < form->n; i++) {
            assert(mfa_str_eq(again.fields[i].name, form->fields[i].name));
            assert(mfa_str_eq(again.fields[i].value, form->fields[i].value));
        }
    }

    free(out.data);
    free(room.data);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t      i;
    uint8_t    *bytes;
    mfa_buf_t   room;
    mfa_str_t   body = { data, size };
    mfa_form_t  form;
    mfa_form_e  rc;

    bytes = calloc(1, size + 1);
    assert(bytes != NULL);
    mfa_buf_init(&room, bytes, size);

    rc = mfa_form_decode(&form, body, &room);

    if (rc == MFA_FORM_OK) {
        fields_are_sound(&form, &room);
        reads_the_same_again(&form, size);

    } else {
        assert(form.n == 0 && room.len == 0);
        assert(rc != MFA_FORM_TOO_LARGE || size > 32);

        for (i = 0; i < size; i++) {
            assert(bytes[i] == 0);
        }
    }

    free(bytes);

    return 0;
}
