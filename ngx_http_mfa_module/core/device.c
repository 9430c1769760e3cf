/*
 * The record of a trusted browser: tab-separated fields behind a format number.
 *
 *   1 hash portal login secret_id generation created expires seen code_at agent
 */

#include "core/device.h"
#include "core/record.h"

#include <string.h>


enum {
    FORMAT, HASH, PORTAL, LOGIN, SECRET_ID, GENERATION, CREATED, EXPIRES, SEEN,
    CODE_AT, AGENT, N_FIELDS
};


void
mfa_device_encode(mfa_buf_t *out, const mfa_device_t *device, mfa_str_t hash)
{
    mfa_buf_cstr(out, "1");
    mfa_record_str(out, hash);
    mfa_record_str(out, device->portal);
    mfa_record_str(out, device->login);
    mfa_record_str(out, device->secret_id);
    mfa_record_number(out, device->generation);
    mfa_record_number(out, device->created);
    mfa_record_number(out, device->expires);
    mfa_record_number(out, device->seen);
    mfa_record_number(out, device->code_at);
    mfa_record_cleaned(out, device->agent, MFA_DEVICE_AGENT_MAX);
}


int
mfa_device_decode(mfa_device_t *device, mfa_str_t record, mfa_str_t hash)
{
    int64_t    n[N_FIELDS];
    mfa_str_t  f[N_FIELDS];

    memset(device, 0, sizeof(mfa_device_t));

    if (record.len > MFA_DEVICE_RECORD_MAX
        || mfa_record_split(record, f, N_FIELDS) != 0
        || !mfa_str_is(f[FORMAT], "1") || !mfa_str_eq(f[HASH], hash)
        || f[PORTAL].len == 0 || !mfa_login_check(f[LOGIN])
        || f[SECRET_ID].len == 0
        || mfa_record_numbers(&f[GENERATION], &n[GENERATION],
                              CODE_AT - GENERATION + 1) != 0)
    {
        return -1;
    }

    device->portal = f[PORTAL];
    device->login = f[LOGIN];
    device->secret_id = f[SECRET_ID];
    device->generation = n[GENERATION];
    device->created = n[CREATED];
    device->expires = n[EXPIRES];
    device->seen = n[SEEN];
    device->code_at = n[CODE_AT];
    device->agent = f[AGENT];

    return 0;
}


/* Times are those of the record and of the portal as it is now: a shorter span
   acts on browsers that are trusted already. */
int
mfa_device_good(const mfa_device_t *device, const mfa_portal_t *portal,
    const mfa_account_t *account, int64_t now)
{
    return now < device->expires
           && now < device->created + portal->remember_sec
           && device->code_at > 0
           && mfa_str_eq(device->portal, portal->name)
           && mfa_str_eq(device->login, account->login)
           && account->enrolled && !account->fault && !account->disabled
           && device->generation == account->generation
           && mfa_str_eq(device->secret_id, account->secret_id);
}
