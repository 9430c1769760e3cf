/*
 * Flows of one question: how the store is (flow_health.c) and one whole account
 * (flow_account.c); what a password's answer is worth (first.c); and the words of
 * pages (page.c).  Broken, a store that answers nonsense is called well, an
 * account that could not be read is called absent, or a dummy hash lets somebody
 * in.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/first.h"
#include "core/flow_account.h"
#include "core/flow_health.h"
#include "core/page.h"
#include "store_script.h"

#define NOW  1000000

static script_t      script;
static mfa_portal_t  portal;


static int
set_up(void **state)
{
    (void) state;
    memset(&script, 0, sizeof(script));

    return mfa_portal_init(&portal, mfa_lit("user"));
}


/* --- flow health --- */

static mfa_outcome_e
health(mfa_flow_health_t *flow, mfa_reply_t reply, int ok)
{
    size_t              len;
    mfa_result_t        result;
    const mfa_reply_t  *replies[1] = { &reply };

    mfa_flow_health_init(flow);
    flow->flow.env.now = NOW;
    flow->flow.env.usec = 250000;

    assert_int_equal(flow->flow.run(&flow->flow, NULL), MFA_FLOW_STORE);
    assert_int_equal(flow->flow.op.n, 1);
    assert_true(mfa_str_is(mfa_op_command(&flow->flow.op, 0, &len)[0], "TIME"));

    memset(&result, 0, sizeof(result));
    result.ok = ok;
    result.n = 1;
    result.replies = replies;
    assert_int_equal(flow->flow.run(&flow->flow, &result), MFA_FLOW_DONE);

    return flow->flow.outcome;
}


static mfa_reply_t
time_of(mfa_reply_t *parts, const char *sec, const char *usec)
{
    mfa_reply_t  reply;

    parts[0] = script_text(MFA_REPLY_STRING, sec);
    parts[1] = script_text(MFA_REPLY_STRING, usec);
    reply = script_text(MFA_REPLY_ARRAY, NULL);
    reply.elements = parts;
    reply.n = 2;

    return reply;
}


static void
health_says_how_far_the_clocks_are_apart(void **state)
{
    mfa_reply_t        parts[2];
    mfa_flow_health_t  flow;

    (void) state;
    assert_int_equal(health(&flow, time_of(parts, "1000000", "250000"), 1),
                     MFA_OUTCOME_DONE);
    assert_int_equal(flow.skew_usec, 0);
    assert_int_equal(health(&flow, time_of(parts, "1000002", "0"), 1),
                     MFA_OUTCOME_DONE);
    assert_int_equal(flow.skew_usec, 1750000);
    assert_int_equal(health(&flow, time_of(parts, "999999", "999999"), 1),
                     MFA_OUTCOME_DONE);
    assert_int_equal(flow.skew_usec, -250001);
}


static void
security_56_a_store_that_answers_nonsense_is_not_well(void **state)
{
    size_t             i;
    mfa_reply_t        parts[2], reply;
    mfa_flow_health_t  flow;

    static const char *const  bad[][2] = {
        { "", "0" }, { "x", "0" }, { "1000000", "" }, { "1000000", "1000000" },
        { "1000000", "-1" }, { "-1", "0" }, { "99999999999999", "0" },
    };

    (void) state;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(health(&flow, time_of(parts, bad[i][0], bad[i][1]), 1),
                         MFA_OUTCOME_UNAVAILABLE);
    }

    assert_int_equal(health(&flow, time_of(parts, "1000000", "0"), 0),
                     MFA_OUTCOME_UNAVAILABLE);

    reply = time_of(parts, "1000000", "0");
    reply.n = 1;
    assert_int_equal(health(&flow, reply, 1), MFA_OUTCOME_UNAVAILABLE);
    assert_int_equal(health(&flow, script_int(1000000), 1),
                     MFA_OUTCOME_UNAVAILABLE);
    assert_int_equal(health(&flow, script_text(MFA_REPLY_ERROR, "ERR"), 1),
                     MFA_OUTCOME_UNAVAILABLE);
    reply = time_of(parts, "1000000", "0");
    parts[1] = script_int(0);
    assert_int_equal(health(&flow, reply, 1), MFA_OUTCOME_UNAVAILABLE);
}


/* --- flow account --- */

static mfa_outcome_e
account(mfa_flow_account_t *flow, int ok, int nonsense)
{
    mfa_result_t  result;

    mfa_flow_account_init(flow);
    flow->login = mfa_lit("alice");
    flow->flow.env.portal = &portal;

    assert_int_equal(flow->flow.run(&flow->flow, NULL), MFA_FLOW_STORE);
    result = script_answer(&script, &flow->flow.op);
    result.ok = ok;

    if (nonsense) {
        script.replies[0] = script_int(1);
    }

    assert_int_equal(flow->flow.run(&flow->flow, &result), MFA_FLOW_DONE);

    return flow->flow.outcome;
}


static void
an_account_is_there_or_not_or_could_not_be_read(void **state)
{
    mfa_flow_account_t  flow;

    (void) state;
    assert_int_equal(account(&flow, 1, 0), MFA_OUTCOME_ABSENT);

    script.account[MFA_ACCOUNT_CREATED] = "500";
    script.account[MFA_ACCOUNT_WIDGET] = "off";
    assert_int_equal(account(&flow, 1, 0), MFA_OUTCOME_DONE);
    assert_true(mfa_str_is(flow.account.login, "alice"));
    assert_true(flow.account.widget_off);

    assert_int_equal(account(&flow, 0, 0), MFA_OUTCOME_UNAVAILABLE);
    assert_int_equal(account(&flow, 1, 1), MFA_OUTCOME_UNAVAILABLE);
}


/* --- the first factor --- */

/* Whatever a driver says of it: what was hashed for nobody is never right. */
static void
security_5_a_dummy_is_never_right(void **state)
{
    mfa_flow_t    flow;
    mfa_result_t  result;
    const char   *reason;
    mfa_account_t  alice;

    (void) state;
    memset(&flow, 0, sizeof(flow));
    memset(&result, 0, sizeof(result));
    memset(&alice, 0, sizeof(alice));
    alice.login = mfa_lit("alice");
    alice.password = mfa_lit("$y$j9T$aaaaaaaaaaaaaaaaaaaaaa$"
                             "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    flow.env.portal = &portal;
    result.hash = MFA_YES;
    reason = "";

    /* nobody, somebody disabled, somebody without a password */
    assert_int_equal(mfa_first_ask(&flow, mfa_lit("eve"), mfa_lit("secret"),
                                   NULL, &reason), MFA_FLOW_HASH);
    assert_int_equal(flow.hash.setting.len, 0);
    assert_int_equal(mfa_first_answer(&flow, &result), MFA_NO);

    alice.disabled = 1;
    mfa_first_ask(&flow, alice.login, mfa_lit("secret"), &alice, &reason);
    assert_int_equal(mfa_first_answer(&flow, &result), MFA_NO);
    alice.disabled = 0;

    mfa_first_ask(&flow, alice.login, mfa_lit("secret"), &alice, &reason);
    assert_int_equal(mfa_first_answer(&flow, &result), MFA_YES);

    /* an empty password */
    mfa_first_ask(&flow, alice.login, mfa_lit(""), &alice, &reason);
    assert_int_equal(mfa_first_answer(&flow, &result), MFA_NO);

    alice.password = mfa_lit("");
    mfa_first_ask(&flow, alice.login, mfa_lit("secret"), &alice, &reason);
    assert_int_equal(mfa_first_answer(&flow, &result), MFA_NO);

    /* and nobody knows is nobody knows */
    result.hash = MFA_NO;
    assert_int_equal(mfa_first_answer(&flow, &result), MFA_NO);
    result.hash = MFA_UNKNOWN;
    assert_int_equal(mfa_first_answer(&flow, &result), MFA_UNKNOWN);
}


static void
where_nginx_says_who_it_is_no_password_is_asked(void **state)
{
    mfa_flow_t   flow;
    const char  *reason;

    (void) state;
    memset(&flow, 0, sizeof(flow));
    flow.env.portal = &portal;
    portal.first = MFA_FIRST_IDENTITY;
    reason = NULL;
    assert_int_equal(mfa_first_ask(&flow, mfa_lit("alice"), mfa_lit("secret"),
                                   NULL, &reason), MFA_FLOW_DONE);
    assert_non_null(reason);

    portal.first = MFA_FIRST_REQUEST;
    reason = NULL;
    assert_int_equal(mfa_first_ask(&flow, mfa_lit("alice"), mfa_lit(""), NULL,
                                   &reason), MFA_FLOW_DONE);
    assert_non_null(reason);
}


/* --- words --- */

static void
words_are_found_by_their_whole_name(void **state)
{
    (void) state;
    assert_int_equal(mfa_word_find("key", "enrolled"), MFA_WORD_KEY_ENROLLED);
    assert_int_equal(mfa_word_find("role", "help_desk"),
                     MFA_WORD_ROLE_HELP_DESK);
    assert_int_equal(mfa_word_find("role", "command_runner"),
                     MFA_WORD_ROLE_COMMAND_RUNNER);
    assert_int_equal(mfa_word_find("role", "command_runner_with_billing"),
                     MFA_WORD_ROLE_COMMAND_RUNNER_WITH_BILLING);
    assert_int_equal(mfa_word_find("done", "end-sessions"),
                     MFA_WORD_DONE_END_SESSIONS);

    assert_int_equal(mfa_word_find("role", "command"), -1);
    assert_int_equal(mfa_word_find("role", "command_runner_"), -1);
    assert_int_equal(mfa_word_find("rol", "manager"), -1);
    assert_int_equal(mfa_word_find("role-help", "desk"),
                     MFA_WORD_ROLE_HELP_DESK);
    assert_int_equal(mfa_word_find("key", "Enrolled"), -1);
    assert_int_equal(mfa_word_find("key", ""), -1);
    assert_int_equal(mfa_word_find("", ""), -1);
    assert_int_equal(mfa_word_find("done", "<b>"), -1);
}


#define CASE(f)  cmocka_unit_test_setup(f, set_up)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        CASE(health_says_how_far_the_clocks_are_apart),
        CASE(security_56_a_store_that_answers_nonsense_is_not_well),
        CASE(an_account_is_there_or_not_or_could_not_be_read),
        CASE(security_5_a_dummy_is_never_right),
        CASE(where_nginx_says_who_it_is_no_password_is_asked),
        CASE(words_are_found_by_their_whole_name),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("flow_small", tests, NULL, NULL);
}
