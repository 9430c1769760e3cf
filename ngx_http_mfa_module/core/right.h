/*
 * Rights: what a role of the admin portal may.  One table, in right.c; pages and
 * API ask it for what they show, flow admin asks it again, with the account of
 * who acts as it is then, before anything is written.  What is not in the table
 * nobody may, and who has no role may nothing.
 */

#ifndef MFA_RIGHT_H
#define MFA_RIGHT_H

#include "core/policy.h"
#include "core/role.h"

#define MFA_PROOF_SEC  600                  /* how old a proof may be: write */

/* What is to be done.  The first ones are about no account. */
typedef enum {
    MFA_RIGHT_NONE = 0,                     /* nobody may */
    MFA_RIGHT_HOME,                         /* the home page, with its counts */
    MFA_RIGHT_WIDGET,                       /* "Admins Without MFA Required" */
    MFA_RIGHT_WIDGET_ACT,                   /* bulk on that list */
    MFA_RIGHT_SETTINGS,                     /* the widget, for oneself */
    MFA_RIGHT_AUDIT,                        /* the audit page */
    MFA_RIGHT_TOKENS,                       /* API tokens: see, make, revoke */
    /* These are about an account. */
    MFA_RIGHT_LOOK,                         /* list, details, its audit */
    MFA_RIGHT_REQUIRE,                      /* require, unrequire */
    MFA_RIGHT_RESET,
    MFA_RIGHT_UNLOCK,
    MFA_RIGHT_EXTEND,
    MFA_RIGHT_RESEND,                       /* the mail about its factor */
    MFA_RIGHT_SESSIONS,                     /* end sessions, trusted browsers */
    MFA_RIGHT_ACCOUNT,                      /* add, delete, disable, edit,
                                               password, and its role */
    MFA_RIGHT_N
} mfa_right_e;

/* Whose account it is. */
typedef enum {
    MFA_TARGET_NONE = 0,                    /* no account */
    MFA_TARGET_USER,                        /* of a portal that is guarded */
    MFA_TARGET_ADMIN                        /* of the portal admins log in to */
} mfa_target_e;

/*
 * Whether actor may.  target is MFA_TARGET_NONE exactly for rights about no
 * account; of is the target's role (MFA_ROLE_NONE: it has none), given the role
 * that is to be given it (ADD, ROLE; a token's; MFA_ROLE_NONE: none is).  Nobody
 * gives a role with a right of which he has not all himself; billing is a right.
 */
int mfa_may(mfa_role_e actor, mfa_right_e right, mfa_target_e target,
    mfa_role_e of, mfa_role_e given);

/* Whether all that role may, and its billing, is also other's: giving other's
   holder this role is no gain. */
int mfa_role_within(mfa_role_e role, mfa_role_e other);

/*
 * The kind of an account for mfa_may: actor_portal is the one the console's
 * admins log in to.  An account with a role is an admin's, wherever it is.
 */
mfa_target_e mfa_target_kind(const mfa_portal_t *actor_portal,
    const mfa_portal_t *portal, mfa_str_t role);

/*
 * The role that counts of who acts: that of the account, or MFA_ROLE_NONE when
 * it is disabled, at odds, locked out or due for enrolment.
 */
mfa_role_e mfa_right_role(const mfa_portal_t *portal,
    const mfa_account_t *account, int64_t now);


typedef enum {
    MFA_PROOF_NONE = 0,                     /* no session to speak of: refuse */
    MFA_PROOF_CODE,                         /* a code is due */
    MFA_PROOF_PASSWORD,                     /* the password is due */
    MFA_PROOF_ENROL,                        /* a factor must be set up first */
    MFA_PROOF_GOOD
} mfa_proof_e;

/*
 * Whether who has this session may write: with a factor the last code, without
 * one the last password must not be older than MFA_PROOF_SEC.  Where nginx says
 * who it is (first_factor identity=) nobody types a password: without a factor
 * nothing shows that it is he who asks now, so one is due.  Session and account
 * are those the gate of the portal let in.  Tokens of the API are proof
 * themselves.
 */
mfa_proof_e mfa_right_proof(const mfa_portal_t *portal,
    const mfa_session_t *session, const mfa_account_t *account, int64_t now);

/* "none", "code", "password", "enrol", "good". */
const char *mfa_proof_name(mfa_proof_e proof);

#endif /* MFA_RIGHT_H */
