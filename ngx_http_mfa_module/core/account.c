/*
 * Reading an account, see account.h.  Whatever contradicts itself is a fault:
 * a half-lost record must never read as "not enrolled".
 */

#include "core/account.h"
#include "core/visible.h"

#include <string.h>


const char *const  mfa_account_field_names[MFA_ACCOUNT_N] = {
#define MFA_ACCOUNT_STRING(id, name)  name,
    MFA_ACCOUNT_FIELDS(MFA_ACCOUNT_STRING)
#undef MFA_ACCOUNT_STRING
};


/* A number that may be absent; anything else that is no number is a fault. */
static int64_t
number(mfa_account_t *account, mfa_str_t text, int64_t absent)
{
    int64_t  n;

    if (text.len == 0) {
        return absent;
    }

    if (mfa_str_int(text, &n) != 0 || n < 0 || n > MFA_NUMBER_MAX) {
        account->fault = 1;
        return absent;
    }

    return n;
}


static int
fields_of(const mfa_reply_t *reply, size_t n, mfa_str_t *f)
{
    size_t              i;
    const mfa_reply_t  *e;

    if (reply == NULL || reply->type != MFA_REPLY_ARRAY || reply->n != n) {
        return -1;
    }

    for (i = 0; i < n; i++) {
        e = &reply->elements[i];

        if (e->type == MFA_REPLY_STRING) {
            f[i] = e->str;

        } else if (e->type != MFA_REPLY_NIL) {
            return -1;
        }
    }

    return 0;
}


mfa_tri_e
mfa_account_decode(mfa_account_t *account, mfa_str_t login,
    const mfa_reply_t *reply, size_t n)
{
    mfa_str_t  f[MFA_ACCOUNT_N];

    memset(account, 0, sizeof(mfa_account_t));
    memset(f, 0, sizeof(f));

    if (fields_of(reply, n, f) != 0) {
        return MFA_UNKNOWN;
    }

    if (f[MFA_ACCOUNT_CREATED].len == 0) {
        if (f[MFA_ACCOUNT_SECRET].len == 0 && f[MFA_ACCOUNT_ENROLLED].len == 0
            && f[MFA_ACCOUNT_PASSWORD].len == 0)
        {
            return MFA_NO;
        }

        /* Half of it is lost: it must not be taken for none and made anew. */
        account->fault = 1;
    }

    account->login = login;
    account->email = f[MFA_ACCOUNT_EMAIL];
    account->name = f[MFA_ACCOUNT_NAME];
    account->role = f[MFA_ACCOUNT_ROLE];
    account->directory = f[MFA_ACCOUNT_DIRECTORY];
    account->secret_id = f[MFA_ACCOUNT_SECRET_ID];
    account->secret = f[MFA_ACCOUNT_SECRET];
    account->locale = f[MFA_ACCOUNT_LOCALE];
    account->password = f[MFA_ACCOUNT_PASSWORD];
    account->widget_off = mfa_str_is(f[MFA_ACCOUNT_WIDGET], "off");

    account->created = number(account, f[MFA_ACCOUNT_CREATED], 0);
    account->generation = number(account, f[MFA_ACCOUNT_GENERATION], 0);
    account->version = number(account, f[MFA_ACCOUNT_VERSION], 0);
    account->deadline = number(account, f[MFA_ACCOUNT_DEADLINE], -1);
    account->enrolled = number(account, f[MFA_ACCOUNT_ENROLLED], 0);
    account->reset = number(account, f[MFA_ACCOUNT_RESET], 0);
    account->required = number(account, f[MFA_ACCOUNT_REQUIRED], 0) != 0;
    account->disabled = number(account, f[MFA_ACCOUNT_DISABLED], 0) != 0;

    /* The three parts of a factor come and go together. */
    if ((account->enrolled != 0) != (account->secret_id.len != 0)
        || (account->enrolled != 0) != (account->secret.len != 0))
    {
        account->fault = 1;
    }

    /* Validation belongs to a key, not to an account: a key that replaced the
       validated one has to earn it anew. */
    account->validated = account->enrolled != 0
                         && mfa_str_eq(f[MFA_ACCOUNT_VALIDATED],
                                       account->secret_id);

    return MFA_YES;
}


int
mfa_email_check(mfa_str_t s)
{
    size_t  i, at;

    if (s.len < 3 || s.len > MFA_EMAIL_MAX || !mfa_visible_word(s)) {
        return 0;
    }

    at = 0;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] == '@') {
            if (at != 0 || i == 0) {
                return 0;
            }

            at = i;

        } else if (s.data[i] == ',' || s.data[i] == '<' || s.data[i] == '>'
                   || s.data[i] == '"')
        {
            return 0;
        }
    }

    return at != 0 && at + 1 < s.len;
}
