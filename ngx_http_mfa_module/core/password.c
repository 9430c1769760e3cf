/*
 * The form of password records and of new passwords, see password.h.
 *
 * Hashes nothing and compares no hash: that is the shells' work, with crypt_r.
 * No list of popular passwords is consulted here: it is for those that people
 * choose themselves (common_password.h).  A code stands behind the password, and
 * eight characters is what is asked for where that is so.
 */

#include "core/password.h"
#include "core/common_password.h"
#include "core/flow.h"

#define PASSWORD_MIN  8                     /* characters */


/* 48 bytes of /dev/urandom, in hexadecimal, forgotten since. */
const char  mfa_password_dummy[] =
    "$y$j9T$3NgelB8PHTrBEH9S2tLHt/$0LfGcjfRVTD9.d.NpwXS8Wn3jyjqHnyzrNMamBDxjsD";


static int
is_hash_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == '.' || c == '/' || c == '$'
           || c == '=' || c == ',' || c == '-';
}


/* BSDi's form has no "$".  Traditional DES, the other that has none, is not
   taken: it reads eight bytes of a password and ignores the rest. */
static int
is_bsdicrypt(mfa_str_t s)
{
    return s.len == 20 && s.data[0] == '_';
}


int
mfa_password_format_check(mfa_str_t s)
{
    size_t     i;
    mfa_str_t  id, rest;

    if (s.len < 2 || s.len >= MFA_HASH_TEXT_MAX
        || (s.data[0] != '$' && !is_bsdicrypt(s)))
    {
        return 0;
    }

    for (i = 1; i < s.len; i++) {
        if (!is_hash_char(s.data[i])) {
            return 0;
        }
    }

    if (s.data[0] == '_') {
        return 1;
    }

    rest = (mfa_str_t) { s.data + 1, s.len - 1 };

    return mfa_str_cut(rest, '$', &id, &rest) && id.len && rest.len;
}


int
mfa_password_preferred(mfa_str_t s)
{
    return mfa_str_begins(s, MFA_PASSWORD_PREFIX);
}


/* However it is spelled: what is typed as a login is made canonical too. */
static int
is_login(mfa_str_t password, mfa_str_t login)
{
    int        same;
    uint8_t    room[MFA_LOGIN_MAX];
    mfa_buf_t  canonical;

    mfa_buf_init(&canonical, room, sizeof(room));

    same = mfa_login_canonical(password, &canonical) == 0
           && mfa_str_eq(mfa_buf_since(&canonical, 0), login);

    mfa_wipe(room, sizeof(room));

    return same;
}


/* Of text that is UTF-8. */
static size_t
characters(mfa_str_t s)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < s.len; i++) {
        n += (s.data[i] & 0xc0) != 0x80;
    }

    return n;
}


const char *
mfa_password_new_check(mfa_str_t password, const mfa_portal_t *portal,
    const mfa_account_t *account)
{
    if (password.len < PASSWORD_MIN) {
        return "short";
    }

    if (password.len > MFA_PASSWORD_MAX) {
        return "long";
    }

    if (!mfa_str_printable(password)) {
        return "encoding";
    }

    if (characters(password) < PASSWORD_MIN) {
        return "short";
    }

    if (is_login(password, account->login)) {
        return "login";
    }

    return mfa_common_password(password, portal, account) ? "common" : NULL;
}
