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


/* alice is an owner who can log in; n more are in the index, all alike, who can
   as well. */
static void
owners(size_t n)
{
    size_t  i;

    static const char *const  names[SCRIPT_LISTED] = {
        "owner1", "alice", "owner2", "owner3", "owner4", "owner5", "owner6",
        "owner7"
    };

    portal.name = mfa_lit("admin");
    account_of("500", NULL, NULL);
    script.account[MFA_ACCOUNT_ROLE] = OWNER;
    script.account[MFA_ACCOUNT_PASSWORD] = HASH;

    memset(script.seat, 0, sizeof(script.seat));
    script.seat_key = "mfa:{admin}:account:owner";
    script.seat[MFA_ACCOUNT_CREATED] = "500";
    script.seat[MFA_ACCOUNT_ROLE] = OWNER;
    script.seat[MFA_ACCOUNT_PASSWORD] = HASH;

    memset(script.listed, 0, sizeof(script.listed));

    for (i = 0; i < n + (n > 0); i++) {
        script.listed[i] = names[i];
    }
}


static void
goes(mfa_admin_e action)
{
    by(action);
    admin.role = mfa_lit("manager");
    assert_int_equal(run_it(0), MFA_OUTCOME_DONE);
}


static void
stays(mfa_admin_e action)
{
    by(action);
    admin.role = mfa_lit("manager");
    forbidden(MFA_WHY_LAST);

    /* nor by mfactl */
    begin(action);
    admin.role = mfa_lit("manager");
    forbidden(MFA_WHY_LAST);
}


static const mfa_admin_e  unseat[] = {
    MFA_ADMIN_DELETE, MFA_ADMIN_DISABLE, MFA_ADMIN_ROLE
};
#define UNSEATS  (sizeof(unseat) / sizeof(unseat[0]))


static void
security_79_the_last_owner_stays(void **state)
{
    size_t  i;

    (void) state;

    for (i = 0; i < UNSEATS; i++) {
        /* an index that nobody has made yet tells of no other, either */
        owners(0);
        stays(unseat[i]);
        script.listed[0] = "alice";
        stays(unseat[i]);

        owners(1);
        goes(unseat[i]);
        has("ZREM mfa:{admin}:owners alice\n");

        /* who is disabled does not count, and may go */
        owners(0);
        script.account[MFA_ACCOUNT_DISABLED] = "1";

        if (unseat[i] != MFA_ADMIN_DISABLE) {
            goes(unseat[i]);
        }
    }
}


/* Whom the index names but who could not make another. */
static void
security_79_who_cannot_log_in_is_no_other(void **state)
{
    size_t  i, k;

    static const struct {
        mfa_account_field_e  field;
        const char          *value;
        int                  required;
        int                  still_one;     /* an owner all the same */
    } rows[] = {
        { MFA_ACCOUNT_PASSWORD, NULL,        0, 1 },
        { MFA_ACCOUNT_DEADLINE, "999999",    1, 1 },
        { MFA_ACCOUNT_SECRET,   "1.k1.AAAA", 0, 1 },    /* at odds */
        { MFA_ACCOUNT_DISABLED, "1",         0, 0 },
        { MFA_ACCOUNT_ROLE,     "manager",   0, 0 },
        { MFA_ACCOUNT_CREATED,  NULL,        0, 1 },    /* half lost */
    };

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (k = 0; k < UNSEATS; k++) {
            owners(2);
            script.seat[rows[i].field] = rows[i].value;
            script.seat[MFA_ACCOUNT_REQUIRED] = rows[i].required ? "1" : NULL;
            stays(unseat[k]);

            /* who cannot log in himself takes nobody's last way in along */
            script.account[MFA_ACCOUNT_PASSWORD] = NULL;

            if (rows[i].still_one) {
                goes(unseat[k]);
            } else {
                stays(unseat[k]);
            }
        }
    }

    /* in grace, due, and with a factor: he can */
    owners(1);
    script.seat[MFA_ACCOUNT_REQUIRED] = "1";
    goes(MFA_ADMIN_ROLE);
    script.seat[MFA_ACCOUNT_DEADLINE] = "1000001";
    goes(MFA_ADMIN_ROLE);
    script.seat[MFA_ACCOUNT_DEADLINE] = "900";
    script.seat[MFA_ACCOUNT_ENROLLED] = "600";
    script.seat[MFA_ACCOUNT_SECRET_ID] = "AAAAAAAAAAA";
    script.seat[MFA_ACCOUNT_SECRET] = "1.k1.AAAA";
    goes(MFA_ADMIN_ROLE);

    /* nobody has a password here where others look at it */
    owners(1);
    script.seat[MFA_ACCOUNT_PASSWORD] = NULL;
    portal.first = MFA_FIRST_IDENTITY;
    goes(MFA_ADMIN_ROLE);
}


/* Each page is read, and he is found on the last. */
static void
security_79_all_owners_are_looked_at(void **state)
{
    (void) state;
    owners(MFA_ADMIN_SEATS + 1);
    goes(MFA_ADMIN_ROLE);
    assert_int_equal(script.ranges, 1);

    script.seat[MFA_ACCOUNT_PASSWORD] = NULL;
    stays(MFA_ADMIN_ROLE);
    assert_int_equal(script.ranges, 2);

    script.seat_able = "mfa:{admin}:account:owner7";
    goes(MFA_ADMIN_ROLE);
    assert_int_equal(script.ranges, 2);
}


/* Both saw two of them; both were watched, so the later one looks again. */
static void
security_79_of_two_who_go_at_once_one_stays(void **state)
{
    (void) state;
    owners(1);

    begin(MFA_ADMIN_ROLE);
    admin.role = mfa_lit("manager");
    assert_int_equal(run_it(1), MFA_OUTCOME_FORBIDDEN);
    assert_int_equal(admin.why, MFA_WHY_LAST);
}


static void
an_owner_is_one_while_enabled(void **state)
{
    (void) state;
    owners(1);
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
        CASE(security_79_who_cannot_log_in_is_no_other),
        CASE(security_79_all_owners_are_looked_at),
        CASE(security_79_of_two_who_go_at_once_one_stays),
        CASE(an_owner_is_one_while_enabled),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_admin_owner", tests, NULL, NULL);
}
