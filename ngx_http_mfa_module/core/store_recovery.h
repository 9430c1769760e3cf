/*
 * Recovery codes in the store; their keys are in store.h's table.
 */

#ifndef MFA_STORE_RECOVERY_H
#define MFA_STORE_RECOVERY_H

#include "core/recovery.h"
#include "core/store.h"

/* Inside a transaction: the account's codes are these, by their hashes, and no
   others; hashes holds MFA_RECOVERY_N of MFA_RECOVERY_HASH_CHARS. */
void mfa_store_recovery_write(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t hashes);
/* Inside a transaction: it has none. */
void mfa_store_recovery_end(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login);

/*
 * Takes the code that has one of these hashes (of any length that is a multiple
 * of MFA_RECOVERY_HASH_CHARS: one for each key of the ring); the answer is 1 only
 * if it was there, and is gone by this.  *left is where the number left will be.
 */
mfa_at_t mfa_store_recovery_claim(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t hashes, mfa_at_t *left);
/* How many there are. */
mfa_at_t mfa_store_recovery_count(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login);

/* Keeps sealed codes with a session until they are shown. */
void mfa_store_recovery_keep(mfa_op_t *op, mfa_str_t hash, mfa_str_t sealed);
/* Takes them: whoever asks again gets nothing. */
mfa_at_t mfa_store_recovery_take(mfa_op_t *op, mfa_str_t hash);

#endif /* MFA_STORE_RECOVERY_H */
