/*
 * The codec turns bytes of a server into plain data (security 123, 125).
 * Broken, it hands core a reply that is not complete, mixes up whose answer is
 * whose, or lets an argument become part of the protocol.
 *
 * Leaks and reads past the end are seen in the run under ASan.
 */

#include "codec_stream.h"


/* --- commands --- */

static void
security_123_arguments_cannot_become_protocol(void **state)
{
    size_t     len;
    uint8_t   *bytes;
    mfa_op_t  *op;

    static const char  evil[] = "%s%n\r\n$3\r\nDEL\r\n\0x";
    static const char  expected[] =
        "*4\r\n$3\r\nSET\r\n$17\r\n%s%n\r\n$3\r\nDEL\r\n\0x\r\n"
        "$0\r\n\r\n$2\r\n-7\r\n";

    (void) state;

    op = malloc(sizeof(mfa_op_t));
    assert_non_null(op);

    mfa_op_reset(op);
    mfa_op_begin(op, "PING");
    mfa_op_begin(op, "SET");
    mfa_op_arg(op, (mfa_str_t) { (const uint8_t *) evil, sizeof(evil) - 1 });
    mfa_op_arg(op, (mfa_str_t) { NULL, 0 });
    mfa_op_number(op, -7);

    len = mfa_wire_size(op);
    assert_int_equal(len, 14 + sizeof(expected) - 1);

    /* exactly that much room: a byte more is seen by ASan */
    bytes = malloc(len);
    assert_non_null(bytes);
    assert_ptr_equal(mfa_wire_write(op, bytes), bytes + len);
    assert_memory_equal(bytes, "*1\r\n$4\r\nPING\r\n", 14);
    assert_memory_equal(bytes + 14, expected, sizeof(expected) - 1);
    free(bytes);

    free(op);
}


/* --- replies as they should be --- */

static void
every_type_is_read(void **state)
{
    mfa_reply_t  *r;

    (void) state;

    r = good("*7\r\n+OK\r\n-ERR no\r\n:42\r\n$5\r\nab\r\nc\r\n$0\r\n\r\n"
             "$-1\r\n*0\r\n");

    assert_int_equal(r->type, MFA_REPLY_ARRAY);
    assert_int_equal(r->n, 7);
    assert_int_equal(r->elements[0].type, MFA_REPLY_STATUS);
    assert_true(mfa_str_is(r->elements[0].str, "OK"));
    assert_int_equal(r->elements[1].type, MFA_REPLY_ERROR);
    assert_true(mfa_str_is(r->elements[1].str, "ERR no"));
    assert_int_equal(r->elements[2].type, MFA_REPLY_INT);
    assert_true(r->elements[2].integer == 42);
    assert_int_equal(r->elements[3].type, MFA_REPLY_STRING);
    assert_true(mfa_str_is(r->elements[3].str, "ab\r\nc"));
    assert_int_equal(r->elements[4].type, MFA_REPLY_STRING);
    assert_int_equal(r->elements[4].str.len, 0);
    assert_int_equal(r->elements[5].type, MFA_REPLY_NIL);
    assert_int_equal(r->elements[6].type, MFA_REPLY_ARRAY);
    assert_int_equal(r->elements[6].n, 0);

    mfa_wire_reply_free(r);
    mfa_wire_reply_free(NULL);
}


static void
nil_is_not_an_empty_string_or_array(void **state)
{
    mfa_reply_t  *r;

    (void) state;

    r = good("$-1\r\n");
    assert_int_equal(r->type, MFA_REPLY_NIL);
    mfa_wire_reply_free(r);

    r = good("*-1\r\n");
    assert_int_equal(r->type, MFA_REPLY_NIL);
    mfa_wire_reply_free(r);

    r = good("$0\r\n\r\n");
    assert_int_equal(r->type, MFA_REPLY_STRING);
    assert_int_equal(r->str.len, 0);
    mfa_wire_reply_free(r);
}


static void
integers_of_64_bits_and_no_more(void **state)
{
    mfa_reply_t  *r;

    (void) state;

    r = good(":9223372036854775807\r\n");
    assert_true(r->integer == INT64_MAX);
    mfa_wire_reply_free(r);

    r = good(":-9223372036854775808\r\n");
    assert_true(r->integer == INT64_MIN);
    mfa_wire_reply_free(r);

    check_refused(":9223372036854775808\r\n");
    check_refused(":-9223372036854775809\r\n");
    check_refused(":18446744073709551617\r\n");
    check_refused(":1x\r\n");
    check_refused(":\r\n");
}


/* Tells neighbours in a row apart: type, text and number of each. */
static const char  mixed[] =
    "*3\r\n+QUEUED\r\n*2\r\n$3\r\nabc\r\n*2\r\n:-5\r\n$-1\r\n-ERR x\r\n";


static void
security_125_a_reply_cut_anywhere_waits_for_its_rest(void **state)
{
    size_t        cut, len;
    redisReader  *reader;
    mfa_reply_t  *whole, *reply;

    (void) state;

    len = sizeof(mixed) - 1;
    whole = good(mixed);

    for (cut = 0; cut < len; cut++) {
        reader = mfa_wire_reader();
        assert_non_null(reader);

        feed(reader, mixed, cut);

        if (mfa_wire_next(reader, &reply) != 0 || reply != NULL) {
            fail_msg("%zu bytes of %zu are taken for a reply", cut, len);
        }

        feed(reader, mixed + cut, len - cut);
        assert_int_equal(mfa_wire_next(reader, &reply), 1);
        check_same(reply, whole);
        mfa_wire_reply_free(reply);

        assert_int_equal(mfa_wire_next(reader, &reply), 0);
        redisReaderFree(reader);
    }

    mfa_wire_reply_free(whole);
}


static void
a_reader_freed_in_the_middle_of_a_reply_frees_it(void **state)
{
    size_t        cut;
    redisReader  *reader;
    mfa_reply_t  *reply;

    (void) state;

    for (cut = 1; cut < sizeof(mixed) - 1; cut++) {
        reader = mfa_wire_reader();
        assert_non_null(reader);
        feed(reader, mixed, cut);
        assert_int_equal(mfa_wire_next(reader, &reply), 0);
        redisReaderFree(reader);
    }
}


static void
security_125_long_replies_dripped_byte_by_byte_complete(void **state)
{
    size_t        i, k;
    stream_t      s = { NULL, 0, 0 };
    redisReader  *reader;
    mfa_reply_t  *reply;

    (void) state;

    add_text(&s, "*3\r\n:1\r\n");
    add_bulk(&s, 50000);
    add_text(&s, "+");

    for (i = 0; i < 20000; i++) {
        add_text(&s, "s");
    }

    add_text(&s, "\r\n");

    reader = mfa_wire_reader();
    assert_non_null(reader);

    for (i = 0; i < s.len; i++) {
        feed(reader, s.data + i, 1);
        assert_int_equal(mfa_wire_next(reader, &reply), i + 1 == s.len);
    }

    assert_int_equal(reply->n, 3);
    assert_int_equal(reply->elements[1].str.len, 50000);
    assert_int_equal(reply->elements[2].str.len, 20000);

    for (k = 0; k < 50000; k++) {
        assert_int_equal(reply->elements[1].str.data[k], k % 251);
    }

    mfa_wire_reply_free(reply);
    redisReaderFree(reader);
    free(s.data);
}


static void
pipelined_replies_come_one_by_one_and_in_order(void **state)
{
    int           i;
    char          line[32];
    stream_t      s = { NULL, 0, 0 };
    redisReader  *reader;
    mfa_reply_t  *replies[1000], *reply;

    (void) state;

    for (i = 0; i < 1000; i++) {
        snprintf(line, sizeof(line), "*1\r\n:%d\r\n", i);
        add_text(&s, line);
    }

    reader = mfa_wire_reader();
    assert_non_null(reader);
    feed(reader, s.data, s.len);

    for (i = 0; i < 1000; i++) {
        assert_int_equal(mfa_wire_next(reader, &replies[i]), 1);
    }

    assert_int_equal(mfa_wire_next(reader, &reply), 0);
    redisReaderFree(reader);

    /* They outlive the reader. */
    for (i = 0; i < 1000; i++) {
        assert_int_equal(replies[i]->elements[0].integer, i);
        mfa_wire_reply_free(replies[i]);
    }

    free(s.data);
}


/* --- errors of the server --- */

static void
the_first_error_is_found_also_inside(void **state)
{
    mfa_reply_t        *r;
    const mfa_reply_t  *error;

    (void) state;

    r = good("-ERR top\r\n");
    assert_ptr_equal(mfa_wire_error(r), r);
    mfa_wire_reply_free(r);

    r = good("*2\r\n:1\r\n*2\r\n+OK\r\n*2\r\n-WRONGTYPE in\r\n-ERR two\r\n");
    error = mfa_wire_error(r);
    assert_non_null(error);
    assert_true(mfa_str_is(error->str, "WRONGTYPE in"));
    mfa_wire_reply_free(r);

    r = good("*3\r\n+ERR\r\n$4\r\n-ERR\r\n*-1\r\n");
    assert_null(mfa_wire_error(r));
    mfa_wire_reply_free(r);
}


static int
drops(const char *text)
{
    mfa_reply_t  error;

    memset(&error, 0, sizeof(error));
    error.type = MFA_REPLY_ERROR;
    error.str = mfa_str_from(text);

    return mfa_wire_error_drops(&error);
}


static void
errors_of_a_server_are_told_from_errors_of_a_command(void **state)
{
    (void) state;

    assert_true(drops("LOADING Redis is loading the dataset in memory"));
    assert_true(drops("READONLY You can't write against a read only replica."));
    assert_true(drops("MASTERDOWN Link with MASTER is down"));
    assert_true(drops("CLUSTERDOWN The cluster is down"));
    assert_true(drops("NOAUTH Authentication required."));
    assert_true(drops("WRONGPASS invalid username-password pair"));
    assert_true(drops("NOAUTH"));

    assert_false(drops("NOPERM this user has no permissions"));
    assert_false(drops("WRONGTYPE Operation against a key"));
    assert_false(drops("OOM command not allowed"));
    assert_false(drops("EXECABORT Transaction discarded"));
    assert_false(drops("ERR LOADING"));
    assert_false(drops("LOADINGS no"));
    assert_false(drops("LOAD"));
    assert_false(drops(""));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(security_123_arguments_cannot_become_protocol),
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(nil_is_not_an_empty_string_or_array),
        cmocka_unit_test(integers_of_64_bits_and_no_more),
        cmocka_unit_test(security_125_a_reply_cut_anywhere_waits_for_its_rest),
        cmocka_unit_test(a_reader_freed_in_the_middle_of_a_reply_frees_it),
        cmocka_unit_test(
            security_125_long_replies_dripped_byte_by_byte_complete),
        cmocka_unit_test(pipelined_replies_come_one_by_one_and_in_order),
        cmocka_unit_test(the_first_error_is_found_also_inside),
        cmocka_unit_test(errors_of_a_server_are_told_from_errors_of_a_command),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("codec", tests, NULL, NULL);
}
