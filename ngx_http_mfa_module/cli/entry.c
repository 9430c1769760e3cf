/*
 * Sessions and trusted browsers of an account: what is the same for both, see
 * entry.h.
 */

#include "cli/entry.h"
#include "cli/change.h"
#include "cli/view.h"

#include <string.h>

/* Ending one takes three commands. */
#define END_AT_ONCE  7


/* The hashes in an account's index; NULL when the store did not answer so. */
static const mfa_reply_t *
hashes(mfactl_t *ctl, const mfactl_entry_t *entry, mfa_str_t login)
{
    size_t              i;
    mfa_at_t            at;
    mfa_op_t            op;
    mfa_result_t        result;
    const mfa_reply_t  *list;

    mfa_op_reset(&op);
    at = entry->list(&op, ctl->portal, login);
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


json_t *
mfactl_entry_read(mfactl_t *ctl, const mfactl_entry_t *entry,
    const mfa_account_t *account)
{
    size_t              i, n;
    json_t             *rows;
    const mfa_reply_t  *list;

    list = hashes(ctl, entry, account->login);

    if (list == NULL) {
        return NULL;
    }

    rows = mfactl_print_need(json_array());

    for (i = 0; i < list->n; i += n) {
        n = list->n - i;
        n = n < MFACTL_ENTRY_SOME ? n : MFACTL_ENTRY_SOME;

        if (entry->read(ctl, account, &list->elements[i], n, rows) != 0) {
            json_decref(rows);
            return NULL;
        }
    }

    return rows;
}


/* The account that the command names; an exit status. */
static int
account_read(mfactl_t *ctl, mfa_account_t *account)
{
    mfa_str_t  *logins;

    ctl->n_args = 1;
    logins = mfactl_change_logins(ctl);

    return logins ? mfactl_view_read(ctl, logins[0], account) : MFACTL_USAGE;
}


static json_t *
document(const mfactl_t *ctl, const mfa_account_t *account)
{
    json_t  *doc;

    doc = mfactl_print_need(json_object());
    json_object_set_new(doc, "portal", mfactl_print_text(ctl->portal->name));
    json_object_set_new(doc, "login", mfactl_print_text(account->login));

    return doc;
}


int
mfactl_entry_list(mfactl_t *ctl, const mfactl_entry_t *entry)
{
    int             status;
    json_t         *doc, *rows;
    mfa_account_t   account;

    status = account_read(ctl, &account);

    if (status != MFACTL_DONE) {
        return status;
    }

    rows = mfactl_entry_read(ctl, entry, &account);

    if (rows == NULL) {
        return mfactl_print_unavailable(ctl);
    }

    doc = document(ctl, &account);
    json_object_set_new(doc, entry->key, rows);
    mfactl_print(ctl, doc, entry->key, entry->columns);

    return MFACTL_DONE;
}


/*
 * Ends n of them, each with its event; *ended counts those that were there.
 * No transaction: on a cluster a session is not where its index is.
 */
static int
end_some(mfactl_t *ctl, const mfactl_entry_t *entry, mfa_str_t login,
    const mfa_str_t *hash, size_t n, int *ended)
{
    size_t         i;
    int64_t        there;
    mfa_at_t       at[END_AT_ONCE], event[END_AT_ONCE];
    mfa_op_t       op;
    mfa_str_t      id;
    mfa_audit_t    audit;
    mfa_result_t   result;

    memset(&audit, 0, sizeof(audit));
    audit.event = entry->event;
    audit.result = "ok";
    audit.reason = "";
    audit.login = login;
    audit.actor = mfactl_change_actor(ctl);

    mfa_op_reset(&op);

    for (i = 0; i < n; i++) {
        at[i] = entry->end(&op, ctl->portal, login, hash[i]);

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


/* Ends those whose hash begins with id (empty: all); 0 or -1. */
static int
end_matching(mfactl_t *ctl, const mfactl_entry_t *entry, mfa_str_t login,
    const mfa_reply_t *list, const char *id, int *ended)
{
    size_t     i, n;
    mfa_str_t  some[END_AT_ONCE];

    n = 0;

    for (i = 0; i < list->n; i++) {
        if (mfa_str_begins(list->elements[i].str, id)) {
            some[n++] = list->elements[i].str;
        }

        if (n && (n == END_AT_ONCE || i + 1 == list->n)) {
            if (end_some(ctl, entry, login, some, n, ended) != 0) {
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
mfactl_entry_revoke(mfactl_t *ctl, const mfactl_entry_t *entry)
{
    int                 n, ended, status;
    json_t             *doc;
    const char         *id;
    mfa_account_t       account;
    const mfa_reply_t  *list;

    id = ctl->n_args > 1 ? ctl->args[1] : "";
    status = account_read(ctl, &account);

    if (status != MFACTL_DONE) {
        return status;
    }

    list = hashes(ctl, entry, account.login);

    if (list == NULL) {
        return mfactl_print_unavailable(ctl);
    }

    n = fitting(list, id);

    if (id[0] && n != 1) {
        return mfactl_print_error(ctl, MFACTL_REFUSED, "%s %s has an id that"
                                  " begins with \"%s\"", n ? "more than one"
                                  : "no", entry->noun, id);
    }

    ended = 0;

    if (end_matching(ctl, entry, account.login, list, id, &ended) != 0) {
        return mfactl_print_unavailable(ctl);
    }

    if (id[0] && ended == 0) {
        return mfactl_print_error(ctl, MFACTL_REFUSED, "the %s \"%s\" was over"
                                  " already", entry->noun, id);
    }

    doc = document(ctl, &account);
    json_object_set_new(doc, "revoked", json_integer(ended));
    mfactl_print(ctl, doc, NULL, NULL);

    return MFACTL_DONE;
}
