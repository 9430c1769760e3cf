/*
 * The policy: who may pass.  One pure function over what is known of portal,
 * location, account, session and time; its body is the verdict table of
 * policy.c, read from the top.  Nothing else in the project decides this.
 */

#ifndef MFA_POLICY_H
#define MFA_POLICY_H

#include "core/account.h"
#include "core/portal.h"
#include "core/session.h"

/* What a location asks for: mfa PORTAL require=... */
typedef enum {
    MFA_RULE_ACCOUNT = 0,                   /* what account and portal say */
    MFA_RULE_PASSWORD,                      /* a password is enough */
    MFA_RULE_ALWAYS,                        /* a code from everybody */
    MFA_RULE_VALIDATED                      /* a code from validated keys only */
} mfa_rule_e;

typedef enum {
    MFA_VERDICT_UNAVAILABLE = 0,            /* could not tell: deny */
    MFA_VERDICT_LOGIN,
    MFA_VERDICT_BLOCKED,
    MFA_VERDICT_CODE,
    MFA_VERDICT_ENROL,
    MFA_VERDICT_LOCKED,
    MFA_VERDICT_ALLOW
} mfa_verdict_e;

typedef struct {
    const mfa_portal_t   *portal;
    mfa_rule_e            rule;
    int64_t               fresh_sec;        /* 0: any age of the code will do */
    int64_t               now;              /* Unix time */
    mfa_tri_e             store;            /* MFA_YES: it answered */
    const mfa_session_t  *session;          /* NULL: none */
    const mfa_account_t  *account;          /* NULL: none */
} mfa_policy_in_t;

/*
 * The verdict.  session and account must be those of portal; the caller (flow
 * gate) has checked that the session names the account.
 */
mfa_verdict_e mfa_policy_decide(const mfa_policy_in_t *in);

/* Whether the gate would still take the session for one of this account's. */
int mfa_policy_open(const mfa_portal_t *portal, const mfa_session_t *session,
    const mfa_account_t *account, int64_t now);

/* Whether the account must have a factor, by itself or by its portal. */
int mfa_policy_required(const mfa_portal_t *portal,
    const mfa_account_t *account);

/*
 * Seconds left until the deadline of an account that is required and not
 * enrolled; 0 when it is over or enrolment is due at once, -1 when there is
 * nothing to be late for.
 */
int64_t mfa_policy_grace_left(const mfa_portal_t *portal,
    const mfa_account_t *account, int64_t now);

/* Whether an ENROL verdict for this rule may be put off in this session. */
int mfa_policy_may_put_off(const mfa_policy_in_t *in);

/* "allow", "login", ...: the words of $mfa_verdict. */
const char *mfa_verdict_name(mfa_verdict_e verdict);

#endif /* MFA_POLICY_H */
