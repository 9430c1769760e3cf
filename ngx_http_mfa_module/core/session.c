/*
 * The session record: tab-separated fields behind a format number.
 *
 *   1 hash portal login generation level created expires seen password_at
 *   code_at later address agent
 *
 * Logins, portals and hashes cannot hold a tab; address and agent are cleaned.
 */

#include "core/session.h"
#include "core/reply.h"

#include <string.h>


enum {
    FORMAT, HASH, PORTAL, LOGIN, GENERATION, LEVEL, CREATED, EXPIRES, SEEN,
    PASSWORD_AT, CODE_AT, LATER, ADDRESS, AGENT, N_FIELDS
};


static void
add_number(mfa_buf_t *out, int64_t n)
{
    mfa_buf_byte(out, '\t');
    mfa_buf_int(out, n);
}


static void
add_cleaned(mfa_buf_t *out, mfa_str_t s, size_t max)
{
    size_t   i;
    uint8_t  c;

    mfa_buf_byte(out, '\t');

    for (i = 0; i < s.len && i < max; i++) {
        c = s.data[i];
        mfa_buf_byte(out, c >= 0x20 && c < 0x7f ? c : '?');
    }
}


void
mfa_session_encode(mfa_buf_t *out, const mfa_session_t *session,
    mfa_str_t hash)
{
    mfa_buf_cstr(out, "1\t");
    mfa_buf_str(out, hash);
    mfa_buf_byte(out, '\t');
    mfa_buf_str(out, session->portal);
    mfa_buf_byte(out, '\t');
    mfa_buf_str(out, session->login);
    add_number(out, session->generation);
    add_number(out, session->level);
    add_number(out, session->created);
    add_number(out, session->expires);
    add_number(out, session->seen);
    add_number(out, session->password_at);
    add_number(out, session->code_at);
    add_number(out, session->later);
    add_cleaned(out, session->address, MFA_SESSION_ADDRESS_MAX);
    add_cleaned(out, session->agent, MFA_SESSION_AGENT_MAX);
}


static int
split(mfa_str_t record, mfa_str_t *f)
{
    size_t  i;

    for (i = 0; i < N_FIELDS; i++) {
        if (mfa_str_cut(record, '\t', &f[i], &record) != (i + 1 < N_FIELDS)) {
            return -1;
        }
    }

    return 0;
}


int
mfa_session_decode(mfa_session_t *session, mfa_str_t record, mfa_str_t hash)
{
    int64_t    n[N_FIELDS];
    size_t     i;
    mfa_str_t  f[N_FIELDS];

    memset(session, 0, sizeof(mfa_session_t));

    if (record.len > MFA_SESSION_RECORD_MAX || split(record, f) != 0
        || !mfa_str_is(f[FORMAT], "1") || !mfa_str_eq(f[HASH], hash)
        || f[PORTAL].len == 0 || !mfa_login_check(f[LOGIN]))
    {
        return -1;
    }

    for (i = GENERATION; i <= LATER; i++) {
        if (mfa_str_int(f[i], &n[i]) != 0 || n[i] < 0
            || n[i] > MFA_NUMBER_MAX)
        {
            return -1;
        }
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
