/*
 * Accounts and their indexes in the store, see store.h.
 */

#include "core/store_key.h"


static mfa_at_t
read_fields(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t login, size_t n)
{
    size_t  i;

    mfa_op_begin(op, "HMGET");
    mfa_key_account(op, portal, login);

    for (i = 0; i < n; i++) {
        mfa_op_word(op, mfa_account_field_names[i]);
    }

    return mfa_op_at(op);
}


mfa_at_t
mfa_store_account_read(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, size_t n)
{
    return read_fields(op, portal, login, n);
}


mfa_tri_e
mfa_store_account_decode(const mfa_op_t *op, const mfa_result_t *result,
    mfa_at_t at, mfa_str_t login, size_t n, mfa_account_t *account)
{
    return mfa_account_decode(account, login, mfa_op_reply(op, result, at), n);
}


mfa_at_t
mfa_store_account_watch(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login)
{
    op->reserve = 1;
    op->watching = 1;

    mfa_op_begin(op, "WATCH");
    mfa_key_account(op, portal, login);

    return read_fields(op, portal, login, MFA_ACCOUNT_N);
}


void
mfa_store_unwatch(mfa_op_t *op)
{
    op->reserve = 1;

    mfa_op_begin(op, "UNWATCH");
}


void
mfa_store_account_change(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, const mfa_change_t *changes, size_t n, int raise)
{
    size_t  i, sets, deletes;

    sets = 0;
    deletes = 0;

    for (i = 0; i < n; i++) {
        if (!changes[i].is_number && changes[i].text.len == 0) {
            deletes++;
        } else {
            sets++;
        }
    }

    if (sets) {
        mfa_op_begin(op, "HSET");
        mfa_key_account(op, portal, login);

        for (i = 0; i < n; i++) {
            if (changes[i].is_number) {
                mfa_op_word(op, mfa_account_field_names[changes[i].field]);
                mfa_op_number(op, changes[i].number);

            } else if (changes[i].text.len) {
                mfa_op_word(op, mfa_account_field_names[changes[i].field]);
                mfa_op_arg(op, changes[i].text);
            }
        }
    }

    if (deletes) {
        mfa_op_begin(op, "HDEL");
        mfa_key_account(op, portal, login);

        for (i = 0; i < n; i++) {
            if (!changes[i].is_number && changes[i].text.len == 0) {
                mfa_op_word(op, mfa_account_field_names[changes[i].field]);
            }
        }
    }

    mfa_op_begin(op, "HINCRBY");
    mfa_key_account(op, portal, login);
    mfa_op_word(op, mfa_account_field_names[MFA_ACCOUNT_VERSION]);
    mfa_op_number(op, 1);

    if (raise) {
        mfa_op_begin(op, "HINCRBY");
        mfa_key_account(op, portal, login);
        mfa_op_word(op, mfa_account_field_names[MFA_ACCOUNT_GENERATION]);
        mfa_op_number(op, 1);
    }
}


static void
remove_member(mfa_op_t *op, const mfa_portal_t *portal, const char *index,
    mfa_str_t login)
{
    mfa_op_begin(op, "ZREM");
    mfa_key_portal(op, portal, index);
    mfa_op_arg(op, login);
}


static void
add_member(mfa_op_t *op, const mfa_portal_t *portal, const char *index,
    int64_t score, mfa_str_t login)
{
    mfa_op_begin(op, "ZADD");
    mfa_key_portal(op, portal, index);
    mfa_op_number(op, score);
    mfa_op_arg(op, login);
}


static void
set_member(mfa_op_t *op, const mfa_portal_t *portal, const char *index,
    int is_one, mfa_str_t login)
{
    if (is_one) {
        add_member(op, portal, index, 0, login);
    } else {
        remove_member(op, portal, index, login);
    }
}


void
mfa_store_account_delete(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login)
{
    mfa_op_begin(op, "DEL");
    mfa_key_account(op, portal, login);
    mfa_key_sessions(op, portal, login);
    mfa_key_devices(op, portal, login);
    mfa_key_recovery(op, portal, login);

    remove_member(op, portal, "accounts", login);
    remove_member(op, portal, "unenrolled", login);
    remove_member(op, portal, "not-required", login);
    remove_member(op, portal, "required", login);
    remove_member(op, portal, "enrolled", login);

    mfa_op_begin(op, "HDEL");
    mfa_key_portal(op, portal, "notices");
    mfa_op_arg(op, login);

    /* The last step stays: an account made anew under this name must not
       accept a code that was spent. */
}


void
mfa_store_account_index(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, int required, int enrolled, int64_t deadline)
{
    add_member(op, portal, "accounts", 0, login);

    set_member(op, portal, "not-required", !required, login);

    if (required && !enrolled) {
        add_member(op, portal, "unenrolled", deadline > 0 ? deadline : 0,
                   login);
    } else {
        remove_member(op, portal, "unenrolled", login);
    }

    set_member(op, portal, "required", required, login);
    set_member(op, portal, "enrolled", enrolled, login);
}


mfa_at_t
mfa_store_deadline_set(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, int64_t deadline)
{
    mfa_at_t  at;

    mfa_op_multi(op);

    mfa_op_begin(op, "HSETNX");
    mfa_key_account(op, portal, login);
    mfa_op_word(op, mfa_account_field_names[MFA_ACCOUNT_DEADLINE]);
    mfa_op_number(op, deadline);

    mfa_op_begin(op, "HGET");
    mfa_key_account(op, portal, login);
    mfa_op_word(op, mfa_account_field_names[MFA_ACCOUNT_DEADLINE]);
    at = mfa_op_at(op);

    mfa_op_begin(op, "ZADD");
    mfa_key_portal(op, portal, "unenrolled");
    mfa_op_word(op, "NX");
    mfa_op_number(op, deadline);
    mfa_op_arg(op, login);

    remove_member(op, portal, "not-required", login);
    add_member(op, portal, "required", 0, login);

    mfa_op_exec(op);

    return at;
}


void
mfa_store_validated_set(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_account_t *account)
{
    mfa_op_begin(op, "HSET");
    mfa_key_account(op, portal, account->login);
    mfa_op_word(op, mfa_account_field_names[MFA_ACCOUNT_VALIDATED]);
    mfa_op_arg(op, account->secret_id);
}


void
mfa_store_locale_set(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t login,
    mfa_str_t locale)
{
    mfa_op_begin(op, "HSET");
    mfa_key_account(op, portal, login);
    mfa_op_word(op, mfa_account_field_names[MFA_ACCOUNT_LOCALE]);
    mfa_op_arg(op, locale);
}


mfa_at_t
mfa_store_account_list(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_list_e list, mfa_str_t after, int64_t n)
{
    mfa_str_t  parts[] = { mfa_lit("("), after };

    static const char *const  indexes[] = {
        [MFA_LIST_ALL]          = "accounts",
        [MFA_LIST_NOT_REQUIRED] = "not-required",
        [MFA_LIST_REQUIRED]     = "required",
        [MFA_LIST_ENROLLED]     = "enrolled"
    };

    if (list == MFA_LIST_UNENROLLED) {
        mfa_op_begin(op, "ZRANGE");
        mfa_key_portal(op, portal, "unenrolled");
        mfa_op_number(op, 0);
        mfa_op_number(op, n - 1);

        return mfa_op_at(op);
    }

    mfa_op_begin(op, "ZRANGEBYLEX");
    mfa_key_portal(op, portal, indexes[list]);

    if (after.len) {
        mfa_op_joined(op, parts, 2);
    } else {
        mfa_op_word(op, "-");
    }

    mfa_op_word(op, "+");
    mfa_op_word(op, "LIMIT");
    mfa_op_number(op, 0);
    mfa_op_number(op, n);

    return mfa_op_at(op);
}


mfa_at_t
mfa_store_account_due(mfa_op_t *op, const mfa_portal_t *portal, int64_t from,
    int64_t to, int64_t skip, int64_t n)
{
    mfa_op_begin(op, "ZRANGEBYSCORE");
    mfa_key_portal(op, portal, "unenrolled");
    mfa_op_number(op, from);
    mfa_op_number(op, to);
    mfa_op_word(op, "WITHSCORES");
    mfa_op_word(op, "LIMIT");
    mfa_op_number(op, skip);
    mfa_op_number(op, n);

    return mfa_op_at(op);
}
