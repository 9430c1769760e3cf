/*
 * Bulk: one action on many accounts, one flow admin after the other, each with
 * its own transaction, rights, audit event and result (security 80).  Itself a
 * flow: a shell drives it like any other and reads the results in the end.
 */

#ifndef MFA_BULK_H
#define MFA_BULK_H

#include "core/flow_admin.h"

#define MFA_BULK_MAX  500                   /* accounts of one bulk */

typedef struct {
    mfa_outcome_e  outcome;                 /* UNAVAILABLE: also not tried */
    mfa_why_e      why;
    int            changed;
    int64_t        deadline;                /* -1: none */
    int            mail;                    /* of flow admin, both */
    int            mailed;
} mfa_bulk_result_t;

typedef struct {
    mfa_flow_admin_t    admin;              /* first: the flow is this one's */

    /* Set by the caller; both arrays are his and outlive the flow. */
    const mfa_flow_admin_t  *wanted;        /* all but login and env; prepared
                                               with mfa_flow_admin_init */
    const mfa_str_t    *logins;
    mfa_bulk_result_t  *results;            /* n of them; written by the flow */
    size_t              n;

    /* Results. */
    size_t              n_done;             /* outcome DONE */
    size_t              n_changed;

    /* The flow's own. */
    size_t              at;
    int                 begun;
    mfa_flow_e        (*run)(mfa_flow_t *flow, const mfa_result_t *result);
    mfa_flow_e        (*inner)(mfa_flow_t *flow, const mfa_result_t *result);
} mfa_bulk_t;

/*
 * Prepares a bulk; the caller then sets admin.flow.env, wanted, logins, results
 * and n.  Outcomes: DONE (look at the results); REFUSED (n over MFA_BULK_MAX, or
 * 0, or a login comes twice: one request is not to write hundreds of events about
 * one account); UNAVAILABLE (from some item on nothing was tried; those before
 * have their results).
 */
void mfa_bulk_init(mfa_bulk_t *bulk);

/* Whether login is one of n; for callers who collect them. */
int mfa_bulk_has(const mfa_str_t *logins, size_t n, mfa_str_t login);

#endif /* MFA_BULK_H */
