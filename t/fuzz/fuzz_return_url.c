/*
 * Return URLs.  What is accepted may stand in a Location header and keeps a
 * browser on the host, as it is and after up to three decodings; the oracle is
 * written from the URL standard (t/unit/url_origin.h).  Security 51.
 */

#undef NDEBUG
#include <assert.h>

#include "core/return_url.h"
#include "../unit/url_origin.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t     i, len;
    uint8_t    url[ORIGIN_URL_MAX];
    unsigned   round;
    mfa_str_t  s = { data, size };

    if (!mfa_return_url_check(s)) {
        return 0;
    }

    assert(size >= 1 && size <= MFA_RETURN_URL_MAX);

    for (i = 0; i < size; i++) {
        assert(data[i] > ' ' && data[i] <= '~');
    }

    memcpy(url, data, size);
    len = size;

    for (round = 0; round <= 3; round++) {
        assert(origin_stays(url, len));
        len = origin_decode(url, len);
    }

    return 0;
}
