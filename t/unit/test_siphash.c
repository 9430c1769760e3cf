/*
 * SipHash-2-4-128 against another implementation of it, OpenSSL's, and against
 * the two first vectors of its authors.  When this breaks, the worker's cache
 * may take one cookie for another, or its tables can be filled with collisions.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "core/siphash.h"

#define DIGEST  16
#define LONG    1024                        /* bytes of the longest input */


/* The least byte first, whatever the machine's order. */
static void
bytes_of(mfa_digest_t digest, uint8_t *out)
{
    unsigned  i;

    for (i = 0; i < 8; i++) {
        out[i] = (uint8_t) (digest.low >> 8 * i);
        out[8 + i] = (uint8_t) (digest.high >> 8 * i);
    }
}


static void
by_openssl(const uint8_t *key, const uint8_t *data, size_t len, uint8_t *out)
{
    size_t        size = DIGEST, n = 0;
    EVP_MAC      *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
    EVP_MAC_CTX  *ctx = EVP_MAC_CTX_new(mac);
    OSSL_PARAM    params[2];

    params[0] = OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size);
    params[1] = OSSL_PARAM_construct_end();

    assert_int_equal(EVP_MAC_init(ctx, key, MFA_SIPHASH_KEY, params), 1);
    assert_int_equal(EVP_MAC_update(ctx, data, len), 1);
    assert_int_equal(EVP_MAC_final(ctx, out, &n, DIGEST), 1);
    assert_int_equal(n, DIGEST);

    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
}


static void
the_authors_first_vectors(void **state)
{
    size_t   i;
    uint8_t  key[MFA_SIPHASH_KEY], out[DIGEST];

    static const uint8_t  expected[2][DIGEST] = {
        { 0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6,
          0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93 },
        { 0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44,
          0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45 }
    };

    (void) state;

    for (i = 0; i < sizeof(key); i++) {
        key[i] = (uint8_t) i;
    }

    for (i = 0; i < 2; i++) {
        bytes_of(mfa_siphash(key, (mfa_str_t) { key, i }), out);
        assert_memory_equal(out, expected[i], DIGEST);
    }

    /* Nothing may be no address, too. */
    bytes_of(mfa_siphash(key, (mfa_str_t) { NULL, 0 }), out);
    assert_memory_equal(out, expected[0], DIGEST);
}


/* Each length 0 to 64 and some longer ones, at each alignment. */
static void
the_same_as_another_implementation(void **state)
{
    size_t   len, at, round;
    uint8_t  key[MFA_SIPHASH_KEY], data[LONG + 8], ours[DIGEST],
             theirs[DIGEST];

    (void) state;

    for (round = 0; round < 20; round++) {
        assert_int_equal(RAND_bytes(key, sizeof(key)), 1);
        assert_int_equal(RAND_bytes(data, sizeof(data)), 1);

        for (len = 0; len <= LONG; len += len < 64 ? 1 : 37) {
            at = (len + round) % 8;
            bytes_of(mfa_siphash(key, (mfa_str_t) { data + at, len }), ours);
            by_openssl(key, data + at, len, theirs);
            assert_memory_equal(ours, theirs, DIGEST);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(the_authors_first_vectors),
        cmocka_unit_test(the_same_as_another_implementation)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("siphash", tests, NULL, NULL);
}
