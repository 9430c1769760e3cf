/*
 * Assertions (feature 100-10): signed as RFC 7515 says and nothing but what was
 * to be stated.  Vectors are those of RFC 7515 appendix A; thumbprints were made
 * with another program.  Whether others can verify one is asked in
 * t/35-assertion.t.
 *
 * Fails when a name gets out of its JSON string, when a signature is not the one
 * of the RFC, when a key of another kind is taken, and when an integer of r or s
 * loses its leading zeros (one signature in 128).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/err.h>

#include "core/base64.h"
#include "core/jwt.h"
#include "exact.h"


/* RFC 7515 appendix A.3, as openssl writes it. */
static const char  ec_pem[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHcCAQEEII6bEJ5xkJi/mASH3x9dd+nLKWBuvtImO19XwhPfhPSyoAoGCCqGSM49\n"
    "AwEHoUQDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72b\n"
    "focs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
    "-----END EC PRIVATE KEY-----\n";

/* The same with another private half. */
static const char  ec_unfit[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHcCAQEEII6bEJ5xkJi/mASH3x9dd+nLKWBuvtImO19XwhPfhPQAoAoGCCqGSM49\n"
    "AwEHoUQDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72b\n"
    "focs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
    "-----END EC PRIVATE KEY-----\n";

static const char  ed25519[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIHbANI5U9iQA2NUXXNM0I5Q+jjxyaOw6zDncQ4m3mRBX\n"
    "-----END PRIVATE KEY-----\n";

static const char  p384[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MIGkAgEBBDDaQudqpwhIzQ8R+NTwolueVtVuJ3isvQy0oBvk37FCqNPovtB+z18n\n"
    "oe6DuquV1oKgBwYFK4EEACKhZANiAAR1rePSu32imUL7+eTC1nwWVF6PBq904Fos\n"
    "disad4UqeAtdzPNadriVhFmMB6Uxpgdu4h5CLA8BPLr041xmuLUh0DMqWsD3Gqcq\n"
    "4Pc/3ZgzcVz9Q0euQ77xvkifkmvPQEA=\n"
    "-----END EC PRIVATE KEY-----\n";

/* RFC 7515 appendix A.1. */
static const char  hmac_secret[] =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ+EstJQLr/T+1qS0gZH75aKtMN3Yj0iPS4hcgUu"
    "TwjAzZr1Z9CAow==\n";

static const char  hmac_input[] =
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEz"
    "MDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

static const uint8_t  id[MFA_JWT_ID_BYTES] = "0123456789abcdef";


static int
parse(mfa_jwt_key_t *key, const char *text)
{
    int          rc;
    exact_t      copy;
    const char  *why;

    copy = exact_copy(mfa_str_from(text));
    rc = mfa_jwt_key_parse(key, copy.s, &why);
    exact_free(copy);

    return rc;
}


static mfa_jwt_claims_t
usual(void)
{
    return (mfa_jwt_claims_t) {
        .issuer = mfa_lit("Example"), .audience = mfa_lit("a.example.com"),
        .login = mfa_lit("alice"), .portal = mfa_lit("user"),
        .role = mfa_lit("manager"), .level = mfa_lit("mfa"),
        .now = 1700000000, .id = id
    };
}


/* The n-th part of an assertion, decoded, as JSON. */
static json_t *
part(mfa_str_t jwt, int n)
{
    json_t     *json;
    uint8_t     room[MFA_JWT_MAX];
    mfa_buf_t   out;
    mfa_str_t   head;

    do {
        (void) mfa_str_cut(jwt, '.', &head, &jwt);
    } while (n-- > 0);

    mfa_buf_init(&out, room, sizeof(room));
    assert_int_equal(mfa_base64url_decode(&out, head), 0);
    json = json_loadb((char *) room, out.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);

    return json;
}


static void
assert_text(const json_t *json, const char *name, mfa_str_t expected)
{
    const json_t  *value = json_object_get(json, name);

    assert_true(json_is_string(value));
    assert_int_equal(json_string_length(value), expected.len);
    assert_memory_equal(json_string_value(value), expected.data, expected.len);
}


static void
hs256_signs_as_in_rfc_7515_a_1(void **state)
{
    uint8_t        room[64], text[64];
    mfa_buf_t      raw, out;
    mfa_jwt_key_t  key;

    (void) state;

    assert_int_equal(parse(&key, hmac_secret), 0);
    assert_int_equal(key.alg, MFA_JWT_HS256);

    mfa_buf_init(&raw, room, sizeof(room));
    mfa_buf_init(&out, text, sizeof(text));
    assert_int_equal(mfa_jwt_sign(&raw, &key, mfa_str_from(hmac_input)), 0);
    mfa_base64url_encode(&out, room, raw.len);
    assert_true(mfa_str_is(mfa_buf_since(&out, 0),
                           "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
    mfa_jwt_key_free(&key);
}


static void
keys_are_named_by_their_rfc_7638_thumbprint(void **state)
{
    mfa_jwt_key_t  key;

    (void) state;

    assert_int_equal(parse(&key, ec_pem), 0);
    assert_memory_equal(key.id, "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U",
                        MFA_JWT_KEY_ID_CHARS);
    mfa_jwt_key_free(&key);

    assert_int_equal(parse(&key, hmac_secret), 0);
    assert_memory_equal(key.id, "y_x3gCJnL6oKGBBIXScabduwxTVy2Wd2bzRVEUbdUzc",
                        MFA_JWT_KEY_ID_CHARS);
    mfa_jwt_key_free(&key);
}


/* r and s back to what OpenSSL verifies. */
static int
verifies(mfa_jwt_key_t *key, mfa_str_t text, const uint8_t raw[64])
{
    int          len, ok;
    uint8_t     *der = NULL;
    ECDSA_SIG   *sig;
    EVP_MD_CTX  *ctx;

    sig = ECDSA_SIG_new();
    assert_int_equal(ECDSA_SIG_set0(sig, BN_bin2bn(raw, 32, NULL),
                                    BN_bin2bn(raw + 32, 32, NULL)), 1);
    len = i2d_ECDSA_SIG(sig, &der);
    assert_true(len > 0);

    ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL,
                                          key->pkey), 1);
    ok = EVP_DigestVerify(ctx, der, (size_t) len, text.data, text.len) == 1;
    ERR_clear_error();

    EVP_MD_CTX_free(ctx);
    OPENSSL_free(der);
    ECDSA_SIG_free(sig);

    return ok;
}


/* Enough of them that short integers are among them. */
static void
es256_signatures_verify(void **state)
{
    int            i, short_ones = 0;
    uint8_t        room[64];
    mfa_buf_t      raw;
    mfa_jwt_key_t  key;

    (void) state;

    assert_int_equal(parse(&key, ec_pem), 0);
    assert_int_equal(key.alg, MFA_JWT_ES256);

    for (i = 0; i < 3000 && (i < 50 || short_ones == 0); i++) {
        mfa_buf_init(&raw, room, sizeof(room));
        assert_int_equal(mfa_jwt_sign(&raw, &key, mfa_lit("text")), 0);
        assert_int_equal(raw.len, 64);
        assert_true(verifies(&key, mfa_lit("text"), room));
        assert_false(verifies(&key, mfa_lit("texT"), room));
        short_ones += room[0] == 0 || room[32] == 0;
    }

    assert_true(short_ones > 0);
    mfa_jwt_key_free(&key);
}


static void
the_signature_of_rfc_7515_a_3_verifies_with_its_key(void **state)
{
    uint8_t        room[64];
    mfa_buf_t      raw;
    mfa_jwt_key_t  key;

    (void) state;

    assert_int_equal(parse(&key, ec_pem), 0);
    mfa_buf_init(&raw, room, sizeof(room));
    assert_int_equal(mfa_base64url_decode(&raw, mfa_lit(
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQ"
        "xfKTUJqPP3-Kg6NU1Q")), 0);
    assert_true(verifies(&key, mfa_lit(
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQo"
        "gImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"), room));
    mfa_jwt_key_free(&key);
}


static void
der_becomes_32_bytes_each_or_nothing(void **state)
{
    size_t   i;
    uint8_t  out[64], whole[64];

    static const uint8_t  small[] = { 0x30, 6, 2, 1, 1, 2, 1, 0x7f };
    static const uint8_t  high[] = { 0x30, 8, 2, 2, 0, 0xff, 2, 2, 0, 0x80 };
    static const uint8_t  behind[] = { 0x30, 6, 2, 1, 1, 2, 1, 2, 0 };
    static const uint8_t  large[] = {
        0x30, 38, 2, 33, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 1, 1 };

    (void) state;

    memset(whole, 0, sizeof(whole));
    whole[31] = 1;
    whole[63] = 0x7f;
    assert_int_equal(mfa_jwt_from_der(out, small, sizeof(small)), 0);
    assert_memory_equal(out, whole, 64);

    whole[31] = 0xff;
    whole[63] = 0x80;
    assert_int_equal(mfa_jwt_from_der(out, high, sizeof(high)), 0);
    assert_memory_equal(out, whole, 64);

    assert_int_equal(mfa_jwt_from_der(out, behind, sizeof(behind)), -1);
    assert_int_equal(mfa_jwt_from_der(out, large, sizeof(large)), -1);

    for (i = 0; i < sizeof(small); i++) {
        assert_int_equal(mfa_jwt_from_der(out, small, i), -1);
    }

    ERR_clear_error();
}


static void
an_assertion_states_what_it_is_given(void **state)
{
    json_t            *json;
    uint8_t            room[MFA_JWT_MAX];
    mfa_buf_t          out;
    mfa_jwt_key_t      key;
    mfa_jwt_claims_t   claims = usual();

    (void) state;

    assert_int_equal(parse(&key, hmac_secret), 0);
    mfa_buf_init(&out, room, sizeof(room));
    assert_int_equal(mfa_jwt_make(&out, &key, &claims), 0);

    json = part(mfa_buf_since(&out, 0), 0);
    assert_int_equal(json_object_size(json), 3);
    assert_text(json, "alg", mfa_lit("HS256"));
    assert_text(json, "typ", mfa_lit("JWT"));
    assert_text(json, "kid", (mfa_str_t) { key.id, sizeof(key.id) });
    json_decref(json);

    json = part(mfa_buf_since(&out, 0), 1);
    assert_int_equal(json_object_size(json), 9);
    assert_text(json, "iss", mfa_lit("Example"));
    assert_text(json, "aud", mfa_lit("a.example.com"));
    assert_text(json, "sub", mfa_lit("alice"));
    assert_text(json, "portal", mfa_lit("user"));
    assert_text(json, "role", mfa_lit("manager"));
    assert_text(json, "level", mfa_lit("mfa"));
    assert_text(json, "jti", mfa_lit("MDEyMzQ1Njc4OWFiY2RlZg"));
    assert_int_equal(json_integer_value(json_object_get(json, "iat")),
                     1700000000);
    assert_int_equal(json_integer_value(json_object_get(json, "exp")),
                     1700000060);
    json_decref(json);
    mfa_jwt_key_free(&key);
}


/* security 52: no text gets out of its string, in any of the places. */
static void
security_52_every_printable_text_comes_back_as_it_was(void **state)
{
    size_t             i, j;
    json_t            *json;
    uint8_t            room[MFA_JWT_MAX], ascii[95];
    mfa_buf_t          out;
    mfa_str_t         *field;
    mfa_jwt_key_t      key;
    mfa_jwt_claims_t   claims;

    static const char *const  names[] = {
        "iss", "aud", "sub", "portal", "role", "level"
    };
    const mfa_str_t  texts[] = {
        mfa_lit("\""), mfa_lit("\\"), mfa_lit("\\\""), mfa_lit("a\\"),
        mfa_lit("\",\"role\":\"root"), mfa_lit("\"}"), mfa_lit("\\u0022"),
        mfa_lit("\xc3\x84 \xe2\x80\xa8 \xf0\x9f\x98\x80"), mfa_lit("</script>"),
        { ascii, sizeof(ascii) },
    };

    (void) state;

    for (i = 0; i < sizeof(ascii); i++) {
        ascii[i] = (uint8_t) (' ' + i);
    }

    assert_int_equal(parse(&key, hmac_secret), 0);

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
            claims = usual();
            field = &claims.issuer + i;
            *field = texts[j];
            mfa_buf_init(&out, room, sizeof(room));
            assert_int_equal(mfa_jwt_make(&out, &key, &claims), 0);
            json = part(mfa_buf_since(&out, 0), 1);
            assert_int_equal(json_object_size(json), 9);
            assert_text(json, names[i], texts[j]);
            json_decref(json);
        }
    }

    mfa_jwt_key_free(&key);
}


static void
what_cannot_be_stated_makes_no_assertion(void **state)
{
    size_t             i, j;
    uint8_t            room[MFA_JWT_MAX], huge[MFA_JWT_CLAIMS_MAX];
    mfa_buf_t          out;
    mfa_str_t         *field;
    mfa_jwt_key_t      key;
    mfa_jwt_claims_t   claims;

    const mfa_str_t  texts[] = {
        mfa_lit("a\nb"), mfa_lit("\r"), mfa_lit("a\0b"), mfa_lit("\x7f"),
        mfa_lit("\xff"), mfa_lit("\xc3"), mfa_lit("\xc2\x85"),
        { huge, sizeof(huge) }, mfa_lit(""),
    };

    (void) state;

    memset(huge, 'a', sizeof(huge));
    assert_int_equal(parse(&key, hmac_secret), 0);

    for (i = 0; i < 6; i++) {
        for (j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
            claims = usual();
            field = &claims.issuer + i;
            *field = texts[j];
            mfa_buf_init(&out, room, sizeof(room));
            /* an account may have no role */
            assert_int_equal(mfa_jwt_make(&out, &key, &claims),
                             i == 4 && texts[j].len == 0 ? 0 : -1);
        }
    }

    claims = usual();
    mfa_jwt_key_free(&key);
    mfa_buf_init(&out, room, sizeof(room));
    assert_int_equal(mfa_jwt_make(&out, &key, &claims), -1);
    assert_int_equal(out.len, 0);
}


static void
want_of_room_is_told_at_every_length(void **state)
{
    size_t             cap, whole;
    uint8_t           *room;
    uint8_t            large[MFA_JWT_MAX];
    mfa_buf_t          out;
    mfa_jwt_key_t      key;
    mfa_jwt_claims_t   claims = usual();

    (void) state;

    assert_int_equal(parse(&key, hmac_secret), 0);
    mfa_buf_init(&out, large, sizeof(large));
    assert_int_equal(mfa_jwt_make(&out, &key, &claims), 0);
    whole = out.len;

    for (cap = 0; cap <= whole; cap++) {
        room = malloc(cap ? cap : 1);
        assert_non_null(room);
        mfa_buf_init(&out, room, cap);
        assert_int_equal(mfa_jwt_make(&out, &key, &claims),
                         cap < whole ? -1 : 0);
        free(room);
    }

    mfa_jwt_key_free(&key);
}


static void
the_longest_assertion_fits_its_maximum(void **state)
{
    size_t             len;
    uint8_t            room[MFA_JWT_MAX], name[MFA_JWT_CLAIMS_MAX];
    mfa_buf_t          out;
    mfa_jwt_key_t      key;
    mfa_jwt_claims_t   claims = usual();

    (void) state;

    memset(name, 'a', sizeof(name));
    assert_int_equal(parse(&key, ec_pem), 0);

    for (len = MFA_JWT_CLAIMS_MAX; len > 0; len--) {
        claims.role = (mfa_str_t) { name, len };
        mfa_buf_init(&out, room, sizeof(room));

        if (mfa_jwt_make(&out, &key, &claims) == 0) {
            break;
        }

        assert_false(out.failed);
    }

    assert_true(len > MFA_JWT_CLAIMS_MAX - 300);
    mfa_jwt_key_free(&key);
}


static void
other_keys_are_refused_and_sign_nothing(void **state)
{
    size_t         i;
    char           text[1024];
    uint8_t        room[64];
    mfa_buf_t      out;
    const char    *why;
    mfa_jwt_key_t  key;

    const char *const  texts[] = {
        "", "\n", "secret", ed25519, p384, ec_unfit,
        /* a public key */
        "-----BEGIN PUBLIC KEY-----\n"
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
        "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
        "-----END PUBLIC KEY-----\n",
        "-----BEGIN EC PRIVATE KEY-----\n-----END EC PRIVATE KEY-----\n",
        "-----BEGIN \n",
        /* 31 bytes; 32 with blanks, on two lines, in base64url, unpadded */
        "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZQ==",
        "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY= ",
        "MDEyMzQ1Njc4OWFiY2RlZjAx\nMjM0NTY3ODlhYmNkZWY=",
        "_DEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY",
        text
    };

    (void) state;

    /* 258 bytes */
    memset(text, 'A', 344);
    text[344] = '\0';

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        why = NULL;
        assert_int_equal(mfa_jwt_key_parse(&key, mfa_str_from(texts[i]), &why),
                         -1);
        assert_non_null(why);
        assert_int_equal(key.alg, MFA_JWT_NONE);
        assert_null(key.pkey);
        mfa_buf_init(&out, room, sizeof(room));
        assert_int_equal(mfa_jwt_sign(&out, &key, mfa_lit("x")), -1);
        /* nginx would blame the next connection for it */
        assert_int_equal(ERR_peek_error(), 0);
    }
}


static void
secrets_of_32_to_256_bytes_are_taken(void **state)
{
    size_t         len;
    uint8_t        secret[MFA_JWT_SECRET_MAX], room[512];
    mfa_buf_t      text;
    const char    *why;
    mfa_jwt_key_t  key;

    (void) state;

    memset(secret, 7, sizeof(secret));

    for (len = 1; len <= sizeof(secret); len++) {
        mfa_buf_init(&text, room, sizeof(room));
        mfa_base64_encode(&text, secret, len);
        mfa_buf_cstr(&text, "\r\n");
        assert_int_equal(mfa_jwt_key_parse(&key, mfa_buf_since(&text, 0), &why),
                         len >= 32 ? 0 : -1);

        if (len >= 32) {
            assert_int_equal(key.secret_len, len);
            mfa_jwt_key_free(&key);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(hs256_signs_as_in_rfc_7515_a_1),
        cmocka_unit_test(keys_are_named_by_their_rfc_7638_thumbprint),
        cmocka_unit_test(es256_signatures_verify),
        cmocka_unit_test(the_signature_of_rfc_7515_a_3_verifies_with_its_key),
        cmocka_unit_test(der_becomes_32_bytes_each_or_nothing),
        cmocka_unit_test(an_assertion_states_what_it_is_given),
        cmocka_unit_test(security_52_every_printable_text_comes_back_as_it_was),
        cmocka_unit_test(what_cannot_be_stated_makes_no_assertion),
        cmocka_unit_test(want_of_room_is_told_at_every_length),
        cmocka_unit_test(the_longest_assertion_fits_its_maximum),
        cmocka_unit_test(other_keys_are_refused_and_sign_nothing),
        cmocka_unit_test(secrets_of_32_to_256_bytes_are_taken)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("jwt", tests, NULL, NULL);
}
