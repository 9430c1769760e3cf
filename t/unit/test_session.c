/*
 * The session record: there and back, cut at every byte, every field damaged,
 * made for another session, of another format, and with whatever a client sends
 * as its address or agent.  When this breaks, a record that is not whole, or
 * not this session's, lets somebody in (security 30).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/reply.h"
#include "core/session.h"
#include "exact_pool.h"

#define HASH   "4-FngL7PYB1V5HUefXIu-R11C7DOphsbteqLwwjN8mI"
#define OTHER  "4-FngL7PYB1V5HUefXIu-R11C7DOphsbteqLwwjN8mJ"
#define TEXT   "1\t" HASH "\tuser\talice\t7\t2\t1700000000\t1700043200"        \
               "\t1700000060\t1700000001\t1700000030\t1\t192.0.2.1\tMozilla/5"


static const mfa_session_t  sample = {
    mfa_lit("user"), mfa_lit("alice"), 7, MFA_LEVEL_MFA, 1700000000,
    1700043200, 1700000060, 1700000001, 1700000030, 1, mfa_lit("192.0.2.1"),
    mfa_lit("Mozilla/5")
};


static int
teardown(void **state)
{
    (void) state;
    pool_free();

    return 0;
}


/* The record must be refused, and nothing of it may stay. */
static void
is_refused(mfa_str_t text, mfa_str_t hash)
{
    mfa_session_t  session, zero;

    memset(&session, 0xaa, sizeof(session));
    memset(&zero, 0, sizeof(zero));
    assert_int_equal(mfa_session_decode(&session, pool_bytes(text.data,
                     text.len), hash), -1);
    assert_int_equal(session.level, MFA_LEVEL_NONE);
    assert_memory_equal(&session, &zero, sizeof(zero));
}


static void
is_sample(const mfa_session_t *session)
{
    assert_true(mfa_str_eq(session->portal, sample.portal));
    assert_true(mfa_str_eq(session->login, sample.login));
    assert_int_equal(session->generation, sample.generation);
    assert_int_equal(session->level, sample.level);
    assert_int_equal(session->created, sample.created);
    assert_int_equal(session->expires, sample.expires);
    assert_int_equal(session->seen, sample.seen);
    assert_int_equal(session->password_at, sample.password_at);
    assert_int_equal(session->code_at, sample.code_at);
    assert_int_equal(session->later, sample.later);
    assert_true(mfa_str_eq(session->address, sample.address));
    assert_true(mfa_str_eq(session->agent, sample.agent));
}


/* The text is a contract with what other versions wrote. */
static void
there_and_back(void **state)
{
    mfa_buf_t      b;
    mfa_session_t  session;

    (void) state;

    b = pool_buf(sizeof(TEXT) - 1);
    mfa_session_encode(&b, &sample, mfa_lit(HASH));
    assert_false(b.failed);
    assert_true(buf_is(&b, TEXT));
    assert_int_equal(mfa_session_decode(&session, mfa_buf_since(&b, 0),
                                        mfa_lit(HASH)), 0);
    is_sample(&session);
}


static void
a_cut_record_is_none(void **state)
{
    size_t         len;
    mfa_str_t      text = mfa_lit(TEXT);
    mfa_session_t  session;

    (void) state;

    /* The agent comes last and may be anything, also nothing. */
    for (len = 0; len <= text.len; len++) {
        if (len < text.len - 9) {
            is_refused((mfa_str_t) { text.data, len }, mfa_lit(HASH));
        } else {
            assert_int_equal(mfa_session_decode(&session,
                             pool_bytes(text.data, len), mfa_lit(HASH)), 0);
        }
    }

    is_refused((mfa_str_t) { NULL, 0 }, mfa_lit(HASH));
}


/* security 30 */
static void
security_30_a_record_for_another_hash_is_none(void **state)
{
    (void) state;

    is_refused(mfa_lit(TEXT), mfa_lit(OTHER));
    is_refused(mfa_lit(TEXT), mfa_lit(""));
    is_refused(mfa_lit(TEXT), (mfa_str_t) { (const uint8_t *) HASH, 42 });
}


/* Each field in turn replaced; the others stay as they are. */
static void
with_field(size_t field, const char *text, mfa_buf_t *out)
{
    size_t     i;
    mfa_str_t  head, rest = mfa_lit(TEXT);

    for (i = 0; i < 14; i++) {
        mfa_str_cut(rest, '\t', &head, &rest);

        if (i) {
            mfa_buf_byte(out, '\t');
        }

        mfa_buf_str(out, i == field ? mfa_str_from(text) : head);
    }
}


static void
damaged_fields_are_refused(void **state)
{
    size_t     i, field;
    uint8_t    room[1024];
    mfa_buf_t  b;

    static const struct {
        size_t       first;
        size_t       last;
        const char  *text;
    } damages[] = {
        { 0, 0, "2" }, { 0, 0, "" }, { 0, 0, "01" }, { 0, 0, "1 " },
        { 1, 1, "" }, { 1, 1, OTHER }, { 2, 2, "" },
        { 3, 3, "" }, { 3, 3, "Alice" }, { 3, 3, "al ice" },
        { 3, 3, "alice\n" },
        { 4, 11, "" }, { 4, 11, "x" }, { 4, 11, "-1" }, { 4, 11, "+1" },
        { 4, 11, " 1" }, { 4, 11, "1 " }, { 4, 11, "0x1" },
        { 4, 11, "9007199254740993" }, { 4, 11, "9223372036854775807" },
        { 4, 11, "99999999999999999999" },
        { 5, 5, "0" }, { 5, 5, "3" }, { 5, 5, "258" }, { 5, 5, "4294967298" },
        { 11, 11, "2" }
    };

    (void) state;

    for (i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        for (field = damages[i].first; field <= damages[i].last; field++) {
            mfa_buf_init(&b, room, sizeof(room));
            with_field(field, damages[i].text, &b);
            assert_false(b.failed);
            is_refused(mfa_buf_since(&b, 0), mfa_lit(HASH));
        }
    }

    mfa_buf_init(&b, room, sizeof(room));
    with_field(99, "", &b);
    assert_true(buf_is(&b, TEXT));
}


static void
fields_too_many_or_too_long_are_refused(void **state)
{
    uint8_t    room[1024];
    mfa_buf_t  b;

    (void) state;

    is_refused(mfa_lit(TEXT "\tx"), mfa_lit(HASH));
    is_refused(mfa_lit("\t" TEXT), mfa_lit(HASH));

    mfa_buf_init(&b, room, sizeof(room));
    mfa_buf_cstr(&b, TEXT);

    while (b.len < MFA_SESSION_RECORD_MAX) {
        mfa_buf_byte(&b, 'x');
    }

    assert_int_equal(mfa_session_decode(&(mfa_session_t) { .later = 0 },
                     mfa_buf_since(&b, 0), mfa_lit(HASH)), 0);
    mfa_buf_byte(&b, 'x');
    is_refused(mfa_buf_since(&b, 0), mfa_lit(HASH));
}


/* What a client chooses: every byte, in address and agent. */
static void
hostile_bytes_stay_inside_their_field(void **state)
{
    int            c;
    char           bytes[4];
    uint8_t        room[MFA_SESSION_RECORD_MAX];
    mfa_buf_t      b;
    mfa_session_t  session, back;

    (void) state;

    for (c = 0; c < 256; c++) {
        bytes[0] = 'a';
        bytes[1] = (char) c;
        bytes[2] = (char) c;
        bytes[3] = 'b';
        session = sample;
        session.address = pool_bytes(bytes, 4);
        session.agent = session.address;

        mfa_buf_init(&b, room, sizeof(room));
        mfa_session_encode(&b, &session, mfa_lit(HASH));
        assert_int_equal(mfa_session_decode(&back, mfa_buf_since(&b, 0),
                                            mfa_lit(HASH)), 0);

        if (c < 0x20 || c > 0x7e) {
            assert_true(mfa_str_is(back.address, "a?" "?b"));
            assert_true(mfa_str_is(back.agent, "a?" "?b"));
        } else {
            assert_true(mfa_str_eq(back.address, session.address));
            assert_true(mfa_str_eq(back.agent, session.agent));
        }

        back.address = sample.address;
        back.agent = sample.agent;
        is_sample(&back);
    }
}


static mfa_str_t
many(size_t n)
{
    static uint8_t  bytes[4096];

    memset(bytes, 'm', sizeof(bytes));

    return (mfa_str_t) { bytes, n };
}


/* The longest there can be still is a record. */
static void
what_is_too_long_is_cut(void **state)
{
    uint8_t        room[MFA_SESSION_RECORD_MAX];
    mfa_buf_t      b;
    mfa_session_t  session, back;

    (void) state;

    session = sample;
    session.portal = many(32);
    session.login = many(MFA_LOGIN_MAX);
    session.address = many(4096);
    session.agent = many(4096);
    session.generation = session.created = session.expires = session.seen
        = session.password_at = session.code_at = MFA_NUMBER_MAX;

    mfa_buf_init(&b, room, sizeof(room));
    mfa_session_encode(&b, &session, mfa_lit(HASH));
    assert_false(b.failed);
    assert_int_equal(mfa_session_decode(&back, mfa_buf_since(&b, 0),
                                        mfa_lit(HASH)), 0);
    assert_int_equal(back.address.len, MFA_SESSION_ADDRESS_MAX);
    assert_int_equal(back.agent.len, MFA_SESSION_AGENT_MAX);
    assert_int_equal(back.expires, MFA_NUMBER_MAX);

    session.address.len = 0;
    session.agent = (mfa_str_t) { NULL, 0 };
    mfa_buf_init(&b, room, sizeof(room));
    mfa_session_encode(&b, &session, mfa_lit(HASH));
    assert_int_equal(mfa_session_decode(&back, mfa_buf_since(&b, 0),
                                        mfa_lit(HASH)), 0);
    assert_int_equal(back.agent.len, 0);
}


/* Without room there is no record, not half of one that looks like one. */
static void
without_room_the_buffer_has_failed(void **state)
{
    size_t     cap;
    mfa_buf_t  b;

    (void) state;

    for (cap = 0; cap < sizeof(TEXT) - 1; cap++) {
        b = pool_buf(cap);
        mfa_session_encode(&b, &sample, mfa_lit(HASH));
        assert_true(b.failed);
    }
}


static void
levels_have_their_words(void **state)
{
    (void) state;

    assert_string_equal(mfa_level_name(MFA_LEVEL_NONE), "none");
    assert_string_equal(mfa_level_name(MFA_LEVEL_PASSWORD), "password");
    assert_string_equal(mfa_level_name(MFA_LEVEL_MFA), "mfa");
    assert_string_equal(mfa_level_name((mfa_level_e) 9), "none");
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_teardown(t, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(there_and_back),
        TEST(a_cut_record_is_none),
        TEST(security_30_a_record_for_another_hash_is_none),
        TEST(damaged_fields_are_refused),
        TEST(fields_too_many_or_too_long_are_refused),
        TEST(hostile_bytes_stay_inside_their_field),
        TEST(what_is_too_long_is_cut),
        TEST(without_room_the_buffer_has_failed),
        TEST(levels_have_their_words)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
