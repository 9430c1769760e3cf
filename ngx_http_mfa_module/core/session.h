/*
 * A session: facts about an authentication, who and when, and nothing that is
 * decided from them.  Kept in Redis as a record of some 50 bytes under the hash
 * of its token; there are up to millions of them, so how many bytes one takes is
 * how much memory Redis needs (README "Memory").  The record holds a part of
 * that hash, too, so that an answer meant for another session is recognised.
 *
 * A record is trusted for what it says: whoever can write to Redis is whoever he
 * wants to be.  Reading it strictly is against accidents.
 */

#ifndef MFA_SESSION_H
#define MFA_SESSION_H

#include "core/address.h"
#include "core/agent.h"
#include "core/token.h"

#define MFA_SESSION_RECORD_MAX  384         /* bytes of a record */

typedef enum {
    MFA_LEVEL_NONE = 0,
    MFA_LEVEL_PASSWORD,
    MFA_LEVEL_MFA
} mfa_level_e;

typedef struct {
    mfa_str_t      portal;
    mfa_str_t      login;
    int64_t        generation;              /* the account's, when it was made */
    mfa_level_e    level;
    int64_t        created;                 /* all times: Unix seconds */
    int64_t        expires;                 /* absolute end */
    int64_t        seen;                    /* last request, to the minute */
    int64_t        password_at;
    int64_t        code_at;                 /* 0: no code yet */
    int            later;                   /* enrolment put off in this session */
    mfa_address_t  address;
    mfa_agent_t    agent;
} mfa_session_t;

/*
 * Appends the record of session for the token hash given.  Bytes of address and
 * agent that are not printable ASCII are replaced by '?', both are cut.  Of what
 * mfa_session_decode would refuse no record is made: out has failed then.
 */
void mfa_session_encode(mfa_buf_t *out, const mfa_session_t *session,
    mfa_str_t hash);

/*
 * Reads a record; the session's views point into it.  0, or -1 when it is not a
 * record, is of another format, or was not made for this hash (then *session is
 * zeroed: level none).  A session has one record: what was read here is written
 * back byte for byte.
 */
int mfa_session_decode(mfa_session_t *session, mfa_str_t record,
    mfa_str_t hash);

#define MFA_SESSION_SHORT  12               /* characters shown of a hash */

/* What a hash is named by where it is shown: worth nothing as a cookie. */
mfa_str_t mfa_session_short(mfa_str_t hash);

/* "none", "password", "mfa". */
mfa_str_t mfa_level_name(mfa_level_e level);

#endif /* MFA_SESSION_H */
