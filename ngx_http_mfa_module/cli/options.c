/*
 * The command line, see options.h.  To add an option: its enumerator there, its
 * row here, its bit in the rows of the commands that take it.
 *
 * No option carries a password or a key: arguments can be read by everybody on
 * the machine.
 */

#include "cli/options.h"

#include <string.h>

static const struct {
    const char  *name;
    int          takes_value;
} table[MFACTL_OPTIONS_N] = {
    [MFACTL_CONFIG]         = { "-c", 1 },
    [MFACTL_JSON]           = { "--json", 0 },
    [MFACTL_HELP]           = { "--help", 0 },
    [MFACTL_EMAIL]          = { "--email", 1 },
    [MFACTL_NAME]           = { "--name", 1 },
    [MFACTL_ROLE]           = { "--role", 1 },
    [MFACTL_DIRECTORY]      = { "--directory", 1 },
    [MFACTL_REQUIRE_MFA]    = { "--require-mfa", 0 },
    [MFACTL_GRACE]          = { "--grace", 1 },
    [MFACTL_REASON]         = { "--reason", 1 },
    [MFACTL_PASSWORD_STDIN] = { "--password-stdin", 0 },
    [MFACTL_HASH_STDIN]     = { "--password-hash-stdin", 0 },
    [MFACTL_NO_PASSWORD]    = { "--no-password", 0 },
    [MFACTL_INVITE]         = { "--invite", 0 },
    [MFACTL_EXPIRES]        = { "--expires", 1 },
    [MFACTL_REINDEX]        = { "--reindex", 0 },
    [MFACTL_AFTER]          = { "--after", 1 },
    [MFACTL_FILTER]         = { "--filter", 1 },
    [MFACTL_NUMBER]         = { "-n", 1 },
    [MFACTL_STDOUT]         = { "--stdout", 0 },
    [MFACTL_FOLLOW]         = { "--follow", 0 },
    [MFACTL_LOGIN]          = { "--login", 1 },
    [MFACTL_EVENT]          = { "--event", 1 },
    [MFACTL_RESULT]         = { "--result", 1 },
    [MFACTL_SINCE]          = { "--since", 1 },
    [MFACTL_AT]             = { "--at", 1 },
    [MFACTL_HTPASSWD]       = { "--htpasswd", 1 },
    [MFACTL_AUTHELIA]       = { "--authelia", 1 },
    [MFACTL_CSV]            = { "--csv", 1 },
    [MFACTL_DRY_RUN]        = { "--dry-run", 0 },
    [MFACTL_SMTP]           = { "--smtp", 1 },
    [MFACTL_ONCE]           = { "--once", 0 },
    [MFACTL_SMTP_USER]      = { "--smtp-user", 1 },
    [MFACTL_SMTP_PASSWORD]  = { "--smtp-password-file", 1 },
    [MFACTL_SMTP_CA]        = { "--smtp-ca", 1 },
    [MFACTL_HELO]           = { "--helo", 1 },
    [MFACTL_TIMEOUT]        = { "--timeout", 1 },
    [MFACTL_RETRY]          = { "--retry", 1 },
    [MFACTL_DEAD]           = { "--dead", 0 },
    [MFACTL_REQUEUE]        = { "--requeue", 1 },
};


static int
refuse(mfa_buf_t *why, const char *what, mfa_str_t arg)
{
    mfa_buf_cstr(why, what);
    mfa_buf_cstr(why, " ");
    mfa_buf_str(why, arg);

    return -1;
}


/* "--name=value" is cut; *value is NULL when there is no '='. */
static int
find(const char *arg, const char **value)
{
    int         i;
    mfa_str_t   name, rest;

    *value = NULL;

    if (mfa_str_begins(mfa_str_from(arg), "--")
        && mfa_str_cut(mfa_str_from(arg), '=', &name, &rest))
    {
        *value = arg + name.len + 1;

    } else {
        name = mfa_str_from(arg);
    }

    for (i = 0; i < MFACTL_OPTIONS_N; i++) {
        if (mfa_str_is(name, table[i].name)) {
            return i;
        }
    }

    return mfa_str_is(name, "-h") ? MFACTL_HELP : -1;
}


/* One option; the number of arguments it took, or -1. */
static int
option(mfactl_options_t *options, char **argv, int left, mfa_buf_t *why)
{
    int          i, took;
    const char  *value;

    took = 1;
    i = find(argv[0], &value);

    if (i < 0) {
        refuse(why, "unknown option", mfa_str_from(argv[0]));
        mfa_buf_cstr(why, " (a word that begins with \"-\" goes behind"
                          " \"--\")");
        return -1;
    }

    if (!table[i].takes_value && value != NULL) {
        return refuse(why, "no value goes with", mfa_str_from(table[i].name));
    }

    if (table[i].takes_value && value == NULL) {
        if (left < 2) {
            return refuse(why, "a value is missing behind",
                          mfa_str_from(argv[0]));
        }

        value = argv[1];
        took = 2;
    }

    if (options->given & mfactl_bit(i)) {
        return refuse(why, "given twice:", mfa_str_from(table[i].name));
    }

    options->given |= mfactl_bit(i);
    options->value[i] = value;

    return took;
}


int
mfactl_options_parse(mfactl_options_t *options, int argc, char **argv,
    mfa_buf_t *why)
{
    int  i, took, words_only;

    memset(options, 0, sizeof(mfactl_options_t));
    words_only = 0;

    for (i = 1; i < argc; i += took) {
        took = 1;

        if (!words_only && strcmp(argv[i], "--") == 0) {
            words_only = 1;

        } else if (!words_only && argv[i][0] == '-') {
            took = option(options, &argv[i], argc - i, why);

            if (took < 0) {
                return -1;
            }

        } else if (options->n_words == MFACTL_WORDS_MAX) {
            mfa_buf_cstr(why, "too many arguments");
            return -1;

        } else {
            options->words[options->n_words++] = argv[i];
        }
    }

    return 0;
}


int
mfactl_options_given(const mfactl_options_t *options, mfactl_option_e which)
{
    return (options->given & mfactl_bit(which)) != 0;
}


const char *
mfactl_options_name(mfactl_option_e which)
{
    return table[which].name;
}


mfa_str_t
mfactl_options_text(const mfactl_options_t *options, mfactl_option_e which)
{
    return mfa_str_from(options->value[which]);
}


const char *
mfactl_options_foreign(const mfactl_options_t *options, uint64_t allowed)
{
    int  i;

    for (i = 0; i < MFACTL_OPTIONS_N; i++) {
        if (options->given & ~allowed & mfactl_bit(i)) {
            return table[i].name;
        }
    }

    return NULL;
}
