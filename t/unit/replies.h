/*
 * Results built by hand, for the unit tests of op.c and store_*.c: a reply for
 * each command of an op, right ones to begin with (of an empty store that does
 * what it is told), to be bent by the test.
 *
 * Memory is the program's: everything lives until replies_free(), the teardown
 * of a test.  cmocka.h is included before this file.
 */

#ifndef MFA_TEST_REPLIES_H
#define MFA_TEST_REPLIES_H

#include <stdio.h>

#include "core/op.h"
#include "exact_pool.h"

typedef struct {
    mfa_result_t        result;
    mfa_reply_t        *at[MFA_OP_COMMANDS_MAX];
} replies_t;

static void   *replies_blocks[4096];
static size_t  replies_n_blocks;


static inline void *
replies_block(size_t len)
{
    void  *p = calloc(1, len ? len : 1);

    if (p == NULL || replies_n_blocks == 4096) {
        abort();
    }

    replies_blocks[replies_n_blocks++] = p;

    return p;
}


static inline void
replies_free(void)
{
    while (replies_n_blocks) {
        free(replies_blocks[--replies_n_blocks]);
    }

    pool_free();
}


static inline mfa_reply_t
an_int(int64_t n)
{
    mfa_reply_t  r;

    memset(&r, 0, sizeof(r));
    r.type = MFA_REPLY_INT;
    r.integer = n;

    return r;
}


static inline mfa_reply_t
a_text(mfa_reply_e type, const char *text)
{
    mfa_reply_t  r;

    memset(&r, 0, sizeof(r));
    r.type = type;
    r.str = pool_text(text);

    return r;
}


static inline mfa_reply_t
a_nil(void)
{
    mfa_reply_t  r;

    memset(&r, 0, sizeof(r));

    return r;
}


static inline mfa_reply_t
an_array(size_t n)
{
    mfa_reply_t  r;

    memset(&r, 0, sizeof(r));
    r.type = MFA_REPLY_ARRAY;
    r.n = n;
    r.elements = replies_block(n * sizeof(mfa_reply_t));

    return r;
}


static inline int
replies_is(const mfa_op_t *op, size_t i, const char *command)
{
    size_t  n;

    return mfa_str_is(mfa_op_command(op, i, &n)[0], command);
}


/* What an empty store answers to one command. */
static inline mfa_reply_t
replies_one(const mfa_op_t *op, size_t i)
{
    size_t            j, n;
    const mfa_str_t  *argv = mfa_op_command(op, i, &n);

    static const struct {
        const char   *command;
        mfa_reply_e   type;
    } answers[] = {
        { "SET", MFA_REPLY_STATUS }, { "MULTI", MFA_REPLY_STATUS },
        { "WATCH", MFA_REPLY_STATUS }, { "UNWATCH", MFA_REPLY_STATUS },
        { "GET", MFA_REPLY_NIL }, { "HGET", MFA_REPLY_NIL },
        { "XADD", MFA_REPLY_STRING }, { "ZRANGE", MFA_REPLY_ARRAY },
        { "HMGET", MFA_REPLY_ARRAY }
    };

    for (j = 0; j < sizeof(answers) / sizeof(answers[0]); j++) {
        if (mfa_str_is(argv[0], answers[j].command)) {
            return answers[j].type == MFA_REPLY_ARRAY
                   ? an_array(mfa_str_is(argv[0], "HMGET") ? n - 2 : 0)
                   : answers[j].type == MFA_REPLY_NIL
                   ? a_nil() : a_text(answers[j].type, "OK");
        }
    }

    return an_int(1);
}


/* Right answers to all of an op. */
static inline void
replies_right(replies_t *r, const mfa_op_t *op)
{
    int     inside = 0;
    size_t  i, j, first = 0;

    assert_false(op->failed);
    memset(r, 0, sizeof(*r));

    for (i = 0; i < op->n; i++) {
        r->at[i] = replies_block(sizeof(mfa_reply_t));

        if (replies_is(op, i, "EXEC")) {
            *r->at[i] = an_array(i - first);

            for (j = first; j < i; j++) {
                r->at[i]->elements[j - first] = replies_one(op, j);
            }

            inside = 0;

        } else if (inside) {
            *r->at[i] = a_text(MFA_REPLY_STATUS, "QUEUED");

        } else {
            *r->at[i] = replies_one(op, i);
        }

        if (replies_is(op, i, "MULTI")) {
            inside = 1;
            first = i + 1;
        }
    }

    r->result.ok = 1;
    r->result.n = op->n;
    r->result.replies = (const mfa_reply_t *const *) r->at;
}


static inline void
replies_argument(mfa_buf_t *b, mfa_str_t arg)
{
    char    hex[4];
    size_t  i;

    for (i = 0; i < arg.len; i++) {
        if ((arg.data[i] >= 0x20 && arg.data[i] < 0x7f) || arg.data[i] == '\n') {
            mfa_buf_byte(b, arg.data[i]);
        } else {
            snprintf(hex, sizeof(hex), "\\%02x", arg.data[i]);
            mfa_buf_cstr(b, hex);
        }
    }
}


/* The commands of an op as text: arguments apart by '|', one line each; what is
   neither printable nor a line's end as "\00". */
static inline const char *
replies_commands(const mfa_op_t *op)
{
    char             *text = replies_block(16384);
    size_t            i, j, n;
    mfa_buf_t         b;
    const mfa_str_t  *argv;

    mfa_buf_init(&b, text, 16383);

    for (i = 0; i < op->n; i++) {
        argv = mfa_op_command(op, i, &n);

        for (j = 0; j < n; j++) {
            replies_argument(&b, argv[j]);
            mfa_buf_byte(&b, j + 1 < n ? '|' : '\n');
        }
    }

    assert_false(b.failed);

    return text;
}


#endif /* MFA_TEST_REPLIES_H */
