/*
 * What the console changes of an account: permissions, texts, sessions, trusted
 * browsers, and only the version it has seen.  Broken, one of two changes is
 * lost without a word, or somebody is found by a name that is not his any more.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "admin_by.h"


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


int
main(void)
{
#define CASE(f)  cmocka_unit_test_setup(f, stage)

    const struct CMUnitTest  tests[] = {
        CASE(another_version_is_a_conflict),
        CASE(feature_000_06_permissions_require_or_not),
        CASE(edit_moves_what_is_found),
        CASE(what_cannot_be_is_refused_without_the_store),
        CASE(security_34_sessions_and_browsers_are_ended),
        CASE(the_longest_account_can_be_changed),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_admin_edit", tests, NULL, NULL);
}
