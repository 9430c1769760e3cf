/*
 * Flow home: the numbers of the home page, one operation for one portal.  They
 * come from the indexes: after a change of a portal's "require" they are those
 * of the old rule until mfactl doctor --reindex.
 */

#ifndef MFA_FLOW_HOME_H
#define MFA_FLOW_HOME_H

#include "core/flow.h"
#include "core/store_list.h"

typedef struct {
    int64_t  total;
    int64_t  enrolled;                      /* have a factor, required or not */
    int64_t  required;
    int64_t  not_required;                  /* of the admin portal: the widget */
    int64_t  unenrolled;                    /* required, no factor */
    int64_t  due;                           /* of these: at the next login */
    int64_t  grace;                         /* of these: days left */
    int64_t  locked;                        /* of these: deadline over */
} mfa_counts_t;

typedef struct {
    mfa_flow_t       flow;                  /* first: the flow is this */

    /* Set by the caller. */
    int64_t          until;                 /* 0: no forecast */

    /* Results. */
    mfa_counts_t     counts;
    int64_t          forecast;              /* locked out until then, who are not
                                               now; who they are: flow_list.h,
                                               MFA_ROWS_FORECAST */
    int              stale;                 /* some are not indexed, or by
                                               another rule: doctor --reindex */

    /* The flow's own. */
    mfa_counts_at_t  at;
    mfa_ranks_at_t   ranks;
    mfa_at_t         indexed_at;
} mfa_flow_home_t;

/* Outcomes: DONE, UNAVAILABLE. */
void mfa_flow_home_init(mfa_flow_home_t *home);

#endif /* MFA_FLOW_HOME_H */
