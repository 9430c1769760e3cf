/*
 * The life of sessions, as far as flows share it: opening one in place of
 * another (every gain of a level makes a new id), and flow logout.
 */

#ifndef MFA_FLOW_SESSION_H
#define MFA_FLOW_SESSION_H

#include "core/flow_gate.h"
#include "core/mail.h"

#define MFA_OPENING_MAILS  2

/* Opening a session: token and session are the result. */
typedef struct {
    mfa_session_token_t  token;
    mfa_session_t        session;
    int                  half;              /* set: a half-login, not indexed */

    /* Trusted browsers. */
    int                  trust;             /* set: trust this one from now on;
                                               device_token is a result then */
    mfa_session_token_t  device_token;
    mfa_device_t         device;            /* the one that is used or made */
    mfa_str_t            device_hash;       /* the one presented, or empty: is
                                               used, or with trust replaced */
    mfa_at_t             excess_at;

    /* Set: the account, all of it, whose language is noted where it changes. */
    const mfa_account_t *speaks;

    /* Mails that tell of it, see mfa_opening_mail. */
    const mfa_account_t *mail_to;
    mfa_mail_e           mails[MFA_OPENING_MAILS];
    uint8_t              details[MFA_OPENING_MAILS][MFA_AGENT_SHORT_MAX];
    size_t               details_len[MFA_OPENING_MAILS];
    size_t               n_mails;
} mfa_opening_t;

/* Before mfa_opening_add: has a mail queued in its transaction.  detail is
   copied, at most MFA_AGENT_SHORT_MAX bytes of it. */
void mfa_opening_mail(mfa_opening_t *opening, mfa_mail_e kind,
    const mfa_account_t *account, mfa_str_t detail);
/* The same, of a login from a network the account was not known from; does
   nothing where the portal does not tell of them. */
void mfa_opening_mail_network(const mfa_flow_t *flow, mfa_opening_t *opening,
    const mfa_account_t *account);

/*
 * Adds to the flow's op: the end of the old session (has_session of old), the
 * new one with its index, and in the index's transaction the event that tells of
 * it and, when validated is an account, its mark.  opening->session is complete
 * but for seen, address and agent, which are taken from env.  A device that is
 * made needs its secret_id, one that is used is complete.
 * 0, or -1 without randomness.
 */
int mfa_opening_add(mfa_flow_t *flow, mfa_opening_t *opening,
    const mfa_who_t *old, const mfa_audit_t *audit,
    const mfa_account_t *validated);

/*
 * After that op: ends the flow with DONE, or, when the account has too many
 * sessions now, fills the op with the end of the oldest and moves on to step;
 * when that is answered, call mfa_flow_end.
 */
mfa_flow_e mfa_opening_check(mfa_flow_t *flow, mfa_opening_t *opening,
    const mfa_result_t *result, int step);


typedef struct {
    mfa_flow_t  flow;                       /* first: the flow is this */
    mfa_who_t   who;                        /* set by the caller */
} mfa_flow_logout_t;

/* Ends who's session.  DONE, also when there is none; UNAVAILABLE. */
void mfa_flow_logout_init(mfa_flow_logout_t *logout);

#endif /* MFA_FLOW_SESSION_H */
