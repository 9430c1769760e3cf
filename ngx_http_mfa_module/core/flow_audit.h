/*
 * Flow audit: a page of the newest events of a portal, filtered.  There is one
 * stream for all accounts, so a filter looks at MFA_AUDIT_SCAN events a page and
 * no more: a page may hold few events, or none, and still have a next one.
 */

#ifndef MFA_FLOW_AUDIT_H
#define MFA_FLOW_AUDIT_H

#include "core/event.h"
#include "core/flow.h"

#define MFA_AUDIT_SCAN      1000            /* events looked at for one page */
#define MFA_AUDIT_ROWS_MAX  50

typedef struct {
    mfa_flow_t          flow;               /* first: the flow is this */

    /* Set by the caller. */
    mfa_event_filter_t  filter;
    mfa_str_t           before;             /* next of the page before, or empty */
    size_t              n;                  /* rows wanted, 1..ROWS_MAX */

    /* Results: the newest first. */
    mfa_event_t         rows[MFA_AUDIT_ROWS_MAX];
    size_t              n_rows;
    mfa_str_t           next;               /* an id; empty: the end */

    /* The flow's own. */
    mfa_at_t            at;
    int64_t             asked;
    uint8_t             before_room[MFA_EVENT_ID_MAX + 1];
} mfa_flow_audit_t;

/* Outcomes: DONE; REFUSED (before is no id, n out of range); UNAVAILABLE. */
void mfa_flow_audit_init(mfa_flow_audit_t *audit);

#endif /* MFA_FLOW_AUDIT_H */
