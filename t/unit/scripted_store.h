/*
 * A store in memory for the unit tests of flows: it carries out the commands an
 * op holds and answers with reply trees, as a Redis behind a codec would.  Keys
 * end by their time, a WATCH aborts, a wrong type is an error.  A command that
 * is not here ends the program: a flow that sends a new one needs it here too.
 *
 * The whole store is one struct without pointers, so a copy is a snapshot.
 * Replies are blocks of their own, kept until store_release(): the sanitizer
 * sees a flow that reads one too far.
 *
 * Deliberately apart from core: op.h is used to read commands, nothing else.
 */

#ifndef MFA_TEST_SCRIPTED_STORE_H
#define MFA_TEST_SCRIPTED_STORE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/op.h"

#define STORE_KEYS        96
#define STORE_ROWS        320
#define STORE_NAME_BYTES  256
#define STORE_VALUE_BYTES 704
#define STORE_BLOCKS      65536


typedef enum {
    STORE_NONE = 0, STORE_STRING, STORE_HASH, STORE_ZSET, STORE_STREAM,
    STORE_SET
} store_type_e;

typedef struct {
    uint8_t       name[STORE_NAME_BYTES];
    size_t        len;
    store_type_e  type;                     /* NONE: there is no such key */
    int64_t       expires;                  /* -1: never */
    unsigned      version;                  /* changes with every change */
} store_key_t;

/* A string, a field of a hash, a member of a set, an event of a stream. */
typedef struct {
    int           key;                      /* -1: free */
    uint8_t       name[STORE_NAME_BYTES];
    size_t        name_len;
    uint8_t       value[STORE_VALUE_BYTES];
    size_t        value_len;
    int64_t       score;                    /* in millionths */
} store_row_t;

typedef struct {
    store_key_t   keys[STORE_KEYS];
    int           n_keys;
    store_row_t   rows[STORE_ROWS];
    int64_t       now;
    unsigned      version;
    int           watched;                  /* the last of these, -1: none */
    int           watched_key[4];
    unsigned      watched_version[4];
} store_t;

static void   *store_blocks[STORE_BLOCKS];
static size_t  store_n_blocks;


/* --- replies --- */

static inline void *
store_block(size_t len)
{
    void  *p = calloc(1, len ? len : 1);

    if (p == NULL || store_n_blocks == STORE_BLOCKS) {
        abort();
    }

    store_blocks[store_n_blocks++] = p;

    return p;
}


/* Frees what was made since there were only mark blocks. */
static inline void
store_release(size_t mark)
{
    while (store_n_blocks > mark) {
        free(store_blocks[--store_n_blocks]);
    }
}


static inline mfa_reply_t
reply_of(mfa_reply_e type)
{
    mfa_reply_t  r;

    memset(&r, 0, sizeof(r));
    r.type = type;

    return r;
}


static inline mfa_reply_t
reply_int(int64_t n)
{
    mfa_reply_t  r = reply_of(MFA_REPLY_INT);

    r.integer = n;

    return r;
}


static inline mfa_reply_t
reply_bytes(mfa_reply_e type, const void *data, size_t len)
{
    uint8_t      *copy = store_block(len);
    mfa_reply_t   r = reply_of(type);

    if (len) {
        memcpy(copy, data, len);
    }

    r.str = (mfa_str_t) { copy, len };

    return r;
}


static inline mfa_reply_t
reply_text(mfa_reply_e type, const char *text)
{
    return reply_bytes(type, text, strlen(text));
}


static inline mfa_reply_t
reply_array(size_t n)
{
    mfa_reply_t  r = reply_of(MFA_REPLY_ARRAY);

    r.n = n;
    r.elements = store_block(n * sizeof(mfa_reply_t));

    return r;
}


/* --- keys and rows --- */

static inline void
store_init(store_t *store, int64_t now)
{
    int  i;

    memset(store, 0, sizeof(store_t));
    store->now = now;
    store->watched = -1;

    for (i = 0; i < STORE_ROWS; i++) {
        store->rows[i].key = -1;
    }
}


static inline void
store_changed(store_t *store, int key)
{
    store->keys[key].version = ++store->version;
}


static inline int
store_drop(store_t *store, int key)
{
    int  i, was;

    was = store->keys[key].type != STORE_NONE;
    store->keys[key].type = STORE_NONE;
    store->keys[key].expires = -1;

    for (i = 0; i < STORE_ROWS; i++) {
        if (store->rows[i].key == key) {
            store->rows[i].key = -1;
        }
    }

    if (was) {
        store_changed(store, key);
    }

    return was;
}


/* The key of a name, made when it is not there yet (of type NONE). */
static inline int
store_key(store_t *store, mfa_str_t name)
{
    int           i;
    store_key_t  *k;

    for (i = 0; i < store->n_keys; i++) {
        k = &store->keys[i];

        if (mfa_str_eq(name, (mfa_str_t) { k->name, k->len })) {
            if (k->expires >= 0 && store->now >= k->expires) {
                store_drop(store, i);
            }

            return i;
        }
    }

    if (store->n_keys == STORE_KEYS || name.len > STORE_NAME_BYTES) {
        abort();
    }

    k = &store->keys[store->n_keys];
    memcpy(k->name, name.data, name.len);
    k->len = name.len;
    k->expires = -1;

    return store->n_keys++;
}


static inline store_row_t *
store_row(store_t *store, int key, mfa_str_t name)
{
    int           i;
    store_row_t  *row;

    for (i = 0; i < STORE_ROWS; i++) {
        row = &store->rows[i];

        if (row->key == key
            && mfa_str_eq(name, (mfa_str_t) { row->name, row->name_len }))
        {
            return row;
        }
    }

    return NULL;
}


static inline store_row_t *
store_row_make(store_t *store, int key, mfa_str_t name)
{
    int           i;
    store_row_t  *row;

    row = store_row(store, key, name);

    for (i = 0; row == NULL && i < STORE_ROWS; i++) {
        if (store->rows[i].key == -1) {
            row = &store->rows[i];
        }
    }

    if (row == NULL || name.len > STORE_NAME_BYTES) {
        abort();
    }

    if (row->key == -1) {
        memset(row, 0, sizeof(store_row_t));
        row->key = key;

        if (name.len) {
            memcpy(row->name, name.data, name.len);
        }

        row->name_len = name.len;
    }

    store_changed(store, key);

    return row;
}


static inline void
store_row_set(store_row_t *row, mfa_str_t value)
{
    if (value.len > STORE_VALUE_BYTES) {
        abort();
    }

    if (value.len) {
        memcpy(row->value, value.data, value.len);
    }

    row->value_len = value.len;
}


static inline mfa_str_t
store_value(const store_row_t *row)
{
    return (mfa_str_t) { row->value, row->value_len };
}


static inline size_t
store_rows_of(const store_t *store, int key)
{
    int     i;
    size_t  n = 0;

    for (i = 0; i < STORE_ROWS; i++) {
        n += store->rows[i].key == key;
    }

    return n;
}


/* --- a look from outside, for the tests --- */

static inline int
store_there(store_t *store, const char *name)
{
    return store->keys[store_key(store, mfa_str_from(name))].type
           != STORE_NONE;
}


/* How many keys there are whose name begins with prefix. */
static inline size_t
store_count(store_t *store, const char *prefix)
{
    int           i;
    size_t        n = 0;
    store_key_t  *k;

    for (i = 0; i < store->n_keys; i++) {
        k = &store->keys[i];
        n += mfa_str_begins((mfa_str_t) { k->name, k->len }, prefix)
             && k->type != STORE_NONE
             && (k->expires < 0 || store->now < k->expires);
    }

    return n;
}


/* A string, a field (hash) or a member (set: its score as text), with a zero
   byte behind it; data NULL when it is not there.  It lives as a reply does. */
static inline mfa_str_t
store_bytes(store_t *store, const char *name, const char *field)
{
    int           key;
    char         *text;
    store_row_t  *row;

    key = store_key(store, mfa_str_from(name));
    row = store_row(store, key, mfa_str_from(field));

    if (row == NULL) {
        return (mfa_str_t) { NULL, 0 };
    }

    text = store_block(STORE_VALUE_BYTES + 32);

    if (store->keys[key].type == STORE_ZSET) {
        snprintf(text, 32, "%lld", (long long) row->score);
        return mfa_str_from(text);
    }

    memcpy(text, row->value, row->value_len);

    return (mfa_str_t) { (uint8_t *) text, row->value_len };
}


/* The same as C string, or NULL. */
static inline const char *
store_text(store_t *store, const char *name, const char *field)
{
    return (const char *) store_bytes(store, name, field).data;
}


static inline void
store_put(store_t *store, const char *name, const char *field,
    mfa_str_t value)
{
    int  key;

    key = store_key(store, mfa_str_from(name));
    store->keys[key].type = field[0] ? STORE_HASH : STORE_STRING;
    store_row_set(store_row_make(store, key, mfa_str_from(field)), value);
}


static inline void
store_put_int(store_t *store, const char *name, const char *field, int64_t n)
{
    char  text[32];

    snprintf(text, sizeof(text), "%lld", (long long) n);
    store_put(store, name, field, mfa_str_from(text));
}


static inline void
store_cut(store_t *store, const char *name, const char *field)
{
    int           key;
    store_row_t  *row;

    key = store_key(store, mfa_str_from(name));
    row = store_row(store, key, mfa_str_from(field));

    if (row != NULL) {
        row->key = -1;
        store_changed(store, key);
    }
}


/* How many events of a stream hold the text. */
static inline size_t
store_events(store_t *store, const char *name, const char *text)
{
    int           i, key;
    size_t        at, n = 0, len = strlen(text);
    store_row_t  *row;

    key = store_key(store, mfa_str_from(name));

    for (i = 0; i < STORE_ROWS; i++) {
        row = &store->rows[i];

        for (at = 0; row->key == key && at + len <= row->value_len; at++) {
            if (memcmp(row->value + at, text, len) == 0) {
                n++;
                break;
            }
        }
    }

    return n;
}


#include "scripted_commands.h"

#endif /* MFA_TEST_SCRIPTED_STORE_H */
