/*
 * The names of keys, for the store_*.c files alone; their table is in store.h.
 * Each function adds one key as the next argument of an op.
 */

#ifndef MFA_STORE_KEY_H
#define MFA_STORE_KEY_H

#include "core/store.h"

void mfa_key_schema(mfa_op_t *op);
void mfa_key_account(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login);
void mfa_key_sessions(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login);
/* accounts, unenrolled, not-required, required, enrolled, owners, search,
   indexed, steps, audit, tokens, outbox, outbox-retry, outbox-dead, notices */
void mfa_key_portal(mfa_op_t *op, const mfa_portal_t *portal,
    const char *what);
void mfa_key_session(mfa_op_t *op, mfa_str_t hash);
void mfa_key_devices(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login);
void mfa_key_device(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t hash);
void mfa_key_token(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t hash);
void mfa_key_pending_token(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t hash);
void mfa_key_newest_token(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login);
void mfa_key_recovery(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login);
void mfa_key_recovery_new(mfa_op_t *op, mfa_str_t hash);
void mfa_key_enrolment(mfa_op_t *op, mfa_str_t hash);
void mfa_key_known(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t login,
    mfa_str_t net);
void mfa_key_fail(mfa_op_t *op, mfa_charge_e kind, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t net);

#endif /* MFA_STORE_KEY_H */
