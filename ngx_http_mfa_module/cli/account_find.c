/*
 * mfactl account find, role and edit: a page of accounts as the console lists
 * them, by flow list; and what flow admin changes of an account beside its
 * factor.
 */

#include "cli/change.h"
#include "cli/print.h"
#include "cli/view.h"
#include "core/flow_list.h"
#include "core/visible.h"

#include <time.h>


static json_t *
page(mfactl_t *ctl, const mfa_flow_list_t *list)
{
    size_t   i;
    json_t  *doc, *rows, *row;
    int64_t  now;

    now = (int64_t) time(NULL);
    rows = mfactl_print_need(json_array());

    for (i = 0; i < list->n_rows; i++) {
        row = mfactl_view_account(ctl->portal, &list->rows[i], now);
        json_object_set_new(row, "key", mfactl_print_text(mfa_str_from(
                            mfa_key_name(list->standings[i].key))));
        json_object_set_new(row, "version", mfactl_print_need(json_integer(
                            list->rows[i].version)));
        /* not among what a list reads */
        json_object_del(row, "password");
        json_array_append_new(rows, row);
    }

    doc = mfactl_print_need(json_object());
    json_object_set_new(doc, "portal", mfactl_print_text(ctl->portal->name));
    json_object_set_new(doc, "accounts", rows);
    json_object_set_new(doc, "total", list->total < 0 ? json_null()
                        : mfactl_print_need(json_integer(list->total)));
    json_object_set_new(doc, "next", mfactl_print_text(list->next));

    return doc;
}


static int
take_options(const mfactl_t *ctl, mfa_flow_list_t *list)
{
    int      rows;
    int64_t  n;

    if (mfactl_options_given(&ctl->options, MFACTL_FILTER)) {
        rows = mfa_rows_find(mfactl_options_text(&ctl->options, MFACTL_FILTER));

        if (rows < 0 || rows == MFA_ROWS_FORECAST) {
            return mfactl_print_error(ctl, MFACTL_USAGE, "--filter takes all,"
                                      " required, not-required, enrolled,"
                                      " unenrolled, due, grace or locked");
        }

        list->rows_of = (mfa_rows_e) rows;
    }

    if (mfactl_options_given(&ctl->options, MFACTL_NUMBER)) {
        if (mfa_str_int(mfactl_options_text(&ctl->options, MFACTL_NUMBER), &n)
            != 0 || n < 1 || n > MFA_LIST_ROWS_MAX)
        {
            return mfactl_print_error(ctl, MFACTL_USAGE, "-n takes a number"
                                      " from 1 to %d", MFA_LIST_ROWS_MAX);
        }

        list->n = (size_t) n;
    }

    list->cursor = mfactl_options_text(&ctl->options, MFACTL_AFTER);
    list->search = mfa_str_from(ctl->n_args ? ctl->args[0] : NULL);

    return MFACTL_DONE;
}


int
mfactl_account_find(mfactl_t *ctl)
{
    int                     status;
    static mfa_flow_list_t  list;

    static const mfactl_column_t  columns[] = {
        { "login", "LOGIN" }, { "email", "EMAIL" }, { "name", "NAME" },
        { "role", "ROLE" }, { "key", "KEY" }, { "required", "REQUIRED" },
        { "deadline", "DEADLINE" }, { "days_left", "DAYS" },
        { "disabled", "DISABLED" }, { NULL, NULL }
    };

    mfa_flow_list_init(&list);
    list.flow.env.portal = ctl->portal;
    status = take_options(ctl, &list);

    if (status != MFACTL_DONE) {
        return status;
    }

    switch (mfactl_drive_run(&ctl->drive, &list.flow)) {
    case MFA_OUTCOME_DONE:
        mfactl_print(ctl, page(ctl, &list), "accounts", columns);

        if (!ctl->json && list.next.len) {
            mfactl_print_note(mfa_lit("there are more: --json tells what goes"
                                      " behind --after"));
        }

        return MFACTL_DONE;

    case MFA_OUTCOME_REFUSED:
        return mfactl_print_error(ctl, MFACTL_USAGE, "--after takes \"next\" of"
                                  " the same list's page before");
    default:
        return mfactl_print_unavailable(ctl);
    }
}


int
mfactl_account_role(mfactl_t *ctl)
{
    mfa_flow_admin_t  admin;

    mfa_flow_admin_init(&admin);
    admin.action = MFA_ADMIN_ROLE;
    admin.role = mfactl_options_text(&ctl->options, MFACTL_ROLE);

    if (mfa_str_is(admin.role, "none")) {
        admin.role = (mfa_str_t) { NULL, 0 };

    } else if (mfa_role_find(admin.role) == MFA_ROLE_NONE) {
        return mfactl_print_error(ctl, MFACTL_USAGE, "account role needs --role"
                                  " with a role, or with none");
    }

    return mfactl_change(ctl, &admin);
}


int
mfactl_account_edit(mfactl_t *ctl)
{
    mfa_flow_admin_t  admin;

    mfa_flow_admin_init(&admin);
    admin.action = MFA_ADMIN_EDIT;
    admin.edit_email = mfactl_options_given(&ctl->options, MFACTL_EMAIL);
    admin.edit_name = mfactl_options_given(&ctl->options, MFACTL_NAME);
    admin.email = mfactl_options_text(&ctl->options, MFACTL_EMAIL);
    admin.name = mfactl_options_text(&ctl->options, MFACTL_NAME);

    if (!admin.edit_email && !admin.edit_name) {
        return mfactl_print_error(ctl, MFACTL_USAGE,
                                  "account edit needs --email or --name");
    }

    if ((admin.email.len && !mfa_email_check(admin.email))
        || admin.name.len > MFA_NAME_MAX || !mfa_visible(admin.name))
    {
        return mfactl_print_error(ctl, MFACTL_USAGE, "--email takes an e-mail"
                                  " address, --name text of at most %d bytes",
                                  MFA_NAME_MAX);
    }

    return mfactl_change(ctl, &admin);
}
