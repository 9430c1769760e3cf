/*
 * What a password record may look like and what a new password must be.  The
 * hashing itself (crypt_r) is the shells' work: it takes long and must not run
 * where core runs.
 */

#ifndef MFA_PASSWORD_H
#define MFA_PASSWORD_H

#include "core/account.h"
#include "core/portal.h"

/* Prefix and cost for new hashes: yescrypt, libxcrypt's default cost. */
#define MFA_PASSWORD_PREFIX  "$y$"

/* A hash of no password: what an unknown login is checked against, so that it
   costs what a known one costs.  Made with the default cost above. */
extern const char  mfa_password_dummy[];

/* Whether s has the form of a crypt(5) string: "$id$..." of [./0-9A-Za-z$=,-],
   or BSDi's (20 characters that begin with '_'), at most MFA_HASH_TEXT_MAX - 1
   bytes; traditional DES and locked records ("!", "*") are not. */
int mfa_password_format_check(mfa_str_t s);

/* Whether s is of the preferred kind (else: hash anew at the next login). */
int mfa_password_preferred(mfa_str_t s);

/*
 * Whether a new password is acceptable, whoever sets it: at least 8 characters,
 * at most MFA_PASSWORD_MAX bytes, UTF-8 without control bytes, not the account's
 * login in any spelling, and none that is tried first (common_password.h; of the
 * account, login, e-mail and name are looked at).  Returns NULL or why not (a code
 * for pages and messages: "short", "long", "encoding", "login", "common").
 */
const char *mfa_password_new_check(mfa_str_t password,
    const mfa_portal_t *portal, const mfa_account_t *account);

#endif /* MFA_PASSWORD_H */
