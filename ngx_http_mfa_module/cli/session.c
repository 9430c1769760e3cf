/*
 * mfactl session: listing sessions of an account and ending them.  A session is
 * named by the beginning of its token's hash: the token itself is known to the
 * browser alone.
 */

#include "cli/session.h"
#include "cli/change.h"
#include "cli/print.h"
#include "cli/view.h"
#include "core/policy.h"

#include <string.h>
#include <time.h>

/* Sessions of one question; ending one takes three commands. */
#define READ_AT_ONCE  24
#define END_AT_ONCE   7


/* The hashes in an account's index; NULL when the store did not answer so. */
static const mfa_reply_t *
hashes(mfactl_t *ctl, mfa_str_t login)
{
    size_t              i;
    mfa_at_t            at;
    mfa_op_t            op;
    mfa_result_t        result;
    const mfa_reply_t  *list;

    mfa_op_reset(&op);
    at = mfa_store_session_list(&op, ctl->portal, login);
    result = mfactl_drive_op(&ctl->drive, &op);
    list = mfa_op_reply(&op, &result, at);

    if (list == NULL || list->type != MFA_REPLY_ARRAY) {
        return NULL;
    }

    for (i = 0; i < list->n; i++) {
        if (list->elements[i].type != MFA_REPLY_STRING) {
            return NULL;
        }
    }

    return list;
}


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
                        mfa_str_from(mfa_level_name(session->level))));
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
    mfa_at_t        at[READ_AT_ONCE];
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


json_t *
mfactl_session_read(mfactl_t *ctl, const mfa_account_t *account)
{
    size_t              i, n;
    json_t             *rows;
    const mfa_reply_t  *list;

    list = hashes(ctl, account->login);

    if (list == NULL) {
        return NULL;
    }

    rows = mfactl_print_need(json_array());

    for (i = 0; i < list->n; i += n) {
        n = list->n - i < READ_AT_ONCE ? list->n - i : READ_AT_ONCE;

        if (read_some(ctl, account, &list->elements[i], n, rows) != 0) {
            json_decref(rows);
            return NULL;
        }
    }

    return rows;
}


int
mfactl_session_list(mfactl_t *ctl)
{
    int             status;
    json_t         *doc, *rows;
    mfa_str_t      *logins;
    mfa_account_t   account;

    static const mfactl_column_t  columns[] = {
        { "id", "ID" }, { "level", "LEVEL" }, { "started", "STARTED" },
        { "seen", "SEEN" }, { "address", "ADDRESS" }, { "agent", "AGENT" },
        { NULL, NULL }
    };

    logins = mfactl_change_logins(ctl);

    if (logins == NULL) {
        return MFACTL_USAGE;
    }

    status = mfactl_view_read(ctl, logins[0], &account);

    if (status != MFACTL_DONE) {
        return status;
    }

    rows = mfactl_session_read(ctl, &account);

    if (rows == NULL) {
        return mfactl_print_unavailable(ctl);
    }

    doc = mfactl_print_need(json_object());
    json_object_set_new(doc, "portal", mfactl_print_text(ctl->portal->name));
    json_object_set_new(doc, "login", mfactl_print_text(account.login));
    json_object_set_new(doc, "sessions", rows);
    mfactl_print(ctl, doc, "sessions", columns);

    return MFACTL_DONE;
}


/*
 * Ends n sessions, each with its event; *ended counts those that were there.
 * No transaction: on a cluster a session is not where its index is.
 */
static int
end_some(mfactl_t *ctl, mfa_str_t login, const mfa_str_t *hash, size_t n,
    int *ended)
{
    size_t         i;
    int64_t        there;
    mfa_at_t       at[END_AT_ONCE], event[END_AT_ONCE];
    mfa_op_t       op;
    mfa_str_t      id;
    mfa_audit_t    audit;
    mfa_result_t   result;

    memset(&audit, 0, sizeof(audit));
    audit.event = "session-revoke";
    audit.result = "ok";
    audit.reason = "";
    audit.login = login;
    audit.actor = mfactl_change_actor(ctl);

    mfa_op_reset(&op);

    for (i = 0; i < n; i++) {
        at[i] = (mfa_at_t) op.n;
        mfa_store_session_end(&op, ctl->portal, login, hash[i]);

        audit.detail = mfa_session_short(hash[i]);
        mfa_store_audit(&op, ctl->portal, &audit);
        event[i] = mfa_op_at(&op);
    }

    result = mfactl_drive_op(&ctl->drive, &op);

    for (i = 0; i < n; i++) {
        if (mfa_op_int(&op, &result, at[i], &there) != 0
            || mfa_op_str(&op, &result, event[i], &id) != 0)
        {
            return -1;
        }

        *ended += there > 0;
    }

    return 0;
}


/* Ends the sessions whose hash begins with id (empty: all); 0 or -1. */
static int
end_matching(mfactl_t *ctl, mfa_str_t login, const mfa_reply_t *list,
    const char *id, int *ended)
{
    size_t     i, n;
    mfa_str_t  some[END_AT_ONCE];

    n = 0;

    for (i = 0; i < list->n; i++) {
        if (mfa_str_begins(list->elements[i].str, id)) {
            some[n++] = list->elements[i].str;
        }

        if (n && (n == END_AT_ONCE || i + 1 == list->n)) {
            if (end_some(ctl, login, some, n, ended) != 0) {
                return -1;
            }

            n = 0;
        }
    }

    return 0;
}


static int
fitting(const mfa_reply_t *list, const char *id)
{
    int     n;
    size_t  i;

    for (i = 0, n = 0; i < list->n; i++) {
        n += mfa_str_begins(list->elements[i].str, id);
    }

    return n;
}


int
mfactl_session_revoke(mfactl_t *ctl)
{
    int                 ended, status;
    json_t             *doc;
    mfa_str_t          *logins;
    const char         *id;
    mfa_account_t       account;
    const mfa_reply_t  *list;

    id = ctl->n_args > 1 ? ctl->args[1] : "";
    ctl->n_args = 1;
    logins = mfactl_change_logins(ctl);

    if (logins == NULL) {
        return MFACTL_USAGE;
    }

    status = mfactl_view_read(ctl, logins[0], &account);

    if (status != MFACTL_DONE) {
        return status;
    }

    list = hashes(ctl, account.login);

    if (list == NULL) {
        return mfactl_print_unavailable(ctl);
    }

    if (id[0] && fitting(list, id) != 1) {
        return mfactl_print_error(ctl, MFACTL_REFUSED,
                                  "%s session has an id that begins with"
                                  " \"%s\"", fitting(list, id) ? "more than one"
                                  : "no", id);
    }

    ended = 0;

    if (end_matching(ctl, account.login, list, id, &ended) != 0) {
        return mfactl_print_unavailable(ctl);
    }

    doc = mfactl_print_need(json_object());
    json_object_set_new(doc, "portal", mfactl_print_text(ctl->portal->name));
    json_object_set_new(doc, "login", mfactl_print_text(account.login));
    json_object_set_new(doc, "revoked", json_integer(ended));
    mfactl_print(ctl, doc, NULL, NULL);

    return MFACTL_DONE;
}
