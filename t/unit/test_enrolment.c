/*
 * Secrets on their way to become a factor: what they are bound to.  When this
 * breaks, a secret that was made for an account without a factor replaces one,
 * or somebody else's is taken (security 19, 97).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow_world.h"


static world_t           w;
static mfa_flow_enrol_t  flow;
static uint8_t           room[MFA_ENROLMENT_TEXT_MAX];
static uint8_t           secret[MFA_TOTP_SECRET_BYTES];
static mfa_str_t         secret_id;


static int
setup(void **state)
{
    (void) state;
    world_init(&w);
    mfa_flow_enrol_init(&flow);
    flow.flow.env.random = world_random;
    flow.flow.env.keys = &world_ring;
    flow.flow.env.portal = &w.portal;

    return 0;
}


static mfa_str_t
make(mfa_enrolment_e kind, const char *login)
{
    mfa_buf_t  out;

    mfa_buf_init(&out, room, sizeof(room));
    assert_int_equal(mfa_enrolment_make(&flow.flow, kind, mfa_str_from(login),
                                        &out), 0);
    return mfa_buf_since(&out, 0);
}


static mfa_enrolment_e
opened(const char *login, mfa_str_t text)
{
    return mfa_enrolment_open(&flow.flow, mfa_str_from(login), text, &secret_id,
                              secret);
}


static void
each_kind_opens_as_what_it_is(void **state)
{
    int      kind;
    uint8_t  before[MFA_TOTP_SECRET_BYTES];

    (void) state;

    for (kind = MFA_ENROLMENT_FIRST; kind < MFA_ENROLMENT_N; kind++) {
        memcpy(before, secret, sizeof(before));
        assert_int_equal(opened("alice", make(kind, "alice")), kind);
        assert_int_equal(secret_id.len, MFA_SECRET_ID_CHARS);
        assert_memory_not_equal(before, secret, sizeof(secret));
    }
}


static void
none_opens_as_another_for_another_or_elsewhere(void **state)
{
    int        kind, as;
    size_t     head;
    uint8_t    other[MFA_ENROLMENT_TEXT_MAX];
    mfa_buf_t  out;
    mfa_str_t  text, rest, name;

    static const char *const  names[] = {
        "pending", "replace", "reset", "", "totp", "recovery", "Pending"
    };

    (void) state;

    for (kind = MFA_ENROLMENT_FIRST; kind < MFA_ENROLMENT_N; kind++) {
        text = make(kind, "alice");
        assert_int_equal(opened("bobby", text), MFA_ENROLMENT_NONE);

        w.portal.name = mfa_lit("admin");
        assert_int_equal(opened("alice", text), MFA_ENROLMENT_NONE);
        w.portal.name = mfa_lit("user");
        assert_int_equal(opened("alice", text), kind);

        mfa_str_cut(text, '.', &name, &rest);

        for (as = 0; as < (int) (sizeof(names) / sizeof(names[0])); as++) {
            if (mfa_str_is(name, names[as])) {
                continue;
            }

            mfa_buf_init(&out, other, sizeof(other));
            mfa_buf_cstr(&out, names[as]);
            mfa_buf_byte(&out, '.');
            mfa_buf_str(&out, rest);
            assert_int_equal(opened("alice", mfa_buf_since(&out, 0)),
                             MFA_ENROLMENT_NONE);
        }

        for (head = 0; head < text.len; head++) {
            assert_int_equal(opened("alice", (mfa_str_t) { text.data, head }),
                             MFA_ENROLMENT_NONE);
        }
    }
}


static void
without_randomness_there_is_none(void **state)
{
    mfa_buf_t  out;

    (void) state;

    world_no_random = 1;
    mfa_buf_init(&out, room, sizeof(room));
    assert_int_equal(mfa_enrolment_make(&flow.flow, MFA_ENROLMENT_FIRST,
                                        mfa_lit("alice"), &out), -1);
    world_no_random = 0;
    mfa_buf_init(&out, room, 40);
    assert_int_equal(mfa_enrolment_make(&flow.flow, MFA_ENROLMENT_FIRST,
                                        mfa_lit("alice"), &out), -1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(each_kind_opens_as_what_it_is, setup),
        cmocka_unit_test_setup(none_opens_as_another_for_another_or_elsewhere,
                               setup),
        cmocka_unit_test_setup(without_randomness_there_is_none, setup),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("enrolment", tests, NULL, NULL);
}
