/*
 * A store for the tests of the outbox's flows: it answers every command as Redis
 * does when all is well, by what a test has put into box, and keeps what was
 * written as text.  One reply of one operation can be answered with a failure.
 */

#ifndef MFA_TEST_OUTBOX_STAGE_H
#define MFA_TEST_OUTBOX_STAGE_H

#include <string.h>

#include "core/flow.h"

#define BOX_NODES  4096
#define BOX_OPS    12

typedef enum {
    BOX_DOWN = 0, BOX_SHORT, BOX_NIL, BOX_INT, BOX_GARBAGE, BOX_STATUS,
    BOX_ERROR, BOX_LENGTH, BOX_KINDS
} box_failure_e;

static struct {
    /* What is there. */
    const char         *entry[20];          /* fields of the mail; NULL ends */
    const char         *id;                 /* NULL: there is none */
    const char         *stale;              /* its id, or NULL */
    int64_t             stale_tries;
    const char         *waiting;            /* "TRIES ID", or NULL */
    int                 lost;               /* another sender was faster */
    int                 gone;               /* removed from the stream */
    int                 no_group;           /* this often */
    const char         *account[MFA_ACCOUNT_N];
    const char         *notices[8];
    const char         *due[8];             /* login, deadline, ... */
    int                 aborts;             /* this often */

    /* The failure to make. */
    int                 at;                 /* operation, -1: none */
    size_t              reply;
    int                 element;            /* of an EXEC; -1: the reply */
    box_failure_e       kind;
    int                 made;

    /* What was seen. */
    int                 ops;
    size_t              n_replies[BOX_OPS];
    size_t              n_elements[BOX_OPS];  /* of the EXEC */
    char                sent[BOX_OPS][4096];

    mfa_reply_t         nodes[BOX_NODES];
    size_t              n_nodes;
    const mfa_reply_t  *pointers[MFA_OP_COMMANDS_MAX];
} box;


static inline mfa_reply_t *
box_nodes(size_t n)
{
    mfa_reply_t  *first = &box.nodes[box.n_nodes];

    box.n_nodes += n;
    assert_true(box.n_nodes < BOX_NODES);
    memset(first, 0, n * sizeof(mfa_reply_t));

    return first;
}


static inline mfa_reply_t
box_text(mfa_reply_e type, const char *s)
{
    mfa_reply_t  r;

    memset(&r, 0, sizeof(r));
    r.type = s == NULL ? MFA_REPLY_NIL : type;
    r.str = mfa_str_from(s);

    return r;
}


static inline mfa_reply_t
box_int(int64_t n)
{
    mfa_reply_t  r;

    memset(&r, 0, sizeof(r));
    r.type = MFA_REPLY_INT;
    r.integer = n;

    return r;
}


static inline mfa_reply_t
box_array(size_t n)
{
    mfa_reply_t  r;

    memset(&r, 0, sizeof(r));
    r.type = MFA_REPLY_ARRAY;
    r.n = n;
    r.elements = box_nodes(n + 1);

    return r;
}


static inline mfa_reply_t
box_strings(const char *const *texts, size_t n)
{
    size_t       i;
    mfa_reply_t  r = box_array(n);

    for (i = 0; i < n; i++) {
        r.elements[i] = box_text(MFA_REPLY_STRING, texts[i]);
    }

    return r;
}


static inline size_t
box_count(const char *const *texts)
{
    size_t  n = 0;

    while (texts[n] != NULL) {
        n++;
    }

    return n;
}


/* [ [ id, fields ] ], empty when there is none. */
static inline mfa_reply_t
box_entries(const char *id)
{
    mfa_reply_t  r;

    if (id == NULL || box.lost) {
        return box_array(0);
    }

    r = box_array(1);

    if (!box.gone) {
        r.elements[0] = box_array(2);
        r.elements[0].elements[0] = box_text(MFA_REPLY_STRING, id);
        r.elements[0].elements[1] = box_strings(box.entry,
                                                box_count(box.entry));
    }

    return r;
}


static inline mfa_reply_t
box_pending(void)
{
    mfa_reply_t  r;

    if (box.no_group) {
        return box_text(MFA_REPLY_ERROR, "NOGROUP No such key");
    }

    r = box_array(box.stale != NULL);

    if (box.stale) {
        r.elements[0] = box_array(4);
        r.elements[0].elements[0] = box_text(MFA_REPLY_STRING, box.stale);
        r.elements[0].elements[1] = box_text(MFA_REPLY_STRING, "sender");
        r.elements[0].elements[2] = box_int(99999);
        r.elements[0].elements[3] = box_int(box.stale_tries);
    }

    return r;
}


static inline mfa_reply_t
box_new(void)
{
    mfa_reply_t  r;

    if (box.id == NULL) {
        return box_text(MFA_REPLY_NIL, NULL);
    }

    r = box_array(1);
    r.elements[0] = box_array(2);
    r.elements[0].elements[0] = box_text(MFA_REPLY_STRING, "outbox");
    r.elements[0].elements[1] = box_entries(box.id);

    return r;
}


static inline int
box_is(mfa_str_t s, const char *name)
{
    return mfa_str_is(s, name);
}


static inline mfa_reply_t
box_one(const mfa_str_t *argv, size_t n)
{
    if (box_is(argv[0], "XPENDING")) {
        return box_pending();
    }

    if (box_is(argv[0], "XREADGROUP")) {
        return box_new();
    }

    if (box_is(argv[0], "XCLAIM")) {
        return box_entries(box.stale ? box.stale : box.id);
    }

    if (box_is(argv[0], "XRANGE")) {
        return box_entries(box.id);
    }

    if (box_is(argv[0], "XGROUP")) {
        box.no_group--;
        return box_text(MFA_REPLY_ERROR, "BUSYGROUP already there");
    }

    if (box_is(argv[0], "ZRANGEBYSCORE") && n > 5 && box_is(argv[2], "-inf")) {
        return box_strings(&box.waiting, box.waiting != NULL);
    }

    if (box_is(argv[0], "ZRANGEBYSCORE")) {
        return box_strings(box.due, box_count(box.due));
    }

    if (box_is(argv[0], "HMGET")) {
        return argv[1].len > 7
               && memcmp(argv[1].data + argv[1].len - 7, "notices", 7) == 0
               ? box_strings(box.notices, n - 2)
               : box_strings(box.account, n - 2);
    }

    if (box_is(argv[0], "HGET")) {
        return box_text(MFA_REPLY_STRING, box.notices[0]);
    }

    if (box_is(argv[0], "XADD")) {
        return box_text(MFA_REPLY_STRING, "1700000000009-0");
    }

    if (box_is(argv[0], "SET") || box_is(argv[0], "WATCH")
        || box_is(argv[0], "UNWATCH") || box_is(argv[0], "MULTI"))
    {
        return box_text(MFA_REPLY_STATUS, "OK");
    }

    return box_int(box_is(argv[0], "ZREM") ? !box.lost : 1);
}


static inline void
box_write(const mfa_op_t *op, char *out, size_t cap)
{
    size_t            i, k, n;
    mfa_buf_t         b;
    const mfa_str_t  *argv;

    mfa_buf_init(&b, out, cap - 1);

    for (i = 0; i < op->n; i++) {
        argv = mfa_op_command(op, i, &n);

        for (k = 0; k < n; k++) {
            mfa_buf_str(&b, argv[k]);
            mfa_buf_byte(&b, k + 1 < n ? ' ' : '\n');
        }
    }

    out[b.len] = '\0';
}


static inline mfa_reply_t
box_failed(const mfa_reply_t *was)
{
    mfa_reply_t  r;

    switch (box.kind) {
    case BOX_NIL:
        return box_text(MFA_REPLY_NIL, NULL);
    case BOX_INT:
        return box_int(7777);
    case BOX_GARBAGE:
        return box_text(MFA_REPLY_STRING, "\xff.garbage 1");
    case BOX_STATUS:
        return box_text(MFA_REPLY_STATUS, "PONG");
    case BOX_ERROR:
        return box_text(MFA_REPLY_ERROR, "OOM command not allowed");
    default:
        r = box_array(3);
        r.elements[0] = *was;
        return r;
    }
}


static inline void
box_fail(mfa_result_t *result)
{
    mfa_reply_t  *at;

    if (box.ops != box.at || box.reply >= result->n) {
        return;
    }

    if (box.kind == BOX_DOWN || box.kind == BOX_SHORT) {
        result->ok = box.kind == BOX_SHORT;
        result->n = box.reply;
        box.made = 1;
        return;
    }

    at = (mfa_reply_t *) box.pointers[box.reply];

    if (box.element >= 0) {
        if ((size_t) box.element >= at->n) {
            return;
        }

        at = &at->elements[box.element];
    }

    *at = box_failed(at);
    box.made = 1;
}


/* Answers one operation. */
static inline mfa_result_t
box_answer(const mfa_op_t *op)
{
    int               inside = 0;
    size_t            i, n, multi = 0;
    mfa_reply_t      *replies;
    mfa_result_t      result;
    const mfa_str_t  *argv;

    assert_true(box.ops < BOX_OPS);
    assert_false(op->failed);
    box_write(op, box.sent[box.ops], sizeof(box.sent[0]));
    replies = box_nodes(op->n);

    for (i = 0; i < op->n; i++) {
        argv = mfa_op_command(op, i, &n);
        box.pointers[i] = &replies[i];

        if (box_is(argv[0], "EXEC")) {
            if (op->reserve && box.aborts > 0) {
                box.aborts--;
                replies[i] = box_text(MFA_REPLY_NIL, NULL);

            } else {
                replies[i] = box_array(i - multi - 1);

                for (n = multi + 1; n < i; n++) {
                    size_t            len;
                    const mfa_str_t  *queued = mfa_op_command(op, n, &len);

                    replies[i].elements[n - multi - 1] = box_one(queued, len);
                }
            }

            box.n_elements[box.ops] = replies[i].n;
            inside = 0;

        } else if (inside) {
            replies[i] = box_text(MFA_REPLY_STATUS, "QUEUED");

        } else {
            replies[i] = box_one(argv, n);

            if (box_is(argv[0], "MULTI")) {
                multi = i;
                inside = 1;
            }
        }
    }

    memset(&result, 0, sizeof(result));
    result.ok = 1;
    result.n = op->n;
    result.replies = box.pointers;
    box.n_replies[box.ops] = op->n;
    box_fail(&result);
    box.ops++;

    return result;
}


static inline mfa_outcome_e
box_run(mfa_flow_t *flow)
{
    mfa_flow_e    asked;
    mfa_result_t  result;

    box.ops = 0;
    box.n_nodes = 0;
    box.made = 0;
    asked = flow->run(flow, NULL);

    while (asked == MFA_FLOW_STORE) {
        result = box_answer(&flow->op);
        asked = flow->run(flow, &result);
    }

    assert_int_equal(asked, MFA_FLOW_DONE);

    return flow->outcome;
}


/* All that was sent holds this. */
static inline void
box_has(const char *text)
{
    int  i;

    for (i = 0; i < box.ops; i++) {
        if (strstr(box.sent[i], text) != NULL) {
            return;
        }
    }

    fail_msg("not sent: %s", text);
}


static inline void
box_has_not(const char *text)
{
    int  i;

    for (i = 0; i < box.ops; i++) {
        if (strstr(box.sent[i], text) != NULL) {
            fail_msg("sent: %s", text);
        }
    }
}


/*
 * Every failure of every reply of a run of n operations, each handed to judge
 * with its outcome.  How many there were.
 */
static inline size_t
box_fail_all(int n, mfa_outcome_e (*act)(void), void (*judge)(mfa_outcome_e))
{
    int     element, elements;
    size_t  made = 0, kind, replies;

    for (box.at = 0; box.at < n; box.at++) {
        for (box.reply = 0, replies = 1; box.reply < replies; box.reply++) {
            elements = 0;

            for (element = -1; element < elements; element++) {
                for (kind = 0; kind < BOX_KINDS; kind++) {
                    int  at = box.at;
                    size_t  reply = box.reply;

                    box.element = element;
                    box.kind = (box_failure_e) kind;
                    box.n_elements[at] = 0;
                    judge(act());
                    made += (size_t) box.made;
                    box.at = at;
                    box.reply = reply;
                    replies = box.n_replies[at];

                    if (reply + 1 == replies) {
                        elements = (int) box.n_elements[at];
                    }
                }
            }
        }
    }

    box.at = -1;

    return made;
}


#endif /* MFA_TEST_OUTBOX_STAGE_H */
