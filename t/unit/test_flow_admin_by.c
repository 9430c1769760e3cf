/*
 * Changes on somebody's behalf: who acts is read and watched with the account
 * acted on.  Broken, a demoted admin still acts (security 79, 85, 86), one of two
 * changes is lost without a word, or the last administrator with billing goes.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "admin_stage.h"

#define OWNER  "administrator_with_billing"

static mfa_portal_t  admins;
static char          sent[16384];           /* the last operation */


static int
stage(void **state)
{
    set_up(state);
    script.actor_key = "mfa:{admin}:account:root";
    script.actor[MFA_ACCOUNT_CREATED] = "400";
    script.actor[MFA_ACCOUNT_GENERATION] = "5";
    script.actor[MFA_ACCOUNT_ROLE] = OWNER;

    return mfa_portal_init(&admins, mfa_lit("admin"));
}


static void
by(mfa_admin_e action)
{
    begin(action);
    admin.by.portal = &admins;
    admin.by.login = mfa_lit("root");
    admin.by.generation = 5;
}


static mfa_outcome_e
run_it(int aborts)
{
    int           steps;
    mfa_flow_e    asked;
    mfa_result_t  result;

    sent[0] = '\0';
    asked = admin.flow.run(&admin.flow, NULL);

    for (steps = 0; asked != MFA_FLOW_DONE; steps++) {
        assert_true(steps < STEPS_MAX);
        assert_false(admin.flow.op.failed);

        script_write(&admin.flow.op, sent, sizeof(sent));
        result = script_answer(&script, &admin.flow.op);

        if (script.exec != SIZE_MAX && aborts-- > 0) {
            script.replies[script.exec].type = MFA_REPLY_NIL;
            /* what the other one did, seen by the next try */
            script.actor[MFA_ACCOUNT_ROLE] = "read_only";
            script.n_owners--;
        }

        script_follow(&script, &admin.flow.op, &result);
        asked = admin.flow.run(&admin.flow, &result);
    }

    assert_false(script.watching);

    return admin.flow.outcome;
}


static void
forbidden(mfa_why_e why)
{
    assert_int_equal(run_it(0), MFA_OUTCOME_FORBIDDEN);
    assert_int_equal(admin.why, why);
    assert_string_equal(sent, "UNWATCH\n");
    assert_false(admin.changed);
}


static void
has(const char *command)
{
    if (strstr(sent, command) == NULL) {
        fail_msg("no \"%s\" in:\n%s", command, sent);
    }
}


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
security_79_nobody_grants_above_himself(void **state)
{
    (void) state;
    portal.name = mfa_lit("admin");
    account_of("500", NULL, NULL);
    script.account[MFA_ACCOUNT_ROLE] = "read_only";
    script.actor[MFA_ACCOUNT_ROLE] = "administrator";

    by(MFA_ADMIN_ROLE);
    admin.role = mfa_lit(OWNER);
    forbidden(MFA_WHY_RIGHT);

    by(MFA_ADMIN_ROLE);
    admin.role = mfa_lit("administrator");
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
    has("HSET mfa:{admin}:account:alice role administrator\n");
    has("event role result ok login alice actor root"
        " detail read_only to administrator\n");

    /* a new account is given one as well */
    memset(script.account, 0, sizeof(script.account));
    by(MFA_ADMIN_ADD);
    admin.role = mfa_lit(OWNER);
    forbidden(MFA_WHY_RIGHT);

    /* also on the users' portal, where a manager may add accounts */
    portal.name = mfa_lit("user");
    script.actor[MFA_ACCOUNT_ROLE] = "manager";
    by(MFA_ADMIN_ADD);
    admin.role = mfa_lit("read_only");
    forbidden(MFA_WHY_RIGHT);
    by(MFA_ADMIN_ADD);
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
}


static void
security_79_the_last_owner_stays(void **state)
{
    size_t  i;

    static const mfa_admin_e  unseat[] = {
        MFA_ADMIN_DELETE, MFA_ADMIN_DISABLE, MFA_ADMIN_ROLE
    };

    (void) state;
    portal.name = mfa_lit("admin");

    for (i = 0; i < sizeof(unseat) / sizeof(unseat[0]); i++) {
        account_of("500", NULL, NULL);
        script.account[MFA_ACCOUNT_ROLE] = OWNER;
        script.owners = "0";
        script.n_owners = 1;

        by(unseat[i]);
        admin.role = mfa_lit("manager");
        forbidden(MFA_WHY_LAST);

        /* nor by mfactl */
        begin(unseat[i]);
        admin.role = mfa_lit("manager");
        forbidden(MFA_WHY_LAST);

        /* an index that nobody has made yet tells of no other */
        script.owners = NULL;
        script.n_owners = 0;
        by(unseat[i]);
        admin.role = mfa_lit("manager");
        forbidden(MFA_WHY_LAST);

        script.owners = "0";
        script.n_owners = 2;
        by(unseat[i]);
        admin.role = mfa_lit("manager");
        assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
        has("ZREM mfa:{admin}:owners alice\n");

        /* who is disabled does not count, and may go */
        script.account[MFA_ACCOUNT_DISABLED] = "1";
        script.owners = NULL;
        script.n_owners = 1;

        if (unseat[i] != MFA_ADMIN_DISABLE) {
            by(unseat[i]);
            admin.role = mfa_lit("manager");
            assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
        }
    }
}


/* Both saw two of them; the list was watched, so the later one looks again. */
static void
security_79_of_two_who_go_at_once_one_stays(void **state)
{
    (void) state;
    portal.name = mfa_lit("admin");
    account_of("500", NULL, NULL);
    script.account[MFA_ACCOUNT_ROLE] = OWNER;
    script.owners = "0";
    script.n_owners = 2;

    begin(MFA_ADMIN_ROLE);
    admin.role = mfa_lit("manager");
    assert_int_equal(run_it(1), MFA_OUTCOME_FORBIDDEN);
    assert_int_equal(admin.why, MFA_WHY_LAST);
}


static void
an_owner_is_one_while_enabled(void **state)
{
    (void) state;
    portal.name = mfa_lit("admin");
    account_of("500", NULL, NULL);
    script.account[MFA_ACCOUNT_ROLE] = OWNER;
    script.account[MFA_ACCOUNT_DISABLED] = "1";

    by(MFA_ADMIN_ENABLE);
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
    has("ZADD mfa:{admin}:owners 0 alice\n");

    memset(script.account, 0, sizeof(script.account));
    by(MFA_ADMIN_ADD);
    admin.role = mfa_lit(OWNER);
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
    has("ZADD mfa:{admin}:owners 0 alice\n");

    account_of("500", NULL, NULL);
    script.account[MFA_ACCOUNT_ROLE] = "manager";
    by(MFA_ADMIN_ROLE);
    admin.role = mfa_lit("");
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
    has("HDEL mfa:{admin}:account:alice role\n");
    has("ZREM mfa:{admin}:owners alice\n");
    has("detail manager to none\n");
}


static void
another_version_is_a_conflict(void **state)
{
    (void) state;
    account_of("500", NULL, NULL);

    by(MFA_ADMIN_REQUIRE);
    admin.if_version = 2;
    assert_int_equal(run_it(0), MFA_OUTCOME_CONFLICT);
    assert_int_equal(admin.why, MFA_WHY_VERSION);
    assert_int_equal(admin.version, 3);
    assert_string_equal(sent, "UNWATCH\n");

    by(MFA_ADMIN_REQUIRE);
    admin.if_version = 3;
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
    assert_int_equal(admin.version, 4);

    /* who may not is not told the version */
    script.actor[MFA_ACCOUNT_ROLE] = "read_only";
    by(MFA_ADMIN_REQUIRE);
    admin.if_version = 2;
    forbidden(MFA_WHY_RIGHT);
}


static void
feature_000_06_permissions_require_or_not(void **state)
{
    (void) state;
    account_of("500", NULL, NULL);
    by(MFA_ADMIN_PERMISSIONS);
    admin.require = 1;
    admin.grace_sec = 3 * 86400;
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
    assert_int_equal(admin.deadline, NOW + 3 * 86400);
    has("event require result ok");

    account_of("500", "1", "900");
    by(MFA_ADMIN_PERMISSIONS);
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
    assert_int_equal(admin.deadline, 900);
    has("HDEL mfa:{user}:account:alice required\n");
    has("event unrequire result ok");

    /* feature 002-01 */
    account_of("500", NULL, NULL);
    script.account[MFA_ACCOUNT_DIRECTORY] = "ad";
    by(MFA_ADMIN_PERMISSIONS);
    admin.require = 1;
    forbidden(MFA_WHY_DIRECTORY);
}


static void
edit_moves_what_is_found(void **state)
{
    (void) state;
    account_of("500", NULL, NULL);
    script.account[MFA_ACCOUNT_EMAIL] = "a@example.com";
    script.account[MFA_ACCOUNT_NAME] = "Alice Smith";

    by(MFA_ADMIN_EDIT);
    admin.edit_name = 1;
    admin.name = mfa_lit("Alice Jones");
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
    has("HSET mfa:{user}:account:alice name Alice Jones\n");
    has("ZREM mfa:{user}:search alice smith~alice smith~alice\n"
        "ZADD mfa:{user}:search 0 alice jones~alice 0 jones~alice\n");

    by(MFA_ADMIN_EDIT);
    admin.edit_email = 1;
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
    has("HDEL mfa:{user}:account:alice email\n");
    has("ZREM mfa:{user}:search a@example.com~alice\n");

    /* security 82: what is not named stays */
    by(MFA_ADMIN_EDIT);
    admin.email = mfa_lit("b@example.com");
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
    assert_false(admin.changed);
    assert_string_equal(sent, "UNWATCH\n");
}


static void
what_cannot_be_is_refused_without_the_store(void **state)
{
    (void) state;

    by(MFA_ADMIN_EDIT);
    admin.email = mfa_lit("no address");
    assert_int_equal(run_it(0), MFA_OUTCOME_REFUSED);
    assert_string_equal(sent, "");

    by(MFA_ADMIN_EDIT);
    admin.name = mfa_lit("a\nb");
    assert_int_equal(run_it(0), MFA_OUTCOME_REFUSED);

    by(MFA_ADMIN_ROLE);
    admin.role = mfa_lit("Manager");
    assert_int_equal(run_it(0), MFA_OUTCOME_REFUSED);

    by(MFA_ADMIN_EXTEND);
    admin.reason = mfa_lit("a\x1b[31m");
    assert_int_equal(run_it(0), MFA_OUTCOME_REFUSED);

    by(MFA_ADMIN_SESSIONS_END);
    admin.ref = mfa_lit("short");
    assert_int_equal(run_it(0), MFA_OUTCOME_REFUSED);
    assert_string_equal(sent, "");
}


static void
security_34_sessions_and_browsers_are_ended(void **state)
{
    (void) state;
    account_of("500", NULL, NULL);
    script.listed[0] = "AAAAAAAAAAAA-yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy";

    by(MFA_ADMIN_SESSIONS_END);
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
    has("HINCRBY mfa:{user}:account:alice generation 1\n");
    has("DEL mfa:{user}:sessions:alice\nDEL mfa:{user}:devices:alice\n");
    has("event session-revoke");

    by(MFA_ADMIN_SESSIONS_END);
    admin.ref = mfa_lit("AAAAAAAAAAAA");
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
    assert_true(admin.changed);
    has("UNLINK mfa:session:AAAAAAAAAAAA-yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\n");
    has("ZREM mfa:{user}:sessions:alice AAAAAAAAAAAA-");
    has("detail AAAAAAAAAAAA\n");
    assert_null(strstr(sent, "generation"));

    by(MFA_ADMIN_SESSIONS_END);
    admin.ref = mfa_lit("BBBBBBBBBBBB");
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
    assert_false(admin.changed);

    by(MFA_ADMIN_DEVICES_END);
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
    has("DEL mfa:{user}:devices:alice\n");
    assert_null(strstr(sent, "generation"));

    by(MFA_ADMIN_DEVICES_END);
    admin.ref = mfa_lit("AAAAAAAAAAAA");
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
    has("UNLINK mfa:{user}:device:AAAAAAAAAAAA-");
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
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);

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


/* The longest texts there can be still fit into one operation. */
static void
the_longest_account_can_be_changed(void **state)
{
    static char  login[MFA_LOGIN_MAX], email[MFA_EMAIL_MAX + 1];
    static char  other_email[MFA_EMAIL_MAX + 1];
    static char  name[MFA_NAME_MAX + 1], other[MFA_NAME_MAX + 1];

    (void) state;
    memset(login, 'l', sizeof(login));
    memset(email, 'e', MFA_EMAIL_MAX);
    memset(other_email, 'f', MFA_EMAIL_MAX);
    memset(name, 'n', MFA_NAME_MAX);
    memset(other, 'o', MFA_NAME_MAX);
    email[200] = other_email[200] = '@';
    name[2] = name[4] = name[6] = name[8] = ' ';
    other[2] = other[4] = other[6] = other[8] = ' ';
    portal.name = mfa_lit("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");

    account_of("500", NULL, NULL);
    script.account[MFA_ACCOUNT_ROLE] = "manager";
    script.account[MFA_ACCOUNT_EMAIL] = email;
    script.account[MFA_ACCOUNT_NAME] = name;

    by(MFA_ADMIN_EDIT);
    admin.login = (mfa_str_t) { (uint8_t *) login, MFA_LOGIN_MAX };
    admin.edit_name = 1;
    admin.edit_email = 1;
    admin.name = mfa_str_from(other);
    admin.email = mfa_str_from(other_email);
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
    assert_true(admin.changed);

    begin(MFA_ADMIN_RESET);
    admin.login = (mfa_str_t) { (uint8_t *) login, MFA_LOGIN_MAX };
    script.account[MFA_ACCOUNT_ENROLLED] = "7";
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
}


static void
every_action_has_a_name_and_a_right(void **state)
{
    int  action;

    (void) state;

    for (action = MFA_ADMIN_ADD; action <= MFA_ADMIN_WIDGET; action++) {
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
        CASE(security_79_nobody_grants_above_himself),
        CASE(security_79_the_last_owner_stays),
        CASE(security_79_of_two_who_go_at_once_one_stays),
        CASE(an_owner_is_one_while_enabled),
        CASE(another_version_is_a_conflict),
        CASE(feature_000_06_permissions_require_or_not),
        CASE(edit_moves_what_is_found),
        CASE(what_cannot_be_is_refused_without_the_store),
        CASE(security_34_sessions_and_browsers_are_ended),
        CASE(feature_003_24_the_widget_is_ones_own),
        CASE(a_token_may_no_more_than_its_role),
        CASE(nobody_asks_for_a_new_hash),
        CASE(the_longest_account_can_be_changed),
        CASE(every_action_has_a_name_and_a_right),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_admin_by", tests, NULL, NULL);
}
