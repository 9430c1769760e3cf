/*
 * mfactl mfa forecast: who would be locked out at a moment to come, if nobody
 * did anything until then.
 *
 * The index by deadline says whom to look at; each account is then judged as
 * the gate judges it, by its own record and by the rules of the portal as they
 * are now.  Where the portal requires MFA by itself (require all, new_since=),
 * accounts it has not met since are in no index by deadline: the list of those
 * without a requirement is walked as well.  An old deadline of theirs holds at
 * once; without one they have days from their next visit on, and are named
 * apart.
 */

#include "cli/moment.h"
#include "cli/print.h"
#include "cli/view.h"
#include "core/policy.h"
#include "core/store.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Of one question each. */
#define LOGINS    200
#define ACCOUNTS  8

typedef struct {
    mfactl_t  *ctl;
    int64_t    now;
    int64_t    at;
    json_t    *locked;
    json_t    *not_met;                     /* logins */
} forecast_t;


/* By its record and the portal's rules; a switched-off one is not locked out
   by time. */
static void
judge(forecast_t *forecast, const mfa_account_t *account)
{
    const mfa_portal_t  *portal;

    portal = forecast->ctl->portal;

    if (account->enrolled || account->fault || account->disabled
        || !mfa_policy_required(portal, account))
    {
        return;
    }

    if (account->deadline > 0 && account->deadline <= forecast->at) {
        json_array_append_new(forecast->locked,
                              mfactl_view_account(portal, account,
                                                  forecast->now));

    } else if (account->deadline < 0 && !account->required) {
        json_array_append_new(forecast->not_met,
                              mfactl_print_text(account->login));
    }
}


/* Reads n accounts and judges them; those deleted meanwhile are left out. */
static int
judge_some(forecast_t *forecast, const mfa_str_t *logins, size_t n)
{
    size_t          i;
    mfa_at_t        at[ACCOUNTS];
    mfa_op_t        op;
    mfa_tri_e       found;
    mfa_result_t    result;
    mfa_account_t   account;

    mfa_op_reset(&op);

    for (i = 0; i < n; i++) {
        at[i] = mfa_store_account_read(&op, forecast->ctl->portal, logins[i],
                                       MFA_ACCOUNT_N);
    }

    result = mfactl_drive_op(&forecast->ctl->drive, &op);

    for (i = 0; i < n; i++) {
        found = mfa_store_account_decode(&op, &result, at[i], logins[i],
                                         MFA_ACCOUNT_N, &account);
        if (found == MFA_UNKNOWN) {
            return -1;
        }

        if (found == MFA_YES) {
            judge(forecast, &account);
        }
    }

    return 0;
}


/* A page of an index; every step-th element is a login. */
static int
judge_page(forecast_t *forecast, const mfa_reply_t *page, size_t step)
{
    size_t     i, n;
    mfa_str_t  logins[ACCOUNTS];

    n = 0;

    for (i = 0; i < page->n; i += step) {
        if (page->elements[i].type != MFA_REPLY_STRING
            || !mfa_login_check(page->elements[i].str))
        {
            return -1;
        }

        logins[n++] = page->elements[i].str;

        if (n == ACCOUNTS || i + step >= page->n) {
            if (judge_some(forecast, logins, n) != 0) {
                return -1;
            }

            n = 0;
        }
    }

    return 0;
}


/* Where the next page begins: behind as many of its last deadline as were
   seen. */
static int
seen_until(const mfa_reply_t *page, int64_t *from, int64_t *skip)
{
    size_t   i;
    int64_t  deadline;

    for (i = 1; i < page->n; i += 2) {
        if (page->elements[i].type != MFA_REPLY_STRING
            || mfa_str_int(page->elements[i].str, &deadline) != 0
            || deadline < *from)
        {
            return -1;
        }

        *skip = deadline == *from ? *skip + 1 : 1;
        *from = deadline;
    }

    return 0;
}


static int
walk_deadlines(forecast_t *forecast)
{
    size_t              n;
    int64_t             from, skip;
    mfa_at_t            at;
    mfa_op_t            op;
    mfa_result_t        result;
    const mfa_reply_t  *page;

    /* A deadline of 0 locks nobody out: it makes the next login wait. */
    from = 1;
    skip = 0;

    do {
        mfa_op_reset(&op);
        at = mfa_store_account_due(&op, forecast->ctl->portal, from,
                                   forecast->at, skip, LOGINS);
        result = mfactl_drive_op(&forecast->ctl->drive, &op);
        page = mfa_op_reply(&op, &result, at);

        if (page == NULL || page->type != MFA_REPLY_ARRAY || page->n % 2
            || judge_page(forecast, page, 2) != 0
            || seen_until(page, &from, &skip) != 0)
        {
            return -1;
        }

        n = page->n / 2;
        mfactl_drive_forget(&forecast->ctl->drive);
    } while (n == LOGINS);

    return 0;
}


static int
walk_not_required(forecast_t *forecast)
{
    size_t              n;
    uint8_t             room[MFA_LOGIN_MAX];
    mfa_at_t            at;
    mfa_op_t            op;
    mfa_buf_t           after;
    mfa_result_t        result;
    const mfa_reply_t  *page;

    mfa_buf_init(&after, room, sizeof(room));

    do {
        mfa_op_reset(&op);
        at = mfa_store_account_list(&op, forecast->ctl->portal,
                                    MFA_LIST_NOT_REQUIRED,
                                    mfa_buf_since(&after, 0), LOGINS);
        result = mfactl_drive_op(&forecast->ctl->drive, &op);
        page = mfa_op_reply(&op, &result, at);

        if (page == NULL || page->type != MFA_REPLY_ARRAY
            || judge_page(forecast, page, 1) != 0)
        {
            return -1;
        }

        n = page->n;

        if (n) {
            after.len = 0;
            mfa_buf_str(&after, page->elements[n - 1].str);
        }

        mfactl_drive_forget(&forecast->ctl->drive);
    } while (n == LOGINS);

    return 0;
}


static void
print(forecast_t *forecast)
{
    size_t   n;
    json_t  *doc;

    static const mfactl_column_t  columns[] = {
        { "login", "LOGIN" }, { "email", "EMAIL" }, { "role", "ROLE" },
        { "deadline", "DEADLINE" }, { "days_left", "DAYS" },
        { "locked", "LOCKED" }, { NULL, NULL }
    };

    n = json_array_size(forecast->not_met);
    doc = mfactl_print_need(json_object());
    json_object_set_new(doc, "portal",
                        mfactl_print_text(forecast->ctl->portal->name));
    json_object_set_new(doc, "at", mfactl_print_time(forecast->at));
    json_object_set_new(doc, "accounts", forecast->locked);
    json_object_set_new(doc, "not_met_yet", forecast->not_met);
    mfactl_print(forecast->ctl, doc, "accounts", columns);

    if (n && !forecast->ctl->json) {
        printf("%zu more are required by the portal and not met yet: their days"
               " begin at the next visit\n", n);
    }
}


int
mfactl_mfa_forecast(mfactl_t *ctl)
{
    forecast_t  forecast;

    forecast.ctl = ctl;
    forecast.now = (int64_t) time(NULL);

    if (!mfactl_options_given(&ctl->options, MFACTL_AT)) {
        return mfactl_print_error(ctl, MFACTL_USAGE, "mfa forecast needs --at"
                                  " with a date or a time from now");
    }

    if (mfactl_moment(ctl, MFACTL_AT, MFACTL_MOMENT_AHEAD, forecast.now,
                      &forecast.at) != 0)
    {
        return MFACTL_USAGE;
    }

    forecast.locked = mfactl_print_need(json_array());
    forecast.not_met = mfactl_print_need(json_array());

    if (walk_deadlines(&forecast) != 0
        || (ctl->portal->require != MFA_REQUIRE_ACCOUNT
            && walk_not_required(&forecast) != 0))
    {
        json_decref(forecast.locked);
        json_decref(forecast.not_met);
        return mfactl_print_unavailable(ctl);
    }

    print(&forecast);

    return MFACTL_DONE;
}
