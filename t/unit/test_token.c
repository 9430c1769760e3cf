/*
 * Session tokens.  What must not happen when this breaks: a malformed cookie
 * reaches the store (security 45), or the account name can be read in a cookie.
 *
 * The token below was computed with another implementation: cookies already
 * given out have to stay good after every change of token.c.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/token.h"
#include "exact.h"
#include "ring.h"
#include "starve.h"


/* id 100 .. 131, four times LOGIN: three blocks of mask */

#define LOGIN   "alice@example.org"
#define LOGIN4  LOGIN LOGIN LOGIN LOGIN
#define HASH    "4-FngL7PYB1V5HUefXIu-R11C7DOphsb"
#define ID      "ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1-f4CBgoM"
#define COOKIE  ID ".uNVIOmGt8-5D-e21xotgY2wir--1AHI4DSzULca0-vdMjBywJbRc7XIo7" \
                "7ONmjejq3V-FztNxMQKqMXjWixwoy22t00"

static mfa_keyring_t  ring;


static int
from_100(uint8_t *buf, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        buf[i] = (uint8_t) (100 + i);
    }

    return 0;
}


static int
exhausted(uint8_t *buf, size_t len)
{
    memset(buf, 0x55, len);

    return -1;
}


static int
is_wiped(const mfa_session_token_t *token)
{
    mfa_session_token_t  zero;

    memset(&zero, 0, sizeof(zero));

    return memcmp(token, &zero, sizeof(zero)) == 0;
}


/* The value must not parse, and nothing of it may stay in the token. */

static void
is_refused(mfa_str_t value)
{
    exact_t              e;
    mfa_session_token_t  token;

    e = exact_copy(value);
    memset(&token, 0xaa, sizeof(token));
    assert_int_equal(mfa_session_token_parse(&token, &ring, e.s), -1);
    assert_true(is_wiped(&token));
    exact_free(e);
}


static void
hash_is_the_beginning_of_sha_256_in_base64url(void **state)
{
    uint8_t    room[MFA_HASH_CHARS];
    mfa_buf_t  b;

    (void) state;

    mfa_buf_init(&b, room, sizeof(room));
    assert_int_equal(mfa_token_hash((const uint8_t *) "abc", 3, &b), 0);
    assert_true(mfa_str_is(mfa_buf_since(&b, 0),
                           "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qc"));

    mfa_buf_init(&b, room, sizeof(room));
    assert_int_equal(mfa_token_hash(NULL, 0, &b), 0);
    assert_true(mfa_str_is(mfa_buf_since(&b, 0),
                           "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NM"));

    mfa_buf_init(&b, room, sizeof(room) - 1);
    assert_int_equal(mfa_token_hash((const uint8_t *) "abc", 3, &b), -1);
    assert_int_equal(b.len, 0);
}


static void
token_is_made_written_and_read_as_documented(void **state)
{
    exact_t              e;
    uint8_t              room[MFA_SESSION_COOKIE_MAX];
    mfa_buf_t            b;
    mfa_session_token_t  made, read;

    (void) state;

    assert_int_equal(mfa_session_token_make(&made, from_100, mfa_lit(LOGIN4)),
                     0);
    assert_memory_equal(made.hash, HASH, MFA_HASH_CHARS);

    mfa_buf_init(&b, room, sizeof(COOKIE) - 1);
    assert_int_equal(mfa_session_token_encode(&made, &ring, &b), 0);
    assert_true(mfa_str_is(mfa_buf_since(&b, 0), COOKIE));

    e = exact_copy(mfa_lit(COOKIE));
    memset(&read, 0xaa, sizeof(read));
    assert_int_equal(mfa_session_token_parse(&read, &ring, e.s), 0);
    exact_free(e);

    assert_memory_equal(read.id, made.id, MFA_TOKEN_BYTES);
    assert_memory_equal(read.hash, HASH, MFA_HASH_CHARS);
    assert_int_equal(read.login_len, sizeof(LOGIN4) - 1);
    assert_memory_equal(read.login, LOGIN4, sizeof(LOGIN4) - 1);
}


static void
every_length_of_login_comes_back(void **state)
{
    size_t               n;
    uint8_t              login[MFA_LOGIN_MAX + 1], room[MFA_SESSION_COOKIE_MAX];
    exact_t              e;
    mfa_buf_t            b;
    mfa_session_token_t  made, read;

    (void) state;

    memset(login, 'z', sizeof(login));

    for (n = 1; n <= MFA_LOGIN_MAX; n++) {
        assert_int_equal(mfa_session_token_make(&made, from_100,
                                                (mfa_str_t) { login, n }), 0);
        mfa_buf_init(&b, room, MFA_TOKEN_CHARS + 1 + MFA_BASE64URL_LEN(n));
        assert_int_equal(mfa_session_token_encode(&made, &ring, &b), 0);
        assert_int_equal(b.len, b.cap);

        e = exact_copy(mfa_buf_since(&b, 0));
        assert_int_equal(mfa_session_token_parse(&read, &ring, e.s), 0);
        exact_free(e);
        assert_int_equal(read.login_len, n);
        assert_int_equal(memcmp(read.login, login, n), 0);

        mfa_buf_init(&b, room, b.cap - 1);
        assert_int_equal(mfa_session_token_encode(&made, &ring, &b), -1);
        assert_int_equal(b.len, 0);
    }

    assert_int_equal(mfa_session_token_make(&made, from_100,
                                            (mfa_str_t) { login, n }), -1);
    assert_int_equal(mfa_session_token_make(&made, from_100, mfa_lit("")), -1);
}


static void
without_randomness_there_is_no_token(void **state)
{
    mfa_session_token_t  token;

    (void) state;

    memset(&token, 0xaa, sizeof(token));
    assert_int_equal(mfa_session_token_make(&token, exhausted,
                                            mfa_lit("alice")), -1);
    assert_true(is_wiped(&token));
}


static void
a_token_without_guess_or_ring_is_not_written(void **state)
{
    uint8_t              room[MFA_SESSION_COOKIE_MAX];
    mfa_buf_t            b;
    mfa_keyring_t        none;
    mfa_session_token_t  token;

    (void) state;

    memset(&none, 0, sizeof(none));
    assert_int_equal(mfa_session_token_make(&token, from_100,
                                            mfa_lit("alice")), 0);
    mfa_buf_init(&b, room, sizeof(room));
    assert_int_equal(mfa_session_token_encode(&token, &none, &b), -1);

    token.login_len = 0;
    assert_int_equal(mfa_session_token_encode(&token, &ring, &b), -1);
    token.login_len = MFA_LOGIN_MAX + 1;
    assert_int_equal(mfa_session_token_encode(&token, &ring, &b), -1);
    assert_int_equal(b.len, 0);

    assert_int_equal(mfa_session_token_parse(&token, &none, mfa_lit(COOKIE)),
                     -1);
    assert_true(is_wiped(&token));
}


/* The same login under another id, and another login under the same id. */

static void
the_guess_is_masked_by_the_id(void **state)
{
    size_t               i, differ;
    uint8_t              room[2][MFA_SESSION_COOKIE_MAX];
    mfa_buf_t            b;
    mfa_str_t            a, c;
    mfa_session_token_t  token;

    (void) state;

    assert_int_equal(mfa_session_token_make(&token, from_100,
                                            mfa_lit(LOGIN4)), 0);
    mfa_buf_init(&b, room[0], sizeof(room[0]));
    assert_int_equal(mfa_session_token_encode(&token, &ring, &b), 0);
    a = mfa_buf_since(&b, MFA_TOKEN_CHARS + 1);

    token.id[31] ^= 1;
    mfa_buf_init(&b, room[1], sizeof(room[1]));
    assert_int_equal(mfa_session_token_encode(&token, &ring, &b), 0);
    c = mfa_buf_since(&b, MFA_TOKEN_CHARS + 1);

    assert_int_equal(a.len, c.len);
    differ = 0;

    for (i = 0; i < a.len; i++) {
        differ += a.data[i] != c.data[i];
    }

    assert_true(differ > a.len / 2);
}


static void
a_guess_made_with_another_mask_key_is_dropped(void **state)
{
    mfa_keyring_t        rotated;
    mfa_session_token_t  token;

    (void) state;

    ring_of(&rotated, "k2:" KEY_2 "\nk1:" KEY_1);
    memset(&token, 0xaa, sizeof(token));
    assert_int_equal(mfa_session_token_parse(&token, &rotated,
                                             mfa_lit(COOKIE)), 0);
    assert_int_equal(token.login_len, 0);
    assert_memory_equal(token.hash, HASH, MFA_HASH_CHARS);
}


/* What anybody can do to the second part: never more than another login. */

static void
a_guess_that_is_no_login_is_dropped(void **state)
{
    size_t               i;
    unsigned             c, kept;
    uint8_t              room[MFA_SESSION_COOKIE_MAX];
    mfa_buf_t            b;
    mfa_session_token_t  made, read;

    (void) state;

    kept = 0;

    for (c = 0; c < 256; c++) {
        uint8_t  login[3] = { 'a', (uint8_t) c, 'b' };

        assert_int_equal(mfa_session_token_make(&made, from_100,
                                                (mfa_str_t) { login, 3 }), 0);
        mfa_buf_init(&b, room, sizeof(room));
        assert_int_equal(mfa_session_token_encode(&made, &ring, &b), 0);
        assert_int_equal(mfa_session_token_parse(&read, &ring,
                                                 mfa_buf_since(&b, 0)), 0);

        if (read.login_len) {
            kept++;
            continue;
        }

        for (i = 0; i < sizeof(read.login); i++) {
            assert_int_equal(read.login[i], 0);
        }
    }

    assert_int_equal(kept, 26 + 10 + 5);
}


static void
security_45_malformed_values_are_refused(void **state)
{
    size_t   i;
    uint8_t  text[8192];

    static const char *const  bad[] = {
        "", ".", ";;;", "a", "null", "undefined", ID, ID ".", "." ID,
        ID ".A", ID ".AAAAA",
        ID "..AAAA", ID ".AA.A", ID "A.AAAA", ID ";AAAA", ID " AAAA",
        " " COOKIE, COOKIE " ", COOKIE "=", COOKIE "==", COOKIE ".",
        COOKIE ";", COOKIE "\n", "\"" COOKIE "\"", COOKIE ", " COOKIE,
        "AAAA" COOKIE,
        "ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1-f4CBgo.AAAA",
        "ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1-f4CBgoN.AAAA",
        "ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoM.AAAA",
        "ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1%7Ef4CBg.AAAA",
        ID ".AB", ID ".AAB", ID ".A+AA", ID ".A/AA", ID ".AA==",
        ID ".\xc3\xa9\xc3\xa9"
    };

    (void) state;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        is_refused(mfa_str_from(bad[i]));
    }

    is_refused((mfa_str_t) { NULL, 0 });
    is_refused(mfa_lit(COOKIE "\0"));
    is_refused(mfa_lit(ID "\0AAAA"));

    /* well-formed but for the length: 129 bytes of login up to 8 kB */

    memset(text, 'A', sizeof(text));
    memcpy(text, ID ".", 44);

    for (i = MFA_SESSION_COOKIE_MAX + 1; i <= sizeof(text); i++) {
        is_refused((mfa_str_t) { text, i });
    }

    memset(text, ';', sizeof(text));
    is_refused((mfa_str_t) { text, sizeof(text) });
}


static void
security_45_a_value_cut_at_every_byte_is_refused_or_shorter(void **state)
{
    size_t               n;
    exact_t              e;
    mfa_str_t            s;
    mfa_session_token_t  token;

    /* 0xff everywhere: only whole groups of the second part decode */

    static const char  ones[] = ID ".________________";

    (void) state;

    for (n = 0; n < sizeof(ones); n++) {
        s = (mfa_str_t) { (const uint8_t *) ones, n };

        if (n < 48 || n % 4 != 0) {
            is_refused(s);
            continue;
        }

        e = exact_copy(s);
        assert_int_equal(mfa_session_token_parse(&token, &ring, e.s), 0);
        assert_memory_equal(token.hash, HASH, MFA_HASH_CHARS);
        exact_free(e);
    }
}


/* A flipped bit makes another id (another hash), another guess, or nonsense. */

static void
security_45_each_flipped_bit_is_another_session_or_none(void **state)
{
    int                  rc;
    size_t               i;
    unsigned             bit;
    exact_t              e;
    uint8_t              text[sizeof(COOKIE) - 1];
    mfa_session_token_t  token;

    (void) state;

    for (i = 0; i < sizeof(text); i++) {
        for (bit = 0; bit < 8; bit++) {
            memcpy(text, COOKIE, sizeof(text));
            text[i] ^= (uint8_t) (1u << bit);

            e = exact_copy((mfa_str_t) { text, sizeof(text) });
            rc = mfa_session_token_parse(&token, &ring, e.s);
            exact_free(e);

            if (rc != 0) {
                assert_true(is_wiped(&token));

            } else if (i < MFA_TOKEN_CHARS) {
                assert_memory_not_equal(token.hash, HASH, MFA_HASH_CHARS);

            } else {
                assert_memory_equal(token.hash, HASH, MFA_HASH_CHARS);
                assert_memory_not_equal(token.login, LOGIN4,
                                        sizeof(LOGIN4) - 1);
            }
        }
    }
}


static void
security_98_openssl_out_of_memory_makes_no_token(void **state)
{
    int                  rc, starved, refused;
    long                 n;
    uint8_t              room[MFA_SESSION_COOKIE_MAX];
    mfa_buf_t            b;
    mfa_session_token_t  made, read;

    (void) state;

    refused = 0;
    n = 0;

    do {
        starve_at(n);
        rc = mfa_session_token_make(&made, from_100, mfa_lit(LOGIN4));
        starved = starve_over();
        assert_true(rc == 0 || is_wiped(&made));
        refused += rc != 0;

        starve_at(n);
        rc = mfa_session_token_parse(&read, &ring, mfa_lit(COOKIE));
        starved |= starve_over();
        assert_true(rc == 0 ? memcmp(read.hash, HASH, MFA_HASH_CHARS) == 0
                            : is_wiped(&read));
        refused += rc != 0;

        assert_int_equal(mfa_session_token_make(&made, from_100,
                                                mfa_lit(LOGIN4)), 0);
        starve_at(n++);
        mfa_buf_init(&b, room, sizeof(room));
        rc = mfa_session_token_encode(&made, &ring, &b);
        starved |= starve_over();
        assert_true(rc == 0 ? mfa_str_is(mfa_buf_since(&b, 0), COOKIE)
                            : b.len == 0);
        refused += rc != 0;
    } while (starved);

    assert_true(refused >= 3);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(hash_is_the_beginning_of_sha_256_in_base64url),
        cmocka_unit_test(token_is_made_written_and_read_as_documented),
        cmocka_unit_test(every_length_of_login_comes_back),
        cmocka_unit_test(without_randomness_there_is_no_token),
        cmocka_unit_test(a_token_without_guess_or_ring_is_not_written),
        cmocka_unit_test(the_guess_is_masked_by_the_id),
        cmocka_unit_test(a_guess_made_with_another_mask_key_is_dropped),
        cmocka_unit_test(a_guess_that_is_no_login_is_dropped),
        cmocka_unit_test(security_45_malformed_values_are_refused),
        cmocka_unit_test(
            security_45_a_value_cut_at_every_byte_is_refused_or_shorter),
        cmocka_unit_test(
            security_45_each_flipped_bit_is_another_session_or_none),
        cmocka_unit_test(security_98_openssl_out_of_memory_makes_no_token)
    };

    if (!starve_install()) {
        return 1;
    }

    ring_of(&ring, "k1:" KEY_1);

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
