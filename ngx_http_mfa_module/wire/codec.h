/*
 * The Redis protocol: commands of an op become bytes, bytes become replies of
 * core's own shape.  Used by both shells; opens no connection and knows no key.
 *
 * Replies are parsed by hiredis' reader.  Commands are written here: its
 * redisFormatCommandArgv goes through sprintf for every argument and was a
 * fifth of the work of a gated request, for what is a count and a length.
 */

#ifndef MFA_WIRE_CODEC_H
#define MFA_WIRE_CODEC_H

#include "core/op.h"

#include <hiredis/read.h>

#define MFA_WIRE_REPLY_MAX   (1024 * 1024)  /* bytes of one reply; more: a liar */

/* Bytes all commands of op take (RESP arrays of bulk strings). */
size_t mfa_wire_size(const mfa_op_t *op);

/* Writes them to out, which has room for mfa_wire_size(op) bytes; returns the
   end.  They may hold a password: the caller wipes them. */
uint8_t *mfa_wire_write(const mfa_op_t *op, uint8_t *out);

/*
 * A reader whose replies are mfa_reply_t trees: each reply with its strings is
 * one arena of its own.  Arrays over MFA_REPLY_ELEMENTS_MAX or deeper than
 * MFA_REPLY_DEPTH_MAX, and bulks over MFA_WIRE_REPLY_MAX, are errors.  NULL when
 * out of memory.
 */
redisReader *mfa_wire_reader(void);

/*
 * Takes the next complete reply: 1 and *reply (owned by the caller, to be freed
 * with mfa_wire_reply_free), 0 when more bytes are needed, -1 when what came is
 * not the protocol: the connection must be closed.
 */
int mfa_wire_next(redisReader *reader, mfa_reply_t **reply);
void mfa_wire_reply_free(mfa_reply_t *reply);

/* The first error in a reply or in what is inside it, or NULL. */
const mfa_reply_t *mfa_wire_error(const mfa_reply_t *reply);

/*
 * Whether an error means that this connection will not serve: LOADING,
 * READONLY, MASTERDOWN, CLUSTERDOWN, NOAUTH, WRONGPASS, NOPERM is not one of
 * them (it names a command, not a server).
 */
int mfa_wire_error_drops(const mfa_reply_t *error);

#endif /* MFA_WIRE_CODEC_H */
