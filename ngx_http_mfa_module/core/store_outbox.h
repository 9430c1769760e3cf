/*
 * The outbox from its other end: what senders do with it.  All of them are one
 * consumer of one group, so that none leaves a name behind when it is killed.
 *
 * An entry is in the stream until it is done with.  In hand it is in the group's
 * list of pending entries, as long as its sender lives not older than the lease;
 * to be tried again later it is in outbox-retry instead, by when.
 */

#ifndef MFA_STORE_OUTBOX_H
#define MFA_STORE_OUTBOX_H

#include "core/mail.h"
#include "core/store.h"

#define MFA_DEAD_WHY_MAX  64                /* bytes of a reason */

/* Makes the group, over all that is in the stream; an error when there is one. */
void mfa_store_outbox_group(mfa_op_t *op, const mfa_portal_t *portal);
/* Whether a reply says that there is no group. */
int mfa_store_outbox_no_group(const mfa_reply_t *reply);

/* What was in hand for longer than lease_msec: at most one. */
mfa_at_t mfa_store_outbox_stale(mfa_op_t *op, const mfa_portal_t *portal,
    int64_t lease_msec);
/* Its id and how often it was in hand: MFA_YES, MFA_NO: there is none,
   MFA_UNKNOWN: no such answer. */
mfa_tri_e mfa_store_outbox_stale_result(const mfa_op_t *op,
    const mfa_result_t *result, mfa_at_t at, mfa_str_t *id, int64_t *tries);
/* Takes it in hand, for the tries-th time, if nobody else has meanwhile. */
mfa_at_t mfa_store_outbox_claim(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t id, int64_t lease_msec, int64_t tries);

/* What is to be tried again by now: at most one. */
mfa_at_t mfa_store_outbox_waiting(mfa_op_t *op, const mfa_portal_t *portal,
    int64_t now);
/* It, its id, and how often it was in hand: as above. */
mfa_tri_e mfa_store_outbox_waiting_result(const mfa_op_t *op,
    const mfa_result_t *result, mfa_at_t at, mfa_str_t *waiting, mfa_str_t *id,
    int64_t *tries);
typedef struct {
    mfa_at_t  won;                          /* 1: it is this sender's */
    mfa_at_t  entry;
} mfa_resume_at_t;
/* Takes it in hand again, for the tries-th time: a transaction. */
mfa_resume_at_t mfa_store_outbox_resume(mfa_op_t *op,
    const mfa_portal_t *portal, mfa_str_t waiting, mfa_str_t id, int64_t tries);

/* Takes one in hand that nobody had. */
mfa_at_t mfa_store_outbox_next(mfa_op_t *op, const mfa_portal_t *portal);
/* The entry of one of the three that take: MFA_YES and *entry, MFA_NO: none,
   MFA_UNKNOWN: no such answer. */
mfa_tri_e mfa_store_outbox_taken(const mfa_op_t *op,
    const mfa_result_t *result, mfa_at_t at, const mfa_reply_t **entry);
/* Of claim: whether what is pending is not in the stream any more. */
int mfa_store_outbox_gone(const mfa_op_t *op, const mfa_result_t *result,
    mfa_at_t at);

/* Says that one is done with; may stand inside a transaction. */
void mfa_store_outbox_done(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t id);
/* Inside a transaction: again at the moment at. */
void mfa_store_outbox_later(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t id, int64_t tries, int64_t at);
/* Inside a transaction: into the dead letters, with all its fields (an array, or
   NULL). */
void mfa_store_outbox_bury(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_reply_t *fields, mfa_str_t why, int64_t tries);


/* --- dead letters --- */

/* Up to n of them behind the id after (empty: from the first). */
mfa_at_t mfa_store_dead_list(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t after, int64_t n);
/* One of them, by its id; watches them all. */
mfa_at_t mfa_store_dead_watch(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t id);
/* Inside a transaction: back into the outbox, with its fields. */
void mfa_store_dead_requeue(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t id, const mfa_reply_t *fields);
/* The value of a field of an entry, empty when there is none. */
mfa_str_t mfa_store_dead_field(const mfa_reply_t *fields, const char *name);


/* --- notices of deadlines: which an account has had --- */

/* Of n logins; an array of strings or nil. */
mfa_at_t mfa_store_notices_read(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_str_t *logins, size_t n);
/* Of one; watches them. */
mfa_at_t mfa_store_notice_watch(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login);
/* Inside a transaction. */
void mfa_store_notice_set(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, mfa_mail_e kind, int64_t deadline);
/* Whether a notice is the one of this kind and deadline. */
int mfa_store_notice_is(mfa_str_t notice, mfa_mail_e kind, int64_t deadline);


/* --- how full it is, for doctor --- */

typedef struct {
    mfa_at_t  length;
    mfa_at_t  retry;
    mfa_at_t  dead;
    mfa_at_t  oldest;
} mfa_outbox_at_t;

typedef struct {
    int64_t   length;                       /* all that is not sent yet */
    int64_t   retry;                        /* of them: failed, tried again */
    int64_t   dead;
    int64_t   oldest;                       /* Unix time; 0: there is none */
} mfa_outbox_t;

void mfa_store_outbox_look(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_outbox_at_t *at);
int mfa_store_outbox_look_result(const mfa_op_t *op,
    const mfa_result_t *result, const mfa_outbox_at_t *at, mfa_outbox_t *out);

#endif /* MFA_STORE_OUTBOX_H */
