/*
 * mfactl session: listing sessions of an account and ending them.
 */

#include "cli/session.h"
#include "cli/entry.h"
#include "core/policy.h"

#include <string.h>
#include <time.h>


/* Whether the gate would still take it for a session. */
static int
is_open(const mfactl_t *ctl, const mfa_session_t *session,
    const mfa_account_t *account)
{
    mfa_policy_in_t  in;

    memset(&in, 0, sizeof(in));
    in.portal = ctl->portal;
    in.now = (int64_t) time(NULL);
    in.store = MFA_YES;
    in.session = session;
    in.account = account;

    return mfa_policy_decide(&in) != MFA_VERDICT_LOGIN;
}


static json_t *
describe(const mfa_session_t *session, mfa_str_t hash)
{
    json_t     *object;
    uint8_t     room[MFA_ADDRESS_MAX + MFA_AGENT_SHORT_MAX];
    mfa_buf_t   out;
    mfa_str_t   address;

    mfa_buf_init(&out, room, sizeof(room));
    mfa_address_write(&out, &session->address);
    address = mfa_buf_since(&out, 0);
    mfa_agent_write(&out, &session->agent);

    object = mfactl_print_need(json_object());

    json_object_set_new(object, "id", mfactl_print_text(mfa_session_short(hash)));
    json_object_set_new(object, "level", mfactl_print_text(
                        mfa_level_name(session->level)));
    json_object_set_new(object, "started", mfactl_print_time(session->created));
    json_object_set_new(object, "seen", mfactl_print_time(session->seen));
    json_object_set_new(object, "address", mfactl_print_text(address));
    json_object_set_new(object, "agent", mfactl_print_text(
                        mfa_buf_since(&out, address.len)));

    return object;
}


/* The records of n hashes, those that are open added to rows; 0 or -1. */
static int
read_some(mfactl_t *ctl, const mfa_account_t *account,
    const mfa_reply_t *hash, size_t n, json_t *rows)
{
    int             foreign;
    size_t          i;
    mfa_at_t        at[MFACTL_ENTRY_SOME];
    mfa_op_t        op;
    mfa_tri_e       found;
    mfa_result_t    result;
    mfa_session_t   session;

    mfa_op_reset(&op);

    for (i = 0; i < n; i++) {
        at[i] = mfa_store_session_read(&op, hash[i].str);
    }

    result = mfactl_drive_op(&ctl->drive, &op);

    for (i = 0; i < n; i++) {
        found = mfa_store_session_decode(&op, &result, at[i], ctl->portal,
                                         hash[i].str, &session, &foreign);
        if (found == MFA_UNKNOWN) {
            return -1;
        }

        if (foreign
            || (found == MFA_YES && !mfa_str_eq(session.login, account->login)))
        {
            mfactl_print_note(mfa_lit("a session record is not what its index"
                                      " says"));

        } else if (found == MFA_YES && is_open(ctl, &session, account)) {
            json_array_append_new(rows, describe(&session, hash[i].str));
        }
    }

    return 0;
}


static const mfactl_column_t  columns[] = {
    { "id", "ID" }, { "level", "LEVEL" }, { "started", "STARTED" },
    { "seen", "SEEN" }, { "address", "ADDRESS" }, { "agent", "AGENT" },
    { NULL, NULL }
};

static const mfactl_entry_t  sessions = {
    "session", "sessions", "session-revoke", columns, mfa_store_session_list,
    mfa_store_session_end, read_some
};


json_t *
mfactl_session_read(mfactl_t *ctl, const mfa_account_t *account)
{
    return mfactl_entry_read(ctl, &sessions, account);
}


int
mfactl_session_list(mfactl_t *ctl)
{
    return mfactl_entry_list(ctl, &sessions);
}


int
mfactl_session_revoke(mfactl_t *ctl)
{
    return mfactl_entry_revoke(ctl, &sessions);
}
