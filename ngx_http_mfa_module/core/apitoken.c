/*
 * The record of an API token: tab-separated fields behind a format number.
 *
 *   1 hash portal login login_created role created expires used name
 *
 * Only a name can hold what is not ASCII; what is stored has been checked.
 */

#include "core/apitoken.h"
#include "core/record.h"
#include "core/visible.h"

#include <string.h>


enum {
    FORMAT, HASH, PORTAL, LOGIN, LOGIN_CREATED, ROLE, CREATED, EXPIRES, USED,
    NAME, N_FIELDS
};


void
mfa_apitoken_encode(mfa_buf_t *out, const mfa_apitoken_t *token,
    mfa_str_t hash)
{
    mfa_buf_cstr(out, "1");
    mfa_record_str(out, hash);
    mfa_record_str(out, token->portal);
    mfa_record_str(out, token->login);
    mfa_record_number(out, token->login_created);
    mfa_record_str(out, mfa_str_from(mfa_role_name(token->role)));
    mfa_record_number(out, token->created);
    mfa_record_number(out, token->expires);
    mfa_record_number(out, token->used);
    mfa_record_str(out, token->name);
}


int
mfa_apitoken_decode(mfa_apitoken_t *token, mfa_str_t record, mfa_str_t hash)
{
    int64_t     created, n[USED - CREATED + 1];
    mfa_str_t   f[N_FIELDS];

    memset(token, 0, sizeof(mfa_apitoken_t));

    if (record.len > MFA_APITOKEN_RECORD_MAX
        || mfa_record_split(record, f, N_FIELDS) != 0
        || !mfa_str_is(f[FORMAT], "1") || !mfa_str_eq(f[HASH], hash)
        || f[PORTAL].len == 0 || !mfa_login_check(f[LOGIN])
        || mfa_role_find(f[ROLE]) == MFA_ROLE_NONE
        || f[NAME].len == 0 || f[NAME].len > MFA_APITOKEN_NAME_MAX
        || !mfa_str_printable(f[NAME])
        || mfa_record_numbers(&f[LOGIN_CREATED], &created, 1) != 0
        || mfa_record_numbers(&f[CREATED], n, USED - CREATED + 1) != 0)
    {
        return -1;
    }

    token->portal = f[PORTAL];
    token->login = f[LOGIN];
    token->login_created = created;
    token->role = mfa_role_find(f[ROLE]);
    token->created = n[0];
    token->expires = n[EXPIRES - CREATED];
    token->used = n[USED - CREATED];
    token->name = f[NAME];

    return 0;
}


int
mfa_apitoken_make(mfa_random_fn random, uint8_t *text, uint8_t *hash)
{
    mfa_buf_t  out;

    mfa_buf_init(&out, text, MFA_APITOKEN_CHARS);
    mfa_buf_cstr(&out, MFA_APITOKEN_PREFIX);

    return mfa_random_token_make(random, &out, hash);
}


int
mfa_apitoken_hash(mfa_str_t text, uint8_t *hash)
{
    if (!mfa_str_begins(text, MFA_APITOKEN_PREFIX)) {
        return -1;
    }

    text.data += sizeof(MFA_APITOKEN_PREFIX) - 1;
    text.len -= sizeof(MFA_APITOKEN_PREFIX) - 1;

    return mfa_random_token_hash(text, hash);
}


int
mfa_apitoken_name_check(mfa_str_t s)
{
    return s.len > 0 && s.len <= MFA_APITOKEN_NAME_MAX && mfa_visible(s);
}
