/*
 * Flow security: what an account's owner sees of its sessions and trusted
 * browsers, and how one or all others of them are ended (security 34, feature
 * 100-05).  Sessions are named by a short reference, never by their tokens.
 */

#ifndef MFA_FLOW_SECURITY_H
#define MFA_FLOW_SECURITY_H

#include "core/flow_session.h"
#include "core/store_recovery.h"

#define MFA_SECURITY_SESSIONS_MAX  50       /* shown: the newest */

typedef enum {
    MFA_SECURITY_LIST = 0,
    MFA_SECURITY_END_SESSION,               /* the one that ref names */
    MFA_SECURITY_END_OTHERS,                /* all but this */
    MFA_SECURITY_END_DEVICE,
    MFA_SECURITY_END_DEVICES
} mfa_security_e;

typedef struct {
    mfa_str_t      hash;
    mfa_session_t  session;
} mfa_listed_session_t;

typedef struct {
    mfa_str_t      hash;
    mfa_device_t   device;
} mfa_listed_device_t;

typedef struct {
    mfa_flow_t            flow;             /* first: the flow is this */

    /* Set by the caller. */
    mfa_who_t             who;              /* from flow gate */
    mfa_security_e        action;
    mfa_str_t             ref;              /* first characters of a hash */

    /* Results of LIST: what is open and good now, newest first. */
    mfa_listed_session_t  sessions[MFA_SECURITY_SESSIONS_MAX];
    size_t                n_sessions;
    mfa_listed_device_t   devices[MFA_DEVICES_MAX];
    size_t                n_devices;
    int64_t               n_recovery;       /* recovery codes left */

    /* Result of the others: how many were there to be ended. */
    size_t                n_ended;

    /* The flow's own: what the indexes hold, how far it has come, what the
       operation under way is about. */
    mfa_at_t              sessions_at;
    mfa_at_t              devices_at;
    mfa_at_t              recovery_at;
    const mfa_reply_t    *listed;
    const mfa_reply_t    *listed_devices;
    size_t                next;
    size_t                n_asked;
    size_t                n_asked_devices;
    mfa_at_t              asked[MFA_OP_COMMANDS_MAX];
    mfa_device_at_t       asked_devices[MFA_DEVICES_MAX];
} mfa_flow_security_t;

/*
 * Outcomes: DONE (also when what was to be ended is over already: n_ended);
 * EXPIRED (no session), FORBIDDEN (half a login, or blocked); UNAVAILABLE, after
 * which some may be ended and some not.
 */
void mfa_flow_security_init(mfa_flow_security_t *security);

#endif /* MFA_FLOW_SECURITY_H */
