/*
 * Flow rehash: what becomes of a password record of an older kind.  When this
 * breaks, an imported weak hash stays for ever, or a password that was changed
 * meanwhile comes back.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/flow_rehash.h"
#include "admin_stage.h"

#define OLD  "$6$salt$aaaa"


static mfa_flow_rehash_t  rehash;


static mfa_flow_e
hash_made(mfa_tri_e answer, const char *text)
{
    mfa_flow_t    *flow;
    mfa_result_t   result;

    script.account[MFA_ACCOUNT_PASSWORD] = OLD;

    mfa_flow_rehash_init(&rehash);
    rehash.password = mfa_lit("correct horse");
    rehash.admin.login = mfa_lit("alice");
    rehash.admin.hashed = mfa_lit(OLD);

    flow = &rehash.admin.flow;
    flow->env.now = NOW;
    flow->env.portal = &portal;

    assert_int_equal(flow->run(flow, NULL), MFA_FLOW_HASH);
    assert_int_equal(flow->hash.make, 1);
    assert_true(mfa_str_is(flow->hash.password, "correct horse"));

    memset(&result, 0, sizeof(result));
    result.hash = answer;
    result.text = mfa_str_from(text);

    return flow->run(flow, &result);
}


/* The rest on the scripted store; sent holds the last operation. */
static mfa_outcome_e
run_on(char *sent, size_t size)
{
    mfa_flow_t    *flow;
    mfa_flow_e     asked;
    mfa_result_t   result;

    flow = &rehash.admin.flow;

    do {
        script_write(&flow->op, sent, size);
        result = script_answer(&script, &flow->op);
        script_follow(&script, &flow->op, &result);
        asked = flow->run(flow, &result);
    } while (asked == MFA_FLOW_STORE);

    assert_int_equal(asked, MFA_FLOW_DONE);

    return flow->outcome;
}


static void
security_1_an_old_record_becomes_a_new_one(void **state)
{
    char  sent[4096];

    (void) state;
    account_of("500", NULL, NULL);

    assert_int_equal(hash_made(MFA_YES, HASH), MFA_FLOW_STORE);
    assert_int_equal(run_on(sent, sizeof(sent)), MFA_OUTCOME_DONE);
    assert_non_null(strstr(sent, "HSET mfa:{user}:account:alice password " HASH
                                 "\n"));
    assert_non_null(strstr(sent, "event rehash result ok login alice"));
    assert_null(strstr(sent, "generation 1"));
}


static void
a_password_set_meanwhile_stays(void **state)
{
    char  sent[4096];

    (void) state;
    account_of("500", NULL, NULL);

    assert_int_equal(hash_made(MFA_YES, HASH), MFA_FLOW_STORE);
    script.account[MFA_ACCOUNT_PASSWORD] = "$6$salt$bbbb";
    assert_int_equal(run_on(sent, sizeof(sent)), MFA_OUTCOME_DONE);
    assert_string_equal(sent, "UNWATCH\n");
}


static void
what_is_no_hash_is_not_stored(void **state)
{
    char  long_hash[MFA_HASH_TEXT_MAX + 1];

    (void) state;
    account_of("500", NULL, NULL);
    memset(long_hash, 'a', sizeof(long_hash) - 1);
    memcpy(long_hash, "$y$", 3);
    long_hash[sizeof(long_hash) - 1] = '\0';

    assert_int_equal(hash_made(MFA_UNKNOWN, HASH), MFA_FLOW_DONE);
    assert_int_equal(rehash.admin.flow.outcome, MFA_OUTCOME_UNAVAILABLE);
    assert_int_equal(hash_made(MFA_NO, HASH), MFA_FLOW_DONE);
    assert_int_equal(hash_made(MFA_YES, ""), MFA_FLOW_DONE);
    assert_int_equal(hash_made(MFA_YES, "*0"), MFA_FLOW_DONE);
    assert_int_equal(hash_made(MFA_YES, OLD), MFA_FLOW_DONE);
    assert_int_equal(hash_made(MFA_YES, long_hash), MFA_FLOW_DONE);
    assert_int_equal(rehash.admin.flow.outcome, MFA_OUTCOME_REFUSED);
}


int
main(void)
{
    #define TEST(t)  cmocka_unit_test_setup(t, set_up)

    const struct CMUnitTest  tests[] = {
        TEST(security_1_an_old_record_becomes_a_new_one),
        TEST(a_password_set_meanwhile_stays),
        TEST(what_is_no_hash_is_not_stored),
    };

    return cmocka_run_group_tests_name("flow_rehash", tests, NULL, NULL);
}
