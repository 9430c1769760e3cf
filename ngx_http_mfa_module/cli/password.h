/*
 * Passwords of accounts: read from standard input, hashed, checked.  Never from
 * the command line, never printed.
 */

#ifndef MFACTL_PASSWORD_H
#define MFACTL_PASSWORD_H

#include "core/flow.h"

/*
 * The first line of standard input without its end, into room (one byte more
 * than is allowed, so that a longer one shows); a terminal does not echo it.
 * 0, or -1 and why.  The caller wipes room.
 */
int mfactl_password_read(mfa_buf_t *room, mfa_buf_t *why);

/* Appends the yescrypt hash of a password, at the library's default cost; 0 or
   -1.  The password holds no zero byte (mfa_password_new_check). */
int mfactl_password_hash(mfa_str_t password, mfa_buf_t *out);

/* What a flow asks: MFA_YES, MFA_NO, or MFA_UNKNOWN when crypt_r failed. */
mfa_tri_e mfactl_password_check(const mfa_hash_ask_t *ask);

#endif /* MFACTL_PASSWORD_H */
