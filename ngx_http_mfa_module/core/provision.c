/*
 * Accounts made at their first login, see provision.h.  What an admin adds is in
 * admin.c; both begin with a generation from here.
 */

#include "core/provision.h"
#include "core/store_list.h"

#include <string.h>

/* The low bits of a new account's generation. */
#define GENERATION_NOISE_BITS  20


/*
 * The sessions of a deleted namesake would be valid again otherwise.  The time
 * alone would not do: an account can be deleted and made anew within a second.
 */
int
mfa_provision_generation(const mfa_env_t *env, int64_t *generation)
{
    uint8_t  noise[3];

    if (env->random(noise, sizeof(noise)) != 0) {
        return -1;
    }

    *generation = env->now << GENERATION_NOISE_BITS
                  | ((noise[0] << 16 | noise[1] << 8 | noise[2])
                     & ((1 << GENERATION_NOISE_BITS) - 1));

    return 0;
}


/* What the portal requires of everybody begins to run now, as for an account
   that an admin adds. */
static void
deadline_begin(const mfa_env_t *env, mfa_account_t *account)
{
    account->deadline = -1;

    if (mfa_policy_required(env->portal, account)) {
        account->deadline = env->portal->grace_sec > 0
                            ? env->now + env->portal->grace_sec : 0;
    }
}


static size_t
note(mfa_change_t *change, mfa_account_field_e field, int64_t number)
{
    memset(change, 0, sizeof(mfa_change_t));
    change->field = field;
    change->number = number;
    change->is_number = 1;

    return 1;
}


int
mfa_provision_add(mfa_flow_t *flow, mfa_str_t login, mfa_account_t *account)
{
    size_t            n;
    mfa_op_t         *op;
    mfa_audit_t       audit;
    mfa_change_t      changes[3];
    mfa_search_t      none, words;
    const mfa_env_t  *env;

    op = &flow->op;
    env = &flow->env;

    memset(account, 0, sizeof(mfa_account_t));
    account->login = login;
    account->created = env->now;
    account->version = 1;

    if (mfa_provision_generation(env, &account->generation) != 0) {
        return -1;
    }

    deadline_begin(env, account);

    n = note(&changes[0], MFA_ACCOUNT_CREATED, account->created);
    n += note(&changes[1], MFA_ACCOUNT_GENERATION, account->generation);

    if (account->deadline >= 0) {
        n += note(&changes[2], MFA_ACCOUNT_DEADLINE, account->deadline);
    }

    none.n = 0;
    mfa_search_entries(&words, login, account->email, account->name);
    audit = mfa_flow_audit(flow, "add", "ok", "first login", login);

    mfa_op_multi(op);
    /* Fields may be left over without an account. */
    mfa_store_account_delete(op, env->portal, login);
    mfa_store_account_change(op, env->portal, login, changes, n, 0);
    mfa_store_account_index(op, env->portal, login,
                            mfa_policy_required(env->portal, account), 0,
                            account->deadline);
    mfa_store_indexed_set(op, env->portal, 1);
    mfa_store_search_change(op, env->portal, &none, &words);
    mfa_store_audit(op, env->portal, &audit);
    mfa_op_exec(op);

    return 0;
}
