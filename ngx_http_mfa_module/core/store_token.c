/*
 * Tokens of the API in the store, see store_token.h.
 */

#include "core/store_token.h"
#include "core/store_key.h"


mfa_at_t
mfa_store_token_read(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t hash)
{
    mfa_op_begin(op, "GET");
    mfa_key_token(op, portal, hash);

    return mfa_op_at(op);
}


mfa_tri_e
mfa_store_token_decode(const mfa_op_t *op, const mfa_result_t *result,
    mfa_at_t at, const mfa_portal_t *portal, mfa_str_t hash,
    mfa_apitoken_t *token)
{
    mfa_str_t  record;

    if (mfa_op_str(op, result, at, &record) != 0) {
        return MFA_UNKNOWN;
    }

    return record.len && mfa_apitoken_decode(token, record, hash) == 0
           && mfa_str_eq(token->portal, portal->name) ? MFA_YES : MFA_NO;
}


static void
token_record(mfa_op_t *op, const mfa_apitoken_t *token, mfa_str_t hash)
{
    size_t  from;

    from = op->bytes.len;
    mfa_apitoken_encode(&op->bytes, token, hash);

    if (op->bytes.failed) {
        op->failed = 1;
    }

    mfa_op_arg(op, mfa_buf_since(&op->bytes, from));
}


void
mfa_store_token_write(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_apitoken_t *token, mfa_str_t hash)
{
    mfa_op_begin(op, "ZREMRANGEBYSCORE");
    mfa_key_portal(op, portal, "tokens");
    mfa_op_word(op, "-inf");
    mfa_op_number(op, token->created);

    mfa_op_begin(op, "ZADD");
    mfa_key_portal(op, portal, "tokens");
    mfa_op_number(op, token->expires);
    mfa_op_arg(op, hash);

    mfa_op_begin(op, "SET");
    mfa_key_token(op, portal, hash);
    token_record(op, token, hash);
    mfa_op_word(op, "EX");
    mfa_op_number(op, token->expires - token->created);
}


void
mfa_store_token_save(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_apitoken_t *token, mfa_str_t hash, int64_t now)
{
    mfa_op_begin(op, "SET");
    mfa_key_token(op, portal, hash);
    token_record(op, token, hash);
    mfa_op_word(op, "XX");
    mfa_op_word(op, "EX");
    mfa_op_number(op, token->expires > now ? token->expires - now : 1);
}


void
mfa_store_token_end(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t hash)
{
    mfa_op_begin(op, "ZREM");
    mfa_key_portal(op, portal, "tokens");
    mfa_op_arg(op, hash);

    mfa_op_begin(op, "UNLINK");
    mfa_key_token(op, portal, hash);
}


void
mfa_store_token_watch(mfa_op_t *op, const mfa_portal_t *portal)
{
    mfa_op_begin(op, "WATCH");
    mfa_key_portal(op, portal, "tokens");
}


mfa_at_t
mfa_store_token_list(mfa_op_t *op, const mfa_portal_t *portal, int64_t now)
{
    mfa_op_begin(op, "ZRANGEBYSCORE");
    mfa_key_portal(op, portal, "tokens");
    mfa_op_number(op, now + 1);
    mfa_op_word(op, "+inf");
    mfa_op_word(op, "LIMIT");
    mfa_op_number(op, 0);
    mfa_op_number(op, MFA_APITOKENS_MAX);

    return mfa_op_at(op);
}
