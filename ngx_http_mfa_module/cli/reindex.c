/*
 * mfactl doctor --reindex: puts every account of every portal into the indexes
 * as it stands under the rules of now.  For accounts an older version made, and
 * after a change of a portal's "require".
 *
 * Safe beside a running nginx: each account is watched while it is indexed, and
 * one that changes meanwhile is looked at again.
 */

#include "cli/print.h"
#include "core/policy.h"
#include "core/store_list.h"

#define LOGINS  200                         /* of one question */
#define TRIES   10


/* 1: indexed; 0: gone meanwhile; -1: the store. */
static int
index_one(mfactl_t *ctl, const mfa_portal_t *portal, mfa_str_t login)
{
    int              tries;
    mfa_at_t         at;
    mfa_op_t         op;
    mfa_tri_e        found;
    mfa_search_t     words;
    mfa_result_t     result;
    mfa_account_t    account;
    mfactl_drive_t  *drive;

    drive = &ctl->drive;

    for (tries = 0; tries < TRIES; tries++) {
        mfa_op_reset(&op);
        at = mfa_store_account_watch(&op, portal, login);
        result = mfactl_drive_op(drive, &op);
        found = mfa_store_account_decode(&op, &result, at, login,
                                         MFA_ACCOUNT_N, &account);
        if (found == MFA_UNKNOWN) {
            return -1;
        }

        mfa_op_reset(&op);

        if (found == MFA_NO) {
            mfa_store_unwatch(&op);
            return mfactl_drive_op(drive, &op).ok ? 0 : -1;
        }

        mfa_search_entries(&words, login, account.email, account.name);
        op.reserve = 1;
        mfa_store_reindex(&op, portal, &account,
                          mfa_policy_required(portal, &account), &words);
        result = mfactl_drive_op(drive, &op);

        if (!mfa_op_sound(&op, &result)) {
            return -1;
        }

        if (!mfa_op_aborted(&op, &result)) {
            return 1;
        }
    }

    return -1;
}


/* How many there were, or -1. */
static long
index_portal(mfactl_t *ctl, const mfa_portal_t *portal)
{
    int                 one;
    long                n;
    size_t              i, k;
    uint8_t             room[MFA_LOGIN_MAX];
    mfa_at_t            at;
    mfa_op_t            op;
    mfa_buf_t           after;
    mfa_result_t        result;
    const mfa_reply_t  *page;

    n = 0;
    mfa_buf_init(&after, room, sizeof(room));

    do {
        mfa_op_reset(&op);
        at = mfa_store_account_list(&op, portal, MFA_LIST_ALL,
                                    mfa_buf_since(&after, 0), LOGINS);
        result = mfactl_drive_op(&ctl->drive, &op);
        page = mfa_op_reply(&op, &result, at);

        if (page == NULL || page->type != MFA_REPLY_ARRAY) {
            return -1;
        }

        for (i = 0; i < page->n; i++) {
            if (page->elements[i].type != MFA_REPLY_STRING
                || !mfa_login_check(page->elements[i].str))
            {
                return -1;
            }

            one = index_one(ctl, portal, page->elements[i].str);

            if (one < 0) {
                return -1;
            }

            n += one;
        }

        if (page->n) {
            after.len = 0;
            mfa_buf_str(&after, page->elements[page->n - 1].str);
        }

        k = page->n;
        mfactl_drive_forget(&ctl->drive);
    } while (k == LOGINS);

    mfa_op_reset(&op);
    mfa_store_indexed_set(&op, portal, 0);
    result = mfactl_drive_op(&ctl->drive, &op);

    return mfa_op_sound(&op, &result) ? n : -1;
}


int
mfactl_reindex(mfactl_t *ctl)
{
    long                  n;
    size_t                i;
    json_t               *doc, *rows, *row;
    const mfactl_conf_t  *conf;

    static const mfactl_column_t  columns[] = {
        { "portal", "PORTAL" }, { "accounts", "ACCOUNTS" }, { NULL, NULL }
    };

    conf = &ctl->conf;
    rows = mfactl_print_need(json_array());

    for (i = 0; i < conf->n_portals; i++) {
        n = index_portal(ctl, &conf->portals[i]);

        if (n < 0) {
            json_decref(rows);
            return mfactl_print_unavailable(ctl);
        }

        row = mfactl_print_need(json_object());
        json_object_set_new(row, "portal",
                            mfactl_print_text(conf->portals[i].name));
        json_object_set_new(row, "accounts", json_integer((json_int_t) n));
        json_array_append_new(rows, row);
    }

    doc = mfactl_print_need(json_object());
    json_object_set_new(doc, "indexed", rows);
    mfactl_print(ctl, doc, "indexed", columns);

    return MFACTL_DONE;
}
