/*
 * The templates of mails: read and compiled when the mailer starts, for each
 * portal that sends mail and each of its languages.  What is wrong with one ends
 * the program then, with file and line.
 */

#ifndef MFACTL_MAIL_TEMPLATE_H
#define MFACTL_MAIL_TEMPLATE_H

#include "cli/mfactl.h"
#include "core/mail_text.h"
#include "core/role.h"

typedef struct {
    mfa_html_t  subject;
    mfa_html_t  text;
    mfa_html_t  html;
} mfactl_mail_template_t;

/* Of one folder and language. */
typedef struct mfactl_mail_theme_s  mfactl_mail_theme_t;

struct mfactl_mail_theme_s {
    mfactl_mail_theme_t     *next;
    const char              *folder;
    mfa_str_t                locale;
    mfactl_mail_template_t   mails[MFA_MAIL_N];
    mfa_str_t                roles[MFA_ROLE_N];  /* as the console calls them */
};

/*
 * Reads what the portals that send mail need, into memory of the configuration.
 * 0, or -1 with "WHAT in FILE:LINE" appended to why.
 */
int mfactl_mail_template_read(mfactl_conf_t *conf,
    mfactl_mail_theme_t **themes, mfa_buf_t *why);

/* The theme of the portal number i for a mail. */
const mfactl_mail_theme_t *mfactl_mail_template_find(
    const mfactl_mail_theme_t *themes, const mfactl_conf_t *conf, size_t i,
    const mfa_mail_t *mail);

#endif /* MFACTL_MAIL_TEMPLATE_H */
