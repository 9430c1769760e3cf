/*
 * The table of rights, see right.h.  To change what a role may, change its row
 * here and in t/unit/test_right.c, nothing else.
 */

#include "core/right.h"

/* Over accounts: how far a role's hands reach. */
typedef enum {
    NONE = 0,
    LOOKS,                                  /* sees them */
    HELPS,                                  /* and resets, unlocks, extends */
    BUT_OWNERS,                             /* all, except of administrators
                                               with billing */
    ALL
} reach_e;

typedef struct {
    unsigned  home:1;
    unsigned  widget:1;
    unsigned  widget_act:1;
    unsigned  audit:1;
    unsigned  tokens:1;
    unsigned  billing:1;                    /* none of the console's business,
                                               but not to be given away by who
                                               has it not */
    reach_e   users;
    reach_e   admins;
} row_t;

/* home widget act audit tokens billing, users, admins */
static const row_t  table[MFA_ROLE_N] = {
    [MFA_ROLE_NONE]                        = { 0, 0, 0, 0, 0, 0, NONE,  NONE },
    [MFA_ROLE_ADMINISTRATOR_WITH_BILLING]  = { 1, 1, 1, 1, 1, 1, ALL,   ALL },
    [MFA_ROLE_ADMINISTRATOR]               = { 1, 1, 0, 1, 1, 0, ALL,
                                               BUT_OWNERS },
    [MFA_ROLE_MANAGER]                     = { 1, 1, 0, 1, 0, 0, ALL,   LOOKS },
    [MFA_ROLE_HELP_DESK]                   = { 1, 1, 0, 1, 0, 0, HELPS, LOOKS },
    [MFA_ROLE_READ_ONLY]                   = { 1, 1, 0, 1, 0, 0, LOOKS, LOOKS },
    [MFA_ROLE_BILLING_ONLY]                = { 0, 0, 0, 0, 0, 1, NONE,  NONE },
    [MFA_ROLE_COMMAND_RUNNER]              = { 1, 0, 0, 0, 0, 0, NONE,  NONE },
    [MFA_ROLE_COMMAND_RUNNER_WITH_BILLING] = { 1, 0, 0, 0, 0, 1, NONE,  NONE },
};


static const row_t *
row_of(mfa_role_e role)
{
    return &table[(unsigned) role < MFA_ROLE_N ? role : MFA_ROLE_NONE];
}


/* How far one must reach for this. */
static reach_e
reach_needed(mfa_right_e right)
{
    switch (right) {
    case MFA_RIGHT_LOOK:
        return LOOKS;
    case MFA_RIGHT_RESET:
    case MFA_RIGHT_UNLOCK:
    case MFA_RIGHT_EXTEND:
        return HELPS;
    case MFA_RIGHT_REQUIRE:
    case MFA_RIGHT_RESEND:
    case MFA_RIGHT_SESSIONS:
    case MFA_RIGHT_ACCOUNT:
        return BUT_OWNERS;
    default:
        return NONE;
    }
}


static int
may_at_all(const row_t *row, mfa_right_e right)
{
    switch (right) {
    case MFA_RIGHT_HOME:
        return row->home;
    case MFA_RIGHT_WIDGET:
    case MFA_RIGHT_SETTINGS:
        return row->widget;
    case MFA_RIGHT_WIDGET_ACT:
        return row->widget_act;
    case MFA_RIGHT_AUDIT:
        return row->audit;
    case MFA_RIGHT_TOKENS:
        return row->tokens;
    default:
        return 0;
    }
}


static int
may_reach(const row_t *row, mfa_right_e right, mfa_target_e target,
    mfa_role_e of)
{
    reach_e  needed, has;

    needed = reach_needed(right);
    has = target == MFA_TARGET_USER ? row->users
          : target == MFA_TARGET_ADMIN ? row->admins : NONE;

    if (needed == NONE || has < needed) {
        return 0;
    }

    /* Whoever looks, looks at all of them. */
    return has != BUT_OWNERS || needed == LOOKS
           || of != MFA_ROLE_ADMINISTRATOR_WITH_BILLING;
}


int
mfa_role_within(mfa_role_e role, mfa_role_e other)
{
    const row_t  *a, *b;

    a = row_of(role);
    b = row_of(other);

    return a->home <= b->home && a->widget <= b->widget
           && a->widget_act <= b->widget_act && a->audit <= b->audit
           && a->tokens <= b->tokens && a->billing <= b->billing
           && a->users <= b->users && a->admins <= b->admins;
}


int
mfa_may(mfa_role_e actor, mfa_right_e right, mfa_target_e target,
    mfa_role_e of, mfa_role_e given)
{
    const row_t  *row;

    row = row_of(actor);

    if (!(target == MFA_TARGET_NONE ? may_at_all(row, right)
                                    : may_reach(row, right, target, of)))
    {
        return 0;
    }

    return given == MFA_ROLE_NONE || mfa_role_within(given, actor);
}


mfa_target_e
mfa_target_kind(const mfa_portal_t *actor_portal, const mfa_portal_t *portal,
    mfa_str_t role)
{
    return role.len || mfa_str_eq(actor_portal->name, portal->name)
           ? MFA_TARGET_ADMIN : MFA_TARGET_USER;
}


mfa_role_e
mfa_right_role(const mfa_portal_t *portal, const mfa_account_t *account,
    int64_t now)
{
    if (account->disabled || account->fault
        || mfa_policy_grace_left(portal, account, now) == 0)
    {
        return MFA_ROLE_NONE;
    }

    return mfa_role_find(account->role);
}


mfa_proof_e
mfa_right_proof(const mfa_portal_t *portal, const mfa_session_t *session,
    const mfa_account_t *account, int64_t now)
{
    if (session == NULL || account == NULL || session->level == MFA_LEVEL_NONE
        || account->disabled || account->fault
        || session->generation != account->generation
        || !mfa_str_eq(session->login, account->login))
    {
        return MFA_PROOF_NONE;
    }

    if (account->enrolled) {
        return session->level == MFA_LEVEL_MFA && session->code_at > 0
               && now - session->code_at <= MFA_PROOF_SEC
               ? MFA_PROOF_GOOD : MFA_PROOF_CODE;
    }

    if (portal->first == MFA_FIRST_IDENTITY) {
        return MFA_PROOF_ENROL;
    }

    return session->password_at > 0
           && now - session->password_at <= MFA_PROOF_SEC
           ? MFA_PROOF_GOOD : MFA_PROOF_PASSWORD;
}


const char *
mfa_proof_name(mfa_proof_e proof)
{
    switch (proof) {
    case MFA_PROOF_CODE:
        return "code";
    case MFA_PROOF_PASSWORD:
        return "password";
    case MFA_PROOF_ENROL:
        return "enrol";
    case MFA_PROOF_GOOD:
        return "good";
    default:
        return "none";
    }
}
