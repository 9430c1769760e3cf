/*
 * The command line: options anywhere, "--" ends them, the rest are words.
 * Which options a command takes is in its row of the table in mfactl.c.
 */

#ifndef MFACTL_OPTIONS_H
#define MFACTL_OPTIONS_H

#include "core/str.h"

#define MFACTL_WORDS_MAX  1024

typedef enum {
    MFACTL_CONFIG = 0,
    MFACTL_JSON,
    MFACTL_HELP,
    MFACTL_EMAIL,
    MFACTL_NAME,
    MFACTL_ROLE,
    MFACTL_DIRECTORY,
    MFACTL_REQUIRE_MFA,
    MFACTL_GRACE,
    MFACTL_REASON,
    MFACTL_PASSWORD_STDIN,
    MFACTL_HASH_STDIN,
    MFACTL_NO_PASSWORD,
    MFACTL_INVITE,
    MFACTL_EXPIRES,
    MFACTL_REINDEX,
    MFACTL_AFTER,
    MFACTL_FILTER,
    MFACTL_NUMBER,
    MFACTL_STDOUT,
    MFACTL_FOLLOW,
    MFACTL_LOGIN,
    MFACTL_EVENT,
    MFACTL_RESULT,
    MFACTL_SINCE,
    MFACTL_AT,
    MFACTL_HTPASSWD,
    MFACTL_AUTHELIA,
    MFACTL_CSV,
    MFACTL_DRY_RUN,
    MFACTL_SMTP,
    MFACTL_ONCE,
    MFACTL_SMTP_USER,
    MFACTL_SMTP_PASSWORD,
    MFACTL_SMTP_CA,
    MFACTL_HELO,
    MFACTL_TIMEOUT,
    MFACTL_RETRY,
    MFACTL_DEAD,
    MFACTL_REQUEUE,
    MFACTL_OPTIONS_N
} mfactl_option_e;

#define mfactl_bit(option)  (UINT64_C(1) << (option))

typedef struct {
    uint64_t     given;                     /* bits of mfactl_option_e */
    const char  *value[MFACTL_OPTIONS_N];   /* NULL: not given, or takes none */
    char        *words[MFACTL_WORDS_MAX];
    int          n_words;
} mfactl_options_t;

/*
 * Reads argv[1 .. argc).  0, or -1 with a sentence appended to why; given is
 * right up to the option that was wrong.
 */
int mfactl_options_parse(mfactl_options_t *options, int argc, char **argv,
    mfa_buf_t *why);

int mfactl_options_given(const mfactl_options_t *options,
    mfactl_option_e option);
/* "--email": for messages. */
const char *mfactl_options_name(mfactl_option_e option);
/* The value of an option, or the empty view. */
mfa_str_t mfactl_options_text(const mfactl_options_t *options,
    mfactl_option_e option);
/* The first option given that is not among allowed, or NULL. */
const char *mfactl_options_foreign(const mfactl_options_t *options,
    uint64_t allowed);

#endif /* MFACTL_OPTIONS_H */
