/*
 * The session record: there and back, cut and lengthened, every bit and every
 * byte damaged, made for another session, of another format, at the ends of all
 * ranges, and with whatever a client sends as its address or agent.  When this
 * breaks, a record that is not whole, or not this session's, lets somebody in
 * (security 30).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/portal.h"
#include "core/reply.h"
#include "core/session.h"
#include "exact_pool.h"

#define HASH   "4-FngL7PYB1V5HUefXIu-R11C7DOphsb"
#define OTHER  "4-FngL7QYB1V5HUefXIu-R11C7DOphsb"      /* in the 8th character */

/* Where what is in the sample's record. */
#define HASHED "\xe3\xe1g\x80\xbe\xcf"
#define HEAD   "\x43\x2e" HASHED
#define NAMES  "user\x05" "alice"
#define SIZES  "\x41\x12\x11"
#define TIMES  SIZES "\x07" "\x00\xf1\x53\x65" "\xc0\xa8" "\x3c" "\x01" "\x1e"
#define TAIL   "\xc0\x00\x02\x01\x00\x09Mozilla/5"
#define RECORD HEAD NAMES TIMES TAIL


static const mfa_session_t  sample = {
    mfa_lit("user"), mfa_lit("alice"), 7, MFA_LEVEL_MFA, 1700000000,
    1700043200, 1700000060, 1700000001, 1700000030, 1,
    { .kind = MFA_ADDRESS_IPV4, .bytes = { 192, 0, 2, 1 } },
    { .text = mfa_lit("Mozilla/5") }
};

static uint8_t  room[MFA_SESSION_RECORD_MAX];


static int
teardown(void **state)
{
    (void) state;
    pool_free();

    return 0;
}


static mfa_str_t
encoded(const mfa_session_t *session)
{
    mfa_buf_t  b;

    mfa_buf_init(&b, room, sizeof(room));
    mfa_session_encode(&b, session, mfa_lit(HASH));
    assert_false(b.failed);

    return mfa_buf_since(&b, 0);
}


/* The record must be refused, and nothing of it may stay. */
static void
is_refused(mfa_str_t record, mfa_str_t hash)
{
    mfa_session_t  session, zero;

    memset(&session, 0xaa, sizeof(session));
    memset(&zero, 0, sizeof(zero));
    assert_int_equal(mfa_session_decode(&session, pool_bytes(record.data,
                     record.len), hash), -1);
    assert_int_equal(session.level, MFA_LEVEL_NONE);
    assert_memory_equal(&session, &zero, sizeof(zero));
}


static void
is_same(const mfa_session_t *a, const mfa_session_t *b)
{
    assert_true(mfa_str_eq(a->portal, b->portal));
    assert_true(mfa_str_eq(a->login, b->login));
    assert_int_equal(a->generation, b->generation);
    assert_int_equal(a->level, b->level);
    assert_int_equal(a->created, b->created);
    assert_int_equal(a->expires, b->expires);
    assert_int_equal(a->seen, b->seen);
    assert_int_equal(a->password_at, b->password_at);
    assert_int_equal(a->code_at, b->code_at);
    assert_int_equal(a->later, b->later);
    assert_int_equal(a->address.kind, b->address.kind);
    assert_memory_equal(a->address.bytes, b->address.bytes, 16);
    assert_true(mfa_str_eq(a->address.text, b->address.text));
    assert_int_equal(a->agent.code, b->agent.code);
    assert_true(mfa_str_eq(a->agent.text, b->agent.text));
}


static void
comes_back(const mfa_session_t *session)
{
    mfa_session_t  back;

    assert_int_equal(mfa_session_decode(&back, encoded(session),
                                        mfa_lit(HASH)), 0);
    is_same(&back, session);
}


/* Either it is refused, or it is exactly what its session is written as; and
   then no level is in it that was not. */
static int
is_refused_or_the_only_one(mfa_str_t record, mfa_level_e at_most)
{
    uint8_t        again[MFA_SESSION_RECORD_MAX];
    mfa_buf_t      b;
    mfa_session_t  session;

    record = pool_bytes(record.data, record.len);

    if (mfa_session_decode(&session, record, mfa_lit(HASH)) != 0) {
        assert_int_equal(session.level, MFA_LEVEL_NONE);
        return 0;
    }

    assert_in_range(session.level, MFA_LEVEL_PASSWORD, at_most);
    mfa_buf_init(&b, again, sizeof(again));
    mfa_session_encode(&b, &session, mfa_lit(HASH));
    assert_false(b.failed);
    assert_true(mfa_str_eq(mfa_buf_since(&b, 0), record));

    return 1;
}


/* The bytes are a contract with what other versions wrote. */
static void
there_and_back(void **state)
{
    mfa_buf_t      b;
    mfa_session_t  session;

    (void) state;

    b = pool_buf(sizeof(RECORD) - 1);
    mfa_session_encode(&b, &sample, mfa_lit(HASH));
    assert_false(b.failed);
    assert_true(mfa_str_eq(mfa_buf_since(&b, 0), mfa_lit(RECORD)));
    assert_int_equal(mfa_session_decode(&session, mfa_buf_since(&b, 0),
                                        mfa_lit(HASH)), 0);
    is_same(&session, &sample);
}


static void
a_record_cut_or_lengthened_is_none(void **state)
{
    int        c;
    size_t     len;
    uint8_t    longer[sizeof(RECORD)];
    mfa_str_t  record = mfa_lit(RECORD);

    (void) state;

    for (len = 0; len < record.len; len++) {
        is_refused((mfa_str_t) { record.data, len }, mfa_lit(HASH));
        is_refused((mfa_str_t) { record.data + len, record.len - len - (len == 0)
                   }, mfa_lit(HASH));
    }

    is_refused((mfa_str_t) { NULL, 0 }, mfa_lit(HASH));
    memcpy(longer, record.data, record.len);

    for (c = 0; c < 256; c++) {
        longer[record.len] = (uint8_t) c;
        is_refused((mfa_str_t) { longer, record.len + 1 }, mfa_lit(HASH));
    }

    is_refused(mfa_lit(RECORD RECORD), mfa_lit(HASH));
}


/* security 30 */
static void
security_30_a_record_for_another_hash_is_none(void **state)
{
    (void) state;

    is_refused(mfa_lit(RECORD), mfa_lit(OTHER));
    is_refused(mfa_lit(RECORD), mfa_lit(""));
    is_refused(mfa_lit(RECORD), (mfa_str_t) { (const uint8_t *) HASH, 31 });
    is_refused(mfa_lit(RECORD), mfa_lit(HASH "A"));
    is_refused(mfa_lit(RECORD), mfa_lit("!-FngL7PYB1V5HUefXIu-R11C7DOphsb"));
}


/* Both levels differ in two bits: one that flips makes a session of no other. */
static void
a_bit_that_flips_raises_no_level(void **state)
{
    size_t         bit, taken;
    uint8_t        bytes[MFA_SESSION_RECORD_MAX];
    mfa_str_t      record;
    mfa_level_e    level;
    mfa_session_t  session = sample;

    (void) state;

    for (level = MFA_LEVEL_PASSWORD; level <= MFA_LEVEL_MFA; level++) {
        session.level = level;
        record = encoded(&session);
        memcpy(bytes, record.data, record.len);
        taken = 0;

        for (bit = 0; bit < record.len * 8; bit++) {
            bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
            taken += (size_t) is_refused_or_the_only_one(
                         (mfa_str_t) { bytes, record.len }, level);
            bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
        }

        /* Names, numbers and texts are not guarded, nor need be. */
        assert_in_range(taken, 1, record.len * 8 - 1);
    }
}


static void
any_other_byte_makes_another_session_or_none(void **state)
{
    int        c;
    size_t     i;
    uint8_t    bytes[sizeof(RECORD)];
    mfa_str_t  record = mfa_lit(RECORD);

    (void) state;

    for (i = 0; i < record.len; i++) {
        memcpy(bytes, RECORD, sizeof(RECORD));

        for (c = 0; c < 256; c++) {
            bytes[i] = (uint8_t) c;

            /* Format, portal's length and hash allow no other. */
            assert_true(!is_refused_or_the_only_one(
                            (mfa_str_t) { bytes, record.len }, MFA_LEVEL_MFA)
                        || i == 1 || i >= sizeof(HEAD) - 1
                        || bytes[i] == record.data[i]);
        }

        pool_free();
    }
}


#define IS_REFUSED(record)  is_refused(mfa_lit(record), mfa_lit(HASH))

static void
damaged_fields_are_refused(void **state)
{
    (void) state;

    /* Formats. */
    IS_REFUSED("\x23\x2e" HASHED NAMES TIMES TAIL);
    IS_REFUSED("\x63\x2e" HASHED NAMES TIMES TAIL);
    IS_REFUSED("1\t4-FngL7PYB1V\tuser\talice\t7\t2\t1700000000\t1700043200");

    /* Levels 0 and 3, an address of kind 3, bits that mean nothing. */
    IS_REFUSED("\x43\x2c" HASHED NAMES TIMES TAIL);
    IS_REFUSED("\x43\x2f" HASHED NAMES TIMES TAIL);
    IS_REFUSED("\x43\x3e" HASHED NAMES TIMES TAIL);
    IS_REFUSED("\x43\x6e" HASHED NAMES TIMES TAIL);
    IS_REFUSED("\x43\xae" HASHED NAMES TIMES TAIL);

    /* Login. */
    IS_REFUSED(HEAD "user\x00" TIMES TAIL);
    IS_REFUSED(HEAD "user\x05" "Alice" TIMES TAIL);
    IS_REFUSED(HEAD "user\x05" "al\0ce" TIMES TAIL);
    IS_REFUSED(HEAD "user\x06" "alice" TIMES TAIL);

    /* Numbers: a second way to write one, 2^53 + 1, -7, -0. */
    IS_REFUSED(HEAD NAMES "\x42\x12\x11" "\x07\x00" "\x00\xf1\x53\x65"
               "\xc0\xa8\x3c\x01\x1e" TAIL);
    IS_REFUSED(HEAD NAMES "\x47\x12\x11" "\x01\x00\x00\x00\x00\x00\x20"
               "\x00\xf1\x53\x65" "\xc0\xa8\x3c\x01\x1e" TAIL);
    IS_REFUSED(HEAD NAMES "\x49\x12\x11" "\x07" "\x00\xf1\x53\x65"
               "\xc0\xa8\x3c\x01\x1e" TAIL);
    IS_REFUSED(HEAD NAMES "\x48\x12\x11" "\x00\xf1\x53\x65"
               "\xc0\xa8\x3c\x01\x1e" TAIL);
    IS_REFUSED(HEAD NAMES "\x41\x82\x11" "\x07" "\x00\xf1\x53\x65"
               "\xc0\xa8\x01\x1e" TAIL);

    /* Times before 1970. */
    IS_REFUSED(HEAD NAMES "\x11\x19\x11" "\x07\x01\x02\x01\x01\x01" TAIL);
    IS_REFUSED(HEAD NAMES "\x11\x91\x11" "\x07\x01\x01\x02\x01\x01" TAIL);
    IS_REFUSED(HEAD NAMES "\x11\x11\x19" "\x07\x01\x01\x01\x02\x01" TAIL);
    IS_REFUSED(HEAD NAMES "\x11\x11\x91" "\x07\x01\x01\x01\x01\x02" TAIL);

    /* A code at 0, which is none; and none, with a distance. */
    IS_REFUSED(HEAD NAMES "\x11\x11\x91" "\x07\x01\x01\x01\x01\x01" TAIL);
    IS_REFUSED("\x43\x0e" HASHED NAMES TIMES TAIL);

    /* Agents: no such browser, no such system, too long, not printable. */
    IS_REFUSED(HEAD NAMES TIMES "\xc0\x00\x02\x01\xf0");
    IS_REFUSED(HEAD NAMES TIMES "\xc0\x00\x02\x01\x4f");
    IS_REFUSED(HEAD NAMES TIMES "\xc0\x00\x02\x01\x00\x29"
               "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    IS_REFUSED(HEAD NAMES TIMES "\xc0\x00\x02\x01\x00\x01\x1f");
    IS_REFUSED(HEAD NAMES TIMES "\xc0\x00\x02\x01\x00\x01\x7f");
}


/* What has no record: a session that would not be read back. */
static void
no_record_is_made_that_would_be_refused(void **state)
{
    size_t         i;
    mfa_buf_t      b;
    mfa_session_t  session;

    static const int64_t  wrong[] = { -1, MFA_NUMBER_MAX + 1, INT64_MAX,
                                      INT64_MIN };

    (void) state;

    for (i = 0; i < 12 + 6 * 4; i++) {
        session = sample;

        switch (i) {
        case 0:  session.portal.len = 0;                          break;
        case 1:  session.login = mfa_lit("Alice");                break;
        case 2:  session.login.len = 0;                           break;
        case 3:  session.level = MFA_LEVEL_NONE;                  break;
        case 4:  session.level = (mfa_level_e) 3;                 break;
        case 5:  session.agent.code = 0xf0;                       break;
        case 6:  session.portal = mfa_lit("ppppppppppppppppppppppppppppppppp");
                 break;
        default: break;
        }

        if (i >= 12) {
            *(int64_t *[]) { &session.generation, &session.created,
                             &session.expires, &session.seen,
                             &session.password_at, &session.code_at
                           }[(i - 12) / 4] = wrong[i % 4];
        } else if (i > 6) {
            continue;
        }

        mfa_buf_init(&b, room, sizeof(room));
        mfa_session_encode(&b, &session, mfa_lit(HASH));
        assert_true(b.failed);
        assert_int_equal(b.len, 0);
    }

    mfa_buf_init(&b, room, sizeof(room));
    mfa_session_encode(&b, &sample, mfa_lit("another"));
    assert_true(b.failed);
}


static void
numbers_come_back_at_the_ends_of_their_ranges(void **state)
{
    size_t         i, j;
    mfa_session_t  session;

    static const int64_t  ends[] = {
        0, 1, 62, 63, 64, 65, 127, 128, 16383, 16384, 1700000000,
        1700000000 - 3600, MFA_NUMBER_MAX - 1, MFA_NUMBER_MAX
    };

    (void) state;

    for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        for (j = 0; j < sizeof(ends) / sizeof(ends[0]); j++) {
            session = sample;
            session.created = ends[i];
            session.generation = ends[j];
            session.expires = ends[j];
            session.seen = ends[j];
            session.password_at = ends[j];
            session.code_at = ends[j];
            session.later = (int) (j & 1);
            comes_back(&session);
        }
    }
}


/* A small generator, the same on every machine. */
static uint64_t  seed;

static uint64_t
next_number(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;

    return seed;
}


static int64_t
some_time(void)
{
    return (int64_t) (next_number() >> (11 + next_number() % 53))
           % (MFA_NUMBER_MAX + 1);
}


static void
any_session_comes_back(void **state)
{
    int            i;
    size_t         k;
    uint8_t        login[MFA_LOGIN_MAX], text[MFA_ADDRESS_MAX], *p;
    mfa_str_t      record;
    mfa_session_t  session;

    (void) state;

    seed = 1;

    for (i = 0; i < 20000; i++) {
        memset(&session, 0, sizeof(session));
        session.portal = (mfa_str_t) { (const uint8_t *)
            "abcdefghijklmnopqrstuvwxyz012345", 1 + next_number() % 32 };

        for (k = 0; k < sizeof(login); k++) {
            login[k] = "abcxyz019._@+-"[next_number() % (k ? 14 : 9)];
        }

        for (k = 0; k < sizeof(text); k++) {
            text[k] = (uint8_t) (0x20 + next_number() % 95);
        }

        session.login = (mfa_str_t) { login, 1 + next_number() % sizeof(login) };
        session.level = (mfa_level_e) (1 + next_number() % 2);
        session.generation = some_time();
        session.created = some_time();
        session.expires = some_time();
        session.seen = some_time();
        session.password_at = some_time();
        session.code_at = next_number() % 3 ? some_time() : 0;
        session.later = (int) (next_number() % 2);
        session.address.kind = (mfa_address_e) (next_number() % 3);

        if (session.address.kind == MFA_ADDRESS_TEXT) {
            session.address.text = (mfa_str_t) { text, next_number() % 65 };
        }

        for (k = 0, p = session.address.bytes; session.address.kind
                                               && k < 16; k++)
        {
            p[k] = session.address.kind == MFA_ADDRESS_IPV6 || k < 4
                   ? (uint8_t) next_number() : 0;
        }

        do {
            session.agent.code = (uint8_t) (next_number() % 256);
        } while (session.agent.code
                 && !mfa_agent_code_check(session.agent.code));

        if (session.agent.code == 0) {
            session.agent.text = (mfa_str_t) { text, next_number() % 41 };
        }

        comes_back(&session);

        /* And with one byte changed it is another, or none. */
        record = encoded(&session);
        room[next_number() % record.len] ^= (uint8_t) (1 + next_number() % 255);
        (void) is_refused_or_the_only_one(record, MFA_LEVEL_MFA);
        pool_free();
    }
}


/* What a client chooses: every byte, in address and agent. */
static void
hostile_bytes_stay_inside_their_field(void **state)
{
    int            c;
    char           bytes[4];
    mfa_session_t  session, back;

    (void) state;

    for (c = 0; c < 256; c++) {
        bytes[0] = 'a';
        bytes[1] = (char) c;
        bytes[2] = (char) c;
        bytes[3] = 'b';
        session = sample;
        session.address = mfa_address_of(pool_bytes(bytes, 4));
        session.agent = mfa_agent_of(session.address.text);

        assert_int_equal(mfa_session_decode(&back, encoded(&session),
                                            mfa_lit(HASH)), 0);

        if (c < 0x20 || c > 0x7e) {
            assert_true(mfa_str_is(back.address.text, "a?" "?b"));
            assert_true(mfa_str_is(back.agent.text, "a?" "?b"));
        } else {
            assert_true(mfa_str_eq(back.address.text, session.address.text));
            assert_true(mfa_str_eq(back.agent.text, session.agent.text));
        }

        back.address = sample.address;
        back.agent = sample.agent;
        is_same(&back, &sample);
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
    mfa_session_t  session, back;

    (void) state;

    session = sample;
    session.portal = many(MFA_PORTAL_NAME_MAX);
    session.login = many(MFA_LOGIN_MAX);
    session.address = mfa_address_of(many(4096));
    session.agent = mfa_agent_of(many(4096));
    session.generation = session.expires = session.seen = session.password_at
        = session.code_at = MFA_NUMBER_MAX;
    session.created = 0;

    assert_int_equal(mfa_session_decode(&back, encoded(&session),
                                        mfa_lit(HASH)), 0);
    assert_int_equal(back.address.text.len, MFA_ADDRESS_MAX);
    assert_int_equal(back.agent.text.len, MFA_AGENT_SHORT_MAX);
    assert_int_equal(back.expires, MFA_NUMBER_MAX);

    session.address.text.len = 0;
    session.agent.text = (mfa_str_t) { NULL, 0 };
    comes_back(&session);

    /* Whatever is longer than any can be is none. */
    is_refused(many(MFA_SESSION_RECORD_MAX + 1), mfa_lit(HASH));
}


/* Without room there is no record, not half of one that looks like one. */
static void
without_room_the_buffer_has_failed(void **state)
{
    size_t     cap;
    mfa_buf_t  b;

    (void) state;

    for (cap = 0; cap < sizeof(RECORD) - 1; cap++) {
        b = pool_buf(cap);
        mfa_session_encode(&b, &sample, mfa_lit(HASH));
        assert_true(b.failed);
    }
}


static void
levels_have_their_words(void **state)
{
    (void) state;

    assert_true(mfa_str_is(mfa_level_name(MFA_LEVEL_NONE), "none"));
    assert_true(mfa_str_is(mfa_level_name(MFA_LEVEL_PASSWORD), "password"));
    assert_true(mfa_str_is(mfa_level_name(MFA_LEVEL_MFA), "mfa"));
    assert_true(mfa_str_is(mfa_level_name((mfa_level_e) 9), "none"));
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_teardown(t, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(there_and_back),
        TEST(a_record_cut_or_lengthened_is_none),
        TEST(security_30_a_record_for_another_hash_is_none),
        TEST(a_bit_that_flips_raises_no_level),
        TEST(any_other_byte_makes_another_session_or_none),
        TEST(damaged_fields_are_refused),
        TEST(no_record_is_made_that_would_be_refused),
        TEST(numbers_come_back_at_the_ends_of_their_ranges),
        TEST(any_session_comes_back),
        TEST(hostile_bytes_stay_inside_their_field),
        TEST(what_is_too_long_is_cut),
        TEST(without_room_the_buffer_has_failed),
        TEST(levels_have_their_words)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
