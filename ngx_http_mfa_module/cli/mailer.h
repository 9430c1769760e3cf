/*
 * mfactl mailer: what its parts share.
 */

#ifndef MFACTL_MAILER_H
#define MFACTL_MAILER_H

#include "cli/mail_template.h"
#include "cli/smtp.h"

/*
 * Sends the mail that take has handed out, of the portal number i.  Whatever
 * held its token is wiped.  why as in mfactl_smtp_send.
 */
mfa_sent_e mfactl_letter_send(mfactl_smtp_t *smtp,
    const mfactl_mail_theme_t *themes, const mfactl_conf_t *conf, size_t i,
    const mfa_flow_take_t *take, mfa_buf_t *why);

/* mfactl mailer --dead [--requeue ID|all]; an exit status. */
int mfactl_dead(mfactl_t *ctl);

#endif /* MFACTL_MAILER_H */
