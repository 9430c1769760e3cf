/*
 * Trusted browsers in the store, see store.h.
 */

#include "core/store_key.h"


mfa_device_at_t
mfa_store_device_read(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t hash)
{
    mfa_device_at_t  at;

    mfa_op_begin(op, "ZSCORE");
    mfa_key_devices(op, portal, login);
    mfa_op_arg(op, hash);
    at.listed = mfa_op_at(op);

    mfa_op_begin(op, "GET");
    mfa_key_device(op, portal, hash);
    at.record = mfa_op_at(op);

    return at;
}


mfa_tri_e
mfa_store_device_decode(const mfa_op_t *op, const mfa_result_t *result,
    mfa_device_at_t at, mfa_str_t hash, mfa_device_t *device)
{
    mfa_str_t  listed, record;

    if (mfa_op_str(op, result, at.listed, &listed) != 0
        || mfa_op_str(op, result, at.record, &record) != 0)
    {
        return MFA_UNKNOWN;
    }

    if (listed.len == 0 || mfa_device_decode(device, record, hash) != 0) {
        return MFA_NO;
    }

    return MFA_YES;
}


static void
device_record(mfa_op_t *op, const mfa_device_t *device, mfa_str_t hash)
{
    size_t  from;

    from = op->bytes.len;
    mfa_device_encode(&op->bytes, device, hash);

    if (op->bytes.failed) {
        op->failed = 1;
    }

    mfa_op_arg(op, mfa_buf_since(&op->bytes, from));
}


void
mfa_store_device_write(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_device_t *device, int64_t usec, mfa_str_t hash)
{
    mfa_op_begin(op, "ZREMRANGEBYSCORE");
    mfa_key_devices(op, portal, device->login);
    mfa_op_word(op, "-inf");
    mfa_op_moment(op, device->seen - MFA_REMEMBER_MAX_SEC, 0);

    mfa_op_begin(op, "ZADD");
    mfa_key_devices(op, portal, device->login);
    mfa_op_moment(op, device->seen, usec);
    mfa_op_arg(op, hash);

    mfa_op_begin(op, "ZREMRANGEBYRANK");
    mfa_key_devices(op, portal, device->login);
    mfa_op_number(op, 0);
    mfa_op_number(op, -MFA_DEVICES_MAX - 1);

    mfa_op_begin(op, "EXPIRE");
    mfa_key_devices(op, portal, device->login);
    mfa_op_number(op, MFA_REMEMBER_MAX_SEC);

    mfa_op_begin(op, "SET");
    mfa_key_device(op, portal, hash);
    device_record(op, device, hash);
    mfa_op_word(op, "EX");
    mfa_op_number(op, device->expires - device->seen);
}


void
mfa_store_device_save(mfa_op_t *op, const mfa_portal_t *portal,
    const mfa_device_t *device, mfa_str_t hash, int64_t now)
{
    mfa_op_begin(op, "SET");
    mfa_key_device(op, portal, hash);
    device_record(op, device, hash);
    mfa_op_word(op, "XX");
    mfa_op_word(op, "EX");
    mfa_op_number(op, device->expires > now ? device->expires - now : 1);
}


mfa_at_t
mfa_store_device_end(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login, mfa_str_t hash)
{
    mfa_op_begin(op, "ZREM");
    mfa_key_devices(op, portal, login);
    mfa_op_arg(op, hash);

    mfa_op_begin(op, "UNLINK");
    mfa_key_device(op, portal, hash);

    return mfa_op_at(op);
}


/* Without the index no record is worth anything; they end by themselves. */
void
mfa_store_device_end_all(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login)
{
    mfa_op_begin(op, "DEL");
    mfa_key_devices(op, portal, login);
}


mfa_at_t
mfa_store_device_list(mfa_op_t *op, const mfa_portal_t *portal,
    mfa_str_t login)
{
    mfa_op_begin(op, "ZRANGE");
    mfa_key_devices(op, portal, login);
    mfa_op_number(op, 0);
    mfa_op_number(op, -1);

    return mfa_op_at(op);
}
