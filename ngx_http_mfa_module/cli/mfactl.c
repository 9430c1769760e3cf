/*
 * mfactl, the command line beside the module: START HERE.  The table below says
 * what each command is called and which words and options it takes; the
 * commands are in files of their own names.
 *
 * It changes accounts through core's flows, the same that the module runs, and
 * reads the same configuration file.  Passwords and keys pass through standard
 * input and files, never through arguments or output.
 */

#include "cli/mfactl.h"
#include "cli/print.h"

#include <stdio.h>
#include <string.h>

/* As many words as fit. */
#define MANY  MFACTL_WORDS_MAX

typedef struct {
    const char  *group;
    const char  *verb;                      /* NULL: the group is all */
    const char  *usage;
    int          min;                       /* words, without a portal */
    int          max;
    int          portal;                    /* the first word names one */
    uint64_t     options;                   /* beside -c, --json, --help */
    int        (*run)(mfactl_t *ctl);
} command_t;

#define ADD_OPTIONS                                                           \
    (mfactl_bit(MFACTL_EMAIL) | mfactl_bit(MFACTL_NAME)                       \
     | mfactl_bit(MFACTL_ROLE) | mfactl_bit(MFACTL_DIRECTORY)                 \
     | mfactl_bit(MFACTL_REQUIRE_MFA) | mfactl_bit(MFACTL_GRACE)              \
     | mfactl_bit(MFACTL_PASSWORD_STDIN) | mfactl_bit(MFACTL_HASH_STDIN)      \
     | mfactl_bit(MFACTL_NO_PASSWORD) | mfactl_bit(MFACTL_INVITE))

#define IMPORT_OPTIONS                                                        \
    (mfactl_bit(MFACTL_HTPASSWD) | mfactl_bit(MFACTL_AUTHELIA)                \
     | mfactl_bit(MFACTL_CSV) | mfactl_bit(MFACTL_DRY_RUN)                    \
     | mfactl_bit(MFACTL_REQUIRE_MFA) | mfactl_bit(MFACTL_GRACE)              \
     | mfactl_bit(MFACTL_NO_PASSWORD))

#define AUDIT_OPTIONS                                                         \
    (mfactl_bit(MFACTL_NUMBER) | mfactl_bit(MFACTL_FOLLOW)                    \
     | mfactl_bit(MFACTL_LOGIN) | mfactl_bit(MFACTL_EVENT)                    \
     | mfactl_bit(MFACTL_RESULT) | mfactl_bit(MFACTL_SINCE))

#define MAILER_OPTIONS                                                        \
    (mfactl_bit(MFACTL_SMTP) | mfactl_bit(MFACTL_ONCE)                        \
     | mfactl_bit(MFACTL_SMTP_USER) | mfactl_bit(MFACTL_SMTP_PASSWORD)        \
     | mfactl_bit(MFACTL_SMTP_CA) | mfactl_bit(MFACTL_HELO)                   \
     | mfactl_bit(MFACTL_TIMEOUT) | mfactl_bit(MFACTL_RETRY)                  \
     | mfactl_bit(MFACTL_DEAD) | mfactl_bit(MFACTL_REQUEUE))

static const command_t  commands[] = {
    { "keys", "new", "[--stdout]",
      0, 0, 0, mfactl_bit(MFACTL_STDOUT), mfactl_keys_new },
    { "keys", "list", "",
      0, 0, 0, 0, mfactl_keys_list },

    { "account", "add", "PORTAL LOGIN [--email E] [--name N] [--role R]"
      " [--directory D]\n                     [--require-mfa [--grace T]]"
      " (--password-stdin |\n                     --password-hash-stdin |"
      " --no-password |"
      "\n                     --invite)",
      1, 1, 1, ADD_OPTIONS, mfactl_account_add },
    { "account", "show", "PORTAL LOGIN",
      1, 1, 1, 0, mfactl_account_show },
    { "account", "list", "PORTAL [--filter required|unenrolled|locked|"
      "not-required]",
      0, 0, 1, mfactl_bit(MFACTL_FILTER), mfactl_account_list },
    { "account", "delete", "PORTAL LOGIN",
      1, 1, 1, 0, mfactl_account_delete },
    { "account", "disable", "PORTAL LOGIN",
      1, 1, 1, 0, mfactl_account_disable },
    { "account", "enable", "PORTAL LOGIN",
      1, 1, 1, 0, mfactl_account_enable },
    { "account", "find", "PORTAL [TEXT] [--filter F] [-n N] [--after CURSOR]",
      0, 1, 1, mfactl_bit(MFACTL_FILTER) | mfactl_bit(MFACTL_NUMBER)
      | mfactl_bit(MFACTL_AFTER), mfactl_account_find },
    { "account", "role", "PORTAL LOGIN (--role R | --role none)",
      1, 1, 1, mfactl_bit(MFACTL_ROLE), mfactl_account_role },
    { "account", "edit", "PORTAL LOGIN [--email E] [--name N]",
      1, 1, 1, mfactl_bit(MFACTL_EMAIL) | mfactl_bit(MFACTL_NAME),
      mfactl_account_edit },
    { "account", "password", "PORTAL LOGIN --password-stdin",
      1, 1, 1, mfactl_bit(MFACTL_PASSWORD_STDIN), mfactl_account_password },
    { "account", "import", "PORTAL (--htpasswd F | --authelia F | --csv F)"
      "\n                     [--require-mfa [--grace T]] [--no-password]"
      " [--dry-run]",
      0, 0, 1, IMPORT_OPTIONS, mfactl_account_import },

    { "mfa", "require", "PORTAL LOGIN... [--grace T]",
      1, MANY, 1, mfactl_bit(MFACTL_GRACE), mfactl_mfa_require },
    { "mfa", "unrequire", "PORTAL LOGIN...",
      1, MANY, 1, 0, mfactl_mfa_unrequire },
    { "mfa", "reset", "PORTAL LOGIN...",
      1, MANY, 1, 0, mfactl_mfa_reset },
    { "mfa", "unlock", "PORTAL LOGIN...",
      1, MANY, 1, 0, mfactl_mfa_unlock },
    { "mfa", "resend", "PORTAL LOGIN...",
      1, MANY, 1, 0, mfactl_mfa_resend },
    { "mfa", "extend", "PORTAL LOGIN --grace T --reason TEXT",
      1, 1, 1, mfactl_bit(MFACTL_GRACE) | mfactl_bit(MFACTL_REASON),
      mfactl_mfa_extend },
    { "mfa", "forecast", "PORTAL --at DATE|TIME",
      0, 0, 1, mfactl_bit(MFACTL_AT), mfactl_mfa_forecast },

    { "token", "add", "PORTAL LOGIN --name N --role R [--expires T]",
      1, 1, 1, mfactl_bit(MFACTL_NAME) | mfactl_bit(MFACTL_ROLE)
      | mfactl_bit(MFACTL_EXPIRES), mfactl_token_add },
    { "token", "list", "PORTAL",
      0, 0, 1, 0, mfactl_token_list },
    { "token", "revoke", "PORTAL ID",
      1, 1, 1, 0, mfactl_token_revoke },

    { "session", "list", "PORTAL LOGIN",
      1, 1, 1, 0, mfactl_session_list },
    { "session", "revoke", "PORTAL LOGIN [ID]",
      1, 2, 1, 0, mfactl_session_revoke },

    { "device", "list", "PORTAL LOGIN",
      1, 1, 1, 0, mfactl_device_list },
    { "device", "revoke", "PORTAL LOGIN [ID]",
      1, 2, 1, 0, mfactl_device_revoke },

    { "audit", NULL, "PORTAL [--login L] [--event E] [--result R] [--since DATE|TIME]"
      "\n        [-n N] [--follow]",
      0, 0, 1, AUDIT_OPTIONS, mfactl_audit },
    { "mailer", NULL, "--smtp URL [--once] [--smtp-user U"
      " --smtp-password-file F]\n        [--smtp-ca F] [--helo NAME]"
      " [--timeout T] [--retry T]\n  mailer --dead [--requeue ID|all]",
      0, 0, 0, MAILER_OPTIONS, mfactl_mailer },
    { "doctor", NULL, "[--reindex]",
      0, 0, 0, mfactl_bit(MFACTL_REINDEX), mfactl_doctor },
};

#define N_COMMANDS  (sizeof(commands) / sizeof(commands[0]))


static void
usage(FILE *out, const command_t *only)
{
    const command_t  *c;

    if (only == NULL) {
        fputs("mfactl [-c FILE] [--json] COMMAND\n", out);
    }

    for (c = commands; c < commands + N_COMMANDS; c++) {
        if (only == NULL || only == c) {
            fprintf(out, "  %s%s%s%s%s\n", c->group, c->verb ? " " : "",
                    c->verb ? c->verb : "", c->usage[0] ? " " : "", c->usage);
        }
    }

    if (only == NULL) {
        fputs("FILE is " MFACTL_CONF_FILE " unless said otherwise.\n"
              "Exit status: 0 done, 1 refused or not found, 2 usage or"
              " configuration,\n3 the store does not answer.\n", out);
    }
}


/* The row for the words given; *n is how many of them name it. */
static const command_t *
find(const mfactl_options_t *options, int *n)
{
    const command_t  *c;

    for (c = commands; c < commands + N_COMMANDS; c++) {
        *n = c->verb != NULL ? 2 : 1;

        if (options->n_words >= *n
            && strcmp(options->words[0], c->group) == 0
            && (c->verb == NULL || strcmp(options->words[1], c->verb) == 0))
        {
            return c;
        }
    }

    return NULL;
}


static int
check_words(mfactl_t *ctl, const command_t *command)
{
    int          n;
    uint64_t     always;
    const char  *foreign;

    always = mfactl_bit(MFACTL_CONFIG) | mfactl_bit(MFACTL_JSON)
             | mfactl_bit(MFACTL_HELP);
    foreign = mfactl_options_foreign(&ctl->options, command->options | always);

    if (foreign != NULL) {
        mfactl_print_error(ctl, MFACTL_USAGE, "%s does not go with %s%s%s",
                           foreign, command->group, command->verb ? " " : "",
                           command->verb ? command->verb : "");
        usage(stderr, command);
        return -1;
    }

    n = ctl->n_args - command->portal;

    if (n < command->min || n > command->max) {
        mfactl_print_error(ctl, MFACTL_USAGE, "too %s words",
                           n < command->min ? "few" : "many");
        usage(stderr, command);
        return -1;
    }

    return 0;
}


/* What the command needs; an exit status. */
static int
prepare(mfactl_t *ctl, const command_t *command)
{
    uint8_t      room[1024];
    mfa_buf_t    why;
    const char  *file;

    file = mfactl_options_given(&ctl->options, MFACTL_CONFIG)
           ? ctl->options.value[MFACTL_CONFIG] : MFACTL_CONF_FILE;

    mfa_buf_init(&why, room, sizeof(room));

    /* A key on standard output is made before there is a configuration. */
    if (!mfactl_options_given(&ctl->options, MFACTL_STDOUT)
        && mfactl_conf_read(&ctl->conf, file, &why) != 0)
    {
        return mfactl_print_error(ctl, MFACTL_USAGE, "%.*s", (int) why.len,
                                  (const char *) room);
    }

    mfactl_drive_init(&ctl->drive, &ctl->conf.endpoint);

    if (command->portal) {
        ctl->portal = mfactl_conf_portal(&ctl->conf, ctl->args[0]);

        if (ctl->portal == NULL) {
            return mfactl_print_error(ctl, MFACTL_REFUSED,
                                      "there is no portal \"%s\" in %s",
                                      ctl->args[0], file);
        }

        ctl->args++;
        ctl->n_args--;
    }

    return MFACTL_DONE;
}


static int
run(mfactl_t *ctl)
{
    int               status, n;
    const command_t  *command;

    command = find(&ctl->options, &n);

    if (command == NULL) {
        mfactl_print_error(ctl, MFACTL_USAGE, ctl->options.n_words
                           ? "there is no such command"
                           : "a command is missing");
        usage(stderr, NULL);
        return MFACTL_USAGE;
    }

    ctl->args = ctl->options.words + n;
    ctl->n_args = ctl->options.n_words - n;

    if (check_words(ctl, command) != 0) {
        return MFACTL_USAGE;
    }

    status = prepare(ctl, command);

    return status == MFACTL_DONE ? command->run(ctl) : status;
}


int
main(int argc, char **argv)
{
    int        status;
    uint8_t    room[512];
    mfa_buf_t  why;

    static mfactl_t  ctl;

    mfa_buf_init(&why, room, sizeof(room));

    if (mfactl_options_parse(&ctl.options, argc, argv, &why) != 0) {
        ctl.json = mfactl_options_given(&ctl.options, MFACTL_JSON);
        return mfactl_print_error(&ctl, MFACTL_USAGE, "%.*s", (int) why.len,
                                  (const char *) room);
    }

    ctl.json = mfactl_options_given(&ctl.options, MFACTL_JSON);

    if (mfactl_options_given(&ctl.options, MFACTL_HELP)) {
        usage(stdout, NULL);
        return MFACTL_DONE;
    }

    status = run(&ctl);

    mfactl_drive_close(&ctl.drive);
    mfactl_conf_free(&ctl.conf);

    /* What could not be printed was not said. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("mfactl: standard output cannot be written\n", stderr);
        status = status == MFACTL_DONE ? MFACTL_REFUSED : status;
    }

    return status;
}
