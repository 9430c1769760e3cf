/*
 * Attempts in the store, see store.h: counters that are charged before anything
 * is looked at.
 */

#include "core/store_key.h"


void
mfa_store_charge(mfa_op_t *op, mfa_charge_t *charge,
    const mfa_portal_t *portal, mfa_str_t login, mfa_str_t net)
{
    charge->known = -1;

    if (charge->kind == MFA_CHARGE_ACCOUNT) {
        charge->known = mfa_store_known_net_ask(op, portal, login, net);
    }

    /* Window and count in one transaction: a counter without an end could
       lock somebody out for ever. */
    mfa_op_multi(op);

    mfa_op_begin(op, "SET");
    mfa_key_fail(op, charge->kind, portal, login, net);
    mfa_op_number(op, 0);
    mfa_op_word(op, "NX");
    mfa_op_word(op, "EX");
    mfa_op_number(op, charge->limit.window_sec);

    mfa_op_begin(op, "INCR");
    mfa_key_fail(op, charge->kind, portal, login, net);
    charge->count = mfa_op_at(op);

    mfa_op_begin(op, "TTL");
    mfa_key_fail(op, charge->kind, portal, login, net);
    charge->ttl = mfa_op_at(op);

    mfa_op_exec(op);
}


mfa_charged_t
mfa_store_charge_result(const mfa_op_t *op, const mfa_result_t *result,
    const mfa_charge_t *charges, size_t n)
{
    size_t         i;
    int64_t        count, ttl, known;
    mfa_charged_t  charged;

    charged = (mfa_charged_t) { MFA_YES, 0, 0 };

    for (i = 0; i < n; i++) {
        if (mfa_op_int(op, result, charges[i].count, &count) != 0
            || mfa_op_int(op, result, charges[i].ttl, &ttl) != 0)
        {
            return (mfa_charged_t) { MFA_UNKNOWN, 0, 0 };
        }

        if (count <= charges[i].limit.n) {
            continue;
        }

        if (charges[i].known >= 0) {
            if (mfa_op_int(op, result, charges[i].known, &known) != 0) {
                return (mfa_charged_t) { MFA_UNKNOWN, 0, 0 };
            }

            if (known) {
                continue;
            }
        }

        charged.within = MFA_NO;
        charged.first |= count == charges[i].limit.n + 1;

        if (ttl > charged.retry_after) {
            charged.retry_after = ttl;
        }
    }

    return charged;
}


mfa_at_t
mfa_store_charge_there(mfa_op_t *op, mfa_charge_e kind,
    const mfa_portal_t *portal, mfa_str_t login)
{
    mfa_op_begin(op, "EXISTS");
    mfa_key_fail(op, kind, portal, login, (mfa_str_t) { NULL, 0 });

    return mfa_op_at(op);
}


void
mfa_store_charge_clear(mfa_op_t *op, mfa_charge_e kind,
    const mfa_portal_t *portal, mfa_str_t login, mfa_str_t net)
{
    mfa_op_begin(op, "UNLINK");
    mfa_key_fail(op, kind, portal, login, net);
}


void
mfa_store_charge_refund(mfa_op_t *op, mfa_charge_e kind, int64_t window_sec,
    const mfa_portal_t *portal, mfa_str_t login, mfa_str_t net)
{
    mfa_op_multi(op);

    mfa_op_begin(op, "SET");
    mfa_key_fail(op, kind, portal, login, net);
    mfa_op_number(op, 0);
    mfa_op_word(op, "NX");
    mfa_op_word(op, "EX");
    mfa_op_number(op, window_sec);

    mfa_op_begin(op, "DECR");
    mfa_key_fail(op, kind, portal, login, net);

    mfa_op_exec(op);
}


void
mfa_store_known_net(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t net)
{
    mfa_op_begin(op, "SET");
    mfa_key_known(op, portal, login, net);
    mfa_op_number(op, 1);
    mfa_op_word(op, "EX");
    mfa_op_number(op, MFA_KNOWN_NET_SEC);
}


mfa_at_t
mfa_store_known_net_ask(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t net)
{
    mfa_op_begin(op, "EXISTS");
    mfa_key_known(op, portal, login, net);

    return mfa_op_at(op);
}
