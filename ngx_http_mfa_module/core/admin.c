/*
 * What each action of flow admin changes: one decision an action, one table.
 *
 * A decision reads admin->after (the account as it is now), notes its changes
 * there and in admin->changes, and answers DONE; when it notes nothing, nothing
 * is written.  It never sees the store.  To add an action: its decision, its
 * row.
 */

#include "core/flow_admin.h"
#include "core/password.h"
#include "core/provision.h"
#include "core/visible.h"

#include <string.h>

typedef struct {
    const char     *name;
    mfa_outcome_e (*decide)(mfa_flow_admin_t *admin);
    int             raise;                  /* void the account's sessions */
    const char     *event;                  /* NULL: the name */
} action_t;


static void
note(mfa_flow_admin_t *admin, mfa_account_field_e field, mfa_str_t text)
{
    mfa_change_t  *change;

    change = &admin->changes[admin->n_changes++];
    memset(change, 0, sizeof(mfa_change_t));
    change->field = field;
    change->text = text;
    admin->write = 1;
}


static void
note_number(mfa_flow_admin_t *admin, mfa_account_field_e field, int64_t number)
{
    note(admin, field, (mfa_str_t) { NULL, 0 });
    admin->changes[admin->n_changes - 1].number = number;
    admin->changes[admin->n_changes - 1].is_number = 1;
}


static void
note_absent(mfa_flow_admin_t *admin, mfa_account_field_e field)
{
    note(admin, field, (mfa_str_t) { NULL, 0 });
}


static void
note_present(mfa_flow_admin_t *admin, mfa_account_field_e field, mfa_str_t text)
{
    if (text.len) {
        note(admin, field, text);
    }
}


/* Sets or takes away a text, unless it is so already. */
static void
note_text(mfa_flow_admin_t *admin, mfa_account_field_e field, mfa_str_t *has,
    mfa_str_t text)
{
    if (!mfa_str_eq(*has, text)) {
        *has = text;
        note(admin, field, text);
    }
}


static void
set_deadline(mfa_flow_admin_t *admin)
{
    int64_t  grace;

    grace = admin->grace_sec < 0 ? admin->flow.env.portal->grace_sec
                                 : admin->grace_sec;

    admin->after.deadline = grace > 0 ? admin->flow.env.now + grace : 0;
    note_number(admin, MFA_ACCOUNT_DEADLINE, admin->after.deadline);
}


static int
not_ours_to_require(const mfa_flow_admin_t *admin, mfa_str_t directory)
{
    return directory.len && !admin->flow.env.portal->directory_mfa;
}


static mfa_outcome_e
decide_add(mfa_flow_admin_t *admin)
{
    int64_t           first;
    const mfa_env_t  *env;

    env = &admin->flow.env;
    admin->after.deadline = -1;

    if (admin->require && not_ours_to_require(admin, admin->directory)) {
        admin->why = MFA_WHY_DIRECTORY;
        return MFA_OUTCOME_FORBIDDEN;
    }

    if (mfa_provision_generation(env, &first) != 0) {
        return MFA_OUTCOME_UNAVAILABLE;
    }

    admin->after.login = admin->login;
    admin->after.generation = first;
    admin->after.email = admin->email;

    if (admin->invite && !mfa_admin_can_invite(env->portal, &admin->after)) {
        admin->why = MFA_WHY_NO_MAIL;
        return MFA_OUTCOME_FORBIDDEN;
    }

    note_number(admin, MFA_ACCOUNT_CREATED, env->now);
    note_number(admin, MFA_ACCOUNT_GENERATION, first);
    note_present(admin, MFA_ACCOUNT_EMAIL, admin->email);
    note_present(admin, MFA_ACCOUNT_NAME, admin->name);
    note_present(admin, MFA_ACCOUNT_ROLE, admin->role);
    note_present(admin, MFA_ACCOUNT_DIRECTORY, admin->directory);
    note_present(admin, MFA_ACCOUNT_PASSWORD, admin->password);

    admin->after.created = env->now;
    admin->after.name = admin->name;
    admin->after.role = admin->role;

    if (admin->disabled) {
        admin->after.disabled = 1;
        note_number(admin, MFA_ACCOUNT_DISABLED, 1);
    }

    if (admin->require) {
        admin->after.required = 1;
        note_number(admin, MFA_ACCOUNT_REQUIRED, 1);
    }

    if (mfa_policy_required(env->portal, &admin->after)) {
        set_deadline(admin);
    }

    return MFA_OUTCOME_DONE;
}


static mfa_outcome_e
decide_delete(mfa_flow_admin_t *admin)
{
    admin->after.deadline = -1;
    admin->write = 1;

    return MFA_OUTCOME_DONE;
}


static mfa_outcome_e
decide_disable(mfa_flow_admin_t *admin)
{
    if (!admin->after.disabled) {
        admin->after.disabled = 1;
        note_number(admin, MFA_ACCOUNT_DISABLED, 1);
    }

    return MFA_OUTCOME_DONE;
}


static mfa_outcome_e
decide_enable(mfa_flow_admin_t *admin)
{
    if (admin->after.disabled) {
        admin->after.disabled = 0;
        note_absent(admin, MFA_ACCOUNT_DISABLED);
    }

    return MFA_OUTCOME_DONE;
}


static mfa_outcome_e
decide_password(mfa_flow_admin_t *admin)
{
    note(admin, MFA_ACCOUNT_PASSWORD, admin->password);

    return MFA_OUTCOME_DONE;
}


static mfa_outcome_e
decide_require(mfa_flow_admin_t *admin)
{
    if (not_ours_to_require(admin, admin->after.directory)) {
        admin->why = MFA_WHY_DIRECTORY;
        return MFA_OUTCOME_FORBIDDEN;
    }

    if (!admin->after.required) {
        admin->after.required = 1;
        note_number(admin, MFA_ACCOUNT_REQUIRED, 1);
    }

    /* Off and on again must not buy time. */
    if (admin->after.deadline < 0) {
        set_deadline(admin);
    }

    return MFA_OUTCOME_DONE;
}


static mfa_outcome_e
decide_unrequire(mfa_flow_admin_t *admin)
{
    if (admin->after.required) {
        admin->after.required = 0;
        note_absent(admin, MFA_ACCOUNT_REQUIRED);
    }

    return MFA_OUTCOME_DONE;
}


/* Also the way out for an account whose factor is at odds with itself. */
static mfa_outcome_e
decide_reset(mfa_flow_admin_t *admin)
{
    const mfa_account_t  *account;

    account = &admin->after;

    if (!account->enrolled && account->secret_id.len == 0
        && account->secret.len == 0 && !account->fault)
    {
        admin->only_counters = 1;
        admin->write = admin->counters;
        admin->raise = 0;

        return MFA_OUTCOME_DONE;
    }

    admin->after.enrolled = 0;
    note_absent(admin, MFA_ACCOUNT_ENROLLED);
    note_absent(admin, MFA_ACCOUNT_SECRET_ID);
    note_absent(admin, MFA_ACCOUNT_SECRET);
    note_absent(admin, MFA_ACCOUNT_VALIDATED);
    note_number(admin, MFA_ACCOUNT_RESET, admin->flow.env.now);

    return MFA_OUTCOME_DONE;
}


/* The counters are no part of the account; whether there are any shows when
   they are cleared. */
static mfa_outcome_e
decide_unlock(mfa_flow_admin_t *admin)
{
    mfa_buf_t  told;

    admin->write = 1;
    admin->only_counters = 1;

    if (admin->unlocks) {
        mfa_buf_init(&told, admin->detail, sizeof(admin->detail));
        mfa_buf_int(&told, admin->unlocks);
        mfa_buf_cstr(&told, " of ");
        mfa_buf_int(&told, MFA_UNLOCK_MAX);
        mfa_buf_cstr(&told, " in 30 days");
        admin->detail_len = told.len;
    }

    return MFA_OUTCOME_DONE;
}


/* A deadline that nobody sees would lock an account at once when it is required
   later.  One that is earlier than what holds is no more time: somebody has
   counted from another day. */
static mfa_outcome_e
decide_extend(mfa_flow_admin_t *admin)
{
    int64_t  held;

    if (!mfa_policy_required(admin->flow.env.portal, &admin->after)) {
        admin->why = MFA_WHY_NOT_REQUIRED;
        return MFA_OUTCOME_FORBIDDEN;
    }

    held = admin->after.deadline;
    set_deadline(admin);

    if (held > 0 && admin->after.deadline < held) {
        admin->why = MFA_WHY_SHORTER;
        return MFA_OUTCOME_REFUSED;
    }

    return MFA_OUTCOME_DONE;
}


/* Only what was read when the password was right: another one may have been set
   since. */
static mfa_outcome_e
decide_rehash(mfa_flow_admin_t *admin)
{
    if (mfa_str_eq(admin->after.password, admin->hashed)) {
        note(admin, MFA_ACCOUNT_PASSWORD, admin->password);
    }

    return MFA_OUTCOME_DONE;
}


static mfa_outcome_e
decide_permissions(mfa_flow_admin_t *admin)
{
    return admin->require ? decide_require(admin) : decide_unrequire(admin);
}


/* Both roles stand in the audit. */
static mfa_outcome_e
decide_role(mfa_flow_admin_t *admin)
{
    mfa_buf_t    detail;
    const char  *was;

    was = mfa_role_name(mfa_role_find(admin->before.role));
    mfa_buf_init(&detail, admin->detail, sizeof(admin->detail));
    mfa_buf_cstr(&detail, was[0] ? was : "none");
    mfa_buf_cstr(&detail, " to ");
    mfa_buf_str(&detail, admin->role.len ? admin->role : mfa_lit("none"));
    admin->detail_len = detail.len;

    note_text(admin, MFA_ACCOUNT_ROLE, &admin->after.role, admin->role);

    return MFA_OUTCOME_DONE;
}


static mfa_outcome_e
decide_edit(mfa_flow_admin_t *admin)
{
    if (admin->edit_email) {
        note_text(admin, MFA_ACCOUNT_EMAIL, &admin->after.email, admin->email);
    }

    if (admin->edit_name) {
        note_text(admin, MFA_ACCOUNT_NAME, &admin->after.name, admin->name);
    }

    return MFA_OUTCOME_DONE;
}


/* All are void with a new generation, those half open and the trust in browsers
   with them; one is a record to remove. */
static mfa_outcome_e
decide_sessions_end(mfa_flow_admin_t *admin)
{
    admin->raise = admin->ref.len == 0;
    admin->write = admin->raise || admin->hash.len;

    return MFA_OUTCOME_DONE;
}


static mfa_outcome_e
decide_devices_end(mfa_flow_admin_t *admin)
{
    admin->write = admin->ref.len == 0 || admin->hash.len;

    return MFA_OUTCOME_DONE;
}


static mfa_outcome_e
decide_widget(mfa_flow_admin_t *admin)
{
    if (admin->widget == admin->after.widget_off) {
        admin->after.widget_off = !admin->widget;
        note(admin, MFA_ACCOUNT_WIDGET,
             admin->widget ? (mfa_str_t) { NULL, 0 } : mfa_lit("off"));
    }

    return MFA_OUTCOME_DONE;
}


static mfa_outcome_e
decide_resend(mfa_flow_admin_t *admin)
{
    int                  kind;
    const mfa_portal_t  *portal;

    portal = admin->flow.env.portal;
    kind = mfa_admin_mail_due(portal, &admin->after);

    if (kind < 0) {
        admin->why = MFA_WHY_NOTHING_DUE;
        return MFA_OUTCOME_FORBIDDEN;
    }

    if (!mfa_mail_goes(portal, &admin->after, (mfa_mail_e) kind)) {
        admin->why = MFA_WHY_NO_MAIL;
        return MFA_OUTCOME_FORBIDDEN;
    }

    admin->write = 1;

    return MFA_OUTCOME_DONE;
}


static const action_t  actions[] = {
    [MFA_ADMIN_ADD]       = { "add",       decide_add,       0, NULL },
    [MFA_ADMIN_DELETE]    = { "delete",    decide_delete,    0, NULL },
    /* Who is disabled is told so by an open session, and has none when enabled
       again. */
    [MFA_ADMIN_DISABLE]   = { "disable",   decide_disable,   0, NULL },
    [MFA_ADMIN_ENABLE]    = { "enable",    decide_enable,    1, NULL },
    [MFA_ADMIN_PASSWORD]  = { "password",  decide_password,  1, NULL },
    [MFA_ADMIN_REQUIRE]   = { "require",   decide_require,   0, NULL },
    [MFA_ADMIN_UNREQUIRE] = { "unrequire", decide_unrequire, 0, NULL },
    [MFA_ADMIN_RESET]     = { "reset",     decide_reset,     1, NULL },
    [MFA_ADMIN_UNLOCK]    = { "unlock",    decide_unlock,    0, NULL },
    [MFA_ADMIN_EXTEND]    = { "extend",    decide_extend,    0, NULL },
    [MFA_ADMIN_REHASH]    = { "rehash",    decide_rehash,    0, NULL },
    [MFA_ADMIN_PERMISSIONS]  = { "permissions", decide_permissions, 0, NULL },
    [MFA_ADMIN_ROLE]         = { "role", decide_role, 0, NULL },
    [MFA_ADMIN_EDIT]         = { "edit", decide_edit, 0, NULL },
    [MFA_ADMIN_SESSIONS_END] = { "end-sessions", decide_sessions_end, 0,
                                 "session-revoke" },
    [MFA_ADMIN_DEVICES_END]  = { "end-devices", decide_devices_end, 0,
                                 "device-revoke" },
    [MFA_ADMIN_WIDGET]       = { "widget", decide_widget, 0, NULL },
    [MFA_ADMIN_RESEND]       = { "resend", decide_resend, 0, NULL },
};

#define N_ACTIONS  (sizeof(actions) / sizeof(actions[0]))


/* An account's texts, as far as the action sets them. */
static int
texts_good(const mfa_flow_admin_t *admin)
{
    if (admin->email.len && !mfa_email_check(admin->email)) {
        return 0;
    }

    return admin->name.len <= MFA_NAME_MAX && mfa_visible(admin->name)
           && admin->directory.len <= MFA_DIRECTORY_MAX
           && mfa_visible(admin->directory)
           && (admin->role.len == 0
               || mfa_role_find(admin->role) != MFA_ROLE_NONE);
}


int
mfa_admin_check(const mfa_flow_admin_t *admin)
{
    if ((unsigned) admin->action >= N_ACTIONS || !mfa_login_check(admin->login)
        || admin->grace_sec > MFA_GRACE_MAX_SEC
        || admin->reason.len > MFA_ADMIN_REASON_MAX
        || !mfa_visible(admin->reason))
    {
        return 0;
    }

    switch (admin->action) {
    case MFA_ADMIN_ADD:
        return texts_good(admin)
               && (admin->password.len == 0
                   || (!admin->invite
                       && mfa_password_format_check(admin->password)));
    case MFA_ADMIN_PASSWORD:
    case MFA_ADMIN_REHASH:
        return mfa_password_format_check(admin->password);
    case MFA_ADMIN_EXTEND:
        return admin->reason.len > 0;
    case MFA_ADMIN_ROLE:
    case MFA_ADMIN_EDIT:
        return texts_good(admin);
    case MFA_ADMIN_SESSIONS_END:
    case MFA_ADMIN_DEVICES_END:
        return admin->ref.len == 0 || admin->ref.len == MFA_SESSION_SHORT;
    default:
        return 1;
    }
}


const char *
mfa_admin_password_check(const mfa_flow_admin_t *admin,
    const mfa_portal_t *portal, mfa_str_t password)
{
    mfa_account_t  account;

    memset(&account, 0, sizeof(account));
    account.login = admin->login;
    account.email = admin->email;
    account.name = admin->name;

    return mfa_password_new_check(password, portal, &account);
}


mfa_outcome_e
mfa_admin_decide(mfa_flow_admin_t *admin)
{
    admin->after = admin->before;
    admin->n_changes = 0;
    admin->write = 0;
    admin->raise = actions[admin->action].raise;
    admin->only_counters = 0;
    admin->detail_len = 0;
    admin->mail = -1;
    admin->mailed = 0;

    return actions[admin->action].decide(admin);
}


const char *
mfa_admin_event(const mfa_flow_admin_t *admin)
{
    if (admin->action == MFA_ADMIN_PERMISSIONS) {
        return admin->require ? "require" : "unrequire";
    }

    return actions[admin->action].event ? actions[admin->action].event
                                        : actions[admin->action].name;
}


const char *
mfa_admin_name(mfa_admin_e action)
{
    return (unsigned) action < N_ACTIONS ? actions[action].name : "";
}


int
mfa_admin_find(mfa_str_t name)
{
    size_t  i;

    for (i = 0; i < N_ACTIONS; i++) {
        if (mfa_str_is(name, actions[i].name)) {
            return (int) i;
        }
    }

    return -1;
}
