/*
 * A server that lies: too much, too deep, not the protocol (security 122).
 * Broken, the codec lets it fill the worker's memory or believes half a reply.
 *
 * Leaks and reads past the end are seen in the run under ASan.
 */

#include "codec_stream.h"


/* --- liars --- */

static void
security_122_arrays_too_deep_are_refused(void **state)
{
    mfa_reply_t  *r;

    (void) state;

    r = good("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:7\r\n");
    assert_int_equal(r->elements[0].elements[0].elements[0].elements[0]
                     .elements[0].integer, 7);
    mfa_wire_reply_free(r);

    check_refused("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:7\r\n");
    check_refused("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*0\r\n");
    check_refused("*2\r\n$3\r\nabc\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n");
}


static void
security_122_arrays_too_long_are_refused_at_their_header(void **state)
{
    size_t        i;
    stream_t      s = { NULL, 0, 0 };
    mfa_reply_t  *r;

    (void) state;

    add_header(&s, '*', MFA_REPLY_ELEMENTS_MAX);

    for (i = 0; i < MFA_REPLY_ELEMENTS_MAX; i++) {
        add_text(&s, ":1\r\n");
    }

    assert_int_equal(read_all(s.data, s.len, &r), 1);
    assert_int_equal(r->n, MFA_REPLY_ELEMENTS_MAX);
    assert_int_equal(r->elements[r->n - 1].integer, 1);
    mfa_wire_reply_free(r);

    s.len = 0;
    add_header(&s, '*', MFA_REPLY_ELEMENTS_MAX + 1);
    assert_int_equal(read_all(s.data, s.len, &r), -1);
    free(s.data);

    check_refused("*2147483647\r\n");
    check_refused("*4294967297\r\n");
    check_refused("*9223372036854775807\r\n");
    check_refused("*1\r\n*2147483647\r\n");
    check_refused("*-2\r\n");
    check_refused("*x\r\n");
}


static void
security_122_arrays_cannot_multiply(void **state)
{
    int           rc;
    size_t        i, n;
    stream_t      s = { NULL, 0, 0 };
    redisReader  *reader;
    mfa_reply_t  *r;

    (void) state;

    reader = mfa_wire_reader();
    assert_non_null(reader);
    add_header(&s, '*', MFA_REPLY_ELEMENTS_MAX);
    feed(reader, s.data, s.len);

    s.len = 0;
    add_header(&s, '*', MFA_REPLY_ELEMENTS_MAX);

    for (i = 0; i < MFA_REPLY_ELEMENTS_MAX; i++) {
        add_text(&s, ":1\r\n");
    }

    rc = 0;

    for (n = 0; n < 100 && rc == 0; n++) {
        feed(reader, s.data, s.len);
        rc = mfa_wire_next(reader, &r);
    }

    assert_int_equal(rc, -1);
    assert_true(n <= 16);
    redisReaderFree(reader);
    free(s.data);
}


static void
security_122_the_largest_reply_is_read_and_a_larger_one_refused(void **state)
{
    stream_t      s = { NULL, 0, 0 };
    mfa_reply_t  *r;

    (void) state;

    add_bulk(&s, MFA_WIRE_REPLY_MAX);
    assert_int_equal(read_all(s.data, s.len, &r), 1);
    assert_int_equal(r->str.len, MFA_WIRE_REPLY_MAX);
    mfa_wire_reply_free(r);

    s.len = 0;
    add_bulk(&s, MFA_WIRE_REPLY_MAX + 1);
    assert_int_equal(read_all(s.data, s.len, &r), -1);

    /* Also when it is the sum that is too much. */
    s.len = 0;
    add_text(&s, "*2\r\n");
    add_bulk(&s, MFA_WIRE_REPLY_MAX - 9);
    add_bulk(&s, 10);
    assert_int_equal(read_all(s.data, s.len, &r), -1);

    s.len = 0;
    add_text(&s, "*2\r\n");
    add_bulk(&s, MFA_WIRE_REPLY_MAX - 9);
    add_bulk(&s, 9);
    assert_int_equal(read_all(s.data, s.len, &r), 1);
    mfa_wire_reply_free(r);

    free(s.data);
}


static size_t
swallowed(const char *start)
{
    size_t        n;
    char          block[4096];
    redisReader  *reader;
    mfa_reply_t  *r;

    memset(block, 'x', sizeof(block));
    reader = mfa_wire_reader();
    assert_non_null(reader);
    feed(reader, start, strlen(start));

    for (n = 0; mfa_wire_next(reader, &r) == 0; n += sizeof(block)) {
        if (n > 8 * MFA_WIRE_REPLY_MAX) {
            fail_msg("%zu bytes of \"%s\" are kept", n, start);
        }

        feed(reader, block, sizeof(block));
    }

    redisReaderFree(reader);

    return n;
}


static void
security_122_a_string_that_never_ends_is_not_collected(void **state)
{
    (void) state;

    assert_true(swallowed("$999999999\r\n") <= MFA_WIRE_REPLY_MAX + 4096);
    assert_true(swallowed("$9223372036854775807\r\n")
                <= MFA_WIRE_REPLY_MAX + 4096);
    assert_true(swallowed("*2\r\n:1\r\n$999999999\r\n")
                <= MFA_WIRE_REPLY_MAX + 4096);
    assert_true(swallowed("+") <= MFA_WIRE_REPLY_MAX + 4096);
    assert_true(swallowed("$") <= MFA_WIRE_REPLY_MAX + 4096);
}


static void
security_122_what_is_not_the_protocol_is_refused(void **state)
{
    (void) state;

    check_refused("HTTP/1.1 400 Bad Request\r\n");
    check_refused("\r\n");
    check_refused("$-2\r\nxx\r\n");
    check_refused("$x\r\n");
    check_refused("$1e1\r\n");
    check_refused("$99999999999999999999\r\n");
    check_refused("*2\r\n:1\r\nx");
    check_refused("*3\r\n$5\r\nhello\r\n*2\r\n:1\r\n:2\r\n!");
}


/* Nobody said HELLO 3; hiredis 1.x reads them all the same. */
static void
security_122_types_of_the_newer_protocol_are_refused(void **state)
{
    (void) state;

    check_refused("%1\r\n+a\r\n:1\r\n");
    check_refused("~1\r\n:1\r\n");
    check_refused(">1\r\n:1\r\n");
    check_refused("#t\r\n");
    check_refused(",1.5\r\n");
    check_refused("(12345678901234567890\r\n");
    check_refused("=7\r\ntxt:abc\r\n");
    check_refused("*2\r\n:1\r\n#t\r\n");
    check_refused("*2\r\n:1\r\n,1.5\r\n");
    check_refused("*2\r\n:1\r\n%1\r\n");
}


static void
after_nonsense_nothing_more_is_believed(void **state)
{
    redisReader  *reader;
    mfa_reply_t  *r;

    (void) state;

    reader = mfa_wire_reader();
    assert_non_null(reader);

    feed(reader, "*2\r\n$3\r\nabc\r\n?", 14);
    assert_int_equal(mfa_wire_next(reader, &r), -1);

    feed(reader, "+OK\r\n", 5);
    assert_int_equal(mfa_wire_next(reader, &r), -1);
    assert_null(r);

    redisReaderFree(reader);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(security_122_arrays_too_deep_are_refused),
        cmocka_unit_test(
            security_122_arrays_too_long_are_refused_at_their_header),
        cmocka_unit_test(security_122_arrays_cannot_multiply),
        cmocka_unit_test(
            security_122_the_largest_reply_is_read_and_a_larger_one_refused),
        cmocka_unit_test(security_122_a_string_that_never_ends_is_not_collected),
        cmocka_unit_test(security_122_what_is_not_the_protocol_is_refused),
        cmocka_unit_test(security_122_types_of_the_newer_protocol_are_refused),
        cmocka_unit_test(after_nonsense_nothing_more_is_believed),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("codec liars", tests, NULL, NULL);
}
