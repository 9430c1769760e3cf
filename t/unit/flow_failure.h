/*
 * Answers every operation of a flow, each in its turn, with every failure: no
 * answer, too few replies, each reply and each element of a reply replaced by
 * nil, a number, garbage, a status, an error, an array of the wrong length; a
 * password check that could not tell or says no.  Each of them twice: with what
 * was asked for carried out, and without.
 *
 * What must hold, whatever was answered, is in trial_judge().
 */

#ifndef MFA_TEST_FLOW_FAILURE_H
#define MFA_TEST_FLOW_FAILURE_H

#include "flow_world.h"


typedef enum {
    FAIL_DOWN = 0, FAIL_SHORT, FAIL_NIL, FAIL_INT, FAIL_GARBAGE, FAIL_EMPTY,
    FAIL_STATUS, FAIL_ERROR, FAIL_LENGTH, FAIL_KINDS
} failure_e;

/* The failure to make, and what came of it. */
static struct {
    size_t     at;                          /* operation */
    failure_e  kind;
    size_t     reply;
    int        element;                     /* of that reply; -1: all of it */
    int        lost;                        /* not carried out */

    int        hit;                         /* there was such an operation */
    int        made;                        /* and such a reply */
    size_t     replies;
    size_t     elements;
    int        honest;                      /* could be a right answer */
} failure;

static store_t  failure_before;

typedef enum {
    TRIAL_OPENS = 0,                        /* a session, if all goes well */
    TRIAL_GATE,                             /* trial_verdict is the result */
    TRIAL_LEAVES,                           /* ends a session */
    TRIAL_NOTES                             /* changes what it may anyway */
} trial_e;

/* A flow to be failed. */
typedef struct {
    void         (*prepare)(world_t *w);
    mfa_outcome_e  (*act)(world_t *w);      /* runs that one flow */
    int            rightful;                /* undisturbed, it may end well */
    int            lenient;                 /* some answers go unread */
    trial_e        kind;
} trial_t;

static mfa_verdict_e  trial_verdict;
static size_t         trial_unseen;         /* how often a session was made and
                                               nobody got its cookie */


static inline void
failure_snapshot(world_t *w)
{
    failure_before = w->store;
}


/* Which command a reply, or an element of an EXEC's reply, belongs to. */
static inline const mfa_str_t *
failure_command(const mfa_op_t *op, size_t *n)
{
    size_t            i = failure.reply;
    const mfa_str_t  *argv;

    argv = mfa_op_command(op, i, n);

    if (failure.element >= 0 && mfa_str_is(argv[0], "EXEC")) {
        do {
            argv = mfa_op_command(op, --i, n);
        } while (!mfa_str_is(argv[0], "MULTI"));

        argv = mfa_op_command(op, i + 1 + (size_t) failure.element, n);
    }

    return argv;
}


static inline int
failure_inside_tx(const mfa_op_t *op)
{
    size_t            i, n;
    int               inside = 0;
    const mfa_str_t  *argv;

    for (i = 0; i < failure.reply; i++) {
        argv = mfa_op_command(op, i, &n);
        inside = mfa_str_is(argv[0], "MULTI")
                 || (inside && !mfa_str_is(argv[0], "EXEC"));
    }

    argv = mfa_op_command(op, i, &n);

    return inside && !mfa_str_is(argv[0], "EXEC");
}


/* Whether a store in its right mind could have given this reply in place of the
   other: an oracle of its own, by the documentation of the commands. */
static inline int
failure_is_honest(const mfa_op_t *op, const mfa_reply_t *was,
    const mfa_reply_t *is)
{
    size_t            i, n;
    mfa_str_t         name;
    const mfa_str_t  *argv;

    argv = failure_command(op, &n);
    name = argv[0];

    if (is->type == MFA_REPLY_ERROR) {
        return 0;
    }

    if (failure.element < 0 && failure_inside_tx(op)) {
        return is->type == MFA_REPLY_STATUS;
    }

    if (mfa_str_is(name, "EXEC")) {
        return is->type == MFA_REPLY_NIL && op->reserve;
    }

    if (mfa_str_is(name, "GET") || mfa_str_is(name, "GETDEL")
        || mfa_str_is(name, "HGET")
        || mfa_str_is(name, "ZSCORE")
        || (mfa_str_is(name, "HMGET") && failure.element >= 0))
    {
        return is->type == MFA_REPLY_NIL || is->type == MFA_REPLY_STRING;
    }

    if (mfa_str_is(name, "ZRANK")) {
        return is->type == MFA_REPLY_NIL || is->type == MFA_REPLY_INT;
    }

    if (mfa_str_is(name, "ZRANGEBYLEX") || mfa_str_is(name, "ZRANGEBYSCORE")
        || mfa_str_is(name, "ZRANGE"))
    {
        if (failure.element >= 0
            && is->type != MFA_REPLY_ARRAY
            && was->type == MFA_REPLY_STRING)
        {
            return is->type == MFA_REPLY_STRING;
        }

        for (i = 0; i < is->n; i++) {
            if (is->elements[i].type != MFA_REPLY_STRING) {
                return 0;
            }
        }

        return is->type == MFA_REPLY_ARRAY;
    }

    if (mfa_str_is(name, "HMGET")) {
        return 0;                           /* only ever of the wrong length */
    }

    if (mfa_str_is(name, "SET") && n > 3 && !mfa_str_is(argv[3], "EX")) {
        return is->type == MFA_REPLY_NIL || is->type == MFA_REPLY_STATUS;
    }

    return is->type == was->type;
}


static inline mfa_reply_t
failure_wrong_length(const mfa_reply_t *was)
{
    size_t       i;
    mfa_reply_t  r;

    if (was->type == MFA_REPLY_ARRAY && was->n > 0) {
        r = *was;
        r.n--;
        return r;
    }

    r = reply_array(3);

    for (i = 0; i < r.n; i++) {
        r.elements[i] = reply_text(MFA_REPLY_STRING, "1");
    }

    return r;
}


static inline mfa_reply_t
failure_reply(const mfa_reply_t *was)
{
    switch (failure.kind) {
    case FAIL_NIL:
        return reply_of(MFA_REPLY_NIL);
    case FAIL_INT:
        return reply_int(7777);
    case FAIL_GARBAGE:
        return reply_bytes(MFA_REPLY_STRING, "\0\xff.garbage\t1\t", 13);
    case FAIL_EMPTY:
        return reply_text(MFA_REPLY_STRING, "");
    case FAIL_STATUS:
        return reply_text(MFA_REPLY_STATUS, "PONG");
    case FAIL_ERROR:
        return reply_text(MFA_REPLY_ERROR, "OOM command not allowed");
    default:
        return failure_wrong_length(was);
    }
}


static inline void
failure_in_replies(const mfa_flow_t *flow, mfa_result_t *result)
{
    size_t         i;
    mfa_reply_t  **replies, *at, was;

    failure.replies = result->n;

    if (failure.reply >= result->n) {
        return;
    }

    replies = store_block(result->n * sizeof(mfa_reply_t *));

    for (i = 0; i < result->n; i++) {
        replies[i] = store_block(sizeof(mfa_reply_t));
        *replies[i] = *result->replies[i];
    }

    result->replies = (const mfa_reply_t *const *) replies;
    at = replies[failure.reply];
    failure.elements = at->n;

    if (failure.element >= 0) {
        if ((size_t) failure.element >= at->n) {
            return;
        }

        at = &at->elements[failure.element];
    }

    was = *at;
    *at = failure_reply(&was);
    failure.made = 1;
    failure.honest = failure_is_honest(&flow->op, &was, at);
}


static inline void
failure_apply(world_t *w, const mfa_flow_t *flow, mfa_result_t *result)
{
    int  watched;

    if (w->asked != failure.at) {
        return;
    }

    failure.hit = 1;
    watched = w->store.watched;

    if (failure.lost) {
        w->store = failure_before;
        w->store.watched = watched;
    }

    if (failure.kind == FAIL_DOWN) {
        failure.made = failure.reply == 0 && failure.element < 0;
        memset(result, 0, sizeof(mfa_result_t));

    } else if (result->replies == NULL) {
        /* A password check: could not tell, above, or no. */
        failure.made = failure.kind == FAIL_NIL && failure.reply == 0
                       && failure.element < 0;
        failure.honest = 1;
        result->hash = MFA_NO;

    } else if (failure.kind == FAIL_SHORT) {
        failure.made = failure.reply < result->n && failure.element < 0;
        failure.replies = result->n;
        result->n = failure.reply;

    } else {
        failure_in_replies(flow, result);
    }
}


/* Sessions made since, of which this browser does not have the cookie. */
static inline size_t
trial_sessions_unseen(const world_t *w, const world_t *prepared)
{
    int                 i, j;
    size_t              n = 0;
    mfa_str_t           name, hash, prefix;
    const store_key_t  *k;

    prefix = mfa_lit("mfa:session:");

    for (i = 0; i < w->store.n_keys; i++) {
        k = &w->store.keys[i];
        name = (mfa_str_t) { k->name, k->len };
        hash = (mfa_str_t) { w->token.hash, MFA_HASH_CHARS };

        if (k->type == STORE_NONE || !mfa_str_begins(name, "mfa:session:")) {
            continue;
        }

        for (j = 0; j < prepared->store.n_keys; j++) {
            if (mfa_str_eq(name, (mfa_str_t) { prepared->store.keys[j].name,
                                               prepared->store.keys[j].len }))
            {
                break;
            }
        }

        name.data += prefix.len;
        name.len -= prefix.len;
        n += j == prepared->store.n_keys
             && !(w->opened && mfa_str_eq(name, hash));
    }

    return n;
}


/*
 * What was asked of a flow that was lied to: an answer that cannot be one ends
 * it with UNAVAILABLE; an answer that could be one lets nobody in who would not
 * have come in without it; and a session of which nobody has the cookie is the
 * end of a flow that says so.
 */
static inline void
trial_judge(world_t *w, const world_t *prepared, const trial_t *trial,
    mfa_outcome_e outcome)
{
    mfa_verdict_e  verdict;

    w->disturb = NULL;
    w->meddle = NULL;

    if (trial->kind == TRIAL_GATE) {
        verdict = trial_verdict;
        assert_true(verdict != MFA_VERDICT_ALLOW
                    || (trial->rightful && failure.honest));

        if (!failure.honest && !trial->lenient) {
            assert_int_equal(verdict, MFA_VERDICT_UNAVAILABLE);
        }

        return;
    }

    if (trial_sessions_unseen(w, prepared)) {
        assert_int_equal(outcome, MFA_OUTCOME_UNAVAILABLE);
        trial_unseen++;
    }

    if (!failure.honest && !trial->lenient) {
        assert_int_equal(outcome, MFA_OUTCOME_UNAVAILABLE);
    }

    if (!failure.honest || !trial->rightful) {
        assert_int_not_equal(outcome, MFA_OUTCOME_DONE);
    }

    verdict = world_verdict(w);

    if (trial->kind == TRIAL_NOTES) {
        return;
    }

    if (trial->kind == TRIAL_LEAVES) {
        assert_true(outcome != MFA_OUTCOME_DONE || failure.lost
                    || verdict == MFA_VERDICT_LOGIN);
        return;
    }

    assert_true(verdict != MFA_VERDICT_ALLOW
                || (outcome == MFA_OUTCOME_DONE && trial->rightful
                    && failure.honest));
}


/* One failure; 0 when there is no such reply. */
static inline int
trial_once(world_t *w, const world_t *prepared, const trial_t *trial)
{
    size_t         mark = store_n_blocks;
    mfa_outcome_e  outcome;

    *w = *prepared;
    w->disturb = failure_apply;
    w->meddle = failure.lost ? failure_snapshot : NULL;
    w->meddle_at = failure.at;

    failure.hit = 0;
    failure.made = 0;
    failure.honest = 0;
    failure.replies = 0;
    failure.elements = 0;

    outcome = trial->act(w);

    if (failure.made) {
        trial_judge(w, prepared, trial, outcome);
    }

    store_release(mark);

    return failure.made;
}


/* All failures of one reply of one operation. */
static inline size_t
trial_reply(world_t *w, const world_t *prepared, const trial_t *trial)
{
    int     elements;
    size_t  n = 0, kind;

    elements = -1;

    for (failure.element = -1; failure.element <= elements; failure.element++) {
        for (kind = 0; kind < FAIL_KINDS; kind++) {
            for (failure.lost = 0; failure.lost < 2; failure.lost++) {
                failure.kind = (failure_e) kind;
                n += (size_t) trial_once(w, prepared, trial);

                if ((int) failure.elements - 1 > elements) {
                    elements = (int) failure.elements - 1;
                }
            }
        }
    }

    return n;
}


/*
 * Every failure of every operation.  Returns how many there were; *operations
 * is how many operations the flow asks for undisturbed.
 */
static inline size_t
trial_run(world_t *w, const trial_t *trial, size_t *operations)
{
    size_t          n = 0, made;
    mfa_outcome_e   outcome;
    static world_t  prepared;

    world_init(w);
    trial_unseen = 0;
    trial->prepare(w);
    prepared = *w;

    outcome = trial->act(w);
    assert_int_equal(outcome == MFA_OUTCOME_DONE,
                     trial->rightful || trial->kind == TRIAL_GATE);
    *operations = w->asked;

    for (failure.at = 0; failure.at < *operations; failure.at++) {
        failure.reply = 0;

        do {
            made = trial_reply(w, &prepared, trial);
            n += made;
            failure.reply++;
        } while (made);

        assert_true(failure.reply > 1);
    }

    store_release(0);

    return n;
}


#endif /* MFA_TEST_FLOW_FAILURE_H */
