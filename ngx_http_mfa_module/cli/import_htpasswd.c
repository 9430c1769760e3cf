/*
 * Accounts from an htpasswd file, see import.h: lines "login:hash", as nginx's
 * auth_basic_user_file reads them; what stands behind a second colon is a
 * comment.
 */

#include "cli/import.h"


static void
take(mfactl_imports_t *entries, mfa_str_t text, size_t line)
{
    mfa_str_t        rest;
    mfactl_import_t  *entry;

    entry = mfactl_imports_add(entries, line);

    if (!mfa_str_cut(text, ':', &entry->login, &rest)) {
        entry->refusal = "there is no colon in it";
        return;
    }

    mfa_str_cut(rest, ':', &entry->hash, &rest);
}


int
mfactl_import_htpasswd(mfactl_imports_t *entries, mfactl_file_t *file,
    mfa_buf_t *why)
{
    size_t     line;
    mfa_str_t  text, rest;

    (void) why;

    rest = (mfa_str_t) { file->data, file->len };

    for (line = 1; rest.len; line++) {
        mfa_str_cut(rest, '\n', &text, &rest);
        text.len -= text.len && text.data[text.len - 1] == '\r';

        if (text.len && text.data[0] != '#') {
            take(entries, text, line);
        }
    }

    return 0;
}
