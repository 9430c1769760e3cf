/*
 * Roles: who may give which, and the last administrator with billing.  Broken,
 * somebody makes himself more than he is, or a portal is left without anybody
 * who could ever make another owner (security 79).
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "admin_by.h"


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


int
main(void)
{
#define CASE(f)  cmocka_unit_test_setup(f, stage)

    const struct CMUnitTest  tests[] = {
        CASE(security_79_nobody_grants_above_himself),
        CASE(security_79_the_last_owner_stays),
        CASE(security_79_of_two_who_go_at_once_one_stays),
        CASE(an_owner_is_one_while_enabled),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_admin_owner", tests, NULL, NULL);
}
