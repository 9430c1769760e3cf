/*
 * The way to the store for a program that may wait: one connection, one
 * operation at a time, and flows driven to their end over it.
 *
 * All operations of a run go over the same connection, so the WATCH of a
 * reserved op holds for the next one without further ado.  A connection that
 * failed is closed and stays closed: every later operation is answered ok = 0.
 */

#ifndef MFACTL_DRIVE_H
#define MFACTL_DRIVE_H

#include "core/endpoint.h"
#include "core/flow.h"
#include "wire/codec.h"

typedef struct mfactl_kept_s  mfactl_kept_t;

typedef struct {
    const mfa_endpoint_t  *endpoint;        /* NULL: tried already */
    int                    fd;              /* -1: none */
    int64_t                timeout_msec;    /* for connect, for an operation */
    redisReader           *reader;
    mfactl_kept_t         *kept;            /* replies still looked at */
    char                   why[256];        /* what went wrong, for people */
} mfactl_drive_t;

/* Prepares a drive; nothing is opened yet.  The endpoint must outlive it. */
void mfactl_drive_init(mfactl_drive_t *drive, const mfa_endpoint_t *endpoint);
void mfactl_drive_close(mfactl_drive_t *drive);

/*
 * Carries out one operation; its replies live until mfactl_drive_forget.  The
 * first one connects, sends AUTH and SELECT as the endpoint says and checks the
 * schema, each acknowledged before the next.  When it is not ok, why says why.
 */
mfa_result_t mfactl_drive_op(mfactl_drive_t *drive, const mfa_op_t *op);
void mfactl_drive_forget(mfactl_drive_t *drive);

/*
 * Runs a flow to its end; env.now is set here, the rest of env by the caller.
 * The flow's results live until mfactl_drive_forget.
 */
mfa_outcome_e mfactl_drive_run(mfactl_drive_t *drive, mfa_flow_t *flow);

#endif /* MFACTL_DRIVE_H */
