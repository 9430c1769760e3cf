/*
 * The verdict table.  To learn why somebody was asked for something, read it
 * from the top: the first row whose condition holds gives the verdict.  To
 * change who may pass, change a row here and its line in the exhaustive test
 * (t/unit/test_policy.c), nothing else.
 */

#include "core/policy.h"


MFA_HOT static int
store_silent(const mfa_policy_in_t *in)
{
    return in->store != MFA_YES;
}


/*
 * Times are those of the record, not the TTL of its key: a TTL can be lost.
 * The portal's spans count as well, so shortening them acts on open sessions.
 */
MFA_HOT static int
no_session(const mfa_policy_in_t *in)
{
    const mfa_session_t  *s = in->session;

    if (s == NULL || s->level == MFA_LEVEL_NONE) {
        return 1;
    }

    if (in->now >= s->expires
        || in->now >= s->created + in->portal->absolute_sec
        || in->now >= s->seen + in->portal->idle_sec)
    {
        return 1;
    }

    if (in->account == NULL) {
        return 0;
    }

    if (s->generation != in->account->generation) {
        return 1;
    }

    /* A half-login waits for its code, not for a working day. */
    return in->account->enrolled != 0 && s->level < MFA_LEVEL_MFA
           && in->now >= s->password_at + in->portal->half_sec;
}


MFA_HOT static int
account_blocked(const mfa_policy_in_t *in)
{
    return in->account == NULL || in->account->disabled;
}


MFA_HOT static int
factor_at_odds(const mfa_policy_in_t *in)
{
    return in->account->fault;
}


MFA_HOT static int
password_suffices(const mfa_policy_in_t *in)
{
    return in->rule == MFA_RULE_PASSWORD;
}


MFA_HOT static int
key_not_validated(const mfa_policy_in_t *in)
{
    return in->rule == MFA_RULE_VALIDATED
           && !(in->account->enrolled && in->account->validated);
}


MFA_HOT static int
code_missing(const mfa_policy_in_t *in)
{
    return in->account->enrolled && in->session->level < MFA_LEVEL_MFA;
}


MFA_HOT static int
code_stale(const mfa_policy_in_t *in)
{
    return in->account->enrolled && in->fresh_sec > 0
           && in->now - in->session->code_at > in->fresh_sec;
}


MFA_HOT static int
enrolled(const mfa_policy_in_t *in)
{
    return in->account->enrolled != 0;
}


static int
deadline_over(const mfa_policy_in_t *in)
{
    return mfa_policy_required(in->portal, in->account)
           && in->account->deadline > 0 && in->now >= in->account->deadline;
}


static int
due_at_once(const mfa_policy_in_t *in)
{
    return in->rule == MFA_RULE_ALWAYS
           || (mfa_policy_required(in->portal, in->account)
               && in->account->deadline <= 0);
}


static int
in_grace_not_put_off(const mfa_policy_in_t *in)
{
    return mfa_policy_required(in->portal, in->account) && !in->session->later;
}


static int
otherwise(const mfa_policy_in_t *in)
{
    return in != NULL;
}


/*
 * A list that the compiler reads and not the program: each condition is written
 * where it is asked, which is on every request.
 */
#define VERDICT_TABLE(ROW)                                                    \
    /* What is not known is not allowed, and nobody is logged out by it. */   \
    ROW(store_silent,         UNAVAILABLE)                                    \
    /* None, expired by the record's own times, or of an older generation. */ \
    ROW(no_session,           LOGIN)                                          \
    /* Gone, or switched off by an admin: a new login would not help. */      \
    ROW(account_blocked,      BLOCKED)                                        \
    /* Enrolled without a key, a key without enrolment: deny and alarm. */    \
    ROW(factor_at_odds,       BLOCKED)                                        \
    ROW(password_suffices,    ALLOW)                                          \
    /* Such a resource asks only users with a validated key. */               \
    ROW(key_not_validated,    ALLOW)                                          \
    ROW(code_missing,         CODE)                                           \
    /* Step-up: a code again, the password not. */                            \
    ROW(code_stale,           CODE)                                           \
    ROW(enrolled,             ALLOW)                                          \
    /* From here on there is no factor. */                                    \
    ROW(deadline_over,        LOCKED)                                         \
    ROW(due_at_once,          ENROL)                                          \
    ROW(in_grace_not_put_off, ENROL)                                          \
    ROW(otherwise,            ALLOW)


MFA_HOT mfa_verdict_e
mfa_policy_decide(const mfa_policy_in_t *in)
{
#define ASK(condition, verdict)                                               \
    if (condition(in)) {                                                      \
        return MFA_VERDICT_##verdict;                                         \
    }

    VERDICT_TABLE(ASK)

    return MFA_VERDICT_UNAVAILABLE;
}


int
mfa_policy_open(const mfa_portal_t *portal, const mfa_session_t *session,
    const mfa_account_t *account, int64_t now)
{
    mfa_policy_in_t  in = {
        portal, MFA_RULE_ACCOUNT, 0, now, MFA_YES, session, account
    };

    return mfa_str_eq(session->login, account->login)
           && mfa_policy_decide(&in) != MFA_VERDICT_LOGIN;
}


int
mfa_policy_required(const mfa_portal_t *portal, const mfa_account_t *account)
{
    switch (portal->require) {
    case MFA_REQUIRE_ALL:
        return 1;
    case MFA_REQUIRE_NEW_SINCE:
        return account->required || account->created >= portal->new_since;
    default:
        return account->required;
    }
}


int64_t
mfa_policy_grace_left(const mfa_portal_t *portal, const mfa_account_t *account,
    int64_t now)
{
    if (account->enrolled || !mfa_policy_required(portal, account)) {
        return -1;
    }

    return account->deadline > now ? account->deadline - now : 0;
}


int
mfa_policy_may_put_off(const mfa_policy_in_t *in)
{
    return in->account != NULL && in->rule != MFA_RULE_ALWAYS
           && mfa_policy_grace_left(in->portal, in->account, in->now) > 0;
}


const char *
mfa_verdict_name(mfa_verdict_e verdict)
{
    switch (verdict) {
    case MFA_VERDICT_LOGIN:
        return "login";
    case MFA_VERDICT_BLOCKED:
        return "blocked";
    case MFA_VERDICT_CODE:
        return "code";
    case MFA_VERDICT_ENROL:
        return "enrol";
    case MFA_VERDICT_LOCKED:
        return "locked";
    case MFA_VERDICT_ALLOW:
        return "allow";
    default:
        return "unavailable";
    }
}
