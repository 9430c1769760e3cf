/*
 * The store's commands for attempts: the exact arguments of each, and what the
 * counters' answers mean.  When this breaks, guesses are not counted, or a
 * counter that never ends locks somebody out for good (security 113).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "core/store.h"
#include "replies.h"

#define NET  "192.0.2.0/32"


static mfa_op_t      op;
static replies_t     r;
static mfa_portal_t  portal;

/* By kind. */
static const char *const  keys[] = {
    "mfa:fail:address:user:" NET, "mfa:fail:password:user:alice:" NET,
    "mfa:fail:account:user:alice", "mfa:fail:code:user:alice",
    "mfa:fail:code-run:user:alice"
};


static int
setup(void **state)
{
    (void) state;
    mfa_op_reset(&op);
    assert_int_equal(mfa_portal_init(&portal, mfa_lit("user")), 0);

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    replies_free();

    return 0;
}


static void
commands_are(const char *text)
{
    assert_string_equal(replies_commands(&op), text);
    replies_right(&r, &op);
    assert_true(mfa_op_sound(&op, &r.result));
}


static void
charge(mfa_charge_t *c, mfa_charge_e kind, int64_t n, int64_t window)
{
    c->kind = kind;
    c->limit.n = n;
    c->limit.window_sec = window;
    mfa_store_charge(&op, c, &portal, mfa_lit("alice"), mfa_lit(NET));
}


/* security 113: the window and the count are one operation. */
static void
security_113_an_attempt_is_charged_with_its_window(void **state)
{
    char          text[512];
    size_t        kind;
    mfa_charge_t  c;

    (void) state;

    for (kind = MFA_CHARGE_ADDRESS; kind <= MFA_CHARGE_CODE_RUN; kind++) {
        mfa_op_reset(&op);
        charge(&c, (mfa_charge_e) kind, 5, 900);
        snprintf(text, sizeof(text), "%sMULTI\nSET|%s|0|NX|EX|900\n"
                 "INCR|%s\nTTL|%s\nEXEC\n",
                 kind == MFA_CHARGE_ACCOUNT
                 ? "EXISTS|mfa:known:user:alice:" NET "\n" : "",
                 keys[kind], keys[kind], keys[kind]);
        commands_are(text);
        assert_int_equal(c.known, kind == MFA_CHARGE_ACCOUNT ? 0 : -1);
    }

    mfa_op_reset(&op);
    c.kind = MFA_CHARGE_ADDRESS;
    mfa_store_charge(&op, &c, &portal, (mfa_str_t) { NULL, 0 }, mfa_lit(NET));
    assert_true(mfa_str_is(op.args[2], keys[MFA_CHARGE_ADDRESS]));
}


static void
what_is_forgiven(void **state)
{
    char    text[512];
    size_t  kind;

    (void) state;

    for (kind = MFA_CHARGE_ADDRESS; kind <= MFA_CHARGE_CODE_RUN; kind++) {
        mfa_op_reset(&op);
        mfa_store_charge_clear(&op, (mfa_charge_e) kind, &portal,
                               mfa_lit("alice"), mfa_lit(NET));
        snprintf(text, sizeof(text), "UNLINK|%s\n", keys[kind]);
        commands_are(text);
    }

    mfa_op_reset(&op);
    mfa_store_charge_refund(&op, MFA_CHARGE_ADDRESS, 600, &portal,
                            mfa_lit("alice"), mfa_lit(NET));
    mfa_store_charge_refund(&op, MFA_CHARGE_ACCOUNT, 900, &portal,
                            mfa_lit("alice"), mfa_lit(NET));
    mfa_store_known_net(&op, &portal, mfa_lit("alice"), mfa_lit(NET));
    commands_are("MULTI\nSET|mfa:fail:address:user:" NET "|0|NX|EX|600\n"
                 "DECR|mfa:fail:address:user:" NET "\nEXEC\n"
                 "MULTI\nSET|mfa:fail:account:user:alice|0|NX|EX|900\n"
                 "DECR|mfa:fail:account:user:alice\nEXEC\n"
                 "SET|mfa:known:user:alice:" NET "|1|EX|2592000\n");
}


/* The op charges c and was answered with this count and time left. */
static mfa_charged_t
answered(mfa_charge_t *c, int64_t count, int64_t ttl)
{
    mfa_reply_t  *exec;

    replies_right(&r, &op);
    exec = r.at[op.exec[0]];
    exec->elements[1].integer = count;
    exec->elements[2].integer = ttl;

    return mfa_store_charge_result(&op, &r.result, c, 1);
}


static void
within_over_and_first(void **state)
{
    size_t         i;
    mfa_charge_t   c;
    mfa_charged_t  charged;

    static const struct {
        int64_t    count;
        mfa_tri_e  within;
        int        first;
    } cases[] = {
        { -3, MFA_YES, 0 }, { 0, MFA_YES, 0 }, { 1, MFA_YES, 0 },
        { 5, MFA_YES, 0 }, { 6, MFA_NO, 1 }, { 7, MFA_NO, 0 },
        { INT64_MAX, MFA_NO, 0 }
    };

    (void) state;

    charge(&c, MFA_CHARGE_CODE, 5, 900);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        charged = answered(&c, cases[i].count, 850);
        assert_int_equal(charged.within, cases[i].within);
        assert_int_equal(charged.first, cases[i].first);
        assert_int_equal(charged.retry_after,
                         cases[i].within == MFA_NO ? 850 : 0);
    }

    /* No time to tell is no reason to let go. */
    charged = answered(&c, 6, -1);
    assert_int_equal(charged.within, MFA_NO);
    assert_int_equal(charged.retry_after, 0);
}


/* security 110 */
static void
security_110_a_known_network_is_not_a_stranger(void **state)
{
    mfa_charge_t   c;
    mfa_charged_t  charged;

    (void) state;

    charge(&c, MFA_CHARGE_ACCOUNT, 5, 900);
    charged = answered(&c, 60, 850);            /* EXISTS says 1 */
    assert_int_equal(charged.within, MFA_YES);

    r.at[0]->integer = 0;
    charged = mfa_store_charge_result(&op, &r.result, &c, 1);
    assert_int_equal(charged.within, MFA_NO);

    *r.at[0] = a_nil();
    charged = mfa_store_charge_result(&op, &r.result, &c, 1);
    assert_int_equal(charged.within, MFA_UNKNOWN);
}


static void
of_several_charges_the_worst_counts(void **state)
{
    size_t         i;
    mfa_charge_t   c[3];
    mfa_charged_t  charged;

    (void) state;

    charge(&c[0], MFA_CHARGE_ADDRESS, 5, 900);
    charge(&c[1], MFA_CHARGE_CODE, 5, 900);
    charge(&c[2], MFA_CHARGE_CODE_RUN, 10, 90000);
    replies_right(&r, &op);

    charged = mfa_store_charge_result(&op, &r.result, c, 3);
    assert_int_equal(charged.within, MFA_YES);

    for (i = 0; i < 3; i++) {
        r.at[op.exec[i]]->elements[1].integer = 6;
        r.at[op.exec[i]]->elements[2].integer = (int64_t) (100 * (i + 1));
    }

    charged = mfa_store_charge_result(&op, &r.result, c, 3);
    assert_int_equal(charged.within, MFA_NO);
    assert_int_equal(charged.first, 1);
    assert_int_equal(charged.retry_after, 200);

    r.at[op.exec[2]]->elements[1].integer = 12;
    charged = mfa_store_charge_result(&op, &r.result, c, 3);
    assert_int_equal(charged.retry_after, 300);
}


/* Whatever is not a count is no permission. */
static void
wrong_answers_permit_nothing(void **state)
{
    size_t         i, element;
    mfa_charge_t   c[2];
    mfa_reply_t    wrong, kept, *exec;
    mfa_charged_t  charged;

    (void) state;

    charge(&c[0], MFA_CHARGE_CODE, 5, 900);
    charge(&c[1], MFA_CHARGE_CODE_RUN, 5, 900);
    replies_right(&r, &op);

    for (i = 0; i < 2; i++) {
        exec = r.at[op.exec[i]];

        for (element = 1; element < 3; element++) {
            for (wrong = a_nil(); wrong.type <= MFA_REPLY_ARRAY; wrong.type++) {
                if (wrong.type == MFA_REPLY_INT) {
                    continue;
                }

                kept = exec->elements[element];
                exec->elements[element] = wrong;
                charged = mfa_store_charge_result(&op, &r.result, c, 2);
                assert_int_equal(charged.within, MFA_UNKNOWN);
                exec->elements[element] = kept;
            }
        }

        kept = *exec;
        *exec = a_nil();
        charged = mfa_store_charge_result(&op, &r.result, c, 2);
        assert_int_equal(charged.within, MFA_UNKNOWN);
        *exec = kept;
        exec->n = 2;
        charged = mfa_store_charge_result(&op, &r.result, c, 2);
        assert_int_equal(charged.within, MFA_UNKNOWN);
        exec->n = 3;
    }

    charged = mfa_store_charge_result(&op, &r.result, c, 2);
    assert_int_equal(charged.within, MFA_YES);
    r.result.n--;
    charged = mfa_store_charge_result(&op, &r.result, c, 2);
    assert_int_equal(charged.within, MFA_UNKNOWN);
    r.result.n++;
    r.result.ok = 0;
    charged = mfa_store_charge_result(&op, &r.result, c, 2);
    assert_int_equal(charged.within, MFA_UNKNOWN);
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup_teardown(t, setup, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(security_113_an_attempt_is_charged_with_its_window),
        TEST(what_is_forgiven),
        TEST(within_over_and_first),
        TEST(security_110_a_known_network_is_not_a_stranger),
        TEST(of_several_charges_the_worst_counts),
        TEST(wrong_answers_permit_nothing)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("store_charge", tests, NULL, NULL);
}
