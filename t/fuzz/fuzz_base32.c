/*
 * Base32 keys as people type them.  What decodes has one canonical form, which
 * is the text in upper case without gaps and padding; what does not leaves the
 * buffer as it was; and any bytes come back from their own encoding.
 */

#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/base32.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static mfa_buf_t
make_buf(size_t cap)
{
    mfa_buf_t  b;

    mfa_buf_init(&b, malloc(cap + 1), cap);
    assert(b.data != NULL);

    return b;
}


static mfa_buf_t
canonical(mfa_str_t typed)
{
    size_t     i;
    uint8_t    c;
    mfa_buf_t  b = make_buf(typed.len);

    for (i = 0; i < typed.len; i++) {
        c = typed.data[i];

        if (c >= 'a' && c <= 'z') {
            c = (uint8_t) (c - 32);
        }

        if ((c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7')) {
            mfa_buf_byte(&b, c);
        }
    }

    return b;
}


static void
what_decodes_has_one_form(mfa_str_t typed)
{
    mfa_buf_t  bytes = make_buf(typed.len + 4), text, form;

    mfa_buf_cstr(&bytes, "kept");

    if (mfa_base32_decode(&bytes, typed) != 0) {
        assert(bytes.len == 4);

    } else {
        text = make_buf(MFA_BASE32_LEN(bytes.len));
        form = canonical(typed);

        mfa_base32_encode(&text, bytes.data + 4, bytes.len - 4);
        assert(!text.failed);
        assert(mfa_str_eq(mfa_buf_since(&text, 0), mfa_buf_since(&form, 0)));

        free(text.data);
        free(form.data);
    }

    assert(memcmp(bytes.data, "kept", 4) == 0);
    free(bytes.data);
}


static void
bytes_come_back(const uint8_t *data, size_t size)
{
    mfa_buf_t  text = make_buf(MFA_BASE32_LEN(size)), bytes = make_buf(size);

    mfa_base32_encode(&text, data, size);
    assert(!text.failed && text.len == text.cap);

    assert(mfa_base32_decode(&bytes, mfa_buf_since(&text, 0)) == 0);
    assert(bytes.len == size);
    assert(size == 0 || memcmp(bytes.data, data, size) == 0);

    free(text.data);
    free(bytes.data);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mfa_str_t  typed = { data, size };

    what_decodes_has_one_form(typed);
    bytes_come_back(data, size);

    return 0;
}
