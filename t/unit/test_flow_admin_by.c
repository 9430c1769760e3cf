/*
 * Changes on somebody's behalf: who acts is read and watched with the account
 * acted on.  Broken, a demoted admin still acts (security 79, 85, 86).
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "admin_by.h"


static void
who_acts_is_watched_and_named(void **state)
{
    mfa_result_t  result;

    (void) state;
    account_of("500", NULL, NULL);
    by(MFA_ADMIN_REQUIRE);
    admin.actor = mfa_lit("");
    assert_int_equal(admin.flow.run(&admin.flow, NULL), MFA_FLOW_STORE);
    script_write(&admin.flow.op, sent, sizeof(sent));
    has("WATCH mfa:{user}:account:alice\n");
    has("WATCH mfa:{admin}:account:root\n");

    result = script_answer(&script, &admin.flow.op);
    assert_int_equal(admin.flow.run(&admin.flow, &result), MFA_FLOW_STORE);
    script_write(&admin.flow.op, sent, sizeof(sent));
    has("event require result ok login alice actor root\n");
}


static void
security_85_who_lost_his_role_acts_no_more(void **state)
{
    (void) state;
    account_of("500", NULL, NULL);

    script.actor[MFA_ACCOUNT_ROLE] = "read_only";
    by(MFA_ADMIN_REQUIRE);
    forbidden(MFA_WHY_RIGHT);

    script.actor[MFA_ACCOUNT_ROLE] = NULL;
    by(MFA_ADMIN_REQUIRE);
    forbidden(MFA_WHY_RIGHT);

    script.actor[MFA_ACCOUNT_ROLE] = OWNER;
    script.actor[MFA_ACCOUNT_DISABLED] = "1";
    by(MFA_ADMIN_REQUIRE);
    forbidden(MFA_WHY_RIGHT);

    /* his session was ended */
    script.actor[MFA_ACCOUNT_DISABLED] = NULL;
    by(MFA_ADMIN_REQUIRE);
    admin.by.generation = 4;
    forbidden(MFA_WHY_RIGHT);

    /* his account is gone */
    memset(script.actor, 0, sizeof(script.actor));
    by(MFA_ADMIN_REQUIRE);
    forbidden(MFA_WHY_RIGHT);
}


/* The demotion lands between his look and his write: EXEC is aborted. */
static void
security_86_a_demotion_a_moment_ago_counts(void **state)
{
    (void) state;
    account_of("500", NULL, NULL);
    by(MFA_ADMIN_REQUIRE);
    assert_int_equal(run_it(1), MFA_OUTCOME_FORBIDDEN);
    assert_int_equal(admin.why, MFA_WHY_RIGHT);
    assert_string_equal(sent, "UNWATCH\n");
}


static void
whom_nobody_may_ask_about_is_forbidden_not_absent(void **state)
{
    (void) state;
    script.actor[MFA_ACCOUNT_ROLE] = "command_runner";
    by(MFA_ADMIN_RESET);
    forbidden(MFA_WHY_RIGHT);

    script.actor[MFA_ACCOUNT_ROLE] = "help_desk";
    by(MFA_ADMIN_RESET);
    assert_int_equal(run_it(0), MFA_OUTCOME_ABSENT);
}


static void
feature_003_04_an_administrator_never_acts_on_an_owner(void **state)
{
    (void) state;
    portal.name = mfa_lit("admin");
    account_of("500", NULL, NULL);
    script.account[MFA_ACCOUNT_ROLE] = OWNER;
    script.actor[MFA_ACCOUNT_ROLE] = "administrator";

    by(MFA_ADMIN_REQUIRE);
    forbidden(MFA_WHY_RIGHT);

    script.account[MFA_ACCOUNT_ROLE] = "manager";
    by(MFA_ADMIN_REQUIRE);
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);

    /* and a manager on no admin at all, wherever he is */
    script.actor[MFA_ACCOUNT_ROLE] = "manager";
    by(MFA_ADMIN_REQUIRE);
    forbidden(MFA_WHY_RIGHT);
    portal.name = mfa_lit("user");
    by(MFA_ADMIN_REQUIRE);
    forbidden(MFA_WHY_RIGHT);
}


static void
feature_003_15_only_an_owner_requires_admins_in_bulk(void **state)
{
    (void) state;
    portal.name = mfa_lit("admin");
    account_of("500", NULL, NULL);
    script.account[MFA_ACCOUNT_ROLE] = "manager";
    script.actor[MFA_ACCOUNT_ROLE] = "administrator";

    by(MFA_ADMIN_REQUIRE);
    admin.bulk = 1;
    forbidden(MFA_WHY_RIGHT);

    by(MFA_ADMIN_PERMISSIONS);
    admin.require = 1;
    admin.bulk = 1;
    forbidden(MFA_WHY_RIGHT);

    script.actor[MFA_ACCOUNT_ROLE] = OWNER;
    by(MFA_ADMIN_REQUIRE);
    admin.bulk = 1;
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);

    /* users are another matter */
    portal.name = mfa_lit("user");
    account_of("500", NULL, NULL);
    script.actor[MFA_ACCOUNT_ROLE] = "administrator";
    by(MFA_ADMIN_REQUIRE);
    admin.bulk = 1;
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
}


static void
feature_003_24_the_widget_is_ones_own(void **state)
{
    (void) state;
    account_of("500", NULL, NULL);

    /* somebody else's, and a namesake's on another portal */
    by(MFA_ADMIN_WIDGET);
    forbidden(MFA_WHY_RIGHT);
    admin.by.login = mfa_lit("alice");
    script.actor_key = "mfa:{admin}:account:alice";
    by(MFA_ADMIN_WIDGET);
    admin.by.login = mfa_lit("alice");
    forbidden(MFA_WHY_RIGHT);

    portal.name = mfa_lit("admin");
    by(MFA_ADMIN_WIDGET);
    admin.by.login = mfa_lit("alice");
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
    has("HSET mfa:{admin}:account:alice widget off\n");

    script.account[MFA_ACCOUNT_WIDGET] = "off";
    by(MFA_ADMIN_WIDGET);
    admin.by.login = mfa_lit("alice");
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
    assert_false(admin.changed);

    by(MFA_ADMIN_WIDGET);
    admin.by.login = mfa_lit("alice");
    admin.widget = 1;
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
    has("HDEL mfa:{admin}:account:alice widget\n");
}


static void
a_token_may_no_more_than_its_role(void **state)
{
    (void) state;
    account_of("500", NULL, NULL);

    by(MFA_ADMIN_DELETE);
    admin.by.generation = -1;
    admin.by.by_token = 1;
    admin.by.created = 400;
    admin.by.token_role = MFA_ROLE_HELP_DESK;
    forbidden(MFA_WHY_RIGHT);

    by(MFA_ADMIN_DELETE);
    admin.by.generation = -1;
    admin.by.by_token = 1;
    admin.by.created = 400;
    admin.by.token_role = MFA_ROLE_MANAGER;
    admin.by.token_name = mfa_lit("nightly run");
    admin.by.token_ref = mfa_lit("AAAAAAAAAAAA");
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
    has(" actor root token nightly run (AAAAAAAAAAAA)\n");

    /* no reason passes for one */
    by(MFA_ADMIN_DELETE);
    admin.reason = mfa_lit("token nightly run (AAAAAAAAAAAA)");
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
    has(" actor root detail token nightly run (AAAAAAAAAAAA)\n");

    /* nor than its maker, who may be another by that name */
    script.actor[MFA_ACCOUNT_ROLE] = "help_desk";
    by(MFA_ADMIN_DELETE);
    admin.by.by_token = 1;
    admin.by.created = 400;
    admin.by.token_role = MFA_ROLE_MANAGER;
    forbidden(MFA_WHY_RIGHT);

    script.actor[MFA_ACCOUNT_ROLE] = OWNER;
    by(MFA_ADMIN_DELETE);
    admin.by.by_token = 1;
    admin.by.created = 401;
    admin.by.token_role = MFA_ROLE_MANAGER;
    forbidden(MFA_WHY_RIGHT);

    /* and without a role it may nothing */
    by(MFA_ADMIN_DELETE);
    admin.by.by_token = 1;
    admin.by.created = 400;
    forbidden(MFA_WHY_RIGHT);
}


static void
nobody_asks_for_a_new_hash(void **state)
{
    (void) state;
    account_of("500", NULL, NULL);
    by(MFA_ADMIN_REHASH);
    admin.password = mfa_lit(HASH);
    forbidden(MFA_WHY_RIGHT);
}


static void
every_action_has_a_name_and_a_right(void **state)
{
    int  action;

    (void) state;

    for (action = MFA_ADMIN_ADD; action <= MFA_ADMIN_RESEND; action++) {
        assert_true(strlen(mfa_admin_name((mfa_admin_e) action)) > 2);
        assert_int_equal(mfa_admin_find(mfa_str_from(
                             mfa_admin_name((mfa_admin_e) action))), action);
        assert_int_equal(mfa_admin_right((mfa_admin_e) action)
                         == MFA_RIGHT_NONE, action == MFA_ADMIN_REHASH);
    }

    assert_int_equal(mfa_admin_find(mfa_lit("bless")), -1);
    assert_int_equal(mfa_admin_right((mfa_admin_e) 99), MFA_RIGHT_NONE);
    assert_string_equal(mfa_why_name(MFA_WHY_LAST), "last");
    assert_string_equal(mfa_why_name((mfa_why_e) 99), "");
}


int
main(void)
{
#define CASE(f)  cmocka_unit_test_setup(f, stage)

    const struct CMUnitTest  tests[] = {
        CASE(who_acts_is_watched_and_named),
        CASE(security_85_who_lost_his_role_acts_no_more),
        CASE(security_86_a_demotion_a_moment_ago_counts),
        CASE(whom_nobody_may_ask_about_is_forbidden_not_absent),
        CASE(feature_003_04_an_administrator_never_acts_on_an_owner),
        CASE(feature_003_15_only_an_owner_requires_admins_in_bulk),
        CASE(feature_003_24_the_widget_is_ones_own),
        CASE(a_token_may_no_more_than_its_role),
        CASE(nobody_asks_for_a_new_hash),
        CASE(every_action_has_a_name_and_a_right),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_admin_by", tests, NULL, NULL);
}
