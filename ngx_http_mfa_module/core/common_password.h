/*
 * Passwords that are tried first by whoever guesses: a table of the most common
 * ones, what can be known of the account, and what fingers do by themselves.
 * Only whole values are refused; there are no rules of composition (security 9).
 */

#ifndef MFA_COMMON_PASSWORD_H
#define MFA_COMMON_PASSWORD_H

#include "core/account.h"
#include "core/portal.h"

/*
 * Whether a new password is too easy a guess: it is in the table, is the
 * account's login, the part of its e-mail address before the '@' or its name, the
 * portal's brand or issuer; a few characters repeated; or a run along the
 * alphabet, the digits or a row of the keyboard, either way.  The case of ASCII
 * letters does not count.
 */
int mfa_common_password(mfa_str_t password, const mfa_portal_t *portal,
    const mfa_account_t *account);

/* The table, for its test: its i-th word in order, NULL behind the last. */
const char *mfa_common_password_at(size_t i);

#endif /* MFA_COMMON_PASSWORD_H */
