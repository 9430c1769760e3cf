/*
 * The record of a mail token: tab-separated fields behind a format number.
 *
 *   2 hash purpose portal login generation expires address
 *
 * The address is there as its hash: two are compared, nobody reads it.
 */

#include "core/mailtoken.h"
#include "core/record.h"

#include <string.h>


enum {
    FORMAT, HASH, PURPOSE, PORTAL, LOGIN, GENERATION, EXPIRES, ADDRESS,
    N_FIELDS
};

static const char *const  purposes[MFA_MAILTOKEN_N] = {
    [MFA_MAILTOKEN_NONE]     = "",
    [MFA_MAILTOKEN_SETUP]    = "setup",
    [MFA_MAILTOKEN_RESET]    = "reset",
    [MFA_MAILTOKEN_PASSWORD] = "password"
};


void
mfa_mailtoken_encode(mfa_buf_t *out, const mfa_mailtoken_t *token,
    mfa_str_t hash)
{
    mfa_buf_cstr(out, "2");
    mfa_record_str(out, hash);
    mfa_record_str(out, mfa_str_from(purposes[token->purpose]));
    mfa_record_str(out, token->portal);
    mfa_record_str(out, token->login);
    mfa_record_number(out, token->generation);
    mfa_record_number(out, token->expires);
    mfa_record_str(out, (mfa_str_t) { token->address, MFA_HASH_CHARS });
}


static mfa_mailtoken_e
purpose_find(mfa_str_t name)
{
    int  i;

    for (i = MFA_MAILTOKEN_NONE + 1; i < MFA_MAILTOKEN_N; i++) {
        if (mfa_str_is(name, purposes[i])) {
            return (mfa_mailtoken_e) i;
        }
    }

    return MFA_MAILTOKEN_NONE;
}


int
mfa_mailtoken_decode(mfa_mailtoken_t *token, mfa_str_t record, mfa_str_t hash)
{
    int64_t    n[2];
    mfa_str_t  f[N_FIELDS];

    memset(token, 0, sizeof(mfa_mailtoken_t));

    if (record.len > MFA_MAILTOKEN_RECORD_MAX
        || mfa_record_split(record, f, N_FIELDS) != 0
        || !mfa_str_is(f[FORMAT], "2") || !mfa_str_eq(f[HASH], hash)
        || purpose_find(f[PURPOSE]) == MFA_MAILTOKEN_NONE
        || f[PORTAL].len == 0 || !mfa_login_check(f[LOGIN])
        || mfa_record_numbers(&f[GENERATION], n, 2) != 0
        || f[ADDRESS].len != MFA_HASH_CHARS)
    {
        return -1;
    }

    token->purpose = purpose_find(f[PURPOSE]);
    token->portal = f[PORTAL];
    token->login = f[LOGIN];
    token->generation = n[0];
    token->expires = n[1];
    memcpy(token->address, f[ADDRESS].data, MFA_HASH_CHARS);

    return 0;
}


int
mfa_mailtoken_address(mfa_mailtoken_t *token, mfa_str_t email)
{
    mfa_buf_t  out;

    mfa_buf_init(&out, token->address, sizeof(token->address));

    return mfa_token_hash(email.data, email.len, &out);
}


int
mfa_mailtoken_went_to(const mfa_mailtoken_t *token, mfa_str_t email)
{
    mfa_mailtoken_t  now;

    return mfa_mailtoken_address(&now, email) == 0
           && memcmp(now.address, token->address, MFA_HASH_CHARS) == 0;
}


int
mfa_mailtoken_make(mfa_random_fn random, uint8_t *text, uint8_t *hash)
{
    mfa_buf_t  out;

    mfa_buf_init(&out, text, MFA_TOKEN_CHARS);

    return mfa_random_token_make(random, &out, hash);
}


int
mfa_mailtoken_hash(mfa_str_t text, uint8_t *hash)
{
    return mfa_random_token_hash(text, hash);
}


int
mfa_mailtoken_good(const mfa_mailtoken_t *token, mfa_str_t hash,
    mfa_str_t newest, const mfa_portal_t *portal, const mfa_account_t *account,
    int64_t now)
{
    return token->purpose != MFA_MAILTOKEN_NONE && now < token->expires
           && mfa_str_eq(hash, newest)
           && mfa_str_eq(token->portal, portal->name)
           && mfa_str_eq(token->login, account->login)
           && token->generation == account->generation
           && mfa_mailtoken_went_to(token, account->email)
           && !account->disabled && !account->fault;
}
