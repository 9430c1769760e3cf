/*
 * What of the entries of a file can be an account, see import.h.  Nothing is
 * asked of the store here.
 */

#include "cli/import.h"
#include "core/account.h"
#include "core/duration.h"
#include "core/flow.h"
#include "core/password.h"
#include "core/role.h"
#include "core/visible.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#define CRYPT_MARK  "{CRYPT}"


mfactl_import_t *
mfactl_imports_add(mfactl_imports_t *entries, size_t line)
{
    size_t           cap;
    mfactl_import_t  *entry, *grown;

    if (entries->n == entries->cap) {
        cap = entries->cap ? entries->cap * 2 : 256;
        grown = mfactl_arena_alloc(entries->arena,
                                   cap * sizeof(mfactl_import_t));

        if (entries->n) {
            memcpy(grown, entries->entries,
                   entries->n * sizeof(mfactl_import_t));
        }

        entries->entries = grown;
        entries->cap = cap;
    }

    entry = &entries->entries[entries->n++];
    memset(entry, 0, sizeof(mfactl_import_t));
    entry->line = line;
    entry->grace_sec = -1;

    return entry;
}


/* Traditional DES: thirteen characters, of which nothing says what they are. */
static int
is_des(mfa_str_t hash)
{
    size_t  i;

    for (i = 0; i < hash.len; i++) {
        uint8_t  c = hash.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9') || c == '.' || c == '/'))
        {
            return 0;
        }
    }

    return hash.len == 13;
}


/*
 * crypt(3) looks at the beginning of a hash alone: one that was cut off on its
 * way would be taken, and no password would ever match it.
 */
static int
cut_off(mfa_str_t hash)
{
    size_t     i;
    mfa_str_t  tail, rest;

    static const struct {
        const char  *id;
        size_t       tail;                  /* bytes behind the last "$" */
    } kinds[] = {
        { "$2", 53 }, { "$6$", 86 }, { "$5$", 43 }, { "$1$", 22 },
        { "$y$", 43 }, { "$gy$", 43 }, { "$7$", 43 },
    };

    rest = hash;

    do {
        mfa_str_cut(rest, '$', &tail, &rest);
    } while (rest.len);

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (mfa_str_begins(hash, kinds[i].id)) {
            return tail.len != kinds[i].tail
                   || hash.data[hash.len - 1] == '$';
        }
    }

    return 0;
}


/* Whether crypt(3) of this machine knows this kind of hash. */
static int
checkable(mfa_str_t hash)
{
    int   rc;
    char  setting[MFA_HASH_TEXT_MAX];

    memcpy(setting, hash.data, hash.len);
    setting[hash.len] = '\0';
    rc = crypt_checksalt(setting);

    /* Older kinds are hashed anew at the next login. */
    return rc == CRYPT_SALT_OK || rc == CRYPT_SALT_METHOD_LEGACY;
}


static const char *
hash_refusal(mfa_str_t hash)
{
    if (hash.len == 0) {
        return "there is no password hash";
    }

    if (mfa_str_begins(hash, "$argon2")) {
        return "argon2 hashes cannot be checked by crypt(3)";
    }

    if (mfa_str_begins(hash, "$apr1$")) {
        return "apr1 hashes (htpasswd -m) cannot be checked by crypt(3)";
    }

    if (hash.data[0] == '{') {
        return "hashes like {SHA} cannot be checked by crypt(3)";
    }

    if (hash.data[0] == '!' || hash.data[0] == '*') {
        return "the password is locked";
    }

    if (is_des(hash)) {
        return "DES hashes know eight bytes of a password and are not taken";
    }

    if (!mfa_password_format_check(hash)) {
        return "the password is no crypt(5) hash";
    }

    if (!checkable(hash)) {
        return "crypt(3) of this machine cannot check this kind of hash";
    }

    return cut_off(hash) ? "the password hash is cut off" : NULL;
}


static int
is_text(mfa_str_t s, size_t max)
{
    return s.len <= max && mfa_visible(s);
}


static const char *
profile_refusal(const mfactl_import_t *entry)
{
    if (entry->email.len && !mfa_email_check(entry->email)) {
        return "the e-mail address is none";
    }

    if (!is_text(entry->name, MFA_NAME_MAX)) {
        return "the name is no text of at most 128 bytes";
    }

    if (!is_text(entry->directory, MFA_DIRECTORY_MAX)) {
        return "the directory is no text of at most 128 bytes";
    }

    if (entry->role.len && mfa_role_find(entry->role) == MFA_ROLE_NONE) {
        return "there is no such role";
    }

    return NULL;
}


/* What the entry says goes before what holds for all. */
static const char *
requirement_refusal(mfactl_import_t *entry, const mfactl_import_rules_t *rules)
{
    entry->require = mfa_str_is(entry->require_mfa, "yes")
                     || (entry->require_mfa.len == 0 && rules->require);

    if (entry->require_mfa.len && !entry->require
        && !mfa_str_is(entry->require_mfa, "no"))
    {
        return "require_mfa is neither yes nor no";
    }

    if (entry->grace.len == 0) {
        entry->grace_sec = rules->grace_sec;

    } else if (!entry->require) {
        return "grace goes with require_mfa";

    } else if (mfa_duration_parse(entry->grace, &entry->grace_sec) != 0
               || entry->grace_sec > MFA_GRACE_MAX_SEC)
    {
        return "grace is no time between 0 and 365d";
    }

    return entry->require && entry->directory.len
           && !rules->portal->directory_mfa
           ? "a directory owns the account, and directory_mfa is off" : NULL;
}


static void
check(mfactl_imports_t *entries, mfactl_import_t *entry,
    const mfactl_import_rules_t *rules)
{
    mfa_buf_t    login;
    const char  *why;

    mfa_buf_init(&login, mfactl_arena_alloc(entries->arena, MFA_LOGIN_MAX),
                 MFA_LOGIN_MAX);

    if (mfa_login_canonical(entry->login, &login) != 0) {
        entry->refusal = "no login: 1 to 128 of letters, digits and . _ @ + -";
        return;
    }

    entry->login = mfa_buf_since(&login, 0);

    if (mfa_str_begins(entry->hash, CRYPT_MARK)) {
        entry->hash.data += sizeof(CRYPT_MARK) - 1;
        entry->hash.len -= sizeof(CRYPT_MARK) - 1;
    }

    entry->refusal = profile_refusal(entry);

    if (entry->refusal == NULL) {
        entry->refusal = requirement_refusal(entry, rules);
    }

    why = hash_refusal(entry->hash);

    if (why != NULL && rules->no_password) {
        entry->no_password = why;
        entry->hash.len = 0;

    } else if (entry->refusal == NULL) {
        entry->refusal = why;
    }
}


/* By login, then by line. */
static int
compare(const void *one, const void *two)
{
    int                    rc;
    size_t                 len;
    const mfactl_import_t  *a = *(mfactl_import_t *const *) one;
    const mfactl_import_t  *b = *(mfactl_import_t *const *) two;

    len = a->login.len < b->login.len ? a->login.len : b->login.len;
    rc = len ? memcmp(a->login.data, b->login.data, len) : 0;

    if (rc == 0 && a->login.len != b->login.len) {
        rc = a->login.len < b->login.len ? -1 : 1;
    }

    return rc != 0 ? rc : (a > b) - (a < b);
}


/* Of two that call themselves the same the first is taken, as with an account
   that is there already; the other is not "there already", but a mistake. */
static void
refuse_twins(mfactl_imports_t *entries)
{
    size_t            i, n;
    mfactl_import_t  **sorted;

    n = 0;
    sorted = mfactl_arena_alloc(entries->arena,
                                entries->n * sizeof(mfactl_import_t *) + 1);

    for (i = 0; i < entries->n; i++) {
        if (entries->entries[i].refusal == NULL) {
            sorted[n++] = &entries->entries[i];
        }
    }

    qsort(sorted, n, sizeof(mfactl_import_t *), compare);

    for (i = 1; i < n; i++) {
        if (mfa_str_eq(sorted[i]->login, sorted[i - 1]->login)) {
            sorted[i]->refusal = "the login is in the file before";
        }
    }
}


void
mfactl_import_check(mfactl_imports_t *entries,
    const mfactl_import_rules_t *rules)
{
    size_t  i;

    for (i = 0; i < entries->n; i++) {
        if (entries->entries[i].refusal == NULL) {
            check(entries, &entries->entries[i], rules);
        }
    }

    refuse_twins(entries);
}
