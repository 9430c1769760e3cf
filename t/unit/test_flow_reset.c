/*
 * Flow reset on a scripted store: who may have a link mailed, how often, and that
 * a store that lies queues no mail for nobody.  When this breaks, a lost phone
 * cannot be replaced, or a mailbox can be flooded.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/flow_reset.h"
#include "mail_world.h"


static world_t           w;
static mfa_flow_reset_t  reset;


static void
prepare(world_t *world)
{
    mail_world(world, (standing_t) { .enrolled = 1, .generation = 2 });
    world_login(world, "alice", PASSWORD);
    world->who = world_who(world);
}


static int
setup(void **state)
{
    (void) state;
    world_init(&w);
    prepare(&w);

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
ask(world_t *world)
{
    mfa_flow_reset_init(&reset);
    reset.who = world->who;

    return world_run(world, &reset.flow);
}


static size_t
mails(const char *text)
{
    return store_events(&w.store, OUTBOX, text);
}


static void
half_a_login_is_enough(void **state)
{
    (void) state;

    assert_int_equal(w.who.verdict, MFA_VERDICT_CODE);
    assert_int_equal(ask(&w), MFA_OUTCOME_DONE);
    assert_int_equal(w.asked, 2);
    assert_int_equal(mails("mail=reset login=alice to=Al@example.com"), 1);
    assert_int_equal(mails("generation=2"), 1);
    assert_int_equal(store_events(&w.store, AUDIT,
                                  "event=reset-asked result=ok login=alice"),
                     1);
    assert_int_equal(world_verdict(&w), MFA_VERDICT_CODE);

    assert_int_equal(world_enter(&w, world_code(&w, world_secret, 0)),
                     MFA_OUTCOME_DONE);
    w.who = world_who(&w);
    assert_int_equal(w.who.verdict, MFA_VERDICT_ALLOW);
    assert_int_equal(ask(&w), MFA_OUTCOME_DONE);
}


static void
security_90_the_sixth_in_ten_minutes_is_limited(void **state)
{
    int  i;

    (void) state;

    for (i = 0; i < MFA_MAIL_ASKED_MAX; i++) {
        assert_int_equal(ask(&w), MFA_OUTCOME_DONE);
    }

    assert_int_equal(ask(&w), MFA_OUTCOME_LIMITED);
    assert_int_equal(w.retry_after, MFA_MAIL_ASKED_SEC);
    assert_int_equal(ask(&w), MFA_OUTCOME_LIMITED);
    assert_int_equal(mails("mail=reset"), MFA_MAIL_ASKED_MAX);
    assert_int_equal(store_events(&w.store, AUDIT, "result=limited"), 1);

    w.store.now += MFA_MAIL_ASKED_SEC;
    assert_int_equal(ask(&w), MFA_OUTCOME_DONE);
}


/* As the gate has found it, or as it is found to be since. */
static void
who_has_nothing_to_reset_is_refused(void **state)
{
    size_t           i;
    static world_t   before;

    static const struct {
        const char  *field;
        const char  *value;
    } since[] = {
        { "generation", "3" }, { "disabled", "1" }, { "enrolled", NULL },
        { "created", NULL }
    };

    (void) state;
    before = w;

    w.who.has_session = 0;
    assert_int_equal(ask(&w), MFA_OUTCOME_EXPIRED);
    w = before;
    w.who.account.enrolled = 0;
    assert_int_equal(ask(&w), MFA_OUTCOME_FORBIDDEN);
    w = before;
    w.who.verdict = MFA_VERDICT_BLOCKED;
    assert_int_equal(ask(&w), MFA_OUTCOME_FORBIDDEN);
    w = before;
    w.who.session.level = MFA_LEVEL_NONE;
    assert_int_equal(ask(&w), MFA_OUTCOME_FORBIDDEN);
    w = before;
    w.portal.self_reset_off = 1;
    assert_int_equal(ask(&w), MFA_OUTCOME_FORBIDDEN);
    w = before;
    w.portal.base_url = mfa_lit("");
    assert_int_equal(ask(&w), MFA_OUTCOME_FORBIDDEN);
    w = before;
    w.portal.mail_from = mfa_lit("");
    assert_int_equal(ask(&w), MFA_OUTCOME_FORBIDDEN);
    w = before;
    w.who.account.email = mfa_lit("");
    assert_int_equal(ask(&w), MFA_OUTCOME_ABSENT);
    assert_int_equal(w.asked, 0);

    for (i = 0; i < sizeof(since) / sizeof(since[0]); i++) {
        w = before;

        if (since[i].value) {
            store_put(&w.store, ACCOUNT "alice", since[i].field,
                      mfa_str_from(since[i].value));
        } else {
            store_cut(&w.store, ACCOUNT "alice", since[i].field);
        }

        assert_int_equal(ask(&w), MFA_OUTCOME_FORBIDDEN);
        assert_int_equal(mails("mail=reset"), 0);
    }

    w = before;
    store_cut(&w.store, ACCOUNT "alice", "email");
    assert_int_equal(ask(&w), MFA_OUTCOME_ABSENT);
}


static void
no_failure_lets_anybody_in(void **state)
{
    size_t  operations;

    static const trial_t  trial = { prepare, ask, 1, 0, TRIAL_OPENS };

    (void) state;

    assert_true(trial_run(&w, &trial, &operations) > 100);
    assert_int_equal(operations, 2);
    assert_int_equal(trial_unseen, 0);
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup_teardown(t, setup, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(half_a_login_is_enough),
        TEST(security_90_the_sixth_in_ten_minutes_is_limited),
        TEST(who_has_nothing_to_reset_is_refused),
        TEST(no_failure_lets_anybody_in)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_reset", tests, NULL, NULL);
}
