/*
 * Accounts from the files of others: htpasswd, Authelia's users file, CSV.
 *
 * A reader turns a whole file into entries before anything is written; what is
 * wrong with one is noted in it and keeps no other from being taken.  Texts are
 * views into the file or the arena and are as they were written: whatever is
 * not checked yet is not to be printed as it is.
 */

#ifndef MFACTL_IMPORT_H
#define MFACTL_IMPORT_H

#include "cli/file.h"
#include "cli/mfactl.h"

typedef struct {
    size_t         line;                    /* where it stands, from 1 */
    mfa_str_t      login;
    mfa_str_t      email;
    mfa_str_t      name;
    mfa_str_t      role;
    mfa_str_t      directory;
    mfa_str_t      hash;                    /* empty: none */
    mfa_str_t      require_mfa;             /* "yes", "no"; empty: not said */
    mfa_str_t      grace;                   /* empty: not said */
    int            disabled;

    int            require;                 /* from here on: once checked */
    int64_t        grace_sec;               /* -1: the portal's */
    const char    *no_password;             /* why it is taken without one */
    const char    *refusal;                 /* why it is not taken */
} mfactl_import_t;

typedef struct {
    mfactl_arena_t  *arena;
    mfactl_import_t  *entries;
    size_t           n;
    size_t           cap;
} mfactl_imports_t;

/* What holds for all entries that do not say otherwise. */
typedef struct {
    const mfa_portal_t  *portal;
    int                  require;
    int64_t              grace_sec;         /* -1: the portal's */
    int                  no_password;       /* take it without a password rather
                                               than not at all */
} mfactl_import_rules_t;

/* One more entry, empty. */
mfactl_import_t *mfactl_imports_add(mfactl_imports_t *entries, size_t line);

/*
 * Readers.  0, or -1 with why when the file as a whole is none of its kind;
 * mfactl_import_csv changes the bytes of the file.
 */
int mfactl_import_htpasswd(mfactl_imports_t *entries, mfactl_file_t *file,
    mfa_buf_t *why);
int mfactl_import_csv(mfactl_imports_t *entries, mfactl_file_t *file,
    mfa_buf_t *why);
int mfactl_import_authelia(mfactl_imports_t *entries, mfactl_file_t *file,
    mfa_buf_t *why);

/* Looks at all entries: makes logins canonical, fills in what is to be checked,
   refuses what cannot be, also a login's second entry. */
void mfactl_import_check(mfactl_imports_t *entries,
    const mfactl_import_rules_t *rules);

#endif /* MFACTL_IMPORT_H */
