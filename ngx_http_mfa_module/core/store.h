/*
 * Everything the project keeps in Redis: every key, every command, here and
 * nowhere else.  Each function adds its commands to an op and returns the place
 * of the answer (op.h); the ones that end in _result or _decode read it.
 *
 * P is a portal's name; {P} is also the hash tag that keeps what belongs to one
 * portal's accounts on one node of a cluster, so one transaction can cover it.
 *
 *   key                               type    holds
 *   mfa:schema                        string  format of all this; newer: refuse
 *   mfa:{P}:account:LOGIN             hash    account.h
 *   mfa:{P}:accounts                  zset    all logins, score 0: pages, prefix
 *   mfa:{P}:unenrolled                zset    required, no factor; score deadline
 *   mfa:{P}:not-required              zset    no requirement
 *   mfa:{P}:required                  zset    a requirement, factor or not
 *   mfa:{P}:enrolled                  zset    have a factor
 *   mfa:{P}:owners                    zset    administrators with billing that
 *                                             are not disabled
 *   mfa:{P}:search                    zset    "word NUL login", see search.h
 *   mfa:{P}:indexed                   string  format and rule of the above
 *   mfa:{P}:steps                     zset    last accepted TOTP step
 *   mfa:{P}:sessions:LOGIN            zset    token hashes by when opened, us
 *   mfa:{P}:devices:LOGIN             zset    token hashes of trusted browsers
 *   mfa:{P}:device:HASH               string  device.h; TTL
 *   mfa:{P}:recovery:LOGIN            set     hashes of recovery codes
 *   mfa:{P}:audit                     stream  events
 *   mfa:{P}:outbox                    stream  mails, see mail.h
 *   mfa:{P}:outbox-retry              zset    "TRIES ID" by when it is tried again
 *   mfa:{P}:outbox-dead               stream  mails that did not go, and why
 *   mfa:{P}:notices                   hash    LOGIN to the last "KIND DEADLINE"
 *   mfa:{P}:pending-token:HASH        string  mailtoken.h; TTL
 *   mfa:{P}:newest-token:LOGIN        string  hash of the one sent last; TTL
 *   mfa:{P}:token:HASH                string  apitoken.h; TTL
 *   mfa:{P}:tokens                    zset    token hashes, score expiry
 *   mfa:session:HASH                  string  session.h; TTL
 *   mfa:enrolment:HASH                string  a session's pending secret; TTL
 *   mfa:recovery:HASH                 string  a session's new recovery codes,
 *                                             sealed, until shown; TTL
 *   mfa:fail:KIND:P:ID                string  attempts charged; TTL
 *   mfa:known:P:LOGIN:NET             string  a network the account came in from
 */

#ifndef MFA_STORE_H
#define MFA_STORE_H

#include "core/account.h"
#include "core/device.h"
#include "core/op.h"
#include "core/portal.h"
#include "core/session.h"

#define MFA_STORE_SCHEMA      1
#define MFA_AUDIT_KEEP        100000        /* events of a portal, about */
#define MFA_ENROLMENT_SEC     600           /* life of a pending secret, and of
                                               recovery codes not shown yet */
#define MFA_KNOWN_NET_SEC     (30 * 86400)
#define MFA_CODE_RUN_SEC      (30 * 86400)  /* memory for failures in a row */
#define MFA_CHARGES_MAX       4

/* On a new connection: write the schema number if there is none, read it. */
mfa_at_t mfa_store_schema(mfa_op_t *op);
/* MFA_YES usable, MFA_NO newer than this program, MFA_UNKNOWN no such answer. */
mfa_tri_e mfa_store_schema_result(const mfa_op_t *op,
    const mfa_result_t *result, mfa_at_t at);


/* --- sessions --- */

/* Reads a session record. */
mfa_at_t mfa_store_session_read(mfa_op_t *op, mfa_str_t hash);

/*
 * Decodes it.  MFA_YES and *session, MFA_NO: none, or not one for this portal
 * and hash (*foreign is set then: alarm), MFA_UNKNOWN: the store did not answer.
 */
mfa_tri_e mfa_store_session_decode(const mfa_op_t *op,
    const mfa_result_t *result, mfa_at_t at, const mfa_portal_t *portal,
    mfa_str_t hash, mfa_session_t *session, int *foreign);

/* Inside a transaction: puts a session opened now (seen, and usec behind it) in
   its account's index; the answer is the list of hashes that are too many. */
mfa_at_t mfa_store_session_index(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_session_t *session, int64_t usec, mfa_str_t hash);
/* Writes a new session's record (TTL from its times); after its index. */
void mfa_store_session_write(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_session_t *session, mfa_str_t hash);
/* Writes a session that exists, with its time left; gone: stays gone. */
mfa_at_t mfa_store_session_save(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_session_t *session, mfa_str_t hash, int64_t now);
/* Removes a session's record: it is over. */
void mfa_store_session_remove(mfa_op_t *op, mfa_str_t hash);
/* Removes it from its account's index; may stand inside a transaction. */
void mfa_store_session_unindex(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t hash);
/* Removes all: where the account's generation is raised, or it is gone. */
void mfa_store_session_unindex_all(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login);
/* Both.  The place says how many records there were: 0, it was over already. */
mfa_at_t mfa_store_session_end(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t hash);
/* The token hashes of an account's sessions, oldest first. */
mfa_at_t mfa_store_session_list(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login);


/* --- trusted browsers: the index says which there are, a record how one came
   to be; neither is worth anything without the other --- */

typedef struct {
    mfa_at_t  listed;
    mfa_at_t  record;
} mfa_device_at_t;

/* Reads a device of login, record and whether it is in the index. */
mfa_device_at_t mfa_store_device_read(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t hash);
/* MFA_YES and *device, MFA_NO: none, or not one that is this, MFA_UNKNOWN: the
   store did not answer. */
mfa_tri_e mfa_store_device_decode(const mfa_op_t *op,
    const mfa_result_t *result, mfa_device_at_t at, mfa_str_t hash,
    mfa_device_t *device);
/* Inside a transaction: a new device, made now (seen, and usec behind it); the
   oldest over MFA_DEVICES_MAX leave the index. */
void mfa_store_device_write(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_device_t *device, int64_t usec, mfa_str_t hash);
/* Writes one that exists, with its time left; gone: stays gone. */
void mfa_store_device_save(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_device_t *device, mfa_str_t hash, int64_t now);
/* As mfa_store_session_end. */
mfa_at_t mfa_store_device_end(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t hash);
/* The end of all of an account's; may stand inside a transaction. */
void mfa_store_device_end_all(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login);
/* The token hashes of an account's devices, oldest first. */
mfa_at_t mfa_store_device_list(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login);


/* --- accounts --- */

/* The first n fields: MFA_ACCOUNT_GATE_N or MFA_ACCOUNT_N. */
mfa_at_t mfa_store_account_read(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, size_t n);
mfa_tri_e mfa_store_account_decode(const mfa_op_t *op,
    const mfa_result_t *result, mfa_at_t at, mfa_str_t login, size_t n,
    mfa_account_t *account);

/*
 * Reads all of an account and watches it: the op becomes a reserved one, and
 * the next transaction on its connection is aborted if the account changes.
 */
mfa_at_t mfa_store_account_watch(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login);
/* Lets go of the watch without a change. */
void mfa_store_unwatch(mfa_op_t *op);

/* One field to set; an empty value deletes the field. */
typedef struct {
    mfa_account_field_e  field;
    mfa_str_t            text;
    int64_t              number;
    int                  is_number;
} mfa_change_t;

/*
 * Inside a transaction: applies changes, raises version, and generation when
 * raise is set.
 */
void mfa_store_account_change(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, const mfa_change_t *changes, size_t n, int raise);
/* Inside a transaction: removes an account and all that is kept about it,
   except its audit. */
void mfa_store_account_delete(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login);
/* Inside a transaction: puts the login where its state says in the indexes. */
void mfa_store_account_index(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, int required, int enrolled, int64_t deadline);
/*
 * Sets the deadline if there has never been one, indexes the login as
 * unenrolled; the answer is the deadline that holds (a string).
 */
mfa_at_t mfa_store_deadline_set(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, int64_t deadline);
/* Marks a key as validated (one field, no watch: the mark names the key). */
void mfa_store_validated_set(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_account_t *account);
/* Notes the language of somebody's mails (one field, no watch, no version: no
   form shows it). */
void mfa_store_locale_set(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t locale);

typedef enum {
    MFA_LIST_ALL = 0,
    MFA_LIST_UNENROLLED,
    MFA_LIST_NOT_REQUIRED,
    MFA_LIST_REQUIRED,
    MFA_LIST_ENROLLED
} mfa_list_e;

/* Up to n logins of a list in order, behind the login after (empty: from the
   start; all but MFA_LIST_UNENROLLED page).  By deadline: store_list.h. */
mfa_at_t mfa_store_account_list(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_list_e list, mfa_str_t after, int64_t n);
/*
 * Of the unenrolled, up to n whose deadline is from..to, the earliest first;
 * the first skip are left out.  Pairs of a login and its deadline, strings.  To
 * page: from is the deadline seen last, skip how many of it were seen.
 */
mfa_at_t mfa_store_account_due(mfa_op_t *op, const mfa_portal_t *portal,
    int64_t from, int64_t to, int64_t skip, int64_t n);


/* --- codes and enrolment --- */

/* Claims a TOTP step; the answer is 1 only if it was raised by this. */
mfa_at_t mfa_store_step_claim(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, int64_t step);

/* Offers a pending secret to a session; the answer is the one that holds,
   which is an earlier one if there is one. */
mfa_at_t mfa_store_enrolment_offer(mfa_op_t *op, mfa_str_t hash,
    mfa_str_t pending);
/* Puts one there, whatever was. */
void mfa_store_enrolment_put(mfa_op_t *op, mfa_str_t hash, mfa_str_t pending);
mfa_at_t mfa_store_enrolment_read(mfa_op_t *op, mfa_str_t hash);
void mfa_store_enrolment_end(mfa_op_t *op, mfa_str_t hash);


/* --- attempts --- */

typedef enum {
    MFA_CHARGE_ADDRESS = 0,                 /* a network */
    MFA_CHARGE_PASSWORD,                    /* an account, from one network */
    MFA_CHARGE_ACCOUNT,                     /* an account, from unknown networks */
    MFA_CHARGE_CODE,                        /* an account's factor */
    MFA_CHARGE_CODE_RUN,                    /* the same, in a row */
    MFA_CHARGE_MAIL,                        /* mails an account asked for */
    MFA_CHARGE_UNLOCK                       /* unlocks of an account */
} mfa_charge_e;

typedef struct {
    mfa_charge_e  kind;
    mfa_limit_t   limit;
    mfa_at_t      count;
    mfa_at_t      ttl;
    mfa_at_t      known;                    /* MFA_CHARGE_ACCOUNT only */
} mfa_charge_t;

/* Charges one attempt; login may be empty for MFA_CHARGE_ADDRESS. */
void mfa_store_charge(mfa_op_t *op, mfa_charge_t *charge,
    const mfa_portal_t *portal, mfa_str_t login, mfa_str_t net);

typedef struct {
    mfa_tri_e     within;                   /* MFA_YES: go on */
    int64_t       retry_after;              /* seconds, when MFA_NO */
    int           first;                    /* this attempt was the first over */
} mfa_charged_t;

/* Over all charges of an op. */
mfa_charged_t mfa_store_charge_result(const mfa_op_t *op,
    const mfa_result_t *result, const mfa_charge_t *charges, size_t n);

/* Whether there is a counter of an account: 0 or 1. */
mfa_at_t mfa_store_charge_there(mfa_op_t *op, mfa_charge_e kind,
    const mfa_portal_t *portal, mfa_str_t login);
/* Clears one counter of an account. */
void mfa_store_charge_clear(mfa_op_t *op, mfa_charge_e kind,
    const mfa_portal_t *portal, mfa_str_t login, mfa_str_t net);
/* Gives one attempt back: it turned out to be no guess. */
void mfa_store_charge_refund(mfa_op_t *op, mfa_charge_e kind,
    int64_t window_sec, const mfa_portal_t *portal, mfa_str_t login,
    mfa_str_t net);
/* Remembers a network the account has proved itself from. */
void mfa_store_known_net(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t net);
/* Whether there is such a one: 1 or 0. */
mfa_at_t mfa_store_known_net_ask(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t net);


/* --- audit --- */

typedef struct {
    const char  *event;                     /* "login", "code", "enrol", ... */
    const char  *result;                    /* "ok", "refused", ... */
    const char  *reason;                    /* may be "" */
    mfa_str_t    login;                     /* whom it is about */
    mfa_str_t    actor;                     /* who did it; empty: the same */
    mfa_str_t    token;                     /* of the API, it was done with */
    mfa_str_t    address;
    mfa_str_t    request;                   /* id of the request, may be empty */
    mfa_str_t    detail;                    /* may be empty */
} mfa_audit_t;

/* Appends an event; inside the transaction of the change it tells of. */
void mfa_store_audit(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_audit_t *audit);
/* Up to n newest events before the stream id before ("+": from the newest). */
mfa_at_t mfa_store_audit_read(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t before, int64_t n);
/*
 * Up to n events behind the stream id after, oldest first, as soon as there are
 * any; waits wait_msec for them.  For a link of one's own alone: nothing else
 * is answered meanwhile.
 */
mfa_at_t mfa_store_audit_wait(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t after, int64_t n, int64_t wait_msec);
/* The events of such an answer: an array of them, empty when none came; NULL
   when it is no such answer. */
const mfa_reply_t *mfa_store_audit_waited(const mfa_op_t *op,
    const mfa_result_t *result, mfa_at_t at);


/* --- what others change (store_tracking.c) --- */

/* On a connection that only listens: subscribes to the changes of what is read
   on tracked ones.  The answer at the place returned is its id for
   mfa_store_track. */
mfa_at_t mfa_store_listen(mfa_op_t *op);
/* 0 and *id, or -1. */
int mfa_store_listen_result(const mfa_op_t *op, const mfa_result_t *result,
    mfa_at_t at, int64_t *id);
/* On the connection that reads: from now on changes are told to id. */
void mfa_store_track(mfa_op_t *op, int64_t id);
/* On the connection that listens: is it still there. */
void mfa_store_ping(mfa_op_t *op);

typedef enum {
    MFA_CHANGES_UNKNOWN = 0,                /* not what was subscribed to */
    MFA_CHANGES_KEY,
    MFA_CHANGES_ALL,                        /* e.g. FLUSHALL */
    MFA_CHANGES_END
} mfa_changes_e;

/* Whether a reply tells of something and is no answer. */
int mfa_store_tells(const mfa_reply_t *reply);
/* What it tells of: its i-th key, until END. */
mfa_changes_e mfa_store_told(const mfa_reply_t *told, mfa_str_t *key,
    size_t i);


/* --- the server itself, for doctor --- */

mfa_at_t mfa_store_server_info(mfa_op_t *op, const char *section);
mfa_at_t mfa_store_server_time(mfa_op_t *op);
mfa_at_t mfa_store_server_policy(mfa_op_t *op);

#endif /* MFA_STORE_H */
