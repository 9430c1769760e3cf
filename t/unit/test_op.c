/*
 * Operations: places of answers, inside transactions and out, the limits of an
 * op, and what is an answer to it at all.  When this breaks, the answer to one
 * question is taken for the answer to another (security 30, 122).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "replies.h"


static mfa_op_t   op;
static replies_t  r;


static int
setup(void **state)
{
    (void) state;
    memset(&op, 0xaa, sizeof(op));
    mfa_op_reset(&op);

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    replies_free();

    return 0;
}


static mfa_at_t
get(const char *key)
{
    mfa_op_begin(&op, "GET");
    mfa_op_word(&op, key);

    return mfa_op_at(&op);
}


static mfa_at_t
incr(const char *key)
{
    mfa_op_begin(&op, "INCR");
    mfa_op_word(&op, key);

    return mfa_op_at(&op);
}


static void
arguments_are_bytes(void **state)
{
    mfa_str_t  parts[] = { mfa_lit("a:"), { NULL, 0 }, mfa_lit("\0\r\n") };

    (void) state;

    assert_int_equal(op.n, 0);
    mfa_op_begin(&op, "SET");
    mfa_op_joined(&op, parts, 3);
    mfa_op_arg(&op, pool_bytes("%s %n\xff", 6));
    mfa_op_number(&op, INT64_MIN);
    mfa_op_word(&op, "EX");
    mfa_op_joined(&op, parts, 0);

    assert_int_equal(op.n, 1);
    assert_int_equal(op.n_args, 6);
    assert_true(mfa_str_eq(op.args[1], mfa_lit("a:\0\r\n")));
    assert_true(mfa_str_eq(op.args[2], mfa_lit("%s %n\xff")));
    assert_true(mfa_str_is(op.args[3], "-9223372036854775808"));
    assert_true(mfa_str_is(op.args[5], ""));
    assert_false(op.failed);
    assert_false(op.reserve);
}


static void
every_answer_has_its_place(void **state)
{
    int64_t   n;
    mfa_at_t  a, b, c, d, e;

    (void) state;

    a = incr("a");
    mfa_op_multi(&op);
    b = incr("b");
    c = incr("c");
    mfa_op_exec(&op);
    d = incr("d");
    mfa_op_multi(&op);
    e = incr("e");
    mfa_op_exec(&op);
    assert_string_equal(replies_commands(&op), "INCR|a\nMULTI\nINCR|b\n"
                        "INCR|c\nEXEC\nINCR|d\nMULTI\nINCR|e\nEXEC\n");

    replies_right(&r, &op);
    r.at[0]->integer = 11;
    r.at[4]->elements[0].integer = 22;
    r.at[4]->elements[1].integer = 33;
    r.at[5]->integer = 44;
    r.at[8]->elements[0].integer = 55;

    assert_int_equal(mfa_op_int(&op, &r.result, a, &n), 0);
    assert_int_equal(n, 11);
    assert_int_equal(mfa_op_int(&op, &r.result, b, &n), 0);
    assert_int_equal(n, 22);
    assert_int_equal(mfa_op_int(&op, &r.result, c, &n), 0);
    assert_int_equal(n, 33);
    assert_int_equal(mfa_op_int(&op, &r.result, d, &n), 0);
    assert_int_equal(n, 44);
    assert_int_equal(mfa_op_int(&op, &r.result, e, &n), 0);
    assert_int_equal(n, 55);
    assert_true(mfa_op_sound(&op, &r.result));
}


static void
no_answer_where_there_is_none(void **state)
{
    int64_t    n = -77;
    mfa_at_t   a, b;
    mfa_str_t  s;

    (void) state;

    a = get("a");
    mfa_op_multi(&op);
    b = incr("b");
    mfa_op_exec(&op);
    replies_right(&r, &op);

    assert_non_null(mfa_op_reply(&op, &r.result, a));
    assert_non_null(mfa_op_reply(&op, &r.result, b));
    assert_null(mfa_op_reply(&op, &r.result, -1));
    assert_null(mfa_op_reply(&op, &r.result, 4));
    assert_null(mfa_op_reply(&op, &r.result, b + 1));
    assert_null(mfa_op_reply(&op, &r.result, b + 1000));
    assert_null(mfa_op_reply(&op, &r.result, 1 << 30));

    assert_int_equal(mfa_op_int(&op, &r.result, a, &n), -1);
    assert_int_equal(n, -77);

    /* nil is the empty text; a number is no text */
    assert_int_equal(mfa_op_str(&op, &r.result, a, &s), 0);
    assert_int_equal(s.len, 0);
    assert_int_equal(mfa_op_str(&op, &r.result, b, &s), -1);
    *r.at[0] = a_text(MFA_REPLY_STRING, "text");
    assert_int_equal(mfa_op_str(&op, &r.result, a, &s), 0);
    assert_true(mfa_str_is(s, "text"));
    *r.at[0] = a_text(MFA_REPLY_STATUS, "text");
    assert_int_equal(mfa_op_str(&op, &r.result, a, &s), -1);
    *r.at[0] = a_text(MFA_REPLY_ERROR, "text");
    assert_int_equal(mfa_op_str(&op, &r.result, a, &s), -1);

    r.result.n = 3;
    assert_null(mfa_op_reply(&op, &r.result, a));
    r.result.n = 5;
    assert_null(mfa_op_reply(&op, &r.result, a));
    r.result.n = 4;
    r.result.ok = 0;
    assert_null(mfa_op_reply(&op, &r.result, a));
    assert_false(mfa_op_sound(&op, &r.result));
}


static void
an_abort_is_the_last_transactions(void **state)
{
    mfa_at_t  a;

    (void) state;

    op.reserve = 1;
    mfa_op_multi(&op);
    a = incr("a");
    mfa_op_exec(&op);
    replies_right(&r, &op);
    assert_false(mfa_op_aborted(&op, &r.result));
    *r.at[2] = a_nil();
    assert_true(mfa_op_aborted(&op, &r.result));
    assert_null(mfa_op_reply(&op, &r.result, a));
    assert_true(mfa_op_sound(&op, &r.result));

    /* Where nothing was watched nothing can have been aborted. */
    op.reserve = 0;
    assert_false(mfa_op_sound(&op, &r.result));

    r.result.ok = 0;
    assert_false(mfa_op_aborted(&op, &r.result));

    mfa_op_reset(&op);
    (void) get("a");
    replies_right(&r, &op);
    assert_false(mfa_op_aborted(&op, &r.result));
}


static void
command(const char *name, const char *option)
{
    mfa_op_begin(&op, name);
    mfa_op_word(&op, "key");
    mfa_op_word(&op, "value");

    if (option) {
        mfa_op_word(&op, option);
    }
}


static mfa_reply_e
first_of(unsigned types)
{
    unsigned  type = 0;

    while (type < MFA_REPLY_ARRAY && !(types & (1u << type))) {
        type++;
    }

    return (mfa_reply_e) type;
}


/* Each command with each type of answer: which of them are right is written
   down here once more, from the commands' documentation. */
static void
only_the_right_type_is_an_answer(void **state)
{
    int          expected;
    size_t       i;
    mfa_reply_e  type, right;

    static const struct {
        const char  *command;
        const char  *option;                /* third argument */
        unsigned     types;
    } cases[] = {
        { "GET", NULL, 1u << MFA_REPLY_STRING | 1u << MFA_REPLY_NIL },
        { "HGET", "f", 1u << MFA_REPLY_STRING | 1u << MFA_REPLY_NIL },
        { "HMGET", "f", 1u << MFA_REPLY_ARRAY },
        { "ZRANGE", "0", 1u << MFA_REPLY_ARRAY },
        { "SET", "EX", 1u << MFA_REPLY_STATUS },
        { "SET", "NX", 1u << MFA_REPLY_STATUS | 1u << MFA_REPLY_NIL },
        { "SET", "XX", 1u << MFA_REPLY_STATUS | 1u << MFA_REPLY_NIL },
        { "SET", NULL, 1u << MFA_REPLY_STATUS },
        { "WATCH", NULL, 1u << MFA_REPLY_STATUS },
        { "UNWATCH", NULL, 1u << MFA_REPLY_STATUS },
        { "XADD", "*", 1u << MFA_REPLY_STRING },
        { "INCR", NULL, 1u << MFA_REPLY_INT },
        { "DECR", NULL, 1u << MFA_REPLY_INT },
        { "TTL", NULL, 1u << MFA_REPLY_INT },
        { "EXISTS", NULL, 1u << MFA_REPLY_INT },
        { "EXPIRE", "1", 1u << MFA_REPLY_INT },
        { "UNLINK", NULL, 1u << MFA_REPLY_INT },
        { "DEL", NULL, 1u << MFA_REPLY_INT },
        { "HSET", "f", 1u << MFA_REPLY_INT },
        { "HSETNX", "f", 1u << MFA_REPLY_INT },
        { "HDEL", "f", 1u << MFA_REPLY_INT },
        { "HINCRBY", "f", 1u << MFA_REPLY_INT },
        { "ZADD", "NX", 1u << MFA_REPLY_INT },
        { "ZREM", "m", 1u << MFA_REPLY_INT },
        { "ZREMRANGEBYSCORE", "0", 1u << MFA_REPLY_INT },
        { "ZREMRANGEBYRANK", "0", 1u << MFA_REPLY_INT },
        { "ZSCORE", "0", 1u << MFA_REPLY_STRING | 1u << MFA_REPLY_NIL },
        { "FLUSHALL", NULL, 0 },
        { "", NULL, 0 }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mfa_op_reset(&op);
        command(cases[i].command, cases[i].option);
        mfa_op_multi(&op);
        command(cases[i].command, cases[i].option);
        mfa_op_exec(&op);
        replies_right(&r, &op);
        right = first_of(cases[i].types);

        for (type = MFA_REPLY_NIL; type <= MFA_REPLY_ARRAY; type++) {
            expected = (cases[i].types & (1u << type)) != 0;
            r.at[0]->type = type;
            r.at[3]->elements[0].type = right;
            assert_int_equal(mfa_op_sound(&op, &r.result), expected);
            r.at[0]->type = right;
            r.at[3]->elements[0].type = type;
            assert_int_equal(mfa_op_sound(&op, &r.result), expected);
        }
    }
}


static void
one_wrong_answer_spoils_all(void **state)
{
    size_t       i, j;
    mfa_reply_t  kept;

    (void) state;

    (void) incr("a");
    mfa_op_multi(&op);
    (void) incr("b");
    (void) incr("c");
    mfa_op_exec(&op);
    mfa_op_multi(&op);
    mfa_op_exec(&op);
    (void) incr("d");
    replies_right(&r, &op);
    assert_true(mfa_op_sound(&op, &r.result));

    for (i = 0; i < op.n; i++) {
        kept = *r.at[i];
        *r.at[i] = a_text(MFA_REPLY_STRING, "1");
        assert_false(mfa_op_sound(&op, &r.result));
        *r.at[i] = a_text(MFA_REPLY_ERROR, "OOM");
        assert_false(mfa_op_sound(&op, &r.result));
        *r.at[i] = kept;

        for (j = 0; j < r.at[i]->n; j++) {
            kept = r.at[i]->elements[j];
            r.at[i]->elements[j] = a_text(MFA_REPLY_ERROR, "OOM");
            assert_false(mfa_op_sound(&op, &r.result));
            r.at[i]->elements[j] = kept;
        }
    }

    r.at[4]->n = 1;
    assert_false(mfa_op_sound(&op, &r.result));
    *r.at[4] = an_array(3);
    assert_false(mfa_op_sound(&op, &r.result));
    *r.at[4] = an_array(2);
    r.at[4]->elements[0] = an_int(1);
    r.at[4]->elements[1] = an_int(1);
    assert_true(mfa_op_sound(&op, &r.result));

    for (i = 0; i < op.n; i++) {
        r.result.n = i;
        assert_false(mfa_op_sound(&op, &r.result));
    }
}


/* --- an op that does not fit has failed, and wrote nothing over an edge --- */

static void
too_many_commands_fail(void **state)
{
    size_t  i;

    (void) state;

    for (i = 0; i < MFA_OP_COMMANDS_MAX; i++) {
        mfa_op_begin(&op, "UNWATCH");
        assert_false(op.failed);
    }

    mfa_op_begin(&op, "UNWATCH");
    assert_true(op.failed);
    assert_int_equal(op.n, MFA_OP_COMMANDS_MAX);
    mfa_op_reset(&op);
    assert_false(op.failed);
}


static void
too_many_arguments_fail(void **state)
{
    size_t  i;

    (void) state;

    mfa_op_begin(&op, "DEL");

    for (i = 1; i < MFA_OP_ARGS_MAX; i++) {
        mfa_op_word(&op, "k");
        assert_false(op.failed);
    }

    mfa_op_word(&op, "k");
    assert_true(op.failed);
    assert_int_equal(op.n_args, MFA_OP_ARGS_MAX);
    mfa_op_begin(&op, "DEL");
    assert_true(op.failed);
}


static void
too_many_bytes_fail(void **state)
{
    size_t     i;
    uint8_t    kilo[1024];
    mfa_str_t  part = { kilo, sizeof(kilo) };

    (void) state;

    memset(kilo, 'k', sizeof(kilo));
    mfa_op_begin(&op, "DEL");

    for (i = 0; i < MFA_OP_BYTES / sizeof(kilo); i++) {
        mfa_op_joined(&op, &part, 1);
        assert_false(op.failed);
    }

    mfa_op_number(&op, 1);
    assert_true(op.failed);

    mfa_op_reset(&op);
    mfa_op_begin(&op, "DEL");
    part.len = 1;

    for (i = 0; i <= MFA_OP_BYTES / sizeof(kilo); i++) {
        mfa_op_joined(&op, (mfa_str_t[]) { { kilo, sizeof(kilo) } }, 1);
    }

    assert_true(op.failed);
}


static void
transactions_do_not_nest_and_end(void **state)
{
    size_t  i;

    (void) state;

    mfa_op_multi(&op);
    mfa_op_multi(&op);
    assert_true(op.failed);

    mfa_op_reset(&op);
    mfa_op_exec(&op);
    assert_true(op.failed);

    mfa_op_reset(&op);

    for (i = 0; i < MFA_OP_TX_MAX; i++) {
        mfa_op_multi(&op);
        mfa_op_exec(&op);
        assert_false(op.failed);
    }

    mfa_op_multi(&op);
    assert_true(op.failed);
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup_teardown(t, setup, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(arguments_are_bytes),
        TEST(every_answer_has_its_place),
        TEST(no_answer_where_there_is_none),
        TEST(an_abort_is_the_last_transactions),
        TEST(only_the_right_type_is_an_answer),
        TEST(one_wrong_answer_spoils_all),
        TEST(too_many_commands_fail),
        TEST(too_many_arguments_fail),
        TEST(too_many_bytes_fail),
        TEST(transactions_do_not_nest_and_end)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("op", tests, NULL, NULL);
}
