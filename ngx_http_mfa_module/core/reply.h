/*
 * What the store answered, as plain data: the shells' reader builds it, core
 * decodes it.  A tree in memory of the shell's; it stays valid until the flow
 * that asked has ended and its results are no longer used.
 */

#ifndef MFA_REPLY_H
#define MFA_REPLY_H

#include "core/str.h"

#define MFA_REPLY_ELEMENTS_MAX  4096        /* in one array; more is a liar */
#define MFA_REPLY_DEPTH_MAX     5           /* XREAD: streams, a stream, its
                                               events, an event, its fields */

/* The largest number a record may hold: scores are exact so far, and sums of
   times cannot overflow. */
#define MFA_NUMBER_MAX  (1LL << 53)

typedef enum {
    MFA_REPLY_NIL = 0,
    MFA_REPLY_STATUS,
    MFA_REPLY_ERROR,
    MFA_REPLY_INT,
    MFA_REPLY_STRING,
    MFA_REPLY_ARRAY
} mfa_reply_e;

typedef struct mfa_reply_s  mfa_reply_t;

struct mfa_reply_s {
    mfa_reply_e   type;
    int64_t       integer;                  /* MFA_REPLY_INT */
    mfa_str_t     str;                      /* STATUS, ERROR, STRING */
    size_t        n;                        /* MFA_REPLY_ARRAY */
    mfa_reply_t  *elements;                 /* n of them, in a row */
};

#endif /* MFA_REPLY_H */
