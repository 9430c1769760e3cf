/*
 * Operations, see op.h.  Knows the shape of commands and transactions, not
 * their meaning: that is store.c.
 */

#include "core/op.h"

#define NIL     (1u << MFA_REPLY_NIL)
#define STATUS  (1u << MFA_REPLY_STATUS)
#define INT     (1u << MFA_REPLY_INT)
#define STRING  (1u << MFA_REPLY_STRING)
#define ARRAY   (1u << MFA_REPLY_ARRAY)

/* What a command that worked is answered with.  One that is not here is never
   sound. */
static const struct {
    const char  *command;
    unsigned     types;
} answers[] = {
    { "GET",              STRING | NIL },
    { "GETDEL",           STRING | NIL },
    { "HMGET",            ARRAY },
    { "MULTI",            STATUS },
    { "SET",              STATUS },
    { "INCR",             INT },
    { "DECR",             INT },
    { "TTL",              INT },
    { "EXISTS",           INT },
    { "EXPIRE",           INT },
    { "UNLINK",           INT },
    { "DEL",              INT },
    { "HSET",             INT },
    { "HSETNX",           INT },
    { "HDEL",             INT },
    { "HINCRBY",          INT },
    { "HGET",             STRING | NIL },
    { "SADD",             INT },
    { "SREM",             INT },
    { "SCARD",            INT },
    { "ZADD",             INT },
    { "ZREM",             INT },
    { "ZREMRANGEBYSCORE", INT },
    { "ZREMRANGEBYRANK",  INT },
    { "ZSCORE",           STRING | NIL },
    { "ZRANGE",           ARRAY },
    { "ZRANGEBYLEX",      ARRAY },
    { "ZRANGEBYSCORE",    ARRAY },
    { "ZCARD",            INT },
    { "ZCOUNT",           INT },
    { "ZRANK",            INT | NIL },
    { "XREVRANGE",        ARRAY },
    { "TIME",             ARRAY },
    { "XADD",             STRING },
    { "XRANGE",           ARRAY },
    { "XLEN",             INT },
    { "XDEL",             INT },
    { "XGROUP",           STATUS },
    { "XREADGROUP",       ARRAY | NIL },
    { "XPENDING",         ARRAY },
    { "XCLAIM",           ARRAY },
    { "XACK",             INT },
    { "WATCH",            STATUS },
    { "UNWATCH",          STATUS },
    { "CLIENT",           INT | STATUS },
    { "SUBSCRIBE",        ARRAY },
};

/* A place inside transaction t is (t + 1) * AT_TX + index; outside, the index
   of the command. */
#define AT_TX  1000


void
mfa_op_reset(mfa_op_t *op)
{
    op->n = 0;
    op->n_args = 0;
    op->n_tx = 0;
    op->tx_first = 0;
    op->in_tx = 0;
    op->failed = 0;
    op->reserve = 0;
    op->watching = 0;
    mfa_buf_init(&op->bytes, op->data, sizeof(op->data));
}


void
mfa_op_begin(mfa_op_t *op, const char *command)
{
    if (op->n == MFA_OP_COMMANDS_MAX) {
        op->failed = 1;
        return;
    }

    op->first[op->n++] = (uint16_t) op->n_args;
    mfa_op_word(op, command);
}


void
mfa_op_arg(mfa_op_t *op, mfa_str_t arg)
{
    if (op->n_args == MFA_OP_ARGS_MAX || op->failed) {
        op->failed = 1;
        return;
    }

    op->args[op->n_args++] = arg;
}


void
mfa_op_word(mfa_op_t *op, const char *arg)
{
    mfa_op_arg(op, mfa_str_from(arg));
}


void
mfa_op_number(mfa_op_t *op, int64_t n)
{
    size_t  from;

    from = op->bytes.len;
    mfa_buf_int(&op->bytes, n);

    if (op->bytes.failed) {
        op->failed = 1;
    }

    mfa_op_arg(op, mfa_buf_since(&op->bytes, from));
}


void
mfa_op_moment(mfa_op_t *op, int64_t sec, int64_t usec)
{
    size_t   from;
    int64_t  unit;

    from = op->bytes.len;
    mfa_buf_int(&op->bytes, sec);

    for (unit = 100000; unit > 0; unit /= 10) {
        mfa_buf_byte(&op->bytes, (uint8_t) ('0' + usec / unit % 10));
    }

    if (op->bytes.failed) {
        op->failed = 1;
    }

    mfa_op_arg(op, mfa_buf_since(&op->bytes, from));
}


void
mfa_op_joined(mfa_op_t *op, const mfa_str_t *parts, size_t n)
{
    size_t  i, from;

    from = op->bytes.len;

    for (i = 0; i < n; i++) {
        mfa_buf_str(&op->bytes, parts[i]);
    }

    if (op->bytes.failed) {
        op->failed = 1;
    }

    mfa_op_arg(op, mfa_buf_since(&op->bytes, from));
}


mfa_at_t
mfa_op_at(const mfa_op_t *op)
{
    if (op->n == 0) {
        return 0;
    }

    if (op->in_tx) {
        return (mfa_at_t) ((op->n_tx + 1) * AT_TX + op->n - 1 - op->tx_first);
    }

    return (mfa_at_t) (op->n - 1);
}


void
mfa_op_multi(mfa_op_t *op)
{
    if (op->in_tx || op->n_tx == MFA_OP_TX_MAX) {
        op->failed = 1;
        return;
    }

    mfa_op_begin(op, "MULTI");
    op->in_tx = 1;
    op->tx_first = op->n;
}


void
mfa_op_exec(mfa_op_t *op)
{
    if (!op->in_tx) {
        op->failed = 1;
        return;
    }

    mfa_op_begin(op, "EXEC");
    op->in_tx = 0;
    op->exec[op->n_tx++] = (uint16_t) (op->n - 1);
}


const mfa_str_t *
mfa_op_command(const mfa_op_t *op, size_t i, size_t *n)
{
    size_t  end;

    end = i + 1 < op->n ? op->first[i + 1] : op->n_args;
    *n = end - op->first[i];

    return &op->args[op->first[i]];
}


const mfa_reply_t *
mfa_op_reply(const mfa_op_t *op, const mfa_result_t *result, mfa_at_t at)
{
    size_t              tx, index;
    const mfa_reply_t  *exec;

    if (!result->ok || result->n != op->n || at < 0) {
        return NULL;
    }

    tx = (size_t) at / AT_TX;
    index = (size_t) at % AT_TX;

    if (tx == 0) {
        return index < result->n ? result->replies[index] : NULL;
    }

    if (tx > op->n_tx) {
        return NULL;
    }

    exec = result->replies[op->exec[tx - 1]];

    if (exec->type != MFA_REPLY_ARRAY || index >= exec->n) {
        return NULL;
    }

    return &exec->elements[index];
}


static int
answers_command(const mfa_op_t *op, size_t command, const mfa_reply_t *reply)
{
    size_t            i, n;
    unsigned          types;
    const mfa_str_t  *argv;

    argv = mfa_op_command(op, command, &n);
    types = 0;

    for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (mfa_str_is(argv[0], answers[i].command)) {
            types = answers[i].types;
            break;
        }
    }

    /* A SET under a condition may rightly have done nothing. */
    if (types == STATUS && n > 3
        && (mfa_str_is(argv[3], "NX") || mfa_str_is(argv[3], "XX")))
    {
        types |= NIL;
    }

    return (types & (1u << reply->type)) != 0;
}


/* The commands first .. end) were queued; reply is their EXEC's. */
static int
answers_exec(const mfa_op_t *op, size_t first, size_t end,
    const mfa_reply_t *reply)
{
    size_t  i;

    if (reply->type == MFA_REPLY_NIL) {
        return op->reserve;
    }

    if (reply->type != MFA_REPLY_ARRAY || reply->n != end - first) {
        return 0;
    }

    for (i = 0; i < reply->n; i++) {
        if (!answers_command(op, first + i, &reply->elements[i])) {
            return 0;
        }
    }

    return 1;
}


int
mfa_op_sound(const mfa_op_t *op, const mfa_result_t *result)
{
    size_t              i, tx, queued;
    const mfa_reply_t  *reply;

    if (!result->ok || result->n != op->n) {
        return 0;
    }

    tx = 0;
    queued = 0;                             /* commands since a MULTI, itself */

    for (i = 0; i < op->n; i++) {
        reply = result->replies[i];

        if (tx < op->n_tx && i == op->exec[tx]) {
            if (!answers_exec(op, i - queued + 1, i, reply)) {
                return 0;
            }

            tx++;
            queued = 0;

        } else if (queued) {
            if (reply->type != MFA_REPLY_STATUS) {
                return 0;
            }

            queued++;

        } else {
            if (!answers_command(op, i, reply)) {
                return 0;
            }

            queued = mfa_str_is(op->args[op->first[i]], "MULTI");
        }
    }

    return 1;
}


int
mfa_op_aborted(const mfa_op_t *op, const mfa_result_t *result)
{
    return result->ok && result->n == op->n && op->n_tx > 0
           && result->replies[op->exec[op->n_tx - 1]]->type == MFA_REPLY_NIL;
}


int
mfa_op_int(const mfa_op_t *op, const mfa_result_t *result, mfa_at_t at,
    int64_t *n)
{
    const mfa_reply_t  *r;

    r = mfa_op_reply(op, result, at);

    if (r == NULL || r->type != MFA_REPLY_INT) {
        return -1;
    }

    *n = r->integer;

    return 0;
}


int
mfa_op_str(const mfa_op_t *op, const mfa_result_t *result, mfa_at_t at,
    mfa_str_t *s)
{
    const mfa_reply_t  *r;

    r = mfa_op_reply(op, result, at);

    if (r == NULL || (r->type != MFA_REPLY_STRING && r->type != MFA_REPLY_NIL))
    {
        return -1;
    }

    *s = r->type == MFA_REPLY_STRING ? r->str : (mfa_str_t) { NULL, 0 };

    return 0;
}
