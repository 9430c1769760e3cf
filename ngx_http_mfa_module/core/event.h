/*
 * An event of the audit as the store gives it back, and which of them somebody
 * wants to see.  store.h writes them.
 */

#ifndef MFA_EVENT_H
#define MFA_EVENT_H

#include "core/reply.h"

#define MFA_EVENT_ID_MAX  48                /* characters of an id */

typedef struct {
    mfa_str_t  id;                          /* milliseconds "-" number */
    int64_t    at;                          /* Unix time */
    mfa_str_t  event;
    mfa_str_t  result;
    mfa_str_t  reason;
    mfa_str_t  login;
    mfa_str_t  actor;                       /* empty: the login itself */
    mfa_str_t  token;                       /* mfa_by_token; empty: none */
    mfa_str_t  address;
    mfa_str_t  request;
    mfa_str_t  detail;
} mfa_event_t;

/* Reads one entry of XRANGE or XREVRANGE; 0 or -1 when it has not the shape of
   one.  Views point into the reply; fields of other names are left out. */
int mfa_event_decode(mfa_event_t *event, const mfa_reply_t *entry);

/* Empty: any.  Words are compared whole. */
typedef struct {
    mfa_str_t  about;                       /* login or actor is this */
    mfa_str_t  login;
    mfa_str_t  actor;
    mfa_str_t  event;
    mfa_str_t  result;
} mfa_event_filter_t;

int mfa_event_match(const mfa_event_t *event, const mfa_event_filter_t *filter);

/* Whether s can be an id: digits, "-", digits. */
int mfa_event_id_check(mfa_str_t s);

#endif /* MFA_EVENT_H */
