/*
 * mfactl account import: accounts from a file of another program, one after the
 * other, through flow admin as "account add" makes them: each in a transaction
 * of its own, whole or not at all.  Accounts that are there already are left as
 * they are, so an import that was cut short is begun again and goes on.
 *
 * The readers are import_htpasswd.c, import_csv.c and import_authelia.c; what
 * can be an account is import_check.c's to say.
 */

#include "cli/import.h"
#include "cli/change.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/view.h"

#include <stdio.h>
#include <string.h>

#define FILE_MAX  (64 * 1024 * 1024)        /* bytes */

typedef enum {
    IMPORTED = 0,
    EXISTING,
    REFUSED,
    UNAVAILABLE,
    FATES
} fate_e;

typedef struct {
    mfactl_t           *ctl;
    mfactl_imports_t    entries;
    mfa_str_t           actor;
    int                 dry;
    size_t              count[FATES];
    mfactl_progress_t   progress;
} import_t;

static const struct {
    mfactl_option_e   option;
    int             (*read)(mfactl_imports_t *entries, mfactl_file_t *file,
                            mfa_buf_t *why);
} readers[] = {
    { MFACTL_HTPASSWD, mfactl_import_htpasswd },
    { MFACTL_AUTHELIA, mfactl_import_authelia },
    { MFACTL_CSV,      mfactl_import_csv },
};

#define READERS  (sizeof(readers) / sizeof(readers[0]))


/* What would become of it, as far as can be told without writing. */
static fate_e
look(import_t *import, const mfactl_import_t *entry)
{
    mfa_at_t        at;
    mfa_op_t        op;
    mfa_result_t    result;
    mfa_account_t   account;

    mfa_op_reset(&op);
    at = mfa_store_account_read(&op, import->ctl->portal, entry->login,
                                MFA_ACCOUNT_N);
    result = mfactl_drive_op(&import->ctl->drive, &op);

    switch (mfa_store_account_decode(&op, &result, at, entry->login,
                                     MFA_ACCOUNT_N, &account))
    {
    case MFA_YES:
        return EXISTING;
    case MFA_NO:
        return IMPORTED;
    default:
        return UNAVAILABLE;
    }
}


static fate_e
add(import_t *import, const mfactl_import_t *entry, int64_t *deadline)
{
    mfa_flow_admin_t  admin;

    mfa_flow_admin_init(&admin);
    admin.action = MFA_ADMIN_ADD;
    admin.login = entry->login;
    admin.actor = import->actor;
    admin.email = entry->email;
    admin.name = entry->name;
    admin.role = entry->role;
    admin.directory = entry->directory;
    admin.password = entry->hash;
    admin.disabled = entry->disabled;
    admin.require = entry->require;
    admin.grace_sec = entry->grace_sec;
    admin.reason = mfa_lit("import");
    admin.flow.env.portal = import->ctl->portal;
    admin.flow.env.random = mfactl_change_random;

    switch (mfactl_drive_run(&import->ctl->drive, &admin.flow)) {
    case MFA_OUTCOME_DONE:
        *deadline = admin.deadline;
        return IMPORTED;
    case MFA_OUTCOME_CONFLICT:
        return EXISTING;
    case MFA_OUTCOME_UNAVAILABLE:
        return UNAVAILABLE;
    default:
        return REFUSED;
    }
}


static const char *
fate_name(const import_t *import, fate_e fate)
{
    switch (fate) {
    case IMPORTED:
        return import->dry ? "would be imported" : "imported";
    case EXISTING:
        return "exists";
    case REFUSED:
        return "refused";
    default:
        return "unavailable";
    }
}


/* Why it is as it is; NULL when there is nothing to say. */
static const char *
remark(const mfactl_import_t *entry, fate_e fate)
{
    switch (fate) {
    case IMPORTED:
        return entry->no_password;
    case EXISTING:
        return "it is left as it is";
    case REFUSED:
        return entry->refusal != NULL ? entry->refusal : "refused by the rules";
    default:
        return "the store did not answer";
    }
}


/* One line: "line 7: alice: imported, deadline 2026-10-01T00:00:00Z". */
static void
print_row(import_t *import, const mfactl_import_t *entry, fate_e fate,
    json_t *row)
{
    const char  *login, *deadline;

    login = json_string_value(json_object_get(row, "login"));
    deadline = json_string_value(json_object_get(row, "deadline"));

    printf("line %zu: %s: %s", entry->line, login != NULL ? login : "-",
           fate_name(import, fate));

    if (fate == IMPORTED && entry->no_password != NULL) {
        printf(" without a password (%s)", entry->no_password);

    } else if (remark(entry, fate) != NULL) {
        printf(", %s", remark(entry, fate));
    }

    printf("%s%s\n", deadline != NULL ? ", deadline " : "",
           deadline != NULL ? deadline : "");
}


static void
report(import_t *import, const mfactl_import_t *entry, fate_e fate,
    int64_t deadline)
{
    json_t  *row;

    row = mfactl_print_need(json_object());
    json_object_set_new(row, "line", json_integer((json_int_t) entry->line));
    json_object_set_new(row, "login", mfactl_print_text(entry->login));
    json_object_set_new(row, "outcome", mfactl_print_text(
                        mfa_str_from(fate_name(import, fate))));
    json_object_set_new(row, "why", mfactl_print_text(
                        mfa_str_from(remark(entry, fate))));
    json_object_set_new(row, "password", json_boolean(fate == IMPORTED
                                                      && entry->hash.len));
    json_object_set_new(row, "deadline", mfactl_view_deadline(deadline));

    mfactl_progress_hide(&import->progress);

    if (import->ctl->json) {
        json_dumpf(row, stdout, JSON_COMPACT);
        putchar('\n');

    } else {
        print_row(import, entry, fate, row);
    }

    json_decref(row);
}


static void
print_summary(import_t *import)
{
    json_t  *doc;

    if (import->ctl->json) {
        doc = mfactl_print_need(json_object());
        json_object_set_new(doc, "portal",
                            mfactl_print_text(import->ctl->portal->name));
        json_object_set_new(doc, "dry_run", json_boolean(import->dry));
        json_object_set_new(doc, "entries",
                            json_integer((json_int_t) import->entries.n));
        json_object_set_new(doc, "imported",
            json_integer((json_int_t) import->count[IMPORTED]));
        json_object_set_new(doc, "existing",
            json_integer((json_int_t) import->count[EXISTING]));
        json_object_set_new(doc, "refused",
            json_integer((json_int_t) import->count[REFUSED]));
        json_dumpf(doc, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(doc);
        return;
    }

    printf("%zu of %zu %s, %zu there already, %zu refused\n",
           import->count[IMPORTED], import->entries.n,
           import->dry ? "would be imported" : "imported",
           import->count[EXISTING], import->count[REFUSED]);
}


static int
import_all(import_t *import)
{
    size_t           i;
    fate_e           fate;
    int64_t          deadline;
    mfactl_import_t  *entry;

    mfactl_progress_begin(&import->progress, import->entries.n);

    for (i = 0; i < import->entries.n && !import->count[UNAVAILABLE]; i++) {
        entry = &import->entries.entries[i];
        deadline = -1;

        fate = entry->refusal != NULL ? REFUSED
               : import->dry ? look(import, entry)
               : add(import, entry, &deadline);

        import->count[fate]++;
        report(import, entry, fate, deadline);
        mfactl_progress_step(&import->progress, i + 1);
        mfactl_drive_forget(&import->ctl->drive);
    }

    mfactl_progress_end(&import->progress);
    print_summary(import);

    if (import->count[UNAVAILABLE]) {
        mfactl_print_unavailable_note(import->ctl, "what is imported stays, the"
                                      " same command goes on with the rest");
        return MFACTL_UNAVAILABLE;
    }

    return import->count[REFUSED] ? MFACTL_REFUSED : MFACTL_DONE;
}


/* The one file that is given, and who reads it; -1, said. */
static int
find_reader(const mfactl_t *ctl)
{
    int     found, n;
    size_t  i;

    n = 0;
    found = -1;

    for (i = 0; i < READERS; i++) {
        if (mfactl_options_given(&ctl->options, readers[i].option)) {
            found = (int) i;
            n++;
        }
    }

    if (n != 1) {
        mfactl_print_error(ctl, MFACTL_USAGE, "account import needs one of"
                           " --htpasswd, --authelia, --csv");
        return -1;
    }

    return found;
}


static int
take_rules(const mfactl_t *ctl, mfactl_import_rules_t *rules)
{
    rules->portal = ctl->portal;
    rules->grace_sec = -1;
    rules->require = mfactl_options_given(&ctl->options, MFACTL_REQUIRE_MFA);
    rules->no_password = mfactl_options_given(&ctl->options,
                                              MFACTL_NO_PASSWORD);

    if (!rules->require && mfactl_options_given(&ctl->options, MFACTL_GRACE)) {
        mfactl_print_error(ctl, MFACTL_USAGE,
                           "--grace goes with --require-mfa");
        return -1;
    }

    return mfactl_change_grace(ctl, &rules->grace_sec);
}


int
mfactl_account_import(mfactl_t *ctl)
{
    int                     reader, status;
    uint8_t                 room[512];
    import_t                import;
    mfa_buf_t               why;
    const char             *path;
    mfactl_file_t           file;
    mfactl_import_rules_t   rules;

    reader = find_reader(ctl);

    if (reader < 0 || take_rules(ctl, &rules) != 0) {
        return MFACTL_USAGE;
    }

    memset(&import, 0, sizeof(import));
    import.ctl = ctl;
    import.entries.arena = &ctl->conf.arena;
    import.actor = mfactl_change_actor(ctl);
    import.dry = mfactl_options_given(&ctl->options, MFACTL_DRY_RUN);

    mfa_buf_init(&why, room, sizeof(room));
    path = ctl->options.value[readers[reader].option];

    if (mfactl_file_read(&file, path, FILE_MAX, &why) != 0) {
        return mfactl_print_error(ctl, MFACTL_USAGE, "%.*s", (int) why.len,
                                  (const char *) room);
    }

    if (readers[reader].read(&import.entries, &file, &why) == 0) {
        mfactl_import_check(&import.entries, &rules);
        status = import_all(&import);

    } else {
        status = mfactl_print_error(ctl, MFACTL_USAGE, "%s: %.*s", path,
                                    (int) why.len, (const char *) room);
    }

    mfactl_file_free(&file);

    return status;
}
