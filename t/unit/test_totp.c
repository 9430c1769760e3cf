/*
 * HOTP and TOTP against the vectors of RFC 4226 appendix D and RFC 6238
 * appendix B and against values computed with oathtool, the width of the window
 * (security 13), and what is a code at all (security 18).  When this breaks,
 * either nobody gets in or more codes do than should.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/totp.h"
#include "exact.h"
#include "starve.h"


static const uint8_t  key[] =
    "1234567890123456789012345678901234567890123456789012345678901234";

#define KEY_SHA1  20

static const mfa_totp_params_t  six = { 6, 30, 1, MFA_TOTP_SHA1 };


static mfa_tri_e
check(const mfa_totp_params_t *params, int64_t now, const char *code,
    int64_t *step)
{
    exact_t    e, k;
    mfa_tri_e  rv;

    e = exact_copy(mfa_str_from(code));
    k = exact_copy((mfa_str_t) { key, KEY_SHA1 });

    *step = -77;
    rv = mfa_totp_check(params, k.s.data, k.s.len, now, e.s, step);

    if (rv != MFA_YES) {
        assert_int_equal(*step, -77);
    }

    exact_free(e);
    exact_free(k);

    return rv;
}


static void
hotp_is(unsigned digits, uint64_t counter, const char *code)
{
    uint8_t            made[MFA_TOTP_DIGITS_MAX + 1];
    mfa_totp_params_t  params = { digits, 30, 0, MFA_TOTP_SHA1 };

    memset(made, '.', sizeof(made));
    assert_int_equal(mfa_hotp_make(&params, key, KEY_SHA1, counter, made), 0);
    assert_memory_equal(made, code, digits);
    assert_int_equal(made[digits], '.');
}


static void
rfc_4226_appendix_d(void **state)
{
    size_t  i;

    static const char *const  codes[] = {
        "755224", "287082", "359152", "969429", "338314",
        "254676", "287922", "162583", "399871", "520489"
    };

    (void) state;

    for (i = 0; i < 10; i++) {
        hotp_is(6, i, codes[i]);
    }
}


static void
rfc_6238_appendix_b(void **state)
{
    size_t             i, a;
    int64_t            step;
    mfa_totp_params_t  params = { 8, 30, 0, MFA_TOTP_SHA1 };

    static const size_t  key_len[] = { 20, 32, 64 };

    static const struct {
        int64_t      now;
        const char  *code[3];
    } v[] = {
        { 59, { "94287082", "46119246", "90693936" } },
        { 1111111109, { "07081804", "68084774", "25091201" } },
        { 1111111111, { "14050471", "67062674", "99943326" } },
        { 1234567890, { "89005924", "91819424", "93441116" } },
        { 2000000000, { "69279037", "90698825", "38618901" } },
        { 20000000000, { "65353130", "77737706", "47863826" } }
    };

    (void) state;

    for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
        for (a = 0; a < 3; a++) {
            params.algorithm = (mfa_totp_algorithm_e) a;
            step = -1;

            assert_int_equal(mfa_totp_check(&params, key, key_len[a],
                                            v[i].now,
                                            mfa_str_from(v[i].code[a]),
                                            &step),
                             MFA_YES);
            assert_true(step == v[i].now / 30);

            /* the same digits under another algorithm are no code */

            params.algorithm = (mfa_totp_algorithm_e) ((a + 1) % 3);
            assert_int_equal(mfa_totp_check(&params, key, key_len[a],
                                            v[i].now,
                                            mfa_str_from(v[i].code[a]),
                                            &step),
                             MFA_NO);
        }
    }
}


static void
leading_zeros_are_digits(void **state)
{
    int64_t  step;

    (void) state;

    hotp_is(6, 36, "003784");
    hotp_is(6, 44, "000152");

    assert_int_equal(check(&six, 44 * 30, "000152", &step), MFA_YES);
    assert_int_equal(step, 44);
    assert_int_equal(check(&six, 44 * 30, "152", &step), MFA_NO);
    assert_int_equal(check(&six, 44 * 30, "   152", &step), MFA_NO);
    assert_int_equal(check(&six, 44 * 30, "00152", &step), MFA_NO);
    assert_int_equal(check(&six, 44 * 30, "0000152", &step), MFA_NO);
}


static void
time_goes_on_after_2038_and_2106(void **state)
{
    size_t   i;
    int64_t  step;

    static const struct {
        int64_t      now;
        const char  *code;
    } v[] = {
        { 2147483647, "703886" },
        { 2147483648, "703886" },
        { 4294967295, "791428" },
        { 4294967296, "791428" },
        { 9999999999, "948864" }
    };

    (void) state;

    for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
        assert_int_equal(check(&six, v[i].now, v[i].code, &step), MFA_YES);
        assert_true(step == v[i].now / 30);
    }

    hotp_is(6, 4294967295, "117190");
    hotp_is(6, 4294967296, "999456");
    hotp_is(6, 4294967297, "108930");
    hotp_is(6, 1099511627776, "445672");
}


static void
the_end_of_time_does_not_wrap(void **state)
{
    int64_t            step;
    uint8_t            made[MFA_TOTP_DIGITS_MAX + 1] = { 0 };
    mfa_totp_params_t  params = { 6, 1, 2, MFA_TOTP_SHA1 };

    (void) state;

    assert_int_equal(mfa_hotp_make(&params, key, KEY_SHA1, INT64_MAX, made),
                     0);
    assert_int_equal(check(&params, INT64_MAX, (char *) made, &step),
                     MFA_YES);
    assert_true(step == INT64_MAX);

    assert_int_equal(mfa_hotp_make(&params, key, KEY_SHA1,
                                   (uint64_t) INT64_MAX + 1, made), 0);
    assert_int_equal(check(&params, INT64_MAX, (char *) made, &step), MFA_NO);
}


static void
periods_and_digits_vary(void **state)
{
    int64_t            step;
    mfa_totp_params_t  params = { 7, 60, 0, MFA_TOTP_SHA1 };

    (void) state;

    assert_int_equal(check(&params, 1234567890, "5713351", &step), MFA_YES);
    assert_int_equal(step, 1234567890 / 60);
    assert_int_equal(check(&params, 1234567890 + 30, "5713351", &step),
                     MFA_NO);
    assert_int_equal(check(&params, 8589934597, "9791428", &step), MFA_YES);

    params.period_sec = 1;
    assert_int_equal(check(&params, 1234567890, "3965462", &step), MFA_YES);
    assert_int_equal(step, 1234567890);
    assert_int_equal(check(&params, 8589934597, "4065679", &step), MFA_YES);
    assert_true(step == 8589934597);

    hotp_is(6, 1, "287082");
    hotp_is(7, 1, "4287082");
    hotp_is(8, 1, "94287082");
}


/* Codes of the steps 0 to 9 are those of RFC 4226 appendix D. */

static void
security_13_the_window_ends_where_skew_says(void **state)
{
    int                at, d;
    unsigned           skew;
    int64_t            step;
    mfa_totp_params_t  params = six;

    static const char *const  codes[] = {
        "755224", "287082", "359152", "969429", "338314",
        "254676", "287922", "162583", "399871", "520489"
    };

    (void) state;

    for (skew = 0; skew <= 3; skew++) {
        params.skew = skew;

        for (at = 0; at < 10; at++) {
            for (d = 0; d < 10; d++) {
                int  in = abs(d - at) <= (int) skew;

                /* the first and the last second of a step */

                assert_int_equal(check(&params, at * 30, codes[d], &step),
                                 in ? MFA_YES : MFA_NO);
                assert_true(!in || step == d);

                assert_int_equal(check(&params, at * 30 + 29, codes[d],
                                       &step),
                                 in ? MFA_YES : MFA_NO);
                assert_true(!in || step == d);
            }
        }
    }
}


/* 153567 and 153569, 910737 and 910738 have the same six digits. */

static void
of_two_steps_with_one_code_the_latest_is_told(void **state)
{
    int64_t  step;

    (void) state;

    assert_int_equal(check(&six, 153568 * 30, "468457", &step), MFA_YES);
    assert_int_equal(step, 153569);
    assert_int_equal(check(&six, 153567 * 30, "468457", &step), MFA_YES);
    assert_int_equal(step, 153567);

    assert_int_equal(check(&six, 910738 * 30, "911617", &step), MFA_YES);
    assert_int_equal(step, 910738);
    assert_int_equal(check(&six, 910736 * 30, "911617", &step), MFA_YES);
    assert_int_equal(step, 910737);
}


static void
security_18_a_code_is_its_digits_and_nothing_else(void **state)
{
    size_t   i;
    int64_t  step;
    exact_t  e;

    /* 287082 is right at step 1; none of these spellings is */

    static const char *const  bad[] = {
        "", "2", "28708", "2870820", "0287082", "+287082", "-287082",
        "+28708", " 28708", "28708 ", " 287082", "287082 ", "287082\n",
        "287 082", "287082%00", "28708\xb2", "0x2870", "28708a", "28708:",
        "28708/", "2.8708",
        /* fullwidth, six characters and six bytes; Arabic-Indic */
        "\uff12\uff18\uff17\uff10\uff18\uff12", "\uff12\uff18",
        "\u0662\u0668\u0667"
    };

    (void) state;

    assert_int_equal(check(&six, 30, "287082", &step), MFA_YES);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(check(&six, 30, bad[i], &step), MFA_NO);
    }

    e = exact_copy(mfa_lit("287082\0"));
    assert_int_equal(mfa_totp_check(&six, key, KEY_SHA1, 30, e.s, &step),
                     MFA_NO);
    exact_free(e);

    assert_int_equal(mfa_totp_check(&six, key, KEY_SHA1, 30,
                                    (mfa_str_t) { NULL, 0 }, &step),
                     MFA_NO);
}


static void
security_18_every_digit_counts(void **state)
{
    size_t   i;
    int64_t  step;
    char     code[] = "287082", c;

    (void) state;

    for (i = 0; i < 6; i++) {
        for (c = '0'; c <= '9'; c++) {
            char  right = code[i];

            code[i] = c;
            assert_int_equal(check(&six, 30, code, &step),
                             c == right ? MFA_YES : MFA_NO);
            code[i] = right;
        }
    }
}


static void
a_code_cut_at_every_byte_is_refused(void **state)
{
    size_t     n;
    int64_t    step;
    exact_t    e;
    mfa_str_t  code = mfa_lit("94287082");

    static const mfa_totp_params_t  eight = { 8, 30, 1, MFA_TOTP_SHA1 };

    (void) state;

    for (n = 0; n <= 8; n++) {
        code.len = n;
        e = exact_copy(code);
        assert_int_equal(mfa_totp_check(&eight, key, KEY_SHA1, 59, e.s,
                                        &step),
                         n == 8 ? MFA_YES : MFA_NO);
        exact_free(e);
    }
}


static void
what_cannot_be_computed_is_never_a_yes(void **state)
{
    size_t             i;
    int64_t            step;
    uint8_t            made[MFA_TOTP_DIGITS_MAX];
    mfa_totp_params_t  params;

    static const unsigned  bad_digits[] = { 0, 1, 5, 9, 4294967295 };

    (void) state;

    assert_int_equal(mfa_totp_check(&six, key, 0, 30, mfa_lit("287082"),
                                    &step),
                     MFA_UNKNOWN);
    assert_int_equal(mfa_hotp_make(&six, key, 0, 1, made), -1);
    assert_int_equal(check(&six, -1, "755224", &step), MFA_UNKNOWN);
    assert_int_equal(check(&six, INT64_MIN, "755224", &step), MFA_UNKNOWN);

    params = six;
    params.period_sec = 0;
    assert_int_equal(check(&params, 30, "287082", &step), MFA_UNKNOWN);

    params = six;
    params.algorithm = (mfa_totp_algorithm_e) 3;
    assert_int_equal(check(&params, 30, "287082", &step), MFA_UNKNOWN);

    for (i = 0; i < sizeof(bad_digits) / sizeof(bad_digits[0]); i++) {
        params = six;
        params.digits = bad_digits[i];
        assert_int_equal(mfa_hotp_make(&params, key, KEY_SHA1, 1, made), -1);
        assert_int_not_equal(check(&params, 30, "", &step), MFA_YES);
        assert_int_not_equal(check(&params, 30, "2", &step), MFA_YES);
        assert_int_not_equal(check(&params, 30, "87082", &step), MFA_YES);
    }
}


/* Some allocations OpenSSL can do without: then the answer is the right one. */

static void
security_98_openssl_out_of_memory_is_unknown(void **state)
{
    int        starved, unknown;
    long       n;
    int64_t    step;
    mfa_tri_e  right, wrong;

    (void) state;

    unknown = 0;
    n = 0;

    do {
        starve_at(n);
        right = mfa_totp_check(&six, key, KEY_SHA1, 30, mfa_lit("287082"),
                               &step);
        starved = starve_over();

        starve_at(n++);
        wrong = mfa_totp_check(&six, key, KEY_SHA1, 30, mfa_lit("287083"),
                               &step);
        starve_over();

        assert_int_not_equal(right, MFA_NO);
        assert_int_not_equal(wrong, MFA_YES);
        unknown += right == MFA_UNKNOWN;
    } while (starved);

    assert_int_equal(right, MFA_YES);
    assert_int_equal(wrong, MFA_NO);
    assert_true(unknown > 2);
}


static void
algorithms_have_their_otpauth_names(void **state)
{
    (void) state;

    assert_string_equal(mfa_totp_algorithm_name(MFA_TOTP_SHA1), "SHA1");
    assert_string_equal(mfa_totp_algorithm_name(MFA_TOTP_SHA256), "SHA256");
    assert_string_equal(mfa_totp_algorithm_name(MFA_TOTP_SHA512), "SHA512");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(rfc_4226_appendix_d),
        cmocka_unit_test(rfc_6238_appendix_b),
        cmocka_unit_test(leading_zeros_are_digits),
        cmocka_unit_test(time_goes_on_after_2038_and_2106),
        cmocka_unit_test(the_end_of_time_does_not_wrap),
        cmocka_unit_test(periods_and_digits_vary),
        cmocka_unit_test(security_13_the_window_ends_where_skew_says),
        cmocka_unit_test(of_two_steps_with_one_code_the_latest_is_told),
        cmocka_unit_test(security_18_a_code_is_its_digits_and_nothing_else),
        cmocka_unit_test(security_18_every_digit_counts),
        cmocka_unit_test(a_code_cut_at_every_byte_is_refused),
        cmocka_unit_test(what_cannot_be_computed_is_never_a_yes),
        cmocka_unit_test(security_98_openssl_out_of_memory_is_unknown),
        cmocka_unit_test(algorithms_have_their_otpauth_names)
    };

    if (!starve_install()) {
        return 1;
    }

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("totp", tests, NULL, NULL);
}
