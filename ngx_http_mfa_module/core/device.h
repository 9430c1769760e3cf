/*
 * A trusted browser: after a code its owner asked for no more codes in it.  The
 * browser keeps a random token, the store a record under the token's hash, one
 * line of text that names that hash, the account, its generation and its key:
 * whatever changes one of them ends the trust.
 *
 * It stands in for the code of a login, never for the password, and it is as old
 * as the code it was given for.
 */

#ifndef MFA_DEVICE_H
#define MFA_DEVICE_H

#include "core/account.h"
#include "core/portal.h"

#define MFA_DEVICE_RECORD_MAX  512          /* bytes of a record */
#define MFA_DEVICE_AGENT_MAX   96           /* bytes kept of a user agent */
#define MFA_DEVICES_MAX        10           /* of an account; the oldest goes */

typedef struct {
    mfa_str_t  portal;
    mfa_str_t  login;
    mfa_str_t  secret_id;                   /* the key whose code it was */
    int64_t    generation;                  /* the account's at that time */
    int64_t    created;                     /* all times: Unix seconds */
    int64_t    expires;
    int64_t    seen;                        /* last login with it */
    int64_t    code_at;                     /* when that code was given */
    mfa_str_t  agent;
} mfa_device_t;

/* Appends the record of device for the token hash given. */
void mfa_device_encode(mfa_buf_t *out, const mfa_device_t *device,
    mfa_str_t hash);

/*
 * Reads a record; the device's views point into it.  0, or -1 when it is not a
 * record or was not made for this hash (then *device is zeroed).
 */
int mfa_device_decode(mfa_device_t *device, mfa_str_t record, mfa_str_t hash);

/* Whether a device of the store stands in for a code of account, now. */
int mfa_device_good(const mfa_device_t *device, const mfa_portal_t *portal,
    const mfa_account_t *account, int64_t now);

#endif /* MFA_DEVICE_H */
