/*
 * The tables of page.h as strings.
 */

#include "core/page.h"

#define STRING(id, name)  name,

const char *const  mfa_page_names[MFA_PAGE_N] = { MFA_PAGES(STRING) };
const char *const  mfa_var_names[MFA_VAR_N] = { MFA_PAGE_NAMES(STRING) };
const char *const  mfa_error_names[MFA_ERR_N] = { "", MFA_PAGE_ERRORS(STRING) };
