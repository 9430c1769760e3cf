/*
 * A session: facts about an authentication, who and when, and nothing that is
 * decided from them.  Kept in Redis as one line of text under the hash of its
 * token; the line holds that hash too, so that an answer meant for another
 * session is recognised.
 */

#ifndef MFA_SESSION_H
#define MFA_SESSION_H

#include "core/token.h"

#define MFA_SESSION_RECORD_MAX  640         /* bytes of a record */
#define MFA_SESSION_ADDRESS_MAX 64          /* bytes kept of an address */
#define MFA_SESSION_AGENT_MAX   96          /* bytes kept of a user agent */

typedef enum {
    MFA_LEVEL_NONE = 0,
    MFA_LEVEL_PASSWORD,
    MFA_LEVEL_MFA
} mfa_level_e;

typedef struct {
    mfa_str_t    portal;
    mfa_str_t    login;
    int64_t      generation;                /* the account's, when it was made */
    mfa_level_e  level;
    int64_t      created;                   /* all times: Unix seconds */
    int64_t      expires;                   /* absolute end */
    int64_t      seen;                      /* last request, to the minute */
    int64_t      password_at;
    int64_t      code_at;                   /* 0: no code yet */
    int          later;                     /* enrolment put off in this session */
    mfa_str_t    address;
    mfa_str_t    agent;
} mfa_session_t;

/*
 * Appends the record of session for the token hash given.  Bytes of address and
 * agent that do not fit the format are replaced by '?', both are cut.
 */
void mfa_session_encode(mfa_buf_t *out, const mfa_session_t *session,
    mfa_str_t hash);

/*
 * Reads a record; the session's views point into it.  0, or -1 when it is not a
 * record, is of a newer format, or was not made for this hash (then *session is
 * zeroed: level none).
 */
int mfa_session_decode(mfa_session_t *session, mfa_str_t record,
    mfa_str_t hash);

#define MFA_SESSION_SHORT  12               /* characters shown of a hash */

/* What a hash is named by where it is shown: worth nothing as a cookie. */
mfa_str_t mfa_session_short(mfa_str_t hash);

/* "none", "password", "mfa". */
const char *mfa_level_name(mfa_level_e level);

#endif /* MFA_SESSION_H */
