/*
 * Flow list, see flow_list.h:
 *
 *   [ranks ->] page of the index -> rows, MFA_LIST_AT_ONCE at a time
 *
 * A cursor is base64url of where the page ended: of an entry of the search
 * index, of a login, or of a deadline, a blank and a login.
 */

#include "core/flow_list.h"

#include <string.h>

enum { START, RANKED, PAGED, READ };

/* How a list is ordered. */
typedef enum { BY_LOGIN = 0, BY_DEADLINE } order_e;

static const struct {
    const char  *name;
    order_e      order;
    mfa_list_e   index;                     /* BY_LOGIN */
} lists[] = {
    [MFA_ROWS_ALL]          = { "all", BY_LOGIN, MFA_LIST_ALL },
    [MFA_ROWS_REQUIRED]     = { "required", BY_LOGIN, MFA_LIST_REQUIRED },
    [MFA_ROWS_NOT_REQUIRED] = { "not-required", BY_LOGIN,
                                MFA_LIST_NOT_REQUIRED },
    [MFA_ROWS_ENROLLED]     = { "enrolled", BY_LOGIN, MFA_LIST_ENROLLED },
    [MFA_ROWS_UNENROLLED]   = { "unenrolled", BY_DEADLINE, MFA_LIST_ALL },
    [MFA_ROWS_DUE]          = { "due", BY_DEADLINE, MFA_LIST_ALL },
    [MFA_ROWS_GRACE]        = { "grace", BY_DEADLINE, MFA_LIST_ALL },
    [MFA_ROWS_LOCKED]       = { "locked", BY_DEADLINE, MFA_LIST_ALL },
    [MFA_ROWS_FORECAST]     = { "forecast", BY_DEADLINE, MFA_LIST_ALL },
};

#define N_LISTS  (sizeof(lists) / sizeof(lists[0]))


static int
by_deadline(const mfa_flow_list_t *list)
{
    return list->typed.len == 0 && lists[list->rows_of].order == BY_DEADLINE;
}


/* --- where a page begins --- */

static int
cursor_read(mfa_flow_list_t *list)
{
    mfa_buf_t  out;
    mfa_str_t  deadline;

    mfa_buf_init(&out, list->after_room, sizeof(list->after_room));

    if (list->cursor.len > MFA_LIST_CURSOR_MAX
        || mfa_base64url_decode(&out, list->cursor) != 0)
    {
        return -1;
    }

    list->after = mfa_buf_since(&out, 0);

    if (list->after.len == 0) {
        return 0;
    }

    if (list->typed.len) {
        return mfa_search_login(list->after).len
               && mfa_search_begins(list->after, list->typed) ? 0 : -1;
    }

    if (by_deadline(list)
        && (!mfa_str_cut(list->after, ' ', &deadline, &list->after)
            || mfa_str_int(deadline, &list->after_deadline) != 0
            || list->after_deadline < 0
            || list->after_deadline > MFA_NUMBER_MAX))
    {
        return -1;
    }

    return mfa_login_check(list->after) ? 0 : -1;
}


static mfa_flow_e
ranks(mfa_flow_list_t *list)
{
    int64_t           from, to;
    const mfa_env_t  *env;

    env = &list->flow.env;

    switch (list->rows_of) {
    case MFA_ROWS_DUE:
        from = -1;
        to = 0;
        break;
    case MFA_ROWS_GRACE:
        from = env->now;
        to = MFA_NUMBER_MAX;
        break;
    case MFA_ROWS_LOCKED:
        from = 0;
        to = env->now;
        break;
    case MFA_ROWS_FORECAST:
        from = env->now;
        to = list->until > env->now ? list->until : env->now;
        break;
    default:
        from = -1;
        to = MFA_NUMBER_MAX;
    }

    mfa_store_deadline_ranks(mfa_flow_next(&list->flow, RANKED), env->portal,
                             from, to, list->after, list->after_deadline,
                             &list->ranks);
    return MFA_FLOW_STORE;
}


static mfa_flow_e
start(mfa_flow_list_t *list)
{
    mfa_op_t  *op;

    if (list->n == 0 || list->n > MFA_LIST_ROWS_MAX
        || (unsigned) list->rows_of >= N_LISTS)
    {
        return mfa_flow_end(&list->flow, MFA_OUTCOME_REFUSED);
    }

    list->typed = mfa_search_typed(list->search, list->typed_room);

    if (cursor_read(list) != 0) {
        return mfa_flow_end(&list->flow, MFA_OUTCOME_REFUSED);
    }

    if (by_deadline(list)) {
        return ranks(list);
    }

    op = mfa_flow_next(&list->flow, PAGED);

    if (list->typed.len) {
        /* Somebody can be found by several words; that there is one more tells
           of a next page. */
        list->limit = 2 * (int64_t) list->n + 1;
        list->page_at = mfa_store_search_page(op, list->flow.env.portal,
                                              list->typed, list->after,
                                              list->limit);
    } else {
        list->limit = (int64_t) list->n + 1;
        list->page_at = mfa_store_account_list(op, list->flow.env.portal,
                                               lists[list->rows_of].index,
                                               list->after, list->limit);
    }

    return MFA_FLOW_STORE;
}


static mfa_flow_e
ranked(mfa_flow_list_t *list, const mfa_result_t *result)
{
    int64_t  rank, first;

    if (mfa_store_deadline_ranks_result(&list->flow.op, result, &list->ranks,
                                        &rank, &first, &list->end) != 0)
    {
        return mfa_flow_end(&list->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    list->total = list->end > first ? list->end - first : 0;

    if (rank >= list->end) {
        return mfa_flow_end(&list->flow, MFA_OUTCOME_DONE);
    }

    list->limit = (int64_t) list->n + 1;

    if (list->limit > list->end - rank) {
        list->limit = list->end - rank;
    }

    list->page_at = mfa_store_deadline_page(mfa_flow_next(&list->flow, PAGED),
                                            list->flow.env.portal, rank,
                                            list->limit);
    return MFA_FLOW_STORE;
}


/* --- rows --- */

static mfa_flow_e
read_some(mfa_flow_list_t *list)
{
    size_t     i;
    mfa_op_t  *op;

    op = mfa_flow_next(&list->flow, READ);

    for (i = 0; i < MFA_LIST_AT_ONCE && list->n_read + i < list->n_logins; i++)
    {
        list->at[i] = mfa_store_row_read(op, list->flow.env.portal,
                                         list->logins[list->n_read + i]);
    }

    list->n_asked = i;

    return MFA_FLOW_STORE;
}


static int
seen(const mfa_flow_list_t *list, mfa_str_t login)
{
    size_t  i;

    for (i = 0; i < list->n_logins; i++) {
        if (mfa_str_eq(list->logins[i], login)) {
            return 1;
        }
    }

    return 0;
}


/* The cursor behind the last member of the page that was looked at. */
static mfa_flow_e
end(mfa_flow_list_t *list)
{
    uint8_t    room[MFA_SEARCH_ENTRY_MAX + 24];
    mfa_buf_t  member, out;

    if (list->more) {
        mfa_buf_init(&member, room, sizeof(room));
        mfa_buf_init(&out, list->next_room, sizeof(list->next_room));

        if (by_deadline(list)) {
            mfa_buf_str(&member, list->last_deadline);
            mfa_buf_byte(&member, ' ');
        }

        mfa_buf_str(&member, list->last);
        mfa_base64url_encode(&out, member.data, member.len);
        list->next = mfa_buf_since(&out, 0);

        if (member.failed || out.failed) {
            return mfa_flow_end(&list->flow, MFA_OUTCOME_UNAVAILABLE);
        }
    }

    return mfa_flow_end(&list->flow, MFA_OUTCOME_DONE);
}


/* The logins of a page of the index, each once.  What is no login names no
   account. */
static mfa_flow_e
paged(mfa_flow_list_t *list, const mfa_result_t *result)
{
    size_t              i, step;
    mfa_str_t           member, login;
    const mfa_reply_t  *page;

    step = by_deadline(list) ? 2 : 1;       /* with its score */

    page = mfa_op_reply(&list->flow.op, result, list->page_at);

    if (page == NULL || page->type != MFA_REPLY_ARRAY
        || page->n > (size_t) list->limit * step || page->n % step)
    {
        return mfa_flow_end(&list->flow, MFA_OUTCOME_UNAVAILABLE);
    }

    for (i = 0; i < page->n; i++) {
        if (page->elements[i].type != MFA_REPLY_STRING) {
            return mfa_flow_end(&list->flow, MFA_OUTCOME_UNAVAILABLE);
        }
    }

    for (i = 0; i < page->n && list->n_logins < list->n; i += step) {
        member = page->elements[i].str;
        login = list->typed.len ? mfa_search_login(member) : member;
        list->last = member;
        list->last_deadline = page->elements[i + step - 1].str;

        if (mfa_login_check(login) && !seen(list, login)) {
            list->entries[list->n_logins] = member;
            list->logins[list->n_logins++] = login;
        }
    }

    list->more = i < page->n
                 || (list->typed.len && (int64_t) page->n == list->limit);

    return list->n_logins ? read_some(list)
                          : end(list);
}


/* Whether an account is of the list as it is now. */
static int
belongs(const mfa_flow_list_t *list, const mfa_account_t *account,
    const mfa_standing_t *standing)
{
    int              waits;
    const mfa_env_t *env;

    env = &list->flow.env;
    waits = standing->required && !account->enrolled;

    switch (list->rows_of) {
    case MFA_ROWS_REQUIRED:
        return standing->required;
    case MFA_ROWS_NOT_REQUIRED:
        return !standing->required;
    case MFA_ROWS_ENROLLED:
        return account->enrolled != 0;
    case MFA_ROWS_UNENROLLED:
        return waits;
    case MFA_ROWS_DUE:
        return waits && account->deadline <= 0;
    case MFA_ROWS_GRACE:
        return waits && account->deadline > env->now;
    case MFA_ROWS_LOCKED:
        return standing->locked;
    case MFA_ROWS_FORECAST:
        return waits && account->deadline > env->now
               && account->deadline <= list->until;
    default:
        return 1;
    }
}


static int
found_by(mfa_flow_list_t *list, const mfa_account_t *account, mfa_str_t entry)
{
    mfa_search_entries(&list->words, account->login, account->email,
                       account->name);

    return mfa_search_is_first(&list->words, list->typed, entry);
}


static mfa_flow_e
rows_read(mfa_flow_list_t *list, const mfa_result_t *result)
{
    size_t           i, at;
    mfa_tri_e        found;
    mfa_account_t   *row;
    mfa_standing_t  *standing;

    for (i = 0; i < list->n_asked; i++) {
        at = list->n_read + i;
        row = &list->rows[list->n_rows];
        standing = &list->standings[list->n_rows];
        found = mfa_store_account_decode(&list->flow.op, result, list->at[i],
                                         list->logins[at], MFA_ACCOUNT_ROW_N,
                                         row);
        if (found == MFA_UNKNOWN) {
            list->n_rows = 0;
            return mfa_flow_end(&list->flow, MFA_OUTCOME_UNAVAILABLE);
        }

        if (found == MFA_NO) {
            continue;
        }

        *standing = mfa_standing(list->flow.env.portal, row,
                                 list->flow.env.now);

        if (belongs(list, row, standing)
            && (list->typed.len == 0
                || found_by(list, row, list->entries[at])))
        {
            list->n_rows++;
        }
    }

    list->n_read += list->n_asked;

    return list->n_read < list->n_logins ? read_some(list) : end(list);
}


static mfa_flow_e
run(mfa_flow_t *flow, const mfa_result_t *result)
{
    mfa_flow_list_t  *list;

    list = (mfa_flow_list_t *) flow;

    if (flow->step != START && !mfa_op_sound(&flow->op, result)) {
        list->n_rows = 0;
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }

    switch (flow->step) {
    case START:
        return start(list);
    case RANKED:
        return ranked(list, result);
    case PAGED:
        return paged(list, result);
    case READ:
        return rows_read(list, result);
    default:
        return mfa_flow_end(flow, MFA_OUTCOME_UNAVAILABLE);
    }
}


void
mfa_flow_list_init(mfa_flow_list_t *list)
{
    memset(list, 0, sizeof(mfa_flow_list_t));
    list->flow.run = run;
    list->n = MFA_LIST_ROWS_MAX;
    list->total = -1;
}


const char *
mfa_rows_name(mfa_rows_e rows)
{
    return (unsigned) rows < N_LISTS ? lists[rows].name : "";
}


int
mfa_rows_find(mfa_str_t name)
{
    size_t  i;

    for (i = 0; i < N_LISTS; i++) {
        if (mfa_str_is(name, lists[i].name)) {
            return (int) i;
        }
    }

    return -1;
}
