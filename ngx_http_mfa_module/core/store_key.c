/*
 * The names of keys: the only file that spells them.  To add a key: a function
 * here, its row in the table of store.h, and README's table.
 */

#include "core/store_key.h"


void
mfa_key_schema(mfa_op_t *op)
{
    mfa_op_word(op, "mfa:schema");
}


void
mfa_key_account(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t login)
{
    mfa_str_t  parts[] = {
        mfa_lit("mfa:{"), portal->name, mfa_lit("}:account:"), login
    };

    mfa_op_joined(op, parts, 4);
}


void
mfa_key_sessions(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t login)
{
    mfa_str_t  parts[] = {
        mfa_lit("mfa:{"), portal->name, mfa_lit("}:sessions:"), login
    };

    mfa_op_joined(op, parts, 4);
}


void
mfa_key_portal(mfa_op_t *op, const mfa_portal_t *portal, const char *what)
{
    mfa_str_t  parts[] = {
        mfa_lit("mfa:{"), portal->name, mfa_lit("}:"), mfa_str_from(what)
    };

    mfa_op_joined(op, parts, 4);
}


void
mfa_key_session(mfa_op_t *op, mfa_str_t hash)
{
    mfa_str_t  parts[] = { mfa_lit("mfa:session:"), hash };

    mfa_op_joined(op, parts, 2);
}


void
mfa_key_devices(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t login)
{
    mfa_str_t  parts[] = {
        mfa_lit("mfa:{"), portal->name, mfa_lit("}:devices:"), login
    };

    mfa_op_joined(op, parts, 4);
}


void
mfa_key_device(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t hash)
{
    mfa_str_t  parts[] = {
        mfa_lit("mfa:{"), portal->name, mfa_lit("}:device:"), hash
    };

    mfa_op_joined(op, parts, 4);
}


void
mfa_key_token(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t hash)
{
    mfa_str_t  parts[] = {
        mfa_lit("mfa:{"), portal->name, mfa_lit("}:token:"), hash
    };

    mfa_op_joined(op, parts, 4);
}


void
mfa_key_pending_token(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t hash)
{
    mfa_str_t  parts[] = {
        mfa_lit("mfa:{"), portal->name, mfa_lit("}:pending-token:"), hash
    };

    mfa_op_joined(op, parts, 4);
}


void
mfa_key_newest_token(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t login)
{
    mfa_str_t  parts[] = {
        mfa_lit("mfa:{"), portal->name, mfa_lit("}:newest-token:"), login
    };

    mfa_op_joined(op, parts, 4);
}


void
mfa_key_recovery(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t login)
{
    mfa_str_t  parts[] = {
        mfa_lit("mfa:{"), portal->name, mfa_lit("}:recovery:"), login
    };

    mfa_op_joined(op, parts, 4);
}


void
mfa_key_recovery_new(mfa_op_t *op, mfa_str_t hash)
{
    mfa_str_t  parts[] = { mfa_lit("mfa:recovery:"), hash };

    mfa_op_joined(op, parts, 2);
}


void
mfa_key_enrolment(mfa_op_t *op, mfa_str_t hash)
{
    mfa_str_t  parts[] = { mfa_lit("mfa:enrolment:"), hash };

    mfa_op_joined(op, parts, 2);
}


void
mfa_key_known(mfa_op_t *op, const mfa_portal_t *portal, mfa_str_t login,
    mfa_str_t net)
{
    mfa_str_t  parts[] = {
        mfa_lit("mfa:known:"), portal->name, mfa_lit(":"), login,
        mfa_lit(":"), net
    };

    mfa_op_joined(op, parts, 6);
}


void
mfa_key_fail(mfa_op_t *op, mfa_charge_e kind, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t net)
{
    size_t     n;
    mfa_str_t  parts[8];

    static const char *const  names[] = {
        "address", "password", "account", "code", "code-run", "mail",
        "unlock"
    };

    n = 0;
    parts[n++] = mfa_lit("mfa:fail:");
    parts[n++] = mfa_str_from(names[kind]);

    parts[n++] = mfa_lit(":");
    parts[n++] = portal->name;

    if (kind != MFA_CHARGE_ADDRESS) {
        parts[n++] = mfa_lit(":");
        parts[n++] = login;
    }

    if (kind == MFA_CHARGE_ADDRESS || kind == MFA_CHARGE_PASSWORD) {
        parts[n++] = mfa_lit(":");
        parts[n++] = net;
    }

    mfa_op_joined(op, parts, n);
}
