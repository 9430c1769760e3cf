/*
 * Flow gate: who is this, and may they pass?  One round trip when the cookie's
 * guess of the account is right, two when not, one more the first time a portal's
 * own requirement meets an account (its deadline is set then, once).
 *
 * Everything else begins with this flow too: a page asks it who is there, and
 * hands the answer (mfa_who_t) to its own flow.
 */

#ifndef MFA_FLOW_GATE_H
#define MFA_FLOW_GATE_H

#include "core/cache.h"
#include "core/flow.h"

/* How exactly "seen" is kept, with a short idle time more exactly. */
#define MFA_TOUCH_SEC  60

/* Who is there; what is absent is zeroed. */
typedef struct {
    int            has_session;
    int            has_account;
    mfa_session_t  session;
    mfa_account_t  account;
    mfa_str_t      hash;                    /* of the session's token */
    mfa_verdict_e  verdict;
    int            may_put_off;             /* an ENROL verdict can wait */
} mfa_who_t;

typedef struct {
    mfa_flow_t                  flow;       /* first: the flow is this */

    /* Set by the caller. */
    const mfa_session_token_t  *token;      /* NULL: no usable cookie */
    mfa_cache_t                *cache;      /* takes in what is read, or NULL */
    mfa_str_t                   cookie;     /* for the cache: the token's text */
    mfa_rule_e                  rule;
    int64_t                     fresh_sec;

    /* Results. */
    mfa_who_t                   who;
    int                         touch;      /* flow.op holds a write that should
                                               be sent and not waited for */

    /* The flow's own. */
    mfa_at_t                    session_at;
    mfa_at_t                    account_at;
    mfa_at_t                    deadline_at;
    mfa_places_t                places;
} mfa_flow_gate_t;

/*
 * Prepares a flow; env, token, rule and fresh_sec are set afterwards.  Its
 * outcome is DONE or UNAVAILABLE; who.verdict is the answer in both cases.
 */
void mfa_flow_gate_init(mfa_flow_gate_t *gate);
/* The flow is not run to its end, or is: either way nothing waits for it now.
   For flows with a cache; may be called again. */
void mfa_flow_gate_drop(mfa_flow_gate_t *gate);

/* What a location asks of whoever comes, and when. */
typedef struct {
    const mfa_portal_t  *portal;
    mfa_rule_e           rule;
    int64_t              fresh_sec;
    int64_t              now;               /* Unix time */
} mfa_gate_ask_t;

/*
 * Whether what a cache knows is enough: 1 and *who, who passes, or 0 when the
 * flow has to be run.  It is enough to let somebody in, when there is nothing to
 * write either; whoever is refused is refused by the store, so that no reader is
 * turned away by something that has just changed.  who's views are known's.
 */
int mfa_gate_known(const mfa_gate_ask_t *ask, const mfa_known_t *known,
    mfa_who_t *who);

#endif /* MFA_FLOW_GATE_H */
