/*
 * The otpauth URI (security 24).  A login or an issuer that gets out of its
 * place could replace the secret an app is given; a character cut in half makes
 * apps refuse the code.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/otpauth.h"
#include "exact.h"


static const uint8_t  secret[MFA_TOTP_SECRET_BYTES] = "12345678901234567890";

static const mfa_totp_params_t  six = { 6, 30, 1, MFA_TOTP_SHA1 };

#define SECRET  "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
#define TAIL    "&algorithm=SHA1&digits=6&period=30"


/* Made from memory that ends with the names, into a buffer it must fit. */

static mfa_str_t
make(mfa_str_t issuer, mfa_str_t login)
{
    exact_t    i, l;
    mfa_buf_t  b;

    static uint8_t  room[MFA_OTPAUTH_MAX];

    i = exact_copy(issuer);
    l = exact_copy(login);

    mfa_buf_init(&b, room, sizeof(room));
    mfa_otpauth_make(&b, &six, i.s, l.s, secret, sizeof(secret));
    assert_false(b.failed);

    exact_free(i);
    exact_free(l);

    return mfa_buf_since(&b, 0);
}


static void
uri_has_all_parameters(void **state)
{
    uint8_t            room[MFA_OTPAUTH_MAX];
    mfa_buf_t          b;
    mfa_totp_params_t  params = { 8, 4294967295, 0, MFA_TOTP_SHA512 };

    (void) state;

    assert_true(mfa_str_is(make(mfa_lit("Acme"), mfa_lit("alice@acme.org")),
        "otpauth://totp/Acme:alice%40acme.org?secret=" SECRET "&issuer=Acme"
        TAIL));

    mfa_buf_init(&b, room, sizeof(room));
    mfa_otpauth_make(&b, &params, mfa_lit("A"), mfa_lit("b"), secret, 1);
    assert_true(mfa_str_is(mfa_buf_since(&b, 0),
        "otpauth://totp/A:b?secret=GE&issuer=A&algorithm=SHA512&digits=8"
        "&period=4294967295"));

    params.algorithm = MFA_TOTP_SHA256;
    params.digits = 7;
    params.period_sec = 60;
    mfa_buf_init(&b, room, sizeof(room));
    mfa_otpauth_make(&b, &params, mfa_lit("A"), mfa_lit("b"), secret, 1);
    assert_true(mfa_str_is(mfa_buf_since(&b, 0),
        "otpauth://totp/A:b?secret=GE&issuer=A&algorithm=SHA256&digits=7"
        "&period=60"));
}


static void
security_24_no_name_gets_out_of_its_place(void **state)
{
    (void) state;

    assert_true(mfa_str_is(make(mfa_lit("A"),
                                mfa_lit("a?secret=AAAA&issuer=x")),
        "otpauth://totp/A:a%3Fsecret%3DAAAA%26issuer%3Dx?secret=" SECRET
        "&issuer=A" TAIL));

    assert_true(mfa_str_is(make(mfa_lit("A&secret=B:C#/"), mfa_lit("b")),
        "otpauth://totp/A%26secret%3DB%3AC%23%2F:b?secret=" SECRET
        "&issuer=A%26secret%3DB%3AC%23%2F" TAIL));

    assert_true(mfa_str_is(make(mfa_lit("A B+C"), mfa_lit("100%")),
        "otpauth://totp/A%20B%2BC:100%25?secret=" SECRET
        "&issuer=A%20B%2BC" TAIL));

    assert_true(mfa_str_is(make(mfa_lit("A"), mfa_lit("a\0\r\n\"<b")),
        "otpauth://totp/A:a%00%0D%0A%22%3Cb?secret=" SECRET "&issuer=A" TAIL));

    assert_true(mfa_str_is(make(mfa_lit("\u00c9t\u00e9"),
                                mfa_lit("\U0001f600")),
        "otpauth://totp/%C3%89t%C3%A9:%F0%9F%98%80?secret=" SECRET
        "&issuer=%C3%89t%C3%A9" TAIL));
}


/* Only the unreserved characters of RFC 3986 stand for themselves. */

static void
security_24_all_but_66_bytes_are_escaped(void **state)
{
    size_t     plain;
    unsigned   c, n;
    uint8_t    byte;
    mfa_str_t  uri;

    (void) state;

    n = 0;
    plain = sizeof("otpauth://totp/A:x?secret=" SECRET "&issuer=A" TAIL) - 1;

    for (c = 0; c < 256; c++) {
        byte = (uint8_t) c;
        uri = make(mfa_lit("A"), (mfa_str_t) { &byte, 1 });

        if (uri.len == plain) {
            assert_int_equal(uri.data[17], byte);
            n++;

        } else {
            assert_int_equal(uri.len, plain + 2);
            assert_int_equal(uri.data[17], '%');
        }
    }

    assert_int_equal(n, 26 + 26 + 10 + 4);
}


static size_t
bytes_of_login(mfa_str_t uri)
{
    size_t  i, n;

    n = 0;

    for (i = sizeof("otpauth://totp/A:") - 1; uri.data[i] != '?'; n++) {
        i += uri.data[i] == '%' ? 3 : 1;
        assert_true(i < uri.len);
    }

    return n;
}


static void
security_24_names_are_cut_between_characters(void **state)
{
    size_t   lead, n;
    uint8_t  name[300];

    static const struct {
        size_t       len;
        const char  *text;
    } chars[] = {
        { 1, "a" }, { 2, "\u00e9" }, { 3, "\u20ac" }, { 4, "\U0001f600" }
    };

    (void) state;

    for (n = 0; n < 4; n++) {
        for (lead = 0; lead < 4; lead++) {
            size_t  at, left;

            memset(name, 'x', lead);

            for (at = lead; at + chars[n].len <= sizeof(name);
                 at += chars[n].len)
            {
                memcpy(name + at, chars[n].text, chars[n].len);
            }

            left = (MFA_OTPAUTH_NAME_MAX - lead) % chars[n].len;

            assert_int_equal(bytes_of_login(make(mfa_lit("A"),
                                             (mfa_str_t) { name, at })),
                             MFA_OTPAUTH_NAME_MAX - left);
        }
    }
}


static void
security_24_names_up_to_the_cap_stay_whole(void **state)
{
    size_t   n;
    uint8_t  name[300];

    (void) state;

    memset(name, 0xbf, sizeof(name));

    /* bytes that are no UTF-8 at all are cut all the same */

    for (n = 0; n <= sizeof(name); n++) {
        size_t  got = bytes_of_login(make(mfa_lit("A"),
                                          (mfa_str_t) { name, n }));

        if (n <= MFA_OTPAUTH_NAME_MAX) {
            assert_int_equal(got, n);
        } else {
            assert_in_range(got, MFA_OTPAUTH_NAME_MAX - 4,
                            MFA_OTPAUTH_NAME_MAX);
        }
    }
}


static void
the_longest_uri_fits_its_maximum(void **state)
{
    uint8_t            name[300], room[MFA_OTPAUTH_MAX];
    mfa_buf_t          b;
    mfa_str_t          s = { name, sizeof(name) };
    mfa_totp_params_t  params = { 8, 4294967295, 1, MFA_TOTP_SHA512 };

    (void) state;

    memset(name, '%', sizeof(name));
    mfa_buf_init(&b, room, sizeof(room));
    mfa_otpauth_make(&b, &params, s, s, secret, sizeof(secret));
    assert_false(b.failed);
    assert_true(b.len > 1000);
}


static void
want_of_room_is_told_at_every_length(void **state)
{
    size_t     cap, whole;
    uint8_t   *room;
    mfa_buf_t  b;

    (void) state;

    whole = sizeof("otpauth://totp/A:x%40?secret=" SECRET "&issuer=A" TAIL) - 1;

    for (cap = 0; cap <= whole; cap++) {
        room = malloc(cap ? cap : 1);
        assert_non_null(room);
        mfa_buf_init(&b, room, cap);
        mfa_otpauth_make(&b, &six, mfa_lit("A"), mfa_lit("x@"), secret,
                         sizeof(secret));
        assert_int_equal(b.failed, cap < whole);
        free(room);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(uri_has_all_parameters),
        cmocka_unit_test(security_24_no_name_gets_out_of_its_place),
        cmocka_unit_test(security_24_all_but_66_bytes_are_escaped),
        cmocka_unit_test(security_24_names_are_cut_between_characters),
        cmocka_unit_test(security_24_names_up_to_the_cap_stay_whole),
        cmocka_unit_test(the_longest_uri_fits_its_maximum),
        cmocka_unit_test(want_of_room_is_told_at_every_length)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("otpauth", tests, NULL, NULL);
}
