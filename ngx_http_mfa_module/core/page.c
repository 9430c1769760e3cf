/*
 * The tables of page.h as strings.
 */

#include "core/page.h"

#define STRING(id, name)  name,

const char *const  mfa_page_names[MFA_PAGE_N] = { MFA_PAGES(STRING) };
const char *const  mfa_var_names[MFA_VAR_N] = { MFA_PAGE_NAMES(STRING) };
const char *const  mfa_error_names[MFA_ERR_N] = { "", MFA_PAGE_ERRORS(STRING) };
const char *const  mfa_word_names[MFA_WORD_N] = { MFA_PAGE_WORDS(STRING) };


static int
same(char a, char b)
{
    return a == b || (a == '-' && b == '_');
}


int
mfa_word_find(const char *prefix, const char *name)
{
    int          i;
    const char  *p, *q;

    for (i = 0; i < MFA_WORD_N; i++) {
        p = mfa_word_names[i];

        for (q = prefix; *q && *p == *q; p++, q++) {
            /* void */
        }

        if (*q || *p++ != '-') {
            continue;
        }

        for (q = name; *q && same(*p, *q); p++, q++) {
            /* void */
        }

        if (*p == '\0' && *q == '\0') {
            return i;
        }
    }

    return -1;
}
