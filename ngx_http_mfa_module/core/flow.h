/*
 * Flows: everything that takes more than one step is a pure machine.
 *
 *     rc = flow->run(flow, NULL);              the first time
 *     while (rc != MFA_FLOW_DONE) {
 *         result = (do what flow->op, flow->hash or flow->outside asks);
 *         rc = flow->run(flow, &result);
 *     }
 *     (read flow->outcome and the flow's own results)
 *
 * A flow never sees nginx, Redis, a callback or a clock: the driver (the
 * module's task, mfactl's loop, a unit test) sets env.now before every run and
 * carries out one operation at a time.  Whatever the driver could not do, it
 * reports as a result with ok = 0 (store) or hash = MFA_UNKNOWN (a password, here
 * or outside); a flow that is told so ends with MFA_OUTCOME_UNAVAILABLE.  A
 * driver must not send an op whose failed is set: it answers ok = 0.
 *
 * Replies given to a run must stay valid until the flow's results are no longer
 * used: accounts and sessions are views into them.
 */

#ifndef MFA_FLOW_H
#define MFA_FLOW_H

#include "core/policy.h"
#include "core/seal.h"
#include "core/store.h"

#define MFA_PASSWORD_MAX    511             /* bytes: what crypt(3) can hash */
#define MFA_HASH_TEXT_MAX   384             /* bytes of a crypt(5) string */

typedef enum {
    MFA_FLOW_DONE = 0,
    MFA_FLOW_STORE,                         /* carry out flow->op */
    MFA_FLOW_HASH,                          /* carry out flow->hash */
    MFA_FLOW_OUTSIDE                        /* carry out flow->outside */
} mfa_flow_e;

typedef enum {
    MFA_OUTCOME_UNAVAILABLE = 0,            /* could not tell: 503 */
    MFA_OUTCOME_REFUSED,                    /* wrong password or code */
    MFA_OUTCOME_LIMITED,                    /* too many attempts: retry_after */
    MFA_OUTCOME_FORBIDDEN,                  /* not for this session or state */
    MFA_OUTCOME_EXPIRED,                    /* what it was about is gone */
    MFA_OUTCOME_FAULT,                      /* factor data at odds: alarm */
    MFA_OUTCOME_CONFLICT,                   /* somebody changed it meanwhile */
    MFA_OUTCOME_ABSENT,                     /* no such account */
    MFA_OUTCOME_CODE,                       /* right so far: a code is next */
    MFA_OUTCOME_DONE
} mfa_outcome_e;

/* What somebody tries with a flow, for who counts it (core/meter.h). */
typedef enum {
    MFA_TRYING_NOTHING = 0,
    MFA_TRYING_PASSWORD,
    MFA_TRYING_IDENTITY,                    /* that nginx has verified */
    MFA_TRYING_CODE,
    MFA_TRYING_ENROL,
    MFA_TRYING_VALIDATE,
    MFA_TRYING_VERIFY,                      /* from another resource */
    MFA_TRYING_N
} mfa_trying_e;

typedef struct {
    int64_t               now;              /* Unix time, set before every run */
    int64_t               usec;             /* behind now, 0..999999: puts what
                                               begins in one second in order */
    mfa_random_fn         random;
    const mfa_keyring_t  *keys;
    const mfa_portal_t   *portal;
    mfa_str_t             address;          /* the client's, as text */
    mfa_str_t             net;              /* its /32 or /64, as text */
    mfa_str_t             agent;            /* may be empty */
    mfa_str_t             request;          /* id for the audit, may be empty */
    mfa_str_t             locale;           /* of its page; empty: there is none */
} mfa_env_t;

/* Password work, done off the event loop. */
typedef struct {
    mfa_str_t             password;
    mfa_str_t             setting;          /* crypt(5) string to check against;
                                               empty: a dummy of equal cost,
                                               whose answer is always no */
    int                   make;             /* make a new hash instead; answer
                                               MFA_YES and result->text */
} mfa_hash_ask_t;

/* A password that somebody else looks at: where portal->first_at leads. */
typedef struct {
    mfa_str_t             login;            /* canonical */
    mfa_str_t             password;         /* never empty */
} mfa_outside_ask_t;

typedef struct mfa_flow_s  mfa_flow_t;

struct mfa_flow_s {
    mfa_flow_e          (*run)(mfa_flow_t *flow, const mfa_result_t *result);
    int                   step;             /* the flow's own */
    mfa_env_t             env;
    mfa_op_t              op;
    mfa_hash_ask_t        hash;
    mfa_outside_ask_t     outside;
    mfa_trying_e          trying;
    mfa_outcome_e         outcome;
    int64_t               retry_after;      /* seconds, with LIMITED */
    const char           *alarm;            /* for the error log, or NULL */
};

/* The outcome's word in data-mfa-error and in exit messages. */
const char *mfa_outcome_name(mfa_outcome_e outcome);


/* For the flows themselves. */

/* Ends a flow. */
mfa_flow_e mfa_flow_end(mfa_flow_t *flow, mfa_outcome_e outcome);
/* Empties the op and moves on to step; the caller then adds commands. */
mfa_op_t *mfa_flow_next(mfa_flow_t *flow, int step);
/* An audit record filled from the flow's env. */
mfa_audit_t mfa_flow_audit(const mfa_flow_t *flow, const char *event,
    const char *result, const char *reason, mfa_str_t login);

#endif /* MFA_FLOW_H */
