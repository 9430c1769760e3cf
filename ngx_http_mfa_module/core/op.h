/*
 * One operation on the store: commands that leave together and whose answers
 * come back together.  store.h fills it with commands; a shell formats them,
 * sends them and hands the replies back.  An operation can be widened by adding
 * to it: every addition returns the place its answer will have.
 *
 * An op owns the memory of what it formats (keys, numbers); arguments given as
 * views must live until the answer is there.
 */

#ifndef MFA_OP_H
#define MFA_OP_H

#include "core/reply.h"

#define MFA_OP_COMMANDS_MAX  48
#define MFA_OP_ARGS_MAX      240
#define MFA_OP_BYTES         6144
#define MFA_OP_TX_MAX        6              /* MULTI ... EXEC blocks */

/* Where an answer will be: a command, or an element of a transaction's EXEC. */
typedef int  mfa_at_t;

typedef struct {
    mfa_str_t  args[MFA_OP_ARGS_MAX];
    uint16_t   first[MFA_OP_COMMANDS_MAX];  /* index of a command's first arg */
    uint16_t   exec[MFA_OP_TX_MAX];         /* which command is the EXEC */
    size_t     n;                           /* commands */
    size_t     n_args;
    size_t     n_tx;
    size_t     tx_first;                    /* first command behind the MULTI */
    int        in_tx;
    int        failed;                      /* did not fit: do not send */
    int        reserve;                     /* belongs to a change that watches:
                                               send it on the flow's own link */
    int        watching;                    /* leaves a WATCH behind */
    mfa_buf_t  bytes;
    uint8_t    data[MFA_OP_BYTES];
} mfa_op_t;

/* What came back. */
typedef struct {
    int                       ok;           /* 0: the store could not answer */
    const mfa_reply_t *const *replies;      /* one for each command of the op */
    size_t                    n;
    mfa_tri_e                 hash;         /* of a password check, also of one
                                               made outside */
    mfa_str_t                 text;         /* of a password hash made; gone
                                               after the run it is given to */
} mfa_result_t;

/* Empties an op for its next use. */
void mfa_op_reset(mfa_op_t *op);

/* The command number i as argv; *n is its length. */
const mfa_str_t *mfa_op_command(const mfa_op_t *op, size_t i, size_t *n);

/*
 * The reply at a place: NULL when the transaction was aborted (a watched key
 * changed) or the answer has not the shape of the question.  Only for ok
 * results.
 */
const mfa_reply_t *mfa_op_reply(const mfa_op_t *op, const mfa_result_t *result,
    mfa_at_t at);

/*
 * Whether all of it is an answer to this op: ok, a reply for each command, each
 * of a type its command is answered with, each transaction with a reply for each
 * command inside.  Only an op with reserve set may have been aborted.  Flows ask
 * this before they look at anything: what answers another question decides
 * nothing, and an error is no answer.
 */
int mfa_op_sound(const mfa_op_t *op, const mfa_result_t *result);

/* Whether the op's last transaction was aborted because of a watched key. */
int mfa_op_aborted(const mfa_op_t *op, const mfa_result_t *result);

/* The integer at a place; 0 and *n set, or -1. */
int mfa_op_int(const mfa_op_t *op, const mfa_result_t *result, mfa_at_t at,
    int64_t *n);

/* A string or nil at a place (nil: empty view); 0 and *s set, or -1. */
int mfa_op_str(const mfa_op_t *op, const mfa_result_t *result, mfa_at_t at,
    mfa_str_t *s);


/* For store.c: building commands. */

void mfa_op_begin(mfa_op_t *op, const char *command);
void mfa_op_arg(mfa_op_t *op, mfa_str_t arg);
void mfa_op_word(mfa_op_t *op, const char *arg);
void mfa_op_number(mfa_op_t *op, int64_t n);
/* A score: microseconds, which a double keeps apart until the year 2255, and
   which a small sorted set holds in 9 bytes. */
void mfa_op_moment(mfa_op_t *op, int64_t sec, int64_t usec);
/* An argument joined of n parts, kept in the op. */
void mfa_op_joined(mfa_op_t *op, const mfa_str_t *parts, size_t n);
/* The place of the command begun last. */
mfa_at_t mfa_op_at(const mfa_op_t *op);
void mfa_op_multi(mfa_op_t *op);
void mfa_op_exec(mfa_op_t *op);

#endif /* MFA_OP_H */
