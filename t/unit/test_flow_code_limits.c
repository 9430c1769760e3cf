/*
 * What limits the guessing of codes, end to end on a scripted store: charged
 * before the code is looked at, for the account across all its sessions.  When
 * this breaks, six digits can be tried out.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow_world.h"


static world_t  w;


static int
setup(void **state)
{
    (void) state;
    world_init(&w);
    world_account(&w, "alice", (standing_t) { .enrolled = 1 });
    world_login(&w, "alice", PASSWORD);

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    store_release(0);

    return 0;
}


static mfa_outcome_e
code_of_step(int steps)
{
    return world_enter(&w, world_code(&w, world_secret, steps));
}


static mfa_outcome_e
wrong_code(void)
{
    return world_enter(&w, world_wrong_code(&w, world_secret));
}


/* Half a login of its own, as of another browser. */
static mfa_session_token_t
another_half_login(void)
{
    w.opened = 0;
    assert_int_equal(world_login(&w, "alice", PASSWORD), MFA_OUTCOME_DONE);

    return w.token;
}


/* security 5, 18 */
static void
security_18_what_is_no_code_is_refused(void **state)
{
    size_t  i;

    static const mfa_str_t  texts[] = {
        mfa_lit(""), { NULL, 0 }, mfa_lit("12345"), mfa_lit("1234567"),
        mfa_lit("+12345"), mfa_lit(" 12345"), mfa_lit("12345 "),
        mfa_lit("12345a"), mfa_lit("123456\0"),
        mfa_lit("\xef\xbc\x91\xef\xbc\x92")
    };

    (void) state;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        store_drop(&w.store, store_key(&w.store,
                                       mfa_lit("mfa:fail:code:user:alice")));
        store_drop(&w.store, store_key(&w.store,
                                  mfa_lit("mfa:fail:code-run:user:alice")));
        assert_int_equal(world_enter(&w, texts[i]), MFA_OUTCOME_REFUSED);
        assert_int_equal(world_verdict(&w), MFA_VERDICT_CODE);
        assert_string_equal(store_text(&w.store, "mfa:fail:code:user:alice",
                                       ""), "1");
    }
}


/* security 14: across sessions, and the right code is refused as well. */
static void
security_14_guesses_are_limited_across_sessions(void **state)
{
    int  i;

    (void) state;

    for (i = 0; i < 5; i++) {
        (void) another_half_login();
        assert_int_equal(wrong_code(), MFA_OUTCOME_REFUSED);
    }

    (void) another_half_login();
    w.store.now += 20;
    assert_int_equal(code_of_step(0), MFA_OUTCOME_LIMITED);
    assert_int_equal(w.retry_after, 880);
    assert_int_equal(w.asked, 3);
    assert_int_equal(code_of_step(0), MFA_OUTCOME_LIMITED);
    assert_int_equal(w.asked, 2);
    assert_int_equal(store_events(&w.store, AUDIT,
                                  "event=code result=limited"), 1);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_CODE);

    /* A new password does not clear it (security 108). */
    (void) another_half_login();
    assert_int_equal(code_of_step(0), MFA_OUTCOME_LIMITED);

    w.store.now += 880;
    (void) another_half_login();
    assert_int_equal(code_of_step(0), MFA_OUTCOME_DONE);
    assert_false(store_there(&w.store, "mfa:fail:code:user:alice"));
    assert_false(store_there(&w.store, "mfa:fail:code-run:user:alice"));
}


/* security 15: windows end, a run of failures does not. */
static void
security_15_ten_in_a_row_disable_the_factor(void **state)
{
    int  i;

    (void) state;

    for (i = 0; i < 10; i++) {
        w.store.now += 600;
        (void) another_half_login();
        assert_int_equal(wrong_code(), MFA_OUTCOME_REFUSED);
    }

    w.store.now += 5 * DAY;
    (void) another_half_login();
    assert_int_equal(code_of_step(0), MFA_OUTCOME_LIMITED);
    assert_true(w.retry_after > 20 * DAY);
}


static void
a_right_code_ends_a_run(void **state)
{
    int  i;

    (void) state;

    for (i = 0; i < 24; i++) {
        w.store.now += 600;
        (void) another_half_login();
        assert_int_equal(i % 8 == 7 ? code_of_step(0) : wrong_code(),
                         i % 8 == 7 ? MFA_OUTCOME_DONE : MFA_OUTCOME_REFUSED);
    }
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup_teardown(t, setup, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(security_18_what_is_no_code_is_refused),
        TEST(security_14_guesses_are_limited_across_sessions),
        TEST(security_15_ten_in_a_row_disable_the_factor),
        TEST(a_right_code_ends_a_run)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_code_limits", tests, NULL, NULL);
}
