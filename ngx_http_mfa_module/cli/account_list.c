/*
 * mfactl account show and list: accounts as they are now.  What is shown of one
 * is in view.c.
 */

#include "cli/change.h"
#include "cli/print.h"
#include "cli/session.h"
#include "cli/view.h"

#include <time.h>

/* Of one question each. */
#define LOGINS    200
#define ACCOUNTS  8


int
mfactl_account_show(mfactl_t *ctl)
{
    int             status;
    json_t         *doc, *sessions;
    mfa_str_t      *logins;
    mfa_account_t   account;

    logins = mfactl_change_logins(ctl);

    if (logins == NULL) {
        return MFACTL_USAGE;
    }

    status = mfactl_view_read(ctl, logins[0], &account);

    if (status != MFACTL_DONE) {
        return status;
    }

    sessions = mfactl_session_read(ctl, &account);

    if (sessions == NULL) {
        return mfactl_print_unavailable(ctl);
    }

    doc = mfactl_view_account(ctl->portal, &account, (int64_t) time(NULL));
    json_object_set_new(doc, "sessions",
                        json_integer((json_int_t) json_array_size(sessions)));
    json_decref(sessions);
    mfactl_print(ctl, doc, NULL, NULL);

    return MFACTL_DONE;
}


/* The accounts of a page of logins; those deleted meanwhile are left out. */
static int
list_accounts(mfactl_t *ctl, mfactl_view_e view, const mfa_reply_t *page,
    json_t *rows)
{
    size_t          i, k, n;
    int64_t         now;
    mfa_at_t        at[ACCOUNTS];
    mfa_op_t        op;
    mfa_tri_e       found;
    mfa_result_t    result;
    mfa_account_t   account;

    now = (int64_t) time(NULL);

    for (i = 0; i < page->n; i += n) {
        mfa_op_reset(&op);

        for (n = 0; n < ACCOUNTS && i + n < page->n; n++) {
            at[n] = mfa_store_account_read(&op, ctl->portal,
                                           page->elements[i + n].str,
                                           MFA_ACCOUNT_N);
        }

        result = mfactl_drive_op(&ctl->drive, &op);

        for (k = 0; k < n; k++) {
            found = mfa_store_account_decode(&op, &result, at[k],
                                             page->elements[i + k].str,
                                             MFA_ACCOUNT_N, &account);
            if (found == MFA_UNKNOWN) {
                return -1;
            }

            if (found == MFA_YES
                && mfactl_view_match(view, ctl->portal, &account, now))
            {
                json_array_append_new(rows, mfactl_view_account(ctl->portal,
                                                                &account, now));
            }
        }
    }

    return 0;
}


/* All logins, page by page; each account is looked at, so a filter says what
   holds now and not what an index was told under older rules. */
static int
list_all(mfactl_t *ctl, mfactl_view_e view, json_t *rows)
{
    size_t              i, n;
    uint8_t             room[MFA_LOGIN_MAX];
    mfa_at_t            at;
    mfa_op_t            op;
    mfa_buf_t           after;
    mfa_result_t        result;
    const mfa_reply_t  *page;

    mfa_buf_init(&after, room, sizeof(room));

    do {
        mfa_op_reset(&op);
        at = mfa_store_account_list(&op, ctl->portal, MFA_LIST_ALL,
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
        }

        if (list_accounts(ctl, view, page, rows) != 0) {
            return -1;
        }

        if (page->n) {
            after.len = 0;
            mfa_buf_str(&after, page->elements[page->n - 1].str);
        }

        n = page->n;
        mfactl_drive_forget(&ctl->drive);
    } while (n == LOGINS);

    return 0;
}


int
mfactl_account_list(mfactl_t *ctl)
{
    json_t         *doc, *rows;
    mfa_str_t       filter;
    mfactl_view_e   view;

    static const mfactl_column_t  columns[] = {
        { "login", "LOGIN" }, { "email", "EMAIL" }, { "role", "ROLE" },
        { "mfa", "MFA" }, { "required", "REQUIRED" },
        { "deadline", "DEADLINE" }, { "days_left", "DAYS" },
        { "locked", "LOCKED" }, { "disabled", "DISABLED" }, { NULL, NULL }
    };

    view = MFACTL_VIEW_ALL;
    filter = mfactl_options_text(&ctl->options, MFACTL_FILTER);

    if (mfactl_options_given(&ctl->options, MFACTL_FILTER)
        && mfactl_view_find(filter, &view) != 0)
    {
        return mfactl_print_error(ctl, MFACTL_USAGE, "--filter takes required,"
                                  " unenrolled, locked or not-required");
    }

    rows = mfactl_print_need(json_array());

    if (list_all(ctl, view, rows) != 0) {
        json_decref(rows);
        return mfactl_print_unavailable(ctl);
    }

    doc = mfactl_print_need(json_object());
    json_object_set_new(doc, "portal", mfactl_print_text(ctl->portal->name));
    json_object_set_new(doc, "accounts", rows);
    mfactl_print(ctl, doc, "accounts", columns);

    return MFACTL_DONE;
}
