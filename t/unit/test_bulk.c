/*
 * Bulk: one action on many accounts.  Broken, one account's refusal keeps the
 * next from being changed, a result is of another account, or a store that went
 * away passes for success (security 80).
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "core/bulk.h"
#include "console_world.h"

#define N  5

static world_t            w;
static mfa_bulk_t         bulk;
static mfa_flow_admin_t   wanted;
static mfa_bulk_result_t  results[MFA_BULK_MAX + 1];
static mfa_str_t          logins[MFA_BULK_MAX + 1];


static void
owned(mfa_flow_admin_t *admin)
{
    admin->directory = mfa_lit("ad");
}


static void
people(world_t *world)
{
    world_admin(world, MFA_ADMIN_ADD, "ann", NULL);
    world_admin(world, MFA_ADMIN_ADD, "bob", owned);
    world_admin(world, MFA_ADMIN_ADD, "dora", NULL);
    world_admin(world, MFA_ADMIN_REQUIRE, "dora", NULL);
}


static const char  *names[N] = { "ann", "bob", "carl", "dora", "No Login" };


static mfa_outcome_e
run_bulk(world_t *world, size_t n)
{
    size_t  i;

    for (i = 0; i < N; i++) {
        logins[i] = mfa_str_from(names[i]);
    }

    mfa_flow_admin_init(&wanted);
    wanted.action = MFA_ADMIN_REQUIRE;
    wanted.actor = mfa_lit("root");
    wanted.grace_sec = DAY;

    mfa_bulk_init(&bulk);
    bulk.wanted = &wanted;
    bulk.logins = logins;
    bulk.results = results;
    bulk.n = n;

    return world_run(world, &bulk.admin.flow);
}


static void
security_80_each_has_a_result_of_its_own(void **state)
{
    (void) state;
    world_init(&w);
    people(&w);
    assert_int_equal(run_bulk(&w, N), MFA_OUTCOME_DONE);

    assert_int_equal(results[0].outcome, MFA_OUTCOME_DONE);
    assert_true(results[0].changed);
    assert_int_equal(results[0].deadline, w.store.now + DAY);
    assert_int_equal(results[1].outcome, MFA_OUTCOME_FORBIDDEN);
    assert_int_equal(results[1].why, MFA_WHY_DIRECTORY);
    assert_int_equal(results[2].outcome, MFA_OUTCOME_ABSENT);
    assert_int_equal(results[3].outcome, MFA_OUTCOME_DONE);
    assert_false(results[3].changed);
    assert_int_equal(results[4].outcome, MFA_OUTCOME_REFUSED);
    assert_int_equal(bulk.n_done, 2);
    assert_int_equal(bulk.n_changed, 1);

    assert_non_null(store_text(&w.store, ACCOUNT "ann", "required"));
    assert_null(store_text(&w.store, ACCOUNT "bob", "required"));
    assert_false(store_there(&w.store, ACCOUNT "carl"));
    /* each is audited by itself; again changes nothing */
    assert_int_equal(store_events(&w.store, AUDIT, "event=require"), 2);
    assert_int_equal(run_bulk(&w, N), MFA_OUTCOME_DONE);
    assert_int_equal(bulk.n_done, 2);
    assert_int_equal(bulk.n_changed, 0);
    assert_int_equal(store_events(&w.store, AUDIT, "event=require"), 2);
    store_release(0);
}


static void
its_size_is_bounded(void **state)
{
    (void) state;
    world_init(&w);
    assert_int_equal(run_bulk(&w, 0), MFA_OUTCOME_REFUSED);
    assert_int_equal(run_bulk(&w, MFA_BULK_MAX + 1), MFA_OUTCOME_REFUSED);
    assert_int_equal(w.asked, 0);
    store_release(0);
}


static void
nobody_comes_twice(void **state)
{
    (void) state;
    world_init(&w);
    people(&w);
    names[3] = "ann";
    assert_int_equal(run_bulk(&w, N), MFA_OUTCOME_REFUSED);
    names[3] = "dora";
    assert_null(store_text(&w.store, ACCOUNT "ann", "required"));
    assert_int_equal(store_events(&w.store, AUDIT, "event=require"), 1);
    store_release(0);
}


static void
store_goes(world_t *world, const mfa_flow_t *flow, mfa_result_t *result)
{
    (void) flow;

    if (world->asked >= 2) {
        memset(result, 0, sizeof(mfa_result_t));
    }
}


static void
a_store_that_goes_away_ends_it(void **state)
{
    (void) state;
    world_init(&w);
    people(&w);
    w.disturb = store_goes;
    assert_int_equal(run_bulk(&w, 4), MFA_OUTCOME_UNAVAILABLE);
    assert_int_equal(w.asked, 3);
    assert_int_equal(results[0].outcome, MFA_OUTCOME_DONE);
    assert_int_equal(results[1].outcome, MFA_OUTCOME_UNAVAILABLE);
    assert_int_equal(results[3].outcome, MFA_OUTCOME_UNAVAILABLE);
    assert_int_equal(bulk.n_done, 1);
    store_release(0);
}


static mfa_outcome_e
act(world_t *world)
{
    return run_bulk(world, 1);
}


static void
security_56_no_failure_of_the_store_is_success(void **state)
{
    size_t  operations;

    static const console_trial_t  trial = { people, act, NULL };

    (void) state;
    assert_true(console_trial(&w, &trial, &operations) > 100);
    assert_int_equal(operations, 2);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(security_80_each_has_a_result_of_its_own),
        cmocka_unit_test(its_size_is_bounded),
        cmocka_unit_test(nobody_comes_twice),
        cmocka_unit_test(a_store_that_goes_away_ends_it),
        cmocka_unit_test(security_56_no_failure_of_the_store_is_success),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("bulk", tests, NULL, NULL);
}
