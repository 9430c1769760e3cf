/*
 * mfactl: what its commands share.  A command is a function of mfactl_t that
 * returns an exit status.  It finds the configuration read, its portal looked
 * up, and the drive ready to connect when it first asks something.
 */

#ifndef MFACTL_H
#define MFACTL_H

#include "cli/conf.h"
#include "cli/drive.h"
#include "cli/options.h"

/* Exit statuses, the same for every command. */
#define MFACTL_DONE         0
#define MFACTL_REFUSED      1               /* or not found */
#define MFACTL_USAGE        2               /* arguments or configuration */
#define MFACTL_UNAVAILABLE  3               /* the store */

typedef struct {
    mfactl_options_t     options;
    mfactl_conf_t        conf;
    mfactl_drive_t       drive;
    const mfa_portal_t  *portal;            /* when the command takes one */
    char               **args;              /* behind command and portal */
    int                  n_args;
    int                  json;
} mfactl_t;

int mfactl_keys_new(mfactl_t *ctl);
int mfactl_keys_list(mfactl_t *ctl);

int mfactl_account_add(mfactl_t *ctl);
int mfactl_account_delete(mfactl_t *ctl);
int mfactl_account_disable(mfactl_t *ctl);
int mfactl_account_enable(mfactl_t *ctl);
int mfactl_account_password(mfactl_t *ctl);
int mfactl_account_show(mfactl_t *ctl);
int mfactl_account_list(mfactl_t *ctl);
int mfactl_account_import(mfactl_t *ctl);
int mfactl_account_find(mfactl_t *ctl);
int mfactl_account_role(mfactl_t *ctl);
int mfactl_account_edit(mfactl_t *ctl);

int mfactl_mfa_require(mfactl_t *ctl);
int mfactl_mfa_unrequire(mfactl_t *ctl);
int mfactl_mfa_reset(mfactl_t *ctl);
int mfactl_mfa_unlock(mfactl_t *ctl);
int mfactl_mfa_resend(mfactl_t *ctl);
int mfactl_mfa_extend(mfactl_t *ctl);
int mfactl_mfa_forecast(mfactl_t *ctl);

int mfactl_token_add(mfactl_t *ctl);
int mfactl_token_list(mfactl_t *ctl);
int mfactl_token_revoke(mfactl_t *ctl);

int mfactl_session_list(mfactl_t *ctl);
int mfactl_session_revoke(mfactl_t *ctl);

int mfactl_device_list(mfactl_t *ctl);
int mfactl_device_revoke(mfactl_t *ctl);

int mfactl_audit(mfactl_t *ctl);
int mfactl_mailer(mfactl_t *ctl);
int mfactl_doctor(mfactl_t *ctl);
/* All portals' accounts into the indexes as they stand; an exit status. */
int mfactl_reindex(mfactl_t *ctl);

#endif /* MFACTL_H */
