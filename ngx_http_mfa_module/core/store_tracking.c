/*
 * How the store tells of changes, see store.h: one connection's readings are
 * tracked by the server, which tells of each change of what was read on another
 * connection that has subscribed to a channel of its own.
 * "Server-assisted client-side caching" in Redis' manual, redirected, in RESP2.
 */

#include "core/store.h"

#define CHANNEL  "__redis__:invalidate"


mfa_at_t
mfa_store_listen(mfa_op_t *op)
{
    mfa_at_t  at;

    mfa_op_begin(op, "CLIENT");
    mfa_op_word(op, "ID");
    at = mfa_op_at(op);

    mfa_op_begin(op, "SUBSCRIBE");
    mfa_op_word(op, CHANNEL);

    return at;
}


int
mfa_store_listen_result(const mfa_op_t *op, const mfa_result_t *result,
    mfa_at_t at, int64_t *id)
{
    return mfa_op_sound(op, result) ? mfa_op_int(op, result, at, id) : -1;
}


void
mfa_store_track(mfa_op_t *op, int64_t id)
{
    mfa_op_begin(op, "CLIENT");
    mfa_op_word(op, "TRACKING");
    mfa_op_word(op, "ON");
    mfa_op_word(op, "REDIRECT");
    mfa_op_number(op, id);
}


void
mfa_store_ping(mfa_op_t *op)
{
    mfa_op_begin(op, "PING");
}


int
mfa_store_tells(const mfa_reply_t *reply)
{
    return reply->type == MFA_REPLY_ARRAY && reply->n == 3
           && reply->elements[0].type == MFA_REPLY_STRING
           && mfa_str_is(reply->elements[0].str, "message");
}


mfa_changes_e
mfa_store_told(const mfa_reply_t *told, mfa_str_t *key, size_t i)
{
    const mfa_reply_t  *e, *keys;

    e = told->elements;
    keys = &e[2];

    if (e[1].type != MFA_REPLY_STRING || !mfa_str_is(e[1].str, CHANNEL)) {
        return MFA_CHANGES_UNKNOWN;
    }

    if (keys->type == MFA_REPLY_NIL) {
        return MFA_CHANGES_ALL;
    }

    if (keys->type != MFA_REPLY_ARRAY) {
        return MFA_CHANGES_UNKNOWN;
    }

    if (i >= keys->n) {
        return MFA_CHANGES_END;
    }

    if (keys->elements[i].type != MFA_REPLY_STRING) {
        return MFA_CHANGES_UNKNOWN;
    }

    *key = keys->elements[i].str;

    return MFA_CHANGES_KEY;
}
