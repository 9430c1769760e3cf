/*
 * The verdict table of policy.c against an oracle of its own: nested ifs
 * written from the table in words, over every combination of rule, store,
 * session, account, requirement, deadline and freshness.  The oracle works on
 * what a situation is called, the policy on times and fields, so a wrong
 * boundary shows as well as a wrong row.  When this breaks, the wrong people
 * pass.
 *
 * Two readings of that table are deliberate: with R = always an enrolment can
 * never be put off, and an account that only R = always asks has no deadline,
 * whatever its field says.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/policy.h"

#define NOW       1800000000LL
#define IDLE      1800
#define ABSOLUTE  43200
#define HALF      600
#define FRESH     300
#define SINCE     (NOW - 1000000)


/* One situation, in words; the enumerators are all there are of a kind. */

enum { ACCOUNT_ABSENT, ACCOUNT_DISABLED, ACCOUNT_AT_ODDS, ACCOUNT_SOUND,
       ACCOUNTS };
enum { PORTAL_ACCOUNT, PORTAL_ALL, PORTAL_SINCE_OLDER, PORTAL_SINCE_NEWER,
       PORTALS };
enum { DEADLINE_NEVER, DEADLINE_AT_ONCE, DEADLINE_TO_COME, DEADLINE_OVER,
       DEADLINES };
enum { FRESH_ANY, FRESH_KEPT, FRESH_OVER, FRESHES };

typedef struct {
    mfa_tri_e    store;
    int          session;                   /* there is one */
    mfa_level_e  level;
    int          expired;                   /* past its own end */
    int          too_old;                   /* past the portal's absolute */
    int          idle;
    int          half_over;                 /* password too long ago */
    int          generation;                /* differs */
    int          later;
    int          account;
    int          enrolled;
    int          validated;
    int          required;                  /* by the account itself */
    int          portal;
    int          deadline;
    int          fresh;
    mfa_rule_e   rule;
} situation_t;


static mfa_verdict_e
oracle_without_factor(const situation_t *s)
{
    int  required;

    if (s->rule == MFA_RULE_VALIDATED) {
        return MFA_VERDICT_ALLOW;
    }

    required = s->required || s->portal == PORTAL_ALL
               || s->portal == PORTAL_SINCE_NEWER;

    if (required) {
        if (s->deadline == DEADLINE_OVER) {
            return MFA_VERDICT_LOCKED;
        }

        if (s->rule == MFA_RULE_ALWAYS || s->deadline == DEADLINE_NEVER
            || s->deadline == DEADLINE_AT_ONCE)
        {
            return MFA_VERDICT_ENROL;
        }

        return s->later ? MFA_VERDICT_ALLOW : MFA_VERDICT_ENROL;
    }

    return s->rule == MFA_RULE_ALWAYS ? MFA_VERDICT_ENROL : MFA_VERDICT_ALLOW;
}


static mfa_verdict_e
oracle(const situation_t *s)
{
    if (s->store != MFA_YES) {
        return MFA_VERDICT_UNAVAILABLE;
    }

    if (!s->session || s->level == MFA_LEVEL_NONE || s->expired || s->too_old
        || s->idle)
    {
        return MFA_VERDICT_LOGIN;
    }

    if (s->account == ACCOUNT_ABSENT) {
        return MFA_VERDICT_BLOCKED;
    }

    if (s->generation
        || (s->enrolled && s->level == MFA_LEVEL_PASSWORD && s->half_over))
    {
        return MFA_VERDICT_LOGIN;
    }

    if (s->account != ACCOUNT_SOUND) {
        return MFA_VERDICT_BLOCKED;
    }

    if (s->rule == MFA_RULE_PASSWORD) {
        return MFA_VERDICT_ALLOW;
    }

    if (!s->enrolled) {
        return oracle_without_factor(s);
    }

    if (s->rule == MFA_RULE_VALIDATED && !s->validated) {
        return MFA_VERDICT_ALLOW;
    }

    if (s->level != MFA_LEVEL_MFA || s->fresh == FRESH_OVER) {
        return MFA_VERDICT_CODE;
    }

    return MFA_VERDICT_ALLOW;
}


static int
oracle_may_put_off(const situation_t *s)
{
    return s->account != ACCOUNT_ABSENT && s->rule != MFA_RULE_ALWAYS
           && !s->enrolled && s->deadline == DEADLINE_TO_COME
           && (s->required || s->portal == PORTAL_ALL
               || s->portal == PORTAL_SINCE_NEWER);
}


/* The same situation in fields and times, on the edge of what it is called. */

static void
portal_of(const situation_t *s, mfa_portal_t *portal)
{
    static const mfa_require_e  require[] = {
        MFA_REQUIRE_ACCOUNT, MFA_REQUIRE_ALL, MFA_REQUIRE_NEW_SINCE,
        MFA_REQUIRE_NEW_SINCE
    };

    portal->require = require[s->portal];
    portal->new_since = SINCE;
    portal->idle_sec = IDLE;
    portal->absolute_sec = ABSOLUTE;
    portal->half_sec = HALF;
}


static void
session_of(const situation_t *s, mfa_session_t *session)
{
    session->level = s->level;
    session->generation = s->generation ? 4 : 5;
    session->expires = s->expired ? NOW : NOW + 1;
    session->created = NOW - ABSOLUTE + !s->too_old;
    session->seen = NOW - IDLE + !s->idle;
    session->password_at = NOW - HALF + !s->half_over;
    session->code_at = s->level == MFA_LEVEL_MFA
                       ? NOW - FRESH - (s->fresh == FRESH_OVER) : 0;
    session->later = s->later;
}


static void
account_of(const situation_t *s, mfa_account_t *account)
{
    static const int64_t  deadlines[] = { -1, 0, NOW + 1, NOW };

    account->generation = 5;
    account->created = s->portal == PORTAL_SINCE_OLDER ? SINCE - 1 : SINCE;
    account->disabled = s->account == ACCOUNT_DISABLED;
    account->fault = s->account == ACCOUNT_AT_ODDS;
    account->enrolled = s->enrolled ? NOW - 100 : 0;
    account->validated = s->validated;
    account->required = s->required;
    account->deadline = deadlines[s->deadline];
}


static struct {
    mfa_portal_t   portal;
    mfa_session_t  session;
    mfa_account_t  account;
} made;

static size_t  decided;
static size_t  reached[MFA_VERDICT_ALLOW + 1];


static void
decide(const situation_t *s)
{
    mfa_verdict_e    verdict;
    mfa_policy_in_t  in;

    portal_of(s, &made.portal);
    session_of(s, &made.session);
    account_of(s, &made.account);

    in.portal = &made.portal;
    in.rule = s->rule;
    in.fresh_sec = s->fresh == FRESH_ANY ? 0 : FRESH;
    in.now = NOW;
    in.store = s->store;
    in.session = s->session ? &made.session : NULL;
    in.account = s->account == ACCOUNT_ABSENT ? NULL : &made.account;

    verdict = mfa_policy_decide(&in);

    /* The call is slow enough to matter a few million times. */
    if (verdict != oracle(s)) {
        assert_int_equal(verdict, oracle(s));
    }

    if (s->store != MFA_YES && verdict != MFA_VERDICT_UNAVAILABLE) {
        assert_int_equal(verdict, MFA_VERDICT_UNAVAILABLE);
    }

    if (mfa_policy_may_put_off(&in) != oracle_may_put_off(s)) {
        assert_int_equal(mfa_policy_may_put_off(&in), oracle_may_put_off(s));
    }

    decided++;
    reached[verdict]++;
}


static void
every_rule(situation_t s)
{
    int  rule;

    for (rule = MFA_RULE_ACCOUNT; rule <= MFA_RULE_VALIDATED; rule++) {
        s.rule = (mfa_rule_e) rule;

        for (s.fresh = 0; s.fresh < FRESHES; s.fresh++) {
            decide(&s);
        }
    }
}


static void
every_requirement(situation_t s)
{
    for (s.required = 0; s.required < 2; s.required++) {
        for (s.portal = 0; s.portal < PORTALS; s.portal++) {
            for (s.deadline = 0; s.deadline < DEADLINES; s.deadline++) {
                every_rule(s);
            }
        }
    }
}


static void
every_account(situation_t s)
{
    for (s.account = 0; s.account < ACCOUNTS; s.account++) {
        for (s.enrolled = 0; s.enrolled < 2; s.enrolled++) {
            for (s.validated = 0; s.validated < 2; s.validated++) {
                every_requirement(s);
            }
        }
    }
}


/* Every bit of flags is one thing that can be wrong with a session. */
static void
every_session(situation_t s)
{
    int       level;
    unsigned  flags;

    s.session = 0;
    s.level = MFA_LEVEL_NONE;
    every_account(s);
    s.session = 1;

    for (level = MFA_LEVEL_NONE; level <= MFA_LEVEL_MFA; level++) {
        for (flags = 0; flags < 64; flags++) {
            s.level = (mfa_level_e) level;
            s.expired = (flags & 1) != 0;
            s.too_old = (flags & 2) != 0;
            s.idle = (flags & 4) != 0;
            s.half_over = (flags & 8) != 0;
            s.generation = (flags & 16) != 0;
            s.later = (flags & 32) != 0;
            every_account(s);
        }
    }
}


static void
every_situation_has_the_verdict_of_the_table(void **state)
{
    size_t       i, expected;
    situation_t  s;

    static const mfa_tri_e  stores[] = { MFA_YES, MFA_UNKNOWN, MFA_NO };

    (void) state;

    for (i = 0; i < 3; i++) {
        memset(&s, 0, sizeof(s));
        s.store = stores[i];
        every_session(s);
    }

    /* None was left out, and the table has no row that nobody reaches. */
    expected = 3 * (1 + 3 * 64) * ACCOUNTS * 2 * 2
               * 2 * PORTALS * DEADLINES * 4 * FRESHES;
    assert_int_equal(decided, expected);
    assert_int_equal(reached[MFA_VERDICT_UNAVAILABLE], expected / 3 * 2);

    for (i = 0; i <= MFA_VERDICT_ALLOW; i++) {
        assert_true(reached[i] > 100);
    }
}


/* --- what is said about grace --- */

static void
days_left_are_counted_to_the_second(void **state)
{
    size_t         i;
    mfa_portal_t   portal;
    mfa_account_t  account;

    static const struct {
        int      required;
        int64_t  enrolled;
        int64_t  deadline;
        int64_t  left;
    } cases[] = {
        { 1, 0, NOW + 86400, 86400 }, { 1, 0, NOW + 1, 1 }, { 1, 0, NOW, 0 },
        { 1, 0, NOW - 1, 0 }, { 1, 0, 0, 0 }, { 1, 0, -1, 0 },
        { 0, 0, NOW + 86400, -1 }, { 1, 5, NOW + 86400, -1 },
        { 1, 0, MFA_NUMBER_MAX, MFA_NUMBER_MAX - NOW }
    };

    (void) state;

    memset(&portal, 0, sizeof(portal));

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(&account, 0, sizeof(account));
        account.required = cases[i].required;
        account.enrolled = cases[i].enrolled;
        account.deadline = cases[i].deadline;
        assert_int_equal(mfa_policy_grace_left(&portal, &account, NOW),
                         cases[i].left);
    }
}


/* 003-02 */
static void
new_accounts_are_required_old_ones_keep_their_setting(void **state)
{
    mfa_portal_t   portal;
    mfa_account_t  account;

    (void) state;

    memset(&portal, 0, sizeof(portal));
    memset(&account, 0, sizeof(account));
    portal.require = MFA_REQUIRE_NEW_SINCE;
    portal.new_since = SINCE;

    account.created = SINCE;
    assert_true(mfa_policy_required(&portal, &account));
    account.created = SINCE - 1;
    assert_false(mfa_policy_required(&portal, &account));
    account.required = 1;
    assert_true(mfa_policy_required(&portal, &account));
}


/* The largest times a record may hold; the sanitizer sees an overflow. */
static void
far_away_times_do_not_overflow(void **state)
{
    size_t           i;
    mfa_policy_in_t  in;
    int64_t          far = MFA_NUMBER_MAX;

    (void) state;

    for (i = 0; i < 2; i++) {
        memset(&made, 0, sizeof(made));
        made.portal.idle_sec = IDLE;
        made.portal.absolute_sec = ABSOLUTE;
        made.portal.half_sec = HALF;
        made.session = (mfa_session_t) {
            .level = i ? MFA_LEVEL_MFA : MFA_LEVEL_PASSWORD, .created = far,
            .expires = far, .seen = far, .password_at = far, .code_at = far
        };
        made.account.enrolled = far;
        made.account.deadline = far;
        in = (mfa_policy_in_t) {
            &made.portal, MFA_RULE_ACCOUNT, FRESH, NOW, MFA_YES,
            &made.session, &made.account
        };
        assert_int_equal(mfa_policy_decide(&in),
                         i ? MFA_VERDICT_ALLOW : MFA_VERDICT_CODE);
    }
}


static void
verdicts_have_their_words(void **state)
{
    size_t  i;

    static const char *const  words[] = {
        "unavailable", "login", "blocked", "code", "enrol", "locked", "allow"
    };

    (void) state;

    for (i = 0; i <= MFA_VERDICT_ALLOW; i++) {
        assert_string_equal(mfa_verdict_name((mfa_verdict_e) i), words[i]);
    }

    assert_string_equal(mfa_verdict_name((mfa_verdict_e) 99), "unavailable");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(every_situation_has_the_verdict_of_the_table),
        cmocka_unit_test(days_left_are_counted_to_the_second),
        cmocka_unit_test(new_accounts_are_required_old_ones_keep_their_setting),
        cmocka_unit_test(far_away_times_do_not_overflow),
        cmocka_unit_test(verdicts_have_their_words)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
