/*
 * Indexes of accounts, see store_list.h.  Who is required, enrolled or late is
 * in store_account.c: those indexes follow every change of an account.
 */

#include "core/store_list.h"
#include "core/role.h"
#include "core/store_key.h"


static int
among(const mfa_search_t *search, mfa_str_t entry)
{
    size_t  i;

    for (i = 0; i < search->n; i++) {
        if (mfa_str_eq(search->entries[i], entry)) {
            return 1;
        }
    }

    return 0;
}


/* One command for all entries of one that the other has not. */
static void
entries_command(mfa_op_t *op, const mfa_portal_t *portal, const char *command,
    const mfa_search_t *search, const mfa_search_t *other)
{
    int     begun;
    size_t  i;

    for (i = 0, begun = 0; i < search->n; i++) {
        if (among(other, search->entries[i])) {
            continue;
        }

        if (!begun) {
            mfa_op_begin(op, command);
            mfa_key_portal(op, portal, "search");
            begun = 1;
        }

        if (mfa_str_is(mfa_str_from(command), "ZADD")) {
            mfa_op_word(op, "0");
        }

        mfa_op_joined(op, &search->entries[i], 1);
    }
}


void
mfa_store_search_change(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_search_t *before, const mfa_search_t *after)
{
    entries_command(op, portal, "ZREM", before, after);
    entries_command(op, portal, "ZADD", after, before);
}


mfa_at_t
mfa_store_owners_watch(mfa_op_t *op, const mfa_portal_t *portal, int64_t from,
    int64_t n)
{
    op->reserve = 1;
    op->watching = 1;

    mfa_op_begin(op, "WATCH");
    mfa_key_portal(op, portal, "owners");

    mfa_op_begin(op, "ZRANGE");
    mfa_key_portal(op, portal, "owners");
    mfa_op_number(op, from);
    mfa_op_number(op, from + n - 1);

    return mfa_op_at(op);
}


void
mfa_store_owner_set(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, int is_one)
{
    mfa_op_begin(op, is_one ? "ZADD" : "ZREM");
    mfa_key_portal(op, portal, "owners");

    if (is_one) {
        mfa_op_word(op, "0");
    }

    mfa_op_arg(op, login);
}


/* A byte no text has ends what begins with typed. */
mfa_at_t
mfa_store_search_page(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t typed, mfa_str_t after, int64_t n)
{
    mfa_str_t  min[] = { after.len ? mfa_lit("(") : mfa_lit("["),
                         after.len ? after : typed };
    mfa_str_t  max[] = { mfa_lit("("), typed, mfa_lit("\xff") };

    mfa_op_begin(op, "ZRANGEBYLEX");
    mfa_key_portal(op, portal, "search");
    mfa_op_joined(op, min, 2);
    mfa_op_joined(op, max, 3);
    mfa_op_word(op, "LIMIT");
    mfa_op_number(op, 0);
    mfa_op_number(op, n);

    return mfa_op_at(op);
}


static mfa_at_t
card(mfa_op_t *op, const mfa_portal_t *portal, const char *index)
{
    mfa_op_begin(op, "ZCARD");
    mfa_key_portal(op, portal, index);

    return mfa_op_at(op);
}


/* How many of the unenrolled have a deadline of at most max. */
static mfa_at_t
late(mfa_op_t *op, const mfa_portal_t *portal, int64_t max)
{
    mfa_op_begin(op, "ZCOUNT");
    mfa_key_portal(op, portal, "unenrolled");
    mfa_op_word(op, "-inf");
    mfa_op_number(op, max);

    return mfa_op_at(op);
}


void
mfa_store_counts(mfa_op_t *op, const mfa_portal_t *portal, int64_t now,
    mfa_counts_at_t *at)
{
    at->total = card(op, portal, "accounts");
    at->enrolled = card(op, portal, "enrolled");
    at->required = card(op, portal, "required");
    at->not_required = card(op, portal, "not-required");
    at->unenrolled = card(op, portal, "unenrolled");

    /* A deadline of 0 is due at once and locks nobody out. */
    at->due = late(op, portal, 0);

    mfa_op_begin(op, "ZCOUNT");
    mfa_key_portal(op, portal, "unenrolled");
    mfa_op_word(op, "(0");
    mfa_op_number(op, now);
    at->locked = mfa_op_at(op);
}


void
mfa_store_deadline_ranks(mfa_op_t *op, const mfa_portal_t *portal,
    int64_t from, int64_t to, mfa_str_t after, int64_t deadline,
    mfa_ranks_at_t *at)
{
    at->first = late(op, portal, from);
    at->end = late(op, portal, to);
    at->after = -1;

    if (after.len == 0) {
        return;
    }

    mfa_op_begin(op, "ZRANK");
    mfa_key_portal(op, portal, "unenrolled");
    mfa_op_arg(op, after);
    at->after = mfa_op_at(op);

    at->group = late(op, portal, deadline - 1);
    at->group_end = late(op, portal, deadline);
}


/*
 * Who stands among those of one deadline is told by rank alone.  One who has
 * left them since says nothing any more: then they are gone through again.
 */
int
mfa_store_deadline_ranks_result(const mfa_op_t *op, const mfa_result_t *result,
    const mfa_ranks_at_t *at, int64_t *rank, int64_t *first, int64_t *end)
{
    int64_t             group, group_end;
    const mfa_reply_t  *after;

    if (mfa_op_int(op, result, at->first, first) != 0
        || mfa_op_int(op, result, at->end, end) != 0)
    {
        return -1;
    }

    *rank = *first;

    if (at->after < 0) {
        return 0;
    }

    after = mfa_op_reply(op, result, at->after);

    if (after == NULL
        || (after->type != MFA_REPLY_INT && after->type != MFA_REPLY_NIL)
        || mfa_op_int(op, result, at->group, &group) != 0
        || mfa_op_int(op, result, at->group_end, &group_end) != 0)
    {
        return -1;
    }

    *rank = after->type == MFA_REPLY_INT && after->integer >= group
            && after->integer < group_end ? after->integer + 1 : group;

    if (*rank < *first) {
        *rank = *first;
    }

    return 0;
}


mfa_at_t
mfa_store_deadline_page(mfa_op_t *op, const mfa_portal_t *portal,
    int64_t rank, int64_t n)
{
    mfa_op_begin(op, "ZRANGE");
    mfa_key_portal(op, portal, "unenrolled");
    mfa_op_number(op, rank);
    mfa_op_number(op, rank + n - 1);
    mfa_op_word(op, "WITHSCORES");

    return mfa_op_at(op);
}


mfa_at_t
mfa_store_row_read(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t login)
{
    return mfa_store_account_read(op, portal, login, MFA_ACCOUNT_ROW_N);
}


void
mfa_store_reindex(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_account_t *account, int required, const mfa_search_t *words)
{
    mfa_search_t  none;

    none.n = 0;

    mfa_op_multi(op);
    mfa_store_account_index(op, portal, account->login, required,
                            account->enrolled != 0, account->deadline);
    mfa_store_search_change(op, portal, &none, words);
    mfa_store_owner_set(op, portal, account->login,
                        !account->disabled
                        && mfa_role_find(account->role)
                           == MFA_ROLE_ADMINISTRATOR_WITH_BILLING);
    mfa_op_exec(op);
}


/* "1 account", "1 all", "1 new_since 1700000000" */
static mfa_str_t
rule_text(const mfa_portal_t *portal, uint8_t *room, size_t cap)
{
    mfa_buf_t  b;

    static const char *const  words[] = { "account", "all", "new_since " };

    mfa_buf_init(&b, room, cap);
    mfa_buf_int(&b, MFA_INDEX_FORMAT);
    mfa_buf_byte(&b, ' ');
    mfa_buf_cstr(&b, words[portal->require]);

    if (portal->require == MFA_REQUIRE_NEW_SINCE) {
        mfa_buf_int(&b, portal->new_since);
    }

    return mfa_buf_since(&b, 0);
}


void
mfa_store_indexed_set(mfa_op_t *op, const mfa_portal_t *portal, int begin)
{
    uint8_t    room[64];
    mfa_str_t  text;

    text = rule_text(portal, room, sizeof(room));

    mfa_op_begin(op, "SET");
    mfa_key_portal(op, portal, "indexed");
    mfa_op_joined(op, &text, 1);

    if (begin) {
        mfa_op_word(op, "NX");
    }
}


mfa_at_t
mfa_store_indexed_read(mfa_op_t *op, const mfa_portal_t *portal)
{
    mfa_op_begin(op, "GET");
    mfa_key_portal(op, portal, "indexed");

    return mfa_op_at(op);
}


mfa_tri_e
mfa_store_indexed_result(const mfa_op_t *op, const mfa_result_t *result,
    mfa_at_t at, const mfa_portal_t *portal)
{
    uint8_t    room[64];
    mfa_str_t  text;

    if (mfa_op_str(op, result, at, &text) != 0) {
        return MFA_UNKNOWN;
    }

    return text.len == 0
           || mfa_str_eq(text, rule_text(portal, room, sizeof(room)))
           ? MFA_YES : MFA_NO;
}
