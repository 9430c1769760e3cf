/*
 * The outbox and the tokens of mailed links in the store; their keys are in
 * store.h's table.
 */

#ifndef MFA_STORE_MAIL_H
#define MFA_STORE_MAIL_H

#include "core/mail.h"
#include "core/store.h"

/* Inside a transaction: appends a mail.  Callers use mfa_mail_queue. */
void mfa_store_mail_add(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_mail_t *mail);

/* Inside a transaction: a new token, the account's newest from now on. */
void mfa_store_mailtoken_write(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_mailtoken_t *token, mfa_str_t hash);
/* Reads one. */
mfa_at_t mfa_store_mailtoken_read(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t hash);
/* Takes one: it is gone then, and whoever else asks gets nothing. */
mfa_at_t mfa_store_mailtoken_take(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t hash);
/* Inside a transaction: the end of one. */
void mfa_store_mailtoken_end(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t hash);
/* Inside a transaction: the end of all of an account's. */
void mfa_store_mailtoken_end_all(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login);
/* Of read and take: MFA_YES and *token, MFA_NO: none, or not one of this portal and hash,
   MFA_UNKNOWN: the store did not answer. */
mfa_tri_e mfa_store_mailtoken_decode(const mfa_op_t *op,
    const mfa_result_t *result, mfa_at_t at, const mfa_portal_t *portal,
    mfa_str_t hash, mfa_mailtoken_t *token);
/* The hash of the account's newest token: a string, or nil. */
mfa_at_t mfa_store_mailtoken_newest(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login);

#endif /* MFA_STORE_MAIL_H */
