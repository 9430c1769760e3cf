/*
 * What the tests of changes on somebody's behalf start from: the stage of flow
 * admin, and root, an admin of the portal "admin", who acts.
 *
 * cmocka.h is included before this file.
 */

#ifndef MFA_TEST_ADMIN_BY_H
#define MFA_TEST_ADMIN_BY_H

#include "admin_stage.h"

#define OWNER  "administrator_with_billing"

static mfa_portal_t  admins;
static char          sent[16384];           /* the last operation */


static inline int
stage(void **state)
{
    set_up(state);
    script.actor_key = "mfa:{admin}:account:root";
    script.actor[MFA_ACCOUNT_CREATED] = "400";
    script.actor[MFA_ACCOUNT_GENERATION] = "5";
    script.actor[MFA_ACCOUNT_ROLE] = OWNER;

    return mfa_portal_init(&admins, mfa_lit("admin"));
}


static inline void
by(mfa_admin_e action)
{
    begin(action);
    admin.by.portal = &admins;
    admin.by.login = mfa_lit("root");
    admin.by.generation = 5;
}


static inline mfa_outcome_e
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
            script.seat[MFA_ACCOUNT_ROLE] = "read_only";
        }

        script_follow(&script, &admin.flow.op, &result);
        asked = admin.flow.run(&admin.flow, &result);
    }

    assert_false(script.watching);

    return admin.flow.outcome;
}


static inline void
forbidden(mfa_why_e why)
{
    assert_int_equal(run_it(0), MFA_OUTCOME_FORBIDDEN);
    assert_int_equal(admin.why, why);
    assert_string_equal(sent, "UNWATCH\n");
    assert_false(admin.changed);
}


static inline void
has(const char *command)
{
    if (strstr(sent, command) == NULL) {
        fail_msg("no \"%s\" in:\n%s", command, sent);
    }
}

#endif /* MFA_TEST_ADMIN_BY_H */
