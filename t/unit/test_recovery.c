/*
 * Recovery codes by themselves: how they look, what of what people type is
 * forgiven, what their hashes are bound to, and how they wait sealed.  When this
 * breaks, a printed code is not taken, or one account's is taken for another's.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/recovery.h"

#include "ring.h"


static mfa_keyring_t  ring;
static mfa_portal_t   portal;
static uint8_t        room[1024];
static mfa_buf_t      out;
static int            no_random;

static const uint8_t  code[MFA_RECOVERY_BYTES] = {
    0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf
};


static int
fill(uint8_t *buf, size_t len)
{
    static uint8_t  next;

    while (len--) {
        *buf++ = next += 37;
    }

    return no_random ? -1 : 0;
}


static int
setup(void **state)
{
    (void) state;
    ring_of(&ring, "k1:" KEY_1 "\nk2:" KEY_2);
    assert_int_equal(mfa_portal_init(&portal, mfa_lit("user")), 0);
    mfa_buf_init(&out, room, sizeof(room));
    no_random = 0;

    return 0;
}


static mfa_str_t
written(void)
{
    return mfa_buf_since(&out, 0);
}


static void
a_code_is_sixteen_characters_in_four_groups(void **state)
{
    (void) state;

    mfa_recovery_write(&out, code);
    assert_true(mfa_str_is(written(), "ABCD-EFGH-IJKL-MNOP"));
    assert_int_equal(out.len, MFA_RECOVERY_SHOWN);
}


static void
ten_are_made_no_two_alike_or_none_without_randomness(void **state)
{
    size_t          i, j;
    mfa_recovery_t  codes;

    (void) state;

    assert_int_equal(mfa_recovery_make(fill, &codes), 0);

    for (i = 0; i < MFA_RECOVERY_N; i++) {
        for (j = 0; j < i; j++) {
            assert_memory_not_equal(codes.raw[i], codes.raw[j],
                                    MFA_RECOVERY_BYTES);
        }
    }

    no_random = 1;
    assert_int_equal(mfa_recovery_make(fill, &codes), -1);
}


static void
what_people_type_is_forgiven(void **state)
{
    size_t   i;
    uint8_t  typed[MFA_RECOVERY_BYTES];

    static const char *const  good[] = {
        "ABCD-EFGH-IJKL-MNOP", "abcd-efgh-ijkl-mnop", "ABCDEFGHIJKLMNOP",
        " ABCD EFGH  IJKL MNOP ", "A8CD-EFGH-1JKL-MN0P", "abcdefgh--ijklmnop"
    };

    (void) state;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        memset(typed, 0, sizeof(typed));
        assert_int_equal(mfa_recovery_parse(mfa_str_from(good[i]), typed), 0);
        assert_memory_equal(typed, code, sizeof(code));
    }
}


static void
what_has_not_the_form_is_none(void **state)
{
    size_t   i;
    uint8_t  typed[MFA_RECOVERY_BYTES];

    static const char *const  bad[] = {
        "", "-", "123456", "12345678", "ABCD-EFGH-IJKL-MNO",
        "ABCD-EFGH-IJKL-MNOPQ", "ABCD-EFGH-IJKL-MNO9", "ABCD_EFGH_IJKL_MNOP",
        "ABCD-EFGH-IJKL-MNO=", "ABCD-EFGH-IJKL-MNO\n", "ABCDEFGHIJKLMN\xc3\x96",
        "================"
    };

    (void) state;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(mfa_recovery_parse(mfa_str_from(bad[i]), typed), -1);
    }

    assert_int_equal(mfa_recovery_parse((mfa_str_t) {
                         (const uint8_t *) "ABCDEFGHIJKLMNO\0", 16 }, typed),
                     -1);
}


/* The hash into out, which is begun anew. */
static void
hash_of(size_t key, const char *name, const char *login, const char *secret_id,
    const uint8_t *of)
{
    out.len = 0;
    portal.name = mfa_str_from(name);
    assert_int_equal(mfa_recovery_hash(&ring.keys[key], &portal,
                                       mfa_str_from(login),
                                       mfa_str_from(secret_id), of, &out), 0);
    assert_int_equal(out.len, MFA_RECOVERY_HASH_CHARS);
}


static void
a_hash_is_bound_to_key_portal_login_factor_and_code(void **state)
{
    size_t   i;
    uint8_t  first[MFA_RECOVERY_HASH_CHARS], other[MFA_RECOVERY_BYTES];

    static const struct {
        size_t       key;
        const char  *portal, *login, *secret_id;
    } others[] = {
        { 1, "user", "alice", "s1" }, { 0, "users", "alice", "s1" },
        { 0, "user", "alicia", "s1" }, { 0, "user", "alice", "s2" },
        { 0, "use", "ralice", "s1" }, { 0, "user", "alices", "1" }
    };

    (void) state;

    hash_of(0, "user", "alice", "s1", code);
    memcpy(first, room, sizeof(first));
    hash_of(0, "user", "alice", "s1", code);
    assert_memory_equal(first, room, sizeof(first));

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        hash_of(others[i].key, others[i].portal, others[i].login,
                others[i].secret_id, code);
        assert_memory_not_equal(first, room, sizeof(first));
    }

    memcpy(other, code, sizeof(other));
    other[9] ^= 1;
    hash_of(0, "user", "alice", "s1", other);
    assert_memory_not_equal(first, room, sizeof(first));
}


/* security 97: what waits is readable in one session of one account. */
static void
they_wait_sealed_for_one_session(void **state)
{
    size_t          i;
    mfa_str_t       sealed;
    mfa_recovery_t  codes, opened;

    static const struct {
        const char  *portal, *login, *session;
    } others[] = {
        { "admin", "alice", "session" }, { "user", "bobby", "session" },
        { "user", "alice", "sessioN" }
    };

    (void) state;

    assert_int_equal(mfa_recovery_make(fill, &codes), 0);
    assert_int_equal(mfa_recovery_seal(&ring, fill, &portal, mfa_lit("alice"),
                                       mfa_lit("session"), &codes, &out), 0);
    sealed = written();
    assert_true(sealed.len <= MFA_SEAL_TEXT_MAX);

    assert_int_equal(mfa_recovery_open(&ring, &portal, mfa_lit("alice"),
                                       mfa_lit("session"), sealed, &opened), 0);
    assert_memory_equal(&codes, &opened, sizeof(codes));

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        portal.name = mfa_str_from(others[i].portal);
        assert_int_equal(mfa_recovery_open(&ring, &portal,
                                           mfa_str_from(others[i].login),
                                           mfa_str_from(others[i].session),
                                           sealed, &opened), -1);
    }

    portal.name = mfa_lit("user");
    room[sealed.len - 1] ^= 1;
    assert_int_equal(mfa_recovery_open(&ring, &portal, mfa_lit("alice"),
                                       mfa_lit("session"), sealed, &opened),
                     -1);

    no_random = 1;
    assert_int_equal(mfa_recovery_seal(&ring, fill, &portal, mfa_lit("alice"),
                                       mfa_lit("session"), &codes, &out), -1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(a_code_is_sixteen_characters_in_four_groups,
                               setup),
        cmocka_unit_test_setup(
            ten_are_made_no_two_alike_or_none_without_randomness, setup),
        cmocka_unit_test_setup(what_people_type_is_forgiven, setup),
        cmocka_unit_test_setup(what_has_not_the_form_is_none, setup),
        cmocka_unit_test_setup(
            a_hash_is_bound_to_key_portal_login_factor_and_code, setup),
        cmocka_unit_test_setup(they_wait_sealed_for_one_session, setup),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("recovery", tests, NULL, NULL);
}
