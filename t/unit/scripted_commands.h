/*
 * The commands of scripted_store.h, which includes this: one function each, a
 * table of them, and the transaction around them.
 */

#ifndef MFA_TEST_SCRIPTED_COMMANDS_H
#define MFA_TEST_SCRIPTED_COMMANDS_H


/* A command being carried out: the key's type has been checked. */
typedef struct {
    store_t          *store;
    const mfa_str_t  *argv;
    size_t            n;
    int               key;
} doing_t;

typedef mfa_reply_t (*store_command_t)(const doing_t *d);


static inline int64_t
doing_int(const doing_t *d, size_t i)
{
    int64_t  n;

    if (i >= d->n || mfa_str_int(d->argv[i], &n) != 0) {
        abort();
    }

    return n;
}


static inline int
doing_has(const doing_t *d, size_t from, const char *option)
{
    for (; from < d->n; from++) {
        if (mfa_str_is(d->argv[from], option)) {
            return 1;
        }
    }

    return 0;
}


static inline store_key_t *
doing_key(const doing_t *d)
{
    return &d->store->keys[d->key];
}


/* The key is of this type from now on. */
static inline void
doing_type(const doing_t *d, store_type_e type)
{
    doing_key(d)->type = type;
    store_changed(d->store, d->key);
}


/* An empty set or hash is no key. */
static inline void
doing_tidy(const doing_t *d)
{
    if (store_rows_of(d->store, d->key) == 0) {
        store_drop(d->store, d->key);
    }
}


static inline mfa_reply_t
doing_value(const doing_t *d, mfa_str_t field)
{
    store_row_t  *row = store_row(d->store, d->key, field);

    return row == NULL ? reply_of(MFA_REPLY_NIL)
           : reply_bytes(MFA_REPLY_STRING, row->value, row->value_len);
}


static inline mfa_reply_t
do_get(const doing_t *d)
{
    return doing_value(d, mfa_lit(""));
}


static inline mfa_reply_t
do_set(const doing_t *d)
{
    int     there;
    size_t  i;

    there = doing_key(d)->type != STORE_NONE;

    if ((there && doing_has(d, 3, "NX")) || (!there && doing_has(d, 3, "XX"))) {
        return reply_of(MFA_REPLY_NIL);
    }

    doing_type(d, STORE_STRING);
    store_row_set(store_row_make(d->store, d->key, mfa_lit("")), d->argv[2]);
    doing_key(d)->expires = -1;

    for (i = 3; i < d->n; i++) {
        if (mfa_str_is(d->argv[i], "EX")) {
            doing_key(d)->expires = d->store->now + doing_int(d, i + 1);
        }
    }

    return reply_text(MFA_REPLY_STATUS, "OK");
}


static inline mfa_reply_t
doing_add(const doing_t *d, mfa_str_t field, store_type_e type, int64_t add)
{
    int64_t       n = 0;
    char          text[32];
    store_row_t  *row;

    doing_type(d, type);
    row = store_row_make(d->store, d->key, field);

    if (row->value_len && mfa_str_int(store_value(row), &n) != 0) {
        return reply_text(MFA_REPLY_ERROR, "ERR value is not an integer");
    }

    n += add;
    snprintf(text, sizeof(text), "%lld", (long long) n);
    store_row_set(row, mfa_str_from(text));

    return reply_int(n);
}


static inline mfa_reply_t
do_incr(const doing_t *d)
{
    return doing_add(d, mfa_lit(""), STORE_STRING, 1);
}


static inline mfa_reply_t
do_decr(const doing_t *d)
{
    return doing_add(d, mfa_lit(""), STORE_STRING, -1);
}


static inline mfa_reply_t
do_hincrby(const doing_t *d)
{
    return doing_add(d, d->argv[2], STORE_HASH, doing_int(d, 3));
}


static inline mfa_reply_t
do_hget(const doing_t *d)
{
    return doing_value(d, d->argv[2]);
}


static inline mfa_reply_t
do_hmget(const doing_t *d)
{
    size_t       i;
    mfa_reply_t  r = reply_array(d->n - 2);

    for (i = 2; i < d->n; i++) {
        r.elements[i - 2] = doing_value(d, d->argv[i]);
    }

    return r;
}


static inline mfa_reply_t
do_hset(const doing_t *d)
{
    size_t   i;
    int64_t  made = 0;

    if (d->n % 2) {
        return reply_text(MFA_REPLY_ERROR, "ERR wrong number of arguments");
    }

    doing_type(d, STORE_HASH);

    for (i = 2; i + 1 < d->n; i += 2) {
        made += store_row(d->store, d->key, d->argv[i]) == NULL;
        store_row_set(store_row_make(d->store, d->key, d->argv[i]),
                      d->argv[i + 1]);
    }

    return reply_int(made);
}


static inline mfa_reply_t
do_hsetnx(const doing_t *d)
{
    return store_row(d->store, d->key, d->argv[2]) ? reply_int(0) : do_hset(d);
}


/* HDEL, ZREM and SREM */
static inline mfa_reply_t
do_remove(const doing_t *d)
{
    size_t        i;
    int64_t       gone = 0;
    store_row_t  *row;

    for (i = 2; i < d->n; i++) {
        row = store_row(d->store, d->key, d->argv[i]);

        if (row != NULL) {
            row->key = -1;
            gone++;
            store_changed(d->store, d->key);
        }
    }

    doing_tidy(d);

    return reply_int(gone);
}


static inline mfa_reply_t
do_getdel(const doing_t *d)
{
    mfa_reply_t  r = do_get(d);

    store_drop(d->store, d->key);

    return r;
}


static inline int64_t
doing_score(const doing_t *d, size_t i)
{
    int64_t  score;

    if (mfa_str_int(d->argv[i], &score) != 0) {
        abort();
    }

    return score;
}


/* ZADD key score member score member ... */
static inline mfa_reply_t
doing_zadd_all(const doing_t *d)
{
    size_t        i;
    int64_t       n = 0;

    for (i = 2; i + 1 < d->n; i += 2) {
        doing_type(d, STORE_ZSET);
        n += store_row(d->store, d->key, d->argv[i + 1]) == NULL;
        store_row_make(d->store, d->key, d->argv[i + 1])->score =
            doing_score(d, i);
    }

    return reply_int(n);
}


static inline mfa_reply_t
do_zadd(const doing_t *d)
{
    int           fresh;
    int64_t       score;
    mfa_str_t     member = d->argv[d->n - 1];
    store_row_t  *row;

    if (d->n > 4 && mfa_str_is(d->argv[2], "0")) {
        return doing_zadd_all(d);
    }

    score = doing_score(d, d->n - 2);
    row = store_row(d->store, d->key, member);
    fresh = row == NULL;

    if (!fresh && (doing_has(d, 2, "NX")
                   || (doing_has(d, 2, "GT") && score <= row->score)))
    {
        return reply_int(0);
    }

    doing_type(d, STORE_ZSET);
    row = store_row_make(d->store, d->key, member);

    if (!fresh && doing_has(d, 2, "CH")) {
        fresh = score != row->score;
    }

    row->score = score;

    return reply_int(fresh);
}


static inline int
store_row_before(const store_row_t *a, const store_row_t *b)
{
    int     order;
    size_t  len;

    if (a->score != b->score) {
        return a->score < b->score;
    }

    len = a->name_len < b->name_len ? a->name_len : b->name_len;
    order = memcmp(a->name, b->name, len);

    return order ? order < 0 : a->name_len < b->name_len;
}


/* The rows of a set in order; how many. */
static inline size_t
doing_sorted(const doing_t *d, store_row_t **sorted)
{
    int           i;
    size_t        n = 0, at;
    store_row_t  *row;

    for (i = 0; i < STORE_ROWS; i++) {
        row = &d->store->rows[i];

        if (row->key != d->key) {
            continue;
        }

        for (at = n++; at > 0 && store_row_before(row, sorted[at - 1]); at--) {
            sorted[at] = sorted[at - 1];
        }

        sorted[at] = row;
    }

    return n;
}


#include "scripted_ranges.h"
#include "scripted_sets.h"


/* The arguments 2 and 3 as ranks of n; how many there are from *first on. */
static inline size_t
doing_ranks(const doing_t *d, size_t n, int64_t *first)
{
    int64_t  last;

    *first = doing_int(d, 2);
    last = doing_int(d, 3);
    last = last < 0 ? last + (int64_t) n : last;
    last = last >= (int64_t) n ? (int64_t) n - 1 : last;

    return last >= *first ? (size_t) (last - *first + 1) : 0;
}


static inline mfa_reply_t
do_zrange(const doing_t *d)
{
    char          score[32];
    size_t        n, at, step;
    int64_t       first;
    mfa_reply_t   r;
    store_row_t  *row, *sorted[STORE_ROWS];

    step = doing_has(d, 4, "WITHSCORES") ? 2 : 1;
    n = doing_sorted(d, sorted);
    r = reply_array(step * doing_ranks(d, n, &first));

    for (at = 0; at < r.n; at += step) {
        row = sorted[first + (int64_t) (at / step)];
        r.elements[at] = reply_bytes(MFA_REPLY_STRING, row->name,
                                     row->name_len);

        if (step == 2) {
            snprintf(score, sizeof(score), "%lld",
                     (long long) row->score);
            r.elements[at + 1] = reply_text(MFA_REPLY_STRING, score);
        }
    }

    return r;
}


static inline mfa_reply_t
do_zremrangebyscore(const doing_t *d)
{
    int      i;
    int64_t  gone = 0, max = doing_score(d, 3);

    if (!mfa_str_is(d->argv[2], "-inf")) {
        abort();
    }

    for (i = 0; i < STORE_ROWS; i++) {
        if (d->store->rows[i].key == d->key && d->store->rows[i].score <= max) {
            d->store->rows[i].key = -1;
            gone++;
        }
    }

    doing_tidy(d);

    return reply_int(gone);
}


static inline mfa_reply_t
do_zremrangebyrank(const doing_t *d)
{
    size_t        n, at;
    int64_t       first;
    store_row_t  *sorted[STORE_ROWS];

    n = doing_ranks(d, doing_sorted(d, sorted), &first);

    for (at = 0; at < n; at++) {
        sorted[first + (int64_t) at]->key = -1;
    }

    doing_tidy(d);

    return reply_int((int64_t) n);
}


static inline mfa_reply_t
do_zscore(const doing_t *d)
{
    char          text[32];
    store_row_t  *row = store_row(d->store, d->key, d->argv[2]);

    if (row == NULL) {
        return reply_of(MFA_REPLY_NIL);
    }

    snprintf(text, sizeof(text), "%lld", (long long) row->score);

    return reply_text(MFA_REPLY_STRING, text);
}


static inline mfa_reply_t
do_expire(const doing_t *d)
{
    if (doing_key(d)->type == STORE_NONE) {
        return reply_int(0);
    }

    doing_key(d)->expires = d->store->now + doing_int(d, 2);

    return reply_int(1);
}


static inline mfa_reply_t
do_ttl(const doing_t *d)
{
    const store_key_t  *k = doing_key(d);

    return reply_int(k->type == STORE_NONE ? -2
                     : k->expires < 0 ? -1 : k->expires - d->store->now);
}


static inline mfa_reply_t
do_exists(const doing_t *d)
{
    return reply_int(doing_key(d)->type != STORE_NONE);
}


static inline mfa_reply_t
do_delete(const doing_t *d)
{
    size_t   i;
    int64_t  gone = 0;

    for (i = 1; i < d->n; i++) {
        gone += store_drop(d->store, store_key(d->store, d->argv[i]));
    }

    return reply_int(gone);
}


/* An event is kept as "field=value field=value ". */
static inline mfa_reply_t
do_xadd(const doing_t *d)
{
    char          id[32];
    size_t        i;
    uint8_t       room[STORE_VALUE_BYTES];
    mfa_buf_t     b;

    snprintf(id, sizeof(id), "%lld-%u", (long long) d->store->now,
             ++d->store->version + 100000);  /* as long as the next one */
    mfa_buf_init(&b, room, sizeof(room));

    for (i = 2; i < d->n && !mfa_str_is(d->argv[i], "*"); i++) { /* options */ }

    if (i == d->n || (d->n - i) % 2 == 0 || d->n - i < 3) {
        return reply_text(MFA_REPLY_ERROR, "ERR wrong number of arguments");
    }

    for (i++; i + 1 < d->n; i += 2) {
        mfa_buf_str(&b, d->argv[i]);
        mfa_buf_byte(&b, '=');
        mfa_buf_str(&b, d->argv[i + 1]);
        mfa_buf_byte(&b, ' ');
    }

    doing_type(d, STORE_STREAM);
    store_row_set(store_row_make(d->store, d->key, mfa_str_from(id)),
                  mfa_buf_since(&b, 0));

    return reply_text(MFA_REPLY_STRING, id);
}


static inline mfa_reply_t
do_watch(const doing_t *d)
{
    int  i = ++d->store->watched;

    assert_true(i < 4);
    d->store->watched_key[i] = d->key;
    d->store->watched_version[i] = doing_key(d)->version;

    return reply_text(MFA_REPLY_STATUS, "OK");
}


static const struct {
    const char       *name;
    store_type_e      type;                 /* NONE: of any */
    store_command_t   run;
} store_commands[] = {
    { "GET",              STORE_STRING, do_get },
    { "GETDEL",           STORE_STRING, do_getdel },
    { "SET",              STORE_NONE,   do_set },
    { "INCR",             STORE_STRING, do_incr },
    { "DECR",             STORE_STRING, do_decr },
    { "TTL",              STORE_NONE,   do_ttl },
    { "EXISTS",           STORE_NONE,   do_exists },
    { "EXPIRE",           STORE_NONE,   do_expire },
    { "UNLINK",           STORE_NONE,   do_delete },
    { "DEL",              STORE_NONE,   do_delete },
    { "HGET",             STORE_HASH,   do_hget },
    { "HMGET",            STORE_HASH,   do_hmget },
    { "HSET",             STORE_HASH,   do_hset },
    { "HSETNX",           STORE_HASH,   do_hsetnx },
    { "HDEL",             STORE_HASH,   do_remove },
    { "HINCRBY",          STORE_HASH,   do_hincrby },
    { "SADD",             STORE_SET,    do_sadd },
    { "SREM",             STORE_SET,    do_remove },
    { "SCARD",            STORE_SET,    do_scard },
    { "ZADD",             STORE_ZSET,   do_zadd },
    { "ZREM",             STORE_ZSET,   do_remove },
    { "ZRANGE",           STORE_ZSET,   do_zrange },
    { "ZRANGEBYLEX",      STORE_ZSET,   do_zrangebylex },
    { "ZRANGEBYSCORE",    STORE_ZSET,   do_zrangebyscore },
    { "ZCARD",            STORE_ZSET,   do_zcard },
    { "ZCOUNT",           STORE_ZSET,   do_zcount },
    { "ZRANK",            STORE_ZSET,   do_zrank },
    { "XREVRANGE",        STORE_STREAM, do_xrevrange },
    { "ZREMRANGEBYSCORE", STORE_ZSET,   do_zremrangebyscore },
    { "ZREMRANGEBYRANK",  STORE_ZSET,   do_zremrangebyrank },
    { "ZSCORE",           STORE_ZSET,   do_zscore },
    { "XADD",             STORE_STREAM, do_xadd },
    { "WATCH",            STORE_NONE,   do_watch },
};


static inline mfa_reply_t
store_do(store_t *store, const mfa_op_t *op, size_t command)
{
    size_t        i;
    doing_t       d;
    store_type_e  type;

    d.store = store;
    d.argv = mfa_op_command(op, command, &d.n);

    if (mfa_str_is(d.argv[0], "UNWATCH")) {
        store->watched = -1;
        return reply_text(MFA_REPLY_STATUS, "OK");
    }

    for (i = 0; !mfa_str_is(d.argv[0], store_commands[i].name); i++) {
        if (i + 1 == sizeof(store_commands) / sizeof(store_commands[0])
            || d.n < 2)
        {
            fprintf(stderr, "no such command: %.*s\n", (int) d.argv[0].len,
                    (const char *) d.argv[0].data);
            abort();
        }
    }

    d.key = store_key(store, d.argv[1]);
    type = store->keys[d.key].type;

    if (type != STORE_NONE && store_commands[i].type != STORE_NONE
        && type != store_commands[i].type)
    {
        return reply_text(MFA_REPLY_ERROR, "WRONGTYPE");
    }

    return store_commands[i].run(&d);
}


static inline mfa_reply_t
store_exec(store_t *store, const mfa_op_t *op, size_t first, size_t end)
{
    int          watched;
    size_t       i;
    mfa_reply_t  r;

    watched = op->reserve ? store->watched : -1;
    store->watched = -1;

    for (/* void */; watched >= 0; watched--) {
        i = (size_t) store->watched_key[watched];
        store_key(store, (mfa_str_t) { store->keys[i].name,
                                       store->keys[i].len });

        if (store->keys[i].version != store->watched_version[watched]) {
            return reply_of(MFA_REPLY_NIL);
        }
    }

    r = reply_array(end - first);

    for (i = first; i < end; i++) {
        r.elements[i - first] = store_do(store, op, i);
    }

    return r;
}


/* Carries out an op: a reply for each command, as blocks. */
static inline mfa_reply_t **
store_carry_out(store_t *store, const mfa_op_t *op)
{
    size_t            i, n, multi = 0;
    const mfa_str_t  *argv;
    mfa_reply_t     **replies, r;

    /* Who no longer reserves a connection gives it back, clean or not. */
    if (!op->reserve) {
        store->watched = -1;
    }

    replies = store_block(op->n * sizeof(mfa_reply_t *));

    for (i = 0; i < op->n; i++) {
        argv = mfa_op_command(op, i, &n);

        if (mfa_str_is(argv[0], "MULTI")) {
            multi = i + 1;
            r = reply_text(MFA_REPLY_STATUS, "OK");

        } else if (mfa_str_is(argv[0], "EXEC")) {
            r = store_exec(store, op, multi, i);
            multi = 0;

        } else if (multi) {
            r = reply_text(MFA_REPLY_STATUS, "QUEUED");

        } else {
            r = store_do(store, op, i);
        }

        replies[i] = store_block(sizeof(mfa_reply_t));
        *replies[i] = r;
    }

    return replies;
}


#endif /* MFA_TEST_SCRIPTED_COMMANDS_H */
