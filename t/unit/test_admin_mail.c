/*
 * Which mail goes with what an admin does, and that it is queued in the very
 * transaction of the change (features 002-03, 002-09, 002-10, 003-09, 003-26,
 * 003-27, 004-07, security 95).  Broken, somebody is locked out of an account
 * without having been told that a factor is due, or is told of what never
 * happened.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "admin_by.h"


/* A portal that sends mail, and an account with an address and a password. */
static int
with_mail(void **state)
{
    int  rc;

    rc = stage(state);
    portal.mail_from = mfa_lit("no-reply@example.com");
    portal.base_url = mfa_lit("https://portal.example.com");

    return rc;
}


static void
alice(void)
{
    account_of("500", NULL, NULL);
    script.account[MFA_ACCOUNT_EMAIL] = "alice@example.com";
    script.account[MFA_ACCOUNT_PASSWORD] = HASH;
}


static void
alice_enrolled(void)
{
    enrolled_account();
    script.account[MFA_ACCOUNT_EMAIL] = "alice@example.com";
    script.account[MFA_ACCOUNT_PASSWORD] = HASH;
}


/* The last transaction queues exactly this, behind the change and its event. */
static void
queues(const char *kind, const char *rest)
{
    char        wanted[256];
    const char  *mail;

    mail = strstr(sent, "XADD mfa:{user}:outbox");

    if (mail == NULL) {
        fail_msg("no mail in:\n%s", sent);
        return;
    }

    snprintf(wanted, sizeof(wanted), "XADD mfa:{user}:outbox * mail %s login "
             "alice to %s", kind, rest);
    has(wanted);
    assert_null(strstr(mail + 1, "XADD mfa:{user}:outbox"));

    assert_true(strstr(sent, "MULTI\n") < mail);
    assert_true(strstr(sent, "XADD mfa:{user}:audit") < mail);
    assert_non_null(strstr(mail, "\nEXEC\n"));
    assert_true(admin.mailed);
    assert_string_equal(mfa_mail_name((mfa_mail_e) admin.mail), kind);
}


static void
done(void)
{
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
}


static void
queues_none(void)
{
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
    assert_null(strstr(sent, "outbox"));
    assert_false(admin.mailed);
}


static void
feature_002_03_who_is_required_is_told(void **state)
{
    (void) state;

    alice();
    by(MFA_ADMIN_REQUIRE);
    done();
    queues("enabled", "alice@example.com generation 7 at 1000000\n");

    alice();
    by(MFA_ADMIN_PERMISSIONS);
    admin.require = 1;
    done();
    queues("enabled", "alice@example.com generation 7");

    /* feature 002-04 */
    portal.on_require = MFA_ON_REQUIRE_PASSWORD;
    by(MFA_ADMIN_REQUIRE);
    done();
    queues("password-reset", "alice@example.com generation 7");
    portal.first = MFA_FIRST_REQUEST;
    by(MFA_ADMIN_REQUIRE);
    done();
    queues("enabled", "alice@example.com");
    portal.first = MFA_FIRST_LOCAL;

    portal.on_require = MFA_ON_REQUIRE_NONE;
    by(MFA_ADMIN_REQUIRE);
    queues_none();
    assert_int_equal(admin.mail, -1);
}


static void
what_changes_nothing_queues_nothing(void **state)
{
    (void) state;

    /* required already, by itself or by the portal */
    alice();
    script.account[MFA_ACCOUNT_REQUIRED] = "1";
    by(MFA_ADMIN_REQUIRE);
    queues_none();
    assert_true(admin.changed);             /* a deadline */

    alice();
    portal.require = MFA_REQUIRE_ALL;
    by(MFA_ADMIN_REQUIRE);
    queues_none();
    portal.require = MFA_REQUIRE_ACCOUNT;

    /* with a factor nothing is due */
    alice_enrolled();
    script.account[MFA_ACCOUNT_REQUIRED] = NULL;
    by(MFA_ADMIN_REQUIRE);
    queues_none();

    alice_enrolled();
    by(MFA_ADMIN_UNREQUIRE);
    queues_none();

    /* who cannot log in anyway */
    alice();
    script.account[MFA_ACCOUNT_DISABLED] = "1";
    by(MFA_ADMIN_REQUIRE);
    queues_none();
    by(MFA_ADMIN_DISABLE);
    queues_none();

    /* nothing to forget; failed attempts alone are no news either */
    alice();
    by(MFA_ADMIN_RESET);
    queues_none();
    script.none = 1;
    by(MFA_ADMIN_RESET);
    queues_none();
    assert_string_equal(sent, "UNWATCH\n");
    script.none = 0;

    by(MFA_ADMIN_ROLE);
    queues_none();

    by(MFA_ADMIN_EDIT);
    admin.edit_email = 1;
    admin.email = mfa_lit("alice@example.com");
    queues_none();

    by(MFA_ADMIN_UNLOCK);
    queues_none();
}


static void
feature_003_27_a_reset_is_mailed_with_the_generation_it_makes(void **state)
{
    (void) state;
    alice_enrolled();
    by(MFA_ADMIN_RESET);
    done();
    has("HINCRBY mfa:{user}:account:alice generation 1\n");
    has(" reset 1000000\n");
    queues("reset", "alice@example.com generation 8 at 1000000\n");
}


static void
security_95_what_was_done_to_an_account_is_told(void **state)
{
    (void) state;
    alice();
    by(MFA_ADMIN_DISABLE);
    done();
    queues("disabled", "alice@example.com");

    by(MFA_ADMIN_PASSWORD);
    admin.password = mfa_lit(HASH);
    done();
    queues("password-changed", "alice@example.com generation 8");

    /* nobody gave another one */
    by(MFA_ADMIN_REHASH);
    admin.by.portal = NULL;
    admin.hashed = mfa_lit(HASH);
    admin.password = mfa_lit(HASH);
    queues_none();

    by(MFA_ADMIN_ROLE);
    admin.role = mfa_lit("manager");
    done();
    queues("role-changed", "alice@example.com detail none to manager");
}


static void
security_95_a_new_address_is_told_to_the_old_one(void **state)
{
    (void) state;
    alice();
    by(MFA_ADMIN_EDIT);
    admin.edit_email = 1;
    admin.email = mfa_lit("mallory@example.com");
    done();
    queues("email-changed", "alice@example.com generation 7");
    assert_null(strstr(strstr(sent, "outbox"), "mallory"));

    by(MFA_ADMIN_EDIT);
    admin.edit_email = 1;
    done();
    queues("email-changed", "alice@example.com");

    /* there was none */
    script.account[MFA_ACCOUNT_EMAIL] = NULL;
    by(MFA_ADMIN_EDIT);
    admin.edit_email = 1;
    admin.email = mfa_lit("alice@example.com");
    queues_none();

    /* another name is no matter of security */
    alice();
    by(MFA_ADMIN_EDIT);
    admin.edit_name = 1;
    admin.name = mfa_lit("Alice");
    queues_none();
}


/* A link that went to the wrong person is not his to use once that was seen. */
static void
security_88_another_address_ends_the_links_to_the_old_one(void **state)
{
    static const char  end[] = "UNLINK mfa:{user}:newest-token:alice\n";

    (void) state;
    alice();
    by(MFA_ADMIN_EDIT);
    admin.edit_email = 1;
    admin.email = mfa_lit("alice@example.net");
    done();
    has(end);
    assert_true(strstr(sent, "MULTI\n") < strstr(sent, end));

    by(MFA_ADMIN_EDIT);
    admin.edit_email = 1;
    done();
    has(end);

    by(MFA_ADMIN_EDIT);
    admin.edit_email = 1;
    admin.email = mfa_lit("alice@example.com");
    admin.edit_name = 1;
    admin.name = mfa_lit("Alice");
    done();
    assert_null(strstr(sent, "newest-token"));

    by(MFA_ADMIN_PASSWORD);
    admin.password = mfa_lit(HASH);
    done();
    assert_null(strstr(sent, "newest-token"));
}


static void
feature_002_09_a_new_account_is_mailed_only_an_invitation(void **state)
{
    (void) state;
    by(MFA_ADMIN_ADD);
    admin.email = mfa_lit("alice@example.com");
    admin.password = mfa_lit(HASH);
    admin.require = 1;
    queues_none();

    by(MFA_ADMIN_ADD);
    admin.email = mfa_lit("alice@example.com");
    queues_none();

    by(MFA_ADMIN_ADD);
    admin.email = mfa_lit("alice@example.com");
    admin.invite = 1;
    admin.require = 1;
    done();
    /* all bits set: what some_bytes() is as a first generation */
    queues("invitation", "alice@example.com generation ");
    assert_null(strstr(sent, "generation 0 at"));

    by(MFA_ADMIN_ADD);
    admin.invite = 1;
    forbidden(MFA_WHY_NO_MAIL);

    by(MFA_ADMIN_ADD);
    admin.email = mfa_lit("alice@example.com");
    admin.invite = 1;
    admin.password = mfa_lit(HASH);
    assert_int_equal(run_it(0), MFA_OUTCOME_REFUSED);
    assert_string_equal(sent, "");

    /* whose password is looked at elsewhere has none to choose here */
    portal.first = MFA_FIRST_REQUEST;
    by(MFA_ADMIN_ADD);
    admin.email = mfa_lit("alice@example.com");
    admin.invite = 1;
    forbidden(MFA_WHY_NO_MAIL);
    portal.first = MFA_FIRST_LOCAL;

    portal.base_url = mfa_lit("");
    by(MFA_ADMIN_ADD);
    admin.email = mfa_lit("alice@example.com");
    admin.invite = 1;
    forbidden(MFA_WHY_NO_MAIL);
}


static void
without_mail_nothing_is_queued_and_all_is_done(void **state)
{
    (void) state;
    portal.mail_from = mfa_lit("");

    alice();
    by(MFA_ADMIN_REQUIRE);
    queues_none();
    assert_int_equal(admin.mail, MFA_MAIL_ENABLED);
    assert_true(admin.changed);

    alice_enrolled();
    by(MFA_ADMIN_RESET);
    queues_none();
    assert_true(admin.changed);

    alice();
    script.account[MFA_ACCOUNT_REQUIRED] = "1";
    by(MFA_ADMIN_RESEND);
    forbidden(MFA_WHY_NO_MAIL);
}


static void
resends(const char *kind)
{
    by(MFA_ADMIN_RESEND);
    done();
    queues(kind, "alice@example.com generation 7");
    has("event resend result ok login alice actor root");

    /* it is charged, before it is written */
    assert_true(strstr(sent, "INCR mfa:fail:mail:user:alice\n")
                < strstr(sent, "outbox"));
    /* and changes nothing */
    assert_null(strstr(sent, "HSET"));
    assert_null(strstr(sent, "HINCRBY"));
    assert_true(admin.changed);
    assert_int_equal(admin.version, 3);
}


static void
feature_004_07_resend_is_the_mail_that_fits_now(void **state)
{
    (void) state;
    alice();
    script.account[MFA_ACCOUNT_REQUIRED] = "1";
    resends("enabled");

    /* none goes by itself, but this one was asked for */
    portal.on_require = MFA_ON_REQUIRE_NONE;
    resends("enabled");
    portal.on_require = MFA_ON_REQUIRE_PASSWORD;
    resends("password-reset");
    portal.on_require = MFA_ON_REQUIRE_SETUP;

    /* an admin took the factor away: past a deadline that is over, required or
       not */
    script.account[MFA_ACCOUNT_RESET] = "900";
    script.account[MFA_ACCOUNT_DEADLINE] = "900";
    resends("reset");
    script.account[MFA_ACCOUNT_REQUIRED] = NULL;
    resends("reset");

    alice();
    script.account[MFA_ACCOUNT_PASSWORD] = NULL;
    resends("invitation");
}


static void
where_nothing_is_due_nothing_is_sent(void **state)
{
    (void) state;
    alice();
    by(MFA_ADMIN_RESEND);
    forbidden(MFA_WHY_NOTHING_DUE);

    alice_enrolled();
    by(MFA_ADMIN_RESEND);
    forbidden(MFA_WHY_NOTHING_DUE);

    /* enrolled again after a reset */
    script.account[MFA_ACCOUNT_RESET] = "550";
    by(MFA_ADMIN_RESEND);
    forbidden(MFA_WHY_NOTHING_DUE);

    alice();
    script.account[MFA_ACCOUNT_REQUIRED] = "1";
    script.account[MFA_ACCOUNT_DISABLED] = "1";
    by(MFA_ADMIN_RESEND);
    forbidden(MFA_WHY_NOTHING_DUE);

    alice();
    script.account[MFA_ACCOUNT_REQUIRED] = "1";
    script.account[MFA_ACCOUNT_EMAIL] = NULL;
    by(MFA_ADMIN_RESEND);
    forbidden(MFA_WHY_NO_MAIL);

    memset(script.account, 0, sizeof(script.account));
    by(MFA_ADMIN_RESEND);
    assert_int_equal(run_it(0), MFA_OUTCOME_ABSENT);
}


/* Who may not uses up nobody's mails: the counter is not even touched. */
static void
who_may_not_resend_is_not_charged(void **state)
{
    size_t  i;

    static const char *const  roles[] = {
        "help_desk", "read_only", "billing_only", "command_runner",
        "command_runner_with_billing", "nobody", NULL
    };

    (void) state;
    alice();
    script.account[MFA_ACCOUNT_REQUIRED] = "1";

    for (i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        script.actor[MFA_ACCOUNT_ROLE] = roles[i];
        by(MFA_ADMIN_RESEND);
        forbidden(MFA_WHY_RIGHT);
    }

    script.actor[MFA_ACCOUNT_ROLE] = "manager";
    by(MFA_ADMIN_RESEND);
    done();
}


/* The sixth of one account in ten minutes, as the counter has it. */
static void
too_many_are_limited(void **state)
{
    int           steps;
    size_t        i;
    mfa_flow_e    asked;
    mfa_result_t  result;

    (void) state;
    alice();
    script.account[MFA_ACCOUNT_REQUIRED] = "1";
    by(MFA_ADMIN_RESEND);
    asked = admin.flow.run(&admin.flow, NULL);

    for (steps = 0; asked != MFA_FLOW_DONE && steps < STEPS_MAX; steps++) {
        script_write(&admin.flow.op, sent, sizeof(sent));
        result = script_answer(&script, &admin.flow.op);

        for (i = 0; steps == 1 && i < admin.flow.op.n; i++) {
            if (i == script.exec) {
                script.done[1] = script_int(6);
                script.done[2] = script_int(123);
            }
        }

        script_follow(&script, &admin.flow.op, &result);
        asked = admin.flow.run(&admin.flow, &result);
    }

    assert_int_equal(admin.flow.outcome, MFA_OUTCOME_LIMITED);
    assert_int_equal(admin.flow.retry_after, 123);
    assert_int_equal(steps, 2);
    assert_false(script.watching);
    assert_false(admin.changed);
    has("SET mfa:fail:mail:user:alice 0 NX EX 600\n");
}


/* What somebody else did between the look and the write is seen by the next
   try: the factor that was set up meanwhile needs no mail. */
static void
a_try_that_was_aborted_tells_nothing(void **state)
{
    int           aborts, steps;
    mfa_flow_e    asked;
    mfa_result_t  result;

    (void) state;
    alice();
    by(MFA_ADMIN_REQUIRE);
    aborts = 1;
    asked = admin.flow.run(&admin.flow, NULL);

    for (steps = 0; asked != MFA_FLOW_DONE && steps < STEPS_MAX; steps++) {
        result = script_answer(&script, &admin.flow.op);

        if (script.exec != SIZE_MAX && aborts-- > 0) {
            script.replies[script.exec].type = MFA_REPLY_NIL;
            alice_enrolled();
        }

        script_follow(&script, &admin.flow.op, &result);
        asked = admin.flow.run(&admin.flow, &result);
    }

    assert_int_equal(admin.flow.outcome, MFA_OUTCOME_DONE);
    assert_false(admin.changed);
    assert_false(admin.mailed);
    assert_int_equal(admin.mail, -1);
}


/* The longest of everything still fits into one operation. */
static void
the_longest_account_fits(void **state)
{
    size_t       i;
    static char  login[MFA_LOGIN_MAX + 1], name[MFA_NAME_MAX + 1];
    static char  other[MFA_NAME_MAX + 1], email[MFA_EMAIL_MAX + 1];
    static char  reason[MFA_ADMIN_REASON_MAX + 1];

    (void) state;
    memset(login, 'l', MFA_LOGIN_MAX);
    memset(email, 'e', MFA_EMAIL_MAX);
    memset(reason, 'r', MFA_ADMIN_REASON_MAX);
    email[10] = '@';

    for (i = 0; i < MFA_NAME_MAX; i++) {
        name[i] = i % 3 == 2 ? ' ' : (char) ('a' + i % 23);
        other[i] = i % 3 == 2 ? ' ' : (char) ('b' + i % 19);
    }

    alice();
    script.account[MFA_ACCOUNT_EMAIL] = email;
    script.account[MFA_ACCOUNT_NAME] = name;
    script.account[MFA_ACCOUNT_LOCALE] = "de";

    by(MFA_ADMIN_EDIT);
    admin.login = mfa_str_from(login);
    admin.edit_name = 1;
    admin.name = mfa_str_from(other);
    admin.edit_email = 1;
    admin.email = mfa_lit("short@example.com");
    admin.reason = mfa_str_from(reason);
    admin.by.by_token = 1;
    admin.by.token_role = MFA_ROLE_ADMINISTRATOR_WITH_BILLING;
    admin.by.created = 400;
    admin.by.token_name = mfa_str_from(name);
    admin.by.token_ref = mfa_lit("AAAAAAAAAAAA");
    done();
    assert_true(admin.mailed);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(feature_002_03_who_is_required_is_told,
                               with_mail),
        cmocka_unit_test_setup(what_changes_nothing_queues_nothing, with_mail),
        cmocka_unit_test_setup(
            feature_003_27_a_reset_is_mailed_with_the_generation_it_makes,
            with_mail),
        cmocka_unit_test_setup(security_95_what_was_done_to_an_account_is_told,
                               with_mail),
        cmocka_unit_test_setup(security_95_a_new_address_is_told_to_the_old_one,
                               with_mail),
        cmocka_unit_test_setup(
            security_88_another_address_ends_the_links_to_the_old_one,
            with_mail),
        cmocka_unit_test_setup(
            feature_002_09_a_new_account_is_mailed_only_an_invitation,
            with_mail),
        cmocka_unit_test_setup(without_mail_nothing_is_queued_and_all_is_done,
                               with_mail),
        cmocka_unit_test_setup(feature_004_07_resend_is_the_mail_that_fits_now,
                               with_mail),
        cmocka_unit_test_setup(where_nothing_is_due_nothing_is_sent, with_mail),
        cmocka_unit_test_setup(who_may_not_resend_is_not_charged, with_mail),
        cmocka_unit_test_setup(too_many_are_limited, with_mail),
        cmocka_unit_test_setup(a_try_that_was_aborted_tells_nothing, with_mail),
        cmocka_unit_test_setup(the_longest_account_fits, with_mail),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("admin_mail", tests, NULL, NULL);
}
