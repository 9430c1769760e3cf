/*
 * The store's format, sessions, codes and audit, see store.h.  Accounts are in
 * store_account.c, attempts in store_charge.c, the names of keys in store_key.c.
 */

#include "core/store_key.h"


mfa_at_t
mfa_store_schema(mfa_op_t *op)
{
    mfa_op_begin(op, "SET");
    mfa_key_schema(op);
    mfa_op_number(op, MFA_STORE_SCHEMA);
    mfa_op_word(op, "NX");

    mfa_op_begin(op, "GET");
    mfa_key_schema(op);

    return mfa_op_at(op);
}


mfa_tri_e
mfa_store_schema_result(const mfa_op_t *op, const mfa_result_t *result,
    mfa_at_t at)
{
    int64_t    n;
    mfa_str_t  text;

    if (mfa_op_str(op, result, at, &text) != 0 || mfa_str_int(text, &n) != 0) {
        return MFA_UNKNOWN;
    }

    return n == MFA_STORE_SCHEMA ? MFA_YES : MFA_NO;
}


mfa_at_t
mfa_store_session_read(mfa_op_t *op, mfa_str_t hash)
{
    mfa_op_begin(op, "GET");
    mfa_key_session(op, hash);

    return mfa_op_at(op);
}


mfa_tri_e
mfa_store_session_decode(const mfa_op_t *op, const mfa_result_t *result,
    mfa_at_t at, const mfa_portal_t *portal, mfa_str_t hash,
    mfa_session_t *session, int *foreign)
{
    mfa_str_t  record;

    *foreign = 0;

    if (mfa_op_str(op, result, at, &record) != 0) {
        return MFA_UNKNOWN;
    }

    if (record.len == 0) {
        return MFA_NO;
    }

    if (mfa_session_decode(session, record, hash) != 0
        || !mfa_str_eq(session->portal, portal->name))
    {
        *foreign = 1;
        return MFA_NO;
    }

    return MFA_YES;
}


/* A key lives as long as its record can still be of use, and not longer. */
static int64_t
time_left(const mfa_portal_t *portal, const mfa_session_t *session,
    int64_t now)
{
    int64_t  left;

    left = session->expires - now;

    if (left > portal->idle_sec) {
        left = portal->idle_sec;
    }

    return left > 0 ? left : 1;
}


static void
session_record(mfa_op_t *op, const mfa_session_t *session, mfa_str_t hash)
{
    size_t  from;

    from = op->bytes.len;
    mfa_session_encode(&op->bytes, session, hash);

    if (op->bytes.failed) {
        op->failed = 1;
    }

    mfa_op_arg(op, mfa_buf_since(&op->bytes, from));
}


mfa_at_t
mfa_store_session_index(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_session_t *session, int64_t usec, mfa_str_t hash)
{
    mfa_op_begin(op, "ZREMRANGEBYSCORE");
    mfa_key_sessions(op, portal, session->login);
    mfa_op_word(op, "-inf");
    mfa_op_moment(op, session->created - portal->absolute_sec, 0);

    mfa_op_begin(op, "ZADD");
    mfa_key_sessions(op, portal, session->login);
    mfa_op_moment(op, session->seen, usec);
    mfa_op_arg(op, hash);

    mfa_op_begin(op, "EXPIRE");
    mfa_key_sessions(op, portal, session->login);
    mfa_op_number(op, portal->absolute_sec);

    mfa_op_begin(op, "ZRANGE");
    mfa_key_sessions(op, portal, session->login);
    mfa_op_number(op, 0);
    mfa_op_number(op, -portal->max_sessions - 1);

    return mfa_op_at(op);
}


void
mfa_store_session_write(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_session_t *session, mfa_str_t hash)
{
    mfa_op_begin(op, "SET");
    mfa_key_session(op, hash);
    session_record(op, session, hash);
    mfa_op_word(op, "EX");
    mfa_op_number(op, time_left(portal, session, session->seen));
}


mfa_at_t
mfa_store_session_save(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_session_t *session, mfa_str_t hash, int64_t now)
{
    mfa_op_begin(op, "SET");
    mfa_key_session(op, hash);
    session_record(op, session, hash);
    mfa_op_word(op, "XX");
    mfa_op_word(op, "EX");
    mfa_op_number(op, time_left(portal, session, now));

    return mfa_op_at(op);
}


void
mfa_store_session_remove(mfa_op_t *op, mfa_str_t hash)
{
    mfa_op_begin(op, "UNLINK");
    mfa_key_session(op, hash);
}


void
mfa_store_session_unindex(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t hash)
{
    mfa_op_begin(op, "ZREM");
    mfa_key_sessions(op, portal, login);
    mfa_op_arg(op, hash);
}


mfa_at_t
mfa_store_session_end(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t hash)
{
    mfa_at_t  at;

    mfa_store_session_remove(op, hash);
    at = mfa_op_at(op);
    mfa_store_session_unindex(op, portal, login, hash);

    return at;
}


void
mfa_store_session_unindex_all(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login)
{
    mfa_op_begin(op, "DEL");
    mfa_key_sessions(op, portal, login);
}


mfa_at_t
mfa_store_session_list(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login)
{
    mfa_op_begin(op, "ZRANGE");
    mfa_key_sessions(op, portal, login);
    mfa_op_number(op, 0);
    mfa_op_number(op, -1);

    return mfa_op_at(op);
}


mfa_at_t
mfa_store_step_claim(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, int64_t step)
{
    mfa_op_begin(op, "ZADD");
    mfa_key_portal(op, portal, "steps");
    mfa_op_word(op, "GT");
    mfa_op_word(op, "CH");
    mfa_op_number(op, step);
    mfa_op_arg(op, login);

    return mfa_op_at(op);
}


mfa_at_t
mfa_store_enrolment_offer(mfa_op_t *op, mfa_str_t hash, mfa_str_t pending)
{
    mfa_op_begin(op, "SET");
    mfa_key_enrolment(op, hash);
    mfa_op_arg(op, pending);
    mfa_op_word(op, "NX");
    mfa_op_word(op, "EX");
    mfa_op_number(op, MFA_ENROLMENT_SEC);

    return mfa_store_enrolment_read(op, hash);
}


void
mfa_store_enrolment_put(mfa_op_t *op, mfa_str_t hash, mfa_str_t pending)
{
    mfa_op_begin(op, "SET");
    mfa_key_enrolment(op, hash);
    mfa_op_arg(op, pending);
    mfa_op_word(op, "EX");
    mfa_op_number(op, MFA_ENROLMENT_SEC);
}


mfa_at_t
mfa_store_enrolment_read(mfa_op_t *op, mfa_str_t hash)
{
    mfa_op_begin(op, "GET");
    mfa_key_enrolment(op, hash);

    return mfa_op_at(op);
}


void
mfa_store_enrolment_end(mfa_op_t *op, mfa_str_t hash)
{
    mfa_op_begin(op, "UNLINK");
    mfa_key_enrolment(op, hash);
}


static void
audit_field(mfa_op_t *op, const char *name, mfa_str_t value)
{
    if (value.len) {
        mfa_op_word(op, name);
        mfa_op_arg(op, value);
    }
}


void
mfa_store_audit(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_audit_t *audit)
{
    mfa_op_begin(op, "XADD");
    mfa_key_portal(op, portal, "audit");
    mfa_op_word(op, "MAXLEN");
    mfa_op_word(op, "~");
    mfa_op_number(op, MFA_AUDIT_KEEP);
    mfa_op_word(op, "*");

    audit_field(op, "event", mfa_str_from(audit->event));
    audit_field(op, "result", mfa_str_from(audit->result));
    audit_field(op, "reason", mfa_str_from(audit->reason));
    audit_field(op, "login", audit->login);
    audit_field(op, "actor", audit->actor);
    audit_field(op, "token", audit->token);
    audit_field(op, "address", audit->address);
    audit_field(op, "request", audit->request);
    audit_field(op, "detail", audit->detail);
}


mfa_at_t
mfa_store_audit_read(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t before, int64_t n)
{
    mfa_op_begin(op, "XREVRANGE");
    mfa_key_portal(op, portal, "audit");
    mfa_op_arg(op, before);
    mfa_op_word(op, "-");
    mfa_op_word(op, "COUNT");
    mfa_op_number(op, n);

    return mfa_op_at(op);
}


mfa_at_t
mfa_store_audit_wait(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t after,
    int64_t n, int64_t wait_msec)
{
    mfa_op_begin(op, "XREAD");
    mfa_op_word(op, "COUNT");
    mfa_op_number(op, n);
    mfa_op_word(op, "BLOCK");
    mfa_op_number(op, wait_msec);
    mfa_op_word(op, "STREAMS");
    mfa_key_portal(op, portal, "audit");
    mfa_op_arg(op, after);

    return mfa_op_at(op);
}


/* Nil, or one stream: its name and its entries. */
const mfa_reply_t *
mfa_store_audit_waited(const mfa_op_t *op, const mfa_result_t *result,
    mfa_at_t at)
{
    const mfa_reply_t  *reply, *stream;

    static const mfa_reply_t  none = { .type = MFA_REPLY_ARRAY };

    reply = mfa_op_reply(op, result, at);

    if (reply == NULL || reply->type == MFA_REPLY_NIL) {
        return reply == NULL ? NULL : &none;
    }

    if (reply->type != MFA_REPLY_ARRAY || reply->n != 1) {
        return NULL;
    }

    stream = &reply->elements[0];

    if (stream->type != MFA_REPLY_ARRAY || stream->n != 2
        || stream->elements[1].type != MFA_REPLY_ARRAY)
    {
        return NULL;
    }

    return &stream->elements[1];
}


mfa_at_t
mfa_store_server_info(mfa_op_t *op, const char *section)
{
    mfa_op_begin(op, "INFO");
    mfa_op_word(op, section);

    return mfa_op_at(op);
}


mfa_at_t
mfa_store_server_time(mfa_op_t *op)
{
    mfa_op_begin(op, "TIME");

    return mfa_op_at(op);
}


mfa_at_t
mfa_store_server_policy(mfa_op_t *op)
{
    mfa_op_begin(op, "CONFIG");
    mfa_op_word(op, "GET");
    mfa_op_word(op, "maxmemory-policy");

    return mfa_op_at(op);
}
