/*
 * Flow reminder, see flow_reminder.h.
 */

#include "core/flow_reminder.h"

#include <string.h>

#define TRIES_MAX  5                        /* then the next round will do */

enum { START, PAGE, NOTICES, WATCHED, LET_GO, WRITTEN };

static mfa_flow_e next(mfa_flow_reminder_t *reminder);


static mfa_flow_e
read_page(mfa_flow_reminder_t *reminder)
{
    int64_t  now, first;

    now = reminder->flow.env.now;
    first = now - MFA_LOCKED_OUT_SEC;

    /* 0 is "at the next login": nobody is late for it. */
    first = first > 1 ? first : 1;

    if (reminder->from < first) {
        reminder->from = first;
        reminder->skip = 0;
    }

    reminder->at = mfa_store_account_due(mfa_flow_next(&reminder->flow, PAGE),
                                         reminder->flow.env.portal,
                                         reminder->from,
                                         now + MFA_REMINDER_SEC,
                                         reminder->skip, MFA_REMINDER_PAGE);
    return MFA_FLOW_STORE;
}


static int
take_page(mfa_flow_reminder_t *reminder, const mfa_reply_t *list)
{
    size_t              i;
    int64_t             deadline;
    const mfa_reply_t  *row;

    if (list == NULL || list->type != MFA_REPLY_ARRAY || list->n % 2
        || list->n > 2 * MFA_REMINDER_PAGE)
    {
        return -1;
    }

    reminder->n = list->n / 2;

    for (i = 0; i < reminder->n; i++) {
        row = &list->elements[2 * i];

        if (row[0].type != MFA_REPLY_STRING || row[1].type != MFA_REPLY_STRING
            || mfa_str_int(row[1].str, &deadline) != 0)
        {
            return -1;
        }

        reminder->logins[i] = row[0].str;
        reminder->deadlines[i] = deadline;
        reminder->skip = deadline == reminder->from ? reminder->skip + 1 : 1;
        reminder->from = deadline;
    }

    return 0;
}


static mfa_flow_e
page_read(mfa_flow_reminder_t *reminder, const mfa_result_t *result)
{
    if (take_page(reminder, mfa_op_reply(&reminder->flow.op, result,
                                         reminder->at)) != 0)
    {
        return mfa_flow_end(&reminder->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    reminder->over = reminder->n < MFA_REMINDER_PAGE;

    if (reminder->n == 0) {
        return mfa_flow_end(&reminder->flow, MFA_OUTCOME_DONE);
    }

    reminder->at = mfa_store_notices_read(mfa_flow_next(&reminder->flow,
                                                        NOTICES),
                                          reminder->flow.env.portal,
                                          reminder->logins, reminder->n);
    return MFA_FLOW_STORE;
}


static mfa_flow_e
notices_read(mfa_flow_reminder_t *reminder, const mfa_result_t *result)
{
    size_t              i;
    const mfa_reply_t  *list;

    list = mfa_op_reply(&reminder->flow.op, result, reminder->at);

    if (list == NULL || list->n != reminder->n) {
        return mfa_flow_end(&reminder->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    for (i = 0; i < list->n; i++) {
        if (list->elements[i].type != MFA_REPLY_STRING
            && list->elements[i].type != MFA_REPLY_NIL)
        {
            return mfa_flow_end(&reminder->flow, MFA_OUTCOME_UNAVAILABLE);
        }
    }

    reminder->notices = list;

    return next(reminder);
}


/* What the one being looked at is to be told. */
static mfa_mail_e
kind(const mfa_flow_reminder_t *reminder)
{
    return reminder->deadlines[reminder->i] > reminder->flow.env.now
           ? MFA_MAIL_REMINDER : MFA_MAIL_LOCKED_OUT;
}


static mfa_flow_e
watch(mfa_flow_reminder_t *reminder)
{
    mfa_op_t   *op;
    mfa_str_t   login;

    login = reminder->logins[reminder->i];
    op = mfa_flow_next(&reminder->flow, WATCHED);
    reminder->account_at = mfa_store_account_watch(op,
                                                   reminder->flow.env.portal,
                                                   login);
    reminder->notice_at = mfa_store_notice_watch(op,
                                                 reminder->flow.env.portal,
                                                 login);
    return MFA_FLOW_STORE;
}


/* The next of the page that was not told. */
static mfa_flow_e
next(mfa_flow_reminder_t *reminder)
{
    for ( ; reminder->i < reminder->n; reminder->i++) {
        if (!mfa_store_notice_is(reminder->notices->elements[reminder->i].str,
                                 kind(reminder),
                                 reminder->deadlines[reminder->i]))
        {
            reminder->tries = 0;
            return watch(reminder);
        }
    }

    return mfa_flow_end(&reminder->flow, MFA_OUTCOME_DONE);
}


static mfa_flow_e
let_go(mfa_flow_reminder_t *reminder)
{
    mfa_store_unwatch(mfa_flow_next(&reminder->flow, LET_GO));

    return MFA_FLOW_STORE;
}


/* A note without a mail where none can go: nobody is asked for again and again,
   and an address that is given much later does not bring old news. */
static mfa_flow_e
write_notice(mfa_flow_reminder_t *reminder, const mfa_account_t *account)
{
    mfa_op_t            *op;
    mfa_buf_t            detail;
    const mfa_portal_t  *portal;

    portal = reminder->flow.env.portal;
    op = mfa_flow_next(&reminder->flow, WRITTEN);
    op->reserve = 1;

    mfa_buf_init(&detail, reminder->detail, sizeof(reminder->detail));
    mfa_buf_int(&detail, account->deadline);
    reminder->goes = mfa_mail_goes(portal, account, kind(reminder));

    mfa_op_multi(op);
    mfa_mail_queue(&reminder->flow, kind(reminder), account,
                   account->generation, mfa_buf_since(&detail, 0));
    mfa_store_notice_set(op, portal, account->login, kind(reminder),
                         account->deadline);
    mfa_op_exec(op);

    return MFA_FLOW_STORE;
}


static mfa_flow_e
watched(mfa_flow_reminder_t *reminder, const mfa_result_t *result)
{
    mfa_tri_e       found;
    mfa_str_t       notice;
    mfa_account_t   account;

    found = mfa_store_account_decode(&reminder->flow.op, result,
                                     reminder->account_at,
                                     reminder->logins[reminder->i],
                                     MFA_ACCOUNT_N, &account);

    if (found == MFA_UNKNOWN
        || mfa_op_str(&reminder->flow.op, result, reminder->notice_at, &notice)
           != 0)
    {
        return mfa_flow_end(&reminder->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    if (found != MFA_YES || account.disabled || account.enrolled
        || !mfa_policy_required(reminder->flow.env.portal, &account)
        || account.deadline != reminder->deadlines[reminder->i]
        || mfa_store_notice_is(notice, kind(reminder), account.deadline))
    {
        return let_go(reminder);
    }

    return write_notice(reminder, &account);
}


static mfa_flow_e
written(mfa_flow_reminder_t *reminder, const mfa_result_t *result)
{
    if (!mfa_op_aborted(&reminder->flow.op, result)) {
        reminder->queued += reminder->goes != 0;

    } else if (++reminder->tries < TRIES_MAX) {
        return watch(reminder);
    }

    reminder->i++;

    return next(reminder);
}


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_flow_reminder_t  *reminder;

    reminder = (mfa_flow_reminder_t *) flow;

    if (flow->step == START) {
        return read_page(reminder);
    }

    if (!mfa_op_sound(&flow->op, result)) {
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }

    switch (flow->step) {
    case PAGE:
        return page_read(reminder, result);
    case NOTICES:
        return notices_read(reminder, result);
    case WATCHED:
        return watched(reminder, result);
    case LET_GO:
        reminder->i++;
        return next(reminder);
    case WRITTEN:
        return written(reminder, result);
    default:
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }
}


void
mfa_flow_reminder_init(mfa_flow_reminder_t *reminder)
{
    memset(reminder, 0, sizeof(mfa_flow_reminder_t));
    reminder->flow.run = run;
}
