/*
 * Recovery codes in the store, see store_recovery.h.
 */

#include "core/store_recovery.h"
#include "core/store_key.h"


static void
hashes_add(mfa_op_t *op, mfa_str_t hashes)
{
    mfa_str_t  hash;

    while (hashes.len >= MFA_RECOVERY_HASH_CHARS) {
        hash = (mfa_str_t) { hashes.data, MFA_RECOVERY_HASH_CHARS };
        mfa_op_joined(op, &hash, 1);

        hashes.data += MFA_RECOVERY_HASH_CHARS;
        hashes.len -= MFA_RECOVERY_HASH_CHARS;
    }
}


void
mfa_store_recovery_write(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t hashes)
{
    mfa_store_recovery_end(op, portal, login);

    mfa_op_begin(op, "SADD");
    mfa_key_recovery(op, portal, login);
    hashes_add(op, hashes);
}


void
mfa_store_recovery_end(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login)
{
    mfa_op_begin(op, "UNLINK");
    mfa_key_recovery(op, portal, login);
}


/* In one transaction: what is left is what this one has left. */
mfa_at_t
mfa_store_recovery_claim(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t hashes, mfa_at_t *left)
{
    mfa_at_t  at;

    mfa_op_multi(op);

    mfa_op_begin(op, "SREM");
    mfa_key_recovery(op, portal, login);
    hashes_add(op, hashes);
    at = mfa_op_at(op);

    *left = mfa_store_recovery_count(op, portal, login);

    mfa_op_exec(op);

    return at;
}


mfa_at_t
mfa_store_recovery_count(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login)
{
    mfa_op_begin(op, "SCARD");
    mfa_key_recovery(op, portal, login);

    return mfa_op_at(op);
}


void
mfa_store_recovery_keep(mfa_op_t *op, mfa_str_t hash, mfa_str_t sealed)
{
    mfa_op_begin(op, "SET");
    mfa_key_recovery_new(op, hash);
    mfa_op_joined(op, &sealed, 1);
    mfa_op_word(op, "EX");
    mfa_op_number(op, MFA_ENROLMENT_SEC);
}


mfa_at_t
mfa_store_recovery_take(mfa_op_t *op, mfa_str_t hash)
{
    mfa_op_begin(op, "GETDEL");
    mfa_key_recovery_new(op, hash);

    return mfa_op_at(op);
}
