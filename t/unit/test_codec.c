/*
 * The codec turns bytes of a server that may be broken or hostile into plain
 * data (security 122, 123, 125).  Broken, it hands core a reply that is not
 * complete, lets a liar fill the worker's memory, mixes up whose answer is
 * whose, or lets an argument become part of the protocol.
 *
 * Leaks and reads past the end are seen in the run under ASan.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "wire/codec.h"


/* The bytes of a test's server. */
typedef struct {
    char    *data;
    size_t   len;
    size_t   cap;
} stream_t;


static void
add(stream_t *s, const char *data, size_t len)
{
    if (s->cap - s->len < len) {
        s->cap = 2 * (s->cap + len);
        s->data = realloc(s->data, s->cap);
        assert_non_null(s->data);
    }

    memcpy(s->data + s->len, data, len);
    s->len += len;
}


static void
add_text(stream_t *s, const char *text)
{
    add(s, text, strlen(text));
}


static void
add_header(stream_t *s, char type, size_t n)
{
    char  line[32];

    snprintf(line, sizeof(line), "%c%zu\r\n", type, n);
    add_text(s, line);
}


static void
add_bulk(stream_t *s, size_t len)
{
    size_t  i;
    char    c;

    add_header(s, '$', len);

    for (i = 0; i < len; i++) {
        c = (char) (i % 251);
        add(s, &c, 1);
    }

    add_text(s, "\r\n");
}


/* A copy that ends where its memory ends, as a socket's bytes may. */
static void
feed(redisReader *reader, const char *data, size_t len)
{
    char  *copy;

    copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, data, len);
    redisReaderFeed(reader, copy, len);
    free(copy);
}


/* The one answer to these bytes; *reply is to be freed. */
static int
read_all(const char *data, size_t len, mfa_reply_t **reply)
{
    int           rc;
    redisReader  *reader;

    reader = mfa_wire_reader();
    assert_non_null(reader);
    feed(reader, data, len);
    rc = mfa_wire_next(reader, reply);
    redisReaderFree(reader);

    return rc;
}


static mfa_reply_t *
good(const char *text)
{
    mfa_reply_t  *reply;

    if (read_all(text, strlen(text), &reply) != 1) {
        fail_msg("\"%s\" is not taken for a reply", text);
    }

    return reply;
}


static void
check_refused(const char *text)
{
    int           rc;
    mfa_reply_t  *reply;

    rc = read_all(text, strlen(text), &reply);

    if (rc != -1 || reply != NULL) {
        fail_msg("\"%s\" gives %d", text, rc);
    }
}


static void
check_same(const mfa_reply_t *a, const mfa_reply_t *b)
{
    size_t  i;

    assert_int_equal(a->type, b->type);
    assert_true(a->integer == b->integer);
    assert_true(mfa_str_eq(a->str, b->str));
    assert_int_equal(a->n, b->n);

    for (i = 0; i < a->n; i++) {
        check_same(&a->elements[i], &b->elements[i]);
    }
}


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


/* --- liars --- */

static void
security_122_arrays_too_deep_are_refused(void **state)
{
    mfa_reply_t  *r;

    (void) state;

    r = good("*1\r\n*1\r\n*1\r\n:7\r\n");
    assert_int_equal(r->elements[0].elements[0].elements[0].integer, 7);
    mfa_wire_reply_free(r);

    check_refused("*1\r\n*1\r\n*1\r\n*1\r\n:7\r\n");
    check_refused("*1\r\n*1\r\n*1\r\n*0\r\n");
    check_refused("*2\r\n$3\r\nabc\r\n*1\r\n*1\r\n*1\r\n");
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
        cmocka_unit_test(security_122_arrays_too_deep_are_refused),
        cmocka_unit_test(
            security_122_arrays_too_long_are_refused_at_their_header),
        cmocka_unit_test(security_122_arrays_cannot_multiply),
        cmocka_unit_test(
            security_122_the_largest_reply_is_read_and_a_larger_one_refused),
        cmocka_unit_test(
            security_122_a_string_that_never_ends_is_not_collected),
        cmocka_unit_test(security_122_what_is_not_the_protocol_is_refused),
        cmocka_unit_test(security_122_types_of_the_newer_protocol_are_refused),
        cmocka_unit_test(after_nonsense_nothing_more_is_believed),
        cmocka_unit_test(the_first_error_is_found_also_inside),
        cmocka_unit_test(errors_of_a_server_are_told_from_errors_of_a_command),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("codec", tests, NULL, NULL);
}
