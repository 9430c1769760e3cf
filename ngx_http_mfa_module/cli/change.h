/*
 * Changes of accounts: flow admin for one login after the other, and what to
 * say of each.  What account.c and mfa.c have in common.
 */

#ifndef MFACTL_CHANGE_H
#define MFACTL_CHANGE_H

#include "cli/mfactl.h"
#include "core/flow_admin.h"

/* A span given with --grace: 0 and *sec, which stays as it is without the
   option; or -1, said. */
int mfactl_change_grace(const mfactl_t *ctl, int64_t *sec);

/*
 * The canonical form of the logins in ctl->args[0 .. n_args), into memory of
 * the configuration; all of them before anything is changed.  NULL when one is
 * none, said.
 */
mfa_str_t *mfactl_change_logins(mfactl_t *ctl);

/*
 * Carries out what admin says (action and the rest set by the caller) for each
 * of the command's logins, prints a line for each, returns the exit status.
 */
int mfactl_change(mfactl_t *ctl, const mfa_flow_admin_t *admin);

/* Who is changing: "mfactl:" and the name of the user. */
mfa_str_t mfactl_change_actor(mfactl_t *ctl);

/* Randomness for flows. */
int mfactl_change_random(uint8_t *buf, size_t len);

#endif /* MFACTL_CHANGE_H */
