/*
 * A socket to the store, and bytes over it, each within a time limit.
 */

#ifndef MFACTL_CONNECT_H
#define MFACTL_CONNECT_H

#include "core/str.h"

/*
 * Connects to "unix:/path", "host:port" or "host" (port 6379), an IPv6 address
 * in brackets.  A socket that does not block, or -1 with a sentence appended to
 * why.
 */
int mfactl_connect(mfa_str_t address, int64_t timeout_msec, mfa_buf_t *why);

/* A moment timeout_msec from now, for the two below. */
int64_t mfactl_connect_deadline(int64_t timeout_msec);

/* Sends all bytes.  0, or -1 and why. */
int mfactl_connect_send(int fd, const uint8_t *data, size_t len,
    int64_t deadline, mfa_buf_t *why);
/* Receives 1 to cap bytes: how many, or -1 and why (also at the end). */
long mfactl_connect_receive(int fd, void *data, size_t cap, int64_t deadline,
    mfa_buf_t *why);

#endif /* MFACTL_CONNECT_H */
