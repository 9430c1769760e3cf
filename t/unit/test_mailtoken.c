/*
 * Mail tokens: records and what makes one good.  Broken, a token serves another
 * purpose, another account or another time than it was sent for (security 87, 88,
 * 90), or none can be read.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/mailtoken.h"
#include "core/store_mail.h"

#define NOW   1800000000LL
#define HASH  "abcdefghijklmnopqrstuvwxyzABCDEF"

static mfa_portal_t     portal;
static mfa_account_t    account;
static mfa_mailtoken_t  token;


static int
set_up(void **state)
{
    (void) state;
    memset(&account, 0, sizeof(account));
    account.login = mfa_lit("alice");
    account.generation = 7;
    token.purpose = MFA_MAILTOKEN_RESET;
    token.portal = mfa_lit("user");
    token.login = mfa_lit("alice");
    token.generation = 7;
    token.expires = NOW + 60;
    account.email = mfa_lit("alice@example.com");
    assert_int_equal(mfa_mailtoken_address(&token, account.email), 0);

    return mfa_portal_init(&portal, mfa_lit("user"));
}


static void
a_record_is_read_as_it_was_written(void **state)
{
    int              i;
    uint8_t          room[MFA_MAILTOKEN_RECORD_MAX];
    mfa_buf_t        out;
    mfa_mailtoken_t  back;

    (void) state;

    for (i = MFA_MAILTOKEN_SETUP; i < MFA_MAILTOKEN_N; i++) {
        token.purpose = (mfa_mailtoken_e) i;
        mfa_buf_init(&out, room, sizeof(room));
        mfa_mailtoken_encode(&out, &token, mfa_lit(HASH));
        assert_false(out.failed);
        assert_int_equal(mfa_mailtoken_decode(&back, mfa_buf_since(&out, 0),
                                              mfa_lit(HASH)), 0);
        assert_int_equal(back.purpose, i);
        assert_true(mfa_str_eq(back.portal, token.portal));
        assert_true(mfa_str_eq(back.login, token.login));
        assert_int_equal(back.generation, 7);
        assert_int_equal(back.expires, NOW + 60);
        assert_memory_equal(back.address, token.address, MFA_HASH_CHARS);
    }
}


static void
what_is_no_record_is_refused(void **state)
{
    size_t             i;
    mfa_mailtoken_t    back;
    const char *const  bad[] = {
        "", "2",

        /* As it was without an address, and one of a form to come. */
        "1\t" HASH "\tsetup\tuser\talice\t7\t9",
        "1\t" HASH "\tsetup\tuser\talice\t7\t9\t" HASH,
        "3\t" HASH "\tsetup\tuser\talice\t7\t9\t" HASH,

        "2\t" HASH "\tsetup\tuser\talice\t7\t9",
        "2\t" HASH "\tsetup\tuser\talice\t7\t9\t",
        "2\t" HASH "\tsetup\tuser\talice\t7\t9\t" HASH "x",
        "2\t" HASH "\tsetup\tuser\talice\t7\t9\talice@example.com",
        "2\t" HASH "\t\tuser\talice\t7\t9\t" HASH,
        "2\t" HASH "\tlogin\tuser\talice\t7\t9\t" HASH,
        "2\t" HASH "\tsetup\t\talice\t7\t9\t" HASH,
        "2\t" HASH "\tsetup\tuser\t\t7\t9\t" HASH,
        "2\t" HASH "\tsetup\tuser\talice\tx\t9\t" HASH,
        "2\t" HASH "\tsetup\tuser\talice\t7\t\t" HASH,
        "2\t" HASH "\tsetup\tuser\talice\t7\t" HASH,
        "2\t" HASH "\tsetup\tuser\talice\t7\t9\t" HASH "\t1",
        ("2\tABCDEFGHIJKLMNOPQRSTUVWXYZabcdef\tsetup\tuser\talice\t7\t9\t"
         HASH)
    };

    (void) state;
    assert_int_equal(mfa_mailtoken_decode(&back, mfa_lit("2\t" HASH
                     "\tsetup\tuser\talice\t7\t9\t" HASH), mfa_lit(HASH)), 0);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        back.purpose = MFA_MAILTOKEN_SETUP;
        assert_int_equal(mfa_mailtoken_decode(&back, mfa_str_from(bad[i]),
                                              mfa_lit(HASH)), -1);
        assert_int_equal(back.purpose, MFA_MAILTOKEN_NONE);
    }
}


static void
the_store_is_given_the_record_and_no_more(void **state)
{
    size_t            n;
    mfa_op_t          op;
    mfa_mailtoken_t   back;
    const mfa_str_t  *argv;

    (void) state;
    mfa_op_reset(&op);
    mfa_store_mailtoken_write(&op, &portal, &token, mfa_lit(HASH));
    assert_false(op.failed);
    assert_int_equal(op.n, 2);

    argv = mfa_op_command(&op, 0, &n);
    assert_int_equal(n, 5);
    assert_true(mfa_str_is(argv[1], "mfa:{user}:pending-token:" HASH));
    assert_int_equal(mfa_mailtoken_decode(&back, argv[2], mfa_lit(HASH)), 0);
    assert_true(mfa_str_is(argv[3], "EX"));
    assert_true(mfa_str_is(argv[4], "3600"));

    argv = mfa_op_command(&op, 1, &n);
    assert_true(mfa_str_is(argv[1], "mfa:{user}:newest-token:alice"));
    assert_true(mfa_str_is(argv[2], HASH));
}


static int
good(const char *newest, int64_t now)
{
    return !!mfa_mailtoken_good(&token, mfa_lit(HASH), mfa_str_from(newest),
                                &portal, &account, now);
}


static void
security_88_one_account_one_state_one_time(void **state)
{
    (void) state;
    assert_true(good(HASH, NOW));
    assert_true(good(HASH, NOW + 59));
    assert_false(good(HASH, NOW + 60));
    assert_false(good("", NOW));
    assert_false(good("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef", NOW));

    account.generation = 8;
    assert_false(good(HASH, NOW));
    set_up(NULL);
    account.login = mfa_lit("bob");
    assert_false(good(HASH, NOW));
    set_up(NULL);
    account.disabled = 1;
    assert_false(good(HASH, NOW));
    set_up(NULL);
    account.fault = 1;
    assert_false(good(HASH, NOW));
    set_up(NULL);
    account.email = mfa_lit("al@example.com");
    assert_false(good(HASH, NOW));
    account.email = mfa_lit("");
    assert_false(good(HASH, NOW));
    set_up(NULL);
    portal.name = mfa_lit("admin");
    assert_false(good(HASH, NOW));
    set_up(NULL);
    token.purpose = MFA_MAILTOKEN_NONE;
    assert_false(good(HASH, NOW));
}


static int
some_bytes(uint8_t *buf, size_t len)
{
    memset(buf, 0x5a, len);

    return 0;
}


static int
no_bytes(uint8_t *buf, size_t len)
{
    (void) buf;
    (void) len;

    return -1;
}


static void
security_87_a_token_is_known_by_its_hash(void **state)
{
    uint8_t  text[MFA_TOKEN_CHARS], hash[MFA_HASH_CHARS], again[MFA_HASH_CHARS];

    (void) state;
    assert_int_equal(mfa_mailtoken_make(some_bytes, text, hash), 0);
    assert_int_equal(MFA_TOKEN_CHARS, 43);
    assert_int_equal(mfa_mailtoken_hash((mfa_str_t) { text, sizeof(text) },
                                        again), 0);
    assert_memory_equal(hash, again, sizeof(hash));
    assert_int_equal(mfa_mailtoken_make(no_bytes, text, hash), -1);
    assert_int_equal(mfa_mailtoken_hash(mfa_lit("short"), again), -1);
    text[5] = '+';
    assert_int_equal(mfa_mailtoken_hash((mfa_str_t) { text, sizeof(text) },
                                        again), -1);
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup(t, set_up)

    const struct CMUnitTest  tests[] = {
        TEST(a_record_is_read_as_it_was_written),
        TEST(what_is_no_record_is_refused),
        TEST(the_store_is_given_the_record_and_no_more),
        TEST(security_88_one_account_one_state_one_time),
        TEST(security_87_a_token_is_known_by_its_hash),
    };

    return cmocka_run_group_tests_name("mailtoken", tests, NULL, NULL);
}
