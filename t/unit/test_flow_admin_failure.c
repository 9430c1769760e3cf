/*
 * Flow admin with a store that fails or lies.  Broken, an administrator is told
 * that something was done which was not, or a connection goes on with a WATCH
 * nobody knows of (security 56).
 *
 * Each case is run over and over; every run spoils one answer in one way, until
 * an operation has no more answers to spoil and the case no more operations.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "admin_stage.h"

enum {
    DOWN, ONE_LESS, NIL, STATUS, ERROR, INT, STRING, EMPTY_ARRAY,
    /* of arrays, from here on: without its last or first, with one more */
    CUT_ARRAY, LATE_ARRAY, LONG_ARRAY, FAULTS
};

static size_t        spoilt;
static mfa_portal_t  admins;
static const char   *ref = "";              /* of *_END */


/* Puts a reply of another shape in place; 0 when it is no other. */
static int
spoil_reply(mfa_reply_t *r, int fault)
{
    mfa_reply_t  was;

    was = *r;

    switch (fault) {
    case NIL:
        *r = script_text(MFA_REPLY_NIL, NULL);
        break;
    case STATUS:
        *r = script_text(MFA_REPLY_STATUS, "OK");
        break;
    case ERROR:
        *r = script_text(MFA_REPLY_ERROR, "ERR no");
        break;
    case INT:
        *r = script_int(1);
        break;
    case STRING:
        *r = script_text(MFA_REPLY_STRING, "OK");
        break;
    case EMPTY_ARRAY:
        *r = script_text(MFA_REPLY_ARRAY, NULL);
        break;
    case CUT_ARRAY:
        r->n--;
        return was.type == MFA_REPLY_ARRAY;
    case LATE_ARRAY:
        r->n--;
        r->elements++;
        return was.type == MFA_REPLY_ARRAY;
    default:
        r->n++;
        r->elements[was.n] = script_int(1);
        return was.type == MFA_REPLY_ARRAY;
    }

    return r->type != was.type;
}


/* Spoils answer number which of an operation.  -1: there is none; 0: it has no
   such fault; 1: done. */
static int
spoil(const mfa_op_t *op, mfa_result_t *result, size_t which, int fault)
{
    size_t  i, k, n, at;

    if (which == 0) {
        result->ok = fault != DOWN && result->ok;
        result->n -= fault == ONE_LESS;

        return fault == DOWN || fault == ONE_LESS;
    }

    if (fault == DOWN || fault == ONE_LESS) {
        return which == 1 ? 0 : -1;
    }

    for (i = 0, at = 1; i < op->n; i++) {
        if (at++ == which) {
            if (fault >= CUT_ARRAY
                && script.replies[i].type != MFA_REPLY_ARRAY)
            {
                return 0;
            }

            /* a list may have any length */
            if (fault >= EMPTY_ARRAY && fault <= LATE_ARRAY
                && mfa_str_is(mfa_op_command(op, i, &n)[0], "ZRANGE"))
            {
                return 0;
            }

            /* an aborted transaction is no failure */
            return i == script.exec && fault == NIL
                   ? 0 : spoil_reply(&script.replies[i], fault);
        }

        if (script.replies[i].type != MFA_REPLY_ARRAY) {
            continue;
        }

        for (k = 0; k < script.replies[i].n; k++) {
            if (at++ != which) {
                continue;
            }

            /* a field may be missing or there: that is no failure */
            if (fault >= CUT_ARRAY
                || ((i == script.hmget || i == script.hmget_actor
                     || script.seated)
                    && (fault == NIL || fault == STRING)))
            {
                return 0;
            }

            /* nor is a note that was there already */
            if (fault == NIL && i == script.exec
                && mfa_str_is(mfa_op_command(op, i - script.replies[i].n + k,
                                             &n)[0], "SET"))
            {
                return 0;
            }

            return spoil_reply(&script.replies[i].elements[k], fault);
        }
    }

    return -1;
}


/* One run with one fault; -1 when the place does not exist, 0 when it has no
   such fault. */
static int
run_spoilt(mfa_admin_e action, int step, size_t which, int fault)
{
    int           steps, done, unwatch;
    size_t        n;
    mfa_flow_e    asked;
    mfa_result_t  result;

    begin(action);
    admin.password = mfa_lit(HASH);
    admin.reason = mfa_lit("why");
    admin.edit_name = 1;
    admin.name = mfa_lit("Another");
    admin.role = action == MFA_ADMIN_ROLE ? mfa_lit("manager") : mfa_lit("");
    admin.require = 1;
    admin.ref = mfa_str_from(ref);
    script.watching = 0;

    if (script.actor_key != NULL) {
        admin.by.portal = &admins;
        admin.by.login = mfa_lit("root");
        admin.by.generation = 5;
    }
    done = -1;
    unwatch = 0;

    asked = admin.flow.run(&admin.flow, NULL);

    for (steps = 0; asked != MFA_FLOW_DONE; steps++) {
        assert_true(steps < STEPS_MAX);
        result = script_answer(&script, &admin.flow.op);

        if (steps == step) {
            done = spoil(&admin.flow.op, &result, which, fault);
            unwatch = mfa_str_is(mfa_op_command(&admin.flow.op, 0, &n)[0],
                                 "UNWATCH");

            if (done <= 0) {
                return done;
            }
        }

        script_follow(&script, &admin.flow.op, &result);
        asked = admin.flow.run(&admin.flow, &result);

        /* there is no connection to ask anything else on */
        assert_true(result.ok || asked == MFA_FLOW_DONE);
    }

    if (done < 0) {
        return -1;
    }

    if (admin.flow.outcome != MFA_OUTCOME_UNAVAILABLE || admin.changed) {
        fail_msg("%s, step %d, answer %zu, fault %d: %s%s",
                 mfa_admin_name(action), step, which, fault,
                 mfa_outcome_name(admin.flow.outcome),
                 admin.changed ? ", changed" : "");
    }

    /* Only a server that refuses UNWATCH itself leaves one. */
    if (script.watching && !unwatch) {
        fail_msg("%s, step %d, answer %zu, fault %d: a watch is left",
                 mfa_admin_name(action), step, which, fault);
    }

    spoilt++;

    return 1;
}


/* All faults of one case; how many operations it has. */
static int
run_all_spoilt(mfa_admin_e action)
{
    int     step, fault, rc, found;
    size_t  which;

    for (step = 0; /* void */ ; step++) {
        found = 0;

        for (which = 0; /* void */ ; which++) {
            rc = -1;

            for (fault = 0; fault < FAULTS; fault++) {
                if (run_spoilt(action, step, which, fault) >= 0) {
                    rc = 0;
                    found = 1;
                }
            }

            if (rc < 0) {
                break;
            }
        }

        if (!found) {
            return step;
        }
    }
}


/* An account on which each action has something to do. */
static void
prepare(mfa_admin_e action)
{
    memset(script.account, 0, sizeof(script.account));

    if (action != MFA_ADMIN_ADD) {
        enrolled_account();

        if (action == MFA_ADMIN_RESEND) {
            account_of("500", "1", "900");
        }

        script.account[MFA_ACCOUNT_EMAIL] = "alice@example.com";
        script.account[MFA_ACCOUNT_NAME] = "One";
        script.account[MFA_ACCOUNT_REQUIRED] =
            action == MFA_ADMIN_REQUIRE || action == MFA_ADMIN_PERMISSIONS
            ? NULL : "1";
        script.account[MFA_ACCOUNT_DISABLED] =
            action == MFA_ADMIN_ENABLE ? "1" : NULL;
        script.account[MFA_ACCOUNT_PASSWORD] = HASH;
    }

    /* so that what is queued can fail with the rest */
    portal.mail_from = mfa_lit("no-reply@example.com");
    portal.base_url = mfa_lit("https://portal.example.com");
    portal.name = action == MFA_ADMIN_WIDGET ? mfa_lit("admin")
                                             : mfa_lit("user");

    /* nobody of them can log in: all are read */
    script.seat_key = "mfa:{user}:account:owner";
    script.seat[MFA_ACCOUNT_CREATED] = "400";
    script.seat[MFA_ACCOUNT_ROLE] = "administrator_with_billing";
    memset(script.listed, 0, sizeof(script.listed));

    if (mfa_admin_unseats(action)) {
        script.listed[0] = "owner1";
        script.listed[1] = "owner2";
    }
}


/* How many operations it takes: the watch and the transaction; two more where a
   charge comes between two looks, or the owners and their accounts before. */
static int
operations(mfa_admin_e action)
{
    return action == MFA_ADMIN_RESEND || action == MFA_ADMIN_UNLOCK
           || mfa_admin_unseats(action) ? 4 : 2;
}


static void
security_56_no_failure_of_the_store_is_success(void **state)
{
    int     action;
    size_t  before;

    (void) state;
    spoilt = 0;

    for (action = MFA_ADMIN_ADD; action <= MFA_ADMIN_RESEND; action++) {
        if (action == MFA_ADMIN_REHASH) {
            continue;                       /* test_flow_rehash.c */
        }

        before = spoilt;
        prepare((mfa_admin_e) action);

        assert_int_equal(run_all_spoilt((mfa_admin_e) action),
                         operations((mfa_admin_e) action));

        /* 16 fields and at least 2 of a transaction, each in several ways */
        assert_true(spoilt - before > 90);
    }

    /* nothing to change, and nobody there: watch, unwatch */
    prepare(MFA_ADMIN_DELETE);
    account_of("500", NULL, NULL);
    script.none = 1;
    assert_int_equal(run_all_spoilt(MFA_ADMIN_RESET), 2);
    script.none = 0;
    memset(script.account, 0, sizeof(script.account));
    assert_int_equal(run_all_spoilt(MFA_ADMIN_DELETE), 4);

    /* about what the loops above come to; fewer: they skipped some */
    assert_true(spoilt > 2000);
}


/* The same for an admin of the console, whose own account is one more answer. */
static void
security_56_nor_is_it_for_who_acts(void **state)
{
    int  action;

    (void) state;
    assert_int_equal(mfa_portal_init(&admins, mfa_lit("admin")), 0);
    script.actor_key = "mfa:{admin}:account:root";
    script.actor[MFA_ACCOUNT_CREATED] = "400";
    script.actor[MFA_ACCOUNT_GENERATION] = "5";
    script.actor[MFA_ACCOUNT_ROLE] = "administrator_with_billing";
    spoilt = 0;

    for (action = MFA_ADMIN_ADD; action < MFA_ADMIN_WIDGET; action++) {
        if (action == MFA_ADMIN_REHASH) {
            continue;                       /* nobody may */
        }

        prepare((mfa_admin_e) action);
        assert_int_equal(run_all_spoilt((mfa_admin_e) action),
                         operations((mfa_admin_e) action));
    }

    assert_true(spoilt > 3500);
}


static void
security_56_nor_is_it_for_one_session_or_browser(void **state)
{
    (void) state;
    prepare(MFA_ADMIN_SESSIONS_END);
    script.listed[0] = "othersession-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    script.listed[1] = "AAAAAAAAAAAA-yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy";
    ref = "AAAAAAAAAAAA";
    spoilt = 0;

    assert_int_equal(run_all_spoilt(MFA_ADMIN_SESSIONS_END), 2);
    assert_int_equal(run_all_spoilt(MFA_ADMIN_DEVICES_END), 2);
    assert_true(spoilt > 200);

    ref = "BBBBBBBBBBBB";
    assert_int_equal(run_all_spoilt(MFA_ADMIN_DEVICES_END), 2);
    ref = "";
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(security_56_no_failure_of_the_store_is_success,
                               set_up),
        cmocka_unit_test_setup(security_56_nor_is_it_for_who_acts, set_up),
        cmocka_unit_test_setup(security_56_nor_is_it_for_one_session_or_browser,
                               set_up),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_admin_failure", tests, NULL,
                                       NULL);
}
