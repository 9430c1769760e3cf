/*
 * Tokens of the API in the store; their keys are in store.h's table.
 */

#ifndef MFA_STORE_TOKEN_H
#define MFA_STORE_TOKEN_H

#include "core/apitoken.h"
#include "core/store.h"

/* Reads a token's record. */
mfa_at_t mfa_store_token_read(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t hash);
/* MFA_YES and *token, MFA_NO: none, or not one of this portal and hash,
   MFA_UNKNOWN: the store did not answer. */
mfa_tri_e mfa_store_token_decode(const mfa_op_t *op, const mfa_result_t *result,
    mfa_at_t at, const mfa_portal_t *portal, mfa_str_t hash,
    mfa_apitoken_t *token);
/* Inside a transaction: a new token; those that have expired leave the list. */
void mfa_store_token_write(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_apitoken_t *token, mfa_str_t hash);
/* Writes one that exists, with its time left; gone: stays gone. */
void mfa_store_token_save(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_apitoken_t *token, mfa_str_t hash, int64_t now);
/* Inside a transaction: its end. */
void mfa_store_token_end(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t hash);
/* Behind mfa_store_account_watch: of two tokens made at once one is made again. */
void mfa_store_token_watch(mfa_op_t *op, const mfa_portal_t *portal);
/* The hashes of all that have not expired at now, the next to expire first; at
   most MFA_APITOKENS_MAX. */
mfa_at_t mfa_store_token_list(mfa_op_t *op, const mfa_portal_t *portal,
    int64_t now);

#endif /* MFA_STORE_TOKEN_H */
