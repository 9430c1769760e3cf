/*
 * A store that answers an operation the way Redis does when all is well, from
 * the names of its commands, so that a test only writes down what it wants
 * answered otherwise.
 *
 * Serves one operation at a time: the next call of script_answer frees the
 * replies of the one before.  Included by the tests of flows.
 */

#ifndef MFA_TEST_STORE_SCRIPT_H
#define MFA_TEST_STORE_SCRIPT_H

#include <stdlib.h>
#include <string.h>

#include "core/account.h"
#include "core/op.h"

#define SCRIPT_ELEMENTS  (8 * MFA_ACCOUNT_N)
#define SCRIPT_LISTED    8

typedef struct {
    mfa_reply_t         replies[MFA_OP_COMMANDS_MAX];
    const mfa_reply_t  *pointers[MFA_OP_COMMANDS_MAX];
    mfa_reply_t         fields[SCRIPT_ELEMENTS];    /* of HMGET */
    mfa_reply_t         done[SCRIPT_ELEMENTS];      /* of EXEC */
    const char         *account[MFA_ACCOUNT_N];     /* NULL: no such field */
    const char         *actor[MFA_ACCOUNT_N];       /* the same of who acts */
    const char         *actor_key;                  /* his account's; or NULL */
    const char         *seat[MFA_ACCOUNT_N];        /* of other owners listed */
    const char         *seat_key;                   /* begins their keys' names */
    const char         *seat_able;                  /* key of one with a password */
    const char         *listed[SCRIPT_LISTED];      /* what ZRANGE answers */
    size_t              ranges;                     /* how many ZRANGEs there were */
    mfa_reply_t         list[SCRIPT_LISTED];
    int                 none;                       /* what EXISTS says no to */
    int64_t             unlinked;                   /* what UNLINK answers */
    size_t              hmget;                      /* places, or SIZE_MAX */
    size_t              hmget_actor;
    size_t              seated;                     /* HMGETs of owners */
    size_t              exec;
    int                 watching;
} script_t;


static inline mfa_reply_t
script_text(mfa_reply_e type, const char *text)
{
    mfa_reply_t  r;

    memset(&r, 0, sizeof(r));
    r.type = type;
    r.str = mfa_str_from(text);

    return r;
}


static inline mfa_reply_t
script_int(int64_t n)
{
    mfa_reply_t  r;

    memset(&r, 0, sizeof(r));
    r.type = MFA_REPLY_INT;
    r.integer = n;

    return r;
}


/* A command's answer when it worked. */
static inline mfa_reply_t
script_plain(const script_t *script, mfa_str_t command)
{
    if (mfa_str_is(command, "XADD")) {
        return script_text(MFA_REPLY_STRING, "1000000000-0");
    }

    if (mfa_str_is(command, "WATCH") || mfa_str_is(command, "UNWATCH")
        || mfa_str_is(command, "MULTI") || mfa_str_is(command, "SET"))
    {
        return script_text(MFA_REPLY_STATUS, "OK");
    }

    if (mfa_str_is(command, "EXISTS")) {
        return script_int(!script->none);
    }

    return script_int(mfa_str_is(command, "UNLINK") ? script->unlinked : 1);
}


static inline mfa_reply_t
script_account(mfa_reply_t *fields, const char *const *account, size_t n)
{
    size_t       i;
    mfa_reply_t  r;

    memset(&r, 0, sizeof(r));
    r.type = MFA_REPLY_ARRAY;
    r.n = n;
    r.elements = fields;

    for (i = 0; i < n; i++) {
        fields[i] = script_text(account[i] ? MFA_REPLY_STRING : MFA_REPLY_NIL,
                                account[i]);
    }

    return r;
}


/* argv[2] and argv[3] are places; -1 is the last. */
static inline mfa_reply_t
script_list(script_t *script, const mfa_str_t *argv)
{
    int64_t      i, from, to;
    mfa_reply_t  r;

    memset(&r, 0, sizeof(r));
    r.type = MFA_REPLY_ARRAY;
    r.elements = script->list;
    script->ranges++;

    if (mfa_str_int(argv[2], &from) != 0 || mfa_str_int(argv[3], &to) != 0) {
        abort();
    }

    to = to < 0 ? SCRIPT_LISTED - 1 : to;

    for (i = from; i <= to && i < SCRIPT_LISTED && script->listed[i]; i++) {
        script->list[r.n++] = script_text(MFA_REPLY_STRING, script->listed[i]);
    }

    return r;
}


/* Who acts is asked for behind the account, also when he is the same. */
static inline int
script_is_actor(const script_t *script, const mfa_str_t *argv)
{
    return script->actor_key != NULL && script->hmget != SIZE_MAX
           && mfa_str_is(argv[1], script->actor_key);
}


static inline int
script_is_seat(const script_t *script, const mfa_str_t *argv)
{
    mfa_str_t  key;

    key = script->seat_key ? mfa_str_from(script->seat_key) : mfa_str_from("");

    return key.len && argv[1].len > key.len
           && memcmp(argv[1].data, key.data, key.len) == 0;
}


static inline mfa_reply_t
script_seat(script_t *script, const mfa_str_t *argv, size_t n)
{
    const char  *has[MFA_ACCOUNT_N];

    memcpy(has, script->seat, sizeof(has));

    if (script->seat_able != NULL && mfa_str_is(argv[1], script->seat_able)) {
        has[MFA_ACCOUNT_PASSWORD] = "x";
    }

    return script_account(
        &script->fields[(2 + script->seated++) * MFA_ACCOUNT_N], has, n);
}


/* Answers op as if all were well; the caller may alter replies, fields and done
   before it hands the result on. */
static inline mfa_result_t
script_answer(script_t *script, const mfa_op_t *op)
{
    int               queued;
    size_t            i, n, n_done;
    mfa_str_t         command;
    mfa_result_t      result;
    const mfa_str_t  *argv;

    queued = 0;
    n_done = 0;
    script->hmget = SIZE_MAX;
    script->hmget_actor = SIZE_MAX;
    script->exec = SIZE_MAX;
    script->seated = 0;

    for (i = 0; i < op->n; i++) {
        argv = mfa_op_command(op, i, &n);
        command = argv[0];
        script->pointers[i] = &script->replies[i];

        if (mfa_str_is(command, "EXEC")) {
            script->replies[i] = script_text(MFA_REPLY_ARRAY, NULL);
            script->replies[i].elements = script->done;
            script->replies[i].n = n_done;
            script->exec = i;
            queued = 0;

        } else if (queued) {
            script->done[n_done++] = script_plain(script, command);
            script->replies[i] = script_text(MFA_REPLY_STATUS, "QUEUED");

        } else if (mfa_str_is(command, "HMGET")
                   && script_is_actor(script, argv))
        {
            script->replies[i] = script_account(&script->fields[MFA_ACCOUNT_N],
                                                script->actor, n - 2);
            script->hmget_actor = i;

        } else if (mfa_str_is(command, "HMGET")
                   && script_is_seat(script, argv))
        {
            script->replies[i] = script_seat(script, argv, n - 2);

        } else if (mfa_str_is(command, "HMGET")) {
            script->replies[i] = script_account(script->fields,
                                                script->account, n - 2);
            script->hmget = i;

        } else if (mfa_str_is(command, "ZRANGE")) {
            script->replies[i] = script_list(script, argv);

        } else {
            script->replies[i] = script_plain(script, command);
            queued = mfa_str_is(command, "MULTI");
        }
    }

    memset(&result, 0, sizeof(result));
    result.ok = !op->failed;
    result.n = op->n;
    result.replies = script->pointers;

    return result;
}


static inline int
script_is(mfa_reply_t reply, mfa_reply_e type)
{
    return reply.type == type;
}


/* Follows what the replies say of the connection's watch. */
static inline void
script_follow(script_t *script, const mfa_op_t *op, const mfa_result_t *result)
{
    size_t     i, n;
    mfa_str_t  command;

    /* Told nothing, the driver closes the connection, and the watch with it. */
    if (!result->ok) {
        script->watching = 0;
        return;
    }

    for (i = 0; i < op->n; i++) {
        command = mfa_op_command(op, i, &n)[0];

        if (mfa_str_is(command, "WATCH")) {
            script->watching = 1;

        } else if ((mfa_str_is(command, "EXEC")
                    && !script_is(script->replies[i], MFA_REPLY_ERROR))
                   || (mfa_str_is(command, "UNWATCH")
                       && script_is(script->replies[i], MFA_REPLY_STATUS)))
        {
            script->watching = 0;
        }
    }
}


/* The commands of an op as text: arguments divided by blanks, commands by
   newlines, a NUL as '~'.  Longer than cap: cut. */
static inline void
script_write(const mfa_op_t *op, char *text, size_t cap)
{
    size_t            i, k, n;
    mfa_buf_t         b;
    const mfa_str_t  *argv;

    mfa_buf_init(&b, text, cap - 1);

    for (i = 0; i < op->n; i++) {
        argv = mfa_op_command(op, i, &n);

        for (k = 0; k < n; k++) {
            mfa_buf_cstr(&b, k ? " " : "");
            mfa_buf_str(&b, argv[k]);
        }

        mfa_buf_cstr(&b, "\n");
    }

    for (i = 0; i < b.len; i++) {
        text[i] = text[i] ? text[i] : '~';
    }

    text[b.len] = '\0';
}

#endif /* MFA_TEST_STORE_SCRIPT_H */
