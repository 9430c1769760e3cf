/*
 * Form tokens.  What must not happen when this breaks: a form made for one
 * cookie or one use is taken with another, or a form needs no cookie at all.
 *
 * The token was computed with another implementation of HKDF and HMAC.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base64.h"
#include "core/seal.h"
#include "exact.h"
#include "ring.h"
#include "starve.h"


static void
form_tokens_are_hmac_sha256_over_kind_and_cookie(void **state)
{
    uint8_t        room[64];
    mfa_buf_t      b;
    mfa_keyring_t  ring;

    (void) state;

    ring_of(&ring, "k1:" KEY_1);
    mfa_buf_init(&b, room, MFA_BASE64URL_LEN(32));
    assert_int_equal(mfa_form_token_make(&ring, "login", mfa_lit("the cookie"),
                                         &b), 0);
    assert_true(mfa_str_is(mfa_buf_since(&b, 0),
                           "TpiKW3W5zPMmNFwqogHg73sSOG0rKy_3ptP3fVC1kMI"));

    mfa_buf_init(&b, room, MFA_BASE64URL_LEN(32) - 1);
    assert_int_equal(mfa_form_token_make(&ring, "login", mfa_lit("the cookie"),
                                         &b), -1);
    assert_int_equal(b.len, 0);
}


static void
form_tokens_hold_for_their_kind_and_cookie_only(void **state)
{
    exact_t        e;
    mfa_str_t      cookie = mfa_lit("the cookie");
    mfa_str_t      t =
        mfa_lit("TpiKW3W5zPMmNFwqogHg73sSOG0rKy_3ptP3fVC1kMI");
    mfa_keyring_t  ring, rotated, other, none;

    (void) state;

    ring_of(&ring, "k1:" KEY_1);
    ring_of(&rotated, "k2:" KEY_2 "\nk3:" ZEROS "\nk1:" KEY_1);
    ring_of(&other, "k1:" KEY_2);
    memset(&none, 0, sizeof(none));

    e = exact_copy(t);
    assert_int_equal(mfa_form_token_check(&ring, "login", cookie, e.s),
                     MFA_YES);
    exact_free(e);
    assert_int_equal(mfa_form_token_check(&rotated, "login", cookie, t),
                     MFA_YES);

    assert_int_equal(mfa_form_token_check(&other, "login", cookie, t),
                     MFA_NO);
    assert_int_equal(mfa_form_token_check(&none, "login", cookie, t), MFA_NO);
    assert_int_equal(mfa_form_token_check(&ring, "session", cookie, t),
                     MFA_NO);
    assert_int_equal(mfa_form_token_check(&ring, "log", cookie, t), MFA_NO);
    assert_int_equal(mfa_form_token_check(&ring, "login",
                                          mfa_lit("the cookie "), t), MFA_NO);
    assert_int_equal(mfa_form_token_check(&ring, "login",
                                          mfa_lit("the cooki"), t), MFA_NO);
    assert_int_equal(mfa_form_token_check(&ring, "",
                                          mfa_lit("login\0the cookie"), t),
                     MFA_NO);
}


static void
form_tokens_bound_to_no_cookie_do_not_exist(void **state)
{
    uint8_t        room[64];
    mfa_buf_t      b;
    mfa_str_t      none = { NULL, 0 };
    mfa_keyring_t  ring, empty;

    (void) state;

    ring_of(&ring, "k1:" KEY_1);
    memset(&empty, 0, sizeof(empty));
    mfa_buf_init(&b, room, sizeof(room));

    assert_int_equal(mfa_form_token_make(&ring, "login", none, &b), -1);
    assert_int_equal(mfa_form_token_make(&empty, "login", mfa_lit("c"), &b),
                     -1);
    assert_int_equal(b.len, 0);

    /* HMAC-SHA256(form key, "login" 0x00), what the empty cookie would give */

    assert_int_equal(mfa_form_token_check(&ring, "login", none,
        mfa_lit("qGany5fxYGZr-GWWdnLYmI3Ev0b1aLUi0UEEDVIjOvA")), MFA_NO);
}


static void
form_tokens_changed_or_cut_are_refused(void **state)
{
    size_t         i, n;
    unsigned       bit;
    exact_t        e;
    uint8_t        text[44];
    mfa_str_t      cookie = mfa_lit("the cookie");
    mfa_str_t      t =
        mfa_lit("TpiKW3W5zPMmNFwqogHg73sSOG0rKy_3ptP3fVC1kMI");
    mfa_keyring_t  ring;

    (void) state;

    ring_of(&ring, "k1:" KEY_1);

    for (i = 0; i < 43; i++) {
        for (bit = 0; bit < 8; bit++) {
            memcpy(text, t.data, 43);
            text[i] ^= (uint8_t) (1u << bit);
            assert_int_equal(mfa_form_token_check(&ring, "login", cookie,
                                            (mfa_str_t) { text, 43 }),
                             MFA_NO);
        }
    }

    /* after a good one, whose bytes may still lie on the stack */

    for (n = 0; n < 43; n++) {
        assert_int_equal(mfa_form_token_check(&ring, "login", cookie, t),
                         MFA_YES);
        e = exact_copy((mfa_str_t) { t.data, n });
        assert_int_equal(mfa_form_token_check(&ring, "login", cookie, e.s),
                         MFA_NO);
        exact_free(e);
    }

    memcpy(text, t.data, 43);
    text[43] = '=';
    assert_int_equal(mfa_form_token_check(&ring, "login", cookie,
                                          (mfa_str_t) { text, 44 }), MFA_NO);
    text[43] = 'A';
    assert_int_equal(mfa_form_token_check(&ring, "login", cookie,
                                          (mfa_str_t) { text, 44 }), MFA_NO);
}


static void
security_98_form_tokens_out_of_memory_are_unknown(void **state)
{
    int            rc, starved, refused;
    long           n;
    uint8_t        room[64];
    mfa_buf_t      b;
    mfa_tri_e      rv;
    mfa_str_t      cookie = mfa_lit("the cookie");
    mfa_str_t      t =
        mfa_lit("TpiKW3W5zPMmNFwqogHg73sSOG0rKy_3ptP3fVC1kMI");
    mfa_keyring_t  ring;

    (void) state;

    ring_of(&ring, "k1:" KEY_1);
    refused = 0;
    n = 0;

    do {
        starve_at(n);
        rv = mfa_form_token_check(&ring, "login", cookie, t);
        starved = starve_over();
        assert_int_not_equal(rv, MFA_NO);

        starve_at(n++);
        mfa_buf_init(&b, room, sizeof(room));
        rc = mfa_form_token_make(&ring, "login", cookie, &b);
        starved |= starve_over();
        assert_true(rc == 0 ? mfa_str_eq(mfa_buf_since(&b, 0), t)
                            : b.len == 0);

        refused += rv == MFA_UNKNOWN && rc == -1;
    } while (starved);

    assert_true(refused > 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(form_tokens_are_hmac_sha256_over_kind_and_cookie),
        cmocka_unit_test(form_tokens_hold_for_their_kind_and_cookie_only),
        cmocka_unit_test(form_tokens_bound_to_no_cookie_do_not_exist),
        cmocka_unit_test(form_tokens_changed_or_cut_are_refused),
        cmocka_unit_test(security_98_form_tokens_out_of_memory_are_unknown)
    };

    if (!starve_install()) {
        return 1;
    }

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("form_token", tests, NULL, NULL);
}
