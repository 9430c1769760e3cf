/*
 * Keys and commands, see store.h.  To add a key: its row in the table there, a
 * builder here, and README's table of keys.
 */

#include "core/store.h"


static void
account_key(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t login)
{
    mfa_str_t  parts[] = {
        mfa_lit("mfa:{"), portal->name, mfa_lit("}:account:"), login
    };

    mfa_op_joined(op, parts, 4);
}


static void
sessions_key(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t login)
{
    mfa_str_t  parts[] = {
        mfa_lit("mfa:{"), portal->name, mfa_lit("}:sessions:"), login
    };

    mfa_op_joined(op, parts, 4);
}


/* accounts, unenrolled, not-required, steps, audit */
static void
portal_key(mfa_op_t *op, const mfa_portal_t *portal, const char *what)
{
    mfa_str_t  parts[] = {
        mfa_lit("mfa:{"), portal->name, mfa_lit("}:"), mfa_str_from(what)
    };

    mfa_op_joined(op, parts, 4);
}


static void
session_key(mfa_op_t *op, mfa_str_t hash)
{
    mfa_str_t  parts[] = { mfa_lit("mfa:session:"), hash };

    mfa_op_joined(op, parts, 2);
}


static void
enrolment_key(mfa_op_t *op, mfa_str_t hash)
{
    mfa_str_t  parts[] = { mfa_lit("mfa:enrolment:"), hash };

    mfa_op_joined(op, parts, 2);
}


static void
known_key(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t login,
    mfa_str_t net)
{
    mfa_str_t  parts[] = {
        mfa_lit("mfa:known:"), portal->name, mfa_lit(":"), login,
        mfa_lit(":"), net
    };

    mfa_op_joined(op, parts, 6);
}


static void
fail_key(mfa_op_t *op, mfa_charge_e kind, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t net)
{
    size_t     n;
    mfa_str_t  parts[8];

    static const char *const  names[] = {
        "address", "password", "account", "code", "code-run"
    };

    n = 0;
    parts[n++] = mfa_lit("mfa:fail:");
    parts[n++] = mfa_str_from(names[kind]);

    if (kind != MFA_CHARGE_ADDRESS) {
        parts[n++] = mfa_lit(":");
        parts[n++] = portal->name;
        parts[n++] = mfa_lit(":");
        parts[n++] = login;
    }

    if (kind == MFA_CHARGE_ADDRESS || kind == MFA_CHARGE_PASSWORD) {
        parts[n++] = mfa_lit(":");
        parts[n++] = net;
    }

    mfa_op_joined(op, parts, n);
}


mfa_at_t
mfa_store_schema(mfa_op_t *op)
{
    mfa_op_begin(op, "SET");
    mfa_op_word(op, "mfa:schema");
    mfa_op_number(op, MFA_STORE_SCHEMA);
    mfa_op_word(op, "NX");

    mfa_op_begin(op, "GET");
    mfa_op_word(op, "mfa:schema");

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
    session_key(op, hash);

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
mfa_store_session_create(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_session_t *session, mfa_str_t hash)
{
    mfa_at_t  excess;

    /* The index first: a session that is not in it could not be revoked. */
    mfa_op_multi(op);

    mfa_op_begin(op, "ZREMRANGEBYSCORE");
    sessions_key(op, portal, session->login);
    mfa_op_word(op, "-inf");
    mfa_op_number(op, session->created - portal->absolute_sec);

    mfa_op_begin(op, "ZADD");
    sessions_key(op, portal, session->login);
    mfa_op_number(op, session->created);
    mfa_op_arg(op, hash);

    mfa_op_begin(op, "EXPIRE");
    sessions_key(op, portal, session->login);
    mfa_op_number(op, portal->absolute_sec);

    mfa_op_begin(op, "ZRANGE");
    sessions_key(op, portal, session->login);
    mfa_op_number(op, 0);
    mfa_op_number(op, -portal->max_sessions - 1);
    excess = mfa_op_at(op);

    mfa_op_exec(op);

    mfa_op_begin(op, "SET");
    session_key(op, hash);
    session_record(op, session, hash);
    mfa_op_word(op, "EX");
    mfa_op_number(op, time_left(portal, session, session->seen));

    return excess;
}


mfa_at_t
mfa_store_session_save(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_session_t *session, mfa_str_t hash, int64_t now)
{
    mfa_op_begin(op, "SET");
    session_key(op, hash);
    session_record(op, session, hash);
    mfa_op_word(op, "XX");
    mfa_op_word(op, "EX");
    mfa_op_number(op, time_left(portal, session, now));

    return mfa_op_at(op);
}


void
mfa_store_session_end(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t hash)
{
    mfa_op_begin(op, "UNLINK");
    session_key(op, hash);

    mfa_op_begin(op, "ZREM");
    sessions_key(op, portal, login);
    mfa_op_arg(op, hash);
}


mfa_at_t
mfa_store_session_list(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login)
{
    mfa_op_begin(op, "ZRANGE");
    sessions_key(op, portal, login);
    mfa_op_number(op, 0);
    mfa_op_number(op, -1);

    return mfa_op_at(op);
}


static mfa_at_t
read_fields(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t login, size_t n)
{
    size_t  i;

    mfa_op_begin(op, "HMGET");
    account_key(op, portal, login);

    for (i = 0; i < n; i++) {
        mfa_op_word(op, mfa_account_field_names[i]);
    }

    return mfa_op_at(op);
}


mfa_at_t
mfa_store_account_read(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, size_t n)
{
    return read_fields(op, portal, login, n);
}


mfa_tri_e
mfa_store_account_decode(const mfa_op_t *op, const mfa_result_t *result,
    mfa_at_t at, mfa_str_t login, size_t n, mfa_account_t *account)
{
    return mfa_account_decode(account, login, mfa_op_reply(op, result, at), n);
}


mfa_at_t
mfa_store_account_watch(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login)
{
    op->reserve = 1;

    mfa_op_begin(op, "WATCH");
    account_key(op, portal, login);

    return read_fields(op, portal, login, MFA_ACCOUNT_N);
}


void
mfa_store_unwatch(mfa_op_t *op)
{
    op->reserve = 1;

    mfa_op_begin(op, "UNWATCH");
}


void
mfa_store_account_change(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, const mfa_change_t *changes, size_t n, int raise)
{
    size_t  i, sets, deletes;

    sets = 0;
    deletes = 0;

    for (i = 0; i < n; i++) {
        if (!changes[i].is_number && changes[i].text.len == 0) {
            deletes++;
        } else {
            sets++;
        }
    }

    if (sets) {
        mfa_op_begin(op, "HSET");
        account_key(op, portal, login);

        for (i = 0; i < n; i++) {
            if (changes[i].is_number) {
                mfa_op_word(op, mfa_account_field_names[changes[i].field]);
                mfa_op_number(op, changes[i].number);

            } else if (changes[i].text.len) {
                mfa_op_word(op, mfa_account_field_names[changes[i].field]);
                mfa_op_arg(op, changes[i].text);
            }
        }
    }

    if (deletes) {
        mfa_op_begin(op, "HDEL");
        account_key(op, portal, login);

        for (i = 0; i < n; i++) {
            if (!changes[i].is_number && changes[i].text.len == 0) {
                mfa_op_word(op, mfa_account_field_names[changes[i].field]);
            }
        }
    }

    mfa_op_begin(op, "HINCRBY");
    account_key(op, portal, login);
    mfa_op_word(op, mfa_account_field_names[MFA_ACCOUNT_VERSION]);
    mfa_op_number(op, 1);

    if (raise) {
        mfa_op_begin(op, "HINCRBY");
        account_key(op, portal, login);
        mfa_op_word(op, mfa_account_field_names[MFA_ACCOUNT_GENERATION]);
        mfa_op_number(op, 1);
    }
}


static void
remove_member(mfa_op_t *op, const mfa_portal_t *portal, const char *index,
    mfa_str_t login)
{
    mfa_op_begin(op, "ZREM");
    portal_key(op, portal, index);
    mfa_op_arg(op, login);
}


static void
add_member(mfa_op_t *op, const mfa_portal_t *portal, const char *index,
    int64_t score, mfa_str_t login)
{
    mfa_op_begin(op, "ZADD");
    portal_key(op, portal, index);
    mfa_op_number(op, score);
    mfa_op_arg(op, login);
}


void
mfa_store_account_delete(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login)
{
    mfa_op_begin(op, "DEL");
    account_key(op, portal, login);
    sessions_key(op, portal, login);

    remove_member(op, portal, "accounts", login);
    remove_member(op, portal, "unenrolled", login);
    remove_member(op, portal, "not-required", login);
    /* The last step stays: an account made anew under this name must not
       accept a code that was spent. */
}


void
mfa_store_account_index(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, int required, int enrolled, int64_t deadline)
{
    add_member(op, portal, "accounts", 0, login);

    if (required) {
        remove_member(op, portal, "not-required", login);
    } else {
        add_member(op, portal, "not-required", 0, login);
    }

    if (required && !enrolled) {
        add_member(op, portal, "unenrolled", deadline > 0 ? deadline : 0,
                   login);
    } else {
        remove_member(op, portal, "unenrolled", login);
    }
}


mfa_at_t
mfa_store_deadline_set(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, int64_t deadline)
{
    mfa_at_t  at;

    mfa_op_multi(op);

    mfa_op_begin(op, "HSETNX");
    account_key(op, portal, login);
    mfa_op_word(op, mfa_account_field_names[MFA_ACCOUNT_DEADLINE]);
    mfa_op_number(op, deadline);

    mfa_op_begin(op, "HGET");
    account_key(op, portal, login);
    mfa_op_word(op, mfa_account_field_names[MFA_ACCOUNT_DEADLINE]);
    at = mfa_op_at(op);

    mfa_op_begin(op, "ZADD");
    portal_key(op, portal, "unenrolled");
    mfa_op_word(op, "NX");
    mfa_op_number(op, deadline);
    mfa_op_arg(op, login);

    remove_member(op, portal, "not-required", login);

    mfa_op_exec(op);

    return at;
}


void
mfa_store_validated_set(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_account_t *account)
{
    mfa_op_begin(op, "HSET");
    account_key(op, portal, account->login);
    mfa_op_word(op, mfa_account_field_names[MFA_ACCOUNT_VALIDATED]);
    mfa_op_arg(op, account->secret_id);
}


mfa_at_t
mfa_store_account_list(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_list_e list, mfa_str_t after, int64_t n)
{
    mfa_str_t  parts[] = { mfa_lit("("), after };

    if (list == MFA_LIST_UNENROLLED) {
        mfa_op_begin(op, "ZRANGE");
        portal_key(op, portal, "unenrolled");
        mfa_op_number(op, 0);
        mfa_op_number(op, n - 1);

        return mfa_op_at(op);
    }

    mfa_op_begin(op, "ZRANGEBYLEX");
    portal_key(op, portal,
               list == MFA_LIST_ALL ? "accounts" : "not-required");

    if (after.len) {
        mfa_op_joined(op, parts, 2);
    } else {
        mfa_op_word(op, "-");
    }

    mfa_op_word(op, "+");
    mfa_op_word(op, "LIMIT");
    mfa_op_number(op, 0);
    mfa_op_number(op, n);

    return mfa_op_at(op);
}


mfa_at_t
mfa_store_step_claim(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, int64_t step)
{
    mfa_op_begin(op, "ZADD");
    portal_key(op, portal, "steps");
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
    enrolment_key(op, hash);
    mfa_op_arg(op, pending);
    mfa_op_word(op, "NX");
    mfa_op_word(op, "EX");
    mfa_op_number(op, MFA_ENROLMENT_SEC);

    return mfa_store_enrolment_read(op, hash);
}


mfa_at_t
mfa_store_enrolment_read(mfa_op_t *op, mfa_str_t hash)
{
    mfa_op_begin(op, "GET");
    enrolment_key(op, hash);

    return mfa_op_at(op);
}


void
mfa_store_enrolment_end(mfa_op_t *op, mfa_str_t hash)
{
    mfa_op_begin(op, "UNLINK");
    enrolment_key(op, hash);
}


void
mfa_store_charge(mfa_op_t *op, mfa_charge_t *charge,
    const mfa_portal_t *portal, mfa_str_t login, mfa_str_t net)
{
    charge->known = -1;

    if (charge->kind == MFA_CHARGE_ACCOUNT) {
        mfa_op_begin(op, "EXISTS");
        known_key(op, portal, login, net);
        charge->known = mfa_op_at(op);
    }

    /* Window and count in one transaction: a counter without an end could
       lock somebody out for ever. */
    mfa_op_multi(op);

    mfa_op_begin(op, "SET");
    fail_key(op, charge->kind, portal, login, net);
    mfa_op_number(op, 0);
    mfa_op_word(op, "NX");
    mfa_op_word(op, "EX");
    mfa_op_number(op, charge->limit.window_sec);

    mfa_op_begin(op, "INCR");
    fail_key(op, charge->kind, portal, login, net);
    charge->count = mfa_op_at(op);

    mfa_op_begin(op, "TTL");
    fail_key(op, charge->kind, portal, login, net);
    charge->ttl = mfa_op_at(op);

    mfa_op_exec(op);
}


mfa_charged_t
mfa_store_charge_result(const mfa_op_t *op, const mfa_result_t *result,
    const mfa_charge_t *charges, size_t n)
{
    size_t         i;
    int64_t        count, ttl, known;
    mfa_charged_t  charged;

    charged = (mfa_charged_t) { MFA_YES, 0, 0 };

    for (i = 0; i < n; i++) {
        if (mfa_op_int(op, result, charges[i].count, &count) != 0
            || mfa_op_int(op, result, charges[i].ttl, &ttl) != 0)
        {
            return (mfa_charged_t) { MFA_UNKNOWN, 0, 0 };
        }

        if (count <= charges[i].limit.n) {
            continue;
        }

        if (charges[i].known >= 0) {
            if (mfa_op_int(op, result, charges[i].known, &known) != 0) {
                return (mfa_charged_t) { MFA_UNKNOWN, 0, 0 };
            }

            if (known) {
                continue;
            }
        }

        charged.within = MFA_NO;
        charged.first |= count == charges[i].limit.n + 1;

        if (ttl > charged.retry_after) {
            charged.retry_after = ttl;
        }
    }

    return charged;
}


void
mfa_store_charge_clear(mfa_op_t *op, mfa_charge_e kind,
    const mfa_portal_t *portal, mfa_str_t login, mfa_str_t net)
{
    mfa_op_begin(op, "UNLINK");
    fail_key(op, kind, portal, login, net);
}


void
mfa_store_charge_refund(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t net)
{
    mfa_str_t  none = { NULL, 0 };

    mfa_op_multi(op);

    mfa_op_begin(op, "SET");
    fail_key(op, MFA_CHARGE_ADDRESS, portal, none, net);
    mfa_op_number(op, 0);
    mfa_op_word(op, "NX");
    mfa_op_word(op, "EX");
    mfa_op_number(op, portal->limit_address.window_sec);

    mfa_op_begin(op, "DECR");
    fail_key(op, MFA_CHARGE_ADDRESS, portal, none, net);

    mfa_op_exec(op);
}


void
mfa_store_known_net(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t net)
{
    mfa_op_begin(op, "SET");
    known_key(op, portal, login, net);
    mfa_op_number(op, 1);
    mfa_op_word(op, "EX");
    mfa_op_number(op, MFA_KNOWN_NET_SEC);
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
    portal_key(op, portal, "audit");
    mfa_op_word(op, "MAXLEN");
    mfa_op_word(op, "~");
    mfa_op_number(op, MFA_AUDIT_KEEP);
    mfa_op_word(op, "*");

    audit_field(op, "event", mfa_str_from(audit->event));
    audit_field(op, "result", mfa_str_from(audit->result));
    audit_field(op, "reason", mfa_str_from(audit->reason));
    audit_field(op, "login", audit->login);
    audit_field(op, "actor", audit->actor);
    audit_field(op, "address", audit->address);
    audit_field(op, "request", audit->request);
    audit_field(op, "detail", audit->detail);
}


mfa_at_t
mfa_store_audit_read(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t before, int64_t n)
{
    mfa_op_begin(op, "XREVRANGE");
    portal_key(op, portal, "audit");
    mfa_op_arg(op, before);
    mfa_op_word(op, "-");
    mfa_op_word(op, "COUNT");
    mfa_op_number(op, n);

    return mfa_op_at(op);
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
