/*
 * What a password record may look like and what a new password must be.  The
 * hashing itself (crypt_r) is the shells' work: it takes long and must not run
 * where core runs.
 */

#ifndef MFA_PASSWORD_H
#define MFA_PASSWORD_H

#include "core/str.h"

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
 * Whether a new password is acceptable: at least 8 characters, at most
 * MFA_PASSWORD_MAX bytes, UTF-8 without control bytes, not the login itself in
 * any spelling.  Returns NULL or why not (a code for pages and messages: "short",
 * "long", "encoding", "login").
 */
const char *mfa_password_new_check(mfa_str_t password, mfa_str_t login);

#endif /* MFA_PASSWORD_H */
