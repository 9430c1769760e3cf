/*
 * Addresses: what fits into 4 or 16 bytes comes back as the very text it was,
 * and everything else stays the text it is.  When this breaks, people are shown
 * an address they were never at.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/address.h"
#include "exact_pool.h"


static int
teardown(void **state)
{
    (void) state;
    pool_free();

    return 0;
}


static void
is(const char *text, mfa_address_e kind)
{
    mfa_buf_t      b;
    mfa_address_t  address;

    address = mfa_address_of(pool_text(text));
    assert_int_equal(address.kind, kind);

    b = pool_buf(strlen(text));
    mfa_address_write(&b, &address);
    assert_false(b.failed);
    assert_true(buf_is(&b, text));
}


static void
addresses_come_back_as_they_were(void **state)
{
    size_t  i;

    static const char *const  v4[] = {
        "0.0.0.0", "127.0.0.1", "192.0.2.33", "255.255.255.255", "10.1.20.100"
    };
    static const char *const  v6[] = {
        "::", "::1", "1::", "2001:db8::1", "fe80::1:2:3:4", "::2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:8", "2001:db8:0:1::1", "::ffff:1:2",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "1::8", "1:0:0:2::8",
        "a:b:c::f:1000", "1::4:0:0:7:8"
    };

    (void) state;

    for (i = 0; i < sizeof(v4) / sizeof(v4[0]); i++) {
        is(v4[i], MFA_ADDRESS_IPV4);
    }

    for (i = 0; i < sizeof(v6) / sizeof(v6[0]); i++) {
        is(v6[i], MFA_ADDRESS_IPV6);
    }
}


static void
what_is_spelled_otherwise_stays_a_text(void **state)
{
    size_t  i;

    static const char *const  texts[] = {
        "", "unix:", "x", "1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.256",
        "1.2.3.-4", "1.2.3.", ".1.2.3", "1.2.3.4 ", "1.2.3.a", "1.2.3.4:80",
        "1.2.3.99999999999999999999", ":", ":::", "1", "1:", ":1", "1:2",
        "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "::1::", "1:2:::3",
        "1:2:3:4:5:6:7:", ":1:2:3:4:5:6:7", "::G", "::00001", "::01", "::10000",
        "2001:DB8::1", "0:0:0:0:0:0:0:0", "1:0:0:0:2:0:0:0", "::ffff:192.0.2.1",
        "fe80::1%eth0", "[::1]", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8"
    };

    (void) state;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        is(texts[i], MFA_ADDRESS_TEXT);
    }
}


/* Every pattern of zero groups has one text, which is read back. */
static void
zeros_are_cut_out_once(void **state)
{
    int            mask, i;
    uint8_t        room[MFA_ADDRESS_MAX];
    mfa_buf_t      b;
    mfa_address_t  address, back;

    (void) state;

    for (mask = 0; mask < 256; mask++) {
        memset(&address, 0, sizeof(address));
        address.kind = MFA_ADDRESS_IPV6;

        for (i = 0; i < 8; i++) {
            address.bytes[2 * i + 1] = (uint8_t) (mask >> i & 1 ? 0x1a : 0);
        }

        mfa_buf_init(&b, room, sizeof(room));
        mfa_address_write(&b, &address);
        assert_false(b.failed);
        back = mfa_address_of(mfa_buf_since(&b, 0));
        assert_int_equal(back.kind, MFA_ADDRESS_IPV6);
        assert_memory_equal(back.bytes, address.bytes, 16);
    }
}


static void
a_long_text_is_cut_when_written(void **state)
{
    uint8_t        room[MFA_ADDRESS_MAX], text[MFA_ADDRESS_MAX + 1];
    mfa_buf_t      b;
    mfa_address_t  address;

    (void) state;

    memset(text, '1', sizeof(text));
    address = mfa_address_of(pool_bytes(text, sizeof(text)));
    assert_int_equal(address.kind, MFA_ADDRESS_TEXT);
    mfa_buf_init(&b, room, sizeof(room));
    mfa_address_write(&b, &address);
    assert_false(b.failed);
    assert_int_equal(b.len, MFA_ADDRESS_MAX);
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_teardown(t, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(addresses_come_back_as_they_were),
        TEST(what_is_spelled_otherwise_stays_a_text),
        TEST(zeros_are_cut_out_once),
        TEST(a_long_text_is_cut_when_written)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
