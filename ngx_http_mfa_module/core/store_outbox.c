/*
 * The senders' end of the outbox, see store_outbox.h.
 */

#include "core/store_outbox.h"
#include "core/store_key.h"

#define GROUP     "mailer"
#define CONSUMER  "sender"

/* Of a dead letter's own fields: what op has room for beside the rest. */
#define FIELDS_MAX  40


static mfa_at_t
on_outbox(mfa_op_t *op, const mfa_portal_t *portal, const char *command)
{
    mfa_op_begin(op, command);
    mfa_key_portal(op, portal, "outbox");
    mfa_op_word(op, GROUP);

    return mfa_op_at(op);
}


void
mfa_store_outbox_group(mfa_op_t *op, const mfa_portal_t *portal)
{
    mfa_op_begin(op, "XGROUP");
    mfa_op_word(op, "CREATE");
    mfa_key_portal(op, portal, "outbox");
    mfa_op_word(op, GROUP);
    mfa_op_word(op, "0");
    mfa_op_word(op, "MKSTREAM");
}


int
mfa_store_outbox_no_group(const mfa_reply_t *reply)
{
    return reply != NULL && reply->type == MFA_REPLY_ERROR
           && mfa_str_begins(reply->str, "NOGROUP");
}


mfa_at_t
mfa_store_outbox_stale(mfa_op_t *op, const mfa_portal_t *portal,
    int64_t lease_msec)
{
    mfa_at_t  at;

    at = on_outbox(op, portal, "XPENDING");
    mfa_op_word(op, "IDLE");
    mfa_op_number(op, lease_msec);
    mfa_op_word(op, "-");
    mfa_op_word(op, "+");
    mfa_op_word(op, "1");

    return at;
}


/* Id, consumer, how long, how often. */
mfa_tri_e
mfa_store_outbox_stale_result(const mfa_op_t *op, const mfa_result_t *result,
    mfa_at_t at, mfa_str_t *id, int64_t *tries)
{
    const mfa_reply_t  *list, *row;

    list = mfa_op_reply(op, result, at);

    if (list == NULL || list->type != MFA_REPLY_ARRAY || list->n > 1) {
        return MFA_UNKNOWN;
    }

    if (list->n == 0) {
        return MFA_NO;
    }

    row = &list->elements[0];

    if (row->type != MFA_REPLY_ARRAY || row->n != 4
        || row->elements[0].type != MFA_REPLY_STRING
        || !mfa_event_id_check(row->elements[0].str)
        || row->elements[3].type != MFA_REPLY_INT
        || row->elements[3].integer < 0)
    {
        return MFA_UNKNOWN;
    }

    *id = row->elements[0].str;
    *tries = row->elements[3].integer;

    return MFA_YES;
}


static mfa_at_t
claim(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t id,
    int64_t lease_msec, int64_t tries)
{
    mfa_at_t  at;

    at = on_outbox(op, portal, "XCLAIM");
    mfa_op_word(op, CONSUMER);
    mfa_op_number(op, lease_msec);
    mfa_op_arg(op, id);
    mfa_op_word(op, "RETRYCOUNT");
    mfa_op_number(op, tries);

    return at;
}


mfa_at_t
mfa_store_outbox_claim(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t id,
    int64_t lease_msec, int64_t tries)
{
    return claim(op, portal, id, lease_msec, tries);
}


mfa_at_t
mfa_store_outbox_waiting(mfa_op_t *op, const mfa_portal_t *portal,
    int64_t now)
{
    mfa_op_begin(op, "ZRANGEBYSCORE");
    mfa_key_portal(op, portal, "outbox-retry");
    mfa_op_word(op, "-inf");
    mfa_op_number(op, now);
    mfa_op_word(op, "LIMIT");
    mfa_op_word(op, "0");
    mfa_op_word(op, "1");

    return mfa_op_at(op);
}


/* "TRIES ID" */
mfa_tri_e
mfa_store_outbox_waiting_result(const mfa_op_t *op, const mfa_result_t *result,
    mfa_at_t at, mfa_str_t *waiting, mfa_str_t *id, int64_t *tries)
{
    mfa_str_t           number;
    const mfa_reply_t  *list;

    list = mfa_op_reply(op, result, at);

    if (list == NULL || list->type != MFA_REPLY_ARRAY || list->n > 1) {
        return MFA_UNKNOWN;
    }

    if (list->n == 0) {
        return MFA_NO;
    }

    if (list->elements[0].type != MFA_REPLY_STRING) {
        return MFA_UNKNOWN;
    }

    *waiting = list->elements[0].str;

    return mfa_str_cut(*waiting, ' ', &number, id)
           && mfa_str_int(number, tries) == 0 && *tries >= 0
           && mfa_event_id_check(*id) ? MFA_YES : MFA_UNKNOWN;
}


/* FORCE: what waits is not pending.  Who loses the race takes what the winner
   has in hand from the same consumer to the same consumer. */
mfa_resume_at_t
mfa_store_outbox_resume(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t waiting, mfa_str_t id, int64_t tries)
{
    mfa_resume_at_t  at;

    mfa_op_multi(op);

    mfa_op_begin(op, "ZREM");
    mfa_key_portal(op, portal, "outbox-retry");
    mfa_op_arg(op, waiting);
    at.won = mfa_op_at(op);

    at.entry = claim(op, portal, id, 0, tries);
    mfa_op_word(op, "FORCE");

    mfa_op_exec(op);

    return at;
}


mfa_at_t
mfa_store_outbox_next(mfa_op_t *op, const mfa_portal_t *portal)
{
    mfa_op_begin(op, "XREADGROUP");
    mfa_op_word(op, "GROUP");
    mfa_op_word(op, GROUP);
    mfa_op_word(op, CONSUMER);
    mfa_op_word(op, "COUNT");
    mfa_op_word(op, "1");
    mfa_op_word(op, "STREAMS");
    mfa_key_portal(op, portal, "outbox");
    mfa_op_word(op, ">");

    return mfa_op_at(op);
}


/* XREADGROUP: nil, or one stream with its name; XCLAIM: an array of entries,
   in which 6.2 shows one that is gone as nil. */
mfa_tri_e
mfa_store_outbox_taken(const mfa_op_t *op, const mfa_result_t *result,
    mfa_at_t at, const mfa_reply_t **entry)
{
    const mfa_reply_t  *list;

    list = mfa_op_reply(op, result, at);

    if (list == NULL || (list->type != MFA_REPLY_ARRAY
                         && list->type != MFA_REPLY_NIL))
    {
        return MFA_UNKNOWN;
    }

    if (list->n == 1 && list->elements[0].type == MFA_REPLY_ARRAY
        && list->elements[0].n == 2
        && list->elements[0].elements[1].type == MFA_REPLY_ARRAY
        && list->elements[0].elements[1].n == 1
        && list->elements[0].elements[1].elements[0].type == MFA_REPLY_ARRAY)
    {
        list = &list->elements[0].elements[1];
    }

    if (list->n == 0 || list->elements[0].type == MFA_REPLY_NIL) {
        return MFA_NO;
    }

    *entry = &list->elements[0];

    return list->n == 1 && (*entry)->type == MFA_REPLY_ARRAY
           && (*entry)->n == 2
           && (*entry)->elements[0].type == MFA_REPLY_STRING
           && mfa_event_id_check((*entry)->elements[0].str)
           ? MFA_YES : MFA_UNKNOWN;
}


int
mfa_store_outbox_gone(const mfa_op_t *op, const mfa_result_t *result,
    mfa_at_t at)
{
    const mfa_reply_t  *list;

    list = mfa_op_reply(op, result, at);

    return list != NULL && list->type == MFA_REPLY_ARRAY && list->n == 1
           && list->elements[0].type == MFA_REPLY_NIL;
}


void
mfa_store_outbox_done(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t id)
{
    on_outbox(op, portal, "XACK");
    mfa_op_arg(op, id);

    mfa_op_begin(op, "XDEL");
    mfa_key_portal(op, portal, "outbox");
    mfa_op_arg(op, id);
}


void
mfa_store_outbox_later(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t id,
    int64_t tries, int64_t at)
{
    size_t  from;

    mfa_op_begin(op, "ZADD");
    mfa_key_portal(op, portal, "outbox-retry");
    mfa_op_number(op, at);

    from = op->bytes.len;
    mfa_buf_int(&op->bytes, tries);
    mfa_buf_byte(&op->bytes, ' ');
    mfa_buf_str(&op->bytes, id);
    op->failed |= op->bytes.failed;
    mfa_op_arg(op, mfa_buf_since(&op->bytes, from));

    on_outbox(op, portal, "XACK");
    mfa_op_arg(op, id);
}


/* The pairs of an entry, but for those of a dead letter; what is none of ours is
   left out. */
static void
pairs(mfa_op_t *op, const mfa_reply_t *fields)
{
    size_t              i;
    const mfa_reply_t  *f;

    if (fields == NULL || fields->type != MFA_REPLY_ARRAY
        || fields->n > FIELDS_MAX)
    {
        return;
    }

    for (i = 0; i + 1 < fields->n; i += 2) {
        f = &fields->elements[i];

        if (f[0].type == MFA_REPLY_STRING && f[1].type == MFA_REPLY_STRING
            && !mfa_str_is(f[0].str, "reason")
            && !mfa_str_is(f[0].str, "tries"))
        {
            mfa_op_arg(op, f[0].str);
            mfa_op_arg(op, f[1].str);
        }
    }
}


void
mfa_store_outbox_bury(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_reply_t *fields, mfa_str_t why, int64_t tries)
{
    mfa_op_begin(op, "XADD");
    mfa_key_portal(op, portal, "outbox-dead");
    mfa_op_word(op, "*");
    pairs(op, fields);
    mfa_op_word(op, "reason");
    mfa_op_arg(op, why);
    mfa_op_word(op, "tries");
    mfa_op_number(op, tries);
}


mfa_at_t
mfa_store_dead_list(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t after,
    int64_t n)
{
    mfa_str_t  parts[] = { mfa_lit("("), after };

    mfa_op_begin(op, "XRANGE");
    mfa_key_portal(op, portal, "outbox-dead");

    if (after.len) {
        mfa_op_joined(op, parts, 2);
    } else {
        mfa_op_word(op, "-");
    }

    mfa_op_word(op, "+");
    mfa_op_word(op, "COUNT");
    mfa_op_number(op, n);

    return mfa_op_at(op);
}


mfa_at_t
mfa_store_dead_watch(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t id)
{
    op->reserve = 1;
    op->watching = 1;

    mfa_op_begin(op, "WATCH");
    mfa_key_portal(op, portal, "outbox-dead");

    mfa_op_begin(op, "XRANGE");
    mfa_key_portal(op, portal, "outbox-dead");
    mfa_op_arg(op, id);
    mfa_op_arg(op, id);

    return mfa_op_at(op);
}


void
mfa_store_dead_requeue(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t id,
    const mfa_reply_t *fields)
{
    mfa_op_begin(op, "XADD");
    mfa_key_portal(op, portal, "outbox");
    mfa_op_word(op, "*");
    pairs(op, fields);

    mfa_op_begin(op, "XDEL");
    mfa_key_portal(op, portal, "outbox-dead");
    mfa_op_arg(op, id);
}


mfa_str_t
mfa_store_dead_field(const mfa_reply_t *fields, const char *name)
{
    size_t     i;
    mfa_str_t  none = { NULL, 0 };

    for (i = 0; fields->type == MFA_REPLY_ARRAY && i + 1 < fields->n; i += 2) {
        if (fields->elements[i].type == MFA_REPLY_STRING
            && fields->elements[i + 1].type == MFA_REPLY_STRING
            && mfa_str_is(fields->elements[i].str, name))
        {
            return fields->elements[i + 1].str;
        }
    }

    return none;
}


mfa_at_t
mfa_store_notices_read(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_str_t *logins, size_t n)
{
    size_t  i;

    mfa_op_begin(op, "HMGET");
    mfa_key_portal(op, portal, "notices");

    for (i = 0; i < n; i++) {
        mfa_op_arg(op, logins[i]);
    }

    return mfa_op_at(op);
}


mfa_at_t
mfa_store_notice_watch(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login)
{
    op->reserve = 1;
    op->watching = 1;

    mfa_op_begin(op, "WATCH");
    mfa_key_portal(op, portal, "notices");

    mfa_op_begin(op, "HGET");
    mfa_key_portal(op, portal, "notices");
    mfa_op_arg(op, login);

    return mfa_op_at(op);
}


/* "KIND DEADLINE" */
static mfa_str_t
notice(mfa_buf_t *b, mfa_mail_e kind, int64_t deadline)
{
    size_t  from;

    from = b->len;
    mfa_buf_cstr(b, mfa_mail_name(kind));
    mfa_buf_byte(b, ' ');
    mfa_buf_int(b, deadline);

    return mfa_buf_since(b, from);
}


void
mfa_store_notice_set(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t login,
    mfa_mail_e kind, int64_t deadline)
{
    mfa_op_begin(op, "HSET");
    mfa_key_portal(op, portal, "notices");
    mfa_op_arg(op, login);
    mfa_op_arg(op, notice(&op->bytes, kind, deadline));
    op->failed |= op->bytes.failed;
}


int
mfa_store_notice_is(mfa_str_t text, mfa_mail_e kind, int64_t deadline)
{
    uint8_t    room[64];
    mfa_buf_t  b;

    mfa_buf_init(&b, room, sizeof(room));

    return mfa_str_eq(text, notice(&b, kind, deadline));
}


void
mfa_store_outbox_look(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_outbox_at_t *at)
{
    mfa_op_begin(op, "XLEN");
    mfa_key_portal(op, portal, "outbox");
    at->length = mfa_op_at(op);

    mfa_op_begin(op, "ZCARD");
    mfa_key_portal(op, portal, "outbox-retry");
    at->retry = mfa_op_at(op);

    mfa_op_begin(op, "XLEN");
    mfa_key_portal(op, portal, "outbox-dead");
    at->dead = mfa_op_at(op);

    mfa_op_begin(op, "XRANGE");
    mfa_key_portal(op, portal, "outbox");
    mfa_op_word(op, "-");
    mfa_op_word(op, "+");
    mfa_op_word(op, "COUNT");
    mfa_op_word(op, "1");
    at->oldest = mfa_op_at(op);
}


int
mfa_store_outbox_look_result(const mfa_op_t *op, const mfa_result_t *result,
    const mfa_outbox_at_t *at, mfa_outbox_t *out)
{
    mfa_event_t         event;
    const mfa_reply_t  *oldest;

    oldest = mfa_op_reply(op, result, at->oldest);
    out->oldest = 0;

    if (mfa_op_int(op, result, at->length, &out->length) != 0
        || mfa_op_int(op, result, at->retry, &out->retry) != 0
        || mfa_op_int(op, result, at->dead, &out->dead) != 0
        || oldest == NULL || oldest->type != MFA_REPLY_ARRAY)
    {
        return -1;
    }

    if (oldest->n == 0) {
        return 0;
    }

    if (mfa_event_decode(&event, &oldest->elements[0]) != 0) {
        return -1;
    }

    out->oldest = event.at;

    return 0;
}
