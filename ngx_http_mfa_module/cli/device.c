/*
 * mfactl device: listing the browsers an account trusts, and ending that.
 */

#include "cli/entry.h"

#include <time.h>


static json_t *
describe(const mfa_device_t *device, mfa_str_t hash)
{
    json_t  *object;

    object = mfactl_print_need(json_object());

    json_object_set_new(object, "id", mfactl_print_text(mfa_session_short(hash)));
    json_object_set_new(object, "trusted", mfactl_print_time(device->created));
    json_object_set_new(object, "until", mfactl_print_time(device->expires));
    json_object_set_new(object, "seen", mfactl_print_time(device->seen));
    json_object_set_new(object, "agent", mfactl_print_text(device->agent));

    return object;
}


/* Those that would still stand in for a code. */
static int
read_some(mfactl_t *ctl, const mfa_account_t *account, const mfa_reply_t *hash,
    size_t n, json_t *rows)
{
    size_t           i;
    mfa_op_t         op;
    mfa_tri_e        found;
    mfa_result_t     result;
    mfa_device_t     device;
    mfa_device_at_t  at[MFACTL_ENTRY_SOME];

    mfa_op_reset(&op);

    for (i = 0; i < n; i++) {
        at[i] = mfa_store_device_read(&op, ctl->portal, account->login,
                                      hash[i].str);
    }

    result = mfactl_drive_op(&ctl->drive, &op);

    for (i = 0; i < n; i++) {
        found = mfa_store_device_decode(&op, &result, at[i], hash[i].str,
                                        &device);
        if (found == MFA_UNKNOWN) {
            return -1;
        }

        if (found == MFA_YES
            && mfa_device_good(&device, ctl->portal, account,
                               (int64_t) time(NULL)))
        {
            json_array_append_new(rows, describe(&device, hash[i].str));
        }
    }

    return 0;
}


static const mfactl_column_t  columns[] = {
    { "id", "ID" }, { "trusted", "TRUSTED" }, { "until", "UNTIL" },
    { "seen", "SEEN" }, { "agent", "AGENT" }, { NULL, NULL }
};

static const mfactl_entry_t  devices = {
    "trusted browser", "devices", "device-revoke", columns,
    mfa_store_device_list, mfa_store_device_end, read_some
};


int
mfactl_device_list(mfactl_t *ctl)
{
    return mfactl_entry_list(ctl, &devices);
}


int
mfactl_device_revoke(mfactl_t *ctl)
{
    return mfactl_entry_revoke(ctl, &devices);
}
