/*
 * The store's commands for schema, sessions, codes, enrolment, audit and the
 * server: the exact arguments of each, and what is made of right and wrong
 * answers.  Accounts and attempts have files of their own.  When this breaks,
 * keys in use are not found after an update, or an answer is misread.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/store.h"
#include "replies.h"

#define NOW   1700000000
#define HASH  "4-FngL7PYB1V5HUefXIu-R11C7DOphsb"
#define RECORD                                                                \
    "C\\09\\e3\\e1g\\80\\be\\cfuser\\05aliceA\\02\\00\\03\\00\\f1Se\\c0\\a8"        \
    "\\c0\\00\\02\\01\\00\\05agent"


static mfa_op_t       op;
static replies_t      r;
static mfa_portal_t   portal;
static mfa_session_t  session;


static int
setup(void **state)
{
    (void) state;

    mfa_op_reset(&op);
    assert_int_equal(mfa_portal_init(&portal, mfa_lit("user")), 0);
    session = (mfa_session_t) {
        mfa_lit("user"), mfa_lit("alice"), 3, MFA_LEVEL_PASSWORD, NOW,
        NOW + 43200, NOW, NOW, 0, 0, { .kind = MFA_ADDRESS_IPV4 },
        { .text = mfa_lit("agent") }
    };
    memcpy(session.address.bytes, "\xc0\0\2\1", 4);

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    replies_free();

    return 0;
}


/* The op is these commands, and its answers would be understood. */
static void
commands_are(const char *text)
{
    assert_string_equal(replies_commands(&op), text);
    replies_right(&r, &op);
}


static void
schema(void **state)
{
    size_t    i;
    mfa_at_t  at;

    static const struct {
        const char  *text;
        mfa_tri_e    answer;
    } cases[] = {
        { "1", MFA_YES }, { "2", MFA_NO }, { "0", MFA_NO }, { "-1", MFA_NO },
        { "", MFA_UNKNOWN }, { "x", MFA_UNKNOWN }, { "1x", MFA_UNKNOWN }
    };

    (void) state;

    at = mfa_store_schema(&op);
    commands_are("SET|mfa:schema|1|NX\nGET|mfa:schema\n");
    assert_int_equal(mfa_store_schema_result(&op, &r.result, at), MFA_UNKNOWN);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        *r.at[1] = a_text(MFA_REPLY_STRING, cases[i].text);
        assert_int_equal(mfa_store_schema_result(&op, &r.result, at),
                         cases[i].answer);
    }

    *r.at[1] = an_int(1);
    assert_int_equal(mfa_store_schema_result(&op, &r.result, at), MFA_UNKNOWN);
    *r.at[1] = a_text(MFA_REPLY_STATUS, "1");
    assert_int_equal(mfa_store_schema_result(&op, &r.result, at), MFA_UNKNOWN);
    *r.at[1] = a_text(MFA_REPLY_STRING, "1");
    r.result.ok = 0;
    assert_int_equal(mfa_store_schema_result(&op, &r.result, at), MFA_UNKNOWN);
}


static mfa_tri_e
decoded(mfa_at_t at, int *foreign)
{
    memset(&session, 0xaa, sizeof(session));
    *foreign = -1;

    return mfa_store_session_decode(&op, &r.result, at, &portal, mfa_lit(HASH),
                                    &session, foreign);
}


/* The session's own. */
static mfa_reply_t
a_record(void)
{
    uint8_t      room[MFA_SESSION_RECORD_MAX];
    mfa_buf_t    b;
    mfa_reply_t  reply;

    mfa_buf_init(&b, room, sizeof(room));
    mfa_session_encode(&b, &session, mfa_lit(HASH));
    assert_false(b.failed);
    reply = a_text(MFA_REPLY_STRING, "");
    reply.str = pool_bytes(room, b.len);

    return reply;
}


static void
session_is_read(void **state)
{
    int          foreign;
    mfa_at_t     at;
    mfa_reply_e  type;
    mfa_reply_t  record = a_record();

    (void) state;

    at = mfa_store_session_read(&op, mfa_lit(HASH));
    commands_are("GET|mfa:session:" HASH "\n");
    assert_int_equal(decoded(at, &foreign), MFA_NO);
    assert_int_equal(foreign, 0);

    *r.at[0] = record;
    assert_int_equal(decoded(at, &foreign), MFA_YES);
    assert_int_equal(foreign, 0);
    assert_true(mfa_str_is(session.login, "alice"));
    assert_int_equal(session.generation, 3);

    /* Another portal's, another hash's, no record at all: none, and strange. */
    portal.name = mfa_lit("admin");
    assert_int_equal(decoded(at, &foreign), MFA_NO);
    assert_int_equal(foreign, 1);
    portal.name = mfa_lit("user");
    *r.at[0] = a_text(MFA_REPLY_STRING, "nonsense");
    assert_int_equal(decoded(at, &foreign), MFA_NO);
    assert_int_equal(foreign, 1);
    *r.at[0] = record;
    assert_int_equal(mfa_store_session_decode(&op, &r.result, at, &portal,
                     mfa_lit("another"), &session, &foreign), MFA_NO);
    assert_int_equal(foreign, 1);

    for (type = MFA_REPLY_STATUS; type <= MFA_REPLY_ARRAY; type++) {
        r.at[0]->type = type;
        assert_int_equal(decoded(at, &foreign),
                         type == MFA_REPLY_STRING ? MFA_YES : MFA_UNKNOWN);
        assert_int_equal(foreign, 0);
    }

    r.at[0]->type = MFA_REPLY_STRING;
    r.result.n = 0;
    assert_int_equal(decoded(at, &foreign), MFA_UNKNOWN);
}


static void
session_is_indexed_and_written(void **state)
{
    mfa_at_t            excess;
    const mfa_reply_t  *list;

    (void) state;

    mfa_op_multi(&op);
    excess = mfa_store_session_index(&op, &portal, &session, 42,
                                     mfa_lit(HASH));
    mfa_op_exec(&op);
    mfa_store_session_write(&op, &portal, &session, mfa_lit(HASH));
    commands_are("MULTI\n"
                 "ZREMRANGEBYSCORE|mfa:{user}:sessions:alice|-inf|1699956800000000\n"
                 "ZADD|mfa:{user}:sessions:alice|1700000000000042|" HASH "\n"
                 "EXPIRE|mfa:{user}:sessions:alice|43200\n"
                 "ZRANGE|mfa:{user}:sessions:alice|0|-21\n"
                 "EXEC\n"
                 "SET|mfa:session:" HASH "|" RECORD "|EX|1800\n");

    r.at[5]->elements[3] = an_array(1);
    list = mfa_op_reply(&op, &r.result, excess);
    assert_non_null(list);
    assert_int_equal(list->n, 1);
}


/* A key lives as long as its record can be of use: idle or absolute end. */
static void
session_keys_end_with_their_records(void **state)
{
    size_t  i, n;

    static const struct {
        int64_t      expires;               /* from now */
        const char  *ttl;
    } cases[] = {
        { 1801, "1800" }, { 1799, "1799" }, { 1, "1" }, { 0, "1" },
        { -50, "1" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mfa_op_reset(&op);
        session.expires = NOW + cases[i].expires;
        mfa_store_session_write(&op, &portal, &session, mfa_lit(HASH));
        assert_true(mfa_str_is(mfa_op_command(&op, 0, &n)[4],
                               cases[i].ttl));

        mfa_op_reset(&op);
        session.expires = NOW + 100 + cases[i].expires;
        mfa_store_session_save(&op, &portal, &session, mfa_lit(HASH),
                               NOW + 100);
        assert_true(mfa_str_is(mfa_op_command(&op, 0, &n)[5], cases[i].ttl));
    }
}


static void
session_is_saved_ended_and_listed(void **state)
{
    (void) state;

    assert_int_equal(mfa_store_session_save(&op, &portal, &session,
                                            mfa_lit(HASH), NOW), 0);
    mfa_store_session_end(&op, &portal, mfa_lit("alice"), mfa_lit(HASH));
    mfa_store_session_remove(&op, mfa_lit("other"));
    mfa_store_session_unindex(&op, &portal, mfa_lit("bob"), mfa_lit("other"));
    assert_int_equal(mfa_store_session_list(&op, &portal, mfa_lit("alice")),
                     5);
    commands_are("SET|mfa:session:" HASH "|" RECORD "|XX|EX|1800\n"
                 "UNLINK|mfa:session:" HASH "\n"
                 "ZREM|mfa:{user}:sessions:alice|" HASH "\n"
                 "UNLINK|mfa:session:other\n"
                 "ZREM|mfa:{user}:sessions:bob|other\n"
                 "ZRANGE|mfa:{user}:sessions:alice|0|-1\n");
    assert_true(mfa_op_sound(&op, &r.result));
}


static void
steps_and_pending_secrets(void **state)
{
    (void) state;

    assert_int_equal(mfa_store_step_claim(&op, &portal, mfa_lit("alice"),
                                          56666666), 0);
    assert_int_equal(mfa_store_enrolment_offer(&op, mfa_lit(HASH),
                                               mfa_lit("id.sealed")), 2);
    assert_int_equal(mfa_store_enrolment_read(&op, mfa_lit(HASH)), 3);
    mfa_store_enrolment_end(&op, mfa_lit(HASH));
    commands_are("ZADD|mfa:{user}:steps|GT|CH|56666666|alice\n"
                 "SET|mfa:enrolment:" HASH "|id.sealed|NX|EX|600\n"
                 "GET|mfa:enrolment:" HASH "\n"
                 "GET|mfa:enrolment:" HASH "\n"
                 "UNLINK|mfa:enrolment:" HASH "\n");
    assert_true(mfa_op_sound(&op, &r.result));
}


static void
audit(void **state)
{
    mfa_audit_t  a;

    (void) state;

    memset(&a, 0, sizeof(a));
    a.event = "login";
    a.result = "ok";
    a.reason = "";
    a.login = mfa_lit("alice");
    mfa_store_audit(&op, &portal, &a);

    a.reason = "r";
    a.actor = mfa_lit("root");
    a.address = mfa_lit("192.0.2.1");
    a.request = mfa_lit("id\n\"");
    a.detail = mfa_lit("d|x");
    mfa_store_audit(&op, &portal, &a);

    assert_int_equal(mfa_store_audit_read(&op, &portal, mfa_lit("+"), 50), 2);
    commands_are("XADD|mfa:{user}:audit|MAXLEN|~|100000|*|event|login"
                 "|result|ok|login|alice\n"
                 "XADD|mfa:{user}:audit|MAXLEN|~|100000|*|event|login"
                 "|result|ok|reason|r|login|alice|actor|root"
                 "|address|192.0.2.1|request|id\n\"|detail|d|x\n"
                 "XREVRANGE|mfa:{user}:audit|+|-|COUNT|50\n");
}


/* 100-11 */
static void
events_are_waited_for(void **state)
{
    mfa_at_t      at;
    mfa_reply_t  *reply;

    (void) state;

    at = mfa_store_audit_wait(&op, &portal, mfa_lit("5-1"), 7, 500);
    commands_are("XREAD|COUNT|7|BLOCK|500|STREAMS|mfa:{user}:audit|5-1\n");
    reply = r.at[0];

    *reply = a_nil();
    assert_int_equal(mfa_store_audit_waited(&op, &r.result, at)->type,
                     MFA_REPLY_ARRAY);
    assert_int_equal(mfa_store_audit_waited(&op, &r.result, at)->n, 0);

    *reply = an_array(1);
    reply->elements[0] = an_array(2);
    reply->elements[0].elements[0] = a_text(MFA_REPLY_STRING, "k");
    reply->elements[0].elements[1] = an_array(3);
    assert_int_equal(mfa_store_audit_waited(&op, &r.result, at)->n, 3);

    /* Whatever else is no answer. */
    reply->elements[0].elements[1] = an_int(3);
    assert_null(mfa_store_audit_waited(&op, &r.result, at));
    reply->elements[0] = an_array(1);
    assert_null(mfa_store_audit_waited(&op, &r.result, at));
    reply->elements[0] = an_int(2);
    assert_null(mfa_store_audit_waited(&op, &r.result, at));
    *reply = an_array(2);
    assert_null(mfa_store_audit_waited(&op, &r.result, at));
    *reply = an_int(1);
    assert_null(mfa_store_audit_waited(&op, &r.result, at));
    r.result.ok = 0;
    assert_null(mfa_store_audit_waited(&op, &r.result, at));
}


static void
the_server_itself(void **state)
{
    (void) state;

    assert_int_equal(mfa_store_server_info(&op, "server"), 0);
    assert_int_equal(mfa_store_server_time(&op), 1);
    assert_int_equal(mfa_store_server_policy(&op), 2);
    commands_are("INFO|server\nTIME\nCONFIG|GET|maxmemory-policy\n");
}


/* The widest op a flow makes has to fit, with the longest of everything. */
static void
the_longest_names_fit(void **state)
{
    size_t         i;
    uint8_t        login[MFA_LOGIN_MAX], name[MFA_PORTAL_NAME_MAX], rest[128];
    mfa_str_t      text;
    mfa_audit_t    event;
    mfa_account_t  account;

    (void) state;

    memset(login, 'l', sizeof(login));
    memset(name, 'p', sizeof(name));
    memset(rest, 'x', sizeof(rest));

    assert_int_equal(mfa_portal_init(&portal, (mfa_str_t) {
                     name, sizeof(name) }), 0);
    session.portal = portal.name;
    session.login = (mfa_str_t) { login, sizeof(login) };
    text = (mfa_str_t) { rest, sizeof(rest) };
    session.address = mfa_address_of(text);
    session.agent = mfa_agent_of(text);

    memset(&account, 0, sizeof(account));
    account.login = session.login;
    account.secret_id = mfa_lit("abcdefghijk");
    event = (mfa_audit_t) {
        "event", "result", "reason", session.login, session.login,
        text, text, text, text
    };

    mfa_store_charge_clear(&op, MFA_CHARGE_CODE, &portal, session.login,
                           mfa_lit(""));
    mfa_store_charge_clear(&op, MFA_CHARGE_CODE_RUN, &portal, session.login,
                           mfa_lit(""));
    mfa_store_charge_refund(&op, MFA_CHARGE_ADDRESS, 600, &portal,
                            session.login, (mfa_str_t) { rest, 43 });
    mfa_store_known_net(&op, &portal, session.login, (mfa_str_t) { rest, 43 });
    mfa_store_session_remove(&op, mfa_lit(HASH));
    mfa_store_enrolment_end(&op, mfa_lit(HASH));
    mfa_op_multi(&op);
    mfa_store_session_unindex(&op, &portal, session.login, mfa_lit(HASH));
    mfa_store_validated_set(&op, &portal, &account);
    mfa_store_audit(&op, &portal, &event);
    mfa_store_session_index(&op, &portal, &session, 42, mfa_lit(HASH));
    mfa_op_exec(&op);
    mfa_store_session_write(&op, &portal, &session, mfa_lit(HASH));
    assert_false(op.failed);

    /* Sixteen evicted at once. */
    mfa_op_reset(&op);

    for (i = 0; i < 16; i++) {
        mfa_store_session_end(&op, &portal, session.login, mfa_lit(HASH));
    }

    assert_false(op.failed);
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup_teardown(t, setup, teardown)

    const struct CMUnitTest  tests[] = {
        TEST(schema),
        TEST(session_is_read),
        TEST(session_is_indexed_and_written),
        TEST(session_keys_end_with_their_records),
        TEST(session_is_saved_ended_and_listed),
        TEST(steps_and_pending_secrets),
        TEST(audit),
        TEST(events_are_waited_for),
        TEST(the_server_itself),
        TEST(the_longest_names_fit)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
