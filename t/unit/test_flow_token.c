/*
 * Tokens of the API.  Broken, a token may more than its maker, lives on without
 * him, is good after it was revoked or has expired, or can be read from the
 * store (security 79, 85, 104).
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "core/flow_token.h"
#include "console_world.h"

#define OWNER  "administrator_with_billing"

static world_t            w;
static mfa_flow_token_t   token;
static mfa_flow_bearer_t  bearer;
static const char        *role_of_new;
static char               made[MFA_APITOKEN_CHARS + 1];


static void
with_role(mfa_flow_admin_t *admin)
{
    admin->role = mfa_str_from(role_of_new);
}


static void
admin_of(world_t *world, const char *login, const char *role)
{
    role_of_new = role;
    world_admin(world, MFA_ADMIN_ADD, login, with_role);
}


static void
admins(world_t *world)
{
    assert_int_equal(mfa_portal_init(&world->portal, mfa_lit("admin")), 0);
    admin_of(world, "root", OWNER);
    admin_of(world, "anna", "administrator");
    admin_of(world, "max", "manager");
}


static void
begin(world_t *world, mfa_token_e action, const char *by)
{
    mfa_flow_token_init(&token);
    token.action = action;
    token.name = mfa_lit("ci");
    token.role = MFA_ROLE_READ_ONLY;
    token.life_sec = DAY;

    if (by != NULL) {
        token.by.portal = &world->portal;
        token.by.login = mfa_str_from(by);
    }
}


static mfa_outcome_e
add(world_t *world, const char *by, mfa_role_e role)
{
    mfa_outcome_e  outcome;

    begin(world, MFA_TOKEN_ADD, by);
    token.role = role;
    outcome = world_run(world, &token.flow);

    if (outcome == MFA_OUTCOME_DONE) {
        memcpy(made, token.text, MFA_APITOKEN_CHARS);
    }

    return outcome;
}


static mfa_outcome_e
bear(world_t *world, const char *text)
{
    mfa_flow_bearer_init(&bearer);
    bearer.text = mfa_str_from(text);

    return world_run(world, &bearer.flow);
}


static void
a_token_names_its_maker_and_its_role(void **state)
{
    char  hash[MFA_HASH_CHARS + 1] = "";

    (void) state;
    world_init(&w);
    admins(&w);

    assert_int_equal(add(&w, "anna", MFA_ROLE_MANAGER), MFA_OUTCOME_DONE);
    assert_memory_equal(made, "mfa_", 4);
    memcpy(hash, token.hash, MFA_HASH_CHARS);
    /* security 104: the store has the hash alone */
    assert_null(strstr(hash, &made[4]));
    assert_int_equal(store_count(&w.store, "mfa:{admin}:token:"), 1);
    assert_int_equal(store_events(&w.store, "mfa:{admin}:audit",
                                  "event=token-add"), 1);

    assert_int_equal(bear(&w, made), MFA_OUTCOME_DONE);
    assert_int_equal(w.asked, 2);
    assert_true(mfa_str_is(bearer.by.login, "anna"));
    assert_int_equal(bearer.by.by_token, 1);
    assert_int_equal(bearer.by.token_role, MFA_ROLE_MANAGER);
    assert_int_equal(bearer.maker_role, MFA_ROLE_ADMINISTRATOR);
    assert_true(mfa_by_may(&bearer.by, bearer.maker_role, MFA_RIGHT_ACCOUNT,
                           MFA_TARGET_USER, MFA_ROLE_NONE, MFA_ROLE_NONE));
    assert_false(mfa_by_may(&bearer.by, bearer.maker_role, MFA_RIGHT_ACCOUNT,
                            MFA_TARGET_ADMIN, MFA_ROLE_MANAGER,
                            MFA_ROLE_NONE));
    store_release(0);
}


static void
last_use_is_noted_once_a_minute(void **state)
{
    (void) state;
    world_init(&w);
    admins(&w);
    assert_int_equal(add(&w, "anna", MFA_ROLE_MANAGER), MFA_OUTCOME_DONE);

    assert_int_equal(bear(&w, made), MFA_OUTCOME_DONE);
    assert_true(bearer.touch);
    store_carry_out(&w.store, &bearer.flow.op);
    assert_int_equal(bear(&w, made), MFA_OUTCOME_DONE);
    assert_false(bearer.touch);
    assert_int_equal(bearer.token.used, w.store.now);
    w.store.now += 60;
    assert_int_equal(bear(&w, made), MFA_OUTCOME_DONE);
    assert_true(bearer.touch);

    /* a touch that comes late does not bring back what was revoked */
    begin(&w, MFA_TOKEN_REVOKE, "anna");
    token.ref = mfa_session_short((mfa_str_t) { bearer.hash, MFA_HASH_CHARS });
    assert_int_equal(world_run(&w, &token.flow), MFA_OUTCOME_DONE);
    store_carry_out(&w.store, &bearer.flow.op);
    assert_int_equal(store_count(&w.store, "mfa:{admin}:token:"), 0);
    assert_int_equal(bear(&w, made), MFA_OUTCOME_REFUSED);
    assert_null(bearer.by.portal);
    store_release(0);
}


static void
security_79_no_token_is_above_its_maker(void **state)
{
    (void) state;
    world_init(&w);
    admins(&w);

    assert_int_equal(add(&w, "anna", MFA_ROLE_ADMINISTRATOR_WITH_BILLING),
                     MFA_OUTCOME_FORBIDDEN);
    assert_int_equal(token.why, MFA_WHY_RIGHT);
    assert_int_equal(add(&w, "anna", MFA_ROLE_BILLING_ONLY),
                     MFA_OUTCOME_FORBIDDEN);
    assert_int_equal(add(&w, "max", MFA_ROLE_READ_ONLY),
                     MFA_OUTCOME_FORBIDDEN);
    assert_int_equal(add(&w, "nobody", MFA_ROLE_READ_ONLY),
                     MFA_OUTCOME_FORBIDDEN);
    assert_int_equal(add(&w, "root", MFA_ROLE_ADMINISTRATOR_WITH_BILLING),
                     MFA_OUTCOME_DONE);

    /* a token makes no token */
    begin(&w, MFA_TOKEN_ADD, "root");
    token.by.by_token = 1;
    token.by.created = w.store.now;
    token.by.token_role = MFA_ROLE_ADMINISTRATOR_WITH_BILLING;
    assert_int_equal(world_run(&w, &token.flow), MFA_OUTCOME_FORBIDDEN);

    /* mfactl makes one for whom it says, not above him either */
    begin(&w, MFA_TOKEN_ADD, NULL);
    token.login = mfa_lit("max");
    assert_int_equal(world_run(&w, &token.flow), MFA_OUTCOME_DONE);
    begin(&w, MFA_TOKEN_ADD, NULL);
    token.login = mfa_lit("max");
    token.role = MFA_ROLE_ADMINISTRATOR;
    assert_int_equal(world_run(&w, &token.flow), MFA_OUTCOME_FORBIDDEN);
    begin(&w, MFA_TOKEN_ADD, NULL);
    token.login = mfa_lit("nobody");
    assert_int_equal(world_run(&w, &token.flow), MFA_OUTCOME_ABSENT);
    store_release(0);
}


static void
security_85_a_token_is_what_its_maker_is_now(void **state)
{
    (void) state;
    world_init(&w);
    admins(&w);
    assert_int_equal(add(&w, "anna", MFA_ROLE_MANAGER), MFA_OUTCOME_DONE);

    role_of_new = "help_desk";
    world_admin(&w, MFA_ADMIN_ROLE, "anna", with_role);
    assert_int_equal(bear(&w, made), MFA_OUTCOME_DONE);
    assert_int_equal(bearer.maker_role, MFA_ROLE_HELP_DESK);
    assert_false(mfa_by_may(&bearer.by, bearer.maker_role, MFA_RIGHT_REQUIRE,
                            MFA_TARGET_USER, MFA_ROLE_NONE, MFA_ROLE_NONE));

    world_admin(&w, MFA_ADMIN_DISABLE, "anna", NULL);
    assert_int_equal(bear(&w, made), MFA_OUTCOME_REFUSED);
    world_admin(&w, MFA_ADMIN_ENABLE, "anna", NULL);
    assert_int_equal(bear(&w, made), MFA_OUTCOME_DONE);

    /* a namesake made later is somebody else */
    world_admin(&w, MFA_ADMIN_DELETE, "anna", NULL);
    assert_int_equal(bear(&w, made), MFA_OUTCOME_REFUSED);
    w.store.now++;
    admin_of(&w, "anna", "administrator");
    assert_int_equal(bear(&w, made), MFA_OUTCOME_REFUSED);
    store_release(0);
}


static void
a_token_expires(void **state)
{
    (void) state;
    world_init(&w);
    admins(&w);
    assert_int_equal(add(&w, "root", MFA_ROLE_MANAGER), MFA_OUTCOME_DONE);

    w.store.now += DAY - 1;
    assert_int_equal(bear(&w, made), MFA_OUTCOME_DONE);
    /* by the record's time, also when the key's is lost */
    w.store.keys[store_key(&w.store, (mfa_str_t) {
        w.store.keys[w.store.n_keys - 1].name,
        w.store.keys[w.store.n_keys - 1].len })].expires = -1;
    w.store.now += 1;
    assert_int_equal(bear(&w, made), MFA_OUTCOME_REFUSED);

    begin(&w, MFA_TOKEN_LIST, "root");
    assert_int_equal(world_run(&w, &token.flow), MFA_OUTCOME_DONE);
    assert_int_equal(token.n_tokens, 0);
    store_release(0);
}


static void
what_is_no_token_is_refused_without_the_store(void **state)
{
    size_t  i;

    static const char *const  bad[] = {
        "", "mfa_", "x", "mfa_AAAA",
        "MFA_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "mfa_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",  /* stray bits */
        "mfa_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.",
        "mfa_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    };

    (void) state;
    world_init(&w);
    admins(&w);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(bear(&w, bad[i]), MFA_OUTCOME_REFUSED);
        assert_int_equal(w.asked, 0);
    }

    assert_int_equal(bear(&w, "mfa_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                              "AAA"), MFA_OUTCOME_REFUSED);
    assert_int_equal(w.asked, 1);

    begin(&w, MFA_TOKEN_ADD, "root");
    token.name = mfa_lit("a\tb");
    assert_int_equal(world_run(&w, &token.flow), MFA_OUTCOME_REFUSED);
    begin(&w, MFA_TOKEN_ADD, "root");
    token.role = MFA_ROLE_NONE;
    assert_int_equal(world_run(&w, &token.flow), MFA_OUTCOME_REFUSED);
    begin(&w, MFA_TOKEN_ADD, "root");
    token.life_sec = MFA_APITOKEN_LIFE_MAX + 1;
    assert_int_equal(world_run(&w, &token.flow), MFA_OUTCOME_REFUSED);
    begin(&w, (mfa_token_e) 99, "root");
    assert_int_equal(world_run(&w, &token.flow), MFA_OUTCOME_REFUSED);
    assert_int_equal(w.asked, 0);
    store_release(0);
}


static void
who_may_see_and_revoke(void **state)
{
    mfa_str_t  ref;

    (void) state;
    world_init(&w);
    admins(&w);
    assert_int_equal(add(&w, "root", MFA_ROLE_READ_ONLY), MFA_OUTCOME_DONE);

    begin(&w, MFA_TOKEN_LIST, "max");
    assert_int_equal(world_run(&w, &token.flow), MFA_OUTCOME_FORBIDDEN);
    assert_int_equal(token.n_tokens, 0);

    begin(&w, MFA_TOKEN_LIST, "anna");
    assert_int_equal(world_run(&w, &token.flow), MFA_OUTCOME_DONE);
    assert_int_equal(token.n_tokens, 1);
    ref = mfa_session_short(token.tokens[0].hash);

    /* of an owner's by an owner alone */
    begin(&w, MFA_TOKEN_REVOKE, "anna");
    token.ref = ref;
    assert_int_equal(world_run(&w, &token.flow), MFA_OUTCOME_FORBIDDEN);
    begin(&w, MFA_TOKEN_REVOKE, "root");
    token.ref = ref;
    assert_int_equal(world_run(&w, &token.flow), MFA_OUTCOME_DONE);
    assert_int_equal(bear(&w, made), MFA_OUTCOME_REFUSED);
    begin(&w, MFA_TOKEN_REVOKE, "root");
    token.ref = ref;
    assert_int_equal(world_run(&w, &token.flow), MFA_OUTCOME_ABSENT);
    store_release(0);
}


/* --- stores that fail or lie --- */

static void
with_a_token(world_t *world)
{
    admins(world);
    assert_int_equal(add(world, "anna", MFA_ROLE_MANAGER), MFA_OUTCOME_DONE);
}


static mfa_outcome_e
act_bear(world_t *world)
{
    return bear(world, made);
}


static mfa_outcome_e
act_add(world_t *world)
{
    return add(world, "root", MFA_ROLE_MANAGER);
}


static mfa_outcome_e
act_list(world_t *world)
{
    begin(world, MFA_TOKEN_LIST, "root");

    return world_run(world, &token.flow);
}


static mfa_outcome_e
act_revoke(world_t *world)
{
    uint8_t  hash[MFA_HASH_CHARS];

    assert_int_equal(mfa_apitoken_hash(mfa_str_from(made), hash), 0);
    begin(world, MFA_TOKEN_REVOKE, "root");
    token.ref = mfa_session_short((mfa_str_t) { hash, MFA_HASH_CHARS });

    return world_run(world, &token.flow);
}


/* A lie about fields cannot give a role that the record has not. */
static void
bearer_is_bound(world_t *world)
{
    (void) world;
    assert_int_equal(bearer.by.token_role, MFA_ROLE_MANAGER);
    assert_int_not_equal(bearer.maker_role, MFA_ROLE_NONE);
}


static void
security_56_no_failure_of_the_store_lets_anybody_in(void **state)
{
    size_t  i, operations;

    static const struct {
        console_trial_t  trial;
        size_t           operations;
    } trials[] = {
        { { with_a_token, act_bear, bearer_is_bound }, 2 },
        { { admins, act_add, NULL }, 2 },
        { { with_a_token, act_list, NULL }, 2 },
        { { with_a_token, act_revoke, NULL }, 4 },
    };

    (void) state;

    for (i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
        assert_true(console_trial(&w, &trials[i].trial, &operations) > 80);
        assert_int_equal(operations, trials[i].operations);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(a_token_names_its_maker_and_its_role),
        cmocka_unit_test(last_use_is_noted_once_a_minute),
        cmocka_unit_test(security_79_no_token_is_above_its_maker),
        cmocka_unit_test(security_85_a_token_is_what_its_maker_is_now),
        cmocka_unit_test(a_token_expires),
        cmocka_unit_test(what_is_no_token_is_refused_without_the_store),
        cmocka_unit_test(who_may_see_and_revoke),
        cmocka_unit_test(security_56_no_failure_of_the_store_lets_anybody_in),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_token", tests, NULL, NULL);
}
