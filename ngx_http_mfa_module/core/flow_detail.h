/*
 * Flow detail: one account with all that is shown of it: two operations, the
 * account with its lists and its last events, then the records of sessions and
 * trusted browsers.  Nothing here asks who is looking: MFA_RIGHT_LOOK is the
 * caller's.
 */

#ifndef MFA_FLOW_DETAIL_H
#define MFA_FLOW_DETAIL_H

#include "core/event.h"
#include "core/flow_security.h"
#include "core/standing.h"

#define MFA_DETAIL_SESSIONS_MAX  20         /* shown: the newest */
#define MFA_DETAIL_EVENTS_MAX    20
#define MFA_DETAIL_SCAN          500        /* newest events of the portal that
                                               are looked at */

typedef struct {
    mfa_flow_t            flow;             /* first: the flow is this */

    /* Set by the caller. */
    mfa_str_t             login;            /* canonical */

    /* Results, the newest first. */
    mfa_account_t         account;          /* secret, password: not to show */
    mfa_standing_t        standing;
    mfa_listed_session_t  sessions[MFA_DETAIL_SESSIONS_MAX];
    size_t                n_sessions;
    int                   more_sessions;    /* there are older ones */
    mfa_listed_device_t   devices[MFA_DEVICES_MAX];
    size_t                n_devices;
    int64_t               n_recovery;       /* recovery codes left */
    mfa_event_t           events[MFA_DETAIL_EVENTS_MAX];
    size_t                n_events;
    mfa_str_t             events_next;      /* go on with flow audit from here;
                                               empty: these are all */

    /* The flow's own. */
    mfa_at_t              account_at;
    mfa_at_t              sessions_at;
    mfa_at_t              devices_at;
    mfa_at_t              events_at;
    mfa_at_t              recovery_at;
    mfa_at_t              asked[MFA_DETAIL_SESSIONS_MAX];
    mfa_device_at_t       asked_devices[MFA_DEVICES_MAX];
    mfa_str_t             hashes[MFA_DETAIL_SESSIONS_MAX];
    mfa_str_t             device_hashes[MFA_DEVICES_MAX];
    size_t                n_asked;
    size_t                n_asked_devices;
} mfa_flow_detail_t;

/* Outcomes: DONE; ABSENT; REFUSED (login is not canonical); UNAVAILABLE. */
void mfa_flow_detail_init(mfa_flow_detail_t *detail);

#endif /* MFA_FLOW_DETAIL_H */
