/*
 * The session record: tab-separated fields behind a format number.
 *
 *   1 hash portal login generation level created expires seen password_at
 *   code_at later address agent
 *
 * Logins, portals and hashes cannot hold a tab; address and agent are cleaned.
 */

#include "core/session.h"
#include "core/record.h"

#include <string.h>


enum {
    FORMAT, HASH, PORTAL, LOGIN, GENERATION, LEVEL, CREATED, EXPIRES, SEEN,
    PASSWORD_AT, CODE_AT, LATER, ADDRESS, AGENT, N_FIELDS
};


void
mfa_session_encode(mfa_buf_t *out, const mfa_session_t *session,
    mfa_str_t hash)
{
    mfa_buf_cstr(out, "1");
    mfa_record_str(out, hash);
    mfa_record_str(out, session->portal);
    mfa_record_str(out, session->login);
    mfa_record_number(out, session->generation);
    mfa_record_number(out, session->level);
    mfa_record_number(out, session->created);
    mfa_record_number(out, session->expires);
    mfa_record_number(out, session->seen);
    mfa_record_number(out, session->password_at);
    mfa_record_number(out, session->code_at);
    mfa_record_number(out, session->later);
    mfa_record_cleaned(out, session->address, MFA_SESSION_ADDRESS_MAX);
    mfa_record_cleaned(out, session->agent, MFA_SESSION_AGENT_MAX);
}


int
mfa_session_decode(mfa_session_t *session, mfa_str_t record, mfa_str_t hash)
{
    int64_t    n[N_FIELDS];
    mfa_str_t  f[N_FIELDS];

    memset(session, 0, sizeof(mfa_session_t));

    if (record.len > MFA_SESSION_RECORD_MAX
        || mfa_record_split(record, f, N_FIELDS) != 0
        || !mfa_str_is(f[FORMAT], "1") || !mfa_str_eq(f[HASH], hash)
        || f[PORTAL].len == 0 || !mfa_login_check(f[LOGIN]))
    {
        return -1;
    }

    if (mfa_record_numbers(&f[GENERATION], &n[GENERATION],
                           LATER - GENERATION + 1) != 0)
    {
        return -1;
    }

    if ((n[LEVEL] != MFA_LEVEL_PASSWORD && n[LEVEL] != MFA_LEVEL_MFA)
        || n[LATER] > 1)
    {
        return -1;
    }

    session->portal = f[PORTAL];
    session->login = f[LOGIN];
    session->generation = n[GENERATION];
    session->level = (mfa_level_e) n[LEVEL];
    session->created = n[CREATED];
    session->expires = n[EXPIRES];
    session->seen = n[SEEN];
    session->password_at = n[PASSWORD_AT];
    session->code_at = n[CODE_AT];
    session->later = (int) n[LATER];
    session->address = f[ADDRESS];
    session->agent = f[AGENT];

    return 0;
}


mfa_str_t
mfa_session_short(mfa_str_t hash)
{
    hash.len = hash.len < MFA_SESSION_SHORT ? hash.len : MFA_SESSION_SHORT;

    return hash;
}


const char *
mfa_level_name(mfa_level_e level)
{
    switch (level) {
    case MFA_LEVEL_PASSWORD:
        return "password";
    case MFA_LEVEL_MFA:
        return "mfa";
    default:
        return "none";
    }
}
